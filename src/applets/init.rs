//! init: PID 1 of an initramfs.
//!
//! A drop-in for osbuild/initrd: its words of the command line (`rootfs=TAG`,
//! `mount=TAG`, `mount-ro=TAG`, `init=`, `debug`) mean the same here.
//! `crate::boot` does the work; the arguments the kernel gives to PID 1 are
//! the real init's.
//!
//! As `/sbin/init` (or any name but `/init`) of a root that is no initramfs, or
//! that has an `/etc/inittab`, and as `linuxrc`, it is busybox's init:
//! `crate::boot::classic`.

use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::fcntl::OFlag;
use nix::unistd::getpid;

use crate::applet::{Applet, Ctx, Error, Kind, Status};
use crate::boot::plan::{Facts, text};
use crate::boot::{classic, supervise};
use crate::cmdline::Cmdline;
use crate::fsutil::empty;
use crate::sys::path;
use crate::sys::process::{self, CRASHED};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "init",
    summary: "boot: find the root and run its init, as PID 1",
    usage: "--plan [CMDLINE] | -q\n\
            print the steps of a boot with that kernel command line, else with\n\
            this machine's; without --plan only the kernel runs it, as PID 1\n\
            \x20 -q  let a running init read /etc/inittab again",
    kind: Kind::Exec, // becomes another program
    run,
};

/// linuxrc.
pub(super) static LINUXRC: Applet = Applet {
    name: "linuxrc",
    summary: "do what /etc/inittab says, as PID 1",
    usage: "[single]\n\
            Only the kernel runs it, as PID 1. Lines: TERMINAL::ACTION:COMMAND, where ACTION\n\
            is sysinit, wait, once, respawn, askfirst, ctrlaltdel, shutdown or restart.\n\
            \x20 single, -s, 1  a shell instead",
    kind: Kind::Exec, // stays
    run: linuxrc,
};

/// Whether this is the init of a system and not of an initramfs.
fn is_classic(cx: &Ctx) -> bool {
    if cx.argv0 == "/init" || cx.args.first().is_some_and(|arg| arg == CRASHED) {
        return false;
    }
    if Path::new("/etc/inittab").exists() {
        return true;
    }
    let root = path::open("/", OFlag::O_RDONLY | OFlag::O_DIRECTORY);
    root.is_ok_and(|root| !empty::is_memory(&root).unwrap_or(true))
}

fn linuxrc(cx: &mut Ctx) -> Result<Status, Error> {
    if getpid().as_raw() != 1 {
        return Err(Error::msg("this is not PID 1"));
    }
    let single = cx.args.first().is_some_and(|arg| ["single", "-s", "1"].iter().any(|s| arg == s));
    classic::run(single)
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    // Only the kernel's own start has no business with options.
    if getpid().as_raw() == 1 {
        if is_classic(cx) {
            return linuxrc(cx);
        }
        supervise::run(cx.table, cx.args);
    }
    let line = match cx.args {
        [flag, line] if flag == "--plan" => line.as_bytes().to_vec(),
        [flag] if flag == "--plan" => {
            crate::sys::file::read("/proc/cmdline").map_err(|e| Error::os("/proc/cmdline", e))?
        }
        [flag] if flag == "-q" || flag == "q" => {
            process::signal_init(libc::SIGHUP).map_err(|e| Error::os("process 1", e))?;
            return Ok(Status::OK);
        }
        [] => return Err(Error::usage("this is not PID 1; --plan shows what that would do")),
        _ => return Err(Error::usage("--plan wants one argument, the command line in quotes")),
    };
    let plan = text(&Cmdline::parse(&line), Facts::default());
    cx.out.write_all(plan.as_bytes()).map_err(|e| Error::os("standard output", e))?;
    Ok(Status::OK)
}
