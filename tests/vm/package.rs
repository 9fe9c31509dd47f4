//! The Debian package: installed in Debian 12 and 13 with their kernels, whose
//! own hooks make the image; the disk booted by that image, its root by UUID;
//! then with a UUID that is wrong, mended from the rescue shell.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::applet::program;
use crate::harness::lab::{Kernel, cache};
use crate::harness::machine::{Machine, machine};
use crate::harness::namespace::is_root;
use crate::harness::scratch::Scratch;

const UUID: &str = "0d15c0de-1234-4321-8888-0123456789ab";

/// Says where it is, from the init of Debian, and ends the machine.
const UNIT: &str = "[Unit]\nDescription=says where it is\nAfter=local-fs.target\n\
    [Service]\nType=oneshot\n\
    ExecStart=/bin/sh -c 'echo \"Debian $(cat /etc/debian_version) on $(grep \" / \" /proc/mounts), PID 1 is $(cat /proc/1/comm)\" >/dev/console; sync; echo o >/proc/sysrq-trigger; sleep 60'\n\
    [Install]\nWantedBy=multi-user.target\n";

fn run(dir: &Path, script: &str, suite: &str) -> String {
    let out = Command::new("timeout")
        .args(["300", "sh", "-ec", script])
        .current_dir(dir)
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .env("RESCUEBOX", program())
        .env("TOP", env!("CARGO_MANIFEST_DIR"))
        .env("LC_ALL", "C")
        .env("ROOT", cache().join("roots").join(suite))
        .env("DEBS", cache().join("debs-of").join(suite))
        .env("UUID", UUID)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success(), "{script}: {text}{}", String::from_utf8_lossy(&out.stderr));
    text
}

/// A disk with Debian, the package and a kernel; kernel and image as they are
/// on it.
fn install(s: &Scratch, suite: &str) -> (PathBuf, PathBuf, PathBuf) {
    s.file("unit", UNIT);
    run(s.path(), "\"$TOP/scripts/deb\" \"$PWD/deb\"", suite);
    run(
        s.path(),
        "cp -a \"$ROOT\" root
         cp deb/*.deb \"$DEBS\"/*.deb root/tmp/
         chroot root sh -ec 'dpkg -i /tmp/linux-base*.deb /tmp/rescuebox*.deb; rm /tmp/rescuebox*'
         ls root/boot | grep initrd && exit 1
         chroot root sh -ec 'dpkg -i /tmp/linux-image*.deb; dpkg -s rescuebox; rm /tmp/*.deb'
         cp unit root/etc/systemd/system/where.service
         ln -s ../where.service root/etc/systemd/system/multi-user.target.wants/where.service
         echo \"UUID=$UUID / ext4 defaults 0 1\" >root/etc/fstab
         chroot root passwd -dq root",
        suite,
    );
    let text = run(s.path(), "chroot root update-rescuebox -u -k all -v 2>&1", suite);
    assert!(text.contains(" zstd "), "{text}");
    run(
        s.path(),
        "cp root/boot/vmlinuz-* kernel; cp root/boot/initrd.img-* image
         truncate -s 1500M disk; mke2fs -q -t ext4 -U $UUID -d root disk; rm -rf root",
        suite,
    );
    let path = |name: &str| s.path().join(name);
    (path("disk"), path("kernel"), path("image"))
}

fn boots(suite: &str, version: &str) {
    if !is_root("the package on a disk") {
        return;
    }
    let s = Scratch::new(&format!("package-{suite}"));
    let (disk, kernel, image) = install(&s, suite);
    let start = |root: &str| {
        let drive = format!("file={},if=virtio,format=raw,snapshot=on", disk.display());
        machine(Kernel::BookwormCloud, &image)
            .image(&kernel)
            .memory(640)
            .command_line(&format!(
                "console=ttyS0 no_timer_check quiet root=UUID={root} ro systemd.show_status=false"
            ))
            .qemu(["-drive", &drive])
            .boot()
    };
    let mut vm = start(UUID);
    runs(&mut vm, version);
    drop(vm);
    // As after the disk was made anew: the shell says which there are.
    let mut vm = start("deadbeef-0000-0000-0000-000000000000");
    let log = vm.within(150).wait_for("(mount) / #");
    assert!(log.contains("deadbeef-0000-0000-0000-000000000000"), "{log}");
    vm.send("blkid /dev/vda\n");
    vm.within(60).wait_for(&format!("UUID=\"{UUID}\""));
    vm.send(&format!("boot set root=UUID={UUID} && boot retry\n"));
    runs(&mut vm, version);
}

/// Debian's own init runs on the disk.
fn runs(vm: &mut Machine, version: &str) {
    let log = vm.within(240).wait_for("PID 1 is systemd");
    let line = log.lines().find(|line| line.contains("Debian ")).unwrap_or_default();
    assert!(line.contains(&format!("Debian {version}.")), "{log}");
    assert!(line.contains("on /dev/vda / ext4 "), "{log}");
    vm.no_panic();
}

#[test]
fn debian_12() {
    boots("bookworm", "12");
}

#[test]
fn debian_13() {
    boots("trixie", "13");
}
