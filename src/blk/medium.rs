//! A device or image that a filesystem is made on.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, FileTypeExt, OpenOptionsExt};
use std::path::Path;

use nix::fcntl::{FallocateFlags, fallocate};

use crate::applet::{Error, show};
use crate::fsutil::mounts;
use crate::sys::block;

/// See the module.
pub struct Medium {
    file: File,
    /// Bytes.
    pub size: u64,
    /// Size of its sectors.
    pub sector: u32,
    /// It is a block device, not a file.
    pub is_device: bool,
}

/// What zeros are written from where the device cannot be told.
const ZEROS: usize = 64 * 1024;

impl Medium {
    /// Opens it to be written, or creates a file of so many bytes. What is
    /// mounted is refused, and what else uses the device as well unless
    /// `force`.
    ///
    /// # Errors
    /// It is not there, in use, neither a device nor a file.
    #[inline(never)]
    pub fn open(path: &Path, create: Option<u64>, force: bool) -> Result<Medium, Error> {
        let fail = |e: io::Error| Error::os(show(path), e);
        let mut options = File::options();
        options.read(true).write(true);
        match std::fs::metadata(path) {
            Ok(meta) if meta.file_type().is_block_device() => {
                let real = mounts::canonical(path);
                let name = real.as_os_str().as_bytes();
                let mounted = mounts::all().unwrap_or_default();
                if mounted.iter().any(|mount| mount.source == name) {
                    return Err(Error::about(show(path), "it is mounted: no filesystem is made"));
                }
                if !force {
                    options.custom_flags(libc::O_EXCL);
                }
            }
            Ok(meta) if meta.is_file() => {}
            Ok(_) => return Err(Error::about(show(path), "neither a block device nor a file")),
            Err(_) if create.is_some() => {
                options.create(true);
            }
            Err(error) => return Err(fail(error)),
        }
        let mut file = options.open(path).map_err(fail)?;
        let meta = file.metadata().map_err(fail)?;
        let is_device = meta.file_type().is_block_device();
        let mut sector = 512;
        if is_device {
            sector = block::ask(file.as_fd(), block::SECTOR_SIZE).unwrap_or(512);
        } else if let Some(size) = create
            && meta.len() < size
        {
            file.set_len(size).map_err(fail)?;
        }
        let size = file.seek(SeekFrom::End(0)).map_err(fail)?;
        Ok(Medium { file, size, sector, is_device })
    }

    /// Writes at a place.
    ///
    /// # Errors
    /// The system's.
    pub fn write(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, at)
    }

    /// Makes a range zeros: as a hole of a file, by the device itself, or by
    /// writing.
    ///
    /// # Errors
    /// The system's.
    #[inline(never)]
    pub fn zero(&self, at: u64, length: u64) -> io::Result<()> {
        let done = if self.is_device {
            block::tell_range(self.file.as_fd(), block::ZERO, at, length).is_ok()
        } else {
            let hole = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
            let whole = (i64::try_from(at), i64::try_from(length));
            matches!(whole, (Ok(at), Ok(length)) if length == 0
                || fallocate(&self.file, hole, at, length).is_ok())
        };
        if done {
            return Ok(());
        }
        let zeros = vec![0; ZEROS];
        let mut done = 0;
        while done < length {
            let part = usize::try_from(length - done).unwrap_or(ZEROS).min(ZEROS);
            self.file.write_all_at(zeros.get(..part).unwrap_or_default(), at + done)?;
            done += part as u64;
        }
        Ok(())
    }

    /// Waits until all is on the medium.
    ///
    /// # Errors
    /// The system's.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }
}
