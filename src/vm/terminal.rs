//! The host's terminal in raw mode, so that every key is the machine's; put
//! back however the runner ends, a panic included.

use std::os::fd::BorrowedFd;
use std::sync::Mutex;

use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};

/// What the terminal was before.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// A terminal in raw mode for as long as this lives.
pub struct Raw(());

impl Raw {
    /// Switches standard input's terminal.
    pub fn enter(terminal: BorrowedFd<'_>) -> nix::Result<Raw> {
        let before = tcgetattr(terminal)?;
        let mut raw = before.clone();
        cfmakeraw(&mut raw);
        if let Ok(mut place) = BEFORE.lock() {
            *place = Some(before);
        }
        // The runner is built without unwinding: nothing is dropped after a
        // panic.
        let earlier = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            restore();
            earlier(info);
        }));
        tcsetattr(terminal, SetArg::TCSADRAIN, &raw)?;
        Ok(Raw(()))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        restore();
    }
}

fn restore() {
    if let Ok(mut place) = BEFORE.try_lock()
        && let Some(before) = place.take()
    {
        let _ = tcsetattr(crate::sys::fd::stdin(), SetArg::TCSADRAIN, &before);
    }
}
