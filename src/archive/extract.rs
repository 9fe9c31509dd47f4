//! Puts what archives hold onto a file system, and never outside of the folder
//! that it was to go to.
//!
//! Names lose what leads out of the folder ([`super::name`]); folders on the way
//! are opened with that folder as root (openat2 with RESOLVE_IN_ROOT, so that
//! absolute links and `..` mean something inside; where the kernel has no such
//! call no link is followed); what is made last is never opened through a link,
//! but made anew (O_EXCL). Folders get their permissions and times at the end,
//! so that files can be put in them.
//!
//! CVE-2023-39810, CVE-2026-26157 and CVE-2026-26158 are what happened to
//! others here.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, openat};
use nix::sys::stat::{
    Mode, SFlag, UtimensatFlags, fchmod, fchmodat, fstatat, futimens, makedev, mkdirat, mknodat,
    utimensat,
};
use nix::sys::time::TimeSpec;
use nix::unistd::{
    Gid, LinkatFlags, Uid, UnlinkatFlags, Whence, fchown, fchownat, ftruncate, linkat, lseek,
    symlinkat, unlinkat,
};

use crate::applet::{Error, show_bytes, write_all};
use crate::cpio::{BLOCK, CHARACTER, DIRECTORY, FIFO, REGULAR, SOCKET, SYMLINK};
use crate::sys;

use super::{Content, Damage, Entry, name};

/// What is wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// What is there stays, and that is an error.
    pub keep: bool,
    /// What is there stays when it is as new, silently.
    pub newer: bool,
    /// What is there is written into (not replaced), unless it is a link.
    pub overwrite: bool,
    /// Permissions exactly, whatever the umask.
    pub permissions: bool,
    /// Owners, too.
    pub owners: bool,
    /// The time is that of unpacking.
    pub untimed: bool,
    /// Names are taken as they are, even out of the folder.
    pub absolute: bool,
    /// Folders above a name that are not there are made.
    pub parents: bool,
}

/// A folder whose properties are set at the end.
struct Later {
    name: Vec<u8>,
    mode: u32,
    uid: u32,
    gid: u32,
    time: TimeSpec,
}

/// Unpacks into one folder.
pub struct Extractor {
    root: OwnedFd,
    wanted: Wanted,
    umask: u32,
    /// The folder that something was last put in.
    last: Option<(Vec<u8>, OwnedFd)>,
    later: Vec<Later>,
}

/// Why an entry could not be put, or why there is no going on.
pub enum Failure {
    /// This entry failed.
    Entry(Error),
    /// The archive did.
    Archive(Damage),
}

impl From<Damage> for Failure {
    fn from(damage: Damage) -> Failure {
        Failure::Archive(damage)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Entry(error)
    }
}

const FOLDER: OFlag = OFlag::O_DIRECTORY.union(OFlag::O_RDONLY).union(OFlag::O_CLOEXEC);

fn os(name: &[u8], errno: Errno) -> Error {
    Error::os(show_bytes(name), errno)
}

impl Extractor {
    /// Unpacks into this folder.
    pub fn new(folder: &Path, wanted: Wanted) -> Result<Extractor, Error> {
        let root = openat(AT_FDCWD, folder, FOLDER, Mode::empty())
            .map_err(|e| Error::os(crate::applet::show(folder), e))?;
        let umask = sys::process::umask();
        Ok(Extractor { root, wanted, umask, last: None, later: Vec::new() })
    }

    /// Opens something below the root.
    fn open(&self, name: &[u8], flags: OFlag) -> Result<OwnedFd, Errno> {
        let name = if name.is_empty() { b"." } else { name };
        let path = OsStr::from_bytes(name);
        if self.wanted.absolute {
            return openat(&self.root, path, flags | OFlag::O_CLOEXEC, Mode::empty());
        }
        match sys::path::open_in_root(&self.root, path, flags) {
            Err(Errno::ENOSYS) => {}
            result => return result,
        }
        let mut parts: Vec<&[u8]> =
            name.split(|&b| b == b'/').filter(|p| !p.is_empty() && *p != b".").collect();
        let last = parts.pop();
        let strict = FOLDER | OFlag::O_NOFOLLOW;
        let mut fd = openat(&self.root, ".", FOLDER, Mode::empty())?;
        for part in parts {
            fd = openat(&fd, OsStr::from_bytes(part), strict, Mode::empty())?;
        }
        let Some(last) = last else { return Ok(fd) };
        let flags = flags | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        openat(&fd, OsStr::from_bytes(last), flags, Mode::empty())
    }

    /// Opens the folder, and makes it when it is not there.
    fn folder(&mut self, name: &[u8]) -> Result<OwnedFd, Error> {
        // Without recursion: as long as it fails, one more part is to be made.
        let mut missing = 0;
        let parts: Vec<&[u8]> =
            name.split(|&b| b == b'/').filter(|p| !p.is_empty() && *p != b".").collect();
        let slash: &[u8] = if name.starts_with(b"/") { b"/" } else { b"" };
        let path =
            |count: usize| [slash, &parts.get(..count).unwrap_or_default().join(&b'/')].concat();
        let mut fd = loop {
            let there = path(parts.len() - missing);
            match self.open(&there, FOLDER) {
                Ok(fd) => break fd,
                Err(Errno::ENOENT) if self.wanted.parents && missing < parts.len() => missing += 1,
                Err(errno) => return Err(os(&there, errno)),
            }
        };
        for at in parts.len() - missing..parts.len() {
            let part = parts.get(at).copied().unwrap_or_default();
            let part = OsStr::from_bytes(part);
            match mkdirat(&fd, part, Mode::from_bits_truncate(0o777)) {
                Ok(()) | Err(Errno::EEXIST) => {}
                Err(errno) => return Err(os(&path(at + 1), errno)),
            }
            fd = openat(&fd, part, FOLDER | OFlag::O_NOFOLLOW, Mode::empty())
                .map_err(|e| os(&path(at + 1), e))?;
        }
        Ok(fd)
    }

    /// Leaves the folder that `name` goes to in `last`, and gives the last part
    /// of the name.
    fn place<'n>(&mut self, name: &'n [u8]) -> Result<&'n OsStr, Error> {
        let mut name = name;
        while let [rest @ .., b'/'] = name {
            name = rest;
        }
        let (folder, last) = match name.iter().rposition(|&b| b == b'/') {
            Some(0) => (&b"/"[..], name.get(1..).unwrap_or_default()),
            Some(slash) => name.split_at(slash),
            None => (&b""[..], name),
        };
        let last = last.strip_prefix(b"/").unwrap_or(last);
        let known = matches!(&self.last, Some((path, _)) if path == folder);
        if !known {
            self.last = None;
            let fd = self.folder(folder)?;
            self.last = Some((folder.to_vec(), fd));
        }
        Ok(OsStr::from_bytes(last))
    }

    fn here(&self) -> BorrowedFd<'_> {
        self.last.as_ref().map_or(self.root.as_fd(), |(_, fd)| fd.as_fd())
    }

    /// The part of a name that is used.
    pub fn inside<'n>(&self, name: &'n [u8]) -> &'n [u8] {
        if self.wanted.absolute { name } else { name::inside(name).1 }
    }

    /// Makes what the entry says under `name`. Gives whether anything was made.
    pub fn put(
        &mut self,
        entry: &Entry,
        name: &[u8],
        content: &mut dyn Content,
    ) -> Result<bool, Failure> {
        let name = self.inside(name);
        let bare = name.iter().all(|&b| b == b'/' || b == b'.');
        if bare && (name.is_empty() || name.split(|&b| b == b'/').all(|p| matches!(p, b"" | b".")))
        {
            if entry.is_folder() {
                self.remember(b"", entry);
                return Ok(false);
            }
            return Err(Error::about(show_bytes(&entry.name), "no name to unpack to").into());
        }
        if name.contains(&0) {
            return Err(Error::about(show_bytes(name), "a NUL in a name").into());
        }
        let last = self.place(name)?;
        if entry.is_folder() {
            self.put_folder(entry, name, last)?;
            return Ok(true);
        }
        if self.wanted.newer
            && let Ok(there) = fstatat(self.here(), last, AtFlags::AT_SYMLINK_NOFOLLOW)
            && (there.st_mtime, there.st_mtime_nsec) >= (entry.mtime, i64::from(entry.nanos))
        {
            return Ok(false);
        }
        if entry.is_file() {
            return self.put_file(entry, name, last, content);
        }
        let mut removed = false;
        loop {
            match self.make(entry, last) {
                Ok(()) => break,
                Err(Errno::EEXIST) if !removed && !self.wanted.keep => {
                    self.remove(name, last, entry)?;
                    removed = true;
                }
                Err(errno) => return Err(os(name, errno).into()),
            }
        }
        if !entry.hard {
            self.set_properties(entry, name, last)?;
        }
        Ok(true)
    }

    /// Makes links, devices, pipes and sockets.
    fn make(&mut self, entry: &Entry, last: &OsStr) -> Result<(), Errno> {
        if entry.hard {
            let target = self.inside(&entry.link);
            let (folder, link) = match target.iter().rposition(|&b| b == b'/') {
                Some(0) => (&b"/"[..], target.get(1..).unwrap_or_default()),
                Some(slash) => target.split_at(slash),
                None => (&b""[..], target),
            };
            let link = link.strip_prefix(b"/").unwrap_or(link);
            let from = self.open(folder, FOLDER)?;
            return linkat(&from, OsStr::from_bytes(link), self.here(), last, LinkatFlags::empty());
        }
        let mode = Mode::from_bits_truncate(entry.mode & 0o777);
        let (kind, device) = match entry.kind() {
            SYMLINK => return symlinkat(OsStr::from_bytes(&entry.link), self.here(), last),
            FIFO => (SFlag::S_IFIFO, 0),
            SOCKET => (SFlag::S_IFSOCK, 0),
            kind @ (CHARACTER | BLOCK) => {
                let flag = if kind == BLOCK { SFlag::S_IFBLK } else { SFlag::S_IFCHR };
                (flag, makedev(u64::from(entry.rdev.0), u64::from(entry.rdev.1)))
            }
            REGULAR | DIRECTORY => return Err(Errno::EINVAL),
            _ => return Err(Errno::EOPNOTSUPP),
        };
        mknodat(self.here(), last, kind, mode, device)
    }

    /// Makes `name` another name of a file of this system.
    pub fn link(&mut self, file: &Path, name: &[u8]) -> Result<(), Error> {
        let name = self.inside(name);
        let last = self.place(name)?;
        for again in [true, false] {
            match linkat(AT_FDCWD, file, self.here(), last, LinkatFlags::empty()) {
                Err(Errno::EEXIST) if again && !self.wanted.newer => {
                    unlinkat(self.here(), last, UnlinkatFlags::NoRemoveDir)
                        .map_err(|e| os(name, e))?;
                }
                result => return result.map_err(|e| os(name, e)),
            }
        }
        Ok(())
    }

    /// Takes away what is in the place of an entry.
    fn remove(&self, name: &[u8], last: &OsStr, entry: &Entry) -> Result<(), Error> {
        if entry.hard {
            // The name may be one of the file already.
            let target = self.inside(&entry.link);
            if target == name {
                return Ok(());
            }
        }
        match unlinkat(self.here(), last, UnlinkatFlags::NoRemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => Ok(()),
            Err(Errno::EISDIR | Errno::EPERM) => {
                // An empty folder may go.
                unlinkat(self.here(), last, UnlinkatFlags::RemoveDir).map_err(|e| os(name, e))
            }
            Err(errno) => Err(os(name, errno)),
        }
    }

    fn put_folder(&mut self, entry: &Entry, name: &[u8], last: &OsStr) -> Result<(), Error> {
        // The owner must be able to put files in it until it is complete.
        let mode = Mode::from_bits_truncate(entry.mode & 0o777 | 0o700);
        match mkdirat(self.here(), last, mode) {
            Ok(()) => {}
            Err(Errno::EEXIST) => {
                let there = fstatat(self.here(), last, AtFlags::AT_SYMLINK_NOFOLLOW)
                    .map_err(|e| os(name, e))?;
                match there.st_mode & libc::S_IFMT {
                    libc::S_IFDIR if self.wanted.keep => return Ok(()),
                    libc::S_IFDIR => {}
                    // A link to a folder (/lib to /usr/lib) is as good as one.
                    libc::S_IFLNK if self.open(name, FOLDER).is_ok() => return Ok(()),
                    _ if self.wanted.keep => return Err(os(name, Errno::EEXIST)),
                    _ => {
                        self.remove(name, last, entry)?;
                        mkdirat(self.here(), last, mode).map_err(|e| os(name, e))?;
                    }
                }
            }
            Err(errno) => return Err(os(name, errno)),
        }
        self.remember(name, entry);
        Ok(())
    }

    fn remember(&mut self, name: &[u8], entry: &Entry) {
        let (mode, uid, gid) = (self.permissions(entry), entry.uid, entry.gid);
        self.later.push(Later { name: name.to_vec(), mode, uid, gid, time: time(entry) });
    }

    fn permissions(&self, entry: &Entry) -> u32 {
        let mode = entry.mode & 0o7777;
        if self.wanted.permissions { mode } else { mode & !self.umask & 0o777 }
    }

    fn put_file(
        &mut self,
        entry: &Entry,
        name: &[u8],
        last: &OsStr,
        content: &mut dyn Content,
    ) -> Result<bool, Failure> {
        let mode = self.permissions(entry);
        let made =
            Mode::from_bits_truncate(mode & 0o777 & !(if self.wanted.owners { 0o077 } else { 0 }));
        let base = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let mut flags = base | OFlag::O_EXCL;
        let mut tries = 0;
        let file = loop {
            tries += 1;
            match openat(self.here(), last, flags, made | Mode::S_IWUSR) {
                Ok(file) => break file,
                Err(Errno::EEXIST) if self.wanted.keep => {
                    return Err(os(name, Errno::EEXIST).into());
                }
                Err(Errno::EEXIST) if self.wanted.overwrite && tries == 1 => {
                    flags = base | OFlag::O_TRUNC | OFlag::O_NONBLOCK;
                }
                Err(Errno::EEXIST | Errno::ELOOP | Errno::ENXIO | Errno::EISDIR) if tries < 3 => {
                    flags = base | OFlag::O_EXCL;
                    self.remove(name, last, entry)?;
                }
                Err(errno) => return Err(os(name, errno).into()),
            }
        };
        let written = fill(&file, entry, content);
        if let Err(Failure::Entry(error)) = written {
            return Err(error.on(show_bytes(name).to_string()).into());
        }
        let done = (|| {
            if self.wanted.owners {
                let (uid, gid) = (Uid::from_raw(entry.uid), Gid::from_raw(entry.gid));
                fchown(&file, Some(uid), Some(gid))?;
            }
            // Set-id bits are lost when the owner changes.
            if self.wanted.owners || mode & !self.umask != made.bits() {
                fchmod(&file, Mode::from_bits_truncate(mode))?;
            }
            if self.wanted.untimed {
                return Ok(());
            }
            futimens(&file, &time(entry), &time(entry))
        })();
        done.map_err(|e: Errno| os(name, e))?;
        written.map(|()| true)
    }

    /// Sets owner, permissions and time of what is no file and no folder.
    fn set_properties(&self, entry: &Entry, name: &[u8], last: &OsStr) -> Result<(), Error> {
        let done = (|| {
            if self.wanted.owners {
                let (uid, gid) = (Uid::from_raw(entry.uid), Gid::from_raw(entry.gid));
                let link = AtFlags::AT_SYMLINK_NOFOLLOW;
                fchownat(self.here(), last, Some(uid), Some(gid), link)?;
            }
            if !entry.is_symlink() {
                let mode = Mode::from_bits_truncate(self.permissions(entry));
                fchmodat(self.here(), last, mode, nix::sys::stat::FchmodatFlags::FollowSymlink)?;
            }
            if self.wanted.untimed {
                return Ok(());
            }
            let link = UtimensatFlags::NoFollowSymlink;
            utimensat(self.here(), last, &time(entry), &time(entry), link)
        })();
        done.map_err(|e: Errno| os(name, e))
    }

    /// Gives folders their permissions and times; calls `warn` for each that
    /// fails.
    pub fn finish(&mut self, warn: &mut dyn FnMut(Error)) {
        self.last = None;
        for later in std::mem::take(&mut self.later).into_iter().rev() {
            let done = self.open(&later.name, FOLDER | OFlag::O_NOFOLLOW).and_then(|fd| {
                if self.wanted.owners {
                    let (uid, gid) = (Uid::from_raw(later.uid), Gid::from_raw(later.gid));
                    fchown(&fd, Some(uid), Some(gid))?;
                }
                fchmod(&fd, Mode::from_bits_truncate(later.mode))?;
                if self.wanted.untimed {
                    return Ok(());
                }
                futimens(&fd, &later.time, &later.time)
            });
            match done {
                // It was replaced by something else.
                Ok(()) | Err(Errno::ELOOP | Errno::ENOTDIR | Errno::ENOENT) => {}
                Err(errno) if later.name.is_empty() => warn(os(b".", errno)),
                Err(errno) => warn(os(&later.name, errno)),
            }
        }
    }
}

fn time(entry: &Entry) -> TimeSpec {
    TimeSpec::new(entry.mtime, i64::from(entry.nanos))
}

/// Writes the content of a file, with its holes.
fn fill(file: &OwnedFd, entry: &Entry, content: &mut dyn Content) -> Result<(), Failure> {
    let fail = |e: std::io::Error| Failure::Entry(Error::os("", e));
    let errno = |e: Errno| Failure::Entry(Error::os("", e));
    let Some(map) = &entry.map else {
        loop {
            let piece = content.piece()?;
            if piece.is_empty() {
                return Ok(());
            }
            write_all(file.as_fd(), piece).map_err(fail)?;
        }
    };
    let mut parts = map.iter();
    let mut left = 0u64;
    loop {
        let mut piece = content.piece()?;
        if piece.is_empty() {
            break;
        }
        while !piece.is_empty() {
            if left == 0 {
                let Some(&(offset, length)) = parts.next() else { break };
                left = length;
                let to = i64::try_from(offset).map_err(|_| errno(Errno::EFBIG))?;
                lseek(file, to, Whence::SeekSet).map_err(errno)?;
            }
            let now = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
            let (part, rest) = piece.split_at_checked(now).unwrap_or((piece, b""));
            write_all(file.as_fd(), part).map_err(fail)?;
            piece = rest;
            left -= part.len() as u64;
        }
    }
    let size = i64::try_from(entry.size).map_err(|_| errno(Errno::EFBIG))?;
    ftruncate(file, size).map_err(errno)
}
