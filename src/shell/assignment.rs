//! Assignments (POSIX.1-2024 XCU 2.9.1.2) and tilde-prefixes (2.6.1) in words
//! that have been read.

use super::ast::{Class, Name, Op, Param, Part, Text, Which, Word, is_name};
use super::few::push;
use super::word::Parts;

/// Makes the tilde-prefix of a word, if it has one, a part of its own.
pub(super) fn tilde_prefix(parts: &mut Vec<Part>) {
    let several = parts.len() > 1;
    let Some(text) = parts.first().and_then(Part::unquoted) else { return };
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
                parts.push(Part::Tilde(Box::new(Text::new(Class::Literal, user))));
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

/// Where the equals sign is when a word begins like an assignment, `NAME=` or
/// `NAME+=`.
pub(super) fn assignment_prefix(word: &Word) -> Option<usize> {
    let text = word.parts.first()?.unquoted()?;
    let equals = text.iter().position(|b| *b == b'=')?;
    is_name(assigned(text.get(..equals)?).0).then_some(equals)
}

/// The name before an equals sign, and whether `+` says that the value is
/// appended, which POSIX lacks.
fn assigned(text: &[u8]) -> (&[u8], bool) {
    match text.strip_suffix(b"+") {
        Some(name) => (name, true),
        None => (text, false),
    }
}

/// Splits an assignment (2.9.1.2) into name and value; tilde-prefixes count
/// behind the equals sign and each colon.
pub(super) fn split_assignment(word: Word, equals: usize) -> (Name, Word) {
    let mut tail = word.parts.into_vec().into_iter().peekable();
    let first = tail.next();
    let first = first.as_ref().and_then(Part::unquoted).unwrap_or_default();
    let (name, appends) = assigned(first.get(..equals).unwrap_or_default());
    let name = Name::new(name);
    let mut rest = first.get(equals + 1..).unwrap_or_default();
    let mut value = Vec::new();
    if appends {
        // `${NAME-}` before it.
        let op = Op::Default(false, Word::default());
        value.push(Part::Param(Box::new(Param { which: Which::Name(name.clone()), op })));
    }
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
                    append(&mut value, split);
                }
                None => append(&mut value, Parts::of_text(rest)),
            }
        }
        first_part = false;
        rest = &[];
        match tail.next() {
            None => break,
            Some(part) if part.unquoted().is_some_and(|text| text.contains(&b'~')) => {
                let text = part.unquoted().unwrap_or_default();
                let whole = [b"x".as_slice(), text].concat();
                match split_tildes(&whole, tail.peek().is_some(), true) {
                    Some(mut split) => {
                        drop_first_byte(&mut split);
                        append(&mut value, split);
                    }
                    None => append(&mut value, Parts::of_text(text)),
                }
            }
            Some(part) => push(&mut value, part),
        }
    }
    (name, Word { parts: value.into() })
}

/// Appends parts. The first are the list, so that a long one is there once.
fn append(list: &mut Vec<Part>, parts: Vec<Part>) {
    if list.is_empty() {
        *list = parts;
    } else {
        for part in parts {
            push(list, part);
        }
    }
}

fn drop_first_byte(parts: &mut [Part]) {
    if let Some(Part::Text(text)) = parts.first_mut() {
        *text = Text::new(text.class(), text.get(1..).unwrap_or_default());
    }
}
