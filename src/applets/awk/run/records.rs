//! Records and their fields.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::rc::Rc;

use super::super::streams::{Input, Separator};
use super::super::value::{Shared, Value, write_int};
use super::Awk;
use crate::applet::{Error, show_bytes};
use crate::awk::{Expr, Slot, special};
use crate::regex::Regex;
use crate::sys::search;

/// How fields are separated.
pub(super) enum Splitter {
    Blanks,
    Byte(u8),
    Regex(Rc<Regex>),
    /// Every byte is a field.
    Each,
}

impl Awk<'_, '_> {
    /// Opens the next file of ARGV. False when there is none.
    fn next_file(&mut self) -> Result<bool, Error> {
        loop {
            let count = self.get_global(special::ARGC).number() as usize;
            if self.next_operand >= count {
                if self.used_operand {
                    return Ok(false);
                }
                self.used_operand = true;
                self.put_global(special::FILENAME, Value::text(b"-"));
                self.input = Some(Input::new(None));
                return Ok(true);
            }
            let key = self.next_operand.to_string();
            self.next_operand += 1;
            let argv = self.array(Slot::Global(special::ARGV))?;
            let operand = argv.borrow().get(key.as_bytes()).map(|v| v.bytes(b"%.6g"));
            let Some(operand) = operand.filter(|operand| !operand.is_empty()) else { continue };
            if self.assign_operand(&operand)? {
                continue;
            }
            self.used_operand = true;
            self.put_global(special::FILENAME, Value::Input(Rc::clone(&operand)));
            self.fnr = 0.0;
            if *operand == *b"-" {
                self.input = Some(Input::new(None));
                return Ok(true);
            }
            match File::open(OsStr::from_bytes(&operand)) {
                Ok(file) => {
                    self.input = Some(Input::new(Some(file.into())));
                    return Ok(true);
                }
                Err(error) => return Err(Error::os(show_bytes(&operand), error)),
            }
        }
    }

    /// Reads a record of the files into `record`. False at the end of all.
    pub(super) fn read_main(&mut self, record: &mut Vec<u8>) -> Result<bool, Error> {
        loop {
            if self.input.is_none() && !self.next_file()? {
                return Ok(false);
            }
            if self.interactive {
                self.cx.flush()?;
            }
            let Some(input) = &mut self.input else { return Ok(false) };
            match input.record(self.cx.stdin, &self.separator, record) {
                Ok(true) => {
                    self.nr += 1.0;
                    self.fnr += 1.0;
                    return Ok(true);
                }
                Ok(false) => self.input = None,
                Err(errno) => {
                    let name = self.get_global(special::FILENAME).bytes(b"%.6g");
                    self.cx.warn(Error::os(show_bytes(&name), errno));
                    self.exit = 2;
                    self.input = None;
                }
            }
        }
    }

    pub(super) fn next_record(&mut self) -> Result<bool, Error> {
        // In END the last record is still there.
        let mut record = std::mem::take(&mut self.spare);
        let read = self.read_main(&mut record)?;
        if read {
            std::mem::swap(&mut self.record, &mut record);
            self.fresh();
        }
        self.spare = record;
        Ok(read)
    }

    /// The record is a new one.
    pub(super) fn fresh(&mut self) {
        self.split = false;
        self.stale = false;
        self.fields = None;
    }

    fn set_record(&mut self, text: &[u8]) {
        self.record.clear();
        self.record.extend_from_slice(text);
        self.fresh();
    }

    /// Makes the record of its fields when one was changed.
    pub(super) fn make_record(&mut self) -> Result<(), Error> {
        if !self.stale {
            return Ok(());
        }
        self.stale = false;
        let mut record = Vec::new();
        if let Some(fields) = &self.fields {
            for (number, field) in fields.iter().enumerate() {
                if number > 0 {
                    record.extend_from_slice(&self.ofs);
                }
                field.write(&mut record, &self.convert);
            }
        }
        self.record = record;
        Ok(())
    }

    /// Splits the record.
    pub(super) fn split_record(&mut self) {
        if self.split {
            return;
        }
        self.split = true;
        self.spans.clear();
        let paragraphs = matches!(self.separator, Separator::Paragraph);
        split_into(&self.record, &self.splitter, paragraphs, &mut self.spans);
    }

    pub(super) fn field_count(&mut self) -> usize {
        self.split_record();
        match &self.fields {
            Some(fields) => fields.len(),
            None => self.spans.len(),
        }
    }

    pub fn field(&mut self, number: f64) -> Result<Value, Error> {
        if number < 0.0 {
            return Err(Error::msg(format_args!("attempt to access field {}", number as i64)));
        }
        let number = number as usize;
        if number == 0 {
            self.make_record()?;
            return Ok(Value::Input(self.record.as_slice().into()));
        }
        self.split_record();
        if let Some(fields) = &self.fields {
            return Ok(fields.get(number - 1).cloned().unwrap_or(Value::Nothing));
        }
        Ok(match self.span(number) {
            Some(text) => Value::Input(text.into()),
            None => Value::Nothing,
        })
    }

    /// The text of a field that nobody changed.
    pub(super) fn span(&self, number: usize) -> Option<&[u8]> {
        let (start, end) = self.spans.get(number.checked_sub(1)?)?;
        self.record.get(*start..*end)
    }

    /// The fields as values of their own.
    pub(super) fn own_fields(&mut self) -> &mut Vec<Value> {
        self.split_record();
        let record = &self.record;
        let spans = &self.spans;
        self.fields.get_or_insert_with(|| {
            let text = |span: &(usize, usize)| record.get(span.0..span.1).unwrap_or_default();
            spans.iter().map(|span| Value::Input(text(span).into())).collect()
        })
    }

    pub(super) fn set_field(&mut self, number: f64, value: Value) -> Result<(), Error> {
        if !(0.0..=1e7).contains(&number) {
            return Err(Error::msg(format_args!("attempt to access field {}", number as i64)));
        }
        let number = number as usize;
        if number == 0 {
            let text = value.bytes(&self.convert);
            self.set_record(&text);
            return Ok(());
        }
        // A field that is there looks like a number as before; a text does not.
        let fields = self.own_fields();
        if fields.len() < number {
            fields.resize(number, Value::Nothing);
        }
        if let Some(place) = fields.get_mut(number - 1) {
            *place = value;
        }
        self.stale = true;
        Ok(())
    }

    /// Splits a text as split() does.
    pub fn split_text(
        &mut self,
        text: &[u8],
        separator: Option<&Expr>,
        array: &Shared,
    ) -> Result<f64, Error> {
        let mut spans = Vec::new();
        let paragraphs = matches!(self.separator, Separator::Paragraph) && separator.is_none();
        match separator {
            None => split_into(text, &self.splitter, paragraphs, &mut spans),
            Some(Expr::Regex(regex)) => {
                split_into(text, &Splitter::Regex(Rc::clone(regex)), false, &mut spans);
            }
            Some(expr) => {
                let by = self.bytes(expr)?;
                let splitter = self.splitter_of(&by)?;
                split_into(text, &splitter, false, &mut spans);
            }
        }
        let mut array = array.borrow_mut();
        array.clear();
        let mut key = Vec::new();
        for (number, (start, end)) in spans.iter().enumerate() {
            key.clear();
            write_int(&mut key, number as i64 + 1);
            let piece = text.get(*start..*end).unwrap_or_default();
            *array.place(&key) = Value::Input(piece.into());
        }
        Ok(spans.len() as f64)
    }
}

/// Finds the fields of a text. In paragraphs a newline separates as well.
fn split_into(text: &[u8], splitter: &Splitter, paragraphs: bool, spans: &mut Vec<(usize, usize)>) {
    if text.is_empty() {
        return;
    }
    match splitter {
        Splitter::Blanks => {
            let blank = |b: &u8| matches!(*b, b' ' | b'\t' | b'\n');
            let mut at = 0;
            while let Some(rest) = text.get(at..) {
                let Some(skip) = rest.iter().position(|b| !blank(b)) else { break };
                let start = at + skip;
                let rest = text.get(start..).unwrap_or_default();
                let end = rest.iter().position(blank).map_or(text.len(), |e| start + e);
                spans.push((start, end));
                at = end;
            }
        }
        Splitter::Each => spans.extend((0..text.len()).map(|at| (at, at + 1))),
        Splitter::Byte(byte) => {
            let mut start = 0;
            loop {
                let rest = text.get(start..).unwrap_or_default();
                let found = if paragraphs {
                    rest.iter().position(|b| b == byte || *b == b'\n')
                } else if rest.len() < 32 {
                    rest.iter().position(|b| b == byte)
                } else {
                    search::byte(rest, *byte)
                };
                let Some(end) = found else { break };
                spans.push((start, start + end));
                start += end + 1;
            }
            spans.push((start, text.len()));
        }
        Splitter::Regex(regex) => {
            let mut start = 0;
            let mut from = 0;
            while let Some((mut at, mut end)) = regex.find(text, from).or_else(|| {
                let rest = text.get(from..).filter(|_| paragraphs)?;
                search::byte(rest, b'\n').map(|at| (from + at, from + at + 1))
            }) {
                if paragraphs
                    && let Some(line) = text.get(from..at).and_then(|t| search::byte(t, b'\n'))
                {
                    (at, end) = (from + line, from + line + 1);
                }
                if at == end {
                    // nothing separates nothing
                    from = end + 1;
                    if from > text.len() {
                        break;
                    }
                    continue;
                }
                spans.push((start, at));
                (start, from) = (end, end);
            }
            spans.push((start, text.len()));
        }
    }
}
