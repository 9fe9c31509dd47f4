//! switch_root, run-init: make another root `/` and become its init.
//!
//! For an /init that is a shell script (Linux,
//! Documentation/filesystems/ramfs-rootfs-initramfs.rst). Everything is checked
//! before anything is changed. Deviations: like util-linux's and unlike
//! busybox's, /dev, /proc, /sys and /run that are still mounted move along;
//! run-init moves them too, as callers that did so before have nothing left to
//! move. `-d CAPS` of run-init is refused: nothing here drops capabilities.

use std::ffi::{OsStr, OsString};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;

use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use nix::unistd::getpid;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::boot::{check, switch};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "switch_root",
    summary: "make another root / and run its init, as PID 1",
    usage: "[-c CONSOLE] NEWROOT INIT [ARG...]\n\
            -c CONSOLE  the init's standard streams are this device",
    kind: Kind::Exec, // becomes another program
    run,
};

/// klibc's name for it, with a dry run.
pub(super) static RUN_INIT: Applet = Applet {
    name: "run-init",
    summary: "make another root / and run its init, as PID 1",
    usage: "[-n] [-c CONSOLE] NEWROOT INIT [ARG...]\n\
            -c CONSOLE  the init's standard streams are this device\n\
            -n          only see whether INIT would run",
    kind: Kind::Exec, // becomes another program
    run,
};

struct Options {
    console: Option<OsString>,
    dry: bool,
    root: OsString,
    init: OsString,
    args: Vec<OsString>,
}

fn options(cx: &Ctx) -> Result<Options, Error> {
    let mut options = cx.parse(if cx.name == "run-init" { "+c: n d:" } else { "+c:" })?;
    if options.has(b'd') {
        return Err(Error::msg("-d: capabilities cannot be dropped here"));
    }
    let (console, dry) = (options.take(b'c'), options.has(b'n'));
    // What follows the root is the init's own, options and all.
    let mut words = options.operands.into_iter();
    let root = words.next().ok_or_else(|| Error::usage("the new root is missing"))?;
    let init = words.next().ok_or_else(|| Error::usage("the init is missing"))?;
    Ok(Options { console, dry, root, init, args: words.collect() })
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let options = options(cx)?;
    let root = open(
        options.root.as_os_str(),
        OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC,
        Mode::empty(),
    )
    .map_err(|e| Error::os(show(&options.root), e))?;
    if !options.dry {
        may_switch(&options.root)?;
    }
    let init = options.init.as_bytes();
    check::runnable(root.as_fd(), init).map_err(|fault| Error::msg(fault.text))?;
    if options.dry {
        return Ok(Status::OK);
    }
    let console = match &options.console {
        Some(path) => Some(
            open(path.as_os_str(), OFlag::O_RDWR | OFlag::O_NOCTTY, Mode::empty())
                .map_err(|e| Error::os(show(path), e))?,
        ),
        None => None,
    };
    let old = switch::change_root(&options.root).map_err(|fault| Error::msg(fault.text))?;
    if let Some(console) = console {
        let _ = nix::unistd::dup2_stdin(console.as_fd());
        let _ = nix::unistd::dup2_stdout(console.as_fd());
        let _ = nix::unistd::dup2_stderr(console.as_fd());
    }
    let environment: Vec<OsString> = cx.env.iter().map(OsStr::to_os_string).collect();
    let fault = switch::exec(old, init, &options.args, environment.iter().map(OsString::as_os_str));
    // There is no way back, and the end of PID 1 is the end of the machine.
    Err(Error::msg(fault.text))
}

/// Everything that forbids the switch, but for the init.
fn may_switch(root: &OsStr) -> Result<(), Error> {
    if getpid().as_raw() != 1 {
        return Err(Error::msg("not PID 1: exec it from /init"));
    }
    match crate::sys::path::is_mount_point(root) {
        Ok(true) => {}
        Ok(false) => return Err(Error::about(show(root), "not a mount point")),
        Err(errno) => return Err(Error::os(show(root), errno)),
    }
    let old = open("/", OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())
        .map_err(|e| Error::os("/", e))?;
    match crate::fsutil::empty::is_memory(&old) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::msg("/ is neither ramfs nor tmpfs, so it will not be emptied")),
        Err(errno) => Err(Error::os("/", errno)),
    }
}
