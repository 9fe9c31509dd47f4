//! One stream of the runner: from a descriptor to another, through a bounded
//! buffer.

use std::os::fd::BorrowedFd;

use nix::errno::Errno;
use nix::poll::PollFlags;
use nix::sys::stat::{SFlag, fstat};

use crate::sys::stream::{Buffer, Place, Watch};

/// What a pipe or terminal takes at once without blocking, when poll(2) says
/// that it takes anything: descriptors that other processes have, too, must
/// not be made non-blocking.
const PIECE: usize = 4096;

/// See the module.
pub struct Flow<'a> {
    from: BorrowedFd<'a>,
    to: BorrowedFd<'a>,
    /// The user's is the end of it, not the beginning.
    outward: bool,
    piece: usize,
    buffer: Buffer,
    read: u64,
    ended: bool,
    broken: bool,
    fault: Option<Errno>,
}

/// What a turn of a [`Flow`] brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// Nothing of interest.
    None,
    /// Bytes came in, which are on their way out; see [`Flow::bytes`].
    Bytes,
    /// There is no more to read.
    End,
    /// Nobody reads on the other side any more.
    Broken,
}

impl<'a> Flow<'a> {
    /// A stream to a descriptor of the user's, which may block.
    pub fn new(from: BorrowedFd<'a>, to: BorrowedFd<'a>) -> Flow<'a> {
        let piece = if is_kind(to, SFlag::S_IFREG) { usize::MAX } else { PIECE };
        Flow { piece, outward: true, ..Flow::into_socket(from, to) }
    }

    /// A stream of the user's into a socket of ours, which does not block.
    pub fn into_socket(from: BorrowedFd<'a>, to: BorrowedFd<'a>) -> Flow<'a> {
        Flow {
            from,
            to,
            outward: false,
            piece: usize::MAX,
            buffer: Buffer::new(),
            read: 0,
            ended: false,
            broken: false,
            fault: None,
        }
    }

    /// What to wait for.
    pub fn watch(&self, watch: &mut Watch<'a>) -> Place {
        if !self.buffer.is_empty() {
            // The list keeps copies of the descriptors' numbers only.
            return watch.add_borrowed(self.to, PollFlags::POLLOUT);
        }
        if self.ended {
            return None;
        }
        watch.add_borrowed(self.from, PollFlags::POLLIN)
    }

    /// One step: reads, or writes what was read.
    pub fn turn(&mut self) -> News {
        if !self.buffer.is_empty() {
            return match self.buffer.drain(self.to, self.piece) {
                Ok(_) | Err(Errno::EAGAIN | Errno::EINTR) => News::None,
                Err(errno) => {
                    // Nobody wants to hear that nobody reads.
                    let known = matches!(errno, Errno::EPIPE | Errno::EBADF);
                    self.blame(errno, self.outward && !known);
                    self.broken = true;
                    self.buffer.clear();
                    News::Broken
                }
            };
        }
        match self.buffer.fill(self.from, usize::MAX) {
            Ok(0) => {
                self.ended = true;
                News::End
            }
            Ok(count) => {
                self.read += count as u64;
                if self.broken {
                    self.buffer.clear();
                    return News::None;
                }
                News::Bytes
            }
            Err(Errno::EAGAIN | Errno::EINTR) => News::None,
            Err(errno) => {
                // One that is closed has nothing to say, and a terminal that
                // was hung up answers EIO.
                let known = errno == Errno::EBADF
                    || (errno == Errno::EIO && is_kind(self.from, SFlag::S_IFCHR));
                self.blame(errno, !self.outward && !known);
                self.ended = true;
                News::End
            }
        }
    }

    /// The first error counts, if it is one to tell of.
    fn blame(&mut self, errno: Errno, tell: bool) {
        if tell && self.fault.is_none() {
            self.fault = Some(errno);
        }
    }

    /// What is on its way out.
    pub fn bytes(&self) -> &[u8] {
        self.buffer.bytes()
    }

    /// Why not all bytes came in from the user, or went out to them.
    pub fn fault(&self) -> Option<Errno> {
        self.fault
    }

    /// How many bytes came in.
    pub fn read(&self) -> u64 {
        self.read
    }

    /// Whether all that came in went out.
    pub fn is_idle(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Reads no more, forgets what is on its way.
    pub fn stop(&mut self) {
        self.ended = true;
        self.buffer.clear();
    }
}

fn is_kind(fd: BorrowedFd<'_>, kind: SFlag) -> bool {
    fstat(fd)
        .is_ok_and(|stat| SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits()) == kind)
}
