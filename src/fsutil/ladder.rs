//! The open folders from the top of a tree down to where a walk stands.
//!
//! Only the lowest ones are kept open, so that a tree of ten thousand levels
//! needs no more descriptors than a flat one; the others are opened anew by
//! `..` on the way back, or by their path where that leads elsewhere (a
//! folder reached through a symbolic link), and must be the same then.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::{Mode, fstat};

/// How many folders are open at a time.
const OPEN: usize = 64;

struct Rung {
    fd: Option<OwnedFd>,
    device: u64,
    inode: u64,
}

/// See the module.
#[derive(Default)]
pub struct Ladder {
    rungs: Vec<Rung>,
}

impl Ladder {
    /// How many folders there are.
    pub fn len(&self) -> usize {
        self.rungs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rungs.is_empty()
    }

    /// Goes down into an open folder.
    pub fn push(&mut self, fd: OwnedFd) -> Result<(), Errno> {
        let stat = fstat(&fd)?;
        if let Some(far) = self.rungs.len().checked_sub(OPEN)
            && let Some(rung) = self.rungs.get_mut(far)
        {
            rung.fd = None;
        }
        self.rungs.push(Rung { fd: Some(fd), device: stat.st_dev, inode: stat.st_ino });
        Ok(())
    }

    /// Goes up one folder; `path` is that of the folder above.
    ///
    /// # Errors
    /// The folder above cannot be opened any more, or is another one by now.
    pub fn pop(&mut self, path: &[u8]) -> Result<(), Errno> {
        let below = self.rungs.pop();
        let Some(rung) = self.rungs.last_mut() else { return Ok(()) };
        if rung.fd.is_some() {
            return Ok(());
        }
        let same = |fd: OwnedFd, rung: &Rung| {
            let stat = fstat(&fd).ok()?;
            ((stat.st_dev, stat.st_ino) == (rung.device, rung.inode)).then_some(fd)
        };
        let above = below.and_then(|below| open_folder(below.fd?.as_fd(), b"..", false).ok());
        rung.fd = above.and_then(|fd| same(fd, rung));
        if rung.fd.is_none() {
            rung.fd = Some(same(open_long(path)?, rung).ok_or(Errno::ESTALE)?);
        }
        Ok(())
    }

    /// The lowest folder; the working directory when there is none.
    pub fn fd(&self) -> BorrowedFd<'_> {
        match self.rungs.last() {
            Some(Rung { fd: Some(fd), .. }) => fd.as_fd(),
            _ => AT_FDCWD,
        }
    }

    /// Whether this folder is one of them, which makes a loop of it.
    pub fn holds(&self, device: u64, inode: u64) -> bool {
        self.rungs.iter().any(|rung| (rung.device, rung.inode) == (device, inode))
    }

    /// The file system of the lowest folder.
    pub fn device(&self) -> Option<u64> {
        Some(self.rungs.last()?.device)
    }
}

/// Opens a folder to be read.
pub fn open_folder(at: BorrowedFd<'_>, name: &[u8], follow: bool) -> Result<OwnedFd, Errno> {
    let mut flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    if !follow {
        flags |= OFlag::O_NOFOLLOW;
    }
    openat(at, OsStr::from_bytes(name), flags, Mode::empty())
}

/// Opens a folder by a path of any length, piece by piece.
pub fn open_long(path: &[u8]) -> Result<OwnedFd, Errno> {
    const PIECE: usize = 4000;
    let mut rest = path;
    let mut at: Option<OwnedFd> = None;
    loop {
        let cut = match rest.get(..PIECE) {
            Some(head) => head.iter().rposition(|&b| b == b'/').ok_or(Errno::ENAMETOOLONG)? + 1,
            None => rest.len(),
        };
        let (piece, more) = rest.split_at(cut);
        let from = at.as_ref().map_or(AT_FDCWD, |fd| fd.as_fd());
        let fd = open_folder(from, piece, true)?;
        if more.is_empty() {
            return Ok(fd);
        }
        at = Some(fd);
        rest = more;
        while let Some(next) = rest.strip_prefix(b"/") {
            rest = next;
        }
        if rest.is_empty() {
            return at.ok_or(Errno::ENOENT);
        }
    }
}
