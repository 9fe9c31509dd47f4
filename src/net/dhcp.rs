//! Messages of DHCP. Pure. RFC 2131, 2132, 3397 (119), 3442 (121).

use std::net::Ipv4Addr;

use super::rtnl::part;

/// Kinds of messages.
#[allow(missing_docs)]
pub mod kind {
    pub const DISCOVER: u8 = 1;
    pub const OFFER: u8 = 2;
    pub const REQUEST: u8 = 3;
    pub const DECLINE: u8 = 4;
    pub const ACK: u8 = 5;
    pub const NAK: u8 = 6;
    pub const RELEASE: u8 = 7;
}

/// Options by number.
#[allow(missing_docs)]
pub mod code {
    pub const SUBNET: u8 = 1;
    pub const ROUTER: u8 = 3;
    pub const DNS: u8 = 6;
    pub const HOSTNAME: u8 = 12;
    pub const DOMAIN: u8 = 15;
    pub const ROOT_PATH: u8 = 17;
    pub const MTU: u8 = 26;
    pub const BROADCAST: u8 = 28;
    pub const NTP: u8 = 42;
    pub const REQUESTED_IP: u8 = 50;
    pub const LEASE: u8 = 51;
    pub const OVERLOAD: u8 = 52;
    pub const KIND: u8 = 53;
    pub const SERVER: u8 = 54;
    pub const PARAMETERS: u8 = 55;
    pub const MAX_SIZE: u8 = 57;
    pub const VENDOR: u8 = 60;
    pub const CLIENT: u8 = 61;
    pub const FQDN: u8 = 81;
    pub const SEARCH: u8 = 119;
    pub const STATIC_ROUTES: u8 = 121;
}

/// How an option's bytes are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Addresses with spaces between them.
    Ips,
    /// Pairs of addresses: `a/b`.
    Pairs,
    /// Text.
    Text,
    /// A number of 8, 16 or 32 bits.
    Number,
    /// A number of 32 bits that may be negative.
    Signed,
    /// Names (RFC 1035), compressed.
    Names,
    /// Classless routes.
    Routes,
    /// Bytes in hexadecimal.
    Hex,
}

/// Options with the names that scripts know them by, and busybox's -O and -x.
pub const OPTIONS: [(&str, u8, Form); 36] = [
    ("subnet", 1, Form::Ips),
    ("timezone", 2, Form::Signed),
    ("router", 3, Form::Ips),
    ("timesrv", 4, Form::Ips),
    ("namesrv", 5, Form::Ips),
    ("dns", 6, Form::Ips),
    ("logsrv", 7, Form::Ips),
    ("cookiesrv", 8, Form::Ips),
    ("lprsrv", 9, Form::Ips),
    ("hostname", 12, Form::Text),
    ("bootsize", 13, Form::Number),
    ("domain", 15, Form::Text),
    ("swapsrv", 16, Form::Ips),
    ("rootpath", 17, Form::Text),
    ("ipttl", 23, Form::Number),
    ("mtu", 26, Form::Number),
    ("broadcast", 28, Form::Ips),
    ("routes", 33, Form::Pairs),
    ("nisdomain", 40, Form::Text),
    ("nissrv", 41, Form::Ips),
    ("ntpsrv", 42, Form::Ips),
    ("wins", 44, Form::Ips),
    ("lease", 51, Form::Number),
    ("serverid", 54, Form::Ips),
    ("message", 56, Form::Text),
    ("vendor", 60, Form::Text),
    ("tftp", 66, Form::Text),
    ("bootfile", 67, Form::Text),
    ("search", 119, Form::Names),
    ("staticroutes", 121, Form::Routes),
    ("vlanid", 132, Form::Number),
    ("vlanpriority", 133, Form::Number),
    ("pxeconffile", 209, Form::Text),
    ("pxepathprefix", 210, Form::Text),
    ("reboottime", 211, Form::Number),
    ("msstaticroutes", 249, Form::Routes),
];

/// The cookie between head and options.
const COOKIE: [u8; 4] = [99, 130, 83, 99];
/// Length of the head, with the cookie.
const HEAD: usize = 240;

/// A message of a client.
pub struct Request<'a> {
    /// [`kind::DISCOVER`] and so on.
    pub kind: u8,
    /// Names the exchange.
    pub id: u32,
    /// Since the client began, in seconds.
    pub seconds: u16,
    /// The client cannot be reached but by broadcasts.
    pub broadcast: bool,
    /// The client's address, when it has one.
    pub own: Ipv4Addr,
    /// Its hardware address.
    pub hardware: [u8; 6],
    /// Options in order.
    pub options: &'a [(u8, Vec<u8>)],
}

impl Request<'_> {
    /// Its bytes: at least 300, which some servers insist on.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![1, 1, 6, 0];
        bytes.extend_from_slice(&self.id.to_be_bytes());
        bytes.extend_from_slice(&self.seconds.to_be_bytes());
        bytes.extend_from_slice(if self.broadcast { &[0x80, 0] } else { &[0, 0] });
        bytes.extend_from_slice(&self.own.octets());
        bytes.resize(28, 0);
        bytes.extend_from_slice(&self.hardware);
        bytes.resize(HEAD - 4, 0);
        bytes.extend_from_slice(&COOKIE);
        bytes.extend_from_slice(&[code::KIND, 1, self.kind]);
        for (code, value) in self.options {
            let value = value.get(..255).unwrap_or(value);
            bytes.extend_from_slice(&[*code, u8::try_from(value.len()).unwrap_or(0)]);
            bytes.extend_from_slice(value);
        }
        bytes.push(255);
        bytes.resize(bytes.len().max(300), 0);
        bytes
    }
}

/// A message of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// [`kind::OFFER`] and so on.
    pub kind: u8,
    /// The address that is offered.
    pub ip: Ipv4Addr,
    /// The next server to boot from.
    pub next_server: Ipv4Addr,
    /// Name of that server; empty when there is none.
    pub server_name: Vec<u8>,
    /// File to boot.
    pub file: Vec<u8>,
    /// Options; parts of one are joined (RFC 3396).
    pub options: Vec<(u8, Vec<u8>)>,
}

impl Reply {
    /// Reads the answer to exchange `id` of the client with this hardware
    /// address.
    pub fn decode(bytes: &[u8], id: u32, hardware: &[u8; 6]) -> Option<Reply> {
        if bytes.first() != Some(&2)
            || bytes.get(4..8)? != id.to_be_bytes()
            || bytes.get(28..34)? != hardware
            || bytes.get(HEAD - 4..HEAD)? != COOKIE
        {
            return None;
        }
        let mut options = Vec::new();
        read_options(bytes.get(HEAD..)?, &mut options);
        let overload = find(&options, code::OVERLOAD).and_then(|v| v.first().copied());
        let (server_name, file) = (bytes.get(44..108)?, bytes.get(108..236)?);
        let overload = overload.unwrap_or(0);
        if overload & 1 != 0 {
            read_options(file, &mut options);
        }
        if overload & 2 != 0 {
            read_options(server_name, &mut options);
        }
        let text = |bytes: &[u8], used: bool| match bytes.split(|&b| b == 0).next() {
            Some(text) if !used => plain(text),
            _ => Vec::new(),
        };
        Some(Reply {
            kind: *find(&options, code::KIND)?.first()?,
            ip: part::<4>(bytes, 16).into(),
            next_server: part::<4>(bytes, 20).into(),
            server_name: text(server_name, overload & 2 != 0),
            file: text(file, overload & 1 != 0),
            options,
        })
    }

    /// The bytes of an option.
    pub fn get(&self, code: u8) -> Option<&[u8]> {
        find(&self.options, code)
    }

    /// An option that is addresses.
    pub fn ips(&self, code: u8) -> Vec<Ipv4Addr> {
        let bytes = self.get(code).unwrap_or_default();
        bytes.chunks_exact(4).map(|ip| part::<4>(ip, 0).into()).collect()
    }

    /// An option that is a number of 32 bits.
    pub fn seconds(&self, code: u8) -> Option<u32> {
        let bytes = self.get(code).filter(|bytes| bytes.len() == 4)?;
        Some(u32::from_be_bytes(part(bytes, 0)))
    }

    /// Who says so, as the server calls itself.
    pub fn server(&self) -> Option<Ipv4Addr> {
        self.ips(code::SERVER).first().copied()
    }

    /// Whether a host can have the address that is offered.
    pub fn is_usable(&self) -> bool {
        is_host(self.ip)
    }

    /// The length of the network's prefix; by the address's class where the
    /// server says nothing, and of a mask with holes.
    pub fn prefix(&self) -> u8 {
        let mask = self.ips(code::SUBNET).first().copied().filter(|mask| !mask.is_unspecified());
        mask.and_then(|mask| super::address::prefix_of(mask.into()))
            .unwrap_or_else(|| super::address::class_prefix(self.ip))
    }

    /// Routes: those of option 121, otherwise (RFC 3442) the routers. None that
    /// leads to addresses which no host has, or by one.
    pub fn routes(&self) -> Vec<(Ipv4Addr, u8, Ipv4Addr)> {
        let mut routes = match self.get(code::STATIC_ROUTES) {
            Some(bytes) => classless(bytes),
            None => {
                let routers = self.ips(code::ROUTER);
                routers.into_iter().map(|via| (Ipv4Addr::UNSPECIFIED, 0, via)).collect()
            }
        };
        routes.retain(|&(to, _, via)| {
            (to.is_unspecified() || is_host(to)) && (via.is_unspecified() || is_host(via))
        });
        routes
    }
}

/// Whether a host can have the address: of the classes A to C, and neither of
/// 0.0.0.0/8 nor of 127.0.0.0/8.
fn is_host(ip: Ipv4Addr) -> bool {
    matches!(ip.octets(), [1..=126 | 128..=223, ..])
}

fn find(options: &[(u8, Vec<u8>)], wanted: u8) -> Option<&[u8]> {
    options.iter().find(|(code, _)| *code == wanted).map(|(_, value)| value.as_slice())
}

fn read_options(mut bytes: &[u8], options: &mut Vec<(u8, Vec<u8>)>) {
    while let Some((&code, rest)) = bytes.split_first() {
        bytes = rest;
        match code {
            0 => continue,
            255 => return,
            _ => {}
        }
        let Some((&length, rest)) = bytes.split_first() else { return };
        let Some((value, rest)) = rest.split_at_checked(usize::from(length)) else { return };
        match options.iter_mut().find(|(other, _)| *other == code) {
            Some((_, whole)) => whole.extend_from_slice(value),
            None => options.push((code, value.to_vec())),
        }
        bytes = rest;
    }
}

/// Destination, length and router of each route.
fn classless(mut bytes: &[u8]) -> Vec<(Ipv4Addr, u8, Ipv4Addr)> {
    let mut routes = Vec::new();
    while let Some((&length, rest)) = bytes.split_first() {
        let significant = usize::from(length.div_ceil(8));
        if length > 32 {
            break;
        }
        let Some((head, rest)) = rest.split_at_checked(significant) else { break };
        let Some((via, rest)) = rest.split_at_checked(4) else { break };
        routes.push((part::<4>(head, 0).into(), length, part::<4>(via, 0).into()));
        bytes = rest;
    }
    routes
}

/// An option as text for a script; `None` when its bytes do not fit its form.
/// Only letters, digits and `-._` of names get through: scripts are careless
/// with what servers say (CVE-2011-2716).
pub fn text_of(form: Form, value: &[u8]) -> Option<Vec<u8>> {
    let ip = |bytes: &[u8]| Ipv4Addr::from(part::<4>(bytes, 0)).to_string();
    let mut words: Vec<String> = Vec::new();
    match form {
        Form::Ips => words.extend(value.chunks_exact(4).map(ip)),
        Form::Pairs => {
            for pair in value.chunks_exact(8) {
                words.push(format!("{}/{}", ip(pair), ip(pair.get(4..)?)));
            }
        }
        Form::Text => return Some(plain(value)),
        Form::Number => words.push(match value.len() {
            1 => part::<1>(value, 0)[0].to_string(),
            2 => u16::from_be_bytes(part(value, 0)).to_string(),
            4 => u32::from_be_bytes(part(value, 0)).to_string(),
            _ => return None,
        }),
        Form::Signed => words.push(i32::from_be_bytes(part(value, 0)).to_string()),
        Form::Names => return names(value),
        Form::Routes => {
            for (to, length, via) in classless(value) {
                words.push(format!("{to}/{length} {via}"));
            }
        }
        Form::Hex => {
            let mut text = Vec::new();
            for b in value {
                text.extend_from_slice(format!("{b:02x}").as_bytes());
            }
            return Some(text);
        }
    }
    (!words.is_empty()).then(|| words.join(" ").into_bytes())
}

/// Text up to its first NUL; what would break a line or move a cursor is `?`.
pub fn plain(value: &[u8]) -> Vec<u8> {
    let text = value.iter().take_while(|&&b| b != 0);
    text.map(|&b| if b.is_ascii_control() { b'?' } else { b }).collect()
}

/// Whether text is a name that a host can have.
pub fn is_host_name(text: &[u8]) -> bool {
    !text.is_empty()
        && text.len() < 256
        && !text.starts_with(b"-")
        && text.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
}

/// The names of a search list.
fn names(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out: Vec<u8> = Vec::new();
    let mut start = 0;
    while start < bytes.len() && out.len() < 1024 {
        let (mut at, mut behind, mut limit) = (start, None, start);
        let mut name: Vec<u8> = Vec::new();
        loop {
            let length = *bytes.get(at)?;
            match length {
                0 => break,
                1..64 => {
                    name.extend_from_slice(bytes.get(at + 1..at + 1 + usize::from(length))?);
                    name.push(b'.');
                    at += 1 + usize::from(length);
                }
                192.. => {
                    let low = *bytes.get(at + 1)?;
                    behind.get_or_insert(at + 2);
                    let to = usize::from(u16::from_be_bytes([length & 63, low]));
                    if to >= limit {
                        return None;
                    }
                    (limit, at) = (to, to);
                }
                _ => return None,
            }
            if name.len() > 255 {
                return None;
            }
        }
        name.pop();
        if !out.is_empty() {
            out.push(b' ');
        }
        out.extend_from_slice(&name);
        start = behind.unwrap_or(at + 1);
    }
    (!out.is_empty()).then_some(out)
}

/// Reads anything, for the fuzzer.
pub fn exercise(data: &[u8]) {
    let id = u32::from_be_bytes(part(data, 4));
    if let Some(reply) = Reply::decode(data, id, &part(data, 28)) {
        assert!(reply.prefix() <= 32);
        for (_, length, _) in reply.routes() {
            assert!(length <= 32);
        }
        for (_, code, form) in OPTIONS {
            if let Some(value) = reply.get(code) {
                let _ = text_of(form, value);
            }
        }
    }
    for form in [Form::Names, Form::Routes, Form::Number, Form::Pairs, Form::Hex] {
        let _ = text_of(form, data);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];

    fn reply(options: &[u8], file: &[u8]) -> Vec<u8> {
        let request = Request {
            kind: kind::DISCOVER,
            id: 7,
            seconds: 1,
            broadcast: true,
            own: Ipv4Addr::UNSPECIFIED,
            hardware: MAC,
            options: &[(code::CLIENT, vec![1])],
        };
        let mut bytes = request.encode();
        assert_eq!(bytes.len(), 300);
        assert_eq!(&bytes[240..247], [53, 1, 1, 61, 1, 1, 255]);
        bytes[0] = 2;
        bytes[16..20].copy_from_slice(&[10, 0, 0, 9]);
        bytes[108..108 + file.len()].copy_from_slice(file);
        bytes.truncate(240);
        bytes.extend(options);
        bytes
    }

    #[test]
    fn replies() {
        let bytes = reply(
            &[
                0, 53, 1, 5, 1, 4, 255, 255, 255, 0, 3, 4, 10, 0, 0, 1, 51, 4, 0, 0, 1, 0, 12, 2,
                b'a', b'b', 12, 1, b'c', 255, 6,
            ],
            b"boot",
        );
        let found = Reply::decode(&bytes, 7, &MAC).unwrap();
        assert_eq!((found.kind, found.ip), (kind::ACK, Ipv4Addr::new(10, 0, 0, 9)));
        assert_eq!((found.prefix(), found.seconds(code::LEASE)), (24, Some(256)));
        assert_eq!(found.get(code::HOSTNAME), Some(b"abc".as_slice()));
        assert_eq!(found.file, b"boot");
        assert_eq!(found.routes(), [(Ipv4Addr::UNSPECIFIED, 0, Ipv4Addr::new(10, 0, 0, 1))]);
        assert_eq!(Reply::decode(&bytes, 8, &MAC), None);
        assert_eq!(Reply::decode(&bytes, 7, &[0; 6]), None);
        for n in 0..bytes.len() {
            let _ = Reply::decode(&bytes[..n], 7, &MAC);
        }
    }

    #[test]
    fn options_in_the_file_field() {
        let bytes = reply(&[53, 1, 2, 52, 1, 1, 255], &[26, 2, 5, 0x78, 255]);
        let found = Reply::decode(&bytes, 7, &MAC).unwrap();
        assert_eq!(found.get(code::MTU), Some([5, 0x78].as_slice()));
        assert_eq!(found.file, b"");
    }

    #[test]
    fn addresses_that_no_host_has() {
        let with = |ip: [u8; 4]| {
            let mut bytes = reply(&[53, 1, 2, 1, 4, 0, 0, 0, 0, 255], b"");
            bytes[16..20].copy_from_slice(&ip);
            Reply::decode(&bytes, 7, &MAC).unwrap()
        };
        assert!(with([10, 0, 0, 9]).is_usable() && with([223, 1, 1, 1]).is_usable());
        for ip in [[0, 0, 0, 0], [0, 1, 2, 3], [127, 0, 0, 1], [224, 0, 0, 1], [255; 4]] {
            assert!(!with(ip).is_usable());
        }
        // a mask that is none
        assert_eq!(with([10, 0, 0, 9]).prefix(), 8);
    }

    #[test]
    fn texts() {
        let text = |form, value: &[u8]| text_of(form, value).map(|t| String::from_utf8(t).unwrap());
        assert_eq!(text(Form::Ips, &[1, 2, 3, 4, 5, 6, 7, 8, 9]).unwrap(), "1.2.3.4 5.6.7.8");
        assert_eq!(text(Form::Number, &[5, 0xdc]).unwrap(), "1500");
        assert_eq!(text(Form::Number, &[1, 2, 3]), None);
        assert_eq!(text(Form::Signed, &[255; 4]).unwrap(), "-1");
        let routes = [24, 10, 1, 2, 10, 0, 0, 1, 0, 10, 0, 0, 2];
        assert_eq!(text(Form::Routes, &routes).unwrap(), "10.1.2.0/24 10.0.0.1 0.0.0.0/0 10.0.0.2");
        assert_eq!(text(Form::Routes, &[33, 1, 2, 3, 4, 5]), None);
        assert_eq!(
            text(Form::Names, b"\x03eng\x05apple\0\x02hr\xc0\x04").unwrap(),
            "eng.apple hr.apple"
        );
        assert_eq!(text(Form::Names, b"\x01a\xc0\x00"), None);
        assert_eq!(text(Form::Text, b"a\nip=1\x1b[2J\x7f\0b").unwrap(), "a?ip=1?[2J?");
        assert_eq!(text(Form::Hex, &[1, 0xff]).unwrap(), "01ff");
        assert!(is_host_name(b"a-b.c") && !is_host_name(b"a;b") && !is_host_name(b"-a"));
    }
}
