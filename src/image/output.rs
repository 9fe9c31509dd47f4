//! A finished file: complete under its name, or not there at all; and how the
//! bytes of other files come into it without passing through memory.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use crate::applet::{show, write_all};
use crate::sys::{copying, memory};

/// How much is collected before it is written, and the size from which on a
/// file is copied by the kernel.
const BUFFER: usize = 128 << 10;

/// Where an image goes, in order.
pub trait Target: Write {
    /// The next `length` bytes of a file; fewer when it ends before. Gives how
    /// many there were.
    fn copy(&mut self, from: &File, length: u64) -> io::Result<u64>;

    /// How many bytes it has.
    fn position(&self) -> u64;

    /// What it is called in messages.
    fn name(&self) -> String {
        "image".to_string()
    }

    /// Fills up with zeros to a multiple of `unit`.
    fn align(&mut self, unit: u64) -> io::Result<()> {
        let fill = (unit - self.position() % unit) % unit;
        self.write_all(&vec![0; usize::try_from(fill).unwrap_or(0)])
    }
}

impl Target for Vec<u8> {
    fn copy(&mut self, from: &File, length: u64) -> io::Result<u64> {
        let start = self.len();
        from.take(length).read_to_end(self)?;
        Ok((self.len() - start) as u64)
    }

    fn position(&self) -> u64 {
        self.len() as u64
    }
}

/// Counts, and keeps nothing.
#[derive(Default)]
pub struct Nowhere(u64);

impl Write for Nowhere {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Target for Nowhere {
    fn copy(&mut self, _: &File, length: u64) -> io::Result<u64> {
        self.0 += length;
        Ok(length)
    }

    fn position(&self) -> u64 {
        self.0
    }
}

enum To<'f> {
    /// Someone else's descriptor.
    Fd(BorrowedFd<'f>),
    /// A device, pipe or socket that has the name already.
    There(File),
    /// A file that gets the second name when it is complete.
    Part(File, PathBuf, PathBuf),
}

/// A file that is written.
pub struct Output<'f> {
    to: To<'f>,
    name: String,
    buffer: Vec<u8>,
    position: u64,
}

impl<'f> Output<'f> {
    /// Writes to standard output.
    pub fn of(fd: BorrowedFd<'f>) -> Output<'f> {
        let name = "standard output".to_string();
        Output { to: To::Fd(fd), name, buffer: Vec::new(), position: 0 }
    }

    /// Writes the file `path` with mode 0644: under another name in the same
    /// folder until [`finish`](Self::finish) renames it. Dropped before, it is
    /// removed. A link is followed. A device, pipe or socket is written to
    /// instead of replaced.
    pub fn create(path: &Path) -> io::Result<Output<'static>> {
        let to = match std::fs::metadata(path) {
            Ok(there) if there.is_dir() => return Err(Errno::EISDIR.into()),
            Ok(there) if !there.is_file() => To::There(OpenOptions::new().write(true).open(path)?),
            Ok(_) => create_beside(std::fs::canonicalize(path)?)?,
            Err(_) => create_beside(path.to_path_buf())?,
        };
        Ok(Output { to, name: show(path).to_string(), buffer: Vec::new(), position: 0 })
    }

    fn fd(&self) -> BorrowedFd<'_> {
        match &self.to {
            To::Fd(fd) => *fd,
            To::There(file) | To::Part(file, _, _) => file.as_fd(),
        }
    }

    /// The file is complete.
    pub fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        if let To::Part(file, part, path) = &self.to {
            file.set_permissions(Permissions::from_mode(0o644))?;
            std::fs::rename(part, path)?;
            // There is nothing left to remove.
            self.to = To::There(file.try_clone()?);
        }
        Ok(())
    }
}

impl Drop for Output<'_> {
    fn drop(&mut self) {
        if let To::Part(_, part, _) = &self.to {
            // Nobody is served by a second message when this fails as well.
            let _ = std::fs::remove_file(part);
        }
    }
}

impl Write for Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() + bytes.len() > BUFFER {
            self.flush()?;
        }
        if bytes.len() >= BUFFER {
            write_all(self.fd(), bytes)?;
        } else {
            self.buffer.extend_from_slice(bytes);
        }
        self.position += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = write_all(self.fd(), &self.buffer);
        self.buffer.clear();
        result
    }
}

impl Target for Output<'_> {
    fn copy(&mut self, mut from: &File, length: u64) -> io::Result<u64> {
        let mut left = length;
        if length >= BUFFER as u64 {
            self.flush()?;
            // In the kernel, which shares blocks where the filesystem can.
            while left > 0 {
                let most = usize::try_from(left.min(1 << 30)).unwrap_or(1 << 30);
                match copying::copy_range(from.as_fd(), self.fd(), most) {
                    Err(Errno::EINTR) => {}
                    // It may be one that is read only the plain way, which
                    // also says what is wrong.
                    Ok(0) | Err(_) => break,
                    Ok(count) => left -= count as u64,
                }
            }
        }
        while left > 0 {
            if self.buffer.len() >= BUFFER {
                self.flush()?;
            }
            let start = self.buffer.len();
            let most = usize::try_from(left).unwrap_or(BUFFER).min(BUFFER);
            memory::resize(&mut self.buffer, start + most, 0);
            let result = from.read(self.buffer.get_mut(start..).unwrap_or_default());
            let count = *result.as_ref().unwrap_or(&0);
            self.buffer.truncate(start + count);
            left -= count as u64;
            match result {
                Ok(0) => break,
                Err(e) if e.kind() != io::ErrorKind::Interrupted => return Err(e),
                _ => {}
            }
        }
        self.position += length - left;
        Ok(length - left)
    }

    fn position(&self) -> u64 {
        self.position
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

/// Writes `bytes` to the file `path`: see [`Output::create`].
pub fn save(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut output = Output::create(path)?;
    output.write_all(bytes)?;
    output.finish()
}

/// A file without a name, for what has to be kept for a while.
pub fn unnamed() -> io::Result<File> {
    OpenOptions::new().read(true).write(true).custom_flags(libc::O_TMPFILE).mode(0o600).open("/tmp")
}

fn create_beside(path: PathBuf) -> io::Result<To<'static>> {
    let name = path.file_name().ok_or(Errno::EISDIR)?;
    let mut n = 0;
    loop {
        let mut part = std::ffi::OsString::from(".");
        part.push(name);
        part.push(format!(".{}-{n}.part", std::process::id()));
        let part = path.with_file_name(part);
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && n < 100 => n += 1,
            result => return result.map(|file| To::Part(file, part, path)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finished_is_gone() {
        let dir = std::env::temp_dir().join(format!("rescuebox-output-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let path = dir.join("file");
        save(&path, b"old").unwrap();
        let mut output = Output::create(&path).unwrap();
        output.write_all(&[7; 300_000]).unwrap();
        drop(output);
        assert_eq!(crate::sys::file::read(&path).unwrap(), b"old");
        let source = File::open(&path).unwrap();
        let mut output = Output::create(&path).unwrap();
        output.write_all(b"1").unwrap();
        assert_eq!(output.copy(&source, 9).unwrap(), 3);
        output.align(8).unwrap();
        let big = dir.join("big");
        save(&big, &[9; 400_000]).unwrap();
        assert_eq!(output.copy(&File::open(&big).unwrap(), 300_000).unwrap(), 300_000);
        assert_eq!(output.position(), 300_008);
        output.finish().unwrap();
        let bytes = crate::sys::file::read(&path).unwrap();
        assert_eq!(bytes.get(..9), Some(&b"1old\0\0\0\0\x09"[..]));
        assert!(bytes.len() == 300_008 && bytes[8..].iter().all(|&b| b == 9));
        assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 2);
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
