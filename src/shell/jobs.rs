//! Job control, and waiting for processes. POSIX.1-2024 XCU 2.11.

use std::io::Write as _;
use std::os::fd::RawFd;

use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};
use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpgrp, setpgid, tcgetpgrp, tcsetpgrp};

use crate::applet;
use crate::sys::{self, descriptor, signal};

use super::ast::Excerpt;
use super::{Flow, Run, Shell};

/// How a process of a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Running.
    Running,
    /// Stopped by this signal.
    Stopped(i32),
    /// Ended, with this status; by a signal where one is given.
    Done(u8, Option<i32>),
}

/// Processes started together.
pub struct Job {
    /// Its number, from 1.
    pub id: u32,
    /// Its process group, under job control.
    pub group: Option<i32>,
    /// Its processes, in the order of the pipeline.
    pub processes: Vec<(Pid, State)>,
    /// Its text.
    pub text: Option<Excerpt>,
    /// Its state has changed since it was last shown.
    changed: bool,
    /// Terminal modes when it was stopped.
    modes: Option<Termios>,
}

impl Job {
    /// Its text, as far as it is known.
    pub fn text(&self) -> &[u8] {
        self.text.as_ref().map(Excerpt::text).unwrap_or_default()
    }

    /// The process group under job control, once there is a process.
    pub fn group(&self) -> Option<i32> {
        self.group
    }

    /// The state of the whole.
    pub fn state(&self) -> State {
        let stopped = self.processes.iter().find(|(_, s)| matches!(s, State::Stopped(_)));
        if let Some((_, state)) = stopped {
            return *state;
        }
        if self.processes.iter().any(|(_, s)| *s == State::Running) {
            return State::Running;
        }
        self.processes.last().map_or(State::Done(0, None), |(_, s)| *s)
    }

    fn is_done(&self) -> bool {
        matches!(self.state(), State::Done(..))
    }
}

/// The jobs of a shell.
#[derive(Default)]
pub struct Jobs {
    list: Vec<Job>,
    /// Process of the last asynchronous list.
    last: Option<i32>,
    /// Job control is on: each job has a process group.
    pub control: bool,
    /// The terminal that job control gives away and takes back.
    terminal: Option<RawFd>,
    /// Terminal modes of the shell.
    modes: Option<Termios>,
    /// The list is the parent's.
    inherited: bool,
    /// Job numbers, most recently current last.
    recent: Vec<u32>,
}

impl Jobs {
    /// `$!`
    pub fn last_background(&self) -> Option<i32> {
        self.last
    }

    /// A child of the shell has none of its jobs, but can still list them
    /// (`jobs | grep`, `$(jobs -p)`) until it starts one.
    pub fn forget(&mut self) {
        self.inherited = true;
    }

    /// The jobs in order.
    pub fn list(&self) -> &[Job] {
        &self.list
    }

    /// The current job and the previous one.
    pub fn current(&self) -> (Option<u32>, Option<u32>) {
        let mut newest = self.recent.iter().rev().copied();
        (newest.next(), newest.next())
    }

    fn touch(&mut self, id: u32) {
        self.recent.retain(|i| *i != id);
        self.recent.push(id);
    }

    fn remove(&mut self, id: u32) {
        self.list.retain(|job| job.id != id);
        self.recent.retain(|i| *i != id);
    }

    fn job(&mut self, id: u32) -> Option<&mut Job> {
        self.list.iter_mut().find(|job| job.id == id)
    }

    /// The job of a process.
    pub fn of_process(&self, pid: i32) -> Option<&Job> {
        self.list.iter().find(|job| job.processes.iter().any(|(p, _)| p.as_raw() == pid))
    }

    /// The job that `%...` names. An error says why there is none.
    pub fn find(&self, spec: &[u8]) -> Result<&Job, &'static str> {
        let body = spec.strip_prefix(b"%").unwrap_or(spec);
        let (current, previous) = self.current();
        let by_id =
            |id: Option<u32>| self.list.iter().find(|job| Some(job.id) == id).ok_or("no such job");
        match body {
            b"" | b"%" | b"+" => return by_id(current).map_err(|_| "no current job"),
            b"-" => return by_id(previous.or(current)).map_err(|_| "no previous job"),
            _ => {}
        }
        if body.iter().all(u8::is_ascii_digit) {
            let id = std::str::from_utf8(body).ok().and_then(|t| t.parse().ok());
            return by_id(id);
        }
        let fits = |job: &&Job| match body.strip_prefix(b"?") {
            Some(part) => job.text().windows(part.len().max(1)).any(|w| w == part),
            None => job.text().starts_with(body),
        };
        let mut found = self.list.iter().filter(fits);
        match (found.next(), found.next()) {
            (Some(job), None) => Ok(job),
            (Some(_), Some(_)) => Err("ambiguous job"),
            _ => Err("no such job"),
        }
    }
}

fn state_of(status: WaitStatus) -> Option<(Pid, State)> {
    Some(match status {
        WaitStatus::Exited(pid, code) => (pid, State::Done((code & 0xff) as u8, None)),
        WaitStatus::Signaled(pid, signal, _) => {
            let number = signal as i32;
            (pid, State::Done(applet::Status::of_signal(number).0, Some(number)))
        }
        WaitStatus::Stopped(pid, signal) => (pid, State::Stopped(signal as i32)),
        WaitStatus::Continued(pid) => (pid, State::Running),
        _ => return None,
    })
}

impl Shell {
    /// A job without processes.
    pub fn new_job(&mut self) -> Job {
        Job { id: 0, group: None, processes: Vec::new(), text: None, changed: false, modes: None }
    }

    /// In a new child: joins the process group of its job. `group` is None for
    /// the first of a job.
    pub fn join_group(&mut self, group: Option<i32>, foreground: bool) {
        if !self.jobs.control {
            return;
        }
        let group = Pid::from_raw(group.unwrap_or(0));
        let _ = setpgid(Pid::from_raw(0), group);
        if foreground && let Some(terminal) = self.jobs.terminal {
            // SIGTTOU is still ignored here.
            let _ = tcsetpgrp(descriptor::borrow(terminal), getpgrp());
        }
        self.jobs.control = false;
    }

    /// In the parent: notes a child as part of a job.
    pub fn join_job(&mut self, job: &mut Job, pid: Pid, foreground: bool) {
        job.processes.push((pid, State::Running));
        if !self.jobs.control {
            return;
        }
        let group = *job.group.get_or_insert(pid.as_raw());
        // Both sides do this, whoever comes first.
        let _ = setpgid(pid, Pid::from_raw(group));
        if foreground && let Some(terminal) = self.jobs.terminal {
            let _ = tcsetpgrp(descriptor::borrow(terminal), Pid::from_raw(group));
        }
    }

    /// Notes an asynchronous list.
    pub fn add_background(&mut self, mut job: Job, pid: Pid, text: Option<Excerpt>) {
        self.jobs.last = Some(pid.as_raw());
        job.text = text;
        let id = self.add_job(job);
        if self.interactive && self.jobs.control {
            let mut line = Vec::new();
            let _ = writeln!(line, "[{id}] {pid}");
            let _ = applet::write_all(sys::fd::stderr(), &line);
        }
    }

    fn add_job(&mut self, mut job: Job) -> u32 {
        if std::mem::take(&mut self.jobs.inherited) {
            self.jobs.list.clear();
            self.jobs.recent.clear();
        }
        // Scripts start jobs for ever and never ask: finished ones whose
        // status nobody can want are dropped.
        if !self.interactive && self.jobs.list.len() > 512 {
            self.collect();
            let last = self.jobs.last;
            let surplus = self.jobs.list.len().saturating_sub(256);
            let old: Vec<u32> = self
                .jobs
                .list
                .iter()
                .filter(|j| j.is_done() && j.processes.last().map(|p| p.0.as_raw()) != last)
                .take(surplus)
                .map(|j| j.id)
                .collect();
            for id in old {
                self.jobs.remove(id);
            }
        }
        let id = self.jobs.list.iter().map(|j| j.id).max().unwrap_or(0) + 1;
        job.id = id;
        self.jobs.list.push(job);
        self.jobs.touch(id);
        id
    }

    /// Waits for one child that is no job; its status.
    pub fn wait_for_pid(&mut self, pid: Pid) -> u8 {
        loop {
            match waitpid(pid, None) {
                Ok(status) => {
                    if let Some((_, State::Done(code, _))) = state_of(status) {
                        return code;
                    }
                }
                Err(Errno::EINTR) => {}
                Err(_) => return 127,
            }
        }
    }

    /// Waits for a job in the foreground: the statuses of its processes. One
    /// that is stopped becomes a job in the background.
    pub fn wait_foreground(&mut self, mut job: Job) -> Result<Vec<u8>, Flow> {
        let flags = if self.jobs.control { WaitPidFlag::WUNTRACED } else { WaitPidFlag::empty() };
        let mut stopped = None;
        let mut killer = None;
        for (pid, state) in &mut job.processes {
            while *state == State::Running {
                match waitpid(*pid, Some(flags)) {
                    Ok(status) => {
                        if let Some((_, new)) = state_of(status) {
                            *state = new;
                        }
                    }
                    Err(Errno::EINTR) => {}
                    Err(_) => *state = State::Done(127, None),
                }
            }
            match state {
                State::Stopped(signal) => stopped = Some(*signal),
                State::Done(_, Some(signal)) => killer = Some(*signal),
                _ => {}
            }
        }
        if self.jobs.control {
            if stopped.is_some() {
                job.modes = self.jobs.terminal.and_then(|t| tcgetattr(descriptor::borrow(t)).ok());
            }
            self.take_terminal(stopped.is_some() || killer.is_some());
        }
        if let Some(signal) = stopped {
            job.text = self.job_text.clone();
            let id = self.add_job(job);
            if let Some(line) = self.job_line(id, false) {
                let line = [b"\n".as_slice(), &line].concat();
                let _ = applet::write_all(sys::fd::stderr(), &line);
            }
            if let Some(job) = self.jobs.job(id) {
                job.changed = false;
            }
            return Ok(vec![applet::Status::of_signal(signal).0]);
        }
        self.report_death(&job, killer)?;
        let status = |(_, state): &(Pid, State)| match state {
            State::Done(code, _) => *code,
            _ => 0,
        };
        Ok(job.processes.iter().map(status).collect())
    }

    /// Says what killed a command, as far as a person wants to know.
    fn report_death(&mut self, job: &Job, killer: Option<i32>) -> Run {
        let Some(killer) = killer else { return Ok(()) };
        let last = matches!(job.processes.last(), Some((_, State::Done(_, Some(_)))));
        if killer == libc::SIGINT {
            if self.interactive {
                let _ = applet::write_all(sys::fd::stderr(), b"\n");
                if matches!(self.traps.action(killer), super::trap::Action::Default) && last {
                    // The interrupt was meant for the whole line.
                    self.status = 130;
                    while signal::take().is_some() {}
                    return Err(Flow::Interrupt);
                }
            }
            return Ok(());
        }
        if killer != libc::SIGPIPE && last {
            let text = format!("{}\n", signal::description(killer));
            let _ = applet::write_all(sys::fd::stderr(), text.as_bytes());
        }
        Ok(())
    }

    /// The terminal belongs to the shell again; after a job that did not end
    /// by itself, with the shell's modes.
    fn take_terminal(&mut self, restore_modes: bool) {
        let Some(terminal) = self.jobs.terminal else { return };
        let fd = descriptor::borrow(terminal);
        let _ = tcsetpgrp(fd, getpgrp());
        if restore_modes {
            if let Some(modes) = &self.jobs.modes {
                let _ = tcsetattr(fd, SetArg::TCSADRAIN, modes);
            }
        } else {
            // Modes that a command like stty has set are wanted.
            self.jobs.modes = tcgetattr(fd).ok();
        }
    }

    /// Looks, without waiting, which children have changed.
    pub fn collect(&mut self) {
        let flags = WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED | WaitPidFlag::WCONTINUED;
        loop {
            match waitpid(None, Some(flags)) {
                Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return,
                Ok(status) => self.note(status),
                Err(Errno::EINTR) => {}
                Err(_) => return,
            }
        }
    }

    fn note(&mut self, status: WaitStatus) {
        let Some((pid, state)) = state_of(status) else { return };
        for job in &mut self.jobs.list {
            for (p, s) in &mut job.processes {
                if *p == pid {
                    *s = state;
                    job.changed = true;
                }
            }
        }
    }

    /// Waits until `done` has an answer, a trapped signal comes, or there are
    /// no children. None then.
    pub fn wait_until(&mut self, done: &mut dyn FnMut(&Shell) -> Option<u8>) -> Option<u8> {
        if !self.waits_for_children {
            // Without a handler SIGCHLD would not end sigsuspend.
            let _ = signal::set(libc::SIGCHLD, signal::Disposition::Catch);
            self.waits_for_children = true;
        }
        let mut old = SigSet::empty();
        let all = SigSet::all();
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&all), Some(&mut old));
        let result = loop {
            let flags = WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED | WaitPidFlag::WCONTINUED;
            let mut childless = false;
            loop {
                match waitpid(None, Some(flags)) {
                    Ok(WaitStatus::StillAlive) => break,
                    Ok(status) => self.note(status),
                    Err(Errno::EINTR) => {}
                    Err(_) => {
                        childless = true;
                        break;
                    }
                }
            }
            if let Some(status) = done(self) {
                break Some(status);
            }
            if childless || self.trap_waits() {
                break None;
            }
            let _ = old.suspend();
        };
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&old), None);
        result
    }

    /// Whether a signal has come that a trap, or the prompt, waits for.
    pub fn trap_waits(&self) -> bool {
        self.interrupted()
            || (1..signal::COUNT as i32).any(|n| {
                signal::has_come(n) && matches!(self.traps.action(n), super::trap::Action::Run(_))
            })
    }

    /// The signal that [`Shell::trap_waits`] speaks of.
    pub fn waiting_signal(&self) -> Option<i32> {
        (1..signal::COUNT as i32).find(|n| {
            signal::has_come(*n)
                && (matches!(self.traps.action(*n), super::trap::Action::Run(_))
                    || *n == libc::SIGINT)
        })
    }

    /// A job as `jobs` shows it; with the number of its first process when
    /// `long`.
    pub fn job_line(&self, id: u32, long: bool) -> Option<Vec<u8>> {
        let job = self.jobs.list.iter().find(|j| j.id == id)?;
        let (current, previous) = self.jobs.current();
        let mark = if current == Some(id) {
            '+'
        } else if previous == Some(id) {
            '-'
        } else {
            ' '
        };
        let state = match job.state() {
            State::Running => "Running".to_string(),
            State::Stopped(libc::SIGTSTP) => "Stopped".to_string(),
            State::Stopped(number) => {
                format!("Stopped (SIG{})", signal::name(number).unwrap_or("STOP"))
            }
            State::Done(0, None) => "Done".to_string(),
            State::Done(code, None) => format!("Done({code})"),
            State::Done(_, Some(number)) => signal::description(number).to_string(),
        };
        let mut line = Vec::new();
        let _ = write!(line, "[{id}] {mark} ");
        if long {
            let leader = job.group.or(job.processes.first().map(|(p, _)| p.as_raw()));
            let _ = write!(line, "{} ", leader.unwrap_or(0));
        }
        let _ = write!(line, "{state:<20} ");
        line.extend_from_slice(job.text());
        line.push(b'\n');
        Some(line)
    }

    /// Shows and forgets what has ended since the last prompt (2.11).
    pub fn notify(&mut self) {
        self.collect();
        let changed: Vec<(u32, bool)> =
            self.jobs.list.iter().filter(|j| j.changed).map(|j| (j.id, j.is_done())).collect();
        for (id, done) in changed {
            if self.interactive
                && let Some(line) = self.job_line(id, false)
            {
                let _ = applet::write_all(sys::fd::stderr(), &line);
            }
            if let Some(job) = self.jobs.job(id) {
                job.changed = false;
            }
            if done {
                self.jobs.remove(id);
            }
        }
    }

    /// Forgets a job whose end has been seen.
    pub fn forget_job(&mut self, id: u32) {
        self.jobs.remove(id);
    }

    /// Continues a job, in the foreground or the background.
    pub fn resume(&mut self, id: u32, foreground: bool) -> Result<u8, Flow> {
        self.jobs.touch(id);
        let terminal = self.jobs.terminal;
        let Some(job) = self.jobs.job(id) else { return Ok(1) };
        for (_, state) in &mut job.processes {
            if matches!(state, State::Stopped(_)) {
                *state = State::Running;
            }
        }
        job.changed = false;
        let group = job.group.or(job.processes.first().map(|(p, _)| p.as_raw())).unwrap_or(0);
        let modes = job.modes.take();
        if foreground && let Some(terminal) = terminal {
            let fd = descriptor::borrow(terminal);
            let _ = tcsetpgrp(fd, Pid::from_raw(group));
            if let Some(modes) = modes {
                let _ = tcsetattr(fd, SetArg::TCSADRAIN, &modes);
            }
        }
        if foreground {
            // Said only now that the job has the terminal: a key pressed at
            // the sight of it is the job's.
            let mut line = job.text().to_vec();
            line.push(b'\n');
            self.put(&line);
            self.flush();
        }
        if signal::send(-group, libc::SIGCONT).is_err() && foreground {
            self.take_terminal(false);
        }
        if !foreground {
            return Ok(0);
        }
        let Some(at) = self.jobs.list.iter().position(|j| j.id == id) else { return Ok(1) };
        let job = self.jobs.list.remove(at);
        self.jobs.recent.retain(|i| *i != id);
        self.job_text = job.text.clone();
        let statuses = self.wait_foreground(job)?;
        Ok(statuses.last().copied().unwrap_or(0))
    }

    /// Turns job control on, which takes the terminal, or off.
    pub fn set_job_control(&mut self, on: bool) {
        if on == self.jobs.control {
            return;
        }
        if !on {
            self.jobs.control = false;
            self.set_own_dispositions();
            return;
        }
        if self.jobs.terminal.is_none() {
            let opened = descriptor::open(c"/dev/tty", libc::O_RDWR, 0)
                .ok()
                .or_else(|| (0..3).find(|fd| descriptor::is_terminal(*fd)));
            // Above what scripts name.
            self.jobs.terminal = opened.and_then(|fd| {
                let copy =
                    descriptor::copy_above(fd, 256).or_else(|_| descriptor::copy_above(fd, 10));
                if fd > 2 {
                    descriptor::close(fd);
                }
                copy.ok()
            });
        }
        if let Some(terminal) = self.jobs.terminal {
            let fd = descriptor::borrow(terminal);
            // Started in the background: wait until it is our turn.
            for _ in 0..100 {
                match tcgetpgrp(fd) {
                    Ok(group) if group == getpgrp() => break,
                    Ok(group) if group.as_raw() > 0 && self.interactive => {
                        let _ = signal::set(libc::SIGTTIN, signal::Disposition::Default);
                        let _ = signal::send(0, libc::SIGTTIN);
                    }
                    _ => {
                        self.jobs.terminal = None;
                        break;
                    }
                }
            }
        }
        if self.jobs.terminal.is_none() && self.interactive {
            self.complain("no job control: there is no controlling terminal");
            self.options.set(super::options::MONITOR, false);
            return;
        }
        self.jobs.control = true;
        self.set_own_dispositions();
        if let Some(terminal) = self.jobs.terminal {
            let fd = descriptor::borrow(terminal);
            // A session leader cannot and need not have a group of its own.
            let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
            let _ = tcsetpgrp(fd, getpgrp());
            self.jobs.modes = tcgetattr(fd).ok();
        }
    }
}
