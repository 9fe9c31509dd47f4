//! Mounting what is on disks: by any name that `root=` knows, as what the
//! superblock says, from an image file on another filesystem, and /usr of a
//! root that has it elsewhere.

use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::mount::MsFlags;
use nix::unistd::{AccessFlags, access};

use super::Fault;
use super::mounts;
use super::plan::{HOST, Mount, Place, SYSROOT, Source};
use super::steps::Worker;
use crate::applet::{show, show_bytes};
use crate::blk::probe::{Content, Disk, Source as _, Usage, le64};
use crate::blk::scan;
use crate::cmdline::{Limit, Mark};
use crate::dev::{read_small, virtio};
use crate::fstab;
use crate::fsutil::loops;
use crate::sys::loopdev;
use crate::sys::{btrfs, path::open};

mod search;
mod wait;

use search::{Hit, Search};
use wait::Wait;

/// What came of trying a device.
enum Tried {
    /// It can still become good: a member is missing, it has just gone.
    Later(Fault),
    /// It will not.
    Final(Fault),
}

/// How a device is to be mounted.
struct How<'a> {
    path: &'a [u8],
    flags: MsFlags,
    data: &'a [u8],
}

impl Worker<'_> {
    /// Mounts a device, as soon as it is there.
    pub(super) fn mount_disk(
        &mut self,
        step: &Mount,
        path: &[u8],
        flags: MsFlags,
        data: &[u8],
    ) -> Result<(), Fault> {
        let mut search = Search::new(step.source);
        let mut wait = Wait::new(step.limit);
        let what = step.source.to_string();
        let mut last: Option<Fault>;
        let how = How { path, flags, data };
        loop {
            if let Some(hit) = search.find(self) {
                match self.try_disk(step, &hit, &how, &mut search, false) {
                    Ok(()) => return Ok(()),
                    Err(Tried::Final(fault)) => return Err(fault),
                    Err(Tried::Later(fault)) => last = Some(fault),
                }
            } else {
                last = None;
            }
            if wait.more(self, &mut search.cache, &what) {
                continue;
            }
            if last.is_some()
                && let Some(hit) = search.find(self)
                && self.try_disk(step, &hit, &how, &mut search, true).is_ok()
            {
                return Ok(());
            }
            let fault = last.unwrap_or_else(|| search.fault());
            return Err(self.with_modules(fault));
        }
    }

    /// Tries one device; `last` when time is up and less than all has to do.
    fn try_disk(
        &mut self,
        step: &Mount,
        hit: &Hit,
        how: &How,
        search: &mut Search,
        last: bool,
    ) -> Result<(), Tried> {
        let node = hit.node.as_slice();
        let mut types: Vec<Vec<u8>> = step.types.iter().map(|kind| kind.to_vec()).collect();
        let held = match search.held(node) {
            Some(held) => held,
            None => look(node).map_err(Tried::Later)?,
        };
        if types.is_empty() {
            types = types_of(node, &held).map_err(Tried::Final)?;
        }
        if types.iter().any(|kind| kind == b"btrfs") && held.kind == b"btrfs" {
            let degraded = how.data.split(|&b| b == b',').any(|word| word == b"degraded");
            self.gather_btrfs(node, &held.uuid, search, last && degraded)?;
        }
        let mut flags = how.flags;
        if hit.read_only {
            flags |= MsFlags::MS_RDONLY;
        }
        let types: Vec<&[u8]> = types.iter().map(Vec::as_slice).collect();
        self.mount_types(node, how.path, &types, flags, how.data).map_err(|fault| {
            // One that has gone may come back.
            let gone = access(node, AccessFlags::F_OK).is_err()
                || matches!(fault.errno, Some(libc::ENXIO | libc::ENOMEDIUM));
            if gone { Tried::Later(fault) } else { Tried::Final(self.with_modules(fault)) }
        })
    }

    /// Mounts a device as the first of these types that it is.
    fn mount_types(
        &mut self,
        node: &[u8],
        path: &[u8],
        types: &[&[u8]],
        flags: MsFlags,
        data: &[u8],
    ) -> Result<(), Fault> {
        let mut errno = Errno::EINVAL;
        let mut unknown = Vec::new();
        for kind in types {
            if !virtio::knows_filesystem(kind) {
                self.load_filesystem(kind);
                if !virtio::knows_filesystem(kind) {
                    unknown.push(show_bytes(kind).to_string());
                    continue;
                }
            }
            let mut result = mounts::mount_bytes(node, path, kind, flags, data);
            if matches!(result, Err(Errno::EROFS | Errno::EACCES)) {
                // A device that cannot be written to: a failed rw is tried ro.
                let flags = flags | MsFlags::MS_RDONLY;
                result = mounts::mount_bytes(node, path, kind, flags, data);
            }
            match result {
                Ok(()) => return Ok(()),
                // Not of this type.
                Err(Errno::EINVAL) => {}
                Err(other) => errno = other,
            }
        }
        let tried = || {
            let names: Vec<String> = types.iter().map(|k| show_bytes(k).to_string()).collect();
            names.join(", ")
        };
        if !types.is_empty() && unknown.len() == types.len() {
            let text = format!("this kernel has no file system {}", unknown.join(", "));
            return Err(Fault { text, errno: Some(libc::ENODEV) });
        }
        let what = show_bytes(node);
        Err(match errno {
            Errno::EINVAL if types.len() == 1 => Fault {
                text: format!("{what}: {} refuses it: a mount option, or it is damaged", tried()),
                errno: Some(errno as i32),
            },
            Errno::EINVAL => Fault {
                text: format!("{what}: no file system that this kernel knows"),
                errno: Some(errno as i32),
            }
            .line(format_args!("tried as {}", tried())),
            errno => Fault::os(what, errno).line(format_args!("tried as {}", tried())),
        })
    }

    /// Tells btrfs of all members of a volume; `Later` while some are missing.
    fn gather_btrfs(
        &mut self,
        node: &[u8],
        uuid: &[u8],
        search: &mut Search,
        fewer_will_do: bool,
    ) -> Result<(), Tried> {
        let wanted = members(node).unwrap_or(1);
        if wanted <= 1 {
            return Ok(());
        }
        self.load_filesystem(b"btrfs");
        search.cache.update(true);
        let mut nodes: Vec<Vec<u8>> = Vec::new();
        let mut ids: Vec<Vec<u8>> = Vec::new();
        for seen in search.cache.known() {
            if seen.get("TYPE") != Some(b"btrfs") || seen.get("UUID") != Some(uuid) {
                continue;
            }
            // The same member by two ways counts once.
            let id = seen.get("UUID_SUB").unwrap_or_default().to_vec();
            if !ids.contains(&id) {
                ids.push(id);
                nodes.push(seen.device.path().as_os_str().as_bytes().to_vec());
            }
        }
        let here = nodes.len() as u64;
        if here < wanted && !fewer_will_do {
            let mut fault = Fault::new(format!(
                "{here} of {wanted} devices of the btrfs {} are here",
                show_bytes(uuid)
            ));
            for node in &nodes {
                fault = fault.line(show_bytes(node));
            }
            return Err(Tried::Later(fault.line("rootflags=degraded mounts it all the same")));
        }
        match open("/dev/btrfs-control", OFlag::O_RDWR) {
            Ok(control) => {
                for node in &nodes {
                    if let Err(errno) = btrfs::scan_device(control.as_fd(), node) {
                        self.note(&format!("{}: btrfs: {errno}", show_bytes(node)));
                    }
                }
            }
            Err(errno) => self.note(&format!("/dev/btrfs-control: {errno}")),
        }
        Ok(())
    }

    /// Mounts an image file that is on [`HOST`].
    pub(super) fn mount_image(
        &mut self,
        step: &Mount,
        file: &[u8],
        path: &[u8],
        flags: MsFlags,
        data: &[u8],
    ) -> Result<(), Fault> {
        self.load(b"loop");
        let whole = [HOST.as_bytes(), b"/", file.trim_ascii_start()].concat();
        let mut setup = loops::Setup { flags: loopdev::AUTOCLEAR, ..loops::Setup::default() };
        if step.read_only {
            setup.flags |= loopdev::READ_ONLY;
        }
        let attached = loops::attach(Path::new(OsStr::from_bytes(&whole)), &setup)
            .map_err(|error| Fault { text: error.to_string(), errno: error.errno() })?;
        let node = attached.path.as_os_str().as_bytes();
        let mut types: Vec<Vec<u8>> = step.types.iter().map(|kind| kind.to_vec()).collect();
        if types.is_empty() {
            types = types_of(node, &look(node)?)?;
        }
        let types: Vec<&[u8]> = types.iter().map(Vec::as_slice).collect();
        self.mount_types(node, path, &types, flags, data).map_err(|fault| {
            self.with_modules(fault.line(format_args!("the image is {}", show_bytes(file))))
        })
    }

    /// Mounts /usr where the root's fstab has it on a device of its own. That
    /// it does not come is a fault when the root has no init without it, which
    /// the check of the init then says.
    pub(super) fn mount_usr(&mut self, read_only: bool, limit: Limit) -> Result<(), Fault> {
        let table = format!("{SYSROOT}/etc/fstab");
        let Ok(text) = read_small(&table, 1 << 20) else { return Ok(()) };
        let (entries, _) = fstab::parse(&text);
        let Some(entry) = entries.iter().rev().find(|e| e.target == b"/usr") else { return Ok(()) };
        if entry.has_option(b"noauto") || entry.has_option(b"bind") {
            return Ok(());
        }
        let path = format!("{SYSROOT}/usr");
        if self.again {
            mounts::clear(path.as_bytes());
        }
        let Some(source) = source_of(&entry.source) else {
            self.note(&format!("/usr is on {}: not mounted", show_bytes(&entry.source)));
            return Ok(());
        };
        // Words of fstab that are for others than the kernel.
        let ours = |word: &&[u8]| {
            let name = word.split(|&b| b == b'=').next().unwrap_or_default();
            !matches!(
                name,
                b"defaults" | b"auto" | b"nofail" | b"user" | b"users" | b"owner" | b"_netdev"
            ) && !name.starts_with(b"x-")
        };
        let words: Vec<&[u8]> = entry.options.split(|&b| b == b',').filter(ours).collect();
        let words = words.join(&b',');
        let kinds: Vec<&[u8]> = entry.fstype.split(|&b| b == b',').collect();
        let kinds = if entry.fstype == b"auto" { Vec::new() } else { kinds };
        let step =
            Mount { source, place: Place::Usr, read_only, flags: &words, types: kinds, limit };
        self.mount(&step).map_err(|mut fault| {
            fault.text.insert_str(0, "/usr of the root's fstab: ");
            fault
        })
    }
}

/// What fstab names, if it is a device.
fn source_of(spec: &[u8]) -> Option<Source<'_>> {
    for (mark, name) in [
        (Mark::Uuid, &b"UUID="[..]),
        (Mark::Label, b"LABEL="),
        (Mark::PartUuid, b"PARTUUID="),
        (Mark::PartLabel, b"PARTLABEL="),
        (Mark::Id, b"ID="),
        (Mark::Uuid, b"/dev/disk/by-uuid/"),
        (Mark::Label, b"/dev/disk/by-label/"),
        (Mark::PartUuid, b"/dev/disk/by-partuuid/"),
        (Mark::PartLabel, b"/dev/disk/by-partlabel/"),
        (Mark::Id, b"/dev/disk/by-id/"),
        (Mark::Path, b"/dev/disk/by-path/"),
    ] {
        if let Some(value) = spec.strip_prefix(name) {
            let value = value.strip_prefix(b"\"").unwrap_or(value);
            return Some(Source::Marked(mark, value.strip_suffix(b"\"").unwrap_or(value)));
        }
    }
    spec.starts_with(b"/dev/").then_some(Source::Device(spec))
}

/// What a device holds, for who mounts it; empty where that is nothing, or
/// things that exclude each other.
#[derive(Default)]
struct Held {
    kind: Vec<u8>,
    usage: Vec<u8>,
    uuid: Vec<u8>,
}

/// What is on the device.
fn look(node: &[u8]) -> Result<Held, Fault> {
    let path = Path::new(OsStr::from_bytes(node));
    let opened = scan::open(path).map_err(|error| {
        let errno = error.raw_os_error();
        let text = format!("{}: {}", show(path), crate::applet::reason(&error));
        Fault { text, errno }
    })?;
    let mut disk = Disk::new(&opened);
    disk.sector = opened.sector;
    let content = crate::blk::probe::content(&mut disk, &|_, _| true);
    if content == Content::Nothing && disk.unreadable {
        return Err(Fault {
            text: format!("{}: it cannot be read (input/output error)", show(path)),
            errno: Some(libc::EIO),
        });
    }
    let Content::One(found) = content else { return Ok(Held::default()) };
    Ok(Held {
        kind: found.kind.into(),
        usage: found.usage.name().into(),
        uuid: found.get("UUID").unwrap_or_default().to_vec(),
    })
}

/// How many devices a btrfs has, of the superblock of one.
fn members(node: &[u8]) -> Option<u64> {
    let opened = scan::open(Path::new(OsStr::from_bytes(node))).ok()?;
    let mut count = [0; 8];
    opened.read_at(0x10000 + 136, &mut count).then(|| le64(&count, 0))
}

/// The types to try: what the superblock says, or all that are known.
fn types_of(node: &[u8], held: &Held) -> Result<Vec<Vec<u8>>, Fault> {
    let kind = held.kind.as_slice();
    if kind.is_empty() {
        let known = read_small("/proc/filesystems", 8192).unwrap_or_default();
        let types = known
            .split(|&b| b == b'\n')
            .filter_map(|line| line.strip_prefix(b"\t"))
            .filter(|name| !name.is_empty())
            .map(<[u8]>::to_vec)
            .collect();
        return Ok(types);
    }
    if held.usage == Usage::Filesystem.name().as_bytes() {
        return Ok(match kind {
            b"ntfs" => vec![b"ntfs3".to_vec(), kind.to_vec()],
            b"ext2" | b"ext3" => vec![kind.to_vec(), b"ext4".to_vec()],
            _ => vec![kind.to_vec()],
        });
    }
    let kind = str::from_utf8(kind).unwrap_or_default();
    let is = match kind {
        "swap" => "swap space",
        "swsuspend" => "the image of a suspended system",
        "crypto_LUKS" => "encrypted with LUKS",
        "LVM2_member" => "a physical volume of LVM",
        "linux_raid_member" => "a member of a RAID",
        other => other,
    };
    Err(Fault::new(format!("{} is {is}, not a file system", show_bytes(node))))
}
