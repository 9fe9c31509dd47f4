//! Copying files and trees: one copier for cp, mv and install.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, openat};
use nix::sys::stat::{
    FchmodatFlags, FileStat, Mode, SFlag, UtimensatFlags, fchmod, fchmodat, fstat, fstatat,
    futimens, mkdirat, mknodat, utimensat,
};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, LinkatFlags, Uid, UnlinkatFlags, fchown, linkat, symlinkat, unlinkat};

use super::ask;
use super::backup::Backup;
use super::content::Content;
use super::inodes::Inodes;
use super::ladder::{Ladder, open_folder};
use super::walk::{Follow, Step, Walk};
use crate::applet::{Ctx, Error, show_bytes};
use crate::sys::{self, xattr};

/// What a copy keeps of its source.
#[derive(Clone, Copy, Default)]
pub struct Keep {
    /// Permissions.
    pub mode: bool,
    /// User and group, as far as the system lets.
    pub owner: bool,
    /// Times of access and modification.
    pub times: bool,
    /// That several names are one file.
    pub links: bool,
    /// Extended attributes, access lists among them.
    pub xattrs: bool,
    /// That they cannot be kept is no failure.
    pub xattrs_if_possible: bool,
}

/// What is made instead of a copy.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub enum Instead {
    /// A copy is made.
    #[default]
    Copy,
    /// A hard link.
    HardLink,
    /// A symbolic link with the source's path.
    SymbolicLink,
}

/// What becomes of a target that is there.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub enum Existing {
    /// It is overwritten.
    #[default]
    Replace,
    /// It is left.
    Leave,
    /// It is left unless the source is newer.
    Update,
    /// A question.
    Ask,
}

impl Existing {
    /// What `--update` and its word mean.
    pub fn of_update(word: Option<&OsStr>) -> Existing {
        match word.map(OsStr::as_bytes) {
            None | Some(b"older") => Existing::Update,
            Some(b"none") => Existing::Leave,
            Some(_) => Existing::Replace,
        }
    }
}

/// How to copy, and what has been copied so far.
pub struct Copier {
    /// Folders with what is in them; special files as such.
    pub recursive: bool,
    /// Which links stand for their targets.
    pub follow: Follow,
    /// What is kept.
    pub keep: Keep,
    /// What is made.
    pub instead: Instead,
    /// What is there already.
    pub existing: Existing,
    /// What cannot be opened is removed and made anew.
    pub force: bool,
    /// What is there is removed first.
    pub remove_first: bool,
    /// No bytes are copied.
    pub only_attributes: bool,
    /// What is copied of special files is their bytes.
    pub bytes_of_special: bool,
    /// Say what is done.
    pub verbose: Option<&'static str>,
    /// Other file systems are left out.
    pub one_device: bool,
    /// How bytes are copied.
    pub content: Content,
    /// What is overwritten is kept under another name.
    pub backup: Option<Backup>,
    /// Whether something of the operand at hand was not copied.
    pub failed: bool,
    umask: u32,
    seen: Inodes,
    /// The paths of first copies, by the numbers in `seen`.
    firsts: Vec<Vec<u8>>,
    /// Copies of operands, and the operands.
    made: Inodes,
    named: Vec<Vec<u8>>,
}

/// A place in the target: a name in an open folder, and its path for messages.
struct Target<'a> {
    dir: BorrowedFd<'a>,
    name: &'a OsStr,
    path: &'a [u8],
}

/// A folder that is being filled.
struct Filling {
    stat: FileStat,
    new: bool,
}

impl Copier {
    /// One that copies single files and follows links.
    pub fn new() -> Copier {
        Copier {
            recursive: false,
            follow: Follow::Always,
            keep: Keep::default(),
            instead: Instead::Copy,
            existing: Existing::Replace,
            force: false,
            remove_first: false,
            only_attributes: false,
            bytes_of_special: false,
            verbose: None,
            one_device: false,
            content: Content::default(),
            backup: None,
            failed: false,
            umask: sys::process::umask(),
            seen: Inodes::default(),
            firsts: Vec::new(),
            made: Inodes::default(),
            named: Vec::new(),
        }
    }

    /// Copies what `from` names to `to`, which is the copy itself and no
    /// folder to copy into. What fails is warned of; [`Copier::failed`] says
    /// whether anything did.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn copy(&mut self, cx: &mut Ctx, from: &[u8], to: &[u8]) -> Result<(), Error> {
        self.failed = false;
        let mut walk = Walk::new(self.follow);
        walk.one_device = self.one_device;
        walk.start(from);
        let mut ladder = Ladder::default();
        let mut filling: Vec<Filling> = Vec::new();
        let mut top = None;
        while let Some(step) = walk.next() {
            let path = target_path(from, to, walk.path());
            match step {
                Step::Entry => {
                    let folder = walk.is_folder();
                    let name = match walk.depth() {
                        0 => OsStr::from_bytes(to).to_owned(),
                        _ => walk.name().to_owned(),
                    };
                    let dir = if ladder.is_empty() { AT_FDCWD } else { ladder.fd() };
                    let target = Target { dir, name: &name, path: &path };
                    if !folder {
                        let done = self.file(cx, &mut walk, &target);
                        self.note(cx, done)?;
                        continue;
                    }
                    match self.open_target(cx, &mut walk, &target, &mut top) {
                        Ok((fd, fill)) => {
                            let pushed = ladder.push(fd);
                            filling.push(fill);
                            let done = pushed.map_err(|e| Error::os(show_bytes(&path), e));
                            self.note(cx, done)?;
                        }
                        Err(error) => {
                            walk.prune();
                            self.note(cx, Err(error))?;
                        }
                    }
                }
                Step::Failed(errno) => {
                    let error = Error::os(show_bytes(walk.path()), errno);
                    self.note(cx, Err(error))?;
                }
                Step::Leave => {
                    if let Some(fill) = filling.pop() {
                        let done = self.finish_folder(&walk, ladder.fd(), &fill, &path);
                        self.note(cx, done)?;
                    }
                    let above = path.iter().rposition(|&b| b == b'/').unwrap_or(0);
                    if let Err(errno) = ladder.pop(path.get(..above).unwrap_or_default()) {
                        self.note(cx, Err(Error::os(show_bytes(&path), errno)))?;
                        break;
                    }
                }
                Step::Lost(errno) => {
                    let error = Error::os(show_bytes(walk.path()), errno);
                    self.note(cx, Err(error))?;
                }
            }
        }
        Ok(())
    }

    /// Warns of what went wrong; only that output cannot be written ends all.
    fn note(&mut self, cx: &mut Ctx, done: Result<(), Error>) -> Result<(), Error> {
        if let Err(error) = done {
            if error.is_closed_pipe() {
                return Err(error);
            }
            self.failed = true;
            cx.warn(error);
        }
        Ok(())
    }

    /// Makes the folder, or takes the one that is there, and opens it.
    fn open_target(
        &mut self,
        cx: &mut Ctx,
        walk: &mut Walk,
        to: &Target,
        top: &mut Option<(u64, u64)>,
    ) -> Result<(OwnedFd, Filling), Error> {
        let from = show_bytes(walk.path()).to_string();
        let stat = *walk.stat().map_err(|e| Error::os(&from, e))?;
        if !self.recursive {
            return Err(Error::msg(format_args!("omitting directory '{from}' (no -r)")));
        }
        let path = show_bytes(to.path);
        let wrong = |errno| Error::os(show_bytes(to.path), errno);
        if *top == Some((stat.st_dev, stat.st_ino)) {
            return Err(Error::msg(format_args!(
                "cannot copy a directory into itself, '{from}', which is the copy"
            )));
        }
        let new = match fstatat(to.dir, to.name, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(there) if there.st_mode & libc::S_IFMT != libc::S_IFDIR => {
                return Err(Error::msg(format_args!(
                    "cannot overwrite non-directory '{path}' with directory '{from}'"
                )));
            }
            Ok(there) if (there.st_dev, there.st_ino) == (stat.st_dev, stat.st_ino) => {
                return Err(Error::msg(format_args!("'{from}' and '{path}' are the same file")));
            }
            Ok(_) => false,
            Err(Errno::ENOENT) => {
                // the owner must get in while it is filled
                let mut mode = stat.st_mode & 0o1777 | 0o700;
                if self.keep.owner || self.keep.mode {
                    mode &= 0o700;
                }
                mkdirat(to.dir, to.name, Mode::from_bits_truncate(mode)).map_err(wrong)?;
                true
            }
            Err(errno) => return Err(wrong(errno)),
        };
        let mut fd = open_folder(to.dir, to.name.as_bytes(), false);
        if new && matches!(fd, Err(Errno::EACCES)) {
            // a umask that keeps the owner out
            let mode = Mode::from_bits_truncate(0o700);
            let _ = fchmodat(to.dir, to.name, mode, FchmodatFlags::FollowSymlink);
            fd = open_folder(to.dir, to.name.as_bytes(), false);
        }
        let fd = fd.map_err(wrong)?;
        if new {
            self.say(cx, walk.path(), to.path, None)?;
        }
        if top.is_none() {
            let there = fstat(&fd).map_err(wrong)?;
            *top = Some((there.st_dev, there.st_ino));
        }
        Ok((fd, Filling { stat, new }))
    }

    /// Gives a filled folder its attributes.
    fn finish_folder(
        &self,
        walk: &Walk,
        fd: BorrowedFd<'_>,
        fill: &Filling,
        path: &[u8],
    ) -> Result<(), Error> {
        let wrong = |errno| Error::os(show_bytes(path), errno);
        if self.keep.xattrs
            && let Ok(source) = open_folder(walk.dir(), walk.name().as_bytes(), walk.follows())
        {
            self.xattrs(&xattr::Place::Open(source.as_fd()), &xattr::Place::Open(fd), path)?;
        }
        if fill.new && !self.keep.mode {
            let mode = fill.stat.st_mode & 0o7777 & !self.umask;
            fchmod(fd, Mode::from_bits_truncate(mode)).map_err(wrong)?;
        }
        self.attributes(fd, &fill.stat, path)
    }

    /// Gives a folder the attributes of another, as they are to be kept.
    pub fn folder_attributes(&self, from: &[u8], to: &[u8]) -> Result<(), Error> {
        let stat = nix::sys::stat::stat(OsStr::from_bytes(from))
            .map_err(|e| Error::os(show_bytes(from), e))?;
        let fd = open_folder(AT_FDCWD, to, true).map_err(|e| Error::os(show_bytes(to), e))?;
        self.attributes(fd.as_fd(), &stat, to)
    }

    /// Owner, permissions and times of an open file, in an order in which none
    /// undoes another.
    fn attributes(&self, fd: BorrowedFd<'_>, stat: &FileStat, path: &[u8]) -> Result<(), Error> {
        let wrong = |errno| Error::os(show_bytes(path), errno);
        let mut mode = stat.st_mode & 0o7777;
        if self.keep.owner && !give(fd, stat).map_err(wrong)? {
            // Another's set-id bits are not ours to hand on.
            mode &= 0o1777;
        }
        if self.keep.mode {
            fchmod(fd, Mode::from_bits_truncate(mode)).map_err(wrong)?;
        }
        if self.keep.times {
            let (accessed, modified) = times(stat);
            futimens(fd, &accessed, &modified).map_err(wrong)?;
        }
        Ok(())
    }

    fn xattrs(
        &self,
        from: &xattr::Place<'_>,
        to: &xattr::Place<'_>,
        path: &[u8],
    ) -> Result<(), Error> {
        if !self.keep.xattrs {
            return Ok(());
        }
        // Access lists are permissions; the context is for policy to choose.
        let mut wanted = |name: &[u8]| !name.starts_with(b"security.selinux");
        match xattr::copy(from, to, &mut wanted) {
            Err(errno) if !self.keep.xattrs_if_possible => Err(Error::os(show_bytes(path), errno)),
            _ => Ok(()),
        }
    }

    fn say(&self, cx: &mut Ctx, from: &[u8], to: &[u8], kept: Option<&[u8]>) -> Result<(), Error> {
        let Some(word) = self.verbose else { return Ok(()) };
        cx.print(format_args!("{word}'{}' -> '{}'", show_bytes(from), show_bytes(to)))?;
        if let Some(kept) = kept {
            cx.print(format_args!(" (backup: '{}')", show_bytes(kept)))?;
        }
        cx.put(b"\n")
    }

    /// Copies what is no folder.
    fn file(&mut self, cx: &mut Ctx, walk: &mut Walk, to: &Target) -> Result<(), Error> {
        let from = walk.path().to_vec();
        let stat = *walk.stat().map_err(|e| Error::os(show_bytes(&from), e))?;
        let kind = stat.st_mode & libc::S_IFMT;
        let bytes = kind == libc::S_IFREG
            || kind != libc::S_IFLNK && (!self.recursive || self.bytes_of_special);
        if kind == libc::S_IFLNK && walk.follows() {
            // a link that leads nowhere
            return Err(Error::os(show_bytes(&from), Errno::ENOENT));
        }
        let plain = bytes && self.instead == Instead::Copy && self.backup.is_none();
        let through = plain && !self.remove_first;
        let flags = if through { AtFlags::empty() } else { AtFlags::AT_SYMLINK_NOFOLLOW };
        let mut there = match fstatat(to.dir, to.name, flags) {
            Ok(there) => Some(there),
            Err(Errno::ENOENT) => None,
            Err(Errno::ELOOP) if self.force => None,
            Err(errno) => return Err(Error::os(show_bytes(to.path), errno)),
        };
        let mut kept = None;
        if let Some(existing) = there {
            if !self.may_replace(cx, &from, &stat, &existing, to)? {
                return Ok(());
            }
            if let Some(backup) = &self.backup {
                kept = Some(backup.keep(to.dir, to.name)?);
                there = None;
            } else if self.remove_first
                || !plain
                || self.keep.links && existing.st_nlink > 1 && !same(&stat, &existing)
            {
                if same(&stat, &existing) && self.instead == Instead::HardLink {
                    return Ok(());
                }
                let asked = self.force || self.remove_first || self.existing == Existing::Ask;
                if self.instead != Instead::Copy && !asked {
                    return Err(Error::os(show_bytes(to.path), Errno::EEXIST));
                }
                unlinkat(to.dir, to.name, UnlinkatFlags::NoRemoveDir)
                    .map_err(|e| Error::os(show_bytes(to.path), e))?;
                there = None;
            }
        }
        self.say(cx, &from, to.path, kept.as_deref())?;
        if self.keep.links
            && stat.st_nlink > 1
            && self.instead == Instead::Copy
            && self.link_to_first(&stat, to)?
        {
            return Ok(());
        }
        let wrong = |errno| Error::os(show_bytes(to.path), errno);
        let here = (walk.dir(), walk.name());
        match (self.instead, kind) {
            (Instead::HardLink, _) => {
                let follow = if walk.follows() && is_link(here.0, here.1) {
                    LinkatFlags::AT_SYMLINK_FOLLOW
                } else {
                    LinkatFlags::empty()
                };
                linkat(here.0, here.1, to.dir, to.name, follow).map_err(wrong)?;
                return Ok(());
            }
            (Instead::SymbolicLink, _) => {
                symlinkat(OsStr::from_bytes(&from), to.dir, to.name).map_err(wrong)?;
                return Ok(());
            }
            (Instead::Copy, libc::S_IFLNK) => {
                let text = nix::fcntl::readlinkat(here.0, here.1)
                    .map_err(|e| Error::os(show_bytes(&from), e))?;
                symlinkat(text.as_os_str(), to.dir, to.name).map_err(wrong)?;
                self.by_name(&stat, &from, to)?;
            }
            _ if bytes => self.contents(walk, &stat, there.is_some(), to)?,
            _ => {
                let mode = Mode::from_bits_truncate(stat.st_mode & 0o777);
                let kind = SFlag::from_bits_truncate(kind);
                mknodat(to.dir, to.name, kind, mode, stat.st_rdev).map_err(wrong)?;
                self.by_name(&stat, &from, to)?;
            }
        }
        if let Ok(made) = fstatat(to.dir, to.name, AtFlags::AT_SYMLINK_NOFOLLOW)
            && walk.depth() == 0
        {
            self.made.insert(made.st_dev, made.st_ino, 0);
            self.named.push(from);
        }
        Ok(())
    }

    /// Whether what is there is to be replaced; an error where it cannot be.
    fn may_replace(
        &mut self,
        cx: &mut Ctx,
        from: &[u8],
        stat: &FileStat,
        existing: &FileStat,
        to: &Target,
    ) -> Result<bool, Error> {
        let (shown, path) = (show_bytes(from), show_bytes(to.path));
        if existing.st_mode & libc::S_IFMT == libc::S_IFDIR {
            return Err(Error::msg(format_args!(
                "cannot overwrite directory '{path}' with non-directory '{shown}'"
            )));
        }
        if same(stat, existing) {
            let one_name = is_same_name(from, to);
            let fine = !one_name && (self.instead != Instead::Copy || self.remove_first)
                || self.backup.is_some();
            if !fine || one_name {
                return Err(Error::msg(format_args!("'{shown}' and '{path}' are the same file")));
            }
        } else if self.made.holds(existing.st_dev, existing.st_ino) && self.backup.is_none() {
            if self.named.iter().any(|name| name == from) {
                cx.note(format_args!("source file '{shown}' specified more than once"));
                return Ok(false);
            }
            return Err(Error::msg(format_args!(
                "will not overwrite just-created '{path}' with '{shown}'"
            )));
        }
        Ok(match self.existing {
            Existing::Replace => true,
            Existing::Leave => false,
            Existing::Update => {
                let time = |stat: &FileStat| (stat.st_mtime, stat.st_mtime_nsec);
                time(stat) > time(existing)
            }
            Existing::Ask => ask::yes(cx, format_args!("overwrite '{path}'? ")),
        })
    }

    /// Makes a link to the copy of another name of the same file, when there
    /// is one; otherwise this will be it.
    fn link_to_first(&mut self, stat: &FileStat, to: &Target) -> Result<bool, Error> {
        let number = self.firsts.len();
        let Some(first) = self.seen.insert(stat.st_dev, stat.st_ino, number) else {
            self.firsts.push(to.path.to_vec());
            return Ok(false);
        };
        let Some(first) = self.firsts.get(first) else { return Ok(false) };
        let first = OsStr::from_bytes(first);
        let mut linked = linkat(AT_FDCWD, first, to.dir, to.name, LinkatFlags::empty());
        if linked == Err(Errno::EEXIST) {
            let _ = unlinkat(to.dir, to.name, UnlinkatFlags::NoRemoveDir);
            linked = linkat(AT_FDCWD, first, to.dir, to.name, LinkatFlags::empty());
        }
        match linked {
            Ok(()) => Ok(true),
            // Too deep a path, or the first copy did not succeed.
            Err(Errno::ENAMETOOLONG | Errno::ENOENT) => Ok(false),
            Err(errno) => Err(Error::os(show_bytes(to.path), errno)),
        }
    }

    /// The bytes of a file, and its attributes.
    fn contents(
        &self,
        walk: &Walk,
        stat: &FileStat,
        exists: bool,
        to: &Target,
    ) -> Result<(), Error> {
        let wrong = |errno| Error::os(show_bytes(to.path), errno);
        let unread = |errno| Error::os(show_bytes(walk.path()), errno);
        let mut flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
        if !walk.follows() {
            flags |= OFlag::O_NOFOLLOW;
        }
        let source = openat(walk.dir(), walk.name(), flags, Mode::empty()).map_err(unread)?;
        let write = OFlag::O_WRONLY | OFlag::O_CLOEXEC;
        let mut target = Err(Errno::ENOENT);
        let mut new = !exists;
        if exists {
            let cut = if self.only_attributes { OFlag::empty() } else { OFlag::O_TRUNC };
            target = openat(to.dir, to.name, write | cut, Mode::empty());
            if target.is_err() && self.force {
                unlinkat(to.dir, to.name, UnlinkatFlags::NoRemoveDir).map_err(wrong)?;
                new = true;
            }
        }
        if new {
            // Nobody may look in before it belongs to whom it will.
            let mask = if self.keep.owner { 0o700 } else { 0o777 };
            let mode = Mode::from_bits_truncate(stat.st_mode & mask);
            let flags = write | OFlag::O_CREAT | OFlag::O_EXCL;
            target = openat(to.dir, to.name, flags, mode);
            if matches!(target, Err(Errno::EEXIST)) && walk.depth() == 0 {
                // POSIX: what a link leads to is made, unlike with GNU's.
                target = openat(to.dir, to.name, write | OFlag::O_CREAT, mode);
            }
        }
        let target = target.map_err(wrong)?;
        if !self.only_attributes {
            let (size, blocks) = match stat.st_mode & libc::S_IFMT {
                libc::S_IFREG => (stat.st_size, stat.st_blocks),
                _ => (0, 0),
            };
            self.content.copy(source.as_fd(), target.as_fd(), size, blocks).map_err(
                |e| match e {
                    Errno::EISDIR => unread(e),
                    _ => wrong(e),
                },
            )?;
        }
        self.xattrs(
            &xattr::Place::Open(source.as_fd()),
            &xattr::Place::Open(target.as_fd()),
            to.path,
        )?;
        if new && self.keep.owner && !self.keep.mode {
            let mode = Mode::from_bits_truncate(stat.st_mode & 0o777 & !self.umask);
            fchmod(&target, mode).map_err(wrong)?;
        }
        self.attributes(target.as_fd(), stat, to.path)?;
        // A network file system says only now that it is full.
        nix::unistd::close(target).map_err(wrong)
    }

    /// Attributes of what cannot be opened: links and special files.
    fn by_name(&self, stat: &FileStat, from: &[u8], to: &Target) -> Result<(), Error> {
        let wrong = |errno| Error::os(show_bytes(to.path), errno);
        let (from, path) = (OsStr::from_bytes(from), OsStr::from_bytes(to.path));
        self.xattrs(
            &xattr::Place::Path(Path::new(from)),
            &xattr::Place::Path(Path::new(path)),
            to.path,
        )
        .or_else(|error| if error.errno() == Some(libc::EPERM) { Ok(()) } else { Err(error) })?;
        let mut mode = stat.st_mode & 0o7777;
        if self.keep.owner {
            let owners = (Some(Uid::from_raw(stat.st_uid)), Some(Gid::from_raw(stat.st_gid)));
            let no_follow = AtFlags::AT_SYMLINK_NOFOLLOW;
            match nix::unistd::fchownat(to.dir, to.name, owners.0, owners.1, no_follow) {
                Ok(()) => {}
                Err(Errno::EPERM | Errno::EINVAL) => {
                    mode &= 0o1777;
                    let _ = nix::unistd::fchownat(to.dir, to.name, None, owners.1, no_follow);
                }
                Err(errno) => return Err(wrong(errno)),
            }
        }
        if self.keep.mode && stat.st_mode & libc::S_IFMT != libc::S_IFLNK {
            let mode = Mode::from_bits_truncate(mode);
            fchmodat(to.dir, to.name, mode, FchmodatFlags::FollowSymlink).map_err(wrong)?;
        }
        if self.keep.times {
            let (accessed, modified) = times(stat);
            let how = UtimensatFlags::NoFollowSymlink;
            utimensat(to.dir, to.name, &accessed, &modified, how).map_err(wrong)?;
        }
        Ok(())
    }
}

impl Default for Copier {
    fn default() -> Self {
        Self::new()
    }
}

/// Gives an open file the owner and group of another; false when only root
/// could. Then at least the group is tried.
fn give(fd: BorrowedFd<'_>, stat: &FileStat) -> Result<bool, Errno> {
    let (user, group) = (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid));
    match fchown(fd, Some(user), Some(group)) {
        Ok(()) => Ok(true),
        Err(Errno::EPERM | Errno::EINVAL) => {
            let _ = fchown(fd, None, Some(group));
            Ok(false)
        }
        Err(errno) => Err(errno),
    }
}

/// Times of access and of modification.
pub fn times(stat: &FileStat) -> (TimeSpec, TimeSpec) {
    (
        TimeSpec::new(stat.st_atime, stat.st_atime_nsec),
        TimeSpec::new(stat.st_mtime, stat.st_mtime_nsec),
    )
}

fn same(a: &FileStat, b: &FileStat) -> bool {
    (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino)
}

fn is_link(dir: BorrowedFd<'_>, name: &OsStr) -> bool {
    fstatat(dir, name, AtFlags::AT_SYMLINK_NOFOLLOW)
        .is_ok_and(|stat| stat.st_mode & libc::S_IFMT == libc::S_IFLNK)
}

/// Whether both paths are one name in one folder.
fn is_same_name(from: &[u8], to: &Target) -> bool {
    super::place::is_same_name(from, to.path)
}

/// `to` with what `path` has behind `from`.
fn target_path(from: &[u8], to: &[u8], path: &[u8]) -> Vec<u8> {
    let mut target = to.to_vec();
    let rest = path.get(from.len()..).unwrap_or_default();
    if !rest.is_empty() {
        while target.len() > 1 && target.last() == Some(&b'/') {
            target.pop();
        }
        if !rest.starts_with(b"/") && target.last() != Some(&b'/') {
            target.push(b'/');
        }
        target.extend_from_slice(rest);
    }
    target
}
