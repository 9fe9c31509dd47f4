//! touch: set times of files, and make them. POSIX, with GNU's `-h` and dates.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, openat};
use nix::sys::stat::{FileStat, Mode, UtimensatFlags, fstatat, futimens, utimensat};
use nix::sys::time::TimeSpec;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::date;
use crate::fsutil::copy::times;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "touch",
    summary: "set times of files, and make files",
    usage: "[-camh] [-d DATE | -t [[CC]YY]MMDDhhmm[.ss] | -r FILE] FILE...\n\
            \x20 -c      make no file\n\
            \x20 -a, -m  only the time of access, of modification\n\
            \x20 -h      a symbolic link itself\n\
            \x20 -d, -t, -r  that time instead of now, or that of a file",
    kind: Kind::NoFork, // a few system calls
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let (mut accessed, mut modified, mut make, mut follow) = (false, false, true, true);
    let mut given: Option<(TimeSpec, TimeSpec)> = None;
    let mut like = None;
    let mut options =
        cx.parse("a m c,no-create h,no-dereference f d:date t: r:reference -1:time")?;
    while let Some(letter) = options.next() {
        match letter {
            b'a' => accessed = true,
            b'm' => modified = true,
            b'c' => make = false,
            b'h' => follow = false,
            b'd' | b't' => {
                let text = options.bytes();
                let point = if letter == b'd' { date::point(&text) } else { date::stamp(&text) };
                let Some((seconds, nanos)) = point else {
                    let name = show_bytes(&text);
                    return Err(Error::bad(name, "no date").with(Status::FAILURE));
                };
                let time = TimeSpec::new(seconds, nanos.into());
                given = Some((time, time));
            }
            b'r' => like = Some(options.value()),
            b'1' => match options.bytes().as_slice() {
                b"access" | b"atime" | b"use" => accessed = true,
                b"modify" | b"mtime" => modified = true,
                other => {
                    let name = show_bytes(other);
                    return Err(Error::bad(name, "no time of a file").with(Status::FAILURE));
                }
            },
            _ => {}
        }
    }
    if options.operands.is_empty() {
        return Err(Error::usage("which file?").with(Status::FAILURE));
    }
    if let Some(like) = like
        && given.is_none()
    {
        let stat = look(&like, follow).map_err(|e| Error::os(show(&like), e))?;
        given = Some(times(&stat));
    }
    let (mut a, mut m) = given.unwrap_or((TimeSpec::UTIME_NOW, TimeSpec::UTIME_NOW));
    if accessed && !modified {
        m = TimeSpec::UTIME_OMIT;
    }
    if modified && !accessed {
        a = TimeSpec::UTIME_OMIT;
    }
    for operand in &options.operands {
        let done = if operand == "-" {
            futimens(cx.stdout, &a, &m)
        } else {
            set(operand, &a, &m, follow, make)
        };
        if let Err(errno) = done {
            cx.warn(Error::os(show(operand), errno));
        }
    }
    Ok(cx.status())
}

fn look(path: &OsStr, follow: bool) -> Result<FileStat, Errno> {
    let flags = if follow { AtFlags::empty() } else { AtFlags::AT_SYMLINK_NOFOLLOW };
    fstatat(AT_FDCWD, path, flags)
}

fn set(path: &OsStr, a: &TimeSpec, m: &TimeSpec, follow: bool, make: bool) -> Result<(), Errno> {
    let how = if follow { UtimensatFlags::FollowSymlink } else { UtimensatFlags::NoFollowSymlink };
    match utimensat(AT_FDCWD, path, a, m, how) {
        Err(Errno::ENOENT) if !make => return Ok(()),
        Err(Errno::ENOENT) => {}
        done => return done,
    }
    if path.as_bytes().ends_with(b"/") {
        return Err(Errno::ENOENT);
    }
    let flags =
        OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let file = openat(AT_FDCWD, path, flags, Mode::from_bits_truncate(0o666))?;
    futimens(&file, a, m)
}
