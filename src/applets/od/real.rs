//! Floating-point numbers as od writes them.

use std::cmp::Ordering;

use crate::decimal::Decimal;
use crate::digits;
use crate::sys::float;

/// The shortest text that is this number again.
pub(super) fn put(out: &mut Vec<u8>, bits: u64, size: usize) {
    let value =
        if size == 4 { f64::from(f32::from_bits(bits as u32)) } else { f64::from_bits(bits) };
    let most = if size == 4 { 9 } else { 17 };
    let mut text = Vec::new();
    // Numbers near zero have fewer digits than others.
    let least = match size {
        _ if value == 0.0 => 1,
        4 if value.abs() < f64::from(f32::MIN_POSITIVE) => 1,
        4 => 6,
        _ if value.abs() < f64::MIN_POSITIVE => 1,
        _ => 15,
    };
    for precision in least..=most {
        text.clear();
        let style = float::Style { precision: Some(precision), ..float::Style::default() };
        float::format(&mut text, b'g', style, value);
        let back = float::whole(&text).unwrap_or(f64::NAN);
        if back == value || size == 4 && back as f32 == value as f32 || value.is_nan() {
            break;
        }
    }
    out.extend_from_slice(&text);
}

/// The digits that a number of 80 bits has at least and at most.
const DIGITS: std::ops::RangeInclusive<usize> = 18..=21;

/// The same for a number of 80 bits, as a processor of the x86 family has them:
/// sign and exponent in 16 bits, and 64 bits of which the first is not left out.
pub(super) fn put_long(out: &mut Vec<u8>, bits: u128) {
    let (exponent, fraction) = ((bits >> 64) as u16, bits as u64);
    let negative = exponent >> 15 == 1;
    let exponent = i64::from(exponent & 0x7fff);
    let special = match (exponent, fraction >> 63) {
        (0x7fff, 1) if fraction << 1 == 0 => Some(f64::INFINITY),
        (0x7fff, _) | (1.., 0) => Some(f64::NAN),
        _ if fraction == 0 => Some(0.0),
        _ => None,
    };
    if let Some(value) = special {
        return put(out, if negative { -value } else { value }.to_bits(), 8);
    }
    if negative {
        out.push(b'-');
    }
    // Subnormal numbers have fewer digits than others.
    let least = if exponent == 0 { 1 } else { *DIGITS.start() };
    let exponent = exponent.max(1) - 16383 - 63;
    // The number and the distance to the next, as whole numbers; `places` digits
    // of them are behind the point.
    let scale = if exponent < 0 { 5 } else { 2 };
    let (unit, cut) = power(scale, exponent.unsigned_abs());
    let value = Decimal::of(fraction).times(&unit, 0);
    let places = (-exponent).max(0) - cut;
    let mut text = Vec::new();
    value.write(&mut text, 10);
    let mut rounded = Rounded::default();
    for precision in least..=*DIGITS.end() {
        rounded = Rounded::of(&text, precision);
        let off = Decimal::parse(&rounded.whole(text.len()), 10).minus(&value);
        // Below a power of two numbers are twice as dense.
        let is_below = off.order(&Decimal::of(0)) == Ordering::Less;
        let factor = if is_below && fraction == 1 << 63 { 4 } else { 2 };
        let off = if is_below { off.negated() } else { off };
        match off.times(&Decimal::of(factor), 0).order(&unit) {
            Ordering::Less => break,
            Ordering::Equal if fraction % 2 == 0 => break,
            _ => {}
        }
    }
    let order = text.len() as i64 - places - 1 + i64::from(rounded.carried);
    rounded.write(out, order);
}

/// More digits of a power than this make no difference to those that are shown.
const KEPT: usize = 80;

/// The first digits of a power, and how many there are behind them.
fn power(base: u64, exponent: u64) -> (Decimal, i64) {
    let (mut value, mut cut) = (Decimal::of(1), 0);
    let mut text = Vec::new();
    for bit in (0..u64::BITS - exponent.leading_zeros()).rev() {
        value = value.times(&value, 0);
        cut *= 2;
        if exponent >> bit & 1 == 1 {
            value = value.times(&Decimal::of(base), 0);
        }
        text.clear();
        value.write(&mut text, 10);
        if text.len() > KEPT {
            cut += (text.len() - KEPT) as i64;
            text.truncate(KEPT);
            value = Decimal::parse(&text, 10);
        }
    }
    (value, cut)
}

/// The first digits of a number.
#[derive(Default)]
struct Rounded {
    digits: Vec<u8>,
    /// Whether the number has got one digit more.
    carried: bool,
}

impl Rounded {
    /// The nearest number with so many digits that are not 0; of two the even one.
    fn of(text: &[u8], precision: usize) -> Rounded {
        let (head, rest) = text.split_at_checked(precision).unwrap_or((text, b""));
        let mut digits = head.to_vec();
        digits.resize(precision, b'0');
        let odd = digits.last().is_some_and(|digit| digit % 2 == 1);
        let up = match rest.split_first() {
            Some((b'5', tail)) => odd || tail.iter().any(|digit| *digit != b'0'),
            Some((digit, _)) => *digit > b'5',
            None => false,
        };
        let mut carry = up;
        for digit in digits.iter_mut().rev() {
            if !carry {
                break;
            }
            carry = *digit == b'9';
            *digit = if carry { b'0' } else { *digit + 1 };
        }
        if carry {
            digits.insert(0, b'1');
            digits.truncate(precision);
        }
        Rounded { digits, carried: carry }
    }

    /// With zeros behind the digits, where the number had so many in all.
    fn whole(&self, length: usize) -> Vec<u8> {
        let mut text = self.digits.clone();
        text.resize(length + usize::from(self.carried), b'0');
        text
    }

    /// As `%g` has it; the first digit is worth 10 to the power of `order`.
    fn write(&self, out: &mut Vec<u8>, order: i64) {
        let precision = self.digits.len();
        let end = self.digits.iter().rposition(|digit| *digit != b'0').map_or(1, |at| at + 1);
        let digits = self.digits.get(..end).unwrap_or_default();
        let point = match usize::try_from(order) {
            Ok(order) if order < precision => order + 1,
            Err(_) if order >= -4 => {
                out.extend_from_slice(b"0.");
                out.extend((order + 1..0).map(|_| b'0'));
                out.extend_from_slice(digits);
                return;
            }
            _ => 1,
        };
        let (head, tail) = digits.split_at_checked(point).unwrap_or((digits, b""));
        out.extend_from_slice(head);
        out.extend((head.len()..point).map(|_| b'0'));
        if !tail.is_empty() {
            out.push(b'.');
            out.extend_from_slice(tail);
        }
        if !(0..precision as i64).contains(&order) {
            out.extend_from_slice(if order < 0 { b"e-" } else { b"e+" });
            digits::push(out, order.unsigned_abs(), 10, 2, false);
        }
    }
}
