//! File descriptors.

use std::os::fd::{BorrowedFd, RawFd};

/// Makes sure that descriptors 0, 1 and 2 are open, so that no file opened
/// later lands there. With neither `/dev/null` nor `/dev/console` they stay
/// closed: writing to them then fails, which every caller must survive.
pub fn reserve_standard() {
    let mut fds = [0, 1, 2].map(|fd| libc::pollfd { fd, events: 0, revents: 0 });
    // SAFETY: the array has the length given and outlives the call.
    if unsafe { libc::poll(fds.as_mut_ptr(), 3, 0) } < 1 {
        return;
    }
    for fd in fds {
        if fd.revents & libc::POLLNVAL != 0 {
            // The lowest free descriptor is the closed one, as those below it
            // are open by now.
            // SAFETY: the path is a C string.
            if unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) } < 0 {
                return;
            }
        }
    }
}

/// Descriptor 0 for as long as the process lives.
pub fn stdin() -> BorrowedFd<'static> {
    standard(0)
}

/// Descriptor 1 for as long as the process lives.
pub fn stdout() -> BorrowedFd<'static> {
    standard(1)
}

/// Descriptor 2 for as long as the process lives.
pub fn stderr() -> BorrowedFd<'static> {
    standard(2)
}

fn standard(fd: RawFd) -> BorrowedFd<'static> {
    // SAFETY: 0, 1 and 2 are never owned by a Rust value in this program.
    // Should one be closed from outside, calls on it fail with EBADF.
    unsafe { BorrowedFd::borrow_raw(fd) }
}
