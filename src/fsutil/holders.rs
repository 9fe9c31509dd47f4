//! Who keeps a filesystem busy.

use std::os::unix::ffi::OsStrExt;

use crate::mountinfo::is_below;

/// A process that uses files below a folder.
#[derive(Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its id.
    pub pid: u32,
    /// Its name.
    pub name: Vec<u8>,
}

/// Processes whose root, working folder, program or open files are below
/// `target`, an absolute path; at most `limit`.
pub fn of(target: &[u8], limit: usize) -> Vec<Holder> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|n| n.parse().ok()) else { continue };
        let folder = entry.path();
        let uses = |link: &std::path::Path| {
            std::fs::read_link(link).is_ok_and(|to| is_below(to.as_os_str().as_bytes(), target))
        };
        let busy = ["cwd", "root", "exe"].iter().any(|link| uses(&folder.join(link)))
            || std::fs::read_dir(folder.join("fd"))
                .into_iter()
                .flatten()
                .flatten()
                .any(|fd| uses(&fd.path()));
        if busy {
            let comm = std::fs::read(folder.join("comm")).unwrap_or_default();
            found.push(Holder { pid, name: comm.trim_ascii_end().to_vec() });
            if found.len() == limit {
                break;
            }
        }
    }
    found
}
