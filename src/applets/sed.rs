//! sed: edit a stream of lines. POSIX, with GNU's commands and options.
//!
//! The script is read by [`crate::sed`]. A byte by its number (`\x5e`) is
//! never special in an expression.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::rc::Rc;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes, write_all};
use crate::blocks::Blocks;
use crate::regex::Regex;
use crate::sed::{Address, Argument, Command, Script, parse};
use crate::sys::search;

mod input;
mod substitution;

use substitution::{exit_code, visible};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "sed",
    summary: "edit lines by a script",
    usage: "[-nErsuz] [-i[SUFFIX]] SCRIPT [FILE...]\n\
            \x20      sed [OPTIONS] -e SCRIPT... | -f FILE... [FILE...]\n\
            \x20 -n      print only what the script prints\n\
            \x20 -E, -r  extended expressions\n\
            \x20 -i      change the files; keep old ones as FILESUFFIX\n\
            \x20 -s      each file has its own last line\n\
            \x20 -u      write every line at once\n\
            \x20 -z      lines end in NUL\n\
            \x20 -l N    width of what the command l prints",
    kind: Kind::Fork, // reading may block
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut text: Option<Vec<u8>> = None;
    let mut sed = Sed::default();
    let mut extended = false;
    let mut options = cx.parse(
        "n,quiet|silent e:expression f:file E,regexp-extended r i?in-place s,separate \
        u,unbuffered z,null-data l:line-length -p,posix -V,version -d,debug -S,sandbox \
        -F,follow-symlinks b,binary",
    )?;
    while let Some(letter) = options.next() {
        match letter {
            b'n' => sed.quiet = true,
            b'e' => add(&mut text, &options.bytes()),
            b'f' => {
                let name = options.value();
                let mut script = read_script(cx, &name)?;
                if script.last() == Some(&b'\n') {
                    script.pop();
                }
                add(&mut text, &script);
            }
            b'E' | b'r' => extended = true,
            b'i' => (sed.in_place, sed.separate) = (Some(options.bytes()), true),
            b's' => sed.separate = true,
            b'u' => sed.unbuffered = true,
            b'F' => sed.follow = true,
            b'z' => sed.end = 0,
            b'l' => {
                let width = options.number("not a width")?;
                sed.width = usize::try_from(width).unwrap_or(0);
            }
            // what configure scripts look for
            b'V' => {
                cx.put(b"This is not GNU sed version 4.0\n")?;
                return Ok(Status::OK);
            }
            _ => {}
        }
    }
    let mut operands = options.operands;
    let text = match text {
        Some(text) => text,
        None if operands.is_empty() => {
            return Err(Error::usage("no script").with(Status::FAILURE));
        }
        None => operands.remove(0).into_vec(),
    };
    let script = parse(&text, extended).map_err(|wrong| {
        Error::msg(format_args!("-e expression #1, char {}: {}", wrong.at, wrong.why))
    })?;
    sed.quiet |= script.quiet;
    if operands.is_empty() {
        operands.push("-".into());
    }
    sed.names = operands;
    for name in &script.files {
        let file = match name.as_slice() {
            b"/dev/stdout" => None,
            b"/dev/stderr" => Some(cx.stderr.try_clone_to_owned().map(File::from)),
            name => Some(File::create(OsStr::from_bytes(name))),
        };
        let file = match file {
            Some(Ok(file)) => Some(file),
            Some(Err(error)) => {
                return Err(Error::os(show_bytes(name), error).with(Status(4)));
            }
            None => None,
        };
        sed.files.push(Sink { file, end: sed.end, ..Sink::default() });
    }
    sed.out.end = sed.end;
    sed.starts = script.commands.iter().map(Range::of).collect();
    sed.active.clone_from(&sed.starts);
    let status = sed.all(cx, &script)?;
    for sink in &mut sed.files {
        sink.flush()?;
    }
    Ok(if status != 0 { Status(status) } else { Status(sed.status) })
}

fn add(text: &mut Option<Vec<u8>>, more: &[u8]) {
    match text {
        Some(text) => {
            text.push(b'\n');
            text.extend_from_slice(more);
        }
        None => *text = Some(more.to_vec()),
    }
}

fn read_script(cx: &Ctx, name: &OsStr) -> Result<Vec<u8>, Error> {
    let opened;
    let fd = if name == "-" {
        cx.stdin
    } else {
        opened = File::open(name).map_err(|e| Error::os(show(name), e))?;
        opened.as_fd()
    };
    let mut blocks = Blocks::new();
    while blocks.fill(fd).map_err(|e| Error::os(show(name), e))? {}
    Ok(blocks.bytes().to_vec())
}

/// Where lines are written. Without a file it is standard output.
#[derive(Default)]
struct Sink {
    file: Option<File>,
    buffer: Vec<u8>,
    /// The last line had no end, which it gets when something follows.
    open: bool,
    /// What ends lines.
    end: u8,
}

impl Sink {
    fn flush(&mut self) -> Result<(), Error> {
        if let Some(file) = &self.file {
            write_all(file.as_fd(), &self.buffer).map_err(|e| Error::os("write", e))?;
        }
        self.buffer.clear();
        Ok(())
    }

    fn put(&mut self, cx: &mut Ctx, bytes: &[u8], end: Option<u8>) -> Result<(), Error> {
        if self.file.is_none() {
            if self.open {
                cx.put(&[self.end])?;
            }
            cx.put(bytes)?;
            if let Some(end) = end {
                cx.put(&[end])?;
            }
        } else {
            if self.open {
                self.buffer.push(self.end);
            }
            self.buffer.extend_from_slice(bytes);
            self.buffer.extend(end);
            if self.buffer.len() > 64 * 1024 {
                self.flush()?;
            }
        }
        self.open = false;
        Ok(())
    }
}

/// How a command of two addresses stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Range {
    Outside,
    /// Inside, up to what the second address says.
    Inside,
    /// Inside, up to this line.
    Until(u64),
    /// It cannot begin again.
    Over,
}

impl Range {
    fn of(command: &Command) -> Range {
        match command.first {
            Some(Address::Line(0)) => Range::Inside,
            _ => Range::Outside,
        }
    }
}

/// What is printed at the end of a cycle.
enum Queued {
    Text(Vec<u8>),
    File(Vec<u8>),
}

/// How a cycle ends.
enum End {
    /// Print, if that is wanted, and read the next line.
    Normal,
    /// The next line without printing.
    Delete,
    /// Again with what is left of the lines.
    Restart,
    Quit(u8),
    QuitSilently(u8),
}

struct Sed {
    quiet: bool,
    separate: bool,
    /// A link that is edited stays one.
    follow: bool,
    unbuffered: bool,
    in_place: Option<Vec<u8>>,
    end: u8,
    width: usize,
    names: Vec<OsString>,
    /// The next of the names.
    next_name: usize,
    /// The file that is read; standard input is none.
    file: Option<File>,
    name: OsString,
    reading: bool,
    blocks: Blocks,
    line: u64,
    space: Vec<u8>,
    hold: Vec<u8>,
    /// As `ended`, of what is held.
    hold_ended: bool,
    spare: Vec<u8>,
    /// The line in the space ended in a newline.
    ended: bool,
    replaced: bool,
    queue: Vec<Queued>,
    /// Files of the command R, by name.
    sources: Vec<(Vec<u8>, Option<File>, Blocks)>,
    files: Vec<Sink>,
    out: Sink,
    temporary: Option<OsString>,
    active: Vec<Range>,
    /// How they stand before the first line.
    starts: Vec<Range>,
    last: Option<Rc<Regex>>,
    status: u8,
}

impl Default for Sed {
    fn default() -> Sed {
        Sed {
            quiet: false,
            separate: false,
            follow: false,
            unbuffered: false,
            in_place: None,
            end: b'\n',
            width: 70,
            names: Vec::new(),
            next_name: 0,
            file: None,
            name: "-".into(),
            reading: false,
            blocks: Blocks::new(),
            line: 0,
            space: Vec::new(),
            hold: Vec::new(),
            hold_ended: true,
            spare: Vec::new(),
            ended: true,
            replaced: false,
            queue: Vec::new(),
            sources: Vec::new(),
            files: Vec::new(),
            out: Sink::default(),
            temporary: None,
            active: Vec::new(),
            starts: Vec::new(),
            last: None,
            status: 0,
        }
    }
}

const NO_REGEX: &str = "no previous regular expression";

impl Sed {
    /// Runs the script on every line. Returns the exit status that it asks for.
    fn all(&mut self, cx: &mut Ctx, script: &Script) -> Result<u8, Error> {
        let mut status = 0;
        let mut restart = false;
        loop {
            if !restart && !self.read(cx, false)? {
                break;
            }
            restart = false;
            let end = self.cycle(cx, script)?;
            if matches!(end, End::Normal | End::Quit(_)) && !self.quiet {
                self.print(cx)?;
            }
            if !matches!(end, End::QuitSilently(_)) {
                self.flush_queue(cx)?;
            }
            if self.unbuffered {
                cx.flush()?;
            }
            match end {
                End::Restart => restart = true,
                End::Quit(code) | End::QuitSilently(code) => {
                    status = code;
                    break;
                }
                End::Normal | End::Delete => {}
            }
        }
        if self.reading {
            self.give_back(cx);
            self.close()?;
        }
        Ok(status)
    }

    fn print(&mut self, cx: &mut Ctx) -> Result<(), Error> {
        let end = self.ended.then_some(self.end);
        self.out.put(cx, &self.space, end)?;
        self.out.open = !self.ended;
        Ok(())
    }

    fn put(&mut self, cx: &mut Ctx, bytes: &[u8]) -> Result<(), Error> {
        self.out.put(cx, bytes, None)
    }

    /// The text of `i` and `c` ends as lines do; that of `a` by a newline (GNU).
    fn put_text(&mut self, cx: &mut Ctx, text: &[u8]) -> Result<(), Error> {
        match text.strip_suffix(b"\n") {
            Some(text) => self.out.put(cx, text, Some(self.end)),
            None => self.put(cx, text),
        }
    }

    fn flush_queue(&mut self, cx: &mut Ctx) -> Result<(), Error> {
        for queued in std::mem::take(&mut self.queue) {
            match queued {
                Queued::Text(text) => self.put(cx, &text)?,
                Queued::File(name) => {
                    let opened;
                    let fd = if name == b"/dev/stdin" || name == b"-" {
                        cx.stdin
                    } else {
                        let Ok(file) = File::open(OsStr::from_bytes(&name)) else { continue };
                        opened = file;
                        opened.as_fd()
                    };
                    let mut blocks = Blocks::new();
                    while let Ok(true) = blocks.fill(fd) {
                        let bytes = blocks.bytes();
                        self.out.put(cx, bytes, None)?;
                        blocks.take(bytes.len());
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes the space, or a part of it, to a file of the command w.
    fn write(&mut self, cx: &mut Ctx, file: usize, bytes: &[u8]) -> Result<(), Error> {
        let end = self.ended.then_some(self.end);
        let Some(sink) = self.files.get_mut(file) else { return Ok(()) };
        if sink.file.is_none() && self.temporary.is_none() {
            // standard output as the lines have it
            self.out.put(cx, bytes, end)?;
            self.out.open = end.is_none();
            return Ok(());
        }
        sink.put(cx, bytes, end)?;
        sink.open = end.is_none();
        // Others may read it while we go on.
        if sink.file.is_some() { sink.flush() } else { Ok(()) }
    }

    fn matches(&mut self, regex: &Option<Rc<Regex>>) -> Result<bool, Error> {
        let regex = self.regex(regex)?;
        Ok(regex.is_match(&self.space))
    }

    /// The expression, or the one used last; it is then the one used last.
    fn regex(&mut self, regex: &Option<Rc<Regex>>) -> Result<Rc<Regex>, Error> {
        if let Some(regex) = regex {
            self.last = Some(Rc::clone(regex));
        }
        self.last.clone().ok_or_else(|| Error::msg(NO_REGEX))
    }

    fn is_at(&mut self, cx: &mut Ctx, address: &Address) -> Result<bool, Error> {
        Ok(match address {
            Address::Line(line) => *line == self.line,
            Address::Step(first, step) => {
                self.line >= *first && (self.line - first).is_multiple_of(*step)
            }
            Address::Last => self.is_last(cx)?,
            Address::Regex(regex) => self.matches(regex)?,
            Address::Plus(_) | Address::Multiple(_) => false,
        })
    }

    fn selects(&mut self, cx: &mut Ctx, number: usize, c: &Command) -> Result<bool, Error> {
        let Some(first) = &c.first else { return Ok(true) };
        let Some(second) = &c.second else { return self.is_at(cx, first) };
        let line = self.line;
        let (inside, next) = match self.active.get(number).copied().unwrap_or(Range::Over) {
            Range::Over => (false, Range::Over),
            Range::Outside => {
                // Lines that other commands read may have gone past a number.
                let begins = match (first, second) {
                    (Address::Line(first), Address::Line(end)) if *end < line => line == *first,
                    (Address::Line(first), _) => line >= *first,
                    (first, _) => self.is_at(cx, first)?,
                };
                if !begins {
                    return Ok(false);
                }
                let next = match second {
                    Address::Line(end) if *end <= line => self.closed(first),
                    Address::Line(end) => Range::Until(*end),
                    Address::Plus(0) | Address::Multiple(0) => self.closed(first),
                    Address::Plus(more) => Range::Until(line.saturating_add(*more)),
                    Address::Multiple(n) => Range::Until((line / n + 1).saturating_mul(*n)),
                    Address::Last if self.is_last(cx)? => Range::Outside,
                    // as a number, the first such line from here on (GNU)
                    Address::Step(..) if self.is_at(cx, second)? => self.closed(first),
                    _ => Range::Inside,
                };
                (true, next)
            }
            Range::Until(end) => {
                let next = if line < end { Range::Until(end) } else { self.closed(first) };
                // Lines that other commands read may have gone past the end: of a
                // count the line behind it belongs to the range (GNU).
                (line <= end || !matches!(second, Address::Line(_)), next)
            }
            Range::Inside => {
                let over =
                    self.is_at(cx, second)? || matches!(second, Address::Line(end) if *end < line);
                (true, if over { self.closed(first) } else { Range::Inside })
            }
        };
        if let Some(range) = self.active.get_mut(number) {
            *range = next;
        }
        Ok(inside)
    }

    /// A range is over: one from a line does not come again.
    fn closed(&self, first: &Address) -> Range {
        match first {
            Address::Line(_) => Range::Over,
            _ => Range::Outside,
        }
    }

    fn cycle(&mut self, cx: &mut Ctx, script: &Script) -> Result<End, Error> {
        let mut at = 0;
        while let Some(c) = script.commands.get(at) {
            at += 1;
            let selected = self.selects(cx, at - 1, c)? != c.not;
            if !selected {
                if let (b'{', Argument::Jump(to)) = (c.letter, &c.argument) {
                    at = *to;
                }
                continue;
            }
            match (c.letter, &c.argument) {
                (b'=', _) => {
                    let text = format!("{}", self.line);
                    self.out.put(cx, text.as_bytes(), Some(self.end))?;
                }
                (b'a', Argument::Text(text)) => self.queue.push(Queued::Text(text.clone())),
                (b'i', Argument::Text(text)) => self.put_text(cx, text)?,
                (b'c', Argument::Text(text)) => {
                    let inside =
                        matches!(self.active.get(at - 1), Some(Range::Inside | Range::Until(_)));
                    if c.not || c.second.is_none() || !inside {
                        self.put_text(cx, text)?;
                    }
                    return Ok(End::Delete);
                }
                (b'b', Argument::Jump(to)) => at = *to,
                (b't' | b'T', Argument::Jump(to)) => {
                    let jumps = std::mem::take(&mut self.replaced) == (c.letter == b't');
                    at = if jumps { *to } else { at };
                }
                (b'd', _) => return Ok(End::Delete),
                (b'D', _) => {
                    let Some(end) = search::byte(&self.space, self.end) else {
                        return Ok(End::Delete);
                    };
                    self.space.drain(..=end);
                    return Ok(End::Restart);
                }
                (b'e', Argument::Text(text)) => self.evaluate(cx, text)?,
                (b'F', _) => {
                    self.out.put(cx, self.name.as_bytes(), Some(self.end))?;
                }
                (b'g', _) => {
                    self.space.clone_from(&self.hold);
                    self.ended = self.hold_ended;
                }
                (b'G', _) => {
                    self.space.push(self.end);
                    self.space.extend_from_slice(&self.hold);
                    self.ended = self.hold_ended;
                }
                (b'h', _) => {
                    self.hold.clone_from(&self.space);
                    self.hold_ended = self.ended;
                }
                (b'H', _) => {
                    self.hold.push(self.end);
                    self.hold.extend_from_slice(&self.space);
                    self.hold_ended = self.ended;
                }
                (b'x', _) => {
                    std::mem::swap(&mut self.space, &mut self.hold);
                    std::mem::swap(&mut self.ended, &mut self.hold_ended);
                }
                (b'l', Argument::Number(width)) => {
                    let width = width.map_or(self.width, |w| usize::try_from(w).unwrap_or(0));
                    let mut text = visible(&self.space, width);
                    for byte in text.iter_mut().filter(|b| **b == b'\n') {
                        *byte = self.end;
                    }
                    self.put(cx, &text)?;
                }
                (b'n', _) => {
                    if self.is_last(cx)? {
                        return Ok(self.no_more());
                    }
                    if !self.quiet {
                        self.print(cx)?;
                    }
                    self.flush_queue(cx)?;
                    let replaced = self.replaced;
                    if !self.read(cx, false)? {
                        return Ok(End::QuitSilently(0));
                    }
                    self.replaced = replaced;
                }
                (b'N', _) => {
                    if self.is_last(cx)? {
                        return Ok(self.no_more());
                    }
                    self.flush_queue(cx)?;
                    if !self.read(cx, true)? {
                        return Ok(End::Quit(0));
                    }
                }
                (b'p', _) => self.print(cx)?,
                (b'P', _) => {
                    let end = search::byte(&self.space, self.end);
                    match end.and_then(|end| self.space.get(..end)) {
                        Some(line) => self.out.put(cx, line, Some(self.end))?,
                        None => self.print(cx)?,
                    }
                }
                (b'q', Argument::Number(code)) => return Ok(End::Quit(exit_code(*code))),
                (b'Q', Argument::Number(code)) => return Ok(End::QuitSilently(exit_code(*code))),
                (b'r', Argument::Text(name)) => self.queue.push(Queued::File(name.clone())),
                (b'R', Argument::Text(name)) => {
                    if let Some(line) = self.line_of(name) {
                        self.queue.push(Queued::Text(line));
                    }
                }
                (b's', Argument::Substitution(s)) => self.substitute(cx, s)?,
                (b'w', Argument::File(file)) => {
                    let space = std::mem::take(&mut self.space);
                    self.write(cx, *file, &space)?;
                    self.space = space;
                }
                (b'W', Argument::File(file)) => {
                    let space = std::mem::take(&mut self.space);
                    let end = search::byte(&space, self.end);
                    let ended = self.ended;
                    self.ended |= end.is_some();
                    self.write(
                        cx,
                        *file,
                        space.get(..end.unwrap_or(space.len())).unwrap_or_default(),
                    )?;
                    (self.space, self.ended) = (space, ended);
                }
                (b'y', Argument::Map(map)) => {
                    for byte in &mut self.space {
                        *byte = map.get(usize::from(*byte)).copied().unwrap_or(*byte);
                    }
                }
                (b'y', Argument::Characters(pairs)) => {
                    let space = std::mem::take(&mut self.space);
                    for chunk in space.utf8_chunks() {
                        for c in chunk.valid().chars() {
                            let to = pairs.iter().find(|(from, _)| *from == c).map_or(c, |p| p.1);
                            self.space.extend_from_slice(to.encode_utf8(&mut [0; 4]).as_bytes());
                        }
                        self.space.extend_from_slice(chunk.invalid());
                    }
                }
                (b'z', _) => self.space.clear(),
                _ => {}
            }
        }
        Ok(End::Normal)
    }

    /// How a cycle ends when n and N find no line. The other files of -s and
    /// -i have their turn.
    fn no_more(&self) -> End {
        if self.separate && self.next_name < self.names.len() { End::Normal } else { End::Quit(0) }
    }

    /// The next line of a file of the command R.
    fn line_of(&mut self, name: &[u8]) -> Option<Vec<u8>> {
        let end = self.end;
        let at = self.sources.iter().position(|(known, ..)| known == name).unwrap_or_else(|| {
            let file = File::open(OsStr::from_bytes(name)).ok();
            self.sources.push((name.to_vec(), file, Blocks::new()));
            self.sources.len() - 1
        });
        let (_, file, blocks) = self.sources.get_mut(at)?;
        let file = file.as_ref()?;
        while search::byte(blocks.bytes(), end).is_none() {
            if !blocks.fill(file.as_fd()).unwrap_or(false) {
                break;
            }
        }
        let bytes = blocks.bytes();
        if bytes.is_empty() {
            return None;
        }
        let length = search::byte(bytes, end).unwrap_or(bytes.len());
        let line = bytes.get(..bytes.len().min(length + 1))?.to_vec();
        blocks.take(length + 1);
        Some(line)
    }
}
