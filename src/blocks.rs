//! Reading a descriptor in big blocks that hold whole lines, or whatever
//! pieces the reader finds in them.

use std::os::fd::BorrowedFd;

use nix::errno::Errno;
use nix::unistd::read;

/// How much is read at once.
const BLOCK: usize = 64 * 1024;

/// What was read and not yet taken.
#[derive(Default)]
pub struct Blocks {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
}

impl Blocks {
    /// Nothing read yet.
    pub fn new() -> Blocks {
        Blocks::default()
    }

    /// Forgets everything, for another descriptor.
    pub fn reset(&mut self) {
        (self.start, self.end, self.ended) = (0, 0, false);
    }

    /// What is there.
    pub fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Whether everything was read.
    pub fn at_end(&self) -> bool {
        self.ended
    }

    /// Takes so many bytes away from the front.
    pub fn take(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
    }

    /// Reads once more behind what is there. False at the end.
    pub fn fill(&mut self, fd: BorrowedFd<'_>) -> Result<bool, Errno> {
        if self.ended {
            return Ok(false);
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.buffer.len() - self.end < BLOCK {
            // a line longer than all this: twice as much
            let size = (self.buffer.len() * 2).max(2 * BLOCK);
            self.buffer.resize(size, 0);
        }
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        loop {
            match read(fd, room) {
                Ok(0) => {
                    self.ended = true;
                    return Ok(false);
                }
                Ok(count) => {
                    self.end += count;
                    return Ok(true);
                }
                Err(Errno::EINTR) => {}
                Err(errno) => {
                    self.ended = true;
                    return Err(errno);
                }
            }
        }
    }
}
