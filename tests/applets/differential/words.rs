//! Commands that are words: cut, sort, tr, head, tail, uniq, od, seq, date,
//! printf and filters.

use super::random::Random;

type Made = (Vec<String>, String);

pub fn cut(random: &mut Random) -> Made {
    let mut words: Vec<String> = vec!["cut".into()];
    let kind = random.one_of(&["-f", "-f", "-b", "-c"]);
    words.extend([kind.into(), random.list()]);
    if kind == "-f" {
        let delimiter = random.one_of(&["-d:", "-d ", "-da", "-d1", "", "-d,"]);
        if !delimiter.is_empty() {
            words.push(delimiter.into());
        }
        words.extend(random.some(&["-s"], 30));
    }
    words.extend(random.some(&["--complement", "--output-delimiter=ab", "-n", "-z"], 15));
    words.extend(random.some(&["a.txt", "-", "none"], 8));
    (words, random.text())
}

pub fn sort(random: &mut Random) -> Made {
    let mut words: Vec<String> = vec!["sort".into()];
    if random.chance(85) {
        words.push(random.one_of(&["-n", "-g", "-h", "-M", "-V", "-f", "-b", "-s", "-d"]).into());
    }
    let options = ["-r", "-u", "-s", "-b", "-t:", "-f", "-i", "-c", "-C", "-m", "-z"];
    words.extend(random.some(&options, 10));
    for _ in 0..random.below(3) {
        let (a, b) = (1 + random.below(3), 1 + random.below(4));
        let flags = random.one_of(&["", "n", "r", "b", "f", "g", "h", "M", "V", "d", "nr", "bf"]);
        words.push(match random.below(5) {
            0 => format!("-k{a}{flags}"),
            1 => format!("-k{a}.{b}{flags}"),
            2 => format!("-k{a}.{},{b}.{}{flags}", 1 + random.below(3), random.below(3)),
            3 => format!("-k{a}{},{b}{flags}", random.maybe(30, "b")),
            _ => format!("-k{a},{b}{flags}"),
        });
    }
    words.extend(random.some(&["a.txt", "b.txt", "-", "none"], 5));
    let lists: [&[&str]; 4] = [
        &["a", "b", "10", "9", "-1", "1.5", " ", ":", "A", "1K", "Jan", "\n", "\n"],
        &["0", "-", "+", ".", "1e3", "007", "10", "5", "-3", " ", "1,000", "inf", "\n", "\n"],
        &["1.0", "a1.10", "a1.9", "~rc1", "-", ".", "0", "b", "file", ".tar.gz", "\n", "\n", "x"],
        &["jan", "FEB", "Dec", " ", "2G", "3M", "1k", "5", ":", "aB", "\t", "\n", "\n", "\u{7f}"],
    ];
    let parts = lists[random.below(4)];
    let input = random.parts(parts, 40);
    (words, input)
}

pub fn tr(random: &mut Random) -> Made {
    let mut words: Vec<String> = vec!["tr".into()];
    let letters = random.one_of(&["", "", "", "-d", "-s", "-c", "-cd", "-ds", "-cs", "-t", "-C"]);
    if !letters.is_empty() {
        words.push(letters.into());
    }
    let sets = [
        "a",
        "ab",
        "a-c",
        "0-9",
        "a-z",
        "xyz",
        "\\141",
        " :",
        "\\n",
        "A-Z",
        "[:lower:]",
        "[:upper:]",
        "[:digit:]",
        "[:space:]",
        "[:alpha:]",
        "[:punct:]",
        "[=a=]",
        "a-cx-z",
        "\\\\",
        "\\t\\n",
        "[a-c]",
        "ab-",
        "aab",
    ];
    let second = ["[x*]", "[x*3]", "a[b*2]c", "[:upper:]", "[:lower:]", "-", "[x*010]", "", "\\n*"];
    words.push(random.one_of(&sets).into());
    let alone = letters == "-d" || letters == "-cd" || letters == "-s" && random.chance(50);
    if !alone || random.chance(5) {
        let list: &[&str] = if random.chance(25) { &second } else { &sets };
        words.push(random.one_of(list).into());
    }
    (words, random.text())
}

pub fn ends(random: &mut Random) -> Made {
    let mut words: Vec<String> = vec![random.one_of(&["head", "tail"]).into()];
    let signs: &[&str] = if words[0] == "tail" { &["", "-", "+"] } else { &["", "-"] };
    let kind = random.one_of(&["-n", "-n", "-c"]);
    let size = random.one_of(&["", "", "", "", "b", "k"]);
    words.extend([kind.into(), format!("{}{}{size}", random.one_of(signs), random.below(20))]);
    words.extend(random.some(&["-q", "-v", "-z"], 8));
    words.extend(random.some(&["a.txt", "big", "-", "none", "b.txt", "e"], 8));
    (words, random.text())
}

pub fn uniq(random: &mut Random) -> Made {
    let mut words: Vec<String> = vec!["uniq".into()];
    words.extend(random.some(&["-c", "-d", "-u", "-i", "-z"], 22));
    if random.chance(10) && words.len() == 1 {
        words.push("-D".into());
    }
    for option in ["-f", "-s", "-w"] {
        if random.chance(20) {
            words.push(format!("{option}{}", random.below(5)));
        }
    }
    (words, random.parts(&["a", "A", "b", " ", "1", "\n", "\n", "a\n", "a\n", "\t"], 40))
}

pub fn od(random: &mut Random) -> Made {
    let mut words: Vec<String> = vec!["od".into()];
    for _ in 0..random.below(3) {
        let types = "a c d1 d2 d4 d8 o1 o2 o4 u1 x1 x2z xC dS oI uL cz f4 f8 x8 u2";
        words.push(format!("-t{}", random.word(types)));
    }
    if words.len() == 1 && random.chance(40) {
        words.push(random.word("-a -b -c -d -o -s -x -i").into());
    }
    words.extend(random.some(&["-v", "-An", "-Ax", "-Ad", "-N7", "-w8", "-j3", "-w5", "-Ao"], 12));
    (words, random.text())
}

pub fn seq(random: &mut Random) -> Made {
    let mut words: Vec<String> = vec!["seq".into()];
    words.extend(random.some(&["-w", "-s,", "-f%03g", "-f%.2f", "-fx%5gy"], 12));
    for _ in 0..1 + random.below(3) {
        let numbers = "1 2 5 10 -1 -3 0.5 0.1 1.5 08 100 1e1 .25 +3 9.99";
        words.push(random.word(numbers).into());
    }
    (words, String::new())
}

pub fn date(random: &mut Random) -> Made {
    let mut words: Vec<String> = vec!["date".into()];
    let (year, month, day) = (1960 + random.below(100), 1 + random.below(12), 1 + random.below(31));
    let (hour, minute, second) = (random.below(25), random.below(60), random.below(60));
    let name = random.word("Jan feb MARCH April may June jul aug Sept oct nov December");
    let when = match random.below(14) {
        0 => format!("@{}", random.below(2_000_000_000)),
        1 => format!("@-{}.5", random.below(1_000_000)),
        2 => format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"),
        3 => format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.25 +0200"),
        4 => format!("{year}{month:02}{day:02}"),
        5 => format!("{day} {name} {year}"),
        6 => format!("{name} {day} {hour:02}:{minute:02}:{second:02} {year}"),
        7 => format!("{month}/{day}/{year}"),
        8 => format!("{year}-{month:02}-{day:02} {}{}", random.below(13), random.word("am PM pm")),
        9 => format!("{year}-{month}-{day}"),
        10 => format!("{year}{month:02}{day:02} {hour:02}{minute:02}"),
        _ => format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}"),
    };
    // a weekday goes with a date in digits: GNU's counts a number before it
    let ago = if when.contains('-') && random.chance(10) {
        random.one_of(&[" monday", " next friday", " sun"])
    } else if random.chance(50) {
        random.one_of(&[
            " 3 days ago",
            " tomorrow",
            " next week",
            " +0130",
            " UTC",
            " +1 month",
            " -2 hours",
            " 1 year ago",
            " yesterday",
            " next month",
            " last year",
            " + 90 minutes",
            " 10 sec",
            " fortnight",
            " 1 week 2 days",
            " -1 day 3 hours ago",
            " EST",
            " +01:00",
            " now",
            " today",
        ])
    } else {
        ""
    };
    if random.chance(8) {
        words.extend(["-r".into(), "a.txt".into()]);
    } else {
        words.extend(["-d".into(), format!("{when}{ago}")]);
    }
    words.extend(random.some(&["-u"], 20));
    match random.below(10) {
        0 => words.push("-R".into()),
        1 => words.push(random.word("-I -Idate -Ihours -Iminutes -Iseconds -Ins").into()),
        2 => {}
        _ => {
            let mut form = String::from("+");
            for _ in 0..4 {
                let letters = "a A b B c C d D e F g G h H I j k l m M n N p P q r R s S t T u U V \
                               w W x X y Y z Z % :z ::z Ey Od";
                let letter = random.word(letters);
                form.push('%');
                // GNU's hands flags of what is made of parts to some of them,
                // and keeps what stands before %% and E and O
                if !matches!(letter, "%" | "Ey" | "Od" | "D" | "F" | "T" | "R" | "r" | "x" | "X") {
                    form.push_str(random.word("    - _ 0 ^ # 3 10 05 _5 -3 +6"));
                }
                form.push_str(letter);
                form.push(' ');
            }
            words.push(form);
        }
    }
    (words, String::new())
}

pub fn printf(random: &mut Random) -> Made {
    let mut format = String::new();
    let mut floats = false;
    for _ in 0..1 + random.below(4) {
        if random.chance(25) {
            format.push_str(random.one_of(&[
                "%%", "a", "\\n", "\\t", "\\\\", "\\101", "\\0101", "\\x41", "\\a", "|", "\\\"",
                "\\c", "\\e", "\\q", "\\1", "\\", "%", " ",
            ]));
            continue;
        }
        format.push('%');
        format.push_str(random.one_of(&["", "", "", "-", "0", "+", " ", "#", "-0", "+-", "0#"]));
        format.push_str(random.one_of(&["", "", "", "5", "3", "12", "*", "1"]));
        format.push_str(random.one_of(&["", "", "", ".2", ".0", ".", ".*", ".7"]));
        let letter = random.word("d i u o x X c s s b q e f g G E ld y");
        floats |= letter.contains(['e', 'f', 'g', 'E', 'G']);
        format.push_str(letter);
        format.push_str(random.maybe(40, "|"));
    }
    let mut words: Vec<String> = vec!["printf".into(), format];
    for _ in 0..random.below(5) {
        let numbers = [
            "1", "-1", "42", "abc", "", "0x1f", "010", "1e3", "a\\tb", "5", "-3", "3.7", "2", "'a",
            "\"b", " 7", "7 ", "5x", "+5", "0", "a b", "\\0101", "x\\cy", "\\n", "it's", "-", "70",
            ".5",
        ];
        let large = ["9223372036854775807", "9223372036854775808", "18446744073709551616", "-9e9"];
        // what is large is a long double there
        let list: &[&str] = if random.chance(6) && !floats { &large } else { &numbers };
        words.push(random.one_of(list).into());
    }
    (words, String::new())
}

pub fn filter(random: &mut Random) -> Made {
    let line = random.one_of(&[
        "expand -t 3",
        "expand -i -t 4",
        "expand -t 2,5,9",
        "unexpand -a",
        "unexpand -t 3",
        "unexpand",
        "fold -w 5",
        "fold -sw 6",
        "fold -b -w 3",
        "nl -ba",
        "nl",
        "nl -bt -nrz -w3 -s:",
        "nl -v5 -i3 -nln",
        "nl -bpa -l2",
        "wc",
        "wc -L",
        "wc -lc",
        "wc -w",
        "wc -m a.txt b.txt",
        "rev",
        "tac",
        "tac a.txt b.txt",
        "paste -s -d:",
        "paste - -",
        "paste -d:, a.txt - b.txt",
        "paste -d\\n\\0 - a.txt",
        "md5sum",
        "cksum",
        "sum",
        "sha256sum",
        "base64 -w 9",
        "base64 -d",
        "cat -A",
        "cat -n",
        "cat -b",
        "cat -s",
        "cat -vet",
        "xxd -c 7",
        "xxd -p",
        "xxd -i",
        "xxd -b",
        "xxd -s 3 -l 9",
        "hexdump -C",
        "hexdump",
        "hexdump -b",
        "hexdump -d -v",
        "comm - a.txt",
        "comm -12 a.txt -",
        "join - a.txt",
        "join -t: -a1 -v2 - a.txt",
        "strings -n 2",
        "strings -n 3 -t d",
        "tsort",
        "factor",
        "cmp - a.txt",
        "cmp -l - a.txt",
        "xargs",
        "xargs -n 2",
        "xargs -n 2 echo x",
        "xargs -I{} echo [{}] {}",
        "xargs -L 1",
        "xargs -0 echo",
        "xargs -s 30",
        "xargs -r echo y",
        "xargs -x -n 3",
        "column",
        "column -t",
        "diff - a.txt",
        "diff -u -L x -L y - a.txt",
        "diff -q - a.txt",
        "diff -b - b.txt",
        "diff -iw a.txt -",
        "split -l 2 - ../split",
        "tee",
        "sort a.txt b.txt",
    ]);
    (line.split(' ').map(String::from).collect(), random.text())
}
