//! Blocks, the writing half: RFC 8878, 3.1.1.2 to 3.1.1.4.

use super::bits::Bits;
use super::finder::{Finder, Sequence};
use super::fse::{Distribution, State, Table};
use super::huffman::{self, Codes};

/// The most that a block unpacks to.
const BLOCK: usize = 128 << 10;
/// Fewer literals are not worth a table.
const FEW_LITERALS: usize = 48;
/// Fewer sequences are not worth tables.
const FEW_SEQUENCES: usize = 48;

/// How many bits are behind the code of a length.
const LITERAL_BITS: [u8; 36] = [
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11,
    12, 13, 14, 15, 16,
];
const MATCH_BITS: [u8; 53] = [
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
];

/// The codes of small lengths; those of others follow from their highest bit.
static LITERAL_CODES: [u8; 64] = codes(&LITERAL_BITS);
static MATCH_CODES: [u8; 128] = codes(&MATCH_BITS);

const fn codes<const N: usize>(bits: &[u8]) -> [u8; N] {
    let mut codes = [0; N];
    let (mut at, mut code) = (0, 0);
    while at < N {
        let mut left = 1usize << bits[code];
        while left > 0 && at < N {
            codes[at] = code as u8;
            at += 1;
            left -= 1;
        }
        code += 1;
    }
    codes
}

/// The distributions that need no description.
const LITERAL_USUAL: [i16; 36] = [
    4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1,
    -1, -1, -1, -1,
];
const OFFSET_USUAL: [i16; 29] =
    [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1];
const MATCH_USUAL: [i16; 53] = [
    1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
];

/// Packs into blocks, none of which is the last: whatever comes behind does not
/// refer to what is here, and this to nothing before.
pub fn pack(level: u8, plain: &[u8], out: &mut Vec<u8>) {
    let mut finder = Finder::new(level);
    let (mut literals, mut sequences) = (Vec::new(), Vec::new());
    let mut start = 0;
    while start < plain.len() {
        let end = plain.len().min(start + BLOCK);
        let last = finder.last;
        literals.clear();
        sequences.clear();
        finder.parse(plain, (start, end), &mut literals, &mut sequences);
        let head = out.len();
        out.extend_from_slice(&[0; 3]);
        put_literals(&literals, out);
        put_sequences(&sequences, out);
        let mut kind = 2;
        let mut size = out.len() - head - 3;
        if size >= end - start {
            // As it is; a reader knows of none of these sequences then.
            (kind, size) = (0, end - start);
            finder.last = last;
            out.truncate(head + 3);
            out.extend_from_slice(plain.get(start..end).unwrap_or_default());
        }
        let [a, b, c, _] = ((size as u32) << 3 | kind << 1).to_le_bytes();
        if let Some(place) = out.get_mut(head..head + 3) {
            place.copy_from_slice(&[a, b, c]);
        }
        start = end;
    }
}

fn put_literals(literals: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    let size = literals.len();
    let counts = huffman::counts(literals);
    let same = size > 0 && counts.iter().any(|&count| count as usize == size);
    if size >= FEW_LITERALS && !same {
        // A head of five bytes or fewer comes in front at last.
        out.extend_from_slice(&[0; 5]);
        if let Some(codes) = Codes::new(&counts, out) {
            let four = codes.write(literals, out);
            let packed = out.len() - start - 5;
            if packed + (size >> 6) < size {
                let (format, bits, head) = match size.max(packed) {
                    0..=0x3ff => (u64::from(four), 10, 3),
                    0x400..=0x3fff => (2, 14, 4),
                    _ => (3, 18, 5),
                };
                let value = 2 | format << 2 | (size as u64) << 4 | (packed as u64) << (4 + bits);
                let bytes = value.to_le_bytes();
                out.splice(start..start + 5, bytes.into_iter().take(head));
                return;
            }
        }
        out.truncate(start);
    }
    let kind = u32::from(same);
    let (value, head) = match size {
        0..=31 => (kind | (size as u32) << 3, 1),
        32..=0xfff => (kind | 1 << 2 | (size as u32) << 4, 2),
        _ => (kind | 3 << 2 | (size as u32) << 4, 3),
    };
    out.extend(value.to_le_bytes().into_iter().take(head));
    out.extend_from_slice(if same { literals.get(..1).unwrap_or_default() } else { literals });
}

/// A length's code: from the table, or by its highest bit.
#[inline(always)]
fn code(table: &[u8], behind: u32, value: u32) -> u8 {
    let small = table.get(value as usize).copied();
    small.unwrap_or_else(|| (value.ilog2() + behind) as u8)
}

/// How one of the three codes is written.
enum Way {
    Same,
    Table(Table),
}

/// Chooses it and describes it; gives its number, too.
fn way(codes: &[u8], usual: (&[i16], u32), most: u32, out: &mut Vec<u8>) -> (u8, Way) {
    let mut counts = [0u32; 64];
    for &code in codes {
        counts[usize::from(code & 63)] += 1;
    }
    let first = codes.first().copied().unwrap_or(0);
    if counts[usize::from(first & 63)] as usize == codes.len() {
        out.push(first);
        return (1, Way::Same);
    }
    if codes.len() < FEW_SEQUENCES {
        let distribution = Distribution { log: usual.1, states: usual.0.to_vec() };
        return (0, Way::Table(Table::new(&distribution)));
    }
    let distribution = Distribution::of_counts(&counts, most);
    distribution.describe(out);
    (2, Way::Table(Table::new(&distribution)))
}

#[inline(always)]
fn step(way: &Way, state: &mut State, code: u8, bits: &mut Bits) {
    if let Way::Table(table) = way {
        state.put(table, code, bits);
    }
}

fn put_sequences(list: &[Sequence], out: &mut Vec<u8>) {
    let count = list.len();
    match count {
        0..=127 => out.push(count as u8),
        128..=0x7eff => out.extend_from_slice(&[(count >> 8) as u8 + 128, count as u8]),
        _ => {
            let [a, b] = ((count - 0x7f00) as u16).to_le_bytes();
            out.extend_from_slice(&[255, a, b]);
        }
    }
    if count == 0 {
        return;
    }
    let literals: Vec<u8> = list.iter().map(|s| code(&LITERAL_CODES, 19, s.literals)).collect();
    let offsets: Vec<u8> = list.iter().map(|s| s.offset.ilog2() as u8).collect();
    let lengths: Vec<u8> = list.iter().map(|s| code(&MATCH_CODES, 36, s.length)).collect();
    let modes = out.len();
    out.push(0);
    let (a, literal_way) = way(&literals, (&LITERAL_USUAL, 6), 9, out);
    let (b, offset_way) = way(&offsets, (&OFFSET_USUAL, 5), 8, out);
    let (c, length_way) = way(&lengths, (&MATCH_USUAL, 6), 9, out);
    if let Some(place) = out.get_mut(modes) {
        *place = a << 6 | b << 4 | c << 2;
    }
    let mut bits = Bits::new(out);
    let (mut literal, mut offset, mut length) =
        (State::default(), State::default(), State::default());
    let rows = list.iter().zip(&literals).zip(&offsets).zip(&lengths);
    for (((sequence, &literal_code), &offset_code), &length_code) in rows.rev() {
        step(&offset_way, &mut offset, offset_code, &mut bits);
        step(&length_way, &mut length, length_code, &mut bits);
        step(&literal_way, &mut literal, literal_code, &mut bits);
        let behind = LITERAL_BITS.get(usize::from(literal_code)).copied().unwrap_or(0);
        bits.put(sequence.literals, u32::from(behind));
        let behind = MATCH_BITS.get(usize::from(length_code)).copied().unwrap_or(0);
        bits.put(sequence.length, u32::from(behind));
        bits.put(sequence.offset, u32::from(offset_code));
    }
    for (way, state) in [(&length_way, length), (&offset_way, offset), (&literal_way, literal)] {
        if let Way::Table(table) = way {
            state.finish(table, &mut bits);
        }
    }
    bits.close();
}
