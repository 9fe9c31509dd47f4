//! getopt.

use crate::harness::applet::applet;

#[test]
fn words() {
    applet("getopt")
        .args([
            "-o",
            "ab:c::",
            "-l",
            "foo,bar:,opt::",
            "-n",
            "me",
            "--",
            "-a",
            "-b",
            "x",
            "-cz",
            "--foo",
            "--bar=1",
            "--opt",
            "rest",
            "it's",
        ])
        .stdout(" -a -b 'x' -c 'z' --foo --bar '1' --opt '' -- 'rest' 'it'\\''s'\n")
        .ok();
    applet("getopt").args(["-o", "ab:", "--", "-x"]).stdout(" --\n").fails(1);
    applet("getopt").args(["ab:", "-a", "-b", "x y", "c"]).stdout(" -a -b x y -- c\n").ok();
    applet("getopt")
        .args(["-o", "a", "-l", "long", "-a", "--", "-long", "-a"])
        .stdout(" --long -a --\n")
        .ok();
    applet("getopt").args(["-T"]).stdout("").fails(4);
    applet("getopt").args(["ab:", "--", "-a"]).stdout(" -- -a\n").ok();
    applet("getopt").args(["-l", "x", "a", "--", "-a"]).stdout(" -- '-a'\n").ok();
    let old = |words: &[&str], output: &str| {
        applet("getopt").env("GETOPT_COMPATIBLE", "").args(words).stdout(output).ok();
    };
    old(&[], " --\n");
    old(&["-ab:", "-a", "-bx", "y z"], " -a -b x -- y z\n");
    old(&["-o", "ab:", "--", "-a"], " -- ab: -a\n");
    applet("getopt").args(["-q", "-o", "a", "--", "-x", "y"]).stdout(" -- 'y'\n").fails(1);
    applet("getopt").args(["-u", "-o", "a:", "--", "-a", "x y"]).stdout(" -a x y --\n").ok();
    applet("getopt").args(["-o", "+a", "--", "x", "-a"]).stdout(" -- 'x' '-a'\n").ok();
    applet("getopt").args(["-o", "-a", "--", "x", "-a"]).stdout(" 'x' -a --\n").ok();
    applet("getopt")
        .args(["-s", "csh", "-o", "a:", "--", "-a", "x!y"])
        .stdout(" -a 'x'\\!'y' --\n")
        .ok();
    applet("getopt")
        .args(["-s", "csh", "-o", "a:", "--", "-a", "x y"])
        .stdout(" -a 'x'\\ 'y' --\n")
        .ok();
    applet("getopt").args(["-o", "", "-l", "alpha,alps", "--", "--al"]).stdout(" --\n").fails(1);
    applet("getopt")
        .args(["-o", "", "-l", "alpha,beta", "--", "--al"])
        .stdout(" --alpha --\n")
        .ok();
    applet("getopt").args(["-o", "a:", "--", "-a"]).stdout(" --\n").fails(1);
    applet("getopt").args(["-o", "a", "-l", "x:", "--", "--x"]).stdout(" --\n").fails(1);
    applet("getopt").args(["-o", "a", "-l", "x", "--", "--x=1"]).stdout(" --\n").fails(1);
    applet("getopt").args(["-Q", "-o", "a", "--", "-a"]).stdout("").ok();
    applet("getopt").args(["-o", "a", "--", "--", "-a"]).stdout(" -- '-a'\n").ok();
    applet("getopt")
        .args(["-o", "a::b", "--", "-ab", "-a", "b"])
        .stdout(" -a 'b' -a '' -- 'b'\n")
        .ok();
}
