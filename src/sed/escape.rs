//! Backslashes and brackets in scripts.

use super::Part;

/// How long the rest of a bracket expression is, its `[` left out; 0 when it
/// has no end.
pub(super) fn bracket(text: &[u8]) -> usize {
    let mut at = usize::from(text.first() == Some(&b'^'));
    at += usize::from(text.get(at) == Some(&b']'));
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b']' => return at,
            b'\n' => return 0,
            b'[' => {
                if let Some(&kind @ (b':' | b'.' | b'=')) = text.get(at) {
                    let rest = text.get(at + 1..).unwrap_or_default();
                    let Some(end) = rest.windows(2).position(|w| w == [kind, b']']) else {
                        continue;
                    };
                    at += end + 3;
                }
            }
            _ => {}
        }
    }
    0
}

/// The text of a `y` command.
pub(super) fn plain(text: &[u8]) -> Vec<u8> {
    let decoded = decode(text, false);
    let mut plain = Vec::new();
    let mut bytes = decoded.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'\\' => match bytes.peek() {
                Some(b'\\' | b'\n') => bytes.next().unwrap_or(b'\\'),
                _ => byte,
            },
            byte => byte,
        });
    }
    plain
}

/// Takes a replacement apart.
pub(super) fn parts(text: &[u8]) -> Vec<Part> {
    let text = decode(text, false);
    let mut parts = Vec::new();
    let mut run = Vec::new();
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        let part = match byte {
            b'&' => Part::Group(0),
            b'\\' => match bytes.next() {
                Some(digit @ b'0'..=b'9') => Part::Group(usize::from(digit - b'0')),
                Some(case @ (b'U' | b'L' | b'u' | b'l' | b'E')) => Part::Case(case),
                other => {
                    run.extend(other);
                    continue;
                }
            },
            byte => {
                run.push(byte);
                continue;
            }
        };
        if !run.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut run)));
        }
        parts.push(part);
    }
    if !run.is_empty() {
        parts.push(Part::Text(run));
    }
    parts
}

/// Makes GNU's escapes the bytes that they stand for, with a backslash where
/// that byte would mean something. Others stay.
pub(super) fn decode(text: &[u8], regex: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    let mut depth = 0usize; // where the bracket expression ends that we are in
    while let Some(&byte) = text.get(at) {
        at += 1;
        if regex && byte == b'[' && at > depth {
            depth = at + bracket(text.get(at..).unwrap_or_default());
        }
        let bracketed = at < depth;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let Some(&letter) = text.get(at) else {
            out.push(byte);
            break;
        };
        let rest = text.get(at + 1..).unwrap_or_default();
        let (value, length) = match letter {
            b'a' => (Some(7), 1),
            b'f' => (Some(12), 1),
            b'n' => (Some(b'\n'), 1),
            b'r' => (Some(b'\r'), 1),
            b't' => (Some(b'\t'), 1),
            b'v' => (Some(11), 1),
            b'c' => (rest.first().map(|b| b.to_ascii_uppercase() ^ 64), 2),
            b'd' => digits(rest, 10, 3),
            b'o' => digits(rest, 8, 3),
            b'x' => digits(rest, 16, 2),
            _ => (None, 0),
        };
        match value {
            Some(value) => {
                at += length;
                let special: &[u8] = if regex { b"^$.*[]\\/+?(){}|" } else { b"&\\" };
                // `\n` of an expression stays for the expression's parser.
                if letter != b'n' && special.contains(&value) && !bracketed {
                    out.push(b'\\');
                } else if letter == b'n' && !regex {
                    // a newline that is meant, not one that ends the text
                    out.push(b'\\');
                }
                out.push(value);
            }
            None if bracketed => out.push(byte),
            None => {
                out.extend_from_slice(&[byte, letter]);
                at += 1;
            }
        }
    }
    out
}

/// A number of at most so many digits, and how long it is with its letter.
fn digits(text: &[u8], base: u32, most: usize) -> (Option<u8>, usize) {
    let mut value = 0u32;
    let mut length = 0;
    while length < most
        && let Some(digit) = text.get(length).and_then(|b| char::from(*b).to_digit(base))
    {
        value = value * base + digit;
        length += 1;
    }
    if length == 0 { (None, 0) } else { (u8::try_from(value & 255).ok(), length + 1) }
}
