//! Finite state entropy, the writing half: RFC 8878, 4.1.

use super::bits::Bits;

/// Distribution for one alphabet: how many states of `1 << log` a symbol has;
/// -1 is one state at the end of the table.
#[derive(Clone)]
pub struct Distribution {
    pub log: u32,
    pub states: Vec<i16>,
}

impl Distribution {
    /// Follows how often the symbols come, in at most `1 << most` states. At
    /// least two symbols must come.
    pub fn of_counts(counts: &[u32], most: u32) -> Distribution {
        let total: u32 = counts.iter().sum();
        let used = counts.iter().filter(|&&count| count > 0).count() as u32;
        // Fewer states cost less to describe; each symbol needs one at least.
        let enough = total.max(2).ilog2().saturating_sub(2).max(used.max(2).ilog2() + 2);
        let log = enough.clamp(5, most);
        let size = 1i64 << log;
        let mut left = size;
        let share = |count: u32| match count {
            0 => 0,
            _ => ((i64::from(count) * size + i64::from(total / 2)) / i64::from(total)).max(1),
        };
        let mut states: Vec<i16> = counts
            .iter()
            .map(|&count| {
                left -= share(count);
                share(count) as i16
            })
            .collect();
        // What rounding gave too much or too little, the most frequent bear.
        while left != 0 {
            let Some(most) = states.iter_mut().max() else { break };
            let change = left.max(-i64::from(*most / 2));
            if change == 0 {
                break;
            }
            *most += change as i16;
            left -= change;
        }
        while states.last() == Some(&0) {
            states.pop();
        }
        Distribution { log, states }
    }

    /// Its description.
    pub fn describe(&self, out: &mut Vec<u8>) {
        let mut bits = Bits::new(out);
        bits.put(self.log - 5, 4);
        let mut remaining = (1i32 << self.log) + 1;
        let mut threshold = 1i32 << self.log;
        let mut width = self.log + 1;
        let mut states = self.states.iter().peekable();
        while let Some(&count) = states.next() {
            let count = i32::from(count);
            let most = 2 * threshold - 1 - remaining;
            remaining -= count.abs();
            let mut value = count + 1;
            if value >= threshold {
                value += most;
            }
            bits.put(value as u32, if value < most { width - 1 } else { width });
            while remaining < threshold && threshold > 1 {
                width -= 1;
                threshold >>= 1;
            }
            if count == 0 {
                let mut zeros = 0;
                while states.next_if(|&&count| count == 0).is_some() {
                    zeros += 1;
                }
                while zeros >= 3 {
                    bits.put(3, 2);
                    zeros -= 3;
                }
                bits.put(zeros, 2);
            }
        }
        bits.finish();
    }
}

/// What moves one symbol's states.
#[derive(Clone, Copy, Default)]
struct Move {
    bits: u32,
    find: i32,
}

/// A distribution, made ready to write.
pub struct Table {
    log: u32,
    next: Vec<u16>,
    moves: Vec<Move>,
}

impl Table {
    pub fn new(distribution: &Distribution) -> Table {
        let Distribution { log, states } = distribution;
        let (log, size) = (*log, 1usize << log);
        // Which symbol each state is of.
        let mut symbols = vec![0u8; size];
        let mut high = size;
        for (symbol, &count) in states.iter().enumerate() {
            if count < 0 {
                high -= 1;
                put(&mut symbols, high, symbol as u8);
            }
        }
        let step = (size >> 1) + (size >> 3) + 3;
        let mut at = 0;
        for (symbol, &count) in states.iter().enumerate() {
            for _ in 0..count {
                put(&mut symbols, at, symbol as u8);
                at = (at + step) & (size - 1);
                while at >= high && high > 0 {
                    at = (at + step) & (size - 1);
                }
            }
        }
        let mut starts = Vec::with_capacity(states.len());
        let mut moves = Vec::with_capacity(states.len());
        let mut total = 0i32;
        for &count in states {
            let count = i32::from(count.abs());
            starts.push(total as usize);
            let out = match count {
                0 | 1 => log,
                count => log - (count - 1).ilog2(),
            };
            let bits = (out << 16).wrapping_sub((count.max(1) as u32) << out);
            moves.push(Move { bits, find: total - count });
            total += count;
        }
        let mut next = vec![0u16; size];
        for (state, &symbol) in symbols.iter().enumerate() {
            if let Some(start) = starts.get_mut(usize::from(symbol)) {
                put(&mut next, *start, (size + state) as u16);
                *start += 1;
            }
        }
        Table { log, next, moves }
    }

    #[inline(always)]
    fn symbol(&self, symbol: u8) -> Move {
        self.moves.get(usize::from(symbol)).copied().unwrap_or_default()
    }

    #[inline(always)]
    fn state(&self, state: u32, bits: u32, find: i32) -> u32 {
        let at = (state >> bits) as i32 + find;
        self.next.get(at as usize).copied().map_or(0, u32::from)
    }
}

#[inline(always)]
fn put<T>(list: &mut [T], at: usize, value: T) {
    if let Some(place) = list.get_mut(at) {
        *place = value;
    }
}

/// The state while a table is written with, from the last symbol to the first.
#[derive(Default)]
pub struct State(Option<u32>);

impl State {
    /// The next symbol; the very first costs nothing.
    #[inline(always)]
    pub fn put(&mut self, table: &Table, symbol: u8, bits: &mut Bits) {
        let with = table.symbol(symbol);
        let (state, count) = match self.0 {
            Some(state) => {
                let count = state.wrapping_add(with.bits) >> 16;
                bits.put(state, count);
                (state, count)
            }
            None => {
                let count = with.bits.wrapping_add(1 << 15) >> 16;
                ((count << 16).wrapping_sub(with.bits), count)
            }
        };
        self.0 = Some(table.state(state, count, with.find));
    }

    /// Where a reader begins.
    pub fn finish(self, table: &Table, bits: &mut Bits) {
        bits.put(self.0.unwrap_or(0), table.log);
    }
}
