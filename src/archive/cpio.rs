//! cpio archives as streams: newc and crc of SVR4, and the old portable format
//! of POSIX ("odc"). Several may follow one another, with zeros between.

use super::{Damage, Entry};
use crate::compress::Unpacker;

/// The longest name that is read.
const MOST_NAME: u64 = 64 << 10;
/// The longest target of a symbolic link.
const MOST_TARGET: u64 = 64 << 10;

/// A kind of cpio archive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CpioKind {
    /// Magic 070701.
    #[default]
    Newc,
    /// Magic 070702: with a sum of each file.
    Crc,
    /// Magic 070707: octal digits.
    Odc,
    /// Binary, of either byte order; it is only read.
    Binary,
}

/// Reads the entries of one archive after another.
#[derive(Default)]
pub struct Cpio {
    /// Where the archive begins that is being read: alignment counts from there.
    start: u64,
    /// The kind of the entry read last.
    pub kind: CpioKind,
    /// Whether to go on behind a trailer.
    pub many: bool,
    begun: bool,
    inside: bool,
}

fn hex(field: &[u8]) -> Option<u32> {
    let mut value: u32 = 0;
    for &digit in field {
        value = value << 4 | char::from(digit).to_digit(16)?;
    }
    Some(value)
}

fn octal(field: &[u8]) -> Option<u64> {
    let mut value: u64 = 0;
    for &digit in field {
        value = value << 3 | u64::from(char::from(digit).to_digit(8)?);
    }
    Some(value)
}

/// What a header says: the entry, the length of its name, the sum of its data.
fn head(kind: CpioKind, head: &[u8]) -> Option<(Entry, u64, u32)> {
    let mut entry = Entry::default();
    match kind {
        CpioKind::Newc | CpioKind::Crc => {
            let mut fields = [0; 13];
            for (field, digits) in fields.iter_mut().zip(head.get(6..)?.as_chunks::<8>().0) {
                *field = hex(digits)?;
            }
            let [ino, mode, uid, gid, nlink, mtime, size, d0, d1, r0, r1, name, sum] = fields;
            (entry.mode, entry.uid, entry.gid, entry.nlink) = (mode, uid, gid, nlink);
            entry.mtime = i64::from(mtime);
            entry.stored = u64::from(size);
            entry.inode = (d0, d1, ino);
            entry.rdev = (r0, r1);
            Some((entry, u64::from(name), sum))
        }
        CpioKind::Odc => {
            let field = |from: usize, to: usize| octal(head.get(from..to)?);
            let small = |from: usize| field(from, from + 6).map(|n| n as u32);
            entry.inode = (0, small(6)?, small(12)?);
            (entry.mode, entry.uid, entry.gid) = (small(18)?, small(24)?, small(30)?);
            entry.nlink = small(36)?;
            let device = u64::from(small(42)?);
            entry.rdev = ((device >> 8) as u32, device as u32 & 0xff);
            entry.mtime = i64::try_from(field(48, 59)?).ok()?;
            entry.stored = field(65, 76)?;
            Some((entry, field(59, 65)?, 0))
        }
        CpioKind::Binary => {
            let swapped = head.first() == Some(&0x71);
            let mut words = [0u32; 13];
            for (word, bytes) in words.iter_mut().zip(head.as_chunks::<2>().0) {
                let value =
                    if swapped { u16::from_be_bytes(*bytes) } else { u16::from_le_bytes(*bytes) };
                *word = u32::from(value);
            }
            let [_, dev, ino, mode, uid, gid, nlink, rdev, t0, t1, name, s0, s1] = words;
            (entry.mode, entry.uid, entry.gid, entry.nlink) = (mode, uid, gid, nlink);
            entry.inode = (0, dev, ino);
            entry.rdev = (rdev >> 8, rdev & 0xff);
            entry.mtime = i64::from(t0 << 16 | t1);
            entry.stored = u64::from(s0 << 16 | s1);
            Some((entry, u64::from(name), 0))
        }
    }
}

impl Cpio {
    /// How much fills up behind a name or data.
    pub fn padding(&self, at: u64) -> u64 {
        let unit = match self.kind {
            CpioKind::Newc | CpioKind::Crc => 4,
            CpioKind::Odc => 1,
            CpioKind::Binary => 2,
        };
        at.wrapping_sub(self.start).wrapping_neg() % unit
    }

    /// The next entry and the sum that its data should have; its data,
    /// [`Entry::stored`] bytes (not the target of a symbolic link, which is in
    /// the entry), and [`padding`](Self::padding) behind them are next in the
    /// stream. Nothing at the end.
    pub fn next(&mut self, stream: &mut Unpacker) -> Result<Option<(Entry, u32)>, Damage> {
        loop {
            let offset = stream.position();
            let mut bytes = [0; 110];
            let (magic, rest) = bytes.split_at_mut(6);
            let got = stream.exact(magic)?;
            if got == 0 {
                return match (self.begun, self.inside) {
                    (false, _) => Err(Damage::Empty),
                    // An archive without its trailer.
                    (_, true) => Err(Damage::Short),
                    _ => Ok(None),
                };
            }
            if got < 6 {
                return Err(Damage::Short);
            }
            self.kind = match &*magic {
                b"070701" => CpioKind::Newc,
                b"070702" => CpioKind::Crc,
                b"070707" => CpioKind::Odc,
                [0xc7, 0x71, ..] | [0x71, 0xc7, ..] => CpioKind::Binary,
                _ => return Err(Damage::Header(offset)),
            };
            if !self.inside {
                self.start = offset;
                self.inside = true;
            }
            self.begun = true;
            let length = match self.kind {
                CpioKind::Newc | CpioKind::Crc => 110,
                CpioKind::Odc => 76,
                CpioKind::Binary => 26,
            };
            let rest = rest.get_mut(..length - 6).unwrap_or_default();
            if stream.exact(rest)? < rest.len() {
                return Err(Damage::Short);
            }
            let (mut entry, name, sum) = head(self.kind, bytes.get(..length).unwrap_or_default())
                .ok_or(Damage::Header(offset))?;
            entry.offset = offset;
            if !(1..=MOST_NAME).contains(&name) {
                return Err(Damage::Header(offset));
            }
            entry.name = self.text(stream, name)?;
            let end = entry.name.iter().position(|&b| b == 0).ok_or(Damage::Header(offset))?;
            entry.name.truncate(end);
            if entry.name == b"TRAILER!!!" {
                self.inside = false;
                if !self.many || !self.another(stream)? {
                    return Ok(None);
                }
                continue;
            }
            if entry.name.is_empty() {
                return Err(Damage::Header(offset));
            }
            if entry.is_symlink() {
                if entry.stored > MOST_TARGET {
                    return Err(Damage::Header(offset));
                }
                entry.link = self.text(stream, entry.stored)?;
                let end = entry.link.iter().position(|&b| b == 0).unwrap_or(entry.link.len());
                entry.link.truncate(end);
                entry.stored = 0;
            } else if entry.kind() != crate::cpio::REGULAR {
                // The kernel passes over data of others.
                let skipped = std::mem::take(&mut entry.stored);
                stream.skip(skipped)?;
                stream.skip(self.padding(stream.position()))?;
            }
            entry.size = entry.stored;
            return Ok(Some((entry, sum)));
        }
    }

    /// Bytes with what fills up behind them.
    fn text(&self, stream: &mut Unpacker, size: u64) -> Result<Vec<u8>, Damage> {
        let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
        if stream.exact(&mut bytes)? < bytes.len() {
            return Err(Damage::Short);
        }
        stream.skip(self.padding(stream.position()))?;
        Ok(bytes)
    }

    /// Passes over zeros; whether anything is behind them.
    fn another(&self, stream: &mut Unpacker) -> Result<bool, Damage> {
        loop {
            let some = stream.available()?;
            if some.is_empty() {
                return Ok(false);
            }
            let all = some.len();
            let zeros = some.iter().position(|&b| b != 0).unwrap_or(all);
            stream.consume(zeros);
            if zeros < all {
                return Ok(true);
            }
        }
    }
}

/// Puts the header of an entry behind `out`, with its name and what fills up;
/// `at` is the archive's length before. Its data, [`Entry::stored`] bytes, and
/// filling up to a multiple of four follow. False when the format cannot hold it.
pub fn put_cpio(entry: &Entry, kind: CpioKind, sum: u32, at: u64, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let name = entry.name.len() as u64 + 1;
    if kind == CpioKind::Odc {
        let device = entry.rdev.0 << 8 | entry.rdev.1;
        let dev = entry.inode.0 << 8 | entry.inode.1 & 0xff;
        let mut fits = entry.stored >> 33 == 0 && name >> 18 == 0;
        let mut put = |value: u64, digits: u32| {
            fits &= value >> (digits * 3) == 0;
            for digit in (0..digits).rev() {
                out.push(b'0' + (value >> (digit * 3) & 7) as u8);
            }
        };
        put(0o070_707, 6);
        for value in [
            dev & 0o777_777,
            entry.inode.2 & 0o777_777,
            entry.mode,
            entry.uid,
            entry.gid,
            entry.nlink,
            device & 0o777_777,
        ] {
            put(u64::from(value), 6);
        }
        put(u64::try_from(entry.mtime).unwrap_or(0), 11);
        put(name, 6);
        put(entry.stored, 11);
        out.extend_from_slice(&entry.name);
        out.push(0);
        return fits;
    }
    let Ok(stored) = u32::try_from(entry.stored) else { return false };
    out.extend_from_slice(if kind == CpioKind::Crc { b"070702" } else { b"070701" });
    for value in [
        entry.inode.2,
        entry.mode,
        entry.uid,
        entry.gid,
        entry.nlink,
        // Times end in 2106; before 1970 there are none.
        u32::try_from(entry.mtime.max(0)).unwrap_or(u32::MAX),
        stored,
        entry.inode.0,
        entry.inode.1,
        entry.rdev.0,
        entry.rdev.1,
        name as u32,
        sum,
    ] {
        out.extend_from_slice(&crate::cpio::hexadecimal(value));
    }
    out.extend_from_slice(&entry.name);
    out.push(0);
    let end = at + (out.len() - start) as u64;
    out.resize(out.len() + (end.wrapping_neg() % 4) as usize, 0);
    true
}

/// Puts the entry that ends an archive.
pub fn put_cpio_trailer(kind: CpioKind, at: u64, out: &mut Vec<u8>) {
    let trailer = Entry { name: b"TRAILER!!!".to_vec(), nlink: 1, ..Entry::default() };
    put_cpio(&trailer, kind, 0, at, out);
}

/// Everything that is read from archives, for fuzzing.
pub fn exercise(bytes: &[u8]) {
    let mut stream =
        Unpacker::new(crate::compress::Format::None, crate::compress::Input::of_slice(bytes));
    let mut cpio = Cpio { many: true, ..Cpio::default() };
    while let Ok(Some((entry, _))) = cpio.next(&mut stream) {
        for kind in [CpioKind::Newc, CpioKind::Odc] {
            put_cpio(&entry, kind, 0, 0, &mut Vec::new());
        }
        if stream.skip(entry.stored).is_err() {
            return;
        }
        let padding = cpio.padding(stream.position());
        if stream.skip(padding).is_err() {
            return;
        }
    }
}
