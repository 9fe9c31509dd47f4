//! md5sum and its relatives, cksum, sum, crc32.

use crate::harness::applet::{applet, reference};
use crate::harness::scratch::Scratch;

#[test]
fn of_files() {
    let dir = Scratch::new("digests");
    dir.file("abc", "abc");
    dir.file("empty", "");
    applet("md5sum")
        .dir(dir.path())
        .stdin("abc")
        .stdout("900150983cd24fb0d6963f7d28e17f72  -\n")
        .ok();
    applet("md5sum")
        .dir(dir.path())
        .args(["abc", "empty"])
        .stdout("900150983cd24fb0d6963f7d28e17f72  abc\nd41d8cd98f00b204e9800998ecf8427e  empty\n")
        .ok();
    applet("md5sum")
        .dir(dir.path())
        .args(["-b", "abc"])
        .stdout("900150983cd24fb0d6963f7d28e17f72 *abc\n")
        .ok();
    applet("md5sum")
        .dir(dir.path())
        .args(["nosuch", "abc"])
        .stdout("900150983cd24fb0d6963f7d28e17f72  abc\n")
        .fails(1);
    applet("md5sum")
        .dir(dir.path())
        .args(["-", "abc"])
        .stdin("x")
        .stdout("9dd4e461268c8034f5c8564e155c67a6  -\n900150983cd24fb0d6963f7d28e17f72  abc\n")
        .ok();
    applet("md5sum")
        .dir(dir.path())
        .args(["--tag", "abc"])
        .stdout("MD5 (abc) = 900150983cd24fb0d6963f7d28e17f72\n")
        .ok();
    applet("md5sum")
        .dir(dir.path())
        .args(["-z", "abc"])
        .stdout(b"900150983cd24fb0d6963f7d28e17f72  abc\x00")
        .ok();
    applet("sha1sum")
        .dir(dir.path())
        .args(["abc"])
        .stdout("a9993e364706816aba3e25717850c26c9cd0d89d  abc\n")
        .ok();
    applet("sha224sum")
        .dir(dir.path())
        .args(["abc"])
        .stdout("23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7  abc\n")
        .ok();
    applet("sha256sum").dir(dir.path()).args(["abc", "empty"]).stdout("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  abc\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  empty\n").ok();
    applet("sha384sum").dir(dir.path()).args(["abc"]).stdout("cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7  abc\n").ok();
    applet("sha512sum").dir(dir.path()).args(["abc"]).stdout("ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f  abc\n").ok();
}

#[test]
fn names_with_odd_bytes() {
    let dir = Scratch::new("digests");
    dir.file("a\\b", "abc");
    applet("md5sum")
        .dir(dir.path())
        .args(["a\\b"])
        .stdout("\\900150983cd24fb0d6963f7d28e17f72  a\\\\b\n")
        .ok();
}

#[test]
fn checking() {
    let dir = Scratch::new("digests");
    dir.file("abc", "abc");
    dir.file("empty", "");
    dir.file("good", "900150983cd24fb0d6963f7d28e17f72  abc\n");
    dir.file("bad", "900150983cd24fb0d6963f7d28e17f73  abc\n");
    dir.file(
        "mixed",
        "junk\n900150983cd24fb0d6963f7d28e17f72  abc\n900150983cd24fb0d6963f7d28e17f72  gone\n",
    );
    dir.file("junk", "x\n");
    dir.file("tag", "MD5 (abc) = 900150983cd24fb0d6963f7d28e17f72\n");
    dir.file("bin", "900150983CD24FB0D6963F7D28E17F72 *abc\n");
    applet("md5sum").dir(dir.path()).args(["-c", "good"]).stdout("abc: OK\n").ok();
    applet("md5sum").dir(dir.path()).args(["-c", "bad"]).stdout("abc: FAILED\n").fails(1);
    applet("md5sum")
        .dir(dir.path())
        .args(["-c", "mixed"])
        .stdout("abc: OK\ngone: FAILED open or read\n")
        .fails(1);
    applet("md5sum").dir(dir.path()).args(["-c", "junk"]).stdout("").fails(1);
    applet("md5sum").dir(dir.path()).args(["-c", "tag"]).stdout("abc: OK\n").ok();
    applet("md5sum").dir(dir.path()).args(["-c", "bin"]).stdout("abc: OK\n").ok();
    applet("md5sum")
        .dir(dir.path())
        .args(["-c"])
        .stdin("900150983cd24fb0d6963f7d28e17f72  abc\n")
        .stdout("abc: OK\n")
        .ok();
    applet("md5sum").dir(dir.path()).args(["-c", "--status", "bad"]).stdout("").fails(1);
    applet("md5sum").dir(dir.path()).args(["-c", "--quiet", "good"]).stdout("").ok();
    applet("md5sum")
        .dir(dir.path())
        .args(["-c", "--quiet", "bad"])
        .stdout("abc: FAILED\n")
        .fails(1);
    applet("md5sum")
        .dir(dir.path())
        .args(["-c", "--ignore-missing", "mixed"])
        .stdout("abc: OK\n")
        .ok();
    applet("md5sum")
        .dir(dir.path())
        .args(["--strict", "-c", "mixed"])
        .stdout("abc: OK\ngone: FAILED open or read\n")
        .fails(1);
    applet("md5sum")
        .dir(dir.path())
        .args(["-c", "-w", "mixed"])
        .stdout("abc: OK\ngone: FAILED open or read\n")
        .fails(1);
    applet("md5sum").dir(dir.path()).args(["-c", "nosuch"]).stdout("").fails(1);
    applet("md5sum")
        .dir(dir.path())
        .args(["-c", "good", "bad"])
        .stdout("abc: OK\nabc: FAILED\n")
        .fails(1);
}

#[test]
fn crcs() {
    let dir = Scratch::new("digests");
    dir.file("abc", "abc");
    dir.file("empty", "");
    applet("cksum").dir(dir.path()).stdin("abc").stdout("1219131554 3\n").ok();
    applet("cksum")
        .dir(dir.path())
        .args(["abc", "empty"])
        .stdout("1219131554 3 abc\n4294967295 0 empty\n")
        .ok();
    applet("cksum").dir(dir.path()).args(["nosuch"]).stdout("").fails(1);
    applet("sum").dir(dir.path()).stdin("abc").stdout("16556     1\n").ok();
    applet("sum").dir(dir.path()).args(["abc"]).stdout("16556     1 abc\n").ok();
    applet("sum").dir(dir.path()).args(["-s", "abc"]).stdout("294 1 abc\n").ok();
    applet("sum")
        .dir(dir.path())
        .args(["-r", "abc", "empty"])
        .stdout("16556     1 abc\n00000     0 empty\n")
        .ok();
}

#[test]
fn of_busybox_own() {
    if reference().is_some() {
        return;
    }
    let dir = Scratch::new("digests");
    dir.file("abc", "abc");
    dir.file("empty", "");
    applet("crc32").dir(dir.path()).args(["abc"]).stdout("352441c2 abc\n").ok();
    applet("crc32").dir(dir.path()).args(["empty"]).stdout("00000000 empty\n").ok();
    applet("sha3sum")
        .dir(dir.path())
        .args(["abc"])
        .stdout("e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf  abc\n")
        .ok();
    applet("sha3sum")
        .dir(dir.path())
        .args(["-a", "256", "abc"])
        .stdout("3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532  abc\n")
        .ok();
    applet("sha3sum").dir(dir.path()).args(["-a", "512", "abc"]).stdout("b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0  abc\n").ok();
    applet("sha3sum").dir(dir.path()).args(["-a", "7", "abc"]).stdout("").fails(2);
    applet("md5sum").dir(dir.path()).args(["-c", "-s", "good"]).stdout("").fails(1);
}
