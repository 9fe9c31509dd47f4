//! Where the blocks of a file are: by extents, or by blocks that point to blocks.

use super::{EXTENTS, Layout, Runs};
use crate::mkfs::put;

impl Layout {
    /// The map of a file with these blocks; further blocks that it needs are
    /// taken and put in `more`.
    pub(super) fn map(
        &self,
        inode: u32,
        runs: &Runs,
        next: &mut u32,
        more: &mut Vec<(u32, Vec<u8>)>,
    ) -> [u8; 60] {
        let mut out = [0u8; 60];
        if self.plan.features[1] & EXTENTS != 0 {
            let mut list: Vec<(u32, u32, u32)> = Vec::new();
            let mut logical = 0;
            for &(at, length) in runs {
                let mut done = 0;
                while done < length {
                    let part = (length - done).min(32768);
                    list.push((logical, part, at + done));
                    logical += part;
                    done += part;
                }
            }
            if list.len() <= 4 {
                extents(&mut out, 4, &list);
                return out;
            }
            let mut leaf = vec![0u8; self.plan.block as usize];
            let room = (self.plan.block as u16 - 12) / 12;
            extents(&mut leaf, room, &list);
            if self.sums() {
                let at = 12 + 12 * usize::from(room);
                let sum = self.sum_of(inode, leaf.get(..at).unwrap_or_default());
                put(&mut leaf, at, &sum.to_le_bytes());
            }
            let place = self.one(next);
            put(&mut out, 0, &[0x0a, 0xf3, 1, 0, 4, 0, 1, 0]);
            put(&mut out, 16, &place.to_le_bytes());
            more.push((place, leaf));
            return out;
        }
        let mut numbers: Vec<u32> = Vec::new();
        for &(at, length) in runs {
            numbers.extend(at..at + length);
        }
        let (direct, rest) = numbers.split_at(numbers.len().min(12));
        for (n, number) in direct.iter().enumerate() {
            put(&mut out, n * 4, &number.to_le_bytes());
        }
        let mut rest = rest;
        for level in 1..=3u32 {
            if rest.is_empty() {
                break;
            }
            let room = (self.plan.block as usize / 4).saturating_pow(level);
            let (part, behind) = rest.split_at(rest.len().min(room));
            rest = behind;
            let top = self.indirect(part, level, next, more);
            put(&mut out, (11 + level as usize) * 4, &top.to_le_bytes());
        }
        out
    }

    /// A block that points to these, by as many levels; its number.
    fn indirect(
        &self,
        numbers: &[u32],
        level: u32,
        next: &mut u32,
        more: &mut Vec<(u32, Vec<u8>)>,
    ) -> u32 {
        let place = self.one(next);
        let room = (self.plan.block as usize / 4).saturating_pow(level - 1);
        let mut bytes = vec![0u8; self.plan.block as usize];
        for (n, part) in numbers.chunks(room).enumerate() {
            let below = match part {
                [only] if level == 1 => *only,
                _ => self.indirect(part, level - 1, next, more),
            };
            put(&mut bytes, n * 4, &below.to_le_bytes());
        }
        more.push((place, bytes));
        place
    }

    fn one(&self, next: &mut u32) -> u32 {
        self.take(next, 1).first().map_or(0, |run| run.0)
    }
}

/// A node of extents: first block, length, where.
fn extents(out: &mut [u8], room: u16, list: &[(u32, u32, u32)]) {
    put(out, 0, &[0x0a, 0xf3]);
    put(out, 2, &(list.len() as u16).to_le_bytes());
    put(out, 4, &room.to_le_bytes());
    for (n, (logical, length, at)) in list.iter().enumerate() {
        let place = 12 + n * 12;
        put(out, place, &logical.to_le_bytes());
        put(out, place + 4, &(*length as u16).to_le_bytes());
        put(out, place + 8, &at.to_le_bytes());
    }
}
