//! timeout: run a program and end it when it takes too long. GNU's, and the
//! old busybox's `-t SECONDS`.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{Pid, setpgid};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, write_all};
use crate::interval;
use crate::sys::descriptor;
use crate::sys::process::{self, Forked};
use crate::sys::signal::{self, Disposition};
use crate::sys::socket;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "timeout",
    summary: "run a program and end it when it takes too long",
    usage: "[-s SIGNAL] [-k TIME] [-fipv] TIME PROG [ARG...]\n\
            \x20 -s SIGNAL  this signal and not TERM\n\
            \x20 -k TIME    KILL so long after that\n\
            \x20 -f         the program may use the terminal; its children are not ended (--foreground)\n\
            \x20 -p         the program's own status also when it was too slow (--preserve-status)\n\
            \x20 -i         so long without output on standard output\n\
            \x20 -v         say what signal is sent\n\
            \x20 status 124 too slow, 125 timeout failed, 126 cannot be run, 127 not found, 137 killed",
    kind: Kind::Fork, // waits for a child
    run,
};

/// timeout's own failures.
const FAILED: Status = Status(125);

struct Limits {
    time: Option<Duration>,
    kill: Option<Duration>,
    signal: i32,
    foreground: bool,
    preserve: bool,
    verbose: bool,
    /// The output of a program that is given more time as long as it writes.
    output: Option<OwnedFd>,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    act(cx).map_err(|e| if e.status() == Status::USAGE { e.with(FAILED) } else { e })
}

fn length(text: &std::ffi::OsStr) -> Result<Option<Duration>, Error> {
    let parsed = interval::parse(text.as_bytes());
    let length = parsed.map_err(|_| Error::bad(show(text), "not a length of time"))?;
    // 0 is no limit.
    Ok(length.filter(|length| !length.is_zero()))
}

fn act(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options =
        cx.parse("+s:signal k:kill-after f,foreground p,preserve-status v,verbose t: i")?;
    let mut limits = Limits {
        time: None,
        kill: None,
        signal: libc::SIGTERM,
        foreground: false,
        preserve: false,
        verbose: false,
        output: None,
    };
    let mut pipe = None;
    let mut given = None;
    while let Some(letter) = options.next() {
        match letter {
            b's' => {
                let text = options.value();
                limits.signal = signal::number(text.as_bytes())
                    .ok_or_else(|| Error::bad(show(&text), "no such signal"))?;
            }
            b'k' => limits.kill = length(&options.value())?,
            b't' => given = Some(options.value()),
            b'f' => limits.foreground = true,
            b'p' => limits.preserve = true,
            b'i' => {
                let (output, input) = nix::unistd::pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)
                    .map_err(|e| Error::os("pipe", e).with(FAILED))?;
                limits.output = Some(output);
                pipe = Some(input);
            }
            _ => limits.verbose = true,
        }
    }
    let mut program = options.operands;
    if given.is_none() && !program.is_empty() {
        given = Some(program.remove(0));
    }
    let Some(given) = given else { return Err(Error::usage("how long?")) };
    limits.time = length(&given)?;
    if program.is_empty() {
        return Err(Error::usage("which program?"));
    }
    cx.flush()?;
    if !limits.foreground {
        // Its children are ended with it.
        let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
    }
    for number in [libc::SIGALRM, libc::SIGINT, libc::SIGQUIT, libc::SIGHUP, libc::SIGTERM] {
        let _ = signal::set(number, Disposition::Catch);
    }
    if limits.signal != 0 && limits.signal != libc::SIGKILL && limits.signal != libc::SIGSTOP {
        let _ = signal::set(limits.signal, Disposition::Catch);
    }
    let _ = signal::set(libc::SIGCHLD, Disposition::Catch);
    // Of a background job they would stop it.
    let _ = signal::set(libc::SIGTTIN, Disposition::Ignore);
    let _ = signal::set(libc::SIGTTOU, Disposition::Ignore);
    match process::fork().map_err(|e| Error::os("fork", e).with(FAILED))? {
        Forked::Child => {
            process::reset_signals();
            if let Some(pipe) = pipe {
                let _ = socket::set_blocking(&pipe, true);
                let _ = descriptor::copy_onto(pipe.as_raw_fd(), 1);
            }
            let error = cx.become_program(&program);
            cx.note(&error);
            process::exit_now(error.status().0)
        }
        Forked::Parent(child) => {
            drop(pipe);
            Ok(watch(cx, child, &mut limits))
        }
    }
}

fn watch(cx: &Ctx, child: Pid, limits: &mut Limits) -> Status {
    let status = watch_child(cx, child, limits);
    // What it wrote last.
    while pass_on(cx, limits) {}
    status
}

/// Passes on what the program has written; whether there was anything.
fn pass_on(cx: &Ctx, limits: &mut Limits) -> bool {
    let Some(output) = &limits.output else { return false };
    let mut piece = [0; 4096];
    match nix::unistd::read(output, &mut piece) {
        Ok(count) if count > 0 => {
            let piece = piece.get(..count).unwrap_or_default();
            if write_all(cx.stdout, piece).is_err() {
                limits.output = None;
            }
            true
        }
        Err(nix::errno::Errno::EAGAIN | nix::errno::Errno::EINTR) => false,
        _ => {
            limits.output = None;
            false
        }
    }
}

fn watch_child(cx: &Ctx, child: Pid, limits: &mut Limits) -> Status {
    let mut next = limits.time.and_then(|time| Instant::now().checked_add(time));
    let mut late = false;
    let mut killed = false;
    loop {
        if let Ok(result) = waitpid(child, Some(WaitPidFlag::WNOHANG)) {
            match Status::of_wait(&result) {
                Some(_) if late && killed => return Status::of_signal(libc::SIGKILL),
                Some(status) if late && limits.preserve => return status,
                Some(status) if late && status == Status::of_signal(libc::SIGKILL) => {
                    return status;
                }
                Some(_) if late => return Status(124),
                Some(status) => return status,
                None => {}
            }
        } else {
            return FAILED;
        }
        if next.is_some_and(|at| at <= Instant::now()) {
            if late {
                killed = true;
                next = None;
                send(cx, child, libc::SIGKILL, limits);
            } else {
                late = true;
                next = limits.kill.and_then(|time| Instant::now().checked_add(time));
                send(cx, child, limits.signal, limits);
            }
        }
        let wait = next
            .map_or(Duration::from_secs(3600), |at| at.saturating_duration_since(Instant::now()));
        // The end of the child interrupts it. What came before is seen at once.
        if !signal::any() {
            let mut fds: Vec<PollFd<'_>> = Vec::new();
            fds.extend(limits.output.as_ref().map(|fd| PollFd::new(fd.as_fd(), PollFlags::POLLIN)));
            let _ = nix::poll::poll(&mut fds, poll_time(wait));
        }
        if pass_on(cx, limits) && !late {
            next = limits.time.and_then(|time| Instant::now().checked_add(time));
        }
        while let Some(number) = signal::take() {
            if number != libc::SIGCHLD && number != libc::SIGALRM {
                send(cx, child, number, limits);
            }
        }
    }
}

/// Between looking for signals and waiting one may come: so it is never long.
fn poll_time(wait: Duration) -> nix::poll::PollTimeout {
    let millis = wait.as_millis().clamp(1, 100);
    nix::poll::PollTimeout::try_from(millis).unwrap_or(nix::poll::PollTimeout::ZERO)
}

fn send(cx: &Ctx, child: Pid, number: i32, limits: &Limits) {
    if limits.verbose {
        let name = signal::name(number).unwrap_or("?");
        cx.note(format_args!("sending signal {name} to the program"));
    }
    let _ = signal::send(child.as_raw(), number);
    if !limits.foreground {
        // It comes back to this process, which takes it no more. (KILL it has
        // to take, and so dies as the program did; GNU's does the same.)
        let _ = signal::set(number, Disposition::Ignore);
        if number != libc::SIGSTOP {
            let _ = signal::send(0, number);
        }
    }
    if number != libc::SIGKILL && number != libc::SIGCONT {
        let _ = signal::send(child.as_raw(), libc::SIGCONT);
        if !limits.foreground {
            let _ = signal::send(0, libc::SIGCONT);
        }
    }
}
