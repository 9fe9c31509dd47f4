//! The grammar of expressions, from the loosest operator to the tightest.

use std::rc::Rc;

use crate::regex::{Flags, Regex};

use super::super::lexer::{Key, Token, op};
use super::super::{BUILTINS, Builtin, Expr, Source};
use super::{DEEPEST, Parsed, Parser};

/// What may not be in an expression, as it means something else there.
#[derive(Clone, Copy, Default)]
pub(super) struct Not {
    /// `>` writes to a file, `|` to a command.
    pub(super) output: bool,
    /// `in` is that of a for.
    pub(super) inside: bool,
}

impl Parser<'_> {
    pub(super) fn expr(&mut self) -> Parsed<Expr> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("nested too deep".into());
        }
        let expr = self.choice();
        self.depth -= 1;
        expr
    }

    fn choice(&mut self) -> Parsed<Expr> {
        let condition = self.or()?;
        if is_place(&condition)
            && let Some(letter) = assignment(&self.token)
        {
            self.advance()?;
            self.newlines()?;
            let value = self.expr()?;
            return Ok(Expr::Assign(Box::new(condition), letter, Box::new(value)));
        }
        if !self.eat(op("?"))? {
            return Ok(condition);
        }
        self.newlines()?;
        let yes = self.expr()?;
        self.newlines()?;
        self.want(op(":"))?;
        self.newlines()?;
        let no = self.expr()?;
        Ok(Expr::Choice(Box::new(condition), Box::new(yes), Box::new(no)))
    }

    pub(super) fn or(&mut self) -> Parsed<Expr> {
        let mut left = self.and()?;
        while self.eat(op("||"))? {
            self.newlines()?;
            left = Expr::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    pub(super) fn and(&mut self) -> Parsed<Expr> {
        let mut left = self.inside()?;
        while self.eat(op("&&"))? {
            self.newlines()?;
            left = Expr::And(Box::new(left), Box::new(self.inside()?));
        }
        Ok(left)
    }

    pub(super) fn inside(&mut self) -> Parsed<Expr> {
        let mut left = self.matching()?;
        while !self.not.inside && self.token == Token::Key(Key::In) {
            self.advance()?;
            let Token::Name(array, _) = self.advance()? else { return self.unexpected("") };
            let array = self.slot(&array);
            let keys = match left {
                Expr::Group(list) => list,
                left => vec![left],
            };
            left = Expr::In(keys, array);
        }
        Ok(left)
    }

    fn matching(&mut self) -> Parsed<Expr> {
        let mut left = self.comparison()?;
        loop {
            let positive = self.is(op("~"));
            if !positive && !self.is(op("!~")) {
                return Ok(left);
            }
            self.advance()?;
            let right = self.comparison()?;
            left = Expr::Match(positive, Box::new(left), Box::new(right));
        }
    }

    fn comparison(&mut self) -> Parsed<Expr> {
        let mut left = self.joined()?;
        loop {
            let letter = match self.token {
                Token::Op(code) if code == op("<") => b'<',
                Token::Op(code) if code == op("<=") => b'l',
                Token::Op(code) if code == op("==") => b'=',
                Token::Op(code) if code == op("!=") => b'!',
                Token::Op(code) if code == op(">") && !self.not.output => b'>',
                Token::Op(code) if code == op(">=") => b'g',
                _ => return Ok(left),
            };
            self.advance()?;
            let right = self.joined()?;
            // `a == b = c`: an assignment may be on the right
            let right = self.assigned(right)?;
            left = Expr::Compare(letter, Box::new(left), Box::new(right));
        }
    }

    /// An assignment to what was read, if one follows.
    fn assigned(&mut self, place: Expr) -> Parsed<Expr> {
        if is_place(&place)
            && let Some(letter) = assignment(&self.token)
        {
            self.advance()?;
            self.newlines()?;
            let value = self.expr()?;
            return Ok(Expr::Assign(Box::new(place), letter, Box::new(value)));
        }
        Ok(place)
    }

    /// Texts side by side, and `command | getline`.
    pub(super) fn joined(&mut self) -> Parsed<Expr> {
        let mut left = self.sum()?;
        loop {
            if self.is(op("|")) {
                // Of print `|` is the output's unless getline follows.
                let kept = self.lexer;
                self.advance()?;
                if self.token == Token::Key(Key::Getline) {
                    self.advance()?;
                    let place = self.place()?;
                    left = Expr::Getline(place, Source::Command(Box::new(left)));
                    continue;
                }
                self.token = Token::Op(op("|"));
                self.lexer = kept;
                return Ok(left);
            }
            let starts = match &self.token {
                Token::Number(_) | Token::Text(_) | Token::Regex(_) | Token::Name(..) => true,
                Token::Builtin(_) => true,
                Token::Op(code) => [op("$"), op("!"), op("("), op("++"), op("--")].contains(code),
                _ => false,
            };
            if !starts {
                return Ok(left);
            }
            let right = self.sum()?;
            left = Expr::Join(Box::new(left), Box::new(right));
        }
    }

    fn sum(&mut self) -> Parsed<Expr> {
        let mut left = self.product()?;
        loop {
            let letter = match self.token {
                Token::Op(code) if code == op("+") => b'+',
                Token::Op(code) if code == op("-") => b'-',
                _ => return Ok(left),
            };
            self.advance()?;
            let right = self.product()?;
            left = Expr::Binary(letter, Box::new(left), Box::new(right));
        }
    }

    fn product(&mut self) -> Parsed<Expr> {
        let mut left = self.unary()?;
        loop {
            let letter = match self.token {
                Token::Op(code) if code == op("*") => b'*',
                Token::Op(code) if code == op("/") => b'/',
                Token::Op(code) if code == op("%") => b'%',
                _ => return Ok(left),
            };
            self.advance()?;
            let right = self.unary()?;
            left = Expr::Binary(letter, Box::new(left), Box::new(right));
        }
    }

    fn unary(&mut self) -> Parsed<Expr> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("nested too deep".into());
        }
        let expr = if self.eat(op("!"))? {
            let inner = self.unary()?;
            // `! x = y`
            let inner = self.assigned(inner)?;
            Expr::Not(Box::new(inner))
        } else if self.eat(op("-"))? {
            Expr::Negative(Box::new(self.unary()?))
        } else if self.eat(op("+"))? {
            Expr::Positive(Box::new(self.unary()?))
        } else {
            self.power()?
        };
        self.depth -= 1;
        Ok(expr)
    }

    fn power(&mut self) -> Parsed<Expr> {
        let base = self.postfix()?;
        if !self.eat(op("^"))? {
            return Ok(base);
        }
        let exponent = self.unary()?;
        Ok(Expr::Binary(b'^', Box::new(base), Box::new(exponent)))
    }

    fn postfix(&mut self) -> Parsed<Expr> {
        let place = self.primary()?;
        if is_place(&place) {
            if self.eat(op("++"))? {
                return Ok(Expr::Step(Box::new(place), 1.0, false));
            }
            if self.eat(op("--"))? {
                return Ok(Expr::Step(Box::new(place), -1.0, false));
            }
        }
        Ok(place)
    }

    fn compile(&self, text: &[u8]) -> Parsed<Expr> {
        let flags = Flags { awk: true, ..Flags::EXTENDED };
        match Regex::new(text, flags) {
            Ok(regex) => Ok(Expr::Regex(Rc::new(regex))),
            Err(why) => Err(why.into()),
        }
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let token = self.advance()?;
        Ok(match token {
            Token::Number(value) => Expr::Number(value),
            Token::Text(text) => Expr::Text(text.into()),
            Token::Regex(text) => self.compile(&text)?,
            Token::Op(code) if code == op("$") => {
                let step = if self.eat(op("++"))? {
                    1.0
                } else if self.eat(op("--"))? {
                    -1.0
                } else {
                    0.0
                };
                self.depth += 1;
                if self.depth > DEEPEST {
                    return Err("nested too deep".into());
                }
                let inner = if step != 0.0 {
                    Expr::Step(Box::new(self.primary()?), step, true)
                } else if self.eat(op("-"))? {
                    Expr::Negative(Box::new(self.primary()?))
                } else {
                    self.primary()?
                };
                self.depth -= 1;
                Expr::Field(Box::new(inner))
            }
            Token::Op(code) if code == op("++") || code == op("--") => {
                let step = if code == op("++") { 1.0 } else { -1.0 };
                let place = self.primary()?;
                if !is_place(&place) {
                    return self.unexpected("");
                }
                Expr::Step(Box::new(place), step, true)
            }
            Token::Op(code) if code == op("(") => {
                self.newlines()?;
                let mut list = self.inner_list()?;
                self.newlines()?;
                self.want(op(")"))?;
                if list.len() == 1 {
                    let only = list.pop().unwrap_or(Expr::Number(0.0));
                    // In parentheses it is no place to assign to, but what it is.
                    if is_place(&only) || matches!(only, Expr::Group(_)) {
                        return Ok(only);
                    }
                    return Ok(Expr::Group(vec![only]));
                }
                if self.token != Token::Key(Key::In) && !self.not.output {
                    return self.unexpected("");
                }
                Expr::Group(list)
            }
            Token::Key(Key::Getline) => {
                let place = self.place()?;
                if self.eat(op("<"))? {
                    let file = self.primary()?;
                    Expr::Getline(place, Source::File(Box::new(file)))
                } else {
                    Expr::Getline(place, Source::Main)
                }
            }
            Token::Builtin(builtin) => self.builtin(builtin)?,
            Token::Name(name, true) if !self.locals.contains(&name) => {
                self.want(op("("))?;
                self.newlines()?;
                let mut list = Vec::new();
                if !self.is(op(")")) {
                    list = self.inner_list()?;
                }
                self.newlines()?;
                self.want(op(")"))?;
                Expr::Call(self.function_number(&name), list)
            }
            Token::Name(name, _) => {
                let slot = self.slot(&name);
                if self.eat(op("["))? {
                    let keys = self.inner_list()?;
                    self.want(op("]"))?;
                    Expr::Element(slot, keys)
                } else {
                    Expr::Variable(slot)
                }
            }
            token => {
                self.token = token;
                return self.unexpected("");
            }
        })
    }

    /// What getline reads into.
    fn place(&mut self) -> Parsed<Option<Box<Expr>>> {
        let starts = matches!(self.token, Token::Name(_, false)) || self.is(op("$"));
        if !starts {
            return Ok(None);
        }
        let place = self.primary()?;
        if is_place(&place) { Ok(Some(Box::new(place))) } else { self.unexpected("") }
    }

    fn builtin(&mut self, builtin: Builtin) -> Parsed<Expr> {
        let mut list = Vec::new();
        if self.eat(op("("))? {
            self.newlines()?;
            if !self.is(op(")")) {
                list = self.inner_list()?;
            }
            self.newlines()?;
            self.want(op(")"))?;
        } else if builtin != Builtin::Length {
            return self.unexpected(", expected (");
        }
        let known = BUILTINS.iter().find(|known| known.1 == builtin);
        if let Some((name, _, least, most)) = known
            && (list.len() < *least || list.len() > *most)
        {
            return Err(format!("{name}: {} arguments", list.len()));
        }
        Ok(Expr::Builtin(builtin, list))
    }
}

/// The operator of an assignment.
fn assignment(token: &Token) -> Option<u8> {
    const LIST: [(u32, u8); 7] = [
        (op("="), 0),
        (op("+="), b'+'),
        (op("-="), b'-'),
        (op("*="), b'*'),
        (op("/="), b'/'),
        (op("%="), b'%'),
        (op("^="), b'^'),
    ];
    LIST.iter().find(|(code, _)| *token == Token::Op(*code)).map(|(_, letter)| *letter)
}

pub(super) fn is_place(expr: &Expr) -> bool {
    matches!(expr, Expr::Variable(_) | Expr::Element(..) | Expr::Field(_))
}
