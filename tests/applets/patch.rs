//! patch.

use crate::harness::applet::{applet, reference};
use crate::harness::scratch::Scratch;

#[test]
fn unified() {
    let dir = Scratch::new("patch");
    dir.file("c", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n");
    applet("patch")
        .dir(dir.path())
        .args(["-p0"])
        .stdin("--- c\n+++ c\n@@ -4,3 +4,3 @@\n 4\n-5\n+x\n 6\n")
        .stdout("patching file c\n")
        .ok();
    applet("cat").dir(dir.path()).args(["c"]).stdout("1\n2\n3\n4\nx\n6\n7\n8\n9\n10\n").ok();
    applet("patch")
        .dir(dir.path())
        .args(["-R", "-p0"])
        .stdin("--- c\n+++ c\n@@ -4,3 +4,3 @@\n 4\n-5\n+x\n 6\n")
        .stdout("patching file c\n")
        .ok();
    applet("cat").dir(dir.path()).args(["c"]).stdout("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n").ok();
    applet("patch")
        .dir(dir.path())
        .args(["--dry-run"])
        .stdin("--- c\n+++ c\n@@ -4,3 +4,3 @@\n 4\n-5\n+x\n 6\n")
        .stdout("patching file c\n")
        .ok();
    applet("patch")
        .dir(dir.path())
        .args(["-s"])
        .stdin("--- c\n+++ c\n@@ -4,3 +4,3 @@\n 4\n-5\n+x\n 6\n")
        .stdout("")
        .ok();
    applet("cat").dir(dir.path()).args(["c"]).stdout("1\n2\n3\n4\nx\n6\n7\n8\n9\n10\n").ok();
}

#[test]
fn moved() {
    let dir = Scratch::new("patch");
    dir.file("c", "3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n");
    applet("patch")
        .dir(dir.path())
        .stdin("--- c\n+++ c\n@@ -4,3 +4,3 @@\n 4\n-5\n+x\n 6\n")
        .stdout("patching file c\n")
        .ok();
    applet("cat").dir(dir.path()).args(["c"]).stdout("3\n4\nx\n6\n7\n8\n9\n10\n11\n12\n").ok();
}

#[test]
fn fuzzy() {
    let dir = Scratch::new("patch");
    dir.file("c", "1\n2\n3\nz\n5\n6\n7\n8\n9\n10\n");
    applet("patch")
        .dir(dir.path())
        .args(["--no-backup-if-mismatch"])
        .stdin("--- c\n+++ c\n@@ -4,3 +4,3 @@\n 4\n-5\n+x\n 6\n")
        .stdout("patching file c\nHunk #1 succeeded at 4 with fuzz 1.\n")
        .ok();
    applet("cat").dir(dir.path()).args(["c"]).stdout("1\n2\n3\nz\nx\n6\n7\n8\n9\n10\n").ok();
}

#[test]
fn what_does_not_fit() {
    let dir = Scratch::new("patch");
    dir.file("c", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n");
    dir.file("t", "x\n");
    applet("patch")
        .dir(dir.path())
        .args(["--no-backup-if-mismatch"])
        .stdin("--- c\n+++ c\n@@ -4,3 +4,3 @@\n 4\n-y\n+x\n 6\n")
        .stdout("patching file c\n")
        .fails(1);
    applet("cat")
        .dir(dir.path())
        .args(["c.rej"])
        .stdout("--- c\n+++ c\n@@ -4,3 +4,3 @@\n 4\n-y\n+x\n 6\n")
        .ok();
    applet("cat").dir(dir.path()).args(["c"]).stdout("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n").ok();
    applet("patch").dir(dir.path()).args(["t"]).stdin("garbage\n").stdout("").fails(2);
    applet("patch").dir(dir.path()).args(["t"]).stdout("").ok();
}

#[test]
fn made_and_removed() {
    let dir = Scratch::new("patch");
    dir.file("old", "a\nb\n");
    applet("patch")
        .dir(dir.path())
        .stdin("--- /dev/null\n+++ new\n@@ -0,0 +1,2 @@\n+a\n+b\n")
        .stdout("creating new\n")
        .ok();
    applet("patch")
        .dir(dir.path())
        .stdin("--- old\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-a\n-b\n")
        .stdout("patching file old\n")
        .ok();
    applet("patch")
        .dir(dir.path())
        .args(["-p0"])
        .stdin("--- /dev/null\n+++ x/y/z\n@@ -0,0 +1 @@\n+a\n")
        .stdout("creating x/y/z\n")
        .ok();
    applet("cat").dir(dir.path()).args(["new"]).stdout("a\nb\n").ok();
    applet("cat").dir(dir.path()).args(["x/y/z"]).stdout("a\n").ok();
    applet("cat").dir(dir.path()).args(["old"]).stdout("").fails(1);
}

#[test]
fn other_forms() {
    let dir = Scratch::new("patch");
    dir.file("c", "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
    dir.file("d", "1\n2\n3\n");
    applet("patch").dir(dir.path()).stdin("*** c\n--- c\n***************\n*** 4,6 ****\n  4\n! 5\n  6\n--- 4,6 ----\n  4\n! x\n  6\n").stdout("patching file c\n").ok();
    applet("patch")
        .dir(dir.path())
        .args(["d"])
        .stdin("2c2\n< 2\n---\n> x\n")
        .stdout("patching file d\n")
        .ok();
    applet("patch")
        .dir(dir.path())
        .args(["d"])
        .stdin("3a4,5\n> 4\n> 5\n")
        .stdout("patching file d\n")
        .ok();
    applet("patch")
        .dir(dir.path())
        .args(["d"])
        .stdin("1d0\n< 1\n")
        .stdout("patching file d\n")
        .ok();
    applet("cat").dir(dir.path()).args(["c"]).stdout("1\n2\n3\n4\nx\n6\n7\n8\n9\n").ok();
    applet("cat").dir(dir.path()).args(["d"]).stdout("x\n3\n4\n5\n").ok();
}

#[test]
fn options() {
    let dir = Scratch::new("patch");
    dir.file("c", "a  b\n");
    dir.file("d", "a\n");
    applet("patch")
        .dir(dir.path())
        .args(["-l"])
        .stdin("--- c\n+++ c\n@@ -1 +1 @@\n-a b\n+x\n")
        .stdout("patching file c\n")
        .ok();
    applet("patch")
        .dir(dir.path())
        .args(["-b"])
        .stdin("--- d\n+++ d\n@@ -1 +1 @@\n-a\n+b\n")
        .stdout("patching file d\n")
        .ok();
    applet("patch")
        .dir(dir.path())
        .args(["-N", "-r", "-", "d"])
        .stdin("--- d\n+++ d\n@@ -1 +1 @@\n-a\n+b\n")
        .stdout("patching file d\n")
        .ok();
    applet("patch")
        .dir(dir.path())
        .args(["-o", "out", "d"])
        .stdin("--- d\n+++ d\n@@ -1 +1 @@\n-b\n+c\n")
        .stdout("patching file out (read from d)\n")
        .ok();
    applet("patch")
        .dir(dir.path())
        .args(["d"])
        .stdin("--- d\n+++ d\n@@ -1 +1 @@\n-b\n+c\n\\ No newline at end of file\n")
        .stdout("patching file d\n")
        .ok();
    applet("cat").dir(dir.path()).args(["c"]).stdout("x\n").ok();
    applet("cat").dir(dir.path()).args(["d"]).stdout("c").ok();
    applet("cat").dir(dir.path()).args(["d.orig"]).stdout("a\n").ok();
    applet("cat").dir(dir.path()).args(["out"]).stdout("c\n").ok();
}

#[test]
fn names_that_lead_out_own() {
    if reference().is_some() {
        return;
    }
    let dir = Scratch::new("patch");
    dir.file("in", "a\n");
    applet("patch")
        .dir(dir.path())
        .args(["-p0"])
        .stdin("--- ../evil\n+++ ../evil\n@@ -0,0 +1 @@\n+a\n")
        .stdout("")
        .fails(1);
    applet("patch")
        .dir(dir.path())
        .args(["-p0"])
        .stdin("--- /tmp/evil\n+++ /tmp/evil\n@@ -0,0 +1 @@\n+a\n")
        .stdout("")
        .fails(1);
}

#[test]
fn applied_before() {
    let dir = Scratch::new("patch");
    dir.file("a", "one\nnew\ntwo\nthree\n");
    let patch = "--- a\n+++ a\n@@ -1,2 +1,3 @@\n one\n+new\n two\n";
    applet("patch").dir(dir.path()).stdin(patch).stdout("patching file a\n").fails(1);
    applet("patch").dir(dir.path()).args(["-N"]).stdin(patch).stdout("patching file a\n").ok();
    applet("cat").dir(dir.path()).args(["a"]).stdout("one\nnew\ntwo\nthree\n").ok();
}

#[test]
fn few_folders_own() {
    // busybox takes -d for what is done before the patch is opened only
    if reference().is_some() {
        return;
    }
    let dir = Scratch::new("patch");
    dir.file("p", "--- x/a\n+++ y/a\n@@ -1 +1 @@\n-one\n+two\n");
    dir.file("d/a", "one\n");
    let args = ["-p7", "-d", "d", "-i", "p"];
    applet("patch").dir(dir.path()).args(args).stdout("patching file a\n").ok();
    let args = ["-t", "-p7", "-d", "d", "-i", "../p"];
    applet("patch").dir(dir.path()).args(args).stdout("patching file a\n").ok();
    applet("cat").dir(dir.path()).args(["d/a"]).stdout("one\n").ok();
}

#[test]
fn carriage_returns() {
    if reference().is_some() {
        return;
    }
    let dir = Scratch::new("patch-returns");
    let patch = "--- a\n+++ a\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n";
    let returned = patch.replace('\n', "\r\n");
    let file = dir.file("a", "one\ntwo\n");
    let run = |args: &[&str]| applet("patch").dir(dir.path()).args(args).stdin(&returned);
    run(&["--binary"]).stdout("patching file a\n").fails(1);
    let case = run(&[]).stdout("patching file a\n");
    case.stderr_has("carriage returns of the patch are left out").ok();
    assert_eq!(std::fs::read(&file).unwrap(), b"one\n2\n");
    // the file has them, too
    dir.file("a", "one\r\ntwo\r\n");
    run(&[]).stdout("patching file a\n").ok();
    assert_eq!(std::fs::read(&file).unwrap(), b"one\r\n2\r\n");
}
