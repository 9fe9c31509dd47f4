//! printf of awk.

use super::value::Value;
use crate::sys::float::{self, Style};

/// Appends `values` by `form`; `convert` is CONVFMT. What is missing is
/// nothing.
pub(super) fn format(out: &mut Vec<u8>, form: &[u8], values: &[Value], convert: &[u8]) {
    let mut values = values.iter();
    let mut next = || values.next().unwrap_or(&Value::Nothing);
    let mut at = 0;
    while let Some(&byte) = form.get(at) {
        at += 1;
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let start = at;
        let mut style = Style::default();
        let mut flags = 0;
        while let Some(flag) = form.get(at).filter(|b| b"-+ #0".contains(b)) {
            if let Some(place) = style.flags.get_mut(flags) {
                *place = *flag;
                flags += 1;
            }
            at += 1;
        }
        let mut left = style.flags.contains(&b'-');
        let mut counts = [None, None];
        for (number, count) in counts.iter_mut().enumerate() {
            if number == 1 {
                if form.get(at) != Some(&b'.') {
                    break;
                }
                at += 1;
                *count = Some(0i64);
            }
            if form.get(at) == Some(&b'*') {
                at += 1;
                *count = Some(next().number() as i64);
            } else {
                while let Some(digit) = form.get(at).filter(|b| b.is_ascii_digit()) {
                    let value = count.unwrap_or(0);
                    *count = Some((value * 10 + i64::from(digit - b'0')).min(60_000));
                    at += 1;
                }
            }
        }
        let [width, precision] = counts;
        let mut width = width.unwrap_or(0);
        if width < 0 {
            left = true;
            if let Some(place) = style.flags.get_mut(flags.min(4)) {
                *place = b'-';
            }
            width = width.saturating_neg();
        }
        let width = width.min(60_000) as usize;
        let precision = precision.filter(|p| *p >= 0).map(|p| p.min(60_000) as usize);
        while form.get(at).is_some_and(|b| b"hlLqjzt".contains(b)) {
            at += 1;
        }
        let Some(&letter) = form.get(at) else {
            out.extend_from_slice(form.get(start - 1..).unwrap_or_default());
            return;
        };
        at += 1;
        let mut text = Vec::new();
        match letter {
            b'%' => text.push(b'%'),
            b'c' => match next() {
                value @ Value::Number(_) => text.push((value.number() as i64 & 255) as u8),
                // of no byte a NUL is printed, as C does
                value => text.push(match value.as_number() {
                    Some(number) => (number as i64 & 255) as u8,
                    None => value.bytes(convert).first().copied().unwrap_or(0),
                }),
            },
            b's' => {
                next().write(&mut text, convert);
                text.truncate(precision.unwrap_or(usize::MAX));
            }
            b'd' | b'i' | b'o' | b'x' | b'X' | b'u' => {
                integer(&mut text, letter, next().number(), &style, width, precision);
            }
            b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'a' | b'A' => {
                style.width = width as u16;
                style.precision = precision.map(|p| p as u16);
                float::format(&mut text, letter, style, next().number());
            }
            _ => {
                out.extend_from_slice(form.get(start - 1..at).unwrap_or_default());
                continue;
            }
        }
        let blanks = width.saturating_sub(text.len());
        if !left {
            out.resize(out.len() + blanks, b' ');
        }
        out.extend_from_slice(&text);
        if left {
            out.resize(out.len() + blanks, b' ');
        }
    }
}

fn integer(
    out: &mut Vec<u8>,
    letter: u8,
    value: f64,
    style: &Style,
    width: usize,
    precision: Option<usize>,
) {
    let has = |flag: u8| style.flags.contains(&flag);
    if !value.is_finite() {
        return float::format(out, b'f', Style { precision: Some(0), ..Style::default() }, value);
    }
    let mut digits = Vec::new();
    let signed = matches!(letter, b'd' | b'i');
    if signed && value.abs() >= 9.2e18 {
        float::fixed(&mut digits, value.trunc().abs(), 0);
    } else {
        let whole = value as i64;
        let mut rest = if signed {
            whole.unsigned_abs()
        } else if value < 0.0 {
            whole as u64
        } else {
            value as u64
        };
        let base = match letter {
            b'o' => 8,
            b'x' | b'X' => 16,
            _ => 10,
        };
        while rest > 0 {
            let digit = (rest % base) as u8;
            digits.push(match digit {
                0..=9 => b'0' + digit,
                _ if letter == b'X' => b'A' + digit - 10,
                _ => b'a' + digit - 10,
            });
            rest /= base;
        }
        if digits.is_empty() && precision != Some(0) {
            digits.push(b'0');
        }
        digits.reverse();
    }
    let mut head: Vec<u8> = Vec::new();
    if signed {
        if value <= -1.0 {
            head.push(b'-');
        } else if has(b'+') {
            head.push(b'+');
        } else if has(b' ') {
            head.push(b' ');
        }
    } else if has(b'#') && value.trunc() != 0.0 {
        match letter {
            b'x' | b'X' => head.extend_from_slice(&[b'0', letter]),
            _ => {}
        }
    }
    let mut least = precision.unwrap_or(0);
    if has(b'0') && !has(b'-') && precision.is_none() {
        least = width.saturating_sub(head.len());
    }
    if letter == b'o' && has(b'#') && digits.first() != Some(&b'0') {
        least = least.max(digits.len() + 1);
    }
    out.extend_from_slice(&head);
    for _ in digits.len()..least {
        out.push(b'0');
    }
    out.extend_from_slice(&digits);
}
