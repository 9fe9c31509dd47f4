//! ed: the editor for lines. POSIX, with GNU's W, wq, x, y, z, flag I, %, and
//! messages.
//!
//! Deviations: a change inside `g` cannot be undone alone (POSIX); what a
//! shell command prints goes to the terminal as it is.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;

use crate::applet::{Applet, Ctx, Error, Kind, Status};
use crate::sys::signal::{self, Disposition};
use crate::sys::{descriptor, terminal};

mod address;
mod buffer;
mod command;
mod file;
mod print;
mod substitute;

use buffer::Buffer;
use substitute::{Pattern, Substitution};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "ed",
    summary: "edit lines of text",
    usage: "[-ElqrsvG] [-p PROMPT] [FILE | !COMMAND]\n\
            \x20 -s  no counts of bytes, no ! behind commands     -q  no messages\n\
            \x20 -p  a prompt      -v  explain errors (H)         -l  status 0 in spite of errors\n\
            \x20 -E  extended regular expressions                 -r  only files of this folder\n\
            \x20 a i c . d p n l = s/RE/TEXT/gINpln m t j k g v G V r w W wq e E f u x y z h H P ! q Q\n\
            \x20 addresses: N . $ 'x /RE/ ?RE? +N -N , ; %",
    kind: Kind::Exec, // talks to the terminal, catches signals
    run,
};

/// What ends a command early: words for `h`.
type Fault = &'static str;

const MODIFIED: Fault = "Warning: buffer modified";

/// The editor.
struct Editor {
    buffer: Buffer,
    input: Input,
    file: Vec<u8>,
    extended: bool,
    silent: bool,
    quiet: bool,
    restricted: bool,
    explain: bool,
    prompt: Vec<u8>,
    prompting: bool,
    /// What went wrong last.
    message: Fault,
    /// A command that would lose changes was refused; again it is done.
    warned: bool,
    pattern: Option<Pattern>,
    substitution: Option<Substitution>,
    shell: Vec<u8>,
    window: usize,
    /// The commands of `g`, and how far they are done.
    script: Option<(Vec<u8>, usize)>,
}

/// Standard input. What is behind a line is left for the commands of the shell:
/// of a file more can be read, and given back.
struct Input {
    bytes: Vec<u8>,
    at: usize,
    block: usize,
}

/// What came of reading a line.
enum Got {
    Line(Vec<u8>),
    /// The end, with or without bytes that are no whole line.
    End(bool),
    /// A signal.
    Interrupt,
    Failed,
}

impl Input {
    fn new(cx: &Ctx) -> Input {
        let fd = cx.stdin.as_raw_fd();
        // a terminal gives no more than a line at once
        let ahead = descriptor::can_seek(fd) || descriptor::is_terminal(fd);
        Input { bytes: Vec::new(), at: 0, block: if ahead { 4096 } else { 1 } }
    }

    /// Gives back what was read too far.
    fn settle(&mut self, cx: &Ctx) {
        let left = self.bytes.len().saturating_sub(self.at);
        if left > 0 && descriptor::seek_back(cx.stdin.as_raw_fd(), left).is_ok() {
            self.bytes.clear();
            self.at = 0;
        }
    }

    fn line(&mut self, fd: BorrowedFd<'_>) -> Got {
        let mut line = Vec::new();
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            if let Some(end) = memchr::memchr(b'\n', rest) {
                line.extend_from_slice(rest.get(..end).unwrap_or_default());
                self.at += end + 1;
                return Got::Line(line);
            }
            line.extend_from_slice(rest);
            self.at = 0;
            self.bytes.resize(self.block, 0);
            match nix::unistd::read(fd, &mut self.bytes) {
                Ok(count) => self.bytes.truncate(count),
                Err(Errno::EINTR) => {
                    self.bytes.clear();
                    if signal::any() {
                        return Got::Interrupt;
                    }
                    continue;
                }
                Err(_) => {
                    self.bytes.clear();
                    return Got::Failed;
                }
            }
            if self.bytes.is_empty() {
                return Got::End(!line.is_empty());
            }
        }
    }
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx
        .parse(
            "E,extended-regexp G,traditional l,loose-exit-status p:prompt q,quiet|silent \
             r,restricted s,script v,verbose -S,strip-trailing-cr",
        )
        .map_err(|e| e.with(Status::FAILURE))?;
    let mut ed = Editor {
        buffer: Buffer::default(),
        input: Input::new(cx),
        file: Vec::new(),
        extended: false,
        silent: false,
        quiet: false,
        restricted: false,
        explain: false,
        prompt: b"*".to_vec(),
        prompting: false,
        message: "",
        warned: false,
        pattern: None,
        substitution: None,
        shell: Vec::new(),
        window: 22,
        script: None,
    };
    let mut loose = false;
    let mut strip = false;
    while let Some(letter) = options.next() {
        match letter {
            b'E' => ed.extended = true,
            b'l' => loose = true,
            b'p' => {
                ed.prompt = options.bytes();
                ed.prompting = true;
            }
            b'q' => ed.quiet = true,
            b'r' => ed.restricted = true,
            b's' => ed.silent = true,
            b'v' => ed.explain = true,
            b'S' => strip = true,
            _ => {}
        }
    }
    let mut operands = options.operands.as_slice();
    // POSIX's old form of -s
    if let [first, rest @ ..] = operands
        && first == "-"
    {
        ed.silent = true;
        operands = rest;
    }
    if operands.len() > 1 {
        return Err(Error::usage("one file is edited").with(Status::FAILURE));
    }
    let _ = signal::set(libc::SIGINT, Disposition::Catch);
    let _ = signal::set(libc::SIGHUP, Disposition::Catch);
    let _ = signal::set(libc::SIGQUIT, Disposition::Ignore);
    let mut failed = false;
    if let Some(name) = operands.first() {
        let read = ed.read(cx, name.as_bytes(), 0)?;
        if !name.as_bytes().starts_with(b"!") {
            ed.file = name.as_bytes().to_vec();
        }
        if let Err(fault) = read {
            ed.message = fault;
            failed = ed.restricted;
        }
        if strip {
            ed.strip();
        }
        ed.buffer.settle();
    }
    ed.work(cx, loose, failed)
}

impl Editor {
    /// Takes carriage returns off the ends of lines.
    fn strip(&mut self) {
        for line in 1..=self.buffer.last() {
            if let Some(text) = self.buffer.text(line).strip_suffix(b"\r") {
                let text = text.into();
                self.buffer.replace(line, &[text]);
            }
        }
        let last = self.buffer.last();
        self.buffer.go(last);
    }

    /// POSIX: the `?` and what explains it are part of the output.
    fn answer(&self, cx: &mut Ctx, text: &str) -> Result<(), Error> {
        cx.put(text.as_bytes())?;
        cx.put(b"\n")
    }

    fn complain(&self, cx: &mut Ctx, text: &str) -> Result<(), Error> {
        cx.flush()?;
        let _ = crate::applet::write_all(cx.stderr, text.as_bytes());
        let _ = crate::applet::write_all(cx.stderr, b"\n");
        Ok(())
    }

    /// Runs commands until the end. Returns the exit status.
    fn work(&mut self, cx: &mut Ctx, loose: bool, failed: bool) -> Result<Status, Error> {
        let regular = nix::sys::stat::fstat(cx.stdin)
            .is_ok_and(|stat| stat.st_mode & libc::S_IFMT == libc::S_IFREG);
        let mut status = Status::OK;
        let mut number = 0u64;
        let mut wrong = failed;
        loop {
            if wrong && self.explain {
                self.answer(cx, self.message)?;
            }
            if self.prompting {
                let prompt = self.prompt.clone();
                cx.put(&prompt)?;
            }
            cx.flush()?;
            let line = match self.input.line(cx.stdin) {
                Got::Line(line) => line,
                Got::Failed => return Ok(Status(2)),
                Got::Interrupt => {
                    if self.interrupted(cx)? {
                        return Ok(Status::FAILURE);
                    }
                    wrong = true;
                    continue;
                }
                Got::End(true) => {
                    self.message = "Unexpected end-of-file";
                    wrong = true;
                    continue;
                }
                Got::End(false) => {
                    if !self.buffer.modified || self.warned {
                        return Ok(if loose { Status::OK } else { status });
                    }
                    self.answer(cx, "?")?;
                    self.message = MODIFIED;
                    self.warned = true;
                    wrong = true;
                    status = Status(2);
                    if regular {
                        return Ok(if loose { Status::OK } else { status });
                    }
                    continue;
                }
            };
            number += 1;
            self.buffer.begin();
            let warned = std::mem::take(&mut self.warned);
            match self.execute(cx, line, warned)? {
                Ok(false) => wrong = false,
                Ok(true) => return Ok(if loose { Status::OK } else { status }),
                Err(fault) => {
                    self.script = None;
                    self.message = fault;
                    self.answer(cx, "?")?;
                    if status == Status::OK {
                        status = Status::FAILURE;
                    }
                    if regular {
                        if self.explain {
                            self.complain(cx, &format!("script, line {number}: {fault}"))?;
                        }
                        return Ok(if loose { Status::OK } else { Status::FAILURE });
                    }
                    wrong = true;
                }
            }
        }
    }

    /// A signal came. Returns whether that is the end: the line hung up.
    fn interrupted(&mut self, cx: &mut Ctx) -> Result<bool, Error> {
        let mut hung_up = false;
        while let Some(signal) = signal::take() {
            hung_up |= signal == libc::SIGHUP;
        }
        self.script = None;
        if hung_up {
            if self.buffer.modified && self.buffer.last() > 0 {
                let last = self.buffer.last();
                let _ = self.write(cx, b"ed.hup", 1, last, false);
            }
            return Ok(true);
        }
        self.complain(cx, "\n?")?;
        self.message = "Interrupt";
        Ok(false)
    }

    /// The next line of commands: of `g`, or of standard input. Nothing at the
    /// end of them.
    fn next_line(&mut self, cx: &mut Ctx) -> Result<Option<Vec<u8>>, Error> {
        if let Some((text, at)) = &mut self.script {
            let Some(rest) = text.get(*at..).filter(|rest| !rest.is_empty()) else {
                return Ok(None);
            };
            let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            *at += end + 1;
            return Ok(rest.get(..end).map(<[u8]>::to_vec));
        }
        cx.flush()?;
        match self.input.line(cx.stdin.as_fd()) {
            Got::Line(line) => Ok(Some(line)),
            _ => Ok(None),
        }
    }

    /// Columns that `l` fills.
    fn columns(&self, cx: &Ctx) -> usize {
        terminal::columns(cx.stdout).filter(|&columns| columns > 8).unwrap_or(72)
    }
}
