//! Variables, and those that mean something.

use std::cell::RefCell;
use std::rc::Rc;

use super::super::streams::Separator;
use super::super::value::{Array, Cell, Shared, Value};
use super::Awk;
use super::records::Splitter;
use crate::applet::Error;
use crate::awk::{Expr, Slot, special};

impl Awk<'_, '_> {
    pub(super) fn get_global(&mut self, slot: usize) -> Value {
        match slot {
            special::NF => return Value::Number(self.field_count() as f64),
            special::NR => return Value::Number(self.nr),
            special::FNR => return Value::Number(self.fnr),
            _ => {}
        }
        match self.globals.get(slot) {
            Some(Cell::Value(value)) => value.clone(),
            _ => Value::Nothing,
        }
    }

    pub(super) fn get(&mut self, slot: Slot) -> Result<Value, Error> {
        let cell = match slot {
            Slot::Global(number) => {
                if number <= special::FNR {
                    return Ok(self.get_global(number));
                }
                self.globals.get(number)
            }
            Slot::Local(number) => self.locals.get(self.base + number),
        };
        match cell {
            Some(Cell::Value(value)) => Ok(value.clone()),
            Some(Cell::Array(_)) => Err(Error::msg("an array is used as a value")),
            _ => Ok(Value::Nothing),
        }
    }

    /// What a parameter stands for.
    pub fn local(&mut self, slot: Slot) -> Option<Cell> {
        self.cell(slot).map(|cell| cell.clone())
    }

    pub(super) fn cell(&mut self, slot: Slot) -> Option<&mut Cell> {
        match slot {
            Slot::Global(number) => self.globals.get_mut(number),
            Slot::Local(number) => self.locals.get_mut(self.base + number),
        }
    }

    pub fn set(&mut self, slot: Slot, value: Value) -> Result<(), Error> {
        if let Slot::Global(number) = slot
            && number < special::COUNT
        {
            self.special(number, &value)?;
        }
        match self.cell(slot) {
            Some(Cell::Array(_)) => Err(Error::msg("an array is used as a value")),
            Some(cell) => {
                *cell = Cell::Value(value);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// A variable with a meaning has a new value.
    fn special(&mut self, number: usize, value: &Value) -> Result<(), Error> {
        let text = value.bytes(&self.convert);
        match number {
            special::NF => {
                let count = value.number().clamp(0.0, 1e7) as usize;
                self.own_fields().resize(count, Value::Nothing);
                self.stale = true;
            }
            special::NR => self.nr = value.number(),
            special::FNR => self.fnr = value.number(),
            special::FS => {
                // The record that is there is split as it was read.
                self.split_record();
                self.splitter = self.splitter_of(&text)?;
            }
            special::OFS => {
                self.make_record()?;
                self.ofs = text.to_vec();
            }
            special::ORS => self.ors = text.to_vec(),
            special::RS => {
                self.separator = match *text {
                    [] => Separator::Paragraph,
                    [byte] => Separator::Byte(byte),
                    _ => Separator::Regex(self.regex(&text)?),
                };
            }
            special::SUBSEP => self.subsep = text.to_vec(),
            special::CONVFMT => self.convert = text.to_vec(),
            special::OFMT => self.output = text.to_vec(),
            special::IGNORECASE => self.icase = value.is_true(),
            _ => {}
        }
        Ok(())
    }

    pub(super) fn splitter_of(&mut self, text: &[u8]) -> Result<Splitter, Error> {
        Ok(match text {
            [] => Splitter::Each,
            b" " => Splitter::Blanks,
            [byte] if !self.icase => Splitter::Byte(*byte),
            b"\\|" => Splitter::Byte(b'|'),
            text => Splitter::Regex(self.regex(text)?),
        })
    }

    pub fn array(&mut self, slot: Slot) -> Result<Shared, Error> {
        let Some(cell) = self.cell(slot) else { return Ok(Shared::default()) };
        match cell {
            Cell::Array(array) => Ok(Rc::clone(array)),
            Cell::Maybe(array) => {
                let array = Rc::clone(array);
                *cell = Cell::Array(Rc::clone(&array));
                Ok(array)
            }
            Cell::Value(Value::Nothing) => {
                let array: Shared = Rc::new(RefCell::new(Array::default()));
                *cell = Cell::Array(Rc::clone(&array));
                Ok(array)
            }
            Cell::Value(_) => Err(Error::msg("a value is used as an array")),
        }
    }

    pub(super) fn key(&mut self, keys: &[Expr]) -> Result<Rc<[u8]>, Error> {
        if let [key] = keys {
            let value = self.value(key)?;
            return Ok(value.bytes(&self.convert));
        }
        let mut out = Vec::new();
        for (number, key) in keys.iter().enumerate() {
            if number > 0 {
                out.extend_from_slice(&self.subsep);
            }
            let value = self.value(key)?;
            value.write(&mut out, &self.convert);
        }
        Ok(out.into())
    }

    pub fn assign(&mut self, place: &Expr, value: Value) -> Result<(), Error> {
        match place {
            Expr::Variable(slot) => self.set(*slot, value),
            Expr::Element(slot, keys) => {
                let key = self.key(keys)?;
                *self.array(*slot)?.borrow_mut().place(&key) = value;
                Ok(())
            }
            Expr::Field(number) => {
                let number = self.number(number)?;
                self.set_field(number, value)
            }
            _ => Ok(()),
        }
    }
}
