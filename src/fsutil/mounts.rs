//! The mounts there are, fstab, and paths as mountinfo has them.

use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use crate::applet::{Error, show};
use crate::fstab;
use crate::mountinfo::{self, Mount};

/// Where the kernel lists mounts.
const MOUNTINFO: &str = "/proc/self/mountinfo";

/// All mounts that this process can see, parents before children.
pub fn all() -> Result<Vec<Mount>, Error> {
    match crate::sys::file::read(MOUNTINFO) {
        Ok(text) => Ok(mountinfo::parse(&text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::msg(format_args!(
            "{MOUNTINFO} is not there: is /proc mounted? (mount -t proc proc /proc)"
        ))),
        Err(error) => Err(Error::os(MOUNTINFO, error)),
    }
}

/// The entries of an fstab, and the numbers of lines that are none.
pub fn table(file: &Path) -> Result<(Vec<fstab::Entry>, Vec<usize>), Error> {
    let text = crate::sys::file::read(file).map_err(|e| Error::os(show(file), e))?;
    Ok(fstab::parse(&text))
}

/// The path as mountinfo would have it: absolute and without symbolic links;
/// as near to that as the name alone allows where it cannot be looked up.
pub fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| lexical(path))
}

/// The path made absolute without asking the filesystem, which may hang: `.`
/// and double slashes go, `..` stays.
pub fn lexical(path: &Path) -> PathBuf {
    let mut out = if path.is_absolute() {
        PathBuf::new()
    } else {
        nix::unistd::getcwd().unwrap_or_else(|_| PathBuf::from("/"))
    };
    for component in path.components() {
        if component != Component::CurDir {
            out.push(component);
        }
    }
    out
}

/// The mount on exactly this folder or file; of several the one on top.
pub fn at<'a>(mounts: &'a [Mount], target: &Path) -> Option<&'a Mount> {
    let target = target.as_os_str().as_bytes();
    mounts.iter().rev().find(|mount| mount.target == target)
}

/// Whether something is mounted on `path`: the list of mounts says it (bind
/// mounts of the same filesystem as well), or without /proc the device
/// numbers do.
pub fn is_mount_point(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let here = std::fs::metadata(path)?;
    if let Ok(mounts) = all()
        && !mounts.is_empty()
    {
        return Ok(at(&mounts, &path.canonicalize()?).is_some());
    }
    if !here.is_dir() {
        return Ok(false);
    }
    let above = std::fs::metadata(path.join(".."))?;
    Ok(here.dev() != above.dev() || here.ino() == above.ino())
}

/// A path of bytes.
pub fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(std::ffi::OsString::from_vec(bytes.to_vec()))
}
