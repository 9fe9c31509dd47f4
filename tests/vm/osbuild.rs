//! The command lines that osbuild/initrd documents, its flat module folder,
//! and a root whose own systemd takes over.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::applet::{applet, program};
use crate::harness::lab::{KERNELS, Kernel, SHARE_MODULES, bookworm_root};
use crate::harness::machine::machine;
use crate::harness::runner::Running;
use crate::harness::scratch::Scratch;

/// A folder with a Python script that an init= names.
fn folder_with_script(name: &str) -> Scratch {
    let dir = Scratch::new(name);
    dir.program(
        "x.py",
        "#!/usr/bin/python3\n\
         import os, sys\n\
         print('script', os.getpid(), sys.argv[1:], flush=True)\n\
         print(open('/proc/self/mounts').read(), flush=True)\n\
         os.system('echo o >/proc/sysrq-trigger; sleep 100')\n",
    );
    dir
}

#[test]
fn an_init_from_another_share() {
    let dir = folder_with_script("mnt0");
    for kernel in KERNELS {
        let mut vm = machine(kernel, kernel.initramfs())
            .share("rootfs", &bookworm_root())
            .share("mnt0", dir.path())
            .append("rootfs=rootfs mount=mnt0 init=/run/mnt/mnt0/x.py -- one two=2")
            .boot();
        vm.wait_for("script 1 ['one', 'two=2']");
        let mounts = vm.wait_for("mnt0 /run/mnt/mnt0 virtiofs rw");
        assert!(mounts.contains("rootfs / virtiofs ro"), "{mounts}");
        vm.no_panic();
    }
}

#[test]
fn a_read_only_share_and_debug() {
    let dir = folder_with_script("mnt1");
    let kernel = Kernel::BookwormCloud;
    let mut vm = machine(kernel, kernel.initramfs())
        .share("rootfs", &bookworm_root())
        .share("data", dir.path())
        .append("rootfs=rootfs mount-ro=data init=/run/mnt/data/x.py debug")
        .boot();
    let log = vm.wait_for("script 1 []");
    assert!(log.contains("virtiofs"), "debug says what is done:\n{log}");
    vm.wait_for("data /run/mnt/data virtiofs ro");
}

#[test]
fn modules_in_one_flat_folder_by_name() {
    let kernel = Kernel::BookwormCloud;
    let dir = Scratch::new("flat");
    let image = dir.path().join("image.cpio");
    let mut args: Vec<String> =
        vec!["--no-modules".into(), "-o".into(), image.display().to_string()];
    for (n, name) in SHARE_MODULES.iter().enumerate() {
        let file: PathBuf = kernel.module(name).expect(name);
        args.push("--add".into());
        args.push(format!("{}:/usr/lib/modules/{n:03}-{name}.ko", file.display()));
    }
    applet("mkinitramfs").args(args).ok();
    let mut vm = machine(kernel, &image)
        .share("rootfs", &bookworm_root())
        .append("rootfs=rootfs init=/bin/sh -- -c \"echo reached $$; sleep 100\"")
        .boot();
    vm.wait_for("reached 1");
}

#[test]
fn systemd_reaches_multi_user() {
    for kernel in KERNELS {
        let mut child = Command::new(program())
            .args([
                "vm",
                "--accel",
                "tcg",
                "--overlay",
                "--init",
                "/sbin/init",
                "--memory",
                "512M",
                "--timeout",
                "400",
            ])
            // Without udev in that root, a getty would wait a minute and a
            // half for its terminal's device.
            .args(["--append", "systemd.show_status=1 systemd.mask=serial-getty@ttyS0.service"])
            .arg("--kernel")
            .arg(kernel.image())
            .arg("--root")
            .arg(bookworm_root())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let _running = Running(child);
        let mut log = String::new();
        let start = Instant::now();
        loop {
            let mut line = Vec::new();
            let n = lines.read_until(b'\n', &mut line).unwrap();
            let line = String::from_utf8_lossy(&line);
            log.push_str(&line);
            if line.contains("Reached target") && line.contains("multi-user.target") {
                break;
            }
            assert!(n > 0, "{kernel:?} ended\n{log}");
            assert!(start.elapsed() < Duration::from_secs(300), "{kernel:?} is too slow\n{log}");
        }
    }
}

#[test]
fn chrootvm_takes_its_kernel_from_the_root() {
    use crate::harness::applet::applet;
    let kernel = Kernel::BookwormCloud;
    let root = Scratch::new("chrootvm");
    let modules = root.path().join("usr/lib/modules").join(kernel.version());
    std::fs::create_dir_all(&modules).unwrap();
    std::os::unix::fs::symlink(kernel.image(), modules.join("vmlinuz")).unwrap();
    std::os::unix::fs::symlink(kernel.modules().join("kernel"), modules.join("kernel")).unwrap();
    for dir in ["bin", "proc", "sys", "dev", "run", "tmp"] {
        std::fs::create_dir_all(root.path().join(dir)).unwrap();
    }
    std::fs::copy("/usr/bin/busybox", root.path().join("bin/busybox")).unwrap();
    root.program(
        "bin/go",
        "#!/bin/busybox sh\necho here $$ $(/bin/busybox cat /run/mnt/data/word)\n\
         /bin/busybox poweroff -f\n",
    );
    let data = Scratch::new("data");
    data.file("word", "found");
    let out = applet("chrootvm")
        .args(["--mount-ro", "data"])
        .args([data.path()])
        .args([root.path()])
        .args(["go"])
        .limit(120)
        .ok();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(text.contains("here 1 found"), "{text}");
    applet("chrootvm").stderr_has("ROOT is missing").fails(2);
    applet("chrootvm").args([root.path()]).args(["nosuch"]).stderr_has("nosuch").fails(1);
}
