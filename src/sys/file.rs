//! Whole files. The standard library's `fs::read` asks for the size, reads in
//! steps that begin with 32 bytes, and on musl takes an fcntl(2) more to open:
//! twelve calls for a file of /proc instead of four.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;

use super::memory;

/// What is read at once: most files of /proc and /sys.
const STEP: usize = 4096;

/// All bytes of a file.
///
/// # Errors
/// Those of openat(2) and read(2).
pub fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    Ok(read_path(path.as_ref())?)
}

#[inline(never)]
fn read_path(path: &Path) -> Result<Vec<u8>, Errno> {
    let fd = super::path::open(path, OFlag::O_RDONLY)?;
    let mut bytes = Vec::new();
    read_rest(fd.as_fd(), &mut bytes)?;
    Ok(bytes)
}

/// Appends what is in a file of /proc that comes whole at the first read when
/// there is room for it: no second read is needed to see its end.
///
/// # Errors
/// Those of openat(2) and read(2).
pub fn read_at_once(path: &[u8], bytes: &mut Vec<u8>) -> Result<(), Errno> {
    let fd = super::path::open(path, OFlag::O_RDONLY)?;
    let start = bytes.len();
    memory::resize(bytes, start + STEP, 0);
    let room = bytes.get_mut(start..).unwrap_or_default();
    let count = loop {
        match nix::unistd::read(&fd, room) {
            Err(Errno::EINTR) => {}
            result => break result,
        }
    };
    bytes.truncate(start + *count.as_ref().unwrap_or(&0));
    match count? {
        STEP => read_rest(fd.as_fd(), bytes),
        _ => Ok(()),
    }
}

/// Appends all that there is to read of `fd`.
#[inline(never)]
pub fn read_rest(fd: BorrowedFd<'_>, bytes: &mut Vec<u8>) -> Result<(), Errno> {
    let mut step = STEP;
    loop {
        bytes.reserve(step);
        let room = bytes.capacity() - bytes.len();
        // SAFETY: behind the bytes there is room for so many.
        let count = unsafe {
            let place = bytes.as_mut_ptr().add(bytes.len());
            libc::read(fd.as_raw_fd(), place.cast(), room)
        };
        match Errno::result(count) {
            Ok(0) => return Ok(()),
            Ok(count) => {
                let count = usize::try_from(count).unwrap_or(0).min(room);
                // SAFETY: the kernel has filled `count` bytes of the room.
                unsafe { bytes.set_len(bytes.len() + count) };
                // Large files in ever larger steps.
                if count == room {
                    step = step.saturating_mul(4).min(1 << 20);
                }
            }
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn whole_files() {
        let name = std::env::temp_dir().join(format!("rescuebox-file-{}", std::process::id()));
        for size in [0, 1, 4095, 4096, 4097, 1_000_000] {
            let bytes: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
            std::fs::write(&name, &bytes).unwrap();
            assert!(super::read(&name).unwrap() == bytes, "{size}");
        }
        std::fs::remove_file(&name).unwrap();
        assert_eq!(super::read(&name).unwrap_err().kind(), std::io::ErrorKind::NotFound);
        assert!(super::read("/proc/self/stat").unwrap().ends_with(b"\n"));
        assert_eq!(super::read("/").unwrap_err().raw_os_error(), Some(libc::EISDIR));
    }
}
