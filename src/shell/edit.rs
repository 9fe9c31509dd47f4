//! The lines of an interactive shell. POSIX.1-2024 XCU 3 sh (Command History
//! List, Command Line Editing).
//!
//! On a terminal that can move its cursor lines are edited (emacs keys, `set
//! -o vi` for the others) and remembered. A terminal of unknown type is taken
//! for a capable one: over a serial line TERM is often unset. On `dumb` ones,
//! and when standard output goes elsewhere, lines are read as they come.

use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;

use rustyline::config::Configurer;
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{ColorMode, CompletionType, Config, EditMode};

use crate::applet::write_all;
use crate::sys::{self, descriptor, signal};

use super::complete::Names;
use super::history::History;
use super::options::VI;
use super::start::next_byte;
use super::{Run, Shell};

/// Where lines are kept for the next shell of this rescue, unless HISTFILE says
/// where. Nowhere when the folder is not there: on a machine that is not being
/// rescued.
const HISTORY_FILE: &[u8] = b"/run/rescuebox/history";

/// More than this of the file is not read.
const HISTORY_BYTES: usize = 64 * 1024;

type Rustyline = rustyline::Editor<Names, MemHistory>;

/// Reads lines of a person.
pub struct Editor {
    line: Option<Box<Rustyline>>,
    /// The number of the command in the history that `line` does not know yet.
    next: u32,
    file: Vec<u8>,
}

impl Editor {
    /// An editor for this shell.
    pub fn new(shell: &mut Shell) -> Editor {
        let dumb = shell.vars.get(b"TERM") == Some(b"dumb".as_slice());
        let line = if dumb || !descriptor::is_terminal(0) { None } else { editor().ok() };
        let size = shell.vars.get(b"HISTSIZE").and_then(|size| std::str::from_utf8(size).ok());
        if let Some(size) = size.and_then(|size| size.parse().ok()) {
            shell.history.set_size(size);
        }
        let file = shell.vars.get(b"HISTFILE").unwrap_or(HISTORY_FILE).to_vec();
        let mut editor = Editor { line: line.map(Box::new), next: 1, file };
        editor.recall(&mut shell.history);
        editor
    }

    /// Reads what was kept.
    fn recall(&mut self, history: &mut History) {
        let kept = crate::sys::file::read(OsStr::from_bytes(&self.file)).unwrap_or_default();
        let kept = kept.get(kept.len().saturating_sub(HISTORY_BYTES)..).unwrap_or_default();
        for line in kept.split(|b| *b == b'\n') {
            history.enter(line, false);
        }
        self.learn(history, false);
    }

    /// Makes new commands of the history known to the arrow keys, and keeps
    /// them.
    fn learn(&mut self, history: &History, keeps: bool) {
        for number in self.next.max(history.first())..history.end() {
            let entry = history.get(number).unwrap_or_default();
            if let (Some(line), Ok(text)) = (&mut self.line, std::str::from_utf8(entry)) {
                let _ = line.add_history_entry(text);
            }
            if keeps {
                keep(&self.file, entry);
            }
        }
        self.next = history.end();
    }

    /// Shows the prompt and appends the next line to `text`. False at the end
    /// of the input, and when the line was interrupted, which is noted as
    /// SIGINT.
    pub fn read_line(
        &mut self,
        shell: &mut Shell,
        prompt: &[u8],
        text: &mut Vec<u8>,
        unfinished: bool,
    ) -> bool {
        if !unfinished {
            // A command of several lines is one entry, and whole by now.
            self.learn(&shell.history, true);
        }
        match self.line.as_mut().filter(|_| descriptor::is_terminal(1)) {
            Some(line) => edited(line, shell, prompt, text),
            None => plain(shell, prompt, text),
        }
    }
}

fn editor() -> rustyline::Result<Rustyline> {
    let config = Config::builder()
        .history_ignore_dups(true)?
        .completion_type(CompletionType::List)
        .color_mode(ColorMode::Disabled)
        // Not every console knows the sequences that turn these on.
        .bracketed_paste(false)
        .check_cursor_position(false)
        // Escape alone is a key of vi: what follows it later is another.
        .keyseq_timeout(Some(500))
        .build();
    let history = MemHistory::with_config(&config);
    let mut editor = Rustyline::with_history(config, history)?;
    editor.enable_synchronized_output(false);
    editor.set_helper(Some(Names::default()));
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
fn keep(file: &[u8], line: &[u8]) {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true).mode(0o600).custom_flags(libc::O_NOFOLLOW);
    if let Ok(file) = options.open(OsStr::from_bytes(file)) {
        let _ = write_all(file.as_fd(), [line, b"\n"].concat().as_slice());
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
