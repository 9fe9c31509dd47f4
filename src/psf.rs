//! Fonts of the console: PSF 1 and 2, and raw ones; the maps of characters
//! beside them. As kbd documents the formats.

/// A font.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Font {
    /// Dots a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// How many glyphs.
    pub count: u32,
    /// The glyphs: rows of whole bytes.
    pub glyphs: Vec<u8>,
    /// Characters and the places of their glyphs; none where the file does not
    /// say.
    pub map: Vec<(u16, u16)>,
}

/// The most glyphs that a console takes.
const MOST: u32 = 512;

/// How many pairs a map can have.
const PAIRS: usize = 65535;

impl Font {
    /// Reads a file.
    pub fn parse(file: &[u8]) -> Result<Font, &'static str> {
        if let Some(rest) = file.strip_prefix(b"\x36\x04") {
            return old(rest).ok_or("the font is cut off");
        }
        if let Some(rest) = file.strip_prefix(b"\x72\xb5\x4a\x86") {
            return new(file, rest).unwrap_or(Err("the font is cut off"));
        }
        raw(file).ok_or("not a font")
    }

    /// The glyphs as the kernel takes them, 256 or 512 of them, each in as many
    /// rows as [`set_font`](crate::sys::console::set_font) says.
    pub fn padded(&self) -> Vec<u8> {
        let bytes = |n: u32| usize::try_from(n).unwrap_or(0);
        let row = bytes(self.width.div_ceil(8));
        let (from, to) = (row * bytes(self.height), row * bytes(self.height.max(32)));
        let count = bytes(if self.count > 256 { MOST } else { 256 });
        let mut out = Vec::with_capacity(to * count);
        for glyph in self.glyphs.chunks(from.max(1)).take(count) {
            out.extend_from_slice(glyph);
            out.resize(out.len() + to - glyph.len().min(to), 0);
        }
        out.resize(to * count, 0);
        out
    }

    /// How many characters a glyph of which is `height` rows high.
    fn of(width: u32, height: u32, count: u32, glyphs: &[u8]) -> Option<Font> {
        if !(1..=64).contains(&width) || !(1..=128).contains(&height) || count == 0 {
            return None;
        }
        let size = usize::try_from(width.div_ceil(8) * height * count).ok()?;
        let glyphs = glyphs.get(..size)?.to_vec();
        Some(Font { width, height, count, glyphs, map: Vec::new() })
    }
}

fn old(rest: &[u8]) -> Option<Font> {
    let (&[mode, height], rest) = rest.split_first_chunk()?;
    let count = if mode & 1 != 0 { 512 } else { 256 };
    let mut font = Font::of(8, u32::from(height), count, rest)?;
    if mode & 6 != 0 {
        let table = rest.get(font.glyphs.len()..)?;
        let (mut glyph, mut sequence) = (0, false);
        for pair in table.chunks_exact(2) {
            let &[low, high] = pair else { break };
            match u16::from_le_bytes([low, high]) {
                0xffff => (glyph, sequence) = (glyph + 1, false),
                0xfffe => sequence = true,
                character if !sequence && glyph < 512 && font.map.len() < PAIRS => {
                    font.map.push((character, glyph));
                }
                _ => {}
            }
        }
    }
    Some(font)
}

fn new(file: &[u8], rest: &[u8]) -> Option<Result<Font, &'static str>> {
    let mut numbers =
        rest.chunks_exact(4).filter_map(|b| b.try_into().ok()).map(u32::from_le_bytes);
    let mut next = || numbers.next();
    let (_version, header, flags, count) = (next()?, next()?, next()?, next()?);
    let (size, height, width) = (next()?, next()?, next()?);
    if count > MOST {
        return Some(Err("more than 512 glyphs are more than a console takes"));
    }
    if size != width.div_ceil(8).checked_mul(height)? {
        return Some(Err("the font contradicts itself"));
    }
    let glyphs = file.get(usize::try_from(header).ok()?..)?;
    let mut font = Font::of(width, height, count, glyphs)?;
    if flags & 1 != 0 {
        let table = glyphs.get(font.glyphs.len()..)?;
        let lists = table.split(|&b| b == 0xff).take(usize::try_from(count).ok()?);
        for (glyph, list) in lists.enumerate() {
            // behind the first sequence there are only sequences
            let single = list.split(|&b| b == 0xfe).next().unwrap_or_default();
            for chunk in single.utf8_chunks() {
                for character in chunk.valid().chars() {
                    let pair = (u16::try_from(u32::from(character)), u16::try_from(glyph));
                    if let (Ok(character), Ok(glyph)) = pair
                        && font.map.len() < PAIRS
                    {
                        font.map.push((character, glyph));
                    }
                }
            }
        }
    }
    Some(Ok(font))
}

/// 256 glyphs of eight dots and nothing else; or those in the middle of the
/// three of a code page file.
fn raw(file: &[u8]) -> Option<Font> {
    const CODE_PAGE: usize = 9780;
    if file.len() == CODE_PAGE {
        return Font::of(8, 16, 256, file.get(40..)?);
    }
    let height = u32::try_from(file.len() / 256).ok().filter(|h| (1..=32).contains(h))?;
    if !file.len().is_multiple_of(256) {
        return None;
    }
    Font::of(8, height, 256, file)
}

/// `65`, `0x41`, `0101`, `U+0041`, `'A'`.
fn character(word: &[u8]) -> Option<u32> {
    if let [b'\'', inner @ .., b'\''] = word {
        let text = std::str::from_utf8(inner).ok()?;
        let mut characters = text.chars();
        return characters.next().filter(|_| characters.next().is_none()).map(u32::from);
    }
    let text = std::str::from_utf8(word).ok()?;
    if text.contains(['+', '-']) && !text.starts_with("U+") {
        return None;
    }
    let hex = text.strip_prefix("U+").or(text.strip_prefix("0x")).or(text.strip_prefix("0X"));
    match (hex, text.strip_prefix('0')) {
        (Some(hex), _) => u32::from_str_radix(hex, 16).ok(),
        (None, Some(octal)) if !octal.is_empty() => u32::from_str_radix(octal, 8).ok(),
        _ => text.parse().ok(),
    }
}

fn lines(text: &[u8]) -> impl Iterator<Item = Vec<&[u8]>> {
    text.split(|&b| b == b'\n').map(|line| {
        // a sign in quotes is none
        let end = line
            .iter()
            .position(|&b| b == b'#')
            .filter(|at| line.get(at.wrapping_sub(1)) != Some(&b'\''));
        let line = line.get(..end.unwrap_or(line.len())).unwrap_or_default();
        line.split(|b| b.is_ascii_whitespace()).filter(|word| !word.is_empty()).collect()
    })
}

/// A map of bytes to characters: lines `0x41 U+0041`. What no line names is a
/// place of the font itself.
///
/// # Errors
/// The number of a line that is none.
pub fn screen_map(text: &[u8]) -> Result<[u16; 256], usize> {
    let mut map = [0; 256];
    for (place, to) in map.iter_mut().enumerate() {
        *to = 0xf000 | u16::try_from(place).unwrap_or(0);
    }
    for (at, words) in lines(text).enumerate() {
        let (from, to) = match words.as_slice() {
            [] => continue,
            [from, to, ..] => (character(from), character(to)),
            _ => (None, None),
        };
        let place = from.and_then(|from| map.get_mut(usize::try_from(from).ok()?));
        let to = to.and_then(|to| u16::try_from(to).ok());
        let (Some(place), Some(to)) = (place, to) else { return Err(at + 1) };
        *place = to;
    }
    Ok(map)
}

/// A map of characters to glyphs: lines `0x41 U+0041 U+0391`, `0x20-0x7e idem`,
/// `0x20-0x7e U+0020-U+007e`.
///
/// # Errors
/// The number of a line that is none.
pub fn unicode_map(text: &[u8]) -> Result<Vec<(u16, u16)>, usize> {
    let mut pairs = Vec::new();
    for (at, words) in lines(text).enumerate() {
        let Some((first, rest)) = words.split_first() else { continue };
        add(&mut pairs, first, rest).ok_or(at + 1)?;
    }
    Ok(pairs)
}

fn range(word: &[u8]) -> Option<(u32, u32)> {
    match word.iter().position(|&b| b == b'-').filter(|_| !word.starts_with(b"'")) {
        Some(at) => Some((character(word.get(..at)?)?, character(word.get(at + 1..)?)?)),
        None => character(word).map(|one| (one, one)),
    }
}

fn add(pairs: &mut Vec<(u16, u16)>, first: &[u8], rest: &[&[u8]]) -> Option<()> {
    let (from, to) = range(first)?;
    if from > to || to >= MOST {
        return None;
    }
    let mut push = |character: u32, glyph: u32| {
        let pair = (u16::try_from(character).ok()?, u16::try_from(glyph).ok()?);
        if pairs.len() >= PAIRS {
            return None;
        }
        pairs.push(pair);
        Some(())
    };
    for word in rest {
        if *word == b"idem" {
            for glyph in from..=to {
                push(glyph, glyph)?;
            }
            continue;
        }
        let (start, end) = range(word)?;
        if from == to {
            for character in start..=end.min(0xffff) {
                push(character, from)?;
            }
        } else if end.checked_sub(start)? == to - from {
            for offset in 0..=to - from {
                push(start + offset, from + offset)?;
            }
        } else {
            return None;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new_file(width: u32, height: u32, count: u32, table: &[u8]) -> Vec<u8> {
        let size = width.div_ceil(8) * height;
        let mut file = b"\x72\xb5\x4a\x86".to_vec();
        for number in [0, 32, u32::from(!table.is_empty()), count, size, height, width] {
            file.extend_from_slice(&number.to_le_bytes());
        }
        file.extend((0..size * count).map(|n| n as u8));
        file.extend_from_slice(table);
        file
    }

    #[test]
    fn the_old_format() {
        let mut file = b"\x36\x04\x02\x08".to_vec();
        file.extend((0..2048u32).map(|n| n as u8));
        file.extend_from_slice(b"A\0B\0\xff\xffC\0\xfe\xffx\0\xff\xff");
        let font = Font::parse(&file).unwrap();
        assert_eq!((font.width, font.height, font.count), (8, 8, 256));
        assert_eq!(font.map, [(0x41, 0), (0x42, 0), (0x43, 1)]);
        let padded = font.padded();
        assert_eq!(padded.len(), 256 * 32);
        assert_eq!(padded[32..42], [8, 9, 10, 11, 12, 13, 14, 15, 0, 0]);
        assert_eq!(Font::parse(&file[..2000]), Err("the font is cut off"));
        assert_eq!(Font::parse(b"\x36\x04\x01"), Err("the font is cut off"));
    }

    #[test]
    fn the_new_format() {
        let font =
            Font::parse(&new_file(12, 20, 3, "A\u{391}\u{ff}".replace('\u{ff}', "").as_bytes()));
        assert_eq!(font.unwrap().map, [(0x41, 0), (0x391, 0)]);
        let font = Font::parse(&new_file(12, 20, 3, b"A\xffB\xfeCD\xff\xff")).unwrap();
        assert_eq!(font.map, [(0x41, 0), (0x42, 1)]);
        assert_eq!(font.padded().len(), 256 * 64);
        assert_eq!(font.padded()[64..66], [40, 41]);
        let font = Font::parse(&new_file(24, 48, 300, b"")).unwrap();
        assert_eq!(font.padded().len(), 512 * 3 * 48);
        assert!(Font::parse(&new_file(8, 16, 513, b"")).is_err());
        let mut file = new_file(8, 16, 2, b"");
        file[20] = 17;
        assert_eq!(Font::parse(&file), Err("the font contradicts itself"));
        file.truncate(40);
        assert!(Font::parse(&file).is_err());
    }

    #[test]
    fn raw_ones() {
        assert_eq!(Font::parse(&[7; 256 * 14]).unwrap().height, 14);
        assert_eq!(Font::parse(&[7; 9780]).unwrap().height, 16);
        for length in [0, 1, 255, 257, 256 * 33] {
            assert_eq!(Font::parse(&vec![7; length]), Err("not a font"));
        }
    }

    #[test]
    fn maps_of_text() {
        let map = screen_map(b"# c\n0x41 U+0391 # A\n66\t'b'\n0103 0x20\n").unwrap();
        assert_eq!(map[0x40..0x45], [0xf040, 0x391, 0x62, 0x20, 0xf044]);
        assert_eq!(screen_map(b"\n0x100 1"), Err(2));
        assert_eq!(screen_map(b"0x1"), Err(1));
        assert_eq!(screen_map(b"+1 1"), Err(1));
        let text = b"0x41 U+41 U+391\n0x20-0x22 idem\n1-2 U+100-U+101\n3 U+10-U+11\n";
        let pairs = unicode_map(text).unwrap();
        let expected: [(u16, u16); 9] = [
            (0x41, 0x41),
            (0x391, 0x41),
            (0x20, 0x20),
            (0x21, 0x21),
            (0x22, 0x22),
            (0x100, 1),
            (0x101, 2),
            (0x10, 3),
            (0x11, 3),
        ];
        assert_eq!(pairs, expected);
        assert_eq!(unicode_map(b"1-3 U+1-U+2"), Err(1));
        assert_eq!(unicode_map(b"0x200 U+1"), Err(1));
        assert_eq!(unicode_map(b"2-1 idem"), Err(1));
    }
}
