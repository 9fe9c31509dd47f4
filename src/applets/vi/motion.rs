//! Where the keys of vi move the cursor to. Pure.

use super::buffer::{Buffer, Place};
use crate::regex::Regex;
use crate::screen::cells;

/// The byte behind the character at `at`.
pub fn next(line: &[u8], at: usize) -> usize {
    let rest = line.get(at..).unwrap_or_default();
    at + cells::glyph(rest, 0).length
}

/// The byte where the character before `at` starts.
pub fn previous(line: &[u8], at: usize) -> usize {
    for back in 1..=at.min(4) {
        let rest = line.get(at - back..).unwrap_or_default();
        if cells::glyph(rest, 0).length == back && cells::glyph(rest, 0).plain {
            return at - back;
        }
    }
    at.saturating_sub(1)
}

/// The column in which the character at `at` starts.
pub fn column(line: &[u8], at: usize) -> usize {
    cells::width(line.get(..at).unwrap_or(line))
}

/// The character that stands in a column, or the last.
pub fn at_column(line: &[u8], wanted: usize) -> usize {
    let (mut at, mut column) = (0, 0);
    while at < line.len() {
        let glyph = cells::glyph(line.get(at..).unwrap_or_default(), column);
        column += glyph.width;
        if column > wanted || at + glyph.length >= line.len() {
            break;
        }
        at += glyph.length;
    }
    at
}

/// The first byte that is no blank, or the last.
pub fn indent(line: &[u8]) -> usize {
    let blank = |b: &&u8| matches!(b, b' ' | b'\t');
    line.iter().take_while(blank).count().min(line.len())
}

/// 0 blank, 1 signs, 2 words; of big words there are only 0 and 1.
fn class(buffer: &Buffer, place: Place, big: bool) -> u8 {
    match buffer.line(place.0).get(place.1) {
        None | Some(b' ' | b'\t') => 0,
        Some(b'_' | 0x80..=0xff) if !big => 2,
        Some(byte) if byte.is_ascii_alphanumeric() && !big => 2,
        _ => 1,
    }
}

fn forward(buffer: &Buffer, place: Place) -> Option<Place> {
    let line = buffer.line(place.0);
    let at = next(line, place.1);
    if at < line.len() {
        return Some((place.0, at));
    }
    (place.0 < buffer.last()).then_some((place.0 + 1, 0))
}

fn backward(buffer: &Buffer, place: Place) -> Option<Place> {
    if place.1 > 0 {
        return Some((place.0, previous(buffer.line(place.0), place.1)));
    }
    let line = place.0.checked_sub(1)?;
    let text = buffer.line(line);
    Some((line, previous(text, text.len())))
}

/// The next word (`w`); the end of the text when there is none.
pub fn word(buffer: &Buffer, mut place: Place, big: bool) -> Place {
    let end = (buffer.last(), buffer.line(buffer.last()).len());
    let start = class(buffer, place, big);
    let mut crossed = false;
    loop {
        let kind = class(buffer, place, big);
        if kind != 0 && (kind != start || crossed) {
            return place;
        }
        let Some(there) = forward(buffer, place) else { return end };
        crossed |= kind == 0 || there.0 != place.0;
        place = there;
        if buffer.line(place.0).is_empty() {
            return place;
        }
    }
}

/// The start of this or the previous word (`b`).
pub fn word_back(buffer: &Buffer, place: Place, big: bool) -> Place {
    let Some(mut place) = backward(buffer, place) else { return place };
    while class(buffer, place, big) == 0 && !buffer.line(place.0).is_empty() {
        let Some(there) = backward(buffer, place) else { return place };
        place = there;
    }
    let kind = class(buffer, place, big);
    while place.1 > 0 {
        let there = (place.0, previous(buffer.line(place.0), place.1));
        if class(buffer, there, big) != kind {
            break;
        }
        place = there;
    }
    place
}

/// The end of this or the next word (`e`).
pub fn word_end(buffer: &Buffer, place: Place, big: bool) -> Place {
    let Some(mut place) = forward(buffer, place) else { return place };
    while class(buffer, place, big) == 0 {
        let Some(there) = forward(buffer, place) else { return place };
        place = there;
    }
    word_tail(buffer, place, big)
}

/// The last character of the word, or of the blanks, at a place.
pub fn word_tail(buffer: &Buffer, mut place: Place, big: bool) -> Place {
    let kind = class(buffer, place, big);
    loop {
        let there = (place.0, next(buffer.line(place.0), place.1));
        if there.1 >= buffer.line(place.0).len() {
            return place;
        }
        if class(buffer, there, big) != kind {
            return place;
        }
        place = there;
    }
}

/// The next empty line behind a paragraph, or the one before it.
pub fn paragraph(buffer: &Buffer, mut line: usize, back: bool) -> usize {
    let mut inside = false;
    loop {
        let empty = buffer.line(line).is_empty();
        if inside && empty {
            return line;
        }
        inside |= !empty;
        let to = if back { line.checked_sub(1) } else { Some(line + 1) };
        match to.filter(|to| *to <= buffer.last()) {
            Some(to) => line = to,
            None => return line,
        }
    }
}

const PAIRS: &[u8] = b"()[]{}";

/// The bracket that belongs to the first one at or behind the cursor (`%`).
pub fn bracket(buffer: &Buffer, place: Place) -> Option<Place> {
    let rest = buffer.line(place.0).get(place.1..)?;
    let mut place = (place.0, place.1 + rest.iter().position(|b| PAIRS.contains(b))?);
    let own = *buffer.line(place.0).get(place.1)?;
    let at = PAIRS.iter().position(|b| *b == own)?;
    let other = *PAIRS.get(at ^ 1)?;
    let mut depth = 0usize;
    loop {
        let byte = buffer.line(place.0).get(place.1).copied();
        if byte == Some(own) {
            depth += 1;
        } else if byte == Some(other) {
            depth -= 1;
            if depth == 0 {
                return Some(place);
            }
        }
        place = if at & 1 == 0 { forward(buffer, place) } else { backward(buffer, place) }?;
    }
}

/// The count-th character `wanted` in the line behind the cursor, or before it.
pub fn find(line: &[u8], mut at: usize, wanted: &[u8], back: bool, count: usize) -> Option<usize> {
    for _ in 0..count {
        loop {
            at = if back { previous(line, (at > 0).then_some(at)?) } else { next(line, at) };
            let rest = line.get(at..).filter(|rest| !rest.is_empty())?;
            if rest.starts_with(wanted) {
                break;
            }
        }
    }
    Some(at)
}

/// The next match behind the cursor, or the last one before it, around the end
/// of the text.
pub fn search(buffer: &Buffer, from: Place, pattern: &Regex, back: bool) -> Option<Place> {
    let count = buffer.lines.len();
    let mut line = from.0;
    for round in 0..=count {
        let text = buffer.line(line);
        let mut found = None;
        let mut at = if round == 0 && !back { next(text, from.1) } else { 0 };
        while at <= text.len() {
            let Some((start, end)) = pattern.find(text, at) else { break };
            if round == 0 && back && start >= from.1 {
                break;
            }
            if start < text.len() || text.is_empty() {
                found = Some((line, start));
            }
            if !back {
                break;
            }
            at = end.max(next(text, start)).max(start + 1);
        }
        // an empty text is at its end
        if found.is_some() && !(round == 0 && found == Some(from)) {
            return found;
        }
        line = if back { line.checked_sub(1).unwrap_or(count - 1) } else { (line + 1) % count };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regex::Flags;

    #[test]
    fn words() {
        let b = Buffer::new("foo(bar) baz\n\n  q\u{e9}\n".as_bytes());
        let mut seen = Vec::new();
        let mut at = (0, 0);
        for _ in 0..7 {
            at = word(&b, at, false);
            seen.push(at);
        }
        assert_eq!(seen, [(0, 3), (0, 4), (0, 7), (0, 9), (1, 0), (2, 2), (2, 5)]);
        assert_eq!(word(&b, (0, 0), true), (0, 9));
        assert_eq!(word_back(&b, (2, 2), false), (1, 0));
        assert_eq!(word_back(&b, (1, 0), false), (0, 9));
        assert_eq!(word_back(&b, (0, 9), true), (0, 0));
        assert_eq!(word_end(&b, (0, 0), false), (0, 2));
        assert_eq!(word_end(&b, (0, 2), false), (0, 3));
        assert_eq!(word_end(&b, (0, 11), false), (2, 3));
    }

    #[test]
    fn characters_and_columns() {
        let line = "a\té日\u{1}x".as_bytes();
        assert_eq!(next(line, 2), 4);
        assert_eq!(previous(line, 4), 2);
        assert_eq!(previous(line, 2), 1);
        assert_eq!(column(line, 2), 8);
        assert_eq!(column(line, 7), 11);
        assert_eq!(at_column(line, 5), 1);
        assert_eq!(at_column(line, 10), 4);
        assert_eq!(at_column(line, 99), 8);
        assert_eq!(find(b"abcabc", 0, b"c", false, 2), Some(5));
        assert_eq!(find(b"abcabc", 5, b"a", true, 1), Some(3));
        assert_eq!(find(b"abc", 2, b"c", false, 1), None);
    }

    #[test]
    fn searches() {
        let b = Buffer::new(b"one two\ntwo one\nthree\n");
        let of = |text: &[u8]| Regex::new(text, Flags::BASIC).unwrap();
        assert_eq!(search(&b, (0, 0), &of(b"two"), false), Some((0, 4)));
        assert_eq!(search(&b, (0, 4), &of(b"two"), false), Some((1, 0)));
        assert_eq!(search(&b, (1, 0), &of(b"two"), false), Some((0, 4)));
        assert_eq!(search(&b, (1, 4), &of(b"two"), true), Some((1, 0)));
        assert_eq!(search(&b, (0, 0), &of(b"o"), true), Some((1, 4)));
        assert_eq!(search(&b, (0, 0), &of(b"none"), true), None);
        assert_eq!(search(&b, (0, 0), &of(b"x*"), false), Some((0, 1)));
    }

    #[test]
    fn brackets_and_paragraphs() {
        let b = Buffer::new(b"f(a, [b\n]) x\n\ny\n");
        assert_eq!(bracket(&b, (0, 0)), Some((1, 1)));
        assert_eq!(bracket(&b, (1, 1)), Some((0, 1)));
        assert_eq!(bracket(&b, (1, 3)), None);
        assert_eq!(paragraph(&b, 0, false), 2);
        assert_eq!(paragraph(&b, 3, true), 2);
    }
}
