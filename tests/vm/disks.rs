//! Roots on disks: every name of `root=`, filesystems, buses, and disks that
//! come late, go, lie or are many.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::harness::applet::program;
use crate::harness::lab::{KERNELS, Kernel};
use crate::harness::machine::{Config, machine};
use crate::harness::namespace::is_root;
use crate::harness::scratch::Scratch;

const INIT: &str = "#!/bin/sh
/bin/busybox grep ' / ' /proc/mounts | /bin/busybox tail -n1
/bin/busybox grep ' /usr ' /proc/mounts
echo \"the root is here: $(/bin/busybox cat /etc/name)\"
/bin/busybox poweroff -f
";

const UUID: &str = "11111111-2222-3333-4444-555555555555";

/// Disks being made.
struct Disks(Scratch);

impl Disks {
    /// A folder with the content of a root in `root`.
    fn new(name: &str) -> Disks {
        let disks = Disks(Scratch::new(name));
        disks.run(
            "mkdir -p root/bin root/sbin root/proc root/sys root/dev root/run root/tmp root/etc root/usr
             cp /bin/busybox root/bin/ && ln -s busybox root/bin/sh && echo rootname > root/etc/name",
        );
        disks.0.program("root/sbin/init", INIT);
        disks
    }

    /// Runs a shell script in the folder.
    #[track_caller]
    fn run(&self, script: &str) {
        let out = Command::new("sh")
            .args(["-ec", script])
            .current_dir(self.0.path())
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .env("UUID", UUID)
            .output()
            .unwrap();
        assert!(out.status.success(), "{script}: {}", String::from_utf8_lossy(&out.stderr));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A GPT disk `gpt.img`: an ESP, a root, an ext4 that is none.
    fn gpt(&self) {
        self.run(
            "truncate -s 40M gpt.img
             printf 'label: gpt\nsize=2M, type=U\nsize=24M, type=4f68bce3-e8cd-4db1-96e7-fbcaf984b709, uuid=aaaaaaaa-0000-0000-0000-000000000001, name=\"the root\"\nsize=4M\n' | sfdisk -q gpt.img
             truncate -s 24M part.img; mkfs.ext4 -q -L ROOT -U $UUID -d root part.img
             dd if=part.img of=gpt.img bs=1M seek=3 conv=notrunc status=none",
        );
    }

    fn ext4(&self, name: &str) {
        self.run(&format!("truncate -s 24M {name}; mkfs.ext4 -q -L ROOT -U $UUID -d root {name}"));
    }
}

/// The image for a kernel with modules beside those for virtual machines.
fn image(kernel: Kernel, modules: &[&str], folder: &Path) -> PathBuf {
    if modules.is_empty() {
        return kernel.initramfs();
    }
    let path = folder.join(format!("{kernel:?}.cpio"));
    let mut command = Command::new(program());
    command.args(["mkinitramfs", "-q", "--modules-dir"]).arg(kernel.modules());
    for module in modules {
        command.args(["--module", module]);
    }
    let out = command.arg("-o").arg(&path).output().unwrap();
    assert!(out.status.success(), "mkinitramfs: {}", String::from_utf8_lossy(&out.stderr));
    path
}

/// QEMU's words for a virtio disk.
fn virtio(path: &Path) -> [OsString; 2] {
    ["-drive".into(), format!("file={},if=virtio,format=raw,snapshot=on", path.display()).into()]
}

/// QEMU's words for a drive that another argument refers to as `d`.
fn drive(path: &Path) -> [OsString; 2] {
    ["-drive".into(), format!("file={},if=none,id=d,format=raw,snapshot=on", path.display()).into()]
}

#[track_caller]
fn boots(config: Config) -> String {
    let mut vm = config.boot();
    let log = vm.wait_for("the root is here: rootname");
    vm.no_panic();
    log
}

#[test]
fn the_root_by_every_name() {
    let disks = Disks::new("names");
    disks.gpt();
    let kernel = Kernel::BookwormCloud;
    for root in [
        "UUID=11111111-2222-3333-4444-555555555555",
        "LABEL=ROOT",
        "/dev/disk/by-label/ROOT",
        "PARTUUID=AAAAAAAA-0000-0000-0000-000000000001",
        "PARTUUID=aaaaaaaa-0000-0000-0000-000000000001/PARTNROFF=0",
        "\"PARTLABEL=the root\"",
        "/dev/disk/by-partlabel/the\\x20root",
        "/dev/vda2",
        "ID=virtio-serial-7-part2",
        "/dev/disk/by-path/pci-0000:00:05.0-part2",
        "gpt-auto",
    ] {
        let device = "virtio-blk-pci,drive=d,serial=serial-7,addr=5";
        let config = machine(kernel, kernel.initramfs()).append(&format!("root={root}"));
        let log = boots(config.qemu(drive(&disks.path("gpt.img"))).qemu(["-device", device]));
        assert!(log.contains("/dev/vda2 / ext4 ro,"), "{root}: {log}");
    }
}

#[test]
fn four_kernels() {
    let disks = Disks::new("kernels");
    disks.gpt();
    for kernel in KERNELS {
        let config = machine(kernel, kernel.initramfs()).append(&format!("root=UUID={UUID} rw"));
        let log = boots(config.qemu(virtio(&disks.path("gpt.img"))));
        assert!(log.contains("/dev/vda2 / ext4 rw,"), "{kernel:?}: {log}");
    }
}

#[test]
fn logical_partitions_of_an_mbr() {
    let disks = Disks::new("mbr");
    disks.ext4("part.img");
    disks.run(
        "truncate -s 60M mbr.img
         printf 'label: dos\nlabel-id: 0xcafe1234\nstart=2048, size=4M\nstart=12288, size=50M, type=5\nstart=14336, size=2M\nstart=20480, size=24M\n' | sfdisk -q mbr.img
         dd if=part.img of=mbr.img bs=512 seek=20480 conv=notrunc status=none",
    );
    let kernel = Kernel::TrixieCloud;
    for root in ["PARTUUID=cafe1234-06", "PARTUUID=cafe1234-05/PARTNROFF=1", "LABEL=ROOT"] {
        let config = machine(kernel, kernel.initramfs()).append(&format!("root={root}"));
        let log = boots(config.qemu(virtio(&disks.path("mbr.img"))));
        assert!(log.contains("/dev/vda6 / ext4 ro,"), "{root}: {log}");
    }
}

#[test]
fn filesystems() {
    let disks = Disks::new("filesystems");
    disks.run(
        r#"truncate -s 128M btrfs.img; mkfs.btrfs -q -L ROOT --rootdir root btrfs.img
        truncate -s 64M f2fs.img; mkfs.f2fs -q -l ROOT f2fs.img; sload.f2fs -f root f2fs.img >&2 || :
        mksquashfs root squashfs.img -quiet -no-progress
        mkfs.erofs -U 11111111-2222-3333-4444-555555555555 erofs.img root >&2
        truncate -s 32M vfat.img; mkfs.vfat -F 16 -n ROOT vfat.img >&2
        mmd -i vfat.img ::live; mcopy -i vfat.img squashfs.img ::live/root.squashfs
        {
            echo /dev/null; echo 0 0; echo d--755 0 0
            echo bin d--755 0 0; echo busybox ---755 0 0 /bin/busybox; echo sh l--777 0 0 busybox; echo '$'
            echo sbin d--755 0 0; echo init ---755 0 0 root/sbin/init; echo '$'
            for d in proc sys dev run tmp usr; do echo $d d--755 0 0 '$'; done
            echo etc d--755 0 0; echo name ---644 0 0 root/etc/name; echo '$'; echo '$'
        } > proto
        truncate -s 320M xfs.img; mkfs.xfs -q -L ROOT -p proto xfs.img"#,
    );
    let cloud = image(
        Kernel::BookwormCloud,
        &["xfs", "btrfs", "squashfs", "erofs", "vfat", "nls_cp437", "nls_ascii", "loop"],
        disks.0.path(),
    );
    let generic = image(Kernel::BookwormGeneric, &["f2fs"], disks.0.path());
    for (kernel, initramfs, file, line, expected) in [
        (Kernel::BookwormCloud, &cloud, "xfs.img", "root=LABEL=ROOT", "/dev/vda / xfs ro,"),
        (Kernel::BookwormCloud, &cloud, "btrfs.img", "root=LABEL=ROOT", "/dev/vda / btrfs ro,"),
        (
            Kernel::BookwormCloud,
            &cloud,
            "squashfs.img",
            "root=/dev/vda rw",
            "/dev/vda / squashfs ro,",
        ),
        (
            Kernel::BookwormCloud,
            &cloud,
            "squashfs.img",
            "root=/dev/vda rd.overlay",
            "overlay / overlay rw,",
        ),
        (
            Kernel::BookwormCloud,
            &cloud,
            "erofs.img",
            "root=UUID=11111111-2222-3333-4444-555555555555",
            "/dev/vda / erofs ro,",
        ),
        (
            Kernel::BookwormCloud,
            &cloud,
            "vfat.img",
            "root=LABEL=ROOT loop=/live/root.squashfs systemd.volatile=overlay",
            "overlay / overlay rw,",
        ),
        (
            Kernel::BookwormCloud,
            &cloud,
            "vfat.img",
            "root=LABEL=ROOT loop=/live/root.squashfs",
            "/dev/loop0 / squashfs ro,",
        ),
        (Kernel::BookwormGeneric, &generic, "f2fs.img", "root=LABEL=ROOT", "/dev/vda / f2fs ro,"),
    ] {
        let config = machine(kernel, initramfs).memory(384).append(line);
        let log = boots(config.qemu(virtio(&disks.path(file))));
        assert!(log.contains(expected), "{file} {line}: {log}");
    }
}

#[test]
fn a_btrfs_of_two_devices_and_a_subvolume() {
    if !is_root("a_btrfs_of_two_devices_and_a_subvolume") {
        return;
    }
    let disks = Disks::new("btrfs");
    disks.run(
        "truncate -s 128M a.img b.img; mkdir m
         A=$(losetup -f --show a.img); B=$(losetup -f --show b.img)
         trap 'umount m || :; losetup -d $A $B' EXIT
         mkfs.btrfs -q -U $UUID -d raid1 -m raid1 $A $B; btrfs device scan $A $B >&2; mount -t btrfs $A m
         btrfs subvolume create m/@ >&2; cp -a root/. m/@/",
    );
    let kernel = Kernel::BookwormCloud;
    let initramfs = image(kernel, &["btrfs"], disks.0.path());
    let start = |line: &str| {
        machine(kernel, &initramfs)
            .memory(384)
            .append(&format!("root=UUID={UUID} rootflags=subvol=@ {line}"))
            .qemu(virtio(&disks.path("a.img")))
    };
    let log = boots(start("").qemu(virtio(&disks.path("b.img"))));
    assert!(log.contains(" / btrfs ro,") && log.contains("subvol=/@"), "{log}");
    let mut vm = start("rd.timeout=1").boot();
    vm.wait_for("1 of 2 devices of the btrfs");
    let log = boots(start("rd.timeout=1 rootflags=subvol=@,degraded"));
    assert!(log.contains("degraded"), "{log}");
}

#[test]
fn buses() {
    let disks = Disks::new("buses");
    disks.ext4("e.img");
    let kernel = Kernel::BookwormGeneric;
    let initramfs = image(
        kernel,
        &["nvme", "ahci", "usb_storage", "uas", "xhci_pci", "virtio_scsi", "sd_mod", "virtio_blk"],
        disks.0.path(),
    );
    for (devices, node) in [
        (&["nvme,drive=d,serial=s"][..], "/dev/nvme0n1"),
        (&["ide-hd,drive=d,bus=ide.0"], "/dev/sda"),
        (&["virtio-scsi-pci,id=s", "scsi-hd,drive=d,bus=s.0"], "/dev/sda"),
        (&["qemu-xhci,id=x", "usb-storage,drive=d,bus=x.0"], "/dev/sda"),
        (&["virtio-blk-pci,drive=d"], "/dev/vda"),
    ] {
        let config = machine(kernel, &initramfs).append("root=LABEL=ROOT");
        let config = config.qemu(drive(&disks.path("e.img")));
        let words = devices.iter().flat_map(|device| ["-device", device]);
        let log = boots(config.qemu(words));
        assert!(log.contains(&format!("{node} / ext4 ro,")), "{devices:?}: {log}");
    }
}

#[test]
fn usr_on_a_partition_of_its_own() {
    let disks = Disks::new("usr");
    disks.run(
        "echo 'LABEL=USR /usr ext4 defaults,nodev 0 2' > root/etc/fstab
         mkdir usr; mv root/sbin usr/sbin; ln -s usr/sbin root/sbin
         truncate -s 8M usr.img; mkfs.ext4 -q -L USR -d usr usr.img",
    );
    disks.ext4("e.img");
    let kernel = Kernel::TrixieCloud;
    let config = machine(kernel, kernel.initramfs()).append("root=LABEL=ROOT");
    let config = config.qemu(virtio(&disks.path("e.img"))).qemu(virtio(&disks.path("usr.img")));
    let log = boots(config);
    assert!(log.contains("/dev/vdb /usr ext4 ro,nodev"), "{log}");
}

/// QEMU's control socket. What was read is kept: an event may come along with
/// the answer.
struct Control(BufReader<UnixStream>);

impl Control {
    fn new(path: &Path) -> Control {
        for _ in 0..500 {
            if let Ok(stream) = UnixStream::connect(path) {
                stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
                let mut control = Control(BufReader::new(stream));
                control.line();
                control.say("{\"execute\":\"qmp_capabilities\"}");
                return control;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{} is not there", path.display());
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        let count = self.0.read_line(&mut line).expect("QEMU answers within a minute");
        assert!(count > 0, "QEMU has ended");
        line
    }

    fn say(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
        loop {
            let line = self.line();
            assert!(!line.contains("\"error\""), "{text}: {line}");
            if line.contains("\"return\"") {
                return;
            }
        }
    }
}

#[test]
fn disks_that_come_late_and_go() {
    let disks = Disks::new("late");
    disks.ext4("e.img");
    disks.run("truncate -s 8M other.img; mkfs.ext4 -q -L OTHER other.img");
    let kernel = Kernel::BookwormCloud;
    let socket = disks.path("qmp");
    let mut vm = machine(kernel, kernel.initramfs())
        .append("root=LABEL=ROOT rootwait")
        .qemu([
            "-device",
            "pcie-root-port,id=p,chassis=1",
            "-device",
            "pcie-root-port,id=q,chassis=2",
        ])
        .qemu(["-qmp", &format!("unix:{},server=on,wait=off", socket.display())])
        .qemu(drive(&disks.path("e.img")))
        .qemu([
            "-drive".to_string(),
            format!(
                "file={},if=none,id=o,format=raw,snapshot=on",
                disks.path("other.img").display()
            ),
            "-device".to_string(),
            "virtio-blk-pci,drive=o,bus=q,id=gone".to_string(),
        ])
        .boot();
    vm.wait_for("waiting for LABEL=ROOT");
    let mut control = Control::new(&socket);
    control.say("{\"execute\":\"device_del\",\"arguments\":{\"id\":\"gone\"}}");
    std::thread::sleep(Duration::from_millis(1500));
    control.say(
        "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"virtio-blk-pci\",\"drive\":\"d\",\"bus\":\"p\"}}",
    );
    vm.wait_for("the root is here: rootname");
    vm.no_panic();
}

#[test]
fn two_disks_of_one_uuid() {
    let disks = Disks::new("twins");
    disks.ext4("e.img");
    let kernel = Kernel::TrixieCloud;
    let config = machine(kernel, kernel.initramfs()).append(&format!("root=UUID={UUID}"));
    let config = config.qemu(virtio(&disks.path("e.img"))).qemu(virtio(&disks.path("e.img")));
    let log = boots(config);
    let told = format!("UUID={UUID} is on /dev/vda /dev/vdb: /dev/vda is taken");
    assert!(log.contains(&told), "{log}");
}

#[test]
fn what_is_no_root() {
    let disks = Disks::new("none");
    disks.run(
        "truncate -s 8M swap.img; mkswap -L SWAP -U $UUID swap.img >&2
         truncate -s 8M luks.img; printf p | cryptsetup -q luksFormat --type luks1 --uuid $UUID --pbkdf-force-iterations 1000 luks.img -",
    );
    let kernel = Kernel::BookwormCloud;
    let start = |file: &str, root: &str| {
        machine(kernel, kernel.initramfs())
            .append(&format!("root={root} rd.timeout=1"))
            .qemu(virtio(&disks.path(file)))
            .boot()
    };
    let mut vm = start("swap.img", "/dev/vda");
    vm.wait_for("/dev/vda is swap space, not a file system");
    let mut vm = start("luks.img", &format!("UUID={UUID}"));
    vm.wait_for("/dev/vda is encrypted with LUKS, not a file system");
    let mut vm = start("swap.img", "LABEL=SWAP");
    vm.wait_for("LABEL=SWAP absent");
    vm.wait_for("vda 8.0M swap UUID=11111111-2222-3333-4444-555555555555 LABEL=SWAP");
}

#[test]
fn read_errors() {
    let disks = Disks::new("errors");
    disks.ext4("e.img");
    disks.0.file("debug", "[inject-error]\nevent = \"read_aio\"\nerrno = \"5\"\nsector = \"2\"\n");
    let kernel = Kernel::BookwormCloud;
    let file =
        format!("blkdebug:{}:{}", disks.path("debug").display(), disks.path("e.img").display());
    let mut vm = machine(kernel, kernel.initramfs())
        .append("root=LABEL=ROOT rd.timeout=1")
        .qemu(["-drive", &format!("file={file},if=virtio,format=raw,snapshot=on")])
        .boot();
    vm.wait_for("LABEL=ROOT absent");
    vm.wait_for("read errors on: vda");
    let mut vm = machine(kernel, kernel.initramfs())
        .append("root=/dev/vda rd.timeout=1")
        .qemu(["-drive", &format!("file={file},if=virtio,format=raw,snapshot=on")])
        .boot();
    vm.wait_for("/dev/vda: it cannot be read");
}

#[test]
fn two_hundred_disks() {
    let disks = Disks::new("many");
    disks.ext4("e.img");
    let kernel = Kernel::BookwormCloud;
    let mut words: Vec<String> = Vec::new();
    for n in 0..200 {
        let file = if n == 187 {
            format!("file={},format=raw,snapshot=on", disks.path("e.img").display())
        } else {
            "file.driver=null-co,file.size=1048576,file.read-zeroes=on,format=raw".to_string()
        };
        words.extend(["-drive".into(), format!("{file},if=none,id=d{n}")]);
        words.extend(["-device".into(), format!("scsi-hd,drive=d{n},bus=s.0,scsi-id={},lun=0", n)]);
    }
    let config = machine(kernel, kernel.initramfs())
        .memory(512)
        .append(&format!("root=UUID={UUID} rd.timeout=60"))
        .qemu(["-device", "virtio-scsi-pci,id=s"])
        .qemu(words);
    let log = boots(config);
    assert!(log.contains(" / ext4 ro,"), "{log}");
}
