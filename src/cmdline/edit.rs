//! Another command line out of one and a few words: `boot set`.

use super::words::{NAME_MAX, Words, plain_name, words};

/// What a word is about: words about the same thing replace each other.
fn subject<'b>(name: &[u8], buffer: &'b mut [u8; NAME_MAX]) -> Option<&'b [u8]> {
    Some(match plain_name(name, buffer)? {
        b"rootfs" => b"root",
        b"rw" => b"ro",
        b"debug" => b"rd.debug",
        b"systemd.volatile" => b"rd.overlay",
        name => name,
    })
}

/// A word with the quotes that it needs; `None` when no quotes help.
pub fn quoted(word: &[u8]) -> Option<Vec<u8>> {
    if word.contains(&b'"') || word.contains(&b'\n') || word.contains(&0) {
        return None;
    }
    if word.iter().any(u8::is_ascii_whitespace) {
        return Some([b"\"", word, b"\""].concat());
    }
    Some(word.to_vec())
}

/// `line` with the words of `new` in place of those about the same things; a
/// word `NAME=` without a value only takes away. What is behind `--` stays
/// there.
pub fn reworded(line: &[u8], new: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len() + new.len() + 1);
    let mut old = words(line);
    for word in old.by_ref() {
        if word.text == b"--" {
            break;
        }
        let mut buffer = [0; NAME_MAX];
        let about = subject(word.name, &mut buffer);
        let replaced = words(new).any(|other| {
            let mut buffer = [0; NAME_MAX];
            about.is_some() && subject(other.name, &mut buffer) == about
        });
        if !replaced {
            push(&mut out, word.text);
        }
    }
    for word in words(new).filter(|word| word.value.is_none_or(|value| !value.is_empty())) {
        push(&mut out, word.text);
    }
    if let Some(behind) = behind_dashes(line) {
        out.extend_from_slice(b" --");
        for word in behind {
            push(&mut out, word.text);
        }
    }
    out
}

fn behind_dashes(line: &[u8]) -> Option<Words<'_>> {
    let mut rest = words(line);
    rest.by_ref().find(|word| word.text == b"--").map(|_| rest)
}

fn push(out: &mut Vec<u8>, text: &[u8]) {
    if !out.is_empty() {
        out.push(b' ');
    }
    match quoted(text) {
        Some(text) => out.extend_from_slice(&text),
        None => out.extend_from_slice(text),
    }
}
