//! What `ip` prints: the same fields as text or as JSON.

use std::fmt::Display;

use crate::json::quoted;

/// Output on its way.
pub(super) struct Sheet {
    /// What is there so far.
    pub bytes: Vec<u8>,
    json: bool,
    /// How deep the next key of JSON stands, where it is set for people.
    depth: Option<usize>,
    oneline: bool,
    /// A comma belongs before the next JSON value.
    comma: bool,
}

impl Sheet {
    pub(super) fn new(json: bool, pretty: bool, oneline: bool) -> Sheet {
        let depth = pretty.then_some(0);
        let mut sheet = Sheet { bytes: Vec::new(), json, depth, oneline, comma: false };
        sheet.open("", b'[');
        sheet
    }

    /// Ends the list that all is in.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.close(b']');
        if self.json {
            self.bytes.push(b'\n');
        }
        self.bytes
    }

    /// Text that is nothing in JSON.
    #[inline(never)]
    pub(super) fn text(&mut self, text: &[u8]) {
        if !self.json {
            self.bytes.extend_from_slice(text);
        }
    }

    /// A new line inside a record.
    pub(super) fn line(&mut self) {
        let end: &[u8] = if self.oneline { b"\\" } else { b"\n" };
        self.text(end);
    }

    fn key(&mut self, key: &str) {
        if self.comma {
            self.bytes.push(b',');
        }
        self.comma = true;
        if !key.is_empty() {
            self.indent();
            quoted(key.as_bytes(), &mut self.bytes);
            self.bytes.push(b':');
            self.blank();
        }
    }

    /// A new line of JSON for people: four blanks for each bracket.
    fn indent(&mut self) {
        if let Some(depth) = self.depth {
            self.bytes.push(b'\n');
            let end = self.bytes.len() + 4 * depth;
            crate::sys::memory::resize(&mut self.bytes, end, b' ');
        }
    }

    fn blank(&mut self) {
        if self.depth.is_some() {
            self.bytes.push(b' ');
        }
    }

    /// Begins a list (`[`) or object (`{`) of JSON; the key is empty in a list.
    #[inline(never)]
    pub(super) fn open(&mut self, key: &str, bracket: u8) {
        if self.json {
            self.key(key);
            self.bytes.push(bracket);
            self.depth = self.depth.map(|depth| depth + 1);
            if bracket == b'[' {
                self.blank();
            }
            self.comma = false;
        }
    }

    /// Ends it.
    pub(super) fn close(&mut self, bracket: u8) {
        if self.json {
            self.depth = self.depth.map(|depth| depth.saturating_sub(1));
            match bracket {
                _ if !self.comma => {}
                b']' => self.blank(),
                _ => self.indent(),
            }
            self.bytes.push(bracket);
            self.comma = true;
        }
    }

    /// A text value: in JSON under its key (nothing for an empty one in a
    /// list), otherwise between `before` and `after`.
    #[inline(never)]
    pub(super) fn string(&mut self, key: &str, before: &str, value: &[u8], after: &str) {
        if self.json {
            self.key(key);
            quoted(value, &mut self.bytes);
            return;
        }
        self.bytes.extend_from_slice(before.as_bytes());
        for &b in value {
            // names come from whoever made the link
            self.bytes.push(if b < 0x20 || b == 0x7f { b'?' } else { b });
        }
        self.bytes.extend_from_slice(after.as_bytes());
    }

    /// [`Sheet::string`] for what can be displayed.
    #[inline(never)]
    pub(super) fn shown(&mut self, key: &str, before: &str, value: &dyn Display, after: &str) {
        self.string(key, before, value.to_string().as_bytes(), after);
    }

    /// A number.
    #[inline(never)]
    pub(super) fn number(&mut self, key: &str, before: &str, value: u64, after: &str) {
        let value = value.to_string();
        if self.json {
            self.key(key);
            self.bytes.extend_from_slice(value.as_bytes());
        } else {
            self.string(key, before, value.as_bytes(), after);
        }
    }

    /// Something that is the case.
    #[inline(never)]
    pub(super) fn yes(&mut self, key: &str) {
        if self.json {
            self.key(key);
            self.bytes.extend_from_slice(b"true");
        } else {
            self.string(key, "", key.as_bytes(), " ");
        }
    }
}
