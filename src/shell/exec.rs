//! Shell commands: pipelines, lists and compound commands. POSIX.1-2024 XCU
//! 2.9.2 to 2.9.5. `command` has the simple ones.

use std::rc::Rc;

use crate::applet::show_bytes;
use crate::regex::{Flags, Regex};
use crate::sys::descriptor;
use crate::sys::process::{Forked, exit_now};
use crate::sys::signal::{self, Disposition};

use super::ast::*;
use super::options::{ERREXIT, PIPEFAIL};
use super::redir::RedirError;
use super::trap::{self, Action};
use super::{Flow, Run, Shell, pattern};

impl Shell {
    /// Executes statements. With `tail` the process ends after the last, so
    /// that one needs no process of its own.
    pub fn program(&mut self, program: &Program, tail: bool) -> Run {
        let Some((last, before)) = program.statements.split_last() else {
            return Ok(());
        };
        for statement in before {
            self.statement(statement, false)?;
        }
        self.statement(last, tail)
    }

    /// An AND-OR list (2.9.3).
    fn statement(&mut self, statement: &Statement, tail: bool) -> Run {
        if let Some(text) = &statement.source {
            self.job_text = Some(text.clone());
        }
        if statement.first.background {
            return self.background(statement);
        }
        self.lists(statement, tail)
    }

    fn lists(&mut self, statement: &Statement, tail: bool) -> Run {
        let Some(((_, last), between)) = statement.rest.split_last() else {
            return self.pipeline(&statement.first, tail);
        };
        self.tested(|sh| sh.pipeline(&statement.first, false))?;
        for (link, pipeline) in between {
            if (*link == Link::And) == (self.status == 0) {
                self.tested(|sh| sh.pipeline(pipeline, false))?;
            }
        }
        let link = statement.rest.last().map_or(Link::And, |(link, _)| *link);
        if (link == Link::And) == (self.status == 0) {
            return self.pipeline(last, tail);
        }
        Ok(())
    }

    /// Runs `f` where `set -e` does not count.
    fn tested(&mut self, f: impl FnOnce(&mut Shell) -> Run) -> Run {
        self.tested += 1;
        let result = f(self);
        self.tested -= 1;
        result
    }

    /// `set -e`: ends the shell when the command that is over has failed. The
    /// trap on ERR comes before, as in bash: not in functions and subshells.
    fn check_status(&mut self) -> Run {
        if self.status == 0 || self.tested != 0 {
            return Ok(());
        }
        if self.traps.any
            && let Action::Run(text) = self.traps.action(trap::ERR)
            && self.local_marks.is_empty()
            && !self.vars.in_subshell()
        {
            let status = self.status;
            self.tested(|sh| sh.run_trap(&text))?;
            self.status = status;
        }
        if self.options.has(ERREXIT) { Err(Flow::Exit) } else { Ok(()) }
    }

    /// A pipeline (2.9.2).
    fn pipeline(&mut self, pipeline: &Pipeline, tail: bool) -> Run {
        if pipeline.negated {
            let result = self.tested(|sh| sh.commands(pipeline, false));
            result?;
            self.status = u8::from(self.status == 0);
            return Ok(());
        }
        self.commands(pipeline, tail)
    }

    fn commands(&mut self, pipeline: &Pipeline, tail: bool) -> Run {
        if let [only] = &*pipeline.commands {
            return self.command(only, tail);
        }
        if !self.piped_here(pipeline)? {
            self.piped(&pipeline.commands)?;
        }
        self.check_status()
    }

    /// Commands whose outputs and inputs are joined, each in a subshell.
    fn piped(&mut self, commands: &[Command]) -> Run {
        let mut input: Option<i32> = None;
        let mut job = self.new_job();
        for (i, command) in commands.iter().enumerate() {
            let is_last = i + 1 == commands.len();
            let ends = if is_last {
                None
            } else {
                match descriptor::pipe() {
                    Ok(ends) => Some(ends),
                    Err(errno) => {
                        input.into_iter().for_each(descriptor::close);
                        self.status = 1;
                        return self.fatal(format_args!("pipe: {}", errno.desc()));
                    }
                }
            };
            match self.fork() {
                Ok(Forked::Child) => {
                    self.enter_child(job.group(), true);
                    if let Some(fd) = input {
                        let _ = descriptor::copy_onto(fd, 0);
                        descriptor::close(fd);
                    }
                    if let Some((reader, writer)) = ends {
                        descriptor::close(reader);
                        let _ = descriptor::copy_onto(writer, 1);
                        if writer != 1 {
                            descriptor::close(writer);
                        }
                    }
                    let result = self.command(command, true);
                    self.end_child(result);
                }
                Ok(Forked::Parent(pid)) => self.join_job(&mut job, pid, true),
                Err(errno) => {
                    input.into_iter().for_each(descriptor::close);
                    if let Some((reader, writer)) = ends {
                        descriptor::close(reader);
                        descriptor::close(writer);
                    }
                    return self.fatal(format_args!("cannot fork: {}", errno.desc()));
                }
            }
            input.into_iter().for_each(descriptor::close);
            input = ends.map(|(reader, writer)| {
                descriptor::close(writer);
                reader
            });
        }
        let statuses = self.wait_foreground(job)?;
        self.status = statuses.last().copied().unwrap_or(0);
        if self.options.has(PIPEFAIL) {
            self.status = statuses.into_iter().rev().find(|s| *s != 0).unwrap_or(0);
        }
        Ok(())
    }

    /// An asynchronous list (2.9.3.1).
    fn background(&mut self, statement: &Statement) -> Run {
        let mut job = self.new_job();
        let control = self.jobs.control;
        match self.fork() {
            Ok(Forked::Child) => {
                self.enter_child(job.group(), false);
                if !control {
                    let _ = signal::set(libc::SIGINT, Disposition::Ignore);
                    let _ = signal::set(libc::SIGQUIT, Disposition::Ignore);
                    self.async_ignores = true;
                    if let Ok(null) = descriptor::open(c"/dev/null", libc::O_RDONLY, 0) {
                        let _ = descriptor::copy_onto(null, 0);
                        if null != 0 {
                            descriptor::close(null);
                        }
                    }
                }
                let result = self.lasting(statement);
                self.end_child(result)
            }
            Ok(Forked::Parent(pid)) => {
                self.join_job(&mut job, pid, false);
                self.add_background(job, pid, statement.source.clone());
                self.status = 0;
                Ok(())
            }
            Err(errno) => self.fatal(format_args!("cannot fork: {}", errno.desc())),
        }
    }

    /// What a process runs to its end: a compound command's redirections hold
    /// for the trap on EXIT, too, as in every other shell.
    fn lasting(&mut self, statement: &Statement) -> Run {
        if let [command] = &*statement.first.commands
            && statement.rest.is_empty()
            && !statement.first.negated
            && let Kind::Redirected(parts) = &command.kind
        {
            let saved = match self.redirect(&parts.1) {
                Ok(saved) => saved,
                Err(RedirError::Flow(flow)) => return Err(flow),
                Err(RedirError::Failed) => return Ok(()),
            };
            self.keep_redirections(saved);
            return self.compound(&parts.0, true);
        }
        self.lists(statement, true)
    }

    /// Runs `f` in a child and waits for it; with `tail` in this process,
    /// which then ends.
    pub fn in_child(&mut self, tail: bool, f: &mut dyn FnMut(&mut Shell) -> Run) -> Run {
        if tail && !self.traps.any {
            self.reset_traps();
            let result = f(self);
            self.settle(result);
            self.run_exit_trap();
            return Err(Flow::Exit);
        }
        let mut job = self.new_job();
        match self.fork() {
            Ok(Forked::Child) => {
                self.enter_child(job.group(), true);
                let result = f(self);
                self.end_child(result)
            }
            Ok(Forked::Parent(pid)) => {
                self.join_job(&mut job, pid, true);
                let statuses = self.wait_foreground(job)?;
                self.status = statuses.last().copied().unwrap_or(0);
                Ok(())
            }
            Err(errno) => self.fatal(format_args!("cannot fork: {}", errno.desc())),
        }
    }

    /// What a child process of the shell is before it does anything.
    pub fn enter_child(&mut self, group: Option<i32>, foreground: bool) {
        self.join_group(group, foreground);
        self.reset_traps();
        self.jobs.forget();
        self.capture = None;
        self.stdout_moved = 0;
    }

    /// Ends a child process with the status that `result` means.
    pub fn end_child(&mut self, result: Run) -> ! {
        self.settle(result);
        self.run_exit_trap();
        exit_now(self.status)
    }

    /// Makes a status of how a subshell ended.
    pub fn settle(&mut self, result: Run) {
        if let Err(Flow::Interrupt) = result {
            self.status = 130;
        }
    }

    /// Executes a command with its redirections.
    pub fn command(&mut self, command: &Command, tail: bool) -> Run {
        let pipes = self.pipes.len();
        let result = self.redirected(command, tail);
        if self.pipes.len() > pipes {
            self.close_pipes(pipes);
        }
        result
    }

    fn redirected(&mut self, command: &Command, tail: bool) -> Run {
        if signal::any() {
            self.run_traps()?;
        }
        self.vars.line = command.line;
        if let Kind::Simple(known, simple) = &command.kind {
            self.simple(known, simple, tail)?;
            if signal::any() {
                self.run_traps()?;
            }
            return self.check_status();
        }
        if !self.has_stack() {
            return self.fatal("commands nest too deep");
        }
        self.compound(&command.kind, tail)
    }

    fn compound(&mut self, kind: &Kind, tail: bool) -> Run {
        match kind {
            Kind::Simple(known, simple) => self.simple(known, simple, tail),
            Kind::Redirected(parts) => {
                let saved = match self.redirect(&parts.1) {
                    Ok(saved) => saved,
                    Err(RedirError::Flow(flow)) => return Err(flow),
                    Err(RedirError::Failed) => return self.check_status(),
                };
                let result = self.compound(&parts.0, false);
                self.unredirect(saved);
                result
            }
            Kind::Group(body) => self.program(body, tail),
            Kind::Subshell(body) if !tail && self.is_tame(body) => {
                self.in_subshell(&mut |sh| sh.program(body, false))?;
                self.check_status()
            }
            Kind::Subshell(body) => {
                // What a trap of its own may need, the process cannot end before.
                self.in_child(tail, &mut |sh| sh.program(body, false))?;
                self.check_status()
            }
            Kind::If(parts) => {
                for (condition, body) in &parts.arms {
                    self.tested(|sh| sh.program(condition, false))?;
                    if self.status == 0 {
                        return self.program(body, tail);
                    }
                }
                match &parts.otherwise {
                    Some(body) => self.program(body, tail),
                    None => {
                        self.status = 0;
                        Ok(())
                    }
                }
            }
            Kind::Loop(until, parts) => self.looping(*until, &parts.0, &parts.1),
            Kind::For(parts) => self.for_loop(parts),
            Kind::Case(parts) => self.case(parts, tail),
            Kind::Function(function) => {
                self.functions.insert(&function.name, Rc::clone(function));
                self.meanings_changed();
                self.status = 0;
                Ok(())
            }
            Kind::Test(cond) => {
                self.status = match self.condition(cond)? {
                    Some(result) => u8::from(!result),
                    None => 2,
                };
                self.check_status()
            }
        }
    }

    /// What a `break` or `continue` in a loop's body means to the loop: true
    /// to go on.
    fn loop_result(&mut self, result: Run) -> Result<bool, Flow> {
        match result {
            Ok(()) => Ok(true),
            Err(Flow::Break(n)) if n > 1 => Err(Flow::Break(n - 1)),
            Err(Flow::Continue(n)) if n > 1 => Err(Flow::Continue(n - 1)),
            Err(Flow::Break(_)) => Ok(false),
            Err(Flow::Continue(_)) => Ok(true),
            Err(flow) => Err(flow),
        }
    }

    fn looping(&mut self, until: bool, condition: &Program, body: &Program) -> Run {
        self.loops += 1;
        let result = self.looping_inner(until, condition, body);
        self.loops -= 1;
        result
    }

    fn looping_inner(&mut self, until: bool, condition: &Program, body: &Program) -> Run {
        let mut status = 0;
        loop {
            let result = self.tested(|sh| sh.program(condition, false));
            let broke = matches!(result, Err(Flow::Break(_)));
            let continued = matches!(result, Err(Flow::Continue(_)));
            if !self.loop_result(result)? || broke {
                self.status = 0;
                return Ok(());
            }
            if continued {
                continue;
            }
            if (self.status == 0) == until {
                self.status = status;
                return Ok(());
            }
            let result = self.program(body, false);
            if !self.loop_result(result)? {
                return Ok(());
            }
            status = self.status;
        }
    }

    fn for_loop(&mut self, parts: &For) -> Run {
        let mut fields = self.take_fields();
        match &parts.words {
            Some(words) => self.expand_words(words, &mut fields)?,
            None => {
                for value in self.positional.iter() {
                    fields.push(value);
                }
            }
        }
        if fields.is_empty() {
            self.status = 0;
        }
        self.loops += 1;
        let mut result = Ok(());
        for value in fields.from(0) {
            result = self.assign(&parts.name, value);
            if result.is_err() {
                break;
            }
            let run = self.program(&parts.body, false);
            match self.loop_result(run) {
                Ok(true) => {}
                Ok(false) => break,
                Err(flow) => {
                    result = Err(flow);
                    break;
                }
            }
        }
        self.loops -= 1;
        self.give_back(fields);
        result
    }

    fn case(&mut self, parts: &Case, tail: bool) -> Run {
        let subject = self.expand_text(&parts.subject)?;
        let mut falling = false;
        for arm in &parts.arms {
            let mut chosen = falling;
            for word in arm.patterns.iter() {
                if chosen {
                    break;
                }
                let pattern = self.expand_pattern(word)?;
                chosen = pattern::fits(self.vars.characters, &pattern, &subject);
            }
            if chosen {
                if arm.body.statements.is_empty() {
                    self.status = 0;
                }
                self.program(&arm.body, tail && !arm.falls)?;
                if !arm.falls {
                    return Ok(());
                }
                falling = true;
            }
        }
        if !falling {
            self.status = 0;
        }
        Ok(())
    }

    /// `[[ ]]`; None when an operand makes no sense, which has been said.
    fn condition(&mut self, cond: &Cond) -> Result<Option<bool>, Flow> {
        Ok(Some(match cond {
            Cond::Not(inner) => return Ok(self.condition(inner)?.map(|result| !result)),
            Cond::And(sides) | Cond::Or(sides) => {
                let first = self.condition(&sides.0)?;
                if first == Some(matches!(cond, Cond::And(_))) {
                    return self.condition(&sides.1);
                }
                return Ok(first);
            }
            Cond::Word(word) => !self.expand_text(word)?.is_empty(),
            Cond::Unary(letter, word) => {
                let text = self.expand_text(word)?;
                return Ok(self.test(&[&[b'-', *letter], &text]));
            }
            Cond::Binary(op, left, right) => {
                let left = self.expand_text(left)?;
                let right = self.expand_text(right)?;
                if op.starts_with(b"-") && !matches!(&**op, b"-nt" | b"-ot" | b"-ef") {
                    // Here the operands of -eq and the like are expressions.
                    let mut numbers = [Vec::new(), Vec::new()];
                    for (text, number) in [left, right].iter().zip(&mut numbers) {
                        match self.arithmetic_text(text) {
                            Ok(value) => crate::digits::push_signed(number, value),
                            Err(Flow::Abort) => return Ok(None),
                            Err(flow) => return Err(flow),
                        }
                    }
                    let [a, b] = numbers;
                    return Ok(self.test(&[&a, op, &b]));
                }
                return Ok(self.test(&[&left, op, &right]));
            }
            Cond::Match(equal, left, right) => {
                let text = self.expand_text(left)?;
                let pattern = self.expand_pattern(right)?;
                pattern::fits(self.vars.characters, &pattern, &text) == *equal
            }
            Cond::Regex(left, right) => {
                let text = self.expand_text(left)?;
                let pattern = self.expand_regex(right)?;
                match Regex::new(&pattern, Flags::EXTENDED) {
                    Ok(regex) => regex.is_match(&text),
                    Err(why) => {
                        self.complain(format_args!("{}: {why}", show_bytes(&pattern)));
                        return Ok(None);
                    }
                }
            }
        }))
    }

    fn test(&mut self, args: &[&[u8]]) -> Option<bool> {
        let is_set = |name: &[u8]| self.is_set(name);
        match super::builtins::test::evaluate(args, [0, 1, 2], &is_set) {
            Ok(result) => Some(result),
            Err(why) => {
                self.complain(why);
                None
            }
        }
    }
}
