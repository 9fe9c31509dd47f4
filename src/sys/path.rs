//! Paths: openat2 within a root, whether a folder is a mount point, the names
//! in a folder.

use std::ffi::OsString;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::path::Path;

use nix::NixPath;
use nix::errno::Errno;
use nix::fcntl::OFlag;

/// Opens a file that is closed on exec. Not open(2): musl follows that with an
/// fcntl(2) for kernels that know no O_CLOEXEC.
pub fn open(path: &(impl NixPath + ?Sized), flags: OFlag) -> Result<OwnedFd, Errno> {
    use nix::fcntl::{AT_FDCWD, openat};
    openat(AT_FDCWD, path, flags | OFlag::O_CLOEXEC, nix::sys::stat::Mode::empty())
}

/// The names in a folder, in no order. Said once here, as each loop over the
/// standard library's iterator is code of its own.
pub fn names(folder: &Path) -> std::io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        names.push(entry?.file_name());
    }
    Ok(names)
}

/// Opens `path` with `root` as `/`: neither `..` nor a link, absolute or not,
/// leads out of it. openat2(2) with RESOLVE_IN_ROOT, Linux 5.6.
pub fn open_in_root(
    root: impl AsFd,
    path: &(impl NixPath + ?Sized),
    flags: OFlag,
) -> Result<OwnedFd, Errno> {
    /// `struct open_how` of linux/openat2.h.
    #[repr(C)]
    struct OpenHow {
        flags: u64,
        mode: u64,
        resolve: u64,
    }
    const RESOLVE_IN_ROOT: u64 = 0x10;
    let flags = u64::try_from((flags | OFlag::O_CLOEXEC).bits()).unwrap_or(0);
    let how = OpenHow { flags, mode: 0, resolve: RESOLVE_IN_ROOT };
    let root = root.as_fd().as_raw_fd();
    let fd = path.with_nix_path(|path| {
        // SAFETY: the path is a C string, and `how` has the size given.
        unsafe {
            libc::syscall(
                libc::SYS_openat2,
                root,
                path.as_ptr(),
                &raw const how,
                size_of::<OpenHow>(),
            )
        }
    })?;
    let fd = Errno::result(fd)?;
    let fd = i32::try_from(fd).map_err(|_| Errno::EBADF)?;
    // SAFETY: a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// `struct statx` of linux/stat.h as far as it is needed here; its size is
/// fixed at 256 bytes.
#[repr(C)]
#[derive(Clone, Copy)]
struct Statx {
    mask: u32,
    blksize: u32,
    attributes: u64,
    rest: [u64; 30],
}

/// Whether something is mounted on exactly this path. statx(2) with
/// STATX_ATTR_MOUNT_ROOT, Linux 5.8.
pub fn is_mount_point(path: &(impl NixPath + ?Sized)) -> Result<bool, Errno> {
    const MOUNT_ROOT: u64 = 0x2000;
    const AT_NO_AUTOMOUNT: libc::c_int = 0x800;
    let mut stat = Statx { mask: 0, blksize: 0, attributes: 0, rest: [0; 30] };
    let result = path.with_nix_path(|path| {
        // The C library's wrapper is missing from some of its versions.
        // SAFETY: the path is a C string, and the buffer has the 256 bytes that
        // the kernel fills.
        unsafe {
            libc::syscall(
                libc::SYS_statx,
                libc::AT_FDCWD,
                path.as_ptr(),
                AT_NO_AUTOMOUNT,
                0,
                &raw mut stat,
            )
        }
    })?;
    Errno::result(result)?;
    Ok(stat.attributes & MOUNT_ROOT != 0)
}
