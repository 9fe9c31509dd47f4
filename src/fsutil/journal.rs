//! Telling the system's log: what syslog(3) does.

use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;

use crate::sys::{clock, socket};

/// Where programs tell.
pub const PATH: &str = "/dev/log";

/// A connection to the log.
pub struct Log {
    socket: Option<OwnedFd>,
    /// Whether each message has an end of its own: of a stream.
    stream: bool,
    /// Whether the other end wants to know which machine this is.
    remote: bool,
}

impl Log {
    /// Connects to the socket `path`. Nobody may be there: then messages go
    /// to the kernel's log.
    pub fn open(path: &Path) -> Result<Log, Errno> {
        let address = socket::Address::unix(path)?;
        for (kind, stream) in [(libc::SOCK_DGRAM, false), (libc::SOCK_STREAM, true)] {
            let fd = socket::open(libc::AF_UNIX, kind, 0)?;
            match socket::connect(&fd, &address) {
                Ok(()) => return Ok(Log { socket: Some(fd), stream, remote: false }),
                Err(Errno::EPROTOTYPE) => {}
                Err(errno) => return Err(errno),
            }
        }
        Err(Errno::EPROTOTYPE)
    }

    /// Messages go to the machine `address`, one a packet.
    pub fn remote(address: &socket::Address) -> Result<Log, Errno> {
        let fd = socket::dial(address, libc::SOCK_DGRAM, Duration::from_secs(30))?;
        Ok(Log::of(fd, false))
    }

    /// Messages go to another machine.
    pub fn of(socket: OwnedFd, stream: bool) -> Log {
        Log { socket: Some(socket), stream, remote: true }
    }

    /// The kernel's log, where there is no other.
    pub fn kernel() -> Log {
        Log { socket: None, stream: false, remote: false }
    }

    /// Sends a message of a priority; `tag` is the program's name, and may
    /// have `[PID]` behind it.
    pub fn send(&self, priority: u16, tag: &[u8], text: &[u8]) -> Result<(), Errno> {
        let Some(socket) = &self.socket else { return to_kernel(priority, tag, text) };
        let mut message = format!("<{priority}>").into_bytes();
        stamp(&mut message);
        message.push(b' ');
        if self.remote
            && let Ok(names) = nix::sys::utsname::uname()
        {
            message.extend_from_slice(names.nodename().as_bytes());
            message.push(b' ');
        }
        message.extend_from_slice(tag);
        message.extend_from_slice(b": ");
        message.extend_from_slice(text);
        if self.stream {
            message.push(if self.remote { b'\n' } else { 0 });
        }
        let mut rest = message.as_slice();
        loop {
            let count = socket::send(socket, rest, None)?;
            rest = rest.get(count..).unwrap_or_default();
            if rest.is_empty() || !self.stream {
                return Ok(());
            }
        }
    }
}

fn to_kernel(priority: u16, tag: &[u8], text: &[u8]) -> Result<(), Errno> {
    let flags = nix::fcntl::OFlag::O_WRONLY | nix::fcntl::OFlag::O_NOCTTY;
    let fd = crate::sys::path::open("/dev/kmsg", flags)?;
    let message = [format!("<{priority}>").as_bytes(), tag, b": ", text, b"\n"].concat();
    nix::unistd::write(&fd, &message).map(drop)
}

/// Appends the local time, `Nov 22 07:00:00`.
pub fn stamp(out: &mut Vec<u8>) {
    let seconds = i64::try_from(clock::now().as_secs()).unwrap_or(0);
    crate::date::write(out, b"%b %e %H:%M:%S", seconds, 0);
}

/// Tells the log, or the kernel's.
pub fn tell(priority: u16, tag: &[u8], text: &[u8]) -> Result<(), Errno> {
    let log = Log::open(Path::new(PATH)).unwrap_or(Log::kernel());
    log.send(priority, tag, text)
}
