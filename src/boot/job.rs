//! The job of a virtual machine, guest side: PID 1, once in the new root, runs
//! the command and carries its standard streams over virtio-serial ports.
//!
//! One loop around poll(2) does it all: every stream has one bounded buffer
//! and its own back-pressure, so that a command that never reads its input, or
//! a host that does not read the output, holds up nobody else. `crate::job`
//! describes what is said to the host.
//!
//! When the command has ended, what it left in its pipes is still sent, and
//! not a byte more: a process it left behind may hold a pipe for ever. Then
//! everything else in the machine is killed and written to disk, the status
//! is told, and the machine goes when the host says that all has arrived.

use std::time::{Duration, Instant};

use nix::poll::PollFlags;
use nix::sys::reboot::{RebootMode, reboot};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpid};

use crate::applet::Status;
use crate::job::{Exit, Size, Spec, Stream, ToGuest, ToHost};
use crate::sys;
use crate::sys::stream::Watch;

mod launch;
mod ports;
mod relay;
#[cfg(test)]
mod tests;

pub use ports::Ports;
use relay::{Control, Inward, Outward};

/// How long the host may take to say that it has read the exit status. It
/// answers within milliseconds or not at all.
const SEEN_LIMIT: Duration = Duration::from_secs(30);

/// How long a terminal that nobody holds any more may stay silent before what
/// it shows counts as complete.
const TERMINAL_LIMIT: Duration = Duration::from_millis(500);

/// Runs the job as PID 1 and powers the machine off. In any other process it
/// only says that it will not.
pub fn run(spec: &Spec) -> ! {
    if getpid().as_raw() != 1 {
        say("not run: this is not PID 1");
        sys::process::exit_now(125);
    }
    prepare_terminals();
    prepare_network();
    match Ports::open() {
        Ok(ports) => {
            if let Err(why) = serve(spec, ports, &mut settle) {
                say(&why);
            }
        }
        Err(why) => say(&why),
    }
    settle();
    power_off()
}

/// Tells the console, in the form that the runner on the host looks for.
fn say(why: &str) {
    let text = format!("\nrescuebox: boot failed: job: {why}\n");
    let _ = crate::applet::write_all(sys::fd::stderr(), text.as_bytes());
}

/// Mounts devpts when nobody has: without it there is no terminal to be had.
pub(super) fn prepare_terminals() {
    if std::path::Path::new("/dev/pts/ptmx").exists() {
        return;
    }
    let _ = nix::unistd::mkdir("/dev/pts", nix::sys::stat::Mode::from_bits_truncate(0o755));
    let flags = nix::mount::MsFlags::MS_NOSUID | nix::mount::MsFlags::MS_NOEXEC;
    let options = "gid=5,mode=0620,ptmxmode=0666";
    // A kernel without devpts has no terminals; the command is told when it
    // asks for one.
    let _ = nix::mount::mount(Some("devpts"), "/dev/pts", Some("devpts"), flags, Some(options));
}

/// Programs expect to reach themselves, and the servers for names that this
/// machine's network has.
fn prepare_network() {
    let _ = sys::netdev::bring_up(b"lo");
    super::network::hand_over();
}

/// Ends every other process and writes what is still in memory to disk.
fn settle() {
    if getpid().as_raw() != 1 {
        return;
    }
    let _ = kill(Pid::from_raw(-1), Signal::SIGKILL);
    while let Ok(ended) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {
        if ended == WaitStatus::StillAlive {
            break;
        }
    }
    nix::unistd::sync();
}

fn power_off() -> ! {
    loop {
        let _ = reboot(RebootMode::RB_POWER_OFF);
        // A machine without a power switch: QEMU ends at a reset, too.
        let _ = reboot(RebootMode::RB_AUTOBOOT);
        std::thread::sleep(Duration::from_secs(1));
    }
}

/// Where a job is.
enum Phase {
    /// The command runs.
    Running,
    /// It has ended so; its last output is on the way into the ports.
    Draining(Status),
    /// The exit was told; the host may take until then to say that it knows.
    Told(Instant),
    /// The host has read it and may take its time with the output.
    Seen,
}

struct Job {
    control: Control,
    input: Inward,
    output: Outward,
    error: Outward,
    command: launch::Command,
    phase: Phase,
}

/// Runs the job over `ports` until the host acknowledges its end, or is gone.
/// `settle` is called when the command has ended, before that is told. An
/// error means that the command was not started.
pub fn serve(spec: &Spec, ports: Ports, settle: &mut dyn FnMut()) -> Result<(), String> {
    sys::process::ignore_broken_pipes();
    let mut mask = SigSet::empty();
    mask.add(Signal::SIGCHLD);
    nix::sys::signal::sigprocmask(SigmaskHow::SIG_BLOCK, Some(&mask), None)
        .map_err(|e| format!("blocking SIGCHLD: {}", reason(e)))?;
    let children = SignalFd::with_flags(&mask, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
        .map_err(|e| format!("signalfd: {}", reason(e)))?;

    let mut control = Control::new(ports.ctl);
    control.tell(ToHost::Ready);
    let (command, ends) = launch::start(spec)?;
    let terminal = spec.tty.is_some();
    let mut job = Job {
        control,
        input: Inward::new(ports.input, ends.input, terminal),
        output: Outward::new(ports.output, Some(ends.output), terminal),
        error: Outward::new(ports.error, ends.error, false),
        command,
        phase: Phase::Running,
    };
    loop {
        if let Phase::Draining(status) = job.phase
            && job.output.is_complete()
            && job.error.is_complete()
        {
            settle();
            job.control.tell(ToHost::Exit(Exit {
                status: status.0,
                out: job.output.sent(),
                err: job.error.sent(),
                ran: job.command.ran(),
            }));
            job.phase = Phase::Told(Instant::now() + SEEN_LIMIT);
        }
        if job.turn(&children).is_none() {
            return Ok(());
        }
    }
}

fn reason(errno: nix::errno::Errno) -> &'static str {
    sys::text::error_text(errno as i32)
}

impl Job {
    /// Waits for one thing to happen and deals with it. `None`: the job is
    /// over, or there is nobody left to work for.
    fn turn(&mut self, children: &SignalFd) -> Option<()> {
        let mut watch = Watch::new();
        let child = watch.add(children, PollFlags::POLLIN);
        let control = self.control.watch(&mut watch);
        let launch = self.command.launching().and_then(|fd| watch.add(fd, PollFlags::POLLIN));
        let input = self.input.watch(&mut watch);
        let output = self.output.watch(&mut watch);
        let error = self.error.watch(&mut watch);
        let until = match self.phase {
            Phase::Told(until) => Some(until),
            Phase::Draining(_) => self.output.silent_until(),
            _ => None,
        };
        let ready = watch.wait(until);
        let over = |until: Option<Instant>| until.is_some_and(|at| Instant::now() >= at);

        if ready.is(launch) {
            self.launched();
        }
        if ready.is(child) {
            while let Ok(Some(_)) = children.read_signal() {}
            self.reap();
        }
        if ready.is_any(control) {
            self.listen()?;
        }
        if ready.is_any(input) && self.input.pump() {
            self.closed();
        }
        if ready.is_any(output) {
            self.output.pump();
        }
        if ready.is_any(error) {
            self.error.pump();
        }
        match self.phase {
            Phase::Told(until) if over(Some(until)) => None,
            Phase::Draining(_) if over(self.output.silent_until()) => {
                self.output.give_up();
                Some(())
            }
            _ => Some(()),
        }
    }

    /// Learns whether the command's program runs.
    fn launched(&mut self) {
        match self.command.launched() {
            launch::Launch::Pending => {}
            launch::Launch::Running => self.control.tell(ToHost::Started),
            launch::Launch::Failed(why) => {
                self.error.add(format!("rescuebox: {why}\n").as_bytes());
            }
        }
    }

    /// Tells that the command reads no more; that it runs comes first, which
    /// may have happened since the wait.
    fn closed(&mut self) {
        self.launched();
        self.control.tell(ToHost::Closed);
    }

    /// Collects every process that has ended: those that lost their parents
    /// are ours, too.
    fn reap(&mut self) {
        loop {
            let ended = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Err(nix::errno::Errno::EINTR) => continue,
                Ok(WaitStatus::StillAlive) | Err(_) => return,
                Ok(ended) => ended,
            };
            let (Some(pid), Some(status)) = (ended.pid(), Status::of_wait(&ended)) else {
                continue;
            };
            if self.command.ended(pid) && matches!(self.phase, Phase::Running) {
                self.launched();
                let status = self.command.refusal().unwrap_or(status);
                self.input.close();
                self.output.finish();
                self.error.finish();
                self.phase = Phase::Draining(status);
            }
        }
    }

    /// Does what the host says. `None`: all is done, or the host is gone.
    fn listen(&mut self) -> Option<()> {
        if !self.control.transfer() {
            return None;
        }
        while let Some(said) = self.control.next() {
            match said {
                ToGuest::Eof(bytes) => {
                    if self.input.end_at(bytes) {
                        self.closed();
                    }
                }
                ToGuest::Size(Size { rows, columns }) => self.output.resize(rows, columns),
                ToGuest::Signal(number) => self.command.signal(number),
                ToGuest::Closed(Stream::Out) => self.output.give_up(),
                ToGuest::Closed(Stream::Err) => self.error.give_up(),
                ToGuest::Seen => {
                    if matches!(self.phase, Phase::Told(_)) {
                        self.phase = Phase::Seen;
                    }
                }
                ToGuest::Ack => {
                    if matches!(self.phase, Phase::Told(_) | Phase::Seen) {
                        return None;
                    }
                }
            }
        }
        Some(())
    }
}
