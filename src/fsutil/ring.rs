//! The log in memory that syslogd keeps and logread reads: busybox's, so that
//! either program's reader reads either's log.
//!
//! Two numbers, the size of what follows and where the next message goes, then
//! messages, a NUL behind each; the last byte is never used and NUL. Semaphore
//! 0 counts readers, 1 the writer.

use nix::errno::Errno;

use crate::sys::shared::{Change, Memory, Semaphores};

/// "GENA", who wrote it first.
const KEY: i32 = 0x414e_4547;

const HEAD: usize = 8;

const UNDO: i16 = 0x1000;
const NO_WAIT: i16 = 0o4000;

const BEGIN_WRITING: [Change; 3] = [(0, 0, 0), (1, 0, 0), (1, 1, 0)];
const END_WRITING: [Change; 1] = [(1, -1, NO_WAIT)];
const BEGIN_READING: [Change; 2] = [(1, 0, 0), (0, 1, UNDO)];
const END_READING: [Change; 1] = [(0, -1, NO_WAIT | UNDO)];

/// The log.
pub struct Ring {
    memory: Memory,
    turns: Semaphores,
    size: usize,
}

impl Ring {
    /// Makes an empty one of so many bytes.
    pub fn make(bytes: usize) -> Result<Ring, Errno> {
        // One of another size, left by somebody who is gone, is in the way.
        if let Ok(old) = Memory::open(KEY)
            && old.len() != bytes
        {
            old.remove();
        }
        let memory = Memory::make(KEY, bytes)?;
        let size = memory.len().saturating_sub(HEAD + 1);
        let turns = Semaphores::make(KEY)?;
        turns.reset();
        memory.write(0, &i32::try_from(size).unwrap_or(0).to_ne_bytes());
        Ok(Ring { memory, turns, size })
    }

    /// The one that is there.
    pub fn open() -> Result<Ring, Errno> {
        let memory = Memory::open(KEY)?;
        let turns = Semaphores::open(KEY)?;
        let mut number = [0; 4];
        memory.read(0, &mut number);
        let size = usize::try_from(i32::from_ne_bytes(number)).unwrap_or(0);
        let size = size.min(memory.len().saturating_sub(HEAD));
        Ok(Ring { memory, turns, size })
    }

    fn tail(&self) -> usize {
        let mut number = [0; 4];
        self.memory.read(4, &mut number);
        usize::try_from(i32::from_ne_bytes(number)).unwrap_or(0).min(self.size)
    }

    /// Adds a message; the oldest give way.
    pub fn add(&self, message: &[u8]) -> Result<(), Errno> {
        self.turn(&BEGIN_WRITING)?;
        let mut tail = self.tail();
        for part in [message, b"\0"] {
            let mut rest = part;
            while !rest.is_empty() && self.size > 0 {
                let room = self.size - tail;
                let (now, later) = rest.split_at_checked(room).unwrap_or((rest, b""));
                self.memory.write(HEAD + tail, now);
                tail += now.len();
                if tail >= self.size {
                    tail = 0;
                }
                rest = later;
            }
        }
        self.memory.write(4, &i32::try_from(tail).unwrap_or(0).to_ne_bytes());
        self.turns.change(&END_WRITING)
    }

    fn turn(&self, changes: &[Change]) -> Result<(), Errno> {
        loop {
            match self.turns.change(changes) {
                Err(Errno::EINTR) => {}
                other => return other,
            }
        }
    }

    /// All of it from `from` (the oldest message when that is none) to where
    /// the next message goes, which is returned.
    pub fn read(&self, from: Option<usize>, out: &mut Vec<u8>) -> Result<usize, Errno> {
        self.turn(&BEGIN_READING)?;
        let tail = self.tail();
        let mut bytes = vec![0; self.size];
        self.memory.read(HEAD, &mut bytes);
        self.turns.change(&END_READING)?;
        let start = from.unwrap_or(tail).min(self.size);
        let (mut text, older) = (Vec::new(), from.is_none());
        if start > tail || older {
            text.extend_from_slice(bytes.get(start..).unwrap_or_default());
            text.extend_from_slice(bytes.get(..tail).unwrap_or_default());
        } else {
            text.extend_from_slice(bytes.get(start..tail).unwrap_or_default());
        }
        // The oldest message has lost its beginning, unless there is room yet.
        let cut = if older { text.iter().position(|&b| b == 0).unwrap_or(text.len()) } else { 0 };
        out.extend(text.iter().skip(cut).filter(|&&b| b != 0));
        Ok(tail)
    }

    /// The log goes.
    pub fn remove(&self) {
        self.memory.remove();
        self.turns.remove();
    }
}
