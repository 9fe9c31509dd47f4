//! Telling btrfs which devices there are. <linux/btrfs.h>

use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;

#[repr(C)]
struct VolumeArguments {
    fd: i64,
    name: [u8; 4088],
}

/// Tells of a device (BTRFS_IOC_SCAN_DEV), through /dev/btrfs-control.
pub fn scan_device(control: BorrowedFd<'_>, path: &[u8]) -> Result<(), Errno> {
    let mut arguments = VolumeArguments { fd: 0, name: [0; 4088] };
    // The last byte stays the NUL that ends the name.
    match arguments.name.get_mut(..path.len()) {
        Some(place) if path.len() < 4088 => place.copy_from_slice(path),
        _ => return Err(Errno::ENAMETOOLONG),
    }
    // SAFETY: the call reads 4096 bytes, the size of the arguments, in which
    // the name ends with a NUL.
    Errno::result(unsafe { libc::ioctl(control.as_raw_fd(), 0x5000_9404, &raw const arguments) })
        .map(drop)
}
