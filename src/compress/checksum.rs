//! Checksums of compressed formats: CRC-32 (gzip, xz, GPT), CRC-64 (xz),
//! xxHash (zstd, lz4).

/// What each byte does to a CRC that is computed from its lowest bit on. It is
/// made where it is needed: that takes as long as the sum of 2 KB, and a table
/// in the program more space than all else here.
fn table(polynomial: u64) -> [u64; 256] {
    let mut table = [0u64; 256];
    for (byte, value) in (0..).zip(&mut table) {
        *value = byte;
        for _ in 0..8 {
            *value = *value >> 1 ^ (polynomial & (*value & 1).wrapping_neg());
        }
    }
    table
}

/// CRC-32 of ISO 3309 of bytes that come in parts, as gzip, zip, xz and GPT use
/// it.
pub struct Crc32 {
    /// The first is that of one byte, the others those of a byte with one to
    /// seven more behind it ("slicing by 8"); made for the first long part.
    tables: Option<Box<[[u32; 256]; 8]>>,
    value: u32,
}

impl Default for Crc32 {
    fn default() -> Crc32 {
        Crc32::new()
    }
}

impl Crc32 {
    /// Of no bytes yet.
    pub fn new() -> Crc32 {
        Crc32 { tables: None, value: u32::MAX }
    }

    fn tables() -> Box<[[u32; 256]; 8]> {
        let mut tables = Box::new([[0; 256]; 8]);
        let [first, ..] = &mut *tables;
        for (to, from) in first.iter_mut().zip(table(0xedb8_8320)) {
            *to = from as u32;
        }
        let single = *first;
        let mut before = single;
        for table in tables.iter_mut().skip(1) {
            for (to, from) in table.iter_mut().zip(before) {
                let [low, ..] = from.to_le_bytes();
                *to = from >> 8 ^ pick(&single, low);
            }
            before = *table;
        }
        tables
    }

    /// More bytes.
    #[inline(never)]
    pub fn update(&mut self, bytes: &[u8]) {
        let mut value = self.value;
        // Of a few bytes it is quicker to go bit by bit than to make tables.
        if self.tables.is_none() && bytes.len() < 256 {
            for &byte in bytes {
                value ^= u32::from(byte);
                for _ in 0..8 {
                    value = value >> 1 ^ (0xedb8_8320 & (value & 1).wrapping_neg());
                }
            }
            self.value = value;
            return;
        }
        let [t0, t1, t2, t3, t4, t5, t6, t7] = &**self.tables.get_or_insert_with(Crc32::tables);
        let (words, rest) = bytes.as_chunks::<8>();
        for &[a, b, c, d, e, f, g, h] in words {
            let [a, b, c, d] = (value ^ u32::from_le_bytes([a, b, c, d])).to_le_bytes();
            value = pick(t7, a) ^ pick(t6, b) ^ pick(t5, c) ^ pick(t4, d);
            value ^= pick(t3, e) ^ pick(t2, f) ^ pick(t1, g) ^ pick(t0, h);
        }
        for &byte in rest {
            value = value >> 8 ^ pick(t0, value as u8 ^ byte);
        }
        self.value = value;
    }

    /// The sum of all so far.
    pub fn sum(&self) -> u32 {
        !self.value
    }

    /// Begins anew.
    pub fn reset(&mut self) {
        self.value = u32::MAX;
    }
}

#[inline(always)]
fn pick(table: &[u32; 256], at: u8) -> u32 {
    table.get(usize::from(at)).copied().unwrap_or(0)
}

/// CRC-32 of bytes that are all here.
pub fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = Crc32::new();
    crc.update(bytes);
    crc.sum()
}

/// CRC-64 of ECMA-182, reflected, of bytes that come in parts, as xz uses it.
pub struct Crc64 {
    /// As those of [`Crc32`].
    tables: Box<[[u64; 256]; 8]>,
    value: u64,
}

impl Default for Crc64 {
    fn default() -> Crc64 {
        Crc64::new()
    }
}

#[inline(always)]
fn pick64(table: &[u64; 256], at: u8) -> u64 {
    table.get(usize::from(at)).copied().unwrap_or(0)
}

impl Crc64 {
    /// Of no bytes yet.
    pub fn new() -> Crc64 {
        let single = table(0xc96c_5795_d787_0f42);
        let mut tables = Box::new([single; 8]);
        let mut before = single;
        for table in tables.iter_mut().skip(1) {
            for (to, from) in table.iter_mut().zip(before) {
                let [low, ..] = from.to_le_bytes();
                *to = from >> 8 ^ pick64(&single, low);
            }
            before = *table;
        }
        Crc64 { tables, value: u64::MAX }
    }

    /// More bytes.
    #[inline(never)]
    pub fn update(&mut self, bytes: &[u8]) {
        let [t0, t1, t2, t3, t4, t5, t6, t7] = &*self.tables;
        let mut value = self.value;
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            let [a, b, c, d, e, f, g, h] = (value ^ u64::from_le_bytes(*word)).to_le_bytes();
            value = pick64(t7, a) ^ pick64(t6, b) ^ pick64(t5, c) ^ pick64(t4, d);
            value ^= pick64(t3, e) ^ pick64(t2, f) ^ pick64(t1, g) ^ pick64(t0, h);
        }
        for &byte in rest {
            value = value >> 8 ^ pick64(t0, value as u8 ^ byte);
        }
        self.value = value;
    }

    /// The sum of all so far.
    pub fn sum(&self) -> u64 {
        !self.value
    }

    /// Begins anew.
    pub fn reset(&mut self) {
        self.value = u64::MAX;
    }
}

/// Cuts bytes that come in parts into stripes of `N`.
struct Stripes<const N: usize> {
    rest: Vec<u8>,
    total: u64,
}

impl<const N: usize> Stripes<N> {
    fn new() -> Stripes<N> {
        Stripes { rest: Vec::new(), total: 0 }
    }

    fn update(&mut self, mut bytes: &[u8], take: &mut dyn FnMut(&[u8; N])) {
        self.total = self.total.wrapping_add(bytes.len() as u64);
        if !self.rest.is_empty() {
            let missing = N.saturating_sub(self.rest.len()).min(bytes.len());
            let (head, behind) = bytes.split_at_checked(missing).unwrap_or_default();
            self.rest.extend_from_slice(head);
            bytes = behind;
            if let Some(stripe) = self.rest.first_chunk() {
                take(stripe);
                self.rest.clear();
            }
        }
        let (stripes, rest) = bytes.as_chunks();
        for stripe in stripes {
            take(stripe);
        }
        self.rest.extend_from_slice(rest);
    }
}

const P32: [u32; 5] = [0x9e37_79b1, 0x85eb_ca77, 0xc2b2_ae3d, 0x27d4_eb2f, 0x1656_67b1];
const P64: [u64; 5] = [
    0x9e37_79b1_85eb_ca87,
    0xc2b2_ae3d_27d4_eb4f,
    0x1656_67b1_9e37_79f9,
    0x85eb_ca77_c2b2_ae63,
    0x27d4_eb2f_1656_67c5,
];

/// xxHash, 32 bits, seed 0, of bytes that come in parts: the checksums of an
/// lz4 frame.
pub struct Xxh32 {
    stripes: Stripes<16>,
    lanes: [u32; 4],
}

impl Default for Xxh32 {
    fn default() -> Xxh32 {
        Xxh32::new()
    }
}

impl Xxh32 {
    /// Of no bytes yet.
    pub fn new() -> Xxh32 {
        let lanes = [P32[0].wrapping_add(P32[1]), P32[1], 0, 0u32.wrapping_sub(P32[0])];
        Xxh32 { stripes: Stripes::new(), lanes }
    }

    /// More bytes.
    #[inline(never)]
    pub fn update(&mut self, bytes: &[u8]) {
        let lanes = &mut self.lanes;
        self.stripes.update(bytes, &mut |stripe| {
            for (lane, word) in lanes.iter_mut().zip(stripe.as_chunks::<4>().0) {
                *lane = lane
                    .wrapping_add(u32::from_le_bytes(*word).wrapping_mul(P32[1]))
                    .rotate_left(13)
                    .wrapping_mul(P32[0]);
            }
        });
    }

    /// The sum of all so far.
    pub fn sum(&self) -> u32 {
        let mut hash = P32[4];
        if self.stripes.total >= 16 {
            hash = 0;
            for (lane, turn) in self.lanes.iter().zip([1, 7, 12, 18]) {
                hash = lane.rotate_left(turn).wrapping_add(hash);
            }
        }
        hash = hash.wrapping_add(self.stripes.total as u32);
        let mut rest = self.stripes.rest.as_slice();
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
}

/// [`Xxh32`] of bytes that are all here.
pub fn xxh32(bytes: &[u8]) -> u32 {
    let mut hash = Xxh32::new();
    hash.update(bytes);
    hash.sum()
}

/// xxHash, 64 bits, seed 0, of bytes that come in parts: the checksum of a zstd
/// frame is its lower half.
pub struct Xxh64 {
    stripes: Stripes<32>,
    lanes: [u64; 4],
}

impl Default for Xxh64 {
    fn default() -> Xxh64 {
        Xxh64::new()
    }
}

fn round64(lane: u64, word: u64) -> u64 {
    lane.wrapping_add(word.wrapping_mul(P64[1])).rotate_left(31).wrapping_mul(P64[0])
}

impl Xxh64 {
    /// Of no bytes yet.
    pub fn new() -> Xxh64 {
        let lanes = [P64[0].wrapping_add(P64[1]), P64[1], 0, 0u64.wrapping_sub(P64[0])];
        Xxh64 { stripes: Stripes::new(), lanes }
    }

    /// More bytes.
    #[inline(never)]
    pub fn update(&mut self, bytes: &[u8]) {
        let lanes = &mut self.lanes;
        self.stripes.update(bytes, &mut |stripe| {
            for (lane, word) in lanes.iter_mut().zip(stripe.as_chunks::<8>().0) {
                *lane = round64(*lane, u64::from_le_bytes(*word));
            }
        });
    }

    /// The sum of all so far.
    pub fn sum(&self) -> u64 {
        let mut hash = P64[4];
        if self.stripes.total >= 32 {
            hash = 0;
            for (lane, turn) in self.lanes.iter().zip([1, 7, 12, 18]) {
                hash = lane.rotate_left(turn).wrapping_add(hash);
            }
            for lane in self.lanes {
                hash = (hash ^ round64(0, lane)).wrapping_mul(P64[0]).wrapping_add(P64[3]);
            }
        }
        hash = hash.wrapping_add(self.stripes.total);
        let mut rest = self.stripes.rest.as_slice();
        while let Some((word, behind)) = rest.split_first_chunk::<8>() {
            hash ^= round64(0, u64::from_le_bytes(*word));
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
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Check values that the catalogues of these algorithms give.
    #[test]
    fn known_values() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        let mut crc = Crc64::new();
        crc.update(b"1234");
        crc.update(b"56789");
        assert_eq!(crc.sum(), 0x995d_c9bb_df19_39fa);
        let mut crc = Crc64::new();
        crc.update(b"123456789");
        assert_eq!(crc.sum(), 0x995d_c9bb_df19_39fa);
        assert_eq!(xxh32(b""), 0x02cc_5d05);
        assert_eq!(xxh32(b"abc"), 0x32d1_53ff);
        assert_eq!(Xxh64::new().sum(), 0xef46_db37_51d8_e999);
        let mut hash = Xxh64::new();
        hash.update(b"abc");
        assert_eq!(hash.sum(), 0x44bc_2cf5_ad77_0999);
    }

    #[test]
    fn parts_are_as_good_as_the_whole() {
        let bytes: Vec<u8> = (0..1000u32).map(|n| ((n * n) >> 3) as u8).collect();
        for at in [0, 1, 7, 8, 15, 16, 31, 32, 33, 500, 999] {
            let (a, b) = bytes.split_at(at);
            let mut crc64 = [Crc64::new(), Crc64::new()];
            crc64[0].update(&bytes);
            crc64[1].update(a);
            crc64[1].update(b);
            assert_eq!(crc64[0].sum(), crc64[1].sum());
            let (mut crc, mut x32, mut x64) = (Crc32::new(), Xxh32::new(), Xxh64::new());
            for part in [a, b] {
                crc.update(part);
                x32.update(part);
                x64.update(part);
            }
            let mut whole = Xxh64::new();
            whole.update(&bytes);
            assert_eq!(
                (crc.sum(), x32.sum(), x64.sum()),
                (crc32(&bytes), xxh32(&bytes), whole.sum())
            );
        }
    }
}
