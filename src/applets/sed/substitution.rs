//! The commands s, e and l.

use crate::applet::{Ctx, Error};
use crate::regex::Groups;
use crate::sed::{Part, Substitution};
use crate::sys::command;

use super::Sed;

impl Sed {
    /// Runs a command; without one the space is it, and becomes its output.
    pub(super) fn evaluate(&mut self, cx: &mut Ctx, text: &[u8]) -> Result<(), Error> {
        let line = if text.is_empty() { self.space.clone() } else { text.to_vec() };
        cx.flush()?;
        let mut output = command::output(&line, &mut cx.env.iter(), [cx.stdin, cx.stderr])
            .map_err(|e| Error::os("cannot run a command", e))?;
        if text.is_empty() {
            if output.last() == Some(&self.end) {
                output.pop();
            }
            self.space = output;
            return Ok(());
        }
        self.out.put(cx, &output, None)
    }

    pub(super) fn substitute(&mut self, cx: &mut Ctx, s: &Substitution) -> Result<(), Error> {
        let regex = self.regex(&s.regex)?;
        let wants_groups = s.parts.iter().any(|part| matches!(part, Part::Group(1..)));
        let mut groups: Groups = [None; 10];
        let mut result = std::mem::take(&mut self.spare);
        result.clear();
        let space = &self.space;
        let (mut at, mut copied) = (0, 0);
        let mut count = 0;
        let mut done = false;
        // where the match before ended: an empty one there is none
        let mut before = None;
        while at <= space.len() {
            let found = if wants_groups {
                if regex.captures(space, at, &mut groups) { groups[0] } else { None }
            } else {
                groups[0] = regex.find(space, at);
                groups[0]
            };
            let Some((start, end)) = found else { break };
            if start == end && before == Some(start) {
                at = start + 1;
                continue;
            }
            count += 1;
            before = Some(end);
            at = if start == end { end + 1 } else { end };
            if count >= s.number {
                result.extend_from_slice(space.get(copied..start).unwrap_or_default());
                expand(&mut result, &s.parts, space, &groups);
                copied = end;
                done = true;
                if !s.global {
                    break;
                }
            }
        }
        if !done {
            self.spare = result;
            return Ok(());
        }
        result.extend_from_slice(space.get(copied..).unwrap_or_default());
        self.spare = std::mem::replace(&mut self.space, result);
        self.replaced = true;
        if s.evaluate {
            self.evaluate(cx, b"")?;
        }
        for _ in 0..s.print {
            self.print(cx)?;
        }
        if let Some(file) = s.file {
            let space = std::mem::take(&mut self.space);
            self.write(cx, file, &space)?;
            self.space = space;
        }
        Ok(())
    }
}

pub(super) fn exit_code(code: Option<u64>) -> u8 {
    u8::try_from(code.unwrap_or(0) & 255).unwrap_or(0)
}

/// Appends a replacement.
fn expand(out: &mut Vec<u8>, parts: &[Part], space: &[u8], groups: &Groups) {
    // The case of all that follows, and that of the next byte.
    let (mut case, mut once) = (b'E', b'E');
    for part in parts {
        let text = match part {
            Part::Text(text) => text.as_slice(),
            Part::Group(number) => {
                let span = groups.get(*number).copied().flatten();
                span.and_then(|(start, end)| space.get(start..end)).unwrap_or_default()
            }
            Part::Case(letter) => {
                match letter {
                    b'u' | b'l' => once = *letter,
                    letter => (case, once) = (*letter, b'E'),
                }
                continue;
            }
        };
        if case == b'E' && once == b'E' {
            out.extend_from_slice(text);
            continue;
        }
        for &byte in text {
            let now = if once == b'E' { case } else { once };
            once = b'E';
            out.push(match now {
                b'U' | b'u' => byte.to_ascii_uppercase(),
                b'L' | b'l' => byte.to_ascii_lowercase(),
                _ => byte,
            });
        }
    }
}

/// What the command l prints.
pub(super) fn visible(space: &[u8], width: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut column = 0;
    for &byte in space {
        let mut piece = Vec::new();
        match byte {
            b'\\' => piece.extend_from_slice(b"\\\\"),
            7 => piece.extend_from_slice(b"\\a"),
            8 => piece.extend_from_slice(b"\\b"),
            12 => piece.extend_from_slice(b"\\f"),
            b'\n' => piece.extend_from_slice(b"\\n"),
            b'\r' => piece.extend_from_slice(b"\\r"),
            b'\t' => piece.extend_from_slice(b"\\t"),
            11 => piece.extend_from_slice(b"\\v"),
            32..=126 => piece.push(byte),
            byte => piece.extend_from_slice(format!("\\{byte:03o}").as_bytes()),
        }
        if width > 1 && column + piece.len() > width - 1 {
            out.extend_from_slice(b"\\\n");
            column = 0;
        }
        column += piece.len();
        out.extend_from_slice(&piece);
    }
    out.extend_from_slice(b"$\n");
    out
}
