//! The fault matrix: boots that fail, each with the cause that the explanation
//! has to name and, where there is one, the command of the explanation that is
//! pasted into the rescue shell and boots the machine.
//!
//! Faults that `boot set` can provoke share a machine; those that are mended
//! have one each. The share of causes named is printed at the end.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use crate::harness::applet::applet;
use crate::harness::lab::{Kernel, SHARE_MODULES};
use crate::harness::machine::{Config, Machine, machine};
use crate::harness::scratch::Scratch;

const KERNEL: Kernel = Kernel::BookwormCloud;

/// What the real init says.
const REACHED: &str = "reached 1 of ";

/// A root that is a shell and the folders a root needs.
fn small_root(dir: &Path) {
    for folder in ["bin", "sbin", "dev", "proc", "sys", "run", "tmp"] {
        std::fs::create_dir_all(dir.join(folder)).unwrap();
    }
    std::fs::copy("/usr/bin/busybox", dir.join("bin/sh")).unwrap();
    program(dir, "sbin/init", "#!/bin/sh\necho reached $$ of $0\nsleep 1000\n");
}

fn program(dir: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    use std::os::unix::fs::PermissionsExt;
    let path = dir.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// A machine that gives a shell when its boot fails.
fn rescue(image: PathBuf, line: &str) -> Config {
    machine(KERNEL, image)
        .command_line(&format!("console=ttyS0 no_timer_check quiet {line}"))
        .limit(90)
}

/// What became of each fault: its name, and what the explanation lacked.
#[derive(Default)]
struct Results(Mutex<Vec<(String, Option<String>)>>);

impl Results {
    fn add(&self, name: &str, missing: Option<String>) {
        self.0.lock().unwrap().push((name.into(), missing));
    }

    /// Reads the explanation of a failure that is on its way, up to the
    /// prompt, and notes whether it has both texts.
    fn read(&self, vm: &mut Machine, name: &str, answer: &str, cause: &str) -> String {
        vm.wait_for("rescuebox: boot failed: step ");
        let text = vm.wait_for(" / # ").replace('\r', "");
        vm.no_panic();
        let says = text.lines().find_map(|line| line.trim().strip_prefix("cause: "));
        let missing = if !text.lines().next().unwrap_or_default().contains(answer) {
            Some(format!("no '{answer}' in its first line"))
        } else if !says.is_some_and(|says| says.contains(cause)) {
            Some(format!("no cause '{cause}'"))
        } else if text.lines().count() > 15 {
            Some("more than 15 lines".into())
        } else {
            None
        };
        self.add(name, missing.map(|why| format!("{why} in:\n{text}")));
        text
    }

    /// Makes the machine fail with other words of its command line.
    fn provoke(&self, vm: &mut Machine, words: &str, answer: &str, cause: &str) -> String {
        vm.send(&format!("boot set {words} && boot retry\n"));
        self.read(vm, words, answer, cause)
    }

    /// Pastes the `n`th command of an explanation and waits until the machine
    /// has booted.
    fn mend(&self, vm: &mut Machine, name: &str, text: &str, n: usize) {
        let mut commands = text.lines().filter_map(|line| line.trim().strip_prefix("try: "));
        let Some(command) = commands.nth(n) else {
            self.add(&format!("{name}, mended"), Some(format!("no command to paste in:\n{text}")));
            return;
        };
        vm.send(&format!("{command}\n"));
        vm.wait_for(REACHED);
        vm.no_panic();
        self.add(&format!("{name}, mended by '{command}'"), None);
    }

    /// A machine that fails, and boots when what the explanation says is done.
    fn mended(&self, config: Config, name: &str, answer: &str, cause: &str) {
        let mut vm = config.boot();
        let text = self.read(&mut vm, name, answer, cause);
        self.mend(&mut vm, name, &text, 0);
    }

    /// A machine that fails.
    fn fails(&self, config: Config, name: &str, answer: &str, cause: &str) -> Machine {
        let mut vm = config.boot();
        self.read(&mut vm, name, answer, cause);
        vm
    }
}

fn image() -> PathBuf {
    KERNEL.initramfs()
}

/// Inits of a share that would not run, one after the other; the last is
/// mended.
fn inits(results: &Results) {
    let dir = Scratch::new("matrix-inits");
    let root = dir.path();
    small_root(root);
    dir.file("sbin/plain", "#!/bin/sh\n");
    program(root, "sbin/script", "#!/bin/nosuch\n");
    program(root, "sbin/dos", "#!/bin/sh\r\necho\r\n");
    program(root, "sbin/text", "hello\n");
    program(root, "sbin/empty", "");
    program(root, "sbin/loop", "#!/sbin/loop\n");
    let mut other = std::fs::read("/usr/bin/busybox").unwrap();
    other[18] = 183;
    program(root, "sbin/other", &other);
    let cut = std::fs::read("/bin/true").unwrap();
    program(root, "sbin/dynamic", &cut);
    program(root, "sbin/cut", &cut[..40]);
    std::os::unix::fs::symlink("/nowhere", root.join("sbin/dangling")).unwrap();
    std::os::unix::fs::symlink("round", root.join("sbin/round")).unwrap();
    nix::unistd::mkfifo(&root.join("sbin/pipe"), nix::sys::stat::Mode::from_bits_truncate(0o755))
        .unwrap();
    let config = rescue(image(), "rootfs=top init=/sbin/nothere").share("top", root);
    let mut vm = results.fails(
        config,
        "init=/sbin/nothere",
        "/sbin/nothere is missing in the new root",
        "the root has no program of that name",
    );
    for (init, answer, cause) in [
        ("/sbin", "/sbin is a folder", "init= has to name a program"),
        ("/sbin/plain", "/sbin/plain is not executable (mode 0644)", "nobody may execute it"),
        ("/sbin/script", "its interpreter /bin/nosuch is missing", "the root is not whole"),
        ("/sbin/dos", "its interpreter /bin/sh\\x0d is missing", "line ends of DOS"),
        ("/sbin/text", "is no program: neither an ELF file nor", "a script wants #!"),
        ("/sbin/empty", "/sbin/empty is an empty file", "a script wants #!"),
        ("/sbin/loop", "too many interpreters", "the root is not whole"),
        ("/sbin/other", "program for aarch64, this machine is", "another kind of machine"),
        ("/sbin/dynamic", "its interpreter /lib64/ld-linux-x86-64.so.2", "the C library's loader"),
        ("/sbin/cut", "/sbin/cut is", "the init would not run"),
        ("/sbin/dangling", "/sbin/dangling is missing", "the root has no program of that name"),
        ("/sbin/round", "ymbolic link", "the init would not run"),
        ("/sbin/pipe", "/sbin/pipe is not a regular file", "init= has to name a program"),
        ("/bin/init", "/bin/init is missing", "misspelt: there is /sbin/init"),
        ("/sbin/inti", "/sbin/inti is missing", "misspelt: there is /sbin/init"),
    ] {
        let text = results.provoke(&mut vm, &format!("init={init}"), answer, cause);
        if init == "/sbin/inti" {
            results.mend(&mut vm, init, &text, 0);
        }
    }
}

/// Words of the command line that make no sense, or name what cannot be had;
/// the last is mended. The share's own faults are among them.
fn words(results: &Results) {
    let dir = Scratch::new("matrix-words");
    small_root(dir.path());
    let config = rescue(image(), "root=banana").share("top", dir.path());
    let mut vm = results.fails(
        config,
        "root=banana",
        "root=banana on the kernel command line: not a kind of root",
        "names no root that this program knows",
    );
    for (words, why) in [
        ("root=LABEL=", "root=LABEL=: it names nothing"),
        ("rootfs=../x", "rootfs=../x: a tag has no /"),
        ("root=PARTUUID=zz", "root=PARTUUID=zz: no identifier of a partition"),
        ("root=/dev/../sda", "root=/dev/../sda: no name of a device"),
        ("root=8:x", "root=8:x: not a kind of root that is known"),
        ("init=sh", "init=sh: the init is named by a path from /"),
        ("mount=a/b", "mount=a/b: a tag has no /"),
    ] {
        vm.send(&format!("boot set {words}\n"));
        let text = vm.wait_for(" / # ");
        let text = if text.contains("boot: ") { text } else { text + &vm.wait_for(" / # ") };
        let missing = (!text.contains(why)).then_some(text);
        results.add(&format!("boot set {words}"), missing);
    }
    for (words, answer, cause) in [
        ("rootfs=other", "tag other absent: the 1 virtiofs device", "gave its share another tag"),
        ("root=9p:top", "this kernel has no file system 9p", "the image lacks the module"),
        ("rootfs=top mount=data", "tag data absent: the 1 virtiofs", "gave its share another tag"),
        ("mount= mount-ro=data", "tag data absent: the 1 virtiofs", "gave its share another tag"),
        ("mount-ro= rd.overlay=LABEL=x", "only a layer in memory", "names no root"),
        ("rd.overlay= root=/dev/vda", "/dev/vda absent", "the disk has no driver"),
        ("rootfs=tpo", "tag tpo absent: the 1 virtiofs device", "gave its share another tag"),
    ] {
        results.provoke(&mut vm, words, answer, cause);
    }
    vm.send("boot set rootfs=top init=/sbin/init && boot retry\n");
    vm.wait_for(REACHED);
    vm.no_panic();
}

/// Roots that are none, each a share of its own.
fn roots(results: &Results) {
    let dir = Scratch::new("matrix-roots");
    let make = |name: &str, folders: &[&str]| {
        for folder in folders {
            std::fs::create_dir_all(dir.path().join(name).join(folder)).unwrap();
        }
        dir.path().join(name)
    };
    let empty = make("empty", &[""]);
    let boot = make("boot", &["grub"]);
    dir.file("boot/vmlinuz-6.1", "x");
    let volume = make("volume", &["@", "@home"]);
    let no_init = make("no-init", &["dev", "proc", "sys", "bin"]);
    let no_proc = make("no-proc", &[""]);
    small_root(&no_proc);
    std::fs::remove_dir(no_proc.join("proc")).unwrap();
    let file = make("file", &[""]);
    small_root(&file);
    std::fs::remove_dir(file.join("dev")).unwrap();
    std::fs::write(file.join("dev"), "").unwrap();
    let config = rescue(image(), "rootfs=empty init=/sbin/init")
        .share("empty", &empty)
        .share("boot", &boot)
        .share("volume", &volume)
        .share("no-init", &no_init)
        .share("no-proc", &no_proc)
        .share("file", &file);
    let missing = "/dev is missing in the new root";
    let mut vm = results.fails(config, "an empty root", missing, "what is mounted is empty");
    results.provoke(&mut vm, "rootfs=boot", missing, "what is mounted is a /boot");
    results.provoke(&mut vm, "rootfs=volume", missing, "in a subvolume");
    let answer = "/dev is not a folder in the new root";
    results.provoke(&mut vm, "rootfs=file", answer, "a root needs an empty folder /dev");
    let answer = "no init in the new root";
    let line = "init= root=virtiofs:no-init";
    results.provoke(&mut vm, line, answer, "no root of a whole system");
    let answer = "/proc is missing in the new root";
    let cause = "a root needs an empty folder /proc";
    let text = results.provoke(&mut vm, "init=/sbin/init rootfs=no-proc", answer, cause);
    results.mend(&mut vm, "a root without /proc", &text, 0);
}

/// An image with these modules in the flat folder, each perhaps changed or
/// left out.
fn flat_image(
    dir: &Scratch,
    name: &str,
    change: impl Fn(&str, Vec<u8>) -> Option<Vec<u8>>,
) -> PathBuf {
    let image = dir.path().join(format!("{name}.cpio"));
    let mut args: Vec<String> =
        vec!["--no-modules".into(), "-o".into(), image.display().to_string()];
    for (n, module) in SHARE_MODULES.iter().enumerate() {
        let bytes = std::fs::read(KERNEL.module(module).expect(module)).unwrap();
        let Some(bytes) = change(module, bytes) else { continue };
        let file = dir.file(&format!("{name}-{module}.ko"), bytes);
        args.push("--add".into());
        args.push(format!("{}:/usr/lib/modules/{n:02}-{module}.ko", file.display()));
    }
    applet("mkinitramfs").args(args).ok();
    image
}

/// Replaces `from` by `to`, of the same length, everywhere.
fn replaced(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut at = 0;
    while let Some(found) = bytes[at..].windows(from.len()).position(|w| w == from) {
        bytes[at + found..at + found + to.len()].copy_from_slice(to);
        at += found + to.len();
    }
    assert!(at > 0, "nothing to replace");
    bytes
}

/// Modules that cannot be loaded: a machine each, as images differ.
fn modules(results: &Results, part: usize) {
    type Change = fn(&str, Vec<u8>) -> Option<Vec<u8>>;
    let cases: [(&str, Change, &str, &str); 9] = [
        (
            "a truncated module",
            |m, b| Some(if m == "virtiofs" { b[..b.len() / 2].to_vec() } else { b }),
            "virtiofs.ko: truncated module",
            "a module was refused: ",
        ),
        (
            "garbage for a module",
            |m, b| Some(if m == "virtiofs" { vec![0x5a; b.len()] } else { b }),
            "virtiofs.ko: not a kernel module",
            "a module was refused: ",
        ),
        (
            "an empty module",
            |m, b| Some(if m == "virtiofs" { Vec::new() } else { b }),
            "virtiofs.ko: ",
            "a module was refused: ",
        ),
        (
            "a module that is absent",
            |m, b| (m != "virtiofs").then_some(b),
            "this kernel has no file system virtiofs",
            "the image lacks the module",
        ),
        (
            "a module of another kernel",
            |m, b| {
                let other = |b| replaced(b, b"mod_unload modversions", b"mod_unload modversionz");
                // The number does not count where symbols have versions of
                // their own; the signature would be looked at first.
                let cut =
                    |b| rescuebox::kmod::strip::strip(b, rescuebox::kmod::strip::Level::Signature);
                Some(if m == "virtiofs" { other(cut(&b).unwrap()) } else { b })
            },
            "virtiofs.ko: Exec format error",
            "a module was refused: ",
        ),
        (
            "a module for another machine",
            |m, mut b| {
                if m == "virtiofs" {
                    b[18] = 183;
                }
                Some(b)
            },
            "virtiofs.ko: ",
            "a module was refused: ",
        ),
        (
            "a module without what it needs",
            |m, b| (m != "fuse").then_some(b),
            "virtiofs.ko: unknown symbol",
            "a module was refused: ",
        ),
        (
            "no driver of the bus",
            |m, b| (m != "virtio_pci").then_some(b),
            "no driver for the virtio device 1af4:105a at 0000:00:",
            "the image lacks the driver (mkinitramfs --module virtio_pci)",
        ),
        (
            "a driver of the bus that is refused",
            |m, b| Some(if m == "virtio_pci" { b[..b.len() / 2].to_vec() } else { b }),
            "no driver for the virtio device 1af4:105a at 0000:00:",
            "a module was refused: ",
        ),
    ];
    let dir = Scratch::new("matrix-modules");
    let root = dir.path().join("root");
    small_root(&root);
    for (n, (name, change, answer, cause)) in cases.into_iter().enumerate() {
        if n % 2 == part {
            let image = flat_image(&dir, &format!("image{n}"), change);
            let config = rescue(image, "rootfs=top init=/sbin/init").share("top", &root);
            results.fails(config, name, answer, cause);
        }
    }
}

/// Modules of a tree that need each other, and a list that forbids one.
fn module_tree(results: &Results) {
    let dir = Scratch::new("matrix-tree");
    let root = dir.path().join("root");
    small_root(&root);
    // A circle in modules.dep is gone round once, and the machine boots.
    let tree = dir.path().join("tree");
    let pack = "mkdir \"$1\" && cd \"$1\" && cpio -id <\"$2\" 2>/dev/null &&
        for f in lib/modules/*/modules.dep usr/lib/modules/*/modules.dep; do [ -e $f ] || continue
        sed -i 's|^\\(.*virtio_pci.ko[^:]*\\):.*|\\1: kernel/fs/fuse/virtiofs.ko|; \
                s|^\\(.*virtiofs.ko[^:]*\\):|\\1: kernel/drivers/virtio/virtio_pci.ko|' $f; done &&
        find . | cpio -o -H newc -R 0:0 2>/dev/null >\"$1\".cpio";
    let packed = Command::new("sh").args(["-c", pack, "sh"]).arg(&tree).arg(image()).status();
    assert!(packed.unwrap().success());
    let mut vm = rescue(dir.path().join("tree.cpio"), "rootfs=top init=/sbin/init")
        .share("top", &root)
        .boot();
    let text = vm.wait_for(" of ");
    vm.no_panic();
    let fine = text.contains("reached 1 of ") || text.contains("rescuebox: boot failed: step ");
    results.add("modules that need each other", (!fine).then_some(text));
    drop(vm);
    let line = "rootfs=top init=/sbin/init modprobe.blacklist=virtiofs";
    results.mended(
        rescue(image(), line).share("top", &root),
        "a module that is forbidden",
        "this kernel has no file system virtiofs",
        "",
    );
}

/// A file of this size with `text` at `at`.
fn disk(dir: &Scratch, name: &str, megabytes: u64, marks: &[(u64, &[u8])]) -> PathBuf {
    use std::os::unix::fs::FileExt;
    let path = dir.path().join(name);
    let file = std::fs::File::create(&path).unwrap();
    file.set_len(megabytes << 20).unwrap();
    for (at, bytes) in marks {
        file.write_all_at(bytes, *at).unwrap();
    }
    path
}

fn run(command: &str, args: &[&std::ffi::OsStr]) {
    let out =
        Command::new(command).args(args).env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin").output();
    let out = out.unwrap_or_else(|e| panic!("{command}: {e}"));
    assert!(out.status.success(), "{command}: {}", String::from_utf8_lossy(&out.stderr));
}

const UUID: &str = "0f3c1a2e-5b64-4c55-9e02-7a1f0e6d9b11";

/// An ext4 file system with a root in it.
fn ext4(dir: &Scratch, name: &str, megabytes: u64, uuid: &str) -> PathBuf {
    let root = dir.path().join(format!("{name}.d"));
    small_root(&root);
    let path = disk(dir, name, megabytes, &[]);
    run(
        "mkfs.ext4",
        &[
            "-q".as_ref(),
            "-U".as_ref(),
            uuid.as_ref(),
            "-L".as_ref(),
            name.as_ref(),
            "-d".as_ref(),
            root.as_ref(),
            path.as_ref(),
        ],
    );
    path
}

fn with_disks(mut config: Config, disks: &[&Path]) -> Config {
    for (n, path) in disks.iter().enumerate() {
        config = config.qemu([
            "-drive".to_string(),
            format!("if=none,id=d{n},format=raw,snapshot=on,file={}", path.display()),
            "-device".to_string(),
            format!("virtio-blk-pci,drive=d{n}"),
        ]);
    }
    config
}

/// The disk of the machines: an ext4 file system in its first partition.
fn partitioned(dir: &Scratch) -> PathBuf {
    let root = ext4(dir, "vda1", 16, UUID);
    let path = disk(dir, "vda", 20, &[]);
    let script = format!("echo '2048,32768,L' | /sbin/sfdisk -q {}", path.display());
    run("sh", &["-c".as_ref(), script.as_ref()]);
    let bytes = std::fs::read(root).unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &bytes, 1 << 20).unwrap();
    path
}

/// Disks that are no root, all in one machine; the last fault is mended.
fn disks(results: &Results) {
    let dir = Scratch::new("matrix-disks");
    let good = partitioned(&dir);
    let swap = disk(&dir, "swap", 2, &[]);
    run("mkswap", &["-q".as_ref(), swap.as_ref()]);
    let mut luks = b"LUKS\xba\xbe\0\x01aes\0".to_vec();
    luks.resize(168, 0);
    luks.extend_from_slice(b"deadbeef-5b64-4c55-9e02-7a1f0e6d9b11");
    let luks = disk(&dir, "luks", 4, &[(0, &luks)]);
    let blank = disk(&dir, "blank", 2, &[]);
    let broken = ext4(&dir, "broken", 8, "c0ffee00-5b64-4c55-9e02-7a1f0e6d9b11");
    // The group descriptors, whose checksums then are wrong.
    let file = std::fs::OpenOptions::new().write(true).open(&broken).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &[0xff; 512], 2048).unwrap();
    drop(file);
    let all: [&Path; 5] = [&good, &swap, &luks, &blank, &broken];
    let config = with_disks(rescue(image(), "root=/dev/vda9 init=/sbin/init rd.timeout=1"), &all);
    let mut vm = results.fails(
        config,
        "root=/dev/vda9",
        "/dev/vda9 absent",
        "vda is there and has no partition 9",
    );
    for (words, answer, cause) in [
        ("root=/dev/vda", "/dev/vda: ", "vda is a whole disk"),
        ("root=/dev/vdb", "/dev/vdb is swap space", "vdb is swap space"),
        ("root=/dev/vdc", "/dev/vdc is encrypted with LUKS", "vdc is encrypted (LUKS)"),
        ("root=/dev/vdd", "/dev/vdd: ", "nothing that is known is on vdd"),
        ("root=/dev/vde", "/dev/vde: ", "the file system on vde is damaged"),
        ("root=/dev/vdz", "/dev/vdz absent", "disks have other names here"),
        (
            "root=UUID=0f3c1a2e-5b64-4c55-9e02-7a1f0e6d9b1l",
            "absent",
            "misspelt: there is UUID=0f3c1a2e",
        ),
        ("root=LABEL=vad1", "LABEL=vad1 absent", "misspelt: there is LABEL=vda1"),
        ("root=PARTUUID=12345678-01", "absent", "no disk here has that PARTUUID"),
        ("root=8:77", "device 8:77 absent", "no disk here is device 8:77"),
        (
            "root=gpt-auto",
            "no disk has a partition of the type for roots",
            "no disk here has a GPT with a root partition",
        ),
        ("root=/dev/mapper/vg-root", "/dev/mapper/vg-root absent", "has not been put together"),
        ("root=/dev/vda1 rootfstype=xfs", "", "vda1 is ext4, and rootfstype= says otherwise"),
        ("rootfstype= rootflags=nonsense", "/dev/vda1: ", "refuses an option of rootflags="),
        ("rootflags= rootfstype=nosuchfs", "no file system nosuchfs", "rootfstype= says otherwise"),
    ] {
        results.provoke(&mut vm, words, answer, cause);
    }
    let answer = "/dev/sda1 absent";
    let cause = "there is vda1 and no sda1";
    let text = results.provoke(&mut vm, "rootfstype= root=/dev/sda1", answer, cause);
    results.mend(&mut vm, "root=/dev/sda1", &text, 0);
}

/// Faults of a running boot: the worker killed, PID 1 crashed, an init that
/// vanished after it was checked.
fn accidents(results: &Results) {
    let dir = Scratch::new("matrix-accidents");
    let root = dir.path().join("root");
    small_root(&root);
    let line = "rootfs=top init=/sbin/init rd.break=mount rd.timeout=60";
    let mut vm = rescue(image(), line).share("top", &root).boot();
    vm.wait_for("stopped before mount, as rd.break= asks");
    vm.wait_for("(before mount) / # ");
    // The worker is the one child of PID 1 that is not of this session.
    // Shells that were forked are called so as well, this one among them.
    let kill = "(trap '' HUP; sleep 3; read me rest </proc/self/stat; for d in /proc/[0-9]*; do \
                p=${d#/proc/}; [ -r $d/stat ] && read pid comm state parent rest <$d/stat; \
                [ \"$parent $comm\" = '1 (init)' ] && [ $p != $me ] && kill -9 $p; done) & \
                boot set rootfs=late; boot retry\n";
    vm.send(kill);
    let cause = "somebody killed it: the kernel says nothing about memory";
    let answer = "the worker was killed by signal 9 (by somebody, or because memory ran out)";
    results.read(&mut vm, "a worker that is killed", answer, cause);
    // PID 1 runs into a bug of its own.
    vm.send("kill -ABRT 1\n");
    let answer = "PID 1 ran into a bug of its own";
    results.read(&mut vm, "PID 1 that crashes", answer, "a fault of this program");
    // An init that nobody checked: the step is passed over.
    vm.send("boot set init=/sbin/nothere && boot retry\n");
    vm.wait_for("(before mount) / # ");
    vm.send("boot continue\n");
    let answer = "/sbin/nothere is missing";
    results.read(&mut vm, "init=/sbin/nothere again", answer, "no program of that name");
    vm.send("boot continue\n");
    let answer = "exec of /sbin/nothere: No such file or directory";
    let cause = "the init is not what it was when it was checked, or was not checked";
    let text = results.read(&mut vm, "an exec that fails in the new root", answer, cause);
    vm.send("ls /sbin/init && echo in the new $((1 + 1)) root\n");
    vm.wait_for("in the new 2 root");
    vm.wait_for(" / # ");
    results.mend(&mut vm, "an exec that fails in the new root", &text, 0);
}

/// What mends a machine when nothing but a command of the explanation is
/// typed: these end with the machine that was wanted.
fn mended(results: &Results, part: usize) {
    let dir = Scratch::new("matrix-mended");
    let root = dir.path().join("root");
    small_root(&root);
    let cases: [(&str, &str, &str, &str); 3] = [
        (
            "an init that is a folder",
            "rootfs=top init=/sbin",
            "/sbin is a folder",
            "init= has to name a program",
        ),
        (
            "no root named, which fails by itself",
            "root=banana rescue.profile=vm init=/sbin/init",
            "not a kind of root",
            "names no root",
        ),
        (
            "a step that was passed over",
            "rootfs=other init=/sbin/init",
            "tag other absent",
            "another tag",
        ),
    ];
    for (n, (name, line, answer, cause)) in cases.into_iter().enumerate() {
        if n % 2 != part {
            continue;
        }
        let mut vm = rescue(image(), line).share("top", &root).boot();
        let mut text = results.read(&mut vm, name, answer, cause);
        if n == 2 {
            vm.send("boot continue\n");
            let answer = "nothing is mounted on /sysroot";
            text = results.read(&mut vm, answer, answer, "the step that mounts it was passed over");
            // What only the person knows is filled in.
            text = text.replace("mount DEVICE ", "mount -t virtiofs top ");
        }
        if n == 1 {
            text = "try: boot set rootfs=top && boot retry\n".into();
        }
        results.mend(&mut vm, name, &text, 0);
    }
}

/// On a kernel that lists the tags of shares the right one is named.
fn tags(results: &Results) {
    let dir = Scratch::new("matrix-tags");
    let root = dir.path().join("root");
    small_root(&root);
    let kernel = Kernel::TrixieCloud;
    let vm = |line: &str| {
        machine(kernel, kernel.initramfs())
            .command_line(&format!("console=ttyS0 no_timer_check quiet init=/sbin/init {line}"))
            .share("rootfs", &root)
    };
    let answer = "tag rotofs absent; these are present: rootfs";
    results.mended(vm("rootfs=rotofs"), "a tag misspelt", answer, "misspelt: there is rootfs");
    let answer = "tag x absent; these are present: rootfs";
    results.mended(vm("rootfs=x"), "another tag", answer, "the share is called rootfs here");
}

#[test]
fn the_fault_matrix() {
    type Group = fn(&Results);
    let groups: [Group; 11] = [
        disks,
        inits,
        accidents,
        words,
        |r| modules(r, 0),
        |r| modules(r, 1),
        roots,
        tags,
        module_tree,
        |r| mended(r, 0),
        |r| mended(r, 1),
    ];
    let results = Results::default();
    let next = Mutex::new(groups.iter());
    let lanes = std::thread::available_parallelism().map_or(1, |n| n.get()).min(4);
    image();
    let only = std::env::var("MATRIX").ok().and_then(|n| n.parse::<usize>().ok());
    std::thread::scope(|scope| {
        for _ in 0..lanes {
            scope.spawn(|| {
                loop {
                    let group = next.lock().unwrap().next();
                    let Some(group) = group else { break };
                    let at = groups.iter().position(|g| std::ptr::eq(g, group));
                    if only.is_some() && only != at {
                        continue;
                    }
                    // One that waits in vain must not hide what the others find.
                    if scope.spawn(|| group(&results)).join().is_err() {
                        results.add(&format!("group {at:?}"), Some("see above".into()));
                    }
                }
            });
        }
    });
    let results = results.0.into_inner().unwrap();
    let wrong: Vec<_> = results.iter().filter_map(|(n, why)| Some((n, why.as_ref()?))).collect();
    let faults = results.iter().filter(|(name, _)| !name.contains(", mended")).count();
    let named = faults - wrong.iter().filter(|(name, _)| !name.contains(", mended")).count();
    let mended = results.len() - faults;
    let text = format!(
        "fault matrix: {named} of {faults} causes named ({} %), {mended} machines mended and booted\n",
        named * 100 / faults.max(1)
    );
    std::io::stderr().write_all(text.as_bytes()).unwrap();
    let list: Vec<String> = wrong.iter().map(|(n, why)| format!("{n}: {why}")).collect();
    assert!(wrong.is_empty(), "{}", list.join("\n\n"));
    assert!(only.is_some() || faults >= 60, "only {faults} faults");
}
