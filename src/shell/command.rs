//! Simple commands. POSIX.1-2024 XCU 2.9.1.

use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::rc::Rc;

use crate::applet::{self, Ctx, Env, Kind as AppletKind, Out, Row, show_bytes};

use super::assignment::assignment_prefix;
use super::ast::{Assign, Few, Function, Known, Op, Part, Redir, RedirKind, Simple, Which};
use super::builtins::{self, Builtin};
use super::fields::Fields;
use super::meaning::Meaning;
use super::options::{ALLEXPORT, MONITOR, NOEXEC, XTRACE};
use super::redir::{RedirError, SavedFds};
use super::trace::trace_assignment;
use super::vars::EXPORTED;

use super::{Flow, Run, Shell, tame};

/// A number that no descriptor ever has.
const NO_DESCRIPTOR: i32 = i32::MAX;

impl Shell {
    /// An empty list of fields, with the memory of one used before.
    pub fn take_fields(&mut self) -> Fields {
        self.spare.pop().unwrap_or_default()
    }

    /// Keeps a list's memory for the next command.
    pub fn give_back(&mut self, mut fields: Fields) {
        if self.spare.len() < 8 {
            fields.clear();
            self.spare.push(fields);
        }
    }

    /// Executes a simple command.
    pub fn simple(&mut self, known: &Known, simple: &Simple, tail: bool) -> Run {
        if self.options.has(NOEXEC) && !self.interactive {
            return Ok(());
        }
        self.substituted = None;
        if simple.words.is_empty() {
            return self.only_assignments(simple);
        }
        let mut fields = self.take_fields();
        let result = self.expand_arguments(known.declares, simple, &mut fields);
        let result = match result {
            Ok(()) if fields.is_empty() => self.only_assignments(simple),
            Ok(()) => self.named(known, simple, &fields, tail),
            Err(flow) => Err(flow),
        };
        self.give_back(fields);
        result
    }

    fn expand_arguments(&mut self, declares: bool, simple: &Simple, fields: &mut Fields) -> Run {
        if !declares {
            return self.expand_words(&simple.words, fields);
        }
        for word in simple.words.iter() {
            if assignment_prefix(word).is_some() {
                self.expand_one(word, fields)?;
            } else {
                self.expand_word(word, fields)?;
            }
        }
        Ok(())
    }

    /// A command without a name: assignments to the shell's own variables.
    fn only_assignments(&mut self, simple: &Simple) -> Run {
        let assigns = &*simple.assigns;
        if !simple.redirs.is_empty() {
            match self.redirect(&simple.redirs) {
                Ok(saved) => self.unredirect(saved),
                Err(RedirError::Flow(flow)) => return Err(flow),
                Err(RedirError::Failed) => return Ok(()),
            }
        }
        for assign in assigns {
            self.assign_one(assign)?;
        }
        if !assigns.is_empty() && self.options.has(XTRACE) {
            let mut line = Vec::new();
            for assign in assigns {
                let value = self.vars.get(&assign.name.text).unwrap_or_default().to_vec();
                trace_assignment(&mut line, &assign.name.text, &value);
            }
            self.trace(&line);
        }
        self.status = self.substituted.unwrap_or(0);
        Ok(())
    }

    fn assign_one(&mut self, assign: &Assign) -> Run {
        // A number goes straight into the variable.
        if let Few::One(Part::Arith(arith)) = &assign.value.parts {
            let value = self.arithmetic(arith)?;
            let slot = self.vars.slot(&assign.name);
            return match self.vars.set_number(slot, value) {
                Ok(()) => Ok(()),
                Err(_) => self.read_only(&assign.name.text),
            };
        }
        if let Some(text) = assign.value.fixed() {
            return self.assign(&assign.name, text);
        }
        let slot = self.vars.slot(&assign.name);
        if let Some(rest) = appended(assign)
            && self.vars.value(slot).is_some()
        {
            let mut tail = self.take_fields();
            self.expand_parts(rest.0, rest.1, &mut tail)?;
            let result = self.vars.append(slot, tail.get(0).unwrap_or_default());
            self.give_back(tail);
            return match result {
                Ok(()) => Ok(()),
                Err(_) => self.read_only(&assign.name.text),
            };
        }
        let mut fields = self.take_fields();
        self.expand_one(&assign.value, &mut fields)?;
        let result = self.vars.set_from(slot, &mut fields);
        self.give_back(fields);
        match result {
            Ok(()) => Ok(()),
            Err(_) => self.read_only(&assign.name.text),
        }
    }

    /// Assignments that hold for one command: saved, set, exported.
    fn assign_for_command(&mut self, assigns: &[Assign]) -> Run {
        for assign in assigns {
            let value = self.expand_text(&assign.value)?;
            let slot = self.vars.slot(&assign.name);
            self.vars.save(slot);
            self.assign(&assign.name, &value)?;
            self.vars.mark(&assign.name.text, EXPORTED);
        }
        Ok(())
    }

    fn named(&mut self, known: &Known, simple: &Simple, fields: &Fields, tail: bool) -> Run {
        let name = fields.get(0).unwrap_or_default();
        if self.options.has(XTRACE) {
            self.trace_command(&simple.assigns, fields)?;
        }
        if let Some(command) = self.read_here(simple, fields) {
            return command;
        }
        match self.meaning_of(name, builtins::of_command(known, simple, name)) {
            Meaning::Builtin(builtin) if builtin.special => self.special(builtin, simple, fields),
            Meaning::Builtin(builtin) => self.here(simple, &mut |sh| {
                let status = sh.builtin(builtin, fields)?;
                sh.status = status;
                Ok(())
            }),
            Meaning::Function(function) => self.here(simple, &mut |sh| sh.call(&function, fields)),
            Meaning::Applet(row)
                if row.applet.kind == AppletKind::NoFork
                    || (self.may_block() && tame::is_filter(row.name.as_bytes())) =>
            {
                self.here(simple, &mut |sh| {
                    sh.status = sh.applet(row, fields);
                    Ok(())
                })
            }
            Meaning::Applet(row) => self.outside(simple, tail, &mut |sh| {
                name_process(row.name);
                sh.status = sh.applet(row, fields);
                Ok(())
            }),
            Meaning::File(path) if !tail && !self.interactive => {
                self.here(simple, &mut |sh| sh.spawn_file(&path, fields))
            }
            Meaning::File(path) => {
                self.outside(simple, tail, &mut |sh| sh.exec_file(&path, fields))
            }
            Meaning::Unknown => {
                let name = name.to_vec();
                self.outside_unless_interactive(simple, &name)
            }
        }
    }

    /// `read` with a here-document gets the text as it is.
    fn read_here(&mut self, simple: &Simple, fields: &Fields) -> Option<Run> {
        let [Redir { fd: None | Some(0), kind, target, here }] = &*simple.redirs else {
            return None;
        };
        let plain = simple.assigns.is_empty()
            && fields.get(0) == Some(b"read")
            && self.functions.get(b"read").is_none();
        let text = match kind {
            RedirKind::Here if plain => match here.as_ref().and_then(|body| body.get()) {
                Some(word) => self.expand_text(word),
                None => Ok(Vec::new()),
            },
            RedirKind::HereString if plain => self.expand_text(target).map(|mut text| {
                text.push(b'\n');
                text
            }),
            _ => return None,
        };
        let outer = match text {
            Ok(text) => self.here_text.replace(text),
            Err(flow) => return Some(Err(flow)),
        };
        let status = builtins::find(b"read").map_or(Ok(2), |read| self.builtin(read, fields));
        self.here_text = outer;
        Some(status.map(|status| self.status = status))
    }

    /// A name that is nothing: said where its redirections say.
    fn outside_unless_interactive(&mut self, simple: &Simple, name: &[u8]) -> Run {
        self.here(simple, &mut |sh| {
            sh.complain(format_args!("{}: not found", show_bytes(name)));
            sh.status = 127;
            Ok(())
        })
    }

    /// Runs `f` in this process with redirections and assignments that hold
    /// as long as it runs.
    fn here(&mut self, simple: &Simple, f: &mut dyn FnMut(&mut Shell) -> Run) -> Run {
        if simple.redirs.is_empty() && simple.assigns.is_empty() {
            return f(self);
        }
        let saved = match self.redirect(&simple.redirs) {
            Ok(saved) => saved,
            Err(RedirError::Flow(flow)) => return Err(flow),
            Err(RedirError::Failed) => return Ok(()),
        };
        let mark = self.vars.journal_mark();
        let mut result = self.assign_for_command(&simple.assigns);
        if result.is_ok() {
            result = f(self);
        }
        self.vars.restore(mark);
        self.end_redirections(saved);
        result
    }

    /// The end of redirections that hold for a command, unless it was `exec`.
    fn end_redirections(&mut self, saved: SavedFds) {
        if std::mem::take(&mut self.keeps_redirections) {
            self.keep_redirections(saved);
        } else {
            self.unredirect(saved);
        }
    }

    /// A special built-in utility (2.15): assignments stay, errors of
    /// redirection end the shell.
    fn special(&mut self, builtin: &'static Builtin, simple: &Simple, fields: &Fields) -> Run {
        let saved = match self.redirect(&simple.redirs) {
            Ok(saved) => saved,
            Err(RedirError::Flow(flow)) => return Err(flow),
            Err(RedirError::Failed) => {
                self.status = 2;
                return Err(Flow::Abort);
            }
        };
        for assign in simple.assigns.iter() {
            if let Err(flow) = self.assign_one(assign) {
                self.unredirect(saved);
                return Err(flow);
            }
            if builtin.name == "exec" {
                self.vars.mark(&assign.name.text, EXPORTED);
            }
        }
        let result = self.builtin(builtin, fields);
        self.end_redirections(saved);
        self.status = result?;
        Ok(())
    }

    /// Runs a built-in utility and hands its output on.
    pub fn builtin(&mut self, builtin: &Builtin, fields: &Fields) -> Result<u8, Flow> {
        let result = (builtin.run)(self, fields);
        if !self.flush() && matches!(result, Ok(0)) {
            return Ok(1);
        }
        result
    }

    /// Calls a function (2.9.5).
    pub fn call(&mut self, function: &Rc<Function>, fields: &Fields) -> Run {
        if !self.has_stack() {
            return self.fatal(format_args!("{}: calls nest too deep", show_bytes(&function.name)));
        }
        let arguments = self.parameters(fields);
        let outer = std::mem::replace(&mut self.positional, arguments);
        let loops = std::mem::take(&mut self.loops);
        let getopts = std::mem::take(&mut self.getopts);
        let line = self.vars.line;
        let caller = self.vars.function.replace(Rc::clone(function));
        let options = self.local_options.take();
        let mark = self.vars.journal_mark();
        self.local_marks.push(mark);
        self.calls += 1;
        let result = self.command(&function.body, false);
        self.calls -= 1;
        self.local_marks.pop();
        self.vars.restore(mark);
        if let Some(before) = std::mem::replace(&mut self.local_options, options) {
            self.set_option(MONITOR, before.has(MONITOR));
            self.options = before;
            self.vars.export_all = before.has(ALLEXPORT);
        }
        self.vars.line = line;
        self.vars.function = caller;
        self.getopts = getopts;
        self.loops = loops;
        let over = std::mem::replace(&mut self.positional, outer);
        if Rc::strong_count(&over) == 1 && self.spare_parameters.len() < 8 {
            self.spare_parameters.push(over);
        }
        match result {
            Err(Flow::Return | Flow::Break(_) | Flow::Continue(_)) => Ok(()),
            other => other,
        }
    }

    /// The arguments of a call as positional parameters, in the memory of a
    /// call before.
    fn parameters(&mut self, fields: &Fields) -> Rc<Vec<Vec<u8>>> {
        let mut list = self.spare_parameters.pop().unwrap_or_default();
        if let Some(list) = Rc::get_mut(&mut list) {
            list.resize_with(fields.len().saturating_sub(1), Vec::new);
            for (place, field) in list.iter_mut().zip(fields.from(1)) {
                place.clear();
                place.extend_from_slice(field);
            }
        }
        list
    }

    /// Runs an applet in this process.
    pub fn applet(&mut self, row: &'static Row, fields: &Fields) -> u8 {
        let args = fields.os_strings(1);
        let argv0 = OsStr::from_bytes(fields.get(0).unwrap_or_default()).to_os_string();
        let environment = self.vars.os_environment();
        if self.closed_standard {
            crate::sys::fd::reserve_standard();
        }
        let mut cx = Ctx::of_process(self.table, row.name, &argv0, &args);
        cx.env = Env::List(&environment);
        cx.input = self.input.take();
        let captured = self.capture.is_some() && self.stdout_moved == 0;
        if captured {
            cx.out = Out::to_memory();
            // What ours is, a terminal perhaps, is no concern of the applet's.
            cx.stdout = crate::sys::descriptor::borrow(NO_DESCRIPTOR);
        }
        let status = applet::run(row.applet, &mut cx);
        if captured {
            let text = std::mem::replace(&mut cx.out, Out::to_memory()).into_memory();
            if let Some(capture) = self.capture.as_mut() {
                capture.extend_from_slice(&text);
            }
        }
        status.0
    }

    /// Runs `f` in a child, with redirections and assignments.
    fn outside(
        &mut self,
        simple: &Simple,
        tail: bool,
        f: &mut dyn FnMut(&mut Shell) -> Run,
    ) -> Run {
        self.in_child(tail, &mut |sh| {
            let saved = match sh.redirect(&simple.redirs) {
                Ok(saved) => saved,
                Err(RedirError::Flow(flow)) => return Err(flow),
                Err(RedirError::Failed) => return Ok(()),
            };
            sh.keep_redirections(saved);
            sh.assign_for_command(&simple.assigns)?;
            f(sh)
        })
    }
}

/// The parts behind `$x` in `x=$x...`, `x="$x..."` and `x+=...`, and whether they are
/// quoted, when nothing in them looks at or changes x on the way.
fn appended(assign: &Assign) -> Option<(&[Part], bool)> {
    let (parts, quoted) = match &assign.value.parts {
        Few::One(Part::Double(inner)) => (&**inner, true),
        parts => (&**parts, false),
    };
    let (Part::Param(first), rest) = parts.split_first()? else { return None };
    let plain = |part: &Part| match part {
        Part::Text(_) => true,
        Part::Param(param) => matches!(param.op, Op::Plain),
        _ => false,
    };
    let same =
        |which: &Which| matches!(which, Which::Name(name) if *name.text == *assign.name.text);
    let whole = match &first.op {
        Op::Plain => true,
        // `x+=...`
        Op::Default(false, word) => word.parts.is_empty(),
        _ => false,
    };
    (same(&first.which) && whole && rest.iter().all(plain)).then_some((rest, quoted))
}

/// What ps and killall call a child that runs an applet.
fn name_process(name: &str) {
    if let Ok(name) = CString::new(name) {
        let _ = nix::sys::prctl::set_name(&name);
    }
}
