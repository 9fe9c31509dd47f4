//! Emptying a file system in memory that is about to be forgotten.
//!
//! Everything goes by descriptors: no path is walked twice, no link is
//! followed, and no other file system is entered, be it mounted below or put
//! in place of a folder in the meantime. Folders are gone through without
//! recursion, so that no depth of them can exhaust the stack.

use std::os::fd::{AsFd, OwnedFd};

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat, renameat};
use nix::sys::stat::{Mode, fstat};
use nix::sys::statfs::fstatfs;
use nix::unistd::{UnlinkatFlags, unlinkat};

/// `ramfs` and `tmpfs` of linux/magic.h: what an initramfs is unpacked to.
const MEMORY: [u32; 2] = [0x8584_58f6, 0x0102_1994];

/// Open folders are bounded; deeper trees are taken down from below in several
/// passes.
const DEPTH: usize = 64;

/// Whether the file system of `fd` is ramfs or tmpfs.
pub fn is_memory(fd: &impl AsFd) -> Result<bool, Errno> {
    let magic = fstatfs(fd)?.filesystem_type().0;
    // The type of the field differs from one C library to the other.
    #[allow(clippy::unnecessary_cast)]
    let magic = magic as u64 as u32;
    Ok(MEMORY.contains(&magic))
}

/// Removes all files and folders of the file system whose root is `root`,
/// provided that it is ramfs or tmpfs; anything else is left alone. Says
/// whether it was.
pub fn empty_memory_root(root: OwnedFd) -> Result<bool, Errno> {
    if !is_memory(&root)? {
        return Ok(false);
    }
    let device = fstat(&root)?.st_dev;
    // Each pass frees all that is not deeper than `DEPTH`, and lifts the rest
    // by one at least.
    while pass(&root, device)? {}
    Ok(true)
}

/// A folder in the middle of being emptied.
struct Level {
    dir: Dir,
    /// Folders found in it that are still to be emptied.
    folders: Vec<std::ffi::CString>,
    /// Its own name in the level above.
    name: std::ffi::CString,
}

fn open_folder(at: &impl AsFd, name: &std::ffi::CStr) -> Result<OwnedFd, Errno> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat(at, name, flags, Mode::empty())
}

/// One pass over the tree; says whether something that can be removed was left
/// because it was too deep.
fn pass(root: &OwnedFd, device: libc::dev_t) -> Result<bool, Errno> {
    let mut again = false;
    let start = open_folder(root, c".")?;
    let mut levels = vec![level(start, c"".into())?];
    while let Some(current) = levels.last_mut() {
        let Some(name) = current.folders.pop() else {
            let done = levels.pop();
            if let (Some(above), Some(done)) = (levels.last(), done) {
                let _ = unlinkat(&above.dir, done.name.as_c_str(), UnlinkatFlags::RemoveDir);
            }
            continue;
        };
        let Ok(folder) = open_folder(&current.dir, &name) else { continue };
        // A mount point, or something that took its place: not ours.
        if fstat(&folder).map(|stat| stat.st_dev) != Ok(device) {
            continue;
        }
        if levels.len() >= DEPTH {
            again |= lift(root, levels.last(), &name);
            continue;
        }
        levels.push(level(folder, name)?);
    }
    Ok(again)
}

/// Moves a folder that is too deep up to the root, so that the next pass
/// reaches below it. Says whether that worked.
fn lift(root: &OwnedFd, from: Option<&Level>, name: &std::ffi::CStr) -> bool {
    let Some(from) = from else { return false };
    for n in 0..1000u32 {
        let new = format!(".lifted-{n}");
        // In place of an empty folder it is one less to remove.
        match renameat(&from.dir, name, root, new.as_str()) {
            Ok(()) => return true,
            Err(Errno::EEXIST | Errno::ENOTEMPTY | Errno::ENOTDIR) => {}
            Err(_) => return false,
        }
    }
    false
}

/// Opens a folder, removes the files in it, and lists its folders.
fn level(fd: OwnedFd, name: std::ffi::CString) -> Result<Level, Errno> {
    let mut dir = Dir::from_fd(fd)?;
    let mut folders = Vec::new();
    let mut files = Vec::new();
    for entry in dir.iter() {
        let Ok(entry) = entry else { break };
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        match entry.file_type() {
            Some(nix::dir::Type::Directory) => folders.push(name.to_owned()),
            _ => files.push(name.to_owned()),
        }
    }
    for file in files {
        // A file that something is mounted on stays.
        let result = unlinkat(&dir, file.as_c_str(), UnlinkatFlags::NoRemoveDir);
        if result == Err(Errno::EISDIR) {
            // The type was not known.
            folders.push(file);
        }
    }
    Ok(Level { dir, folders, name })
}

/// Whether nothing is left in the folder.
#[cfg(test)]
fn is_empty(path: &std::path::Path) -> bool {
    std::fs::read_dir(path).unwrap().next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    /// A folder on a file system in memory.
    fn memory(name: &str) -> Option<PathBuf> {
        let dir = PathBuf::from(format!("/dev/shm/rescuebox-empty-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&dir).ok()?;
        Some(dir)
    }

    fn open_path(path: &std::path::Path) -> OwnedFd {
        std::fs::File::open(path).unwrap().into()
    }

    #[test]
    fn everything_goes_and_links_are_not_followed() {
        let dir = memory("all").unwrap();
        let outside = memory("outside").unwrap();
        std::fs::write(outside.join("kept"), "x").unwrap();
        std::fs::create_dir_all(dir.join("a/b/c")).unwrap();
        for n in 0..3000 {
            std::fs::write(dir.join(format!("a/b/file{n}")), "x").unwrap();
        }
        std::os::unix::fs::symlink(&outside, dir.join("a/link")).unwrap();
        assert_eq!(empty_memory_root(open_path(&dir)), Ok(true));
        assert!(is_empty(&dir));
        assert!(outside.join("kept").exists());
        std::fs::remove_dir_all(&dir).unwrap();
        std::fs::remove_dir_all(&outside).unwrap();
    }

    #[test]
    fn a_very_deep_tree_goes_too() {
        let dir = memory("deep").unwrap();
        let mut fd = open_path(&dir);
        for _ in 0..2000 {
            nix::sys::stat::mkdirat(&fd, "d", Mode::from_bits_truncate(0o755)).unwrap();
            fd = open_folder(&fd, c"d").unwrap();
        }
        drop(fd);
        assert_eq!(empty_memory_root(open_path(&dir)), Ok(true));
        assert!(is_empty(&dir));
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn a_disk_is_left_alone() {
        let dir = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/target"));
        if is_memory(&open_path(&dir)).unwrap() {
            return; // built in memory: there is no disk to try this on
        }
        let own = dir.join(format!("left-alone-{}", std::process::id()));
        std::fs::create_dir_all(&own).unwrap();
        std::fs::write(own.join("file"), "x").unwrap();
        assert_eq!(empty_memory_root(open_path(&own)), Ok(false));
        assert!(own.join("file").exists());
        std::fs::remove_dir_all(&own).unwrap();
    }
}
