//! printf. POSIX.1-2024 XCU 3, with %q and -v as in bash.

use crate::applet::show_bytes;
use crate::sys::float;

use super::super::Shell;
use super::super::ast::is_name;
use super::super::fields::Fields;
use super::super::trace::quote_into;
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
#[derive(Default)]
struct Spec {
    /// The flags as they are written, each once.
    flags: [u8; 5],
    width: usize,
    precision: Option<usize>,
}

impl Spec {
    fn has(&self, flag: u8) -> bool {
        self.flags.contains(&flag)
    }

    fn add(&mut self, flag: u8) {
        if !self.has(flag)
            && let Some(place) = self.flags.iter_mut().find(|f| **f == 0)
        {
            *place = flag;
        }
    }
}

/// An integer argument: its sign and how far it is from 0, which is limited.
#[derive(Default)]
struct Integer {
    negative: bool,
    magnitude: u64,
    too_large: bool,
}

/// Wider than this, a field is an error of the script.
const WIDEST: usize = 1 << 20;

struct Printer<'a> {
    args: &'a [&'a [u8]],
    /// The next argument.
    at: usize,
    /// The first argument of this pass over the format, for `%1$s`.
    first: usize,
    /// One more than the last that any pass has named by number.
    named: usize,
    out: &'a mut Vec<u8>,
    errors: Vec<String>,
}

/// Prints `args` by `format` into `out`. What went wrong is returned: the
/// status is 1 then.
pub fn format(format: &[u8], args: &[&[u8]], out: &mut Vec<u8>) -> Vec<String> {
    let mut printer = Printer { args, at: 0, first: 0, named: 0, out, errors: Vec::new() };
    loop {
        printer.first = printer.at;
        if !printer.once(format) {
            break;
        }
        printer.at = printer.at.max(printer.named);
        // The format is used again as long as that uses up arguments.
        if printer.at >= args.len() || printer.at == printer.first {
            break;
        }
    }
    printer.errors
}

impl<'a> Printer<'a> {
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
                    match behind.first() {
                        Some(b'c') => return false,
                        Some(b'0'..=b'7') => {
                            let octal = |b: &&u8| (b'0'..=b'7').contains(*b);
                            length = 1 + behind.iter().take(3).take_while(octal).count();
                        }
                        Some(b'x') => {
                            let hex = behind.iter().skip(1).take(2);
                            length = 2 + hex.take_while(|b| b.is_ascii_hexdigit()).count();
                        }
                        _ => {}
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

    /// The next argument, or the n-th of this pass; empty when there is none.
    fn next(&mut self, n: Option<usize>) -> &'a [u8] {
        let at = match n {
            Some(n) => self.first.saturating_add(n.saturating_sub(1)),
            None => self.at,
        };
        let arg = self.args.get(at);
        match n {
            Some(_) => self.named = self.named.max(at.saturating_add(1)),
            None if arg.is_some() => self.at += 1,
            None => {}
        }
        arg.copied().unwrap_or_default()
    }

    /// A number in the format: digits, or `*` for an argument. None: neither.
    fn size<'f>(&mut self, text: &'f [u8]) -> (Option<Integer>, &'f [u8]) {
        if let Some((b'*', rest)) = text.split_first() {
            let (n, behind) = argument_number(rest);
            let text = self.next(n);
            let mut value = Integer::default();
            if !text.is_empty() {
                value = self.integer(text);
            }
            return (Some(value), behind);
        }
        let (value, rest) = plain_number(text);
        let negative = false;
        let magnitude = value as u64;
        let found = rest.len() < text.len();
        (found.then_some(Integer { negative, magnitude, too_large: false }), rest)
    }

    /// A width or precision that memory can hold; another is an error, and 0.
    fn limited(&mut self, size: &Integer) -> usize {
        if size.magnitude > WIDEST as u64 {
            self.errors.push("a field is too wide".into());
            return 0;
        }
        size.magnitude as usize
    }

    /// A conversion, behind its `%`; what follows it.
    fn conversion<'f>(&mut self, text: &'f [u8]) -> Option<&'f [u8]> {
        let mut spec = Spec::default();
        let (n, mut rest) = argument_number(text);
        while let Some((flag @ (b'-' | b'+' | b' ' | b'#' | b'0' | b'\''), behind)) =
            rest.split_first()
        {
            if *flag != b'\'' {
                spec.add(*flag);
            }
            rest = behind;
        }
        let (width, behind) = self.size(rest);
        rest = behind;
        if let Some(width) = width {
            if width.negative {
                spec.add(b'-');
            }
            spec.width = self.limited(&width);
        }
        if let Some((b'.', behind)) = rest.split_first() {
            let (precision, behind) = self.size(behind);
            rest = behind;
            // A negative one is as if there were none; there is no -0.
            let precision = precision.unwrap_or_default();
            if !precision.negative || precision.magnitude == 0 {
                spec.precision = Some(self.limited(&precision));
            }
        }
        // Lengths of C mean nothing here.
        while let Some((b'l' | b'h' | b'L' | b'j' | b'z' | b't', behind)) = rest.split_first() {
            rest = behind;
        }
        let Some((letter, behind)) = rest.split_first() else {
            self.errors.push("a conversion is missing behind '%'".into());
            return None;
        };
        match letter {
            b'%' => self.out.push(b'%'),
            b's' => {
                let text = self.next(n);
                self.padded(&spec, cut(text, spec.precision));
            }
            b'c' => {
                let text = self.next(n);
                // Of no character a NUL is printed, as C does.
                self.padded(&spec, text.get(..1).unwrap_or(b"\0"));
            }
            b'b' => {
                let text = self.next(n);
                let mut plain = Vec::new();
                let more = unescape(text, &mut plain, true);
                self.padded(&spec, cut(&plain, spec.precision));
                if !more {
                    return None;
                }
            }
            b'q' => {
                let text = self.next(n);
                let mut quoted = Vec::new();
                quote_into(&mut quoted, text);
                self.padded(&spec, &quoted);
            }
            b'd' | b'i' | b'u' | b'o' | b'x' | b'X' => self.number(&spec, n, *letter),
            b'a' | b'A' | b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => self.float(&spec, n, *letter),
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
        let left = spec.has(b'-');
        if !left {
            self.out.resize(self.out.len() + fill, b' ');
        }
        self.out.extend_from_slice(text);
        if left {
            self.out.resize(self.out.len() + fill, b' ');
        }
    }

    fn number(&mut self, spec: &Spec, n: Option<usize>, letter: u8) {
        let text = self.next(n);
        let mut value = Integer::default();
        if !text.is_empty() {
            value = self.integer(text);
            // There is no -0.
            value.negative &= value.magnitude != 0;
        }
        let signed = matches!(letter, b'd' | b'i');
        let limit = match (signed, value.negative) {
            (true, false) => i64::MAX.unsigned_abs(),
            (true | false, true) => i64::MIN.unsigned_abs(),
            (false, false) => u64::MAX,
        };
        if value.too_large || value.magnitude > limit {
            value.magnitude = limit;
            self.complain(text, "number out of range");
        }
        let mut rest = value.magnitude;
        if value.negative && !signed {
            rest = rest.wrapping_neg();
        }
        let (base, shift): (u64, u8) = match letter {
            b'o' => (8, 0),
            b'x' => (16, 39),
            b'X' => (16, 7),
            _ => (10, 0),
        };
        // The digits from the last to the first, then what stands before.
        let mut digits = Vec::new();
        let is_zero = rest == 0;
        if !is_zero || spec.precision != Some(0) {
            loop {
                let digit = (rest % base) as u8;
                digits.push(if digit < 10 { b'0' + digit } else { b'0' + digit + shift });
                rest /= base;
                if rest == 0 {
                    break;
                }
            }
        }
        let prefix: &[u8] = match letter {
            b'o' if spec.has(b'#') && digits.last() != Some(&b'0') => b"0",
            b'x' if spec.has(b'#') && !is_zero => b"x0",
            b'X' if spec.has(b'#') && !is_zero => b"X0",
            b'd' | b'i' if value.negative => b"-",
            b'd' | b'i' if spec.has(b'+') => b"+",
            b'd' | b'i' if spec.has(b' ') => b" ",
            _ => b"",
        };
        let least = match spec.precision {
            Some(precision) => precision.saturating_sub(usize::from(prefix == b"0")),
            None if spec.has(b'0') && !spec.has(b'-') => spec.width.saturating_sub(prefix.len()),
            None => 0,
        };
        if digits.len() < least {
            digits.resize(least, b'0');
        }
        digits.extend_from_slice(prefix);
        digits.reverse();
        self.padded(spec, &digits);
    }

    /// Notes what is wrong with an argument.
    #[cold]
    #[inline(never)]
    fn complain(&mut self, text: &[u8], why: &str) {
        self.errors.push(format!("{}: {why}", crate::applet::show_bytes(text)));
    }

    /// The integer an argument is: a constant of C with a sign, or a quote and
    /// the character whose code is meant.
    fn integer(&mut self, text: &[u8]) -> Integer {
        let mut found = Integer::default();
        if let Some((b'"' | b'\'', rest)) = text.split_first() {
            let character =
                rest.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next());
            found.magnitude = match (character, rest.first()) {
                (Some(c), _) => u64::from(u32::from(c)),
                (None, byte) => byte.copied().map_or(0, u64::from),
            };
            return found;
        }
        let trimmed = text.trim_ascii_start();
        let body = match trimmed.split_first() {
            Some((sign @ (b'-' | b'+'), rest)) => {
                found.negative = *sign == b'-';
                rest
            }
            _ => trimmed,
        };
        let (radix, body) = match body {
            [b'0', b'x' | b'X', rest @ ..] if rest.first().is_some_and(u8::is_ascii_hexdigit) => {
                (16, rest)
            }
            [b'0', ..] => (8, body),
            _ => (10, body),
        };
        let mut used = 0;
        for byte in body {
            let Some(digit) = char::from(*byte).to_digit(radix) else { break };
            let next = found.magnitude.checked_mul(u64::from(radix));
            match next.and_then(|v| v.checked_add(u64::from(digit))) {
                Some(value) => found.magnitude = value,
                None => found.too_large = true,
            }
            used += 1;
        }
        if used == 0 {
            self.complain(text, "not a number");
        } else if used < body.len() {
            self.complain(text, "not completely a number");
        }
        found
    }

    fn float(&mut self, spec: &Spec, n: Option<usize>, letter: u8) {
        let text = self.next(n);
        let mut value = 0.0;
        if let Some(b'"' | b'\'') = text.first() {
            value = self.integer(text).magnitude as f64;
        } else if !text.is_empty() {
            let (number, used) = float::parse(text);
            value = number;
            if used == 0 {
                self.complain(text, "not a number");
            } else if used < text.len() {
                self.complain(text, "not completely a number");
            }
        }
        let style = float::Style {
            flags: spec.flags,
            width: spec.width.min(usize::from(u16::MAX)) as u16,
            precision: spec.precision.map(|p| p.min(usize::from(u16::MAX)) as u16),
        };
        let mut number = Vec::new();
        float::format(&mut number, letter, style, value);
        // blanks, where the style's width ends before that of the format
        self.padded(spec, &number);
    }
}

/// The `n$` of `%n$s` (POSIX.1-2024).
fn argument_number(text: &[u8]) -> (Option<usize>, &[u8]) {
    let (n, rest) = plain_number(text);
    match rest.split_first() {
        Some((b'$', behind)) if n > 0 => (Some(n), behind),
        _ => (None, text),
    }
}

fn plain_number(text: &[u8]) -> (usize, &[u8]) {
    let count = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(count);
    let value = digits
        .iter()
        .fold(0usize, |v, d| v.saturating_mul(10).saturating_add(usize::from(d - b'0')));
    (value, rest)
}

fn cut(text: &[u8], precision: Option<usize>) -> &[u8] {
    precision.and_then(|p| text.get(..p)).unwrap_or(text)
}

/// The utility in the shell.
pub(super) fn builtin(sh: &mut Shell, fields: &Fields) -> Ran {
    // `-v NAME` as in bash, where a format follows.
    let variable = fields.get(2).filter(|name| is_name(name) && fields.len() > 3);
    let variable = variable.filter(|_| fields.get(1) == Some(b"-v"));
    let mut from = if variable.is_some() { 3 } else { 1 };
    from += usize::from(fields.get(from) == Some(b"--"));
    let Some(form) = fields.get(from) else {
        return sh.failed("printf", "a format is missing", 2);
    };
    let args: Vec<&[u8]> = fields.from(from + 1).collect();
    let errors = format(form, &args, &mut sh.out);
    if let Some(name) = variable {
        let text = std::mem::take(&mut sh.out);
        if sh.vars.set(name, &text).is_err() {
            return sh.failed("printf", format_args!("{}: is read only", show_bytes(name)), 1);
        }
    }
    for error in &errors {
        let _ = sh.flush();
        sh.complain_of("printf", &error);
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
            (&["%c", ""], "\0"),
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
            (&["%.*s|", "-0", "abc"], "|"),
            (&["%5.1f|%-5.1f|%05.1f|", "1", "1", "1"], "  1.0|1.0  |001.0|"),
            (&["%q", "a b"], "'a b'"),
            (
                &["%f %.2f %e %g", "1.5", "2.345", "12345.678", "0.0001"],
                "1.500000 2.35 1.234568e+04 0.0001",
            ),
            (
                &["%d", "9223372036854775808"],
                "9223372036854775807!9223372036854775808: number out of range",
            ),
            (&["%2$s %1$s\n", "a", "b", "c", "d"], "b a\nd c\n"),
            (&["%1$*2$d|", "7", "4"], "   7|"),
            (&["%.*f|%5.1f|%-8.2e|", "1", "2.25", "3.14", "10"], "2.2|  3.1|1.00e+01|"),
            (&["a\\cb%s", "x"], "a"),
            (&["%#.3o %.0d %x", "8", "0", "-1"], "010  ffffffffffffffff"),
            (&["%+5d|%-5d|%05d", "-3", "-3", "-3"], "   -3|-3   |-0003"),
            (&["%z"], "!a conversion is missing behind '%'"),
            (&["%k"], "!%k: no such conversion"),
        ] {
            assert_eq!(printed(args), text, "{args:?}");
        }
    }
}
