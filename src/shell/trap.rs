//! Signals and traps. POSIX.1-2024 XCU 2.12 (signals and error handling) and
//! 2.15 trap.

use std::rc::Rc;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};

use crate::sys::descriptor;
use crate::sys::process::{self, Forked};
use crate::sys::signal::{self, Disposition};

use super::{Flow, Run, Shell};

/// The number of the condition ERR, beyond all signals.
pub const ERR: i32 = signal::COUNT as i32;

/// What is done when a signal comes.
#[derive(Clone, Default)]
pub enum Action {
    /// What the system does.
    #[default]
    Default,
    /// Nothing.
    Ignore,
    /// This is run.
    Run(Rc<[u8]>),
}

/// The traps of a shell; number 0 is EXIT.
pub struct Traps {
    actions: Vec<Action>,
    /// Signals that were ignored when the shell began: a shell that is not
    /// interactive can neither trap nor reset them.
    ignored_at_start: Vec<i32>,
    /// The traps of the parent, which `trap` without operands shows in a
    /// subshell until that sets one of its own.
    pub inherited: Option<Vec<Action>>,
    /// Whether any is set.
    pub any: bool,
}

impl Traps {
    /// No traps.
    pub fn new() -> Traps {
        Traps { actions: Vec::new(), ignored_at_start: Vec::new(), inherited: None, any: false }
    }

    /// The action for a signal.
    pub fn action(&self, number: i32) -> Action {
        let at = usize::try_from(number).unwrap_or(0);
        self.actions.get(at).cloned().unwrap_or_default()
    }

    /// Those that are set, by number.
    pub fn list(&self) -> impl Iterator<Item = (i32, &Action)> {
        let shown = self.inherited.as_ref().unwrap_or(&self.actions);
        shown
            .iter()
            .enumerate()
            .filter(|(_, action)| !matches!(action, Action::Default))
            .filter_map(|(n, action)| Some((i32::try_from(n).ok()?, action)))
    }

    fn store(&mut self, number: i32, action: Action) {
        let at = usize::try_from(number).unwrap_or(0);
        if self.actions.len() <= at {
            self.actions.resize_with(at + 1, Action::default);
        }
        if let Some(place) = self.actions.get_mut(at) {
            *place = action;
        }
        self.any = self.actions.iter().any(|a| !matches!(a, Action::Default));
    }
}

impl Default for Traps {
    fn default() -> Traps {
        Traps::new()
    }
}

impl Shell {
    /// Notes which signals were ignored when the shell was started, as far as
    /// anybody may ask: before the first trap is set.
    fn was_ignored(&mut self, number: i32) -> bool {
        if self.traps.ignored_at_start.contains(&number) {
            return true;
        }
        let untouched = matches!(self.traps.action(number), Action::Default);
        if untouched
            && !self.interactive
            && !self.ignored_by_us(number)
            && signal::is_ignored(number)
        {
            self.traps.ignored_at_start.push(number);
            return true;
        }
        false
    }

    /// Whether it is this shell that ignores a signal, and no trap.
    fn ignored_by_us(&self, number: i32) -> bool {
        self.async_ignores && matches!(number, libc::SIGINT | libc::SIGQUIT)
    }

    /// Sets a trap.
    pub fn set_trap(&mut self, number: i32, action: Action) {
        if number != 0 && self.was_ignored(number) {
            return;
        }
        self.traps.inherited = None;
        let how = match &action {
            Action::Default => self.own_disposition(number),
            Action::Ignore => Disposition::Ignore,
            Action::Run(_) => Disposition::Catch,
        };
        self.traps.store(number, action);
        self.meanings_changed();
        if number != 0 {
            let _ = signal::set(number, how);
        }
    }

    /// How the shell takes a signal that is not trapped (2.12).
    fn own_disposition(&self, number: i32) -> Disposition {
        if self.interactive {
            match number {
                libc::SIGINT => return Disposition::Catch,
                libc::SIGQUIT | libc::SIGTERM => return Disposition::Ignore,
                libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU if self.jobs.control => {
                    return Disposition::Ignore;
                }
                _ => {}
            }
        }
        Disposition::Default
    }

    /// Sets the dispositions of an interactive shell, or takes them back.
    pub fn set_own_dispositions(&mut self) {
        for number in [
            libc::SIGINT,
            libc::SIGQUIT,
            libc::SIGTERM,
            libc::SIGTSTP,
            libc::SIGTTIN,
            libc::SIGTTOU,
        ] {
            if matches!(self.traps.action(number), Action::Default) {
                let _ = signal::set(number, self.own_disposition(number));
            }
        }
    }

    /// Signals as a command that is run gets them (2.12): what was trapped is
    /// back at the default, what was ignored stays so.
    pub fn reset_traps(&mut self) {
        let was_interactive = self.interactive;
        self.meanings_changed();
        self.interactive = false;
        if self.traps.any {
            self.traps.inherited = Some(self.traps.actions.clone());
            for (n, action) in self.traps.actions.iter_mut().enumerate() {
                if let Action::Run(_) = action {
                    *action = Action::Default;
                    if n != 0 {
                        let _ = signal::set(n as i32, Disposition::Default);
                    }
                }
            }
            self.traps.any = self.traps.actions.iter().any(|a| !matches!(a, Action::Default));
        }
        if was_interactive {
            self.set_own_dispositions();
        }
        if self.waits_for_children {
            let _ = signal::set(libc::SIGCHLD, Disposition::Default);
            self.waits_for_children = false;
        }
        while signal::take().is_some() {}
        if let Some(mask) = self.fork_mask.take() {
            let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&mask), None);
        }
    }

    /// Sets the traps again that the last [`Shell::reset_traps`] has taken.
    pub fn regain_traps(&mut self) {
        for (n, action) in self.traps.inherited.take().into_iter().flatten().enumerate() {
            if let (Ok(number), Action::Run(_)) = (i32::try_from(n), &action) {
                self.set_trap(number, action);
            }
        }
    }

    /// fork(2). A signal sent to the child before it has taken back the
    /// dispositions of the shell waits until [`Shell::reset_traps`] has.
    pub fn fork(&mut self) -> Result<Forked, Errno> {
        if !self.interactive && !self.traps.any {
            return process::fork();
        }
        let mut mask = SigSet::empty();
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), Some(&mut mask));
        let forked = process::fork();
        if matches!(forked, Ok(Forked::Child)) {
            self.fork_mask = Some(mask);
        } else {
            let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&mask), None);
        }
        forked
    }

    /// Before a read that a signal is to end: waits for input or for a signal,
    /// which may have come before.
    pub fn await_input(&self, fd: i32) {
        if !self.interactive && !self.traps.any {
            return;
        }
        let mut mask = SigSet::empty();
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), Some(&mut mask));
        if !signal::any() {
            let fds = &mut [PollFd::new(descriptor::borrow(fd), PollFlags::POLLIN)];
            let _ = ppoll(fds, None, Some(mask));
        }
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&mask), None);
    }

    /// Whether an interactive shell has been interrupted.
    pub fn interrupted(&self) -> bool {
        self.interactive
            && signal::has_come(libc::SIGINT)
            && matches!(self.traps.action(libc::SIGINT), Action::Default)
    }

    /// Runs the traps of signals that have come.
    /// Runs the commands of a trap; `exit` there means the status before it.
    pub fn run_traps(&mut self) -> Run {
        if self.capture.is_some() {
            // A subshell has no traps; an interrupt is for it as well.
            return if self.interrupted() { Err(Flow::Interrupt) } else { Ok(()) };
        }
        while let Some(number) = signal::take() {
            match self.traps.action(number) {
                Action::Run(text) => {
                    let status = self.status;
                    let result = self.run_trap(&text);
                    result?;
                    self.status = status;
                }
                Action::Default if number == libc::SIGINT && self.interactive => {
                    self.status = 130;
                    return Err(Flow::Interrupt);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Runs the commands of a trap; `exit` there means the status before it.
    pub fn run_trap(&mut self, text: &[u8]) -> Run {
        let outer = self.trap_status.replace(self.status);
        let result = self.run_text(text.to_vec(), self.vars.line.max(1));
        self.trap_status = outer;
        result.map(drop)
    }

    /// Runs the EXIT trap, once. `exit` in it changes the status.
    pub fn run_exit_trap(&mut self) {
        let Action::Run(text) = self.traps.action(0) else { return };
        self.traps.store(0, Action::Default);
        let status = self.status;
        let result = self.run_trap(&text);
        if !matches!(result, Err(Flow::Exit)) {
            self.status = status;
        }
    }
}
