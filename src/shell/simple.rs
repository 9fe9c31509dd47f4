//! Simple commands and redirections, as they are parsed (POSIX.1-2024 XCU
//! 2.9.1, 2.7 and 2.10).

use std::rc::Rc;

use super::assignment::{assignment_prefix, split_assignment};
use super::ast::*;
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
        let mut simple = Simple::default();
        let mut redirs = Vec::new();
        loop {
            if self.redirection_into(&mut redirs)? {
                continue;
            }
            if simple.words.is_empty() {
                if !simple.assigns.is_empty() || !redirs.is_empty() {
                    self.command_aliases()?;
                }
            } else if self.alias_next {
                self.command_aliases()?;
            }
            match self.look()? {
                Token::Word(_) => {}
                Token::Op(Op::Open)
                    if simple.words.len() == 1
                        && simple.assigns.is_empty()
                        && redirs.is_empty() =>
                {
                    let name = simple.words.first().and_then(Word::bare);
                    let Some(name) = name.filter(|n| is_function_name(n)).map(Box::<[u8]>::from)
                    else {
                        return self.unexpected();
                    };
                    self.token = None;
                    self.expect_close()?;
                    return self.function_body(name, line);
                }
                _ => break,
            }
            let Token::Word(word) = self.next_token()? else { break };
            if simple.words.is_empty() {
                if let Some(equals) = assignment_prefix(&word) {
                    let (name, value) = split_assignment(word, equals);
                    simple.assigns.push(Assign { name, value });
                    continue;
                }
                simple.declares = word.bare().is_some_and(|w| DECLARATIONS.contains(&w));
            } else if simple.words.len() == 1
                && simple.words.first().and_then(Word::bare) == Some(b"command")
            {
                simple.declares = word.bare().is_some_and(|w| DECLARATIONS.contains(&w));
            } else if simple.declares
                && let Some(equals) = assignment_prefix(&word)
            {
                simple.words.push(declared(word, equals));
                continue;
            }
            if simple.declares
                && simple.words.len() == 1
                && let Some(equals) = assignment_prefix(&word)
            {
                simple.words.push(declared(word, equals));
                continue;
            }
            simple.words.push(word);
        }
        Ok(Command { kind: Kind::Simple(simple), redirs, line })
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
        let Some(mut kind) = redirection(op) else { return self.unexpected() };
        self.token = None;
        // Aliases are not looked for in the operand.
        self.alias_next = false;
        let target = self.any_word()?;
        if let (RedirKind::Here(body), Op::DLess | Op::DLessDash) = (&mut kind, op) {
            *body = self.here_document(&self.delimiter(&target), op == Op::DLessDash);
        }
        redirs.push(Redir { fd, kind, target });
        Ok(true)
    }

    /// The delimiter of a here-document: a word of which only the quotes count.
    fn delimiter(&self, word: &Word) -> Word {
        let known = |p: &Part| matches!(p, Part::Literal(_) | Part::Glob(_) | Part::Quoted(_));
        if word.parts.iter().all(known) {
            let copy = |p: &Part| match p {
                Part::Literal(t) | Part::Glob(t) => Part::Literal(t.clone()),
                Part::Quoted(t) => Part::Quoted(t.clone()),
                _ => Part::Literal(Box::default()),
            };
            return Word { parts: word.parts.iter().map(copy).collect() };
        }
        // `$`, backquotes and tildes are letters here.
        let text = self.text_since(self.token_start);
        let quoted = text.iter().any(|b| matches!(b, b'\'' | b'"' | b'\\'));
        let bytes: Vec<u8> =
            text.iter().copied().filter(|b| !matches!(b, b'\'' | b'"' | b'\\')).collect();
        let bytes: Box<[u8]> = bytes.into();
        Word { parts: vec![if quoted { Part::Quoted(bytes) } else { Part::Literal(bytes) }] }
    }
}

/// The argument of a declaration utility, with the tildes of an assignment.
fn declared(word: Word, equals: usize) -> Word {
    let (name, mut value) = split_assignment(word, equals);
    let mut text = name.text.into_vec();
    text.push(b'=');
    value.parts.insert(0, Part::Literal(text.into()));
    value
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
        Op::DLess | Op::DLessDash => RedirKind::Here(Rc::default()),
        Op::TLess => RedirKind::HereString,
        Op::AndGreat => RedirKind::Both,
        Op::AndDGreat => RedirKind::BothAppend,
        _ => return None,
    })
}
