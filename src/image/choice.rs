//! Which modules go into an image when nobody names them: those for any
//! computer, or those for this one.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::kmod::{Tree, alias};
use crate::mountinfo;

/// The list for any computer, one a line.
const GENERIC: &[u8] = include_bytes!("../../initramfs/modules-generic");

/// The folders of sysfs are not nested deeper.
const DEPTH: u32 = 24;

/// The modules of an image for any computer: names, of those in folders the
/// files that are there.
pub fn generic(tree: &Tree) -> Vec<Vec<u8>> {
    let mut names = Vec::new();
    let mut folders: Vec<&[u8]> = Vec::new();
    for line in GENERIC.split(|&b| b == b'\n').map(<[u8]>::trim_ascii) {
        match line {
            [] | [b'#', ..] => {}
            [.., b'/'] => folders.push(line),
            _ if tree.has_module(&alias::fold(line)) => names.push(line.to_vec()),
            _ => {}
        }
    }
    for file in tree.files() {
        if folders.iter().any(|folder| file.starts_with(folder)) {
            let name = file.rsplit(|&b| b == b'/').next().unwrap_or_default();
            names.extend(alias::stem_of_path(name).map(alias::fold));
        }
    }
    names
}

/// The modules that the computer described by a sysfs needs: the drivers of its
/// devices, and the filesystems that are mounted here or that it has loaded.
pub fn host(tree: &Tree, sysfs: &Path) -> Vec<Vec<u8>> {
    let mut aliases: Vec<Vec<u8>> = Vec::new();
    walk(&sysfs.join("devices"), DEPTH, &mut aliases);
    let mounts = crate::sys::file::read("/proc/self/mountinfo").unwrap_or_default();
    for mount in mountinfo::parse(&mounts) {
        if mount.source.starts_with(b"/dev/") {
            aliases.push([b"fs-", mount.fstype.as_slice()].concat());
        }
    }
    aliases.sort_unstable();
    aliases.dedup();
    let mut names: Vec<Vec<u8>> = Vec::new();
    for alias in &aliases {
        names.extend(tree.aliased(alias));
    }
    // Drivers that are bound by other ways than an alias, and filesystems.
    for name in crate::sys::folder::names(&sysfs.join("module")) {
        let folded = alias::fold(name.as_bytes());
        names.extend(tree.aliased(&[b"fs-", folded.as_slice()].concat()));
        let used = sysfs.join("module").join(&name).join("drivers").exists();
        if used && tree.has_module(&folded) {
            names.push(folded);
        }
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// Collects the `modalias` files below a folder. Links are not followed, so
/// that it ends.
fn walk(folder: &Path, depth: u32, aliases: &mut Vec<Vec<u8>>) {
    if let Ok(mut text) = crate::sys::file::read(folder.join("modalias")) {
        if text.last() == Some(&b'\n') {
            text.pop();
        }
        if !text.is_empty() {
            aliases.push(text);
        }
    }
    if depth == 0 {
        return;
    }
    let Ok(list) = std::fs::read_dir(folder) else { return };
    for entry in list.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(&entry.path(), depth - 1, aliases);
        }
    }
}
