//! Arithmetic expansion. POSIX.1-2024 XCU 2.6.4.
//!
//! Signed 64-bit numbers with C's operators, all of them, and C's precedence.
//! Overflow wraps. A variable whose value is not a number is evaluated as an
//! expression of its own, to a limited depth.

use std::fmt::{self, Display};

use super::ast::Name;

/// How deep expressions and variables that hold expressions may nest.
const DEPTH: u32 = 100;

/// An expression.
#[derive(Debug)]
pub enum Expr {
    /// A constant.
    Num(i64),
    /// A variable.
    Var(Name),
    /// The n-th `$parameter` of the text.
    Operand(u16),
    /// `-`, `+`, `~`, `!`
    Unary(u8, Box<Expr>),
    /// Two operands, both evaluated.
    Binary(Bin, Box<(Expr, Expr)>),
    /// `&&`
    And(Box<(Expr, Expr)>),
    /// `||`
    Or(Box<(Expr, Expr)>),
    /// `?:`
    Choice(Box<(Expr, Expr, Expr)>),
    /// `=`, `+=` and so on
    Assign(Option<Bin>, Name, Box<Expr>),
    /// `++x`, `x++`, `--x`, `x--`: by how much, and whether the new value is
    /// the result.
    Step(Name, i64, bool),
    /// `,`
    Comma(Box<(Expr, Expr)>),
}

/// Binary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Bin {
    Pow,
    Mul,
    Div,
    Rem,
    Add,
    Sub,
    Shl,
    Shr,
    Lt,
    Le,
    Gt,
    Ge,
    Eq,
    Ne,
    BitAnd,
    BitXor,
    BitOr,
}

/// Why there is no result.
#[derive(Debug, PartialEq, Eq)]
pub enum Error {
    /// The text is no expression; what is wrong with it.
    Syntax(String),
    /// Division by zero.
    ZeroDivision,
    /// A constant that does not fit 64 bits.
    TooLarge(String),
    /// Expressions in expressions in expressions.
    TooDeep,
    /// What the owner of the variables objects to.
    Scope(String),
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Syntax(what) => write!(f, "arithmetic syntax error: {what}"),
            Error::ZeroDivision => f.write_str("divide by zero"),
            Error::TooLarge(number) => write!(f, "{number}: number too large"),
            Error::TooDeep => f.write_str("arithmetic expression nests too deep"),
            Error::Scope(what) => f.write_str(what),
        }
    }
}

/// The variables of an expression.
pub trait Scope {
    /// The text of a variable into `text`; false when it is unset.
    fn get(&mut self, name: &Name, text: &mut Vec<u8>) -> Result<bool, Error>;
    /// Sets a variable.
    fn set(&mut self, name: &Name, value: i64) -> Result<(), Error>;
}

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
                    left = Expr::Binary(*op, Box::new((left, right)));
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
fn number(digits: &[u8]) -> Result<i64, Error> {
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

/// The value of a text that is a plain number with an optional sign and blanks
/// around; None when it must be parsed as an expression.
pub fn plain(text: &[u8]) -> Option<i64> {
    let text = text.trim_ascii();
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    if !digits.first()?.is_ascii_digit() {
        return None;
    }
    let value = number(digits).ok()?;
    Some(if negative { value.wrapping_neg() } else { value })
}

/// The value of an expression; `operands` are those of [`parse`].
pub fn eval(expr: &Expr, operands: &[i64], scope: &mut dyn Scope) -> Result<i64, Error> {
    Eval { operands, scope, depth: 0 }.expr(expr)
}

struct Eval<'a> {
    operands: &'a [i64],
    scope: &'a mut dyn Scope,
    depth: u32,
}

impl Eval<'_> {
    fn expr(&mut self, expr: &Expr) -> Result<i64, Error> {
        Ok(match expr {
            Expr::Num(n) => *n,
            Expr::Var(name) => self.variable(name)?,
            Expr::Operand(n) => self.operands.get(usize::from(*n)).copied().unwrap_or(0),
            Expr::Unary(op, operand) => {
                let value = self.expr(operand)?;
                match op {
                    b'-' => value.wrapping_neg(),
                    b'~' => !value,
                    b'!' => i64::from(value == 0),
                    _ => value,
                }
            }
            Expr::Binary(op, sides) => {
                let left = self.expr(&sides.0)?;
                let right = self.expr(&sides.1)?;
                binary(*op, left, right)?
            }
            Expr::And(sides) => i64::from(self.expr(&sides.0)? != 0 && self.expr(&sides.1)? != 0),
            Expr::Or(sides) => i64::from(self.expr(&sides.0)? != 0 || self.expr(&sides.1)? != 0),
            Expr::Choice(parts) => {
                if self.expr(&parts.0)? != 0 {
                    self.expr(&parts.1)?
                } else {
                    self.expr(&parts.2)?
                }
            }
            Expr::Assign(op, name, value) => {
                let value = match op {
                    None => self.expr(value)?,
                    Some(op) => {
                        let left = self.variable(name)?;
                        let right = self.expr(value)?;
                        binary(*op, left, right)?
                    }
                };
                self.scope.set(name, value)?;
                value
            }
            Expr::Step(name, by, new) => {
                let old = self.variable(name)?;
                let stepped = old.wrapping_add(*by);
                self.scope.set(name, stepped)?;
                if *new { stepped } else { old }
            }
            Expr::Comma(parts) => {
                self.expr(&parts.0)?;
                self.expr(&parts.1)?
            }
        })
    }

    fn variable(&mut self, name: &Name) -> Result<i64, Error> {
        let mut text = Vec::new();
        if !self.scope.get(name, &mut text)? || text.is_empty() {
            return Ok(0);
        }
        if let Some(value) = plain(&text) {
            return Ok(value);
        }
        if self.depth >= DEPTH / 4 {
            return Err(Error::TooDeep);
        }
        let inner = parse(&text, 0)?;
        self.depth += 1;
        let value = self.expr(&inner);
        self.depth -= 1;
        value
    }
}

fn power(mut base: i64, mut exponent: u64) -> i64 {
    let mut value = 1i64;
    while exponent > 0 {
        if exponent & 1 == 1 {
            value = value.wrapping_mul(base);
        }
        base = base.wrapping_mul(base);
        exponent >>= 1;
    }
    value
}

fn binary(op: Bin, a: i64, b: i64) -> Result<i64, Error> {
    // Shift counts are taken modulo 64, as the processor does.
    let count = (b & 63) as u32;
    Ok(match op {
        Bin::Pow if b < 0 => return Err(Error::Syntax("the exponent is negative".into())),
        Bin::Pow => power(a, b.cast_unsigned()),
        Bin::Mul => a.wrapping_mul(b),
        Bin::Div | Bin::Rem if b == 0 => return Err(Error::ZeroDivision),
        Bin::Div => a.wrapping_div(b),
        Bin::Rem => a.wrapping_rem(b),
        Bin::Add => a.wrapping_add(b),
        Bin::Sub => a.wrapping_sub(b),
        Bin::Shl => a.wrapping_shl(count),
        Bin::Shr => a.wrapping_shr(count),
        Bin::Lt => i64::from(a < b),
        Bin::Le => i64::from(a <= b),
        Bin::Gt => i64::from(a > b),
        Bin::Ge => i64::from(a >= b),
        Bin::Eq => i64::from(a == b),
        Bin::Ne => i64::from(a != b),
        Bin::BitAnd => a & b,
        Bin::BitXor => a ^ b,
        Bin::BitOr => a | b,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[derive(Default)]
    struct Map(BTreeMap<Vec<u8>, Vec<u8>>);

    impl Scope for Map {
        fn get(&mut self, name: &Name, text: &mut Vec<u8>) -> Result<bool, Error> {
            let value = self.0.get(&*name.text);
            text.extend_from_slice(value.map_or(b"", |v| v));
            Ok(value.is_some())
        }
        fn set(&mut self, name: &Name, value: i64) -> Result<(), Error> {
            self.0.insert(name.text.to_vec(), value.to_string().into_bytes());
            Ok(())
        }
    }

    fn ev(text: &str) -> Result<i64, Error> {
        let mut map = Map::default();
        map.0.insert(b"x".to_vec(), b"5".to_vec());
        map.0.insert(b"e".to_vec(), b"x + 1".to_vec());
        map.0.insert(b"loop".to_vec(), b"loop".to_vec());
        eval(&parse(text.as_bytes(), 0)?, &[], &mut map)
    }

    #[test]
    fn operators_and_precedence() {
        for (text, value) in [
            ("", 0),
            ("1+2*3", 7),
            ("(1+2)*3", 9),
            ("10-4-3", 3),
            ("2+3==5&&1", 1),
            ("1<<4|1", 17),
            ("7%4", 3),
            ("-7/2", -3),
            ("!0+!5", 1),
            ("~0", -1),
            ("1?2:3", 2),
            ("0?2:0?4:5", 5),
            ("1?x=2:5", 2),
            ("x", 5),
            ("x+=2,x", 7),
            ("x++ + x", 11),
            ("++x + x", 12),
            ("x--", 5),
            ("--1", 1),
            ("1 - -1", 2),
            ("e*2", 12),
            ("nothing", 0),
            ("010", 8),
            ("0x1F", 31),
            ("0", 0),
            ("5&3^1|8", 8),
            ("3>2>1", 0),
            ("1||(x=9),x", 5),
            ("x<<=2", 20),
            ("a=b=3", 3),
            ("9223372036854775807+1", i64::MIN),
            ("(0-9223372036854775807-1)/-1", i64::MIN),
        ] {
            assert_eq!(ev(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn errors_are_told_apart() {
        assert_eq!(ev("1/0"), Err(Error::ZeroDivision));
        assert_eq!(ev("1%0"), Err(Error::ZeroDivision));
        assert_eq!(ev("0&&1/0"), Ok(0));
        assert!(matches!(ev("1+"), Err(Error::Syntax(_))));
        assert!(matches!(ev("1 2"), Err(Error::Syntax(_))));
        assert!(matches!(ev("08"), Err(Error::Syntax(_))));
        assert!(matches!(ev("(1"), Err(Error::Syntax(_))));
        assert!(matches!(ev("3=4"), Err(Error::Syntax(_))));
        assert!(matches!(ev("1?2:x=3"), Err(Error::Syntax(_))));
        assert!(matches!(ev("99999999999999999999"), Err(Error::TooLarge(_))));
        assert_eq!(ev("loop"), Err(Error::TooDeep));
        assert_eq!(ev(&"(".repeat(10_000)), Err(Error::TooDeep));
        assert_eq!(ev(&"-".repeat(10_000)), Err(Error::TooDeep));
        assert_eq!(ev(&("1".to_string() + &"+1".repeat(10_000))), Err(Error::TooDeep));
    }

    #[test]
    fn operands() {
        let expr = parse(b"\x01 + \x01*2", 2).unwrap();
        assert_eq!(eval(&expr, &[3, 4], &mut Map::default()), Ok(11));
        assert!(parse(b"1\x01", 1).is_err());
        assert!(parse(b"\x01x", 1).is_err());
        assert!(parse(b"x\x01", 1).is_err());
        assert!(parse(b"\x01", 0).is_err());
    }
}
