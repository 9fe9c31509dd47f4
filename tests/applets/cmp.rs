//! cmp.

use crate::harness::applet::applet;
use crate::harness::scratch::Scratch;

#[test]
fn differences() {
    let dir = Scratch::new("cmp");
    dir.file("a", "abcd");
    dir.file("b", "axcx");
    dir.file("c", "ab");
    dir.file("e", "");
    dir.file("n", "ab\n");
    applet("cmp").dir(dir.path()).args(["a", "b"]).stdout("a b differ: char 2, line 1\n").fails(1);
    applet("cmp").dir(dir.path()).args(["-s", "a", "b"]).stdout("").fails(1);
    applet("cmp").dir(dir.path()).args(["-l", "a", "b"]).stdout("2 142 170\n4 144 170\n").fails(1);
    applet("cmp").dir(dir.path()).args(["a", "a"]).stdout("").ok();
    applet("cmp").dir(dir.path()).args(["a", "nosuch"]).stdout("").fails(2);
    applet("cmp").dir(dir.path()).args(["-n1", "a", "b"]).stdout("").ok();
    applet("cmp")
        .dir(dir.path())
        .args(["-i2", "a", "b"])
        .stdout("a b differ: char 2, line 1\n")
        .fails(1);
    applet("cmp")
        .dir(dir.path())
        .args(["-i", "2:2", "a", "b"])
        .stdout("a b differ: char 2, line 1\n")
        .fails(1);
    applet("cmp")
        .dir(dir.path())
        .args(["a", "b", "1", "1"])
        .stdout("a b differ: char 1, line 1\n")
        .fails(1);
    applet("cmp")
        .dir(dir.path())
        .args(["a", "b", "2", "2"])
        .stdout("a b differ: char 2, line 1\n")
        .fails(1);
    applet("cmp").dir(dir.path()).args(["c", "-"]).stdin("ab").stdout("").ok();
    applet("cmp")
        .dir(dir.path())
        .args(["-", "c"])
        .stdin("x")
        .stdout("- c differ: char 1, line 1\n")
        .fails(1);
    applet("cmp").dir(dir.path()).args(["a", "c"]).stdout("").fails(1);
    applet("cmp").dir(dir.path()).args(["c", "a"]).stdout("").fails(1);
    applet("cmp").dir(dir.path()).args(["e", "a"]).stdout("").fails(1);
    applet("cmp").dir(dir.path()).args(["-s", "e", "a"]).stdout("").fails(1);
    applet("cmp")
        .dir(dir.path())
        .args(["-b", "a", "b"])
        .stdout("a b differ: byte 2, line 1 is 142 b 170 x\n")
        .fails(1);
    applet("cmp")
        .dir(dir.path())
        .args(["-bl", "a", "b"])
        .stdout("2 142 b    170 x\n4 144 d    170 x\n")
        .fails(1);
    applet("cmp").dir(dir.path()).stdout("").fails(2);
    applet("cmp").dir(dir.path()).args(["-n", "x", "a", "b"]).stdout("").fails(2);
    applet("cmp").dir(dir.path()).args(["n", "c"]).stdout("").fails(1);
    // -s says nothing of a file that is not there either, and - is the same file twice
    let silent = applet("cmp").args(["-s", "/nosuch", "-"]).fails(2);
    assert!(silent.stderr.is_empty());
    applet("cmp").args(["-", "-"]).stdin("x").stdout("").ok();
}
