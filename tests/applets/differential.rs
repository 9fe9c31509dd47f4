//! Random commands, compared with the programs of the host and with busybox:
//! what is printed and the exit status must be those of one of the two. The
//! suite runs a short part; the whole campaign is
//!
//! ```text
//! SEED=1 COUNT=100000 cargo test --test suite differential -- --nocapture
//! ```
//!
//! Left out is what GNU's and busybox refuse and this program takes.

#![allow(clippy::disallowed_macros)] // the figures are printed

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::applet::program;

/// Numbers that look random, from a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn one_of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// Each of the words with this chance.
    fn some(&mut self, list: &[&str], percent: usize) -> Vec<String> {
        let mut words = Vec::new();
        for word in list {
            if self.chance(percent) {
                words.push((*word).to_string());
            }
        }
        words
    }

    fn text(&mut self) -> String {
        let letters =
            self.one_of(&["ab \n", "abc123 :,\t\n", "aA bB\n0129.-", "\n\n a", "xyz\n:;"]);
        let length = self.below(40);
        let mut text: String = (0..length)
            .map(|_| char::from(letters.as_bytes()[self.below(letters.len())]))
            .collect();
        if self.chance(70) {
            text.push('\n');
        }
        text
    }

    fn list(&mut self) -> String {
        let count = 1 + self.below(3);
        let mut parts = Vec::new();
        for _ in 0..count {
            let (a, b) = (self.below(7), 1 + self.below(8));
            parts.push(match self.below(4) {
                0 => format!("{a}"),
                1 => format!("{a}-"),
                2 => format!("-{b}"),
                _ => format!("{a}-{b}"),
            });
        }
        parts.join(",")
    }
}

/// Applets that only some words are made for here; the others are in the list.
const APPLETS: usize = 11;

/// A command and what it reads. A single word is a line for the shell, in which
/// `$P` stands before the names of programs.
fn command(random: &mut Random) -> (Vec<String>, String) {
    let lines: [fn(&mut Random) -> String; 9] = [sed, grep, awk, expr, test_, find, dd, tar, cpio];
    // Those that scripts use most come twice as often.
    let at = random.below(APPLETS + 4 * lines.len() / 2 + 5);
    if at >= APPLETS {
        let make = lines[(at - APPLETS) % lines.len()];
        return (vec![make(random)], random.text());
    }
    let mut words: Vec<String> = Vec::new();
    let mut input = random.text();
    match at {
        0 => {
            words.push("cut".into());
            words.push(random.one_of(&["-f", "-b", "-c"]).into());
            words.push(random.list());
            if words[1] == "-f" {
                words.extend(random.some(&["-d:", "-s"], 40));
            }
            words.extend(random.some(&["--complement", "--output-delimiter=ab"], 20));
        }
        1 => {
            words.push("sort".into());
            words.push(random.one_of(&["-n", "-g", "-h", "-M", "-V", "-f", "-b", "-s"]).into());
            words.extend(random.some(&["-r", "-u", "-s", "-b", "-t:"], 20));
            if random.chance(50) {
                let (a, b) = (1 + random.below(3), 1 + random.below(4));
                words.push(format!("-k{a},{b}{}", random.one_of(&["", "n", "r", "b"])));
            }
            let parts = ["a", "b", "10", "9", "-1", "1.5", " ", ":", "A", "1K", "Jan", "\n", "\n"];
            input = (0..random.below(40)).map(|_| random.one_of(&parts)).collect();
        }
        2 => {
            words.push("tr".into());
            words.extend(random.some(&["-d"], 25));
            let sets = ["a", "ab", "a-c", "0-9", "a-z", "xyz", "\\141", " :", "\\n", "A-Z"];
            words.push(random.one_of(&sets).into());
            if words.len() == 2 {
                words.push(random.one_of(&sets).into());
            }
        }
        3 | 4 => {
            words.push(random.one_of(&["head", "tail"]).into());
            words.push(random.one_of(&["-n", "-c"]).into());
            let signs: &[&str] = if words[0] == "tail" { &["", "-", "+"] } else { &["", "-"] };
            words.push(format!("{}{}", random.one_of(signs), random.below(20)));
        }
        5 => {
            words.push("uniq".into());
            words.push(random.one_of(&["-c", "-d", "-u", "-D", "-i"]).into());
            for option in ["-f", "-s", "-w"] {
                if random.chance(20) {
                    words.push(format!("{option}{}", random.below(5)));
                }
            }
        }
        6 => {
            words.push("od".into());
            for _ in 0..random.below(3) {
                let types = ["a", "c", "d1", "d2", "d4", "d8", "o1", "o2", "o4", "u1", "x1", "x2z"];
                words.push(format!("-t{}", random.one_of(&types)));
            }
            words.extend(random.some(&["-v", "-An", "-Ax", "-Ad", "-N7", "-w8"], 20));
        }
        7 => {
            words.push("seq".into());
            words.extend(random.some(&["-w", "-s,"], 25));
            for _ in 0..1 + random.below(3) {
                let numbers = ["1", "2", "5", "10", "-1", "-3", "0.5", "0.1", "1.5", "08", "100"];
                words.push(random.one_of(&numbers).into());
            }
        }
        8 => {
            words.push("date".into());
            let day = format!(
                "{}-{:02}-{:02} {:02}:{:02}",
                1960 + random.below(100),
                1 + random.below(12),
                1 + random.below(31),
                random.below(25),
                random.below(60)
            );
            let ago =
                random.one_of(&["", " 3 days ago", " tomorrow", " next week", " +0130", " UTC"]);
            words.extend(["-d".into(), format!("{day}{ago}")]);
            let mut form = String::from("+");
            for _ in 0..4 {
                form.push_str(random.one_of(&[
                    "%a ", "%B ", "%c ", "%e ", "%G ", "%I ", "%j ", "%k ", "%p ", "%s ", "%U ",
                    "%V ", "%W ", "%u ", "%z ", "%-d ", "%_m ", "%^a ", "%10Y ", "%:z ", "%D ",
                    "%r ", "%q ",
                ]));
            }
            words.push(form);
        }
        9 => {
            words.push("printf".into());
            let parts = [
                "%d", "%5d|", "%-5d|", "%05d", "%+d", "%x", "%#o", "%s", "%.2s", "%b", "%.3f",
                "%e", "%g",
            ];
            words.push((0..1 + random.below(4)).map(|_| random.one_of(&parts)).collect());
            for _ in 0..random.below(4) {
                words.push(
                    random
                        .one_of(&["1", "-1", "42", "abc", "", "0x1f", "010", "1e3", "a\\tb"])
                        .into(),
                );
            }
        }
        _ => {
            let line = random.one_of(&[
                "expand -t 3",
                "unexpand -a",
                "fold -w 5",
                "fold -sw 6",
                "nl -ba",
                "wc",
                "wc -L",
                "rev",
                "tac",
                "paste -s -d:",
                "paste - -",
                "md5sum",
                "cksum",
                "base64 -w 9",
                "cat -A",
                "cat -n",
                "xxd -c 7",
                "hexdump -C",
                "hexdump",
            ]);
            words.extend(line.split(' ').map(String::from));
        }
    }
    (words, input)
}

/// A word for the shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn sed(random: &mut Random) -> String {
    let mut script = String::new();
    for at in 0..1 + random.below(3) {
        if at > 0 {
            script.push('\n');
        }
        script.push_str(random.one_of(&[
            "", "", "1", "2", "$", "/a/", "1,3", "/a/,/b/", "2,$", "1~2", "0~3", "2,+1", "/b/,~2",
            "/x/!", "$!", "3,1", "/a/I", "0,/a/", "/^$/", r"\,b,",
        ]));
        script.push_str(random.one_of(&[
            "d",
            "p",
            "=",
            "s/a/X/",
            "s/[a-c]*/<&>/g",
            r"s/\(a\)\(b*\)/\2\1/2",
            "y/abc/xyz/",
            "n",
            "N",
            "D",
            "P",
            "h",
            "H",
            "g",
            "G",
            "x",
            "l",
            "q",
            "Q",
            "q3",
            "a\\\nfoo",
            "i\\\nbar",
            "c\\\nbaz",
            "a one line",
            "s/a/b/p",
            "s/b/[&]/2g",
            "{p;d}",
            "b",
            "t",
            "{N;P;D}",
            "s/^/> /",
            "s/$/ </",
            "s/ *//g",
            r"s/\n/+/g",
            r"s/a\|b/\n/",
            "s,a,/,g",
            "l 5",
            r"s/\w\+/\u&/g",
            "s/x*/-/3",
            "{s/a/A/;t\ns/b/B/}",
        ]));
    }
    let options = random.some(&["-n", "-E", "-s", "-z"], 15).join(" ");
    let files = random.one_of(&["", "", "", "a.txt", "a.txt b.txt", "none"]);
    format!("$P sed {options} -e {} {files}", quoted(&script))
}

fn grep(random: &mut Random) -> String {
    let options = random
        .some(
            &[
                "-i", "-v", "-c", "-n", "-o", "-w", "-x", "-q", "-l", "-h", "-H", "-m1", "-A1",
                "-B1", "-C1", "-s", "-r",
            ],
            9,
        )
        .join(" ");
    let (kind, patterns): (&str, &[&str]) = match random.below(3) {
        0 => (
            "-E",
            &["a|b", "(a|b)+", "a{2}", "^(a|b)", "[[:digit:]]+", "a?b", "(a)(b)?", "b$|^ ", "()a"],
        ),
        1 => ("-F", &["a", "a.b", "1", "A", "b c", ":", ""]),
        _ => (
            "",
            &[
                "a",
                "ab",
                "^a",
                "b$",
                "[0-9]",
                "[^a]",
                "a*",
                r"a\|b",
                r"\(a\)\1",
                "a.b",
                "^$",
                "",
                r"\<a",
                r"b\>",
                r"\w",
                "[[:alpha:]]",
                r"a\{2\}",
                r"x\?",
                "^*a",
                "a**",
                r"[]a]",
                r"\.",
                "[a-c]*1",
            ],
        ),
    };
    let pattern = quoted(random.one_of(patterns));
    let files = random.one_of(&["", "", "", "a.txt", "a.txt b.txt", "none a.txt", "d"]);
    format!("$P grep {kind} {options} -e {pattern} {files}")
}

fn awk(random: &mut Random) -> String {
    let mut program = String::new();
    for _ in 0..1 + random.below(3) {
        program.push_str(random.one_of(&[
            "",
            "",
            "NR==1",
            "NR%2",
            "/a/",
            "!/b/",
            "$1>5",
            "NF",
            "length>3",
            "BEGIN",
            "END",
            "/a/,/b/",
            "$2~/b/",
            "$1 in x",
            "NR==2,NR==3",
        ]));
        program.push('{');
        program.push_str(random.one_of(&[
            "print",
            "print $1",
            "print $NF,NR",
            "s+=$1;print s",
            "print NF",
            "$2=\"\";print",
            "print substr($0,2,3)",
            "print length",
            "n=split($0,t,/[ :]/);print n,t[1]",
            "gsub(/a/,\"X\");print",
            "sub(/b*/,\"<&>\");print",
            "print toupper($0)",
            "print index($0,\"b\")",
            "printf \"%5d|%-4s|%.2f\\n\",$1,$2,$3",
            "print $1+0,$1\"\"",
            "print match($0,/b+/),RSTART,RLENGTH",
            "x[$1]++;print x[$1]",
            "if($1>3)print \"big\";else print \"small\"",
            "for(i=NF;i>0;i--)printf \"%s \",$i;print \"\"",
            "print -$1,!$1,$1^2,$1%3",
            "print $1<$2,$1==$2",
            "next",
            "print int($1/3)",
            "NF=2;print",
            "$5=\"z\";print;print NF",
            "print $1,$2 > \"/dev/stdout\"",
            "print substr($0,0,2) substr($0,-1,3)",
            "while((getline l)>0)n++;print n+0",
            "exit 3",
            "print 1e6,1e17,0.1+0.2,100000*100000",
            "print \"a\" \"b\"<\"c\"",
            "print length()",
            "a=\"x\";a=a a;print a",
            "delete x;print length(x)",
            "OFS=\"-\";$1=$1;print",
            "printf \"%c%c%%\\n\",65,\"hello\"",
            "print tolower(\"ABC\")$0",
            "do{i++}while(i<3);print i",
            "print 1==1.0,\"1\"==1,\"a\"<\"b\"",
            "print substr(\"hello\",2)",
        ]));
        program.push_str("}\n");
    }
    let options = random.one_of(&["", "", "", "-F:", "-F '[ :]'", "-F '\\t'", "-v x=1", "-F a"]);
    let files = random.one_of(&["", "", "", "a.txt", "a.txt b.txt", "y=2 a.txt"]);
    format!("$P ${{A-awk}} {options} {} {files}", quoted(&program))
}

fn expr(random: &mut Random) -> String {
    let mut line = String::from("$P expr");
    for at in 0..1 + random.below(3) {
        if at > 0 {
            let operator = random
                .one_of(&["+", "-", "*", "/", "%", "<", "<=", "=", "!=", ">", ">=", "|", "&", ":"]);
            line.push(' ');
            line.push_str(&quoted(operator));
        }
        let simple = ["1", "0", "-3", "42", "abc", "", "a.*", r"\(a\)", "007", "b", "-"];
        let word = match random.below(10) {
            0 => "length abc".to_string(),
            1 => "substr abcdef 2 3".to_string(),
            2 => "index abc cb".to_string(),
            3 => r"match abc 'a\(.\)'".to_string(),
            4 => format!("'(' {} + 1 ')'", random.below(9)),
            _ => quoted(random.one_of(&simple)),
        };
        line.push(' ');
        line.push_str(&word);
    }
    line
}

fn test_(random: &mut Random) -> String {
    let operands = ["a", "", "5", "05", "-1", "a.txt", "d", "none", "l", "e"];
    let mut words = Vec::new();
    for at in 0..1 + random.below(2) {
        if at > 0 {
            words.push(random.one_of(&["-a", "-o"]));
        }
        if random.chance(25) {
            words.push("!");
        }
        match random.below(3) {
            0 => words.push(random.one_of(&operands)),
            1 => {
                words.push(
                    random.one_of(&[
                        "-n", "-z", "-e", "-f", "-d", "-s", "-r", "-x", "-L", "-h", "-p",
                    ]),
                );
                words.push(random.one_of(&operands));
            }
            _ => {
                words.push(random.one_of(&operands));
                words.push(random.one_of(&[
                    "=", "!=", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef", "<",
                    ">", "==",
                ]));
                words.push(random.one_of(&operands));
            }
        }
    }
    let words: Vec<String> = words.into_iter().map(quoted).collect();
    format!("$P test {}", words.join(" "))
}

fn find(random: &mut Random) -> String {
    let mut line = String::from("{ $P find ");
    line.push_str(random.one_of(&[".", "d", "d a.txt", "l/", "d/.", "none ."]));
    for option in ["-maxdepth 2", "-mindepth 1", "-depth"] {
        if random.chance(15) {
            line.push(' ');
            line.push_str(option);
        }
    }
    for at in 0..random.below(4) {
        if at > 0 {
            line.push_str(random.one_of(&[" ", " -o ", " -a "]));
        }
        line.push_str(random.one_of(&[" ", " ! ", " "]));
        line.push_str(random.one_of(&[
            "-name 'a*'",
            "-name '*.txt'",
            "-type f",
            "-type d",
            "-type l",
            "-size -2",
            "-size +0c",
            "-size 0",
            "-empty",
            "-path '*d*'",
            "-perm 644",
            "-perm -100",
            "-perm /111",
            "-newer a.txt",
            "-links 1",
            "-iname 'A*'",
            "'(' -name e -o -name f ')'",
            "-print",
            "-print0",
            "-name d -prune -o -print",
            "-exec echo {} ';'",
            "-exec echo x '{}' +",
            "-regex '.*/[a-e]'",
            "-user root",
            "-mtime -1",
            "-mtime +1",
            "-quit",
            "-true",
            "-false",
        ]));
    }
    line.push_str("; echo status $?; } | sort");
    line
}

fn dd(random: &mut Random) -> String {
    let mut words = vec!["status=none".to_string()];
    words.extend(random.some(&["if=a.txt", "if=b.txt", "if=big"], 30));
    words.push(format!("{}={}", random.one_of(&["bs", "ibs", "obs", "cbs"]), 1 + random.below(20)));
    for option in ["count", "skip"] {
        if random.chance(40) {
            words.push(format!("{option}={}", random.below(6)));
        }
    }
    if random.chance(40) {
        let conversions =
            ["ucase", "lcase", "swab", "sync", "notrunc", "noerror", "sync,swab", "ucase,sync"];
        words.push(format!("conv={}", random.one_of(&conversions)));
    }
    words.extend(random.some(&["iflag=skip_bytes", "iflag=count_bytes", "iflag=fullblock"], 8));
    if random.chance(30) {
        let seek = random.below(5);
        return format!(
            "printf 0123456789 >../out; $P dd {} seek={seek} of=../out; echo $?; cat ../out",
            words.join(" ")
        );
    }
    format!("$P dd {}", words.join(" "))
}

fn tar(random: &mut Random) -> String {
    let format = random.one_of(&["", "", "-H ustar", "--format=gnu", "-h", "--numeric-owner"]);
    let exclude = random.one_of(&["", "", "--exclude=e", "--exclude='*.txt'", "--exclude=d/e"]);
    let names =
        random.one_of(&["d", ".", "a.txt b.txt", "d a.txt", "-C d .", "d/e none", "l long*"]);
    let packer = random.one_of(&["", "", "z", "j"]);
    let read = random.one_of(&[
        "t",
        "tv",
        "xO",
        "xOv",
        "t --exclude=f",
        "t d",
        "tv a.txt",
        "xO a.txt",
        "t --strip-components=1",
    ]);
    let first = random.one_of(&["$P", ""]);
    let mut words = read.splitn(2, ' ');
    let (letters, rest) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    // GNU's names the formats otherwise
    let format = format.replace("-H ustar", "--format=ustar");
    format!(
        "{first} tar -c{packer}f - {format} {exclude} {names} 2>/dev/null | $P tar -{letters}{packer} -f - {rest}; echo $?"
    )
}

fn cpio(random: &mut Random) -> String {
    let names = random.one_of(&["d", "d a.txt", "l", "long*", "."]);
    let first = random.one_of(&["$P", ""]);
    let read = random.one_of(&[
        "-it",
        "-itv",
        "-i --to-stdout",
        "-it 'd*'",
        "-itv '*.txt'",
        "-it -n",
        "-itvn",
    ]);
    let zero = random.one_of(&["", "", "0"]);
    let print = if zero.is_empty() { "-print" } else { "-print0" };
    let quiet = random.one_of(&["--quiet", "--quiet", ""]);
    format!(
        "find {names} {print} | sort -z | {first} cpio -o{zero} -H newc --quiet 2>/dev/null | $P cpio {read} {quiet} 2>/dev/null; echo $?"
    )
}

/// The files that the commands find.
fn tree(top: &Path) {
    let folder = top.join("tree");
    let write = |name: &str, text: &[u8]| std::fs::write(folder.join(name), text).unwrap();
    std::fs::create_dir_all(folder.join("d/e")).unwrap();
    write("a.txt", b"ab 12 a:b\nAa 3 cd\n\n10 20 30\nb a x\n");
    write("b.txt", b"xyz 1\nlast line without an end");
    write("e", b"");
    write("d/f", b"f\n");
    write("d/e/a", b"aaa\n");
    write(&"long".repeat(30), b"long\n");
    write("big", &(0..100_000u32).map(|n| (n % 251) as u8).collect::<Vec<u8>>());
    std::os::unix::fs::symlink("d", folder.join("l")).unwrap();
    std::fs::hard_link(folder.join("d/f"), folder.join("d/h")).unwrap();
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    for name in ["a.txt", "d/f", "d/e/a", "e"] {
        std::fs::File::open(folder.join(name)).unwrap().set_modified(time).unwrap();
    }
}

/// What a command prints, and its exit status.
type Printed = (Vec<u8>, Option<i32>);

fn result(folder: &Path, who: &str, words: &[String], input: &str) -> Printed {
    let mut command = match words {
        [line] => {
            let mut command = Command::new("/bin/sh");
            // not what the shell has built in
            let before = if who.is_empty() { "env" } else { who };
            command.args(["-c", line]).env("P", before);
            // the host's awk may be any
            if who.is_empty() {
                command.env("A", "gawk")
            } else {
                command.env_remove("A")
            };
            command
        }
        [name, rest @ ..] if who.is_empty() => {
            let mut command = Command::new(name);
            command.args(rest);
            command
        }
        words => {
            let mut command = Command::new(who);
            command.args(words);
            command
        }
    };
    let mut child = command
        .current_dir(folder)
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Who ends before it has read all is no failure.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    (output.stdout, output.status.code())
}

/// What differs from GNU's on purpose, where busybox has no answer.
fn is_explained(words: &[String], own: &Printed, host: &Printed) -> bool {
    let line = words.first().map_or("", String::as_str);
    let without_end = |text: &[u8]| text.strip_suffix(b"\n").unwrap_or(text).to_vec();
    let without_nul = |text: &[u8]| text.strip_suffix(b"\0").unwrap_or(text).to_vec();
    match line.split(' ').nth(1) {
        // GNU's q ends a last line that had no end; busybox's does not
        Some("sed") if line.contains('q') => {
            let same = without_end(&own.0) == without_end(&host.0);
            own.1 == host.1 && (same || without_nul(&own.0) == without_nul(&host.0))
        }
        // GNU's takes `! A -o B` for an error, POSIX for not (A or B)
        Some("test") => host.1 == Some(2) && matches!(own.1, Some(0 | 1)),
        // parts of lines of binary files are printed, as busybox's does
        Some("grep") => line.contains(" -o") && own.0.len() > host.0.len(),
        _ => false,
    }
}

#[test]
fn random_commands() {
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let count = number("COUNT", 600);
    let mut random = Random(number("SEED", 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let top = std::env::temp_dir().join(format!("differential-{}", std::process::id()));
    tree(&top);
    let folder = top.join("tree");
    let own = program().to_str().unwrap().to_string();
    let (mut as_busybox, mut explained, mut wrong) = (0, 0, Vec::new());
    for _ in 0..count {
        let (words, input) = command(&mut random);
        let a = result(&folder, &own, &words, &input);
        let b = result(&folder, "", &words, &input);
        if a == b {
            continue;
        }
        if is_explained(&words, &a, &b) {
            explained += 1;
            continue;
        }
        let c = result(&folder, "busybox", &words, &input);
        if a == c {
            as_busybox += 1;
            continue;
        }
        let shown = |r: &Printed| format!("{:?} {:?}", String::from_utf8_lossy(&r.0), r.1);
        let (a, b, c) = (shown(&a), shown(&b), shown(&c));
        wrong.push(format!("{words:?} < {input:?}\n  own     {a}\n  host    {b}\n  busybox {c}"));
    }
    let _ = std::fs::remove_dir_all(&top);
    eprintln!(
        "{count} random commands: {as_busybox} as busybox only, {explained} explained, {} as neither",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
