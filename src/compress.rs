//! Compression formats behind one face: gzip, bzip2, lzma, xz, lzo, zstd, lz4
//! and compress, as kernel modules, kernels, initramfs images and archives use them.
//!
//! [`Unpacker`] unpacks piece by piece in bounded memory; [`decompress`] whole
//! buffers, with a limit on what comes out. Nothing is ever allocated because
//! of a number in the data that is not bounded. [`pack`] writes.

use std::fmt::{self, Display};
use std::io::{self, Read, Write};

mod bzip2;
pub mod checksum;
pub mod gzip;
mod input;
mod lz4;
mod lzo;
mod lzw;
mod parts;
mod xz;
mod zstd;

pub use input::{Input, Source};

/// A compression format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Bytes as they are.
    None,
    /// gzip: RFC 1952.
    Gzip,
    /// bzip2.
    Bzip2,
    /// The older file format of LZMA.
    Lzma,
    /// xz: The .xz File Format 1.2.
    Xz,
    /// lzop's format; it can only be read.
    Lzo,
    /// What compress(1) writes; it can only be read.
    Lzw,
    /// Zstandard: RFC 8878.
    Zstd,
    /// lz4: both frames are read, and the present one written; see
    /// [`Packing::legacy`].
    Lz4,
}

/// Format, its name, another of its names (what it is called in a file's name),
/// and what it begins with.
type Row = (Format, &'static str, &'static str, &'static [u8]);

/// The formats, of which some begin in several ways.
const TABLE: [Row; 10] = [
    (Format::Gzip, "gzip", ".gz", b"\x1f\x8b\x08"),
    (Format::Bzip2, "bzip2", ".bz2", b"BZh"),
    (Format::Xz, "xz", ".xz", b"\xfd7zXZ\0"),
    (Format::Lzma, "lzma", ".lzma", b"\x5d\0\0"),
    (Format::Zstd, "zstd", ".zst", b"\x28\xb5\x2f\xfd"),
    (Format::Lzo, "lzo", ".lzo", &lzo::MAGIC),
    (Format::Lzw, "compress", ".Z", &lzw::MAGIC),
    (Format::Lz4, "lz4", ".lz4", &lz4::LEGACY_MAGIC),
    (Format::Lz4, "lz4", ".lz4", &lz4::FRAME_MAGIC),
    (Format::None, "none", "", b""),
];

impl Format {
    /// The formats that can be written, without [`Format::None`].
    pub const ALL: [Format; 6] =
        [Format::Gzip, Format::Bzip2, Format::Lzma, Format::Xz, Format::Zstd, Format::Lz4];

    /// How many bytes [`detect`](Self::detect) looks at.
    pub const MAGIC: usize = 16;

    /// What `bytes` begin with, by magic number; [`Format::None`] when it is
    /// no format known here.
    pub fn detect(bytes: &[u8]) -> Format {
        let hit = TABLE.iter().find(|row| bytes.starts_with(row.3));
        let format = hit.map_or(Format::None, |row| row.0);
        match format {
            Format::Bzip2 if !matches!(bytes.get(3), None | Some(b'1'..=b'9')) => Format::None,
            // These few zeros are in other files, too: the dictionary is a power
            // of two, or one and a half of it, and the file not of exabytes.
            Format::Lzma => match bytes.get(3..13) {
                Some(&[c, d, .., y, z])
                    if (y, z) == (0, 0) || bytes.get(5..13) == Some(&[0xff; 8]) =>
                {
                    let size = u32::from_le_bytes([0, 0, c, d]);
                    if size & size.wrapping_sub(1) == 0 || (size / 3).is_power_of_two() {
                        Format::Lzma
                    } else {
                        Format::None
                    }
                }
                None if bytes.len() < 13 => Format::Lzma,
                _ => Format::None,
            },
            format => format,
        }
    }

    /// The format of this name, as options and /sys/module/compression have it
    /// (`gzip`), or as files are called (`gz`).
    pub fn of_name(name: &[u8]) -> Option<Format> {
        for row in &TABLE {
            let short = row.2.strip_prefix('.').unwrap_or("none");
            if row.1.as_bytes() == name || short.as_bytes() == name {
                return Some(row.0);
            }
        }
        None
    }

    fn row(self) -> &'static Row {
        TABLE.iter().find(|row| row.0 == self).unwrap_or(&TABLE[0])
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// What is appended to the name of a compressed file, with the dot; empty
    /// for [`Format::None`].
    pub fn extension(self) -> &'static str {
        self.row().2
    }
}

/// Why data could not be unpacked or packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// The format it was taken for.
    pub format: Format,
    /// What is wrong.
    pub cause: Cause,
}

/// See [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The data end too early.
    Truncated,
    /// They break the rules of the format.
    Corrupt,
    /// They unpack, but a checksum or length says that the result is wrong.
    Checksum,
    /// They unpack to more than the caller's limit, or ask for more memory.
    TooLarge,
    /// They use a part of the format that is not built in.
    Unsupported,
    /// They cannot be read: the system's error number.
    Read(i32),
}

impl Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cause::Truncated => "truncated data",
            Cause::Corrupt => "corrupt data",
            Cause::Checksum => "checksum mismatch",
            Cause::TooLarge => "unpacks to more than is allowed",
            Cause::Unsupported => "unsupported kind of data",
            Cause::Read(errno) => crate::sys::text::error_text(*errno),
        })
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, behind) = match self.cause {
            Cause::Truncated => ("truncated ", " data"),
            Cause::Corrupt => ("corrupt ", " data"),
            Cause::Checksum => ("checksum mismatch in ", " data"),
            Cause::TooLarge => ("", " data unpack to more than is allowed"),
            Cause::Unsupported => ("unsupported kind of ", " data"),
            Cause::Read(errno) => return f.write_str(crate::sys::text::error_text(errno)),
        };
        f.write_str(before)?;
        f.write_str(self.format.name())?;
        f.write_str(behind)
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        match error.cause {
            Cause::Read(errno) => io::Error::from_raw_os_error(errno),
            _ => io::Error::other(error.to_string()),
        }
    }
}

/// The system's error that a failure to read is.
fn read_error(cause: Cause) -> io::Error {
    Error { format: Format::None, cause }.into()
}

/// Unpacks one member, stream or frame.
trait Decoder {
    /// Puts some of what comes next behind what `out` holds, which may be
    /// nothing yet; false at the end.
    fn step(&mut self, input: &mut Input, out: &mut Vec<u8>) -> Result<bool, Cause>;
}

/// What is not compressed.
struct Plain;

impl Decoder for Plain {
    fn step(&mut self, input: &mut Input, out: &mut Vec<u8>) -> Result<bool, Cause> {
        let some = input.some()?;
        out.extend_from_slice(some);
        let count = some.len();
        input.advance(count);
        Ok(count > 0)
    }
}

/// Unpacks piece by piece.
pub struct Unpacker<'a> {
    /// What is packed; behind the end of it, when that is reached.
    pub input: Input<'a>,
    format: Format,
    many: bool,
    begun: bool,
    decoder: Option<Box<dyn Decoder>>,
    out: Vec<u8>,
    at: usize,
    garbage: bool,
    /// What went wrong behind what `out` holds.
    failed: Option<Cause>,
    members: u64,
    taken: u64,
}

/// What a piece has at least, but for the last.
const PIECE: usize = 64 << 10;

impl<'a> Unpacker<'a> {
    /// Unpacks all of a source: every member, stream or frame of a
    /// concatenation, with zero padding between and behind them.
    pub fn new(format: Format, input: Input<'a>) -> Unpacker<'a> {
        Unpacker {
            input,
            format,
            many: true,
            begun: false,
            decoder: None,
            out: Vec::new(),
            at: 0,
            garbage: false,
            failed: None,
            members: 0,
            taken: 0,
        }
    }

    /// Unpacks the first member, stream or frame; [`input`](Self::input) is then
    /// behind it.
    ///
    /// The legacy lz4 frame has no end of its own: it ends with the input, with
    /// a block of zero bytes, or with another frame.
    pub fn one(format: Format, input: Input<'a>) -> Unpacker<'a> {
        Unpacker { many: false, ..Unpacker::new(format, input) }
    }

    /// Unpacks what is bare deflate, as in zip archives.
    pub fn deflate(input: Input<'a>) -> Unpacker<'a> {
        let inner: Box<dyn Decoder> = Box::new(gzip::Inflate::default());
        Unpacker { begun: true, decoder: Some(inner), ..Unpacker::one(Format::Gzip, input) }
    }

    /// Finds out by its first bytes how a source is compressed.
    pub fn detect(mut input: Input<'a>) -> Result<Unpacker<'a>, Error> {
        let head = input.peek(Format::MAGIC);
        let head = head.map_err(|cause| Error { format: Format::None, cause })?;
        let format = Format::detect(head);
        Ok(Unpacker::new(format, input))
    }

    /// How it is compressed.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Whether there was something else behind what was unpacked.
    pub fn has_garbage(&self) -> bool {
        self.garbage
    }

    /// The next piece; empty at the end.
    pub fn piece(&mut self) -> Result<&[u8], Error> {
        if self.at >= self.out.len() {
            let result = self.fill();
            result.map_err(|cause| Error { format: self.format, cause })?;
        }
        let piece = self.out.get(self.at..).unwrap_or_default();
        self.at = self.out.len();
        Ok(piece)
    }

    /// Some of what comes next, as much as there is at once, without taking it;
    /// empty at the end.
    pub fn available(&mut self) -> Result<&[u8], Error> {
        let format = self.format;
        let failed = |cause| Error { format, cause };
        if format == Format::None {
            return self.input.some().map_err(failed);
        }
        if self.at >= self.out.len() {
            self.fill().map_err(failed)?;
        }
        Ok(self.out.get(self.at..).unwrap_or_default())
    }

    /// Takes `count` bytes of what is [`available`](Self::available).
    pub fn consume(&mut self, count: usize) {
        self.taken += count as u64;
        if self.format == Format::None { self.input.advance(count) } else { self.at += count }
    }

    /// How many bytes were taken so far.
    pub fn position(&self) -> u64 {
        self.taken
    }

    /// Fills `to` as far as there is something. Gives how far.
    #[inline(never)]
    pub fn exact(&mut self, to: &mut [u8]) -> Result<usize, Error> {
        let mut filled = 0;
        while let Some(room) = to.get_mut(filled..).filter(|room| !room.is_empty()) {
            let some = self.available()?;
            let count = some.len().min(room.len());
            if count == 0 {
                break;
            }
            if let (Some(room), Some(some)) = (room.get_mut(..count), some.get(..count)) {
                room.copy_from_slice(some);
            }
            self.consume(count);
            filled += count;
        }
        Ok(filled)
    }

    /// Passes over `count` bytes.
    #[inline(never)]
    pub fn skip(&mut self, mut count: u64) -> Result<(), Error> {
        if self.format == Format::None {
            self.taken += count;
            let result = self.input.skip(count);
            return result.map_err(|cause| Error { format: self.format, cause });
        }
        while count > 0 {
            let some = self.available()?.len();
            if some == 0 {
                return Err(Error { format: self.format, cause: Cause::Truncated });
            }
            let now = some.min(usize::try_from(count).unwrap_or(usize::MAX));
            self.consume(now);
            count -= now as u64;
        }
        Ok(())
    }

    /// How many members, streams or frames were begun.
    pub fn members(&self) -> u64 {
        self.members
    }

    /// Unpacks into an empty `out`; it stays empty at the end. What comes
    /// before an error is given out first.
    fn fill(&mut self) -> Result<(), Cause> {
        if let Some(cause) = self.failed {
            return Err(cause);
        }
        self.out.clear();
        self.at = 0;
        while self.out.len() < PIECE {
            match self.step() {
                Ok(true) => {}
                Ok(false) => break,
                Err(cause) if self.out.is_empty() => return Err(cause),
                Err(cause) => {
                    self.failed = Some(cause);
                    break;
                }
            }
        }
        Ok(())
    }

    /// Unpacks some more; false at the end.
    fn step(&mut self) -> Result<bool, Cause> {
        let Some(decoder) = &mut self.decoder else {
            if self.begun && !self.follows()? {
                return Ok(false);
            }
            self.begun = true;
            self.members += 1;
            self.decoder = Some(decoder(self.format));
            return Ok(true);
        };
        if !decoder.step(&mut self.input, &mut self.out)? {
            self.decoder = None;
        }
        Ok(true)
    }

    /// Whether another member follows.
    fn follows(&mut self) -> Result<bool, Cause> {
        if !self.many || self.garbage || self.format == Format::None {
            return Ok(false);
        }
        let zeros = self.input.skip_zeros()?;
        if self.format == Format::Xz && zeros % 4 != 0 {
            return Err(Cause::Corrupt);
        }
        let head = self.input.peek(Format::MAGIC)?;
        if head.is_empty() {
            return Ok(false);
        }
        // Frames that readers skip.
        let skipped = matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
            && matches!(self.format, Format::Zstd | Format::Lz4);
        self.garbage = !skipped && Format::detect(head) != self.format;
        Ok(!self.garbage)
    }
}

impl Read for Unpacker<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.out.len() {
            let result = self.fill();
            result.map_err(|cause| Error { format: self.format, cause })?;
        }
        let mut rest = self.out.get(self.at..).unwrap_or_default();
        let count = rest.read(to)?;
        self.at += count;
        Ok(count)
    }
}

fn decoder(format: Format) -> Box<dyn Decoder> {
    match format {
        Format::None => Box::new(Plain),
        Format::Gzip => Box::new(gzip::Gzip::default()),
        Format::Bzip2 => Box::new(bzip2::Bzip2::default()),
        Format::Lzma => Box::new(xz::Lzma::default()),
        Format::Xz => Box::new(xz::Xz::default()),
        Format::Lzo => Box::new(lzo::Lzo::default()),
        Format::Lzw => Box::new(lzw::Lzw::default()),
        Format::Zstd => Box::new(zstd::Zstd::default()),
        Format::Lz4 => Box::new(lz4::Lz4::default()),
    }
}

/// Unpacks all of `bytes`: every member, stream or frame of a concatenation,
/// with zero padding between and behind them. At most `limit` bytes come out.
pub fn decompress(format: Format, bytes: &[u8], limit: usize) -> Result<Vec<u8>, Error> {
    let mut unpacker = Unpacker::new(format, Input::of_slice(bytes));
    let out = collect(&mut unpacker, limit)?;
    if unpacker.garbage {
        return Err(Error { format, cause: Cause::Corrupt });
    }
    Ok(out)
}

/// Unpacks the first member, stream or frame of `bytes`. Returns what came out,
/// at most `limit` bytes, and how many bytes of the input it took; the next
/// part of a concatenation (another initramfs archive) begins behind them.
pub fn decompress_one(
    format: Format,
    bytes: &[u8],
    limit: usize,
) -> Result<(Vec<u8>, usize), Error> {
    let mut unpacker = Unpacker::one(format, Input::of_slice(bytes));
    let out = collect(&mut unpacker, limit)?;
    Ok((out, usize::try_from(unpacker.input.offset()).unwrap_or(usize::MAX)))
}

fn collect(unpacker: &mut Unpacker, limit: usize) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    loop {
        let piece = unpacker.piece()?;
        if piece.is_empty() {
            return Ok(out);
        }
        if piece.len() > limit.saturating_sub(out.len()) {
            return Err(Error { format: unpacker.format, cause: Cause::TooLarge });
        }
        out.extend_from_slice(piece);
    }
}

/// How something is to be packed.
#[derive(Clone, Debug)]
pub struct Packing {
    /// The format.
    pub format: Format,
    /// 0 to 9, where the format has such levels.
    pub level: u8,
    /// Of lz4 the frame that the kernel reads.
    pub legacy: bool,
    /// On all processors, where the format can be put together of parts; it
    /// becomes a little larger.
    pub parallel: bool,
    /// What a gzip header says.
    pub header: gzip::Header,
}

impl Packing {
    /// In the way of the program that the format comes from.
    pub fn usual(format: Format) -> Packing {
        let level = if format == Format::Bzip2 { 9 } else { 6 };
        Packing { format, level, legacy: false, parallel: false, header: gzip::Header::default() }
    }

    /// In the way that the Linux kernel can read, and small.
    pub fn for_kernel(format: Format) -> Packing {
        let level = if format == Format::Gzip { 9 } else { 6 };
        Packing { level, legacy: true, parallel: true, ..Packing::usual(format) }
    }
}

/// Packs all of `input`. The same bytes always give the same result.
pub fn pack(how: &Packing, input: &mut Input, to: &mut dyn Write) -> io::Result<()> {
    if how.parallel
        && let Some(size) = parts::size(how.format)
    {
        return parts::pack(how, size, input, to);
    }
    match how.format {
        Format::None => loop {
            let some = input.some().map_err(read_error)?;
            if some.is_empty() {
                return Ok(());
            }
            to.write_all(some)?;
            let count = some.len();
            input.advance(count);
        },
        Format::Gzip => gzip::pack(how.level, &how.header, input, to),
        Format::Bzip2 => bzip2::pack(how.level, input, to),
        Format::Lzma => xz::pack_lzma(how.level, input, to),
        Format::Xz => xz::pack(how.level, input, to),
        Format::Zstd => zstd::pack(how.level, input, to),
        Format::Lz4 if how.legacy => lz4::pack_legacy(input, to),
        Format::Lz4 => lz4::pack(input, to),
        Format::Lzo | Format::Lzw => Err(read_error(Cause::Unsupported)),
    }
}

/// Packs `bytes` as the kernel can read it.
pub fn compress(format: Format, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    let result = pack(&Packing::for_kernel(format), &mut Input::of_slice(bytes), &mut out);
    result.map_err(|_| Error { format, cause: Cause::Unsupported })?;
    Ok(out)
}

/// The next `length` bytes of `input`, which is moved past them.
fn take_slice<'a>(input: &mut &'a [u8], length: usize) -> Result<&'a [u8], Cause> {
    let (head, rest) = input.split_at_checked(length).ok_or(Cause::Truncated)?;
    *input = rest;
    Ok(head)
}

/// Unpacks whatever the bytes are, for fuzzing.
pub fn exercise(bytes: &[u8]) {
    let format = Format::detect(bytes);
    if format != Format::None {
        let _ = decompress(format, bytes, 1 << 22);
    }
}

#[cfg(test)]
mod tests;
