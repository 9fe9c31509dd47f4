//! head, tail.

use crate::harness::applet::applet;
use crate::harness::scratch::Scratch;

/// Of a pipe no more is read than was asked for.
#[test]
fn the_rest_is_left_to_the_next_reader() {
    for (command, expected) in [
        ("head -c 3; cat", "abcdef"),
        ("head -c 1k > /dev/null; cat", ""),
        ("od -An -c -N3; cat", "   a   b   c\ndef"),
    ] {
        let script = format!("printf abcdef | ({command})");
        applet("sh").args(["-c", &script]).stdout(expected).ok();
    }
}

#[test]
fn the_start() {
    let dir = Scratch::new("head");
    dir.file("s", "1\n2\n3\n");
    dir.file("t", "a\nb");
    applet("head")
        .dir(dir.path())
        .stdin("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n")
        .stdout("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n")
        .ok();
    applet("head")
        .dir(dir.path())
        .args(["-n", "3"])
        .stdin("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n")
        .stdout("1\n2\n3\n")
        .ok();
    applet("head")
        .dir(dir.path())
        .args(["-3"])
        .stdin("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n")
        .stdout("1\n2\n3\n")
        .ok();
    applet("head").dir(dir.path()).args(["-c", "3"]).stdin("hello").stdout("hel").ok();
    applet("head")
        .dir(dir.path())
        .args(["-c", "1b"])
        .stdin("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n")
        .stdout("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n")
        .ok();
    applet("head")
        .dir(dir.path())
        .args(["-n", "-18"])
        .stdin("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n")
        .stdout("1\n2\n")
        .ok();
    applet("head")
        .dir(dir.path())
        .args(["-c", "-48"])
        .stdin("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n")
        .stdout("1\n2")
        .ok();
    applet("head")
        .dir(dir.path())
        .args(["-n", "0"])
        .stdin("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n")
        .stdout("")
        .ok();
    applet("head").dir(dir.path()).args(["-n", "-1"]).stdin("a\nb").stdout("a\n").ok();
    applet("head")
        .dir(dir.path())
        .args(["-n", "1k"])
        .stdin("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n")
        .stdout("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n")
        .ok();
    applet("head")
        .dir(dir.path())
        .args(["-n1", "s", "t"])
        .stdout("==> s <==\n1\n\n==> t <==\na\n")
        .ok();
    applet("head").dir(dir.path()).args(["-v", "-n1", "s"]).stdout("==> s <==\n1\n").ok();
    applet("head").dir(dir.path()).args(["-q", "-n1", "s", "t"]).stdout("1\na\n").ok();
    applet("head").dir(dir.path()).args(["nosuch", "s"]).stdout("==> s <==\n1\n2\n3\n").fails(1);
    applet("head")
        .dir(dir.path())
        .args(["-n1", "-", "s"])
        .stdin("x\ny\n")
        .stdout("==> standard input <==\nx\n\n==> s <==\n1\n")
        .ok();
    applet("head").dir(dir.path()).args(["-z", "-n1"]).stdin(b"a\x00b\x00").stdout(b"a\x00").ok();
    applet("head").dir(dir.path()).args(["-n", "x"]).stdout("").fails(1);
    applet("head").dir(dir.path()).args(["-c", "x"]).stdout("").fails(1);
}

#[test]
fn the_end() {
    let dir = Scratch::new("head");
    dir.file("s", "1\n2\n3\n");
    dir.file("t", "a\nb");
    applet("tail")
        .dir(dir.path())
        .stdin("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n")
        .stdout("11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n")
        .ok();
    applet("tail")
        .dir(dir.path())
        .args(["-n", "3"])
        .stdin("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n")
        .stdout("18\n19\n20\n")
        .ok();
    applet("tail")
        .dir(dir.path())
        .args(["-3"])
        .stdin("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n")
        .stdout("18\n19\n20\n")
        .ok();
    applet("tail")
        .dir(dir.path())
        .args(["-n", "+18"])
        .stdin("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n")
        .stdout("18\n19\n20\n")
        .ok();
    applet("tail")
        .dir(dir.path())
        .args(["+18"])
        .stdin("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n")
        .stdout("18\n19\n20\n")
        .ok();
    applet("tail")
        .dir(dir.path())
        .args(["-c", "5"])
        .stdin("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n")
        .stdout("9\n20\n")
        .ok();
    applet("tail")
        .dir(dir.path())
        .args(["-c", "+45"])
        .stdin("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n")
        .stdout("\n19\n20\n")
        .ok();
    applet("tail").dir(dir.path()).args(["-n1"]).stdin("a\nb").stdout("b").ok();
    applet("tail")
        .dir(dir.path())
        .args(["-n1", "s", "t"])
        .stdout("==> s <==\n3\n\n==> t <==\nb")
        .ok();
    applet("tail").dir(dir.path()).args(["-v", "-n1", "s"]).stdout("==> s <==\n3\n").ok();
    applet("tail").dir(dir.path()).args(["-q", "-n1", "s", "t"]).stdout("3\nb").ok();
    applet("tail").dir(dir.path()).args(["-n2", "s"]).stdout("2\n3\n").ok();
    applet("tail").dir(dir.path()).args(["-c3", "s"]).stdout("\n3\n").ok();
    applet("tail").dir(dir.path()).args(["-n", "+2", "s"]).stdout("2\n3\n").ok();
    applet("tail").dir(dir.path()).args(["-n", "0", "s"]).stdout("").ok();
    applet("tail").dir(dir.path()).args(["-n", "+0", "s"]).stdout("1\n2\n3\n").ok();
    applet("tail").dir(dir.path()).args(["-n1", "t"]).stdout("b").ok();
    applet("tail").dir(dir.path()).args(["-n2", "t"]).stdout("a\nb").ok();
    applet("tail").dir(dir.path()).args(["-n3", "t"]).stdout("a\nb").ok();
    applet("tail").dir(dir.path()).args(["-n", "+2", "t"]).stdout("b").ok();
    applet("tail").dir(dir.path()).args(["-c", "+2", "t"]).stdout("\nb").ok();
    applet("tail").dir(dir.path()).args(["nosuch", "s"]).stdout("==> s <==\n1\n2\n3\n").fails(1);
    applet("tail").dir(dir.path()).args(["-z", "-n1"]).stdin(b"a\x00b\x00").stdout(b"b\x00").ok();
    applet("tail").dir(dir.path()).args(["-n", "x"]).stdout("").fails(1);
}
