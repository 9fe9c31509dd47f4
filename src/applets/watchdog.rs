//! watchdog: keep a watchdog timer from restarting the machine. busybox's.

use std::time::Duration;

use nix::fcntl::OFlag;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::sys::process::{Forked, exit_now, fork};
use crate::sys::signal::{self, Disposition};
use crate::sys::{path, watchdog};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "watchdog",
    summary: "keep a watchdog timer from restarting the machine",
    usage: "[-F] [-t N[ms]] [-T N[ms]] DEVICE\n\
            \x20 -t  a word to it every N seconds (default 30)\n\
            \x20 -T  it restarts the machine N seconds after the last (default 60)\n\
            \x20 -F  in the foreground",
    kind: Kind::Exec, // a daemon
    run,
};

/// Seconds, or milliseconds with `ms` behind the number.
fn time(word: &std::ffi::OsStr) -> Result<Duration, Error> {
    let text = word.to_str().unwrap_or_default();
    let (digits, unit) = match text.strip_suffix("ms") {
        Some(digits) => (digits, 1),
        None => (text, 1000),
    };
    let number = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    number
        .filter(|&number| number > 0)
        .map(Duration::from_millis)
        .ok_or_else(|| Error::bad(show(word), "not a time").with(Status::FAILURE))
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("F t: T:").map_err(|e| e.with(Status::FAILURE))?;
    let (mut every, mut limit, mut stay) =
        (Duration::from_secs(30), Duration::from_secs(60), false);
    while let Some(letter) = options.next() {
        match letter {
            b'F' => stay = true,
            b't' => every = time(&options.value())?,
            _ => limit = time(&options.value())?,
        }
    }
    let [device] = options.operands.as_slice() else {
        return Err(Error::usage("which device?").with(Status::FAILURE));
    };
    let failed = |e| Error::os(show(device), e);
    let fd = path::open(device.as_os_str(), OFlag::O_WRONLY).map_err(failed)?;
    // devices that cannot do these run on their own terms
    let _ = watchdog::enable(&fd);
    let seconds = limit.as_millis().div_ceil(1000);
    let _ = watchdog::set_timeout(&fd, i32::try_from(seconds).unwrap_or(i32::MAX));
    if !stay {
        match fork().map_err(|e| Error::os("fork", e))? {
            Forked::Parent(_) => {
                // the timer is the child's now
                exit_now(0);
            }
            Forked::Child => {
                let _ = nix::unistd::setsid();
                let _ = nix::unistd::chdir("/");
            }
        }
    }
    for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGTERM, libc::SIGQUIT] {
        let _ = signal::set(signal, Disposition::Catch);
    }
    loop {
        nix::unistd::write(&fd, b"\0").map_err(failed)?;
        let mut left = every;
        // a sleep that a signal ends
        while !left.is_zero() && !signal::any() {
            let step = left.min(Duration::from_millis(200));
            std::thread::sleep(step);
            left -= step;
        }
        if let Some(signal) = signal::take() {
            // V lets the timer stop when the device is closed
            let _ = nix::unistd::write(&fd, b"V");
            return Ok(Status::of_signal(signal));
        }
    }
}
