//! Bits in the order of Zstandard: the first one written is the lowest of the
//! first byte, and readers begin at the end.

/// Collects bits behind what a buffer holds.
pub struct Bits<'o> {
    out: &'o mut Vec<u8>,
    held: u64,
    count: u32,
}

impl<'o> Bits<'o> {
    pub fn new(out: &'o mut Vec<u8>) -> Bits<'o> {
        Bits { out, held: 0, count: 0 }
    }

    /// Adds the lowest `count` bits of `value`, at most 32.
    #[inline(always)]
    pub fn put(&mut self, value: u32, count: u32) {
        let mask = (1u64 << count) - 1;
        self.held |= (u64::from(value) & mask) << self.count;
        self.count += count;
        if self.count >= 32 {
            self.out.extend_from_slice(&(self.held as u32).to_le_bytes());
            self.held >>= 32;
            self.count -= 32;
        }
    }

    /// Fills the last byte with zeros.
    pub fn finish(self) {
        let bytes = self.held.to_le_bytes();
        let used = self.count.div_ceil(8) as usize;
        self.out.extend_from_slice(bytes.get(..used).unwrap_or(&bytes));
    }

    /// Marks the end, where readers begin.
    pub fn close(mut self) {
        self.put(1, 1);
        self.finish();
    }
}
