//! Commands that are lines for the shell: sed, grep, expr, test and find.

use super::random::{Dialect, Random, quoted};

type Made = (Vec<String>, String);

fn one_address(random: &mut Random, dialect: Dialect) -> String {
    match random.below(9) {
        0..=3 => random.word("1 2 $ 3 4").into(),
        4 => random.word("1~2 0~3 2~1 2~0").into(),
        5 => format!("/{}/{}", random.regex(dialect).replace('/', "."), random.maybe(20, "I")),
        6 => random.one_of(&[r"\,b,", "/^$/", r"/\n/", "//", r"\xa\xbx", "/[/]/"]).into(),
        _ => random.word("/a/ /b/ /x/ /1/").into(),
    }
}

fn address(random: &mut Random, dialect: Dialect) -> String {
    let mut text = match random.below(10) {
        0..=3 => return String::new(),
        4..=6 => one_address(random, dialect),
        7 => format!("{},{}", one_address(random, dialect), one_address(random, dialect)),
        8 => format!("{},{}", one_address(random, dialect), random.word("+1 +0 ~2 +3 ~4")),
        _ => random.one_of(&["0,/a/", "1,3", "2,1", "/a/,/b/", "2,$", "0,/^/", "/a/,1"]).into(),
    };
    text.push_str(random.one_of(&["", "", "", "", "!", " ! ", " "]));
    text
}

/// A command of sed; `last` when nothing may follow it in its line.
fn sed_command(random: &mut Random, dialect: Dialect, depth: usize) -> String {
    match random.below(12) {
        0..=3 => {
            let flags = "   g g 2 p I gp 2g 3 gI 2p m M";
            let by = random.one_of(&["/", "/", "/", "%", "#"]);
            let from = if random.chance(70) {
                random.regex(dialect)
            } else {
                random
                    .one_of(&["", "a*", "^", "$", "x*", r"\n", "[a-c]*", ".", " *", "b*$", "^a*"])
                    .to_string()
            };
            let from = from.replace(by, ".");
            let to = random.one_of(&[
                "X",
                "<&>",
                "",
                "&&",
                r"\&",
                r"a\nb",
                "a\\\nb",
                r"\u&",
                r"\U&\E-&",
                r"\l&",
                r"[\L&]",
                r"\t",
                "-",
                r"\x41",
                r"\o101;\d065",
                r"\u\L&x",
            ]);
            // \1 where there is a group
            let group = if dialect == Dialect::Basic { r"\(" } else { "(" };
            let to = if from.contains(group) && !from.contains("[(") && random.chance(60) {
                random.one_of(&[r"\1", r"<\1>", r"&\1", r"\U\1\E\1"])
            } else {
                to
            };
            format!("s{by}{from}{by}{to}{by}{}", random.word(flags))
        }
        4 => random
            .one_of(&[
                "y/abc/xyz/",
                r"y/a\n/\n+/",
                "y,a/,/a,",
                r"y/ab\\/12\//",
                "y/aA/Aa/",
                r"y/\t /__/",
            ])
            .into(),
        5 => random
            .one_of(&[
                "a\\\nfoo",
                "i\\\nbar",
                "c\\\nbaz",
                "a one line",
                "a\\\n  foo\\\nbar",
                "i\\  two",
                "a\\ttab",
                "c  x\\ty",
                "$!{a in\n}",
                "i\\\n",
                "a\\\nx\\\\y",
                "a x\\\ny",
                "r a.txt",
                "r none",
                "r b.txt",
                "R a.txt",
                "R none",
                "w ../w",
                "W ../w",
                "w /dev/stdout",
            ])
            .into(),
        6 if depth > 0 => {
            let mut text = String::from("{");
            for at in 0..1 + random.below(3) {
                text.push_str(random.one_of(if at > 0 { &["\n"] } else { &["", " ", "\n"] }));
                text.push_str(&address(random, dialect));
                text.push_str(&sed_command(random, dialect, depth - 1));
            }
            text.push_str("\n}");
            text
        }
        7 => random.word("b t T bx tx Tx t b").into(),
        _ => {
            let commands = "d D D p p P n n N N h H g G G x x x = l q Q q5 Q4 z F l_3 l_5 l_0";
            random.word(commands).replace('_', " ")
        }
    }
}

pub fn sed(random: &mut Random) -> Made {
    let dialect = if random.chance(35) { Dialect::Extended } else { Dialect::Basic };
    let mut script = String::new();
    if random.chance(12) {
        script.push_str(random.one_of(&[
            "$!N;P;D",
            "1!G;h;$!d",
            ":a;N;$!ba;s/\\n/,/g",
            ":a\ns/^\\([^a]*\\)a/\\1Q/;ta",
            "/\\n/!G;s/\\(.\\)\\(.*\\n\\)/&\\2\\1/;//D;s/.//",
            "$!{h;d};x;G",
            "n;d",
            "$=",
            "/a/{x;p;x}",
            ":a;$q;N;3,$D;ba",
            "H;$!d;x;s/\\n/-/g",
            "N;N;s/\\n/+/g",
            "/^$/{N;/^\\n$/D}",
            ":a;s/^.\\{1,9\\}$/ &/;ta",
            "1~3{N;N;s/\\n/ /g}",
            "/a/,/b/{//!d}",
            "$!{N;D}",
            "s/a/b/;T;s/$/ changed/",
            "G;s/\\n/&&/;s/^\\(.\\).*\\n\\1*.*$/[&]/",
        ]));
    } else {
        for at in 0..1 + random.below(4) {
            if at > 0 {
                script.push('\n');
            }
            script.push_str(&address(random, dialect));
            script.push_str(&sed_command(random, dialect, 2));
        }
        if script.contains('x') && !script.contains(":x") {
            script.push_str("\n:x");
            if random.chance(50) {
                script.push_str("\ns/b/B/");
            }
        }
    }
    let letter = if dialect == Dialect::Extended { random.one_of(&["-E", "-r"]) } else { "" };
    let mut options = random.some(&["-n", "-s", "-z", "-u"], 12).join(" ");
    if script.contains(['m', 'M']) {
        options = options.replace("-z", ""); // GNU's lines are records then
    }
    if random.chance(12) {
        let which = random.one_of(&["-i", "-i.old", "-n -i"]);
        return (
            vec![format!(
                "rm -f ../w* ../c*; cp a.txt ../c1; cp b.txt ../c2; $P sed {which} {letter} {options} -e {} ../c1 ../c2; echo $?; cat ../c* ../w",
                quoted(&script)
            )],
            String::new(),
        );
    }
    let files = random.one_of(&[
        "",
        "",
        "",
        "",
        "a.txt",
        "a.txt b.txt",
        "none",
        "- a.txt",
        "a.txt none b.txt",
        "e a.txt",
        "b.txt e",
    ]);
    let (before, after) =
        if script.contains("../w") { ("rm -f ../w; ", "; echo $?; cat ../w") } else { ("", "") };
    let script = quoted(&script);
    let e = random.one_of(&["-e ", "-e ", "--expression=", ""]);
    (vec![format!("{before}$P sed {letter} {options} {e}{script} {files}{after}")], random.text())
}

pub fn grep(random: &mut Random) -> Made {
    let mut options = random.some(
        &[
            "-i", "-v", "-c", "-n", "-o", "-w", "-x", "-q", "-l", "-L", "-h", "-H", "-m1", "-m2",
            "-A1", "-B1", "-C1", "-s", "-r", "-b", "-z", "-a", "-A2",
        ],
        8,
    );
    if random.chance(6) {
        options.push("--color=always".into());
    }
    let globs = ["--include=*.txt", "--exclude=f", "--exclude-dir=e", "--exclude=*.txt"];
    options.extend(random.some(&globs, 3).iter().map(|glob| quoted(glob)));
    // what -q and -L are together is not the same anywhere
    if options.iter().any(|option| option == "-q") {
        options.retain(|option| option != "-L");
    }
    let options = options.join(" ");
    let kind = random.one_of(&["-E", "-F", "", "", "-E"]);
    let mut patterns = String::new();
    let count = if random.chance(12) { 2 } else { 1 };
    for _ in 0..count {
        let pattern: String = match kind {
            "-F" => {
                random.one_of(&["a", "a.b", "1", "A", "b c", ":", "", "ab", "a\nb", "\\"]).into()
            }
            "" if random.chance(5) => random.one_of(&["^*a", "a**"]).into(),
            _ if random.chance(25) => random
                .one_of(&[
                    "",
                    "^$",
                    "^",
                    "$",
                    "a*",
                    "[]a]",
                    "a\nb",
                    "x*",
                    "^.*$",
                    ".*",
                    "[0-9][0-9]*",
                    "^[[:space:]]",
                ])
                .into(),
            "-E" => random.regex(Dialect::Extended),
            _ => random.regex(Dialect::Basic),
        };
        patterns.push_str(&format!("-e {} ", quoted(&pattern)));
    }
    // GNU's colours what is nothing where it was found in its second way
    let options = match patterns.contains("''") {
        true => options.replace("--color=always", ""),
        false => options,
    };
    let files = random.one_of(&[
        "",
        "",
        "",
        "a.txt",
        "a.txt b.txt",
        "none a.txt",
        "d",
        ".",
        "- a.txt",
        "e",
        "-r d a.txt",
        "-R l",
        "a.txt e b.txt",
    ]);
    (vec![format!("$P grep {kind} {options} {patterns} {files}")], random.text())
}

fn expr_words(random: &mut Random, depth: usize, line: &mut String) {
    for at in 0..1 + random.below(3) {
        if at > 0 {
            let operator = random.one_of(&[
                "+", "-", "*", "/", "%", "<", "<=", "=", "!=", ">", ">=", "|", "&", ":", "==",
            ]);
            line.push(' ');
            line.push_str(&quoted(operator));
            if operator == ":" && random.chance(75) {
                line.push(' ');
                line.push_str(&quoted(&random.regex(Dialect::Basic)));
                continue;
            }
        }
        let simple = [
            "1", "0", "-3", "42", "abc", "", "a.*", r"\(a\)", "007", "b", "-", "00", "-0", "aab",
            " 5", "+5", "ab1 x", "10",
        ];
        let word = match random.below(14) {
            0 => "length abc".to_string(),
            1 => format!(
                "substr abcdef {} {}",
                random.word("2 0 -1 7 1 x"),
                random.word("3 0 99 -1")
            ),
            2 => format!("index abcab {}", random.word("cb x ba ''")),
            3 => r"match abc 'a\(.\)'".to_string(),
            4 if depth > 0 => {
                let mut inner = String::from("'('");
                expr_words(random, depth - 1, &mut inner);
                inner + " ')'"
            }
            5 => format!(
                "match {} {}",
                random.word("aab b1x ''"),
                quoted(&random.regex(Dialect::Basic))
            ),
            6 => format!("length {}", random.word("'' abcde 12 ab")),
            7 => random.one_of(&["+ length", "+ match", "+ 5", "+ '('"]).into(),
            _ => quoted(random.one_of(&simple)),
        };
        line.push(' ');
        line.push_str(&word);
    }
}

pub fn expr(random: &mut Random) -> Made {
    let mut line = String::from("$P expr");
    expr_words(random, 2, &mut line);
    (vec![line], String::new())
}

fn test_primary(random: &mut Random, depth: usize, words: &mut Vec<String>) {
    let operands = [
        "a",
        "",
        "5",
        "05",
        "-1",
        "a.txt",
        "d",
        "none",
        "l",
        "e",
        " 5",
        "+5",
        "5x",
        "b.txt",
        "=",
        "!",
        "(",
        "-a",
        "-f",
        "-n",
        "big",
        "99999999999999999999",
    ];
    if random.chance(18) {
        words.push("!".into());
    }
    match random.below(10) {
        0 | 1 => words.push(random.one_of(&operands).into()),
        2..=4 => {
            let unary = "-n -z -e -f -d -s -r -x -L -h -p -b -c -g -k -u -O -G -S -w";
            words.push(random.word(unary).into());
            words.push(random.one_of(&operands).into());
        }
        5 if depth > 0 => {
            words.push("(".into());
            test_words(random, depth - 1, words);
            words.push(")".into());
        }
        _ => {
            words.push(random.one_of(&operands).into());
            let binary = "= != -eq -ne -lt -le -gt -ge -nt -ot -ef < > ==";
            words.push(random.word(binary).into());
            words.push(random.one_of(&operands).into());
        }
    }
}

fn test_words(random: &mut Random, depth: usize, words: &mut Vec<String>) {
    for at in 0..1 + random.below(3) / 2 + random.below(2) {
        if at > 0 {
            words.push(random.word("-a -o").into());
        }
        test_primary(random, depth, words);
    }
}

pub fn test(random: &mut Random) -> Made {
    let mut words = Vec::new();
    if random.chance(97) {
        test_words(random, 1, &mut words);
    }
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    let words = words.join(" ");
    let line = if random.chance(20) {
        format!("$P '[' {words} {}", random.maybe(95, "]"))
    } else {
        format!("$P test {words}")
    };
    (vec![line], String::new())
}

pub fn find(random: &mut Random) -> Made {
    let mut line = String::from("{ $P find ");
    if random.chance(12) {
        line.push_str(random.word("-L_ -H_ -P_").replace('_', " ").as_str());
    }
    let start = random
        .one_of(&[".", "d", "d a.txt", "l/", "d/.", "none .", "l", "a.txt", "", "./d/", "d//e"]);
    line.push_str(start);
    for option in ["-maxdepth 2", "-mindepth 1", "-depth", "-maxdepth 1", "-daystart", "-xdev"] {
        if random.chance(9) {
            line.push(' ');
            line.push_str(option);
        }
    }
    for at in 0..random.below(4) {
        if at > 0 {
            line.push_str(random.one_of(&[" ", " -o ", " -a ", " -or ", " , ", " "]));
        }
        line.push_str(random.one_of(&[" ", " ! ", " ", " ", " -not "]));
        line.push_str(&find_primary(random, 1));
    }
    // GNU's reorders what it thinks cheap across a comma; what -regextype says is
    // no expression there
    if line.matches(" , ").count() > 1 {
        line = line.replace(" , ", " -o ");
    }
    line = line.replace(" , ", " -print , ");
    line = line.replace("! -regextype", "-regextype").replace("-not -regextype", "-regextype");
    if line.contains("-printf") && random.chance(30) {
        line.push_str(" -print");
    }
    line.push_str("; echo status $?; } | sort");
    (vec![line], String::new())
}

fn find_primary(random: &mut Random, depth: usize) -> String {
    match random.below(16) {
        0 => format!(
            "-size {}{}{}",
            random.one_of(&["", "+", "-"]),
            random.below(4),
            random.one_of(&["", "c", "k", "w", "b", "M", "G"])
        ),
        1 => format!(
            "-perm {}",
            random.word(
                "644 -644 /644 u=rw,go=r -u+x /a+x -g=w,o=r 0 -0 /0 -100 /111 755 -u=rwx,go=rx u+r \
                 -u+r,g+r /u=w,g=x a=r 4755 -4000 /7000 -u+s"
            )
        ),
        2 | 3 => {
            let letters =
                "f p P h H s y d m M n l b_ k_ u U g G % TY T@ TH i_ D_ S_ Y T+ Ta TS f p";
            let mut form = String::new();
            for _ in 0..1 + random.below(3) {
                let letter = random.word(letters).trim_end_matches('_');
                if "bkiDS".contains(letter) {
                    continue; // those are of the file system
                }
                form.push('%');
                if letter != "%" {
                    form.push_str(random.one_of(&["", "", "", "10", "-10", "3", ".2", "05"]));
                }
                form.push_str(letter);
                form.push_str(random.one_of(&[" ", "|", "\\t", "\\101", "\\\\", ":"]));
            }
            format!("-printf '{form}\\n'")
        }
        4 if depth > 0 => {
            let mut inner = String::from("'('");
            for at in 0..1 + random.below(3) {
                if at > 0 {
                    inner.push_str(random.one_of(&[" ", " -o ", " -a "]));
                }
                inner.push_str(random.one_of(&[" ", " ! ", " "]));
                inner.push_str(&find_primary(random, 0));
            }
            inner + " ')'"
        }
        5 => random
            .one_of(&[
                "-newer a.txt",
                "-newer e",
                "-newermt 2001-09-09",
                "-newermt '2001-09-10 12:00'",
                "-newermm a.txt",
                "-mtime +1",
                "-mtime -1",
                "-mtime 0",
                "-mmin +60",
                "-mmin -60",
                "-mtime +7000",
                "-anewer a.txt",
                "-ctime -1",
                "-amin -600",
                "-cmin +600",
            ])
            .into(),
        6 => random
            .one_of(&[
                "-regex '.*/[a-e]'",
                "-iregex '.*/A.*'",
                "-regextype posix-extended -regex '.*/(a|d)+.*'",
                "-regextype posix-basic -regex '.*/\\(a\\|d\\).*'",
                "-regextype egrep -regex '.*[ef]$'",
                "-regex '.*txt'",
                "-regex 'd/.*'",
            ])
            .into(),
        _ => random
            .one_of(&[
                "-name 'a*'",
                "-name '*.txt'",
                "-type f",
                "-type d",
                "-type l",
                "-type f,d",
                "-xtype d",
                "-xtype l",
                "-lname 'd*'",
                "-size 0",
                "-empty",
                "-path '*d*'",
                "-wholename './d*'",
                "-ipath '*D*'",
                "-links 1",
                "-links +1",
                "-iname 'A*'",
                "-name '[a-d]'",
                "-name '[!a]'",
                "-name '?'",
                "-name 'a\\.t*'",
                "-name .",
                "'(' -name e -o -name f ')'",
                "-print",
                "-print0",
                "-name d -prune -o -print",
                "-exec echo {} ';'",
                "-exec echo x '{}' +",
                "-exec echo a{}b ';'",
                "-execdir echo {} ';'",
                "-exec false ';'",
                "-exec test -f {} ';'",
                "-prune",
                "-user root",
                "-user 0",
                "-group root",
                "-uid 0",
                "-gid +0",
                "-nouser",
                "-samefile d/f",
                "-readable",
                "-executable",
                "-quit",
                "-true",
                "-false",
            ])
            .into(),
    }
}
