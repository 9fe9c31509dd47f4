//! Running what was read.

use std::rc::Rc;

use super::lang::{Argument, Expr, Function, Parser, Statement};
use crate::applet::{Ctx, Error};
use crate::blocks::Blocks;
use crate::decimal::{Decimal, MOST};
use crate::sys::search;

enum Flow {
    Normal,
    Break,
    Continue,
    Return(Decimal),
    Halt,
}

/// What a name stands for.
#[derive(Default)]
struct Name {
    value: Decimal,
    array: Vec<Decimal>,
    function: Option<Rc<Function>>,
}

pub(super) struct Bc<'c, 'x> {
    pub cx: &'c mut Ctx<'x>,
    pub quit: bool,
    pub lines: Blocks,
    names: Vec<Vec<u8>>,
    cells: Vec<Name>,
    scale: usize,
    input: u64,
    output: u64,
    width: usize,
    last: Decimal,
    depth: usize,
}

/// Deeper calls are refused.
const DEEPEST: usize = if cfg!(debug_assertions) { 300 } else { 2000 };
/// BC_DIM_MAX
const LARGEST: i64 = 1 << 16;

type Done<T> = Result<T, &'static str>;

const WRITE: &str = "cannot write";

impl<'c, 'x> Bc<'c, 'x> {
    pub fn new(cx: &'c mut Ctx<'x>) -> Bc<'c, 'x> {
        let width = super::super::dc::line_width(cx, b"BC_LINE_LENGTH", 2);
        Bc {
            cx,
            width,
            quit: false,
            lines: Blocks::new(),
            names: Vec::new(),
            cells: Vec::new(),
            scale: 0,
            input: 10,
            output: 10,
            last: Decimal::default(),
            depth: 0,
        }
    }

    /// Runs statements; what is wrong is reported, and the next line is next.
    pub fn run(&mut self, text: &[u8]) -> Result<(), Error> {
        let mut names = std::mem::take(&mut self.names);
        let mut parser = Parser::new(text, &mut names);
        let mut list = Vec::new();
        loop {
            match parser.next() {
                Ok(Some(statement)) => list.push(Ok(statement)),
                Ok(None) => break,
                Err(why) => {
                    list.push(Err(why));
                    parser.skip_line();
                }
            }
        }
        self.cells.resize_with(names.len(), Name::default);
        self.names = names;
        for statement in list {
            let why = match statement {
                Ok(statement) => match self.statement(&statement) {
                    Ok(Flow::Halt) => {
                        self.quit = true;
                        return Ok(());
                    }
                    Ok(_) => continue,
                    Err(why) => why,
                },
                Err(why) => why,
            };
            if why == WRITE {
                return Err(Error::msg(WRITE));
            }
            self.depth = 0;
            self.cx.warn(why);
        }
        Ok(())
    }

    fn print(&mut self, value: &Decimal, end: &[u8]) -> Done<()> {
        let mut out = Vec::new();
        super::super::dc::wrapped(&mut out, value, self.output, self.width);
        out.extend_from_slice(end);
        self.last = value.clone();
        self.cx.put(&out).map_err(|_| WRITE)
    }

    fn block(&mut self, list: &[Statement]) -> Done<Flow> {
        for statement in list {
            match self.statement(statement)? {
                Flow::Normal => {}
                flow => return Ok(flow),
            }
        }
        Ok(Flow::Normal)
    }

    fn statement(&mut self, statement: &Statement) -> Done<Flow> {
        match statement {
            Statement::Expr(expr, print) => {
                let value = self.value(expr)?;
                if *print && !self.is_void(expr) {
                    self.print(&value, b"\n")?;
                }
            }
            Statement::Text(text) => self.cx.put(text).map_err(|_| WRITE)?,
            Statement::Print(list) => {
                for item in list {
                    match item {
                        Statement::Text(text) => {
                            let text = escapes(text);
                            self.cx.put(&text).map_err(|_| WRITE)?;
                        }
                        Statement::Expr(expr, _) => {
                            let value = self.value(expr)?;
                            self.print(&value, b"")?;
                        }
                        _ => {}
                    }
                }
            }
            Statement::If(condition, then, other) => {
                if !self.value(condition)?.is_zero() {
                    return self.statement(then);
                } else if let Some(other) = other {
                    return self.statement(other);
                }
            }
            Statement::While(condition, body) => {
                while !self.value(condition)?.is_zero() {
                    match self.statement(body)? {
                        Flow::Normal | Flow::Continue => {}
                        Flow::Break => break,
                        flow => return Ok(flow),
                    }
                }
            }
            Statement::For(first, condition, last, body) => {
                if let Some(first) = first {
                    self.value(first)?;
                }
                loop {
                    if let Some(condition) = condition
                        && self.value(condition)?.is_zero()
                    {
                        break;
                    }
                    match self.statement(body)? {
                        Flow::Normal | Flow::Continue => {}
                        Flow::Break => break,
                        flow => return Ok(flow),
                    }
                    if let Some(last) = last {
                        self.value(last)?;
                    }
                }
            }
            Statement::Block(list) => return self.block(list),
            Statement::Break => return Ok(Flow::Break),
            Statement::Continue => return Ok(Flow::Continue),
            Statement::Return(value) => {
                let value = match value {
                    Some(value) => self.value(value)?,
                    None => Decimal::default(),
                };
                return Ok(Flow::Return(value));
            }
            Statement::Halt => return Ok(Flow::Halt),
            Statement::Define(number, function) => {
                if let Some(cell) = self.cells.get_mut(*number) {
                    cell.function = Some(Rc::clone(function));
                }
            }
        }
        Ok(Flow::Normal)
    }

    fn index(&mut self, expr: &Expr) -> Done<usize> {
        match self.value(expr)?.whole() {
            Some(index @ 0..LARGEST) => Ok(index as usize),
            _ => Err("array index out of bounds"),
        }
    }

    fn set(&mut self, place: &Expr, value: Decimal) -> Done<()> {
        let whole = value.whole().and_then(|n| u64::try_from(n).ok());
        match place {
            Expr::Variable(number) => {
                if let Some(cell) = self.cells.get_mut(*number) {
                    cell.value = value;
                }
            }
            Expr::Element(number, index) => {
                let index = self.index(index)?;
                if let Some(cell) = self.cells.get_mut(*number) {
                    if cell.array.len() <= index {
                        cell.array.resize(index + 1, Decimal::default());
                    }
                    if let Some(place) = cell.array.get_mut(index) {
                        *place = value;
                    }
                }
            }
            Expr::Special(b's') => match whole.and_then(|n| usize::try_from(n).ok()) {
                Some(scale) if scale < MOST => self.scale = scale,
                _ => return Err("bad scale"),
            },
            Expr::Special(b'i') => self.input = whole.unwrap_or(0).clamp(2, 36),
            Expr::Special(b'o') => self.output = whole.unwrap_or(0).clamp(2, 999_999_999),
            Expr::Special(_) => self.last = value,
            _ => return Err("not a place to assign to"),
        }
        Ok(())
    }

    fn value(&mut self, expr: &Expr) -> Done<Decimal> {
        Ok(match expr {
            Expr::Number(text) => Decimal::parse(text, self.input),
            Expr::Variable(number) => {
                self.cells.get(*number).map(|cell| cell.value.clone()).unwrap_or_default()
            }
            Expr::Element(number, index) => {
                let index = self.index(index)?;
                let cell = self.cells.get(*number);
                cell.and_then(|cell| cell.array.get(index)).cloned().unwrap_or_default()
            }
            Expr::Special(b's') => Decimal::of(self.scale as u64),
            Expr::Special(b'i') => Decimal::of(self.input),
            Expr::Special(b'o') => Decimal::of(self.output),
            Expr::Special(_) => self.last.clone(),
            Expr::Assign(0, place, value) => {
                let value = self.value(value)?;
                self.set(place, value.clone())?;
                // ibase=20 is 16 afterwards
                if let Expr::Special(_) = **place { self.value(place)? } else { value }
            }
            Expr::Assign(letter, place, value) => {
                let right = self.value(value)?;
                let left = self.value(place)?;
                let value = self.compute(*letter, &left, &right)?;
                self.set(place, value.clone())?;
                value
            }
            Expr::Step(up, before, place) => {
                let old = self.value(place)?;
                let one = Decimal::of(1);
                let new = if *up { old.plus(&one) } else { old.minus(&one) };
                self.set(place, new.clone())?;
                if *before { new } else { old }
            }
            Expr::Binary(letter, a, b) => {
                let a = self.value(a)?;
                let b = self.value(b)?;
                self.compute(*letter, &a, &b)?
            }
            Expr::Negative(inner) => self.value(inner)?.negated(),
            Expr::Not(inner) => Decimal::of(u64::from(self.value(inner)?.is_zero())),
            Expr::Call(number, arguments) => self.call(*number, arguments)?,
            Expr::Builtin(letter, argument) => {
                let value = match argument {
                    Some(argument) => self.value(argument)?,
                    None if *letter == b'?' => return self.read(),
                    None => return Err("missing argument"),
                };
                match letter {
                    b'l' => Decimal::of(value.length() as u64),
                    b's' => Decimal::of(value.scale as u64),
                    b'a' if value.negative => value.negated(),
                    b'a' => value,
                    _ => value.root(self.scale).ok_or("square root of a negative number")?,
                }
            }
        })
    }

    fn read(&mut self) -> Done<Decimal> {
        self.cx.flush().map_err(|_| WRITE)?;
        while search::byte(self.lines.bytes(), b'\n').is_none() {
            if !self.lines.fill(self.cx.stdin).unwrap_or(false) {
                break;
            }
        }
        let bytes = self.lines.bytes();
        let length = search::byte(bytes, b'\n').unwrap_or(bytes.len());
        let line = bytes.get(..length).unwrap_or_default().trim_ascii().to_vec();
        self.lines.take(length + 1);
        let digits = line.strip_prefix(b"-").unwrap_or(&line);
        let number = Decimal::parse(digits, self.input);
        Ok(if digits.len() < line.len() { number.negated() } else { number })
    }

    fn compute(&self, letter: u8, a: &Decimal, b: &Decimal) -> Done<Decimal> {
        const ZERO: &str = "divide by zero";
        let truth = |yes: bool| Ok(Decimal::of(u64::from(yes)));
        let order = || a.order(b);
        match letter {
            b'+' => Ok(a.plus(b)),
            b'-' => Ok(a.minus(b)),
            b'*' => Ok(a.times(b, self.scale)),
            b'/' => a.over(b, self.scale).ok_or(ZERO),
            b'%' => a.modulo(b, self.scale).ok_or(ZERO),
            b'^' => {
                let exponent = b.whole().ok_or("exponent too large")?;
                a.power(exponent, self.scale).ok_or("exponent too large or divide by zero")
            }
            b'|' => truth(!a.is_zero() || !b.is_zero()),
            b'&' => truth(!a.is_zero() && !b.is_zero()),
            b'=' => truth(order().is_eq()),
            b'!' => truth(order().is_ne()),
            b'<' => truth(order().is_lt()),
            b'l' => truth(order().is_le()),
            b'>' => truth(order().is_gt()),
            _ => truth(order().is_ge()),
        }
    }

    /// Whether it is the call of a function that was defined as `void`.
    fn is_void(&self, expr: &Expr) -> bool {
        let Expr::Call(number, _) = expr else { return false };
        let function = self.cells.get(*number).and_then(|cell| cell.function.as_ref());
        function.is_some_and(|function| function.void)
    }

    fn call(&mut self, number: usize, arguments: &[Argument]) -> Done<Decimal> {
        let function = self.cells.get(number).and_then(|cell| cell.function.clone());
        let function = function.ok_or("function not defined")?;
        if function.parameters.len() != arguments.len() {
            return Err("parameter number mismatch");
        }
        if self.depth >= DEEPEST {
            return Err("functions call each other too deep");
        }
        let mut values = Vec::new();
        for argument in arguments {
            values.push(match argument {
                Argument::Value(expr) => (self.value(expr)?, Vec::new()),
                Argument::Array(number) => {
                    let array = self.cells.get(*number).map(|cell| cell.array.clone());
                    (Decimal::default(), array.unwrap_or_default())
                }
            });
        }
        values.resize_with(values.len() + function.autos.len(), Default::default);
        // What the names stood for comes back at the end.
        let names = || function.parameters.iter().chain(&function.autos);
        let mut kept = Vec::new();
        for ((name, is_array), (value, array)) in names().zip(values) {
            let Some(cell) = self.cells.get_mut(*name) else { continue };
            kept.push(if *is_array {
                (Decimal::default(), std::mem::replace(&mut cell.array, array))
            } else {
                (std::mem::replace(&mut cell.value, value), Vec::new())
            });
        }
        self.depth += 1;
        let flow = self.block(&function.body);
        self.depth = self.depth.saturating_sub(1);
        for ((name, is_array), (value, array)) in names().zip(kept) {
            let Some(cell) = self.cells.get_mut(*name) else { continue };
            if *is_array {
                cell.array = array;
            } else {
                cell.value = value;
            }
        }
        match flow? {
            Flow::Return(value) => Ok(value),
            Flow::Halt => Err("halt in a function"),
            _ => Ok(Decimal::default()),
        }
    }
}

/// The escapes of print.
fn escapes(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        out.push(match bytes.next() {
            Some(b'a') => 7,
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'q') => b'"',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(other) => other,
            None => b'\\',
        });
    }
    out
}
