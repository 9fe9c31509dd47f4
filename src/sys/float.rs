//! Floating point numbers in text, by the C library: strtod(3), snprintf(3).
//!
//! The standard library's own conversions cost the program 10 KB of tables.

use std::ffi::CStr;

/// Reads a number at the start of `text`, as strtod(3) does in the C locale
/// (white space, sign, decimal or hexadecimal, `inf`, `nan`). Returns it and
/// how many bytes it takes; 0 bytes when there is none.
pub fn parse(text: &[u8]) -> (f64, usize) {
    // What can be part of a number is copied, as a string must end in NUL.
    let mut short = [0u8; 64];
    let length = text.iter().position(|b| !is_part(*b)).unwrap_or(text.len());
    let text = text.get(..length).unwrap_or_default();
    if let Some(room) = short.get_mut(..length)
        && length < 64
    {
        room.copy_from_slice(text);
        return strtod(&short);
    }
    let mut long = text.to_vec();
    long.push(0);
    strtod(&long)
}

/// White space, letters, digits and signs.
fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'+' | b'-' | b'.' | b' ' | b'\t'..=b'\r' | b'(' | b')' | b'_')
}

fn strtod(text: &[u8]) -> (f64, usize) {
    let Ok(text) = CStr::from_bytes_until_nul(text) else { return (0.0, 0) };
    let mut end = std::ptr::null_mut();
    // SAFETY: the text ends in NUL; `end` is set to a place in it.
    let value = unsafe { libc::strtod(text.as_ptr(), &raw mut end) };
    (value, (end as usize).saturating_sub(text.as_ptr() as usize))
}

/// The number that is all of `text`, spaces around it allowed.
pub fn parse_all(text: &[u8]) -> Option<f64> {
    let (value, length) = parse(text);
    let rest = text.get(length..)?;
    (length > 0 && rest.trim_ascii().is_empty()).then_some(value)
}

/// What stands around a number in text: the parts of printf's conversion.
#[derive(Clone, Copy)]
pub struct Format {
    /// `e f g a` or `E F G A`.
    pub letter: u8,
    /// Set of [`LEFT`], [`PLUS`], [`SPACE`], [`ALTERNATE`], [`ZERO`].
    pub flags: u8,
    /// The least width.
    pub width: usize,
    /// Digits behind the point, or of `g` in all; `None` for 6 (of `a` as many
    /// as are needed).
    pub precision: Option<usize>,
}

/// `-`: blanks go to the right.
pub const LEFT: u8 = 1;
/// `+`: a sign even of what is positive.
pub const PLUS: u8 = 2;
/// ` `: a blank where a minus would be.
pub const SPACE: u8 = 4;
/// `#`: always a point.
pub const ALTERNATE: u8 = 8;
/// `0`: zeros instead of blanks.
pub const ZERO: u8 = 16;

/// Widths and precisions above it are cut to it.
pub const MOST: usize = 1 << 20;

/// Appends `value` to `out` as printf(3) formats it.
pub fn format(out: &mut Vec<u8>, value: f64, format: &Format) {
    let mut text = [0u8; 16];
    let mut length = 0;
    let mut push = |byte: u8| {
        if let Some(room) = text.get_mut(length) {
            *room = byte;
            length += 1;
        }
    };
    push(b'%');
    for (bit, sign) in [(LEFT, b'-'), (PLUS, b'+'), (SPACE, b' '), (ALTERNATE, b'#'), (ZERO, b'0')]
    {
        if format.flags & bit != 0 {
            push(sign);
        }
    }
    for byte in *b"*.*" {
        push(byte);
    }
    push(match format.letter {
        letter @ (b'e' | b'f' | b'g' | b'a' | b'E' | b'F' | b'G' | b'A') => letter,
        _ => b'g',
    });
    let int = |n: usize| libc::c_int::try_from(n.min(MOST)).unwrap_or(0);
    let (width, precision) = (int(format.width), format.precision.map_or(-1, int));
    // A double has at most 309 digits before the point.
    let room = format.width.min(MOST).max(format.precision.unwrap_or(6).min(MOST) + 340);
    let mut short = [0u8; 512];
    let mut long = Vec::new();
    let buffer: &mut [u8] = if room < short.len() {
        &mut short
    } else {
        long.resize(room + 1, 0);
        &mut long
    };
    // SAFETY: the format, which ends in NUL as its array is longer, takes two
    // ints and a double; the buffer has the length given.
    let count = unsafe {
        libc::snprintf(
            buffer.as_mut_ptr().cast(),
            buffer.len(),
            text.as_ptr().cast(),
            width,
            precision,
            value,
        )
    };
    let count = usize::try_from(count).unwrap_or(0).min(buffer.len() - 1);
    out.extend_from_slice(buffer.get(..count).unwrap_or_default());
}

/// Appends `value` as `%.PRECISIONf` or another letter, without flags.
pub fn put(out: &mut Vec<u8>, value: f64, letter: u8, precision: usize) {
    format(out, value, &Format { letter, flags: 0, width: 0, precision: Some(precision) });
}

/// Functions of a number that the C library has.
#[derive(Clone, Copy)]
pub enum Function {
    /// sin(3).
    Sin,
    /// cos(3).
    Cos,
    /// exp(3).
    Exp,
    /// log(3).
    Log,
    /// sqrt(3).
    Sqrt,
}

/// The value of a function.
pub fn apply(function: Function, x: f64) -> f64 {
    match function {
        Function::Sin => x.sin(),
        Function::Cos => x.cos(),
        Function::Exp => x.exp(),
        Function::Log => x.ln(),
        Function::Sqrt => x.sqrt(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: f64, letter: u8, flags: u8, width: usize, precision: Option<usize>) -> String {
        let mut out = Vec::new();
        format(&mut out, value, &Format { letter, flags, width, precision });
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_are_read() {
        assert_eq!(parse(b"12.5e1x"), (125.0, 6));
        assert_eq!(parse(b"  -3 4"), (-3.0, 4));
        assert_eq!(parse(b"0x1F"), (31.0, 4));
        assert_eq!(parse(b"x"), (0.0, 0));
        assert_eq!(parse(b""), (0.0, 0));
        assert_eq!(parse(b"1\02"), (1.0, 1));
        let long = [b'1'; 100];
        assert_eq!(parse(&long).1, 100);
        assert_eq!(parse_all(b" 1.5 "), Some(1.5));
        assert_eq!(parse_all(b"1.5 x"), None);
        assert_eq!(parse_all(b""), None);
    }

    #[test]
    fn numbers_are_written() {
        assert_eq!(shown(3.14159, b'f', 0, 0, Some(2)), "3.14");
        assert_eq!(shown(3.0, b'g', 0, 0, None), "3");
        assert_eq!(shown(1e10, b'g', 0, 0, None), "1e+10");
        assert_eq!(shown(1.5, b'e', PLUS | ZERO, 14, Some(3)), "+00001.500e+00");
        assert_eq!(shown(1.5, b'f', LEFT, 8, Some(1)), "1.5     ");
        assert_eq!(shown(-0.0, b'f', 0, 0, Some(0)), "-0");
        assert_eq!(shown(1e300, b'f', 0, 0, Some(0)).len(), 301);
        assert_eq!(shown(1.0, b'f', 0, 0, Some(600)).len(), 602);
        assert_eq!(shown(1.0, b'g', ALTERNATE, 0, Some(3)), "1.00");
        assert_eq!(shown(10.0, b'a', 0, 0, None), "0x1.4p+3");
        assert_eq!(shown(f64::INFINITY, b'f', 0, 5, None), "  inf");
    }
}
