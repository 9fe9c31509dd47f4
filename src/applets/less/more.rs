//! more: text a screen at a time, on any terminal.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;

use super::layout::{self, Style};
use super::source::Source;
use super::{QUIT, copy, open, tell};
use crate::applet::{Applet, Ctx, Error, Kind, Status};
use crate::regex::{Flags, Regex};
use crate::screen::cells::Row;
use crate::screen::keys::{self, Key};
use crate::screen::{self, Screen};
use crate::sys::terminal;

/// more.
pub(crate) const MORE: Applet = Applet {
    name: "more",
    summary: "show text a screen at a time",
    usage: "[-cdeflpsu] [-n LINES] [+LINE] [+/RE] [FILE...]\n\
            \x20 space  a screen on    enter  a line    d  half a screen    b  a screen back\n\
            \x20 /RE    search         n  again         =  the line         :n :p  other files\n\
            \x20 q      end            h  help",
    kind: Kind::Fork, // reads the terminal
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "c,print-over d,silent e,exit-on-eof f,logical i l,no-pause p,clean-print \
         s,squeeze u,plain n:lines t: #",
    )?;
    let mut commands = Vec::new();
    let mut files: Vec<OsString> = Vec::new();
    for word in std::mem::take(&mut options.operands) {
        match word.as_bytes().strip_prefix(b"+") {
            Some(command) => commands.push(command.to_vec()),
            None => files.push(word),
        }
    }
    if files.is_empty() {
        if terminal::is_terminal(cx.stdin) {
            return Err(Error::usage("which file?").with(Status::FAILURE));
        }
        files.push("-".into());
    }
    let keys = if terminal::is_terminal(cx.stdout) { screen::keyboard(cx) } else { None };
    match keys {
        Some(keys) => page(cx, &files, &commands, keys),
        None => copy(cx, &files),
    }
}

/// What the person said at the prompt.
enum Said {
    Rows(usize),
    To(usize),
    File(isize),
    Quit,
}

struct Pager {
    source: Source,
    line: Vec<u8>,
    /// The next line, and the byte of it, that is to be shown.
    at: (usize, usize),
    pattern: Option<Regex>,
}

/// Shows the files.
pub(super) fn page(
    cx: &mut Ctx,
    files: &[OsString],
    commands: &[Vec<u8>],
    keys: OwnedFd,
) -> Result<Status, Error> {
    let copied = crate::sys::fd::duplicate_from(std::os::fd::AsFd::as_fd(&keys), 3)
        .map_err(|e| Error::os("the terminal", e))?;
    let mut screen = Screen::open(cx, copied, false)?;
    let mut number = 0usize;
    while let Some(name) = files.get(number) {
        let source = match open(cx, name, &keys) {
            Ok(source) => source,
            Err(error) => {
                // The terminal is raw.
                tell(cx, format!("{}: {error}\r\n", cx.name).as_bytes());
                cx.fail();
                number += 1;
                continue;
            }
        };
        let mut source = source;
        source.patient = true;
        let mut pager = Pager { source, line: Vec::new(), at: (0, 0), pattern: None };
        for command in commands.iter().filter(|_| number == 0) {
            match command.split_first() {
                Some((b'/', pattern)) => {
                    pager.pattern = Regex::new(pattern, Flags::BASIC).ok();
                    pager.find(cx, 0);
                }
                _ => {
                    let line = std::str::from_utf8(command).ok().and_then(|n| n.parse().ok());
                    pager.at.0 = line.map_or(0, |n: usize| n.saturating_sub(1));
                }
            }
        }
        if files.len() > 1 {
            let mut row = Row::default();
            row.put(name.as_bytes(), screen.columns);
            let head = [b"::::::::::::::\r\n", row.bytes.as_slice(), b"\r\n::::::::::::::\r\n"];
            tell(cx, &head.concat());
        }
        match pager.show(cx, &mut screen, number + 1 == files.len()) {
            None => return Ok(cx.status()),
            Some(step) => number = number.saturating_add_signed(step),
        }
    }
    Ok(cx.status())
}

impl Pager {
    /// Shows a file; how many files on to go then, nothing to end.
    fn show(&mut self, cx: &Ctx, screen: &mut Screen, last: bool) -> Option<isize> {
        let mut left = screen.rows - 1;
        loop {
            self.rows(cx, screen, left);
            if last && !self.source.has(self.at.0) && !self.source.is_open_pipe() {
                return Some(1);
            }
            match self.ask(cx, screen)? {
                Said::Rows(rows) => {
                    if !self.source.has(self.at.0) && !self.source.is_open_pipe() {
                        return Some(1);
                    }
                    left = rows;
                }
                Said::To(line) => {
                    self.at = (line, 0);
                    left = screen.rows - 1;
                }
                Said::File(step) => return Some(step),
                Said::Quit => return None,
            }
        }
    }

    /// Prints so many rows.
    fn rows(&mut self, cx: &Ctx, screen: &Screen, mut left: usize) {
        let style = Style { width: screen.columns, chop: false, colours: true };
        while left > 0 && self.source.line(self.at.0, &mut self.line) {
            let starts = layout::starts(&self.line, style);
            for start in starts.iter().filter(|start| **start >= self.at.1) {
                if left == 0 {
                    self.at.1 = *start;
                    return;
                }
                let mut row = Row::default();
                layout::draw(&mut row, &self.line, *start, 0, style, None);
                row.bytes.extend_from_slice(b"\r\n");
                tell(cx, &row.bytes);
                left -= 1;
            }
            self.at = (self.at.0 + 1, 0);
        }
    }

    fn find(&mut self, cx: &Ctx, from: usize) {
        let Some(pattern) = &self.pattern else { return };
        let mut at = from;
        while self.source.line(at, &mut self.line) {
            if pattern.is_match(&self.line) {
                tell(cx, b"...skipping\r\n");
                self.at = (at, 0);
                return;
            }
            at += 1;
        }
        tell(cx, b"Pattern not found\r\n");
    }

    /// Prompts, and does what is typed until it is something to show.
    fn ask(&mut self, cx: &Ctx, screen: &mut Screen) -> Option<Said> {
        let page = screen.rows - 1;
        loop {
            let mut prompt = String::from("--More--");
            if !self.source.has(self.at.0) {
                prompt.push_str("(Next file)");
            } else if let Some(size) = self.source.size() {
                let at = self.source.offset(self.at.0).saturating_mul(100) / size;
                prompt.push_str(&format!("({at}%)"));
            }
            let mut row = Row::default();
            if screen.is_plain() {
                row.put(prompt.as_bytes(), screen.columns - 1);
            } else {
                row.put_reverse(prompt.as_bytes(), screen.columns - 1);
            }
            tell(cx, &row.bytes);
            let mut number = None;
            let key = loop {
                let key = screen.key(None);
                let Some(digit) = char::from_u32(key).and_then(|c| c.to_digit(10)) else {
                    break key;
                };
                let old: usize = number.unwrap_or(0);
                number = Some(old.saturating_mul(10).saturating_add(digit as usize));
            };
            let blank = " ".repeat(row.width);
            tell(cx, format!("\r{blank}\r").as_bytes());
            if QUIT.contains(&key) {
                return Some(Said::Quit);
            }
            match u8::try_from(key).unwrap_or(0) {
                b' ' | b'f' | b'z' | 6 => return Some(Said::Rows(number.unwrap_or(page))),
                13 | 10 | b'j' => return Some(Said::Rows(number.unwrap_or(1))),
                b'd' | 4 => return Some(Said::Rows(number.unwrap_or(page.div_ceil(2)))),
                b's' => {
                    self.at = (self.at.0 + number.unwrap_or(1), 0);
                    return Some(Said::Rows(page));
                }
                b'b' | 2 => {
                    return Some(Said::To(self.at.0.saturating_sub(page * 2)));
                }
                b'g' => return Some(Said::To(number.unwrap_or(1).saturating_sub(1))),
                b'G' => {
                    let count = self.source.count();
                    return Some(Said::To(count.saturating_sub(page)));
                }
                b'=' => tell(cx, format!("{}\r\n", self.at.0).as_bytes()),
                b'/' => {
                    if let Some(pattern) = line(cx, screen) {
                        if !pattern.is_empty() {
                            self.pattern = Regex::new(&pattern, Flags::BASIC).ok();
                        }
                        self.find(cx, self.at.0);
                        return Some(Said::Rows(page));
                    }
                }
                b'n' => {
                    self.find(cx, self.at.0 + 1);
                    return Some(Said::Rows(page));
                }
                b':' => match screen.key(None) {
                    0x6e => return Some(Said::File(1)),
                    0x70 => return Some(Said::File(-1)),
                    0x71 => return Some(Said::Quit),
                    _ => {}
                },
                b'h' | b'?' => {
                    for line in MORE.usage.split('\n').skip(1) {
                        tell(cx, line.as_bytes());
                        tell(cx, b"\r\n");
                    }
                }
                _ if key == keys::DOWN => return Some(Said::Rows(1)),
                _ if key == keys::PAGE_DOWN => return Some(Said::Rows(page)),
                _ => {}
            }
        }
    }
}

/// A line typed behind a `/`, echoed without moving about.
fn line(cx: &Ctx, screen: &mut Screen) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    tell(cx, b"/");
    loop {
        let key: Key = screen.key(None);
        match key {
            keys::ENTER | 10 => {
                tell(cx, b"\r\n");
                return Some(text);
            }
            keys::ESC | 3 | keys::HANGUP => {
                tell(cx, b"\r\n");
                return None;
            }
            8 | 127 => {
                text.pop();
                tell(cx, b"\x08 \x08");
            }
            _ => {
                let start = text.len();
                keys::append(key, &mut text);
                let row = Row::of(text.get(start..).unwrap_or_default(), 8);
                tell(cx, &row.bytes);
            }
        }
    }
}
