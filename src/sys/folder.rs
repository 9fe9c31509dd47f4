//! What is in a folder.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;

use super::memory;

/// One name in a folder.
pub struct Entry {
    /// The name.
    pub name: OsString,
    /// Whether it is a folder itself, and no link to one.
    pub is_folder: bool,
    /// Whether it is a symbolic link.
    pub is_link: bool,
}

/// What is in a folder, in no order, without `.` and `..`; and the error that
/// ended the reading early.
///
/// # Errors
/// The folder cannot be opened.
#[inline(never)]
pub fn list(path: &Path) -> io::Result<(Vec<Entry>, Option<io::Error>)> {
    let folder = super::path::open(path, OFlag::O_RDONLY | OFlag::O_DIRECTORY)?;
    let mut packed = Vec::new();
    let error = read(folder.as_fd(), &mut packed, &mut Vec::new()).err();
    let mut list = Vec::new();
    let mut at = 0;
    while let Some((kind, name)) = next(&packed, &mut at) {
        let name = name.strip_suffix(b"\0").unwrap_or(name);
        let mut entry = Entry {
            name: OsString::from_vec(name.to_vec()),
            is_folder: kind == libc::DT_DIR,
            is_link: kind == libc::DT_LNK,
        };
        if kind == libc::DT_UNKNOWN {
            let flags = nix::fcntl::AtFlags::AT_SYMLINK_NOFOLLOW;
            let name = std::ffi::OsStr::from_bytes(name);
            if let Ok(stat) = nix::sys::stat::fstatat(&folder, name, flags) {
                entry.is_folder = stat.st_mode & libc::S_IFMT == libc::S_IFDIR;
                entry.is_link = stat.st_mode & libc::S_IFMT == libc::S_IFLNK;
            }
        }
        list.push(entry);
    }
    Ok((list, error.map(io::Error::from)))
}

/// The names in a folder; none when it cannot be read.
#[inline(never)]
pub fn names(path: &Path) -> Vec<OsString> {
    let (list, _) = list(path).unwrap_or_default();
    let mut names = Vec::new();
    for entry in list {
        names.push(entry.name);
    }
    names
}

/// How much is read of a folder at once: the C library reads 2 KiB, which is a
/// system call for some sixty names. Few have more than what is read first.
const BUFFER: usize = 64 * 1024;
const FIRST: usize = 8 * 1024;

/// Reads all of an open folder, in its order, without `.` and `..`, behind
/// what is in `packed`: of each entry a byte (`DT_DIR` and so on), the name
/// and a NUL. [`next`] takes them out again. `buffer` is scratch memory, kept
/// by callers that read many folders. getdents64(2).
///
/// # Errors
/// Reading failed; what came before is in `packed`.
#[inline(never)]
pub fn read(fd: BorrowedFd<'_>, packed: &mut Vec<u8>, buffer: &mut Vec<u8>) -> Result<(), Errno> {
    if buffer.len() < FIRST {
        memory::resize(buffer, FIRST, 0);
    }
    loop {
        // SAFETY: the buffer has the length given and outlives the call.
        let count = unsafe {
            libc::syscall(libc::SYS_getdents64, fd.as_raw_fd(), buffer.as_mut_ptr(), buffer.len())
        };
        let count = match Errno::result(count) {
            Ok(count) => usize::try_from(count).unwrap_or(0),
            Err(Errno::EINTR) => continue,
            Err(errno) => return Err(errno),
        };
        if count == 0 {
            return Ok(());
        }
        let is_big = count > FIRST / 2 && buffer.len() < BUFFER;
        let mut rest = buffer.get(..count).unwrap_or_default();
        packed.reserve(rest.len());
        // struct linux_dirent64: u64 inode, u64 offset, u16 length, u8 type, name
        while let Some(&[low, high]) = rest.get(16..18)
            && let Some(record) = rest.get(18..usize::from(u16::from_ne_bytes([low, high])))
        {
            rest = rest.get(usize::from(u16::from_ne_bytes([low, high]))..).unwrap_or_default();
            let end = record.iter().skip(1).position(|&b| b == 0).map_or(record.len(), |at| at + 1);
            let entry = record.get(..end).unwrap_or_default();
            if !matches!(entry, [_, b'.'] | [_, b'.', b'.'] | [_] | []) {
                packed.extend_from_slice(entry);
                packed.push(0);
            }
        }
        if is_big {
            memory::resize(buffer, BUFFER, 0);
        }
    }
}

/// The entry at `at` of what [`read`] packed: its type, and its name with the
/// NUL. Moves `at` on.
pub fn next<'a>(packed: &'a [u8], at: &mut usize) -> Option<(u8, &'a [u8])> {
    let (&kind, rest) = packed.get(*at..)?.split_first()?;
    let end = rest.iter().position(|&b| b == 0)? + 1;
    *at += end + 1;
    Some((kind, rest.get(..end)?))
}
