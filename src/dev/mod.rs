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
    let mut list = Vec::new();
    let Ok(fd) = open(path, OFlag::O_RDONLY | OFlag::O_DIRECTORY) else { return list };
    let (mut packed, mut at) = (Vec::new(), 0);
    // a device that goes meanwhile does not hide the others
    let _ = folder::read(fd.as_fd(), &mut packed, &mut Vec::new());
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
    let file = open(path.as_ref(), OFlag::O_RDONLY)?;
    let mut bytes = vec![0; limit];
    let n = nix::unistd::read(&file, &mut bytes)?;
    bytes.truncate(n);
    Ok(bytes)
}

/// The same of a file below an open folder: what there is room for in `buffer`.
pub fn read_small_at<'a>(
    folder: &OwnedFd,
    path: &[u8],
    buffer: &'a mut [u8],
) -> Result<&'a [u8], Errno> {
    let file = openat(folder, path, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())?;
    let n = nix::unistd::read(&file, buffer)?;
    Ok(buffer.get(..n).unwrap_or_default())
}
