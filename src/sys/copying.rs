//! Copying inside the kernel: reflinks and copy_file_range(2).

use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;

mod request {
    #![allow(missing_docs)]
    // linux/fs.h: _IOW(0x94, 9, int)
    nix::ioctl_write_int!(ficlone, 0x94, 9);
}

/// Makes `to` share all blocks of `from`, of a filesystem that can.
pub fn clone(from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> Result<(), Errno> {
    let source = libc::c_ulong::try_from(from.as_raw_fd()).map_err(|_| Errno::EBADF)?;
    #[allow(clippy::useless_conversion)] // the type differs from one C library to the other
    let source = source.try_into().map_err(|_| Errno::EBADF)?;
    // SAFETY: the request takes a descriptor as a number and touches no memory of ours.
    unsafe { request::ficlone(to.as_raw_fd(), source) }.map(drop)
}

/// Writes at most `length` bytes of the file `from` to `to`, from where both
/// stand: sendfile(2). 0 is the end of the file.
pub fn send(from: BorrowedFd<'_>, to: BorrowedFd<'_>, length: usize) -> Result<usize, Errno> {
    let null = std::ptr::null_mut();
    // SAFETY: the offset may be null: then the file's own is used and moved.
    let count = unsafe { libc::sendfile(to.as_raw_fd(), from.as_raw_fd(), null, length) };
    Errno::result(count).map(|count| usize::try_from(count).unwrap_or(0))
}

/// Copies at most `length` bytes from and to where the descriptors stand, and
/// moves both. Linux 4.5. 0 is the end of the file, or one that has no bytes
/// until it is read (/proc).
pub fn copy_range(from: BorrowedFd<'_>, to: BorrowedFd<'_>, length: usize) -> Result<usize, Errno> {
    let null = std::ptr::null_mut::<libc::loff_t>();
    // SAFETY: the offsets may be null: then those of the descriptors are used.
    let count = unsafe {
        libc::syscall(
            libc::SYS_copy_file_range,
            from.as_raw_fd(),
            null,
            to.as_raw_fd(),
            null,
            length,
            0,
        )
    };
    Errno::result(count).map(|count| usize::try_from(count).unwrap_or(0))
}
