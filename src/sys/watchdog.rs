//! Watchdog timers: linux/watchdog.h.

use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;

/// The requests as nix declares them: raw.
mod request {
    #![allow(missing_docs)]
    nix::ioctl_readwrite!(set_timeout, b'W', 6, libc::c_int);
    nix::ioctl_read!(set_options, b'W', 4, libc::c_int);
}

/// Sets after how many seconds without a word the machine restarts. Returns
/// what the device made of it.
pub fn set_timeout(fd: impl AsFd, seconds: i32) -> Result<i32, Errno> {
    let mut seconds = seconds;
    // SAFETY: the number outlives the call, which reads and fills it.
    unsafe { request::set_timeout(fd.as_fd().as_raw_fd(), &raw mut seconds) }?;
    Ok(seconds)
}

/// Starts the timer, where opening it has not.
pub fn enable(fd: impl AsFd) -> Result<(), Errno> {
    let mut option: libc::c_int = 2; // WDIOS_ENABLECARD
    // SAFETY: the number outlives the call, which reads it.
    unsafe { request::set_options(fd.as_fd().as_raw_fd(), &raw mut option) }?;
    Ok(())
}
