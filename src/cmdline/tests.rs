//! What the parser makes of lines.

use super::*;

fn split(line: &str) -> Vec<(String, Option<String>)> {
    words(line.as_bytes())
        .map(|w| {
            let text = |b: &[u8]| String::from_utf8(b.to_vec()).unwrap();
            (text(w.name), w.value.map(text))
        })
        .collect()
}

fn one(name: &str, value: Option<&str>) -> (String, Option<String>) {
    (name.into(), value.map(Into::into))
}

fn complaints(line: &str) -> Vec<String> {
    Cmdline::parse(line.as_bytes()).complaints.iter().map(|c| c.to_string()).collect()
}

fn root_of(line: &str) -> String {
    let parsed = Cmdline::parse(line.as_bytes());
    match (parsed.root, parsed.fatal()) {
        (Some(root), None) => root.to_string(),
        (_, Some(complaint)) => format!("! {complaint}"),
        (None, None) => "none".into(),
    }
}

#[test]
fn words_as_the_kernel_cuts_them() {
    assert_eq!(split(""), []);
    assert_eq!(split("  \t\n"), []);
    assert_eq!(split("a b=c\n"), [one("a", None), one("b", Some("c"))]);
    assert_eq!(split("a=b=c"), [one("a", Some("b=c"))]);
    assert_eq!(split("a=\"b c\" d"), [one("a", Some("b c")), one("d", None)]);
    assert_eq!(split("\"a=b c\" d"), [one("a", Some("b c")), one("d", None)]);
    assert_eq!(split("a=x\"b c\"y"), [one("a", Some("x\"b c\"y"))]);
    assert_eq!(split("a='b c'"), [one("a", Some("'b")), one("c'", None)]);
    assert_eq!(split("a=\"b c"), [one("a", Some("b c"))]);
    assert_eq!(split("="), [one("", Some(""))]);
    assert_eq!(split("\"=\""), [one("", Some(""))]);
    assert_eq!(split("\""), [one("", None)]);
}

#[test]
fn roots() {
    for (line, expected) in [
        ("quiet", "none"),
        ("rootfs=rootfs", "virtiofs:rootfs"),
        ("root=virtiofs:a", "virtiofs:a"),
        ("root=a rootfstype=virtiofs", "virtiofs:a"),
        ("rootfstype=9p root=a", "9p:a"),
        ("root=9p:share", "9p:share"),
        ("root=/dev/vda1", "/dev/vda1"),
        ("root=/dev/mapper/vg-root", "/dev/mapper/vg-root"),
        ("root=UUID=aB-1", "UUID=aB-1"),
        ("root=\"LABEL=my root\"", "LABEL=my root"),
        ("root=LABEL=\"my root\"", "LABEL=my root"),
        ("root=/dev/disk/by-partlabel/x", "PARTLABEL=x"),
        ("root=/dev/disk/by-id/virtio-1", "ID=virtio-1"),
        ("root=PARTUUID=0000abcd-01", "PARTUUID=0000abcd-01"),
        ("root=PARTUUID=ab-cd/PARTNROFF=-1", "PARTUUID=ab-cd/PARTNROFF=-1"),
        ("root=8:1", "8:1"),
        ("root=0801", "8:1"),
        ("root=/dev/nfs", "/dev/nfs"),
        ("root=gpt-auto", "gpt-auto"),
        ("root=tmpfs", "tmpfs"),
        ("root=a root=/dev/sda", "/dev/sda"),
        ("root=/dev/sda -- root=/dev/sdb", "/dev/sda"),
        ("root=", "! root= on the kernel command line: it names nothing"),
        ("root", "! root on the kernel command line: it names nothing"),
        ("rootfs=", "! rootfs= on the kernel command line: the tag is missing"),
        ("root=virtiofs:", "! root=virtiofs: on the kernel command line: the tag is missing"),
        ("rootfs=../x", "! rootfs=../x on the kernel command line: a tag has no /"),
        ("root=UUID=", "! root=UUID= on the kernel command line: it names nothing"),
        ("root=/dev/../x", "! root=/dev/../x on the kernel command line: no name of a device"),
        (
            "root=banana",
            "! root=banana on the kernel command line: not a kind of root that is known",
        ),
        (
            "root=PARTUUID=a/b",
            "! root=PARTUUID=a/b on the kernel command line: only /PARTNROFF=N may follow a PARTUUID",
        ),
        (
            "root=x\x1b[2J:y",
            "! root=x\\x1b[2J:y on the kernel command line: not a kind of root that is known",
        ),
    ] {
        assert_eq!(root_of(line), expected, "{line}");
    }
}

#[test]
fn dashes_are_underscores() {
    let a = Cmdline::parse(b"mount-ro=x module-blacklist=a,b");
    let b = Cmdline::parse(b"mount_ro=x module_blacklist=a,b");
    assert_eq!((&a.shares, &a.blacklist), (&b.shares, &b.blacklist));
    assert_eq!(a.shares, [Share { tag: b"x", read_only: true }]);
    assert_eq!(a.blacklist, [b"a", b"b"]);
}

#[test]
fn osbuilds_words() {
    let c = Cmdline::parse(b"console=ttyS0,115200 rootfs=r mount=m mount-ro=n debug init=/x.py");
    assert!(c.osbuild && c.debug && !c.rw);
    assert_eq!(c.init, Some(b"/x.py".as_slice()));
    assert_eq!(c.consoles, [b"ttyS0"]);
    assert_eq!(
        c.shares,
        [Share { tag: b"m", read_only: false }, Share { tag: b"n", read_only: true }]
    );
    assert!(c.complaints.is_empty());
}

#[test]
fn the_last_of_ro_and_rw_wins() {
    assert!(!Cmdline::parse(b"").rw);
    assert!(Cmdline::parse(b"ro rw").rw);
    assert!(!Cmdline::parse(b"rw ro").rw);
}

#[test]
fn waits() {
    let limit = |line: &'static str| Cmdline::parse(line.as_bytes()).limit();
    assert_eq!(limit(""), Limit::Seconds { seconds: 10, given: false });
    assert_eq!(limit("rootwait"), Limit::Forever);
    assert_eq!(limit("rootwait=3"), Limit::Seconds { seconds: 3, given: true });
    assert_eq!(limit("rd.timeout=0"), Limit::Forever);
    assert_eq!(limit("rootdelay=5 rd.retry=40"), Limit::Seconds { seconds: 40, given: true });
    assert_eq!(
        complaints("rd.timeout=x"),
        ["rd.timeout=x on the kernel command line: not a number of seconds"]
    );
}

#[test]
fn no_shell() {
    let c = Cmdline::parse(b"rd.shell=0 rd.emergency=poweroff panic=-1");
    assert_eq!(c.shell, Some(false));
    assert_eq!(c.emergency, Some(Emergency::Poweroff));
    assert_eq!(c.panic, Some(-1));
    assert_eq!(Cmdline::parse(b"rd.shell=0 rd.shell").shell, Some(false));
    assert_eq!(Cmdline::parse(b"panic").panic, Some(0));
    assert_eq!(Cmdline::parse(b"rd.shell=maybe").shell, Some(false));
}

#[test]
fn overlays() {
    let overlay = |line: &'static [u8]| Cmdline::parse(line).overlay;
    assert_eq!(overlay(b"systemd.volatile=overlay"), Some(Overlay::Memory));
    assert_eq!(overlay(b"systemd.volatile=yes"), None);
    assert_eq!(overlay(b"rd.overlay"), Some(Overlay::Memory));
    assert_eq!(overlay(b"rd.overlay rd.overlay=0"), None);
    assert_eq!(overlay(b"rd.overlay=LABEL=x"), Some(Overlay::On(b"LABEL=x")));
}

#[test]
fn storage_and_network_are_kept() {
    let c = Cmdline::parse(b"ip=dhcp rd.luks.uuid=1 rd.luks.name=2=x rd.lvm.lv=vg/lv ip=:::::eth0");
    let kept: Vec<_> = c.kept.iter().map(|k| (k.name, k.value)).collect();
    let expected: [(&[u8], &[u8]); 5] = [
        (b"ip", b"dhcp"),
        (b"rd.luks.uuid", b"1"),
        (b"rd.luks.name", b"2=x"),
        (b"rd.lvm.lv", b"vg/lv"),
        (b"ip", b":::::eth0"),
    ];
    assert_eq!(kept, expected);
}

#[test]
fn complaints_name_the_word() {
    assert_eq!(
        complaints("mount= mount=a mount=a mount=x/y rescue.tyop=1 rd.emergency=now"),
        [
            "mount= on the kernel command line: the tag is missing",
            "mount=a on the kernel command line: named before",
            "mount=x/y on the kernel command line: a tag has no /",
            "rescue.tyop=1 on the kernel command line: no parameter of this program",
            "rd.emergency=now on the kernel command line: not reboot, poweroff or halt, taken for halt",
        ]
    );
    assert_eq!(complaints("foo=bar acpi=off nvme.poll_queues=1 systemd.unit=x"), [""; 0]);
    let long = format!("root={}", "x".repeat(2000));
    assert_eq!(
        complaints(&long)[0].len(),
        80 + 3 + " on the kernel command line: not a kind of root that is known".len()
    );
}

#[test]
fn init_is_a_path() {
    let c = Cmdline::parse(b"rootfs=r init=sh");
    assert_eq!(c.fatal().map(|c| c.why), Some("the init is named by a path from /"));
}

#[test]
fn words_replace_words_about_the_same() {
    let edit = |line: &str, new: &str| {
        String::from_utf8(reworded(line.as_bytes(), new.as_bytes())).unwrap()
    };
    assert_eq!(edit("quiet rootfs=a ro", "root=/dev/vda1 rw"), "quiet root=/dev/vda1 rw");
    assert_eq!(edit("root=a root=b x", "root=c"), "x root=c");
    assert_eq!(edit("root=a rootflags=x -- single", "rootflags="), "root=a -- single");
    assert_eq!(
        edit("a \"root=LABEL=my root\" -- 'b c'", "x=1"),
        "a \"root=LABEL=my root\" x=1 -- 'b c'"
    );
    assert_eq!(edit("module-blacklist=a", "module_blacklist=b"), "module_blacklist=b");
    assert_eq!(edit("", "\"root=LABEL=a b\""), "\"root=LABEL=a b\"");
    assert_eq!(edit("a", ""), "a");
    assert_eq!(quoted(b"root=LABEL=a b").unwrap(), b"\"root=LABEL=a b\"");
    assert_eq!(quoted(b"a\"b"), None);
}

#[test]
fn stages_to_stop_at() {
    let breaks = |line: &'static [u8]| Cmdline::parse(line).breaks;
    assert_eq!(breaks(b"rd.break"), [Stage::PreSwitch]);
    assert_eq!(breaks(b"rd.break=mount,modules"), [Stage::Mount, Stage::Modules]);
    assert_eq!(breaks(b"rd.break=pre-udev rd.break=initqueue"), [Stage::Modules, Stage::PreMount]);
    assert_eq!(
        complaints("rd.break=later"),
        [
            "rd.break=later on the kernel command line: no stage: cmdline, modules, pre-mount, mount or pre-switch"
        ]
    );
}
