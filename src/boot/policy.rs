//! Who may have a shell, where, and what is done when nobody may.
//!
//! A shell after a failure and one that was asked for (`rd.break`) are two
//! matters: pulling a disk out of a machine makes the first happen. The rules,
//! from the strongest:
//!
//! * `rd.shell=0`, or `shell = no` in the image, is no shell at all.
//! * `panic=` is no shell after a failure (initramfs-tools(7)), and so is
//!   `rd.emergency=` without `rd.shell=1`.
//! * Keys have been in use (LUKS, a TPM), or the kernel is locked down: the
//!   profile is `locked`.
//! * `locked`: a shell for those who know the password, if there is one.
//! * `host`: the same when there is a password; without one, after a failure
//!   on the machine's own screen only.
//! * `vm`: a shell on every console.
//!
//! The profile is the command line's, the image's, `vm` in a virtual machine
//! (whose owner has its console and everything else), `host` elsewhere. Where
//! the image says `lock = yes`, or the kernel is locked down, the command line
//! only tightens what the image says.

use super::SECOND;
use crate::cmdline::{Cmdline, Emergency, Profile};
use crate::settings::Settings;

/// Why there should be a shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The command line asks for it.
    Asked,
    /// The boot has failed.
    Failed,
}

/// What kind of terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// The machine's own screen and keyboard.
    Screen,
    /// A serial line, a hypervisor's console: the other end is elsewhere.
    Wire,
}

/// What may be had on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A shell.
    Open,
    /// A shell for who knows the password.
    Password,
    /// No shell.
    Denied,
}

/// What is known about the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// It is a virtual one.
    pub machine: bool,
    /// The kernel is locked down (`/sys/kernel/security/lockdown`).
    pub lockdown: bool,
    /// LUKS or a TPM has been used, so that keys may be in memory.
    pub keys: bool,
}

/// How the machine ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// What is done; `None`: nothing, it waits for ever, as a kernel does
    /// after `panic=0`.
    pub how: Option<Emergency>,
    /// Seconds between the explanation and that.
    pub delay: u32,
}

/// Without a shell and without a word about what else to do, the machine
/// starts again, so that a passing fault does not need a visitor.
const DEFAULT_DELAY: u32 = 10;

/// How long the explanation may take on a slow or stuck console.
const TELLING: u64 = 5 * SECOND;

impl Ending {
    /// Nanoseconds that the explanation and the delay may take together.
    pub fn telling(self) -> u64 {
        TELLING + self.delay()
    }

    /// Nanoseconds between the explanation and the end.
    pub fn delay(self) -> u64 {
        u64::from(self.delay) * SECOND
    }
}

/// The rules of this boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Which profile applies.
    pub profile: Profile,
    /// Whether a shell may be had when it was asked for.
    asked: bool,
    /// Whether one may be had after a failure.
    failed: bool,
    /// Whether a password is set.
    password: bool,
    /// The command line has no say.
    ceiling: bool,
    /// What is done without a shell.
    pub ending: Ending,
    /// Seconds after which an unused shell is closed and [`Rules::ending`]
    /// comes.
    pub timeout: Option<u32>,
}

/// The rules that follow from the command line, the image and the machine.
pub fn rules(cmdline: &Cmdline, image: &Settings, facts: Facts) -> Rules {
    let ceiling = image.lock || facts.lockdown;
    let usual = if facts.machine { Profile::Vm } else { Profile::Host };
    let mut profile = if ceiling {
        let floor = image.profile.unwrap_or(usual);
        cmdline.profile.map_or(floor, |asked| asked.max(floor))
    } else {
        cmdline.profile.or(image.profile).unwrap_or(usual)
    };
    if facts.keys || facts.lockdown {
        profile = Profile::Locked;
    }
    let wish = match (cmdline.shell, image.shell) {
        (Some(false), _) => Some(false),
        (_, Some(false)) if ceiling => Some(false),
        (wish, image) => wish.or(image),
    };
    let takes_back = wish == Some(true) && !(ceiling && image.shell != Some(true));
    let asked = wish != Some(false);
    let failed = asked && cmdline.panic.is_none() && (cmdline.emergency.is_none() || takes_back);
    let ending = match (cmdline.emergency.or(image.emergency), cmdline.panic) {
        (Some(how), seconds) => {
            let delay = match seconds {
                Some(n) => u32::try_from(n).unwrap_or(0),
                None if cmdline.emergency.is_some() => 0,
                None => DEFAULT_DELAY,
            };
            Ending { how: Some(how), delay }
        }
        (None, Some(0)) => Ending { how: None, delay: 0 },
        (None, Some(n)) => {
            Ending { how: Some(Emergency::Reboot), delay: u32::try_from(n).unwrap_or(0) }
        }
        (None, None) => Ending { how: Some(Emergency::Reboot), delay: DEFAULT_DELAY },
    };
    let some = |seconds: Option<u32>| seconds.filter(|&n| n > 0);
    let timeout = match (some(cmdline.rescue_timeout), some(image.timeout)) {
        (Some(a), Some(b)) if ceiling => Some(a.min(b)),
        (None, image) if ceiling => image,
        (None, image) if cmdline.rescue_timeout.is_none() => image,
        (given, _) => given,
    };
    let password = image.password.is_some();
    Rules { profile, asked, failed, password, ceiling, ending, timeout }
}

impl Rules {
    /// What may be had on such a terminal for that reason.
    pub fn access(&self, reason: Reason, line: Line) -> Access {
        let allowed = match reason {
            Reason::Asked => self.asked,
            Reason::Failed => self.failed,
        };
        let guarded = if self.password { Access::Password } else { Access::Denied };
        match (allowed, self.profile) {
            (false, _) => Access::Denied,
            (true, Profile::Vm) => Access::Open,
            (true, Profile::Locked) => guarded,
            (true, Profile::Host) if self.password => Access::Password,
            (true, Profile::Host) => match (reason, line) {
                (_, Line::Screen) => Access::Open,
                (Reason::Asked, Line::Wire) if !self.ceiling => Access::Open,
                _ => Access::Denied,
            },
        }
    }

    /// Why nothing may be had after a failure, in words.
    pub fn refusal(&self) -> &'static str {
        if !self.asked {
            "no shell is allowed here"
        } else if !self.failed {
            "no shell is allowed here (panic= or rd.emergency=)"
        } else if self.profile == Profile::Locked {
            "this machine is locked, and its image has no password"
        } else {
            "without a password, a shell is given on the machine's own screen only"
        }
    }
}

#[cfg(test)]
mod tests;
