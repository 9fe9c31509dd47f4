//! Random scripts out of a grammar: seeded, bounded, and the same on every
//! machine. Every loop ends, nothing waits, and nothing outside the working
//! directory is touched.

/// Xorshift64*, enough to spread choices.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        ((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize) % n
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// A script being written.
pub struct Script {
    random: Random,
    text: String,
    /// How many more commands it may have.
    budget: u32,
    depth: u32,
    loops: u32,
    in_function: bool,
    /// Here-documents whose text comes when the line ends.
    pending: Vec<String>,
    counters: u32,
    /// No expansion that can fail or assign.
    tame: bool,
    /// No `$@`, which POSIX leaves open where there are no fields.
    single: bool,
    /// `set -u` may come, and no parameters in here-documents.
    strict: bool,
}

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

impl Script {
    /// The script of a seed.
    pub fn of(seed: u64) -> String {
        let mut script = Script {
            random: Random::new(seed),
            text: String::new(),
            budget: 14,
            depth: 0,
            loops: 0,
            in_function: false,
            pending: Vec::new(),
            counters: 0,
            tame: false,
            single: false,
            strict: seed.is_multiple_of(3),
        };
        let count = 2 + script.random.below(6);
        for _ in 0..count {
            script.statement();
            script.newline();
        }
        script.text
    }

    fn put(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn newline(&mut self) {
        self.put("\n");
        for body in std::mem::take(&mut self.pending) {
            self.put(&body);
        }
    }

    /// `;` or a line break.
    fn end(&mut self) {
        if !self.pending.is_empty() || self.random.one_in(3) {
            self.newline();
        } else {
            self.put("; ");
        }
    }

    fn name(&mut self) -> &'static str {
        self.random.pick(&NAMES)
    }

    fn statement(&mut self) {
        match self.random.below(12) {
            0 => {
                self.pipeline();
                let link = self.random.pick(&[" && ", " || "]);
                self.put(link);
                self.pipeline();
                if self.random.one_in(3) {
                    let link = self.random.pick(&[" && ", " ||\n"]);
                    if self.pending.is_empty() {
                        self.put(link);
                    } else {
                        self.put(" && ");
                    }
                    self.pipeline();
                }
            }
            1 if self.depth < 2 && self.random.one_in(3) => {
                self.put("{ ");
                self.pipeline();
                self.put(" & wait \"$!\"; p bg $?; }");
            }
            _ => self.pipeline(),
        }
    }

    fn pipeline(&mut self) {
        if self.random.one_in(12) {
            self.put("! ");
        }
        self.command();
        if self.random.one_in(14) && self.depth < 3 {
            self.put(" | ");
            match self.random.below(3) {
                0 => self.put("{ read a b; p \"$a\" \"$b\"; }"),
                1 => self.put("while read -r a; do p \"$a\"; done"),
                // Nothing that reads what the other side writes to a file.
                _ => self.put("p x \"$a\" $b"),
            }
        }
    }

    fn list(&mut self) {
        let count = 1 + self.random.below(2);
        for i in 0..count {
            if i > 0 {
                self.end();
            }
            self.statement();
        }
        self.end();
    }

    fn command(&mut self) {
        self.budget = self.budget.saturating_sub(1);
        if self.budget == 0 || self.depth > 3 {
            return self.show();
        }
        self.depth += 1;
        match self.random.below(40) {
            0..=11 => self.show(),
            12..=15 => self.assignment(),
            16 | 17 => self.if_command(),
            18 | 19 => self.for_command(),
            20 => self.while_command(),
            21..=23 => self.case_command(),
            24 => {
                self.put("{ ");
                self.list();
                self.put("}");
                self.redirections();
            }
            25 => {
                self.put("( ");
                self.list();
                self.put(")");
                // dash forgets these where it saves a process.
                if self.depth == 1 {
                    self.redirections();
                }
            }
            26 => self.function(),
            27..=30 => self.builtin(),
            31 => self.control(),
            32 => self.set(),
            33 | 34 => self.read(),
            35 => self.test(),
            36 => self.eval(),
            37 => self.getopts(),
            38 => {
                self.put("printf ");
                let form = self.random.pick(&[
                    "'%s|%5s|%-4s|\\n'",
                    "'%d %o %x\\n'",
                    "'%03d:%+d:%.2s\\n'",
                    "'%b\\n'",
                    "'%c%%%s\\n'",
                    "'[%5.1s]\\n'",
                ]);
                self.put(form);
                for _ in 0..self.random.below(4) {
                    self.put(" ");
                    let word = self
                        .random
                        .pick(&["1", "-7", "0x1f", "010", "abc", "''", "'x\\ty'", "\"$a\""]);
                    self.put(word);
                }
            }
            _ => {
                self.put("trap ");
                let trap = self.random.pick(&[
                    "'p bye $?' EXIT",
                    "- EXIT",
                    "'p t; exit 3' EXIT",
                    "'' EXIT",
                ]);
                self.put(trap);
            }
        }
        self.depth -= 1;
    }

    /// `p` prints each of its arguments in brackets.
    fn show(&mut self) {
        if self.random.one_in(10) {
            let name = self.name();
            self.put(&format!("{name}="));
            self.value();
            self.put(" ");
        }
        self.put("p");
        for _ in 0..1 + self.random.below(3) {
            self.put(" ");
            self.word();
        }
        if self.random.one_in(5) {
            self.redirections();
        }
    }

    fn assignment(&mut self) {
        let name = match self.random.below(8) {
            0 => "IFS",
            _ => self.name(),
        };
        self.put(&format!("{name}="));
        if name == "IFS" {
            let ifs = self.random.pick(&["' '", ":", "''", "' :'", "x", "', '", "'\n'", "$b"]);
            self.put(ifs);
        } else {
            self.value();
        }
        if self.random.one_in(4) {
            let name = self.name();
            self.put(&format!(" {name}="));
            self.value();
        }
    }

    fn value(&mut self) {
        let outer = std::mem::replace(&mut self.single, true);
        self.value_inner();
        self.single = outer;
    }

    fn value_inner(&mut self) {
        match self.random.below(6) {
            0 => {}
            1 => {
                let text = self.random.pick(&[
                    "'a b  c'",
                    "\" x:y::z \"",
                    "'*'",
                    "a:b:c",
                    "'f1 f2'",
                    "~:~/x",
                    "'\\*'",
                    "12",
                    "-3",
                    "'a\\b'",
                    "1,2,,3",
                    "' '",
                    "\":a: :b\"",
                    "'[a'",
                ]);
                self.put(text);
            }
            _ => self.word(),
        }
    }

    fn word(&mut self) {
        let parts = if self.random.one_in(3) { 2 + self.random.below(2) } else { 1 };
        for _ in 0..parts {
            self.part();
        }
    }

    fn part(&mut self) {
        match self.random.below(26) {
            0..=4 => {
                let text = self.random.pick(&[
                    "a", "bc", "f1", "x=y", "-", "2", "a:b", "=", "%", "/", "x/y.z", "{a,b}", "]",
                    "+", ",", "!", "^", "@",
                ]);
                self.put(text);
            }
            5 => {
                let text = self.random.pick(&[
                    "*",
                    "f?",
                    "[a-f]*",
                    "f[!2]",
                    "d/*",
                    "*/f1",
                    "f[12]",
                    "?",
                    "[[:alpha:]]1",
                    "./*1",
                    "no*",
                ]);
                self.put(text);
            }
            6 | 7 => {
                let text = self
                    .random
                    .pick(&["'a b'", "''", "'*'", "'$a'", "'\\'", "'a\"b'", "' '", "'}'", "'x:y'"]);
                self.put(text);
            }
            8 => {
                let text = self
                    .random
                    .pick(&["\\ ", "\\*", "\\$a", "\\'", "\\\"", "\\a", "\\\\", "\\\n", "\\}"]);
                self.put(text);
            }
            9..=12 => self.double_quoted(),
            13..=15 => self.simple_parameter(),
            16..=21 => self.braced(false),
            22 | 23 => self.substitution(false),
            _ => self.arithmetic(),
        }
    }

    fn double_quoted(&mut self) {
        self.put("\"");
        let start = self.text.len();
        for _ in 0..self.random.below(4) {
            // Of several of these POSIX leaves open whether they are a field.
            if self.text[start..].contains('@') {
                break;
            }
            match self.random.below(10) {
                0..=2 => {
                    let text = self.random.pick(&[
                        "a b", " ", "*", "'", "\\\"", "\\$", "\\a", "\\\\", "x", "\\`", "~",
                        "\\\n", ":", "}", "{", "[a", "\\*",
                    ]);
                    self.put(text);
                }
                3..=5 => self.simple_parameter(),
                6 | 7 => self.braced(true),
                8 => self.substitution(true),
                _ => self.arithmetic(),
            }
        }
        self.put("\"");
    }

    fn simple_parameter(&mut self) {
        let text = self.random.pick(&[
            "$a", "$b", "$c", "$d", "$1", "$2", "$#", "$?", "$@", "$*", "${a}", "${10}", "$e",
            "${#a}", "${#}", "${#b}", "$@",
        ]);
        self.put(if self.single && text == "$@" { "$*" } else { text });
    }

    fn braced(&mut self, quoted: bool) {
        if self.depth > 6 {
            return self.put("$a");
        }
        self.depth += 1;
        let which = self.random.pick(&["a", "b", "c", "d", "e", "1", "2", "3", "u", "a", "b"]);
        let tame: &[&str] = &["-", ":-", "+", ":+", "#", "%", "##", "%%"];
        let op = self.random.pick(if self.tame {
            tame
        } else {
            &[
                "-", ":-", "+", ":+", "=", ":=", "#", "##", "%", "%%", "-", ":-", "#", "%", "+",
                "?", ":?", "##", "%%",
            ]
        });
        let which =
            if op.contains('=') && which.chars().all(|c| c.is_ascii_digit()) { "a" } else { which };
        self.put(&format!("${{{which}{op}"));
        let single = self.single || op.contains('=');
        let outer = std::mem::replace(&mut self.single, single);
        if op.contains(['#', '%']) {
            self.pattern(3);
        } else if op.contains('?') && self.random.one_in(2) {
        } else if quoted {
            for _ in 0..self.random.below(3) {
                match self.random.below(8) {
                    0 | 1 => {
                        let text = self
                            .random
                            .pick(&["a b", "x", " ", "\\\"", "\\}", "*", "\\\\", ":", "~"]);
                        self.put(text);
                    }
                    2 => self.put("\"a b\""),
                    3 | 4 => self.simple_parameter(),
                    5 => self.braced(true),
                    _ => self.put("y"),
                }
            }
        } else {
            for _ in 0..self.random.below(3) {
                match self.random.below(7) {
                    0 => self.put(" "),
                    1 => self.put("x y"),
                    2 if !self.single => self.put("\"$@\""),
                    _ => self.part(),
                }
            }
        }
        self.put("}");
        self.single = outer;
        self.depth -= 1;
    }

    fn pattern(&mut self, most: usize) {
        for _ in 0..1 + self.random.below(most) {
            match self.random.below(12) {
                0..=3 => {
                    let text = self.random.pick(&[
                        "*",
                        "?",
                        "[a-c]",
                        "[!a]",
                        "[[:digit:]]",
                        "[]x]",
                        "[a",
                        "*",
                        "*",
                        "[!a-c]",
                    ]);
                    self.put(text);
                }
                4..=7 => {
                    let text = self.random.pick(&["a", "b", ":", "1", "x", "-", "f", "/", " "]);
                    if text == " " {
                        self.put("\\ ");
                    } else {
                        self.put(text);
                    }
                }
                8 => {
                    let text =
                        self.random.pick(&["'*'", "\\*", "\"?\"", "'a'", "\\a", "''", "\"[\""]);
                    self.put(text);
                }
                9 => self.put("\"$a\""),
                10 => self.put("$b"),
                _ => self.put("*"),
            }
        }
    }

    fn substitution(&mut self, quoted: bool) {
        if self.depth > 3 {
            return self.put("$(p x)");
        }
        self.depth += 2;
        let _ = quoted;
        if self.random.one_in(6) {
            let text = self.random.pick(&[
                "`p $a`",
                "`printf 'a b\\n\\n'`",
                "`p \\$a`",
                "`s 3`",
                "`p \"x y\"`",
            ]);
            self.put(text);
        } else {
            let pending = std::mem::take(&mut self.pending);
            self.put("$(");
            match self.random.below(3) {
                0 => {
                    let text = self.random.pick(&[
                        "printf 'a b\\n\\n'",
                        "s 4",
                        "exit 5",
                        "printf '%s\\n' f1 '*'",
                        "p \"$@\"",
                        "printf ' x  y '",
                        ":",
                        "p $#",
                    ]);
                    self.put(text);
                }
                _ => {
                    // `$((` would be arithmetic.
                    self.put(" ");
                    self.statement();
                    if !self.pending.is_empty() {
                        self.newline();
                    }
                }
            }
            self.put(")");
            self.pending = pending;
        }
        self.depth -= 2;
    }

    fn arithmetic(&mut self) {
        if self.tame {
            let text = self.random.pick(&["$((1+2))", "$((n<3))", "$(($#*2))", "$((0x1f&m|4))"]);
            return self.put(text);
        }
        self.put("$((");
        // One assignment at most, as C leaves their order open.
        if self.random.one_in(5) {
            let op = self.random.pick(&["=", "+=", "-=", "*=", "|=", "<<=", "&=", "^="]);
            self.put(&format!("n{op}"));
        }
        self.expression(2);
        self.put("))");
    }

    fn expression(&mut self, depth: u32) {
        if depth == 0 {
            let text = self
                .random
                .pick(&["1", "2", "n", "n", "m", "0x1f", "010", "3", "0", "$#", "${#a}", "7"]);
            return self.put(text);
        }
        match self.random.below(14) {
            0..=7 => {
                self.expression(depth - 1);
                let op = self.random.pick(&[
                    "+", "-", "*", " / ", "%", "<", ">", "<=", ">=", "==", "!=", "&", "|", "^",
                    "&&", "||", "<<", ">>", " + ",
                ]);
                self.put(op);
                self.expression(depth - 1);
            }
            8 => {
                self.put("(");
                self.expression(depth - 1);
                self.put(")");
            }
            9 => {
                let op = self.random.pick(&["!", "~", "- "]);
                self.put(op);
                self.expression(depth - 1);
            }
            10 => {
                self.expression(depth - 1);
                self.put("?");
                self.expression(depth - 1);
                self.put(":");
                self.expression(depth - 1);
            }
            _ => self.expression(0),
        }
    }

    fn condition(&mut self) {
        match self.random.below(5) {
            0 => {
                let text = self.random.pick(&["true", "false", ":", "s 2"]);
                self.put(text);
            }
            1 | 2 => self.test(),
            3 => {
                self.put("case $a in ");
                self.pattern(2);
                self.put(") true;; *) false;; esac");
            }
            _ => {
                self.put("{ ");
                self.statement();
                self.end();
                self.put("}");
            }
        }
    }

    fn test(&mut self) {
        let text = self.random.pick(&[
            "[ \"$a\" = \"$b\" ]",
            "[ -n \"$a\" ]",
            "[ -z \"$b\" ]",
            "[ $# -gt 1 ]",
            "test -f f1",
            "[ -d d ]",
            "[ \"$a\" != x ]",
            "[ ! -e no ]",
            "test \"$a\"",
            "[ \"$#\" -eq 0 ]",
            "[ 1 -lt 2 -a x = x ]",
            "[ -n \"$a\" -o -n \"$b\" ]",
            "[ ! \"$c\" ]",
            "test 3 -ge $#",
            "[ '(' = ')' ]",
            "[ ! = x ]",
            "test -n = -n",
            "[ -n ]",
            "[ '' ]",
            "[ a -eq 1 ]",
            "[ '(' x ')' ]",
        ]);
        self.put(text);
        if self.random.one_in(2) {
            self.put(" && p yes");
        }
    }

    fn if_command(&mut self) {
        self.put("if ");
        self.condition();
        self.end();
        self.put("then ");
        self.list();
        if self.random.one_in(4) {
            self.put("elif ");
            self.condition();
            self.end();
            self.put("then ");
            self.list();
        }
        if self.random.one_in(2) {
            self.put("else ");
            self.list();
        }
        self.put("fi");
        if self.random.one_in(6) {
            self.redirections();
        }
    }

    fn for_command(&mut self) {
        let name = self.name();
        self.put(&format!("for {name}"));
        if !self.pending.is_empty() || !self.random.one_in(5) {
            self.put(" in");
            for _ in 0..self.random.below(4) {
                self.put(" ");
                self.word();
            }
        }
        if self.pending.is_empty() {
            self.end();
        } else {
            self.put("; ");
        }
        self.put("do ");
        self.loops += 1;
        self.list();
        self.loops -= 1;
        self.put("done");
        if self.random.one_in(6) {
            self.redirections();
        }
    }

    fn while_command(&mut self) {
        self.counters += 1;
        let n = self.counters;
        self.put(&format!("{{ k{n}=0; "));
        if self.random.one_in(3) {
            self.put(&format!("until [ $((k{n}+=1)) -gt 3 ]"));
        } else {
            self.put(&format!("while [ $((k{n}+=1)) -le 3 ]"));
            if self.random.one_in(3) {
                self.put(" && ");
                self.condition();
            }
        }
        self.end();
        self.put("do ");
        self.loops += 1;
        self.list();
        self.loops -= 1;
        self.put("done; }");
    }

    fn case_command(&mut self) {
        self.put("case ");
        self.word();
        self.put(" in ");
        for _ in 0..1 + self.random.below(3) {
            if self.random.one_in(3) {
                self.put("(");
            }
            self.pattern(3);
            if self.random.one_in(3) {
                self.put("|");
                self.pattern(2);
            }
            self.put(") ");
            if !self.random.one_in(6) {
                self.statement();
                if self.pending.is_empty() {
                    self.put(" ");
                } else {
                    self.newline();
                }
            }
            self.put(";; ");
        }
        if self.random.one_in(2) {
            self.put("*) p other ;; ");
        }
        self.put("esac");
    }

    fn function(&mut self) {
        let name = self.random.pick(&["f", "g"]);
        self.put(&format!("{{ {name}() "));
        let outer = (self.loops, self.in_function);
        (self.loops, self.in_function) = (0, true);
        if self.random.one_in(5) {
            self.put("( ");
            self.list();
            self.put(")");
        } else {
            self.put("{ ");
            if self.random.one_in(3) {
                let name = self.name();
                self.put(&format!("local {name}; {name}=L; "));
            }
            self.list();
            self.put("}");
        }
        (self.loops, self.in_function) = outer;
        if self.random.one_in(6) {
            self.redirections();
        }
        self.end();
        self.put(name);
        for _ in 0..self.random.below(3) {
            self.put(" ");
            self.word();
        }
        // It may not call itself for ever, by its own name or the other's.
        self.put(&format!("; unset -f {name}; }}"));
    }

    fn builtin(&mut self) {
        match self.random.below(14) {
            0 => {
                let name = self.name();
                self.put(&format!("unset {name}"));
            }
            1 => {
                let name = self.name();
                self.put(&format!("export {name}="));
                self.value();
            }
            // Where there is none to drop, dash ends and others go on.
            2 => self.put("if test $# != 0; then shift; fi"),
            3 => {
                self.put("s ");
                let n = self.random.pick(&["0", "1", "2", "$#", "127"]);
                self.put(n);
            }
            4 => self.put(": "),
            5 => self.put("command p x"),
            6 => {
                self.put(": ");
                self.braced(false);
            }
            7 => {
                self.put("command printf '%s,' ");
                self.word();
            }
            8 => self.put("p \"$?\" \"$#\" \"$*\""),
            9 => {
                let text = self.random.pick(&[
                    "{ cd d && p $PWD_; cd ..; }",
                    "type p >/dev/null",
                    "{ umask 022; umask; }",
                    "pwd >/dev/null",
                    "hash -r",
                ]);
                self.put(text);
            }
            10 => {
                let name = self.name();
                self.put(&format!("readonly {name}="));
                self.value();
            }
            11 => {
                self.put("{ exec 3>f3; p exec >&3; exec 3>&-; p \"$(cat f3)\"; }");
            }
            12 => self.put("f1=1 command eval 'p $f1'"),
            _ => {
                let name = self.name();
                self.put(&format!("{{ {name}=$(p \"$@\"); p \"${name}\"; }}"));
            }
        }
    }

    fn control(&mut self) {
        match self.random.below(6) {
            0 | 1 if self.loops > 0 => {
                let text =
                    self.random.pick(&["break", "continue", "break 2", "continue 2", "break 9"]);
                self.put(text);
            }
            2 | 3 if self.in_function => {
                let text = self.random.pick(&["return", "return 3", "return $?", "s 5; return"]);
                self.put(text);
            }
            4 => {
                let text = self.random.pick(&["exit", "exit 3", "s 2; exit", "false; exit"]);
                self.put(text);
            }
            _ => self.put("p $?"),
        }
    }

    fn set(&mut self) {
        let text = self.random.pick(&[
            "set -e", "set -u", "set -f", "set +f", "set +e", "set +u", "set +C", "set -a",
        ]);
        if self.random.one_in(3) {
            let text = if text == "set -u" && !self.strict { "set -f" } else { text };
            return self.put(text);
        }
        self.put("set --");
        for _ in 0..self.random.below(4) {
            self.put(" ");
            self.word();
        }
    }

    fn read(&mut self) {
        let options = self.random.pick(&["", "-r "]);
        let names = self.random.pick(&["a", "a b", "a b c", "d"]);
        match self.random.below(4) {
            0 => {
                self.put(&format!("read {options}{names} <<E{}", self.counters));
                self.here("E", true);
            }
            1 => {
                self.put("printf '%s\\n' ");
                self.word();
                self.put(&format!(
                    " | {{ read {options}{names}; p $? \"$a\" \"$b\" \"$c\" \"$d\"; }}"
                ));
            }
            2 => {
                self.put(&format!("read {options}{names} <f2; p $? \"$a\" \"$b\" \"$c\""));
            }
            _ => {
                self.put(&format!(
                    "while read {options}{names}; do p \"$a\" \"$b\"; done <<E{}",
                    self.counters
                ));
                self.here("E", true);
            }
        }
    }

    /// The text of a here-document whose operator has just been written.
    fn here(&mut self, delimiter: &str, expands: bool) {
        let delimiter = format!("{delimiter}{}", self.counters);
        self.counters += 1;
        let outer = std::mem::take(&mut self.text);
        let pending = std::mem::take(&mut self.pending);
        let outer_tame = std::mem::replace(&mut self.tame, true);
        let outer_single = std::mem::replace(&mut self.single, true);
        for _ in 0..1 + self.random.below(3) {
            for _ in 0..self.random.below(4) {
                match self.random.below(8) {
                    0 | 1 => {
                        let text = self.random.pick(&[
                            "a b ", "x:y", "'", "\"", " ", "*", "~", "\\\\", "\\$a", "\\x", "a",
                            "\\\n", "\\\"",
                        ]);
                        self.put(text);
                    }
                    // dash and busybox write these in a process of its own,
                    // where `set -u` ends nothing else.
                    _ if self.strict => self.put("s"),
                    2 | 3 => self.simple_parameter(),
                    4 if expands => self.braced(true),
                    5 if expands => self.arithmetic(),
                    6 => self.put("$(p h)"),
                    _ => self.put("w "),
                }
            }
            self.put("\n");
        }
        let body = std::mem::replace(&mut self.text, outer);
        self.pending = pending;
        self.tame = outer_tame;
        self.single = outer_single;
        self.pending.push(format!("{body}{delimiter}\n"));
    }

    fn redirections(&mut self) {
        match self.random.below(8) {
            0 => self.put(" >f3"),
            1 => self.put(" 2>/dev/null"),
            2 => self.put(" </dev/null"),
            3 => self.put(" >&2"),
            4 => self.put(" >>f4"),
            5 => {
                let (open, expands) =
                    if self.random.one_in(3) { ("<<'H", false) } else { ("<<H", true) };
                let close = if expands { "" } else { "'" };
                self.put(&format!(" {open}{}{close}", self.counters));
                self.here("H", expands);
            }
            _ => self.put(" >f3 2>&1"),
        }
    }

    fn eval(&mut self) {
        let text = self.random.pick(&[
            "eval 'p $a'",
            "eval p '\"$@\"'",
            "eval \"p \\$a $b\"",
            "eval 'for i in 1 2; do p $i; done'",
            "eval 'a=\"x y\"'",
            "eval s 6",
            "eval ''",
            "eval 'p `p in`'",
            "eval \"$a\"",
            "eval 'exit 4'",
        ]);
        self.put(text);
    }

    fn getopts(&mut self) {
        let spec = self.random.pick(&["ab:", ":ab:", "a", "ab", ":b:"]);
        let args = self.random.pick(&[
            "-a", "-ab x", "-b", "-ba -a y", "-x", "-a -- -b", "x -a", "-b '' -a", "--", "-",
        ]);
        self.put(&format!("{{ OPTIND=1; while getopts {spec} o {args}; do p $o \"${{OPTARG:-none}}\"; done; p $OPTIND; }}"));
    }
}
