//! The syntax of expressions: text to tree.

use super::Flags;

/// 256 bits, one a byte.
pub(super) type Set = [u64; 4];

/// Whether `set` holds `byte`.
pub(super) fn holds(set: &Set, byte: u8) -> bool {
    set.get(usize::from(byte >> 6)).is_some_and(|word| word >> (byte & 63) & 1 != 0)
}

/// Puts `byte` into `set`.
pub(super) fn insert(set: &mut Set, byte: u8) {
    if let Some(word) = set.get_mut(usize::from(byte >> 6)) {
        *word |= 1 << (byte & 63);
    }
}

/// What a place in the text may be asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Assert {
    /// `^`
    LineStart,
    /// `$`
    LineEnd,
    /// `` \` ``
    TextStart,
    /// `\'`
    TextEnd,
    /// `\<`
    WordStart,
    /// `\>`
    WordEnd,
    /// `\b`
    Boundary,
    /// `\B`
    Inside,
    /// No word character before: where `grep -w` may start.
    NoWordBefore,
    /// No word character behind: where `grep -w` may end.
    NoWordBehind,
}

/// An expression.
pub(super) enum Node {
    Empty,
    Byte(u8),
    /// The number of a set in [`Tree::sets`].
    Set(usize),
    Assert(Assert),
    Group(usize, Box<Node>),
    Cat(Vec<Node>),
    Alt(Vec<Node>),
    /// At least and at most so often.
    Repeat(Box<Node>, u32, Option<u32>),
    Back(usize),
}

/// What the texts say.
pub(super) struct Tree {
    pub root: Node,
    pub sets: Vec<Set>,
    /// How many groups there are.
    pub groups: usize,
    /// Whether a group is referred to.
    pub refers: bool,
}

/// How deep groups may be nested.
const DEEPEST: usize = 250;
/// RE_DUP_MAX of glibc.
const MOST: u32 = 0x7fff;

const BIG: &str = "Regular expression too big";
const BACKWARDS: &str = "Invalid range in \\{\\}";
const PAREN: &str = "Unmatched ( or \\(";
const BRACKET: &str = "Unmatched [, [^, [:, [., or [=";

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    flags: Flags,
    sets: Vec<Set>,
    groups: usize,
    /// Groups before this pattern, in a list of patterns.
    base: usize,
    closed: Vec<bool>,
    depth: usize,
    refers: bool,
}

/// Reads patterns of which any is to match.
pub(super) fn parse(patterns: &[&[u8]], flags: Flags) -> Result<Tree, &'static str> {
    let mut parser = Parser {
        text: b"",
        at: 0,
        flags,
        sets: Vec::new(),
        groups: 0,
        base: 0,
        closed: vec![true],
        depth: 0,
        refers: false,
    };
    let mut list = Vec::new();
    for text in patterns {
        parser.text = text;
        parser.at = 0;
        parser.base = parser.groups;
        list.push(if flags.literal {
            let bytes = text.iter().map(|&b| parser.byte(b)).collect();
            Node::Cat(bytes)
        } else {
            let node = parser.alternatives()?;
            if parser.at < text.len() {
                return Err("Unmatched ) or \\)");
            }
            node
        });
    }
    if list.is_empty() {
        // no pattern: what nothing matches
        let nothing = parser.set([0; 4]);
        list.push(nothing);
    }
    let mut root =
        if list.len() == 1 { list.pop().unwrap_or(Node::Empty) } else { Node::Alt(list) };
    let around = if flags.line {
        Some((Assert::LineStart, Assert::LineEnd))
    } else if flags.word {
        Some((Assert::NoWordBefore, Assert::NoWordBehind))
    } else {
        None
    };
    if let Some((before, behind)) = around {
        root = Node::Cat(vec![Node::Assert(before), root, Node::Assert(behind)]);
    }
    Ok(Tree { root, sets: parser.sets, groups: parser.groups, refers: parser.refers })
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Whether the text goes on with `word`, which is then behind us.
    fn eat(&mut self, word: &[u8]) -> bool {
        let there = self.sees(word);
        if there {
            self.at += word.len();
        }
        there
    }

    fn sees(&self, word: &[u8]) -> bool {
        self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word))
    }

    fn bar(&self) -> &'static [u8] {
        if self.flags.extended { b"|" } else { b"\\|" }
    }

    fn close(&self) -> &'static [u8] {
        if self.flags.extended { b")" } else { b"\\)" }
    }

    fn alternatives(&mut self) -> Result<Node, &'static str> {
        let mut list = vec![self.sequence()?];
        while self.eat(self.bar()) {
            list.push(self.sequence()?);
        }
        Ok(if list.len() == 1 { list.pop().unwrap_or(Node::Empty) } else { Node::Alt(list) })
    }

    fn sequence(&mut self) -> Result<Node, &'static str> {
        let mut list: Vec<Node> = Vec::new();
        // In basic syntax a star is itself where there is nothing to repeat.
        let mut at_start = true;
        let mut stacked = 0;
        loop {
            // In extended syntax what closes nothing is what it looks like.
            let closes = (self.depth > 0 || !self.flags.extended) && self.sees(self.close());
            if self.at >= self.text.len() || self.sees(self.bar()) || closes {
                break;
            }
            if (!at_start || self.flags.extended)
                && let Some((least, most)) = self.repetition()?
            {
                stacked += 1;
                if stacked > DEEPEST {
                    return Err(BIG);
                }
                // Nothing before it: nothing is repeated.
                let node = list.pop().unwrap_or(Node::Empty);
                list.push(Node::Repeat(Box::new(node), least, most));
                continue;
            }
            stacked = 0;
            let node = self.atom(list.is_empty())?;
            at_start = at_start && matches!(node, Node::Assert(Assert::LineStart));
            list.push(node);
        }
        Ok(match list.len() {
            0 => Node::Empty,
            1 => list.pop().unwrap_or(Node::Empty),
            _ => Node::Cat(list),
        })
    }

    /// `*` and the like: how often.
    fn repetition(&mut self) -> Result<Option<(u32, Option<u32>)>, &'static str> {
        let extended = self.flags.extended;
        let (plus, question, brace): (&[u8], &[u8], &[u8]) =
            if extended { (b"+", b"?", b"{") } else { (b"\\+", b"\\?", b"\\{") };
        Ok(if self.eat(b"*") {
            Some((0, None))
        } else if self.eat(plus) {
            Some((1, None))
        } else if self.eat(question) {
            Some((0, Some(1)))
        } else if self.sees(brace) {
            let start = self.at;
            self.at += brace.len();
            match self.interval() {
                Ok(counts) => Some(counts),
                // `a{x` of an extended expression is what it looks like.
                Err(why) if extended && why != BIG && why != BACKWARDS => {
                    self.at = start;
                    None
                }
                Err(why) => return Err(why),
            }
        } else {
            None
        })
    }

    fn interval(&mut self) -> Result<(u32, Option<u32>), &'static str> {
        const CONTENT: &str = "Invalid content of \\{\\}";
        let least = self.number()?;
        let most = if self.eat(b",") { self.number()? } else { least };
        if least.is_none() && most.is_none() && self.text.get(self.at - 1) != Some(&b',') {
            return Err(CONTENT);
        }
        let end: &[u8] = if self.flags.extended { b"}" } else { b"\\}" };
        if !self.eat(end) {
            let rest = self.at >= self.text.len();
            return Err(if rest { "Unmatched { or \\{" } else { CONTENT });
        }
        let least = least.unwrap_or(0);
        if most.is_some_and(|most| most < least) {
            return Err(BACKWARDS);
        }
        Ok((least, most))
    }

    fn number(&mut self) -> Result<Option<u32>, &'static str> {
        let mut number = None;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            let value = number.unwrap_or(0) * 10 + u32::from(digit - b'0');
            if value > MOST {
                return Err(BIG);
            }
            number = Some(value);
            self.at += 1;
        }
        Ok(number)
    }

    fn atom(&mut self, at_start: bool) -> Result<Node, &'static str> {
        let extended = self.flags.extended;
        let Some(byte) = self.peek() else { return Ok(Node::Empty) };
        self.at += 1;
        Ok(match byte {
            b'.' => {
                let mut set = [u64::MAX; 4];
                if self.flags.newline {
                    set[0] &= !(1 << b'\n');
                }
                self.set(set)
            }
            b'[' => self.bracket()?,
            b'^' if extended || at_start => Node::Assert(Assert::LineStart),
            b'$' if extended || self.at_end() => Node::Assert(Assert::LineEnd),
            b'(' if extended => self.group()?,
            b'\\' => return self.escape(),
            byte => self.byte(byte),
        })
    }

    /// Whether a `$` of basic syntax is at the end of its part.
    fn at_end(&self) -> bool {
        self.at >= self.text.len() || self.sees(b"\\)") || self.sees(b"\\|")
    }

    fn group(&mut self) -> Result<Node, &'static str> {
        if self.depth >= DEEPEST {
            return Err(BIG);
        }
        self.groups += 1;
        let number = self.groups;
        self.closed.push(false);
        self.depth += 1;
        let node = self.alternatives()?;
        self.depth -= 1;
        if !self.eat(self.close()) {
            return Err(PAREN);
        }
        if let Some(closed) = self.closed.get_mut(number) {
            *closed = true;
        }
        Ok(Node::Group(number, Box::new(node)))
    }

    fn escape(&mut self) -> Result<Node, &'static str> {
        let Some(byte) = self.peek() else { return Err("Trailing backslash") };
        self.at += 1;
        if self.flags.awk && !b"<>bBwWsS".contains(&byte) {
            self.at -= 1;
            if byte == b'y' {
                self.at += 1;
                return Ok(Node::Assert(Assert::Boundary));
            }
            let byte = self.awk_escape();
            return Ok(self.byte(byte));
        }
        let assert = match byte {
            b'`' => Assert::TextStart,
            b'\'' => Assert::TextEnd,
            b'<' => Assert::WordStart,
            b'>' => Assert::WordEnd,
            b'b' => Assert::Boundary,
            b'B' => Assert::Inside,
            b'(' if !self.flags.extended => return self.group(),
            // Behind nothing to repeat: in basic syntax it is what it says.
            b'{' if !self.flags.extended => return Err("Invalid preceding regular expression"),
            b'w' | b'W' | b's' | b'S' => {
                let mut set = [0; 4];
                let is = if byte.eq_ignore_ascii_case(&b'w') { is_word } else { is_space };
                for b in 0..=255 {
                    if is(b) != byte.is_ascii_uppercase() {
                        insert(&mut set, b);
                    }
                }
                return Ok(self.set(set));
            }
            b'1'..=b'9' => {
                let number = usize::from(byte - b'0') + self.base;
                if !self.closed.get(number).is_some_and(|closed| *closed) {
                    return Err("Invalid back reference");
                }
                self.refers = true;
                return Ok(Node::Back(number));
            }
            b'n' => return Ok(Node::Byte(b'\n')),
            b't' => return Ok(Node::Byte(b'\t')),
            byte => return Ok(self.byte(byte)),
        };
        Ok(Node::Assert(assert))
    }

    /// awk's escapes: `\n`, `\/`, `\"`, `\123`; the backslash is behind us.
    fn awk_escape(&mut self) -> u8 {
        let Some(byte) = self.peek() else { return b'\\' };
        self.at += 1;
        match byte {
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'0'..=b'7' => {
                let mut value = byte - b'0';
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.peek() else { break };
                    value = value.wrapping_mul(8).wrapping_add(digit - b'0');
                    self.at += 1;
                }
                value
            }
            byte => byte,
        }
    }

    fn byte(&mut self, byte: u8) -> Node {
        if self.flags.icase && byte.is_ascii_alphabetic() {
            let mut set = [0; 4];
            insert(&mut set, byte.to_ascii_lowercase());
            insert(&mut set, byte.to_ascii_uppercase());
            return self.set(set);
        }
        Node::Byte(byte)
    }

    fn set(&mut self, set: Set) -> Node {
        let number = self.sets.iter().position(|s| *s == set).unwrap_or_else(|| {
            self.sets.push(set);
            self.sets.len() - 1
        });
        Node::Set(number)
    }

    fn bracket(&mut self) -> Result<Node, &'static str> {
        let mut set: Set = [0; 4];
        let negated = self.eat(b"^");
        let mut first = true;
        loop {
            if !first && self.eat(b"]") {
                break;
            }
            first = false;
            if self.eat(b"[:") {
                let name = self.named(b":]")?;
                let is = class(name).ok_or("Invalid character class name")?;
                for byte in 0..=255 {
                    if is(byte) {
                        insert(&mut set, byte);
                    }
                }
                continue;
            }
            let low = self.member()?;
            let mut high = low;
            if self.sees(b"-") && !self.sees(b"-]") {
                self.at += 1;
                high = self.member()?;
            }
            if high < low {
                return Err("Invalid range end");
            }
            for byte in low..=high {
                insert(&mut set, byte);
            }
        }
        if self.flags.icase {
            for byte in b'a'..=b'z' {
                let upper = byte.to_ascii_uppercase();
                if holds(&set, byte) || holds(&set, upper) {
                    insert(&mut set, byte);
                    insert(&mut set, upper);
                }
            }
        }
        if negated {
            if self.flags.newline {
                insert(&mut set, b'\n');
            }
            set = set.map(|word| !word);
        }
        Ok(self.set(set))
    }

    /// One end of a range.
    fn member(&mut self) -> Result<u8, &'static str> {
        for (open, close) in [(b"[.", b".]"), (b"[=", b"=]")] {
            if self.eat(open) {
                return match self.named(close)? {
                    &[byte] => Ok(byte),
                    _ => Err("Invalid collation character"),
                };
            }
        }
        let byte = self.peek().ok_or(BRACKET)?;
        self.at += 1;
        if byte == b'\\' && self.flags.awk { Ok(self.awk_escape()) } else { Ok(byte) }
    }

    /// What is before `close`.
    fn named(&mut self, close: &[u8]) -> Result<&[u8], &'static str> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.windows(2).position(|w| w == close).ok_or(BRACKET)?;
        self.at += length + 2;
        rest.get(..length).ok_or(BRACKET)
    }
}

/// Whether `byte` is a letter, a digit or `_`.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_space(byte: u8) -> bool {
    byte == b' ' || matches!(byte, 9..=13)
}

fn class(name: &[u8]) -> Option<fn(u8) -> bool> {
    Some(match name {
        b"alpha" => |b| b.is_ascii_alphabetic(),
        b"digit" => |b| b.is_ascii_digit(),
        b"alnum" => |b| b.is_ascii_alphanumeric(),
        b"upper" => |b| b.is_ascii_uppercase(),
        b"lower" => |b| b.is_ascii_lowercase(),
        b"space" => is_space,
        b"blank" => |b| b == b' ' || b == b'\t',
        b"punct" => |b| b.is_ascii_punctuation(),
        b"print" => |b| matches!(b, 32..=126),
        b"graph" => |b| matches!(b, 33..=126),
        b"cntrl" => |b| b.is_ascii_control(),
        b"xdigit" => |b| b.is_ascii_hexdigit(),
        _ => return None,
    })
}
