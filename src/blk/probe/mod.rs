//! What is on a disk: filesystems, swap, members of volumes, partition tables.
//!
//! Pure: bytes come from a [`Source`], answers are [`Found`] and
//! [`tables::Table`]. The names and values are those of util-linux's libblkid
//! (2.38), which scripts and udev rules know. Everything here is an attacker's
//! data: reads are of fixed or capped length, lists have limits, nothing
//! recurses.
//!
//! Formats are rows of [`formats::FORMATS`]: where the magic is, what must
//! hold, which fields to tell.

mod foreign;
pub mod formats;
mod linux;
mod stacked;
pub mod sums;
pub mod tables;
pub mod text;

use text::Text;

/// Where the bytes are.
pub trait Source {
    /// How many there are.
    fn size(&self) -> u64;
    /// Fills `buffer` from `offset`; false when that is not possible.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> bool;
    /// So much will be read from `offset`, and had better be under way.
    fn expect(&self, _offset: u64, _length: u64) {}
}

impl Source for Vec<u8> {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> bool {
        let part = usize::try_from(offset).ok().and_then(|at| self.get(at..));
        match part.and_then(|part| part.get(..buffer.len())) {
            Some(part) => {
                buffer.copy_from_slice(part);
                true
            }
            None => false,
        }
    }
}

/// The start of a disk that is read at once: up to the magic of btrfs at
/// 64 KiB + 64 and the superblock around it.
const HEAD: u64 = 0x10000 + 4096;

/// The end of a disk that is read at once.
const TAIL: u64 = 16384;

/// No format wants more bytes at once.
const READ_MAX: usize = 128 * 1024;

/// A disk being looked at: reads are kept where many look.
pub struct Disk<'a> {
    source: &'a dyn Source,
    size: u64,
    /// Size of its sectors, 512 unless told otherwise.
    pub sector: u32,
    head: Option<Vec<u8>>,
    tail: Option<Vec<u8>>,
    other: Vec<u8>,
    /// A part of it could not be read.
    pub unreadable: bool,
}

impl<'a> Disk<'a> {
    /// Nothing read yet.
    pub fn new(source: &'a dyn Source) -> Disk<'a> {
        let size = source.size();
        Disk {
            source,
            size,
            sector: 512,
            head: None,
            tail: None,
            other: Vec::new(),
            unreadable: false,
        }
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Asks for all that most formats make us read, at once: each place by
    /// itself would be waited for.
    fn expect(&self) {
        self.source.expect(0, HEAD);
        // the second header of LUKS2
        for shift in 17..=22 {
            self.source.expect(1 << shift, 512);
        }
        // the labels of ZFS
        let whole = self.size & !0x3_FFFF;
        self.source.expect(0x4_4000, 512);
        for label in [0x8_0000, 0x4_0000] {
            self.source.expect(whole.saturating_sub(label) + 0x4000, 512);
        }
        // arrays
        for back in [131_584, 65536] {
            self.source.expect(self.size.saturating_sub(back), 512);
        }
        self.source.expect(self.size.saturating_sub(TAIL), TAIL);
    }

    fn load(&mut self, at: u64, length: u64) -> Vec<u8> {
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        if !bytes.is_empty() && !self.source.read_at(at, &mut bytes) {
            self.unreadable = true;
            bytes.clear();
        }
        bytes
    }

    /// `length` bytes from `at`, if they are there and can be read.
    #[inline(never)]
    pub fn get(&mut self, at: u64, length: usize) -> Option<&[u8]> {
        let end = at.checked_add(length as u64)?;
        if end > self.size || length > READ_MAX {
            return None;
        }
        if end <= HEAD {
            if self.head.is_none() {
                let mut head = self.load(0, self.size.min(HEAD));
                if head.is_empty() {
                    // A bad spot further on must not hide what is in front.
                    head = self.load(0, self.size.min(4096));
                }
                self.head = Some(head);
            }
            let at = usize::try_from(at).ok()?;
            return self.head.as_ref()?.get(at..at + length);
        }
        let tail = self.size.saturating_sub(TAIL);
        if at >= tail {
            if self.tail.is_none() {
                self.tail = Some(self.load(tail, self.size - tail));
            }
            let at = usize::try_from(at - tail).ok()?;
            return self.tail.as_ref()?.get(at..at + length);
        }
        self.other = self.load(at, length as u64);
        self.other.get(..length)
    }

    /// Whether these bytes are there.
    #[inline(never)]
    pub fn has(&mut self, at: u64, magic: &[u8]) -> bool {
        self.get(at, magic.len()) == Some(magic)
    }
}

/// A little-endian number of `N` bytes at `at`; 0 behind the end.
fn bytes<const N: usize>(from: &[u8], at: usize) -> [u8; N] {
    from.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
}

/// Little-endian 16 bits at `at`; 0 behind the end.
#[inline(never)]
pub fn le16(from: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes(from, at))
}

/// Little-endian 32 bits at `at`; 0 behind the end.
#[inline(never)]
pub fn le32(from: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes(from, at))
}

/// Little-endian 64 bits at `at`; 0 behind the end.
#[inline(never)]
pub fn le64(from: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes(from, at))
}

/// Big-endian 16 bits at `at`; 0 behind the end.
pub fn be16(from: &[u8], at: usize) -> u16 {
    le16(from, at).swap_bytes()
}

/// Big-endian 32 bits at `at`; 0 behind the end.
pub fn be32(from: &[u8], at: usize) -> u32 {
    le32(from, at).swap_bytes()
}

/// Big-endian 64 bits at `at`; 0 behind the end.
pub fn be64(from: &[u8], at: usize) -> u64 {
    le64(from, at).swap_bytes()
}

/// What kind of thing it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// Can be mounted.
    Filesystem,
    /// A member of a volume.
    Raid,
    /// Encrypted, or checked against hashes.
    Crypto,
    /// Swap, journals, caches.
    Other,
}

impl Usage {
    /// As blkid writes it.
    pub fn name(self) -> &'static str {
        match self {
            Usage::Filesystem => "filesystem",
            Usage::Raid => "raid",
            Usage::Crypto => "crypto",
            Usage::Other => "other",
        }
    }
}

/// A name and its value: `UUID`, `LABEL`, `VERSION`, ...
pub type Value = (&'static str, Vec<u8>);

/// What was found on a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The type: `ext4`, `crypto_LUKS`, ...
    pub kind: &'static str,
    /// What it is for.
    pub usage: Usage,
    /// Names and values in the order in which blkid prints them; type and
    /// usage are not among them.
    pub values: Vec<Value>,
}

impl Found {
    /// The value of this name.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        value(&self.values, name)
    }

    /// Adds a value, cut at its first NUL and white space at its end; an empty
    /// one is none.
    #[inline(never)]
    fn put(&mut self, name: &'static str, bytes: &[u8]) {
        let bytes = text::trimmed(bytes);
        if !bytes.is_empty() {
            self.values.push((name, bytes.to_vec()));
        }
    }

    fn label(&mut self, bytes: &[u8]) {
        self.put("LABEL", bytes);
    }

    /// A UUID of 16 bytes; all zeros are none.
    #[inline(never)]
    fn uuid(&mut self, name: &'static str, bytes: &[u8]) {
        if bytes.len() >= 16 && bytes.iter().any(|&b| b != 0) {
            self.put(name, &text::uuid(bytes));
        }
    }

    #[inline(never)]
    fn number(&mut self, name: &'static str, number: u64) {
        let mut digits = Text::default();
        digits.decimal(number);
        self.put(name, &digits.0);
    }

    fn block_size(&mut self, size: u32) {
        self.number("BLOCK_SIZE", u64::from(size));
    }

    /// `MAJOR.MINOR`, the minor with at least `width` digits.
    #[inline(never)]
    fn version(&mut self, major: u32, minor: u32, width: usize) {
        let mut digits = Text::default();
        digits.decimal(u64::from(major));
        digits.0.push(b'.');
        let mut low = Text::default();
        low.decimal(u64::from(minor));
        for _ in low.0.len()..width {
            digits.0.push(b'0');
        }
        digits.0.extend_from_slice(&low.0);
        self.put("VERSION", &digits.0);
    }
}

/// The value of this name in a list.
#[inline(never)]
pub fn value<'a>(values: &'a [Value], name: &str) -> Option<&'a [u8]> {
    values.iter().find(|(n, _)| *n == name).map(|(_, v)| v.as_slice())
}

/// What there is besides a partition table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Nothing that is known.
    Nothing,
    /// This.
    One(Found),
    /// Things that exclude each other.
    Ambivalent(Vec<Found>),
}

/// Looks for everything but partition tables. `wanted` says which types count.
pub fn content(disk: &mut Disk, wanted: &dyn Fn(&'static str, Usage) -> bool) -> Content {
    let mut list: Vec<Found> = Vec::new();
    let mut exclusive = false;
    let tiny = disk.size <= 1440 * 1024;
    if disk.size <= 1024 {
        return Content::Nothing;
    }
    if !tiny {
        disk.expect();
    }
    for format in formats::FORMATS {
        if tiny && format.usage == Usage::Raid {
            continue;
        }
        let Some(found) = formats::look(disk, format) else { continue };
        if !wanted(found.kind, format.usage) {
            continue;
        }
        list.push(found);
        if tiny || matches!(format.usage, Usage::Raid | Usage::Crypto) {
            break; // what is inside does not count
        }
        exclusive |= !format.tolerant;
    }
    if list.len() > 1 && exclusive {
        return Content::Ambivalent(list);
    }
    match list.into_iter().next() {
        None => Content::Nothing,
        Some(found) => Content::One(found),
    }
}

impl Content {
    /// The types of things that exclude each other, for a message; empty when
    /// all is clear.
    pub fn ambivalent(&self) -> String {
        let Content::Ambivalent(list) = self else { return String::new() };
        let mut text = String::new();
        for found in list {
            if !text.is_empty() {
                text.push_str(", ");
            }
            text.push_str(found.kind);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(bytes: &Vec<u8>) -> Content {
        content(&mut Disk::new(bytes), &|_, _| true)
    }

    fn kind(bytes: &Vec<u8>) -> &'static str {
        match look(bytes) {
            Content::One(found) => found.kind,
            _ => "",
        }
    }

    /// An image with a piece of text somewhere.
    fn image(size: usize, pieces: &[(usize, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0; size];
        for (at, piece) in pieces {
            bytes[*at..*at + piece.len()].copy_from_slice(piece);
        }
        bytes
    }

    #[test]
    fn magics_alone() {
        assert_eq!(kind(&image(8192, &[(0, b"LUKS\xba\xbe\0\x01")])), "crypto_LUKS");
        assert_eq!(kind(&image(8192, &[(0, b"LUKS\xba\xbe\0\x09")])), "");
        assert_eq!(kind(&image(8192, &[(1080, b"\x53\xef")])), "ext2");
        assert_eq!(kind(&image(8192, &[(1080, b"\x53\xef"), (1116, b"\x04")])), "ext3");
        assert_eq!(kind(&image(8192, &[(1080, b"\x53\xef"), (1120, b"\x40")])), "ext4");
        assert_eq!(kind(&image(8192, &[(1080, b"\x53\xef"), (1120, b"\x08")])), "jbd");
        assert_eq!(kind(&image(8192, &[(4086, b"SWAPSPACE2")])), "");
        assert_eq!(kind(&image(8192, &[(4086, b"SWAP-SPACE")])), "swap");
        assert_eq!(kind(&image(8192, &[(0, b"hsqs"), (28, b"\x04")])), "squashfs");
        assert_eq!(kind(&image(8192, &[(0, b"hsqs"), (28, b"\x03")])), "squashfs3");
        assert_eq!(kind(&image(512, &[(0, b"hsqs"), (28, b"\x04")])), "");
    }

    #[test]
    fn values_of_a_superblock() {
        let bytes =
            image(8192, &[(1080, b"\x53\xef"), (1116, b"\x04"), (1144, b"root"), (1128, &[7; 16])]);
        let Content::One(found) = look(&bytes) else { panic!("nothing found") };
        assert_eq!(found.get("LABEL"), Some(&b"root"[..]));
        assert_eq!(found.get("UUID"), Some(&b"07070707-0707-0707-0707-070707070707"[..]));
        assert_eq!(found.get("BLOCK_SIZE"), Some(&b"1024"[..]));
        assert_eq!(found.get("SEC_TYPE"), Some(&b"ext2"[..]));
    }

    #[test]
    fn what_cannot_be_read() {
        struct Broken;
        impl Source for Broken {
            fn size(&self) -> u64 {
                1 << 30
            }
            fn read_at(&self, _: u64, _: &mut [u8]) -> bool {
                false
            }
        }
        let mut disk = Disk::new(&Broken);
        assert_eq!(content(&mut disk, &|_, _| true), Content::Nothing);
        assert!(disk.unreadable);
        assert!(tables::table(&mut disk).is_none());
    }

    #[test]
    fn every_format_stands_short_disks() {
        for format in formats::FORMATS {
            for &(at, offset, magic) in format.magics {
                let at = usize::try_from(at + offset).unwrap();
                for more in [0, 1, 64, 512, 4096] {
                    let bytes = image(at + magic.len() + more, &[(at, magic)]);
                    formats::look(&mut Disk::new(&bytes), format);
                    let mut full = bytes.clone();
                    full[at + magic.len()..].fill(0xff);
                    formats::look(&mut Disk::new(&full), format);
                }
            }
        }
    }

    #[test]
    fn smaller_than_the_format() {
        let zfs = formats::FORMATS.iter().find(|format| format.kind == "zfs_member").unwrap();
        for size in [0, 2048, 256 * 1024, 600 * 1024] {
            assert_eq!(formats::look(&mut Disk::new(&vec![0; size]), zfs), None);
        }
    }

    #[test]
    fn random_superblocks() {
        // xorshift: the same disks every time
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        let mut next = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        for round in 0..300 {
            let mut bytes = vec![0u8; if round % 3 == 0 { 96 * 1024 } else { 40 * 1024 }];
            for format in formats::FORMATS.iter().filter(|format| !format.magics.is_empty()) {
                let which = next() as usize % format.magics.len();
                let (at, offset, magic) = format.magics[which];
                let start = usize::try_from(at).unwrap();
                let place = start + usize::try_from(offset).unwrap();
                if place + magic.len() > bytes.len() {
                    continue;
                }
                for _ in 0..24 {
                    let at = start + next() as usize % 512;
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte = [next() as u8, 0, 1, 0xff][next() as usize % 4];
                    }
                }
                bytes[place..place + magic.len()].copy_from_slice(magic);
                formats::look(&mut Disk::new(&bytes), format);
            }
            bytes[510..512].copy_from_slice(b"\x55\xaa");
            tables::table(&mut Disk::new(&bytes));
            look(&bytes);
        }
    }

    #[test]
    fn chains_that_go_in_circles() {
        let mut bytes = image(16384, &[(510, b"\x55\xaa"), (512 + 510, b"\x55\xaa")]);
        // An extended partition at sector 1, whose next link is itself.
        bytes[450] = 5;
        bytes[454] = 1;
        bytes[458] = 20;
        bytes[512 + 450] = 0x83;
        bytes[512 + 454] = 1;
        bytes[512 + 458] = 1;
        bytes[512 + 466] = 5;
        bytes[512 + 466 + 4] = 5;
        bytes[512 + 470] = 1;
        bytes[512 + 474] = 4;
        let table = tables::table(&mut Disk::new(&bytes)).unwrap();
        assert_eq!(table.kind, "dos");
        assert!(table.partitions.len() <= 257);
    }
}
