//! script and scriptreplay: keep what a terminal session shows. As util-linux
//! has them, with busybox's `-t` to standard error.

use std::ffi::{CString, OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::PollFlags;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{self, Pid};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, write_all};
use crate::sys::process::{self, Forked};
use crate::sys::signal::{self, Disposition};
use crate::sys::stream::Watch;
use crate::sys::termios::{self, When};
use crate::sys::{clock, float, pty, terminal, tty};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "script",
    summary: "keep what a terminal session shows",
    usage: "[-aefq] [-c COMMAND] [-t[FILE]] [-O FILE] [-I FILE] [-B FILE] [FILE]\n\
            \x20 FILE is typescript when none is named\n\
            \x20 -c  run this, not a shell         -e  exit with its status\n\
            \x20 -a  append                        -f  write at once\n\
            \x20 -q  say nothing about it          -T, -t, --timing=FILE  the delays (stderr)\n\
            \x20 -O, -I, -B  the file for output, input, both    --force  though it is a link",
    kind: Kind::Fork, // has a session beside it
    run: script,
};

/// scriptreplay.
pub(super) static SCRIPTREPLAY: Applet = Applet {
    name: "scriptreplay",
    summary: "show a kept terminal session again, with its delays",
    usage: "[-t] TIMINGFILE [[-s] TYPESCRIPT [[-d] DIVISOR]]\n\
            \x20 -d  faster by that much    -m SECONDS  no longer delays",
    kind: Kind::Fork, // waits
    run: replay,
};

const OPTIONS: &str = "a,append c:command e,return f,flush q,quiet t?timing T:log-timing O:log-out \
    I:log-in B:log-io E:echo m:logging-format o:output-limit -1,force";

/// What is read at a time.
const PIECE: usize = 16 * 1024;

struct Logs {
    output: File,
    input: Option<File>,
    /// Where delays go; none is standard error.
    timing: Option<Option<File>>,
    last: Instant,
    name: PathBuf,
}

impl Logs {
    fn delay(&mut self, cx: &Ctx, count: usize) -> Result<(), Error> {
        let Some(file) = &mut self.timing else { return Ok(()) };
        let now = Instant::now();
        let delay = now - self.last;
        self.last = now;
        let line = format!("{}.{:06} {count}\n", delay.as_secs(), delay.subsec_micros());
        match file {
            Some(file) => file.write_all(line.as_bytes()),
            None => write_all(cx.stderr, line.as_bytes()),
        }
        .map_err(|e| Error::os("timing", e))
    }

    fn shown(&mut self, cx: &Ctx, bytes: &[u8]) -> Result<(), Error> {
        self.output.write_all(bytes).map_err(|e| Error::os(show(&self.name), e))?;
        self.delay(cx, bytes.len())
    }
}

fn opened(path: &Path, append: bool) -> Result<File, Error> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .append(append)
        .truncate(!append)
        .mode(0o666)
        .open(path)
        .map_err(|e| Error::os(show(path), e))
}

fn script(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(OPTIONS)?;
    options.at_most(1)?;
    let append = options.has(b'a');
    let both = options.take(b'B');
    let named = options.take(b'O').or(both.clone()).or_else(|| options.operands.first().cloned());
    let name = PathBuf::from(named.clone().unwrap_or_else(|| "typescript".into()));
    let is_link = std::fs::symlink_metadata(&name).is_ok_and(|meta| meta.is_symlink());
    if named.is_none() && is_link && !options.has(b'1') {
        return Err(Error::about(show(&name), "is a link; --force, or name the file"));
    }
    let mut input = options.take(b'I').map(|name| opened(Path::new(&name), append)).transpose()?;
    let timing = match options.take(b'T') {
        Some(name) => Some(Some(opened(Path::new(&name), append)?)),
        None if options.has(b't') => {
            let name = options.take(b't').filter(|name| !name.is_empty());
            Some(name.map(|name| opened(Path::new(&name), append)).transpose()?)
        }
        None => None,
    };
    let output = opened(&name, append)?;
    if both.is_some() {
        input = output.try_clone().ok();
    }
    let command = options.take(b'c');
    let quiet = options.has(b'q');
    if !quiet {
        cx.print(format_args!("Script started, output log file is '{}'.\n", show(&name)))?;
        cx.flush()?;
    }
    let mut logs = Logs { output, input, timing, last: Instant::now(), name };
    let header = header(cx, command.as_deref());
    let failed = |name: &Path, e| Error::os(show(name), e);
    logs.output.write_all(&header).map_err(|e| failed(&logs.name, e))?;
    let before = termios::get(cx.stdin).ok();
    let size = tty::size(cx.stdin).ok();
    let (master, slave) = pty::open().map_err(|e| Error::os("pseudo terminal", e))?;
    if let Some(before) = &before {
        let _ = termios::set(&master, before, When::Now);
    }
    if let Some((rows, columns)) = size {
        let _ = tty::set_size(&master, rows, columns);
    }
    let child = match process::fork().map_err(|e| Error::os("fork", e))? {
        Forked::Parent(child) => child,
        Forked::Child => become_session(cx, &slave, command),
    };
    for signal in [libc::SIGWINCH, libc::SIGCHLD, libc::SIGTERM, libc::SIGHUP] {
        let _ = signal::set(signal, Disposition::Catch);
    }
    let raw = before
        .as_ref()
        .is_some_and(|before| termios::set(cx.stdin, &before.raw(), When::Flushed).is_ok());
    let result = session(cx, &mut logs, &master, child);
    if let Some(before) = before.filter(|_| raw) {
        let _ = termios::set(cx.stdin, &before, When::Drained);
    }
    let status = result?;
    let mut footer = b"\nScript done on ".to_vec();
    stamp(&mut footer);
    footer.extend_from_slice(format!(" [COMMAND_EXIT_CODE=\"{}\"]\n", status.0).as_bytes());
    logs.output.write_all(&footer).map_err(|e| failed(&logs.name, e))?;
    if !quiet {
        cx.put(b"Script done.\n")?;
    }
    Ok(if options.has(b'e') { status } else { Status::OK })
}

fn stamp(out: &mut Vec<u8>) {
    let seconds = i64::try_from(clock::now().as_secs()).unwrap_or(0);
    crate::date::write(out, b"%Y-%m-%d %H:%M:%S%:z", seconds, 0);
}

/// The first line of the file.
fn header(cx: &Ctx, command: Option<&OsStr>) -> Vec<u8> {
    let mut line = b"Script started on ".to_vec();
    stamp(&mut line);
    line.extend_from_slice(b" [");
    if let Some(command) = command {
        line.extend_from_slice(format!("COMMAND=\"{}\" ", show(command)).as_bytes());
    }
    let name = unistd::ttyname(cx.stdout).ok().filter(|_| terminal::is_terminal(cx.stdout));
    match name {
        Some(name) => {
            let term = cx.env.get(b"TERM").unwrap_or_default();
            let (rows, columns) = tty::size(cx.stdout).unwrap_or((0, 0));
            let text = format!(
                "TERM=\"{}\" TTY=\"{}\" COLUMNS=\"{columns}\" LINES=\"{rows}\"",
                show(term),
                show(&name)
            );
            line.extend_from_slice(text.as_bytes());
        }
        None => line.extend_from_slice(b"<not executed on terminal>"),
    }
    line.extend_from_slice(b"]\n");
    line
}

/// In the child: the new terminal is everything, and the shell runs.
fn become_session(cx: &mut Ctx, slave: &CString, command: Option<OsString>) -> ! {
    let _ = unistd::setsid();
    if let Err(errno) = pty::take_over(slave) {
        cx.note(Error::os("pseudo terminal", errno));
        process::exit_now(Status::CANNOT_RUN.0);
    }
    let shell = cx.env.get(b"SHELL").unwrap_or(OsStr::new("/bin/sh")).to_os_string();
    let mut argv = vec![shell];
    match command {
        Some(command) => argv.extend(["-c".into(), command]),
        None => argv.push("-i".into()),
    }
    let error = cx.become_program(&argv);
    cx.note(&error);
    process::exit_now(error.status().0);
}

/// The status of the child, when it has ended.
fn ended(child: Pid, wait: bool) -> Option<Status> {
    let flags = if wait { WaitPidFlag::empty() } else { WaitPidFlag::WNOHANG };
    loop {
        match waitpid(child, Some(flags)) {
            Ok(status) => return Status::of_wait(&status),
            Err(Errno::EINTR) => {}
            Err(_) => return Some(Status::FAILURE),
        }
    }
}

/// Both ways until the child ends.
fn session(cx: &mut Ctx, logs: &mut Logs, master: &OwnedFd, child: Pid) -> Result<Status, Error> {
    let mut typed: Vec<u8> = Vec::new();
    let mut input = true;
    let mut status = None;
    let mut buffer = vec![0; PIECE];
    loop {
        while let Some(signal) = signal::take() {
            match signal {
                libc::SIGWINCH => {
                    if let Ok((rows, columns)) = tty::size(cx.stdin) {
                        let _ = tty::set_size(master, rows, columns);
                    }
                }
                libc::SIGCHLD => {}
                other => {
                    let _ = signal::send(-child.as_raw(), libc::SIGHUP);
                    return Ok(Status::of_signal(other));
                }
            }
        }
        status = status.or_else(|| ended(child, false));
        // What it has left to say is read, but nothing is waited for.
        let until = match status {
            Some(_) => Instant::now(),
            None => Instant::now() + Duration::from_millis(250),
        };
        let mut watch = Watch::new();
        let shown = watch.add(master, PollFlags::POLLIN);
        let keys = if input && typed.is_empty() {
            watch.add_borrowed(cx.stdin, PollFlags::POLLIN)
        } else {
            None
        };
        let room = if typed.is_empty() {
            None
        } else {
            watch.add_borrowed(master.as_fd(), PollFlags::POLLOUT)
        };
        let ready = watch.wait(Some(until));
        if ready.is(keys) {
            match unistd::read(cx.stdin, &mut buffer) {
                Ok(0) => {
                    // The end of a file is Ctrl-D on a terminal.
                    input = false;
                    let key = termios::get(master).map_or(4, |modes| modes.characters[libc::VEOF]);
                    typed.push(key);
                }
                Ok(count) => {
                    let bytes = buffer.get(..count).unwrap_or_default();
                    typed.extend_from_slice(bytes);
                    if let Some(file) = &mut logs.input {
                        file.write_all(bytes).map_err(|e| Error::os("input log", e))?;
                    }
                }
                Err(Errno::EINTR | Errno::EAGAIN) => {}
                Err(_) => input = false,
            }
        }
        if ready.is(room) {
            match unistd::write(master, &typed) {
                Ok(count) => drop(typed.drain(..count.min(typed.len()))),
                Err(Errno::EINTR | Errno::EAGAIN) => {}
                Err(_) => typed.clear(),
            }
        }
        if !ready.is(shown) {
            match status {
                Some(status) => return Ok(status),
                None => continue,
            }
        }
        match unistd::read(master, &mut buffer) {
            Ok(count) if count > 0 => {
                let bytes = buffer.get(..count).unwrap_or_default();
                logs.shown(cx, bytes)?;
                write_all(cx.stdout, bytes).map_err(|e| Error::os("standard output", e))?;
            }
            Err(Errno::EINTR | Errno::EAGAIN) => {}
            // Nobody has the other end any more.
            _ => return Ok(status.or_else(|| ended(child, true)).unwrap_or(Status::OK)),
        }
    }
}

fn replay(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("t:timing|log-timing s:typescript|log-out d:divisor m:maxdelay")?;
    let mut words = std::mem::take(&mut options.operands).into_iter();
    let timing = options.take(b't').or_else(|| words.next());
    let Some(timing) = timing else { return Err(Error::usage("which file of delays?")) };
    let name = options.take(b's').or_else(|| words.next()).unwrap_or_else(|| "typescript".into());
    let positive = |text: OsString| {
        let number = float::whole(std::os::unix::ffi::OsStrExt::as_bytes(text.as_os_str()));
        number.filter(|n| *n > 0.0).ok_or_else(|| Error::bad(show(&text), "not a number above 0"))
    };
    let divisor = match options.take(b'd').or_else(|| words.next()) {
        Some(text) => positive(text)?,
        None => 1.0,
    };
    let most = options.take(b'm').map(positive).transpose()?.unwrap_or(f64::MAX);
    let read = |name: &OsStr| crate::sys::file::read(name).map_err(|e| Error::os(show(name), e));
    let (delays, text) = (read(&timing)?, read(&name)?);
    // The first line is script's.
    let start = text.iter().position(|&b| b == b'\n').map_or(text.len(), |at| at + 1);
    let mut rest = text.get(start..).unwrap_or_default();
    for (number, line) in delays.split(|&b| b == b'\n').enumerate() {
        if line.is_empty() {
            continue;
        }
        let wrong = || {
            let number = number + 1;
            Error::msg(format_args!("{}: line {number}: not DELAY COUNT", show(&timing)))
        };
        let mut fields = line.split(|&b| b == b' ').filter(|field| !field.is_empty());
        let delay = fields.next().and_then(float::whole).filter(|n| *n >= 0.0).ok_or_else(wrong)?;
        let count = fields.next().and_then(|field| std::str::from_utf8(field).ok()?.parse().ok());
        let count: usize = count.ok_or_else(wrong)?;
        let delay = (delay / divisor).min(most).min(1e9);
        if delay > 0.0001 {
            std::thread::sleep(Duration::from_secs_f64(delay));
        }
        let (now, later) = rest.split_at_checked(count).unwrap_or((rest, b""));
        rest = later;
        cx.put(now)?;
        cx.flush()?;
    }
    Ok(Status::OK)
}
