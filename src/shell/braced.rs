//! Parameter expansions in braces, as they are read (POSIX.1-2024 XCU 2.6.2).

use super::assignment::tilde_prefix;
use super::ast::{Class, Op, Param, Part, Replace, Which, Word};
use super::lexer::{Parsed, Parser};
use super::word::{End, arithmetic};

impl Parser<'_> {
    /// `${...}` (2.6.2), behind the brace.
    pub(super) fn braced(&mut self, outer: End) -> Parsed<Param> {
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
            b'/' => return self.replacement().map(Some),
            _ => return Ok(None),
        };
        Ok(Some(op))
    }

    fn brace_word(&mut self, end: End) -> Parsed<Word> {
        let mut parts = self.deeper(|p| p.parts(end))?;
        self.advance();
        if !end.quotes() {
            tilde_prefix(&mut parts);
        }
        Ok(Word { parts: parts.into() })
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

    /// Quotes mean the same in both words, between double quotes or not.
    fn replacement(&mut self) -> Parsed<Op> {
        let how = match self.peek() {
            Some(b'/') => Replace::All,
            Some(b'#') => Replace::Start,
            Some(b'%') => Replace::End,
            _ => Replace::First,
        };
        if how != Replace::First {
            self.advance();
        }
        // `${x////y}`: what follows `//` is never the end of the pattern.
        let slash = how == Replace::All && self.peek() == Some(b'/');
        if slash {
            self.advance();
        }
        let mut pattern = self.deeper(|p| p.parts(End::Slash))?;
        if slash {
            pattern.insert(0, Part::text(Class::Literal, b"/"));
        }
        let pattern = Word { parts: pattern.into() };
        let has_text = self.peek() == Some(b'/');
        self.advance();
        let text = if has_text { self.brace_word(End::Brace)? } else { Word::default() };
        Ok(Op::Replace(how, Box::new((pattern, text))))
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
