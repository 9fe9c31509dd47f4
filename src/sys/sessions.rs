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
    of_text(&std::fs::read("/var/run/utmp").unwrap_or_default())
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
}
