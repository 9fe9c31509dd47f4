//! The .xz container (version 1.2.1 of its specification) and the older .lzma
//! file around the LZMA of lzma-rust2. The container of that crate is left out
//! for its size (threads, SHA-256).
//!
//! Read: any number of blocks; LZMA2 alone or behind one branch or delta
//! filter; checks CRC32 and CRC64 (others are passed over). Written: one block,
//! CRC32, a dictionary of 1 MiB, as the kernel's documentation advises
//! (Documentation/staging/xz.rst).

use std::io;

use lzma_rust2::{
    Action, FilterConfig, FilterType, Lzma2Options, Lzma2Stream, Lzma2Writer, LzmaOptions,
    LzmaStream, LzmaWriter, Status, StreamResult, Write,
};

use super::checksum::{Crc32, Crc64, crc32};
use super::{Cause, Decoder, Input, read_error, take_slice};

const MAGIC: [u8; 6] = *b"\xfd7zXZ\0";
const FOOTER_MAGIC: [u8; 2] = *b"YZ";
const FILTER_LZMA2: u64 = 0x21;

/// Larger dictionaries are refused; kernel images have this one.
const MOST_DICTIONARY: u32 = 128 << 20;
/// The dictionary of what is written here, and its code in a block header.
const DICTIONARY: (u32, u8) = (1 << 20, 16);
const CHECK_CRC32: u8 = 1;
/// What is written has this check.
const STREAM_FLAGS: [u8; 2] = [0, CHECK_CRC32];

/// How much is unpacked at once.
const STEP: usize = 64 << 10;

/// A checksum of what comes out of a block.
enum Check {
    Other(usize),
    Crc32(Crc32),
    Crc64(Crc64),
}

impl Check {
    /// The check of this number; the unknown ones have a size by section
    /// 2.1.1.2.
    fn of_number(number: u8) -> Check {
        match number {
            CHECK_CRC32 => Check::Crc32(Crc32::new()),
            4 => Check::Crc64(Crc64::new()),
            0 => Check::Other(0),
            _ => Check::Other(4 << ((usize::from(number) - 1) / 3)),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Check::Other(_) => {}
            Check::Crc32(crc) => crc.update(bytes),
            Check::Crc64(crc) => crc.update(bytes),
        }
    }

    /// Reads what the sum should be; gives its size.
    fn compare(&mut self, input: &mut Input) -> Result<u64, Cause> {
        let (good, size) = match self {
            Check::Other(size) => {
                input.skip(*size as u64)?;
                (true, *size as u64)
            }
            Check::Crc32(crc) => {
                let sum = crc.sum();
                crc.reset();
                (u32::from_le_bytes(input.take()?) == sum, 4)
            }
            Check::Crc64(crc) => {
                let sum = crc.sum();
                crc.reset();
                (u64::from_le_bytes(input.take()?) == sum, 8)
            }
        };
        if good { Ok(size) } else { Err(Cause::Checksum) }
    }
}

/// A block in the middle of being unpacked.
struct Block {
    packed_size: Option<u64>,
    unpacked_size: Option<u64>,
    stream: Lzma2Stream,
    /// Where its header began, and its body.
    start: u64,
    body: u64,
    unpacked: u64,
}

/// One stream.
#[derive(Default)]
pub struct Xz {
    check: Option<(Check, [u8; 2])>,
    block: Option<Box<Block>>,
    /// What the index must repeat, unpadded and unpacked size of each block: a
    /// checksum of it, with its length.
    sizes: Crc32,
    blocks: u64,
}

impl Decoder for Xz {
    fn step(&mut self, input: &mut Input, out: &mut Vec<u8>) -> Result<bool, Cause> {
        let Some((check, flags)) = &mut self.check else {
            self.check = Some(stream_header(input)?);
            return Ok(true);
        };
        let Some(block) = &mut self.block else {
            if *input.some()?.first().ok_or(Cause::Truncated)? == 0 {
                let size = index(input, self.blocks, self.sizes.sum())?;
                footer(input, *flags, size)?;
                return Ok(false);
            }
            self.block = Some(block_header(input)?);
            return Ok(true);
        };
        let start = out.len();
        let more = feed(input, out, &mut |packed, room, action| {
            block.stream.process(packed, room, action)
        })?;
        let data = out.get(start..).unwrap_or_default();
        block.unpacked += data.len() as u64;
        check.update(data);
        if more {
            return Ok(true);
        }
        let end = input.offset();
        if block.packed_size.is_some_and(|n| n != end - block.body)
            || block.unpacked_size.is_some_and(|n| n != block.unpacked)
        {
            return Err(Cause::Corrupt);
        }
        let unpadded = end - block.start;
        padding(input, unpadded)?;
        let unpadded = unpadded + check.compare(input)?;
        let mut sizes = Vec::new();
        put_number(&mut sizes, unpadded);
        put_number(&mut sizes, block.unpacked);
        self.sizes.update(&sizes);
        self.blocks += 1;
        self.block = None;
        Ok(true)
    }
}

/// A decoder of the crate.
type Process<'p> = dyn FnMut(&[u8], &mut [u8], Action) -> lzma_rust2::Result<StreamResult> + 'p;

/// Lets a decoder of the crate take from `input` and put behind `out`. Says
/// whether more will come.
fn feed(input: &mut Input, out: &mut Vec<u8>, process: &mut Process) -> Result<bool, Cause> {
    let start = out.len();
    crate::sys::memory::resize(out, start + STEP, 0);
    let mut filled = start;
    let result = loop {
        let some = input.some()?;
        let action = if some.is_empty() { Action::Finish } else { Action::Run };
        let room = out.get_mut(filled..).unwrap_or_default();
        let result = match process(some, room, action) {
            Ok(result) => result,
            Err(lzma_rust2::Error::Eof) => break Err(Cause::Truncated),
            Err(lzma_rust2::Error::OutOfMemory(_)) => break Err(Cause::TooLarge),
            Err(_) if action == Action::Finish => break Err(Cause::Truncated),
            Err(_) => break Err(Cause::Corrupt),
        };
        input.advance(result.bytes_consumed);
        filled += result.bytes_produced;
        if result.status == Status::StreamEnd {
            break Ok(false);
        }
        if filled >= start + STEP {
            break Ok(true);
        }
        if result.bytes_consumed == 0 && result.bytes_produced == 0 {
            // It waits for more, and there is none.
            break Err(if action == Action::Finish { Cause::Truncated } else { Cause::Corrupt });
        }
    };
    out.truncate(filled);
    result
}

fn stream_header(input: &mut Input) -> Result<(Check, [u8; 2]), Cause> {
    if input.take()? != MAGIC {
        return Err(Cause::Corrupt);
    }
    let flags: [u8; 2] = input.take()?;
    if u32::from_le_bytes(input.take()?) != crc32(&flags) {
        return Err(Cause::Checksum);
    }
    match flags {
        [0, check @ 0..16] => Ok((Check::of_number(check), flags)),
        _ => Err(Cause::Unsupported),
    }
}

fn footer(input: &mut Input, flags: [u8; 2], index_size: u64) -> Result<(), Cause> {
    let sum = u32::from_le_bytes(input.take()?);
    let footer: [u8; 6] = input.take()?;
    if input.take()? != FOOTER_MAGIC {
        return Err(Cause::Corrupt);
    }
    let [a, b, c, d, footer_flags @ ..] = footer;
    let backward = u64::from(u32::from_le_bytes([a, b, c, d]));
    if sum != crc32(&footer) || footer_flags != flags || (backward + 1) * 4 != index_size {
        return Err(Cause::Checksum);
    }
    Ok(())
}

fn block_header(input: &mut Input) -> Result<Box<Block>, Cause> {
    let start = input.offset();
    let size = (usize::from(*input.some()?.first().ok_or(Cause::Truncated)?) + 1) * 4;
    let mut covered = Vec::new();
    input.append(size - 4, &mut covered)?;
    if u32::from_le_bytes(input.take()?) != crc32(&covered) {
        return Err(Cause::Checksum);
    }
    let mut fields = covered.as_slice();
    let &[_, flags] = take_slice(&mut fields, 2)? else { return Err(Cause::Truncated) };
    if flags & 0x3c != 0 {
        return Err(Cause::Unsupported);
    }
    let mut optional = |bit: u8| -> Result<Option<u64>, Cause> {
        if flags & bit != 0 { number(&mut fields).map(Some) } else { Ok(None) }
    };
    let (packed_size, unpacked_size) = (optional(0x40)?, optional(0x80)?);
    let mut filter = None;
    for _ in 0..flags & 3 {
        let id = number(&mut fields)?;
        let length = usize::try_from(number(&mut fields)?).map_err(|_| Cause::Corrupt)?;
        let properties = take_slice(&mut fields, length)?;
        let (filter_type, property) = match (id, properties) {
            (3, &[distance]) => (FilterType::Delta, u32::from(distance) + 1),
            (_, []) => (branch(id)?, 0),
            (_, &[a, b, c, d]) => (branch(id)?, u32::from_le_bytes([a, b, c, d])),
            _ => return Err(Cause::Unsupported),
        };
        if filter.replace(FilterConfig { filter_type, property }).is_some() {
            return Err(Cause::Unsupported);
        }
    }
    let (id, length) = (number(&mut fields)?, number(&mut fields)?);
    if id != FILTER_LZMA2 || length != 1 {
        return Err(Cause::Unsupported);
    }
    let mut stream = Lzma2Stream::new(dictionary_size(take_slice(&mut fields, 1)?)?);
    if let Some(filter) = filter {
        stream.set_filters(&[filter]).map_err(|_| Cause::Unsupported)?;
    }
    let body = input.offset();
    Ok(Box::new(Block { packed_size, unpacked_size, stream, start, body, unpacked: 0 }))
}

/// Section 5.3.2.
fn branch(id: u64) -> Result<FilterType, Cause> {
    Ok(match id {
        4 => FilterType::BcjX86,
        5 => FilterType::BcjPpc,
        6 => FilterType::BcjIa64,
        7 => FilterType::BcjArm,
        8 => FilterType::BcjArmThumb,
        9 => FilterType::BcjSparc,
        0x0a => FilterType::BcjArm64,
        0x0b => FilterType::BcjRiscv,
        _ => return Err(Cause::Unsupported),
    })
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

/// Zeros up to a multiple of four behind `length` bytes.
fn padding(input: &mut Input, length: u64) -> Result<(), Cause> {
    for _ in length..length.next_multiple_of(4) {
        if input.byte()? != 0 {
            return Err(Cause::Corrupt);
        }
    }
    Ok(())
}

/// Reads the index, which must say what the blocks were; returns its size.
fn index(input: &mut Input, blocks: u64, sizes: u32) -> Result<u64, Cause> {
    let start = input.offset();
    let mut all = Crc32::new();
    let mut next = |input: &mut Input| -> Result<u8, Cause> {
        let byte = input.byte()?;
        all.update(&[byte]);
        Ok(byte)
    };
    next(input)?;
    let mut count = 0;
    let mut shift = 0;
    loop {
        let byte = next(input)?;
        count |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            break;
        }
        if shift >= 63 {
            return Err(Cause::Corrupt);
        }
    }
    if count != blocks {
        return Err(Cause::Corrupt);
    }
    let mut seen = Crc32::new();
    for _ in 0..blocks.saturating_mul(2) {
        loop {
            let byte = next(input)?;
            seen.update(&[byte]);
            if byte & 0x80 == 0 {
                break;
            }
        }
    }
    if seen.sum() != sizes {
        return Err(Cause::Corrupt);
    }
    while !(input.offset() - start).is_multiple_of(4) {
        if next(input)? != 0 {
            return Err(Cause::Corrupt);
        }
    }
    if u32::from_le_bytes(input.take()?) != all.sum() {
        return Err(Cause::Checksum);
    }
    Ok(input.offset() - start)
}

/// A number of seven bits a byte, the lowest first, at most nine bytes.
fn number(rest: &mut &[u8]) -> Result<u64, Cause> {
    let mut value = 0;
    for nth in 0..9 {
        let &[byte] = take_slice(rest, 1)? else { return Err(Cause::Truncated) };
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

/// An older file: LZMA behind thirteen bytes of properties and sizes.
pub struct Lzma(LzmaStream);

impl Default for Lzma {
    fn default() -> Lzma {
        // In KiB; with something for the tables beside the dictionary.
        Lzma(LzmaStream::new_mem_limit(MOST_DICTIONARY / 1024 + 4096, None))
    }
}

impl Decoder for Lzma {
    fn step(&mut self, input: &mut Input, out: &mut Vec<u8>) -> Result<bool, Cause> {
        feed(input, out, &mut |packed, room, action| self.0.process(packed, room, action))
    }
}

/// Where packed bytes go, as the crate wants it, which keeps what went wrong.
struct Sink<'o> {
    to: &'o mut dyn io::Write,
    count: u64,
    result: io::Result<()>,
}

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> lzma_rust2::Result<usize> {
        self.count += bytes.len() as u64;
        if self.result.is_ok() {
            self.result = self.to.write_all(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> lzma_rust2::Result<()> {
        Ok(())
    }
}

fn options(level: u8) -> LzmaOptions {
    let mut options = LzmaOptions::with_preset(u32::from(level.min(9)));
    options.dict_size = DICTIONARY.0.max(if level > 6 { options.dict_size } else { 0 });
    options
}

/// What the crate says of its own.
fn broken(_: lzma_rust2::Error) -> io::Error {
    io::ErrorKind::OutOfMemory.into()
}

/// Packs all of `input`, and gives what `sum` made of it, as its length.
fn pour(input: &mut Input, sum: &mut Crc32, to: &mut dyn Write) -> io::Result<u64> {
    let start = input.offset();
    loop {
        let some = input.some().map_err(read_error)?;
        if some.is_empty() {
            return Ok(input.offset() - start);
        }
        sum.update(some);
        to.write_all(some).map_err(broken)?;
        let count = some.len();
        input.advance(count);
    }
}

/// Packs into an older file, its length unknown at the start.
pub fn pack_lzma(level: u8, input: &mut Input, to: &mut dyn io::Write) -> io::Result<()> {
    let sink = Sink { to, count: 0, result: Ok(()) };
    let mut writer = LzmaWriter::new_use_header(sink, &options(level), None).map_err(broken)?;
    pour(input, &mut Crc32::new(), &mut writer)?;
    writer.finish().map_err(broken)?.result
}

/// Packs into one stream of one block; of none for no bytes.
pub fn pack(level: u8, input: &mut Input, to: &mut dyn io::Write) -> io::Result<()> {
    to.write_all(&stream_head())?;
    let mut index = Vec::new();
    if !input.is_at_end().map_err(read_error)? {
        index.push(block(level, input, to)?);
    }
    to.write_all(&stream_tail(&index))
}

/// Packs one block, and gives its length without padding.
pub fn pack_block(level: u8, plain: &[u8], to: &mut Vec<u8>) -> io::Result<u64> {
    Ok(block(level, &mut Input::of_slice(plain), to)?.0)
}

/// What a stream begins with.
pub fn stream_head() -> Vec<u8> {
    let mut head = MAGIC.to_vec();
    head.extend_from_slice(&STREAM_FLAGS);
    put_crc32(&mut head, MAGIC.len());
    head
}

/// Index and footer behind blocks of these unpadded and unpacked sizes.
pub fn stream_tail(blocks: &[(u64, u64)]) -> Vec<u8> {
    let mut tail = vec![0];
    put_number(&mut tail, blocks.len() as u64);
    for &(unpadded, unpacked) in blocks {
        put_number(&mut tail, unpadded);
        put_number(&mut tail, unpacked);
    }
    tail.resize(tail.len().next_multiple_of(4), 0);
    put_crc32(&mut tail, 0);
    let mut footer = (tail.len() as u32 / 4 - 1).to_le_bytes().to_vec();
    footer.extend_from_slice(&STREAM_FLAGS);
    tail.extend_from_slice(&crc32(&footer).to_le_bytes());
    tail.extend_from_slice(&footer);
    tail.extend_from_slice(&FOOTER_MAGIC);
    tail
}

/// Packs all of `input` into a block, and gives its unpadded and unpacked size.
fn block(level: u8, input: &mut Input, to: &mut dyn io::Write) -> io::Result<(u64, u64)> {
    let options = options(level);
    let mut code = DICTIONARY.1;
    while code < 40 && dictionary_size(&[code]).unwrap_or(u32::MAX) < options.dict_size {
        code += 1;
    }
    let mut head = vec![2, 0, FILTER_LZMA2 as u8, 1, code, 0, 0, 0];
    put_crc32(&mut head, 0);
    to.write_all(&head)?;
    let mut sum = Crc32::new();
    let sink = Sink { to: &mut *to, count: 0, result: Ok(()) };
    let mut packing = Lzma2Options::with_preset(0);
    packing.lzma_options = options;
    let mut writer = Lzma2Writer::new(sink, packing);
    let unpacked = pour(input, &mut sum, &mut writer)?;
    let sink = writer.finish().map_err(broken)?;
    let unpadded = head.len() as u64 + sink.count;
    sink.result?;
    let mut tail = vec![0; (unpadded.next_multiple_of(4) - unpadded) as usize];
    tail.extend_from_slice(&sum.sum().to_le_bytes());
    to.write_all(&tail)?;
    Ok((unpadded + 4, unpacked))
}

fn put_crc32(out: &mut Vec<u8>, from: usize) {
    let sum = crc32(out.get(from..).unwrap_or_default());
    out.extend_from_slice(&sum.to_le_bytes());
}
