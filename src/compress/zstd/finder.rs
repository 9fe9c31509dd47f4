//! Matches: what came before and comes again. Two tables of places by hashes
//! of eight and of five bytes, each with the last place only; the higher levels
//! have [`Chains`].

use super::chains::Chains;

/// A part of the input: so many bytes as they are, then so many that came
/// before. The offset is as it is written: that plus 3, or 1 to 3 for one of
/// those before (RFC 8878, 3.1.1.5).
#[derive(Clone, Copy, Default)]
pub struct Sequence {
    pub literals: u32,
    /// The length less 3, which is the shortest.
    pub length: u32,
    pub offset: u32,
}

const LONG: u32 = 16;
const SHORT: u32 = 15;

/// Finds matches in one part of the input.
pub struct Finder {
    long: Vec<u32>,
    short: Vec<u32>,
    /// The last offsets; 0 where it is not known what a reader has there.
    pub last: [usize; 3],
    chains: Option<Chains>,
}

/// A match: where it begins, where the same was before, how long it is.
#[derive(Clone, Copy)]
struct Match {
    at: usize,
    from: usize,
    length: usize,
}

#[inline(always)]
fn eight(bytes: &[u8], at: usize) -> u64 {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk())
        .map_or(0, |chunk| u64::from_le_bytes(*chunk))
}

#[inline(always)]
pub fn four(bytes: &[u8], at: usize) -> u32 {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk())
        .map_or(0, |chunk| u32::from_le_bytes(*chunk))
}

#[inline(always)]
pub fn hash(value: u64, bits: u32) -> usize {
    (value.wrapping_mul(0xcf1b_bcdc_b7a5_6463) >> (64 - bits)) as usize
}

/// How many bytes at `a` and at `b`, which is behind, are the same up to `end`.
#[inline(never)]
pub fn same(bytes: &[u8], mut a: usize, mut b: usize, end: usize) -> usize {
    let start = b;
    while b + 8 <= end {
        let differ = eight(bytes, a) ^ eight(bytes, b);
        if differ != 0 {
            return b - start + (differ.trailing_zeros() / 8) as usize;
        }
        a += 8;
        b += 8;
    }
    while b < end && bytes.get(a) == bytes.get(b) {
        a += 1;
        b += 1;
    }
    b - start
}

impl Finder {
    /// Finds as the level says: 7 and above look longer.
    pub fn new(level: u8) -> Finder {
        let chains = Chains::of_level(level);
        let size = |bits: u32| if chains.is_some() { 0 } else { 1 << bits };
        Finder { long: vec![0; size(LONG)], short: vec![0; size(SHORT)], last: [0; 3], chains }
    }

    /// Notes that `at` has these bytes; gives where they were before, by eight
    /// and by five bytes.
    #[inline(always)]
    fn note(&mut self, bytes: &[u8], at: usize) -> (usize, usize) {
        let value = eight(bytes, at);
        let (mut long, mut short) = (0, 0);
        if let Some(place) = self.long.get_mut(hash(value, LONG)) {
            long = *place as usize;
            *place = at as u32;
        }
        if let Some(place) = self.short.get_mut(hash(value << 24, SHORT)) {
            short = *place as usize;
            *place = at as u32;
        }
        (long, short)
    }

    /// Whether what is at `at` came `offset` bytes before.
    #[inline(always)]
    fn again(bytes: &[u8], at: usize, offset: usize) -> bool {
        offset > 0 && offset <= at && four(bytes, at) == four(bytes, at - offset)
    }

    /// Takes `start` to `end` of `bytes` apart; matches may begin before.
    pub fn parse(
        &mut self,
        bytes: &[u8],
        (start, end): (usize, usize),
        literals: &mut Vec<u8>,
        list: &mut Vec<Sequence>,
    ) {
        if let Some(mut chains) = self.chains.take() {
            self.parse_longest(&mut chains, bytes, (start, end), literals, list);
            self.chains = Some(chains);
            return;
        }
        let (mut anchor, mut at) = (start, start);
        let limit = end.saturating_sub(9);
        while at < limit {
            let (long, short) = self.note(bytes, at);
            let (mut from, length);
            if Self::again(bytes, at + 1, self.last[0]) {
                at += 1;
                from = at - self.last[0];
                length = same(bytes, from, at, end);
            } else {
                if long < at && eight(bytes, long) == eight(bytes, at) {
                    from = long;
                } else if short < at && four(bytes, short) == four(bytes, at) {
                    from = short;
                    // The next one may be longer.
                    let (long, _) = self.note(bytes, at + 1);
                    if long <= at && eight(bytes, long) == eight(bytes, at + 1) {
                        from = long;
                        at += 1;
                    }
                } else {
                    at += 1 + ((at - anchor) >> 8);
                    continue;
                }
                let behind = same(bytes, from, at, end);
                let mut before = 0;
                while at > anchor && from > 0 && bytes.get(from - 1) == bytes.get(at - 1) {
                    at -= 1;
                    from -= 1;
                    before += 1;
                }
                length = before + behind;
            }
            let offset = at - from;
            let written = match offset == self.last[0] && at > anchor {
                true => 1,
                false => {
                    self.last = [offset, self.last[0], self.last[1]];
                    offset as u32 + 3
                }
            };
            literals.extend_from_slice(bytes.get(anchor..at).unwrap_or_default());
            list.push(Sequence {
                literals: (at - anchor) as u32,
                length: length as u32 - 3,
                offset: written,
            });
            let first = at;
            at += length;
            anchor = at;
            if at < limit {
                self.note(bytes, first + 2);
                self.note(bytes, at - 2);
            }
            // The offset before that one, with no literals between.
            while at < limit && Self::again(bytes, at, self.last[1]) {
                let length = same(bytes, at - self.last[1], at, end);
                self.last.swap(0, 1);
                self.note(bytes, at);
                list.push(Sequence { literals: 0, length: length as u32 - 3, offset: 1 });
                at += length;
                anchor = at;
            }
        }
        literals.extend_from_slice(bytes.get(anchor..end).unwrap_or_default());
    }

    /// [`Finder::parse`] of the higher levels: the best match at each place,
    /// put off while the next place has a better one.
    fn parse_longest(
        &mut self,
        chains: &mut Chains,
        bytes: &[u8],
        (start, end): (usize, usize),
        literals: &mut Vec<u8>,
        list: &mut Vec<Sequence>,
    ) {
        let (mut anchor, mut at) = (start, start);
        let limit = end.saturating_sub(8);
        while at < limit {
            let Some(mut found) = self.best(chains, bytes, at, end) else {
                at += 1;
                continue;
            };
            while found.at + 1 < limit
                && let Some(next) = self.best(chains, bytes, found.at + 1, end)
                && self.gain(next) > self.gain(found) + 4
            {
                found = next;
            }
            literals.extend_from_slice(bytes.get(anchor..found.at).unwrap_or_default());
            let count = found.at - anchor;
            list.push(Sequence {
                literals: count as u32,
                length: found.length as u32 - 3,
                offset: self.write_offset(found.at - found.from, count == 0),
            });
            at = found.at + found.length;
            anchor = at;
        }
        literals.extend_from_slice(bytes.get(anchor..end).unwrap_or_default());
    }

    /// The best match at a place; one at the last offset is cheap to write.
    fn best(&self, chains: &mut Chains, bytes: &[u8], at: usize, end: usize) -> Option<Match> {
        let (from, length) = chains.longest(bytes, at, end);
        let mut found = (length > 0).then_some(Match { at, from, length });
        for offset in [self.last[0], self.last[1]] {
            if Self::again(bytes, at, offset) {
                let from = at - offset;
                let repeated = Match { at, from, length: same(bytes, from, at, end) };
                if found.is_none_or(|found| self.gain(repeated) > self.gain(found)) {
                    found = Some(repeated);
                }
            }
        }
        found
    }

    /// What a match is worth: four bits or so a byte, less what its offset
    /// takes.
    fn gain(&self, found: Match) -> usize {
        let offset = found.at - found.from;
        let is_known = self.last.iter().take(2).any(|&last| last == offset);
        let cost = if is_known { 1 } else { offset.ilog2() as usize };
        (found.length * 4 + 32).saturating_sub(cost)
    }

    /// An offset as it is written behind literals, or without any between
    /// (RFC 8878, 3.1.1.5).
    fn write_offset(&mut self, offset: usize, at_once: bool) -> u32 {
        match (offset == self.last[0], offset == self.last[1]) {
            (true, _) if !at_once => 1,
            (_, true) => {
                self.last.swap(0, 1);
                if at_once { 1 } else { 2 }
            }
            _ => {
                self.last = [offset, self.last[0], self.last[1]];
                offset as u32 + 3
            }
        }
    }
}
