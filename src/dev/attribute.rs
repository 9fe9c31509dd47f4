//! Attributes of devices in sysfs: small files and links.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The text of an attribute without blanks around it; empty when there is none.
pub fn text(folder: &Path, name: &str) -> Vec<u8> {
    let text = crate::sys::file::read(folder.join(name)).unwrap_or_default();
    text.trim_ascii().to_vec()
}

/// A number in hexadecimal, with `0x` or without.
pub fn hex(folder: &Path, name: &str) -> Option<u64> {
    let text = text(folder, name);
    let digits = text.strip_prefix(b"0x").unwrap_or(&text);
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// A number in decimal.
pub fn decimal(folder: &Path, name: &str) -> Option<u64> {
    std::str::from_utf8(&text(folder, name)).ok()?.parse().ok()
}

/// The last part of where a link leads: the name of a driver, of a module.
pub fn link(folder: &Path, name: &str) -> Option<Vec<u8>> {
    let target = std::fs::read_link(folder.join(name)).ok()?;
    Some(target.file_name()?.as_bytes().to_vec())
}
