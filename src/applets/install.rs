//! install: copy files and set their attributes, make folders. GNU, busybox.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use nix::errno::Errno;
use nix::fcntl::AT_FDCWD;
use nix::sys::stat::{FchmodatFlags, Mode, UtimensatFlags, fchmodat, lstat, stat, utimensat};
use nix::unistd::{Gid, Uid, chown, mkdir};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::fsutil::backup::Backup;
use crate::fsutil::copy::{Copier, times};
use crate::fsutil::place::{Place, folder_of, place, without_slashes};
use crate::fsutil::spawn::{Place as Where, wait_for};
use crate::fsutil::users::Users;
use crate::{mode, sys};

use super::chown::group;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "install",
    summary: "copy files with their permissions set, make folders",
    usage: "[-bCcDpsTv] [-m MODE] [-o OWNER] [-g GROUP] [-S SUFFIX] SOURCE TARGET\n\
            \x20      install [OPTIONS] SOURCE... DIR\n\
            \x20      install [OPTIONS] -t DIR SOURCE...\n\
            \x20      install -d [OPTIONS] DIR...\n\
            \x20 -m, -o, -g  permissions (755 otherwise), owner, group\n\
            \x20 -D  make the folders above TARGET     -d  make folders\n\
            \x20 -C  only what differs                 -p  keep times     -s  strip symbols\n\
            \x20 -b, -S, --backup[=HOW]  keep what was there               -v  say what is done",
    kind: Kind::Fork, // big files take long
    run,
};

struct Choice {
    mode: Vec<u8>,
    user: Option<u32>,
    group: Option<u32>,
    parents: bool,
    times: bool,
    strip: bool,
    compare: bool,
    verbose: bool,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut c = Choice {
        mode: b"755".to_vec(),
        user: None,
        group: None,
        parents: false,
        times: false,
        strip: false,
        compare: false,
        verbose: false,
    };
    let (mut folders, mut folder, mut never) = (false, None, false);
    let (mut backup, mut control, mut suffix) = (false, None, None);
    let mut users = Users::new();
    let fail = |e: Error| e.with(Status::FAILURE);
    let mut options = cx
        .parse(
            "c d,directory D m:mode o:owner g:group p,preserve-timestamps s,strip C,compare \
            v,verbose b S:suffix -6?backup t:target-directory T,no-target-directory Z",
        )
        .map_err(fail)?;
    while let Some(letter) = options.next() {
        match letter {
            b'd' => folders = true,
            b'D' => c.parents = true,
            b'm' => {
                c.mode = options.bytes();
                if mode::parse(&c.mode, 0, 0, false).is_err() {
                    return Err(fail(Error::bad(show_bytes(&c.mode), "not a mode")));
                }
            }
            b'o' => {
                let name = options.bytes();
                let wrong = || Error::about(show_bytes(&name), "no such user");
                c.user = Some(users.uid(&name).ok_or_else(wrong)?.0);
            }
            b'g' => c.group = group(&mut users, &options.bytes())?,
            b'p' => c.times = true,
            b's' => c.strip = true,
            b'C' => c.compare = true,
            b'v' => c.verbose = true,
            b'b' => backup = true,
            b'6' => (backup, control) = (true, options.optional()),
            b'S' => suffix = options.optional(),
            b't' => folder = options.optional(),
            b'T' => never = true,
            _ => {}
        }
    }
    let operands = std::mem::take(&mut options.operands);
    if folders {
        if operands.is_empty() {
            return Err(fail(Error::usage("which folder?")));
        }
        for name in &operands {
            if let Err(error) = make_folder(cx, &c, name.as_bytes()) {
                cx.warn(error);
            }
        }
        return Ok(cx.status());
    }
    let mut copier = Copier::new();
    copier.remove_first = true;
    copier.verbose = c.verbose.then_some("");
    copier.backup = Backup::of(cx, backup, control.as_deref(), suffix.as_deref())?;
    if c.parents {
        let target = match (&folder, operands.as_slice()) {
            (Some(folder), _) => Some(folder.as_bytes()),
            (None, [_, target]) => Some(folder_of(target.as_bytes())),
            _ => None,
        };
        if let Some(target) = target {
            make_all(cx, &c, target)?;
        }
    }
    let place: Place = place(operands, folder, never)?;
    for source in &place.sources {
        let to = place.of(source);
        match one(cx, &c, &mut copier, source, &to) {
            Ok(()) => {}
            Err(error) if error.is_closed_pipe() => return Err(error),
            Err(error) => cx.warn(error),
        }
    }
    Ok(cx.status())
}

fn one(
    cx: &mut Ctx,
    c: &Choice,
    copier: &mut Copier,
    source: &OsStr,
    to: &[u8],
) -> Result<(), Error> {
    let target = OsStr::from_bytes(to);
    let from = stat(source).map_err(|e| Error::os(show(source), e))?;
    if from.st_mode & libc::S_IFMT == libc::S_IFDIR {
        return Err(Error::msg(format_args!("omitting directory '{}'", show(source))));
    }
    let umask = sys::process::umask();
    let bits = mode::parse(&c.mode, 0, umask, false)
        .map_err(|_| Error::bad(show_bytes(&c.mode), "not a mode"))?;
    if c.compare && is_same(c, source, target, bits) {
        return Ok(());
    }
    copier.copy(cx, source.as_bytes(), to)?;
    if copier.failed {
        return Ok(());
    }
    if c.strip {
        let words: [OsString; 2] = ["strip".into(), target.to_os_string()];
        if wait_for(cx, &words, &Where::default())? != Status::OK {
            return Err(Error::about(show(target), "strip failed"));
        }
    }
    let wrong = |errno| Error::os(show(target), errno);
    if c.times {
        let (accessed, modified) = times(&from);
        utimensat(AT_FDCWD, target, &accessed, &modified, UtimensatFlags::FollowSymlink)
            .map_err(wrong)?;
    }
    own(c, target, bits).map_err(wrong)
}

/// Owner, then permissions, which a change of owner may cut.
fn own(c: &Choice, target: &OsStr, bits: u32) -> Result<(), Errno> {
    if c.user.is_some() || c.group.is_some() {
        chown(target, c.user.map(Uid::from_raw), c.group.map(Gid::from_raw))?;
    }
    let mode = Mode::from_bits_truncate(bits);
    fchmodat(AT_FDCWD, target, mode, FchmodatFlags::FollowSymlink)
}

/// Whether the target is already what it would become.
fn is_same(c: &Choice, source: &OsStr, target: &OsStr, bits: u32) -> bool {
    let (Ok(from), Ok(to)) = (stat(source), lstat(target)) else { return false };
    let user = c.user.unwrap_or_else(|| nix::unistd::geteuid().as_raw());
    let group = c.group.unwrap_or_else(|| nix::unistd::getegid().as_raw());
    to.st_mode == libc::S_IFREG | bits
        && (to.st_uid, to.st_gid) == (user, group)
        && from.st_size == to.st_size
        && same_bytes(source, target).unwrap_or(false)
}

fn same_bytes(a: &OsStr, b: &OsStr) -> std::io::Result<bool> {
    use std::io::Read;
    let (mut a, mut b) = (std::fs::File::open(a)?, std::fs::File::open(b)?);
    let (mut left, mut right) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    loop {
        let count = a.read(&mut left)?;
        let Some(part) = right.get_mut(..count).filter(|part| !part.is_empty()) else {
            return Ok(true);
        };
        b.read_exact(part)?;
        if left.get(..count) != right.get(..count) {
            return Ok(false);
        }
    }
}

/// A folder with those above it; only it gets the permissions.
fn make_folder(cx: &mut Ctx, c: &Choice, path: &[u8]) -> Result<(), Error> {
    make_all(cx, c, path)?;
    let bits = mode::parse(&c.mode, 0, sys::process::umask(), true)
        .map_err(|_| Error::bad(show_bytes(&c.mode), "not a mode"))?;
    own(c, OsStr::from_bytes(path), bits).map_err(|e| Error::os(show_bytes(path), e))
}

fn make_all(cx: &mut Ctx, c: &Choice, path: &[u8]) -> Result<(), Error> {
    let path = without_slashes(path);
    let ends = path.iter().enumerate().filter(|(at, b)| **b == b'/' && *at > 0).map(|(at, _)| at);
    for end in ends.chain([path.len()]) {
        let name = OsString::from_vec(path.get(..end).unwrap_or_default().to_vec());
        if name.as_bytes().ends_with(b"/") {
            continue;
        }
        match mkdir(name.as_os_str(), Mode::from_bits_truncate(0o755)) {
            Ok(()) if c.verbose => {
                cx.print(format_args!("install: creating directory '{}'\n", show(&name)))?;
            }
            Ok(()) => {}
            Err(_)
                if stat(name.as_os_str())
                    .is_ok_and(|s| s.st_mode & libc::S_IFMT == libc::S_IFDIR) => {}
            Err(errno) => return Err(Error::os(show(&name), errno)),
        }
    }
    Ok(())
}
