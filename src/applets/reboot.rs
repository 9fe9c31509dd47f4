//! reboot, poweroff, halt: end the session of the machine.
//!
//! Without `-f` process 1 is asked by signal, as busybox's init and this
//! program's supervisor have it: SIGTERM reboot, SIGUSR2 power off, SIGUSR1
//! halt. systemd is asked by its own signals (SIGRTMIN+5, +4, +3). With `-f`
//! the kernel is told at once, after sync(2) unless `-n`.

use nix::errno::Errno;
use nix::sys::reboot::{RebootMode, reboot};

use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::{interval, sys};

const USAGE: &str = "[-d TIME] [-fnpw]\n\
            \x20 -f       at once, without asking process 1\n\
            \x20 -n       do not write back what is in memory\n\
            \x20 -d TIME  wait first (seconds, or with s, m, h, d)\n\
            \x20 -p       switch the power off (halt)\n\
            \x20 -w       only write the wtmp record, which this system does not keep";

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "reboot",
    summary: "start the machine again",
    usage: USAGE,
    kind: Kind::Fork, // waits
    run: |cx| run(cx, Way::Reboot),
};

/// See the module.
pub(super) static POWEROFF: Applet = Applet {
    name: "poweroff",
    summary: "switch the machine off",
    usage: USAGE,
    kind: Kind::Fork, // waits
    run: |cx| run(cx, Way::PowerOff),
};

/// See the module.
pub(super) static HALT: Applet = Applet {
    name: "halt",
    summary: "stop the machine",
    usage: USAGE,
    kind: Kind::Fork, // waits
    run: |cx| run(cx, Way::Halt),
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Reboot,
    PowerOff,
    Halt,
}

fn run(cx: &mut Ctx, mut way: Way) -> Result<Status, Error> {
    let (mut force, mut sync, mut only_record) = (false, true, false);
    let mut delay = Duration::ZERO;
    let mut options = cx.parse("f,force n,no-sync w,wtmp-only p,poweroff d:delay")?;
    while let Some(letter) = options.next() {
        match letter {
            b'f' => force = true,
            b'n' => sync = false,
            b'w' => only_record = true,
            b'p' => way = Way::PowerOff,
            b'd' => {
                let text = options.value();
                delay = match interval::parse(text.as_bytes()) {
                    Ok(Some(delay)) => delay,
                    _ => return Err(Error::bad(show(&text), "not a length of time")),
                };
            }
            _ => {}
        }
    }
    options.at_most(0)?;
    if only_record {
        return Ok(Status::OK);
    }
    cx.flush()?;
    if !delay.is_zero() {
        std::thread::sleep(delay);
    }
    if sync {
        nix::unistd::sync();
    }
    if force {
        return now(way);
    }
    ask_init(way)?;
    Ok(Status::OK)
}

/// reboot(2), which does not return when it works.
fn now(way: Way) -> Result<Status, Error> {
    let mode = match way {
        Way::Reboot => RebootMode::RB_AUTOBOOT,
        Way::PowerOff => RebootMode::RB_POWER_OFF,
        Way::Halt => RebootMode::RB_HALT_SYSTEM,
    };
    let Err(errno) = reboot(mode);
    Err(refused(errno))
}

fn ask_init(way: Way) -> Result<(), Error> {
    let systemd = std::path::Path::new("/run/systemd/system").is_dir();
    let signal = match (systemd, way) {
        (false, Way::Reboot) => libc::SIGTERM,
        (false, Way::PowerOff) => libc::SIGUSR2,
        (false, Way::Halt) => libc::SIGUSR1,
        (true, Way::Reboot) => libc::SIGRTMIN() + 5,
        (true, Way::PowerOff) => libc::SIGRTMIN() + 4,
        (true, Way::Halt) => libc::SIGRTMIN() + 3,
    };
    if nix::unistd::getpid().as_raw() == 1 {
        return Err(Error::msg("this is process 1 itself: use -f"));
    }
    sys::process::signal_init(signal).map_err(refused)
}

fn refused(errno: Errno) -> Error {
    match errno {
        Errno::EPERM => Error::msg("permission denied (only root can do that)"),
        _ => Error::os("cannot", errno),
    }
}
