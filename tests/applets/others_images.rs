//! Images that other programs made (`scripts/fetch images`), listed and taken
//! apart as the other programs do it: lsinitramfs and unmkinitramfs of
//! initramfs-tools, cpio, bsdtar.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::harness::applet::{applet, program};
use crate::harness::lab::cache;
use crate::harness::namespace::is_root;
use crate::harness::scratch::Scratch;

/// Every image; its compression; whether it has an archive in front. Debian's
/// programs know no lzma.
const IMAGES: [(&str, &str, bool); 12] = [
    ("initramfs-tools.img", "zstd", false),
    ("initramfs-tools.gzip", "gzip", false),
    ("initramfs-tools.bzip2", "bzip2", false),
    ("initramfs-tools.lzma", "lzma", false),
    ("initramfs-tools.xz", "xz", false),
    ("initramfs-tools.lz4", "lz4", false),
    ("initramfs-tools.lzop", "lzo", false),
    ("dracut.img", "gzip", false),
    ("dracut.none", "none", false),
    ("tiny-initramfs.img", "gzip", false),
    ("mkinitcpio.img", "zstd", true),
    ("microcode.img", "gzip", true),
];

fn image(name: &str) -> PathBuf {
    let path = cache().join("images").join(name);
    assert!(path.exists(), "{} is not there: run make lab", path.display());
    path
}

fn output(program: &str, args: &[&str], image: &Path) -> Vec<u8> {
    let output = Command::new(program).args(args).arg(image).env("LC_ALL", "C").output().unwrap();
    assert!(output.status.success(), "{program} {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn listed_as_debians_program_does() {
    for (name, compression, early) in IMAGES {
        let path = image(name);
        let arg = path.to_str().unwrap();
        let segments = applet("lsinitramfs").args(["--segments", arg]).ok().stdout;
        let segments = String::from_utf8(segments).unwrap();
        assert_eq!(segments.lines().count(), if early { 3 } else { 2 }, "{name}: {segments}");
        let last = segments.lines().last().unwrap();
        assert_eq!(last.split_whitespace().nth(2), Some(compression), "{name}: {segments}");
        if matches!(compression, "lzma" | "none") {
            continue;
        }
        let ours = applet("lsinitramfs").args([arg]).ok().stdout;
        assert!(ours == output("/usr/bin/lsinitramfs", &[], &path), "{name}");
        let ours = applet("lsinitramfs").args(["-l", arg]).env("LC_ALL", "C").ok().stdout;
        assert!(ours == output("/usr/bin/lsinitramfs", &["-l"], &path), "{name} -l");
    }
}

/// Everything about a tree but its top, in an order of its own.
fn tree(dir: &Path, times: bool) -> Vec<String> {
    let keys = "!all,type,mode,uid,gid,link,size,nlink,device,sha256";
    let keys = if times { format!("{keys},time") } else { keys.to_string() };
    let output = Command::new("bsdtar")
        .args(["-cf", "-", "--format=mtree", "--options", &keys, "-C"])
        .arg(dir)
        .arg(".")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines: Vec<String> =
        text.lines().filter(|line| !line.starts_with(". ")).map(String::from).collect();
    lines.sort();
    assert!(lines.len() > 5);
    lines
}

fn same(what: &str, ours: &[String], theirs: &[String]) {
    let different = ours.iter().zip(theirs).find(|(a, b)| a != b);
    assert!(ours == theirs, "{what}: {} and {} lines, {different:?}", ours.len(), theirs.len());
}

#[test]
fn unpacked_as_debians_program_does() {
    if !is_root("unpacked_as_debians_program_does") {
        return;
    }
    for (name, compression, _) in IMAGES {
        // Debian's program takes one that is not compressed for microcode.
        if matches!(compression, "lzma" | "none" | "bzip2" | "xz") {
            continue;
        }
        let s = Scratch::new("unmkinitramfs");
        let arg = image(name);
        let arg = arg.to_str().unwrap();
        applet("unmkinitramfs").dir(s.path()).args([arg, "ours"]).stdout("").limit(120).ok();
        let status = Command::new("/usr/bin/unmkinitramfs")
            .args([arg, "theirs"])
            .current_dir(s.path())
            .stderr(Stdio::null())
            .status();
        assert!(status.unwrap().success());
        // Debian's program leaves the times to the clock.
        let theirs = tree(&s.path().join("theirs"), false);
        same(name, &tree(&s.path().join("ours"), false), &theirs);
    }
}

/// With times, by bsdtar; and by GNU cpio what it keeps.
#[test]
fn unpacked_as_bsdtar_and_cpio_do() {
    if !is_root("unpacked_as_bsdtar_and_cpio_do") {
        return;
    }
    let unpackers = [("zstd", "zstd"), ("gzip", "gzip"), ("none", "cat"), ("xz", "xz")];
    for (name, compression, early) in IMAGES {
        let Some((_, unpacker)) = unpackers.iter().find(|(name, _)| *name == compression) else {
            continue;
        };
        if early {
            continue;
        }
        let s = Scratch::new("unpacked");
        let script = "set -e; case $1 in cat) cat <\"$2\" ;; *) \"$1\" -dc <\"$2\" ;; esac >plain\n\
            mkdir tar cpio own\n\
            (cd tar && bsdtar -xpf ../plain --numeric-owner)\n\
            (cd cpio && cpio -idm --quiet <../plain)\n\
            (cd own && \"$3\" cpio -idm --quiet <../plain)\n\
            cpio -tv --quiet <plain >theirs; \"$3\" cpio -tv --quiet <plain >ours; cmp ours theirs\n\
            cpio -t --quiet <plain >theirs; \"$3\" cpio -t --quiet <plain >ours; cmp ours theirs";
        let output = Command::new("sh")
            .args(["-c", script, "sh", unpacker])
            .args([image(name).as_os_str(), program()])
            .env("LC_ALL", "C")
            .current_dir(s.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{name} {}", String::from_utf8_lossy(&output.stderr));
        applet("unmkinitramfs").dir(s.path()).args([image(name).to_str().unwrap(), "unmk"]).ok();
        let at = |folder: &str| s.path().join(folder);
        same(name, &tree(&at("unmk"), true), &tree(&at("tar"), true));
        same(name, &tree(&at("own"), false), &tree(&at("cpio"), false));
    }
}

/// An image unpacked, specified and packed again is the same.
#[test]
fn rebuilt_it_is_the_same() {
    if !is_root("rebuilt_it_is_the_same") {
        return;
    }
    let s = Scratch::new("rebuilt");
    let arg = image("dracut.none");
    applet("unmkinitramfs").dir(s.path()).args([arg.to_str().unwrap(), "tree"]).ok();
    let names = applet("lsinitramfs").args([&arg]).ok().stdout;
    let packed = applet("cpio")
        .dir(&s.path().join("tree"))
        .args(["-o", "-H", "newc", "--quiet"])
        .stdin(names);
    s.file("again", packed.ok().stdout);
    let again = s.path().join("again");
    let (arg, again) = (arg.to_str().unwrap(), again.to_str().unwrap());
    applet("lsinitramfs").args(["--diff", arg, again]).stdout("").ok();
}
