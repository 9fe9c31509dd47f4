//! tar: the old format, POSIX ustar and pax (IEEE 1003.1 "pax"), GNU's long
//! names, base-256 numbers and files with holes.

use std::collections::VecDeque;

use crate::compress::Unpacker;
use crate::cpio::{BLOCK, CHARACTER, DIRECTORY, FIFO, REGULAR, SYMLINK};

use super::{Damage, Entry};

/// Headers and data come in blocks of this size.
pub const UNIT: usize = 512;

/// Longer names and headers are refused.
const MOST_TEXT: u64 = 1 << 20;
/// More parts of a file with holes are refused.
const MOST_PARTS: usize = 1 << 20;

/// Reads the entries of an archive.
#[derive(Default)]
pub struct Tar {
    /// What pax headers said for all files.
    global: Pax,
    /// Whether any header was seen.
    begun: bool,
}

/// What a pax header or GNU's long names say of the next entry.
#[derive(Clone, Default)]
struct Pax {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    user: Option<Vec<u8>>,
    group: Option<Vec<u8>>,
    uid: Option<u64>,
    gid: Option<u64>,
    size: Option<u64>,
    mtime: Option<(i64, u32)>,
    /// Holes: how long the file is, and the map.
    real_size: Option<u64>,
    map: Vec<u64>,
    sparse: bool,
    /// The map is at the beginning of the data.
    map_in_data: bool,
}

fn text(field: &[u8]) -> &[u8] {
    let end = memchr::memchr(0, field).unwrap_or(field.len());
    field.get(..end).unwrap_or_default()
}

/// A number in octal with blanks around, or in base 256.
fn number(field: &[u8]) -> Option<i64> {
    let (&first, rest) = field.split_first()?;
    if first & 0x80 != 0 {
        // Negative when bit 6 is set, as in two's complement.
        let mut value: i64 = if first & 0x40 != 0 { -1 } else { 0 };
        let head = if first & 0x40 != 0 { first } else { first & 0x3f };
        for (n, &byte) in std::iter::once(&head).chain(rest).enumerate() {
            if n + 8 < field.len() {
                let filler = if first & 0x40 != 0 { 0xff } else { 0 };
                if byte != filler {
                    return None;
                }
                continue;
            }
            value = value << 8 | i64::from(byte);
        }
        return Some(value);
    }
    let digits = text(field).trim_ascii();
    let mut value: i64 = 0;
    for &digit in digits {
        match digit {
            b'0'..=b'7' => value = value.checked_mul(8)?.checked_add(i64::from(digit - b'0'))?,
            b' ' => break,
            _ => return None,
        }
    }
    Some(value)
}

fn unsigned(field: &[u8]) -> Option<u64> {
    u64::try_from(number(field)?).ok()
}

/// What a header is, besides the entry.
struct Head {
    entry: Entry,
    kind: u8,
    /// Whether more of a map follows (old GNU).
    extended: bool,
}

/// Whether a block is a header: its sum is right, taken of unsigned or signed
/// bytes.
fn is_header(block: &[u8; UNIT]) -> bool {
    let field = block.get(148..156).unwrap_or_default();
    let Some(expected) = number(field) else { return false };
    // The sum's own field counts as blanks. Eight bytes at a time: each lane of
    // sixteen bits takes 128 bytes.
    let (mut lanes, mut high) = (0u64, 0i64);
    const LOW: u64 = 0x00ff_00ff_00ff_00ff;
    for word in block.as_chunks::<8>().0 {
        let word = u64::from_le_bytes(*word);
        lanes += (word & LOW) + (word >> 8 & LOW);
        high += i64::from((word & 0x8080_8080_8080_8080).count_ones());
    }
    let mut plain = 8 * i64::from(b' ');
    for shift in [0, 16, 32, 48] {
        plain += (lanes >> shift & 0xffff) as i64;
    }
    for &byte in field {
        plain -= i64::from(byte);
        high -= i64::from(byte >> 7);
    }
    expected == plain || expected == plain - 256 * high
}

/// Reads a header whose sum is right.
fn head(block: &[u8; UNIT]) -> Option<Head> {
    let field = |from: usize, to: usize| block.get(from..to).unwrap_or_default();
    let kind = block.get(156).copied().unwrap_or(0);
    let magic = field(257, 263);
    let gnu = magic == b"ustar ";
    let mut entry = Entry {
        name: text(field(0, 100)).to_vec(),
        link: text(field(157, 257)).to_vec(),
        mode: (number(field(100, 108)).unwrap_or(0) & 0o7777) as u32,
        uid: number(field(108, 116))? as u32,
        gid: number(field(116, 124))? as u32,
        stored: unsigned(field(124, 136))?,
        mtime: number(field(136, 148))?,
        nlink: 1,
        ..Entry::default()
    };
    if magic.starts_with(b"ustar") {
        entry.user = text(field(265, 297)).to_vec();
        entry.group = text(field(297, 329)).to_vec();
        let part = |from, to| number(field(from, to)).unwrap_or(0) as u32;
        entry.rdev = (part(329, 337), part(337, 345));
        let prefix = text(field(345, 500));
        if !gnu && !prefix.is_empty() {
            entry.name = [prefix, b"/", &entry.name].concat();
        }
    }
    entry.mode |= match kind {
        b'2' => SYMLINK,
        b'3' => CHARACTER,
        b'4' => BLOCK,
        b'5' | b'D' => DIRECTORY,
        b'6' => FIFO,
        _ => REGULAR,
    };
    entry.hard = kind == b'1';
    entry.size = entry.stored;
    let mut extended = false;
    if kind == b'S' {
        let mut map = Vec::new();
        for at in 0..4 {
            let from = 386 + at * 24;
            let (Some(offset), Some(length)) =
                (unsigned(field(from, from + 12)), unsigned(field(from + 12, from + 24)))
            else {
                break;
            };
            if field(from, from + 1) != [0] {
                map.push((offset, length));
            }
        }
        entry.map = Some(map);
        extended = field(482, 483) == [1];
        entry.size = unsigned(field(483, 495))?;
    }
    Some(Head { entry, kind, extended })
}

/// The records of a pax header: length, blank, `key=value`, newline.
fn records(mut bytes: &[u8], pax: &mut Pax) {
    while let Some(blank) = bytes.iter().position(|&b| b == b' ') {
        let (digits, _) = bytes.split_at(blank);
        let length = std::str::from_utf8(digits).ok().and_then(|d| d.parse::<usize>().ok());
        let Some((record, rest)) = length.and_then(|n| bytes.split_at_checked(n)) else { return };
        bytes = rest;
        let Some(body) = record.get(blank + 1..).and_then(|r| r.strip_suffix(b"\n")) else {
            return;
        };
        let Some(equals) = body.iter().position(|&b| b == b'=') else { return };
        let (key, value) = body.split_at(equals);
        set(pax, key, value.get(1..).unwrap_or_default());
    }
}

fn decimal(value: &[u8]) -> Option<u64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// `-1.5` in seconds and nanoseconds.
fn seconds(value: &[u8]) -> Option<(i64, u32)> {
    let mut parts = value.splitn(2, |&b| b == b'.');
    let whole = parts.next().unwrap_or_default();
    let seconds: i64 = std::str::from_utf8(whole).ok()?.parse().ok()?;
    let mut nanos = 0u32;
    let digits = parts.next().unwrap_or_default();
    for at in 0..9 {
        let digit = digits.get(at).copied().unwrap_or(b'0');
        nanos = nanos * 10 + u32::from(digit.wrapping_sub(b'0') % 10);
    }
    if whole.starts_with(b"-") && nanos > 0 {
        return Some((seconds - 1, 1_000_000_000 - nanos));
    }
    Some((seconds, nanos))
}

fn set(pax: &mut Pax, key: &[u8], value: &[u8]) {
    let bytes = || Some(value.to_vec());
    match key {
        b"path" => pax.name = bytes(),
        b"linkpath" => pax.link = bytes(),
        b"uname" => pax.user = bytes(),
        b"gname" => pax.group = bytes(),
        b"uid" => pax.uid = decimal(value),
        b"gid" => pax.gid = decimal(value),
        b"size" => pax.size = decimal(value),
        b"mtime" => pax.mtime = seconds(value),
        b"GNU.sparse.name" => pax.name = bytes(),
        b"GNU.sparse.size" | b"GNU.sparse.realsize" => {
            pax.real_size = decimal(value);
            pax.sparse = true;
        }
        b"GNU.sparse.major" => pax.map_in_data = decimal(value) == Some(1),
        b"GNU.sparse.map" => {
            pax.sparse = true;
            pax.map.clear();
            for part in value.split(|&b| b == b',') {
                pax.map.extend(decimal(part));
            }
        }
        b"GNU.sparse.offset" | b"GNU.sparse.numbytes" => {
            pax.sparse = true;
            pax.map.extend(decimal(value));
        }
        _ => {}
    }
}

impl Tar {
    /// The next entry; its data, [`Entry::stored`] bytes, and the filling
    /// behind ([`padding`]) are next in the stream. Nothing at the end.
    pub fn next(&mut self, stream: &mut Unpacker) -> Result<Option<Entry>, Damage> {
        let mut pax = self.global.clone();
        loop {
            let offset = stream.position();
            let mut block = [0; UNIT];
            let got = stream.exact(&mut block)?;
            if got == 0 {
                // Without its two empty blocks an archive is taken, without
                // anything it is none.
                return if self.begun { Ok(None) } else { Err(Damage::Empty) };
            }
            if got < UNIT {
                return Err(Damage::Short);
            }
            if block.iter().all(|b| *b == 0) {
                self.begun = true;
                return Ok(None);
            }
            if !is_header(&block) {
                return Err(Damage::Header(offset));
            }
            let head = head(&block).ok_or(Damage::Header(offset))?;
            self.begun = true;
            let size = head.entry.stored;
            match head.kind {
                b'L' | b'K' => {
                    let bytes = self.text(stream, size)?;
                    let name = Some(text(&bytes).to_vec());
                    if head.kind == b'L' { pax.name = name } else { pax.link = name }
                }
                b'x' | b'X' => records(&self.text(stream, size)?, &mut pax),
                b'g' => {
                    let bytes = self.text(stream, size)?;
                    records(&bytes, &mut self.global);
                    records(&bytes, &mut pax);
                }
                // Of a multi-volume archive, and a volume's name.
                b'V' | b'M' | b'N' => stream.skip(size + padding(size))?,
                _ => return self.entry(stream, head, pax, offset).map(Some),
            }
        }
    }

    /// What a header of headers holds.
    fn text(&self, stream: &mut Unpacker, size: u64) -> Result<Vec<u8>, Damage> {
        if size > MOST_TEXT {
            return Err(Damage::Header(stream.position()));
        }
        let mut bytes = vec![0; size as usize];
        if stream.exact(&mut bytes)? < bytes.len() {
            return Err(Damage::Short);
        }
        stream.skip(padding(size))?;
        Ok(bytes)
    }

    fn entry(
        &self,
        stream: &mut Unpacker,
        head: Head,
        pax: Pax,
        offset: u64,
    ) -> Result<Entry, Damage> {
        let mut entry = head.entry;
        entry.offset = offset;
        if let Some(size) = pax.size {
            entry.stored = size;
            if entry.map.is_none() {
                entry.size = size;
            }
        }
        let set = |to: &mut Vec<u8>, from: Option<Vec<u8>>| {
            if let Some(from) = from {
                *to = from;
            }
        };
        set(&mut entry.name, pax.name);
        set(&mut entry.link, pax.link);
        set(&mut entry.user, pax.user);
        set(&mut entry.group, pax.group);
        if let Some(uid) = pax.uid {
            entry.uid = uid as u32;
        }
        if let Some(gid) = pax.gid {
            entry.gid = gid as u32;
        }
        if let Some((seconds, nanos)) = pax.mtime {
            (entry.mtime, entry.nanos) = (seconds, nanos);
        }
        // Before POSIX a name with a slash at its end was a folder: the whole
        // name, which may end elsewhere than where the header cuts it.
        if entry.name.ends_with(b"/") && matches!(head.kind, 0 | b'0') {
            entry.mode = entry.mode & 0o7777 | DIRECTORY;
        }
        if head.extended {
            let map = entry.map.get_or_insert_default();
            loop {
                let mut block = [0; UNIT];
                if stream.exact(&mut block)? < UNIT {
                    return Err(Damage::Short);
                }
                for part in block.chunks_exact(24).take(21) {
                    let (offset, length) = part.split_at(12);
                    if part.first() != Some(&0)
                        && let (Some(offset), Some(length)) = (unsigned(offset), unsigned(length))
                    {
                        map.push((offset, length));
                    }
                }
                if map.len() > MOST_PARTS {
                    return Err(Damage::Header(offset));
                }
                if block.get(504) != Some(&1) {
                    break;
                }
            }
        }
        if pax.sparse || pax.map_in_data {
            let mut numbers = pax.map;
            if pax.map_in_data {
                numbers = Self::map_in_data(stream, &mut entry)?;
            }
            entry.map = Some(numbers.as_chunks::<2>().0.iter().map(|&[a, b]| (a, b)).collect());
            entry.size = pax.real_size.unwrap_or(entry.stored);
        }
        if !matches!(head.kind, 0 | b'0' | b'7' | b'S') && entry.kind() != REGULAR || entry.hard {
            // Size fields of links and folders mean nothing (but a hard link in
            // a pax archive may have data).
            if !(entry.hard && pax.size.is_some()) {
                entry.stored = 0;
            }
            entry.size = entry.stored;
        }
        Ok(entry)
    }

    /// Format 1.0 of GNU: decimal numbers, one a line, filled up to a block.
    fn map_in_data(stream: &mut Unpacker, entry: &mut Entry) -> Result<Vec<u64>, Damage> {
        let mut numbers: VecDeque<u64> = VecDeque::new();
        let mut digits = Vec::new();
        let mut wanted = None;
        loop {
            let mut block = [0; UNIT];
            if entry.stored < UNIT as u64 || stream.exact(&mut block)? < UNIT {
                return Err(Damage::Short);
            }
            entry.stored -= UNIT as u64;
            for &byte in &block {
                if byte != b'\n' {
                    digits.push(byte);
                    continue;
                }
                let value = decimal(&digits).ok_or(Damage::Header(entry.offset))?;
                digits.clear();
                match wanted {
                    None if value as usize <= MOST_PARTS => wanted = Some(value as usize * 2),
                    None => return Err(Damage::Header(entry.offset)),
                    Some(_) => numbers.push_back(value),
                }
                if wanted.is_some_and(|wanted| numbers.len() >= wanted) {
                    return Ok(numbers.into());
                }
            }
            if digits.len() > 24 {
                return Err(Damage::Header(entry.offset));
            }
        }
    }
}

/// How many bytes fill the last block of so much data.
pub fn padding(size: u64) -> u64 {
    size.wrapping_neg() % UNIT as u64
}

/// A family of formats to write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// GNU's: long names and large numbers in GNU's ways.
    #[default]
    Gnu,
    /// POSIX 1003.1-1988: what does not fit is refused.
    Ustar,
    /// POSIX 1003.1-2001: what does not fit is in a header of its own.
    Pax,
}

/// Octal digits with a NUL behind, or where it does not fit, base 256.
fn put_number(to: &mut [u8], value: i64, style: Style) -> bool {
    let digits = to.len() - 1;
    if value >= 0 && (digits * 3 >= 63 || value >> (digits * 3) == 0) {
        let mut rest = value;
        for digit in to.iter_mut().take(digits).rev() {
            *digit = b'0' + (rest & 7) as u8;
            rest >>= 3;
        }
        return true;
    }
    if style != Style::Gnu {
        return false;
    }
    let mut rest = value;
    for byte in to.iter_mut().rev() {
        *byte = rest as u8;
        rest >>= 8;
    }
    if let Some(first) = to.first_mut() {
        *first = if value < 0 { 0xff } else { *first | 0x80 };
    }
    true
}

fn put_text(block: &mut [u8; UNIT], at: usize, most: usize, value: &[u8]) {
    let value = value.get(..most.min(value.len())).unwrap_or_default();
    if let Some(to) = block.get_mut(at..at + value.len()) {
        to.copy_from_slice(value);
    }
}

/// A header block.
fn block(entry: &Entry, kind: u8, name: &[u8], link: &[u8], style: Style) -> ([u8; UNIT], bool) {
    let mut block = [0; UNIT];
    let mut fits = true;
    put_text(&mut block, 0, 100, name);
    let mut put = |block: &mut [u8; UNIT], from: usize, to: usize, value: i64| {
        if let Some(field) = block.get_mut(from..to) {
            fits &= put_number(field, value, style);
        }
    };
    put(&mut block, 100, 108, i64::from(entry.mode & 0o7777));
    put(&mut block, 108, 116, i64::from(entry.uid));
    put(&mut block, 116, 124, i64::from(entry.gid));
    put(&mut block, 124, 136, i64::try_from(entry.stored).unwrap_or(i64::MAX));
    put(&mut block, 136, 148, entry.mtime);
    block[156] = kind;
    put_text(&mut block, 157, 100, link);
    let magic: &[u8] = if style == Style::Gnu { b"ustar  \0" } else { b"ustar\x0000" };
    put_text(&mut block, 257, 8, magic);
    put_text(&mut block, 265, 31, &entry.user);
    put_text(&mut block, 297, 31, &entry.group);
    if entry.is_device() && !entry.hard {
        put(&mut block, 329, 337, i64::from(entry.rdev.0));
        put(&mut block, 337, 345, i64::from(entry.rdev.1));
    } else if style != Style::Gnu {
        put(&mut block, 329, 337, 0);
        put(&mut block, 337, 345, 0);
    }
    (block, fits)
}

fn seal(block: &mut [u8; UNIT], out: &mut Vec<u8>) {
    for byte in block.iter_mut().skip(148).take(8) {
        *byte = b' ';
    }
    let sum: i64 = block.iter().map(|&b| i64::from(b)).sum();
    if let Some(field) = block.get_mut(148..155) {
        put_number(field, sum, Style::Ustar);
    }
    // Unlike other numbers: a NUL, then a blank.
    put_text(block, 154, 1, b"\0");
    out.extend_from_slice(block);
}

/// Where a name can be cut for ustar's two fields.
fn cut(name: &[u8]) -> Option<(&[u8], &[u8])> {
    for (at, _) in name.iter().enumerate().filter(|(_, b)| **b == b'/') {
        let (prefix, rest) = name.split_at(at);
        let rest = rest.get(1..).unwrap_or_default();
        if at <= 155 && at > 0 && (1..=100).contains(&rest.len()) {
            return Some((prefix, rest));
        }
    }
    None
}

fn extra(kind: u8, name: &[u8], bytes: &[u8], style: Style, out: &mut Vec<u8>) {
    let mode = if style == Style::Gnu { 0 } else { 0o644 };
    let head = Entry { mode, stored: bytes.len() as u64, ..Entry::default() };
    let (mut head, _) = block(&head, kind, name, b"", style);
    seal(&mut head, out);
    out.extend_from_slice(bytes);
    out.resize(out.len() + padding(bytes.len() as u64) as usize, 0);
}

fn record(key: &str, value: &[u8], out: &mut Vec<u8>) {
    // The length counts its own digits.
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    out.extend_from_slice(length.to_string().as_bytes());
    out.push(b' ');
    out.extend_from_slice(key.as_bytes());
    out.push(b'=');
    out.extend_from_slice(value);
    out.push(b'\n');
}

/// Puts the header of an entry behind `out`; its data and [`padding`] follow.
/// False when the format cannot hold it.
pub fn put(entry: &Entry, style: Style, out: &mut Vec<u8>) -> bool {
    let kind = match entry.kind() {
        _ if entry.hard => b'1',
        SYMLINK => b'2',
        CHARACTER => b'3',
        BLOCK => b'4',
        DIRECTORY => b'5',
        FIFO => b'6',
        REGULAR => b'0',
        _ => return false,
    };
    let mut name = entry.name.as_slice();
    let mut prefix: &[u8] = b"";
    match style {
        Style::Gnu => {
            // With their NULs.
            if entry.link.len() > 100 {
                extra(b'K', b"././@LongLink", &[&entry.link, &b"\0"[..]].concat(), style, out);
            }
            if name.len() > 100 {
                extra(b'L', b"././@LongLink", &[name, b"\0"].concat(), style, out);
            }
        }
        _ if name.len() > 100 => match cut(name) {
            Some((before, rest)) => (prefix, name) = (before, rest),
            None if style == Style::Ustar => return false,
            None => {}
        },
        _ => {}
    }
    if style == Style::Ustar && entry.link.len() > 100 {
        return false;
    }
    let (mut block, fits) = block(entry, kind, name, &entry.link, style);
    if style == Style::Pax {
        let mut pax = Vec::new();
        if entry.nanos != 0 || entry.mtime < 0 || entry.mtime >> 33 != 0 {
            let (mut whole, mut nanos) = (entry.mtime, entry.nanos);
            let mut sign = "";
            if whole < 0 && nanos > 0 {
                (whole, nanos) = (whole + 1, 1_000_000_000 - nanos);
                if whole == 0 {
                    sign = "-";
                }
            }
            let mut text = format!("{sign}{whole}");
            if nanos > 0 {
                text.push_str(format!(".{nanos:09}").trim_end_matches('0'));
            }
            record("mtime", text.as_bytes(), &mut pax);
        }
        if entry.name.len() > 100 && prefix.is_empty() {
            record("path", &entry.name, &mut pax);
        }
        if entry.link.len() > 100 {
            record("linkpath", &entry.link, &mut pax);
        }
        if entry.uid >> 21 != 0 {
            record("uid", entry.uid.to_string().as_bytes(), &mut pax);
        }
        if entry.gid >> 21 != 0 {
            record("gid", entry.gid.to_string().as_bytes(), &mut pax);
        }
        if entry.stored >> 33 != 0 {
            record("size", entry.stored.to_string().as_bytes(), &mut pax);
        }
        if !pax.is_empty() {
            let base = entry.name.rsplit(|&b| b == b'/').find(|p| !p.is_empty());
            let name = [b"./PaxHeaders/", base.unwrap_or(b"x")].concat();
            extra(b'x', name.get(..100.min(name.len())).unwrap_or_default(), &pax, style, out);
        }
    } else if !fits {
        return false;
    }
    put_text(&mut block, 345, 155, prefix);
    seal(&mut block, out);
    true
}

/// Everything that is read from an archive, for fuzzing.
pub fn exercise(bytes: &[u8]) {
    let mut stream =
        Unpacker::new(crate::compress::Format::None, crate::compress::Input::of_slice(bytes));
    let mut tar = Tar::default();
    while let Ok(Some(entry)) = tar.next(&mut stream) {
        let mut out = Vec::new();
        put(&entry, Style::Pax, &mut out);
        put(&entry, Style::Gnu, &mut out);
        if stream.skip(entry.stored.saturating_add(padding(entry.stored))).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compress::{Format, Input};

    fn read(bytes: &[u8]) -> Result<Vec<Entry>, Damage> {
        let mut stream = Unpacker::new(Format::None, Input::of_slice(bytes));
        let mut tar = Tar::default();
        let mut list = Vec::new();
        while let Some(entry) = tar.next(&mut stream)? {
            stream.skip(entry.stored + padding(entry.stored))?;
            list.push(entry);
        }
        Ok(list)
    }

    fn file(name: &[u8]) -> Entry {
        Entry { name: name.to_vec(), mode: REGULAR | 0o644, nlink: 1, ..Entry::default() }
    }

    #[test]
    fn numbers() {
        assert_eq!(number(b"0000644\0"), Some(0o644));
        assert_eq!(number(b"   644 \0"), Some(0o644));
        assert_eq!(number(b"\0\0\0\0"), Some(0));
        assert_eq!(number(b"64x"), None);
        assert_eq!(number(b"\x80\0\0\0\0\0\0\0\0\0\x01\0"), Some(256));
        assert_eq!(number(&[0xff; 12]), Some(-1));
        assert_eq!(number(b"\x81\0\0\0\0\0\0\0\0\0\0\0"), None);
        for value in [0, 7, 0o7777777, 1 << 40, -5, i64::MAX] {
            let mut field = [0; 12];
            assert!(put_number(&mut field, value, Style::Gnu));
            assert_eq!(number(&field), Some(value), "{value}");
        }
        assert!(!put_number(&mut [0; 8], 1 << 21, Style::Ustar));
        assert_eq!(seconds(b"-1.5"), Some((-2, 500_000_000)));
        assert_eq!(seconds(b"12"), Some((12, 0)));
    }

    #[test]
    fn there_and_back_in_every_style() {
        for style in [Style::Gnu, Style::Ustar, Style::Pax] {
            let long = [&b"folder/"[..].repeat(20), &b"x".repeat(90)[..]].concat();
            let mut entries = vec![file(b"a"), file(&long)];
            entries.push(Entry {
                mode: SYMLINK | 0o777,
                link: b"target".to_vec(),
                user: b"me".to_vec(),
                ..file(b"l")
            });
            entries.push(Entry { mode: CHARACTER | 0o600, rdev: (5, 1), ..file(b"dev/c") });
            if style != Style::Ustar {
                entries.push(file(&b"n".repeat(300)));
                entries.push(Entry { uid: 1 << 30, mtime: 1 << 35, ..file(b"big") });
                entries.push(Entry { mtime: -3, ..file(b"old") });
                entries.push(Entry {
                    mode: SYMLINK | 0o777,
                    link: b"t".repeat(150),
                    ..file(b"far")
                });
            }
            if style == Style::Pax {
                entries.push(Entry { mtime: -1, nanos: 250_000_000, ..file(b"fine") });
            }
            let mut bytes = Vec::new();
            for entry in &entries {
                assert!(put(entry, style, &mut bytes), "{style:?}");
            }
            bytes.resize(bytes.len() + 1024, 0);
            let mut found = read(&bytes).unwrap();
            for entry in &mut found {
                entry.offset = 0;
            }
            assert_eq!(found, entries, "{style:?}");
            for at in 0..bytes.len().min(3000) {
                let mut wrong = bytes.clone();
                wrong[at] ^= 0x11;
                exercise(&wrong);
                exercise(&bytes[..at]);
            }
        }
        assert!(!put(&file(&b"n".repeat(300)), Style::Ustar, &mut Vec::new()));
    }

    #[test]
    fn what_is_no_archive() {
        assert_eq!(read(b""), Err(Damage::Empty));
        assert_eq!(read(&[1; 100]), Err(Damage::Short));
        assert_eq!(read(&[1; 512]), Err(Damage::Header(0)));
        assert_eq!(read(&[0; 1024]), Ok(vec![]));
    }
}
