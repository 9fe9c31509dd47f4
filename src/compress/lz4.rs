//! lz4 frames around the blocks of lz4_flex.
//!
//! For the kernel the legacy frame is written, the only one that it unpacks
//! (lib/decompress_unlz4.c): a magic number, then blocks of 8 MiB, each behind
//! its packed length; for people the present frame (LZ4 Frame Format 1.6.4).
//! Both are read, also with linked blocks, without dictionaries.

use std::io::{self, Write};

use lz4_flex::block;

use super::checksum::{Xxh32, xxh32};
use super::{Cause, Decoder, Input, read_error};

/// Begins a legacy frame.
pub const LEGACY_MAGIC: [u8; 4] = [0x02, 0x21, 0x4c, 0x18];
/// Begins a present frame.
pub const FRAME_MAGIC: [u8; 4] = [0x04, 0x22, 0x4d, 0x18];

/// What a legacy block unpacks to, but for the last.
pub const LEGACY_BLOCK: usize = 8 << 20;

/// How far back a linked block may refer.
const WINDOW: usize = 64 << 10;

/// One frame.
#[derive(Default)]
pub struct Lz4 {
    kind: Kind,
    /// A packed block; what it unpacks to, behind what it may refer to.
    packed: Vec<u8>,
    data: Vec<u8>,
    sum: Xxh32,
    length: u64,
}

#[derive(Default)]
enum Kind {
    #[default]
    Unknown,
    Legacy,
    Frame {
        flags: u8,
        most: usize,
        length: Option<u64>,
    },
}

impl Decoder for Lz4 {
    fn step(&mut self, input: &mut Input, out: &mut Vec<u8>) -> Result<bool, Cause> {
        match self.kind {
            Kind::Unknown => {
                self.kind = match input.take()? {
                    LEGACY_MAGIC => Kind::Legacy,
                    FRAME_MAGIC => descriptor(input)?,
                    // a skippable frame
                    [0x50..=0x5f, 0x2a, 0x4d, 0x18] => {
                        let length = u32::from_le_bytes(input.take()?);
                        input.skip(u64::from(length))?;
                        return Ok(false);
                    }
                    _ => return Err(Cause::Corrupt),
                };
                Ok(true)
            }
            Kind::Legacy => self.legacy(input, out),
            Kind::Frame { flags, most, length } => self.frame(flags, most, length, input, out),
        }
    }
}

impl Lz4 {
    fn legacy(&mut self, input: &mut Input, out: &mut Vec<u8>) -> Result<bool, Cause> {
        // The frame ends where no block follows: at the end, at padding, at
        // another frame.
        let Some(&head) = input.peek(4)?.first_chunk() else {
            let padding = input.rest().iter().all(|&b| b == 0);
            return if padding { Ok(false) } else { Err(Cause::Truncated) };
        };
        let length = u32::from_le_bytes(head) as usize;
        if length == 0 || head == LEGACY_MAGIC || head == FRAME_MAGIC {
            return Ok(false);
        }
        if length > block::get_maximum_output_size(LEGACY_BLOCK) {
            return Err(Cause::Corrupt);
        }
        input.advance(4);
        self.packed.clear();
        input.append(length, &mut self.packed)?;
        self.data.clear();
        self.unpack(LEGACY_BLOCK)?;
        out.extend_from_slice(&self.data);
        Ok(self.data.len() >= LEGACY_BLOCK)
    }

    fn frame(
        &mut self,
        flags: u8,
        most: usize,
        length: Option<u64>,
        input: &mut Input,
        out: &mut Vec<u8>,
    ) -> Result<bool, Cause> {
        let head = u32::from_le_bytes(input.take()?);
        if head == 0 {
            let good = flags & 4 == 0 || u32::from_le_bytes(input.take()?) == self.sum.sum();
            if !good || length.is_some_and(|n| n != self.length) {
                return Err(Cause::Checksum);
            }
            return Ok(false);
        }
        let size = (head & 0x7fff_ffff) as usize;
        if size > most {
            return Err(Cause::Corrupt);
        }
        self.packed.clear();
        input.append(size, &mut self.packed)?;
        if flags & 0x10 != 0 && u32::from_le_bytes(input.take()?) != xxh32(&self.packed) {
            return Err(Cause::Checksum);
        }
        let linked = flags & 0x20 == 0;
        let history = if linked { WINDOW.min(self.data.len()) } else { 0 };
        self.data.drain(..self.data.len() - history);
        if head >> 31 == 1 {
            self.data.extend_from_slice(&self.packed);
        } else {
            self.unpack(most)?;
        }
        let data = self.data.get(history..).unwrap_or_default();
        self.length += data.len() as u64;
        if flags & 4 != 0 {
            self.sum.update(data);
        }
        out.extend_from_slice(data);
        Ok(true)
    }

    /// Unpacks a block of at most `most` bytes behind `data`, which it may
    /// refer to.
    fn unpack(&mut self, most: usize) -> Result<(), Cause> {
        let history = self.data.clone();
        let start = self.data.len();
        // A byte of a block stands for 255 at most, so a short block cannot make
        // us allocate a large buffer.
        let size = most.min(self.packed.len().saturating_mul(255).saturating_add(16));
        crate::sys::memory::resize(&mut self.data, start + size, 0);
        let target = self.data.get_mut(start..).unwrap_or_default();
        let written = block::decompress_into_with_dict(&self.packed, target, &history)
            .map_err(|_| Cause::Corrupt)?;
        self.data.truncate(start + written);
        Ok(())
    }
}

/// Reads what a present frame says of itself.
fn descriptor(input: &mut Input) -> Result<Kind, Cause> {
    let mut covered = input.take::<2>()?.to_vec();
    let &[flags, sizes] = covered.as_slice() else { return Err(Cause::Truncated) };
    if flags >> 6 != 1 || flags & 2 != 0 || sizes & 0x8f != 0 {
        return Err(Cause::Unsupported);
    }
    let most = match sizes >> 4 {
        4 => 64 << 10,
        5 => 256 << 10,
        6 => 1 << 20,
        7 => 4 << 20,
        _ => return Err(Cause::Corrupt),
    };
    let mut length = None;
    if flags & 8 != 0 {
        let bytes: [u8; 8] = input.take()?;
        covered.extend_from_slice(&bytes);
        length = Some(u64::from_le_bytes(bytes));
    }
    if flags & 1 != 0 {
        return Err(Cause::Unsupported);
    }
    if (xxh32(&covered) >> 8) as u8 != input.byte()? {
        return Err(Cause::Checksum);
    }
    Ok(Kind::Frame { flags, most, length })
}

/// Packs into a legacy frame.
pub fn pack_legacy(input: &mut Input, to: &mut dyn Write) -> io::Result<()> {
    to.write_all(&LEGACY_MAGIC)?;
    blocks(LEGACY_BLOCK, input, &mut |_, packed| {
        // Its length cannot exceed 8 MiB by much.
        to.write_all(&(packed.len() as u32).to_le_bytes())?;
        to.write_all(packed)
    })
}

/// Packs one block of a legacy frame.
pub fn pack_block(plain: &[u8], to: &mut Vec<u8>) {
    let packed = block::compress(plain);
    to.extend_from_slice(&(packed.len() as u32).to_le_bytes());
    to.extend_from_slice(&packed);
}

/// Packs into a present frame: independent blocks of 4 MiB, a checksum of all.
pub fn pack(input: &mut Input, to: &mut dyn Write) -> io::Result<()> {
    let descriptor = [0x64, 0x70];
    to.write_all(&FRAME_MAGIC)?;
    to.write_all(&descriptor)?;
    to.write_all(&[(xxh32(&descriptor) >> 8) as u8])?;
    let mut sum = Xxh32::new();
    blocks(4 << 20, input, &mut |plain, packed| {
        sum.update(plain);
        let (block, stored) =
            if packed.len() < plain.len() { (packed, 0) } else { (plain, 0x8000_0000) };
        to.write_all(&(block.len() as u32 | stored).to_le_bytes())?;
        to.write_all(block)
    })?;
    to.write_all(&[0; 4])?;
    to.write_all(&sum.sum().to_le_bytes())
}

/// What is to be done with a block as it is and packed.
type Take<'t> = dyn FnMut(&[u8], &[u8]) -> io::Result<()> + 't;

/// Gives each block of `size` bytes as it is and packed.
fn blocks(size: usize, input: &mut Input, take: &mut Take) -> io::Result<()> {
    loop {
        let plain = input.peek(size).map_err(read_error)?;
        let plain = plain.get(..size.min(plain.len())).unwrap_or_default();
        if plain.is_empty() {
            return Ok(());
        }
        take(plain, &block::compress(plain))?;
        let count = plain.len();
        input.advance(count);
    }
}
