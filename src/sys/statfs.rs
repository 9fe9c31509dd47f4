//! What only newer or less common calls tell: the birth of a file, the state
//! of a file system. statx(2), statfs(2).

use std::ffi::{CString, OsStr};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;

/// When a file was made: seconds and nanoseconds. Linux 4.11, and a file
/// system that keeps it.
pub fn birth(dir: BorrowedFd<'_>, name: &OsStr, follow: bool) -> Option<(i64, i64)> {
    const BTIME: u64 = 0x800;
    let name = CString::new(name.as_bytes()).ok()?;
    let flags = if follow { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
    // struct statx of linux/stat.h has 256 bytes: the mask in the first half
    // of the first word, the birth in words 10 and 11.
    let mut words = [0u64; 32];
    // SAFETY: the name is a C string, the buffer has the size of the structure.
    let done = unsafe {
        libc::syscall(
            libc::SYS_statx,
            dir.as_raw_fd(),
            name.as_ptr(),
            flags,
            BTIME,
            words.as_mut_ptr(),
        )
    };
    let mask = words[0].to_ne_bytes();
    let mask = u32::from_ne_bytes([mask[0], mask[1], mask[2], mask[3]]);
    if done != 0 || u64::from(mask) & BTIME == 0 {
        return None;
    }
    let nanos = words[11].to_ne_bytes();
    let nanos = u32::from_ne_bytes([nanos[0], nanos[1], nanos[2], nanos[3]]);
    Some((i64::from_ne_bytes(words[10].to_ne_bytes()), i64::from(nanos)))
}

/// The state of a file system.
#[derive(Clone, Copy, Default)]
pub struct StatFs {
    /// The magic number of its type.
    pub kind: u64,
    /// The size of blocks for transfer.
    pub block: u64,
    /// The size of blocks that the numbers count.
    pub fragment: u64,
    /// All blocks.
    pub blocks: u64,
    /// Those free.
    pub free: u64,
    /// Those free for other users than root.
    pub available: u64,
    /// All inodes.
    pub files: u64,
    /// Those free.
    pub files_free: u64,
    /// Its id.
    pub id: u64,
    /// The longest name.
    pub name_max: u64,
}

/// The state of the file system that a path is on.
pub fn statfs(path: &OsStr) -> Result<StatFs, Errno> {
    let path = CString::new(path.as_bytes()).map_err(|_| Errno::EINVAL)?;
    // SAFETY: all fields of the structure are numbers, for which 0 is valid.
    let mut raw: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: the path is a C string, and the structure outlives the call.
    Errno::result(unsafe { libc::statfs(path.as_ptr(), &raw mut raw) })?;
    // SAFETY: fsid_t is two ints.
    let id: [u32; 2] = unsafe { std::mem::transmute_copy(&raw.f_fsid) };
    // The types of the fields differ from one C library to the other.
    #[allow(clippy::unnecessary_cast)]
    Ok(StatFs {
        kind: raw.f_type as u64 & 0xffff_ffff,
        block: raw.f_bsize as u64,
        fragment: if raw.f_frsize as u64 == 0 { raw.f_bsize as u64 } else { raw.f_frsize as u64 },
        blocks: raw.f_blocks as u64,
        free: raw.f_bfree as u64,
        available: raw.f_bavail as u64,
        files: raw.f_files as u64,
        files_free: raw.f_ffree as u64,
        id: u64::from(id[0]) << 32 | u64::from(id[1]),
        name_max: raw.f_namelen as u64,
    })
}
