//! Regular expressions of POSIX, basic and extended, with what GNU adds:
//! `\<` `\>` `\b` `\B` `\w` `\W` `\s` `\S` `` \` `` `\'`, `\n`, `\t`, and `\+` `\?`
//! `\|` in basic ones. Text is bytes, NUL among them.
//!
//! Why not the C library's: musl's regexec steps through its automaton's
//! states byte by byte with an allocation for each call, wants a NUL behind
//! the text and none in it, and is 27 KB with its tables of wide characters;
//! glibc's, which the development build has, differs from it. Here one
//! automaton serves lines and whole buffers (`dfa`), a fast search for text
//! that must be there goes before it (`literal`), and only where the places of
//! groups are wanted, or an expression refers to one, ways are tried one by
//! one (`backtrack`). Of the ways a group can match, the first alternative
//! and the longest repetition is taken, within the longest match of the whole.

mod backtrack;
mod dfa;
mod literal;
mod program;
mod syntax;

use std::cell::RefCell;

use crate::sys::search;
use backtrack::Backtrack;
use dfa::{Dfa, Mode, context};
use literal::Literal;
use program::{Inst, Program};
use syntax::{Set, holds};

/// A place in a text: where it starts and where it ends.
pub type Span = (usize, usize);

/// Places of the whole match and of nine groups.
pub type Groups = [Option<Span>; 10];

/// How an expression is meant.
#[derive(Clone, Copy, Default)]
pub struct Flags {
    /// Extended rather than basic syntax.
    pub extended: bool,
    /// Letters match in both cases.
    pub icase: bool,
    /// `^` and `$` match at newlines too, which `.` and `[^x]` do not match.
    pub newline: bool,
    /// The pattern is text and nothing in it special.
    pub literal: bool,
    /// awk's escapes, in brackets too, and no back references.
    pub awk: bool,
    /// A match is not beside a letter, digit or `_`.
    pub word: bool,
    /// A match is all of the text.
    pub line: bool,
    /// Lines end in NUL ([`Regex::find_line`]).
    pub nul: bool,
}

impl Flags {
    /// Basic syntax.
    pub const BASIC: Flags = Flags {
        extended: false,
        icase: false,
        newline: false,
        literal: false,
        awk: false,
        word: false,
        line: false,
        nul: false,
    };
    /// Extended syntax.
    pub const EXTENDED: Flags = Flags { extended: true, ..Flags::BASIC };
}

/// An expression ready for use. Matches are the leftmost, of those the longest.
pub struct Regex {
    // Boxed, so that what holds an expression stays small.
    program: Box<Program>,
    literal: Box<Literal>,
    /// Bytes that a match may start with; of one that may be empty none.
    first: Option<Box<Set>>,
    groups: usize,
    newline: bool,
    end: u8,
    work: Box<RefCell<Work>>,
}

/// What is made while matching.
struct Work {
    here: Dfa,
    any: Dfa,
    lines: Dfa,
    ways: Backtrack,
}

impl Regex {
    /// Compiles `pattern`; an error says what is wrong with it, in GNU's words.
    pub fn new(pattern: &[u8], flags: Flags) -> Result<Regex, &'static str> {
        Regex::any_of(&[pattern], flags)
    }

    /// Compiles patterns of which any is to match.
    pub fn any_of(patterns: &[&[u8]], flags: Flags) -> Result<Regex, &'static str> {
        let tree = syntax::parse(patterns, flags)?;
        let mut literal = literal::analyse(&tree.root);
        literal.anchored = literal.anchored && !flags.newline;
        let groups = tree.groups;
        let end = if flags.nul { 0 } else { b'\n' };
        let mut program = Box::new(program::compile(tree, end, flags.icase)?);
        program.anchored = literal.anchored;
        let work = Work {
            here: Dfa::new(Mode::Here),
            any: Dfa::new(Mode::Any),
            lines: Dfa::new(Mode::Lines(end)),
            ways: Backtrack::default(),
        };
        let first = first(&program);
        let work = Box::new(RefCell::new(work));
        let literal = Box::new(literal);
        Ok(Regex { program, literal, first, groups, newline: flags.newline, end, work })
    }

    /// How many groups it has.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// The text that it is, when it is nothing else.
    pub fn as_text(&self) -> Option<&[u8]> {
        self.literal.whole.then_some(&*self.literal.start)
    }

    /// Whether it matches anywhere in `text`.
    #[inline(never)]
    pub fn is_match(&self, text: &[u8]) -> bool {
        if self.literal.whole {
            return search::bytes(text, &self.literal.start).is_some();
        }
        if self.program.refers {
            return self.find(text, 0).is_some();
        }
        if self.lacks(text) {
            return false;
        }
        let Ok(mut work) = self.work.try_borrow_mut() else { return false };
        work.any.run(&self.program, self.newline, text, 0, dfa::START).is_some()
    }

    /// Whether `text` has not what every match has.
    fn lacks(&self, text: &[u8]) -> bool {
        let inner = &self.literal.inner;
        inner.len() > 1 && search::bytes(text, inner).is_none()
    }

    /// The leftmost longest match in `text` that starts at `from` or later.
    /// What is before `from` counts as context: `^` does not match there.
    #[inline(never)]
    pub fn find(&self, text: &[u8], from: usize) -> Option<Span> {
        let rest = text.get(from..)?;
        let literal = &self.literal;
        if literal.whole {
            let at = from + search::bytes(rest, &literal.start)?;
            return Some((at, at + literal.start.len()));
        }
        if literal.anchored && from > 0 || self.lacks(rest) {
            return None;
        }
        let mut work = self.work.try_borrow_mut().ok()?;
        let work = &mut *work;
        let before = |at: usize| context(at.checked_sub(1).and_then(|at| text.get(at)).copied());
        let mut last = text.len();
        if literal.anchored {
            last = from;
        } else if literal.start.is_empty() && !self.program.refers {
            last = work.any.run(&self.program, self.newline, text, from, before(from))?;
        }
        let mut at = from;
        while at <= last {
            if !literal.start.is_empty() && !literal.anchored {
                at += search::bytes(text.get(at..)?, &literal.start)?;
            } else if let (Some(first), Some(range)) = (&self.first, text.get(at..)) {
                at += range.iter().position(|&byte| holds(first, byte))?;
            }
            let end = if self.program.refers {
                work.ways.run(&self.program, self.newline, text, at, None)
            } else {
                work.here.run(&self.program, self.newline, text, at, before(at))
            };
            if let Some(end) = end {
                return Some((at, end));
            }
            at += 1;
        }
        None
    }

    /// [`Regex::find`] with the places of the groups.
    #[inline(never)]
    pub fn captures(&self, text: &[u8], from: usize, groups: &mut Groups) -> bool {
        *groups = [None; 10];
        let Some(whole) = self.find(text, from) else { return false };
        if let Some(first) = groups.first_mut() {
            *first = Some(whole);
        }
        if self.groups == 0 {
            return true;
        }
        let Ok(mut work) = self.work.try_borrow_mut() else { return false };
        if !self.program.refers {
            // With references find() went this way already.
            let end = Some(whole.1);
            work.ways.run(&self.program, self.newline, text, whole.0, end);
        }
        for (group, slots) in groups.iter_mut().zip(work.ways.slots.chunks(2)).skip(1) {
            if let &[Some(start), Some(end)] = slots {
                *group = Some((start, end));
            }
        }
        true
    }

    /// A place in the first line of `text` from `from` on, where a line
    /// starts, that matches. Lines end in newline (or NUL, by the flags), which
    /// is not part of what is matched.
    #[inline(never)]
    pub fn find_line(&self, text: &[u8], from: usize) -> Option<usize> {
        let literal = &self.literal;
        if literal.whole {
            if literal.start.contains(&self.end) {
                return None; // no line has its end in it
            }
            return Some(from + search::bytes(text.get(from..)?, &literal.start)?);
        }
        if !self.program.refers && literal.inner.len() < 2 {
            let mut work = self.work.try_borrow_mut().ok()?;
            return work.lines.run(&self.program, self.newline, text, from, dfa::START);
        }
        let mut at = from;
        loop {
            let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
            let found = at + search::bytes(rest, &literal.inner)?;
            let before = text.get(at..found)?.iter().rposition(|&b| b == self.end);
            let start = before.map_or(at, |before| at + before + 1);
            let end = search::byte(text.get(found..)?, self.end);
            let end = end.map_or(text.len(), |end| found + end);
            let line = text.get(start..end)?;
            let hit = if self.program.refers {
                self.find(line, 0).is_some()
            } else {
                let mut work = self.work.try_borrow_mut().ok()?;
                work.any.run(&self.program, self.newline, line, 0, dfa::START).is_some()
            };
            if hit {
                return Some(start);
            }
            at = end + 1;
        }
    }
}

/// The bytes that a match may start with.
fn first(program: &Program) -> Option<Box<Set>> {
    let mut set: Set = [0; 4];
    let mut seen = vec![false; program.code.len()];
    let mut todo = vec![0];
    while let Some(pc) = todo.pop() {
        if std::mem::replace(seen.get_mut(pc)?, true) {
            continue;
        }
        match program.code.get(pc)? {
            Inst::Byte(byte) => syntax::insert(&mut set, *byte),
            Inst::Set(number) => {
                for (word, more) in set.iter_mut().zip(program.sets.get(*number)?) {
                    *word |= more;
                }
            }
            Inst::Split(a, b) | Inst::Loop(_, a, b) => todo.extend([*a, *b]),
            Inst::Jump(to) => todo.push(*to),
            Inst::Save(_) | Inst::Assert(_) => todo.push(pc + 1),
            Inst::Back(_) | Inst::Match => return None,
        }
    }
    Some(Box::new(set))
}

/// What a fuzzer does with bytes: a pattern and a text.
pub fn exercise(data: &[u8]) {
    let mut parts = data.splitn(2, |&b| b == b'\n');
    let (Some(pattern), Some(text)) = (parts.next(), parts.next()) else { return };
    for extended in [false, true] {
        let Ok(regex) = Regex::new(pattern, Flags { extended, ..Flags::BASIC }) else { continue };
        if regex.program.refers {
            continue; // there are ways without number
        }
        let found = regex.find(text, 0);
        assert_eq!(found.is_some(), regex.is_match(text));
        let mut groups = [None; 10];
        assert_eq!(regex.captures(text, 0, &mut groups), found.is_some());
        let line = text.split(|&b| b == b'\n').any(|line| regex.is_match(line));
        let ends = text.is_empty() || text.ends_with(b"\n");
        assert!(ends || line == regex.find_line(text, 0).is_some());
    }
}

#[cfg(test)]
mod tests;
