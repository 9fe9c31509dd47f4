//! PID 1: from the kernel's start of `/init` to the exec of the real init.
//!
//! [`supervise`] is all that PID 1 does. It mounts the API file systems, makes
//! the [`plan`] and forks one worker, which executes the [`steps`] and tells
//! how each went through a pipe ([`wire`]). A worker that fails, panics or is
//! killed is a failed boot: PID 1 writes the [`report`], forks a [`rescue`]
//! shell (or does what the command line wants instead) and listens on the
//! [`control`] socket for `boot retry` and `boot continue`. When the worker is
//! done, PID 1 itself makes the new root `/` ([`switch`]) and becomes the real
//! init.
//!
//! Code that PID 1 runs does not panic, index, or wait without a limit.

pub mod api;
pub mod check;
pub mod classic;
pub mod consoles;
pub mod control;
pub mod devices;
mod disk;
pub mod dossier;
pub mod drivers;
pub mod explain;
pub mod job;
pub mod keys;
mod look;
pub mod machine;
pub mod mounts;
pub mod network;
mod nfs;
pub mod plan;
pub mod policy;
mod remote;
pub mod report;
pub mod rescue;
mod respond;
pub mod share;
pub mod steps;
pub mod supervise;
pub mod switch;
pub mod wire;

use std::fmt::{self, Display};

use nix::errno::Errno;

use crate::sys;

/// Folder of what concerns the boot: `control`, `boot.json`.
pub const DIR: &str = "/run/rescuebox";

/// Why a step failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The cause in a line, without the step's name. Further lines say what
    /// was looked at and what may help.
    pub text: String,
    /// The system's error number, if it was a system call that failed.
    pub errno: Option<i32>,
}

impl Fault {
    /// A failure in words.
    pub fn new(text: impl Into<String>) -> Fault {
        Fault { text: text.into(), errno: None }
    }

    /// A failed system call on `what`.
    pub fn os(what: impl Display, errno: Errno) -> Fault {
        let text = format!("{what}: {}", sys::text::error_text(errno as i32));
        Fault { text, errno: Some(errno as i32) }
    }

    /// The same with another line of explanation.
    #[must_use]
    pub fn line(mut self, text: impl Display) -> Fault {
        use fmt::Write;
        let _ = write!(self.text, "\n{text}");
        self
    }
}

/// Nanoseconds since the machine started (CLOCK_BOOTTIME is not in the vDSO of
/// every kernel; the monotonic clock differs from it only by suspended time).
pub fn now() -> u64 {
    use nix::time::{ClockId, clock_gettime};
    let Ok(time) = clock_gettime(ClockId::CLOCK_MONOTONIC) else { return 0 };
    let seconds = u64::try_from(time.tv_sec()).unwrap_or(0);
    seconds.wrapping_mul(1_000_000_000).wrapping_add(u64::try_from(time.tv_nsec()).unwrap_or(0))
}

/// Nanoseconds of a second.
pub const SECOND: u64 = 1_000_000_000;
