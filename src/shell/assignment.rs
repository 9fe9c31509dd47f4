//! Assignments (POSIX.1-2024 XCU 2.9.1.2) and tilde-prefixes (2.6.1) in words
//! that have been read.

use super::ast::{Name, Part, Word, is_name};
use super::word::Parts;

/// Makes the tilde-prefix of a word, if it has one, a part of its own.
pub(super) fn tilde_prefix(parts: &mut Vec<Part>) {
    let several = parts.len() > 1;
    let Some(Part::Literal(text) | Part::Glob(text)) = parts.first() else { return };
    if text.first() == Some(&b'~')
        && let Some(split) = split_tildes(text, several, false)
    {
        parts.splice(..1, split);
    }
}

/// Splits text at its tilde-prefixes: at the start, and in the value of an
/// assignment also behind each colon. `followed`: more of the word comes
/// behind. None when there is none.
fn split_tildes(text: &[u8], followed: bool, assignment: bool) -> Option<Vec<Part>> {
    let mut parts = Parts::default();
    let mut found = false;
    let mut at = 0;
    let mut begins = true;
    while let Some(byte) = text.get(at) {
        if begins && *byte == b'~' {
            let rest = text.get(at + 1..).unwrap_or_default();
            let stops = |b: &u8| *b == b'/' || (assignment && *b == b':');
            let length = rest.iter().position(stops).unwrap_or(rest.len());
            if length < rest.len() || !followed {
                let user = rest.get(..length).unwrap_or_default();
                parts.push(Part::Tilde(user.into()));
                at += 1 + length;
                found = true;
                begins = false;
                continue;
            }
        }
        parts.text(*byte, false);
        begins = assignment && *byte == b':';
        at += 1;
    }
    parts.flush();
    found.then_some(parts.list)
}

/// The length of the name when a word begins like an assignment, `NAME=`.
pub(super) fn assignment_prefix(word: &Word) -> Option<usize> {
    let (Part::Literal(text) | Part::Glob(text)) = word.parts.first()? else { return None };
    let equals = text.iter().position(|b| *b == b'=')?;
    is_name(text.get(..equals)?).then_some(equals)
}

/// Splits an assignment (2.9.1.2) into name and value; tilde-prefixes count
/// behind the equals sign and each colon.
pub(super) fn split_assignment(word: Word, equals: usize) -> (Name, Word) {
    let mut parts = word.parts.into_iter();
    let first = match parts.next() {
        Some(Part::Literal(text) | Part::Glob(text)) => text,
        _ => Box::default(),
    };
    let name = Name::new(first.get(..equals).unwrap_or_default());
    let mut rest = first.get(equals + 1..).unwrap_or_default();
    let tail: Vec<Part> = parts.collect();
    let mut value = Vec::with_capacity(tail.len() + 1);
    let mut tail = tail.into_iter().peekable();
    // Text at the start of the value, then text behind other parts, where only
    // a colon can begin a tilde-prefix.
    let mut first_part = true;
    loop {
        let followed = tail.peek().is_some();
        if !rest.is_empty() {
            let prefix: &[u8] = if first_part { b"" } else { b"x" };
            let whole = [prefix, rest].concat();
            match split_tildes(&whole, followed, true) {
                Some(mut split) => {
                    if !first_part {
                        drop_first_byte(&mut split);
                    }
                    value.append(&mut split);
                }
                None => {
                    value.append(&mut Parts::of_text(rest));
                }
            }
        }
        first_part = false;
        rest = &[];
        match tail.next() {
            None => break,
            Some(Part::Literal(text) | Part::Glob(text)) if text.contains(&b'~') => {
                let whole = [b"x".as_slice(), &text].concat();
                match split_tildes(&whole, tail.peek().is_some(), true) {
                    Some(mut split) => {
                        drop_first_byte(&mut split);
                        value.append(&mut split);
                    }
                    None => {
                        value.append(&mut Parts::of_text(&text));
                    }
                }
            }
            Some(part) => value.push(part),
        }
    }
    (name, Word { parts: value })
}

fn drop_first_byte(parts: &mut [Part]) {
    if let Some(Part::Literal(text) | Part::Glob(text)) = parts.first_mut() {
        *text = text.get(1..).unwrap_or_default().into();
    }
}
