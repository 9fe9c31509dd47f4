//! Fields: what words expand to. POSIX.1-2024 XCU 2.6.5 (field splitting),
//! 2.6.6 (when a field is a pattern) and 2.6.7 (quotes are never in the text,
//! so there are none to remove).
//!
//! The fields of a command are in one buffer, each ended by a NUL, so that a
//! command costs no allocation per argument and its vector can be given to
//! execve as it is.

use std::ffi::{CStr, OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use super::pattern;
use super::vars::Split;
use crate::characters::Characters;

/// A list of byte strings in one buffer.
#[derive(Default)]
pub struct Fields {
    text: Vec<u8>,
    /// Where each ends, behind its NUL.
    ends: Vec<usize>,
}

impl Fields {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The n-th.
    pub fn get(&self, n: usize) -> Option<&[u8]> {
        let with_nul = self.range(n)?;
        with_nul.split_last().map(|(_, text)| text)
    }

    fn range(&self, n: usize) -> Option<&[u8]> {
        let start = match n.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.text.get(start..*self.ends.get(n)?)
    }

    /// All, from the n-th on.
    pub fn from(&self, n: usize) -> impl Iterator<Item = &[u8]> {
        (n..self.len()).filter_map(|i| self.get(i))
    }

    /// All as C strings; each ends at its first NUL.
    pub fn c_strings(&self) -> impl Iterator<Item = &CStr> {
        (0..self.len()).filter_map(|i| CStr::from_bytes_until_nul(self.range(i)?).ok())
    }

    /// The ones from the n-th on as arguments of an applet.
    pub fn os_strings(&self, n: usize) -> Vec<OsString> {
        self.from(n).map(|f| OsStr::from_bytes(f).to_os_string()).collect()
    }

    /// Adds one.
    pub fn push(&mut self, field: &[u8]) {
        self.text.extend_from_slice(field);
        self.end();
    }

    /// Makes what has been added to the text a field.
    pub fn end(&mut self) {
        self.text.push(0);
        self.ends.push(self.text.len());
    }

    /// Exchanges the memory of the only field, emptied of the rest, with that
    /// of another text.
    pub fn swap_text(&mut self, text: &mut Vec<u8>) {
        self.text.pop();
        self.ends.clear();
        std::mem::swap(&mut self.text, text);
    }

    /// Removes all and keeps the memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    /// The same without the first `n`.
    pub fn without_first(&self, n: usize) -> Fields {
        let mut rest = Fields::default();
        for field in self.from(n) {
            rest.push(field);
        }
        rest
    }
}

/// What expanded text becomes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Fields: it is split, and patterns are expanded to names of files.
    Fields,
    /// One text.
    Text,
    /// A pattern, quoted bytes escaped.
    Pattern,
    /// An extended regular expression, quoted bytes escaped.
    Regex,
}

/// Builds fields out of the parts of words.
pub struct Builder {
    /// What is finished.
    pub fields: Fields,
    mode: Mode,
    start: usize,
    open: bool,
    after_blank: bool,
    magic: bool,
    quoted: Vec<(usize, usize)>,
    /// Inside the word of `${x-word}`: literal text is split as well.
    pub inner: bool,
}

impl Builder {
    /// Adds to `fields`.
    pub fn new(fields: Fields, mode: Mode) -> Builder {
        let start = fields.text.len();
        Builder {
            fields,
            mode,
            start,
            open: false,
            after_blank: false,
            magic: false,
            quoted: Vec::new(),
            inner: false,
        }
    }

    /// Whether text becomes fields.
    pub fn splits(&self) -> bool {
        self.mode == Mode::Fields
    }

    /// Marks that there is a field here even if it has no text.
    pub fn open(&mut self) {
        self.open = true;
        self.after_blank = false;
    }

    /// Adds quoted text.
    pub fn quoted(&mut self, text: &[u8]) {
        match self.mode {
            Mode::Text => self.fields.text.extend_from_slice(text),
            Mode::Pattern => pattern::escape_into(&mut self.fields.text, text),
            Mode::Regex => {
                for byte in text {
                    if b".[\\()*+?{|^$".contains(byte) {
                        self.fields.text.push(b'\\');
                    }
                    self.fields.text.push(*byte);
                }
            }
            Mode::Fields => {
                self.open();
                let start = self.fields.text.len();
                self.fields.text.extend_from_slice(text);
                self.quoted.push((start, self.fields.text.len()));
            }
        }
    }

    /// Adds text of the word itself.
    pub fn literal(&mut self, text: &[u8], magic: bool) {
        self.fields.text.extend_from_slice(text);
        self.open();
        self.magic |= magic;
    }

    /// Adds the unquoted result of an expansion.
    pub fn expanded(&mut self, text: &[u8], ifs: &[Split; 256], glob: Option<Characters>) {
        if self.mode != Mode::Fields {
            self.fields.text.extend_from_slice(text);
            return;
        }
        let splits = |byte: &u8| ifs.get(usize::from(*byte)).is_some_and(|s| *s != Split::No);
        let mut rest = text;
        loop {
            let end = rest.iter().position(splits).unwrap_or(rest.len());
            let (plain, behind) = rest.split_at(end);
            if !plain.is_empty() {
                self.magic = self.magic || plain.iter().any(|b| matches!(b, b'*' | b'?' | b'['));
                self.fields.text.extend_from_slice(plain);
                self.open();
            }
            let Some((byte, behind)) = behind.split_first() else { return };
            rest = behind;
            match ifs.get(usize::from(*byte)) {
                Some(Split::Blank) if self.open => {
                    self.finish(glob);
                    self.after_blank = true;
                }
                Some(Split::Mark) => {
                    if self.after_blank {
                        self.after_blank = false;
                    } else {
                        self.finish(glob);
                    }
                }
                _ => {}
            }
        }
    }

    /// Ends a field between two positional parameters.
    pub fn boundary(&mut self, glob: Option<Characters>) {
        if self.open {
            self.finish(glob);
        }
        self.after_blank = false;
    }

    /// Ends a word: the field that is open, if any.
    pub fn end_word(&mut self, glob: Option<Characters>) {
        if self.open {
            self.finish(glob);
        }
        self.after_blank = false;
    }

    /// Ends a field.
    pub fn finish(&mut self, glob: Option<Characters>) {
        let glob = glob.filter(|_| self.magic);
        let names = glob.map_or(Vec::new(), |chars| self.pathnames(chars));
        if names.is_empty() {
            self.fields.end();
        } else {
            self.fields.text.truncate(self.start);
            for name in names {
                self.fields.push(&name);
            }
        }
        self.start = self.fields.text.len();
        self.open = false;
        self.after_blank = false;
        self.magic = false;
        self.quoted.clear();
    }

    fn pathnames(&self, chars: Characters) -> Vec<Vec<u8>> {
        let mut text = Vec::new();
        let mut at = self.start;
        let all = &self.fields.text;
        for (start, end) in &self.quoted {
            text.extend_from_slice(all.get(at..*start).unwrap_or_default());
            pattern::escape_into(&mut text, all.get(*start..*end).unwrap_or_default());
            at = *end;
        }
        text.extend_from_slice(all.get(at..).unwrap_or_default());
        super::glob::expand(chars, &text)
    }

    /// The text of the modes that make one.
    pub fn into_text(self) -> Vec<u8> {
        self.fields.text
    }
}
