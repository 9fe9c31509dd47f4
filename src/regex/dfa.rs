//! The automaton whose states are made when the text first leads there: one
//! step a byte, whatever the expression.
//!
//! A state is the set of instructions that may be next, before any assertion
//! is looked at, with what the last byte was. Whether assertions hold, and so
//! whether there is a match, is known with the next byte: a state says whether
//! a match ended before the byte that led to it.

use super::program::{Inst, Program};
use super::syntax::{Assert, holds, is_word};
use crate::sys::search;

/// What a search is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// The longest match that starts just here.
    Here,
    /// The first end of any match.
    Any,
    /// A place in the first line that matches; lines end in this byte.
    Lines(u8),
}

/// What was before a place.
pub(super) const START: u8 = 0;
const NEWLINE: u8 = 1;
const WORD: u8 = 2;
const OTHER: u8 = 3;
/// A match ended one byte ago.
const ENDED: u8 = 4;

// What the table holds: a state's first place in it, or one of these.
const MATCH: u32 = 1 << 30;
const DEAD: u32 = 1 << 31;
const UNKNOWN: u32 = u32::MAX;

/// When there are so many places in the table all is forgotten.
const FULL: usize = 1 << 18;

struct State {
    start: usize,
    count: usize,
    flags: u8,
}

pub(super) struct Dfa {
    mode: Mode,
    /// Next states, one a class and one for the end of the text.
    table: Vec<u32>,
    states: Vec<State>,
    /// The instructions of all states.
    pool: Vec<u32>,
    /// Numbers of states plus one by hash.
    index: Vec<u32>,
    starts: [u32; 4],
    /// When an instruction was last put on the list.
    seen: Vec<u32>,
    round: u32,
    list: Vec<u32>,
    todo: Vec<u32>,
}

/// What a byte is as context. `None` is the start of the text.
pub(super) fn context(before: Option<u8>) -> u8 {
    match before {
        None => START,
        Some(b'\n') => NEWLINE,
        Some(byte) if is_word(byte) => WORD,
        Some(_) => OTHER,
    }
}

/// Whether an assertion holds between what `before` says and the byte `next`.
pub(super) fn asserted(assert: Assert, before: u8, next: Option<u8>, newline: bool) -> bool {
    let word = before == WORD;
    let next_word = next.is_some_and(is_word);
    match assert {
        Assert::LineStart => before == START || newline && before == NEWLINE,
        Assert::LineEnd => next.is_none() || newline && next == Some(b'\n'),
        Assert::TextStart => before == START,
        Assert::TextEnd => next.is_none(),
        Assert::WordStart => !word && next_word,
        Assert::WordEnd => word && !next_word,
        Assert::Boundary => word != next_word,
        Assert::Inside => word == next_word,
        Assert::NoWordBefore => !word,
        Assert::NoWordBehind => !next_word,
    }
}

impl Dfa {
    pub fn new(mode: Mode) -> Dfa {
        Dfa {
            mode,
            table: Vec::new(),
            states: Vec::new(),
            pool: Vec::new(),
            index: Vec::new(),
            starts: [UNKNOWN; 4],
            seen: Vec::new(),
            round: 0,
            list: Vec::new(),
            todo: Vec::new(),
        }
    }

    /// Searches `text` from `from` on, where `before` is the context. Returns
    /// the place that the mode is about.
    pub fn run(
        &mut self,
        program: &Program,
        newline: bool,
        text: &[u8],
        from: usize,
        before: u8,
    ) -> Option<usize> {
        let mut state = self.start(program, before);
        let mut at = from;
        let mut last = None;
        loop {
            if let Some(rest) = text.get(at..) {
                for &byte in rest {
                    let place = state as usize + usize::from(program.class(byte));
                    let next = self.table.get(place).copied().unwrap_or(DEAD);
                    if next >= MATCH {
                        break;
                    }
                    state = next;
                    at += 1;
                }
            }
            let byte = text.get(at).copied();
            if let Mode::Lines(end) = self.mode
                && byte.is_none()
                && (at == from || at.checked_sub(1).and_then(|at| text.get(at)) == Some(&end))
            {
                return None;
            }
            let class = byte.map_or(program.count, |byte| usize::from(program.class(byte)));
            let mut next = self.table.get(state as usize + class).copied().unwrap_or(DEAD);
            if next == UNKNOWN {
                next = self.step(program, newline, state, class);
            }
            if next == DEAD {
                let (Mode::Lines(end), Some(rest)) = (self.mode, text.get(at..)) else {
                    return last;
                };
                at += search::byte(rest, end)? + 1;
                state = self.start(program, START);
                continue;
            }
            if next & MATCH != 0 {
                last = Some(at);
                if self.mode != Mode::Here {
                    return last;
                }
            }
            if byte.is_none() {
                return last;
            }
            state = next & !MATCH;
            at += 1;
        }
    }

    fn start(&mut self, program: &Program, before: u8) -> u32 {
        let before = if program.asserts { before } else { OTHER };
        let known = self.starts.get(usize::from(before)).copied().unwrap_or(UNKNOWN);
        if known != UNKNOWN {
            return known;
        }
        self.round(program);
        self.add(program, 0, None);
        let state = self.intern(program, before);
        if let Some(place) = self.starts.get_mut(usize::from(before)) {
            *place = state;
        }
        state
    }

    /// Begins a new list.
    fn round(&mut self, program: &Program) {
        self.list.clear();
        self.seen.resize(program.code.len(), 0);
        self.round = self.round.wrapping_add(1);
        if self.round == 0 {
            self.seen.fill(0);
            self.round = 1;
        }
    }

    /// Puts an instruction on the list, or what is behind it when it eats
    /// nothing. Assertions are asked only when `around` says what is around.
    fn add(&mut self, program: &Program, pc: usize, around: Option<(u8, Option<u8>, bool)>) {
        self.todo.push(pc as u32);
        while let Some(pc) = self.todo.pop() {
            let at = pc as usize;
            let (Some(seen), Some(inst)) = (self.seen.get_mut(at), program.code.get(at)) else {
                continue;
            };
            if std::mem::replace(seen, self.round) == self.round {
                continue;
            }
            match *inst {
                Inst::Split(a, b) | Inst::Loop(_, a, b) => {
                    self.todo.push(b as u32);
                    self.todo.push(a as u32);
                }
                Inst::Jump(to) => self.todo.push(to as u32),
                Inst::Save(_) => self.todo.push(pc + 1),
                Inst::Assert(assert) => match around {
                    None => self.list.push(pc),
                    Some((before, next, newline)) => {
                        if asserted(assert, before, next, newline) {
                            self.todo.push(pc + 1);
                        }
                    }
                },
                Inst::Byte(_) | Inst::Set(_) | Inst::Match | Inst::Back(_) => self.list.push(pc),
            }
        }
    }

    /// Finds where a state goes on a class of bytes, and writes it down.
    #[inline(never)]
    fn step(&mut self, program: &Program, newline: bool, from: u32, class: usize) -> u32 {
        let stride = program.count + 1;
        let Some(state) = self.states.get(from as usize / stride) else { return DEAD };
        let before = state.flags & 3;
        let held = self.pool.get(state.start..state.start + state.count).unwrap_or_default();
        let mut list = held.to_vec();
        let byte = program.sample.get(class).copied().filter(|_| class < program.count);
        let ends = matches!(self.mode, Mode::Lines(end) if byte == Some(end));
        let next = byte.filter(|_| !ends);
        if program.asserts {
            self.round(program);
            for pc in list {
                self.add(program, pc as usize, Some((before, next, newline)));
            }
            list = std::mem::take(&mut self.list);
        }
        let code = |pc: &u32| program.code.get(*pc as usize);
        let matched = list.iter().any(|pc| matches!(code(pc), Some(Inst::Match)));
        let value = if matched && (self.mode != Mode::Here || next.is_none()) {
            MATCH
        } else if ends {
            self.start(program, START)
        } else if let Some(byte) = next {
            self.round(program);
            for pc in &list {
                let eats = match code(pc) {
                    Some(Inst::Byte(b)) => *b == byte,
                    Some(Inst::Set(set)) => program.sets.get(*set).is_some_and(|s| holds(s, byte)),
                    _ => false,
                };
                if eats {
                    self.add(program, *pc as usize + 1, None);
                }
            }
            if self.mode != Mode::Here && !program.anchored {
                self.add(program, 0, None);
            }
            if self.list.is_empty() && !matched {
                DEAD
            } else {
                let context = if program.asserts { context(Some(byte)) } else { OTHER };
                let ended = if matched { ENDED } else { 0 };
                if self.table.len() + stride > FULL {
                    // `from` is forgotten as well: nothing to write down.
                    self.forget();
                    let value = self.intern(program, context | ended);
                    return if matched { value | MATCH } else { value };
                }
                let value = self.intern(program, context | ended);
                if matched { value | MATCH } else { value }
            }
        } else {
            DEAD
        };
        if let Some(place) = self.table.get_mut(from as usize + class) {
            *place = value;
        }
        value
    }

    fn forget(&mut self) {
        self.table.clear();
        self.states.clear();
        self.pool.clear();
        self.index.fill(0);
        self.starts = [UNKNOWN; 4];
    }

    /// The state of the list and `flags`: its first place in the table.
    fn intern(&mut self, program: &Program, flags: u8) -> u32 {
        let stride = program.count + 1;
        if self.states.len() * 2 >= self.index.len() {
            let size = (self.index.len() * 4).max(64);
            self.index.clear();
            self.index.resize(size, 0);
            for number in 0..self.states.len() {
                if let Some(state) = self.states.get(number) {
                    let held = self.pool.get(state.start..state.start + state.count);
                    let hash = hash(held.unwrap_or_default(), state.flags);
                    self.enter(hash, number);
                }
            }
        }
        let hash = hash(&self.list, flags);
        let mask = self.index.len() - 1;
        let mut place = hash & mask;
        while let Some(number) = self.index.get(place).and_then(|n| n.checked_sub(1)) {
            let number = number as usize;
            if let Some(state) = self.states.get(number)
                && state.flags == flags
                && self.pool.get(state.start..state.start + state.count) == Some(&*self.list)
            {
                return (number * stride) as u32;
            }
            place = (place + 1) & mask;
        }
        let number = self.states.len();
        self.enter(hash, number);
        self.states.push(State { start: self.pool.len(), count: self.list.len(), flags });
        self.pool.extend_from_slice(&self.list);
        self.table.resize(self.table.len() + stride, UNKNOWN);
        (number * stride) as u32
    }

    fn enter(&mut self, hash: usize, number: usize) {
        let mask = self.index.len() - 1;
        let mut place = hash & mask;
        while let Some(slot) = self.index.get_mut(place) {
            if *slot == 0 {
                *slot = number as u32 + 1;
                return;
            }
            place = (place + 1) & mask;
        }
    }
}

fn hash(list: &[u32], flags: u8) -> usize {
    let mut hash = u32::from(flags) ^ 0x811c_9dc5;
    for &pc in list {
        hash = (hash ^ pc).wrapping_mul(0x0100_0193);
    }
    (hash ^ (hash >> 15)) as usize
}
