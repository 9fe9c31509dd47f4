//! cp and mv.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use crate::harness::applet::{against_busybox, applet, reference};
use crate::harness::scratch::Scratch;

fn text(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).unwrap()
}

fn mode(path: impl AsRef<Path>) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

fn set_mode(path: impl AsRef<Path>, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A tree with one of each kind.
fn tree(name: &str) -> Scratch {
    let dir = Scratch::new(name);
    dir.file("src/a", "text");
    dir.file("src/d/b", "b");
    fs::hard_link(dir.path().join("src/a"), dir.path().join("src/hard")).unwrap();
    symlink("a", dir.path().join("src/link")).unwrap();
    symlink("nowhere", dir.path().join("src/dangling")).unwrap();
    symlink("d", dir.path().join("src/folder")).unwrap();
    fs::create_dir_all(dir.path().join("src/empty")).unwrap();
    fs::create_dir_all(dir.path().join("dst")).unwrap();
    set_mode(dir.path().join("src/a"), 0o640);
    let time = std::time::UNIX_EPOCH + std::time::Duration::new(981_173_106, 123_456_789);
    for name in ["src/a", "src/d/b", "src/d"] {
        fs::File::open(dir.path().join(name)).unwrap().set_modified(time).unwrap();
    }
    dir
}

#[test]
fn one_file() {
    let dir = tree("cp");
    let at = |name: &str| dir.path().join(name);
    let cp = |args: &[&str]| applet("cp").dir(dir.path()).args(args);
    cp(&["src/a", "new"]).ok();
    assert_eq!((text(at("new")), mode(at("new"))), ("text".into(), 0o640));
    cp(&["src/a", "dst"]).ok();
    cp(&["src/a", "dst/"]).ok();
    assert_eq!(text(at("dst/a")), "text");
    cp(&["src/a", "src/d/b", "dst"]).ok();
    assert_eq!(text(at("dst/b")), "b");
    set_mode(at("dst/b"), 0o600);
    cp(&["src/a", "dst/b"]).ok();
    // what is there keeps its permissions
    assert_eq!((text(at("dst/b")), mode(at("dst/b"))), ("text".into(), 0o600));
    cp(&["nosuch", "x"]).stderr_has("nosuch: No such file").fails(1);
    cp(&["nosuch", "src/d/b", "dst"]).fails(1);
    assert_eq!(text(at("dst/b")), "b");
    cp(&["src/a", "src/d/b", "nodir"]).stderr_has("'nodir'").fails(1);
    cp(&["src", "x"]).stderr_has("omitting directory 'src'").fails(1);
    cp(&["src/a", "new/"]).fails(1);
    cp(&["src/a", "src/a"]).stderr_has("are the same file").fails(1);
    assert_eq!(text(at("src/a")), "text");
    cp(&["src/a", "src/link"]).fails(1);
    assert_eq!(text(at("src/a")), "text");
    cp(&["src/link", "followed"]).ok();
    assert!(!at("followed").is_symlink());
    cp(&["-P", "src/link", "kept"]).ok();
    assert!(at("kept").is_symlink());
    cp(&["src/dangling", "y"]).fails(1);
    for args in [&[][..], &["x"]] {
        cp(args).fails(1);
    }
}

#[test]
fn what_is_there() {
    let dir = tree("cp-there");
    let at = |name: &str| dir.path().join(name);
    let cp = |args: &[&str]| applet("cp").dir(dir.path()).args(args);
    dir.file("old", "old");
    cp(&["-i", "src/a", "old"]).stdin("n\n").run();
    assert_eq!(text(at("old")), "old");
    cp(&["-i", "src/a", "old"]).stdin("y\n").ok();
    assert_eq!(text(at("old")), "text");
    dir.file("old", "old");
    // src/a is of 2001
    cp(&["-u", "src/a", "old"]).ok();
    assert_eq!(text(at("old")), "old");
    cp(&["-T", "src/a", "dst"]).fails(1);
    cp(&["-r", "src", "old"]).stderr_has("cannot overwrite non-directory").fails(1);
    if against_busybox() {
        return;
    }
    cp(&["-n", "src/a", "old"]).ok();
    assert_eq!(text(at("old")), "old");
    cp(&["-b", "src/a", "old"]).ok();
    assert_eq!((text(at("old")), text(at("old~"))), ("text".into(), "old".into()));
    cp(&["--backup=numbered", "src/a", "old"]).ok();
    assert_eq!(text(at("old.~1~")), "text");
    cp(&["-S", ".bak", "src/d/b", "src/hard", "dst"]).ok();
    symlink("gone", at("hole")).unwrap();
    cp(&["src/a", "hole"]).ok();
    assert_eq!(text(at("gone")), "text");
    cp(&["--remove-destination", "src/a", "hole"]).ok();
    assert!(!at("hole").is_symlink());
    fs::create_dir(at("dst2")).unwrap();
    dir.file("other/a", "o");
    cp(&["src/a", "other/a", "dst2"]).stderr_has("will not overwrite just-created").fails(1);
    cp(&["src/a", "src/a", "dst2"]).ok();
}

#[test]
fn trees() {
    let dir = tree("cp-r");
    let at = |name: &str| dir.path().join(name);
    let cp = |args: &[&str]| applet("cp").dir(dir.path()).args(args);
    cp(&["-r", "src", "new"]).ok();
    assert_eq!(text(at("new/d/b")), "b");
    assert!(at("new/link").is_symlink() && at("new/dangling").is_symlink());
    assert!(at("new/empty").is_dir());
    cp(&["-r", "src", "new"]).ok();
    assert_eq!(text(at("new/src/d/b")), "b");
    cp(&["-r", "src/.", "dst"]).ok();
    assert_eq!(text(at("dst/d/b")), "b");
    cp(&["-rL", "src/link", "dst/followed"]).ok();
    assert!(!at("dst/followed").is_symlink());
    cp(&["-a", "src", "all"]).ok();
    let (a, hard) = (at("all/a").metadata().unwrap(), at("all/hard").metadata().unwrap());
    assert_eq!(a.ino(), hard.ino());
    assert_eq!((a.mtime(), mode(at("all/a"))), (981_173_106, 0o640));
    assert_eq!(at("all/d").metadata().unwrap().mtime(), 981_173_106);
    if reference().is_none() {
        assert_eq!(a.mtime_nsec(), 123_456_789);
    }
    cp(&["-RH", "src/folder", "h"]).ok();
    assert!(!at("h").is_symlink());
    if against_busybox() {
        return;
    }
    cp(&["--parents", "src/d/b", "h"]).ok();
    assert_eq!(text(at("h/src/d/b")), "b");
    cp(&["-rv", "src/d", "v"]).stdout("'src/d' -> 'v'\n'src/d/b' -> 'v/b'\n").ok();
    cp(&["-al", "src/d", "linked"]).ok();
    let ino = |name: &str| at(name).metadata().unwrap().ino();
    assert_eq!(ino("src/d/b"), ino("linked/b"));
    cp(&["-s", "src/a", "sym"]).ok();
    assert_eq!(fs::read_link(at("sym")).unwrap(), Path::new("src/a"));
    cp(&["-r", "src", "src/d"]).stderr_has("into itself").fails(1);
}

#[test]
fn special_bits_and_masks() {
    let dir = tree("cp-mode");
    let at = |name: &str| dir.path().join(name);
    let cp = |args: &[&str]| applet("cp").dir(dir.path()).args(args);
    set_mode(at("src/a"), 0o4755);
    set_mode(at("src/d"), 0o2750);
    cp(&["src/a", "plain"]).ok();
    assert_eq!(mode(at("plain")), 0o755);
    cp(&["-p", "src/a", "kept"]).ok();
    assert_eq!(mode(at("kept")), 0o4755);
    cp(&["-a", "src/d", "d2"]).ok();
    assert_eq!(mode(at("d2")), 0o2750);
    set_mode(at("src/d"), 0o500);
    cp(&["-r", "src/d", "d3"]).ok();
    assert_eq!(mode(at("d3")), 0o500);
    set_mode(at("d3"), 0o700);
}

#[test]
fn holes() {
    let dir = Scratch::new("cp-holes");
    let path = dir.file("sparse", "");
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_len(5 << 30).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, b"middle", 3 << 30).unwrap();
    applet("cp").dir(dir.path()).args(["sparse", "new"]).ok();
    let new = dir.path().join("new").metadata().unwrap();
    assert_eq!(new.len(), 5 << 30);
    assert!(new.blocks() < 2048, "{}", new.blocks());
    let mut read = [0; 6];
    let file = fs::File::open(dir.path().join("new")).unwrap();
    std::os::unix::fs::FileExt::read_exact_at(&file, &mut read, 3 << 30).unwrap();
    assert_eq!(&read, b"middle");
    if against_busybox() {
        return;
    }
    dir.file("zeros", [0; 100_000]);
    applet("cp").dir(dir.path()).args(["--sparse=always", "zeros", "holes"]).ok();
    assert!(dir.path().join("holes").metadata().unwrap().blocks() < 16);
    assert_eq!(fs::read(dir.path().join("holes")).unwrap(), [0; 100_000]);
    applet("cp").dir(dir.path()).args(["/proc/self/status", "status"]).ok();
    assert!(text(dir.path().join("status")).starts_with("Name:"));
}

#[test]
fn moves() {
    let dir = tree("mv");
    let at = |name: &str| dir.path().join(name);
    let mv = |args: &[&str]| applet("mv").dir(dir.path()).args(args);
    mv(&["src/a", "new"]).ok();
    assert!(!at("src/a").exists() && text(at("new")) == "text");
    mv(&["new", "dst"]).ok();
    assert_eq!(text(at("dst/new")), "text");
    mv(&["src/d", "src/empty", "dst/"]).ok();
    assert!(at("dst/d/b").exists() && at("dst/empty").is_dir() && !at("src/d").exists());
    mv(&["src/dangling", "dst"]).ok();
    assert!(at("dst/dangling").is_symlink());
    dir.file("keep", "keep");
    mv(&["-n", "dst/new", "keep"]).run();
    assert_eq!(text(at("keep")), "keep");
    mv(&["-i", "dst/new", "keep"]).stdin("n\n").run();
    assert_eq!(text(at("keep")), "keep");
    mv(&["-i", "-f", "dst/new", "keep"]).ok();
    assert_eq!(text(at("keep")), "text");
    mv(&["nosuch", "x"]).stderr_has("nosuch: No such file").fails(1);
    mv(&["keep", "src/hard", "nodir"]).fails(1);
    mv(&["keep", "keep"]).stderr_has("are the same file").fails(1);
    fs::hard_link(dir.path().join("keep"), dir.path().join("keep2")).unwrap();
    mv(&["keep", "keep2"]).ok();
    assert!(dir.path().join("keep").exists() && dir.path().join("keep2").exists());
    fs::remove_file(dir.path().join("keep2")).unwrap();
    assert!(at("keep").exists());
    mv(&["dst", "dst/d"]).stderr_has("to a subdirectory of itself").fails(1);
    mv(&["-T", "keep", "dst"]).fails(1);
    for args in [&[][..], &["x"]] {
        mv(args).fails(1);
    }
    if against_busybox() {
        return;
    }
    dir.file("a", "a");
    dir.file("b", "b");
    mv(&["-vb", "a", "b"]).stdout("renamed 'a' -> 'b' (backup: 'b~')\n").ok();
    assert_eq!(text(at("b~")), "b");
}

/// /dev/shm is another file system than that of the scratch folder.
#[test]
fn moves_to_another_file_system() {
    let dir = tree("mv-shm");
    let there = Path::new("/dev/shm").join(format!("rescuebox-test-{}", std::process::id()));
    if fs::create_dir(&there).is_err()
        || there.metadata().unwrap().dev() == dir.path().metadata().unwrap().dev()
    {
        return;
    }
    let target = there.to_str().unwrap();
    applet("mv").dir(dir.path()).args(["src", target]).ok();
    assert!(!dir.path().join("src").exists());
    let (a, hard) = (there.join("src/a"), there.join("src/hard"));
    assert_eq!(a.metadata().unwrap().mtime(), 981_173_106);
    assert_eq!(mode(&a), 0o640);
    if !against_busybox() {
        assert_eq!(a.metadata().unwrap().ino(), hard.metadata().unwrap().ino());
    }
    assert!(there.join("src/dangling").is_symlink());
    assert_eq!(there.join("src/d").metadata().unwrap().mtime(), 981_173_106);
    fs::remove_dir_all(&there).unwrap();
}

#[test]
fn what_is_there_already() {
    let dir = Scratch::new("copy");
    dir.file("a", "one\n");
    dir.file("b", "two\n");
    applet("cp").dir(dir.path()).args(["-l", "a", "b"]).stdout("").fails(1);
    applet("cp").dir(dir.path()).args(["-s", "a", "b"]).stdout("").fails(1);
    applet("cat").dir(dir.path()).args(["b"]).stdout("two\n").ok();
    applet("cp").dir(dir.path()).args(["-lf", "a", "b"]).stdout("").ok();
    applet("stat").dir(dir.path()).args(["-c", "%h", "b"]).stdout("2\n").ok();
    // a link to nothing is written through
    applet("ln").dir(dir.path()).args(["-s", "nowhere", "link"]).ok();
    applet("cp").dir(dir.path()).args(["a", "link"]).stdout("").ok();
    applet("cat").dir(dir.path()).args(["nowhere"]).stdout("one\n").ok();
    applet("stat")
        .dir(dir.path())
        .args(["-c", "%N", "a", "link"])
        .stdout("a\n'link' -> 'nowhere'\n")
        .ok();
}

#[test]
fn options_together_own() {
    if reference().is_some() {
        return;
    }
    let dir = Scratch::new("copy");
    dir.file("a", "one\n");
    applet("cp").dir(dir.path()).args(["-bf", "a", "a"]).stdout("").fails(1);
    applet("cat").dir(dir.path()).args(["a"]).stdout("one\n").ok();
    applet("cp").dir(dir.path()).args(["-uv", "a", "x"]).stdout("'a' -> 'x'\n").ok();
    applet("mv").dir(dir.path()).args(["-uv", "x", "y"]).stdout("renamed 'x' -> 'y'\n").ok();
}
