//! tr.

use crate::harness::applet::applet;

#[test]
fn translation() {
    applet("tr").args(["a-y", "b-z"]).stdin("hello\n").stdout("ifmmp\n").ok();
    applet("tr").args(["[:lower:]", "[:upper:]"]).stdin("hello 1\n").stdout("HELLO 1\n").ok();
    applet("tr").args(["abcdefgh", "12"]).stdin("hello\n").stdout("22llo\n").ok();
    applet("tr").args(["-t", "abcdefgh", "12"]).stdin("hello\n").stdout("hello\n").ok();
    applet("tr").args(["--", "-b", "xy"]).stdin("a-b\n").stdout("axy\n").ok();
    applet("tr").args(["a-", "xy"]).stdin("a-b\n").stdout("xyb\n").ok();
    applet("tr").args(["\\000-\\010", "x"]).stdin(b"a\x00\x01\x08\n").stdout("axxx\n").ok();
    applet("tr").args(["\\n", " "]).stdin("a\nb\n").stdout("a b ").ok();
    applet("tr").args(["[a-c]", "<x-z>"]).stdin("[abc]\n").stdout("<xyz>\n").ok();
    applet("tr").args(["-d", "[=b=]"]).stdin("abba\n").stdout("aa\n").ok();
    applet("tr").args(["abcd", "[x*2]yz"]).stdin("abcd\n").stdout("xxyz\n").ok();
    applet("tr").args(["a-e", "x[y*]z"]).stdin("abcde\n").stdout("xyyyz\n").ok();
}

#[test]
fn complements() {
    applet("tr").args(["-c", "l\\n", "[x*]"]).stdin("hello\n").stdout("xxllx\n").ok();
    applet("tr").args(["-c", "a-z\\n", "_"]).stdin("a b1\n").stdout("a_b_\n").ok();
    applet("tr").args(["-C", "\\n", "x"]).stdin("ab\n").stdout("xx\n").ok();
    applet("tr").args(["-cd", "l\\n"]).stdin("hello\n").stdout("ll\n").ok();
    applet("tr")
        .args(["-cs", "a-z", "\\n"])
        .stdin("one, two;  three")
        .stdout("one\ntwo\nthree")
        .ok();
}

#[test]
fn deleting_and_squeezing() {
    applet("tr").args(["-d", "l"]).stdin("hello\n").stdout("heo\n").ok();
    applet("tr").args(["-d", "0-9a-f"]).stdin("x1ay\n").stdout("xy\n").ok();
    applet("tr").args(["-s", " l"]).stdin("hello  x\n").stdout("helo x\n").ok();
    applet("tr").args(["-s", "l", "x"]).stdin("hello\n").stdout("hexo\n").ok();
    applet("tr").args(["-ds", "l", "e"]).stdin("hheelloo\n").stdout("hheoo\n").ok();
    applet("tr").args(["-s", "\\n"]).stdin("a\n\n\nb\n").stdout("a\nb\n").ok();
    applet("tr").args(["-s", "a-z"]).stdin("aabbcc\n").stdout("abc\n").ok();
    applet("tr").args(["-d", "[:space:]"]).stdin("a b\tc\n").stdout("abc").ok();
    applet("tr").args(["-d", "[:punct:][:digit:]"]).stdin("a.b1c!\n").stdout("abc\n").ok();
}

#[test]
fn what_is_no_set() {
    applet("tr").stdout("").fails(1);
    applet("tr").args(["a"]).stdout("").fails(1);
    applet("tr").args(["a", ""]).stdout("").fails(1);
    applet("tr").args(["z-a", "x"]).stdout("").fails(1);
    applet("tr").args(["-d", "a", "b"]).stdout("").fails(1);
    applet("tr").args(["[:no:]", "x"]).stdout("").fails(1);
    applet("tr").args(["a", "b", "c"]).stdout("").fails(1);
}
