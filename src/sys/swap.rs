//! swapon(2), swapoff(2), and the freezing and trimming of filesystems.
//! <linux/swap.h>, <linux/fs.h>

use std::ffi::CString;
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;

/// A priority is given.
pub const PREFER: i32 = 0x8000;
/// Discard all once at the start.
pub const DISCARD_ONCE: i32 = 0x20000;
/// Discard pages that are freed.
pub const DISCARD_PAGES: i32 = 0x40000;
/// Discard, either way.
pub const DISCARD: i32 = 0x10000;

fn text(path: &[u8]) -> Result<CString, Errno> {
    CString::new(path).map_err(|_| Errno::EINVAL)
}

/// Begins to swap to a file or device.
pub fn swap_on(path: &[u8], flags: i32) -> Result<(), Errno> {
    let path = text(path)?;
    // SAFETY: a C string that outlives the call.
    Errno::result(unsafe { libc::swapon(path.as_ptr(), flags) }).map(drop)
}

/// Ends it.
pub fn swap_off(path: &[u8]) -> Result<(), Errno> {
    let path = text(path)?;
    // SAFETY: a C string that outlives the call.
    Errno::result(unsafe { libc::swapoff(path.as_ptr()) }).map(drop)
}

/// Stops all writing to the filesystem of an open folder, or lets it go on.
pub fn freeze(fd: BorrowedFd<'_>, stop: bool) -> Result<(), Errno> {
    let order: libc::Ioctl =
        if stop { 0xc004_5877_u32 as libc::Ioctl } else { 0xc004_5878_u32 as libc::Ioctl };
    let mut nothing: libc::c_int = 0;
    // SAFETY: FIFREEZE and FITHAW are declared with an int and touch none.
    Errno::result(unsafe { libc::ioctl(fd.as_raw_fd(), order, &raw mut nothing) }).map(drop)
}

/// Discards what is free in the filesystem of an open folder; says how many
/// bytes that were.
pub fn trim(fd: BorrowedFd<'_>, start: u64, length: u64, least: u64) -> Result<u64, Errno> {
    let mut range = [start, length, least];
    // SAFETY: FITRIM reads and writes three numbers of 64 bits.
    Errno::result(unsafe {
        libc::ioctl(fd.as_raw_fd(), 0xc018_5879_u32 as libc::Ioctl, range.as_mut_ptr())
    })?;
    Ok(range[1])
}
