//! Checksums of metadata.

use super::{Layout, METADATA_CSUM, TAIL};
use crate::mkfs::put;

impl Layout {
    /// Whether metadata have checksums.
    pub(super) fn sums(&self) -> bool {
        self.plan.features[2] & METADATA_CSUM != 0
    }

    /// The checksum of something that is of this filesystem.
    pub(super) fn sum(&self, parts: &[&[u8]]) -> u32 {
        parts.iter().fold(crc32c(!0, &self.plan.uuid), |sum, part| crc32c(sum, part))
    }

    /// The same of something that is of an inode, whose generation is 0.
    pub(super) fn sum_of(&self, inode: u32, bytes: &[u8]) -> u32 {
        self.sum(&[&inode.to_le_bytes(), &[0; 4], bytes])
    }

    /// Puts the checksum behind the last entry of a folder's block.
    pub(super) fn finish_folder(&self, inode: u32, block: &mut [u8]) {
        if self.sums() {
            let at = block.len() - TAIL as usize;
            let sum = self.sum_of(inode, block.get(..at).unwrap_or_default());
            put(block, at + 4, &[12, 0, 0, 0xde]);
            put(block, at + 8, &sum.to_le_bytes());
        }
    }
}

/// CRC-16 of the polynomial 0x8005, reflected.
pub(super) fn crc16(mut sum: u16, bytes: &[u8]) -> u16 {
    for &byte in bytes {
        sum ^= u16::from(byte);
        for _ in 0..8 {
            sum = if sum & 1 == 0 { sum >> 1 } else { sum >> 1 ^ 0xa001 };
        }
    }
    sum
}

/// CRC-32C, reflected, as it goes on: neither end is inverted.
pub(super) fn crc32c(mut sum: u32, bytes: &[u8]) -> u32 {
    const TABLE: [u32; 16] = {
        let mut table = [0; 16];
        let mut n = 0;
        while n < 16 {
            let mut sum = n as u32;
            let mut bit = 0;
            while bit < 4 {
                sum = if sum & 1 == 0 { sum >> 1 } else { sum >> 1 ^ 0x82f6_3b78 };
                bit += 1;
            }
            table[n] = sum;
            n += 1;
        }
        table
    };
    let nibble = |sum: u32| sum >> 4 ^ TABLE[(sum & 15) as usize];
    for &byte in bytes {
        sum = nibble(nibble(sum ^ u32::from(byte)));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums() {
        assert_eq!(crc16(0, b"123456789"), 0xbb3d);
        assert_eq!(!crc32c(!0, b"123456789"), 0xe306_9283);
    }
}
