//! A running machine: one loop around poll(2) that carries the streams, hears
//! the guest, its serial line, signals and the end of processes, and knows
//! when it is over.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::PollFlags;
use nix::sys::signalfd::SignalFd;

use super::child::Child;
use super::console::{Console, Escape, Failure};
use super::flow::{Flow, News};
use super::report::{End, Times};
use crate::applet::Status;
use crate::job::{Exit, Lines, Size, Stream, ToGuest, ToHost};
use crate::sys;
use crate::sys::stream::{Place, Watch, receive};

/// When a failure was told on the serial line, its reasons follow at once: a
/// silence of this length is their end.
const QUIET: Duration = Duration::from_millis(300);

/// But no longer than this altogether.
const TELLING: Duration = Duration::from_secs(3);

/// What is piped into the console waits so long for a machine that says nothing.
const SILENCE: Duration = Duration::from_secs(10);

/// What the loop ends the machine for beside signals.
pub struct Limits {
    /// The time given by `--timeout`.
    pub timeout: Option<Duration>,
    /// Whether a failed boot ends it: there is nobody to type into a rescue
    /// shell.
    pub end_on_failure: bool,
    /// Whether it has a name: somebody will come with `attach`.
    pub named: bool,
    /// Bytes of memory that the machine has.
    pub memory: u64,
    /// With less the kernel may have no room for itself and the image.
    pub memory_wanted: u64,
}

/// The streams of a job.
pub struct Job<'a> {
    /// The control port.
    pub ctl: &'a OwnedFd,
    /// Standard input to its port.
    pub input: Flow<'a>,
    /// The port to standard output.
    pub output: Flow<'a>,
    /// The port to standard error.
    pub error: Flow<'a>,
    /// Whether the command has a terminal.
    pub terminal: bool,
    lines: Lines,
    outgoing: Vec<u8>,
    exit: Option<Exit>,
}

impl<'a> Job<'a> {
    /// Over the four ports, with the three standard streams.
    pub fn new(ports: &'a [OwnedFd; 4], standard: [BorrowedFd<'a>; 3], terminal: bool) -> Job<'a> {
        let [ctl, input, output, error] = ports;
        let [stdin, stdout, stderr] = standard;
        Job {
            ctl,
            input: Flow::into_socket(stdin, input.as_fd()),
            output: Flow::new(output.as_fd(), stdout),
            error: Flow::new(error.as_fd(), stderr),
            terminal,
            lines: Lines::default(),
            outgoing: Vec::new(),
            exit: None,
        }
    }

    fn say(&mut self, what: ToGuest) {
        self.outgoing.extend_from_slice(&what.encode());
        self.send();
    }

    fn send(&mut self) {
        while !self.outgoing.is_empty() {
            match nix::unistd::write(self.ctl, &self.outgoing) {
                Ok(count) => {
                    self.outgoing.drain(..count.min(self.outgoing.len()));
                }
                Err(Errno::EINTR) => {}
                // The rest when there is room. That the machine is gone is
                // seen elsewhere.
                Err(Errno::EAGAIN) => return,
                Err(_) => self.outgoing.clear(),
            }
        }
    }

    /// What comes on the control port. False when it is closed.
    fn listen(&mut self) -> bool {
        self.send();
        receive(self.ctl.as_fd(), &mut |bytes| self.lines.add(bytes))
    }

    /// Whether everything the command wrote is where it belongs.
    fn is_complete(&self) -> Option<Exit> {
        let exit = self.exit?;
        let all = self.output.read() >= exit.out && self.error.read() >= exit.err;
        (all && self.output.is_idle() && self.error.is_idle()).then_some(exit)
    }
}

/// A running machine.
pub struct Session<'a> {
    /// QEMU.
    pub qemu: &'a mut Child,
    /// The shares' tags and virtiofsds.
    pub shares: &'a mut [(String, Child)],
    /// The serial line.
    pub console: &'a OwnedFd,
    /// What it says, when that is shown.
    pub shown: Option<Flow<'a>>,
    /// What is typed into it.
    pub typed: Option<Flow<'a>>,
    /// The job, when there is one.
    pub job: Option<Job<'a>>,
    /// SIGINT and its like, SIGCHLD, SIGWINCH.
    pub signals: &'a SignalFd,
    /// The terminal whose size the command's follows.
    pub terminal: Option<BorrowedFd<'a>>,
    /// When it ends at the latest.
    pub limits: Limits,
    /// When things happened.
    pub times: &'a mut Times,
    /// What the serial line said.
    pub log: Console,
    /// State.
    pub state: State,
}

/// What the loop keeps in mind.
#[derive(Default)]
pub struct State {
    escape: Escape,
    console_closed: bool,
    ctl_closed: bool,
    failed_since: Option<Instant>,
    broken_since: Option<Instant>,
    last_word: Option<Instant>,
    end: Option<End>,
}

/// Places of the descriptors in one wait.
struct Places {
    signals: Place,
    console: Place,
    typed: Place,
    ctl: Place,
    streams: [Place; 3],
    children: Vec<Place>,
}

impl<'a> Session<'a> {
    /// Runs it to its end. The processes are still there then, unless they
    /// ended by themselves.
    pub fn run(&mut self) -> End {
        loop {
            if let Some(end) = self.state.end.take() {
                return end;
            }
            if let Some(end) = self.finished() {
                return end;
            }
            self.turn();
        }
    }

    /// Waits for something and deals with it.
    fn turn(&mut self) {
        let until = self.until();
        let mut watch = Watch::new();
        let places = self.watch(&mut watch);
        let ready = watch.wait(until);

        if ready.is(places.signals) {
            self.hear_signals();
        }
        if ready.is(places.console) {
            self.hear_console();
        }
        if ready.is(places.typed) {
            self.hear_typing();
        }
        if ready.is(places.ctl) {
            self.hear_guest();
        }
        let streams = places.streams.map(|place| ready.is(place));
        if streams.contains(&true) {
            self.carry(streams);
        }
        for (child, place) in self.shares.iter_mut().map(|s| &mut s.1).zip(&places.children) {
            if ready.is(*place) {
                child.listen();
            }
        }
        if ready.is(places.children.last().copied().flatten()) {
            self.qemu.listen();
        }
    }

    fn watch<'w>(&'w self, watch: &mut Watch<'w>) -> Places {
        let signals = watch.add(self.signals, PollFlags::POLLIN);
        let console = if self.state.console_closed {
            None
        } else {
            match &self.shown {
                Some(flow) => flow.watch(watch),
                None => watch.add(self.console, PollFlags::POLLIN),
            }
        };
        let typed = self.typed.as_ref().filter(|_| self.may_type());
        let typed = typed.and_then(|flow| flow.watch(watch));
        let mut ctl = None;
        let mut streams = [None; 3];
        if let Some(job) = &self.job {
            if !self.state.ctl_closed {
                let mut events = PollFlags::POLLIN;
                if !job.outgoing.is_empty() {
                    events |= PollFlags::POLLOUT;
                }
                ctl = watch.add(job.ctl, events);
            }
            streams = [&job.input, &job.output, &job.error].map(|flow| flow.watch(watch));
        }
        let mut children: Vec<Place> = Vec::new();
        for child in self.shares.iter().map(|s| &s.1).chain([&*self.qemu]) {
            children.push(child.words().and_then(|words| watch.add(words, PollFlags::POLLIN)));
        }
        Places { signals, console, typed, ctl, streams, children }
    }

    /// When to look again although nothing has happened.
    fn until(&self) -> Option<Instant> {
        let timeout = self.limits.timeout.map(|limit| self.times.begin() + limit);
        let broken = self.state.broken_since.map(|since| since + QUIET);
        let typing = self.typed.as_ref().filter(|_| !self.may_type());
        let typing = typing.map(|_| self.times.begin() + SILENCE);
        timeout.into_iter().chain(self.told_at()).chain(broken).chain(typing).min()
    }

    /// Whether somebody is there to be typed to: a kernel that begins to use
    /// its serial line throws away what had come before. A person sees that,
    /// and may want to end the machine with keys.
    fn may_type(&self) -> bool {
        self.terminal.is_some()
            || self.times.has("console")
            || self.times.begin().elapsed() >= SILENCE
    }

    /// When all that follows a failure has been told.
    fn told_at(&self) -> Option<Instant> {
        let since = self.state.failed_since?;
        let quiet = self.state.last_word.unwrap_or(since) + QUIET;
        Some(quiet.min(since + TELLING))
    }

    /// Whether it is over.
    fn finished(&mut self) -> Option<End> {
        if let Some(exit) = self.job.as_ref().and_then(Job::is_complete) {
            if let Some(job) = &mut self.job {
                job.say(ToGuest::Ack);
                // The status of a command whose output is lost would mislead.
                for (name, flow) in
                    [("standard output", &job.output), ("standard error", &job.error)]
                {
                    if let Some(errno) = flow.fault() {
                        return Some(End::Runner(failed_stream(name, errno)));
                    }
                }
            }
            let status = Status(exit.status);
            return Some(if exit.ran { End::Command(status) } else { End::CannotRun(status) });
        }
        if self.limits.timeout.is_some_and(|limit| self.times.begin().elapsed() >= limit) {
            return self.limits.timeout.map(End::Timeout);
        }
        let qemu = self.qemu.ended();
        if let Some(status) = qemu {
            // What it said last is still in the sockets.
            let drained = self.state.console_closed
                && (self.job.is_none() || self.state.ctl_closed)
                && self.shown.as_ref().is_none_or(Flow::is_idle);
            return drained.then(|| self.machine_ended(status));
        }
        if self.told_at().is_some_and(|at| Instant::now() >= at) && self.limits.end_on_failure {
            return Some(self.failure());
        }
        self.broken_share(false)
    }

    /// The end of a virtiofsd before its time. They end with QEMU, too, and
    /// may be seen to do so first: only when QEMU goes on without one, or the
    /// machine has gone because of it, was it to blame.
    fn broken_share(&mut self, gone: bool) -> Option<End> {
        let ended = |(tag, child): &mut (String, Child)| {
            let status = child.ended()?;
            Some((tag.clone(), status, child.said()))
        };
        let (tag, status, said) = self.shares.iter_mut().find_map(ended)?;
        let killed = status.0 > 128;
        let since = *self.state.broken_since.get_or_insert_with(Instant::now);
        if if gone { !killed } else { since.elapsed() < QUIET } {
            return None;
        }
        let how = match status.0 {
            0 => "ended".to_string(),
            code if killed => format!("was killed by signal {}", code - 128),
            code => format!("ended with status {code}"),
        };
        let text = format!("virtiofsd of the share {tag} {how}{said}");
        Some(if self.times.has("ready") {
            End::Runner(text)
        } else {
            End::Boot(format!("boot failed: {text}"))
        })
    }

    /// The end that the serial line told of.
    fn failure(&self) -> End {
        let text = self.log.tail(0).join("\n  ");
        match self.log.failure() {
            Some(Failure::Panic) => self.too_small(&text).unwrap_or(End::Panic(text)),
            _ => End::Boot(text),
        }
    }

    /// A kernel without room for itself and the image stops with a panic, or
    /// in silence, before it comes to the init. `text` is what it said.
    fn too_small(&self, text: &str) -> Option<End> {
        let Limits { memory, memory_wanted: wanted, .. } = self.limits;
        if self.times.has("ready") || (memory >= wanted && !self.log.is_out_of_memory()) {
            return None;
        }
        let (has, wants) = (memory >> 20, (wanted.max(memory * 2)) >> 20);
        let mut why =
            format!("boot failed: the machine has too little memory: {has} MB (--memory {wants}M)");
        if !text.is_empty() {
            why.push_str("; its last words:\n  ");
            why.push_str(text);
        }
        Some(End::Boot(why))
    }

    /// What to make of a QEMU that has gone by itself.
    fn machine_ended(&mut self, status: Status) -> End {
        if self.log.failure() == Some(Failure::Panic) {
            return self.failure();
        }
        if let Some(end) = self.broken_share(true) {
            return end;
        }
        if status != Status::OK {
            return End::Runner(format!("QEMU failed (status {}){}", status.0, self.qemu.said()));
        }
        if self.log.failure().is_some() {
            return self.failure();
        }
        if self.job.is_none() {
            let lost = self.shown.as_ref().and_then(Flow::fault);
            return lost.map_or(End::Machine, |errno| {
                End::Runner(failed_stream("standard output", errno))
            });
        }
        let mut tail = self.log.tail(8).join("\n  ");
        if let Some(end) = self.too_small(&tail) {
            return end;
        }
        if !tail.is_empty() {
            tail.insert_str(0, "; its last words:\n  ");
        }
        if self.times.has("ready") {
            End::Runner(format!("the machine went down before the command ended{tail}"))
        } else {
            End::Boot(format!("boot failed: the machine went down before the command{tail}"))
        }
    }

    fn hear_signals(&mut self) {
        while let Ok(Some(info)) = self.signals.read_signal() {
            let number = i32::try_from(info.ssi_signo).unwrap_or(0);
            match number {
                libc::SIGCHLD => {}
                libc::SIGWINCH => self.resize(),
                libc::SIGUSR1 | libc::SIGUSR2 => {
                    let number = u8::try_from(number).unwrap_or(0);
                    if let Some(job) = &mut self.job {
                        job.say(ToGuest::Signal(number));
                    }
                }
                _ => self.state.end = Some(End::Signal(number)),
            }
        }
    }

    fn resize(&mut self) {
        if let (Some(terminal), Some(job)) = (self.terminal, &mut self.job)
            && job.terminal
            && let Ok((rows, columns)) = sys::tty::size(terminal)
        {
            job.say(ToGuest::Size(Size { rows, columns }));
        }
    }

    fn hear_console(&mut self) {
        self.times.note("console");
        if let Some(flow) = &mut self.shown {
            match flow.turn() {
                News::Bytes => self.log.add(flow.bytes()),
                News::End => self.state.console_closed = true,
                // Nobody looks: the machine goes on.
                News::None | News::Broken => return,
            }
        } else {
            let mut piece = [0; 4096];
            match nix::unistd::read(self.console, &mut piece) {
                Ok(0) => self.state.console_closed = true,
                Ok(count) => self.log.add(piece.get(..count).unwrap_or_default()),
                Err(Errno::EAGAIN | Errno::EINTR) => return,
                Err(_) => self.state.console_closed = true,
            }
        }
        let now = Instant::now();
        if self.log.failure().is_some() && self.state.failed_since.is_none() {
            self.state.failed_since = Some(now);
        }
        self.state.last_word = Some(now);
    }

    fn hear_typing(&mut self) {
        let Some(flow) = &mut self.typed else { return };
        match flow.turn() {
            News::Bytes => {
                let now = millis(self.times.begin());
                if self.state.escape.typed(flow.bytes(), now) && self.terminal.is_some() {
                    self.state.end = Some(End::Machine);
                }
            }
            News::End => {
                if let Some(errno) = flow.fault() {
                    let text = failed_stream("standard input", errno);
                    self.state.end = Some(End::Runner(text));
                }
                // Nobody is left to type into a rescue shell.
                self.limits.end_on_failure = !self.limits.named;
            }
            _ => {}
        }
    }

    fn hear_guest(&mut self) {
        let Some(job) = &mut self.job else { return };
        if !job.listen() {
            self.state.ctl_closed = true;
        }
        loop {
            let said = match job.lines.next_line() {
                None => break,
                Some(line) => line.and_then(ToHost::parse),
            };
            match said {
                Ok(ToHost::Ready) => {
                    self.times.note("ready");
                    // The terminal may have changed since the job was written.
                    if job.terminal
                        && let Some(Ok((rows, columns))) = self.terminal.map(sys::tty::size)
                    {
                        job.say(ToGuest::Size(Size { rows, columns }));
                    }
                }
                Ok(ToHost::Started) => self.times.note("started"),
                Ok(ToHost::Closed) => job.input.stop(),
                Ok(ToHost::Exit(exit)) => {
                    self.times.note("exit");
                    job.input.stop();
                    job.exit = Some(exit);
                    job.say(ToGuest::Seen);
                }
                Err(error) => {
                    let text = format!("the guest is not understood: {error}");
                    self.state.end = Some(End::Runner(text));
                    return;
                }
            }
        }
    }

    fn carry(&mut self, [input, output, error]: [bool; 3]) {
        let Some(job) = &mut self.job else { return };
        if input {
            match job.input.turn() {
                News::Bytes if job.terminal => {
                    let now = millis(self.times.begin());
                    if self.state.escape.typed(job.input.bytes(), now) {
                        self.state.end = Some(End::Signal(libc::SIGINT));
                    }
                }
                News::End => match job.input.fault() {
                    // Half the input would pass for all of it.
                    Some(errno) => {
                        let text = failed_stream("standard input", errno);
                        self.state.end = Some(End::Runner(text));
                    }
                    None => job.say(ToGuest::Eof(job.input.read())),
                },
                _ => {}
            }
        }
        if output && job.output.turn() == News::Broken {
            job.say(ToGuest::Closed(Stream::Out));
        }
        if error && job.error.turn() == News::Broken {
            job.say(ToGuest::Closed(Stream::Err));
        }
    }
}

fn failed_stream(name: &str, errno: Errno) -> String {
    format!("{name}: {}", sys::text::error_text(errno as i32))
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
