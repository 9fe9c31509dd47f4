//! dc.

use crate::harness::applet::applet;

fn says(program: &str, output: &str) {
    applet("dc").stdin(format!("{program}\n")).stdout(output).ok();
}

#[test]
fn arithmetic() {
    says("1 2+p", "3\n");
    says("5 k 1 3/p", ".33333\n");
    says("2 100^p", "1267650600228229401496703205376\n");
    says("_5 3%p", "-2\n");
    says("5 3~f", "2\n1\n");
    says("20k2vp", "1.41421356237309504880\n");
    says("2 3 5|p", "3\n");
    says("10d*p", "100\n");
    says("16o255p", "FF\n");
    says("16iFFp", "255\n");
    says("1 2 3f", "3\n2\n1\n");
    says("1 2rf", "1\n2\n");
    says("1n2n", "12");
}

#[test]
fn registers_and_macros() {
    says("5salap", "5\n");
    says("[1p]sxlxx", "1\n");
    says("[[inner]p]x", "inner\n");
    says("[2p]sa 1 2>a", "2\n");
    says("[2p]sa 1 2<a", "");
    says("[la1+dsa*pla5>y]sy0sa1lyx", "1\n2\n6\n24\n120\n");
    says("10 1:x 1;xp", "10\n");
    says("[q]x 3p", "");
    says("[ab]P65P", "abA");
    applet("dc").args(["-e", "1 2+p"]).stdout("3\n").ok();
}

#[test]
fn width_of_lines() {
    applet("dc")
        .env("DC_LINE_LENGTH", "10")
        .args(["-e", "10 9 ^ p"])
        .stdout("100000000\\\n0\n")
        .ok();
    applet("dc")
        .env("DC_LINE_LENGTH", "0")
        .args(["-e", "10 70 ^ p"])
        .stdout(format!("1{:070}\n", 0))
        .ok();
}
