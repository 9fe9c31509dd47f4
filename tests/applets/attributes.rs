//! touch, chmod, chown, chgrp, stat, truncate, fallocate.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use crate::harness::applet::{against_busybox, applet, reference};
use crate::harness::scratch::Scratch;

fn mode(path: impl AsRef<Path>) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

fn times(path: impl AsRef<Path>) -> (i64, i64) {
    let meta = fs::symlink_metadata(path).unwrap();
    (meta.atime(), meta.mtime())
}

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

#[test]
fn touch() {
    let dir = Scratch::new("touch");
    let at = |name: &str| dir.path().join(name);
    let touch = |args: &[&str]| applet("touch").dir(dir.path()).args(args);
    touch(&["new", "other"]).ok();
    assert!(at("new").exists() && at("other").exists());
    touch(&["-c", "none"]).ok();
    assert!(!at("none").exists());
    touch(&["-t", "200102030405.06", "new"]).ok();
    assert_eq!(times(at("new")), (981_173_106, 981_173_106));
    touch(&["-a", "-t", "200202030405", "new"]).ok();
    assert_eq!(times(at("new")), (1_012_709_100, 981_173_106));
    touch(&["-r", "new", "other"]).ok();
    assert_eq!(times(at("other")), (1_012_709_100, 981_173_106));
    touch(&["-d", "2020-01-02 03:04:05", "other"]).ok();
    assert_eq!(times(at("other")).1, 1_577_934_245);
    touch(&["-d", "@1234567890", "made"]).ok();
    assert_eq!(times(at("made")).1, 1_234_567_890);
    // past 2038
    touch(&["-d", "@5000000000", "made"]).ok();
    assert_eq!(times(at("made")).1, 5_000_000_000);
    symlink("new", at("link")).unwrap();
    touch(&["-h", "-d", "@99", "link"]).ok();
    assert_eq!((times(at("link")).1, times(at("new")).1), (99, 981_173_106));
    touch(&["nodir/x"]).stderr_has("nodir/x: No such").fails(1);
    touch(&["-d", "rubbish", "x"]).fails(1);
    touch(&[]).fails(1);
    assert!(!at("x").exists());
}

#[test]
fn chmod_modes() {
    let dir = Scratch::new("chmod");
    let file = dir.file("f", "");
    let change = |from: u32, text: &str| {
        fs::set_permissions(&file, fs::Permissions::from_mode(from)).unwrap();
        applet("chmod").dir(dir.path()).args([text, "f"]).ok();
        mode(&file)
    };
    for (from, text, to) in [
        (0o644, "755", 0o755),
        (0o644, "u+x", 0o744),
        (0o644, "+x", 0o755),
        (0o755, "-x", 0o644),
        (0o644, "u=g,o-w", 0o444),
        (0o640, "g=u", 0o660),
        (0o777, "go=", 0o700),
        (0o644, "a+X", 0o644),
        (0o744, "a+X", 0o755),
        (0o755, "u+s,g+s", 0o6755),
        (0o755, "+t", 0o1755),
        (0o755, "o+t", 0o1755),
        (0o755, "u+t", 0o755),
        (0o6755, "ug-s", 0o755),
        (0o600, "=r", 0o444),
        (0o600, "u=rwx,go=rx", 0o755),
        (0o000, "ug+rw-x,o=r", 0o664),
        (0o755, "-w", 0o555),
    ] {
        assert_eq!(change(from, text), to, "{from:o} {text}");
    }
    for wrong in ["8", "u+q", "u", "77777"] {
        applet("chmod").dir(dir.path()).args([wrong, "f"]).fails(1);
    }
    applet("chmod").dir(dir.path()).args(["600", "nosuch"]).stderr_has("nosuch: No such").fails(1);
    applet("chmod").fails(1);
    applet("chmod").dir(dir.path()).args(["600"]).fails(1);
}

#[test]
fn chmod_trees() {
    let dir = Scratch::new("chmod-R");
    dir.file("d/e/f", "");
    symlink("../../d", dir.path().join("d/e/up")).unwrap();
    applet("chmod").dir(dir.path()).args(["-R", "u=rwX,go=", "d"]).ok();
    assert_eq!((mode(dir.path().join("d/e")), mode(dir.path().join("d/e/f"))), (0o700, 0o600));
    applet("chmod").dir(dir.path()).args(["-R", "a+rX", "d"]).ok();
    assert_eq!((mode(dir.path().join("d/e")), mode(dir.path().join("d/e/f"))), (0o755, 0o644));
    if against_busybox() {
        return;
    }
    let said = "mode of 'd/e/f' changed from 0644 (rw-r--r--) to 0600 (rw-------)\n";
    applet("chmod").dir(dir.path()).args(["-v", "600", "d/e/f"]).stdout(said).ok();
    applet("chmod").dir(dir.path()).args(["-c", "600", "d/e/f"]).stdout("").ok();
    let kept = "mode of 'd/e/f' retained as 0600 (rw-------)\n";
    applet("chmod").dir(dir.path()).args(["-v", "600", "d/e/f"]).stdout(kept).ok();
    applet("chmod").dir(dir.path()).args(["-f", "600", "nosuch"]).fails(1);
    dir.file("like", "");
    applet("chmod").dir(dir.path()).args(["--reference=d/e/f", "like"]).ok();
    assert_eq!(mode(dir.path().join("like")), 0o600);
    // GNU: a folder keeps its set-group-id bit unless five digits are given
    applet("chmod").dir(dir.path()).args(["g+s", "d"]).ok();
    applet("chmod").dir(dir.path()).args(["755", "d"]).ok();
    assert_eq!(mode(dir.path().join("d")), 0o2755);
    applet("chmod").dir(dir.path()).args(["00755", "d"]).ok();
    assert_eq!(mode(dir.path().join("d")), 0o755);
}

#[test]
fn owners() {
    if !is_root() {
        return;
    }
    let dir = Scratch::new("chown");
    dir.file("d/f", "");
    symlink("f", dir.path().join("d/l")).unwrap();
    let owner = |name: &str| {
        let meta = dir.path().join(name).symlink_metadata().unwrap();
        (meta.uid(), meta.gid())
    };
    let chown = |args: &[&str]| applet("chown").dir(dir.path()).args(args);
    chown(&["1:2", "d/f"]).ok();
    assert_eq!(owner("d/f"), (1, 2));
    chown(&["root", "d/f"]).ok();
    assert_eq!(owner("d/f"), (0, 2));
    chown(&[":0", "d/f"]).ok();
    assert_eq!(owner("d/f"), (0, 0));
    chown(&["daemon:", "d/f"]).ok();
    assert_eq!(owner("d/f"), (1, 1));
    chown(&["7", "d/l"]).ok();
    assert_eq!((owner("d/f"), owner("d/l")), ((7, 1), (0, 0)));
    chown(&["-h", "8", "d/l"]).ok();
    assert_eq!((owner("d/f"), owner("d/l")), ((7, 1), (8, 0)));
    chown(&["-R", "5:6", "d"]).ok();
    assert_eq!((owner("d"), owner("d/f")), ((5, 6), (5, 6)));
    applet("chgrp").dir(dir.path()).args(["-R", "9", "d"]).ok();
    assert_eq!(owner("d/f"), (5, 9));
    chown(&["nosuchuser", "d"]).fails(1);
    chown(&["0", "nosuch"]).stderr_has("nosuch: No such").fails(1);
    applet("chgrp").dir(dir.path()).args(["nosuchgroup", "d"]).fails(1);
    if against_busybox() {
        return;
    }
    chown(&["--from=4", "0", "d"]).ok();
    assert_eq!(owner("d").0, 5);
    chown(&["--from=5:9", "0:0", "d"]).ok();
    assert_eq!(owner("d"), (0, 0));
    chown(&["--reference=d/f", "d"]).ok();
    assert_eq!(owner("d"), (5, 9));
    chown(&["-v", "0:0", "d"]).stdout("changed ownership of 'd' from 5:9 to 0:0\n").run();
    chown(&["-c", "0:0", "d"]).stdout("").ok();
}

#[test]
fn stat_formats() {
    let dir = Scratch::new("stat");
    let file = dir.file("f", "12345");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("f", dir.path().join("l")).unwrap();
    applet("touch").dir(dir.path()).args(["-d", "@981173106", "f"]).run();
    let stat = |args: &[&str]| applet("stat").dir(dir.path()).args(args);
    stat(&["-c", "%n %s %a %A %f %F %h", "f"])
        .stdout("f 5 640 -rw-r----- 81a0 regular file 1\n")
        .ok();
    stat(&["-c", "%X %Y", "f"]).stdout("981173106 981173106\n").ok();
    stat(&["-c", "%y", "f"]).stdout("2001-02-03 04:05:06.000000000 +0000\n").run();
    stat(&["-c", "%F %N", "l"]).stdout("symbolic link 'l' -> 'f'\n").ok();
    stat(&["-L", "-c", "%F", "l"]).stdout("regular file\n").ok();
    stat(&["-c", "%t,%T %F", "/dev/null"]).stdout("1,3 character special file\n").ok();
    stat(&["-c", "%%|%n|", "f", "f"]).stdout("%|f|\n%|f|\n").ok();
    stat(&["nosuch"]).stderr_has("nosuch: No such").fails(1);
    let meta = file.metadata().unwrap();
    let text = format!("{} {} {} {}\n", meta.ino(), meta.dev(), meta.uid(), meta.gid());
    stat(&["-c", "%i %d %u %g", "f"]).stdout(text).ok();
    stat(&["-f", "-c", "%T %t", "/proc"]).stdout("proc 9fa0\n").ok();
    stat(&["-c", "%m", "/proc/self"]).stdout("/proc\n").run();
    if against_busybox() {
        return;
    }
    stat(&["-c", "%5s|%-5s|%05s|%#a|%.3Y", "f"])
        .stdout("    5|5    |00005|0640|981173106.000\n")
        .ok();
    stat(&["--printf", "%n\\n\\t%s\\101", "f"]).stdout("f\n\t5A").ok();
    let out = stat(&["f"]).ok();
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(text.starts_with("  File: f\n  Size: 5         \tBlocks: "), "{text}");
    assert!(text.contains("\nAccess: (0640/-rw-r-----)  Uid: ("), "{text}");
    assert!(text.contains("\nModify: 2001-02-03 04:05:06.000000000 +0000\n"), "{text}");
}

#[test]
fn sizes() {
    let dir = Scratch::new("truncate");
    let size = |name: &str| dir.path().join(name).metadata().unwrap().len();
    let truncate = |args: &[&str]| applet("truncate").dir(dir.path()).args(args);
    truncate(&["-s", "100", "f"]).ok();
    truncate(&["-s", "+5", "f"]).ok();
    assert_eq!(size("f"), 105);
    truncate(&["-s", "-6", "f"]).ok();
    assert_eq!(size("f"), 99);
    truncate(&["-s", "5G", "big"]).ok();
    assert_eq!(size("big"), 5 << 30);
    truncate(&["-c", "-s", "1", "none"]).ok();
    assert!(!dir.path().join("none").exists());
    truncate(&["f"]).fails(1);
    truncate(&["-s", "x", "f"]).fails(1);
    if against_busybox() {
        return;
    }
    for (text, size_then) in [("<50", 50), (">60", 60), ("%64", 64), ("/50", 50), ("1KB", 1000)] {
        truncate(&["-s", text, "f"]).ok();
        assert_eq!(size("f"), size_then, "{text}");
    }
    truncate(&["-r", "f", "g"]).ok();
    assert_eq!(size("g"), 1000);
}

#[test]
fn space() {
    let dir = Scratch::new("fallocate");
    let size = |name: &str| dir.path().join(name).metadata().unwrap().len();
    let fallocate = |args: &[&str]| applet("fallocate").dir(dir.path()).args(args);
    if fallocate(&["-l", "8192", "f"]).run().status != 0 {
        return; // the file system cannot
    }
    assert_eq!(size("f"), 8192);
    fallocate(&["-o", "8192", "-l", "1K", "f"]).ok();
    assert_eq!(size("f"), 9216);
    fallocate(&["f"]).fails(1);
    fallocate(&["-l", "0", "f"]).fails(1);
    if reference().is_some() {
        return;
    }
    let blocks = || dir.path().join("f").metadata().unwrap().blocks();
    let before = blocks();
    fallocate(&["-p", "-o", "0", "-l", "4096", "f"]).ok();
    assert!(blocks() < before && size("f") == 9216);
    dir.file("zeros", [0; 65536]);
    fallocate(&["-d", "zeros"]).ok();
    assert_eq!(dir.path().join("zeros").metadata().unwrap().blocks(), 0);
}

#[test]
fn links_themselves_own() {
    if reference().is_some() {
        return;
    }
    let dir = Scratch::new("attributes");
    dir.file("f", "x");
    applet("ln").dir(dir.path()).args(["-s", "f", "l"]).ok();
    applet("chmod").dir(dir.path()).args(["644", "f"]).ok();
    applet("chmod").dir(dir.path()).args(["-h", "600", "l"]).stdout("").fails(1);
    applet("stat").dir(dir.path()).args(["-c", "%a", "f"]).stdout("644\n").ok();
    applet("touch").dir(dir.path()).args(["-h", "new"]).ok();
    applet("stat").dir(dir.path()).args(["-c", "%s", "new"]).stdout("0\n").ok();
}
