//! Streams of the job: between a port and the command, one bounded buffer
//! each.

use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::write;

use crate::job::{Lines, ToGuest, ToHost};
use crate::sys;
use crate::sys::stream::{Buffer, Place, Watch, receive};

/// The kernel takes at most this much in one write to a port
/// (drivers/char/virtio_console.c, port_fops_write).
const PORT_WRITE: usize = 32 * 1024;

/// Reads and writes in one turn of the loop before others have theirs.
const TURN: usize = 32;

/// Standard input: from its port to the command.
pub struct Inward {
    port: OwnedFd,
    sink: Option<OwnedFd>,
    terminal: bool,
    buffer: Buffer,
    received: u64,
    end: Option<u64>,
}

impl Inward {
    pub fn new(port: OwnedFd, sink: OwnedFd, terminal: bool) -> Inward {
        Inward { port, sink: Some(sink), terminal, buffer: Buffer::new(), received: 0, end: None }
    }

    pub fn watch<'a>(&'a self, watch: &mut Watch<'a>) -> [Place; 2] {
        let Some(sink) = &self.sink else { return [None; 2] };
        if !self.buffer.is_empty() {
            return [watch.add(sink, PollFlags::POLLOUT), None];
        }
        // A pipe says at once when nobody is left to read it; of a terminal
        // that would be said over and over.
        let gone = if self.terminal { None } else { watch.add(sink, PollFlags::empty()) };
        [watch.add(&self.port, PollFlags::POLLIN), gone]
    }

    /// Moves what can be moved. True when the command turned out to read no
    /// more.
    pub fn pump(&mut self) -> bool {
        for _ in 0..TURN {
            let Some(sink) = &self.sink else { return false };
            if self.buffer.is_empty() {
                if !self.terminal && is_broken(sink) {
                    self.close();
                    return true;
                }
                if !self.gather() {
                    return self.finish_if_complete();
                }
            }
            let Some(sink) = &self.sink else { return false };
            match self.buffer.drain(sink.as_fd(), usize::MAX) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return false,
                Err(_) => {
                    self.close();
                    return true;
                }
            }
        }
        self.finish_if_complete()
    }

    /// Reads from the port until it has no more or the buffer is full: one
    /// read gives no more than a page. False when there was nothing.
    fn gather(&mut self) -> bool {
        loop {
            let left = self.end.map_or(u64::MAX, |end| end.saturating_sub(self.received));
            let limit = usize::try_from(left).unwrap_or(usize::MAX);
            match self.buffer.fill(self.port.as_fd(), limit) {
                Ok(0) => return !self.buffer.is_empty(),
                Ok(count) => self.received += count as u64,
                Err(Errno::EINTR) => {}
                Err(_) => return !self.buffer.is_empty(),
            }
        }
    }

    /// The input ends behind that many bytes. True when that is known to be
    /// all, and the command was told.
    pub fn end_at(&mut self, bytes: u64) -> bool {
        self.end = Some(bytes);
        self.finish_if_complete()
    }

    fn finish_if_complete(&mut self) -> bool {
        let complete = self.end.is_some_and(|end| self.received >= end);
        if !complete || !self.buffer.is_empty() || self.sink.is_none() {
            return false;
        }
        if self.terminal
            && let Some(sink) = &self.sink
        {
            // What a terminal's end of input is: the character for it.
            let _ = write(sink, b"\x04");
        }
        self.close();
        true
    }

    /// The command has ended, or reads no more.
    pub fn close(&mut self) {
        self.sink = None;
        self.buffer.clear();
    }
}

/// Whether nobody holds the reading end of this pipe.
fn is_broken(pipe: &OwnedFd) -> bool {
    let mut fds = [PollFd::new(pipe.as_fd(), PollFlags::empty())];
    poll(&mut fds, PollTimeout::ZERO).is_ok()
        && fds.iter().any(|fd| fd.revents().is_some_and(|r| r.contains(PollFlags::POLLERR)))
}

/// Standard output or error: from the command to the port.
pub struct Outward {
    port: OwnedFd,
    source: Option<OwnedFd>,
    terminal: bool,
    buffer: Buffer,
    sent: u64,
    /// Set when the command has ended: what may still be read.
    left: Option<u64>,
    silent_until: Option<Instant>,
}

impl Outward {
    pub fn new(port: OwnedFd, source: Option<OwnedFd>, terminal: bool) -> Outward {
        let buffer = Buffer::new();
        Outward { port, source, terminal, buffer, sent: 0, left: None, silent_until: None }
    }

    pub fn watch<'a>(&'a self, watch: &mut Watch<'a>) -> [Place; 2] {
        if !self.buffer.is_empty() {
            return [watch.add(&self.port, PollFlags::POLLOUT), None];
        }
        match &self.source {
            Some(source) => [watch.add(source, PollFlags::POLLIN), None],
            None => [None; 2],
        }
    }

    /// Moves what can be moved.
    pub fn pump(&mut self) {
        for _ in 0..TURN {
            if self.buffer.is_empty() && !self.gather() {
                return;
            }
            match self.buffer.drain(self.port.as_fd(), PORT_WRITE) {
                Ok(count) => self.sent += count as u64,
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return,
                // No host, nobody to tell.
                Err(_) => self.buffer.clear(),
            }
        }
    }

    /// Reads what there is. False when there was nothing.
    fn gather(&mut self) -> bool {
        let Some(source) = &self.source else { return false };
        let left = self.left.unwrap_or(u64::MAX);
        if left == 0 {
            self.source = None;
            return false;
        }
        let limit = usize::try_from(left).unwrap_or(usize::MAX);
        match self.buffer.fill(source.as_fd(), limit) {
            Ok(0) => self.source = None,
            Ok(count) => {
                self.left = self.left.map(|left| left.saturating_sub(count as u64));
                if self.silent_until.is_some() {
                    self.silent_until = Some(Instant::now() + super::TERMINAL_LIMIT);
                }
                return true;
            }
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => {
                // A pipe holds all that was written to it; a terminal may
                // still be working on it.
                if self.left.is_some() {
                    self.source = None;
                }
            }
            // A terminal whose other side is closed answers EIO.
            Err(_) => self.source = None,
        }
        false
    }

    /// Puts text of our own behind what the command wrote.
    pub fn add(&mut self, text: &[u8]) {
        self.buffer.add(text);
    }

    /// The command has ended: what is in its pipe now is still sent, what
    /// others write to it later is not.
    pub fn finish(&mut self) {
        let Some(source) = &self.source else { return };
        if self.terminal {
            self.silent_until = Some(Instant::now() + super::TERMINAL_LIMIT);
        } else {
            self.left = Some(sys::tty::waiting(source).map_or(0, |count| count as u64));
        }
        self.pump();
    }

    /// Whether everything is in the port.
    pub fn is_complete(&self) -> bool {
        self.source.is_none() && self.buffer.is_empty()
    }

    /// When a terminal that says nothing more counts as complete.
    pub fn silent_until(&self) -> Option<Instant> {
        if self.source.is_some() && self.buffer.is_empty() { self.silent_until } else { None }
    }

    /// Reads no more, and forgets what was not sent: the command's next write
    /// to a pipe is EPIPE.
    pub fn give_up(&mut self) {
        self.source = None;
        self.buffer.clear();
    }

    /// How many bytes went into the port.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Gives the terminal another size.
    pub fn resize(&self, rows: u16, columns: u16) {
        if self.terminal
            && let Some(source) = &self.source
        {
            let _ = sys::tty::set_size(source, rows, columns);
        }
    }
}

/// The control lines.
pub struct Control {
    port: OwnedFd,
    lines: Lines,
    outgoing: Vec<u8>,
}

impl Control {
    pub fn new(port: OwnedFd) -> Control {
        Control { port, lines: Lines::default(), outgoing: Vec::new() }
    }

    pub fn watch<'a>(&'a self, watch: &mut Watch<'a>) -> [Place; 2] {
        let mut events = PollFlags::POLLIN;
        if !self.outgoing.is_empty() {
            events |= PollFlags::POLLOUT;
        }
        [watch.add(&self.port, events), None]
    }

    /// Says something to the host. There are at most four things to say.
    pub fn tell(&mut self, what: ToHost) {
        self.outgoing.extend_from_slice(&what.encode());
        self.send();
    }

    fn send(&mut self) {
        while !self.outgoing.is_empty() {
            match write(&self.port, &self.outgoing) {
                Ok(count) => {
                    self.outgoing.drain(..count.min(self.outgoing.len()));
                }
                Err(Errno::EINTR) => {}
                // The rest when there is room; a host that is gone is noticed
                // when it is read from.
                Err(_) => return,
            }
        }
    }

    /// Sends and receives what it can. False when the host is gone.
    pub fn transfer(&mut self) -> bool {
        self.send();
        receive(self.port.as_fd(), &mut |bytes| self.lines.add(bytes))
    }

    /// The next thing the host said; what cannot be understood is skipped.
    pub fn next(&mut self) -> Option<ToGuest> {
        loop {
            if let Ok(said) = self.lines.next_line()?.and_then(ToGuest::parse) {
                return Some(said);
            }
        }
    }
}
