//! ls, compared with what GNU ls prints.

use std::path::Path;
use std::process::Command;

use crate::harness::applet::{against_busybox, applet, reference};
use crate::harness::scratch::Scratch;

/// Files of known times, modes and sizes.
fn sample() -> Scratch {
    let dir = Scratch::new("ls");
    let sh = "echo 12345 > b.txt; : > a; mkdir d .h; ln -s a l; ln -s nowhere broken; mkfifo p\n\
              : > x10; : > x9; head -c 2000 /dev/zero > big; chmod 755 a; chmod 640 b.txt\n\
              chmod 1777 d; : > d/in; TZ=UTC touch -h -d '2001-02-03 04:05:06' * ; : > .dot";
    assert!(
        Command::new("sh").args(["-c", sh]).current_dir(dir.path()).status().unwrap().success()
    );
    dir
}

fn ls(dir: &Path, args: &[&str], expected: &str) {
    applet("ls").dir(dir).args(args).stdout(expected).ok();
}

#[test]
fn names() {
    let dir = sample();
    ls(dir.path(), &[], "a\nb.txt\nbig\nbroken\nd\nl\np\nx10\nx9\n");
    ls(dir.path(), &["-A"], ".dot\n.h\na\nb.txt\nbig\nbroken\nd\nl\np\nx10\nx9\n");
    ls(dir.path(), &["-a", "d"], ".\n..\nin\n");
    ls(dir.path(), &["-d", "d", "."], ".\nd\n");
    ls(dir.path(), &["-r", "d", "a", "l"], "l\na\n\nd:\nin\n");
    ls(dir.path(), &["-F"], "a*\nb.txt\nbig\nbroken@\nd/\nl@\np|\nx10\nx9\n");
    ls(dir.path(), &["-p"], "a\nb.txt\nbig\nbroken\nd/\nl\np\nx10\nx9\n");
    ls(dir.path(), &["-1", "d"], "in\n");
}

#[test]
fn orders() {
    let dir = sample();
    ls(dir.path(), &["-S", "-d", "big", "b.txt", "x9"], "big\nb.txt\nx9\n");
    ls(dir.path(), &["-v", "-d", "x10", "x9", "a"], "a\nx9\nx10\n");
    ls(dir.path(), &["-X", "-d", "b.txt", "x9", "d"], "d\nx9\nb.txt\n");
    ls(dir.path(), &["--group-directories-first", "-d", "a", "d", "p"], "d\na\np\n");
    let touch = "touch -d 2005-01-01 a; touch -d 2004-01-01 big; touch -a -d 1999-01-01 x9";
    Command::new("sh").args(["-c", touch]).current_dir(dir.path()).status().unwrap();
    ls(dir.path(), &["-t", "-d", "big", "a", "x9"], "a\nbig\nx9\n");
    ls(dir.path(), &["-tr", "-d", "big", "a", "x9"], "x9\nbig\na\n");
    ls(dir.path(), &["-tu", "-d", "x9", "x10"], "x10\nx9\n");
}

#[test]
fn columns() {
    if reference().is_some() {
        return; // with tabs, there
    }
    let dir = sample();
    ls(dir.path(), &["-C"], "a  b.txt  big  broken  d  l  p  x10  x9\n");
    let gnu = |args: &[&str]| {
        let out = Command::new("/usr/bin/ls").args(args).current_dir(dir.path()).output().unwrap();
        String::from_utf8(out.stdout).unwrap()
    };
    if reference().is_none() {
        for width in 1..40 {
            let width = width.to_string();
            ls(dir.path(), &["-C", "-w", &width], &gnu(&["-C", "-T0", "-w", &width]));
            ls(dir.path(), &["-x", "-w", &width], &gnu(&["-x", "-T0", "-w", &width]));
            ls(dir.path(), &["-m", "-w", &width], &gnu(&["-m", "-w", &width]));
        }
    }
    if reference().is_none() {
        ls(dir.path(), &["-m", "-w", "20"], "a, b.txt, big,\nbroken, d, l, p,\nx10, x9\n");
    }
}

/// Lines of `ls -l` with the owner's names, which differ, as OWNER GROUP.
fn long(dir: &Path, args: &[&str]) -> String {
    let out = applet("ls").dir(dir).args(args).ok();
    let gnu = Command::new("/usr/bin/ls")
        .args(args)
        .current_dir(dir)
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .output()
        .unwrap();
    let ours = String::from_utf8(out.stdout).unwrap();
    if reference().is_none() {
        assert_eq!(ours, String::from_utf8_lossy(&gnu.stdout), "ls {args:?}");
    }
    ours
}

#[test]
fn the_long_listing() {
    let dir = sample();
    let text = long(dir.path(), &["-l", "b.txt"]);
    assert!(text.starts_with("-rw-r-----"), "{text}");
    assert!(text.ends_with(" 6 Feb  3  2001 b.txt\n"), "{text}");
    let text = long(dir.path(), &["-l", "l", "p", "broken"]);
    assert!(text.contains(" l -> a\n") && text.contains(" broken -> nowhere\n"), "{text}");
    if reference().is_some() {
        return;
    }
    for args in [
        &["-l"][..],
        &["-la"],
        &["-lA"],
        &["-ln"],
        &["-lgo"],
        &["-li"],
        &["-ls"],
        &["-lh"],
        &["-l", "--si"],
        &["-lF"],
        &["-lp"],
        &["-lL", "a", "l"],
        &["-lR"],
        &["-ld", "."],
        &["--full-time"],
        &["-l", "--time-style=long-iso"],
        &["-lu"],
        &["-lc"],
        &["-lZ"],
        &["-lt"],
        &["-lSr"],
        &["-l", "/dev"],
        &["-s"],
        &["-i"],
        &["-R"],
        &["-l", "/bin/ls"],
    ] {
        long(dir.path(), args);
    }
}

#[test]
fn recursion() {
    let dir = sample();
    ls(dir.path(), &["-R", "d", ".h"], ".h:\n\nd:\nin\n");
    std::fs::create_dir_all(dir.path().join("d/e/f")).unwrap();
    ls(dir.path(), &["-R", "d"], "d:\ne\nin\n\nd/e:\nf\n\nd/e/f:\n");
    std::os::unix::fs::symlink("../..", dir.path().join("d/e/up")).unwrap();
    if reference().is_none() {
        let out = applet("ls").dir(dir.path()).args(["-RL", "d"]).run();
        assert!(out.stderr.contains("leads back to itself"), "{}", out.stderr);
    }
}

#[test]
fn what_is_not_there() {
    if reference().is_some() {
        return; // GNU says 2
    }
    let dir = sample();
    applet("ls")
        .dir(dir.path())
        .args(["a", "nosuch"])
        .stdout("a\n")
        .stderr_has("ls: nosuch: No such file or directory")
        .fails(1);
    ls(dir.path(), &["broken"], "broken\n");
    if reference().is_none() {
        applet("ls").args(["--sort=foo"]).stderr_has("--sort=foo: no such value").fails(2);
    }
}

#[test]
fn names_that_bite() {
    let dir = Scratch::new("ls-names");
    dir.file("x\u{1b}[2J\ny", "");
    if reference().is_some() {
        return;
    }
    ls(dir.path(), &[], "x\u{1b}[2J\ny\n");
    ls(dir.path(), &["-q"], "x?[2J?y\n");
    ls(dir.path(), &["-b"], "x\\033[2J\\ny\n");
}

#[test]
fn colours() {
    let dir = sample();
    if reference().is_some() {
        return;
    }
    ls(
        dir.path(),
        &["--color", "-d", "a", "d", "l", "x9"],
        "\x1b[01;32ma\x1b[0m\n\x1b[30;42md\x1b[0m\n\x1b[01;36ml\x1b[0m\nx9\n",
    );
    ls(dir.path(), &["--color=auto", "-d", "d"], "d\n");
}

#[test]
fn forms_of_times() {
    if against_busybox() {
        return;
    }
    let scratch = Scratch::new("ls-times");
    let dir = scratch.path();
    std::fs::write(dir.join("f"), "").unwrap();
    applet("touch").args(["-d", "2001-02-03 04:05:06", "f"]).dir(dir).ok();
    let ls = |style: &str| applet("ls").args(["-go", style, "f"]).dir(dir);
    let line = |time: &str| format!("-rw-r--r-- 1 0 {time} f\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(dir.join("f"), mode).unwrap();
    ls("--time-style=+%Y/%m/%d").stdout(line("2001/02/03")).ok();
    ls("--time-style=+old %Y\nnew %H").stdout(line("old 2001")).ok();
    ls("--time-style=long-iso").stdout(line("2001-02-03 04:05")).ok();
    ls("--time-style=iso").stdout(line("2001-02-03 ")).ok();
    ls("--full-time").stdout(line("2001-02-03 04:05:06.000000000 +0000")).ok();
    ls("--time-style=never").fails(2);
}

#[test]
fn quoted_and_dangling() {
    let dir = Scratch::new("ls");
    dir.file("a b\"c", "");
    std::os::unix::fs::symlink("nowhere", dir.path().join("link")).expect("a link");
    applet("ls").dir(dir.path()).args(["-Q", "a b\"c"]).stdout("\"a b\\\"c\"\n").ok();
    applet("ls").dir(dir.path()).args(["-T", "4", "link"]).stdout("link\n").ok();
    let dangling = applet("ls").dir(dir.path()).args(["-L", "link"]).stdout("").run();
    assert_ne!(dangling.status, 0);
}
