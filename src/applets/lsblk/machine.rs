//! What sysfs, the mounts and the devices themselves say.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::column::{COLUMNS, Type};
use super::{Choice, base, by_number};
use crate::blk::probe::text::decoded;
use crate::blk::probe::{Content, Value, value};
use crate::blk::scan;
use crate::fsutil::users::Users;
use crate::mountinfo::{self, Mount};
use crate::sys::folder;
use crate::sys::statfs::{StatFs, statfs};
use crate::{mode, order, parttypes, size};

/// A device.
pub(super) struct Device {
    /// The kernel's name.
    pub(super) name: Vec<u8>,
    /// Its number.
    pub(super) number: (u32, u32),
    /// Sectors of 512 bytes.
    pub(super) size: u64,
    /// The disk of a partition.
    disk: Option<usize>,
    holders: Vec<Vec<u8>>,
    slaves: Vec<Vec<u8>>,
    /// What is on it, once it was asked for.
    seen: Option<Vec<Value>>,
}

/// The devices of a machine, or of a copy of its files.
pub(super) struct Machine {
    root: PathBuf,
    devices: Vec<Device>,
    mounts: Option<Vec<Mount>>,
    swaps: Vec<Vec<u8>>,
    users: Users,
    tables: scan::Tables,
}

impl Machine {
    /// Reads which devices there are.
    pub(super) fn new(root: PathBuf) -> Machine {
        let mut machine = Machine {
            root,
            devices: Vec::new(),
            mounts: None,
            swaps: Vec::new(),
            users: Users::new(),
            tables: scan::Tables::default(),
        };
        let folder = machine.root.join("sys/class/block");
        let mut disks: Vec<Vec<u8>> = Vec::new();
        for name in folder::names(&folder) {
            let name = name.as_bytes().to_vec();
            let Some(number) = machine.number(&name) else { continue };
            let size = machine.read(&name, "size").and_then(|text| digits(&text)).unwrap_or(0);
            let mut disk = Vec::new();
            if machine.read(&name, "partition").is_some()
                && let Ok(link) = std::fs::read_link(machine.folder(&name))
            {
                disk = link.parent().map(base).unwrap_or_default();
            }
            disks.push(disk);
            let names = |kind: &str| -> Vec<Vec<u8>> {
                let list = folder::names(&folder.join(OsStr::from_bytes(&name)).join(kind));
                list.iter().map(|name| name.as_bytes().to_vec()).collect()
            };
            let (holders, slaves) = (names("holders"), names("slaves"));
            machine.devices.push(Device {
                name,
                number,
                size,
                disk: None,
                holders,
                slaves,
                seen: None,
            });
        }
        for (at, disk) in disks.iter().enumerate() {
            let found = machine.find(disk);
            if let Some(device) = machine.devices.get_mut(at) {
                device.disk = found;
            }
        }
        machine
    }

    fn folder(&self, name: &[u8]) -> PathBuf {
        self.root.join("sys/class/block").join(OsStr::from_bytes(name))
    }

    /// A file of a device without its line's end.
    fn read(&self, name: &[u8], file: &str) -> Option<Vec<u8>> {
        let mut text = crate::sys::file::read(self.folder(name).join(file)).ok()?;
        if text.last() == Some(&b'\n') {
            text.pop();
        }
        Some(text)
    }

    fn number(&self, name: &[u8]) -> Option<(u32, u32)> {
        let text = self.read(name, "dev")?;
        let (major, minor) = std::str::from_utf8(&text).ok()?.split_once(':')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    }

    fn find(&self, name: &[u8]) -> Option<usize> {
        self.devices.iter().position(|device| device.name == name)
    }

    /// One of the devices.
    pub(super) fn device(&self, at: usize) -> Option<&Device> {
        self.devices.get(at)
    }

    /// Whether it is a partition.
    pub(super) fn is_part(&self, at: usize) -> bool {
        self.device(at).is_some_and(|device| device.disk.is_some())
    }

    /// Whole devices that are not made of others.
    pub(super) fn disks(&self) -> Vec<usize> {
        let whole = |d: &Device| d.disk.is_none() && d.slaves.is_empty();
        (0..self.devices.len()).filter(|&at| self.device(at).is_some_and(whole)).collect()
    }

    /// Devices that nothing is made of.
    pub(super) fn leaves(&self) -> Vec<usize> {
        (0..self.devices.len()).filter(|&at| self.above(at).is_empty()).collect()
    }

    /// The device of a node.
    pub(super) fn named(&self, path: &Path) -> Option<usize> {
        use std::os::unix::fs::FileTypeExt;
        let meta = std::fs::metadata(path).ok()?;
        let number = (nix::sys::stat::major(meta.rdev()), nix::sys::stat::minor(meta.rdev()));
        let same = |d: &Device| (d.number.0.into(), d.number.1.into()) == number;
        self.devices.iter().position(same).filter(|_| meta.file_type().is_block_device())
    }

    /// The order of two devices.
    pub(super) fn order(&self, a: usize, b: usize) -> Ordering {
        let number = |at: usize| self.device(at).map(|d| d.number).unwrap_or_default();
        by_number(number(a), number(b))
    }

    /// Sorts by number.
    pub(super) fn sort(&self, list: &mut [usize]) {
        order::sort_by(list, |&a, &b| self.order(a, b));
    }

    /// Partitions, and what is made of it.
    pub(super) fn above(&self, at: usize) -> Vec<usize> {
        let mut list: Vec<usize> = Vec::new();
        for (n, other) in self.devices.iter().enumerate() {
            let holds = self.device(at).is_some_and(|device| device.holders.contains(&other.name));
            if n != at && (other.disk == Some(at) || holds) {
                list.push(n);
            }
        }
        list
    }

    /// Its disk, and what it is made of.
    pub(super) fn below(&self, at: usize) -> Vec<usize> {
        let Some(device) = self.device(at) else { return Vec::new() };
        let mut list: Vec<usize> = device.disk.into_iter().collect();
        list.extend(device.slaves.iter().filter_map(|name| self.find(name)));
        list
    }

    /// `HOST:CHANNEL:TARGET:LUN` of a SCSI disk.
    pub(super) fn address(&self, at: usize) -> Vec<u8> {
        let Some(device) = self.device(at).filter(|d| d.disk.is_none()) else { return Vec::new() };
        let real = self.folder(&device.name).join("device").canonicalize().unwrap_or_default();
        let name = base(&real);
        let colons = name.iter().filter(|&&b| b == b':').count();
        let plain = name.iter().all(|b| b.is_ascii_digit() || *b == b':');
        if colons == 3 && plain { name } else { Vec::new() }
    }

    /// The node as a path for people.
    fn path(&self, device: &Device) -> Vec<u8> {
        match self.read(&device.name, "dm/name") {
            Some(name) => [b"/dev/mapper/", name.as_slice()].concat(),
            None => scan::node(&device.name).as_os_str().as_bytes().to_vec(),
        }
    }

    fn node(&self, device: &Device) -> PathBuf {
        let path = self.path(device);
        self.root.join(OsStr::from_bytes(path.strip_prefix(b"/").unwrap_or(&path)))
    }

    /// The mounts of a device, the last one first, and whether it is swap.
    fn mounts_of(&mut self, at: usize) -> (Vec<&Mount>, bool) {
        if self.mounts.is_none() {
            let text =
                crate::sys::file::read(self.root.join("proc/self/mountinfo")).unwrap_or_default();
            self.mounts = Some(mountinfo::parse(&text));
            let text = crate::sys::file::read(self.root.join("proc/swaps")).unwrap_or_default();
            for line in text.split(|&b| b == b'\n').skip(1) {
                let word = line.split(|b| b.is_ascii_whitespace()).next().unwrap_or_default();
                self.swaps.push(mountinfo::unescape(word));
            }
        }
        let Some(device) = self.devices.get(at) else { return (Vec::new(), false) };
        let path = self.path(device);
        let kernel = scan::node(&device.name);
        let swap = self.swaps.iter().any(|s| {
            !s.is_empty() && (*s == path || s.as_slice() == kernel.as_os_str().as_bytes())
        });
        let mounts = self.mounts.iter().flatten().rev();
        let here = |m: &&Mount| m.device == device.number || m.source == path;
        (mounts.filter(here).collect(), swap)
    }

    /// What is on the device.
    fn look(&mut self, at: usize) -> &[Value] {
        let Some(device) = self.devices.get(at) else { return &[] };
        if device.seen.is_none() {
            let node = self.node(device);
            let values = if self.root == Path::new("/") {
                self.probed(at, &node)
            } else {
                noted(&crate::sys::file::read(&node).unwrap_or_default())
            };
            if let Some(device) = self.devices.get_mut(at) {
                device.seen = Some(values);
            }
        }
        self.devices.get(at).and_then(|device| device.seen.as_deref()).unwrap_or_default()
    }

    fn probed(&mut self, at: usize, node: &Path) -> Vec<Value> {
        let mut list = Vec::new();
        let Ok(opened) = scan::open(node) else { return list };
        let look = scan::look(&opened, opened.sector);
        if let Content::One(found) = look.content {
            list = found.values;
            list.push(("TYPE", found.kind.into()));
        }
        let mut table = look.table;
        // Of a partition the table that it is in counts.
        let disk = self.devices.get(at).and_then(|d| self.devices.get(d.disk?));
        if let Some(disk) = disk
            && let Some(device) = scan::device(self.devices.get(at).map_or(&[][..], |d| &d.name))
        {
            let name = disk.name.clone();
            if let Some((_, row)) = self.tables.row(&device) {
                for (name, text) in
                    [("PARTLABEL", &row.name), ("PARTUUID", &row.uuid), ("PARTTYPE", &row.kind)]
                {
                    list.push((name, text.clone()));
                }
                if row.flags != 0 {
                    list.push(("PARTFLAGS", format!("{:#x}", row.flags).into_bytes()));
                }
            }
            table = self.tables.of(&name).cloned();
        }
        if let Some(table) = table {
            list.push(("PTUUID", table.id));
            list.push(("PTTYPE", table.kind.into()));
        }
        list
    }

    fn found(&mut self, at: usize, name: &str) -> Vec<u8> {
        value(self.look(at), name).unwrap_or_default().to_vec()
    }

    fn space(&mut self, at: usize) -> Option<StatFs> {
        let (mounts, swap) = self.mounts_of(at);
        let mount = main(&mounts).filter(|_| !swap)?;
        statfs(OsStr::from_bytes(&mount.target)).ok().filter(|s| s.blocks > 0)
    }

    fn subsystems(&self, name: &[u8]) -> Vec<Vec<u8>> {
        let mut list: Vec<Vec<u8>> = Vec::new();
        let real = self.folder(name).canonicalize().unwrap_or_default();
        for folder in real.ancestors() {
            if let Ok(link) = std::fs::read_link(folder.join("subsystem")) {
                let name = base(&link);
                if list.last() != Some(&name) {
                    list.push(name);
                }
            }
        }
        list
    }

    fn transport(&self, name: &[u8]) -> &'static [u8] {
        let real = self.folder(name).canonicalize().unwrap_or_default();
        let has = |start: &str| {
            real.iter().any(|part| {
                let rest = part.as_bytes().strip_prefix(start.as_bytes());
                rest.is_some_and(|rest| rest.first().is_some_and(u8::is_ascii_digit))
            })
        };
        match name.get(..2) {
            Some(b"vd") => b"virtio",
            Some(b"nv") => b"nvme",
            Some(b"mm") => b"mmc",
            Some(b"sd" | b"sr") if has("usb") => b"usb",
            Some(b"sd" | b"sr") if has("ata") => b"sata",
            Some(b"sd" | b"sr") if has("end_device-") => b"sas",
            Some(b"sd" | b"sr") if has("rport-") => b"fc",
            Some(b"sd" | b"sr") if has("session") => b"iscsi",
            _ => b"",
        }
    }

    fn kind(&self, device: &Device) -> Vec<u8> {
        if device.disk.is_some() {
            return b"part".to_vec();
        }
        if let Some(uuid) = self.read(&device.name, "dm/uuid") {
            let first = uuid.split(|&b| b == b'-').next().unwrap_or_default();
            let known = uuid.contains(&b'-') && !first.is_empty();
            if known && first.to_ascii_lowercase().starts_with(b"part") {
                return b"part".to_vec();
            }
            return if known { first.to_ascii_lowercase() } else { b"dm".to_vec() };
        }
        if device.name.starts_with(b"loop") {
            return b"loop".to_vec();
        }
        if device.name.starts_with(b"md") {
            let level = self.read(&device.name, "md/level").unwrap_or_default();
            return if level.is_empty() { b"md".to_vec() } else { level.to_ascii_lowercase() };
        }
        let code = self.read(&device.name, "device/type").and_then(|text| digits(&text));
        let kind: &[u8] = match code {
            Some(1) => b"tape",
            Some(2) => b"printer",
            Some(3) => b"processor",
            Some(4) => b"worm",
            Some(5) => b"rom",
            Some(6) => b"scanner",
            Some(7) => b"mo-disk",
            Some(8) => b"changer",
            Some(12) => b"raid",
            Some(13) => b"enclosure",
            Some(14) => b"rbc",
            Some(17) => b"osd",
            _ => b"disk",
        };
        kind.to_vec()
    }

    /// A cell. `above` is the device that it is shown below.
    pub(super) fn value(
        &mut self,
        at: usize,
        above: Option<usize>,
        which: usize,
        c: &Choice,
    ) -> Vec<u8> {
        let Some(column) = COLUMNS.get(which) else { return Vec::new() };
        if !column.file.is_empty() {
            return self.of_file(at, which, c);
        }
        let scale = |n: u64| if c.bytes { n.to_string() } else { size::rounded(n) }.into_bytes();
        let Some(device) = self.devices.get(at) else { return Vec::new() };
        let whole = device.disk.is_none() && device.slaves.is_empty();
        let file = |file: &str| self.read(&device.name, file).unwrap_or_default();
        let of_disk = |file: &str| {
            if whole { self.read(&device.name, file).unwrap_or_default() } else { Vec::new() }
        };
        match column.name {
            "NAME" if c.paths => self.path(device),
            "NAME" => self.read(&device.name, "dm/name").unwrap_or_else(|| {
                device.name.iter().map(|&b| if b == b'!' { b'/' } else { b }).collect()
            }),
            "KNAME" | "PKNAME" => {
                let above = above.or(device.disk).filter(|_| column.name == "PKNAME");
                let name = match above.and_then(|at| self.device(at)) {
                    Some(above) => &above.name,
                    None if column.name == "KNAME" => &device.name,
                    None => return Vec::new(),
                };
                let path = scan::node(name).into_os_string();
                let path = path.as_bytes();
                if c.paths { path } else { path.strip_prefix(b"/dev/").unwrap_or(path) }.to_vec()
            }
            "PATH" => self.path(device),
            "MAJ:MIN" => format!("{}:{}", device.number.0, device.number.1).into_bytes(),
            "SIZE" => scale(device.size.saturating_mul(512)),
            "TYPE" => self.kind(device),
            "MODEL" => match self.found(at, "MODEL") {
                model if model.is_empty() => self.disk_file(at, "device/model"),
                model => model,
            },
            "SERIAL" => match self.found(at, "SERIAL") {
                serial if serial.is_empty() => match self.disk_file(at, "device/serial") {
                    serial if serial.is_empty() => self.disk_file(at, "serial"),
                    serial => serial,
                },
                serial => serial,
            },
            "WWN" => match self.found(at, "WWN") {
                wwn if wwn.is_empty() => self.disk_file(at, "wwid"),
                wwn => wwn,
            },
            "REV" => of_disk("device/rev"),
            "VENDOR" => of_disk("device/vendor"),
            "HCTL" => self.address(at),
            "TRAN" if device.disk.is_none() => self.transport(&device.name).to_vec(),
            "STATE" => match self.read(&device.name, "dm/suspended") {
                Some(text) if text == b"1" => b"suspended".to_vec(),
                Some(_) => b"running".to_vec(),
                None => of_disk("device/state"),
            },
            "SUBSYSTEMS" => self.subsystems(&device.name).join(&b':'),
            "HOTPLUG" => {
                let busses: [&[u8]; 5] = [b"usb", b"ieee1394", b"pcmcia", b"mmc", b"ccw"];
                let plugged = file("removable") == b"1"
                    || self.subsystems(&device.name).iter().any(|s| busses.contains(&s.as_slice()));
                if plugged { b"1" } else { b"0" }.to_vec()
            }
            "SCHED" => {
                let name = device.disk.and_then(|at| self.device(at)).unwrap_or(device);
                let text = self.read(&name.name, "queue/scheduler").unwrap_or_default();
                let inside = text.split(|&b| b == b'[').nth(1).unwrap_or(&text);
                inside.split(|&b| b == b']').next().unwrap_or_default().to_vec()
            }
            "ZONE-SZ" => match self.read(&device.name, "queue/chunk_sectors") {
                Some(text) => scale(digits(&text).unwrap_or(0).saturating_mul(512)),
                None => Vec::new(),
            },
            "OWNER" | "GROUP" | "MODE" => self.access(at, column.name),
            "FSTYPE" => self.found(at, "TYPE"),
            "FSVER" => self.found(at, "VERSION"),
            "PARTTYPENAME" => {
                let kind = self.found(at, "PARTTYPE");
                parttypes::name(&kind).unwrap_or_default().to_vec()
            }
            "LABEL" | "UUID" | "PTUUID" | "PTTYPE" | "PARTTYPE" | "PARTLABEL" | "PARTUUID"
            | "PARTFLAGS" => self.found(at, column.name),
            "FSSIZE" => self.space(at).map_or(Vec::new(), |s| scale(s.blocks * s.fragment)),
            "FSAVAIL" => self.space(at).map_or(Vec::new(), |s| scale(s.available * s.fragment)),
            "FSUSED" => {
                self.space(at).map_or(Vec::new(), |s| scale((s.blocks - s.free) * s.fragment))
            }
            "FSUSE%" => self.space(at).map_or(Vec::new(), |s| {
                let used = u128::from(s.blocks - s.free) * 100;
                let percent = (used + u128::from(s.blocks) / 2) / u128::from(s.blocks);
                format!("{percent}%").into_bytes()
            }),
            "MOUNTPOINTS" | "MOUNTPOINT" | "FSROOTS" => {
                let (mounts, swap) = self.mounts_of(at);
                let mut list: Vec<&[u8]> = if swap { vec![b"[SWAP]"] } else { Vec::new() };
                if column.name == "FSROOTS" {
                    list.clear();
                    list.extend(mounts.iter().map(|m| m.root.as_slice()));
                } else {
                    list.extend(mounts.iter().map(|m| m.target.as_slice()));
                }
                if column.name == "MOUNTPOINT" {
                    let whole = main(&mounts).map(|m| m.target.as_slice()).filter(|_| !swap);
                    return whole.or(list.first().copied()).unwrap_or_default().to_vec();
                }
                list.join(&b'\n')
            }
            _ => Vec::new(),
        }
    }

    /// A file that only whole disks have a meaning for.
    fn disk_file(&self, at: usize, file: &str) -> Vec<u8> {
        let device = self.device(at).filter(|d| d.disk.is_none() && d.slaves.is_empty());
        device.and_then(|device| self.read(&device.name, file)).unwrap_or_default()
    }

    /// A value that is a file of sysfs; a partition has its disk's.
    fn of_file(&self, at: usize, which: usize, c: &Choice) -> Vec<u8> {
        let (Some(column), Some(device)) = (COLUMNS.get(which), self.device(at)) else {
            return Vec::new();
        };
        let disk = || self.read(&self.device(device.disk?)?.name, column.file);
        let text = self.read(&device.name, column.file).or_else(disk);
        let text = text.unwrap_or_else(|| column.missing.into());
        match digits(&text) {
            Some(number) if column.kind == Type::Size && !c.bytes => {
                size::rounded(number).into_bytes()
            }
            _ => text,
        }
    }

    fn access(&mut self, at: usize, what: &str) -> Vec<u8> {
        let Some(device) = self.devices.get(at) else { return Vec::new() };
        let Ok(meta) = std::fs::metadata(self.node(device)) else { return Vec::new() };
        match what {
            "OWNER" => self.users.name_of(meta.uid()).to_vec(),
            "GROUP" => self.users.group_of(meta.gid()).to_vec(),
            _ => mode::text(meta.mode()).to_vec(),
        }
    }
}

/// The mount that stands for others: one of the whole filesystem.
fn main<'a>(mounts: &[&'a Mount]) -> Option<&'a Mount> {
    mounts.iter().find(|m| m.root == b"/").or(mounts.first()).copied()
}

fn digits(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// What a copy of a machine's files says about a device: udev's names.
fn noted(text: &[u8]) -> Vec<Value> {
    let mut list = Vec::new();
    for line in text.split(|&b| b == b'\n') {
        let Some(at) = line.iter().position(|&b| b == b'=') else { continue };
        let (key, text) = (line.get(..at).unwrap_or_default(), line.get(at + 1..));
        let name = match key {
            b"ID_FS_TYPE" => "TYPE",
            b"ID_FS_VERSION" => "VERSION",
            b"ID_FS_LABEL_ENC" => "LABEL",
            b"ID_FS_UUID_ENC" => "UUID",
            b"ID_PART_TABLE_TYPE" => "PTTYPE",
            b"ID_PART_TABLE_UUID" => "PTUUID",
            b"ID_PART_ENTRY_NAME" => "PARTLABEL",
            b"ID_PART_ENTRY_UUID" => "PARTUUID",
            b"ID_PART_ENTRY_TYPE" => "PARTTYPE",
            b"ID_PART_ENTRY_FLAGS" => "PARTFLAGS",
            b"ID_MODEL_ENC" => "MODEL",
            b"ID_SERIAL_SHORT" => "SERIAL",
            b"ID_WWN" => "WWN",
            _ => continue,
        };
        list.push((name, decoded(text.unwrap_or_default())));
    }
    list
}
