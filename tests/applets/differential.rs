//! Random commands, compared with the programs of the host: what is printed and
//! the exit status. Run it by
//!
//! ```text
//! SEED=1 COUNT=10000 cargo test --test suite differential -- --ignored
//! ```
//!
//! Left out is what GNU's refuse on purpose and this program takes.

use std::io::Write;
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

/// A command and what it reads.
fn command(random: &mut Random) -> (Vec<String>, String) {
    let mut words: Vec<String> = Vec::new();
    let mut input = random.text();
    match random.below(11) {
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

fn result(mut command: Command, input: &str) -> (Vec<u8>, Option<i32>) {
    let mut child = command
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

#[test]
#[ignore = "a minute of random commands; see the head of the file"]
fn random_commands() {
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let mut random = Random(number("SEED", 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut wrong = Vec::new();
    for _ in 0..number("COUNT", 3000) {
        let (words, input) = command(&mut random);
        let mut own = Command::new(program());
        own.args(&words);
        let mut other = Command::new(&words[0]);
        other.args(&words[1..]);
        let (a, b) = (result(own, &input), result(other, &input));
        if a != b {
            let shown = |r: &(Vec<u8>, Option<i32>)| {
                format!("{:?} {:?}", String::from_utf8_lossy(&r.0), r.1)
            };
            wrong.push(format!(
                "{words:?} < {input:?}\n  own   {}\n  other {}",
                shown(&a),
                shown(&b)
            ));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
