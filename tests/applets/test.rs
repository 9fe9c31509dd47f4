//! test and [; echo, printf and kill beside them. The shell's cases are in
//! `tests/shell`; these are about the applets' own edges.

use crate::harness::applet::applet;

#[test]
fn answers() {
    applet("test").args(["a", "=", "a"]).stdout("").ok();
    applet("test").args(["a", "=", "b"]).stdout("").fails(1);
    applet("test").fails(1);
    applet("[").args(["-d", "/", "]"]).ok();
    applet("test").args(["-d", "/", "-a", "!", "-d", "/nowhere"]).ok();
    applet("test").args(["!", "=", "==", "a", "-a", "x"]).ok();
    applet("test").args(["!", "=", "a", "-o", "x"]).ok();
    applet("test").args(["!", "=", "-o", "!", "e", "-a", "x"]).fails(1);
    applet("test").args(["a", "-a", "(", "=", ")"]).ok();
    applet("test").args(["!", "(", "=", "!=", "a", ")", "-a", "x"]).fails(1);
    applet("test").args(["x", "-a", "(", "=", "!=", "a", "-a", "x", ")"]).ok();
    applet("test").args(["(", "=", ")"]).fails(1);
}

#[test]
fn errors_are_status_2() {
    applet("[").args(["-d", "/"]).stderr_has("[: ']' is missing").fails(2);
    applet("test").args(["a", "-eq", "1"]).stderr_has("test: a: not a number").fails(2);
    applet("test").args(["a", "b", "c", "d"]).fails(2);
}

#[test]
fn help_is_an_operand() {
    applet("test").args(["--help"]).stdout("").ok();
    applet("echo").args(["--help"]).stdout("--help\n").ok();
}

#[test]
fn echo() {
    applet("echo").stdout("\n").ok();
    applet("echo").args(["-n", "a", "b"]).stdout("a b").ok();
    applet("echo").args(["-e", "a\\tb\\c", "c"]).stdout("a\tb").ok();
}

#[test]
fn printf() {
    applet("printf").args(["%s=%d\\n", "a", "1", "b", "2"]).stdout("a=1\nb=2\n").ok();
    applet("printf").args(["%d", "x"]).stdout("0").stderr_has("printf: x: not a number").fails(1);
    applet("printf").stderr_has("printf: a format is missing").fails(2);
    applet("printf").args(["--", "-%s", "x"]).stdout("-x").ok();
    applet("printf").args(["%70000.0f", "1"]).stdout(format!("{}1", " ".repeat(69_999))).ok();
}

#[test]
fn kill() {
    applet("kill").args(["-l", "9"]).stdout("KILL\n").ok();
    applet("kill").args(["-l", "143"]).stdout("TERM\n").ok();
    applet("kill").args(["-0", &std::process::id().to_string()]).ok();
    applet("kill").args(["-NOPE", "1"]).stderr_has("kill: NOPE: no such signal").fails(2);
    applet("kill").args(["-0", "x"]).stderr_has("kill: x: not a process").fails(1);
    applet("kill").args(["-0", "4194305"]).stderr_has("No such process").fails(1);
}
