//! The interpreter: its state, and the order in which rules run.

mod expressions;
mod records;
mod statements;
mod variables;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::rc::Rc;

use self::records::Splitter;
use super::streams::{Input, Separator, Streams};
use super::value::{Cell, Shared, Value};
use crate::applet::{Ctx, Error};
use crate::awk::lexer::unescape;
use crate::awk::{Pattern, Program, Slot, special};
use crate::regex::Regex;

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
}
