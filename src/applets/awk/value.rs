//! What variables hold: numbers, texts, arrays.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::rc::Rc;

use crate::awk::number;
use crate::sys::float::{self, Style};

/// A value.
#[derive(Clone)]
pub(super) enum Value {
    /// Of a variable that was not set: 0 and "".
    Nothing,
    Number(f64),
    Text(Rc<[u8]>),
    /// From outside: a number where it looks like one.
    Input(Rc<[u8]>),
}

impl Value {
    pub fn text(bytes: &[u8]) -> Value {
        Value::Text(bytes.into())
    }

    pub fn number(&self) -> f64 {
        match self {
            Value::Nothing => 0.0,
            Value::Number(number) => *number,
            Value::Text(text) | Value::Input(text) => number::parse(text).0,
        }
    }

    /// Appends the text that it is, numbers by `form` (CONVFMT, OFMT).
    pub fn write(&self, out: &mut Vec<u8>, form: &[u8]) {
        match self {
            Value::Nothing => {}
            Value::Number(number) => write_number(out, *number, form),
            Value::Text(text) | Value::Input(text) => out.extend_from_slice(text),
        }
    }

    pub fn bytes(&self, form: &[u8]) -> Rc<[u8]> {
        match self {
            Value::Text(text) | Value::Input(text) => Rc::clone(text),
            value => {
                let mut out = Vec::new();
                value.write(&mut out, form);
                out.into()
            }
        }
    }

    pub fn is_true(&self) -> bool {
        match self {
            Value::Nothing => false,
            Value::Number(number) => *number != 0.0,
            Value::Text(text) => !text.is_empty(),
            Value::Input(text) => match number::whole(text) {
                Some(number) => number != 0.0,
                None => !text.is_empty(),
            },
        }
    }

    /// The number that it is without doubt.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Value::Nothing => Some(0.0),
            Value::Number(number) => Some(*number),
            Value::Text(_) => None,
            Value::Input(text) => number::whole(text),
        }
    }

    /// As numbers when both are, otherwise as texts. `None`: not a number.
    pub fn compare(&self, other: &Value, form: &[u8]) -> Option<Ordering> {
        if let (Some(a), Some(b)) = (self.as_number(), other.as_number()) {
            return a.partial_cmp(&b);
        }
        Some(self.bytes(form).cmp(&other.bytes(form)))
    }
}

/// Appends a whole number.
pub(super) fn write_int(out: &mut Vec<u8>, value: i64) {
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
    if value < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(digits.get(at..).unwrap_or_default());
}

/// Appends a number: a whole one as such, another by `form`.
pub(super) fn write_number(out: &mut Vec<u8>, number: f64, form: &[u8]) {
    let whole = number as i64;
    if whole as f64 == number && number.abs() < 1e18 {
        return write_int(out, whole);
    }
    if number.is_finite() && number.trunc() == number && form == b"%.6g" {
        return float::fixed(out, number, 0);
    }
    if form == b"%.6g" {
        return float::format(out, b'g', Style { precision: Some(6), ..Style::default() }, number);
    }
    super::format::format(out, form, &[Value::Number(number)], b"%.6g");
}

/// An array by text.
#[derive(Default)]
pub(super) struct Array {
    /// Numbers of entries plus one; a deleted one stays until the next growth.
    index: Vec<u32>,
    entries: Vec<Option<(Rc<[u8]>, Value)>>,
    pub count: usize,
}

pub(super) type Shared = Rc<RefCell<Array>>;

fn hash(key: &[u8]) -> usize {
    let mut hash = 0x811c_9dc5u32;
    for &byte in key {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    (hash ^ (hash >> 15)) as usize
}

impl Array {
    fn find(&self, key: &[u8]) -> Option<usize> {
        let mask = self.index.len().checked_sub(1)?;
        let mut place = hash(key) & mask;
        loop {
            let number = (self.index.get(place)?.checked_sub(1)?) as usize;
            if let Some(Some((known, _))) = self.entries.get(number)
                && **known == *key
            {
                return Some(number);
            }
            place = (place + 1) & mask;
        }
    }

    pub fn get(&self, key: &[u8]) -> Option<&Value> {
        self.entries.get(self.find(key)?)?.as_ref().map(|entry| &entry.1)
    }

    /// The value at `key`, which is there afterwards.
    pub fn place(&mut self, key: &[u8]) -> &mut Value {
        let number = match self.find(key) {
            Some(number) => number,
            None => {
                if (self.entries.len() + 1) * 2 > self.index.len() {
                    self.grow();
                }
                self.entries.push(Some((key.into(), Value::Nothing)));
                self.count += 1;
                let number = self.entries.len() - 1;
                self.enter(number, hash(key));
                number
            }
        };
        // It is there: either found or made just now.
        match self.entries.get_mut(number) {
            Some(Some(entry)) => &mut entry.1,
            _ => unreachable!(),
        }
    }

    fn enter(&mut self, number: usize, hash: usize) {
        let mask = self.index.len() - 1;
        let mut place = hash & mask;
        while let Some(slot) = self.index.get_mut(place) {
            if *slot == 0 {
                *slot = number as u32 + 1;
                return;
            }
            place = (place + 1) & mask;
        }
    }

    fn grow(&mut self) {
        self.entries.retain(Option::is_some);
        let size = ((self.entries.len() + 1) * 4).next_power_of_two().max(16);
        self.index.clear();
        self.index.resize(size, 0);
        for number in 0..self.entries.len() {
            if let Some(Some((key, _))) = self.entries.get(number) {
                let hash = hash(key);
                self.enter(number, hash);
            }
        }
    }

    pub fn remove(&mut self, key: &[u8]) {
        if let Some(number) = self.find(key)
            && let Some(entry) = self.entries.get_mut(number)
        {
            *entry = None;
            self.count -= 1;
        }
    }

    pub fn clear(&mut self) {
        *self = Array::default();
    }

    pub fn keys(&self) -> Vec<Rc<[u8]>> {
        self.entries.iter().flatten().map(|(key, _)| Rc::clone(key)).collect()
    }
}

/// What a name stands for.
#[derive(Clone)]
pub(super) enum Cell {
    Value(Value),
    Array(Shared),
    /// Not used yet, but handed to a function, where it may become an array.
    Maybe(Shared),
}
