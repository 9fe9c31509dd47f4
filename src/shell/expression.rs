//! The text of arithmetic expressions (POSIX.1-2024 XCU 2.6.4 and 1.1.2.1):
//! C's precedence, and `**` and `BASE#DIGITS` besides.

use super::arith::{Bin, DEPTH, Error, Expr, binary};
use super::ast::Name;

/// The byte that stands for a `$parameter` in the text of [`parse`].
pub const OPERAND: u8 = 1;

/// Parses an expression. Each byte [`OPERAND`] in it is the next of `operands`
/// parameters.
pub fn parse(text: &[u8], operands: u16) -> Result<Expr, Error> {
    let mut parser = Parser { text, at: 0, depth: 0, links: 0, operand: 0, operands };
    parser.blanks();
    if parser.at == text.len() {
        return Ok(Expr::Num(0));
    }
    let expr = parser.comma()?;
    if parser.at < text.len() {
        return Err(parser.unexpected());
    }
    Ok(expr)
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    depth: u32,
    links: u32,
    operand: u16,
    operands: u16,
}

/// Binary operators by level, loosest first; longer spellings first.
const LEVELS: [&[(&[u8], Bin)]; 8] = [
    &[(b"|", Bin::BitOr)],
    &[(b"^", Bin::BitXor)],
    &[(b"&", Bin::BitAnd)],
    &[(b"==", Bin::Eq), (b"!=", Bin::Ne)],
    &[(b"<=", Bin::Le), (b">=", Bin::Ge), (b"<", Bin::Lt), (b">", Bin::Gt)],
    &[(b"<<", Bin::Shl), (b">>", Bin::Shr)],
    &[(b"+", Bin::Add), (b"-", Bin::Sub)],
    &[(b"*", Bin::Mul), (b"/", Bin::Div), (b"%", Bin::Rem)],
];

/// Assignment operators.
const ASSIGN: [(&[u8], Option<Bin>); 11] = [
    (b"<<=", Some(Bin::Shl)),
    (b">>=", Some(Bin::Shr)),
    (b"*=", Some(Bin::Mul)),
    (b"/=", Some(Bin::Div)),
    (b"%=", Some(Bin::Rem)),
    (b"+=", Some(Bin::Add)),
    (b"-=", Some(Bin::Sub)),
    (b"&=", Some(Bin::BitAnd)),
    (b"^=", Some(Bin::BitXor)),
    (b"|=", Some(Bin::BitOr)),
    (b"=", None),
];

impl Parser<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn blanks(&mut self) {
        while self.peek(0).is_some_and(|b| b.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn take(&mut self, token: &[u8]) -> bool {
        if !self.rest().starts_with(token) {
            return false;
        }
        self.at += token.len();
        self.blanks();
        true
    }

    fn unexpected(&self) -> Error {
        let rest = String::from_utf8_lossy(self.rest());
        let shown: String = rest.chars().filter(|c| !c.is_control()).take(30).collect();
        Error::Syntax(if shown.is_empty() {
            "an operand is missing at the end".into()
        } else {
            format!("unexpected '{shown}'")
        })
    }

    fn deeper<T>(&mut self, f: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if self.depth >= DEPTH {
            return Err(Error::TooDeep);
        }
        self.depth += 1;
        let result = f(self);
        self.depth -= 1;
        result
    }

    fn comma(&mut self) -> Result<Expr, Error> {
        let mut left = self.assign()?;
        while self.peek(0) == Some(b',') {
            self.chain()?;
            self.take(b",");
            left = Expr::Comma(Box::new((left, self.assign()?)));
        }
        Ok(left)
    }

    fn assign(&mut self) -> Result<Expr, Error> {
        let start = self.at;
        if let Some(name) = self.name() {
            for (token, op) in ASSIGN {
                if self.rest().starts_with(token) && !(token == b"=" && self.peek(1) == Some(b'='))
                {
                    self.take(token);
                    let value = self.deeper(Parser::assign)?;
                    return Ok(Expr::Assign(op, name, Box::new(value)));
                }
            }
            self.at = start;
        }
        self.deeper(Parser::choice)
    }

    fn choice(&mut self) -> Result<Expr, Error> {
        let cond = self.or()?;
        if self.peek(0) != Some(b'?') {
            return Ok(cond);
        }
        self.take(b"?");
        let yes = self.deeper(Parser::comma)?;
        if !self.take(b":") {
            return Err(Error::Syntax("':' expected after '?'".into()));
        }
        let no = self.deeper(Parser::choice)?;
        Ok(Expr::Choice(Box::new((cond, yes, no))))
    }

    fn or(&mut self) -> Result<Expr, Error> {
        let mut left = self.and()?;
        while self.rest().starts_with(b"||") {
            self.chain()?;
            self.take(b"||");
            left = Expr::Or(Box::new((left, self.and()?)));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expr, Error> {
        let mut left = self.binary(0)?;
        while self.rest().starts_with(b"&&") {
            self.chain()?;
            self.take(b"&&");
            left = Expr::And(Box::new((left, self.binary(0)?)));
        }
        Ok(left)
    }

    /// `a+b+c` nests to the left, one node an operator: long chains get a
    /// limit of their own, as evaluating them recurses.
    fn chain(&mut self) -> Result<(), Error> {
        self.links += 1;
        if self.links > DEPTH * 10 { Err(Error::TooDeep) } else { Ok(()) }
    }

    fn binary(&mut self, level: usize) -> Result<Expr, Error> {
        let Some(operators) = LEVELS.get(level) else { return self.power() };
        let mut left = self.binary(level + 1)?;
        'next: loop {
            for (token, op) in *operators {
                if self.rest().starts_with(token) && !self.is_longer(token) {
                    self.chain()?;
                    self.take(token);
                    let right = self.binary(level + 1)?;
                    // Sums of many numbers need no node for each.
                    left = if let (Expr::Num(a), Expr::Num(b)) = (&left, &right)
                        && let Ok(value) = binary(*op, *a, *b)
                    {
                        self.links -= 1;
                        Expr::Num(value)
                    } else {
                        Expr::Binary(*op, Box::new((left, right)))
                    };
                    continue 'next;
                }
            }
            return Ok(left);
        }
    }

    /// `**`, which C lacks: a power, of what is right of it first.
    fn power(&mut self) -> Result<Expr, Error> {
        let base = self.unary()?;
        if !self.take(b"**") {
            return Ok(base);
        }
        let exponent = self.deeper(Parser::power)?;
        Ok(Expr::Binary(Bin::Pow, Box::new((base, exponent))))
    }

    /// Whether what begins like `token` here is a longer operator.
    fn is_longer(&self, token: &[u8]) -> bool {
        let next = self.peek(token.len());
        match token {
            b"|" | b"&" => next == Some(b'=') || next == token.first().copied(),
            b"<" | b">" => next == Some(b'=') || next == token.first().copied(),
            b"==" | b"!=" | b"<=" | b">=" => false,
            _ => next == Some(b'='),
        }
    }

    fn unary(&mut self) -> Result<Expr, Error> {
        for (token, by) in [(b"++", 1), (b"--", -1)] {
            if self.rest().starts_with(token) {
                let start = self.at;
                self.take(token);
                if let Some(name) = self.name() {
                    return Ok(Expr::Step(name, by, true));
                }
                // Two signs, not an operator: `--1`.
                self.at = start;
            }
        }
        match self.peek(0) {
            Some(op @ (b'-' | b'+' | b'~' | b'!')) => {
                self.at += 1;
                self.blanks();
                let operand = self.deeper(Parser::unary)?;
                Ok(Expr::Unary(op, Box::new(operand)))
            }
            _ => self.primary(),
        }
    }

    fn primary(&mut self) -> Result<Expr, Error> {
        match self.peek(0) {
            Some(b'(') => {
                self.take(b"(");
                let inner = self.deeper(Parser::comma)?;
                if !self.take(b")") {
                    return Err(Error::Syntax("')' is missing".into()));
                }
                Ok(inner)
            }
            Some(b'0'..=b'9') => self.number(),
            Some(OPERAND) if self.operand < self.operands => {
                let expr = Expr::Operand(self.operand);
                self.operand += 1;
                self.at += 1;
                if self.peek(0).is_some_and(|b| is_word(b) || b == OPERAND) {
                    return Err(self.unexpected());
                }
                self.blanks();
                Ok(expr)
            }
            _ => match self.name() {
                Some(name) => {
                    for (token, by) in [(b"++", 1), (b"--", -1)] {
                        if self.take(token) {
                            return Ok(Expr::Step(name, by, false));
                        }
                    }
                    Ok(Expr::Var(name))
                }
                None => Err(self.unexpected()),
            },
        }
    }

    fn name(&mut self) -> Option<Name> {
        let rest = self.rest();
        if rest.first().is_none_or(|b| b.is_ascii_digit() || !is_word(*b)) {
            return None;
        }
        let length = rest.iter().take_while(|b| is_word(**b)).count();
        if rest.get(length) == Some(&OPERAND) {
            return None;
        }
        let name = Name::new(rest.get(..length)?);
        self.at += length;
        self.blanks();
        Some(name)
    }

    fn number(&mut self) -> Result<Expr, Error> {
        let rest = self.rest();
        let length = rest.iter().take_while(|b| is_word(**b)).count();
        let digits = rest.get(..length).unwrap_or_default();
        if rest.get(length) == Some(&OPERAND) {
            return Err(self.unexpected());
        }
        let mut value = number(digits);
        self.at += length;
        if let Ok(base @ 2..=64) = value
            && self.peek(0) == Some(b'#')
        {
            self.at += 1;
            value = self.digits_of(base);
        }
        self.blanks();
        Ok(Expr::Num(value?))
    }

    /// `BASE#DIGITS`, which C lacks, behind the sign.
    fn digits_of(&mut self, base: i64) -> Result<i64, Error> {
        let mut value = 0i64;
        let start = self.at;
        while let Some(byte) = self.peek(0).filter(|b| is_word(*b) || *b == b'@') {
            let digit = match byte {
                b'0'..=b'9' => byte - b'0',
                b'a'..=b'z' => byte - b'a' + 10,
                b'A'..=b'Z' if base <= 36 => byte - b'A' + 10,
                b'A'..=b'Z' => byte - b'A' + 36,
                b'@' => 62,
                _ => 63,
            };
            if i64::from(digit) >= base {
                return Err(self.unexpected());
            }
            value = value.wrapping_mul(base).wrapping_add(i64::from(digit));
            self.at += 1;
        }
        if self.at == start { Err(self.unexpected()) } else { Ok(value) }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The value of an integer constant of C: decimal, octal, hexadecimal.
pub(super) fn number(digits: &[u8]) -> Result<i64, Error> {
    let (radix, body) = match digits {
        [b'0', b'x' | b'X', rest @ ..] => (16, rest),
        [b'0', rest @ ..] if !rest.is_empty() => (8, rest),
        _ => (10, digits),
    };
    let shown = || String::from_utf8_lossy(digits).into_owned();
    if body.is_empty() {
        return Err(Error::Syntax(format!("'{}' is no number", shown())));
    }
    let mut value: u64 = 0;
    for byte in body {
        let Some(digit) = char::from(*byte).to_digit(radix) else {
            return Err(Error::Syntax(format!("'{}' is no number", shown())));
        };
        value = value
            .checked_mul(u64::from(radix))
            .and_then(|v| v.checked_add(u64::from(digit)))
            // The smallest number is written as this and a sign.
            .filter(|v| radix != 10 || *v <= i64::MIN.unsigned_abs())
            .ok_or_else(|| Error::TooLarge(shown()))?;
    }
    Ok(value.cast_signed())
}
