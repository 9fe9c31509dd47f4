//! Devices: what there is, what drives it, word of new ones.

pub mod attribute;
pub mod ids;
pub mod nodes;
pub mod uevent;
pub mod virtio;

use std::os::fd::OwnedFd;

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::OFlag;

use crate::sys::path::open;

/// The names in a folder, sorted, without those that begin with a dot; an
/// empty list when it cannot be read.
pub fn names(path: &str) -> Vec<Vec<u8>> {
    match open(path, OFlag::O_RDONLY | OFlag::O_DIRECTORY) {
        Ok(fd) => names_of(fd),
        Err(_) => Vec::new(),
    }
}

fn names_of(fd: OwnedFd) -> Vec<Vec<u8>> {
    let Ok(mut dir) = Dir::from_fd(fd) else { return Vec::new() };
    let mut list: Vec<Vec<u8>> = dir
        .iter()
        .filter_map(Result::ok)
        .map(|entry| entry.file_name().to_bytes().to_vec())
        .filter(|name| !name.starts_with(b"."))
        .collect();
    list.sort_unstable();
    list
}

/// The first `limit` bytes of a small file, such as an attribute of sysfs,
/// with one open, one read and one close.
pub fn read_small(path: &str, limit: usize) -> Result<Vec<u8>, Errno> {
    let fd = open(path, OFlag::O_RDONLY)?;
    let mut bytes = vec![0; limit];
    let n = nix::unistd::read(&fd, &mut bytes)?;
    bytes.truncate(n);
    Ok(bytes)
}
