//! Reading a descriptor by lines, or by blocks, without a copy of each.

use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::unistd::read;

/// What is read at once.
const BLOCK: usize = 64 * 1024;

/// A descriptor that is read to its end.
pub struct Lines {
    /// None when all is held from the beginning.
    fd: Option<OwnedFd>,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// The most that is read at once.
    most: usize,
    ended: bool,
    terminated: bool,
}

impl Lines {
    /// Reads from `fd`.
    pub fn new(fd: OwnedFd) -> Lines {
        let fd = Some(fd);
        Lines {
            fd,
            bytes: Vec::new(),
            start: 0,
            end: 0,
            most: usize::MAX,
            ended: false,
            terminated: true,
        }
    }

    /// Reads a text.
    pub fn of_text(bytes: Vec<u8>) -> Lines {
        let end = bytes.len();
        Lines { fd: None, bytes, start: 0, end, most: usize::MAX, ended: true, terminated: true }
    }

    /// The next line without the byte `end` that ends it. The last one may lack
    /// that byte: see [`Lines::is_terminated`].
    pub fn next(&mut self, end: u8) -> Result<Option<&[u8]>, Errno> {
        let mut looked = 0;
        loop {
            let held = self.bytes.get(self.start..self.end).unwrap_or_default();
            let fresh = held.get(looked..).unwrap_or_default();
            if let Some(at) = memchr::memchr(end, fresh) {
                let from = self.start;
                let to = from + looked + at;
                self.start = to + 1;
                self.terminated = true;
                return Ok(self.bytes.get(from..to));
            }
            looked = held.len();
            if !self.more()? {
                self.terminated = false;
                let from = self.start;
                self.start = self.end;
                let rest = self.bytes.get(from..self.end).unwrap_or_default();
                return Ok((!rest.is_empty()).then_some(rest));
            }
        }
    }

    /// Whether the line that [`Lines::next`] gave last had its end.
    pub fn is_terminated(&self) -> bool {
        self.terminated
    }

    /// As many whole lines, with their ends, as there are; at the end of the
    /// input also what has no end. Nothing at the end.
    pub fn whole(&mut self, end: u8) -> Result<Option<&[u8]>, Errno> {
        let mut looked = 0;
        loop {
            let held = self.bytes.get(self.start..self.end).unwrap_or_default();
            let fresh = held.get(looked..).unwrap_or_default();
            let stop = match memchr::memrchr(end, fresh) {
                Some(at) => Some(self.start + looked + at + 1),
                None => {
                    looked = held.len();
                    if self.more()? { None } else { Some(self.end) }
                }
            };
            if let Some(stop) = stop {
                let from = self.start;
                self.start = stop;
                let lines = self.bytes.get(from..stop).unwrap_or_default();
                return Ok((!lines.is_empty()).then_some(lines));
            }
        }
    }

    /// Reads no more than so many bytes at once from now on: what is behind them
    /// is left to who reads next.
    pub fn at_most(&mut self, bytes: u64) {
        self.most = usize::try_from(bytes).unwrap_or(usize::MAX);
    }

    /// What came next, at least a byte; nothing at the end.
    pub fn block(&mut self) -> Result<Option<&[u8]>, Errno> {
        if self.start == self.end && !self.more()? {
            return Ok(None);
        }
        let from = self.start;
        self.start = self.end;
        Ok(self.bytes.get(from..self.end))
    }

    /// Reads behind what is held; false at the end of the input.
    #[inline(never)]
    fn more(&mut self) -> Result<bool, Errno> {
        let Some(fd) = self.fd.as_ref().filter(|_| !self.ended) else { return Ok(false) };
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.bytes.len() < self.end + BLOCK {
            let size = (self.bytes.len() * 2).max(self.end + BLOCK);
            super::memory::resize(&mut self.bytes, size, 0);
        }
        let room = self.bytes.get_mut(self.end..).unwrap_or_default();
        let most = room.len().min(self.most);
        let room = room.get_mut(..most).unwrap_or_default();
        loop {
            match read(fd, &mut *room) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn of(bytes: &[u8]) -> Lines {
        let (from, to) = std::io::pipe().unwrap();
        std::fs::File::from(OwnedFd::from(to)).write_all(bytes).unwrap();
        Lines::new(from.into())
    }

    #[test]
    fn lines() {
        let mut lines = of(b"a\n\nb");
        assert_eq!(lines.next(b'\n'), Ok(Some(&b"a"[..])));
        assert_eq!(lines.next(b'\n'), Ok(Some(&b""[..])));
        assert!(lines.is_terminated());
        assert_eq!(lines.next(b'\n'), Ok(Some(&b"b"[..])));
        assert!(!lines.is_terminated());
        assert_eq!(lines.next(b'\n'), Ok(None));
    }

    #[test]
    fn blocks_of_lines() {
        let mut lines = of(b"a\nb\nc");
        assert_eq!(lines.whole(b'\n'), Ok(Some(&b"a\nb\n"[..])));
        assert_eq!(lines.whole(b'\n'), Ok(Some(&b"c"[..])));
        assert_eq!(lines.whole(b'\n'), Ok(None));
        assert_eq!(of(b"xy").block(), Ok(Some(&b"xy"[..])));
    }
}
