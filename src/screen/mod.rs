//! The whole screen of a terminal: keys one by one, rows of which only those
//! that changed are sent again, the size of the window, and the terminal as it
//! was when the program ends.
//!
//! The sequences are those of ECMA-48, which every terminal, console and
//! serial program of the last decades knows; there is no terminfo in a rescue
//! system. On `dumb` terminals nothing moves: the cursor's row and the last one
//! are printed when they change.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::applet::{Ctx, Error, write_all};
use crate::sys::signal::{self, Disposition};
use crate::sys::termios::{self, Modes, When};
use crate::sys::{fd, path, terminal, tty};

pub mod cells;
pub mod keys;

use cells::Row;
use keys::Key;

/// How long the rest of an escape sequence may take, in milliseconds.
const SEQUENCE: u16 = 100;

/// Signals that the screen wants to know of.
const SIGNALS: [i32; 4] = [libc::SIGWINCH, libc::SIGTERM, libc::SIGHUP, libc::SIGCONT];

/// A terminal that a program has for itself.
pub struct Screen {
    input: OwnedFd,
    output: OwnedFd,
    before: Option<Modes>,
    typed: Vec<u8>,
    shown: Vec<Row>,
    anew: bool,
    alternate: bool,
    plain: bool,
    /// Keys that come before those that are typed, the next one last.
    pub queue: Vec<Key>,
    /// The keys that were given, while somebody wants to know.
    pub heard: Option<Vec<Key>>,
    /// How many rows there are, at least two.
    pub rows: usize,
    /// How many columns there are, at least two.
    pub columns: usize,
}

/// Where keys come from while standard input is something to read: the
/// controlling terminal, or one of the standard descriptors that is a terminal
/// (the console's shell has no controlling one).
pub fn keyboard(cx: &Ctx) -> Option<OwnedFd> {
    if terminal::is_terminal(cx.stdin) {
        return fd::duplicate_from(cx.stdin, 3).ok();
    }
    if let Ok(tty) = path::open("/dev/tty", nix::fcntl::OFlag::O_RDWR) {
        return Some(tty);
    }
    let other = if terminal::is_terminal(cx.stderr) { cx.stderr } else { cx.stdout };
    if !terminal::is_terminal(other) {
        return None;
    }
    fd::duplicate_from(other, 3).ok()
}

/// Whether the terminal cannot move its cursor.
pub fn is_dumb(cx: &Ctx) -> bool {
    cx.env.get(b"TERM").is_some_and(|term| term == "dumb")
}

impl Screen {
    /// Takes the terminal that standard output is. `input` is where keys come
    /// from; with `alternate` what was on the screen comes back at the end.
    pub fn open(cx: &Ctx, input: OwnedFd, alternate: bool) -> Result<Screen, Error> {
        let output =
            fd::duplicate_from(cx.stdout, 3).map_err(|e| Error::os("standard output", e))?;
        let plain = is_dumb(cx) || !terminal::is_terminal(cx.stdout);
        if !plain && tty::size(&output).is_ok_and(|(rows, columns)| rows == 0 || columns == 0) {
            terminal::ask_size(input.as_fd(), output.as_fd());
        }
        let mut screen = Screen {
            before: termios::get(&input).ok(),
            input,
            output,
            typed: Vec::new(),
            shown: Vec::new(),
            anew: true,
            alternate,
            plain,
            queue: Vec::new(),
            heard: None,
            rows: 24,
            columns: 80,
        };
        for signal in SIGNALS {
            let _ = signal::set(signal, Disposition::Catch);
        }
        screen.enter();
        Ok(screen)
    }

    /// Takes the terminal (again).
    pub fn enter(&mut self) {
        if let Some(before) = &self.before {
            let _ = termios::set(&self.input, &before.raw(), When::Drained);
        }
        if self.alternate && !self.plain {
            self.send(b"\x1b[?1049h");
        }
        self.resize();
    }

    /// Gives the terminal back for a while.
    pub fn leave(&mut self) {
        let (rows, alternate) = (self.rows, self.alternate);
        if !self.plain && (alternate || !self.anew) {
            self.send(format!("\x1b[m\x1b[{rows};1H\x1b[K\x1b[?25h").as_bytes());
            if alternate {
                self.send(b"\x1b[?1049l");
            }
        }
        if let Some(before) = &self.before {
            let _ = termios::set(&self.input, before, When::Drained);
        }
    }

    /// Stops the program as Ctrl-Z does, and goes on when it is continued.
    pub fn suspend(&mut self) {
        self.leave();
        let _ = signal::send(0, libc::SIGTSTP);
        self.enter();
    }

    /// Draws all anew.
    pub fn redraw(&mut self) {
        self.anew = true;
    }

    fn resize(&mut self) {
        let (rows, columns) = tty::size(&self.output).unwrap_or((0, 0));
        let or = |n: u16, other: usize| if n == 0 { other } else { usize::from(n).max(2) };
        (self.rows, self.columns) = (or(rows, 24), or(columns, 80));
        self.anew = true;
    }

    fn send(&self, bytes: &[u8]) {
        // A terminal that has gone away shows itself when keys are read.
        let _ = write_all(self.output.as_fd(), bytes);
    }

    /// Shows these rows and the cursor in a row and column, both from 0.
    #[inline(never)]
    pub fn draw(&mut self, rows: &[Row], cursor: (usize, usize)) {
        let mut out = Vec::new();
        if self.plain {
            for at in [cursor.0, self.rows - 1] {
                let Some(row) = rows.get(at) else { continue };
                if !row.bytes.is_empty() && !self.shown.contains(row) {
                    out.extend_from_slice(&row.bytes);
                    out.extend_from_slice(b"\r\n");
                }
            }
            self.shown = rows.to_vec();
            self.send(&out);
            return;
        }
        if self.anew {
            out.extend_from_slice(b"\x1b[m\x1b[H\x1b[J");
            self.shown.clear();
            self.anew = false;
        }
        self.shown.resize(self.rows, Row::default());
        for (at, old) in self.shown.iter_mut().enumerate() {
            let none = Row::default();
            let row = rows.get(at).unwrap_or(&none);
            if row == old {
                continue;
            }
            // What is the same at the start of both stays, as far as a byte is a column.
            let same = row.bytes.iter().zip(&old.bytes);
            let same = same.take_while(|(a, b)| a == b && matches!(a, b' '..=b'~')).count();
            place(&mut out, at, same);
            out.extend_from_slice(row.bytes.get(same..).unwrap_or_default());
            if row.bytes.contains(&27) {
                out.extend_from_slice(b"\x1b[m");
            }
            if row.width < old.width {
                out.extend_from_slice(b"\x1b[K");
            }
            old.clone_from(row);
        }
        place(&mut out, cursor.0, cursor.1.min(self.columns - 1));
        self.send(&out);
    }

    /// The next key. [`keys::TIMEOUT`] when none comes in time.
    pub fn key(&mut self, limit: Option<Duration>) -> Key {
        let key = self.queue.pop().unwrap_or_else(|| self.typed_key(limit));
        if let Some(heard) = &mut self.heard {
            heard.push(key);
        }
        key
    }

    fn typed_key(&mut self, limit: Option<Duration>) -> Key {
        let end = limit.map(|limit| Instant::now() + limit);
        let mut complete = false;
        loop {
            if let Some((key, length)) = keys::decode(&self.typed, complete) {
                self.typed.drain(..length);
                return key;
            }
            while let Some(signal) = signal::take() {
                match signal {
                    libc::SIGWINCH => {
                        self.resize();
                        return keys::RESIZE;
                    }
                    libc::SIGCONT => {
                        self.enter();
                        return keys::RESIZE;
                    }
                    libc::SIGTERM | libc::SIGHUP => return keys::HANGUP,
                    _ => {}
                }
            }
            // A signal just before the wait is seen a second later.
            let mut wait = if self.typed.is_empty() { 1000 } else { SEQUENCE };
            if let Some(end) = end
                && self.typed.is_empty()
            {
                let left = end.saturating_duration_since(Instant::now()).as_millis();
                if left == 0 && self.waits(0) != Some(true) {
                    return keys::TIMEOUT;
                }
                wait = wait.min(u16::try_from(left).unwrap_or(u16::MAX));
            }
            match self.waits(wait) {
                Some(true) => {}
                Some(false) => {
                    complete = !self.typed.is_empty();
                    continue;
                }
                None => continue,
            }
            let mut piece = [0; 256];
            match nix::unistd::read(&self.input, &mut piece) {
                Ok(count @ 1..) => {
                    self.typed.extend_from_slice(piece.get(..count).unwrap_or_default());
                }
                Err(nix::errno::Errno::EINTR | nix::errno::Errno::EAGAIN) => {}
                _ if self.typed.is_empty() => return keys::HANGUP,
                _ => complete = true,
            }
        }
    }

    /// Whether a key can be read within so many milliseconds; nothing when a
    /// signal came.
    fn waits(&self, milliseconds: u16) -> Option<bool> {
        let mut fds = [PollFd::new(self.input.as_fd(), PollFlags::POLLIN)];
        poll(&mut fds, PollTimeout::from(milliseconds)).ok().map(|count| count > 0)
    }

    /// Whether a key has been typed that nobody has taken.
    pub fn has_key(&self) -> bool {
        !self.typed.is_empty() || self.waits(0) == Some(true)
    }

    /// Lets the person type a line on the last row, behind `prompt`. Nothing
    /// when they think better of it.
    pub fn ask(&mut self, prompt: &[u8], history: &[Vec<u8>]) -> Option<Vec<u8>> {
        let mut line = Vec::new();
        let mut place = history.len();
        loop {
            let mut rows = std::mem::take(&mut self.shown);
            rows.resize(self.rows, Row::default());
            let shown = [prompt, &line].concat();
            let width = cells::width(&shown);
            let mut rest = shown.as_slice();
            let mut over = (width + 1).saturating_sub(self.columns);
            while over > 0 && !rest.is_empty() {
                let glyph = cells::glyph(rest, 0);
                over = over.saturating_sub(glyph.width);
                rest = rest.get(glyph.length..).unwrap_or_default();
            }
            let row = Row::of(rest, self.columns);
            let column = row.width;
            self.shown.clone_from(&rows);
            if let Some(last) = rows.last_mut() {
                *last = row;
            }
            if self.anew {
                rows.resize(self.rows, Row::default());
            }
            if !self.plain {
                self.draw_rows(&rows, column);
            }
            let key = self.key(None);
            match key {
                keys::ENTER | 10 => return Some(line),
                keys::ESC | 3 | keys::HANGUP => return None,
                8 | 127 => {
                    if line.is_empty() {
                        return None;
                    }
                    while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
                }
                21 => line.clear(),
                23 => {
                    while line.pop_if(|byte| *byte == b' ').is_some() {}
                    while line.pop_if(|byte| *byte != b' ').is_some() {}
                }
                22 => {
                    let key = self.key(None);
                    keys::append(key, &mut line);
                }
                keys::UP | keys::DOWN => {
                    place = if key == keys::UP {
                        place.saturating_sub(1)
                    } else {
                        (place + 1).min(history.len())
                    };
                    line = history.get(place).cloned().unwrap_or_default();
                }
                keys::TIMEOUT..=keys::HANGUP => {}
                _ => {
                    keys::append(key, &mut line);
                }
            }
        }
    }

    fn draw_rows(&mut self, rows: &[Row], column: usize) {
        self.draw(rows, (self.rows - 1, column));
    }

    /// Whether the terminal cannot move its cursor.
    pub fn is_plain(&self) -> bool {
        self.plain
    }

    /// Where it is drawn.
    pub fn output(&self) -> BorrowedFd<'_> {
        self.output.as_fd()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.leave();
        for signal in SIGNALS {
            let _ = signal::set(signal, Disposition::Default);
        }
    }
}

/// Moves the cursor.
fn place(out: &mut Vec<u8>, row: usize, column: usize) {
    out.extend_from_slice(format!("\x1b[{};{}H", row + 1, column + 1).as_bytes());
}

/// Keys and cells of any bytes: nothing of them moves the cursor, and all of
/// them are consumed. For the fuzzer.
pub fn exercise(data: &[u8]) {
    let mut rest = data;
    while let Some((_, length)) = keys::decode(rest, true) {
        assert!(length > 0);
        rest = rest.get(length..).unwrap_or_default();
    }
    assert!(rest.is_empty());
    let row = Row::of(data, 200);
    assert!(row.width <= 200);
    assert!(!row.bytes.iter().any(|b| *b < 32 || *b == 127));
}
