//! Whole numbers as text without Rust's formatting machinery, for output that
//! is made of them: dumps, listings. Pure.

/// Appends `value` in base 8, 10 or 16 (with `upper` in capitals), with zeros to
/// the left up to `least` digits.
pub fn push(out: &mut Vec<u8>, value: u64, radix: u64, least: usize, upper: bool) {
    let letters: &[u8; 16] = if upper { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
    let mut buffer = [b'0'; 64];
    let mut at = buffer.len();
    let mut rest = value;
    let mut put = |at: &mut usize, digit: u64| {
        *at -= 1;
        if let (Some(place), Some(letter)) =
            (buffer.get_mut(*at), letters.get((digit & 15) as usize))
        {
            *place = *letter;
        }
    };
    // Constant divisors are shifts and multiplications.
    match radix {
        16 => loop {
            put(&mut at, rest & 15);
            rest >>= 4;
            if rest == 0 {
                break;
            }
        },
        8 => loop {
            put(&mut at, rest & 7);
            rest >>= 3;
            if rest == 0 {
                break;
            }
        },
        _ => loop {
            put(&mut at, rest % 10);
            rest /= 10;
            if rest == 0 {
                break;
            }
        },
    }
    let count = buffer.len() - at;
    if least > count {
        out.resize(out.len() + least - count, b'0');
    }
    out.extend_from_slice(buffer.get(at..).unwrap_or_default());
}

/// [`push`] of a decimal number that may be negative.
pub fn push_signed(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    push(out, value.unsigned_abs(), 10, 1, false);
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers() {
        let text = |value, radix, least| {
            let mut out = b">".to_vec();
            super::push(&mut out, value, radix, least, false);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text(0, 10, 1), ">0");
        assert_eq!(text(0, 8, 3), ">000");
        assert_eq!(text(u64::MAX, 10, 1), ">18446744073709551615");
        assert_eq!(text(u64::MAX, 8, 1), ">1777777777777777777777");
        assert_eq!(text(0xbeef, 16, 8), ">0000beef");
        assert_eq!(text(7, 10, 100).len(), 101);
        let mut out = Vec::new();
        super::push(&mut out, 0xbeef, 16, 1, true);
        super::push_signed(&mut out, i64::MIN);
        assert_eq!(out, b"BEEF-9223372036854775808");
    }
}
