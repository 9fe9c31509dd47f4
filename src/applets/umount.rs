//! umount: detach filesystems from the tree. umount(8) of util-linux.
//!
//! Deviation: when the kernel says "busy" the processes that keep it so are
//! named. Exit status as umount(8): 1 usage, 32 failure, 64 some succeeded.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, umount2};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::fsutil::{holders, loops, mounting, mounts, tags};
use crate::mountinfo::Mount;
use crate::mountopts;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "umount",
    summary: "detach filesystems from the tree",
    usage: "[-flrdRnvi] DIR|DEVICE...\n\
            \x20      umount -a [-flrdnv] [-t TYPES] [-O OPTIONS]\n\
            \x20 -a        all, the last mounted first\n\
            \x20 -t, -O    of these types, with these options in fstab or now (with -a)\n\
            \x20 -f        give up on a server that does not answer\n\
            \x20 -l        detach now, clean up when nobody uses it any more\n\
            \x20 -r        make it read-only when it cannot be detached\n\
            \x20 -R        with all that is mounted below\n\
            \x20 -d        free the loop device\n\
            \x20 -v        say what is done      -n  no mtab (there is none)\n\
            \x20 -i        no /sbin/umount.TYPE",
    kind: Kind::Fork, // a filesystem is written back, a server may not answer
    run,
};

const FAILED: Status = Status(32);
const SOME: Status = Status(64);

/// Types that `-a` leaves alone, as umount(8) does: the system cannot do
/// without them.
const KEPT: [&[u8]; 8] =
    [b"proc", b"sysfs", b"devtmpfs", b"devfs", b"devpts", b"rpc_pipefs", b"nfsd", b"rootfs"];

#[derive(Default)]
struct Choice {
    all: bool,
    recursive: bool,
    read_only: bool,
    free_loop: bool,
    verbose: bool,
    quiet: bool,
    no_helpers: bool,
    dry: bool,
    flags: MntFlagsOrNone,
    types: Option<Vec<u8>>,
    filter: Option<Vec<u8>>,
}

/// Flags of umount2(2); none by default.
struct MntFlagsOrNone(MntFlags);

impl Default for MntFlagsOrNone {
    fn default() -> Self {
        MntFlagsOrNone(MntFlags::empty())
    }
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let result = act(cx);
    result.map_err(|e| if e.is_usage() { e.with(Status(1)) } else { e.with(FAILED) })
}

fn act(cx: &mut Ctx) -> Result<Status, Error> {
    let mut c = Choice::default();
    let mut options = cx.parse(
        "a,all R,recursive r,read-only d,detach-loop v,verbose q,quiet \
        i,internal-only n,no-mtab|no-canonicalize c -F,fake f,force l,lazy t:types \
        O:test-opts",
    )?;
    while let Some(letter) = options.next() {
        match letter {
            b'a' => c.all = true,
            b'R' => c.recursive = true,
            b'r' => c.read_only = true,
            b'd' => c.free_loop = true,
            b'v' => c.verbose = true,
            b'q' => c.quiet = true,
            b'i' => c.no_helpers = true,
            b'n' | b'c' => {}
            b'F' => c.dry = true,
            b'f' => c.flags.0 |= MntFlags::MNT_FORCE,
            b'l' => c.flags.0 |= MntFlags::MNT_DETACH,
            b't' => c.types = Some(options.bytes()),
            b'O' => c.filter = Some(options.bytes()),
            _ => {}
        }
    }
    let operands = options.operands;
    cx.flush()?;
    if c.all {
        return all(cx, &c);
    }
    if operands.is_empty() {
        return Err(Error::usage("what is to be unmounted?"));
    }
    let (mut good, mut failed) = (0, 0);
    for operand in &operands {
        match one(cx, &c, operand) {
            Ok(()) => good += 1,
            Err(error) => {
                failed += 1;
                // -q: that nothing is mounted there is not said
                let known = mounts::all().is_ok_and(|list| find(&list, operand).is_some());
                if !c.quiet || known {
                    cx.warn(error);
                }
            }
        }
    }
    Ok(status(good, failed))
}

fn status(good: u32, failed: u32) -> Status {
    match (good, failed) {
        (_, 0) => Status::OK,
        (0, _) => FAILED,
        _ => SOME,
    }
}

fn all(cx: &mut Ctx, c: &Choice) -> Result<Status, Error> {
    let list = mounts::all()?;
    let table = mounts::table(Path::new("/etc/fstab")).map(|(t, _)| t).unwrap_or_default();
    let wanted = |mount: &&Mount| {
        let by_type = match &c.types {
            Some(types) => mountopts::type_matches(types, &mount.fstype),
            None => !KEPT.contains(&mount.fstype.as_slice()),
        };
        let by_option = c.filter.as_ref().is_none_or(|filter| {
            mountopts::options_match(filter, &mount.all_options())
                || table.iter().any(|entry| {
                    entry.target == mount.target && mountopts::options_match(filter, &entry.options)
                })
        });
        // The root stays; the most that can be done to it is -r.
        by_type && by_option && (mount.target != b"/" || c.read_only)
    };
    let (mut good, mut failed) = (0, 0);
    for mount in list.iter().rev().filter(wanted) {
        match detach(cx, c, mount, &list) {
            Ok(()) => good += 1,
            Err(error) => {
                failed += 1;
                cx.warn(error);
            }
        }
    }
    Ok(status(good, failed))
}

fn one(cx: &mut Ctx, c: &Choice, operand: &OsStr) -> Result<(), Error> {
    let list = match mounts::all() {
        Ok(list) => list,
        // Without /proc the kernel can still be asked.
        Err(_) => {
            let path = Path::new(operand);
            return umount2(path, c.flags.0).map_err(|errno| Error::os(show(path), errno));
        }
    };
    let Some(mount) = find(&list, operand) else {
        let there = std::fs::symlink_metadata(operand);
        return Err(match there {
            Err(error) if !tags::is_tag(operand.as_bytes()) => Error::os(show(operand), error),
            _ => Error::about(show(operand), "not mounted"),
        });
    };
    if !c.recursive {
        return detach(cx, c, mount, &list);
    }
    // Below a mount is what hangs on it by the parents' numbers: a name would
    // also find what another mount hides.
    let mut below = vec![mount.id];
    let mut chosen = vec![mount];
    for other in &list {
        if below.contains(&other.parent) && other.id != mount.id && !below.contains(&other.id) {
            below.push(other.id);
            chosen.push(other);
        }
    }
    for mount in chosen.into_iter().rev() {
        detach(cx, c, mount, &list)?;
    }
    Ok(())
}

/// The mount that is meant: on this folder, or of this device, or of the
/// device that a tag or a file on a loop device stands for; the last of
/// several.
fn find<'a>(list: &'a [Mount], operand: &OsStr) -> Option<&'a Mount> {
    // By the name first, without touching what may be a dead server.
    let path = Path::new(operand);
    if let Some(mount) = mounts::at(list, &mounts::lexical(path)) {
        return Some(mount);
    }
    let full = mounts::canonical(path);
    if let Some(mount) = mounts::at(list, &full) {
        return Some(mount);
    }
    let of_source = |source: &[u8]| list.iter().rev().find(|mount| mount.source == source);
    if let Some(mount) = of_source(operand.as_bytes()) {
        return Some(mount);
    }
    let device = match tags::resolve(operand.as_bytes()) {
        Ok(device) => device.canonicalize().unwrap_or(full),
        Err(_) => return None,
    };
    if let Some(mount) = of_source(device.as_os_str().as_bytes()) {
        return Some(mount);
    }
    let meta = std::fs::metadata(&device).ok()?;
    if meta.file_type().is_block_device() {
        let number = (
            u32::try_from(nix::sys::stat::major(meta.rdev())).ok()?,
            u32::try_from(nix::sys::stat::minor(meta.rdev())).ok()?,
        );
        return list.iter().rev().find(|mount| mount.device == number);
    }
    if !meta.is_file() {
        return None;
    }
    let devices = loops::of_file(&device);
    devices.iter().find_map(|device| of_source(device.path.as_os_str().as_bytes()))
}

fn detach(cx: &mut Ctx, c: &Choice, mount: &Mount, list: &[Mount]) -> Result<(), Error> {
    let target = mounts::path_of(&mount.target);
    let say = |cx: &mut Ctx, what: &str| {
        if !c.verbose {
            return Ok(());
        }
        cx.print(format_args!("umount: {} {what}\n", show_bytes(&mount.target)))
    };
    if c.dry {
        return say(cx, "unmounted");
    }
    if !c.no_helpers
        && let Some(helper) = mounting::helper_named("umount", &mount.fstype)
    {
        let mut words = vec![mount.target.as_slice()];
        if c.flags.0.contains(MntFlags::MNT_FORCE) {
            words.push(b"-f");
        }
        if c.flags.0.contains(MntFlags::MNT_DETACH) {
            words.push(b"-l");
        }
        mounting::run_program(&helper, &words, &target)?;
        return say(cx, "unmounted");
    }
    let mut result = umount2(&target, c.flags.0);
    if result == Err(Errno::EBUSY) && c.flags.0.contains(MntFlags::MNT_FORCE) {
        // -f alone first, so that what is pending ends; then what was asked
        result = umount2(&target, c.flags.0);
    }
    match result {
        Ok(()) => {
            say(cx, "unmounted")?;
        }
        Err(Errno::EBUSY) if c.read_only => {
            let flags = MsFlags::from_bits_retain(
                libc::c_ulong::try_from(
                    mountopts::REMOUNT
                        | mountopts::RDONLY
                        | mountopts::flags_of(&mount.options) & mountopts::PER_MOUNT,
                )
                .unwrap_or(0),
            );
            nix::mount::mount(
                Some(mount.source.as_slice()),
                &target,
                None::<&[u8]>,
                flags,
                None::<&[u8]>,
            )
            .map_err(|errno| {
                let what = format!("{}: busy, and cannot be made read-only", show(&target));
                Error::os(what, errno)
            })?;
            let text = format!("{}: busy, made read-only", show(&target));
            cx.note(text);
            return Ok(());
        }
        Err(errno) => return Err(explain(errno, mount, list)),
    }
    if c.free_loop && mount.source.starts_with(b"/dev/loop") {
        let device = mounts::path_of(&mount.source);
        match loops::detach(&device) {
            // It was to go with the mount, and has gone.
            Err(error) if error.raw_os_error() == Some(libc::ENXIO) => {}
            Err(error) => return Err(Error::os(show(&device), error)),
            Ok(()) => {}
        }
    }
    Ok(())
}

fn explain(errno: Errno, mount: &Mount, list: &[Mount]) -> Error {
    let target = show_bytes(&mount.target);
    match errno {
        Errno::EBUSY => {
            let below: Vec<&Mount> =
                list.iter().filter(|m| m.parent == mount.id && m.id != mount.id).collect();
            if let Some(first) = below.first() {
                return Error::msg(format_args!(
                    "{target}: busy: {} is mounted below it (umount -R takes both)",
                    show_bytes(&first.target)
                ));
            }
            let holders = holders::of(&mount.target, 4);
            let names: Vec<String> =
                holders.iter().map(|h| format!("{} ({})", h.pid, show_bytes(&h.name))).collect();
            if names.is_empty() {
                return Error::msg(format_args!(
                    "{target}: busy: a swap file, loop device or other kernel user is on it \
                     (umount -l detaches it now)"
                ));
            }
            Error::msg(format_args!(
                "{target}: busy: in use by process {} (end it, or umount -l)",
                names.join(", ")
            ))
        }
        Errno::EINVAL => Error::msg(format_args!(
            "{target}: not mounted here, or locked by the namespace that made it"
        )),
        Errno::EPERM => {
            Error::msg(format_args!("{target}: permission denied (only root can unmount)"))
        }
        _ => Error::os(target, errno),
    }
}
