//! The control socket `/run/rescuebox/control`: how `boot` talks to PID 1.
//!
//! A client sends one line, `VERB [ARGUMENT...]`, gets the answer as text and
//! the end of the connection. The first line of an answer is `ok`, or
//! `error: WHY`. Verbs: `status`, `retry`, `continue`.
//!
//! The folder has mode 0700 and the socket 0600; besides, only root is
//! answered (SO_PEERCRED). A client has five seconds for its line of at most
//! 256 bytes; there are at most four of them; nothing here blocks.

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

/// Where it is.
pub const PATH: &str = "/run/rescuebox/control";

const CLIENTS_MAX: usize = 4;
const LINE_MAX: usize = 256;
const PATIENCE: u64 = 5 * SECOND;

/// What a client can ask PID 1 to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Try the failed step again.
    Retry,
    /// Go on behind it.
    Continue,
}

/// A line of a client.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// Say how the boot stands.
    Status,
    /// Do something.
    Do(Request),
    /// No verb of ours.
    Unknown,
}

/// Reads a client's line, without its newline.
pub fn parse(line: &[u8]) -> Line {
    match line.trim_ascii() {
        b"status" => Line::Status,
        b"retry" => Line::Do(Request::Retry),
        b"continue" => Line::Do(Request::Continue),
        _ => Line::Unknown,
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
    /// one thing.
    pub fn serve(&mut self, boot: &Supervisor) -> Option<Request> {
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
                    let (answer, request) = answer(parse(&client.line), boot);
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

fn answer(line: Line, boot: &Supervisor) -> (String, Option<Request>) {
    match line {
        Line::Status => (format!("ok\n{}", boot.log.status(&boot.steps)), None),
        Line::Do(_) if boot.failed.is_none() => {
            ("error: no step of the boot has failed\n".into(), None)
        }
        Line::Do(request) => ("ok\n".into(), Some(request)),
        Line::Unknown => ("error: not understood: status, retry or continue\n".into(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        assert_eq!(parse(b"status"), Line::Status);
        assert_eq!(parse(b" retry \r"), Line::Do(Request::Retry));
        assert_eq!(parse(b"continue"), Line::Do(Request::Continue));
        assert_eq!(parse(b""), Line::Unknown);
        assert_eq!(parse(b"retry now"), Line::Unknown);
        assert_eq!(parse(b"\xff"), Line::Unknown);
    }
}
