//! The text of scripts.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt};

use crate::fsutil::place::join;
use crate::sys;

/// So many of the bytes read last must still be where they were.
const KEPT: usize = 64;

/// The file of a script that is being executed. A script may add to itself:
/// what is behind the text read is read, too, once it is reached.
pub struct Script {
    path: Vec<u8>,
    device: u64,
    inode: u64,
    read: u64,
    last: Vec<u8>,
}

impl Script {
    /// Opens and reads a script. `folder` is the current one. No script is
    /// returned for what is no regular file.
    pub fn open(file: &[u8], folder: &[u8]) -> io::Result<(Vec<u8>, Option<Script>)> {
        let open = File::open(OsStr::from_bytes(file))?;
        let status = open.metadata()?;
        let mut text = Vec::new();
        sys::file::read_rest(open.as_fd(), &mut text)?;
        let mut script = status.is_file().then(|| Script {
            path: if file.starts_with(b"/") { file.to_vec() } else { join(folder, file) },
            device: status.dev(),
            inode: status.ino(),
            read: 0,
            last: Vec::new(),
        });
        if let Some(script) = &mut script {
            script.take_note(&text);
        }
        without_nul(&mut text, 0);
        Ok((text, script))
    }

    fn take_note(&mut self, text: &[u8]) {
        self.read += text.len() as u64;
        self.last = text.get(text.len().saturating_sub(KEPT)..).unwrap_or_default().to_vec();
    }

    /// Appends what has been added to the file since it was read. Whether
    /// anything has.
    pub fn more(&mut self, text: &mut Vec<u8>) -> bool {
        let start = text.len();
        let added = self.added().unwrap_or_default();
        if added.is_empty() {
            return false;
        }
        self.take_note(&added);
        text.extend_from_slice(&added);
        without_nul(text, start);
        text.len() > start
    }

    fn added(&self) -> io::Result<Vec<u8>> {
        let path = OsStr::from_bytes(&self.path);
        let is_longer = |status: &Metadata| {
            (status.dev(), status.ino()) == (self.device, self.inode) && status.len() > self.read
        };
        if !is_longer(&std::fs::metadata(path)?) {
            return Ok(Vec::new());
        }
        let file = File::open(path)?;
        let mut last = vec![0; self.last.len()];
        let before = self.read.saturating_sub(last.len() as u64);
        file.read_exact_at(&mut last, before)?;
        // Another script in its place is not executed from its middle on.
        if !is_longer(&file.metadata()?) || last != self.last {
            return Ok(Vec::new());
        }
        io::Seek::seek(&mut &file, io::SeekFrom::Start(self.read))?;
        let mut added = Vec::new();
        sys::file::read_rest(file.as_fd(), &mut added)?;
        Ok(added)
    }
}

/// The text of a file of commands, without NUL bytes: no word can have them.
pub fn text_of(file: &[u8]) -> io::Result<Vec<u8>> {
    let mut text = sys::file::read(OsStr::from_bytes(file))?;
    without_nul(&mut text, 0);
    Ok(text)
}

/// Removes the NUL bytes behind `from`.
pub fn without_nul(text: &mut Vec<u8>, from: usize) {
    if text.get(from..).is_some_and(|new| new.contains(&0)) {
        let mut at = 0;
        text.retain(|byte| {
            at += 1;
            at <= from || *byte != 0
        });
    }
}
