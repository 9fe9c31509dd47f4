//! Internet and hardware addresses as text. Pure.

use std::fmt::{self, Display};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnetwork::{IpNetwork, Ipv4Network, Ipv6Network};

/// An address of 4 or 16 bytes.
pub fn from_bytes(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => Some(IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?))),
        16 => Some(IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?))),
        _ => None,
    }
}

/// The 4 or 16 bytes of an address.
pub fn to_bytes(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

/// AF_INET or AF_INET6.
pub fn family(ip: IpAddr) -> u8 {
    if ip.is_ipv4() { libc::AF_INET as u8 } else { libc::AF_INET6 as u8 }
}

/// How many bits an address has.
pub fn bits(ip: IpAddr) -> u8 {
    if ip.is_ipv4() { 32 } else { 128 }
}

/// Reads an address: `192.0.2.1`, `2001:db8::1`, and IPv6 in brackets.
#[inline(never)]
pub fn parse(text: &[u8]) -> Option<IpAddr> {
    let text = match text.strip_prefix(b"[") {
        Some(rest) => rest.strip_suffix(b"]")?,
        None => text,
    };
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Reads `ADDRESS[/BITS]` or `ADDRESS/MASK`; without bits it is one address.
/// IPv4 may be short, as route(8) and ip(8) take it: `10/8`, `10.1/16`.
#[inline(never)]
pub fn parse_network(text: &[u8]) -> Option<IpNetwork> {
    let slash = text.iter().position(|&b| b == b'/').unwrap_or(text.len());
    let (ip, rest) = text.split_at_checked(slash)?;
    let ip = match parse(ip) {
        Some(ip) => ip,
        None => short(ip)?,
    };
    let prefix = match rest.split_first() {
        None => bits(ip),
        Some((_, mask)) => match std::str::from_utf8(mask).ok()?.parse() {
            Ok(prefix) => prefix,
            Err(_) => prefix_of(parse(mask)?)?,
        },
    };
    network(ip, prefix)
}

/// `10`, `10.1` and `10.1.2`, filled up with zeros.
fn short(text: &[u8]) -> Option<IpAddr> {
    let mut bytes = [0; 4];
    let mut places = bytes.iter_mut();
    for part in text.split(|&b| b == b'.') {
        if part.is_empty() || !part.iter().all(u8::is_ascii_digit) {
            return None;
        }
        *places.next()? = std::str::from_utf8(part).ok()?.parse().ok()?;
    }
    Some(IpAddr::V4(bytes.into()))
}

/// A prefix of so many bits; `None` when there are not so many.
pub fn network(ip: IpAddr, prefix: u8) -> Option<IpNetwork> {
    Some(match ip {
        IpAddr::V4(ip) => IpNetwork::V4(Ipv4Network::new(ip, prefix).ok()?),
        IpAddr::V6(ip) => IpNetwork::V6(Ipv6Network::new(ip, prefix).ok()?),
    })
}

/// How many bits a mask has; `None` when it has a hole.
pub fn prefix_of(mask: IpAddr) -> Option<u8> {
    ipnetwork::ip_mask_to_prefix(mask).ok()
}

/// Whether `ip` is in `net`; IPv4 inside IPv6 (`::ffff:a.b.c.d`) counts as
/// IPv4.
pub fn contains(net: &IpNetwork, ip: IpAddr) -> bool {
    net.contains(ip.to_canonical())
}

/// The class that an IPv4 address had before 1993, for tools whose user names
/// no mask.
pub fn class_prefix(ip: Ipv4Addr) -> u8 {
    match ip.octets() {
        [0, 0, 0, 0] => 0,
        [0..128, ..] => 8,
        [128..192, ..] => 16,
        _ => 24,
    }
}

/// A hardware address: `52:54:00:12:34:56`.
pub fn hardware(bytes: &[u8]) -> Hardware<'_> {
    Hardware(bytes)
}

/// See [`hardware`].
pub struct Hardware<'a>(&'a [u8]);

impl Display for Hardware<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, b) in self.0.iter().enumerate() {
            f.write_str(if i > 0 { ":" } else { "" })?;
            write!(f, "{b:02x}")?;
        }
        Ok(())
    }
}

/// Reads a hardware address: parts in hexadecimal between colons or dashes.
#[inline(never)]
pub fn parse_hardware(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for part in text.split(|&b| b == b':' || b == b'-') {
        if part.is_empty() || part.len() > 2 || bytes.len() == 32 {
            return None;
        }
        bytes.push(u8::from_str_radix(std::str::from_utf8(part).ok()?, 16).ok()?);
    }
    (bytes.len() > 1).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> String {
        parse_network(text.as_bytes()).map_or("none".into(), |net| net.to_string())
    }

    #[test]
    fn networks() {
        for (text, expected) in [
            ("10.0.0.1/8", "10.0.0.1/8"),
            ("10.0.0.1", "10.0.0.1/32"),
            ("10/8", "10.0.0.0/8"),
            ("10.1/255.255.0.0", "10.1.0.0/16"),
            ("fd00::1/64", "fd00::1/64"),
            ("[fd00::1]/64", "fd00::1/64"),
            ("::", "::/128"),
            ("10.0.0.1/33", "none"),
            ("10.0.0.1/255.0.255.0", "none"),
            ("10.0.0.0.1", "none"),
            ("10.", "none"),
            ("", "none"),
            ("/8", "none"),
            ("+1/8", "none"),
        ] {
            assert_eq!(net(text), expected, "{text}");
        }
        let allow = parse_network(b"10.0.0.0/8").unwrap();
        assert!(contains(&allow, parse(b"::ffff:10.1.2.3").unwrap()));
        assert!(!contains(&allow, parse(b"11.1.2.3").unwrap()));
        assert!(!contains(&allow, parse(b"::1").unwrap()));
    }

    #[test]
    fn hardware_addresses() {
        assert_eq!(parse_hardware(b"1:2:3:4:5:ff"), Some(vec![1, 2, 3, 4, 5, 255]));
        assert_eq!(
            parse_hardware(b"52-54-00-12-34-56").map(|b| hardware(&b).to_string()).unwrap(),
            "52:54:00:12:34:56"
        );
        assert_eq!(parse_hardware(b"1:2:3:4:5:"), None);
        assert_eq!(parse_hardware(b"100:2"), None);
        assert_eq!(parse_hardware(b"12"), None);
    }
}
