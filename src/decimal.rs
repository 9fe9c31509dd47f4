//! Decimal numbers of any length, for bc and dc: a whole number and how many
//! of its digits are behind the point. Rules of precision are POSIX bc's.

use std::cmp::Ordering;

/// A number.
#[derive(Clone, Default)]
pub struct Decimal {
    /// Below zero; zero never is.
    pub negative: bool,
    /// Digits, the lowest first, no zeros at the top.
    digits: Vec<u8>,
    /// How many of them are behind the point.
    pub scale: usize,
}

/// More digits are not computed.
pub const MOST: usize = 1 << 20;

fn trim(digits: &mut Vec<u8>) {
    while digits.last() == Some(&0) {
        digits.pop();
    }
}

fn compare(a: &[u8], b: &[u8]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.iter().rev().cmp(b.iter().rev()))
}

fn add(a: &[u8], b: &[u8]) -> Vec<u8> {
    let (a, b) = if a.len() < b.len() { (b, a) } else { (a, b) };
    let mut sum = a.to_vec();
    let mut carry = 0;
    for (at, digit) in sum.iter_mut().enumerate() {
        let more = b.get(at).copied().unwrap_or(0);
        let value = *digit + more + carry;
        carry = u8::from(value > 9);
        *digit = value - carry * 10;
    }
    if carry > 0 {
        sum.push(1);
    }
    sum
}

/// `a - b`, where `b` is not greater.
fn subtract(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut rest = a.to_vec();
    let mut borrow = 0;
    for (at, digit) in rest.iter_mut().enumerate() {
        let less = b.get(at).copied().unwrap_or(0) + borrow;
        borrow = u8::from(*digit < less);
        *digit = *digit + borrow * 10 - less;
    }
    trim(&mut rest);
    rest
}

fn multiply(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut sums = vec![0u32; a.len() + b.len()];
    for (at, &x) in a.iter().enumerate() {
        if x == 0 {
            continue;
        }
        if let Some(row) = sums.get_mut(at..) {
            for (sum, &y) in row.iter_mut().zip(b) {
                *sum += u32::from(x) * u32::from(y);
            }
        }
        // 81 a row: long before they overflow they are carried
        if at % (1 << 24) == (1 << 24) - 1 {
            carry(&mut sums);
        }
    }
    carry(&mut sums);
    let mut digits: Vec<u8> = sums.iter().map(|d| *d as u8).collect();
    trim(&mut digits);
    digits
}

fn carry(sums: &mut [u32]) {
    let mut over = 0;
    for sum in sums {
        *sum += over;
        over = *sum / 10;
        *sum %= 10;
    }
}

/// The whole quotient and what is left; `b` is not zero.
fn divide(a: &[u8], b: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut quotient = vec![0u8; a.len()];
    // The rest, highest digit first, would be moved at each step: it is kept
    // in place at the top of a copy instead.
    let mut rest = a.to_vec();
    rest.push(0);
    let length = b.len();
    for at in (0..(a.len() + 1).saturating_sub(length)).rev() {
        let mut times = 0;
        while let Some(window) = rest.get_mut(at..=at + length) {
            let top = window.iter().rev();
            let other = std::iter::once(&0).chain(b.iter().rev());
            if top.cmp(other) == Ordering::Less {
                break;
            }
            let mut borrow = 0;
            for (digit, less) in window.iter_mut().zip(b.iter().chain(std::iter::once(&0))) {
                let less = less + borrow;
                borrow = u8::from(*digit < less);
                *digit = *digit + borrow * 10 - less;
            }
            times += 1;
        }
        if let Some(place) = quotient.get_mut(at) {
            *place = times;
        }
    }
    trim(&mut quotient);
    trim(&mut rest);
    (quotient, rest)
}

/// Times ten to the power of `count`; below zero digits are cut off.
fn shift(digits: &[u8], count: isize) -> Vec<u8> {
    let mut out = Vec::new();
    if digits.is_empty() {
        return out;
    }
    match usize::try_from(count) {
        Ok(more) => {
            out.resize(more, 0);
            out.extend_from_slice(digits);
        }
        Err(_) => {
            out.extend_from_slice(digits.get(count.unsigned_abs()..).unwrap_or_default());
        }
    }
    out
}

impl Decimal {
    fn new(negative: bool, mut digits: Vec<u8>, scale: usize) -> Decimal {
        trim(&mut digits);
        Decimal { negative: negative && !digits.is_empty(), digits, scale }
    }

    /// A whole number.
    pub fn of(value: u64) -> Decimal {
        let mut digits = Vec::new();
        let mut rest = value;
        while rest > 0 {
            digits.push((rest % 10) as u8);
            rest /= 10;
        }
        Decimal::new(false, digits, 0)
    }

    /// Reads digits and a point in a base up to 36; letters above it count as
    /// its highest digit where there are several, as in bc.
    pub fn parse(text: &[u8], base: u64) -> Decimal {
        let mut parts = text.splitn(2, |b| *b == b'.');
        let whole = parts.next().unwrap_or_default();
        let fraction = parts.next().unwrap_or_default();
        let single = whole.len() + fraction.len() == 1;
        let value = |byte: u8| -> u64 {
            let digit = match byte {
                b'0'..=b'9' => u64::from(byte - b'0'),
                byte => u64::from(byte.to_ascii_uppercase().saturating_sub(b'A')) + 10,
            };
            if single { digit } else { digit.min(base - 1) }
        };
        if base == 10 {
            let digits = whole.iter().chain(fraction).rev().map(|b| value(*b) as u8);
            if single {
                return Decimal::of(text.iter().filter(|b| **b != b'.').map(|b| value(*b)).sum())
                    .scaled(fraction.len());
            }
            return Decimal::new(false, digits.collect(), fraction.len());
        }
        let base = Decimal::of(base);
        let mut sum = Decimal::default();
        for byte in whole {
            sum = sum.times(&base, 0).plus(&Decimal::of(value(*byte)));
        }
        if !fraction.is_empty() {
            let mut part = Decimal::default();
            let mut unit = Decimal::of(1);
            for byte in fraction {
                part = part.times(&base, 0).plus(&Decimal::of(value(*byte)));
                unit = unit.times(&base, 0);
            }
            if let Some(part) = part.over(&unit, fraction.len()) {
                sum = sum.plus(&part);
            }
        }
        sum
    }

    /// The same digits with so many of them behind the point.
    fn scaled(self, scale: usize) -> Decimal {
        Decimal { scale, ..self }
    }

    /// The value with so many digits behind the point, cut off or filled up.
    #[must_use]
    pub fn cut(&self, scale: usize) -> Decimal {
        let digits = shift(&self.digits, scale as isize - self.scale as isize);
        Decimal::new(self.negative, digits, scale)
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    /// How many digits it has, zeros before the first one not counted.
    pub fn length(&self) -> usize {
        self.digits.len().max(self.scale).max(1)
    }

    /// The whole part, when it fits.
    pub fn whole(&self) -> Option<i64> {
        let mut value = 0i64;
        for digit in self.digits.get(self.scale..).unwrap_or_default().iter().rev() {
            value = value.checked_mul(10)?.checked_add(i64::from(*digit))?;
        }
        Some(if self.negative { -value } else { value })
    }

    /// The other sign.
    #[must_use]
    pub fn negated(&self) -> Decimal {
        Decimal::new(!self.negative, self.digits.clone(), self.scale)
    }

    /// Both with as many digits behind the point.
    fn aligned(&self, other: &Decimal) -> (Vec<u8>, Vec<u8>, usize) {
        let scale = self.scale.max(other.scale);
        let grow = |d: &Decimal| shift(&d.digits, (scale - d.scale) as isize);
        (grow(self), grow(other), scale)
    }

    /// Which is greater.
    pub fn order(&self, other: &Decimal) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => return Ordering::Greater,
            (true, false) => return Ordering::Less,
            _ => {}
        }
        let (a, b, _) = self.aligned(other);
        let order = compare(&a, &b);
        if self.negative { order.reverse() } else { order }
    }

    /// The sum.
    #[must_use]
    pub fn plus(&self, other: &Decimal) -> Decimal {
        let (a, b, scale) = self.aligned(other);
        if self.negative == other.negative {
            return Decimal::new(self.negative, add(&a, &b), scale);
        }
        if compare(&a, &b) == Ordering::Less {
            return Decimal::new(other.negative, subtract(&b, &a), scale);
        }
        Decimal::new(self.negative, subtract(&a, &b), scale)
    }

    /// The difference.
    #[must_use]
    pub fn minus(&self, other: &Decimal) -> Decimal {
        self.plus(&other.negated())
    }

    /// The product, with as many digits as POSIX says for a scale.
    #[must_use]
    pub fn times(&self, other: &Decimal, scale: usize) -> Decimal {
        let full = self.scale + other.scale;
        let product = multiply(&self.digits, &other.digits);
        let kept = full.min(scale.max(self.scale).max(other.scale));
        Decimal::new(self.negative != other.negative, product, full).cut(kept)
    }

    /// The quotient with so many digits behind the point. Nothing for a
    /// division by zero.
    pub fn over(&self, other: &Decimal, scale: usize) -> Option<Decimal> {
        if other.is_zero() {
            return None;
        }
        let more = scale as isize + other.scale as isize - self.scale as isize;
        let (quotient, _) = divide(&shift(&self.digits, more), &other.digits);
        Some(Decimal::new(self.negative != other.negative, quotient, scale))
    }

    /// What a division with that scale leaves.
    pub fn modulo(&self, other: &Decimal, scale: usize) -> Option<Decimal> {
        let quotient = self.over(other, scale)?;
        let full = self.scale.max(other.scale + scale);
        let product = quotient.times(other, quotient.scale + other.scale);
        Some(self.minus(&product).cut(full))
    }

    /// To a whole power. Nothing when that is a division by zero or too long.
    pub fn power(&self, exponent: i64, scale: usize) -> Option<Decimal> {
        let count = usize::try_from(exponent.unsigned_abs()).ok()?;
        if self.digits.len() > 1 && self.digits.len().saturating_mul(count) > MOST {
            return None;
        }
        let kept = if exponent < 0 {
            scale
        } else {
            self.scale.saturating_mul(count).min(scale.max(self.scale))
        };
        let mut result = Decimal::of(1);
        let mut square = self.clone();
        let mut rest = count;
        while rest > 0 {
            if rest & 1 == 1 {
                result = result.times(&square, result.scale + square.scale);
            }
            rest >>= 1;
            if rest > 0 {
                square = square.times(&square, square.scale * 2);
            }
        }
        if exponent < 0 { Decimal::of(1).over(&result, scale) } else { Some(result.cut(kept)) }
    }

    /// The square root. Nothing for what is below zero.
    pub fn root(&self, scale: usize) -> Option<Decimal> {
        if self.negative {
            return None;
        }
        let scale = scale.max(self.scale);
        let square = shift(&self.digits, (scale * 2 - self.scale) as isize);
        if square.is_empty() {
            return Some(Decimal::new(false, square, scale));
        }
        // Newton's way, from above: a power of ten that is not too small.
        let mut guess = shift(&[1], square.len().div_ceil(2) as isize);
        loop {
            let (quotient, _) = divide(&square, &guess);
            let (next, _) = divide(&add(&guess, &quotient), &[2]);
            if compare(&next, &guess) != Ordering::Less {
                break;
            }
            guess = next;
        }
        Some(Decimal::new(false, guess, scale))
    }

    /// Appends it in a base, as bc prints it: no zero before the point, and
    /// digits of bases above 16 as numbers with blanks.
    pub fn write(&self, out: &mut Vec<u8>, base: u64) {
        if self.is_zero() {
            out.push(b'0');
            return;
        }
        if self.negative {
            out.push(b'-');
        }
        let whole = self.digits.get(self.scale..).unwrap_or_default();
        if base == 10 {
            out.extend(whole.iter().rev().map(|d| b'0' + d));
            if self.scale > 0 {
                out.push(b'.');
                for at in (0..self.scale).rev() {
                    out.push(b'0' + self.digits.get(at).copied().unwrap_or(0));
                }
            }
            return;
        }
        let wide = (base - 1).to_string().len();
        let put = |out: &mut Vec<u8>, digit: u64| {
            if base > 16 {
                let text = format!(" {digit:0wide$}");
                out.extend_from_slice(text.as_bytes());
            } else {
                out.push(b"0123456789ABCDEF".get(digit as usize).copied().unwrap_or(b'?'));
            }
        };
        let divisor = Decimal::of(base);
        let mut rest = whole.to_vec();
        let mut places = Vec::new();
        while !rest.is_empty() {
            let (quotient, digit) = divide(&rest, &divisor.digits);
            places.push(Decimal::new(false, digit, 0).whole().unwrap_or(0).unsigned_abs());
            rest = quotient;
        }
        for digit in places.iter().rev() {
            put(out, *digit);
        }
        if self.scale > 0 {
            out.push(b'.');
            let fraction = self.digits.get(..self.scale.min(self.digits.len()));
            let mut part = Decimal::new(false, fraction.unwrap_or_default().to_vec(), self.scale);
            let mut unit = Decimal::of(1);
            let mut first = true;
            while unit.digits.len() <= self.scale {
                part = part.times(&divisor, part.scale);
                let digit = part.whole().unwrap_or(0).unsigned_abs();
                if base > 16 && first {
                    // no blank behind the point
                    let text = format!("{digit:0wide$}");
                    out.extend_from_slice(text.as_bytes());
                } else {
                    put(out, digit);
                }
                first = false;
                part = part.minus(&Decimal::of(digit));
                unit = unit.times(&divisor, 0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        match text.strip_prefix('-') {
            Some(text) => Decimal::parse(text.as_bytes(), 10).negated(),
            None => Decimal::parse(text.as_bytes(), 10),
        }
    }

    fn shown(number: &Decimal) -> String {
        let mut out = Vec::new();
        number.write(&mut out, 10);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn arithmetic() {
        assert_eq!(shown(&number("1.5").plus(&number("2.75"))), "4.25");
        assert_eq!(shown(&number("1").minus(&number("2.5"))), "-1.5");
        assert_eq!(shown(&number("-3").times(&number("0.5"), 0)), "-1.5");
        assert_eq!(shown(&number("1").over(&number("3"), 5).unwrap()), ".33333");
        assert_eq!(shown(&number("1000").over(&number("8"), 0).unwrap()), "125");
        assert_eq!(shown(&number("10").modulo(&number("3"), 2).unwrap()), ".01");
        assert_eq!(shown(&number("-10").modulo(&number("3"), 0).unwrap()), "-1");
        assert_eq!(shown(&number("2").power(100, 0).unwrap()), "1267650600228229401496703205376");
        assert_eq!(shown(&number("2").power(-2, 3).unwrap()), ".250");
        assert_eq!(shown(&number("2").root(20).unwrap()), "1.41421356237309504880");
        assert!(number("1").over(&number("0"), 0).is_none());
        assert!(number("-1").root(0).is_none());
        assert!(number("99").power(1 << 40, 0).is_none());
    }

    #[test]
    fn bases() {
        let mut out = Vec::new();
        Decimal::parse(b"FF.8", 16).write(&mut out, 10);
        out.push(b' ');
        number("255").write(&mut out, 16);
        out.push(b' ');
        number("5.5").write(&mut out, 2);
        out.push(b' ');
        number("399").write(&mut out, 20);
        assert_eq!(out, b"255.5 FF 101.1000  19 19");
    }
}
