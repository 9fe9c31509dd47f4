//! Looks, before anybody boots with it, whether an image will find its root and
//! start what is there.
//!
//! Of the root: the init that the command line or custom asks for, whether this
//! computer's kind of processor can run it, whether its interpreter is there.
//! Of the devices: what sysfs says about the disk of the root, or about all
//! disks when another computer's sysfs is given, from the disk up to the bus;
//! the filesystem. The driver of each is in the image or part of the kernel.

use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

use super::options::Options;
use crate::applet::{Ctx, Error, Status, show, show_bytes};
use crate::boot::check::find_init;
use crate::boot::plan::Init;
use crate::cmdline;
use crate::fsutil::mounts;
use crate::image::Builder;
use crate::kmod::{Tree, alias};
use crate::mountinfo::{self, Mount};
use crate::sys;

/// Stacks of device mapper and RAID are not deeper.
const DEPTH: u32 = 8;

/// A driver that is needed.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Need {
    /// A name or alias of a module.
    alias: Vec<u8>,
    /// The module that the running kernel uses for it, where it is known.
    module: Option<Vec<u8>>,
    /// What needs it.
    by: Vec<u8>,
}

/// Checks, prints what was found, and fails when something is missing.
pub fn check(
    cx: &mut Ctx,
    options: &Options,
    builder: &mut Builder,
    tree: Option<&Tree>,
) -> Result<Status, Error> {
    let image = builder.preview()?;
    for note in &image.notes {
        cx.note(format_args!("warning: {note}"));
    }
    let root = Path::new(options.root.as_deref().unwrap_or("/"));
    let mut good = check_init(cx, options, root)?;
    if builder.tree().find(b"/init").is_none() {
        line(cx, "missing", b"/init: a link that leads nowhere in the image")?;
        good = false;
    }
    let mut needs: Vec<Need> = Vec::new();
    let sysfs = Path::new(options.sysfs.as_deref().unwrap_or("/sys"));
    if options.sysfs.is_some() {
        for name in sys::folder::names(&sysfs.join("class/block")) {
            device(&sysfs.join("class/block").join(&name), sysfs, 0, &mut needs);
        }
    } else {
        of_root(cx, root, sysfs, &mut needs)?;
    }
    for word in cmdline::words(options.cmdline.as_deref().unwrap_or_default().as_bytes()) {
        if let (b"rootfstype", Some(types)) = (word.name, word.value) {
            // Several are tried in turn: the first is hoped for.
            let kind = types.split(|&b| b == b',').next().unwrap_or_default();
            filesystem(kind, &mut needs);
        }
    }
    needs.sort();
    needs.dedup();
    let Some(tree) = tree else {
        let text = format!("{} drivers are needed, and no kernel was named", needs.len());
        line(cx, if needs.is_empty() { "driver" } else { "missing" }, text.as_bytes())?;
        return Ok(Status::from_bool(good && needs.is_empty()));
    };
    for need in &needs {
        good &= check_driver(cx, builder, tree, need)?;
    }
    Ok(Status::from_bool(good))
}

fn line(cx: &mut Ctx, what: &str, text: &[u8]) -> Result<(), Error> {
    cx.print(format_args!("{what:8} "))?;
    cx.put(text)?;
    cx.put(b"\n")
}

fn check_init(cx: &mut Ctx, options: &Options, root: &Path) -> Result<bool, Error> {
    let folder = sys::path::open(root, OFlag::O_PATH | OFlag::O_DIRECTORY)
        .map_err(|e| Error::os(show(root), e))?;
    let text = options.cmdline.as_deref().unwrap_or_default().as_bytes();
    let asked = cmdline::words(text).filter(|word| word.name == b"init").last();
    let init = asked.and_then(|word| word.value).map_or(Init::Usual, Init::Path);
    match find_init(folder.as_fd(), init) {
        Ok(path) => {
            let text = format!("{} in {}: it would run", show_bytes(path), show(root));
            line(cx, "init", text.as_bytes())?;
            Ok(true)
        }
        Err(fault) => {
            let text = format!("{}: {}", show(root), fault.text);
            line(cx, "missing", text.as_bytes())?;
            Ok(false)
        }
    }
}

/// What the root that is mounted here needs.
fn of_root(cx: &mut Ctx, root: &Path, sysfs: &Path, needs: &mut Vec<Need>) -> Result<(), Error> {
    let real = std::fs::canonicalize(root).map_err(|e| Error::os(show(root), e))?;
    let list = mounts::all()?;
    let Some(mount) = mountinfo::containing(&list, real.as_os_str().as_bytes()) else {
        return Ok(());
    };
    let (source, kind) = (show_bytes(&mount.source), show_bytes(&mount.fstype));
    let text = format!("{}: {source}, {kind}", show(root));
    line(cx, "root", text.as_bytes())?;
    filesystem(&mount.fstype, needs);
    if let Some((major, minor)) = number(mount) {
        let link = sysfs.join(format!("dev/block/{major}:{minor}"));
        device(&link, sysfs, 0, needs);
    }
    Ok(())
}

/// The device that a filesystem is on. Some (btrfs) have a number of their own.
fn number(mount: &Mount) -> Option<(u64, u64)> {
    if mount.device.0 != 0 {
        return Some((u64::from(mount.device.0), u64::from(mount.device.1)));
    }
    let stat = nix::sys::stat::stat(mount.source.as_slice()).ok()?;
    let block = stat.st_mode & libc::S_IFMT == libc::S_IFBLK;
    let device = stat.st_rdev;
    block.then(|| (nix::sys::stat::major(device), nix::sys::stat::minor(device)))
}

fn filesystem(kind: &[u8], needs: &mut Vec<Need>) {
    // A subtype is the business of a program.
    let kind = kind.split(|&b| b == b'.').next().unwrap_or_default();
    if matches!(kind, b"rootfs" | b"tmpfs" | b"ramfs" | b"auto" | b"") {
        return;
    }
    let alias = [b"fs-", kind].concat();
    needs.push(Need { alias, module: None, by: [b"filesystem ", kind].concat() });
}

fn content(path: &Path) -> Vec<u8> {
    crate::sys::file::read(path).unwrap_or_default().trim_ascii().to_vec()
}

/// What a block device needs: its own drivers and those of all that it hangs
/// on, up to the top of sysfs; of stacked ones what they are made of.
fn device(link: &Path, sysfs: &Path, depth: u32, needs: &mut Vec<Need>) {
    let Ok(real) = std::fs::canonicalize(link) else { return };
    let name = real.file_name().unwrap_or_default().as_bytes().to_vec();
    let mut disk: PathBuf = real.clone();
    if disk.join("partition").exists() {
        disk.pop();
    }
    let mut plain = |module: &[u8]| {
        needs.push(Need { alias: module.to_vec(), module: None, by: name.clone() });
    };
    if disk.join("dm").exists() {
        plain(b"dm_mod");
        if content(&disk.join("dm/uuid")).starts_with(b"CRYPT-") {
            plain(b"dm_crypt");
        }
    }
    match content(&disk.join("md/level")).as_slice() {
        b"" => {}
        b"raid4" | b"raid5" | b"raid6" => plain(b"raid456"),
        level => plain(level),
    }
    if disk.join("loop").exists() {
        plain(b"loop");
    }
    if depth < DEPTH {
        for below in sys::folder::names(&disk.join("slaves")) {
            device(&disk.join("slaves").join(below), sysfs, depth + 1, needs);
        }
    }
    let top = std::fs::canonicalize(sysfs).unwrap_or_else(|_| sysfs.to_path_buf());
    let mut at = disk.as_path();
    while let Some(above) = at.parent() {
        if above == top || !above.starts_with(&top) {
            break;
        }
        let alias = content(&at.join("modalias"));
        if !alias.is_empty() {
            let module = std::fs::canonicalize(at.join("driver/module")).ok();
            let module = module.and_then(|path| Some(alias::fold(path.file_name()?.as_bytes())));
            needs.push(Need { alias, module, by: name.clone() });
        }
        at = above;
    }
}

/// Whether one of the modules that serve is in the image or part of the kernel.
fn check_driver(cx: &mut Ctx, builder: &Builder, tree: &Tree, need: &Need) -> Result<bool, Error> {
    let by = show_bytes(&need.by);
    let mut names: Vec<Vec<u8>> = need.module.iter().cloned().collect();
    let folded = alias::fold(&need.alias);
    if tree.has_module(&folded) || tree.is_builtin(&folded) {
        names.push(folded);
    }
    if names.is_empty() {
        names = tree.aliased(&need.alias);
        names.extend(tree.builtin_aliased(&need.alias));
    }
    if let Some(kind) = need.alias.strip_prefix(b"fs-")
        && names.is_empty()
        && (tree.has_module(kind) || tree.is_builtin(kind))
    {
        names.push(kind.to_vec());
    }
    for name in &names {
        let how = match (builder.has_module(name), tree.is_builtin(name)) {
            (true, _) => "in the image",
            (_, true) => "part of the kernel",
            _ => continue,
        };
        line(cx, "driver", format!("{} for {by}: {how}", show_bytes(name)).as_bytes())?;
        return Ok(true);
    }
    let alias = show_bytes(&need.alias);
    if names.is_empty() && need.alias.contains(&b':') {
        // Many devices on the way to a disk have none: bridges, slots.
        let text = format!("none for {alias} of {by}, and none is known");
        line(cx, "driver", text.as_bytes())?;
        return Ok(true);
    }
    let names: Vec<String> = names.iter().map(|name| show_bytes(name).to_string()).collect();
    let text = match names.is_empty() {
        true => format!("{alias} for {by}: this kernel has no such driver"),
        false => format!("{} for {by}: not in the image", names.join(" or ")),
    };
    line(cx, "missing", text.as_bytes())?;
    Ok(false)
}
