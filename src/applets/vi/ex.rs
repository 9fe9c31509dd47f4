//! The commands behind a colon.

use std::ffi::OsString;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;

use nix::fcntl::OFlag;

use super::buffer::lines_of;
use super::{Vi, file, motion};
use crate::applet::{Status, show_bytes};
use crate::screen::keys::{self, Key};
use crate::sys::{command, fd, path};

mod substitution;

/// What `:s` does, for `:&`.
#[derive(Clone, Default)]
pub(super) struct Substitution {
    pattern: Vec<u8>,
    text: Vec<u8>,
}

/// Commands: the shortest name, what may follow it, and what it is.
const COMMANDS: &[(&str, &str, Command)] = &[
    ("a", "ppend", Command::None),
    ("co", "py", Command::Copy),
    ("d", "elete", Command::Delete),
    ("e", "dit", Command::Edit),
    ("f", "ile", Command::File),
    ("g", "lobal", Command::Global),
    ("j", "oin", Command::Join),
    ("k", "", Command::Mark),
    ("ma", "rk", Command::Mark),
    ("m", "ove", Command::Move),
    ("norm", "al", Command::Normal),
    ("n", "ext", Command::Next),
    ("noh", "lsearch", Command::None),
    ("N", "ext", Command::Previous),
    ("prev", "ious", Command::Previous),
    ("p", "rint", Command::Print),
    ("pu", "t", Command::Put),
    ("q", "uit", Command::Quit),
    ("qa", "ll", Command::Quit),
    ("r", "ead", Command::Read),
    ("red", "o", Command::Redo),
    ("rew", "ind", Command::Rewind),
    ("se", "t", Command::Set),
    ("sh", "ell", Command::Shell),
    ("s", "ubstitute", Command::Substitute),
    ("t", "", Command::Copy),
    ("u", "ndo", Command::Undo),
    ("v", "global", Command::GlobalNot),
    ("ve", "rsion", Command::None),
    ("w", "rite", Command::Write),
    ("wq", "", Command::WriteQuit),
    ("wn", "ext", Command::WriteNext),
    ("x", "it", Command::Exit),
    ("y", "ank", Command::Yank),
    ("!", "", Command::Run),
    ("&", "", Command::Substitute),
    ("<", "", Command::Left),
    (">", "", Command::Right),
    ("=", "", Command::Number),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Command {
    None,
    Copy,
    Delete,
    Edit,
    Exit,
    File,
    Global,
    GlobalNot,
    Join,
    Left,
    Mark,
    Move,
    Next,
    Normal,
    Number,
    Previous,
    Print,
    Put,
    Quit,
    Read,
    Redo,
    Rewind,
    Right,
    Run,
    Set,
    Shell,
    Substitute,
    Undo,
    Write,
    WriteNext,
    WriteQuit,
    Yank,
}

/// Where a pattern ends: at the first `delimiter` without a backslash that is
/// in no brackets, or at the end.
pub(super) fn end_of(text: &[u8], delimiter: u8) -> usize {
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        if byte == delimiter {
            return at;
        }
        at += if byte == b'\\' { 2 } else { 1 };
    }
    text.len()
}

/// A part up to the delimiter; the text goes on behind it.
fn part(text: &mut &[u8], delimiter: u8) -> Vec<u8> {
    let end = end_of(text, delimiter);
    let mut out = Vec::new();
    let found = text.get(..end).unwrap_or_default();
    *text = text.get(end + 1..).unwrap_or_default();
    let mut bytes = found.iter().peekable();
    while let Some(&byte) = bytes.next() {
        // A backslash before the delimiter has done its work.
        if byte == b'\\' && bytes.peek() == Some(&&delimiter) {
            continue;
        }
        out.push(byte);
        if byte == b'\\' {
            out.extend(bytes.next());
        }
    }
    out
}

/// Splits off digits.
fn number(text: &mut &[u8]) -> Option<usize> {
    let count = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(count)?;
    let value: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
    *text = rest;
    Some(value.min(1 << 40))
}

fn skip_blanks(text: &mut &[u8]) {
    *text = text.trim_ascii_start();
}

impl Vi {
    /// Does what a line behind a colon says.
    pub(super) fn ex(&mut self, line: &[u8]) {
        if let Err(message) = self.ex_line(line) {
            self.message = message.into_bytes();
            self.screen.queue.clear();
        }
        self.settle();
        self.wanted = motion::column(self.line(), self.cursor.1);
    }

    /// One address; 1 is the first line.
    fn address(&mut self, text: &mut &[u8]) -> Result<Option<usize>, String> {
        skip_blanks(text);
        let Some((&first, rest)) = text.split_first() else { return Ok(None) };
        let mut line = match first {
            b'0'..=b'9' => number(text).unwrap_or(0),
            b'.' => {
                *text = rest;
                self.cursor.0 + 1
            }
            b'$' => {
                *text = rest;
                self.buffer.lines.len()
            }
            b'\'' => {
                let name = rest.first().map_or(0, |b| Key::from(*b));
                *text = rest.get(1..).unwrap_or_default();
                let mark = self.marks.iter().find(|(mark, _)| *mark == name);
                mark.ok_or("no such mark")?.1.0 + 1
            }
            b'/' | b'?' => {
                *text = rest;
                let pattern = part(text, first);
                if !self.compile(&pattern) {
                    return Err(String::from_utf8_lossy(&self.message).into_owned());
                }
                self.backwards = first == b'?';
                let old = self.cursor;
                // The rest of this line is not looked at.
                if first == b'/' {
                    self.cursor.1 = self.line().len();
                } else {
                    self.cursor.1 = 0;
                }
                let found = self.search(first == b'?', 1);
                self.cursor = old;
                found.ok_or("pattern not found")?.0 + 1
            }
            b'+' | b'-' => self.cursor.0 + 1,
            _ => return Ok(None),
        };
        loop {
            skip_blanks(text);
            let Some((sign @ (b'+' | b'-'), rest)) = text.split_first() else { break };
            *text = rest;
            let step = number(text).unwrap_or(1);
            line = if *sign == b'+' { line + step } else { line.saturating_sub(step) };
        }
        Ok(Some(line))
    }

    fn ex_line(&mut self, mut text: &[u8]) -> Result<(), String> {
        text = text.trim_ascii_start();
        while let Some(rest) = text.strip_prefix(b":") {
            text = rest.trim_ascii_start();
        }
        if text.starts_with(b"\"") {
            return Ok(());
        }
        let mut range: Vec<usize> = Vec::new();
        if let Some(rest) = text.strip_prefix(b"%") {
            text = rest;
            range = vec![1, self.buffer.lines.len()];
        }
        let before = self.cursor;
        loop {
            let given = self.address(&mut text)?;
            range.extend(given);
            let Some((sign @ (b',' | b';'), rest)) = text.split_first() else { break };
            if given.is_none() {
                range.push(self.cursor.0 + 1);
            }
            if *sign == b';' {
                self.cursor = (range.last().copied().unwrap_or(1).saturating_sub(1), 0);
            }
            text = rest;
        }
        self.cursor = before;
        skip_blanks(&mut text);
        let length = text.iter().take_while(|b| b.is_ascii_alphabetic()).count();
        let named = !range.is_empty();
        let last = range.last().copied().unwrap_or(self.cursor.0 + 1);
        let first = range.iter().rev().nth(1).copied().unwrap_or(last);
        if text.is_empty() {
            if named {
                let line = last.saturating_sub(1).min(self.buffer.last());
                self.mark(39);
                self.go((line, motion::indent(self.buffer.line(line))));
            }
            return Ok(());
        }
        let mut word = text.get(..length.max(1)).unwrap_or_default();
        let mut found = lookup(word);
        if found.is_none() {
            // s/x/y/ with letters as delimiters there are not; but ka and s&g there are
            word = text.get(..1).unwrap_or_default();
            found = lookup(word).filter(|_| matches!(word, b"k" | b"s" | b"g" | b"v"));
        }
        let command = found.ok_or_else(|| format!("{}: no such command", show_bytes(text)))?;
        text = text.get(word.len()..).unwrap_or_default();
        let force = text.starts_with(b"!") && command != Command::Run;
        if force {
            text = text.get(1..).unwrap_or_default();
        }
        if first > last || last > self.buffer.lines.len() {
            return Err("no such lines".into());
        }
        let zero = last == 0 && !matches!(command, Command::Read | Command::Put);
        if zero {
            return Err("no line 0".into());
        }
        self.act(command, first, last, named, force, text)
    }

    fn act(
        &mut self,
        command: Command,
        first: usize,
        last: usize,
        named: bool,
        force: bool,
        text: &[u8],
    ) -> Result<(), String> {
        let argument = text.trim_ascii();
        let name = || (!argument.is_empty()).then(|| OsString::from_vec(argument.to_vec()));
        let from = first.saturating_sub(1);
        let whole = self.buffer.lines.len();
        let register = argument.first().copied().filter(u8::is_ascii_alphabetic);
        match command {
            Command::None => {}
            Command::Quit => self.quit(force)?,
            Command::Write | Command::WriteQuit | Command::Exit | Command::WriteNext => {
                if command == Command::Exit && !self.buffer.is_modified() && argument.is_empty() {
                    return self.quit(force);
                }
                let (from, end) = if named { (from, last) } else { (0, whole) };
                let append = argument.strip_prefix(b">>");
                let to = match append {
                    Some(rest) => rest.trim_ascii_start(),
                    None => argument,
                };
                let to = (!to.is_empty()).then(|| OsString::from_vec(to.to_vec()));
                if !self.save(to, from, end, force, append.is_some()) {
                    return Ok(());
                }
                match command {
                    Command::WriteNext => self.next(true, 1)?,
                    Command::Write => {}
                    _ => self.quit(force)?,
                }
            }
            Command::Edit => {
                let target = match argument {
                    b"#" => Some(self.other.clone().ok_or("no other file")?),
                    _ => name().or_else(|| self.name.clone()),
                };
                self.may_leave(force)?;
                self.load(target);
            }
            Command::Next => self.next(force, 1)?,
            Command::Previous => self.next(force, -1)?,
            Command::Rewind => self.next(force, -(self.file as isize))?,
            Command::File => {
                if let Some(name) = name() {
                    self.name = Some(name);
                }
                self.tell();
            }
            Command::Read => {
                let added = match argument.strip_prefix(b"!") {
                    Some(command) => self.output_of(command)?,
                    None => {
                        file::read(&name().or_else(|| self.name.clone()).ok_or("no file name")?)?
                    }
                };
                if !added.is_empty() {
                    self.buffer.replace(last, 0, lines_of(&added), self.cursor);
                    self.go((last, motion::indent(self.buffer.line(last))));
                }
            }
            Command::Delete | Command::Yank | Command::Left | Command::Right => {
                let how = match command {
                    Command::Delete => b'd',
                    Command::Yank => b'y',
                    Command::Left => b'<',
                    _ => b'>',
                };
                let cursor = self.cursor;
                self.operate(how, register, from, last - 1);
                if command == Command::Yank {
                    self.cursor = cursor;
                }
            }
            Command::Put => {
                self.cursor.0 = from;
                self.put(register.unwrap_or(b'"'), force || last == 0, 1);
            }
            Command::Join => {
                let count = if first == last { 2 } else { last - first + 1 };
                self.join(from, count, !force);
            }
            Command::Mark => {
                let here = std::mem::replace(&mut self.cursor, (last - 1, 0));
                self.mark(argument.first().map_or(0, |b| Key::from(*b)));
                self.cursor = here;
            }
            Command::Copy | Command::Move => {
                let mut rest = argument;
                let to = self.address(&mut rest)?.ok_or("where to?")?;
                if to > whole || command == Command::Move && to >= first && to < last {
                    return Err("no such place".into());
                }
                let lines = self.buffer.lines.get(from..last).unwrap_or_default().to_vec();
                let count = lines.len();
                self.buffer.replace(to, 0, lines, self.cursor);
                let mut end = to + count;
                if command == Command::Move {
                    let old = if to < first { from + count } else { from };
                    self.buffer.replace(old, count, Vec::new(), self.cursor);
                    if to >= last {
                        end -= count;
                    }
                }
                self.go((end - 1, 0));
            }
            Command::Print => {
                self.go((last - 1, 0));
                self.message = self.line().to_vec();
            }
            Command::Number => {
                let line = if named { last } else { whole };
                self.message = line.to_string().into_bytes();
            }
            Command::Undo | Command::Redo => {
                let place = self.buffer.undo(command == Command::Redo);
                self.go(place.ok_or("nothing to undo")?);
            }
            Command::Normal => {
                for number in from..if named { last } else { from + 1 } {
                    self.cursor = (number, 0);
                    let mut keys: Vec<Key> =
                        String::from_utf8_lossy(argument).chars().map(Key::from).collect();
                    keys.push(keys::ESC);
                    self.replay(&keys);
                    while !self.screen.queue.is_empty() {
                        let key = self.key();
                        if !self.command(key) {
                            self.screen.queue.clear();
                        }
                    }
                }
            }
            Command::Set => self.set(argument)?,
            Command::Shell => self.shell(None),
            Command::Run => self.shell(Some(argument)),
            Command::Substitute => {
                let count = self.substitute(from, last, text)?;
                if count == 0 {
                    return Err("pattern not found".into());
                }
            }
            Command::Global | Command::GlobalNot => {
                let not = force || command == Command::GlobalNot;
                let (from, end) = if named { (from, last) } else { (0, whole) };
                self.global(from, end, not, text)?;
            }
        }
        Ok(())
    }

    /// Whether what is edited may be left.
    fn may_leave(&self, force: bool) -> Result<(), String> {
        match self.buffer.is_modified() && !force {
            true => Err("not written since the last change (add ! to override)".into()),
            false => Ok(()),
        }
    }

    fn quit(&mut self, force: bool) -> Result<(), String> {
        self.may_leave(force)?;
        self.end = Some(Status::OK);
        Ok(())
    }

    fn next(&mut self, force: bool, step: isize) -> Result<(), String> {
        let to = self.file.checked_add_signed(step);
        let name = to.and_then(|to| self.files.get(to)).cloned().ok_or("no more files")?;
        self.may_leave(force)?;
        self.file = to.unwrap_or(0);
        self.load(Some(name));
        Ok(())
    }

    fn set(&mut self, words: &[u8]) -> Result<(), String> {
        for word in words.split(|b| *b == b' ').filter(|word| !word.is_empty()) {
            let (on, name) = match word.strip_prefix(b"no") {
                Some(name) if word != b"nonsense" => (false, name),
                _ => (true, word),
            };
            let s = &mut self.settings;
            match name {
                b"nu" | b"number" => s.number = on,
                b"ic" | b"ignorecase" => s.icase = on,
                b"list" => s.list = on,
                b"ai" | b"autoindent" => s.indent = on,
                b"ro" | b"readonly" => s.readonly = on,
                b"ws" | b"wrapscan" => s.nowrapscan = !on,
                b"eol" | b"endofline" => self.buffer.terminated = on,
                _ => return Err(format!("{}: no such option", show_bytes(word))),
            }
        }
        Ok(())
    }

    /// Runs a command, or a shell, on the terminal.
    fn shell(&mut self, line: Option<&[u8]>) {
        self.screen.leave();
        let fds = [fd::stdin(), fd::stdout(), fd::stderr()];
        let mut environment = self.environment.iter().map(OsString::as_os_str);
        let child = command::start(line.unwrap_or(b"exec sh"), &mut environment, fds);
        if let Ok(pid) = child {
            let _ = command::wait(pid);
        }
        self.screen.enter();
        if child.is_err() {
            self.say("cannot run sh");
        } else if line.is_some() && !self.screen.is_plain() {
            self.say("press a key");
            self.draw();
            let _ = self.key();
            self.message.clear();
        }
    }

    fn output_of(&mut self, line: &[u8]) -> Result<Vec<u8>, String> {
        let mut environment = self.environment.iter().map(OsString::as_os_str);
        let output = path::open("/dev/null", OFlag::O_RDWR)
            .map_err(std::io::Error::from)
            .and_then(|null| command::output(line, &mut environment, [null.as_fd(), null.as_fd()]));
        self.screen.redraw();
        output.map_err(|_| "cannot run sh".into())
    }
}

fn lookup(word: &[u8]) -> Option<Command> {
    let found = COMMANDS.iter().find(|(short, more, _)| {
        word.strip_prefix(short.as_bytes()).is_some_and(|rest| more.as_bytes().starts_with(rest))
    });
    found.map(|(_, _, command)| *command)
}

#[cfg(test)]
mod tests {
    use super::substitution::expand;
    use super::*;
    use crate::regex::{Flags, Groups, Regex};

    #[test]
    fn names_of_commands() {
        for (word, command) in [
            ("w", Command::Write),
            ("wq", Command::WriteQuit),
            ("s", Command::Substitute),
            ("se", Command::Set),
            ("set", Command::Set),
            ("sh", Command::Shell),
            ("n", Command::Next),
            ("q", Command::Quit),
            ("e", Command::Edit),
            ("x", Command::Exit),
            ("pu", Command::Put),
        ] {
            assert!(lookup(word.as_bytes()) == Some(command), "{word}");
        }
        assert!(lookup(b"wx").is_none() && lookup(b"foo").is_none());
    }

    #[test]
    fn parts_and_texts() {
        let mut rest = &b"a\\/b/c\\/\\\\/g"[..];
        assert_eq!(part(&mut rest, b'/'), b"a/b");
        assert_eq!(part(&mut rest, b'/'), b"c/\\\\");
        assert_eq!(rest, b"g");
        let regex = Regex::new(b"\\(a\\)\\(b\\)", Flags::BASIC).unwrap();
        let mut groups: Groups = [None; 10];
        assert!(regex.captures(b"xaby", 0, &mut groups));
        let of = |template: &[u8]| {
            let mut out = Vec::new();
            expand(&mut out, template, b"xaby", &groups);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(of(b"[&]\\2\\1\\&\\n\\U\\1x\\E\\u&"), "[ab]ba&\nAXAb");
    }
}
