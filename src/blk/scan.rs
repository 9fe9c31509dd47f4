//! Which block devices there are, and which of them a tag means.
//!
//! sysfs says what there is, the devices themselves what is on them, the whole
//! disk's table what a partition is called. Where several devices answer to
//! one name, all are told; [`best`] is the rule for who needs just one.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};

use super::probe::tables::{Partition, Table, table};
use super::probe::{Content, Disk, Source, Usage, Value, content, value};
use crate::order;
use crate::sys::block;
use crate::sys::folder;

/// An open device or image.
pub struct Opened {
    file: File,
    size: u64,
    /// Size of its sectors in bytes.
    pub sector: u32,
    /// It is a block device, not a file.
    pub is_device: bool,
}

impl Source for Opened {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> bool {
        self.file.read_exact_at(buffer, offset).is_ok()
    }

    fn expect(&self, offset: u64, length: u64) {
        if let (true, Ok(offset), Ok(length)) =
            (self.is_device, offset.try_into(), length.try_into())
        {
            let advice = PosixFadviseAdvice::POSIX_FADV_WILLNEED;
            let _ = posix_fadvise(&self.file, offset, length, advice);
        }
    }
}

impl AsFd for Opened {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// Opens a device or a file to look at it.
#[inline(never)]
pub fn open(path: &Path) -> io::Result<Opened> {
    // O_NONBLOCK: a drive without a disc must not hold us up.
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let meta = file.metadata()?;
    let is_device = meta.file_type().is_block_device();
    let mut sector = 512;
    let size = if is_device {
        // A few places of it are read, and nothing near them.
        let _ = posix_fadvise(&file, 0, 0, PosixFadviseAdvice::POSIX_FADV_RANDOM);
        sector = block::ask(file.as_fd(), block::SECTOR_SIZE).unwrap_or(512);
        block::ask_wide(file.as_fd(), block::SIZE)?
    } else if meta.is_file() {
        meta.len()
    } else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    if !sector.is_power_of_two() || !(512..=65536).contains(&sector) {
        sector = 512;
    }
    Ok(Opened { file, size, sector, is_device })
}

/// A part of a disk.
pub struct Part<'a> {
    /// The disk.
    pub whole: &'a dyn Source,
    /// Where it starts.
    pub offset: u64,
    /// How long it is.
    pub length: u64,
}

impl Source for Part<'_> {
    fn size(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> bool {
        self.offset.checked_add(offset).is_some_and(|at| self.whole.read_at(at, buffer))
    }
}

/// What is on a device.
pub struct Look {
    /// Filesystem, swap or member of a volume.
    pub content: Content,
    /// The partition table.
    pub table: Option<Table>,
    /// Some of it could not be read.
    pub unreadable: bool,
}

/// Looks at everything. A member of a RAID may show the array's table, which
/// is not its own.
#[inline(never)]
pub fn look(source: &dyn Source, sector: u32) -> Look {
    let mut disk = Disk::new(source);
    disk.sector = sector;
    let content = content(&mut disk, &|_, _| true);
    let raid = matches!(&content, Content::One(found) if found.usage == Usage::Raid);
    let table = if raid { None } else { table(&mut disk) };
    Look { content, table, unreadable: disk.unreadable }
}

/// A block device of the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The kernel's name: `sda1`, `cciss!c0d0`.
    pub name: Vec<u8>,
    /// Device number.
    pub number: (u32, u32),
    /// Size in sectors of 512 bytes.
    pub size: u64,
    /// The number of the partition, when it is one.
    pub partition: Option<u32>,
    /// The kernel's name of the whole disk of a partition.
    pub parent: Vec<u8>,
}

impl Device {
    /// The node: below /dev, of mapped devices by name where that is there.
    pub fn path(&self) -> PathBuf {
        if self.name.starts_with(b"dm-")
            && let Some(name) = attribute(&self.name, "dm/name")
        {
            let path = Path::new("/dev/mapper").join(OsStr::from_bytes(&name));
            if path.exists() {
                return path;
            }
        }
        node(&self.name)
    }
}

/// The node of a kernel's name.
pub fn node(name: &[u8]) -> PathBuf {
    let mut path = b"/dev/".to_vec();
    path.extend(name.iter().map(|&b| if b == b'!' { b'/' } else { b }));
    PathBuf::from(OsStr::from_bytes(&path))
}

/// Where sysfs has a device's folder.
pub fn sysfs(name: &[u8]) -> PathBuf {
    Path::new("/sys/class/block").join(OsStr::from_bytes(name))
}

/// The text of an attribute in sysfs, without the end of the line.
#[inline(never)]
pub fn attribute(name: &[u8], file: &str) -> Option<Vec<u8>> {
    let mut text = crate::sys::file::read(sysfs(name).join(file)).ok()?;
    while text.last().is_some_and(u8::is_ascii_whitespace) {
        text.pop();
    }
    Some(text)
}

/// A number in an attribute.
pub fn attribute_number(name: &[u8], file: &str) -> Option<u64> {
    str::from_utf8(&attribute(name, file)?).ok()?.parse().ok()
}

/// One device by its kernel name.
#[inline(never)]
pub fn device(name: &[u8]) -> Option<Device> {
    let text = attribute(name, "dev")?;
    let text = str::from_utf8(&text).ok()?;
    let (major, minor) = text.split_once(':')?;
    let number = (major.parse().ok()?, minor.parse().ok()?);
    let size = attribute_number(name, "size").unwrap_or(0);
    let partition = attribute_number(name, "partition").and_then(|n| u32::try_from(n).ok());
    let mut parent = Vec::new();
    if partition.is_some() {
        let link = std::fs::read_link(sysfs(name)).ok()?;
        parent = link.parent()?.file_name()?.as_bytes().to_vec();
    }
    Some(Device { name: name.to_vec(), number, size, partition, parent })
}

/// All block devices, sorted by name with numbers as numbers; those without a
/// medium as well.
#[inline(never)]
pub fn devices() -> Vec<Device> {
    let mut list: Vec<Device> = Vec::new();
    for name in folder::names(Path::new("/sys/class/block")) {
        list.extend(device(name.as_bytes()));
    }
    if list.is_empty() {
        list = from_partitions(&crate::sys::file::read("/proc/partitions").unwrap_or_default());
    }
    order::sort_by(&mut list, |a, b| by_name(&a.name, &b.name));
    list
}

/// The kernel's order of names: `sdb` before `sdaa`, `sda2` before `sda10`.
#[inline(never)]
pub fn by_name(a: &[u8], b: &[u8]) -> Ordering {
    let split = |name: &[u8], digits: bool| {
        name.iter().take_while(|b| b.is_ascii_digit() == digits).count()
    };
    let (mut a, mut b, mut digits) = (a, b, false);
    while !a.is_empty() && !b.is_empty() {
        let (x, rest_a) = a.split_at(split(a, digits));
        let (y, rest_b) = b.split_at(split(b, digits));
        let order = x.len().cmp(&y.len()).then_with(|| x.cmp(y));
        if order != Ordering::Equal {
            return order;
        }
        (a, b, digits) = (rest_a, rest_b, !digits);
    }
    a.len().cmp(&b.len())
}

/// What `/proc/partitions` tells, where there is no sysfs.
fn from_partitions(text: &[u8]) -> Vec<Device> {
    let mut list = Vec::new();
    for line in text.split(|&b| b == b'\n').skip(2) {
        let words: Vec<&str> =
            str::from_utf8(line).unwrap_or_default().split_ascii_whitespace().collect();
        if let [major, minor, blocks, name] = words[..]
            && let (Ok(major), Ok(minor), Ok(blocks)) =
                (major.parse(), minor.parse(), blocks.parse::<u64>())
        {
            list.push(Device {
                name: name.as_bytes().to_vec(),
                number: (major, minor),
                size: blocks.saturating_mul(2),
                partition: None,
                parent: Vec::new(),
            });
        }
    }
    list
}

/// The tables of whole disks, each read once.
#[derive(Default)]
pub struct Tables(Vec<(Vec<u8>, Option<Table>)>);

impl Tables {
    /// Forgets them: disks have come or changed.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The table of the disk of this kernel name.
    #[inline(never)]
    pub fn of(&mut self, disk: &[u8]) -> Option<&Table> {
        if !self.0.iter().any(|(name, _)| name == disk) {
            let found = open(&node(disk)).ok().and_then(|opened| {
                let mut bytes = Disk::new(&opened);
                bytes.sector = opened.sector;
                table(&mut bytes)
            });
            self.0.push((disk.to_vec(), found));
        }
        self.0.iter().find(|(name, _)| name == disk)?.1.as_ref()
    }

    /// The row of a partition in its disk's table, and the kind of the table.
    pub fn row(&mut self, device: &Device) -> Option<(&'static str, &Partition)> {
        let number = device.partition?;
        let table = self.of(&device.parent)?;
        Some((table.kind, table.partitions.iter().find(|p| p.number == number)?))
    }
}

/// What a device can be found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// `UUID` of what is on it.
    Uuid,
    /// `LABEL` of what is on it.
    Label,
    /// `PARTUUID`.
    PartUuid,
    /// `PARTLABEL`.
    PartLabel,
    /// `ID`, a name as below /dev/disk/by-id.
    Id,
    /// A name as below /dev/disk/by-path.
    Path,
}

/// The tags: name, and the folder below /dev/disk.
pub const TAGS: [(Tag, &str, &str); 6] = [
    (Tag::Uuid, "UUID", "by-uuid"),
    (Tag::Label, "LABEL", "by-label"),
    (Tag::PartUuid, "PARTUUID", "by-partuuid"),
    (Tag::PartLabel, "PARTLABEL", "by-partlabel"),
    (Tag::Id, "ID", "by-id"),
    (Tag::Path, "PATH", "by-path"),
];

/// A device, and what was on it when it was looked at.
pub struct Seen {
    /// The device.
    pub device: Device,
    /// Names and values, with `TYPE` and `USAGE`; none of devices that are
    /// empty, unreadable or ambivalent.
    pub values: Vec<Value>,
    /// Types that exclude each other.
    pub ambivalent: String,
    /// Parts of it could not be read.
    pub unreadable: bool,
    looked: bool,
}

impl Seen {
    /// Looks at what is on the device.
    #[inline(never)]
    fn look(&mut self) {
        self.looked = true;
        let opened = match open(&node(&self.device.name)) {
            Ok(opened) => opened,
            Err(_) => {
                self.unreadable = true;
                return;
            }
        };
        let mut disk = Disk::new(&opened);
        disk.sector = opened.sector;
        let found = content(&mut disk, &|_, _| true);
        self.unreadable = disk.unreadable;
        self.ambivalent = found.ambivalent();
        if let Content::One(mut found) = found {
            found.values.push(("TYPE", found.kind.into()));
            found.values.push(("USAGE", found.usage.name().into()));
            self.values = found.values;
        }
    }

    /// A value of what is on it.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        value(&self.values, name)
    }
}

/// The values of what is on a device, with its type as `TYPE`; none of
/// unreadable or ambivalent ones.
pub fn values(device: &Device) -> Vec<Value> {
    let mut seen = Seen::of(device.clone());
    seen.look();
    seen.values
}

impl Seen {
    fn of(device: Device) -> Seen {
        let (values, ambivalent) = (Vec::new(), String::new());
        Seen { device, values, ambivalent, unreadable: false, looked: false }
    }
}

/// Devices that were looked at, and what was on them: for lookups that are
/// done again whenever another device comes.
#[derive(Default)]
pub struct Cache {
    known: Vec<Seen>,
    tables: Tables,
}

impl Cache {
    /// The devices and what is on them.
    pub fn known(&self) -> &[Seen] {
        &self.known
    }

    /// The devices, and the rows of their tables.
    pub fn parts(&mut self) -> (&[Seen], &mut Tables) {
        (&self.known, &mut self.tables)
    }

    /// Forgets a device that changed, by its kernel name.
    pub fn forget(&mut self, name: &[u8]) {
        self.known.retain(|seen| seen.device.name != name);
        self.tables.0.retain(|(disk, _)| disk != name);
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.known.clear();
        self.tables.0.clear();
    }

    /// Brings the list up to date: devices that are new, or have another size
    /// or number, are looked at when `probe`.
    #[inline(never)]
    pub fn update(&mut self, probe: bool) {
        let mut old = std::mem::take(&mut self.known);
        for device in devices() {
            let at = old.iter().position(|seen| seen.device == device);
            let mut seen = match at {
                Some(at) => old.swap_remove(at),
                None => {
                    self.tables.0.retain(|(disk, _)| *disk != device.name);
                    Seen::of(device)
                }
            };
            if probe && !seen.looked && seen.device.size > 2 {
                seen.look();
            }
            self.known.push(seen);
        }
        for gone in old {
            self.tables.0.retain(|(disk, _)| *disk != gone.device.name);
        }
    }

    /// The devices with this tag.
    #[inline(never)]
    pub fn find(&mut self, tag: Tag, wanted: &[u8]) -> Vec<Device> {
        let mut list = Vec::new();
        for seen in &self.known {
            let device = &seen.device;
            let hit = match tag {
                Tag::Uuid => seen.get("UUID").is_some_and(|v| same(v, wanted)),
                Tag::Label => seen.get("LABEL") == Some(wanted),
                Tag::PartUuid => {
                    self.tables.row(device).is_some_and(|(_, row)| same(&row.uuid, wanted))
                }
                Tag::PartLabel => {
                    self.tables.row(device).is_some_and(|(_, row)| row.name == wanted)
                }
                Tag::Id => super::names::by_id(device).iter().any(|name| name == wanted),
                Tag::Path => super::names::by_path(device).is_some_and(|name| name == wanted),
            };
            if hit {
                list.push(device.clone());
            }
        }
        list
    }
}

/// UUIDs are the same in letters of either case.
fn same(a: &[u8], b: &[u8]) -> bool {
    !a.is_empty() && a.eq_ignore_ascii_case(b)
}

/// All devices with this tag.
pub fn find(tag: Tag, wanted: &[u8]) -> Vec<Device> {
    let mut cache = Cache::default();
    cache.update(matches!(tag, Tag::Uuid | Tag::Label));
    cache.find(tag, wanted)
}

/// Of several devices with one tag: what is not part of another device comes
/// first (the volume before its members, the array before its disks), then
/// mapped devices, then the order of the names.
#[inline(never)]
pub fn best(devices: &[Device]) -> Option<&Device> {
    devices.iter().min_by_key(|device| {
        let held = !folder::names(&sysfs(&device.name).join("holders")).is_empty();
        (held, !device.name.starts_with(b"dm-"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_names() {
        let mut names: [&[u8]; 7] = [b"sdaa", b"sda10", b"sda", b"sdb", b"sda2", b"md1", b"md0p1"];
        names.sort_by(|a, b| by_name(a, b));
        assert_eq!(names, [&b"md0p1"[..], b"md1", b"sda", b"sda2", b"sda10", b"sdb", b"sdaa"]);
    }

    #[test]
    fn lines_of_proc() {
        let text = b"major minor  #blocks  name\n\n 254        0      10240 vda\n x\n";
        let list = from_partitions(text);
        assert_eq!(list.len(), 1);
        assert_eq!((list[0].number, list[0].size), ((254, 0), 20480));
    }

    #[test]
    fn nodes() {
        assert_eq!(node(b"cciss!c0d0p1"), Path::new("/dev/cciss/c0d0p1"));
    }
}
