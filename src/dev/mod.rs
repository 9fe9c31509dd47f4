//! Devices: what there is, what drives it, word of new ones.

pub mod attribute;
pub mod ids;
pub mod nodes;
pub mod uevent;
pub mod virtio;

use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;

use crate::sys::folder;
use crate::sys::path::open;

/// The names in a folder, sorted, without those that begin with a dot; an
/// empty list when it cannot be read.
pub fn names(path: &str) -> Vec<Vec<u8>> {
    open(path, OFlag::O_RDONLY | OFlag::O_DIRECTORY).map_or_else(|_| Vec::new(), |fd| names_of(&fd))
}

/// [`names`] of an open folder.
pub fn names_of(folder: &OwnedFd) -> Vec<Vec<u8>> {
    let mut list = Vec::new();
    let (mut packed, mut at) = (Vec::new(), 0);
    // a device that goes meanwhile does not hide the others
    let _ = folder::read(folder.as_fd(), &mut packed, &mut Vec::new());
    while let Some((_, name)) = folder::next(&packed, &mut at) {
        let name = name.strip_suffix(b"\0").unwrap_or(name);
        if !name.starts_with(b".") {
            list.push(name.to_vec());
        }
    }
    list.sort_unstable();
    list
}

/// The first `limit` bytes of a small file, such as an attribute of sysfs,
/// with one open, one read and one close.
pub fn read_small(path: &(impl AsRef<[u8]> + ?Sized), limit: usize) -> Result<Vec<u8>, Errno> {
    read_start(open(path.as_ref(), OFlag::O_RDONLY)?, limit)
}

/// [`read_small`] of a file below an open folder.
pub fn read_small_at(folder: &OwnedFd, path: &[u8], limit: usize) -> Result<Vec<u8>, Errno> {
    read_start(openat(folder, path, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())?, limit)
}

fn read_start(file: OwnedFd, limit: usize) -> Result<Vec<u8>, Errno> {
    let mut bytes = vec![0; limit];
    let n = nix::unistd::read(&file, &mut bytes)?;
    bytes.truncate(n);
    Ok(bytes)
}
