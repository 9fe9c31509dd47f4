//! ifconfig: show and set interfaces. Words and output are busybox's.

use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::net::address::{self, class_prefix, hardware};
use crate::net::links::{self, ACK, Assigned, Link, ifa, ifla, kind};
use crate::net::netlink::Netlink;
use crate::net::rtnl;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "ifconfig",
    summary: "show and set network interfaces",
    usage: "[-a] [IFACE]\n\
            \x20      ifconfig IFACE [ADDR[/BITS]] [netmask MASK] [broadcast ADDR] [pointopoint ADDR]\n\
            \x20      [add ADDR/BITS] [del ADDR/BITS] [mtu N] [metric N] [txqueuelen N] [hw ether MAC]\n\
            \x20      [up|down] [[-]arp] [[-]promisc] [[-]multicast] [[-]allmulti] [[-]dynamic]",
    kind: Kind::Fork, // it talks to the kernel and waits for answers
    run,
};

/// Flags in the order in which they are shown.
const FLAGS: [(i32, &str); 14] = [
    (libc::IFF_UP, "UP"),
    (libc::IFF_BROADCAST, "BROADCAST"),
    (libc::IFF_DEBUG, "DEBUG"),
    (libc::IFF_LOOPBACK, "LOOPBACK"),
    (libc::IFF_POINTOPOINT, "POINTOPOINT"),
    (libc::IFF_NOTRAILERS, "NOTRAILERS"),
    (libc::IFF_RUNNING, "RUNNING"),
    (libc::IFF_NOARP, "NOARP"),
    (libc::IFF_PROMISC, "PROMISC"),
    (libc::IFF_ALLMULTI, "ALLMULTI"),
    (libc::IFF_SLAVE, "SLAVE"),
    (libc::IFF_MASTER, "MASTER"),
    (libc::IFF_MULTICAST, "MULTICAST"),
    (libc::IFF_DYNAMIC, "DYNAMIC"),
];

/// Flags by word; with a dash in front they are cleared.
const WORDS: [(&[u8], i32, bool); 8] = [
    (b"arp", libc::IFF_NOARP, false),
    (b"promisc", libc::IFF_PROMISC, true),
    (b"multicast", libc::IFF_MULTICAST, true),
    (b"allmulti", libc::IFF_ALLMULTI, true),
    (b"dynamic", libc::IFF_DYNAMIC, true),
    (b"trailers", libc::IFF_NOTRAILERS, false),
    (b"debug", libc::IFF_DEBUG, true),
    (b"up", libc::IFF_UP, true),
];

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let args: Vec<&[u8]> = cx.args.iter().map(|arg| arg.as_bytes()).collect();
    let mut kernel = Netlink::open().map_err(|e| Error::os("netlink", e))?;
    match args.as_slice() {
        [] => show_all(cx, &mut kernel, false),
        [b"-a"] => show_all(cx, &mut kernel, true),
        [b"-a", name] | [name] if !name.starts_with(b"-") => show_one(cx, &mut kernel, name),
        [option, ..] if option.starts_with(b"-") => {
            Err(Error::usage(format_args!("invalid option '{}'", show_bytes(option))))
        }
        [name, words @ ..] => {
            let mut change = Change::new(&mut kernel, name)?;
            change.read(words)?;
            change.apply()
        }
    }
}

fn show_all(cx: &mut Ctx, kernel: &mut Netlink, all: bool) -> Result<Status, Error> {
    let mut list = links::list(kernel).map_err(|e| Error::os("links", e))?;
    list.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    let addresses = links::addresses(kernel, 0).map_err(|e| Error::os("addresses", e))?;
    for link in list.iter().filter(|link| all || link.is(libc::IFF_UP)) {
        show_link(cx, link, &addresses)?;
    }
    Ok(Status::OK)
}

fn show_one(cx: &mut Ctx, kernel: &mut Netlink, name: &[u8]) -> Result<Status, Error> {
    let device = name.split(|&b| b == b':').next().unwrap_or_default();
    let missing = |_| {
        let name = show_bytes(name);
        Error::msg(format_args!("{name}: error fetching interface information: Device not found"))
    };
    let link = links::find(kernel, device).map_err(missing)?;
    let addresses = links::addresses(kernel, 0).map_err(|e| Error::os("addresses", e))?;
    let alias = (device != name).then_some(name);
    if let Some(name) = alias
        && !addresses.iter().any(|a| label(a) == name)
    {
        return Err(missing(Errno::ENODEV));
    }
    let own: Vec<&Assigned> = addresses.iter().filter(|a| a.index == link.index).collect();
    show_entry(cx, &link, &own, name)?;
    Ok(Status::OK)
}

fn label(assigned: &Assigned) -> &[u8] {
    let label = assigned.get(ifa::LABEL).unwrap_or_default();
    label.split(|&b| b == 0).next().unwrap_or_default()
}

/// A link, and its aliases as links of their own.
fn show_link(cx: &mut Ctx, link: &Link, addresses: &[Assigned]) -> Result<(), Error> {
    let own: Vec<&Assigned> = addresses.iter().filter(|a| a.index == link.index).collect();
    show_entry(cx, link, &own, &link.name)?;
    let mut seen: Vec<&[u8]> = Vec::new();
    for assigned in &own {
        let label = label(assigned);
        if label.contains(&b':') && !seen.contains(&label) {
            seen.push(label);
            show_entry(cx, link, &own, label)?;
        }
    }
    Ok(())
}

fn show_entry(cx: &mut Ctx, link: &Link, own: &[&Assigned], name: &[u8]) -> Result<(), Error> {
    let kind = match link.hardware_kind {
        1 => "Ethernet",
        772 => "Local Loopback",
        512 => "Point-to-Point Protocol",
        768 => "IPIP Tunnel",
        776 => "IPv6-in-IPv4",
        _ => "UNSPEC",
    };
    cx.print(format_args!("{:<9} Link encap:{kind}  ", show_bytes(name).to_string()))?;
    if link.hardware_kind == 1 {
        let text = hardware(link.hardware()).to_string().to_ascii_uppercase();
        cx.print(format_args!("HWaddr {text}  "))?;
    }
    cx.put(b"\n")?;
    let first = own.iter().find(|a| a.net.is_ipv4() && label(a) == name);
    if let Some(assigned) = first {
        cx.print(format_args!("          inet addr:{}", assigned.net.ip()))?;
        if let Some(peer) = assigned.peer {
            cx.print(format_args!("  P-t-P:{peer}"))?;
        }
        if link.is(libc::IFF_BROADCAST) {
            let broadcast = assigned.get(ifa::BROADCAST).and_then(address::from_bytes);
            let broadcast = broadcast.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
            cx.print(format_args!("  Bcast:{broadcast}"))?;
        }
        cx.print(format_args!("  Mask:{}\n", assigned.net.mask()))?;
    }
    let real = name == link.name;
    for assigned in own.iter().filter(|a| real && !a.net.is_ipv4()) {
        let scope = match assigned.scope {
            0 => "Global",
            200 => "Site",
            253 => "Link",
            254 => "Host",
            _ => "Unknown",
        };
        cx.print(format_args!("          inet6 addr: {} Scope:{scope}\n", assigned.net))?;
    }
    cx.put(b"          ")?;
    for (flag, word) in FLAGS {
        if link.is(flag) {
            cx.print(format_args!("{word} "))?;
        }
    }
    cx.print(format_args!(" MTU:{}  Metric:1\n", link.number(ifla::MTU).unwrap_or(0)))?;
    if real {
        let bytes = link.get(ifla::STATISTICS).unwrap_or_default();
        let n = |place: usize| u64::from_ne_bytes(rtnl::part(bytes, place * 8));
        cx.print(format_args!(
            "          RX packets:{} errors:{} dropped:{} overruns:{} frame:{}\n",
            n(0),
            n(4),
            n(6) + n(15),
            n(14),
            n(10) + n(11) + n(12) + n(13)
        ))?;
        cx.print(format_args!(
            "          TX packets:{} errors:{} dropped:{} overruns:{} carrier:{}\n",
            n(1),
            n(5),
            n(7),
            n(18),
            n(16) + n(17) + n(19) + n(20)
        ))?;
        let queue = link.number(ifla::QUEUE_LENGTH).unwrap_or(0);
        cx.print(format_args!("          collisions:{} txqueuelen:{queue} \n", n(9)))?;
        cx.put(b"          RX bytes:")?;
        put_bytes(cx, n(2))?;
        cx.put(b"  TX bytes:")?;
        put_bytes(cx, n(3))?;
        cx.put(b"\n")?;
    }
    cx.put(b"\n")
}

/// `1536 (1.5 KiB)`.
fn put_bytes(cx: &mut Ctx, count: u64) -> Result<(), Error> {
    let (mut whole, mut tenth, mut unit) = (count, 0, 0);
    while whole >= 1024 && unit < 4 {
        tenth = (whole % 1024) * 10 / 1024;
        whole /= 1024;
        unit += 1;
    }
    let unit = ["B", "KiB", "MiB", "GiB", "TiB"].get(unit).copied().unwrap_or_default();
    cx.print(format_args!("{count} ({whole}.{tenth} {unit})"))
}

/// What is to be made different.
struct Change<'k> {
    kernel: &'k mut Netlink,
    link: Link,
    /// The label, with the part behind the colon.
    name: Vec<u8>,
    flags: u32,
    mask: u32,
    attributes: Vec<(u16, Vec<u8>)>,
    address: Option<(Ipv4Addr, Option<u8>)>,
    netmask: Option<u8>,
    broadcast: Option<Ipv4Addr>,
    peer: Option<Ipv4Addr>,
}

impl<'k> Change<'k> {
    fn new(kernel: &'k mut Netlink, name: &[u8]) -> Result<Change<'k>, Error> {
        let device = name.split(|&b| b == b':').next().unwrap_or_default();
        let link = links::find(kernel, device).map_err(|e| Error::os(show_bytes(name), e))?;
        Ok(Change {
            kernel,
            link,
            name: name.to_vec(),
            flags: 0,
            mask: 0,
            attributes: Vec::new(),
            address: None,
            netmask: None,
            broadcast: None,
            peer: None,
        })
    }

    fn flag(&mut self, flag: i32, on: bool) {
        self.mask |= flag as u32;
        self.flags = if on { self.flags | flag as u32 } else { self.flags & !(flag as u32) };
    }

    fn read(&mut self, words: &[&[u8]]) -> Result<(), Error> {
        let mut words = words.iter().copied();
        while let Some(word) = words.next() {
            let plain = word.strip_prefix(b"-");
            if let Some((_, flag, set)) =
                WORDS.iter().find(|(name, ..)| *name == plain.unwrap_or(word))
            {
                self.flag(*flag, *set == plain.is_none());
                continue;
            }
            let mut value = || {
                words.next().ok_or_else(|| Error::usage(format_args!("{} what?", show_bytes(word))))
            };
            match word {
                b"down" => self.flag(libc::IFF_UP, false),
                b"inet" | b"inet6" => {}
                b"netmask" => {
                    let text = value()?;
                    let mask = ip(text)?;
                    let bits = address::prefix_of(IpAddr::V4(mask));
                    self.netmask = Some(bits.ok_or_else(|| bad(text))?);
                }
                b"broadcast" => self.broadcast = Some(ip(value()?)?),
                b"-broadcast" | b"-pointopoint" => {}
                b"pointopoint" | b"dstaddr" => self.peer = Some(ip(value()?)?),
                b"mtu" => self.attributes.push((ifla::MTU, number(value()?)?)),
                b"txqueuelen" => self.attributes.push((ifla::QUEUE_LENGTH, number(value()?)?)),
                // the kernel has none
                b"metric" => {
                    if number(value()?)?.iter().any(|b| *b != 0) {
                        return Err(Error::os("SIOCSIFMETRIC", Errno::EOPNOTSUPP));
                    }
                }
                b"keepalive" | b"outfill" => {
                    number(value()?)?;
                }
                b"hw" => {
                    value()?;
                    let text = value()?;
                    let bytes = address::parse_hardware(text).ok_or_else(|| bad(text))?;
                    self.attributes.push((ifla::ADDRESS, bytes));
                }
                b"add" | b"del" => {
                    let text = value()?;
                    let net = address::parse_network(text).ok_or_else(|| bad(text))?;
                    let what =
                        if word == b"add" { kind::NEW_ADDRESS } else { kind::DELETE_ADDRESS };
                    let how = if word == b"add" { links::CREATE } else { ACK };
                    let mut request = links::address_request(what, how, self.link.index, &net, 0);
                    let bytes = address::to_bytes(net.ip());
                    request.put(ifa::LOCAL, &bytes);
                    request.put(ifa::ADDRESS, &bytes);
                    self.kernel.change(request).map_err(|e| Error::os(show_bytes(text), e))?;
                }
                _ => {
                    let (text, bits) = match word.iter().position(|&b| b == b'/') {
                        Some(at) => {
                            let (ip, bits) = word.split_at_checked(at).unwrap_or_default();
                            let bits = bits
                                .get(1..)
                                .and_then(|b| std::str::from_utf8(b).ok()?.parse().ok());
                            (ip, Some(bits.filter(|n| *n <= 32).ok_or_else(|| bad(word))?))
                        }
                        None => (word, None),
                    };
                    self.address = Some((ip(text)?, bits));
                }
            }
        }
        Ok(())
    }

    fn apply(mut self) -> Result<Status, Error> {
        let shown = show(std::ffi::OsStr::from_bytes(&self.name)).to_string();
        let failed = |errno: Errno| Error::os(&shown, errno);
        // A hardware address is refused while the link is up by some drivers,
        // and "down" comes before what it makes possible.
        let alias = self.name != self.link.name;
        if alias && self.mask & libc::IFF_UP as u32 != 0 && self.flags & libc::IFF_UP as u32 == 0 {
            // an alias goes down by losing its address
            self.mask &= !(libc::IFF_UP as u32);
            self.address = Some((Ipv4Addr::UNSPECIFIED, None));
        }
        let mut request =
            links::link_request(kind::NEW_LINK, ACK, self.link.index, self.flags, self.mask);
        for (kind, value) in std::mem::take(&mut self.attributes) {
            request.put(kind, &value);
        }
        self.kernel.change(request).map_err(failed)?;
        if self.address.is_none()
            && self.netmask.is_none()
            && self.broadcast.is_none()
            && self.peer.is_none()
        {
            return Ok(Status::OK);
        }
        let list = links::addresses(self.kernel, libc::AF_INET as u8).map_err(failed)?;
        let is_own = |a: &&Assigned| a.index == self.link.index && label(a) == self.name;
        let old = list.iter().find(is_own);
        let (ip, bits) = match (self.address, old) {
            (Some((ip, bits)), _) => {
                (ip, bits.or(self.netmask).unwrap_or_else(|| class_prefix(ip)))
            }
            (None, Some(old)) => match old.net.ip() {
                IpAddr::V4(ip) => (ip, self.netmask.unwrap_or(old.net.prefix())),
                IpAddr::V6(_) => return Ok(Status::OK),
            },
            (None, None) => return Err(failed(Errno::EADDRNOTAVAIL)),
        };
        if let Some(old) = old {
            links::remove_address(self.kernel, old).map_err(failed)?;
        }
        // Whoever gets an address is to be used, unless told otherwise.
        let raise = self.address.is_some() && self.mask & libc::IFF_UP as u32 == 0;
        if ip.is_unspecified() {
            if raise {
                links::set_flags(self.kernel, self.link.index, libc::IFF_UP, true)
                    .map_err(failed)?;
            }
            return Ok(Status::OK);
        }
        let net = address::network(IpAddr::V4(ip), if self.peer.is_some() { 32 } else { bits });
        let Some(net) = net else { return Err(failed(Errno::EINVAL)) };
        let scope = if ip.is_loopback() { 254 } else { 0 };
        let mut request =
            links::address_request(kind::NEW_ADDRESS, links::REPLACE, self.link.index, &net, scope);
        request.put(ifa::LOCAL, &ip.octets());
        request.put(ifa::ADDRESS, &self.peer.unwrap_or(ip).octets());
        if self.link.is(libc::IFF_BROADCAST) {
            let usual = match address::network(IpAddr::V4(ip), bits).map(|net| net.broadcast()) {
                Some(IpAddr::V4(ip)) => ip,
                _ => Ipv4Addr::BROADCAST,
            };
            request.put(ifa::BROADCAST, &self.broadcast.unwrap_or(usual).octets());
        }
        request.put_name(ifa::LABEL, &self.name);
        self.kernel.change(request).map_err(failed)?;
        if raise {
            links::set_flags(self.kernel, self.link.index, libc::IFF_UP, true).map_err(failed)?;
        }
        Ok(Status::OK)
    }
}

fn bad(text: &[u8]) -> Error {
    Error::msg(format_args!("bad address '{}'", show_bytes(text)))
}

fn ip(text: &[u8]) -> Result<Ipv4Addr, Error> {
    if text == b"default" {
        return Ok(Ipv4Addr::UNSPECIFIED);
    }
    match crate::net::resolve::addresses(text, libc::AF_INET)?.first() {
        Some((IpAddr::V4(ip), _)) => Ok(*ip),
        _ => Err(bad(text)),
    }
}

fn number(text: &[u8]) -> Result<Vec<u8>, Error> {
    let number: Option<u32> = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    match number {
        Some(number) => Ok(number.to_ne_bytes().to_vec()),
        None => Err(Error::msg(format_args!("invalid number '{}'", show_bytes(text)))),
    }
}
