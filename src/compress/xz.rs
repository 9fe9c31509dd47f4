//! The .xz container (version 1.2.1 of its specification) around the LZMA2 of
//! lzma-rust2. The container of that crate is left out for its size (threads,
//! SHA-256).
//!
//! Read: any number of blocks; checks none, CRC32 and CRC64; LZMA2 alone or
//! behind the branch filter of x86 or ARM64, which kernel images use. Written:
//! one block, CRC32, a dictionary of 1 MiB, as the kernel's documentation
//! advises (Documentation/staging/xz.rst).

use lzma_rust2::filter::bcj::BcjReader;
use lzma_rust2::{Lzma2Options, Lzma2Reader, Lzma2Writer, Read, Write};

use super::checksum::{crc32, crc64};
use super::{Cause, take, take_slice};

const MAGIC: [u8; 6] = *b"\xfd7zXZ\0";
const FOOTER_MAGIC: [u8; 2] = *b"YZ";
const FILTER_X86: u64 = 0x04;
const FILTER_ARM64: u64 = 0x0a;
const FILTER_LZMA2: u64 = 0x21;

/// Larger dictionaries are refused; kernel images have this one.
const MOST_DICTIONARY: u32 = 128 << 20;
/// The dictionary of what is written here, and its code in a block header.
const DICTIONARY: (u32, u8) = (1 << 20, 16);
const CHECK_CRC32: u8 = 1;

/// How much is unpacked between looks at the limit.
const STEP: usize = 64 << 10;

#[derive(Clone, Copy, PartialEq)]
enum Check {
    None,
    Crc32,
    Crc64,
}

#[derive(Clone, Copy)]
enum Branch {
    X86,
    Arm64,
}

struct Block {
    packed_size: Option<u64>,
    unpacked_size: Option<u64>,
    branch: Option<(Branch, u32)>,
    dictionary: u32,
}

/// Unpacks one stream behind what `out` holds.
pub fn decompress(bytes: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<usize, Cause> {
    let mut rest = bytes;
    if take(&mut rest)? != MAGIC {
        return Err(Cause::Corrupt);
    }
    let flags: [u8; 2] = take(&mut rest)?;
    if u32::from_le_bytes(take(&mut rest)?) != crc32(&flags) {
        return Err(Cause::Checksum);
    }
    let check = match flags {
        [0, 0] => Check::None,
        [0, CHECK_CRC32] => Check::Crc32,
        [0, 4] => Check::Crc64,
        _ => return Err(Cause::Unsupported),
    };
    // What the index must repeat: unpadded and unpacked size of each block. A
    // checksum of them as they come would do, but they are few.
    let mut sizes = Vec::new();
    while let Some(&size) = rest.first()
        && size != 0
    {
        sizes.push(block(&mut rest, check, limit, out)?);
    }
    let index_size = index(&mut rest, &sizes)?;
    let sum = u32::from_le_bytes(take(&mut rest)?);
    let footer: [u8; 6] = take(&mut rest)?;
    if take(&mut rest)? != FOOTER_MAGIC {
        return Err(Cause::Corrupt);
    }
    let [a, b, c, d, footer_flags @ ..] = footer;
    let backward = u64::from(u32::from_le_bytes([a, b, c, d]));
    if sum != crc32(&footer) || footer_flags != flags || (backward + 1) * 4 != index_size {
        return Err(Cause::Checksum);
    }
    Ok(bytes.len() - rest.len())
}

/// Unpacks a block; returns its unpadded size and its unpacked size.
fn block(
    rest: &mut &[u8],
    check: Check,
    limit: usize,
    out: &mut Vec<u8>,
) -> Result<(u64, u64), Cause> {
    let before = *rest;
    let header = block_header(rest)?;
    let body = rest.len();
    let start = out.len();

    let dictionary = header.dictionary.min(u32::try_from(limit).unwrap_or(u32::MAX)).max(4096);
    let mut reader = Lzma2Reader::new(&mut *rest, dictionary, None);
    loop {
        let filled = out.len();
        let room = limit.saturating_sub(filled);
        out.resize(filled + STEP.min(room + 1), 0);
        let n = reader.read(out.get_mut(filled..).unwrap_or_default()).map_err(
            |error| match error {
                lzma_rust2::Error::Eof => Cause::Truncated,
                lzma_rust2::Error::OutOfMemory(_) => Cause::TooLarge,
                _ => Cause::Corrupt,
            },
        )?;
        out.truncate(filled + n);
        if n > room {
            return Err(Cause::TooLarge);
        }
        if n == 0 {
            break;
        }
    }
    drop(reader);

    let packed = body - rest.len();
    if let Some((branch, at)) = header.branch {
        unfilter(branch, at, start, out)?;
    }
    let data = out.get(start..).unwrap_or_default();
    let unpacked = data.len() as u64;
    if header.packed_size.is_some_and(|n| n != packed as u64)
        || header.unpacked_size.is_some_and(|n| n != unpacked)
    {
        return Err(Cause::Corrupt);
    }
    let unpadded = before.len() - rest.len();
    let padding = unpadded.next_multiple_of(4) - unpadded;
    if take_slice(rest, padding)?.iter().any(|&b| b != 0) {
        return Err(Cause::Corrupt);
    }
    let (good, check_size) = match check {
        Check::None => (true, 0),
        Check::Crc32 => (u32::from_le_bytes(take(rest)?) == crc32(data), 4),
        Check::Crc64 => (u64::from_le_bytes(take(rest)?) == crc64(data), 8),
    };
    if !good {
        return Err(Cause::Checksum);
    }
    Ok(((unpadded + check_size) as u64, unpacked))
}

fn block_header(rest: &mut &[u8]) -> Result<Block, Cause> {
    let size = (usize::from(*rest.first().ok_or(Cause::Truncated)?) + 1) * 4;
    let covered = take_slice(rest, size - 4)?;
    if u32::from_le_bytes(take(rest)?) != crc32(covered) {
        return Err(Cause::Checksum);
    }
    let mut fields = covered;
    let [_, flags] = take(&mut fields)?;
    if flags & 0x3c != 0 {
        return Err(Cause::Unsupported);
    }
    let packed_size = if flags & 0x40 != 0 { Some(number(&mut fields)?) } else { None };
    let unpacked_size = if flags & 0x80 != 0 { Some(number(&mut fields)?) } else { None };
    let mut branch = None;
    let filters = (flags & 3) + 1;
    for nth in 1..=filters {
        let id = number(&mut fields)?;
        let length = usize::try_from(number(&mut fields)?).map_err(|_| Cause::Corrupt)?;
        let properties = take_slice(&mut fields, length)?;
        let kind = match id {
            FILTER_LZMA2 if nth == filters => {
                let dictionary = dictionary_size(properties)?;
                return Ok(Block { packed_size, unpacked_size, branch, dictionary });
            }
            FILTER_X86 => Branch::X86,
            FILTER_ARM64 => Branch::Arm64,
            _ => return Err(Cause::Unsupported),
        };
        let at = match properties {
            [] => 0,
            &[a, b, c, d] => u32::from_le_bytes([a, b, c, d]),
            _ => return Err(Cause::Unsupported),
        };
        if branch.replace((kind, at)).is_some() {
            return Err(Cause::Unsupported);
        }
    }
    Err(Cause::Unsupported)
}

/// Section 5.3.1: 4 KiB, 6 KiB, 8 KiB, 12 KiB ... by a code of 6 bits.
fn dictionary_size(properties: &[u8]) -> Result<u32, Cause> {
    let &[code] = properties else { return Err(Cause::Unsupported) };
    if code > 40 {
        return Err(Cause::Unsupported);
    }
    let size = (2 | u64::from(code & 1)) << (code / 2 + 11);
    match u32::try_from(size) {
        Ok(size) if size <= MOST_DICTIONARY => Ok(size),
        _ => Err(Cause::TooLarge),
    }
}

/// Undoes a branch filter on what was unpacked from `start` on.
fn unfilter(branch: Branch, at: u32, start: usize, out: &mut [u8]) -> Result<(), Cause> {
    let at = at as usize;
    let target = out.get_mut(start..).unwrap_or_default();
    let filtered = target.to_vec();
    let mut reader = match branch {
        Branch::X86 => BcjReader::new_x86(&filtered[..], at),
        Branch::Arm64 => BcjReader::new_arm64(&filtered[..], at),
    };
    reader.read_exact(target).map_err(|_| Cause::Corrupt)
}

/// Reads the index, which must say what the blocks were; returns its size.
fn index(rest: &mut &[u8], sizes: &[(u64, u64)]) -> Result<u64, Cause> {
    let before = *rest;
    take::<1>(rest)?;
    if number(rest)? != sizes.len() as u64 {
        return Err(Cause::Corrupt);
    }
    for &(unpadded, unpacked) in sizes {
        if number(rest)? != unpadded || number(rest)? != unpacked {
            return Err(Cause::Corrupt);
        }
    }
    let used = before.len() - rest.len();
    let padding = used.next_multiple_of(4) - used;
    if take_slice(rest, padding)?.iter().any(|&b| b != 0) {
        return Err(Cause::Corrupt);
    }
    let covered = before.get(..before.len() - rest.len()).unwrap_or_default();
    if u32::from_le_bytes(take(rest)?) != crc32(covered) {
        return Err(Cause::Checksum);
    }
    Ok((before.len() - rest.len()) as u64)
}

/// A number of seven bits a byte, the lowest first, at most nine bytes.
fn number(rest: &mut &[u8]) -> Result<u64, Cause> {
    let mut value = 0;
    for nth in 0..9 {
        let [byte] = take(rest)?;
        if byte == 0 && nth > 0 {
            return Err(Cause::Corrupt);
        }
        value |= u64::from(byte & 0x7f) << (7 * nth);
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Cause::Corrupt)
}

fn put_number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn pad(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(4), 0);
}

fn put_crc32(out: &mut Vec<u8>, from: usize) {
    let sum = crc32(out.get(from..).unwrap_or_default());
    out.extend_from_slice(&sum.to_le_bytes());
}

/// Where packed bytes go.
struct Sink(Vec<u8>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> lzma_rust2::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> lzma_rust2::Result<()> {
        Ok(())
    }
}

/// One stream of one block; of none for no bytes.
pub fn compress(bytes: &[u8]) -> Result<Vec<u8>, Cause> {
    let mut out = MAGIC.to_vec();
    let flags = [0, CHECK_CRC32];
    out.extend_from_slice(&flags);
    put_crc32(&mut out, MAGIC.len());

    let mut sizes = None;
    if !bytes.is_empty() {
        let header = out.len();
        out.extend_from_slice(&[2, 0, FILTER_LZMA2 as u8, 1, DICTIONARY.1, 0, 0, 0]);
        put_crc32(&mut out, header);
        let mut options = Lzma2Options::with_preset(6);
        options.lzma_options.dict_size = DICTIONARY.0;
        let mut writer = Lzma2Writer::new(Sink(out), options);
        writer.write_all(bytes).map_err(|_| Cause::TooLarge)?;
        out = writer.finish().map_err(|_| Cause::TooLarge)?.0;
        sizes = Some((out.len() - header + 4, bytes.len()));
        pad(&mut out);
        out.extend_from_slice(&crc32(bytes).to_le_bytes());
    }

    let index = out.len();
    out.push(0);
    put_number(&mut out, u64::from(sizes.is_some()));
    if let Some((unpadded, unpacked)) = sizes {
        put_number(&mut out, unpadded as u64);
        put_number(&mut out, unpacked as u64);
    }
    pad(&mut out);
    put_crc32(&mut out, index);

    let mut footer = ((out.len() - index) as u32 / 4 - 1).to_le_bytes().to_vec();
    footer.extend_from_slice(&flags);
    out.extend_from_slice(&crc32(&footer).to_le_bytes());
    out.extend_from_slice(&footer);
    out.extend_from_slice(&FOOTER_MAGIC);
    Ok(out)
}
