//! comm, paste, rev, tac, fold.

use crate::harness::applet::{applet, reference};
use crate::harness::scratch::Scratch;

#[test]
fn in_common() {
    let dir = Scratch::new("lines");
    dir.file("a", "1\n2\n3\n");
    dir.file("b", "2\n3\n4\n");
    dir.file("u", "2\n1\n");
    applet("comm").dir(dir.path()).args(["a", "b"]).stdout("1\n\t\t2\n\t\t3\n\t4\n").ok();
    applet("comm").dir(dir.path()).args(["-1", "a", "b"]).stdout("\t2\n\t3\n4\n").ok();
    applet("comm").dir(dir.path()).args(["-12", "a", "b"]).stdout("2\n3\n").ok();
    applet("comm").dir(dir.path()).args(["-3", "a", "b"]).stdout("1\n\t4\n").ok();
    applet("comm").dir(dir.path()).args(["-23", "a", "b"]).stdout("1\n").ok();
    applet("comm")
        .dir(dir.path())
        .args(["--output-delimiter=,", "a", "b"])
        .stdout("1\n,,2\n,,3\n,4\n")
        .ok();
    applet("comm")
        .dir(dir.path())
        .args(["--total", "a", "b"])
        .stdout("1\n\t\t2\n\t\t3\n\t4\n1\t1\t2\ttotal\n")
        .ok();
    applet("comm").dir(dir.path()).args(["a"]).stdout("").fails(1);
    // disorder that is read while all lines have a partner is none
    dir.file("x", "b\na\nz\n");
    dir.file("y", "b\nc\n");
    applet("comm").dir(dir.path()).args(["x", "y"]).stdout("\t\tb\na\n\tc\nz\n").ok();
    applet("comm").dir(dir.path()).args(["u", "-"]).stdin("2\n").stdout("\t\t2\n1\n").fails(1);
    applet("comm")
        .dir(dir.path())
        .args(["a", "-"])
        .stdin("1\n9\n")
        .stdout("\t\t1\n2\n3\n\t9\n")
        .ok();
    applet("comm").dir(dir.path()).args(["a", "nosuch"]).stdout("").fails(1);
    applet("comm").dir(dir.path()).args(["a", "a"]).stdout("\t\t1\n\t\t2\n\t\t3\n").ok();
    applet("comm")
        .dir(dir.path())
        .args(["--nocheck-order", "u", "a"])
        .stdout("\t1\n\t\t2\n1\n\t3\n")
        .ok();
}

#[test]
fn side_by_side() {
    let dir = Scratch::new("lines");
    dir.file("a", "1\n2\n3\n");
    dir.file("b", "x\ny");
    applet("paste").dir(dir.path()).args(["a", "b"]).stdout("1\tx\n2\ty\n3\t\n").ok();
    applet("paste").dir(dir.path()).args(["-d,", "a", "b"]).stdout("1,x\n2,y\n3,\n").ok();
    applet("paste").dir(dir.path()).args(["-s", "a", "b"]).stdout("1\t2\t3\nx\ty\n").ok();
    applet("paste").dir(dir.path()).args(["-s", "-d,", "a"]).stdout("1,2,3\n").ok();
    applet("paste")
        .dir(dir.path())
        .args(["-d,:", "a", "b", "a"])
        .stdout("1,x:1\n2,y:2\n3,:3\n")
        .ok();
    applet("paste")
        .dir(dir.path())
        .args(["-", "-"])
        .stdin("1\n2\n3\n4\n5\n")
        .stdout("1\t2\n3\t4\n5\t\n")
        .ok();
    applet("paste")
        .dir(dir.path())
        .args(["-d", "\\n", "-", "-"])
        .stdin("1\n2\n")
        .stdout("1\n2\n")
        .ok();
    applet("paste")
        .dir(dir.path())
        .args(["-d", "\\0", "-", "-"])
        .stdin("1\n2\n")
        .stdout("12\n")
        .ok();
    applet("paste").dir(dir.path()).args(["a", "nosuch"]).stdout("").fails(1);
    applet("paste").dir(dir.path()).args(["-s"]).stdin("a\nb\n").stdout("a\tb\n").ok();
    applet("paste").dir(dir.path()).args(["-s", "-d", ",;", "a"]).stdout("1,2;3\n").ok();
    applet("paste")
        .dir(dir.path())
        .args(["-sd", "\\t\\n", "-"])
        .stdin("1\n2\n3\n")
        .stdout("1\t2\n3\n")
        .ok();
}

#[test]
fn backwards() {
    let dir = Scratch::new("lines");
    dir.file("a", "abc\ndef");
    dir.file("b", "1\n2\n");
    applet("rev").dir(dir.path()).args(["a"]).stdout("cba\nfed").ok();
    applet("rev").dir(dir.path()).args(["b"]).stdout("1\n2\n").ok();
    applet("rev").dir(dir.path()).stdin("x y\n").stdout("y x\n").ok();
    applet("rev").dir(dir.path()).args(["nosuch"]).stdout("").fails(1);
    applet("tac").dir(dir.path()).args(["a"]).stdout("defabc\n").ok();
    applet("tac").dir(dir.path()).args(["b"]).stdout("2\n1\n").ok();
    applet("tac").dir(dir.path()).args(["a", "b"]).stdout("defabc\n2\n1\n").ok();
    applet("tac").dir(dir.path()).stdin("1\n2\n3\n").stdout("3\n2\n1\n").ok();
    applet("tac").dir(dir.path()).args(["-s", ","]).stdin("1,2,3").stdout("32,1,").ok();
    applet("tac").dir(dir.path()).args(["-b", "-s", ","]).stdin("1,2,3").stdout(",3,21").ok();
    applet("tac").dir(dir.path()).args(["nosuch"]).stdout("").fails(1);
}

#[test]
fn folding() {
    applet("fold").args(["-w", "3"]).stdin("abcdefgh\nxy\n").stdout("abc\ndef\ngh\nxy\n").ok();
    applet("fold")
        .args(["-s", "-w", "8"])
        .stdin("hello big world\n")
        .stdout("hello \nbig \nworld\n")
        .ok();
    applet("fold").args(["-w", "4"]).stdin("a\tb\n").stdout("a\n\t\nb\n").ok();
    applet("fold").args(["-bw", "2"]).stdin("abcde").stdout("ab\ncd\ne").ok();
    applet("fold").args(["-5"]).stdin("abcdefg\n").stdout("abcde\nfg\n").ok();
    applet("fold").args(["-w", "3"]).stdin(b"ab\x08\x08cdef\n").stdout(b"ab\x08\x08cde\nf\n").ok();
    applet("fold").args(["-s", "-w", "4"]).stdin("abcdefgh ij\n").stdout("abcd\nefgh\n ij\n").ok();
    applet("fold").args(["-w", "0"]).stdout("").fails(1);
    applet("fold").args(["-w", "x"]).stdout("").fails(1);
    applet("fold").stdin("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n").stdout("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\nxxxxxxxxxxxxxxxxxxxx\n").ok();
}

#[test]
fn pairs_own() {
    if reference().is_some() {
        return;
    }
    let dir = Scratch::new("lines");
    dir.file("a", "one\ntwo\nthree\n");
    // no complaint about the order where all lines have a partner
    applet("comm").dir(dir.path()).args(["a", "a"]).stdout("\t\tone\n\t\ttwo\n\t\tthree\n").ok();
    let args = ["-d", "\u{e9},", "a", "a", "a"];
    applet("paste")
        .dir(dir.path())
        .args(args)
        .stdout("one\u{e9}one,one\ntwo\u{e9}two,two\nthree\u{e9}three,three\n")
        .ok();
    applet("paste").dir(dir.path()).args([".", "a"]).stdout("\tone\n\ttwo\n\tthree\n").fails(1);
}
