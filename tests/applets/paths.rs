//! readlink, realpath, mktemp, mkfifo, link, unlink, sync, flock.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, symlink};

use crate::harness::applet::{against_busybox, applet, reference};
use crate::harness::scratch::Scratch;

/// A tree with links, and its real path.
fn tree(name: &str) -> (Scratch, String) {
    let dir = Scratch::new(name);
    dir.file("a", "");
    fs::create_dir_all(dir.path().join("d/e")).unwrap();
    symlink("a", dir.path().join("link")).unwrap();
    symlink("nowhere", dir.path().join("dangling")).unwrap();
    symlink("loop", dir.path().join("loop")).unwrap();
    symlink(dir.path().join("d"), dir.path().join("abs")).unwrap();
    let real = dir.path().canonicalize().unwrap().to_str().unwrap().to_string();
    (dir, real)
}

#[test]
fn readlink() {
    let (dir, real) = tree("readlink");
    let readlink = |args: &[&str]| applet("readlink").dir(dir.path()).args(args);
    readlink(&["link"]).stdout("a\n").ok();
    readlink(&["-n", "link"]).stdout("a").ok();
    readlink(&["a"]).stdout("").fails(1);
    readlink(&["nosuch"]).stdout("").fails(1);
    readlink(&["-f", "link"]).stdout(format!("{real}/a\n")).ok();
    readlink(&["-f", "dangling"]).stdout(format!("{real}/nowhere\n")).ok();
    readlink(&["-f", "abs/e/.."]).stdout(format!("{real}/d\n")).ok();
    readlink(&["-f", "nosuch"]).stdout(format!("{real}/nosuch\n")).ok();
    readlink(&["-f", "nosuch/x"]).stdout("").fails(1);
    readlink(&["-f", "/"]).stdout("/\n").ok();
    readlink(&[]).fails(1);
    if against_busybox() {
        return;
    }
    readlink(&["-e", "nosuch"]).stdout("").fails(1);
    readlink(&["-e", "abs"]).stdout(format!("{real}/d\n")).ok();
    readlink(&["-m", "nosuch/x/../y"]).stdout(format!("{real}/nosuch/y\n")).ok();
    readlink(&["-f", "loop"]).fails(1);
    readlink(&["-f", "a/"]).fails(1);
    readlink(&["-z", "link", "dangling"]).stdout("a\0nowhere\0").ok();
    readlink(&["-n", "link", "dangling"]).stdout("a\nnowhere\n").ok();
}

#[test]
fn realpath() {
    let (dir, real) = tree("realpath");
    let realpath = |args: &[&str]| applet("realpath").dir(dir.path()).args(args);
    realpath(&["link", "abs"]).stdout(format!("{real}/a\n{real}/d\n")).ok();
    realpath(&["nosuch/x"]).stderr_has("nosuch/x: No such").fails(1);
    realpath(&["loop"]).fails(1);
    if against_busybox() {
        return;
    }
    realpath(&["nosuch"]).stdout(format!("{real}/nosuch\n")).ok();
    realpath(&["-e", "nosuch"]).fails(1);
    realpath(&["-m", "nosuch/../x/y"]).stdout(format!("{real}/x/y\n")).ok();
    realpath(&["-s", "link"]).stdout(format!("{real}/link\n")).ok();
    realpath(&["--relative-to=d", "a", "d/e", "d"]).stdout("../a\ne\n.\n").ok();
    realpath(&["--relative-base=d", "d/e", "a"]).stdout(format!("e\n{real}/a\n")).ok();
    realpath(&["-q", "nosuch/x"]).fails(1);
    realpath(&["-z", "a"]).stdout(format!("{real}/a\0")).ok();
}

#[test]
fn mktemp() {
    let dir = Scratch::new("mktemp");
    let mktemp =
        |args: &[&str]| applet("mktemp").dir(dir.path()).env("TMPDIR", dir.path()).args(args);
    let made = |args: &[&str]| {
        let out = mktemp(args).ok().stdout;
        let name = String::from_utf8(out).unwrap();
        let name = name.strip_suffix('\n').unwrap().to_string();
        (dir.path().join(&name).symlink_metadata().unwrap(), name)
    };
    let (meta, name) = made(&["fooXXXXXX"]);
    assert!(meta.is_file() && meta.mode() & 0o777 == 0o600);
    assert!(name.len() == 9 && name.starts_with("foo") && !name.ends_with("XXX"), "{name}");
    let (meta, _) = made(&["-d", "dirXXXXXX"]);
    assert!(meta.is_dir() && meta.mode() & 0o777 == 0o700);
    let (_, name) = made(&[]);
    assert!(name.starts_with(dir.path().to_str().unwrap()), "{name}");
    let (_, name) = made(&["-t", "tXXXXXX"]);
    assert!(name.starts_with(dir.path().to_str().unwrap()), "{name}");
    let out = mktemp(&["-u", "uXXXXXX"]).ok().stdout;
    assert!(!dir.path().join(String::from_utf8(out).unwrap().trim_end()).exists());
    mktemp(&["foo"]).fails(1);
    mktemp(&["nodir/XXXXXX"]).stderr_has("No such file").fails(1);
    mktemp(&["-q", "nodir/XXXXXX"]).stdout("").fails(1);
    if against_busybox() {
        return;
    }
    let (_, name) = made(&["aXXX.txt"]);
    assert!(name.ends_with(".txt") && name.len() == 8, "{name}");
    let (_, name) = made(&["--suffix=.c", "aXXXX"]);
    assert!(name.ends_with(".c"), "{name}");
    fs::create_dir(dir.path().join("sub")).unwrap();
    let (_, name) = made(&["-p", "sub", "xXXXXX"]);
    assert!(name.starts_with("sub/x"), "{name}");
    mktemp(&["-p", "sub", "/abs/XXXXXX"]).fails(1);
    mktemp(&["a", "b"]).fails(1);
}

#[test]
fn one_call_each() {
    let dir = Scratch::new("link");
    dir.file("a", "");
    let at = |name: &str| dir.path().join(name).symlink_metadata();
    applet("link").dir(dir.path()).args(["a", "b"]).ok();
    assert_eq!(at("a").unwrap().ino(), at("b").unwrap().ino());
    applet("link").dir(dir.path()).args(["a", "b"]).stderr_has("File exists").fails(1);
    applet("link").dir(dir.path()).args(["a"]).fails(1);
    applet("unlink").dir(dir.path()).args(["b"]).ok();
    assert!(at("b").is_err());
    applet("unlink").dir(dir.path()).args(["b"]).fails(1);
    applet("unlink").dir(dir.path()).args(["a", "a"]).fails(1);
    applet("mkfifo").dir(dir.path()).args(["-m", "640", "p", "q"]).ok();
    assert!(at("q").unwrap().file_type().is_fifo());
    assert_eq!(at("p").unwrap().mode() & 0o777, 0o640);
    applet("mkfifo").dir(dir.path()).args(["p"]).stderr_has("p: File exists").fails(1);
    applet("mkfifo").fails(1);
    applet("sync").dir(dir.path()).args(["a"]).ok();
    if reference().is_some() {
        return;
    }
    applet("sync").dir(dir.path()).args(["-d", "nosuch"]).fails(1);
    applet("fsync").dir(dir.path()).args(["a"]).ok();
    applet("fsync").fails(1);
}

#[test]
fn flock() {
    let dir = Scratch::new("flock");
    let flock = |args: &[&str]| applet("flock").dir(dir.path()).args(args);
    flock(&["lock", "echo", "hi"]).stdout("hi\n").ok();
    flock(&["lock", "sh", "-c", "exit 7"]).fails(7);
    flock(&["lock", "-c", "echo $0; exit 3"]).run();
    let held = fs::File::open(dir.path().join("lock")).unwrap();
    held.lock().unwrap();
    flock(&["-n", "lock", "echo", "no"]).stdout("").fails(1);
    flock(&["-n", "-s", "lock", "echo", "no"]).stdout("").fails(1);
    flock(&["-u", "lock", "true"]).ok();
    held.unlock().unwrap();
    flock(&["-n", "lock", "echo", "yes"]).stdout("yes\n").ok();
    flock(&["99"]).fails(65);
    if against_busybox() {
        return;
    }
    held.lock_shared().unwrap();
    flock(&["-n", "-s", "lock", "true"]).ok();
    flock(&["-n", "-E", "9", "lock", "true"]).fails(9);
    flock(&["-w", "0.05", "lock", "true"]).fails(1);
    flock(&[]).fails(64);
    flock(&[".", "true"]).ok();
    let said = flock(&["--verbose", ".", "echo", "hi"]).ok().stdout;
    assert!(said.starts_with(b"flock: getting lock took 0."));
    assert!(said.ends_with(b" seconds\nflock: executing echo\nhi\n"));
}
