//! The functions that are there.

use std::rc::Rc;

use super::run::Awk;
use super::streams::exit_status;
use super::value::{Cell, Shared, Value};
use crate::applet::Error;
use crate::awk::{Builtin, Expr, Slot, special};
use crate::regex::{Groups, Regex};
use crate::sys::{clock, command, search};

impl Awk<'_, '_> {
    fn optional_number(&mut self, list: &[Expr], at: usize, or: f64) -> Result<f64, Error> {
        match list.get(at) {
            Some(expr) => self.number(expr),
            None => Ok(or),
        }
    }

    /// The text of an argument; without it the record.
    fn text_or_record(&mut self, list: &[Expr], at: usize) -> Result<Rc<[u8]>, Error> {
        match list.get(at) {
            Some(expr) => self.bytes(expr),
            None => Ok(self.field(0.0)?.bytes(b"")),
        }
    }

    fn array_of(&mut self, expr: Option<&Expr>) -> Result<Shared, Error> {
        match expr {
            Some(Expr::Variable(slot)) => self.array(*slot),
            _ => Err(Error::msg("an array is expected")),
        }
    }

    pub(super) fn builtin(&mut self, builtin: Builtin, list: &[Expr]) -> Result<Value, Error> {
        let mut number = |at: usize| match list.get(at) {
            Some(expr) => self.number(expr),
            None => Ok(0.0),
        };
        Ok(Value::Number(match builtin {
            Builtin::Sin => number(0)?.sin(),
            Builtin::Cos => number(0)?.cos(),
            Builtin::Atan2 => number(0)?.atan2(number(1)?),
            Builtin::Exp => number(0)?.exp(),
            Builtin::Log => number(0)?.ln(),
            Builtin::Sqrt => number(0)?.sqrt(),
            Builtin::Int => number(0)?.trunc(),
            Builtin::Lshift => ((number(0)? as u64).wrapping_shl(number(1)? as u32)) as f64,
            Builtin::Rshift => ((number(0)? as u64).wrapping_shr(number(1)? as u32)) as f64,
            // as gawk: of the 53 bits that a double holds
            Builtin::Compl => (!(number(0)? as u64) & ((1 << 53) - 1)) as f64,
            Builtin::And | Builtin::Or | Builtin::Xor => {
                let mut result = number(0)? as u64;
                for at in 1..list.len() {
                    let more = number(at)? as u64;
                    match builtin {
                        Builtin::And => result &= more,
                        Builtin::Or => result |= more,
                        _ => result ^= more,
                    }
                }
                result as f64
            }
            Builtin::Rand => {
                // xorshift64*: 53 bits of it
                self.random ^= self.random >> 12;
                self.random ^= self.random << 25;
                self.random ^= self.random >> 27;
                let bits = self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11;
                bits as f64 / 9_007_199_254_740_992.0
            }
            Builtin::Srand => {
                let now = clock::now().as_secs() as f64;
                let seed = self.optional_number(list, 0, now)?;
                let before = std::mem::replace(&mut self.seed, seed);
                let mixed = seed.to_bits().wrapping_mul(0xbf58_476d_1ce4_e5b9);
                self.random = mixed ^ 0x9e37_79b9_7f4a_7c15;
                if self.random == 0 {
                    self.random = 1;
                }
                before
            }
            Builtin::Systime => clock::now().as_secs() as f64,
            Builtin::Length => return self.length(list.first()),
            Builtin::Index => {
                let text = self.text_or_record(list, 0)?;
                let part = self.text_or_record(list, 1)?;
                search::bytes(&text, &part).map_or(0.0, |at| (at + 1) as f64)
            }
            Builtin::Split => {
                let text = self.text_or_record(list, 0)?;
                let array = self.array_of(list.get(1))?;
                self.split_text(&text, list.get(2), &array)?
            }
            Builtin::Match => return self.matching(list),
            Builtin::Sub | Builtin::Gsub => return self.substitute(builtin, list),
            Builtin::System => {
                let text = self.text_or_record(list, 0)?;
                self.cx.flush()?;
                self.streams.flush(self.cx, None)?;
                let fds = [self.cx.stdin, self.cx.stdout, self.cx.stderr];
                let environment = &mut self.environment.iter().map(|e| e.as_os_str());
                let child = command::start(&text, environment, fds)
                    .map_err(|errno| Error::os("system", errno))?;
                exit_status(command::wait(child))
            }
            Builtin::Close => {
                let name = self.text_or_record(list, 0)?;
                self.streams.close(self.cx, Some(&name))?
            }
            Builtin::Fflush => {
                self.cx.flush()?;
                let name = match list.first() {
                    Some(name) => Some(self.bytes(name)?),
                    None => None,
                };
                let name = name.as_deref().filter(|name| !name.is_empty());
                let found = self.streams.flush(self.cx, name)?;
                if name.is_some() && !found { -1.0 } else { 0.0 }
            }
            Builtin::Mktime => {
                let text = self.text_or_record(list, 0)?;
                mktime(&text)
            }
            Builtin::Substr
            | Builtin::Gensub
            | Builtin::Sprintf
            | Builtin::Tolower
            | Builtin::Toupper
            | Builtin::Strftime => return self.text_function(builtin, list),
        }))
    }

    fn text_function(&mut self, builtin: Builtin, list: &[Expr]) -> Result<Value, Error> {
        if builtin == Builtin::Gensub {
            return self.gensub(list);
        }
        if builtin == Builtin::Sprintf {
            let mut values = Vec::with_capacity(list.len());
            for expr in list {
                values.push(self.value(expr)?);
            }
            let Some((form, values)) = values.split_first() else { return Ok(Value::Nothing) };
            let form = form.bytes(&self.convert);
            let mut out = Vec::new();
            super::format::format(&mut out, &form, values, &self.convert);
            return Ok(Value::Text(out.into()));
        }
        if builtin == Builtin::Strftime {
            let form: Rc<[u8]> = match list.first() {
                Some(form) => self.bytes(form)?,
                None => (*b"%a %b %e %H:%M:%S %Z %Y").into(),
            };
            let now = clock::now().as_secs() as f64;
            let seconds = self.optional_number(list, 1, now)? as i64;
            let utc = self.optional_number(list, 2, 0.0)? != 0.0;
            let mut out = Vec::new();
            if utc {
                let stamp = crate::date::Stamp { seconds, nanos: 0, offset: 0, zone: b"GMT" };
                crate::date::format(&mut out, &form, &stamp);
            } else {
                crate::date::write(&mut out, &form, seconds, 0);
            }
            return Ok(Value::Text(out.into()));
        }
        let text = self.text_or_record(list, 0)?;
        Ok(match builtin {
            Builtin::Tolower => Value::Text(text.to_ascii_lowercase().into()),
            Builtin::Toupper => Value::Text(text.to_ascii_uppercase().into()),
            _ => {
                // As gawk and busybox: cut to whole numbers, and a start before
                // the text is the text's.
                let from = self.optional_number(list, 1, 1.0)?.trunc().max(1.0);
                let length = match list.get(2) {
                    Some(length) => self.number(length)?.trunc(),
                    None => f64::INFINITY,
                };
                let to = (from + length).min(text.len() as f64 + 1.0);
                if from < to {
                    let (from, to) = (from as usize - 1, to as usize - 1);
                    Value::text(text.get(from..to).unwrap_or_default())
                } else {
                    Value::text(b"")
                }
            }
        })
    }

    fn length(&mut self, argument: Option<&Expr>) -> Result<Value, Error> {
        if let Some(Expr::Variable(slot)) = argument {
            let cell = match slot {
                Slot::Global(number) => self.globals.get(*number).cloned(),
                Slot::Local(_) => self.local(*slot),
            };
            if let Some(Cell::Array(array) | Cell::Maybe(array)) = cell {
                let count = array.borrow().count;
                return Ok(Value::Number(count as f64));
            }
        }
        let text = match argument {
            Some(expr) => self.bytes(expr)?,
            None => self.field(0.0)?.bytes(b""),
        };
        Ok(Value::Number(text.len() as f64))
    }

    fn matching(&mut self, list: &[Expr]) -> Result<Value, Error> {
        let text = self.text_or_record(list, 0)?;
        let Some(regex) = list.get(1) else { return Ok(Value::Nothing) };
        let regex = self.regex_of(regex)?;
        let mut groups: Groups = [None; 10];
        let found = if list.len() > 2 {
            regex.captures(&text, 0, &mut groups);
            groups[0]
        } else {
            regex.find(&text, 0)
        };
        if list.len() > 2 {
            let array = self.array_of(list.get(2))?;
            let mut array = array.borrow_mut();
            array.clear();
            for (number, group) in groups.iter().enumerate() {
                let Some((start, end)) = *group else { continue };
                let number = number.to_string();
                let piece = text.get(start..end).unwrap_or_default();
                *array.place(number.as_bytes()) = Value::Input(piece.into());
                let key = |name: &str| format!("{number}\x1c{name}").into_bytes();
                *array.place(&key("start")) = Value::Number((start + 1) as f64);
                *array.place(&key("length")) = Value::Number((end - start) as f64);
            }
        }
        let (start, length) = match found {
            Some((start, end)) => ((start + 1) as f64, (end - start) as f64),
            None => (0.0, -1.0),
        };
        self.set(Slot::Global(special::RSTART), Value::Number(start))?;
        self.set(Slot::Global(special::RLENGTH), Value::Number(length))?;
        Ok(Value::Number(start))
    }

    fn substitute(&mut self, builtin: Builtin, list: &[Expr]) -> Result<Value, Error> {
        let [regex, replacement, rest @ ..] = list else { return Ok(Value::Nothing) };
        let regex = self.regex_of(regex)?;
        let replacement = self.bytes(replacement)?;
        let record = Expr::Field(Box::new(Expr::Number(0.0)));
        let place = rest.first().unwrap_or(&record);
        let text = self.bytes(place)?;
        let which = if builtin == Builtin::Gsub { 0 } else { 1 };
        let mut out = Vec::new();
        let count = replace(&mut out, &regex, &text, &replacement, which, false);
        if count > 0 {
            self.assign(place, Value::Text(out.into()))?;
        }
        Ok(Value::Number(f64::from(count)))
    }

    fn gensub(&mut self, list: &[Expr]) -> Result<Value, Error> {
        let [regex, replacement, how, ..] = list else { return Ok(Value::Nothing) };
        let regex = self.regex_of(regex)?;
        let replacement = self.bytes(replacement)?;
        let how = self.value(how)?;
        let text = how.bytes(&self.convert);
        let which = if matches!(text.first(), Some(b'g' | b'G')) {
            0
        } else {
            (how.number() as u32).max(1)
        };
        let text = self.text_or_record(list, 3)?;
        let mut out = Vec::new();
        replace(&mut out, &regex, &text, &replacement, which, true);
        Ok(Value::Text(out.into()))
    }
}

/// Appends `text` with one match replaced, or all (0). Returns how many were.
/// With `groups`, `\1` in the replacement is what a group matched.
fn replace(
    out: &mut Vec<u8>,
    regex: &Regex,
    text: &[u8],
    replacement: &[u8],
    which: u32,
    groups: bool,
) -> u32 {
    let mut places: Groups = [None; 10];
    let (mut at, mut copied, mut number, mut count) = (0, 0, 0, 0);
    let mut before = None;
    while at <= text.len() {
        let found = if groups {
            if regex.captures(text, at, &mut places) { places[0] } else { None }
        } else {
            regex.find(text, at)
        };
        let Some((start, end)) = found else { break };
        if start == end && before == Some(start) {
            // not nothing just behind a match
            at = start + 1;
            continue;
        }
        before = Some(end);
        at = if start == end { end + 1 } else { end };
        number += 1;
        if which != 0 && number != which {
            continue;
        }
        out.extend_from_slice(text.get(copied..start).unwrap_or_default());
        let matched = text.get(start..end).unwrap_or_default();
        let mut bytes = replacement.iter().copied().peekable();
        while let Some(byte) = bytes.next() {
            match byte {
                b'&' => out.extend_from_slice(matched),
                b'\\' => match bytes.peek().copied() {
                    Some(next @ (b'&' | b'\\')) => {
                        bytes.next();
                        out.push(next);
                    }
                    Some(digit @ b'0'..=b'9') if groups => {
                        bytes.next();
                        let place = places.get(usize::from(digit - b'0')).copied().flatten();
                        let piece = place.and_then(|(start, end)| text.get(start..end));
                        out.extend_from_slice(piece.unwrap_or_default());
                    }
                    _ => out.push(b'\\'),
                },
                byte => out.push(byte),
            }
        }
        copied = end;
        count += 1;
        if which != 0 {
            break;
        }
    }
    out.extend_from_slice(text.get(copied..).unwrap_or_default());
    count
}

/// The time of `YYYY MM DD HH MM SS`; -1 when it is none.
fn mktime(text: &[u8]) -> f64 {
    let mut parts = [0i64; 6];
    let mut words = text.split(|b| *b == b' ').filter(|w| !w.is_empty());
    for part in &mut parts {
        let Some(word) = words.next() else { return -1.0 };
        *part = crate::awk::number::parse(word).0 as i64;
    }
    clock::seconds_of(&parts).map_or(-1.0, |seconds| seconds as f64)
}
