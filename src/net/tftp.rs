//! The trivial file transfer protocol: its packets. Pure. RFC 1350, options
//! RFC 2347, block sizes RFC 2348.

/// The block size without any word about it.
pub const BLOCK: usize = 512;
/// The largest there is.
pub const BLOCK_MAX: usize = 65464;

/// What a client asks for.
pub const READ: u16 = 1;
/// See [`READ`].
pub const WRITE: u16 = 2;
const DATA: u16 = 3;
const ACK: u16 = 4;
const ERROR: u16 = 5;
const OPTIONS: u16 = 6;

/// A packet of a server.
#[derive(Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// A block of the file, by its number.
    Data(u16, &'a [u8]),
    /// That block has arrived.
    Ack(u16),
    /// It failed: code and text.
    Error(u16, &'a [u8]),
    /// What the server agrees to.
    Options(&'a [u8]),
}

fn number(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let (&[high, low], rest) = bytes.split_first_chunk::<2>()?;
    Some((u16::from_be_bytes([high, low]), rest))
}

/// Reads a packet.
pub fn parse(bytes: &[u8]) -> Option<Packet<'_>> {
    let (kind, rest) = number(bytes)?;
    if kind == OPTIONS {
        return Some(Packet::Options(rest));
    }
    let (value, rest) = number(rest)?;
    match kind {
        DATA => Some(Packet::Data(value, rest)),
        ACK => Some(Packet::Ack(value)),
        ERROR => Some(Packet::Error(value, rest.split(|&b| b == 0).next().unwrap_or_default())),
        _ => None,
    }
}

/// The block size among a server's options.
pub fn block_size(options: &[u8]) -> Option<usize> {
    let mut words = options.split(|&b| b == 0);
    while let (Some(name), Some(value)) = (words.next(), words.next()) {
        if name.eq_ignore_ascii_case(b"blksize") {
            let size: usize = std::str::from_utf8(value).ok()?.parse().ok()?;
            return (8..=BLOCK_MAX).contains(&size).then_some(size);
        }
    }
    None
}

/// Asks for a file, or to give one, with blocks of this size.
pub fn request(kind: u16, name: &[u8], size: usize) -> Vec<u8> {
    let mut bytes = kind.to_be_bytes().to_vec();
    bytes.extend_from_slice(name);
    bytes.extend_from_slice(b"\0octet\0");
    if size != BLOCK {
        bytes.extend_from_slice(b"blksize\0");
        bytes.extend_from_slice(size.to_string().as_bytes());
        bytes.push(0);
    }
    bytes
}

/// That a block has arrived.
pub fn ack(block: u16) -> Vec<u8> {
    [ACK.to_be_bytes(), block.to_be_bytes()].concat()
}

/// A block.
pub fn data(block: u16, bytes: &[u8]) -> Vec<u8> {
    [&DATA.to_be_bytes()[..], &block.to_be_bytes(), bytes].concat()
}

/// A refusal.
pub fn error(code: u16, text: &str) -> Vec<u8> {
    [&ERROR.to_be_bytes()[..], &code.to_be_bytes(), text.as_bytes(), b"\0"].concat()
}

/// Reads anything, for the fuzzer.
pub fn exercise(bytes: &[u8]) {
    if let Some(Packet::Options(options)) = parse(bytes)
        && let Some(size) = block_size(options)
    {
        assert!((8..=BLOCK_MAX).contains(&size));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets() {
        assert_eq!(request(READ, b"a/b", 512), b"\0\x01a/b\0octet\0");
        assert_eq!(request(WRITE, b"f", 1428), b"\0\x02f\0octet\0blksize\x001428\0");
        assert_eq!(ack(258), [0, 4, 1, 2]);
        assert_eq!(data(1, b"xy"), [0, 3, 0, 1, b'x', b'y']);
        assert_eq!(parse(&data(7, b"z")), Some(Packet::Data(7, b"z")));
        assert_eq!(parse(&ack(9)), Some(Packet::Ack(9)));
        assert_eq!(parse(&error(1, "no")), Some(Packet::Error(1, b"no")));
        assert_eq!(parse(b"\0\x06BLKSIZE\x0016\0"), Some(Packet::Options(b"BLKSIZE\x0016\0")));
        for bad in [&b""[..], b"\0", b"\0\x03", b"\0\x03\0", b"\0\x07\0\0", b"\x01\x03\0\0"] {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
        assert_eq!(block_size(b"tsize\x009\0blksize\x001024\0"), Some(1024));
        for bad in [&b""[..], b"blksize", b"blksize\0x\0", b"blksize\x007\0", b"blksize\x0070000\0"]
        {
            assert_eq!(block_size(bad), None, "{bad:?}");
        }
    }
}
