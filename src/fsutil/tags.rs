//! Devices named by what is on them: `UUID=`, `LABEL=`, `PARTUUID=`,
//! `PARTLABEL=`, `ID=`. The links below /dev/disk are used where something
//! keeps them; otherwise the devices themselves are looked at.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::blk::probe::text::{decoded, encoded};
use crate::blk::scan::{self, TAGS, Tag};
use crate::sys::folder::names;

/// The device that `spec` names: where it has a tag, the device with that;
/// otherwise the path as it is. Of several, see [`scan::best`].
///
/// A tag that nothing has is NotFound.
pub fn resolve(spec: &[u8]) -> io::Result<PathBuf> {
    let Some((tag, folder, value)) = split(spec) else {
        return Ok(PathBuf::from(OsStr::from_bytes(spec)));
    };
    if let Some(path) = linked(tag, folder, value) {
        return Ok(path);
    }
    let found = scan::find(tag, value);
    scan::best(&found).map(scan::Device::path).ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// Where the link below /dev/disk leads.
fn linked(tag: Tag, folder: &str, value: &[u8]) -> Option<PathBuf> {
    let links = Path::new("/dev/disk").join(folder);
    let mut wanted = encoded(value);
    let mut found = links.join(OsStr::from_bytes(&wanted)).canonicalize();
    if found.is_err() && matches!(tag, Tag::Uuid | Tag::PartUuid) {
        // People write UUIDs in capitals; those of FAT are in capitals.
        for change in [<[u8]>::make_ascii_lowercase, <[u8]>::make_ascii_uppercase] {
            if found.is_err() {
                change(&mut wanted);
                found = links.join(OsStr::from_bytes(&wanted)).canonicalize();
            }
        }
    }
    found.ok()
}

/// Whether `spec` is a tag and not a path.
pub fn is_tag(spec: &[u8]) -> bool {
    split(spec).is_some()
}

/// The devices that have a label, by the links below /dev/disk/by-label or by
/// what is on them.
pub fn labels() -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new("/dev/disk/by-label");
    let mut list = Vec::new();
    for name in names(folder) {
        if let Ok(device) = folder.join(&name).canonicalize() {
            list.push((device, decoded(name.as_bytes())));
        }
    }
    if list.is_empty() {
        for device in scan::devices() {
            let values = scan::values(&device);
            if let Some(label) = crate::blk::probe::value(&values, "LABEL") {
                list.push((device.path(), label.to_vec()));
            }
        }
    }
    list
}

/// Takes `TAG=VALUE` apart; quotes around the value are not part of it.
pub fn split(spec: &[u8]) -> Option<(Tag, &'static str, &[u8])> {
    let at = spec.iter().position(|&b| b == b'=')?;
    let name = spec.get(..at)?;
    let (tag, _, folder) =
        *TAGS.iter().find(|(tag, word, _)| word.as_bytes() == name && *tag != Tag::Path)?;
    let value = spec.get(at + 1..)?;
    let unquoted = value.strip_prefix(b"\"").and_then(|v| v.strip_suffix(b"\""));
    Some((tag, folder, unquoted.unwrap_or(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags() {
        assert!(is_tag(b"UUID=x") && is_tag(b"PARTLABEL=\"a b\""));
        assert!(!is_tag(b"/dev/sda") && !is_tag(b"uuid=x") && !is_tag(b"host:/a=b"));
        assert_eq!(resolve(b"/dev/x=y").unwrap(), Path::new("/dev/x=y"));
        assert_eq!(resolve(b"UUID=../../sda").unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
