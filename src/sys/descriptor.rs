//! Descriptors by number, as the redirections of a shell script name them: the
//! script owns them, no Rust value does.

use std::ffi::CStr;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

use nix::errno::Errno;

/// open(2) with O_CLOEXEC.
pub fn open(path: &CStr, flags: i32, mode: u32) -> Result<RawFd, Errno> {
    // SAFETY: the path is a C string.
    Errno::result(unsafe { libc::open(path.as_ptr(), flags | libc::O_CLOEXEC, mode) })
}

/// A copy of `fd` at the lowest free number from `least` on, closed on exec.
pub fn copy_above(fd: RawFd, least: RawFd) -> Result<RawFd, Errno> {
    // SAFETY: F_DUPFD_CLOEXEC takes an integer and touches no memory.
    Errno::result(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, least) })
}

/// Makes `to` a copy of `from` that stays open on exec.
pub fn copy_onto(from: RawFd, to: RawFd) -> Result<(), Errno> {
    if from == to {
        // SAFETY: F_GETFD and F_SETFD take an integer and touch no memory.
        return Errno::result(unsafe { libc::fcntl(from, libc::F_SETFD, 0) }).map(drop);
    }
    // SAFETY: numbers only. What `to` was, the script owned.
    Errno::result(unsafe { libc::dup2(from, to) }).map(drop)
}

/// close(2).
pub fn close(fd: RawFd) {
    // SAFETY: the caller got the number from this module or from the script,
    // and no Rust value owns it.
    let _ = unsafe { libc::close(fd) };
}

/// Whether a descriptor is open, and its flags.
pub fn status_flags(fd: RawFd) -> Result<i32, Errno> {
    // SAFETY: F_GETFL takes no argument.
    Errno::result(unsafe { libc::fcntl(fd, libc::F_GETFL) })
}

/// pipe2(2), closed on exec: the reading and the writing end.
pub fn pipe() -> Result<(RawFd, RawFd), Errno> {
    let mut ends = [0; 2];
    // SAFETY: the array has room for two.
    Errno::result(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) })?;
    Ok((ends[0], ends[1]))
}

/// A descriptor by number, to be read or written. Should the number be closed,
/// calls on it fail with EBADF.
pub fn borrow(fd: RawFd) -> BorrowedFd<'static> {
    // SAFETY: only -1 is not allowed; the calls that are made on it take the
    // number as it is.
    unsafe { BorrowedFd::borrow_raw(fd.max(0)) }
}

/// read(2).
pub fn read(fd: RawFd, buffer: &mut [u8]) -> Result<usize, Errno> {
    nix::unistd::read(borrow(fd), buffer)
}

/// Moves the reading position of `fd` back by `bytes`.
pub fn seek_back(fd: RawFd, bytes: usize) -> Result<(), Errno> {
    let by = i64::try_from(bytes).map_err(|_| Errno::EOVERFLOW)?;
    nix::unistd::lseek(borrow(fd), -by, nix::unistd::Whence::SeekCur).map(drop)
}

/// Whether `fd` can be repositioned.
pub fn can_seek(fd: RawFd) -> bool {
    nix::unistd::lseek(borrow(fd), 0, nix::unistd::Whence::SeekCur).is_ok()
}

/// Whether a terminal is open as `fd`.
pub fn is_terminal(fd: RawFd) -> bool {
    nix::unistd::isatty(borrow(fd.as_raw_fd())).unwrap_or(false)
}

/// flock(2); `how` is LOCK_SH, LOCK_EX or LOCK_UN, with LOCK_NB.
pub fn lock(fd: RawFd, how: i32) -> Result<(), Errno> {
    // SAFETY: numbers only.
    Errno::result(unsafe { libc::flock(fd, how) }).map(drop)
}
