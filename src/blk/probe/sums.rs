//! Check sums of superblocks: bit by bit, because they are of a few hundred
//! bytes and a table costs more than the time.

/// CRC of reflected polynomial `poly` over `bytes`, begun with `crc`, not
/// inverted at the end.
#[inline(never)]
pub fn reflected(poly: u32, mut crc: u32, bytes: &[u8]) -> u32 {
    for &b in bytes {
        crc ^= u32::from(b);
        for _ in 0..8 {
            crc = crc >> 1 ^ if crc & 1 == 1 { poly } else { 0 };
        }
    }
    crc
}

/// The polynomial of Ethernet, GPT, LVM, nilfs2.
pub const ETHERNET: u32 = 0xedb8_8320;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_values() {
        assert_eq!(!reflected(ETHERNET, !0, b"123456789"), 0xcbf4_3926);
    }
}
