//! Compression formats behind one face: gzip, xz, zstd and lz4, as kernel
//! modules, kernels and initramfs images use them.
//!
//! Whole buffers in memory. Unpacking always has a limit on what comes out,
//! and nothing larger than that limit is ever allocated because of a number in
//! the data. What is written is what the Linux kernel can read.

use std::fmt::{self, Display};

pub mod checksum;
mod gzip;
mod lz4;
mod xz;
mod zstd;

/// A compression format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Bytes as they are.
    None,
    /// gzip: RFC 1952.
    Gzip,
    /// xz: The .xz File Format 1.2.
    Xz,
    /// Zstandard: RFC 8878.
    Zstd,
    /// lz4: the legacy frame, which is the one that the kernel knows; the
    /// present frame is also read.
    Lz4,
}

impl Format {
    /// The formats there are, without [`Format::None`].
    pub const ALL: [Format; 4] = [Format::Gzip, Format::Xz, Format::Zstd, Format::Lz4];

    /// What `bytes` begin with, by magic number; [`Format::None`] when it is
    /// no format known here.
    pub fn detect(bytes: &[u8]) -> Format {
        let magic = [
            (Format::Gzip, &b"\x1f\x8b\x08"[..]),
            (Format::Xz, b"\xfd7zXZ\0"),
            (Format::Zstd, b"\x28\xb5\x2f\xfd"),
            (Format::Lz4, &lz4::LEGACY_MAGIC),
            (Format::Lz4, &lz4::FRAME_MAGIC),
        ];
        magic.iter().find(|(_, m)| bytes.starts_with(m)).map_or(Format::None, |(f, _)| *f)
    }

    /// The format of this name, as options and /sys/module/compression have it:
    /// `none`, `gzip`, `xz`, `zstd`, `lz4`.
    pub fn of_name(name: &[u8]) -> Option<Format> {
        match name {
            b"none" => Some(Format::None),
            b"gzip" | b"gz" => Some(Format::Gzip),
            b"xz" => Some(Format::Xz),
            b"zstd" | b"zst" => Some(Format::Zstd),
            b"lz4" => Some(Format::Lz4),
            _ => None,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Format::None => "none",
            Format::Gzip => "gzip",
            Format::Xz => "xz",
            Format::Zstd => "zstd",
            Format::Lz4 => "lz4",
        }
    }

    /// What is appended to the name of a compressed file, with the dot; empty
    /// for [`Format::None`].
    pub fn extension(self) -> &'static str {
        match self {
            Format::None => "",
            Format::Gzip => ".gz",
            Format::Xz => ".xz",
            Format::Zstd => ".zst",
            Format::Lz4 => ".lz4",
        }
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
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.format.name();
        match self.cause {
            Cause::Truncated => write!(f, "truncated {name} data"),
            Cause::Corrupt => write!(f, "corrupt {name} data"),
            Cause::Checksum => write!(f, "checksum mismatch in {name} data"),
            Cause::TooLarge => write!(f, "{name} data unpack to more than is allowed"),
            Cause::Unsupported => write!(f, "unsupported kind of {name} data"),
        }
    }
}

/// Unpacks all of `bytes`: every member, stream or frame of a concatenation,
/// with zero padding between and behind them. At most `limit` bytes come out.
pub fn decompress(format: Format, bytes: &[u8], limit: usize) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    let mut rest = bytes;
    loop {
        let used = one(format, rest, limit, &mut out)?;
        rest = rest.get(used..).unwrap_or_default();
        while let [0, behind @ ..] = rest {
            rest = behind;
        }
        if rest.is_empty() {
            return Ok(out);
        }
    }
}

/// Unpacks the first member, stream or frame of `bytes`. Returns what came out,
/// at most `limit` bytes, and how many bytes of the input it took; the next
/// part of a concatenation (another initramfs archive) begins behind them.
///
/// The legacy lz4 frame has no end of its own: it ends with the input, with a
/// block size that is none, or with a block of zero bytes, as in the kernel.
pub fn decompress_one(
    format: Format,
    bytes: &[u8],
    limit: usize,
) -> Result<(Vec<u8>, usize), Error> {
    let mut out = Vec::new();
    let used = one(format, bytes, limit, &mut out)?;
    Ok((out, used))
}

fn one(format: Format, bytes: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<usize, Error> {
    match format {
        Format::None => {
            if bytes.len() > limit.saturating_sub(out.len()) {
                return Err(Error { format, cause: Cause::TooLarge });
            }
            out.extend_from_slice(bytes);
            Ok(bytes.len())
        }
        Format::Gzip => gzip::decompress(bytes, limit, out),
        Format::Xz => xz::decompress(bytes, limit, out),
        Format::Zstd => zstd::decompress(bytes, limit, out),
        Format::Lz4 => lz4::decompress(bytes, limit, out),
    }
    .map_err(|cause| Error { format, cause })
}

/// Packs `bytes`. The same bytes always give the same result.
pub fn compress(format: Format, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    match format {
        Format::None => Ok(bytes.to_vec()),
        Format::Gzip => Ok(gzip::compress(bytes)),
        Format::Xz => xz::compress(bytes).map_err(|cause| Error { format, cause }),
        Format::Zstd => Ok(zstd::compress(bytes)),
        Format::Lz4 => Ok(lz4::compress(bytes)),
    }
}

/// The next `N` bytes of `input`, which is moved past them.
fn take<const N: usize>(input: &mut &[u8]) -> Result<[u8; N], Cause> {
    let (head, rest) = input.split_first_chunk().ok_or(Cause::Truncated)?;
    *input = rest;
    Ok(*head)
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
