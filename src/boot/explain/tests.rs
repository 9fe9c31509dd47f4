//! Explanations of scenes that were made up.

use super::*;
use crate::boot::plan::{Facts, plan};

struct Made<'a> {
    line: &'a str,
    step: &'a str,
    fault: &'a str,
    errno: i32,
    fate: Fate,
    seen: Seen,
}

fn made<'a>(line: &'a str, step: &'a str, fault: &'a str) -> Made<'a> {
    Made { line, step, fault, errno: 0, fate: Fate::Told, seen: Seen::default() }
}

fn block(text: &str) -> Block {
    let mut words = text.split(' ');
    let name = words.next().unwrap().as_bytes().to_vec();
    let mut block = Block { name, bytes: 2 << 30, ..Block::default() };
    for word in words {
        match word.split_once('=') {
            Some(("on", disk)) => block.disk = Some(disk.into()),
            Some(("kind", kind)) => block.kind = kind.into(),
            Some((name, value)) => {
                let names = ["UUID", "LABEL", "PARTUUID", "PARTLABEL"];
                let name = names.into_iter().find(|n| *n == name).unwrap();
                block.tags.push((name, value.into()));
            }
            None => {}
        }
    }
    block
}

impl<'a> Made<'a> {
    fn errno(mut self, errno: i32) -> Self {
        self.errno = errno;
        self
    }
    fn fate(mut self, fate: Fate) -> Self {
        self.fate = fate;
        self
    }
    fn disks(mut self, list: &[&str]) -> Self {
        self.seen.blocks = list.iter().map(|text| block(text)).collect();
        self
    }
    fn tags(mut self, list: &[&str]) -> Self {
        self.seen.tags = Some(list.iter().map(|t| t.as_bytes().to_vec()).collect());
        self
    }
    fn module(mut self, text: &str) -> Self {
        self.seen.modules.push(text.into());
        self
    }
    fn kernel(mut self, text: &str) -> Self {
        self.seen.kernel.push(text.into());
        self
    }
    fn top(mut self, names: &str) -> Self {
        self.seen.top = names.split(' ').map(|n| n.as_bytes().to_vec()).collect();
        self
    }
    fn programs(mut self, names: &str) -> Self {
        self.seen.programs = names.split(' ').map(|n| n.as_bytes().to_vec()).collect();
        self
    }
    fn filesystems(mut self, names: &str) -> Self {
        self.seen.filesystems = names.split(' ').map(|n| n.as_bytes().to_vec()).collect();
        self
    }
    fn orphan(mut self, what: &str, module: &str, storage: bool) -> Self {
        let module = (!module.is_empty()).then(|| module.to_string());
        self.seen.orphans.push(Orphan { what: what.into(), module, storage });
        self
    }

    fn with<T>(self, then: impl FnOnce(&Scene) -> T) -> T {
        let cmdline = Cmdline::parse(self.line.as_bytes());
        let steps = plan(&cmdline, Facts::default());
        let failed = steps.iter().skip(1).position(|s| s.to_string().starts_with(self.step));
        let failed = failed.map(|at| at + 1);
        let failed = failed.unwrap_or_else(|| panic!("no step {} in {}", self.step, self.line));
        let errno = (self.errno != 0).then_some(self.errno);
        let fault = Fault { text: self.fault.into(), errno };
        then(&Scene {
            steps: &steps,
            failed,
            fault: &fault,
            fate: self.fate,
            cmdline: &cmdline,
            switched: false,
            seen: self.seen,
        })
    }

    #[track_caller]
    fn is(self, cause: &str, commands: &[&str]) {
        self.with(|scene| {
            let found = verdict(scene);
            assert_eq!(found.cause, cause);
            assert_eq!(found.commands, commands);
            let text = text(scene);
            assert!(text.lines().count() <= BODY, "{text}");
        });
    }
}

#[test]
fn shares() {
    let absent = "tag rotfs absent; these are present: rootfs data";
    made("rootfs=rotfs", "mount", absent)
        .tags(&["rootfs", "data"])
        .is("rotfs is misspelt: there is rootfs", &["boot set rootfs=rootfs && boot retry"]);
    made("root=virtiofs:x", "mount", "tag x absent; these are present: rootfs")
        .tags(&["rootfs"])
        .is("the share is called rootfs here", &["boot set rootfs=rootfs && boot retry"]);
    made("root=9p:a", "mount", "tag a absent; these are present: b c").tags(&["b", "c"]).is(
        "the share has another tag here",
        &["boot set root=9p:b && boot retry", "boot set root=9p:c && boot retry"],
    );
    made("rootfs=x", "mount", "tag x absent: the 1 virtiofs device here has another").is(
        "the host gave its share another tag (tag= of QEMU's device)",
        &["boot set rootfs=TAG && boot retry"],
    );
    made("rootfs=x", "mount", "tag x absent: this machine has no virtiofs device")
        .is("the machine was started without a virtiofs device", &[]);
    made("rootfs=x", "mount", "this kernel has no file system virtiofs, and no module ...").is(
        "the image lacks the module (mkinitramfs --module virtiofs)",
        &["modprobe virtiofs && boot retry"],
    );
    made("rootfs=x", "mount", "this kernel has no file system virtiofs, and no module ...")
        .module("/usr/lib/modules/01-fuse.ko: x")
        .module("/usr/lib/modules/02-virtiofs.ko: truncated module")
        .is(
            "a module was refused: /usr/lib/modules/02-virtiofs.ko: truncated module",
            &["modprobe virtiofs && boot retry"],
        );
    let no_driver =
        "no driver for the virtio device 1af4:105a at 0000:00:02.0 (virtio_pci not loaded)";
    made("rootfs=x", "mount", no_driver).is(
        "the image lacks the driver (mkinitramfs --module virtio_pci)",
        &["modprobe virtio_pci && boot retry"],
    );
    made(
        "rootfs=x rootflags=bad",
        "mount",
        "Invalid argument: an option that the file system does not know",
    )
    .is(
        "the file system refuses an option of rootflags=bad",
        &["boot set rootflags= && boot retry"],
    );
    made("rootfs=x", "mount", "it took longer than 30 s").fate(Fate::Late).is(
        "whoever serves the share on the host does not answer (virtiofsd died or hangs)",
        &["dmesg | tail -n 20", "boot retry"],
    );
}

#[test]
fn disks_that_are_not_there() {
    let gone = |line, list: &[&str]| {
        made(line, "mount", "/dev/x: No such file or directory").errno(libc::ENOENT).disks(list)
    };
    gone("root=/dev/sda1", &["vda", "vda1 on=vda kind=ext4 UUID=ab-cd"]).is(
        "disks have other names here: there is vda1 and no sda1",
        &["boot set root=UUID=ab-cd && boot retry"],
    );
    gone("root=/dev/sda1", &["vda", "vda1 on=vda"]).is(
        "disks have other names here: there is vda1 and no sda1",
        &["boot set root=/dev/vda1 && boot retry"],
    );
    gone("root=/dev/nvme0n1p2", &["sda", "sda1 on=sda", "sda2 on=sda"]).is(
        "disks have other names here: there is sda2 and no nvme0n1p2",
        &["boot set root=/dev/sda2 && boot retry"],
    );
    gone("root=/dev/vda3", &["vda", "vda1 on=vda"])
        .is("vda is there and has no partition 3", &["boot set root=/dev/vda1 && boot retry"]);
    gone("root=/dev/vda1", &["vda kind=ext4 UUID=x"])
        .is("vda is there and has no partitions", &["boot set root=UUID=x && boot retry"]);
    gone("root=/dev/vad", &["vda kind=xfs"])
        .is("disks have other names here: there is vda", &["boot set root=/dev/vda && boot retry"]);
    gone("root=/dev/mapper/vg-root", &["vda"])
        .is("mapper/vg-root has not been put together from the disks that are here", &[]);
    gone("root=/dev/disk0", &["vda kind=swap", "vdb kind=ext4 UUID=u"])
        .is("no disk here is called disk0", &["boot set root=UUID=u && boot retry"]);
    gone("root=/dev/vda", &[]).is(
        "this machine has no disk: none was attached, or its bus has no driver",
        &["dmesg | tail -n 20"],
    );
    gone("root=/dev/vda", &[])
        .orphan("virtio network device virtio1", "virtio_net", false)
        .orphan("virtio block device virtio0", "virtio_blk", true)
        .is(
            "the disk has no driver: virtio block device virtio0",
            &["modprobe virtio_blk && boot retry"],
        );
    gone("root=/dev/vda", &[])
        .orphan("virtio block device virtio0", "virtio_blk", true)
        .module("virtio_blk: wrong kernel version")
        .is(
            "the disk's driver was refused: virtio_blk: wrong kernel version",
            &["modprobe virtio_blk && boot retry"],
        );
}

#[test]
fn disks_by_their_tags() {
    let gone = |line, list: &[&str]| {
        made(line, "mount", "UUID=x absent\n1 block devices are here:")
            .errno(libc::ENODEV)
            .disks(list)
    };
    gone("root=UUID=abce-0123", &["vda kind=swap UUID=f", "vdb kind=ext4 UUID=abcd-0123"]).is(
        "it is misspelt: there is UUID=abcd-0123",
        &["boot set root=UUID=abcd-0123 && boot retry"],
    );
    gone("root=LABEL=rot", &["vdb kind=ext4 LABEL=root"])
        .is("it is misspelt: there is LABEL=root", &["boot set root=LABEL=root && boot retry"]);
    gone("root=UUID=1234", &["vda kind=swap UUID=f", "vdb kind=ext4 UUID=abcd-0123"])
        .is("no disk here has that UUID", &["boot set root=UUID=abcd-0123 && boot retry"]);
    gone("root=PARTLABEL=roots", &["vdb PARTLABEL=root"]).is(
        "it is misspelt: there is PARTLABEL=root",
        &["boot set root=PARTLABEL=root && boot retry"],
    );
    gone("root=UUID=1234", &[]).is(
        "this machine has no disk: none was attached, or its bus has no driver",
        &["dmesg | tail -n 20"],
    );
    gone("root=8:1", &["vdb kind=ext4 UUID=a"])
        .is("no disk here is device 8:1", &["boot set root=UUID=a && boot retry"]);
    made("root=UUID=a", "mount", "/dev/vdb is swap space, not a file system")
        .disks(&["vdb kind=swap UUID=a"])
        .is("vdb is swap space", &[]);
}

#[test]
fn disks_that_cannot_be_mounted() {
    let bad = |line, disk: &str| {
        made(line, "mount", "/dev/vda: no file system").errno(libc::EINVAL).disks(&[disk])
    };
    bad("root=/dev/vda", "vda kind=swap").is("vda is swap space", &[]);
    bad("root=/dev/vda", "vda kind=crypto_LUKS UUID=a")
        .is("vda is encrypted (LUKS) and has not been unlocked", &[]);
    bad("root=/dev/vda", "vda kind=LVM2_member")
        .is("vda is a part of an LVM group, not a file system", &[]);
    bad("root=/dev/vda rootfstype=ext3", "vda kind=xfs").is(
        "vda is xfs, and rootfstype= says otherwise",
        &["boot set rootfstype=xfs && boot retry"],
    );
    bad("root=/dev/vda", "vda kind=btrfs").filesystems("ext4 xfs").is(
        "the image lacks the module (mkinitramfs --module btrfs)",
        &["modprobe btrfs && boot retry"],
    );
    bad("root=/dev/vda rootflags=subvol=x", "vda kind=btrfs").filesystems("btrfs").is(
        "the file system refuses an option of rootflags=subvol=x",
        &["boot set rootflags= && boot retry"],
    );
    bad("root=/dev/vda", "vda")
        .is("nothing that is known is on vda: it is empty, or damaged at its start", &[]);
    bad("root=/dev/vda", "vda").disks(&["vda", "vda1 on=vda kind=ext4 UUID=k"]).is(
        "vda is a whole disk; what is meant is a partition of it",
        &["boot set root=UUID=k && boot retry"],
    );
    bad("root=/dev/vda", "vda kind=ext4")
        .errno(libc::EUCLEAN)
        .is("the file system on vda is damaged", &["fsck -y /dev/vda && boot retry"]);
    bad("root=/dev/vda", "vda kind=ext4")
        .kernel("EXT4-fs error (device vda): checksum invalid")
        .is("the file system on vda is damaged", &["fsck -y /dev/vda && boot retry"]);
    bad("root=/dev/vda", "vda kind=ext4")
        .errno(libc::EIO)
        .is("vda cannot be read: the disk or its cable is failing", &["dmesg | tail -n 20"]);
    bad("root=/dev/vda", "vda kind=ext4")
        .errno(libc::EBUSY)
        .is("vda is in use already", &["cat /proc/mounts"]);
}

#[test]
fn roots_and_inits() {
    let missing = "/proc is missing in the new root\nmake an empty folder /proc there";
    made("rootfs=r", "check the root", missing).top("bin usr").is(
        "a root needs an empty folder /proc, and this one cannot be written to",
        &[
            "boot set rd.overlay=1 && boot retry",
            "mount -o remount,rw /sysroot && mkdir /sysroot/proc && boot retry",
        ],
    );
    let none = "nothing is mounted on /sysroot";
    made("root=UUID=x", "check the root", none)
        .disks(&["vda kind=ext4 UUID=y"])
        .is("the step that mounts it was passed over", &["boot set root=UUID=y && boot retry"]);
    made("root=UUID=x", "check the root", none)
        .is("the step that mounts it was passed over", &["mount DEVICE /sysroot && boot retry"]);
    made("rootfs=r", "check the root", missing)
        .is("what is mounted is empty: another device or share is the root", &[]);
    made("root=/dev/vda", "check the root", missing).top("@ @home").is(
        "the system is in a subvolume of what is mounted",
        &["boot set rootflags=subvol=@ && boot retry"],
    );
    made("root=/dev/vda", "check the root", missing)
        .top("grub vmlinuz-6.1")
        .disks(&["vda kind=vfat"])
        .is("what is mounted is a /boot, not a root", &["boot set root=/dev/vda && boot retry"]);
    made("rootfs=r init=/sbin/int", "check init", "/sbin/int is missing in the new root")
        .programs("/sbin/init /bin/sh")
        .is("init= is misspelt: there is /sbin/init", &["boot set init=/sbin/init && boot retry"]);
    made("rootfs=r init=/usr/init", "check init", "/usr/init is missing in the new root")
        .programs("/bin/sh /sbin/init")
        .is("init= is misspelt: there is /sbin/init", &["boot set init=/sbin/init && boot retry"]);
    made("rootfs=r init=/x/y", "check init", "/x/y is missing in the new root")
        .programs("/bin/sh")
        .is("the root has no program of that name", &["boot set init=/bin/sh && boot retry"]);
    made("rootfs=r init=/a", "check init", "/a is not executable (mode 0644)")
        .programs("/bin/sh")
        .is(
            "nobody may execute it",
            &[
                "boot set init=/bin/sh && boot retry",
                "mount -o remount,rw /sysroot && chmod 755 /sysroot/a && boot retry",
            ],
        );
    made(
        "rootfs=r init=/a",
        "check init",
        "/a cannot run: its interpreter /bin/sh\\x0d is missing",
    )
    .is("the script has line ends of DOS", &[]);
    made("root=/dev/vda", "check init", "no init in the new root: neither ...")
        .is("what is mounted is no root of a whole system", &[]);
}

#[test]
fn the_rest() {
    made("root=banana", "understand", "root=banana on ...").disks(&["vda kind=ext4 LABEL=r"]).is(
        "a word that names no root that this program knows",
        &["boot set root=/dev/vda && boot retry"],
    );
    made("rootfs=r init=sh", "understand", "init=sh on ...").is(
        "a word that names no program: a path from / is wanted",
        &["boot set init=/sbin/init && boot retry"],
    );
    made("rootfs=r", "load drivers", "the worker was killed by signal 9").fate(Fate::Killed(9)).is(
        "somebody killed it: the kernel says nothing about memory that ran out",
        &["boot retry"],
    );
    let mut oom = made("rootfs=r", "load drivers", "killed")
        .fate(Fate::Killed(9))
        .kernel("Out of memory: Killed process 47 (init)");
    oom.seen.memory = 57;
    oom.is("memory ran out: the machine has 57 MB and needs more", &["boot retry"]);
    made("rd.overlay rootfs=r", "lay the memory", "this kernel has no file system overlay").is(
        "the image lacks the module (mkinitramfs --module overlay)",
        &["modprobe overlay && boot retry"],
    );
}

#[test]
fn a_whole_text() {
    let mut scene = made(
        "root=/dev/sda1 rescue.typo=1",
        "mount",
        "/dev/sda1 absent\nread errors on: vda\n2 block devices are here:\nvda",
    )
    .errno(libc::ENOENT)
    .disks(&["vda", "vda1 on=vda kind=ext4 UUID=ab-cd LABEL=r\x1b[2J"])
    .module("virtio_scsi: unknown symbol")
    .kernel("first")
    .kernel("second")
    .kernel("third")
    .kernel("fourth \x1b");
    scene.seen.blocks[0].bytes = 3 << 30;
    scene.with(|scene| {
        assert_eq!(
            text(scene),
            "rescuebox: boot failed: step 5 of 9, mount /dev/sda1 on /sysroot read-only: \
             /dev/sda1 absent\n  \
             read errors on: vda\n  \
             cause: disks have other names here: there is vda1 and no sda1\n  \
             rescue.typo=1 on the kernel command line: no parameter of this program\n  \
             seen: vda 3.0G; vda1 2.0G ext4 UUID=ab-cd LABEL=r\\x1b[2J\n  \
             module: virtio_scsi: unknown symbol\n  \
             kernel: second\n  \
             kernel: third\n  \
             kernel: fourth \\x1b\n  \
             try: boot set root=UUID=ab-cd && boot retry\n"
        );
    });
}

#[test]
fn never_more_lines_than_a_screen_has() {
    let mut scene =
        made("root=/dev/sda1 rescue.a=1 rescue.b=1 rescue.c=1", "mount", "a\nb\nc\nd\ne\nf")
            .errno(2);
    for n in 0..50 {
        let long = format!("vd{n} kind=ext4 UUID={}", "u".repeat(100));
        scene.seen.blocks.push(block(&long));
        scene.seen.modules.push("m".repeat(500));
        scene.seen.kernel.push("k\n".repeat(50));
    }
    scene.with(|scene| {
        let whole = format!("\n{}{OFFER}", text(scene));
        assert!(whole.lines().count() <= LINES, "{whole}");
        for line in whole.lines().skip(2) {
            assert!(line.chars().count() <= COLUMNS + 3, "{line}");
        }
    });
}

#[test]
fn what_comes_instead_of_a_shell() {
    let of = |how, delay| closing(Ending { how, delay }, "no shell is allowed here");
    assert_eq!(of(Some(Emergency::Reboot), 10), "  restarting in 10 s: no shell is allowed here\n");
    assert_eq!(of(Some(Emergency::Poweroff), 0), "  powering off: no shell is allowed here\n");
    assert_eq!(of(Some(Emergency::Halt), 0), "  halting: no shell is allowed here\n");
    assert_eq!(of(None, 0), "  waiting for ever: no shell is allowed here\n");
}
