//! Modules in a running kernel: loading in every way that there is, on all
//! four kernels, whole and stripped.

use std::path::Path;
use std::process::Command;

use rescuebox::compress::{Format, compress};
use rescuebox::kmod::conf::Conf;
use rescuebox::kmod::strip::{Level, strip};
use rescuebox::kmod::{Tree, tree};

use crate::harness::applet::program;
use crate::harness::lab::{KERNELS, Kernel};
use crate::harness::machine::machine;
use crate::harness::scratch::Scratch;

/// What is loaded: with dependencies, soft ones by alias, tables that the
/// kernel patches (alternatives, static calls, tracepoints), kfuncs.
const LOADED: [&str; 10] = [
    "virtiofs",
    "ext4",
    "btrfs",
    "xfs",
    "nf_conntrack",
    "virtio_net",
    "virtio_blk",
    "overlay",
    "tun",
    "loop",
];

/// The script that is /init. `t` runs a command, shows what it says and how
/// it ended, all in one line.
const INIT: &str = r#"#!/bin/busybox sh
export PATH=/bin
busybox mount -t proc proc /proc
busybox mount -t sysfs sys /sys
t() { out=$(rescuebox "$@" 2>&1); echo "T $* => $?" $out; }
count() { echo "C $1 $(busybox ls -d /sys/class/net/dummy* 2>/dev/null | busybox wc -l)"; }
echo begin
t modprobe dummy; count cmdline
t modprobe -v dummy
t rmmod dummy; count removed
t rmmod dummy
t modprobe -r dummy
t modprobe dummy numdummies=1; count argument
t modprobe -r dummy
for x in ko ko.gz ko.xz ko.zst ko.lz4; do
  t insmod /t/dummy.$x numdummies=2; count $x
  t insmod -v /t/dummy.$x
  t rmmod dummy
done
t insmod /t/lying.ko; count lying
t rmmod dummy
t insmod /t/cut.ko
t insmod /t/garbage.ko
t insmod /t/bad.ko.gz
t insmod /t/other.ko
t insmod /t/dummy.ko numdummies=abc
t insmod /t/btrfs.ko
t modprobe -a LOADED
t rmmod btrfs
t modprobe -b tun
t lsmod
busybox cat /proc/modules | busybox cut -d' ' -f1 | busybox sort | busybox tr '\n' ' '
echo all loaded
busybox dmesg | busybox grep -E 'Oops|BUG:|general protection|WARNING: CPU' && echo kernel is unhappy
for m in $(busybox cut -d' ' -f1 /proc/modules); do rescuebox rmmod $m 2>/dev/null; done
for i in 1 2 3 4 5 6; do for m in $(busybox cut -d' ' -f1 /proc/modules); do rescuebox rmmod $m 2>/dev/null; done; done
t modprobe -d /stripped -a LOADED
busybox dmesg | busybox grep -A40 "WARNING: CPU"
busybox dmesg | busybox grep -E 'Oops|BUG:|general protection|WARNING: CPU|missing module BTF' && echo kernel is unhappy
busybox cat /proc/modules | busybox cut -d' ' -f1 | busybox sort | busybox tr '\n' ' '
echo stripped loaded
busybox poweroff -f
"#;

fn script(text: &str) -> String {
    text.replace("LOADED", &LOADED.join(" "))
}

/// Copies what the modules need into two trees, as it is and stripped.
fn put_modules(dir: &Scratch, kernel: Kernel) {
    let from = Tree::open(&kernel.modules()).unwrap();
    let names: Vec<&[u8]> = LOADED.iter().map(|n| n.as_bytes()).chain([&b"dummy"[..]]).collect();
    let closure = from.closure(&names, &Conf::default());
    assert!(closure.missing.is_empty() && closure.problems.is_empty(), "{closure:?}");
    assert!(closure.modules.len() > 10, "{closure:?}");
    for module in &closure.modules {
        let relative = module.path.strip_prefix(kernel.modules()).unwrap().to_str().unwrap();
        let place = format!("lib/modules/{}/{relative}", kernel.version());
        dir.file(&format!("root/{place}"), std::fs::read(&module.path).unwrap());
        let bytes = tree::read_module(&module.path).unwrap();
        let small = strip(&bytes, Level::All).unwrap();
        assert!(small.len() * 10 < bytes.len() * 9, "{relative}: {}", small.len());
        dir.file(&format!("root/stripped/{}", place.trim_end_matches(".xz")), small);
    }
    for list in ["modules.builtin", "modules.builtin.modinfo"] {
        let text = std::fs::read(kernel.modules().join(list)).unwrap();
        for root in ["root", "root/stripped"] {
            dir.file(&format!("{root}/lib/modules/{}/{list}", kernel.version()), &text);
        }
    }
}

/// The files that insmod is tried on.
fn put_files(dir: &Scratch, kernel: Kernel) {
    let dummy = tree::read_module(&kernel.module("dummy").unwrap()).unwrap();
    dir.file("root/t/dummy.ko", &dummy);
    for (format, extension) in
        [(Format::Gzip, "gz"), (Format::Xz, "xz"), (Format::Zstd, "zst"), (Format::Lz4, "lz4")]
    {
        dir.file(&format!("root/t/dummy.ko.{extension}"), compress(format, &dummy).unwrap());
    }
    dir.file("root/t/lying.ko", compress(Format::Gzip, &dummy).unwrap());
    dir.file("root/t/cut.ko", &dummy[..dummy.len() / 3]);
    dir.file("root/t/garbage.ko", "this is no module\n");
    dir.file("root/t/bad.ko.gz", b"\x1f\x8b\x08bad");
    let other = KERNELS.into_iter().find(|k| *k != kernel).unwrap();
    let other = tree::read_module(&other.module("tun").unwrap()).unwrap();
    dir.file("root/t/other.ko", other);
    let btrfs = tree::read_module(&kernel.module("btrfs").unwrap()).unwrap();
    dir.file("root/t/btrfs.ko", btrfs);
}

/// Puts our program and busybox into the root, with the libraries that ours
/// needs when it is the development build.
fn put_programs(root: &Path) {
    std::fs::create_dir_all(root.join("bin")).unwrap();
    std::fs::copy("/usr/bin/busybox", root.join("bin/busybox")).unwrap();
    std::fs::copy(program(), root.join("bin/rescuebox")).unwrap();
    let libraries = Command::new("ldd").arg(program()).output().unwrap().stdout;
    for word in String::from_utf8(libraries).unwrap().split_whitespace() {
        if let Some(relative) = word.strip_prefix('/') {
            let target = root.join(relative);
            std::fs::create_dir_all(target.parent().unwrap()).unwrap();
            std::fs::copy(word, target).unwrap();
        }
    }
}

fn boot(kernel: Kernel) -> String {
    let dir = Scratch::new("modules");
    put_modules(&dir, kernel);
    put_files(&dir, kernel);
    put_programs(&dir.path().join("root"));
    dir.program("root/init", script(INIT));
    let pack = "cd \"$1\"/root && mkdir -p dev proc sys && find . | cpio -o -H newc -R 0:0 2>/dev/null >\"$1\"/image.cpio";
    let packed = Command::new("sh").args(["-c", pack, "sh"]).arg(dir.path()).status();
    assert!(packed.unwrap().success());
    let mut vm = machine(kernel, dir.path().join("image.cpio"))
        .append("dummy.numdummies=3 modprobe.blacklist=tun")
        .memory(768)
        // QEMU 7.2 without KVM now and then leaves rubbish in the flags behind
        // a cmpxchg16b (a trap flag, a double fault), which 6.12 uses whenever
        // it takes memory.
        .qemu(["-cpu", "max,-cx16"])
        .limit(180)
        .boot();
    let mut log = vm.wait_for("all loaded");
    log.push_str(&vm.wait_for("stripped loaded"));
    vm.no_panic();
    log.replace('\r', "")
}

#[track_caller]
fn has(log: &str, text: &str) {
    assert!(log.contains(text), "no '{text}' in\n{log}");
}

fn check(kernel: Kernel) {
    let log = boot(kernel);
    let version = kernel.version();
    let has = |text: &str| has(&log, text);
    has("T modprobe dummy => 0\n");
    has("C cmdline 3\n");
    has("T modprobe -v dummy => 0\n");
    has("T rmmod dummy => 0\n");
    has("C removed 0\n");
    has("T rmmod dummy => 1 rmmod: dummy: module is not loaded");
    has("T modprobe -r dummy => 0\n");
    has("C argument 1\n");
    for extension in ["ko", "ko.gz", "ko.xz", "ko.zst", "ko.lz4"] {
        has(&format!("T insmod /t/dummy.{extension} numdummies=2 => 0\n"));
        has(&format!("C {extension} 2\n"));
        // EEXIST is success
        has(&format!("T insmod -v /t/dummy.{extension} => 0 /t/dummy.{extension}: already loaded"));
    }
    has("C lying 1\n");
    has("T insmod /t/cut.ko => 1 insmod: /t/cut.ko: truncated module");
    has("T insmod /t/garbage.ko => 1 insmod: /t/garbage.ko: not a kernel module");
    has("T insmod /t/bad.ko.gz => 1 insmod: /t/bad.ko.gz: truncated gzip data");
    has("T insmod /t/other.ko => 1 insmod: /t/other.ko: wrong kernel version: a module for '");
    has(&format!(", this is '{version}'"));
    has(
        "insmod /t/dummy.ko numdummies=abc => 1 insmod: /t/dummy.ko: parameter refused by the module: 'numdummies=abc'",
    );
    has(
        "T insmod /t/btrfs.ko => 1 insmod: /t/btrfs.ko: unknown symbol in module, which needs modules that are not loaded: ",
    );
    has(&format!("T modprobe -a {} => 0\n", LOADED.join(" ")));
    has("T rmmod btrfs => 0\n");
    has("T modprobe -b tun => 0\n");
    has("T lsmod => 0 Module Size Used by ");
    let order: Vec<&str> = log.lines().filter(|l| l.contains(" all loaded")).collect();
    assert!(order.len() == 1 && order[0].contains("tun"), "{order:?}");
    has(&format!("T modprobe -d /stripped -a {} => 0\n", LOADED.join(" ")));
    assert!(!log.contains("kernel is unhappy"), "{log}");
    let stripped = log.lines().find(|l| l.contains(" stripped loaded")).unwrap();
    for name in ["btrfs", "libcrc32c", "nf_conntrack", "tun", "xfs"] {
        assert!(stripped.contains(name), "{name}: {stripped}");
    }
}

#[test]
fn modules_of_debian_12_cloud() {
    check(Kernel::BookwormCloud);
}

#[test]
fn modules_of_debian_12() {
    check(Kernel::BookwormGeneric);
}

#[test]
fn modules_of_debian_13_cloud() {
    check(Kernel::TrixieCloud);
}

#[test]
fn modules_of_debian_13() {
    check(Kernel::TrixieGeneric);
}
