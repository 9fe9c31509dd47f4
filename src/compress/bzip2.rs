//! bzip2, by its decoder's behaviour as the format has no other document:
//! blocks of up to 900 KB, sorted by what follows each byte
//! (Burrows-Wheeler), moved to front, and coded by up to six Huffman tables.
//! "Randomised" blocks of bzip2 before 0.9.5 are refused, as by other decoders.

use super::{Cause, Decoder, Input};

mod encode;
mod sort;

pub use encode::pack;

const BLOCK_MAGIC: u64 = 0x3141_5926_5359;
const END_MAGIC: u64 = 0x1772_4538_5090;
/// Symbols of a group that share a Huffman table.
const GROUP: usize = 50;
/// The longest code.
const LONGEST: usize = 20;
/// Codes up to this length are found at once.
const QUICK: usize = 10;
/// How much is unpacked at once.
const STEP: usize = 64 << 10;

/// The checksum: as that of gzip, but from the highest bit on.
#[derive(Clone)]
struct Crc {
    table: Box<[u32; 256]>,
    value: u32,
}

impl Default for Crc {
    fn default() -> Crc {
        let mut table = Box::new([0; 256]);
        for (byte, entry) in (0u32..).zip(table.iter_mut()) {
            *entry = byte << 24;
            for _ in 0..8 {
                let carry = (*entry >> 31).wrapping_neg();
                *entry = *entry << 1 ^ 0x04c1_1db7 & carry;
            }
        }
        Crc { table, value: u32::MAX }
    }
}

impl Crc {
    fn update(&mut self, bytes: &[u8]) {
        let mut value = self.value;
        for &byte in bytes {
            let at = (value >> 24) as u8 ^ byte;
            value = value << 8 ^ self.table.get(usize::from(at)).copied().unwrap_or(0);
        }
        self.value = value;
    }
}

/// Bits, the highest of a byte first.
#[derive(Default)]
struct Bits {
    bits: u64,
    count: u32,
}

impl Bits {
    /// Makes sure of 25 bits and more; zeros stand for what is not there.
    #[inline(always)]
    fn fill(&mut self, input: &mut Input) -> Result<(), Cause> {
        if self.count > 32 {
            return Ok(());
        }
        if let Some(bytes) = input.rest().first_chunk() {
            self.bits = self.bits << 32 | u64::from(u32::from_be_bytes(*bytes));
            self.count += 32;
            input.advance(4);
            return Ok(());
        }
        while self.count <= 24 {
            self.bits = self.bits << 8 | u64::from(input.byte()?);
            self.count += 8;
        }
        Ok(())
    }

    fn get(&mut self, count: u32, input: &mut Input) -> Result<u32, Cause> {
        while self.count < count {
            self.bits = self.bits << 8 | u64::from(input.byte()?);
            self.count += 8;
        }
        self.count -= count;
        Ok((self.bits >> self.count) as u32 & (1u32 << count).wrapping_sub(1))
    }

    fn get48(&mut self, input: &mut Input) -> Result<u64, Cause> {
        let high = self.get(24, input)?;
        Ok(u64::from(high) << 24 | u64::from(self.get(24, input)?))
    }
}

/// A Huffman table.
struct Codes {
    /// Length and symbol by the next [`QUICK`] bits; 0 for longer codes.
    quick: Vec<u16>,
    /// By length: one more than the last code, aligned to [`LONGEST`] bits.
    limits: [u32; LONGEST + 2],
    /// By length: what to take from a code to get its place in `symbols`.
    bases: [u32; LONGEST + 2],
    symbols: Vec<u16>,
}

impl Codes {
    fn new(lengths: &[u8]) -> Codes {
        let mut codes = Codes {
            quick: vec![0; 1 << QUICK],
            limits: [0; LONGEST + 2],
            bases: [0; LONGEST + 2],
            symbols: Vec::with_capacity(lengths.len()),
        };
        let mut code: u32 = 0;
        for length in 1..=LONGEST {
            let first = code;
            let place = codes.symbols.len() as u32;
            for (symbol, _) in
                lengths.iter().enumerate().filter(|(_, l)| usize::from(**l) == length)
            {
                codes.symbols.push(symbol as u16);
                if length <= QUICK {
                    let from = (code as usize) << (QUICK - length);
                    let to = from + (1 << (QUICK - length));
                    for entry in codes.quick.get_mut(from..to).unwrap_or_default() {
                        *entry = (length << 9 | symbol) as u16;
                    }
                }
                code += 1;
            }
            if let (Some(limit), Some(base)) =
                (codes.limits.get_mut(length), codes.bases.get_mut(length))
            {
                *limit = code << (LONGEST - length);
                *base = first.wrapping_sub(place);
            }
            code <<= 1;
        }
        codes
    }

    #[inline(always)]
    fn next(&self, bits: &mut Bits, input: &mut Input) -> Result<u16, Cause> {
        if bits.count < LONGEST as u32 {
            // At the very end there may be fewer bits than a code can have.
            match bits.fill(input) {
                Ok(()) => {}
                Err(Cause::Truncated) => return self.last(bits),
                Err(cause) => return Err(cause),
            }
        }
        let ahead = (bits.bits >> (bits.count - LONGEST as u32)) as u32 & ((1 << LONGEST) - 1);
        self.find(ahead, bits)
    }

    /// A code of which the bits behind may be missing.
    #[cold]
    fn last(&self, bits: &mut Bits) -> Result<u16, Cause> {
        let missing = (LONGEST as u32).saturating_sub(bits.count);
        let ahead = (bits.bits << missing) as u32 & ((1 << LONGEST) - 1);
        self.find(ahead, bits)
    }

    #[inline(always)]
    fn find(&self, ahead: u32, bits: &mut Bits) -> Result<u16, Cause> {
        let quick = *self.quick.get((ahead >> (LONGEST - QUICK)) as usize).unwrap_or(&0);
        let (length, symbol) = if quick != 0 {
            (u32::from(quick >> 9), quick & 0x1ff)
        } else {
            let mut length = QUICK + 1;
            while *self.limits.get(length).ok_or(Cause::Corrupt)? <= ahead {
                length += 1;
            }
            let code = ahead >> LONGEST.checked_sub(length).ok_or(Cause::Corrupt)?;
            let place = code.wrapping_sub(self.bases.get(length).copied().unwrap_or(0));
            (length as u32, *self.symbols.get(place as usize).ok_or(Cause::Corrupt)?)
        };
        bits.count = bits.count.checked_sub(length).ok_or(Cause::Truncated)?;
        Ok(symbol)
    }
}

/// One stream.
#[derive(Default)]
pub struct Bzip2 {
    bits: Bits,
    /// The most bytes of a block; 0 before the stream's header.
    most: usize,
    /// The block: a byte, and above it the place of the byte that follows.
    links: Vec<u32>,
    /// Bytes of the block that are left, and the place of the next.
    left: usize,
    place: u32,
    /// The last byte, how often it came in a row, how often it is to come yet.
    last: u8,
    run: u8,
    repeat: u8,
    crc: Crc,
    sum: u32,
    total: u32,
}

impl Decoder for Bzip2 {
    fn step(&mut self, input: &mut Input, out: &mut Vec<u8>) -> Result<bool, Cause> {
        if self.left > 0 || self.repeat > 0 {
            self.emit(out);
            if self.left == 0 && self.repeat == 0 {
                let sum = !self.crc.value;
                if sum != self.sum {
                    return Err(Cause::Checksum);
                }
                self.total = self.total.rotate_left(1) ^ sum;
            }
            return Ok(true);
        }
        if self.most == 0 {
            let [b'B', b'Z', b'h', level @ b'1'..=b'9'] = input.take()? else {
                return Err(Cause::Corrupt);
            };
            self.most = usize::from(level - b'0') * 100_000;
        }
        match self.bits.get48(input)? {
            BLOCK_MAGIC => {
                self.block(input)?;
                Ok(true)
            }
            END_MAGIC => {
                let high = self.bits.get(16, input)?;
                let sum = high << 16 | self.bits.get(16, input)?;
                // What was taken too early belongs to the next stream.
                input.retreat((self.bits.count / 8) as usize);
                if sum == self.total { Ok(false) } else { Err(Cause::Checksum) }
            }
            _ => Err(Cause::Corrupt),
        }
    }
}

impl Bzip2 {
    fn emit(&mut self, out: &mut Vec<u8>) {
        let start = out.len();
        crate::sys::memory::resize(out, start + STEP, 0);
        let links = self.links.as_slice();
        let (mut left, mut place) = (self.left, self.place);
        let (mut last, mut run, mut repeat) = (self.last, self.run, self.repeat);
        let mut filled = start;
        'room: for slot in out.get_mut(start..).unwrap_or_default() {
            while repeat == 0 {
                if left == 0 {
                    break 'room;
                }
                left -= 1;
                let entry = links.get(place as usize).copied().unwrap_or(0);
                place = entry >> 8;
                let byte = entry as u8;
                if run == 4 {
                    run = 0;
                    repeat = byte;
                    continue;
                }
                run = if byte == last && run > 0 { run + 1 } else { 1 };
                last = byte;
                *slot = byte;
                filled += 1;
                continue 'room;
            }
            repeat -= 1;
            *slot = last;
            filled += 1;
        }
        (self.left, self.place) = (left, place);
        (self.last, self.run, self.repeat) = (last, run, repeat);
        out.truncate(filled);
        self.crc.update(out.get(start..).unwrap_or_default());
    }

    fn block(&mut self, input: &mut Input) -> Result<(), Cause> {
        let bits = &mut self.bits;
        let high = bits.get(16, input)?;
        self.sum = high << 16 | bits.get(16, input)?;
        if bits.get(1, input)? != 0 {
            return Err(Cause::Unsupported);
        }
        let origin = bits.get(24, input)? as usize;

        let used = bits.get(16, input)?;
        let mut front: Vec<u8> = Vec::new();
        for high in 0..16u8 {
            if used >> (15 - high) & 1 != 0 {
                let low = bits.get(16, input)?;
                front.extend((0..16).filter(|n| low >> (15 - n) & 1 != 0).map(|n| high << 4 | n));
            }
        }
        if front.is_empty() {
            return Err(Cause::Corrupt);
        }
        let symbols = front.len() + 2;
        let (tables, selectors) = tables(bits, input, symbols)?;
        self.symbols(input, &mut front, symbols - 1, &tables, &selectors)?;

        // Links from each byte to the one that follows it in the text.
        let mut places = [0u32; 256];
        for &link in &self.links {
            places[usize::from(link as u8)] += 1;
        }
        let mut sum = 0;
        for place in &mut places {
            sum += std::mem::replace(place, sum);
        }
        let links = self.links.as_mut_slice();
        for at in 0..links.len() {
            let byte = links.get(at).copied().unwrap_or(0) as u8;
            let place = &mut places[usize::from(byte)];
            if let Some(link) = links.get_mut(*place as usize) {
                *link |= (at as u32) << 8;
            }
            *place += 1;
        }
        self.left = self.links.len();
        self.place = self.links.get(origin).ok_or(Cause::Corrupt)? >> 8;
        (self.run, self.repeat) = (0, 0);
        self.crc.value = u32::MAX;
        Ok(())
    }

    /// Reads the symbols of a block into the low bytes of `links`.
    fn symbols(
        &mut self,
        input: &mut Input,
        front: &mut [u8],
        end: usize,
        tables: &[Codes],
        selectors: &[u8],
    ) -> Result<(), Cause> {
        self.links.resize(self.most, 0);
        let links = self.links.as_mut_slice();
        let mut filled = 0;
        let (mut run, mut weight) = (0usize, 1usize);
        // Here and not behind a pointer, so that it stays in registers.
        let mut bits = std::mem::take(&mut self.bits);
        let mut selectors = selectors.iter();
        loop {
            let table = selectors.next().and_then(|&s| tables.get(usize::from(s)));
            let table = table.ok_or(Cause::Corrupt)?;
            for _ in 0..GROUP {
                let symbol = usize::from(table.next(&mut bits, input)?);
                if symbol <= 1 {
                    // A number in base 2 with the digits 1 and 2.
                    if weight > links.len() {
                        return Err(Cause::Corrupt);
                    }
                    run += weight << symbol;
                    weight <<= 1;
                    continue;
                }
                if run > 0 {
                    let byte = u32::from(front.first().copied().unwrap_or(0));
                    let places = links.get_mut(filled..filled + run).ok_or(Cause::Corrupt)?;
                    for place in places {
                        *place = byte;
                    }
                    filled += run;
                    (run, weight) = (0, 1);
                }
                if symbol == end {
                    self.bits = bits;
                    self.links.truncate(filled);
                    return if filled == 0 { Err(Cause::Corrupt) } else { Ok(()) };
                }
                let byte = *front.get(symbol - 1).ok_or(Cause::Corrupt)?;
                front.copy_within(..symbol - 1, 1);
                if let Some(first) = front.first_mut() {
                    *first = byte;
                }
                *links.get_mut(filled).ok_or(Cause::Corrupt)? = u32::from(byte);
                filled += 1;
            }
        }
    }
}

/// The tables of a block, and which one each group of symbols has.
fn tables(
    bits: &mut Bits,
    input: &mut Input,
    symbols: usize,
) -> Result<(Vec<Codes>, Vec<u8>), Cause> {
    let count = bits.get(3, input)? as usize;
    let groups = bits.get(15, input)?;
    if !(2..=6).contains(&count) || groups == 0 {
        return Err(Cause::Corrupt);
    }
    let mut front = [0, 1, 2, 3, 4, 5];
    let mut selectors = Vec::with_capacity(groups as usize);
    for _ in 0..groups {
        let mut at = 0;
        while bits.get(1, input)? != 0 {
            at += 1;
            if at >= count {
                return Err(Cause::Corrupt);
            }
        }
        let moved = front.get_mut(..=at).ok_or(Cause::Corrupt)?;
        moved.rotate_right(1);
        selectors.push(moved.first().copied().unwrap_or(0));
    }
    let mut tables = Vec::with_capacity(count);
    for _ in 0..count {
        let mut length = bits.get(5, input)?;
        let mut lengths = Vec::with_capacity(symbols);
        for _ in 0..symbols {
            loop {
                if !(1..=LONGEST as u32).contains(&length) {
                    return Err(Cause::Corrupt);
                }
                if bits.get(1, input)? == 0 {
                    break;
                }
                length = if bits.get(1, input)? == 0 { length + 1 } else { length - 1 };
            }
            lengths.push(length as u8);
        }
        tables.push(Codes::new(&lengths));
    }
    Ok((tables, selectors))
}
