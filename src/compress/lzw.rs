//! What compress(1) packs: LZW with codes of 9 to 16 bits, and a code that
//! empties the table. The format of ncompress 4.2.
//!
//! Codes of one width come in groups of eight, and what is left of a group is
//! skipped when the width changes or the table is emptied.

use super::{Cause, Input};

/// 1f 9d.
pub const MAGIC: [u8; 2] = [0x1f, 0x9d];

const CLEAR: u32 = 256;
const NONE: u32 = u32::MAX;

/// Reads codes.
struct Codes<'i, 'a> {
    input: &'i mut Input<'a>,
    /// A group: as many bytes as a code has bits.
    group: [u8; 16],
    length: usize,
    at: usize,
    width: usize,
}

impl Codes<'_, '_> {
    /// The next code; nothing at the end.
    fn next(&mut self) -> Result<Option<u32>, Cause> {
        if self.at + self.width > self.length * 8 {
            self.length = 0;
            self.at = 0;
            while let Some(slot) =
                self.group.get_mut(self.length).filter(|_| self.length < self.width)
            {
                if self.input.is_at_end()? {
                    break;
                }
                *slot = self.input.byte()?;
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

/// Unpacks all of the input; `take` gets the pieces, and says whether to go
/// on.
pub fn unpack(input: &mut Input<'_>, take: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), Cause> {
    let [a, b, flags] = input.take::<3>()?;
    let most = usize::from(flags & 0x1f);
    if [a, b] != MAGIC || !(9..=16).contains(&most) {
        return Err(Cause::Corrupt);
    }
    let blocks = flags & 0x80 != 0;
    let first = if blocks { 257 } else { 256 };
    // of each code what comes before its last byte, and that byte
    let mut before = vec![NONE; 1 << most];
    let mut last = vec![0u8; 1 << most];
    for (code, byte) in (0..=255u8).enumerate() {
        if let Some(slot) = last.get_mut(code) {
            *slot = byte;
        }
    }
    let mut codes = Codes { input, group: [0; 16], length: 0, at: 0, width: 9 };
    let (mut free, mut old, mut head) = (first, NONE, 0u8);
    let mut text = Vec::new();
    let mut out = Vec::new();
    while let Some(code) = codes.next()? {
        if code == CLEAR && blocks {
            free = first;
            old = NONE;
            codes.change(9);
            continue;
        }
        if old == NONE {
            let byte = u8::try_from(code).map_err(|_| Cause::Corrupt)?;
            head = byte;
            out.push(byte);
            old = code;
            continue;
        }
        text.clear();
        let mut at = code;
        if code >= free {
            // the code that is just being made: the last text and its head
            if code > free {
                return Err(Cause::Corrupt);
            }
            text.push(head);
            at = old;
        }
        while at > 255 {
            let place = at as usize;
            let (Some(&byte), Some(&next)) = (last.get(place), before.get(place)) else {
                return Err(Cause::Corrupt);
            };
            if next == NONE || text.len() > 1 << 16 {
                return Err(Cause::Corrupt);
            }
            text.push(byte);
            at = next;
        }
        head = at as u8;
        text.push(head);
        out.extend(text.iter().rev());
        if out.len() >= 64 * 1024 {
            if !take(&out) {
                return Ok(());
            }
            out.clear();
        }
        if let (Some(slot), Some(byte)) =
            (before.get_mut(free as usize), last.get_mut(free as usize))
        {
            *slot = old;
            *byte = head;
            free += 1;
            let full = 1u32 << codes.width;
            if free >= full && codes.width < most {
                let width = codes.width + 1;
                codes.change(width);
            }
        }
        old = code;
    }
    if !out.is_empty() {
        take(&out);
    }
    Ok(())
}

/// Unpacks, for fuzzing.
pub fn exercise(bytes: &[u8]) {
    let mut left = 1 << 20;
    let _ = unpack(&mut Input::of_slice(bytes), &mut |piece| {
        left -= piece.len().min(left);
        left > 0
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_compress() {
        // printf 'abababababababab\n' | compress
        let packed = [0x1f, 0x9d, 0x90, 0x61, 0xc4, 0x04, 0x1c, 0x28, 0xb0, 0x20, 0x41, 0x05];
        let mut out = Vec::new();
        let done = unpack(&mut Input::of_slice(&packed), &mut |piece| {
            out.extend_from_slice(piece);
            true
        });
        assert!(done.is_ok());
        assert_eq!(out, b"abababababababab\n");
        for length in 0..packed.len() {
            exercise(packed.get(..length).unwrap_or_default());
        }
        exercise(&[0x1f, 0x9d, 0x90, 0xff, 0xff, 0xff, 0xff]);
    }
}
