//! basename, dirname, which, pwd, printenv.

use crate::harness::applet::applet;
use crate::harness::scratch::Scratch;

#[test]
fn bases() {
    applet("basename").args(["/a/b.c", ".c"]).stdout("b\n").ok();
    applet("basename").args(["a/"]).stdout("a\n").ok();
    applet("basename").args(["-a", "x/y", "z/w"]).stdout("y\nw\n").ok();
    applet("basename").args(["-s", ".c", "x.c", "y.c"]).stdout("x\ny\n").ok();
    applet("basename").args([".c", ".c"]).stdout(".c\n").ok();
    applet("basename").args(["/"]).stdout("/\n").ok();
    applet("basename").args(["//"]).stdout("/\n").ok();
    applet("basename").args(["a/b/"]).stdout("b\n").ok();
    applet("basename").args(["", "x"]).stdout("\n").ok();
    applet("basename").stdout("").fails(1);
    applet("basename").args(["a", "b", "c"]).stdout("").fails(1);
    applet("basename").args(["-z", "a"]).stdout(b"a\x00").ok();
    applet("basename").args(["--", "-a"]).stdout("-a\n").ok();
}

#[test]
fn folders() {
    applet("dirname").args(["/a/b"]).stdout("/a\n").ok();
    applet("dirname").args(["a"]).stdout(".\n").ok();
    applet("dirname").args(["/"]).stdout("/\n").ok();
    applet("dirname").args(["a/b/"]).stdout("a\n").ok();
    applet("dirname").args(["//a"]).stdout("/\n").ok();
    applet("dirname").args(["/a//b"]).stdout("/a\n").ok();
    applet("dirname").args(["a/b", "c/d"]).stdout("a\nc\n").ok();
    applet("dirname").stdout("").fails(1);
    applet("dirname").args(["-z", "a/b"]).stdout(b"a\x00").ok();
    applet("dirname").args(["///"]).stdout("/\n").ok();
}

#[test]
fn programs() {
    let dir = Scratch::new("basename");
    dir.file("x", "");
    dir.file("y", "");
    applet("which").dir(dir.path()).args(["nosuch"]).stdout("").fails(1);
    applet("which").dir(dir.path()).args(["/bin/sh"]).stdout("/bin/sh\n").ok();
    applet("which").dir(dir.path()).args(["./x"]).stdout("").fails(1);
}

#[test]
fn variables() {
    applet("printenv").args(["NOSUCH"]).stdout("").fails(1);
    applet("printenv").args(["LC_ALL"]).stdout("C\n").ok();
    applet("printenv").args(["-0", "LC_ALL", "TZ"]).stdout(b"C\x00UTC\x00").ok();
    applet("printenv").args(["A=B"]).stdout("").fails(1);
}
