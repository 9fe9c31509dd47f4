//! Scripts of sed: text to commands. POSIX and GNU.

use std::rc::Rc;

use crate::regex::{Flags, Regex};

mod escape;

use escape::{bracket, decode, parts, plain};

/// Which line.
pub enum Address {
    /// A number; 0 is before the first.
    Line(u64),
    /// Every so many lines from one on.
    Step(u64, u64),
    /// `$`
    Last,
    /// Lines that match; `None` is the expression used last.
    Regex(Option<Rc<Regex>>),
    /// So many lines after the first of a range.
    Plus(u64),
    /// The next line whose number is a multiple.
    Multiple(u64),
}

/// What a replacement is made of.
pub enum Part {
    /// Text as it is.
    Text(Vec<u8>),
    /// What a group matched; 0 is all.
    Group(usize),
    /// `\U \L \u \l \E`
    Case(u8),
}

/// `s/regex/parts/flags`
pub struct Substitution {
    /// `None` is the expression used last.
    pub regex: Option<Rc<Regex>>,
    /// The replacement.
    pub parts: Vec<Part>,
    /// All matches from `number` on.
    pub global: bool,
    /// The match to begin with, from 1.
    pub number: u64,
    /// Prints the line so often.
    pub print: u32,
    /// Runs the result as a command.
    pub evaluate: bool,
    /// A file for the line: its place in [`Script::files`].
    pub file: Option<usize>,
}

/// What a command needs besides its letter.
pub enum Argument {
    /// Nothing.
    None,
    /// Text, or the name of a file to read.
    Text(Vec<u8>),
    /// The place of the command to go on with.
    Jump(usize),
    /// A number; without one `None`.
    Number(Option<u64>),
    /// A file that is written: its place in [`Script::files`].
    File(usize),
    /// See there.
    Substitution(Box<Substitution>),
    /// What becomes of each byte.
    Map(Box<[u8; 256]>),
    /// The same for characters of several bytes.
    Characters(Vec<(char, char)>),
}

/// One command.
pub struct Command {
    /// The first or only address.
    pub first: Option<Address>,
    /// The second.
    pub second: Option<Address>,
    /// Lines that are not addressed.
    pub not: bool,
    /// The letter; `{` has the place behind its `}`.
    pub letter: u8,
    /// See there.
    pub argument: Argument,
}

/// A script.
pub struct Script {
    /// The commands in their order.
    pub commands: Vec<Command>,
    /// Names of the files that are written.
    pub files: Vec<Vec<u8>>,
    /// It starts with `#n`.
    pub quiet: bool,
}

/// What is wrong, and where: the number of bytes read.
pub struct Wrong {
    /// In GNU's words.
    pub why: String,
    /// Bytes of the script before it.
    pub at: usize,
}

type Parsed<T> = Result<T, String>;

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    extended: bool,
    script: Script,
    labels: Vec<(Vec<u8>, usize)>,
    /// Jumps to labels: command, label.
    jumps: Vec<(usize, Vec<u8>)>,
    blocks: Vec<usize>,
}

/// Reads a script.
pub fn parse(text: &[u8], extended: bool) -> Result<Script, Wrong> {
    let script = Script { commands: Vec::new(), files: Vec::new(), quiet: false };
    let mut parser = Parser {
        text,
        at: 0,
        extended,
        script,
        labels: Vec::new(),
        jumps: Vec::new(),
        blocks: Vec::new(),
    };
    if text == b"#n" || text.starts_with(b"#n\n") {
        parser.script.quiet = true;
    }
    match parser.all() {
        Ok(()) => Ok(parser.script),
        Err(why) => Err(Wrong { why, at: parser.at }),
    }
}

fn say<T>(why: &str) -> Parsed<T> {
    Err(why.to_string())
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace() && b != b'\n' || b == 11) {
            self.at += 1;
        }
    }

    fn all(&mut self) -> Parsed<()> {
        loop {
            while self.peek().is_some_and(|b| b.is_ascii_whitespace() || b == b';') {
                self.at += 1;
            }
            if self.peek().is_none() {
                break;
            }
            self.command()?;
        }
        if !self.blocks.is_empty() {
            return say("unmatched `{'");
        }
        for (command, label) in std::mem::take(&mut self.jumps) {
            let end = self.script.commands.len();
            let place = if label.is_empty() {
                Some(end)
            } else {
                self.labels.iter().find(|(name, _)| *name == label).map(|(_, place)| *place)
            };
            let Some(place) = place else {
                let label = String::from_utf8_lossy(&label).into_owned();
                return Err(format!("can't find label for jump to `{label}'"));
            };
            if let Some(command) = self.script.commands.get_mut(command) {
                command.argument = Argument::Jump(place);
            }
        }
        Ok(())
    }

    fn command(&mut self) -> Parsed<()> {
        let first = self.address()?;
        let mut second = None;
        if first.is_some() {
            self.blanks();
            if self.peek() == Some(b',') {
                self.at += 1;
                self.blanks();
                second = self.second()?;
                if second.is_none() {
                    return say("unexpected `,'");
                }
            }
        }
        if let Some(Address::Line(0)) = first
            && !matches!(second, Some(Address::Regex(_)))
        {
            return say("invalid usage of line address 0");
        }
        self.blanks();
        let mut not = false;
        while self.peek() == Some(b'!') {
            if std::mem::replace(&mut not, true) {
                return say("multiple `!'s");
            }
            self.at += 1;
            self.blanks();
        }
        let Some(letter) = self.next() else { return say("missing command") };
        let addresses = usize::from(first.is_some()) + usize::from(second.is_some());
        match letter {
            b'#' if addresses > 0 => return say("comments don't accept any addresses"),
            b':' if addresses > 0 => return say(": doesn't want any addresses"),
            b'}' if addresses > 0 => return say("} doesn't want any addresses"),
            b'q' | b'Q' if addresses > 1 => return say("command only uses one address"),
            b'\n' | b';' => return say("missing command"),
            _ => {}
        }
        let number = self.script.commands.len();
        let argument = match letter {
            b'#' => {
                while self.next().is_some_and(|b| b != b'\n') {}
                return Ok(());
            }
            b':' => {
                self.blanks();
                let label = self.word(b";");
                if label.is_empty() {
                    return say("\":\" lacks a label");
                }
                self.labels.push((label, number));
                return Ok(());
            }
            b'{' => {
                self.blocks.push(number);
                Argument::None
            }
            b'}' => {
                let Some(block) = self.blocks.pop() else { return say("unexpected `}'") };
                if let Some(command) = self.script.commands.get_mut(block) {
                    command.argument = Argument::Jump(number);
                }
                return self.end();
            }
            b'b' | b't' | b'T' => {
                self.blanks();
                let label = self.word(b";}");
                self.jumps.push((number, label));
                self.end()?;
                Argument::None
            }
            b'a' | b'i' | b'c' => Argument::Text(self.lines()?),
            b'r' | b'R' => Argument::Text(self.name()?),
            b'w' | b'W' => {
                let name = self.name()?;
                Argument::File(self.file(name))
            }
            b'e' => {
                self.blanks();
                Argument::Text(self.line())
            }
            b's' => self.substitution()?,
            b'y' => self.map()?,
            b'q' | b'Q' | b'l' | b'L' => {
                self.blanks();
                let number = self.number();
                self.end()?;
                Argument::Number(number)
            }
            b'=' | b'd' | b'D' | b'g' | b'G' | b'h' | b'H' | b'n' | b'N' | b'p' | b'P' | b'x'
            | b'z' | b'F' => {
                self.end()?;
                Argument::None
            }
            b'v' => {
                self.line();
                return Ok(());
            }
            letter => {
                let letter = char::from(letter);
                return Err(format!("unknown command: `{letter}'"));
            }
        };
        self.script.commands.push(Command { first, second, not, letter, argument });
        Ok(())
    }

    /// What may be behind a command.
    fn end(&mut self) -> Parsed<()> {
        self.blanks();
        match self.peek() {
            None | Some(b'}' | b'#') => Ok(()),
            Some(b'\n' | b';') => {
                self.at += 1;
                Ok(())
            }
            Some(_) => say("extra characters after command"),
        }
    }

    /// A label, up to blanks or one of `ends`.
    fn word(&mut self, ends: &[u8]) -> Vec<u8> {
        let mut word = Vec::new();
        while let Some(byte) = self.peek() {
            if byte.is_ascii_whitespace() || ends.contains(&byte) {
                break;
            }
            word.push(byte);
            self.at += 1;
        }
        word
    }

    /// The rest of the line.
    fn line(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        while let Some(byte) = self.next() {
            if byte == b'\n' {
                break;
            }
            line.push(byte);
        }
        line
    }

    fn name(&mut self) -> Parsed<Vec<u8>> {
        self.blanks();
        let name = self.line();
        if name.is_empty() { say("missing filename in r/R/w/W commands") } else { Ok(name) }
    }

    fn file(&mut self, name: Vec<u8>) -> usize {
        let files = &mut self.script.files;
        files.iter().position(|f| *f == name).unwrap_or_else(|| {
            files.push(name);
            files.len() - 1
        })
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = None;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            let value: u64 = number.unwrap_or(0);
            number = Some(value.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
            self.at += 1;
        }
        number
    }

    fn address(&mut self) -> Parsed<Option<Address>> {
        Ok(Some(match self.peek() {
            Some(b'0'..=b'9') => {
                let line = self.number().unwrap_or(0);
                self.blanks();
                if self.peek() == Some(b'~') {
                    self.at += 1;
                    self.blanks();
                    // no step: the line alone (GNU)
                    match self.number() {
                        Some(step @ 1..) => Address::Step(line, step),
                        _ => Address::Line(line),
                    }
                } else {
                    Address::Line(line)
                }
            }
            Some(b'$') => {
                self.at += 1;
                Address::Last
            }
            Some(b'/' | b'\\') => {
                if self.next() == Some(b'\\') && self.next().is_none() {
                    return say("unexpected `,'");
                }
                let end = self.text.get(self.at - 1).copied().unwrap_or(b'/');
                let Some(text) = self.delimited(end, true) else {
                    return say("unterminated address regex");
                };
                let mut flags = Flags { extended: self.extended, ..Flags::BASIC };
                loop {
                    match self.peek() {
                        Some(b'I') => flags.icase = true,
                        Some(b'M') => flags.newline = true,
                        _ => break,
                    }
                    self.at += 1;
                }
                Address::Regex(self.regex(&text, flags)?)
            }
            _ => return Ok(None),
        }))
    }

    fn second(&mut self) -> Parsed<Option<Address>> {
        let plus = self.peek();
        if let Some(b'+' | b'~') = plus {
            self.at += 1;
            let Some(number) = self.number() else { return say("expected number") };
            let address = if plus == Some(b'+') { Address::Plus } else { Address::Multiple };
            return Ok(Some(address(number)));
        }
        self.address()
    }

    fn regex(&self, text: &[u8], flags: Flags) -> Parsed<Option<Rc<Regex>>> {
        if text.is_empty() {
            return Ok(None);
        }
        let text = decode(text, true);
        if flags.extended && matches!(text.first(), Some(b'*' | b'+' | b'?')) {
            return say("Invalid preceding regular expression");
        }
        match Regex::new(&text, flags) {
            Ok(regex) => Ok(Some(Rc::new(regex))),
            Err(why) => say(why),
        }
    }

    /// Text up to `end`, which is no part of it; `\` before `end` goes away.
    /// In an expression `end` in brackets is as it is. Nothing when there is
    /// no end.
    fn delimited(&mut self, end: u8, regex: bool) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        loop {
            let byte = self.next()?;
            if byte == end {
                return Some(text);
            }
            match byte {
                b'\\' => {
                    let next = self.next()?;
                    if next == b'n' && regex && end != b'n' {
                        text.extend_from_slice(b"\\n");
                    } else if next != end {
                        text.extend_from_slice(&[b'\\', next]);
                    } else {
                        // of `s,x\,y,` the backslash only hides the comma
                        if !regex && next == b'&' {
                            text.push(b'\\');
                        }
                        text.push(next);
                    }
                }
                b'\n' if regex => return None,
                b'[' if regex => {
                    text.push(byte);
                    let length = bracket(self.text.get(self.at..).unwrap_or_default());
                    text.extend_from_slice(self.text.get(self.at..self.at + length)?);
                    self.at += length;
                }
                byte => text.push(byte),
            }
        }
    }

    /// The text of `a`, `i` and `c`.
    fn lines(&mut self) -> Parsed<Vec<u8>> {
        self.blanks();
        if self.peek() == Some(b'\\') {
            let mut ahead = self.at + 1;
            while self.text.get(ahead).is_some_and(|b| *b == b' ' || *b == b'\t') {
                ahead += 1;
            }
            if self.text.get(ahead) == Some(&b'\n') {
                self.at = ahead + 1;
            } else {
                // `a\  text`: the blanks belong to it
                self.at += 1;
            }
            if self.peek().is_none() && ahead >= self.text.len() {
                // No text at all, as GNU and toybox have it.
                return Ok(Vec::new());
            }
        }
        if self.peek().is_none_or(|b| b == b'\n') && self.text.get(self.at - 1) != Some(&b'\n') {
            return say("expected \\ after `a', `c' or `i'");
        }
        let mut raw = Vec::new();
        while let Some(byte) = self.next() {
            match byte {
                b'\n' => break,
                b'\\' => {
                    let Some(next) = self.next() else { break };
                    raw.extend_from_slice(&[byte, next]);
                }
                byte => raw.push(byte),
            }
        }
        let mut text = Vec::new();
        let decoded = decode(&raw, false);
        let mut bytes = decoded.iter().copied();
        while let Some(byte) = bytes.next() {
            match byte {
                b'\\' => text.extend(bytes.next()),
                byte => text.push(byte),
            }
        }
        text.push(b'\n');
        Ok(text)
    }

    fn substitution(&mut self) -> Parsed<Argument> {
        const OPEN: &str = "unterminated `s' command";
        let end = self.next().filter(|b| *b != b'\n' && *b != b'\\');
        let Some(end) = end else { return say(OPEN) };
        let Some(pattern) = self.delimited(end, true) else { return say(OPEN) };
        let Some(replacement) = self.delimited(end, false) else { return say(OPEN) };
        let mut s = Substitution {
            regex: None,
            parts: parts(&replacement),
            global: false,
            number: 0,
            print: 0,
            evaluate: false,
            file: None,
        };
        let mut flags = Flags { extended: self.extended, ..Flags::BASIC };
        loop {
            match self.peek() {
                Some(b'g') if s.global => return say("multiple `g' options to `s' command"),
                Some(b'g') => s.global = true,
                Some(b'p') => s.print += 1,
                Some(b'i' | b'I') => flags.icase = true,
                Some(b'm' | b'M') => flags.newline = true,
                Some(b'e') => s.evaluate = true,
                Some(b'0'..=b'9') => {
                    if s.number > 0 {
                        return say("multiple number options to `s' command");
                    }
                    s.number = self.number().unwrap_or(0);
                    if s.number == 0 {
                        return say("number option to `s' command may not be zero");
                    }
                    continue;
                }
                Some(b'w') => {
                    self.at += 1;
                    let name = self.name()?;
                    s.file = Some(self.file(name));
                    break;
                }
                _ => {
                    if self.end().is_err() {
                        return say("unknown option to `s'");
                    }
                    break;
                }
            }
            self.at += 1;
        }
        s.regex = self.regex(&pattern, flags)?;
        for part in &s.parts {
            if let (Part::Group(group), Some(regex)) = (part, &s.regex)
                && *group > regex.groups()
            {
                return Err(format!("invalid reference \\{group} on `s' command's RHS"));
            }
        }
        Ok(Argument::Substitution(Box::new(s)))
    }

    fn map(&mut self) -> Parsed<Argument> {
        const OPEN: &str = "unterminated `y' command";
        let end = self.next().filter(|b| *b != b'\n' && *b != b'\\');
        let Some(end) = end else { return say(OPEN) };
        let Some(from) = self.delimited(end, false) else { return say(OPEN) };
        let Some(to) = self.delimited(end, false) else { return say(OPEN) };
        self.end()?;
        let mut map = [0; 256];
        for (byte, place) in (0..=255).zip(map.iter_mut()) {
            *place = byte;
        }
        let (from, to) = (plain(&from), plain(&to));
        if let (Ok(from), Ok(to)) = (std::str::from_utf8(&from), std::str::from_utf8(&to))
            && !(from.is_ascii() && to.is_ascii())
        {
            if from.chars().count() != to.chars().count() {
                return say("strings for `y' command are different lengths");
            }
            return Ok(Argument::Characters(from.chars().zip(to.chars()).collect()));
        }
        if from.len() != to.len() {
            return say("strings for `y' command are different lengths");
        }
        // Of a byte that is there twice the first counts.
        for (from, to) in from.iter().zip(&to).rev() {
            if let Some(place) = map.get_mut(usize::from(*from)) {
                *place = *to;
            }
        }
        Ok(Argument::Map(Box::new(map)))
    }
}

/// What a fuzzer does with bytes.
pub fn exercise(data: &[u8]) {
    for extended in [false, true] {
        let _ = parse(data, extended);
    }
}
