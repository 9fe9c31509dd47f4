//! ar, dpkg-deb and rpm2cpio.

use std::path::Path;
use std::process::Command;

use crate::harness::applet::{Case, applet, reference};
use crate::harness::scratch::Scratch;

fn ar(dir: &Path, args: &[&str]) -> Case {
    applet("ar").dir(dir).args(args)
}

const ARCHIVE: &[u8] = b"!<arch>\n\
    //                                              40        `\n\
    a-name-that-is-longer-than-the-field.o/\n\
    x/              1000000000  1     2     100644  3         `\n\
    abc\n\
    /0              0           0     0     100600  2         `\n\
    de";

#[test]
fn lists_and_takes_out() {
    let s = Scratch::new("ar");
    s.file("a", ARCHIVE);
    ar(s.path(), &["t", "a"]).stdout("x\na-name-that-is-longer-than-the-field.o\n").ok();
    ar(s.path(), &["-t", "a", "x"]).stdout("x\n").ok();
    ar(s.path(), &["p", "a"]).stdout("abcde").ok();
    ar(s.path(), &["p", "a", "x"]).stdout("abc").ok();
    ar(s.path(), &["xv", "a", "x"]).stdout("x - x\n").ok();
    assert_eq!(std::fs::read(s.path().join("x")).unwrap(), b"abc");
    if reference().is_none() {
        ar(s.path(), &["tv", "a", "x"]).stdout("rw-r--r-- 1/2      3 Sep  9 01:46 2001 x\n").ok();
        ar(s.path(), &["xo", "a"]).ok();
        let meta = std::fs::metadata(s.path().join("x")).unwrap();
        assert_eq!(std::os::unix::fs::MetadataExt::mtime(&meta), 1_000_000_000);
        ar(s.path(), &["t", "a", "nope"]).stderr_has("nope: not in the archive").fails(1);
    }
}

#[test]
fn makes_and_changes() {
    let s = Scratch::new("ar");
    s.file("one", "1");
    s.file("two-with-a-name-that-is-long", "22");
    ar(s.path(), &["rc", "a", "one", "two-with-a-name-that-is-long"]).stdout("").ok();
    ar(s.path(), &["t", "a"]).stdout("one\ntwo-with-a-name-that-is-long\n").ok();
    let host = Command::new("ar").args(["t", "a"]).current_dir(s.path()).output();
    if let Ok(out) = host {
        assert_eq!(out.stdout, b"one\ntwo-with-a-name-that-is-long\n");
    }
    if reference().is_some() {
        return;
    }
    s.file("one", "other");
    ar(s.path(), &["rv", "a", "one"]).stdout("r - one\n").ok();
    ar(s.path(), &["p", "a"]).stdout("other22").ok();
    ar(s.path(), &["d", "a", "one"]).ok();
    ar(s.path(), &["t", "a"]).stdout("two-with-a-name-that-is-long\n").ok();
}

#[test]
fn what_is_no_archive() {
    let s = Scratch::new("ar");
    s.file("junk", "junk and more junk");
    ar(s.path(), &["t", "junk"]).stderr_has("invalid ar magic").fails(1);
    ar(s.path(), &["t", "nope"]).stderr_has("nope: No such file").fails(1);
    s.file("cut", &ARCHIVE[..170]);
    ar(s.path(), &["p", "cut"]).fails(1);
    if reference().is_none() {
        s.file(
            "evil",
            &b"!<arch>\n../out          0           0     0     100644  1         `\nx\n"[..],
        );
        ar(s.path(), &["x", "evil"]).fails(1);
        assert!(!s.path().parent().unwrap().join("out").exists());
        ar(s.path(), &["a"]).fails(1);
    }
}

/// A package made of our own archives.
fn package() -> Scratch {
    let s = Scratch::new("deb");
    s.file("control", "Package: probe\nVersion: 1.0\nDescription: a probe\n of something\n");
    s.file("usr/share/probe", "text\n");
    s.file("debian-binary", "2.0\n");
    let run = |args: &[&str]| applet(args[0]).dir(s.path()).args(&args[1..]).ok();
    run(&["tar", "czf", "control.tar.gz", "--owner=root:0", "--group=root:0", "./control"]);
    let data =
        ["tar", "cJf", "data.tar.xz", "--owner=root:0", "--group=root:0", "--mtime=@0", "./usr"];
    run(&data);
    run(&["ar", "rc", "p.deb", "debian-binary", "control.tar.gz", "data.tar.xz"]);
    s
}

#[test]
fn debian_packages() {
    if reference().is_some() {
        return;
    }
    let s = package();
    let deb = |args: &[&str]| applet("dpkg-deb").dir(s.path()).args(args);
    deb(&["-f", "p.deb", "Version"]).stdout("1.0\n").ok();
    deb(&["-f", "p.deb", "package", "Description"])
        .stdout("Package: probe\nDescription: a probe\n of something\n")
        .ok();
    let out = String::from_utf8(deb(&["-c", "p.deb"]).ok().stdout).unwrap();
    assert!(out.ends_with("5 1970-01-01 00:00 ./usr/share/probe\n"), "{out}");
    deb(&["-x", "p.deb", "to"]).stdout("").ok();
    assert_eq!(std::fs::read(s.path().join("to/usr/share/probe")).unwrap(), b"text\n");
    deb(&["-X", "p.deb", "to"]).stdout("./usr/\n./usr/share/\n./usr/share/probe\n").ok();
    deb(&["-e", "p.deb"]).ok();
    assert!(s.path().join("DEBIAN/control").exists());
    let tar = deb(&["--fsys-tarfile", "p.deb"]).ok().stdout;
    applet("tar").args(["xO", "./usr/share/probe"]).stdin(tar).stdout("text\n").ok();
    assert!(
        String::from_utf8(deb(&["-I", "p.deb"]).ok().stdout).unwrap().contains(" Package: probe\n")
    );
    deb(&["-c", "control"]).stderr_has("not a Debian package").fails(1);
    deb(&["p.deb"]).fails(2);
    let host =
        Command::new("dpkg-deb").args(["-f", "p.deb", "Package"]).current_dir(s.path()).output();
    assert!(host.is_err() || host.unwrap().stdout == b"probe\n");
}

#[test]
fn rpm_packages() {
    if reference().is_some() {
        return;
    }
    let payload = applet("gzip").stdin("the archive").ok().stdout;
    let mut rpm = b"\xed\xab\xee\xdb".to_vec();
    rpm.resize(96, 0);
    // one entry of sixteen bytes, three of data, five to fill up
    rpm.extend_from_slice(b"\x8e\xad\xe8\x01\0\0\0\0\0\0\0\x01\0\0\0\x03");
    rpm.extend_from_slice(&[7; 19]);
    rpm.extend_from_slice(&[0; 5]);
    rpm.extend_from_slice(b"\x8e\xad\xe8\x01\0\0\0\0\0\0\0\0\0\0\0\x02ab");
    rpm.extend_from_slice(&payload);
    applet("rpm2cpio").stdin(&rpm).stdout("the archive").ok();
    let s = Scratch::new("rpm");
    s.file("p.rpm", &rpm);
    applet("rpm2cpio").dir(s.path()).args(["p.rpm"]).stdout("the archive").ok();
    applet("rpm2cpio").stdin("junk and junk").stderr_has("not an RPM package").fails(1);
    applet("rpm2cpio").stdin(&rpm[..100]).stderr_has("cut off").fails(1);
}
