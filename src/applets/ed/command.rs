//! The commands of ed.

use std::rc::Rc;

use super::address::Range;
use super::print::Style;
use super::substitute::pattern_text;
use super::{Editor, Fault, MODIFIED};
use crate::applet::{Ctx, Error};

const INVALID: Fault = "Invalid address";
const SUFFIX: Fault = "Invalid command suffix";
const UNEXPECTED: Fault = "Unexpected address";

/// Whether the editor ends; or what was wrong.
type Done = Result<bool, Fault>;

/// The suffixes behind a command; nothing else may be there.
fn suffixes(text: &[u8]) -> Result<Style, Fault> {
    let mut style = Style::default();
    for byte in text.trim_ascii_end() {
        let flag = match byte {
            b'p' => &mut style.print,
            b'n' => &mut style.number,
            b'l' => &mut style.list,
            _ => return Err(SUFFIX),
        };
        if std::mem::replace(flag, true) {
            return Err(SUFFIX);
        }
    }
    Ok(style)
}

/// A failure of the system is the end; a fault of the command is not.
macro_rules! check {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(fault) => return Ok(Err(fault)),
        }
    };
}

impl Editor {
    /// One command. `warned`: the one before was refused because changes would
    /// be lost.
    pub fn execute(&mut self, cx: &mut Ctx, line: Vec<u8>, warned: bool) -> Result<Done, Error> {
        let mut text = line.as_slice();
        let range = check!(self.range(&mut text));
        let Some((&letter, rest)) = text.split_first() else {
            // a newline alone: the next line
            let to = if range.count > 0 { range.last } else { self.buffer.current() + 1 };
            if to == 0 || to > self.buffer.last() {
                return Ok(Err(INVALID));
            }
            let style = Style { print: true, ..Style::default() };
            self.print(cx, to, to, style)?;
            return Ok(Ok(false));
        };
        // the last line that a command works on, for its suffix
        let mut style = Style::default();
        match letter {
            b'a' | b'i' | b'c' => {
                style = check!(suffixes(rest));
                let mut after = range.last;
                if letter == b'c' {
                    check!(self.lines_of(range));
                    if range.last > 0 {
                        self.buffer.delete(range.first, range.last);
                    }
                    after = range.first.saturating_sub(1);
                    let last = self.buffer.last();
                    self.buffer.go(if after > 0 { after } else { last.min(1) });
                } else if letter == b'i' {
                    after = after.saturating_sub(1);
                }
                let texts = self.text_lines(cx)?;
                if texts.is_empty() {
                    let to = match letter {
                        b'c' => range.first.min(self.buffer.last()),
                        _ => range.last,
                    };
                    self.buffer.go(to);
                }
                self.buffer.insert(after, &texts);
            }
            b'd' => {
                check!(self.lines_of(range));
                style = check!(suffixes(rest));
                self.buffer.delete(range.first, range.last);
            }
            b'e' | b'E' => {
                if range.count > 0 {
                    return Ok(Err(UNEXPECTED));
                }
                if letter == b'e' && self.buffer.modified && !warned {
                    self.warned = true;
                    return Ok(Err(MODIFIED));
                }
                let name = check!(self.file_name(rest, true));
                self.buffer.clear();
                check!(self.read(cx, &name, 0)?);
                self.buffer.settle();
            }
            b'f' => {
                if range.count > 0 {
                    return Ok(Err(UNEXPECTED));
                }
                if rest.trim_ascii_start().starts_with(b"!") {
                    return Ok(Err("Invalid redirection"));
                }
                let name = check!(self.file_name(rest, true));
                let shown = crate::applet::show_bytes(&name).to_string();
                cx.print(format_args!("{shown}\n"))?;
            }
            b'g' | b'v' | b'G' | b'V' => {
                if self.script.is_some() {
                    return Ok(Err("Cannot nest global commands"));
                }
                let mut range = range;
                if range.count == 0 {
                    range = Range {
                        count: 0,
                        first: 1.min(self.buffer.last()),
                        last: self.buffer.last(),
                    };
                }
                let rest = rest.to_vec();
                return self.global(cx, letter, range, &rest);
            }
            b'h' | b'H' | b'P' => {
                if range.count > 0 {
                    return Ok(Err(UNEXPECTED));
                }
                style = check!(suffixes(rest));
                match letter {
                    b'P' => self.prompting = !self.prompting,
                    b'H' => {
                        self.explain = !self.explain;
                        if self.explain && !self.message.is_empty() {
                            self.answer(cx, self.message)?;
                        }
                    }
                    _ if !self.message.is_empty() => self.answer(cx, self.message)?,
                    _ => {}
                }
            }
            b'j' => {
                let mut range = range;
                if range.count == 0 {
                    range.last = range.first + 1;
                }
                check!(self.lines_of(range));
                style = check!(suffixes(rest));
                if range.first < range.last {
                    let joined = self.buffer.texts(range.first, range.last).concat();
                    self.buffer.delete(range.first, range.last);
                    self.buffer.insert(range.first - 1, &[joined.into()]);
                }
            }
            b'k' => {
                let Some((&mark, rest)) = rest.split_first() else {
                    return Ok(Err("Invalid mark character"));
                };
                style = check!(suffixes(rest));
                if range.last == 0 {
                    return Ok(Err(INVALID));
                }
                if !mark.is_ascii_lowercase() {
                    return Ok(Err("Invalid mark character"));
                }
                self.buffer.mark(mark, range.last);
            }
            b'l' | b'n' | b'p' => {
                check!(self.lines_of(range));
                style = check!(suffixes(rest));
                match letter {
                    b'l' => style.list = true,
                    b'n' => style.number = true,
                    _ => style.print = true,
                }
                self.print(cx, range.first, range.last, style)?;
                return Ok(Ok(false));
            }
            b'm' | b't' => {
                check!(self.lines_of(range));
                let mut rest = rest;
                let current = self.buffer.current();
                let to = check!(self.range(&mut rest));
                if to.count == 0 && current != to.last {
                    return Ok(Err("Destination expected"));
                }
                style = check!(suffixes(rest));
                let to = to.last;
                if letter == b't' {
                    let texts = self.buffer.texts(range.first, range.last);
                    self.buffer.insert(to, &texts);
                } else if (range.first..range.last).contains(&to) {
                    return Ok(Err("Invalid destination"));
                } else {
                    self.buffer.shift(range.first, range.last, to);
                }
            }
            b'q' | b'Q' => {
                if range.count > 0 {
                    return Ok(Err(UNEXPECTED));
                }
                check!(suffixes(rest));
                if letter == b'q' && self.buffer.modified && !warned {
                    self.warned = true;
                    return Ok(Err(MODIFIED));
                }
                return Ok(Ok(true));
            }
            b'r' => {
                let name = check!(self.file_name(rest, false));
                let after = if range.count == 0 { self.buffer.last() } else { range.last };
                let modified = self.buffer.modified;
                let before = self.buffer.last();
                check!(self.read(cx, &name, after)?);
                self.buffer.modified = modified || self.buffer.last() > before;
            }
            b's' => {
                check!(self.lines_of(range));
                let rest = rest.to_vec();
                check!(self.substitute(cx, range, &rest)?);
                return Ok(Ok(false));
            }
            b'u' => {
                if range.count > 0 {
                    return Ok(Err(UNEXPECTED));
                }
                style = check!(suffixes(rest));
                if !self.buffer.undo() {
                    return Ok(Err("Nothing to undo"));
                }
            }
            b'w' | b'W' => return self.write_command(cx, letter, range, rest, warned),
            b'x' => {
                if range.last > self.buffer.last() {
                    return Ok(Err(INVALID));
                }
                style = check!(suffixes(rest));
                if self.buffer.cut.is_empty() {
                    return Ok(Err("Nothing to put"));
                }
                let texts = self.buffer.cut.clone();
                self.buffer.insert(range.last, &texts);
            }
            b'y' => {
                check!(self.lines_of(range));
                style = check!(suffixes(rest));
                self.buffer.copy(range.first, range.last);
            }
            b'z' => {
                let from = if range.count > 0 { range.last } else { self.buffer.current() + 1 };
                let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
                let (number, rest) = rest.split_at(digits);
                if from == 0 || from > self.buffer.last() {
                    return Ok(Err(INVALID));
                }
                if !number.is_empty() {
                    let lines = std::str::from_utf8(number).ok().and_then(|n| n.parse().ok());
                    self.window = check!(lines.filter(|&n| n > 0).ok_or("Bad window size"));
                }
                let mut style = check!(suffixes(rest));
                style.print = true;
                let to = (from - 1).saturating_add(self.window).min(self.buffer.last());
                self.print(cx, from, to, style)?;
                return Ok(Ok(false));
            }
            b'=' => {
                style = check!(suffixes(rest));
                let line = if range.count > 0 { range.last } else { self.buffer.last() };
                cx.print(format_args!("{line}\n"))?;
            }
            b'!' => {
                if range.count > 0 {
                    return Ok(Err(UNEXPECTED));
                }
                check!(self.shell(cx, rest)?);
            }
            b'#' => {}
            _ => return Ok(Err("Unknown command")),
        }
        if style.any() {
            let current = self.buffer.current();
            if current == 0 {
                return Ok(Err(INVALID));
            }
            self.print(cx, current, current, style)?;
        }
        Ok(Ok(false))
    }

    /// A range that must be lines.
    fn lines_of(&self, range: Range) -> Result<(), Fault> {
        if range.first == 0 || range.first > range.last || range.last > self.buffer.last() {
            return Err(INVALID);
        }
        Ok(())
    }

    /// The text of a, i and c: up to a line that is a dot.
    fn text_lines(&mut self, cx: &mut Ctx) -> Result<Vec<Rc<[u8]>>, Error> {
        let mut texts = Vec::new();
        while let Some(line) = self.next_line(cx)? {
            if line == b"." {
                break;
            }
            texts.push(line.into());
        }
        Ok(texts)
    }

    fn write_command(
        &mut self,
        cx: &mut Ctx,
        letter: u8,
        range: Range,
        rest: &[u8],
        warned: bool,
    ) -> Result<Done, Error> {
        let mut rest = rest;
        let mut quit = 0;
        if let [q @ (b'q' | b'Q'), behind @ ..] = rest {
            quit = *q;
            rest = behind;
        }
        let name = check!(self.file_name(rest, false));
        let (first, last) = match range.count {
            0 => (1, self.buffer.last()),
            _ => {
                check!(self.lines_of(range));
                (range.first, range.last)
            }
        };
        check!(self.write(cx, &name, first, last, letter == b'W')?);
        if first <= 1 && last == self.buffer.last() && !name.starts_with(b"!") {
            self.buffer.modified = false;
        } else if quit == b'q' && self.buffer.modified && !warned {
            self.warned = true;
            return Ok(Err(MODIFIED));
        }
        Ok(Ok(quit != 0))
    }

    /// g, v, G and V.
    fn global(
        &mut self,
        cx: &mut Ctx,
        letter: u8,
        range: Range,
        rest: &[u8],
    ) -> Result<Done, Error> {
        let mut text = rest;
        if matches!(text.first(), None | Some(b' ' | b'\n')) {
            return Ok(Err("Invalid pattern delimiter"));
        }
        if self.buffer.last() > 0 {
            check!(self.lines_of(range));
        }
        let pattern = pattern_text(&mut text);
        let mut icase = false;
        if let [b'I', behind @ ..] = text {
            icase = true;
            text = behind;
        }
        check!(self.choose(&pattern, icase));
        let Some(pattern) = &self.pattern else { return Ok(Err("No previous pattern")) };
        let wanted = matches!(letter, b'g' | b'G');
        let mut marked = Vec::new();
        for line in range.first.max(1)..=range.last {
            if pattern.regex.is_match(self.buffer.text(line)) == wanted
                && let Some(line) = self.buffer.line(line)
            {
                marked.push(line.id);
            }
        }
        let asks = matches!(letter, b'G' | b'V');
        let mut commands = text.to_vec();
        let mut style = Style::default();
        if asks {
            style = check!(suffixes(text));
            style.print = true;
        } else {
            // a backslash at the end of a line: the list goes on
            while ends_open(&commands) {
                commands.pop();
                let Some(line) = self.next_line(cx)? else { break };
                commands.push(b'\n');
                commands.extend_from_slice(&line);
            }
            if commands.is_empty() {
                commands.push(b'p');
            }
        }
        self.buffer.begin_many();
        let mut last = Vec::new();
        let mut near = 0;
        for id in marked {
            let Some(line) = self.buffer.find(id, near) else { continue };
            near = line.saturating_sub(1);
            self.buffer.go(line);
            if crate::sys::signal::any() {
                self.interrupted(cx)?;
                return Ok(Err("Interrupt"));
            }
            if asks {
                self.print(cx, line, line, style)?;
                let Some(mut typed) = self.next_line(cx)? else {
                    return Ok(Err("Unexpected end-of-file"));
                };
                while ends_open(&typed) {
                    typed.pop();
                    let Some(line) = self.next_line(cx)? else { break };
                    typed.push(b'\n');
                    typed.extend_from_slice(&line);
                }
                if typed.is_empty() {
                    continue;
                }
                if typed == b"&" {
                    if last.is_empty() {
                        return Ok(Err("No previous command"));
                    }
                } else {
                    last = typed;
                }
                commands = last.clone();
            }
            self.script = Some((commands.clone(), 0));
            while let Some(line) = self.next_line(cx)? {
                match self.execute(cx, line, false)? {
                    Ok(false) => {}
                    other => {
                        self.script = None;
                        return Ok(other);
                    }
                }
            }
            self.script = None;
        }
        Ok(Ok(false))
    }
}

/// Whether an odd number of backslashes ends the text.
fn ends_open(text: &[u8]) -> bool {
    text.iter().rev().take_while(|&&b| b == b'\\').count() % 2 == 1
}
