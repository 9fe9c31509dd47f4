//! The `%` directives of stat and of find's -printf: flags, width and
//! precision, as printf(3) takes them.

/// What stands between the `%` and the letter.
#[derive(Clone, Copy, Default)]
pub struct Directive {
    left: bool,
    plus: bool,
    space: bool,
    zero: bool,
    alternate: bool,
    width: usize,
    /// Behind the dot; a dot alone counts as 9 of seconds' digits and 0 else.
    pub precision: Option<usize>,
    /// Whether there is a dot with nothing behind it.
    pub bare_dot: bool,
}

/// The widest field.
const WIDEST: usize = 1 << 16;

impl Directive {
    /// Takes flags, width and precision off the front of `text`.
    pub fn take(text: &[u8]) -> (Directive, &[u8]) {
        let mut d = Directive::default();
        let mut rest = text;
        while let Some((flag, behind)) = rest.split_first() {
            match flag {
                b'-' => d.left = true,
                b'+' => d.plus = true,
                b' ' => d.space = true,
                b'0' => d.zero = true,
                b'#' => d.alternate = true,
                b'\'' => {}
                _ => break,
            }
            rest = behind;
        }
        (d.width, rest) = number(rest);
        if let Some(behind) = rest.strip_prefix(b".") {
            let (precision, after) = number(behind);
            d.bare_dot = after.len() == behind.len();
            d.precision = Some(precision);
            rest = after;
        }
        (d, rest)
    }

    /// Appends text, cut to the precision.
    pub fn text(&self, out: &mut Vec<u8>, text: &[u8]) {
        let kept = self.precision.unwrap_or(text.len()).min(text.len());
        self.pad(out, b"", text.get(..kept).unwrap_or_default(), false);
    }

    /// Appends a number to the base 8, 10 or 16.
    pub fn unsigned(&self, out: &mut Vec<u8>, number: u64, base: u64) {
        let digits = digits(number, base);
        let prefix: &[u8] = match base {
            16 if self.alternate && number != 0 => b"0x",
            8 if self.alternate && digits.first() != Some(&b'0') => b"0",
            _ => b"",
        };
        self.number(out, prefix, digits);
    }

    /// Appends a decimal number.
    pub fn signed(&self, out: &mut Vec<u8>, number: i64) {
        let sign: &[u8] = match number {
            ..0 => b"-",
            _ if self.plus => b"+",
            _ if self.space => b" ",
            _ => b"",
        };
        self.number(out, sign, digits(number.unsigned_abs(), 10));
    }

    /// Appends seconds, with as many digits of the nanoseconds as the precision
    /// says.
    pub fn seconds(&self, out: &mut Vec<u8>, seconds: i64, nanos: i64) {
        let mut whole = *self;
        let precision = whole.precision.take();
        let Some(precision) = precision else { return whole.signed(out, seconds) };
        let precision = if self.bare_dot { 9 } else { precision.min(WIDEST) };
        // seconds before 1970 count down while nanoseconds count up
        let borrow = seconds < 0 && nanos > 0;
        let (seconds, nanos) =
            if borrow { (seconds + 1, 1_000_000_000 - nanos) } else { (seconds, nanos) };
        let mut text = digits(seconds.unsigned_abs(), 10);
        if precision > 0 {
            text.push(b'.');
            let fraction = format!("{nanos:09}").into_bytes();
            text.extend(fraction.iter().copied().chain(std::iter::repeat(b'0')).take(precision));
        }
        let sign: &[u8] = if borrow || seconds < 0 { b"-" } else { b"" };
        whole.pad(out, sign, &text, whole.zero);
    }

    fn number(&self, out: &mut Vec<u8>, prefix: &[u8], digits: Vec<u8>) {
        let mut text = Vec::new();
        text.resize(self.precision.unwrap_or(0).min(WIDEST).saturating_sub(digits.len()), b'0');
        text.extend_from_slice(&digits);
        self.pad(out, prefix, &text, self.zero && self.precision.is_none());
    }

    fn pad(&self, out: &mut Vec<u8>, prefix: &[u8], text: &[u8], zeros: bool) {
        let blank = self.width.min(WIDEST).saturating_sub(prefix.len() + text.len());
        let fill = |out: &mut Vec<u8>, byte| out.resize(out.len() + blank, byte);
        if !self.left && !zeros {
            fill(out, b' ');
        }
        out.extend_from_slice(prefix);
        if !self.left && zeros {
            fill(out, b'0');
        }
        out.extend_from_slice(text);
        if self.left {
            fill(out, b' ');
        }
    }
}

fn number(text: &[u8]) -> (usize, &[u8]) {
    let mut number: usize = 0;
    let mut rest = text;
    while let Some((digit @ b'0'..=b'9', behind)) = rest.split_first() {
        number = number.saturating_mul(10).saturating_add(usize::from(digit - b'0'));
        rest = behind;
    }
    (number, rest)
}

fn digits(number: u64, base: u64) -> Vec<u8> {
    let mut text = Vec::new();
    crate::digits::push(&mut text, number, base, 1, false);
    text
}

/// Takes an escape off the front of `text`, which is what is behind a
/// backslash: `n`, `t`, octal `101`, and with `hex` also `x41`. An unknown one
/// stands for itself with its backslash.
pub fn escape<'a>(out: &mut Vec<u8>, text: &'a [u8], hex: bool) -> &'a [u8] {
    let Some((&letter, rest)) = text.split_first() else {
        out.push(b'\\');
        return text;
    };
    let (base, most, from) = match letter {
        b'0'..=b'7' => (8, 3, text),
        b'x' if hex && rest.first().is_some_and(u8::is_ascii_hexdigit) => (16, 2, rest),
        _ => {
            match letter {
                b'a' => out.push(7),
                b'b' => out.push(8),
                b'e' if hex => out.push(27),
                b'f' => out.push(12),
                b'n' => out.push(b'\n'),
                b'r' => out.push(b'\r'),
                b't' => out.push(b'\t'),
                b'v' => out.push(11),
                b'\\' => out.push(b'\\'),
                b'"' if hex => out.push(b'"'),
                other => out.extend_from_slice(&[b'\\', other]),
            }
            return rest;
        }
    };
    let mut value: u32 = 0;
    let mut rest = from;
    for _ in 0..most {
        let Some((&digit, behind)) = rest.split_first() else { break };
        let Some(digit) = char::from(digit).to_digit(base) else { break };
        value = value * base + digit;
        rest = behind;
    }
    out.push((value & 0xff) as u8);
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(spec: &str, act: impl Fn(&Directive, &mut Vec<u8>)) -> String {
        let (d, rest) = Directive::take(spec.as_bytes());
        assert!(rest.is_empty(), "{spec}");
        let mut out = Vec::new();
        act(&d, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn directives() {
        assert_eq!(with("5", |d, o| d.text(o, b"ab")), "   ab");
        assert_eq!(with("-5", |d, o| d.text(o, b"ab")), "ab   ");
        assert_eq!(with(".1", |d, o| d.text(o, b"ab")), "a");
        assert_eq!(with("05", |d, o| d.signed(o, -7)), "-0007");
        assert_eq!(with("#", |d, o| d.unsigned(o, 0o755, 8)), "0755");
        assert_eq!(with("#", |d, o| d.unsigned(o, 255, 16)), "0xff");
        assert_eq!(with("+.3", |d, o| d.signed(o, 7)), "+007");
        assert_eq!(with("", |d, o| d.seconds(o, 12, 5)), "12");
        assert_eq!(with(".3", |d, o| d.seconds(o, 12, 987_654_321)), "12.987");
        assert_eq!(with(".", |d, o| d.seconds(o, 12, 5)), "12.000000005");
        assert_eq!(with(".1", |d, o| d.seconds(o, -1, 500_000_000)), "-0.5");
    }

    #[test]
    fn escapes() {
        let mut out = Vec::new();
        assert_eq!(escape(&mut out, b"101b", false), b"b");
        assert_eq!(escape(&mut out, b"x41b", true), b"b");
        assert_eq!(escape(&mut out, b"q", false), b"");
        assert_eq!(out, b"AA\\q");
    }
}
