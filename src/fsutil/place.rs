//! Where things go: the operands of cp, mv, install and ln.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::sys::stat::stat;

use crate::applet::{Error, show};

/// What the operands and -t, -T say.
pub struct Place {
    /// What is copied, moved, linked.
    pub sources: Vec<OsString>,
    /// Where to.
    pub target: OsString,
    /// Whether the target is a folder that the sources go into.
    pub into: bool,
}

/// Takes the operands apart: `SOURCE TARGET`, `SOURCE... FOLDER`, or with
/// `folder` (-t) only sources; with `never` (-T) the target is no folder to go
/// into.
pub fn place(
    mut operands: Vec<OsString>,
    folder: Option<OsString>,
    never: bool,
) -> Result<Place, Error> {
    let short = |text| Err(Error::usage(text).with(crate::applet::Status::FAILURE));
    if let Some(target) = folder {
        if never {
            return short("-t and -T exclude each other");
        }
        if operands.is_empty() {
            return short("missing file operand");
        }
        if !is_folder(&target) {
            return Err(not_a_folder(&target));
        }
        return Ok(Place { sources: operands, target, into: true });
    }
    let Some(target) = operands.pop() else { return short("missing file operand") };
    if operands.is_empty() {
        return Err(Error::usage(format_args!("missing destination after '{}'", show(&target)))
            .with(crate::applet::Status::FAILURE));
    }
    if never {
        if operands.len() > 1 {
            return short("-T wants one source and its target");
        }
        return Ok(Place { sources: operands, target, into: false });
    }
    let into = is_folder(&target);
    if !into && operands.len() > 1 {
        return Err(not_a_folder(&target));
    }
    Ok(Place { sources: operands, target, into })
}

fn is_folder(path: &OsStr) -> bool {
    stat(path).is_ok_and(|stat| stat.st_mode & libc::S_IFMT == libc::S_IFDIR)
}

fn not_a_folder(path: &OsStr) -> Error {
    match stat(path) {
        Err(errno) => Error::os(format_args!("target '{}'", show(path)), errno),
        Ok(_) => Error::os(format_args!("target '{}'", show(path)), nix::errno::Errno::ENOTDIR),
    }
}

impl Place {
    /// The path of the target for one of the sources.
    pub fn of(&self, source: &OsStr) -> Vec<u8> {
        if !self.into {
            return self.target.as_bytes().to_vec();
        }
        let name = last_part(source.as_bytes());
        // "a/.." is to be merged with the folder, and not to be named so
        let name = if matches!(name, b"." | b".." | b"/") { b"" } else { name };
        join(self.target.as_bytes(), name)
    }
}

/// The last part of a path, also of "dir/"; "/" of the root.
pub fn last_part(path: &[u8]) -> &[u8] {
    if path.iter().all(|&b| b == b'/') && !path.is_empty() {
        return b"/";
    }
    path.split(|&b| b == b'/').rfind(|part| !part.is_empty()).unwrap_or_default()
}

/// `folder/name`.
pub fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path = folder.to_vec();
    if name.is_empty() {
        return path;
    }
    if !path.is_empty() && path.last() != Some(&b'/') {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}

/// The folder that a path names something in, `.` where it names none.
pub fn folder_of(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|&b| b != b'/').map_or(0, |at| at + 1);
    let path = path.get(..end).unwrap_or_default();
    match path.iter().rposition(|&b| b == b'/') {
        Some(0) => b"/",
        Some(at) => path.get(..at).unwrap_or_default(),
        None => b".",
    }
}

/// Whether both paths are one name in one folder.
pub fn is_same_name(a: &[u8], b: &[u8]) -> bool {
    let folder = |path| stat(OsStr::from_bytes(folder_of(path))).map(|s| (s.st_dev, s.st_ino));
    last_part(a) == last_part(b) && folder(a) == folder(b)
}

/// The path without slashes at its end.
pub fn without_slashes(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|&b| b != b'/').map_or(1, |at| at + 1);
    path.get(..end).unwrap_or(path)
}

/// Whether anything is there; a link that leads nowhere counts.
pub fn exists(path: &[u8]) -> bool {
    Path::new(OsStr::from_bytes(path)).symlink_metadata().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        assert_eq!(last_part(b"a/b//"), b"b");
        assert_eq!(last_part(b"//"), b"/");
        assert_eq!(last_part(b""), b"");
        assert_eq!(folder_of(b"a/b/"), b"a");
        assert_eq!(folder_of(b"/a"), b"/");
        assert_eq!(folder_of(b"a"), b".");
        assert_eq!(join(b"a/", b"b"), b"a/b");
        assert_eq!(without_slashes(b"a//"), b"a");
        assert_eq!(without_slashes(b"//"), b"/");
    }
}
