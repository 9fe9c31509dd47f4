//! The interpreter: statements, expressions, records and fields.

use std::cell::RefCell;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::rc::Rc;

use super::streams::{Flow as Way, How, Input, Separator, Streams};
use super::value::{Array, Cell, Shared, Value};
use crate::applet::{Ctx, Error, show_bytes};
use crate::awk::lexer::unescape;
use crate::awk::{Expr, Pattern, Program, Slot, Source, Statement, Target, number, special};
use crate::regex::{Flags, Regex};
use crate::sys::search;

/// How a statement ends.
pub(super) enum Flow {
    Normal,
    Break,
    Continue,
    Next,
    NextFile,
    Exit,
    Return(Value),
}

/// How deep functions may call each other: what the stack holds.
const DEEPEST: usize = if cfg!(debug_assertions) { 1200 } else { 20_000 };

/// How fields are separated.
enum Splitter {
    Blanks,
    Byte(u8),
    Regex(Rc<Regex>),
    /// Every byte is a field.
    Each,
}

pub(super) struct Awk<'c, 'x> {
    pub cx: &'c mut Ctx<'x>,
    program: Rc<Program>,
    pub globals: Vec<Cell>,
    locals: Vec<Cell>,
    base: usize,
    depth: usize,
    pub streams: Streams,
    pub environment: Vec<OsString>,
    // the record
    record: Vec<u8>,
    spare: Vec<u8>,
    /// Where its fields are, once it is split.
    spans: Vec<(usize, usize)>,
    /// The fields, once one was changed.
    fields: Option<Vec<Value>>,
    split: bool,
    /// The record is yet to be made of its fields.
    stale: bool,
    nr: f64,
    fnr: f64,
    // what variables mean
    splitter: Splitter,
    pub separator: Separator,
    pub convert: Vec<u8>,
    output: Vec<u8>,
    ofs: Vec<u8>,
    ors: Vec<u8>,
    subsep: Vec<u8>,
    icase: bool,
    regexes: Vec<(Vec<u8>, bool, Rc<Regex>)>,
    input: Option<Input>,
    next_operand: usize,
    used_operand: bool,
    ranges: Vec<bool>,
    exit: u8,
    interactive: bool,
    /// What a function did to the whole program: it comes up as an error.
    pending: Option<Flow>,
    pub seed: f64,
    pub random: u64,
}

impl<'c, 'x> Awk<'c, 'x> {
    pub fn new(
        cx: &'c mut Ctx<'x>,
        program: Program,
        operands: &[OsString],
    ) -> Result<Awk<'c, 'x>, Error> {
        let globals = program.globals.iter().map(|_| Cell::Value(Value::Nothing)).collect();
        let environment: Vec<OsString> = cx.env.iter().map(OsStr::to_os_string).collect();
        let interactive = crate::sys::terminal::is_terminal(cx.stdout);
        let ranges = program.rules.iter().map(|_| false).collect();
        let mut awk = Awk {
            cx,
            program: Rc::new(program),
            globals,
            locals: Vec::new(),
            base: 0,
            depth: 0,
            streams: Streams::default(),
            environment,
            record: Vec::new(),
            spare: Vec::new(),
            pending: None,
            spans: Vec::new(),
            fields: None,
            split: true,
            stale: false,
            nr: 0.0,
            fnr: 0.0,
            splitter: Splitter::Blanks,
            separator: Separator::Byte(b'\n'),
            convert: b"%.6g".to_vec(),
            output: b"%.6g".to_vec(),
            ofs: b" ".to_vec(),
            ors: b"\n".to_vec(),
            subsep: b"\x1c".to_vec(),
            icase: false,
            regexes: Vec::new(),
            input: None,
            next_operand: 1,
            used_operand: false,
            ranges,
            exit: 0,
            interactive,
            seed: 0.0,
            random: 0x9e37_79b9_7f4a_7c15,
        };
        let texts: [(usize, &[u8]); 7] = [
            (special::FS, b" "),
            (special::OFS, b" "),
            (special::ORS, b"\n"),
            (special::RS, b"\n"),
            (special::SUBSEP, b"\x1c"),
            (special::CONVFMT, b"%.6g"),
            (special::OFMT, b"%.6g"),
        ];
        for (slot, text) in texts {
            awk.put_global(slot, Value::text(text));
        }
        awk.put_global(special::RSTART, Value::Number(0.0));
        awk.put_global(special::RLENGTH, Value::Number(-1.0));
        let environ = Shared::default();
        for entry in &awk.environment {
            let entry = entry.as_bytes();
            if let Some(at) = entry.iter().position(|b| *b == b'=') {
                let (name, value) = entry.split_at(at);
                let value = value.get(1..).unwrap_or_default();
                *environ.borrow_mut().place(name) = Value::Input(value.into());
            }
        }
        awk.set_cell(special::ENVIRON, Cell::Array(environ));
        let argv = Shared::default();
        *argv.borrow_mut().place(b"0") = Value::text(b"awk");
        for (number, operand) in operands.iter().enumerate() {
            let key = (number + 1).to_string();
            *argv.borrow_mut().place(key.as_bytes()) = Value::Input(operand.as_bytes().into());
        }
        awk.set_cell(special::ARGV, Cell::Array(argv));
        awk.put_global(special::ARGC, Value::Number((operands.len() + 1) as f64));
        Ok(awk)
    }

    fn set_cell(&mut self, slot: usize, cell: Cell) {
        if let Some(place) = self.globals.get_mut(slot) {
            *place = cell;
        }
    }

    fn put_global(&mut self, slot: usize, value: Value) {
        self.set_cell(slot, Cell::Value(value));
    }

    pub fn set_separator(&mut self, text: &[u8]) -> Result<(), Error> {
        self.set(Slot::Global(special::FS), Value::text(text))
    }

    /// `NAME=VALUE` of the command line. False when it is no such thing.
    pub fn assign_operand(&mut self, text: &[u8]) -> Result<bool, Error> {
        let Some(at) = text.iter().position(|b| *b == b'=') else { return Ok(false) };
        let name = text.get(..at).unwrap_or_default();
        let is_name = name.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_')
            && name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_');
        if !is_name {
            return Ok(false);
        }
        let value = unescape(text.get(at + 1..).unwrap_or_default());
        // A name that the program does not use is of no consequence.
        if let Some(slot) = self.program.globals.iter().position(|g| g == name) {
            self.set(Slot::Global(slot), Value::Input(value.into()))?;
        }
        Ok(true)
    }

    /// Runs the program; the exit status.
    pub fn run(&mut self) -> Result<u8, Error> {
        let program = Rc::clone(&self.program);
        let mut exited = false;
        for action in &program.begin {
            if let Flow::Exit = self.block(action)? {
                exited = true;
                break;
            }
        }
        let reads = !program.rules.is_empty() || !program.end.is_empty();
        if reads && !exited {
            'records: while self.next_record()? {
                for (number, (pattern, action)) in program.rules.iter().enumerate() {
                    let selected = match self.selects(pattern, number) {
                        Err(error) => match self.pending.take() {
                            Some(flow) => Err(flow),
                            None => return Err(error),
                        },
                        Ok(selected) => Ok(selected),
                    };
                    let flow = match (selected, action) {
                        (Err(flow), _) => flow,
                        (Ok(false), _) => continue,
                        (Ok(true), Some(action)) => self.block(action)?,
                        (Ok(true), None) => {
                            self.make_record()?;
                            self.cx.put(&self.record)?;
                            self.cx.put(&self.ors)?;
                            Flow::Normal
                        }
                    };
                    match flow {
                        Flow::Next => continue 'records,
                        Flow::NextFile => {
                            self.input = None;
                            continue 'records;
                        }
                        Flow::Exit => break 'records,
                        _ => {}
                    }
                }
            }
        }
        for action in &program.end {
            if let Flow::Exit = self.block(action)? {
                break;
            }
        }
        Ok(self.exit)
    }

    /// Writes everything out and waits for commands.
    pub fn close(&mut self) -> Result<(), Error> {
        self.cx.flush()?;
        self.streams.close(self.cx, None).map(|_| ())
    }

    fn selects(&mut self, pattern: &Pattern, number: usize) -> Result<bool, Error> {
        Ok(match pattern {
            Pattern::Always => true,
            Pattern::When(expr) => self.is_true(expr)?,
            Pattern::Range(first, last) => {
                let inside = self.ranges.get(number).copied().unwrap_or(false);
                if !inside && !self.is_true(first)? {
                    return Ok(false);
                }
                let ends = self.is_true(last)?;
                if let Some(range) = self.ranges.get_mut(number) {
                    *range = !ends;
                }
                true
            }
        })
    }

    // Records.

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
    fn read_main(&mut self, record: &mut Vec<u8>) -> Result<bool, Error> {
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

    fn next_record(&mut self) -> Result<bool, Error> {
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
    fn fresh(&mut self) {
        self.split = false;
        self.stale = false;
        self.fields = None;
    }

    pub fn set_record(&mut self, text: &[u8]) {
        self.record.clear();
        self.record.extend_from_slice(text);
        self.fresh();
    }

    /// Makes the record of its fields when one was changed.
    fn make_record(&mut self) -> Result<(), Error> {
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
    fn split_record(&mut self) {
        if self.split {
            return;
        }
        self.split = true;
        self.spans.clear();
        let paragraphs = matches!(self.separator, Separator::Paragraph);
        split_into(&self.record, &self.splitter, paragraphs, &mut self.spans);
    }

    fn field_count(&mut self) -> usize {
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
    fn span(&self, number: usize) -> Option<&[u8]> {
        let (start, end) = self.spans.get(number.checked_sub(1)?)?;
        self.record.get(*start..*end)
    }

    /// The fields as values of their own.
    fn own_fields(&mut self) -> &mut Vec<Value> {
        self.split_record();
        let record = &self.record;
        let spans = &self.spans;
        self.fields.get_or_insert_with(|| {
            let text = |span: &(usize, usize)| record.get(span.0..span.1).unwrap_or_default();
            spans.iter().map(|span| Value::Input(text(span).into())).collect()
        })
    }

    fn set_field(&mut self, number: f64, value: Value) -> Result<(), Error> {
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

    // Variables.

    pub fn get_global(&mut self, slot: usize) -> Value {
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

    fn get(&mut self, slot: Slot) -> Result<Value, Error> {
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

    fn cell(&mut self, slot: Slot) -> Option<&mut Cell> {
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

    fn splitter_of(&mut self, text: &[u8]) -> Result<Splitter, Error> {
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

    fn key(&mut self, keys: &[Expr]) -> Result<Rc<[u8]>, Error> {
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

    // Expressions.

    pub fn regex(&mut self, text: &[u8]) -> Result<Rc<Regex>, Error> {
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

    pub fn is_true(&mut self, expr: &Expr) -> Result<bool, Error> {
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
    fn append(&mut self, expr: &Expr, out: &mut Vec<u8>) -> Result<(), Error> {
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

    fn append_field(&mut self, number: f64, out: &mut Vec<u8>) -> Result<(), Error> {
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
            super::value::write_int(&mut key, number as i64 + 1);
            let piece = text.get(*start..*end).unwrap_or_default();
            *array.place(&key) = Value::Input(piece.into());
        }
        Ok(spans.len() as f64)
    }

    // Statements.

    pub fn block(&mut self, list: &[Statement]) -> Result<Flow, Error> {
        for statement in list {
            match self.statement(statement)? {
                Flow::Normal => {}
                flow => return Ok(flow),
            }
        }
        Ok(Flow::Normal)
    }

    fn statement(&mut self, statement: &Statement) -> Result<Flow, Error> {
        match self.execute(statement) {
            Err(error) if self.depth == 0 => self.pending.take().ok_or(error),
            result => result,
        }
    }

    fn execute(&mut self, statement: &Statement) -> Result<Flow, Error> {
        match statement {
            Statement::Expr(expr) => {
                self.value(expr)?;
            }
            Statement::Print(list, target) => self.print(list, target)?,
            Statement::Printf(list, target) => {
                let mut values = Vec::with_capacity(list.len());
                for expr in list {
                    values.push(self.value(expr)?);
                }
                let Some((form, values)) = values.split_first() else { return Ok(Flow::Normal) };
                let form = form.bytes(&self.convert);
                let mut out = Vec::new();
                super::format::format(&mut out, &form, values, &self.convert);
                self.send(&out, target)?;
            }
            Statement::Block(list) => return self.block(list),
            Statement::If(condition, then, other) => {
                if self.is_true(condition)? {
                    return self.statement(then);
                } else if let Some(other) = other {
                    return self.statement(other);
                }
            }
            Statement::While(condition, body) => {
                while self.is_true(condition)? {
                    match self.statement(body)? {
                        Flow::Normal | Flow::Continue => {}
                        Flow::Break => break,
                        flow => return Ok(flow),
                    }
                }
            }
            Statement::Do(body, condition) => loop {
                match self.statement(body)? {
                    Flow::Normal | Flow::Continue => {}
                    Flow::Break => break,
                    flow => return Ok(flow),
                }
                if !self.is_true(condition)? {
                    break;
                }
            },
            Statement::For(first, condition, last, body) => {
                if let Some(first) = first {
                    self.statement(first)?;
                }
                loop {
                    if let Some(condition) = condition
                        && !self.is_true(condition)?
                    {
                        break;
                    }
                    match self.statement(body)? {
                        Flow::Normal | Flow::Continue => {}
                        Flow::Break => break,
                        flow => return Ok(flow),
                    }
                    if let Some(last) = last {
                        self.statement(last)?;
                    }
                }
            }
            Statement::ForIn(place, slot, body) => {
                let array = self.array(*slot)?;
                let keys = array.borrow().keys();
                for key in keys {
                    // One that was deleted meanwhile is not seen.
                    if array.borrow().get(&key).is_none() {
                        continue;
                    }
                    self.assign(place, Value::Input(key))?;
                    match self.statement(body)? {
                        Flow::Normal | Flow::Continue => {}
                        Flow::Break => break,
                        flow => return Ok(flow),
                    }
                }
            }
            Statement::Break => return Ok(Flow::Break),
            Statement::Continue => return Ok(Flow::Continue),
            Statement::Next => return Ok(Flow::Next),
            Statement::NextFile => return Ok(Flow::NextFile),
            Statement::Exit(status) => {
                if let Some(status) = status {
                    self.exit = (self.number(status)? as i64 & 255) as u8;
                }
                return Ok(Flow::Exit);
            }
            Statement::Return(value) => {
                let value = match value {
                    Some(value) => self.value(value)?,
                    None => Value::Nothing,
                };
                return Ok(Flow::Return(value));
            }
            Statement::Delete(slot, keys) => {
                let array = self.array(*slot)?;
                match keys {
                    Some(keys) => {
                        let key = self.key(keys)?;
                        array.borrow_mut().remove(&key);
                    }
                    None => array.borrow_mut().clear(),
                }
            }
        }
        Ok(Flow::Normal)
    }

    fn print(&mut self, list: &[Expr], target: &Target) -> Result<(), Error> {
        let mut out = Vec::new();
        if list.is_empty() {
            self.make_record()?;
            if let Target::Out = target {
                self.cx.put(&self.record)?;
                return self.cx.put(&self.ors);
            }
            out.extend_from_slice(&self.record);
        }
        for (number, expr) in list.iter().enumerate() {
            if number > 0 {
                out.extend_from_slice(&self.ofs);
            }
            if let Expr::Field(inner) = expr {
                let number = self.number(inner)?;
                self.append_field(number, &mut out)?;
            } else {
                let value = self.value(expr)?;
                value.write(&mut out, &self.output);
            }
        }
        out.extend_from_slice(&self.ors);
        self.send(&out, target)
    }

    fn send(&mut self, bytes: &[u8], target: &Target) -> Result<(), Error> {
        let (how, name) = match target {
            Target::Out => return self.cx.put(bytes),
            Target::File(name) => (How::Write, name),
            Target::Append(name) => (How::Append, name),
            Target::Pipe(name) => (How::WriteCommand, name),
        };
        let name = self.bytes(name)?;
        if how == How::WriteCommand {
            self.cx.flush()?;
        }
        let stream = self
            .streams
            .get(self.cx, how, &name, &self.environment)
            .map_err(|e| Error::os(show_bytes(&name), e))?;
        let Way::Output(fd, buffer) = &mut stream.flow else { return Ok(()) };
        if fd.is_none() {
            return self.cx.put(bytes);
        }
        buffer.extend_from_slice(bytes);
        if buffer.len() > 64 * 1024 || *name == *b"/dev/stderr" {
            self.streams.flush(self.cx, Some(&name))?;
        }
        Ok(())
    }
}

pub(super) fn arithmetic(letter: u8, a: f64, b: f64) -> Result<f64, Error> {
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
