//! Bytes as text: base64, base32 and uuencode. Pure.

/// An alphabet of text, and how many bits a letter of it stands for.
pub struct Alphabet {
    letters: &'static [u8],
    bits: u32,
    /// Letters in a group.
    group: usize,
}

/// RFC 4648.
pub const BASE64: Alphabet = Alphabet {
    letters: b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    bits: 6,
    group: 4,
};

/// RFC 4648.
pub const BASE32: Alphabet =
    Alphabet { letters: b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", bits: 5, group: 8 };

impl Alphabet {
    /// How many bytes make whole groups.
    pub fn bytes_in_group(&self) -> usize {
        self.group * self.bits as usize / 8
    }

    /// Appends the bytes as letters, with `=` to the end of the last group.
    pub fn encode(&self, bytes: &[u8], out: &mut Vec<u8>) {
        let mask = (1u32 << self.bits) - 1;
        let letter = |n: u32| self.letters.get((n & mask) as usize).copied().unwrap_or(b'=');
        let start = out.len();
        let mut rest = bytes;
        if let (6, Some(letters)) = (self.bits, self.letters.first_chunk::<64>()) {
            let letter = |n: u32| letters[(n & 63) as usize];
            let (groups, odd) = bytes.as_chunks::<3>();
            crate::sys::memory::resize(out, start + groups.len() * 4, 0);
            let (places, _) = out.get_mut(start..).unwrap_or_default().as_chunks_mut::<4>();
            for (&[a, b, c], place) in groups.iter().zip(places) {
                let n = u32::from_be_bytes([0, a, b, c]);
                *place = [letter(n >> 18), letter(n >> 12), letter(n >> 6), letter(n)];
            }
            rest = odd;
        }
        let (mut held, mut count) = (0u32, 0u32);
        for &byte in rest {
            held = held << 8 | u32::from(byte);
            count += 8;
            while count >= self.bits {
                count -= self.bits;
                out.push(letter(held >> count));
            }
        }
        if count > 0 {
            out.push(letter(held << (self.bits - count)));
        }
        while !(out.len() - start).is_multiple_of(self.group) {
            out.push(b'=');
        }
    }
}

/// Letters on their way to be bytes.
pub struct Decoder {
    table: [u8; 256],
    bits: u32,
    group: usize,
    held: u32,
    count: u32,
    letters: usize,
    padding: usize,
}

/// The text is not of the alphabet.
#[derive(Debug, PartialEq, Eq)]
pub struct Invalid;

impl Decoder {
    /// For an alphabet.
    pub fn new(alphabet: &Alphabet) -> Decoder {
        let mut table = [255; 256];
        for (value, letter) in (0u8..).zip(alphabet.letters) {
            table[usize::from(*letter)] = value;
        }
        Decoder {
            table,
            bits: alphabet.bits,
            group: alphabet.group,
            held: 0,
            count: 0,
            letters: 0,
            padding: 0,
        }
    }

    /// Appends the bytes that more letters make. Newlines are no letters; with
    /// `lenient` nothing else is one either.
    pub fn decode(&mut self, text: &[u8], lenient: bool, out: &mut Vec<u8>) -> Result<(), Invalid> {
        for &byte in text {
            let value = self.table[usize::from(byte)];
            if value == 255 {
                match byte {
                    b'\n' => continue,
                    b'=' => {
                        self.padding += 1;
                        self.letters += 1;
                        // The group is full: another may follow.
                        if self.letters.is_multiple_of(self.group) {
                            (self.held, self.count, self.padding) = (0, 0, 0);
                        }
                        continue;
                    }
                    _ if lenient => continue,
                    _ => return Err(Invalid),
                }
            }
            if self.padding > 0 {
                return Err(Invalid);
            }
            self.letters += 1;
            self.held = self.held << self.bits | u32::from(value);
            self.count += self.bits;
            if self.count >= 8 {
                self.count -= 8;
                out.push((self.held >> self.count & 255) as u8);
            }
            self.held &= 0xffff;
        }
        Ok(())
    }

    /// Whether the text could end here.
    pub fn finish(&self) -> Result<(), Invalid> {
        if self.letters.is_multiple_of(self.group) { Ok(()) } else { Err(Invalid) }
    }
}

/// Appends a line of uuencode: its length, four letters for three bytes.
pub fn uuencode(bytes: &[u8], out: &mut Vec<u8>) {
    let letter = |n: u32| if n & 63 == 0 { b'`' } else { (n & 63) as u8 + 32 };
    out.push(letter(u32::try_from(bytes.len()).unwrap_or(0)));
    for three in bytes.chunks(3) {
        let mut held = 0u32;
        for n in 0..3 {
            held = held << 8 | u32::from(three.get(n).copied().unwrap_or(0));
        }
        for shift in [18, 12, 6, 0] {
            out.push(letter(held >> shift));
        }
    }
    out.push(b'\n');
}

/// Appends the bytes of a line of uuencode; false at the line that ends them.
pub fn uudecode(line: &[u8], out: &mut Vec<u8>) -> Result<bool, Invalid> {
    let value = |b: u8| -> Result<u32, Invalid> {
        if (32..=96).contains(&b) { Ok(u32::from(b - 32) & 63) } else { Err(Invalid) }
    };
    let Some((&first, letters)) = line.split_first() else { return Ok(true) };
    let mut left = value(first)? as usize;
    if left == 0 {
        return Ok(false);
    }
    let mut groups = letters.chunks(4);
    while left > 0 {
        let group = groups.next().unwrap_or_default();
        let mut held = 0;
        for n in 0..4 {
            // Blanks at the end of a line get lost in mails.
            held = held << 6 | value(group.get(n).copied().unwrap_or(b' '))?;
        }
        let bytes = held.to_be_bytes();
        let take = left.min(3);
        out.extend_from_slice(bytes.get(1..1 + take).unwrap_or_default());
        left -= take;
    }
    Ok(true)
}

/// For the fuzzer: any bytes may come.
pub fn exercise(data: &[u8]) {
    for alphabet in [&BASE64, &BASE32] {
        let mut text = Vec::new();
        alphabet.encode(data, &mut text);
        let mut back = Vec::new();
        let mut decoder = Decoder::new(alphabet);
        assert!(decoder.decode(&text, false, &mut back).is_ok() && decoder.finish().is_ok());
        assert!(back == data);
        let _ = Decoder::new(alphabet).decode(data, true, &mut back);
    }
    let mut out = Vec::new();
    for line in data.split(|&b| b == b'\n') {
        let _ = uudecode(line, &mut out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_texts() {
        for (bytes, text, other) in [
            ("", "", ""),
            ("f", "Zg==", "MY======"),
            ("fo", "Zm8=", "MZXQ===="),
            ("foo", "Zm9v", "MZXW6==="),
            ("foobar", "Zm9vYmFy", "MZXW6YTBOI======"),
        ] {
            let (mut a, mut b) = (Vec::new(), Vec::new());
            BASE64.encode(bytes.as_bytes(), &mut a);
            BASE32.encode(bytes.as_bytes(), &mut b);
            assert_eq!((a.as_slice(), b.as_slice()), (text.as_bytes(), other.as_bytes()));
        }
    }

    #[test]
    fn any_bytes_come_back() {
        let mut state = 1u32;
        for length in 0..200 {
            let bytes: Vec<u8> = (0..length)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 24) as u8
                })
                .collect();
            exercise(&bytes);
            let (mut text, mut back) = (Vec::new(), Vec::new());
            for part in bytes.chunks(45) {
                uuencode(part, &mut text);
            }
            for line in text.split(|&b| b == b'\n') {
                assert_eq!(uudecode(line, &mut back), Ok(true));
            }
            assert_eq!(back, bytes);
        }
    }

    #[test]
    fn what_is_no_such_text() {
        let decode = |text: &str| {
            let mut decoder = Decoder::new(&BASE64);
            decoder.decode(text.as_bytes(), false, &mut Vec::new())?;
            decoder.finish()
        };
        assert_eq!(decode("Zg==Zg=="), Ok(()));
        for bad in ["Z", "Zg", "Zg=", "Z!==", "Zg=a", "Zm9v "] {
            assert_eq!(decode(bad), Err(Invalid), "{bad}");
        }
        assert_eq!(uudecode(b"\x7f", &mut Vec::new()), Err(Invalid));
    }
}
