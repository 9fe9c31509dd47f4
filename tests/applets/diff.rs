//! diff.

use crate::harness::applet::applet;
use crate::harness::scratch::Scratch;

#[test]
fn forms() {
    let dir = Scratch::new("diff");
    dir.file("a", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n21\n22\n23\n24\n25\n26\n27\n28\n29\n30\n");
    dir.file("b", "1\n2\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20x\n21\n22\n23\n24\n25\n26\n27\n28\nnew\n29\n30\n");
    dir.file("e", "");
    dir.file("x", "x\ny\n");
    dir.file("n", "x\ny");
    applet("diff")
        .dir(dir.path())
        .args(["a", "b"])
        .stdout("3d2\n< 3\n20c19\n< 20\n---\n> 20x\n28a28\n> new\n")
        .fails(1);
    applet("diff").dir(dir.path()).args(["-L", "a", "-L", "b", "-u", "a", "b"]).stdout("--- a\n+++ b\n@@ -1,6 +1,5 @@\n 1\n 2\n-3\n 4\n 5\n 6\n@@ -17,7 +16,7 @@\n 17\n 18\n 19\n-20\n+20x\n 21\n 22\n 23\n@@ -26,5 +25,6 @@\n 26\n 27\n 28\n+new\n 29\n 30\n").fails(1);
    applet("diff").dir(dir.path()).args(["-L", "a", "-L", "b", "-U", "1", "a", "b"]).stdout("--- a\n+++ b\n@@ -2,3 +2,2 @@\n 2\n-3\n 4\n@@ -19,3 +18,3 @@\n 19\n-20\n+20x\n 21\n@@ -28,2 +27,3 @@\n 28\n+new\n 29\n").fails(1);
    applet("diff").dir(dir.path()).args(["-L", "a", "-L", "b", "-c", "a", "b"]).stdout("*** a\n--- b\n***************\n*** 1,6 ****\n  1\n  2\n- 3\n  4\n  5\n  6\n--- 1,5 ----\n***************\n*** 17,23 ****\n  17\n  18\n  19\n! 20\n  21\n  22\n  23\n--- 16,22 ----\n  17\n  18\n  19\n! 20x\n  21\n  22\n  23\n***************\n*** 26,30 ****\n--- 25,30 ----\n  26\n  27\n  28\n+ new\n  29\n  30\n").fails(1);
    applet("diff").dir(dir.path()).args(["-L", "a", "-L", "b", "-C", "1", "a", "b"]).stdout("*** a\n--- b\n***************\n*** 2,4 ****\n  2\n- 3\n  4\n--- 2,3 ----\n***************\n*** 19,21 ****\n  19\n! 20\n  21\n--- 18,20 ----\n  19\n! 20x\n  21\n***************\n*** 28,29 ****\n--- 27,29 ----\n  28\n+ new\n  29\n").fails(1);
    applet("diff").dir(dir.path()).args(["-q", "a", "b"]).stdout("Files a and b differ\n").fails(1);
    applet("diff").dir(dir.path()).args(["a", "a"]).stdout("").ok();
    applet("diff")
        .dir(dir.path())
        .args(["-s", "a", "a"])
        .stdout("Files a and a are identical\n")
        .ok();
    applet("diff").dir(dir.path()).args(["e", "x"]).stdout("0a1,2\n> x\n> y\n").fails(1);
    applet("diff").dir(dir.path()).args(["x", "e"]).stdout("1,2d0\n< x\n< y\n").fails(1);
    applet("diff")
        .dir(dir.path())
        .args(["-L", "a", "-L", "b", "-u", "e", "x"])
        .stdout("--- a\n+++ b\n@@ -0,0 +1,2 @@\n+x\n+y\n")
        .fails(1);
    applet("diff")
        .dir(dir.path())
        .args(["-L", "a", "-L", "b", "-c", "x", "e"])
        .stdout("*** a\n--- b\n***************\n*** 1,2 ****\n- x\n- y\n--- 0 ----\n")
        .fails(1);
    applet("diff")
        .dir(dir.path())
        .args(["x", "n"])
        .stdout("2c2\n< y\n---\n> y\n\\ No newline at end of file\n")
        .fails(1);
    applet("diff")
        .dir(dir.path())
        .args(["-L", "a", "-L", "b", "-u", "n", "x"])
        .stdout("--- a\n+++ b\n@@ -1,2 +1,2 @@\n x\n-y\n\\ No newline at end of file\n+y\n")
        .fails(1);
    applet("diff")
        .dir(dir.path())
        .args(["-L", "a", "-L", "b", "-U0", "a", "b"])
        .stdout(
            "--- a\n+++ b\n@@ -3 +2,0 @@\n-3\n@@ -20 +19 @@\n-20\n+20x\n@@ -28,0 +28 @@\n+new\n",
        )
        .fails(1);
    applet("diff").dir(dir.path()).args(["a"]).stdout("").fails(2);
    applet("diff").dir(dir.path()).args(["a", "nosuch"]).stdout("").fails(2);
    applet("diff").dir(dir.path()).args(["-Ux", "a", "b"]).stdout("").fails(2);
    applet("diff")
        .dir(dir.path())
        .args(["-", "x"])
        .stdin("x\nz\n")
        .stdout("2c2\n< z\n---\n> y\n")
        .fails(1);
    applet("diff").dir(dir.path()).args(["-L", "a", "-L", "b", "-u", "-d", "a", "b"]).stdout("--- a\n+++ b\n@@ -1,6 +1,5 @@\n 1\n 2\n-3\n 4\n 5\n 6\n@@ -17,7 +16,7 @@\n 17\n 18\n 19\n-20\n+20x\n 21\n 22\n 23\n@@ -26,5 +25,6 @@\n 26\n 27\n 28\n+new\n 29\n 30\n").fails(1);
}

#[test]
fn what_makes_no_difference() {
    let dir = Scratch::new("diff");
    dir.file("a", "A b\n");
    dir.file("b", "a  b\n");
    dir.file("c", "ab\n");
    dir.file("d", "a b \n");
    dir.file("e", "a\n\nb\n");
    dir.file("f", "a\nb\n");
    dir.file("g", "a\r\nb\n");
    dir.file("h", "1\n2\n3\n1\n2\n3\n");
    dir.file("i", "1\n2\n3\n");
    applet("diff")
        .dir(dir.path())
        .args(["-i", "a", "b"])
        .stdout("1c1\n< A b\n---\n> a  b\n")
        .fails(1);
    applet("diff")
        .dir(dir.path())
        .args(["-b", "a", "b"])
        .stdout("1c1\n< A b\n---\n> a  b\n")
        .fails(1);
    applet("diff").dir(dir.path()).args(["-ib", "a", "b"]).stdout("").ok();
    applet("diff").dir(dir.path()).args(["-iw", "a", "b"]).stdout("").ok();
    applet("diff").dir(dir.path()).args(["-w", "c", "d"]).stdout("").ok();
    applet("diff")
        .dir(dir.path())
        .args(["-b", "c", "d"])
        .stdout("1c1\n< ab\n---\n> a b \n")
        .fails(1);
    applet("diff").dir(dir.path()).args(["-B", "e", "f"]).stdout("").ok();
    applet("diff").dir(dir.path()).args(["e", "f"]).stdout("2d1\n< \n").fails(1);
    applet("diff").dir(dir.path()).args(["--strip-trailing-cr", "g", "f"]).stdout("").ok();
    applet("diff").dir(dir.path()).args(["g", "f"]).stdout("1c1\n< a\r\n---\n> a\n").fails(1);
    applet("diff").dir(dir.path()).args(["h", "i"]).stdout("4,6d3\n< 1\n< 2\n< 3\n").fails(1);
    applet("diff").dir(dir.path()).args(["i", "h"]).stdout("3a4,6\n> 1\n> 2\n> 3\n").fails(1);
}

#[test]
fn bytes_and_tabs() {
    let dir = Scratch::new("diff");
    dir.file("a", b"a\x00");
    dir.file("b", b"b\x00");
    dir.file("t", "a\tb\n");
    dir.file("u", "c\td\n");
    applet("diff")
        .dir(dir.path())
        .args(["a", "b"])
        .stdout("Binary files a and b differ\n")
        .fails(1);
    applet("diff").dir(dir.path()).args(["-a", "a", "b"]).stdout(b"1c1\n< a\x00\n\\ No newline at end of file\n---\n> b\x00\n\\ No newline at end of file\n").fails(1);
    applet("diff")
        .dir(dir.path())
        .args(["-t", "t", "u"])
        .stdout("1c1\n< a       b\n---\n> c       d\n")
        .fails(1);
    applet("diff")
        .dir(dir.path())
        .args(["-T", "t", "u"])
        .stdout("1c1\n<\ta\tb\n---\n>\tc\td\n")
        .fails(1);
    applet("diff")
        .dir(dir.path())
        .args(["-L", "a", "-L", "b", "-uT", "t", "u"])
        .stdout("--- a\n+++ b\n@@ -1 +1 @@\n-\ta\tb\n+\tc\td\n")
        .fails(1);
    applet("diff")
        .dir(dir.path())
        .args(["-L", "a", "-L", "b", "-ut", "t", "u"])
        .stdout("--- a\n+++ b\n@@ -1 +1 @@\n-a       b\n+c       d\n")
        .fails(1);
    applet("diff").dir(dir.path()).args(["-q", "a", "b"]).stdout("Files a and b differ\n").fails(1);
    applet("diff")
        .dir(dir.path())
        .args(["-s", "a", "a"])
        .stdout("Files a and a are identical\n")
        .ok();
}

#[test]
fn missing_and_same_folders() {
    let dir = Scratch::new("diff");
    dir.file("d/s/g", "deep\n");
    dir.file("e/f", "x\n");
    applet("diff").dir(dir.path()).args(["d", "d"]).stdout("").ok();
    std::os::unix::fs::symlink("d", dir.path().join("ld")).unwrap();
    applet("diff").dir(dir.path()).args(["ld", "d"]).stdout("").ok();
    let done = applet("diff").dir(dir.path()).args(["-rNq", "d", "e"]).fails(1);
    assert!(done.stderr.is_empty());
}

#[test]
fn beside_each_other_and_scripts() {
    let dir = Scratch::new("diff-columns");
    dir.file("a", "one\ntwo\nthree\n");
    dir.file("b", "one\n2\nthree\n.\nfour\n");
    dir.file("c", "one\n\ttwo\n#3\nthree\n");
    dir.file("d", "one\n        two\n#4\nthree\n");
    let says = |words: &str, output: &str, status: i32| {
        let case = applet("diff").dir(dir.path()).args(words.split(' '));
        case.stdout(output).fails(status);
    };
    let wide = "one\t\tone\ntwo\t      |\t2\nthree\t\tthree\n\t      >\t.\n\t      >\tfour\n";
    says("-y -W 30 a b", wide, 1);
    says(
        "-y -W 30 -t a b",
        "one              one\ntwo           |  2\nthree            three\n              >  .\n              >  four\n",
        1,
    );
    says(
        "-y -W 30 --left-column a b",
        "one\t      (\ntwo\t      |\t2\nthree\t      (\n\t      >\t.\n\t      >\tfour\n",
        1,
    );
    says("-yW30 --suppress-common-lines b a", "2\t      |\ttwo\n.\t      <\nfour\t      <\n", 1);
    says("-e a b", "3a\n..\n.\ns/.//\na\nfour\n.\n2c\n2\n.\n", 1);
    says("-f a b", "c2\n2\n.\na3\n.\nfour\n.\n", 1);
    says("-n a b", "d2 1\na2 1\n2\na3 2\n.\nfour\n", 1);
    says("-E c d", "3c3\n< #3\n---\n> #4\n", 1);
    says("-I ^# -E c d", "", 0);
    says("-I ^# c d", "2,3c2,3\n< \ttwo\n< #3\n---\n>         two\n> #4\n", 1);
    says(
        "-U0 -L x -L y -F ^o a b",
        "--- x\n+++ y\n@@ -2 +2 @@ one\n-two\n+2\n@@ -3,0 +4,2 @@ one\n+.\n+four\n",
        1,
    );
    says(
        "--color=always a b",
        "\x1b[36m2c2\x1b[0m\n\x1b[31m< two\x1b[0m\n---\n\x1b[32m> 2\x1b[0m\n\x1b[36m3a4,5\x1b[0m\n\
         \x1b[32m> .\x1b[0m\n\x1b[32m> four\x1b[0m\n",
        1,
    );
    // a line that came twice: the one before the end that both have
    dir.file("x", "x\ny\ny\nz\n");
    dir.file("y", "w\ny\ny\ny\nz\n");
    says("x y", "1c1,2\n< x\n---\n> w\n> y\n", 1);
}
