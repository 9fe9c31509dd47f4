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

/// What was sent to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// A datagram of UDP, by its ports.
    Datagram {
        /// Ours.
        from: u16,
        /// The other end's.
        to: u16,
    },
    /// An echo request.
    Echo {
        /// Who asks.
        id: u16,
        /// For the how manieth time.
        sequence: u16,
    },
}

/// A message of ICMP that concerns a [`Probe`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Its type.
    pub kind: u8,
    /// Its code.
    pub code: u8,
    /// Hops that it had left; 255 where that is not told (IPv6).
    pub hops: u8,
    /// Hops that the packet it is about had left.
    pub left: u8,
    /// The largest packet that fits, where that is what it is about.
    pub mtu: u16,
}

/// What came in by a raw socket of ICMP (with IPv4, the head of the packet is
/// before it), when it answers a probe: the echo, or an error about the packet,
/// whose first bytes it repeats. RFC 792, 4443.
pub fn answer_to(bytes: &[u8], six: bool, ours: Probe) -> Option<Answered> {
    let word =
        |bytes: &[u8], at: usize| Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    // Head of a packet of IPv4: its length, hops left, protocol.
    let head = |bytes: &[u8]| {
        let length = usize::from(bytes.first()? & 15) * 4;
        (length >= 20).then_some((length, *bytes.get(8)?, *bytes.get(9)?))
    };
    let (message, hops) = match six {
        true => (bytes, 255),
        false => {
            let (length, hops, _) = head(bytes)?;
            (bytes.get(length..)?, hops)
        }
    };
    let (&kind, &code) = (message.first()?, message.get(1)?);
    let mut answer = Answered { kind, code, hops, left: 255, mtu: word(message, 6)? };
    if let Probe::Echo { id, sequence } = ours
        && kind == if six { 129 } else { 0 }
    {
        let same = word(message, 4)? == id && word(message, 6)? == sequence;
        return same.then_some(answer);
    }
    // Errors: unreachable, time exceeded, and IPv6's packet too big and
    // parameter problem.
    if !matches!((six, kind), (false, 3 | 11) | (true, 1..=4)) {
        return None;
    }
    let about = message.get(8..)?;
    let (length, left, protocol) = match six {
        true => (40, *about.get(7)?, *about.get(6)?),
        false => head(about)?,
    };
    answer.left = left;
    let inner = about.get(length..)?;
    let same = match ours {
        Probe::Datagram { from, to } => {
            protocol == 17 && word(inner, 0)? == from && word(inner, 2)? == to
        }
        Probe::Echo { id, sequence } => {
            let (its, request) = if six { (58, 128) } else { (1, 8) };
            protocol == its
                && *inner.first()? == request
                && word(inner, 4)? == id
                && word(inner, 6)? == sequence
        }
    };
    same.then_some(answer)
}

/// Reads anything, for the fuzzer.
pub fn exercise(bytes: &[u8]) {
    for six in [false, true] {
        for ours in [Probe::Datagram { from: 0, to: 0 }, Probe::Echo { id: 0, sequence: 0 }] {
            let _ = answer_to(bytes, six, ours);
        }
    }
    let _ = Arp::decode(bytes);
    if let Some((_, payload)) = read_udp(bytes, 68) {
        assert!(payload.len() < bytes.len());
    }
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

    #[test]
    fn answers_to_probes() {
        let (a, b) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
        let ours = Probe::Datagram { from: 40000, to: 33434 };
        let mut sent = udp((a, 40000), (b, 33434), b"x");
        sent[8] = 1;
        let wrap = |kind: u8, code: u8, about: &[u8]| {
            let mut bytes = udp((b, 0), (a, 0), b"")[..20].to_vec();
            bytes.extend([kind, code, 0, 0, 0, 0, 5, 0x78]);
            bytes.extend(about);
            bytes
        };
        let whole = wrap(11, 0, &sent);
        let answer = Answered { kind: 11, code: 0, hops: 64, left: 1, mtu: 1400 };
        assert_eq!(answer_to(&whole, false, ours), Some(answer));
        // eight bytes behind the head are enough
        assert_eq!(answer_to(&whole[..56], false, ours), Some(answer));
        for n in 0..52 {
            assert_eq!(answer_to(&whole[..n], false, ours), None, "{n}");
        }
        assert_eq!(answer_to(&whole, false, Probe::Datagram { from: 40000, to: 33435 }), None);
        assert_eq!(answer_to(&whole, false, Probe::Echo { id: 40000, sequence: 33434 }), None);
        assert_eq!(answer_to(&wrap(8, 0, &sent), false, ours), None);
        let asked = Probe::Echo { id: 7, sequence: 9 };
        let reply = [&whole[..20], &echo(0, 7, 9, b"abc")].concat();
        assert_eq!(answer_to(&reply, false, asked).unwrap().kind, 0);
        assert_eq!(answer_to(&echo(129, 7, 9, b""), true, asked).unwrap().kind, 129);
        assert_eq!(answer_to(&echo(129, 7, 8, b""), true, asked), None);
        // IPv6: forty bytes of head
        let mut about = [0; 48];
        (about[6], about[7]) = (58, 1);
        about[40..].copy_from_slice(&echo(128, 7, 9, b""));
        let error = [[1, 4, 0, 0, 0, 0, 0, 0].as_slice(), &about].concat();
        assert_eq!(answer_to(&error, true, asked).unwrap().code, 4);
        assert_eq!(answer_to(&error, true, ours), None);
    }
}
