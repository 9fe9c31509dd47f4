//! logger: put messages into the system's log. As busybox has it, with
//! util-linux's `-i`, `-f`, `-u`, `-n`.
//!
//! Deviation: where no syslogd runs (an initramfs) the kernel's log takes the
//! message.

use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, write_all};
use crate::fsutil::journal::{Log, PATH};
use crate::fsutil::users::Users;
use crate::net::resolve;
use crate::options::{Options, number};
use crate::sys::lines::Lines;
use crate::syslog;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "logger",
    summary: "put messages into the system's log",
    usage: "[-s] [-t TAG] [-p PRIORITY] [-i] [-f FILE] [-u SOCKET | -n HOST] [MESSAGE...]\n\
            \x20 -s  on standard error as well       -t  instead of the user's name\n\
            \x20 -p  FACILITY.LEVEL (user.notice)    -i, --id=N  the process id behind the tag\n\
            \x20 -f  each line of a file (without a message: of standard input)\n\
            \x20 -n HOST, -P PORT  to that machine by UDP, -T by TCP\n\
            \x20 --no-act  only say what would be done",
    kind: Kind::Fork, // may wait for a machine, or for its input
    run,
};

const OPTIONS: &str = "+s,stderr t:tag p:priority i -I?id f:file u:socket n:server P:port d,udp T,tcp \
    e,skip-empty S:size -a,no-act -r,prio-prefix -3,rfc3164";

/// How long a line may be.
const LONGEST: usize = 8192;

struct Sender {
    log: Option<Log>,
    tag: Vec<u8>,
    priority: u16,
    echo: bool,
    prefix: bool,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(OPTIONS)?;
    let mut sender = Sender {
        log: None,
        tag: Vec::new(),
        priority: syslog::DEFAULT,
        echo: options.has(b's') || options.has(b'a'),
        prefix: options.has(b'r'),
    };
    if let Some(text) = options.take(b'p') {
        sender.priority = syslog::priority(text.as_bytes())
            .ok_or_else(|| Error::bad(show(&text), "no such priority").with(Status::FAILURE))?;
    }
    sender.tag = match options.take(b't') {
        Some(tag) => tag.as_bytes().to_vec(),
        None => Users::new().name_of(nix::unistd::geteuid().as_raw()).to_vec(),
    };
    if options.has(b'i') || options.has(b'I') {
        let id = options.take(b'I').map(|id| id.as_bytes().to_vec());
        let id = id.unwrap_or_else(|| std::process::id().to_string().into_bytes());
        sender.tag.extend_from_slice(&[b"[", id.as_slice(), b"]"].concat());
    }
    if !options.has(b'a') {
        sender.log = Some(connected(&mut options)?);
    }
    if let Some(file) = options.take(b'f') {
        let fd = cx.open(&file)?;
        return sender.lines(cx, fd, &file);
    }
    if options.operands.is_empty() {
        let fd = cx.open(OsStr::new("-"))?;
        return sender.lines(cx, fd, OsStr::new("standard input"));
    }
    let words: Vec<&[u8]> = options.operands.iter().map(|word| word.as_bytes()).collect();
    sender.send(cx, &words.join(&b" "[..]))?;
    Ok(Status::OK)
}

fn connected(options: &mut Options) -> Result<Log, Error> {
    if let Some(host) = options.take(b'n') {
        let port = match options.take(b'P') {
            Some(text) => number(&text)
                .and_then(|port| u16::try_from(port).ok())
                .ok_or_else(|| Error::bad(show(&text), "not a port"))?,
            None => 514,
        };
        let kind = if options.has(b'T') { libc::SOCK_STREAM } else { libc::SOCK_DGRAM };
        if kind == libc::SOCK_STREAM {
            let limit = Duration::from_secs(30);
            let (fd, _) = resolve::connect(host.as_bytes(), port, 0, limit)?;
            return Ok(Log::of(fd, true));
        }
        let address = resolve::address(host.as_bytes(), 0, port)?;
        return Log::remote(&address).map_err(|e| Error::os(show(&host), e));
    }
    match options.take(b'u') {
        Some(path) => Log::open(Path::new(&path)).map_err(|e| Error::os(show(&path), e)),
        None => Ok(Log::open(Path::new(PATH)).unwrap_or(Log::kernel())),
    }
}

impl Sender {
    fn lines(&self, cx: &mut Ctx, fd: std::os::fd::OwnedFd, name: &OsStr) -> Result<Status, Error> {
        let mut lines = Lines::new(fd);
        while let Some(line) = lines.next(b'\n').map_err(|e| Error::os(show(name), e))? {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            if !line.is_empty() {
                let line = line.get(..LONGEST).unwrap_or(line);
                self.send(cx, line)?;
            }
        }
        Ok(Status::OK)
    }

    fn send(&self, cx: &Ctx, text: &[u8]) -> Result<(), Error> {
        let (priority, text) = match self.prefix && text.starts_with(b"<") {
            true => syslog::split(text),
            false => (self.priority, text),
        };
        if self.echo {
            let _ = write_all(cx.stderr.as_fd(), &[&self.tag, &b": "[..], text, b"\n"].concat());
        }
        match &self.log {
            Some(log) => {
                log.send(priority, &self.tag, text).map_err(|e| Error::os("the system's log", e))
            }
            None => Ok(()),
        }
    }
}
