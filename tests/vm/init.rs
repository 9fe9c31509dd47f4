//! Boots that go well in ways of their own, and what a rescue shell is like.

use std::process::Command;

use crate::harness::applet::applet;
use crate::harness::lab::Kernel;
use crate::harness::machine::{Config, machine};
use crate::harness::scratch::Scratch;

/// A root with this init.
fn root(dir: &Scratch, init: &str) -> std::path::PathBuf {
    for folder in ["root/bin", "root/sbin", "root/dev", "root/proc", "root/sys", "root/run"] {
        std::fs::create_dir_all(dir.path().join(folder)).unwrap();
    }
    for name in ["sh", "stty", "cat", "sleep", "ls"] {
        std::fs::copy("/usr/bin/busybox", dir.path().join("root/bin").join(name)).unwrap();
    }
    dir.program("root/sbin/init", format!("#!/bin/sh\n{init}\nsleep 1000\n"));
    dir.path().join("root")
}

fn cloud(line: &str) -> Config {
    let kernel = Kernel::BookwormCloud;
    machine(kernel, kernel.initramfs())
        .command_line(&format!("console=ttyS0 no_timer_check quiet {line}"))
}

#[test]
fn a_root_by_9p() {
    let dir = Scratch::new("nine-p");
    let root = root(&dir, "echo reached $$ by $(cat /proc/mounts | grep -c ' / 9p ro')");
    let share = format!("local,id=f,path={},security_model=none,readonly=on", root.display());
    // The cloud kernel has no 9p.
    let kernel = Kernel::BookwormGeneric;
    let mut vm = machine(kernel, kernel.initramfs())
        .command_line("console=ttyS0 no_timer_check quiet root=9p:top init=/sbin/init")
        .qemu(["-fsdev", &share, "-device", "virtio-9p-pci,fsdev=f,mount_tag=top"])
        .boot();
    vm.wait_for("reached 1 by 1");
    vm.no_panic();
}

#[test]
fn modules_side_by_side_on_two_processors() {
    // The generic kernel has everything as modules; what is loaded does not
    // depend on how many load it.
    let kernel = Kernel::BookwormGeneric;
    let mut loaded = Vec::new();
    for processors in ["1", "2"] {
        let mut vm = machine(kernel, kernel.initramfs())
            .command_line("console=ttyS0 no_timer_check quiet rd.break=mount root=/dev/vda")
            .qemu(["-smp", processors, "-device", "virtio-net-pci", "-device", "virtio-scsi-pci"])
            .qemu(["-device", "virtio-serial-pci", "-device", "virtio-rng-pci"])
            .memory(512)
            .boot();
        vm.wait_for("(before mount) / # ");
        vm.send("set -- /sys/devices/system/cpu/cpu[0-9]; echo $# processors\n");
        vm.wait_for(&format!("{processors} processors"));
        vm.send(
            "while read name rest; do echo m:$name; done </proc/modules; echo listed $((6 * 7))\n",
        );
        let list = vm.wait_for("listed 42").replace('\r', "");
        let name = |line: &str| line.strip_prefix("m:").map(String::from);
        let mut list: Vec<String> = list.lines().filter_map(name).collect();
        list.sort();
        assert!(list.len() > 4, "{list:?}");
        vm.no_panic();
        loaded.push(list);
    }
    assert_eq!(loaded[0], loaded[1]);
}

#[test]
fn signatures_are_kept_when_asked() {
    let dir = Scratch::new("signatures");
    let root = root(&dir, ":");
    let kernel = Kernel::BookwormCloud;
    let tainted = |more: &[&str]| {
        let mut args: Vec<String> = vec![
            "--root".into(),
            root.display().to_string(),
            "--kernel".into(),
            kernel.image().display().to_string(),
            "--modules-dir".into(),
            kernel.modules().display().to_string(),
            "--accel".into(),
            "tcg".into(),
        ];
        args.extend(more.iter().map(|s| s.to_string()));
        args.extend(["--", "cat", "/proc/sys/kernel/tainted"].map(String::from));
        let out = applet("vm").args(args).ok();
        String::from_utf8(out.stdout).unwrap().trim().parse::<u32>().unwrap()
    };
    // TAINT_UNSIGNED_MODULE
    assert_eq!(tainted(&["--keep-signatures"]) & (1 << 13), 0);
    assert_eq!(tainted(&[]) & (1 << 13), 1 << 13);
}

#[test]
fn the_console_has_the_size_that_the_command_line_tells() {
    let dir = Scratch::new("size");
    let root = root(&dir, "echo size $(stty size)");
    let mut vm =
        cloud("rootfs=top init=/sbin/init LINES=33 COLUMNS=101").share("top", &root).boot();
    vm.wait_for("size 33 101");
    vm.no_panic();
}

#[test]
fn a_rescue_shell_on_each_console() {
    // Two serial lines: what is typed into one and the other, and a boot that
    // goes on for both.
    let dir = Scratch::new("consoles");
    let root = root(&dir, "echo reached $$");
    let socket = dir.path().join("second");
    let chardev = format!("socket,id=second,server=on,wait=off,path={}", socket.display());
    let mut vm = cloud("console=ttyS1 console=ttyS0 rootfs=wrong init=/sbin/init")
        .share("top", &root)
        .qemu(["-chardev", &chardev, "-serial", "chardev:second"])
        .boot();
    vm.wait_for("rescuebox: boot failed: step ");
    vm.wait_for("(mount) / # ");
    // Typed ahead: nothing of it gets lost.
    vm.send("echo a$((1 + 1)); sleep 1\necho b$((2 + 2))\necho c$((3 + 3)) $PPID\n");
    vm.wait_for("a2");
    vm.wait_for("b4");
    vm.wait_for("c6 1");
    // Job control, and the size that the other end did not tell.
    vm.send("sleep 100 & jobs; kill %1; wait; echo jobs d''one\n");
    vm.wait_for("[1]");
    vm.wait_for("jobs done");
    let script = "import socket, sys, time\n\
        s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.settimeout(60)\n\
        seen = b''\n\
        def wait(text):\n\
        \x20   global seen\n\
        \x20   while text not in seen:\n\
        \x20       piece = s.recv(4096)\n\
        \x20       assert piece, seen\n\
        \x20       seen += piece\n\
        s.sendall(b'echo second $((40 + 2))\\n'); wait(b'second 42')\n\
        s.sendall(b'tty 2>&1; boot set rootfs=top && boot retry\\n'); time.sleep(1)\n";
    let status = Command::new("python3").args(["-c", script]).arg(&socket).status().unwrap();
    assert!(status.success());
    vm.wait_for("reached 1");
    vm.no_panic();
}

#[test]
fn stops_are_made_and_left() {
    let dir = Scratch::new("stops");
    let root = root(&dir, "echo reached $$");
    let mut vm =
        cloud("rootfs=top init=/sbin/init rd.break=cmdline,pre-switch").share("top", &root).boot();
    vm.wait_for("stopped before cmdline");
    vm.wait_for("(before cmdline) / # ");
    vm.send("boot status\n");
    vm.wait_for("stopped at step 2 of ");
    vm.wait_for(" / # ");
    vm.send("boot break mount && boot continue\n");
    vm.wait_for("(before mount) / # ");
    vm.send("sleep 2; exit\n");
    vm.wait_for("(before pre-switch) / # ");
    vm.send("boot report && grep -c '^== ' /run/initramfs/rescue-report.txt; boot log\n");
    vm.wait_for("/run/initramfs/rescue-report.txt");
    vm.wait_for("mount virtiofs:top on /sysroot read-only");
    vm.wait_for(" / # ");
    vm.send("boot retry\n");
    vm.wait_for("reached 1");
    vm.no_panic();
}

#[test]
fn a_countdown_that_a_key_stops() {
    let mut vm = cloud("rootfs=wrong rescue.timeout=4 rd.emergency=poweroff rd.shell=1").boot();
    vm.wait_for("powering off: press a key for a shell (4 s)");
    vm.send("x");
    vm.wait_for("(mount) / # ");
    vm.send("echo still $((6 * 7))\n");
    vm.wait_for("still 42");
    vm.send("boot abort poweroff\n");
    vm.wait_end();
    vm.no_panic();
    let mut vm = cloud("rootfs=wrong rescue.timeout=2").boot();
    vm.wait_for("restarting: press a key for a shell (1 s)");
    vm.wait_end();
    vm.no_panic();
}

/// An image with this configuration.
fn configured(dir: &Scratch, text: &str) -> std::path::PathBuf {
    let kernel = Kernel::BookwormCloud;
    let conf = dir.file("rescuebox.conf", text);
    let image = dir.path().join("image.cpio");
    applet("mkinitramfs")
        .args(["--modules-dir", kernel.modules().to_str().unwrap()])
        .args(["-o", image.to_str().unwrap(), "--add"])
        .args([&format!("{}:/etc/rescuebox.conf", conf.display())])
        .ok();
    image
}

#[test]
fn a_password_and_a_ceiling() {
    // The password is "Hello world!".
    let hash = "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1";
    let dir = Scratch::new("password");
    let image = configured(&dir, &format!("lock = yes\nprofile = locked\npassword = {hash}\n"));
    let line = "console=ttyS0 no_timer_check quiet rootfs=wrong rescue.profile=vm";
    let mut vm = machine(Kernel::BookwormCloud, image).command_line(line).boot();
    vm.wait_for("rescuebox: boot failed: step ");
    vm.wait_for("password: ");
    vm.send("guess\n");
    vm.wait_for("that is not it");
    vm.wait_for("password: ");
    vm.send("Hello world!\n");
    vm.wait_for("(mount) / # ");
    let log = vm.log();
    assert!(!log.contains("Hello world!") && !log.contains("guess"), "{log}");
    vm.send("echo $((6 * 7))\n");
    vm.wait_for("42");
    drop(vm);
    let image = configured(&dir, "lock = yes\nprofile = locked\n");
    let mut vm = machine(Kernel::BookwormCloud, image).command_line(line).boot();
    vm.wait_for("restarting in 10 s: this machine is locked, and its image has no password");
    vm.wait_end();
    vm.no_panic();
}
