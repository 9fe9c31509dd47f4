//! Microcode for the processor: the kernel takes it from an archive of its own,
//! the first and not compressed (Documentation/arch/x86/microcode.rst).

use std::path::{Path, PathBuf};

use super::layout::{Node, Tree};
use super::{Builder, Progress, write};
use crate::applet::{Error, show};
use crate::order;
use crate::sys;

/// Files larger than all microcode there is are something else.
const FILE_MAX: u64 = 64 << 20;

/// What was collected, of one vendor after the other.
#[derive(Default)]
pub(super) struct Microcode {
    intel: Vec<u8>,
    amd: Vec<u8>,
}

impl Microcode {
    /// The archive; empty when there is no microcode.
    pub(super) fn archive(&self, mtime: u32, progress: &mut Progress) -> Result<Vec<u8>, Error> {
        let mut tree = Tree::default();
        for (name, bytes) in [("GenuineIntel", &self.intel), ("AuthenticAMD", &self.amd)] {
            if !bytes.is_empty() {
                let place = format!("/kernel/x86/microcode/{name}.bin");
                tree.put(place.as_bytes(), Node::file(bytes.clone(), 0o644))?;
            }
        }
        if tree.is_empty() {
            return Ok(Vec::new());
        }
        Ok(write::archive(&tree, mtime, progress)?.0)
    }
}

impl<'p> Builder<'p> {
    /// A file of microcode, or a folder with such files
    /// (/lib/firmware/intel-ucode, /lib/firmware/amd-ucode).
    pub fn microcode(&mut self, path: &Path) -> Result<&mut Builder<'p>, Error> {
        let mut files: Vec<PathBuf> = vec![path.to_path_buf()];
        if path.is_dir() {
            let mut names = sys::path::names(path).map_err(|e| Error::os(show(path), e))?;
            order::sort(&mut names);
            files = names.iter().map(|name| path.join(name)).collect();
        }
        let mut any = false;
        for file in files {
            let meta = std::fs::metadata(&file).map_err(|e| Error::os(show(&file), e))?;
            if !meta.is_file() || meta.len() > FILE_MAX {
                continue;
            }
            let bytes = crate::sys::file::read(&file).map_err(|e| Error::os(show(&file), e))?;
            // Intel's header has version 1, AMD's container a magic.
            match bytes.first_chunk::<4>() {
                Some([1, 0, 0, 0]) => self.microcode.intel.extend_from_slice(&bytes),
                Some(b"DMA\0") => self.microcode.amd.extend_from_slice(&bytes),
                _ => continue,
            }
            any = true;
        }
        if any { Ok(self) } else { Err(Error::about(show(path), "no microcode in it")) }
    }
}
