//! Boots that cannot succeed: each ends as the command line wants, with a
//! message that names the step and the cause, and never in a kernel panic.

use std::path::{Path, PathBuf};

use crate::harness::applet::applet;
use crate::harness::lab::{KERNELS, Kernel, SHARE_MODULES, bookworm_root};
use crate::harness::machine::{Config, machine};
use crate::harness::scratch::Scratch;

/// A root that is a shell and the folders a root needs.
fn small_root(name: &str) -> Scratch {
    let dir = Scratch::new(name);
    for folder in ["bin", "sbin", "dev", "proc", "sys", "run", "tmp"] {
        std::fs::create_dir_all(dir.path().join(folder)).unwrap();
    }
    std::fs::copy("/usr/bin/busybox", dir.path().join("bin/sh")).unwrap();
    dir
}

/// Boots; `panic=-1`, which the harness gives, means no shell and the end.
#[track_caller]
fn fails(config: Config, cause: &str) {
    let mut vm = config.boot();
    vm.wait_for("rescuebox: boot failed: step ");
    let line = vm.wait_for("\n");
    assert!(line.contains(cause), "{line}\n{}", vm.log());
    vm.wait_end();
    vm.no_panic();
}

/// An image with these modules in the flat folder, each perhaps changed or
/// left out.
fn flat_image(dir: &Scratch, change: impl Fn(&str, Vec<u8>) -> Option<Vec<u8>>) -> PathBuf {
    let image = dir.path().join("image.cpio");
    let mut args: Vec<String> =
        vec!["--no-modules".into(), "-o".into(), image.display().to_string()];
    for (n, name) in SHARE_MODULES.iter().enumerate() {
        let bytes = std::fs::read(Kernel::BookwormCloud.module(name).expect(name)).unwrap();
        let Some(bytes) = change(name, bytes) else { continue };
        let file = dir.file(&format!("{name}.ko"), bytes);
        args.push("--add".into());
        args.push(format!("{}:/usr/lib/modules/{n:02}-{name}.ko", file.display()));
    }
    applet("mkinitramfs").args(args).ok();
    image
}

fn cloud(root: &Path) -> Config {
    let kernel = Kernel::BookwormCloud;
    machine(kernel, kernel.initramfs()).share("top", root)
}

#[test]
fn a_tag_that_is_not_there() {
    for kernel in KERNELS {
        let vm = machine(kernel, kernel.initramfs()).share("other", &bookworm_root());
        let cause = match kernel {
            Kernel::BookwormCloud | Kernel::BookwormGeneric => "tag top absent: the 1 virtiofs",
            _ => "tag top absent; these are present: other",
        };
        fails(vm.append("rootfs=top"), cause);
    }
}

#[test]
fn a_device_without_a_driver() {
    let dir = Scratch::new("no-pci");
    let image = flat_image(&dir, |name, bytes| (name != "virtio_pci").then_some(bytes));
    let vm = machine(Kernel::BookwormCloud, image).share("top", &bookworm_root());
    fails(vm.append("rootfs=top"), "no driver for the virtio device 1af4:105a at 0000:00:");
}

#[test]
fn modules_that_cannot_be_loaded() {
    type Change = fn(Vec<u8>) -> Option<Vec<u8>>;
    let cases: [(&str, Change, &str); 3] = [
        ("truncated", |b| Some(b[..b.len() / 2].to_vec()), "virtiofs.ko: truncated module"),
        ("garbage", |b| Some(vec![0x5a; b.len()]), "virtiofs.ko: not a kernel module"),
        ("absent", |_| None, "this kernel has no file system virtiofs"),
    ];
    for (name, change, cause) in cases {
        let dir = Scratch::new(name);
        let image = flat_image(&dir, |module, bytes| match module {
            "virtiofs" => change(bytes),
            _ => Some(bytes),
        });
        let vm = machine(Kernel::BookwormCloud, image).share("top", &bookworm_root());
        fails(vm.append("rootfs=top"), cause);
    }
}

#[test]
fn inits_that_would_not_run() {
    let root = small_root("inits");
    root.file("sbin/plain", "#!/bin/sh\n");
    root.program("sbin/script", "#!/bin/nosuch\n");
    root.program("sbin/text", "hello\n");
    let mut other = std::fs::read("/usr/bin/busybox").unwrap();
    other[18] = 183;
    root.program("sbin/other", &other);
    for (init, cause) in [
        ("/sbin/none", "/sbin/none is missing in the new root"),
        ("/sbin", "/sbin is a folder"),
        ("/sbin/plain", "/sbin/plain is not executable (mode 0644)"),
        ("/sbin/text", "/sbin/text is no program: neither an ELF file nor a script with #!"),
        ("/sbin/other", "/sbin/other is a 64-bit program for aarch64, this machine is x86_64"),
        ("/sbin/script", "/sbin/script cannot run: its interpreter /bin/nosuch is missing"),
    ] {
        fails(cloud(root.path()).append(&format!("rootfs=top init={init}")), cause);
    }
}

#[test]
fn a_root_without_proc_or_without_anything() {
    let root = small_root("no-proc");
    std::fs::remove_dir(root.path().join("proc")).unwrap();
    fails(cloud(root.path()).append("rootfs=top"), "/proc is missing in the new root");
    let empty = Scratch::new("empty");
    fails(cloud(empty.path()).append("rootfs=top"), "/dev is missing in the new root");
}

#[test]
fn a_missing_proc_is_made_where_that_is_possible() {
    let root = small_root("made-proc");
    std::fs::remove_dir(root.path().join("proc")).unwrap();
    root.program("sbin/init", "#!/bin/sh\necho reached $$ $(cut -c1-5 /proc/uptime)\nsleep 100\n");
    let mut vm = cloud(root.path()).append("root=virtiofs:top rd.overlay init=/sbin/init").boot();
    vm.wait_for("reached 1 ");
    vm.no_panic();
    assert!(!root.path().join("proc").exists());
}

#[test]
fn command_lines_that_make_no_sense() {
    let kernel = Kernel::BookwormCloud;
    let plain = || machine(kernel, kernel.initramfs());
    for (line, cause) in [
        ("root=banana", "root=banana on the kernel command line: not a kind of root"),
        ("rootfs=", "rootfs= on the kernel command line: the tag is missing"),
        ("root=LABEL=", "it names nothing"),
        ("rootfs=top init=sh", "the init is named by a path from /"),
        ("root=/dev/vda", "/dev/vda absent"),
        ("", "no root= is on the kernel command line"),
    ] {
        fails(plain().append(line), cause);
    }
    // As long as a command line can be on this machine, with what the harness
    // puts in front of it.
    let limit = 2047 - "clearcpuid=141 ".len();
    let start = "console=ttyS0 no_timer_check quiet panic=-1 root=x ";
    let filler = "y".repeat(limit - start.len());
    fails(plain().command_line(&format!("{start}{filler}")), "root=x on the kernel command line");
}

#[test]
fn no_nodes_in_the_image() {
    // Packed anew by another program, with neither /dev/console nor /dev/null
    // in it, so that init starts with descriptors 0-2 closed.
    let dir = Scratch::new("no-nodes");
    let pack =
        "cd \"$1\" && mkdir root && cd root && { cpio -id <\"$2\" 2>/dev/null; rm -rf dev; } &&
        find . | cpio -o -H newc -R 0:0 2>/dev/null >../image.cpio";
    let packed = std::process::Command::new("sh")
        .args(["-c", pack, "sh"])
        .arg(dir.path())
        .arg(Kernel::TrixieCloud.initramfs())
        .status();
    assert!(packed.unwrap().success());
    let vm = machine(Kernel::TrixieCloud, dir.path().join("image.cpio"));
    fails(vm.share("top", &bookworm_root()).append("rootfs=none"), "tag none absent");
}

#[test]
fn a_share_whose_server_died() {
    let mut vm = cloud(&bookworm_root())
        .command_line("console=ttyS0 no_timer_check quiet rootfs=wrong")
        .boot();
    vm.wait_for("(mount) / # ");
    vm.send("mount -t virtiofs -o ro top /sysroot && echo moun''ted\n");
    vm.wait_for("mounted");
    vm.kill_virtiofsd();
    vm.send("boot continue\n");
    vm.wait_for("rescuebox: boot failed: step ");
    vm.wait_for("it took longer than 20 s, and was given up");
    vm.wait_for("(pre-switch) / # ");
    vm.no_panic();
}

#[test]
fn a_console_whose_driver_is_a_module() {
    // The kernel has no console to give to init; the prompt comes on it once
    // the module is loaded.
    let kernel = Kernel::BookwormCloud;
    let mut vm = machine(kernel, kernel.initramfs())
        .command_line("console=hvc0 no_timer_check quiet rootfs=none")
        .qemu(["-device", "virtio-serial-pci", "-chardev", "stdio,id=hvc,mux=off"])
        .qemu(["-device", "virtconsole,chardev=hvc"])
        .without_serial()
        .boot();
    vm.wait_for("rescuebox: boot failed: step 5 of 8");
    vm.wait_for("(mount) / # ");
    vm.send("echo $((6 * 7))\n");
    vm.wait_for("42");
    vm.no_panic();
}

#[test]
fn the_boot_goes_on_after_it_was_mended_by_hand() {
    let root = small_root("mended");
    root.program("sbin/init", "#!/bin/sh\necho reached $$ with \"$@\"\nsleep 100\n");
    let mut vm = cloud(root.path())
        .command_line("console=ttyS0 no_timer_check quiet rootfs=wrong init=/sbin/init -- a b")
        .boot();
    vm.wait_for("rescuebox: boot failed: step 5 of 8, mount virtiofs:wrong on /sysroot");
    vm.wait_for("(mount) / # ");
    vm.send("boot log\n");
    vm.wait_for(" 5 FAILED ");
    vm.wait_for("mount virtiofs:wrong on /sysroot read-only");
    vm.wait_for("(mount) / # ");
    vm.send("exit\n");
    vm.wait_for("rescuebox: boot failed: step 5 of 8");
    vm.wait_for("(mount) / # ");
    vm.send("mount -t virtiofs -o ro top /sysroot && boot continue\n");
    vm.wait_for("reached 1 with a b");
    vm.no_panic();
}

#[test]
fn a_system_without_a_root_is_a_shell() {
    let kernel = Kernel::TrixieGeneric;
    let mut vm = machine(kernel, kernel.initramfs())
        .command_line("console=ttyS0 no_timer_check quiet")
        .boot();
    vm.wait_for("this is a rescue system");
    vm.wait_for("(rescue) / # ");
    vm.send("echo $((6 * 7)) $$\n");
    vm.wait_for("42 ");
    vm.send("poweroff\n");
    vm.wait_end();
    vm.no_panic();
}
