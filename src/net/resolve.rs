//! Names to addresses and back: /etc/hosts, then the servers of
//! /etc/resolv.conf. A stub of its own, because the C library's does the same
//! with less control over time and server.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::PollFlags;
use std::os::fd::AsFd;

use super::dns::{self, AAAA, Answer, Data};
use super::netlink::Netlink;
use super::{address, links};
use crate::applet::{Error, show_bytes};
use crate::sys::socket::{self, Address};

/// resolv.conf(5).
struct Settings {
    servers: Vec<IpAddr>,
    search: Vec<Vec<u8>>,
    timeout: u64,
    attempts: u64,
    dots: usize,
}

impl Settings {
    fn read() -> Settings {
        let text = crate::sys::file::read("/etc/resolv.conf").unwrap_or_default();
        let mut settings =
            Settings { servers: Vec::new(), search: Vec::new(), timeout: 5, attempts: 2, dots: 1 };
        for line in text.split(|&b| b == b'\n') {
            let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            match words.next() {
                Some(b"nameserver") => {
                    let server = words.next().and_then(host_literal);
                    settings.servers.extend(server.map(|(ip, _)| ip));
                }
                Some(b"search" | b"domain") => {
                    settings.search = words.take(6).map(<[u8]>::to_vec).collect();
                }
                Some(b"options") => {
                    for word in words {
                        let number = |name: &[u8]| -> Option<u64> {
                            let value = word.strip_prefix(name)?;
                            std::str::from_utf8(value).ok()?.parse().ok()
                        };
                        if let Some(n) = number(b"timeout:") {
                            settings.timeout = n.clamp(1, 30);
                        } else if let Some(n) = number(b"attempts:") {
                            settings.attempts = n.clamp(1, 5);
                        } else if let Some(n) = number(b"ndots:") {
                            settings.dots = usize::try_from(n.min(15)).unwrap_or(1);
                        }
                    }
                }
                _ => {}
            }
        }
        settings.servers.truncate(3);
        if settings.servers.is_empty() {
            settings.servers.push(IpAddr::from([127, 0, 0, 1]));
        }
        settings
    }
}

/// The first name server that is configured.
pub fn server() -> IpAddr {
    let servers = Settings::read().servers;
    servers.first().copied().unwrap_or(IpAddr::from([127, 0, 0, 1]))
}

/// An address in figures, with the interface behind `%` of a link-local one.
fn host_literal(name: &[u8]) -> Option<(IpAddr, u32)> {
    let percent = name.iter().position(|&b| b == b'%').unwrap_or(name.len());
    let (ip, scope) = name.split_at_checked(percent)?;
    let ip = address::parse(ip)?;
    let Some((_, scope)) = scope.split_first() else { return Some((ip, 0)) };
    if let Some(number) = std::str::from_utf8(scope).ok().and_then(|text| text.parse().ok()) {
        return Some((ip, number));
    }
    let link = links::find(&mut Netlink::open().ok()?, scope).ok()?;
    Some((ip, link.index))
}

/// The addresses of a host, of one family (AF_INET, AF_INET6) or, with 0, of
/// both, IPv4 first.
pub fn addresses(name: &[u8], family: i32) -> Result<Vec<(IpAddr, u32)>, Error> {
    let fits = |ip: &IpAddr| family == 0 || i32::from(address::family(*ip)) == family;
    let mut found: Vec<(IpAddr, u32)> = Vec::new();
    if let Some((ip, scope)) = host_literal(name) {
        found.push((ip, scope));
    } else {
        found.extend(in_hosts(name).into_iter().map(|ip| (ip, 0)));
        if found.iter().all(|(ip, _)| !fits(ip)) {
            found.extend(ask_servers(name, family).into_iter().map(|ip| (ip, 0)));
        }
    }
    found.retain(|(ip, _)| fits(ip));
    if found.is_empty() {
        return Err(Error::msg(format_args!("bad address '{}'", show_bytes(name))));
    }
    Ok(found)
}

/// The first of [`addresses`], with a port.
pub fn address(name: &[u8], family: i32, port: u16) -> Result<Address, Error> {
    let list = addresses(name, family)?;
    let (ip, scope) = list.first().copied().unwrap_or((IpAddr::from([0, 0, 0, 0]), 0));
    Ok(Address::ip(ip, port, scope))
}

/// Connects to the first address of a host that answers within `limit`.
pub fn connect(
    name: &[u8],
    port: u16,
    family: i32,
    limit: Duration,
) -> Result<(std::os::fd::OwnedFd, IpAddr), Error> {
    let mut failure = Errno::EADDRNOTAVAIL;
    for (ip, scope) in addresses(name, family)? {
        match socket::dial(&Address::ip(ip, port, scope), libc::SOCK_STREAM, limit) {
            Ok(fd) => return Ok((fd, ip)),
            Err(errno) => failure = errno,
        }
    }
    Err(Error::os(format_args!("cannot connect to {} port {port}", show_bytes(name)), failure))
}

fn in_hosts(name: &[u8]) -> Vec<IpAddr> {
    let text = crate::sys::file::read("/etc/hosts").unwrap_or_default();
    let mut found = Vec::new();
    for_hosts(&text, &mut |ip, names| {
        if names.iter().any(|n| n.eq_ignore_ascii_case(name)) && !found.contains(&ip) {
            found.push(ip);
        }
    });
    if found.is_empty() && name.eq_ignore_ascii_case(b"localhost") {
        found.push(IpAddr::from([127, 0, 0, 1]));
        found.push(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1u16]));
    }
    found
}

/// The full name of a host, by /etc/hosts and the name servers.
pub fn canonical(name: &[u8]) -> Option<Vec<u8>> {
    let text = crate::sys::file::read("/etc/hosts").unwrap_or_default();
    let mut found = None;
    for_hosts(&text, &mut |_, names| {
        if found.is_none() && names.iter().any(|n| n.eq_ignore_ascii_case(name)) {
            found = names.first().map(|name| name.to_vec());
        }
    });
    found.or_else(|| {
        let mut known = in_hosts(name).into_iter().chain(ask_servers(name, libc::AF_INET));
        Some(name_of(known.next()?).unwrap_or_else(|| name.to_vec()))
    })
}

/// The other names that /etc/hosts has for a host.
pub fn aliases(name: &[u8]) -> Vec<Vec<u8>> {
    let text = crate::sys::file::read("/etc/hosts").unwrap_or_default();
    let mut found = Vec::new();
    for_hosts(&text, &mut |_, names| {
        if names.iter().any(|n| n.eq_ignore_ascii_case(name)) {
            let others = names.iter().skip(1).map(|name| name.to_vec());
            found.extend(others.filter(|other| !found.contains(other)).collect::<Vec<_>>());
        }
    });
    found
}

fn for_hosts(text: &[u8], take: &mut dyn FnMut(IpAddr, &[&[u8]])) {
    for line in text.split(|&b| b == b'\n') {
        let line = line.split(|&b| b == b'#').next().unwrap_or_default();
        let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        if let Some(ip) = words.next().and_then(address::parse) {
            take(ip, &words.collect::<Vec<_>>());
        }
    }
}

/// The name of an address.
pub fn name_of(ip: IpAddr) -> Option<Vec<u8>> {
    let text = crate::sys::file::read("/etc/hosts").unwrap_or_default();
    let mut found = None;
    for_hosts(&text, &mut |other, names| {
        if other == ip && found.is_none() {
            found = names.first().map(|name| name.to_vec());
        }
    });
    found.or_else(|| {
        let answer = ask(&dns::reverse_name(ip), dns::PTR, &Settings::read()).ok()?;
        answer.records.into_iter().find_map(|record| match record.data {
            Data::Name(name) if record.kind == dns::PTR => Some(name),
            _ => None,
        })
    })
}

fn ask_servers(name: &[u8], family: i32) -> Vec<IpAddr> {
    let settings = Settings::read();
    let absolute = name.ends_with(b".");
    let dots = name.iter().filter(|&&b| b == b'.').count();
    let mut names = Vec::new();
    if absolute || dots >= settings.dots {
        names.push(name.to_vec());
    }
    if !absolute {
        names.extend(settings.search.iter().map(|domain| [name, b".", domain].concat()));
    }
    if names.first().is_none_or(|first| first != name) {
        names.push(name.to_vec());
    }
    for name in names {
        let mut found = Vec::new();
        for (kind, of) in [(dns::A, libc::AF_INET), (AAAA, libc::AF_INET6)] {
            if family != 0 && family != of {
                continue;
            }
            match ask(&name, kind, &settings) {
                Ok(answer) => found.extend(answer.records.iter().filter_map(|r| match r.data {
                    Data::Address(ip) if r.kind == kind => Some(ip),
                    _ => None,
                })),
                // A server that is silent about one will be about the other.
                Err(_) => return found,
            }
        }
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// Asks the servers in turn.
fn ask(name: &[u8], kind: u16, settings: &Settings) -> Result<Answer, Errno> {
    let mut failure = Errno::ETIMEDOUT;
    for _ in 0..settings.attempts {
        for server in &settings.servers {
            let limit = Duration::from_secs(settings.timeout);
            match ask_server(*server, 53, name, kind, limit) {
                // a failure of that server
                Ok(answer) if answer.code != 0 && answer.code != 3 => failure = Errno::EIO,
                Ok(answer) => return Ok(answer),
                Err(errno) => failure = errno,
            }
        }
    }
    Err(failure)
}

/// Asks one server once, over TCP when the answer is too long for UDP.
pub fn ask_server(
    server: IpAddr,
    port: u16,
    name: &[u8],
    kind: u16,
    limit: Duration,
) -> Result<Answer, Errno> {
    let end = Instant::now() + limit;
    // Hard to guess, so that nobody else answers: with the port 31 bits.
    let id = u16::from_be_bytes(crate::sys::random::bytes());
    let question = dns::question(id, name, kind).ok_or(Errno::EINVAL)?;
    let address = Address::ip(server, port, 0);
    let fd = socket::open(address.family(), libc::SOCK_DGRAM, 0)?;
    socket::connect(&fd, &address)?;
    socket::send(&fd, &question, None)?;
    let mut buffer = [0; 4096];
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Errno::ETIMEDOUT);
        }
        if !socket::wait(fd.as_fd(), PollFlags::POLLIN, left)? {
            continue;
        }
        let (count, _) = socket::receive(&fd, &mut buffer, 0)?;
        let bytes = buffer.get(..count).unwrap_or_default();
        match dns::answer(bytes, id) {
            Some(answer) if answer.truncated => break,
            Some(answer) => return Ok(answer),
            None => {}
        }
    }
    drop(fd);
    over_tcp(&address, &question, id, end)
}

fn over_tcp(address: &Address, question: &[u8], id: u16, end: Instant) -> Result<Answer, Errno> {
    let left = || end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    let fd = socket::dial(address, libc::SOCK_STREAM, left())?;
    let length = u16::try_from(question.len()).map_err(|_| Errno::EMSGSIZE)?;
    socket::send(&fd, &[length.to_be_bytes().as_slice(), question].concat(), None)?;
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        if let Some((head, body)) = bytes.split_first_chunk::<2>() {
            let length = usize::from(u16::from_be_bytes(*head));
            if let Some(body) = body.get(..length) {
                return dns::answer(body, id).ok_or(Errno::EBADMSG);
            }
        }
        if !socket::wait(fd.as_fd(), PollFlags::POLLIN, left())? {
            return Err(Errno::ETIMEDOUT);
        }
        let (count, _) = socket::receive(&fd, &mut piece, 0)?;
        if count == 0 {
            return Err(Errno::EPIPE);
        }
        bytes.extend_from_slice(piece.get(..count).unwrap_or_default());
    }
}
