//! The lines that ed edits: their order, marks, what undo brings back. Pure.

use std::rc::Rc;

/// A line. It is another one once its text is changed.
#[derive(Clone)]
pub struct Line {
    /// Its number, which no other line has or had.
    pub id: u64,
    /// The text without a newline.
    pub text: Rc<[u8]>,
}

/// The state that a command changes.
#[derive(Clone, Default)]
struct State {
    lines: Vec<Line>,
    current: usize,
}

/// The lines.
#[derive(Default)]
pub struct Buffer {
    state: State,
    before: Option<State>,
    next: u64,
    marks: Vec<(u8, u64)>,
    /// What was taken out or copied last.
    pub cut: Vec<Rc<[u8]>>,
    /// Whether something was changed that is not written.
    pub modified: bool,
    /// The state before the command that runs is kept.
    kept: bool,
}

impl Buffer {
    /// The number of the last line; 0 of an empty buffer.
    pub fn last(&self) -> usize {
        self.state.lines.len()
    }

    /// The number of the current line.
    pub fn current(&self) -> usize {
        self.state.current
    }

    /// Makes a line the current one.
    pub fn go(&mut self, line: usize) {
        self.state.current = line.min(self.last());
    }

    /// The text of a line, counted from 1.
    pub fn text(&self, line: usize) -> &[u8] {
        self.line(line).map_or(b"", |line| &line.text)
    }

    /// A line, counted from 1.
    pub fn line(&self, line: usize) -> Option<&Line> {
        self.state.lines.get(line.checked_sub(1)?)
    }

    /// Where the line with this id is; `near` is a guess.
    pub fn find(&self, id: u64, near: usize) -> Option<usize> {
        let lines = &self.state.lines;
        let (head, tail) = lines.split_at(near.min(lines.len()));
        let at = tail.iter().position(|line| line.id == id).map(|at| head.len() + at);
        at.or_else(|| head.iter().position(|line| line.id == id)).map(|at| at + 1)
    }

    /// A command of the user begins: what it changes is undone as one.
    pub fn begin(&mut self) {
        self.kept = false;
    }

    /// Nothing can be undone until something is changed: behind `g`, which
    /// may change nothing.
    pub fn begin_many(&mut self) {
        self.before = None;
    }

    /// Keeps the state for undo, before the first change.
    fn touch(&mut self) {
        self.modified = true;
        if !self.kept {
            self.before = Some(self.state.clone());
            self.kept = true;
        }
    }

    /// Puts texts behind line `after`; the last of them becomes the current
    /// line.
    pub fn insert(&mut self, after: usize, texts: &[Rc<[u8]>]) {
        if texts.is_empty() {
            return;
        }
        self.touch();
        let mut fresh = Vec::new();
        for text in texts {
            self.next += 1;
            fresh.push(Line { id: self.next, text: text.clone() });
        }
        let after = after.min(self.last());
        let count = fresh.len();
        self.state.lines.splice(after..after, fresh);
        self.state.current = after + count;
    }

    /// Takes out the lines from `first` to `last`, which become what was cut.
    /// The line behind them becomes the current one, or the last.
    pub fn delete(&mut self, first: usize, last: usize) {
        self.touch();
        self.copy(first, last);
        self.state.lines.drain(first.saturating_sub(1)..last.min(self.state.lines.len()));
        self.state.current = first.min(self.last());
    }

    /// Keeps the lines' texts as what was cut.
    pub fn copy(&mut self, first: usize, last: usize) {
        let lines = self.state.lines.get(first.saturating_sub(1)..last).unwrap_or_default();
        self.cut = lines.iter().map(|line| line.text.clone()).collect();
    }

    /// The texts of lines.
    pub fn texts(&self, first: usize, last: usize) -> Vec<Rc<[u8]>> {
        let lines = self.state.lines.get(first.saturating_sub(1)..last).unwrap_or_default();
        lines.iter().map(|line| line.text.clone()).collect()
    }

    /// Moves lines behind line `after`, which is none of them; they stay
    /// themselves.
    pub fn shift(&mut self, first: usize, last: usize, after: usize) {
        if (first.saturating_sub(1)..=last).contains(&after) {
            self.state.current = last;
            return;
        }
        self.touch();
        let moved: Vec<Line> = self.state.lines.drain(first.saturating_sub(1)..last).collect();
        let count = moved.len();
        let after = if after >= last { after - count } else { after };
        self.state.lines.splice(after..after, moved);
        self.state.current = after + count;
    }

    /// Replaces a line by others; the last becomes the current one.
    pub fn replace(&mut self, line: usize, texts: &[Rc<[u8]>]) {
        self.delete(line, line);
        self.insert(line - 1, texts);
    }

    /// Marks a line with a letter.
    pub fn mark(&mut self, letter: u8, line: usize) {
        self.marks.retain(|(other, _)| *other != letter);
        if let Some(line) = self.line(line) {
            let id = line.id;
            self.marks.push((letter, id));
        }
    }

    /// The line with that mark.
    pub fn marked(&self, letter: u8) -> Option<usize> {
        let (_, id) = self.marks.iter().find(|(other, _)| *other == letter)?;
        self.find(*id, 0)
    }

    /// Takes back the last change; again, does it anew. False when there is
    /// none.
    pub fn undo(&mut self) -> bool {
        let Some(before) = self.before.take() else { return false };
        self.before = Some(std::mem::replace(&mut self.state, before));
        self.modified = true;
        self.kept = true;
        true
    }

    /// Forgets everything, for another file.
    pub fn clear(&mut self) {
        self.state = State::default();
        self.before = None;
        self.marks.clear();
        self.modified = false;
        self.kept = false;
    }

    /// Nothing to undo, nothing changed: behind reading a file.
    pub fn settle(&mut self) {
        self.before = None;
        self.modified = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str]) -> Buffer {
        let mut buffer = Buffer::default();
        let texts: Vec<Rc<[u8]>> = texts.iter().map(|t| t.as_bytes().into()).collect();
        buffer.insert(0, &texts);
        buffer.settle();
        buffer.begin();
        buffer
    }

    fn drawn(buffer: &Buffer) -> String {
        let texts = buffer.texts(1, buffer.last());
        let list: Vec<String> =
            texts.iter().map(|t| String::from_utf8_lossy(t).into_owned()).collect();
        format!("{} @{}", list.join(""), buffer.current())
    }

    #[test]
    fn changes_and_undo() {
        let mut buffer = of(&["a", "b", "c", "d", "e"]);
        buffer.mark(b'x', 4);
        buffer.shift(1, 2, 4);
        assert_eq!(drawn(&buffer), "cdabe @4");
        assert_eq!(buffer.marked(b'x'), Some(2));
        buffer.begin();
        buffer.delete(2, 3);
        assert_eq!(drawn(&buffer), "cbe @2");
        assert_eq!(buffer.marked(b'x'), None);
        assert!(buffer.undo());
        assert_eq!(drawn(&buffer), "cdabe @4");
        assert!(buffer.undo());
        assert_eq!(drawn(&buffer), "cbe @2");
        buffer.begin();
        buffer.shift(3, 3, 0);
        assert_eq!(drawn(&buffer), "ecb @1");
        buffer.replace(2, &[b"1"[..].into(), b"2"[..].into()]);
        assert_eq!(drawn(&buffer), "e12b @3");
    }
}
