//! arping: who has an address in the network of an interface. Options and
//! output are busybox's, which are iputils'.

use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

use nix::poll::PollFlags;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::net::links::{self, Link};
use crate::net::netlink::Netlink;
use crate::net::packet::Arp;
use crate::net::{address, resolve};
use crate::sys::signal::Disposition;
use crate::sys::socket::{self, Address};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "arping",
    summary: "ask who has an address in this network",
    usage: "[-fqbDUA] [-c N] [-w SEC] [-I IFACE] [-s ADDR] HOST\n\
            \x20 -f  stop after the first answer   -q  say nothing\n\
            \x20 -b  always ask everybody          -D  is it taken? (1: yes)\n\
            \x20 -U, -A  tell the neighbours of it (as a question, as an answer)\n\
            \x20 -c  N questions                   -w  SEC in all\n\
            \x20 -I  the interface (eth0)          -s  the address that asks",
    kind: Kind::Fork, // it waits
    run,
};

/// ETH_P_ARP
const ARP: u16 = 0x0806;
const EVERYBODY: [u8; 6] = [0xff; 6];

#[derive(Default)]
struct Counts {
    sent: u32,
    broadcast: u32,
    received: u32,
    requests: u32,
    broadcasts: u32,
}

/// Hardware addresses as they are written.
struct Hardware([u8; 6]);

impl std::fmt::Display for Hardware {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (n, byte) in self.0.iter().enumerate() {
            write!(f, "{}{byte:02x}", if n > 0 { ":" } else { "" })?;
        }
        Ok(())
    }
}

struct Search {
    fd: OwnedFd,
    index: i32,
    own: [u8; 6],
    from: Ipv4Addr,
    to: Ipv4Addr,
    /// Whom to ask next.
    target: [u8; 6],
    quiet: bool,
    /// -D, -U or -A.
    way: u8,
    stay_broadcast: bool,
    sent_at: Option<Instant>,
    counts: Counts,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("f q b D U A c:count w:timeout I:interface s:source")?;
    let (mut first, mut quiet, mut stay_broadcast, mut way) = (false, false, false, 0);
    let (mut count, mut limit, mut source) = (u64::MAX, None, None);
    let mut interface = b"eth0".to_vec();
    while let Some(letter) = options.next() {
        match letter {
            b'f' => first = true,
            b'q' => quiet = true,
            b'b' => stay_broadcast = true,
            b'D' | b'U' | b'A' => way = letter,
            b'c' => count = options.number("not a number")?,
            b'w' => limit = Some(Duration::from_secs(options.number("not a number of seconds")?)),
            b'I' => interface = options.bytes(),
            _ => {
                let text = options.value();
                match address::parse(text.as_bytes()) {
                    Some(IpAddr::V4(ip)) => source = Some(ip),
                    _ => return Err(Error::bad(show(&text), "not an address")),
                }
            }
        }
    }
    options.at_most(1)?;
    let Some(host) = options.operands.first() else { return Err(Error::usage("which host?")) };
    let to = match resolve::addresses(host.as_bytes(), libc::AF_INET)?.first() {
        Some((IpAddr::V4(ip), _)) => *ip,
        _ => return Err(Error::bad(show(host), "no address")),
    };
    // The first answer is all that -D wants to know.
    first |= way == b'D';
    let mut kernel = Netlink::open().map_err(|e| Error::os("netlink", e))?;
    let shown = crate::applet::show_bytes(&interface).to_string();
    let link = links::find(&mut kernel, &interface).map_err(|e| Error::os(&shown, e))?;
    let own = usable(&link, &shown)?;
    let from = match (source, way) {
        (Some(ip), _) => ip,
        (None, b'D') => Ipv4Addr::UNSPECIFIED,
        (None, b'U' | b'A') => to,
        (None, _) => own_address(&mut kernel, &link, to)
            .ok_or_else(|| Error::msg(format_args!("{shown}: no address to ask from: -s")))?,
    };
    let index = i32::try_from(link.index).unwrap_or(0);
    let fd = socket::open(libc::AF_PACKET, libc::SOCK_DGRAM, 0)
        .and_then(|fd| socket::bind(&fd, &Address::packet(index, ARP, &[])).map(|()| fd))
        .map_err(|e| Error::os("socket", e))?;
    let mut search = Search {
        fd,
        index,
        own,
        from,
        to,
        target: EVERYBODY,
        quiet,
        way,
        stay_broadcast,
        sent_at: None,
        counts: Counts::default(),
    };
    if !quiet {
        cx.print(format_args!("ARPING {to} from {from} {shown}\n"))?;
        cx.flush()?;
    }
    let _ = crate::sys::signal::set(libc::SIGINT, Disposition::Catch);
    search.go(cx, count, limit, first)?;
    let Counts { sent, broadcast, received, requests, broadcasts } = search.counts;
    if !quiet {
        cx.print(format_args!(
            "Sent {sent} probe(s) ({broadcast} broadcast(s))\n\
             Received {received} response(s) ({requests} request(s), {broadcasts} broadcast(s))\n"
        ))?;
    }
    let good = match way {
        b'D' => received == 0,
        b'U' | b'A' => true,
        _ => received > 0,
    };
    Ok(Status(u8::from(!good)))
}

/// The hardware address of an interface that has ARP.
fn usable(link: &Link, shown: &str) -> Result<[u8; 6], Error> {
    let wrong = |why: &str| Error::msg(format_args!("interface {shown} {why}"));
    if !link.is(libc::IFF_UP) {
        return Err(wrong("is down"));
    }
    if link.is(libc::IFF_NOARP) || link.is(libc::IFF_LOOPBACK) {
        return Err(wrong("is not ARPable"));
    }
    link.hardware().try_into().map_err(|_| wrong("is not ARPable"))
}

/// The interface's address in the network of `to`, else its first one.
fn own_address(kernel: &mut Netlink, link: &Link, to: Ipv4Addr) -> Option<Ipv4Addr> {
    let list = links::addresses(kernel, libc::AF_INET as u8).ok()?;
    let mut first = None;
    for assigned in list.iter().filter(|a| a.index == link.index) {
        let IpAddr::V4(ip) = assigned.net.ip() else { continue };
        if assigned.net.contains(IpAddr::V4(to)) {
            return Some(ip);
        }
        first = first.or(Some(ip));
    }
    first
}

impl Search {
    fn go(
        &mut self,
        cx: &mut Ctx,
        count: u64,
        limit: Option<Duration>,
        first: bool,
    ) -> Result<(), Error> {
        let begin = Instant::now();
        let mut left = count;
        loop {
            let over = limit.is_some_and(|limit| begin.elapsed() >= limit);
            if over || left == 0 {
                return Ok(());
            }
            left -= 1;
            self.send()?;
            // A second between two, and after the last.
            let mut next = Instant::now() + Duration::from_secs(1);
            if let Some(limit) = limit {
                next = next.min(begin + limit);
            }
            loop {
                let wait = next.saturating_duration_since(Instant::now());
                if wait.is_zero() {
                    break;
                }
                if crate::sys::signal::take().is_some() {
                    return Ok(());
                }
                let ready = socket::wait(self.fd.as_fd(), PollFlags::POLLIN, wait);
                if ready.map_err(|e| Error::os("poll", e))? && self.hear(cx)? && first {
                    return Ok(());
                }
            }
        }
    }

    fn send(&mut self) -> Result<(), Error> {
        let announced = matches!(self.way, b'U' | b'A');
        let question = Arp {
            operation: if self.way == b'A' { 2 } else { 1 },
            sender: self.own,
            sender_ip: self.from,
            target: if self.way == b'A' { self.own } else { self.target },
            target_ip: if announced { self.from } else { self.to },
        };
        let to = Address::packet(self.index, ARP, &self.target);
        socket::send(&self.fd, &question.encode(), Some(&to)).map_err(|e| Error::os("send", e))?;
        self.sent_at = Some(Instant::now());
        self.counts.sent += 1;
        self.counts.broadcast += u32::from(self.target == EVERYBODY);
        Ok(())
    }

    /// Takes a packet; says whether it is an answer.
    fn hear(&mut self, cx: &mut Ctx) -> Result<bool, Error> {
        let mut buffer = [0; 128];
        let Ok((count, from)) = socket::receive(&self.fd, &mut buffer, 0) else { return Ok(false) };
        let Some(arp) = Arp::decode(buffer.get(..count).unwrap_or_default()) else {
            return Ok(false);
        };
        if arp.sender_ip != self.to || !matches!(arp.operation, 1 | 2) || arp.sender == self.own {
            return Ok(false);
        }
        let for_us = arp.target_ip == self.from && (self.way == b'D' || arp.target == self.own);
        // Whoever announces the address has it, too.
        if !for_us && self.way != b'D' {
            return Ok(false);
        }
        let unicast = from.is_unicast();
        if !self.quiet {
            let cast = if unicast { "Uni" } else { "Broad" };
            let what = if arp.operation == 2 { "ply" } else { "quest" };
            cx.print(format_args!(
                "{cast}cast re{what} from {} [{}]",
                arp.sender_ip,
                Hardware(arp.sender)
            ))?;
            match self.sent_at {
                Some(at) => {
                    let time = at.elapsed().as_micros();
                    cx.print(format_args!(" {}.{:03}ms\n", time / 1000, time % 1000))?;
                }
                None => cx.put(b" UNSOLICITED?\n")?,
            }
            cx.flush()?;
        }
        self.counts.received += 1;
        self.counts.broadcasts += u32::from(!unicast);
        self.counts.requests += u32::from(arp.operation == 1);
        if !self.stay_broadcast && self.way == 0 {
            self.target = arp.sender;
        }
        Ok(true)
    }
}
