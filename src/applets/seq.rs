//! seq: numbers in a row. GNU's.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::sys::float;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "seq",
    summary: "numbers in a row",
    usage: "[-w] [-s TEXT] [-f FORMAT] [FIRST [STEP]] LAST\n\
            \x20 -w         with zeros in front, all of one width\n\
            \x20 -s TEXT    between them, not a newline\n\
            \x20 -f FORMAT  of printf(3): %g, %05.2f",
    kind: Kind::Fork, // may write for ever
    run,
};

/// A number and how it is written.
#[derive(Clone, Copy)]
struct Number {
    value: f64,
    /// Set when it is a plain integer.
    whole: Option<i64>,
    /// Digits behind the point.
    digits: u16,
    /// Bytes before the point, sign included.
    width: usize,
}

fn parse(word: &OsString) -> Result<Number, Error> {
    let text = word.as_bytes();
    let value = float::whole(text).filter(|v| !v.is_nan());
    let Some(value) = value else { return Err(Error::bad(show(word), "not a number")) };
    let text = text.trim_ascii_start();
    let text = text.strip_prefix(b"+").unwrap_or(text);
    let point = text.iter().position(|&b| b == b'.');
    let plain = text.iter().enumerate().all(|(n, b)| b.is_ascii_digit() || n == 0 && *b == b'-');
    let mut digits = 0;
    if let Some(point) = point {
        let part = text.get(point + 1..).unwrap_or_default();
        digits = part.iter().take_while(|b| b.is_ascii_digit()).count();
    }
    // 1e-3 has three digits behind the point.
    let exponent = text.iter().position(|b| matches!(b, b'e' | b'E'));
    if let Some(at) = exponent.filter(|_| !text.starts_with(b"0x")) {
        let power = float::whole(text.get(at + 1..).unwrap_or_default()).unwrap_or(0.0) as i64;
        digits = usize::try_from(digits as i64 - power).unwrap_or(0);
    }
    let mut width = point.or(exponent).unwrap_or(text.len());
    if exponent.is_some() {
        // 1e3 is as wide as 1000.
        let mut long = Vec::new();
        float::format(&mut long, b'f', precision(0), value);
        width = long.len();
    }
    let whole =
        if plain { std::str::from_utf8(text).ok().and_then(|t| t.parse().ok()) } else { None };
    Ok(Number { value, whole, digits: u16::try_from(digits.min(300)).unwrap_or(0), width })
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    act(cx).map_err(|e| e.with(Status::FAILURE))
}

fn act(cx: &mut Ctx) -> Result<Status, Error> {
    // -1 is a number and no option
    let mut words = cx.args.to_vec();
    let number = |w: &OsString| matches!(w.as_bytes(), [b'-', b'0'..=b'9' | b'.', ..]);
    let mut at = 0;
    while let Some(word) = words.get(at) {
        if word == "--" {
            break;
        }
        if number(word) || !word.as_bytes().starts_with(b"-") {
            words.insert(at, "--".into());
            break;
        }
        // the value of an option
        at += if matches!(
            word.as_bytes(),
            b"-s" | b"-f" | b"-ws" | b"-wf" | b"--separator" | b"--format"
        ) {
            2
        } else {
            1
        };
    }
    let mut options =
        crate::options::Options::parse("+w,equal-width s:separator f:format", &words)?;
    let mut wide = false;
    let mut between = b"\n".to_vec();
    let mut form = None;
    while let Some(letter) = options.next() {
        match letter {
            b'w' => wide = true,
            b's' => between = options.bytes(),
            _ => form = Some(Form::parse(&options.bytes())?),
        }
    }
    options.at_most(3)?;
    if wide && form.is_some() {
        return Err(Error::usage("-f and -w exclude each other"));
    }
    let mut numbers = Vec::new();
    for word in &options.operands {
        numbers.push(parse(word)?);
    }
    let one = Number { value: 1.0, whole: Some(1), digits: 0, width: 1 };
    let (first, step, last) = match numbers.as_slice() {
        [last] => (one, one, *last),
        [first, last] => (*first, one, *last),
        [first, step, last] => (*first, *step, *last),
        _ => return Err(Error::usage("to which number?")),
    };
    if step.value == 0.0 {
        return Err(Error::usage("the step is 0"));
    }
    let digits = first.digits.max(step.digits);
    let mut width = 0;
    if wide {
        // What a point and digits behind it add is the same for both.
        let behind = if digits > 0 { usize::from(digits) + 1 } else { 0 };
        width = first.width.max(last.width) + behind;
    }
    if let (Some(a), Some(s), Some(z), None) = (first.whole, step.whole, last.whole, &form) {
        return whole(cx, [a, s, z], width, &between);
    }
    let last_digits = last.digits;
    let form = form.unwrap_or_else(|| Form::plain(digits, width));
    let mut text = Vec::new();
    let mut n = 0u64;
    loop {
        let value = first.value + n as f64 * step.value;
        let over = if step.value > 0.0 { value > last.value } else { value < last.value };
        if over {
            // 0.1 ten times is not one: a number that is written as the last
            // one is the last one.
            let mut shown = Vec::new();
            float::format(&mut shown, b'f', precision(digits.max(last_digits)), value);
            let rounded = float::whole(&shown);
            if n == 0 || rounded != Some(last.value) || value == last.value {
                break;
            }
        }
        if n > 0 {
            text.extend_from_slice(&between);
        }
        form.write(&mut text, value);
        n += 1;
        if text.len() > 60 * 1024 {
            cx.put(&text)?;
            text.clear();
        }
        if over {
            break;
        }
    }
    if n > 0 {
        text.push(b'\n');
    }
    cx.put(&text)?;
    Ok(Status::OK)
}

fn precision(digits: u16) -> float::Style {
    float::Style { precision: Some(digits), ..float::Style::default() }
}

/// Integers, without floating point.
fn whole(
    cx: &mut Ctx,
    [first, step, last]: [i64; 3],
    width: usize,
    between: &[u8],
) -> Result<Status, Error> {
    let mut text = Vec::new();
    let mut value = first;
    let fits = |value: i64| if step > 0 { value <= last } else { value >= last };
    if !fits(value) {
        return Ok(Status::OK);
    }
    loop {
        let mut digits = [0u8; 20];
        let mut at = digits.len();
        let mut rest = value.unsigned_abs();
        loop {
            at -= 1;
            if let Some(place) = digits.get_mut(at) {
                *place = b'0' + (rest % 10) as u8;
            }
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        let shown = digits.get(at..).unwrap_or_default();
        let sign = usize::from(value < 0);
        if sign == 1 {
            text.push(b'-');
        }
        text.resize(text.len() + width.saturating_sub(shown.len() + sign), b'0');
        text.extend_from_slice(shown);
        let next = value.checked_add(step).filter(|next| fits(*next));
        let Some(next) = next else { break };
        text.extend_from_slice(between);
        value = next;
        if text.len() > 60 * 1024 {
            cx.put(&text)?;
            text.clear();
        }
    }
    text.push(b'\n');
    cx.put(&text)?;
    Ok(Status::OK)
}

/// A format with one conversion of a floating-point number.
struct Form {
    before: Vec<u8>,
    behind: Vec<u8>,
    style: float::Style,
    letter: u8,
}

impl Form {
    fn plain(digits: u16, width: usize) -> Form {
        let mut style = precision(digits);
        style.width = u16::try_from(width).unwrap_or(0);
        style.flags = *b"0\0\0\0\0";
        Form { before: Vec::new(), behind: Vec::new(), style, letter: b'f' }
    }

    fn parse(text: &[u8]) -> Result<Form, Error> {
        let bad = |why: &str| Err(Error::bad(show_bytes(text), why));
        let mut form = Form {
            before: Vec::new(),
            behind: Vec::new(),
            style: float::Style::default(),
            letter: 0,
        };
        let mut rest = text;
        while let Some((&byte, tail)) = rest.split_first() {
            rest = tail;
            let literal = if form.letter == 0 { &mut form.before } else { &mut form.behind };
            if byte != b'%' {
                literal.push(byte);
                continue;
            }
            if let Some((b'%', tail)) = rest.split_first() {
                literal.push(b'%');
                rest = tail;
                continue;
            }
            if form.letter != 0 {
                return bad("more than one conversion");
            }
            let mut flags = form.style.flags.iter_mut();
            while let Some((&flag @ (b'-' | b'+' | b' ' | b'#' | b'0'), tail)) = rest.split_first()
            {
                if let Some(place) = flags.next() {
                    *place = flag;
                }
                rest = tail;
            }
            let (width, tail) = number(rest);
            rest = tail;
            form.style.width = width.unwrap_or(0);
            if let Some((b'.', tail)) = rest.split_first() {
                let (digits, tail) = number(tail);
                form.style.precision = Some(digits.unwrap_or(0));
                rest = tail;
            }
            rest = rest.strip_prefix(b"L").or(rest.strip_prefix(b"l")).unwrap_or(rest);
            match rest.split_first() {
                Some((&letter, tail)) if b"aAeEfFgG".contains(&letter) => {
                    form.letter = letter;
                    rest = tail;
                }
                _ => return bad("no conversion of a number"),
            }
        }
        if form.letter == 0 { bad("no conversion") } else { Ok(form) }
    }

    fn write(&self, out: &mut Vec<u8>, value: f64) {
        out.extend_from_slice(&self.before);
        float::format(out, self.letter, self.style, value);
        out.extend_from_slice(&self.behind);
    }
}

fn number(text: &[u8]) -> (Option<u16>, &[u8]) {
    let count = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(count);
    let value =
        digits.iter().fold(0u16, |n, b| (n.saturating_mul(10) + u16::from(b - b'0')).min(4096));
    ((count > 0).then_some(value), rest)
}
