//! Addresses of ed. POSIX, ed, "Addresses in ed".

use super::substitute::pattern_text;
use super::{Editor, Fault};

const INVALID: Fault = "Invalid address";

/// The lines before a command.
#[derive(Clone, Copy)]
pub struct Range {
    /// How many addresses were given: 0, 1 or 2 for more.
    pub count: usize,
    /// The first line.
    pub first: usize,
    /// The last line, or the only one.
    pub last: usize,
}

fn skip_blanks(text: &mut &[u8]) {
    while let [b' ' | b'\t', rest @ ..] = *text {
        *text = rest;
    }
}

/// A number, no larger than can be.
fn number(text: &mut &[u8]) -> Option<i64> {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let (word, rest) = text.split_at_checked(digits).filter(|(word, _)| !word.is_empty())?;
    *text = rest;
    Some(std::str::from_utf8(word).ok()?.parse().unwrap_or(i64::from(i32::MAX)))
}

impl Editor {
    /// Takes the addresses off the start of a command.
    pub fn range(&mut self, text: &mut &[u8]) -> Result<Range, Fault> {
        let mut list: [Option<usize>; 2] = [None; 2];
        let mut count = 0;
        let mut separator = 0u8;
        loop {
            let address = self.address(text)?;
            let next = text.first().copied().unwrap_or(0);
            let separates = matches!(next, b',' | b';') || next == b'%' && address.is_none();
            let [_, before] = list;
            let value = match (address, separator) {
                (Some(address), _) => Some(address),
                // `,` and `;` alone
                (None, 0) if separates => Some(if next == b';' {
                    self.buffer.current()
                } else {
                    1.min(self.buffer.last())
                }),
                (None, 0) => None,
                // `,` with nothing in front of it: to the last line
                (None, b',' | b';' | b'%') if count == 0 => Some(self.buffer.last()),
                (None, _) => before,
            };
            if let Some(value) = value {
                list = [before, Some(value)];
                // what stands for itself was not typed
                count += usize::from(address.is_some() || separator != 0);
            }
            if !separates {
                break;
            }
            *text = text.get(1..).unwrap_or_default();
            if next == b';'
                && let Some(value) = value
            {
                self.buffer.go(value);
            }
            if address.is_some() && separator == 0 {
                separator = b'a'; // `N,` means `N,N`
            } else {
                separator = next;
            }
        }
        let current = self.buffer.current();
        let range = match list {
            [_, None] => Range { count: 0, first: current, last: current },
            [None, Some(last)] => Range { count: 1, first: last, last },
            [Some(first), Some(last)] => Range { count: 2, first, last },
        };
        Ok(range)
    }

    /// One address, or nothing.
    pub fn address(&mut self, text: &mut &[u8]) -> Result<Option<usize>, Fault> {
        let signed = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let mut address: Option<i64> = None;
        let base = signed(self.buffer.current());
        loop {
            skip_blanks(text);
            let Some((&byte, rest)) = text.split_first() else { break };
            match byte {
                b'0'..=b'9' => {
                    let number = number(text).unwrap_or(0);
                    // `2 3` is `2+3`
                    address = Some(address.map_or(number, |a| a.saturating_add(number)));
                }
                b'+' | b'-' | b'^' => {
                    *text = rest;
                    let by = number(text).unwrap_or(1);
                    let from = address.unwrap_or(base);
                    address = Some(if byte == b'+' {
                        from.saturating_add(by)
                    } else {
                        from.saturating_sub(by)
                    });
                }
                b'.' | b'$' | b'\'' | b'/' | b'?' if address.is_some() => return Err(INVALID),
                b'.' => {
                    *text = rest;
                    address = Some(base);
                }
                b'$' => {
                    *text = rest;
                    address = Some(signed(self.buffer.last()));
                }
                b'\'' => {
                    let Some((letter, rest)) = rest.split_first() else {
                        return Err("Invalid mark character");
                    };
                    if !letter.is_ascii_lowercase() {
                        return Err("Invalid mark character");
                    }
                    *text = rest;
                    address = Some(signed(self.buffer.marked(*letter).ok_or(INVALID)?));
                }
                b'/' | b'?' => {
                    let pattern = pattern_text(text);
                    self.choose(&pattern, false)?;
                    address = Some(signed(self.search(byte == b'/')?));
                }
                _ => break,
            }
        }
        let Some(address) = address else { return Ok(None) };
        let found = usize::try_from(address).ok().filter(|&line| line <= self.buffer.last());
        found.map(Some).ok_or(INVALID)
    }

    /// The next line, round the end, that the last pattern matches.
    fn search(&mut self, forward: bool) -> Result<usize, Fault> {
        let Some(pattern) = &self.pattern else { return Err("No previous pattern") };
        let (last, current) = (self.buffer.last(), self.buffer.current());
        let mut line = current;
        for _ in 0..=last {
            line = match (forward, line) {
                (true, line) if line >= last => 0,
                (true, line) => line + 1,
                (false, 0) => last,
                (false, line) => line - 1,
            };
            if line > 0 && pattern.regex.is_match(self.buffer.text(line)) {
                return Ok(line);
            }
        }
        Err("No match")
    }
}
