//! Archives that were made to do harm: nothing outside of the folder, no
//! control byte on a terminal, no more memory than there is, an end in time.

use std::path::Path;
use std::process::{Command, Output};

use crate::harness::applet::{applet, program};
use crate::harness::scratch::Scratch;

/// A header with any numbers: inode, mode, nlink, size, device, name size.
fn header(magic: &str, fields: [u64; 6], name: &[u8]) -> Vec<u8> {
    let [ino, mode, nlink, size, rdev, name_size] = fields;
    let mut bytes = magic.as_bytes().to_vec();
    for value in [ino, mode, 0, 0, nlink, 7, size, 0, 0, rdev >> 8, rdev & 255, name_size, 0] {
        bytes.extend_from_slice(format!("{value:08X}").as_bytes());
    }
    bytes.extend_from_slice(name);
    bytes.push(0);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn entry(name: &[u8], mode: u64, data: &[u8]) -> Vec<u8> {
    linked(name, mode, data, (0, 1))
}

fn linked(name: &[u8], mode: u64, data: &[u8], (ino, nlink): (u64, u64)) -> Vec<u8> {
    let fields = [ino, mode, nlink, data.len() as u64, 0, name.len() as u64 + 1];
    let mut bytes = header("070701", fields, name);
    bytes.extend_from_slice(data);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

const FILE: u64 = 0o100_644;
const LINK: u64 = 0o120_777;
const FOLDER: u64 = 0o040_755;

fn all(parts: &[Vec<u8>]) -> Vec<u8> {
    [parts.concat(), header("070701", [0, 0, 1, 0, 0, 11], b"TRAILER!!!")].concat()
}

fn packed(packer: &str, bytes: &[u8]) -> Vec<u8> {
    applet(packer).args(["-c"]).stdin(bytes).ok().stdout
}

/// With wrong numbers in the header: its field at `at`, of eight digits.
fn with_field(at: usize, digits: &[u8; 8]) -> Vec<u8> {
    let mut bytes = all(&[entry(b"file", FILE, b"text")]);
    bytes[6 + at * 8..14 + at * 8].copy_from_slice(digits);
    bytes
}

/// The archives: what each tries, its bytes, whether it is to be refused.
fn archives() -> Vec<(&'static str, Vec<u8>, bool)> {
    let evil = b"evil\n";
    let link = |name: &[u8], to: &[u8]| entry(name, LINK, to);
    let file = |name: &[u8]| entry(name, FILE, evil);
    let good = || all(&[file(b"good")]);
    let cut = |bytes: Vec<u8>, length: usize| bytes[..length.min(bytes.len())].to_vec();
    let gz = packed("gzip", &good());
    let xz = packed("xz", &good());
    let zst = packed("zstd", &good());
    let lz4 = packed("lz4", &good());
    let bz2 = packed("bzip2", &good());
    let changed = |bytes: &[u8], at: usize| {
        let mut bytes = bytes.to_vec();
        let at = at.min(bytes.len() - 1);
        bytes[at] ^= 0x55;
        bytes
    };
    let many = |count: usize| -> Vec<Vec<u8>> {
        (0..count).map(|n| entry(format!("f{n}").as_bytes(), FILE, b"")).collect()
    };
    let deep = |parts: usize| vec!["d"; parts].join("/").into_bytes();
    let zeros = packed("gzip", &vec![0; 80 << 20]);
    vec![
        ("a step up", all(&[file(b"../out/escaped")]), false),
        ("many steps up", all(&[file(b"../../../../../../../../tmp/rescuebox-escaped")]), false),
        ("a step up in the middle", all(&[file(b"a/../../out/escaped")]), false),
        ("an absolute name", all(&[file(b"/tmp/rescuebox-escaped")]), false),
        ("slashes in front", all(&[file(b"///tmp/rescuebox-escaped")]), false),
        ("only dots", all(&[file(b"..")]), true),
        ("a step up as a folder", all(&[entry(b"../out/escaped", FOLDER, b"")]), false),
        ("through a link up", all(&[link(b"l", b".."), file(b"l/out/escaped")]), false),
        (
            "through a link to an absolute place",
            all(&[link(b"l", b"/tmp"), file(b"l/rescuebox-escaped")]),
            true,
        ),
        (
            "through two links",
            all(&[link(b"a", b"b"), link(b"b", b"../out"), file(b"a/escaped")]),
            true,
        ),
        (
            "through a link in a later archive",
            [all(&[link(b"l", b"../out")]), vec![0; 512], all(&[file(b"l/escaped")])].concat(),
            false,
        ),
        ("a file over a link", all(&[link(b"l", b"../out/escaped"), file(b"l")]), false),
        (
            "a folder over a link",
            all(&[link(b"l", b"../out"), entry(b"l", 0o040_700, b""), file(b"l/escaped")]),
            false,
        ),
        (
            "a hard link out",
            all(&[linked(b"../out/kept", FILE, b"", (5, 2)), linked(b"mine", FILE, evil, (5, 2))]),
            false,
        ),
        (
            "a hard link to a link",
            all(&[
                link(b"l", b"../out/kept"),
                linked(b"l", FILE, b"", (6, 2)),
                linked(b"m", FILE, evil, (6, 2)),
            ]),
            false,
        ),
        (
            "the permissions of a link's target",
            all(&[link(b"l", b"../out/kept"), entry(b"l", 0o100_777, b"")]),
            false,
        ),
        (
            "the time of a link's target",
            all(&[link(b"l", b"../out"), entry(b"l/.", FOLDER, b"")]),
            true,
        ),
        ("a link to itself", all(&[link(b"l", b"l"), file(b"l/x")]), true),
        ("links in a circle", all(&[link(b"a", b"b/x"), link(b"b", b"a/y"), file(b"a/z")]), true),
        ("a file used as a folder", all(&[file(b"f"), file(b"f/x")]), true),
        ("a link without a target", all(&[link(b"l", b"")]), true),
        ("a target of a megabyte", all(&[entry(b"l", LINK, &vec![b'x'; 1 << 20])]), true),
        ("a target longer than the file", header("070701", [0, LINK, 1, 60_000, 0, 2], b"l"), true),
        ("escape sequences in a name", all(&[file(b"\x1b]0;title\x07\x1b[2J")]), false),
        ("a line end in a name", all(&[file(b"a\nb\rc\x7f\x9b0m")]), false),
        ("escape sequences in a target", all(&[link(b"l", b"\x1b[31mred\x1bc")]), false),
        ("a name of nothing", all(&[header("070701", [0, FILE, 1, 0, 0, 1], b"")]), true),
        ("a name size of 0", header("070701", [0, FILE, 1, 0, 0, 0], b"x"), true),
        ("a name of 4 GB", header("070701", [0, FILE, 1, 0, 0, 0xffff_ffff], b"x"), true),
        ("a name of 60 KB", header("070701", [0, FILE, 1, 0, 0, 60_000], b"x"), true),
        (
            "a name without its end",
            {
                let mut b = header("070701", [0, FILE, 1, 0, 0, 4], b"abcd");
                b.truncate(114);
                b
            },
            true,
        ),
        (
            "a NUL within a name",
            all(&[header("070701", [0, FILE, 1, 0, 0, 16], b"good\0/../../bad")]),
            false,
        ),
        ("a path of 3000 folders", all(&[file(&deep(2000))]), false),
        ("a part of 4000 bytes", all(&[file(&[b'x'; 4000])]), true),
        (
            "a file of 4 GB that is not there",
            header("070701", [0, FILE, 1, 0xffff_ffff, 0, 2], b"f"),
            true,
        ),
        ("a folder with 4 GB", header("070701", [0, FOLDER, 1, 0xffff_ffff, 0, 2], b"d"), true),
        (
            "a device with data",
            all(&[[header("070701", [0, 0o020_666, 1, 4, 0x0103, 2], b"n"), b"data".to_vec()]
                .concat()]),
            false,
        ),
        ("digits that are none", with_field(1, b"0000zzzz"), true),
        ("a sign in a number", with_field(6, b"-0000004"), true),
        ("blanks in a number", with_field(6, b"       4"), true),
        ("a kind that is none", all(&[entry(b"x", 0o170_777, evil)]), false),
        ("no trailer", file(b"f"), true),
        ("half a header", cut(good(), 50), true),
        ("half the data", cut(entry(b"f", FILE, &[b'x'; 100]), 150), true),
        (
            "a wrong sum",
            {
                let mut b = header("070702", [0, FILE, 1, 5, 0, 2], b"f");
                b.extend_from_slice(b"evil\n\0\0\0");
                [b, header("070702", [0, 0, 1, 0, 0, 11], b"TRAILER!!!")].concat()
            },
            true,
        ),
        (
            "old octal numbers that are none",
            [b"070707".to_vec(), vec![b'9'; 70], b"x\0".to_vec()].concat(),
            true,
        ),
        ("an old binary header of nothing", [vec![0xc7, 0x71], vec![0xff; 60]].concat(), true),
        ("bytes behind the trailer", [good(), b"garbage".to_vec()].concat(), true),
        ("gzip cut off", cut(gz.clone(), gz.len() - 12), true),
        ("gzip with a wrong sum", changed(&gz, gz.len() - 6), true),
        ("gzip with a wrong body", changed(&gz, 25), true),
        (
            "gzip with a long name",
            [b"\x1f\x8b\x08\x08\0\0\0\0\0\x03".to_vec(), vec![b'n'; 200_000]].concat(),
            true,
        ),
        ("xz cut off", cut(xz.clone(), xz.len() - 20), true),
        ("xz with a wrong index", changed(&xz, xz.len() - 20), true),
        (
            "xz that wants 4 GB",
            {
                let mut b = xz.clone();
                b[16] = 40;
                b
            },
            true,
        ),
        ("zstd cut off", cut(zst.clone(), zst.len() - 3), true),
        (
            "zstd that wants 2 TB",
            [vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xf8], vec![0; 30]].concat(),
            true,
        ),
        ("lz4 with a wrong block", changed(&lz4, 15), true),
        (
            "lz4 with a block of 2 GB",
            [vec![0x02, 0x21, 0x4c, 0x18, 0, 0, 0, 0x80], vec![1; 50]].concat(),
            true,
        ),
        ("bzip2 with a wrong sum", changed(&bz2, 12), true),
        (
            "lzma that wants 4 GB",
            [vec![0x5d, 0, 0, 0, 0x80], vec![0xff; 8], vec![0; 30]].concat(),
            true,
        ),
        (
            "lzo with a wrong header",
            [b"\x89LZO\0\r\n\x1a\n".to_vec(), vec![0xff; 60]].concat(),
            true,
        ),
        ("80 MB of zeros behind", [good(), zeros.clone()].concat(), true),
        ("a megabyte of zeros", vec![0; 1 << 20], true),
        (
            "an archive within a packed archive",
            packed("gzip", &all(&[entry(b"inner.gz", FILE, &gz)])),
            false,
        ),
        ("20,000 files of nothing", all(&many(20_000)), false),
        (
            "thousands of links to one file",
            all(&(0..3000u64)
                .map(|n| linked(format!("h{n}").as_bytes(), FILE, b"", (9, 0xffff_ffff)))
                .collect::<Vec<_>>()),
            false,
        ),
        ("a PE file with a section beyond its end", pe(0x7fff_ffff, 0x7fff_ffff), true),
        ("a PE file with a section of itself", pe(0, 600), true),
        (
            "a kernel that ends in its header",
            {
                let mut b = vec![0; 0x300];
                b[0x202..0x206].copy_from_slice(b"HdrS");
                b
            },
            true,
        ),
        ("an ELF file of nothing", b"\x7fELF\x02\x01\x01".to_vec(), true),
        ("half a bootconfig", [good(), b"key = v\n#BOOTCONF".to_vec()].concat(), true),
    ]
}

/// A UKI whose image is said to be there.
fn pe(offset: u32, size: u32) -> Vec<u8> {
    let mut pe = b"MZ".to_vec();
    pe.resize(0x3c, 0);
    pe.extend_from_slice(&[0x40, 0, 0, 0]);
    pe.extend_from_slice(b"PE\0\0\x64\x86\x01\0");
    pe.resize(0x40 + 24, 0);
    pe.extend_from_slice(b".initrd\0");
    for value in [size, 0, size, offset] {
        pe.extend_from_slice(&value.to_le_bytes());
    }
    pe.resize(700, 0);
    pe
}

/// What is around the folder that is unpacked to: names, modes, times, bytes.
fn around(s: &Scratch) -> String {
    let output = Command::new("find")
        .args([
            "out",
            "-printf",
            "%p %m %s %T@ %n %l\\n",
            "(",
            "-type",
            "f",
            "-exec",
            "cat",
            "{}",
            ";",
            ")",
        ])
        .current_dir(s.path())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Runs an applet with 200 MB of address space and twenty seconds.
fn limited(s: &Scratch, dir: &str, applet: &str, args: &[&str]) -> Output {
    let script = "ulimit -v 200000; cd \"$1\"; shift; exec timeout 20 \"$@\" <\"$IMAGE\"";
    Command::new("sh")
        .args(["-c", script, "sh", dir])
        .arg(program())
        .arg(applet)
        .args(args)
        .current_dir(s.path())
        .env("IMAGE", s.path().join("image"))
        .output()
        .unwrap()
}

fn is_harmless(bytes: &[u8]) -> bool {
    bytes.iter().all(|&b| b == b'\n' || (b >= b' ' && b != 0x7f && !(0x80..0xa0).contains(&b)))
}

#[test]
fn nothing_gets_out() {
    let list = archives();
    assert!(list.len() >= 40, "{}", list.len());
    let mut wrong = Vec::new();
    for (what, bytes, refused) in &list {
        let s = Scratch::new("hostile");
        s.file("out/kept", "kept\n");
        s.file("image", bytes);
        std::fs::create_dir(s.path().join("to")).unwrap();
        let before = around(&s);
        let image = s.path().join("image");
        let image = image.to_str().unwrap();
        let done = |output: &Output, name: &str| {
            let status = output.status.code();
            assert!(matches!(status, Some(0..=2)), "{what}: {name} {status:?}");
            assert!(is_harmless(&output.stdout), "{what}: {name} prints control bytes");
            assert!(is_harmless(&output.stderr), "{what}: {name} complains with control bytes");
            let text = String::from_utf8_lossy(&output.stderr);
            assert!(!text.contains("panicked") && !text.contains("allocation"), "{what}: {text}");
            assert_eq!(around(&s), before, "{what}: {name} changed what is outside");
            assert!(!Path::new("/tmp/rescuebox-escaped").exists(), "{what}: {name} went out");
            status
        };
        let unpacked = limited(&s, "to", "unmkinitramfs", &[image, "."]);
        let status = done(&unpacked, "unmkinitramfs");
        if (status == Some(0)) == *refused {
            wrong.push(format!("{what}: {status:?} {}", String::from_utf8_lossy(&unpacked.stderr)))
        }
        for args in [
            &["-l", image][..],
            &["--sizes", image],
            &["--segments", image],
            &["--diff", image, image],
        ] {
            done(&limited(&s, ".", "lsinitramfs", args), "lsinitramfs");
        }
        let json = limited(&s, ".", "lsinitramfs", &["--json", image]);
        assert!(is_harmless(&json.stdout), "{what}: --json");
        std::fs::create_dir(s.path().join("cpio")).unwrap();
        done(&limited(&s, "cpio", "cpio", &["-idmu", "--quiet"]), "cpio -i");
        done(&limited(&s, ".", "cpio", &["-tv", "--quiet"]), "cpio -t");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
