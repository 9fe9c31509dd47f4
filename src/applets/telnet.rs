//! telnet: a terminal on another machine, or a conversation with a server.
//! As in busybox Ctrl-] leads to a menu: e ends, z suspends.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

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
            key = menu_key(&options.bytes());
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
    let name = terminal_name(cx);
    cx.print(format_args!("\nConnected to {}\n", crate::applet::show(host)))?;
    cx.flush()?;
    talk(cx, &fd, &Talk { terminal: &name, key, token: None })
}

/// The key that `-e` names: itself, or `^X`.
pub(super) fn menu_key(value: &[u8]) -> Option<u8> {
    match value {
        [b'^', letter, ..] => Some(letter & 0x1f),
        bytes => bytes.first().copied(),
    }
}

/// What the other end is told to be talking to.
pub(super) fn terminal_name(cx: &Ctx) -> Vec<u8> {
    let name = cx.env.get(b"TERM").map(|name| name.as_bytes().to_vec()).unwrap_or_default();
    if is_terminal(&name) { name } else { b"vt100".to_vec() }
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

/// How to talk.
pub(super) struct Talk<'a> {
    /// The kind of terminal.
    pub terminal: &'a [u8],
    /// The key to the menu.
    pub key: Option<u8>,
    /// What to answer to the server's question for it, before anything else:
    /// it is `attach` that talks, over a line that stays up.
    pub token: Option<&'a [u8]>,
}

/// What the server asks, and answers to a wrong one.
const QUESTION: &[u8] = b"token: ";
const REFUSAL: &[u8] = b"that is not it";

/// How long to wait until the server wants to know the kind of terminal.
const MANNERS: Duration = Duration::from_millis(300);

/// The end of what is typed, where the line stays up behind it: Ctrl-D. One
/// that comes while a program runs which does not read is lost.
const END_KEY: u8 = 4;
const AGAIN: Duration = Duration::from_secs(1);

fn holds(text: &[u8], what: &[u8]) -> bool {
    memchr::memmem::find(text, what).is_some()
}

/// Both ways until either side ends; for `attach`, too.
pub(super) fn talk(cx: &mut Ctx, fd: &OwnedFd, talk: &Talk<'_>) -> Result<Status, Error> {
    let Talk { terminal, key, token } = *talk;
    let mut protocol = Protocol::new(Side::Client, terminal);
    // What came before the token was told, and since when it is asked for.
    let mut before = Vec::new();
    let mut asked: Option<Instant> = None;
    let mut told = false;
    let mut locked = token;
    // When the shell was last told that no more will be typed.
    let mut ended: Option<Instant> = None;
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
        if input_open && locked.is_none() {
            fds.push(PollFd::new(cx.stdin, PollFlags::POLLIN));
        }
        let timeout = match (asked, ended) {
            (Some(_), _) => PollTimeout::from(50u8),
            (None, Some(_)) => PollTimeout::from(500u16),
            (None, None) => PollTimeout::NONE,
        };
        match poll(&mut fds, timeout) {
            Err(Errno::EINTR) => continue,
            other => other.map_err(|e| Error::os("poll", e))?,
        };
        let ready = |at: usize| fds.get(at).and_then(PollFd::any).unwrap_or(false);
        let (net, typed) = (ready(0), ready(1));
        if ended.is_some_and(|at| at.elapsed() > AGAIN) {
            out.push(END_KEY);
            ended = Some(Instant::now());
        }
        if let Some(token) = locked
            && asked.is_some_and(|since| told || since.elapsed() > MANNERS)
        {
            out.extend_from_slice(token);
            out.extend_from_slice(b"\r\0");
            (locked, asked) = (None, None);
        }
        if net {
            let count = match nix::unistd::read(fd, &mut buffer) {
                Err(Errno::EINTR | Errno::EAGAIN) => continue,
                Ok(count) => count,
                Err(_) => 0,
            };
            if count == 0 {
                drop(raw);
                if token.is_none() {
                    cx.put(b"Connection closed by foreign host\r\n")?;
                }
                return Ok(Status::OK);
            }
            let (mut data, mut news) = (Vec::new(), Vec::new());
            let input = buffer.get(..count).unwrap_or_default();
            protocol.take(input, &mut data, &mut out, &mut news);
            let mut over = false;
            for item in news {
                match (item, &raw) {
                    (News::Echo(on), Some(raw)) => {
                        raw.set(on);
                        is_raw = on;
                    }
                    (News::Told, _) => told = true,
                    (News::End, _) => over = true,
                    _ => {}
                }
            }
            if locked.is_some() {
                before.extend_from_slice(&data);
                before.truncate(4096);
                if holds(&before, QUESTION) {
                    asked.get_or_insert_with(Instant::now);
                }
                continue;
            }
            if token.is_some() && holds(&data, REFUSAL) {
                return Err(Error::msg("the machine knows another token"));
            }
            write_all(cx.stdout, &data).map_err(|e| Error::os("standard output", e))?;
            if over {
                return Ok(Status::OK);
            }
        }
        if typed {
            let count = match nix::unistd::read(cx.stdin, &mut buffer) {
                Err(Errno::EINTR | Errno::EAGAIN) => continue,
                other => other.map_err(|e| Error::os("standard input", e))?,
            };
            let bytes = buffer.get(..count).unwrap_or_default();
            if count == 0 {
                input_open = false;
                if token.is_some() {
                    out.push(END_KEY);
                    ended = Some(Instant::now());
                } else {
                    let _ = sys::socket::end_writing(fd);
                }
            } else if let (Some(raw), Some(key)) = (&raw, key)
                && bytes.contains(&key)
            {
                // The key of the menu's choice needs no Enter.
                raw.set(true);
                cx.put(b"\r\nConsole escape. Commands are:\r\n\r\n e\tend\r\n b\tsend a break\r\n z\tsuspend\r\n anything else goes on\r\n")?;
                cx.flush()?;
                let count = nix::unistd::read(cx.stdin, &mut buffer).unwrap_or(0);
                match buffer.get(..count).unwrap_or_default().first() {
                    Some(b'e' | b'q') => return Ok(Status::OK),
                    Some(b'b') => out.extend_from_slice(&SEND_BREAK),
                    Some(b'z') => {
                        raw.set(false);
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
