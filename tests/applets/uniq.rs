//! uniq.

use crate::harness::applet::applet;
use crate::harness::scratch::Scratch;

#[test]
fn lines() {
    applet("uniq").stdin("a\na\nb\na\n").stdout("a\nb\na\n").ok();
    applet("uniq").args(["-c"]).stdin("a\na\nb\n").stdout("      2 a\n      1 b\n").ok();
    applet("uniq").args(["-d"]).stdin("a\na\nb\n").stdout("a\n").ok();
    applet("uniq").args(["-u"]).stdin("a\na\nb\n").stdout("b\n").ok();
    applet("uniq").args(["-i"]).stdin("a\nA\nb\n").stdout("a\nb\n").ok();
    applet("uniq").args(["-D"]).stdin("a\na\nb\nc\nc\n").stdout("a\na\nc\nc\n").ok();
    applet("uniq").args(["-f1"]).stdin("1 a\n2 a\n").stdout("1 a\n").ok();
    applet("uniq").args(["-1"]).stdin("1 a\n2 a\n").stdout("1 a\n").ok();
    applet("uniq").args(["-s1"]).stdin("1a\n2a\n").stdout("1a\n").ok();
    applet("uniq").args(["-w1"]).stdin("ab\nac\n").stdout("ab\n").ok();
    applet("uniq")
        .args(["--all-repeated=separate"])
        .stdin("a\na\nb\nc\nc\n")
        .stdout("a\na\n\nc\nc\n")
        .ok();
    applet("uniq").args(["-c"]).stdin("a\na\nb").stdout("      2 a\n      1 b\n").ok();
    applet("uniq").args(["-z"]).stdin(b"a\x00a\x00").stdout(b"a\x00").ok();
    applet("uniq").args(["-f1", "-s1"]).stdin("x ab\ny cb\n").stdout("x ab\ny cb\n").ok();
    applet("uniq").args(["-du"]).stdin("a\na\nb\n").stdout("").ok();
    applet("uniq").args(["-cd"]).stdin("a\na\nb\n").stdout("      2 a\n").ok();
}

#[test]
fn files() {
    let dir = Scratch::new("uniq");
    dir.file("u", "a\na\n");
    applet("uniq").dir(dir.path()).args(["u"]).stdout("a\n").ok();
    applet("uniq").dir(dir.path()).args(["u", "v"]).stdout("").ok();
    applet("uniq").dir(dir.path()).args(["v"]).stdout("a\n").ok();
    applet("uniq").dir(dir.path()).args(["nosuch"]).stdout("").fails(1);
    applet("uniq").dir(dir.path()).args(["u", "v", "w"]).stdout("").fails(1);
    applet("uniq").dir(dir.path()).args(["-f", "x", "u"]).stdout("").fails(1);
    applet("uniq").dir(dir.path()).args(["-cD", "u"]).stdout("").fails(1);
}
