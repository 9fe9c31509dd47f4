//! flock: hold a lock while a command runs. util-linux, busybox.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

use crate::fsutil::spawn;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::Mode;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::sys;
use crate::sys::process::{Forked, exit_now, fork};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "flock",
    summary: "hold a lock while a command runs",
    usage: "[-sxunoF] [-w SECONDS] [-E STATUS] FILE COMMAND [ARG...]\n\
            \x20      flock [OPTIONS] FILE -c 'COMMAND LINE'\n\
            \x20      flock [OPTIONS] DESCRIPTOR\n\
            \x20 -s, -x  a shared lock; an exclusive one (as by default)     -u  unlock\n\
            \x20 -n, -w  fail at once, or after that time, when it is taken (-E: with STATUS)\n\
            \x20 -o      the command does not have the descriptor    -F  no fork",
    kind: Kind::Fork, // waits for the lock
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    const USAGE: Status = Status(64);
    let (mut how, mut wait, mut conflict) = (libc::LOCK_EX, None, Status::FAILURE);
    let (mut close, mut no_fork) = (false, false);
    let mut verbose = false;
    let mut options = cx
        .parse(
            "+s,shared x,exclusive e u,unlock n,nonblock|nb w:wait|timeout \
            E:conflict-exit-code o,close F,no-fork c:command -v,verbose",
        )
        .map_err(|e| e.with(USAGE))?;
    while let Some(letter) = options.next() {
        match letter {
            b's' => how = libc::LOCK_SH,
            b'x' | b'e' => how = libc::LOCK_EX,
            b'u' => how = libc::LOCK_UN,
            b'n' => wait = Some(Duration::ZERO),
            b'w' => {
                let text = options.value();
                let wrong = || Error::bad(show(&text), "not a time").with(USAGE);
                let time = crate::interval::parse(text.as_bytes()).map_err(|_| wrong())?;
                wait = Some(time.unwrap_or(Duration::MAX));
            }
            b'E' => {
                let number = options.number("not an exit status").map_err(|e| e.with(USAGE))?;
                conflict = Status(u8::try_from(number).unwrap_or(1));
            }
            b'o' => close = true,
            b'F' => no_fork = true,
            b'v' => verbose = true,
            _ => return Err(Error::usage("-c comes behind the file").with(USAGE)),
        }
    }
    let Some((target, mut command)) = options.operands.split_first() else {
        return Err(Error::usage("lock what?").with(USAGE));
    };
    let shell;
    if let [option, rest @ ..] = command
        && (option == "-c" || option == "--command")
    {
        let [line] = rest else { return Err(Error::usage("-c wants one command").with(USAGE)) };
        let program =
            cx.env.get(b"SHELL").filter(|s| !s.is_empty()).unwrap_or(OsStr::new("/bin/sh"));
        shell = [program.to_os_string(), OsString::from("-c"), line.clone()];
        command = &shell;
    }
    let opened: OwnedFd;
    let fd = if command.is_empty() {
        let number = crate::options::number(target).and_then(|n| i32::try_from(n).ok());
        number.ok_or_else(|| Error::bad(show(target), "not a descriptor").with(USAGE))?
    } else {
        opened = open(target).map_err(|e| Error::os(show(target), e).with(Status(66)))?;
        opened.as_raw_fd()
    };
    let begun = Instant::now();
    match lock(fd, how, wait) {
        Ok(true) if verbose => {
            let took = begun.elapsed().as_secs_f64();
            cx.print(format_args!("flock: getting lock took {took:.6} seconds\n"))?;
            if let Some(program) = command.first() {
                cx.print(format_args!("flock: executing {}\n", show(program)))?;
            }
        }
        Ok(true) => {}
        Ok(false) if verbose => {
            cx.note("somebody else has the lock");
            return Ok(conflict);
        }
        Ok(false) => return Ok(conflict),
        Err(errno) => {
            return Err(Error::os(show(target), errno).with(Status(65)));
        }
    }
    if command.is_empty() {
        return Ok(Status::OK);
    }
    cx.flush()?;
    if no_fork {
        return Ok(become_program(cx, command, fd, close));
    }
    match fork().map_err(|e| Error::os("fork", e))? {
        Forked::Child => exit_now(become_program(cx, command, fd, close).0),
        Forked::Parent(pid) => spawn::wait(pid),
    }
}

/// A file to lock: it is made when it is not there. A folder will do.
fn open(name: &OsStr) -> Result<OwnedFd, Errno> {
    let flags = OFlag::O_CREAT | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let opened = openat(AT_FDCWD, name, flags, Mode::from_bits_truncate(0o666));
    match opened {
        Err(Errno::EISDIR) => sys::path::open(name, OFlag::O_RDONLY | OFlag::O_NOCTTY),
        other => other,
    }
}

/// Takes the lock; false when somebody else has it for too long.
fn lock(fd: i32, how: i32, wait: Option<Duration>) -> Result<bool, Errno> {
    let until = wait.map(|wait| Instant::now().checked_add(wait));
    let mut pause = Duration::from_millis(1);
    loop {
        let flags = if until.is_some() { how | libc::LOCK_NB } else { how };
        match sys::descriptor::lock(fd, flags) {
            Ok(()) => return Ok(true),
            Err(Errno::EINTR) => continue,
            Err(Errno::EWOULDBLOCK) => {}
            Err(errno) => return Err(errno),
        }
        if let Some(Some(until)) = until {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            std::thread::sleep(pause.min(left));
            pause = (pause * 2).min(Duration::from_millis(50));
        } else {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Runs the command; the lock is inherited with its descriptor unless `close`.
fn become_program(cx: &mut Ctx, command: &[OsString], fd: i32, close: bool) -> Status {
    if !close {
        let _ = sys::descriptor::copy_onto(fd, fd);
    }
    let error = cx.become_program(command);
    cx.warn(&error);
    error.status()
}
