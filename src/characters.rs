//! The characters of a text, as the locale has them: bytes, or those of UTF-8.
//! POSIX.1-2024 XBD 6.2 and 8.2.
//!
//! Where a text is not UTF-8, each byte is a character of its own.

/// Which characters a text consists of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Characters {
    /// Bytes: the POSIX locale, and all whose characters are not known here.
    #[default]
    Bytes,
    /// Those of UTF-8.
    Utf8,
}

/// The variables that say it, the first that is not empty counts.
pub const VARIABLES: [&[u8]; 3] = [b"LC_ALL", b"LC_CTYPE", b"LANG"];

impl Characters {
    /// Those of the locale that the values of [`VARIABLES`] name.
    pub fn of_locale<'v>(values: impl IntoIterator<Item = Option<&'v [u8]>>) -> Characters {
        let name = values.into_iter().flatten().find(|value| !value.is_empty());
        let name = name.unwrap_or_default().to_ascii_lowercase();
        let name = name.split(|byte| *byte == b'@').next().unwrap_or_default();
        match name.ends_with(b"utf-8") || name.ends_with(b"utf8") {
            true => Characters::Utf8,
            false => Characters::Bytes,
        }
    }

    /// Those that make a difference within `text`.
    #[inline]
    pub fn within(self, text: &[u8]) -> Characters {
        match self {
            Characters::Utf8 if !text.is_ascii() => Characters::Utf8,
            _ => Characters::Bytes,
        }
    }

    /// The code and the length of the character that `text` begins with. What
    /// is no character has a code beyond those of all characters.
    #[inline]
    pub fn first(self, text: &[u8]) -> Option<(u32, usize)> {
        let byte = *text.first()?;
        if byte < 0x80 || self == Characters::Bytes {
            return Some((u32::from(byte), 1));
        }
        let length = 1 + self.more(byte);
        let code = text.get(..length).filter(|_| length > 1);
        let code = code.and_then(|text| std::str::from_utf8(text).ok()?.chars().next());
        Some(code.map_or((0x11_0000 + u32::from(byte), 1), |c| (u32::from(c), length)))
    }

    /// How many more bytes there are in a character that begins with `byte`.
    pub fn more(self, byte: u8) -> usize {
        match (self, byte) {
            (Characters::Bytes, _) => 0,
            (_, 0xc2..=0xdf) => 1,
            (_, 0xe0..=0xef) => 2,
            (_, 0xf0..=0xf4) => 3,
            _ => 0,
        }
    }

    /// How many characters `text` has.
    pub fn count(self, text: &[u8]) -> usize {
        if self.within(text) == Characters::Bytes {
            return text.len();
        }
        text.utf8_chunks().map(|part| part.valid().chars().count() + part.invalid().len()).sum()
    }

    /// Where the character of number `n`, counted from 0, begins; the end of
    /// `text` when there are not so many.
    pub fn offset(self, text: &[u8], n: usize) -> usize {
        if self == Characters::Bytes {
            return n.min(text.len());
        }
        let mut at = 0;
        for _ in 0..n {
            let Some((_, length)) = text.get(at..).and_then(|rest| self.first(rest)) else { break };
            at += length;
        }
        at
    }

    /// Whether a character begins, or the text ends, at `at`.
    pub fn is_start(self, text: &[u8], at: usize) -> bool {
        if self == Characters::Bytes || !text.get(at).is_some_and(is_inner) {
            return true;
        }
        // The nearest byte before it that can begin one reaches beyond it or
        // does not.
        let head = text.get(..at).unwrap_or_default();
        let Some(before) = head.iter().rev().take(3).position(|byte| !is_inner(byte)) else {
            return true;
        };
        let rest = text.get(at - before - 1..).unwrap_or_default();
        self.first(rest).is_none_or(|(_, length)| length <= before + 1)
    }
}

/// Whether a byte is none that a character of UTF-8 begins with.
fn is_inner(byte: &u8) -> bool {
    byte & 0xc0 == 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"a\xc3\xa9\xff\xe6\x97\xa5\xe6\x97z\xc3";

    #[test]
    fn locales() {
        let named = |list: [Option<&'static str>; 3]| {
            Characters::of_locale(list.map(|v| v.map(str::as_bytes)))
        };
        assert_eq!(named([None, None, None]), Characters::Bytes);
        assert_eq!(named([None, None, Some("C.UTF-8")]), Characters::Utf8);
        assert_eq!(named([Some(""), Some("de_DE.utf8@euro"), Some("C")]), Characters::Utf8);
        assert_eq!(named([Some("C"), Some("C.UTF-8"), None]), Characters::Bytes);
        assert_eq!(named([None, Some("de_DE.ISO-8859-1"), None]), Characters::Bytes);
    }

    #[test]
    fn places() {
        let utf8 = Characters::Utf8;
        assert_eq!((utf8.count(TEXT), Characters::Bytes.count(TEXT)), (8, 11));
        let starts: Vec<_> = (0..=TEXT.len()).filter(|at| utf8.is_start(TEXT, *at)).collect();
        assert_eq!(starts, [0, 1, 3, 4, 7, 8, 9, 10, 11]);
        let offsets: Vec<_> = (0..=9).map(|n| utf8.offset(TEXT, n)).collect();
        assert_eq!(offsets, [0, 1, 3, 4, 7, 8, 9, 10, 11, 11]);
        assert_eq!(utf8.first("日".as_bytes()), Some((0x65e5, 3)));
        assert_eq!(utf8.first(b"\xed\xa0\x80"), Some((0x11_00ed, 1)));
        assert!(utf8.is_start(b"\x80\x80\x80\x80\x80", 4));
        assert!(!utf8.is_start("𝄞".as_bytes(), 3));
    }
}
