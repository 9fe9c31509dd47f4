//! Command substitution. POSIX.1-2024 XCU 2.6.3.
//!
//! A substitution runs in a subshell environment. Where nothing that is run
//! can change the shell (built-in utilities and applets that only write), the
//! shell itself is that environment, and there is no process.

use std::os::fd::RawFd;

use nix::errno::Errno;

use crate::applet::Kind as AppletKind;
use crate::sys::descriptor;
use crate::sys::process::{Forked, exit_now};

use super::arith::Expr;
use super::ast::*;
use super::builtins;
use super::{Flow, Shell};

impl Shell {
    /// The output of a program, without the newlines at its end.
    pub fn substitute(&mut self, program: &Program) -> Result<Vec<u8>, Flow> {
        let status = self.status;
        let mut text = if self.capture.is_none() && self.is_tame(program) {
            self.capture_here(program)
        } else {
            self.capture_child(program)?
        };
        while text.last() == Some(&b'\n') {
            text.pop();
        }
        // No variable and no argument can hold a NUL.
        text.retain(|b| *b != 0);
        // `$?` beside it is that of the command before (2.5.2).
        self.substituted = Some(std::mem::replace(&mut self.status, status));
        Ok(text)
    }

    fn capture_here(&mut self, program: &Program) -> Vec<u8> {
        self.capture = Some(Vec::new());
        let moved = std::mem::take(&mut self.stdout_moved);
        let loops = std::mem::take(&mut self.loops);
        let line = self.vars.line;
        let result = self.program(program, false);
        self.settle(result);
        self.vars.line = line;
        self.loops = loops;
        self.stdout_moved = moved;
        self.capture.take().unwrap_or_default()
    }

    fn capture_child(&mut self, program: &Program) -> Result<Vec<u8>, Flow> {
        let (reader, writer) = match descriptor::pipe() {
            Ok(ends) => ends,
            Err(errno) => {
                self.fatal(format_args!("pipe: {}", errno.desc()))?;
                return Ok(Vec::new());
            }
        };
        let pid = match self.fork() {
            Ok(Forked::Child) => {
                descriptor::close(reader);
                let _ = descriptor::copy_onto(writer, 1);
                if writer != 1 {
                    descriptor::close(writer);
                }
                self.become_substitution();
                let result = self.program(program, true);
                self.settle(result);
                self.run_exit_trap();
                exit_now(self.status)
            }
            Ok(Forked::Parent(pid)) => pid,
            Err(errno) => {
                descriptor::close(reader);
                descriptor::close(writer);
                self.fatal(format_args!("cannot fork: {}", errno.desc()))?;
                return Ok(Vec::new());
            }
        };
        descriptor::close(writer);
        let text = read_all(reader);
        descriptor::close(reader);
        self.status = self.wait_for_pid(pid);
        Ok(text)
    }

    fn become_substitution(&mut self) {
        self.reset_traps();
        self.jobs.forget();
        self.jobs.control = false;
        self.capture = None;
        self.stdout_moved = 0;
        self.loops = 0;
    }

    /// Whether a program, run in the shell itself, leaves it as it was.
    fn is_tame(&self, program: &Program) -> bool {
        program.statements.iter().all(|statement| {
            !statement.background
                && self.is_tame_pipeline(&statement.first)
                && statement.rest.iter().all(|(_, p)| self.is_tame_pipeline(p))
        })
    }

    fn is_tame_pipeline(&self, pipeline: &Pipeline) -> bool {
        let [command] = pipeline.commands.as_slice() else { return false };
        let Kind::Simple(simple) = &command.kind else { return false };
        if !simple.assigns.is_empty() || !command.redirs.iter().all(is_tame_redirection) {
            return false;
        }
        let Some(name) = simple.words.first().and_then(Word::fixed) else { return false };
        self.is_tame_command(name)
            && simple.words.iter().all(|word| word.parts.iter().all(is_tame_part))
    }

    fn is_tame_command(&self, name: &[u8]) -> bool {
        if self.functions.contains_key(name) {
            return false;
        }
        match builtins::find(name) {
            Some(builtin) => builtin.tame,
            None => {
                !self.options.has(super::options::PATH_FIRST)
                    && self
                        .table
                        .find(name)
                        .is_some_and(|row| row.applet.kind == AppletKind::NoFork)
            }
        }
    }
}

/// Standard output is not a descriptor while it is captured, so nothing may
/// be made a copy of it.
fn is_tame_redirection(redir: &Redir) -> bool {
    match redir.kind {
        RedirKind::DupIn | RedirKind::DupOut => {
            redir.target.fixed().is_some_and(|t| t != b"1" && t != b"-" && t.len() == 1)
        }
        RedirKind::Here(_) => false,
        _ => redir.target.parts.iter().all(is_tame_part),
    }
}

/// Whether expanding a part changes nothing.
fn is_tame_part(part: &Part) -> bool {
    match part {
        Part::Literal(_) | Part::Glob(_) | Part::Quoted(_) | Part::Tilde(_) => true,
        Part::Double(parts) => parts.iter().all(is_tame_part),
        // It has an environment of its own.
        Part::Command(_) => true,
        Part::Arith(arith) => arith.parsed.as_ref().is_some_and(is_pure),
        Part::Param(param) => match &param.op {
            Op::Plain | Op::Length => true,
            Op::Default(_, word)
            | Op::Alternative(_, word)
            | Op::Prefix(_, word)
            | Op::Suffix(_, word) => word.parts.iter().all(is_tame_part),
            Op::Replace(_, a, b) => a.parts.iter().chain(&b.parts).all(is_tame_part),
            Op::Slice(a, b) => {
                let pure = |arith: &Arith| arith.parsed.as_ref().is_some_and(is_pure);
                pure(a) && b.as_deref().is_none_or(pure)
            }
            Op::Assign(..) | Op::Error(..) | Op::Bad => false,
        },
    }
}

/// Whether evaluating an expression assigns nothing. A variable may hold an
/// expression that does, so only constants and `$parameters` are certain.
fn is_pure(expr: &Expr) -> bool {
    match expr {
        Expr::Num(_) | Expr::Operand(_) => true,
        Expr::Unary(_, operand) => is_pure(operand),
        Expr::Binary(_, sides) | Expr::And(sides) | Expr::Or(sides) | Expr::Comma(sides) => {
            is_pure(&sides.0) && is_pure(&sides.1)
        }
        Expr::Choice(parts) => is_pure(&parts.0) && is_pure(&parts.1) && is_pure(&parts.2),
        Expr::Var(_) | Expr::Assign(..) | Expr::Step(..) => false,
    }
}

/// Reads up to the end, past signals.
fn read_all(fd: RawFd) -> Vec<u8> {
    let mut text = Vec::new();
    let mut block = [0; 4096];
    loop {
        match descriptor::read(fd, &mut block) {
            Ok(0) => return text,
            Ok(n) => text.extend_from_slice(block.get(..n).unwrap_or_default()),
            Err(Errno::EINTR) => {}
            Err(_) => return text,
        }
    }
}
