//! Packing on all processors: the input in parts that are packed each for
//! itself and put together to one member, stream or frame. The parts have the
//! same size everywhere, so the same bytes always give the same result.

use std::io::{self, Write};
use std::sync::Mutex;

use super::checksum::Crc32;
use super::{Format, Input, Packing, gzip, lz4, read_error, xz, zstd};
use crate::sys::parallel::{in_parallel, processors};

/// Parts of no more bytes are in memory at once.
const MOST: usize = 64 << 20;

/// How long the parts are, of the formats that can be put together.
pub fn size(format: Format) -> Option<usize> {
    Some(match format {
        Format::Gzip => 1 << 20,
        Format::Zstd => zstd::PART,
        Format::Xz => 4 << 20,
        Format::Lz4 => lz4::LEGACY_BLOCK,
        _ => return None,
    })
}

/// A part, packed.
#[derive(Default)]
pub struct Part {
    /// What goes into the file.
    pub bytes: Vec<u8>,
    /// Of xz the length that the index has: without padding.
    pub length: u64,
}

/// Packs all of `input` in parts of `size` bytes.
pub fn pack(how: &Packing, size: usize, input: &mut Input, to: &mut dyn Write) -> io::Result<()> {
    let most = (MOST / size).min(4 * processors()).max(1);
    let mut sum = Crc32::new();
    let mut total: u32 = 0;
    let mut begun = false;
    let mut index = Vec::new();
    let mut last = false;
    while !last {
        let mut plain: Vec<Vec<u8>> = Vec::new();
        while plain.len() < most && !last {
            let mut part = Vec::new();
            fill(size, input, &mut part)?;
            last = part.len() < size;
            // Nothing is a part only when it is all.
            if !part.is_empty() || !begun && plain.is_empty() {
                plain.push(part);
            }
        }
        let packed: Vec<Mutex<io::Result<Part>>> =
            plain.iter().map(|_| Mutex::new(Ok(Part::default()))).collect();
        in_parallel(plain.len(), &|number| {
            if let (Some(part), Some(slot)) = (plain.get(number), packed.get(number))
                && let Ok(mut slot) = slot.lock()
            {
                *slot = one(how, part);
            }
        });
        for (plain, packed) in plain.iter().zip(packed) {
            let part = packed.into_inner().unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))?;
            match how.format {
                Format::Gzip if !begun => to.write_all(&gzip::head(how.level, &how.header))?,
                Format::Lz4 if !begun => to.write_all(&lz4::LEGACY_MAGIC)?,
                Format::Xz if !begun => to.write_all(&xz::stream_head())?,
                Format::Zstd if !begun => to.write_all(&zstd::HEAD)?,
                _ => {}
            }
            begun = true;
            match how.format {
                Format::Gzip => {
                    sum.update(plain);
                    total = total.wrapping_add(plain.len() as u32);
                    to.write_all(&part.bytes)?;
                }
                _ => to.write_all(&part.bytes)?,
            }
            if !plain.is_empty() {
                index.push((part.length, plain.len() as u64));
            }
        }
    }
    match how.format {
        Format::Gzip => {
            // An empty last block.
            to.write_all(&[3, 0])?;
            to.write_all(&sum.sum().to_le_bytes())?;
            to.write_all(&total.to_le_bytes())
        }
        Format::Zstd => to.write_all(&zstd::LAST_BLOCK),
        Format::Xz => to.write_all(&xz::stream_tail(&index)),
        _ => Ok(()),
    }
}

/// The next `size` bytes, or what is left.
pub fn fill(size: usize, input: &mut Input, part: &mut Vec<u8>) -> io::Result<()> {
    while part.len() < size {
        let some = input.some().map_err(read_error)?;
        let count = some.len().min(size - part.len());
        if count == 0 {
            break;
        }
        part.extend_from_slice(some.get(..count).unwrap_or_default());
        input.advance(count);
    }
    Ok(())
}

fn one(how: &Packing, plain: &[u8]) -> io::Result<Part> {
    let mut part = Part::default();
    if plain.is_empty() {
        return Ok(part);
    }
    match how.format {
        Format::Gzip => gzip::pack_part(how.level, plain, &mut part.bytes)?,
        Format::Zstd => zstd::pack_part(how.level, plain, &mut part.bytes),
        Format::Xz => part.length = xz::pack_block(how.level, plain, &mut part.bytes)?,
        _ => lz4::pack_block(plain, &mut part.bytes),
    }
    Ok(part)
}
