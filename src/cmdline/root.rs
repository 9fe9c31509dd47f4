//! The value of `root=`: `init/do_mounts.c`, `block/early-lookup.c`, the README
//! of osbuild/initrd, systemd-gpt-auto-generator(8).

use std::fmt::{self, Display};

use super::words::number;
use crate::applet::show_bytes;

/// Where the root file system is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root<'a> {
    /// A virtiofs share: `rootfs=TAG`, `root=virtiofs:TAG`.
    Virtiofs(&'a [u8]),
    /// A 9p share over virtio: `root=9p:TAG`.
    NineP(&'a [u8]),
    /// A device node below `/dev`.
    Device(&'a [u8]),
    /// The device with this mark: `UUID=...`, `/dev/disk/by-uuid/...`.
    Marked(Mark, &'a [u8]),
    /// A device number: `8:1` or `0801`.
    Number(u32, u32),
    /// NFS: `/dev/nfs`, `nfs:...`, `nfs4:...`; the rest is in `nfsroot=`.
    Nfs(&'a [u8]),
    /// The partition of the GPT type for roots.
    GptAuto,
    /// An empty file system in memory.
    Tmpfs,
}

/// What a device is found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// `UUID=` of a file system.
    Uuid,
    /// `LABEL=` of a file system.
    Label,
    /// `PARTUUID=` of a partition, perhaps with `/PARTNROFF=N`.
    PartUuid,
    /// `PARTLABEL=` of a GPT partition.
    PartLabel,
    /// `ID=`, a name below /dev/disk/by-id.
    Id,
    /// A name below /dev/disk/by-path.
    Path,
}

impl Mark {
    const ALL: [(Mark, &'static [u8], &'static [u8]); 6] = [
        (Mark::Uuid, b"UUID", b"uuid"),
        (Mark::Label, b"LABEL", b"label"),
        (Mark::PartUuid, b"PARTUUID", b"partuuid"),
        (Mark::PartLabel, b"PARTLABEL", b"partlabel"),
        (Mark::Id, b"ID", b"id"),
        (Mark::Path, b"PATH", b"path"),
    ];

    /// As it is written: `UUID`.
    pub fn name(self) -> &'static [u8] {
        Mark::ALL.iter().find(|(mark, _, _)| *mark == self).map_or(b"", |(_, name, _)| name)
    }
}

impl Display for Root<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Root::Virtiofs(tag) => write!(f, "virtiofs:{}", show_bytes(tag)),
            Root::NineP(tag) => write!(f, "9p:{}", show_bytes(tag)),
            Root::Device(path) => write!(f, "{}", show_bytes(path)),
            Root::Marked(mark, value) => {
                write!(f, "{}={}", show_bytes(mark.name()), show_bytes(value))
            }
            Root::Number(major, minor) => write!(f, "{major}:{minor}"),
            Root::Nfs(text) => write!(f, "{}", show_bytes(text)),
            Root::GptAuto => f.write_str("gpt-auto"),
            Root::Tmpfs => f.write_str("tmpfs"),
        }
    }
}

/// What is wrong with a share's tag, if anything. The virtio specification
/// gives it 36 bytes; a 9p tag may be longer, but not than a file's name.
pub(super) fn tag_fault(tag: &[u8]) -> Option<&'static str> {
    match tag {
        [] => Some("the tag is missing"),
        b"." | b".." => Some("this cannot be a tag"),
        _ if tag.len() > 255 => Some("the tag is too long"),
        _ if tag.contains(&b'/') => Some("a tag has no /"),
        _ => None,
    }
}

/// The value of `root=`.
pub(super) fn root<'a>(value: &'a [u8], fstypes: &[&[u8]]) -> Result<Root<'a>, &'static str> {
    let tagged = |tag: &'a [u8], make: fn(&'a [u8]) -> Root<'a>| match tag_fault(tag) {
        None => Ok(make(tag)),
        Some(why) => Err(why),
    };
    if value.is_empty() {
        return Err("it names nothing");
    }
    if let Some(tag) = value.strip_prefix(b"virtiofs:") {
        return tagged(tag, Root::Virtiofs);
    }
    if let Some(tag) = value.strip_prefix(b"9p:") {
        return tagged(tag, Root::NineP);
    }
    match fstypes {
        [b"virtiofs"] => return tagged(value, Root::Virtiofs),
        [b"9p"] => return tagged(value, Root::NineP),
        _ => {}
    }
    for (mark, upper, lower) in Mark::ALL {
        let named = value.strip_prefix(upper).and_then(|v| v.strip_prefix(b"="));
        let linked = || {
            value
                .strip_prefix(b"/dev/disk/by-")
                .and_then(|v| v.strip_prefix(lower))
                .and_then(|v| v.strip_prefix(b"/"))
        };
        if let Some(text) = named.or_else(linked) {
            let text = text.strip_prefix(b"\"").unwrap_or(text);
            let text = text.strip_suffix(b"\"").unwrap_or(text);
            return match mark_fault(mark, text) {
                None => Ok(Root::Marked(mark, text)),
                Some(why) => Err(why),
            };
        }
    }
    match value {
        b"gpt-auto" | b"dissect" => return Ok(Root::GptAuto),
        b"tmpfs" => return Ok(Root::Tmpfs),
        b"/dev/nfs" | b"nfs" | b"nfs4" => return Ok(Root::Nfs(value)),
        _ => {}
    }
    if value.starts_with(b"nfs:") || value.starts_with(b"nfs4:") {
        return Ok(Root::Nfs(value));
    }
    if let Some(name) = value.strip_prefix(b"/dev/") {
        let odd = |part: &[u8]| part.is_empty() || part == b"." || part == b"..";
        return if name.split(|&b| b == b'/').any(odd) {
            Err("no name of a device")
        } else {
            Ok(Root::Device(value))
        };
    }
    if let Some(colon) = value.iter().position(|&b| b == b':') {
        let (major, minor) = value.split_at_checked(colon).unwrap_or_default();
        let minor = minor.get(1..).unwrap_or_default();
        return match (number(major), number(minor)) {
            (Some(major), Some(minor)) => Ok(Root::Number(major, minor)),
            _ => Err("not a kind of root that is known"),
        };
    }
    // An old device number, as LILO wrote it: include/linux/kdev_t.h,
    // new_decode_dev.
    if value.len() <= 8
        && value.iter().all(u8::is_ascii_hexdigit)
        && let Some(n) =
            std::str::from_utf8(value).ok().and_then(|s| u32::from_str_radix(s, 16).ok())
    {
        return Ok(Root::Number((n & 0xfff00) >> 8, (n & 0xff) | ((n >> 12) & 0xfff00)));
    }
    Err("not a kind of root that is known")
}

/// What is wrong with the value of a mark, if anything.
fn mark_fault(mark: Mark, text: &[u8]) -> Option<&'static str> {
    if text.is_empty() {
        return Some("it names nothing");
    }
    if text.len() > 255 {
        return Some("longer than any label");
    }
    if mark == Mark::PartUuid {
        let mut parts = text.split(|&b| b == b'/');
        let id = parts.next().unwrap_or_default();
        if !id.iter().all(|b| b.is_ascii_hexdigit() || *b == b'-') {
            return Some("no identifier of a partition");
        }
        if let Some(offset) = parts.next() {
            let offset = offset.strip_prefix(b"PARTNROFF=").and_then(number::<i32>);
            if offset.is_none() || parts.next().is_some() {
                return Some("only /PARTNROFF=N may follow a PARTUUID");
            }
        }
    }
    None
}
