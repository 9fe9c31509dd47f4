//! Files of this system on their way into an archive.

use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{FileStat, Mode, fstat, major, minor};

use crate::cpio::{REGULAR, SYMLINK, TYPE_MASK};

use super::Entry;

/// How much of a file is read at once.
const PIECE: usize = 128 << 10;

/// What the system says of a file, as an archive has it.
pub fn entry(name: &[u8], stat: &FileStat) -> Entry {
    let device = |number| (major(number) as u32, minor(number) as u32);
    let mode = stat.st_mode & (TYPE_MASK | 0o7777);
    let stored = if mode & TYPE_MASK == REGULAR || mode & TYPE_MASK == SYMLINK {
        u64::try_from(stat.st_size).unwrap_or(0)
    } else {
        0
    };
    let (high, low) = device(stat.st_dev);
    #[allow(clippy::unnecessary_cast)] // the width differs from one system to the other
    Entry {
        name: name.to_vec(),
        mode,
        uid: stat.st_uid,
        gid: stat.st_gid,
        mtime: stat.st_mtime,
        nanos: u32::try_from(stat.st_mtime_nsec).unwrap_or(0),
        stored,
        size: stored,
        rdev: device(stat.st_rdev),
        inode: (high, low, stat.st_ino as u32),
        nlink: stat.st_nlink as u32,
        ..Entry::default()
    }
}

/// A file whose content goes into an archive.
pub struct Reading {
    file: OwnedFd,
    /// How many bytes are still to come.
    pub left: u64,
    /// Whether it turned out shorter than it was; zeros stand for the rest.
    pub shrank: bool,
}

impl Reading {
    /// Opens a file; its size as it is now is that of the entry.
    pub fn open(dir: impl AsFd, name: &OsStr, entry: &mut Entry) -> Result<Reading, Errno> {
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        let file = openat(dir, name, flags, Mode::empty())?;
        let stat = fstat(&file)?;
        if stat.st_mode & libc::S_IFMT != libc::S_IFREG {
            return Err(Errno::EAGAIN); // it was replaced meanwhile
        }
        entry.stored = u64::try_from(stat.st_size).unwrap_or(0);
        entry.size = entry.stored;
        Ok(Reading { file, left: entry.stored, shrank: false })
    }

    /// Puts the next piece behind `out`.
    pub fn more(&mut self, out: &mut Vec<u8>) -> Result<(), Errno> {
        let start = out.len();
        let wanted = PIECE.min(usize::try_from(self.left).unwrap_or(PIECE));
        crate::sys::memory::resize(out, start + wanted, 0);
        if self.shrank {
            self.left -= wanted as u64;
            return Ok(());
        }
        let room = out.get_mut(start..).unwrap_or_default();
        let result = loop {
            match nix::unistd::read(&self.file, room) {
                Err(Errno::EINTR) => {}
                result => break result,
            }
        };
        let got = *result.as_ref().unwrap_or(&0);
        out.truncate(start + got);
        self.left -= got as u64;
        if got == 0 {
            self.shrank = true;
        }
        result.map(drop)
    }
}

/// The target of a symbolic link.
pub fn target(dir: impl AsFd, name: &OsStr) -> Result<Vec<u8>, Errno> {
    Ok(nix::fcntl::readlinkat(dir, name)?.as_bytes().to_vec())
}
