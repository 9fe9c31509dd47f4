//! wc.

use crate::harness::applet::applet;
use crate::harness::scratch::Scratch;

#[test]
fn counts() {
    let dir = Scratch::new("wc");
    dir.file("f", "a b\nc\n");
    dir.file("g", "x");
    applet("wc").dir(dir.path()).stdin("a b\nc\n").stdout("      2       3       6\n").ok();
    applet("wc").dir(dir.path()).args(["-l"]).stdin("a b\nc").stdout("1\n").ok();
    applet("wc").dir(dir.path()).args(["-w"]).stdin("a b\nc").stdout("3\n").ok();
    let bytes = b"\0 a\x01b \x7f\nc\x02\n";
    applet("wc").dir(dir.path()).args(["-w"]).stdin(bytes).stdout("2\n").ok();
    applet("wc").dir(dir.path()).args(["-c"]).stdin("a b\nc").stdout("5\n").ok();
    applet("wc").dir(dir.path()).args(["-m"]).stdin("a b\nc").stdout("5\n").ok();
    applet("wc").dir(dir.path()).args(["-L"]).stdin("a\tb\nccc\n").stdout("9\n").ok();
    applet("wc").dir(dir.path()).args(["-lw"]).stdin("a").stdout("      0       1\n").ok();
    applet("wc").dir(dir.path()).stdout("      0       0       0\n").ok();
    applet("wc").dir(dir.path()).args(["f"]).stdout("2 3 6 f\n").ok();
    applet("wc").dir(dir.path()).args(["-l", "f"]).stdout("2 f\n").ok();
    applet("wc").dir(dir.path()).args(["f", "g"]).stdout("2 3 6 f\n0 1 1 g\n2 4 7 total\n").ok();
    applet("wc").dir(dir.path()).args(["-lc", "f"]).stdout("2 6 f\n").ok();
    applet("wc").dir(dir.path()).args(["nosuch", "f"]).stdout("2 3 6 f\n2 3 6 total\n").fails(1);
    applet("wc")
        .dir(dir.path())
        .args(["g", "g", "g"])
        .stdout("0 1 1 g\n0 1 1 g\n0 1 1 g\n0 3 3 total\n")
        .ok();
    applet("wc")
        .env("LC_ALL", "C.UTF-8")
        .args(["-m"])
        .stdin(b"a\xff\xfeb\xe2\x82\xac\n")
        .stdout("4\n")
        .ok();
}
