//! The text that is edited, and how it was before. Pure.

/// A line and a byte in it, both from 0.
pub type Place = (usize, usize);

/// Lines put in the place of others, remembered the other way round.
struct Change {
    group: u32,
    at: usize,
    count: usize,
    old: Vec<Vec<u8>>,
    blank: bool,
    cursor: Place,
}

/// Lines of bytes; there is always one.
pub struct Buffer {
    /// The lines, without their ends.
    pub lines: Vec<Vec<u8>>,
    /// Whether the last line has an end.
    pub terminated: bool,
    /// Whether there is nothing, not even an empty line.
    blank: bool,
    past: Vec<Change>,
    future: Vec<Change>,
    group: u32,
    saved: Option<usize>,
}

impl Buffer {
    /// A text.
    pub fn new(text: &[u8]) -> Buffer {
        let lines = lines_of(text);
        let terminated = text.is_empty() || text.ends_with(b"\n");
        Buffer {
            lines,
            terminated,
            blank: text.is_empty(),
            past: Vec::new(),
            future: Vec::new(),
            group: 0,
            saved: Some(0),
        }
    }

    /// These lines as text, `first` to before `end`.
    pub fn text(&self, first: usize, end: usize) -> Vec<u8> {
        let mut text = Vec::new();
        if self.blank && self.lines.len() == 1 && self.line(0).is_empty() {
            return text;
        }
        for line in self.lines.get(first..end.min(self.lines.len())).unwrap_or_default() {
            text.extend_from_slice(line);
            text.push(b'\n');
        }
        if end >= self.lines.len() && !self.terminated {
            text.pop();
        }
        text
    }

    /// A line; nothing for one that is not there.
    pub fn line(&self, number: usize) -> &[u8] {
        self.lines.get(number).map(Vec::as_slice).unwrap_or_default()
    }

    /// The last line's number.
    pub fn last(&self) -> usize {
        self.lines.len().saturating_sub(1)
    }

    /// Whether it differs from what was saved.
    pub fn is_modified(&self) -> bool {
        self.saved != Some(self.past.len())
    }

    /// Notes that it is saved as it is.
    pub fn set_saved(&mut self) {
        self.saved = Some(self.past.len());
        self.group += 1;
    }

    /// What follows is undone apart from what was.
    pub fn begin(&mut self) {
        self.group += 1;
    }

    /// Puts `new` in the place of `count` lines from `at` on.
    pub fn replace(&mut self, at: usize, count: usize, new: Vec<Vec<u8>>, cursor: Place) {
        self.future.clear();
        if self.saved.is_some_and(|saved| saved > self.past.len()) {
            self.saved = None;
        }
        // Typing changes one line again and again.
        if let [line] = new.as_slice()
            && count == 1
            && let Some(last) = self.past.last()
            && (last.group, last.at, last.count) == (self.group, at, 1)
            && let Some(place) = self.lines.get_mut(at)
        {
            place.clone_from(line);
            self.blank = false;
            return;
        }
        let group = self.group;
        let mut change = self.put(at, count, new);
        (change.group, change.cursor) = (group, cursor);
        self.past.push(change);
    }

    fn put(&mut self, at: usize, count: usize, new: Vec<Vec<u8>>) -> Change {
        let at = at.min(self.lines.len());
        let end = at.saturating_add(count).min(self.lines.len());
        let mut count = new.len();
        let blank = self.blank;
        let old: Vec<Vec<u8>> = self.lines.splice(at..end, new).collect();
        self.blank = self.lines.is_empty();
        if self.lines.is_empty() {
            self.lines.push(Vec::new());
            count = 1;
        }
        Change { group: 0, at, count, old, blank, cursor: (0, 0) }
    }

    /// Takes back the last change, or with `again` makes it again; where the
    /// cursor was. Nothing when there is none.
    pub fn undo(&mut self, again: bool) -> Option<Place> {
        let mut cursor = None;
        loop {
            let from = if again { &mut self.future } else { &mut self.past };
            let group = from.last()?.group;
            let Some(change) = from.pop() else { return cursor };
            let (place, blank) = (change.cursor, change.blank);
            let mut other = self.put(change.at, change.count, change.old);
            self.blank = blank;
            (other.group, other.cursor) = (group, place);
            let (from, to) =
                if again { (&self.future, &mut self.past) } else { (&self.past, &mut self.future) };
            to.push(other);
            cursor = Some(place);
            if from.last().is_none_or(|change| change.group != group) {
                self.group += 1;
                return cursor;
            }
        }
    }

    /// The text from one place to before another.
    pub fn between(&self, from: Place, to: Place) -> Vec<u8> {
        if from.0 == to.0 {
            return self.line(from.0).get(from.1..to.1).unwrap_or_default().to_vec();
        }
        let mut text = self.line(from.0).get(from.1..).unwrap_or_default().to_vec();
        for line in self.lines.get(from.0 + 1..to.0).unwrap_or_default() {
            text.push(b'\n');
            text.extend_from_slice(line);
        }
        text.push(b'\n');
        text.extend_from_slice(self.line(to.0).get(..to.1).unwrap_or_default());
        text
    }

    /// Puts `text` in the place of what is from one place to before another;
    /// where it ends.
    pub fn change(&mut self, from: Place, to: Place, text: &[u8]) -> Place {
        let mut all = self.line(from.0).get(..from.1).unwrap_or_default().to_vec();
        all.extend_from_slice(text);
        let tail = self.line(to.0).get(to.1..).unwrap_or_default();
        let mut new: Vec<Vec<u8>> = all.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
        let mut end = from;
        if let Some(last) = new.last_mut() {
            end.1 = last.len();
            last.extend_from_slice(tail);
        }
        end.0 = from.0 + new.len() - 1;
        self.replace(from.0, to.0 - from.0 + 1, new, from);
        end
    }
}

/// The lines of a text; of an empty one, one empty line.
pub fn lines_of(text: &[u8]) -> Vec<Vec<u8>> {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    text.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(buffer: &Buffer) -> String {
        String::from_utf8(buffer.text(0, usize::MAX)).unwrap()
    }

    #[test]
    fn texts_stay_as_they_are() {
        for whole in ["", "\n", "a", "a\n", "a\n\n", "\n\nb", "\r\n"] {
            assert_eq!(text(&Buffer::new(whole.as_bytes())), whole);
        }
    }

    #[test]
    fn changes_and_undo() {
        let mut buffer = Buffer::new(b"one\ntwo\nthree");
        assert_eq!(buffer.between((0, 1), (2, 2)), b"ne\ntwo\nth");
        assert_eq!(buffer.change((0, 1), (1, 1), b"X"), (0, 2));
        assert_eq!(text(&buffer), "oXwo\nthree");
        assert!(buffer.is_modified());
        buffer.begin();
        assert_eq!(buffer.change((1, 0), (1, 0), b"a\nb"), (2, 1));
        assert_eq!(text(&buffer), "oXwo\na\nbthree");
        assert_eq!(buffer.undo(false), Some((1, 0)));
        assert_eq!(buffer.undo(false), Some((0, 1)));
        assert_eq!(buffer.undo(false), None);
        assert_eq!(text(&buffer), "one\ntwo\nthree");
        assert!(!buffer.is_modified());
        assert_eq!(buffer.undo(true), Some((0, 1)));
        assert_eq!(buffer.undo(true), Some((1, 0)));
        assert_eq!(text(&buffer), "oXwo\na\nbthree");
    }

    #[test]
    fn typing_is_one_change() {
        let mut buffer = Buffer::new(b"");
        for (at, letter) in ["a", "b", "c"].iter().enumerate() {
            buffer.change((0, at), (0, at), letter.as_bytes());
        }
        assert_eq!(text(&buffer), "abc\n");
        assert_eq!(buffer.undo(false), Some((0, 0)));
        assert_eq!(text(&buffer), "");
    }

    #[test]
    fn nothing_left() {
        let mut buffer = Buffer::new(b"a\nb\n");
        buffer.replace(0, 2, Vec::new(), (0, 0));
        assert_eq!((text(&buffer).as_str(), buffer.lines.len()), ("", 1));
        buffer.undo(false);
        assert_eq!(text(&buffer), "a\nb\n");
    }

    #[test]
    fn saved_and_changed_otherwise() {
        let mut buffer = Buffer::new(b"a");
        buffer.change((0, 0), (0, 0), b"x");
        buffer.set_saved();
        buffer.undo(false);
        assert!(buffer.is_modified());
        buffer.change((0, 0), (0, 0), b"y");
        assert!(buffer.is_modified());
    }
}
