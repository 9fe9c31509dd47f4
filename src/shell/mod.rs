//! sh: the POSIX shell. POSIX.1-2024 XCU chapter 2.
//!
//! Text goes through the lexer (2.3) and the parser (2.9, 2.10) into a tree,
//! whose words the expander (2.6) turns into fields for the executor (2.9).
//! The first three, arithmetic (2.6.4) and patterns (2.14) are pure; the rest
//! does what they say. Everything is bytes. Control flow is a value, never a
//! jump.
//!
//! | POSIX | file |
//! |---|---|
//! | 2.2 Quoting, 2.6 recognition of expansions | `word`, `dollar`, `braced`, `assignment` |
//! | 2.3 Token Recognition, aliases | `lexer`, `here` |
//! | 2.4 Reserved Words, 2.10 Shell Grammar | `parser`, `simple`, `cond` |
//! | 2.5 Parameters and Variables | `vars`, `options` |
//! | 2.6 Word Expansions | `expand`, `fields`, `glob`, `arith`, `expression`, `substitute` |
//! | 2.7 Redirection | `redir` |
//! | 2.9 Shell Commands | `exec`, `command`, `meaning`, `trace` |
//! | 2.11 Job Control | `jobs` |
//! | 2.12 Signals, trap | `trap` |
//! | 2.13 Shell Execution Environment (subshells without process) | `tame` |
//! | 2.14 Pattern Matching Notation | `pattern` |
//! | 2.15 Special Built-In Utilities, and the regular ones | `builtins` |
//! | sh: invocation, reading of scripts, prompts | `start`, `edit`, `complete`, `history` |

use std::fmt::Display;
use std::os::fd::RawFd;
use std::rc::Rc;

use nix::unistd::Pid;

use crate::applet::{self, Table};
use crate::sys;

pub mod arith;
mod assignment;
pub mod ast;
mod braced;
pub mod builtins;
mod command;
mod complete;
mod cond;
mod dollar;
mod edit;
mod exec;
mod expand;
mod expression;
mod few;
pub mod fields;
mod glob;
mod here;
mod history;
mod jobs;
pub mod lexer;
mod meaning;
pub mod options;
pub mod parser;
pub mod pattern;
mod redir;
pub mod room;
mod script;
mod simple;
mod sorted;
pub mod start;
mod substitute;
mod tame;
pub mod trace;
mod trap;
mod vars;
#[cfg(test)]
mod weight;
mod word;

use ast::{Excerpt, Function, Name};
use fields::Fields;
use options::Options;
use room::Room;
use sorted::Sorted;
use trap::Traps;
use vars::Vars;

/// Why the next command is not the next one written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// `break n`
    Break(u32),
    /// `continue n`
    Continue(u32),
    /// `return`; the status is the shell's.
    Return,
    /// `exit`; the status is the shell's.
    Exit,
    /// SIGINT at an interactive shell: back to the prompt.
    Interrupt,
    /// An error that ends a shell that is not interactive (2.8.1).
    Abort,
}

/// What running a command returns; its exit status is in [`Shell::status`].
pub type Run = Result<(), Flow>;

/// How far into the text of a cluster of options `getopts` is.
#[derive(Clone, Copy)]
struct Getopts {
    index: usize,
    offset: usize,
}

/// A shell execution environment (2.13).
pub struct Shell {
    vars: Vars,
    functions: Sorted<Rc<Function>>,
    aliases: Sorted<Rc<[u8]>>,
    /// Where commands were found in PATH.
    hashed: Sorted<Vec<u8>>,
    positional: Rc<Vec<Vec<u8>>>,
    /// `$0`
    name: Vec<u8>,
    /// What messages begin with.
    prefix: String,
    /// Whether messages name the line.
    names_line: bool,
    /// The working directory by the letters of the paths that led here (`cd
    /// -L`), whatever becomes of PWD.
    cwd: Vec<u8>,
    /// `$?`
    status: u8,
    /// `$$`
    pid: i32,
    options: Options,
    traps: Traps,
    history: history::History,
    jobs: jobs::Jobs,
    table: &'static Table,
    interactive: bool,
    from_stdin: bool,
    command_string: bool,
    /// How many loops are being executed in this function or file.
    loops: u32,
    /// How many functions and dot scripts.
    calls: u32,
    /// Where a failing command does not end the shell (`set -e`), this is not 0.
    tested: u32,
    /// The status of the last command substitution of a command.
    substituted: Option<u8>,
    /// What command names mean, by number: see `tame`.
    generation: u32,
    /// Where the text of a command substitution without process goes.
    capture: Option<Vec<u8>>,
    /// In how many redirections of standard output we are.
    stdout_moved: u32,
    /// Whether one of the descriptors 0, 1 and 2 was closed: what an applet
    /// opens must not become it.
    closed_standard: bool,
    /// Output of the built-in utility that is running.
    out: Vec<u8>,
    /// Buffers of commands that are over.
    spare: Vec<Fields>,
    /// Positional parameters of calls that are over.
    spare_parameters: Vec<Rc<Vec<Vec<u8>>>>,
    /// Pipes of process substitutions that commands use, with the processes
    /// at their other ends, and those of such that are over.
    pipes: Vec<(RawFd, Pid)>,
    helpers: Vec<Pid>,
    /// The options that a function brings back: `local -`.
    local_options: Option<Options>,
    /// Standard input of the applet that runs, when it comes from a command
    /// that ran before it.
    input: Option<Vec<u8>>,
    /// Standard input of the `read` that runs, when that is a here-document.
    here_text: Option<Vec<u8>>,
    getopts: Getopts,
    /// `$?` when the trap that runs was entered: what `exit` there means.
    trap_status: Option<u8>,
    /// The utility that ran was an `exec` without a command: its redirections
    /// stay.
    keeps_redirections: bool,
    /// The utility that runs was named by `command`.
    by_command: bool,
    /// An asynchronous list without job control ignores SIGINT and SIGQUIT.
    async_ignores: bool,
    /// In a new child: the signals that are to be let in again.
    fork_mask: Option<nix::sys::signal::SigSet>,
    /// SIGCHLD is caught.
    waits_for_children: bool,
    /// Where functions that were called saved variables; see `local`.
    local_marks: Vec<usize>,
    /// The text of the statement that is being executed, for `jobs`.
    job_text: Option<Excerpt>,
    /// The person has been told of stopped jobs.
    warned_of_jobs: bool,
    /// The stack that commands may use.
    room: Room,
}

impl Shell {
    /// Prints `script: line N: what` on standard error.
    pub fn complain(&self, what: impl Display) {
        self.complain_of("", &what);
    }

    /// Prints `script: utility: line N: what`, as busybox does.
    fn complain_of(&self, utility: &str, what: &dyn Display) {
        let line = self.vars.line.max(1);
        let colon = if utility.is_empty() { "" } else { ": " };
        let stderr = sys::fd::stderr();
        if self.names_line {
            let what = format_args!("{utility}{colon}line {line}: {what}");
            applet::complain(stderr, &self.prefix, &what);
        } else {
            applet::complain(stderr, &self.prefix, &format_args!("{utility}{colon}{what}"));
        }
    }

    /// An error that ends a shell that is not interactive (2.8.1).
    pub fn fatal(&mut self, what: impl Display) -> Run {
        self.complain(what);
        self.status = 2;
        Err(Flow::Abort)
    }

    /// Assigns to a variable; a read-only one is an error that ends the shell.
    fn assign(&mut self, name: &Name, value: &[u8]) -> Run {
        let slot = self.vars.slot(name);
        match self.vars.set_with(slot, |v| v.extend_from_slice(value)) {
            Ok(()) => Ok(()),
            Err(vars::ReadOnly) => self.read_only(&name.text),
        }
    }

    /// Whether a variable or a positional parameter is set.
    fn is_set(&self, name: &[u8]) -> bool {
        match std::str::from_utf8(name).ok().and_then(|n| n.parse::<usize>().ok()) {
            Some(n) => n <= self.positional.len(),
            None => self.vars.is_set(name),
        }
    }

    fn read_only(&mut self, name: &[u8]) -> Run {
        self.fatal(format_args!("{}: is read only", applet::show_bytes(name)))
    }

    /// Writes output of a built-in utility; see [`Shell::flush`].
    fn put(&mut self, text: &[u8]) {
        self.out.extend_from_slice(text);
    }

    /// Hands the output of a built-in utility on. False when that fails.
    fn flush(&mut self) -> bool {
        if self.out.is_empty() {
            return true;
        }
        if let Some(capture) = self.capture.as_mut()
            && self.stdout_moved == 0
        {
            capture.append(&mut self.out);
            return true;
        }
        let result = applet::write_all(sys::fd::stdout(), &self.out);
        self.out.clear();
        match result {
            Ok(()) => true,
            Err(error) => {
                if error.raw_os_error() != Some(libc::EPIPE) {
                    self.complain(format_args!("write error: {}", applet::reason(&error)));
                }
                false
            }
        }
    }

    /// Whether the stack has room for another level of commands.
    fn has_stack(&self) -> bool {
        self.room.is_left()
    }
}
