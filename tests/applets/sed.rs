//! sed.

use std::fs;

use crate::harness::applet::{Case, against_busybox, applet};
use crate::harness::scratch::Scratch;

const TEXT: &str = "one\ntwo\nthree\nfour\nfive\n";

fn sed(args: &[&str]) -> Case {
    applet("sed").args(args).stdin(TEXT)
}

/// The script on a text.
fn says(script: &str, text: &str, expected: &str) {
    applet("sed").args([script]).stdin(text).stdout(expected).ok();
}

#[test]
fn addresses() {
    sed(&["-n", "2p"]).stdout("two\n").ok();
    sed(&["-n", "$p"]).stdout("five\n").ok();
    sed(&["-n", "2,3p"]).stdout("two\nthree\n").ok();
    sed(&["-n", "/t/p"]).stdout("two\nthree\n").ok();
    sed(&["-n", "/two/,/four/p"]).stdout("two\nthree\nfour\n").ok();
    sed(&["-n", "2!p"]).stdout("one\nthree\nfour\nfive\n").ok();
    sed(&["-n", "2,1p"]).stdout("two\n").ok();
    sed(&["-n", "/four/,2p"]).stdout("four\n").ok();
    sed(&["-n", "4,$p"]).stdout("four\nfive\n").ok();
    sed(&["-n", "\\,t,p"]).stdout("two\nthree\n").ok();
    sed(&["-n", "2,+1p"]).stdout("two\nthree\n").ok();
    sed(&["-n", "/t/!p"]).stdout("one\nfour\nfive\n").ok();
    sed(&["-n", "/one/,/o/p"]).stdout("one\ntwo\n").ok();
    sed(&["-n", "2{p;p}"]).stdout("two\ntwo\n").ok();
    sed(&["-n", "2,4{/r/p}"]).stdout("three\nfour\n").ok();
    sed(&["2q"]).stdout("one\ntwo\n").ok();
    // lines that n has read may go past a number
    sed(&["-n", "n;n;2,+1p"]).stdout("three\n").ok();
    sed(&["2,$n;2,+1d"]).stdout("one\ntwo\nfour\n").ok();
    if !against_busybox() {
        sed(&["-n", "2n;2,3p"]).stdout("three\n").ok();
        sed(&["-n", "n;n;/three/,2p;/[35]/,+1p"]).stdout("three\n").ok();
        let nul = |script: &str, expected: &str| {
            let case = applet("sed").args(["-z", script]).stdin("a\nb\0c\0");
            case.stdout(expected).ok();
        };
        nul("l", "a\\nb$\0a\nb\0c$\0c\0");
        nul("i x", "x\0a\nb\0x\0c\0");
        nul("a x", "a\nb\0x\nc\0x\n");
        nul("1c x", "x\0c\0");
        sed(&["-n", "1~2p"]).stdout("one\nthree\nfive\n").ok();
        sed(&["-n", "0~2p"]).stdout("two\nfour\n").ok();
        sed(&["-n", "0,/o/p"]).stdout("one\n").ok();
        sed(&["-n", "1,/o/p"]).stdout("one\ntwo\n").ok();
        sed(&["-n", "3,~2p"]).stdout("three\nfour\n").ok();
        // a second address FIRST~STEP may be the first line
        sed(&["-n", "1~4,1~2p"]).stdout("one\nfive\n").ok();
        sed(&["-n", "/thr/,1~0p"]).stdout("three\n").ok();
        sed(&["-n", "2~0p"]).stdout("two\n").ok();
        sed(&["0~0p"]).stderr_has("line address 0").fails(1);
        sed(&["-n", "2,1~3p"]).stdout("two\nthree\nfour\n").ok();
        sed(&["-n", "/T/Ip"]).stdout("two\nthree\n").ok();
        sed(&["2q5"]).stdout("one\ntwo\n").fails(5);
        sed(&["2Q5"]).stdout("one\n").fails(5);
    }
}

#[test]
fn substitution() {
    says("s/b/X/", "abcb\n", "aXcb\n");
    says("s/b/X/g", "abcb\n", "aXcX\n");
    says("s/b/X/2", "abcb\n", "abcX\n");
    says("s/./X/2g", "abcd\n", "aXXX\n");
    says("s/x*/-/g", "abc\n", "-a-b-c-\n");
    says("s/b*/-/g", "abbc\n", "-a-c-\n");
    says("s/[a-c]*/<&>/", "abcd\n", "<abc>d\n");
    says("s/\\(a\\)\\(b\\)/\\2\\1/", "abc\n", "bac\n");
    says("s/a\\|c/X/g", "abc\n", "XbX\n");
    says("s,/,-,g", "a/b/c\n", "a-b-c\n");
    says("s/\\//-/", "a/b\n", "a-b\n");
    says("s/[/]/-/", "a/b\n", "a-b\n");
    says("s/b/\\n/", "abc\n", "a\nc\n");
    says("s/b/\\\n/", "abc\n", "a\nc\n");
    says("s/b/\\&/", "abc\n", "a&c\n");
    says("s/b/\\t/", "abc\n", "a\tc\n");
    says("s/B/x/I", "abc\n", "axc\n");
    says("s/a/b/;s//c/", "aa\n", "bc\n");
    says("s/^a/x/g", "aaa\n", "xaa\n");
    says("s/a$/x/", "aaa\n", "aax\n");
    says("s/\\(.*\\) \\(.*\\)/\\2 \\1/", "hello big world\n", "world hello big\n");
    says("s/\\<./X/g", "ab cd\n", "Xb Xd\n");
    says("N;s/a\\nb/X/", "a\nb\n", "X\n");
    says("N;s/\\n/ /", "a\nb\n", "a b\n");
    says("s/\\./-/", "a.b\n", "a-b\n");
    says("s/a/x/;ta;s/$/ no/;:a", "a\nb\n", "x\nb no\n");
    sed(&["-n", "s/t/T/p"]).stdout("Two\nThree\n").ok();
    applet("sed").args(["-E", "s/(a|b)+/<&>/"]).stdin("xabay\n").stdout("x<aba>y\n").ok();
    applet("sed").args(["-r", "s/(.)(.)/\\2\\1/g"]).stdin("abcd\n").stdout("badc\n").ok();
    if !against_busybox() {
        says("s/\\(.\\)\\(.*\\)/\\u\\1\\U\\2\\E!/", "abc\n", "ABC!\n");
        says("s/.*/\\L&/", "ABC\n", "abc\n");
        says("s/b*/x/2", "abc\n", "axc\n");
        says("s/^b/X/M;N;s/^b/Y/M", "a\nb\n", "a\nY\n");
        says("s/a/\\x41\\o102\\d067/", "a\n", "ABC\n");
        says("s/a/echo hi/e", "a\n", "hi\n");
    }
}

#[test]
fn other_commands() {
    says("2d", "a\nb\nc\n", "a\nc\n");
    says("$!N;P;D", "a\nb\nc\n", "a\nb\nc\n");
    says("G", "a\nb\n", "a\n\nb\n\n");
    says("1!G;h;$!d", "a\nb\nc\n", "c\nb\na\n");
    says("x;p;x", "a\n", "\na\n");
    says("n;d", "a\nb\nc\nd\n", "a\nc\n");
    says("y/abc/xyz/", "cab\n", "zxy\n");
    says("y/a\\/b/x-y/", "a/b\n", "x-y\n");
    says("=", "a\nb\n", "1\na\n2\nb\n");
    says("$!d", "a\nb\n", "b\n");
    says(":a;N;$!ba;s/\\n/,/g", "a\nb\nc\n", "a,b,c\n");
    says("/a/{s//x/;b};s/^/-/", "a\nb\n", "x\n-b\n");
    says(":a\ns/x/y/\nta", "xxx\n", "yyy\n");
    says("l;d", "a\tb\\\u{1}\n", "a\\tb\\\\\\001$\n");
    applet("sed").args(["-n", "$="]).stdin("a\nb").stdout("2\n").ok();
    applet("sed").args(["-n", "H;${x;s/\\n/,/g;p}"]).stdin("a\nb\n").stdout(",a,b\n").ok();
    if !against_busybox() {
        says("z;s/^$/x/", "a\n", "x\n");
        says("F", "a\n", "-\na\n");
        says("s/x/y/;T;s/$/!/", "x\nz\n", "y!\nz\n");
        says("1e echo hi", "a\n", "hi\na\n");
        applet("sed").args(["-n", "l 5"]).stdin("abcdefgh\n").stdout("abcd\\\nefgh$\n").ok();
    }
}

#[test]
fn text() {
    says("1a\\\nfoo\\\nbar", "x\n", "x\nfoo\nbar\n");
    says("1i\\\n  foo", "x\n", "  foo\nx\n");
    says("1a foo", "x\ny\n", "x\nfoo\ny\n");
    says("1i\\  foo", "x\n", "  foo\nx\n");
    says("$!{a foo\n}", "x\ny\n", "x\nfoo\ny\n");
    says("2c\\\nfoo", "x\ny\nz\n", "x\nfoo\nz\n");
    says("1,2c foo", "x\ny\nz\n", "foo\nz\n");
    says("a foo", "x", "x\nfoo\n");
    applet("sed").args(["-e", "a\\", "-e", "foo"]).stdin("x\n").stdout("x\nfoo\n").ok();
    applet("sed").args(["-n", "i foo"]).stdin("x\n").stdout("foo\n").ok();
}

#[test]
fn files() {
    let dir = Scratch::new("sed");
    let at = |name: &str| dir.path().join(name);
    let sed = |args: &[&str]| applet("sed").args(args).dir(dir.path());
    dir.file("a", "1\n2\n");
    dir.file("b", "3\n4\n");
    dir.file("script", "s/1/one/\n# a comment\n2d\n");
    sed(&["-f", "script", "a"]).stdout("one\n").ok();
    sed(&["-n", "$p", "a", "b"]).stdout("4\n").ok();
    sed(&["-n", "3p", "a", "b"]).stdout("3\n").ok();
    sed(&["r b", "a"]).stdout("1\n3\n4\n2\n3\n4\n").ok();
    sed(&["r none", "a"]).stdout("1\n2\n").ok();
    sed(&["w out", "a"]).stdout("1\n2\n").ok();
    assert_eq!(fs::read(at("out")).unwrap(), b"1\n2\n");
    sed(&["-n", "s/1/x/w out", "a"]).stdout("").ok();
    assert_eq!(fs::read(at("out")).unwrap(), b"x\n");
    sed(&["-n", "w /dev/stdout", "a"]).stdout("1\n2\n").ok();
    sed(&["-i", "s/1/x/", "a"]).stdout("").ok();
    assert_eq!(fs::read(at("a")).unwrap(), b"x\n2\n");
    sed(&["-i.bak", "-e", "1d", "a", "b"]).stdout("").ok();
    assert_eq!(fs::read(at("a")).unwrap(), b"2\n");
    assert_eq!(fs::read(at("b")).unwrap(), b"4\n");
    assert_eq!(fs::read(at("b.bak")).unwrap(), b"3\n4\n");
    sed(&["p", "none", "a"]).stdout("2\n2\n").stderr_has("none: No such file").run();
    if !against_busybox() {
        sed(&["-s", "-n", "$p", "a", "b"]).stdout("2\n4\n").ok();
        sed(&["R b.bak", "a"]).stdout("2\n3\n").ok();
        sed(&["p", "none"]).stderr_has("can't read none: No such file").fails(2);
        fs::write(at("open"), "1").unwrap();
        sed(&["-n", "W out", "open"]).ok();
        assert_eq!(fs::read(at("out")).unwrap(), b"1");
    }
    sed(&["-i", "q", "b.bak"]).ok();
    assert_eq!(fs::read(at("b.bak")).unwrap(), b"3\n");
}

#[test]
fn ends_of_lines() {
    says("p", "a", "a\na");
    says("s/a/b/", "a", "b");
    says("$!d", "a\nb", "b");
    says("", "", "");
    applet("sed").args(["-z", "s/^b/x/"]).stdin("a\0b\0").stdout("a\0x\0").ok();
    applet("sed").args(["-n", "p"]).stdin("a\0b\n").stdout("a\0b\n").ok();
    applet("sed").args(["s/b/x/"]).stdin("a\0b\n").stdout("a\0x\n").ok();
}

#[test]
fn scripts() {
    sed(&["-n", "-e", "1p", "-e", "2p"]).stdout("one\ntwo\n").ok();
    sed(&["#n\n1p"]).stdout("one\n").ok();
    sed(&["-n", "1p ; 2p"]).stdout("one\ntwo\n").ok();
    sed(&["-n", "{1p;};2p"]).stdout("one\ntwo\n").ok();
    sed(&["-n", "1{p};2{p}"]).stdout("one\ntwo\n").ok();
    sed(&["-n", " 1 , 2 p"]).stdout("one\ntwo\n").ok();
    sed(&["--quiet", "--expression=1p"]).stdout("one\n").ok();
    sed(&["s/a"]).stderr_has("unterminated `s' command").fails(1);
    sed(&["k"]).stderr_has("unknown command: `k'").fails(1);
    sed(&["b nowhere"]).stderr_has("can't find label for jump to `nowhere'").fails(1);
    sed(&["{p"]).stderr_has("unmatched `{'").fails(1);
    if !against_busybox() {
        sed(&["p}"]).stderr_has("unexpected `}'").fails(1);
        sed(&["s/a/\\1/"]).stderr_has("invalid reference \\1").fails(1);
        sed(&["y/a/bc/"]).stderr_has("different lengths").fails(1);
    }
}

#[test]
fn a_last_line_without_newline_through_the_hold_space() {
    let scratch = Scratch::new("sed-hold");
    scratch.file("1", "a\nb");
    scratch.file("2", "c");
    if against_busybox() {
        return; // it ends every output with a newline
    }
    let sed = |script: &str, expected: &str| {
        applet("sed").args([script, "1", "2"]).dir(scratch.path()).stdout(expected).ok();
    };
    sed("H;$G", "a\nb\nc\n\na\nb\nc");
    sed("H;$!d;x", "\na\nb\nc");
    sed("$G", "a\nb\nc\n\n");
    sed("$!{h;d};H;x", "b\nc");
}

#[test]
fn rare_forms() {
    let scratch = Scratch::new("sed-rare");
    let file = scratch.file("f", "one\ntwo\n");
    let link = scratch.path().join("l");
    std::os::unix::fs::symlink("f", &link).unwrap();
    let sed = |args: &[&str]| applet("sed").args(args).dir(scratch.path());
    if !against_busybox() {
        sed(&["a\\", "f"]).stdout("one\ntwo\n").ok();
        sed(&["--follow-symlinks", "-i", "s/one/1/", "l"]).ok();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read(file).unwrap(), b"1\ntwo\n");
    }
    if !against_busybox() {
        let case = sed(&["y/é€b/eEß/"]).stdin(b"\xc3\xa9\xff\xe2\x82\xacab\n");
        case.env("LC_ALL", "C.UTF-8").stdout(b"e\xffEa\xc3\x9f\n").ok();
    }
    sed(&["2!!d", "f"]).fails(1);
    sed(&["-E", "s/t{2,1}/x/", "f"]).fails(1);
    sed(&["-E", "s/*/x/", "f"]).fails(1);
    sed(&["s/^^t/x/", "f"]).stdout(std::fs::read(scratch.path().join("f")).unwrap()).ok();
}
