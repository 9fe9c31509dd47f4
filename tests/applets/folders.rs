//! mkdir, ln, mknod.

use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::Path;

use crate::harness::applet::{against_busybox, applet, reference};
use crate::harness::namespace::is_root;
use crate::harness::scratch::Scratch;

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().permissions().mode() & 0o7777
}

#[test]
fn mkdir_makes_folders() {
    let dir = Scratch::new("mkdir");
    applet("mkdir").dir(dir.path()).args(["a", "b"]).stdout("").ok();
    assert!(dir.path().join("a").is_dir() && dir.path().join("b").is_dir());
    applet("mkdir").dir(dir.path()).args(["a"]).stderr_has("mkdir: a: File exists").fails(1);
    applet("mkdir").dir(dir.path()).args(["x/y"]).stderr_has("x/y: No such file").fails(1);
    applet("mkdir").dir(dir.path()).args(["-p", "x/y/z", "a"]).ok();
    assert!(dir.path().join("x/y/z").is_dir());
    dir.file("f", "");
    applet("mkdir").dir(dir.path()).args(["-p", "f/g"]).stderr_has("f: File exists").fails(1);
    applet("mkdir").dir(dir.path()).args(["-p", "./q//r/"]).ok();
    assert!(dir.path().join("q/r").is_dir());
    // one failure does not stop the others
    applet("mkdir").dir(dir.path()).args(["a", "after"]).fails(1);
    assert!(dir.path().join("after").is_dir());
}

#[test]
fn mkdir_modes() {
    let dir = Scratch::new("mkdir-m");
    applet("mkdir").dir(dir.path()).args(["-m", "1777", "a"]).ok();
    assert_eq!(mode(&dir.path().join("a")), 0o1777);
    applet("mkdir").dir(dir.path()).args(["-m", "u=rwx,go=", "b"]).ok();
    assert_eq!(mode(&dir.path().join("b")), 0o700);
    applet("mkdir").dir(dir.path()).args(["-p", "-m", "700", "c/d"]).ok();
    assert_eq!(mode(&dir.path().join("c/d")), 0o700);
    assert_eq!(mode(&dir.path().join("c")) & 0o700, 0o700);
    assert_ne!(mode(&dir.path().join("c")), 0o700);
    let out = applet("mkdir").dir(dir.path()).args(["-m", "89", "e"]).run();
    assert_ne!(out.status, 0);
    assert!(!dir.path().join("e").exists());
}

#[test]
fn mkdir_says_what_it_makes() {
    let dir = Scratch::new("mkdir-v");
    if reference().is_some() {
        return; // no -v in busybox
    }
    applet("mkdir")
        .dir(dir.path())
        .args(["-pv", "x/y", "x"])
        .stdout("mkdir: created directory 'x'\nmkdir: created directory 'x/y'\n")
        .ok();
    applet("mkdir").stderr_has("which folder?").fails(2);
}

#[test]
fn symbolic_links() {
    let dir = Scratch::new("ln-s");
    let to = |name: &str| std::fs::read_link(dir.path().join(name)).unwrap();
    applet("ln").dir(dir.path()).args(["-s", "/nosuch/target", "l"]).ok();
    assert_eq!(to("l"), Path::new("/nosuch/target"));
    applet("ln").dir(dir.path()).args(["-s", "x", "l"]).stderr_has("l: File exists").fails(1);
    applet("ln").dir(dir.path()).args(["-sf", "x", "l"]).ok();
    if crate::harness::applet::reference().is_none() {
        applet("ln").dir(dir.path()).args(["-sf", "l", "l"]).stderr_has("same file").fails(1);
    }
    assert_eq!(to("l"), Path::new("x"));
    applet("ln").dir(dir.path()).args(["-s", "/a/b"]).ok();
    assert_eq!(to("b"), Path::new("/a/b"));
    std::fs::create_dir(dir.path().join("d")).unwrap();
    applet("ln").dir(dir.path()).args(["-s", "one", "two", "d"]).ok();
    assert_eq!(to("d/one"), Path::new("one"));
    applet("ln").dir(dir.path()).args(["-s", "d", "dl"]).ok();
    applet("ln").dir(dir.path()).args(["-s", "q", "dl"]).ok();
    assert_eq!(to("d/q"), Path::new("q"));
    applet("ln").dir(dir.path()).args(["-sfn", "q", "dl"]).ok();
    assert_eq!(to("dl"), Path::new("q"));
    applet("ln").dir(dir.path()).args(["-sT", "q", "d"]).fails(1);
    let out = applet("ln").dir(dir.path()).args(["-s", "a", "b", "nosuch"]).run();
    assert_ne!(out.status, 0);
}

#[test]
fn hard_links() {
    let dir = Scratch::new("ln");
    dir.file("f", "text");
    let inode = |name: &str| dir.path().join(name).symlink_metadata().unwrap().ino();
    applet("ln").dir(dir.path()).args(["f", "g"]).ok();
    assert_eq!(inode("f"), inode("g"));
    applet("ln").dir(dir.path()).args(["nosuch", "h"]).stderr_has("nosuch: No such").fails(1);
    applet("ln").dir(dir.path()).args(["f", "g"]).stderr_has("File exists").fails(1);
    dir.file("other", "");
    applet("ln").dir(dir.path()).args(["-f", "f", "other"]).ok();
    assert_eq!(inode("f"), inode("other"));
    if reference().is_some() {
        return;
    }
    applet("ln").dir(dir.path()).args(["-f", "f", "f"]).stderr_has("are the same file").fails(1);
    assert!(dir.path().join("f").exists());
    applet("ln").dir(dir.path()).args(["-f", "f", "g"]).ok();
    assert_eq!(inode("f"), inode("g"));
    std::os::unix::fs::symlink("f", dir.path().join("s")).unwrap();
    applet("ln").dir(dir.path()).args(["-P", "s", "s2"]).ok();
    assert_eq!(inode("s"), inode("s2"));
    applet("ln").dir(dir.path()).args(["-L", "s", "s3"]).ok();
    assert_eq!(inode("f"), inode("s3"));
    // no temporary name stays behind
    let left = std::fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(left, 6);
}

#[test]
fn links_with_words() {
    if against_busybox() {
        return;
    }
    let dir = Scratch::new("ln-v");
    dir.file("a", "");
    dir.file("old", "kept");
    std::fs::create_dir_all(dir.path().join("d/e")).unwrap();
    applet("ln").dir(dir.path()).args(["-sv", "a", "l"]).stdout("'l' -> 'a'\n").ok();
    applet("ln").dir(dir.path()).args(["-v", "a", "h"]).stdout("'h' => 'a'\n").ok();
    applet("ln").dir(dir.path()).args(["-bv", "a", "old"]).ok();
    assert_eq!(std::fs::read(dir.path().join("old~")).unwrap(), b"kept");
    if reference().is_some() {
        return;
    }
    applet("ln").dir(dir.path()).args(["-srv", "a", "d/e/r"]).stdout("'d/e/r' -> '../../a'\n").ok();
    applet("ln").dir(dir.path()).args(["-sv", "-t", "d", "x/"]).stdout("'d/x' -> 'x/'\n").ok();
    dir.file("ask", "1");
    applet("ln").dir(dir.path()).args(["-si", "a", "ask"]).stdin("n\n").ok();
    assert!(!dir.path().join("ask").is_symlink());
    applet("ln").dir(dir.path()).args(["-si", "a", "ask"]).stdin("yes\n").ok();
    assert!(dir.path().join("ask").is_symlink());
    applet("ln").dir(dir.path()).args(["-r", "a", "z"]).stderr_has("-r is for").fails(2);
    applet("ln").dir(dir.path()).args(["-sf", "a", "d"]).ok();
    assert!(dir.path().join("d/a").is_symlink());
}

#[test]
fn pipes() {
    let dir = Scratch::new("mknod");
    applet("mknod").dir(dir.path()).args(["p", "p"]).ok();
    assert!(dir.path().join("p").metadata().unwrap().file_type().is_fifo());
    applet("mknod").dir(dir.path()).args(["-m", "600", "q", "p"]).ok();
    assert_eq!(mode(&dir.path().join("q")), 0o600);
    applet("mknod").dir(dir.path()).args(["p", "p"]).stderr_has("p: File exists").fails(1);
    for wrong in
        [&["x"][..], &["x", "b"], &["x", "z", "1", "2"], &["x", "b", "1"], &["x", "c", "1", "k"]]
    {
        let out = applet("mknod").dir(dir.path()).args(wrong).run();
        assert_ne!(out.status, 0, "{wrong:?}");
        assert!(!dir.path().join("x").exists());
    }
}

#[test]
fn devices() {
    if against_busybox() {
        return;
    }
    if !is_root("devices") {
        return;
    }
    let dir = Scratch::new("mknod-b");
    let device = |name: &str| {
        let meta = dir.path().join(name).metadata().unwrap();
        (meta.file_type().is_block_device(), meta.rdev(), meta.mode() & 0o7777)
    };
    applet("mknod").dir(dir.path()).args(["-m", "666", "c", "c", "1", "3"]).ok();
    assert_eq!(device("c"), (false, 0x103, 0o666));
    applet("mknod").dir(dir.path()).args(["-m", "a=r", "b", "b", "0x8", "017"]).ok();
    assert_eq!(device("b"), (true, 0x80f, 0o444));
    applet("mknod").dir(dir.path()).args(["u", "u", "259", "1048575"]).ok();
    assert_eq!(device("u").1, nix::sys::stat::makedev(259, 1_048_575));
}
