//! Messages of the domain name system. Pure. RFC 1035, 3596 (AAAA), 2782
//! (SRV).

use std::net::IpAddr;

/// Types of records.
pub const A: u16 = 1;
/// A name that stands for another.
pub const CNAME: u16 = 5;
/// Names of addresses.
pub const PTR: u16 = 12;
/// Addresses of IPv6.
pub const AAAA: u16 = 28;

/// Types by name.
pub const TYPES: [(&str, u16); 10] = [
    ("A", A),
    ("NS", 2),
    ("CNAME", CNAME),
    ("SOA", 6),
    ("PTR", PTR),
    ("MX", 15),
    ("TXT", 16),
    ("AAAA", AAAA),
    ("SRV", 33),
    ("ANY", 255),
];

/// The longest name on the wire.
const NAME_MAX: usize = 255;

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// An address.
    Address(IpAddr),
    /// A name: CNAME, NS, PTR.
    Name(Vec<u8>),
    /// Anything else as text; control bytes as they came.
    Text(Vec<u8>),
}

/// A record of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Whose it is.
    pub name: Vec<u8>,
    /// [`A`] and so on.
    pub kind: u16,
    /// What it says.
    pub data: Data,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// 0 no error, 2 server failure, 3 no such name, 5 refused.
    pub code: u8,
    /// There is more than fits: to be asked for over TCP.
    pub truncated: bool,
    /// From a server that is responsible for the name.
    pub authoritative: bool,
    /// The records that answer.
    pub records: Vec<Record>,
}

/// A question for one name; `None` when it is no name.
pub fn question(id: u16, name: &[u8], kind: u16) -> Option<Vec<u8>> {
    // recursion desired, one question
    let mut bytes = vec![0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    bytes.splice(..2, id.to_be_bytes());
    let name = name.strip_suffix(b".").unwrap_or(name);
    if name.is_empty() || name.len() > NAME_MAX - 2 {
        return None;
    }
    for label in name.split(|&b| b == b'.') {
        let length = u8::try_from(label.len()).ok().filter(|n| (1..64).contains(n))?;
        bytes.push(length);
        bytes.extend_from_slice(label);
    }
    bytes.push(0);
    bytes.extend_from_slice(&kind.to_be_bytes());
    bytes.extend_from_slice(&[0, 1]);
    Some(bytes)
}

/// The name under which an address is found: `1.2.0.192.in-addr.arpa`.
pub fn reverse_name(ip: IpAddr) -> Vec<u8> {
    let mut name = Vec::new();
    match ip {
        IpAddr::V4(ip) => {
            for byte in ip.octets().iter().rev() {
                name.extend_from_slice(byte.to_string().as_bytes());
                name.push(b'.');
            }
            name.extend_from_slice(b"in-addr.arpa");
        }
        IpAddr::V6(ip) => {
            for byte in ip.octets().iter().rev() {
                for nibble in [byte & 15, byte >> 4] {
                    let digit = char::from_digit(nibble.into(), 16).unwrap_or('0');
                    name.extend_from_slice(&[digit as u8, b'.']);
                }
            }
            name.extend_from_slice(b"ip6.arpa");
        }
    }
    name
}

fn number(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]))
}

/// The name at `at`, and where what follows it is. Pointers go back only.
fn name_at(bytes: &[u8], mut at: usize) -> Option<(Vec<u8>, usize)> {
    let mut name = Vec::new();
    let mut behind = None;
    let mut limit = at;
    loop {
        let length = *bytes.get(at)?;
        match length {
            0 => break,
            1..64 => {
                let label = bytes.get(at + 1..at + 1 + usize::from(length))?;
                if !name.is_empty() {
                    name.push(b'.');
                }
                name.extend_from_slice(label);
                if name.len() > NAME_MAX {
                    return None;
                }
                at += 1 + usize::from(length);
            }
            192.. => {
                behind.get_or_insert(at + 2);
                let to = usize::from(number(bytes, at)? & 0x3fff);
                if to >= limit {
                    return None;
                }
                limit = to;
                at = to;
            }
            _ => return None,
        }
    }
    Some((name, behind.unwrap_or(at + 1)))
}

/// Reads the answer to question `id` about `kind`; `None` when this is none.
pub fn answer(bytes: &[u8], id: u16) -> Option<Answer> {
    let flags = number(bytes, 2)?;
    if number(bytes, 0)? != id || flags & 0x8000 == 0 {
        return None;
    }
    let mut answer = Answer {
        code: u8::try_from(flags & 15).ok()?,
        truncated: flags & 0x200 != 0,
        authoritative: flags & 0x400 != 0,
        records: Vec::new(),
    };
    let mut at = 12;
    for _ in 0..number(bytes, 4)? {
        at = name_at(bytes, at)?.1 + 4;
    }
    for _ in 0..number(bytes, 6)? {
        let Some((name, next)) = name_at(bytes, at) else { break };
        let (Some(kind), Some(length)) = (number(bytes, next), number(bytes, next + 8)) else {
            break;
        };
        let start = next + 10;
        let end = start + usize::from(length);
        let Some(data) = bytes.get(start..end) else { break };
        if let Some(data) = read(bytes, kind, start, data) {
            answer.records.push(Record { name, kind, data });
        }
        at = end;
    }
    Some(answer)
}

fn read(bytes: &[u8], kind: u16, start: usize, data: &[u8]) -> Option<Data> {
    Some(match kind {
        A | AAAA => Data::Address(super::address::from_bytes(data)?),
        2 | CNAME | PTR => Data::Name(name_at(bytes, start)?.0),
        15 => {
            let mut text = number(data, 0)?.to_string().into_bytes();
            text.push(b' ');
            text.extend_from_slice(&name_at(bytes, start + 2)?.0);
            Data::Text(text)
        }
        16 => {
            let mut text = Vec::new();
            let mut rest = data;
            while let Some((&length, more)) = rest.split_first() {
                let (piece, more) = more.split_at_checked(usize::from(length))?;
                if !text.is_empty() {
                    text.push(b' ');
                }
                text.push(b'"');
                text.extend_from_slice(piece);
                text.push(b'"');
                rest = more;
            }
            Data::Text(text)
        }
        33 => {
            let mut text = Vec::new();
            for at in [0, 2, 4] {
                text.extend_from_slice(number(data, at)?.to_string().as_bytes());
                text.push(b' ');
            }
            text.extend_from_slice(&name_at(bytes, start + 6)?.0);
            Data::Text(text)
        }
        6 => {
            let (primary, next) = name_at(bytes, start)?;
            let (mail, _) = name_at(bytes, next)?;
            Data::Text([primary.as_slice(), b" ", &mail].concat())
        }
        _ => return None,
    })
}

/// Reads anything, for the fuzzer.
pub fn exercise(data: &[u8]) {
    let id = number(data, 0).unwrap_or(0);
    if let Some(answer) = answer(data, id) {
        assert!(answer.records.iter().all(|r| r.name.len() <= NAME_MAX));
    }
    if let Some(bytes) = question(id, data, A) {
        assert!(bytes.len() <= 12 + NAME_MAX + 4);
        assert!(name_at(&bytes, 12).is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions() {
        let bytes = question(0x1234, b"a.example.", AAAA).unwrap();
        assert_eq!(bytes, b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x01a\x07example\0\0\x1c\0\x01");
        assert_eq!(question(1, b"a..b", A), None);
        assert_eq!(question(1, b"", A), None);
        assert_eq!(question(1, &[b'x'; 64], A), None);
        assert_eq!(question(1, &b"abc.".repeat(70), A), None);
        assert_eq!(reverse_name("192.0.2.1".parse().unwrap()), b"1.2.0.192.in-addr.arpa");
        assert!(reverse_name("2001:db8::1".parse().unwrap()).starts_with(b"1.0.0.0.0."));
    }

    #[test]
    fn answers() {
        let mut bytes = question(7, b"www.x", A).unwrap();
        bytes[2] = 0x85;
        bytes[7] = 2;
        // www.x CNAME y.x (pointing back), y.x A 192.0.2.1
        bytes.extend(b"\xc0\x0c\0\x05\0\x01\0\0\0\x01\0\x04\x01y\xc0\x10");
        bytes.extend(b"\xc0\x23\0\x01\0\x01\0\0\0\x01\0\x04\xc0\0\x02\x01");
        let found = answer(&bytes, 7).unwrap();
        assert_eq!((found.code, found.truncated, found.authoritative), (0, false, true));
        assert_eq!(found.records.len(), 2);
        assert_eq!(found.records[0].data, Data::Name(b"y.x".to_vec()));
        assert_eq!(found.records[1].name, b"y.x");
        assert_eq!(found.records[1].data, Data::Address("192.0.2.1".parse().unwrap()));
        assert_eq!(answer(&bytes, 8), None);
        for n in 0..bytes.len() {
            let _ = answer(&bytes[..n], 7);
        }
    }

    #[test]
    fn pointers_in_circles() {
        // a name that points at itself, and one that points ahead
        for pointer in [12u8, 14, 40] {
            let bytes = [0, 7, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, pointer, 0, 1, 0, 1];
            assert_eq!(answer(&bytes, 7), None);
        }
    }
}
