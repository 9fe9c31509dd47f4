//! lsinitramfs, unmkinitramfs and gen_init_cpio.

use std::path::Path;
use std::process::Command;

use crate::harness::applet::applet;
use crate::harness::scratch::Scratch;

/// Every keyword of the list, twice what may come twice.
const LIST: &str = "# a comment\n\
    dir /dev 0755 0 0\n\
    nod /dev/console 0600 0 0 c 5 1\n\
    nod /dev/ram0 0640 0 6 b 1 0\n\
    \n\
    slink /init /sbin/kinit 0777 0 0\n\
    file /a ${TOP}/text 0644 1 2\n\
    file /b ${TOP}/text 0755 0 0 /c /d/e f\n\
    file /n ${TOP}/empty 0644 0 0\n\
    pipe /p 0600 3 4\n\
    sock s 0600 0 0\n";

fn scratch() -> Scratch {
    let s = Scratch::new("images");
    s.file("text", "text\n");
    s.file("empty", "");
    for name in ["text", "empty"] {
        Command::new("touch").args(["-d", "@9"]).arg(s.path().join(name)).status().unwrap();
    }
    s.file("list", LIST);
    s
}

fn generated(s: &Scratch, options: &[&str]) -> Vec<u8> {
    let args: Vec<&str> = options.iter().copied().chain(["list"]).collect();
    applet("gen_init_cpio").dir(s.path()).env("TOP", s.path()).args(args).ok().stdout
}

/// A header as the kernel's program writes it.
fn header(fields: &[u32], name: &str) -> Vec<u8> {
    let mut bytes = b"070701".to_vec();
    for field in fields {
        bytes.extend_from_slice(format!("{field:08X}").as_bytes());
    }
    bytes.extend_from_slice(name.as_bytes());
    bytes.push(0);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// The bytes that usr/gen_init_cpio of Linux 6.1 makes of the list.
#[test]
fn the_kernels_bytes() {
    let s = scratch();
    let mut expected = Vec::new();
    let mut put = |fields: [u32; 13], name: &str, data: &[u8]| {
        expected.extend_from_slice(&header(&fields, name));
        expected.extend_from_slice(data);
        expected.resize(expected.len().next_multiple_of(4), 0);
    };
    put([721, 0o040_755, 0, 0, 2, 7, 0, 3, 1, 0, 0, 4, 0], "dev", b"");
    put([722, 0o020_600, 0, 0, 1, 7, 0, 3, 1, 5, 1, 12, 0], "dev/console", b"");
    put([723, 0o060_640, 0, 6, 1, 7, 0, 3, 1, 1, 0, 9, 0], "dev/ram0", b"");
    put([724, 0o120_777, 0, 0, 1, 7, 12, 3, 1, 0, 0, 5, 0], "init", b"/sbin/kinit\0");
    put([725, 0o100_644, 1, 2, 1, 9, 5, 3, 1, 0, 0, 2, 0], "a", b"text\n");
    put([726, 0o100_755, 0, 0, 4, 9, 0, 3, 1, 0, 0, 2, 0], "b", b"");
    put([726, 0o100_755, 0, 0, 4, 9, 0, 3, 1, 0, 0, 2, 0], "c", b"");
    put([726, 0o100_755, 0, 0, 4, 9, 0, 3, 1, 0, 0, 4, 0], "d/e", b"");
    put([726, 0o100_755, 0, 0, 4, 9, 5, 3, 1, 0, 0, 2, 0], "f", b"text\n");
    put([727, 0o100_644, 0, 0, 1, 9, 0, 3, 1, 0, 0, 2, 0], "n", b"");
    put([728, 0o010_600, 3, 4, 2, 7, 0, 3, 1, 0, 0, 2, 0], "p", b"");
    put([729, 0o140_600, 0, 0, 2, 7, 0, 3, 1, 0, 0, 2, 0], "s", b"");
    put([0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 11, 0], "TRAILER!!!", b"");
    expected.resize(expected.len().next_multiple_of(512), 0);
    assert!(generated(&s, &["-t", "7"]) == expected);
    applet("gen_init_cpio")
        .dir(s.path())
        .env("TOP", s.path())
        .args(["-t", "7", "-o", "out", "list"])
        .ok();
    assert!(std::fs::read(s.path().join("out")).unwrap() == expected);
}

/// With the kernel's own program, where GEN_INIT_CPIO= names it.
#[test]
fn the_kernels_program_makes_the_same() {
    let Some(program) = std::env::var_os("GEN_INIT_CPIO") else { return };
    let s = scratch();
    for options in [&["-t", "7"][..], &["-c", "-t", "1000000000"]] {
        let mut command = Command::new(&program);
        command.args(options).arg("list").env("TOP", s.path()).current_dir(s.path());
        assert!(command.output().unwrap().stdout == generated(&s, options), "{options:?}");
    }
}

#[test]
fn sums_and_alignment() {
    let s = scratch();
    let bytes = generated(&s, &["-c", "-t", "7"]);
    assert_eq!(&bytes[..6], b"070702");
    applet("cpio").args(["-t", "--quiet"]).stdin(&bytes).ok();
    applet("lsinitramfs").args(["/dev/stdin"]).stdin(&bytes).ok();
    s.file("big", vec![b'x'; 9000]);
    s.file("list", "dir d 755 0 0\nfile /big big 644 0 0\n");
    let bytes = generated(&s, &["-a", "4096"]);
    assert_eq!(bytes.windows(100).position(|w| w == [b'x'; 100]), Some(4096));
    applet("lsinitramfs").args(["/dev/stdin"]).stdin(&bytes).stdout("d\nbig\n").ok();
    applet("gen_init_cpio").args(["nope"]).stderr_has("nope: No such file").fails(1);
    applet("gen_init_cpio").args(["-"]).stdin("dir\n").stderr_has("line 1").fails(1);
    applet("gen_init_cpio").args(["-t", "x", "-"]).fails(1);
}

/// An image with microcode in front and an archive of the given kind behind.
fn image(s: &Scratch, packer: &str) -> Vec<u8> {
    let mut bytes = generated(s, &["-t", "7"]);
    s.file(
        "second",
        "dir usr 0755 0 0\nfile usr/file text 0644 0 0\nfile usr/mod.ko.xz text 0644 0 0\n",
    );
    let list = applet("gen_init_cpio").dir(s.path()).args(["-t", "7", "second"]).ok().stdout;
    bytes.extend_from_slice(&[0; 512]);
    let args: &[&str] = match packer {
        "lz4" => &["-lc"],
        _ => &["-c"],
    };
    bytes.extend(applet(packer).args(args).stdin(list).ok().stdout);
    bytes
}

const NAMES: &str =
    "dev\ndev/console\ndev/ram0\ninit\na\nb\nc\nd/e\nf\nn\np\ns\nusr\nusr/file\nusr/mod.ko.xz\n";

#[test]
fn images_of_every_compression() {
    for packer in ["gzip", "bzip2", "lzma", "xz", "lz4", "zstd"] {
        let s = scratch();
        s.file("image", image(&s, packer));
        let ls = |args: &[&str]| applet("lsinitramfs").dir(s.path()).args(args);
        ls(&["image"]).stdout(NAMES).ok();
        ls(&["-a", "image"]).stdout(NAMES).ok();
        ls(&["--modules", "image"]).stdout("mod.ko.xz\n").ok();
        let out = String::from_utf8(ls(&["--segments", "image"]).ok().stdout).unwrap();
        assert!(out.contains(&format!(" {packer} ")) && out.contains(" none  "), "{out}");
        let out = String::from_utf8(ls(&["--json", "image"]).ok().stdout).unwrap();
        assert!(out.contains("\"name\":\"usr/file\",\"mode\":\"100644\""), "{out}");
        let unmk = |args: &[&str]| applet("unmkinitramfs").dir(s.path()).args(args);
        unmk(&["image", "to"]).stdout("").ok();
        assert_eq!(std::fs::read(s.path().join("to/main/usr/file")).unwrap(), b"text\n");
        assert_eq!(std::fs::read(s.path().join("to/early/c")).unwrap(), b"text\n");
        unmk(&["-v", "image", "again"]).stdout(NAMES).ok();
    }
}

#[test]
fn one_archive_has_no_folders_of_its_own() {
    let s = scratch();
    let bytes = generated(&s, &["-t", "7"]);
    s.file("image", &bytes);
    applet("unmkinitramfs").dir(s.path()).args(["image", "to"]).ok();
    assert_eq!(std::fs::read(s.path().join("to/a")).unwrap(), b"text\n");
    let packed = applet("gzip").args(["-c"]).stdin(&bytes).ok().stdout;
    s.file("image.gz", packed);
    applet("unmkinitramfs").dir(s.path()).args(["image.gz", "packed"]).ok();
    assert_eq!(std::fs::read(s.path().join("packed/f")).unwrap(), b"text\n");
}

#[test]
fn trees_and_differences() {
    let s = scratch();
    s.file("a.img", image(&s, "gzip"));
    s.file("text", "another text\n");
    s.file("b.img", image(&s, "xz"));
    let ls = |args: &[&str]| applet("lsinitramfs").dir(s.path()).args(args);
    ls(&["--diff", "a.img", "a.img"]).stdout("").ok();
    let out = String::from_utf8(ls(&["--diff", "a.img", "b.img"]).fails(1).stdout).unwrap();
    assert!(out.contains("~               5 -> 13 usr/file\n"), "{out}");
    s.file("list", "file /other text 0644 0 0\n");
    s.file("c.img", generated(&s, &["-t", "7"]));
    let out = String::from_utf8(ls(&["--diff", "a.img", "c.img"]).fails(1).stdout).unwrap();
    assert!(out.contains("- ") && out.contains("+                    13 other\n"), "{out}");
    ls(&["--sizes", "c.img"])
        .stdout("    13 #################### .\n    13 ####################   other\n")
        .ok();
    ls(&["--diff", "a.img"]).fails(1);
}

#[test]
fn what_is_left_of_damaged_images() {
    let s = scratch();
    let whole = image(&s, "gzip");
    let cut = &whole[..whole.len() - 30];
    s.file("cut", cut);
    let out =
        applet("lsinitramfs").dir(s.path()).args(["cut"]).stderr_has("it is cut off").fails(1);
    assert!(out.stdout.starts_with(b"dev\ndev/console\n"));
    s.file("junk", "junk junk junk junk junk");
    applet("lsinitramfs").dir(s.path()).args(["junk"]).stderr_has("byte 0: neither").fails(1);
    s.file("none", "");
    applet("lsinitramfs").dir(s.path()).args(["none"]).stderr_has("empty").fails(1);
    applet("lsinitramfs").dir(s.path()).args(["nope"]).stderr_has("No such file").fails(1);
    let mut config = generated(&s, &["-t", "7"]);
    config.extend_from_slice(b"key = value\n\x0c\0\0\0\0\0\0\0#BOOTCONFIG\n");
    s.file("config", config);
    let out = applet("lsinitramfs").dir(s.path()).args(["--segments", "config"]).ok().stdout;
    assert!(String::from_utf8(out).unwrap().contains("bootconfig"));
    applet("lsinitramfs").fails(1);
    applet("unmkinitramfs").args(["x"]).fails(1);
}

/// A PE file with one section.
#[test]
fn an_image_inside_of_a_uki() {
    let s = scratch();
    let image = image(&s, "xz");
    let mut pe = b"MZ".to_vec();
    pe.resize(0x3c, 0);
    pe.extend_from_slice(&[0x40, 0, 0, 0]);
    pe.extend_from_slice(b"PE\0\0\x64\x86\x01\0");
    pe.resize(0x40 + 24, 0);
    pe.extend_from_slice(b".initrd\0");
    pe.extend_from_slice(&(image.len() as u32).to_le_bytes());
    pe.extend_from_slice(&[0; 4]);
    pe.extend_from_slice(&(image.len() as u32 + 100).to_le_bytes());
    pe.extend_from_slice(&512u32.to_le_bytes());
    pe.resize(512, 0);
    pe.extend_from_slice(&image);
    pe.extend_from_slice(&[0xcc; 100]);
    s.file("uki", pe);
    applet("lsinitramfs").dir(s.path()).args(["uki"]).stdout(NAMES).ok();
    applet("unmkinitramfs").dir(s.path()).args(["uki", "to"]).ok();
    assert!(s.path().join("to/main/usr/file").exists());
}

#[test]
fn an_image_inside_of_a_kernel() {
    let s = scratch();
    let mut vmlinux = b"\x7fELF".to_vec();
    vmlinux.resize(5000, 7);
    vmlinux.extend_from_slice(b"070701 is only a word");
    vmlinux.resize(8192, 0);
    let archive = generated(&s, &["-t", "7"]);
    vmlinux.extend(applet("xz").args(["-c"]).stdin(&archive).ok().stdout);
    vmlinux.resize(20000, 9);
    s.file("vmlinux", &vmlinux);
    let out = applet("lsinitramfs").dir(s.path()).args(["vmlinux"]).ok().stdout;
    assert!(out.starts_with(b"dev\ndev/console\n"));
    s.file("bare", &vmlinux[..8192]);
    applet("lsinitramfs").dir(s.path()).args(["bare"]).stderr_has("without an initramfs").fails(1);
}

/// The kernels that `make lab` fetched have the smallest initramfs built in.
#[test]
fn the_one_in_debians_kernel() {
    let home = std::env::var("HOME").unwrap_or_default();
    let dir = Path::new(&home).join(".cache/rescuebox/kernels/bookworm-cloud/boot");
    let Ok(mut files) = std::fs::read_dir(dir) else { return };
    let kernel = files.find_map(|f| {
        let path = f.unwrap().path();
        path.to_string_lossy().contains("vmlinuz").then_some(path)
    });
    let Some(kernel) = kernel else { return };
    applet("lsinitramfs").args([kernel]).stdout("dev\ndev/console\nroot\n").ok();
}
