//! Where the groups of a match are, and back references: trying one way after
//! the other.

use super::dfa::{asserted, context};
use super::program::{Inst, Program};
use super::syntax::holds;

enum Job {
    /// Go on at an instruction and a place.
    Go(usize, usize),
    /// Put back what a slot held.
    Slot(usize, Option<usize>),
    /// Put back the last place of a loop.
    Place(usize, usize),
}

#[derive(Default)]
pub(super) struct Backtrack {
    jobs: Vec<Job>,
    /// A bit for an instruction at a place: it was tried there.
    tried: Vec<u64>,
    /// Starts and ends of groups.
    pub slots: Vec<Option<usize>>,
    /// Where each loop was last.
    places: Vec<usize>,
    best: Vec<Option<usize>>,
}

/// More memory than that is not spent on what was tried.
const MOST_TRIED: usize = 1 << 28;

impl Backtrack {
    /// Matches `text` from `from` on: to just `end` when it is known, or as
    /// far as can be. The groups are in `slots` then; returns the end.
    pub fn run(
        &mut self,
        program: &Program,
        newline: bool,
        text: &[u8],
        from: usize,
        end: Option<usize>,
    ) -> Option<usize> {
        self.slots.clear();
        self.slots.resize(program.slots, None);
        self.places.clear();
        self.places.resize(program.loops, usize::MAX);
        self.jobs.clear();
        let width = end.map_or(0, |end| end.saturating_sub(from) + 1);
        let bits = width.saturating_mul(program.code.len());
        // What matched before matters to a back reference: no use of bits.
        let counts = !program.refers && bits <= MOST_TRIED;
        self.tried.clear();
        if counts {
            self.tried.resize(bits / 64 + 1, 0);
        }
        let mut longest = None;
        self.jobs.push(Job::Go(0, from));
        while let Some(job) = self.jobs.pop() {
            let (mut pc, mut at) = match job {
                Job::Go(pc, at) => (pc, at),
                Job::Slot(slot, old) => {
                    if let Some(place) = self.slots.get_mut(slot) {
                        *place = old;
                    }
                    continue;
                }
                Job::Place(number, old) => {
                    if let Some(place) = self.places.get_mut(number) {
                        *place = old;
                    }
                    continue;
                }
            };
            loop {
                if end.is_some_and(|end| at > end) {
                    break;
                }
                let Some(inst) = program.code.get(pc) else { break };
                if counts && matches!(inst, Inst::Split(..) | Inst::Loop(..) | Inst::Jump(_)) {
                    let bit = pc * width + (at - from);
                    let Some(word) = self.tried.get_mut(bit / 64) else { break };
                    if *word >> (bit % 64) & 1 != 0 {
                        break;
                    }
                    *word |= 1 << (bit % 64);
                }
                match *inst {
                    Inst::Byte(byte) => {
                        if text.get(at) != Some(&byte) {
                            break;
                        }
                        at += 1;
                    }
                    Inst::Set(set) => {
                        let (Some(&byte), Some(set)) = (text.get(at), program.sets.get(set)) else {
                            break;
                        };
                        if !holds(set, byte) {
                            break;
                        }
                        at += 1;
                    }
                    Inst::Split(a, b) => {
                        self.jobs.push(Job::Go(b, at));
                        pc = a;
                        continue;
                    }
                    Inst::Loop(number, a, b) => {
                        let Some(place) = self.places.get_mut(number) else { break };
                        if *place == at {
                            break;
                        }
                        let old = std::mem::replace(place, at);
                        self.jobs.push(Job::Place(number, old));
                        self.jobs.push(Job::Go(b, at));
                        pc = a;
                        continue;
                    }
                    Inst::Jump(to) => {
                        pc = to;
                        continue;
                    }
                    Inst::Save(slot) => {
                        if let Some(place) = self.slots.get_mut(slot) {
                            let old = place.replace(at);
                            self.jobs.push(Job::Slot(slot, old));
                        }
                    }
                    Inst::Assert(assert) => {
                        let before =
                            context(at.checked_sub(1).and_then(|at| text.get(at)).copied());
                        if !asserted(assert, before, text.get(at).copied(), newline) {
                            break;
                        }
                    }
                    Inst::Back(number) => {
                        let span = self.slots.get(number * 2..number * 2 + 2);
                        let Some(&[Some(a), Some(b)]) = span else { break };
                        let (Some(said), Some(rest)) = (text.get(a..b), text.get(at..)) else {
                            break;
                        };
                        let again = rest.get(..said.len()).is_some_and(|again| {
                            again == said || program.icase && again.eq_ignore_ascii_case(said)
                        });
                        if !again {
                            break;
                        }
                        at += said.len();
                    }
                    Inst::Match => {
                        if let Some(end) = end {
                            if at == end {
                                return Some(at);
                            }
                        } else if longest.is_none_or(|longest| at > longest) {
                            longest = Some(at);
                            self.best.clear();
                            self.best.extend_from_slice(&self.slots);
                            if at == text.len() {
                                self.jobs.clear();
                            }
                        }
                        break;
                    }
                }
                pc += 1;
            }
        }
        if longest.is_some() {
            std::mem::swap(&mut self.best, &mut self.slots);
        }
        longest
    }
}
