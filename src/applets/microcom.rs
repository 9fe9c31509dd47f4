//! microcom: a terminal on a serial line. As busybox has it: Ctrl-X ends it,
//! Ctrl-@ sends a break.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::PollFlags;
use nix::unistd;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, write_all};
use crate::sys::signal::{self, Disposition};
use crate::sys::socket;
use crate::sys::stream::Watch;
use crate::sys::termios::{self, Modes, When};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "microcom",
    summary: "a terminal on a serial line",
    usage: "[-d MS] [-t MS] [-s SPEED] [-X] TTY\n\
            \x20 -s  set the line to so many bits a second\n\
            \x20 -t  end when nothing has come from either side for so long\n\
            \x20 -d  wait for an answer, at most so long, after each byte\n\
            \x20 -X  Ctrl-X (the end) and Ctrl-@ (a break) are bytes like others",
    kind: Kind::Fork, // it waits and reads the terminal
    run,
};

/// `/var/lock/LCK..TTY`, so that others keep off the line.
struct Lock(Option<PathBuf>);

impl Lock {
    fn take(device: &std::ffi::OsStr) -> Result<Lock, Error> {
        let base = device.as_bytes().rsplit(|&b| b == b'/').next().unwrap_or_default();
        let mut name = std::ffi::OsString::from("LCK..");
        name.push(std::ffi::OsStr::from_bytes(base));
        let path = PathBuf::from("/var/lock").join(name);
        let holder = std::fs::read_to_string(&path).ok().and_then(|t| t.trim().parse::<i32>().ok());
        if let Some(pid) = holder.filter(|pid| *pid > 0) {
            if signal::send(pid, 0) != Err(Errno::ESRCH) {
                let message =
                    format!("{}: process {pid} has the line ({})", show(device), show(&path));
                return Err(Error::msg(message));
            }
            // it died without taking it back
            let _ = std::fs::remove_file(&path);
        }
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                // Longer than four bytes: some take those for a binary number.
                let _ = file.write_all(format!("{:>10}\n", std::process::id()).as_bytes());
                Ok(Lock(Some(path)))
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                Err(Error::os(show(&path), error))
            }
            // no place for locks, no locks
            Err(_) => Ok(Lock(None)),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("d: t: s: X")?;
    let (mut delay, mut limit, mut speed) = (None, None, None);
    let bytes = options.has(b'X');
    while let Some(letter) = options.next() {
        let number = |n: u64| Some(Duration::from_millis(n));
        match letter {
            b'd' => delay = number(options.number("not a number of milliseconds")?),
            b't' => limit = number(options.number("not a number of milliseconds")?),
            b's' => speed = u32::try_from(options.number("not a speed")?).ok(),
            _ => {}
        }
    }
    let [device] = options.operands.as_slice() else { return Err(Error::usage("which line?")) };
    let _lock = Lock::take(device)?;
    let failed = |e: Errno| Error::os(show(device), e);
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_NONBLOCK;
    let line = crate::sys::path::open(device.as_os_str(), flags).map_err(failed)?;
    let before = termios::get(&line).map_err(failed)?;
    socket::set_blocking(&line, true).map_err(failed)?;
    for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGTERM, libc::SIGPIPE] {
        let _ = signal::set(signal, Disposition::Catch);
    }
    let mut modes = before.raw();
    if let Some(speed) = speed {
        (modes.input_speed, modes.output_speed) = (speed, speed);
    }
    termios::set(&line, &modes, When::Now).map_err(failed)?;
    let keys: Option<Modes> = termios::get(cx.stdin).ok();
    if let Some(keys) = &keys {
        let _ = termios::set(cx.stdin, &keys.raw(), When::Now);
    }
    let result = talk(cx, &line, bytes, delay, limit);
    if let Some(keys) = &keys {
        let _ = termios::set(cx.stdin, keys, When::Drained);
    }
    let _ = termios::set(&line, &before, When::Drained);
    result
}

/// Both ways until Ctrl-X, a signal, or a long silence.
fn talk(
    cx: &Ctx,
    line: &OwnedFd,
    bytes: bool,
    delay: Option<Duration>,
    limit: Option<Duration>,
) -> Result<Status, Error> {
    let mut buffer = [0; 4096];
    let mut input = true;
    // What is typed goes out one by one, and may have to wait.
    let mut typed: std::collections::VecDeque<u8> = std::collections::VecDeque::new();
    loop {
        if let Some(signal) = signal::take() {
            return Ok(Status::of_signal(signal));
        }
        let mut watch = Watch::new();
        let answer = watch.add(line, PollFlags::POLLIN);
        let keys = if input && typed.is_empty() {
            watch.add_borrowed(cx.stdin, PollFlags::POLLIN)
        } else {
            None
        };
        let wait = if typed.is_empty() { limit } else { delay.or(Some(Duration::ZERO)) };
        let until = wait.map(|wait| Instant::now() + wait);
        let ready = watch.wait(until);
        if ready.is(answer) {
            match unistd::read(line, &mut buffer) {
                Ok(count) if count > 0 => {
                    write_all(cx.stdout, buffer.get(..count).unwrap_or_default())
                        .map_err(|e| Error::os("standard output", e))?;
                }
                Err(Errno::EINTR | Errno::EAGAIN) => {}
                // The line has hung up.
                _ => return Ok(Status::FAILURE),
            }
        }
        if ready.is(keys) {
            match unistd::read(cx.stdin, &mut buffer) {
                Ok(0) => input = false,
                Ok(count) => typed.extend(buffer.iter().take(count)),
                Err(Errno::EINTR | Errno::EAGAIN) => {}
                Err(_) => input = false,
            }
        }
        if !ready.is(answer) && !ready.is(keys) && typed.is_empty() {
            match until {
                Some(until) if Instant::now() >= until => return Ok(Status::OK),
                _ => continue,
            }
        }
        while let Some(byte) = typed.pop_front() {
            match byte {
                0 if !bytes => {
                    let _ = nix::sys::termios::tcsendbreak(line.as_fd(), 0);
                    continue;
                }
                0x18 if !bytes => return Ok(Status::OK),
                _ => {}
            }
            write_all(line.as_fd(), &[byte]).map_err(|e| Error::os("line", e))?;
            if delay.is_some() {
                break;
            }
        }
    }
}
