//! mv: move and rename files and trees. POSIX, with GNU's options.
//!
//! To another file system it is a copy with all attributes, after which the
//! source is removed; that only when all was copied.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, renameat};
use nix::sys::stat::{FileStat, lstat};
use nix::unistd::{AccessFlags, UnlinkatFlags, access, unlinkat};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes};
use crate::fsutil::ask;
use crate::fsutil::backup::Backup;
use crate::fsutil::copy::{Copier, Existing, Keep};
use crate::fsutil::place::{Place, is_same_name, place, without_slashes};
use crate::fsutil::remove::Removal;
use crate::fsutil::walk::Follow;
use crate::mode;
use crate::sys::terminal;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "mv",
    summary: "move or rename files and folders",
    usage: "[-finuvbT] SOURCE TARGET\n\
            \x20      mv [OPTIONS] SOURCE... DIR\n\
            \x20      mv [OPTIONS] -t DIR SOURCE...\n\
            \x20 -f, -i, -n  what is there: replace it, ask, leave it\n\
            \x20 -u          leave it unless SOURCE is newer\n\
            \x20 -b, -S SUFFIX, --backup[=none|simple|numbered|existing]  keep it\n\
            \x20 -T          TARGET is no folder to move into\n\
            \x20 -v          say what is moved",
    kind: Kind::Fork, // -i asks; another file system takes long
    run,
};

struct Mover {
    existing: Existing,
    force: bool,
    verbose: bool,
    backup: Option<Backup>,
    on_terminal: bool,
    copier: Option<Copier>,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut m = Mover {
        existing: Existing::Replace,
        force: false,
        verbose: false,
        backup: None,
        on_terminal: terminal::is_terminal(cx.stdin),
        copier: None,
    };
    let (mut folder, mut never, mut strip, mut update) = (None, false, false, false);
    let (mut backup, mut control, mut suffix) = (false, None, None);
    let mut options = cx.parse(
        "f,force i,interactive n,no-clobber u -U?update v,verbose b S:suffix -6?backup Z \
        t:target-directory T,no-target-directory -9,strip-trailing-slashes",
    )?;
    while let Some(letter) = options.next() {
        match letter {
            b'f' => (m.existing, m.force) = (Existing::Replace, true),
            b'i' => (m.existing, m.force) = (Existing::Ask, false),
            b'n' => (m.existing, m.force) = (Existing::Leave, false),
            b'u' => update = true,
            b'U' => {
                let existing = Existing::of_update(options.optional().as_deref());
                update = existing == Existing::Update;
                if existing == Existing::Leave {
                    m.existing = existing;
                }
            }
            b'v' => m.verbose = true,
            b'b' => backup = true,
            b'6' => (backup, control) = (true, options.optional()),
            b'S' => suffix = options.optional(),
            b't' => folder = options.optional(),
            b'T' => never = true,
            b'9' => strip = true,
            _ => {}
        }
    }
    m.backup = Backup::of(cx, backup, control.as_deref(), suffix.as_deref())?;
    let place: Place = place(std::mem::take(&mut options.operands), folder, never)?;
    for source in &place.sources {
        let bytes = source.as_bytes();
        let bytes = if strip { without_slashes(bytes) } else { bytes };
        let to = place.of(source);
        if let Err(error) = m.one(cx, bytes, &to, update) {
            if error.is_closed_pipe() {
                return Err(error);
            }
            cx.warn(error);
        }
    }
    Ok(cx.status())
}

impl Mover {
    fn one(&mut self, cx: &mut Ctx, from: &[u8], to: &[u8], update: bool) -> Result<(), Error> {
        let source = OsStr::from_bytes(from);
        // "link/" would follow the link
        let stat = lstat(OsStr::from_bytes(without_slashes(from)));
        let stat = stat.map_err(|e| Error::os(show_bytes(from), e))?;
        let target = OsStr::from_bytes(to);
        let mut kept = None;
        if let Ok(there) = lstat(OsStr::from_bytes(without_slashes(to))) {
            if !self.may_replace(cx, from, &stat, to, &there, update)? {
                return Ok(());
            }
            if let Some(backup) = &self.backup {
                let name = OsStr::from_bytes(without_slashes(to));
                kept = Some(backup.keep(AT_FDCWD, name)?);
            }
            // Two names of one file stay both: rename(2) does nothing then.
        }
        match renameat(AT_FDCWD, source, AT_FDCWD, target) {
            Ok(()) => self.say(cx, "renamed ", from, to, kept.as_deref()),
            Err(Errno::EXDEV) => self.across(cx, from, &stat, to),
            Err(errno) => {
                if let Some(kept) = &kept {
                    let _ = renameat(AT_FDCWD, OsStr::from_bytes(kept), AT_FDCWD, target);
                }
                let (from, to) = (show_bytes(from), show_bytes(to));
                Err(match errno {
                    Errno::EINVAL => Error::msg(format_args!(
                        "cannot move '{from}' to a subdirectory of itself, '{to}'"
                    )),
                    _ => Error::os(format_args!("cannot move '{from}' to '{to}'"), errno),
                })
            }
        }
    }

    fn may_replace(
        &self,
        cx: &mut Ctx,
        from: &[u8],
        stat: &FileStat,
        to: &[u8],
        there: &FileStat,
        update: bool,
    ) -> Result<bool, Error> {
        let folder = |stat: &FileStat| stat.st_mode & libc::S_IFMT == libc::S_IFDIR;
        let (shown, path) = (show_bytes(from), show_bytes(to));
        if self.existing == Existing::Leave {
            return Ok(false);
        }
        let time = |stat: &FileStat| (stat.st_mtime, stat.st_mtime_nsec);
        if update && !folder(stat) && time(stat) <= time(there) {
            return Ok(false);
        }
        if same(stat, there) && (folder(stat) || is_same_name(from, to)) {
            return Err(Error::msg(format_args!("'{shown}' and '{path}' are the same file")));
        }
        match (folder(stat), folder(there)) {
            (true, false) if self.backup.is_none() => {
                return Err(Error::msg(format_args!(
                    "cannot overwrite non-directory '{path}' with directory '{shown}'"
                )));
            }
            (false, true) if self.backup.is_none() => {
                return Err(Error::msg(format_args!(
                    "cannot overwrite directory '{path}' with non-directory"
                )));
            }
            _ => {}
        }
        if self.existing == Existing::Ask {
            return Ok(ask::yes(cx, format_args!("overwrite '{path}'? ")));
        }
        let link = there.st_mode & libc::S_IFMT == libc::S_IFLNK;
        if !self.force
            && self.on_terminal
            && !link
            && access(OsStr::from_bytes(to), AccessFlags::W_OK).is_err()
        {
            let text = mode::text(there.st_mode);
            let text = show_bytes(text.get(1..).unwrap_or_default()).to_string();
            let bits = there.st_mode & 0o7777;
            let question = format_args!("replace '{path}', overriding mode {bits:04o} ({text})? ");
            return Ok(ask::yes(cx, question));
        }
        Ok(true)
    }

    fn say(
        &self,
        cx: &mut Ctx,
        word: &str,
        from: &[u8],
        to: &[u8],
        kept: Option<&[u8]>,
    ) -> Result<(), Error> {
        if !self.verbose {
            return Ok(());
        }
        cx.print(format_args!("{word}'{}' -> '{}'", show_bytes(from), show_bytes(to)))?;
        if let Some(kept) = kept {
            cx.print(format_args!(" (backup: '{}')", show_bytes(kept)))?;
        }
        cx.put(b"\n")
    }

    /// To another file system: copy, then remove.
    fn across(
        &mut self,
        cx: &mut Ctx,
        from: &[u8],
        stat: &FileStat,
        to: &[u8],
    ) -> Result<(), Error> {
        let target = OsStr::from_bytes(without_slashes(to));
        if let Ok(there) = lstat(target) {
            let folder = there.st_mode & libc::S_IFMT == libc::S_IFDIR;
            let how = if folder { UnlinkatFlags::RemoveDir } else { UnlinkatFlags::NoRemoveDir };
            unlinkat(AT_FDCWD, target, how).map_err(|e| {
                let (from, to) = (show_bytes(from), show_bytes(to));
                Error::os(format_args!("cannot move '{from}' to '{to}'"), e)
            })?;
        }
        if stat.st_mode & libc::S_IFMT == libc::S_IFDIR && lies_in(from, to) {
            let (from, to) = (show_bytes(from), show_bytes(to));
            return Err(Error::msg(format_args!(
                "cannot move '{from}' to a subdirectory of itself, '{to}'"
            )));
        }
        let mut copier = self.copier.take().unwrap_or_default();
        copier.recursive = true;
        copier.follow = Follow::Never;
        copier.keep = Keep {
            mode: true,
            owner: true,
            times: true,
            links: true,
            xattrs: true,
            xattrs_if_possible: true,
        };
        copier.verbose = self.verbose.then_some("copied ");
        copier.copy(cx, without_slashes(from), without_slashes(to))?;
        let failed = copier.failed;
        // hard links between operands stay so
        self.copier = Some(copier);
        if !failed {
            let removal = Removal {
                force: true,
                recursive: true,
                verbose: self.verbose,
                ..Removal::default()
            };
            removal.remove(cx, without_slashes(from))?;
        }
        Ok(())
    }
}

fn same(a: &FileStat, b: &FileStat) -> bool {
    (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino)
}

/// Whether `path` is below the folder, both as they really are.
fn lies_in(folder: &[u8], path: &[u8]) -> bool {
    let real = |path: &[u8]| {
        std::path::PathBuf::from(OsString::from(OsStr::from_bytes(path))).canonicalize()
    };
    let above = crate::fsutil::place::folder_of(path);
    matches!((real(folder), real(above)), (Ok(folder), Ok(above)) if above.starts_with(&folder))
}
