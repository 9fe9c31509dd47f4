//! link, unlink, mkfifo, sync, fsync: one system call each. POSIX, GNU.

use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag};
use nix::sys::stat::{FchmodatFlags, Mode, fchmodat};
use nix::unistd::{LinkatFlags, UnlinkatFlags, linkat, mkfifo, unlinkat};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::{mode, sys};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "link",
    summary: "make a hard link by link(2)",
    usage: "FILE NAME",
    kind: Kind::NoFork, // one system call
    run: run_link,
};

/// unlink.
pub(super) static UNLINK: Applet = Applet {
    name: "unlink",
    summary: "remove a file by unlink(2)",
    usage: "FILE",
    kind: Kind::NoFork, // one system call
    run: run_unlink,
};

/// mkfifo.
pub(super) static MKFIFO: Applet = Applet {
    name: "mkfifo",
    summary: "make named pipes",
    usage: "[-m MODE] NAME...\n\
            \x20 -m  permissions; otherwise a=rw less the umask",
    kind: Kind::NoFork, // one system call each
    run: run_mkfifo,
};

/// sync.
pub(super) static SYNC: Applet = Applet {
    name: "sync",
    summary: "write what is kept in memory to the disks",
    usage: "[-d | -f] [FILE...]\n\
            \x20 FILE  only that; -d its bytes without its times, -f its whole file system",
    kind: Kind::Fork, // waits for disks
    run: run_sync,
};

/// fsync.
pub(super) static FSYNC: Applet = Applet {
    name: "fsync",
    summary: "write files to their disks",
    usage: "[-d] FILE...\n\
            \x20 -d  their bytes without their times",
    kind: Kind::Fork, // waits for disks
    run: run_sync,
};

fn run_link(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("").map_err(|e| e.with(Status::FAILURE))?;
    let [file, name] = options.operands.as_slice() else {
        return Err(Error::usage("wants a file and a name").with(Status::FAILURE));
    };
    linkat(AT_FDCWD, file.as_os_str(), AT_FDCWD, name.as_os_str(), LinkatFlags::empty())
        .map_err(|e| Error::os(format_args!("{} => {}", show(name), show(file)), e))?;
    Ok(Status::OK)
}

fn run_unlink(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("").map_err(|e| e.with(Status::FAILURE))?;
    let [file] = options.operands.as_slice() else {
        return Err(Error::usage("wants one file").with(Status::FAILURE));
    };
    unlinkat(AT_FDCWD, file.as_os_str(), UnlinkatFlags::NoRemoveDir)
        .map_err(|e| Error::os(show(file), e))?;
    Ok(Status::OK)
}

fn run_mkfifo(cx: &mut Ctx) -> Result<Status, Error> {
    let mut exactly = None;
    let mut options = cx.parse("m:mode Z")?;
    if let Some(text) = options.take(b'm') {
        let mode = mode::parse(text.as_bytes(), 0o666, sys::process::umask(), false);
        let mode = mode.ok().filter(|mode| mode & !0o777 == 0);
        let wrong = || Error::bad(show(&text), "not a mode").with(Status::FAILURE);
        exactly = Some(mode.ok_or_else(wrong)?);
    }
    if options.operands.is_empty() {
        return Err(Error::usage("which name?").with(Status::FAILURE));
    }
    for name in &options.operands {
        let mode = Mode::from_bits_truncate(exactly.unwrap_or(0o666));
        let mut done = mkfifo(name.as_os_str(), mode);
        if done.is_ok() && exactly.is_some() {
            done = fchmodat(AT_FDCWD, name.as_os_str(), mode, FchmodatFlags::FollowSymlink);
        }
        if let Err(errno) = done {
            cx.warn(Error::os(show(name), errno));
        }
    }
    Ok(cx.status())
}

fn run_sync(cx: &mut Ctx) -> Result<Status, Error> {
    let (mut data, mut whole) = (false, false);
    let mut options = cx.parse("d,data f,file-system")?;
    while let Some(letter) = options.next() {
        data |= letter == b'd';
        whole |= letter == b'f';
    }
    let usage = |text| Err(Error::usage(text).with(Status::FAILURE));
    if data && whole {
        return usage("-d and -f exclude each other");
    }
    if options.operands.is_empty() {
        if data || cx.name == "fsync" {
            return usage("which file?");
        }
        nix::unistd::sync();
        return Ok(Status::OK);
    }
    for name in &options.operands {
        if let Err(errno) = sync_one(name, data, whole) {
            cx.warn(Error::os(show(name), errno));
        }
    }
    Ok(cx.status())
}

fn sync_one(name: &OsStr, data: bool, whole: bool) -> Result<(), Errno> {
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let mut file = sys::path::open(name, OFlag::O_RDONLY | flags);
    if matches!(file, Err(Errno::EACCES)) {
        file = sys::path::open(name, OFlag::O_WRONLY | flags);
    }
    let file = file?;
    match (data, whole) {
        (_, true) => nix::unistd::syncfs(file.as_fd()),
        (true, _) => nix::unistd::fdatasync(file.as_fd()),
        _ => nix::unistd::fsync(file.as_fd()),
    }
}
