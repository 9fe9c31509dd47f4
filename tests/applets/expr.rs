//! expr.

use crate::harness::applet::{against_busybox, applet};

fn says(words: &str, output: &str, status: i32) {
    applet("expr").args(words.split(' ')).stdout(format!("{output}\n")).fails(status);
}

#[test]
fn numbers() {
    says("1 + 2", "3", 0);
    says("1 - 2", "-1", 0);
    says("2 * 3 + 4", "10", 0);
    says("2 + 3 * 4", "14", 0);
    says("( 2 + 3 ) * 4", "20", 0);
    says("7 / 2", "3", 0);
    says("-7 / 2", "-3", 0);
    says("-7 % 3", "-1", 0);
    says("1 - 1", "0", 1);
    says("10 - 2 - 3", "5", 0);
    says("9223372036854775807 + 0", "9223372036854775807", 0);
    applet("expr").args(["1", "/", "0"]).stderr_has("division by zero").fails(2);
    applet("expr").args(["a", "+", "1"]).stderr_has("non-integer").fails(2);
}

#[test]
fn comparisons() {
    says("1 < 2", "1", 0);
    says("2 <= 1", "0", 1);
    says("10 > 9", "1", 0);
    says("a < b", "1", 0);
    says("a = a", "1", 0);
    says("a != a", "0", 1);
    says("01 = 1", "1", 0);
    says("a | b", "a", 0);
    says("0 | b", "b", 0);
    says("a & b", "a", 0);
    says("0 & b", "0", 1);
    says("0 | 0", "0", 1);
    says("1 | 1 / 0", "1", 0);
}

#[test]
fn texts() {
    says("abc : a.c", "3", 0);
    says("abc : b", "0", 1);
    says("abc : a\\(.\\)c", "b", 0);
    says("xbc : a\\(.\\)c", "", 1);
    says("a/b/c : .*/\\(.*\\)", "c", 0);
    says("foo : f*", "1", 0);
    says("abc", "abc", 0);
    says("0", "0", 1);
    says("length hello", "5", 0);
    says("index hello l", "3", 0);
    says("index hello xyz", "0", 1);
    says("substr hello 2 3", "ell", 0);
    says("substr hello 0 3", "", 1);
    says("match foobar foo.*", "6", 0);
    applet("expr").args(["", ":", ""]).stdout("0\n").fails(1);
    if !against_busybox() {
        says("+ length", "length", 0);
        says("a : b\\|a", "1", 0);
    }
    applet("expr").args(["1", "+"]).stderr_has("missing argument").fails(2);
    applet("expr").args(["1", "2"]).stderr_has("unexpected argument '2'").fails(2);
    applet("expr").args(["(", "1"]).fails(2);
}
