//! klogd: hand the kernel's messages to syslogd. As busybox has it.

use nix::errno::Errno;

use crate::applet::{Applet, Ctx, Error, Kind, Status};
use crate::fsutil::{daemon, journal};
use crate::sys::kernel_log::{self, Action};
use crate::sys::signal::{self, Disposition};
use crate::syslog;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "klogd",
    summary: "hand the kernel's messages to syslogd",
    usage: "[-c N] [-n]\n\
            \x20 -c  print what is worse than level N, 1 to 8, on the console\n\
            \x20 -n  stay in the foreground",
    kind: Kind::Exec, // a daemon
    run,
};

/// Facility kern, level notice.
const OWN: u16 = 5;

/// What the console shows when nobody says otherwise.
const CONSOLE: i32 = 7;

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("n c:")?;
    options.at_most(0)?;
    let level = match options.take(b'c') {
        Some(text) => Some(super::dmesg::console_level(&text)?.clamp(1, 8)),
        None => None,
    };
    let failed = |e: Errno| Error::os("the kernel's messages", e);
    if let Some(level) = level {
        kernel_log::control(Action::ConsoleLevel, level).map_err(failed)?;
    }
    if !options.has(b'n') && !daemon::detach()? {
        return Ok(Status::OK);
    }
    daemon::note_pid("klogd");
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGQUIT, libc::SIGHUP] {
        let _ = signal::set(signal, Disposition::Catch);
    }
    tell(OWN, concat!("klogd started: rescuebox ", env!("CARGO_PKG_VERSION")).as_bytes());
    let mut text = Vec::new();
    let ending = loop {
        match signal::take() {
            Some(libc::SIGHUP) | None => {}
            Some(signal) => break signal,
        }
        match kernel_log::wait_for_more(&mut text) {
            Ok(()) => hand_on(&mut text),
            Err(Errno::EINTR) => {}
            Err(errno) => {
                daemon::forget_pid("klogd");
                return Err(failed(errno));
            }
        }
    };
    if level.is_some() {
        let _ = kernel_log::control(Action::ConsoleLevel, CONSOLE);
    }
    tell(OWN, b"klogd: exiting");
    daemon::forget_pid("klogd");
    let _ = signal::set(ending, Disposition::Default);
    let _ = signal::send(nix::unistd::getpid().as_raw(), ending);
    Ok(Status::of_signal(ending))
}

/// Sends the whole lines of `text`; what is left of it is the beginning of the
/// next one.
fn hand_on(text: &mut Vec<u8>) {
    const LONGEST: usize = 4096;
    while let Some(end) = text.iter().position(|&b| b == b'\n') {
        let (priority, line) = syslog::split(text.get(..end).unwrap_or_default());
        if !line.is_empty() {
            tell(priority, line);
        }
        text.drain(..=end);
    }
    if text.len() > LONGEST {
        text.clear();
    }
}

fn tell(priority: u16, text: &[u8]) {
    // There is nobody else to tell, least of all the kernel.
    let log = journal::Log::open(std::path::Path::new(journal::PATH));
    if let Ok(log) = log {
        let _ = log.send(priority, b"kernel", text);
    }
}
