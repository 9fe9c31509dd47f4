//! Sockets of the network as `/proc/net` lists them. proc_net(5).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A socket of TCP, UDP or raw IP.
pub struct Socket {
    /// `tcp`, `tcp6`, `udp`, `udp6`, `raw`, `raw6`.
    pub table: &'static str,
    /// Its own end.
    pub local: SocketAddr,
    /// The other end.
    pub remote: SocketAddr,
    /// The kernel's number of the state; 10 listens, 1 is connected.
    pub state: u8,
    /// Bytes that wait to be read, and to be sent.
    pub received: u32,
    /// See there.
    pub sent: u32,
    /// Whose it is.
    pub user: u32,
    /// Its number, which descriptors name: `socket:[N]`.
    pub inode: u64,
}

const TABLES: [&str; 6] = ["tcp", "tcp6", "udp", "udp6", "raw", "raw6"];

/// All of this network namespace.
pub fn all() -> Vec<Socket> {
    let mut list = Vec::new();
    for table in TABLES {
        let text = crate::sys::file::read(format!("/proc/net/{table}")).unwrap_or_default();
        list.extend(text.split(|&b| b == b'\n').filter_map(|line| parse(table, line)));
    }
    list
}

/// A line of such a table.
fn parse(table: &'static str, line: &[u8]) -> Option<Socket> {
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line.split_ascii_whitespace();
    let local = address(words.nth(1)?)?;
    let remote = address(words.next()?)?;
    let hex = |text: &str| u32::from_str_radix(text, 16).ok();
    let state = u8::try_from(hex(words.next()?)?).ok()?;
    let (sent, received) = words.next()?.split_once(':')?;
    let (sent, received) = (hex(sent)?, hex(received)?);
    let user = words.nth(2)?.parse().ok()?;
    let inode = words.nth(1)?.parse().ok()?;
    Some(Socket { table, local, remote, state, received, sent, user, inode })
}

/// `0100007F:0016`: words of 32 bits in the machine's order.
fn address(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| {
        let digits = address.get(at * 8..at * 8 + 8)?;
        Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
    };
    let ip = if address.len() == 8 {
        IpAddr::V4(Ipv4Addr::from(word(0)?))
    } else {
        let mut bytes = [0; 16];
        for (at, chunk) in bytes.chunks_exact_mut(4).enumerate() {
            chunk.copy_from_slice(&word(at)?);
        }
        IpAddr::V6(Ipv6Addr::from(bytes))
    };
    Some(SocketAddr::new(ip, port))
}

/// The number in `socket:[N]`.
pub fn inode_of(link: &[u8]) -> Option<u64> {
    let digits = link.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

impl Socket {
    /// Whether it is of `tcp` or `udp`, with either kind of address.
    pub fn is_protocol(&self, name: &[u8]) -> bool {
        self.table.as_bytes().starts_with(name)
    }

    /// The port of its own end.
    pub fn local_port(&self) -> u16 {
        self.local.port()
    }

    /// IPv4 or IPv6.
    pub fn kind(&self) -> &'static str {
        if self.table.ends_with('6') { "IPv6" } else { "IPv4" }
    }

    /// Whether a filter like that of `lsof -i` fits: nothing, `4`, `6`, `tcp`,
    /// `udp`, `:PORT`, `tcp:PORT`.
    pub fn fits(&self, filter: &[u8]) -> bool {
        let mut parts = filter.splitn(2, |&b| b == b':');
        let what = parts.next().unwrap_or_default();
        let what = what.strip_suffix(b"@").unwrap_or(what).to_ascii_lowercase();
        let kind = match what.as_slice() {
            b"" => true,
            b"4" => self.kind() == "IPv4",
            b"6" => self.kind() == "IPv6",
            name => self.is_protocol(name),
        };
        let port = parts.next().and_then(|p| std::str::from_utf8(p).ok()).map(str::parse::<u16>);
        kind && match port {
            None => true,
            Some(Ok(port)) => self.local.port() == port || self.remote.port() == port,
            Some(Err(_)) => false,
        }
    }

    /// The state in words.
    pub fn state_name(&self) -> &'static str {
        const NAMES: [&str; 11] = [
            "ESTABLISHED",
            "SYN_SENT",
            "SYN_RECV",
            "FIN_WAIT1",
            "FIN_WAIT2",
            "TIME_WAIT",
            "CLOSE",
            "CLOSE_WAIT",
            "LAST_ACK",
            "LISTEN",
            "CLOSING",
        ];
        let at = usize::from(self.state).wrapping_sub(1);
        NAMES.get(at).copied().unwrap_or("UNKNOWN")
    }
}

impl fmt::Display for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = self.table.trim_end_matches('6').to_ascii_uppercase();
        write!(f, "{protocol} ")?;
        if self.local.ip().is_unspecified() {
            write!(f, "*:{}", self.local.port())?;
        } else {
            write!(f, "{}", self.local)?;
        }
        if !self.remote.ip().is_unspecified() {
            write!(f, "->{}", self.remote)?;
        }
        if self.is_protocol(b"tcp") {
            write!(f, " ({})", self.state_name())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let line = b"   0: 0100007F:0016 00000000:0000 0A 00000010:00000002 00:00000000 00000000     7        0 12345 1 x";
        let socket = parse("tcp", line).unwrap();
        assert_eq!(socket.to_string(), "TCP 127.0.0.1:22 (LISTEN)");
        assert_eq!((socket.inode, socket.user), (12345, 7));
        assert_eq!((socket.sent, socket.received), (16, 2));
        assert!(
            socket.fits(b"") && socket.fits(b"tcp:22") && socket.fits(b":22") && socket.fits(b"4")
        );
        assert!(!socket.fits(b"udp") && !socket.fits(b":23") && !socket.fits(b":x"));
        let six = b"0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 7 1";
        assert_eq!(parse("tcp6", six).unwrap().to_string(), "TCP [::1]:8080 (LISTEN)");
        assert!(parse("tcp", b"  sl  local_address rem_address").is_none());
        assert_eq!(inode_of(b"socket:[42]"), Some(42));
        assert_eq!(inode_of(b"pipe:[42]"), None);
    }
}
