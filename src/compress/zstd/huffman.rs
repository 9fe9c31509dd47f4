//! Huffman codes of literals: RFC 8878, 4.2.

use super::bits::Bits;
use super::fse::{Distribution, State, Table};

/// No code is longer.
const LONGEST: u8 = 11;

/// Below this one stream is less than four.
const FOUR: usize = 256;

/// A code for every byte: its length and value.
pub struct Codes([(u8, u16); 256]);

/// How often each byte comes.
pub fn counts(bytes: &[u8]) -> [u32; 256] {
    // Two, as equal bytes one after the other wait for each other.
    let (mut even, mut odd) = ([0u32; 256], [0u32; 256]);
    let mut pairs = bytes.chunks_exact(2);
    for pair in &mut pairs {
        if let &[a, b] = pair {
            even[usize::from(a)] += 1;
            odd[usize::from(b)] += 1;
        }
    }
    for &byte in pairs.remainder() {
        even[usize::from(byte)] += 1;
    }
    for (a, b) in even.iter_mut().zip(odd) {
        *a += b;
    }
    even
}

/// The lengths of the codes, 0 for bytes that do not come. At least two must.
fn lengths(counts: &[u32; 256]) -> [u8; 256] {
    let mut order: Vec<(u32, u8)> = (0..=255u8)
        .map(|byte| (counts[usize::from(byte)], byte))
        .filter(|(count, _)| *count > 0)
        .collect();
    order.sort_unstable();
    // The tree: the two smallest of leaves and nodes become a node, in two
    // queues. Nodes have numbers behind those of the leaves.
    let leaves = order.len();
    let mut nodes: Vec<u32> = Vec::with_capacity(leaves);
    let mut parents = vec![0usize; 2 * leaves];
    let (mut leaf, mut node) = (0, 0);
    while nodes.len() + 1 < leaves {
        let mut sum = 0;
        for _ in 0..2 {
            let a = order.get(leaf).map_or(u32::MAX, |row| row.0);
            let b = nodes.get(node).copied().unwrap_or(u32::MAX);
            let child = if a <= b {
                leaf += 1;
                leaf - 1
            } else {
                node += 1;
                leaves + node - 1
            };
            sum += a.min(b);
            if let Some(parent) = parents.get_mut(child) {
                *parent = leaves + nodes.len();
            }
        }
        nodes.push(sum);
    }
    let mut depths = vec![0u8; 2 * leaves];
    let root = leaves + nodes.len() - 1;
    for at in (0..root).rev() {
        let above = parents.get(at).and_then(|&parent| depths.get(parent)).copied();
        if let Some(depth) = depths.get_mut(at) {
            *depth = above.unwrap_or(0).saturating_add(1);
        }
    }
    let mut lengths = [0; 256];
    for (&(_, byte), depth) in order.iter().zip(depths) {
        lengths[usize::from(byte)] = depth;
    }
    limit(&mut lengths, &order);
    lengths
}

/// Shortens codes that are too long, at the cost of the rarest others, until
/// the codes are complete again.
fn limit(lengths: &mut [u8; 256], order: &[(u32, u8)]) {
    const WHOLE: i32 = 1 << LONGEST;
    let part = |length: u8| 1i32 << (LONGEST - length);
    let mut sum = 0;
    for length in lengths.iter_mut().filter(|length| **length > 0) {
        *length = (*length).min(LONGEST);
        sum += part(*length);
    }
    while sum > WHOLE {
        let rare = order.iter().find(|(_, byte)| lengths[usize::from(*byte)] < LONGEST);
        let Some(&(_, byte)) = rare else { break };
        let length = &mut lengths[usize::from(byte)];
        *length += 1;
        sum -= part(*length);
    }
    while sum < WHOLE {
        let fits = |(_, byte): &&(u32, u8)| part(lengths[usize::from(*byte)]) <= WHOLE - sum;
        let Some(&(_, byte)) = order.iter().rev().find(fits) else { break };
        let length = &mut lengths[usize::from(byte)];
        sum += part(*length);
        *length -= 1;
    }
}

impl Codes {
    /// The codes for bytes that come so often, with their description behind
    /// what `out` holds. None where they cannot be described, which would not
    /// pay either.
    pub fn new(counts: &[u32; 256], out: &mut Vec<u8>) -> Option<Codes> {
        let lengths = lengths(counts);
        let longest = lengths.iter().copied().max().unwrap_or(0);
        let last = lengths.iter().rposition(|&length| length > 0)?;
        let weight = |length: u8| if length == 0 { 0 } else { longest + 1 - length };
        // That of the last follows from the others.
        let weights: Vec<u8> = lengths.iter().take(last).map(|&length| weight(length)).collect();
        let start = out.len();
        out.push(0);
        describe(&weights, out);
        let size = out.len() - start - 1;
        let nibbles = weights.len().div_ceil(2);
        if size == 0 || size > 127 || (size > nibbles && weights.len() <= 128) {
            out.truncate(start);
            if weights.len() > 128 {
                return None;
            }
            out.push(127 + weights.len() as u8);
            out.extend(weights.chunks(2).map(|pair| match *pair {
                [a, b] => a << 4 | b,
                [a] => a << 4,
                _ => 0,
            }));
        } else if let Some(first) = out.get_mut(start) {
            *first = size as u8;
        }
        // Values: the longest first, each length in the order of the bytes.
        let mut next = [0u16; LONGEST as usize + 2];
        let mut value = 0u16;
        for length in (1..=longest).rev() {
            next[usize::from(length)] = value;
            let count = lengths.iter().filter(|&&other| other == length).count() as u16;
            value = (value + count) >> 1;
        }
        let mut codes = [(0, 0); 256];
        for (code, length) in codes.iter_mut().zip(lengths) {
            let next = &mut next[usize::from(length)];
            *code = (length, *next);
            *next += 1;
        }
        Some(Codes(codes))
    }

    fn stream(&self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut bits = Bits::new(out);
        for &byte in bytes.iter().rev() {
            let (length, value) = self.0[usize::from(byte)];
            bits.put(u32::from(value), u32::from(length));
        }
        bits.close();
    }

    /// Writes `bytes` in one stream or four; says whether it were four.
    pub fn write(&self, bytes: &[u8], out: &mut Vec<u8>) -> bool {
        if bytes.len() < FOUR {
            self.stream(bytes, out);
            return false;
        }
        let sizes = out.len();
        out.extend_from_slice(&[0; 6]);
        for (nth, part) in bytes.chunks(bytes.len().div_ceil(4)).enumerate() {
            let start = out.len();
            self.stream(part, out);
            let size = ((out.len() - start) as u16).to_le_bytes();
            if let Some(place) = out.get_mut(sizes + 2 * nth..sizes + 2 * nth + 2)
                && nth < 3
            {
                place.copy_from_slice(&size);
            }
        }
        true
    }
}

/// The weights, by two states in turn; nothing where that is not possible.
fn describe(weights: &[u8], out: &mut Vec<u8>) {
    let mut counts = [0u32; LONGEST as usize + 1];
    for &weight in weights {
        counts[usize::from(weight)] += 1;
    }
    if weights.len() < 3 || counts.iter().filter(|&&count| count > 0).count() < 2 {
        return;
    }
    let distribution = Distribution::of_counts(&counts, 6);
    distribution.describe(out);
    let table = Table::new(&distribution);
    let mut states = [State::default(), State::default()];
    let mut bits = Bits::new(out);
    for (at, &weight) in weights.iter().enumerate().rev() {
        states[at % 2].put(&table, weight, &mut bits);
    }
    let [first, second] = states;
    second.finish(&table, &mut bits);
    first.finish(&table, &mut bits);
    bits.close();
}
