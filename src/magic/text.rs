//! Texts: encoding, ends of lines, scripts.

use super::Kind;
use crate::applet::show_bytes;

/// What is told of a text, or "data".
pub fn look(head: &[u8]) -> Kind {
    let Some((charset, name)) = encoding(head) else { return Kind::new("data", super::OCTETS) };
    let mut kind = language(head, name);
    kind.charset = charset;
    if kind.words.is_empty() {
        kind.words = format!("{name} text");
        kind.mime = "text/plain";
    }
    if kind.words.contains("Perl script") || kind.words.starts_with("JSON") {
        return kind;
    }
    ends_of_lines(head, &mut kind.words);
    kind
}

/// How the bytes are encoded when they are text; empty when they are none.
pub fn charset(head: &[u8]) -> &'static str {
    encoding(head).map_or("", |(charset, _)| charset)
}

/// As file has it: bytes that occur in texts, and what else they may be.
fn encoding(head: &[u8]) -> Option<(&'static str, &'static str)> {
    if head.starts_with(b"\xef\xbb\xbf") && is_utf8(head) {
        return Some(("utf-8", "Unicode text, UTF-8 (with BOM)"));
    }
    if head.starts_with(b"\xff\xfe") && head.len().is_multiple_of(2) && head.len() > 2 {
        return Some(("utf-16le", "Unicode text, UTF-16, little-endian"));
    }
    if head.starts_with(b"\xfe\xff") && head.len().is_multiple_of(2) && head.len() > 2 {
        return Some(("utf-16be", "Unicode text, UTF-16, big-endian"));
    }
    // bell to carriage return, escape, and what can be seen
    let plain = |b: &u8| matches!(b, 7..=10 | 12 | 13 | 27 | 0x20..=0x7e | 0x80..);
    if !head.iter().all(plain) {
        return None;
    }
    if head.is_ascii() {
        return Some(("us-ascii", "ASCII"));
    }
    if is_utf8(head) {
        return Some(("utf-8", "Unicode text, UTF-8"));
    }
    if head.iter().all(|b| !matches!(b, 0x80..=0x9f) || *b == 0x85) {
        return Some(("iso-8859-1", "ISO-8859"));
    }
    Some(("unknown-8bit", "Non-ISO extended-ASCII"))
}

/// A character that the end of what was read cuts off is no fault.
fn is_utf8(head: &[u8]) -> bool {
    match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    }
}

/// Programs of scripts by the end of their name.
const INTERPRETERS: [(&str, &str, &str); 14] = [
    ("bash", "Bourne-Again shell script", "text/x-shellscript"),
    ("dash", "a /bin/dash script", "text/x-shellscript"),
    ("ash", "Neil Brown's ash script", "text/x-shellscript"),
    ("zsh", "Paul Falstad's zsh script", "text/x-shellscript"),
    ("ksh", "Korn shell script", "text/x-shellscript"),
    ("tcsh", "Tenex C shell script", "text/x-shellscript"),
    ("csh", "C shell script", "text/x-shellscript"),
    ("sh", "POSIX shell script", "text/x-shellscript"),
    ("python", "Python script", "text/x-script.python"),
    ("python2", "Python script", "text/x-script.python"),
    ("python3", "Python script", "text/x-script.python"),
    ("perl", "Perl script", "text/x-perl"),
    ("ruby", "Ruby script", "text/x-ruby"),
    ("node", "Node.js script", "application/javascript"),
];

/// What language a text is in; no words where none is known.
fn language(head: &[u8], name: &str) -> Kind {
    let starts = |text: &[u8]| head.get(..text.len()).is_some_and(|h| h.eq_ignore_ascii_case(text));
    if let Some(rest) = head.strip_prefix(b"#!") {
        return script(rest, name);
    }
    if let Some(rest) = head.strip_prefix(b"<?xml version=") {
        let version = rest.split(|b| matches!(b, b'"' | b'\'')).nth(1).unwrap_or_default();
        let version = version.get(..version.len().min(8)).unwrap_or_default();
        return Kind::new(format!("XML {} document, {name} text", show_bytes(version)), "text/xml");
    }
    if starts(b"<!doctype html") || starts(b"<html") || starts(b"<head") {
        return Kind::new(format!("HTML document, {name} text"), "text/html");
    }
    if starts(b"-----BEGIN CERTIFICATE-----") {
        return Kind::new("PEM certificate", "text/plain");
    }
    if starts(b"-----BEGIN OPENSSH PRIVATE KEY-----") {
        return Kind::new("OpenSSH private key", "text/plain");
    }
    if head.starts_with(b"-----BEGIN ") {
        let word = head.get(11..).unwrap_or_default();
        let word = word.split(|&b| b == b'-').next().unwrap_or_default();
        let word = show_bytes(word.get(..word.len().min(40)).unwrap_or_default()).to_string();
        if word.ends_with("PRIVATE KEY") {
            return Kind::new(
                format!("PEM {}", word.replace("PRIVATE KEY", "private key")),
                "text/plain",
            );
        }
    }
    if (head.starts_with(b"{") || head.starts_with(b"[")) && crate::json::parse(head).is_some() {
        return Kind::new("JSON text data", "application/json");
    }
    if head.starts_with(b"diff --git ")
        || head.starts_with(b"--- ") && lines(head).nth(1).is_some_and(|l| l.starts_with(b"+++ "))
    {
        return Kind::new(format!("unified diff output, {name} text"), "text/x-diff");
    }
    Kind::default()
}

fn lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    head.split(|&b| b == b'\n')
}

fn script(rest: &[u8], name: &str) -> Kind {
    let line = lines(rest).next().unwrap_or_default().trim_ascii();
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let mut program = words.next().unwrap_or_default();
    let base = |path: &[u8]| path.rsplit(|&b| b == b'/').next().unwrap_or_default().to_vec();
    if base(program) == b"env" {
        program = words.find(|word| !word.starts_with(b"-")).unwrap_or_default();
    }
    let own = base(program);
    let known = INTERPRETERS.iter().find(|(known, ..)| {
        own.strip_prefix(known.as_bytes()).is_some_and(|rest| {
            // python3.11
            rest.is_empty() || rest.first() == Some(&b'.')
        })
    });
    match known {
        Some((_, "Perl script", mime)) => Kind::new("Perl script text executable", mime),
        Some((_, words, mime)) => Kind::new(format!("{words}, {name} text executable"), mime),
        None => {
            let line = show_bytes(line.get(..line.len().min(80)).unwrap_or_default());
            Kind::new(format!("a {line} script, {name} text executable"), "text/plain")
        }
    }
}

/// Lines that are longer than this are told of.
const LONG: usize = 300;

fn ends_of_lines(head: &[u8], words: &mut String) {
    let (mut feed, mut both, mut carriage, mut longest, mut length) = (0u64, 0u64, 0u64, 0, 0);
    let (mut escape, mut over, mut before) = (false, false, 0u8);
    let wide = words.contains("UTF-16");
    for &byte in head {
        match byte {
            b'\n' if before == b'\r' => {
                carriage -= 1;
                both += 1;
            }
            b'\n' => feed += 1,
            b'\r' => carriage += 1,
            27 => escape = true,
            8 => over = true,
            _ => {}
        }
        if matches!(byte, b'\n' | b'\r') {
            longest = longest.max(length);
            length = 0;
        } else {
            length += 1;
        }
        before = byte;
    }
    longest = longest.max(length);
    if longest > LONG && !wide {
        words.push_str(&format!(", with very long lines ({longest})"));
    }
    if feed + both + carriage == 0 {
        words.push_str(", with no line terminators");
    } else if both + carriage > 0 {
        let mut kinds = Vec::new();
        for (count, name) in [(both, "CRLF"), (carriage, "CR"), (feed, "LF")] {
            if count > 0 {
                kinds.push(name);
            }
        }
        words.push_str(&format!(", with {} line terminators", kinds.join(", ")));
    }
    if escape {
        words.push_str(", with escape sequences");
    }
    if over {
        words.push_str(", with overstriking");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        for (bytes, words) in [
            (&b"hello\n"[..], "ASCII text"),
            ("h\u{e9}\n".as_bytes(), "Unicode text, UTF-8 text"),
            (b"h\xe9\n", "ISO-8859 text"),
            (b"a\r\nb\r\n", "ASCII text, with CRLF line terminators"),
            (b"a\nb\r\n", "ASCII text, with CRLF, LF line terminators"),
            (b"abc", "ASCII text, with no line terminators"),
            (b"\x1b[1mx\n", "ASCII text, with escape sequences"),
            (b"#!/bin/sh\n", "POSIX shell script, ASCII text executable"),
            (b"#!/usr/bin/env python3\n", "Python script, ASCII text executable"),
            (b"#! /opt/foo -x\n", "a /opt/foo -x script, ASCII text executable"),
            (b"{\"a\": 1}\n", "JSON text data"),
            (b"<?xml version=\"1.0\"?>\n", "XML 1.0 document, ASCII text"),
            (b"a\x00b", "data"),
        ] {
            assert_eq!(look(bytes).words, words);
        }
    }
}
