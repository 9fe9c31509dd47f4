//! awk.

use std::fs;

use crate::harness::applet::{against_busybox, applet};
use crate::harness::scratch::Scratch;

/// Records for the cases that need some.
const RECORDS: &str = "alice 30 1.5\nbob 25 2\ncarol 35 10\n\n dave 40 0x1A\n";

/// Arguments, standard input (`None`: [`RECORDS`]), output; gawk and busybox
/// give the same.
const CASES: &[(&[&str], Option<&str>, &str)] = &[
    (&["{print $1}"], None, "alice\nbob\ncarol\n\ndave\n"),
    (&["{print NF, NR, $NF}"], None, "3 1 1.5\n3 2 2\n3 3 10\n0 4 \n3 5 0x1A\n"),
    (&["END{print NR, $0}"], None, "5  dave 40 0x1A\n"),
    (&["$2>30"], None, "carol 35 10\n dave 40 0x1A\n"),
    (&["/bob/,/carol/"], None, "bob 25 2\ncarol 35 10\n"),
    (
        &[
            "BEGIN{print length(\"abc\"), substr(\"hello\",2,3), substr(\"hello\",0,2), substr(\"hello\",-1), substr(\"hello\",4,100), index(\"hello\",\"l\")}",
        ],
        None,
        "3 ell he hello lo 3\n",
    ),
    (
        &[
            "BEGIN{n=split(\"a:b:c\",x,\":\"); print n,x[1],x[3]; n=split(\"\",x); print n, length(x)}",
        ],
        None,
        "3 a c\n0 0\n",
    ),
    (
        &["BEGIN{n=split(\" a  b \",x); print n,x[1],x[2]; n=split(\"abc\",x,\"\"); print n,x[2]}"],
        None,
        "2 a b\n3 b\n",
    ),
    (&["{sub(/a/,\"X\");print}"], None, "Xlice 30 1.5\nbob 25 2\ncXrol 35 10\n\n dXve 40 0x1A\n"),
    (
        &["{n=gsub(/[aeiou]/,\"<&>\");print n,$0}"],
        None,
        "3 <a>l<i>c<e> 30 1.5\n1 b<o>b 25 2\n2 c<a>r<o>l 35 10\n0 \n2  d<a>v<e> 40 0x1A\n",
    ),
    (
        &["BEGIN{s=\"aaa\";gsub(/a/,\"\\\\&\",s);print s; s=\"aaa\";gsub(/x*/,\"-\",s);print s}"],
        None,
        "&&&\n-a-a-a-\n",
    ),
    (
        &[
            "BEGIN{printf \"%5d|%-5d|%05d|%x|%o|%c|%c|%s|%.2f|%e|%g|%%\\n\",42,42,42,255,8,65,\"hello\",\"str\",3.14159,12345.678,0.0001}",
        ],
        None,
        "   42|42   |00042|ff|10|A|h|str|3.14|1.234568e+04|0.0001|%\n",
    ),
    (
        &[
            "BEGIN{x[\"a\"]=1;x[\"b\"]=2;delete x[\"a\"];for(k in x)print k,x[k]; if(\"a\" in x)print \"y\";else print \"n\"}",
        ],
        None,
        "b 2\nn\n",
    ),
    (&["function f(n){return n<=1?1:n*f(n-1)} BEGIN{print f(10)}"], None, "3628800\n"),
    (&["function g(a,i){a[i]=1} BEGIN{g(arr,\"x\");for(k in arr)print k}"], None, "x\n"),
    (&["BEGIN{\"echo hi\"|getline v;print v;\"echo a b\"|getline;print $2}"], None, "hi\nb\n"),
    (&["BEGIN{print \"b\\na\"|\"sort\";close(\"sort\");print \"done\"}"], None, "a\nb\ndone\n"),
    (&["BEGIN{print system(\"exit 3\")}"], None, "3\n"),
    (
        &["NR==1{getline;print \"got\",$0;next}{print}"],
        None,
        "got bob 25 2\ncarol 35 10\n\n dave 40 0x1A\n",
    ),
    (&["NR==1{getline x;print \"got\",x,NR}"], None, "got bob 25 2 2\n"),
    (
        &["BEGIN{OFS=\"-\"}{$1=$1;print}"],
        None,
        "alice-30-1.5\nbob-25-2\ncarol-35-10\n\ndave-40-0x1A\n",
    ),
    (
        &["{$5=\"x\";print;print NF}"],
        None,
        "alice 30 1.5  x\n5\nbob 25 2  x\n5\ncarol 35 10  x\n5\n    x\n5\ndave 40 0x1A  x\n5\n",
    ),
    (
        &["{NF=2;print;$3=\"z\";print}"],
        None,
        "alice 30\nalice 30 z\nbob 25\nbob 25 z\ncarol 35\ncarol 35 z\n \n  z\ndave 40\ndave 40 z\n",
    ),
    (
        &["BEGIN{FS=\",\"}{print $1}"],
        None,
        "alice 30 1.5\nbob 25 2\ncarol 35 10\n\n dave 40 0x1A\n",
    ),
    (
        &[
            "BEGIN{RS=\"\"}{print NR\": \"$1\"|\"$NF; for(i=1;i<=NF;i++)printf \"[%s]\",$i;print \"\"}",
        ],
        None,
        "1: alice|10\n[alice][30][1.5][bob][25][2][carol][35][10]\n2: dave|0x1A\n[dave][40][0x1A]\n",
    ),
    (
        &["BEGIN{RS=\"[0-9]+\"}{print NR,$0}"],
        None,
        "1 alice \n2  \n3 .\n4 \nbob \n5  \n6 \ncarol \n7  \n8 \n\n dave \n9  \n10 x\n11 A\n\n",
    ),
    (
        &["BEGIN{RS=\"o\"}{print NR,$0}"],
        None,
        "1 alice 30 1.5\nb\n2 b 25 2\ncar\n3 l 35 10\n\n dave 40 0x1A\n\n",
    ),
    (
        &[
            "BEGIN{print match(\"foobar\",\"o+\"),RSTART,RLENGTH;print match(\"x\",\"y\"),RSTART,RLENGTH}",
        ],
        None,
        "2 2 2\n0 0 -1\n",
    ),
    (&["BEGIN{print \"a\" \"b\" 1+2 \"c\"}"], None, "ab3c\n"),
    (&["BEGIN{print 1==1.0,\"a\"<\"b\",\"10\"<\"9\",10<9,\"abc\"<1}"], None, "1 1 1 0 0\n"),
    (&["{print ($2==25),($2==\"25\"),($3<$2)}"], None, "0 0 1\n1 1 1\n0 0 1\n0 0 0\n0 0 1\n"),
    (&["BEGIN{x=\"3x\";print x+0,+x,-x,!x,!\"\",!0,!\"0\"}"], None, "3 3 -3 0 1 1 0\n"),
    (&["BEGIN{print 1 \" \" -1, 2 -1, \"a\" > \"/dev/stdout\"}"], None, "1-1 1 a\n"),
    (&["BEGIN{a=\"x\";a=a a a;print a;print length(a)}"], None, "xxx\n3\n"),
    (&["BEGIN{print length()}"], None, "0\n"),
    (&["{print length}"], None, "12\n8\n11\n0\n13\n"),
    (
        &[
            "BEGIN{do{i++}while(i<5);print i;for(;;){if(++j>3)break};print j;while(1){if(++k>5)break;if(k%2)continue;print k}}",
        ],
        None,
        "5\n4\n2\n4\n",
    ),
    (&["{exit}END{print NR}"], None, "1\n"),
    (
        &["BEGIN{CONVFMT=\"%.2g\";a=3.14159;b=a \"\";print b;OFMT=\"%.3g\";print a, 17, 17.0}"],
        None,
        "3.1\n3.14 17 17\n",
    ),
    (&["BEGIN{print substr(\"hello\",1.5,2.3),substr(\"hello\",2)}"], None, "he ello\n"),
    (
        &[
            "BEGIN { if (!(\"x\" in a)) print \"no\"; a[\"x\"]; if (\"x\" in a) print \"yes\"; print length(a)}",
        ],
        None,
        "no\nyes\n1\n",
    ),
    (&["BEGIN{print \"A\\tB\\\\n\\\"q\\\"\\/\\101\"}"], None, "A\tB\\n\"q\"/A\n"),
    (&["/a/{c++} !/a/{d++} END{print c,d}"], None, "3 2\n"),
    (&["$1 ~ /^[a-c]/ && $2 >= 30 {print $1}"], None, "alice\ncarol\n"),
    (&["$1 !~ \"o\""], None, "alice 30 1.5\n\n dave 40 0x1A\n"),
    (
        &[
            "BEGIN{print gensub(/(a)(b)/,\"\\\\2\\\\1\",\"g\",\"abab\"),gensub(/a/,\"x\",2,\"aaa\")}",
        ],
        None,
        "baba axa\n",
    ),
    (
        &["BEGIN{print and(12,10),or(12,10),xor(12,10),lshift(1,4),rshift(16,2)}"],
        None,
        "8 14 6 16 4\n",
    ),
    (&["BEGIN{getline;print \"first:\",$0}{print NR}"], None, "first: alice 30 1.5\n2\n3\n4\n5\n"),
    (&["{a[$1]=$2}END{print a[\"bob\"]+a[\"alice\"]}"], None, "55\n"),
    (&["BEGIN{$0=\"a b c\";print NF;$2=\"\";print;print NF}"], None, "3\na  c\n3\n"),
    (&["BEGIN{$3=\"x\";print NF,$0}"], None, "3   x\n"),
    (&["{ $2 = \"\"; print }"], None, "alice  1.5\nbob  2\ncarol  10\n \ndave  0x1A\n"),
    (&["BEGIN { while (\"echo a;echo b\" | getline x) print x }"], None, "a\nb\n"),
    (&["function f(a){a[\"k\"]=5} BEGIN{f(z);print z[\"k\"]}"], None, "5\n"),
    (&["function f(x){x=5;return} BEGIN{y=1;f(y);print y, f(1) \"e\"}"], None, "1 e\n"),
    (&["BEGIN{a[\"x\"]=1; f(a); print a[\"x\"]} function f(b){b[\"x\"]++}"], None, "2\n"),
    (&["BEGIN{print (1,2) in a, 1 in a}"], None, "0 0\n"),
    (&["BEGIN{if(1);else print \"x\";print \"ok\"}"], None, "ok\n"),
    (&["BEGIN{if(0)print \"a\";else if(1)print \"b\";else print \"c\"}"], None, "b\n"),
    (&["BEGIN{printf(\"%s-%s\\n\",\"a\",\"b\");print(\"x\",\"y\")}"], None, "a-b\nx y\n"),
    (&["BEGIN { printf \"%c%c\", 256, 0 }"], None, "\x00\x00"),
    (&["{ printf \"%c%c%3c|\", $2, \"\", $1 } NR==2 { exit }"], None, "\x1e\0  a|\x19\0  b|"),
    (&["BEGIN { printf \"%#.0o|%#.3o|%#o\", 0, 8, 8 }"], None, "0|010|010"),
    (&["BEGIN { print \"a+4\" ~ \"+4\", \"a4\" ~ \"+4\", \"*\" ~ /*/ }"], None, "1 0 1\n"),
    // what commands print is not counted, as gawk, mawk and busybox have it
    (&["NR==1{\"echo x\"|getline;\"echo y\"|getline v;print NR,$0,v}"], None, "1 x y\n"),
    (
        &["BEGIN{print substr(\"x\",0),substr(\"abc\",2,0)\"|\"substr(\"abc\",-1,3)}"],
        None,
        "x |abc\n",
    ),
    (
        &[
            "BEGIN{s=\"a.b.c\";gsub(\".\",\"x\",s);print s;s=\"a.b.c\";gsub(\"\\\\.\",\"x\",s);print s;s=\"a.b\";gsub(\"[.]\",\"\",s);print s}",
        ],
        None,
        "xxxxx\naxbxc\nab\n",
    ),
    (
        &[
            "BEGIN{print \"x\" ~ \"X\", \"abc\" ~ /^a.c$/, \"a/b\" ~ \"a/b\", \"a/b\" ~ /a\\/b/, \"[\" ~ /[[]/}",
        ],
        None,
        "0 1 1 1 1\n",
    ),
    (&["BEGIN{print length(x),x+0,\"[\" x \"]\"}"], None, "0 0 []\n"),
    (&["{ print NR % 2 ? \"odd\" : \"even\" }"], None, "odd\neven\nodd\neven\nodd\n"),
    (&["NR%2"], None, "alice 30 1.5\ncarol 35 10\n dave 40 0x1A\n"),
    (&["END { print FNR, FILENAME }"], None, "5 -\n"),
    (&["BEGIN{for(i=0;i<3;i++)x[i]=i*i;for(i=0;i<3;i++)s=s x[i] \" \";print s}"], None, "0 1 4 \n"),
    (
        &["BEGIN{print substr(\"hello\", 2, 1e9), 1e9 \"\", 100000 * 100000, 0.1 \"\", 1e-5 \"\"}"],
        None,
        "ello 1000000000 10000000000 0.1 1e-05\n",
    ),
    (
        &["BEGIN { x = \"A\"; printf x \"\\n\"; printf(\"%s %d%%\\n\", \"p\", 50) }"],
        None,
        "A\np 50%\n",
    ),
    (&["BEGIN{a = \"10\"; b = 9; print (a > b), (a \"\" > b \"\")}"], None, "0 0\n"),
    (&["{$0 = \"x y z\"; print $2; print NF}"], None, "y\n3\ny\n3\ny\n3\ny\n3\ny\n3\n"),
    (&["FNR==2{nextfile}{print}"], None, "alice 30 1.5\n"),
    (&["BEGIN{print !x++, !x++; print x}"], None, "1 0\n2\n"),
    (&["!seen[$1]++"], None, "alice 30 1.5\nbob 25 2\ncarol 35 10\n\n dave 40 0x1A\n"),
    (&["BEGIN{$2=\"b\"; print; print $1 \"|\"}"], None, " b\n|\n"),
    (&["BEGIN{print 5 % 3, -5 % 3, 5.5 % 2}"], None, "2 -2 1.5\n"),
    (&["BEGIN { print (1>2) ? \"a\" : \"b\" }"], None, "b\n"),
    (&["BEGIN{print -\"3\", - -3, !-1}"], None, "-3 3 0\n"),
    (&["BEGIN { # comment\n x = 1 ; ; y = 2\n print x \\\n + y }"], None, "3\n"),
    (&["function f(a,\n b) { return a b }\nBEGIN { print f(\"x\",\n \"y\") }"], None, "xy\n"),
    (&["BEGIN{if(!(3 in a))print \"no\"; print length(a)}"], None, "no\n0\n"),
    (
        &["BEGIN { regex = \"^[[:alpha:]]+$\"; print (\"abc\" ~ regex), (\"ab1\" ~ regex) }"],
        None,
        "1 0\n",
    ),
    (&["BEGIN{print match(\"aXbXc\", /X.*X/), RLENGTH; print \"a\" ~ /a|b/ }"], None, "2 3\n1\n"),
    (
        &["{ for (i = NF; i > 0; i--) printf \"%s%s\", $i, (i > 1 ? OFS : ORS) }"],
        None,
        "1.5 30 alice\n2 25 bob\n10 35 carol\n0x1A 40 dave\n",
    ),
    (
        &["BEGIN{ printf \"%5s|%-5s|%.2s|%5.1s|\\n\", \"abc\", \"abc\", \"abc\", \"abc\" }"],
        None,
        "  abc|abc  |ab|    a|\n",
    ),
    (
        &["BEGIN { printf \"%+d % d %+.1f %#o %#x\\n\", 5, 5, 2.55, 8, 255 }"],
        None,
        "+5  5 +2.5 010 0xff\n",
    ),
    (
        &[
            "BEGIN { print index(\"foobar\", \"bar\"); print 3 \" \" 4; print 3, 4; x = y = 5; print x y }",
        ],
        None,
        "4\n3 4\n3 4\n55\n",
    ),
    (&["BEGIN{ print \"\" < \"a\", \"\" == 0, x == 0, x == \"\" }"], None, "1 0 1 1\n"),
    (&["BEGIN { while (i++ < 3) { if (i == 2) continue; print i } }"], None, "1\n3\n"),
    (
        &["BEGIN{ getline line < \"nonexistent\"; print (getline line < \"nonexistent\") }"],
        None,
        "-1\n",
    ),
    (&["{ split($0, a); print a[1] + a[2] }"], None, "30\n25\n35\n0\n40\n"),
    (
        &[
            "BEGIN{a[\"1\"]=1; if (1 in a) print \"yes\"; if (1.0 in a) print \"yes2\"; if (\"01\" in a) print \"no\"}",
        ],
        None,
        "yes\nyes2\n",
    ),
    (&["BEGIN{ $0 = \" a b \"; print NF; $1 = $1; print \"[\" $0 \"]\" }"], None, "2\n[a b]\n"),
    (&["BEGIN { print length(a b c), 1 - -1, 2 --x }"], None, "0 2 2-1\n"),
    (
        &["{ print > \"/dev/stdout\" }"],
        None,
        "alice 30 1.5\nbob 25 2\ncarol 35 10\n\n dave 40 0x1A\n",
    ),
    (&["/30/ { print \"A\" ; next } { print \"B\" } END { print NR }"], None, "A\nB\nB\nB\nB\n5\n"),
    (
        &["BEGIN { print substr(\"hello world\", index(\"hello world\", \" \") + 1) }"],
        None,
        "world\n",
    ),
    (&["BEGIN{print toupper(substr(\"abc\", 1, 1)) substr(\"abc\", 2)}"], None, "Abc\n"),
    (&["BEGIN { print 1e3 == 1000, \"1e3\" == 1000, 1e3 \"\" == \"1000\" }"], None, "1 0 1\n"),
    (&["$2 == \"1e1\" { print } { if ($3 == 1.50) print \"eq\" }"], None, "eq\n"),
    (&["BEGIN { print ENVIRON[\"FOO\"], ARGC, ARGV[1] }"], None, "bar 1 \n"),
    (&["-F:", "{print $2}"], Some("a:b:c\n"), "b\n"),
    (&["-F", "|", "{print $2}"], Some("a|b|c\n"), "b\n"),
    (&["-Ft", "{print $2}"], Some("atb\tc\n"), "b\tc\n"),
    (&["-F", "\\t", "{print $2}"], Some("a b\tc\n"), "c\n"),
    (&["-F", "[:,]", "{print $2,NF}"], Some("a:b,c\n"), "b 3\n"),
    (&["-v", "x=a\\tb", "BEGIN{print x}"], Some(""), "a\tb\n"),
    (&["-F.", "{print $2}"], Some("a.b.c\n"), "b\n"),
    (&["-F", "ab", "{print $2}"], Some("1ab2ab3\n"), "2\n"),
    (&["-F ", "{print $2}"], Some(" a  b\n"), "b\n"),
    (&["-v", "n=10", "$2>n"], Some("a 9\nb 11\n"), "b 11\n"),
    (&["-F", "\\|", "{print $2}"], Some("a|b|c\n"), "b\n"),
    (&["BEGIN{FS=\"\\\\|\"}{print $2}"], Some("a|b|c\n"), "b\n"),
    (&["--", "{print}"], Some("x\n"), "x\n"),
    (&["-F", "", "{print $2}"], Some("abc\n"), "b\n"),
    (&["BEGIN{RS=\";\"}{print NR\":\"$0}"], Some("a;b;c\n"), "1:a\n2:b\n3:c\n\n"),
    (&["BEGIN{RS=\"\\n\\n\"}{print NR\":\"$0}"], Some("a\nb\n\nc\n"), "1:a\nb\n2:c\n\n"),
    (&["BEGIN{RS=\"ab\"}{print NR\":\"$0}"], Some("1ab2ab3"), "1:1\n2:2\n3:3\n"),
    (&["-F", "^a", "{print $2}"], Some("aba\n"), "ba\n"),
    (&["{print $1}"], Some("no newline"), "no\n"),
    (&["BEGIN{FS=\"x*\"}{print NF, $1}"], Some("abxxc\n"), "2 ab\n"),
    (&["{gsub(/^/,\">\");print}"], Some("ab\n"), ">ab\n"),
    (&["{gsub(/$/,\"<\");print}"], Some("ab\n"), "ab<\n"),
];

/// As [`CASES`], but busybox does otherwise.
const OWN: &[(&[&str], Option<&str>, &str)] = &[
    (
        &["BEGIN{print 1/3, 1e6, 1e20, 123456789, 0.1+0.2, -3%2, 2^10, 2**3}"],
        None,
        "0.333333 1000000 100000000000000000000 123456789 0.3 -1 1024 8\n",
    ),
    (&["BEGIN{printf \"%*d|%-*d|%.*f\\n\",5,42,5,42,2,3.14159}"], None, "   42|42   |3.14\n"),
    (
        &["BEGIN{RS=\"\";FS=\":\"}{for(i=1;i<=NF;i++)printf \"[%s]\",$i;print \"\"}"],
        None,
        "[alice 30 1.5][bob 25 2][carol 35 10]\n[ dave 40 0x1A]\n",
    ),
    (&["BEGIN{i=5;print i++ + ++i, i--, --i, i^2, -i^2, 2^-1}"], None, "12 7 5 25 -25 0.5\n"),
    (&["BEGIN{printf \"%d %d %i\\n\",\"0x1A\",1e3,\"12abc\"}"], None, "0 1000 12\n"),
    (
        &[
            "BEGIN{print int(3.9),int(-3.9),int(\"4x\"),sqrt(16),exp(0),log(1),atan2(0,-1),sin(0),cos(0)}",
        ],
        None,
        "3 -3 4 4 1 0 3.14159 0 1\n",
    ),
    (&["BEGIN{print index(\"abc\",\"\"),length(12345),length(1/4)}"], None, "1 5 4\n"),
    (
        &[
            "BEGIN{printf \"%s\\n\", 1e6; printf \"%d\\n\", 2147483648*4; print 2^31, 2^53, 2^53+1, 1e15, 123456.789}",
        ],
        None,
        "1000000\n8589934592\n2147483648 9007199254740992 9007199254740992 1000000000000000 123457\n",
    ),
    (&["BEGIN{print \"a\\\nb\"}"], None, "ab\n"),
    (&["BEGIN{print tolower(123) + 1; print length(\"a\\0b\")}"], None, "124\n3\n"),
    (
        &["BEGIN { a = 1; a += a += 3; print a; b = 2; b ^= 3; print b; c = 7; c %= 4; print c }"],
        None,
        "8\n8\n3\n",
    ),
    (&["{gsub(/\\<|\\>/,\"|\");print}"], Some("ab cd\n"), "|ab| |cd|\n"),
];

#[test]
fn programs() {
    for (args, input, output) in CASES {
        applet("awk")
            .args(*args)
            .env("FOO", "bar")
            .stdin(input.unwrap_or(RECORDS))
            .stdout(output)
            .ok();
    }
    if !against_busybox() {
        for (args, input, output) in OWN {
            applet("awk").args(*args).stdin(input.unwrap_or(RECORDS)).stdout(output).ok();
        }
    }
}

#[test]
fn files_and_commands() {
    let dir = Scratch::new("awk");
    let awk = |args: &[&str]| applet("awk").args(args).dir(dir.path());
    dir.file("in", "a 1\nb 2\n");
    dir.file("prog", "{ print $2 }\n");
    awk(&["{ print FILENAME, FNR, NR }", "in", "in"])
        .stdout("in 1 1\nin 2 2\nin 1 3\nin 2 4\n")
        .ok();
    awk(&["-f", "prog", "in"]).stdout("1\n2\n").ok();
    awk(&["{ print x, $1 }", "x=1", "in", "x=2", "in"]).stdout("1 a\n1 b\n2 a\n2 b\n").ok();
    awk(&["BEGIN { while ((getline l < \"in\") > 0) n++; print n, close(\"in\"), close(\"in\") }"])
        .stdout("2 0 -1\n")
        .ok();
    awk(&["{ print $1 > \"out\" } END { close(\"out\"); print $1 >> \"out\" }", "in"]).ok();
    assert_eq!(fs::read(dir.path().join("out")).unwrap(), b"a\nb\nb\n");
    awk(&["BEGIN { print \"b\\na\" | \"sort\"; close(\"sort\"); print \"c\" }"])
        .stdout("a\nb\nc\n")
        .ok();
    awk(&["BEGIN { \"echo x y\" | getline; print $2; \"echo z\" | getline v; print v }"])
        .stdout("y\nz\n")
        .ok();
    awk(&["BEGIN { print system(\"exit 3\"); system(\"echo hi\") }"]).stdout("3\nhi\n").ok();
    awk(&["BEGIN { print getline < \"none\" }"]).stdout("-1\n").ok();
    awk(&["1", "none"]).stderr_has("none: No such file").run();
    awk(&["BEGIN { printf \"x\" | \"cat 1>&2\" }"]).stderr_has("x").ok();
    awk(&["END { print NR }", "/dev/null"]).stdout("0\n").ok();
}

#[test]
fn ends() {
    applet("awk").args(["BEGIN { exit 3 } END { print 1 }"]).stdout("1\n").fails(3);
    applet("awk").args(["{ exit } END { print NR }"]).stdin("a\nb\n").stdout("1\n").ok();
    applet("awk").args(["function f() { exit 4 } BEGIN { f() }"]).fails(4);
    applet("awk").args(["BEGIN { print 1"]).stderr_has("line 1: ").fails(1);
    applet("awk").args(["BEGIN {\n@ }"]).stderr_has("line 2: unexpected character").fails(1);
    applet("awk").args(["BEGIN { f(1) }"]).stderr_has("function f is not defined").fails(1);
    if !against_busybox() {
        applet("awk").args(["BEGIN { print 1 / x }"]).stderr_has("division by zero").fails(2);
        applet("awk")
            .args(["function f() { return f() } BEGIN { f() }"])
            .stderr_has("too deep")
            .fails(2);
        applet("awk").args(["BEGIN { x = 1; x[1] = 2 }"]).stderr_has("as an array").fails(2);
    }
    applet("awk")
        .args(["function f(n) { return n ? 1 + f(n - 1) : 0 } BEGIN { print f(1000) }"])
        .stdout("1000\n")
        .ok();
    let deep = format!("BEGIN {{ print {}1{} }}", "(".repeat(5000), ")".repeat(5000));
    applet("awk").args([deep]).stderr_has("nested too deep").run();
}

#[test]
fn long_input() {
    let mut text = String::new();
    for n in 0..20_000 {
        text.push_str(&format!("{n} {} x\n", n * 2));
    }
    applet("awk")
        .args(["{ s += $2 } END { print s, NR }"])
        .stdin(&text)
        .stdout("399980000 20000\n")
        .ok();
    applet("awk")
        .args(["{ a[$1 % 100]++ } END { n = 0; for (k in a) n++; print n, a[7] }"])
        .stdin(&text)
        .stdout("100 200\n")
        .ok();
}
