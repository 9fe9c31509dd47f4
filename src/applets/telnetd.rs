//! telnetd-lite (alias telnetd): a rescue shell over telnet, for a network
//! that is trusted, a virtual machine's host, or inetd.
//!
//! Deviations from telnetd(8): there is no login program; whoever knows the
//! password (`password =` in /etc/rescuebox.conf, otherwise root's in
//! /etc/shadow) gets the shell. Without a password nothing listens in a
//! network. Only the address named by `-b` is listened on, by default
//! 127.0.0.1.
//!
//! One process serves all: before the password is known there is neither a
//! child nor a terminal, at most 16 connections (3 from one address), 30
//! seconds, three tries with growing delays, and some hundred bytes for each.

use std::ffi::{CString, OsString};
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::time::{Duration, Instant};

use ipnetwork::IpNetwork;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{Pid, setsid};

use crate::applet::{self, Applet, Ctx, Env, Error, Kind, Out, Status, show};
use crate::boot::machine;
use crate::job::TOKEN_PATH as TOKEN;
use crate::net::{address, password};
use crate::sys;
use crate::sys::process::{Forked, exit_now, fork};
use crate::sys::signal::Disposition;
use crate::sys::socket::{self, Address};

mod peer;

use peer::{Doing, From, PATIENCE, Peer, Wish};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "telnetd-lite",
    summary: "give a shell to who knows the password, over telnet",
    usage: "[-F] [-p PORT] [-b ADDR] [-l SHELL] [--allow CIDR]... [--vsock PORT]\n\
            \x20      telnetd-lite -i [-l SHELL]\n\
            \x20 -b  the address to listen on (127.0.0.1)   -p  the port (23)\n\
            \x20 -l  the program to run instead of sh       -F  stay in the foreground\n\
            \x20 -i  serve the connection that is standard input (inetd, nc -e)\n\
            \x20 --allow CIDR      only from there; may be repeated\n\
            \x20 --vsock PORT      for the host of this virtual machine, with its token\n\
            \x20 --port NAME       on the virtio-serial port of this name\n\
            \x20 --max-sessions N  at most N shells at a time (8)\n\
            \x20 --idle SECONDS    end a session in which nothing happens (3600; 0: never)\n\
            \x20The password is the hash `password = ...` in /etc/rescuebox.conf, or root's\n\
            \x20in /etc/shadow: see mkpasswd. Telnet is not encrypted.",
    kind: Kind::Exec,
    run,
};

/// Connections without a password yet: in all, and from one address.
const STRANGERS_MAX: usize = 16;
const STRANGERS_OF_ONE: usize = 3;
/// Addresses whose wrong passwords are remembered.
const CULPRITS_MAX: usize = 64;
/// The longest wait after a wrong password.
const DELAY_MAX: u64 = 32;
/// How long a last word may take to be sent.
const LAST_WORD: Duration = Duration::from_secs(2);

/// Bytes of them.
const LAST_WORDS_MAX: usize = 64 * 1024;

/// Why the boot failed, as it was told on the console.
const FAILURE: &str = "/run/rescuebox/explanation";

struct Server {
    listeners: Vec<OwnedFd>,
    port: Option<Vec<u8>>,
    peers: Vec<Peer>,
    allow: Vec<IpNetwork>,
    hash: Option<Vec<u8>>,
    token: Option<Vec<u8>>,
    shell: Option<OsString>,
    max: usize,
    idle: u64,
    /// Addresses, how often in a row they were wrong, and until when they
    /// wait.
    culprits: Vec<(IpAddr, u32, Instant)>,
    /// Ended children whose groups are to be killed then.
    condemned: Vec<(Pid, Instant)>,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "p:port-number b:bind l:login a:allow v:vsock F,foreground i,inetd m:max-sessions t:idle P:port K,",
    )?;
    options.at_most(0)?;
    let (mut tcp, mut bind) = (23, None);
    let (mut vsock, mut foreground, mut inetd) = (None, false, false);
    let mut server = Server {
        listeners: Vec::new(),
        port: None,
        peers: Vec::new(),
        allow: Vec::new(),
        hash: machine::settings().password,
        token: None,
        shell: None,
        max: 8,
        idle: 3600,
        culprits: Vec::new(),
        condemned: Vec::new(),
    };
    let mut listen_tcp = false;
    while let Some(letter) = options.next() {
        match letter {
            b'p' => {
                let number = options.number("not a port")?;
                tcp = u16::try_from(number).map_err(|_| Error::usage("not a port"))?;
                listen_tcp = true;
            }
            b'b' => {
                let text = options.value();
                let ip = address::parse(text.as_bytes());
                bind = Some(ip.ok_or_else(|| Error::bad(show(&text), "not an address"))?);
                listen_tcp = true;
            }
            b'l' => server.shell = Some(options.value()),
            b'a' => {
                let text = options.value();
                let net = address::parse_network(text.as_bytes());
                server.allow.push(net.ok_or_else(|| Error::bad(show(&text), "not a network"))?);
            }
            b'v' => {
                let number = options.number("not a port")?;
                vsock = Some(u32::try_from(number).map_err(|_| Error::usage("not a port"))?);
            }
            b'P' => server.port = Some(options.bytes()),
            b'F' => foreground = true,
            b'i' => inetd = true,
            b'm' => server.max = usize::try_from(options.number("not a number")?).unwrap_or(8),
            b't' => server.idle = options.number("not a number of seconds")?,
            _ => {}
        }
    }
    listen_tcp |= vsock.is_none() && server.port.is_none();
    if server.port.is_some() {
        server.token = read_token().ok();
    }
    if inetd {
        server.inherit(cx)?;
    } else {
        if let Some(port) = vsock {
            server.listen_vsock(port)?;
        }
        if listen_tcp {
            server.listen_tcp(cx, bind, tcp)?;
        }
        if !foreground {
            if let Forked::Parent(_) = fork().map_err(|e| Error::os("cannot fork", e))? {
                return Ok(Status::OK);
            }
            let _ = setsid();
        }
    }
    let mut ours = SigSet::empty();
    for signal in [Signal::SIGCHLD, Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let _ = sys::signal::set(signal as i32, Disposition::Catch);
        ours.add(signal);
    }
    let _ = ours.thread_block();
    server.serve(cx, inetd)
}

impl Server {
    fn listen_tcp(&mut self, cx: &Ctx, bind: Option<IpAddr>, port: u16) -> Result<(), Error> {
        if self.hash.is_none() {
            return Err(Error::msg(
                "no password is set, so nobody may come in: put `password = HASH` (see mkpasswd) \
                 in /etc/rescuebox.conf",
            ));
        }
        let ip = bind.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        if ip.is_unspecified() {
            return Err(Error::msg("-b wants one address of this machine, not all of them"));
        }
        let address = Address::ip(ip, port, 0);
        let what = format!("{ip} port {port}");
        let fd = socket::serve(&address, libc::SOCK_STREAM | libc::SOCK_NONBLOCK)
            .and_then(|fd| socket::listen(&fd, 64).map(|()| fd))
            .map_err(|e| Error::os(&what, e))?;
        cx.note(format_args!(
            "listening on {what}; the password and all else cross the network in clear text"
        ));
        self.listeners.push(fd);
        Ok(())
    }

    fn listen_vsock(&mut self, port: u32) -> Result<(), Error> {
        self.token = Some(read_token()?);
        // VMADDR_CID_ANY
        let address = Address::vsock(u32::MAX, port);
        let fd = socket::serve(&address, libc::SOCK_STREAM | libc::SOCK_NONBLOCK)
            .and_then(|fd| socket::listen(&fd, 16).map(|()| fd))
            .map_err(|e| Error::os(format_args!("vsock port {port}"), e))?;
        self.listeners.push(fd);
        Ok(())
    }

    /// Serves the connection that the process was started with.
    fn inherit(&mut self, cx: &Ctx) -> Result<(), Error> {
        let from = match socket::peer(cx.stdin) {
            Ok(peer) => match (peer.to_ip(), peer.to_vsock()) {
                (Some((ip, _)), _) => From::Net(ip),
                (_, Some(_)) => {
                    return Err(Error::msg("vsock is for --vsock"));
                }
                _ => From::Given,
            },
            Err(_) => From::Given,
        };
        if matches!(from, From::Net(_)) && self.hash.is_none() {
            return Err(Error::msg("no password is set, so nobody may come in"));
        }
        if let From::Net(ip) = from
            && !self.allows(ip)
        {
            return Err(Error::msg(format_args!("{ip} is not allowed")));
        }
        let copy = |fd| sys::fd::duplicate_from(fd, 3).map_err(|e| Error::os("connection", e));
        let (input, output) = (copy(cx.stdin)?, copy(cx.stdout)?);
        for fd in [&input, &output] {
            let _ = socket::set_blocking(fd, false);
        }
        self.welcome(input, Some(output), from);
        Ok(())
    }

    fn allows(&self, ip: IpAddr) -> bool {
        self.allow.is_empty() || self.allow.iter().any(|net| address::contains(net, ip))
    }

    fn serve(mut self, cx: &mut Ctx, once: bool) -> Result<Status, Error> {
        loop {
            self.open_port();
            self.wait();
            let mut stop = false;
            while let Some(signal) = sys::signal::take() {
                stop |= signal != libc::SIGCHLD;
            }
            self.reap();
            if stop {
                return self.stop();
            }
            self.accept();
            let now = Instant::now();
            for at in (0..self.peers.len()).rev() {
                self.turn(cx, at, now);
            }
            if once && self.peers.is_empty() {
                return self.stop();
            }
        }
    }

    /// Waits until something happens.
    fn wait(&self) {
        let mut fds: Vec<PollFd<'_>> = Vec::with_capacity(40);
        for listener in &self.listeners {
            fds.push(PollFd::new(listener.as_fd(), PollFlags::POLLIN));
        }
        let mut timeout = if self.port.is_some() { 500u64 } else { 5000 };
        for peer in &self.peers {
            let mut events = PollFlags::empty();
            events.set(PollFlags::POLLIN, peer.may_type());
            fds.push(PollFd::new(peer.input(), events));
            if !peer.out.is_empty() {
                fds.push(PollFd::new(peer.output(), PollFlags::POLLOUT));
            }
            match &peer.doing {
                Doing::Session { pty, .. } => {
                    let mut events = PollFlags::empty();
                    events.set(PollFlags::POLLIN, peer.may_print());
                    events.set(PollFlags::POLLOUT, !peer.typed.is_empty());
                    if !events.is_empty() {
                        fds.push(PollFd::new(pty.as_fd(), events));
                    }
                }
                _ => timeout = timeout.min(200),
            }
        }
        if !self.condemned.is_empty() {
            timeout = timeout.min(500);
        }
        // Signals come here and nowhere else, so that none is waited past.
        let timeout = Duration::from_millis(timeout).into();
        let _ = ppoll(&mut fds, Some(timeout), Some(SigSet::empty()));
    }

    /// Takes new connections, and closes at once those that are too many.
    fn accept(&mut self) {
        let mut taken = 0;
        for at in 0..self.listeners.len() {
            while taken < 256 {
                let Some(listener) = self.listeners.get(at) else { break };
                let Ok((fd, from)) = socket::accept(listener, true) else { break };
                taken += 1;
                let from = match (from.to_ip(), from.to_vsock()) {
                    (Some((ip, _)), _) => From::Net(ip.to_canonical()),
                    // VMADDR_CID_HOST
                    (_, Some((2, _))) => From::Host,
                    _ => continue,
                };
                if let From::Net(ip) = from
                    && !self.allows(ip)
                {
                    continue;
                }
                let of_one = self.peers.iter().filter(|p| p.is_stranger() && p.from == from);
                if of_one.count() >= STRANGERS_OF_ONE {
                    continue;
                }
                if self.peers.iter().filter(|p| p.is_stranger()).count() >= STRANGERS_MAX {
                    // The one that has waited longest makes room, so that many
                    // silent ones cannot keep everybody out.
                    let oldest = self
                        .peers
                        .iter()
                        .enumerate()
                        .filter(|(_, peer)| peer.is_stranger())
                        .min_by_key(|(_, peer)| peer.since)
                        .map(|(at, _)| at);
                    if let Some(oldest) = oldest {
                        self.peers.swap_remove(oldest);
                    }
                }
                keep_alive(&fd);
                self.welcome(fd, None, from);
            }
        }
    }

    fn welcome(&mut self, input: OwnedFd, output: Option<OwnedFd>, from: From) {
        let mut peer = Peer::new(input, output, from);
        match from {
            From::Net(_) => {
                peer.say(b"rescuebox: this connection is not encrypted\npassword: ");
            }
            From::Host => peer.say(b"token: "),
            From::Port if self.token.is_some() => peer.say(b"token: "),
            From::Given | From::Port if self.hash.is_some() => peer.say(b"password: "),
            From::Given | From::Port => {}
        }
        self.peers.push(peer);
    }

    /// Opens the machine's port when its other end is connected.
    fn open_port(&mut self) {
        let Some(name) = &self.port else { return };
        if self.peers.iter().any(|peer| peer.from == From::Port) {
            return;
        }
        let Some(fd) = super::attach::open_port(name) else { return };
        self.welcome(fd, None, From::Port);
    }

    /// Everything that is due for one peer.
    fn turn(&mut self, cx: &mut Ctx, at: usize, now: Instant) {
        let sessions =
            self.peers.iter().filter(|p| matches!(p.doing, Doing::Session { .. })).count();
        let Some(peer) = self.peers.get_mut(at) else { return };
        if peer.may_type() {
            peer.read();
        }
        let free = match peer.from {
            From::Given => self.hash.is_none(),
            From::Port => self.hash.is_none() && self.token.is_none(),
            _ => false,
        };
        if free && matches!(peer.doing, Doing::Asking { .. }) && !peer.gone {
            let settled = peer.size != (0, 0) && !peer.terminal.is_empty();
            let late = now.duration_since(peer.since) > Duration::from_millis(500);
            if settled || late && !peer.is_unnamed(now) {
                self.admit(cx, at, sessions);
            }
        } else if let Wish::Check(mut line) = peer.line(now) {
            self.check(cx, at, &line, sessions);
            line.fill(0);
        }
        let Some(peer) = self.peers.get_mut(at) else { return };
        peer.answer(now);
        if matches!(peer.doing, Doing::Session { .. }) {
            let mut over = false;
            while peer.may_print() {
                let before = peer.out.len();
                if !peer.print() {
                    over = true;
                    break;
                }
                if peer.out.len() == before {
                    break;
                }
            }
            if over {
                self.condemn(at);
            }
        }
        let Some(peer) = self.peers.get_mut(at) else { return };
        let idle = now.duration_since(peer.active);
        match peer.doing {
            Doing::Asking { .. } if now.duration_since(peer.since) > PATIENCE => {
                peer.end(b"\ntoo late\n");
            }
            Doing::Session { .. } if self.idle > 0 && idle > Duration::from_secs(self.idle) => {
                peer.say(b"\nnothing has happened for a long time: good bye\n");
                self.condemn(at);
            }
            Doing::Ending if idle > LAST_WORD => peer.gone = true,
            _ => {}
        }
        let Some(peer) = self.peers.get_mut(at) else { return };
        peer.flush();
        if peer.gone {
            self.condemn(at);
            self.peers.swap_remove(at);
        }
    }

    /// Hangs up on a session; what does not end in five seconds is killed.
    fn condemn(&mut self, at: usize) {
        let Some(peer) = self.peers.get_mut(at) else { return };
        if let Doing::Session { pid, .. } = &peer.doing {
            self.condemned.push((*pid, Instant::now() + Duration::from_secs(5)));
            peer.hang_up();
        }
    }

    fn check(&mut self, cx: &mut Ctx, at: usize, line: &[u8], sessions: usize) {
        let Some(from) = self.peers.get(at).map(|peer| peer.from) else { return };
        let now = Instant::now();
        let source = match from {
            From::Net(ip) => ip,
            _ => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        };
        let waiting = self.culprits.iter().find(|(ip, ..)| *ip == source).map(|c| c.2);
        let right = match (from, &self.hash, &self.token) {
            // Whoever has to wait is not even looked at.
            _ if waiting.is_some_and(|until| until > now) => false,
            (From::Host | From::Port, _, Some(token)) => password::is_same(line, token),
            (From::Host, ..) => false,
            (_, Some(hash), _) => password::matches(line, hash),
            (_, None, _) => false,
        };
        if right {
            self.culprits.retain(|(ip, ..)| *ip != source);
            self.admit(cx, at, sessions);
            return;
        }
        let count = self.culprits.iter().find(|(ip, ..)| *ip == source).map_or(0, |c| c.1) + 1;
        let delay = 1u64.checked_shl(count - 1).unwrap_or(DELAY_MAX).min(DELAY_MAX);
        let until = now + Duration::from_secs(delay);
        self.culprits.retain(|(ip, ..)| *ip != source);
        if self.culprits.len() >= CULPRITS_MAX {
            self.culprits.remove(0);
        }
        self.culprits.push((source, count, until));
        if let Some(peer) = self.peers.get_mut(at) {
            peer.wrong(until);
        }
        cx.note(format_args!("{}: wrong password ({count} in a row)", Name(from)));
    }

    /// Starts the session.
    fn admit(&mut self, cx: &mut Ctx, at: usize, sessions: usize) {
        let Some(peer) = self.peers.get_mut(at) else { return };
        if sessions >= self.max {
            peer.end(b"too many sessions\n");
            return;
        }
        let (pty, name) = match sys::pty::open() {
            Ok(pair) => pair,
            Err(errno) => {
                let reason = sys::text::error_text(errno as i32);
                peer.end(format!("no terminal: {reason} (is devpts mounted?)\n").as_bytes());
                return;
            }
        };
        let (columns, rows) = if peer.size == (0, 0) { (80, 24) } else { peer.size };
        let _ = sys::tty::set_size(&pty, rows, columns);
        let from = peer.from;
        let mut text = crate::sys::file::read(FAILURE).unwrap_or_default();
        text.truncate(4096);
        peer.say(&text);
        let terminal = peer.terminal.clone();
        match fork() {
            Ok(Forked::Parent(pid)) => {
                peer.doing = Doing::Session { pty, pid };
                cx.note(format_args!("{}: a session has begun", Name(from)));
            }
            Ok(Forked::Child) => {
                drop(pty);
                // Other people's connections are no business of the shell.
                self.peers.clear();
                self.listeners.clear();
                become_shell(cx, &name, &terminal, self.shell.as_ref());
            }
            Err(errno) => {
                let reason = sys::text::error_text(errno as i32);
                peer.end(format!("no process: {reason}\n").as_bytes());
            }
        }
    }

    /// Takes note of children that have ended, and kills what outlives its
    /// session.
    fn reap(&mut self) {
        while let Ok(status) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            let Some(ended) = status.pid() else { break };
            let is_its =
                |peer: &Peer| matches!(peer.doing, Doing::Session { pid, .. } if pid == ended);
            let Some(at) = self.peers.iter().position(is_its) else { continue };
            // Its last words, and the end of what it left behind.
            if let Some(peer) = self.peers.get_mut(at) {
                let mut length = usize::MAX;
                while length != peer.out.len() && peer.out.len() < LAST_WORDS_MAX {
                    length = peer.out.len();
                    peer.print();
                }
            }
            self.condemn(at);
        }
        let now = Instant::now();
        self.condemned.retain(|(pid, until)| {
            let group = Pid::from_raw(-pid.as_raw());
            if nix::sys::signal::kill(group, None).is_err() {
                return false;
            }
            if now >= *until {
                let _ = nix::sys::signal::kill(group, Signal::SIGKILL);
                return false;
            }
            true
        });
    }

    /// Ends all sessions.
    fn stop(&mut self) -> Result<Status, Error> {
        for at in 0..self.peers.len() {
            if let Some(peer) = self.peers.get_mut(at) {
                peer.say(b"\nrescuebox: this shell ends; the machine goes on\n");
            }
            self.condemn(at);
            if let Some(peer) = self.peers.get_mut(at) {
                peer.flush();
            }
        }
        self.peers.clear();
        for _ in 0..20 {
            self.reap();
            if self.condemned.is_empty() {
                break;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        for (pid, _) in &self.condemned {
            let _ = nix::sys::signal::kill(Pid::from_raw(-pid.as_raw()), Signal::SIGKILL);
        }
        Ok(Status::OK)
    }
}

/// What the host of a virtual machine has to say.
fn read_token() -> Result<Vec<u8>, Error> {
    let mut token = crate::sys::file::read(TOKEN).map_err(|e| Error::os(TOKEN, e))?;
    token.truncate(token.trim_ascii_end().len());
    if token.len() < 16 {
        return Err(Error::msg(format_args!("{TOKEN}: too short to be a secret")));
    }
    Ok(token)
}

/// Finds out when the other end is gone: after a minute of silence.
fn keep_alive(fd: &OwnedFd) {
    let tcp = libc::IPPROTO_TCP;
    for (level, name, value) in [
        (libc::SOL_SOCKET, libc::SO_KEEPALIVE, 1),
        (tcp, libc::TCP_KEEPIDLE, 30),
        (tcp, libc::TCP_KEEPINTVL, 10),
        (tcp, libc::TCP_KEEPCNT, 3),
        // milliseconds; linux/tcp.h
        (tcp, 18, 60_000),
        (tcp, libc::TCP_NODELAY, 1),
    ] {
        let _ = socket::set_number(fd, level, name, value);
    }
}

/// Who it is, for messages.
struct Name(From);

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            From::Net(ip) => ip.fmt(f),
            From::Host => f.write_str("the host"),
            From::Port => f.write_str("the port"),
            From::Given => f.write_str("the connection"),
        }
    }
}

/// In the child: the terminal becomes everything, and the shell runs.
fn become_shell(cx: &Ctx, tty: &CString, terminal: &[u8], shell: Option<&OsString>) -> ! {
    sys::process::reset_signals();
    let _ = setsid();
    if sys::pty::take_over(tty).is_err() {
        exit_now(126);
    }
    let _ = nix::unistd::chdir("/");
    let terminal: &[u8] = if terminal.is_empty() { b"vt100" } else { terminal };
    let environment: Vec<OsString> = vec![
        OsString::from_vec([b"TERM=", terminal].concat()),
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin".into(),
        "HOME=/".into(),
        "PS1=(remote) $PWD # ".into(),
    ];
    let args = match shell {
        Some(shell) => {
            let argv = [shell.clone()];
            let mut list = environment.iter().map(OsString::as_os_str);
            let errno = sys::exec::exec(&argv, None, &mut list);
            let text = sys::text::error_text(errno as i32);
            applet::complain(sys::fd::stderr(), cx.name, &format_args!("{}: {text}", show(shell)));
            exit_now(127);
        }
        None => [OsString::from("-i")],
    };
    let name = std::ffi::OsStr::new("sh");
    let Some(row) = cx.table.find(b"sh") else { exit_now(127) };
    let fds: [BorrowedFd<'_>; 3] = [sys::fd::stdin(), sys::fd::stdout(), sys::fd::stderr()];
    let mut inner = cx.for_applet(
        "sh",
        name,
        &args,
        Env::List(&environment),
        fds,
        Out::to_fd(sys::fd::stdout()),
    );
    exit_now(applet::run(row.applet, &mut inner).0)
}
