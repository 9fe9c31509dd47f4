//! What can be a subshell environment (POSIX.1-2024 XCU 2.13) without a
//! process of its own.
//!
//! Such a subshell runs in the shell itself, whose variables, positional
//! parameters and options are brought back at its end. That is not seen from
//! outside as long as nothing in it changes what cannot be brought back (the
//! working directory, traps, descriptors, functions), starts a process whose
//! output would have to be taken, or would go on for ever where a pipe that
//! nobody reads ends it. What is found out about a part of the tree is
//! remembered in it, until the name of a command may mean something else.

use crate::applet::{Kind as AppletKind, Row};

use super::Shell;
use super::ast::*;
use super::builtins;

/// Applets of kind Fork, because reading may block, that read what they are
/// told to, write standard output, and leave the process as it was. A shell
/// that signals end just as they would end its child can run them itself.
const FILTERS: [&[u8]; 24] = [
    b"base64",
    b"cat",
    b"cmp",
    b"comm",
    b"cut",
    b"egrep",
    b"expand",
    b"fgrep",
    b"fold",
    b"grep",
    b"head",
    b"ls",
    b"md5sum",
    b"nl",
    b"paste",
    b"rev",
    b"sed",
    b"sha256sum",
    b"sort",
    b"stat",
    b"tac",
    b"tr",
    b"uniq",
    b"wc",
];

/// Those of them that read standard input by [`crate::inputs`] only, which can
/// be given a text in its place.
const READERS: [&[u8]; 7] = [b"base64", b"cut", b"expand", b"fold", b"rev", b"tr", b"wc"];

/// How deep functions that call functions are looked into.
const DEPTH: u32 = 6;

/// Whether an applet is one of [`FILTERS`].
pub fn is_filter(name: &[u8]) -> bool {
    FILTERS.binary_search(&name).is_ok()
}

impl Shell {
    /// The names of commands mean something else from here on.
    pub fn meanings_changed(&mut self) {
        self.generation = (self.generation + 1) & (u32::MAX >> 1);
        self.generation = self.generation.max(1);
    }

    /// Whether a filter may block in this process: nobody waits for a key, and
    /// a signal ends the shell as it would end the filter.
    pub fn may_block(&self) -> bool {
        !self.interactive && !self.traps.any
    }

    /// Whether a command is one of [`READERS`] and nothing else.
    pub fn takes_text(&self, command: &Command) -> bool {
        let Kind::Simple(_, simple) = &command.kind else { return false };
        let Some((name, words)) = simple.words.split_first() else { return false };
        simple.redirs.is_empty()
            && simple.assigns.is_empty()
            && name.fixed().is_some_and(|name| {
                READERS.binary_search(&name).is_ok()
                    && self.functions.get(name).is_none()
                    && self.tame_applet(name).is_some()
            })
            // Nothing else may look for standard input meanwhile.
            && words.iter().all(|word| !has_command(&word.parts))
    }

    /// Whether a program can be a subshell without process, its output taken.
    pub fn is_tame(&self, program: &Program) -> bool {
        match program.tame.get(self.generation) {
            Some(verdict) => verdict,
            None => {
                let verdict = self.tame_program(program, 0);
                program.tame.set(self.generation, verdict);
                verdict
            }
        }
    }

    fn tame_program(&self, program: &Program, depth: u32) -> bool {
        program.statements.iter().all(|statement| {
            !statement.first.background
                && self.tame_pipeline(&statement.first, depth)
                && statement.rest.iter().all(|(_, p)| self.tame_pipeline(p, depth))
        })
    }

    fn tame_pipeline(&self, pipeline: &Pipeline, depth: u32) -> bool {
        match &*pipeline.commands {
            [command] => self.tame_command(command, depth),
            _ => self.is_tame_pipe(pipeline),
        }
    }

    fn tame_command(&self, command: &Command, depth: u32) -> bool {
        self.tame_kind(&command.kind, depth)
    }

    fn tame_kind(&self, kind: &Kind, depth: u32) -> bool {
        let program = |p: &Program| self.tame_program(p, depth);
        match kind {
            Kind::Redirected(parts) => {
                parts.1.iter().all(is_tame_redirection) && self.tame_kind(&parts.0, depth)
            }
            Kind::Simple(_, simple) => self.tame_simple(simple, depth),
            Kind::Group(body) | Kind::Subshell(body) => program(body),
            Kind::If(parts) => {
                parts.arms.iter().all(|(a, b)| program(a) && program(b))
                    && parts.otherwise.as_ref().is_none_or(program)
            }
            Kind::Loop(_, parts) => program(&parts.0) && program(&parts.1),
            Kind::For(parts) => {
                let words = parts.words.as_deref().unwrap_or_default();
                !words.iter().any(has_process) && program(&parts.body)
            }
            Kind::Case(parts) => {
                !has_process(&parts.subject) && parts.arms.iter().all(|arm| program(&arm.body))
            }
            Kind::Test(_) => true,
            Kind::Function(_) => false,
        }
    }

    fn tame_simple(&self, simple: &Simple, depth: u32) -> bool {
        if simple.words.iter().chain(simple.assigns.iter().map(|a| &a.value)).any(has_process)
            || !simple.redirs.iter().all(is_tame_redirection)
        {
            return false;
        }
        let Some(first) = simple.words.first() else { return true };
        let Some(name) = first.fixed() else { return false };
        let builtin = builtins::find(name);
        if let Some(builtin) = builtin.filter(|b| b.special) {
            // `set` with options is another matter.
            return builtin.tame
                || (name == b"set"
                    && simple.words.get(1).and_then(Word::fixed) == Some(b"--".as_slice()));
        }
        if let Some(function) = self.functions.get(name) {
            if let Some(verdict) = function.tame.get(self.generation) {
                return verdict;
            }
            if depth >= DEPTH {
                return false;
            }
            // One that calls itself is none.
            function.tame.set(self.generation, false);
            let verdict = self.tame_command(&function.body, depth + 1);
            function.tame.set(self.generation, verdict);
            return verdict;
        }
        match builtin {
            Some(builtin) => builtin.tame,
            None => self.tame_applet(name).is_some(),
        }
    }

    /// The applet of this name, when it can be run in this process.
    fn tame_applet(&self, name: &[u8]) -> Option<&'static Row> {
        if self.options.has(super::options::PATH_FIRST) {
            return None;
        }
        let row = self.table.find(name)?;
        let tame = row.applet.kind == AppletKind::NoFork || (self.may_block() && is_filter(name));
        tame.then_some(row)
    }

    /// Whether the commands of a pipeline but the last can be run one after
    /// the other, each with all of what the one before wrote: they end, soon,
    /// and without much.
    pub fn is_tame_pipe(&self, pipeline: &Pipeline) -> bool {
        if let Some(verdict) = pipeline.tame.get(self.generation) {
            return verdict;
        }
        let verdict = self.tame_pipe(&pipeline.commands);
        pipeline.tame.set(self.generation, verdict);
        verdict
    }

    fn tame_pipe(&self, commands: &[Command]) -> bool {
        let Some((last, before)) = commands.split_last() else { return false };
        let stages = before.iter().enumerate().all(|(n, command)| {
            let Kind::Simple(_, simple) = &command.kind else { return false };
            simple.assigns.is_empty()
                && simple.redirs.iter().all(is_tame_redirection)
                && self.tame_stage(simple, n == 0)
        });
        stages && self.tame_command(last, 0)
    }

    /// A command in a pipeline that is not the last: one that only writes, or a
    /// filter. A filter's files are looked at when they are known, which must
    /// not be twice.
    fn tame_stage(&self, simple: &Simple, first: bool) -> bool {
        let Some((name, words)) = simple.words.split_first() else { return false };
        let Some(name) = name.fixed() else { return false };
        if words.iter().any(has_process) {
            return false;
        }
        if self.functions.get(name).is_some() {
            return false;
        }
        if builtins::find(name).is_some() {
            return matches!(name, b"echo" | b"printf" | b"pwd" | b"true" | b"false" | b":");
        }
        let Some(row) = self.tame_applet(name) else { return false };
        if row.applet.kind == AppletKind::NoFork {
            return !matches!(name, b"seq" | b"yes");
        }
        if first {
            return words.iter().all(|word| !has_command(&word.parts));
        }
        let files = !matches!(name, b"tr" | b"sed" | b"grep" | b"egrep" | b"fgrep");
        words.iter().all(|word| match word.fixed() {
            Some(text) => !files || !text.contains(&b'/'),
            None => name == b"tr",
        })
    }
}

/// Whether a command substitution is in the parts of a word, or something that
/// is assigned to.
fn has_command(parts: &[Part]) -> bool {
    parts.iter().any(|part| match part {
        Part::Command(_) | Part::Process(..) | Part::Arith(_) => true,
        Part::Double(inner) => has_command(inner),
        Part::Param(param) => !matches!(param.op, Op::Plain | Op::Length),
        _ => false,
    })
}

/// Whether a process is started whose output is that of the command.
fn has_process(word: &Word) -> bool {
    word.parts.iter().any(|part| matches!(part, Part::Process(..)))
}

/// Standard output is not a descriptor while it is taken, so nothing may be
/// made a copy of it.
fn is_tame_redirection(redir: &Redir) -> bool {
    match redir.kind {
        RedirKind::DupIn | RedirKind::DupOut => {
            redir.target.fixed().is_some_and(|t| t != b"1" && t != b"-" && t.len() == 1)
        }
        _ => !has_process(&redir.target),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filters_are_sorted() {
        assert!(FILTERS.is_sorted() && READERS.is_sorted());
        assert!(READERS.iter().all(|name| is_filter(name)));
    }
}
