//! vi: edit text on the screen. POSIX vi and ex, as far as a rescuer's hands
//! know them.
//!
//! Deviations: long lines are moved sideways, not wrapped; undo has many levels
//! and Ctrl-R takes it back; bytes that are no text are shown as `<XX>` and
//! kept. No `:map`, `:ab`, no open and visual modes, no recovery of files.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status};
use crate::regex::{Flags, Regex};
use crate::screen::cells::{self, Row};
use crate::screen::keys::{self, Key, control};
use crate::screen::{self, Screen};
use crate::sys::{fd, terminal};

mod buffer;
mod ex;
mod file;
mod insert;
mod motion;
mod normal;

use buffer::{Buffer, Place};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "vi",
    summary: "edit text files",
    usage: "[-R] [-c COMMAND] [+COMMAND] [FILE...]\n\
            \x20 -R  do not write without !    -c  do this first: a line, /RE, any : command\n\
            \x20 h j k l w b e 0 $ gg G /RE ?RE n N f t % { }  move    i a o I A O R  type, Esc ends\n\
            \x20 x dd dw D cc cw C yy p P J r ~ >> <<  change    u Ctrl-R .  undo, redo, again\n\
            \x20 :w :q :wq :x :q! :e FILE :r FILE :n :s/RE/TEXT/g :%s :g :set nu    ZZ",
    kind: Kind::Fork, // reads the terminal
    run,
};

/// Text that was taken out or copied.
#[derive(Clone, Default)]
struct Register {
    name: u8,
    text: Vec<u8>,
    lines: bool,
}

/// Letters of `:set`.
#[derive(Default)]
struct Settings {
    number: bool,
    icase: bool,
    list: bool,
    indent: bool,
    readonly: bool,
    nowrapscan: bool,
}

struct Vi {
    screen: Screen,
    buffer: Buffer,
    cursor: Place,
    /// The column that moving up and down keeps to.
    wanted: usize,
    top: usize,
    left: usize,
    registers: Vec<Register>,
    marks: Vec<(Key, Place)>,
    message: Vec<u8>,
    typing: &'static str,
    files: Vec<OsString>,
    file: usize,
    name: Option<OsString>,
    other: Option<OsString>,
    settings: Settings,
    forced_readonly: bool,
    pattern: Option<Regex>,
    backwards: bool,
    history: Vec<Vec<u8>>,
    searched: Vec<Vec<u8>>,
    sought: Option<(Vec<u8>, Key)>,
    substitution: Option<ex::Substitution>,
    /// Keys of the last change.
    dot: Vec<Key>,
    repeatable: bool,
    macro_: Key,
    /// Of the commands that it runs.
    environment: Vec<OsString>,
    end: Option<Status>,
}

/// Beyond this a file is not read.
const LARGEST: u64 = 1 << 31;

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("R,readonly c:cmd e s v H h")?;
    let mut commands = Vec::new();
    let mut readonly = cx.name == "view";
    while let Some(letter) = options.next() {
        match letter {
            b'R' => readonly = true,
            b'c' => commands.push(options.bytes()),
            _ => {}
        }
    }
    let mut files = Vec::new();
    for word in std::mem::take(&mut options.operands) {
        match word.as_bytes().strip_prefix(b"+") {
            Some(b"") => commands.push(b"$".to_vec()),
            Some(command) => commands.push(command.to_vec()),
            None => files.push(word),
        }
    }
    let input = if terminal::is_terminal(cx.stdin) {
        screen::keyboard(cx)
    } else {
        fd::duplicate_from(cx.stdin, 3).ok()
    };
    let Some(input) = input else { return Err(Error::msg("there is no keyboard")) };
    let screen = Screen::open(cx, input, true)?;
    let mut vi = Vi {
        screen,
        buffer: Buffer::new(b""),
        cursor: (0, 0),
        wanted: 0,
        top: 0,
        left: 0,
        registers: Vec::new(),
        marks: Vec::new(),
        message: Vec::new(),
        typing: "",
        files,
        file: 0,
        name: None,
        other: None,
        settings: Settings::default(),
        forced_readonly: readonly,
        pattern: None,
        backwards: false,
        history: Vec::new(),
        searched: Vec::new(),
        sought: None,
        substitution: None,
        dot: Vec::new(),
        repeatable: false,
        macro_: 0,
        environment: cx.env.iter().map(OsStr::to_os_string).collect(),
        end: None,
    };
    let first = vi.files.first().cloned();
    vi.load(first);
    let start = cx.env.get(b"EXINIT").unwrap_or_default().as_bytes().to_vec();
    for command in std::iter::once(&start).chain(&commands) {
        if !command.is_empty() {
            vi.ex(command);
        }
    }
    while vi.end.is_none() {
        vi.step();
    }
    Ok(vi.end.unwrap_or(Status::OK))
}

impl Vi {
    fn say(&mut self, text: &str) {
        self.message = text.as_bytes().to_vec();
    }

    fn line(&self) -> &[u8] {
        self.buffer.line(self.cursor.0)
    }

    /// Moves the cursor where it can be, and notes its column.
    fn go(&mut self, place: Place) {
        self.cursor = place;
        self.settle();
        self.wanted = motion::column(self.line(), self.cursor.1);
    }

    /// Puts the cursor on a character.
    fn settle(&mut self) {
        let line = self.cursor.0.min(self.buffer.last());
        let text = self.buffer.line(line);
        let mut at = self.cursor.1.min(text.len());
        if at == text.len() && at > 0 {
            at = motion::previous(text, at);
        }
        self.cursor = (line, at);
    }

    /// Compiles a pattern.
    fn compile(&mut self, pattern: &[u8]) -> bool {
        if pattern.is_empty() {
            if self.pattern.is_none() {
                self.say("no previous pattern");
            }
            return self.pattern.is_some();
        }
        match Regex::new(pattern, Flags { icase: self.settings.icase, ..Flags::BASIC }) {
            Ok(regex) => self.pattern = Some(regex),
            Err(text) => {
                self.say(text);
                return false;
            }
        }
        true
    }

    /// Draws text, status and cursor.
    fn draw(&mut self) {
        if !self.screen.queue.is_empty() {
            return;
        }
        let (height, columns) = (self.screen.rows - 1, self.screen.columns);
        let line = self.cursor.0;
        if line < self.top || line >= self.top + height {
            let near = line + height >= self.top && line < self.top + height + height;
            self.top = if near && line < self.top {
                line
            } else if near {
                line + 1 - height
            } else {
                line.saturating_sub(height / 2)
            };
        }
        let last = self.buffer.lines.len().to_string().len().max(3);
        let gutter = if self.settings.number { last + 1 } else { 0 };
        let width = columns.saturating_sub(gutter).max(2);
        let text = self.buffer.line(line);
        let mut column = motion::column(text, self.cursor.1);
        let end = self.typing.is_empty() && text.get(self.cursor.1) == Some(&b'\t');
        if end {
            column += cells::glyph(b"\t", column).width - 1;
        }
        if column < self.left || column >= self.left + width {
            self.left = if column < width { 0 } else { column - width / 2 };
        }
        let mut rows = Vec::with_capacity(height + 1);
        for number in self.top..self.top + height {
            let Some(text) = self.buffer.lines.get(number) else {
                rows.push(Row::of(b"~", 1));
                continue;
            };
            let mut row = Row::default();
            if gutter > 0 {
                row.put(format!("{:last$} ", number + 1).as_bytes(), gutter);
            }
            let mut all = Row::default();
            let (mut at, limit) = (0, self.left + width);
            while at < text.len() && all.width < limit {
                let rest = text.get(at..).unwrap_or_default();
                let glyph = cells::glyph(rest, all.width);
                let tab = self.settings.list && rest.first() == Some(&b'\t');
                let (wide, before) = (if tab { 2 } else { glyph.width }, all.width);
                all.width += wide;
                at += glyph.length;
                if before >= self.left && all.width <= limit {
                    if tab {
                        row.bytes.extend_from_slice(b"^I");
                    } else {
                        cells::append(glyph, rest, &mut row.bytes);
                    }
                    row.width += wide;
                } else if all.width > self.left {
                    // Only a part of it is on the screen.
                    let part = all.width.min(limit) - before.max(self.left);
                    row.bytes.resize(row.bytes.len() + part, b' ');
                    row.width += part;
                }
            }
            if self.settings.list && all.width < limit {
                row.put(b"$", gutter + width);
            }
            rows.push(row);
        }
        rows.push(self.status(columns));
        let place = (line - self.top, gutter + column - self.left);
        self.screen.draw(&rows, place);
    }

    fn status(&self, columns: usize) -> Row {
        let mut row = Row::default();
        if !self.message.is_empty() {
            row.put(&self.message, columns - 1);
            return row;
        }
        if !self.typing.is_empty() {
            row.put(self.typing.as_bytes(), columns - 1);
        }
        let column = motion::column(self.line(), self.cursor.1) + 1;
        let total = self.buffer.lines.len();
        let mark = if self.buffer.is_modified() { "+" } else { "" };
        let right = format!("{mark} {}/{total},{column}", self.cursor.0 + 1);
        let room = columns.saturating_sub(right.len() + 1);
        if self.typing.is_empty() {
            match &self.name {
                Some(name) => row.put(name.as_bytes(), room),
                None => row.put(b"(no name)", room),
            }
        }
        while row.width < room {
            row.put(b" ", room);
        }
        row.put(right.as_bytes(), columns - 1);
        row
    }

    /// The next key, past changes of the window's size.
    fn key(&mut self) -> Key {
        loop {
            let key = self.screen.key(None);
            match key {
                keys::RESIZE => self.draw(),
                keys::HANGUP => {
                    self.end = self.end.or(Some(Status::FAILURE));
                    return keys::ESC;
                }
                _ => return key,
            }
        }
    }

    /// One command.
    fn step(&mut self) {
        self.draw();
        self.buffer.begin();
        self.repeatable = false;
        self.screen.heard = Some(Vec::new());
        let key = self.key();
        self.message.clear();
        if !self.command(key) {
            // What would have followed does not make sense any more.
            self.screen.queue.clear();
        }
        let heard = self.screen.heard.take().unwrap_or_default();
        if self.repeatable {
            self.dot = heard;
        }
        self.settle();
    }

    /// Types these keys before what the person types.
    fn replay(&mut self, keys: &[Key]) {
        if self.screen.queue.len() < 1 << 20 {
            self.screen.queue.extend(keys.iter().rev());
        }
    }

    fn register(&mut self, name: u8) -> Option<&Register> {
        self.registers.iter().find(|register| register.name == name)
    }

    /// Keeps text in the unnamed register and the one of this name; a capital
    /// letter adds to it.
    fn keep(&mut self, name: Option<u8>, text: Vec<u8>, lines: bool) {
        for name in [Some(b'"'), name].into_iter().flatten() {
            let small = name.to_ascii_lowercase();
            let mut new = Register { name: small, text: text.clone(), lines };
            let old = self.registers.iter().position(|register| register.name == small);
            if let Some(old) = old.map(|at| self.registers.swap_remove(at))
                && small != name
            {
                new.text = [old.text, new.text].concat();
                new.lines |= old.lines;
            }
            self.registers.push(new);
        }
    }
}

/// Keys with control that more than one mode knows.
const CTRL_R: Key = control(b'R');
