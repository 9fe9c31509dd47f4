//! mkinitramfs: what --check finds before anybody boots, bounded memory, bytes
//! that do not depend on where they are made.

use std::process::Command;

use crate::harness::applet::{Case, Output, applet, program};
use crate::harness::module::tree;
use crate::harness::scratch::Scratch;

const VERSION: &str = "6.1-check";

/// A kernel's modules, a root, and a sysfs with one disk behind two buses.
fn scratch(name: &str) -> Scratch {
    let s = Scratch::new(name);
    tree(
        &s,
        VERSION,
        &[
            (
                "kernel/a/nvme.ko",
                &["name=nvme", "depends=nvme-core", "alias=pci:v*d*sv*sd*bc01sc08i02*"],
            ),
            ("kernel/a/nvme-core.ko", &["name=nvme_core", "depends="]),
            ("kernel/a/bridge9.ko", &["name=bridge9", "depends=", "alias=platform:bridge9"]),
            ("kernel/a/ext4.ko", &["name=ext4", "depends=", "alias=fs-ext4"]),
            ("kernel/a/dm-mod.ko", &["name=dm_mod", "depends="]),
            ("kernel/a/dm-crypt.ko", &["name=dm_crypt", "depends=dm-mod"]),
        ],
    );
    s.file(&format!("lib/modules/{VERSION}/modules.builtin"), "kernel/b/scsi_mod.ko\n");
    let device = "sysfs/devices/bridge/0000:01:00.0";
    s.file("sysfs/devices/bridge/modalias", "platform:bridge9\n");
    let alias = "pci:v0000144Dd0000A808sv0000144Dsd0000A801bc01sc08i02\n";
    s.file(&format!("{device}/modalias"), alias);
    s.file(&format!("{device}/nvme/nvme0/nvme0n1/nvme0n1p1/partition"), "1\n");
    std::fs::create_dir_all(s.path().join("sysfs/class/block")).unwrap();
    std::os::unix::fs::symlink(
        "../../devices/bridge/0000:01:00.0/nvme/nvme0/nvme0n1/nvme0n1p1",
        s.path().join("sysfs/class/block/nvme0n1p1"),
    )
    .unwrap();
    s.program("root/sbin/init", std::fs::read("/bin/true").unwrap());
    s.program("the-program", "program");
    s
}

fn check(s: &Scratch, args: &[&str]) -> Case {
    let dir = s.path().join("lib/modules").join(VERSION);
    applet("mkinitramfs")
        .dir(s.path())
        .args(["--check", "--no-modules", "--program", "the-program", "--root", "root"])
        .args(["--sysfs", "sysfs", "--modules-dir"])
        .args([dir.to_str().unwrap()])
        .args(args)
}

fn lines(output: Output) -> String {
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn init_and_its_interpreter() {
    let s = scratch("check-init");
    let interpreter = Command::new("sh")
        .args(["-c", "readelf -l /bin/true | sed -n 's/.*interpreter: \\(.*\\)]/\\1/p'"])
        .output()
        .unwrap();
    let interpreter = String::from_utf8(interpreter.stdout).unwrap().trim().to_string();
    let all: &[&str] = &["--module", "nvme", "--module", "bridge9"];
    let text = lines(check(&s, all).fails(1));
    let missing = format!("/sbin/init cannot run: its interpreter {interpreter} is missing");
    assert!(text.contains("missing  ") && text.contains(&missing), "{text}");
    s.program(&format!("root{interpreter}"), std::fs::read(&interpreter).unwrap());
    let text = lines(check(&s, all).ok());
    assert!(text.contains("init     /sbin/init in root: it would run\n"), "{text}");
    let text = lines(check(&s, &["--cmdline", "quiet init=/bin/nosuch"]).fails(1));
    assert!(text.contains("/bin/nosuch is missing in the new root"), "{text}");
    // A program for another kind of processor.
    let mut other = std::fs::read("/bin/true").unwrap();
    other[18] = 183;
    s.program("root/sbin/init", other);
    let text = lines(check(&s, all).fails(1));
    assert!(text.contains("a 64-bit program for aarch64, this machine is"), "{text}");
    std::fs::remove_file(s.path().join("root/sbin/init")).unwrap();
    assert!(lines(check(&s, all).fails(1)).contains("no init in the new root"));
    check(&s, &["--root", "nowhere"]).stderr_has("nowhere: No such file").fails(1);
    assert!(!s.path().join("initramfs-6.1-check.img").exists());
}

#[test]
fn drivers_on_the_way_to_a_disk() {
    let s = scratch("check-drivers");
    s.program("root/sbin/init", "#!/sbin/shell\n");
    s.program("root/sbin/shell", std::fs::read(static_program()).unwrap());
    let text = lines(check(&s, &[]).fails(1));
    assert!(text.contains("missing  nvme for nvme0n1p1: not in the image\n"), "{text}");
    assert!(text.contains("missing  bridge9 for nvme0n1p1: not in the image\n"), "{text}");
    let text = lines(check(&s, &["--module", "nvme"]).fails(1));
    assert!(text.contains("driver   nvme for nvme0n1p1: in the image\n"), "{text}");
    let both: &[&str] = &["--module", "nvme", "--module", "bridge9"];
    check(&s, both).ok();
    let with = |word: &'static str| [both, &["--cmdline", word]].concat();
    let text = lines(check(&s, &with("rootfstype=ext4")).fails(1));
    assert!(text.contains("missing  ext4 for filesystem ext4: not in the image\n"), "{text}");
    let text = lines(check(&s, &with("rootfstype=zfs")).fails(1));
    assert!(text.contains("missing  fs-zfs for filesystem zfs: this kernel has no such"), "{text}");
    let ext4 = [with("rootfstype=ext4"), vec!["--module", "ext4"]].concat();
    check(&s, &ext4).ok();
    // The module that is bound counts, and what is part of the kernel.
    let driver = s.path().join("sysfs/devices/bridge/0000:01:00.0/driver");
    std::fs::create_dir_all(&driver).unwrap();
    std::fs::create_dir_all(s.path().join("sysfs/module/scsi_mod")).unwrap();
    std::os::unix::fs::symlink("../../../../module/scsi_mod", driver.join("module")).unwrap();
    let text = lines(check(&s, &["--module", "bridge9"]).ok());
    assert!(text.contains("driver   scsi_mod for nvme0n1p1: part of the kernel\n"), "{text}");
}

#[test]
fn disks_made_of_others() {
    let s = scratch("check-stacked");
    s.program("root/sbin/init", std::fs::read(static_program()).unwrap());
    let dm = "sysfs/devices/virtual/block/dm-0";
    s.file(&format!("{dm}/dm/uuid"), "CRYPT-LUKS2-0123-root\n");
    std::fs::create_dir_all(s.path().join(dm).join("slaves")).unwrap();
    let block = s.path().join("sysfs/class/block");
    std::fs::remove_file(block.join("nvme0n1p1")).unwrap();
    let slave = s.path().join(dm).join("slaves/nvme0n1p1");
    let disk = "../../../../bridge/0000:01:00.0/nvme/nvme0/nvme0n1/nvme0n1p1";
    std::os::unix::fs::symlink(disk, &slave).unwrap();
    assert!(slave.exists());
    std::os::unix::fs::symlink("../../devices/virtual/block/dm-0", block.join("dm-0")).unwrap();
    let text = lines(check(&s, &[]).fails(1));
    for name in ["dm_mod for dm-0", "dm_crypt for dm-0", "nvme for nvme0n1p1"] {
        assert!(text.contains(&format!("missing  {name}: not in the image\n")), "{name}: {text}");
    }
    let all = ["--module", "nvme", "--module", "bridge9", "--module", "dm-crypt"];
    check(&s, &all).ok();
}

/// A program that runs by itself.
fn static_program() -> &'static str {
    "/usr/bin/busybox"
}

/// A tree of a few kinds of files, and more bytes than there may be memory.
fn big(s: &Scratch) {
    s.program("the-program", "program");
    s.file("tree/text", "text\n");
    let file = std::fs::File::create(s.path().join("tree/huge")).unwrap();
    file.set_len(700 << 20).unwrap();
}

/// With little memory: nothing is read as a whole.
#[test]
fn bounded_memory() {
    let s = Scratch::new("bounded");
    big(&s);
    let limited = |compress: &str| {
        let output = Command::new("sh")
            .args(["-c", "ulimit -v 450000; exec \"$@\"", "sh"])
            .arg(program())
            .args(["mkinitramfs", "-q", "--no-modules", "--program", "the-program"])
            .args(["--add", "tree:/tree", "-o", "image", "--compress", compress])
            .env("MALLOC_ARENA_MAX", "1")
            .current_dir(s.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::metadata(s.path().join("image")).unwrap().len()
    };
    assert!(limited("none") > 700 << 20);
    assert!(limited("zstd") < 1 << 20);
    std::fs::remove_file(s.path().join("image")).unwrap();
}

/// Large files go from one to the other inside the kernel, and can be put where
/// blocks can be shared.
#[test]
fn files_are_copied_by_the_kernel() {
    let s = Scratch::new("copied");
    s.program("the-program", "program");
    s.file("data/one", vec![1; 300_000]);
    s.file("data/two", vec![2; 500_000]);
    s.file("data/small", vec![3; 100]);
    let output = Command::new("strace")
        .args(["-f", "-e", "trace=copy_file_range", "-o", "calls"])
        .arg(program())
        .args(["mkinitramfs", "-q", "--no-modules", "--program", "the-program"])
        .args(["--add", "data:/data", "-o", "image", "--align", "4096"])
        .current_dir(s.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let calls = std::fs::read_to_string(s.path().join("calls")).unwrap();
    assert!(calls.contains("= 300000\n") && calls.contains("= 500000\n"), "{calls}");
    let image = std::fs::read(s.path().join("image")).unwrap();
    for (byte, size) in [(1, 300_000), (2, 500_000)] {
        let at = image.windows(4).position(|w| w == [byte; 4]).unwrap();
        assert_eq!(at % 4096, 0);
        assert!(image[at..at + size].iter().all(|&b| b == byte));
    }
    // Others read it, too: the names end with the first zero.
    let listed = Command::new("cpio").args(["-t", "--quiet"]).stdin(open(&s, "image")).output();
    assert!(String::from_utf8(listed.unwrap().stdout).unwrap().contains("data/two\n"));
    let case = applet("mkinitramfs").dir(s.path()).args(["--align", "3", "--no-modules"]);
    case.stderr_has("a power of two").fails(2);
}

fn open(s: &Scratch, name: &str) -> std::fs::File {
    std::fs::File::open(s.path().join(name)).unwrap()
}

/// Two folders, two orders of making the files, other times, one thread or
/// many: the same bytes. SOURCE_DATE_EPOCH is the only time in them.
#[test]
fn the_same_bytes_anywhere() {
    let make = |name: &str, reverse: bool, compress: &str, one: bool| -> Vec<u8> {
        let s = Scratch::new(name);
        let mut files: Vec<u32> = (0..60).collect();
        if reverse {
            files.reverse();
        }
        for n in files {
            let text = format!("{n}\n").repeat(30_000);
            s.file(&format!("tree/d{}/f{n}", n % 7), text);
        }
        tree(&s, VERSION, &[("kernel/a/x.ko", &["name=x", "depends=y"])]);
        tree(&s, VERSION, &[("kernel/a/y.ko", &["name=y", "depends="])]);
        s.program("the-program", "program");
        let dir = s.path().join("lib/modules").join(VERSION);
        let mut command = Command::new(if one { "taskset" } else { "env" });
        if one {
            command.args(["-c", "0"]);
        }
        let status = command
            .arg(program())
            .args(["mkinitramfs", "-q", "--no-modules", "--program", "the-program", "-o", "image"])
            .args(["--module", "x", "--modules-dir", dir.to_str().unwrap()])
            .args(["--add", "tree:/tree", "--compress", compress])
            .env("SOURCE_DATE_EPOCH", "1700000000")
            .current_dir(s.path())
            .status();
        assert!(status.unwrap().success());
        std::fs::read(s.path().join("image")).unwrap()
    };
    for compress in ["none", "gzip", "zstd", "xz:1", "lz4"] {
        let first = make("here", false, compress, false);
        let second = make("a-longer-place-there", true, compress, true);
        assert!(first == second, "{compress}");
    }
    let s = Scratch::new("epoch");
    s.file("image", make("once", false, "none", false));
    let out = applet("lsinitramfs").dir(s.path()).args(["--json", "image"]).ok().stdout;
    let out = String::from_utf8(out).unwrap();
    let times = out.matches("\"mtime\":1700000000,").count();
    assert!(times > 60 && times == out.matches("\"mtime\":").count(), "{times}");
}
