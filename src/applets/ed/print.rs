//! How ed prints lines.

use super::Editor;
use crate::applet::{Ctx, Error};

/// The suffixes p, n and l.
#[derive(Clone, Copy, Default)]
pub struct Style {
    /// p.
    pub print: bool,
    /// n: with numbers.
    pub number: bool,
    /// l: so that everything can be seen.
    pub list: bool,
}

impl Style {
    /// Whether anything is printed at all.
    pub fn any(self) -> bool {
        self.print || self.number || self.list
    }
}

impl Editor {
    /// Prints lines; the last of them becomes the current one.
    pub fn print(
        &mut self,
        cx: &mut Ctx,
        first: usize,
        last: usize,
        style: Style,
    ) -> Result<(), Error> {
        let columns = self.columns(cx);
        for line in first..=last {
            let mut out = Vec::new();
            if style.number {
                out.extend_from_slice(format!("{line}\t").as_bytes());
            }
            if style.list {
                listed(self.buffer.text(line), columns, &mut out);
            } else {
                out.extend_from_slice(self.buffer.text(line));
            }
            out.push(b'\n');
            cx.put(&out)?;
        }
        self.buffer.go(last);
        Ok(())
    }
}

/// A text with everything that cannot be seen as escapes, `$` at its end, and
/// long lines folded. POSIX, ed, "List Command".
fn listed(text: &[u8], columns: usize, out: &mut Vec<u8>) {
    let mut used = 0;
    for &byte in text {
        let octal;
        let escaped: &[u8] = match byte {
            7 => b"\\a",
            8 => b"\\b",
            12 => b"\\f",
            10 => b"\\n",
            13 => b"\\r",
            9 => b"\\t",
            11 => b"\\v",
            b'\\' => b"\\\\",
            b'$' => b"\\$",
            0x20..=0x7e => {
                octal = [byte, 0, 0, 0];
                octal.get(..1).unwrap_or_default()
            }
            _ => {
                octal = [b'\\', b'0' + (byte >> 6), b'0' + (byte >> 3 & 7), b'0' + (byte & 7)];
                &octal
            }
        };
        if used + escaped.len() >= columns {
            out.extend_from_slice(b"\\\n");
            used = 0;
        }
        out.extend_from_slice(escaped);
        used += escaped.len();
    }
    out.push(b'$');
}
