//! bc: what GNU's prints.

use crate::harness::applet::applet;

#[track_caller]
fn bc(program: &str, expected: &str) {
    applet("bc").stdin(format!("{program}\n")).stdout(expected).ok();
}

#[test]
fn numbers() {
    bc("1+1", "2\n");
    bc("2^100", "1267650600228229401496703205376\n");
    bc("scale=20; 1/3", ".33333333333333333333\n");
    bc("scale=5; 10/4; 10%4; -7/2; -7%3", "2.50000\n0\n-3.50000\n-.00001\n");
    bc("2^-3; scale=4; 2^-3", "0\n.1250\n");
    bc("1.500*2.00; .5+.5; -.5", "3.000\n1.0\n-.5\n");
    bc("sqrt(2); scale=10; sqrt(2)", "1\n1.4142135623\n");
    bc("length(123.45); scale(1.234)", "5\n3\n");
    bc("-3^2; -(3^2); (1+2)*3", "9\n-9\n9\n");
    bc("1==1; 1!=1; !0; 1&&0; 1||0", "1\n0\n1\n0\n1\n");
}

#[test]
fn bases() {
    bc("obase=16; 255; 4095.5", "FF\nFFF.8\n");
    bc("ibase=16; FF; A", "255\n10\n");
    bc("ibase=2; 1011", "11\n");
    bc("obase=60; 3661", " 01 01 01\n");
}

#[test]
fn language() {
    bc("a=5; a++; ++a; a--; --a; a", "5\n7\n7\n5\n5\n");
    bc("x=3; x*=4; x; x^=2; x; x%=7; x", "12\n144\n4\n");
    bc("for (i=0;i<3;i++) i", "0\n1\n2\n");
    bc("while (i<3) { i; i=i+1 }", "0\n1\n2\n");
    bc("for(;;) { if (i++>3) break; if (i==2) continue; i }", "1\n3\n4\n");
    bc(
        "define f(n) { if (n<=1) return 1; return n*f(n-1) }\nf(30)",
        "265252859812191058636308480000000\n",
    );
    bc("define void p(x) { x }\np(3)", "3\n");
    bc("define f(a[]) { return a[1] }\nb[1]=7; f(b[])", "7\n");
    bc("define f() { auto x; x=5; return(x) }\nf(); x", "5\n0\n");
    bc("print \"a\", 1, \"\\n\"", "a1\n");
    bc("3; last+1; /* c */ 5 # x", "3\n4\n5\n");
}

#[test]
fn functions_of_the_library() {
    for (text, expected) in [
        ("s(1)", ".84147098480789650665\n"),
        ("c(1)", ".54030230586813971740\n"),
        ("a(1)*4", "3.14159265358979323844\n"),
        ("l(2)", ".69314718055994530941\n"),
        ("e(1)", "2.71828182845904523536\n"),
    ] {
        applet("bc").args(["-l"]).stdin(format!("{text}\n")).stdout(expected).ok();
    }
}

#[test]
fn width_of_lines() {
    let of = |width: &str| applet("bc").env("BC_LINE_LENGTH", width).stdin("2^100\n");
    of("20").stdout("126765060022822940\\\n1496703205376\n").ok();
    of("0").stdout("1267650600228229401496703205376\n").ok();
    applet("bc").env("BC_LINE_LENGTH", "0").stdin("10^70\n").stdout(format!("1{:070}\n", 0)).ok();
}
