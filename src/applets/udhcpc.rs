//! udhcpc: get an address by DHCP. Options, signals and the interface to the
//! script are busybox's.
//!
//! Deviation: without `-s`, and where busybox's usual script is not there, the
//! program itself sets the interface up: address, routes, /etc/resolv.conf.

use std::ffi::{OsStr, OsString};
use std::net::Ipv4Addr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, setsid};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::net::address;
use crate::net::dhcp::{self, Form, OPTIONS, Reply, code, kind};
use crate::net::lease::{self, Client, Lease, Purpose};
use crate::net::links;
use crate::net::netlink::Netlink;
use crate::sys;
use crate::sys::process::{Forked, exit_now, fork};
use crate::sys::signal::Disposition;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "udhcpc",
    summary: "get an address by DHCP",
    usage: "[-fbqnvRBCSao] [-i IFACE] [-s PROG] [-p PIDFILE] [-r IP] [-t N] [-T SEC] [-A SEC]\n\
            \x20             [-O OPT]... [-x OPT:VAL]... [-V VENDOR] [-F NAME]\n\
            \x20 -i  the interface (eth0)       -s  run PROG at each event instead of setting it up\n\
            \x20 -f  stay in the foreground     -b  background when there is no lease\n\
            \x20 -q  exit with a lease          -n  exit when there is no lease\n\
            \x20 -t  send N requests (3)        -T  SEC between them (3)   -A  SEC between rounds (20)\n\
            \x20 -r  ask for this address       -R  release it at the end  -a  is it somebody's? ask\n\
            \x20 -O  ask for an option by name, number or 0xNN   -o  ask for none but these\n\
            \x20 -x  send an option: hostname:x, lease:3600, 0x3d:0102\n\
            \x20 -V  vendor class   -F  tell the server our name   -C  no client id   -B  broadcasts\n\
            \x20Signals: USR1 renews, USR2 releases.",
    kind: Kind::Exec,
    run,
};

/// Where busybox looks for the script.
const SCRIPT: &str = "/usr/share/udhcpc/default.script";
/// What is asked for when nothing else is said.
const USUAL: [u8; 7] = [
    code::SUBNET,
    code::ROUTER,
    code::DNS,
    code::HOSTNAME,
    code::DOMAIN,
    code::BROADCAST,
    code::NTP,
];

struct Daemon {
    interface: Vec<u8>,
    script: Option<OsString>,
    client: Client,
    wanted: Option<Ipv4Addr>,
    tries: u64,
    pause: Duration,
    rest: Duration,
    /// Options asked for, which scripts are told even when they have no name.
    asked: Vec<u8>,
    foreground: bool,
    background_if_none: bool,
    quit_with_lease: bool,
    exit_if_none: bool,
    release_at_end: bool,
    check: bool,
    pid_file: Option<OsString>,
    /// Already a daemon.
    detached: bool,
}

/// What a signal asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Nothing,
    Renew,
    Release,
    End,
}

fn asked() -> Asked {
    let mut asked = Asked::Nothing;
    while let Some(signal) = sys::signal::take() {
        asked = match signal {
            libc::SIGUSR1 => Asked::Renew,
            libc::SIGUSR2 => Asked::Release,
            libc::SIGCHLD => asked,
            _ => Asked::End,
        };
    }
    asked
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "i:interface s:script p:pidfile r:request t:retries T:timeout A:tryagain O:request-option \
         x: V:vendorclass F:fqdn f,foreground b,background q,quit n,now v, R,release B,broadcast \
         C,clientid-none S,syslog a?arping o,no-default-options H:hostname h: c:clientid",
    )?;
    options.at_most(0)?;
    let (mut interface, mut script, mut pid_file) = (b"eth0".to_vec(), None, None);
    let (mut wanted, mut tries, mut pause, mut rest) = (None, 3, 3, 20);
    let (mut plain, mut no_id, mut broadcast) = (true, false, false);
    let mut asked: Vec<u8> = Vec::new();
    let mut sent: Vec<(u8, Vec<u8>)> = Vec::new();
    let mut vendor = b"udhcp rescuebox".to_vec();
    let mut flags = [false; 256];
    while let Some(letter) = options.next() {
        if let Some(flag) = flags.get_mut(usize::from(letter)) {
            *flag = true;
        }
        match letter {
            b'i' => interface = options.bytes(),
            b's' => script = Some(options.value()),
            b'p' => pid_file = Some(options.value()),
            b'r' => {
                let text = options.value();
                let ip = text.to_str().and_then(|text| text.parse().ok());
                wanted = Some(ip.ok_or_else(|| Error::bad(show(&text), "not an address"))?);
            }
            b't' => tries = options.number("not a number")?.max(1),
            b'T' => pause = options.number("not a number of seconds")?.max(1),
            b'A' => rest = options.number("not a number of seconds")?,
            b'O' => {
                let text = options.value();
                let (code, _) = option_named(text.as_bytes())
                    .ok_or_else(|| Error::bad(show(&text), "not an option of DHCP"))?;
                asked.push(code);
            }
            b'x' => {
                let text = options.value();
                let option = option_to_send(text.as_bytes());
                sent.push(option.ok_or_else(|| Error::bad(show(&text), "not OPTION:VALUE"))?);
            }
            b'V' => vendor = options.bytes(),
            b'F' => {
                // flags: the server shall update the names; no encoding
                let name = options.bytes();
                sent.push((code::FQDN, [b"\x01\0\0", name.as_slice()].concat()));
            }
            b'H' | b'h' => sent.push((code::HOSTNAME, options.bytes())),
            b'c' => sent.push((code::CLIENT, [b"\0", options.bytes().as_slice()].concat())),
            b'o' => plain = false,
            b'C' => no_id = true,
            b'B' => broadcast = true,
            _ => {}
        }
    }
    let has = |letter: u8| flags.get(usize::from(letter)).copied().unwrap_or(false);
    if plain {
        asked.splice(..0, USUAL);
    }
    let mut kernel = Netlink::open().map_err(|e| Error::os("netlink", e))?;
    let link = links::find(&mut kernel, &interface)
        .map_err(|e| Error::os(crate::applet::show_bytes(&interface), e))?;
    if script.is_none() && std::fs::metadata(SCRIPT).is_ok() {
        script = Some(SCRIPT.into());
    }
    let opened = links::set_flags(&mut kernel, link.index, libc::IFF_UP, true)
        .and_then(|()| Client::open(&link));
    let mut client = opened.map_err(|e| Error::os(crate::applet::show_bytes(&interface), e))?;
    client.broadcast = broadcast;
    if !no_id && !sent.iter().any(|(code, _)| *code == code::CLIENT) {
        client.options.push((code::CLIENT, [b"\x01".as_slice(), &client.hardware].concat()));
    }
    client.options.push((code::MAX_SIZE, 576u16.to_be_bytes().to_vec()));
    if !vendor.is_empty() {
        client.options.push((code::VENDOR, vendor));
    }
    if !asked.is_empty() {
        client.options.push((code::PARAMETERS, asked.clone()));
    }
    client.options.extend(sent);
    for signal in
        [Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP]
    {
        let _ = sys::signal::set(signal as i32, Disposition::Catch);
    }
    let mut daemon = Daemon {
        interface,
        script,
        client,
        wanted,
        tries,
        pause: Duration::from_secs(pause),
        rest: Duration::from_secs(rest),
        asked,
        foreground: has(b'f'),
        background_if_none: has(b'b'),
        quit_with_lease: has(b'q'),
        exit_if_none: has(b'n'),
        release_at_end: has(b'R'),
        check: has(b'a'),
        pid_file,
        detached: false,
    };
    daemon.write_pid(nix::unistd::getpid())?;
    cx.note("started");
    let result = daemon.work(cx, &mut kernel);
    if let Some(path) = &daemon.pid_file {
        let _ = std::fs::remove_file(path);
    }
    result
}

impl Daemon {
    fn write_pid(&self, pid: Pid) -> Result<(), Error> {
        let Some(path) = &self.pid_file else { return Ok(()) };
        let text = format!("{pid}\n");
        std::fs::write(path, text).map_err(|e| Error::os(show(path), e))
    }

    /// Goes on as a daemon; the parent's exit tells the caller that this is
    /// so.
    fn detach(&mut self) -> Result<(), Error> {
        if self.detached || self.foreground {
            return Ok(());
        }
        match fork().map_err(|e| Error::os("cannot fork", e))? {
            // Whoever waits for us may read the file at once.
            Forked::Parent(pid) => {
                let _ = self.write_pid(pid);
                exit_now(0)
            }
            Forked::Child => {
                let _ = setsid();
                if let Ok(null) = sys::descriptor::open(c"/dev/null", libc::O_RDWR, 0) {
                    for fd in 0..3 {
                        let _ = sys::descriptor::copy_onto(null, fd);
                    }
                    if null > 2 {
                        sys::descriptor::close(null);
                    }
                }
                self.detached = true;
                Ok(())
            }
        }
    }

    fn work(&mut self, cx: &Ctx, kernel: &mut Netlink) -> Result<Status, Error> {
        self.event(cx, kernel, "deconfig", None);
        loop {
            let lease = match self.obtain(cx, kernel)? {
                Ok(lease) => lease,
                Err(Asked::Release) => {
                    if self.sleep() {
                        return Ok(Status::OK);
                    }
                    continue;
                }
                Err(_) => return Ok(if self.exit_if_none { Status::FAILURE } else { Status::OK }),
            };
            self.event(cx, kernel, "bound", Some(&lease));
            if self.quit_with_lease {
                if self.release_at_end {
                    self.release(cx, kernel, &lease);
                }
                return Ok(Status::OK);
            }
            self.detach()?;
            match self.keep(cx, kernel, lease)? {
                Asked::End => return Ok(Status::OK),
                Asked::Release if self.sleep() => return Ok(Status::OK),
                _ => {}
            }
        }
    }

    /// Waits, without a lease, for somebody to want one again. True: the end.
    fn sleep(&self) -> bool {
        loop {
            match asked() {
                Asked::Renew => return false,
                Asked::End => return true,
                _ => std::thread::sleep(Duration::from_millis(200)),
            }
        }
    }

    /// Asks until there is a lease.
    fn obtain(&mut self, cx: &Ctx, kernel: &mut Netlink) -> Result<Result<Lease, Asked>, Error> {
        loop {
            self.client.begin();
            for _ in 0..self.tries {
                cx.note("broadcasting discover");
                let end = Instant::now() + self.pause;
                match self.client.try_once(self.wanted, self.pause) {
                    Ok(Some(lease)) if self.check => {
                        let taken = self.client.is_taken(lease.reply.ip, Duration::from_secs(2));
                        if let Ok(Some(owner)) = taken {
                            let owner = address::hardware(&owner);
                            cx.note(format_args!(
                                "{} is used by {owner}: declined",
                                lease.reply.ip
                            ));
                            let _ = self.client.send(Purpose::Decline(&lease.reply));
                            self.event(cx, kernel, "deconfig", None);
                            self.client.begin();
                        } else {
                            return Ok(Ok(self.told(cx, lease)));
                        }
                    }
                    Ok(Some(lease)) => return Ok(Ok(self.told(cx, lease))),
                    Ok(None) => {}
                    // A link that is not there yet may come.
                    Err(errno) => {
                        cx.note(sys::text::error_text(errno as i32));
                    }
                }
                match asked() {
                    Asked::End => return Ok(Err(Asked::End)),
                    Asked::Release => return Ok(Err(Asked::Release)),
                    _ => {}
                }
                std::thread::sleep(end.saturating_duration_since(Instant::now()));
            }
            self.event(cx, kernel, "leasefail", None);
            if self.exit_if_none {
                cx.note("no lease, failing");
                return Ok(Err(Asked::Nothing));
            }
            if self.background_if_none {
                cx.note("no lease, forking to background");
                self.detach()?;
            }
            let end = Instant::now() + self.rest;
            while Instant::now() < end {
                match asked() {
                    Asked::End => return Ok(Err(Asked::End)),
                    Asked::Renew => break,
                    _ => std::thread::sleep(Duration::from_millis(100)),
                }
            }
        }
    }

    fn told(&self, cx: &Ctx, lease: Lease) -> Lease {
        let (ip, server, seconds) = (lease.reply.ip, lease.server, lease.seconds);
        cx.note(format_args!("lease of {ip} obtained from {server}, lease time {seconds}"));
        lease
    }

    /// Renews at half of the lease's time, from any server at seven eighths,
    /// and gives it up at its end. RFC 2131, 4.4.5.
    fn keep(&mut self, cx: &Ctx, kernel: &mut Netlink, mut lease: Lease) -> Result<Asked, Error> {
        loop {
            let whole = Duration::from_secs(lease.seconds.into());
            let begin = Instant::now();
            let end = begin + whole;
            let mut next = begin + whole / 2;
            let renewed = loop {
                let now = Instant::now();
                match asked() {
                    Asked::End => {
                        if self.release_at_end {
                            self.release(cx, kernel, &lease);
                        }
                        return Ok(Asked::End);
                    }
                    Asked::Release => {
                        self.release(cx, kernel, &lease);
                        return Ok(Asked::Release);
                    }
                    Asked::Renew => next = now,
                    Asked::Nothing => {}
                }
                if now >= end {
                    cx.note("lease lost");
                    break None;
                }
                if now < next {
                    // Nobody was asked, so whatever is said is passed over (RFC 2131,
                    // 4.4.5): who has seen the exchange could end the lease.
                    let nap = next.min(end).saturating_duration_since(now);
                    if self.client.receive(nap).is_err() {
                        std::thread::sleep(nap.min(Duration::from_secs(1)));
                    }
                    continue;
                }
                let late = begin + whole * 7 / 8;
                let purpose =
                    if now < late { Purpose::Renew(&lease) } else { Purpose::Rebind(&lease) };
                self.client.begin();
                let sent = match self.client.send(purpose) {
                    Ok(()) => true,
                    // The address is gone: by broadcast, then.
                    Err(_) => self.client.send(Purpose::Rebind(&lease)).is_ok(),
                };
                let limit = Duration::from_secs(3);
                let server = (now < late).then_some(lease.server);
                let answer = if sent {
                    self.client.wait_for(&[kind::ACK, kind::NAK], server, limit).unwrap_or(None)
                } else {
                    None
                };
                match answer {
                    Some((from, reply)) if reply.kind == kind::ACK => {
                        break Some(Lease::of(from, reply));
                    }
                    Some((_, reply)) => {
                        self.event(cx, kernel, "nak", Some(&Lease::of(lease.server, reply)));
                        break None;
                    }
                    None => {
                        // Half of what is left, but not more than once a minute.
                        let left = end.saturating_duration_since(Instant::now());
                        next = Instant::now()
                            + (left / 2).clamp(Duration::from_secs(1), Duration::from_secs(60));
                    }
                }
            };
            match renewed {
                Some(new) => {
                    lease = self.told(cx, new);
                    self.event(cx, kernel, "renew", Some(&lease));
                }
                None => {
                    self.event(cx, kernel, "deconfig", None);
                    return Ok(Asked::Nothing);
                }
            }
        }
    }

    fn release(&mut self, cx: &Ctx, kernel: &mut Netlink, lease: &Lease) {
        cx.note(format_args!("unicasting a release of {} to {}", lease.reply.ip, lease.server));
        self.client.begin();
        let _ = self.client.send(Purpose::Release(lease));
        self.event(cx, kernel, "deconfig", None);
    }

    /// Something has happened: the script is told, or it is done here.
    fn event(&self, cx: &Ctx, kernel: &mut Netlink, name: &str, lease: Option<&Lease>) {
        let Some(script) = &self.script else {
            let index = self.client.index;
            let done = match (name, lease) {
                ("deconfig", _) => lease::clear(kernel, index),
                ("bound" | "renew", Some(lease)) => {
                    let (search, servers) = lease::names_of(&lease.reply);
                    if !servers.is_empty() {
                        let text = lease::resolv_conf(&search, &servers);
                        if let Err(error) = lease::write_resolv_conf(&text) {
                            cx.note(Error::os("/etc/resolv.conf", error));
                        }
                    }
                    lease::apply(kernel, index, &lease.reply, None)
                }
                _ => Ok(()),
            };
            if let Err(errno) = done {
                cx.note(Error::os(crate::applet::show_bytes(&self.interface), errno));
            }
            return;
        };
        let mut environment: Vec<OsString> = cx.env.iter().map(OsStr::to_os_string).collect();
        set(&mut environment, b"interface", &self.interface);
        if let Some(lease) = lease {
            self.describe(&lease.reply, &mut environment);
        }
        let argv = [script.clone(), name.into()];
        match fork() {
            Ok(Forked::Child) => {
                sys::process::reset_signals();
                let mut list = environment.iter().map(OsString::as_os_str);
                let errno = sys::exec::exec(&argv, cx.env.get(b"PATH"), &mut list);
                cx.note(Error::os(show(script), errno));
                exit_now(127)
            }
            Ok(Forked::Parent(pid)) => while waitpid(pid, None) == Err(nix::errno::Errno::EINTR) {},
            Err(errno) => cx.note(Error::os("cannot fork", errno)),
        }
    }

    /// The variables of busybox's scripts.
    fn describe(&self, reply: &Reply, environment: &mut Vec<OsString>) {
        set(environment, b"ip", reply.ip.to_string().as_bytes());
        if reply.get(code::SUBNET).is_some() {
            set(environment, b"mask", reply.prefix().to_string().as_bytes());
        }
        if !reply.next_server.is_unspecified() {
            set(environment, b"siaddr", reply.next_server.to_string().as_bytes());
        }
        for (name, text) in [(b"sname".as_slice(), &reply.server_name), (b"boot_file", &reply.file)]
        {
            if !text.is_empty() {
                set(environment, name, text);
            }
        }
        for (code, value) in &reply.options {
            if matches!(*code, code::OVERLOAD) {
                continue;
            }
            match OPTIONS.iter().find(|(_, other, _)| other == code) {
                Some((name, _, form)) => {
                    let Some(text) = dhcp::text_of(*form, value) else { continue };
                    // Careless scripts: a bad name becomes none that is one.
                    let names =
                        matches!(*code, code::HOSTNAME | code::DOMAIN | code::SEARCH | 40 | 66);
                    let words = text.split(|&b| b == b' ');
                    let good = !names || words.clone().all(dhcp::is_host_name);
                    let bad = b"bad".as_slice();
                    set(environment, name.as_bytes(), if good { &text } else { bad });
                }
                None if self.asked.contains(code) || *code == code::KIND => {
                    let text = dhcp::text_of(Form::Hex, value).unwrap_or_default();
                    set(environment, format!("opt{code}").as_bytes(), &text);
                }
                None => {}
            }
        }
    }
}

/// Sets a variable, whatever our own environment has of that name (the kernel
/// gives its `ip=` to init).
fn set(environment: &mut Vec<OsString>, name: &[u8], value: &[u8]) {
    let mut entry = [name, b"="].concat();
    environment.retain(|old| !old.as_bytes().starts_with(&entry));
    entry.extend(value.iter().filter(|&&b| b != 0));
    environment.push(OsString::from_vec(entry));
}

/// An option by name or number.
fn option_named(text: &[u8]) -> Option<(u8, Form)> {
    if let Some((_, code, form)) = OPTIONS.iter().find(|(name, ..)| name.as_bytes() == text) {
        return Some((*code, *form));
    }
    let text = std::str::from_utf8(text).ok()?;
    let code = match text.strip_prefix("0x") {
        Some(hex) => u8::from_str_radix(hex, 16).ok()?,
        None => text.parse().ok()?,
    };
    Some((code, Form::Hex))
}

/// `OPTION:VALUE`, the value in the option's form.
fn option_to_send(text: &[u8]) -> Option<(u8, Vec<u8>)> {
    let colon = text.iter().position(|&b| b == b':')?;
    let (name, value) = text.split_at_checked(colon)?;
    let value = value.get(1..)?;
    let (code, form) = option_named(name)?;
    let text = || std::str::from_utf8(value).ok();
    let bytes = match form {
        Form::Text => {
            value.strip_prefix(b"\"").and_then(|v| v.strip_suffix(b"\"")).unwrap_or(value).to_vec()
        }
        Form::Ips | Form::Pairs => {
            let mut bytes = Vec::new();
            for word in text()?.split([',', ' ', '/']) {
                bytes.extend_from_slice(&word.parse::<Ipv4Addr>().ok()?.octets());
            }
            bytes
        }
        Form::Number if matches!(code, code::MTU | 13 | 132) => {
            text()?.parse::<u16>().ok()?.to_be_bytes().to_vec()
        }
        Form::Number if matches!(code, 23 | 133) => vec![text()?.parse().ok()?],
        Form::Number => text()?.parse::<u32>().ok()?.to_be_bytes().to_vec(),
        Form::Signed => text()?.parse::<i32>().ok()?.to_be_bytes().to_vec(),
        Form::Hex | Form::Names | Form::Routes => {
            let digits: Vec<u8> =
                value.iter().copied().filter(|b| !matches!(b, b':' | b'-')).collect();
            let mut bytes = Vec::new();
            for pair in digits.chunks(2) {
                bytes.push(u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?);
            }
            bytes
        }
    };
    (!bytes.is_empty() && bytes.len() < 256).then_some((code, bytes))
}
