//! Packets made and read by hand: IPv4, UDP, ARP, ICMP. Pure. RFC 791, 768,
//! 826, 792, 1071.

use std::net::Ipv4Addr;

/// The checksum of the internet.
pub fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum = 0u32;
    for part in parts {
        for pair in part.chunks(2) {
            let high = pair.first().copied().unwrap_or(0);
            let low = pair.get(1).copied().unwrap_or(0);
            sum += u32::from(u16::from_be_bytes([high, low]));
            sum = (sum & 0xffff) + (sum >> 16);
        }
    }
    !u16::try_from((sum & 0xffff) + (sum >> 16)).unwrap_or(0)
}

/// An IPv4 packet with a UDP datagram in it.
pub fn udp(from: (Ipv4Addr, u16), to: (Ipv4Addr, u16), payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 8).unwrap_or(8);
    let mut udp = Vec::with_capacity(payload.len() + 8);
    for number in [from.1, to.1, length, 0] {
        udp.extend_from_slice(&number.to_be_bytes());
    }
    udp.extend_from_slice(payload);
    let (source, target) = (from.0.octets(), to.0.octets());
    let [l1, l0] = length.to_be_bytes();
    let sum = match checksum(&[&source, &target, &[0, 17, l1, l0], &udp]) {
        0 => 0xffff,
        sum => sum,
    };
    if let Some(place) = udp.get_mut(6..8) {
        place.copy_from_slice(&sum.to_be_bytes());
    }
    let total = u16::try_from(udp.len() + 20).unwrap_or(0).to_be_bytes();
    let mut ip = vec![0x45, 0, total[0], total[1], 0, 0, 0x40, 0, 64, 17, 0, 0];
    ip.extend_from_slice(&source);
    ip.extend_from_slice(&target);
    let sum = checksum(&[&ip]).to_be_bytes();
    if let Some(place) = ip.get_mut(10..12) {
        place.copy_from_slice(&sum);
    }
    ip.extend_from_slice(&udp);
    ip
}

/// The payload of the UDP datagram to `port` in an IPv4 packet; `None` when it
/// is something else or damaged. The datagram's own checksum is the sender's
/// network card's to compute, which may not have happened yet between two
/// virtual machines: it is not looked at.
pub fn read_udp(packet: &[u8], port: u16) -> Option<(Ipv4Addr, &[u8])> {
    let (first, rest) = packet.split_first()?;
    let head = usize::from(first & 15) * 4;
    let total = usize::from(u16::from_be_bytes([*packet.get(2)?, *packet.get(3)?]));
    let whole = packet.get(..total)?;
    let header = whole.get(..head).filter(|header| header.len() >= 20 && first >> 4 == 4)?;
    if rest.get(8) != Some(&17) || checksum(&[header]) != 0 {
        return None;
    }
    // no fragments
    if u16::from_be_bytes([*header.get(6)?, *header.get(7)?]) & 0x3fff != 0 {
        return None;
    }
    let udp = whole.get(head..)?;
    let to = u16::from_be_bytes([*udp.get(2)?, *udp.get(3)?]);
    let length = usize::from(u16::from_be_bytes([*udp.get(4)?, *udp.get(5)?]));
    let from: [u8; 4] = header.get(12..16)?.try_into().ok()?;
    (to == port).then_some((from.into(), udp.get(8..length)?))
}

/// A message of ARP about an Ethernet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arp {
    /// 1: who has it? 2: it is here.
    pub operation: u16,
    /// Who says so.
    pub sender: [u8; 6],
    /// The sender's address.
    pub sender_ip: Ipv4Addr,
    /// Whom it is for.
    pub target: [u8; 6],
    /// The address in question.
    pub target_ip: Ipv4Addr,
}

impl Arp {
    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![0, 1, 8, 0, 6, 4];
        bytes.extend_from_slice(&self.operation.to_be_bytes());
        bytes.extend_from_slice(&self.sender);
        bytes.extend_from_slice(&self.sender_ip.octets());
        bytes.extend_from_slice(&self.target);
        bytes.extend_from_slice(&self.target_ip.octets());
        bytes
    }

    /// Reads one.
    pub fn decode(bytes: &[u8]) -> Option<Arp> {
        let rest = bytes.strip_prefix(&[0, 1, 8, 0, 6, 4])?;
        let part = |from: usize| -> Option<[u8; 6]> { rest.get(from..from + 6)?.try_into().ok() };
        let ip = |from: usize| -> Option<Ipv4Addr> {
            Some(<[u8; 4]>::try_from(rest.get(from..from + 4)?).ok()?.into())
        };
        Some(Arp {
            operation: u16::from_be_bytes([*rest.first()?, *rest.get(1)?]),
            sender: part(2)?,
            sender_ip: ip(8)?,
            target: part(12)?,
            target_ip: ip(18)?,
        })
    }
}

/// An echo request of ICMP (IPv4; the kernel fills in IPv6's checksum).
pub fn echo(kind: u8, id: u16, sequence: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind, 0, 0, 0];
    bytes.extend_from_slice(&id.to_be_bytes());
    bytes.extend_from_slice(&sequence.to_be_bytes());
    bytes.extend_from_slice(payload);
    let sum = checksum(&[&bytes]).to_be_bytes();
    if let Some(place) = bytes.get_mut(2..4) {
        place.copy_from_slice(&sum);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datagrams() {
        let (a, b) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
        let packet = udp((a, 68), (b, 67), b"hello");
        assert_eq!(read_udp(&packet, 67), Some((a, b"hello".as_slice())));
        assert_eq!(read_udp(&packet, 68), None);
        // padding of the Ethernet behind it
        let mut padded = packet.clone();
        padded.extend([0; 20]);
        assert_eq!(read_udp(&padded, 67), Some((a, b"hello".as_slice())));
        for n in 0..packet.len() {
            assert_eq!(read_udp(&packet[..n], 67), None);
        }
        let mut damaged = packet.clone();
        damaged[13] ^= 1;
        assert_eq!(read_udp(&damaged, 67), None);
        // RFC 1071's example
        assert_eq!(checksum(&[&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]]), !0xddf2);
    }

    #[test]
    fn arps() {
        let arp = Arp {
            operation: 1,
            sender: [1, 2, 3, 4, 5, 6],
            sender_ip: Ipv4Addr::new(10, 0, 0, 1),
            target: [0; 6],
            target_ip: Ipv4Addr::new(10, 0, 0, 2),
        };
        let bytes = arp.encode();
        assert_eq!(bytes.len(), 28);
        assert_eq!(Arp::decode(&bytes), Some(arp));
        for n in 0..28 {
            assert_eq!(Arp::decode(&bytes[..n]), None);
        }
    }
}
