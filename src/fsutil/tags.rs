//! Devices named by what is on them: `UUID=`, `LABEL=`, `PARTUUID=`,
//! `PARTLABEL=`, `ID=`.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::sys::folder::names;

/// The words before `=` and the folder below /dev/disk with links for each.
const KINDS: [(&[u8], &str); 5] = [
    (b"UUID", "by-uuid"),
    (b"LABEL", "by-label"),
    (b"PARTUUID", "by-partuuid"),
    (b"PARTLABEL", "by-partlabel"),
    (b"ID", "by-id"),
];

/// The device that `spec` names: where it has a tag, the device that the link
/// below `/dev/disk` leads to; otherwise the path as it is.
///
/// A tag without a link is NotFound.
pub fn resolve(spec: &[u8]) -> io::Result<PathBuf> {
    let Some((folder, value)) = split(spec) else {
        return Ok(PathBuf::from(OsStr::from_bytes(spec)));
    };
    let links = Path::new("/dev/disk").join(folder);
    let mut wanted = encode(value);
    let mut found = links.join(OsStr::from_bytes(&wanted)).canonicalize();
    if found.is_err() && matches!(folder, "by-uuid" | "by-partuuid") {
        // People write UUIDs in capitals; those of FAT are in capitals.
        for change in [<[u8]>::make_ascii_lowercase, <[u8]>::make_ascii_uppercase] {
            if found.is_err() {
                change(&mut wanted);
                found = links.join(OsStr::from_bytes(&wanted)).canonicalize();
            }
        }
    }
    found
}

/// Whether `spec` is a tag and not a path.
pub fn is_tag(spec: &[u8]) -> bool {
    split(spec).is_some()
}

/// The devices that have a label, by the links below /dev/disk/by-label.
pub fn labels() -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new("/dev/disk/by-label");
    let mut list = Vec::new();
    for name in names(folder) {
        if let Ok(device) = folder.join(&name).canonicalize() {
            list.push((device, decode(name.as_bytes())));
        }
    }
    list
}

fn decode(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((&first, tail)) = rest.split_first() {
        let escaped = tail
            .strip_prefix(b"x")
            .and_then(|hex| hex.get(..2))
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match escaped {
            Some(byte) if first == b'\\' => {
                out.push(byte);
                rest = tail.get(3..).unwrap_or_default();
            }
            _ => {
                out.push(first);
                rest = tail;
            }
        }
    }
    out
}

fn split(spec: &[u8]) -> Option<(&'static str, &[u8])> {
    let at = spec.iter().position(|&b| b == b'=')?;
    let name = spec.get(..at)?;
    let folder = KINDS.iter().find(|(tag, _)| *tag == name)?.1;
    let value = spec.get(at + 1..)?;
    let unquoted = value.strip_prefix(b"\"").and_then(|v| v.strip_suffix(b"\""));
    Some((folder, unquoted.unwrap_or(value)))
}

/// The name of a link for a value: bytes that udev does not put in names are
/// `\xNN`. A value can thereby not leave the folder.
fn encode(value: &[u8]) -> Vec<u8> {
    let mut name = Vec::with_capacity(value.len());
    for &b in value {
        if b.is_ascii_alphanumeric() || b"#+-.:=@_".contains(&b) || b >= 0x80 {
            name.push(b);
        } else {
            name.extend_from_slice(format!("\\x{b:02x}").as_bytes());
        }
    }
    if matches!(name.as_slice(), b"" | b"." | b"..") {
        return b"\\x2e".to_vec();
    }
    name
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

    #[test]
    fn names_of_links() {
        assert_eq!(encode(b"my disk/1"), b"my\\x20disk\\x2f1");
        assert_eq!(encode(b".."), b"\\x2e");
        assert_eq!(decode(b"my\\x20disk\\x2f1\\xz\\"), b"my disk/1\\xz\\");
    }
}
