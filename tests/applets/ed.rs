//! ed.

use crate::harness::applet::{against_busybox, applet};
use crate::harness::scratch::Scratch;

/// Runs a script on a file with the lines 1 to 5.
fn ed(script: &str) -> String {
    let scratch = Scratch::new("ed");
    std::fs::write(scratch.path().join("f"), "1\n2\n3\n4\n5\n").unwrap();
    let run = applet("ed").args(["-s", "f"]).dir(scratch.path()).stdin(script).run();
    String::from_utf8(run.stdout).unwrap()
}

#[test]
fn addresses() {
    assert_eq!(ed("p\n1p\n.+1p\n$-1p\n,p\nQ\n"), "5\n1\n2\n4\n1\n2\n3\n4\n5\n");
    assert_eq!(ed("2,3p\n;p\nQ\n"), "2\n3\n3\n4\n5\n");
    assert_eq!(ed("/2/p\n//p\n?4?p\n/[135]/p\nQ\n"), "2\n2\n4\n5\n");
    assert_eq!(ed("2ka\n4kb\n'a,'bp\nQ\n"), "2\n3\n4\n");
    assert_eq!(ed("1;+2p\n1,3,4p\n2-p\nQ\n"), "1\n2\n3\n3\n4\n1\n");
    assert_eq!(ed("=\n.=\n2=\n3n\nQ\n"), "5\n5\n2\n3\t3\n");
}

#[test]
fn texts() {
    assert_eq!(ed("1i\na\n.\n$a\nz\n.\n,p\nQ\n"), "a\n1\n2\n3\n4\n5\nz\n");
    assert_eq!(ed("2,4c\nx\ny\n.\n,n\nQ\n"), "1\t1\n2\tx\n3\ty\n4\t5\n");
    assert_eq!(ed("2,3d\n.p\n$d\n.p\nu\n,p\nQ\n"), "4\n4\n1\n4\n5\n");
    assert_eq!(ed("0a\ntop\n.\n1p\nQ\n"), "top\n");
    assert_eq!(ed("1,2j\n1p\n2,3m0\n,p\n1t$\n$p\nQ\n"), "12\n3\n4\n12\n5\n3\n");
    assert_eq!(ed("1d\nu\n1p\nu\n1p\nQ\n"), "1\n2\n");
}

#[test]
fn substitutions() {
    assert_eq!(ed("1s/1/a&b\\&/p\ns/[ab]/X/gp\nQ\n"), "a1b&\nX1X&\n");
    assert_eq!(ed("1s/.*/xxx/\ns/x/y/2p\ns/x/z\nQ\n"), "xyx\nzyx\n");
    assert_eq!(ed("1s/1/a\\\nb/p\n,p\nQ\n"), "b\na\nb\n2\n3\n4\n5\n");
    assert_eq!(ed(",s/\\(.\\)/[\\1]/\n1p\n2s//x/p\nQ\n"), "[1]\nx2]\n");
    assert_eq!(ed("1s|1|a/b|p\ns,a,q,n\nQ\n"), "a/b\n1\tq/b\n");
    assert_eq!(ed("1s/1/q/\n2s/2/%/p\nQ\n"), "q\n");
}

#[test]
fn globals() {
    assert_eq!(ed("g/[24]/p\nv/[24]/n\nQ\n"), "2\n4\n1\t1\n3\t3\n5\t5\n");
    assert_eq!(ed("g/./m0\n,p\nQ\n"), "5\n4\n3\n2\n1\n");
    assert_eq!(ed("g/[24]/s/$/x/\\\np\nQ\n"), "2x\n4x\n");
    assert_eq!(ed("g/3/a\\\nnew\n,p\nQ\n"), "1\n2\n3\nnew\n4\n5\n");
    assert_eq!(ed("g/[135]/d\n,p\nu\n1p\nQ\n"), "2\n4\n1\n");
    assert_eq!(ed("G/[13]/\ns/$/x/\n&\n,p\nQ\n"), "1\n3\n1x\n2\n3x\n4\n5\n");
}

#[test]
fn files() {
    let scratch = Scratch::new("ed-files");
    let dir = scratch.path();
    std::fs::write(dir.join("f"), "1\n2\n").unwrap();
    applet("ed").args(["f"]).dir(dir).stdin("a\nx\n.\nw\nq\n").stdout("4\n6\n").ok();
    assert_eq!(std::fs::read(dir.join("f")).unwrap(), b"1\n2\nx\n");
    applet("ed").args(["-s", "f"]).dir(dir).stdin("r f\n$=\nw g\nf\nq\n").stdout("6\nf\n").ok();
    assert_eq!(std::fs::read(dir.join("g")).unwrap(), b"1\n2\nx\n1\n2\nx\n");
    applet("ed").args(["f"]).dir(dir).stdin("1d\n2w h\nq\nq\n").stdout("6\n2\n?\n").fails(1);
    applet("ed").args(["-s", "new"]).dir(dir).stdin("a\nq\n.\nwq\n").ok();
    assert_eq!(std::fs::read(dir.join("new")).unwrap(), b"q\n");
    if against_busybox() {
        return;
    }
    applet("ed").args(["-s"]).dir(dir).stdin("r !echo hi\n1w !cat\nQ\n").stdout("hi\n").ok();
    applet("ed").args(["-s", "f"]).dir(dir).stdin("W g\nwq\n").ok();
    assert_eq!(std::fs::read(dir.join("g")).unwrap(), b"1\n2\nx\n1\n2\nx\n1\n2\nx\n");
    applet("ed")
        .args(["f"])
        .dir(dir)
        .stdin("!echo %\n!!\nq\n")
        .stdout("6\necho f\nf\n!\necho f\nf\n!\n")
        .ok();
}

#[test]
fn faults() {
    let scratch = Scratch::new("ed-faults");
    let dir = scratch.path();
    std::fs::write(dir.join("f"), "1\n2\n").unwrap();
    let ed = |script: &str| applet("ed").args(["-s", "f"]).dir(dir).stdin(script);
    ed("9p\nq\n").stdout("?\n").fails(1);
    ed("a\nx\n.\nq\nh\nQ\n").stdout("?\nWarning: buffer modified\n").fails(1);
    if against_busybox() {
        return;
    }
    ed("H\n/zz/\ns/zz/x/\nfoo\nkA\n1m1,2\nQ\n")
        .stdout(
            "?\nNo match\n?\nNo match\n?\nUnexpected command suffix\n?\nInvalid mark character\n",
        )
        .fails(1);
    ed("a\nx\n.\n").stdout("?\n").fails(2);
    applet("ed").args(["-l", "-s", "f"]).dir(dir).stdin("9p\nq\n").ok();
    applet("ed").args(["-p>", "f"]).dir(dir).stdin("1p\nq\n").stdout("4\n>1\n>").ok();
    applet("ed")
        .args(["nowhere"])
        .dir(dir)
        .stdin("q\n")
        .stderr_has("nowhere: No such file or directory")
        .ok();
    applet("ed")
        .args(["-s", "f"])
        .dir(dir)
        .stdin("1l\n1s/1/a\tb\\\\$/l\nQ\n")
        .stdout("1$\na\\tb\\\\\\$$\n")
        .ok();
    applet("ed").args(["-E", "-s", "f"]).dir(dir).stdin("s/(2)/<\\1>/p\nQ\n").stdout("<2>\n").ok();
}
