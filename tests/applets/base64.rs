//! base64, base32, uuencode, uudecode.

use crate::harness::applet::{applet, reference};
use crate::harness::scratch::Scratch;

#[test]
fn letters() {
    let dir = Scratch::new("base64");
    dir.file("f", "foobar");
    applet("base64").dir(dir.path()).stdout("").ok();
    applet("base64").dir(dir.path()).stdin("f").stdout("Zg==\n").ok();
    applet("base64").dir(dir.path()).stdin("fo").stdout("Zm8=\n").ok();
    applet("base64").dir(dir.path()).stdin("foo").stdout("Zm9v\n").ok();
    applet("base64").dir(dir.path()).stdin(" !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxy !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxy !\"#$%&'()*+,-./0123").stdout("ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj9AQUJDREVGR0hJSktMTU5PUFFSU1RVVldY\nWVpbXF1eX2BhYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3\nODk6Ozw9Pj9AQUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVpbXF1eX2BhYmNkZWZnaGlqa2xtbm9w\ncXJzdHV2d3h5ICEiIyQlJicoKSorLC0uLzAxMjM=\n").ok();
    applet("base64").dir(dir.path()).args(["-w", "0"]).stdin(" !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxy !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxy !\"#$%&'()*+,-./0123").stdout("ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj9AQUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVpbXF1eX2BhYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj9AQUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVpbXF1eX2BhYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ICEiIyQlJicoKSorLC0uLzAxMjM=").ok();
    applet("base64").dir(dir.path()).args(["-w", "10"]).stdin(" !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxy !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxy !\"#$%&'()*+,-./0123").stdout("ICEiIyQlJi\ncoKSorLC0u\nLzAxMjM0NT\nY3ODk6Ozw9\nPj9AQUJDRE\nVGR0hJSktM\nTU5PUFFSU1\nRVVldYWVpb\nXF1eX2BhYm\nNkZWZnaGlq\na2xtbm9wcX\nJzdHV2d3h5\nICEiIyQlJi\ncoKSorLC0u\nLzAxMjM0NT\nY3ODk6Ozw9\nPj9AQUJDRE\nVGR0hJSktM\nTU5PUFFSU1\nRVVldYWVpb\nXF1eX2BhYm\nNkZWZnaGlq\na2xtbm9wcX\nJzdHV2d3h5\nICEiIyQlJi\ncoKSorLC0u\nLzAxMjM=\n").ok();
    applet("base64").dir(dir.path()).args(["-w", "1"]).stdin("ab").stdout("Y\nW\nI\n=\n").ok();
    applet("base64").dir(dir.path()).args(["f"]).stdout("Zm9vYmFy\n").ok();
    applet("base64").dir(dir.path()).args(["nosuch"]).stdout("").fails(1);
    applet("base64").dir(dir.path()).stdin(b"\xff\x00\xfe").stdout("/wD+\n").ok();
    applet("base32").dir(dir.path()).stdin("f").stdout("MY======\n").ok();
    applet("base32").dir(dir.path()).stdin("foobar").stdout("MZXW6YTBOI======\n").ok();
    applet("base32").dir(dir.path()).args(["-w", "8"]).stdin(" !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxy !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxy !\"#$%&'()*+,-./0123").stdout("EAQSEIZE\nEUTCOKBJ\nFIVSYLJO\nF4YDCMRT\nGQ2TMNZY\nHE5DWPB5\nHY7UAQKC\nINCEKRSH\nJBEUUS2M\nJVHE6UCR\nKJJVIVKW\nK5MFSWS3\nLROV4X3A\nMFRGGZDF\nMZTWQ2LK\nNNWG23TP\nOBYXE43U\nOV3HO6DZ\nEAQSEIZE\nEUTCOKBJ\nFIVSYLJO\nF4YDCMRT\nGQ2TMNZY\nHE5DWPB5\nHY7UAQKC\nINCEKRSH\nJBEUUS2M\nJVHE6UCR\nKJJVIVKW\nK5MFSWS3\nLROV4X3A\nMFRGGZDF\nMZTWQ2LK\nNNWG23TP\nOBYXE43U\nOV3HO6DZ\nEAQSEIZE\nEUTCOKBJ\nFIVSYLJO\nF4YDCMRT\n").ok();
}

#[test]
fn bytes() {
    applet("base64").args(["-d"]).stdin("Zm9v\n").stdout("foo").ok();
    applet("base64").args(["-d"]).stdin("Zm\n9v\n").stdout("foo").ok();
    applet("base64").args(["-d"]).stdin("Zg==").stdout("f").ok();
    applet("base64").args(["-d"]).stdin("Zg==Zg==").stdout("ff").ok();
    applet("base64").args(["-d"]).stdin("Z!g=").stdout("").fails(1);
    applet("base64").args(["-di"]).stdin("Z!m9v").stdout("foo").ok();
    applet("base64").args(["-d"]).stdin("Zg").stdout("f").fails(1);
    applet("base64").args(["--decode"]).stdin("//8=").stdout(b"\xff\xff").ok();
    applet("base32").args(["-d"]).stdin("MZXW6YTBOI======").stdout("foobar").ok();
    applet("base32").args(["-d"]).stdin("M1======").stdout("").fails(1);
}

#[test]
fn mails_own() {
    if reference().is_some() {
        return;
    }
    let dir = Scratch::new("base64");
    dir.file("f", "hello\n");
    dir.file("u", "begin 644 out\n&:&5L;&\\*\n`\nend\n");
    dir.file("m", "begin-base64 644 x\naGVsbG8K\n====\n");
    dir.file("b", "begin 644 out\n&:&5");
    dir.file("p", "begin 644 ../evil\n`\nend\n");
    applet("uuencode")
        .dir(dir.path())
        .args(["f", "name"])
        .stdout("begin 644 name\n&:&5L;&\\*\n`\nend\n")
        .ok();
    applet("uuencode")
        .dir(dir.path())
        .args(["-m", "f", "name"])
        .stdout("begin-base64 644 name\naGVsbG8K\n====\n")
        .ok();
    applet("uuencode")
        .dir(dir.path())
        .args(["name"])
        .stdin("x")
        .stdout("begin 644 name\n!>```\n`\nend\n")
        .ok();
    applet("uuencode").dir(dir.path()).stdout("").fails(2);
    applet("uudecode").dir(dir.path()).args(["-o", "-", "u"]).stdout("hello\n").ok();
    applet("uudecode").dir(dir.path()).args(["-o", "/dev/stdout", "m"]).stdout("hello\n").ok();
    applet("uudecode").dir(dir.path()).args(["b"]).stdout("").fails(1);
    applet("uudecode").dir(dir.path()).args(["p"]).stdout("").fails(1);
    applet("uudecode").dir(dir.path()).args(["f"]).stdout("").fails(1);
}

#[test]
fn width_of_base64() {
    let line = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    applet("uuencode")
        .args(["-m", "z"])
        .stdin([0; 46])
        .stdout(format!("begin-base64 644 z\n{line}\nAA==\n====\n"))
        .ok();
}
