//! How text stands on a screen: which columns a character takes, and what is
//! shown for one that must not reach a terminal as it is. Pure.

/// The first character of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glyph {
    /// Its bytes.
    pub length: usize,
    /// The columns it takes.
    pub width: usize,
    /// Whether it is shown as it is.
    pub plain: bool,
}

/// Where tabs stop.
pub const TAB: usize = 8;

/// Characters of two columns: first and last.
const WIDE: [(u32, u32); 11] = [
    (0x1100, 0x115f),
    (0x2e80, 0x303e),
    (0x3041, 0xa4cf),
    (0xa960, 0xa97c),
    (0xac00, 0xd7a3),
    (0xf900, 0xfaff),
    (0xfe30, 0xfe6f),
    (0xff00, 0xff60),
    (0xffe0, 0xffe6),
    (0x1f300, 0x1faff),
    (0x20000, 0x3fffd),
];

/// Characters of no column: marks on the one before.
const MARKS: [(u32, u32); 9] = [
    (0x300, 0x36f),
    (0x483, 0x489),
    (0x591, 0x5bd),
    (0x610, 0x61a),
    (0x64b, 0x65f),
    (0x1ab0, 0x1aff),
    (0x1dc0, 0x1dff),
    (0x20d0, 0x20ff),
    (0xfe00, 0xfe0f),
];

fn is_in(table: &[(u32, u32)], c: u32) -> bool {
    table.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

/// The first character of `text`, which stands in `column`. Controls are `^X`,
/// bytes that are no text, and characters that direct the terminal or the
/// reader's eye, `<XX>`.
#[inline(never)]
pub fn glyph(text: &[u8], column: usize) -> Glyph {
    let byte = match text.first() {
        Some(byte @ 0x20..=0x7e) => {
            let _ = byte;
            return Glyph { length: 1, width: 1, plain: true };
        }
        Some(b'\t') => return Glyph { length: 1, width: TAB - column % TAB, plain: false },
        Some(byte) => *byte,
        None => return Glyph { length: 0, width: 0, plain: true },
    };
    if byte < 0x80 {
        return Glyph { length: 1, width: 2, plain: false };
    }
    let length = if byte >= 0xf0 { 4 } else { 2 + usize::from(byte >= 0xe0) };
    let c = text.get(..length).and_then(|text| std::str::from_utf8(text).ok()?.chars().next());
    match c.map(u32::from) {
        None | Some(0x80..=0x9f | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff) => {
            Glyph { length: 1, width: 4, plain: false }
        }
        Some(c) => {
            let width = if is_in(&WIDE, c) { 2 } else { usize::from(!is_in(&MARKS, c)) };
            Glyph { length, width, plain: true }
        }
    }
}

/// Appends what is shown for the first character of `text`.
pub fn append(glyph: Glyph, text: &[u8], out: &mut Vec<u8>) {
    let Some((&byte, _)) = text.split_first() else { return };
    match byte {
        _ if glyph.plain => out.extend_from_slice(text.get(..glyph.length).unwrap_or_default()),
        b'\t' => out.resize(out.len() + glyph.width, b' '),
        0..=0x7f => out.extend([b'^', byte ^ 0x40]),
        _ => {
            let hex = |n: u8| if n < 10 { b'0' + n } else { b'A' + n - 10 };
            out.extend([b'<', hex(byte >> 4), hex(byte & 15), b'>']);
        }
    }
}

/// The columns that a text takes which starts in the first.
pub fn width(mut text: &[u8]) -> usize {
    let mut column = 0;
    while !text.is_empty() {
        let glyph = glyph(text, column);
        column += glyph.width;
        text = text.get(glyph.length..).unwrap_or_default();
    }
    column
}

/// How long the sequence is that `text` starts with and that sets colours or
/// the like (SGR of ECMA-48); 0 when it is none.
pub fn colour(text: &[u8]) -> usize {
    let Some(body) = text.strip_prefix(b"\x1b[") else { return 0 };
    let digits = body.iter().take_while(|b| matches!(b, b'0'..=b'9' | b';' | b':')).count();
    if digits < 64 && body.get(digits) == Some(&b'm') { digits + 3 } else { 0 }
}

/// A line of a screen.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// What is sent to the terminal.
    pub bytes: Vec<u8>,
    /// The columns that it takes.
    pub width: usize,
}

impl Row {
    /// A row that shows `text` as far as `limit` columns take it.
    pub fn of(text: &[u8], limit: usize) -> Row {
        let mut row = Row::default();
        row.put(text, limit);
        row
    }

    /// Appends `text`, up to `limit` columns in all.
    #[inline(never)]
    pub fn put(&mut self, mut text: &[u8], limit: usize) {
        while !text.is_empty() {
            let glyph = glyph(text, self.width);
            if self.width + glyph.width > limit {
                return;
            }
            append(glyph, text, &mut self.bytes);
            self.width += glyph.width;
            text = text.get(glyph.length..).unwrap_or_default();
        }
    }

    /// Appends `text` in reverse.
    pub fn put_reverse(&mut self, text: &[u8], limit: usize) {
        self.style(b"\x1b[7m");
        self.put(text, limit);
        self.style(b"\x1b[m");
    }

    /// Appends a sequence of the program's own that takes no column.
    pub fn style(&mut self, sequence: &[u8]) {
        self.bytes.extend_from_slice(sequence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &[u8], limit: usize) -> (String, usize) {
        let row = Row::of(text, limit);
        (String::from_utf8(row.bytes).unwrap(), row.width)
    }

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(shown(b"a\x1b[2J\x7f\r", 80), ("a^[[2J^?^M".into(), 10));
        assert_eq!(shown(b"\xff\xc2\x9bx", 80), ("<FF><C2><9B>x".into(), 13));
        assert_eq!(shown("\u{202e}x".as_bytes(), 80).0, "<E2><80><AE>x");
    }

    #[test]
    fn columns() {
        assert_eq!(shown(b"a\tb", 80), ("a       b".into(), 9));
        assert_eq!(shown("é日e\u{301}".as_bytes(), 80), ("é日e\u{301}".into(), 4));
        assert_eq!(shown("日日".as_bytes(), 3), ("日".into(), 2));
        assert_eq!(width(b"ab\tc"), 9);
    }

    #[test]
    fn colours() {
        assert_eq!(colour(b"\x1b[1;31mx"), 7);
        assert_eq!(colour(b"\x1b[m"), 3);
        assert_eq!(colour(b"\x1b[2J"), 0);
        assert_eq!(colour(b"\x1b[1;3"), 0);
    }
}
