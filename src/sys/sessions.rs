//! Who is logged in: the records of utmp(5). The C library of the static build
//! keeps none, so the file is read here.

use std::mem::offset_of;

/// A record of somebody who is logged in.
pub struct Login {
    /// What kind of record it is: [`BOOT`], [`USER`], ...
    pub kind: u8,
    /// The name.
    pub user: Vec<u8>,
    /// The terminal without /dev/.
    pub line: Vec<u8>,
    /// From where; empty when it is here.
    pub host: Vec<u8>,
    /// Since when, in seconds after 1970.
    pub since: u32,
    /// The process that logged in.
    pub pid: i32,
}

/// The record as glibc and the files of all distributions have it.
#[repr(C)]
struct Record {
    kind: i16,
    pid: i32,
    line: [u8; 32],
    id: [u8; 4],
    user: [u8; 32],
    host: [u8; 256],
    exit: [i16; 2],
    session: i32,
    seconds: u32,
    micros: u32,
    address: [u32; 4],
    unused: [u8; 20],
}

/// A record that says that the run level changed, or that the system goes down.
pub const RUN_LEVEL: u8 = 1;
/// A record that says that the system came up.
pub const BOOT: u8 = 2;
/// A record of somebody who logged in.
pub const USER: u8 = 7;
/// A record of somebody who logged out.
pub const DEAD: u8 = 8;

/// Those of `/var/run/utmp`; none where there is no such file.
pub fn users() -> Vec<Login> {
    of_text(&crate::sys::file::read("/var/run/utmp").unwrap_or_default())
}

/// Those who are logged in by the file's bytes.
pub fn of_text(text: &[u8]) -> Vec<Login> {
    let mut list = records(text);
    list.retain(|login| login.kind == USER && !login.user.is_empty());
    list
}

/// All records of a file's bytes, of utmp or wtmp.
pub fn records(text: &[u8]) -> Vec<Login> {
    let mut list = Vec::new();
    for record in text.chunks_exact(size_of::<Record>()) {
        let field = |at: usize, length: usize| {
            let bytes = record.get(at..at + length).unwrap_or_default();
            bytes.split(|&b| b == 0).next().unwrap_or_default().to_vec()
        };
        let number = |at: usize| {
            let bytes = record.get(at..at + 4).and_then(|b| b.try_into().ok());
            bytes.map_or(0, u32::from_le_bytes)
        };
        let Some(&kind) = record.first() else { continue };
        list.push(Login {
            kind,
            user: field(offset_of!(Record, user), 32),
            line: field(offset_of!(Record, line), 32),
            host: field(offset_of!(Record, host), 256),
            since: number(offset_of!(Record, seconds)),
            pid: number(offset_of!(Record, pid)).cast_signed(),
        });
    }
    list
}

/// What [`note`] notes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Somebody may log in on the line.
    Waiting = 6,
    /// Somebody has.
    LoggedIn = 7,
}

/// Notes in `/var/run/utmp`, where it is there, what this process does on a
/// line: in its own record or the one of the line, otherwise at the end; and
/// logins in `/var/log/wtmp`.
pub fn note(event: Event, line: &[u8], user: &[u8], host: &[u8]) {
    use std::fs::OpenOptions;
    use std::io::Write;
    use std::os::unix::fs::FileExt;
    let pid = std::process::id().cast_signed();
    let id = line.strip_prefix(b"tty").unwrap_or(line);
    let id = id.get(id.len().saturating_sub(4)..).unwrap_or_default();
    let record = record(event, pid, id, line, user, host);
    if let Ok(file) = OpenOptions::new().read(true).write(true).open("/var/run/utmp") {
        let mut at = 0;
        let mut old = [0; size_of::<Record>()];
        while file.read_exact_at(&mut old, at).is_ok() {
            if is_of(&old, pid, id) {
                break;
            }
            at += size_of::<Record>() as u64;
        }
        let _ = file.write_all_at(&record, at);
    }
    if event == Event::LoggedIn
        && let Ok(mut file) = OpenOptions::new().append(true).open("/var/log/wtmp")
    {
        let _ = file.write_all(&record);
    }
}

/// Whether a record is this process's or this line's.
fn is_of(record: &[u8], pid: i32, id: &[u8]) -> bool {
    let field = |at: usize, length: usize| record.get(at..at + length).unwrap_or_default();
    let kind = record.first().copied().unwrap_or(0);
    let mut padded = [0; 4];
    for (to, from) in padded.iter_mut().zip(id) {
        *to = *from;
    }
    (5..=8).contains(&kind)
        && (field(offset_of!(Record, pid), 4) == pid.to_le_bytes()
            || field(offset_of!(Record, id), 4) == padded)
}

fn record(
    event: Event,
    pid: i32,
    id: &[u8],
    line: &[u8],
    user: &[u8],
    host: &[u8],
) -> [u8; size_of::<Record>()] {
    let mut bytes = [0; size_of::<Record>()];
    let now = super::clock::now();
    let seconds = u32::try_from(now.as_secs() & 0xffff_ffff).unwrap_or(0);
    let mut put = |at: usize, length: usize, value: &[u8]| {
        for (to, from) in bytes.iter_mut().skip(at).take(length).zip(value) {
            *to = *from;
        }
    };
    put(0, 1, &[event as u8]);
    put(offset_of!(Record, pid), 4, &pid.to_le_bytes());
    put(offset_of!(Record, session), 4, &pid.to_le_bytes());
    put(offset_of!(Record, line), 31, line);
    put(offset_of!(Record, id), 4, id);
    put(offset_of!(Record, user), 31, user);
    put(offset_of!(Record, host), 255, host);
    put(offset_of!(Record, seconds), 4, &seconds.to_le_bytes());
    put(offset_of!(Record, micros), 4, &now.subsec_micros().to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records() {
        assert_eq!(size_of::<Record>(), 384);
        let mut text = vec![0; 384 * 2 + 5];
        text[384] = 7;
        text[384 + 4] = 42;
        text[384 + 8..384 + 13].copy_from_slice(b"pts/3");
        text[384 + 44..384 + 46].copy_from_slice(b"me");
        let list = of_text(&text);
        assert_eq!(list.len(), 1);
        assert_eq!((list[0].user.as_slice(), list[0].line.as_slice()), (&b"me"[..], &b"pts/3"[..]));
        assert_eq!(list[0].pid, 42);
    }

    #[test]
    fn what_is_noted_can_be_read() {
        let bytes = record(Event::LoggedIn, 42, b"S0", b"ttyS0", b"me", b"there");
        let list = of_text(&bytes);
        assert_eq!(list.len(), 1);
        assert_eq!((list[0].user.as_slice(), list[0].line.as_slice()), (&b"me"[..], &b"ttyS0"[..]));
        assert_eq!((list[0].host.as_slice(), list[0].pid), (&b"there"[..], 42));
        assert!(is_of(&bytes, 42, b"x") && is_of(&bytes, 1, b"S0") && !is_of(&bytes, 1, b"S"));
        assert!(of_text(&record(Event::Waiting, 42, b"S0", b"ttyS0", b"LOGIN", b"")).is_empty());
    }
}
