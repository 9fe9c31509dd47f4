//! The archive that the kernel unpacks into the initramfs: cpio, new ASCII
//! format ("newc", magic 070701; 070702 is the same with a checksum).
//!
//! Linux `Documentation/driver-api/early-userspace/buffer-format.rst`,
//! cpio(5). The writer makes the same bytes of the same input: it takes every
//! number from the caller. The reader takes its bytes as hostile: each field is
//! checked, nothing is allocated from a length, names come out as they are
//! (they may be absolute or hold `..`: judging them is the caller's).

use std::collections::BTreeMap;
use std::fmt::{self, Display};

/// The part of a mode that says what kind of file it is.
pub const TYPE_MASK: u32 = 0o170_000;
/// Kind: socket.
pub const SOCKET: u32 = 0o140_000;
/// Kind: symbolic link; its target is the data.
pub const SYMLINK: u32 = 0o120_000;
/// Kind: regular file.
pub const REGULAR: u32 = 0o100_000;
/// Kind: block device.
pub const BLOCK: u32 = 0o060_000;
/// Kind: directory.
pub const DIRECTORY: u32 = 0o040_000;
/// Kind: character device.
pub const CHARACTER: u32 = 0o020_000;
/// Kind: named pipe.
pub const FIFO: u32 = 0o010_000;

/// The longest name, with its NUL, and the longest symbolic link's target: the
/// kernel skips an entry whose name is longer (init/initramfs.c).
pub const PATH_MAX: usize = 4096;

/// The name of the entry that ends an archive.
const TRAILER: &[u8] = b"TRAILER!!!";
/// Six bytes of magic and thirteen fields of eight hexadecimal digits.
const HEADER_SIZE: usize = 6 + 13 * 8;
/// Whole archives are filled up to this, so that another can be put behind.
const BLOCK_SIZE: usize = 512;

/// What an entry says of its file, apart from name and data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Inode number: with `dev`, equal for hard links to one file.
    pub ino: u32,
    /// Kind and permissions.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// How many names the file has.
    pub nlink: u32,
    /// Time of modification, seconds since 1970.
    pub mtime: u32,
    /// The device it was on: major and minor number.
    pub dev: (u32, u32),
    /// The device that it is, for device nodes: major and minor number.
    pub rdev: (u32, u32),
}

impl Header {
    /// The part of the mode that is the kind of file.
    pub fn kind(&self) -> u32 {
        self.mode & TYPE_MASK
    }
}

/// Why an entry cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// The name is empty, holds a NUL, is the trailer's, or is too long.
    Name,
    /// The target of a symbolic link is empty or too long.
    Target,
    /// The format's sizes end at 4 GiB.
    Size,
}

impl Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            WriteError::Name => "the name cannot be stored in a cpio archive",
            WriteError::Target => "the target of the symbolic link is empty or too long",
            WriteError::Size => "files of 4 GiB or more cannot be stored in a cpio archive",
        })
    }
}

/// Writes an archive into memory.
#[derive(Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// An archive without entries.
    pub fn new() -> Writer {
        Writer::default()
    }

    /// Adds an entry.
    pub fn entry(&mut self, header: &Header, name: &[u8], data: &[u8]) -> Result<(), WriteError> {
        let start = self.begin(header, name)?;
        self.body().extend_from_slice(data);
        self.end(start)
    }

    /// Begins an entry whose data the caller then appends to
    /// [`body`](Self::body); [`end`](Self::end) takes what this returns.
    pub fn begin(&mut self, header: &Header, name: &[u8]) -> Result<usize, WriteError> {
        check_name(name)?;
        Ok(self.head(header, name))
    }

    fn head(&mut self, header: &Header, name: &[u8]) -> usize {
        let start = self.bytes.len();
        put_head(header, name, 0, 0, &mut self.bytes); // the size: see `end`
        self.align(4);
        start
    }

    /// Where the data of the entry begun goes: only ever append to it.
    pub fn body(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Ends the entry that `start` is the beginning of.
    pub fn end(&mut self, start: usize) -> Result<(), WriteError> {
        let head = self.bytes.get(start..).unwrap_or_default();
        let field = |n: usize| head.get(6 + n * 8..).and_then(|f| f.first_chunk::<8>());
        let name = field(11).and_then(number).unwrap_or(0) as usize;
        let kind = field(1).and_then(number).unwrap_or(0) & TYPE_MASK;
        let size = head.len().saturating_sub(aligned(HEADER_SIZE + name, 4));
        if kind == SYMLINK && (size == 0 || size >= PATH_MAX) {
            return Err(WriteError::Target);
        }
        let size = u32::try_from(size).map_err(|_| WriteError::Size)?;
        let at = start + 6 + 6 * 8;
        if let Some(field) = self.bytes.get_mut(at..at + 8) {
            field.copy_from_slice(&hexadecimal(size));
        }
        self.align(4);
        Ok(())
    }

    /// Bytes so far.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Ends the archive.
    pub fn finish(mut self) -> Vec<u8> {
        self.head(&Header { nlink: 1, ..Header::default() }, TRAILER);
        self.align(BLOCK_SIZE);
        self.bytes
    }

    fn align(&mut self, to: usize) {
        self.bytes.resize(aligned(self.bytes.len(), to), 0);
    }
}

/// Whether an entry can have this name.
fn check_name(name: &[u8]) -> Result<(), WriteError> {
    let usable = !name.is_empty() && name.len() < PATH_MAX && !name.contains(&0);
    if !usable || name == TRAILER { Err(WriteError::Name) } else { Ok(()) }
}

/// Puts what comes before the data of an entry: `size` bytes of them follow,
/// with zeros up to a multiple of four. With `align`, a power of two, the data
/// begin at a multiple of it, where that can be: zeros behind the name move
/// them, as `usr/gen_init_cpio -a` does it. `at` is where the entry begins.
pub fn put_entry(
    header: &Header,
    name: &[u8],
    size: u64,
    align: u64,
    at: u64,
    out: &mut Vec<u8>,
) -> Result<(), WriteError> {
    check_name(name)?;
    if header.kind() == SYMLINK && (size == 0 || size >= PATH_MAX as u64) {
        return Err(WriteError::Target);
    }
    let size = u32::try_from(size).map_err(|_| WriteError::Size)?;
    let length = (HEADER_SIZE + name.len() + 1) as u64;
    let mut fill = 0;
    if u64::from(size) > align && align > 4 {
        fill = (at + length).wrapping_neg() & (align - 1);
    }
    if name.len() as u64 + 1 + fill > PATH_MAX as u64 {
        fill = 0;
    }
    let start = out.len();
    put_head(header, name, fill as usize, size, out);
    out.resize(start + aligned(out.len() - start, 4), 0);
    Ok(())
}

/// Puts the entry that ends an archive.
pub fn put_trailer(out: &mut Vec<u8>) {
    put_head(&Header { nlink: 1, ..Header::default() }, TRAILER, 0, 0, out);
}

/// Puts a header and the name, with `fill` zeros more than it needs.
fn put_head(header: &Header, name: &[u8], fill: usize, size: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(b"070701");
    // names are shorter than PATH_MAX
    let length = u32::try_from(name.len() + 1 + fill).unwrap_or(u32::MAX);
    let fields = [
        header.ino,
        header.mode,
        header.uid,
        header.gid,
        header.nlink,
        header.mtime,
        size,
        header.dev.0,
        header.dev.1,
        header.rdev.0,
        header.rdev.1,
        length,
        0, // the checksum of the other variant
    ];
    for field in fields {
        out.extend_from_slice(&hexadecimal(field));
    }
    out.extend_from_slice(name);
    out.resize(out.len() + 1 + fill, 0);
}

/// `n` rounded up to a multiple of `to`.
fn aligned(n: usize, to: usize) -> usize {
    n.div_ceil(to) * to
}

/// Eight digits, as they are in a header.
pub fn hexadecimal(n: u32) -> [u8; 8] {
    let mut digits = [0; 8];
    for (digit, shift) in digits.iter_mut().zip((0..8).rev()) {
        let nibble = (n >> (shift * 4) & 15) as u8;
        *digit = if nibble < 10 { b'0' + nibble } else { b'A' - 10 + nibble };
    }
    digits
}

fn number(digits: &[u8; 8]) -> Option<u32> {
    digits.iter().try_fold(0u32, |n, &b| Some(n << 4 | char::from(b).to_digit(16)?))
}

/// One entry of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// What it says of the file.
    pub header: Header,
    /// The name as it is in the archive, without its NUL.
    pub name: &'a [u8],
    /// The content of a regular file, the target of a symbolic link. Of
    /// several names of one file only one may have it: see [`Links`].
    pub data: &'a [u8],
    /// Where the entry begins in the bytes.
    pub offset: usize,
}

/// Why bytes are no archive, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// The beginning of the entry at fault.
    pub offset: usize,
    /// What is wrong with it.
    pub cause: Cause,
}

/// See [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The bytes end inside an entry.
    Truncated,
    /// The bytes end without a trailer.
    NoTrailer,
    /// No magic number of a cpio archive.
    Magic,
    /// The old portable or binary format, which the kernel does not read.
    OldFormat,
    /// A header field is not hexadecimal.
    Field(&'static str),
    /// A name without bytes, longer than the kernel takes, without its NUL, or
    /// with one inside.
    Name,
    /// The data does not have the checksum that the header says.
    Checksum,
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset = self.offset;
        match self.cause {
            Cause::Truncated => write!(f, "the entry at byte {offset} is cut off"),
            Cause::NoTrailer => write!(f, "ends at byte {offset} without a trailer"),
            Cause::Magic => write!(f, "no cpio entry at byte {offset}"),
            Cause::OldFormat => {
                write!(f, "an old cpio format at byte {offset}; only newc can be read")
            }
            Cause::Field(name) => {
                write!(f, "the {name} of the entry at byte {offset} is no hexadecimal number")
            }
            Cause::Name => write!(f, "the name of the entry at byte {offset} is malformed"),
            Cause::Checksum => write!(f, "the checksum of the entry at byte {offset} is wrong"),
        }
    }
}

/// The fields of a header in their order.
const FIELDS: [&str; 13] = [
    "inode number",
    "mode",
    "owner",
    "group",
    "link count",
    "time",
    "size",
    "device number",
    "device number",
    "node number",
    "node number",
    "name size",
    "checksum",
];

/// Reads the entries of one archive, to its trailer; after an error there are
/// no more.
///
/// What real archives do and the kernel takes is taken: digits of either case,
/// a name followed by more than one NUL (its size counts them all), data of
/// hard links with any one of the names, anything in the padding, no padding
/// behind the trailer.
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    done: bool,
}

impl<'a> Reader<'a> {
    /// Reads the archive that begins with the first of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0, done: false }
    }

    /// How many bytes were read so far: after the last entry, the archive
    /// with its trailer. Padding and another archive may follow.
    pub fn offset(&self) -> usize {
        self.at.min(self.bytes.len())
    }

    fn read(&mut self) -> Result<Option<Entry<'a>>, Cause> {
        let offset = self.at;
        let rest = self.bytes.get(offset..).unwrap_or_default();
        if rest.is_empty() {
            return Err(Cause::NoTrailer);
        }
        let magic = rest.get(..6).unwrap_or(rest);
        let summed = match magic {
            b"070701" => false,
            b"070702" => true,
            b"070707" => return Err(Cause::OldFormat),
            [0xc7, 0x71, ..] | [0x71, 0xc7, ..] => return Err(Cause::OldFormat),
            _ if magic.len() < 6 && b"07070".starts_with(magic) => return Err(Cause::Truncated),
            _ => return Err(Cause::Magic),
        };
        let head = rest.get(6..HEADER_SIZE).ok_or(Cause::Truncated)?;
        let mut fields = [0; 13];
        for ((field, digits), name) in fields.iter_mut().zip(head.as_chunks().0).zip(FIELDS) {
            *field = number(digits).ok_or(Cause::Field(name))?;
        }
        let [ino, mode, uid, gid, nlink, mtime, size, d0, d1, r0, r1, name_size, check] = fields;
        let (size, name_size) = (size as usize, name_size as usize);
        if !(2..=PATH_MAX).contains(&name_size) {
            return Err(Cause::Name);
        }
        let name = rest.get(HEADER_SIZE..HEADER_SIZE + name_size).ok_or(Cause::Truncated)?;
        let end = name.iter().position(|&b| b == 0).ok_or(Cause::Name)?;
        let (name, padding) = name.split_at(end);
        if name.is_empty() || padding.iter().any(|&b| b != 0) {
            return Err(Cause::Name);
        }
        // Alignment counts from the archive's first byte.
        let start = aligned(offset + HEADER_SIZE + name_size, 4);
        let end = start.checked_add(size).ok_or(Cause::Truncated)?;
        if name == TRAILER {
            self.at = start;
            self.done = true;
            return Ok(None);
        }
        let data = self.bytes.get(start..end).ok_or(Cause::Truncated)?;
        if summed && sum(data) != check {
            return Err(Cause::Checksum);
        }
        self.at = aligned(end, 4);
        let (dev, rdev) = ((d0, d1), (r0, r1));
        let header = Header { ino, mode, uid, gid, nlink, mtime, dev, rdev };
        Ok(Some(Entry { header, name, data, offset }))
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Result<Entry<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let offset = self.offset();
        match self.read() {
            Ok(entry) => entry.map(Ok),
            Err(cause) => {
                self.done = true;
                Some(Err(Error { offset, cause }))
            }
        }
    }
}

/// The sum of all bytes, which is what the "crc" of magic 070702 is.
fn sum(data: &[u8]) -> u32 {
    data.iter().fold(0u32, |sum, &b| sum.wrapping_add(u32::from(b)))
}

/// The content of files that have several names, of which one carries it: the
/// last as GNU cpio writes them, the first as the kernel's own tool does.
#[derive(Default)]
pub struct Links<'a>(BTreeMap<(u32, u32, u32), &'a [u8]>);

impl<'a> Links<'a> {
    /// What the entries of one archive say.
    pub fn of(entries: &[Entry<'a>]) -> Links<'a> {
        let mut links = Links::default();
        for entry in entries {
            if let Some(key) = link_key(&entry.header)
                && !entry.data.is_empty()
            {
                links.0.insert(key, entry.data);
            }
        }
        links
    }

    /// The content of the file that the entry is a name of.
    pub fn data(&self, entry: &Entry<'a>) -> &'a [u8] {
        link_key(&entry.header).and_then(|key| self.0.get(&key).copied()).unwrap_or(entry.data)
    }
}

/// What entries that are names of one file have in common; `None` for a file
/// with one name.
pub fn link_key(header: &Header) -> Option<(u32, u32, u32)> {
    (header.kind() == REGULAR && header.nlink > 1).then_some((
        header.dev.0,
        header.dev.1,
        header.ino,
    ))
}

/// Everything that is read from an archive, for fuzzing; what was read is
/// written and must read the same again.
pub fn exercise(bytes: &[u8]) {
    let entries: Vec<Entry> = Reader::new(bytes).map_while(Result::ok).collect();
    let links = Links::of(&entries);
    let mut writer = Writer::new();
    let mut kept = Vec::new();
    for entry in &entries {
        let _ = links.data(entry);
        if writer.entry(&entry.header, entry.name, entry.data).is_ok() {
            kept.push((entry.header, entry.name, entry.data));
        } else {
            // A symbolic link that the kernel would not make.
            return;
        }
    }
    let bytes = writer.finish();
    let again = Reader::new(&bytes).map_while(Result::ok).map(|e| (e.header, e.name, e.data));
    assert!(again.eq(kept));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(ino: u32, nlink: u32) -> Header {
        Header { ino, mode: REGULAR | 0o644, nlink, ..Header::default() }
    }

    fn read(bytes: &[u8]) -> Result<Vec<Entry<'_>>, Error> {
        Reader::new(bytes).collect()
    }

    #[test]
    fn bytes_of_an_archive() {
        let mut writer = Writer::new();
        let header = Header {
            ino: 1,
            mode: CHARACTER | 0o600,
            uid: 0,
            gid: 5,
            nlink: 1,
            mtime: 0x1234_abcd,
            dev: (0, 0),
            rdev: (5, 1),
        };
        writer.entry(&header, b"dev/console", b"").unwrap();
        writer.entry(&file(2, 1), b"ab", b"xyz").unwrap();
        let mut expected = [
            "070701",
            "00000001",
            "00002180",
            "00000000",
            "00000005",
            "00000001",
            "1234ABCD",
            "00000000",
            "00000000",
            "00000000",
            "00000005",
            "00000001",
            "0000000C",
            "00000000",
            "dev/console\0",
            "\0\0", // 124 bytes
            "070701",
            "00000002",
            "000081A4",
            "00000000",
            "00000000",
            "00000001",
            "00000000",
            "00000003",
            "00000000",
            "00000000",
            "00000000",
            "00000000",
            "00000003",
            "00000000",
            "ab\0",
            "\0\0\0",
            "xyz\0", // 244 bytes
            "070701",
            "00000000",
            "00000000",
            "00000000",
            "00000000",
            "00000001",
            "00000000",
            "00000000",
            "00000000",
            "00000000",
            "00000000",
            "00000000",
            "0000000B",
            "00000000",
            "TRAILER!!!\0",
            "\0\0\0",
        ]
        .concat()
        .into_bytes();
        expected.resize(512, 0);
        let bytes = writer.finish();
        assert_eq!(String::from_utf8_lossy(&bytes), String::from_utf8_lossy(&expected));

        let entries = read(&bytes).unwrap();
        assert_eq!(entries[0], Entry { header, name: b"dev/console", data: b"", offset: 0 });
        assert_eq!(
            entries[1],
            Entry { header: file(2, 1), name: b"ab", data: b"xyz", offset: 124 }
        );
        assert_eq!(entries.len(), 2);
    }

    #[test]
    fn what_cannot_be_written() {
        let mut writer = Writer::new();
        let long = [b'a'; PATH_MAX];
        for name in [&b""[..], b"a\0b", b"TRAILER!!!", &long] {
            assert_eq!(writer.entry(&file(1, 1), name, b""), Err(WriteError::Name));
        }
        assert_eq!(writer.entry(&file(1, 1), &long[1..], b""), Ok(()));
        let link = Header { mode: SYMLINK | 0o777, ..file(1, 1) };
        assert_eq!(writer.entry(&link, b"l", b""), Err(WriteError::Target));
        assert_eq!(writer.entry(&link, b"l", &long), Err(WriteError::Target));
        assert_eq!(writer.entry(&link, b"l", b"x"), Ok(()));
    }

    /// An archive of one file `name`, made by hand.
    fn by_hand(magic: &str, name: &[u8], data: &[u8], check: u32) -> Vec<u8> {
        let mut bytes = format!(
            "{magic}0000000700008{:03x}0000000000000000000000010000000000000{:03x}{}{:08x}{check:08x}",
            0o100_644 & 0xfff,
            data.len(),
            "0".repeat(32),
            name.len(),
        )
        .into_bytes();
        bytes.extend_from_slice(name);
        bytes.resize(aligned(bytes.len(), 4), b'#');
        bytes.extend_from_slice(data);
        bytes.resize(aligned(bytes.len(), 4), b'#');
        bytes
    }

    #[test]
    fn archives_of_other_programs() {
        // small digits, filled name, dirty padding, nothing behind the trailer
        let mut bytes = by_hand("070701", b"a\0\0\0\0\0", b"data!", 0);
        let second = bytes.len();
        bytes.extend(by_hand("070702", b"b\0", b"\xff\x02", 0x101));
        let trailer = by_hand("070701", b"TRAILER!!!\0", b"", 0);
        bytes.extend_from_slice(&trailer[..110 + 11]);
        let mut reader = Reader::new(&bytes);
        let entries: Vec<Entry> = reader.by_ref().map(Result::unwrap).collect();
        assert_eq!(entries[0].name, b"a");
        assert_eq!(entries[0].data, b"data!");
        assert_eq!(entries[0].header, file(7, 1));
        assert_eq!((entries[1].name, entries[1].offset), (&b"b"[..], second));
        assert_eq!(reader.offset(), bytes.len());
    }

    fn cause(bytes: &[u8]) -> Cause {
        read(bytes).unwrap_err().cause
    }

    #[test]
    fn what_is_no_archive() {
        let good = by_hand("070701", b"a\0", b"data", 0);
        assert_eq!(cause(b""), Cause::NoTrailer);
        assert_eq!(read(&good), Err(Error { offset: good.len(), cause: Cause::NoTrailer }));
        assert_eq!(cause(&good[..good.len() - 1]), Cause::Truncated);
        assert_eq!(cause(&good[..111]), Cause::Truncated);
        assert_eq!(cause(&good[..109]), Cause::Truncated);
        assert_eq!(cause(b"0707"), Cause::Truncated);
        assert_eq!(cause(b"\x1f\x8b\x08\0\0\0\0\0"), Cause::Magic);
        assert_eq!(cause(b"070703"), Cause::Magic);
        assert_eq!(cause(b"070707000000"), Cause::OldFormat);
        assert_eq!(cause(b"\xc7\x71\0\0\0\0\0\0"), Cause::OldFormat);
        assert_eq!(cause(&by_hand("070702", b"a\0", b"data", 1)), Cause::Checksum);
        assert_eq!(cause(&by_hand("070701", b"\0", b"data", 0)), Cause::Name);
        assert_eq!(cause(&by_hand("070701", b"\0\0", b"data", 0)), Cause::Name);
        assert_eq!(cause(&by_hand("070701", b"ab", b"data", 0)), Cause::Name);
        assert_eq!(cause(&by_hand("070701", b"a\0b\0", b"data", 0)), Cause::Name);
        assert_eq!(cause(&by_hand("070701", &[b'a'; 4097], b"data", 0)), Cause::Name);
        for (at, field) in (6..110).step_by(8).zip(FIELDS) {
            for wrong in [b'g', b'+', b' ', b'x', 0] {
                let mut bad = good.clone();
                bad[at + 1] = wrong;
                assert_eq!(cause(&bad), Cause::Field(field));
            }
        }
        let mut bad = good;
        bad[54..62].copy_from_slice(b"ffffffff"); // the size
        assert_eq!(cause(&bad), Cause::Truncated);
    }

    #[test]
    fn one_name_of_a_file_has_its_content() {
        for contents in [[&b"text"[..], b""], [b"", b"text"]] {
            let mut writer = Writer::new();
            writer.entry(&file(4, 2), b"a", contents[0]).unwrap();
            writer.entry(&file(4, 2), b"b", contents[1]).unwrap();
            writer.entry(&file(4, 1), b"c", b"").unwrap();
            let bytes = writer.finish();
            let entries = read(&bytes).unwrap();
            let links = Links::of(&entries);
            let found: Vec<&[u8]> = entries.iter().map(|e| links.data(e)).collect();
            assert_eq!(found, [&b"text"[..], b"text", b""]);
        }
    }

    #[test]
    fn no_byte_of_an_archive_can_do_harm() {
        let mut writer = Writer::new();
        writer.entry(&file(4, 2), b"a", b"text").unwrap();
        writer.entry(&file(4, 2), b"b", b"").unwrap();
        writer.entry(&Header { mode: SYMLINK | 0o777, ..file(5, 1) }, b"l", b"a").unwrap();
        let good = writer.finish();
        for at in 0..good.len() {
            exercise(&good[..at]);
            for byte in [0, b'0', b'1', b'f', b'F', b'/', 0xff] {
                let mut bad = good.clone();
                bad[at] = byte;
                exercise(&bad);
            }
        }
    }
}
