//! Floating-point numbers in decimal, by the C library: strtod(3) and
//! snprintf(3). Rust's own are some 20 KB of tables that nothing else needs.

/// The number that `text` begins with, in any form that strtod knows, and how
/// many bytes it is long, blanks before it included. 0 bytes: there is none.
#[inline(never)]
pub fn parse(text: &[u8]) -> (f64, usize) {
    // Only what can be part of a number is copied, as C wants a NUL behind it.
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || b"+-. \t\n\r\x0b\x0c()_".contains(b);
    let length = text.iter().position(|b| !is_part(b)).unwrap_or(text.len());
    let text = text.get(..length).unwrap_or_default();
    let mut short = [0u8; 64];
    let mut long = Vec::new();
    let copy: &mut [u8] = if length < short.len() {
        &mut short
    } else {
        long.resize(length + 1, 0);
        &mut long
    };
    if let Some(room) = copy.get_mut(..length) {
        room.copy_from_slice(text);
    }
    let start: *const libc::c_char = copy.as_ptr().cast();
    let mut end = std::ptr::null_mut();
    // SAFETY: the text ends in NUL, and `end` is a place for a pointer.
    let value = unsafe { libc::strtod(start, &raw mut end) };
    let used = end.addr().saturating_sub(start.addr());
    (value, used)
}

/// The number that all of `text` is, with blanks before it.
#[inline(never)]
pub fn whole(text: &[u8]) -> Option<f64> {
    let (value, used) = parse(text);
    (used > 0 && used == text.len()).then_some(value)
}

/// How a number is written: printf(3)'s conversion specification.
#[derive(Clone, Copy, Default)]
pub struct Style {
    /// Any of the flags `-+ #0`, in any order; other bytes are left out.
    pub flags: [u8; 5],
    /// At least so many bytes.
    pub width: u16,
    /// Digits behind the point, or significant ones; None is 6.
    pub precision: Option<u16>,
}

/// Appends `value` in the style of a conversion: one of `aAeEfFgG`, anything
/// else is `g`.
#[inline(never)]
pub fn format(out: &mut Vec<u8>, letter: u8, style: Style, value: f64) {
    let mut form = [0u8; 12];
    let letter = if b"aAeEfFgG".contains(&letter) { letter } else { b'g' };
    let flags = style.flags.into_iter().filter(|f| b"-+ #0".contains(f));
    let text = [b'%'].into_iter().chain(flags).chain([b'*', b'.', b'*', letter]);
    for (place, byte) in form.iter_mut().zip(text) {
        *place = byte;
    }
    let width = libc::c_int::from(style.width);
    let precision = style.precision.map_or(-1, libc::c_int::from);
    // 1e308 has 309 digits before the point.
    let room = 400 + usize::from(style.width) + usize::from(style.precision.unwrap_or(6));
    let before = out.len();
    out.resize(before + room, 0);
    let Some(place) = out.get_mut(before..) else { return };
    // SAFETY: the format ends in NUL (ten bytes at most are not) and asks for
    // two int and a double; no more than `room` bytes are written.
    let length = unsafe {
        libc::snprintf(
            place.as_mut_ptr().cast(),
            room,
            form.as_ptr().cast(),
            width,
            precision,
            value,
        )
    };
    let length = usize::try_from(length).unwrap_or(0).min(room);
    out.truncate(before + length);
}

/// Appends `value` with `digits` digits behind the point.
#[inline(never)]
pub fn fixed(out: &mut Vec<u8>, value: f64, digits: u16) {
    format(out, b'f', Style { precision: Some(digits), ..Style::default() }, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(letter: u8, flags: &[u8], width: u16, precision: Option<u16>, value: f64) -> String {
        let mut style = Style { width, precision, ..Style::default() };
        style.flags[..flags.len()].copy_from_slice(flags);
        let mut out = b">".to_vec();
        format(&mut out, letter, style, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_are_read() {
        assert_eq!(parse(b"1.5x"), (1.5, 3));
        assert_eq!(parse(b" -2e3"), (-2000.0, 5));
        assert_eq!(parse(b"0x10"), (16.0, 4));
        assert_eq!(parse(b"x"), (0.0, 0));
        assert_eq!(parse(b""), (0.0, 0));
        assert_eq!(whole(b"0.25"), Some(0.25));
        assert_eq!(whole(b"0.25s"), None);
        assert_eq!(whole(b""), None);
    }

    #[test]
    fn numbers_are_written() {
        assert_eq!(shown(b'f', b"", 0, None, 1.5), ">1.500000");
        assert_eq!(shown(b'e', b"+", 0, Some(2), 12345.678), ">+1.23e+04");
        assert_eq!(shown(b'g', b"", 8, None, 0.0001), ">  0.0001");
        assert_eq!(shown(b'f', b"-0", 6, Some(1), -1.25), ">-1.2  ");
        assert_eq!(shown(b'F', b"", 0, None, f64::INFINITY), ">INF");
        assert_eq!(shown(b'f', b"", 0, Some(0), f64::MAX).len(), 310);
        assert_eq!(shown(b'f', b"-+ #0", 2, Some(1), 0.0), ">+0.0");
        let mut out = Vec::new();
        fixed(&mut out, 2.0 / 3.0, 3);
        assert_eq!(out, b"0.667");
    }
}
