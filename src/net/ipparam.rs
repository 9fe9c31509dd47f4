//! The `ip=` parameter. Pure. Linux Documentation/admin-guide/nfs/nfsroot.rst
//! and dracut.cmdline(7).
//!
//! `ip=CLIENT:SERVER:GATEWAY:NETMASK:HOSTNAME:DEVICE:AUTOCONF:DNS0:DNS1:NTP`,
//! IPv6 addresses in brackets; `ip=AUTOCONF`; `ip=DEVICE:AUTOCONF[:MTU[:MAC]]`;
//! the netmask may be a number of bits.

use std::net::IpAddr;

use super::address;

/// How an interface gets its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// It is given.
    Static,
    /// From a server of DHCP.
    Dhcp,
    /// From router advertisements of IPv6.
    Advertised,
    /// One that nobody else has, within the link (RFC 3927).
    LinkLocal,
    /// Not at all.
    Off,
}

/// One `ip=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup<'a> {
    /// Which interface; empty for the first one, or (DHCP) any.
    pub device: &'a [u8],
    /// How.
    pub method: Method,
    /// The address.
    pub ip: Option<IpAddr>,
    /// Bits of its network.
    pub prefix: u8,
    /// The server to boot from.
    pub server: Option<IpAddr>,
    /// The router.
    pub gateway: Option<IpAddr>,
    /// The machine's name.
    pub hostname: &'a [u8],
    /// Servers for names.
    pub dns: Vec<IpAddr>,
    /// The largest packet; 0 is the interface's own.
    pub mtu: u32,
    /// A hardware address for the interface.
    pub hardware: Vec<u8>,
}

/// The parts between colons that are not within brackets.
fn parts(text: &[u8]) -> Vec<&[u8]> {
    let mut depth = 0i32;
    text.split(|&b| {
        match b {
            b'[' => depth += 1,
            b']' => depth -= 1,
            _ => {}
        }
        b == b':' && depth <= 0
    })
    .collect()
}

fn method(word: &[u8]) -> Option<Method> {
    Some(match word {
        b"dhcp" | b"on" | b"any" | b"both" | b"bootp" | b"dhcp4" => Method::Dhcp,
        b"auto6" | b"dhcp6" => Method::Advertised,
        b"link-local" | b"link6" => Method::LinkLocal,
        b"off" | b"none" | b"static" => Method::Off,
        _ => return None,
    })
}

/// Reads the value of `ip=`; why it makes no sense when it does not.
pub fn parse(text: &[u8]) -> Result<Setup<'_>, &'static str> {
    let mut setup = Setup {
        device: b"",
        method: Method::Off,
        ip: None,
        prefix: 0,
        server: None,
        gateway: None,
        hostname: b"",
        dns: Vec::new(),
        mtu: 0,
        hardware: Vec::new(),
    };
    let parts = parts(text);
    let part = |at: usize| parts.get(at).copied().unwrap_or_default();
    if let [word] = parts.as_slice() {
        if let Some(method) = method(word) {
            setup.method = method;
            return Ok(setup);
        }
    } else if address::parse(part(0)).is_none()
        && !part(0).is_empty()
        && let Some(method) = method(part(1))
    {
        // DEVICE:AUTOCONF[:[MTU][:MAC]]
        setup.device = device(part(0))?;
        setup.method = method;
        setup.mtu = mtu(part(2))?;
        setup.hardware = hardware(&parts, 3)?;
        return Ok(setup);
    }
    let ip = |at: usize, why: &'static str| match part(at) {
        b"" => Ok(None),
        word => address::parse(word).map(Some).ok_or(why),
    };
    setup.ip = ip(0, "neither an address nor dhcp, on, auto6, link-local, off")?;
    setup.server = ip(1, "the server is no address")?;
    setup.gateway = ip(2, "the gateway is no address")?;
    setup.hostname = part(4);
    setup.device = device(part(5))?;
    setup.method = match part(6) {
        b"" if setup.ip.is_some() => Method::Static,
        // the kernel's default is any
        b"" => Method::Dhcp,
        word => match method(word) {
            Some(Method::Off) if setup.ip.is_some() => Method::Static,
            Some(method) => method,
            None => return Err("not a way to get an address"),
        },
    };
    if let Some(ip) = setup.ip {
        setup.prefix = match part(3) {
            b"" => match ip {
                IpAddr::V4(ip) => address::class_prefix(ip),
                IpAddr::V6(_) => 64,
            },
            word => {
                let bits = std::str::from_utf8(word).ok().and_then(|text| text.parse().ok());
                let bits = bits.or_else(|| address::parse(word).and_then(address::prefix_of));
                bits.filter(|&n| n <= address::bits(ip)).ok_or("no netmask")?
            }
        };
    }
    // Behind it the kernel has servers for names, dracut MTU and MAC.
    if address::parse(part(7)).is_none() && !part(7).is_empty() {
        setup.mtu = mtu(part(7))?;
        setup.hardware = hardware(&parts, 8)?;
    } else {
        for at in [7, 8] {
            setup.dns.extend(ip(at, "a server for names is no address")?);
        }
    }
    Ok(setup)
}

fn device(name: &[u8]) -> Result<&[u8], &'static str> {
    let good = name.len() < 16 && name.iter().all(|b| b.is_ascii_graphic() && *b != b'/');
    if good && name != b"." && name != b".." { Ok(name) } else { Err("no name of an interface") }
}

fn mtu(word: &[u8]) -> Result<u32, &'static str> {
    match word {
        b"" => Ok(0),
        _ => std::str::from_utf8(word).ok().and_then(|text| text.parse().ok()).ok_or("no MTU"),
    }
}

/// The colons of a hardware address separate its parts here, too.
fn hardware(parts: &[&[u8]], from: usize) -> Result<Vec<u8>, &'static str> {
    let rest = parts.get(from..).unwrap_or_default();
    match rest {
        [] | [b""] => Ok(Vec::new()),
        _ => address::parse_hardware(&rest.join(&b':')).ok_or("no hardware address"),
    }
}

/// Reads anything, for the fuzzer.
pub fn exercise(data: &[u8]) {
    if let Ok(setup) = parse(data) {
        assert!(setup.device.len() < 16);
        assert!(setup.ip.is_none_or(|ip| setup.prefix <= address::bits(ip)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match parse(text.as_bytes()) {
            Err(why) => format!("! {why}"),
            Ok(s) => {
                let ip = |ip: Option<IpAddr>| ip.map_or("-".into(), |ip| ip.to_string());
                let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
                format!(
                    "{:?} {}/{} via {} dev {} host {} dns {:?} mtu {} mac {}",
                    s.method,
                    ip(s.ip),
                    s.prefix,
                    ip(s.gateway),
                    text(s.device),
                    text(s.hostname),
                    s.dns,
                    s.mtu,
                    address::hardware(&s.hardware)
                )
            }
        }
    }

    #[test]
    fn all_forms() {
        for (text, expected) in [
            ("dhcp", "Dhcp -/0 via - dev  host  dns [] mtu 0 mac "),
            ("on", "Dhcp -/0 via - dev  host  dns [] mtu 0 mac "),
            ("off", "Off -/0 via - dev  host  dns [] mtu 0 mac "),
            ("auto6", "Advertised -/0 via - dev  host  dns [] mtu 0 mac "),
            ("eth0:dhcp", "Dhcp -/0 via - dev eth0 host  dns [] mtu 0 mac "),
            (
                "eth0:dhcp:1400:52:54:00:12:34:56",
                "Dhcp -/0 via - dev eth0 host  dns [] mtu 1400 mac 52:54:00:12:34:56",
            ),
            ("enp1s0:link-local", "LinkLocal -/0 via - dev enp1s0 host  dns [] mtu 0 mac "),
            (":::::eth1:dhcp", "Dhcp -/0 via - dev eth1 host  dns [] mtu 0 mac "),
            ("::::box::dhcp", "Dhcp -/0 via - dev  host box dns [] mtu 0 mac "),
            ("10.0.0.5", "Static 10.0.0.5/8 via - dev  host  dns [] mtu 0 mac "),
            (
                "192.168.1.5::192.168.1.1:255.255.255.0:box:eth0:off:1.1.1.1:8.8.8.8",
                "Static 192.168.1.5/24 via 192.168.1.1 dev eth0 host box dns [1.1.1.1, 8.8.8.8] mtu 0 mac ",
            ),
            (
                "10.0.0.5::10.0.0.1:16:box:eth0:none:1400",
                "Static 10.0.0.5/16 via 10.0.0.1 dev eth0 host box dns [] mtu 1400 mac ",
            ),
            (
                "[fd00::5]::[fd00::1]:64::eth0:none",
                "Static fd00::5/64 via fd00::1 dev eth0 host  dns [] mtu 0 mac ",
            ),
            ("[fd00::5]:::::eth0", "Static fd00::5/64 via - dev eth0 host  dns [] mtu 0 mac "),
            ("nonsense", "! neither an address nor dhcp, on, auto6, link-local, off"),
            ("10.0.0.5:::33", "! no netmask"),
            ("10.0.0.5:::255.0.255.0", "! no netmask"),
            ("10.0.0.5::here", "! the gateway is no address"),
            ("10.0.0.5:::::../x", "! no name of an interface"),
            ("10.0.0.5::::::maybe", "! not a way to get an address"),
            ("eth0:dhcp:x", "! no MTU"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
