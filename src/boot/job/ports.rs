//! virtio-serial ports, found by the names that the host gave them.
//! Documentation/ABI/testing/sysfs-class-... and drivers/char/virtio_console.c:
//! `/sys/class/virtio-ports/vportNpM/name`, node `/dev/vportNpM`.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::fcntl::{OFlag, open};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::Mode;

use super::reason;
use crate::job;

/// How long the ports may take to appear; the driver may be just loading.
const LIMIT: Duration = Duration::from_secs(10);

/// How often to look for them.
const PAUSE: Duration = Duration::from_millis(2);

/// The four ports of a job.
pub struct Ports {
    /// Control lines.
    pub ctl: OwnedFd,
    /// Standard input.
    pub input: OwnedFd,
    /// Standard output.
    pub output: OwnedFd,
    /// Standard error.
    pub error: OwnedFd,
}

impl Ports {
    /// Opens them, waiting for those that are not there yet.
    pub fn open() -> Result<Ports, String> {
        let until = Instant::now() + LIMIT;
        Ok(Ports {
            ctl: port(job::CTL, until)?,
            input: port(job::IN, until)?,
            output: port(job::OUT, until)?,
            error: port(job::ERR, until)?,
        })
    }
}

/// The port of this name, open for both directions and never blocking.
fn port(name: &str, until: Instant) -> Result<OwnedFd, String> {
    let node = loop {
        if let Some(node) = find(name) {
            break Path::new("/dev").join(node);
        }
        if Instant::now() >= until {
            return Err(absent(name));
        }
        std::thread::sleep(PAUSE);
    };
    let flags = OFlag::O_RDWR | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
    let fd = loop {
        match open(&node, flags, Mode::empty()) {
            Ok(fd) => break fd,
            Err(_) if Instant::now() < until => std::thread::sleep(PAUSE),
            Err(e) => return Err(format!("{}: {}", node.display(), reason(e))),
        }
    };
    // Until the host's side is connected, reading gives an end of file.
    while hangs_up(&fd) {
        if Instant::now() >= until {
            return Err(format!("port {name}: the host is not connected to it"));
        }
        std::thread::sleep(PAUSE);
    }
    Ok(fd)
}

/// The name of the node in /dev of the port `name`.
fn find(name: &str) -> Option<std::ffi::OsString> {
    std::fs::read_dir("/sys/class/virtio-ports").ok()?.flatten().find_map(|entry| {
        let text = crate::sys::file::read(entry.path().join("name")).ok()?;
        (text.trim_ascii_end() == name.as_bytes()).then(|| entry.file_name())
    })
}

fn hangs_up(fd: &OwnedFd) -> bool {
    use std::os::fd::AsFd;
    let mut fds = [PollFd::new(fd.as_fd(), PollFlags::empty())];
    poll(&mut fds, PollTimeout::ZERO).is_ok()
        && fds.iter().any(|fd| fd.revents().is_some_and(|r| r.contains(PollFlags::POLLHUP)))
}

/// Why there is no such port.
fn absent(name: &str) -> String {
    if !Path::new("/sys/class/virtio-ports").exists() {
        return format!(
            "no port {name}: the kernel has no virtio_console driver; the image needs that module"
        );
    }
    let mut there = String::new();
    for entry in std::fs::read_dir("/sys/class/virtio-ports").into_iter().flatten().flatten() {
        if let Ok(text) = crate::sys::file::read(entry.path().join("name")) {
            there.push(' ');
            there.push_str(&crate::applet::show_bytes(text.trim_ascii_end()).to_string());
        }
    }
    if there.is_empty() {
        there.push_str(" none");
    }
    format!("no port {name}; those there are:{there}")
}
