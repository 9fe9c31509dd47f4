//! expand, unexpand, nl.

use crate::harness::applet::applet;

#[test]
fn expanding() {
    applet("expand").stdin("a\tb\n\tc\n").stdout("a       b\n        c\n").ok();
    applet("expand").args(["-i"]).stdin("a\tb\n\tc\td\n").stdout("a\tb\n        c\td\n").ok();
    applet("expand").args(["-t", "4,10"]).stdin("a\tb\tc\td\n").stdout("a   b     c d\n").ok();
    applet("expand").args(["-t", "3"]).stdin("a\tb\n").stdout("a  b\n").ok();
    applet("expand").args(["-4"]).stdin("a\tb\n").stdout("a   b\n").ok();
    applet("expand").stdin(b"a\x08\tb\n").stdout(b"a\x08        b\n").ok();
    applet("expand").args(["-t", "0"]).stdout("").fails(1);
    applet("expand").args(["-t", "x"]).stdout("").fails(1);
    applet("expand").args(["-t", "4,2"]).stdout("").fails(1);
    applet("expand").args(["nosuch"]).stdout("").fails(1);
}

#[test]
fn unexpanding() {
    applet("unexpand").stdin("        a        b\n").stdout("\ta        b\n").ok();
    applet("unexpand").args(["-a"]).stdin("        a        b\n").stdout("\ta\t b\n").ok();
    applet("unexpand").args(["-t", "4"]).stdin("    a   b  c d\n").stdout("\ta\tb  c d\n").ok();
    applet("unexpand").args(["-a"]).stdin("a b       c\n").stdout("a b\t  c\n").ok();
    applet("unexpand").stdin("   \tx\n").stdout("\tx\n").ok();
    applet("unexpand").args(["-a"]).stdin("1234567 x 9\n").stdout("1234567 x 9\n").ok();
    applet("unexpand").args(["-a", "--first-only"]).stdin("a       b\n").stdout("a       b\n").ok();
    applet("unexpand").stdin("       a\n").stdout("       a\n").ok();
}

#[test]
fn numbering() {
    applet("nl").stdin("a\n\nb\n").stdout("     1\ta\n       \n     2\tb\n").ok();
    applet("nl").args(["-ba"]).stdin("a\n\nb\n").stdout("     1\ta\n     2\t\n     3\tb\n").ok();
    applet("nl").args(["-bn"]).stdin("a\n\nb\n").stdout("       a\n       \n       b\n").ok();
    applet("nl").args(["-bpa"]).stdin("a\nb\n").stdout("     1\ta\n       b\n").ok();
    applet("nl").args(["-v5", "-i2", "-w3", "-s:"]).stdin("a\nb\n").stdout("  5:a\n  7:b\n").ok();
    applet("nl").args(["-n", "ln"]).stdin("a\nb\n").stdout("1     \ta\n2     \tb\n").ok();
    applet("nl").args(["-n", "rz"]).stdin("a\nb\n").stdout("000001\ta\n000002\tb\n").ok();
    applet("nl")
        .args(["-ba", "-l2"])
        .stdin("\n\n\na\n")
        .stdout("       \n     1\t\n       \n     2\ta\n")
        .ok();
    applet("nl")
        .args(["-ha", "-fa"])
        .stdin("\\:\\:\\:\nh\n\\:\\:\nb\n\\:\nf\n")
        .stdout("\n     1\th\n\n     1\tb\n\n     1\tf\n")
        .ok();
    applet("nl")
        .args(["-p"])
        .stdin("\\:\\:\nb\n\\:\\:\nb\n")
        .stdout("\n     1\tb\n\n     2\tb\n")
        .ok();
    applet("nl").stdin("\\:\\:\nb\n\\:\\:\nb\n").stdout("\n     1\tb\n\n     1\tb\n").ok();
    applet("nl").args(["-v", "-2"]).stdin("a\nb\n").stdout("    -2\ta\n    -1\tb\n").ok();
    applet("nl").args(["-bx"]).stdout("").fails(1);
    applet("nl").args(["-n", "x"]).stdout("").fails(1);
    applet("nl").args(["nosuch"]).stdout("").fails(1);
    applet("unexpand").args(["-t", "1"]).stdin("a  b c\n").stdout("a\t\tb\tc\n").ok();
}
