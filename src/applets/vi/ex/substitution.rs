//! The commands s and g.

use crate::regex::{Flags, Groups, Regex};

use super::super::buffer::Place;
use super::super::{Vi, motion};
use super::part;

impl Vi {
    /// `:s`: how many lines it changed.
    pub(super) fn substitute(
        &mut self,
        from: usize,
        end: usize,
        text: &[u8],
    ) -> Result<usize, String> {
        let mut rest = text;
        let mut what = self.substitution.clone().unwrap_or_default();
        match text.split_first() {
            Some((&delimiter, behind))
                if !delimiter.is_ascii_alphanumeric() && !b" &|\"".contains(&delimiter) =>
            {
                rest = behind;
                what.pattern = part(&mut rest, delimiter);
                what.text = part(&mut rest, delimiter);
                if what.pattern.is_empty() {
                    what.pattern = self.substitution.clone().unwrap_or_default().pattern;
                }
                // `~` as in ed is rare; `%` alone is the last text
            }
            _ if self.substitution.is_none() => return Err("no previous substitution".into()),
            _ => {}
        }
        let icase = rest.contains(&b'i') || self.settings.icase && !rest.contains(&b'I');
        let (all, mut ask) = (rest.contains(&b'g'), rest.contains(&b'c'));
        if what.pattern.is_empty() {
            if self.pattern.is_none() {
                return Err("no previous pattern".into());
            }
        } else {
            let flags = Flags { icase, ..Flags::BASIC };
            self.pattern = Some(Regex::new(&what.pattern, flags)?);
        }
        self.substitution = Some(what.clone());
        let pattern = self.pattern.take().ok_or("no previous pattern")?;
        let (mut changed, mut number, mut end) = (0, from, end);
        while number < end {
            let line = self.buffer.line(number).to_vec();
            let mut new = Vec::new();
            let (mut at, mut done, mut hits) = (0, 0, 0);
            let mut groups: Groups = [None; 10];
            while at <= line.len() && (all || hits == 0) && pattern.captures(&line, at, &mut groups)
            {
                let Some((start, stop)) = groups.first().copied().flatten() else { break };
                // An empty match right behind a match is none.
                let counts = !(start == stop && hits > 0 && start == done);
                if counts {
                    if ask {
                        match self.confirm((number, start)) {
                            b'y' => {}
                            b'a' => ask = false,
                            b'n' => {
                                at = if stop > start {
                                    stop
                                } else {
                                    motion::next(&line, start).max(start + 1)
                                };
                                continue;
                            }
                            _ => {
                                end = number;
                                break;
                            }
                        }
                    }
                    new.extend_from_slice(line.get(done..start).unwrap_or_default());
                    expand(&mut new, &what.text, &line, &groups);
                    done = stop;
                    hits += 1;
                }
                at = if stop > start { stop } else { motion::next(&line, start).max(start + 1) };
            }
            let mut count = 1;
            if hits > 0 {
                new.extend_from_slice(line.get(done..).unwrap_or_default());
                let lines: Vec<Vec<u8>> = new.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
                count = lines.len();
                self.buffer.replace(number, 1, lines, self.cursor);
                changed += 1;
                self.cursor = (number + count - 1, 0);
            }
            end += count - 1;
            number += count;
        }
        self.pattern = Some(pattern);
        self.repeatable = true;
        if changed > 1 {
            self.message = format!("{changed} lines changed").into_bytes();
        }
        Ok(changed.max(usize::from(ask)))
    }

    /// Asks whether to change what is here.
    fn confirm(&mut self, place: Place) -> u8 {
        self.go(place);
        loop {
            self.say("change this? (y)es (n)o (a)ll (q)uit");
            self.draw();
            let key = self.key();
            self.message.clear();
            match u8::try_from(key).unwrap_or(0) {
                letter @ (b'y' | b'n' | b'a') => return letter,
                b'q' | 27 | 3 => return b'q',
                _ => {}
            }
        }
    }

    /// `:g/RE/command`: lines that match are remembered by what follows them,
    /// so that it does not matter what the commands do to those before.
    pub(super) fn global(
        &mut self,
        from: usize,
        end: usize,
        not: bool,
        text: &[u8],
    ) -> Result<(), String> {
        let Some((&delimiter, mut rest)) = text.split_first() else {
            return Err("which lines?".into());
        };
        let pattern = part(&mut rest, delimiter);
        if !self.compile(&pattern) {
            return Err(String::from_utf8_lossy(&self.message).into_owned());
        }
        let command = if rest.is_empty() { b"p".to_vec() } else { rest.to_vec() };
        if matches!(command.first(), Some(b'g' | b'v')) {
            return Err("a :g within a :g".into());
        }
        let Some(pattern) = &self.pattern else { return Ok(()) };
        let mut hits = Vec::new();
        for number in from..end {
            if pattern.is_match(self.buffer.line(number)) != not {
                hits.push(number);
            }
        }
        if hits.is_empty() {
            return Err("pattern not found".into());
        }
        if command == b"d" {
            // One pass: line by line would take the square of the time.
            let mut kept = Vec::new();
            let mut hit = hits.iter().peekable();
            for number in from..end {
                if hit.next_if(|hit| **hit == number).is_none() {
                    kept.push(self.buffer.line(number).to_vec());
                }
            }
            self.buffer.replace(from, end - from, kept, self.cursor);
            return Ok(());
        }
        let mut moved: isize = 0;
        for number in hits {
            let before = self.buffer.lines.len();
            let Some(line) = number.checked_add_signed(moved) else { continue };
            self.cursor = (line.min(self.buffer.last()), 0);
            // A line without a match for :s is no reason to stop.
            let _ = self.ex_line(&command);
            moved += self.buffer.lines.len() as isize - before as isize;
        }
        Ok(())
    }
}

/// The text that takes the place of a match: `&` and `\0` are the match, `\1` to
/// `\9` its groups, `\n` and `\r` new lines.
pub(super) fn expand(out: &mut Vec<u8>, template: &[u8], line: &[u8], groups: &Groups) {
    let mut bytes = template.iter();
    // What letters become: for one, or until \E.
    let (mut case, mut once) = (0, false);
    while let Some(&byte) = bytes.next() {
        let mut piece: &[u8] = &[byte];
        let group = |n: usize| {
            let span = groups.get(n).copied().flatten();
            span.and_then(|(from, to)| line.get(from..to)).unwrap_or_default()
        };
        if byte == b'&' {
            piece = group(0);
        } else if byte == b'\\' {
            piece = match bytes.as_slice().first() {
                Some(digit @ b'0'..=b'9') => group(usize::from(digit - b'0')),
                Some(b'n' | b'r') => b"\n",
                Some(b't') => b"\t",
                Some(letter @ (b'u' | b'U' | b'l' | b'L' | b'e' | b'E')) => {
                    (case, once) = (*letter & 0xdf, letter.is_ascii_lowercase());
                    b""
                }
                _ => bytes.as_slice().get(..1).unwrap_or_default(),
            };
            bytes.next();
        } else if byte == b'\r' {
            piece = b"\n";
        }
        for byte in piece {
            out.push(match case {
                b'U' => byte.to_ascii_uppercase(),
                b'L' => byte.to_ascii_lowercase(),
                _ => *byte,
            });
            if once {
                (case, once) = (0, false);
            }
        }
    }
}
