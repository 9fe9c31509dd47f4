//! Debian 12 and 13 on a disk, started by our image in place of
//! initramfs-tools', with the command line that Debian's boot loader gives.

use std::path::Path;
use std::process::Command;

use crate::harness::applet::program;
use crate::harness::lab::{Kernel, cache, debian_root};
use crate::harness::machine::machine;
use crate::harness::namespace::is_root;
use crate::harness::scratch::Scratch;

const UUID: &str = "11111111-2222-3333-4444-555555555555";

/// What tells that the target is reached, on the serial line, and ends the
/// machine.
const UNIT: &str = "[Unit]
After=multi-user.target
[Service]
Type=oneshot
StandardOutput=tty
TTYPath=/dev/ttyS0
ExecStart=/bin/sh -c 'echo the state is $(systemctl is-active multi-user.target); grep \" / \" /proc/mounts; uname -r; systemctl --failed --no-legend; echo the target is reached; systemctl poweroff --force --force'
[Install]
WantedBy=multi-user.target
";

/// A disk with a copy of the root, told what it is on.
fn disk(dir: &Path, suite: &str, kernel: Kernel) {
    let udev = cache().join("udev").join(suite);
    assert!(udev.join(".package").exists(), "{} is not there: run make lab", udev.display());
    let script = format!(
        "cp -a {root} copy; cd copy
         tar -C {udev} -c . | tar -x --keep-directory-symlink
         printf 'UUID={UUID} / ext4 errors=remount-ro 0 1\\n' >etc/fstab
         echo debian >etc/hostname
         printf '%s' \"$UNIT\" >etc/systemd/system/reached.service
         mkdir -p etc/systemd/system/multi-user.target.wants
         ln -s ../reached.service etc/systemd/system/multi-user.target.wants/
         # getty would hang up the line that the unit writes on
         ln -s /dev/null etc/systemd/system/serial-getty@ttyS0.service
         rm -rf var/cache/apt var/lib/apt/lists usr/share/doc usr/share/locale .complete
         mkdir -p usr/lib/modules; cp -a {modules} usr/lib/modules/
         depmod -b . {version}
         cd ..; truncate -s 1G disk; mkfs.ext4 -q -U {UUID} -d copy disk; rm -rf copy",
        root = debian_root(suite).display(),
        udev = udev.display(),
        modules = kernel.modules().display(),
        version = kernel.version(),
    );
    let out = Command::new("sh")
        .args(["-ec", &script])
        .current_dir(dir)
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("UNIT", UNIT)
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

#[test]
fn debian_12_reaches_its_target() {
    if is_root("debian_12_reaches_its_target") {
        reaches_its_target("bookworm", Kernel::BookwormCloud);
    }
}

#[test]
fn debian_13_reaches_its_target() {
    if is_root("debian_13_reaches_its_target") {
        reaches_its_target("trixie", Kernel::TrixieCloud);
    }
}

fn reaches_its_target(suite: &str, kernel: Kernel) {
    let dir = Scratch::new("debian");
    disk(dir.path(), suite, kernel);
    let initramfs = dir.path().join("initrd");
    let out = Command::new(program())
        .args(["mkinitramfs", "-q", "--generic", "--modules-dir"])
        .arg(kernel.modules())
        .arg("-o")
        .arg(&initramfs)
        .output()
        .unwrap();
    assert!(out.status.success(), "mkinitramfs: {}", String::from_utf8_lossy(&out.stderr));
    let file =
        format!("file={},if=virtio,format=raw,snapshot=on", dir.path().join("disk").display());
    let mut vm = machine(kernel, &initramfs)
        .memory(768)
        .command_line(&format!(
            "BOOT_IMAGE=/boot/vmlinuz-{} root=UUID={UUID} ro console=tty0 console=ttyS0 quiet",
            kernel.version()
        ))
        .qemu(["-drive", &file])
        .limit(240)
        .boot();
    let log = vm.wait_for("the target is reached");
    vm.no_panic();
    assert!(log.contains("the state is active"), "{suite}: {log}");
    assert!(log.contains("/dev/vda / ext4 rw,"), "{suite}: {log}");
    assert!(log.contains(&kernel.version()), "{suite}: {log}");
}
