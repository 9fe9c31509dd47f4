//! Attributes of files as lsattr shows and chattr sets them. ioctl_iflags(2).

use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;

mod request {
    #![allow(missing_docs)]
    // linux/fs.h: the argument is an int in spite of the long in the number
    nix::ioctl_read!(get_flags, b'f', 1, libc::c_long);
    nix::ioctl_write_ptr!(set_flags, b'f', 2, libc::c_long);
    nix::ioctl_read!(get_version, b'v', 1, libc::c_long);
    nix::ioctl_write_ptr!(set_version, b'v', 2, libc::c_long);
    nix::ioctl_read!(get_extended, b'X', 31, super::Extended);
    nix::ioctl_write_ptr!(set_extended, b'X', 32, super::Extended);
}

/// `struct fsxattr`.
#[repr(C)]
#[derive(Default)]
pub(super) struct Extended {
    flags: u32,
    extent_size: u32,
    extents: u32,
    project: u32,
    copy_extent_size: u32,
    padding: [u8; 8],
}

/// The low half of what the kernel filled in.
fn low(value: libc::c_long) -> u32 {
    let bytes = value.to_ne_bytes();
    let half = bytes.first_chunk::<4>().copied().unwrap_or_default();
    u32::from_ne_bytes(half)
}

/// A number in the half that the kernel reads.
fn placed(value: u32) -> libc::c_long {
    let mut bytes = [0; size_of::<libc::c_long>()];
    for (to, from) in bytes.iter_mut().zip(value.to_ne_bytes()) {
        *to = from;
    }
    libc::c_long::from_ne_bytes(bytes)
}

/// The attributes of an open file.
pub fn get(fd: impl AsFd) -> Result<u32, Errno> {
    let mut value = 0;
    // SAFETY: the number outlives the call, which fills four bytes of it.
    unsafe { request::get_flags(fd.as_fd().as_raw_fd(), &raw mut value) }?;
    Ok(low(value))
}

/// Sets all attributes of an open file.
pub fn set(fd: impl AsFd, flags: u32) -> Result<(), Errno> {
    let value = placed(flags);
    // SAFETY: the number outlives the call, which reads four bytes of it.
    unsafe { request::set_flags(fd.as_fd().as_raw_fd(), &raw const value) }.map(drop)
}

/// The generation of an open file.
pub fn version(fd: impl AsFd) -> Result<u32, Errno> {
    let mut value = 0;
    // SAFETY: as in `get`.
    unsafe { request::get_version(fd.as_fd().as_raw_fd(), &raw mut value) }?;
    Ok(low(value))
}

/// Sets the generation of an open file.
pub fn set_version(fd: impl AsFd, version: u32) -> Result<(), Errno> {
    let value = placed(version);
    // SAFETY: as in `set`.
    unsafe { request::set_version(fd.as_fd().as_raw_fd(), &raw const value) }.map(drop)
}

fn extended(fd: impl AsFd) -> Result<Extended, Errno> {
    let mut value = Extended::default();
    // SAFETY: the structure is the kernel's and outlives the call, which fills
    // it.
    unsafe { request::get_extended(fd.as_fd().as_raw_fd(), &raw mut value) }?;
    Ok(value)
}

/// The project that an open file is counted for.
pub fn project(fd: impl AsFd) -> Result<u32, Errno> {
    extended(fd).map(|value| value.project)
}

/// Counts an open file for another project.
pub fn set_project(fd: impl AsFd, project: u32) -> Result<(), Errno> {
    let value = Extended { project, ..extended(&fd)? };
    // SAFETY: the structure outlives the call, which reads it.
    unsafe { request::set_extended(fd.as_fd().as_raw_fd(), &raw const value) }.map(drop)
}
