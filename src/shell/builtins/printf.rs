//! printf. POSIX.1-2024 XCU 3, with %q as in bash.

use super::super::Shell;
use super::super::command::quote_into;
use super::super::fields::Fields;
use super::Ran;

/// Appends `text` with its escapes replaced: those of `echo -e` and `%b`
/// (octal as `\0ooo`), or of a format (`\ooo`). False after `\c`.
pub fn unescape(text: &[u8], out: &mut Vec<u8>, echo: bool) -> bool {
    let mut rest = text;
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        let Some((letter, behind)) = rest.split_first() else {
            out.push(b'\\');
            break;
        };
        rest = behind;
        let plain = match letter {
            b'a' => 7,
            b'b' => 8,
            b'e' => 27,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'\\' => b'\\',
            b'"' if !echo => b'"',
            b'\'' if !echo => b'\'',
            b'c' if echo => return false,
            b'x' => match digits(rest, 16, 2) {
                Some((value, behind)) => {
                    rest = behind;
                    (value & 0xff) as u8
                }
                None => {
                    out.extend_from_slice(b"\\x");
                    continue;
                }
            },
            b'0'..=b'7' => {
                // `\0ooo` has its zero beside the digits in echo.
                let (from, most) = match letter {
                    b'0' if echo => (rest, 3),
                    _ => (text.get(text.len() - rest.len() - 1..).unwrap_or_default(), 3),
                };
                let (value, behind) = digits(from, 8, most).unwrap_or((0, rest));
                rest = behind;
                (value & 0xff) as u8
            }
            _ => {
                out.push(b'\\');
                *letter
            }
        };
        out.push(plain);
    }
    true
}

fn digits(text: &[u8], radix: u32, most: usize) -> Option<(u32, &[u8])> {
    let count = text.iter().take(most).take_while(|b| char::from(**b).is_digit(radix)).count();
    let value = text
        .get(..count)?
        .iter()
        .fold(0, |v, b| v * radix + char::from(*b).to_digit(radix).unwrap_or(0));
    (count > 0).then(|| (value, text.get(count..).unwrap_or_default()))
}

/// A conversion specification.
#[derive(Default, Clone)]
struct Spec {
    left: bool,
    plus: bool,
    space: bool,
    alternate: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
}

/// Wider than this, a field is an error of the script.
const WIDEST: i64 = 1 << 20;

struct Printer<'a> {
    args: &'a [&'a [u8]],
    at: usize,
    out: &'a mut Vec<u8>,
    errors: Vec<String>,
}

/// Prints `args` by `format` into `out`. What went wrong is returned: the
/// status is 1 then.
pub fn format(format: &[u8], args: &[&[u8]], out: &mut Vec<u8>) -> Vec<String> {
    let mut printer = Printer { args, at: 0, out, errors: Vec::new() };
    loop {
        let before = printer.at;
        if !printer.once(format) {
            break;
        }
        // The format is used again as long as that uses up arguments.
        if printer.at >= args.len() || printer.at == before {
            break;
        }
    }
    printer.errors
}

impl Printer<'_> {
    /// One pass over the format; false when nothing more is to be printed.
    fn once(&mut self, format: &[u8]) -> bool {
        let mut rest = format;
        while let Some((byte, behind)) = rest.split_first() {
            match byte {
                b'%' => match self.conversion(behind) {
                    Some(behind) => rest = behind,
                    None => return false,
                },
                b'\\' => {
                    // The escape alone: its backslash, its letter, its digits.
                    let mut length = 2.min(rest.len());
                    if let Some(b'0'..=b'7') = behind.first() {
                        let octal = behind.iter().take(3).take_while(|b| (b'0'..=b'7').contains(b));
                        length = 1 + octal.count();
                    } else if behind.first() == Some(&b'x') {
                        let hex = behind.iter().skip(1).take(2);
                        length = 2 + hex.take_while(|b| b.is_ascii_hexdigit()).count();
                    }
                    let (escape, behind) = rest.split_at(length.min(rest.len()));
                    unescape(escape, self.out, false);
                    rest = behind;
                }
                _ => {
                    self.out.push(*byte);
                    rest = behind;
                }
            }
        }
        true
    }

    fn next(&mut self) -> Option<Vec<u8>> {
        let arg = self.args.get(self.at).map(|a| a.to_vec());
        if arg.is_some() {
            self.at += 1;
        }
        arg
    }

    fn star(&mut self) -> i64 {
        match self.next() {
            Some(text) => self.integer(&text).clamp(-i128::from(WIDEST), i128::from(WIDEST)) as i64,
            None => 0,
        }
    }

    /// A conversion, behind its `%`; what follows it.
    fn conversion<'f>(&mut self, text: &'f [u8]) -> Option<&'f [u8]> {
        let mut spec = Spec::default();
        let mut rest = text;
        while let Some((flag, behind)) = rest.split_first() {
            match flag {
                b'-' => spec.left = true,
                b'+' => spec.plus = true,
                b' ' => spec.space = true,
                b'#' => spec.alternate = true,
                b'0' => spec.zero = true,
                _ => break,
            }
            rest = behind;
        }
        if let Some((b'*', behind)) = rest.split_first() {
            let width = self.star();
            spec.left |= width < 0;
            spec.width = width.unsigned_abs() as usize;
            rest = behind;
        } else {
            let (width, behind) = plain_number(rest);
            spec.width = width;
            rest = behind;
        }
        if let Some((b'.', behind)) = rest.split_first() {
            rest = behind;
            if let Some((b'*', behind)) = rest.split_first() {
                spec.precision = usize::try_from(self.star()).ok();
                rest = behind;
            } else {
                let (precision, behind) = plain_number(rest);
                spec.precision = Some(precision);
                rest = behind;
            }
        }
        // Lengths of C mean nothing here.
        while let Some((b'l' | b'h' | b'L' | b'q' | b'j' | b'z' | b't', behind)) =
            rest.split_first()
        {
            if rest.first() == Some(&b'q') {
                break;
            }
            rest = behind;
        }
        let Some((letter, behind)) = rest.split_first() else {
            self.errors.push("a conversion is missing behind '%'".into());
            return None;
        };
        match letter {
            b'%' => self.out.push(b'%'),
            b's' => {
                let text = self.next().unwrap_or_default();
                self.padded(&spec, cut(&text, spec.precision));
            }
            b'c' => {
                let text = self.next().unwrap_or_default();
                self.padded(&spec, text.get(..1).unwrap_or_default());
            }
            b'b' => {
                let text = self.next().unwrap_or_default();
                let mut plain = Vec::new();
                let more = unescape(&text, &mut plain, true);
                self.padded(&spec, cut(&plain, spec.precision));
                if !more {
                    return None;
                }
            }
            b'q' => {
                let text = self.next().unwrap_or_default();
                let mut quoted = Vec::new();
                quote_into(&mut quoted, &text);
                self.padded(&spec, &quoted);
            }
            b'd' | b'i' | b'u' | b'o' | b'x' | b'X' => self.number(&spec, *letter),
            b'a' | b'A' | b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => self.float(&spec, *letter),
            other => {
                let shown = crate::applet::show_bytes(&[*other]).to_string();
                self.errors.push(format!("%{shown}: no such conversion"));
                return None;
            }
        }
        Some(behind)
    }

    fn padded(&mut self, spec: &Spec, text: &[u8]) {
        let fill = spec.width.saturating_sub(text.len());
        if !spec.left {
            self.out.resize(self.out.len() + fill, b' ');
        }
        self.out.extend_from_slice(text);
        if spec.left {
            self.out.resize(self.out.len() + fill, b' ');
        }
    }

    fn number(&mut self, spec: &Spec, letter: u8) {
        let text = self.next().unwrap_or_default();
        let value = self.integer(&text);
        let signed = matches!(letter, b'd' | b'i');
        let (negative, magnitude) = if signed {
            let value = self.limited(&text, value, i128::from(i64::MIN), i128::from(i64::MAX));
            (value < 0, value.unsigned_abs() as u64)
        } else {
            let value = self.limited(&text, value, i128::from(i64::MIN), i128::from(u64::MAX));
            (false, value as u64)
        };
        let mut digits = match letter {
            b'o' => format!("{magnitude:o}"),
            b'x' => format!("{magnitude:x}"),
            b'X' => format!("{magnitude:X}"),
            _ => magnitude.to_string(),
        };
        if let Some(precision) = spec.precision {
            if precision == 0 && magnitude == 0 {
                digits.clear();
            }
            let missing = precision.min(WIDEST as usize).saturating_sub(digits.len());
            digits.insert_str(0, &"0".repeat(missing));
        }
        let prefix = match letter {
            b'o' if spec.alternate && !digits.starts_with('0') => "0",
            b'x' if spec.alternate && magnitude != 0 => "0x",
            b'X' if spec.alternate && magnitude != 0 => "0X",
            _ if negative => "-",
            b'd' | b'i' if spec.plus => "+",
            b'd' | b'i' if spec.space => " ",
            _ => "",
        };
        if spec.zero && !spec.left && spec.precision.is_none() {
            let missing = spec.width.saturating_sub(digits.len() + prefix.len());
            digits.insert_str(0, &"0".repeat(missing));
        }
        digits.insert_str(0, prefix);
        self.padded(spec, digits.as_bytes());
    }

    fn limited(&mut self, text: &[u8], value: i128, low: i128, high: i128) -> i128 {
        if value < low || value > high {
            let shown = crate::applet::show_bytes(text).to_string();
            self.errors.push(format!("{shown}: number out of range"));
        }
        value.clamp(low, high)
    }

    /// The integer an argument is: a constant of C with a sign, or a quote and
    /// the character whose code is meant.
    fn integer(&mut self, text: &[u8]) -> i128 {
        if let Some((b'"' | b'\'', rest)) = text.split_first() {
            let character =
                rest.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next());
            return match (character, rest.first()) {
                (Some(c), _) => i128::from(u32::from(c)),
                (None, Some(byte)) => i128::from(*byte),
                (None, None) => 0,
            };
        }
        let trimmed = text.trim_ascii_start();
        let (negative, body) = match trimmed.split_first() {
            Some((b'-', rest)) => (true, rest),
            Some((b'+', rest)) => (false, rest),
            _ => (false, trimmed),
        };
        let (radix, body) = match body {
            [b'0', b'x' | b'X', rest @ ..] => (16, rest),
            [b'0', ..] => (8, body),
            _ => (10, body),
        };
        let mut value: i128 = 0;
        let mut used = 0;
        for byte in body {
            let Some(digit) = char::from(*byte).to_digit(radix) else { break };
            value = (value * i128::from(radix) + i128::from(digit)).min(1 << 100);
            used += 1;
        }
        if (used < body.len() || used == 0) && !(text.is_empty()) {
            let shown = crate::applet::show_bytes(text).to_string();
            let why = if used == 0 { "not a number" } else { "not completely a number" };
            self.errors.push(format!("{shown}: {why}"));
        }
        if negative { -value } else { value }
    }

    fn float(&mut self, spec: &Spec, letter: u8) {
        let text = self.next().unwrap_or_default();
        let mut value = 0.0;
        if !text.is_empty() {
            match std::str::from_utf8(text.trim_ascii()).ok().and_then(|t| t.parse::<f64>().ok()) {
                Some(number) => value = number,
                None => value = self.integer(&text) as f64,
            }
        }
        let precision = spec.precision.unwrap_or(6).min(1000);
        let mut shown = match letter.to_ascii_lowercase() {
            _ if !value.is_finite() => format!("{}", value.abs()).to_lowercase(),
            b'f' => format!("{:.precision$}", value.abs()),
            b'e' => exponent(value.abs(), precision),
            _ => general(value.abs(), precision, spec.alternate),
        };
        if letter.is_ascii_uppercase() {
            shown.make_ascii_uppercase();
        }
        let sign = if value.is_sign_negative() {
            "-"
        } else if spec.plus {
            "+"
        } else if spec.space {
            " "
        } else {
            ""
        };
        if spec.zero && !spec.left && value.is_finite() {
            let missing = spec.width.saturating_sub(shown.len() + sign.len());
            shown.insert_str(0, &"0".repeat(missing));
        }
        shown.insert_str(0, sign);
        self.padded(spec, shown.as_bytes());
    }
}

/// `%e`: a digit, a point, the others, an exponent of two digits at least.
fn exponent(value: f64, precision: usize) -> String {
    let shown = format!("{value:.precision$e}");
    let (digits, power) = shown.split_once('e').unwrap_or((&shown, "0"));
    let (sign, power) = match power.strip_prefix('-') {
        Some(power) => ('-', power),
        None => ('+', power),
    };
    format!("{digits}e{sign}{power:0>2}")
}

/// `%g`: the shorter of `%e` and `%f` with `precision` significant digits.
fn general(value: f64, precision: usize, keep_zeros: bool) -> String {
    let precision = precision.max(1);
    let shown = exponent(value, precision - 1);
    let power: i32 = shown.split_once('e').and_then(|(_, p)| p.parse().ok()).unwrap_or(0);
    let fixed = power >= -4 && power < precision as i32;
    let mut shown = if fixed {
        let after = usize::try_from(precision as i32 - 1 - power).unwrap_or(0);
        format!("{value:.after$}")
    } else {
        shown
    };
    if !keep_zeros && shown.contains('.') {
        let (digits, power) = match shown.split_once('e') {
            Some((digits, power)) => (digits.to_string(), format!("e{power}")),
            None => (shown, String::new()),
        };
        let digits = digits.trim_end_matches('0').trim_end_matches('.');
        shown = format!("{digits}{power}");
    }
    shown
}

fn plain_number(text: &[u8]) -> (usize, &[u8]) {
    let count = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(count);
    let value = digits.iter().fold(0usize, |v, d| {
        v.saturating_mul(10).saturating_add(usize::from(d - b'0')).min(WIDEST as usize)
    });
    (value, rest)
}

fn cut(text: &[u8], precision: Option<usize>) -> &[u8] {
    precision.and_then(|p| text.get(..p)).unwrap_or(text)
}

/// The utility in the shell.
pub(super) fn builtin(sh: &mut Shell, fields: &Fields) -> Ran {
    let from = if fields.get(1) == Some(b"--") { 2 } else { 1 };
    let Some(form) = fields.get(from) else {
        return sh.failed("printf", "a format is missing", 2);
    };
    let args: Vec<&[u8]> = fields.from(from + 1).collect();
    let errors = format(form, &args, &mut sh.out);
    for error in &errors {
        let _ = sh.flush();
        sh.complain(format_args!("printf: {error}"));
    }
    Ok(u8::from(!errors.is_empty()))
}

/// What is printed and whether all went well, as one text: for tests.
#[cfg(test)]
fn printed(args: &[&str]) -> String {
    use std::io::Write as _;
    let args: Vec<&[u8]> = args.iter().map(|a| a.as_bytes()).collect();
    let mut out = Vec::new();
    let errors = format(args[0], &args[1..], &mut out);
    for error in errors {
        let _ = write!(out, "!{error}");
    }
    String::from_utf8(out).unwrap()
}

#[cfg(test)]
mod tests {
    use super::printed;

    #[test]
    fn conversions() {
        for (args, text) in [
            (&["%s\n", "a", "b"][..], "a\nb\n"),
            (&["%d,%i", "12", "-7"], "12,-7"),
            (&["%5s|%-5s|%.2s", "ab", "cd", "xyz"], "   ab|cd   |xy"),
            (&["%05d|%+d|% d", "42", "1", "2"], "00042|+1| 2"),
            (&["%x %X %o %#x %#o", "255", "255", "8", "255", "8"], "ff FF 10 0xff 010"),
            (&["%u", "-1"], "18446744073709551615"),
            (&["%c%c", "abc", "x"], "ax"),
            (&["%b", "a\\tb\\0101"], "a\tbA"),
            (&["%b|%s", "a\\cb", "x"], "a"),
            (&["\\101\\x42\\n"], "AB\n"),
            (&["%%"], "%"),
            (&["%s-%s."], "-."),
            (&["%d", "'A"], "65"),
            (&["%d", "0x1f"], "31"),
            (&["%d", "010"], "8"),
            (&["%d", "3x"], "3!3x: not completely a number"),
            (&["%d", "x"], "0!x: not a number"),
            (&["%*d|%-*d|", "5", "1", "4", "2"], "    1|2   |"),
            (&["%.3d", "5"], "005"),
            (&["%.*s", "2", "abc"], "ab"),
            (&["%q", "a b"], "'a b'"),
            (
                &["%f %.2f %e %g", "1.5", "2.345", "12345.678", "0.0001"],
                "1.500000 2.35 1.234568e+04 0.0001",
            ),
            (
                &["%d", "9223372036854775808"],
                "9223372036854775807!9223372036854775808: number out of range",
            ),
            (&["%z"], "!a conversion is missing behind '%'"),
            (&["%k"], "!%k: no such conversion"),
        ] {
            assert_eq!(printed(args), text, "{args:?}");
        }
    }
}
