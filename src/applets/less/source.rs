//! The text that a pager shows: a file, of which only a block is in memory, or
//! what comes from a pipe, which is kept. Lines are found as they are needed.

use std::os::fd::{AsFd, OwnedFd};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::uio::pread;

/// What is read at once.
const BLOCK: usize = 64 * 1024;
/// A longer line is broken here.
const LINE: u64 = 1 << 20;
/// The place of each so many lines is noted.
const STEP: usize = 64;
/// How much is read of a pipe that always has more before a key is looked at.
const PATIENCE: usize = 16 << 20;

/// Lines by number, from 0.
pub struct Source {
    fd: OwnedFd,
    /// Keys, which interrupt the waiting for a pipe.
    keys: Option<OwnedFd>,
    pipe: bool,
    /// Whether to wait for what a pipe may yet bring, until a key is typed.
    pub patient: bool,
    ended: bool,
    held: Vec<u8>,
    base: u64,
    marks: Vec<u64>,
    /// Whole lines known, and where the next one starts.
    counted: (usize, u64),
    near: (usize, u64),
}

impl Source {
    /// Reads `fd`.
    pub fn new(fd: OwnedFd, keys: Option<OwnedFd>) -> Source {
        let kind = nix::sys::stat::fstat(&fd).map_or(0, |stat| stat.st_mode & libc::S_IFMT);
        // What is in /proc has no size, but can be read anywhere.
        let pipe = kind != libc::S_IFREG && kind != libc::S_IFBLK;
        Source {
            fd,
            keys,
            pipe,
            patient: false,
            ended: false,
            held: Vec::new(),
            base: 0,
            marks: vec![0],
            counted: (0, 0),
            near: (0, 0),
        }
    }

    /// How many bytes there are in all, if that is known.
    pub fn size(&self) -> Option<u64> {
        if self.pipe {
            return if self.ended { Some(self.held.len() as u64) } else { None };
        }
        let stat = nix::sys::stat::fstat(&self.fd).ok()?;
        u64::try_from(stat.st_size).ok().filter(|size| *size > 0)
    }

    /// Whether it is a pipe whose end has not been seen.
    pub fn is_open_pipe(&self) -> bool {
        self.pipe && !self.ended
    }

    /// Makes the bytes from `at` on the held ones; the place of the first in
    /// them, nothing at the end.
    fn hold(&mut self, at: u64) -> Option<usize> {
        let place = usize::try_from(at.checked_sub(self.base).unwrap_or(u64::MAX)).ok();
        if let Some(place) = place.filter(|place| *place < self.held.len()) {
            return Some(place);
        }
        if !self.pipe {
            self.held.resize(BLOCK, 0);
            let count = pread(&self.fd, &mut self.held, i64::try_from(at).ok()?).unwrap_or(0);
            self.held.truncate(count);
            self.base = at;
            return (count > 0).then_some(0);
        }
        let before = self.held.len();
        while !self.ended && at >= self.held.len() as u64 {
            if !self.is_ready(self.held.len() - before) {
                return None;
            }
            let old = self.held.len();
            self.held.resize(old + BLOCK, 0);
            let room = self.held.get_mut(old..).unwrap_or_default();
            let count = match nix::unistd::read(&self.fd, room) {
                Ok(count) => count,
                Err(nix::errno::Errno::EINTR | nix::errno::Errno::EAGAIN) => {
                    self.held.truncate(old);
                    continue;
                }
                Err(_) => 0,
            };
            self.held.truncate(old + count);
            self.ended = count == 0;
        }
        let place = usize::try_from(at).ok()?;
        (place < self.held.len()).then_some(place)
    }

    /// Waits for the pipe; false when a key was typed meanwhile, or, without
    /// patience, when nothing comes.
    fn is_ready(&self, read: usize) -> bool {
        let Some(keys) = &self.keys else { return true };
        let pipe = PollFd::new(self.fd.as_fd(), PollFlags::POLLIN);
        let key = PollFd::new(keys.as_fd(), PollFlags::POLLIN);
        let mut fds = [pipe, key];
        let seen = |fd: &PollFd| fd.revents().is_some_and(|events| !events.is_empty());
        let limit = if self.patient { PollTimeout::NONE } else { PollTimeout::from(200u8) };
        // A signal may be news for the screen.
        if poll(&mut fds, limit).is_err() {
            return false;
        }
        let [pipe, key] = &fds;
        seen(pipe) && !(read > PATIENCE && seen(key))
    }

    /// Reads the line at `at`, into `line` when there is one; where the next
    /// one starts, and whether this one is whole. Nothing at the end.
    fn scan(&mut self, at: u64, mut line: Option<&mut Vec<u8>>) -> Option<(u64, bool)> {
        let mut next = at;
        loop {
            let Some(place) = self.hold(next) else {
                return (next > at).then_some((next, false));
            };
            let bytes = self.held.get(place..).unwrap_or_default();
            let room = usize::try_from(at + LINE - next).unwrap_or(0);
            let bytes = bytes.get(..room.min(bytes.len())).unwrap_or_default();
            let end = memchr::memchr(b'\n', bytes);
            let text = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
            if let Some(line) = line.as_deref_mut() {
                line.extend_from_slice(text);
            }
            next += text.len() as u64 + u64::from(end.is_some());
            if end.is_some() || next >= at + LINE {
                return Some((next, true));
            }
        }
    }

    /// Whether there is a line of this number.
    pub fn has(&mut self, number: usize) -> bool {
        while self.counted.0 <= number {
            match self.scan(self.counted.1, None) {
                Some((next, true)) => {
                    self.counted = (self.counted.0 + 1, next);
                    if self.counted.0.is_multiple_of(STEP) {
                        self.marks.push(next);
                    }
                }
                // The last one may yet grow.
                Some(_) => return self.counted.0 == number,
                None => return false,
            }
        }
        true
    }

    /// Where a line starts.
    pub fn offset(&mut self, number: usize) -> u64 {
        if !self.has(number) {
            return self.scan(self.counted.1, None).map_or(self.counted.1, |(next, _)| next);
        }
        let step = number / STEP;
        let mark = (step * STEP, self.marks.get(step).copied().unwrap_or(0));
        let close = self.near.0 <= number && self.near.0 >= mark.0;
        let (mut at, mut place) = if close { self.near } else { mark };
        while at < number {
            let Some((next, _)) = self.scan(place, None) else { break };
            (at, place) = (at + 1, next);
        }
        self.near = (at, place);
        place
    }

    /// Reads a line, without its end; false when there is none.
    pub fn line(&mut self, number: usize, line: &mut Vec<u8>) -> bool {
        line.clear();
        if !self.has(number) {
            return false;
        }
        let at = self.offset(number);
        self.scan(at, Some(line)).is_some()
    }

    /// How many lines there are, all of them read.
    pub fn count(&mut self) -> usize {
        while self.has(self.counted.0 + STEP) {}
        self.counted.0 + usize::from(self.has(self.counted.0))
    }

    /// Forgets that the end was seen: a file may have grown.
    pub fn look_again(&mut self) {
        if !self.pipe {
            self.held.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn pipe(text: &[u8]) -> Source {
        let (from, mut to) = std::io::pipe().unwrap();
        to.write_all(text).unwrap();
        drop(to);
        Source::new(from.into(), None)
    }

    fn lines(source: &mut Source) -> Vec<String> {
        let mut line = Vec::new();
        let mut all = Vec::new();
        while source.line(all.len(), &mut line) {
            all.push(String::from_utf8(line.clone()).unwrap());
        }
        all
    }

    #[test]
    fn lines_of_a_pipe() {
        assert_eq!(lines(&mut pipe(b"a\n\nb")), ["a", "", "b"]);
        assert_eq!(pipe(b"a\n\nb").count(), 3);
        assert_eq!(pipe(b"a\n").count(), 1);
        assert_eq!(pipe(b"").count(), 0);
    }

    #[test]
    fn lines_of_a_file_in_any_order() {
        let path = std::env::temp_dir().join(format!("source-{}", std::process::id()));
        let text: String = (0..20_000).map(|n| format!("line {n}\n")).collect();
        std::fs::write(&path, &text).unwrap();
        let mut source = Source::new(std::fs::File::open(&path).unwrap().into(), None);
        let mut line = Vec::new();
        for n in [5, 19_999, 63, 64, 65, 10_000, 0, 9_999] {
            assert!(source.line(n, &mut line));
            assert_eq!(line, format!("line {n}").as_bytes());
        }
        assert!(!source.line(20_000, &mut line));
        assert_eq!(source.count(), 20_000);
        let mut more = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        more.write_all(b"new").unwrap();
        source.look_again();
        assert_eq!(source.count(), 20_001);
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_line_too_long_is_broken() {
        let path = std::env::temp_dir().join(format!("source-long-{}", std::process::id()));
        std::fs::write(&path, vec![b'x'; 3 << 20]).unwrap();
        let mut source = Source::new(std::fs::File::open(&path).unwrap().into(), None);
        assert_eq!(source.count(), 3);
        std::fs::remove_file(&path).unwrap();
    }
}
