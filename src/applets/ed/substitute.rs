//! Patterns of ed, and its command s.

use std::rc::Rc;

use super::address::Range;
use super::print::Style;
use super::{Editor, Fault};
use crate::applet::{Ctx, Error};
use crate::regex::{Flags, Groups, Regex};

/// A regular expression as it was typed last.
pub struct Pattern {
    /// What finds it.
    pub regex: Rc<Regex>,
}

/// A substitution that can be done again.
#[derive(Clone)]
pub struct Substitution {
    regex: Rc<Regex>,
    replacement: Vec<u8>,
    /// All of a line from the `first` on, or only that one.
    global: bool,
    first: usize,
    style: Style,
}

/// Takes a pattern with its delimiters off the text; the last one may be
/// missing at the end. Newlines cannot be in it.
pub fn pattern_text(text: &mut &[u8]) -> Vec<u8> {
    let Some((&delimiter, rest)) = text.split_first() else { return Vec::new() };
    let mut out = Vec::new();
    let mut rest = rest;
    let mut bracket = false;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            _ if byte == delimiter && !bracket => {
                *text = rest;
                return out;
            }
            b'\\' if !bracket => {
                if let Some((&next, behind)) = rest.split_first() {
                    rest = behind;
                    if next != delimiter {
                        out.push(b'\\');
                    }
                    out.push(next);
                } else {
                    out.push(b'\\');
                }
                continue;
            }
            b'[' if !bracket => {
                bracket = closes(rest);
                out.push(byte);
                if bracket {
                    // ^ and ] stand for themselves at the start
                    for sign in [b'^', b']'] {
                        if rest.first() == Some(&sign) {
                            out.push(sign);
                            rest = rest.get(1..).unwrap_or_default();
                        }
                    }
                }
                continue;
            }
            b'[' => {
                out.push(byte);
                // [:class:], [=x=], [.x.]
                if let [kind @ (b':' | b'=' | b'.'), inner @ ..] = rest
                    && let Some(end) = inner.windows(2).position(|pair| pair == [*kind, b']'])
                {
                    let (class, behind) = rest.split_at(end + 3);
                    out.extend_from_slice(class);
                    rest = behind;
                }
                continue;
            }
            b']' => bracket = false,
            _ => {}
        }
        out.push(byte);
    }
    *text = rest;
    out
}

/// Whether a bracket that opens before `rest` is closed.
fn closes(rest: &[u8]) -> bool {
    let rest = rest.strip_prefix(b"^").unwrap_or(rest);
    rest.iter().skip(1).any(|&b| b == b']')
}

impl Editor {
    /// Makes a pattern the last one; an empty one is the last one already.
    pub fn choose(&mut self, pattern: &[u8], icase: bool) -> Result<(), Fault> {
        if pattern.is_empty() {
            return if self.pattern.is_some() { Ok(()) } else { Err("No previous pattern") };
        }
        let flags = if self.extended { Flags::EXTENDED } else { Flags::BASIC };
        let regex = Regex::new(pattern, Flags { icase, ..flags })?;
        self.pattern = Some(Pattern { regex: Rc::new(regex) });
        Ok(())
    }

    /// The command s, whose text behind the letter is `text`.
    pub fn substitute(
        &mut self,
        cx: &mut Ctx,
        range: Range,
        text: &[u8],
    ) -> Result<Result<(), Fault>, Error> {
        let mut owned = text.to_vec();
        let what = match owned.first() {
            None | Some(b'g' | b'p' | b'r' | b'l' | b'n' | b'0'..=b'9' | b'I' | b'i') => {
                self.repeated(&owned)
            }
            Some(b' ' | b'\n') => Err("Invalid pattern delimiter"),
            Some(_) => {
                let read = self.read_substitution(cx, &mut owned)?;
                read.and_then(|(pattern, replacement, flags, closed)| {
                    self.new_substitution(&pattern, replacement, &flags, closed)
                })
            }
        };
        let what = match what {
            Ok(what) => what,
            Err(fault) => return Ok(Err(fault)),
        };
        self.substitution = Some(what.clone());
        self.change(cx, range, &what)
    }

    /// `s` alone, with flags that turn those of the last one over.
    fn repeated(&mut self, flags: &[u8]) -> Result<Substitution, Fault> {
        let Some(mut what) = self.substitution.clone() else {
            return Err("No previous substitution");
        };
        let mut rest = flags;
        let mut printed = false;
        while let Some((&flag, behind)) = rest.split_first() {
            rest = behind;
            match flag {
                b'g' => what.global = !what.global,
                b'p' if !printed => {
                    what.style.print = !what.style.any();
                    printed = true;
                }
                b'r' => {
                    let Some(pattern) = &self.pattern else { return Err("No previous pattern") };
                    what.regex = pattern.regex.clone();
                }
                b'0'..=b'9' => {
                    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
                    let (more, behind) = rest.split_at(digits);
                    rest = behind;
                    let word = [&[flag], more].concat();
                    let number = std::str::from_utf8(&word).ok().and_then(|w| w.parse().ok());
                    what.first = number.filter(|&n| n > 0).ok_or("Invalid command suffix")?;
                    what.global = false;
                }
                b'l' => what.style.list = true,
                b'n' => what.style.number = true,
                _ => return Err("Invalid command suffix"),
            }
        }
        Ok(what)
    }

    /// Pattern, replacement, flags, and whether the last delimiter is there.
    /// The replacement may go on in further lines.
    #[allow(clippy::type_complexity)] // the four parts of the command
    fn read_substitution(
        &mut self,
        cx: &mut Ctx,
        text: &mut Vec<u8>,
    ) -> Result<Result<(Vec<u8>, Vec<u8>, Vec<u8>, bool), Fault>, Error> {
        let delimiter = text.first().copied().unwrap_or(b'/');
        let mut rest = text.as_slice();
        let length = rest.len();
        let pattern = pattern_text(&mut rest);
        let mut at = length - rest.len();
        if text.get(at.wrapping_sub(1)) != Some(&delimiter) || at < 2 {
            return Ok(Err("Missing pattern delimiter"));
        }
        let mut replacement = Vec::new();
        let mut closed = false;
        loop {
            match text.get(at).copied() {
                // of commands of g the newline is text: its backslash made it
                // part of the list
                None if self.script.is_some() => {
                    let Some(line) = self.next_line(cx)? else { break };
                    replacement.push(b'\n');
                    text.extend_from_slice(&line);
                }
                None => break,
                Some(b'\\') => {
                    at += 1;
                    match text.get(at).copied() {
                        Some(byte) => {
                            replacement.extend_from_slice(&[b'\\', byte]);
                            at += 1;
                        }
                        None => {
                            // the newline behind the backslash is text
                            let Some(line) = self.next_line(cx)? else { break };
                            replacement.extend_from_slice(b"\\\n");
                            text.truncate(at);
                            text.extend_from_slice(&line);
                        }
                    }
                }
                Some(byte) if byte == delimiter => {
                    closed = true;
                    at += 1;
                    break;
                }
                Some(byte) => {
                    replacement.push(byte);
                    at += 1;
                }
            }
        }
        let flags = text.get(at..).unwrap_or_default().to_vec();
        Ok(Ok((pattern, replacement, flags, closed)))
    }

    fn new_substitution(
        &mut self,
        pattern: &[u8],
        replacement: Vec<u8>,
        flags: &[u8],
        closed: bool,
    ) -> Result<Substitution, Fault> {
        let mut style = Style { print: !closed, ..Style::default() };
        let (mut global, mut first, mut icase) = (false, 0, false);
        let mut rest = flags;
        let invalid = "Invalid command suffix";
        while let Some((&flag, behind)) = rest.split_first() {
            rest = behind;
            match flag {
                b'g' if !global && first == 0 => global = true,
                b'I' | b'i' if !icase => icase = true,
                b'1'..=b'9' if !global && first == 0 => {
                    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
                    let (more, behind) = rest.split_at(digits);
                    rest = behind;
                    let word = [&[flag], more].concat();
                    first =
                        std::str::from_utf8(&word).ok().and_then(|w| w.parse().ok()).unwrap_or(1);
                }
                b'p' if !style.print => style.print = true,
                b'l' if !style.list => style.list = true,
                b'n' if !style.number => style.number = true,
                _ => return Err(invalid),
            }
        }
        // `%` alone is the last replacement
        let replacement = match (replacement.as_slice(), &self.substitution) {
            (b"%", Some(last)) => last.replacement.clone(),
            (b"%", None) => return Err("No previous substitution"),
            _ => replacement,
        };
        self.choose(pattern, icase)?;
        let Some(pattern) = &self.pattern else { return Err("No previous pattern") };
        let regex = pattern.regex.clone();
        Ok(Substitution { regex, replacement, global, first: first.max(1), style })
    }

    fn change(
        &mut self,
        cx: &mut Ctx,
        range: Range,
        what: &Substitution,
    ) -> Result<Result<(), Fault>, Error> {
        let (mut line, mut left) = (range.first, range.last + 1 - range.first);
        let mut changed = None;
        while left > 0 {
            left -= 1;
            let text = self.buffer.text(line);
            let Some(new) = what.apply(text) else {
                line += 1;
                continue;
            };
            let texts: Vec<Rc<[u8]>> = new.split(|&b| b == b'\n').map(Rc::from).collect();
            self.buffer.replace(line, &texts);
            line += texts.len();
            changed = Some(line - 1);
        }
        let Some(last) = changed else {
            return Ok(if self.script.is_some() { Ok(()) } else { Err("No match") });
        };
        self.buffer.go(last);
        if what.style.any() {
            self.print(cx, last, last, what.style)?;
        }
        Ok(Ok(()))
    }
}

impl Substitution {
    /// The new text of a line; nothing when it stays.
    fn apply(&self, text: &[u8]) -> Option<Vec<u8>> {
        let mut groups: Groups = [None; 10];
        let mut out = Vec::new();
        let (mut copied, mut from, mut number) = (0, 0, 0);
        let mut changed = false;
        while from <= text.len() && self.regex.captures(text, from, &mut groups) {
            let Some((start, end)) = groups.first().copied().flatten() else { break };
            // an empty match right behind the last one is none
            let is_new = end > start || !(changed || number > 0) || start > copied;
            if is_new {
                number += 1;
            }
            if is_new && number >= self.first {
                out.extend_from_slice(text.get(copied..start).unwrap_or_default());
                self.expand(text, &groups, &mut out);
                copied = end;
                changed = true;
                if !self.global {
                    break;
                }
            }
            from = if end > start { end } else { end + 1 };
        }
        if !changed {
            return None;
        }
        out.extend_from_slice(text.get(copied..).unwrap_or_default());
        Some(out)
    }

    fn expand(&self, text: &[u8], groups: &Groups, out: &mut Vec<u8>) {
        let group = |number: usize, out: &mut Vec<u8>| {
            if let Some((from, to)) = groups.get(number).copied().flatten() {
                out.extend_from_slice(text.get(from..to).unwrap_or_default());
            }
        };
        let mut rest = self.replacement.as_slice();
        while let Some((&byte, behind)) = rest.split_first() {
            rest = behind;
            match byte {
                b'&' => group(0, out),
                b'\\' => {
                    let Some((&next, behind)) = rest.split_first() else { break };
                    rest = behind;
                    match next {
                        b'0'..=b'9' => group(usize::from(next - b'0'), out),
                        _ => out.push(next),
                    }
                }
                _ => out.push(byte),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_end_at_their_delimiter() {
        let taken = |text: &str| {
            let mut rest = text.as_bytes();
            let pattern = pattern_text(&mut rest);
            format!("{} {}", String::from_utf8_lossy(&pattern), String::from_utf8_lossy(rest))
        };
        assert_eq!(taken("/a\\/b/p"), "a/b p");
        assert_eq!(taken("/[/]x/p"), "[/]x p");
        assert_eq!(taken("/[]/]/p"), "[]/] p");
        assert_eq!(taken("/[^]/[:alpha:]]/p"), "[^]/[:alpha:]] p");
        assert_eq!(taken("/a\\.b"), "a\\.b ");
        assert_eq!(taken("?[?p"), "[ p");
    }

    #[test]
    fn texts_are_replaced() {
        let apply = |pattern: &str, replacement: &str, first: usize, text: &str| {
            let what = Substitution {
                regex: Rc::new(Regex::new(pattern.as_bytes(), Flags::BASIC).unwrap()),
                replacement: replacement.as_bytes().to_vec(),
                global: first == 0,
                first: first.max(1),
                style: Style::default(),
            };
            what.apply(text.as_bytes()).map(|out| String::from_utf8(out).unwrap())
        };
        assert_eq!(apply("x*", "-", 0, "axb").as_deref(), Some("-a-b-"));
        assert_eq!(apply("a", "<&>", 2, "aaa").as_deref(), Some("a<a>a"));
        assert_eq!(apply("\\(a\\)\\(b\\)", "\\2\\1\\&", 1, "xab").as_deref(), Some("xba&"));
        assert_eq!(apply("q", "", 1, "xab"), None);
        assert_eq!(apply("^a", "", 0, "aaa").as_deref(), Some("aa"));
    }
}
