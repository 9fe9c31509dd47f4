//! Leases of DHCP: asking for one on an interface, and what it means for the
//! interface. RFC 2131, from the client's side.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::PollFlags;

use super::address;
use super::dhcp::{Reply, Request, code, is_host_name, kind};
use super::links::{self, Link, Route};
use super::netlink::Netlink;
use super::packet::{self, Arp};
use crate::sys::socket::{self, Address};

const SERVER_PORT: u16 = 67;
const CLIENT_PORT: u16 = 68;
/// ETH_P_IP, ETH_P_ARP.
const IP: u16 = 0x0800;
const ARP: u16 = 0x0806;
const EVERYBODY: [u8; 6] = [255; 6];

/// A client on one interface.
pub struct Client {
    fd: OwnedFd,
    /// The interface's number.
    pub index: u32,
    /// Its hardware address.
    pub hardware: [u8; 6],
    /// Names the exchange.
    pub id: u32,
    /// Ask for answers by broadcast.
    pub broadcast: bool,
    /// Options of every request: parameters wanted, host name...
    pub options: Vec<(u8, Vec<u8>)>,
    /// When the exchange began.
    pub since: Instant,
}

/// A lease that was had.
#[derive(Clone)]
pub struct Lease {
    /// The server's last word.
    pub reply: Reply,
    /// Who gave it.
    pub server: Ipv4Addr,
    /// For how long, in seconds.
    pub seconds: u32,
}

/// What a request is for.
#[derive(Clone, Copy)]
pub enum Purpose<'a> {
    /// The first word.
    Discover(Option<Ipv4Addr>),
    /// Taking an offer.
    Take(&'a Reply),
    /// The same address for longer, from the server that gave it.
    Renew(&'a Lease),
    /// The same from any server.
    Rebind(&'a Lease),
    /// The address is somebody else's.
    Decline(&'a Reply),
    /// The address is not needed any more.
    Release(&'a Lease),
}

/// What a server says for those it does not tell how long.
const USUAL_LEASE: u32 = 3600;
/// Servers that say less ask for trouble.
const SHORTEST_LEASE: u32 = 10;

impl Client {
    /// A client on the interface, which must be up.
    pub fn open(link: &Link) -> Result<Client, Errno> {
        let hardware = link.hardware().try_into().map_err(|_| Errno::ENODEV)?;
        let fd = socket::open(libc::AF_PACKET, libc::SOCK_DGRAM, 0)?;
        // Only UDP to port 68 over IPv4 comes in: packet(7), BPF.
        // ldb [9]; jeq #17, 0, drop; ldh [6]; jset #0x1fff, drop; ldxb 4*([0]&0xf);
        // ldh [x + 2]; jeq #68, keep, drop
        socket::filter(
            &fd,
            &[
                (0x30, 0, 0, 9),
                (0x15, 0, 6, 17),
                (0x28, 0, 0, 6),
                (0x45, 4, 0, 0x1fff),
                (0xb1, 0, 0, 0),
                (0x48, 0, 0, 2),
                (0x15, 0, 1, u32::from(CLIENT_PORT)),
                (0x06, 0, 0, u32::MAX),
                (0x06, 0, 0, 0),
            ],
        )?;
        let index = i32::try_from(link.index).map_err(|_| Errno::ENODEV)?;
        socket::bind(&fd, &Address::packet(index, IP, &[]))?;
        Ok(Client {
            fd,
            index: link.index,
            hardware,
            id: u32::from_ne_bytes(crate::sys::random::bytes()),
            broadcast: false,
            options: Vec::new(),
            since: Instant::now(),
        })
    }

    /// Begins a new exchange.
    pub fn begin(&mut self) {
        self.id = u32::from_ne_bytes(crate::sys::random::bytes());
        self.since = Instant::now();
    }

    /// Sends a request.
    pub fn send(&self, purpose: Purpose<'_>) -> Result<(), Errno> {
        let none = Ipv4Addr::UNSPECIFIED;
        let ip = |code: u8, ip: Ipv4Addr| (code, ip.octets().to_vec());
        let mut options = Vec::new();
        let (kind, own, server) = match purpose {
            Purpose::Discover(wanted) => {
                options.extend(wanted.map(|wanted| ip(code::REQUESTED_IP, wanted)));
                (kind::DISCOVER, none, None)
            }
            Purpose::Take(offer) => {
                options.push(ip(code::REQUESTED_IP, offer.ip));
                options.extend(offer.get(code::SERVER).map(|id| (code::SERVER, id.to_vec())));
                (kind::REQUEST, none, None)
            }
            Purpose::Renew(lease) => (kind::REQUEST, lease.reply.ip, Some(lease.server)),
            Purpose::Rebind(lease) => (kind::REQUEST, lease.reply.ip, None),
            Purpose::Decline(reply) => {
                options.push(ip(code::REQUESTED_IP, reply.ip));
                options.extend(reply.get(code::SERVER).map(|id| (code::SERVER, id.to_vec())));
                (kind::DECLINE, none, None)
            }
            Purpose::Release(lease) => {
                options.push(ip(code::SERVER, lease.server));
                (kind::RELEASE, lease.reply.ip, Some(lease.server))
            }
        };
        let asks = matches!(kind, kind::DISCOVER | kind::REQUEST);
        for (code, value) in &self.options {
            if asks || *code == code::CLIENT {
                options.push((*code, value.clone()));
            }
        }
        let message = Request {
            kind,
            id: self.id,
            seconds: u16::try_from(self.since.elapsed().as_secs()).unwrap_or(u16::MAX),
            broadcast: self.broadcast && own.is_unspecified() && asks,
            own,
            hardware: self.hardware,
            options: &options,
        }
        .encode();
        if let Some(server) = server {
            return send_to_server(own, server, &message);
        }
        let to = Ipv4Addr::BROADCAST;
        let bytes = packet::udp((own, CLIENT_PORT), (to, SERVER_PORT), &message);
        let index = i32::try_from(self.index).map_err(|_| Errno::ENODEV)?;
        socket::send(&self.fd, &bytes, Some(&Address::packet(index, IP, &EVERYBODY))).map(drop)
    }

    /// The next message of a server that concerns us, and that offers no address
    /// which a host cannot have, within `limit`; a signal
    /// ends the wait.
    pub fn receive(&self, limit: Duration) -> Result<Option<(Ipv4Addr, Reply)>, Errno> {
        let end = Instant::now() + limit;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if !socket::wait(self.fd.as_fd(), PollFlags::POLLIN, left)? {
                return Ok(None);
            }
            let mut buffer = [0; 2048];
            let count = match socket::receive(&self.fd, &mut buffer, libc::MSG_DONTWAIT) {
                Ok((count, _)) => count,
                Err(Errno::EAGAIN | Errno::EINTR | Errno::ENETDOWN) => 0,
                Err(errno) => return Err(errno),
            };
            let bytes = buffer.get(..count).unwrap_or_default();
            if let Some((from, payload)) = packet::read_udp(bytes, CLIENT_PORT)
                && let Some(reply) = Reply::decode(payload, self.id, &self.hardware)
                && (reply.is_usable() || !matches!(reply.kind, kind::OFFER | kind::ACK))
            {
                return Ok(Some((from, reply)));
            }
            if left.is_zero() {
                return Ok(None);
            }
        }
    }

    /// One try: an offer, and the lease of it. `None` when nobody answered in
    /// time or the server took it back.
    pub fn try_once(
        &mut self,
        wanted: Option<Ipv4Addr>,
        limit: Duration,
    ) -> Result<Option<Lease>, Errno> {
        self.send(Purpose::Discover(wanted))?;
        let Some(offer) = self.wait_for(&[kind::OFFER], None, limit)? else { return Ok(None) };
        for _ in 0..3 {
            self.send(Purpose::Take(&offer.1))?;
            match self.wait_for(&[kind::ACK, kind::NAK], offer.1.server(), limit)? {
                Some((from, reply)) if reply.kind == kind::ACK => {
                    return Ok(Some(Lease::of(from, reply)));
                }
                Some(_) => return Ok(None),
                None => {}
            }
            if crate::sys::signal::any() {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// Waits for one of these kinds of messages; where the server is known,
    /// another's are passed over.
    pub fn wait_for(
        &self,
        kinds: &[u8],
        server: Option<Ipv4Addr>,
        limit: Duration,
    ) -> Result<Option<(Ipv4Addr, Reply)>, Errno> {
        let end = Instant::now() + limit;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.receive(left)? {
                Some((from, reply))
                    if kinds.contains(&reply.kind)
                        && !(server.is_some()
                            && reply.server().is_some()
                            && server != reply.server()) =>
                {
                    return Ok(Some((from, reply)));
                }
                Some(_) => {}
                None if left.is_zero() || crate::sys::signal::any() => return Ok(None),
                None => {}
            }
        }
    }

    /// Whether somebody else has the address already: who.
    pub fn is_taken(&self, ip: Ipv4Addr, limit: Duration) -> Result<Option<[u8; 6]>, Errno> {
        is_taken(self.index, self.hardware, ip, limit)
    }
}

impl Lease {
    /// From an ACK.
    pub fn of(from: Ipv4Addr, reply: Reply) -> Lease {
        let server = reply.server().unwrap_or(from);
        let seconds = reply.seconds(code::LEASE).unwrap_or(USUAL_LEASE).max(SHORTEST_LEASE);
        Lease { reply, server, seconds }
    }
}

/// Whether somebody else in the network of an interface has the address: who.
/// RFC 5227.
pub fn is_taken(
    index: u32,
    hardware: [u8; 6],
    ip: Ipv4Addr,
    limit: Duration,
) -> Result<Option<[u8; 6]>, Errno> {
    let index = i32::try_from(index).map_err(|_| Errno::ENODEV)?;
    let fd = socket::open(libc::AF_PACKET, libc::SOCK_DGRAM, 0)?;
    socket::bind(&fd, &Address::packet(index, ARP, &[]))?;
    let question = Arp {
        operation: 1,
        sender: hardware,
        sender_ip: Ipv4Addr::UNSPECIFIED,
        target: [0; 6],
        target_ip: ip,
    };
    socket::send(&fd, &question.encode(), Some(&Address::packet(index, ARP, &EVERYBODY)))?;
    let end = Instant::now() + limit;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(None);
        }
        if !socket::wait(fd.as_fd(), PollFlags::POLLIN, left)? {
            continue;
        }
        let mut buffer = [0; 64];
        let (count, _) = socket::receive(&fd, &mut buffer, 0)?;
        if let Some(arp) = Arp::decode(buffer.get(..count).unwrap_or_default())
            && arp.sender_ip == ip
            && arp.sender != hardware
        {
            return Ok(Some(arp.sender));
        }
    }
}

/// Sends from the address that is leased to the server that leased it.
fn send_to_server(own: Ipv4Addr, server: Ipv4Addr, message: &[u8]) -> Result<(), Errno> {
    let from = Address::ip(own.into(), CLIENT_PORT, 0);
    let fd = socket::serve(&from, libc::SOCK_DGRAM)?;
    let to = Address::ip(server.into(), SERVER_PORT, 0);
    socket::send(&fd, message, Some(&to)).map(drop)
}

/// Sets an interface up and takes all its IPv4 addresses away.
pub fn clear(kernel: &mut Netlink, index: u32) -> Result<(), Errno> {
    links::set_flags(kernel, index, libc::IFF_UP, true)?;
    for assigned in links::addresses(kernel, libc::AF_INET as u8)? {
        if assigned.index == index {
            match links::remove_address(kernel, &assigned) {
                Ok(()) | Err(Errno::EADDRNOTAVAIL) => {}
                Err(errno) => return Err(errno),
            }
        }
    }
    Ok(())
}

/// Makes an interface what a lease says: address, size of packets, routes.
/// `metric` tells the routes of several interfaces apart.
pub fn apply(
    kernel: &mut Netlink,
    index: u32,
    reply: &Reply,
    metric: Option<u32>,
) -> Result<(), Errno> {
    let mtu = match reply.get(code::MTU) {
        Some(&[high, low]) => u32::from(u16::from_be_bytes([high, low])),
        _ => 0,
    };
    // RFC 791's least for a host
    if mtu >= 576 {
        let mut request = links::link_request(links::kind::NEW_LINK, links::ACK, index, 0, 0);
        request.put_u32(links::ifla::MTU, mtu);
        let _ = kernel.change(request);
    }
    let net = address::network(IpAddr::V4(reply.ip), reply.prefix()).ok_or(Errno::EINVAL)?;
    for assigned in links::addresses(kernel, libc::AF_INET as u8)? {
        if assigned.index == index && assigned.net != net {
            let _ = links::remove_address(kernel, &assigned);
        }
    }
    links::add_address(kernel, index, &net)?;
    let mut worked = None;
    for (to, length, via) in reply.routes() {
        let to = address::network(IpAddr::V4(to), length);
        let via = (!via.is_unspecified()).then_some(IpAddr::V4(via));
        // A router outside the network is reached over the interface itself
        // (as a prefix of 32 bits has it).
        if let Some(via) = via
            && !net.contains(via)
        {
            let route =
                Route { to: address::network(via, 32), index: Some(index), ..Route::default() };
            let _ = links::add_route(kernel, &route);
        }
        let route = Route { to, via, index: Some(index), metric, source: None };
        // A route that makes no sense does not keep the others out, nor the boot
        // from going on by them.
        let done = links::add_route(kernel, &route);
        worked = if worked == Some(Ok(())) { worked } else { Some(done) };
    }
    worked.unwrap_or(Ok(()))
}

/// The text of a resolv.conf.
pub fn resolv_conf(search: &[u8], servers: &[IpAddr]) -> Vec<u8> {
    let mut text = Vec::new();
    let names = search.split(|&b| b == b' ').filter(|name| is_host_name(name));
    for (n, name) in names.enumerate() {
        text.extend_from_slice(if n == 0 { b"search ".as_slice() } else { b" " });
        text.extend_from_slice(name);
    }
    if !text.is_empty() {
        text.push(b'\n');
    }
    for server in servers {
        let _ = writeln!(text, "nameserver {server}");
    }
    text
}

/// Replaces /etc/resolv.conf, or the file that it is a link to.
pub fn write_resolv_conf(text: &[u8]) -> std::io::Result<()> {
    let path = std::path::Path::new("/etc/resolv.conf");
    let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let mut new = path.clone().into_os_string();
    new.push(".new");
    std::fs::write(&new, text)?;
    std::fs::rename(&new, &path).or_else(|_| {
        // something is mounted there
        let _ = std::fs::remove_file(&new);
        std::fs::write(&path, text)
    })
}

/// The servers for names and the domains that a lease tells.
pub fn names_of(reply: &Reply) -> (Vec<u8>, Vec<IpAddr>) {
    use super::dhcp::{Form, text_of};
    let search = reply.get(code::SEARCH).and_then(|value| text_of(Form::Names, value));
    let domain = || reply.get(code::DOMAIN).and_then(|value| text_of(Form::Text, value));
    let servers = reply.ips(code::DNS).into_iter().map(IpAddr::V4).collect();
    (search.or_else(domain).unwrap_or_default(), servers)
}
