//! Checksums of compressed formats: CRC-32 (gzip, xz, GPT), CRC-64 (xz),
//! xxHash (zstd, lz4).

/// What each byte does to a CRC that is computed from its lowest bit on. It is
/// made where it is needed: that takes as long as the sum of 2 KB, and a table
/// in the program more space than all else here.
fn table(polynomial: u64) -> [u64; 256] {
    let mut table = [0; 256];
    for (byte, value) in (0..).zip(&mut table) {
        *value = (0..8)
            .fold(byte, |value: u64, _| value >> 1 ^ (polynomial & (value & 1).wrapping_neg()));
    }
    table
}

/// The sum that begins with ones and ends inverted, both as wide as `ones`.
fn crc(bytes: &[u8], polynomial: u64, ones: u64) -> u64 {
    let table = table(polynomial);
    let step = |crc: u64, &b: &u8| {
        let index = crc as u8 ^ b;
        crc >> 8 ^ table.get(usize::from(index)).copied().unwrap_or(0)
    };
    bytes.iter().fold(ones, step) ^ ones
}

/// CRC-32 of ISO 3309, as gzip, zip, xz and GPT use it.
pub fn crc32(bytes: &[u8]) -> u32 {
    crc(bytes, 0xedb8_8320, u64::from(u32::MAX)) as u32
}

/// CRC-64 of ECMA-182, reflected, as xz uses it.
pub fn crc64(bytes: &[u8]) -> u64 {
    crc(bytes, 0xc96c_5795_d787_0f42, u64::MAX)
}

const P32: [u32; 5] = [0x9e37_79b1, 0x85eb_ca77, 0xc2b2_ae3d, 0x27d4_eb2f, 0x1656_67b1];
const P64: [u64; 5] = [
    0x9e37_79b1_85eb_ca87,
    0xc2b2_ae3d_27d4_eb4f,
    0x1656_67b1_9e37_79f9,
    0x85eb_ca77_c2b2_ae63,
    0x27d4_eb2f_1656_67c5,
];

/// xxHash, 32 bits, seed 0: the checksums of an lz4 frame.
pub fn xxh32(bytes: &[u8]) -> u32 {
    let round = |lane: u32, word: [u8; 4]| {
        lane.wrapping_add(u32::from_le_bytes(word).wrapping_mul(P32[1]))
            .rotate_left(13)
            .wrapping_mul(P32[0])
    };
    let (stripes, mut rest) = bytes.as_chunks::<16>();
    let mut hash = P32[4];
    if !stripes.is_empty() {
        let mut lanes = [P32[0].wrapping_add(P32[1]), P32[1], 0, 0u32.wrapping_sub(P32[0])];
        for stripe in stripes {
            for (lane, word) in lanes.iter_mut().zip(stripe.as_chunks::<4>().0) {
                *lane = round(*lane, *word);
            }
        }
        hash = 0;
        for (lane, turn) in lanes.iter().zip([1, 7, 12, 18]) {
            hash = lane.rotate_left(turn).wrapping_add(hash);
        }
    }
    hash = hash.wrapping_add(bytes.len() as u32);
    while let Some((word, behind)) = rest.split_first_chunk::<4>() {
        hash = hash
            .wrapping_add(u32::from_le_bytes(*word).wrapping_mul(P32[2]))
            .rotate_left(17)
            .wrapping_mul(P32[3]);
        rest = behind;
    }
    for &b in rest {
        hash = hash.wrapping_add(u32::from(b).wrapping_mul(P32[4])).rotate_left(11);
        hash = hash.wrapping_mul(P32[0]);
    }
    hash = (hash ^ hash >> 15).wrapping_mul(P32[1]);
    hash = (hash ^ hash >> 13).wrapping_mul(P32[2]);
    hash ^ hash >> 16
}

/// xxHash, 64 bits, seed 0: the checksum of a zstd frame is its lower half.
pub fn xxh64(bytes: &[u8]) -> u64 {
    let round = |lane: u64, word: u64| {
        lane.wrapping_add(word.wrapping_mul(P64[1])).rotate_left(31).wrapping_mul(P64[0])
    };
    let (stripes, mut rest) = bytes.as_chunks::<32>();
    let mut hash = P64[4];
    if !stripes.is_empty() {
        let mut lanes = [P64[0].wrapping_add(P64[1]), P64[1], 0, 0u64.wrapping_sub(P64[0])];
        for stripe in stripes {
            for (lane, word) in lanes.iter_mut().zip(stripe.as_chunks::<8>().0) {
                *lane = round(*lane, u64::from_le_bytes(*word));
            }
        }
        hash = 0;
        for (lane, turn) in lanes.iter().zip([1, 7, 12, 18]) {
            hash = lane.rotate_left(turn).wrapping_add(hash);
        }
        for lane in lanes {
            hash = (hash ^ round(0, lane)).wrapping_mul(P64[0]).wrapping_add(P64[3]);
        }
    }
    hash = hash.wrapping_add(bytes.len() as u64);
    while let Some((word, behind)) = rest.split_first_chunk::<8>() {
        hash ^= round(0, u64::from_le_bytes(*word));
        hash = hash.rotate_left(27).wrapping_mul(P64[0]).wrapping_add(P64[3]);
        rest = behind;
    }
    if let Some((word, behind)) = rest.split_first_chunk::<4>() {
        hash ^= u64::from(u32::from_le_bytes(*word)).wrapping_mul(P64[0]);
        hash = hash.rotate_left(23).wrapping_mul(P64[1]).wrapping_add(P64[2]);
        rest = behind;
    }
    for &b in rest {
        hash ^= u64::from(b).wrapping_mul(P64[4]);
        hash = hash.rotate_left(11).wrapping_mul(P64[0]);
    }
    hash = (hash ^ hash >> 33).wrapping_mul(P64[1]);
    hash = (hash ^ hash >> 29).wrapping_mul(P64[2]);
    hash ^ hash >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Check values that the catalogues of these algorithms give.
    #[test]
    fn known_values() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc64(b"123456789"), 0x995d_c9bb_df19_39fa);
        assert_eq!(xxh32(b""), 0x02cc_5d05);
        assert_eq!(xxh32(b"abc"), 0x32d1_53ff);
        assert_eq!(xxh64(b""), 0xef46_db37_51d8_e999);
        assert_eq!(xxh64(b"abc"), 0x44bc_2cf5_ad77_0999);
    }
}
