//! traceroute, traceroute6: the routers on the way to a host. Packets whose
//! number of hops is limited make each router say who it is; UDP to ports where
//! nobody listens, or with -I echoes of ICMP. Output is busybox's.

use std::net::IpAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

use nix::poll::PollFlags;

use super::ping::Milliseconds;
use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::interval;
use crate::net::packet::{self, Probe};
use crate::net::{address, resolve};
use crate::options::in_range;
use crate::sys;
use crate::sys::signal::Disposition;
use crate::sys::socket::{self, Address};

const USAGE: &str = "[-46FIlnr] [-f TTL] [-m TTL] [-q N] [-w SEC] [-p PORT] [-t TOS] [-s ADDR]\n\
     \x20      [-i IFACE] [-z MSEC] HOST [BYTES]\n\
     \x20 -I  echoes of ICMP instead of UDP    -n  no names\n\
     \x20 -f  the first number of hops (1)     -m  the last one (30)\n\
     \x20 -q  packets for each (3)             -w  wait SEC for an answer (3)\n\
     \x20 -p  the first port (33434)           -z  pause before each packet\n\
     \x20 -s  from this address                -i  by this interface\n\
     \x20 -F  in one piece                     -r  only to neighbours\n\
     \x20 -l  show the hops that an answer had left   -t  type of service";

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "traceroute",
    summary: "show the routers on the way to a host",
    usage: USAGE,
    kind: Kind::Fork, // it waits
    run,
};

/// See the module.
pub(super) static SIX: Applet = Applet {
    name: "traceroute6",
    summary: "show the routers on the way to a host over IPv6",
    usage: USAGE,
    kind: Kind::Fork, // it waits
    run,
};

/// The largest packet of IPv4.
const PACKET_MAX: u64 = 65535;

struct Trace {
    /// What is sent by, and what is heard by: the same with -I.
    out: Option<OwnedFd>,
    icmp: OwnedFd,
    to: IpAddr,
    /// The port that UDP comes from, or the number of our echoes.
    id: u16,
    /// The first port.
    port: u16,
    payload: Vec<u8>,
    wait: Duration,
    sequence: u16,
}

/// An answer: who, how long it took, hops left, type and code.
struct Answer {
    from: IpAddr,
    took: Duration,
    hops: u8,
    kind: u8,
    code: u8,
    /// Hops that the packet had left when it was refused.
    left: u8,
    /// The largest packet that fits.
    mtu: u16,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("4 6 F I l n r v d f: m: q: p: t: w: s: i: z:")?;
    let mut family = if cx.name == "traceroute6" { libc::AF_INET6 } else { 0 };
    let (mut echo, mut numeric, mut show_hops) = (false, false, false);
    let (mut whole, mut direct) = (false, false);
    let (mut first, mut last, mut tries, mut port) = (1, 30, 3, 33434);
    let (mut wait, mut pause, mut service) = (Duration::from_secs(3), 0, None);
    let (mut source, mut interface) = (None, None);
    while let Some(letter) = options.next() {
        let limited = |options: &mut crate::options::Options, least: u64, most: u64| {
            in_range(options.number("not a number")?, least, most)
        };
        match letter {
            b'4' => family = libc::AF_INET,
            b'6' => family = libc::AF_INET6,
            b'F' => whole = true,
            b'I' => echo = true,
            b'l' => show_hops = true,
            b'n' => numeric = true,
            b'r' => direct = true,
            b'f' => first = limited(&mut options, 1, 255)?,
            b'm' => last = limited(&mut options, 1, 255)?,
            b'q' => tries = limited(&mut options, 1, u64::MAX)?,
            b'p' => port = limited(&mut options, 1, 65535)?,
            b't' => service = Some(limited(&mut options, 0, 255)?),
            b'z' => pause = options.number("not a number")?,
            b'w' => {
                let text = options.value();
                wait = match interval::parse(text.as_bytes()) {
                    Ok(Some(limit)) => limit,
                    _ => return Err(Error::bad(show(&text), "not a number of seconds")),
                };
            }
            b's' => {
                let text = options.value();
                let ip = address::parse(text.as_bytes());
                source = Some(ip.ok_or_else(|| Error::bad(show(&text), "not an address"))?);
            }
            b'i' => interface = Some(options.value()),
            _ => {}
        }
    }
    if first > last {
        let why = format_args!("first ttl ({first}) may not be greater than max ttl ({last})");
        return Err(Error::msg(why));
    }
    options.at_most(2)?;
    let mut words = options.operands.iter();
    let Some(host) = words.next().cloned() else { return Err(Error::usage("which host?")) };
    let size = match words.next() {
        Some(text) => {
            let number = crate::options::number(text).filter(|n| *n <= PACKET_MAX);
            Some(number.ok_or_else(|| Error::bad(show(text), "not a size of packets"))?)
        }
        None => None,
    };
    let to = resolve::address(host.as_bytes(), family, 0)?;
    let Some((ip, _)) = to.to_ip() else { return Err(Error::msg("no address")) };
    let six = ip.is_ipv6();
    // The heads of IP and UDP.
    let (heads, usual) = if six { (48, 72) } else { (28, 46) };
    let size = size.unwrap_or(usual).max(heads);
    let (family, protocol) = match six {
        true => (libc::AF_INET6, libc::IPPROTO_ICMPV6),
        false => (libc::AF_INET, libc::IPPROTO_ICMP),
    };
    let open =
        |kind, protocol| socket::open(family, kind, protocol).map_err(|e| Error::os("socket", e));
    let mut trace = Trace {
        out: None,
        icmp: open(libc::SOCK_RAW, protocol)?,
        to: ip,
        id: u16::try_from(nix::unistd::getpid().as_raw() & 0xffff).unwrap_or(1) | 0x8000,
        port: u16::try_from(port).unwrap_or(0),
        payload: vec![0; usize::try_from(size - heads).unwrap_or(0)],
        wait,
        sequence: 0,
    };
    if !echo {
        trace.out = Some(open(libc::SOCK_DGRAM, 0)?);
    }
    let out = trace.out.as_ref().unwrap_or(&trace.icmp);
    if let Some(name) = &interface {
        socket::set(out, libc::SOL_SOCKET, libc::SO_BINDTODEVICE, name.as_bytes())
            .map_err(|e| Error::os(show(name), e))?;
    }
    if direct {
        let _ = socket::set_number(out, libc::SOL_SOCKET, libc::SO_DONTROUTE, 1);
    }
    let level = if six { libc::IPPROTO_IPV6 } else { libc::IPPROTO_IP };
    if let Some(service) = service {
        let name = if six { libc::IPV6_TCLASS } else { libc::IP_TOS };
        let _ = socket::set_number(out, level, name, i32::try_from(service).unwrap_or(0));
    }
    if whole && !six {
        let how = libc::IP_PMTUDISC_DO;
        let _ = socket::set_number(out, level, libc::IP_MTU_DISCOVER, how);
    }
    if let Some(from) = source {
        socket::bind(out, &Address::ip(from, 0, 0)).map_err(|e| Error::os(from, e))?;
    }
    if !echo {
        // The port is known before the first packet is sent.
        let own = socket::name(out).map_err(|e| Error::os("socket", e))?;
        if own.to_ip().is_none_or(|(_, port)| port == 0) {
            let any = match (source, six) {
                (Some(from), _) => from,
                (None, true) => std::net::Ipv6Addr::UNSPECIFIED.into(),
                (None, false) => std::net::Ipv4Addr::UNSPECIFIED.into(),
            };
            socket::bind(out, &Address::ip(any, 0, 0)).map_err(|e| Error::os(any, e))?;
        }
        let own = socket::name(out).map_err(|e| Error::os("socket", e))?;
        trace.id = own.to_ip().map_or(0, |(_, port)| port);
    }
    let _ = sys::signal::set(libc::SIGINT, Disposition::Catch);
    cx.print(format_args!("traceroute to {} ({ip})", show(&host)))?;
    if let Some(from) = source {
        cx.print(format_args!(" from {from}"))?;
    }
    cx.print(format_args!(", {last} hops max, {size} byte packets\n"))?;
    cx.flush()?;
    let name = if six { libc::IPV6_UNICAST_HOPS } else { libc::IP_TTL };
    for hops in first..=last {
        let out = trace.out.as_ref().unwrap_or(&trace.icmp);
        socket::set_number(out, level, name, i32::try_from(hops).unwrap_or(0))
            .map_err(|e| Error::os("ttl", e))?;
        cx.print(format_args!("{hops:2}"))?;
        if trace.ask(cx, tries, pause, (numeric, show_hops))? {
            break;
        }
    }
    Ok(Status::OK)
}

impl Trace {
    /// Asks who is so many hops away; whether there is no use in going on.
    fn ask(
        &mut self,
        cx: &mut Ctx,
        tries: u64,
        pause: u64,
        (numeric, show_hops): (bool, bool),
    ) -> Result<bool, Error> {
        let (mut seen, mut there, mut refused) = (None, false, 0u64);
        for n in 0..tries {
            if pause > 0 && (n > 0 || self.sequence > 0) {
                std::thread::sleep(Duration::from_millis(pause));
            }
            let Some(answer) = self.probe()? else {
                cx.put(b"  *")?;
                cx.flush()?;
                if sys::signal::any() {
                    cx.put(b"\n")?;
                    return Ok(true);
                }
                continue;
            };
            if seen != Some(answer.from) {
                seen = Some(answer.from);
                let name = if numeric { None } else { resolve::name_of(answer.from) };
                match (numeric, name) {
                    (true, _) => cx.print(format_args!("  {}", answer.from))?,
                    (_, None) => cx.print(format_args!("  {0} ({0})", answer.from))?,
                    (_, Some(name)) => {
                        cx.print(format_args!("  {} ({})", show_bytes(&name), answer.from))?;
                    }
                }
            }
            let took = u64::try_from(answer.took.as_micros()).unwrap_or(0);
            cx.print(format_args!("  {} ms", Milliseconds(took)))?;
            if show_hops {
                cx.print(format_args!(" ({})", answer.hops))?;
            }
            let (arrived, why) = self.means(&answer);
            there |= arrived;
            refused += u64::from(!arrived && why.is_some());
            match why {
                Some(b'F') => cx.print(format_args!(" !F-{}", answer.mtu))?,
                Some(b'?') => cx.print(format_args!(" !<{}>", answer.code))?,
                Some(b'!') => cx.put(b" !")?,
                Some(letter) => cx.put(&[b' ', b'!', letter])?,
                None => {}
            }
            cx.flush()?;
        }
        cx.put(b"\n")?;
        cx.flush()?;
        Ok(there || refused > 0 && refused + 1 >= tries)
    }

    /// Whether the host itself has answered, and the letter of what is wrong.
    fn means(&self, answer: &Answer) -> (bool, Option<u8>) {
        // The answer had no hops left, as some old systems send it.
        let weary = (answer.left <= 1 && answer.hops <= 1).then_some(b'!');
        match (self.to.is_ipv6(), answer.kind, answer.code) {
            (false, 0, _) | (true, 129, _) => (true, weary),
            (false, 3, 3) | (true, 1, 4) => (true, weary),
            (false, 3, 2) => (true, Some(b'P')),
            (true, 4, _) => (true, Some(b'P')),
            (false, 3, 0) | (true, 1, 0) => (false, Some(b'N')),
            (false, 3, 1) | (true, 1, 3) => (false, Some(b'H')),
            (false, 3, 4) | (true, 2, _) => (false, Some(b'F')),
            (false, 3, 5) => (false, Some(b'S')),
            (false, 3, 6 | 7) => (false, Some(b'U')),
            (false, 3, 8) => (false, Some(b'I')),
            (false, 3, 9 | 13) | (true, 1, 1) => (false, Some(b'A')),
            (false, 3, 10 | 15) => (false, Some(b'C')),
            (false, 3, 11 | 12) => (false, Some(b'T')),
            (false, 3, 14) => (false, Some(b'V')),
            (false, 3, _) | (true, 1, _) => (false, Some(b'?')),
            _ => (false, None),
        }
    }

    /// Sends one packet and waits for the answer to it.
    fn probe(&mut self) -> Result<Option<Answer>, Error> {
        self.sequence = self.sequence.wrapping_add(1);
        let sequence = self.sequence;
        let port = self.port.wrapping_add(sequence - 1);
        let begin = Instant::now();
        let sent = match &self.out {
            Some(out) => socket::send(out, &self.payload, Some(&Address::ip(self.to, port, 0))),
            None => {
                let kind = if self.to.is_ipv6() { 128 } else { 8 };
                let bytes = packet::echo(kind, self.id, sequence, &self.payload);
                socket::send(&self.icmp, &bytes, Some(&Address::ip(self.to, 0, 0)))
            }
        };
        sent.map_err(|e| Error::os("sendto", e))?;
        let end = begin + self.wait;
        let ours = match &self.out {
            Some(_) => Probe::Datagram { from: self.id, to: port },
            None => Probe::Echo { id: self.id, sequence },
        };
        let mut buffer = [0; 1500];
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if sys::signal::any() {
                return Ok(None);
            }
            if !socket::wait(self.icmp.as_fd(), PollFlags::POLLIN, left).unwrap_or(false) {
                if left.is_zero() {
                    return Ok(None);
                }
                continue;
            }
            let Ok((count, from)) = socket::receive(&self.icmp, &mut buffer, libc::MSG_DONTWAIT)
            else {
                continue;
            };
            let bytes = buffer.get(..count).unwrap_or_default();
            let Some((from, _)) = from.to_ip() else { continue };
            let six = self.to.is_ipv6();
            if let Some(answer) = packet::answer_to(bytes, six, ours) {
                let took = begin.elapsed();
                let packet::Answered { kind, code, hops, left, mtu } = answer;
                // An echo of somebody else's is no answer of the host.
                if matches!((six, kind), (false, 0) | (true, 129)) && from != self.to {
                    continue;
                }
                return Ok(Some(Answer { from, took, hops, kind, code, left, mtu }));
            }
        }
    }
}
