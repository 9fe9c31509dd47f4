//! The control socket `/run/rescuebox/control`: how `boot` talks to PID 1.
//!
//! A client sends one line, `VERB [ARGUMENT...]`, gets the answer as text and
//! the end of the connection. The first line of an answer is `ok`, or
//! `error: WHY`. Verbs: `status`, `log`, `retry`, `continue`, `set WORD...` (as
//! on the kernel command line), `break STAGE`, `abort reboot|poweroff|halt`.
//!
//! The folder has mode 0700 and the socket 0600; besides, only root is
//! answered (SO_PEERCRED). A client has five seconds for its line of at most
//! 2048 bytes; there are at most four of them; nothing here blocks.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags};
use nix::sys::socket::sockopt::PeerCredentials;
use nix::sys::socket::{
    AddressFamily, Backlog, MsgFlags, SockFlag, SockType, UnixAddr, accept4, bind, getsockopt,
    listen, recv, send, socket,
};
use nix::sys::stat::Mode;

use super::supervise::Supervisor;
use super::{DIR, SECOND, now};
use crate::applet::show_bytes;
use crate::cmdline::{Cmdline, Emergency, Stage};

/// Where it is.
pub const PATH: &str = "/run/rescuebox/control";

const CLIENTS_MAX: usize = 4;
const LINE_MAX: usize = 2048;
const PATIENCE: u64 = 5 * SECOND;

/// What a client can ask PID 1 to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Try the failed step again.
    Retry,
    /// Go on behind it.
    Continue,
    /// End the machine.
    Abort(Emergency),
}

/// A line of a client.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// Say where the boot stands.
    Status,
    /// Say how every step went.
    Log,
    /// Do something.
    Do(Request),
    /// Words to put in place of others on the command line.
    Set(&'a [u8]),
    /// A stage to stop before.
    Break(Stage),
    /// Not understood, and why.
    Wrong(&'static str),
}

/// Reads a client's line, without its newline.
pub fn parse(line: &[u8]) -> Line<'_> {
    let line = line.trim_ascii();
    let end = line.iter().position(|&b| b == b' ').unwrap_or(line.len());
    let (verb, rest) = line.split_at_checked(end).unwrap_or_default();
    let rest = rest.trim_ascii();
    match (verb, rest) {
        (b"status", b"") => Line::Status,
        (b"log", b"") => Line::Log,
        (b"retry", b"") => Line::Do(Request::Retry),
        (b"continue", b"") => Line::Do(Request::Continue),
        (b"abort", how) => match Emergency::of_name(how) {
            Some(how) => Line::Do(Request::Abort(how)),
            None => Line::Wrong("reboot, poweroff or halt is wanted"),
        },
        (b"break", stage) => match Stage::of_name(stage) {
            Some(stage) => Line::Break(stage),
            None => Line::Wrong("cmdline, modules, pre-mount, mount or pre-switch is wanted"),
        },
        (b"set", words) => match words {
            b"" => Line::Wrong("a word is wanted: root=..., init=..., rootflags=..."),
            _ if words.contains(&0) => Line::Wrong("a NUL cannot be in a word"),
            _ => Line::Set(words),
        },
        (b"status" | b"log" | b"retry" | b"continue", _) => {
            Line::Wrong("that verb wants no more words")
        }
        _ => Line::Wrong("not status, log, retry, continue, set, break or abort"),
    }
}

struct Client {
    fd: OwnedFd,
    line: Vec<u8>,
    since: u64,
}

/// The socket and who is connected.
pub struct Control {
    listener: OwnedFd,
    clients: Vec<Client>,
}

impl Control {
    /// Makes the folder and the socket, in place of one that is there.
    pub fn open() -> Result<Control, Errno> {
        match nix::unistd::mkdir(DIR, Mode::from_bits_truncate(0o700)) {
            Ok(()) | Err(Errno::EEXIST) => {}
            Err(errno) => return Err(errno),
        }
        let _ = nix::unistd::unlink(PATH);
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let listener = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
        let mask = nix::sys::stat::umask(Mode::from_bits_truncate(0o177));
        let bound = bind(listener.as_raw_fd(), &UnixAddr::new(PATH)?);
        nix::sys::stat::umask(mask);
        bound?;
        listen(&listener, Backlog::new(4).unwrap_or(Backlog::MAXCONN))?;
        Ok(Control { listener, clients: Vec::new() })
    }

    /// Adds what to listen to.
    pub fn add_to<'a>(&'a self, fds: &mut Vec<PollFd<'a>>) {
        if self.clients.len() < CLIENTS_MAX {
            fds.push(PollFd::new(self.listener.as_fd(), PollFlags::POLLIN));
        }
        for client in &self.clients {
            fds.push(PollFd::new(client.fd.as_fd(), PollFlags::POLLIN));
        }
    }

    /// When the patience with a client ends.
    pub fn due(&self) -> Option<u64> {
        self.clients.iter().map(|client| client.since + PATIENCE).min()
    }

    /// Answers whoever has said something. Returns what was asked for, at most
    /// one thing; `stopped` says whether the boot waits for that.
    pub(super) fn serve(&mut self, boot: &mut Supervisor, stopped: bool) -> Option<Request> {
        let time = now();
        while self.clients.len() < CLIENTS_MAX {
            let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
            let Ok(fd) = accept4(self.listener.as_raw_fd(), flags) else { break };
            let Some(fd) = own(fd) else { break };
            if getsockopt(&fd, PeerCredentials).is_ok_and(|peer| peer.uid() == 0) {
                self.clients.push(Client { fd, line: Vec::new(), since: time });
            }
        }
        let mut asked = None;
        self.clients.retain_mut(|client| {
            if asked.is_some() {
                return true;
            }
            match client.read() {
                Heard::More => time < client.since + PATIENCE,
                Heard::End => false,
                Heard::Line => {
                    let (answer, request) = answer(parse(&client.line), boot, stopped);
                    // An answer fits the socket's buffer; a client that does
                    // not read gets what fits.
                    let _ = send(client.fd.as_raw_fd(), answer.as_bytes(), MsgFlags::MSG_NOSIGNAL);
                    asked = request;
                    false
                }
            }
        });
        asked
    }
}

fn own(fd: i32) -> Option<OwnedFd> {
    crate::sys::fd::own(fd)
}

enum Heard {
    More,
    Line,
    End,
}

impl Client {
    fn read(&mut self) -> Heard {
        let mut buffer = [0; LINE_MAX];
        match recv(self.fd.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
            Ok(0) => return Heard::End,
            Ok(n) => self.line.extend_from_slice(buffer.get(..n).unwrap_or_default()),
            Err(Errno::EAGAIN | Errno::EINTR) => return Heard::More,
            Err(_) => return Heard::End,
        }
        match self.line.iter().position(|&b| b == b'\n') {
            Some(end) => {
                self.line.truncate(end);
                Heard::Line
            }
            None if self.line.len() > LINE_MAX => Heard::End,
            None => Heard::More,
        }
    }
}

fn answer(line: Line, boot: &mut Supervisor, stopped: bool) -> (String, Option<Request>) {
    let refused = |why: &str| (format!("error: {why}\n"), None);
    match line {
        Line::Status => (format!("ok\n{}", boot.standing(stopped)), None),
        Line::Log => (format!("ok\n{}", boot.log.table(&boot.steps)), None),
        Line::Wrong(why) => refused(why),
        Line::Do(request @ Request::Abort(_)) => ("ok\n".into(), Some(request)),
        _ if !stopped => refused("the boot is not waiting for anything"),
        Line::Do(request) => ("ok\n".into(), Some(request)),
        Line::Set(words) => {
            let asked = Cmdline::parse(words);
            // Nothing behind a word is no mistake here: it takes the word away.
            let empty = |word: &[u8]| word.iter().position(|&b| b == b'=') == Some(word.len() - 1);
            if let Some(wrong) = asked.complaints.iter().find(|c| !empty(c.word)) {
                return refused(&format!("{}: {}", show_bytes(wrong.word), wrong.why));
            }
            match boot.plan_anew(words) {
                Ok(()) => ("ok\n".into(), None),
                Err(why) => refused(why),
            }
        }
        Line::Break(stage) => {
            let mut words = String::from("rd.break=");
            for other in boot.cmdline.breaks.iter().filter(|other| **other != stage) {
                words.push_str(other.name());
                words.push(',');
            }
            words.push_str(stage.name());
            match boot.plan_anew(words.as_bytes()) {
                Ok(()) => ("ok\n".into(), None),
                Err(why) => refused(why),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        assert_eq!(parse(b"status"), Line::Status);
        assert_eq!(parse(b"log"), Line::Log);
        assert_eq!(parse(b" retry \r"), Line::Do(Request::Retry));
        assert_eq!(parse(b"continue"), Line::Do(Request::Continue));
        assert_eq!(parse(b"abort poweroff"), Line::Do(Request::Abort(Emergency::Poweroff)));
        assert_eq!(parse(b"set root=/dev/vda1 rw"), Line::Set(b"root=/dev/vda1 rw"));
        assert_eq!(parse(b"break mount"), Line::Break(Stage::Mount));
        assert_eq!(parse(b"break"), Line::Break(Stage::PreSwitch));
        for wrong in [
            b"".as_slice(),
            b"retry now",
            b"\xff",
            b"abort",
            b"abort now",
            b"break later",
            b"set",
            b"set a\0b",
            b"statuses",
        ] {
            assert!(matches!(parse(wrong), Line::Wrong(_)), "{wrong:?}");
        }
    }
}
