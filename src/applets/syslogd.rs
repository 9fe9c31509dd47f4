//! syslogd and logread: the system's log. As busybox has them: one file, other
//! machines, the kernel's log, or a buffer in memory that logread (busybox's
//! as well) reads; and the rules of `/etc/syslog.conf`.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::errno::Errno;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::fsutil::{daemon, journal, ring::Ring};
use crate::net::resolve;
use crate::options::Options;
use crate::sys::signal::{self, Disposition};
use crate::sys::socket::{self, Address};
use crate::syslog::{self, Rule};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "syslogd",
    summary: "keep the system's log",
    usage: "[OPTIONS]\n\
            \x20 -n  stay in the foreground       -O FILE  the log (/var/log/messages; - is stdout)\n\
            \x20 -l N  only what is worse than level N, 1 to 8    -S  shorter lines\n\
            \x20 -t  the time is when it came     -D  a message is not repeated\n\
            \x20 -s KB  the file is rotated at that size (200; 0: never)    -b N  old files (1)\n\
            \x20 -C[KB]  in memory instead (64): logread prints it   -K  to the kernel's log\n\
            \x20 -R HOST[:PORT]  to that machine, with -L here too   -f FILE  /etc/syslog.conf\n\
            \x20 -p SOCKET  instead of /dev/log",
    kind: Kind::Exec, // a daemon
    run,
};

/// logread.
pub(super) static LOGREAD: Applet = Applet {
    name: "logread",
    summary: "print the log that syslogd -C keeps",
    usage: "[-fF]\n\
            \x20 -f  what comes from now on    -F  what is there, then that",
    kind: Kind::Fork, // -f waits
    run: logread,
};

/// The longest message.
const LONGEST: usize = 8192;

/// What syslogd itself says: facility syslog, level info.
const OWN: u16 = 5 * 8 + 6;

/// How long a name that was not found is not asked for again.
const AGAIN: Duration = Duration::from_secs(120);

/// A log file.
struct Log {
    /// Standard output when this is `-`.
    path: PathBuf,
    file: Option<File>,
    size: u64,
    checked: Option<Instant>,
}

impl Log {
    fn new(path: PathBuf) -> Log {
        Log { path, file: None, size: 0, checked: None }
    }

    /// Opens the file, anew when somebody has put another in its place.
    fn open(&mut self) {
        let now = Instant::now();
        if self.file.is_some() && self.checked.is_some_and(|at| now - at < Duration::from_secs(1)) {
            return;
        }
        self.checked = Some(now);
        if let Some(file) = &self.file
            && let (Ok(open), Ok(named)) = (file.metadata(), std::fs::metadata(&self.path))
            && (open.dev(), open.ino()) == (named.dev(), named.ino())
        {
            self.size = open.len();
            return;
        }
        // a pipe nobody reads, or a terminal, does not stop the log
        self.file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o666)
            .custom_flags(libc::O_NOCTTY | libc::O_NONBLOCK)
            .open(&self.path)
            .ok();
        self.size = self.file.as_ref().and_then(|f| f.metadata().ok()).map_or(0, |m| m.len());
    }

    fn write(&mut self, line: &[u8], limit: u64, old: u32) {
        if self.path.as_os_str() == "-" {
            let _ = crate::applet::write_all(crate::sys::fd::stdout(), line);
            return;
        }
        self.open();
        let Some(mut file) = self.file.as_ref() else {
            if let Ok(mut console) = OpenOptions::new()
                .write(true)
                .custom_flags(libc::O_NOCTTY | libc::O_NONBLOCK)
                .open("/dev/console")
            {
                let _ = console.write_all(line);
            }
            return;
        };
        let regular = file.metadata().is_ok_and(|meta| meta.is_file());
        if limit > 0 && self.size > limit && regular {
            self.rotate(old);
            return self.write(line, 0, old);
        }
        if file.write_all(line).is_ok() {
            self.size += line.len() as u64;
        }
    }

    /// `FILE` becomes `FILE.0`, that `FILE.1`, and so on.
    fn rotate(&mut self, old: u32) {
        let numbered = |n: u32| {
            let mut name = self.path.clone().into_os_string();
            name.push(format!(".{n}"));
            PathBuf::from(name)
        };
        for n in (1..old).rev() {
            let _ = std::fs::rename(numbered(n - 1), numbered(n));
        }
        let _ = match old {
            0 => std::fs::remove_file(&self.path),
            _ => std::fs::rename(&self.path, numbered(0)),
        };
        (self.file, self.checked) = (None, None);
        self.open();
    }
}

/// Another machine that messages go to.
struct Remote {
    host: Vec<u8>,
    port: u16,
    socket: Option<(OwnedFd, Address)>,
    asked: Option<Instant>,
}

impl Remote {
    fn of(text: &OsStr) -> Result<Remote, Error> {
        let bytes = text.as_bytes();
        let wrong = || Error::bad(show(text), "not HOST[:PORT]").with(Status::FAILURE);
        let (host, port) = match bytes.strip_prefix(b"[") {
            Some(inner) => {
                let end = inner.iter().position(|&b| b == b']').ok_or_else(wrong)?;
                let (host, rest) = inner.split_at_checked(end).ok_or_else(wrong)?;
                (host, rest.strip_prefix(b"]:"))
            }
            None if bytes.iter().filter(|&&b| b == b':').count() == 1 => {
                let at = bytes.iter().position(|&b| b == b':').unwrap_or(0);
                (bytes.get(..at).unwrap_or_default(), bytes.get(at + 1..))
            }
            None => (bytes, None),
        };
        let port = match port {
            Some(text) => crate::options::number(OsStr::from_bytes(text))
                .and_then(|port| u16::try_from(port).ok())
                .ok_or_else(wrong)?,
            None => 514,
        };
        Ok(Remote { host: host.to_vec(), port, socket: None, asked: None })
    }

    fn send(&mut self, message: &[u8]) {
        if self.socket.is_none() {
            if self.asked.is_some_and(|at| at.elapsed() < AGAIN) {
                return;
            }
            self.asked = Some(Instant::now());
            let found = resolve::address(&self.host, 0, self.port).ok();
            self.socket = found.and_then(|address| {
                Some((socket::open(address.family(), libc::SOCK_DGRAM, 0).ok()?, address))
            });
        }
        let Some((fd, address)) = &self.socket else { return };
        match socket::send(fd, message, Some(address)) {
            Ok(_) | Err(Errno::EAGAIN | Errno::ECONNREFUSED) => {}
            // The network may be another one by now.
            Err(_) => self.socket = None,
        }
    }
}

struct Daemon {
    file: Log,
    rules: Vec<(Rule, Log)>,
    ring: Option<Ring>,
    kernel: Option<File>,
    remotes: Vec<Remote>,
    /// Whether messages are kept here.
    here: bool,
    level: u16,
    short: bool,
    own_time: bool,
    once: bool,
    last: Vec<u8>,
    limit: u64,
    old: u32,
    host: Vec<u8>,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "n O:file l:loglevel S,small t s:size b:rotate R:remote L C? K D f:config p:socket m:",
    )?;
    options.at_most(0)?;
    let socket_path = PathBuf::from(options.take(b'p').unwrap_or_else(|| journal::PATH.into()));
    let foreground = options.has(b'n');
    let mut daemon = prepared(cx, &mut options)?;
    let socket = listening(&socket_path)?;
    if !foreground && !daemon::detach()? {
        return Ok(Status::OK);
    }
    daemon::note_pid("syslogd");
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGQUIT, libc::SIGHUP] {
        let _ = signal::set(signal, Disposition::Catch);
    }
    daemon.say(concat!("syslogd started: rescuebox ", env!("CARGO_PKG_VERSION")));
    let ending = daemon.work(&socket);
    daemon.say("syslogd exiting");
    daemon::forget_pid("syslogd");
    let _ = std::fs::remove_file(&socket_path);
    if let Some(ring) = &daemon.ring {
        ring.remove();
    }
    // who waits for it sees what ended it
    let _ = signal::set(ending, Disposition::Default);
    let _ = signal::send(nix::unistd::getpid().as_raw(), ending);
    Ok(Status::of_signal(ending))
}

/// A number of the command line.
fn small(options: &mut Options, least: u64, most: u64) -> Result<u64, Error> {
    let text = options.value();
    crate::options::number(&text).filter(|n| (least..=most).contains(n)).ok_or_else(|| {
        let wanted = format!("{}: not a number from {least} to {most}", show(&text));
        Error::msg(wanted)
    })
}

fn prepared(cx: &mut Ctx, options: &mut Options) -> Result<Daemon, Error> {
    let mut daemon = Daemon {
        file: Log::new("/var/log/messages".into()),
        rules: Vec::new(),
        ring: None,
        kernel: None,
        remotes: Vec::new(),
        here: true,
        level: 8,
        short: options.has(b'S'),
        own_time: options.has(b't'),
        once: options.has(b'D'),
        last: Vec::new(),
        limit: 200 * 1024,
        old: 1,
        host: Vec::new(),
    };
    let mut config = None;
    let mut size = None;
    while let Some(letter) = options.next() {
        match letter {
            b'O' => daemon.file = Log::new(PathBuf::from(options.value())),
            b'l' => daemon.level = u16::try_from(small(options, 1, 8)?).unwrap_or(8),
            b's' => daemon.limit = small(options, 0, 1 << 40)? * 1024,
            b'b' => daemon.old = u32::try_from(small(options, 0, 99)?).unwrap_or(1),
            b'R' => daemon.remotes.push(Remote::of(&options.value())?),
            b'f' => config = Some(options.value()),
            b'C' => {
                let text = options.optional().filter(|text| !text.is_empty());
                let kilobytes = match text {
                    Some(text) => crate::options::number(&text)
                        .filter(|n| (4..=1 << 16).contains(n))
                        .ok_or_else(|| {
                            let text = show(&text).to_string();
                            Error::msg(format_args!("{text}: not a number from 4 to 65536"))
                        })?,
                    None => 64,
                };
                size = Some(usize::try_from(kilobytes).unwrap_or(64) * 1024);
            }
            _ => {}
        }
    }
    daemon.here = daemon.remotes.is_empty() || options.has(b'L');
    if options.has(b'K') {
        let kernel = OpenOptions::new().write(true).open("/dev/kmsg");
        daemon.kernel = Some(kernel.map_err(|e| Error::os("/dev/kmsg", e))?);
    }
    daemon.configure(cx, config)?;
    if let Some(size) = size {
        daemon.ring = Some(Ring::make(size).map_err(|e| Error::os("shared memory", e))?);
    }
    daemon.learn_host();
    Ok(daemon)
}

/// The socket that programs tell.
fn listening(path: &Path) -> Result<OwnedFd, Error> {
    // A link (to another syslogd's place) stays one.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let failed = |e: Errno| Error::os(show(&path), e);
    let _ = std::fs::remove_file(&path);
    let fd = socket::open(libc::AF_UNIX, libc::SOCK_DGRAM, 0).map_err(failed)?;
    socket::bind(&fd, &Address::unix(&path).map_err(failed)?).map_err(failed)?;
    let mode = std::fs::Permissions::from_mode(0o666);
    std::fs::set_permissions(&path, mode).map_err(|e| Error::os(show(&path), e))?;
    let _ = socket::set_number(&fd, libc::SOL_SOCKET, libc::SO_RCVBUF, 256 * 1024);
    Ok(fd)
}

impl Daemon {
    fn configure(&mut self, cx: &Ctx, file: Option<OsString>) -> Result<(), Error> {
        let asked = file.is_some();
        let file = file.unwrap_or_else(|| "/etc/syslog.conf".into());
        let text = match crate::sys::file::read(&file) {
            Ok(text) => text,
            Err(error) if asked => return Err(Error::os(show(&file), error)),
            Err(_) => return Ok(()),
        };
        match syslog::rules(&text) {
            Ok(rules) => {
                for rule in rules {
                    let path = PathBuf::from(OsString::from_vec(rule.file.clone()));
                    self.rules.push((rule, Log::new(path)));
                }
                Ok(())
            }
            Err(line) => {
                let message = format!("{}: line {line} is no rule", show(&file));
                if asked {
                    return Err(Error::msg(message));
                }
                // that of another program
                cx.note(message);
                Ok(())
            }
        }
    }

    fn learn_host(&mut self) {
        if let Ok(names) = nix::sys::utsname::uname() {
            self.host = names.nodename().as_bytes().to_vec();
            self.host.truncate(64);
        }
    }

    /// Takes messages until a signal says that this is enough.
    fn work(&mut self, socket: &OwnedFd) -> i32 {
        let mut buffer = vec![0; LONGEST];
        loop {
            while let Some(signal) = signal::take() {
                if signal != libc::SIGHUP {
                    return signal;
                }
                self.file.file = None;
                for (_, log) in &mut self.rules {
                    log.file = None;
                }
                self.learn_host();
            }
            // A signal that comes just here ends the wait at the next second.
            let limit = Duration::from_secs(1);
            match socket::wait(
                std::os::fd::AsFd::as_fd(socket),
                nix::poll::PollFlags::POLLIN,
                limit,
            ) {
                Ok(true) => {}
                _ => continue,
            }
            let Ok((count, _)) = socket::receive(socket, &mut buffer, libc::MSG_DONTWAIT) else {
                continue;
            };
            let message = buffer.get(..count).unwrap_or_default();
            let end = message.iter().rposition(|b| !matches!(b, 0 | b'\n')).map_or(0, |at| at + 1);
            let message = message.get(..end).unwrap_or_default();
            if !message.is_empty() {
                self.take(message);
            }
        }
    }

    /// What comes in one packet; there may be several messages in it.
    fn take(&mut self, packet: &[u8]) {
        if self.once && packet == self.last {
            return;
        }
        if self.once {
            self.last = packet.to_vec();
        }
        if !self.remotes.is_empty() {
            let message = [packet, b"\n"].concat();
            for remote in &mut self.remotes {
                remote.send(&message);
            }
        }
        if !self.here {
            return;
        }
        for message in packet.split(|&b| b == 0).filter(|m| !m.is_empty()) {
            let (priority, text) = syslog::split(message);
            self.keep(priority, text);
        }
    }

    fn say(&mut self, text: &str) {
        if self.here {
            self.keep(OWN, text.as_bytes());
        }
    }

    fn keep(&mut self, priority: u16, text: &[u8]) {
        let (time, text) = syslog::split_time(text);
        if let Some(mut kernel) = self.kernel.as_ref() {
            let mut line = format!("<{priority}>").into_bytes();
            syslog::clean(&mut line, text);
            line.push(b'\n');
            let _ = kernel.write_all(&line);
            return;
        }
        let mut line = Vec::with_capacity(text.len() + 96);
        match time.filter(|_| !self.own_time) {
            Some(time) => syslog::clean(&mut line, time),
            None => journal::stamp(&mut line),
        }
        line.push(b' ');
        if !self.short {
            line.extend_from_slice(&self.host);
            line.push(b' ');
            line.extend_from_slice(syslog::name(priority).as_bytes());
            line.push(b' ');
        }
        syslog::clean(&mut line, text);
        line.push(b'\n');
        let mut matched = false;
        for (rule, log) in &mut self.rules {
            if rule.takes(priority) {
                log.write(&line, self.limit, self.old);
                matched = true;
            }
        }
        if matched || priority & 7 >= self.level {
            return;
        }
        match &self.ring {
            Some(ring) => {
                let _ = ring.add(&line);
            }
            None => self.file.write(&line, self.limit, self.old),
        }
    }
}

fn logread(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("f F")?;
    options.at_most(0)?;
    let failed = |e: Errno| match e {
        Errno::ENOENT => Error::msg("there is no log in memory (syslogd -C keeps one)"),
        other => Error::os("the log in memory", other),
    };
    let ring = Ring::open().map_err(failed)?;
    let mut text = Vec::new();
    let mut tail = ring.read(None, &mut text).map_err(failed)?;
    if options.has(b'F') || !options.has(b'f') {
        cx.put(&text)?;
    }
    if !options.has(b'f') && !options.has(b'F') {
        return Ok(Status::OK);
    }
    loop {
        cx.flush()?;
        std::thread::sleep(Duration::from_millis(250));
        text.clear();
        // When it is gone, syslogd has ended.
        tail = match ring.read(Some(tail), &mut text) {
            Ok(tail) => tail,
            Err(Errno::EIDRM | Errno::EINVAL) => return Ok(Status::OK),
            Err(errno) => return Err(failed(errno)),
        };
        cx.put(&text)?;
    }
}
