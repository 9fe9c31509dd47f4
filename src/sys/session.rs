//! Controlling terminals.

use std::os::fd::RawFd;

/// Makes the terminal open as `fd` the controlling terminal when the process
/// has none: a shell that PID 1 starts on the console. Does nothing where that
/// cannot be.
pub fn adopt(fd: RawFd) {
    if let Ok(tty) = super::descriptor::open(c"/dev/tty", libc::O_RDWR, 0) {
        super::descriptor::close(tty);
        return;
    }
    if !super::descriptor::is_terminal(fd) {
        return;
    }
    // Fails for the leader of a group, which may lead a session already.
    let _ = nix::unistd::setsid();
    // SAFETY: the request takes an integer. It is refused unless this process
    // leads a session without a terminal and nobody else has this one.
    let _ = unsafe { libc::ioctl(fd, libc::TIOCSCTTY, 0) };
}
