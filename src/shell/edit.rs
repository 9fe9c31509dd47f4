//! The lines of an interactive shell. POSIX.1-2024 XCU 3 sh (Command History
//! List, Command Line Editing).
//!
//! On a terminal that can move its cursor lines are edited (emacs keys, `set
//! -o vi` for the others) and remembered. A terminal of unknown type is taken
//! for a capable one: over a serial line TERM is often unset. On `dumb` ones,
//! and when standard output goes elsewhere, lines are read as they come.

use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustyline::completion::{Completer, Pair};
use rustyline::config::Configurer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::Validator;
use rustyline::{ColorMode, CompletionType, Config, Context, EditMode, Helper};

use crate::applet::{self, write_all};
use crate::sys::{self, descriptor, signal};

use super::builtins;
use super::options::VI;
use super::start::next_byte;
use super::{Run, Shell};

/// How many lines are remembered.
const HISTORY: usize = 500;

/// Where lines are kept for the next shell of this rescue. Nowhere when the
/// folder is not there: on a machine that is not being rescued.
const HISTORY_FILE: &str = "/run/rescuebox/history";

/// More than this of the file is not read.
const HISTORY_BYTES: usize = 64 * 1024;

type Rustyline = rustyline::Editor<Names, MemHistory>;

/// Reads lines of a person.
pub struct Editor {
    line: Option<Box<Rustyline>>,
}

impl Editor {
    /// An editor for this shell.
    pub fn new(shell: &mut Shell) -> Editor {
        let dumb = shell.vars.get(b"TERM") == Some(b"dumb".as_slice());
        let line = if dumb || !descriptor::is_terminal(0) { None } else { editor().ok() };
        Editor { line: line.map(Box::new) }
    }

    /// Shows the prompt and appends the next line to `text`. False at the end
    /// of the input, and when the line was interrupted, which is noted as
    /// SIGINT.
    pub fn read_line(&mut self, shell: &mut Shell, prompt: &[u8], text: &mut Vec<u8>) -> bool {
        match self.line.as_mut().filter(|_| descriptor::is_terminal(1)) {
            Some(line) => edited(line, shell, prompt, text),
            None => plain(shell, prompt, text),
        }
    }
}

fn editor() -> rustyline::Result<Rustyline> {
    let config = Config::builder()
        .max_history_size(HISTORY)?
        .history_ignore_dups(true)?
        .history_ignore_space(true)
        .completion_type(CompletionType::List)
        .color_mode(ColorMode::Disabled)
        // Not every console knows the sequences that turn these on.
        .bracketed_paste(false)
        .check_cursor_position(false)
        .build();
    let history = MemHistory::with_config(&config);
    let mut editor = Rustyline::with_history(config, history)?;
    editor.enable_synchronized_output(false);
    editor.set_helper(Some(Names::default()));
    let kept = crate::sys::file::read(HISTORY_FILE).unwrap_or_default();
    let kept = kept.get(kept.len().saturating_sub(HISTORY_BYTES)..).unwrap_or_default();
    for line in kept.split(|b| *b == b'\n').filter_map(|line| std::str::from_utf8(line).ok()) {
        if !line.is_empty() {
            let _ = editor.add_history_entry(line);
        }
    }
    Ok(editor)
}

fn edited(line: &mut Rustyline, shell: &mut Shell, prompt: &[u8], text: &mut Vec<u8>) -> bool {
    let mode = if shell.options.has(VI) { EditMode::Vi } else { EditMode::Emacs };
    line.set_edit_mode(mode);
    if let Some(names) = line.helper_mut() {
        names.refresh(shell);
    }
    let prompt = String::from_utf8_lossy(prompt);
    // What stands before the last line is not edited.
    let (above, prompt) = match prompt.rfind('\n') {
        Some(at) => prompt.split_at(at + 1),
        None => ("", &*prompt),
    };
    let _ = write_all(sys::fd::stdout(), above.as_bytes());
    match line.readline(prompt) {
        Ok(entered) => {
            if !entered.trim().is_empty()
                && let Ok(true) = line.add_history_entry(entered.as_str())
            {
                keep(&entered);
            }
            text.extend_from_slice(entered.as_bytes());
            text.push(b'\n');
            true
        }
        Err(ReadlineError::Interrupted) => {
            let _ = signal::send(shell.pid, libc::SIGINT);
            false
        }
        Err(ReadlineError::Eof) => false,
        Err(_) => plain(shell, b"", text),
    }
}

/// Adds a line to the file of lines; that it cannot be is no news.
fn keep(line: &str) {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true).mode(0o600).custom_flags(libc::O_NOFOLLOW);
    if let Ok(file) = options.open(HISTORY_FILE) {
        let _ = write_all(file.as_fd(), [line.as_bytes(), b"\n"].concat().as_slice());
    }
}

/// A line as the terminal, or whatever it is, gives it.
fn plain(shell: &mut Shell, prompt: &[u8], text: &mut Vec<u8>) -> bool {
    let _ = write_all(sys::fd::stderr(), prompt);
    let start = text.len();
    loop {
        shell.await_input(0);
        if shell.interrupted() {
            let _ = write_all(sys::fd::stderr(), b"\n");
            text.truncate(start);
            return false;
        }
        if signal::any() {
            // What a trap wants to do to the flow has no meaning here.
            let _: Run = shell.run_traps();
            continue;
        }
        if let Some(read) = next_byte(text, start) {
            return read;
        }
    }
}

/// What words are completed with.
#[derive(Default)]
struct Names {
    table: Option<&'static applet::Table>,
    /// Functions and aliases.
    own: Vec<String>,
    path: Vec<u8>,
    home: Vec<u8>,
}

impl Names {
    fn refresh(&mut self, shell: &mut Shell) {
        let own = shell.functions.iter().map(|e| e.0).chain(shell.aliases.iter().map(|e| e.0));
        self.own = own.map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        self.table = Some(shell.table);
        self.path = shell.vars.get(b"PATH").unwrap_or_default().to_vec();
        self.home = shell.vars.get(b"HOME").unwrap_or_default().to_vec();
    }

    fn commands(&self, start: &str) -> Vec<String> {
        let mut names: Vec<String> =
            self.own.iter().filter(|n| n.starts_with(start)).cloned().collect();
        let applets = self.table.into_iter().flat_map(|table| table.0).map(|row| row.name);
        let known = applets.chain(builtins::names()).filter(|n| n.starts_with(start));
        names.extend(known.map(str::to_string));
        for dir in self.path.split(|b| *b == b':').filter(|d| !d.is_empty()) {
            let entries = std::fs::read_dir(Path::new(std::ffi::OsStr::from_bytes(dir)));
            let found = entries.into_iter().flatten().flatten();
            names.extend(found.filter_map(|entry| {
                entry.file_name().into_string().ok().filter(|n| n.starts_with(start))
            }));
        }
        names.sort();
        names.dedup();
        names
    }

    fn files(&self, word: &str) -> Vec<String> {
        let (dir, start) = match word.rfind('/') {
            Some(at) => word.split_at(at + 1),
            None => ("", word),
        };
        let home = String::from_utf8_lossy(&self.home);
        let place = match dir.strip_prefix("~/") {
            Some(rest) => format!("{home}/{rest}"),
            None if dir.is_empty() => ".".into(),
            None => dir.to_string(),
        };
        let mut names: Vec<String> = std::fs::read_dir(&place)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let shown =
                    name.starts_with(start) && (start.starts_with('.') || !name.starts_with('.'));
                let slash = if entry.path().is_dir() { "/" } else { "" };
                shown.then(|| format!("{dir}{name}{slash}"))
            })
            .collect();
        names.sort();
        names
    }
}

impl Completer for Names {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let head = line.get(..pos).unwrap_or_default();
        let start =
            head.rfind([' ', '\t', ';', '|', '&', '(', '<', '>', '=']).map_or(0, |at| at + 1);
        let word = head.get(start..).unwrap_or_default();
        let before = head.get(..start).unwrap_or_default().trim_end();
        let is_command = before.is_empty() || before.ends_with([';', '|', '&', '(', '{']);
        let names = if is_command && !word.contains('/') {
            self.commands(word).into_iter().map(|name| name + " ").collect()
        } else {
            self.files(word)
        };
        let pairs = names.into_iter().map(|name| {
            let shown = name.trim_end_matches([' ', '/']).rsplit('/').next().unwrap_or_default();
            Pair { display: shown.to_string(), replacement: name.clone() }
        });
        Ok((start, pairs.collect()))
    }
}

impl Hinter for Names {
    type Hint = String;
}

impl Highlighter for Names {}
impl Validator for Names {}
impl Helper for Names {}
