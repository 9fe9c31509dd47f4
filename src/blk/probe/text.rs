//! Texts of disks: labels in the encodings of their makers, UUIDs, and how
//! udev and blkid write them.

/// A text being put together, without the formatting machinery.
#[derive(Default)]
pub struct Text(pub Vec<u8>);

impl Text {
    /// Appends a number in decimal.
    #[inline(never)]
    pub fn decimal(&mut self, mut number: u64) {
        let start = self.0.len();
        loop {
            self.0.push(b'0' + (number % 10) as u8);
            number /= 10;
            if number == 0 {
                break;
            }
        }
        if let Some(digits) = self.0.get_mut(start..) {
            digits.reverse();
        }
    }

    /// Appends bytes in hexadecimal.
    #[inline(never)]
    pub fn hex(&mut self, bytes: &[u8], digits: &[u8; 16]) {
        for &b in bytes {
            for nibble in [b >> 4, b & 15] {
                self.0.push(digits.get(usize::from(nibble)).copied().unwrap_or(b'?'));
            }
        }
    }
}

/// Digits of UUIDs.
pub const LOWER: &[u8; 16] = b"0123456789abcdef";

/// Digits of serial numbers.
pub const UPPER: &[u8; 16] = b"0123456789ABCDEF";

/// What counts of a field: up to its first NUL, without white space behind.
pub fn trimmed(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    let bytes = bytes.get(..end).unwrap_or_default();
    let space = |b: &u8| b.is_ascii_whitespace() || *b == 0x0b;
    let end = bytes.iter().rposition(|b| !space(b)).map_or(0, |at| at + 1);
    bytes.get(..end).unwrap_or_default()
}

/// 16 bytes as a UUID in lower case.
pub fn uuid(bytes: &[u8]) -> Vec<u8> {
    grouped(bytes, &[4, 2, 2, 2, 6], LOWER)
}

/// The bytes of a UUID's text, in either case.
#[inline(never)]
pub fn uuid_of(text: &[u8]) -> Option<[u8; 16]> {
    if text.len() != 36 {
        return None;
    }
    let mut id = [0; 16];
    let mut nibbles = id.iter_mut();
    let mut rest = text;
    while let Some((&a, tail)) = rest.split_first() {
        if matches!(36 - rest.len(), 8 | 13 | 18 | 23) {
            if a != b'-' {
                return None;
            }
            rest = tail;
            continue;
        }
        let (&b, tail) = tail.split_first()?;
        let digit = |b: u8| char::from(b).to_digit(16);
        *nibbles.next()? = u8::try_from(digit(a)? << 4 | digit(b)?).ok()?;
        rest = tail;
    }
    Some(id)
}

/// The 16 bytes of Microsoft's order (GPT) as a UUID.
pub fn guid(bytes: &[u8]) -> Vec<u8> {
    let mut turned = [0; 16];
    for (to, from) in turned.iter_mut().zip([3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15])
    {
        *to = bytes.get(from).copied().unwrap_or(0);
    }
    uuid(&turned)
}

/// Bytes in hexadecimal in groups of so many bytes with dashes between.
#[inline(never)]
pub fn grouped(bytes: &[u8], groups: &[usize], digits: &[u8; 16]) -> Vec<u8> {
    let mut out = Text::default();
    let mut rest = bytes;
    for &n in groups {
        let Some((group, tail)) = rest.split_at_checked(n) else { break };
        if !out.0.is_empty() {
            out.0.push(b'-');
        }
        out.hex(group, digits);
        rest = tail;
    }
    out.0
}

/// How a label is written on the disk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-16, little-endian.
    Utf16Le,
    /// UTF-16, big-endian.
    Utf16Be,
    /// Latin-1.
    Latin1,
}

/// A text in UTF-8; lone halves of pairs become U+FFFD. It ends at a NUL.
#[inline(never)]
pub fn to_utf8(bytes: &[u8], encoding: Encoding) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut high: Option<u32> = None;
    let width = if encoding == Encoding::Latin1 { 1 } else { 2 };
    for unit in bytes.chunks_exact(width) {
        let a = u32::from(unit.first().copied().unwrap_or(0));
        let b = u32::from(unit.get(1).copied().unwrap_or(0));
        let mut code = match encoding {
            Encoding::Latin1 => a,
            Encoding::Utf16Le => a | b << 8,
            Encoding::Utf16Be => a << 8 | b,
        };
        if code == 0 {
            break;
        }
        if let Some(first) = high.take() {
            if code & 0xfc00 == 0xdc00 {
                code = 0x10000 + ((first & 0x3ff) << 10) + (code & 0x3ff);
            } else {
                push(&mut out, 0xfffd);
            }
        }
        if code & 0xfc00 == 0xd800 {
            high = Some(code);
        } else {
            push(&mut out, code);
        }
    }
    out
}

fn push(out: &mut Vec<u8>, code: u32) {
    let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// A name for /dev/disk: bytes that udev does not put in names are `\xNN`, so
/// that a value cannot leave the folder.
#[inline(never)]
pub fn encoded(value: &[u8]) -> Vec<u8> {
    let mut name = Text::default();
    for chunk in value.utf8_chunks() {
        for (valid, part) in [(true, chunk.valid().as_bytes()), (false, chunk.invalid())] {
            for &b in part {
                if b.is_ascii_alphanumeric() || b"#+-.:=@_".contains(&b) || valid && b >= 0x80 {
                    name.0.push(b);
                } else {
                    name.0.extend_from_slice(b"\\x");
                    name.hex(&[b], LOWER);
                }
            }
        }
    }
    if matches!(name.0.as_slice(), b"" | b"." | b"..") {
        return b"\\x2e".to_vec();
    }
    name.0
}

/// The value that [`encoded`] made a name of.
pub fn decoded(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((&first, tail)) = rest.split_first() {
        let digit = |at: usize| tail.get(at).and_then(|&b| char::from(b).to_digit(16));
        match (first, tail.first(), digit(1), digit(2)) {
            (b'\\', Some(b'x'), Some(high), Some(low)) => {
                out.push((high << 4 | low) as u8);
                rest = tail.get(3..).unwrap_or_default();
            }
            _ => {
                out.push(first);
                rest = tail;
            }
        }
    }
    out
}

/// As udev's `ID_FS_LABEL`: white space at the ends gone, inside `_`; bytes
/// that are no UTF-8 `_`.
#[inline(never)]
pub fn safe(value: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(value.len());
    for chunk in value.trim_ascii().utf8_chunks() {
        for &b in chunk.valid().as_bytes() {
            if !b.is_ascii_whitespace() {
                out.push(b);
            } else if out.last() != Some(&b'_') {
                out.push(b'_');
            }
        }
        out.extend(chunk.invalid().iter().map(|_| b'_'));
    }
    out
}

/// As blkid prints a value: control bytes as `^X`, those above 127 with `M-`,
/// a backslash in front of those in `escape`.
#[inline(never)]
pub fn caret(value: &[u8], escape: &[u8], out: &mut Vec<u8>) {
    for &b in value {
        let mut c = b;
        if c >= 128 {
            out.extend_from_slice(b"M-");
            c -= 128;
        }
        if c < 32 || c == 127 {
            out.push(b'^');
            c ^= 0x40;
        } else if escape.contains(&c) {
            out.push(b'\\');
        }
        out.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        assert_eq!(trimmed(b"ab c \t\0x"), b"ab c");
        assert_eq!(trimmed(b"  \0"), b"");
        assert_eq!(uuid(&[0xab; 16]), b"abababab-abab-abab-abab-abababababab");
        let mut t = Text::default();
        t.decimal(1048576);
        assert_eq!(t.0, b"1048576");
    }

    #[test]
    fn uuids() {
        let text = b"00112233-4455-6677-8899-aAbBcCdDeEfF";
        let id = uuid_of(text).unwrap();
        assert_eq!(uuid(&id), text.to_ascii_lowercase());
        for bad in [
            &b"00112233-4455-6677-8899-aAbBcCdDeEf"[..],
            b"0011223344455-6677-8899-aAbBcCdDeEfF",
            b"00112233-4455-6677-8899-aAbBcCdDeEfg",
            b"",
        ] {
            assert_eq!(uuid_of(bad), None);
        }
    }

    #[test]
    fn encodings() {
        assert_eq!(to_utf8(b"a\0\xe9\0", Encoding::Utf16Le), "aé".as_bytes());
        assert_eq!(to_utf8(b"\xd8\x3d\xde\x00", Encoding::Utf16Be), "😀".as_bytes());
        assert_eq!(to_utf8(b"\xd8\x3d\x00a", Encoding::Utf16Be), "\u{fffd}a".as_bytes());
    }

    #[test]
    fn names_of_links() {
        assert_eq!(encoded(b"my disk/1"), b"my\\x20disk\\x2f1");
        assert_eq!(encoded(b".."), b"\\x2e");
        assert_eq!(encoded(b"\xff\xc3\xa9"), b"\\xff\xc3\xa9");
        assert_eq!(decoded(b"my\\x20disk\\x2f1\\xz\\"), b"my disk/1\\xz\\");
        assert_eq!(safe(b" a \t b\xff "), b"a_b_");
    }

    #[test]
    fn printed() {
        let mut out = Vec::new();
        caret(b"\xff\x01\x1b\"\\ a\tb\x7f", b"\"\\", &mut out);
        assert_eq!(out, b"M-^?^A^[\\\"\\\\ a^Ib^?");
    }
}
