//! Commands of the shell as children.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, dup2_stderr, dup2_stdin, dup2_stdout, pipe2};

use super::exec::exec;
use super::process::{Forked, exit_now, fork, reset_signals};

/// Starts `/bin/sh -c COMMAND` with these three descriptors.
#[inline(never)]
pub fn start(
    command: &[u8],
    environment: &mut dyn Iterator<Item = &OsStr>,
    fds: [BorrowedFd<'_>; 3],
) -> Result<Pid, Errno> {
    let argv = ["/bin/sh".into(), "-c".into(), OsString::from_vec(command.to_vec())];
    match fork()? {
        Forked::Parent(pid) => Ok(pid),
        Forked::Child => {
            reset_signals();
            // One that is in the way of another must not be overwritten first.
            let [stdin, stdout, stderr] = fds;
            let moved = super::fd::duplicate_from(stdin, 10).and_then(|stdin| {
                let stdout = super::fd::duplicate_from(stdout, 10)?;
                let stderr = super::fd::duplicate_from(stderr, 10)?;
                dup2_stdin(stdin)?;
                dup2_stdout(stdout)?;
                dup2_stderr(stderr)
            });
            if moved.is_ok() {
                let _ = exec(&argv, None, environment);
            }
            exit_now(127)
        }
    }
}

/// What a command prints. Its input and its errors go where `stdin` and
/// `stderr` are; its exit status is of no consequence.
///
/// # Errors
/// It cannot be started, or read from.
pub fn output(
    command: &[u8],
    environment: &mut dyn Iterator<Item = &OsStr>,
    [stdin, stderr]: [BorrowedFd<'_>; 2],
) -> std::io::Result<Vec<u8>> {
    let (reader, writer) = pipe()?;
    let pid = start(command, environment, [stdin, writer.as_fd(), stderr])?;
    drop(writer);
    let bytes = super::stream::to_end(reader.as_fd());
    drop(reader);
    let _ = wait(pid);
    bytes
}

/// A pipe whose ends are closed in programs that are run.
pub fn pipe() -> Result<(OwnedFd, OwnedFd), Errno> {
    pipe2(OFlag::O_CLOEXEC)
}

/// Waits for a child: its exit status, or the signal that ended it.
#[inline(never)]
pub fn wait(pid: Pid) -> Result<i32, i32> {
    loop {
        match waitpid(pid, None) {
            Ok(WaitStatus::Exited(_, status)) => return Ok(status),
            Ok(WaitStatus::Signaled(_, signal, _)) => return Err(signal as i32),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => return Ok(127),
        }
    }
}
