//! Random commands, compared with the programs of the host and with busybox:
//! what is printed and the exit status must be those of one of the two. The
//! suite runs a short part; the whole campaign is
//!
//! ```text
//! EXPLAINED=1 SEED=1 COUNT=100000 ONLY='sed awk' cargo test --test suite differential -- --nocapture
//! ```
//!
//! Left out is what GNU's and busybox refuse and this program takes, and tar's
//! `-h` (a file that is met twice by links is stored twice, GNU's links it).

#![allow(clippy::disallowed_macros)] // the figures are printed

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::applet::program;

mod archives;
mod awk;
mod lines;
mod random;
mod words;

use random::Random;

/// Makes a command and what it reads. A single word is a line for the shell, in
/// which `$P` stands before the names of programs.
type Maker = fn(&mut Random) -> (Vec<String>, String);

/// What commands are made for, and how often.
const MAKERS: [(&str, usize, Maker); 19] = [
    ("cut", 1, words::cut),
    ("sort", 2, words::sort),
    ("tr", 1, words::tr),
    ("head, tail", 1, words::ends),
    ("uniq", 1, words::uniq),
    ("od", 1, words::od),
    ("seq", 1, words::seq),
    ("date", 2, words::date),
    ("printf", 2, words::printf),
    ("filters", 2, words::filter),
    ("sed", 4, lines::sed),
    ("grep", 4, lines::grep),
    ("awk", 5, awk::awk),
    ("expr", 2, lines::expr),
    ("test", 2, lines::test),
    ("find", 3, lines::find),
    ("dd", 2, archives::dd),
    ("tar", 3, archives::tar),
    ("cpio", 2, archives::cpio),
];

/// The most that is read of what a command prints.
const MOST: u64 = 1 << 20;

/// The files that the commands find.
fn tree(top: &Path) {
    let folder = top.join("tree");
    let write = |name: &str, text: &[u8]| std::fs::write(folder.join(name), text).unwrap();
    let deep = "deep/".repeat(30);
    std::fs::create_dir_all(folder.join("d/e")).unwrap();
    std::fs::create_dir_all(folder.join(&deep)).unwrap();
    write("a.txt", b"ab 12 a:b\nAa 3 cd\n\n10 20 30\nb a x\n");
    write("b.txt", b"xyz 1\nlast line without an end");
    write("e", b"");
    write("d/f", b"f\n");
    write("d/e/a", b"aaa\n");
    write("d/s p", b"~\0~\nab\naa\n");
    write(&format!("{deep}/{}", "leaf".repeat(30)), b"leaf\n");
    write(&"long".repeat(30), b"long\n");
    write("big", &(0..100_000u32).map(|n| (n % 251) as u8).collect::<Vec<u8>>());
    std::os::unix::fs::symlink("d", folder.join("l")).unwrap();
    std::os::unix::fs::symlink("none", folder.join("d/gone")).unwrap();
    std::fs::hard_link(folder.join("d/f"), folder.join("d/h")).unwrap();
    let mode = |name: &str, mode: u32| {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(folder.join(name), mode).unwrap();
    };
    for (name, bits) in [("a.txt", 0o644), ("b.txt", 0o755), ("e", 0o600), ("d/e/a", 0o4711)] {
        mode(name, bits);
    }
    // whole seconds; not every format has parts of them
    let status = Command::new("find")
        .arg(&folder)
        .args(["-exec", "touch", "-hd", "@1600000000", "{}", "+"])
        .status()
        .unwrap();
    assert!(status.success());
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    for name in ["a.txt", "d/f", "d/e/a", "e"] {
        std::fs::File::open(folder.join(name)).unwrap().set_modified(time).unwrap();
    }
}

/// What a command prints, and its exit status.
#[derive(PartialEq)]
struct Printed {
    text: Vec<u8>,
    status: Option<i32>,
}

/// What a command prints, and what it complains of. Lines end after so many
/// seconds.
fn result(
    folder: &Path,
    who: &str,
    words: &[String],
    input: &str,
    seconds: u32,
) -> (Printed, String) {
    let complaints = folder.join("../stderr");
    let mut command = match words {
        [line] => {
            // some scripts of sed have no end
            let mut command = Command::new("timeout");
            // not what the shell has built in
            let before = if who.is_empty() { "env" } else { who };
            command.args(["-s", "KILL", &seconds.to_string(), "/bin/sh", "-c"]).env("P", before);
            command.arg(format!("ulimit -f 20000; {line}"));
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
        .stderr(std::fs::File::create(&complaints).unwrap())
        .spawn()
        .unwrap();
    // Who ends before it has read all is no failure.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let mut text = Vec::new();
    child.stdout.take().unwrap().take(MOST).read_to_end(&mut text).unwrap();
    let status = child.wait().unwrap();
    let status = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    let complaints = std::fs::read(complaints).unwrap();
    (Printed { text, status }, String::from_utf8_lossy(&complaints).into_owned())
}

/// Whether a command had no end of its own: too much was printed, or the limit
/// of time or of sizes ended it.
fn is_endless(printed: &Printed) -> bool {
    printed.text.len() as u64 == MOST || matches!(printed.status, Some(137 | 152 | 153))
}

/// Whether GNU's program did not take the command at all. What busybox does not
/// take either is left to this program.
fn is_refused(applet: &str, complaints: &str) -> bool {
    let messages: &[&str] = match applet {
        "sed" => &["-e expression #", "can't find label"],
        "grep" => &["Unmatched", "Invalid", "Trailing", "unbalanced", "repetition"],
        "awk" => &["syntax error", "fatal: ", "used in", "division by zero"],
        "date" => &["invalid date"],
        "printf" => &["invalid conversion", "missing hex", "invalid field", "invalid precision"],
        "sort" => &["incompatible", "invalid", "stray character", "not allowed"],
        "tr" => &["tr: "],
        "expr" => &["syntax error", "non-integer", "division by zero", "Unmatched", "Invalid"],
        "test" => &["expected", "argument"],
        "find" => {
            &["find: invalid", "unknown predicate", "paths must precede", "expected", "argument"]
        }
        "filters" => &["cannot seek"],
        "cut" | "uniq" | "seq" | "od" | "head, tail" => &["--help", "invalid"],
        _ => &[],
    };
    messages.iter().any(|message| complaints.contains(message))
}

/// What GNU's grep does not find of a group that is repeated and referred to.
fn finds_more(line: &str, own: &Printed, host: &Printed) -> bool {
    let refers =
        line.as_bytes().windows(2).any(|part| part[0] == b'\\' && part[1].is_ascii_digit());
    let repeats = ["*", "+", "{", "?"]
        .iter()
        .any(|sign| line.contains(&format!("){sign}")) || line.contains(&format!(")\\{sign}")));
    let (more, less) = match line.contains(" -v") || line.contains(" -L") {
        true => (&host.text, &own.text),
        false => (&own.text, &host.text),
    };
    let lines = |text: &[u8]| text.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
    let (more, less) = (lines(more), lines(less));
    // a count behind a name, if there is one
    let count = |line: &Vec<u8>| {
        let digits = line.rsplit(|b| *b == b':').next().unwrap_or_default();
        str::from_utf8(digits).ok().and_then(|digits| digits.parse::<u64>().ok())
    };
    let counts = line.contains(" -c")
        && more.len() == less.len()
        && more.iter().zip(&less).all(|(more, less)| count(more) >= count(less));
    refers && repeats && (counts || less.iter().all(|line| more.contains(line)))
}

/// Whether a format of printf has a conversion `a` or `A`.
fn has_hexadecimal(format: &str) -> bool {
    let between = |c: char| "-+ #*.".contains(c) || c.is_ascii_digit();
    let mut parts = format.split('%').skip(1);
    parts.any(|part| part.trim_start_matches(between).starts_with(['a', 'A']))
}

/// The lines that are not empty.
fn without_empty(printed: &Printed) -> Vec<&[u8]> {
    printed.text.split(|b| *b == b'\n').filter(|line| !line.is_empty()).collect()
}

/// What differs from GNU's on purpose, where busybox has no answer. `said`: what
/// GNU's complains of; `agreed`: busybox's answer is GNU's.
fn is_explained(
    applet: &str,
    words: &[String],
    own: &Printed,
    host: &Printed,
    said: &str,
    agreed: bool,
) -> bool {
    let line = words.first().map_or("", String::as_str);
    let plain = |printed: &Printed| -> Vec<u8> {
        printed.text.iter().copied().filter(|b| !matches!(b, 0 | b'\n')).collect()
    };
    match applet {
        // GNU's q ends a last line that had no end; busybox's does not
        "sed" if line.contains('q') && plain(own) == plain(host) => own.status == host.status,
        // GNU's ends such a line before it looks for a file of r, too, but does not
        // in w /dev/stdout
        "sed" if ["r none", "R ", "w /dev/stdout"].iter().any(|part| line.contains(part)) => {
            own.status == host.status && plain(own) == plain(host)
        }
        // what a and r have queued GNU's D leaves to a later cycle
        "sed" if line.contains('D') => {
            let sorted = |printed: &Printed| {
                let mut lines: Vec<Vec<u8>> =
                    printed.text.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
                lines.sort();
                lines
            };
            own.status == host.status && sorted(own) == sorted(host)
        }
        // GNU's takes `! A -o B` for an error, POSIX for not (A or B)
        "test" => host.status == Some(2) && matches!(own.status, Some(0 | 1)),
        // of lines that are equal others are paired, as many
        "filters" if line == "diff" => {
            let sorted = |printed: &Printed| {
                let mut lines: Vec<Vec<u8>> =
                    printed.text.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
                lines.retain(|line| matches!(line.first(), Some(b'<' | b'>' | b'+' | b'-')));
                lines.retain(|line| line != b"---");
                lines.sort();
                lines
            };
            own.status == host.status && sorted(own) == sorted(host)
        }
        "grep" => {
            let plain = |printed: &Printed| {
                let lines = printed.text.split(|b| *b == b'\n');
                let is_binary = |line: &&[u8]| {
                    line.windows(3).any(|part| part == b"s p")
                        || line.starts_with(b"big:")
                        || line.starts_with(b"./big:")
                        || matches!(*line, b"big" | b"./big")
                };
                let lines = lines.filter(|line| !is_binary(line) && *line != b"--");
                lines.collect::<Vec<_>>().concat()
            };
            let lines = |printed: &Printed| printed.text.split(|b| *b == b'\n').count();
            let status = (own.status, host.status);
            // -L with what busybox does not know: 0 where a name is printed, as there
            line.contains(" -L")
                && own.text == host.text
                && matches!(status, (Some(0), Some(1 | 2)) | (Some(1), Some(0)))
                // what nothing can be selected of is not read by GNU's
                || line.contains(" -v")
                    && status == (Some(2), Some(1))
                    && (own.text == host.text || line.contains(" -c"))
                // -w looks for the longest part that is a word only
                || line.contains(" -w") && line.contains("--color") && own.status == host.status
                // lines of a binary file end at NULs, too, in GNU's
                || (line.contains(" -r") || line.contains(" -R"))
                    && (own.status == host.status || said.contains("binary file matches"))
                    && (plain(own) == plain(host) || line.contains(" -c") && lines(own) == lines(host))
                // parts of lines of binary files are printed, as busybox's does
                || line.contains(" -o") && own.text.len() > host.text.len()
                || !agreed && finds_more(line, own, host)
                // where one of several expressions is empty -o prints that, too
                || line.contains(" -o")
                    && line.contains('\n')
                    && own.status == host.status
                    && without_empty(own) == without_empty(host)
        }
        "printf" => {
            let text = |printed: &Printed| String::from_utf8_lossy(&printed.text).replace("''", "");
            let has = |part: &str| words.iter().any(|word| word.contains(part));
            let without_numbers = |printed: &Printed| -> Vec<u8> {
                let is_of_number = |b: &u8| b.is_ascii_hexdigit() || b"xXpP.+- ".contains(b);
                printed.text.iter().copied().filter(|b| !is_of_number(b)).collect()
            };
            let same = own.text.iter().zip(&host.text).take_while(|(a, b)| a == b);
            let digits = same.map(|(a, _)| *a).collect::<Vec<u8>>();
            let digits = digits.iter().rev().take_while(|b| matches!(b, b'0'..=b'9' | b'.'));
            // long doubles have more than 15 digits
            own.status == host.status && own.text.len() == host.text.len() && digits.count() > 15
                // and other first digits in %a
                || words.get(1).is_some_and(|format| has_hexadecimal(format))
                    && own.status == host.status
                    && without_numbers(own) == without_numbers(host)
                // \c forgets there what was wrong before it
                || has("\\c") && own.text == host.text && own.status == Some(1) && host.status == Some(0)
                // without an argument %q is '', as in bash; a ' is quoted in other ways
                || has("q") && own.status == host.status && (has("'") || text(own) == text(host))
        }
        // of no line GNU's tail prints no name, either
        "head, tail" if words.iter().any(|word| word == "-v") => {
            host.text.is_empty() && own.text.starts_with(b"==> ") && own.text.ends_with(b" <==\n")
        }
        // gawk's signs what is not finite; printf(3) and busybox's do not
        "awk" => {
            let text = String::from_utf8_lossy(&host.text);
            let text = text.replace("+inf", "inf").replace("+nan", "nan").replace("+INF", "INF");
            // and what is too large for its powers is four NULs there
            let text = text.replace("\0\0\0\0", "inf");
            own.status == host.status && own.text == text.as_bytes()
        }
        _ => false,
    }
}

/// How often each of these was met.
#[derive(Default)]
struct Figures {
    commands: usize,
    as_busybox: usize,
    explained: usize,
    refused: usize,
    as_neither: usize,
}

#[test]
fn random_commands() {
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let count = number("COUNT", 600);
    let show_explained = number("EXPLAINED", 0) > 0;
    let only = std::env::var("ONLY").unwrap_or_default();
    let mut makers: Vec<(&str, Maker)> = Vec::new();
    for (name, weight, maker) in MAKERS {
        if only.is_empty() || only.split(' ').any(|word| name.contains(word)) {
            makers.extend((0..weight).map(|_| (name, maker)));
        }
    }
    let mut random = Random(number("SEED", 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let top = std::env::temp_dir().join(format!("differential-{}", std::process::id()));
    tree(&top);
    let folder = top.join("tree");
    let own = program().to_str().unwrap().to_string();
    let mut figures: BTreeMap<&str, Figures> = BTreeMap::new();
    let mut wrong = Vec::new();
    for _ in 0..count {
        let (applet, maker) = makers[random.below(makers.len())];
        let figures = figures.entry(applet).or_default();
        figures.commands += 1;
        let (words, input) = maker(&mut random);
        let run = |who: &str, seconds: u32| result(&folder, who, &words, &input, seconds);
        let (mut a, mut own_complaints) = run(&own, 2);
        let (mut b, mut host_complaints) = run("", 2);
        if is_endless(&a) != is_endless(&b) {
            // that may be for other work of the host
            (a, own_complaints) = run(&own, 20);
            (b, host_complaints) = run("", 20);
        }
        if a == b || is_endless(&a) && is_endless(&b) {
            continue;
        }
        let (c, busybox_complaints) = run("busybox", 5);
        if a == c {
            figures.as_busybox += 1;
            continue;
        }
        let crashed =
            a.status.is_none_or(|status| status > 128) || own_complaints.contains("panic");
        if is_explained(applet, &words, &a, &b, &host_complaints, b == c) {
            figures.explained += 1;
            if show_explained {
                eprintln!("explained: {words:?} {:?} {:?}", a.status, b.status);
            }
            continue;
        }
        // of these busybox takes what POSIX leaves open
        let open = matches!(applet, "printf" | "sort")
            || host_complaints.contains("empty regexp")
            || host_complaints.contains("Invalid back reference");
        let refused = is_refused(applet, &host_complaints);
        if refused && (open || !busybox_complaints.is_empty()) && !crashed {
            figures.refused += 1;
            continue;
        }
        figures.as_neither += 1;
        let shown = |r: &Printed, complaints: &str| {
            let complaint = complaints.lines().next().unwrap_or_default();
            format!("{:?} {:?} {complaint}", String::from_utf8_lossy(&r.text), r.status)
        };
        wrong.push(format!(
            "{words:?} < {input:?}\n  own     {}\n  host    {}\n  busybox {}",
            shown(&a, &own_complaints),
            shown(&b, &host_complaints),
            shown(&c, &busybox_complaints)
        ));
    }
    let _ = std::fs::remove_dir_all(&top);
    for (applet, figures) in figures {
        eprintln!(
            "{applet}: {} commands, {} as busybox only, {} explained, {} refused, {} as neither",
            figures.commands,
            figures.as_busybox,
            figures.explained,
            figures.refused,
            figures.as_neither
        );
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
