//! Words: quoting (POSIX.1-2024 XCU 2.2) and the recognition of expansions
//! (2.6) while a word is read, so that it never has to be scanned again.

use std::rc::Rc;

use super::arith;
use super::ast::{Arith, Name, Op, Param, Part, Replace, Which, Word, is_name};
use super::lexer::{Nothing, Parsed, Parser, Source, is_operator};

/// What a run of parts ends at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// A blank or an operator: a word of a command.
    Word,
    /// `"`
    Double,
    /// `}`, in `${x#...}`
    Brace,
    /// `}`, in `"${x-...}"`: as between double quotes, which may open again
    QuotedBrace,
    /// `/` or `}`
    Slash,
    /// `:` or `}`, an arithmetic expression
    Colon,
    /// `))`
    Arith,
    /// A blank outside parentheses: the right side of `=~`
    Regex,
    /// The end of the input: a here-document
    Input,
}

impl End {
    /// Whether text up to here is quoted as between double quotes.
    fn quotes(self) -> bool {
        matches!(self, End::Double | End::QuotedBrace | End::Arith | End::Colon | End::Input)
    }
}

/// Parts, with the run of plain text that has not become one yet.
#[derive(Default)]
struct Parts {
    list: Vec<Part>,
    run: Vec<u8>,
    quoted: bool,
}

impl Parts {
    fn text(&mut self, byte: u8, quoted: bool) {
        if self.quoted != quoted {
            self.flush();
            self.quoted = quoted;
        }
        self.run.push(byte);
    }

    fn flush(&mut self) {
        if self.run.is_empty() {
            return;
        }
        let text: Box<[u8]> = self.run.as_slice().into();
        self.run.clear();
        self.list.push(if self.quoted {
            Part::Quoted(text)
        } else if text.iter().any(|b| matches!(b, b'*' | b'?' | b'[')) {
            Part::Glob(text)
        } else {
            Part::Literal(text)
        });
    }

    fn push(&mut self, part: Part) {
        self.flush();
        self.list.push(part);
    }
}

impl Parser<'_> {
    /// A word of a command.
    pub(super) fn word(&mut self) -> Parsed<Word> {
        let parts = self.deeper(|p| p.parts(End::Word))?;
        Ok(finish(parts))
    }

    /// The right side of `=~`, where parentheses and bars need no quotes.
    pub(super) fn regex_word(&mut self) -> Parsed<Word> {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.advance();
        }
        let parts = self.deeper(|p| p.parts(End::Regex))?;
        Ok(Word { parts })
    }

    /// The text of a here-document.
    pub(super) fn here_body(&mut self) -> Parsed<Word> {
        let parts = self.deeper(|p| p.parts(End::Input))?;
        Ok(Word { parts })
    }

    /// Reads up to `end` and past it, unless it is [`End::Word`].
    fn parts(&mut self, end: End) -> Parsed<Vec<Part>> {
        let mut parts = Parts::default();
        let quoted = end.quotes();
        let mut parens = 0u32;
        loop {
            let Some(byte) = self.peek() else {
                return match end {
                    End::Word | End::Input | End::Regex => {
                        parts.flush();
                        Ok(parts.list)
                    }
                    End::Double => self.unfinished("unterminated quoted string"),
                    End::Arith => self.unfinished("missing '))'"),
                    _ => self.unfinished("missing '}'"),
                };
            };
            match (end, byte) {
                (End::Word, b' ' | b'\t' | b'\n') => break,
                (End::Regex, b' ' | b'\t' | b'\n') if parens == 0 || byte == b'\n' => break,
                (End::Regex, b'(') => parens += 1,
                (End::Regex, b')') if parens > 0 => parens -= 1,
                (End::Regex, b';' | b'&') => break,
                (End::Word, b) if is_operator(b) => break,
                (End::Double, b'"') => break,
                (End::Brace | End::QuotedBrace | End::Slash | End::Colon, b'}') => break,
                (End::Slash, b'/') => break,
                (End::Colon, b':') if parens == 0 => break,
                (End::Arith | End::Colon, b'(') => parens += 1,
                (End::Colon, b')') => parens = parens.saturating_sub(1),
                (End::Arith, b')') if parens == 0 => {
                    if self.peek_second() != Some(b')') {
                        return self.error("missing ')'");
                    }
                    break;
                }
                (End::Arith, b')') => parens -= 1,
                _ => {}
            }
            match byte {
                b'\\' => self.backslash(end, &mut parts),
                b'\'' if !quoted => {
                    self.advance();
                    parts.push(Part::Quoted(self.single_quoted()?.into()));
                }
                b'"' if matches!(end, End::Arith | End::Colon) => self.advance(),
                b'"' if end != End::Input => {
                    self.advance();
                    let inner = self.deeper(|p| p.parts(End::Double))?;
                    self.advance();
                    parts.push(double(inner));
                }
                b'$' => match self.dollar(end)? {
                    Some(part) => parts.push(part),
                    None => {
                        self.advance();
                        parts.text(b'$', quoted);
                    }
                },
                b'`' => {
                    self.advance();
                    let part = self.backquoted(quoted && end != End::Input)?;
                    parts.push(part);
                }
                _ => {
                    self.advance();
                    parts.text(byte, quoted);
                }
            }
        }
        parts.flush();
        Ok(parts.list)
    }

    /// The escape character (2.2.1).
    fn backslash(&mut self, end: End, parts: &mut Parts) {
        self.advance();
        let Some(next) = self.raw(0) else {
            parts.text(b'\\', true);
            return;
        };
        let escapes = match end {
            End::Word | End::Brace | End::Slash | End::Regex => true,
            End::Input => matches!(next, b'$' | b'`' | b'\\'),
            End::QuotedBrace => matches!(next, b'$' | b'`' | b'\\' | b'"' | b'}'),
            _ => matches!(next, b'$' | b'`' | b'\\' | b'"'),
        };
        if escapes {
            self.advance();
            parts.text(next, true);
        } else {
            parts.text(b'\\', true);
        }
    }

    /// Single-quotes (2.2.2), behind the opening one.
    fn single_quoted(&mut self) -> Parsed<Vec<u8>> {
        let mut text = Vec::new();
        loop {
            match self.take_raw() {
                Some(b'\'') => return Ok(text),
                Some(byte) => text.push(byte),
                None => return self.unfinished("unterminated quoted string"),
            }
        }
    }

    /// Dollar-single-quotes (2.2.4), behind the opening one.
    fn dollar_quoted(&mut self) -> Parsed<Vec<u8>> {
        let mut text = Vec::new();
        // POSIX leaves open what follows a NUL; here it ends the text, as
        // nothing a command is given can hold one.
        let mut cut = None;
        loop {
            match self.take_raw() {
                Some(b'\'') => {
                    text.truncate(cut.unwrap_or(text.len()));
                    return Ok(text);
                }
                Some(b'\\') => self.dollar_escape(&mut text, &mut cut),
                Some(byte) => text.push(byte),
                None => return self.unfinished("unterminated quoted string"),
            }
        }
    }

    fn dollar_escape(&mut self, text: &mut Vec<u8>, cut: &mut Option<usize>) {
        let Some(letter) = self.take_raw() else { return };
        let byte = match letter {
            b'a' => 7,
            b'b' => 8,
            b'e' | b'E' => 27,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'\\' | b'\'' | b'"' | b'?' => letter,
            b'c' => match self.take_raw() {
                Some(b'\\') => {
                    // `\c\\` is control-backslash.
                    if self.raw(0) == Some(b'\\') {
                        self.advance();
                    }
                    28
                }
                Some(b'?') => 127,
                Some(byte) => byte & 0x1f,
                None => return,
            },
            b'x' => match self.digits(16, 2) {
                Some(value) => (value & 0xff) as u8,
                None => {
                    text.extend_from_slice(b"\\x");
                    return;
                }
            },
            b'u' | b'U' => {
                let count = if letter == b'u' { 4 } else { 8 };
                let value = self.digits(16, count);
                match value.and_then(char::from_u32) {
                    Some(c) => {
                        let mut bytes = [0; 4];
                        text.extend_from_slice(c.encode_utf8(&mut bytes).as_bytes());
                    }
                    None => text.extend_from_slice(&[b'\\', letter]),
                }
                return;
            }
            b'0'..=b'7' => {
                let mut value = u32::from(letter - b'0');
                let mut count = 1;
                while count < 3
                    && let Some(digit @ b'0'..=b'7') = self.raw(0)
                {
                    value = value * 8 + u32::from(digit - b'0');
                    self.advance();
                    count += 1;
                }
                (value & 0xff) as u8
            }
            _ => {
                text.push(b'\\');
                letter
            }
        };
        if byte == 0 && cut.is_none() {
            *cut = Some(text.len());
        }
        text.push(byte);
    }

    fn digits(&mut self, radix: u32, most: usize) -> Option<u32> {
        let mut value = 0u32;
        let mut count = 0;
        while count < most
            && let Some(digit) = self.raw(0).and_then(|b| char::from(b).to_digit(radix))
        {
            value = (value << 4) | digit;
            self.advance();
            count += 1;
        }
        (count > 0).then_some(value)
    }

    /// What begins with the `$` that is looked at; None when it is a letter
    /// like others.
    fn dollar(&mut self, end: End) -> Parsed<Option<Part>> {
        let Some(next) = self.peek_second() else { return Ok(None) };
        match next {
            b'(' => {
                self.advance();
                self.peek();
                self.advance();
                if self.peek() == Some(b'(')
                    && let Some(part) = self.arithmetic()?
                {
                    return Ok(Some(part));
                }
                let program = self.deeper(|p| p.substituted())?;
                Ok(Some(Part::Command(Rc::new(program))))
            }
            b'{' => {
                self.advance();
                self.peek();
                self.advance();
                let param = self.deeper(|p| p.braced(end))?;
                Ok(Some(Part::Param(Box::new(param))))
            }
            b'\'' if !end.quotes() => {
                self.advance();
                self.peek();
                self.advance();
                Ok(Some(Part::Quoted(self.dollar_quoted()?.into())))
            }
            _ => {
                let mark = self.mark();
                self.advance();
                self.peek();
                match self.parameter(false) {
                    Some(which) => Ok(Some(Part::Param(Box::new(Param { which, op: Op::Plain })))),
                    None => {
                        self.go_back(&mark);
                        Ok(None)
                    }
                }
            }
        }
    }

    /// The name of a parameter; several digits only between braces.
    fn parameter(&mut self, braces: bool) -> Option<Which> {
        let first = self.peek()?;
        if first.is_ascii_alphabetic() || first == b'_' {
            let mut name = Vec::new();
            while let Some(byte) = self.peek().filter(|b| b.is_ascii_alphanumeric() || *b == b'_') {
                name.push(byte);
                self.advance();
            }
            return Some(Which::Name(Name::new(&name)));
        }
        let which = match first {
            b'0'..=b'9' => {
                let mut number = 0u32;
                while let Some(digit @ b'0'..=b'9') = self.peek() {
                    number = number.saturating_mul(10).saturating_add(u32::from(digit - b'0'));
                    self.advance();
                    if !braces {
                        break;
                    }
                }
                return Some(if number == 0 { Which::Zero } else { Which::Positional(number) });
            }
            b'@' => Which::At,
            b'*' => Which::Star,
            b'#' => Which::Count,
            b'?' => Which::Status,
            b'-' => Which::Flags,
            b'$' => Which::Pid,
            b'!' => Which::LastJob,
            _ => return None,
        };
        self.advance();
        Some(which)
    }

    /// `${...}` (2.6.2), behind the brace.
    fn braced(&mut self, outer: End) -> Parsed<Param> {
        // `${#}` is a count, `${#x}` a length, `${#-}` the length of `$-`,
        // `${#:-x}` and `${##x}` treat the count like any other parameter.
        if self.peek() == Some(b'#') {
            let second = self.peek_second();
            let is_length = match second {
                Some(b'}') | None => false,
                Some(b'-' | b'?' | b'#' | b'=' | b'+' | b':' | b'%' | b'/') => {
                    let mark = self.mark();
                    self.advance();
                    self.peek();
                    let closes = self.peek_second() == Some(b'}');
                    self.go_back(&mark);
                    closes && matches!(second, Some(b'-' | b'?' | b'#'))
                }
                _ => true,
            };
            if is_length {
                self.advance();
                if let Some(which) = self.parameter(true) {
                    if self.peek() == Some(b'}') {
                        self.advance();
                        return Ok(Param { which, op: Op::Length });
                    }
                    return self.bad_substitution(which);
                }
                return self.bad_substitution(Which::Count);
            }
        }
        let Some(which) = self.parameter(true) else {
            return self.bad_substitution(Which::Zero);
        };
        let op = self.operation(outer)?;
        match op {
            Some(op) => Ok(Param { which, op }),
            None => self.bad_substitution(which),
        }
    }

    /// Skips to the closing brace: the expansion is an error only when it is
    /// reached (2.6.2 leaves that open; every other shell does so too).
    fn bad_substitution(&mut self, which: Which) -> Parsed<Param> {
        self.parts(End::Brace)?;
        self.advance();
        Ok(Param { which, op: Op::Bad })
    }

    fn operation(&mut self, outer: End) -> Parsed<Option<Op>> {
        let Some(first) = self.peek() else {
            return self.unfinished("missing '}'");
        };
        // Within double quotes the word of these is within them too; that of a
        // pattern is not (2.2.3).
        let text_end = if outer.quotes() { End::QuotedBrace } else { End::Brace };
        self.advance();
        let op = match first {
            b'}' => return Ok(Some(Op::Plain)),
            b':' => match self.peek() {
                Some(kind @ (b'-' | b'=' | b'?' | b'+')) => {
                    self.advance();
                    defaulting(kind, true, self.brace_word(text_end)?)
                }
                _ => return self.slice().map(Some),
            },
            b'-' | b'=' | b'?' | b'+' => defaulting(first, false, self.brace_word(text_end)?),
            b'#' | b'%' => {
                let double = self.peek() == Some(first);
                if double {
                    self.advance();
                }
                let word = self.brace_word(End::Brace)?;
                if first == b'#' { Op::Prefix(double, word) } else { Op::Suffix(double, word) }
            }
            b'/' => return self.replacement(text_end).map(Some),
            _ => return Ok(None),
        };
        Ok(Some(op))
    }

    fn brace_word(&mut self, end: End) -> Parsed<Word> {
        let parts = self.deeper(|p| p.parts(end))?;
        self.advance();
        let mut word = Word { parts };
        if !end.quotes() {
            tilde_prefix(&mut word.parts);
        }
        Ok(word)
    }

    fn slice(&mut self) -> Parsed<Op> {
        let offset = self.deeper(|p| p.parts(End::Colon))?;
        let mut length = None;
        if self.peek() == Some(b':') {
            self.advance();
            let parts = self.deeper(|p| p.parts(End::QuotedBrace))?;
            length = Some(Box::new(arithmetic(parts)));
        }
        self.advance();
        Ok(Op::Slice(Box::new(arithmetic(offset)), length))
    }

    fn replacement(&mut self, text_end: End) -> Parsed<Op> {
        let how = match self.peek() {
            Some(b'/') => Replace::All,
            Some(b'#') => Replace::Start,
            Some(b'%') => Replace::End,
            _ => Replace::First,
        };
        if how != Replace::First {
            self.advance();
        }
        let pattern = Word { parts: self.deeper(|p| p.parts(End::Slash))? };
        let has_text = self.peek() == Some(b'/');
        self.advance();
        let text = if has_text { self.brace_word(text_end)? } else { Word::default() };
        Ok(Op::Replace(how, pattern, text))
    }

    /// `$((...))`, at the second parenthesis. None when it turns out to be a
    /// subshell in a command substitution.
    fn arithmetic(&mut self) -> Parsed<Option<Part>> {
        let start = self.at();
        if self.not_arithmetic.contains(&start) {
            return Ok(None);
        }
        let mark = self.mark();
        self.advance();
        match self.deeper(|p| p.parts(End::Arith)) {
            Ok(parts) => {
                self.advance();
                self.peek();
                self.advance();
                Ok(Some(Part::Arith(Box::new(arithmetic(parts)))))
            }
            Err(error) if error.unfinished => Err(error),
            Err(_) => {
                self.go_back(&mark);
                self.not_arithmetic.insert(start);
                Ok(None)
            }
        }
    }

    /// `` `...` `` (2.6.3), behind the first backquote. `quoted`: between
    /// double quotes, where a backslash hides a double quote too.
    fn backquoted(&mut self, quoted: bool) -> Parsed<Part> {
        let line = self.line();
        let mut text = Vec::new();
        loop {
            match self.take_raw() {
                None => return self.unfinished("EOF in backquote substitution"),
                Some(b'`') => break,
                Some(b'\\') => match self.raw(0) {
                    Some(next @ (b'`' | b'\\' | b'$')) => {
                        self.advance();
                        text.push(next);
                    }
                    Some(b'"') if quoted => {
                        self.advance();
                        text.push(b'"');
                    }
                    _ => text.push(b'\\'),
                },
                Some(byte) => text.push(byte),
            }
        }
        let depth = self.depth;
        let program = self.deeper(|_| {
            let mut source = Source::of(text, line);
            let mut nothing = Nothing;
            let mut parser = Parser::new(&mut source, &mut nothing);
            parser.depth = depth + 1;
            parser.whole()
        })?;
        Ok(Part::Command(Rc::new(program)))
    }
}

fn defaulting(kind: u8, colon: bool, word: Word) -> Op {
    match kind {
        b'-' => Op::Default(colon, word),
        b'=' => Op::Assign(colon, word),
        b'?' => Op::Error(colon, word),
        _ => Op::Alternative(colon, word),
    }
}

/// A double-quoted part: plain text when that is all there is.
fn double(mut inner: Vec<Part>) -> Part {
    match inner.pop() {
        None => Part::Quoted(Box::new([])),
        Some(Part::Quoted(text)) if inner.is_empty() => Part::Quoted(text),
        Some(last) => {
            inner.push(last);
            Part::Double(inner.into())
        }
    }
}

/// The parts of a word of a command, with its tilde-prefix (2.6.1).
fn finish(mut parts: Vec<Part>) -> Word {
    // A lone `[` is the name of a command, no pattern.
    if let [Part::Glob(text)] = parts.as_mut_slice()
        && !text.iter().any(|b| matches!(b, b'*' | b'?' | b']'))
    {
        parts = vec![Part::Literal(std::mem::take(text))];
    }
    tilde_prefix(&mut parts);
    Word { parts }
}

fn tilde_prefix(parts: &mut Vec<Part>) {
    let several = parts.len() > 1;
    let Some(Part::Literal(text) | Part::Glob(text)) = parts.first() else { return };
    if text.first() == Some(&b'~')
        && let Some(split) = split_tildes(text, several, false)
    {
        parts.splice(..1, split);
    }
}

/// Splits text at its tilde-prefixes: at the start, and in the value of an
/// assignment also behind each colon. `followed`: more of the word comes
/// behind. None when there is none.
fn split_tildes(text: &[u8], followed: bool, assignment: bool) -> Option<Vec<Part>> {
    let mut parts = Parts::default();
    let mut found = false;
    let mut at = 0;
    let mut begins = true;
    while let Some(byte) = text.get(at) {
        if begins && *byte == b'~' {
            let rest = text.get(at + 1..).unwrap_or_default();
            let stops = |b: &u8| *b == b'/' || (assignment && *b == b':');
            let length = rest.iter().position(stops).unwrap_or(rest.len());
            if length < rest.len() || !followed {
                let user = rest.get(..length).unwrap_or_default();
                parts.push(Part::Tilde(user.into()));
                at += 1 + length;
                found = true;
                begins = false;
                continue;
            }
        }
        parts.text(*byte, false);
        begins = assignment && *byte == b':';
        at += 1;
    }
    parts.flush();
    found.then_some(parts.list)
}

/// The length of the name when a word begins like an assignment, `NAME=`.
pub(super) fn assignment_prefix(word: &Word) -> Option<usize> {
    let (Part::Literal(text) | Part::Glob(text)) = word.parts.first()? else { return None };
    let equals = text.iter().position(|b| *b == b'=')?;
    is_name(text.get(..equals)?).then_some(equals)
}

/// Splits an assignment (2.9.1.2) into name and value; tilde-prefixes count
/// behind the equals sign and each colon.
pub(super) fn split_assignment(word: Word, equals: usize) -> (Name, Word) {
    let mut parts = word.parts.into_iter();
    let first = match parts.next() {
        Some(Part::Literal(text) | Part::Glob(text)) => text,
        _ => Box::default(),
    };
    let name = Name::new(first.get(..equals).unwrap_or_default());
    let mut rest = first.get(equals + 1..).unwrap_or_default();
    let tail: Vec<Part> = parts.collect();
    let mut value = Vec::with_capacity(tail.len() + 1);
    let mut tail = tail.into_iter().peekable();
    // Text at the start of the value, then text behind other parts, where only
    // a colon can begin a tilde-prefix.
    let mut first_part = true;
    loop {
        let followed = tail.peek().is_some();
        if !rest.is_empty() {
            let prefix: &[u8] = if first_part { b"" } else { b"x" };
            let whole = [prefix, rest].concat();
            match split_tildes(&whole, followed, true) {
                Some(mut split) => {
                    if !first_part {
                        drop_first_byte(&mut split);
                    }
                    value.append(&mut split);
                }
                None => {
                    let mut run = Parts { run: rest.to_vec(), ..Parts::default() };
                    run.flush();
                    value.append(&mut run.list);
                }
            }
        }
        first_part = false;
        rest = &[];
        match tail.next() {
            None => break,
            Some(Part::Literal(text) | Part::Glob(text)) if text.contains(&b'~') => {
                let whole = [b"x".as_slice(), &text].concat();
                match split_tildes(&whole, tail.peek().is_some(), true) {
                    Some(mut split) => {
                        drop_first_byte(&mut split);
                        value.append(&mut split);
                    }
                    None => {
                        let mut run = Parts { run: text.to_vec(), ..Parts::default() };
                        run.flush();
                        value.append(&mut run.list);
                    }
                }
            }
            Some(part) => value.push(part),
        }
    }
    (name, Word { parts: value })
}

fn drop_first_byte(parts: &mut [Part]) {
    if let Some(Part::Literal(text) | Part::Glob(text)) = parts.first_mut() {
        *text = text.get(1..).unwrap_or_default().into();
    }
}

/// An arithmetic expression, parsed now if its text is known now but for
/// parameters that stand where operands do.
fn arithmetic(source: Vec<Part>) -> Arith {
    let mut text = Vec::new();
    let mut operands = Vec::new();
    for part in &source {
        match part {
            Part::Quoted(t) | Part::Literal(t) | Part::Glob(t) if !t.contains(&arith::OPERAND) => {
                text.extend_from_slice(t);
            }
            Part::Param(param) if matches!(param.op, Op::Plain) => match &param.which {
                Which::At | Which::Star | Which::Flags => return Arith::unparsed(source),
                which => {
                    let minus = matches!(text.last(), Some(b'-' | b'+'));
                    operands.push((which.clone(), minus));
                    text.push(arith::OPERAND);
                }
            },
            _ => return Arith::unparsed(source),
        }
    }
    let parsed = u16::try_from(operands.len()).ok().and_then(|n| arith::parse(&text, n).ok());
    Arith { source, parsed, operands }
}

impl Arith {
    fn unparsed(source: Vec<Part>) -> Arith {
        Arith { source, parsed: None, operands: Vec::new() }
    }
}
