//! ping, ping6: does a host answer, and how fast. Output is busybox's.

use std::net::IpAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::PollFlags;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::interval;
use crate::net::{packet, resolve};
use crate::sys;
use crate::sys::signal::Disposition;
use crate::sys::socket::{self, Address};

const USAGE: &str = "[-46qnA] [-p HEX] [-c N] [-i SEC] [-s SIZE] [-W SEC] [-w SEC] [-t TTL] [-I IFACE|ADDR] HOST\n\
     \x20 -c  N packets, then stop          -i  SEC between them (1)    -A  the next at once\n\
     \x20 -s  bytes in each (56)            -t  hops that they may take\n\
     \x20 -W  wait SEC for the last answer (10)   -w  stop after SEC in all\n\
     \x20 -I  by this interface, or from this address   -q  only the summary\n\
     \x20 -p  what packets are filled with";

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "ping",
    summary: "ask a host for an echo",
    usage: USAGE,
    kind: Kind::Fork, // it waits
    run,
};

/// See the module.
pub(super) static PING6: Applet = Applet {
    name: "ping6",
    summary: "ask a host for an echo over IPv6",
    usage: USAGE,
    kind: Kind::Fork, // it waits
    run,
};

/// The largest payload that fits a packet.
const SIZE_MAX: u64 = 65507;

/// `ff` or `00ff12`; a digit alone is a byte.
fn hex_bytes(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |b: &u8| char::from(*b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let digits: Vec<u8> = text.iter().map(digit).collect::<Option<_>>()?;
    let pairs = digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, d| byte << 4 | d));
    Some(pairs.collect()).filter(|bytes: &Vec<u8>| (1..=16).contains(&bytes.len()))
}

struct Ping {
    fd: OwnedFd,
    /// The kernel's own echo sockets: no head before the answer, own number.
    datagram: bool,
    six: bool,
    to: Address,
    ip: IpAddr,
    id: u16,
    size: usize,
    /// What the payload is filled with.
    pattern: Vec<u8>,
    quiet: bool,
    sent: u64,
    received: u64,
    duplicates: u64,
    times: (u64, u64, u64),
    begin: Instant,
    seen: Vec<u64>,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "4 6 q n A f c:count i:interval s:size W:timeout w:deadline t:ttl I:interface v p:",
    )?;
    let mut family = if cx.name == "ping6" { libc::AF_INET6 } else { 0 };
    let (mut count, mut size, mut ttl) = (u64::MAX, 56, None);
    let mut pause = Duration::from_secs(1);
    let (mut last, mut deadline) = (Duration::from_secs(10), None);
    let (mut quiet, mut adaptive, mut from) = (false, false, None);
    let mut pattern = vec![0];
    while let Some(letter) = options.next() {
        let seconds = |options: &mut crate::options::Options| {
            let text = options.value();
            let parsed = interval::parse(text.as_bytes());
            // "inf" is as long as anybody waits
            match parsed {
                Ok(Some(limit)) => Ok(limit),
                Ok(None) => Ok(Duration::from_secs(1 << 30)),
                Err(_) => Err(Error::bad(show(&text), "not a number of seconds")),
            }
        };
        match letter {
            b'4' => family = libc::AF_INET,
            b'6' => family = libc::AF_INET6,
            b'q' => quiet = true,
            b'A' | b'f' => adaptive = true,
            b'c' => count = options.number("not a number")?.max(1),
            b's' => size = options.number("not a number")?,
            b't' => ttl = Some(options.number("not a number")?),
            b'I' => from = Some(options.value()),
            b'p' => {
                let text = options.bytes();
                let wrong = || Error::bad(show_bytes(&text), "not 1 to 16 bytes in hexadecimal");
                pattern = hex_bytes(&text).ok_or_else(wrong)?;
            }
            b'i' => pause = seconds(&mut options)?,
            b'W' => last = seconds(&mut options)?,
            b'w' => deadline = Some(seconds(&mut options)?),
            _ => {}
        }
    }
    options.at_most(1)?;
    let Some(host) = options.operands.first().cloned() else {
        return Err(Error::usage("which host?"));
    };
    if size > SIZE_MAX {
        return Err(Error::usage("a packet holds at most 65507 bytes"));
    }
    let to = resolve::address(host.as_bytes(), family, 0)?;
    let Some((ip, _)) = to.to_ip() else { return Err(Error::msg("no address")) };
    let (fd, datagram) = open(ip)?;
    let six = ip.is_ipv6();
    if let Some(ttl) = ttl {
        let (level, name) = if six {
            (libc::IPPROTO_IPV6, libc::IPV6_UNICAST_HOPS)
        } else {
            (libc::IPPROTO_IP, libc::IP_TTL)
        };
        let ttl = i32::try_from(ttl).unwrap_or(64);
        socket::set_number(&fd, level, name, ttl).map_err(|e| Error::os("-t", e))?;
    }
    let mut own = None;
    if let Some(from) = from {
        own = crate::net::address::parse(from.as_bytes());
        let done = match own {
            Some(ip) => socket::bind(&fd, &Address::ip(ip, 0, 0)),
            None => socket::set(&fd, libc::SOL_SOCKET, libc::SO_BINDTODEVICE, from.as_bytes()),
        };
        done.map_err(|e| Error::os(show(&from), e))?;
    }
    let (level, name) = if six {
        (libc::IPPROTO_IPV6, libc::IPV6_RECVHOPLIMIT)
    } else {
        (libc::IPPROTO_IP, libc::IP_RECVTTL)
    };
    let _ = socket::set_number(&fd, level, name, 1);
    let _ = socket::set_number(&fd, libc::SOL_SOCKET, libc::SO_BROADCAST, 1);
    let _ = sys::signal::set(libc::SIGINT, Disposition::Catch);
    let size = usize::try_from(size).unwrap_or(56);
    cx.print(format_args!("PING {} ({ip})", show(&host)))?;
    if let Some(own) = own {
        cx.print(format_args!(" from {own}"))?;
    }
    cx.print(format_args!(": {size} data bytes\n"))?;
    cx.flush()?;
    let id = u16::try_from(nix::unistd::getpid().as_raw() & 0xffff).unwrap_or(1);
    let begin = Instant::now();
    let mut ping = Ping {
        fd,
        datagram,
        six,
        to,
        ip,
        id,
        size,
        pattern,
        quiet,
        sent: 0,
        received: 0,
        duplicates: 0,
        times: (u64::MAX, 0, 0),
        begin,
        seen: Vec::new(),
    };
    let end = deadline.map(|limit| begin + limit);
    let least = Duration::from_millis(if adaptive { 0 } else { 2 });
    while ping.sent < count && !sys::signal::any() {
        let now = Instant::now();
        if end.is_some_and(|end| now >= end) {
            break;
        }
        ping.send()?;
        let is_last = ping.sent == count;
        let mut until = now + if is_last { last } else { pause.max(least) };
        if let Some(end) = end {
            until = if is_last { end } else { until.min(end) };
        }
        while Instant::now() < until && !sys::signal::any() {
            if ping.answered(cx, until)? && (adaptive || ping.received >= count) {
                break;
            }
        }
    }
    cx.print(format_args!("\n--- {} ping statistics ---\n", show(&host)))?;
    let (sent, received) = (ping.sent, ping.received);
    cx.print(format_args!("{sent} packets transmitted, {received} packets received, "))?;
    if ping.duplicates > 0 {
        cx.print(format_args!("{} duplicates, ", ping.duplicates))?;
    }
    let lost = (sent.saturating_sub(received) * 100).checked_div(sent).unwrap_or(0);
    cx.print(format_args!("{lost}% packet loss\n"))?;
    // Packets too small to hold a time tell none.
    if received > 0 && size >= 8 {
        let (least, sum, most) = ping.times;
        let mean = sum / (received + ping.duplicates);
        cx.print(format_args!(
            "round-trip min/avg/max = {}/{}/{} ms\n",
            Milliseconds(least),
            Milliseconds(mean),
            Milliseconds(most)
        ))?;
    }
    Ok(Status::from_bool(received > 0))
}

/// Microseconds as milliseconds with three places.
pub(super) struct Milliseconds(pub(super) u64);

impl std::fmt::Display for Milliseconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

/// A raw socket; where that is not allowed, the kernel's own for echoes.
fn open(ip: IpAddr) -> Result<(OwnedFd, bool), Error> {
    let (family, protocol) = match ip {
        IpAddr::V4(_) => (libc::AF_INET, libc::IPPROTO_ICMP),
        IpAddr::V6(_) => (libc::AF_INET6, libc::IPPROTO_ICMPV6),
    };
    match socket::open(family, libc::SOCK_RAW, protocol) {
        Ok(fd) => Ok((fd, false)),
        Err(Errno::EPERM | Errno::EACCES) => {
            let fd = socket::open(family, libc::SOCK_DGRAM, protocol);
            Ok((fd.map_err(|e| Error::os("socket", e))?, true))
        }
        Err(errno) => Err(Error::os("socket", errno)),
    }
}

impl Ping {
    fn now(&self) -> u64 {
        u64::try_from(self.begin.elapsed().as_micros()).unwrap_or(0)
    }

    fn send(&mut self) -> Result<(), Error> {
        let mut payload: Vec<u8> = self.pattern.iter().copied().cycle().take(self.size).collect();
        for (to, from) in payload.iter_mut().zip(self.now().to_be_bytes()) {
            *to = from;
        }
        let sequence = u16::try_from(self.sent & 0xffff).unwrap_or(0);
        let kind = if self.six { 128 } else { 8 };
        let bytes = packet::echo(kind, self.id, sequence, &payload);
        self.sent += 1;
        match socket::send(&self.fd, &bytes, Some(&self.to)) {
            Ok(_) | Err(Errno::ENOBUFS | Errno::EINTR) => Ok(()),
            Err(errno) => Err(Error::os("sendto", errno)),
        }
    }

    /// Waits for an answer; whether it is one of ours.
    fn answered(&mut self, cx: &mut Ctx, until: Instant) -> Result<bool, Error> {
        let left = until.saturating_duration_since(Instant::now());
        if !socket::wait(self.fd.as_fd(), PollFlags::POLLIN, left).unwrap_or(false) {
            return Ok(false);
        }
        let mut buffer = vec![0; self.size + 256];
        let mut ttl = None;
        let got = socket::receive_with_control(
            &self.fd,
            &mut buffer,
            libc::MSG_DONTWAIT,
            &mut |level, _, value| {
                if matches!(level, libc::IPPROTO_IP | libc::IPPROTO_IPV6) {
                    ttl = Some(u32::from_ne_bytes(crate::net::rtnl::part(value, 0)));
                }
            },
        );
        let Ok((count, from)) = got else { return Ok(false) };
        let whole = buffer.get(..count).unwrap_or_default();
        let head = match (self.six || self.datagram, whole.first()) {
            (false, Some(first)) => usize::from(first & 15) * 4,
            _ => 0,
        };
        let Some(message) = whole.get(head..).filter(|m| m.len() >= 8) else { return Ok(false) };
        let number = |at: usize| u16::from_be_bytes(crate::net::rtnl::part(message, at));
        let reply = if self.six { 129 } else { 0 };
        if message.first() != Some(&reply) || !self.datagram && number(4) != self.id {
            return Ok(false);
        }
        let sequence = u64::from(number(6));
        let duplicate = self.seen.contains(&sequence);
        if duplicate {
            self.duplicates += 1;
        } else {
            self.received += 1;
            self.seen.push(sequence);
            if self.seen.len() > 64 {
                self.seen.remove(0);
            }
        }
        let mut time = None;
        if self.size >= 8 {
            let then = u64::from_be_bytes(crate::net::rtnl::part(message, 8));
            let took = self.now().saturating_sub(then);
            time = Some(took);
            let (least, sum, most) = self.times;
            self.times = (least.min(took), sum + took, most.max(took));
        }
        if self.quiet {
            return Ok(true);
        }
        let from = from.to_ip().map_or(self.ip, |(ip, _)| ip);
        cx.print(format_args!("{} bytes from {from}: seq={sequence}", message.len()))?;
        if let Some(ttl) = ttl {
            cx.print(format_args!(" ttl={ttl}"))?;
        }
        if let Some(time) = time {
            cx.print(format_args!(" time={} ms", Milliseconds(time)))?;
        }
        cx.put(if duplicate { b" (DUP!)\n" } else { b"\n" })?;
        cx.flush()?;
        Ok(true)
    }
}
