//! less and more: page through text. GNU less's keys and prompts, POSIX's more.
//!
//! Deviations: no commands that start programs (`!`, `|`, `v`) and no
//! preprocessors; control bytes are always shown (`-r` is `-R`); a terminal
//! that cannot move its cursor gets more.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::time::Duration;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes, write_all};
use crate::options::Options;
use crate::regex::{Flags, Regex};
use crate::screen::cells::Row;
use crate::screen::keys::{self, Key, control};
use crate::screen::{self, Screen};
use crate::sys::fd;
use crate::sys::terminal;

mod layout;
mod more;
mod source;

use layout::Style;
use source::Source;

pub(super) use more::MORE;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "less",
    summary: "page through text, back and forth",
    usage: "[-EFIMNRSXeims] [-p RE] [+CMD] [FILE...]\n\
            \x20 -N  numbers of lines        -S  do not wrap lines    -R  colours as they are\n\
            \x20 -i  small letters match capitals, -I  and the reverse\n\
            \x20 -F  end when it fits the screen, -e -E  at the end (the second, first time)\n\
            \x20 -M, -m  more in the prompt  -X  leave the text on the screen\n\
            \x20 -p RE, +/RE  start at a match; +N at a line; +G at the end; +F follow",
    kind: Kind::Fork, // reads the terminal
    run,
};

const OPTIONS: &str = "N,LINE-NUMBERS S,chop-long-lines R,RAW-CONTROL-CHARS r,raw-control-chars \
    i,ignore-case I,IGNORE-CASE F,quit-if-one-screen X,no-init M,LONG-PROMPT m,long-prompt \
    e,quit-at-eof E,QUIT-AT-EOF s,squeeze-blank-lines p:pattern ~,tilde f,force K,quit-on-intr \
    g,hilite-search G,HILITE-SEARCH q,quiet|silent Q,QUIET|SILENT c,clear-screen C d,dumb a,search-skip-screen \
    n,line-numbers J,status-column L,no-lessopen u,underline-special U,UNDERLINE-SPECIAL w,hilite-unread \
    B,auto-buffers b:buffers h:max-back-scroll j:jump-target x:tabs y:max-forw-scroll z:window \
    P:prompt #";

const HELP: &[u8] = b"q                quit\n\
    space f ^F       a screen on             b ^B       a screen back\n\
    enter j e down   a line on               k y up     a line back\n\
    d ^D             half a screen on        u ^U       half a screen back\n\
    g <              to the start, or line N\n\
    G >              to the end, or line N\n\
    N%               to so much of all\n\
    left right       sideways                F          follow what is added\n\
    /RE ?RE          search on, back         n N        again, the other way\n\
    &RE              (as /RE)                m' LETTER  mark a place, go there\n\
    :n :p :x         next, previous, first file\n\
    = ^G             where this is           r ^L       draw again\n\
    -N -S -R -i -I -M -m   switch the option\n";

/// A row of the text: the line, and the byte of it that the row starts with.
type Place = (usize, usize);

struct Less {
    screen: Screen,
    keys: OwnedFd,
    files: Vec<OsString>,
    file: usize,
    source: Source,
    named: bool,
    top: Place,
    shift: usize,
    /// Letters of the options that are on.
    on: Vec<u8>,
    pattern: Option<Regex>,
    backwards: bool,
    searched: Vec<Vec<u8>>,
    marks: Vec<(Key, Place)>,
    message: Vec<u8>,
    fresh: bool,
    line: Vec<u8>,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut args: Vec<OsString> = Vec::new();
    for word in cx.env.get(b"LESS").unwrap_or_default().as_bytes().split(|b| b" $".contains(b)) {
        if !word.is_empty() {
            let dash: &[u8] = if word.starts_with(b"-") { b"" } else { b"-" };
            args.push(OsString::from_vec([dash, word].concat()));
        }
    }
    // What the environment has may be another program's.
    let mut on = Vec::new();
    if let Ok(mut options) = Options::parse(OPTIONS, &args) {
        while let Some(letter) = options.next() {
            on.push(letter);
        }
    }
    let mut options = cx.parse(OPTIONS)?;
    let mut commands: Vec<Vec<u8>> = Vec::new();
    while let Some(letter) = options.next() {
        on.push(letter);
        if letter == b'p' {
            commands.push([b"/", options.bytes().as_slice()].concat());
        }
    }
    let mut files: Vec<OsString> = Vec::new();
    for word in std::mem::take(&mut options.operands) {
        match word.as_bytes().strip_prefix(b"+") {
            Some(command) => commands.push(command.strip_prefix(b"+").unwrap_or(command).to_vec()),
            None => files.push(word),
        }
    }
    if files.is_empty() {
        if terminal::is_terminal(cx.stdin) {
            return Err(Error::usage("which file?").with(Status::FAILURE));
        }
        files.push("-".into());
    }
    if !terminal::is_terminal(cx.stdout) {
        return copy(cx, &files);
    }
    let Some(keys) = screen::keyboard(cx) else { return copy(cx, &files) };
    if screen::is_dumb(cx) {
        return more::page(cx, &files, &commands, keys);
    }
    let mut first = 0;
    let source = loop {
        let Some(name) = files.get(first) else { return Ok(Status::FAILURE) };
        match open(cx, name, &keys) {
            Ok(source) => break source,
            Err(error) => cx.warn(error),
        }
        first += 1;
    };
    files.drain(..first);
    let copied = |fd: &OwnedFd| fd::duplicate_from(fd.as_fd(), 3);
    let input = copied(&keys).map_err(|e| Error::os("the terminal", e))?;
    let mut source = source;
    if on.contains(&b'F') && files.len() == 1 && fits(cx, &mut source, &on) {
        let mut line = Vec::new();
        let mut at = 0;
        while source.line(at, &mut line) {
            let style = Style { width: usize::MAX, chop: false, colours: is_raw(&on) };
            let mut row = Row::default();
            layout::draw(&mut row, &line, 0, 0, Style { width: 1 << 30, ..style }, None);
            row.bytes.push(b'\n');
            cx.put(&row.bytes)?;
            at += 1;
        }
        return Ok(cx.status());
    }
    let screen = Screen::open(cx, input, !on.contains(&b'X'))?;
    let mut less = Less {
        screen,
        keys,
        files,
        file: 0,
        source,
        named: true,
        top: (0, 0),
        shift: 0,
        on,
        pattern: None,
        backwards: false,
        searched: Vec::new(),
        marks: Vec::new(),
        message: Vec::new(),
        fresh: true,
        line: Vec::new(),
    };
    for command in &commands {
        less.start(cx, command);
    }
    less.go(cx);
    drop(less);
    Ok(cx.status())
}

fn is_raw(on: &[u8]) -> bool {
    on.contains(&b'R') || on.contains(&b'r')
}

/// Without a terminal it is cat.
fn copy(cx: &mut Ctx, files: &[OsString]) -> Result<Status, Error> {
    for name in files {
        let Some(fd) = cx.open_or_warn(name) else { continue };
        let mut lines = crate::sys::lines::Lines::new(fd);
        loop {
            match lines.block() {
                Ok(Some(block)) => cx.put(block)?,
                Ok(None) => break,
                Err(errno) => {
                    cx.warn(Error::os(show(name), errno));
                    break;
                }
            }
        }
    }
    Ok(cx.status())
}

fn open(cx: &Ctx, name: &OsStr, keys: &OwnedFd) -> Result<Source, Error> {
    let fd = cx.open(name)?;
    if nix::sys::stat::fstat(&fd).is_ok_and(|stat| stat.st_mode & libc::S_IFMT == libc::S_IFDIR) {
        return Err(Error::about(show(name), "is a directory"));
    }
    Ok(Source::new(fd, fd::duplicate_from(keys.as_fd(), 3).ok()))
}

/// Whether all of it can stand on one screen.
fn fits(cx: &Ctx, source: &mut Source, on: &[u8]) -> bool {
    let (rows, columns) = crate::sys::tty::size(cx.stdout).unwrap_or((24, 80));
    let width = usize::from(if columns == 0 { 80 } else { columns });
    let style = Style { width, chop: on.contains(&b'S'), colours: is_raw(on) };
    let most = usize::from(if rows == 0 { 24 } else { rows }).saturating_sub(1);
    let (mut used, mut at) = (0, 0);
    let mut line = Vec::new();
    source.patient = true;
    while source.line(at, &mut line) {
        used += layout::starts(&line, style).len();
        at += 1;
        if used > most {
            break;
        }
    }
    source.patient = false;
    used <= most && !source.is_open_pipe()
}

impl Less {
    fn style(&self) -> Style {
        let numbers = if self.on.contains(&b'N') { 8 } else { 0 };
        let width = self.screen.columns.saturating_sub(numbers).max(1);
        let chop = self.on.contains(&b'S') || self.shift > 0;
        Style { width, chop, colours: is_raw(&self.on) }
    }

    /// Rows of text on the screen.
    fn height(&self) -> usize {
        self.screen.rows - 1
    }

    fn starts(&mut self, number: usize) -> Option<Vec<usize>> {
        let mut line = std::mem::take(&mut self.line);
        let there = self.source.line(number, &mut line);
        let starts = layout::starts(&line, self.style());
        self.line = line;
        there.then_some(starts)
    }

    /// The place so many rows on, and how many there were.
    fn advance(&mut self, mut place: Place, count: usize) -> (Place, usize) {
        let mut moved = 0;
        while moved < count {
            let Some(starts) = self.starts(place.0) else { break };
            for start in starts.iter().chain([&usize::MAX]) {
                if *start > place.1 && moved < count {
                    place.1 = *start;
                    moved += 1;
                }
            }
            if place.1 == usize::MAX {
                place = (place.0 + 1, 0);
            }
        }
        (place, moved)
    }

    /// The place so many rows back.
    fn retreat(&mut self, mut place: Place, mut count: usize) -> Place {
        while count > 0 {
            let mut end = place.1;
            if end == 0 {
                let Some(before) = place.0.checked_sub(1) else { return (0, 0) };
                place.0 = before;
                end = usize::MAX;
            }
            let starts = self.starts(place.0).unwrap_or_default();
            place.1 = 0;
            for start in starts.iter().rev().filter(|start| **start < end) {
                place.1 = *start;
                count -= 1;
                if count == 0 {
                    break;
                }
            }
        }
        place
    }

    fn forward(&mut self, count: usize) {
        let height = self.height();
        let (bottom, shown) = self.advance(self.top, height);
        if shown == height {
            let (_, more) = self.advance(bottom, count);
            self.top = self.advance(self.top, more).0;
        }
    }

    fn is_at_end(&mut self) -> bool {
        let height = self.height();
        let (bottom, _) = self.advance(self.top, height);
        !self.source.has(bottom.0)
    }

    fn go_end(&mut self) {
        self.source.patient = true;
        let count = self.source.count();
        self.source.patient = false;
        let height = self.height();
        self.top = self.retreat((count, 0), height);
    }

    /// Puts a line on top, as far as there is enough below it.
    fn go_line(&mut self, number: usize) {
        if !self.source.has(number) {
            self.go_end();
            return;
        }
        self.top = (number, 0);
        let height = self.height();
        let (bottom, shown) = self.advance(self.top, height);
        if shown < height {
            self.top = self.retreat(bottom, height);
        }
    }

    fn draw(&mut self) {
        let height = self.height();
        let style = self.style();
        let mut rows = Vec::with_capacity(height + 1);
        let mut place = self.top;
        let mut line = std::mem::take(&mut self.line);
        while rows.len() < height && self.source.line(place.0, &mut line) {
            let starts = layout::starts(&line, style);
            for start in starts.iter().filter(|start| **start >= place.1) {
                if rows.len() == height {
                    break;
                }
                let mut row = Row::default();
                if self.on.contains(&b'N') {
                    let number = format!("{:7} ", place.0 + 1);
                    row.put(if *start == 0 { number.as_bytes() } else { b"        " }, 8);
                }
                layout::draw(&mut row, &line, *start, self.shift, style, self.pattern.as_ref());
                rows.push(row);
            }
            place = (place.0 + 1, 0);
        }
        self.line = line;
        while rows.len() < height {
            rows.push(Row::of(b"~", 1));
        }
        let prompt = self.prompt();
        let mut last = Row::default();
        if prompt == b":" {
            last.put(b":", 1);
        } else {
            last.put_reverse(&prompt, self.screen.columns - 1);
        }
        let column = last.width;
        rows.push(last);
        self.screen.draw(&rows, (height, column));
    }

    fn prompt(&mut self) -> Vec<u8> {
        if !self.message.is_empty() {
            return std::mem::take(&mut self.message);
        }
        let long = self.on.contains(&b'M');
        let middle = long || self.on.contains(&b'm');
        let mut text = Vec::new();
        let count = self.files.len();
        let name = self.files.get(self.file).cloned().unwrap_or_default();
        if (self.fresh || long) && name != "-" && self.named {
            text.extend_from_slice(name.as_bytes());
            text.push(b' ');
        }
        if (self.fresh || long) && count > 1 {
            text.extend_from_slice(format!("(file {} of {count}) ", self.file + 1).as_bytes());
        }
        self.fresh = false;
        let height = self.height();
        let (bottom, shown) = self.advance(self.top, height);
        if long && shown > 0 {
            let last = if bottom.1 == 0 { bottom.0 } else { bottom.0 + 1 };
            text.extend_from_slice(format!("lines {}-{last}", self.top.0 + 1).as_bytes());
            if !self.source.is_open_pipe() {
                text.extend_from_slice(format!("/{}", self.source.count()).as_bytes());
            }
            text.push(b' ');
        }
        if !self.source.has(bottom.0) {
            text.extend_from_slice(b"(END) ");
            if let Some(next) = self.files.get(self.file + 1) {
                text.extend_from_slice(b"- Next: ");
                text.extend_from_slice(next.as_bytes());
            }
        } else if middle && let Some(size) = self.source.size() {
            let at = self.source.offset(bottom.0) + bottom.1 as u64;
            text.extend_from_slice(format!("{}%", at.saturating_mul(100) / size).as_bytes());
        }
        while text.pop_if(|b| *b == b' ').is_some() {}
        if text.is_empty() { b":".to_vec() } else { text }
    }

    fn say(&mut self, text: &str) {
        self.message = text.as_bytes().to_vec();
    }

    /// A command of the command line, behind its `+`.
    fn start(&mut self, cx: &mut Ctx, command: &[u8]) {
        match command.split_first() {
            Some((b'/', pattern)) => self.search(pattern, 1, false, true),
            Some((b'G', b"")) => self.go_end(),
            Some((b'F', b"")) => self.follow(),
            Some((b'g', b"")) | None => {}
            _ => {
                let digits = command.strip_suffix(b"g").unwrap_or(command);
                match std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()) {
                    Some(number) => self.go_line(usize::saturating_sub(number, 1)),
                    None => {
                        for byte in command {
                            let _ = self.command(cx, Key::from(*byte), None);
                        }
                    }
                }
            }
        }
    }

    fn go(&mut self, cx: &mut Ctx) {
        let mut number: Option<usize> = None;
        let mut ends = 0;
        loop {
            if number.is_none() {
                self.draw();
            }
            // A pipe may have more for a screen that is not full.
            let waits = self.source.is_open_pipe() && self.is_at_end();
            let key = self.screen.key(waits.then_some(Duration::from_millis(200)));
            if matches!(key, keys::TIMEOUT | keys::RESIZE) {
                continue;
            }
            if let Some(digit) = char::from_u32(key).and_then(|c| c.to_digit(10)) {
                let old = number.unwrap_or(0);
                number = Some(old.saturating_mul(10).saturating_add(digit as usize));
                continue;
            }
            let before = self.top;
            if !self.command(cx, key, number.take()) {
                return;
            }
            // -e and -E: who goes on at the end leaves
            if self.top == before && matches!(key, 32 | 102 | 13 | 106 | 101 | keys::DOWN) {
                ends += 1;
            } else if self.top != before {
                ends = 0;
            }
            let leave =
                self.on.contains(&b'e') && ends >= 2 || self.on.contains(&b'E') && self.is_at_end();
            if leave && self.file + 1 == self.files.len() {
                return;
            }
        }
    }

    /// Does what a key says; false to end.
    fn command(&mut self, cx: &mut Ctx, key: Key, number: Option<usize>) -> bool {
        let height = self.height();
        let count = number.unwrap_or(1);
        let byte = u8::try_from(key).unwrap_or(0);
        match key {
            keys::HANGUP => return false,
            keys::ENTER | keys::DOWN => self.forward(count),
            keys::UP => self.top = self.retreat(self.top, count),
            keys::PAGE_DOWN => self.forward(number.unwrap_or(height)),
            keys::PAGE_UP => self.top = self.retreat(self.top, number.unwrap_or(height)),
            keys::HOME => self.go_line(number.unwrap_or(1).saturating_sub(1)),
            keys::END => self.go_end(),
            keys::RIGHT => {
                self.shift = self.shift.saturating_add(number.unwrap_or(self.screen.columns / 2));
                self.top.1 = 0;
            }
            keys::LEFT => {
                self.shift = self.shift.saturating_sub(number.unwrap_or(self.screen.columns / 2));
            }
            0x1a => {
                self.screen.suspend();
            }
            _ => match byte {
                b'q' | b'Q' => return false,
                b' ' | b'f' | 6 | 22 | b'z' => self.forward(number.unwrap_or(height)),
                b'j' | b'e' | 5 | 14 | 10 => self.forward(count),
                b'k' | b'y' | 25 | 16 | 11 => self.top = self.retreat(self.top, count),
                b'b' | 2 | b'w' => self.top = self.retreat(self.top, number.unwrap_or(height)),
                b'd' | 4 => self.forward(number.unwrap_or(height.div_ceil(2))),
                b'u' | 21 => {
                    self.top = self.retreat(self.top, number.unwrap_or(height.div_ceil(2)));
                }
                b'g' | b'<' => self.go_line(count.saturating_sub(1)),
                b'G' | b'>' => match number {
                    Some(number) => self.go_line(number.saturating_sub(1)),
                    None => self.go_end(),
                },
                b'%' | b'p' => {
                    let lines = self.source.count();
                    self.go_line(lines.saturating_mul(number.unwrap_or(0).min(100)) / 100);
                }
                b'F' => self.follow(),
                b'r' | 12 | b'R' => {
                    self.source.look_again();
                    self.screen.redraw();
                }
                b'=' | 7 => self.tell(),
                b'/' | b'?' | b'&' => {
                    let back = byte == b'?';
                    let searched = std::mem::take(&mut self.searched);
                    let typed = self.screen.ask(&[byte], &searched);
                    self.searched = searched;
                    if let Some(typed) = typed {
                        self.search(&typed, count, back, false);
                        if !typed.is_empty() {
                            self.searched.push(typed);
                        }
                    }
                }
                b'n' => self.find(count, self.backwards, false),
                b'N' => self.find(count, !self.backwards, false),
                b'm' => {
                    let key = self.screen.key(None);
                    self.marks.retain(|(letter, _)| *letter != key);
                    self.marks.push((key, self.top));
                }
                b'\'' => {
                    let key = self.screen.key(None);
                    let here = self.top;
                    let place = self.marks.iter().find(|(letter, _)| *letter == key);
                    match (key, place) {
                        (0x5e, _) => self.go_line(0),
                        (0x24, _) => self.go_end(),
                        (_, Some((_, place))) => self.top = *place,
                        _ => self.say("no such mark"),
                    }
                    self.marks.retain(|(letter, _)| *letter != 39);
                    self.marks.push((39, here));
                }
                b':' => match self.screen.key(None) {
                    0x6e => self.switch(cx, self.file.checked_add(count)),
                    0x70 => self.switch(cx, self.file.checked_sub(count)),
                    0x78 => self.switch(cx, count.checked_sub(1)),
                    0x71 | 0x51 => return false,
                    0x66 => self.tell(),
                    _ => {}
                },
                b'-' => {
                    let key = self.screen.key(None);
                    self.toggle(u8::try_from(key).unwrap_or(0));
                }
                b'h' | b'H' => self.help(),
                b'Z' => return self.screen.key(None) != Key::from(b'Z'),
                _ => {}
            },
        }
        true
    }

    fn toggle(&mut self, letter: u8) {
        if !b"NSRriIMmeEF".contains(&letter) {
            self.say("no such option");
            return;
        }
        let was = self.on.contains(&letter);
        self.on.retain(|on| *on != letter);
        if !was {
            self.on.push(letter);
        }
        self.top.1 = 0;
        let state = if was { "off" } else { "on" };
        self.message = format!("-{} is {state}", char::from(letter)).into_bytes();
    }

    fn tell(&mut self) {
        let height = self.height();
        let (bottom, _) = self.advance(self.top, height);
        let name = self.files.get(self.file).cloned().unwrap_or_default();
        let at = self.source.offset(bottom.0);
        let mut text = format!("{} lines {}-{}", show(&name), self.top.0 + 1, bottom.0);
        if !self.source.is_open_pipe() {
            text.push_str(&format!("/{}", self.source.count()));
        }
        text.push_str(&format!(" byte {at}"));
        if let Some(size) = self.source.size() {
            text.push_str(&format!("/{size} {}%", at.saturating_mul(100) / size));
        }
        self.message = text.into_bytes();
    }

    fn help(&mut self) {
        let mut rows = Vec::new();
        for line in HELP.split(|b| *b == b'\n').take(self.height()) {
            rows.push(Row::of(line, self.screen.columns));
        }
        rows.resize(self.height(), Row::default());
        let mut last = Row::default();
        last.put_reverse(b"press a key", self.screen.columns - 1);
        rows.push(last);
        self.screen.draw(&rows, (self.height(), 11));
        self.screen.key(None);
    }

    fn switch(&mut self, cx: &mut Ctx, to: Option<usize>) {
        let Some(name) = to.and_then(|to| self.files.get(to)).cloned() else {
            self.say(if to.is_some_and(|to| to > self.file) {
                "No next file"
            } else {
                "No previous file"
            });
            return;
        };
        match open(cx, &name, &self.keys) {
            Ok(source) => {
                self.source = source;
                self.file = to.unwrap_or(0);
                self.top = (0, 0);
                self.marks.clear();
                self.fresh = true;
            }
            Err(error) => self.message = error.to_string().into_bytes(),
        }
    }

    /// Compiles a pattern (an empty one is the last) and finds it.
    fn search(&mut self, pattern: &[u8], count: usize, back: bool, here: bool) {
        if !pattern.is_empty() {
            let capitals = pattern.iter().any(u8::is_ascii_uppercase);
            let icase = self.on.contains(&b'I') || self.on.contains(&b'i') && !capitals;
            match Regex::new(pattern, Flags { icase, ..Flags::EXTENDED }) {
                Ok(regex) => self.pattern = Some(regex),
                Err(text) => {
                    self.message = format!("{}: {text}", show_bytes(pattern)).into_bytes();
                    return;
                }
            }
        }
        self.backwards = back;
        self.find(count, back, here);
    }

    fn find(&mut self, mut count: usize, back: bool, here: bool) {
        let Some(pattern) = self.pattern.take() else {
            self.say("No previous regular expression");
            return;
        };
        let mut at = self.top.0;
        let mut line = std::mem::take(&mut self.line);
        let mut skip = !here;
        self.source.patient = true;
        let found = loop {
            if skip {
                let next = if back { at.checked_sub(1) } else { Some(at + 1) };
                let Some(next) = next else { break false };
                at = next;
            }
            skip = true;
            if !self.source.line(at, &mut line) {
                break false;
            }
            if pattern.is_match(&line) {
                count -= 1;
                if count == 0 {
                    break true;
                }
            }
            if at.is_multiple_of(100_000) && at > 0 && self.screen.has_key() {
                break false;
            }
        };
        self.source.patient = false;
        self.line = line;
        self.pattern = Some(pattern);
        if found {
            self.top = (at, 0);
        } else {
            self.say("Pattern not found");
        }
    }

    /// Shows what is added until a key is pressed.
    fn follow(&mut self) {
        loop {
            self.source.look_again();
            self.go_end();
            self.say("Waiting for data... (any key ends)");
            self.draw();
            match self.screen.key(Some(Duration::from_millis(500))) {
                keys::TIMEOUT | keys::RESIZE => {}
                _ => break,
            }
        }
        self.message.clear();
    }
}

/// Keys that control sends, for the pager that has no screen.
const QUIT: [Key; 4] = [b'q' as Key, b'Q' as Key, control(b'C'), keys::HANGUP];

/// Writes to the terminal.
fn tell(cx: &Ctx, bytes: &[u8]) {
    let _ = write_all(cx.stdout, bytes);
}
