//! dd.

use std::fs;

use crate::harness::applet::{against_busybox, applet};
use crate::harness::scratch::Scratch;

#[test]
fn blocks() {
    let dd = |args: &[&str], input: &str| applet("dd").args(args).stdin(input);
    dd(&["status=none"], "abc").stdout("abc").ok();
    dd(&["bs=1", "count=2"], "abc")
        .stdout("ab")
        .stderr_has("2+0 records in\n2+0 records out\n")
        .ok();
    dd(&["bs=1", "skip=2"], "abcdef").stdout("cdef").ok();
    dd(&["bs=2", "count=1", "skip=1"], "abcdef").stdout("cd").ok();
    dd(&["ibs=4", "obs=3"], "abcdefgh")
        .stdout("abcdefgh")
        .stderr_has("2+0 records in\n2+1 records out")
        .ok();
    dd(&["bs=5"], "abc").stderr_has("0+1 records in\n0+1 records out\n3 bytes copied, ").ok();
    dd(&["count=0"], "abc").stdout("").stderr_has("0+0 records in").ok();
    dd(&["bs=2x1b", "count=1k"], "abc").stdout("abc").ok();
    for wrong in ["bs=0", "bs=x", "foo=1", "foo", "conv=foo", "if=/nosuch", "count=-1"] {
        dd(&[wrong], "").stdout("").fails(1);
    }
}

#[test]
fn conversions() {
    let dd = |args: &[&str], input: &str| applet("dd").arg_list(args).stdin(input);
    dd(&["conv=swab"], "abcde").stdout("badce").ok();
    dd(&["conv=sync", "bs=4"], "abcde").stdout("abcde\0\0\0").ok();
    dd(&["conv=ucase"], "aBc").stdout("ABC").ok();
    dd(&["conv=lcase"], "aBc").stdout("abc").ok();
    if against_busybox() {
        return;
    }
    dd(&["conv=block", "cbs=4"], "ab\nabcdef\n")
        .stdout("ab  abcd")
        .stderr_has("1 truncated record")
        .ok();
    dd(&["conv=unblock", "cbs=4"], "ab  abcd").stdout("ab\nabcd\n").ok();
    dd(&["conv=ebcdic"], "A1").stdout([0xc1, 0xf1]).ok();
    dd(&["conv=lcase,ucase"], "").fails(1);
    dd(&["iflag=count_bytes", "bs=4", "count=5"], "abcdefgh").stdout("abcde").ok();
    dd(&["iflag=skip_bytes", "bs=4", "skip=5"], "abcdefgh").stdout("fgh").ok();
    dd(&["bs=4", "count=5B"], "abcdefgh").stdout("abcde").ok();
}

trait Arguments {
    fn arg_list(self, args: &[&str]) -> Self;
}

impl Arguments for crate::harness::applet::Case {
    /// The arguments, with what every case here wants: no rate.
    fn arg_list(self, args: &[&str]) -> Self {
        self.args(args.iter().chain(&["status=noxfer"]))
    }
}

#[test]
fn files() {
    let dir = Scratch::new("dd");
    let dd = |args: &[&str], input: &str| applet("dd").dir(dir.path()).args(args).stdin(input);
    let text = |name: &str| fs::read(dir.path().join(name)).unwrap();
    dir.file("out", "0123456789");
    dd(&["of=out", "bs=1", "seek=2", "conv=notrunc"], "ab").ok();
    assert_eq!(text("out"), b"01ab456789");
    dd(&["of=out", "bs=1", "seek=3"], "x").ok();
    assert_eq!(text("out"), b"01ax");
    dd(&["of=new", "bs=1", "seek=2"], "x").ok();
    assert_eq!(text("new"), b"\0\0x");
    dd(&["of=out"], "short").ok();
    assert_eq!(text("out"), b"short");
    dd(&["if=out", "of=copy", "bs=2"], "").stderr_has("2+1 records out").ok();
    assert_eq!(text("copy"), b"short");
    dd(&["if=/dev/zero", "of=big", "bs=64k", "count=3", "conv=fsync"], "").ok();
    assert_eq!(text("big").len(), 3 << 16);
    if against_busybox() {
        return;
    }
    dd(&["of=out", "conv=excl"], "").stderr_has("out: File exists").fails(1);
    dd(&["of=none", "conv=nocreat"], "").stderr_has("none: No such file").fails(1);
    dd(&["of=out", "oflag=append", "conv=notrunc"], "er").ok();
    assert_eq!(text("out"), b"shorter");
    dd(&["if=big", "of=holes", "conv=sparse", "bs=4k"], "").ok();
    assert_eq!(text("holes").len(), 3 << 16);
    use std::os::unix::fs::MetadataExt;
    assert_eq!(dir.path().join("holes").metadata().unwrap().blocks(), 0);
    dd(&["if=out", "skip=9"], "").stderr_has("cannot skip").ok();
}

#[test]
fn reports() {
    if against_busybox() {
        return;
    }
    let dd = |args: &[&str]| applet("dd").args(args);
    let all = dd(&["if=/dev/zero", "of=/dev/null", "bs=1M", "count=3"]).ok();
    assert!(all.stderr.contains("3145728 bytes (3.1 MB, 3.0 MiB) copied, "), "{}", all.stderr);
    assert!(all.stderr.trim_end().ends_with("B/s"), "{}", all.stderr);
    let none = dd(&["if=/dev/zero", "of=/dev/null", "count=3", "status=none"]).ok();
    assert_eq!(none.stderr, "");
    let short = dd(&["if=/dev/zero", "of=/dev/null", "count=3", "status=noxfer"]).ok();
    assert_eq!(short.stderr, "3+0 records in\n3+0 records out\n");
}

#[test]
fn sigusr1() {
    use std::io::Read;
    use std::process::{Command, Stdio};
    let mut child = Command::new(crate::harness::applet::program())
        .args(["dd", "bs=1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = child.id().to_string();
    // until it catches the signal
    let caught = || {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        u64::from_str_radix(mask.trim(), 16).unwrap() & 1 << 9 != 0
    };
    while !caught() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    Command::new("kill").args(["-USR1", &pid]).status().unwrap();
    let mut err = child.stderr.take().unwrap();
    let mut first = [0; 14];
    err.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"0+0 records in");
    drop(child.stdin.take());
    let mut rest = String::new();
    err.read_to_string(&mut rest).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(rest.ends_with("B/s\n"), "{rest}");
}
