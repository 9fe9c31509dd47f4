//! Simple commands and redirections, as they are parsed (POSIX.1-2024 XCU
//! 2.9.1, 2.7 and 2.10).

use std::cell::Cell;

use super::assignment::{assignment_prefix, split_assignment};
use super::ast::*;
use super::few::push;
use super::lexer::{Op, Parsed, Parser, Token};

/// Utilities whose names no function can have (POSIX.1-2024 2.9.5, 2.15).
const SPECIAL: [&[u8]; 13] = [
    b"break",
    b"continue",
    b"eval",
    b"exec",
    b"exit",
    b"export",
    b"readonly",
    b"return",
    b"set",
    b"shift",
    b"times",
    b"trap",
    b"unset",
];

/// Utilities whose arguments may be assignments (POSIX.1-2024 2.9.1.1).
const DECLARATIONS: [&[u8]; 4] = [b"export", b"readonly", b"local", b"typeset"];

impl Parser<'_> {
    pub(super) fn simple_command(&mut self, line: u32) -> Parsed<Command> {
        let mut declares = false;
        let (mut assigns, mut words, mut redirs) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            if self.redirection_into(&mut redirs)? {
                continue;
            }
            if words.is_empty() {
                if !assigns.is_empty() || !redirs.is_empty() {
                    self.command_aliases()?;
                }
            } else if self.alias_next {
                self.command_aliases()?;
            }
            match self.look()? {
                Token::Word(_) => {}
                Token::Op(Op::Open)
                    if words.len() == 1 && assigns.is_empty() && redirs.is_empty() =>
                {
                    let name = words.first().and_then(Word::bare);
                    let name = name.filter(|n| is_function_name(n));
                    let Some(name) = name.map(|n| Text::new(Class::Literal, n)) else {
                        return self.unexpected();
                    };
                    self.token = None;
                    self.expect_close()?;
                    return self.function_body(name, line);
                }
                _ => break,
            }
            let Token::Word(word) = self.next_token()? else { break };
            if words.is_empty() {
                if let Some(equals) = assignment_prefix(&word) {
                    let (name, value) = split_assignment(word, equals);
                    push(&mut assigns, Assign { name, value });
                    continue;
                }
                declares = word.bare().is_some_and(|w| DECLARATIONS.contains(&w));
            } else if words.len() == 1 && words.first().and_then(Word::bare) == Some(b"command") {
                declares = word.bare().is_some_and(|w| DECLARATIONS.contains(&w));
            } else if declares && let Some(equals) = assignment_prefix(&word) {
                push(&mut words, declared(word, equals));
                continue;
            }
            if declares
                && words.len() == 1
                && let Some(equals) = assignment_prefix(&word)
            {
                push(&mut words, declared(word, equals));
                continue;
            }
            push(&mut words, word);
        }
        let simple = Simple { assigns: assigns.into(), words: words.into(), redirs: redirs.into() };
        let known = Known { declares, builtin: Cell::new(0) };
        Ok(Command { kind: Kind::Simple(known, Box::new(simple)), line })
    }

    /// Parses a redirection if one comes next.
    pub(super) fn redirection_into(&mut self, redirs: &mut Vec<Redir>) -> Parsed<bool> {
        let fd = match self.look()? {
            Token::Io(fd) => Some(*fd),
            Token::Op(op) if redirection(*op).is_some() => None,
            _ => return Ok(false),
        };
        if fd.is_some() {
            self.token = None;
        }
        let Some(op) = self.look_op()? else { return self.unexpected() };
        let Some(kind) = redirection(op) else { return self.unexpected() };
        self.token = None;
        // Aliases are not looked for in the operand.
        self.alias_next = false;
        let target = self.any_word()?;
        let mut here = None;
        if matches!(kind, RedirKind::Here) {
            here = Some(self.here_document(&self.delimiter(&target), op == Op::DLessDash));
        }
        push(redirs, Redir { fd, kind, target, here });
        Ok(true)
    }

    /// The delimiter of a here-document: a word of which only the quotes count.
    fn delimiter(&self, word: &Word) -> Word {
        let copies: Option<Vec<Part>> = word.parts.iter().map(text_of).collect();
        if let Some(parts) = copies {
            return Word { parts: parts.into() };
        }
        // `$`, backquotes and tildes are letters here.
        let text = self.text_since(self.token_start);
        let quoted = text.iter().any(|b| matches!(b, b'\'' | b'"' | b'\\'));
        let bytes: Vec<u8> =
            text.iter().copied().filter(|b| !matches!(b, b'\'' | b'"' | b'\\')).collect();
        let class = if quoted { Class::Quoted } else { Class::Literal };
        Word { parts: Few::One(Part::text(class, &bytes)) }
    }
}

/// A copy of a part that is text.
fn text_of(part: &Part) -> Option<Part> {
    match part {
        Part::Text(text) => Some(Part::Text(text.clone())),
        _ => None,
    }
}

/// The argument of a declaration utility, with the tildes of an assignment.
fn declared(word: Word, equals: usize) -> Word {
    let (name, value) = split_assignment(word, equals);
    let mut parts = value.parts.into_vec();
    parts.insert(0, Part::text(Class::Literal, &[&*name.text, b"="].concat()));
    Word { parts: parts.into() }
}

/// Names of functions: those of POSIX, and what other shells take beyond.
fn is_function_name(name: &[u8]) -> bool {
    !name.is_empty()
        && !SPECIAL.contains(&name)
        && name.iter().all(|b| b.is_ascii_alphanumeric() || b"_-.:+@".contains(b))
}

/// The redirection that an operator is.
pub(super) fn redirection(op: Op) -> Option<RedirKind> {
    Some(match op {
        Op::Less => RedirKind::Read,
        Op::Great => RedirKind::Write,
        Op::DGreat => RedirKind::Append,
        Op::LessGreat => RedirKind::ReadWrite,
        Op::LessAnd => RedirKind::DupIn,
        Op::GreatAnd => RedirKind::DupOut,
        Op::Clobber => RedirKind::Clobber,
        Op::DLess | Op::DLessDash => RedirKind::Here,
        Op::TLess => RedirKind::HereString,
        Op::AndGreat => RedirKind::Both,
        Op::AndDGreat => RedirKind::BothAppend,
        _ => return None,
    })
}
