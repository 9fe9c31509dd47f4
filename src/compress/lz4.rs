//! lz4 frames around the blocks of lz4_flex.
//!
//! Written is the legacy frame, the only one that the kernel unpacks
//! (lib/decompress_unlz4.c): a magic number, then blocks of 8 MiB, each behind
//! its packed length. Read are that and the present frame (LZ4 Frame Format
//! 1.6.4), also with linked blocks, without dictionaries.

use lz4_flex::block;

use super::checksum::xxh32;
use super::{Cause, take, take_slice};

/// Begins a legacy frame.
pub const LEGACY_MAGIC: [u8; 4] = [0x02, 0x21, 0x4c, 0x18];
/// Begins a present frame.
pub const FRAME_MAGIC: [u8; 4] = [0x04, 0x22, 0x4d, 0x18];

/// What a legacy block unpacks to, but for the last.
const LEGACY_BLOCK: usize = 8 << 20;

/// How far back a linked block may refer.
const WINDOW: usize = 64 << 10;

/// Unpacks one frame behind what `out` holds.
pub fn decompress(bytes: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<usize, Cause> {
    let mut rest = bytes;
    match take::<4>(&mut rest)? {
        LEGACY_MAGIC => legacy(&mut rest, limit, out)?,
        FRAME_MAGIC => frame(&mut rest, limit, out)?,
        _ => return Err(Cause::Corrupt),
    }
    Ok(bytes.len() - rest.len())
}

fn legacy(rest: &mut &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), Cause> {
    loop {
        let mut ahead = *rest;
        // The frame ends where no block follows: at the end, at padding, at
        // another frame.
        let Ok(head) = take::<4>(&mut ahead) else {
            return if rest.iter().all(|&b| b == 0) { Ok(()) } else { Err(Cause::Truncated) };
        };
        let length = u32::from_le_bytes(head) as usize;
        if length == 0 || head == LEGACY_MAGIC || head == FRAME_MAGIC {
            return Ok(());
        }
        if length > block::get_maximum_output_size(LEGACY_BLOCK) {
            return Err(Cause::Corrupt);
        }
        let packed = take_slice(&mut ahead, length)?;
        let written = append(packed, LEGACY_BLOCK, 0, limit, out)?;
        *rest = ahead;
        if written < LEGACY_BLOCK {
            return Ok(());
        }
    }
}

/// Unpacks a block of at most `most` bytes behind what `out` holds, which it
/// may refer to for `history` bytes. Returns how many came.
fn append(
    packed: &[u8],
    most: usize,
    history: usize,
    limit: usize,
    out: &mut Vec<u8>,
) -> Result<usize, Cause> {
    let start = out.len();
    let room = limit.saturating_sub(start);
    // A byte of a block stands for 255 at most, so a short block cannot make
    // us allocate a large buffer.
    let size = most.min(packed.len().saturating_mul(255).saturating_add(16));
    let history = out.get(start - history.min(start)..).unwrap_or_default().to_vec();
    out.resize(start + size.min(room), 0);
    let target = out.get_mut(start..).unwrap_or_default();
    let result = block::decompress_into_with_dict(packed, target, &history);
    let written = match result {
        Ok(n) => n,
        Err(block::DecompressError::OutputTooSmall { .. }) if room < size => {
            return Err(Cause::TooLarge);
        }
        Err(_) => return Err(Cause::Corrupt),
    };
    out.truncate(start + written);
    Ok(written)
}

fn frame(rest: &mut &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), Cause> {
    let start = out.len();
    let descriptor = *rest;
    let [flags, sizes] = take(rest)?;
    if flags >> 6 != 1 || flags & 2 != 0 || sizes & 0x8f != 0 {
        return Err(Cause::Unsupported);
    }
    let linked = flags & 0x20 == 0;
    let most = match sizes >> 4 {
        4 => 64 << 10,
        5 => 256 << 10,
        6 => 1 << 20,
        7 => 4 << 20,
        _ => return Err(Cause::Corrupt),
    };
    let length = if flags & 8 != 0 { Some(u64::from_le_bytes(take(rest)?)) } else { None };
    if flags & 1 != 0 {
        return Err(Cause::Unsupported);
    }
    let covered = descriptor.get(..descriptor.len() - rest.len()).unwrap_or_default();
    let [sum] = take(rest)?;
    if (xxh32(covered) >> 8) as u8 != sum {
        return Err(Cause::Checksum);
    }
    loop {
        let head = u32::from_le_bytes(take(rest)?);
        if head == 0 {
            break;
        }
        let data = take_slice(rest, (head & 0x7fff_ffff) as usize)?;
        if data.len() > most {
            return Err(Cause::Corrupt);
        }
        if flags & 0x10 != 0 && u32::from_le_bytes(take(rest)?) != xxh32(data) {
            return Err(Cause::Checksum);
        }
        if head >> 31 == 1 {
            if data.len() > limit.saturating_sub(out.len()) {
                return Err(Cause::TooLarge);
            }
            out.extend_from_slice(data);
        } else {
            let history = if linked { WINDOW.min(out.len() - start) } else { 0 };
            append(data, most, history, limit, out)?;
        }
    }
    let data = out.get(start..).unwrap_or_default();
    if flags & 4 != 0 && u32::from_le_bytes(take(rest)?) != xxh32(data) {
        return Err(Cause::Checksum);
    }
    if length.is_some_and(|n| n != data.len() as u64) {
        return Err(Cause::Checksum);
    }
    Ok(())
}

/// A legacy frame.
pub fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut out = LEGACY_MAGIC.to_vec();
    for part in bytes.chunks(LEGACY_BLOCK) {
        let packed = block::compress(part);
        // Its length cannot exceed 8 MiB by much.
        out.extend_from_slice(&(packed.len() as u32).to_le_bytes());
        out.extend_from_slice(&packed);
    }
    out
}
