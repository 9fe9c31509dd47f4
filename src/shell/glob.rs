//! Pathname expansion. POSIX.1-2024 XCU 2.6.6 and 2.14.3.

use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use crate::characters::Characters;

use super::pattern;

/// The names of existing files that match, sorted by bytes. Empty when there
/// are none, or when nothing in the text is a pattern.
pub fn expand(chars: Characters, pattern: &[u8]) -> Vec<Vec<u8>> {
    if !pattern::is_magic(pattern) {
        return Vec::new();
    }
    let mut names = Vec::new();
    let slashes = pattern.iter().take_while(|b| **b == b'/').count();
    let (root, rest) = pattern.split_at(slashes);
    walk(chars, root.to_vec(), rest, &mut names);
    names.sort();
    names
}

/// Matches `pattern` below `prefix`, which is empty or ends in a slash. As
/// deep as the pattern has slashes, which a path's length limits.
fn walk(chars: Characters, prefix: Vec<u8>, pattern: &[u8], names: &mut Vec<Vec<u8>>) {
    if prefix.len() > 4096 {
        return;
    }
    let end = pattern.iter().position(|b| *b == b'/').unwrap_or(pattern.len());
    let (mut component, rest) = pattern.split_at(end);
    // An escaped slash is a slash.
    if let [head @ .., b'\\'] = component
        && !rest.is_empty()
    {
        component = head;
    }
    let slashes = rest.iter().take_while(|b| **b == b'/').count();
    let (slashes, rest) = rest.split_at(slashes);
    if !pattern::is_magic(component) {
        let mut path = prefix;
        path.extend_from_slice(&pattern::unescape(component));
        path.extend_from_slice(slashes);
        if rest.is_empty() {
            if std::fs::symlink_metadata(OsStr::from_bytes(&path)).is_ok() {
                names.push(path);
            }
        } else {
            walk(chars, path, rest, names);
        }
        return;
    }
    let dir =
        if prefix.is_empty() { Path::new(".") } else { Path::new(OsStr::from_bytes(&prefix)) };
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    // A period at the start is matched by a period only (2.14.3).
    let hidden = component.first() == Some(&b'.') || component.starts_with(b"\\.");
    let mut found: Vec<Vec<u8>> =
        entries.flatten().map(|entry| entry.file_name().into_vec()).collect();
    if hidden {
        found.extend([b".".to_vec(), b"..".to_vec()]);
    }
    for name in found {
        if (name.first() == Some(&b'.') && !hidden) || !pattern::fits(chars, component, &name) {
            continue;
        }
        let mut path = prefix.clone();
        path.extend_from_slice(&name);
        path.extend_from_slice(slashes);
        if !rest.is_empty() {
            walk(chars, path, rest, names);
        } else if slashes.is_empty() || Path::new(OsStr::from_bytes(&path)).is_dir() {
            names.push(path);
        }
    }
}
