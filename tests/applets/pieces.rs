//! split, shuf, factor, tsort, strings, dos2unix, unix2dos.

use crate::harness::applet::{applet, reference};
use crate::harness::scratch::Scratch;

#[test]
fn splitting() {
    let dir = Scratch::new("pieces");
    dir.file("in", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n21\n22\n23\n24\n25\n26\n27\n28\n29\n30\n");
    applet("split").dir(dir.path()).args(["-l", "15", "in"]).stdout("").ok();
    applet("cat")
        .dir(dir.path())
        .args(["xaa"])
        .stdout("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n")
        .ok();
    applet("cat")
        .dir(dir.path())
        .args(["xab"])
        .stdout("16\n17\n18\n19\n20\n21\n22\n23\n24\n25\n26\n27\n28\n29\n30\n")
        .ok();
    applet("split").dir(dir.path()).args(["-b", "50", "in", "p"]).stdout("").ok();
    applet("cat")
        .dir(dir.path())
        .args(["paa"])
        .stdout("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20")
        .ok();
    applet("cat")
        .dir(dir.path())
        .args(["pab"])
        .stdout("\n21\n22\n23\n24\n25\n26\n27\n28\n29\n30\n")
        .ok();
    applet("split").dir(dir.path()).args(["-n", "3", "in", "r"]).stdout("").ok();
    applet("cat")
        .dir(dir.path())
        .args(["raa"])
        .stdout("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n")
        .ok();
    applet("cat").dir(dir.path()).args(["rac"]).stdout("22\n23\n24\n25\n26\n27\n28\n29\n30\n").ok();
    applet("split").dir(dir.path()).args(["-n", "l/3", "in", "s"]).stdout("").ok();
    applet("cat")
        .dir(dir.path())
        .args(["saa"])
        .stdout("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n")
        .ok();
    applet("cat").dir(dir.path()).args(["sac"]).stdout("22\n23\n24\n25\n26\n27\n28\n29\n30\n").ok();
    applet("split").dir(dir.path()).args(["-C", "40", "in", "t"]).stdout("").ok();
    applet("cat")
        .dir(dir.path())
        .args(["taa"])
        .stdout("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n")
        .ok();
    applet("cat").dir(dir.path()).args(["tac"]).stdout("30\n").ok();
    applet("split").dir(dir.path()).args(["-d", "-a", "3", "-l", "20", "in", "u"]).stdout("").ok();
    applet("cat")
        .dir(dir.path())
        .args(["u000"])
        .stdout("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n")
        .ok();
    applet("cat")
        .dir(dir.path())
        .args(["u001"])
        .stdout("21\n22\n23\n24\n25\n26\n27\n28\n29\n30\n")
        .ok();
    applet("split")
        .dir(dir.path())
        .args(["-l", "20", "--additional-suffix=.t", "in", "v"])
        .stdout("")
        .ok();
    applet("cat")
        .dir(dir.path())
        .args(["vaa.t"])
        .stdout("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n")
        .ok();
    applet("split").dir(dir.path()).args(["-x", "-l", "20", "in", "w"]).stdout("").ok();
    applet("cat")
        .dir(dir.path())
        .args(["w00"])
        .stdout("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n")
        .ok();
    applet("split").dir(dir.path()).args(["-l", "0", "in"]).stdout("").fails(1);
    applet("split").dir(dir.path()).args(["-l", "x", "in"]).stdout("").fails(1);
    applet("split").dir(dir.path()).args(["nosuch"]).stdout("").fails(1);
    applet("split").dir(dir.path()).args(["-a", "1", "-b", "1", "in", "y"]).stdout("").fails(1);
}

#[test]
fn shuffling() {
    applet("shuf").args(["-n", "0", "-e", "a"]).stdout("").ok();
    applet("shuf").args(["-i", "5-5"]).stdout("5\n").ok();
    applet("shuf").args(["-i", "5-1"]).stdout("").fails(1);
    applet("shuf").args(["-e", "a"]).stdout("a\n").ok();
    applet("shuf").args(["-r", "-n", "0", "-e", "a"]).stdout("").ok();
    applet("shuf").args(["-n", "1"]).stdin("x\n").stdout("x\n").ok();
}

#[test]
fn factors() {
    applet("factor").args(["12", "97", "1000000007", "18446744073709551615", "1", "0", "2"]).stdout("12: 2 2 3\n97: 97\n1000000007: 1000000007\n18446744073709551615: 3 5 17 257 641 65537 6700417\n1:\n0:\n2: 2\n").ok();
    applet("factor").args(["x"]).stdout("").fails(1);
    applet("factor").stdin("12 15\n").stdout("12: 2 2 3\n15: 3 5\n").ok();
    applet("factor").args(["1000036000099"]).stdout("1000036000099: 1000003 1000033\n").ok();
}

#[test]
fn orders() {
    applet("tsort").stdin("a b\nb c\nd d\n").stdout("a\nd\nb\nc\n").ok();
    applet("tsort").stdin("c d a c b c\n").stdout("a\nb\nc\nd\n").ok();
    applet("tsort").stdin("a b b\n").stdout("").fails(1);
    applet("tsort").stdout("").ok();
}

#[test]
fn texts() {
    let dir = Scratch::new("pieces");
    dir.file("b", b"hello\x00ab\x00world!\n");
    applet("strings").dir(dir.path()).args(["b"]).stdout("hello\nworld!\n").ok();
    applet("strings").dir(dir.path()).args(["-n", "2", "b"]).stdout("hello\nab\nworld!\n").ok();
    applet("strings")
        .dir(dir.path())
        .args(["-t", "x", "b"])
        .stdout("      0 hello\n      9 world!\n")
        .ok();
    applet("strings")
        .dir(dir.path())
        .args(["-t", "d", "b"])
        .stdout("      0 hello\n      9 world!\n")
        .ok();
    applet("strings")
        .dir(dir.path())
        .args(["-o", "b"])
        .stdout("      0 hello\n     11 world!\n")
        .ok();
    applet("strings").dir(dir.path()).args(["-f", "b"]).stdout("b: hello\nb: world!\n").ok();
    applet("strings").dir(dir.path()).args(["-3", "b"]).stdout("hello\nworld!\n").ok();
    applet("strings").dir(dir.path()).args(["nosuch"]).stdout("").fails(1);
    applet("strings").dir(dir.path()).stdin(b"abcd\x01efg\n").stdout("abcd\n").ok();
}

#[test]
fn line_ends_own() {
    if reference().is_some() {
        return;
    }
    let dir = Scratch::new("pieces");
    dir.file("d", "a\r\nb\r\n");
    dir.file("u", "a\nb\n");
    applet("dos2unix").dir(dir.path()).stdin("a\r\nb\rc\r\n").stdout("a\nb\rc\n").ok();
    applet("dos2unix").dir(dir.path()).args(["d"]).stdout("").ok();
    applet("dos2unix").dir(dir.path()).args(["-d"]).stdin("x\n").stdout("x\r\n").ok();
    applet("unix2dos").dir(dir.path()).stdin("a\nb\r\n").stdout("a\r\nb\r\n").ok();
    applet("unix2dos").dir(dir.path()).args(["u"]).stdout("").ok();
    applet("unix2dos").dir(dir.path()).args(["-u"]).stdin("x\r\n").stdout("x\n").ok();
    applet("od")
        .dir(dir.path())
        .args(["-c", "d", "u"])
        .stdout("0000000   a  \\n   b  \\n   a  \\r  \\n   b  \\r  \\n\n0000012\n")
        .ok();
}

#[test]
fn chosen_pieces_own() {
    if reference().is_some() {
        return;
    }
    let dir = Scratch::new("pieces");
    dir.file("n", "1\n2\n3\n4\n5\n");
    let split = |args: &[&str]| applet("split").dir(dir.path()).args(args.iter().copied());
    split(&["-n", "2/3", "n"]).stdout("\n3\n").ok();
    split(&["-n", "l/1/2", "n"]).stdout("1\n2\n3\n").ok();
    split(&["-n", "r/2/2", "n"]).stdout("2\n4\n").ok();
    split(&["-n", "4/3", "n"]).stdout("").fails(1);
    split(&["-n", "r/2", "n"]).stdout("").ok();
    applet("cat").dir(dir.path()).args(["xaa", "xab"]).stdout("1\n3\n5\n2\n4\n").ok();
    split(&["-e", "-n", "12", "n", "e"]).stdout("").ok();
    let filter = "--filter=echo $FILE; cat";
    split(&["-l", "4", filter, "n", "f"]).stdout("faa\n1\n2\n3\n4\nfab\n5\n").ok();
    split(&["-n", "r/2", "--filter=cat >$FILE.q", "n", "q"]).stdout("").ok();
    applet("cat").dir(dir.path()).args(["qaa.q", "qab.q"]).stdout("1\n3\n5\n2\n4\n").ok();
    split(&["-l", "1", "--filter=exit 3", "n"]).stdout("").stderr_has("xaa: ").fails(3);
    split(&["-n", "1/2", "--filter=cat", "n"]).stdout("").fails(1);
    split(&["-t", ",", "-l", "1", "-", "t"]).stdin("a,b,c").stdout("").ok();
    applet("cat").dir(dir.path()).args(["taa", "tab", "tac"]).stdout("a,b,c").ok();
}
