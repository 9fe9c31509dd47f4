//! Starting the command: pipes or a terminal, a session of its own, the
//! search along PATH, and the news of whether exec worked.

use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::pty::Winsize;
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{Pid, dup2_stderr, dup2_stdin, dup2_stdout, execve, pipe2, read, write};

use super::reason;
use crate::applet::{Status, show_bytes};
use crate::job::Spec;
use crate::sys::process::{Forked, exit_now, fork};
use crate::sys::{self, tty};

/// Where commands are looked for when the job has no PATH.
const DEFAULT_PATH: &[u8] = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What a pipe should hold: fewer turns of the loop for a stream of bulk.
const PIPE_SIZE: i32 = 256 * 1024;

/// Our ends of the command's streams, none of them blocking.
pub struct Ends {
    /// What it reads.
    pub input: OwnedFd,
    /// What it writes.
    pub output: OwnedFd,
    /// Its standard error; none when it has a terminal.
    pub error: Option<OwnedFd>,
}

/// The running command.
pub struct Command {
    /// Its process, until that was reaped.
    pid: Option<Pid>,
    /// Closed by a successful exec; carries the error of a failed one.
    launch: Option<OwnedFd>,
    /// Why it could not be run.
    refusal: Option<Status>,
    /// For messages: how it was asked for, and where it would be.
    name: Vec<u8>,
    path: Vec<u8>,
}

/// What became of the start of a command.
pub enum Launch {
    /// Nothing new.
    Pending,
    /// Its program runs.
    Running,
    /// It could not be run, and why.
    Failed(String),
}

/// Starts the command of `spec`.
pub fn start(spec: &Spec) -> Result<(Command, Ends), String> {
    let plan = Plan::new(spec)?;
    let (theirs, ours) = match spec.tty {
        Some(size) => terminal(size)?,
        None => pipes()?,
    };
    let (listen, tell) = pipe()?;
    let pid = match fork().map_err(|e| format!("fork: {}", reason(e)))? {
        Forked::Parent(pid) => pid,
        Forked::Child => {
            let (step, errno) = plan.become_it(theirs);
            let code = (i64::from(step as u8) << 32) | i64::from(errno as i32);
            let _ = write(&tell, &code.to_ne_bytes());
            exit_now(127)
        }
    };
    let name = spec.argv.first().cloned().unwrap_or_default();
    let path = spec.env(b"PATH").unwrap_or(DEFAULT_PATH).to_vec();
    Ok((Command { pid: Some(pid), launch: Some(listen), refusal: None, name, path }, ours))
}

impl Command {
    /// To be watched until the program runs.
    pub fn launching(&self) -> Option<&OwnedFd> {
        self.launch.as_ref()
    }

    /// Looks how the start went, once [`Command::launching`] is readable.
    pub fn launched(&mut self) -> Launch {
        let Some(listen) = &self.launch else { return Launch::Pending };
        let mut code = [0; 8];
        match read(listen, &mut code) {
            Err(Errno::EAGAIN | Errno::EINTR) => return Launch::Pending,
            Ok(8) => {
                let code = i64::from_ne_bytes(code);
                let errno = Errno::from_raw(i32::try_from(code & 0xffff).unwrap_or(0));
                self.launch = None;
                let (status, why) = self.explain(code >> 32, errno);
                self.refusal = Some(status);
                return Launch::Failed(why);
            }
            _ => self.launch = None,
        }
        Launch::Running
    }

    /// The status when it could not be run.
    pub fn refusal(&self) -> Option<Status> {
        self.refusal
    }

    /// Whether its program ran.
    pub fn ran(&self) -> bool {
        self.refusal.is_none()
    }

    /// Whether `pid`, just reaped, is the command.
    pub fn ended(&mut self, pid: Pid) -> bool {
        let it = self.pid == Some(pid);
        if it {
            self.pid = None;
        }
        it
    }

    /// Sends it a signal.
    pub fn signal(&self, number: u8) {
        if let (Some(pid), Ok(signal)) = (self.pid, Signal::try_from(i32::from(number))) {
            let _ = kill(pid, signal);
        }
    }

    fn explain(&self, step: i64, errno: Errno) -> (Status, String) {
        // A name that is empty could not be seen.
        let name = show_bytes(if self.name.is_empty() { b"''" } else { &self.name });
        if step == Step::Enter as i64 {
            let why = format!("{name}: cannot enter its directory: {}", reason(errno));
            return (Status::CANNOT_RUN, why);
        }
        if step == Step::Prepare as i64 {
            let why = format!("{name}: cannot give it its descriptors: {}", reason(errno));
            return (Status::CANNOT_RUN, why);
        }
        if !matches!(errno, Errno::ENOENT | Errno::ENOTDIR) {
            return (Status::CANNOT_RUN, format!("{name}: {}", reason(errno)));
        }
        let found = candidates(&self.name, &self.path)
            .into_iter()
            .find(|path| Path::new(std::ffi::OsStr::from_bytes(path)).exists());
        let why = match found {
            Some(path) => format!(
                "{}: the interpreter or loader it asks for does not exist",
                show_bytes(&path)
            ),
            None if self.name.contains(&b'/') => format!("{name}: {}", reason(errno)),
            None => format!("{name}: command not found in {}", show_bytes(&self.path)),
        };
        (Status::NOT_FOUND, why)
    }
}

/// What a child was at when it failed.
#[derive(Clone, Copy)]
enum Step {
    Prepare,
    Enter,
    Exec,
}

/// Everything a child needs, made before the fork.
struct Plan {
    files: Vec<CString>,
    argv: Vec<CString>,
    env: Vec<CString>,
    cwd: CString,
    terminal: bool,
}

impl Plan {
    fn new(spec: &Spec) -> Result<Plan, String> {
        let path = spec.env(b"PATH").unwrap_or(DEFAULT_PATH);
        let name = spec.argv.first().ok_or("no command")?;
        let cwd = if spec.cwd.is_empty() { b"/".to_vec() } else { spec.cwd.clone() };
        Ok(Plan {
            files: strings(&candidates(name, path))?,
            argv: strings(&spec.argv)?,
            env: strings(&spec.env)?,
            cwd: CString::new(cwd).map_err(|_| "a NUL in the job's directory")?,
            terminal: spec.tty.is_some(),
        })
    }

    /// In the child: becomes the command. Returns only with the reason why it
    /// could not.
    fn become_it(&self, theirs: Theirs) -> (Step, Errno) {
        if let Err(errno) = self.prepare(theirs) {
            return (Step::Prepare, errno);
        }
        if let Err(errno) = nix::unistd::chdir(self.cwd.as_c_str()) {
            return (Step::Enter, errno);
        }
        (Step::Exec, self.exec())
    }

    fn prepare(&self, theirs: Theirs) -> Result<(), Errno> {
        nix::unistd::setsid()?;
        if self.terminal {
            tty::make_controlling(&theirs.input)?;
        }
        dup2_stdin(&theirs.input)?;
        dup2_stdout(&theirs.output)?;
        dup2_stderr(&theirs.error)?;
        sys::fd::close_others_on_exec();
        umask(Mode::from_bits_truncate(0o022));
        sys::process::reset_signals();
        Ok(())
    }

    /// Tries every candidate. As with execvp(3), one that is there but may
    /// not be run is remembered and the search goes on.
    fn exec(&self) -> Errno {
        let mut answer = Errno::ENOENT;
        for file in &self.files {
            match execve(file, &self.argv, &self.env) {
                Ok(never) => match never {},
                Err(Errno::ENOENT | Errno::ENOTDIR) => {}
                Err(Errno::EACCES) => answer = Errno::EACCES,
                Err(errno) => return errno,
            }
        }
        answer
    }
}

fn strings(list: &[Vec<u8>]) -> Result<Vec<CString>, String> {
    list.iter()
        .map(|bytes| CString::new(bytes.as_slice()).map_err(|_| "a NUL in the job".to_string()))
        .collect()
}

/// The files that `name` may stand for.
fn candidates(name: &[u8], path: &[u8]) -> Vec<Vec<u8>> {
    if name.contains(&b'/') || name.is_empty() {
        return vec![name.to_vec()];
    }
    path.split(|&b| b == b':')
        .map(|dir| {
            let dir = if dir.is_empty() { b"." } else { dir };
            [dir, name].join(&b'/')
        })
        .collect()
}

/// The command's ends of its streams.
struct Theirs {
    input: OwnedFd,
    output: OwnedFd,
    error: OwnedFd,
}

fn pipes() -> Result<(Theirs, Ends), String> {
    let (their_input, input) = pipe()?;
    let (output, their_output) = pipe()?;
    let (error, their_error) = pipe()?;
    for fd in [&input, &output] {
        // A smaller one only costs time.
        let _ = fcntl(fd, FcntlArg::F_SETPIPE_SZ(PIPE_SIZE));
    }
    for fd in [&their_input, &their_output, &their_error] {
        blocking(fd, true)?;
    }
    for fd in [&input, &output, &error] {
        blocking(fd, false)?;
    }
    Ok((
        Theirs { input: their_input, output: their_output, error: their_error },
        Ends { input, output, error: Some(error) },
    ))
}

fn terminal(size: crate::job::Size) -> Result<(Theirs, Ends), String> {
    let size = Winsize { ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0 };
    let pty = nix::pty::openpty(Some(&size), None)
        .map_err(|e| format!("no terminal for the command: {} (is devpts mounted?)", reason(e)))?;
    let input = high(&pty.slave)?;
    let theirs = Theirs { output: high(&input)?, error: high(&input)?, input };
    let output = high(&pty.master)?;
    blocking(&output, false)?;
    Ok((theirs, Ends { input: high(&output)?, output, error: None }))
}

/// Both ends of a pipe, above the standard descriptors and closed on exec.
fn pipe() -> Result<(OwnedFd, OwnedFd), String> {
    let (from, to) =
        pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK).map_err(|e| format!("pipe: {}", reason(e)))?;
    Ok((high(&from)?, high(&to)?))
}

/// The same file under a number above 2, closed on exec: a standard descriptor
/// that was not open must not become part of a stream.
fn high(fd: &OwnedFd) -> Result<OwnedFd, String> {
    sys::fd::duplicate_from(fd.as_fd(), 3).map_err(|e| format!("descriptor: {}", reason(e)))
}

fn blocking(fd: &OwnedFd, yes: bool) -> Result<(), String> {
    let flags = if yes { OFlag::empty() } else { OFlag::O_NONBLOCK };
    fcntl(fd, FcntlArg::F_SETFL(flags))
        .and_then(|_| fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)))
        .map_err(|e| format!("descriptor: {}", reason(e)))?;
    Ok(())
}
