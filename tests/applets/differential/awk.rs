//! Programs for awk.

use super::random::{Dialect, Random, quoted};

fn number(random: &mut Random) -> String {
    let numbers = "0 1 2 3 5 10 -1 0.5 1e3 1e6 .25 100000 3.0 1e-3 123456789 2147483648 1e17";
    random.word(numbers).into()
}

fn string(random: &mut Random) -> String {
    random
        .one_of(&[
            "\"\"",
            "\"a\"",
            "\"b\"",
            "\"ab\"",
            "\"10\"",
            "\"9\"",
            "\" 5 \"",
            "\"3x\"",
            "\"a b c\"",
            "\"x\\ty\"",
            "\"a:b:c\"",
            "\"0x11\"",
            "\"1e2\"",
            "\"+4\"",
            "\".\"",
            "\"\\\\\"",
            "\"\\\"q\"",
            "\"A1\"",
            "\"\\101\"",
            "\"a/b\"",
            "\"\\/\"",
        ])
        .into()
}

fn pattern(random: &mut Random) -> String {
    format!("/{}/", random.regex(Dialect::Awk).replace('/', "."))
}

fn place(random: &mut Random) -> String {
    random
        .word("$1 $1 $2 $3 $NF $(1+1) x y z a[1] a[x] a[\"k\"] a[1,2] NR NF u v $(NF-1) a[$1]")
        .into()
}

fn target(random: &mut Random) -> String {
    random.word("$0 $1 $2 $3 x y z a[1] a[x] a[\"k\"] a[1,2] $4 a[$1] x y").into()
}

fn value(random: &mut Random, depth: usize) -> String {
    if depth == 0 {
        return match random.below(4) {
            0 => number(random),
            1 => string(random),
            _ => place(random),
        };
    }
    let depth = depth - 1;
    match random.below(30) {
        0..=3 => {
            let operator = random.word("+ - * / % + - *");
            format!("{}{operator}{}", value(random, depth), value(random, depth))
        }
        4 | 5 => format!("{} {}", value(random, depth), value(random, depth)),
        6 | 7 => {
            let operator = random.word("< <= == != > >=");
            let (a, b) = (operand(random, depth), operand(random, depth));
            format!("({a}{operator}{b})")
        }
        8 => {
            let operator = random.word("&& ||");
            format!("({} {operator} {})", value(random, depth), value(random, depth))
        }
        9 => {
            format!(
                "({}?{}:{})",
                operand(random, depth),
                operand(random, depth),
                operand(random, depth)
            )
        }
        10 => format!("{}{}", random.one_of(&["!", "-", "+", "! "]), value(random, depth)),
        11 => format!(
            "({}{}{})",
            value(random, depth),
            random.one_of(&["~", " !~ "]),
            pattern(random)
        ),
        12 => format!("({}~{})", value(random, depth), string(random)),
        13 => format!("substr({},{})", value(random, depth), value(random, 0)),
        14 => format!("substr({},{},{})", value(random, depth), value(random, 0), value(random, 0)),
        15 => format!("index({},{})", value(random, depth), string(random)),
        16 => format!("length({})", value(random, depth)),
        17 => format!("{}({})", random.word("toupper tolower int int"), value(random, depth)),
        18 => format!("match({},{})", value(random, depth), pattern(random)),
        19 => format!("split({},t,{})", value(random, depth), separator(random)),
        20 => format!("sprintf({})", formatted(random, depth)),
        21 => format!(
            "({}{}{})",
            target(random),
            random.word("= += -= *= /= %= ="),
            operand(random, depth)
        ),
        22 => format!("{}{}", target(random), random.word("++ --")),
        23 => format!("{}{}", random.word("++ --"), target(random)),
        24 => format!("({} in a)", value(random, 0)),
        25 => format!("({})", value(random, depth)),
        26 => random
            .one_of(&[
                "length",
                "ENVIRON[\"E\"]",
                "ARGC",
                "ARGV[1]",
                "((1,2) in a)",
                "f(1)",
                "f($1)",
                "g(a)",
                "RSTART",
                "FNR",
                "FILENAME",
                "FS",
                "SUBSEP",
                "t[1]",
                "t[2]",
                "exp(0)",
                "sqrt(16)",
                "atan2(0,-1)",
                "log(1)",
                "sin(0)",
                "cos(1)",
                "int(-3.7)",
                "sub(/a/,\"b\")",
                "gsub(/a/,\"b&\",x)",
                "(1)(2)",
                "-1 \" \" -1",
                "1 - 1",
                "2^3^2",
                "-2^2",
                "!x y",
                "x++ + ++x",
                "$x",
                "$++x",
                "$NF--",
            ])
            .into(),
        27 => format!("{}{}", pattern(random), random.one_of(&["", "?1:2", "+0"])),
        _ => value(random, 0),
    }
}

/// What is compared. Fields that are not there are numbers and texts by POSIX,
/// texts in gawk.
fn operand(random: &mut Random, depth: usize) -> String {
    let text = value(random, depth);
    if text.trim_start_matches(['(', '-', '+', '!', ' ']).starts_with('$') {
        return random.one_of(&["$1 \"\"", "(NF>1?$2:7)", "(NF?$1:1)", "(NF>2?$3:\"c\")"]).into();
    }
    text
}

fn separator(random: &mut Random) -> String {
    random
        .one_of(&[
            "\"\"", "\" \"", "/ /", "\":\"", "/[ :]/", "\"a\"", "/b+/", "\".\"", "\"|\"", "/^a/",
            "\"ab\"", "\"\\t\"",
        ])
        .into()
}

fn formatted(random: &mut Random, depth: usize) -> String {
    let mut form = String::from("\"");
    let mut arguments = String::new();
    for _ in 0..1 + random.below(3) {
        let letter = random.word("d i s s c x o u e f g X E G % s d");
        form.push('%');
        if letter != "%" {
            let mut flag = random.one_of(&["", "", "-", "0", "+", " ", "#"]);
            if flag == "#" && letter.eq_ignore_ascii_case("x") {
                flag = ""; // gawk has 0x0 of a half
            }
            form.push_str(flag);
            form.push_str(random.one_of(&["", "", "5", "3", "*", "12"]));
            if form.ends_with('*') {
                arguments.push_str(random.word(",4 ,-6 ,0"));
            }
            // gawk prints 0 of %#.0x and 0, and no sign of %+.0d, unlike printf(3)
            if flag.is_empty() || "-0".contains(flag) {
                let precisions: &[&str] = if "sefgEG".contains(letter) {
                    &["", ".2", ".0", "."]
                } else {
                    &["", ".2", ".3"]
                };
                form.push_str(random.one_of(precisions));
            }
            arguments.push(',');
            arguments.push_str(&value(random, depth));
        }
        form.push_str(letter);
        form.push_str(random.one_of(&["|", " ", "\\t", "x"]));
    }
    format!("{form}\"{arguments}")
}

fn statement(random: &mut Random, depth: usize) -> String {
    match random.below(34) {
        0..=6 => format!("print {}", value(random, 2)),
        7 | 8 => format!("print {},{}", value(random, 2), value(random, 1)),
        9 => format!("printf({})", formatted(random, 1)),
        10 => format!("printf {};print \"\"", formatted(random, 1)),
        11 | 12 => format!("{}={}", target(random), operand(random, 2)),
        13 => format!("{}({},{},{})", random.word("sub gsub"), pattern(random), string(random), random.word("x $0 y a[1]")),
        14 => format!(
            "{}({},{})",
            random.word("sub gsub"),
            pattern(random),
            random.one_of(&["\"<&>\"", "\"\\\\&\"", "\"[&&]\"", "\"\"", "\"\\\\\\\\&\"", "\"x\\\\y\""])
        ),
        15 if depth > 0 => {
            let (yes, no) = (statement(random, depth - 1), statement(random, depth - 1));
            let condition = value(random, 2);
            if random.chance(50) {
                format!("if({condition}){{{yes}}}else {{{no}}}")
            } else {
                format!("if({condition}){yes}")
            }
        }
        16 if depth > 0 => {
            format!("for(m=1;m<={};m++){{{}}}", random.word("3 NF 2"), statement(random, 0))
        }
        17 => format!("n=split({},t,{});for(i=1;i<=n;i++)printf \"[%s]\",t[i];print n", value(random, 1), separator(random)),
        18 => format!("NF={};print;print NF", random.word("1 2 5 NF 0 NF+1")),
        19 => format!("${}={};print;print NF", random.word("1 2 4 NF 0 (NF+2)"), value(random, 1)),
        20 => format!("delete {}", random.word("a a[1] a[x] t a[$1]")),
        21 => format!("{}={};print $1,$2", random.word("OFS FS ORS OFS"), random.one_of(&["\"-\"", "\":\"", "\"\"", "\"a\""])),
        22 => format!("{}=\"{}\";print 3.14159 \"\",3.14159,17 \"\"", random.word("OFMT CONVFMT"), random.word("%.2f %d %.3g %e")),
        23 => format!(
            "a[{}];k=0;for(q in a)k++;print k",
            value(random, 1)
        ),
        24..=26 => random
            .one_of(&[
                "while((getline l)>0)n++;print n+0",
                "while((getline l < \"a.txt\")>0)print l;close(\"a.txt\")",
                "getline;print",
                "getline x;print x,NR,FNR",
                "getline < \"b.txt\";print $1,NF,NR",
                "\"echo p q\" | getline;print $2,NF",
                "\"echo r s\" | getline x;print x;close(\"echo r s\")",
                "print (getline x < \"none\")",
                "print $0 | \"cat\";close(\"cat\")",
                "printf \"%s\\n\",$1 > \"/dev/stdout\"",
                "print > \"../w\";close(\"../w\");while((getline l<\"../w\")>0)print \"w\" l;close(\"../w\")",
                "print >> \"../w\"",
                "system(\"\")",
                "r=system(\"exit 3\");print r",
                "\"echo a b\" | getline y; print y+0 y",
                "print length(a)",
                "exit",
                "exit 3",
                "next",
                "nextfile",
                "do{i++}while(i<3);print i",
                "while(i<5){i++;if(i==2)continue;if(i==4)break};print i",
                "for(;;){if(++j>3)break};print j",
                "RS=\"\";print NR",
                "print;$0=\"p q r\";print $2,NF",
                "$3=\"\";print;print NF",
                "print -0,(1e300*1e300>0),2^53+1",
                "print substr(\"hello\",0,2),substr(\"hello\",-1),substr(\"hello\",2,100),substr(\"hello\",1.5,1.5)",
                "print index(\"abc\",\"c\"),length(12.50),1e6\"\",1e5*10\"\",0.1\"\"",
                "print 1/3",
                "print 100000*100000,2^31,2^31\"\"",
                "print toupper(substr($0,1,1)) substr($0,2)",
                "print c[1],length(c)",
                "print (1>2)?\"a\":\"b\"",
                "print (1,2) in a",
                "print \"x\" > \"/dev/stderr\"",
                "print substr($0,2) > \"/dev/stdout\"",
                "printf \"%c%c%c\\n\",65,\"hello\",\"\"",
                "printf \"%d %d\\n\",\"3abc\",-3.9",
                "printf \"%5.1f|%-8s|%08.3f|%+d\\n\",$1,$2,$3,$1",
                "print gensub(/a(b*)/,\"[\\\\1]\",\"g\")",
                "print strftime(\"%Y-%m-%d\",0)",
                "print and(6,3),or(6,3),xor(6,3),lshift(1,4),rshift(16,2)",
                "print getline < \"a.txt\"",
                "print length $0",
                "x=$1;$1=\"q\";print x,$0",
                "print \"a\" > \"/dev/null\"",
                "a[1];if(1 in a)print \"in\"; if(!(2 in a))print \"out\"",
                "print substr(\"x\",1,-1) \"|\" substr(\"\",1)",
                "$(NF+2)=\"e\";print;print NF",
                "print $1,$2;print($1)($2)",
                "print($1,$2)>\"/dev/stdout\"",
                "y=\"a\";y=y y y;print y,length(y)",
                "print !0,!1,!\"\",!\"0\",!x",
                "print 5%3,-5%3,5%-3,5.5%2",
                "print 1 \" \" 2,1+1 \"\" 2",
                "print 2**3,2^-1",
                "x+=x+1;print x",
                "print FS,OFS,NF",
            ])
            .into(),
        _ => random
            .one_of(&[
                "print",
                "print $1",
                "print $NF,NR",
                "s+=$1;print s",
                "print NF",
                "$2=\"\";print",
                "c[$1]++;print c[$1]",
                "for(i=NF;i>0;i--)printf \"%s \",$i;print \"\"",
                "OFS=\"-\";$1=$1;print",
                "print NR,FNR,FILENAME",
            ])
            .into(),
    }
}

pub fn awk(random: &mut Random) -> (Vec<String>, String) {
    let mut program = String::new();
    for _ in 0..1 + random.below(3) {
        match random.below(8) {
            0 => program.push_str(&value(random, 2)),
            1 => program.push_str(&pattern(random)),
            2 => program.push_str(random.one_of(&[
                "/a/,/b/",
                "NR==2,NR==3",
                "NR==1,/b/",
                "!/a/",
                "$1>5",
            ])),
            3 => program.push_str(random.word("BEGIN END BEGIN")),
            4 => program.push_str(
                random.one_of(&["NR==1", "NR%2", "NF", "length>3", "$2~/b/", "$1 in c", "END"]),
            ),
            _ => {}
        }
        program.push('{');
        for at in 0..1 + random.below(3) {
            if at > 0 {
                program.push_str(random.one_of(&[";", "\n", "; "]));
            }
            program.push_str(&statement(random, 1));
        }
        program.push_str("}\n");
    }
    if program.contains("f(") {
        program.push_str("function f(n,  k){k=n;n=n*2;return k+n}\n");
    }
    if program.contains("g(") {
        program.push_str("function g(p){p[\"k\"]=7;return length(p)}\n");
    }
    let options = random.one_of(&[
        "",
        "",
        "",
        "",
        "-F:",
        "-F '[ :]'",
        "-F '\\t'",
        "-v x=1",
        "-F a",
        "-v 'x=a\\tb'",
        "-F ''",
        "-F ' '",
        "-F '|'",
        "-F .",
        "-v RS=",
        "-v RS=a",
        "-v OFS=- -F b",
        "-v RS='a+|b'",
        "-v FS=1",
        "-F 'b*'",
        "-v x=010",
        "-F t",
    ]);
    let files = random.one_of(&[
        "",
        "",
        "",
        "",
        "a.txt",
        "a.txt b.txt",
        "y=2 a.txt",
        "a.txt x=5 b.txt",
        "none",
        "a.txt none",
        "- a.txt",
        "x=3",
        "FS=: a.txt",
        "e",
    ]);
    if program.starts_with('-') {
        program.insert(0, ' '); // it is no option
    }
    (
        vec![format!("rm -f ../w; E='7 q' $P ${{A-awk}} {options} {} {files}", quoted(&program))],
        random.text(),
    )
}
