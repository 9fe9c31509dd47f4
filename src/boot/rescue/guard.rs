//! What comes before a rescue shell: the countdown that a key stops, and the
//! password.

use std::time::{Duration, Instant};

use nix::fcntl::{Flock, FlockArg, OFlag};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::applet::write_all;
use crate::boot::explain;
use crate::boot::policy::Ending;
use crate::sys;
use crate::sys::terminal::{Mode, set_mode};

/// So often a password may be wrong.
const TRIES: u32 = 3;

/// The longest password that is read.
const LONGEST: usize = 512;

/// One hash is computed at a time, however many consoles there are.
const LOCK: &str = "/run/rescuebox/password.lock";

fn say(text: &str) {
    let _ = write_all(sys::fd::stderr(), text.as_bytes());
}

/// Waits until a key is pressed, showing the seconds left; false when none was.
pub fn countdown(seconds: u32, ending: Ending) -> bool {
    let tty = sys::fd::stdin();
    let before = set_mode(tty, Mode::Keys);
    let end = Instant::now() + Duration::from_secs(u64::from(seconds));
    let mut pressed = false;
    let what = explain::closing(Ending { delay: 0, ..ending }, "press a key for a shell");
    let what = what.trim();
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        let whole = left.as_millis().div_ceil(1000);
        say(&format!("\r{what} ({whole} s) "));
        let step = left.as_millis().min((left.as_millis() - 1) % 1000 + 1);
        let mut fds = [PollFd::new(tty, PollFlags::POLLIN)];
        let limit = PollTimeout::try_from(i32::try_from(step).unwrap_or(1000));
        if poll(&mut fds, limit.unwrap_or(PollTimeout::ZERO)) == Ok(1) {
            // The key is for this and not for the shell; the end of the line
            // is no key.
            let mut key = [0];
            pressed = matches!(nix::unistd::read(tty, &mut key), Ok(1));
            break;
        }
    }
    say("\r\n");
    if let Some(before) = before {
        before.restore(tty);
    }
    pressed
}

/// Asks for the password; says whether it was known. The terminal shows nothing
/// of what is typed from before the first question to behind the last answer.
pub fn admit(hash: &[u8]) -> bool {
    let tty = sys::fd::stdin();
    let before = set_mode(tty, Mode::Silent);
    let known = (0..TRIES).find_map(|n| attempt(hash, n)).unwrap_or(false);
    if let Some(before) = before {
        before.restore(tty);
    }
    known
}

/// One question, the one after `wrong` wrong answers; nothing is decided when
/// the answer was wrong.
fn attempt(hash: &[u8], wrong: u32) -> Option<bool> {
    say("password: ");
    let line = read_line();
    say("\n");
    // The end of the input is no guess.
    let Some(mut line) = line else { return Some(false) };
    let known = is_known(&line, hash);
    line.fill(0);
    if known {
        return Some(true);
    }
    std::thread::sleep(Duration::from_secs(1 << wrong));
    say("that is not it\n");
    None
}

fn is_known(password: &[u8], hash: &[u8]) -> bool {
    let lock = nix::fcntl::open(
        LOCK,
        OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW,
        nix::sys::stat::Mode::from_bits_truncate(0o600),
    );
    // Without a place for the lock there is nobody to be kept waiting.
    let lock = lock.ok().and_then(|fd| Flock::lock(fd, FlockArg::LockExclusive).ok());
    let known = crate::crypt::matches(password, hash);
    drop(lock);
    known
}

/// A line of the terminal, byte by byte: what follows it is the shell's.
fn read_line() -> Option<Vec<u8>> {
    let mut line = Vec::with_capacity(LONGEST);
    let mut byte = [0];
    loop {
        match nix::unistd::read(sys::fd::stdin(), &mut byte) {
            Ok(1) if byte == *b"\n" => return Some(line),
            Ok(1) if line.len() < LONGEST => line.extend_from_slice(&byte),
            Ok(1) => {}
            Err(nix::errno::Errno::EINTR) => {}
            _ => return None,
        }
    }
}
