//! How a line is laid out in rows. Pure.

use crate::regex::Regex;
use crate::screen::cells::{self, Row};

/// How lines are shown.
#[derive(Clone, Copy, Default)]
pub struct Style {
    /// Columns that a row has for the text.
    pub width: usize,
    /// One row a line (-S).
    pub chop: bool,
    /// Colours are shown as such (-R).
    pub colours: bool,
}

/// The first character's bytes and columns.
fn step(text: &[u8], column: usize, style: Style) -> (usize, usize) {
    let colour = if style.colours { cells::colour(text) } else { 0 };
    if colour > 0 {
        return (colour, 0);
    }
    let glyph = cells::glyph(text, column);
    (glyph.length, glyph.width)
}

/// Where each row of a line starts; the first at 0.
pub fn starts(line: &[u8], style: Style) -> Vec<usize> {
    let mut list = vec![0];
    if style.chop {
        return list;
    }
    let (mut at, mut column, mut used) = (0, 0, 0);
    while let Some(rest) = line.get(at..).filter(|rest| !rest.is_empty()) {
        let (length, width) = step(rest, column, style);
        if used + width > style.width && used > 0 {
            list.push(at);
            used = 0;
        }
        used += width;
        column += width;
        at += length;
    }
    list
}

/// Appends the row that starts at `start` to `row`. With -S, `shift` columns are
/// left out, and a `>` marks that there is more.
pub fn draw(
    row: &mut Row,
    line: &[u8],
    start: usize,
    shift: usize,
    style: Style,
    pattern: Option<&Regex>,
) {
    let limit = row.width + style.width;
    let mut match_ = pattern.and_then(|pattern| pattern.find(line, 0));
    let (mut at, mut column) = (0, 0);
    let mut marked = false;
    let mut coloured = false;
    while let Some(rest) = line.get(at..).filter(|rest| !rest.is_empty()) {
        let (length, width) = step(rest, column, style);
        let is_colour = style.colours && width == 0 && rest.first() == Some(&27);
        let shown = at >= start && column >= shift;
        if shown && row.width + width > limit {
            if style.chop {
                while row.width >= limit && row.bytes.pop().is_some_and(|b| b & 0xc0 == 0x80) {}
                row.width = row.width.min(limit.saturating_sub(1));
                row.put_reverse(b">", limit);
            }
            break;
        }
        while match_.is_some_and(|(_, end)| at >= end) {
            // An empty match takes no room, and must not be found again.
            let from = match_.map_or(at, |(first, end)| if first == end { end + 1 } else { end });
            match_ = pattern.and_then(|pattern| pattern.find(line, from));
            if match_.is_some_and(|(_, end)| end < from) {
                match_ = None;
            }
        }
        let inside = match_.is_some_and(|(first, end)| at >= first && at < end);
        if is_colour {
            let text = rest.get(..length).unwrap_or_default();
            row.style(text);
            coloured = !matches!(text, b"\x1b[m" | b"\x1b[0m");
        } else if shown {
            if inside != marked {
                row.style(if inside { b"\x1b[7m" } else { b"\x1b[27m" });
                marked = inside;
            }
            let glyph = cells::Glyph { length, width, ..cells::glyph(rest, column) };
            cells::append(glyph, rest, &mut row.bytes);
            row.width += width;
        }
        column += width;
        at += length;
    }
    if marked || coloured {
        row.style(b"\x1b[m");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regex::Flags;

    fn drawn(line: &[u8], start: usize, shift: usize, style: Style, pattern: &str) -> String {
        let regex = Regex::new(pattern.as_bytes(), Flags::EXTENDED).unwrap();
        let mut row = Row::default();
        draw(&mut row, line, start, shift, style, (!pattern.is_empty()).then_some(&regex));
        String::from_utf8(row.bytes).unwrap()
    }

    const WRAP: Style = Style { width: 4, chop: false, colours: false };
    const CHOP: Style = Style { width: 4, chop: true, colours: false };

    #[test]
    fn rows() {
        assert_eq!(starts(b"", WRAP), [0]);
        assert_eq!(starts(b"abcd", WRAP), [0]);
        assert_eq!(starts(b"abcdefghi", WRAP), [0, 4, 8]);
        assert_eq!(starts("日本語".as_bytes(), WRAP), [0, 6]);
        assert_eq!(starts(b"abcdef", CHOP), [0]);
        let colours = Style { colours: true, ..WRAP };
        assert_eq!(starts(b"\x1b[1mabcd\x1b[mef", colours), [0, 11]);
    }

    #[test]
    fn text_of_rows() {
        assert_eq!(drawn(b"abcdef", 0, 0, WRAP, ""), "abcd");
        assert_eq!(drawn(b"abcdef", 4, 0, WRAP, ""), "ef");
        assert_eq!(drawn(b"abcdef", 0, 0, CHOP, ""), "abc\x1b[7m>\x1b[m");
        assert_eq!(drawn(b"abcdef", 0, 3, CHOP, ""), "def");
        assert_eq!(drawn(b"\x1b[2J", 0, 0, WRAP, ""), "^[[2");
    }

    #[test]
    fn matches_and_colours() {
        assert_eq!(drawn(b"abca", 0, 0, WRAP, "a"), "\x1b[7ma\x1b[27mbc\x1b[7ma\x1b[m");
        assert_eq!(drawn(b"abc", 0, 0, WRAP, "x*"), "abc");
        let colours = Style { colours: true, ..WRAP };
        assert_eq!(drawn(b"\x1b[1mab\x1b[2J", 0, 0, colours, ""), "\x1b[1mab^[\x1b[m");
    }
}
