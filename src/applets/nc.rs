//! nc, netcat: bytes to and from a connection. Options of busybox, and `-v`,
//! `-z`, `-k`, `-U`, `-q`, `-W`, `-t` of others. (Gentoo's rescue shell: `nc -l -p PORT -e PROGRAM`.)

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes, write_all};
use crate::net::resolve;
use crate::sys;
use crate::sys::process::{Forked, exit_now, fork};
use crate::sys::socket::{self, Address};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "nc",
    summary: "carry bytes to and from a connection",
    usage: "[-46nuvz] [-w SEC] [-i SEC] [-s ADDR] [-p PORT] HOST PORT [-e PROG ARG...]\n\
            \x20      nc -l [-k] [-46nuv] [-w SEC] [-s ADDR] -p PORT [[-e] PROG ARG...]\n\
            \x20      nc -f FILE\n\
            \x20      nc -U [-l] [-ku] SOCKET [-e PROG ARG...]\n\
            \x20 -l  wait for a connection; -k, -L (or -ll with -e): for one after another\n\
            \x20 -e  run PROG with the connection as its input and output\n\
            \x20 -p  own port      -s  own address    -u  UDP    -n  no names\n\
            \x20 -w  give up connecting, or ending, after SEC\n\
            \x20 -i  SEC between lines                -f  a file (a serial line) is the connection\n\
            \x20 -U  a socket in the file system     -t  PROG gets a terminal\n\
            \x20 -q  end SEC after the end of input   -W  end after SEC without bytes\n\
            \x20 -z  only look whether somebody listens   -v  say what happens",
    kind: Kind::Fork, // it waits
    run,
};

/// When the other side has ended, input that comes within so many
/// milliseconds is still sent.
const LAST_INPUT: u16 = 200;

struct Choice {
    listen: bool,
    keep: bool,
    udp: bool,
    verbose: bool,
    scan: bool,
    wait: Option<Duration>,
    pause: Option<Duration>,
    /// After the end of input; without any bytes.
    linger: Option<Duration>,
    idle: Option<Duration>,
    terminal: bool,
    program: Vec<std::ffi::OsString>,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut c = Choice {
        listen: false,
        keep: false,
        udp: false,
        verbose: false,
        scan: false,
        wait: None,
        pause: None,
        linger: None,
        idle: None,
        terminal: false,
        program: Vec::new(),
    };
    // What is behind -e belongs to the program.
    let mut args = cx.args.to_vec();
    if let Some(at) = args.iter().position(|arg| is_program(arg.as_bytes())) {
        let rest = args.split_off(at);
        c.program = rest.get(1..).unwrap_or_default().to_vec();
        if c.program.is_empty() {
            return Err(Error::usage("-e what?"));
        }
        let flags = rest.first().map(|arg| arg.as_bytes()).unwrap_or_default();
        let flags = flags.strip_suffix(b"e").unwrap_or_default();
        if flags.len() > 1 {
            args.push(std::ffi::OsStr::from_bytes(flags).to_os_string());
        }
    }
    // What is behind the port that it listens on is a program, too.
    let has = |letters: &[u8]| {
        args.iter().any(|arg| {
            let rest = arg.as_bytes().strip_prefix(b"-").unwrap_or_default();
            rest.iter().any(|b| letters.contains(b))
        })
    };
    let table = match has(b"lL") && has(b"p") {
        true => "+4 6 n u v z l L E N k U t w: W: i: s: p: f: q: o:",
        false => "4 6 n u v z l L E N k U t w: W: i: s: p: f: q: o:",
    };
    let mut options = crate::options::Options::parse(table, &args)?;
    let (mut family, mut source, mut port, mut file) = (0, None, 0, None);
    let mut listens = 0;
    while let Some(letter) = options.next() {
        match letter {
            b'4' => family = libc::AF_INET,
            b'6' => family = libc::AF_INET6,
            b'u' => c.udp = true,
            b'v' => c.verbose = true,
            b'z' => c.scan = true,
            b'l' => listens += 1,
            b'L' => listens += 2,
            b'k' => c.keep = true,
            b't' => c.terminal = true,
            b'w' | b'i' | b'q' | b'W' => {
                // -1 of -q is never, as of most who have it
                let value = options.bytes();
                let seconds = match value.as_slice() {
                    b"-1" if letter == b'q' => None,
                    value => {
                        let wrong = || Error::bad(show_bytes(value), "not a number of seconds");
                        Some(Duration::from_secs(crate::size::count(value).ok_or_else(wrong)?))
                    }
                };
                match letter {
                    b'w' => c.wait = seconds,
                    b'i' => c.pause = seconds,
                    b'q' => c.linger = seconds,
                    _ => c.idle = seconds,
                }
            }
            b's' => source = Some(options.value()),
            b'p' => {
                let text = options.value();
                port = port_of(text.as_bytes())?;
            }
            b'f' => file = Some(options.value()),
            _ => {}
        }
    }
    c.listen = listens > 0;
    c.keep |= listens > 1;
    if let Some(path) = file {
        let flags = nix::fcntl::OFlag::O_RDWR | nix::fcntl::OFlag::O_NOCTTY;
        let fd = nix::fcntl::open(path.as_os_str(), flags, nix::sys::stat::Mode::empty());
        return c.use_it(cx, fd.map_err(|e| Error::os(show(&path), e))?);
    }
    if options.has(b'U') {
        let path = options.operands.first().or(source.as_ref());
        let path = path.ok_or_else(|| Error::usage("which socket?"))?;
        let address = Address::unix(std::path::Path::new(path));
        let address = address.map_err(|e| Error::os(show(path), e))?;
        if c.listen {
            let fd = c.listen_at(&address).map_err(|e| Error::os(show(path), e))?;
            return c.serve(cx, fd);
        }
        let fd = c.dial(&address, None, 0).map_err(|e| Error::os(show(path), e))?;
        return if c.scan { Ok(Status::OK) } else { c.use_it(cx, fd) };
    }
    let mut operands = options.operands.iter();
    let own = match &source {
        Some(text) => Some(resolve::address(text.as_bytes(), family, port)?),
        None => None,
    };
    if c.listen {
        // nc -l [ADDR] PORT, as OpenBSD's has it
        let words: Vec<_> = operands.collect();
        if let (0, Some(word)) = (port, words.last()) {
            port = port_of(word.as_bytes())?;
        } else if let Some(word) = words.first()
            && c.program.is_empty()
            && crate::net::address::parse(word.as_bytes()).is_none()
        {
            c.program = words.into_iter().cloned().collect();
        }
        let fd = c.listen_on(own, family, port);
        let fd = fd.map_err(|e| Error::os(format_args!("port {port}"), e))?;
        if (c.verbose || port == 0)
            && let Some((ip, port)) = socket::name(&fd).ok().and_then(|name| name.to_ip())
        {
            cx.note(format_args!("listening on {ip} port {port}"));
        }
        return c.serve(cx, fd);
    }
    let (Some(host), Some(port_text)) = (operands.next(), operands.next()) else {
        return Err(Error::usage("which host and port?"));
    };
    let (first, last) = ports(port_text.as_bytes(), c.scan)?;
    let mut found = false;
    for number in first..=last {
        let to = resolve::address(host.as_bytes(), family, number)?;
        let connected = c.dial(&to, own.as_ref(), port);
        match connected {
            Ok(fd) => {
                found = true;
                if c.verbose {
                    cx.note(format_args!("{} port {number}: open", show(host)));
                }
                if !c.scan {
                    return c.use_it(cx, fd);
                }
            }
            Err(errno) if c.scan => {
                if c.verbose {
                    let text = sys::text::error_text(errno as i32);
                    cx.note(format_args!("{} port {number}: {text}", show(host)));
                }
            }
            Err(errno) => {
                let ip = to.to_ip().map_or_else(String::new, |(ip, _)| ip.to_string());
                return Err(Error::os(
                    format_args!("cannot connect to {} port {number} ({ip})", show(host)),
                    errno,
                ));
            }
        }
    }
    Ok(Status::from_bool(found))
}

/// Whether a word is `-e`, perhaps behind other letters.
fn is_program(arg: &[u8]) -> bool {
    arg.len() > 1
        && arg.starts_with(b"-")
        && arg.ends_with(b"e")
        && arg
            .get(1..arg.len() - 1)
            .is_some_and(|flags| flags.iter().all(|b| b"46nuvzlkLtU".contains(b)))
}

fn port_of(text: &[u8]) -> Result<u16, Error> {
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    number
        .or_else(|| super::netstat::service_port(text))
        .ok_or_else(|| Error::bad(show_bytes(text), "not a port"))
}

fn ports(text: &[u8], scan: bool) -> Result<(u16, u16), Error> {
    match text.iter().position(|&b| b == b'-') {
        Some(at) if scan => {
            let (first, last) = text.split_at_checked(at).unwrap_or_default();
            Ok((port_of(first)?, port_of(last.get(1..).unwrap_or_default())?))
        }
        _ => port_of(text).map(|port| (port, port)),
    }
}

impl Choice {
    fn kind(&self) -> i32 {
        if self.udp { libc::SOCK_DGRAM } else { libc::SOCK_STREAM }
    }

    fn dial(&self, to: &Address, own: Option<&Address>, port: u16) -> Result<OwnedFd, Errno> {
        let any = to.to_ip().map(|(ip, _)| {
            if ip.is_ipv4() { [0; 4].into() } else { std::net::IpAddr::from([0u16; 8]) }
        });
        let fd = match (own, any) {
            (Some(own), _) => socket::serve(own, self.kind())?,
            (None, Some(any)) if port > 0 => {
                socket::serve(&Address::ip(any, port, 0), self.kind())?
            }
            _ => socket::open(to.family(), self.kind(), 0)?,
        };
        socket::connect_within(&fd, to, self.wait.unwrap_or(Duration::from_secs(150)))?;
        Ok(fd)
    }

    fn listen_at(&self, address: &Address) -> Result<OwnedFd, Errno> {
        let fd = socket::serve(address, self.kind())?;
        if !self.udp {
            socket::listen(&fd, if self.keep { 10 } else { 1 })?;
        }
        Ok(fd)
    }

    fn listen_on(&self, own: Option<Address>, family: i32, port: u16) -> Result<OwnedFd, Errno> {
        let four = Address::ip([0; 4].into(), port, 0);
        let six = Address::ip([0u16; 8].into(), port, 0);
        match (own, family) {
            (Some(own), _) => self.listen_at(&own),
            (None, libc::AF_INET) => self.listen_at(&four),
            (None, libc::AF_INET6) => self.listen_at(&six),
            // both, where there is IPv6
            (None, _) => self.listen_at(&six).or_else(|_| self.listen_at(&four)),
        }
    }

    fn serve(&self, cx: &mut Ctx, fd: OwnedFd) -> Result<Status, Error> {
        if self.udp {
            // The first datagram says who the other end is.
            let mut byte = [0; 1];
            let (_, from) = socket::receive(&fd, &mut byte, libc::MSG_PEEK)
                .map_err(|e| Error::os("receive", e))?;
            // one in the file system may have no name to answer to
            if from.to_ip().is_some() {
                socket::connect(&fd, &from).map_err(|e| Error::os("connect", e))?;
            }
            return self.use_it(cx, fd);
        }
        loop {
            if let Some(limit) = self.wait
                && !socket::wait(fd.as_fd(), PollFlags::POLLIN, limit).unwrap_or(false)
            {
                return Err(Error::msg("timeout"));
            }
            let (connection, from) = match socket::accept(&fd, false) {
                Err(Errno::EINTR | Errno::ECONNABORTED) => continue,
                other => other.map_err(|e| Error::os("accept", e))?,
            };
            if self.verbose
                && let Some((ip, port)) = from.to_ip()
            {
                cx.note(format_args!("connection from {} port {port}", ip.to_canonical()));
            }
            if !self.keep {
                drop(fd);
                return self.use_it(cx, connection);
            }
            if self.program.is_empty() {
                self.use_it(cx, connection)?;
                continue;
            }
            while let Ok(status) =
                nix::sys::wait::waitpid(None, Some(nix::sys::wait::WaitPidFlag::WNOHANG))
            {
                if status.pid().is_none() {
                    break;
                }
            }
            if let Forked::Child = fork().map_err(|e| Error::os("cannot fork", e))? {
                let status = match self.run_program(cx, &connection) {
                    Ok(status) => status.0,
                    Err(error) => {
                        cx.note(error);
                        127
                    }
                };
                exit_now(status);
            }
        }
    }

    /// The program takes over, with the connection as 0, 1 and 2.
    fn become_program(&self, cx: &Ctx, fd: &OwnedFd) -> Error {
        for standard in 0..3 {
            let _ = sys::descriptor::copy_onto(fd.as_raw_fd(), standard);
        }
        let mut list = cx.env.iter();
        let errno = sys::exec::exec(&self.program, cx.env.get(b"PATH"), &mut list);
        let name = self.program.first().cloned().unwrap_or_default();
        Error::os(show(&name), errno).with(Status::NOT_FOUND)
    }

    fn use_it(&self, cx: &mut Ctx, fd: OwnedFd) -> Result<Status, Error> {
        if !self.program.is_empty() {
            return self.run_program(cx, &fd);
        }
        self.carry((cx.stdin, cx.stdout), &fd)
    }

    fn run_program(&self, cx: &mut Ctx, fd: &OwnedFd) -> Result<Status, Error> {
        if !self.terminal {
            return Err(self.become_program(cx, fd));
        }
        let failed = |errno| Error::os("pseudo terminal", errno);
        let (master, name) = sys::pty::open().map_err(failed)?;
        socket::set_blocking(&master, true).map_err(failed)?;
        match fork().map_err(|e| Error::os("cannot fork", e))? {
            Forked::Child => {
                let _ = nix::unistd::setsid();
                sys::pty::take_over(&name).map_err(failed)?;
                Err(cx.become_program(&self.program))
            }
            Forked::Parent(child) => {
                self.carry((master.as_fd(), master.as_fd()), fd)?;
                drop(master);
                crate::fsutil::spawn::wait(child)
            }
        }
    }

    /// Both ways, from and to `own`, until the other side ends.
    fn carry(&self, own: (BorrowedFd<'_>, BorrowedFd<'_>), fd: &OwnedFd) -> Result<Status, Error> {
        let (input, output) = own;
        let mut input_open = true;
        let mut end: Option<Instant> = self.idle.map(|limit| Instant::now() + limit);
        let mut closed = false;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let events = if closed { PollFlags::empty() } else { PollFlags::POLLIN };
            let mut fds = vec![PollFd::new(fd.as_fd(), events)];
            if input_open {
                fds.push(PollFd::new(input, PollFlags::POLLIN));
            }
            let timeout = match end {
                None if closed => PollTimeout::from(LAST_INPUT),
                None => PollTimeout::NONE,
                Some(end) => {
                    let left = end.saturating_duration_since(Instant::now()).as_millis();
                    if left == 0 {
                        return Ok(Status::OK);
                    }
                    PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)
                }
            };
            match poll(&mut fds, timeout) {
                Err(Errno::EINTR) => continue,
                other => other.map_err(|e| Error::os("poll", e))?,
            };
            let ready = |at: usize| fds.get(at).and_then(PollFd::any).unwrap_or(false);
            let (net, typed) = (ready(0), ready(1));
            if let Some(limit) = self.idle.filter(|_| net || typed) {
                end = Some(Instant::now() + limit);
            }
            if closed && !typed {
                return Ok(Status::OK);
            }
            if net && !closed {
                match nix::unistd::read(fd, &mut buffer) {
                    // The other side may still listen: what is there goes out.
                    Ok(0) if input_open && !closed => {
                        closed = true;
                        continue;
                    }
                    Ok(0) => return Ok(Status::OK),
                    Ok(count) => {
                        let bytes = buffer.get(..count).unwrap_or_default();
                        write_all(output, bytes).map_err(|e| Error::os("standard output", e))?;
                    }
                    Err(Errno::EINTR | Errno::EAGAIN) => {}
                    Err(Errno::ECONNREFUSED) if self.udp => return Ok(Status::FAILURE),
                    Err(errno) => return Err(Error::os("read", errno)),
                }
            }
            if typed {
                let room = if self.pause.is_some() { 1 } else { buffer.len() };
                let mut line = Vec::new();
                let count = loop {
                    let room = buffer.get_mut(..room).unwrap_or_default();
                    match nix::unistd::read(input, room) {
                        Err(Errno::EINTR) => {}
                        Ok(1) if self.pause.is_some() => {
                            line.extend_from_slice(room);
                            if room == b"\n" || line.len() > 4096 {
                                break line.len();
                            }
                        }
                        other => break line.len() + other.unwrap_or(0),
                    }
                };
                if count == 0 {
                    input_open = false;
                    // what a terminal belongs to has ended
                    if closed || self.terminal {
                        return Ok(Status::OK);
                    }
                    let _ = socket::end_writing(fd);
                    let limit = self.linger.or(self.idle).or(self.wait);
                    end = limit.map(|limit| Instant::now() + limit);
                    continue;
                }
                let bytes = if self.pause.is_some() { &line } else { &buffer };
                let bytes = bytes.get(..count).unwrap_or_default();
                write_all(fd.as_fd(), bytes).map_err(|e| Error::os("write", e))?;
                if let Some(pause) = self.pause {
                    std::thread::sleep(pause);
                }
            }
        }
    }
}
