//! od, hexdump, hd, xxd.

use crate::harness::applet::{applet, reference};
use crate::harness::scratch::Scratch;

#[test]
fn octal() {
    applet("od")
        .args(["-An", "-tf8"])
        .stdin(b"\xc99\0\0\0\0\0\0")
        .stdout("              7.3087e-320\n")
        .ok();
    let dir = Scratch::new("dumps");
    dir.file("o1", "abcdefgh\n");
    dir.file("o2", "def\n");
    applet("od").dir(dir.path()).stdin("hello world, this is od\n").stdout("0000000 062550 066154 020157 067567 066162 026144 072040 064550\n0000020 020163 071551 067440 005144\n0000030\n").ok();
    applet("od").dir(dir.path()).args(["-c"]).stdin("hello world, this is od\n").stdout("0000000   h   e   l   l   o       w   o   r   l   d   ,       t   h   i\n0000020   s       i   s       o   d  \\n\n0000030\n").ok();
    applet("od").dir(dir.path()).args(["-b"]).stdin("hello world, this is od\n").stdout("0000000 150 145 154 154 157 040 167 157 162 154 144 054 040 164 150 151\n0000020 163 040 151 163 040 157 144 012\n0000030\n").ok();
    applet("od").dir(dir.path()).args(["-x"]).stdin("hello world, this is od\n").stdout("0000000 6568 6c6c 206f 6f77 6c72 2c64 7420 6968\n0000020 2073 7369 6f20 0a64\n0000030\n").ok();
    applet("od").dir(dir.path()).args(["-d"]).stdin("hello world, this is od\n").stdout("0000000 25960 27756  8303 28535 27762 11364 29728 26984\n0000020  8307 29545 28448  2660\n0000030\n").ok();
    applet("od")
        .dir(dir.path())
        .args(["-An", "-tx1"])
        .stdin("hello world, this is od\n")
        .stdout(" 68 65 6c 6c 6f 20 77 6f 72 6c 64 2c 20 74 68 69\n 73 20 69 73 20 6f 64 0a\n")
        .ok();
    applet("od").dir(dir.path()).args(["-Ad", "-tx1z"]).stdin("hello world, this is od\n").stdout("0000000 68 65 6c 6c 6f 20 77 6f 72 6c 64 2c 20 74 68 69  >hello world, thi<\n0000016 73 20 69 73 20 6f 64 0a                          >s is od.<\n0000024\n").ok();
    applet("od").dir(dir.path()).args(["-tx1", "-tc"]).stdin("hello world, this is od\n").stdout("0000000  68  65  6c  6c  6f  20  77  6f  72  6c  64  2c  20  74  68  69\n          h   e   l   l   o       w   o   r   l   d   ,       t   h   i\n0000020  73  20  69  73  20  6f  64  0a\n          s       i   s       o   d  \\n\n0000030\n").ok();
    applet("od").dir(dir.path()).args(["-ta", "-tx2", "-to4"]).stdin("hello world, this is od\n").stdout("0000000   h   e   l   l   o  sp   w   o   r   l   d   ,  sp   t   h   i\n           6568    6c6c    206f    6f77    6c72    2c64    7420    6968\n            15433062550     15735620157     05431066162     15132072040\n0000020   s  sp   i   s  sp   o   d  nl\n           2073    7369    6f20    0a64\n            16332220163     01231067440\n0000030\n").ok();
    applet("od").dir(dir.path()).args(["-td1", "-tu2", "-td4", "-tx8"]).stdin("hello world, this is od\n").stdout("0000000  104  101  108  108  111   32  119  111  114  108  100   44   32  116  104  105\n            25960     27756      8303     28535     27762     11364     29728     26984\n                 1819043176          1870078063           744778866          1768453152\n                               6f77206f6c6c6568                        696874202c646c72\n0000020  115   32  105  115   32  111  100   10\n             8307     29545     28448      2660\n                 1936269427           174354208\n                               0a646f2073692073\n0000030\n").ok();
    applet("od")
        .dir(dir.path())
        .args(["-j", "3", "-N", "5", "-c"])
        .stdin("hello world, this is od\n")
        .stdout("0000003   l   o       w   o\n0000010\n")
        .ok();
    applet("od").dir(dir.path()).args(["-w4", "-c"]).stdin("hello world, this is od\n").stdout("0000000   h   e   l   l\n0000004   o       w   o\n0000010   r   l   d   ,\n0000014       t   h   i\n0000020   s       i   s\n0000024       o   d  \\n\n0000030\n").ok();
    applet("od")
        .dir(dir.path())
        .args(["-S", "3"])
        .stdin("hello world, this is od\n")
        .stdout("")
        .ok();
    applet("od").dir(dir.path()).args(["-tfF"]).stdin("hello world, this is od\n").stdout("0000000   1.1431415e+27   7.6482007e+28   3.2460948e-12   1.7563698e+25\n0000020   1.8470204e+31   1.0998701e-32\n0000030\n").ok();
    applet("od").dir(dir.path()).args(["-tfD"]).stdin("hello world, this is od\n").stdout("0000000   8.765776478827897e+228  5.8493853003496744e+199\n0000020  1.3290123356675696e-258\n0000030\n").ok();
    applet("od").dir(dir.path()).args(["-f"]).stdin("hello world, this is od\n").stdout("0000000   1.1431415e+27   7.6482007e+28   3.2460948e-12   1.7563698e+25\n0000020   1.8470204e+31   1.0998701e-32\n0000030\n").ok();
    applet("od")
        .dir(dir.path())
        .args(["--endian=big", "-tx4"])
        .stdin("hello world, this is od\n")
        .stdout("0000000 68656c6c 6f20776f 726c642c 20746869\n0000020 73206973 206f640a\n0000030\n")
        .ok();
    applet("od").dir(dir.path()).args(["-c", "+3"]).stdin("hello world, this is od\n").stdout("0000003   l   o       w   o   r   l   d   ,       t   h   i   s       i\n0000023   s       o   d  \\n\n0000030\n").ok();
    applet("od").dir(dir.path()).args(["-tcx1"]).stdin("hello world, this is od\n").stdout("0000000   h   e   l   l   o       w   o   r   l   d   ,       t   h   i\n         68  65  6c  6c  6f  20  77  6f  72  6c  64  2c  20  74  68  69\n0000020   s       i   s       o   d  \\n\n         73  20  69  73  20  6f  64  0a\n0000030\n").ok();
    applet("od").dir(dir.path()).args(["-s"]).stdin("hello world, this is od\n").stdout("0000000  25960  27756   8303  28535  27762  11364  29728  26984\n0000020   8307  29545  28448   2660\n0000030\n").ok();
    applet("od").dir(dir.path()).args(["-i"]).stdin("hello world, this is od\n").stdout("0000000  1819043176  1870078063   744778866  1768453152\n0000020  1936269427   174354208\n0000030\n").ok();
    applet("od").dir(dir.path()).args(["-l"]).stdin("hello world, this is od\n").stdout("0000000  8031924123371070824  7595448453092895858\n0000020   748845623216250995\n0000030\n").ok();
    applet("od").dir(dir.path()).args(["-o"]).stdin("hello world, this is od\n").stdout("0000000 062550 066154 020157 067567 066162 026144 072040 064550\n0000020 020163 071551 067440 005144\n0000030\n").ok();
    applet("od").dir(dir.path()).stdin(b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00").stdout("0000000 000000 000000 000000 000000 000000 000000 000000 000000\n*\n0000140 000000 000000\n0000144\n").ok();
    applet("od").dir(dir.path()).args(["-v"]).stdin(b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00").stdout("0000000 000000 000000 000000 000000 000000 000000 000000 000000\n0000020 000000 000000 000000 000000 000000 000000 000000 000000\n0000040 000000 000000 000000 000000 000000 000000 000000 000000\n0000060 000000 000000 000000 000000 000000 000000 000000 000000\n0000100 000000 000000 000000 000000 000000 000000 000000 000000\n0000120 000000 000000 000000 000000 000000 000000 000000 000000\n0000140 000000 000000\n0000144\n").ok();
    applet("od").dir(dir.path()).args(["-A", "x", "-t", "x1"]).stdin(b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00").stdout("000000 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n*\n000060 00 00 00 00\n000064\n").ok();
    applet("od")
        .dir(dir.path())
        .args(["-c", "o1", "o2"])
        .stdout("0000000   a   b   c   d   e   f   g   h  \\n   d   e   f  \\n\n0000015\n")
        .ok();
    applet("od")
        .dir(dir.path())
        .args(["-c", "o1", "2"])
        .stdout("0000002   c   d   e   f   g   h  \\n\n0000011\n")
        .ok();
    applet("od").dir(dir.path()).args(["-j", "100", "o1"]).stdout("").fails(1);
    applet("od").dir(dir.path()).args(["-t", "x3", "o1"]).stdout("").fails(1);
    applet("od").dir(dir.path()).args(["-A", "q", "o1"]).stdout("").fails(1);
    applet("od").dir(dir.path()).args(["nosuch"]).stdout("").fails(1);
}

#[test]
fn of_vim() {
    let dir = Scratch::new("dumps");
    dir.file("f1", "abc\n");
    applet("xxd").dir(dir.path()).stdin("hello world, this is od\n").stdout("00000000: 6865 6c6c 6f20 776f 726c 642c 2074 6869  hello world, thi\n00000010: 7320 6973 206f 640a                      s is od.\n").ok();
    applet("xxd")
        .dir(dir.path())
        .args(["-p"])
        .stdin("hello world, this is od\n")
        .stdout("68656c6c6f20776f726c642c2074686973206973206f640a\n")
        .ok();
    applet("xxd").dir(dir.path()).args(["-c", "8"]).stdin("hello world, this is od\n").stdout("00000000: 6865 6c6c 6f20 776f  hello wo\n00000008: 726c 642c 2074 6869  rld, thi\n00000010: 7320 6973 206f 640a  s is od.\n").ok();
    applet("xxd").dir(dir.path()).args(["-g", "1"]).stdin("hello world, this is od\n").stdout("00000000: 68 65 6c 6c 6f 20 77 6f 72 6c 64 2c 20 74 68 69  hello world, thi\n00000010: 73 20 69 73 20 6f 64 0a                          s is od.\n").ok();
    applet("xxd").dir(dir.path()).args(["-g", "4", "-u"]).stdin("hello world, this is od\n").stdout("00000000: 68656C6C 6F20776F 726C642C 20746869  hello world, thi\n00000010: 73206973 206F640A                    s is od.\n").ok();
    applet("xxd").dir(dir.path()).args(["-b"]).stdin("hello world, this is od\n").stdout("00000000: 01101000 01100101 01101100 01101100 01101111 00100000  hello \n00000006: 01110111 01101111 01110010 01101100 01100100 00101100  world,\n0000000c: 00100000 01110100 01101000 01101001 01110011 00100000   this \n00000012: 01101001 01110011 00100000 01101111 01100100 00001010  is od.\n").ok();
    applet("xxd").dir(dir.path()).args(["-e"]).stdin("hello world, this is od\n").stdout("00000000: 6c6c6568 6f77206f 2c646c72 69687420  hello world, thi\n00000010: 73692073 0a646f20                    s is od.\n").ok();
    applet("xxd").dir(dir.path()).args(["-i"]).stdin("hello world, this is od\n").stdout("  0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x20, 0x77, 0x6f, 0x72, 0x6c, 0x64, 0x2c,\n  0x20, 0x74, 0x68, 0x69, 0x73, 0x20, 0x69, 0x73, 0x20, 0x6f, 0x64, 0x0a\n").ok();
    applet("xxd")
        .dir(dir.path())
        .args(["-l", "5"])
        .stdin("hello world, this is od\n")
        .stdout("00000000: 6865 6c6c 6f                             hello\n")
        .ok();
    applet("xxd").dir(dir.path()).args(["-s", "5"]).stdin("hello world, this is od\n").stdout("00000005: 2077 6f72 6c64 2c20 7468 6973 2069 7320   world, this is \n00000015: 6f64 0a                                  od.\n").ok();
    applet("xxd").dir(dir.path()).args(["-c", "5", "-g", "3"]).stdin("hello world, this is od\n").stdout("00000000: 68656c 6c6f  hello\n00000005: 20776f 726c   worl\n0000000a: 642c20 7468  d, th\n0000000f: 697320 6973  is is\n00000014: 206f64 0a     od.\n").ok();
    applet("xxd").dir(dir.path()).args(["-o", "16"]).stdin("hello world, this is od\n").stdout("00000010: 6865 6c6c 6f20 776f 726c 642c 2074 6869  hello world, thi\n00000020: 7320 6973 206f 640a                      s is od.\n").ok();
    applet("xxd")
        .dir(dir.path())
        .args(["-i", "f1"])
        .stdout("unsigned char f1[] = {\n  0x61, 0x62, 0x63, 0x0a\n};\nunsigned int f1_len = 4;\n")
        .ok();
    applet("xxd")
        .dir(dir.path())
        .args(["-s", "-3", "f1"])
        .stdout("00000001: 6263 0a                                  bc.\n")
        .ok();
    applet("xxd").dir(dir.path()).args(["-a"]).stdin(b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00").stdout("00000000: 0000 0000 0000 0000 0000 0000 0000 0000  ................\n*\n00000060: 0000 0000                                ....\n").ok();
    applet("xxd")
        .dir(dir.path())
        .args(["-r"])
        .stdin("0000003: 41 42\n")
        .stdout(b"\x00\x00\x00AB")
        .ok();
    applet("xxd").dir(dir.path()).args(["-r", "-p"]).stdin("41 42 4\n").stdout("AB").ok();
    applet("xxd")
        .dir(dir.path())
        .args(["-r"])
        .stdin("00000000: 6162 63 0a  abc.\n")
        .stdout("abc\n")
        .ok();
    applet("xxd").dir(dir.path()).args(["-r", "-p"]).stdin("616263\n64\n").stdout("abcd").ok();
    applet("xxd").dir(dir.path()).args(["nosuch"]).stdout("").fails(1);
}

#[test]
fn of_bsd() {
    let dir = Scratch::new("dumps");
    dir.file("e", "");
    applet("hexdump").dir(dir.path()).stdin("hello world, this is od\n").stdout("0000000 6568 6c6c 206f 6f77 6c72 2c64 7420 6968\n0000010 2073 7369 6f20 0a64                    \n0000018\n").ok();
    applet("hexdump").dir(dir.path()).args(["-C"]).stdin("hello world, this is od\n").stdout("00000000  68 65 6c 6c 6f 20 77 6f  72 6c 64 2c 20 74 68 69  |hello world, thi|\n00000010  73 20 69 73 20 6f 64 0a                           |s is od.|\n00000018\n").ok();
    applet("hexdump").dir(dir.path()).args(["-b"]).stdin("hello world, this is od\n").stdout("0000000 150 145 154 154 157 040 167 157 162 154 144 054 040 164 150 151\n0000010 163 040 151 163 040 157 144 012                                \n0000018\n").ok();
    applet("hexdump").dir(dir.path()).args(["-c"]).stdin("hello world, this is od\n").stdout("0000000   h   e   l   l   o       w   o   r   l   d   ,       t   h   i\n0000010   s       i   s       o   d  \\n                                \n0000018\n").ok();
    applet("hexdump").dir(dir.path()).args(["-d"]).stdin("hello world, this is od\n").stdout("0000000   25960   27756   08303   28535   27762   11364   29728   26984\n0000010   08307   29545   28448   02660                                \n0000018\n").ok();
    applet("hexdump").dir(dir.path()).args(["-o"]).stdin("hello world, this is od\n").stdout("0000000  062550  066154  020157  067567  066162  026144  072040  064550\n0000010  020163  071551  067440  005144                                \n0000018\n").ok();
    applet("hexdump").dir(dir.path()).args(["-x"]).stdin("hello world, this is od\n").stdout("0000000    6568    6c6c    206f    6f77    6c72    2c64    7420    6968\n0000010    2073    7369    6f20    0a64                                \n0000018\n").ok();
    applet("hexdump")
        .dir(dir.path())
        .args(["-n", "5", "-C"])
        .stdin("hello world, this is od\n")
        .stdout("00000000  68 65 6c 6c 6f                                    |hello|\n00000005\n")
        .ok();
    applet("hexdump")
        .dir(dir.path())
        .args(["-e", "1/1 \"%02x \""])
        .stdin("hello world, this is od\n")
        .stdout("68 65 6c *\n6f 20 77 6f 72 6c 64 2c 20 74 68 69 73 20 69 73 20 6f 64 0a ")
        .ok();
    applet("hexdump").dir(dir.path()).args(["-e", "16/1 \"%02x \" \"\\n\""]).stdin("hello world, this is od\n").stdout("68 65 6c 6c 6f 20 77 6f 72 6c 64 2c 20 74 68 69\n73 20 69 73 20 6f 64 0a                        \n").ok();
    applet("hexdump").dir(dir.path()).args(["-e", "\"%08_ax: \" 4/1 \"%02x \" \" | \" 4/1 \"%_p\" \"\\n\""]).stdin("hello world, this is od\n").stdout("00000000: 68 65 6c 6c | o wo\n00000008: 72 6c 64 2c |  thi\n00000010: 73 20 69 73 |  od.\n").ok();
    applet("hexdump")
        .dir(dir.path())
        .args(["-e", "8/1 \"%_c\" \"\\n\""])
        .stdin("abc\0d")
        .stdout("abc\\0d\n")
        .ok();
    applet("hexdump")
        .dir(dir.path())
        .args(["-e", "2/2 \"%d \" \"\\n\""])
        .stdin("abc\0d")
        .stdout("25185 99\n100 \n")
        .ok();
    applet("hexdump")
        .dir(dir.path())
        .args(["-e", "/2 \"%x\\n\""])
        .stdin("hello world, this is od\n")
        .stdout("6568\n6c6c\n206f\n6f77\n6c72\n2c64\n7420\n6968\n2073\n7369\n6f20\na64\n")
        .ok();
    applet("hexdump")
        .dir(dir.path())
        .args(["-ve", "/1 \"%02X\""])
        .stdin("hello world, this is od\n")
        .stdout("68656C6C6F20776F726C642C2074686973206973206F640A")
        .ok();
    applet("hexdump").dir(dir.path()).args(["-e", "\"%_ad \" /1 \"%_u\" \"\\n\""]).stdin("hello world, this is od\n").stdout("0 h\n1 e\n2 l\n*\n4 o\n5  \n6 w\n7 o\n8 r\n9 l\n10 d\n11 ,\n12  \n13 t\n14 h\n15 i\n16 s\n17  \n18 i\n19 s\n20  \n21 o\n22 d\n23 lf\n").ok();
    applet("hexdump")
        .dir(dir.path())
        .args(["-e", "2/4 \"%d \" \"\\n\""])
        .stdin("hello world, this is od\n")
        .stdout("1819043176 1870078063\n744778866 1768453152\n1936269427 174354208\n")
        .ok();
    applet("hexdump").dir(dir.path()).stdin(b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00").stdout("0000000 0000 0000 0000 0000 0000 0000 0000 0000\n*\n0000060 0000 0000                              \n0000064\n").ok();
    applet("hexdump").dir(dir.path()).args(["-v"]).stdin(b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00").stdout("0000000 0000 0000 0000 0000 0000 0000 0000 0000\n0000010 0000 0000 0000 0000 0000 0000 0000 0000\n0000020 0000 0000 0000 0000 0000 0000 0000 0000\n0000030 0000 0000 0000 0000 0000 0000 0000 0000\n0000040 0000 0000 0000 0000 0000 0000 0000 0000\n0000050 0000 0000 0000 0000 0000 0000 0000 0000\n0000060 0000 0000                              \n0000064\n").ok();
    applet("hexdump").dir(dir.path()).args(["e"]).stdout("").ok();
    applet("hexdump").dir(dir.path()).args(["nosuch"]).stdout("").fails(1);
    applet("hd")
        .dir(dir.path())
        .stdin("ab")
        .stdout("00000000  61 62                                             |ab|\n00000002\n")
        .ok();
}

#[test]
fn rare_formats() {
    let dir = Scratch::new("dumps");
    dir.file("a", "one\ntwo\nthree\n");
    let hexdump = |args: &[&str]| applet("hexdump").dir(dir.path()).args(args.iter().copied());
    hexdump(&["-e", "4/1 \"%3s|\"", "a"])
        .stdout("one\n|ne\n| e\n|  \n|two\n|wo\n| o\n|  \n|thre|hre| re|  e| e\n|  \n|   |   |")
        .ok();
    hexdump(&["-e", "4/1 \"%02x\" \"\\n\" \"%_Ax\\n\"", "a"])
        .stdout("6f6e650a\n74776f0a\n74687265\n650a    \ne\n")
        .ok();
    hexdump(&["-e", "\"hi\\n\"", "a"]).stdout("").ok();
    hexdump(&["-n2", "-bC", "a"])
        .stdout(
            "0000000 157 156                                                        \n\
             00000000  6f 6e                                             |on|\n00000002\n",
        )
        .ok();
    hexdump(&["-s", "100", "a"]).stdout("000000e\n").ok();
    applet("hexdump").args(["-e", "/1 \"%_u \""]).stdin(b"a\xe9\x00").stdout("a e9 nul ").ok();
}

#[test]
fn zeros_and_halves() {
    let dir = Scratch::new("dumps");
    applet("od").args(["-Anc"]).stdin("ab").stdout(" 061141\n").ok();
    applet("od").dir(dir.path()).args(["."]).stdout("0000000\n").fails(1);
    applet("xxd").args(["-r", "-p"]).stdin("686\n56c6c\n").stdout("hell").ok();
    applet("xxd").args(["-r", "-p"]).stdin("0x41,42 4z4\n3 x\n").stdout("ABC").ok();
}

#[test]
fn last_zeros_own() {
    if reference().is_some() {
        return;
    }
    applet("xxd")
        .args(["-a"])
        .stdin([0; 64])
        .stdout(
            "00000000: 0000 0000 0000 0000 0000 0000 0000 0000  ................\n*\n\
             00000030: 0000 0000 0000 0000 0000 0000 0000 0000  ................\n",
        )
        .ok();
}

#[test]
fn long_numbers_and_folders() {
    let three = b"\0\0\0\0\0\0\0\xc0\x00\x40\0\0\0\0\0\0";
    let wide = format!("{:>30}\n", "3");
    if crate::harness::applet::reference().is_none() {
        applet("od").args(["-An", "-tfL"]).stdin(three).stdout(&wide).ok();
        applet("od").args(["-An", "-tf16"]).stdin(three).stdout(&wide).ok();
        let text = format!("{:>30}\n", "nan");
        applet("od").args(["-An", "-tfL"]).stdin("one\ntwo\nthree\n12").stdout(&text).ok();
        let text = format!("{:>30}\n", "-0.1");
        let tenth = b"\xcd\xcc\xcc\xcc\xcc\xcc\xcc\xcc\xfb\xbf";
        applet("od").args(["-An", "-tfL"]).stdin(tenth).stdout(&text).ok();
        let long = |bytes: [u8; 10], text: &str| {
            applet("od").args(["-An", "-tfL"]).stdin(bytes).stdout(format!("{text:>30}\n")).ok();
        };
        let all = |exponent: u8| [255, 255, 255, 255, 255, 255, 255, 255, exponent, 127];
        long([1, 2, 3, 4, 5, 6, 7, 0x88, 255, 63], "1.0627143406382160707");
        long(all(254), "1.189731495357231765e+4932");
        long([1, 0, 0, 0, 0, 0, 0, 0, 0, 0x80], "-4e-4951");
        long([0, 0, 0, 0, 0, 0, 0, 0x80, 62, 64], "9223372036854775808");
    }
    let shared = "printf 1234abcd | { hexdump -n 4 -e '4/1 \"%c\"'; echo; cat; }";
    applet("sh").args(["-c", shared]).stdout("1234\nabcd").ok();
    applet("hexdump").args(["/"]).stdout("").stderr_has("/: Is a directory").ok();
    applet("hexdump").args(["/nosuch"]).stdout("").fails(1);
}
