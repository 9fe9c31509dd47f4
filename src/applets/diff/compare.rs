//! Lines that count as the same.

use crate::difference::{self, Change};
use crate::regex::Regex;

/// A change, and whether it is one that makes no difference: it is shown only
/// beside one that does.
#[derive(Clone, Copy)]
pub(super) struct Delta {
    pub(super) at: Change,
    pub(super) ignored: bool,
}

/// A file that is compared.
#[derive(Default)]
pub(super) struct Text {
    pub(super) bytes: Vec<u8>,
    /// When it was changed.
    pub(super) time: (i64, u32),
}

impl Text {
    pub(super) fn is_binary(&self) -> bool {
        let start = self.bytes.get(..32 * 1024).unwrap_or(&self.bytes);
        memchr::memchr(0, start).is_some()
    }

    /// The lines with their ends; the last may have none.
    pub(super) fn lines(&self) -> Vec<&[u8]> {
        let mut list = Vec::new();
        let mut rest = self.bytes.as_slice();
        while !rest.is_empty() {
            let at = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let (line, tail) = rest.split_at(at);
            list.push(line);
            rest = tail;
        }
        list
    }
}

/// What makes no difference.
#[derive(Default)]
pub(super) struct Ignore {
    pub(super) case: bool,
    /// How many blanks there are.
    pub(super) amount: bool,
    pub(super) trailing: bool,
    /// All blanks.
    pub(super) blanks: bool,
    /// Carriage returns at the ends of lines.
    pub(super) returns: bool,
    /// Changes that are empty lines only.
    pub(super) empty: bool,
    /// Changes of lines only that match.
    pub(super) lines: Option<Regex>,
    /// Tabs are as good as the blanks that they look like.
    pub(super) tabs: bool,
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | 9..=13)
}

impl Ignore {
    /// The line as it is compared.
    fn plain(&self, line: &[u8], out: &mut Vec<u8>) {
        out.clear();
        let mut line = line;
        if self.returns
            && let Some(head) = line.strip_suffix(b"\r\n")
        {
            out.extend_from_slice(head);
            out.push(b'\n');
            if !(self.amount || self.blanks || self.trailing || self.case) {
                return;
            }
            out.clear();
            line = head;
        }
        if self.amount || self.trailing || self.blanks {
            let blanks = line.iter().rev().take_while(|b| is_blank(**b)).count();
            line = line.get(..line.len() - blanks).unwrap_or_default();
        }
        let mut before = false;
        for &byte in line {
            if byte == b'\t' && self.tabs && !self.amount && !self.blanks {
                out.resize(out.len() + 8 - out.len() % 8, b' ');
                continue;
            }
            if is_blank(byte) && self.blanks {
                continue;
            }
            if is_blank(byte) && self.amount {
                if !std::mem::replace(&mut before, true) {
                    out.push(b' ');
                }
                continue;
            }
            before = false;
            out.push(if self.case { byte.to_ascii_lowercase() } else { byte });
        }
    }
}

/// The changes from one text to the other. Of the lines that both start and
/// end with only `around` are looked at, so that a change of one of several
/// equal lines is not moved out of what is shown.
pub(super) fn changes(
    a: &Text,
    b: &Text,
    ignore: &Ignore,
    minimal: bool,
    around: usize,
) -> Vec<Delta> {
    let (x, y) = (a.lines(), b.lines());
    let start = x.iter().zip(&y).take_while(|(x, y)| x == y).count();
    let most = x.len().min(y.len()) - start;
    let ends = x.iter().rev().zip(y.iter().rev());
    let end = ends.take(most).take_while(|(x, y)| x == y).count();
    let (start, end) = (start.saturating_sub(around), end.saturating_sub(around));
    let mut classes =
        Classes { ignore, places: vec![0; 1024], known: Vec::new(), held: Vec::new() };
    let mut middle = |lines: &[&[u8]]| -> Vec<u32> {
        let lines = lines.get(start..lines.len() - end).unwrap_or_default();
        lines.iter().map(|line| classes.of(line)).collect()
    };
    let (p, q) = (middle(&x), middle(&y));
    let is_ignored = |line: &&[u8]| {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        ignore.empty && text.iter().all(|b| *b == b'\r')
            || ignore.lines.as_ref().is_some_and(|regex| regex.is_match(text))
    };
    let list = difference::changes(&p, &q, minimal).into_iter().map(|mut at| {
        at.old += start;
        at.new += start;
        let old = x.get(at.old..at.old + at.gone).unwrap_or_default();
        let new = y.get(at.new..at.new + at.come).unwrap_or_default();
        Delta { at, ignored: old.iter().chain(new).all(is_ignored) }
    });
    list.collect()
}

/// Numbers for lines: a hash table of what was seen.
struct Classes<'i> {
    ignore: &'i Ignore,
    /// Number plus one of the line that has this place; 0 is free.
    places: Vec<u32>,
    known: Vec<(u64, Vec<u8>)>,
    held: Vec<u8>,
}

impl Classes<'_> {
    fn of(&mut self, line: &[u8]) -> u32 {
        let mut held = std::mem::take(&mut self.held);
        self.ignore.plain(line, &mut held);
        let mut hash = 0xcbf2_9ce4_8422_2325u64;
        for byte in &held {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let place = self.place(hash, &held);
        let found = self.places.get(place).copied().unwrap_or(0);
        let number = if found > 0 {
            found - 1
        } else {
            self.known.push((hash, held.clone()));
            let number = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
            if let Some(slot) = self.places.get_mut(place) {
                *slot = number;
            }
            number - 1
        };
        self.held = held;
        if self.known.len() * 2 > self.places.len() {
            self.grow();
        }
        number
    }

    /// Where the line is, or could be.
    fn place(&self, hash: u64, line: &[u8]) -> usize {
        let mask = self.places.len() - 1;
        let mut at = (hash ^ hash >> 32) as usize & mask;
        while let Some(&number) = self.places.get(at).filter(|n| **n > 0) {
            let known = self.known.get(number as usize - 1);
            if known.is_some_and(|(h, text)| *h == hash && text == line) {
                break;
            }
            at = (at + 1) & mask;
        }
        at
    }

    fn grow(&mut self) {
        let size = self.places.len() * 4;
        let mask = size - 1;
        let mut places = vec![0; size];
        for (number, (hash, _)) in (1u32..).zip(&self.known) {
            let mut at = (hash ^ hash >> 32) as usize & mask;
            while places.get(at).is_some_and(|n| *n > 0) {
                at = (at + 1) & mask;
            }
            if let Some(slot) = places.get_mut(at) {
                *slot = number;
            }
        }
        self.places = places;
    }
}
