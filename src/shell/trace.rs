//! What `set -x` shows (POSIX.1-2024 XCU 2.15 set), and text quoted so that the
//! shell can read it again.

use crate::applet;
use crate::sys;

use super::ast::Assign;
use super::fields::Fields;
use super::options::XTRACE;
use super::{Run, Shell};

impl Shell {
    /// `set -x` (2.15 set): the command on standard error behind PS4.
    pub(super) fn trace_command(&mut self, assigns: &[Assign], fields: &Fields) -> Run {
        let mut line = Vec::new();
        for assign in assigns {
            let value = self.expand_text(&assign.value)?;
            trace_assignment(&mut line, &assign.name.text, &value);
        }
        for field in fields.from(0) {
            if !line.is_empty() {
                line.push(b' ');
            }
            quote_into(&mut line, field);
        }
        self.trace(&line);
        Ok(())
    }

    pub(super) fn trace(&mut self, line: &[u8]) {
        self.options.set(XTRACE, false);
        let ps4 = self.vars.get(b"PS4").unwrap_or_default().to_vec();
        let mut text = self.expand_prompt(&ps4);
        self.options.set(XTRACE, true);
        text.extend_from_slice(line);
        text.push(b'\n');
        let _ = applet::write_all(sys::fd::stderr(), &text);
    }
}

/// Adds `NAME=VALUE` to a line.
pub(super) fn trace_assignment(line: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    if !line.is_empty() {
        line.push(b' ');
    }
    line.extend_from_slice(name);
    line.push(b'=');
    if !value.is_empty() {
        quote_into(line, value);
    }
}

/// Adds a text so that the shell reads it as this text again.
pub fn quote_into(line: &mut Vec<u8>, text: &[u8]) {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"_-./:=+,@%^".contains(b);
    if !text.is_empty() && text.iter().all(plain) {
        line.extend_from_slice(text);
    } else {
        always_quote_into(line, text);
    }
}

/// The same, with quotes even where none are needed.
pub fn always_quote_into(line: &mut Vec<u8>, text: &[u8]) {
    line.push(b'\'');
    for byte in text {
        if *byte == b'\'' {
            line.extend_from_slice(b"'\\''");
        } else {
            line.push(*byte);
        }
    }
    line.push(b'\'');
}
