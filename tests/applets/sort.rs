//! sort.

use crate::harness::applet::applet;
use crate::harness::scratch::Scratch;

#[test]
fn orders() {
    applet("sort").args(["-V"]).stdin("b\n.a\n\n").stdout("\n.a\nb\n").ok();
    applet("sort").stdin("b\na\nc\na\n").stdout("a\na\nb\nc\n").ok();
    applet("sort").args(["-u"]).stdin("b\na\nc\na\n").stdout("a\nb\nc\n").ok();
    applet("sort").args(["-r"]).stdin("b\na\nc\na\n").stdout("c\nb\na\na\n").ok();
    applet("sort")
        .args(["-n"])
        .stdin("10\n9\n-1\n1.5\nx\n-1.5\n")
        .stdout("-1.5\n-1\nx\n1.5\n9\n10\n")
        .ok();
    applet("sort").args(["-nr"]).stdin("10\n9\n-1\n1.5\nx\n").stdout("10\n9\n1.5\nx\n-1\n").ok();
    applet("sort")
        .args(["-g"])
        .stdin("10\n9\n-1\n1e2\nx\nnan\n-1e-3\n")
        .stdout("x\nnan\n-1\n-1e-3\n9\n10\n1e2\n")
        .ok();
    applet("sort")
        .args(["-h"])
        .stdin("1K\n2\n1M\n3G\n0K\n-1K\n1.5K\n")
        .stdout("-1K\n0K\n2\n1K\n1.5K\n1M\n3G\n")
        .ok();
    applet("sort").args(["-M"]).stdin("Mar\nJan\nfoo\nDEC\n").stdout("foo\nJan\nMar\nDEC\n").ok();
    applet("sort")
        .args(["-V"])
        .stdin("a1\na10\na2\na1.tar.gz\na~\na\n")
        .stdout("a~\na\na1\na1.tar.gz\na2\na10\n")
        .ok();
    applet("sort").args(["-sV"]).stdin("a7\na007\na07\n").stdout("a7\na007\na07\n").ok();
    applet("sort").args(["-uV"]).stdin("a7\na007\na07\n").stdout("a7\n").ok();
    applet("sort").args(["-V"]).stdin("a7\na007\na07\n").stdout("a007\na07\na7\n").ok();
    applet("sort").args(["-f"]).stdin("B\na\nC\nb\n").stdout("a\nB\nb\nC\n").ok();
    applet("sort").args(["-d"]).stdin("a-b\nab\na_a\n").stdout("a_a\na-b\nab\n").ok();
    applet("sort").args(["-i"]).stdin(b"a\x01b\nac\naab\n").stdout(b"aab\na\x01b\nac\n").ok();
    applet("sort").args(["-b"]).stdin("  b\n a\nc\n").stdout(" a\n  b\nc\n").ok();
    applet("sort").stdin("  b\n a\nc\n").stdout("  b\n a\nc\n").ok();
    applet("sort").stdin("a\n\nb").stdout("\na\nb\n").ok();
    applet("sort").args(["-z"]).stdin(b"b\x00a\x00").stdout(b"a\x00b\x00").ok();
    applet("sort").args(["-fu"]).stdin("a\nA\nb\n").stdout("a\nb\n").ok();
    applet("sort").args(["-nu"]).stdin("1\n01\n2\n").stdout("1\n2\n").ok();
    applet("sort")
        .args(["--sort=numeric", "--reverse"])
        .stdin("1\n2\n10\n")
        .stdout("10\n2\n1\n")
        .ok();
}

#[test]
fn keys() {
    applet("sort").args(["-k2"]).stdin("a 3\nb 2\nc 1\n").stdout("c 1\nb 2\na 3\n").ok();
    applet("sort")
        .args(["-t:", "-k2,2n"])
        .stdin("a:3:x\nb:2:y\nc:1:z\n")
        .stdout("c:1:z\nb:2:y\na:3:x\n")
        .ok();
    applet("sort")
        .args(["-t:", "-k2,2n", "-k1,1r"])
        .stdin("a:3:x\nb:3:y\nc:1:z\na:3:w\n")
        .stdout("c:1:z\nb:3:y\na:3:w\na:3:x\n")
        .ok();
    applet("sort").args(["-k2f"]).stdin("b A\na B\nc a\n").stdout("b A\nc a\na B\n").ok();
    applet("sort").args(["-s", "-k1,1"]).stdin("x 1 b\nx 1 a\n").stdout("x 1 b\nx 1 a\n").ok();
    applet("sort").args(["-k1,1"]).stdin("x 1 b\nx 1 a\n").stdout("x 1 a\nx 1 b\n").ok();
    applet("sort").args(["-k", "2.1,2.1"]).stdin("1 2 3\n1 10 2\n").stdout("1 10 2\n1 2 3\n").ok();
    applet("sort").args(["-k", "2n,2"]).stdin("1 2 3\n1 10 2\n").stdout("1 2 3\n1 10 2\n").ok();
    applet("sort").args(["-k1.2,1.3"]).stdin("abz\nbaa\ncab\n").stdout("baa\ncab\nabz\n").ok();
    applet("sort").args(["-t", ",", "-k2"]).stdin("a,\nb\nc,x\n").stdout("a,\nb\nc,x\n").ok();
    applet("sort")
        .args(["-t", ",", "-k2,2", "-k1,1"])
        .stdin("b,,\na,,\na,b,c\n")
        .stdout("a,,\nb,,\na,b,c\n")
        .ok();
    applet("sort").args(["-k2b,2"]).stdin("a  x\nb y\nc  w\n").stdout("c  w\na  x\nb y\n").ok();
    applet("sort").args(["-rk2,2"]).stdin("a 1\nb 2\n").stdout("b 2\na 1\n").ok();
    applet("sort").args(["-k2,2r"]).stdin("a 1\nb 2\n").stdout("b 2\na 1\n").ok();
    applet("sort").args(["-n", "-k2"]).stdin("a 10\nb 9\n").stdout("b 9\na 10\n").ok();
    applet("sort")
        .args(["-t", "x", "-k", "2.2b,2.3n"])
        .stdin("1x 5\n1x 4\n")
        .stdout("1x 4\n1x 5\n")
        .ok();
}

#[test]
fn checks() {
    let dir = Scratch::new("sort");
    dir.file("f", "b\na\n");
    dir.file("g", "a\nb\n");
    applet("sort").dir(dir.path()).args(["-c", "g"]).stdout("").ok();
    applet("sort").dir(dir.path()).args(["-c", "f"]).stdout("").fails(1);
    applet("sort").dir(dir.path()).args(["-C", "f"]).stdout("").fails(1);
    applet("sort").dir(dir.path()).args(["-cr", "f"]).stdout("").ok();
    applet("sort").dir(dir.path()).args(["-cu"]).stdin("a\na\n").stdout("").fails(1);
    applet("sort").dir(dir.path()).args(["-c"]).stdin("a\na\n").stdout("").ok();
    applet("sort").dir(dir.path()).args(["-c", "f", "g"]).stdout("").fails(2);
    applet("sort").dir(dir.path()).args(["nosuch"]).stdout("").fails(2);
    applet("sort").dir(dir.path()).args(["-k0"]).stdout("").fails(2);
    applet("sort").dir(dir.path()).args(["-kx"]).stdout("").fails(2);
    applet("sort").dir(dir.path()).args(["-k1.0"]).stdout("").fails(2);
    applet("sort").dir(dir.path()).args(["-t", "ab"]).stdout("").fails(2);
    applet("sort").dir(dir.path()).args(["-cn"]).stdin("2\n10\n").stdout("").ok();
}

#[test]
fn files() {
    let dir = Scratch::new("sort");
    dir.file("f", "b\na");
    dir.file("g", "c\n");
    applet("sort").dir(dir.path()).args(["f", "g"]).stdout("a\nb\nc\n").ok();
    applet("sort").dir(dir.path()).args(["-m", "g", "f"]).stdout("b\na\nc\n").ok();
    applet("sort").dir(dir.path()).args(["-o", "f", "f"]).stdout("").ok();
    applet("sort").dir(dir.path()).args(["f"]).stdout("a\nb\n").ok();
    applet("sort").dir(dir.path()).args(["-m", "-o", "g", "g", "f"]).stdout("").ok();
    applet("sort").dir(dir.path()).args(["g"]).stdout("a\nb\nc\n").ok();
    applet("sort").dir(dir.path()).args(["-o", "/nosuch/x", "f"]).stdout("").fails(2);
}

#[test]
fn candidates_of_a_release() {
    applet("sort")
        .args(["-V"])
        .stdin("a-1.2.tgz\na-1.10.tgz\na-1.2-rc1.tgz\n")
        .stdout("a-1.2-rc1.tgz\na-1.2.tgz\na-1.10.tgz\n")
        .ok();
}
