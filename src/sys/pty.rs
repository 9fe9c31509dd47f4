//! Pseudo terminals. pty(7).

use std::ffi::{CStr, CString};
use std::os::fd::{FromRawFd, IntoRawFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};

/// A new terminal: the end that its master holds, which does not block, and
/// the name of the other one. ENOENT where no devpts is mounted.
pub fn open() -> Result<(OwnedFd, CString), Errno> {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
    let master = posix_openpt(flags)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let name = CString::new(ptsname_r(&master)?).map_err(|_| Errno::EINVAL)?;
    // SAFETY: the descriptor was just taken out of its owner.
    Ok((unsafe { OwnedFd::from_raw_fd(master.into_raw_fd()) }, name))
}

/// Makes the terminal `name` descriptors 0-2 and the controlling terminal of
/// the calling process, which leads a session without one.
pub fn take_over(name: &CStr) -> Result<(), Errno> {
    let fd = super::descriptor::open(name, libc::O_RDWR, 0)?;
    for standard in 0..3 {
        super::descriptor::copy_onto(fd, standard)?;
    }
    if fd > 2 {
        super::descriptor::close(fd);
    }
    super::tty::make_controlling(super::fd::stdin())
}
