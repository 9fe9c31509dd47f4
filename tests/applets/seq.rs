//! seq.

use crate::harness::applet::applet;

#[test]
fn rows() {
    applet("seq").args(["5"]).stdout("1\n2\n3\n4\n5\n").ok();
    applet("seq").args(["2", "5"]).stdout("2\n3\n4\n5\n").ok();
    applet("seq").args(["1", "2", "9"]).stdout("1\n3\n5\n7\n9\n").ok();
    applet("seq").args(["5", "-1", "1"]).stdout("5\n4\n3\n2\n1\n").ok();
    applet("seq").args(["5", "1"]).stdout("").ok();
    applet("seq").args(["-1"]).stdout("").ok();
    applet("seq").args(["-3", "-1"]).stdout("-3\n-2\n-1\n").ok();
    applet("seq").args(["0", "3"]).stdout("0\n1\n2\n3\n").ok();
    applet("seq").args(["1000000", "1000001"]).stdout("1000000\n1000001\n").ok();
    applet("seq").args(["-w", "8", "11"]).stdout("08\n09\n10\n11\n").ok();
    applet("seq").args(["-w", "-5", "5", "10"]).stdout("-5\n00\n05\n10\n").ok();
    applet("seq").args(["-s", ",", "3"]).stdout("1,2,3\n").ok();
    applet("seq").args(["-f", "%05.2f", "3"]).stdout("01.00\n02.00\n03.00\n").ok();
    applet("seq").args(["-f", "%g%%", "2"]).stdout("1%\n2%\n").ok();
    applet("seq").args(["1.0", "3"]).stdout("1.0\n2.0\n3.0\n").ok();
}

#[test]
fn fractions() {
    applet("seq").args(["-w", "8", "1e1"]).stdout("08\n09\n10\n").ok();
    applet("seq").args(["-w", "-f", "%g", "2"]).stdout("").fails(1);
    applet("seq")
        .args(["0.1", "0.1", "1"])
        .stdout("0.1\n0.2\n0.3\n0.4\n0.5\n0.6\n0.7\n0.8\n0.9\n1.0\n")
        .ok();
    applet("seq").args(["1", "0.5", "3"]).stdout("1.0\n1.5\n2.0\n2.5\n3.0\n").ok();
    applet("seq").args(["-w", "1", "0.5", "3"]).stdout("1.0\n1.5\n2.0\n2.5\n3.0\n").ok();
    applet("seq").args(["0", "0.1", "0.3"]).stdout("0.0\n0.1\n0.2\n0.3\n").ok();
    applet("seq").args(["1e3", "1", "1002"]).stdout("1000\n1001\n1002\n").ok();
    applet("seq").args(["0.5", "3"]).stdout("0.5\n1.5\n2.5\n").ok();
    applet("seq")
        .args(["-w", "0.5", "10"])
        .stdout("00.5\n01.5\n02.5\n03.5\n04.5\n05.5\n06.5\n07.5\n08.5\n09.5\n")
        .ok();
    applet("seq").args(["2", "-0.5", "1"]).stdout("2.0\n1.5\n1.0\n").ok();
}

#[test]
fn mistakes() {
    applet("seq").args(["1", "0", "3"]).stdout("").fails(1);
    applet("seq").args(["x"]).stdout("").fails(1);
    applet("seq").stdout("").fails(1);
    applet("seq").args(["-f", "%d", "3"]).stdout("").fails(1);
    applet("seq").args(["1", "2", "3", "4"]).stdout("").fails(1);
    applet("seq").args(["-f", "a", "1"]).stdout("").fails(1);
}
