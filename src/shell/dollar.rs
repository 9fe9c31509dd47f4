//! Dollar-single-quotes (POSIX.1-2024 XCU 2.2.4).

use super::lexer::{Parsed, Parser};

impl Parser<'_> {
    /// Dollar-single-quotes (2.2.4), behind the opening one.
    pub(super) fn dollar_quoted(&mut self) -> Parsed<Vec<u8>> {
        let mut text = Vec::new();
        // POSIX leaves open what follows a NUL; here it ends the text, as
        // nothing a command is given can hold one.
        let mut cut = None;
        loop {
            match self.take_raw() {
                Some(b'\'') => {
                    text.truncate(cut.unwrap_or(text.len()));
                    return Ok(text);
                }
                Some(b'\\') => self.dollar_escape(&mut text, &mut cut),
                Some(byte) => text.push(byte),
                None => return self.unfinished("unterminated quoted string"),
            }
        }
    }

    fn dollar_escape(&mut self, text: &mut Vec<u8>, cut: &mut Option<usize>) {
        let Some(letter) = self.take_raw() else { return };
        let byte = match letter {
            b'a' => 7,
            b'b' => 8,
            b'e' | b'E' => 27,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'\\' | b'\'' | b'"' | b'?' => letter,
            b'c' => match self.take_raw() {
                Some(b'\\') => {
                    // `\c\\` is control-backslash.
                    if self.raw(0) == Some(b'\\') {
                        self.advance();
                    }
                    28
                }
                Some(b'?') => 127,
                Some(byte) => byte & 0x1f,
                None => return,
            },
            b'x' => match self.digits(16, 2) {
                Some(value) => (value & 0xff) as u8,
                None => {
                    text.extend_from_slice(b"\\x");
                    return;
                }
            },
            b'u' | b'U' => {
                let count = if letter == b'u' { 4 } else { 8 };
                let value = self.digits(16, count);
                match value.and_then(char::from_u32) {
                    Some(c) => {
                        let mut bytes = [0; 4];
                        text.extend_from_slice(c.encode_utf8(&mut bytes).as_bytes());
                    }
                    None => text.extend_from_slice(&[b'\\', letter]),
                }
                return;
            }
            b'0'..=b'7' => {
                let mut value = u32::from(letter - b'0');
                let mut count = 1;
                while count < 3
                    && let Some(digit @ b'0'..=b'7') = self.raw(0)
                {
                    value = value * 8 + u32::from(digit - b'0');
                    self.advance();
                    count += 1;
                }
                (value & 0xff) as u8
            }
            _ => {
                text.push(b'\\');
                letter
            }
        };
        if byte == 0 && cut.is_none() {
            *cut = Some(text.len());
        }
        text.push(byte);
    }

    fn digits(&mut self, radix: u32, most: usize) -> Option<u32> {
        let mut value = 0u32;
        let mut count = 0;
        while count < most
            && let Some(digit) = self.raw(0).and_then(|b| char::from(b).to_digit(radix))
        {
            value = (value << 4) | digit;
            self.advance();
            count += 1;
        }
        (count > 0).then_some(value)
    }
}
