//! find and xargs.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::harness::applet::{against_busybox, applet, reference};
use crate::harness::scratch::Scratch;

fn tree(name: &str) -> Scratch {
    let dir = Scratch::new(name);
    dir.file("s/a", "a\n");
    dir.file("s/d/b", "bb\n");
    dir.file("s/d/e/x", "");
    fs::create_dir(dir.path().join("s/empty")).unwrap();
    symlink("a", dir.path().join("s/link")).unwrap();
    symlink("nowhere", dir.path().join("s/dangling")).unwrap();
    fs::set_permissions(dir.path().join("s/a"), fs::Permissions::from_mode(0o640)).unwrap();
    fs::set_permissions(dir.path().join("s/d/b"), fs::Permissions::from_mode(0o755)).unwrap();
    let old = std::time::UNIX_EPOCH + std::time::Duration::new(981_173_106, 789_000_000);
    fs::File::open(dir.path().join("s/a")).unwrap().set_modified(old).unwrap();
    dir
}

/// The lines that it prints, sorted.
#[track_caller]
fn found(dir: &Path, args: &[&str]) -> Vec<String> {
    let out = applet("find").dir(dir).args(args).ok();
    let text = String::from_utf8(out.stdout).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_string).collect();
    lines.sort();
    lines
}

#[test]
fn names_and_types() {
    let dir = tree("find");
    let all = ["s", "s/a", "s/d", "s/d/b", "s/d/e", "s/d/e/x", "s/dangling", "s/empty", "s/link"];
    let find = |args: &[&str]| found(dir.path(), args);
    assert_eq!(find(&["s"]), all);
    assert_eq!(find(&["s", "-name", "[ab]"]), ["s/a", "s/d/b"]);
    assert_eq!(find(&["s", "-iname", "A"]), ["s/a"]);
    assert_eq!(find(&["s", "-path", "s*x"]), ["s/d/e/x"]);
    assert_eq!(find(&["s", "-type", "d"]), ["s", "s/d", "s/d/e", "s/empty"]);
    assert_eq!(find(&["s", "-type", "l"]), ["s/dangling", "s/link"]);
    assert_eq!(find(&["s/", "-maxdepth", "1", "-name", "a"]), ["s/a"]);
    assert_eq!(find(&["s", "-maxdepth", "0"]), ["s"]);
    assert_eq!(find(&["s", "-mindepth", "3"]), ["s/d/e/x"]);
    assert_eq!(find(&["s", "-name", "a", "-o", "-name", "b"]), ["s/a", "s/d/b"]);
    assert_eq!(
        find(&["s", "!", "-type", "d", "!", "-name", "*a*"]),
        ["s/d/b", "s/d/e/x", "s/link"]
    );
    assert_eq!(
        find(&["s", "(", "-name", "a", "-o", "-name", "b", ")", "-print"]),
        ["s/a", "s/d/b"]
    );
    assert_eq!(find(&["s", "-name", "d", "-prune", "-o", "-name", "?", "-print"]), ["s", "s/a"]);
    assert_eq!(find(&["-L", "s", "-type", "l"]), ["s/dangling"]);
    let out = applet("find").dir(dir.path()).args(["s/d", "-depth"]).ok();
    assert!(out.stdout.ends_with(b"s/d/e\ns/d\n") || out.stdout.ends_with(b"s/d/b\ns/d\n"));
    applet("find").dir(dir.path()).args(["nosuch"]).stderr_has("nosuch: No such").fails(1);
}

#[test]
fn what_files_are() {
    let dir = tree("find-tests");
    let find = |args: &[&str]| found(dir.path(), args);
    assert_eq!(find(&["s", "-type", "f", "-size", "1"]), ["s/a", "s/d/b"]);
    assert_eq!(find(&["s", "-type", "f", "-size", "-1"]), ["s/d/e/x"]);
    assert_eq!(find(&["s", "-size", "2c"]), ["s/a"]);
    assert_eq!(find(&["s", "-type", "f", "-size", "+2c"]), ["s/d/b"]);
    assert_eq!(find(&["s", "-type", "f", "-perm", "640"]), ["s/a"]);
    assert_eq!(find(&["s", "-type", "f", "-perm", "-u=x"]), ["s/d/b"]);
    assert_eq!(find(&["s", "-type", "f", "-perm", "/111"]), ["s/d/b"]);
    assert_eq!(find(&["s", "-mtime", "+365"]), ["s/a"]);
    assert_eq!(find(&["s", "-type", "f", "-mmin", "-60"]), ["s/d/b", "s/d/e/x"]);
    assert_eq!(find(&["s", "-type", "f", "-newer", "s/a"]), ["s/d/b", "s/d/e/x"]);
    assert_eq!(find(&["s", "-empty", "-type", "d"]), ["s/empty"]);
    assert_eq!(find(&["s", "-type", "f", "-links", "1", "-name", "a"]), ["s/a"]);
    assert_eq!(find(&["s", "-samefile", "s/a"]), ["s/a"]);
    assert_eq!(find(&["s", "-regex", ".*/[ab]"]), ["s/a", "s/d/b"]);
    if against_busybox() {
        return;
    }
    assert_eq!(find(&["s", "-regex", r".*\(a\|b\)"]), ["s/a", "s/d/b"]);
    assert_eq!(
        find(&["s", "-regextype", "posix-extended", "-regex", ".*/(a|b)"]),
        ["s/a", "s/d/b"]
    );
    assert_eq!(find(&["s", "-newermt", "2001-02-04", "-name", "[ab]"]), ["s/d/b"]);
    assert_eq!(find(&["s", "-lname", "a*"]), ["s/link"]);
    assert_eq!(find(&["s", "-xtype", "l"]), ["s/dangling"]);
    assert_eq!(find(&["s", "-type", "f,l", "-name", "*n*"]), ["s/dangling", "s/link"]);
    assert_eq!(find(&["/proc/self/comm", "-fstype", "proc"]), ["/proc/self/comm"]);
}

#[test]
fn what_is_done() {
    let dir = tree("find-do");
    let find = |args: &[&str]| applet("find").dir(dir.path()).args(args);
    find(&["s", "-name", "b", "-exec", "echo", "<{}>", ";"]).stdout("<s/d/b>\n").ok();
    find(&["s/d", "-type", "f", "-exec", "sh", "-c", "echo $#", "x", "{}", "+"]).stdout("2\n").ok();
    find(&["s", "-name", "a", "-exec", "false", ";", "-print"]).stdout("").ok();
    find(&["s", "-name", "a", "-print0"]).stdout("s/a\0").ok();
    find(&["s", "-name", "b", "-print", "-quit"]).stdout("s/d/b\n").ok();
    if against_busybox() {
        return;
    }
    find(&["s", "-name", "a", "-exec", "false", "{}", "+"]).fails(1);
    find(&["s", "-name", "b", "-execdir", "echo", "{}", ";"]).stdout("./b\n").ok();
    find(&["s/d/b", "-execdir", "cat", "{}", "+"]).stdout("bb\n").ok();
    find(&["s/d/", "-prune", "-execdir", "echo", "{}", ";"]).stdout("./d/\n").ok();
    find(&["s/d/", "-prune", "-printf", "%h\\n"]).stdout("s\n").ok();
    find(&["s/", "-prune", "-printf", "%h\\n"]).stdout("s\n").ok();
    find(&["s", "-name", "a", "-ok", "echo", "{}", ";"]).stdin("n\n").stdout("").ok();
    find(&["s", "-name", "a", "-ok", "echo", "{}", ";"]).stdin("y\n").stdout("s/a\n").ok();
    find(&["s/a", "-printf", "%p %f %h %s %m %y %d %TY-%Tm-%Td|%T@\\n"])
        .stdout("s/a a s 2 640 f 0 2001-02-03|981173106.7890000000\n")
        .ok();
    find(&["s/link", "s/d", "-maxdepth", "0", "-printf", "%5y|%-5P|%l|%Y\\n"])
        .stdout("    l|     |a|f\n    d|     ||d\n")
        .ok();
    find(&["s", "-name", "a", "-fprint", "out"]).stdout("").ok();
    assert_eq!(fs::read(dir.path().join("out")).unwrap(), b"s/a\n");
    let out = find(&["s/a", "-ls"]).ok();
    let line = String::from_utf8(out.stdout).unwrap();
    assert!(
        line.contains(" -rw-r-----   1 ") && line.ends_with("  2 Feb  3  2001 s/a\n"),
        "{line}"
    );
    find(&["s", "-name", "d", "-delete"]).stderr_has("cannot delete 's/d'").fails(1);
    find(&["s", "-delete"]).ok();
    assert!(!dir.path().join("s").exists());
}

#[test]
fn bad_expressions() {
    for args in [
        &["-foo"][..],
        &["-name"],
        &["("],
        &["(", "-name", "a"],
        &["-name", "a", "-o"],
        &["!"],
        &["-type", "q"],
        &["-size", "x"],
        &["-perm", "q"],
        &["-newer", "nosuch"],
        &["-exec", "echo"],
        &["-maxdepth", "x"],
        &["-user", "nosuchuser"],
        &["-name", "a", ")"],
    ] {
        applet("find").args(args).stdout("").fails(1);
    }
}

#[test]
fn no_loops() {
    let dir = tree("find-loop");
    symlink("..", dir.path().join("s/d/up")).unwrap();
    let out = applet("find").dir(dir.path()).args(["-L", "s"]).run();
    assert_eq!(out.status, 1);
    if reference().is_none() {
        assert!(out.stderr.contains("s/d/up: a link that leads back"), "{}", out.stderr);
    }
}

#[test]
fn xargs_words() {
    let xargs = |args: &[&str], input: &str| applet("xargs").args(args).stdin(input);
    xargs(&[], "a b\n c\n").stdout("a b c\n").ok();
    xargs(&["echo", "x"], "").stdout("x\n").ok();
    xargs(&["-r", "echo", "x"], "").stdout("").ok();
    xargs(&["-n1"], "a \"b c\" 'd e' f\\ g\n").stdout("a\nb c\nd e\nf g\n").ok();
    xargs(&["-n", "2"], "a b c").stdout("a b\nc\n").ok();
    xargs(&["-L1"], "a b \n c\n\nd\n").stdout("a b c\nd\n").run();
    xargs(&["-I@", "echo", "[@]"], "  a b\n\nc\n").stdout("[a b]\n[c]\n").ok();
    xargs(&["-I{}", "echo", "{}{}", "{}"], "a\n").stdout("aa a\n").ok();
    xargs(&["-0", "-n1", "echo"], "a b\0c\n\0").stdout("a b\nc\n\n").ok();
    xargs(&["-E", "_"], "a\n_\nb\n").stdout("a\n").ok();
    xargs(&["-s", "10", "echo"], "a b c\n").stdout("a b\nc\n").ok();
    xargs(&["-n1", "-P3", "echo"], "a\n").stdout("a\n").ok();
    let mut input = String::new();
    for n in 0..30_000 {
        input.push_str(&format!("{n}\n"));
    }
    let out = xargs(&["echo"], &input).ok().stdout;
    assert_eq!(out.iter().filter(|b| b.is_ascii_whitespace()).count(), 30_000);
    if against_busybox() {
        return;
    }
    xargs(&["-d,", "-n1"], "a,b c,d").stdout("a\nb c\nd\n").ok();
    xargs(&["-t", "-n1"], "a b").stderr_has("echo a\necho b\n").ok();
    xargs(&["sh", "-c", "cat; echo $0"], "a\n").stdout("a\n").ok();
    xargs(&[], "a'b\n").stderr_has("unmatched").fails(1);
    xargs(&["-s", "8", "echo"], "aaaaaaaaaa\n").fails(1);
    xargs(&["-n0"], "").fails(1);
}

#[test]
fn xargs_statuses() {
    let xargs = |args: &[&str]| applet("xargs").args(args).stdin("a\nb\n");
    xargs(&["-n1", "false"]).fails(123);
    xargs(&["-n1", "sh", "-c", "echo $0; exit 255"]).stdout("a\n").fails(124);
    xargs(&["-n1", "sh", "-c", "kill -9 $$"]).fails(125);
    xargs(&["nosuchcommand"]).fails(127);
    xargs(&["/"]).fails(126);
    xargs(&["sh", "-c", "exit 127"]).fails(123);
}
