//! Both files beside each other: `diff -y`.

use super::compare::Delta;
use super::output::{Form, GREEN, PLAIN};

/// Where the columns are.
struct Columns {
    /// How wide one of them is.
    half: usize,
    /// Where the right one starts.
    right: usize,
    expand: bool,
}

impl Form {
    /// Writes all lines of both files, with a mark between those that differ.
    pub(super) fn columns(&self, out: &mut Vec<u8>, x: &[&[u8]], y: &[&[u8]], changes: &[Delta]) {
        let width = self.width.unwrap_or(130);
        // The right column starts at a place for tabs, three behind the left one.
        let tab = if self.expand { 1 } else { 8 };
        let offset = width.saturating_add(tab + 3) / (2 * tab) * tab;
        let half = offset.saturating_sub(3).min(width.saturating_sub(offset));
        let right = if half > 0 { offset } else { width };
        let columns = Columns { half, right, expand: self.expand };
        let (mut a, mut b) = (0, 0);
        let same = |out: &mut Vec<u8>, a: &mut usize, b: &mut usize, ends: [usize; 2]| {
            while !self.suppress && (*a < ends[0] || *b < ends[1]) {
                let old = x.get(*a).copied().filter(|_| *a < ends[0]);
                let new = y.get(*b).copied().filter(|_| *b < ends[1]);
                if self.left {
                    columns.line(out, old, b'(', None);
                } else {
                    let mark = match (old, new) {
                        (Some(_), Some(_)) => b' ',
                        (None, _) => b')',
                        _ => b'(',
                    };
                    columns.line(out, old, mark, new);
                }
                *a += 1;
                *b += 1;
            }
            [*a, *b] = ends;
        };
        for change in changes.iter().filter(|change| !change.ignored).map(|change| change.at) {
            same(out, &mut a, &mut b, [change.old, change.new]);
            for at in 0..change.gone.max(change.come) {
                let old = x.get(change.old + at).copied().filter(|_| at < change.gone);
                let new = y.get(change.new + at).copied().filter(|_| at < change.come);
                let (mark, color): (u8, &[u8]) = match (old, new) {
                    (Some(_), Some(_)) => (b'|', b""),
                    (None, _) => (b'>', GREEN),
                    _ => (b'<', b"\x1b[31m"),
                };
                let color = if self.color { color } else { b"" };
                out.extend_from_slice(color);
                columns.line(out, old, mark, new);
                if !color.is_empty() {
                    out.extend_from_slice(PLAIN);
                }
            }
            (a, b) = (change.old + change.gone, change.new + change.come);
        }
        same(out, &mut a, &mut b, [x.len(), y.len()]);
    }
}

impl Columns {
    fn line(&self, out: &mut Vec<u8>, old: Option<&[u8]>, mut mark: u8, new: Option<&[u8]>) {
        let ends = |line: Option<&[u8]>| line.is_some_and(|line| line.ends_with(b"\n"));
        let mut column = 0;
        if let Some(line) = old {
            column = self.text(out, line, 0);
        }
        if mark != b' ' {
            let middle = (self.half + self.right).saturating_sub(1) / 2;
            self.advance(out, column, middle);
            column = middle + 1;
            if mark == b'|' && ends(old) != ends(new) {
                mark = if ends(old) { b'/' } else { b'\\' };
            }
            out.push(mark);
        }
        if let Some(line) = new.filter(|line| *line != b"\n") {
            self.advance(out, column, self.right);
            self.text(out, line, self.right);
        }
        if ends(old) || ends(new) {
            out.push(b'\n');
        }
    }

    /// Blanks and tabs from one column to another.
    fn advance(&self, out: &mut Vec<u8>, mut from: usize, to: usize) {
        while !self.expand && from + 8 - from % 8 <= to {
            out.push(b'\t');
            from += 8 - from % 8;
        }
        out.resize(out.len() + to.saturating_sub(from), b' ');
    }

    /// As much of a line as there is room for: the column behind it.
    fn text(&self, out: &mut Vec<u8>, line: &[u8], indent: usize) -> usize {
        // Where the line is, and what of it was written.
        let (mut at, mut written) = (0usize, 0usize);
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        for chunk in line.utf8_chunks() {
            let bad = chunk.invalid().iter().map(|byte| (std::slice::from_ref(byte), 0));
            let good = chunk.valid().char_indices().map(|(start, c)| {
                let bytes = chunk.valid().as_bytes();
                let bytes = bytes.get(start..start + c.len_utf8()).unwrap_or_default();
                (bytes, if c.is_control() { 0 } else { 1 })
            });
            for (bytes, width) in good.chain(bad) {
                match bytes {
                    b"\t" => {
                        let stop = at + 8 - at % 8;
                        if at == written && self.expand {
                            let stop = stop.min(self.half);
                            out.resize(out.len() + stop.saturating_sub(written), b' ');
                            written = written.max(stop);
                        } else if at == written && stop < self.half {
                            out.push(b'\t');
                            written = stop;
                        }
                        at = stop;
                    }
                    b"\r" => {
                        out.push(b'\r');
                        self.advance(out, 0, indent);
                        (at, written) = (0, 0);
                    }
                    _ => {
                        at += width;
                        if at <= self.half && self.half > 0 {
                            written = at;
                            out.extend_from_slice(bytes);
                        }
                    }
                }
            }
        }
        written
    }
}
