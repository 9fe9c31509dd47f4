//! Removing files and trees: rm, and what mv leaves behind.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::sys::stat::fstatat;
use nix::unistd::{AccessFlags, UnlinkatFlags, faccessat, unlinkat};

use super::ask;
use super::walk::{Follow, Step, Walk};
use crate::applet::{Ctx, Error, show, show_bytes};

/// How to remove.
#[derive(Default)]
pub struct Removal {
    /// What is missing is no error, nothing is asked.
    pub force: bool,
    /// Folders with all that is in them.
    pub recursive: bool,
    /// Empty folders.
    pub folders: bool,
    /// Ask before everything.
    pub ask: bool,
    /// Ask before what is write-protected: somebody sits at the terminal.
    pub ask_protected: bool,
    /// Say what is removed.
    pub verbose: bool,
    /// Leave what is on another file system than the operand.
    pub one_device: bool,
}

impl Removal {
    /// Removes what `path` names. What could not be removed is warned of.
    pub fn remove(&self, cx: &mut Ctx, path: &[u8]) -> Result<(), Error> {
        let name = OsStr::from_bytes(path);
        let stat = match fstatat(AT_FDCWD, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::ENOENT | Errno::ENOTDIR) if self.force => return Ok(()),
            Err(errno) => {
                cx.warn(Error::os(show(name), errno));
                return Ok(());
            }
        };
        if stat.st_mode & libc::S_IFMT != libc::S_IFDIR {
            let mut walk = Walk::new(Follow::Never);
            walk.start(path);
            walk.next();
            self.one(cx, &mut walk, false)?;
            return Ok(());
        }
        if !self.recursive {
            if !self.folders {
                cx.warn(Error::os(show(name), Errno::EISDIR));
                return Ok(());
            }
            let mut walk = Walk::new(Follow::Never);
            walk.start(path);
            walk.next();
            self.one(cx, &mut walk, true)?;
            return Ok(());
        }
        self.tree(cx, path, stat.st_dev)
    }

    fn tree(&self, cx: &mut Ctx, path: &[u8], device: u64) -> Result<(), Error> {
        let mut walk = Walk::new(Follow::Never);
        walk.start(path);
        // Something is kept this deep: folders above it cannot be removed.
        let mut keep = 0;
        let mut unread = None;
        while let Some(step) = walk.next() {
            let depth = walk.depth();
            match step {
                Step::Entry => {
                    if !walk.is_folder() {
                        if !self.one(cx, &mut walk, false)? {
                            keep = depth;
                        }
                        continue;
                    }
                    let elsewhere = self.one_device
                        && walk.stat().map(|stat| stat.st_dev).is_ok_and(|other| other != device);
                    if elsewhere {
                        let text = "on another file system, kept";
                        cx.warn(Error::about(show_bytes(walk.path()), text));
                    }
                    let asked = self.ask || self.ask_protected && is_protected(&mut walk);
                    // GNU asks only once about an empty one
                    if elsewhere || asked && !is_empty(&walk) && !descend(cx, &mut walk, self.ask) {
                        walk.prune();
                        keep = depth;
                    }
                }
                Step::Failed(errno) => unread = Some(errno),
                Step::Leave if depth < keep => keep = depth,
                Step::Leave => {
                    // An empty folder goes even when it could not be read.
                    if let Some(errno) = unread.take() {
                        if self.unlink(&walk, true).is_err() {
                            cx.warn(Error::os(show_bytes(walk.path()), errno));
                            keep = depth;
                        } else {
                            self.say(cx, &walk, true)?;
                        }
                    } else if !self.one(cx, &mut walk, true)? {
                        keep = depth;
                    }
                }
                Step::Lost(errno) => cx.warn(Error::os(show_bytes(walk.path()), errno)),
            }
        }
        Ok(())
    }

    /// Removes the entry where the walk is; says whether it is gone.
    fn one(&self, cx: &mut Ctx, walk: &mut Walk, folder: bool) -> Result<bool, Error> {
        let protected = self.ask_protected && is_protected(walk);
        if self.ask || protected {
            let stat = walk.stat().map(|stat| (stat.st_mode, stat.st_size)).unwrap_or((0, 1));
            let word = if protected { "write-protected " } else { "" };
            let kind = ask::kind(stat.0, stat.1);
            let path = show_bytes(walk.path());
            if !ask::yes(cx, format_args!("remove {word}{kind} '{path}'? ")) {
                return Ok(false);
            }
        }
        match self.unlink(walk, folder) {
            Ok(()) => {
                self.say(cx, walk, folder)?;
                Ok(true)
            }
            Err(Errno::ENOENT) if self.force => Ok(true),
            Err(errno) => {
                cx.warn(Error::os(show_bytes(walk.path()), errno));
                Ok(false)
            }
        }
    }

    fn unlink(&self, walk: &Walk, folder: bool) -> Result<(), Errno> {
        let how = if folder { UnlinkatFlags::RemoveDir } else { UnlinkatFlags::NoRemoveDir };
        unlinkat(walk.dir(), walk.name(), how)
    }

    fn say(&self, cx: &mut Ctx, walk: &Walk, folder: bool) -> Result<(), Error> {
        if !self.verbose {
            return Ok(());
        }
        let kind = if folder { "directory " } else { "" };
        cx.print(format_args!("removed {kind}'{}'\n", show_bytes(walk.path())))
    }
}

fn descend(cx: &mut Ctx, walk: &mut Walk, always: bool) -> bool {
    let word = if always && !is_protected(walk) { "" } else { "write-protected " };
    let path = show_bytes(walk.path());
    ask::yes(cx, format_args!("descend into {word}directory '{path}'? "))
}

fn is_empty(walk: &Walk) -> bool {
    let mut packed = Vec::new();
    let Ok(fd) = super::ladder::open_folder(walk.dir(), walk.name().as_bytes(), false) else {
        return false;
    };
    let read =
        crate::sys::folder::read(std::os::fd::AsFd::as_fd(&fd), &mut packed, &mut Vec::new());
    read.is_ok() && packed.is_empty()
}

/// Whether the owner took the right to write away, as far as this user is
/// concerned; links have no rights.
fn is_protected(walk: &mut Walk) -> bool {
    walk.kind() != libc::S_IFLNK
        && faccessat(walk.dir(), walk.name(), AccessFlags::W_OK, AtFlags::AT_EACCESS)
            == Err(Errno::EACCES)
}
