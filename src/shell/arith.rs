//! Arithmetic expansion. POSIX.1-2024 XCU 2.6.4.
//!
//! Signed 64-bit numbers with C's operators, all of them: `expression` reads
//! them, this evaluates. Overflow wraps. A variable whose value is not a number
//! is an expression of its own, to a limited depth.

use std::fmt::{self, Display};

use super::ast::Name;
use super::expression::number;
pub use super::expression::{OPERAND, parse};
use super::room::Room;

/// How deep variables may nest that hold expressions.
const DEPTH: u32 = 1024;

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
pub fn eval(
    expr: &Expr,
    operands: &[i64],
    scope: &mut dyn Scope,
    room: Room,
) -> Result<i64, Error> {
    Eval { operands, scope, depth: 0, room }.expr(expr)
}

struct Eval<'a> {
    operands: &'a [i64],
    scope: &'a mut dyn Scope,
    depth: u32,
    room: Room,
}

impl Eval<'_> {
    fn expr(&mut self, expr: &Expr) -> Result<i64, Error> {
        if !self.room.is_left() {
            return Err(Error::TooDeep);
        }
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
        if self.depth >= DEPTH {
            return Err(Error::TooDeep);
        }
        let inner = parse(&text, 0, self.room)?;
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

pub(super) fn binary(op: Bin, a: i64, b: i64) -> Result<i64, Error> {
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
        let room = Room::of(256 << 10);
        eval(&parse(text.as_bytes(), 0, room)?, &[], &mut map, room)
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
        assert_eq!(ev(&("x".to_string() + &"+1".repeat(10_000))), Err(Error::TooDeep));
        assert_eq!(ev(&("1".to_string() + &"+1".repeat(10_000))), Ok(10_001));
    }

    #[test]
    fn operands() {
        let room = Room::of(256 << 10);
        let parse = |text: &[u8], operands| parse(text, operands, room);
        let expr = parse(b"\x01 + \x01*2", 2).unwrap();
        assert_eq!(eval(&expr, &[3, 4], &mut Map::default(), room), Ok(11));
        assert!(parse(b"1\x01", 1).is_err());
        assert!(parse(b"\x01x", 1).is_err());
        assert!(parse(b"x\x01", 1).is_err());
        assert!(parse(b"\x01", 0).is_err());
    }
}
