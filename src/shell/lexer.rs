//! Token recognition. POSIX.1-2024 XCU 2.3.
//!
//! The lexer reads bytes out of a buffer that an [`Input`] fills line by line
//! or at once, joins continued lines, skips comments, tells operators from
//! words, substitutes aliases (2.3.1) in the buffer itself, and reads
//! here-documents when their line ends (2.7.4). `word` reads the words.

use std::collections::BTreeSet;
use std::fmt::{self, Display};
use std::rc::Rc;

use super::ast::{Excerpt, Whole, Word};
use super::here::Pending;

/// How deep commands, substitutions and quotes may nest in one another.
pub(super) const DEPTH: u32 = 120;

/// Where the text of a script comes from.
pub trait Input {
    /// Appends the next text, at least a line, to `text`. False at the end.
    /// `unfinished` says that a command has begun and goes on here.
    fn more(&mut self, text: &mut Vec<u8>, unfinished: bool) -> bool;

    /// The value of the alias `name`.
    fn alias(&self, _name: &[u8]) -> Option<Rc<[u8]>> {
        None
    }

    /// Whether anybody may ask for the text of a command.
    fn keeps_source(&self) -> bool {
        false
    }
}

/// An input that is all there from the beginning.
pub struct Nothing;

impl Input for Nothing {
    fn more(&mut self, _text: &mut Vec<u8>, _unfinished: bool) -> bool {
        false
    }
}

/// Text that cannot be parsed.
#[derive(Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The line where that was seen, from 1.
    pub line: u32,
    /// What is wrong.
    pub what: String,
    /// It may become right when more text follows.
    pub unfinished: bool,
}

impl Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: syntax error: {}", self.line, self.what)
    }
}

/// Operators (2.10.2), and the end of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Op {
    AndIf,
    OrIf,
    Semi,
    DSemi,
    SemiAnd,
    And,
    Pipe,
    Open,
    Close,
    Less,
    Great,
    DGreat,
    LessGreat,
    LessAnd,
    GreatAnd,
    Clobber,
    DLess,
    DLessDash,
    TLess,
    AndGreat,
    AndDGreat,
    Newline,
    End,
}

/// Spellings, longer ones before what they begin with.
const OPERATORS: [(&[u8], Op); 21] = [
    (b"<<<", Op::TLess),
    (b"<<-", Op::DLessDash),
    (b"<<", Op::DLess),
    (b"<&", Op::LessAnd),
    (b"<>", Op::LessGreat),
    (b"<", Op::Less),
    (b">>", Op::DGreat),
    (b">&", Op::GreatAnd),
    (b">|", Op::Clobber),
    (b">", Op::Great),
    (b"&&", Op::AndIf),
    (b"&>>", Op::AndDGreat),
    (b"&>", Op::AndGreat),
    (b"&", Op::And),
    (b"||", Op::OrIf),
    (b"|", Op::Pipe),
    (b";;", Op::DSemi),
    (b";&", Op::SemiAnd),
    (b";", Op::Semi),
    (b"(", Op::Open),
    (b")", Op::Close),
];

impl Op {
    /// How it is written.
    pub fn text(self) -> &'static str {
        match self {
            Op::Newline => "newline",
            Op::End => "end of file",
            _ => OPERATORS
                .iter()
                .find(|(_, op)| *op == self)
                .and_then(|(text, _)| std::str::from_utf8(text).ok())
                .unwrap_or_default(),
        }
    }
}

/// A token.
#[derive(Debug)]
pub enum Token {
    /// A word, or a reserved word: that depends on where it stands.
    Word(Word),
    /// A number directly before `<` or `>`.
    Io(u8),
    /// An operator.
    Op(Op),
}

/// An alias that is being substituted: it is not substituted again before the
/// text behind it has been reached.
struct Active {
    name: Vec<u8>,
    /// How many bytes of the buffer are behind it.
    behind: usize,
}

/// Text, and how far it has been read.
#[derive(Default)]
pub struct Source {
    text: Vec<u8>,
    at: usize,
    ended: bool,
    pub(super) line: u32,
    pub(super) pending: Vec<Pending>,
    active: Vec<Active>,
}

/// A place to go back to.
pub(super) struct Mark {
    at: usize,
    line: u32,
    pending: usize,
}

impl Source {
    /// A source without text; `line` is the number of its first line.
    pub fn new(line: u32) -> Source {
        Source { line, ..Source::default() }
    }

    /// A source with text.
    pub fn of(text: Vec<u8>, line: u32) -> Source {
        Source { text, line, ..Source::default() }
    }

    /// Forgets what has not been parsed: after an error at a prompt.
    pub fn discard(&mut self) {
        *self = Source::new(self.line);
    }

    /// Looks for more text again where the last command met the end.
    pub fn resume(&mut self) {
        self.ended = false;
    }

    /// The number of the line that is read next.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// Whether nothing but blanks is left.
    pub fn is_exhausted(&self) -> bool {
        self.rest().iter().all(u8::is_ascii_whitespace)
    }

    /// The text that has not been parsed.
    pub fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Drops text that has been parsed.
    fn compact(&mut self) {
        if self.at == self.text.len() {
            self.text.clear();
            self.at = 0;
        } else if self.at > 64 * 1024 {
            self.text.drain(..self.at);
            self.at = 0;
        }
    }
}

/// The lexer, and with `parser` and `word` the parser.
pub struct Parser<'a> {
    pub(super) source: &'a mut Source,
    pub(super) input: &'a mut dyn Input,
    pub(super) token: Option<Token>,
    /// Where the token that is looked at begins.
    pub(super) token_start: usize,
    pub(super) depth: u32,
    begun: bool,
    /// Where `$((` has turned out to be no arithmetic: looked at once only, as
    /// trying both readings at every level would take for ever.
    pub(super) not_arithmetic: BTreeSet<usize>,
    /// The text of the complete command, when a statement in it asks for its
    /// own, and where that begins.
    whole: Option<Whole>,
    begins: usize,
    /// The word behind an alias that ends in a blank may be an alias too.
    pub(super) alias_next: bool,
}

/// What parsing returns. The error is in a box, as every step hands it on.
pub type Parsed<T> = Result<T, Box<SyntaxError>>;

impl<'a> Parser<'a> {
    /// A parser of `source`, which `input` continues.
    pub fn new(source: &'a mut Source, input: &'a mut dyn Input) -> Parser<'a> {
        source.compact();
        let begins = source.at;
        Parser {
            source,
            whole: None,
            begins,
            input,
            token: None,
            token_start: 0,
            depth: 0,
            begun: false,
            not_arithmetic: BTreeSet::new(),
            alias_next: false,
        }
    }

    pub(super) fn error<T>(&self, what: &str) -> Parsed<T> {
        Err(self.syntax_error(what, false))
    }

    pub(super) fn unfinished<T>(&self, what: &str) -> Parsed<T> {
        Err(self.syntax_error(what, true))
    }

    #[inline(never)]
    fn syntax_error(&self, what: &str, unfinished: bool) -> Box<SyntaxError> {
        Box::new(SyntaxError { line: self.source.line, what: what.into(), unfinished })
    }

    #[inline(never)]
    fn descend(&mut self) -> Parsed<()> {
        if self.depth >= DEPTH {
            return self.error("commands nest too deep");
        }
        self.depth += 1;
        Ok(())
    }

    /// Goes one level deeper for `f`.
    pub(super) fn deeper<T>(&mut self, f: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.descend()?;
        let result = f(self);
        self.depth -= 1;
        result
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { at: self.source.at, line: self.source.line, pending: self.source.pending.len() }
    }

    pub(super) fn go_back(&mut self, mark: &Mark) {
        self.source.at = mark.at;
        self.source.line = mark.line;
        self.source.pending.truncate(mark.pending);
    }

    /// The text since `start`.
    pub(super) fn text_since(&self, start: usize) -> &[u8] {
        self.source.text.get(start..self.source.at).unwrap_or_default()
    }

    /// The text from `start` to the token that is looked at, which is there as
    /// soon as the complete command has been read.
    pub(super) fn excerpt(&mut self, start: usize) -> Excerpt {
        let whole = self.whole.get_or_insert_default();
        let place = |at: usize| at.saturating_sub(self.begins);
        Excerpt::new(whole, place(start), place(self.token_start))
    }

    /// The complete command has been read.
    pub(super) fn end_excerpts(&mut self) {
        if let Some(whole) = self.whole.take() {
            let _ = whole.set(self.text_since(self.begins).into());
        }
        self.begins = self.source.at;
    }

    pub(super) fn at(&self) -> usize {
        self.source.at
    }

    /// The byte `ahead` of the next, as it is written. Reads more input when
    /// the buffer ends before it.
    pub(super) fn raw(&mut self, ahead: usize) -> Option<u8> {
        loop {
            if let Some(byte) = self.source.text.get(self.source.at + ahead) {
                return Some(*byte);
            }
            if self.source.ended {
                return None;
            }
            if !self.input.more(&mut self.source.text, self.begun) {
                self.source.ended = true;
            }
        }
    }

    /// The next byte, past line continuations (2.2.1).
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = self.raw(0)?;
            if byte == b'\\' && self.raw(1) == Some(b'\n') {
                self.source.at += 2;
                self.source.line += 1;
                self.raw(0)?;
                continue;
            }
            return Some(byte);
        }
    }

    /// The byte behind the next, past line continuations.
    pub(super) fn peek_second(&mut self) -> Option<u8> {
        self.peek()?;
        let mut ahead = 1;
        while self.raw(ahead) == Some(b'\\') && self.raw(ahead + 1) == Some(b'\n') {
            ahead += 2;
        }
        self.raw(ahead)
    }

    /// Moves past the byte that was looked at.
    pub(super) fn advance(&mut self) {
        if self.source.text.get(self.source.at) == Some(&b'\n') {
            self.source.line += 1;
        }
        self.source.at += 1;
    }

    pub(super) fn take_raw(&mut self) -> Option<u8> {
        let byte = self.raw(0)?;
        self.advance();
        Some(byte)
    }

    /// The next token, without taking it.
    pub(super) fn look(&mut self) -> Parsed<&Token> {
        if self.token.is_none() {
            self.token = Some(self.scan()?);
        }
        match &self.token {
            Some(token) => Ok(token),
            None => self.error(""),
        }
    }

    /// Takes the next token.
    pub(super) fn next_token(&mut self) -> Parsed<Token> {
        match self.token.take() {
            Some(token) => Ok(token),
            None => self.scan(),
        }
    }

    /// The next token when it is an operator.
    pub(super) fn look_op(&mut self) -> Parsed<Option<Op>> {
        Ok(match self.look()? {
            Token::Op(op) => Some(*op),
            _ => None,
        })
    }

    /// Takes the next token if it is this operator.
    pub(super) fn accept(&mut self, op: Op) -> Parsed<bool> {
        if self.look_op()? != Some(op) {
            return Ok(false);
        }
        self.token = None;
        Ok(true)
    }

    /// The line that the next token begins on.
    pub(super) fn line(&self) -> u32 {
        self.source.line
    }

    fn scan(&mut self) -> Parsed<Token> {
        loop {
            match self.peek() {
                Some(b' ' | b'\t') => self.advance(),
                Some(b'#') => {
                    while self.raw(0).is_some_and(|b| b != b'\n') {
                        self.advance();
                    }
                }
                _ => break,
            }
        }
        self.token_start = self.source.at;
        self.end_aliases();
        let Some(byte) = self.peek() else {
            if !self.source.pending.is_empty() {
                self.read_here_documents()?;
            }
            return Ok(Token::Op(Op::End));
        };
        if byte == b'\n' {
            self.advance();
            self.read_here_documents()?;
            return Ok(Token::Op(Op::Newline));
        }
        self.begun = true;
        // `<(` and `>(` begin a word: see `Part::Process`.
        let process = matches!(byte, b'<' | b'>') && self.peek_second() == Some(b'(');
        if is_operator(byte) && !process {
            return Ok(Token::Op(self.operator(byte)));
        }
        if byte.is_ascii_digit()
            && let Some(fd) = self.io_number()
        {
            return Ok(Token::Io(fd));
        }
        self.word().map(Token::Word)
    }

    fn operator(&mut self, first: u8) -> Op {
        let mut spelled = vec![first];
        self.advance();
        let fits = |text: &[u8]| OPERATORS.iter().any(|(o, _)| o.starts_with(text));
        while let Some(byte) = self.peek().filter(|b| is_operator(*b) || *b == b'-') {
            spelled.push(byte);
            if !fits(&spelled) {
                spelled.pop();
                break;
            }
            self.advance();
        }
        let found = OPERATORS.iter().find(|(text, _)| *text == spelled);
        found.map_or(Op::End, |(_, op)| *op)
    }

    fn io_number(&mut self) -> Option<u8> {
        let (mut fd, mut length, mut lines) = (Some(0u8), 0, 0);
        loop {
            match self.raw(length)? {
                digit @ b'0'..=b'9' => {
                    fd = fd.and_then(|fd| fd.checked_mul(10)?.checked_add(digit - b'0'));
                    length += 1;
                }
                b'\\' if self.raw(length + 1) == Some(b'\n') => {
                    length += 2;
                    lines += 1;
                }
                b'<' | b'>' => break,
                _ => return None,
            }
        }
        let fd = fd?;
        self.source.at += length;
        self.source.line += lines;
        Some(fd)
    }

    /// Replaces the word that was just taken, and that began at `start`, by
    /// the alias of this name if there is one. The next token is then the
    /// alias's first.
    pub(super) fn substitute_alias(&mut self, name: &[u8], start: usize) -> bool {
        if self.source.active.iter().any(|a| a.name == name) {
            return false;
        }
        let Some(value) = self.input.alias(name) else { return false };
        let end = self.source.at;
        self.source.active.push(Active {
            name: name.to_vec(),
            behind: self.source.text.len().saturating_sub(end),
        });
        self.not_arithmetic.clear();
        self.source.text.splice(start..end, value.iter().copied());
        self.source.at = start;
        self.alias_next = false;
        true
    }

    /// Forgets the aliases whose text has been read. One that ends in a blank
    /// makes the next word a candidate.
    fn end_aliases(&mut self) {
        let left = self.source.text.len().saturating_sub(self.source.at);
        while let Some(active) = self.source.active.last()
            && left <= active.behind
        {
            let value = self.input.alias(&active.name);
            if value.is_some_and(|v| matches!(v.last(), Some(b' ' | b'\t'))) {
                self.alias_next = true;
            }
            self.source.active.pop();
        }
    }
}

/// Whether an operator begins with this byte.
pub(super) fn is_operator(byte: u8) -> bool {
    matches!(byte, b'|' | b'&' | b';' | b'<' | b'>' | b'(' | b')')
}
