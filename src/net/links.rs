//! Network interfaces, their addresses and routes: what there is, and changes.

use std::net::IpAddr;

use ipnetwork::IpNetwork;
use nix::errno::Errno;

use super::address;
use super::netlink::Netlink;
use super::rtnl::{self, Message, Request};

/// Kinds of messages. linux/rtnetlink.h.
#[allow(missing_docs)]
pub mod kind {
    pub const NEW_LINK: u16 = 16;
    pub const DELETE_LINK: u16 = 17;
    pub const GET_LINK: u16 = 18;
    pub const NEW_ADDRESS: u16 = 20;
    pub const DELETE_ADDRESS: u16 = 21;
    pub const GET_ADDRESS: u16 = 22;
    pub const NEW_ROUTE: u16 = 24;
    pub const DELETE_ROUTE: u16 = 25;
    pub const GET_ROUTE: u16 = 26;
    pub const NEW_NEIGHBOUR: u16 = 28;
    pub const DELETE_NEIGHBOUR: u16 = 29;
    pub const GET_NEIGHBOUR: u16 = 30;
    pub const NEW_RULE: u16 = 32;
    pub const DELETE_RULE: u16 = 33;
    pub const GET_RULE: u16 = 34;
}

/// Attributes of links. linux/if_link.h.
#[allow(missing_docs)]
pub mod ifla {
    pub const ADDRESS: u16 = 1;
    pub const BROADCAST: u16 = 2;
    pub const NAME: u16 = 3;
    pub const MTU: u16 = 4;
    pub const LINK: u16 = 5;
    pub const QDISC: u16 = 6;
    pub const MASTER: u16 = 10;
    pub const QUEUE_LENGTH: u16 = 13;
    pub const STATE: u16 = 16;
    pub const MODE: u16 = 17;
    pub const INFO: u16 = 18;
    pub const NAMESPACE_PID: u16 = 19;
    pub const ALIAS: u16 = 20;
    pub const STATISTICS: u16 = 23;
    pub const GROUP: u16 = 27;
    pub const NAMESPACE_FD: u16 = 28;
    pub const PROMISCUITY: u16 = 30;
    pub const LINK_NAMESPACE: u16 = 37;
    pub const INFO_KIND: u16 = 1;
    pub const INFO_DATA: u16 = 2;
}

/// Attributes of addresses. linux/if_addr.h.
#[allow(missing_docs)]
pub mod ifa {
    pub const ADDRESS: u16 = 1;
    pub const LOCAL: u16 = 2;
    pub const LABEL: u16 = 3;
    pub const BROADCAST: u16 = 4;
    pub const ANYCAST: u16 = 5;
    pub const CACHE: u16 = 6;
    pub const FLAGS: u16 = 8;
    pub const METRIC: u16 = 9;
}

/// Attributes of routes. linux/rtnetlink.h.
#[allow(missing_docs)]
pub mod rta {
    pub const DESTINATION: u16 = 1;
    pub const SOURCE: u16 = 2;
    pub const IN: u16 = 3;
    pub const OUT: u16 = 4;
    pub const GATEWAY: u16 = 5;
    pub const METRIC: u16 = 6;
    pub const PREFERRED_SOURCE: u16 = 7;
    pub const METRICS: u16 = 8;
    pub const MULTIPATH: u16 = 9;
    pub const CACHE: u16 = 12;
    pub const TABLE: u16 = 15;
    pub const MARK: u16 = 16;
    pub const VIA: u16 = 18;
    pub const PREFERENCE: u16 = 20;
    pub const UID: u16 = 25;
}

/// NLM_F_ACK.
pub const ACK: i32 = libc::NLM_F_ACK;
/// A new thing, that must not be there yet.
pub const CREATE: i32 = libc::NLM_F_ACK | libc::NLM_F_CREATE | libc::NLM_F_EXCL;
/// A thing to be made, or changed when it is there.
pub const REPLACE: i32 = libc::NLM_F_ACK | libc::NLM_F_CREATE | libc::NLM_F_REPLACE;
/// All there are.
pub const DUMP: i32 = libc::NLM_F_ROOT | libc::NLM_F_MATCH;

/// An interface.
pub struct Link {
    /// Its number.
    pub index: u32,
    /// Its name.
    pub name: Vec<u8>,
    /// IFF_UP and so on.
    pub flags: u32,
    /// What sort of hardware: ARPHRD_ETHER (1), ARPHRD_LOOPBACK (772)...
    pub hardware_kind: u16,
    attributes: Vec<u8>,
}

impl Link {
    fn read(message: &Message<'_>) -> Option<Link> {
        if message.kind != kind::NEW_LINK {
            return None;
        }
        let (fixed, attributes) = message.split(16)?;
        Some(Link {
            index: u32::from_ne_bytes(rtnl::part(fixed, 4)),
            name: rtnl::find_name(attributes, ifla::NAME)?.to_vec(),
            flags: u32::from_ne_bytes(rtnl::part(fixed, 8)),
            hardware_kind: u16::from_ne_bytes(rtnl::part(fixed, 2)),
            attributes: attributes.to_vec(),
        })
    }

    /// Whether all of these flags are set.
    pub fn is(&self, flags: i32) -> bool {
        let flags = flags as u32;
        self.flags & flags == flags
    }

    /// An attribute ([`ifla`]).
    pub fn get(&self, attribute: u16) -> Option<&[u8]> {
        rtnl::find(&self.attributes, attribute)
    }

    /// An attribute that is a number.
    pub fn number(&self, attribute: u16) -> Option<u64> {
        rtnl::find_number(&self.attributes, attribute)
    }

    /// An attribute that is a name.
    pub fn text(&self, attribute: u16) -> Option<&[u8]> {
        rtnl::find_name(&self.attributes, attribute)
    }

    /// The hardware address; empty where there is none.
    pub fn hardware(&self) -> &[u8] {
        self.get(ifla::ADDRESS).unwrap_or_default()
    }

    /// The kind of a link that is software: `vlan`, `bridge`; empty otherwise.
    pub fn software(&self) -> &[u8] {
        let info = self.get(ifla::INFO).unwrap_or_default();
        rtnl::find_name(info, ifla::INFO_KIND).unwrap_or_default()
    }

    /// Attributes of such a link's own.
    pub fn software_data(&self) -> &[u8] {
        let info = self.get(ifla::INFO).unwrap_or_default();
        rtnl::find(info, ifla::INFO_DATA).unwrap_or_default()
    }

    /// Whether it can carry an internet boot: no loopback, with broadcast.
    pub fn is_ethernet(&self) -> bool {
        self.hardware_kind == 1 && self.is(libc::IFF_BROADCAST)
    }
}

/// All interfaces, by number.
pub fn list(kernel: &mut Netlink) -> Result<Vec<Link>, Errno> {
    let mut links = Vec::new();
    let request = Request::new(kind::GET_LINK, DUMP, &[0; 16]);
    kernel.ask(request, &mut |message| links.extend(Link::read(message)))?;
    links.sort_unstable_by_key(|link: &Link| link.index);
    Ok(links)
}

/// The interface of this name; ENODEV when there is none.
pub fn find(kernel: &mut Netlink, name: &[u8]) -> Result<Link, Errno> {
    if name.is_empty() || name.len() > 128 {
        return Err(Errno::ENODEV);
    }
    let mut request = Request::new(kind::GET_LINK, ACK, &[0; 16]);
    // ALT_IFNAME would need 5.5; a name over 15 bytes is none of theirs.
    request.put_name(ifla::NAME, name);
    let mut link = None;
    kernel.ask(request, &mut |message| link = Link::read(message).or(link.take()))?;
    link.ok_or(Errno::ENODEV)
}

/// The name of a number in a list; `if7` when it is not there.
pub fn name_of(links: &[Link], index: u32) -> Vec<u8> {
    match links.iter().find(|link| link.index == index) {
        Some(link) => link.name.clone(),
        None => format!("if{index}").into_bytes(),
    }
}

/// A request about the link `index`, which is to have `flags` where `mask` is.
pub fn link_request(what: u16, how: i32, index: u32, flags: u32, mask: u32) -> Request {
    let mut fixed = [0; 16];
    for (place, value) in [(4, index), (8, flags), (12, mask)] {
        if let Some(place) = fixed.get_mut(place..place + 4) {
            place.copy_from_slice(&value.to_ne_bytes());
        }
    }
    Request::new(what, how, &fixed)
}

/// Sets or clears flags of an interface, such as IFF_UP.
pub fn set_flags(kernel: &mut Netlink, index: u32, flags: i32, on: bool) -> Result<(), Errno> {
    let mask = flags as u32;
    let flags = if on { mask } else { 0 };
    kernel.change(link_request(kind::NEW_LINK, ACK, index, flags, mask))
}

/// A request about the address `net` of the link `index`.
pub fn address_request(what: u16, how: i32, index: u32, net: &IpNetwork, scope: u8) -> Request {
    let mut fixed = [address::family(net.ip()), net.prefix(), 0, scope, 0, 0, 0, 0];
    if let Some(place) = fixed.get_mut(4..8) {
        place.copy_from_slice(&index.to_ne_bytes());
    }
    Request::new(what, how, &fixed)
}

/// Gives an interface an address, with the broadcast address of its network.
pub fn add_address(kernel: &mut Netlink, index: u32, net: &IpNetwork) -> Result<(), Errno> {
    let mut request = address_request(kind::NEW_ADDRESS, REPLACE, index, net, 0);
    let bytes = address::to_bytes(net.ip());
    request.put(ifa::LOCAL, &bytes);
    request.put(ifa::ADDRESS, &bytes);
    if let IpNetwork::V4(net) = net
        && net.prefix() < 31
    {
        request.put(ifa::BROADCAST, &net.broadcast().octets());
    }
    kernel.change(request)
}

/// An address of an interface.
pub struct Assigned {
    /// The interface.
    pub index: u32,
    /// The address with the prefix of its network.
    pub net: IpNetwork,
    /// The other end of a line between two.
    pub peer: Option<IpAddr>,
    /// RT_SCOPE_LINK and so on.
    pub scope: u8,
    /// IFA_F_SECONDARY and so on.
    pub flags: u32,
    attributes: Vec<u8>,
}

impl Assigned {
    fn read(message: &Message<'_>) -> Option<Assigned> {
        if message.kind != kind::NEW_ADDRESS {
            return None;
        }
        let (fixed, attributes) = message.split(8)?;
        let [_, prefix, flags, scope] = rtnl::part(fixed, 0);
        let other = rtnl::find(attributes, ifa::ADDRESS).and_then(address::from_bytes);
        let own = rtnl::find(attributes, ifa::LOCAL).and_then(address::from_bytes);
        let local = own.or(other)?;
        let flags = rtnl::find_number(attributes, ifa::FLAGS)
            .map_or(u32::from(flags), |flags| flags as u32);
        Some(Assigned {
            index: u32::from_ne_bytes(rtnl::part(fixed, 4)),
            net: address::network(local, prefix)?,
            peer: other.filter(|other| *other != local),
            scope,
            flags,
            attributes: attributes.to_vec(),
        })
    }

    /// An attribute ([`ifa`]).
    pub fn get(&self, attribute: u16) -> Option<&[u8]> {
        rtnl::find(&self.attributes, attribute)
    }
}

/// All addresses, of one family or (0) of both.
pub fn addresses(kernel: &mut Netlink, family: u8) -> Result<Vec<Assigned>, Errno> {
    let mut list = Vec::new();
    let request = Request::new(kind::GET_ADDRESS, DUMP, &[family, 0, 0, 0, 0, 0, 0, 0]);
    kernel.ask(request, &mut |message| list.extend(Assigned::read(message)))?;
    Ok(list)
}

/// Takes an address from an interface.
pub fn remove_address(kernel: &mut Netlink, assigned: &Assigned) -> Result<(), Errno> {
    let mut request =
        address_request(kind::DELETE_ADDRESS, ACK, assigned.index, &assigned.net, assigned.scope);
    request.put(ifa::LOCAL, &address::to_bytes(assigned.net.ip()));
    if let Some(peer) = assigned.peer {
        request.put(ifa::ADDRESS, &address::to_bytes(peer));
    }
    kernel.change(request)
}

/// A route to be made or taken away.
#[derive(Clone, Debug, Default)]
pub struct Route {
    /// Where to; all of the gateway's family when there is none.
    pub to: Option<IpNetwork>,
    /// By which neighbour.
    pub via: Option<IpAddr>,
    /// By which interface.
    pub index: Option<u32>,
    /// Which of several is taken: the lowest.
    pub metric: Option<u32>,
    /// The address to send from.
    pub source: Option<IpAddr>,
}

/// RTN_UNICAST, RT_TABLE_MAIN.
const UNICAST: u8 = 1;
const MAIN: u8 = 254;
/// RTPROT_BOOT: whoever made it was no routing daemon.
const BOOT: u8 = 3;
/// RT_SCOPE_LINK.
const SCOPE_LINK: u8 = 253;
/// RT_SCOPE_NOWHERE: of any scope, when a route is taken away.
const SCOPE_NOWHERE: u8 = 255;

/// Makes a route, or ([`kind::DELETE_ROUTE`]) takes it away.
pub fn change_route(kernel: &mut Netlink, what: u16, how: i32, route: &Route) -> Result<(), Errno> {
    let any = route.to.map(|net| net.ip()).or(route.via);
    let family = any.map_or(libc::AF_INET as u8, address::family);
    let prefix = route.to.map_or(0, |net| net.prefix());
    let four = family == libc::AF_INET as u8;
    let (scope, protocol) = match what {
        kind::DELETE_ROUTE => (SCOPE_NOWHERE, 0),
        _ if four && route.via.is_none() => (SCOPE_LINK, BOOT),
        _ => (0, BOOT),
    };
    let kind = if what == kind::DELETE_ROUTE { 0 } else { UNICAST };
    let fixed = [family, prefix, 0, 0, MAIN, protocol, scope, kind, 0, 0, 0, 0];
    let mut request = Request::new(what, how, &fixed);
    if let Some(net) = route.to
        && prefix > 0
    {
        request.put(rta::DESTINATION, &address::to_bytes(net.network()));
    }
    if let Some(via) = route.via {
        request.put(rta::GATEWAY, &address::to_bytes(via));
    }
    if let Some(source) = route.source {
        request.put(rta::PREFERRED_SOURCE, &address::to_bytes(source));
    }
    if let Some(index) = route.index {
        request.put_u32(rta::OUT, index);
    }
    if let Some(metric) = route.metric {
        request.put_u32(rta::METRIC, metric);
    }
    kernel.change(request)
}

/// Makes a route; one that is there already is as good.
pub fn add_route(kernel: &mut Netlink, route: &Route) -> Result<(), Errno> {
    match change_route(kernel, kind::NEW_ROUTE, CREATE, route) {
        Err(Errno::EEXIST) => Ok(()),
        other => other,
    }
}

/// Makes a route that says "unreachable".
pub fn reject(kernel: &mut Netlink, net: &IpNetwork) -> Result<(), Errno> {
    let family = address::family(net.ip());
    // RTN_UNREACHABLE, and RT_SCOPE_HOST, which the ioctl of others takes away
    let scope = if net.is_ipv4() { 254 } else { 0 };
    let fixed = [family, net.prefix(), 0, 0, MAIN, BOOT, scope, 7, 0, 0, 0, 0];
    let mut request = Request::new(kind::NEW_ROUTE, CREATE, &fixed);
    request.put(rta::DESTINATION, &address::to_bytes(net.network()));
    kernel.change(request)
}
