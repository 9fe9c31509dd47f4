//! cat.

use crate::harness::applet::{against_busybox, applet};
use crate::harness::scratch::Scratch;

const TEXT: &str = "a\tb\u{1}\n\n\n\nx";

#[test]
fn files_and_standard_input() {
    let dir = Scratch::new("cat");
    dir.file("one", "1\n");
    dir.file("two", "2");
    applet("cat").stdin("in\0put").stdout("in\0put").ok();
    applet("cat").dir(dir.path()).args(["one", "-", "two"]).stdin("-\n").stdout("1\n-\n2").ok();
    applet("cat").dir(dir.path()).args(["-u", "--", "two", "two"]).stdout("22").ok();
    applet("cat").dir(dir.path()).args(["one", "no", "two"]).stdout("1\n2").fails(1);
    applet("cat").args(["/nosuch"]).stderr_has("cat: /nosuch: No such file").fails(1);
    applet("cat").args(["/etc"]).stderr_has("cat: /etc: Is a directory").fails(1);
}

#[test]
fn numbers() {
    if against_busybox() {
        return;
    }
    applet("cat").args(["-n"]).stdin("a\n\nb").stdout("     1\ta\n     2\t\n     3\tb").ok();
    applet("cat").args(["-b"]).stdin("a\n\nb\n").stdout("     1\ta\n\n     2\tb\n").ok();
    let many = "x\n".repeat(1_000_000);
    let out = applet("cat").args(["-n"]).stdin(many).ok();
    assert!(out.stdout.ends_with(b"999999\tx\n1000000\tx\n"));
}

#[test]
fn numbers_go_on_over_files() {
    if against_busybox() {
        return;
    }
    let dir = Scratch::new("cat-n");
    dir.file("one", "a\nb");
    applet("cat")
        .dir(dir.path())
        .args(["-n", "one", "one"])
        .stdout("     1\ta\n     2\tba\n     3\tb")
        .ok();
}

#[test]
fn squeezing() {
    if crate::harness::applet::reference().is_some() {
        return; // busybox has no -s
    }
    applet("cat").args(["-s"]).stdin("\n\n\na\n\n\nb\n\n").stdout("\na\n\nb\n\n").ok();
    applet("cat").args(["-sn"]).stdin("a\n\n\n").stdout("     1\ta\n     2\t\n").ok();
    applet("cat").args(["-bsE"]).stdin("\n\na").stdout("$\n     1\ta").ok();
}

#[test]
fn what_cannot_be_seen() {
    applet("cat").args(["-A"]).stdin(TEXT).stdout("a^Ib^A$\n$\n$\n$\nx").ok();
    applet("cat").args(["-e"]).stdin(TEXT).stdout("a\tb^A$\n$\n$\n$\nx").ok();
    applet("cat").args(["-t"]).stdin(TEXT).stdout("a^Ib^A\n\n\n\nx").ok();
    applet("cat").args(["-v"]).stdin(b"\x00\x1f\x7f\x80\x9b\xe9\xff").ok();
    applet("cat")
        .args(["-v"])
        .stdin(b"\x00\x1f\x7f\x80\x9b\xe9\xff\r")
        .stdout("^@^_^?M-^@M-^[M-iM-^?^M")
        .ok();
}

#[test]
fn its_own_output_is_no_input() {
    let dir = Scratch::new("cat-self");
    let file = dir.file("f", "x\n");
    let out = std::fs::File::options().append(true).open(&file).unwrap();
    let done = std::process::Command::new(crate::harness::applet::program())
        .args(["cat"])
        .arg(&file)
        .stdout(out)
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&done.stderr).contains("input file is output file"));
    assert_eq!(std::fs::read(&file).unwrap(), b"x\n");
}

#[test]
fn usage() {
    applet("cat").args(["-Q"]).stderr_has("usage: cat").run();
    let out = applet("cat").args(["-Q"]).run();
    assert_ne!(out.status, 0);
}

#[test]
fn standard_descriptors_that_are_closed() {
    if against_busybox() {
        return;
    }
    let dir = Scratch::new("cat-closed");
    dir.file("a", "1\n");
    let program = crate::harness::applet::program();
    let script = "for n in 'cat a' 'echo x' 'seq 2' 'ls' 'grep 1 a' 'expr 1' 'true' 'cp a b'; do
        \"$0\" $n 2>/dev/null >&-; echo \"$?\"; done; \"$0\" cat <&- 2>&1; echo $?";
    let output = "1\n1\n1\n1\n2\n3\n0\n0\ncat: -: Bad file descriptor\n1\n";
    let case = applet("sh").dir(dir.path()).args(["-c", script]);
    case.args([program]).stdout(output).ok();
    // what tee opens is not its standard output
    let script = "tee b <a >&-; echo $?; cat b; cat b >&-; echo $?; ls -l b <&- >c && echo ls";
    let case = applet("sh").dir(dir.path()).args(["-c", script]);
    case.stdout("1\n1\n1\nls\n").stderr_has("Bad file descriptor").ok();
}
