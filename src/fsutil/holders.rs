//! Who keeps a filesystem busy.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::mountinfo::is_below;
use crate::sys::folder::names;

/// A process that uses files below a folder.
#[derive(Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its id.
    pub pid: u32,
    /// Its name.
    pub name: Vec<u8>,
}

/// Processes whose root, working folder, program or open files are below
/// `target`, an absolute path; at most `limit`. Paths mean something else in
/// another mount namespace: its processes are left out.
pub fn of(target: &[u8], limit: usize) -> Vec<Holder> {
    let mut found = Vec::new();
    let namespace = std::fs::read_link("/proc/self/ns/mnt").ok();
    for name in names(Path::new("/proc")) {
        let Some(pid) = name.to_str().and_then(|n| n.parse().ok()) else { continue };
        let folder = Path::new("/proc").join(&name);
        let other = std::fs::read_link(folder.join("ns/mnt")).ok();
        if namespace.is_some() && other.is_some() && other != namespace {
            continue;
        }
        let uses = |link: &Path| {
            std::fs::read_link(link).is_ok_and(|to| is_below(to.as_os_str().as_bytes(), target))
        };
        let busy = |of: &Path, links: Vec<OsString>| links.iter().any(|link| uses(&of.join(link)));
        let open = folder.join("fd");
        if busy(&folder, vec!["cwd".into(), "root".into(), "exe".into()])
            || busy(&open, names(&open))
        {
            let comm = crate::sys::file::read(folder.join("comm")).unwrap_or_default();
            found.push(Holder { pid, name: comm.trim_ascii_end().to_vec() });
            if found.len() == limit {
                break;
            }
        }
    }
    found
}
