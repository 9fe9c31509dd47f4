//! init of a system, not of an initramfs: what `/etc/inittab` says, as
//! busybox's init does it. For `/sbin/init` of a root that is made of this
//! program, and `linuxrc`.
//!
//! SIGHUP reads the file again; SIGTERM, SIGUSR1 and SIGUSR2 restart, halt and
//! switch off; SIGINT is Ctrl-Alt-Del; SIGQUIT makes room for the command of
//! `restart`.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::reboot::{RebootMode, reboot, set_cad_enabled};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{self, Pid};

use super::api;
use crate::applet::{complain, show_bytes, write_all};
use crate::inittab::{Action, Entry, parse, wants_shell};
use crate::sys::process::{Forked, exit_now, fork, reset_signals};
use crate::sys::{self, path, terminal, tty};

const FILE: &str = "/etc/inittab";

/// Longer files are not read.
const LONGEST: usize = 64 * 1024;

/// What has ended is not started again before that long.
const PAUSE: Duration = Duration::from_secs(1);

const SIGNALS: [Signal; 8] = [
    Signal::SIGCHLD,
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGPWR,
];

/// A line and its process.
struct Task {
    entry: Entry,
    pid: Option<Pid>,
    /// The line is in the file.
    listed: bool,
    /// When it may start.
    ready: Instant,
}

/// How the machine ends.
#[derive(Clone, Copy)]
enum End {
    Halt,
    PowerOff,
    Restart,
}

struct Init {
    tasks: Vec<Task>,
    signals: Option<SignalFd>,
    environment: Vec<OsString>,
}

/// The rest of the life of PID 1. `single` asks for a shell and nothing else.
pub fn run(single: bool) -> ! {
    let mut set = SigSet::empty();
    for signal in SIGNALS {
        set.add(signal);
    }
    let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&set), None);
    let signals = SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).ok();
    // Ctrl-Alt-Del is a signal to us.
    let _ = set_cad_enabled(false);
    let _ = unistd::setsid();
    let _ = unistd::chdir("/");
    if !api::console_is_open() {
        api::open_console();
    }
    terminal::make_sane(sys::fd::stdin());
    let mut init = Init { tasks: Vec::new(), signals, environment: environment() };
    if single {
        let command = b"-/bin/sh".to_vec();
        init.add(Entry { terminal: Vec::new(), action: Action::Respawn, command });
    } else {
        init.read_file();
    }
    init.all(Action::Sysinit);
    init.all(Action::Wait);
    for at in 0..init.tasks.len() {
        if init.tasks.get(at).is_some_and(|task| task.entry.action == Action::Once) {
            init.start(at);
        }
    }
    loop {
        init.turn();
    }
}

/// What every command finds.
fn environment() -> Vec<OsString> {
    let mut list: Vec<OsString> = Vec::new();
    for entry in sys::start::environment() {
        list.push(entry.to_os_string());
    }
    let screen = sys::console::is_console(sys::fd::stdin());
    for default in [
        "PATH=/sbin:/usr/sbin:/bin:/usr/bin",
        "SHELL=/bin/sh",
        "USER=root",
        "HOME=/",
        if screen { "TERM=linux" } else { "TERM=vt102" },
    ] {
        let name = default.split_inclusive('=').next().unwrap_or_default().as_bytes();
        let old = list.iter().position(|entry| entry.as_bytes().starts_with(name));
        match old {
            // The kernel says linux whatever the console is.
            Some(at) if name == b"TERM=" && !screen => {
                if let Some(entry) = list.get_mut(at).filter(|entry| *entry == "TERM=linux") {
                    *entry = default.into();
                }
            }
            Some(_) => {}
            None => list.push(default.into()),
        }
    }
    list
}

fn say(text: &str) {
    let _ = write_all(sys::fd::stdout(), text.as_bytes());
}

impl Init {
    fn add(&mut self, entry: Entry) {
        let known = self.tasks.iter_mut().find(|task| task.entry == entry);
        match known {
            Some(task) => task.listed = true,
            None => {
                self.tasks.push(Task { entry, pid: None, listed: true, ready: Instant::now() });
            }
        }
    }

    /// Takes over what the file says now. What it says no more is left alone
    /// and not started again.
    fn read_file(&mut self) {
        let text = crate::dev::read_small(FILE, LONGEST).ok();
        let (entries, wrong) = parse(text.as_deref());
        for line in wrong {
            complain(sys::fd::stderr(), "init", &format_args!("{FILE}: line {line} is none"));
        }
        for task in &mut self.tasks {
            task.listed = false;
        }
        for entry in entries {
            self.add(entry);
        }
        self.tasks.retain(|task| task.listed || task.pid.is_some());
    }

    /// Runs all commands of an action, one after the other.
    fn all(&mut self, action: Action) {
        for at in 0..self.tasks.len() {
            if self.tasks.get(at).is_some_and(|task| task.listed && task.entry.action == action) {
                self.start(at);
                while self.tasks.get(at).is_some_and(|task| task.pid.is_some()) {
                    self.wait(None);
                    self.reap();
                }
            }
        }
    }

    fn start(&mut self, at: usize) {
        let Some(task) = self.tasks.get_mut(at) else { return };
        match fork() {
            Ok(Forked::Parent(pid)) => task.pid = Some(pid),
            Ok(Forked::Child) => become_command(&task.entry, &self.environment),
            Err(_) => task.ready = Instant::now() + PAUSE,
        }
    }

    /// Waits for a signal, at most that long.
    fn wait(&self, limit: Option<Duration>) {
        let limit = limit.or(self.signals.is_none().then_some(PAUSE));
        let timeout = limit.map_or(PollTimeout::NONE, |limit| {
            PollTimeout::try_from(limit.as_millis() + 1).unwrap_or(PollTimeout::MAX)
        });
        match &self.signals {
            Some(fd) => {
                let _ = poll(&mut [PollFd::new(fd.as_fd(), PollFlags::POLLIN)], timeout);
            }
            None => std::thread::sleep(PAUSE),
        }
    }

    /// Collects those that have ended, ours and everybody's.
    fn reap(&mut self) {
        // The note of a child's end is of no more use once all are collected.
        while let Ok(status) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            let pid = match status {
                WaitStatus::Exited(pid, _) | WaitStatus::Signaled(pid, ..) => pid,
                WaitStatus::StillAlive => break,
                _ => continue,
            };
            for task in &mut self.tasks {
                if task.pid == Some(pid) {
                    task.pid = None;
                    task.ready = Instant::now() + PAUSE;
                }
            }
        }
    }

    /// Starts what is due, waits, and does what the signals say.
    fn turn(&mut self) {
        let now = Instant::now();
        let mut next: Option<Duration> = None;
        self.tasks.retain(|task| task.listed || task.pid.is_some());
        for at in 0..self.tasks.len() {
            let Some(task) = self.tasks.get(at) else { continue };
            let again = matches!(task.entry.action, Action::Respawn | Action::Askfirst);
            if !again || task.pid.is_some() || !task.listed {
                continue;
            }
            if task.ready <= now {
                self.start(at);
            } else {
                let left = task.ready - now;
                next = Some(next.map_or(left, |next| next.min(left)));
            }
        }
        self.wait(next);
        self.reap();
        while let Some(signal) = self.signalled() {
            match signal {
                libc::SIGHUP => self.read_file(),
                libc::SIGINT => self.all(Action::CtrlAltDel),
                libc::SIGQUIT => self.make_room(),
                libc::SIGTERM => self.end(End::Restart),
                libc::SIGUSR1 => self.end(End::Halt),
                libc::SIGUSR2 | libc::SIGPWR => self.end(End::PowerOff),
                _ => {}
            }
        }
        self.reap();
    }

    /// A signal that has come.
    fn signalled(&self) -> Option<i32> {
        let info = self.signals.as_ref()?.read_signal().ok()??;
        i32::try_from(info.ssi_signo).ok()
    }

    /// Ends all processes.
    fn stop_all(&mut self) {
        self.all(Action::Shutdown);
        let everybody = Pid::from_raw(-1);
        say("The system is going down NOW!\r\n");
        let _ = kill(everybody, Signal::SIGTERM);
        say("Sent SIGTERM to all processes\r\n");
        unistd::sync();
        let end = Instant::now() + Duration::from_secs(1);
        // Nobody has to wait when nobody is left.
        while Instant::now() < end {
            self.reap();
            if waitpid(None, Some(WaitPidFlag::WNOHANG)) == Err(Errno::ECHILD) {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = kill(everybody, Signal::SIGKILL);
        say("Sent SIGKILL to all processes\r\n");
        unistd::sync();
        std::thread::sleep(Duration::from_millis(50));
        self.reap();
    }

    fn end(&mut self, how: End) {
        self.stop_all();
        let (name, mode) = match how {
            End::Halt => ("halt", RebootMode::RB_HALT_SYSTEM),
            End::PowerOff => ("poweroff", RebootMode::RB_POWER_OFF),
            End::Restart => ("reboot", RebootMode::RB_AUTOBOOT),
        };
        say(&format!("Requesting system {name}\r\n"));
        std::thread::sleep(Duration::from_millis(200));
        let Err(errno) = reboot(mode);
        complain(sys::fd::stderr(), "init", &format_args!("{name}: {errno}"));
    }

    /// Becomes the command of `restart`, when there is one.
    fn make_room(&mut self) {
        let found = self.tasks.iter().find(|task| task.entry.action == Action::Restart);
        let Some(entry) = found.map(|task| task.entry.clone()) else { return };
        self.stop_all();
        let command = String::from_utf8_lossy(&entry.command).into_owned();
        say(&format!("Trying to re-exec {}\r\n", show_bytes(command.as_bytes())));
        let argv = words(&entry.command);
        let _ = SigSet::empty().thread_set_mask();
        let errno = exec(&argv, &self.environment);
        let _ = SigSet::all().thread_set_mask();
        complain(sys::fd::stderr(), "init", &format_args!("{command}: {errno}"));
        self.end(End::Halt);
    }
}

/// The words of a command, or a shell that knows them.
fn words(command: &[u8]) -> Vec<OsString> {
    let dash = command.starts_with(b"-");
    let command = command.strip_prefix(b"-").unwrap_or(command).trim_ascii();
    if wants_shell(command) {
        let shell = if dash { "-/bin/sh" } else { "/bin/sh" };
        return vec![shell.into(), "-c".into(), OsString::from_vec([b"exec ", command].concat())];
    }
    let mut list: Vec<OsString> = command
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .map(|word| OsStr::from_bytes(word).to_os_string())
        .collect();
    if let Some(first) = list.first_mut().filter(|_| dash) {
        let mut name = OsString::from("-");
        name.push(&*first);
        *first = name;
    }
    list
}

/// Becomes a program, whose name has a dash before it when it is a login
/// shell. The reason when that cannot be.
fn exec(argv: &[OsString], environment: &[OsString]) -> Errno {
    let mut list = environment.iter().map(OsString::as_os_str);
    let Some(first) = argv.first() else { return Errno::ENOENT };
    match first.as_bytes().strip_prefix(b"-") {
        Some(path) => sys::exec::exec_as(OsStr::from_bytes(path), argv, &mut list),
        None => {
            let path = environment.iter().find_map(|e| e.as_bytes().strip_prefix(b"PATH="));
            sys::exec::exec(argv, path.map(OsStr::from_bytes), &mut list)
        }
    }
}

/// In a child.
fn become_command(entry: &Entry, environment: &[OsString]) -> ! {
    reset_signals();
    let _ = unistd::setsid();
    if !entry.terminal.is_empty() {
        let name = OsStr::from_bytes(&entry.terminal);
        let Ok(fd) = path::open(name, OFlag::O_RDWR | OFlag::O_NOCTTY) else {
            // There may never be one: others say so once, this would for ever.
            std::thread::sleep(Duration::from_secs(10));
            exit_now(1);
        };
        for standard in 0..3 {
            let _ = sys::descriptor::copy_onto(fd.as_raw_fd(), standard);
        }
    }
    terminal::make_sane(sys::fd::stdin());
    let dash = entry.command.starts_with(b"-");
    if dash || entry.action == Action::Askfirst {
        let _ = tty::make_controlling(sys::fd::stdin());
    }
    if entry.action == Action::Askfirst {
        say("\r\nPlease press Enter to activate this console. ");
        let mut byte = [0];
        while byte != *b"\n" {
            match unistd::read(sys::fd::stdin(), &mut byte) {
                Ok(1..) | Err(Errno::EINTR) => {}
                _ => exit_now(1),
            }
        }
    }
    let argv = words(&entry.command);
    let errno = exec(&argv, environment);
    let command = show_bytes(&entry.command).to_string();
    let reason = sys::text::error_text(errno as i32);
    complain(sys::fd::stderr(), "init", &format_args!("{command}: {reason}"));
    exit_now(127)
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn commands() {
        let joined = |text: &str| {
            let words = words(text.as_bytes());
            words.iter().map(|w| w.to_str().unwrap()).collect::<Vec<_>>().join("|")
        };
        assert_eq!(joined("getty  38400 tty1"), "getty|38400|tty1");
        assert_eq!(joined("-/bin/sh -i"), "-/bin/sh|-i");
        assert_eq!(joined("echo x > /y"), "/bin/sh|-c|exec echo x > /y");
        assert_eq!(joined("-/bin/sh; x"), "-/bin/sh|-c|exec /bin/sh; x");
    }
}
