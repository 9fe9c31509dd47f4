//! Disks of other machines: what server and client of NBD say before there is a
//! device. Pure. The protocol's own proto.md.

/// Port of the newer handshake.
pub const PORT: u16 = 10809;

const MAGIC: &[u8; 8] = b"NBDMAGIC";
const OLD: u64 = 0x0000_4202_8186_1253;
const NEW: &[u8; 8] = b"IHAVEOPT";
/// NBD_FLAG_FIXED_NEWSTYLE and NBD_FLAG_NO_ZEROES, which server and client have
/// at the same places.
const FIXED: u16 = 1;
const NO_ZEROES: u16 = 2;

/// Bytes of a server's first word: 16, and what is behind them.
pub const HELLO: usize = 16;
/// Behind them in the old handshake: size, flags, and zeros.
pub const OLD_REST: usize = 8 + 4 + 124;

/// How a server begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hello {
    /// It serves one disk, and tells of it now.
    Old,
    /// It wants to hear which one; two bytes of flags follow.
    New,
}

/// A disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disk {
    /// In bytes.
    pub size: u64,
    /// What it can do; the kernel reads them.
    pub flags: u32,
}

/// Reads the first sixteen bytes.
pub fn hello(bytes: &[u8; HELLO]) -> Option<Hello> {
    let second: [u8; 8] = bytes.get(8..)?.try_into().ok()?;
    match bytes.strip_prefix(MAGIC)? {
        rest if rest == NEW => Some(Hello::New),
        _ if u64::from_be_bytes(second) == OLD => Some(Hello::Old),
        _ => None,
    }
}

/// What follows in the old handshake.
pub fn old_disk(bytes: &[u8; OLD_REST]) -> Disk {
    let flags = u32::from_be_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]);
    Disk { size: size(bytes), flags }
}

fn size(bytes: &[u8]) -> u64 {
    let mut size = [0; 8];
    size.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    u64::from_be_bytes(size)
}

/// What a client says to the server's flags: its own, and that it wants the disk
/// of this name (NBD_OPT_EXPORT_NAME).
pub fn choose(flags: [u8; 2], name: &[u8]) -> Option<Vec<u8>> {
    let ours = u32::from(u16::from_be_bytes(flags) & (FIXED | NO_ZEROES));
    let length = u32::try_from(name.len()).ok().filter(|n| *n <= 4096)?;
    let mut bytes = ours.to_be_bytes().to_vec();
    bytes.extend_from_slice(NEW);
    bytes.extend_from_slice(&1u32.to_be_bytes());
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(name);
    Some(bytes)
}

/// How many bytes answer the choice: the size, two of flags and, unless it was
/// agreed that there are none, 124 zeros.
pub fn answer_length(flags: [u8; 2]) -> usize {
    if u16::from_be_bytes(flags) & NO_ZEROES != 0 { 10 } else { 134 }
}

/// The disk of that answer.
pub fn new_disk(bytes: &[u8]) -> Option<Disk> {
    let flags = u16::from_be_bytes([*bytes.get(8)?, *bytes.get(9)?]);
    Some(Disk { size: size(bytes), flags: flags.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handshakes() {
        assert_eq!(hello(b"NBDMAGICIHAVEOPT"), Some(Hello::New));
        assert_eq!(hello(b"NBDMAGIC\x00\x00\x42\x02\x81\x86\x12\x53"), Some(Hello::Old));
        assert_eq!(hello(b"NBDMAGICIHAVEOPX"), None);
        assert_eq!(hello(b"XBDMAGICIHAVEOPT"), None);
        assert_eq!(choose([0, 3], b"root").unwrap(), b"\0\0\0\x03IHAVEOPT\0\0\0\x01\0\0\0\x04root");
        assert_eq!(choose([0, 1], b"").unwrap().get(..4), Some(b"\0\0\0\x01".as_slice()));
        assert_eq!(choose([0, 1], &[b'x'; 5000]), None);
        assert_eq!((answer_length([0, 1]), answer_length([0, 3])), (134, 10));
        let disk = Disk { size: 1 << 32, flags: 5 };
        assert_eq!(new_disk(b"\0\0\0\x01\0\0\0\0\0\x05"), Some(disk));
        assert_eq!(new_disk(b"\0\0\0\x01\0\0\0\0\0"), None);
        let mut old = [0; OLD_REST];
        (old[3], old[11]) = (1, 5);
        assert_eq!(old_disk(&old), disk);
    }
}
