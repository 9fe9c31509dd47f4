//! Files as block devices. losetup(8), loop(4).

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::stat::{Mode, SFlag, makedev, mknod};

use crate::applet::{Error, show};
use crate::order::sort;
use crate::sys::folder::names;
use crate::sys::loopdev::{self, Info};

/// The major device number of loop devices.
const MAJOR: u64 = 7;

/// How a file is to be attached.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// The device; a free one when there is none.
    pub device: Option<PathBuf>,
    /// Where in the file it starts, in bytes.
    pub offset: u64,
    /// How long it is at most, in bytes; 0 is to the end.
    pub size_limit: u64,
    /// [`loopdev::READ_ONLY`] and so on.
    pub flags: u32,
    /// Logical block size in bytes; 0 is the kernel's choice.
    pub block_size: u32,
}

/// A device that is attached to a file, and held open.
pub struct Loop {
    /// Its node.
    pub path: PathBuf,
    /// Whether it cannot be written.
    pub read_only: bool,
    /// While this is open, a device that clears itself stays.
    pub device: File,
}

/// A device that exists and what it is attached to.
pub struct Attached {
    /// Its node.
    pub path: PathBuf,
    /// What the kernel says of it.
    pub info: Info,
    /// The whole name of the file, as the kernel knows it now.
    pub file: Vec<u8>,
}

/// Attaches `file`. A file that cannot be opened for writing is attached
/// read-only.
pub fn attach(file: &Path, setup: &Setup) -> Result<Loop, Error> {
    let fail = |error: io::Error| Error::os(show(file), error);
    let mut read_only = setup.flags & loopdev::READ_ONLY != 0;
    let backing = match OpenOptions::new().read(true).write(!read_only).open(file) {
        Err(error)
            if !read_only
                && matches!(
                    error.raw_os_error(),
                    Some(libc::EROFS | libc::EACCES | libc::EPERM | libc::ETXTBSY)
                ) =>
        {
            read_only = true;
            File::open(file).map_err(fail)?
        }
        other => other.map_err(fail)?,
    };
    let flags = if read_only { setup.flags | loopdev::READ_ONLY } else { setup.flags };
    let info = Info {
        device: 0,
        inode: 0,
        offset: setup.offset,
        size_limit: setup.size_limit,
        flags,
        file_name: file.canonicalize().map_or_else(
            |_| file.as_os_str().as_bytes().to_vec(),
            |full| full.as_os_str().as_bytes().to_vec(),
        ),
    };
    // Between asking for a free device and taking it somebody else may take
    // it: ask again, but not for ever.
    let mut tries = 0;
    loop {
        let path = match &setup.device {
            Some(path) => path.clone(),
            None => free()?,
        };
        let open = OpenOptions::new().read(true).write(!read_only).open(&path);
        let device = open.map_err(|e| Error::os(show(&path), e))?;
        match loopdev::attach(device.as_fd(), backing.as_fd(), &info, setup.block_size) {
            Ok(()) => return Ok(Loop { path, read_only, device }),
            Err(Errno::EBUSY) if setup.device.is_none() && tries < 64 => {
                tries += 1;
                // Two that collide again and again get out of step.
                std::thread::sleep(std::time::Duration::from_micros(500 * tries));
            }
            Err(errno) => {
                let what = format!("{}: cannot attach {}", show(&path), show(file));
                return Err(Error::os(what, errno));
            }
        }
    }
}

/// The node of a device that is not in use.
pub fn free() -> Result<PathBuf, Error> {
    let control = "/dev/loop-control";
    let open = OpenOptions::new().read(true).write(true).open(control).map_err(|e| {
        let hint = match e.raw_os_error() {
            Some(libc::ENOENT | libc::ENODEV) => " (is the module loop loaded?)",
            _ => "",
        };
        Error::os(format_args!("{control}{hint}"), e)
    })?;
    let number = loopdev::free_number(open.as_fd()).map_err(|e| Error::os(control, e))?;
    let path = PathBuf::from(format!("/dev/loop{number}"));
    if let Err(error) = std::fs::metadata(&path)
        && error.kind() == io::ErrorKind::NotFound
    {
        // a /dev that is not the kernel's own
        let mode = Mode::from_bits_truncate(0o660);
        let made = mknod(&path, SFlag::S_IFBLK, mode, makedev(MAJOR, u64::from(number)));
        if let Err(errno) = made
            && errno != Errno::EEXIST
        {
            return Err(Error::os(show(&path), errno));
        }
    }
    Ok(path)
}

/// The devices that are attached, by number.
pub fn attached() -> Vec<Attached> {
    let mut numbers: Vec<u32> = Vec::new();
    for folder in ["/sys/block", "/dev"] {
        for name in names(Path::new(folder)) {
            let digits = name.as_bytes().strip_prefix(b"loop").unwrap_or_default();
            if let Some(number) = std::str::from_utf8(digits).ok().and_then(|d| d.parse().ok()) {
                numbers.push(number);
            }
        }
    }
    sort(&mut numbers);
    numbers.dedup();
    let mut list = Vec::new();
    for number in numbers {
        list.extend(describe(Path::new(&format!("/dev/loop{number}"))).ok());
    }
    list
}

/// What one device is attached to. ENXIO: to nothing.
pub fn describe(path: &Path) -> io::Result<Attached> {
    let device = File::open(path)?;
    let info = loopdev::status(device.as_fd())?;
    // The ioctl cuts names at 63 bytes; sysfs has all of it.
    let name = path.file_name().unwrap_or_default();
    let sysfs = Path::new("/sys/block").join(name).join("loop/backing_file");
    let file = match crate::sys::file::read(sysfs) {
        Ok(text) => text.strip_suffix(b"\n").unwrap_or(&text).to_vec(),
        Err(_) => info.file_name.clone(),
    };
    Ok(Attached { path: path.to_path_buf(), info, file })
}

/// Lets go of the file of a device. ENXIO: it had none.
pub fn detach(path: &Path) -> io::Result<()> {
    let device = File::open(path)?;
    loopdev::detach(device.as_fd()).map_err(io::Error::from)
}

/// The devices that are attached to `file`, under whatever name.
pub fn of_file(file: &Path) -> Vec<Attached> {
    let Ok(meta) = std::fs::metadata(file) else { return Vec::new() };
    // The kernel asks its file for both numbers as stat(2) does. A name may be
    // that of another file in another mount namespace.
    let mut list = attached();
    list.retain(|a| a.info.inode == meta.ino() && a.info.device == meta.dev());
    list
}
