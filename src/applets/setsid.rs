//! setsid and cttyhack: programs with a session or a terminal of their own. As
//! util-linux and busybox have them.

use std::ffi::OsString;

use crate::fsutil::spawn;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use nix::unistd;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::sys::process::{self, Forked};
use crate::sys::{session, tty};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "setsid",
    summary: "run a program in a new session",
    usage: "[-cdfw] PROG [ARG...]\n\
            \x20 -c  the terminal of standard input becomes the session's\n\
            \x20 -f  always in a child    -w  wait for it, and return its status\n\
            \x20 -d  without any terminal, as a new session is",
    kind: Kind::Fork, // becomes another program
    run: setsid,
};

/// cttyhack.
pub(super) static CTTYHACK: Applet = Applet {
    name: "cttyhack",
    summary: "run a program with the console as its terminal",
    usage: "[PROG ARG...]\n\
            Ctrl-C and job control work in a shell so started by a script that is\n\
            /init. The console is the one that the kernel writes to. Default: sh.",
    kind: Kind::Fork, // becomes another program
    run: cttyhack,
};

fn setsid(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("+c,ctty d f,fork w,wait")?;
    let argv = &options.operands;
    if argv.is_empty() {
        return Err(Error::usage("which program?").with(Status::FAILURE));
    }
    cx.flush()?;
    // The leader of a group cannot start a session.
    if options.has(b'f') || unistd::getpgrp() == unistd::getpid() {
        match process::fork().map_err(|e| Error::os("fork", e))? {
            Forked::Child => {}
            Forked::Parent(child) if options.has(b'w') => return spawn::wait(child),
            Forked::Parent(_) => return Ok(Status::OK),
        }
    }
    unistd::setsid().map_err(|e| Error::os("new session", e))?;
    if options.has(b'c') {
        tty::make_controlling(cx.stdin)
            .map_err(|e| Error::os("standard input as the session's terminal", e))?;
    }
    Err(cx.become_program(argv))
}

fn cttyhack(cx: &mut Ctx) -> Result<Status, Error> {
    let mut argv = cx.args.to_vec();
    if argv.is_empty() {
        argv.push(OsString::from("sh"));
    }
    cx.flush()?;
    let has_terminal = open("/dev/tty", OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty()).is_ok();
    if !has_terminal {
        // The last one that the kernel writes to is /dev/console.
        let active = std::fs::read_to_string("/sys/class/tty/console/active").unwrap_or_default();
        let name = active.split_ascii_whitespace().next_back().unwrap_or("console");
        // tty0 is whichever console is shown: its number is in another file
        let shown = std::fs::read_to_string("/sys/class/tty/tty0/active").unwrap_or_default();
        let name = if name == "tty0" && !shown.is_empty() { shown.trim() } else { name };
        let path = format!("/dev/{name}");
        match open(path.as_str(), OFlag::O_RDWR, Mode::empty()) {
            Ok(fd) => {
                let _ = unistd::setsid();
                for standard in 0..3 {
                    crate::sys::descriptor::copy_onto(
                        std::os::fd::AsRawFd::as_raw_fd(&fd),
                        standard,
                    )
                    .map_err(|e| Error::os(show(&path), e))?;
                }
                session::adopt(0);
            }
            // The program is more use without a terminal than not at all.
            Err(errno) => cx.note(Error::os(show(&path), errno)),
        }
    }
    Err(cx.become_program(&argv))
}
