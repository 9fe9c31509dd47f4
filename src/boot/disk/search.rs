//! Finding the device that `root=` names.

use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;

use nix::mount::{MntFlags, MsFlags, mount, umount2};

use super::super::Fault;
use super::super::plan::Source;
use super::super::steps::Worker;
use super::Held;
use crate::applet::{show, show_bytes};
use crate::blk::probe::tables::Partition;
use crate::blk::probe::text::decoded;
use crate::blk::scan::{self, Cache, Device, Tables, Tag};
use crate::cmdline::Mark;
use crate::dev::read_small;

/// A search that is done again when devices come.
pub(super) struct Search<'a> {
    source: Source<'a>,
    /// The devices seen so far.
    pub(super) cache: Cache,
    told: bool,
}

/// What was found: the node, and that it must not be written to.
pub(super) struct Hit {
    /// The node's path.
    pub(super) node: Vec<u8>,
    /// GPT's attribute says so.
    pub(super) read_only: bool,
}

/// GPT's type of root partitions for this processor (Discoverable Partitions
/// Specification).
const ROOT_TYPE: &[u8] = if cfg!(target_arch = "aarch64") {
    b"b921b045-1df0-41c3-af44-4c6f280d3fae"
} else if cfg!(target_arch = "riscv64") {
    b"72ec70a6-cf74-40e6-bd49-4bda08e8f224"
} else {
    b"4f68bce3-e8cd-4db1-96e7-fbcaf984b709"
};

/// Attributes of such a partition.
const READ_ONLY: u64 = 1 << 60;
const NO_AUTO: u64 = 1 << 63;

/// Where the boot loader says from which partition it was read.
const LOADER: &str =
    "/sys/firmware/efi/efivars/LoaderDevicePartUUID-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

impl<'a> Search<'a> {
    /// A search for this source.
    pub(super) fn new(source: Source<'a>) -> Search<'a> {
        Search { source, cache: Cache::default(), told: false }
    }

    /// Looks for it among the devices that are there now.
    pub(super) fn find(&mut self, worker: &mut Worker) -> Option<Hit> {
        let plain = |node: Vec<u8>| Some(Hit { node, read_only: false });
        match self.source {
            Source::Device(path) => {
                let there = nix::sys::stat::stat(path).ok()?;
                let block = there.st_mode & libc::S_IFMT == libc::S_IFBLK;
                if block { plain(path.to_vec()) } else { None }
            }
            Source::Number(major, minor) => {
                let link = format!("/sys/dev/block/{major}:{minor}");
                let link = std::fs::read_link(link).ok()?;
                plain(scan::node(link.file_name()?.as_bytes()).as_os_str().as_bytes().to_vec())
            }
            Source::Marked(mark, value) => plain(self.marked(worker, mark, value)?),
            Source::GptAuto => self.gpt_auto(worker),
            _ => None,
        }
    }

    /// What is on the device of this path, where that was looked at already.
    pub(super) fn held(&self, node: &[u8]) -> Option<Held> {
        let here = |seen: &&scan::Seen| seen.device.path().as_os_str().as_bytes() == node;
        let seen = self.cache.known().iter().find(here)?;
        let value = |name| seen.get(name).unwrap_or_default().to_vec();
        seen.get("TYPE")?;
        Some(Held { kind: value("TYPE"), usage: value("USAGE"), uuid: value("UUID") })
    }

    fn marked(&mut self, worker: &mut Worker, mark: Mark, value: &[u8]) -> Option<Vec<u8>> {
        let tag = match mark {
            Mark::Uuid => Tag::Uuid,
            Mark::Label => Tag::Label,
            Mark::PartUuid => Tag::PartUuid,
            Mark::PartLabel => Tag::PartLabel,
            Mark::Id => Tag::Id,
            Mark::Path => Tag::Path,
        };
        // The whole list is told when nothing is found, so all are looked at.
        self.cache.update(true);
        let (value, offset) = match tag {
            Tag::PartUuid => part_offset(value),
            _ => (value, 0),
        };
        let mut found = self.cache.find(tag, value);
        if found.is_empty() && value.contains(&b'\\') {
            // As the names below /dev/disk are written.
            found = self.cache.find(tag, &decoded(value));
        }
        if matches!(tag, Tag::Uuid | Tag::Label) {
            // A member of an array is not what is on the array, and swap space
            // may well be called like the root.
            found.retain(|device| {
                let seen = self.cache.known().iter().find(|seen| seen.device == *device);
                let usage = seen.and_then(|seen| seen.get("USAGE"));
                usage == Some(b"filesystem") || usage == Some(b"crypto")
            });
        }
        let best = scan::best(&found)?;
        // Members of one btrfs have its UUID and label.
        let volume = |device: &Device| {
            let seen = self.cache.known().iter().find(|seen| seen.device == *device)?;
            seen.get("UUID_SUB").and(seen.get("UUID"))
        };
        let same_volume = |other: &Device| volume(best).is_some() && volume(best) == volume(other);
        if !self.told && found.iter().any(|other| other != best && !same_volume(other)) {
            self.told = true;
            let mut text = format!("{} is on", self.source);
            for device in &found {
                let _ = write!(text, " {}", show(&device.path()));
            }
            let _ = write!(text, ": {} is taken", show(&best.path()));
            worker.say(&text);
            worker.note(&text);
        }
        let mut path = best.path();
        if offset != 0 {
            let number = best.partition?.checked_add_signed(offset)?;
            let sibling = |seen: &&scan::Seen| {
                seen.device.parent == best.parent && seen.device.partition == Some(number)
            };
            path = self.cache.known().iter().find(sibling)?.device.path();
        }
        Some(path.as_os_str().as_bytes().to_vec())
    }

    /// The root partition of the disk that the loader was on; where it does
    /// not say, of the one disk that has one.
    fn gpt_auto(&mut self, worker: &mut Worker) -> Option<Hit> {
        let loader = loader_partition();
        self.cache.update(true);
        let (known, tables) = self.cache.parts();
        let mut disk: Option<Vec<u8>> = None;
        if let Some(wanted) = &loader {
            let here = |seen: &&scan::Seen| {
                row(tables, &seen.device).is_some_and(|row| row.uuid.eq_ignore_ascii_case(wanted))
            };
            disk = Some(known.iter().find(here)?.device.parent.clone());
        }
        let mut best: Option<(&Device, u64)> = None;
        for seen in known {
            let device = &seen.device;
            let Some(row) = row(tables, device) else { continue };
            if row.kind != ROOT_TYPE
                || row.flags & NO_AUTO != 0
                || disk.as_ref().is_some_and(|disk| *disk != device.parent)
            {
                continue;
            }
            match best {
                // Of one disk the first.
                Some((first, _)) if first.parent == device.parent => {}
                Some((first, _)) => {
                    if !self.told {
                        self.told = true;
                        worker.say(format_args!(
                            "root partitions are on {} and {}: the first is taken",
                            show_bytes(&first.name),
                            show_bytes(&device.name)
                        ));
                    }
                }
                None => best = Some((device, row.flags)),
            }
        }
        let (device, flags) = best?;
        let node = device.path().as_os_str().as_bytes().to_vec();
        Some(Hit { node, read_only: flags & READ_ONLY != 0 })
    }

    /// Why there is nothing: a line for the cause, and what was looked at.
    pub(super) fn fault(&mut self) -> Fault {
        self.cache.update(true);
        let (known, tables) = self.cache.parts();
        let text = match self.source {
            Source::GptAuto => "no disk has a partition of the type for roots".to_string(),
            source => format!("{source} absent"),
        };
        let mut fault = Fault { text, errno: Some(libc::ENOENT) };
        let mut unreadable = String::new();
        let mut lines: Vec<String> = Vec::new();
        for seen in known.iter().filter(|seen| seen.device.size > 2) {
            let name = show_bytes(&seen.device.name).to_string();
            if seen.unreadable {
                unreadable.push(' ');
                unreadable.push_str(&name);
            }
            let mut line = name;
            for (tag, value) in
                seen.values.iter().filter(|(tag, _)| matches!(*tag, "TYPE" | "UUID" | "LABEL"))
            {
                let _ = write!(line, " {tag}={}", show_bytes(value));
            }
            if !seen.ambivalent.is_empty() {
                let _ = write!(line, " ambivalent: {}", seen.ambivalent);
            }
            if let Some(row) = row(tables, &seen.device) {
                let _ = write!(line, " PARTUUID={}", show_bytes(&row.uuid));
                if !row.name.is_empty() {
                    let _ = write!(line, " PARTLABEL={}", show_bytes(&row.name));
                }
            }
            lines.push(line);
        }
        match lines.len() {
            0 => {
                fault = fault.line("no block devices are here: is the disk's driver in this image?")
            }
            n => {
                if !unreadable.is_empty() {
                    fault = fault.line(format_args!("read errors on:{unreadable}"));
                }
                fault = fault.line(format_args!("{n} block devices are here:"));
                for line in lines.iter().take(16) {
                    fault = fault.line(line);
                }
                if n > 16 {
                    fault = fault.line(format_args!("and {} more", n - 16));
                }
            }
        }
        fault
    }
}

fn row<'t>(tables: &'t mut Tables, device: &Device) -> Option<&'t Partition> {
    tables.row(device).map(|(_, row)| row)
}

/// `UUID/PARTNROFF=N` taken apart (`block/early-lookup.c`).
fn part_offset(value: &[u8]) -> (&[u8], i32) {
    let Some(at) = value.iter().position(|&b| b == b'/') else { return (value, 0) };
    let (uuid, rest) = value.split_at_checked(at).unwrap_or((value, b""));
    let number = rest.strip_prefix(b"/PARTNROFF=").and_then(|text| str::from_utf8(text).ok());
    (uuid, number.and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// The partition that the boot loader was read from, as it left word in an EFI
/// variable: attributes (4 bytes) and UTF-16.
fn loader_partition() -> Option<Vec<u8>> {
    const FOLDER: &str = "/sys/firmware/efi/efivars";
    nix::unistd::access("/sys/firmware/efi", nix::unistd::AccessFlags::F_OK).ok()?;
    let none: Option<&str> = None;
    let mounted =
        mount(Some("efivarfs"), FOLDER, Some("efivarfs"), MsFlags::MS_RDONLY, none).is_ok();
    let bytes = read_small(LOADER, 256);
    if mounted {
        let _ = umount2(FOLDER, MntFlags::MNT_DETACH);
    }
    let text: Vec<u8> = bytes.ok()?.get(4..)?.iter().copied().filter(|&b| b != 0).collect();
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_of_partitions() {
        assert_eq!(part_offset(b"cafe-01/PARTNROFF=1"), (&b"cafe-01"[..], 1));
        assert_eq!(part_offset(b"cafe-01/PARTNROFF=-1"), (&b"cafe-01"[..], -1));
        assert_eq!(part_offset(b"cafe-01"), (&b"cafe-01"[..], 0));
        assert_eq!(part_offset(b"cafe-01/x"), (&b"cafe-01"[..], 0));
    }
}
