//! Programs that the runner starts: QEMU, virtiofsd.
//!
//! Each is in a session of its own, so that the terminal's signals pass it by,
//! dies with the runner (PR_SET_PDEATHSIG), has no standard input, and says
//! what it has to say into a pipe of which the last words are kept.

use std::ffi::{CString, OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl, open};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{Pid, dup2_stderr, dup2_stdin, dup2_stdout, execve, pipe2, read, write};

use crate::applet::{Env, Error, Status, show};
use crate::sys;
use crate::sys::process::{Forked, exit_now, fork};

/// How much of what a program says is kept.
const KEPT: usize = 16 * 1024;

/// What to start.
pub struct Start<'a> {
    /// The program's file.
    pub program: &'a Path,
    /// Its arguments, without the name.
    pub args: &'a [OsString],
    /// Descriptors that stay open in it, under their numbers.
    pub keep: &'a [BorrowedFd<'a>],
    /// Where its standard output goes; to the other words when not given.
    pub stdout: Option<BorrowedFd<'a>>,
    /// What the child does before it becomes the program; it may not allocate
    /// without need. An error ends it with this as the reason.
    pub prepare: &'a dyn Fn() -> Result<(), Errno>,
}

/// A program that runs.
pub struct Child {
    /// For messages.
    pub name: String,
    pid: Pid,
    ended: Option<Status>,
    words: Option<OwnedFd>,
    said: Vec<u8>,
}

/// Starts a program.
pub fn start(start: &Start<'_>) -> Result<Child, Error> {
    let name = start.program.file_name().unwrap_or_default();
    let wrong = |e: Errno| Error::os(show(start.program), e);
    let file = string(start.program.as_os_str())?;
    let mut argv = vec![string(name)?];
    for arg in start.args {
        argv.push(string(arg)?);
    }
    let env: Vec<CString> =
        Env::Process.iter().filter_map(|entry| CString::new(entry.as_bytes()).ok()).collect();
    let null = open("/dev/null", OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty())
        .map_err(|e| Error::os("/dev/null", e))?;
    let (words, their_words) = pipe2(OFlag::O_CLOEXEC).map_err(wrong)?;
    let (news, their_news) = pipe2(OFlag::O_CLOEXEC).map_err(wrong)?;
    let parent = nix::unistd::getpid();
    let pid = match fork().map_err(wrong)? {
        Forked::Parent(pid) => pid,
        Forked::Child => {
            let run = || -> Result<std::convert::Infallible, Errno> {
                nix::unistd::setsid()?;
                nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
                if nix::unistd::getppid() != parent {
                    return Err(Errno::ESRCH);
                }
                sys::process::reset_signals();
                dup2_stdin(&null)?;
                match start.stdout {
                    Some(fd) => dup2_stdout(fd)?,
                    None => dup2_stdout(&their_words)?,
                }
                dup2_stderr(&their_words)?;
                (start.prepare)()?;
                sys::fd::close_others_on_exec();
                for fd in start.keep {
                    fcntl(fd, FcntlArg::F_SETFD(FdFlag::empty()))?;
                }
                execve(&file, &argv, &env)
            };
            let errno = match run() {
                Ok(never) => match never {},
                Err(errno) => errno,
            };
            let _ = write(&their_news, &(errno as i32).to_ne_bytes());
            exit_now(127)
        }
    };
    drop((their_words, their_news));
    let mut code = [0; 4];
    let failure = loop {
        match read(&news, &mut code) {
            Err(Errno::EINTR) => {}
            Ok(4) => break Some(Errno::from_raw(i32::from_ne_bytes(code))),
            _ => break None,
        }
    };
    if let Some(errno) = failure {
        let _ = waitpid(pid, None);
        return Err(wrong(errno));
    }
    fcntl(&words, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map_err(wrong)?;
    let name = show(name).to_string();
    Ok(Child { name, pid, ended: None, words: Some(words), said: Vec::new() })
}

fn string(text: &OsStr) -> Result<CString, Error> {
    CString::new(text.as_bytes()).map_err(|_| Error::msg("a NUL in an argument"))
}

impl Child {
    /// To be watched for input: its words.
    pub fn words(&self) -> Option<&OwnedFd> {
        self.words.as_ref()
    }

    /// Takes what it has said.
    pub fn listen(&mut self) {
        let mut piece = [0; 1024];
        while let Some(words) = &self.words {
            match read(words, &mut piece) {
                Ok(0) => self.words = None,
                Ok(count) => {
                    self.said.extend_from_slice(piece.get(..count).unwrap_or_default());
                    let excess = self.said.len().saturating_sub(KEPT);
                    self.said.drain(..excess);
                }
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return,
                Err(_) => self.words = None,
            }
        }
    }

    /// Its last words, a line each.
    pub fn said(&mut self) -> String {
        self.listen();
        let mut text = String::new();
        for line in self.said.split(|b| *b == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
            text.push_str(&format!("\n  {}", crate::applet::show_bytes(line.trim_ascii_end())));
        }
        text
    }

    /// How it ended, when it has.
    pub fn ended(&mut self) -> Option<Status> {
        if self.ended.is_none() {
            self.ended = match waitpid(self.pid, Some(WaitPidFlag::WNOHANG)) {
                Ok(status) => Status::of_wait(&status),
                Err(Errno::ECHILD) => Some(Status::FAILURE),
                Err(_) => None,
            };
        }
        self.ended
    }

    /// Sends it a signal, unless it has ended.
    pub fn signal(&mut self, signal: Signal) {
        if self.ended().is_none() {
            let _ = kill(self.pid, signal);
        }
    }

    /// Waits for its end, and for that of processes it forked, which hold
    /// its words. True when it came in time.
    pub fn wait(&mut self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        // Looked at often at first: most are gone in a millisecond or two.
        let mut pause = 1u16;
        loop {
            self.listen();
            let ended = self.ended().is_some();
            if ended && self.words.is_none() {
                return true;
            }
            if Instant::now() >= until {
                return ended;
            }
            // Its words end when it does, which wakes at once.
            let mut fds: Vec<PollFd<'_>> = self
                .words
                .iter()
                .map(|words| PollFd::new(words.as_fd(), PollFlags::POLLIN))
                .collect();
            let _ = poll(&mut fds, PollTimeout::from(pause));
            pause = (pause * 2).min(20);
        }
    }

    /// Ends it: asks, waits, and forces.
    pub fn end(&mut self, ask: Option<Signal>, limit: Duration) {
        if let Some(signal) = ask {
            self.signal(signal);
        }
        if !self.wait(limit) {
            self.signal(Signal::SIGKILL);
            self.wait(Duration::from_secs(5));
        }
    }
}

impl Drop for Child {
    /// Nothing that was started outlives its runner.
    fn drop(&mut self) {
        if self.ended().is_none() {
            self.end(Some(Signal::SIGKILL), Duration::from_secs(5));
        }
    }
}

/// Runs a program to its end. `None` when it took longer than `limit`.
pub fn run(
    program: &Path,
    args: &[&str],
    limit: Duration,
) -> Result<Option<(Status, Vec<u8>)>, Error> {
    let args: Vec<OsString> = args.iter().map(OsString::from).collect();
    let mut child =
        start(&Start { program, args: &args, keep: &[], stdout: None, prepare: &|| Ok(()) })?;
    if !child.wait(limit) {
        child.end(Some(Signal::SIGKILL), Duration::from_secs(5));
        return Ok(None);
    }
    child.listen();
    let said = std::mem::take(&mut child.said);
    Ok(child.ended().map(|status| (status, said)))
}

/// The first executable file of these: names along PATH, paths as they are.
pub fn find_program(env: Env<'_>, names: &[&str]) -> Option<PathBuf> {
    let path = env.get(b"PATH").unwrap_or(OsStr::new("/usr/sbin:/usr/bin:/sbin:/bin"));
    for name in names {
        let found = if name.contains('/') {
            Some(PathBuf::from(name)).filter(|file| is_executable(file))
        } else {
            path.as_bytes()
                .split(|b| *b == b':')
                .map(|dir| Path::new(OsStr::from_bytes(dir)).join(name))
                .find(|file| is_executable(file))
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

fn is_executable(file: &Path) -> bool {
    file.is_file() && nix::unistd::access(file, nix::unistd::AccessFlags::X_OK).is_ok()
}
