//! cal, column, join, ts, ascii: texts set in columns.

use crate::harness::applet::{against_busybox, applet, reference};
use crate::harness::scratch::Scratch;

#[test]
fn calendars() {
    applet("cal")
        .args(["9", "1752"])
        .stdout("   September 1752\nSu Mo Tu We Th Fr Sa\n       1  2 14 15 16\n17 18 19 20 21 22 23\n24 25 26 27 28 29 30\n                     \n                     \n                     \n")
        .ok();
    applet("cal")
        .args(["-m", "11", "2026"])
        .stdout("   November 2026\nMo Tu We Th Fr Sa Su\n                   1\n 2  3  4  5  6  7  8\n 9 10 11 12 13 14 15\n16 17 18 19 20 21 22\n23 24 25 26 27 28 29\n30\n")
        .ok();
    applet("cal")
        .args(["-j", "2", "2024"])
        .stdout("       February 2024\n Su  Mo  Tu  We  Th  Fr  Sa\n                 32  33  34\n 35  36  37  38  39  40  41\n 42  43  44  45  46  47  48\n 49  50  51  52  53  54  55\n 56  57  58  59  60\n                            \n")
        .ok();
    let year = applet("cal").args(["2000"]).ok().stdout;
    let year = String::from_utf8(year).unwrap();
    assert!(year.starts_with("                              2000                              \n\n      January               February               March        \nSu Mo Tu We Th Fr Sa  Su Mo Tu We Th Fr Sa  Su Mo Tu We Th Fr Sa\n"), "{year}");
    for wrong in [["13", "2000"], ["1", "10000"], ["0", "2000"], ["x", "2000"]] {
        applet("cal").args(wrong).fails(1);
    }
}

#[test]
fn calendars_of_util_linux() {
    if reference().is_some() {
        return;
    }
    applet("cal")
        .args(["-3", "feb", "2026"])
        .stdout("    January 2026         February 2026           March 2026     \nSu Mo Tu We Th Fr Sa  Su Mo Tu We Th Fr Sa  Su Mo Tu We Th Fr Sa\n             1  2  3   1  2  3  4  5  6  7   1  2  3  4  5  6  7\n 4  5  6  7  8  9 10   8  9 10 11 12 13 14   8  9 10 11 12 13 14\n11 12 13 14 15 16 17  15 16 17 18 19 20 21  15 16 17 18 19 20 21\n18 19 20 21 22 23 24  22 23 24 25 26 27 28  22 23 24 25 26 27 28\n25 26 27 28 29 30 31                        29 30 31\n                     \n")
        .ok();
    let weeks = applet("cal").args(["-mw", "12", "2018"]).ok().stdout;
    let weeks = String::from_utf8(weeks).unwrap();
    assert!(weeks.contains("\n 1 31\n"), "{weeks}");
    assert!(weeks.contains("\n52 24 25 26 27 28 29 30\n"), "{weeks}");
}

#[test]
fn tables() {
    if against_busybox() {
        return;
    }
    let input = "a b c\nlonger x\n\n  q  w e r\n";
    let table = |args: &[&str]| applet("column").args(args).stdin(input);
    table(&["-t"]).stdout("a       b  c  \nlonger  x     \nq       w  e  r\n").ok();
    table(&["-t", "-o|"]).stdout("a     |b|c|\nlonger|x| |\nq     |w|e|r\n").ok();
    table(&["-t", "-L"])
        .stdout("a       b  c  \nlonger  x     \n              \nq       w  e  r\n")
        .ok();
    table(&["-t", "-N", "A,B"])
        .stdout("A       B     \na       b  c  \nlonger  x     \nq       w  e  r\n")
        .ok();
    table(&["-t", "-l", "2"]).stdout("a       b c\nlonger  x\nq        w e r\n").ok();
    table(&["-t", "-R", "1,3"]).stdout("     a  b  c  \nlonger  x     \n     q  w  e  r\n").ok();
    table(&["-t", "-O", "2,1"]).stdout("b  a       c  \nx  longer     \nw  q       e  r\n").ok();
    table(&["-t", "-H", "1"]).stdout("b  c  \nx     \nw  e  r\n").ok();
    applet("column")
        .args(["-t", "-s", ":"])
        .stdin("a:b::c\n:x\n")
        .stdout("a  b    c\n   x    \n")
        .ok();
    applet("column")
        .args(["-J", "-N", "A,b", "-n", "list"])
        .stdin("1 \"2\n3\n")
        .stdout("{\n   \"list\": [\n      {\n         \"a\": \"1\",\n         \"b\": \"\\\"2\"\n      },{\n         \"a\": \"3\",\n         \"b\": null\n      }\n   ]\n}\n")
        .ok();
    applet("column").args(["-J", "-N", "a"]).stdin("1 2\n").fails(1);
    applet("column").args(["-J"]).stdin("1 2\n").fails(1);
    applet("column")
        .args(["-t", "-N", "id,name,parent", "-r", "name", "-i", "id", "-p", "parent"])
        .env("LC_ALL", "C.UTF-8")
        .stdin("1 a 0\n2 b 1\n3 c 1\n4 d 2\n")
        .stdout("id  name   parent\n1   a      0\n2   ├─b    1\n4   │ └─d  2\n3   └─c    1\n")
        .ok();
    applet("column")
        .args(["-t", "-c", "15", "-T", "1"])
        .stdin("aaaaaaaaaaaaaaaaaaaaaaaa b\n1 2 3\n")
        .stdout("aaaaaaaaa  b  \n1          2  3\n")
        .ok();
    applet("column")
        .args(["-t", "-c", "15", "-W", "1"])
        .stdin("aaaaaaaaaaaaaaaaaaaaaaaa b\n1 2 3\n")
        .stdout("aaaaaaaaa  b  \naaaaaaaaa     \naaaaaa        \n1          2  3\n")
        .ok();
}

#[test]
fn lists_in_columns() {
    if against_busybox() {
        return;
    }
    let numbers: String = (1..=7).map(|n| format!("{n}\n")).collect();
    applet("column").args(["-c", "24"]).stdin(&numbers).stdout("1\t4\t7\n2\t5\n3\t6\n").ok();
    applet("column").args(["-x", "-c", "24"]).stdin(&numbers).stdout("1\t2\t3\n4\t5\t6\n7\n").ok();
    applet("column").args(["-c", "1"]).stdin("a\n\nb\n").stdout("a\nb\n").ok();
    applet("column").args(["/nowhere"]).fails(1);
}

#[test]
fn lines_with_a_field_in_common() {
    if against_busybox() {
        return;
    }
    let scratch = Scratch::new("join");
    let dir = scratch.path();
    std::fs::write(dir.join("a"), "a 1\nb 2\nb 3\nd 4\n").unwrap();
    std::fs::write(dir.join("b"), "b x\nb y\nc z\nd w v\n").unwrap();
    let join = |args: &[&str]| applet("join").args(args).args(["a", "b"]).dir(dir);
    join(&[]).stdout("b 2 x\nb 2 y\nb 3 x\nb 3 y\nd 4 w v\n").ok();
    join(&["-a1", "-v2"]).stdout("a 1\nc z\n").ok();
    join(&["-a1"]).stdout("a 1\nb 2 x\nb 2 y\nb 3 x\nb 3 y\nd 4 w v\n").ok();
    join(&["-v1", "-v2"]).stdout("a 1\nc z\n").ok();
    join(&["-a", "1", "-a2", "-e", "-", "-o", "0,1.2,2.2"])
        .stdout("a 1 -\nb 2 x\nb 2 y\nb 3 x\nb 3 y\nc - z\nd 4 w\n")
        .ok();
    join(&["-a2", "-o", "auto", "-e", "E"])
        .stdout("b 2 x\nb 2 y\nb 3 x\nb 3 y\nc E z\nd 4 w\n")
        .ok();
    join(&["-1", "2", "-2", "1", "-o", "1.1,2.2"]).stdout("").ok();
    join(&["--header"]).stdout("a 1 x\nb 2 y\nb 3 y\nd 4 w v\n").ok();
    join(&["-t", ""]).stdout("").ok();
    join(&["-o", "1.2", "2.2"]).stdout("2 x\n2 y\n3 x\n3 y\n4 w\n").ok();
    join(&["-o", "3.1"]).fails(1);
    join(&["-1", "0"]).fails(1);
    join(&["-1", "1", "-j", "2"]).fails(1);
    std::fs::write(dir.join("c"), "c 1\na 2\n").unwrap();
    applet("join").args(["c", "b"]).dir(dir).stdout("c 1 z\n").fails(1);
    applet("join").args(["--nocheck-order", "c", "b"]).dir(dir).stdout("c 1 z\n").ok();
    applet("join")
        .args(["--check-order", "c", "b"])
        .dir(dir)
        .stderr_has("c:2: is not sorted: a 2")
        .fails(1);
    applet("join").args(["-i", "-t:", "-", "b"]).dir(dir).stdin("").stdout("").ok();
    applet("join").args(["a"]).dir(dir).fails(1);
    std::fs::write(dir.join("d"), "a 1\nc 2\nb 3\n").unwrap();
    applet("join").args(["d", "-"]).dir(dir).stdin("a z\n").stdout("a 1 z\n").ok();
}

#[test]
fn times_before_lines() {
    applet("ts").args(["%Y"]).env("TZ", "UTC").stdin("").stdout("").ok();
    let out = applet("ts").args(["-s"]).stdin("a\nb").ok().stdout;
    assert_eq!(String::from_utf8(out).unwrap(), "00:00:00 a\n00:00:00 b");
    let out = applet("ts").args(["x%%y"]).stdin("a\n").ok().stdout;
    assert_eq!(String::from_utf8(out).unwrap(), "x%y a\n");
}

#[test]
fn table_of_ascii() {
    if reference().is_some() && !against_busybox() {
        return;
    }
    let out = applet("ascii").ok().stdout;
    let text = String::from_utf8(out).unwrap();
    assert!(text.starts_with("Dec Hex    Dec Hex    Dec Hex  Dec Hex  Dec Hex  Dec Hex   Dec Hex   Dec Hex\n  0 00 NUL  16 10 DLE  32 20    48 30 0  64 40 @  80 50 P   96 60 `  112 70 p\n"), "{text}");
    assert!(
        text.ends_with(
            " 15 0f SI   31 1f US   47 2f /  63 3f ?  79 4f O  95 5f _  111 6f o  127 7f DEL\n"
        ),
        "{text}"
    );
}
