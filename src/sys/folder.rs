//! What is in a folder.

use std::ffi::OsString;
use std::io;
use std::path::Path;

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
/// One copy for the whole program: each loop over the standard library's
/// iterator of folders costs as much as this.
///
/// # Errors
/// The folder cannot be opened.
#[inline(never)]
pub fn list(path: &Path) -> io::Result<(Vec<Entry>, Option<io::Error>)> {
    let mut list = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => return Ok((list, Some(error))),
        };
        let kind = entry.file_type().ok();
        list.push(Entry {
            name: entry.file_name(),
            is_folder: kind.is_some_and(|k| k.is_dir()),
            is_link: kind.is_some_and(|k| k.is_symlink()),
        });
    }
    Ok((list, None))
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
