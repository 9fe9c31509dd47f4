//! Numbers in text, as awk sees them: decimal only.

use crate::sys::float;

/// Powers of ten that are exact.
const TENS: [f64; 16] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

fn is_blank(byte: u8) -> bool {
    byte == b' ' || matches!(byte, 9..=13)
}

/// The number that `text` begins with, blanks before it allowed, and how long
/// it is with them; (0, 0) when there is none.
pub fn parse(text: &[u8]) -> (f64, usize) {
    let start = text.iter().position(|b| !is_blank(*b)).unwrap_or(text.len());
    let mut at = start;
    let peek = |at: usize| text.get(at).copied().unwrap_or(0);
    let negative = peek(at) == b'-';
    if negative || peek(at) == b'+' {
        at += 1;
    }
    let mut digits = 0usize;
    let mut value = 0u64;
    let mut fraction = 0usize;
    let mut pointed = false;
    loop {
        let byte = peek(at);
        if byte.is_ascii_digit() {
            value = value.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
            digits += 1;
            fraction += usize::from(pointed);
        } else if byte == b'.' && !pointed {
            pointed = true;
        } else {
            break;
        }
        at += 1;
    }
    if digits == 0 {
        return (0.0, 0);
    }
    let mut exponent = false;
    if matches!(peek(at), b'e' | b'E') {
        let mut ahead = at + 1;
        if matches!(peek(ahead), b'+' | b'-') {
            ahead += 1;
        }
        if peek(ahead).is_ascii_digit() {
            exponent = true;
            while peek(ahead).is_ascii_digit() {
                ahead += 1;
            }
            at = ahead;
        }
    }
    // Both parts are exact, and so their quotient is rounded once.
    if let Some(tens) = TENS.get(fraction)
        && digits <= 15
        && !exponent
    {
        let value = value as f64 / tens;
        return (if negative { -value } else { value }, at);
    }
    (float::parse(text.get(start..at).unwrap_or_default()).0, at)
}

/// The number that text from outside is as a whole, blanks around it allowed.
pub fn whole(text: &[u8]) -> Option<f64> {
    let (value, length) = parse(text);
    let rest = text.get(length..).unwrap_or_default();
    (length > 0 && rest.iter().all(|b| is_blank(*b))).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(parse(b"12abc"), (12.0, 2));
        assert_eq!(parse(b" -1.5e3x"), (-1500.0, 7));
        assert_eq!(parse(b".5."), (0.5, 2));
        assert_eq!(parse(b"1e"), (1.0, 1));
        assert_eq!(parse(b"0x10"), (0.0, 1));
        assert_eq!(parse(b"+"), (0.0, 0));
        assert_eq!(parse(b"123456789012345678901"), (123456789012345680000.0, 21));
        assert_eq!(whole(b" 3 "), Some(3.0));
        assert_eq!(whole(b"3x"), None);
        assert_eq!(whole(b"inf"), None);
        assert_eq!(whole(b""), None);
    }
}
