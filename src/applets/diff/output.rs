//! How changes are written: normal, unified, with context, as a script.

use super::compare::{Delta, Text};
use crate::date;
use crate::difference::Change;
use crate::regex::Regex;

/// How the changes are laid out.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Layout {
    #[default]
    Normal,
    Unified,
    Context,
    /// Both files beside each other.
    Columns,
    /// A script for ed.
    Ed,
    /// The same, first line first: to be read, not run.
    Forward,
    /// A script with numbers of lines, as RCS has it.
    Rcs,
}

/// The form that is asked for.
#[derive(Default)]
pub(super) struct Form {
    pub(super) layout: Layout,
    /// Lines around each change.
    pub(super) around: usize,
    /// A tab before each line, so that tabs in it stay in place.
    pub(super) tab: bool,
    /// Tabs as blanks.
    pub(super) expand: bool,
    pub(super) color: bool,
    /// What the last line before a hunk is like that is shown with it.
    pub(super) function: Option<Regex>,
    /// How wide both columns are, what is between them too.
    pub(super) width: Option<usize>,
    /// Lines that are the same: only in the left column, not at all.
    pub(super) left: bool,
    pub(super) suppress: bool,
}

const RED: &[u8] = b"\x1b[31m";
pub(super) const GREEN: &[u8] = b"\x1b[32m";
const CYAN: &[u8] = b"\x1b[36m";
const BOLD: &[u8] = b"\x1b[1m";
pub(super) const PLAIN: &[u8] = b"\x1b[0m";

/// The lines of a range, as `3`, `3,5`.
fn range(out: &mut Vec<u8>, start: usize, count: usize, between: char) {
    let text = match count {
        // No lines are behind the line before.
        0 => format!("{start}"),
        1 => format!("{}", start + 1),
        _ => format!("{}{between}{}", start + 1, start + count),
    };
    out.extend_from_slice(text.as_bytes());
}

/// A range of a unified hunk: start and count.
fn counted(out: &mut Vec<u8>, start: usize, count: usize) {
    let text = match count {
        0 => format!("{start},0"),
        1 => format!("{}", start + 1),
        _ => format!("{},{count}", start + 1),
    };
    out.extend_from_slice(text.as_bytes());
}

/// What the change is called: added, deleted, changed.
fn letter(change: &Change) -> u8 {
    match (change.gone, change.come) {
        (0, _) => b'a',
        (_, 0) => b'd',
        _ => b'c',
    }
}

/// Puts `text` behind what `write` writes.
fn painted(
    form: &Form,
    out: &mut Vec<u8>,
    color: &'static [u8],
    write: &mut dyn FnMut(&mut Vec<u8>),
) {
    let paint = form.color && !color.is_empty();
    if paint {
        out.extend_from_slice(color);
    }
    write(out);
    if paint {
        out.extend_from_slice(PLAIN);
    }
}

impl Form {
    /// How many lines that are the same are shown before and behind a change.
    pub(super) fn shown_around(&self) -> usize {
        match self.layout {
            Layout::Unified | Layout::Context => self.around,
            _ => 0,
        }
    }

    /// Writes all changes. The names are labels when the flag is set.
    pub(super) fn write(
        &self,
        out: &mut Vec<u8>,
        texts: [&Text; 2],
        names: [(Vec<u8>, bool); 2],
        changes: &[Delta],
    ) {
        let [a, b] = texts;
        let (x, y) = (a.lines(), b.lines());
        let marks: [&[u8]; 2] = match self.layout {
            Layout::Unified => [b"--- ", b"+++ "],
            Layout::Context => [b"*** ", b"--- "],
            Layout::Columns => return self.columns(out, &x, &y, changes),
            layout => {
                let mut shown: Vec<&Delta> = changes.iter().filter(|c| !c.ignored).collect();
                if layout == Layout::Ed {
                    shown.reverse();
                }
                for change in shown {
                    match layout {
                        Layout::Normal => self.normal(out, &change.at, &x, &y),
                        _ => self.script(out, &change.at, &y),
                    }
                }
                return;
            }
        };
        for ((mark, (name, label)), text) in marks.iter().zip(&names).zip(texts) {
            painted(self, out, BOLD, &mut |out| {
                out.extend_from_slice(mark);
                out.extend_from_slice(name);
                if !label {
                    out.push(b'\t');
                    date::write(out, b"%Y-%m-%d %H:%M:%S.%N %z", text.time.0, text.time.1);
                }
            });
            out.push(b'\n');
        }
        // Changes that are near each other are one hunk.
        let mut rest = changes;
        while let Some(first) = rest.first() {
            let mut count = 1;
            let mut end = first.at.old + first.at.gone;
            while let Some(next) = rest.get(count) {
                // One that makes no difference has to be as near as to be seen.
                let far = if next.ignored {
                    self.around
                } else {
                    self.around.saturating_mul(2).saturating_add(1)
                };
                if next.at.old - end >= far {
                    break;
                }
                end = next.at.old + next.at.gone;
                count += 1;
            }
            let (hunk, behind) = rest.split_at(count);
            rest = behind;
            if hunk.iter().all(|change| change.ignored) {
                continue;
            }
            let hunk: Vec<Change> = hunk.iter().map(|change| change.at).collect();
            if self.layout == Layout::Unified {
                self.unified_hunk(out, &hunk, &x, &y);
            } else {
                self.context_hunk(out, &hunk, &x, &y);
            }
        }
    }

    fn line(&self, out: &mut Vec<u8>, mark: &[u8], line: &[u8], color: &'static [u8]) {
        let (mark, blank) = match mark.strip_suffix(b" ") {
            Some(head) if mark.len() > 1 => (head, true),
            _ => (mark, false),
        };
        let text = line.strip_suffix(b"\n");
        let body = text.unwrap_or(line);
        painted(self, out, color, &mut |out| {
            out.extend_from_slice(mark);
            if self.tab {
                if !(mark.is_empty() && line == b"\n") {
                    out.push(b'\t');
                }
            } else if blank {
                out.push(b' ');
            }
            if self.expand {
                let mut column = 0;
                for &byte in body {
                    if byte == b'\t' {
                        let next = column + 8 - column % 8;
                        out.resize(out.len() + next - column, b' ');
                        column = next;
                    } else {
                        out.push(byte);
                        column += 1;
                    }
                }
            } else {
                out.extend_from_slice(body);
            }
        });
        out.push(b'\n');
        if text.is_none() {
            out.extend_from_slice(b"\\ No newline at end of file\n");
        }
    }

    fn normal(&self, out: &mut Vec<u8>, change: &Change, x: &[&[u8]], y: &[&[u8]]) {
        painted(self, out, CYAN, &mut |out| {
            range(out, change.old, change.gone, ',');
            out.push(letter(change));
            range(out, change.new, change.come, ',');
        });
        out.push(b'\n');
        for line in x.iter().skip(change.old).take(change.gone) {
            self.line(out, b"< ", line, RED);
        }
        if change.gone > 0 && change.come > 0 {
            out.extend_from_slice(b"---\n");
        }
        for line in y.iter().skip(change.new).take(change.come) {
            self.line(out, b"> ", line, GREEN);
        }
    }

    /// A command of a script and the lines that it adds.
    fn script(&self, out: &mut Vec<u8>, change: &Change, y: &[&[u8]]) {
        let (old, gone) = (change.old, change.gone);
        let lines = || y.iter().skip(change.new).take(change.come);
        if self.layout == Layout::Rcs {
            if gone > 0 {
                out.extend_from_slice(format!("d{} {gone}\n", old + 1).as_bytes());
            }
            if change.come > 0 {
                out.extend_from_slice(format!("a{} {}\n", old + gone, change.come).as_bytes());
                lines().for_each(|line| out.extend_from_slice(line));
            }
            return;
        }
        if self.layout == Layout::Ed {
            range(out, old, gone, ',');
            out.push(letter(change));
        } else {
            out.push(letter(change));
            range(out, old, gone, ' ');
        }
        out.push(b'\n');
        if change.come == 0 {
            return;
        }
        let mut open = true;
        for line in lines() {
            if !std::mem::replace(&mut open, true) {
                out.extend_from_slice(b"a\n");
            }
            out.extend_from_slice(line);
            if !line.ends_with(b"\n") {
                out.push(b'\n');
            }
            // A dot alone would end the text.
            if *line == b".\n" && self.layout == Layout::Ed {
                out.extend_from_slice(b".\n.\ns/.//\n");
                let at = out.len() - b".\n.\n.\ns/.//\n".len();
                out.splice(at..at + 4, *b"..\n");
                open = false;
            }
        }
        if open {
            out.extend_from_slice(b".\n");
        }
    }

    /// Where a hunk starts and ends on both sides, context included.
    fn bounds(&self, hunk: &[Change], x: usize, y: usize) -> [usize; 4] {
        let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else { return [0; 4] };
        let before = self.around.min(first.old).min(first.new);
        let old_end = last.old + last.gone;
        let new_end = last.new + last.come;
        let behind = self.around.min(x - old_end).min(y - new_end);
        [first.old - before, old_end + behind, first.new - before, new_end + behind]
    }

    /// The function that a hunk is in, behind its first line.
    fn function_before(&self, out: &mut Vec<u8>, x: &[&[u8]], start: usize) {
        let Some(regex) = &self.function else { return };
        let before = x.get(..start).unwrap_or_default().iter().rev();
        let mut lines = before.map(|line| line.strip_suffix(b"\n").unwrap_or(line));
        if let Some(line) = lines.find(|line| regex.is_match(line)) {
            let line = line.trim_ascii_start();
            out.push(b' ');
            out.extend_from_slice(line.get(..40).unwrap_or(line).trim_ascii_end());
        }
    }

    fn unified_hunk(&self, out: &mut Vec<u8>, hunk: &[Change], x: &[&[u8]], y: &[&[u8]]) {
        let [a0, a1, b0, b1] = self.bounds(hunk, x.len(), y.len());
        painted(self, out, CYAN, &mut |out| {
            out.extend_from_slice(b"@@ -");
            counted(out, a0, a1 - a0);
            out.extend_from_slice(b" +");
            counted(out, b0, b1 - b0);
            out.extend_from_slice(b" @@");
        });
        self.function_before(out, x, a0);
        out.push(b'\n');
        let same: &[u8] = if self.tab { b"" } else { b" " };
        let mut at = a0;
        for change in hunk {
            for line in x.iter().take(change.old).skip(at) {
                self.line(out, same, line, b"");
            }
            for line in x.iter().skip(change.old).take(change.gone) {
                self.line(out, b"-", line, RED);
            }
            for line in y.iter().skip(change.new).take(change.come) {
                self.line(out, b"+", line, GREEN);
            }
            at = change.old + change.gone;
        }
        for line in x.iter().take(a1).skip(at) {
            self.line(out, same, line, b"");
        }
    }

    fn context_hunk(&self, out: &mut Vec<u8>, hunk: &[Change], x: &[&[u8]], y: &[&[u8]]) {
        let [a0, a1, b0, b1] = self.bounds(hunk, x.len(), y.len());
        out.extend_from_slice(b"***************");
        self.function_before(out, x, a0);
        out.push(b'\n');
        type Side = fn(&Change) -> (usize, usize);
        let old: Side = |change| (change.old, change.gone);
        let new: Side = |change| (change.new, change.come);
        let sides = [
            (b"*** ", b" ****", x, a0, a1, old, b"- ", RED),
            (b"--- ", b" ----", y, b0, b1, new, b"+ ", GREEN),
        ];
        for (head, tail, lines, start, end, side, sign, color) in sides {
            painted(self, out, CYAN, &mut |out| {
                out.extend_from_slice(head);
                range(out, start, end - start, ',');
                out.extend_from_slice(tail);
            });
            out.push(b'\n');
            if !hunk.iter().any(|change| side(change).1 > 0) {
                continue;
            }
            let mut at = start;
            for change in hunk {
                let (first, count) = side(change);
                let both = change.gone > 0 && change.come > 0;
                for line in lines.iter().take(first).skip(at) {
                    self.line(out, b"  ", line, color);
                }
                for line in lines.iter().skip(first).take(count) {
                    self.line(out, if both { b"! " } else { sign }, line, color);
                }
                at = first + count;
            }
            for line in lines.iter().take(end).skip(at) {
                self.line(out, b"  ", line, color);
            }
        }
    }
}
