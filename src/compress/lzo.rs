//! lzo: the files of lzop around blocks of LZO1X, which the kernel can unpack
//! (lib/decompress_unlzo.c, Documentation/staging/lzo.rst). Read only.

use super::checksum::crc32;
use super::{Cause, Decoder, Input};

/// Begins a file.
pub const MAGIC: [u8; 9] = [0x89, b'L', b'Z', b'O', 0, 0x0d, 0x0a, 0x1a, 0x0a];

const ADLER_PLAIN: u32 = 0x1;
const ADLER_PACKED: u32 = 0x2;
const EXTRA: u32 = 0x40;
const CRC_PLAIN: u32 = 0x100;
const CRC_PACKED: u32 = 0x200;
const FILTER: u32 = 0x800;
const MULTIPART: u32 = 0x400;

/// The most that a block unpacks to (lzop's own limit).
const MOST: usize = 64 << 20;

/// One file.
#[derive(Default)]
pub struct Lzo {
    flags: Option<u32>,
    packed: Vec<u8>,
}

impl Decoder for Lzo {
    fn step(&mut self, input: &mut Input, out: &mut Vec<u8>) -> Result<bool, Cause> {
        let Some(flags) = self.flags else {
            self.flags = Some(header(input)?);
            return Ok(true);
        };
        let size = number(input)? as usize;
        if size == 0 {
            return Ok(false);
        }
        let packed_size = number(input)? as usize;
        if size > MOST || packed_size > size {
            return Err(Cause::Corrupt);
        }
        let plain_sum = (flags & (ADLER_PLAIN | CRC_PLAIN) != 0).then(|| number(input));
        let plain_sum = plain_sum.transpose()?;
        // Both kinds may be there; the first is looked at.
        if flags & ADLER_PLAIN != 0 && flags & CRC_PLAIN != 0 {
            number(input)?;
        }
        if packed_size < size {
            for kind in [ADLER_PACKED, CRC_PACKED] {
                if flags & kind != 0 {
                    number(input)?;
                }
            }
        }
        let start = out.len();
        if packed_size == size {
            input.append(size, out)?;
        } else {
            self.packed.clear();
            input.append(packed_size, &mut self.packed)?;
            unpack(&self.packed, size, out)?;
        }
        let data = out.get(start..).unwrap_or_default();
        let sum = if flags & ADLER_PLAIN != 0 { adler32(data) } else { crc32(data) };
        if data.len() != size || plain_sum.is_some_and(|n| n != sum) {
            return Err(Cause::Checksum);
        }
        Ok(true)
    }
}

fn number(input: &mut Input) -> Result<u32, Cause> {
    Ok(u32::from_be_bytes(input.take()?))
}

/// Reads the header; gives the flags.
fn header(input: &mut Input) -> Result<u32, Cause> {
    if input.take()? != MAGIC {
        return Err(Cause::Corrupt);
    }
    let mut covered = Vec::new();
    let mut more = |input: &mut Input, count: usize| -> Result<(), Cause> {
        input.append(count, &mut covered)
    };
    let version = u16::from_be_bytes(*input.peek(2)?.first_chunk().ok_or(Cause::Truncated)?);
    more(input, 4)?;
    if version >= 0x0940 {
        more(input, 2)?;
    }
    let &[method, ..] = input.peek(1)? else { return Err(Cause::Truncated) };
    if !(1..=3).contains(&method) {
        return Err(Cause::Unsupported);
    }
    more(input, if version >= 0x0940 { 2 } else { 1 })?;
    let flags = u32::from_be_bytes(*input.peek(4)?.first_chunk().ok_or(Cause::Truncated)?);
    more(input, 4)?;
    if flags & MULTIPART != 0 {
        return Err(Cause::Unsupported);
    }
    if flags & FILTER != 0 {
        more(input, 4)?;
    }
    more(input, if version >= 0x0940 { 12 } else { 8 })?;
    let &[name, ..] = input.peek(1)? else { return Err(Cause::Truncated) };
    more(input, usize::from(name) + 1)?;
    let sum = number(input)?;
    let good = if flags & 0x1000 != 0 { crc32(&covered) } else { adler32(&covered) };
    if sum != good {
        return Err(Cause::Checksum);
    }
    if flags & EXTRA != 0 {
        let length = number(input)?;
        input.skip(u64::from(length) + 4)?;
    }
    Ok(flags)
}

/// Adler-32 of RFC 1950.
fn adler32(bytes: &[u8]) -> u32 {
    let (mut a, mut b) = (1u32, 0u32);
    // As many as leave no overflow.
    for part in bytes.chunks(5552) {
        for &byte in part {
            a += u32::from(byte);
            b += a;
        }
        a %= 65521;
        b %= 65521;
    }
    b << 16 | a
}

/// A run's length: what the opcode says, or for 0 one byte and more.
fn length(code: usize, bias: usize, rest: &mut &[u8]) -> Result<usize, Cause> {
    if code != 0 {
        return Ok(code);
    }
    let mut length = bias;
    loop {
        let (&byte, behind) = rest.split_first().ok_or(Cause::Truncated)?;
        *rest = behind;
        if byte != 0 {
            return Ok(length + usize::from(byte));
        }
        length += 255;
    }
}

/// Unpacks one block of LZO1X of at most `most` bytes behind `out`.
fn unpack(packed: &[u8], most: usize, out: &mut Vec<u8>) -> Result<(), Cause> {
    let start = out.len();
    let mut rest = packed;
    let next = |rest: &mut &[u8]| -> Result<usize, Cause> {
        let (&byte, behind) = rest.split_first().ok_or(Cause::Truncated)?;
        *rest = behind;
        Ok(usize::from(byte))
    };
    // How many literals came last: 0, 1 to 3, or 4 for more.
    let mut state = 0;
    let mut literals = 0;
    if let Some(&first @ 18..) = rest.first() {
        next(&mut rest)?;
        literals = usize::from(first) - 17;
    }
    loop {
        if literals > 0 {
            let (run, behind) = rest.split_at_checked(literals).ok_or(Cause::Truncated)?;
            if out.len() - start + literals > most {
                return Err(Cause::Corrupt);
            }
            out.extend_from_slice(run);
            rest = behind;
            state = literals.min(4);
        }
        let code = next(&mut rest)?;
        let (count, distance, trailing);
        match code {
            0..16 if state == 0 => {
                literals = length(code, 15, &mut rest)? + 3;
                continue;
            }
            0..16 => {
                let high = next(&mut rest)?;
                trailing = code & 3;
                if state == 4 {
                    (count, distance) = (3, (high << 2) + (code >> 2) + 2049);
                } else {
                    (count, distance) = (2, (high << 2) + (code >> 2) + 1);
                }
            }
            16..32 => {
                count = length(code & 7, 7, &mut rest)? + 2;
                let low = next(&mut rest)?;
                let far = ((code & 8) << 11) + (next(&mut rest)? << 6) + (low >> 2);
                if far == 0 {
                    return Ok(());
                }
                distance = far + 16384;
                trailing = low & 3;
            }
            32..64 => {
                count = length(code & 31, 31, &mut rest)? + 2;
                let low = next(&mut rest)?;
                distance = (next(&mut rest)? << 6) + (low >> 2) + 1;
                trailing = low & 3;
            }
            _ => {
                count = (code >> 5) + 1;
                distance = (next(&mut rest)? << 3) + (code >> 2 & 7) + 1;
                trailing = code & 3;
            }
        }
        let mut from = out.len().checked_sub(distance).ok_or(Cause::Corrupt)?;
        if from < start || out.len() - start + count > most {
            return Err(Cause::Corrupt);
        }
        let mut left = count;
        while left > 0 {
            // Of a match that overlaps itself, as much as is there.
            let now = left.min(out.len() - from);
            out.extend_from_within(from..from + now);
            from += now;
            left -= now;
        }
        literals = trailing;
        state = 0;
        if trailing > 0 {
            state = trailing;
        }
    }
}
