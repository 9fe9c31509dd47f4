//! rm and rmdir.

use std::os::unix::fs::symlink;

use crate::harness::applet::{against_busybox, applet, program, reference};
use crate::harness::scratch::Scratch;

#[test]
fn files() {
    let dir = Scratch::new("rm");
    let there = |name: &str| dir.path().join(name).symlink_metadata().is_ok();
    dir.file("a", "");
    dir.file("b", "");
    dir.file("d/x", "");
    applet("rm").dir(dir.path()).args(["a", "nosuch", "b"]).stderr_has("nosuch: No such").fails(1);
    assert!(!there("a") && !there("b"));
    applet("rm").dir(dir.path()).args(["-f", "nosuch", "d/x/y"]).stdout("").ok();
    applet("rm").dir(dir.path()).args(["d"]).stderr_has("d: Is a directory").fails(1);
    symlink("d", dir.path().join("l")).unwrap();
    applet("rm").dir(dir.path()).args(["-r", "l"]).ok();
    assert!(there("d/x") && !there("l"));
    applet("rm").dir(dir.path()).args(["-r", "d"]).ok();
    assert!(!there("d"));
    applet("rm").dir(dir.path()).args(["-f"]).ok();
    applet("rm").dir(dir.path()).fails(1);
    dir.file("-f", "");
    applet("rm").dir(dir.path()).args(["--", "-f"]).ok();
    assert!(!there("-f"));
}

#[test]
fn refusals() {
    let dir = Scratch::new("rm-dots");
    dir.file("d/x", "");
    for name in [".", "..", "d/.", "d/..", "./", "d/../"] {
        let out = applet("rm").dir(dir.path()).args(["-rf", name]).run();
        assert_eq!(out.status, 1, "{name}");
        assert!(dir.path().join("d/x").exists(), "{name}");
    }
    if against_busybox() {
        return;
    }
    let message = "refusing to remove the root folder";
    applet("rm").args(["-r", "--one-file-system", "/"]).stderr_has(message).fails(1);
}

#[test]
fn questions() {
    let dir = Scratch::new("rm-i");
    dir.file("a", "1");
    dir.file("d/e/x", "");
    dir.file("d/y", "");
    applet("rm").dir(dir.path()).args(["-i", "a"]).stdin("n\n").ok();
    assert!(dir.path().join("a").exists());
    applet("rm").dir(dir.path()).args(["-i", "a"]).stdin("y\n").ok();
    assert!(!dir.path().join("a").exists());
    applet("rm").dir(dir.path()).args(["-ri", "d"]).stdin("y\nn\nn\ny\n").run();
    assert!(dir.path().join("d/e/x").exists() || dir.path().join("d/y").exists());
    applet("rm").dir(dir.path()).args(["-rif", "d"]).ok();
    assert!(!dir.path().join("d").exists());
    if against_busybox() {
        return;
    }
    dir.file("q", "");
    let text = "rm: remove regular empty file 'q'? ";
    applet("rm").dir(dir.path()).args(["-i", "q"]).stdin("yes\n").stderr_has(text).ok();
    dir.file("q", "");
    applet("rm").dir(dir.path()).args(["-fI", "q"]).ok();
    let four = ["-I", "1", "2", "3", "4"];
    applet("rm").dir(dir.path()).args(four).stdin("n\n").stderr_has("remove 4 arguments?").ok();
}

#[test]
fn words() {
    if against_busybox() {
        return;
    }
    let dir = Scratch::new("rm-v");
    dir.file("d/e/x", "");
    dir.file("f", "");
    let text = "removed 'd/e/x'\nremoved directory 'd/e'\nremoved directory 'd'\n";
    applet("rm").dir(dir.path()).args(["-rv", "d"]).stdout(text).ok();
    applet("rm").dir(dir.path()).args(["-v", "f"]).stdout("removed 'f'\n").ok();
    std::fs::create_dir(dir.path().join("e")).unwrap();
    applet("rm").dir(dir.path()).args(["-dv", "e"]).stdout("removed directory 'e'\n").ok();
    dir.file("e/x", "");
    applet("rm").dir(dir.path()).args(["-d", "e"]).stderr_has("e: Directory not empty").fails(1);
}

/// Ten thousand levels: no path reaches the bottom, and no process may have so
/// many descriptors.
#[test]
fn deep_trees() {
    if reference().is_some() {
        return;
    }
    let dir = Scratch::new("rm-deep");
    deep(dir.path(), 10_000);
    let rb = program().to_string_lossy();
    let line = format!("ulimit -n 100; exec '{rb}' rm -r top");
    let sh = std::process::Command::new("sh").args(["-c", &line]).current_dir(dir.path()).output();
    let out = sh.unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert!(!dir.path().join("top").exists());
}

/// Makes `top/d/d/.../d/file`.
fn deep(dir: &std::path::Path, levels: usize) {
    use nix::fcntl::{OFlag, openat};
    use nix::sys::stat::{Mode, mkdirat};
    let all = Mode::from_bits_truncate(0o777);
    let mut at: std::os::fd::OwnedFd = std::fs::File::open(dir).unwrap().into();
    for level in 0..levels {
        let name = if level == 0 { "top" } else { "d" };
        mkdirat(&at, name, all).unwrap();
        at = openat(&at, name, OFlag::O_DIRECTORY, Mode::empty()).unwrap();
    }
    openat(&at, "file", OFlag::O_CREAT | OFlag::O_WRONLY, all).unwrap();
}

#[test]
fn folders() {
    let dir = Scratch::new("rmdir");
    let make = |name: &str| std::fs::create_dir_all(dir.path().join(name)).unwrap();
    make("a/b/c");
    applet("rmdir").dir(dir.path()).args(["a"]).stderr_has("a: Directory not empty").fails(1);
    applet("rmdir").dir(dir.path()).args(["a/b/c/"]).ok();
    make("a/b/c");
    applet("rmdir").dir(dir.path()).args(["-p", "a/b/c"]).ok();
    assert!(!dir.path().join("a").exists());
    applet("rmdir").dir(dir.path()).args(["nosuch"]).fails(1);
    applet("rmdir").dir(dir.path()).fails(1);
    make("a/b");
    dir.file("a/x", "");
    let ignore = "--ignore-fail-on-non-empty";
    applet("rmdir").dir(dir.path()).args([ignore, "a"]).ok();
    applet("rmdir").dir(dir.path()).args(["-p", ignore, "a/b"]).ok();
    assert!(dir.path().join("a").exists() && !dir.path().join("a/b").exists());
    dir.file("f", "");
    applet("rmdir").dir(dir.path()).args(["f"]).stderr_has("f: Not a directory").fails(1);
    if against_busybox() {
        return;
    }
    make("v/w");
    let text = "rmdir: removing directory, 'v/w'\nrmdir: removing directory, 'v'\n";
    applet("rmdir").dir(dir.path()).args(["-pv", "v/w"]).stdout(text).ok();
}
