//! The words of a program.

use super::{BUILTINS, Builtin, number};
use crate::sys::float;

/// A word.
#[derive(Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Token {
    Number(f64),
    Text(Vec<u8>),
    Regex(Vec<u8>),
    /// A name; whether `(` is just behind it.
    Name(Vec<u8>, bool),
    Builtin(Builtin),
    Key(Key),
    /// One to three bytes: see [`op`].
    Op(u32),
    Newline,
    End,
}

/// Words with a meaning.
#[derive(Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Key {
    Begin,
    End,
    Function,
    If,
    Else,
    While,
    For,
    Do,
    Break,
    Continue,
    Next,
    NextFile,
    Exit,
    Return,
    Delete,
    In,
    Getline,
    Print,
    Printf,
}

const KEYS: [(&str, Key); 20] = [
    ("BEGIN", Key::Begin),
    ("END", Key::End),
    ("function", Key::Function),
    ("func", Key::Function),
    ("if", Key::If),
    ("else", Key::Else),
    ("while", Key::While),
    ("for", Key::For),
    ("do", Key::Do),
    ("break", Key::Break),
    ("continue", Key::Continue),
    ("next", Key::Next),
    ("nextfile", Key::NextFile),
    ("exit", Key::Exit),
    ("return", Key::Return),
    ("delete", Key::Delete),
    ("in", Key::In),
    ("getline", Key::Getline),
    ("print", Key::Print),
    ("printf", Key::Printf),
];

/// The number of an operator.
pub const fn op(text: &str) -> u32 {
    let bytes = text.as_bytes();
    let mut value = 0;
    let mut at = 0;
    while at < bytes.len() {
        value = value << 8 | bytes[at] as u32;
        at += 1;
    }
    value
}

/// Operators of more than one byte, longest first.
const LONG: [&str; 19] = [
    "**=", "&&", "||", "++", "--", "+=", "-=", "*=", "/=", "%=", "^=", "==", "<=", ">=", "!=",
    "!~", ">>", "**", "|&",
];

/// Reads words one by one.
#[derive(Clone, Copy)]
pub struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
    /// The line we are in, from 1.
    pub line: usize,
    /// The last word was an operand, so that `/` divides.
    operand: bool,
}

impl<'a> Lexer<'a> {
    /// At the start of a program.
    pub fn new(text: &'a [u8]) -> Lexer<'a> {
        Lexer { text, at: 0, line: 1, operand: false }
    }

    fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    /// The next word.
    #[allow(clippy::should_implement_trait)] // it may fail
    pub fn next(&mut self) -> Result<Token, &'static str> {
        let token = self.word()?;
        self.operand = match &token {
            Token::Number(_) | Token::Text(_) | Token::Regex(_) | Token::Name(..) => true,
            Token::Builtin(Builtin::Length) => true,
            Token::Op(code) => [op(")"), op("]"), op("$"), op("++"), op("--")].contains(code),
            _ => false,
        };
        if token == Token::Op(op("$")) {
            self.operand = false;
        }
        Ok(token)
    }

    fn word(&mut self) -> Result<Token, &'static str> {
        loop {
            match self.peek() {
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'\\' => {
                    let rest = self.text.get(self.at + 1..).unwrap_or_default();
                    let length = if rest.starts_with(b"\r\n") { 3 } else { 2 };
                    if !rest.starts_with(b"\n") && length == 2 {
                        return Err("backslash not last character on line");
                    }
                    self.line += 1;
                    self.at += length;
                }
                b'#' => {
                    while self.at < self.text.len() && self.peek() != b'\n' {
                        self.at += 1;
                    }
                }
                _ => break,
            }
        }
        let byte = self.peek();
        if self.at >= self.text.len() {
            return Ok(Token::End);
        }
        let rest = self.text.get(self.at..).unwrap_or_default();
        match byte {
            b'\n' => {
                self.at += 1;
                self.line += 1;
                return Ok(Token::Newline);
            }
            b'"' => return self.string(),
            b'/' if !self.operand => return self.regex(),
            b'0'..=b'9' => return Ok(self.number(rest)),
            b'.' if rest.get(1).is_some_and(u8::is_ascii_digit) => return Ok(self.number(rest)),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                let end = rest.iter().position(|b| !b.is_ascii_alphanumeric() && *b != b'_');
                let name = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
                self.at += name.len();
                if let Some((_, key)) = KEYS.iter().find(|(n, _)| n.as_bytes() == name) {
                    return Ok(Token::Key(*key));
                }
                if let Some((_, builtin, ..)) = BUILTINS.iter().find(|b| b.0.as_bytes() == name) {
                    return Ok(Token::Builtin(*builtin));
                }
                return Ok(Token::Name(name.to_vec(), self.peek() == b'('));
            }
            _ => {}
        }
        let long = LONG.iter().find(|l| rest.starts_with(l.as_bytes()));
        if let Some(long) = long {
            self.at += long.len();
            return Ok(Token::Op(match op(long) {
                code if code == op("**") => op("^"),
                code if code == op("**=") => op("^="),
                code => code,
            }));
        }
        if b"{}()[];,+-*/%^!><|?:~$=".contains(&byte) {
            self.at += 1;
            return Ok(Token::Op(u32::from(byte)));
        }
        Err("unexpected character")
    }

    fn number(&mut self, rest: &[u8]) -> Token {
        let hex = rest.starts_with(b"0x") || rest.starts_with(b"0X");
        let (value, length) = if hex && rest.get(2).is_some_and(u8::is_ascii_hexdigit) {
            let digits = rest.iter().skip(2).take_while(|b| b.is_ascii_hexdigit()).count();
            float::parse(rest.get(..digits + 2).unwrap_or_default())
        } else {
            number::parse(rest)
        };
        self.at += length.max(1);
        Token::Number(value)
    }

    fn string(&mut self) -> Result<Token, &'static str> {
        self.at += 1;
        let mut raw = Vec::new();
        loop {
            let byte = self.peek();
            if self.at >= self.text.len() || byte == b'\n' {
                return Err("unterminated string");
            }
            self.at += 1;
            match byte {
                b'"' => return Ok(Token::Text(unescape(&raw))),
                b'\\' => {
                    let next = self.peek();
                    self.at += 1;
                    if next == b'\n' {
                        // a line that goes on
                        self.line += 1;
                        continue;
                    }
                    raw.extend_from_slice(&[b'\\', next]);
                }
                byte => raw.push(byte),
            }
        }
    }

    fn regex(&mut self) -> Result<Token, &'static str> {
        self.at += 1;
        let mut text = Vec::new();
        let mut bracket = None;
        loop {
            let byte = self.peek();
            if self.at >= self.text.len() || byte == b'\n' {
                return Err("unterminated regexp");
            }
            self.at += 1;
            match byte {
                b'/' if bracket.is_none() => return Ok(Token::Regex(text)),
                b'\\' => {
                    let next = self.peek();
                    self.at += 1;
                    if next != b'/' {
                        text.push(b'\\');
                    }
                    text.push(next);
                    continue;
                }
                b'[' if bracket.is_none() => {
                    // A `]` just behind it is one of the members.
                    let mut first = text.len() + 1;
                    if self.peek() == b'^' {
                        first += 1;
                    }
                    bracket = Some(first);
                }
                b'[' if b":.=".contains(&self.peek()) => {
                    let kind = self.peek();
                    let rest = self.text.get(self.at + 1..).unwrap_or_default();
                    if let Some(end) = rest.windows(2).position(|w| w == [kind, b']']) {
                        text.push(b'[');
                        let name = self.text.get(self.at..self.at + end + 3).unwrap_or_default();
                        text.extend_from_slice(name);
                        self.at += end + 3;
                        continue;
                    }
                }
                b']' if bracket.is_some_and(|first| text.len() > first) => bracket = None,
                _ => {}
            }
            text.push(byte);
        }
    }
}

/// Makes the escapes of a string the bytes that they stand for. Of an unknown
/// one the backslash stays: `"\."` is for an expression.
pub fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let Some(&letter) = text.get(at) else {
            out.push(b'\\');
            break;
        };
        at += 1;
        let byte = match letter {
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'\\' | b'"' | b'/' => letter,
            b'x' if text.get(at).is_some_and(u8::is_ascii_hexdigit) => {
                let mut value = 0u32;
                for _ in 0..2 {
                    let digit = text.get(at).and_then(|b| char::from(*b).to_digit(16));
                    let Some(digit) = digit else { break };
                    value = value * 16 + digit;
                    at += 1;
                }
                value as u8
            }
            b'0'..=b'7' => {
                let mut value = u32::from(letter - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = text.get(at) else { break };
                    value = value * 8 + u32::from(digit - b'0');
                    at += 1;
                }
                value as u8
            }
            letter => {
                out.push(b'\\');
                letter
            }
        };
        out.push(byte);
    }
    out
}
