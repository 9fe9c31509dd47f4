//! Extended attributes. xattr(7).

use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;

/// The value of an attribute of a file, of a symbolic link itself; at most
/// 4096 bytes. ENODATA: it has none.
pub fn get(path: &Path, name: &CStr) -> Result<Vec<u8>, Errno> {
    let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno::EINVAL)?;
    let mut value = vec![0u8; 4096];
    // SAFETY: the names are C strings and the buffer has the length given.
    let length = unsafe {
        libc::lgetxattr(path.as_ptr(), name.as_ptr(), value.as_mut_ptr().cast(), value.len())
    };
    value.truncate(usize::try_from(Errno::result(length)?).unwrap_or(0));
    Ok(value)
}

/// The names of the attributes of a file, of a symbolic link itself, each with a
/// zero behind it.
pub fn names(path: &Path) -> Result<Vec<u8>, Errno> {
    Handle::of(&Place::Path(path))?.names()
}

/// A file whose attributes are copied.
pub enum Place<'a> {
    /// An open one.
    Open(std::os::fd::BorrowedFd<'a>),
    /// One by its path, also a symbolic link.
    Path(&'a Path),
}

/// Copies all attributes that `wanted` takes, by their names. The first error
/// is returned when all that can be are copied.
pub fn copy(
    from: &Place<'_>,
    to: &Place<'_>,
    wanted: &mut dyn FnMut(&[u8]) -> bool,
) -> Result<(), Errno> {
    let (from, to) = (Handle::of(from)?, Handle::of(to)?);
    let names = match from.names() {
        Ok(names) => names,
        Err(Errno::EOPNOTSUPP) => return Ok(()),
        Err(errno) => return Err(errno),
    };
    let mut result = Ok(());
    for name in names.split(|&b| b == 0).filter(|name| !name.is_empty() && wanted(name)) {
        let name = CString::new(name).map_err(|_| Errno::EINVAL)?;
        let done = from.get(&name).and_then(|value| to.set(&name, &value));
        result = result.and(done);
    }
    result
}

/// A [`Place`] as the system calls want it.
enum Handle {
    Open(i32),
    Path(CString),
}

impl Handle {
    fn of(place: &Place<'_>) -> Result<Handle, Errno> {
        use std::os::fd::AsRawFd;
        Ok(match place {
            Place::Open(fd) => Handle::Open(fd.as_raw_fd()),
            Place::Path(path) => {
                Handle::Path(CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno::EINVAL)?)
            }
        })
    }

    /// The names of all, each with a zero behind it.
    fn names(&self) -> Result<Vec<u8>, Errno> {
        // Most files have none or few.
        let mut names = vec![0u8; 256];
        let length = match self.list(&mut names) {
            Err(Errno::ERANGE) => {
                names.resize(64 * 1024, 0);
                self.list(&mut names)?
            }
            listed => listed?,
        };
        names.truncate(length);
        Ok(names)
    }

    fn list(&self, names: &mut [u8]) -> Result<usize, Errno> {
        let (buffer, room) = (names.as_mut_ptr().cast(), names.len());
        // SAFETY: the buffer has the length given, the path is a C string.
        let length = unsafe {
            match self {
                Handle::Open(fd) => libc::flistxattr(*fd, buffer, room),
                Handle::Path(path) => libc::llistxattr(path.as_ptr(), buffer, room),
            }
        };
        Errno::result(length).map(|length| usize::try_from(length).unwrap_or(0))
    }

    fn get(&self, name: &CStr) -> Result<Vec<u8>, Errno> {
        let mut value = vec![0u8; 64 * 1024];
        let (buffer, room) = (value.as_mut_ptr().cast(), value.len());
        // SAFETY: the buffer has the length given, the names are C strings.
        let length = unsafe {
            match self {
                Handle::Open(fd) => libc::fgetxattr(*fd, name.as_ptr(), buffer, room),
                Handle::Path(path) => libc::lgetxattr(path.as_ptr(), name.as_ptr(), buffer, room),
            }
        };
        value.truncate(usize::try_from(Errno::result(length)?).unwrap_or(0));
        Ok(value)
    }

    fn set(&self, name: &CStr, value: &[u8]) -> Result<(), Errno> {
        let (bytes, length) = (value.as_ptr().cast(), value.len());
        // SAFETY: the buffer has the length given, the names are C strings.
        let done = unsafe {
            match self {
                Handle::Open(fd) => libc::fsetxattr(*fd, name.as_ptr(), bytes, length, 0),
                Handle::Path(path) => {
                    libc::lsetxattr(path.as_ptr(), name.as_ptr(), bytes, length, 0)
                }
            }
        };
        Errno::result(done).map(drop)
    }
}
