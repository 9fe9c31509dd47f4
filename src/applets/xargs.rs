//! xargs: build command lines from standard input. POSIX, with GNU's
//! `-0 -a -d -P -r -o` and busybox's `-e -i -l`.

use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, read};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, write_all};
use crate::fsutil::spawn::{Input, Place, start};
use crate::sys;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "xargs",
    summary: "run a command with words of standard input as arguments",
    usage: "[-0rtpxo] [-n N] [-L N] [-s N] [-P N] [-I TEXT] [-d C] [-E WORD] [-a FILE]\n\
            \x20             [COMMAND [ARG...]]\n\
            \x20 -0, -d C  words end with NUL, with C; otherwise blanks and quotes count\n\
            \x20 -n, -L N  at most so many words, lines a command      -s N  so many bytes\n\
            \x20 -I TEXT   one command a line, the line in place of TEXT (-i: {})\n\
            \x20 -P N      so many at a time (0: as many as can be)\n\
            \x20 -r        no command without input     -x  end when a line is too long\n\
            \x20 -t, -p    print each command; ask first    -o  the terminal as its input\n\
            \x20 -E WORD   this word ends the input         -a FILE  instead of standard input",
    kind: Kind::Fork, // runs programs
    run,
};

#[derive(Default)]
struct Choice {
    end: Option<u8>,
    words: Option<u64>,
    lines: Option<u64>,
    bytes: usize,
    at_once: usize,
    replace: Option<Vec<u8>>,
    empty_runs: bool,
    trace: bool,
    ask: bool,
    exact: bool,
    terminal: bool,
    eof: Option<Vec<u8>>,
    command: Vec<OsString>,
}

/// As much as GNU takes.
const BYTES: usize = 128 * 1024;

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut c = Choice { bytes: BYTES, at_once: 1, empty_runs: true, ..Choice::default() };
    let mut file = None;
    let fail = |e: Error| e.with(Status::FAILURE);
    let mut options = cx
        .parse(
            "+0,null a:arg-file d:delimiter E: e?eof I: i?replace L: l?max-lines n:max-args \
            P:max-procs p,interactive r,no-run-if-empty s:max-chars t,verbose x,exit o,open-tty \
            -1:process-slot-var -2,show-limits",
        )
        .map_err(fail)?;
    while let Some(letter) = options.next() {
        match letter {
            b'0' => c.end = Some(0),
            b'a' => file = Some(options.value()),
            b'd' => c.end = Some(delimiter(&options.bytes())?),
            b'E' => c.eof = Some(options.bytes()).filter(|word| !word.is_empty()),
            b'e' => {
                let word = options.optional().map(OsStringExt::into_vec);
                c.eof = word.filter(|word| !word.is_empty());
            }
            b'I' => (c.replace, c.words, c.lines) = (Some(options.bytes()), None, None),
            b'i' => {
                let text = options.optional().map(OsStringExt::into_vec);
                (c.words, c.lines) = (None, None);
                c.replace = Some(text.filter(|t| !t.is_empty()).unwrap_or_else(|| b"{}".to_vec()));
            }
            b'L' => {
                c.lines = Some(least(&mut options, 1)?);
                (c.words, c.replace) = (None, None);
            }
            b'l' => {
                let text = options.optional().unwrap_or_else(|| "1".into());
                let lines = crate::options::number(&text).filter(|n| *n > 0);
                let wrong = || fail(Error::bad(show(&text), "not a number of lines"));
                c.lines = Some(lines.ok_or_else(wrong)?);
                (c.words, c.replace) = (None, None);
            }
            b'n' => {
                c.words = Some(least(&mut options, 1)?);
                c.lines = None;
                // GNU: -n 1 and -I are one word either way
                if c.words != Some(1) {
                    c.replace = None;
                }
            }
            b'P' => {
                let number = usize::try_from(least(&mut options, 0)?).unwrap_or(0);
                c.at_once = if number == 0 { usize::MAX } else { number };
            }
            b'p' => (c.ask, c.trace) = (true, true),
            b'r' => c.empty_runs = false,
            b's' => {
                let number = usize::try_from(least(&mut options, 1)?).unwrap_or(BYTES);
                c.bytes = number.min(1 << 20);
            }
            b't' => c.trace = true,
            b'x' => c.exact = true,
            b'o' => c.terminal = true,
            _ => {}
        }
    }
    c.command = std::mem::take(&mut options.operands);
    if c.command.is_empty() {
        c.command.push("echo".into());
    }
    let opened: OwnedFd;
    let mut input = cx.stdin;
    if let Some(name) = &file {
        let found = sys::path::open(name.as_os_str(), OFlag::O_RDONLY);
        opened = found.map_err(|e| Error::os(show(name), e))?;
        input = opened.as_fd();
    }
    let own_input = file.is_some();
    let mut runner = Runner { c: &c, running: Vec::new(), status: Status::OK, own_input };
    let mut reader = Reader { fd: input, buffer: Vec::new(), at: 0, done: false };
    let ended = feed(cx, &c, &mut runner, &mut reader);
    // What runs is waited for, whatever happened.
    while runner.wait_one()? {}
    match ended {
        Err(error) => Err(error),
        Ok(()) => Ok(runner.status),
    }
}

/// A number that is at least that.
fn least(options: &mut crate::options::Options, least: u64) -> Result<u64, Error> {
    let number = options.number("not a number").map_err(|e| e.with(Status::FAILURE))?;
    if number < least {
        return Err(Error::usage(format_args!("{number}: too small")).with(Status::FAILURE));
    }
    Ok(number)
}

/// A byte, `\n`, `\0`, `\x41`, `\101`.
fn delimiter(text: &[u8]) -> Result<u8, Error> {
    let mut out = Vec::new();
    match text {
        [byte] => return Ok(*byte),
        [b'\\', rest @ ..] if crate::directive::escape(&mut out, rest, true).is_empty() => {}
        _ => out.clear(),
    }
    match out.as_slice() {
        [byte] => Ok(*byte),
        _ => {
            let name = crate::applet::show_bytes(text);
            Err(Error::bad(name, "not one byte").with(Status::FAILURE))
        }
    }
}

/// Reads words and runs commands with them.
fn feed(cx: &mut Ctx, c: &Choice, runner: &mut Runner, reader: &mut Reader) -> Result<(), Error> {
    let base: usize = c.command.iter().map(|word| word.len() + 1).sum();
    let mut words: Vec<OsString> = Vec::new();
    let (mut bytes, mut lines, mut ran) = (base, 0, false);
    let mut item = Vec::new();
    let too_long = || Error::msg("argument line too long");
    loop {
        let found = reader.item(c, &mut item)?;
        let Found::Word { line_end } = found else { break };
        if let Some(mark) = &c.replace {
            let words = replaced(&c.command, mark, &item);
            if words.iter().map(|word| word.len() + 1).sum::<usize>() > c.bytes {
                return Err(too_long());
            }
            runner.run(cx, words)?;
            ran = true;
            continue;
        }
        let length = item.len() + 1;
        if bytes + length > c.bytes && !words.is_empty() {
            if c.exact && (c.words.is_some() || c.lines.is_some()) {
                return Err(too_long());
            }
            runner.run(cx, with(&c.command, &mut words))?;
            (bytes, lines, ran) = (base, 0, true);
        }
        if bytes + length > c.bytes {
            return Err(too_long());
        }
        bytes += length;
        words.push(OsString::from_vec(item.clone()));
        lines += u64::from(line_end);
        let full = c.words.is_some_and(|most| words.len() as u64 >= most)
            || c.lines.is_some_and(|most| lines >= most);
        if full {
            runner.run(cx, with(&c.command, &mut words))?;
            (bytes, lines, ran) = (base, 0, true);
        }
    }
    if !words.is_empty() || !ran && c.empty_runs && c.replace.is_none() {
        runner.run(cx, with(&c.command, &mut words))?;
    }
    Ok(())
}

/// The command with the words behind it.
fn with(command: &[OsString], words: &mut Vec<OsString>) -> Vec<OsString> {
    let mut all = command.to_vec();
    all.append(words);
    all
}

/// The command with `item` in place of the mark.
fn replaced(command: &[OsString], mark: &[u8], item: &[u8]) -> Vec<OsString> {
    let mut all = Vec::new();
    for word in command {
        let mut out = Vec::new();
        let mut rest = word.as_bytes();
        while !mark.is_empty()
            && let Some(at) = rest.windows(mark.len()).position(|part| part == mark)
        {
            out.extend_from_slice(rest.get(..at).unwrap_or_default());
            out.extend_from_slice(item);
            rest = rest.get(at + mark.len()..).unwrap_or_default();
        }
        out.extend_from_slice(rest);
        all.push(OsString::from_vec(out));
    }
    all
}

/// What the input gave.
enum Found {
    /// A word; whether it is the last of its line.
    Word { line_end: bool },
    /// Nothing more.
    End,
}

/// Standard input, a byte at a time out of a buffer.
struct Reader<'a> {
    fd: BorrowedFd<'a>,
    buffer: Vec<u8>,
    at: usize,
    done: bool,
}

impl Reader<'_> {
    fn byte(&mut self) -> Result<Option<u8>, Error> {
        if self.at >= self.buffer.len() {
            if self.done {
                return Ok(None);
            }
            self.buffer.resize(64 * 1024, 0);
            let count = loop {
                match read(self.fd, &mut self.buffer) {
                    Ok(count) => break count,
                    Err(Errno::EINTR) => {}
                    Err(errno) => return Err(Error::os("standard input", errno)),
                }
            };
            self.buffer.truncate(count);
            self.at = 0;
            if count == 0 {
                self.done = true;
                return Ok(None);
            }
        }
        self.at += 1;
        Ok(self.buffer.get(self.at - 1).copied())
    }

    /// Reads the next word into `item`.
    fn item(&mut self, c: &Choice, item: &mut Vec<u8>) -> Result<Found, Error> {
        item.clear();
        if let Some(end) = c.end {
            let mut any = false;
            while let Some(byte) = self.byte()? {
                any = true;
                if byte == end {
                    break;
                }
                item.push(byte);
            }
            return Ok(if any { Found::Word { line_end: true } } else { Found::End });
        }
        let whole_lines = c.replace.is_some();
        let mut quote = None;
        let mut begun = false;
        let mut line_end = false;
        loop {
            let Some(byte) = self.byte()? else {
                if let Some(quote) = quote {
                    let name = if quote == b'"' { "double" } else { "single" };
                    return Err(Error::msg(format_args!(
                        "unmatched {name} quote; by default quotes are special (-0, -d)"
                    )));
                }
                if !begun {
                    return Ok(Found::End);
                }
                line_end = true;
                break;
            };
            match byte {
                _ if quote == Some(byte) => quote = None,
                b'\n' if quote.is_some() => {
                    return Err(Error::msg(
                        "unmatched quote; by default quotes are special (-0, -d)",
                    ));
                }
                _ if quote.is_some() => item.push(byte),
                b'\'' | b'"' => (quote, begun) = (Some(byte), true),
                b'\\' => {
                    begun = true;
                    item.extend(self.byte()?);
                }
                b'\n' if !begun => {}
                b'\n' => {
                    line_end = true;
                    break;
                }
                b' ' | b'\t' if !begun => {}
                // At the end of a line it joins it with the next one (POSIX).
                b' ' | b'\t' if !whole_lines => break,
                // GNU takes vertical tabs and the like as blanks as well
                11..=13 if !whole_lines && !begun => {}
                _ => {
                    begun = true;
                    item.push(byte);
                }
            }
        }
        if c.eof.as_ref() == Some(item) {
            // The rest is not read.
            self.done = true;
            self.at = self.buffer.len();
            return Ok(Found::End);
        }
        Ok(Found::Word { line_end })
    }
}

/// Runs commands, several at a time.
struct Runner<'a> {
    c: &'a Choice,
    running: Vec<Pid>,
    status: Status,
    /// Whether standard input is not what the words come from.
    own_input: bool,
}

impl Runner<'_> {
    fn run(&mut self, cx: &mut Ctx, words: Vec<OsString>) -> Result<(), Error> {
        if self.c.trace {
            let mut line = Vec::new();
            for (at, word) in words.iter().enumerate() {
                if at > 0 {
                    line.push(b' ');
                }
                line.extend_from_slice(word.as_bytes());
            }
            line.extend_from_slice(if self.c.ask { b"?..." } else { b"\n" });
            cx.flush()?;
            let _ = write_all(cx.stderr, &line);
            if self.c.ask && !answer() {
                return Ok(());
            }
        }
        while self.running.len() >= self.c.at_once && self.wait_one()? {}
        let input = match (self.c.terminal, self.own_input) {
            (true, _) => Input::Terminal,
            (_, true) => Input::Same,
            _ => Input::Nothing,
        };
        let place = Place { folder: None, input };
        self.running.push(start(cx, &words, &place)?);
        if self.c.at_once == 1 {
            while self.wait_one()? {}
        }
        Ok(())
    }

    /// Waits for one command; false when there is none.
    fn wait_one(&mut self) -> Result<bool, Error> {
        if self.running.is_empty() {
            return Ok(false);
        }
        let ended: WaitStatus = match waitpid(None, None) {
            Ok(ended) => ended,
            Err(Errno::EINTR) => return Ok(true),
            Err(Errno::ECHILD) => {
                self.running.clear();
                return Ok(false);
            }
            Err(errno) => return Err(Error::os("wait", errno)),
        };
        let Some(status) = Status::of_wait(&ended) else { return Ok(true) };
        let Some(pid) = ended.pid() else { return Ok(true) };
        let before = self.running.len();
        self.running.retain(|other| *other != pid);
        if self.running.len() == before {
            return Ok(true);
        }
        let command = self.c.command.first().map(|word| show(word).to_string());
        let command = command.unwrap_or_default();
        match (&ended, status) {
            (WaitStatus::Signaled(_, signal, _), _) => {
                let number = *signal as i32;
                let text = format!("{command}: terminated by signal {number}");
                return Err(Error::msg(text).with(Status(125)));
            }
            (_, Status(255)) => {
                let text = format!("{command}: exited with status 255; aborting");
                return Err(Error::msg(text).with(Status(124)));
            }
            (_, Status::OK) => {}
            _ => self.status = Status(123),
        }
        Ok(true)
    }
}

/// The answer of the terminal.
fn answer() -> bool {
    let Ok(terminal) = sys::path::open("/dev/tty", OFlag::O_RDONLY) else { return false };
    let mut line = [0; 256];
    let count = read(&terminal, &mut line).unwrap_or(0);
    matches!(line.get(..count).and_then(<[u8]>::first), Some(b'y' | b'Y'))
}
