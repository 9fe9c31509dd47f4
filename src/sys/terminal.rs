//! Terminals: their modes and sizes. termios(3), ioctl_tty(2), and for a serial
//! line, whose kernel side knows no size, ECMA-48 (cursor position report).

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::termios::{
    ControlFlags, InputFlags, LocalFlags, OutputFlags, SetArg, SpecialCharacterIndices, Termios,
    tcgetattr, tcsetattr,
};

use super::tty;

/// Columns of the terminal `fd`; `None` when it is no terminal or does not
/// know (a serial line says 0).
pub fn columns(fd: BorrowedFd) -> Option<usize> {
    tty::size(fd).ok().map(|(_, columns)| usize::from(columns)).filter(|columns| *columns > 0)
}

/// Whether `fd` is a terminal.
pub fn is_terminal(fd: BorrowedFd) -> bool {
    nix::unistd::isatty(fd).unwrap_or(false)
}

/// A mode for a moment.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Each key at once, without an echo.
    Keys,
    /// Lines as always, without an echo.
    Silent,
}

/// The mode as it was before [`set_mode`].
pub struct Before(Termios);

impl Before {
    /// Sets it again. Nothing that was typed gets lost.
    pub fn restore(self, fd: BorrowedFd) {
        let _ = tcsetattr(fd, SetArg::TCSANOW, &self.0);
    }
}

/// Sets a mode; `None` when this is no terminal.
pub fn set_mode(fd: BorrowedFd, mode: Mode) -> Option<Before> {
    let before = tcgetattr(fd).ok()?;
    let mut new = before.clone();
    new.local_flags.remove(LocalFlags::ECHO | LocalFlags::ECHONL);
    if mode == Mode::Keys {
        new.local_flags.remove(LocalFlags::ICANON);
        let mut set = |index: SpecialCharacterIndices, value| {
            if let Some(place) = new.control_chars.get_mut(index as usize) {
                *place = value;
            }
        };
        set(SpecialCharacterIndices::VMIN, 1);
        set(SpecialCharacterIndices::VTIME, 0);
    }
    tcsetattr(fd, SetArg::TCSANOW, &new).ok()?;
    Some(Before(before))
}

/// Sets what a shell expects, whatever the last program there left behind:
/// lines with an echo, signals by keys, no waiting for a carrier. Speed and
/// framing stay.
pub fn make_sane(fd: BorrowedFd) {
    let Ok(mut mode) = tcgetattr(fd) else { return };
    mode.input_flags.remove(InputFlags::IGNCR | InputFlags::INLCR | InputFlags::ISTRIP);
    mode.input_flags.insert(InputFlags::ICRNL | InputFlags::IXON | InputFlags::BRKINT);
    mode.output_flags.insert(OutputFlags::OPOST | OutputFlags::ONLCR);
    mode.control_flags.insert(ControlFlags::CREAD | ControlFlags::CLOCAL);
    mode.local_flags.remove(LocalFlags::NOFLSH | LocalFlags::TOSTOP);
    mode.local_flags.insert(
        LocalFlags::ISIG
            | LocalFlags::ICANON
            | LocalFlags::IEXTEN
            | LocalFlags::ECHO
            | LocalFlags::ECHOE
            | LocalFlags::ECHOK
            | LocalFlags::ECHOCTL
            | LocalFlags::ECHOKE,
    );
    use SpecialCharacterIndices as Key;
    for (key, value) in [
        (Key::VINTR, 3),
        (Key::VQUIT, 28),
        (Key::VERASE, 127),
        (Key::VKILL, 21),
        (Key::VEOF, 4),
        (Key::VSTART, 17),
        (Key::VSTOP, 19),
        (Key::VSUSP, 26),
        (Key::VEOL, 0),
    ] {
        if let Some(place) = mode.control_chars.get_mut(key as usize) {
            *place = value;
        }
    }
    let _ = tcsetattr(fd, SetArg::TCSANOW, &mode);
}

/// How long a terminal may take to answer; one that cannot never does.
const PATIENCE: Duration = Duration::from_millis(300);

/// Saves the cursor, moves it to where no terminal is so large, asks where it
/// is, and puts it back.
const QUESTION: &[u8] = b"\x1b7\x1b[r\x1b[999;999H\x1b[6n\x1b8";

/// Longer answers are none.
const ANSWER_MAX: usize = 512;

/// Asks the terminal at the other end of a line for its size and notes it.
/// Not while somebody is typing; what is typed meanwhile is put back.
pub fn ask_size(input: BorrowedFd, output: BorrowedFd) {
    if tty::waiting(input).unwrap_or(1) > 0 {
        return;
    }
    let Some(before) = set_mode(input, Mode::Keys) else { return };
    let mut bytes = Vec::new();
    if nix::unistd::write(output, QUESTION).is_ok() {
        let end = Instant::now() + PATIENCE;
        while find_report(&bytes).is_none() && bytes.len() < ANSWER_MAX {
            let left = end.saturating_duration_since(Instant::now()).as_millis();
            let limit = PollTimeout::from(u16::try_from(left).unwrap_or(0));
            let mut fds = [PollFd::new(input, PollFlags::POLLIN)];
            let mut piece = [0; 64];
            if left == 0 || poll(&mut fds, limit) != Ok(1) {
                break;
            }
            match nix::unistd::read(input, &mut piece) {
                Ok(n @ 1..) => bytes.extend_from_slice(piece.get(..n).unwrap_or_default()),
                _ => break,
            }
        }
    }
    before.restore(input);
    if let Some(report) = find_report(&bytes) {
        let _ = tty::set_size(input, report.rows, report.columns);
        bytes.drain(report.start..report.end);
    }
    for byte in bytes {
        tty::put_back(input, byte);
    }
}

/// A cursor position report within other bytes.
#[derive(Debug, PartialEq, Eq)]
struct Report {
    start: usize,
    end: usize,
    rows: u16,
    columns: u16,
}

/// `ESC [ ROWS ; COLUMNS R`.
fn find_report(bytes: &[u8]) -> Option<Report> {
    for start in 0..bytes.len() {
        let rest = bytes.get(start..)?;
        let Some(body) = rest.strip_prefix(b"\x1b[") else { continue };
        let Some(length) = body.iter().position(|&b| b == b'R') else { continue };
        let mut parts = body.get(..length)?.split(|&b| b == b';').map(number);
        if let (Some(Some(rows)), Some(Some(columns)), None) =
            (parts.next(), parts.next(), parts.next())
        {
            return Some(Report { start, end: start + 2 + length + 1, rows, columns });
        }
    }
    None
}

fn number(digits: &[u8]) -> Option<u16> {
    let all = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok().filter(|_| all)?.parse().ok().filter(|n| (1..=999).contains(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports() {
        let found =
            |text: &str| find_report(text.as_bytes()).map(|r| (r.start, r.end, r.rows, r.columns));
        assert_eq!(found("\x1b[24;80R"), Some((0, 8, 24, 80)));
        assert_eq!(found("ls\n\x1b[50;132Rx"), Some((3, 12, 50, 132)));
        assert_eq!(found("\x1b[A\x1b[1;2R"), Some((3, 9, 1, 2)));
        assert_eq!(found("\x1b[24;80"), None);
        assert_eq!(found("\x1b[24R"), None);
        assert_eq!(found("\x1b[;80R"), None);
        assert_eq!(found("\x1b[+1;80R"), None);
        assert_eq!(found("\x1b[0;80R"), None);
        assert_eq!(found("\x1b[70000;80R"), None);
        assert_eq!(found(""), None);
    }
}
