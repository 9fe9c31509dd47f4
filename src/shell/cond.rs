//! The grammar of `[[ ]]`, which POSIX leaves to the shells: `test`'s operators
//! with `&&`, `||`, `!` and parentheses, patterns and regular expressions.

use super::ast::{Class, Cond, Text};
use super::lexer::{Op, Parsed, Parser, Token};

impl Parser<'_> {
    /// The expression between `[[` and `]]`.
    pub(super) fn cond_or(&mut self) -> Parsed<Cond> {
        let mut left = self.cond_and()?;
        while self.accept(Op::OrIf)? {
            self.newlines()?;
            left = self.deeper(|p| Ok(Cond::Or(Box::new((left, p.cond_or()?)))))?;
        }
        Ok(left)
    }

    fn cond_and(&mut self) -> Parsed<Cond> {
        let left = self.cond_not()?;
        if self.accept(Op::AndIf)? {
            self.newlines()?;
            return self.deeper(|p| Ok(Cond::And(Box::new((left, p.cond_and()?)))));
        }
        Ok(left)
    }

    fn cond_not(&mut self) -> Parsed<Cond> {
        if self.accept_word(b"!")? {
            return self.deeper(|p| Ok(Cond::Not(Box::new(p.cond_not()?))));
        }
        if self.accept(Op::Open)? {
            let inner = self.deeper(|p| p.cond_or())?;
            if !self.accept(Op::Close)? {
                return self.unexpected();
            }
            return Ok(inner);
        }
        self.cond_primary()
    }

    fn cond_primary(&mut self) -> Parsed<Cond> {
        if self.look_bare()? == Some(b"]]") {
            return self.unexpected();
        }
        let first = self.any_word()?;
        if let Some([b'-', letter]) = first.bare()
            && b"abcdefghknoprstuvwxzGLNOS".contains(letter)
            && let Token::Word(next) = self.look()?
            && next.bare() != Some(b"]]")
        {
            let letter = *letter;
            return Ok(Cond::Unary(letter, self.any_word()?));
        }
        let text = |op: &[u8]| Text::new(Class::Literal, op);
        let op = match self.look()? {
            Token::Op(Op::Less) => text(b"<"),
            Token::Op(Op::Great) => text(b">"),
            Token::Word(word) => match word.bare() {
                Some(
                    op @ (b"=" | b"==" | b"!=" | b"=~" | b"-eq" | b"-ne" | b"-lt" | b"-le" | b"-gt"
                    | b"-ge" | b"-nt" | b"-ot" | b"-ef"),
                ) => text(op),
                _ => return Ok(Cond::Word(first)),
            },
            _ => return Ok(Cond::Word(first)),
        };
        self.token = None;
        if *op == *b"=~" {
            return Ok(Cond::Regex(first, self.regex_word()?));
        }
        let second = self.any_word()?;
        Ok(match &*op {
            b"=" | b"==" => Cond::Match(true, first, second),
            b"!=" => Cond::Match(false, first, second),
            _ => Cond::Binary(op, first, second),
        })
    }
}
