//! Lists of what archives hold.

use crate::applet::{Ctx, Error};
use crate::civil::Civil;
use crate::fsutil::users::Users;
use crate::{mode, sys};

use super::Entry;

/// How entries are shown.
#[derive(Default)]
pub struct Lister {
    /// Everything, in a line like that of `ls -l`.
    pub long: bool,
    /// Numbers of owners, not names.
    pub numeric: bool,
    /// Times with seconds.
    pub seconds: bool,
    /// In UTC.
    pub utc: bool,
    width: usize,
}

/// A name as GNU tar shows it: on one line, with no byte in it that could do
/// something to a terminal.
pub fn shown(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len() + 1);
    if name.iter().all(|b| matches!(b, b' '..=b'~') && *b != b'\\') {
        out.extend_from_slice(name);
        return out;
    }
    for chunk in name.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_ascii() || !c.is_control() {
                let mut bytes = [0; 4];
                for &byte in c.encode_utf8(&mut bytes).as_bytes() {
                    escape(byte, &mut out);
                }
            } else {
                let mut bytes = [0; 4];
                for &byte in c.encode_utf8(&mut bytes).as_bytes() {
                    octal(byte, &mut out);
                }
            }
        }
        for &byte in chunk.invalid() {
            octal(byte, &mut out);
        }
    }
    out
}

fn escape(byte: u8, out: &mut Vec<u8>) {
    let letter = match byte {
        b'\\' => b'\\',
        7 => b'a',
        8 => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        0x0b => b'v',
        0x0c => b'f',
        b'\r' => b'r',
        0..0x20 | 0x7f => return octal(byte, out),
        _ => return out.push(byte),
    };
    out.extend_from_slice(&[b'\\', letter]);
}

fn octal(byte: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(&[b'\\', b'0' + (byte >> 6), b'0' + (byte >> 3 & 7), b'0' + (byte & 7)]);
}

impl Lister {
    /// Puts one line.
    pub fn put(&mut self, cx: &mut Ctx, entry: &Entry, name: &[u8]) -> Result<(), Error> {
        let mut line = Vec::new();
        if self.long {
            self.details(entry, &mut line);
        }
        line.extend_from_slice(&shown(name));
        if self.long && entry.hard {
            line.extend_from_slice(b" link to ");
            line.extend_from_slice(&shown(&entry.link));
        } else if self.long && entry.is_symlink() {
            line.extend_from_slice(b" -> ");
            line.extend_from_slice(&shown(&entry.link));
        }
        line.push(b'\n');
        cx.put(&line)
    }

    fn details(&mut self, entry: &Entry, line: &mut Vec<u8>) {
        let mut mode = mode::text(entry.mode);
        if entry.hard {
            let [kind, ..] = &mut mode;
            *kind = b'h';
        }
        line.extend_from_slice(&mode);
        line.push(b' ');
        let start = line.len();
        for (nth, (name, id)) in
            [(&entry.user, entry.uid), (&entry.group, entry.gid)].into_iter().enumerate()
        {
            if nth > 0 {
                line.push(b'/');
            }
            match self.numeric || name.is_empty() {
                true => line.extend_from_slice(id.to_string().as_bytes()),
                false => line.extend_from_slice(&shown(name)),
            }
        }
        let size = if entry.is_device() && !entry.hard {
            format!("{},{}", entry.rdev.0, entry.rdev.1)
        } else {
            // A second name takes no room; neither do links and folders.
            let size = if entry.is_file() { entry.size } else { 0 };
            size.to_string()
        };
        let used = line.len() - start + 1 + size.len();
        self.width = self.width.max(19).max(used);
        line.resize(line.len() + 1 + self.width - used, b' ');
        line.extend_from_slice(size.as_bytes());
        line.push(b' ');
        let offset = if self.utc { 0 } else { sys::clock::zone_offset(entry.mtime) };
        let time = Civil::of(entry.mtime, offset).date_time();
        let end = if self.seconds { time.len() } else { time.len().saturating_sub(3) };
        line.extend_from_slice(time.as_bytes().get(..end).unwrap_or_default());
        line.push(b' ');
    }
}

/// A line as that of `ls -l`, without its end.
pub fn ls_line(entry: &Entry, users: &mut Users, numeric: bool) -> Vec<u8> {
    let mut line = Vec::new();
    let (user, group) = if numeric {
        (entry.uid.to_string().into_bytes(), entry.gid.to_string().into_bytes())
    } else {
        (users.name_of(entry.uid).to_vec(), users.group_of(entry.gid).to_vec())
    };
    line.extend_from_slice(&mode::text(entry.mode));
    line.extend_from_slice(format!("{:4} ", entry.nlink).as_bytes());
    for name in [user, group] {
        let start = line.len();
        line.extend_from_slice(&shown(&name));
        line.resize(line.len().max(start + 8), b' ');
        line.push(b' ');
    }
    let size = if entry.is_device() {
        format!("{:3}, {:3} ", entry.rdev.0, entry.rdev.1)
    } else {
        let size = if entry.is_symlink() { entry.link.len() as u64 } else { entry.size };
        format!("{size:8} ")
    };
    line.extend_from_slice(size.as_bytes());
    let date = Civil::of(entry.mtime, sys::clock::zone_offset(entry.mtime));
    let half_year = 365 * 86400 / 2;
    let now = i64::try_from(sys::clock::now().as_secs()).unwrap_or(0);
    let when = if (0..=half_year).contains(&(now - entry.mtime)) {
        format!("{:02}:{:02}", date.hour, date.minute)
    } else {
        format!(" {:4}", date.year)
    };
    let text = format!("{} {:2} {when} ", date.month_name(), date.day);
    line.extend_from_slice(text.as_bytes());
    line.extend_from_slice(&shown(&entry.name));
    if entry.is_symlink() {
        line.extend_from_slice(b" -> ");
        line.extend_from_slice(&shown(&entry.link));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_does_anything_to_a_terminal() {
        assert_eq!(shown(b"plain \xc3\xa9"), b"plain \xc3\xa9");
        assert_eq!(shown(b"a\x1b[2J\nb\\"), b"a\\033[2J\\nb\\\\");
        assert_eq!(shown(b"\xff\xc2\x9b"), b"\\377\\302\\233");
    }
}
