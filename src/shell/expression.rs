//! The text of arithmetic expressions (POSIX.1-2024 XCU 2.6.4 and 1.1.2.1):
//! C's precedence, and `**` and `BASE#DIGITS` besides.

use super::arith::{Bin, Error, Expr, binary};
use super::ast::Name;
use super::room::Room;

/// The byte that stands for a `$parameter` in the text of [`parse`].
pub const OPERAND: u8 = 1;

/// Parses an expression, as deep as there is room. Each byte [`OPERAND`] in it
/// is the next of `operands` parameters.
pub fn parse(text: &[u8], operands: u16, room: Room) -> Result<Expr, Error> {
    let mut parser = Parser { text, at: 0, depth: 0, links: 0, operand: 0, operands, room };
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
    depth: usize,
    links: usize,
    operand: u16,
    operands: u16,
    room: Room,
}

/// What is done with two operands.
#[derive(Clone, Copy)]
enum Both {
    Or,
    And,
    Bin(Bin),
}

/// Binary operators and how tightly they bind; longer spellings first.
const OPERATORS: [(&[u8], u8, Both); 19] = [
    (b"||", 0, Both::Or),
    (b"&&", 1, Both::And),
    (b"<<", 7, Both::Bin(Bin::Shl)),
    (b">>", 7, Both::Bin(Bin::Shr)),
    (b"==", 5, Both::Bin(Bin::Eq)),
    (b"!=", 5, Both::Bin(Bin::Ne)),
    (b"<=", 6, Both::Bin(Bin::Le)),
    (b">=", 6, Both::Bin(Bin::Ge)),
    (b"**", 10, Both::Bin(Bin::Pow)),
    (b"|", 2, Both::Bin(Bin::BitOr)),
    (b"^", 3, Both::Bin(Bin::BitXor)),
    (b"&", 4, Both::Bin(Bin::BitAnd)),
    (b"<", 6, Both::Bin(Bin::Lt)),
    (b">", 6, Both::Bin(Bin::Gt)),
    (b"+", 8, Both::Bin(Bin::Add)),
    (b"-", 8, Both::Bin(Bin::Sub)),
    (b"*", 9, Both::Bin(Bin::Mul)),
    (b"/", 9, Both::Bin(Bin::Div)),
    (b"%", 9, Both::Bin(Bin::Rem)),
];

/// That of `**`, whose right operand is read first.
const POWER: u8 = 10;

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
        if self.depth >= self.room.links() || !self.room.is_left() {
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
        let cond = self.operation(0)?;
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

    /// `a+b+c` nests to the left, one node an operator: long chains get a
    /// limit of their own, as evaluating them recurses.
    fn chain(&mut self) -> Result<(), Error> {
        self.links += 1;
        if self.links > self.room.links() { Err(Error::TooDeep) } else { Ok(()) }
    }

    /// The binary operator that is next. One that assigns is none.
    fn operator(&self) -> Option<(&'static [u8], u8, Both)> {
        let rest = self.rest();
        let found = *OPERATORS.iter().find(|(token, ..)| rest.starts_with(token))?;
        let assigns = rest.get(found.0.len()) == Some(&b'=')
            && !matches!(found.0, b"||" | b"&&" | b"==" | b"!=" | b"<=" | b">=");
        (!assigns).then_some(found)
    }

    /// Operands and the operators between them that bind as tightly as `least`.
    fn operation(&mut self, least: u8) -> Result<Expr, Error> {
        let mut left = self.unary()?;
        while let Some((token, level, both)) = self.operator().filter(|found| found.1 >= least) {
            self.chain()?;
            self.take(token);
            let right = if level == POWER {
                self.deeper(|p| p.operation(level))?
            } else {
                self.operation(level + 1)?
            };
            left = match both {
                Both::Or => Expr::Or(Box::new((left, right))),
                Both::And => Expr::And(Box::new((left, right))),
                // Sums of many numbers need no node for each.
                Both::Bin(op) => {
                    if level != POWER
                        && let (Expr::Num(a), Expr::Num(b)) = (&left, &right)
                        && let Ok(value) = binary(op, *a, *b)
                    {
                        self.links -= 1;
                        Expr::Num(value)
                    } else {
                        Expr::Binary(op, Box::new((left, right)))
                    }
                }
            };
        }
        Ok(left)
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
