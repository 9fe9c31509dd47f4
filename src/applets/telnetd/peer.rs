//! One connection: password first, then a session on a terminal.

use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::net::telnet::{ANSWER_MAX, News, Protocol, SESSION_END, Side, escape};
use crate::sys;

/// Who is at the other end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// Somebody in the network.
    Net(IpAddr),
    /// The host of this virtual machine, who has to know the token.
    Host,
    /// The host, at the other end of a port of the machine, which stays open
    /// when a session ends: the token is asked for, or the password; nothing
    /// when there is neither.
    Port,
    /// Whoever started us with the connection: nothing is asked unless there
    /// is a password.
    Given,
}

/// So long a connection may take to say the password.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// So long a client may take to say what terminal it is, having agreed to.
const NAMING: Duration = Duration::from_secs(1);
/// Tries a connection has.
const TRIES: u8 = 3;
/// The longest password.
const LINE_MAX: usize = 128;
/// What is on its way to the network, at most, before the terminal has to
/// wait.
const WAITING_MAX: usize = 4096;

/// What it is doing.
pub(super) enum Doing {
    /// Saying who it is; a wrong password is answered at a later time.
    Asking {
        /// What was typed so far.
        line: Vec<u8>,
        /// How often it was wrong.
        tries: u8,
        /// When that is said.
        until: Option<Instant>,
    },
    /// Working.
    Session {
        /// The master's end of the terminal.
        pty: OwnedFd,
        /// The shell, leader of its session.
        pid: Pid,
    },
    /// Being told the last things.
    Ending,
}

/// See the module.
pub(super) struct Peer {
    input: OwnedFd,
    /// Where it is not the same descriptor.
    output: Option<OwnedFd>,
    pub from: From,
    pub since: Instant,
    /// When something last went either way.
    pub active: Instant,
    pub doing: Doing,
    protocol: Protocol,
    /// Until when it is waited for its kind of terminal.
    name_by: Option<Instant>,
    pub terminal: Vec<u8>,
    pub size: (u16, u16),
    /// To the network, and to the terminal.
    pub out: Vec<u8>,
    pub typed: Vec<u8>,
    pub gone: bool,
}

/// What a peer wants of the server.
pub(super) enum Wish {
    Nothing,
    /// This line is to be checked.
    Check(Vec<u8>),
}

impl Peer {
    pub(super) fn new(input: OwnedFd, output: Option<OwnedFd>, from: From) -> Peer {
        let now = Instant::now();
        let mut peer = Peer {
            input,
            output,
            from,
            since: now,
            active: now,
            doing: Doing::Asking { line: Vec::new(), tries: 0, until: None },
            protocol: Protocol::new(Side::Server, b""),
            name_by: None,
            terminal: Vec::new(),
            size: (0, 0),
            out: Vec::new(),
            typed: Vec::new(),
            gone: false,
        };
        peer.protocol.greet(&mut peer.out);
        peer
    }

    pub(super) fn input(&self) -> BorrowedFd<'_> {
        self.input.as_fd()
    }

    pub(super) fn output(&self) -> BorrowedFd<'_> {
        self.output.as_ref().unwrap_or(&self.input).as_fd()
    }

    pub(super) fn is_stranger(&self) -> bool {
        !matches!(self.doing, Doing::Session { .. })
    }

    /// Text for the person, with the line ends of a terminal; what others
    /// wrote moves no cursors.
    pub(super) fn say(&mut self, text: &[u8]) {
        for &b in text {
            match b {
                b'\n' => self.out.extend_from_slice(b"\r\n"),
                b'\t' | b' '..0x7f | 0xa0.. => escape(&[b], &mut self.out),
                b'\r' => {}
                _ => self.out.push(b'?'),
            }
        }
    }

    /// Whether more may be read from it now.
    pub(super) fn may_type(&self) -> bool {
        self.out.len() < ANSWER_MAX + WAITING_MAX
            && match &self.doing {
                Doing::Asking { until, .. } => until.is_none() && self.typed.len() < WAITING_MAX,
                Doing::Session { .. } => self.typed.len() < WAITING_MAX,
                Doing::Ending => false,
            }
    }

    /// Whether more may be read from the terminal now.
    pub(super) fn may_print(&self) -> bool {
        self.out.len() < WAITING_MAX
    }

    /// Whether it is still to say what terminal it is, before anything that was
    /// typed counts.
    pub(super) fn is_unnamed(&self, now: Instant) -> bool {
        self.protocol.awaits_terminal() && self.name_by.is_none_or(|until| now < until)
    }

    /// Reads what was typed.
    pub(super) fn read(&mut self) {
        let mut piece = [0; 512];
        let count = match nix::unistd::read(&self.input, &mut piece) {
            Ok(count) => count,
            Err(Errno::EAGAIN | Errno::EINTR) => return,
            Err(_) => 0,
        };
        if count == 0 {
            self.gone = true;
            return;
        }
        self.active = Instant::now();
        let mut news = Vec::new();
        let input = piece.get(..count).unwrap_or_default();
        self.protocol.take(input, &mut self.typed, &mut self.out, &mut news);
        for item in news {
            match item {
                News::Size(columns, rows) => {
                    self.size = (columns, rows);
                    if let Doing::Session { pty, .. } = &self.doing {
                        let _ = sys::tty::set_size(pty, rows, columns);
                    }
                }
                News::Terminal(name) => self.terminal = name,
                News::Echo(_) | News::Told | News::End => {}
            }
        }
        if self.name_by.is_none() && self.protocol.awaits_terminal() {
            self.name_by = Some(self.active + NAMING);
        }
    }

    /// The password, when there is a whole line.
    pub(super) fn line(&mut self, now: Instant) -> Wish {
        if self.gone || self.is_unnamed(now) {
            return Wish::Nothing;
        }
        let Doing::Asking { line, until: None, .. } = &mut self.doing else {
            return Wish::Nothing;
        };
        let mut bytes = std::mem::take(&mut self.typed).into_iter();
        while let Some(b) = bytes.next() {
            match b {
                b'\r' | b'\n' => {
                    let line = std::mem::take(line);
                    self.out.extend_from_slice(b"\r\n");
                    // What was typed ahead is the session's, or nobody's.
                    self.typed = bytes.collect();
                    return Wish::Check(line);
                }
                8 | 127 => drop(line.pop()),
                21 => line.clear(),
                3 | 4 => {
                    self.gone = true;
                    return Wish::Nothing;
                }
                _ if line.len() < LINE_MAX => line.push(b),
                _ => {}
            }
        }
        Wish::Nothing
    }

    /// The password was wrong: it is said after a time that grows.
    pub(super) fn wrong(&mut self, answer_at: Instant) {
        self.typed = Vec::new();
        if let Doing::Asking { tries, until, .. } = &mut self.doing {
            *tries = tries.saturating_add(1);
            *until = Some(answer_at);
        }
    }

    /// Says that a password was wrong when the time has come.
    pub(super) fn answer(&mut self, now: Instant) {
        if let Doing::Asking { tries, until, .. } = &mut self.doing
            && until.is_some_and(|until| now >= until)
        {
            *until = None;
            if *tries >= TRIES {
                self.end(b"that is not it\n");
            } else {
                self.say(b"that is not it\npassword: ");
            }
        }
    }

    /// Says a last thing.
    pub(super) fn end(&mut self, text: &[u8]) {
        self.say(text);
        self.hang_up();
    }

    /// Ends the session's programs; what is still to be sent is sent.
    pub(super) fn hang_up(&mut self) {
        if let Doing::Session { pid, .. } = &self.doing {
            let group = Pid::from_raw(-pid.as_raw());
            let _ = kill(group, Signal::SIGHUP);
            let _ = kill(group, Signal::SIGCONT);
        }
        if self.from == From::Port && !matches!(self.doing, Doing::Ending) {
            self.out.extend_from_slice(&SESSION_END);
        }
        // Closing the terminal hangs up whoever is in its foreground.
        self.doing = Doing::Ending;
        self.active = Instant::now();
    }

    /// Reads what the session prints; false when it is over.
    pub(super) fn print(&mut self) -> bool {
        let Doing::Session { pty, .. } = &self.doing else { return true };
        let mut piece = [0; 2048];
        match nix::unistd::read(pty, &mut piece) {
            Ok(0) => false,
            Ok(count) => {
                self.active = Instant::now();
                escape(piece.get(..count).unwrap_or_default(), &mut self.out);
                true
            }
            Err(Errno::EAGAIN | Errno::EINTR) => true,
            Err(_) => false,
        }
    }

    /// Sends what is on its way, in both directions.
    pub(super) fn flush(&mut self) {
        if let Doing::Session { pty, .. } = &self.doing
            && !self.typed.is_empty()
        {
            match nix::unistd::write(pty, &self.typed) {
                Ok(count) => drop(self.typed.drain(..count)),
                Err(Errno::EAGAIN | Errno::EINTR) => {}
                Err(_) => self.typed.clear(),
            }
        }
        if !self.out.is_empty() {
            match nix::unistd::write(self.output(), &self.out) {
                Ok(count) => drop(self.out.drain(..count)),
                Err(Errno::EAGAIN | Errno::EINTR) => {}
                Err(_) => self.gone = true,
            }
        }
        if matches!(self.doing, Doing::Ending) && self.out.is_empty() {
            self.gone = true;
        }
    }
}
