//! raidautorun: start software RAID arrays. busybox's has the kernel do it with
//! partitions of type 0xfd; newer kernels have no such code any more, and it
//! never knew arrays with superblocks of version 1, so here the members are
//! looked for and given to the driver when the kernel finds none.

use std::os::fd::AsFd;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::blk::scan::{self, Cache};
use crate::sys::block;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "raidautorun",
    summary: "start software RAID arrays",
    usage: "[DEVICE]\n\
            DEVICE is the first array's, /dev/md0 otherwise",
    kind: Kind::Fork, // waits for disks
    run,
};

/// Members of one array.
struct Array {
    uuid: Vec<u8>,
    major: i32,
    minor: i32,
    members: Vec<(u32, u32)>,
    names: String,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("")?;
    options.at_most(1)?;
    let device = options.operands.first().map_or("/dev/md0".into(), Clone::clone);
    let file = std::fs::File::open(&device).map_err(|e| Error::os(show(&device), e))?;
    let by_kernel = block::tell_number(file.as_fd(), block::AUTORUN, 0);
    drop(file);
    let mut arrays: Vec<Array> = Vec::new();
    let mut cache = Cache::default();
    cache.update(true);
    for seen in cache.known().iter().filter(|s| s.get("TYPE") == Some(b"linux_raid_member")) {
        let held = crate::sys::folder::names(&scan::sysfs(&seen.device.name).join("holders"));
        let (Some(uuid), true) = (seen.get("UUID"), held.is_empty()) else { continue };
        let version = seen.get("VERSION").unwrap_or_default();
        let old = version.starts_with(b"0.");
        let (major, minor) = match version {
            _ if old => (0, 90),
            b"1.1" => (1, 1),
            b"1.2" => (1, 2),
            _ => (1, 0),
        };
        let at = arrays.iter().position(|array| array.uuid == uuid);
        let at = at.unwrap_or_else(|| {
            let uuid = uuid.to_vec();
            arrays.push(Array { uuid, major, minor, members: Vec::new(), names: String::new() });
            arrays.len() - 1
        });
        if let Some(array) = arrays.get_mut(at) {
            array.members.push(seen.device.number);
            array.names.push_str(&format!(" {}", show_bytes(&seen.device.name)));
        }
    }
    if arrays.is_empty() {
        return by_kernel.map(|_| Status::OK).map_err(|e| Error::os(show(&device), e));
    }
    let mut free = free_arrays(&device.to_string_lossy());
    for array in &arrays {
        let Some(path) = free.pop() else {
            cx.warn("no /dev/mdN is free");
            break;
        };
        if let Err(errno) = start(&path, array) {
            cx.warn(Error::os(format_args!("{path}:{}", array.names), errno));
        }
    }
    Ok(cx.status())
}

/// Names of array devices that do not run, the first one last.
fn free_arrays(first: &str) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    for n in (0..32).rev() {
        let idle = scan::attribute_number(format!("md{n}").as_bytes(), "size").unwrap_or(0) == 0;
        let path = format!("/dev/md{n}");
        if idle && path != first {
            list.push(path);
        }
    }
    list.push(first.to_string());
    list
}

fn start(path: &str, array: &Array) -> Result<(), nix::errno::Errno> {
    use nix::sys::stat::{Mode, SFlag, makedev, mknod};
    // Opening the node makes the driver make the device.
    if let Some(number) = path.strip_prefix("/dev/md").and_then(|n| n.parse().ok()) {
        let _ = mknod(path, SFlag::S_IFBLK, Mode::from_bits_truncate(0o660), makedev(9, number));
    }
    let file = std::fs::File::options().read(true).write(true).open(path);
    let file =
        file.map_err(|e| nix::errno::Errno::from_raw(e.raw_os_error().unwrap_or(libc::EIO)))?;
    let fd = file.as_fd();
    block::set_array_version(fd, array.major, array.minor)?;
    for &(major, minor) in &array.members {
        block::add_array_disk(fd, major, minor)?;
    }
    block::run_array(fd)
}
