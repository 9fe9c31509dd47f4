//! zip archives: the central directory at the end, as PKWARE's APPNOTE 6.3 has
//! it, with its 64-bit fields.

use crate::cpio::{DIRECTORY, REGULAR, SYMLINK, TYPE_MASK};

use super::Entry;

/// The end of a central directory with the longest comment, and its 64-bit
/// locator.
pub const TAIL: u64 = 22 + 0xffff + 20;
/// Larger directories are refused.
pub const MOST_DIRECTORY: u64 = 1 << 30;

/// How a member is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// What it is; `stored` is its length in the archive, `offset` where its
    /// local header is. Without mode where the archive has none.
    pub entry: Entry,
    /// 0 stored, 8 deflated, ...
    pub method: u16,
    /// Bit 0: encrypted.
    pub flags: u16,
    /// CRC-32 of the content.
    pub sum: u32,
    /// Date and time of DOS, in local time.
    pub dos: (u16, u16),
    /// Whether `mtime` is known: UTC, from an extra field.
    pub timed: bool,
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?)))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Where the central directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directory {
    /// From there, so long, so many members.
    At(u64, u64, u64),
    /// The record that says it is there.
    Record64(u64),
}

/// Finds the directory by the last bytes of a file, which begin at `start`.
pub fn directory(tail: &[u8], start: u64) -> Option<Directory> {
    let last = tail.len().checked_sub(22)?;
    for at in (0..=last).rev() {
        if !tail.get(at..)?.starts_with(b"PK\x05\x06") {
            continue;
        }
        let comment = usize::from(u16_at(tail, at + 20)?);
        if at + 22 + comment > tail.len() {
            continue;
        }
        let (count, size, offset) =
            (u16_at(tail, at + 10)?, u32_at(tail, at + 12)?, u32_at(tail, at + 16)?);
        if (count == 0xffff || size == 0xffff_ffff || offset == 0xffff_ffff)
            && let Some(locator) = at.checked_sub(20)
            && tail.get(locator..)?.starts_with(b"PK\x06\x07")
        {
            return Some(Directory::Record64(u64_at(tail, locator + 8)?));
        }
        // Something may be in front of the archive (a program that unpacks it).
        let end = start + at as u64;
        let shift = end.checked_sub(size)?.checked_sub(offset)?;
        return Some(Directory::At(offset + shift, size, u64::from(count)));
    }
    None
}

/// Reads the 64-bit record of 56 bytes.
pub fn record64(bytes: &[u8]) -> Option<Directory> {
    if !bytes.starts_with(b"PK\x06\x06") {
        return None;
    }
    Some(Directory::At(u64_at(bytes, 48)?, u64_at(bytes, 40)?, u64_at(bytes, 32)?))
}

/// Reads the directory; nothing where it breaks off.
pub fn members(mut bytes: &[u8]) -> (Vec<Member>, bool) {
    let mut list = Vec::new();
    while bytes.starts_with(b"PK\x01\x02") {
        let Some((member, length)) = member(bytes) else { return (list, false) };
        list.push(member);
        bytes = bytes.get(length..).unwrap_or_default();
    }
    // A signature of the directory may follow.
    (list, bytes.is_empty() || bytes.starts_with(b"PK\x05\x05"))
}

fn member(bytes: &[u8]) -> Option<(Member, usize)> {
    let name = usize::from(u16_at(bytes, 28)?);
    let extra = usize::from(u16_at(bytes, 30)?);
    let comment = usize::from(u16_at(bytes, 32)?);
    let mut member = Member {
        flags: u16_at(bytes, 8)?,
        method: u16_at(bytes, 10)?,
        dos: (u16_at(bytes, 14)?, u16_at(bytes, 12)?),
        sum: u32_at(bytes, 16)? as u32,
        ..Member::default()
    };
    let entry = &mut member.entry;
    entry.name = bytes.get(46..46 + name)?.to_vec();
    (entry.stored, entry.size) = (u32_at(bytes, 20)?, u32_at(bytes, 24)?);
    entry.offset = u32_at(bytes, 42)?;
    entry.nlink = 1;
    let made_by = u16_at(bytes, 4)? >> 8;
    let attributes = u32_at(bytes, 38)?;
    // Unix and macOS have a mode in the upper half.
    if matches!(made_by, 3 | 19) {
        entry.mode = (attributes >> 16) as u32;
    }
    if !matches!(entry.mode & TYPE_MASK, DIRECTORY | REGULAR | SYMLINK) {
        let folder = entry.name.ends_with(b"/") || made_by == 0 && attributes & 0x10 != 0;
        entry.mode = if folder { DIRECTORY } else { REGULAR } | entry.mode & 0o7777;
    }
    if entry.name.ends_with(b"/") {
        entry.mode = entry.mode & 0o7777 | DIRECTORY;
    }
    let mut fields = bytes.get(46 + name..46 + name + extra)?;
    while let (Some(id), Some(size)) = (u16_at(fields, 0), u16_at(fields, 2)) {
        let end = 4 + usize::from(size);
        let Some(field) = fields.get(4..end) else { break };
        fields = fields.get(end..).unwrap_or_default();
        match id {
            1 => {
                let mut at = 0;
                for value in [&mut entry.size, &mut entry.stored, &mut entry.offset] {
                    if *value == 0xffff_ffff {
                        *value = u64_at(field, at)?;
                        at += 8;
                    }
                }
            }
            0x5455 if field.first().is_some_and(|flags| flags & 1 != 0) => {
                if let Some(time) = u32_at(field, 1) {
                    entry.mtime = i64::from(time as u32 as i32);
                    member.timed = true;
                }
            }
            _ => {}
        }
    }
    let length = 46 + name + extra + comment;
    if length > bytes.len() {
        return None;
    }
    Some((member, length))
}

/// How long a local header of 30 bytes is with what follows it: where the
/// content begins.
pub fn local(head: &[u8]) -> Option<u64> {
    if !head.starts_with(b"PK\x03\x04") {
        return None;
    }
    Some(30 + u64::from(u16_at(head, 26)?) + u64::from(u16_at(head, 28)?))
}

/// Year, month, day, hour, minute and second of DOS.
pub fn dos_time((date, time): (u16, u16)) -> [u32; 6] {
    let (date, time) = (u32::from(date), u32::from(time));
    [1980 + (date >> 9), date >> 5 & 15, date & 31, time >> 11, time >> 5 & 63, (time & 31) * 2]
}

/// Everything that is read from an archive, for fuzzing.
pub fn exercise(bytes: &[u8]) {
    let from = |at: u64| usize::try_from(at).ok().and_then(|at| bytes.get(at..)).unwrap_or(b"");
    let place = match directory(bytes, 0) {
        Some(Directory::Record64(at)) => record64(from(at)),
        place => place,
    };
    let Some(Directory::At(at, size, _)) = place else { return };
    let list = from(at);
    let size = usize::try_from(size).unwrap_or(usize::MAX).min(list.len());
    for member in members(list.get(..size).unwrap_or_default()).0 {
        let _ = (local(from(member.entry.offset)), dos_time(member.dos));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_archive() {
        let bytes = include_bytes!("../../fuzz/seeds/zip/zip");
        let Some(Directory::At(at, size, 3)) = directory(bytes, 0) else { panic!("no directory") };
        let (list, whole) = members(&bytes[at as usize..(at + size) as usize]);
        let names: Vec<&[u8]> = list.iter().map(|member| &*member.entry.name).collect();
        assert!(whole && names == [&b"a"[..], b"d/b", b"l"]);
        exercise(bytes);
    }

    #[test]
    fn the_end_is_found() {
        let mut bytes = b"....PK\x05\x06\0\0\0\0\x01\0\x01\0\x04\0\0\0\0\0\0\0\x03\0abc".to_vec();
        assert_eq!(directory(&bytes, 0), Some(Directory::At(0, 4, 1)));
        assert_eq!(directory(&bytes, 100), Some(Directory::At(100, 4, 1)));
        bytes.pop();
        assert_eq!(directory(&bytes, 0), None);
        assert_eq!(directory(b"PK\x05\x06", 0), None);
    }

    #[test]
    fn dates() {
        assert_eq!(dos_time((0x5d76, 0x29e0)), [2026, 11, 22, 5, 15, 0]);
    }

    #[test]
    fn no_byte_does_harm() {
        let mut bytes = b"PK\x01\x02".to_vec();
        bytes.resize(60, 1);
        for at in 0..bytes.len() {
            for value in [0, 1, 0x20, 0xff] {
                let mut wrong = bytes.clone();
                wrong[at] = value;
                exercise(&wrong);
                exercise(&wrong[..at]);
            }
        }
    }
}
