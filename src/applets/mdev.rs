//! mdev: device nodes by the rules of /etc/mdev.conf. busybox's mdev: `-s` for
//! all devices of sysfs, `-d` a daemon on the kernel's messages, otherwise the
//! kernel's helper (/proc/sys/kernel/hotplug) for one event in the environment.
//!
//! Deviations: messages count only when they come from the kernel; block
//! devices get links below /dev/disk (by-uuid, by-label, by-partuuid,
//! by-partlabel, by-id, by-path) as with udev.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::applet::{Applet, Ctx, Error, Kind, Status};
use crate::blk::probe::text::encoded;
use crate::blk::scan;
use crate::dev::nodes::{Device, Nodes};
use crate::dev::uevent::{Heard, Listener, MESSAGE_MAX};
use crate::sys::folder;
use crate::sys::process::{self, Forked, exit_now};
use crate::uevent::Uevent;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "mdev",
    summary: "make device nodes by /etc/mdev.conf",
    usage: "[-vS] -s | -d [-f]\n\
            \x20 -s  for all devices that are there\n\
            \x20 -d  stay and do it for devices that come and go; -f in the foreground\n\
            \x20 -v  say what is done    -S is ignored\n\
            without: one event, told by ACTION, DEVPATH, SUBSYSTEM and so on in the environment,\n\
            for /proc/sys/kernel/hotplug",
    kind: Kind::Exec, // changes its umask, may stay
    run,
};

/// Where nodes are made.
const FOLDER: &str = "/dev";

/// Room for messages that come faster than they are worked on.
const ROOM: usize = 16 << 20;

struct Mdev {
    nodes: Nodes,
    verbose: bool,
    told: usize,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("s d f v S i")?;
    options.at_most(0)?;
    nix::sys::stat::umask(nix::sys::stat::Mode::empty());
    let conf = crate::sys::file::read("/etc/mdev.conf").unwrap_or_default();
    let mut environment: Vec<OsString> = cx.env.iter().map(OsStr::to_os_string).collect();
    if cx.env.get(b"PATH").is_none() {
        environment.push("PATH=/sbin:/usr/sbin:/bin:/usr/bin".into());
    }
    let event = environment.clone();
    let mut mdev = Mdev {
        nodes: Nodes::new(Path::new(FOLDER), conf, environment),
        verbose: options.has(b'v'),
        told: 0,
    };
    if options.has(b'd') {
        return daemon(cx, &mut mdev, options.has(b'f'));
    }
    if options.has(b's') {
        mdev.all(cx);
        return Ok(Status::OK);
    }
    let (Some(action), Some(path)) = (cx.env.get(b"ACTION"), cx.env.get(b"DEVPATH")) else {
        return Err(
            Error::usage("wants -s, -d, or an event in the environment").with(Status::FAILURE)
        );
    };
    in_turn(cx.env.get(b"SEQNUM"), || {
        let subsystem = cx.env.get(b"SUBSYSTEM").unwrap_or_default();
        mdev.event(action.as_bytes(), path.as_bytes(), subsystem.as_bytes(), &event);
    });
    mdev.tell(cx);
    Ok(Status::OK)
}

/// Runs it when the events before it are done: /dev/mdev.seq has the number of
/// the next one, where it is used. The wait is limited.
fn in_turn(number: Option<&OsStr>, work: impl FnOnce()) {
    const FILE: &str = "/dev/mdev.seq";
    let number = number.and_then(OsStr::to_str).and_then(|text| text.parse::<u64>().ok());
    let Some(number) = number.filter(|_| Path::new(FILE).exists()) else { return work() };
    for _ in 0..2000 {
        let text = std::fs::read_to_string(FILE).unwrap_or_default();
        match text.trim().parse::<u64>() {
            // Empty: the first one writes where we are.
            Err(_) => break,
            Ok(next) if next >= number => break,
            Ok(_) => std::thread::sleep(std::time::Duration::from_millis(1)),
        }
    }
    work();
    if let Ok(mut file) = std::fs::File::create(FILE) {
        let _ = write!(file, "{}", number + 1);
    }
}

/// The text of a small file of sysfs.
fn attribute(folder: &Path, name: &str) -> Option<Vec<u8>> {
    let mut text = crate::sys::file::read(folder.join(name)).ok()?;
    while text.last() == Some(&b'\n') {
        text.pop();
    }
    Some(text)
}

/// `MAJOR:MINOR`
fn number(text: &[u8]) -> Option<(u32, u32)> {
    let (major, minor) = str::from_utf8(text).ok()?.split_once(':')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

impl Mdev {
    fn tell(&mut self, cx: &mut Ctx) {
        for text in self.nodes.problems.iter().skip(self.told) {
            cx.note(text);
        }
        self.told = self.nodes.problems.len();
    }

    /// All devices: /sys/dev has one link for each, old kernels have classes.
    fn all(&mut self, cx: &mut Ctx) {
        let _ = nix::unistd::chdir(FOLDER);
        let mut any = false;
        for kind in ["block", "char"] {
            let folder = Path::new("/sys/dev").join(kind);
            for name in folder::names(&folder) {
                any = true;
                self.one(&folder.join(name), kind.as_bytes());
            }
        }
        if !any {
            self.classes();
        }
        self.tell(cx);
    }

    /// /sys/class and /sys/block, where there is no /sys/dev.
    fn classes(&mut self) {
        for block in folder::names(Path::new("/sys/block")) {
            let path = Path::new("/sys/block").join(block);
            self.one(&path, b"block");
            for part in folder::names(&path) {
                if path.join(&part).join("dev").exists() {
                    self.one(&path.join(part), b"block");
                }
            }
        }
        for class in folder::names(Path::new("/sys/class")) {
            let folder = Path::new("/sys/class").join(&class);
            let subsystem = if class == "block" { &b"block"[..] } else { class.as_bytes() };
            for name in folder::names(&folder) {
                self.one(&folder.join(name), subsystem);
            }
        }
    }

    /// A device that is there: its folder in sysfs.
    fn one(&mut self, folder: &Path, kind: &[u8]) {
        let event = attribute(folder, "uevent").unwrap_or_default();
        let get = |name: &[u8]| event.split(|&b| b == b'\n').find_map(|l| l.strip_prefix(name));
        let told = get(b"MAJOR=").zip(get(b"MINOR="));
        let told = told.and_then(|(major, minor)| number(&[major, b":", minor].concat()));
        // old kernels do not say it there
        let of_sysfs = || attribute(folder, "dev").and_then(|text| number(&text));
        let Some(number) = told.or_else(of_sysfs) else { return };
        // As busybox: of the variables only these are set in a scan.
        let mut variables: Vec<OsString> = vec!["ACTION=add".into()];
        let name = get(b"DEVNAME=").map_or_else(
            || {
                let real = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf());
                real.file_name().unwrap_or_default().as_bytes().to_vec()
            },
            <[u8]>::to_vec,
        );
        let mut subsystem = kind.to_vec();
        if let Ok(link) = std::fs::read_link(folder.join("subsystem"))
            && let Some(last) = link.file_name()
        {
            subsystem = last.as_bytes().to_vec();
        }
        let mut word = OsString::from("SUBSYSTEM=");
        word.push(OsStr::from_bytes(&subsystem));
        variables.push(word);
        self.apply(&name, &subsystem, Some(number), false, &variables);
    }

    fn apply(
        &mut self,
        name: &[u8],
        subsystem: &[u8],
        number: Option<(u32, u32)>,
        removed: bool,
        variables: &[OsString],
    ) {
        // sysfs writes slashes of names so.
        let name: Vec<u8> = name.iter().map(|&b| if b == b'!' { b'/' } else { b }).collect();
        if self.verbose {
            let what = if removed { "remove" } else { "add" };
            let text = format!("{what} {}\n", crate::applet::show_bytes(&name));
            let _ = crate::applet::write_all(crate::sys::fd::stderr(), text.as_bytes());
        }
        self.nodes.apply(&Device { name: &name, subsystem, number, removed, variables });
        if subsystem == b"block" && number.is_some() {
            links(&name, removed);
        }
    }

    /// One event.
    fn event(&mut self, action: &[u8], path: &[u8], subsystem: &[u8], variables: &[OsString]) {
        let get = |name: &[u8]| {
            variables.iter().find_map(|word| word.as_bytes().strip_prefix(name)?.strip_prefix(b"="))
        };
        let folder = PathBuf::from(OsStr::from_bytes(&[b"/sys", path].concat()));
        let removed = action == b"remove";
        if action == b"add"
            && let Some(firmware) = get(b"FIRMWARE")
        {
            load_firmware(&folder, firmware);
            return;
        }
        if !removed && action != b"add" && action != b"change" {
            return;
        }
        let mut kind = subsystem;
        if kind.is_empty() && path.starts_with(b"/block/") {
            kind = b"block";
        }
        let told = get(b"MAJOR").zip(get(b"MINOR"));
        let told = told.and_then(|(major, minor)| number(&[major, b":", minor].concat()));
        let of_sysfs = || attribute(&folder, "dev").and_then(|text| number(&text));
        let number = of_sysfs().or(told).or(removed.then_some((0, 0)));
        let name = match get(b"DEVNAME") {
            Some(name) => name.strip_prefix(b"/dev/").unwrap_or(name),
            None => path.rsplit(|&b| b == b'/').next().unwrap_or_default(),
        };
        self.apply(name, kind, number, removed, variables);
    }
}

/// Gives the kernel a file of firmware that a driver asks for
/// (Documentation/driver-api/firmware/fallback-mechanisms.rst).
fn load_firmware(folder: &Path, name: &[u8]) {
    let odd = name.starts_with(b"/") || name.split(|&b| b == b'/').any(|part| part == b"..");
    let loading = folder.join("loading");
    for _ in 0..3000 {
        if loading.exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let file = Path::new("/lib/firmware").join(OsStr::from_bytes(name));
    let copied = !odd && std::fs::write(&loading, "1").is_ok() && {
        let bytes = crate::sys::file::read(file);
        bytes.is_ok_and(|bytes| std::fs::write(folder.join("data"), bytes).is_ok())
    };
    let _ = std::fs::write(&loading, if copied { "0" } else { "-1" });
}

/// The links below /dev/disk of a block device.
fn links(name: &[u8], removed: bool) {
    let node = Path::new(FOLDER).join(OsStr::from_bytes(name));
    let target = Path::new("../..").join(OsStr::from_bytes(name));
    let disk = Path::new(FOLDER).join("disk");
    if removed {
        for (_, _, folder) in scan::TAGS {
            let folder = disk.join(folder);
            for link in folder::names(&folder) {
                let link = folder.join(link);
                if std::fs::read_link(&link).is_ok_and(|to| to == target) {
                    let _ = std::fs::remove_file(link);
                }
            }
        }
        return;
    }
    let kernel: Vec<u8> = name.iter().map(|&b| if b == b'/' { b'!' } else { b }).collect();
    let Some(device) = scan::device(&kernel).filter(|device| device.size > 2) else { return };
    let mut list: Vec<(&str, Vec<u8>)> = Vec::new();
    let values = scan::values(&device);
    let get = |name| crate::blk::probe::value(&values, name);
    // Members of arrays have the array's UUID.
    if get("USAGE") != Some(b"raid") && node.exists() {
        for (tag, folder) in [("UUID", "by-uuid"), ("LABEL", "by-label")] {
            list.extend(get(tag).map(|value| (folder, value.to_vec())));
        }
    }
    let mut tables = scan::Tables::default();
    if let Some((_, row)) = tables.row(&device) {
        list.push(("by-partuuid", row.uuid.clone()));
        list.push(("by-partlabel", row.name.clone()));
    }
    list.extend(crate::blk::names::by_id(&device).into_iter().map(|name| ("by-id", name)));
    list.extend(crate::blk::names::by_path(&device).map(|name| ("by-path", name)));
    for (folder, value) in list {
        if value.is_empty() {
            continue;
        }
        let folder = disk.join(folder);
        use std::os::unix::fs::DirBuilderExt;
        let _ = std::fs::DirBuilder::new().recursive(true).mode(0o755).create(&folder);
        let link = folder.join(OsStr::from_bytes(&encoded(&value)));
        // The first device of a name keeps it while it is there.
        if !link.exists() {
            let _ = std::fs::remove_file(&link);
            let _ = std::os::unix::fs::symlink(&target, link);
        }
    }
}

fn daemon(cx: &mut Ctx, mdev: &mut Mdev, foreground: bool) -> Result<Status, Error> {
    let listener = Listener::new().map_err(|e| Error::os("netlink", e))?;
    listener.make_room(ROOM);
    if !foreground {
        match process::fork().map_err(|e| Error::os("fork", e))? {
            Forked::Parent(_) => return Ok(Status::OK),
            Forked::Child => {
                let _ = nix::unistd::setsid();
                if stay(cx, mdev, &listener).is_err() {
                    exit_now(1);
                }
                exit_now(0)
            }
        }
    }
    stay(cx, mdev, &listener)
}

fn stay(cx: &mut Ctx, mdev: &mut Mdev, listener: &Listener) -> Result<Status, Error> {
    mdev.all(cx);
    let mut buffer = [0; MESSAGE_MAX];
    loop {
        match listener.hear(&mut buffer) {
            Heard::Nothing => {
                listener.is_ready(u16::MAX);
            }
            // What was missed is in sysfs; what has gone is not.
            Heard::Lost => {
                mdev.sweep();
                mdev.all(cx);
            }
            Heard::Message(message) => {
                let Some(event) = Uevent::parse(message) else { continue };
                let variables: Vec<OsString> = event
                    .words
                    .split(|&b| b == 0)
                    .filter(|word| !word.is_empty())
                    .map(|word| OsString::from_vec(word.to_vec()))
                    .collect();
                mdev.event(event.action, event.devpath, event.subsystem, &variables);
                mdev.tell(cx);
            }
        }
    }
}

impl Mdev {
    /// Removes nodes of devices that sysfs does not have any more.
    fn sweep(&mut self) {
        use std::os::unix::fs::{FileTypeExt, MetadataExt};
        for name in folder::names(Path::new(FOLDER)) {
            let path = Path::new(FOLDER).join(&name);
            let Ok(meta) = std::fs::symlink_metadata(&path) else { continue };
            let kind = match meta.file_type() {
                kind if kind.is_block_device() => "block",
                kind if kind.is_char_device() => "char",
                _ => continue,
            };
            let number = meta.rdev();
            let (major, minor) = (nix::sys::stat::major(number), nix::sys::stat::minor(number));
            if !Path::new(&format!("/sys/dev/{kind}/{major}:{minor}")).exists() {
                self.apply(
                    name.as_bytes(),
                    kind.as_bytes(),
                    Some((major as u32, minor as u32)),
                    true,
                    &[],
                );
            }
        }
    }
}
