//! One file for the firmware, made with systemd's own stubs: EFI firmware
//! starts it, and what runs is our init.

use std::process::Command;

use crate::harness::applet::program;
use crate::harness::lab::{Kernel, cache, stub};
use crate::harness::machine::machine;
use crate::harness::scratch::Scratch;

fn boots(suite: &str, kernel: Kernel, compress: &str) {
    let s = Scratch::new(&format!("uki-{suite}"));
    std::fs::create_dir_all(s.path().join("esp/EFI/BOOT")).unwrap();
    let cmdline = "console=ttyS0 no_timer_check quiet clearcpuid=141 rescue hello=from-the-uki";
    let out = Command::new(program())
        .args(["mkinitramfs", "-q", "--compress", compress, "--cmdline", cmdline, "--modules-dir"])
        .arg(kernel.modules())
        .arg("--kernel")
        .arg(kernel.image())
        .arg("--uki")
        .arg(stub(suite))
        .arg("-o")
        .arg(s.path().join("esp/EFI/BOOT/BOOTX64.EFI"))
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let drive = format!("file=fat:rw:{},if=virtio,format=raw", s.path().join("esp").display());
    let firmware = cache().join("ovmf/usr/share/ovmf/OVMF.fd");
    let mut vm =
        machine(kernel, "").firmware(&firmware).memory(512).qemu(["-drive", &drive]).boot();
    vm.within(150).wait_for("(rescue) / #");
    vm.send("cat /proc/cmdline; uname -r; readlink /proc/1/exe\n");
    vm.within(60).wait_for("hello=from-the-uki");
    vm.wait_for(&kernel.version());
    vm.wait_for("/rescuebox");
    // A stub may put archives of its own behind ours.
    assert!(!vm.log().contains("unpacking failed"), "{}", vm.log());
    vm.no_panic();
}

#[test]
fn debian_12s_stub() {
    boots("bookworm", Kernel::BookwormCloud, "zstd");
}

#[test]
fn debian_13s_stub() {
    boots("trixie", Kernel::TrixieCloud, "lz4");
}
