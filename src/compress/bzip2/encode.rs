//! Packing by bzip2.

use std::io::{self, Write};

use super::sort::rotations;
use super::{BLOCK_MAGIC, Crc, END_MAGIC, GROUP};
use crate::compress::{Input, read_error};

/// The longest code that is made here, as bzip2 does.
const LONGEST: u8 = 17;

/// Bits on their way out, the highest first.
struct Bits<'o> {
    to: &'o mut dyn Write,
    out: Vec<u8>,
    bits: u64,
    count: u32,
}

impl Bits<'_> {
    fn put(&mut self, value: u32, count: u32) {
        self.bits = self.bits << count | u64::from(value);
        self.count += count;
        while self.count >= 8 {
            self.count -= 8;
            self.out.push((self.bits >> self.count) as u8);
        }
    }

    fn put48(&mut self, value: u64) {
        self.put((value >> 24) as u32, 24);
        self.put(value as u32 & 0xff_ffff, 24);
    }

    fn put32(&mut self, value: u32) {
        self.put(value >> 16, 16);
        self.put(value & 0xffff, 16);
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.to.write_all(&self.out);
        self.out.clear();
        result
    }
}

/// Packs into one stream of blocks of `level` times 100 KB.
pub fn pack(level: u8, input: &mut Input, to: &mut dyn Write) -> io::Result<()> {
    let level = level.clamp(1, 9);
    let most = usize::from(level) * 100_000 - 19;
    let mut bits = Bits { to, out: Vec::new(), bits: 0, count: 0 };
    bits.out.extend_from_slice(&[b'B', b'Z', b'h', b'0' + level]);
    let mut total = 0u32;
    let mut crc = Crc::default();
    let mut block: Vec<u8> = Vec::with_capacity(most + 19);
    let (mut last, mut run) = (0u8, 0u32);
    loop {
        let some = input.some().map_err(read_error)?;
        let ended = some.is_empty();
        let mut used = 0;
        for &byte in some {
            if run > 0 && (byte != last || run == 255) {
                put_run(&mut block, last, run);
                run = 0;
                if block.len() >= most {
                    break;
                }
            }
            last = byte;
            run += 1;
            used += 1;
        }
        crc.update(some.get(..used).unwrap_or_default());
        input.advance(used);
        if ended {
            put_run(&mut block, last, run);
            run = 0;
        }
        if !block.is_empty() && (ended || block.len() >= most) {
            let sum = !std::mem::replace(&mut crc.value, u32::MAX);
            total = total.rotate_left(1) ^ sum;
            bits.put48(BLOCK_MAGIC);
            bits.put32(sum);
            put_block(&mut bits, &block);
            bits.flush()?;
            block.clear();
        }
        if ended {
            break;
        }
    }
    bits.put48(END_MAGIC);
    bits.put32(total);
    bits.put(0, (8 - bits.count % 8) % 8);
    bits.flush()
}

/// Four and more of one byte are four and a count of the rest.
fn put_run(block: &mut Vec<u8>, byte: u8, run: u32) {
    let plain = run.min(4) as usize;
    block.resize(block.len() + plain, byte);
    if run >= 4 {
        block.push((run - 4) as u8);
    }
}

fn put_block(bits: &mut Bits, block: &[u8]) {
    let order = rotations(block);
    let origin = order.iter().position(|&at| at == 0).unwrap_or(0);
    bits.put(0, 1);
    bits.put(origin as u32, 24);

    let mut used = [false; 256];
    for &byte in block {
        if let Some(used) = used.get_mut(usize::from(byte)) {
            *used = true;
        }
    }
    let halves = used.as_chunks::<16>().0;
    let mask = |flags: &mut dyn Iterator<Item = bool>| -> u32 {
        flags.fold(0, |mask, flag| mask << 1 | u32::from(flag))
    };
    bits.put(mask(&mut halves.iter().map(|half| half.contains(&true))), 16);
    for half in halves.iter().filter(|half| half.contains(&true)) {
        bits.put(mask(&mut half.iter().copied()), 16);
    }
    let mut front: Vec<u8> = (0..=255u8).filter(|&b| used[usize::from(b)]).collect();

    // Moved to front; runs of the first as a number with the digits 1 and 2.
    let end = front.len() as u16 + 1;
    let mut symbols: Vec<u16> = Vec::with_capacity(block.len() + 1);
    let mut run = 0usize;
    for at in order {
        let before = (at as usize).checked_sub(1).unwrap_or(block.len() - 1);
        let byte = block.get(before).copied().unwrap_or(0);
        let place = front.iter().position(|&b| b == byte).unwrap_or(0);
        if place == 0 {
            run += 1;
            continue;
        }
        put_zeros(&mut symbols, &mut run);
        front.get_mut(..=place).unwrap_or_default().rotate_right(1);
        symbols.push(place as u16 + 1);
    }
    put_zeros(&mut symbols, &mut run);
    symbols.push(end);
    put_symbols(bits, &symbols, usize::from(end) + 1);
}

fn put_zeros(symbols: &mut Vec<u16>, run: &mut usize) {
    while *run > 0 {
        let digit = (*run - 1) & 1;
        symbols.push(digit as u16);
        *run = (*run - 1) / 2;
    }
}

/// How many tables pay.
fn table_count(symbols: usize) -> usize {
    match symbols {
        0..200 => 2,
        200..600 => 3,
        600..1200 => 4,
        1200..2400 => 5,
        _ => 6,
    }
}

fn put_symbols(bits: &mut Bits, symbols: &[u16], kinds: usize) {
    let count = table_count(symbols.len());
    // To begin with, each table is good at symbols of one range of equal weight.
    let mut weights = vec![0u32; kinds];
    weigh(&mut weights, symbols);
    let mut tables: Vec<Vec<u8>> = Vec::new();
    let (mut from, mut left) = (0, symbols.len() as u32);
    for nth in 0..count {
        let share = left / (count - nth) as u32;
        let mut to = from;
        let mut sum = 0;
        while sum < share && to < kinds {
            sum += weights.get(to).copied().unwrap_or(0);
            to += 1;
        }
        let last = nth + 1 == count;
        tables
            .push((0..kinds).map(|n| if n >= from && (n < to || last) { 0 } else { 15 }).collect());
        from = to;
        left = left.saturating_sub(sum);
    }
    let mut selectors: Vec<usize> = Vec::new();
    for _ in 0..4 {
        selectors.clear();
        let mut weights = vec![vec![0u32; kinds]; count];
        for group in symbols.chunks(GROUP) {
            let cost = |table: &&Vec<u8>| -> u32 {
                group
                    .iter()
                    .map(|&s| u32::from(table.get(usize::from(s)).copied().unwrap_or(0)))
                    .sum()
            };
            let best = (0..count).min_by_key(|&n| tables.get(n).as_ref().map_or(0, cost));
            let best = best.unwrap_or(0);
            selectors.push(best);
            if let Some(weights) = weights.get_mut(best) {
                weigh(weights, group);
            }
        }
        for (table, weights) in tables.iter_mut().zip(&weights) {
            *table = lengths(weights);
        }
    }
    bits.put(count as u32, 3);
    bits.put(selectors.len() as u32, 15);
    let mut front: Vec<usize> = (0..count).collect();
    for selector in &selectors {
        let place = front.iter().position(|n| n == selector).unwrap_or(0);
        front.get_mut(..=place).unwrap_or_default().rotate_right(1);
        bits.put((1 << (place + 1)) - 2, place as u32 + 1);
    }
    for table in &tables {
        put_lengths(bits, table);
    }
    let codes: Vec<Vec<u32>> = tables.iter().map(|table| codes(table)).collect();
    for (group, &selector) in symbols.chunks(GROUP).zip(&selectors) {
        let (Some(lengths), Some(codes)) = (tables.get(selector), codes.get(selector)) else {
            continue;
        };
        for &symbol in group {
            let at = usize::from(symbol);
            if let (Some(&code), Some(&length)) = (codes.get(at), lengths.get(at)) {
                bits.put(code, u32::from(length));
            }
        }
    }
}

fn weigh(weights: &mut [u32], symbols: &[u16]) {
    for &symbol in symbols {
        if let Some(weight) = weights.get_mut(usize::from(symbol)) {
            *weight += 1;
        }
    }
}

fn put_lengths(bits: &mut Bits, lengths: &[u8]) {
    let mut at = lengths.first().copied().unwrap_or(1);
    bits.put(u32::from(at), 5);
    for &length in lengths {
        while at != length {
            let (step, next) = if at < length { (2, at + 1) } else { (3, at - 1) };
            bits.put(step, 2);
            at = next;
        }
        bits.put(0, 1);
    }
}

/// The lengths of Huffman codes for these weights, none above [`LONGEST`]:
/// where one would be, the weights are made more equal.
fn lengths(weights: &[u32]) -> Vec<u8> {
    // Every symbol gets a code.
    let mut weights: Vec<u32> = weights.iter().map(|&w| w.max(1)).collect();
    loop {
        // The two lightest join until one is left; leaves sorted, the joined
        // ones come in order of weight by themselves.
        let mut leaves: Vec<(u32, usize)> = weights.iter().copied().zip(0..).collect();
        leaves.sort_unstable();
        let count = leaves.len();
        let mut parents = vec![0usize; count * 2];
        let mut joined: Vec<u32> = Vec::with_capacity(count);
        let (mut leaf, mut inner) = (0, 0);
        for _ in 1..count {
            let mut weight = 0u32;
            for _ in 0..2 {
                let light = leaves.get(leaf);
                let node = match (light, joined.get(inner)) {
                    (Some(&(a, n)), b) if b.is_none_or(|&b| a <= b) => {
                        leaf += 1;
                        weight = weight.saturating_add(a);
                        n
                    }
                    (_, Some(&b)) => {
                        inner += 1;
                        weight = weight.saturating_add(b);
                        count + inner - 1
                    }
                    _ => break,
                };
                if let Some(parent) = parents.get_mut(node) {
                    *parent = count + joined.len();
                }
            }
            joined.push(weight);
        }
        let root = count + joined.len() - 1;
        let mut depths = vec![0u8; count * 2];
        for node in (0..root).rev() {
            let above = parents.get(node).and_then(|&p| depths.get(p)).copied().unwrap_or(0);
            if let Some(depth) = depths.get_mut(node) {
                *depth = above.saturating_add(1);
            }
        }
        depths.truncate(count);
        if depths.iter().all(|&d| d <= LONGEST) {
            return depths;
        }
        for weight in &mut weights {
            *weight = *weight / 2 + 1;
        }
    }
}

/// The codes that go with these lengths.
fn codes(lengths: &[u8]) -> Vec<u32> {
    let mut codes = vec![0; lengths.len()];
    let mut code = 0;
    for length in 1..=LONGEST {
        for (slot, _) in codes.iter_mut().zip(lengths).filter(|(_, l)| **l == length) {
            *slot = code;
            code += 1;
        }
        code <<= 1;
    }
    codes
}
