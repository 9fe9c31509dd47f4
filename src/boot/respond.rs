//! What PID 1 does when the boot has stopped: it has the failure explained,
//! keeps a rescue shell open on every console that may have one, and goes on
//! when somebody says so.

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::WaitStatus;
use nix::unistd::{Pid, unlink};

use super::consoles::{Console, consoles};
use super::control::{Control, Request};
use super::explain;
use super::plan::{Stage, Step};
use super::policy::{Access, Line, Reason, Rules, rules};
use super::remote;
use super::rescue::{self, Opening};
use super::supervise::{GRACE, Phase, Supervisor};
use super::{Fault, SECOND, machine, now};
use crate::sys::process::{Forked, fork};

/// How long looking around may take: a disk that does not answer must not
/// keep the shell away.
const LOOKING: u64 = 5 * SECOND;

/// A shell that is left sooner than this after its start is not followed by
/// another try at once, or a console that ends all input would make the
/// machine try for ever.
const UNUSED: u64 = 2 * SECOND;

/// So many such shells in a row, and there is nobody.
const UNUSED_MAX: u32 = 5;

/// How long to wait whether somebody at another console has stopped the
/// countdown at the last moment.
const LAST_MOMENT: u64 = SECOND;

/// The rescue shells.
pub(super) struct Help {
    sessions: Vec<Session>,
    /// What everybody is being sent home for.
    asked: Option<Request>,
    /// What will be asked for at that time: a shell was left too soon.
    later: Option<u64>,
    /// Why the shells are there.
    reason: Reason,
    rules: Rules,
}

/// A console and its shell.
struct Session {
    console: Console,
    access: Access,
    state: State,
    /// Shells in a row that nobody can have used.
    unused: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// It is open, since then; killed at that time.
    Open { pid: Pid, since: u64, killed: Option<u64> },
    /// It will be opened (again) at that time.
    Later(u64),
    /// Its countdown has run out, at that time.
    TimedOut(u64),
    /// It is given up.
    Gone,
}

impl Help {
    /// When something is due.
    pub(super) fn due(&self) -> Option<u64> {
        let of = |state: State| match state {
            State::Open { killed, .. } => killed.map(|at| at + GRACE),
            State::Later(at) => self.asked.is_none().then_some(at),
            State::TimedOut(at) => self.asked.is_none().then_some(at + LAST_MOMENT),
            State::Gone => None,
        };
        self.sessions.iter().filter_map(|s| of(s.state)).chain(self.later).min()
    }

    fn is_any_open(&self) -> bool {
        self.sessions.iter().any(|s| matches!(s.state, State::Open { .. }))
    }
}

impl Supervisor {
    /// The rules of this boot as they are now.
    pub(super) fn rules(&self) -> Rules {
        rules(&self.cmdline, &self.settings, machine::facts())
    }

    /// Where the boot stands, in a line.
    pub(super) fn standing(&self, stopped: bool) -> String {
        let at = if stopped { self.stopped } else { self.log.current() };
        let word = match (stopped, self.failed) {
            (_, Some(_)) => "failed at",
            (true, None) => "stopped at",
            (false, None) => "in",
        };
        let step = self.steps.get(at).map(Step::to_string).unwrap_or_default();
        format!("{word} step {} of {}: {step}\n", at + 1, self.steps.len())
    }

    /// The step has failed.
    pub(super) fn fail(&mut self, step: usize, fault: Fault) -> Phase {
        self.log.failed(step, now(), fault);
        self.failed = Some(step);
        self.respond(step)
    }

    /// Does what is to be done about a failure.
    pub(super) fn respond(&mut self, step: usize) -> Phase {
        self.stopped = step;
        self.log.write("failed", &self.steps);
        let rules = self.rules();
        let allowed = |line| rules.access(Reason::Failed, line) != Access::Denied;
        let consoles = consoles(&self.cmdline);
        let help = consoles.iter().any(|console| allowed(console.line));
        let ending = (!help).then_some(rules.ending);
        let pid = match fork() {
            Ok(Forked::Child) => rescue::explain(self, step, &consoles, &rules, !help),
            Ok(Forked::Parent(pid)) => Some(pid),
            Err(_) => None,
        };
        match (ending, pid) {
            (Some(how), pid) => Phase::Ending { pid, until: now() + how.telling(), how },
            (None, Some(pid)) => Phase::Explain { pid, until: now() + LOOKING },
            (None, None) => self.give_help(Reason::Failed),
        }
    }

    /// No root is named: this is a rescue system, where a shell may be had.
    pub(super) fn rescue_system(&mut self, step: usize) -> Phase {
        self.stopped = step;
        let rules = self.rules();
        let open = |line| rules.access(Reason::Failed, line) != Access::Denied;
        if open(Line::Screen) || open(Line::Wire) {
            return self.give_help(Reason::Failed);
        }
        self.fail(step, Fault::new("no root= is on the kernel command line"))
    }

    /// `rd.break=`: a shell, where one may be had; otherwise the boot goes on.
    pub(super) fn take_a_break(&mut self, step: usize) -> Phase {
        self.stopped = step;
        let rules = self.rules();
        let may = |c: &Console| rules.access(Reason::Asked, c.line) != Access::Denied;
        if consoles(&self.cmdline).iter().any(may) {
            return self.give_help(Reason::Asked);
        }
        self.log.note("rd.break: no shell is allowed here, the boot went on", false);
        self.log.done(step, now());
        self.start_worker(step + 1, true)
    }

    /// Opens a shell on each console that may have one.
    pub(super) fn give_help(&mut self, reason: Reason) -> Phase {
        if self.control.is_none() {
            self.control = Control::open().ok();
        }
        let rules = self.rules();
        let mut help = Help { sessions: Vec::new(), asked: None, later: None, reason, rules };
        for console in consoles(&self.cmdline) {
            let access = rules.access(reason, console.line);
            if access != Access::Denied {
                help.sessions.push(Session { console, access, state: State::Gone, unused: 0 });
            }
        }
        if rules.access(reason, Line::Wire) != Access::Denied {
            remote::start(self);
        }
        if self.unused < UNUSED_MAX {
            for at in 0..help.sessions.len() {
                self.open(&mut help, at, rules.timeout);
            }
        }
        Phase::Help(help)
    }

    /// Opens the shell of a session.
    fn open(&mut self, help: &mut Help, at: usize, countdown: Option<u32>) {
        let Some(session) = help.sessions.get(at) else { return };
        let opening = Opening {
            console: &session.console,
            access: session.access,
            reason: help.reason,
            countdown: countdown.map(|seconds| (seconds, help.rules.ending)),
        };
        let state = match fork() {
            Ok(Forked::Child) => rescue::shell(self, &opening),
            Ok(Forked::Parent(pid)) => State::Open { pid, since: now(), killed: None },
            Err(_) => State::Later(now() + SECOND),
        };
        if let Some(session) = help.sessions.get_mut(at) {
            session.state = state;
        }
    }

    /// A child has ended while shells are open.
    pub(super) fn helper_ended(&mut self, mut help: Help, ended: Pid, status: WaitStatus) -> Phase {
        remote::ended(ended);
        let is = |s: &Session| matches!(s.state, State::Open { pid, .. } if pid == ended);
        let Some(session) = help.sessions.iter_mut().find(|s| is(s)) else {
            return Phase::Help(help);
        };
        let time = now();
        let since = match session.state {
            State::Open { since, .. } => since,
            _ => time,
        };
        let quick = time.wrapping_sub(since) < UNUSED;
        session.state = match status {
            _ if help.asked.is_some() => State::Gone,
            WaitStatus::Exited(_, rescue::TIMED_OUT) => State::TimedOut(time),
            // Left, by whoever sat there: another try is asked for.
            WaitStatus::Exited(_, rescue::LEFT) if !quick => {
                session.state = State::Gone;
                self.unused = 0;
                return self.leave(help, Request::Retry);
            }
            WaitStatus::Exited(_, rescue::LEFT) => {
                self.unused += 1;
                help.later = Some(time + (SECOND << self.unused.min(5)));
                State::Gone
            }
            WaitStatus::Exited(_, rescue::REFUSED) => {
                session.unused = session.unused.saturating_add(1);
                State::Later(time + (SECOND << session.unused.min(6)))
            }
            // Nobody is at the other end, or the shell was killed.
            _ => {
                session.unused = if quick { session.unused + 1 } else { 0 };
                match session.unused {
                    UNUSED_MAX.. => State::Gone,
                    unused => State::Later(time + (SECOND << unused.min(5))),
                }
            }
        };
        if help.asked.is_some() && !help.is_any_open() {
            return self.go_on(help);
        }
        Phase::Help(help)
    }

    /// Something is due among the shells.
    pub(super) fn look_after(&mut self, mut help: Help, time: u64) -> Phase {
        if help.later.is_some_and(|at| time >= at) {
            help.later = None;
            return self.leave(help, Request::Retry);
        }
        let mut over = true;
        for at in 0..help.sessions.len() {
            let Some(session) = help.sessions.get_mut(at) else { continue };
            match session.state {
                State::Open { pid, since, killed: Some(when) } if time >= when + GRACE => {
                    let _ = kill(pid, Signal::SIGKILL);
                    session.state = State::Open { pid, since, killed: Some(time) };
                }
                State::Later(when) if time >= when && help.asked.is_none() => {
                    self.open(&mut help, at, None);
                }
                _ => {}
            }
            let state = help.sessions.get(at).map(|s| s.state);
            over &= matches!(state, Some(State::TimedOut(_) | State::Gone));
        }
        let out = |s: &Session| matches!(s.state, State::TimedOut(at) if time >= at + LAST_MOMENT);
        if help.asked.is_none() && help.sessions.iter().any(out) {
            if over {
                let how = help.rules.ending;
                return Phase::Ending { pid: None, until: time, how };
            }
            // Somebody is there, elsewhere: the others get their shells, too.
            for at in 0..help.sessions.len() {
                if help.sessions.get(at).is_some_and(out) {
                    self.open(&mut help, at, None);
                }
            }
        }
        Phase::Help(help)
    }

    /// Somebody wants the boot to go on: everybody else is sent home first.
    pub(super) fn leave(&mut self, mut help: Help, request: Request) -> Phase {
        help.asked = Some(request);
        help.later = None;
        let time = now();
        for session in &mut help.sessions {
            match &mut session.state {
                State::Open { pid, killed, .. } => {
                    if killed.is_none() {
                        *killed = Some(time);
                        // The whole session, that its programs let go of the
                        // console.
                        let _ = kill(Pid::from_raw(-pid.as_raw()), Signal::SIGHUP);
                        let _ = kill(*pid, Signal::SIGHUP);
                        let _ = kill(*pid, Signal::SIGCONT);
                    }
                }
                state => *state = State::Gone,
            }
        }
        if help.is_any_open() { Phase::Help(help) } else { self.go_on(help) }
    }

    /// Goes on with the boot.
    fn go_on(&mut self, help: Help) -> Phase {
        let _ = unlink(explain::PATH);
        let last = self.steps.len().saturating_sub(1);
        if self.switched {
            // Only the exec is left to be tried.
            return self.start_worker(last, true);
        }
        let stopped = self.stopped;
        if self.failed == Some(0) {
            return self.begin();
        }
        let passed = matches!(self.steps.get(stopped), Some(Step::Break(_)));
        let behind = help.asked == Some(Request::Continue) || (passed && self.failed.is_none());
        let first = match self.changed {
            _ if help.asked == Some(Request::Continue) => stopped + 1,
            Some(changed) if changed <= stopped => changed.max(1),
            _ if behind => stopped + 1,
            _ if matches!(self.steps.get(stopped), Some(Step::Switch(_))) => {
                // What was checked before may not be true any more.
                let early = |s: &Step| s.stage() == Stage::PreSwitch && !s.by_init();
                self.steps.iter().position(early).unwrap_or(stopped)
            }
            _ => stopped,
        };
        if passed && first > stopped {
            self.log.done(stopped, now());
        }
        self.start_worker(first.min(last), true)
    }
}
