//! grep, egrep, fgrep.

use std::fs;

use crate::harness::applet::{Case, against_busybox, applet};
use crate::harness::scratch::Scratch;

const TEXT: &str = "one\ntwo\nthree\nfour\nfive\n";

fn grep(args: &[&str]) -> Case {
    applet("grep").args(args).stdin(TEXT)
}

#[test]
fn lines_that_match() {
    grep(&["o"]).stdout("one\ntwo\nfour\n").ok();
    grep(&["-v", "o"]).stdout("three\nfive\n").ok();
    grep(&["x"]).stdout("").fails(1);
    grep(&["-c", "o"]).stdout("3\n").ok();
    grep(&["-c", "x"]).stdout("0\n").fails(1);
    grep(&["-cv", "o"]).stdout("2\n").ok();
    grep(&["-n", "e$"]).stdout("1:one\n3:three\n5:five\n").ok();
    grep(&["-i", "ONE"]).stdout("one\n").ok();
    grep(&["-x", "on"]).stdout("").fails(1);
    grep(&["-x", "one"]).stdout("one\n").ok();
    grep(&["-m1", "o"]).stdout("one\n").ok();
    grep(&["-m0", "o"]).stdout("").fails(1);
    grep(&["-q", "o"]).stdout("").ok();
    grep(&["-q", "x"]).stdout("").fails(1);
    grep(&["-nm2", "t"]).stdout("2:two\n3:three\n").ok();
    grep(&["", "-c"]).stdout("5\n").ok();
    applet("grep")
        .args(["-w", "foo"])
        .stdin("foobar\na foo\nfoo_\nx-foo-y\n")
        .stdout("a foo\nx-foo-y\n")
        .ok();
    applet("grep").args(["last"]).stdin("no newline at last").stdout("no newline at last\n").ok();
    applet("grep").args(["-c", "^$"]).stdin("\n\na\n").stdout("2\n").ok();
    applet("grep").args(["a"]).stdin("").stdout("").fails(1);
}

#[test]
fn patterns() {
    grep(&["-e", "one", "-e", "five"]).stdout("one\nfive\n").ok();
    grep(&["one\nfive"]).stdout("one\nfive\n").ok();
    grep(&["-E", "one|five"]).stdout("one\nfive\n").ok();
    grep(&["one\\|five"]).stdout("one\nfive\n").ok();
    grep(&["-F", "one|five"]).stdout("").fails(1);
    grep(&["-E", "^(f|t).{3}$"]).stdout("four\nfive\n").ok();
    grep(&["\\(e\\)\\1"]).stdout("three\n").ok();
    grep(&["-E", "(e)\\1"]).stdout("three\n").ok();
    grep(&["[[:alpha:]]o$"]).stdout("two\n").ok();
    grep(&["\\<t"]).stdout("two\nthree\n").ok();
    grep(&["-E", "e{2}"]).stdout("three\n").ok();
    grep(&["--", "-e"]).stdout("").fails(1);
    applet("egrep").args(["a+b"]).stdin("aab\na+b\n").stdout("aab\n").ok();
    applet("fgrep").args(["a+b"]).stdin("aab\na+b\n").stdout("a+b\n").ok();
    applet("grep").args(["-F", "a.b"]).stdin("axb\na.b\n").stdout("a.b\n").ok();
    applet("grep").args(["-Fx", "-e", "a", "-e", "bc"]).stdin("ab\nbc\n").stdout("bc\n").ok();
    applet("grep").args(["-E", "a{,2}b"]).stdin("b\n").stdout("b\n").ok();
    grep(&["\\("]).stderr_has("Unmatched ( or \\(").fails(2);
    grep(&["["]).stderr_has("Unmatched [").fails(2);
}

#[test]
fn parts_of_lines() {
    grep(&["-o", "[ou]"]).stdout("o\no\no\nu\n").ok();
    grep(&["-on", "[ou]"]).stdout("1:o\n2:o\n4:o\n4:u\n").ok();
    applet("grep").args(["-o", "b*"]).stdin("abbcb\n").stdout("bb\nb\n").ok();
    applet("grep").args(["-ow", "foo"]).stdin("foox foo\n").stdout("foo\n").ok();
    applet("grep").args(["-oi", "FO*"]).stdin("xfooFo\n").stdout("foo\nFo\n").ok();
    applet("grep").args(["-o", "^a"]).stdin("aaa\n").stdout("a\n").ok();
    applet("grep").args(["-ov", "a"]).stdin("aaa\nb\n").stdout("").ok();
    if !against_busybox() {
        applet("grep").args(["-ob", "b"]).stdin("abb\nb\n").stdout("1:b\n2:b\n4:b\n").ok();
        applet("grep").args(["-b", "b"]).stdin("a\nb\n").stdout("2:b\n").ok();
    }
}

#[test]
fn context() {
    let text = "1\n2\nx\n4\n5\n6\n7\nx\n9\n";
    let grep = |args: &[&str]| applet("grep").args(args).stdin(text);
    grep(&["-A1", "x"]).stdout("x\n4\n--\nx\n9\n").ok();
    grep(&["-B1", "x"]).stdout("2\nx\n--\n7\nx\n").ok();
    applet("grep").args(["-B1", "x"]).stdin("1\nx\n3\n4\nx").stdout("1\nx\n--\n4\nx\n").ok();
    grep(&["-C1", "x"]).stdout("2\nx\n4\n--\n7\nx\n9\n").ok();
    grep(&["-C2", "x"]).stdout("1\n2\nx\n4\n5\n6\n7\nx\n9\n").ok();
    grep(&["-nB1", "x"]).stdout("2-2\n3:x\n--\n7-7\n8:x\n").ok();
    grep(&["-nA1", "-m1", "x"]).stdout("3:x\n4-4\n").ok();
    grep(&["-B1", "-v", "[0-8]"]).stdout("2\nx\n--\n7\nx\n9\n").ok();
    if !against_busybox() {
        grep(&["-1", "x"]).stdout("2\nx\n4\n--\n7\nx\n9\n").ok();
        grep(&["-A1", "--no-group-separator", "x"]).stdout("x\n4\nx\n9\n").ok();
        grep(&["-A1", "--group-separator=##", "x"]).stdout("x\n4\n##\nx\n9\n").ok();
    }
}

#[test]
fn files() {
    let dir = Scratch::new("grep");
    fs::write(dir.path().join("a"), "foo\nbar\n").unwrap();
    fs::write(dir.path().join("b"), "bar\n").unwrap();
    fs::write(dir.path().join("p"), "foo\nqux\n").unwrap();
    let grep = |args: &[&str]| applet("grep").args(args).dir(dir.path());
    grep(&["bar", "a", "b"]).stdout("a:bar\nb:bar\n").ok();
    grep(&["-h", "bar", "a", "b"]).stdout("bar\nbar\n").ok();
    grep(&["-H", "foo", "a"]).stdout("a:foo\n").ok();
    grep(&["-l", "foo", "a", "b"]).stdout("a\n").ok();
    grep(&["-L", "foo", "a", "b"]).stdout("b\n").ok();
    grep(&["-c", "foo", "a", "b"]).stdout("a:1\nb:0\n").ok();
    grep(&["-f", "p", "a", "b"]).stdout("a:foo\n").ok();
    grep(&["-vf", "p", "a"]).stdout("bar\n").ok();
    grep(&["-f", "/dev/null", "a"]).stdout("").fails(1);
    grep(&["foo", "none", "a"]).stdout("a:foo\n").stderr_has("none: No such file").fails(2);
    grep(&["-s", "foo", "none"]).stdout("").fails(2);
    grep(&["-q", "foo", "none", "a"]).stdout("").ok();
    grep(&["foo", "-", "b"]).stdin("foo\n").stdout("(standard input):foo\n").ok();
}

#[test]
fn trees() {
    let dir = Scratch::new("grep-tree");
    fs::create_dir_all(dir.path().join("d/sub")).unwrap();
    fs::write(dir.path().join("d/x.c"), "foo\n").unwrap();
    fs::write(dir.path().join("d/sub/y.h"), "foo\n").unwrap();
    let grep = |args: &[&str]| {
        let output = applet("grep").args(args).dir(dir.path()).ok();
        let mut lines: Vec<String> =
            String::from_utf8(output.stdout).unwrap().lines().map(String::from).collect();
        lines.sort();
        lines.join(" ")
    };
    assert_eq!(grep(&["-r", "foo", "d"]), "d/sub/y.h:foo d/x.c:foo");
    assert_eq!(grep(&["-rl", "foo", "d"]), "d/sub/y.h d/x.c");
    assert_eq!(grep(&["-rh", "foo", "d"]), "foo foo");
    if !against_busybox() {
        assert_eq!(grep(&["-r", "foo"]), "d/sub/y.h:foo d/x.c:foo");
        assert_eq!(grep(&["-r", "--include=*.c", "foo", "d"]), "d/x.c:foo");
        assert_eq!(grep(&["-r", "--exclude=*.c", "foo", "d"]), "d/sub/y.h:foo");
        assert_eq!(grep(&["-r", "--exclude-dir=sub", "foo", "d"]), "d/x.c:foo");
    }
}

/// A folder is no file that `--include` and `--exclude` are about; a link that
/// `-R` cannot follow is an error.
#[test]
fn folders_and_lost_links() {
    let s = Scratch::new("lost");
    s.file("d/a", "x\n");
    std::os::unix::fs::symlink("none", s.path().join("d/gone")).unwrap();
    for option in ["--include=*.c", "--exclude=d", "-v"] {
        let case = applet("grep").dir(s.path()).args([option, "x", "d"]);
        case.stdout("").stderr_has("d: Is a directory").fails(2);
    }
    applet("grep").dir(s.path()).args(["--exclude-dir=d", "x", "d"]).stdout("").fails(1);
    applet("grep").dir(s.path()).args(["--include=*.c", "x", "d/a"]).stdout("").fails(1);
    for option in ["-s", "-r"] {
        let case = applet("grep").dir(s.path()).args([option, "--include=*.c", "x", "none"]);
        case.stdout("").fails(2);
    }
    applet("grep").dir(s.path()).args(["-r", "x", "d"]).stdout("d/a:x\n").ok();
    let case = applet("grep").dir(s.path()).args(["-R", "x", "d"]).stdout("d/a:x\n");
    case.stderr_has("d/gone: No such file").fails(2);
    applet("grep").dir(s.path()).args(["-qL", "x", "d"]).stderr_has("d: Is a dir").fails(2);
}

#[test]
fn bytes_that_are_no_text() {
    applet("grep").args(["-z", "b"]).stdin("a\0b\0").stdout("b\0").ok();
    applet("grep").args(["-zo", "b."]).stdin("a\nb\nc\0").stdout("b\n\0").ok();
    if !against_busybox() {
        applet("grep").args(["b"]).stdin("\0b\n").stdout("").stderr_has("binary file matches").ok();
        applet("grep").args(["-a", "b"]).stdin("\0b\n").stdout("\0b\n").ok();
        applet("grep").args(["-I", "b"]).stdin("\0b\n").stdout("").fails(1);
        applet("grep").args(["-c", "b"]).stdin("\0b\n").stdout("1\n").ok();
    }
    let long = "x".repeat(300_000);
    applet("grep").args(["-c", "y$"]).stdin(format!("{long}\n{long}y\n")).stdout("1\n").ok();
}

#[test]
fn colour() {
    if against_busybox() {
        return;
    }
    let red = |s: &str| format!("\x1b[01;31m\x1b[K{s}\x1b[m\x1b[K");
    let expected = format!("a {} b\n", red("foo"));
    applet("grep").args(["--color=always", "foo"]).stdin("a foo b\n").stdout(expected).ok();
    applet("grep").args(["--color=auto", "foo"]).stdin("a foo b\n").stdout("a foo b\n").ok();
}

#[test]
fn blocks_are_joined() {
    // more than one block, with context that reaches over the edge
    let mut text = String::new();
    for n in 1..=40_000 {
        text.push_str(&format!("line {n}\n"));
    }
    let grep = |args: &[&str]| applet("grep").args(args).stdin(&text);
    grep(&["-c", "7$"]).stdout("4000\n").ok();
    grep(&["-n", "-B1", "line 39999"]).stdout("39998-line 39998\n39999:line 39999\n").ok();
    grep(&["-vc", "7$"]).stdout("36000\n").ok();
    let output = grep(&["-n", "-C2", "0$"]).ok();
    assert_eq!(output.stdout.split(|&b| b == b'\n').filter(|l| l.starts_with(b"--")).count(), 3999);
    for line in String::from_utf8(output.stdout).unwrap().lines().filter(|l| *l != "--") {
        let (number, rest) = line.split_once([':', '-']).unwrap();
        assert_eq!(rest, format!("line {number}"));
    }
}

#[test]
fn names_of_a_search_below() {
    let scratch = Scratch::new("grep-names");
    fs::create_dir(scratch.path().join("d")).unwrap();
    scratch.file("d/f", "a 1\nb\n\na 2\n");
    let grep = |args: &[&str]| applet("grep").args(args).dir(scratch.path());
    grep(&["-r", "a", "d/f"]).stdout("a 1\na 2\n").ok();
    grep(&["-r", "2", "d"]).stdout("d/f:a 2\n").ok();
    grep(&["-r", "2", "d/f", "d/f"]).stdout("d/f:a 2\nd/f:a 2\n").ok();
    if !against_busybox() {
        // the lines between belong to the matches around
        grep(&["-o", "-A1", "-B1", "a", "d/f"]).stdout("a\na\n").ok();
        grep(&["-o", "-A1", "a", "d/f"]).stdout("a\n--\na\n").ok();
        grep(&["-von", "-C1", "[a ]", "d/f"]).stdout("1-a\n1- \n4-a\n4- \n").ok();
    }
}

#[test]
fn what_is_behind_the_last_line_that_counts() {
    let scratch = Scratch::new("grep-behind");
    scratch.file("f", "a 1\na 2\nb");
    let long = format!("a 1\n{}", "b\n".repeat(100_000));
    scratch.file("long", &long);
    scratch.file("bin", "a\0\n");
    let grep = |args: &[&str]| applet("grep").args(args).dir(scratch.path());
    grep(&["-m2", "-A1", "a", "f"]).stdout("a 1\na 2\nb\n").ok();
    grep(&["-m1", "-A1", "a", "f"]).stdout("a 1\na 2\n").ok();
    grep(&["-m1", "-A100000", "a", "long"]).stdout(&long).ok();
    if !against_busybox() {
        // The message about a binary file is a group of its own.
        grep(&["-h", "-A1", "a", "bin", "f"])
            .stdout("--\na 1\na 2\nb\n")
            .stderr_has("bin: binary file matches")
            .ok();
    }
}

#[test]
fn what_is_behind_the_last_match_is_left_to_others() {
    if crate::harness::applet::reference().is_some() {
        return;
    }
    let scratch = Scratch::new("grep-m-rest");
    scratch.file("n", "1\n2\n3\n4\n5\n");
    let program = crate::harness::applet::program();
    for (options, rest) in [("-m1", "3\n4\n5\n"), ("-m1 -A1", "4\n5\n"), ("-c -m1", "3\n4\n5\n")] {
        let script = format!("{{ \"$0\" grep {options} 2 >/dev/null; cat; }} <n");
        let case = applet("sh").dir(scratch.path()).args(["-c", &script]);
        case.args([program]).stdout(rest).ok();
    }
}
