//! telnet: a terminal on another machine, or a conversation with a server.
//! As in busybox Ctrl-] leads to a menu: e ends, z suspends.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};

use crate::applet::{Applet, Ctx, Error, Kind, Status, write_all};
use crate::net::resolve;
use crate::net::telnet::{News, Protocol, SEND_BREAK, Side, escape_typed, is_terminal};
use crate::sys;
use crate::sys::signal::Disposition;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "telnet",
    summary: "a terminal on another machine",
    usage: "[-a] [-l USER] [-e KEY] HOST [PORT]\n\
            \x20 -e  the key to the menu, instead of ^] (an empty one: none)\n\
            \x20 -a, -l  a user's name is never sent: type it",
    kind: Kind::Fork, // it waits and reads the terminal
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("a l: e:")?;
    let mut key = Some(0x1d);
    while let Some(letter) = options.next() {
        if letter == b'e' {
            let value = options.bytes();
            key = match value.as_slice() {
                [b'^', letter, ..] => Some(letter & 0x1f),
                bytes => bytes.first().copied(),
            };
        }
    }
    options.at_most(2)?;
    let Some(host) = options.operands.first() else { return Err(Error::usage("which host?")) };
    let port = match options.operands.get(1) {
        Some(text) => crate::options::number(text)
            .and_then(|port| u16::try_from(port).ok())
            .or_else(|| super::netstat::service_port(text.as_bytes()))
            .ok_or_else(|| Error::bad(crate::applet::show(text), "not a port"))?,
        None => 23,
    };
    let (fd, _) = resolve::connect(host.as_bytes(), port, 0, Duration::from_secs(60))?;
    let name = cx.env.get(b"TERM").map(|name| name.as_bytes().to_vec()).unwrap_or_default();
    let name = if is_terminal(&name) { name } else { b"vt100".to_vec() };
    cx.print(format_args!("\nConnected to {}\n", crate::applet::show(host)))?;
    cx.flush()?;
    talk(cx, &fd, &name, key)
}

/// A terminal's mode, restored at the end.
struct Raw<'a> {
    fd: std::os::fd::BorrowedFd<'a>,
    before: Termios,
}

impl<'a> Raw<'a> {
    fn begin(fd: std::os::fd::BorrowedFd<'a>) -> Option<Raw<'a>> {
        let before = tcgetattr(fd).ok()?;
        Some(Raw { fd, before })
    }

    fn set(&self, raw: bool) {
        let mut mode = self.before.clone();
        if raw {
            cfmakeraw(&mut mode);
        }
        let _ = tcsetattr(self.fd, SetArg::TCSADRAIN, &mode);
    }
}

impl Drop for Raw<'_> {
    fn drop(&mut self) {
        self.set(false);
    }
}

/// Both ways until either side ends; for `attach`, too.
pub(super) fn talk(
    cx: &mut Ctx,
    fd: &OwnedFd,
    terminal: &[u8],
    key: Option<u8>,
) -> Result<Status, Error> {
    let mut protocol = Protocol::new(Side::Client, terminal);
    let raw = Raw::begin(cx.stdin);
    let is_terminal = raw.is_some();
    let _ = sys::signal::set(libc::SIGWINCH, Disposition::Catch);
    let mut out = Vec::new();
    let mut input_open = true;
    let mut is_raw = false;
    let mut buffer = [0; 4096];
    loop {
        while sys::signal::take().is_some() {}
        if is_terminal && let Ok((rows, columns)) = sys::tty::size(cx.stdin) {
            protocol.set_size(columns, rows, &mut out);
        }
        if !out.is_empty() {
            write_all(fd.as_fd(), &out).map_err(|e| Error::os("connection", e))?;
            out.clear();
        }
        let mut fds = vec![PollFd::new(fd.as_fd(), PollFlags::POLLIN)];
        if input_open {
            fds.push(PollFd::new(cx.stdin, PollFlags::POLLIN));
        }
        match poll(&mut fds, PollTimeout::NONE) {
            Err(Errno::EINTR) => continue,
            other => other.map_err(|e| Error::os("poll", e))?,
        };
        let ready = |at: usize| fds.get(at).and_then(PollFd::any).unwrap_or(false);
        let (net, typed) = (ready(0), ready(1));
        if net {
            let count = match nix::unistd::read(fd, &mut buffer) {
                Err(Errno::EINTR | Errno::EAGAIN) => continue,
                Ok(count) => count,
                Err(_) => 0,
            };
            if count == 0 {
                drop(raw);
                cx.put(b"Connection closed by foreign host\r\n")?;
                return Ok(Status::OK);
            }
            let (mut data, mut news) = (Vec::new(), Vec::new());
            let input = buffer.get(..count).unwrap_or_default();
            protocol.take(input, &mut data, &mut out, &mut news);
            for item in news {
                if let (News::Echo(on), Some(raw)) = (item, &raw) {
                    raw.set(on);
                    is_raw = on;
                }
            }
            write_all(cx.stdout, &data).map_err(|e| Error::os("standard output", e))?;
        }
        if typed {
            let count = match nix::unistd::read(cx.stdin, &mut buffer) {
                Err(Errno::EINTR | Errno::EAGAIN) => continue,
                other => other.map_err(|e| Error::os("standard input", e))?,
            };
            let bytes = buffer.get(..count).unwrap_or_default();
            if count == 0 {
                input_open = false;
                let _ = sys::socket::end_writing(fd);
            } else if let (Some(raw), Some(key)) = (&raw, key)
                && bytes.contains(&key)
            {
                raw.set(false);
                cx.put(b"\r\nConsole escape. Commands are:\r\n\r\n e\tend\r\n b\tsend a break\r\n z\tsuspend\r\n anything else goes on\r\n")?;
                cx.flush()?;
                let count = nix::unistd::read(cx.stdin, &mut buffer).unwrap_or(0);
                match buffer.get(..count).unwrap_or_default().first() {
                    Some(b'e' | b'q') => return Ok(Status::OK),
                    Some(b'b') => out.extend_from_slice(&SEND_BREAK),
                    Some(b'z') => {
                        let _ = nix::sys::signal::raise(nix::sys::signal::Signal::SIGTSTP);
                    }
                    _ => {}
                }
                raw.set(is_raw);
            } else if is_raw {
                escape_typed(bytes, &mut out);
            } else {
                // lines: their ends are those of the network
                for &b in bytes {
                    if b == b'\n' {
                        out.push(b'\r');
                    }
                    out.push(b);
                    if b == 255 {
                        out.push(b);
                    }
                }
            }
        }
    }
}
