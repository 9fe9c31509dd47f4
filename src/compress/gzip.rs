//! gzip: RFC 1952 around the deflate of miniz_oxide.

use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress as inflate};

use super::checksum::crc32;
use super::{Cause, take, take_slice};

const FHCRC: u8 = 2;
const FEXTRA: u8 = 4;
const FNAME: u8 = 8;
const FCOMMENT: u8 = 16;
const RESERVED: u8 = 0xe0;

/// What is worth its time for an archive that is unpacked at every boot.
const LEVEL: u8 = 9;

/// Unpacks one member behind what `out` holds.
pub fn decompress(bytes: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<usize, Cause> {
    let mut rest = bytes;
    header(bytes, &mut rest)?;

    let start = out.len();
    let mut state = Box::<DecompressorOxide>::default();
    let mut filled = start;
    out.resize(limit.min(start.saturating_add(bytes.len().saturating_mul(2)).max(4096)), 0);
    loop {
        let (status, used, written) =
            inflate(&mut state, rest, out, filled, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF);
        rest = rest.get(used..).unwrap_or_default();
        filled += written;
        match status {
            TINFLStatus::Done => break,
            TINFLStatus::HasMoreOutput if out.len() < limit => {
                out.resize(limit.min(out.len().saturating_mul(2)), 0);
            }
            TINFLStatus::HasMoreOutput => return Err(Cause::TooLarge),
            TINFLStatus::FailedCannotMakeProgress | TINFLStatus::NeedsMoreInput => {
                return Err(Cause::Truncated);
            }
            _ => return Err(Cause::Corrupt),
        }
    }
    out.truncate(filled);

    let sum = u32::from_le_bytes(take(&mut rest)?);
    let length = u32::from_le_bytes(take(&mut rest)?);
    let data = out.get(start..).unwrap_or_default();
    if crc32(data) != sum || data.len() as u32 != length {
        return Err(Cause::Checksum);
    }
    Ok(bytes.len() - rest.len())
}

/// Moves `rest`, a tail of `bytes`, past the header of a member.
fn header(bytes: &[u8], rest: &mut &[u8]) -> Result<(), Cause> {
    let [id1, id2, method, flags, ..] = take::<10>(rest)?;
    if (id1, id2) != (0x1f, 0x8b) {
        return Err(Cause::Corrupt);
    }
    if method != 8 || flags & RESERVED != 0 {
        return Err(Cause::Unsupported);
    }
    if flags & FEXTRA != 0 {
        let length = u16::from_le_bytes(take(rest)?);
        take_slice(rest, usize::from(length))?;
    }
    for text in [FNAME, FCOMMENT] {
        if flags & text != 0 {
            let end = rest.iter().position(|&b| b == 0).ok_or(Cause::Truncated)?;
            take_slice(rest, end + 1)?;
        }
    }
    if flags & FHCRC != 0 {
        let covered = bytes.get(..bytes.len() - rest.len()).unwrap_or_default();
        if u16::from_le_bytes(take(rest)?) != crc32(covered) as u16 {
            return Err(Cause::Checksum);
        }
    }
    Ok(())
}

/// One member without name or time, so that equal input gives equal output.
pub fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3];
    out.extend_from_slice(&compress_to_vec(bytes, LEVEL));
    out.extend_from_slice(&crc32(bytes).to_le_bytes());
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out
}
