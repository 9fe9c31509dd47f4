//! attach: reach the rescue shell of a machine that `rescuebox vm` runs.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::fcntl::{OFlag, open};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::Mode;

/// The virtio-serial port of this name, when its other end is connected.
pub(super) fn open_port(name: &[u8]) -> Option<OwnedFd> {
    let node = std::fs::read_dir("/sys/class/virtio-ports").ok()?.flatten().find_map(|entry| {
        let text = crate::sys::file::read(entry.path().join("name")).ok()?;
        (text.trim_ascii_end() == name).then(|| entry.file_name())
    })?;
    let path = Path::new("/dev").join(std::ffi::OsStr::from_bytes(node.as_bytes()));
    let flags = OFlag::O_RDWR | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
    let fd = open(&path, flags, Mode::empty()).ok()?;
    let mut fds = [PollFd::new(fd.as_fd(), PollFlags::empty())];
    let gone = poll(&mut fds, PollTimeout::ZERO).is_ok()
        && fds.iter().any(|fd| fd.revents().is_some_and(|r| r.contains(PollFlags::POLLHUP)));
    (!gone).then_some(fd)
}
