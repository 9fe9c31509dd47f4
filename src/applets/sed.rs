//! sed: edit a stream of lines. POSIX, with GNU's commands and options.
//!
//! The script is read by [`crate::sed`]. A byte by its number (`\x5e`) is
//! never special in an expression.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::rc::Rc;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes, write_all};
use crate::blocks::Blocks;
use crate::regex::{Groups, Regex};
use crate::sed::{Address, Argument, Command, Part, Script, Substitution, parse};
use crate::sys::{command, search};

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

    /// After a quit: of standard input what was not used is left to who reads
    /// on. (Of a changed file the rest goes, as everywhere.)
    fn give_back(&self, cx: &Ctx) {
        if self.file.is_none()
            && let Ok(unread) = i64::try_from(self.blocks.bytes().len())
            && unread > 0
        {
            let _ = nix::unistd::lseek(cx.stdin, -unread, nix::unistd::Whence::SeekCur);
        }
    }

    fn fill(&mut self, cx: &mut Ctx) -> Result<bool, Error> {
        let fd = self.file.as_ref().map_or(cx.stdin, |file| file.as_fd());
        match self.blocks.fill(fd) {
            Ok(more) => Ok(more),
            Err(errno) => {
                let what = format!("couldn't read {}", show(&self.name));
                cx.warn(Error::os(what, errno));
                self.status = 2;
                Ok(false)
            }
        }
    }

    /// Opens the next file that can be. False when there is none.
    fn open(&mut self, cx: &mut Ctx) -> Result<bool, Error> {
        while let Some(name) = self.names.get(self.next_name).cloned() {
            self.next_name += 1;
            self.blocks.reset();
            let name = match std::fs::canonicalize(&name) {
                Ok(file) if self.follow && self.in_place.is_some() => file.into_os_string(),
                _ => name,
            };
            if name == "-" && self.in_place.is_none() {
                self.file = None;
            } else {
                let opened = File::open(&name);
                let opened = opened.and_then(|file| Ok((file.metadata()?, file)));
                match opened {
                    Ok((meta, _)) if meta.is_dir() => {
                        let why = if self.in_place.is_some() {
                            format!("couldn't edit {}: not a regular file", show(&name))
                        } else {
                            format!("read error on {}: Is a directory", show(&name))
                        };
                        cx.warn(why);
                        self.status = if self.in_place.is_some() { 4 } else { 2 };
                        continue;
                    }
                    Ok((meta, file)) => {
                        self.file = Some(file);
                        if self.in_place.is_some() {
                            self.begin(&name, &meta)?;
                        }
                    }
                    Err(error) => {
                        cx.warn(Error::os(format!("can't read {}", show(&name)), error));
                        self.status = 2;
                        continue;
                    }
                }
            }
            if self.separate {
                // As if sed were started anew for each.
                self.line = 0;
                self.hold.clear();
                self.sources.clear();
                self.active.clone_from(&self.starts);
            }
            self.name = name;
            self.reading = true;
            return Ok(true);
        }
        Ok(false)
    }

    /// Makes the file that is to replace `name`.
    fn begin(&mut self, name: &OsStr, meta: &std::fs::Metadata) -> Result<(), Error> {
        use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
        let fault = |e| Error::os(format!("couldn't open temporary file for {}", show(name)), e);
        for number in 0..1000 {
            let mut temporary = name.as_bytes().to_vec();
            let start = temporary.iter().rposition(|&b| b == b'/').map_or(0, |p| p + 1);
            temporary.truncate(start);
            temporary.extend_from_slice(b"sed");
            let id = nix::unistd::getpid().as_raw();
            let _ = write!(temporary, "{id}.{number}");
            let temporary = OsString::from_vec(temporary);
            let made = File::options().write(true).create_new(true).mode(0o600).open(&temporary);
            match made {
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(fault(e).with(Status(4))),
                Ok(file) => {
                    // The owner first: changing it takes set-user-ID away.
                    let _ = std::os::unix::fs::fchown(&file, Some(meta.uid()), Some(meta.gid()));
                    let mode = PermissionsExt::from_mode(meta.mode() & 0o7777);
                    file.set_permissions(mode).map_err(fault)?;
                    self.out = Sink { file: Some(file), end: self.end, ..Sink::default() };
                    self.temporary = Some(temporary);
                    return Ok(());
                }
            }
        }
        Err(fault(nix::errno::Errno::EEXIST.into()))
    }

    /// Ends the file that is read; puts a changed one in its place.
    fn close(&mut self) -> Result<(), Error> {
        self.reading = false;
        self.file = None;
        let Some(temporary) = self.temporary.take() else { return Ok(()) };
        self.out.flush()?;
        self.out = Sink { end: self.end, ..Sink::default() };
        if let Some(suffix) = self.in_place.as_deref().filter(|suffix| !suffix.is_empty()) {
            let name = self.name.as_bytes();
            let at = name.iter().rposition(|&b| b == b'/').map_or(0, |p| p + 1);
            let (folder, base) = name.split_at_checked(at).unwrap_or((b"", name));
            // `bak_*` is where the name goes; with a folder it goes there
            let mut kept = Vec::new();
            if suffix.contains(&b'*') {
                for byte in suffix {
                    if *byte == b'*' {
                        kept.extend_from_slice(base);
                    } else {
                        kept.push(*byte);
                    }
                }
            } else {
                kept.extend_from_slice(base);
                kept.extend_from_slice(suffix);
            }
            if !kept.contains(&b'/') {
                kept.splice(..0, folder.iter().copied());
            }
            let kept = OsString::from_vec(kept);
            std::fs::rename(&self.name, &kept).map_err(|e| Error::os(show(&kept), e))?;
        }
        std::fs::rename(&temporary, &self.name).map_err(|e| Error::os(show(&self.name), e))
    }

    /// Reads the next line into the space, or behind what is there. False
    /// when there is none.
    fn read(&mut self, cx: &mut Ctx, append: bool) -> Result<bool, Error> {
        loop {
            if !self.reading && !self.open(cx)? {
                return Ok(false);
            }
            let bytes = self.blocks.bytes();
            let found = search::byte(bytes, self.end);
            if found.is_none() && self.fill(cx)? {
                continue;
            }
            let bytes = self.blocks.bytes();
            if bytes.is_empty() {
                self.close()?;
                continue;
            }
            if append {
                self.space.push(self.end);
            } else {
                self.space.clear();
                self.replaced = false;
            }
            let length = found.unwrap_or(bytes.len());
            self.space.extend_from_slice(bytes.get(..length).unwrap_or_default());
            self.ended = found.is_some();
            self.blocks.take(length + 1);
            self.line += 1;
            return Ok(true);
        }
    }

    /// Whether no line follows.
    fn is_last(&mut self, cx: &mut Ctx) -> Result<bool, Error> {
        if !self.blocks.bytes().is_empty() || self.reading && self.fill(cx)? {
            return Ok(false);
        }
        if self.separate {
            return Ok(true);
        }
        // Empty files, and those that are not there, are passed over.
        while self.next_name < self.names.len() {
            let name = self.name.clone();
            if !self.open(cx)? {
                self.name = name;
                break;
            }
            if self.fill(cx)? || !self.blocks.bytes().is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
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

    /// Runs a command; without one the space is it, and becomes its output.
    fn evaluate(&mut self, cx: &mut Ctx, text: &[u8]) -> Result<(), Error> {
        let line = if text.is_empty() { self.space.clone() } else { text.to_vec() };
        cx.flush()?;
        let mut output = command::output(&line, &mut cx.env.iter(), [cx.stdin, cx.stderr])
            .map_err(|e| Error::os("cannot run a command", e))?;
        if text.is_empty() {
            if output.last() == Some(&self.end) {
                output.pop();
            }
            self.space = output;
            return Ok(());
        }
        self.out.put(cx, &output, None)
    }

    fn substitute(&mut self, cx: &mut Ctx, s: &Substitution) -> Result<(), Error> {
        let regex = self.regex(&s.regex)?;
        let wants_groups = s.parts.iter().any(|part| matches!(part, Part::Group(1..)));
        let mut groups: Groups = [None; 10];
        let mut result = std::mem::take(&mut self.spare);
        result.clear();
        let space = &self.space;
        let (mut at, mut copied) = (0, 0);
        let mut count = 0;
        let mut done = false;
        // where the match before ended: an empty one there is none
        let mut before = None;
        while at <= space.len() {
            let found = if wants_groups {
                if regex.captures(space, at, &mut groups) { groups[0] } else { None }
            } else {
                groups[0] = regex.find(space, at);
                groups[0]
            };
            let Some((start, end)) = found else { break };
            if start == end && before == Some(start) {
                at = start + 1;
                continue;
            }
            count += 1;
            before = Some(end);
            at = if start == end { end + 1 } else { end };
            if count >= s.number {
                result.extend_from_slice(space.get(copied..start).unwrap_or_default());
                expand(&mut result, &s.parts, space, &groups);
                copied = end;
                done = true;
                if !s.global {
                    break;
                }
            }
        }
        if !done {
            self.spare = result;
            return Ok(());
        }
        result.extend_from_slice(space.get(copied..).unwrap_or_default());
        self.spare = std::mem::replace(&mut self.space, result);
        self.replaced = true;
        if s.evaluate {
            self.evaluate(cx, b"")?;
        }
        for _ in 0..s.print {
            self.print(cx)?;
        }
        if let Some(file) = s.file {
            let space = std::mem::take(&mut self.space);
            self.write(cx, file, &space)?;
            self.space = space;
        }
        Ok(())
    }
}

fn exit_code(code: Option<u64>) -> u8 {
    u8::try_from(code.unwrap_or(0) & 255).unwrap_or(0)
}

/// Appends a replacement.
fn expand(out: &mut Vec<u8>, parts: &[Part], space: &[u8], groups: &Groups) {
    // The case of all that follows, and that of the next byte.
    let (mut case, mut once) = (b'E', b'E');
    for part in parts {
        let text = match part {
            Part::Text(text) => text.as_slice(),
            Part::Group(number) => {
                let span = groups.get(*number).copied().flatten();
                span.and_then(|(start, end)| space.get(start..end)).unwrap_or_default()
            }
            Part::Case(letter) => {
                match letter {
                    b'u' | b'l' => once = *letter,
                    letter => (case, once) = (*letter, b'E'),
                }
                continue;
            }
        };
        if case == b'E' && once == b'E' {
            out.extend_from_slice(text);
            continue;
        }
        for &byte in text {
            let now = if once == b'E' { case } else { once };
            once = b'E';
            out.push(match now {
                b'U' | b'u' => byte.to_ascii_uppercase(),
                b'L' | b'l' => byte.to_ascii_lowercase(),
                _ => byte,
            });
        }
    }
}

/// What the command l prints.
fn visible(space: &[u8], width: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut column = 0;
    for &byte in space {
        let mut piece = Vec::new();
        match byte {
            b'\\' => piece.extend_from_slice(b"\\\\"),
            7 => piece.extend_from_slice(b"\\a"),
            8 => piece.extend_from_slice(b"\\b"),
            12 => piece.extend_from_slice(b"\\f"),
            b'\n' => piece.extend_from_slice(b"\\n"),
            b'\r' => piece.extend_from_slice(b"\\r"),
            b'\t' => piece.extend_from_slice(b"\\t"),
            11 => piece.extend_from_slice(b"\\v"),
            32..=126 => piece.push(byte),
            byte => piece.extend_from_slice(format!("\\{byte:03o}").as_bytes()),
        }
        if width > 1 && column + piece.len() > width - 1 {
            out.extend_from_slice(b"\\\n");
            column = 0;
        }
        column += piece.len();
        out.extend_from_slice(&piece);
    }
    out.extend_from_slice(b"$\n");
    out
}
