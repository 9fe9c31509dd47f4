//! All of PID 1: one loop that waits for its child, a time limit, or somebody
//! at the control socket.
//!
//! The worker is the only child of a boot that goes well; after a failure there
//! are the one that explains it and the rescue shells, one a console
//! ([`super::respond`]). Whatever they do, PID 1 goes on; it prints nothing
//! itself, because writing to a console can block.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{AccessFlags, Pid, access, pipe2};

use super::control::{Control, Request};
use super::drivers::Modules;
use super::explain::Fate;
use super::plan::{Facts, Init, Run, SYSROOT, Step, plan};
use super::policy::{Ending, Reason};
use super::report::Log;
use super::rescue;
use super::respond::Help;
use super::steps::Worker;
use super::wire::{self, Kind};
use super::{Fault, SECOND, api, machine, now, switch};
use crate::applet::Table;
use crate::cmdline::{Cmdline, Emergency, Profile, reworded};
use crate::dev::read_small;
use crate::job;
use crate::settings::Settings;
use crate::sys::process::{self, Forked, exit_now, fork};

/// Longer command lines than the kernel's largest (s390: 4096) are not read.
const LINE_MAX: usize = 8192;

/// How long a killed child may take to go.
pub(super) const GRACE: u64 = 2 * SECOND;

/// How long PID 1 sleeps when it cannot wait for anything.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(10);

/// PID 1 looks at its children so often even when nothing says that one has
/// ended, in milliseconds: a signal mask that is not what it should be keeps
/// the word of it away.
const LOOK: u64 = 1000;

/// The same once the worker has closed its pipe, and so has ended or will.
const LOOK_CLOSED: u64 = 20;

/// How often the command line is read before it counts as unreadable.
const TRIES: u32 = 3;

/// Each `boot set` keeps its command line for good; so many are enough.
const LINES_MAX: u32 = 64;

/// What PID 1 is waiting for.
pub(super) enum Phase {
    /// The worker executes steps.
    Work(Work),
    /// A child looks around and writes down why the boot failed.
    Explain { pid: Pid, until: u64 },
    /// Rescue shells are open, or will be.
    Help(Help),
    /// The machine ends at that time, or when this child has told the failure.
    Ending { pid: Option<Pid>, until: u64, how: Ending },
}

/// A run of the worker.
pub(super) struct Work {
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
    pub(super) table: &'static Table,
    /// What the kernel gave `/init` behind its name; the real init's as well.
    args: Vec<OsString>,
    pub(super) cmdline: Cmdline<'static>,
    pub(super) steps: Vec<Step<'static>>,
    pub(super) log: Log,
    /// What the image says about who may do what.
    pub(super) settings: Settings,
    /// The step that failed, counted from 0.
    pub(super) failed: Option<usize>,
    /// How it ended.
    pub(super) fate: Fate,
    /// The step that everything waits at: the one that failed, or one that
    /// gives a shell.
    pub(super) stopped: usize,
    /// The first step that `boot set` has changed.
    pub(super) changed: Option<usize>,
    /// How often that was.
    lines: u32,
    /// The init that the worker has found to be good.
    init: Option<Vec<u8>>,
    signals: Option<SignalFd>,
    pub(super) control: Option<Control>,
    /// Descriptors 0-2 are the console.
    console: bool,
    /// `/` is the new root: there is no way back.
    pub(super) switched: bool,
    /// A child may have ended without a word of it.
    look_again: bool,
    /// Shells in a row that were left at once.
    pub(super) unused: u32,
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
        settings: Settings::default(),
        failed: None,
        fate: Fate::Told,
        stopped: 0,
        changed: None,
        lines: 0,
        init: None,
        signals: None,
        control: None,
        console: true,
        switched: false,
        look_again: false,
        unused: 0,
    };
    process::restart_on_crash();
    let phase = if crashed {
        process::note_restart();
        // Should this not help either, do not burn the processor.
        std::thread::sleep(std::time::Duration::from_secs(1));
        init.after_crash()
    } else {
        init.begin()
    };
    init.supervise(phase)
}

impl Supervisor {
    /// Everything from the start.
    pub(super) fn begin(&mut self) -> Phase {
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
        let mut unread = false;
        if self.cmdline.line.is_empty() {
            // Without the line nobody knows who may have a shell.
            let line = (0..TRIES).find_map(|_| read_small("/proc/cmdline", LINE_MAX).ok());
            unread = line.is_none();
            let line = line.unwrap_or_else(|| b"rd.shell=0".to_vec());
            self.cmdline = Cmdline::parse(Vec::leak(line));
            self.settings = machine::settings();
        }
        self.steps = plan(&self.cmdline, self.facts());
        if let Some(&Step::Api { tmp, cgroup }) = self.steps.first() {
            if self.cmdline.profile == Some(Profile::Vm) {
                api::make_modprobe();
            }
            api::mount_rest(tmp, cgroup)?;
        }
        proc?;
        if unread {
            return Err(Fault::new("/proc/cmdline cannot be read"));
        }
        // Only now, with /dev there, can a console be had; and nothing that
        // stays open may take the place of descriptors 0-2.
        self.console = api::console_is_open() || api::open_console();
        if self.console {
            api::set_console_size();
        }
        if self.signals.is_none() {
            self.signals = Some(signals().map_err(|e| Fault::os("signalfd", e))?);
        }
        Ok(())
    }

    fn facts(&self) -> Facts {
        Facts { job: access(job::SPEC_PATH, AccessFlags::F_OK).is_ok() }
    }

    /// Makes the plan of another command line, for the next try.
    pub(super) fn plan_anew(&mut self, words: &[u8]) -> Result<(), &'static str> {
        let line = reworded(self.cmdline.line, words);
        if line.len() > LINE_MAX || self.lines >= LINES_MAX {
            return Err("too much was set");
        }
        self.lines += 1;
        self.cmdline = Cmdline::parse(Vec::leak(line));
        let steps = plan(&self.cmdline, self.facts());
        let same = steps.iter().zip(&self.steps).take_while(|(new, old)| new == old).count();
        self.changed = Some(self.changed.unwrap_or(usize::MAX).min(same));
        self.steps = steps;
        self.log.replan(same, self.steps.len());
        self.init = None;
        Ok(())
    }

    /// PID 1 has run into a bug of its own and was started anew.
    fn after_crash(&mut self) -> Phase {
        let _ = self.prepare();
        // Children of before know nothing of this, and sit on the consoles.
        let _ = kill(Pid::from_raw(-1), Signal::SIGKILL);
        self.log.begin(self.steps.len(), now());
        self.fate = Fate::Crashed;
        let text = "PID 1 ran into a bug of its own (its message is above)";
        self.fail(0, Fault::new(text))
    }

    // -- the worker

    /// Forks a worker for the steps from `first` on; `again` when it is not
    /// the first try.
    pub(super) fn start_worker(&mut self, first: usize, again: bool) -> Phase {
        super::remote::stop();
        self.failed = None;
        self.fate = Fate::Told;
        self.changed = None;
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
                let faults = self.log.module_notes().map(String::from).collect();
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
                Kind::Note | Kind::Module => {
                    let text = String::from_utf8_lossy(record.message);
                    self.log.note(&text, record.kind == Kind::Module);
                }
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
            _ if work.killed.is_some() => {
                self.fate = Fate::Late;
                self.too_long(step)
            }
            WaitStatus::Signaled(_, signal, _) => {
                self.fate = Fate::Killed(signal as i32);
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
                self.fate = Fate::Late;
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
            Some(Step::Shell) => self.rescue_system(step),
            Some(Step::Break(_)) => self.take_a_break(step),
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
        let mut old = None;
        if !self.switched {
            self.log.write("ok", &self.steps);
            old = switch::change_root(OsStr::new(SYSROOT))?;
            self.switched = true;
        }
        if let Some(spec) = job {
            switch::empty_apart(old);
            self.signals = None;
            super::job::run(&spec);
        }
        let Run::Init(init) = run else { return Err(Fault::new("no job")) };
        let path = match (&self.init, init) {
            (Some(path), _) => path.as_slice(),
            (None, Init::Path(path)) => path,
            (None, Init::Usual) => b"/sbin/init",
        };
        Err(switch::exec(old, path, &self.args, crate::sys::start::environment()))
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
            Phase::Explain { until, .. } | Phase::Ending { until, .. } => Some(*until),
            Phase::Help(help) => help.due(),
        }
    }

    /// Sleeps until a child changes, the worker or a client says something, or
    /// something is due.
    fn wait(&self, phase: &Phase) -> News {
        let due = [self.due(phase), self.control.as_ref().and_then(Control::due)];
        let longest = match phase {
            Phase::Work(Work { closed: true, .. }) => LOOK_CLOSED,
            _ => LOOK,
        };
        let ms = match due.into_iter().flatten().min() {
            None => longest,
            // Rounded up, so as not to wake too early and spin.
            Some(at) => at.saturating_sub(now()).div_ceil(1_000_000).min(longest),
        };
        let timeout = u16::try_from(ms).map_or(PollTimeout::MAX, PollTimeout::from);
        let Some(signals) = self.signals.as_ref().filter(|_| !self.look_again) else {
            // There is no way to be told of children: look from time to time.
            std::thread::sleep(PAUSE);
            return News { signal: true, worker: matches!(phase, Phase::Work(_)) };
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
        match poll(&mut fds, timeout) {
            Ok(1..) | Err(Errno::EINTR) => {}
            Ok(_) => return News { signal: true, worker: false },
            Err(_) => {
                // Nothing here blocks: look at everything, from time to time.
                std::thread::sleep(PAUSE);
                return News { signal: true, worker: listening };
            }
        }
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
            return self.end(how);
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
        self.look_again = false;
        if news.signal {
            phase = self.reap(phase);
        }
        if let Some(mut control) = self.control.take() {
            let stopped = matches!(phase, Phase::Help(_));
            let request = control.serve(self, stopped);
            if self.control.is_none() {
                self.control = Some(control);
            }
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

    /// Collects all that have ended.
    fn reap(&mut self, mut phase: Phase) -> Phase {
        loop {
            let ended = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                // The one call that everything hangs on has a second way.
                Err(errno) if errno != Errno::ECHILD => {
                    waitid(Id::All, WaitPidFlag::WNOHANG | WaitPidFlag::WEXITED)
                }
                ended => ended,
            };
            match ended {
                Ok(status) => {
                    let Some(pid) = status.pid() else { return phase };
                    phase = self.child_ended(phase, pid, status);
                }
                Err(Errno::ECHILD) => return phase,
                // The word of an end has been taken and must not get lost.
                Err(_) => {
                    self.look_again = true;
                    return phase;
                }
            }
        }
    }

    fn child_ended(&mut self, phase: Phase, ended: Pid, status: WaitStatus) -> Phase {
        match phase {
            Phase::Work(work) if work.pid == ended => self.worker_ended(work, status),
            Phase::Explain { pid, .. } if pid == ended => self.give_help(Reason::Failed),
            Phase::Help(help) => self.helper_ended(help, ended, status),
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
            Phase::Explain { pid, .. } => {
                let _ = kill(pid, Signal::SIGKILL);
                self.give_help(Reason::Failed)
            }
            Phase::Help(help) => self.look_after(help, time),
            Phase::Ending { how, .. } => {
                rescue::carry_out(how);
                Phase::Ending { pid: None, until: time + 5 * SECOND, how }
            }
        }
    }

    /// A request from the control socket.
    fn asked_for(&mut self, phase: Phase, request: Request) -> Phase {
        match (phase, request) {
            (_, Request::Abort(how)) => self.end(how),
            (Phase::Help(help), request) => self.leave(help, request),
            (other, _) => other,
        }
    }

    /// The end of the machine that somebody with the right to it wants.
    fn end(&mut self, how: Emergency) -> Phase {
        // Everybody else may still tidy up; there is nobody to wait for.
        let _ = kill(Pid::from_raw(-1), Signal::SIGTERM);
        let how = Ending { how: Some(how), delay: 0 };
        Phase::Ending { pid: None, until: now() + SECOND / 2, how }
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
