//! Command substitution (POSIX.1-2024 XCU 2.6.3), and the subshells and
//! pipelines that need no process: see `tame`.

use std::os::fd::RawFd;
use std::rc::Rc;

use nix::errno::Errno;
use nix::sys::stat::stat;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};

use crate::digits::push_signed;
use crate::sys::descriptor;
use crate::sys::process::Forked;

use super::ast::*;
use super::options::{ALLEXPORT, PIPEFAIL};
use super::redir::{RedirError, SavedFds};
use super::{Flow, Run, Shell, tame};

/// Pipes of `<(...)` have numbers from here on, as in bash.
const PIPES: RawFd = 63;

/// More than this a filter in a pipeline reads beside the next, not before it.
const MUCH: i64 = 1 << 20;

impl Shell {
    /// The output of a program, without the newlines at its end.
    pub fn substitute(&mut self, program: &Program) -> Result<Vec<u8>, Flow> {
        let status = self.status;
        let mut text = if self.is_tame(program) {
            self.capture_here(&mut |sh| sh.program(program, false))?
        } else {
            self.capture_child(program)?
        };
        while text.last() == Some(&b'\n') {
            text.pop();
        }
        // No variable and no argument can hold a NUL.
        if text.contains(&0) {
            text.retain(|b| *b != 0);
        }
        // `$?` beside it is that of the command before (2.5.2).
        self.substituted = Some(std::mem::replace(&mut self.status, status));
        Ok(text)
    }

    /// Runs `f` as a subshell that is no process: what it changed is undone.
    /// Only an interrupt goes beyond it.
    pub fn in_subshell(&mut self, f: &mut dyn FnMut(&mut Shell) -> Run) -> Run {
        let vars = self.vars.enter_subshell();
        let positional = Rc::clone(&self.positional);
        let loops = self.loops;
        let (options, getopts, line) = (self.options, self.getopts, self.vars.line);
        let result = f(self);
        self.vars.line = line;
        self.getopts = getopts;
        self.options = options;
        self.vars.export_all = options.has(ALLEXPORT);
        self.loops = loops;
        self.positional = positional;
        self.vars.leave_subshell(vars);
        match result {
            Err(Flow::Interrupt) => result,
            _ => Ok(()),
        }
    }

    /// What `f`, as a subshell without process, writes.
    fn capture_here(&mut self, f: &mut dyn FnMut(&mut Shell) -> Run) -> Result<Vec<u8>, Flow> {
        let outer = self.capture.replace(Vec::new());
        let moved = std::mem::take(&mut self.stdout_moved);
        let result = self.in_subshell(f);
        self.stdout_moved = moved;
        let text = std::mem::replace(&mut self.capture, outer);
        result?;
        Ok(text.unwrap_or_default())
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
                self.become_substitution(program, writer, 1)
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

    /// In a new child: runs a program whose descriptor `fd` is `end` of a pipe.
    fn become_substitution(&mut self, program: &Program, end: RawFd, fd: RawFd) -> ! {
        for (pipe, _) in std::mem::take(&mut self.pipes) {
            descriptor::close(pipe);
        }
        let _ = descriptor::copy_onto(end, fd);
        if end != fd {
            descriptor::close(end);
        }
        self.jobs.control = false;
        self.enter_child(None, false);
        let result = self.program(program, true);
        self.end_child(result)
    }

    /// `<(...)` and `>(...)`: starts a program that writes to a pipe or reads
    /// from it, and returns a name of the other end, which is open until the
    /// command is over.
    pub fn piped_process(&mut self, writes: bool, program: &Program) -> Result<Vec<u8>, Flow> {
        let (reader, writer) = match descriptor::pipe() {
            Ok(ends) => ends,
            Err(errno) => {
                self.fatal(format_args!("pipe: {}", errno.desc()))?;
                return Ok(Vec::new());
            }
        };
        let (ours, theirs, fd) = if writes { (writer, reader, 0) } else { (reader, writer, 1) };
        let result = match self.fork() {
            Ok(Forked::Child) => {
                descriptor::close(ours);
                self.become_substitution(program, theirs, fd)
            }
            Ok(Forked::Parent(pid)) => descriptor::copy_above(ours, PIPES)
                .or_else(|_| descriptor::copy_above(ours, 10))
                .map(|fd| (fd, pid)),
            Err(errno) => Err(errno),
        };
        descriptor::close(ours);
        descriptor::close(theirs);
        match result {
            Ok((fd, pid)) => {
                // The command inherits it.
                let _ = descriptor::copy_onto(fd, fd);
                self.pipes.push((fd, pid));
                let mut name = b"/dev/fd/".to_vec();
                if stat(name.as_slice()).is_err() {
                    name = b"/proc/self/fd/".to_vec();
                }
                push_signed(&mut name, i64::from(fd));
                Ok(name)
            }
            Err(errno) => {
                self.fatal(format_args!("cannot fork: {}", errno.desc()))?;
                Ok(Vec::new())
            }
        }
    }

    /// Closes the pipes of a command that is over, behind the first `count`,
    /// and takes note of the programs that have ended.
    pub fn close_pipes(&mut self, count: usize) {
        for (fd, pid) in self.pipes.drain(count..) {
            descriptor::close(fd);
            self.helpers.push(pid);
        }
        let flags = Some(WaitPidFlag::WNOHANG);
        self.helpers.retain(|pid| matches!(waitpid(*pid, flags), Ok(WaitStatus::StillAlive)));
    }

    /// Runs a pipeline without any process, one command after the other. False
    /// when it turns out that it must not be; nothing has been done then.
    pub fn piped_here(&mut self, pipeline: &Pipeline) -> Result<bool, Flow> {
        if !self.is_tame_pipe(pipeline) {
            return Ok(false);
        }
        let Some((last, before)) = pipeline.commands.split_last() else { return Ok(false) };
        if !self.reads_little(before)? {
            return Ok(false);
        }
        let mut failed = 0;
        let mut input: Option<Vec<u8>> = None;
        for command in before {
            let text = self.capture_here(&mut |sh| sh.stage(command, input.take()))?;
            if self.status != 0 {
                failed = self.status;
            }
            input = Some(text);
        }
        self.in_subshell(&mut |sh| sh.stage(last, input.take()))?;
        if self.status == 0 && self.options.has(PIPEFAIL) {
            self.status = failed;
        }
        Ok(true)
    }

    /// A command of a pipeline, with its standard input.
    fn stage(&mut self, command: &Command, input: Option<Vec<u8>>) -> Run {
        let Some(text) = input else { return self.command(command, false) };
        if self.takes_text(command) {
            self.input = Some(text);
            let result = self.command(command, false);
            self.input = None;
            return result;
        }
        let mut saved = SavedFds::default();
        match self.here_document(&text, 0, &mut saved) {
            Ok(()) => {}
            Err(RedirError::Flow(flow)) => return Err(flow),
            Err(RedirError::Failed) => return Ok(()),
        }
        let result = self.command(command, false);
        self.unredirect(saved);
        result
    }

    /// Whether the files that the first command of a pipeline reads are files
    /// with an end near by.
    fn reads_little(&mut self, before: &[Command]) -> Result<bool, Flow> {
        let Some(Kind::Simple(_, simple)) = before.first().map(|c| &c.kind) else {
            return Ok(true);
        };
        let name = simple.words.first().and_then(Word::fixed).unwrap_or_default();
        if !tame::is_filter(name) {
            return Ok(true);
        }
        let mut fields = self.take_fields();
        let result = self.expand_words(simple.words.get(1..).unwrap_or_default(), &mut fields);
        let mut files = 0;
        let mut little = true;
        for field in fields.from(0) {
            if let Ok(status) = stat(field) {
                files += 1;
                let kind = status.st_mode & libc::S_IFMT;
                little &= match kind {
                    libc::S_IFREG => status.st_size <= MUCH,
                    libc::S_IFDIR => true,
                    _ => false,
                };
            }
        }
        self.give_back(fields);
        // Without any it may read standard input, whatever that is.
        Ok(result.is_ok() && little && (files > 0 || name == b"ls"))
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
