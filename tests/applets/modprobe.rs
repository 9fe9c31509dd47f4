//! modprobe: what would be loaded, in which order. Loading itself is tested in
//! a machine (tests/vm/modules.rs).

use crate::harness::applet::{Case, applet};
use crate::harness::module::{module, names, tree};
use crate::harness::scratch::Scratch;

const V: &str = "6.1.0-test";

/// Like Debian's: dashes in names, soft dependencies by alias, none of
/// depmod's files.
fn lab() -> Scratch {
    let dir = Scratch::new("modprobe");
    let modules: &[(&str, &[&str])] = &[
        (
            "kernel/fs/ext4/ext4.ko",
            &["softdep=pre: crypto-crc32c", "alias=fs-ext4", "depends=jbd2,mb-cache"],
        ),
        ("kernel/fs/jbd2/jbd2.ko", &["depends="]),
        ("kernel/fs/mb-cache.ko", &[]),
        ("kernel/crypto/crc32c-generic.ko", &["alias=crypto-crc32c", "alias=crc32c"]),
        (
            "kernel/drivers/virtio-pci.ko",
            &["alias=pci:v00001AF4d*sv*sd*bc*sc*i*", "depends=virtio"],
        ),
        ("kernel/drivers/second.ko", &["alias=pci:v00001AF4d00001041sv*sd*bc*sc*i*"]),
        ("kernel/a.ko", &["depends=b"]),
        ("kernel/b.ko", &["depends=c"]),
        ("kernel/c.ko", &["depends=a"]),
        ("kernel/soft.ko", &["softdep=pre: hard post: after"]),
        ("kernel/hard.ko", &["depends=soft"]),
        ("kernel/after.ko", &["alias=of:N*T*Cx,y"]),
        ("kernel/lame.ko", &["depends=nowhere"]),
    ];
    tree(&dir, V, modules);
    dir.file(&format!("lib/modules/{V}/modules.builtin"), "kernel/drivers/virtio.ko\n");
    dir.file(&format!("lib/modules/{V}/modules.builtin.modinfo"), "virtio.alias=virt*\0");
    dir
}

fn show(dir: &Scratch, config: &str, args: &[&str]) -> Case {
    let config = dir.file("modprobe.conf", config);
    applet("modprobe")
        .args(["-S", V, "-d"])
        .args([dir.path()])
        .args(["-C"])
        .args([config])
        .args(args)
}

fn shown(dir: &Scratch, config: &str, name: &str) -> Vec<String> {
    names(&show(dir, config, &["-D", name]).ok().stdout)
}

/// depmod's files, written by our depmod.
fn index(dir: &Scratch) {
    // The circle a, b, c is a failure of its own.
    applet("depmod").args(["-b"]).args([dir.path()]).args([V]).fails(1);
}

#[test]
fn an_unpacked_kernel_package_has_no_lists() {
    let dir = lab();
    for indexed in [false, true] {
        if indexed {
            index(&dir);
        }
        assert_eq!(
            shown(&dir, "", "ext4"),
            ["insmod crc32c-generic.ko", "insmod mb-cache.ko", "insmod jbd2.ko", "insmod ext4.ko"],
            "indexed: {indexed}"
        );
        assert_eq!(shown(&dir, "", "fs-ext4").len(), 4);
        assert_eq!(shown(&dir, "", "crc32c"), ["insmod crc32c-generic.ko"]);
    }
}

/// Options and parameters are for what was asked for, not for what that needs.
#[test]
fn options_of_one_module_only() {
    let dir = lab();
    let conf = "options ext4 a=1\noptions fs_ext4 b=2\noptions jbd2 c=3\n";
    let ends = |name: &str| -> Vec<String> {
        let case = show(&dir, conf, &["-n", "-v", name, "d=4"]).ok();
        let text = String::from_utf8(case.stdout).unwrap();
        text.lines().map(|line| line.split_once(".ko ").unwrap().1.into()).collect()
    };
    assert_eq!(ends("ext4"), ["", "", "c=3 ", "a=1 d=4 "]);
    assert_eq!(ends("fs-ext4"), ["", "", "c=3 ", "a=1 b=2 d=4 "]);
}

/// The kernel asks quietly, a dozen times at a boot, for what is not there.
#[test]
fn quietly_only_what_the_lists_name_is_looked_for() {
    let dir = lab();
    index(&dir);
    tree(&dir, V, &[("kernel/late.ko", &[])]);
    assert_eq!(shown(&dir, "", "late"), ["insmod late.ko"]);
    show(&dir, "", &["-q", "-D", "late"]).stdout("").fails(1);
    assert_eq!(names(&show(&dir, "", &["-q", "-D", "hard"]).ok().stdout).len(), 3);
}

#[test]
fn dashes_are_underscores() {
    let dir = lab();
    for name in ["virtio-pci", "virtio_pci"] {
        assert_eq!(shown(&dir, "", name), ["insmod virtio-pci.ko"]);
    }
    index(&dir);
    assert_eq!(shown(&dir, "", "virtio_pci"), ["insmod virtio-pci.ko"]);
}

#[test]
fn an_alias_may_stand_for_several() {
    let dir = lab();
    let name = "pci:v00001AF4d00001041sv0sd0bc0sc0i0";
    assert_eq!(shown(&dir, "", name), ["insmod second.ko", "insmod virtio-pci.ko"]);
    show(&dir, "", &["-R", name]).stdout("second\nvirtio_pci\n").ok();
    // the star crosses slashes
    show(&dir, "", &["-R", "of:Na/bT(null)Cx,y"]).stdout("after\n").ok();
}

#[test]
fn stale_lists_are_not_believed() {
    let dir = lab();
    index(&dir);
    let old = dir.path().join("lib/modules").join(V);
    std::fs::rename(old.join("kernel/fs/jbd2/jbd2.ko"), old.join("kernel/jbd2.ko")).unwrap();
    assert_eq!(shown(&dir, "", "ext4").len(), 4);
    dir.file(&format!("lib/modules/{V}/updates/new.ko"), module(&["depends=jbd2"]));
    assert_eq!(shown(&dir, "", "new"), ["insmod jbd2.ko", "insmod new.ko"]);
}

#[test]
fn circles_end() {
    let dir = lab();
    show(&dir, "", &["-D", "a"])
        .stderr_has("modprobe: a: modules that need each other: a -> b -> c -> a")
        .fails(1);
    // A soft dependency that needs its module comes behind it.
    assert_eq!(shown(&dir, "", "soft"), ["insmod soft.ko", "insmod hard.ko", "insmod after.ko"]);
    assert_eq!(shown(&dir, "", "hard").last().unwrap(), "insmod hard.ko");
}

#[test]
fn a_long_chain_ends() {
    let dir = Scratch::new("chain");
    for n in 0..300 {
        let needs = format!("depends=m{}", n + 1);
        dir.file(&format!("lib/modules/{V}/m{n}.ko"), module(&[&needs]));
    }
    applet("modprobe")
        .args(["-S", V, "-D", "-d"])
        .args([dir.path()])
        .args(["m0"])
        .stderr_has("m0: modules that need each other")
        .fails(1);
}

#[test]
fn built_in() {
    let dir = lab();
    show(&dir, "", &["-D", "virtio"]).stdout("builtin virtio\n").ok();
    show(&dir, "", &["-D", "virtual"]).stdout("builtin virtio\n").ok();
    show(&dir, "", &["virtio"]).stdout("").ok();
    show(&dir, "", &["-r", "virtio"])
        .stderr_has("virtio: module is built into the kernel")
        .fails(1);
}

#[test]
fn configuration() {
    let dir = lab();
    let conf = "alias my-* mb-cache\noptions mb_cache a=1 b=\"x y\"\nblacklist second\n\
        blacklist jbd2\ninstall after /bin/echo after $CMDLINE_OPTS\nsoftdep jbd2 post: mb-cache\n\
        softdep ext4 pre: jbd2\n";
    let line = format!(
        "insmod {}/lib/modules/{V}/kernel/fs/mb-cache.ko a=1 b=\"x y\" c=2 \n",
        dir.path().display()
    );
    show(&dir, conf, &["-D", "mb-cache"]).stdout(line.replace("c=2 ", "")).ok();
    show(&dir, conf, &["-n", "-v", "mb-cache", "c=2"]).stdout(line).ok();
    assert_eq!(shown(&dir, conf, "my-own"), ["insmod mb-cache.ko"]);
    assert_eq!(shown(&dir, conf, "pci:v00001AF4d00001041sv0sd0bc0sc0i0"), ["insmod virtio-pci.ko"]);
    // A name is not an alias, but for -b.
    assert_eq!(shown(&dir, conf, "second"), ["insmod second.ko"]);
    show(&dir, conf, &["-b", "-D", "second"]).stdout("").ok();
    show(&dir, conf, &["-D", "after"]).stdout("install /bin/echo after $CMDLINE_OPTS\n").ok();
    show(&dir, conf, &["-D", "-i", "after"]).ok();
    // The configuration's softdep replaces ext4's own.
    assert_eq!(
        shown(&dir, conf, "ext4"),
        ["insmod jbd2.ko", "insmod mb-cache.ko", "insmod ext4.ko"]
    );
    // Behind it comes what the kernel command line of this machine says.
    let shown = show(&dir, "blacklist a-b\noptions x y=1\n", &["-c"]).ok().stdout;
    assert!(shown.starts_with(b"blacklist a_b\noptions x y=1\n"));
    show(&dir, "what is this\n", &["-c"]).stderr_has("ignoring 'what is this'").ok();
}

#[test]
fn what_cannot_be_had() {
    let dir = lab();
    show(&dir, "", &["nosuch"]).stderr_has("modprobe: nosuch: module not found").fails(1);
    let quiet = show(&dir, "", &["-q", "nosuch"]).fails(1);
    assert_eq!(quiet.stderr, "");
    show(&dir, "", &["../../tmp/evil"]).stderr_has("not a module name").fails(1);
    show(&dir, "", &["-r", "/evil"]).stderr_has("not a module name").fails(1);
    show(&dir, "", &["-a", "-n", "nosuch", "ext4", "a/b"])
        .stderr_has("nosuch: module not found")
        .stderr_has("a/b: not a module name")
        .fails(1);
    applet("modprobe").args(["-S", "no-version", "x"]).stderr_has("No such file").fails(1);
    applet("modprobe").stderr_has("no module named").fails(2);
    applet("modprobe").args(["--nonsense"]).fails(2);
}

#[test]
fn packed_modules() {
    use rescuebox::compress::{Format, compress};
    let dir = Scratch::new("packed");
    for (format, name) in
        [(Format::Gzip, "one.ko.gz"), (Format::Xz, "two.ko.xz"), (Format::Zstd, "three.ko.zst")]
    {
        let needs = match name {
            "one.ko.gz" => "depends=two",
            "two.ko.xz" => "depends=three",
            _ => "depends=",
        };
        dir.file(&format!("lib/modules/{V}/{name}"), compress(format, &module(&[needs])).unwrap());
    }
    dir.file(
        &format!("lib/modules/{V}/cut.ko.xz"),
        &compress(Format::Xz, &module(&[])).unwrap()[..40],
    );
    let found =
        applet("modprobe").args(["-S", V, "-D", "-d"]).args([dir.path()]).args(["one"]).ok();
    assert_eq!(
        names(&found.stdout),
        ["insmod three.ko.zst", "insmod two.ko.xz", "insmod one.ko.gz"]
    );
    applet("modprobe")
        .args(["-S", V, "-D", "-d"])
        .args([dir.path()])
        .args(["cut"])
        .stderr_has("cut.ko.xz: truncated xz data")
        .fails(1);
}
