//! Regular expressions of POSIX, basic and extended, with what GNU adds:
//! `\\<` `\\>` `\\b` `\\B` `\\w` `\\W` `\\s` `\\S` `` \\` `` `\\'`, and `\\+` `\\?` `\\|` in basic ones.

use std::cell::RefCell;

use crate::sys::regex::Compiled;
pub use crate::sys::regex::Span;

/// How an expression is meant.
#[derive(Clone, Copy, Default)]
pub struct Flags {
    /// Extended rather than basic syntax.
    pub extended: bool,
    /// Letters match in both cases.
    pub icase: bool,
    /// `^` and `$` match at newlines too, which `.` and `[^x]` do not match.
    pub newline: bool,
}

impl Flags {
    /// Extended syntax.
    pub const EXTENDED: Flags = Flags { extended: true, icase: false, newline: false };
    /// Basic syntax.
    pub const BASIC: Flags = Flags { extended: false, icase: false, newline: false };
}

/// An expression ready for use. Matches are the leftmost, of those the longest.
pub struct Regex {
    compiled: Compiled,
    groups: usize,
    newline: bool,
    text: RefCell<Vec<u8>>,
}

/// Spans of the whole match and of nine groups.
pub type Groups = [Option<Span>; 10];

impl Regex {
    /// Compiles `pattern`; an error says what is wrong with it.
    pub fn new(pattern: &[u8], flags: Flags) -> Result<Regex, &'static str> {
        let mut number = 0;
        for (set, flag) in [
            (flags.extended, libc::REG_EXTENDED),
            (flags.icase, libc::REG_ICASE),
            (flags.newline, libc::REG_NEWLINE),
        ] {
            if set {
                number |= flag;
            }
        }
        let compiled = Compiled::new(pattern, number).map_err(|code| match code {
            libc::REG_EBRACK => "unmatched [",
            libc::REG_EPAREN => "unmatched ( or )",
            libc::REG_EBRACE | libc::REG_BADBR => "bad repetition count",
            libc::REG_ESUBREG => "invalid back reference",
            libc::REG_EESCAPE => "trailing backslash",
            libc::REG_BADRPT => "nothing to repeat",
            libc::REG_ECTYPE => "unknown character class",
            _ => "bad regular expression",
        })?;
        let groups = count_groups(pattern, flags.extended);
        Ok(Regex { compiled, groups, newline: flags.newline, text: RefCell::default() })
    }

    /// How many groups it has.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// Whether it matches anywhere in `text`.
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.exec(text, 0, &mut [])
    }

    /// The leftmost longest match in `text` that starts at `from` or later.
    /// What is before `from` counts as context: `^` does not match there.
    pub fn find(&self, text: &[u8], from: usize) -> Option<Span> {
        let mut spans = [None];
        if self.exec(text, from, &mut spans) { spans[0] } else { None }
    }

    /// [`Regex::find`] with the places of the groups.
    pub fn captures(&self, text: &[u8], from: usize, groups: &mut Groups) -> bool {
        *groups = [None; 10];
        self.exec(text, from, groups)
    }

    fn exec(&self, text: &[u8], from: usize, spans: &mut [Option<Span>]) -> bool {
        let Ok(mut buffer) = self.text.try_borrow_mut() else { return false };
        let Some(rest) = text.get(from..) else { return false };
        // NUL ends what the C library sees: the pieces are matched one by one.
        let mut at = from;
        for piece in rest.split(|&b| b == 0) {
            buffer.clear();
            buffer.extend_from_slice(piece);
            buffer.push(0);
            let before = at.checked_sub(1).and_then(|at| text.get(at));
            let starts = before.is_none_or(|&b| self.newline && b == b'\n');
            let mut flags = if starts { 0 } else { libc::REG_NOTBOL };
            if at + piece.len() < text.len() {
                flags |= libc::REG_NOTEOL;
            }
            let Ok(string) = std::ffi::CStr::from_bytes_with_nul(&buffer) else { return false };
            if self.compiled.exec(string, flags, spans) {
                for span in spans.iter_mut().flatten() {
                    *span = (span.0 + at, span.1 + at);
                }
                return true;
            }
            at += piece.len() + 1;
        }
        false
    }
}

/// How many groups a pattern has, which compiled.
fn count_groups(pattern: &[u8], extended: bool) -> usize {
    let mut count = 0;
    let mut at = 0;
    while let Some(&byte) = pattern.get(at) {
        let next = pattern.get(at + 1).copied();
        match byte {
            b'\\' => {
                count += usize::from(!extended && next == Some(b'('));
                at += 1;
            }
            b'(' if extended => count += 1,
            b'[' => {
                at += 1 + usize::from(next == Some(b'^'));
                at += usize::from(pattern.get(at) == Some(&b']'));
                while pattern.get(at).is_some_and(|&b| b != b']') {
                    at += 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    count
}

#[cfg(test)]
mod tests;
