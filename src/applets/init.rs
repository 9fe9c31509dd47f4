//! init: PID 1 of an initramfs.
//!
//! A drop-in for osbuild/initrd: its words of the command line (`rootfs=TAG`,
//! `mount=TAG`, `mount-ro=TAG`, `init=`, `debug`) mean the same here.
//! `crate::boot` does the work; the arguments the kernel gives to PID 1 are
//! the real init's.

use std::io::Write;
use std::os::unix::ffi::OsStrExt;

use nix::unistd::getpid;

use crate::applet::{Applet, Ctx, Error, Kind, Status};
use crate::boot::plan::{Facts, text};
use crate::boot::supervise;
use crate::cmdline::Cmdline;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "init",
    summary: "boot: find the root and run its init, as PID 1",
    usage: "--plan [CMDLINE]\n\
            print the steps of a boot with that kernel command line, else with\n\
            this machine's; without --plan only the kernel runs it, as PID 1",
    kind: Kind::Exec, // becomes another program
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    // Only the kernel's own start has no business with options.
    if getpid().as_raw() == 1 {
        supervise::run(cx.table, cx.args);
    }
    let line = match cx.args {
        [flag, line] if flag == "--plan" => line.as_bytes().to_vec(),
        [flag] if flag == "--plan" => {
            crate::sys::file::read("/proc/cmdline").map_err(|e| Error::os("/proc/cmdline", e))?
        }
        [] => return Err(Error::usage("this is not PID 1; --plan shows what that would do")),
        _ => return Err(Error::usage("--plan wants one argument, the command line in quotes")),
    };
    let plan = text(&Cmdline::parse(&line), Facts::default());
    cx.out.write_all(plan.as_bytes()).map_err(|e| Error::os("standard output", e))?;
    Ok(Status::OK)
}
