//! Numbers that look random, and what is made of them for more than one applet.

/// Numbers that look random, from a seed.
pub struct Random(pub u64);

/// Whose regular expressions.
#[derive(Clone, Copy, PartialEq)]
pub enum Dialect {
    Basic,
    Extended,
    /// Extended without what POSIX's awk does not know.
    Awk,
}

impl Random {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    pub fn one_of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }

    /// One of the words between blanks.
    pub fn word<'a>(&mut self, list: &'a str) -> &'a str {
        let words: Vec<&str> = list.split(' ').collect();
        self.one_of(&words)
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// This, with that chance, otherwise nothing.
    pub fn maybe<'a>(&mut self, percent: usize, text: &'a str) -> &'a str {
        if self.chance(percent) { text } else { "" }
    }

    /// Each of the words with this chance.
    pub fn some(&mut self, list: &[&str], percent: usize) -> Vec<String> {
        let mut words = Vec::new();
        for word in list {
            if self.chance(percent) {
                words.push((*word).to_string());
            }
        }
        words
    }

    pub fn text(&mut self) -> String {
        let letters = self.one_of(&[
            "ab \n",
            "abc123 :,\t\n",
            "aA bB\n0129.-",
            "\n\n a",
            "xyz\n:;",
            "aabx1 \n",
            "0123456789 \n.-+e",
            "ab\\/&\n*[]",
        ]);
        let length = self.below(40);
        let mut text: String = (0..length)
            .map(|_| char::from(letters.as_bytes()[self.below(letters.len())]))
            .collect();
        if self.chance(70) {
            text.push('\n');
        }
        text
    }

    /// Parts put together.
    pub fn parts(&mut self, list: &[&str], most: usize) -> String {
        (0..self.below(most + 1)).map(|_| self.one_of(list)).collect()
    }

    /// A list of cut.
    pub fn list(&mut self) -> String {
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

    /// A regular expression.
    pub fn regex(&mut self, dialect: Dialect) -> String {
        let mut groups = 0;
        self.alternatives(dialect, 2, &mut groups)
    }

    fn alternatives(&mut self, dialect: Dialect, depth: usize, groups: &mut usize) -> String {
        let basic = dialect == Dialect::Basic;
        let mut text = String::new();
        let branches = if self.chance(18) { 2 } else { 1 };
        for at in 0..branches {
            if at > 0 {
                text.push_str(if basic { r"\|" } else { "|" });
            }
            text.push_str(self.maybe(10, "^"));
            for _ in 0..1 + self.below(3) {
                self.piece(dialect, depth, groups, &mut text);
            }
            text.push_str(self.maybe(10, "$"));
        }
        text
    }

    fn piece(&mut self, dialect: Dialect, depth: usize, groups: &mut usize, text: &mut String) {
        let basic = dialect == Dialect::Basic;
        match self.below(20) {
            0..=2 if depth > 0 => {
                let inner = self.alternatives(dialect, depth - 1, groups);
                *groups += 1;
                text.push_str(&if basic { format!(r"\({inner}\)") } else { format!("({inner})") });
            }
            3 if *groups > 0 && dialect != Dialect::Awk => {
                let which = 1 + self.below((*groups).min(9));
                text.push_str(&format!(r"\{which}"));
            }
            // what repeats these is as it comes
            4 if dialect != Dialect::Awk => {
                return text.push_str(self.word(r"\< \> \b \B \w \W"));
            }
            5..=8 => text.push_str(self.one_of(&[
                ".",
                "[ab]",
                "[^a]",
                "[a-c]",
                "[[:digit:]]",
                "[[:upper:]b]",
                "[]a]",
                "[^]a]",
                "[a-]",
                "[[:space:]]",
                "[[:alnum:]_]",
                "[^[:alpha:]]",
                "[.*]",
            ])),
            9 => text.push_str(self.word(r"\. \* \[ \] \\ \$ \^")),
            _ => text.push_str(self.one_of(&["a", "a", "b", "b", "x", "1", " ", ":", "A", "c"])),
        }
        if self.chance(32) {
            let counts = if basic {
                r"* * * \+ \? \{2\} \{1,2\} \{0,1\} \{2,\} \{0\}"
            } else {
                "* * * + ? {2} {1,2} {0,1} {2,} {0}"
            };
            text.push_str(self.word(counts));
        }
    }
}

/// A word for the shell.
pub fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
