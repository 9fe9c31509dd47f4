//! Where packed bytes come from: a source read in large pieces, of which the
//! decoders take as they need.

use std::io::{self, Read};

use super::Cause;
use crate::sys;

/// How much is read at once.
const PIECE: usize = 64 << 10;

/// How far [`Input::retreat`] can go back.
const KEPT: usize = 8;

/// What packed bytes are read from.
pub trait Source: Read {
    /// Passes over so many bytes without reading them, where that can be done
    /// and they are there.
    fn jump(&mut self, _count: u64) -> bool {
        false
    }
}

impl Source for std::fs::File {}

impl Source for sys::fd::Reader<'_> {
    fn jump(&mut self, count: u64) -> bool {
        self.skip(count)
    }
}

/// Packed bytes; see the module.
pub struct Input<'a> {
    source: From<'a>,
    /// As long as it ever had to be; `filled` bytes of it count.
    buffer: Vec<u8>,
    filled: usize,
    at: usize,
    /// Bytes given out before those in the buffer.
    before: u64,
}

enum From<'a> {
    Reader(Box<dyn Source + 'a>),
    /// All of it is in the slice.
    Slice(&'a [u8]),
}

impl<'a> Input<'a> {
    /// Bytes of a file or pipe.
    pub fn new(source: Box<dyn Source + 'a>) -> Input<'a> {
        Input { source: From::Reader(source), buffer: Vec::new(), filled: 0, at: 0, before: 0 }
    }

    /// Bytes that are all here.
    pub fn of_slice(bytes: &'a [u8]) -> Input<'a> {
        Input { source: From::Slice(bytes), buffer: Vec::new(), filled: 0, at: 0, before: 0 }
    }

    /// What can be had without reading.
    pub fn rest(&self) -> &[u8] {
        let all = match self.source {
            From::Slice(bytes) => bytes,
            From::Reader(_) => self.buffer.get(..self.filled).unwrap_or_default(),
        };
        all.get(self.at..).unwrap_or_default()
    }

    /// How many bytes were given out.
    pub fn offset(&self) -> u64 {
        self.before + self.at as u64
    }

    /// Gives out `count` bytes of [`rest`](Self::rest).
    pub fn advance(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }

    /// Takes back `count` bytes that were given out last, at most eight.
    pub fn retreat(&mut self, count: usize) {
        self.at = self.at.saturating_sub(count);
    }

    /// Reads until there are `count` bytes, or the end is reached, and returns
    /// what there is.
    #[inline(never)]
    pub fn peek(&mut self, count: usize) -> Result<&[u8], Cause> {
        if let From::Reader(reader) = &mut self.source {
            while self.filled.saturating_sub(self.at) < count {
                let done = self.at.saturating_sub(KEPT).min(self.filled);
                self.before += done as u64;
                self.buffer.copy_within(done..self.filled, 0);
                self.filled -= done;
                self.at -= done;
                let wanted = self.filled + PIECE.max(count);
                if self.buffer.len() < wanted {
                    crate::sys::memory::resize(&mut self.buffer, wanted, 0);
                }
                let room = self.buffer.get_mut(self.filled..wanted).unwrap_or_default();
                let result = loop {
                    match reader.read(room) {
                        Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                        result => break result,
                    }
                };
                self.filled += *result.as_ref().unwrap_or(&0);
                match result {
                    Err(e) => return Err(Cause::Read(e.raw_os_error().unwrap_or(libc::EIO))),
                    Ok(0) => break,
                    Ok(_) => {}
                }
            }
        }
        Ok(self.rest())
    }

    /// Some bytes, as many as come at once; none at the end.
    pub fn some(&mut self) -> Result<&[u8], Cause> {
        self.peek(1)
    }

    /// Whether nothing is left.
    pub fn is_at_end(&mut self) -> Result<bool, Cause> {
        Ok(self.some()?.is_empty())
    }

    /// The next byte.
    pub fn byte(&mut self) -> Result<u8, Cause> {
        let byte = match self.rest().first() {
            Some(&byte) => byte,
            None => *self.some()?.first().ok_or(Cause::Truncated)?,
        };
        self.at += 1;
        Ok(byte)
    }

    /// The next `N` bytes.
    pub fn take<const N: usize>(&mut self) -> Result<[u8; N], Cause> {
        let bytes = *self.peek(N)?.first_chunk().ok_or(Cause::Truncated)?;
        self.at += N;
        Ok(bytes)
    }

    /// Puts the next `count` bytes behind what `to` holds. No more memory is
    /// taken than bytes come.
    pub fn append(&mut self, mut count: usize, to: &mut Vec<u8>) -> Result<(), Cause> {
        while count > 0 {
            let some = self.some()?;
            let some = some.get(..count.min(some.len())).unwrap_or_default();
            if some.is_empty() {
                return Err(Cause::Truncated);
            }
            to.extend_from_slice(some);
            let taken = some.len();
            count -= taken;
            self.at += taken;
        }
        Ok(())
    }

    /// Drops the next `count` bytes.
    pub fn skip(&mut self, mut count: u64) -> Result<(), Cause> {
        let buffered = self.rest().len() as u64;
        if let From::Reader(source) = &mut self.source
            && count > buffered
            && source.jump(count - buffered)
        {
            self.before += self.at as u64 + count;
            self.filled = 0;
            self.at = 0;
            return Ok(());
        }
        while count > 0 {
            let some = self.some()?.len();
            if some == 0 {
                return Err(Cause::Truncated);
            }
            let now = some.min(usize::try_from(count).unwrap_or(usize::MAX));
            count -= now as u64;
            self.at += now;
        }
        Ok(())
    }

    /// Drops zero bytes.
    pub fn skip_zeros(&mut self) -> Result<u64, Cause> {
        let start = self.offset();
        loop {
            let some = self.some()?;
            let all = some.len();
            let zeros = some.iter().position(|&b| b != 0).unwrap_or(all);
            self.at += zeros;
            if zeros < all || all == 0 {
                return Ok(self.offset() - start);
            }
        }
    }

    /// Fills `to` as far as bytes come at once; 0 at the end.
    pub fn read(&mut self, to: &mut [u8]) -> Result<usize, Cause> {
        // Large reads into an empty buffer need no copy.
        if let From::Reader(reader) = &mut self.source
            && self.at >= self.filled
            && to.len() >= PIECE
        {
            return loop {
                match reader.read(to) {
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                    Err(e) => break Err(Cause::Read(e.raw_os_error().unwrap_or(libc::EIO))),
                    Ok(count) => {
                        self.before += (self.at + count) as u64;
                        self.filled = 0;
                        self.at = 0;
                        break Ok(count);
                    }
                }
            };
        }
        let some = self.some()?;
        let count = some.len().min(to.len());
        if let (Some(to), Some(some)) = (to.get_mut(..count), some.get(..count)) {
            to.copy_from_slice(some);
        }
        self.at += count;
        Ok(count)
    }
}
