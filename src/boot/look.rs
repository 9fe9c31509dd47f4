//! Looks around after a failure, for [`super::explain`]. All of it is done in a
//! child that PID 1 does not wait long for: a disk may not answer.

use std::os::fd::AsFd;

use nix::fcntl::OFlag;

use super::check::runnable;
use super::explain::{Block, Orphan, Seen, hint};
use super::plan::{INITS, Init, Run, SYSROOT, Source, Step};
use super::supervise::Supervisor;
use crate::applet::show_bytes;
use crate::blk::scan::Cache;
use crate::cmdline::Root;
use crate::dev::{names, read_small, virtio};
use crate::kmsg;
use crate::sys;
use crate::sys::path::open;

/// The kernel's messages are read to this length.
const LOG_MAX: usize = 256 << 10;

/// So long before a step its causes are looked for in the kernel's messages.
const BEFORE: u64 = 2_000_000;

/// In a folder with more names no misspelt one is looked for.
const NAMES_MAX: usize = 4096;

/// Everything that [`super::explain`] may want to know about step `failed`.
pub fn seen(boot: &Supervisor, failed: usize) -> Seen {
    let Some(step) = boot.steps.get(failed) else { return Seen::default() };
    let root = if boot.switched { "/" } else { SYSROOT };
    let late = matches!(step, Step::CheckRoot { .. } | Step::CheckInit(_) | Step::Switch(_));
    let mut seen = Seen {
        orphans: orphans(),
        modules: boot.log.module_notes().map(String::from).collect(),
        kernel: kernel(boot.log.started(0) / 1000, boot.log.started(failed) / 1000),
        filesystems: filesystems(),
        memory: memory(),
        ..Seen::default()
    };
    if !boot.switched {
        seen.blocks = blocks();
    }
    seen.tags = match step {
        Step::Mount(mount) if matches!(mount.source, Source::NineP(_)) => Some(virtio::tags_9p()),
        _ => virtio::tags(),
    };
    // Reading a root that has hung once would hang again.
    if late && boot.fate == super::explain::Fate::Told {
        seen.top = names(root);
        seen.programs = programs(root, step);
    }
    let network = matches!(boot.cmdline.root, Some(Root::Nfs(_)))
        || boot.cmdline.kept.iter().any(|k| k.name == b"ip");
    if network {
        seen.links = links();
    }
    seen
}

fn text(path: &str) -> String {
    let bytes = read_small(path, 256).unwrap_or_default();
    String::from_utf8_lossy(&bytes).trim_end().to_string()
}

/// The block devices that are not in memory, and what is on them.
pub fn blocks() -> Vec<Block> {
    let mut cache = Cache::default();
    cache.update(true);
    let (known, tables) = cache.parts();
    let mut list = Vec::new();
    for seen in known {
        let device = &seen.device;
        let in_memory = device.name.starts_with(b"ram") || device.name.starts_with(b"zram");
        if in_memory || device.size == 0 {
            continue;
        }
        let mut block = Block {
            name: device.name.clone(),
            bytes: device.size.saturating_mul(512),
            kind: seen.get("TYPE").unwrap_or_default().to_vec(),
            disk: device.partition.map(|_| device.parent.clone()),
            ..Block::default()
        };
        for tag in ["UUID", "LABEL"] {
            block.tags.extend(seen.get(tag).map(|value| (tag, value.to_vec())));
        }
        if let Some((_, row)) = tables.row(device) {
            for (tag, value) in [("PARTUUID", &row.uuid), ("PARTLABEL", &row.name)] {
                if !value.is_empty() {
                    block.tags.push((tag, value.clone()));
                }
            }
        }
        list.push(block);
    }
    list
}

/// Names of virtio's types of device, and their drivers (virtio 1.2, chapter 5).
const VIRTIO: [(u32, &str, &str, bool); 7] = [
    (1, "network", "virtio_net", false),
    (2, "block", "virtio_blk", true),
    (3, "console", "virtio_console", false),
    (8, "SCSI", "virtio_scsi", true),
    (9, "9p", "9pnet_virtio", false),
    (19, "socket", "vmw_vsock_virtio_transport", false),
    (26, "file system", "virtiofs", false),
];

/// Devices without a driver that a boot may need: virtio's, and controllers of
/// disks.
fn orphans() -> Vec<Orphan> {
    let mut list = Vec::new();
    for orphan in virtio::orphans() {
        let id = orphan.id.rsplit(':').next().unwrap_or_default();
        let id = u32::from_str_radix(id, 16).unwrap_or(0);
        // Transitional devices count from 0x1000 in an order of their own.
        let kind = match id {
            0x1000 => 1,
            0x1001 => 2,
            0x1003 => 3,
            0x1004 => 8,
            0x1009 => 9,
            _ => id.saturating_sub(0x1040),
        };
        let row = VIRTIO.iter().find(|row| row.0 == kind);
        let name = row.map_or("", |row| row.1);
        let space = if name.is_empty() { "" } else { " " };
        list.push(Orphan {
            what: format!("virtio {name}{space}device {} at {}", orphan.id, orphan.address),
            module: Some(orphan.module.into()),
            storage: row.is_none_or(|row| row.3),
        });
    }
    for device in virtio::devices().iter().filter(|device| !device.bound) {
        // What drives the rest is no concern of a boot's.
        let Some(row) = VIRTIO.iter().find(|row| row.0 == device.kind) else { continue };
        list.push(Orphan {
            what: format!("virtio {} device {}", row.1, device.name),
            module: Some(row.2.into()),
            storage: row.3,
        });
    }
    for address in names("/sys/bus/pci/devices") {
        let Ok(address) = String::from_utf8(address) else { continue };
        let dir = ["/sys/bus/pci/devices/", &address].concat();
        let class = text(&[&dir, "/class"].concat());
        let bound = nix::unistd::access(
            [&dir, "/driver"].concat().as_str(),
            nix::unistd::AccessFlags::F_OK,
        );
        let vendor = text(&[&dir, "/vendor"].concat());
        if !class.starts_with("0x01") || bound.is_ok() || vendor == "0x1af4" {
            continue;
        }
        let module = match class.get(..6) {
            Some("0x0101") => Some("ata_piix"),
            Some("0x0106") => Some("ahci"),
            Some("0x0108") => Some("nvme"),
            _ => None,
        };
        let device = text(&[&dir, "/device"].concat());
        list.push(Orphan {
            what: format!(
                "storage controller {}:{} at {address}",
                vendor.trim_start_matches("0x"),
                device.trim_start_matches("0x")
            ),
            module: module.map(String::from),
            storage: true,
        });
    }
    list
}

/// What the kernel said that may matter: errors, and what file systems said,
/// since shortly before `failed`, and warnings, of which each kernel has some
/// for any machine, since `begin` (microseconds).
fn kernel(begin: u64, failed: u64) -> Vec<String> {
    const PARTS: [&[u8]; 9] = [
        b"EXT4-fs",
        b"XFS",
        b"BTRFS",
        b"SQUASHFS",
        b"erofs",
        b"overlayfs",
        b"9p",
        b"virtiofs",
        b"I/O error",
    ];
    let log = sys::kernel_log::read_all(LOG_MAX, false).unwrap_or_default();
    kmsg::parse_log(&log)
        .filter(|r| r.facility() == 0 && r.time.saturating_add(BEFORE) >= failed)
        .filter(|r| {
            let of_part = |part: &&[u8]| r.text.windows(part.len()).any(|w| w == *part);
            let least = if r.time >= begin { 4 } else { 3 };
            r.level() <= least || PARTS.iter().any(of_part)
        })
        .map(|r| {
            let first = r.text.split(|&b| b == b'\n').next().unwrap_or_default();
            show_bytes(first).to_string()
        })
        .collect()
}

fn filesystems() -> Vec<Vec<u8>> {
    let list = read_small("/proc/filesystems", 8192).unwrap_or_default();
    let name = |line: &[u8]| line.rsplit(|&b| b == b'\t').next().unwrap_or_default().to_vec();
    list.split(|&b| b == b'\n').map(name).filter(|name| !name.is_empty()).collect()
}

/// Megabytes of memory.
fn memory() -> u64 {
    let info = read_small("/proc/meminfo", 256).unwrap_or_default();
    let info = String::from_utf8_lossy(&info);
    let total = info.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kilobytes = total.and_then(|rest| rest.split_ascii_whitespace().next()?.parse().ok());
    kilobytes.unwrap_or(0u64) / 1024
}

/// Programs of the root that could be its init: the usual ones, and those in
/// the folder of the one that is named whose names are like its name.
fn programs(root: &str, step: &Step) -> Vec<Vec<u8>> {
    let Ok(folder) = open(root, OFlag::O_PATH | OFlag::O_DIRECTORY) else { return Vec::new() };
    let mut candidates: Vec<Vec<u8>> = Vec::new();
    let named = match step {
        Step::CheckInit(Init::Path(path)) | Step::Switch(Run::Init(Init::Path(path))) => *path,
        _ => b"",
    };
    if let Some(at) = named.iter().rposition(|&b| b == b'/') {
        let (dir, name) = named.split_at_checked(at + 1).unwrap_or_default();
        let there = names(&[root, "/", &String::from_utf8_lossy(dir)].concat());
        let close = |other: &&Vec<u8>| hint::distance(name, other, 2).is_some();
        for other in there.iter().take(NAMES_MAX).filter(close).take(8) {
            candidates.push([dir, other].concat());
        }
    }
    candidates.extend(INITS.iter().map(|path| path.to_vec()));
    candidates.push(b"/lib/systemd/systemd".to_vec());
    candidates.retain(|path| runnable(folder.as_fd(), path).is_ok());
    candidates
}

/// Network links: name, address, state.
fn links() -> Vec<String> {
    let mut list = Vec::new();
    for name in names("/sys/class/net") {
        let name = String::from_utf8_lossy(&name).into_owned();
        if name == "lo" {
            continue;
        }
        let of = |what: &str| text(&["/sys/class/net/", &name, "/", what].concat());
        let cable = match of("carrier").as_str() {
            "1" => "cable connected",
            "0" => "no cable",
            _ => "not switched on",
        };
        list.push(format!("{name} {} {} ({cable})", of("address"), of("operstate")));
    }
    if list.is_empty() {
        list.push("none: no network card, or no driver for it".into());
    }
    list
}
