//! Virtual machine runner: boots a folder or disk of the host with QEMU, runs
//! a command in it, or sits at its console.
//!
//! One thread, one loop. QEMU and the virtiofsds are children that die with
//! the runner; their sockets are made here and handed over, so that nothing
//! has a name that could be left behind.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, setsockopt, socketpair, sockopt};
use nix::unistd::{AccessFlags, access};

use crate::applet::{self, Ctx, Env, Error, Status, complain, show};
use crate::cmdline::Cmdline;
use crate::job::{self, Size, Spec};
use crate::sys;

pub mod accel;
mod child;
mod console;
pub mod door;
mod flow;
mod initramfs;
pub mod kernel;
pub mod qemu;
mod report;
mod session;
pub mod share;
mod terminal;

use child::Child;
use console::Console;
use door::Door;
use flow::Flow;
use qemu::{Accel, Disk, Machine, Use, Words};
use report::{End, RUNNER_FAILED, Times};
use session::{Job, Limits, Session, State};
use share::Folder;

/// What a socket to QEMU should hold, so that bulk needs fewer turns.
const SOCKET_SIZE: usize = 256 * 1024;

/// The longest tag that virtiofs has (struct virtio_fs_config).
const TAG_LIMIT: usize = 36;

/// A distribution's kernel wants this much for itself; a machine with less,
/// and room for the image, that never comes to its init had too little.
const MEMORY_WANTED: u64 = 80 << 20;

/// Where a command is looked for in the machine.
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// One more folder.
#[derive(Clone, Debug)]
pub struct Mount {
    /// Its name: it is mounted on /run/mnt/TAG.
    pub tag: String,
    /// It.
    pub dir: PathBuf,
    /// Whether the machine may write to it.
    pub writable: bool,
}

/// What a machine is to be.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The folder that is its root.
    pub root: Option<PathBuf>,
    /// Whether it may write to the root folder and the disks.
    pub writable: bool,
    /// Whether a layer in its memory takes what it writes to the root.
    pub overlay: bool,
    /// More folders.
    pub mounts: Vec<Mount>,
    /// Disk images.
    pub disks: Vec<PathBuf>,
    /// The kernel's file.
    pub kernel: Option<PathBuf>,
    /// The kernel's modules.
    pub modules: Option<PathBuf>,
    /// An initramfs to be used instead of one of ours.
    pub initrd: Option<PathBuf>,
    /// Bytes of memory.
    pub memory: u64,
    /// Processors.
    pub cpus: u32,
    /// More words for the kernel command line.
    pub append: Vec<String>,
    /// What may run it; empty for what works.
    pub accel: Vec<Accel>,
    /// Whether it has a network.
    pub network: bool,
    /// How long it may take altogether.
    pub timeout: Option<Duration>,
    /// Whether to print a report.
    pub json: bool,
    /// Whether to show the kernel's messages and what is being done.
    pub verbose: bool,
    /// Whether modules keep their signatures.
    pub keep_signatures: bool,
    /// The init of the root.
    pub init: Option<String>,
    /// Whether `attach` may come to its rescue shell.
    pub door: bool,
    /// What `attach` knows it by; its process when it has no name.
    pub name: Option<String>,
    /// The command to run in it.
    pub command: Vec<OsString>,
}

/// What was found and made for a run, for the report.
#[derive(Default)]
struct Facts {
    kernel: Option<kernel::Kernel>,
    accel: Option<Accel>,
    accel_reason: Option<String>,
    qemu: Option<PathBuf>,
    daemon: Option<share::Daemon>,
    image: u64,
    line: String,
    carried: Option<[u64; 3]>,
}

/// Runs a machine. The result is the exit status of the applet.
pub fn run(cx: &mut Ctx<'_>, options: &Options) -> Result<Status, Error> {
    let mut times = Times::start();
    let mut facts = Facts::default();
    let end = match attempt(cx, options, &mut times, &mut facts) {
        Ok(end) => end,
        Err(error) if error.is_usage() => return Err(error.with(RUNNER_FAILED)),
        Err(error) => End::Runner(error.to_string()),
    };
    times.note("end");
    if let Some(message) = end.message() {
        complain(cx.stderr, cx.name, &message);
    }
    if options.json {
        let mut text = report(&end, &times, &facts);
        text.push('\n');
        let _ = applet::write_all(cx.stderr, text.as_bytes());
    }
    Ok(end.status())
}

fn report(end: &End, times: &Times, facts: &Facts) -> String {
    let path = |path: &Path| show(path).to_string();
    let mut object = report::describe(end, times);
    if let Some(kernel) = &facts.kernel {
        let mut about = report::Object::new();
        about.text("path", Some(&path(&kernel.path)));
        let version = applet::show_bytes(&kernel.version).to_string();
        about.text("version", Some(&version));
        about.truth("unpacked", kernel.unpacked);
        let modules = kernel.modules.as_deref().map(path);
        about.text("modules", modules.as_deref());
        object.object("kernel", about);
    }
    object.text("accel", facts.accel.map(Accel::name));
    object.text("no_kvm", facts.accel_reason.as_deref());
    object.text("qemu", facts.qemu.as_deref().map(path).as_deref());
    object.text("virtiofsd", facts.daemon.as_ref().map(|daemon| path(&daemon.path)).as_deref());
    object.number("image_bytes", facts.image);
    object.text("command_line", Some(&facts.line));
    if let Some([input, output, error]) = facts.carried {
        object.number("in_bytes", input);
        object.number("out_bytes", output);
        object.number("err_bytes", error);
    }
    object.finish()
}

/// Everything up to the end of the machine. An error is the runner's.
fn attempt(
    cx: &mut Ctx<'_>,
    options: &Options,
    times: &mut Times,
    facts: &mut Facts,
) -> Result<End, Error> {
    // Before anything is started: whatever comes then waits for the loop.
    let signals = take_signals()?;
    let purpose = if options.command.is_empty() { Use::Console } else { Use::Job };
    let door = door(cx, options, purpose)?;
    let folders = folders(options)?;
    let disks = disks(options)?;
    let qemu = qemu::find(cx.env)?;
    facts.qemu = Some(qemu.clone());
    let cache = cache(cx.env);
    let kernel = kernel::find(&kernel::Wanted {
        kernel: options.kernel.as_deref(),
        modules: options.modules.as_deref(),
        root: options.root.as_deref(),
        append: &options.append,
        cache: cache.as_deref(),
    })?;
    times.note("kernel");
    let choice = accel::choose(&options.accel, &qemu, &kernel.boot, cache.as_deref())?;
    facts.accel = Some(choice.accel);
    if choice.fresh
        && let Some(reason) = &choice.reason
    {
        let text = format!("note: no KVM, {reason}; running in emulation (--accel overrides)");
        complain(cx.stderr, cx.name, &text);
    }
    facts.accel_reason = choice.reason;

    let terminal = sys::tty::size(cx.stdin).ok().filter(|_| is_terminal(cx.stdout));
    let environment = environment(cx.env, terminal);
    facts.line = qemu::line(&Words {
        purpose,
        accel: choice.accel,
        cpus: options.cpus,
        verbose: options.verbose,
        root: options.root.is_some(),
        writable: options.writable,
        overlay: options.overlay,
        mounts: &folders
            .iter()
            .filter(|folder| folder.tag != "rootfs")
            .map(|folder| (folder.tag.as_str(), folder.writable))
            .collect::<Vec<_>>(),
        // Of somebody else's initramfs nothing is known.
        network: options.network && options.initrd.is_none(),
        init: options.init.as_deref(),
        door: door.is_some(),
        environment: if purpose == Use::Console { &environment } else { &[] },
        append: &options.append,
    })?;
    if purpose == Use::Job && !Cmdline::parse(facts.line.as_bytes()).breaks.is_empty() {
        return Err(Error::usage(
            "rd.break waits for a person, and a COMMAND leaves no place to type",
        ));
    }

    let temporary = temporary(cx.env);
    let mut shares: Vec<(String, Child)> = Vec::new();
    let mut sockets: Vec<OwnedFd> = Vec::new();
    if !folders.is_empty() {
        let daemon = share::find_daemon(cx.env)?;
        for folder in &folders {
            let share = share::start(&daemon, folder, &temporary)?;
            shares.push((folder.tag.clone(), share.child));
            sockets.push(share.socket);
        }
        facts.daemon = Some(daemon);
    }
    times.note("shares");

    let spec = (purpose == Use::Job).then(|| Spec {
        argv: options.command.iter().map(|arg| arg.as_bytes().to_vec()).collect(),
        env: job_environment(&environment),
        cwd: b"/".to_vec(),
        tty: terminal.map(|(rows, columns)| Size { rows, columns }),
    });
    let extra = match (&spec, &door) {
        (Some(spec), _) => Some((job::SPEC_PATH, spec.encode())),
        (None, Some(door)) => Some((job::TOKEN_PATH, door.token.clone())),
        (None, None) => None,
    };
    let image = match &options.initrd {
        Some(path) => initramfs::given(path, extra)?,
        None => initramfs::build(cx.table, options, &kernel, extra, &|note| {
            complain(cx.stderr, cx.name, &format_args!("note: {note}"));
        })?,
    };
    facts.image = image.size;
    times.note("image");

    let (console, their_console) = pair()?;
    let mut ports = Vec::new();
    let mut their_ports = Vec::new();
    if purpose == Use::Job {
        for _ in 0..4 {
            let (ours, theirs) = pair()?;
            ports.push(ours);
            their_ports.push(theirs);
        }
    }
    let ports: Option<[OwnedFd; 4]> = <[OwnedFd; 4]>::try_from(ports).ok();
    let numbers: Vec<i32> = their_ports.iter().map(AsRawFd::as_raw_fd).collect();
    let tags: Vec<(&str, i32)> = folders
        .iter()
        .zip(&sockets)
        .map(|(folder, socket)| (folder.tag.as_str(), socket.as_raw_fd()))
        .collect();
    let args = qemu::arguments(&Machine {
        name: match &options.name {
            Some(name) => OsStr::new(name),
            None => options.root.as_deref().unwrap_or(Path::new("rescuebox")).as_os_str(),
        },
        accel: choice.accel,
        purpose,
        kernel: &kernel.boot,
        initrd: Some(&image.path()),
        line: &facts.line,
        memory: options.memory,
        cpus: options.cpus,
        console: their_console.as_raw_fd(),
        ports: <[i32; 4]>::try_from(numbers).ok(),
        door: door.as_ref().map(Door::number),
        shares: &tags,
        disks: &disks,
        network: options.network,
    });
    facts.kernel = Some(kernel);
    let mut keep = vec![their_console.as_fd(), image.fd.as_fd()];
    keep.extend(their_ports.iter().map(AsFd::as_fd));
    keep.extend(door.iter().map(|door| door.listener.as_fd()));
    keep.extend(sockets.iter().map(AsFd::as_fd));
    if options.verbose {
        complain(cx.stderr, cx.name, &format_args!("{}", words(&qemu, &args)));
    }
    let mut machine = child::start(&child::Start {
        program: &qemu,
        args: &args,
        keep: &keep,
        stdout: None,
        prepare: &|| Ok(()),
    })?;
    drop((their_console, their_ports, sockets, image));
    times.note("qemu");

    let interactive = terminal.is_some();
    if interactive && purpose == Use::Console {
        complain(cx.stderr, cx.name, &"Ctrl-] three times within a second ends the machine");
    }
    let raw = if interactive {
        Some(terminal::Raw::enter(cx.stdin).map_err(|e| Error::os("terminal", e))?)
    } else {
        None
    };
    let mut session = Session {
        qemu: &mut machine,
        shares: &mut shares,
        console: &console,
        shown: match purpose {
            Use::Console => Some(Flow::new(console.as_fd(), cx.stdout)),
            Use::Job if options.verbose => Some(Flow::new(console.as_fd(), cx.stderr)),
            Use::Job => None,
        },
        typed: (purpose == Use::Console).then(|| Flow::into_socket(cx.stdin, console.as_fd())),
        job: ports
            .as_ref()
            .map(|ports| Job::new(ports, [cx.stdin, cx.stdout, cx.stderr], interactive)),
        signals: &signals,
        terminal: interactive.then_some(cx.stdin),
        limits: Limits {
            timeout: options.timeout,
            end_on_failure: purpose == Use::Job,
            named: options.name.is_some(),
            memory: options.memory,
            memory_wanted: MEMORY_WANTED + 4 * facts.image,
        },
        times,
        log: Console::default(),
        state: State::default(),
    };
    let end = session.run();
    facts.carried =
        session.job.as_ref().map(|job| [job.input.read(), job.output.read(), job.error.read()]);
    drop(session);
    drop(raw);
    // A machine with a disk gets to close it. For others there is nothing to
    // be lost: what was written to a share is with the host already.
    let ask = if disks.is_empty() { Signal::SIGKILL } else { Signal::SIGTERM };
    machine.end(Some(ask), Duration::from_secs(5));
    for (_, child) in &mut shares {
        // They end when QEMU's connection does.
        child.end(None, Duration::from_secs(2));
    }
    Ok(end)
}

/// The door to the rescue shell. A machine with a job ends when its boot
/// fails, and somebody else's initramfs has no such shell unless told so.
fn door(cx: &Ctx<'_>, options: &Options, purpose: Use) -> Result<Option<Door>, Error> {
    if !options.door || purpose == Use::Job || (options.initrd.is_some() && options.name.is_none())
    {
        return Ok(None);
    }
    if let Some(name) = &options.name {
        return Door::open(cx.env, name).map(Some);
    }
    match Door::open(cx.env, &std::process::id().to_string()) {
        Ok(door) => Ok(Some(door)),
        Err(error) => {
            complain(cx.stderr, cx.name, &format_args!("note: no attach: {error}"));
            Ok(None)
        }
    }
}

/// Signals that the loop deals with, blocked for everything else. Children
/// unblock them.
fn take_signals() -> Result<SignalFd, Error> {
    sys::process::ignore_broken_pipes();
    let mut mask = SigSet::empty();
    for signal in [
        Signal::SIGINT,
        Signal::SIGTERM,
        Signal::SIGHUP,
        Signal::SIGQUIT,
        Signal::SIGCHLD,
        Signal::SIGWINCH,
        Signal::SIGUSR1,
        Signal::SIGUSR2,
    ] {
        mask.add(signal);
    }
    sigprocmask(SigmaskHow::SIG_BLOCK, Some(&mask), None).map_err(|e| Error::os("signals", e))?;
    SignalFd::with_flags(&mask, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
        .map_err(|e| Error::os("signalfd", e))
}

/// The folders to share: the root first.
fn folders(options: &Options) -> Result<Vec<Folder>, Error> {
    let real = |dir: &Path| {
        let real = std::fs::canonicalize(dir).map_err(|e| Error::os(show(dir), e))?;
        if !real.is_dir() {
            return Err(Error::msg(format_args!("{}: not a folder", show(dir))));
        }
        // virtiofsd would only be gone, and QEMU complain of its protocol.
        match access(&real, AccessFlags::R_OK | AccessFlags::X_OK) {
            Ok(()) => Ok(real),
            Err(errno) => Err(Error::os(show(dir), errno)),
        }
    };
    let mut list = Vec::new();
    if let Some(root) = &options.root {
        let writable = options.writable && !options.overlay;
        list.push(Folder { tag: "rootfs".to_string(), dir: real(root)?, writable });
    }
    for mount in &options.mounts {
        let Mount { tag, dir, writable } = mount;
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '@');
        if tag.is_empty() || tag.len() > TAG_LIMIT || tag.starts_with('.') || !tag.chars().all(good)
        {
            return Err(Error::usage(format_args!(
                "'{}': a tag is 1 to {TAG_LIMIT} letters, digits or -_.+@, not with a dot in front",
                show(tag)
            )));
        }
        if list.iter().any(|folder: &Folder| folder.tag == *tag) {
            return Err(Error::usage(format_args!("'{tag}': there are two shares of this tag")));
        }
        list.push(Folder { tag: tag.clone(), dir: real(dir)?, writable: *writable });
    }
    Ok(list)
}

fn disks(options: &Options) -> Result<Vec<Disk>, Error> {
    use std::io::Read;
    use std::os::unix::fs::FileTypeExt;
    let mut list = Vec::new();
    for path in &options.disks {
        let wrong = |e| Error::os(show(path), e);
        let path = std::fs::canonicalize(path).map_err(wrong)?;
        let mut head = Vec::new();
        let file = kernel::open_without_waiting(&path)?;
        let kind = file.metadata().map_err(wrong)?.file_type();
        if !kind.is_file() && !kind.is_block_device() {
            let path = show(&path);
            return Err(Error::msg(format_args!("{path}: neither a disk image nor a disk")));
        }
        file.take(4).read_to_end(&mut head).map_err(wrong)?;
        let format = qemu::disk_format(&head);
        list.push(Disk { path, format, writable: options.writable });
    }
    Ok(list)
}

/// The folder for what is worth keeping between runs.
fn cache(env: Env<'_>) -> Option<PathBuf> {
    let set = |name: &[u8]| env.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = match set(b"XDG_CACHE_HOME").filter(|path| path.is_absolute()) {
        Some(base) => base,
        None => set(b"HOME")?.join(".cache"),
    };
    Some(base.join("rescuebox"))
}

/// The folder for sockets while they have names.
fn temporary(env: Env<'_>) -> PathBuf {
    let set = |name: &[u8]| env.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    [set(b"XDG_RUNTIME_DIR"), set(b"TMPDIR")]
        .into_iter()
        .flatten()
        .find(|dir| dir.is_dir())
        .unwrap_or_else(|| PathBuf::from("/tmp"))
}

/// TERM and the size of the terminal, for an init at the console.
fn environment(env: Env<'_>, terminal: Option<(u16, u16)>) -> Vec<String> {
    let Some((rows, columns)) = terminal else { return Vec::new() };
    let term = env.get(b"TERM").and_then(OsStr::to_str).filter(|term| {
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        !term.is_empty() && term.len() <= 32 && term.chars().all(good)
    });
    let mut list = vec![format!("TERM={}", term.unwrap_or("vt100"))];
    if rows > 0 && columns > 0 {
        list.push(format!("LINES={rows}"));
        list.push(format!("COLUMNS={columns}"));
    }
    list
}

/// What a command finds in its environment: nothing of the host's but the kind
/// of terminal.
fn job_environment(terminal: &[String]) -> Vec<Vec<u8>> {
    let fixed = [PATH, "HOME=/root", "USER=root", "LOGNAME=root", "SHELL=/bin/sh"];
    let term = terminal.iter().find(|entry| entry.starts_with("TERM="));
    fixed
        .into_iter()
        .chain(term.map(String::as_str))
        .map(|entry| entry.as_bytes().to_vec())
        .collect()
}

fn is_terminal(fd: impl AsFd) -> bool {
    sys::tty::size(fd).is_ok()
}

/// Connected sockets: ours does not block, QEMU sets up its own.
fn pair() -> Result<(OwnedFd, OwnedFd), Error> {
    let wrong = |e| Error::os("socketpair", e);
    let (ours, theirs) =
        socketpair(AddressFamily::Unix, SockType::Stream, None, SockFlag::SOCK_CLOEXEC)
            .map_err(wrong)?;
    for socket in [&ours, &theirs] {
        // A smaller one only costs time.
        let _ = setsockopt(socket, sockopt::SndBuf, &SOCKET_SIZE);
    }
    fcntl(&ours, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map_err(wrong)?;
    Ok((ours, theirs))
}

/// A command line for people.
fn words(program: &Path, args: &[OsString]) -> String {
    let mut text = show(program).to_string();
    for arg in args {
        text.push(' ');
        let word = show(arg).to_string();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./,:@+".contains(c);
        if !word.is_empty() && word.chars().all(plain) {
            text.push_str(&word);
        } else {
            text.push_str(&format!("'{}'", word.replace('\'', "'\\''")));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_names() {
        let with = |tag: &str| Options {
            mounts: vec![Mount { tag: tag.into(), dir: "/".into(), writable: false }],
            ..Options::default()
        };
        assert!(folders(&with("data_1")).is_ok());
        for wrong in ["", "a b", "a/b", "..", "a\"b", &"x".repeat(37)] {
            assert!(folders(&with(wrong)).unwrap_err().is_usage(), "{wrong}");
        }
        let twice = Options { root: Some("/".into()), ..with("rootfs") };
        assert!(folders(&twice).unwrap_err().is_usage());
        let file = Options { root: Some("/etc/passwd".into()), ..Options::default() };
        assert_eq!(folders(&file).unwrap_err().to_string(), "/etc/passwd: not a folder");
    }

    #[test]
    fn little_of_the_host_gets_in() {
        let list = [OsString::from("TERM=xterm"), OsString::from("SECRET=x")];
        let terminal = environment(Env::List(&list), Some((24, 80)));
        assert_eq!(terminal, ["TERM=xterm", "LINES=24", "COLUMNS=80"]);
        let env = job_environment(&terminal);
        assert_eq!(env.last().unwrap(), b"TERM=xterm");
        assert_eq!(env.len(), 6);
        let list = [OsString::from("TERM=a b")];
        assert_eq!(environment(Env::List(&list), Some((0, 0))), ["TERM=vt100"]);
    }

    #[test]
    fn command_lines_can_be_pasted() {
        let args = ["-a", "b c", "it's", ""].map(OsString::from);
        assert_eq!(words(Path::new("/q"), &args), "/q -a 'b c' 'it'\\''s' ''");
    }
}
