//! Words: quoting (POSIX.1-2024 XCU 2.2) and the recognition of expansions
//! (2.6) while a word is read, so that it never has to be scanned again.

use std::rc::Rc;

use super::arith;
use super::assignment::tilde_prefix;
use super::ast::{Arith, Class, Name, Op, Param, Part, Rare, Text, Which, Word};
use super::few::push;
use super::lexer::{Nothing, Parsed, Parser, Source, is_operator};
use super::room::Room;

/// What a run of parts ends at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
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
    pub(super) fn quotes(self) -> bool {
        matches!(self, End::Double | End::QuotedBrace | End::Arith | End::Colon | End::Input)
    }
}

/// Parts, with the run of plain text that has not become one yet.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) list: Vec<Part>,
    run: Vec<u8>,
    quoted: bool,
}

impl Parts {
    /// The parts that unquoted text is.
    pub(super) fn of_text(text: &[u8]) -> Vec<Part> {
        let mut parts = Parts { run: text.to_vec(), ..Parts::default() };
        parts.flush();
        parts.list
    }

    pub(super) fn text(&mut self, byte: u8, quoted: bool) {
        if self.quoted != quoted {
            self.flush();
            self.quoted = quoted;
        }
        self.run.push(byte);
    }

    pub(super) fn flush(&mut self) {
        if self.run.is_empty() {
            return;
        }
        let class = if self.quoted {
            Class::Quoted
        } else if self.run.iter().any(|b| matches!(b, b'*' | b'?' | b'[')) {
            Class::Glob
        } else {
            Class::Literal
        };
        push(&mut self.list, Part::text(class, &self.run));
        self.run.clear();
    }

    pub(super) fn push(&mut self, part: Part) {
        self.flush();
        push(&mut self.list, part);
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
        Ok(Word { parts: parts.into() })
    }

    /// The text of a here-document.
    pub(super) fn here_body(&mut self) -> Parsed<Word> {
        let parts = self.deeper(|p| p.parts(End::Input))?;
        Ok(Word { parts: parts.into() })
    }

    /// Reads up to `end` and past it, unless it is [`End::Word`].
    pub(super) fn parts(&mut self, end: End) -> Parsed<Vec<Part>> {
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
                (End::Word, b'<' | b'>') if self.peek_second() == Some(b'(') => {
                    let part = self.process(byte == b'>')?;
                    parts.push(part);
                    continue;
                }
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
                    parts.push(Part::text(Class::Quoted, &self.single_quoted()?));
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
                Ok(Some(Part::text(Class::Quoted, &self.dollar_quoted()?)))
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

    /// Process substitution, which POSIX lacks: `<(...)` and `>(...)`.
    fn process(&mut self, writes: bool) -> Parsed<Part> {
        self.advance();
        self.peek();
        self.advance();
        let program = self.deeper(|p| p.substituted())?;
        Ok(Part::Process(writes, Rc::new(program)))
    }

    /// The name of a parameter; several digits only between braces.
    pub(super) fn parameter(&mut self, braces: bool) -> Option<Which> {
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
        text.shrink_to_fit();
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

/// A double-quoted part: plain text when that is all there is.
fn double(mut inner: Vec<Part>) -> Part {
    match inner.pop() {
        None => Part::text(Class::Quoted, b""),
        Some(Part::Text(text)) if inner.is_empty() => Part::Text(text),
        Some(last) => {
            push(&mut inner, last);
            Part::Double(inner.into())
        }
    }
}

/// The parts of a word of a command, with its tilde-prefix (2.6.1).
fn finish(mut parts: Vec<Part>) -> Word {
    // A lone `[` is the name of a command, no pattern.
    if let [Part::Text(text)] = parts.as_mut_slice()
        && text.class() == Class::Glob
        && !text.iter().any(|b| matches!(b, b'*' | b'?' | b']'))
    {
        *text = Text::new(Class::Literal, text);
    }
    tilde_prefix(&mut parts);
    Word { parts: parts.into() }
}

/// What the expressions in a script may take of the stack as they are read;
/// others are looked at again when they are reached.
const ROOM: usize = 64 << 10;

/// An arithmetic expression, parsed now if its text is known now but for
/// parameters that stand where operands do.
pub(super) fn arithmetic(source: Vec<Part>) -> Arith {
    let mut text = Vec::new();
    let mut operands = Vec::new();
    for (place, part) in source.iter().enumerate() {
        match part {
            Part::Text(t) if !t.contains(&arith::OPERAND) => text.extend_from_slice(t),
            Part::Param(param) if matches!(param.op, Op::Plain) => match &param.which {
                Which::At | Which::Star | Which::Flags => return Arith::unparsed(source),
                _ => {
                    let minus = matches!(text.last(), Some(b'-' | b'+'));
                    push(&mut operands, (u32::try_from(place).unwrap_or(u32::MAX), minus));
                    text.push(arith::OPERAND);
                }
            },
            _ => return Arith::unparsed(source),
        }
    }
    let parsed = u16::try_from(operands.len())
        .ok()
        .and_then(|n| arith::parse(&text, n, Room::of(ROOM)).ok());
    Arith { source: source.into(), parsed, operands: operands.into() }
}

impl Arith {
    fn unparsed(source: Vec<Part>) -> Arith {
        Arith { source: source.into(), parsed: None, operands: Rare::default() }
    }
}
