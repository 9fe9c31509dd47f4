//! How changes are written: normal, unified, with context.

use super::compare::Text;
use crate::date;
use crate::difference::Change;

/// The form that is asked for.
#[derive(Default)]
pub(super) struct Form {
    pub(super) unified: bool,
    pub(super) context: bool,
    /// Lines around each change.
    pub(super) around: usize,
    /// A tab before each line, so that tabs in it stay in place.
    pub(super) tab: bool,
    /// Tabs as blanks.
    pub(super) expand: bool,
}

/// The lines of a range, as `3`, `3,5`.
fn range(out: &mut Vec<u8>, start: usize, count: usize) {
    let text = match count {
        // No lines are behind the line before.
        0 => format!("{start}"),
        1 => format!("{}", start + 1),
        _ => format!("{},{}", start + 1, start + count),
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

impl Form {
    /// Writes all changes. The names are labels when the flag is set.
    pub(super) fn write(
        &self,
        out: &mut Vec<u8>,
        texts: [&Text; 2],
        names: [(Vec<u8>, bool); 2],
        changes: &[Change],
    ) {
        let [a, b] = texts;
        let (x, y) = (a.lines(), b.lines());
        if !self.unified && !self.context {
            for change in changes {
                self.normal(out, change, &x, &y);
            }
            return;
        }
        let marks: [&[u8]; 2] = if self.unified { [b"--- ", b"+++ "] } else { [b"*** ", b"--- "] };
        for ((mark, (name, label)), text) in marks.iter().zip(&names).zip(texts) {
            out.extend_from_slice(mark);
            out.extend_from_slice(name);
            if !label {
                out.push(b'\t');
                date::write(out, b"%Y-%m-%d %H:%M:%S.%N %z", text.time.0, text.time.1);
            }
            out.push(b'\n');
        }
        // Changes that are near each other are one hunk.
        let mut rest = changes;
        while let Some(first) = rest.first() {
            let mut count = 1;
            let mut end = first.old + first.gone;
            while let Some(next) = rest.get(count) {
                if next.old - end > self.around.saturating_mul(2) {
                    break;
                }
                end = next.old + next.gone;
                count += 1;
            }
            let (hunk, behind) = rest.split_at(count);
            rest = behind;
            if self.unified {
                self.unified_hunk(out, hunk, &x, &y);
            } else {
                self.context_hunk(out, hunk, &x, &y);
            }
        }
    }

    fn line(&self, out: &mut Vec<u8>, mark: &[u8], line: &[u8]) {
        let (mark, blank) = match mark.strip_suffix(b" ") {
            Some(head) if mark.len() > 1 => (head, true),
            _ => (mark, false),
        };
        out.extend_from_slice(mark);
        if self.tab {
            if !(mark.is_empty() && line == b"\n") {
                out.push(b'\t');
            }
        } else if blank {
            out.push(b' ');
        }
        let text = line.strip_suffix(b"\n");
        let body = text.unwrap_or(line);
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
        out.push(b'\n');
        if text.is_none() {
            out.extend_from_slice(b"\\ No newline at end of file\n");
        }
    }

    fn normal(&self, out: &mut Vec<u8>, change: &Change, x: &[&[u8]], y: &[&[u8]]) {
        range(out, change.old, change.gone);
        out.push(match (change.gone, change.come) {
            (0, _) => b'a',
            (_, 0) => b'd',
            _ => b'c',
        });
        range(out, change.new, change.come);
        out.push(b'\n');
        for line in x.iter().skip(change.old).take(change.gone) {
            self.line(out, b"< ", line);
        }
        if change.gone > 0 && change.come > 0 {
            out.extend_from_slice(b"---\n");
        }
        for line in y.iter().skip(change.new).take(change.come) {
            self.line(out, b"> ", line);
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

    fn unified_hunk(&self, out: &mut Vec<u8>, hunk: &[Change], x: &[&[u8]], y: &[&[u8]]) {
        let [a0, a1, b0, b1] = self.bounds(hunk, x.len(), y.len());
        out.extend_from_slice(b"@@ -");
        counted(out, a0, a1 - a0);
        out.extend_from_slice(b" +");
        counted(out, b0, b1 - b0);
        out.extend_from_slice(b" @@\n");
        let mut at = a0;
        for change in hunk {
            for line in x.iter().take(change.old).skip(at) {
                self.line(out, if self.tab { b"" } else { b" " }, line);
            }
            for line in x.iter().skip(change.old).take(change.gone) {
                self.line(out, b"-", line);
            }
            for line in y.iter().skip(change.new).take(change.come) {
                self.line(out, b"+", line);
            }
            at = change.old + change.gone;
        }
        for line in x.iter().take(a1).skip(at) {
            self.line(out, if self.tab { b"" } else { b" " }, line);
        }
    }

    fn context_hunk(&self, out: &mut Vec<u8>, hunk: &[Change], x: &[&[u8]], y: &[&[u8]]) {
        let [a0, a1, b0, b1] = self.bounds(hunk, x.len(), y.len());
        out.extend_from_slice(b"***************\n*** ");
        range(out, a0, a1 - a0);
        out.extend_from_slice(b" ****\n");
        let mark = |change: &Change, one: &'static [u8]| -> &'static [u8] {
            if change.gone > 0 && change.come > 0 { b"! " } else { one }
        };
        if hunk.iter().any(|change| change.gone > 0) {
            let mut at = a0;
            for change in hunk {
                for line in x.iter().take(change.old).skip(at) {
                    self.line(out, b"  ", line);
                }
                for line in x.iter().skip(change.old).take(change.gone) {
                    self.line(out, mark(change, b"- "), line);
                }
                at = change.old + change.gone;
            }
            for line in x.iter().take(a1).skip(at) {
                self.line(out, b"  ", line);
            }
        }
        out.extend_from_slice(b"--- ");
        range(out, b0, b1 - b0);
        out.extend_from_slice(b" ----\n");
        if hunk.iter().any(|change| change.come > 0) {
            let mut at = b0;
            for change in hunk {
                for line in y.iter().take(change.new).skip(at) {
                    self.line(out, b"  ", line);
                }
                for line in y.iter().skip(change.new).take(change.come) {
                    self.line(out, mark(change, b"+ "), line);
                }
                at = change.new + change.come;
            }
            for line in y.iter().take(b1).skip(at) {
                self.line(out, b"  ", line);
            }
        }
    }
}
