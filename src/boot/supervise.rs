//! All of PID 1: one loop that waits for its child, a time limit, or somebody
//! at the control socket.
//!
//! At most one child runs at a time: the worker, or after a failure the rescue
//! shell. Whatever they do, PID 1 goes on; it prints nothing itself, because
//! writing to a console can block.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{AccessFlags, Pid, access, pipe2};

use super::control::{Control, Request};
use super::drivers::Modules;
use super::plan::{Facts, Init, Run, SYSROOT, Stage, Step, plan};
use super::report::Log;
use super::rescue::{self, Ending, Policy};
use super::steps::Worker;
use super::wire::{self, Kind};
use super::{Fault, SECOND, api, now, switch};
use crate::applet::Table;
use crate::cmdline::{Cmdline, Emergency};
use crate::dev::read_small;
use crate::job;
use crate::sys::process::{self, Forked, exit_now, fork};

/// Longer command lines than the kernel's largest (s390: 4096) are not read.
const LINE_MAX: usize = 8192;

/// How long a killed child may take to go.
const GRACE: u64 = 2 * SECOND;

/// A shell that ends sooner than this after its start was not used by anybody.
const UNUSED: u64 = 2 * SECOND;

/// So many unused shells in a row, and there is nobody at the console.
const UNUSED_MAX: u32 = 5;

/// What PID 1 is waiting for.
enum Phase {
    /// The worker executes steps.
    Work(Work),
    /// A rescue shell is open.
    Shell { pid: Pid, since: u64, killed: Option<u64> },
    /// Nothing runs; the next shell comes at that time, if at all.
    Idle(Option<u64>),
    /// The machine ends at that time, or when this child has told the failure.
    Ending { pid: Option<Pid>, until: u64, how: Ending },
}

struct Work {
    pid: Pid,
    pipe: OwnedFd,
    bytes: Vec<u8>,
    /// The step it is in, counted from 0.
    at: usize,
    /// Since when.
    since: u64,
    /// When it was killed for taking too long.
    killed: Option<u64>,
    /// It will say nothing more.
    closed: bool,
}

/// What there is news of.
struct News {
    /// A child has ended, or root has sent a signal.
    signal: bool,
    /// The worker has said something.
    worker: bool,
}

/// The boot as PID 1 knows it.
pub struct Supervisor {
    table: &'static Table,
    /// What the kernel gave `/init` behind its name; the real init's as well.
    args: Vec<OsString>,
    pub(super) cmdline: Cmdline<'static>,
    pub(super) steps: Vec<Step<'static>>,
    pub(super) log: Log,
    /// The step that failed, counted from 0.
    pub(super) failed: Option<usize>,
    /// The init that the worker has found to be good.
    init: Option<Vec<u8>>,
    signals: Option<SignalFd>,
    control: Option<Control>,
    /// Descriptors 0-2 are the console.
    console: bool,
    /// `/` is the new root: there is no way back.
    switched: bool,
    /// What was asked for over the control socket while a child runs.
    asked: Option<Request>,
    /// Unused shells in a row.
    unused: u32,
}

/// PID 1 from the kernel's exec on. `args` are those behind the name.
pub fn run(table: &'static Table, args: &[OsString]) -> ! {
    let crashed = args.first().is_some_and(|arg| arg == process::CRASHED);
    let args = args.get(usize::from(crashed)..).unwrap_or_default().to_vec();
    let mut init = Supervisor {
        table,
        args,
        cmdline: Cmdline::default(),
        steps: Vec::new(),
        log: Log::default(),
        failed: None,
        init: None,
        signals: None,
        control: None,
        console: true,
        switched: false,
        asked: None,
        unused: 0,
    };
    process::restart_on_crash();
    let phase = if crashed {
        // Should this not help either, do not burn the processor.
        std::thread::sleep(std::time::Duration::from_secs(1));
        init.after_crash()
    } else {
        init.begin()
    };
    init.supervise(phase)
}

impl Supervisor {
    /// What a failed boot is followed by.
    pub(super) fn policy(&self) -> Policy {
        rescue::policy(&self.cmdline)
    }

    /// Everything from the start.
    fn begin(&mut self) -> Phase {
        self.log = Log::default();
        self.failed = None;
        let start = now();
        match self.prepare() {
            Ok(()) => {
                self.log.begin(self.steps.len(), start);
                self.log.done(0, now());
                self.start_worker(1, false)
            }
            Err(fault) => {
                if self.steps.is_empty() {
                    self.steps.push(Step::Api { tmp: true, cgroup: false });
                }
                self.log.begin(self.steps.len(), start);
                self.fail(0, fault)
            }
        }
    }

    /// The first step, which PID 1 does itself as none of it can block: mounts,
    /// the console, the plan.
    fn prepare(&mut self) -> Result<(), Fault> {
        let proc = api::mount_proc();
        if self.cmdline.line.is_empty() {
            let line = read_small("/proc/cmdline", LINE_MAX).unwrap_or_default();
            self.cmdline = Cmdline::parse(Vec::leak(line));
        }
        let facts = Facts { job: access(job::SPEC_PATH, AccessFlags::F_OK).is_ok() };
        self.steps = plan(&self.cmdline, facts);
        if let Some(&Step::Api { tmp, cgroup }) = self.steps.first() {
            api::mount_rest(tmp, cgroup)?;
        }
        proc?;
        // Only now, with /dev there, can a console be had; and nothing that
        // stays open may take the place of descriptors 0-2.
        self.console = api::console_is_open() || api::open_console();
        if self.signals.is_none() {
            self.signals = Some(signals().map_err(|e| Fault::os("signalfd", e))?);
        }
        Ok(())
    }

    /// PID 1 has run into a bug of its own and was started anew.
    fn after_crash(&mut self) -> Phase {
        let _ = self.prepare();
        self.log.begin(self.steps.len(), now());
        let text = "PID 1 ran into a bug of its own (its message is above)";
        self.fail(0, Fault::new(text))
    }

    // -- the worker

    /// Forks a worker for the steps from `first` on; `again` when it is not
    /// the first try.
    fn start_worker(&mut self, first: usize, again: bool) -> Phase {
        self.failed = None;
        self.asked = None;
        self.log.restart(first, now());
        if self.steps.get(first).is_none_or(Step::by_init) {
            return self.finish(first);
        }
        let (pipe, theirs) = match pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK) {
            Ok(ends) => ends,
            Err(errno) => return self.fail(first, Fault::os("pipe", errno)),
        };
        match fork() {
            Err(errno) => self.fail(first, Fault::os("fork", errno)),
            Ok(Forked::Child) => {
                drop(pipe);
                process::crash_by_default();
                let faults = self.log.notes().map(String::from).collect();
                let modules = Modules::new(self.cmdline.line, faults);
                let mut worker = Worker::new(theirs, modules, self.cmdline.debug, again);
                let good = worker.run(&self.steps, first);
                exit_now(u8::from(!good))
            }
            Ok(Forked::Parent(pid)) => Phase::Work(Work {
                pid,
                pipe,
                bytes: Vec::new(),
                at: first,
                since: self.log.started(first),
                killed: None,
                closed: false,
            }),
        }
    }

    /// Reads once from the pipe. Says whether there may be more.
    fn listen(&mut self, work: &mut Work) -> bool {
        let mut buffer = [0; 256];
        match nix::unistd::read(&work.pipe, &mut buffer) {
            Ok(n @ 1..) => work.bytes.extend_from_slice(buffer.get(..n).unwrap_or_default()),
            Err(Errno::EAGAIN | Errno::EINTR) => return false,
            Ok(_) | Err(_) => {
                work.closed = true;
                return false;
            }
        }
        let mut rest = work.bytes.as_slice();
        while let Some((record, behind)) = wire::decode(rest) {
            rest = behind;
            let step = usize::from(record.step);
            match record.kind {
                Kind::Done => {
                    self.log.done(step, record.time);
                    work.at = step + 1;
                    work.since = record.time;
                }
                Kind::Failed => {
                    let text = String::from_utf8_lossy(record.message).into_owned();
                    let errno = (record.errno != 0).then_some(record.errno);
                    self.log.failed(step, record.time, Fault { text, errno });
                    self.failed = Some(step);
                }
                Kind::Note => self.log.note(&String::from_utf8_lossy(record.message)),
                Kind::Init => self.init = Some(record.message.to_vec()),
            }
        }
        let used = work.bytes.len() - rest.len();
        work.bytes.drain(..used);
        true
    }

    /// The worker is gone.
    fn worker_ended(&mut self, mut work: Work, status: WaitStatus) -> Phase {
        while self.listen(&mut work) {}
        if let Some(step) = self.failed {
            return self.respond(step);
        }
        let step = work.at;
        if self.steps.get(step).is_none_or(Step::by_init)
            && matches!(status, WaitStatus::Exited(_, 0))
        {
            return self.finish(step);
        }
        let text = match status {
            _ if work.killed.is_some() => self.too_long(step),
            WaitStatus::Signaled(_, signal, _) => {
                let hint = match signal {
                    Signal::SIGKILL => " (by somebody, or because memory ran out)",
                    Signal::SIGABRT => " (it ran into a bug; its message is above)",
                    _ => "",
                };
                format!("the worker was killed by signal {}{hint}", signal as i32)
            }
            WaitStatus::Exited(_, code) => format!("the worker ended with status {code}"),
            _ => "the worker ended".into(),
        };
        self.fail(step, Fault::new(text))
    }

    fn too_long(&self, step: usize) -> String {
        let limit = self.steps.get(step).and_then(Step::limit).unwrap_or(0);
        format!("it took longer than {limit} s, and was given up")
    }

    /// A worker that has run out of time, or does not even die of SIGKILL.
    fn overdue(&mut self, mut work: Work, time: u64) -> Phase {
        match work.killed {
            None => {
                let _ = kill(work.pid, Signal::SIGKILL);
                work.killed = Some(time);
                Phase::Work(work)
            }
            Some(_) => {
                // It hangs in the kernel. It is reaped whenever it ends.
                let text = format!("{}; it hangs in the kernel", self.too_long(work.at));
                self.fail(work.at, Fault::new(text))
            }
        }
    }

    // -- the end of the boot

    /// Does the last step, `step`, which is PID 1's own.
    fn finish(&mut self, step: usize) -> Phase {
        match self.steps.get(step) {
            Some(Step::Switch(run)) => {
                let run = *run;
                match self.switch(run) {
                    // It does not return when it works.
                    Ok(never) => match never {},
                    Err(fault) => self.fail(step, fault),
                }
            }
            Some(Step::Job) => match switch::read_job() {
                Ok(spec) => super::job::run(&spec),
                Err(fault) => self.fail(step, fault),
            },
            Some(Step::Shell) if self.policy() == Policy::Shell => self.open_shell(),
            Some(Step::Shell) => {
                let text = "no root= is on the kernel command line";
                self.fail(step, Fault::new(text))
            }
            _ => self.fail(step, Fault::new("the plan ends without an end")),
        }
    }

    fn switch(&mut self, run: Run<'static>) -> Result<std::convert::Infallible, Fault> {
        let job = match run {
            Run::Job => Some(switch::read_job()?),
            Run::Init(_) => None,
        };
        self.control = None;
        if !self.console {
            // Its driver may be there by now.
            self.console = api::open_console();
        }
        if !self.switched {
            self.log.write("ok", &self.steps);
            switch::change_root(OsStr::new(SYSROOT))?;
            self.switched = true;
        }
        if let Some(spec) = job {
            self.signals = None;
            super::job::run(&spec);
        }
        let Run::Init(init) = run else { return Err(Fault::new("no job")) };
        let path = match (&self.init, init) {
            (Some(path), _) => path.as_slice(),
            (None, Init::Path(path)) => path,
            (None, Init::Usual) => b"/sbin/init",
        };
        Err(switch::exec(path, &self.args, crate::sys::start::environment()))
    }

    // -- failure

    /// The step has failed.
    fn fail(&mut self, step: usize, fault: Fault) -> Phase {
        self.log.failed(step, now(), fault);
        self.failed = Some(step);
        self.respond(step)
    }

    /// Does what is to be done about a failure.
    fn respond(&mut self, step: usize) -> Phase {
        self.log.write("failed", &self.steps);
        match self.policy() {
            Policy::Shell => self.open_shell(),
            Policy::End(how) => {
                let pid = match fork() {
                    Ok(Forked::Child) => rescue::tell(self, step),
                    Ok(Forked::Parent(pid)) => Some(pid),
                    Err(_) => None,
                };
                Phase::Ending { pid, until: now() + how.telling(), how }
            }
        }
    }

    /// Opens a rescue shell, unless the last ones were not used by anybody.
    fn open_shell(&mut self) -> Phase {
        self.asked = None;
        if self.control.is_none() {
            self.control = Control::open().ok();
        }
        if self.unused >= UNUSED_MAX {
            return Phase::Idle(None);
        }
        match fork() {
            Ok(Forked::Child) => rescue::shell(self, self.table),
            Ok(Forked::Parent(pid)) => Phase::Shell { pid, since: now(), killed: None },
            Err(_) => Phase::Idle(Some(now() + SECOND)),
        }
    }

    /// The shell was left: that asks for another try, as does `boot retry`.
    fn shell_ended(&mut self, since: u64) -> Phase {
        if let Some(request) = self.asked.take() {
            self.unused = 0;
            return self.go_on(request);
        }
        if now().wrapping_sub(since) >= UNUSED {
            self.unused = 0;
            return self.go_on(Request::Retry);
        }
        self.unused += 1;
        let delay = SECOND << self.unused.min(5);
        Phase::Idle(Some(now() + delay))
    }

    /// Goes on with the boot.
    fn go_on(&mut self, request: Request) -> Phase {
        let Some(failed) = self.failed else {
            // Nothing has failed: a rescue system, whose shell is all there is.
            return self.open_shell();
        };
        if failed == 0 {
            return self.begin();
        }
        let first = match request {
            Request::Continue => failed + 1,
            _ if matches!(self.steps.get(failed), Some(Step::Switch(_))) && !self.switched => {
                // What was checked before may not be true any more.
                let early = |s: &Step| s.stage() == Stage::PreSwitch;
                self.steps.iter().position(early).unwrap_or(failed)
            }
            _ => failed,
        };
        let first = first.min(self.steps.len().saturating_sub(1));
        self.start_worker(first, true)
    }

    // -- the loop

    fn supervise(&mut self, mut phase: Phase) -> ! {
        loop {
            let news = self.wait(&phase);
            phase = self.turn(phase, &news);
        }
    }

    /// The time at which something is due.
    fn due(&self, phase: &Phase) -> Option<u64> {
        match phase {
            Phase::Work(Work { killed: Some(at), .. }) => Some(at + GRACE),
            Phase::Work(work) => {
                let limit = self.steps.get(work.at)?.limit()?;
                Some(work.since + u64::from(limit) * SECOND)
            }
            Phase::Shell { killed, .. } => killed.map(|at| at + GRACE),
            Phase::Idle(until) => *until,
            Phase::Ending { until, .. } => Some(*until),
        }
    }

    /// Sleeps until a child changes, the worker or a client says something, or
    /// something is due.
    fn wait(&self, phase: &Phase) -> News {
        let due = [self.due(phase), self.control.as_ref().and_then(Control::due)];
        let timeout = match due.into_iter().flatten().min() {
            None => PollTimeout::NONE,
            Some(at) => {
                // Rounded up, so as not to wake too early and spin.
                let ms = at.saturating_sub(now()).div_ceil(1_000_000).min(60_000);
                PollTimeout::from(u16::try_from(ms).unwrap_or(60_000))
            }
        };
        let Some(signals) = &self.signals else {
            // There is no way to be told of children: look from time to time.
            std::thread::sleep(std::time::Duration::from_millis(10));
            return News { signal: true, worker: false };
        };
        let mut fds = Vec::with_capacity(8);
        fds.push(PollFd::new(signals.as_fd(), PollFlags::POLLIN));
        let listening = match phase {
            Phase::Work(work) if !work.closed => {
                fds.push(PollFd::new(work.pipe.as_fd(), PollFlags::POLLIN));
                true
            }
            _ => false,
        };
        if let Some(control) = &self.control {
            control.add_to(&mut fds);
        }
        let _ = poll(&mut fds, timeout);
        let is_ready = |at: usize| fds.get(at).and_then(PollFd::any) == Some(true);
        News { signal: is_ready(0), worker: listening && is_ready(1) }
    }

    /// What root asked for with a signal, as `reboot`, `poweroff` and `halt`
    /// do; that a child has ended needs no word.
    fn signalled(&mut self) -> Option<Emergency> {
        let mut asked = None;
        while let Some(Ok(Some(info))) = self.signals.as_ref().map(SignalFd::read_signal) {
            match i32::try_from(info.ssi_signo) {
                Ok(libc::SIGTERM) => asked = Some(Emergency::Reboot),
                Ok(libc::SIGUSR1) => asked = Some(Emergency::Halt),
                Ok(libc::SIGUSR2) => asked = Some(Emergency::Poweroff),
                _ => {}
            }
        }
        asked
    }

    /// Deals with all that has happened.
    fn turn(&mut self, mut phase: Phase, news: &News) -> Phase {
        if news.signal
            && let Some(how) = self.signalled()
        {
            // Everybody else may still tidy up; there is nobody to wait for.
            let _ = kill(Pid::from_raw(-1), Signal::SIGTERM);
            let how = Ending { how: Some(how), delay: 0 };
            return Phase::Ending { pid: None, until: now() + SECOND / 2, how };
        }
        if news.worker
            && let Phase::Work(work) = &mut phase
        {
            self.listen(work);
            if !news.signal {
                // Nothing is due so soon after the worker has said something.
                return phase;
            }
        }
        while news.signal
            && let Ok(status) = waitpid(None, Some(WaitPidFlag::WNOHANG))
        {
            let Some(pid) = status.pid() else { break };
            phase = self.child_ended(phase, pid, status);
        }
        if let Some(mut control) = self.control.take() {
            let request = control.serve(self);
            self.control = Some(control);
            if let Some(request) = request {
                phase = self.asked_for(phase, request);
            }
        }
        let time = now();
        match self.due(&phase) {
            Some(at) if time >= at => self.act(phase, time),
            _ => phase,
        }
    }

    fn child_ended(&mut self, phase: Phase, ended: Pid, status: WaitStatus) -> Phase {
        match phase {
            Phase::Work(work) if work.pid == ended => self.worker_ended(work, status),
            Phase::Shell { pid, since, .. } if pid == ended => self.shell_ended(since),
            Phase::Ending { pid: Some(pid), until, how } if pid == ended => {
                let until = until.min(now() + how.delay());
                Phase::Ending { pid: None, until, how }
            }
            // An orphan of somebody else's.
            other => other,
        }
    }

    /// Something is due.
    fn act(&mut self, phase: Phase, time: u64) -> Phase {
        match phase {
            Phase::Work(work) => self.overdue(work, time),
            Phase::Shell { pid, since, .. } => {
                let _ = kill(pid, Signal::SIGKILL);
                Phase::Shell { pid, since, killed: Some(time) }
            }
            Phase::Idle(_) => match self.failed {
                // As if the shell had been left for another try.
                Some(_) if self.unused > 0 && self.unused < UNUSED_MAX => {
                    self.go_on(Request::Retry)
                }
                _ => self.open_shell(),
            },
            Phase::Ending { how, .. } => {
                how.carry_out();
                Phase::Ending { pid: None, until: time + 5 * SECOND, how }
            }
        }
    }

    /// A request from the control socket.
    fn asked_for(&mut self, phase: Phase, request: Request) -> Phase {
        self.unused = 0;
        match phase {
            Phase::Shell { pid, since, killed } => {
                self.asked = Some(request);
                if killed.is_none() {
                    // The whole session, that its programs let go of the
                    // console.
                    let _ = kill(Pid::from_raw(-pid.as_raw()), Signal::SIGHUP);
                    let _ = kill(pid, Signal::SIGHUP);
                    let _ = kill(pid, Signal::SIGCONT);
                }
                Phase::Shell { pid, since, killed: killed.or(Some(now())) }
            }
            Phase::Idle(_) => self.go_on(request),
            other => other,
        }
    }
}

/// A descriptor that tells when a child has ended, and what root asks for.
fn signals() -> Result<SignalFd, Errno> {
    let mut set = SigSet::empty();
    for signal in [Signal::SIGCHLD, Signal::SIGTERM, Signal::SIGUSR1, Signal::SIGUSR2] {
        set.add(signal);
    }
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&set), None)?;
    SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
}
