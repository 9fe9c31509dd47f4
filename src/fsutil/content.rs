//! The bytes of one file into another: by sharing blocks, inside the kernel,
//! or through a buffer; holes stay holes.

use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use nix::unistd::{Whence, ftruncate, lseek, read};

use crate::applet::write_all;
use crate::sys::copying;

/// A wish of the command line.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub enum When {
    /// Where it helps.
    #[default]
    Auto,
    /// By all means.
    Always,
    /// Not at all.
    Never,
}

/// How bytes are copied.
#[derive(Clone, Copy, Default)]
pub struct Content {
    /// Sharing blocks.
    pub reflink: When,
    /// Holes: as the source has them; wherever there are zeros; none.
    pub sparse: When,
}

const BUFFER: usize = 256 * 1024;

/// Up to this size a read and a write are quicker than to ask what the
/// filesystem can do.
const SMALL: i64 = 64 * 1024;

impl Content {
    /// Copies from where `from` stands, an open file of `size` bytes in
    /// `blocks` of 512 (0 when that is not known), to where `to` stands.
    #[inline(never)]
    pub fn copy(
        &self,
        from: BorrowedFd<'_>,
        to: BorrowedFd<'_>,
        size: i64,
        blocks: i64,
    ) -> Result<(), Errno> {
        // Nothing, or a file of /proc that does not tell, or little.
        let small = size <= SMALL;
        let sharing = self.reflink == When::Always || self.reflink == When::Auto && !small;
        if sharing && size > 0 && self.sparse != When::Never {
            match copying::clone(from, to) {
                Ok(()) => return Ok(()),
                Err(errno) if self.reflink == When::Always => return Err(errno),
                Err(_) => {}
            }
        }
        let holes = size > 0 && blocks.saturating_mul(512) < size;
        match self.sparse {
            When::Always => through_buffer(from, to, u64::MAX, true, BUFFER),
            When::Auto if holes => extents(from, to, size),
            _ if small => {
                // One byte more than there is: a file that grew meanwhile is seen.
                let whole = usize::try_from(size).ok().filter(|size| *size > 0);
                let room = whole.map_or(BUFFER, |size| size + 1);
                through_buffer(from, to, u64::MAX, false, room)
            }
            _ => in_kernel(from, to, u64::MAX),
        }
    }
}

/// Copies what is between the holes.
fn extents(from: BorrowedFd<'_>, to: BorrowedFd<'_>, size: i64) -> Result<(), Errno> {
    let mut at = 0;
    while at < size {
        let start = match lseek(from, at, Whence::SeekData) {
            Ok(start) => start,
            Err(Errno::ENXIO) => break,
            Err(_) if at == 0 => return through_buffer(from, to, u64::MAX, true, BUFFER),
            Err(errno) => return Err(errno),
        };
        let end = lseek(from, start, Whence::SeekHole)?;
        lseek(from, start, Whence::SeekSet)?;
        lseek(to, start, Whence::SeekSet)?;
        in_kernel(from, to, u64::try_from(end - start).unwrap_or(0))?;
        at = end;
    }
    ftruncate(to, size.max(at))
}

/// copy_file_range, as far as it goes.
fn in_kernel(from: BorrowedFd<'_>, to: BorrowedFd<'_>, length: u64) -> Result<(), Errno> {
    let mut left = length;
    while left > 0 {
        let piece = usize::try_from(left.min(1 << 30)).unwrap_or(1 << 30);
        match copying::copy_range(from, to, piece) {
            // Only a file of which nothing came may have more than it says.
            Ok(0) if left < length => return Ok(()),
            Ok(0) => break,
            Ok(count) => left = left.saturating_sub(u64::try_from(count).unwrap_or(0)),
            Err(Errno::EINTR) => {}
            Err(_) => break,
        }
    }
    // What is left, is tried once more the plain way, which says what is wrong.
    through_buffer(from, to, left, false, BUFFER)
}

/// Reads and writes `room` bytes at a time; with `holes`, blocks of zeros are
/// skipped.
fn through_buffer(
    from: BorrowedFd<'_>,
    to: BorrowedFd<'_>,
    length: u64,
    holes: bool,
    room: usize,
) -> Result<(), Errno> {
    if length == 0 {
        return Ok(());
    }
    let mut buffer = vec![0; room];
    let mut left = length;
    let mut skipped = false;
    while left > 0 {
        let want = usize::try_from(left).map_or(room, |left| left.min(room));
        let count = match read(from, buffer.get_mut(..want).unwrap_or_default()) {
            Ok(0) => break,
            Ok(count) => count,
            Err(Errno::EINTR) => continue,
            Err(errno) => return Err(errno),
        };
        left -= u64::try_from(count).unwrap_or(0);
        let bytes = buffer.get(..count).unwrap_or_default();
        if !holes {
            write_out(to, bytes)?;
            continue;
        }
        for block in bytes.chunks(4096) {
            skipped = is_zero(block)
                && lseek(to, i64::try_from(block.len()).unwrap_or(0), Whence::SeekCur).is_ok();
            if !skipped {
                write_out(to, block)?;
            }
        }
    }
    if skipped {
        // A hole at the end.
        let end = lseek(to, 0, Whence::SeekCur)?;
        ftruncate(to, end)?;
    }
    Ok(())
}

fn write_out(to: BorrowedFd<'_>, bytes: &[u8]) -> Result<(), Errno> {
    write_all(to.as_fd(), bytes)
        .map_err(|error| error.raw_os_error().map_or(Errno::EIO, Errno::from_raw))
}

/// Whether all bytes are 0.
pub fn is_zero(bytes: &[u8]) -> bool {
    // each byte equals the one before it, and the first is 0
    match bytes.split_first() {
        Some((0, rest)) => bytes.get(..rest.len()) == Some(rest),
        first => first.is_none(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn zeros() {
        assert!(super::is_zero(&[0; 100]) && super::is_zero(&[]));
        assert!(!super::is_zero(&[0, 0, 1]) && !super::is_zero(&[1]));
    }
}
