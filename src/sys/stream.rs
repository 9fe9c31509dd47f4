//! Descriptors that bytes flow through: waiting for many at once with poll(2),
//! and bounded buffers between two of them.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{read, write};

/// All that a descriptor gives.
pub fn to_end(fd: BorrowedFd<'_>) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut file = std::fs::File::from(fd.try_clone_to_owned()?);
    std::io::Read::read_to_end(&mut file, &mut bytes)?;
    Ok(bytes)
}

/// Reads once from a descriptor that does not block and hands on what came. False
/// when nothing will come any more.
pub fn receive(fd: BorrowedFd<'_>, take: &mut dyn FnMut(&[u8])) -> bool {
    let mut piece = [0; 512];
    match read(fd, &mut piece) {
        Ok(0) => false,
        Ok(count) => {
            take(piece.get(..count).unwrap_or_default());
            true
        }
        Err(Errno::EAGAIN | Errno::EINTR) => true,
        Err(_) => false,
    }
}

/// What a [`Buffer`] keeps at most.
const BUFFER: usize = 256 * 1024;

/// Descriptors to wait for.
pub struct Watch<'a>(Vec<PollFd<'a>>);

/// The place of a descriptor in a [`Watch`].
pub type Place = Option<usize>;

impl Default for Watch<'_> {
    fn default() -> Self {
        Watch::new()
    }
}

impl<'a> Watch<'a> {
    /// An empty list.
    pub fn new() -> Watch<'a> {
        Watch(Vec::with_capacity(12))
    }

    /// Watches `fd` for `events`; errors and hang-ups always count.
    pub fn add<F: AsFd + ?Sized>(&mut self, fd: &'a F, events: PollFlags) -> Place {
        self.0.push(PollFd::new(fd.as_fd(), events));
        Some(self.0.len() - 1)
    }

    /// [`Watch::add`] for a descriptor that is borrowed already.
    pub fn add_borrowed(&mut self, fd: BorrowedFd<'a>, events: PollFlags) -> Place {
        self.0.push(PollFd::new(fd, events));
        Some(self.0.len() - 1)
    }

    /// Waits for any of them, or for the time.
    pub fn wait(mut self, until: Option<Instant>) -> Ready {
        let timeout = match until {
            None => PollTimeout::NONE,
            Some(at) => {
                let left = at.saturating_duration_since(Instant::now()).as_millis();
                // Rounded up, so as not to come back just before the time.
                PollTimeout::try_from(left.saturating_add(1)).unwrap_or(PollTimeout::MAX)
            }
        };
        if poll(&mut self.0, timeout).is_err() {
            // Interrupted: nothing is ready yet.
            return Ready(Vec::new());
        }
        Ready(self.0.iter().map(|fd| fd.any().unwrap_or(true)).collect())
    }
}

/// What a [`Watch`] saw.
pub struct Ready(Vec<bool>);

impl Ready {
    /// Whether something happened there.
    pub fn is(&self, place: Place) -> bool {
        place.and_then(|at| self.0.get(at)).copied().unwrap_or(false)
    }

    /// [`Ready::is`] for either of two.
    pub fn is_any(&self, places: [Place; 2]) -> bool {
        places.into_iter().any(|place| self.is(place))
    }
}

/// Bytes on their way. It is filled only when it is empty.
pub struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Default for Buffer {
    fn default() -> Buffer {
        Buffer::new()
    }
}

impl Buffer {
    /// An empty one; it takes memory when it is first used.
    pub fn new() -> Buffer {
        Buffer { bytes: Vec::new(), start: 0, end: 0 }
    }

    /// Whether all that came in went out.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Reads at most `limit` bytes behind what is there: as much as there is
    /// room for, and once. Only a buffer that was not written from takes more.
    pub fn fill(&mut self, from: BorrowedFd<'_>, limit: usize) -> Result<usize, Errno> {
        if self.is_empty() {
            self.start = 0;
            self.end = 0;
        }
        // Memory only for streams that are used.
        if self.bytes.len() < BUFFER {
            self.bytes.resize(BUFFER, 0);
        }
        let stop = self.end.saturating_add(limit).min(self.bytes.len());
        let Some(room) = self.bytes.get_mut(self.end..stop).filter(|room| !room.is_empty()) else {
            return Err(Errno::ENOBUFS);
        };
        let count = read(from, room)?;
        self.end += count;
        Ok(count)
    }

    /// Writes at most `limit` bytes.
    pub fn drain(&mut self, to: BorrowedFd<'_>, limit: usize) -> Result<usize, Errno> {
        let stop = self.end.min(self.start.saturating_add(limit));
        let count = write(to, self.bytes.get(self.start..stop).unwrap_or_default())?;
        self.start += count;
        Ok(count)
    }

    /// Puts bytes behind what is there.
    pub fn add(&mut self, bytes: &[u8]) {
        self.bytes.truncate(self.end);
        self.bytes.extend_from_slice(bytes);
        self.end = self.bytes.len();
    }

    /// The bytes on their way.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// That many of them have gone out in another way than
    /// [`drain`](Self::drain).
    pub fn advance(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
    }

    /// Forgets what is left.
    pub fn clear(&mut self) {
        self.start = self.end;
    }
}
