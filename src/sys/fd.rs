//! File descriptors.

use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;

/// Makes sure that descriptors 0, 1 and 2 are open, so that no file opened
/// later lands there. With neither `/dev/null` nor `/dev/console` they stay
/// closed: writing to them then fails, which every caller must survive.
///
/// Where a user closed one (`cat FILE >&-`), reading and writing still have to
/// fail: it is open in the wrong direction. A process that has none of the
/// three was started by the kernel, and what it starts may read and write.
pub fn reserve_standard() {
    let mut fds = [0, 1, 2].map(|fd| libc::pollfd { fd, events: 0, revents: 0 });
    // SAFETY: the array has the length given and outlives the call.
    if unsafe { libc::poll(fds.as_mut_ptr(), 3, 0) } < 1 {
        return;
    }
    let is_closed = |fd: &libc::pollfd| fd.revents & libc::POLLNVAL != 0;
    let all = fds.iter().all(is_closed);
    for fd in fds.iter().filter(|fd| is_closed(fd)) {
        let direction = match fd.fd {
            0 if !all => libc::O_WRONLY,
            1 if !all => libc::O_RDONLY,
            _ => libc::O_RDWR,
        };
        // The lowest free descriptor is the closed one, as those below it
        // are open by now.
        // SAFETY: the path is a C string.
        if unsafe { libc::open(c"/dev/null".as_ptr(), direction) } < 0 {
            return;
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

/// Marks every descriptor above 2 to be closed on exec. close_range(2) with
/// CLOSE_RANGE_CLOEXEC, Linux 5.11; before that nothing happens.
pub fn close_others_on_exec() {
    // SAFETY: takes numbers only; descriptors stay open in this process.
    unsafe {
        libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC);
    }
}

/// The same file under the lowest free number from `lowest` on, closed on
/// exec. fcntl(2), F_DUPFD_CLOEXEC.
pub fn duplicate_from(fd: BorrowedFd<'_>, lowest: RawFd) -> Result<OwnedFd, Errno> {
    let new = nix::fcntl::fcntl(fd, nix::fcntl::FcntlArg::F_DUPFD_CLOEXEC(lowest))?;
    // SAFETY: the descriptor was just made, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(new) })
}

/// A descriptor to read from.
pub struct Reader<'a>(pub BorrowedFd<'a>);

impl Reader<'_> {
    /// Passes over so many bytes of a file that has them. False where they have
    /// to be read.
    pub fn skip(&self, count: u64) -> bool {
        use nix::unistd::{Whence, lseek};
        let Ok(stat) = nix::sys::stat::fstat(self.0) else { return false };
        if stat.st_mode & libc::S_IFMT != libc::S_IFREG {
            return false;
        }
        let (Ok(at), Ok(count)) = (lseek(self.0, 0, Whence::SeekCur), i64::try_from(count)) else {
            return false;
        };
        at.checked_add(count).is_some_and(|to| to <= stat.st_size)
            && lseek(self.0, count, Whence::SeekCur).is_ok()
    }
}

impl std::io::Read for Reader<'_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        Ok(nix::unistd::read(self.0, to)?)
    }
}

/// Takes over a descriptor that a call of the system has just returned as a
/// number; `None` for a negative one.
pub fn own(fd: RawFd) -> Option<OwnedFd> {
    // SAFETY: callers pass what accept(2) or the like has just made, which
    // nobody else owns.
    (fd > 2).then(|| unsafe { OwnedFd::from_raw_fd(fd) })
}
