//! route: show and change the routing table. Words and output are busybox's.

use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::ffi::OsStrExt;

use ipnetwork::IpNetwork;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes};
use crate::net::links::{self, ACK, CREATE, Route, kind};
use crate::net::netlink::Netlink;
use crate::net::{address, resolve};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "route",
    summary: "show and change the routing table",
    usage: "[-ne] [-A inet|inet6]\n\
            \x20      route [-A inet6] add|del [-net|-host] TARGET [netmask MASK] [gw GATEWAY]\n\
            \x20      [metric N] [reject] [[dev] IFACE]\n\
            \x20TARGET: default, an address, NET/BITS",
    kind: Kind::Fork, // it may ask name servers
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let at = cx.args.iter().position(|arg| matches!(arg.as_bytes(), b"add" | b"del" | b"delete"));
    let (front, change) = cx.args.split_at_checked(at.unwrap_or(cx.args.len())).unwrap_or_default();
    let mut options = crate::options::Options::parse("n e A: v C F", front)?;
    let (mut numeric, mut extended, mut six) = (false, false, false);
    while let Some(letter) = options.next() {
        match letter {
            b'n' => numeric = true,
            b'e' => extended = true,
            b'A' => {
                let family = options.value();
                six = family == "inet6";
                if !six && family != "inet" {
                    return Err(Error::bad(crate::applet::show(&family), "not a family"));
                }
            }
            _ => {}
        }
    }
    if at.is_some() {
        let words: Vec<&[u8]> = change.iter().map(|word| word.as_bytes()).collect();
        return self::change(&words, six);
    }
    options.at_most(0)?;
    if six { show_six(cx) } else { show(cx, numeric, extended) }
}

/// Letters of RTF_UP and so on. linux/route.h.
const LETTERS: [(u32, char); 6] =
    [(0x2, 'G'), (0x4, 'H'), (0x8, 'R'), (0x10, 'D'), (0x20, 'M'), (0x4000_0000, '!')];

/// Shows /proc/net/route; for `netstat -r`, too.
pub(super) fn show(cx: &mut Ctx, numeric: bool, extended: bool) -> Result<Status, Error> {
    let path = "/proc/net/route";
    let text = std::fs::read_to_string(path).map_err(|e| Error::os(path, e))?;
    cx.put(b"Kernel IP routing table\nDestination     Gateway         Genmask         Flags ")?;
    cx.put(if extended { b"  MSS Window  irtt Iface\n" } else { b"Metric Ref    Use Iface\n" })?;
    for line in text.lines().skip(1) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [name, to, via, flags, refs, uses, metric, mask, mtu, window, rtt, ..] =
            words.as_slice()
        else {
            continue;
        };
        let number = |text: &str| u32::from_str_radix(text, 16).unwrap_or(0);
        let ip = |text: &str| Ipv4Addr::from(number(text).to_ne_bytes());
        let flags = number(flags);
        let mut letters = String::new();
        if flags & 0x200 != 0 {
            // RTF_REJECT
            letters.push('!');
        } else {
            letters.push(if flags & 1 != 0 { 'U' } else { ' ' });
            for (flag, letter) in LETTERS {
                if flags & flag != 0 {
                    letters.push(letter);
                }
            }
        }
        let text = |ip: Ipv4Addr, any: &str| match ip.is_unspecified() {
            true if !numeric => any.to_string(),
            _ => ip.to_string(),
        };
        let to = match ip(to) {
            to if numeric || to.is_unspecified() => text(to, "default"),
            to => resolve::name_of(IpAddr::V4(to))
                .map_or_else(|| to.to_string(), |name| show_bytes(&name).to_string()),
        };
        let via = text(ip(via), "*");
        let mask = ip(mask);
        cx.print(format_args!("{to:<15.15} {via:<15.15} {mask:<16}"))?;
        if extended {
            cx.print(format_args!("{letters:<6}{mtu:>5} {window:<5} {rtt:>6} {name}\n"))?;
        } else {
            cx.print(format_args!("{letters:<6}{metric:<6} {refs:<2} {uses:>7} {name}\n"))?;
        }
    }
    Ok(Status::OK)
}

fn show_six(cx: &mut Ctx) -> Result<Status, Error> {
    let path = "/proc/net/ipv6_route";
    let text = std::fs::read_to_string(path).map_err(|e| Error::os(path, e))?;
    cx.print(format_args!(
        "Kernel IPv6 routing table\n{:<44}{:<40}Flags Metric Ref    Use Iface\n",
        "Destination", "Next Hop"
    ))?;
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [to, bits, _, _, via, metric, refs, uses, flags, name] = words.as_slice() else {
            continue;
        };
        let number = |text: &str| u32::from_str_radix(text, 16).unwrap_or(0);
        let ip = |text: &str| u128::from_str_radix(text, 16).map(std::net::Ipv6Addr::from);
        let (Ok(to), Ok(via)) = (ip(to), ip(via)) else { continue };
        let flags = number(flags);
        let mut letters = String::new();
        letters.push(if flags & 0x200 != 0 { '!' } else { 'U' });
        // RTF_DEFAULT, ADDRCONF, CACHE, NONEXTHOP... as busybox names them
        for (flag, letter) in [
            (0x2, 'G'),
            (0x4, 'H'),
            (0x10, 'D'),
            (0x20, 'M'),
            (0x1_0000, 'd'),
            (0x4_0000, 'A'),
            (0x20_0000, 'n'),
            (0x100_0000, 'C'),
        ] {
            if flags & flag != 0 {
                letters.push(letter);
            }
        }
        let (refs, uses) = (number(refs), number(uses));
        let to = format!("{to}/{}", number(bits));
        let via = via.to_string();
        let metric = number(metric).cast_signed();
        cx.print(format_args!(
            "{to:<43} {via:<39} {letters:<5} {metric:<6} {refs:<2} {uses:>7} {name:<8}\n"
        ))?;
    }
    Ok(Status::OK)
}

fn change(words: &[&[u8]], six: bool) -> Result<Status, Error> {
    let mut kernel = Netlink::open().map_err(|e| Error::os("netlink", e))?;
    let mut words = words.iter().copied();
    let add = words.next() == Some(b"add");
    let family = if six { libc::AF_INET6 } else { libc::AF_INET };
    let (mut host, mut net) = (false, false);
    let mut target: Option<&[u8]> = None;
    let mut mask = None;
    let mut route = Route::default();
    let mut reject = false;
    while let Some(word) = words.next() {
        let mut value =
            || words.next().ok_or_else(|| Error::usage(format_args!("{} what?", show_bytes(word))));
        match word {
            b"-net" => net = true,
            b"-host" => host = true,
            _ if target.is_none() => target = Some(word),
            b"netmask" => {
                let text = value()?;
                let bits = address::parse(text).and_then(address::prefix_of);
                mask = Some(bits.ok_or_else(|| {
                    Error::msg(format_args!("bogus netmask {}", show_bytes(text)))
                })?);
            }
            b"gw" | b"gateway" => {
                let list = resolve::addresses(value()?, family)?;
                route.via = list.first().map(|(ip, _)| *ip);
            }
            b"metric" => {
                let text = value()?;
                let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
                route.metric =
                    Some(number.ok_or_else(|| Error::bad(show_bytes(text), "not a number"))?);
            }
            b"mss" | b"mtu" | b"window" | b"irtt" => {
                value()?;
            }
            b"reject" => reject = true,
            b"mod" | b"dyn" | b"reinstate" => {}
            _ => {
                let name = if matches!(word, b"dev" | b"device") { value()? } else { word };
                let link = links::find(&mut kernel, name);
                route.index = Some(link.map_err(|e| Error::os(show_bytes(name), e))?.index);
            }
        }
    }
    let Some(target) = target else { return Err(Error::usage("add or delete what?")) };
    let to = destination(target, family, host, net, mask)?;
    route.to = Some(to);
    let what = if add { kind::NEW_ROUTE } else { kind::DELETE_ROUTE };
    let done = if reject && add {
        links::reject(&mut kernel, &to)
    } else {
        links::change_route(&mut kernel, what, if add { CREATE } else { ACK }, &route)
    };
    let call = if add { "SIOCADDRT" } else { "SIOCDELRT" };
    done.map_err(|e| Error::os(call, e))?;
    Ok(Status::OK)
}

fn destination(
    target: &[u8],
    family: i32,
    host: bool,
    net: bool,
    mask: Option<u8>,
) -> Result<IpNetwork, Error> {
    let six = family == libc::AF_INET6;
    if target == b"default" {
        let any: &[u8] = if six { b"::/0" } else { b"0.0.0.0/0" };
        return address::parse_network(any).ok_or_else(|| Error::msg("no such network"));
    }
    let wrong = || Error::msg(format_args!("bad address '{}'", show_bytes(target)));
    let slash = target.contains(&b'/');
    let parsed = match address::parse_network(target) {
        Some(parsed) => parsed,
        None => {
            let list = resolve::addresses(target, family)?;
            let ip = list.first().map(|(ip, _)| *ip).ok_or_else(wrong)?;
            address::network(ip, address::bits(ip)).ok_or_else(wrong)?
        }
    };
    let ip = parsed.ip();
    let whole = address::bits(ip);
    let bits = match (mask, ip) {
        (Some(bits), _) => bits,
        _ if slash => parsed.prefix(),
        (None, IpAddr::V4(ip)) if net || (!host && ip.is_unspecified()) => class_prefix(ip),
        _ => whole,
    };
    if host && bits != whole {
        return Err(Error::msg("netmask and host route conflict"));
    }
    let to = address::network(ip, bits).ok_or_else(wrong)?;
    if to.network() != ip {
        return Err(Error::msg("netmask and route address conflict"));
    }
    Ok(to)
}

/// The mask of a network that is named without one, by how many of its parts
/// are not zero.
fn class_prefix(ip: Ipv4Addr) -> u8 {
    match ip.octets() {
        [.., 0] => address::class_prefix(ip),
        _ => 32,
    }
}
