//! sh: invocation and the reading of commands. POSIX.1-2024 XCU 3 sh.

use std::mem::ManuallyDrop;
use std::os::unix::ffi::OsStrExt;
use std::rc::Rc;

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit};

use crate::applet::{Ctx, Error, Status, reason, show_bytes, write_all};
use crate::sys::{self, descriptor};

use super::edit::Editor;
use super::history::History;
use super::jobs::Jobs;
use super::lexer::{Input, Nothing, Parser, Source};
use super::options::{INTERACTIVE, MONITOR, NOEXEC, Options, VERBOSE};
use super::room::Room;
use super::script::{self, Script, without_nul};
use super::sorted::Sorted;
use super::trap::Traps;
use super::vars::Vars;
use super::{Flow, Getopts, Run, Shell};

/// Where the text of a script comes from when it is not there at once.
enum From {
    /// It is.
    Nowhere,
    /// It is, and `set -v` shows it. More may be added to a script.
    File(Option<Script>),
    /// Standard input, of which commands may read too: nothing is read that
    /// is not executed.
    Stdin,
    /// A person.
    Prompt(Box<Editor>),
}

/// What the command line asks for.
#[derive(Default)]
struct Invocation {
    options: Options,
    command: bool,
    stdin: bool,
    login: bool,
    /// The place of the first operand.
    operands: usize,
}

/// Runs the applet.
pub fn run(cx: &mut Ctx<'_>) -> Result<Status, Error> {
    let args: Vec<&[u8]> = cx.args.iter().map(|a| a.as_bytes()).collect();
    let mut invocation = parse(&args)?;
    invocation.login |= cx.argv0.as_bytes().starts_with(b"-");
    let mut operands = args.get(invocation.operands..).unwrap_or_default();
    // The process ends with it: nothing needs to be freed.
    let mut shell = ManuallyDrop::new(Shell::new(cx));
    shell.options = invocation.options;
    shell.vars.export_all = invocation.options.has(super::options::ALLEXPORT);
    shell.command_string = invocation.command;
    let mut source = None;
    let mut script = None;
    if invocation.command {
        let Some((text, rest)) = operands.split_first() else {
            return Err(Error::usage("-c: a command is missing"));
        };
        source = Some(text.to_vec());
        operands = rest;
        if let Some((name, rest)) = operands.split_first() {
            shell.name = name.to_vec();
            shell.prefix = show_bytes(name).to_string();
            operands = rest;
        }
        shell.names_line = true;
    } else if let Some((file, rest)) = operands.split_first().filter(|_| !invocation.stdin) {
        script = Some(file.to_vec());
        shell.name = file.to_vec();
        operands = rest;
    } else {
        shell.from_stdin = true;
    }
    shell.positional = Rc::new(operands.iter().map(|a| a.to_vec()).collect());
    if shell.from_stdin
        && !shell.options.has(INTERACTIVE)
        && descriptor::is_terminal(0)
        && descriptor::is_terminal(2)
    {
        shell.options.set(INTERACTIVE, true);
    }
    shell.interactive = shell.options.has(INTERACTIVE);
    shell.set_initial_pwd();
    if shell.interactive {
        shell.become_interactive();
    }
    if invocation.login {
        shell.read_profile(b"/etc/profile");
        if let Some(home) = shell.vars.get(b"HOME").map(<[u8]>::to_vec) {
            shell.read_profile(&[&home, b"/.profile".as_slice()].concat());
        }
    }
    if shell.interactive
        && let Some(file) = shell.vars.get(b"ENV").map(<[u8]>::to_vec)
    {
        let file = shell.expand_prompt(&file);
        shell.read_profile(&file);
    }
    let result = match (source, script) {
        (Some(text), _) => shell.run_command_string(text),
        (None, Some(file)) => shell.run_script(&file),
        (None, None) => shell.run_stdin(),
    };
    shell.settle(result);
    shell.run_exit_trap();
    shell.leave();
    Ok(Status(shell.status))
}

fn parse(args: &[&[u8]]) -> Result<Invocation, Error> {
    let mut found = Invocation::default();
    let mut at = 0;
    while let Some(arg) = args.get(at) {
        let (on, letters) = match arg {
            [b'-', letters @ ..] => (true, letters),
            [b'+', letters @ ..] if !letters.is_empty() => (false, letters),
            _ => break,
        };
        at += 1;
        match letters {
            b"" | b"-" => break,
            b"-login" => {
                found.login = true;
                continue;
            }
            b"-posix" | b"-noprofile" | b"-norc" | b"-noediting" => continue,
            _ => {}
        }
        for letter in letters {
            match letter {
                b'c' if on => found.command = true,
                b's' if on => found.stdin = true,
                b'l' => found.login = on,
                b'o' => {
                    let name = args.get(at).copied().unwrap_or_default();
                    at += 1;
                    let option = Options::of_name(name).ok_or_else(|| {
                        Error::usage(format_args!("-o {}: no such option", show_bytes(name)))
                    })?;
                    found.options.set(option, on);
                }
                _ => match Options::of_letter(*letter) {
                    Some(option) => found.options.set(option, on),
                    None => {
                        let shown = show_bytes(std::slice::from_ref(letter)).to_string();
                        return Err(Error::usage(format_args!("-{shown}: no such option")));
                    }
                },
            }
        }
    }
    found.operands = at;
    Ok(found)
}

/// What reads more text for the parser, while it parses.
struct Reader<'a> {
    shell: &'a mut Shell,
    from: &'a mut From,
}

impl Input for Reader<'_> {
    fn more(&mut self, text: &mut Vec<u8>, unfinished: bool) -> bool {
        let start = text.len();
        let more = match self.from {
            From::Nowhere | From::File(None) => false,
            // `set -v` shows it with its command.
            From::File(Some(script)) => return script.more(text),
            From::Stdin => read_line(text),
            From::Prompt(editor) => {
                let variable: &[u8] = if unfinished { b"PS2" } else { b"PS1" };
                let prompt = self.shell.prompt(variable);
                let more = editor.read_line(self.shell, &prompt, text, unfinished);
                if more {
                    let line = text.get(start..).unwrap_or_default();
                    self.shell.history.enter(line, unfinished);
                }
                more
            }
        };
        if self.shell.options.has(VERBOSE) {
            let _ = write_all(sys::fd::stderr(), text.get(start..).unwrap_or_default());
        }
        more
    }

    fn alias(&self, name: &[u8]) -> Option<Rc<[u8]>> {
        self.shell.aliases.get(name).cloned()
    }

    fn keeps_source(&self) -> bool {
        self.shell.interactive
    }
}

/// A line of standard input and not a byte more, but for NUL bytes.
fn read_line(text: &mut Vec<u8>) -> bool {
    let start = text.len();
    let read = read_raw_line(text);
    without_nul(text, start);
    read
}

fn read_raw_line(text: &mut Vec<u8>) -> bool {
    let start = text.len();
    if descriptor::can_seek(0) {
        let mut block = [0; 4096];
        loop {
            match descriptor::read(0, &mut block) {
                Err(Errno::EINTR) => {}
                Ok(0) | Err(_) => return text.len() > start,
                Ok(n) => {
                    let read = block.get(..n).unwrap_or_default();
                    if let Some(end) = read.iter().position(|b| *b == b'\n') {
                        text.extend_from_slice(read.get(..=end).unwrap_or_default());
                        let _ = descriptor::seek_back(0, n - end - 1);
                        return true;
                    }
                    text.extend_from_slice(read);
                }
            }
        }
    }
    loop {
        if let Some(read) = next_byte(text, start) {
            return read;
        }
    }
}

/// Adds a byte of standard input to `text`, whose line begins at `start`. Once
/// the line is whole, or nothing more comes: whether there is a line.
pub(super) fn next_byte(text: &mut Vec<u8>, start: usize) -> Option<bool> {
    let mut byte = [0];
    match descriptor::read(0, &mut byte) {
        Err(Errno::EINTR) => None,
        Ok(0) | Err(_) => Some(text.len() > start),
        Ok(_) => {
            text.extend_from_slice(&byte);
            (byte == *b"\n").then_some(true)
        }
    }
}

impl Shell {
    fn new(cx: &Ctx<'_>) -> Shell {
        let pid = std::process::id();
        let stack = match getrlimit(Resource::RLIMIT_STACK) {
            Ok((soft, _)) => usize::try_from(soft).unwrap_or(usize::MAX).min(64 << 20),
            Err(_) => 8 << 20,
        };
        let mut vars = Vars::new(cx.env.iter().map(OsStrExt::as_bytes), pid);
        let ppid = nix::unistd::getppid().as_raw();
        let _ = vars.set(b"PPID", ppid.to_string().as_bytes());
        if vars.get(b"PS1").is_none() {
            let root = nix::unistd::geteuid().is_root();
            let _ = vars.set(b"PS1", if root { b"# " } else { b"$ " });
        }
        Shell {
            vars,
            functions: Sorted::new(),
            aliases: Sorted::new(),
            hashed: Sorted::new(),
            positional: Rc::new(Vec::new()),
            name: cx.argv0.as_bytes().to_vec(),
            prefix: cx.name.to_string(),
            names_line: false,
            cwd: Vec::new(),
            status: 0,
            pid: i32::try_from(pid).unwrap_or(0),
            options: Options::default(),
            traps: Traps::new(),
            history: History::new(),
            jobs: Jobs::default(),
            table: cx.table,
            interactive: false,
            from_stdin: false,
            command_string: false,
            loops: 0,
            calls: 0,
            tested: 0,
            substituted: None,
            generation: 1,
            capture: None,
            stdout_moved: 0,
            closed_standard: false,
            pipes: Vec::new(),
            helpers: Vec::new(),
            local_options: None,
            out: Vec::new(),
            spare: Vec::new(),
            spare_parameters: Vec::new(),
            input: None,
            here_text: None,
            getopts: Getopts::default(),
            trap_status: None,
            by_command: false,
            keeps_redirections: false,
            async_ignores: false,
            fork_mask: None,
            waits_for_children: false,
            local_marks: Vec::new(),
            room: Room::of(stack / 4 * 3),
            job_text: None,
            warned_of_jobs: false,
        }
    }

    fn become_interactive(&mut self) {
        self.set_own_dispositions();
        sys::session::adopt(0);
        self.options.set(MONITOR, true);
        self.set_job_control(true);
    }

    /// Gives the terminal back, and tells stopped jobs that the shell is gone.
    fn leave(&mut self) {
        if self.interactive {
            self.set_job_control(false);
        }
    }

    fn read_profile(&mut self, file: &[u8]) {
        let Ok(text) = script::text_of(file) else { return };
        let result = self.run_file(text, file);
        self.settle(result.map(drop));
    }

    fn run_command_string(&mut self, text: Vec<u8>) -> Run {
        let mut source = Source::of(text, 1);
        self.run_source(&mut source, &mut From::Nowhere, true).map(drop)
    }

    fn run_script(&mut self, file: &[u8]) -> Run {
        let mut read = Script::open(file, &self.cwd);
        let mut file = file.to_vec();
        if read.is_err()
            && !file.contains(&b'/')
            && let Some(path) = self.vars.get(b"PATH").map(<[u8]>::to_vec)
            && let Some(found) = super::meaning::search_path(&path, &file)
        {
            read = Script::open(&found, &self.cwd);
            file = found;
        }
        let (text, script) = match read {
            Ok(read) => read,
            Err(error) => {
                let missing = error.kind() == std::io::ErrorKind::NotFound;
                self.complain(format_args!("{}: {}", show_bytes(&file), reason(&error)));
                self.status = if missing { 127 } else { 126 };
                return Ok(());
            }
        };
        self.prefix = show_bytes(&file).to_string();
        self.names_line = true;
        let mut source = Source::of(text, 1);
        self.run_source(&mut source, &mut From::File(script), false).map(drop)
    }

    fn run_stdin(&mut self) -> Run {
        let mut from =
            if self.interactive { From::Prompt(Box::new(Editor::new(self))) } else { From::Stdin };
        self.names_line = !self.interactive;
        let mut source = Source::new(1);
        self.run_source(&mut source, &mut from, false).map(drop)
    }

    /// Commands in a text, in this environment: `eval`, a trap. False when
    /// there are none.
    pub fn run_text(&mut self, text: Vec<u8>, line: u32) -> Result<bool, Flow> {
        self.run_whole(text, line, &mut From::Nowhere)
    }

    fn run_whole(&mut self, text: Vec<u8>, line: u32, from: &mut From) -> Result<bool, Flow> {
        if !self.has_stack() {
            self.fatal("commands nest too deep")?;
        }
        let mut source = Source::of(text, line);
        self.run_source(&mut source, from, false)
    }

    /// The commands of a file, in this environment. False when there are none.
    pub fn run_file(&mut self, text: Vec<u8>, path: &[u8]) -> Result<bool, Flow> {
        let names_line = std::mem::replace(&mut self.names_line, true);
        let prefix = format!("{}: {}", show_bytes(&self.name), show_bytes(path));
        let prefix = std::mem::replace(&mut self.prefix, prefix);
        let result = self.run_whole(text, 1, &mut From::File(None));
        self.prefix = prefix;
        self.names_line = names_line;
        result
    }

    /// Reads and executes commands to the end. With `tail` the process ends
    /// then. False when there were none.
    fn run_source(
        &mut self,
        source: &mut Source,
        from: &mut From,
        tail: bool,
    ) -> Result<bool, Flow> {
        let mut any = false;
        // To `command eval` and `command .` a text that cannot be parsed is no
        // more than a failure (2.15, 3 command).
        let by_command = std::mem::take(&mut self.by_command);
        let top = matches!(from, From::Stdin | From::Prompt(_)) && self.interactive;
        loop {
            if top {
                self.notify();
            }
            if let From::File(Some(_)) = from {
                // The last command may have added to the script.
                source.resume();
            }
            let shown = matches!(from, From::File(_)) && self.options.has(VERBOSE);
            let before = if shown { source.rest().to_vec() } else { Vec::new() };
            let mut reader = Reader { shell: self, from };
            let parsed = Parser::new(source, &mut reader).complete_command();
            if shown {
                let read = before.len().saturating_sub(source.rest().len());
                let _ = write_all(sys::fd::stderr(), before.get(..read).unwrap_or_default());
            }
            let result = match parsed {
                Ok(None) if top && self.was_interrupted() => {
                    source.discard();
                    continue;
                }
                Ok(None) if top && self.stays_at_end(source) => continue,
                Ok(None) => return Ok(any),
                Ok(Some(_)) if self.options.has(NOEXEC) && !self.interactive => Ok(()),
                Ok(Some(program)) => {
                    any = true;
                    let last = tail && source.is_exhausted();
                    self.program(&program, last)
                }
                Err(error) => {
                    self.vars.line = error.line;
                    self.status = 2;
                    if !(top && self.was_interrupted()) {
                        self.complain(format_args!("syntax error: {}", error.what));
                    }
                    if by_command {
                        return Ok(true);
                    }
                    Err(Flow::Abort)
                }
            };
            if !top {
                result?;
                continue;
            }
            match result {
                Ok(()) => {}
                Err(Flow::Exit) => return Err(Flow::Exit),
                Err(_) => {
                    // Back to the prompt, whatever was going on.
                    self.loops = 0;
                    self.calls = 0;
                    self.tested = 0;
                    self.vars.restore(0);
                    self.local_marks.clear();
                    source.discard();
                }
            }
        }
    }

    /// Whether Ctrl-C ended what was being typed.
    fn was_interrupted(&mut self) -> bool {
        if !self.interrupted() {
            return false;
        }
        while sys::signal::take().is_some() {}
        self.status = 130;
        true
    }

    /// At the end of an interactive shell's input: whether it goes on.
    fn stays_at_end(&mut self, source: &mut Source) -> bool {
        let ignored = self.options.has(super::options::IGNOREEOF);
        if ignored {
            let _ = write_all(sys::fd::stderr(), b"use exit to leave\n");
        } else {
            let _ = write_all(sys::fd::stderr(), b"\n");
        }
        let stays = ignored || self.warn_of_stopped_jobs();
        if stays {
            source.discard();
        }
        stays
    }

    /// Warns, once, of stopped jobs that an exit would leave behind.
    pub fn warn_of_stopped_jobs(&mut self) -> bool {
        let stopped = self.interactive
            && !self.vars.in_subshell()
            && self.jobs.list().iter().any(|j| matches!(j.state(), super::jobs::State::Stopped(_)));
        if !stopped || std::mem::replace(&mut self.warned_of_jobs, true) {
            return false;
        }
        let _ = write_all(sys::fd::stderr(), b"there are stopped jobs\n");
        true
    }

    /// Before the process becomes another program.
    pub fn prepare_exec(&mut self) {
        self.reset_traps();
    }

    /// A prompt: the variable's value, expanded (2.5.3).
    fn prompt(&mut self, variable: &[u8]) -> Vec<u8> {
        let value = self.vars.get(variable).unwrap_or_default().to_vec();
        self.expand_prompt(&value)
    }

    /// The parameter expansions and the like in a text, as between double
    /// quotes. A text that cannot be expanded stays as it is.
    pub fn expand_prompt(&mut self, text: &[u8]) -> Vec<u8> {
        if !text.iter().any(|b| matches!(b, b'$' | b'`' | b'\\')) {
            return text.to_vec();
        }
        let mut source = Source::of(text.to_vec(), 1);
        let mut nothing = Nothing;
        let parsed = Parser::new(&mut source, &mut nothing).here_body();
        let status = self.status;
        let expanded = parsed.ok().and_then(|word| self.expand_text(&word).ok());
        self.status = status;
        expanded.unwrap_or_else(|| text.to_vec())
    }
}
