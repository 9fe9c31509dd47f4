//! lsinitramfs, unmkinitramfs and gen_init_cpio.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::applet::{applet, program as program_here};
use crate::harness::lab::cache;
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

/// The bytes that usr/gen_init_cpio of Linux makes of the list.
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
    put([725, 0o100_644, 1, 2, 1, 7, 5, 3, 1, 0, 0, 2, 0], "a", b"text\n");
    put([726, 0o100_755, 0, 0, 4, 7, 0, 3, 1, 0, 0, 2, 0], "b", b"");
    put([726, 0o100_755, 0, 0, 4, 7, 0, 3, 1, 0, 0, 2, 0], "c", b"");
    put([726, 0o100_755, 0, 0, 4, 7, 0, 3, 1, 0, 0, 4, 0], "d/e", b"");
    put([726, 0o100_755, 0, 0, 4, 7, 5, 3, 1, 0, 0, 2, 0], "f", b"text\n");
    put([727, 0o100_644, 0, 0, 1, 7, 0, 3, 1, 0, 0, 2, 0], "n", b"");
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

/// The kernel's own programs that `make lab` compiled, and whether each is one
/// that gives files the time of -t and knows -a and -o.
fn kernels_programs() -> Vec<(PathBuf, bool)> {
    let folder = cache().join("gen_init_cpio");
    let all = [("bookworm", false), ("forky", true)];
    let there = all.map(|(suite, new)| (folder.join(suite).join("gen_init_cpio"), new));
    for (program, _) in &there {
        assert!(program.exists(), "{} is not there: run make lab", program.display());
    }
    there.into()
}

/// Lists of every keyword, with what may be odd about lines and names.
const CORPUS: [&str; 15] = [
    LIST,
    "",
    "# nothing but a comment\n\n   \n\t\n",
    "dir / 0755 0 0\ndir a 0 0 0\ndir /a/b/ 07777 4294967 1000\n",
    "nod /dev/x 0600 0 0 c 4095 255\nnod y 7644 1 1 b 259 1048575\n",
    "slink /a b 0777 0 0\nslink c /d/e/f/../g 0755 5 6\nslink sixteen/letters0 x 777 0 0\n",
    "pipe /p 0644 0 0\npipe p2 0 1 2\nsock /run/s 0777 0 0\nsock s2 0640 0 0\n",
    "file a ${TOP}/empty 0644 0 0\nfile b ${TOP}/empty 0644 0 0 c d e f\n",
    "file a ${TOP}/text 4755 0 0\nfile b ${TOP}/${NAME} 0600 1000 1000\nfile c ./text 644 0 0\n",
    "file /a text 644 0 0 /b\nfile /c text 644 0 0 /d   /e\nfile f text 644 0 0 \n",
    "file one big 0644 0 0\nfile two big 0755 0 0 three four\ndir end 755 0 0\n",
    "file n1 odd 0644 0 0\nfile n22 odd 0644 0 0\nfile n333 odd 0644 0 0\nfile n4444 odd 644 0 0\n",
    "dir   /blanks\t0755\t 0  0\nfile\t/t\ttext\t0644\t0\t0\n  dir indented 0755 0 0\n",
    "dir a 040755 0 0 more words\nnod b 020600 0 0 c 5000 70000 x\nsock c 0140777 0 0 x\nlink a b\n",
    "dir \u{fc}ml\u{e4}ut 0755 0 0\nslink \u{1f600} \u{1f4a9} 0777 0 0\npipe last 0600 0 0",
];

/// With the kernel's own programs: the same bytes of every list.
#[test]
fn the_kernels_program_makes_the_same() {
    let s = scratch();
    s.file("big", vec![0xa5; 200_001]);
    s.file("odd", vec![b'o'; 4099]);
    let touch = |time: &str| {
        for name in ["text", "empty", "big", "odd"] {
            let file = s.path().join(name);
            Command::new("touch").args(["-d", time]).arg(file).status().unwrap();
        }
    };
    let compare = |program: &Path, list: &str, options: &[&str]| {
        s.file("list", list);
        let mut command = Command::new(program);
        command.args(options).arg("list").current_dir(s.path());
        let theirs = command.env("TOP", s.path()).env("NAME", "text").output().unwrap();
        assert!(theirs.status.success(), "{list}");
        let args: Vec<&str> = options.iter().copied().chain(["list"]).collect();
        let ours = applet("gen_init_cpio").dir(s.path()).env("TOP", s.path()).env("NAME", "text");
        let ours = ours.args(args).ok();
        assert!(ours.stdout == theirs.stdout, "{} {options:?} of {list}", program.display());
    };
    for (program, new) in kernels_programs() {
        touch("@9");
        for list in CORPUS {
            compare(&program, list, &["-t", "9"]);
            compare(&program, list, &["-c", "-t", "9"]);
        }
        touch("@4000000000");
        if !new {
            compare(&program, CORPUS[0], &["-t", "4000000000"]);
            continue;
        }
        for list in CORPUS {
            compare(&program, list, &["-t", "1000000000"]);
            for align in ["4", "8", "64", "512", "4096", "8192", "12", "0"] {
                compare(&program, list, &["-t", "7", "-a", align]);
            }
            compare(&program, list, &["-c", "-t", "4294967295", "-a", "256"]);
        }
        // -o, and files of their own times where there is no -t
        s.file("list", "file a text 644 0 0\nfile b big 600 1 2 c\n");
        for (program, out) in [(program.as_os_str(), "theirs"), (program_here(), "ours")] {
            let mut command = Command::new(program);
            if out == "ours" {
                command.arg("gen_init_cpio");
            }
            command.args(["-a", "4096", "-o", out, "list"]).current_dir(s.path());
            assert!(command.status().unwrap().success());
        }
        let read = |name: &str| std::fs::read(s.path().join(name)).unwrap();
        assert!(read("ours") == read("theirs"));
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
        assert!(out.starts_with("{\"image\":\"image\",\n") && out.ends_with("]}\n"), "{out}");
        // Of several one list.
        let both = ls(&["--json", "image", "image"]).ok().stdout;
        let out = out.trim_end();
        assert!(String::from_utf8(both).unwrap() == format!("[{out},\n{out}]\n"));
        let some = ls(&["--json", "nope", "image"]).stderr_has("nope: No such file").fails(1);
        assert!(String::from_utf8(some.stdout).unwrap() == format!("[{out}]\n"));
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
    // Offsets are those in the file.
    let out = applet("lsinitramfs").dir(s.path()).args(["--segments", "uki"]).ok().stdout;
    let out = String::from_utf8(out).unwrap();
    let offsets: Vec<&str> =
        out.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(offsets.first(), Some(&"512"), "{out}");
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
