//! The contract between the program and its applets.
//!
//! An applet is a constant [`Applet`]; its `run` gets a [`Ctx`] and returns a
//! [`Status`] or an [`Error`]. It takes everything from the context (name,
//! arguments, environment, descriptors) and nothing from the process, so that
//! the shell can call it inside itself with other descriptors or another
//! environment.

use std::ffi::{OsStr, OsString};
use std::fmt::{self, Display, Write as _};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::sys::wait::WaitStatus;

use crate::characters::{self, Characters};
use crate::options::Options;
use crate::sys;

/// How the shell may run an applet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// In the shell's own process: it does not block, read the terminal or
    /// change working directory, umask, signals or environment.
    NoFork,
    /// In a forked child, without exec: it works in a root whose `/proc` is
    /// gone.
    Fork,
    /// By exec: daemons and long runners.
    Exec,
}

/// One command of the program.
pub struct Applet {
    /// The name that it is called by.
    pub name: &'static str,
    /// What it does, in a few words, for lists.
    pub summary: &'static str,
    /// Its options and operands, without the name, and what each means when
    /// that needs more lines.
    pub usage: &'static str,
    /// How the shell may run it.
    pub kind: Kind,
    /// The applet itself.
    pub run: fn(&mut Ctx) -> Result<Status, Error>,
}

/// A name and the applet it stands for. Aliases are rows of their own.
#[derive(Clone, Copy)]
pub struct Row {
    /// The name typed.
    pub name: &'static str,
    /// The applet that answers to it.
    pub applet: &'static Applet,
}

/// What the rows of a table are for.
pub struct Purposes {
    /// For each row, in the low four bits the place of its purpose's title.
    pub of: &'static [u8],
    /// The titles.
    pub titles: &'static [&'static str],
}

/// The applets there are, sorted by name.
pub struct Table(pub &'static [Row], pub Purposes);

impl Table {
    /// The row of exactly this name.
    pub fn find(&self, name: &[u8]) -> Option<&'static Row> {
        let at = self.0.binary_search_by(|row| row.name.as_bytes().cmp(name)).ok()?;
        self.0.get(at)
    }
}

/// An exit status: 0 success, 1 failure, 2 usage, 126 cannot be run, 127 not
/// found, 128+N killed by signal N.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(pub u8);

impl Status {
    /// It worked.
    pub const OK: Status = Status(0);
    /// It failed, or the answer is no.
    pub const FAILURE: Status = Status(1);
    /// The command line makes no sense.
    pub const USAGE: Status = Status(2);
    /// Found but cannot be run.
    pub const CANNOT_RUN: Status = Status(126);
    /// Not found.
    pub const NOT_FOUND: Status = Status(127);

    /// The status of a process that signal number `signal` ended.
    pub fn of_signal(signal: i32) -> Status {
        Status(128u8.wrapping_add(u8::try_from(signal & 0x7f).unwrap_or(0)))
    }

    /// The status of a process that has ended; none of one that has not.
    pub fn of_wait(status: &WaitStatus) -> Option<Status> {
        match status {
            WaitStatus::Exited(_, code) => Some(Status(u8::try_from(*code & 0xff).unwrap_or(255))),
            WaitStatus::Signaled(_, signal, _) => Some(Status::of_signal(*signal as i32)),
            _ => None,
        }
    }

    /// 0 for true and 1 for false.
    pub fn from_bool(yes: bool) -> Status {
        if yes { Status::OK } else { Status::FAILURE }
    }
}

/// Why an applet failed. The caller prints it behind the applet's name. One
/// pointer, because every function that can fail returns one.
#[derive(Debug)]
pub struct Error(Box<Failure>);

#[derive(Debug)]
struct Failure {
    /// The whole message, or of a system call the object: a quoted path, a
    /// device, an address.
    what: String,
    /// The system's answer.
    source: Option<io::Error>,
    status: Status,
    usage: bool,
}

impl Error {
    /// A program that cannot be run: exit status 127 when it is not there,
    /// otherwise 126 (POSIX, env, nice, nohup).
    #[inline(never)]
    pub fn not_run(program: impl Display, errno: Errno) -> Error {
        let missing = errno == Errno::ENOENT;
        let status = if missing { Status::NOT_FOUND } else { Status::CANNOT_RUN };
        Error::os(program, errno).with(status)
    }

    /// An error of the system on `what`; exit status 1.
    #[inline(never)]
    #[cold]
    pub fn os(what: impl Display, source: impl Into<io::Error>) -> Error {
        failure(&what, Some(source.into()), Status::FAILURE)
    }

    /// A failure in words; exit status 1.
    #[inline(never)]
    #[cold]
    pub fn msg(text: impl Display) -> Error {
        failure(&text, None, Status::FAILURE)
    }

    /// A failure in words with a name before them: `what: text`.
    #[inline(never)]
    #[cold]
    pub fn about(what: Show<'_>, text: &str) -> Error {
        Error::msg(format_args!("{what}: {text}"))
    }

    /// A command line that makes no sense; exit status 2 (see [`Error::with`]
    /// for another).
    #[inline(never)]
    #[cold]
    pub fn usage(text: impl Display) -> Error {
        failure(&text, None, Status::USAGE)
    }

    /// A word of the command line that makes no sense: `what: text`.
    #[inline(never)]
    #[cold]
    pub fn bad(what: Show<'_>, text: &str) -> Error {
        Error::usage(format_args!("{what}: {text}"))
    }

    /// The same error with another exit status.
    #[must_use]
    pub fn with(mut self, status: Status) -> Error {
        self.0.status = status;
        self
    }

    /// The exit status that it means.
    pub fn status(&self) -> Status {
        self.0.status
    }

    /// Whether the command line was at fault.
    pub fn is_usage(&self) -> bool {
        self.0.usage
    }

    /// The system's error number, when it is one of the system.
    pub fn errno(&self) -> Option<i32> {
        self.0.source.as_ref()?.raw_os_error()
    }

    /// The same error of the system on something else.
    #[must_use]
    pub fn on(mut self, what: String) -> Error {
        if self.0.source.is_some() {
            self.0.what = what;
        }
        self
    }

    /// Whether it says that the reader of our output has gone away, which is
    /// no news to anybody.
    pub fn is_closed_pipe(&self) -> bool {
        self.errno() == Some(libc::EPIPE)
    }
}

/// One copy for all errors: where they are made must stay small.
#[inline(never)]
#[cold]
fn failure(what: &dyn Display, source: Option<io::Error>, status: Status) -> Error {
    let usage = status == Status::USAGE;
    Error(Box::new(Failure { what: what.to_string(), source, status, usage }))
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.0.what.as_str();
        match &self.0.source {
            // A name that is empty could not be seen.
            Some(source) if what.is_empty() => write!(f, "'': {}", reason(source)),
            Some(source) => write!(f, "{what}: {}", reason(source)),
            None => f.write_str(what),
        }
    }
}

impl From<lexopt::Error> for Error {
    #[inline(never)]
    #[cold]
    fn from(error: lexopt::Error) -> Error {
        // lexopt's own words need Rust's debugging format, which the static
        // build does without.
        match error {
            lexopt::Error::UnexpectedArgument(word) => {
                Error::bad(show(&word), "unexpected argument")
            }
            lexopt::Error::UnexpectedValue { option, .. } => {
                Error::usage(format_args!("option '{option}' takes no value"))
            }
            other => Error::usage(other),
        }
    }
}

/// The system's words for an error, without "(os error 2)".
pub fn reason(error: &io::Error) -> Reason<'_> {
    Reason(error)
}

/// See [`reason`].
pub struct Reason<'a>(&'a io::Error);

impl Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.raw_os_error() {
            Some(errno) => f.write_str(sys::text::error_text(errno)),
            None => self.0.fmt(f),
        }
    }
}

/// A name as it can be shown in a message: as it is when it is plain text,
/// otherwise with control and undecodable bytes as `\xNN`, so that no name can
/// move the cursor of the terminal that the message is read on.
pub fn show<T: AsRef<OsStr> + ?Sized>(name: &T) -> Show<'_> {
    Show(name.as_ref().as_bytes())
}

/// [`show`] for bytes.
pub fn show_bytes(name: &[u8]) -> Show<'_> {
    Show(name)
}

/// See [`show`].
pub struct Show<'a>(&'a [u8]);

impl Display for Show<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            let text = chunk.valid();
            if text.bytes().all(|b| matches!(b, b' '..=b'~')) {
                f.write_str(text)?;
            } else {
                for c in text.chars() {
                    if c.is_control() {
                        put_hex(f, c.encode_utf8(&mut [0; 4]).as_bytes())?;
                    } else {
                        f.write_char(c)?;
                    }
                }
            }
            put_hex(f, chunk.invalid())?;
        }
        Ok(())
    }
}

fn put_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|b| write!(f, "\\x{b:02x}"))
}

/// The environment an applet sees.
#[derive(Clone, Copy)]
pub enum Env<'a> {
    /// That of the process.
    Process,
    /// `NAME=VALUE` entries of the caller.
    List(&'a [OsString]),
}

impl<'a> Env<'a> {
    /// The value of the variable `name`.
    pub fn get(&self, name: &[u8]) -> Option<&'a OsStr> {
        self.iter().find_map(|entry| {
            let value = entry.as_bytes().strip_prefix(name)?.strip_prefix(b"=")?;
            Some(OsStr::from_bytes(value))
        })
    }

    /// What the locale has for characters.
    pub fn characters(&self) -> Characters {
        let value = |name: &[u8]| self.get(name).map(OsStr::as_bytes);
        Characters::of_locale(characters::VARIABLES.map(value))
    }

    /// All entries, `NAME=VALUE`.
    pub fn iter(&self) -> Box<dyn Iterator<Item = &'a OsStr> + 'a> {
        match *self {
            Env::Process => Box::new(sys::start::environment().map(|entry| -> &'a OsStr { entry })),
            Env::List(list) => Box::new(list.iter().map(OsString::as_os_str)),
        }
    }
}

/// Where buffered output goes.
enum Sink<'a> {
    Fd(BorrowedFd<'a>),
    Memory,
}

/// Buffered standard output of an applet. It is flushed, and the flush
/// checked, by whoever called the applet; [`Out::flush`] before anything that
/// blocks or forks.
pub struct Out<'a> {
    buffer: Vec<u8>,
    sink: Sink<'a>,
    limit: usize,
}

/// A full buffer: what pipes take at once.
const OUT_LIMIT: usize = 64 * 1024;

impl<'a> Out<'a> {
    /// Output to a descriptor.
    pub fn to_fd(fd: BorrowedFd<'a>) -> Out<'a> {
        Out { buffer: Vec::new(), sink: Sink::Fd(fd), limit: OUT_LIMIT }
    }

    /// Output kept in memory, for a command substitution inside the shell.
    pub fn to_memory() -> Out<'a> {
        Out { buffer: Vec::new(), sink: Sink::Memory, limit: usize::MAX }
    }

    /// Whether it is kept in memory: `stdout` is something else then.
    pub fn is_memory(&self) -> bool {
        matches!(self.sink, Sink::Memory)
    }

    /// What was written to memory.
    pub fn into_memory(self) -> Vec<u8> {
        self.buffer
    }

    fn drain(&mut self) -> io::Result<()> {
        let Sink::Fd(fd) = self.sink else { return Ok(()) };
        let result = write_all(fd, &self.buffer);
        self.buffer.clear();
        result
    }
}

impl Write for Out<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() + bytes.len() > self.limit {
            self.drain()?;
        }
        if bytes.len() >= self.limit
            && let Sink::Fd(fd) = self.sink
        {
            write_all(fd, bytes)?;
        } else {
            self.buffer.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.drain()
    }
}

/// Writes all of `bytes` to `fd`, past short writes, signals, and (by waiting
/// for room) a descriptor that somebody else made non-blocking.
pub fn write_all(fd: BorrowedFd<'_>, mut bytes: &[u8]) -> io::Result<()> {
    use nix::errno::Errno;
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    while !bytes.is_empty() {
        match nix::unistd::write(fd, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => bytes = bytes.get(n..).unwrap_or_default(),
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => {
                let _ = poll(&mut [PollFd::new(fd, PollFlags::POLLOUT)], PollTimeout::NONE);
            }
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

/// What an applet runs with.
pub struct Ctx<'a> {
    /// The name it was called by, one of the table's.
    pub name: &'a str,
    /// `argv[0]` as it was given: `-sh` of a login shell, a path.
    pub argv0: &'a OsStr,
    /// The arguments behind the name.
    pub args: &'a [OsString],
    /// The environment.
    pub env: Env<'a>,
    /// Standard input.
    pub stdin: BorrowedFd<'a>,
    /// What is read in the place of standard input by applets that read it by
    /// [`crate::inputs`] only: the shell gives it to those it knows.
    pub input: Option<Vec<u8>>,
    /// Standard output, unbuffered; use `out`.
    pub stdout: BorrowedFd<'a>,
    /// Standard error.
    pub stderr: BorrowedFd<'a>,
    /// Buffered standard output.
    pub out: Out<'a>,
    /// The applets of this program, for those that run others.
    pub table: &'static Table,
    status: Status,
}

impl<'a> Ctx<'a> {
    /// The context of an applet that runs as this process.
    pub fn of_process(
        table: &'static Table,
        name: &'a str,
        argv0: &'a OsStr,
        args: &'a [OsString],
    ) -> Ctx<'a> {
        let stdout = sys::fd::stdout();
        Ctx {
            name,
            argv0,
            args,
            env: Env::Process,
            stdin: sys::fd::stdin(),
            input: None,
            stdout,
            stderr: sys::fd::stderr(),
            out: Out::to_fd(stdout),
            table,
            status: Status::OK,
        }
    }

    /// Another context with this one's table, for an applet run inside this
    /// process.
    pub fn for_applet<'b>(
        &self,
        name: &'b str,
        argv0: &'b OsStr,
        args: &'b [OsString],
        env: Env<'b>,
        fds: [BorrowedFd<'b>; 3],
        out: Out<'b>,
    ) -> Ctx<'b> {
        let [stdin, stdout, stderr] = fds;
        let table = self.table;
        let input = None;
        Ctx { name, argv0, args, env, stdin, input, stdout, stderr, out, table, status: Status::OK }
    }

    /// Reads the arguments by a table of options: see [`Options`].
    pub fn parse(&self, spec: &str) -> Result<Box<Options>, Error> {
        Options::parse(spec, self.args)
    }

    /// Prints `name: what` on standard error in one write, with what was
    /// written to `out` before it, and makes [`Ctx::status`] a failure: for an
    /// applet that goes on with its next operand.
    #[inline(never)]
    pub fn warn(&mut self, what: impl Display) {
        self.complain(&what);
    }

    fn complain(&mut self, what: &dyn Display) {
        self.status = Status::FAILURE;
        let _ = self.out.flush();
        complain(self.stderr, self.name, what);
    }

    /// Prints `name: what` on standard error: news, not a failure.
    #[inline(never)]
    pub fn note(&self, what: impl Display) {
        complain(self.stderr, self.name, &what);
    }

    /// Opens an operand to read it; `-` is standard input. Names are
    /// relative to the process's folder.
    #[inline(never)]
    pub fn open(&self, name: &OsStr) -> Result<OwnedFd, Error> {
        if name == "-" {
            return sys::fd::duplicate_from(self.stdin, 3)
                .map_err(|e| Error::os("standard input", e));
        }
        sys::path::open(name, nix::fcntl::OFlag::O_RDONLY | nix::fcntl::OFlag::O_NOCTTY)
            .map_err(|e| Error::os(show(name), e))
    }

    /// [`Ctx::open`]; what cannot be opened is warned of.
    #[inline(never)]
    pub fn open_or_warn(&mut self, name: &OsStr) -> Option<OwnedFd> {
        match self.open(name) {
            Ok(fd) => Some(fd),
            Err(error) => {
                self.warn(error);
                None
            }
        }
    }

    /// Makes [`Ctx::status`] a failure without a message.
    pub fn fail(&mut self) {
        self.status = Status::FAILURE;
    }

    /// Failure when anything was warned of, otherwise success.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Writes to `out`.
    #[inline(never)]
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.out.write_all(bytes).map_err(|e| Error::os("standard output", e))
    }

    /// Writes formatted text to `out`.
    #[inline(never)]
    pub fn print(&mut self, text: fmt::Arguments<'_>) -> Result<(), Error> {
        self.out.write_fmt(text).map_err(|e| Error::os("standard output", e))
    }

    /// Becomes the program `argv`, which is looked for in `PATH`. Returns only
    /// the failure: status 127 when it is not found, otherwise 126 (POSIX env,
    /// nice, nohup).
    #[inline(never)]
    pub fn become_program(&mut self, argv: &[OsString]) -> Error {
        if let Err(error) = self.flush() {
            return error;
        }
        let errno = sys::exec::exec(argv, self.env.get(b"PATH"), &mut self.env.iter());
        Error::not_run(show(argv.first().map(OsString::as_os_str).unwrap_or_default()), errno)
    }

    /// The result of an applet whose status 1 is an answer: every error, that
    /// of writing the answer too, is status 2.
    pub fn answered(&mut self, result: Result<Status, Error>) -> Result<Status, Error> {
        let result = result.and_then(|status| self.flush().map(|()| status));
        result.map_err(|e| e.with(Status::USAGE))
    }

    /// Flushes `out`. A full disk or a closed descriptor is an error.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.out.flush().map_err(|e| Error::os("standard output", e))
    }
}

/// Prints `name: what` and a newline on `fd` in one write.
pub fn complain(fd: impl AsFd, name: &str, what: &dyn Display) {
    let mut line = String::new();
    let _ = writeln!(line, "{name}: {what}");
    // There is nobody to tell when standard error fails.
    let _ = write_all(fd.as_fd(), line.as_bytes());
}

/// Runs an applet: answers `--help` for it, prints its error, flushes its
/// output.
pub fn run(applet: &Applet, cx: &mut Ctx<'_>) -> Status {
    let mut result = (applet.run)(cx);
    if let Err(error) = cx.flush()
        && result.is_ok()
    {
        result = Err(error);
    }
    match result {
        Ok(status) => status,
        Err(error) => {
            if !error.is_closed_pipe() {
                complain(cx.stderr, cx.name, &error);
                if error.is_usage() {
                    let usage = first_line(applet.usage);
                    let hint = format!("usage: {} {usage}", cx.name);
                    let hint = format!("{}\n", hint.trim_end());
                    let _ = write_all(cx.stderr, hint.as_bytes());
                }
            }
            error.status()
        }
    }
}

/// The help text of an applet.
pub fn help(name: &str, applet: &Applet) -> String {
    let whole = format!("{name}: {}\nusage: {name} {}\n", applet.summary, applet.usage);
    let mut text = String::with_capacity(whole.len() + 64);
    for line in whole.lines() {
        let mut rest = line;
        // The rest of a line that is too wide comes below it, further in.
        while rest.len() > WIDTH {
            let cut = rest.as_bytes().get(..=WIDTH).unwrap_or_default();
            let inner = rest.len() - rest.trim_start().len() + 1;
            let Some(at) = cut.iter().rposition(|&b| b == b' ').filter(|at| *at > inner) else {
                break;
            };
            let (now, later) = rest.split_at_checked(at).unwrap_or((rest, ""));
            text.push_str(now.trim_end());
            text.push_str("\n      ");
            rest = later.trim_start();
            if rest.len() + 6 <= WIDTH {
                break;
            }
        }
        // An applet without operands has nothing behind its name.
        text.push_str(rest.trim_end());
        text.push('\n');
    }
    text
}

/// How wide the help is at most.
const WIDTH: usize = 80;

fn first_line(text: &str) -> &str {
    text.split('\n').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_never_move_the_cursor() {
        assert_eq!(show("plain é").to_string(), "plain é");
        assert_eq!(show("a\x1b[2Jb\n").to_string(), "a\\x1b[2Jb\\x0a");
        assert_eq!(show_bytes(b"\xff\xc2\x9b").to_string(), "\\xff\\xc2\\x9b");
    }

    #[test]
    fn statuses() {
        assert_eq!(Error::usage("x").status(), Status(2));
        assert_eq!(Error::msg("x").with(Status(127)).status(), Status(127));
        assert!(Error::usage("x").with(Status(125)).is_usage());
        assert_eq!(Status::of_signal(9), Status(137));
    }

    #[test]
    fn reasons_have_no_numbers() {
        let error = Error::os(show("/x"), nix::errno::Errno::ENOENT);
        assert_eq!(error.to_string(), "/x: No such file or directory");
    }

    #[test]
    fn environment_of_a_list() {
        let list = [OsString::from("PATH=/bin"), OsString::from("PATHX=no")];
        let env = Env::List(&list);
        assert_eq!(env.get(b"PATH"), Some(OsStr::new("/bin")));
        assert_eq!(env.get(b"PAT"), None);
    }
}
