//! What compress(1) packs: LZW with codes of 9 to 16 bits, and a code that
//! empties the table. The format of ncompress 4.2.
//!
//! Codes of one width come in groups of eight, and what is left of a group is
//! skipped when the width changes or the table is emptied.

use super::{Cause, Decoder, Input};

/// Begins a file.
pub const MAGIC: [u8; 2] = [0x1f, 0x9d];

const CLEAR: u32 = 256;
const NONE: u32 = u32::MAX;

/// How much is unpacked at once.
const PIECE: usize = 16 << 10;

/// One file. It has no end of its own: it ends with the input.
#[derive(Default)]
pub struct Lzw {
    /// The most bits that a code has; 0 before the header.
    most: usize,
    /// The table may be emptied.
    blocks: bool,
    /// Of each code what comes before its last byte, and that byte.
    before: Vec<u32>,
    last: Vec<u8>,
    /// The next code that is made.
    free: u32,
    old: u32,
    head: u8,
    codes: Codes,
    /// A text, from its end.
    text: Vec<u8>,
}

/// Reads codes.
#[derive(Default)]
struct Codes {
    /// A group: as many bytes as a code has bits.
    group: [u8; 16],
    length: usize,
    at: usize,
    width: usize,
}

impl Codes {
    /// The next code; nothing at the end.
    fn next(&mut self, input: &mut Input) -> Result<Option<u32>, Cause> {
        if self.at + self.width > self.length * 8 {
            self.length = 0;
            self.at = 0;
            while let Some(slot) =
                self.group.get_mut(self.length).filter(|_| self.length < self.width)
            {
                if input.is_at_end()? {
                    break;
                }
                *slot = input.byte()?;
                self.length += 1;
            }
            if self.length * 8 < self.width {
                return Ok(None);
            }
        }
        let mut code = 0;
        for bit in 0..self.width {
            let place = self.at + bit;
            let byte = self.group.get(place / 8).copied().unwrap_or(0);
            code |= u32::from(byte >> (place % 8) & 1) << bit;
        }
        self.at += self.width;
        Ok(Some(code))
    }

    /// Codes have another width from here on.
    fn change(&mut self, width: usize) {
        self.width = width;
        self.at = self.length * 8;
    }
}

impl Decoder for Lzw {
    fn step(&mut self, input: &mut Input, out: &mut Vec<u8>) -> Result<bool, Cause> {
        if self.most == 0 {
            self.begin(input)?;
        }
        let full = out.len() + PIECE;
        while out.len() < full {
            let Some(code) = self.codes.next(input)? else { return Ok(false) };
            self.take(code, out)?;
        }
        Ok(true)
    }
}

impl Lzw {
    /// Reads the header.
    fn begin(&mut self, input: &mut Input) -> Result<(), Cause> {
        let [a, b, flags] = input.take::<3>()?;
        let most = usize::from(flags & 0x1f);
        if [a, b] != MAGIC || !(9..=16).contains(&most) {
            return Err(Cause::Corrupt);
        }
        self.most = most;
        self.blocks = flags & 0x80 != 0;
        self.before = vec![NONE; 1 << most];
        self.last = vec![0; 1 << most];
        for (slot, byte) in self.last.iter_mut().zip(0..=255) {
            *slot = byte;
        }
        self.clear();
        Ok(())
    }

    /// Empties the table.
    fn clear(&mut self) {
        self.free = if self.blocks { CLEAR + 1 } else { CLEAR };
        self.old = NONE;
        self.codes.change(9);
    }

    /// Puts what a code stands for behind `out`, and makes the next code.
    fn take(&mut self, code: u32, out: &mut Vec<u8>) -> Result<(), Cause> {
        if code == CLEAR && self.blocks {
            self.clear();
            return Ok(());
        }
        if self.old == NONE {
            self.head = u8::try_from(code).map_err(|_| Cause::Corrupt)?;
            out.push(self.head);
            self.old = code;
            return Ok(());
        }
        self.text.clear();
        let mut at = code;
        if code >= self.free {
            // the code that is just being made: the last text and its head
            if code > self.free {
                return Err(Cause::Corrupt);
            }
            self.text.push(self.head);
            at = self.old;
        }
        while at > 255 {
            let place = at as usize;
            let (Some(&byte), Some(&next)) = (self.last.get(place), self.before.get(place)) else {
                return Err(Cause::Corrupt);
            };
            if next == NONE || self.text.len() > 1 << 16 {
                return Err(Cause::Corrupt);
            }
            self.text.push(byte);
            at = next;
        }
        self.head = at as u8;
        self.text.push(self.head);
        out.extend(self.text.iter().rev());
        let place = self.free as usize;
        if let (Some(slot), Some(byte)) = (self.before.get_mut(place), self.last.get_mut(place)) {
            *slot = self.old;
            *byte = self.head;
            self.free += 1;
            if self.free >= 1 << self.codes.width && self.codes.width < self.most {
                self.codes.change(self.codes.width + 1);
            }
        }
        self.old = code;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::compress::{Format, decompress};

    #[test]
    fn texts_of_compress() {
        // printf 'abababababababab\n' | compress
        let packed = [0x1f, 0x9d, 0x90, 0x61, 0xc4, 0x04, 0x1c, 0x28, 0xb0, 0x20, 0x41, 0x05];
        let unpacked = |bytes: &[u8]| decompress(Format::Lzw, bytes, 1 << 20);
        assert_eq!(unpacked(&packed).unwrap(), b"abababababababab\n");
        for length in 0..packed.len() {
            let _ = unpacked(packed.get(..length).unwrap_or_default());
        }
        assert!(unpacked(&[0x1f, 0x9d, 0x90, 0xff, 0xff, 0xff, 0xff]).is_err());
        assert!(unpacked(&[0x1f, 0x9d, 0x88]).is_err());
    }
}
