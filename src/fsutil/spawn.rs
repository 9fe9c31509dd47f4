//! Running a program and waiting for it: find -exec, xargs, run-parts.

use std::ffi::OsString;
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, pipe2, read, write};

use crate::applet::{Ctx, Error, Status, show};
use crate::sys;
use crate::sys::process::{Forked, exit_now, fork};

/// What a program reads.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub enum Input {
    /// What its starter reads.
    #[default]
    Same,
    /// /dev/null.
    Nothing,
    /// The terminal.
    Terminal,
}

/// Where and with what a program runs.
#[derive(Default)]
pub struct Place<'a> {
    /// The folder it works in.
    pub folder: Option<BorrowedFd<'a>>,
    /// Its standard input.
    pub input: Input,
}

/// Starts a program, which is looked for in `PATH`.
///
/// # Errors
/// It cannot be run: with exit status 126, or 127 when it is not there.
pub fn start(cx: &mut Ctx, words: &[OsString], place: &Place<'_>) -> Result<Pid, Error> {
    cx.flush()?;
    // It is closed by a successful exec; otherwise it carries the reason.
    let (reading, writing) = pipe2(OFlag::O_CLOEXEC).map_err(|e| Error::os("pipe", e))?;
    let pid = match fork().map_err(|e| Error::os("fork", e))? {
        Forked::Parent(pid) => pid,
        Forked::Child => {
            let errno = become_program(cx, words, place) as i32;
            let _ = write(&writing, &errno.to_ne_bytes());
            exit_now(Status::NOT_FOUND.0);
        }
    };
    drop(writing);
    let mut reason = [0; 4];
    loop {
        match read(&reading, &mut reason) {
            Ok(0) => return Ok(pid),
            Err(Errno::EINTR) => {}
            _ => break,
        }
    }
    let _ = waitpid(pid, None);
    let errno = Errno::from_raw(i32::from_ne_bytes(reason));
    Err(Error::not_run(show(words.first().map(OsString::as_os_str).unwrap_or_default()), errno))
}

/// Returns only on failure, with the reason.
fn become_program(cx: &Ctx, words: &[OsString], place: &Place<'_>) -> Errno {
    if let Some(folder) = place.folder
        && let Err(errno) = nix::unistd::fchdir(folder)
    {
        return errno;
    }
    let input = match place.input {
        Input::Same => None,
        Input::Nothing => Some("/dev/null"),
        Input::Terminal => Some("/dev/tty"),
    };
    if let Some(input) = input {
        match sys::path::open(input, OFlag::O_RDONLY) {
            Ok(fd) => {
                let _ = sys::descriptor::copy_onto(fd.as_raw_fd(), 0);
            }
            Err(errno) if place.input == Input::Terminal => return errno,
            Err(_) => {}
        }
    }
    sys::exec::exec(words, cx.env.get(b"PATH"), &mut cx.env.iter())
}

/// Runs a program to its end; its exit status.
pub fn wait_for(cx: &mut Ctx, words: &[OsString], place: &Place<'_>) -> Result<Status, Error> {
    wait(start(cx, words, place)?)
}

/// Waits for a process to end; its exit status.
pub fn wait(pid: Pid) -> Result<Status, Error> {
    loop {
        match waitpid(pid, None) {
            Ok(status) => {
                if let Some(status) = Status::of_wait(&status) {
                    return Ok(status);
                }
            }
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(Error::os("wait", errno)),
        }
    }
}
