//! expr: evaluate an expression. POSIX, with GNU's `match`, `substr`, `index`,
//! `length` and `+ WORD`. Numbers have 64 bits; what overflows is an error.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status};
use crate::regex::{Flags, Regex};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "expr",
    summary: "evaluate an expression",
    usage: "EXPRESSION\n\
            \x20 A | B, A & B              A if it is not 0 or empty, else B; A if both are\n\
            \x20 A < B  <= = == != >= >    by number if both are, else by text\n\
            \x20 A + B  - * / %            numbers\n\
            \x20 A : REGEX, match A REGEX  what \\(\\) matched, or how long the match is\n\
            \x20 substr A POS LENGTH, index A BYTES, length A, + WORD, ( A )",
    kind: Kind::NoFork, // computes and prints
    run,
};

/// Deeper parentheses are refused.
const DEEPEST: usize = 200;

enum Value {
    Number(i64),
    Text(Vec<u8>),
}

impl Value {
    fn text(bytes: &[u8]) -> Value {
        Value::Text(bytes.to_vec())
    }

    fn bytes(self) -> Vec<u8> {
        match self {
            Value::Number(number) => number.to_string().into_bytes(),
            Value::Text(text) => text,
        }
    }

    /// The number that it is or looks like.
    fn number(&self) -> Option<i64> {
        match self {
            Value::Number(number) => Some(*number),
            Value::Text(text) => {
                let digits = text.strip_prefix(b"-").unwrap_or(text);
                if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
                    return None;
                }
                std::str::from_utf8(text).ok()?.parse().ok()
            }
        }
    }

    /// 0, in any length, and nothing are false.
    fn is_true(&self) -> bool {
        match self {
            Value::Number(number) => *number != 0,
            Value::Text(text) => {
                let digits = text.strip_prefix(b"-").unwrap_or(text);
                !text.is_empty() && (digits.is_empty() || digits.iter().any(|b| *b != b'0'))
            }
        }
    }
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut words = cx.args;
    if let Some((first, rest)) = words.split_first()
        && first == "--"
    {
        words = rest;
    }
    if words.is_empty() {
        return Err(Error::usage("missing operand"));
    }
    let mut parser = Parser { words, depth: 0, dry: 0 };
    let value = parser.or()?;
    if let Some(word) = parser.words.first() {
        return Err(syntax(format_args!("unexpected argument '{}'", crate::applet::show(word))));
    }
    let status = Status::from_bool(value.is_true());
    let mut line = value.bytes();
    line.push(b'\n');
    // POSIX: more than 2 where something else than the expression is at fault
    cx.put(&line).and_then(|()| cx.flush()).map_err(|e| e.with(Status(3)))?;
    Ok(status)
}

fn syntax(what: impl std::fmt::Display) -> Error {
    Error::msg(format_args!("syntax error: {what}")).with(Status::USAGE)
}

fn fault(what: &str) -> Error {
    Error::msg(what).with(Status::USAGE)
}

struct Parser<'a> {
    words: &'a [OsString],
    depth: usize,
    /// In a part whose value does not count: nothing is computed.
    dry: usize,
}

impl Parser<'_> {
    /// Takes the next word if it is one of the list: its place there.
    fn eat(&mut self, list: &[&str]) -> Option<usize> {
        let (first, rest) = self.words.split_first()?;
        let at = list.iter().position(|word| first == word)?;
        self.words = rest;
        Some(at)
    }

    fn or(&mut self) -> Result<Value, Error> {
        let mut left = self.and()?;
        while self.eat(&["|"]).is_some() {
            let skip = usize::from(left.is_true());
            self.dry += skip;
            let right = self.and()?;
            self.dry -= skip;
            if !left.is_true() {
                left = if right.is_true() { right } else { Value::Number(0) };
            }
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Value, Error> {
        let mut left = self.comparison()?;
        while self.eat(&["&"]).is_some() {
            let skip = usize::from(!left.is_true());
            self.dry += skip;
            let right = self.comparison()?;
            self.dry -= skip;
            if !left.is_true() || !right.is_true() {
                left = Value::Number(0);
            }
        }
        Ok(left)
    }

    fn comparison(&mut self) -> Result<Value, Error> {
        let mut left = self.sum()?;
        while let Some(which) = self.eat(&["<", "<=", "=", "==", "!=", ">=", ">"]) {
            let right = self.sum()?;
            let order = match (left.number(), right.number()) {
                (Some(a), Some(b)) => a.cmp(&b),
                _ => left.bytes().cmp(&right.bytes()),
            };
            left = Value::Number(i64::from(match which {
                0 => order.is_lt(),
                1 => order.is_le(),
                2 | 3 => order.is_eq(),
                4 => order.is_ne(),
                5 => order.is_ge(),
                _ => order.is_gt(),
            }));
        }
        Ok(left)
    }

    fn sum(&mut self) -> Result<Value, Error> {
        let mut left = self.product()?;
        while let Some(which) = self.eat(&["+", "-"]) {
            let right = self.product()?;
            left = self.compute(b"+-".get(which).copied(), &left, &right)?;
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Value, Error> {
        let mut left = self.matching()?;
        while let Some(which) = self.eat(&["*", "/", "%"]) {
            let right = self.matching()?;
            left = self.compute(b"*/%".get(which).copied(), &left, &right)?;
        }
        Ok(left)
    }

    fn compute(&self, letter: Option<u8>, a: &Value, b: &Value) -> Result<Value, Error> {
        if self.dry > 0 {
            return Ok(Value::Number(0));
        }
        let (Some(a), Some(b)) = (a.number(), b.number()) else {
            return Err(fault("non-integer argument"));
        };
        let result = match letter {
            Some(b'+') => a.checked_add(b),
            Some(b'-') => a.checked_sub(b),
            Some(b'*') => a.checked_mul(b),
            _ if b == 0 => return Err(fault("division by zero")),
            Some(b'/') => a.checked_div(b),
            _ => Some(a.wrapping_rem(b)),
        };
        result.map(Value::Number).ok_or_else(|| fault("result is too large"))
    }

    fn matching(&mut self) -> Result<Value, Error> {
        let mut left = self.primary()?;
        while self.eat(&[":"]).is_some() {
            let right = self.primary()?;
            left = self.matched(left, right)?;
        }
        Ok(left)
    }

    fn matched(&self, text: Value, pattern: Value) -> Result<Value, Error> {
        if self.dry > 0 {
            return Ok(Value::Number(0));
        }
        let (text, pattern) = (text.bytes(), pattern.bytes());
        let regex = Regex::new(&pattern, Flags::BASIC).map_err(fault)?;
        let mut groups = [None; 10];
        // The leftmost match is at the start if there is one.
        let found = regex.captures(&text, 0, &mut groups)
            && groups.first().copied().flatten().is_some_and(|(start, _)| start == 0);
        let span = |at: usize| groups.get(at).copied().flatten().filter(|_| found);
        if regex.groups() > 0 {
            let part = span(1).and_then(|(start, end)| text.get(start..end));
            return Ok(Value::text(part.unwrap_or_default()));
        }
        Ok(Value::Number(span(0).map_or(0, |(_, end)| end as i64)))
    }

    fn primary(&mut self) -> Result<Value, Error> {
        let Some((first, rest)) = self.words.split_first() else {
            return Err(syntax("missing argument"));
        };
        self.words = rest;
        let word = first.as_bytes();
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(fault("nested too deep"));
        }
        let value = match word {
            b"(" => {
                let value = self.or()?;
                if self.eat(&[")"]).is_none() {
                    return Err(syntax("expecting ')'"));
                }
                value
            }
            b")" => return Err(syntax("unexpected ')'")),
            b"+" if !rest.is_empty() => {
                self.words = rest.get(1..).unwrap_or_default();
                Value::text(rest.first().map(|w| w.as_bytes()).unwrap_or_default())
            }
            b"length" if !rest.is_empty() => Value::Number(self.primary()?.bytes().len() as i64),
            b"match" if !rest.is_empty() => {
                let text = self.primary()?;
                let pattern = self.primary()?;
                self.matched(text, pattern)?
            }
            b"index" if !rest.is_empty() => {
                let text = self.primary()?.bytes();
                let set = self.primary()?.bytes();
                let at = text.iter().position(|b| set.contains(b));
                Value::Number(at.map_or(0, |at| at as i64 + 1))
            }
            b"substr" if !rest.is_empty() => {
                let text = self.primary()?.bytes();
                let start = self.primary()?.number().unwrap_or(0);
                let length = self.primary()?.number().unwrap_or(0);
                let place = |n: i64| usize::try_from(n).ok().map(|n| n.min(text.len()));
                let part = if start > 0 && length > 0 {
                    let from = place(start - 1);
                    let to = place((start - 1).saturating_add(length));
                    from.zip(to).and_then(|(from, to)| text.get(from..to))
                } else {
                    None
                };
                Value::text(part.unwrap_or_default())
            }
            word => Value::text(word),
        };
        self.depth -= 1;
        Ok(value)
    }
}
