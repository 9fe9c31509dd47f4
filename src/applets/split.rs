//! split: a file in pieces. POSIX, with GNU's `-d`, `-a`, `-n`, `-t`,
//! and `--additional-suffix`.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;

use nix::sys::stat::fstat;
use nix::unistd::Pid;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::size;
use crate::sys::lines::Lines;
use crate::sys::{self, command};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "split",
    summary: "a file in pieces",
    usage: "[-l N | -b N | -C N | -n N] [-dexu] [-a N] [-t C] [FILE [PREFIX]]\n\
            \x20 -l N  pieces of N lines (1000); -b N of N bytes: k, m, g behind it\n\
            \x20 -C N  of whole lines, N bytes at most\n\
            \x20 -n N  in N pieces, l/N of whole lines, r/N lines in turn; K/N, l/K/N, r/K/N shows one\n\
            \x20 -t C  lines end with C; -e no empty pieces\n\
            \x20 -a N  names end with N letters (2); -d with digits; -x with hexadecimal ones\n\
            \x20 --additional-suffix TEXT behind that; --verbose names them\n\
            \x20 --filter COMMAND  reads each piece; $FILE is its name",
    kind: Kind::Fork, // reading may block
    run,
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Lines,
    Bytes,
    LineBytes,
    Pieces,
    LinePieces,
    Turns,
}

/// The files that are written.
struct Pieces {
    prefix: Vec<u8>,
    digits: &'static [u8],
    length: usize,
    fixed: bool,
    ending: Vec<u8>,
    number: u64,
    opened: u64,
    held: Vec<u8>,
    verbose: bool,
    /// No file before there is something for it.
    late: bool,
    /// This one goes to standard output, and there are no files.
    only: Option<u64>,
    file: Option<(File, OsString)>,
    /// A command of the shell that reads them, and those that do.
    filter: Option<Vec<u8>>,
    children: Vec<(Pid, OsString)>,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    act(cx).map_err(|e| if e.is_usage() { e.with(Status::FAILURE) } else { e })
}

fn act(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "l:lines b:bytes C:line-bytes n:number a:suffix-length d -D?numeric-suffixes x \
         -X?hex-suffixes -s:additional-suffix -v,verbose e,elide-empty-files t:separator \
         u,unbuffered -f:filter #",
    )?;
    let (mut by, mut count) = (By::Lines, 1000u64);
    let mut end = b'\n';
    let mut pieces = Pieces {
        prefix: b"x".to_vec(),
        digits: b"abcdefghijklmnopqrstuvwxyz",
        length: 2,
        fixed: false,
        ending: Vec::new(),
        number: 0,
        opened: 0,
        held: Vec::new(),
        verbose: false,
        late: false,
        only: None,
        file: None,
        filter: None,
        children: Vec::new(),
    };
    while let Some(letter) = options.next() {
        match letter {
            b'l' | b'b' | b'C' | b'n' | b'#' => {
                let text = options.bytes();
                let mut digits = text.as_slice();
                by = match letter {
                    b'b' => By::Bytes,
                    b'C' => By::LineBytes,
                    b'n' => match digits {
                        [b'l', b'/', rest @ ..] => {
                            digits = rest;
                            By::LinePieces
                        }
                        [b'r', b'/', rest @ ..] => {
                            digits = rest;
                            By::Turns
                        }
                        _ => By::Pieces,
                    },
                    _ => By::Lines,
                };
                let bad = || Error::bad(show_bytes(&text), "not a number");
                if letter == b'n'
                    && let Some(slash) = memchr::memchr(b'/', digits)
                {
                    let (one, all) = digits.split_at(slash);
                    pieces.only = Some(size::count(one).filter(|n| *n > 0).ok_or_else(bad)?);
                    digits = all.get(1..).unwrap_or_default();
                }
                count = size::count(digits).filter(|n| *n > 0).ok_or_else(bad)?;
                if pieces.only.is_some_and(|one| one > count) {
                    return Err(bad());
                }
            }
            b'a' => {
                let length = options.number("not a length")?;
                // 0 is as many as it takes.
                pieces.fixed = length > 0;
                pieces.length = usize::try_from(length).unwrap_or(2).clamp(1, 100);
            }
            b'd' | b'D' | b'x' | b'X' => {
                let hex = matches!(letter, b'x' | b'X');
                pieces.digits = if hex { b"0123456789abcdef" } else { b"0123456789" };
                let text = options.bytes();
                if !text.is_empty() {
                    pieces.number = size::count(&text)
                        .ok_or_else(|| Error::bad(show_bytes(&text), "not a number"))?;
                }
            }
            b's' => pieces.ending = options.bytes(),
            b'e' => pieces.late = true,
            b't' => {
                let text = options.bytes();
                end = match text.as_slice() {
                    [byte] => *byte,
                    b"\\0" => 0,
                    _ => return Err(Error::bad(show_bytes(&text), "not one character")),
                };
            }
            b'u' => {}
            b'f' => {
                pieces.filter = Some(options.bytes());
                sys::process::ignore_broken_pipes();
            }
            _ => pieces.verbose = true,
        }
    }
    options.at_most(2)?;
    if pieces.filter.is_some() && pieces.only.is_some() {
        return Err(Error::usage("--filter is for all pieces, not for one"));
    }
    let mut operands = options.operands.into_iter();
    let name = operands.next().unwrap_or("-".into());
    if let Some(prefix) = operands.next() {
        pieces.prefix = prefix.as_bytes().to_vec();
    }
    let fd = cx.open(&name)?;
    let mut size = 0;
    if matches!(by, By::Pieces | By::LinePieces) {
        let status = fstat(&fd).map_err(|e| Error::os(show(&name), e))?;
        if status.st_mode & libc::S_IFMT != libc::S_IFREG {
            return Err(Error::about(show(&name), "the size is not known"));
        }
        size = u64::try_from(status.st_size).unwrap_or(0);
    }
    let mut lines = Lines::new(fd);
    let reading = |e: nix::errno::Errno| Error::os(show(&name), e);
    // Where each of so many pieces ends; the last one has what is left over.
    let stop_of = |n: u64| if n + 1 >= count { u64::MAX } else { size / count * (n + 1) };
    let mut done = 0u64;
    let mut held = 0u64;
    if by == By::Turns {
        return turns(cx, &mut pieces, lines, count, end, &name);
    }
    if matches!(by, By::Bytes | By::Pieces) {
        while let Some(block) = lines.block().map_err(reading)? {
            let mut rest = block;
            while !rest.is_empty() {
                let mut stop = match (by, pieces.opened) {
                    (_, 0) => 0,
                    (By::Bytes, opened) => opened.saturating_mul(count),
                    (_, opened) => stop_of(opened - 1),
                };
                while done >= stop {
                    pieces.start(cx)?;
                    stop = match by {
                        By::Bytes => pieces.opened.saturating_mul(count),
                        _ => stop_of(pieces.opened - 1),
                    };
                }
                let take = usize::try_from(stop - done).unwrap_or(usize::MAX).min(rest.len());
                let (part, behind) = rest.split_at(take);
                pieces.put(cx, part)?;
                done += part.len() as u64;
                rest = behind;
            }
        }
    } else {
        while let Some(line) = lines.next(end).map_err(reading)? {
            let mut line = line.to_vec();
            if lines.is_terminated() {
                line.push(end);
            }
            let mut rest = line.as_slice();
            while !rest.is_empty() {
                let length = rest.len() as u64;
                match by {
                    By::LinePieces => {
                        // A line belongs to the piece that it starts in.
                        while pieces.opened == 0 || done >= stop_of(pieces.opened - 1) {
                            pieces.start(cx)?;
                        }
                    }
                    _ => {
                        let more = if by == By::Lines { 1 } else { length };
                        if pieces.opened == 0 || held + more > count && held > 0 {
                            pieces.start(cx)?;
                            held = 0;
                        }
                        held += more;
                    }
                }
                // A line that no piece has room for is broken.
                let room = if by == By::LineBytes { count } else { u64::MAX };
                let take = usize::try_from(room).unwrap_or(usize::MAX).min(rest.len());
                let (part, behind) = rest.split_at(take);
                pieces.put(cx, part)?;
                done += part.len() as u64;
                rest = behind;
            }
        }
    }
    if matches!(by, By::Pieces | By::LinePieces) {
        while pieces.opened < count {
            pieces.start(cx)?;
        }
    }
    pieces.end(cx)?;
    Ok(cx.status())
}

/// Lines go to so many pieces in turn.
fn turns(
    cx: &mut Ctx,
    pieces: &mut Pieces,
    mut lines: Lines,
    count: u64,
    end: u8,
    name: &OsStr,
) -> Result<Status, Error> {
    let mut files: Vec<(BufWriter<File>, OsString)> = Vec::new();
    let mut turn = 0u64;
    while let Some(line) = lines.next(end).map_err(|e| Error::os(show(name), e))? {
        let mut line = line.to_vec();
        if lines.is_terminated() {
            line.push(end);
        }
        if let Some(only) = pieces.only {
            if turn + 1 == only {
                cx.put(&line)?;
            }
        } else {
            if files.len() as u64 == turn {
                files.push(pieces.create(cx)?);
            }
            if let Some((file, name)) = usize::try_from(turn).ok().and_then(|n| files.get_mut(n)) {
                pieces.written(file.write_all(&line), name)?;
            }
        }
        turn = (turn + 1) % count;
    }
    while pieces.only.is_none() && !pieces.late && (files.len() as u64) < count {
        files.push(pieces.create(cx)?);
    }
    for (mut file, name) in files {
        pieces.written(file.flush(), &name)?;
    }
    pieces.wait()?;
    Ok(cx.status())
}

impl Pieces {
    /// Ends a file and starts the next one.
    fn start(&mut self, cx: &mut Ctx) -> Result<(), Error> {
        self.end(cx)?;
        self.opened += 1;
        if self.only.is_none() && !self.late {
            self.open(cx)?;
        }
        Ok(())
    }

    fn open(&mut self, cx: &mut Ctx) -> Result<(), Error> {
        let (file, name) = self.create(cx)?;
        self.file =
            Some((file.into_inner().map_err(|e| Error::os(show(&name), e.into_error()))?, name));
        Ok(())
    }

    /// The file of the next name.
    fn create(&mut self, cx: &mut Ctx) -> Result<(BufWriter<File>, OsString), Error> {
        let base = self.digits.len() as u64;
        // When the names run out they get longer: after "yz" comes "zaaa".
        let mut number = self.number;
        let mut length = self.length as u32;
        let mut lead = Vec::new();
        let last = self.digits.last().copied().unwrap_or(b'z');
        if !self.fixed {
            while number >= (base - 1) * base.saturating_pow(length - 1) {
                number -= (base - 1) * base.saturating_pow(length - 1);
                lead.push(last);
                length += 1;
            }
        } else if number >= base.saturating_pow(length) {
            return Err(Error::msg("there are no more names; see -a"));
        }
        let mut letters = Vec::new();
        for _ in 0..length {
            let at = usize::try_from(number % base).unwrap_or(0);
            letters.push(self.digits.get(at).copied().unwrap_or(last));
            number /= base;
        }
        letters.reverse();
        let name = [&self.prefix[..], &lead, &letters, &self.ending].concat();
        let name = OsStr::from_bytes(&name).to_os_string();
        let file = match &self.filter {
            None => File::create(&name).map_err(|e| Error::os(show(&name), e))?,
            Some(filter) => {
                cx.flush()?;
                let failed = |e: nix::errno::Errno| Error::os(show_bytes(filter), e);
                let (reading, writing) = command::pipe().map_err(failed)?;
                let mut variable = OsString::from("FILE=");
                variable.push(&name);
                let others = cx.env.iter().filter(|v| !v.as_bytes().starts_with(b"FILE="));
                let mut environment = others.chain([variable.as_os_str()]);
                let fds = [reading.as_fd(), cx.stdout, cx.stderr];
                let pid = command::start(filter, &mut environment, fds).map_err(failed)?;
                self.children.push((pid, name.clone()));
                File::from(writing)
            }
        };
        if self.verbose {
            cx.print(format_args!("creating file '{}'\n", show(&name)))?;
        }
        self.number += 1;
        Ok((BufWriter::new(file), name))
    }

    fn put(&mut self, cx: &mut Ctx, bytes: &[u8]) -> Result<(), Error> {
        self.held.extend_from_slice(bytes);
        if self.held.len() < 64 * 1024 { Ok(()) } else { self.write(cx) }
    }

    fn write(&mut self, cx: &mut Ctx) -> Result<(), Error> {
        if let Some(only) = self.only {
            if only == self.opened {
                cx.put(&self.held)?;
            }
            self.held.clear();
            return Ok(());
        }
        if self.late && self.file.is_none() && !self.held.is_empty() {
            self.open(cx)?;
        }
        if let Some((file, name)) = &mut self.file {
            let done = file.write_all(&self.held);
            let name = name.clone();
            self.written(done, &name)?;
        }
        self.held.clear();
        Ok(())
    }

    /// A command need not read all.
    fn written(&self, done: std::io::Result<()>, name: &OsStr) -> Result<(), Error> {
        match done {
            Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe && self.filter.is_some() => Ok(()),
            done => done.map_err(|e| Error::os(show(name), e)),
        }
    }

    /// Waits for the commands, which have all to read.
    fn wait(&mut self) -> Result<(), Error> {
        for (pid, name) in std::mem::take(&mut self.children) {
            let status = match command::wait(pid) {
                Ok(0) | Err(libc::SIGPIPE) => continue,
                Ok(status) => Status(u8::try_from(status & 0xff).unwrap_or(1)),
                Err(signal) => Status::of_signal(signal),
            };
            let text = format!("the filter failed with status {}", status.0);
            return Err(Error::about(show(&name), &text).with(status));
        }
        Ok(())
    }

    fn end(&mut self, cx: &mut Ctx) -> Result<(), Error> {
        self.write(cx)?;
        self.file = None;
        self.wait()
    }
}
