//! From what was seen to the likely cause, and to what may help.

use super::hint::{nearest, word};
use super::{Block, Fate, Scene, Verdict};
use crate::applet::show_bytes;
use crate::boot::plan::{Init, Mount, Place, Source, Step};
use crate::cmdline::Mark;

/// A cause and commands.
fn found(cause: impl Into<String>, commands: &[&str]) -> Verdict {
    Verdict { cause: cause.into(), commands: commands.iter().map(|c| (*c).to_string()).collect() }
}

/// The command that sets a word and tries again, if it can be pasted.
fn set(name: &str, value: &[u8]) -> Option<String> {
    Some(format!("boot set {} && boot retry", word(name, value)?))
}

fn with(cause: impl Into<String>, commands: impl IntoIterator<Item = Option<String>>) -> Verdict {
    Verdict { cause: cause.into(), commands: commands.into_iter().flatten().take(3).collect() }
}

/// See [`super::verdict`].
pub fn verdict(scene: &Scene) -> Verdict {
    let Some(step) = scene.steps.get(scene.failed) else { return Verdict::default() };
    match scene.fate {
        Fate::Killed(signal) => return killed(scene, signal),
        Fate::Late => return late(step),
        Fate::Crashed => {
            return found(
                "a fault of this program: please report it",
                &["boot report", "boot retry"],
            );
        }
        Fate::Told => {}
    }
    match step {
        Step::Mount(mount) => match mount.source {
            Source::Virtiofs(tag) => share(scene, mount, tag, "virtiofs"),
            Source::NineP(tag) => share(scene, mount, tag, "9p"),
            Source::Device(node) => device(scene, mount, node),
            Source::Marked(mark, value) => marked(scene, mount, mark, value),
            Source::Number(..) | Source::GptAuto | Source::Image(_) => other_disk(scene, mount),
            Source::Nfs(_) => found(
                "the server is not reached, or does not export the folder to this machine",
                &["ip addr", "ip route", "boot retry"],
            ),
            Source::Tmpfs => memory(scene),
        },
        Step::CheckRoot { .. } => root(scene),
        Step::CheckInit(init) => init_of(scene, *init),
        Step::Switch(_) => exec(scene),
        Step::Refuse(complaint) => {
            let name = complaint.word.split(|&b| b == b'=').next().unwrap_or_default();
            let cause = format!(
                "a word that names no {}",
                match name {
                    b"init" => "program: a path from / is wanted",
                    _ => "root that this program knows",
                }
            );
            let command = match name {
                b"init" => "boot set init=/sbin/init && boot retry",
                b"rootfs" => "boot set rootfs=TAG && boot retry",
                _ => "boot set root=/dev/NAME && boot retry",
            };
            with(cause, [root_command(scene).or(Some(command.into()))])
        }
        Step::Network { .. } => found(
            "no interface got the address that ip= wants: no cable, no driver or no server of DHCP",
            &["ip link", "ip addr", "boot retry"],
        ),
        Step::Usr { .. } => found(
            "what the root's fstab has on /usr is not here",
            &["cat /sysroot/etc/fstab", "boot continue"],
        ),
        Step::Upper => memory(scene),
        Step::Overlay => missing_filesystem(scene, "overlay"),
        Step::Api { .. } => found(
            "this kernel was built without what every boot needs (CONFIG_PROC_FS, SYSFS, TMPFS)",
            &[],
        ),
        Step::Shell => with(
            "the boot loader gave no root=, and none is built in",
            [root_command(scene).or(Some("boot set root=/dev/NAME && boot retry".into()))],
        ),
        Step::Job => found("the image of this machine is not whole: its job is missing", &[]),
        Step::Nodes | Step::Flat | Step::Drivers { .. } | Step::Break(_) => Verdict::default(),
    }
}

fn killed(scene: &Scene, signal: i32) -> Verdict {
    let of_memory = |line: &&String| {
        let line = line.to_ascii_lowercase();
        line.contains("out of memory") || line.contains("oom-kill") || line.contains("oom_reaper")
    };
    if scene.seen.kernel.iter().any(|line| of_memory(&line)) {
        return memory(scene);
    }
    match signal {
        libc::SIGKILL => found(
            "somebody killed it: the kernel says nothing about memory that ran out",
            &["boot retry"],
        ),
        libc::SIGABRT | libc::SIGSEGV | libc::SIGBUS | libc::SIGILL => {
            found("a fault of this program: please report it", &["boot report", "boot retry"])
        }
        _ => found("somebody sent it that signal", &["boot retry"]),
    }
}

fn late(step: &Step) -> Verdict {
    let share = match step {
        Step::Mount(mount) => {
            matches!(mount.source, Source::Virtiofs(_) | Source::NineP(_))
        }
        _ => false,
    };
    let cause = match step {
        _ if share => {
            "whoever serves the share on the host does not answer (virtiofsd died or hangs)"
        }
        Step::CheckRoot { .. } | Step::CheckInit(_) => {
            "reading from the root hangs: the server of the share, or the disk, does not answer"
        }
        Step::Flat | Step::Drivers { .. } => "a driver waits for hardware that does not answer",
        _ => "a device does not answer",
    };
    found(cause, &["dmesg | tail -n 20", "boot retry"])
}

fn memory(scene: &Scene) -> Verdict {
    let cause = match scene.seen.memory {
        0 => "memory ran out: the machine needs more".to_string(),
        n => format!("memory ran out: the machine has {n} MB and needs more"),
    };
    found(cause, &["boot retry"])
}

/// A module of that file system, or why there is none.
fn missing_filesystem(scene: &Scene, kind: &str) -> Verdict {
    let names = |line: &&String| {
        let module = line.split(['.', ':']).next().unwrap_or_default();
        let module = module.rsplit('/').next().unwrap_or_default();
        module.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-').contains(kind)
    };
    let here = |line: &&String| !line.ends_with("module not found");
    let refused = scene.seen.modules.iter().filter(here);
    let refused = refused.clone().find(|line| names(line)).or(refused.clone().next());
    let cause = match refused {
        Some(line) => format!("a module was refused: {line}"),
        None => format!("the image lacks the module (mkinitramfs --module {kind})"),
    };
    with(cause, [Some(format!("modprobe {kind} && boot retry"))])
}

fn share(scene: &Scene, mount: &Mount, tag: &[u8], kind: &str) -> Verdict {
    let first = scene.fault.text.lines().next().unwrap_or_default();
    if first.starts_with("this kernel has no file system") {
        return missing_filesystem(scene, kind);
    }
    if first.starts_with("no driver for") {
        let module = first
            .rsplit_once('(')
            .map_or("", |(_, rest)| rest.split(' ').next().unwrap_or_default());
        let about = |line: &&String| !module.is_empty() && line.contains(module);
        let cause = match scene.seen.modules.iter().find(about).or(scene.seen.modules.first()) {
            Some(line) => format!("a module was refused: {line}"),
            None => format!("the image lacks the driver (mkinitramfs --module {module})"),
        };
        return with(cause, [Some(format!("modprobe {module} && boot retry"))]);
    }
    let name = match (mount.place, kind) {
        (Place::Share(_), _) => {
            if mount.read_only {
                "mount-ro"
            } else {
                "mount"
            }
        }
        (_, "9p") => "root",
        _ => "rootfs",
    };
    let value = |tag: &[u8]| if name == "root" { [b"9p:", tag].concat() } else { tag.to_vec() };
    if first.contains("an option that the file system does not know") {
        return bad_flags(scene);
    }
    if !first.starts_with("tag ") {
        return with(
            format!("the host refuses the share {}", show_bytes(tag)),
            [Some("boot retry".into())],
        );
    }
    if first.contains("this machine has no") {
        let cause = if scene.seen.orphans.is_empty() {
            format!("the machine was started without a {kind} device")
        } else {
            format!("no {kind} device has a driver, or the machine was started without one")
        };
        return with(cause, [root_command(scene)]);
    }
    let tags = scene.seen.tags.as_deref().unwrap_or_default();
    if let Some(near) = nearest(tag, &mut tags.iter().map(Vec::as_slice)) {
        let cause = format!("{} is misspelt: there is {}", show_bytes(tag), show_bytes(near));
        return with(cause, [set(name, &value(near))]);
    }
    match tags {
        [] => with(
            "the host gave its share another tag (tag= of QEMU's device)",
            [Some(format!("boot set {name}=TAG && boot retry"))],
        ),
        [only] => with(
            format!("the share is called {} here", show_bytes(only)),
            [set(name, &value(only))],
        ),
        _ => with(
            "the share has another tag here",
            tags.iter().take(2).map(|tag| set(name, &value(tag))),
        ),
    }
}

fn bad_flags(scene: &Scene) -> Verdict {
    let flags = show_bytes(scene.cmdline.flags).to_string();
    with(
        format!("the file system refuses an option of rootflags={flags}"),
        [Some("boot set rootflags= && boot retry".into())],
    )
}

/// A command that names a root that is there.
fn root_command(scene: &Scene) -> Option<String> {
    let likely = |b: &&Block| !b.kind.is_empty() && !is_no_root(&b.kind);
    let mut likely = scene.seen.blocks.iter().filter(likely);
    // With several of them nobody can know.
    match (likely.next(), likely.next()) {
        (Some(block), None) => name_block(scene, block),
        _ => match scene.seen.tags.as_deref() {
            Some([only]) => set("rootfs", only),
            _ => None,
        },
    }
}

/// The command that makes this device the root: by what stays the same when
/// disks change places, where that names it alone.
fn name_block(scene: &Scene, block: &Block) -> Option<String> {
    let by_tag = |name: &str| {
        let value = block.tag(name)?;
        let alone = scene.seen.blocks.iter().filter(|b| b.tag(name) == Some(value)).count() == 1;
        let root = [name.as_bytes(), b"=", value].concat();
        set("root", &root).filter(|_| alone)
    };
    by_tag("UUID")
        .or_else(|| by_tag("PARTUUID"))
        .or_else(|| set("root", &[b"/dev/", block.name.as_slice()].concat()))
}

/// What is on a device that is no file system.
fn is_no_root(kind: &[u8]) -> bool {
    matches!(kind, b"swap" | b"swsuspend" | b"crypto_LUKS" | b"LVM2_member" | b"linux_raid_member")
}

/// The disk and the number of a partition's name: `nvme0n1p2`, `sda1`.
fn partition(name: &[u8]) -> Option<(&[u8], u32)> {
    let digits = name.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let (disk, number) = name.split_at_checked(name.len().checked_sub(digits)?)?;
    let number = std::str::from_utf8(number).ok()?.parse().ok()?;
    match disk {
        [before @ .., b'p'] if before.last().is_some_and(u8::is_ascii_digit) => {
            Some((before, number))
        }
        // mmcblk0 and nvme0n1 are disks.
        [.., b'n' | b'k'] if name.starts_with(b"nvme") || name.starts_with(b"mmcblk") => None,
        [] => None,
        _ => Some((disk, number)),
    }
}

/// The device that the answer is about: `/dev/NAME: ...`, `/dev/NAME is ...`.
fn answered<'a>(scene: &'a Scene<'_>) -> Option<&'a Block> {
    let first = scene.fault.text.lines().next().unwrap_or_default();
    let name = first.strip_prefix("/dev/")?.split([':', ' ']).next()?;
    scene.seen.blocks.iter().find(|b| b.name == name.as_bytes())
}

fn is_absent(scene: &Scene) -> bool {
    let first = scene.fault.text.lines().next().unwrap_or_default();
    first.ends_with(" absent") || scene.fault.errno == Some(libc::ENOENT)
}

fn device(scene: &Scene, mount: &Mount, node: &[u8]) -> Verdict {
    let name = node.strip_prefix(b"/dev/").unwrap_or(node);
    match scene.seen.blocks.iter().find(|b| b.name == name) {
        Some(block) => refused(scene, mount, block),
        None if is_absent(scene) => absent(scene, name),
        None => with(
            format!("{} is no block device that the kernel lists", show_bytes(node)),
            [root_command(scene)],
        ),
    }
}

/// A device by its number, by the type of its partition, a file on one.
fn other_disk(scene: &Scene, mount: &Mount) -> Verdict {
    if let Source::Image(_) = mount.source {
        return found(
            "the image that loop= names is not on that device, or is no file system",
            &["ls -l /run/rescuebox/host"],
        );
    }
    if let Some(block) = answered(scene) {
        return refused(scene, mount, block);
    }
    if scene.seen.blocks.is_empty() {
        return no_disk(scene);
    }
    let cause = match mount.source {
        Source::GptAuto => "no disk here has a GPT with a root partition".to_string(),
        source => format!("no disk here is {source}"),
    };
    with(cause, [root_command(scene)])
}

/// There is no disk at all.
fn no_disk(scene: &Scene) -> Verdict {
    let orphan = scene.seen.orphans.iter().find(|o| o.storage);
    match orphan {
        Some(orphan) => {
            let module = orphan.module.as_deref();
            let about = |line: &&String| module.is_some_and(|m| line.contains(m));
            let cause = match scene.seen.modules.iter().find(about) {
                Some(line) => format!("the disk's driver was refused: {line}"),
                None => format!("the disk has no driver: {}", orphan.what),
            };
            with(cause, [module.map(|m| format!("modprobe {m} && boot retry"))])
        }
        None => found(
            "this machine has no disk: none was attached, or its bus has no driver",
            &["dmesg | tail -n 20"],
        ),
    }
}

fn absent(scene: &Scene, name: &[u8]) -> Verdict {
    let blocks = &scene.seen.blocks;
    if blocks.is_empty() {
        return no_disk(scene);
    }
    let shown = show_bytes(name);
    if name.starts_with(b"mapper/") || name.starts_with(b"md") || name.starts_with(b"dm-") {
        return with(
            format!("{shown} has not been put together from the disks that are here"),
            [root_command(scene)],
        );
    }
    if let Some((disk, number)) = partition(name) {
        let parts: Vec<&Block> =
            blocks.iter().filter(|b| b.disk.as_deref() == Some(disk)).collect();
        if blocks.iter().any(|b| b.name == disk) {
            let cause = match parts.as_slice() {
                [] => format!("{} is there and has no partitions", show_bytes(disk)),
                _ => format!("{} is there and has no partition {number}", show_bytes(disk)),
            };
            let whole = blocks.iter().find(|b| b.name == disk && !b.kind.is_empty());
            let command = root_command(scene)
                .or_else(|| parts.first().copied().or(whole).and_then(|b| name_block(scene, b)));
            return with(cause, [command]);
        }
        // Disks are called after their drivers: sda, vda, nvme0n1.
        let same = |b: &&Block| match (&b.disk, partition(&b.name)) {
            (Some(_), Some((_, n))) => n == number,
            _ => false,
        };
        if let Some(other) = blocks.iter().find(same) {
            let cause = format!(
                "disks have other names here: there is {} and no {shown}",
                show_bytes(&other.name)
            );
            return with(cause, [name_block(scene, other)]);
        }
    }
    if let Some(near) = nearest(name, &mut blocks.iter().map(|b| b.name.as_slice())) {
        let block = blocks.iter().find(|b| b.name == near);
        let cause = format!("disks have other names here: there is {}", show_bytes(near));
        return with(cause, [block.and_then(|b| name_block(scene, b))]);
    }
    with(format!("no disk here is called {shown}"), [root_command(scene)])
}

/// The device is there and cannot be mounted.
fn refused(scene: &Scene, mount: &Mount, block: &Block) -> Verdict {
    let kind = block.kind.as_slice();
    let shown = show_bytes(kind);
    let name = show_bytes(&block.name);
    let said = |words: &[&str]| {
        scene.seen.kernel.iter().any(|line| words.iter().any(|word| line.contains(word)))
    };
    match kind {
        b"swap" | b"swsuspend" => {
            return with(format!("{name} is swap space"), [root_command(scene)]);
        }
        b"crypto_LUKS" => {
            return with(
                format!("{name} is encrypted (LUKS) and has not been unlocked"),
                [root_command(scene)],
            );
        }
        b"LVM2_member" => {
            return with(
                format!("{name} is a part of an LVM group, not a file system"),
                [root_command(scene)],
            );
        }
        b"linux_raid_member" => {
            return with(
                format!("{name} is a part of a RAID, not a file system"),
                [root_command(scene)],
            );
        }
        _ => {}
    }
    if scene.fault.errno == Some(libc::EBUSY) {
        return with(format!("{name} is in use already"), [Some("cat /proc/mounts".into())]);
    }
    let damaged = [libc::EUCLEAN, libc::EBADMSG, libc::EILSEQ];
    if scene.fault.errno.is_some_and(|e| damaged.contains(&e))
        || said(&["checksum", "corrupt", "Bad magic", "bad geometry"])
    {
        return with(
            format!("the file system on {name} is damaged"),
            [Some(format!("fsck -y /dev/{name} && boot retry"))],
        );
    }
    if scene.fault.errno == Some(libc::EIO) || said(&["I/O error"]) {
        return with(
            format!("{name} cannot be read: the disk or its cable is failing"),
            [Some("dmesg | tail -n 20".into())],
        );
    }
    if kind.is_empty() {
        let parts: Vec<&Block> =
            scene.seen.blocks.iter().filter(|b| b.disk.as_ref() == Some(&block.name)).collect();
        if let Some(first) = parts.first() {
            return with(
                format!("{name} is a whole disk; what is meant is a partition of it"),
                [root_command(scene).or_else(|| name_block(scene, first))],
            );
        }
        return with(
            format!("nothing that is known is on {name}: it is empty, or damaged at its start"),
            [root_command(scene)],
        );
    }
    if !mount.types.is_empty() && !mount.types.contains(&kind) {
        return with(
            format!("{name} is {shown}, and rootfstype= says otherwise"),
            [set("rootfstype", kind)],
        );
    }
    if !scene.seen.filesystems.iter().any(|f| f == kind) {
        return missing_filesystem(scene, &shown.to_string());
    }
    if !mount.flags.is_empty() {
        return bad_flags(scene);
    }
    with(
        format!("the file system on {name} is damaged, or newer than this kernel"),
        [Some(format!("fsck -y /dev/{name} && boot retry"))],
    )
}

/// A root by its tag.
fn marked(scene: &Scene, mount: &Mount, mark: Mark, value: &[u8]) -> Verdict {
    if let Some(block) = answered(scene) {
        return refused(scene, mount, block);
    }
    if scene.seen.blocks.is_empty() {
        return no_disk(scene);
    }
    let name = match mark {
        Mark::Uuid => "UUID",
        Mark::Label => "LABEL",
        Mark::PartUuid => "PARTUUID",
        Mark::PartLabel => "PARTLABEL",
        Mark::Id | Mark::Path => "",
    };
    let mut values = scene.seen.blocks.iter().filter_map(|b| b.tag(name));
    if let Some(near) = nearest(value, &mut values) {
        return with(
            format!("it is misspelt: there is {name}={}", show_bytes(near)),
            [set("root", &[name.as_bytes(), b"=", near].concat())],
        );
    }
    if name.is_empty() {
        return with("no disk here has that name", [root_command(scene)]);
    }
    with(format!("no disk here has that {name}"), [root_command(scene)])
}

fn root(scene: &Scene) -> Verdict {
    let first = scene.fault.text.lines().next().unwrap_or_default();
    if first.starts_with("nothing is mounted") {
        return with(
            "the step that mounts it was passed over",
            [root_command(scene).or(Some("mount DEVICE /sysroot && boot retry".into()))],
        );
    }
    let top = &scene.seen.top;
    let has = |name: &str| top.iter().any(|n| n == name.as_bytes());
    if top.is_empty() {
        return with(
            "what is mounted is empty: another device or share is the root",
            [root_command(scene)],
        );
    }
    if has("@") || has("@rootfs") {
        let volume = if has("@") { "subvol=@" } else { "subvol=@rootfs" };
        return with(
            "the system is in a subvolume of what is mounted",
            [set("rootflags", volume.as_bytes())],
        );
    }
    if !has("usr") && !has("bin") {
        let boot = top.iter().any(|n| n.starts_with(b"vmlinuz") || n == b"grub" || n == b"EFI");
        let cause = if boot {
            "what is mounted is a /boot, not a root"
        } else {
            "what is mounted is no root of a system"
        };
        return with(cause, [root_command(scene)]);
    }
    let folder = first.split(' ').next().unwrap_or("/proc");
    with(
        format!("a root needs an empty folder {folder}, and this one cannot be written to"),
        [
            Some("boot set rd.overlay=1 && boot retry".into()),
            Some(format!("mount -o remount,rw /sysroot && mkdir /sysroot{folder} && boot retry")),
        ],
    )
}

fn init_of(scene: &Scene, init: Init) -> Verdict {
    let first = scene.fault.text.lines().next().unwrap_or_default();
    let programs = &scene.seen.programs;
    let other = programs.iter().find(|p| Init::Path(p) != init);
    let instead = || other.and_then(|path| set("init", path));
    let Init::Path(path) = init else {
        let cause = if first.starts_with("no init in the new root") {
            "what is mounted is no root of a whole system"
        } else {
            "the root's init is not whole"
        };
        return with(cause, [instead().or_else(|| root_command(scene))]);
    };
    if first.contains("its interpreter") {
        let cause = if first.contains("\\x0d") {
            "the script has line ends of DOS"
        } else {
            "the root is not whole: the C library's loader or a script's language is missing"
        };
        return with(cause, [instead()]);
    }
    if first.contains("is missing in the new root") {
        let base = |path: &[u8]| path.rsplit(|&b| b == b'/').next().unwrap_or_default().to_vec();
        let near = nearest(path, &mut programs.iter().map(Vec::as_slice)).or_else(|| {
            let same = |p: &&Vec<u8>| base(p) == base(path);
            programs.iter().find(same).map(Vec::as_slice)
        });
        if let Some(near) = near {
            let cause = format!("init= is misspelt: there is {}", show_bytes(near));
            return with(cause, [set("init", near)]);
        }
        return with("the root has no program of that name", [instead()]);
    }
    if first.contains("is not executable (mode") {
        let change = word("", path).map(|path| path.trim_start_matches('=').to_string());
        let chmod = change.map(|path| {
            format!("mount -o remount,rw /sysroot && chmod 755 /sysroot{path} && boot retry")
        });
        return with("nobody may execute it", [instead(), chmod]);
    }
    let cause = if first.contains("this machine is") {
        "the root is for another kind of machine"
    } else if first.contains("is a folder") || first.contains("not a regular file") {
        "init= has to name a program"
    } else if first.contains("no program") || first.contains("empty file") {
        "a script wants #! and a path in its first line"
    } else if first.contains("noexec") {
        "the root was mounted with noexec (rootflags=)"
    } else {
        "the init would not run"
    };
    with(cause, [instead()])
}

fn exec(scene: &Scene) -> Verdict {
    let shell = scene
        .seen
        .programs
        .iter()
        .find(|p| !scene.fault.text.contains(&*String::from_utf8_lossy(p)));
    let command = shell
        .and_then(|path| set("init", path))
        .or_else(|| Some("boot set init=/bin/sh && boot retry".into()));
    if scene.switched {
        return with(
            "the init is not what it was when it was checked, or was not checked",
            [command],
        );
    }
    with(
        "the new root refuses to take over",
        [Some("cat /proc/mounts".into()), Some("boot retry".into())],
    )
}
