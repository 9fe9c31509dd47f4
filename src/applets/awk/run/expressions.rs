//! Values of expressions.

use std::rc::Rc;

use super::super::streams::{Flow as Way, How};
use super::super::value::{Cell, Shared, Value};
use super::{Awk, Flow};
use crate::applet::{Error, show_bytes};
use crate::awk::{Expr, Slot, Source, number, special};
use crate::regex::{Flags, Regex};

/// How deep functions may call each other: what the stack holds.
const DEEPEST: usize = if cfg!(debug_assertions) { 1200 } else { 20_000 };

impl Awk<'_, '_> {
    pub(super) fn regex(&mut self, text: &[u8]) -> Result<Rc<Regex>, Error> {
        let icase = self.icase;
        if let Some(at) = self.regexes.iter().position(|(t, i, _)| t == text && *i == icase) {
            if at > 8 {
                self.regexes.swap(at, at / 2);
                return self.regex(text);
            }
            if let Some((_, _, regex)) = self.regexes.get(at) {
                return Ok(Rc::clone(regex));
            }
        }
        let flags = Flags { awk: true, icase, ..Flags::EXTENDED };
        // what would repeat nothing stands for itself, as in other awks
        let literal = matches!(text.first(), Some(b'*' | b'+' | b'?'));
        let escaped = if literal { [b"\\", text].concat() } else { Vec::new() };
        let regex = Regex::new(if literal { &escaped } else { text }, flags)
            .map_err(|why| Error::msg(format_args!("{}: {why}", show_bytes(text))))?;
        let regex = Rc::new(regex);
        if self.regexes.len() >= 64 {
            self.regexes.pop();
        }
        self.regexes.insert(0, (text.to_vec(), icase, Rc::clone(&regex)));
        Ok(regex)
    }

    /// The expression that an operand of `~` or of a function stands for.
    pub fn regex_of(&mut self, expr: &Expr) -> Result<Rc<Regex>, Error> {
        match expr {
            Expr::Regex(regex) => Ok(Rc::clone(regex)),
            Expr::Group(list) if list.len() == 1 => match list.first() {
                Some(inner) => self.regex_of(inner),
                None => self.regex(b""),
            },
            expr => {
                let text = self.bytes(expr)?;
                self.regex(&text)
            }
        }
    }

    pub fn bytes(&mut self, expr: &Expr) -> Result<Rc<[u8]>, Error> {
        let value = self.value(expr)?;
        Ok(value.bytes(&self.convert))
    }

    pub fn number(&mut self, expr: &Expr) -> Result<f64, Error> {
        Ok(match expr {
            Expr::Number(number) => *number,
            // A field's number needs no value of its own.
            Expr::Field(inner) => {
                let number = self.number(inner)?;
                if number >= 1.0 {
                    self.split_record();
                    if self.fields.is_none() {
                        let text = self.span(number as usize).unwrap_or_default();
                        return Ok(number::parse(text).0);
                    }
                }
                self.field(number)?.number()
            }
            Expr::Binary(letter, a, b) => {
                let a = self.number(a)?;
                let b = self.number(b)?;
                arithmetic(*letter, a, b)?
            }
            Expr::Element(slot, keys) => {
                let key = self.key(keys)?;
                self.array(*slot)?.borrow_mut().place(&key).number()
            }
            expr => self.value(expr)?.number(),
        })
    }

    pub(super) fn is_true(&mut self, expr: &Expr) -> Result<bool, Error> {
        Ok(match expr {
            Expr::Regex(regex) => {
                self.make_record()?;
                regex.is_match(&self.record)
            }
            Expr::Match(positive, text, regex) => {
                let regex = self.regex_of(regex)?;
                if let Expr::Field(number) = &**text {
                    let number = self.number(number)?;
                    if number >= 0.0 {
                        if number < 1.0 {
                            self.make_record()?;
                            return Ok(regex.is_match(&self.record) == *positive);
                        }
                        self.split_record();
                        if self.fields.is_none() {
                            let text = self.span(number as usize).unwrap_or_default();
                            return Ok(regex.is_match(text) == *positive);
                        }
                    }
                    let text = self.field(number)?.bytes(&self.convert);
                    return Ok(regex.is_match(&text) == *positive);
                }
                let text = self.bytes(text)?;
                regex.is_match(&text) == *positive
            }
            Expr::And(a, b) => self.is_true(a)? && self.is_true(b)?,
            Expr::Or(a, b) => self.is_true(a)? || self.is_true(b)?,
            Expr::Not(a) => !self.is_true(a)?,
            Expr::In(keys, slot) => {
                let key = self.key(keys)?;
                let array = self.array(*slot)?;
                array.borrow().get(&key).is_some()
            }
            Expr::Compare(letter, a, b) => {
                let a = self.value(a)?;
                let b = self.value(b)?;
                let order = a.compare(&b, &self.convert);
                match letter {
                    b'<' => order.is_some_and(|o| o.is_lt()),
                    b'l' => order.is_some_and(|o| o.is_le()),
                    b'=' => order.is_some_and(|o| o.is_eq()),
                    b'!' => order.is_none_or(|o| o.is_ne()),
                    b'>' => order.is_some_and(|o| o.is_gt()),
                    _ => order.is_some_and(|o| o.is_ge()),
                }
            }
            expr => self.value(expr)?.is_true(),
        })
    }

    pub fn value(&mut self, expr: &Expr) -> Result<Value, Error> {
        Ok(match expr {
            Expr::Number(number) => Value::Number(*number),
            Expr::Text(text) => Value::Text(Rc::clone(text)),
            Expr::Variable(slot) => self.get(*slot)?,
            Expr::Field(number) => {
                let number = self.number(number)?;
                self.field(number)?
            }
            Expr::Element(slot, keys) => {
                let key = self.key(keys)?;
                self.array(*slot)?.borrow_mut().place(&key).clone()
            }
            Expr::Assign(place, 0, value) => {
                let value = self.value(value)?;
                self.assign(place, value.clone())?;
                value
            }
            Expr::Assign(place, letter, value) => {
                let right = self.number(value)?;
                let left = self.number(place)?;
                let value = Value::Number(arithmetic(*letter, left, right)?);
                self.assign(place, value.clone())?;
                value
            }
            Expr::Choice(condition, yes, no) => {
                if self.is_true(condition)? {
                    self.value(yes)?
                } else {
                    self.value(no)?
                }
            }
            Expr::Negative(inner) => Value::Number(-self.number(inner)?),
            Expr::Positive(inner) => Value::Number(self.number(inner)?),
            Expr::Binary(..) => Value::Number(self.number(expr)?),
            Expr::Join(..) => {
                let mut out = Vec::new();
                self.append(expr, &mut out)?;
                Value::Text(out.into())
            }
            Expr::Step(place, step, before) => {
                if let Expr::Element(slot, keys) = &**place {
                    let key = self.key(keys)?;
                    let array = self.array(*slot)?;
                    let mut array = array.borrow_mut();
                    let value = array.place(&key);
                    let old = value.number();
                    *value = Value::Number(old + step);
                    return Ok(Value::Number(if *before { old + step } else { old }));
                }
                let old = self.number(place)?;
                self.assign(place, Value::Number(old + step))?;
                Value::Number(if *before { old + step } else { old })
            }
            Expr::Group(list) => match list.as_slice() {
                [only] => self.value(only)?,
                list => Value::Text(self.key(list)?),
            },
            Expr::Call(number, arguments) => self.call(*number, arguments)?,
            Expr::Builtin(builtin, arguments) => self.builtin(*builtin, arguments)?,
            Expr::Getline(place, source) => self.getline(place.as_deref(), source)?,
            Expr::Regex(_)
            | Expr::And(..)
            | Expr::Or(..)
            | Expr::Not(_)
            | Expr::Compare(..)
            | Expr::Match(..)
            | Expr::In(..) => Value::Number(if self.is_true(expr)? { 1.0 } else { 0.0 }),
        })
    }

    /// Appends the text of an expression.
    pub(super) fn append(&mut self, expr: &Expr, out: &mut Vec<u8>) -> Result<(), Error> {
        match expr {
            Expr::Text(text) => out.extend_from_slice(text),
            Expr::Join(a, b) => {
                self.append(a, out)?;
                self.append(b, out)?;
            }
            Expr::Field(inner) => {
                let number = self.number(inner)?;
                self.append_field(number, out)?;
            }
            expr => {
                let value = self.value(expr)?;
                value.write(out, &self.convert);
            }
        }
        Ok(())
    }

    pub(super) fn append_field(&mut self, number: f64, out: &mut Vec<u8>) -> Result<(), Error> {
        if (0.0..1.0).contains(&number) {
            self.make_record()?;
            out.extend_from_slice(&self.record);
            return Ok(());
        }
        if number >= 1.0 {
            self.split_record();
            if self.fields.is_none() {
                out.extend_from_slice(self.span(number as usize).unwrap_or_default());
                return Ok(());
            }
        }
        let value = self.field(number)?;
        value.write(out, &self.convert);
        Ok(())
    }

    fn call(&mut self, number: usize, arguments: &[Expr]) -> Result<Value, Error> {
        let program = Rc::clone(&self.program);
        let Some(function) = program.functions.get(number) else { return Ok(Value::Nothing) };
        if arguments.len() > function.parameters {
            let name = String::from_utf8_lossy(&function.name).into_owned();
            return Err(Error::msg(format_args!("function {name}: too many arguments")));
        }
        if self.depth >= DEEPEST {
            return Err(Error::msg("functions call each other too deep"));
        }
        let mut frame = Vec::with_capacity(function.parameters);
        for argument in arguments {
            let mut cell = None;
            if let Expr::Variable(slot) = argument
                && !matches!(slot, Slot::Global(..special::COUNT))
                && let Some(own) = self.cell(*slot)
            {
                // What was not used yet may become an array in the function.
                if let Cell::Value(Value::Nothing) = own {
                    *own = Cell::Maybe(Shared::default());
                }
                if let Cell::Array(_) | Cell::Maybe(_) = own {
                    cell = Some(own.clone());
                }
            } else if let Expr::Variable(slot @ Slot::Global(special::ENVIRON | special::ARGV)) =
                argument
            {
                cell = Some(Cell::Array(self.array(*slot)?));
            }
            frame.push(match cell {
                Some(cell) => cell,
                None => Cell::Value(self.value(argument)?),
            });
        }
        frame.resize(function.parameters, Cell::Value(Value::Nothing));
        let base = std::mem::replace(&mut self.base, self.locals.len());
        self.locals.append(&mut frame);
        self.depth += 1;
        let flow = self.block(&function.body);
        self.depth -= 1;
        // A caller's variable learns that it is an array.
        let mine = self.base;
        for (place, argument) in arguments.iter().enumerate() {
            if let Expr::Variable(slot) = argument
                && let Some(Cell::Array(array)) = self.locals.get(mine + place)
            {
                let array = Rc::clone(array);
                let now = self.base;
                self.base = base;
                if let Some(cell @ Cell::Maybe(_)) = self.cell(*slot) {
                    *cell = Cell::Array(array);
                }
                self.base = now;
            }
        }
        self.locals.truncate(mine);
        self.base = base;
        match flow? {
            Flow::Return(value) => Ok(value),
            flow @ (Flow::Exit | Flow::Next | Flow::NextFile) => {
                self.pending = Some(flow);
                Err(Error::msg("next or exit in a function"))
            }
            _ => Ok(Value::Nothing),
        }
    }

    fn getline(&mut self, place: Option<&Expr>, source: &Source) -> Result<Value, Error> {
        let mut record = Vec::new();
        let read = match source {
            Source::Main => self.read_main(&mut record)?,
            Source::File(name) | Source::Command(name) => {
                let name = self.bytes(name)?;
                let is_command = matches!(source, Source::Command(_));
                let how = if is_command { How::ReadCommand } else { How::Read };
                if is_command {
                    self.streams.flush(self.cx, None)?;
                }
                let separator = self.separator.clone();
                let stdin = self.cx.stdin;
                let Ok(stream) = self.streams.get(self.cx, how, &name, &self.environment) else {
                    return Ok(Value::Number(-1.0));
                };
                let Way::Input(input) = &mut stream.flow else { return Ok(Value::Number(-1.0)) };
                // POSIX has NR count what commands print; gawk, mawk and
                // busybox count what is read of the files only
                match input.record(stdin, &separator, &mut record) {
                    Ok(read) => read,
                    Err(_) => return Ok(Value::Number(-1.0)),
                }
            }
        };
        if !read {
            return Ok(Value::Number(0.0));
        }
        match place {
            Some(place) => self.assign(place, Value::Input(record.into()))?,
            None => {
                self.record = record;
                self.fresh();
            }
        }
        Ok(Value::Number(1.0))
    }
}

fn arithmetic(letter: u8, a: f64, b: f64) -> Result<f64, Error> {
    Ok(match letter {
        b'+' => a + b,
        b'-' => a - b,
        b'*' => a * b,
        b'/' if b == 0.0 => return Err(Error::msg("division by zero")),
        b'/' => a / b,
        b'%' if b == 0.0 => return Err(Error::msg("division by zero in %")),
        b'%' => a % b,
        _ => power(a, b),
    })
}

fn power(a: f64, b: f64) -> f64 {
    if b.trunc() == b && b.abs() <= 1024.0 { a.powi(b as i32) } else { a.powf(b) }
}
