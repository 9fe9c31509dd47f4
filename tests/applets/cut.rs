//! cut.

use crate::harness::applet::{applet, reference};
use crate::harness::scratch::Scratch;

#[test]
fn fields() {
    applet("cut")
        .args(["-d:", "-f1,3-4,9"])
        .stdin("a:b:c:d\nabcdef\n:\n\n")
        .stdout("a:c:d\nabcdef\n\n\n")
        .ok();
    applet("cut")
        .args(["-d:", "-f2-", "-s"])
        .stdin("a:b:c:d\nabcdef\n:\n\n")
        .stdout("b:c:d\n\n")
        .ok();
    applet("cut")
        .args(["-d:", "-f2", "--complement"])
        .stdin("a:b:c:d\nabcdef\n:\n\n")
        .stdout("a:c:d\nabcdef\n\n\n")
        .ok();
    applet("cut")
        .args(["-d:", "-f2,4", "--output-delimiter=XX"])
        .stdin("a:b:c:d\nabcdef\n:\n\n")
        .stdout("bXXd\nabcdef\n\n\n")
        .ok();
    applet("cut").args(["-d=", "-f2"]).stdin("a=b\n").stdout("b\n").ok();
    applet("cut").args(["-f2"]).stdin("a\tb\n").stdout("b\n").ok();
    applet("cut").args(["-d:", "-f4,2,2"]).stdin("1:2:3:4\n").stdout("2:4\n").ok();
    applet("cut").args(["-d:", "-f-2"]).stdin("1:2:3\n1\n").stdout("1:2\n1\n").ok();
    applet("cut").args(["-d", "", "-f2"]).stdin(b"a\x00b\n").stdout("b\n").ok();
}

#[test]
fn bytes() {
    applet("cut")
        .args(["-c2-3,5-", "--output-delimiter=,"])
        .stdin("abcdef\n")
        .stdout("bc,ef\n")
        .ok();
    applet("cut").args(["-b-2,4"]).stdin("abcdef\nx\n").stdout("abd\nx\n").ok();
    applet("cut").args(["-b1"]).stdin("abc").stdout("a\n").ok();
    applet("cut").args(["-z", "-b1"]).stdin(b"ab\x00cd\x00").stdout(b"a\x00c\x00").ok();
    applet("cut").args(["-c", "9-"]).stdin("abc\n").stdout("\n").ok();
    applet("cut").args(["-b", "3,1"]).stdin("abc\n").stdout("ac\n").ok();
    applet("cut").args(["--complement", "-c2"]).stdin("abc\n").stdout("ac\n").ok();
    applet("cut").args(["-c", "1 3"]).stdin("abc\n").stdout("ac\n").ok();
}

#[test]
fn what_is_no_list() {
    applet("cut").args(["-f0"]).stdout("").fails(1);
    applet("cut").args(["-f3-2"]).stdout("").fails(1);
    applet("cut").args(["-fx"]).stdout("").fails(1);
    applet("cut").args(["-f", "-"]).stdout("").fails(1);
    applet("cut").stdout("").fails(1);
    applet("cut").args(["-f1", "-c1"]).stdout("").fails(1);
    applet("cut").args(["-s", "-c1"]).stdout("").fails(1);
    applet("cut").args(["-d", "ab", "-f1"]).stdout("").fails(1);
    applet("cut").args(["-b1", "-d:"]).stdout("").fails(1);
}

#[test]
fn order_of_the_list_own() {
    if reference().is_some() {
        return;
    }
    applet("cut").args(["-D", "-d:", "-f3,1"]).stdin("a:b:c\nx\n").stdout("c:a\nx\n").ok();
    applet("cut").args(["-DF", "2,1"]).stdin("a  b\nx\n").stdout("b a\n\n").ok();
    applet("cut").args(["-F2-3", "-d", "[0-9]+"]).stdin("a1b22c333d\n").stdout("b c\n").ok();
    applet("cut")
        .env("LC_ALL", "C.UTF-8")
        .args(["-c2-3"])
        .stdin("h\u{e9}llo\n")
        .stdout("\u{e9}l\n")
        .ok();
    applet("cut").args(["-F2"]).stdin(" a  b c\n").stdout("a\n").ok();
    applet("cut").args(["-F1,3"]).stdin("a  b c\n").stdout("a c\n").ok();
    applet("cut").args(["-O", "/", "-F1-"]).stdin("a  b c\n").stdout("a/b/c\n").ok();
    applet("cut").args(["-D", "-c3,1"]).stdin("abc\n").stdout("ca\n").ok();
}

#[test]
fn files() {
    let dir = Scratch::new("cut");
    dir.file("one", "a b\n");
    dir.file("two", "c d");
    applet("cut").dir(dir.path()).args(["-d", " ", "-f2", "one", "two"]).stdout("b\nd\n").ok();
    applet("cut")
        .dir(dir.path())
        .args(["-d", " ", "-f1", "-", "one"])
        .stdin("x y\n")
        .stdout("x\na\n")
        .ok();
    applet("cut").dir(dir.path()).args(["-d", " ", "-f1", "nosuch", "one"]).stdout("a\n").fails(1);
}
