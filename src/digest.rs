//! Digests of bytes: MD5, SHA-1, SHA-2, SHA-3, and the CRC of cksum(1).

use sha2::Digest as _;

/// Which digest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// RFC 1321.
    Md5,
    /// FIPS 180-4.
    Sha1,
    /// FIPS 180-4.
    Sha224,
    /// FIPS 180-4.
    Sha256,
    /// FIPS 180-4.
    Sha384,
    /// FIPS 180-4.
    Sha512,
    /// FIPS 202, of 224 bits.
    Sha3x224,
    /// FIPS 202, of 256 bits.
    Sha3x256,
    /// FIPS 202, of 384 bits.
    Sha3x384,
    /// FIPS 202, of 512 bits.
    Sha3x512,
}

impl Kind {
    /// How many bytes the digest has.
    pub fn length(self) -> usize {
        match self {
            Kind::Md5 => 16,
            Kind::Sha1 => 20,
            Kind::Sha224 | Kind::Sha3x224 => 28,
            Kind::Sha256 | Kind::Sha3x256 => 32,
            Kind::Sha384 | Kind::Sha3x384 => 48,
            Kind::Sha512 | Kind::Sha3x512 => 64,
        }
    }
}

/// A digest of what came so far.
pub struct Hasher(State);

enum State {
    Md5(md5::Md5),
    Sha1(sha1::Sha1),
    Sha224(sha2::Sha224),
    Sha256(sha2::Sha256),
    Sha384(Box<sha2::Sha384>),
    Sha512(Box<sha2::Sha512>),
    Sha3x224(Box<sha3::Sha3_224>),
    Sha3x256(Box<sha3::Sha3_256>),
    Sha3x384(Box<sha3::Sha3_384>),
    Sha3x512(Box<sha3::Sha3_512>),
}

impl Hasher {
    /// Of no bytes yet.
    pub fn new(kind: Kind) -> Hasher {
        Hasher(match kind {
            Kind::Md5 => State::Md5(md5::Md5::new()),
            Kind::Sha1 => State::Sha1(sha1::Sha1::new()),
            Kind::Sha224 => State::Sha224(sha2::Sha224::new()),
            Kind::Sha256 => State::Sha256(sha2::Sha256::new()),
            Kind::Sha384 => State::Sha384(Box::default()),
            Kind::Sha512 => State::Sha512(Box::default()),
            Kind::Sha3x224 => State::Sha3x224(Box::default()),
            Kind::Sha3x256 => State::Sha3x256(Box::default()),
            Kind::Sha3x384 => State::Sha3x384(Box::default()),
            Kind::Sha3x512 => State::Sha3x512(Box::default()),
        })
    }

    /// Takes more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Md5(hasher) => hasher.update(bytes),
            State::Sha1(hasher) => hasher.update(bytes),
            State::Sha224(hasher) => hasher.update(bytes),
            State::Sha256(hasher) => hasher.update(bytes),
            State::Sha384(hasher) => hasher.update(bytes),
            State::Sha512(hasher) => hasher.update(bytes),
            State::Sha3x224(hasher) => hasher.update(bytes),
            State::Sha3x256(hasher) => hasher.update(bytes),
            State::Sha3x384(hasher) => hasher.update(bytes),
            State::Sha3x512(hasher) => hasher.update(bytes),
        }
    }

    /// The digest of all of them.
    pub fn finish(self) -> Vec<u8> {
        match self.0 {
            State::Md5(hasher) => hasher.finalize().to_vec(),
            State::Sha1(hasher) => hasher.finalize().to_vec(),
            State::Sha224(hasher) => hasher.finalize().to_vec(),
            State::Sha256(hasher) => hasher.finalize().to_vec(),
            State::Sha384(hasher) => hasher.finalize().to_vec(),
            State::Sha512(hasher) => hasher.finalize().to_vec(),
            State::Sha3x224(hasher) => hasher.finalize().to_vec(),
            State::Sha3x256(hasher) => hasher.finalize().to_vec(),
            State::Sha3x384(hasher) => hasher.finalize().to_vec(),
            State::Sha3x512(hasher) => hasher.finalize().to_vec(),
        }
    }
}

/// Bytes as small hexadecimal digits.
pub fn hex(bytes: &[u8]) -> Vec<u8> {
    let digit = |n: u8| if n < 10 { b'0' + n } else { b'a' + n - 10 };
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

/// A CRC of 32 bits that takes bytes as they come: that of POSIX's cksum, which
/// takes the highest bit first, or that of gzip and PNG.
pub struct Crc {
    table: Box<[[u32; 256]; 8]>,
    value: u32,
    reflected: bool,
}

impl Crc {
    /// POSIX's; [`Crc::finish_posix`] ends it.
    pub fn posix() -> Crc {
        Crc::new(0x04c1_1db7, false)
    }

    /// That of gzip; [`Crc::finish`] ends it.
    pub fn gzip() -> Crc {
        Crc::new(0xedb8_8320, true)
    }

    fn new(polynomial: u32, reflected: bool) -> Crc {
        // Eight tables, so that eight bytes are one step.
        let mut table = Box::new([[0u32; 256]; 8]);
        for n in 0..256usize {
            let mut value = if reflected { n as u32 } else { (n as u32) << 24 };
            for _ in 0..8 {
                let carry = if reflected { value & 1 } else { value >> 31 };
                value = if reflected { value >> 1 } else { value << 1 };
                value ^= polynomial * carry;
            }
            table[0][n] = value;
        }
        for k in 1..8 {
            for n in 0..256usize {
                let before = table[k - 1][n];
                table[k][n] = if reflected {
                    before >> 8 ^ table[0][(before & 255) as usize]
                } else {
                    before << 8 ^ table[0][(before >> 24) as usize]
                };
            }
        }
        Crc { table, value: if reflected { u32::MAX } else { 0 }, reflected }
    }

    /// Takes more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        let t = &self.table;
        let mut value = self.value;
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            let mut eight = [0u8; 8];
            eight.copy_from_slice(chunk);
            let mut head = [0u8; 4];
            head.copy_from_slice(&eight[..4]);
            let mixed = if self.reflected {
                (value ^ u32::from_le_bytes(head)).to_le_bytes()
            } else {
                (value ^ u32::from_be_bytes(head)).to_be_bytes()
            };
            eight[..4].copy_from_slice(&mixed);
            value = 0;
            for (k, byte) in eight.iter().enumerate() {
                value ^= t[7 - k][usize::from(*byte)];
            }
        }
        for &byte in chunks.remainder() {
            value = if self.reflected {
                value >> 8 ^ t[0][usize::from(byte ^ (value & 255) as u8)]
            } else {
                value << 8 ^ t[0][usize::from(byte ^ (value >> 24) as u8)]
            };
        }
        self.value = value;
    }

    /// The CRC of all bytes.
    pub fn finish(&self) -> u32 {
        !self.value
    }

    /// The CRC of all bytes and their number, as cksum has it.
    pub fn finish_posix(mut self, mut length: u64) -> u32 {
        while length > 0 {
            self.update(&[(length & 255) as u8]);
            length >>= 8;
        }
        !self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_digests() {
        for (kind, start) in [
            (Kind::Md5, "900150983cd24fb0d6963f7d28e17f72"),
            (Kind::Sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (Kind::Sha224, "23097d223405d8228642a477bda255b32aadbce4"),
            (Kind::Sha256, "ba7816bf8f01cfea414140de5dae2223b00361a3"),
            (Kind::Sha384, "cb00753f45a35e8bb5a03d699ac65007272c32ab"),
            (Kind::Sha512, "ddaf35a193617abacc417349ae20413112e6fa4e"),
            (Kind::Sha3x224, "e642824c3f8cf24ad09234ee7d3c766fc9a3a516"),
            (Kind::Sha3x256, "3a985da74fe225b2045c172d6bd390bd855f086e"),
            (Kind::Sha3x384, "ec01498288516fc926459f58e2c6ad8df9b473cb"),
            (Kind::Sha3x512, "b751850b1a57168a5693cd924b6b096e08f62182"),
        ] {
            let mut hasher = Hasher::new(kind);
            hasher.update(b"a");
            hasher.update(b"bc");
            let digest = hasher.finish();
            assert_eq!(digest.len(), kind.length());
            assert!(hex(&digest).starts_with(start.as_bytes()));
        }
    }

    #[test]
    fn known_crcs() {
        let mut crc = Crc::gzip();
        crc.update(b"123456789");
        assert_eq!(crc.finish(), 0xcbf4_3926);
        let mut crc = Crc::posix();
        crc.update(b"123456789");
        assert_eq!(crc.finish_posix(9), 930_766_865);
        // the same in other pieces
        let bytes: Vec<u8> = (0..=255).collect();
        for split in 0..20 {
            let (mut a, mut b) = (Crc::posix(), Crc::posix());
            a.update(&bytes);
            b.update(&bytes[..split]);
            b.update(&bytes[split..]);
            assert_eq!(a.finish(), b.finish());
        }
    }
}
