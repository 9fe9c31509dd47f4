//! Statements.

use super::super::format::format;
use super::super::streams::{Flow as Way, How};
use super::super::value::Value;
use super::{Awk, Flow};
use crate::applet::{Error, show_bytes};
use crate::awk::{Expr, Statement, Target};

impl Awk<'_, '_> {
    pub(super) fn block(&mut self, list: &[Statement]) -> Result<Flow, Error> {
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
                format(&mut out, &form, values, &self.convert);
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
