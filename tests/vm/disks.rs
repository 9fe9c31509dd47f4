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
pub struct Disks(Scratch);

impl Disks {
    /// A folder with the content of a root in `root`.
    pub fn new(name: &str) -> Disks {
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
    pub fn run(&self, script: &str) {
        let out = Command::new("sh")
            .args(["-ec", script])
            .current_dir(self.0.path())
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .env("UUID", UUID)
            .output()
            .unwrap();
        assert!(out.status.success(), "{script}: {}", String::from_utf8_lossy(&out.stderr));
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn folder(&self) -> &Scratch {
        &self.0
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

/// The image for a kernel with more of mkinitramfs's options.
pub fn image(kernel: Kernel, options: &[&str], folder: &Path) -> PathBuf {
    let path = folder.join(format!("{kernel:?}.cpio"));
    let mut command = Command::new(program());
    command.args(["mkinitramfs", "-q", "--modules-dir"]).arg(kernel.modules()).args(options);
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
    let initramfs = image(kernel, &["--module", "btrfs"], disks.0.path());
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
pub struct Control(BufReader<UnixStream>, String);

impl Control {
    pub fn new(path: &Path) -> Control {
        for _ in 0..500 {
            if let Ok(stream) = UnixStream::connect(path) {
                stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
                let mut control = Control(BufReader::new(stream), String::new());
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

    pub fn say(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
        loop {
            let line = self.line();
            assert!(!line.contains("\"error\""), "{text}: {line}");
            self.1.push_str(&line);
            if line.contains("\"return\"") {
                return;
            }
        }
    }

    /// Waits for an event, which may have come with an answer.
    pub fn wait_for(&mut self, event: &str) {
        while !self.1.contains(event) {
            let line = self.line();
            self.1.push_str(&line);
        }
    }
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
    for kernel in KERNELS {
        let config = machine(kernel, kernel.initramfs())
            .memory(512)
            .append(&format!("root=UUID={UUID} rd.timeout=60"))
            .qemu(["-device", "virtio-scsi-pci,id=s"])
            .qemu(words.clone());
        let log = boots(config);
        assert!(log.contains(" / ext4 ro,"), "{kernel:?}: {log}");
    }
}
