//! Matches of the higher levels: every place is kept, those of one hash in a
//! chain, and the longest match of many is taken.

use super::finder::{four, hash, same};

const BITS: u32 = 16;
/// No place.
const NONE: u32 = u32::MAX;

/// The places of a part.
pub struct Chains {
    /// The last place of each hash.
    heads: Vec<u32>,
    /// The place of the same hash before each place.
    before: Vec<u32>,
    /// How many of a chain are looked at.
    depth: usize,
}

impl Chains {
    /// What a level looks at; nothing for the levels below 7, which keep the
    /// last places only.
    pub fn of_level(level: u8) -> Option<Chains> {
        let depth = match level {
            0..=6 => return None,
            7 => 8,
            8 => 32,
            _ => 128,
        };
        Some(Chains { heads: vec![NONE; 1 << BITS], before: Vec::new(), depth })
    }

    fn head(&mut self, bytes: &[u8], at: usize) -> Option<&mut u32> {
        self.heads.get_mut(hash(u64::from(four(bytes, at)), BITS))
    }

    /// Notes the places up to `at`, itself left out.
    pub fn note(&mut self, bytes: &[u8], at: usize) {
        while self.before.len() < at {
            let place = self.before.len();
            let Some(head) = self.head(bytes, place) else { return };
            let last = std::mem::replace(head, place as u32);
            self.before.push(last);
        }
    }

    /// The longest match of what is at `at`: where it is, and its length; 0 for
    /// none.
    pub fn longest(&mut self, bytes: &[u8], at: usize, end: usize) -> (usize, usize) {
        self.note(bytes, at);
        let mut place = self.head(bytes, at).map_or(NONE, |head| *head);
        let mut best = (0, 0);
        for _ in 0..self.depth {
            let from = place as usize;
            let Some(&next) = self.before.get(from) else { break };
            // only one that is longer is of interest
            if bytes.get(from + best.1) == bytes.get(at + best.1) {
                let length = same(bytes, from, at, end);
                if length > best.1 {
                    best = (from, length);
                }
            }
            if at + best.1 >= end {
                break;
            }
            place = next;
        }
        if best.1 < 4 { (0, 0) } else { best }
    }
}
