//! The keys that lines are compared by.

use std::cmp::Ordering;

use crate::applets::ls::by_version;
use crate::sys::float;

/// How a key is ordered.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Order {
    #[default]
    Text,
    Number,
    /// With an exponent.
    General,
    /// With a unit.
    Human,
    Month,
    Version,
    Random,
}

/// The flags of a key.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Flags {
    pub(super) order: Order,
    pub(super) reverse: bool,
    fold: bool,
    dictionary: bool,
    printable: bool,
    /// Blanks are skipped before the start, before the end.
    blanks: (bool, bool),
}

impl Flags {
    /// Sets the flag of this letter; false when there is no such.
    pub(super) fn set(&mut self, letter: u8) -> bool {
        match letter {
            b'n' => self.order = Order::Number,
            b'g' => self.order = Order::General,
            b'h' => self.order = Order::Human,
            b'M' => self.order = Order::Month,
            b'V' => self.order = Order::Version,
            b'R' => self.order = Order::Random,
            b'r' => self.reverse = true,
            b'f' => self.fold = true,
            b'd' => self.dictionary = true,
            b'i' => self.printable = true,
            b'b' => self.blanks = (true, true),
            _ => return false,
        }
        true
    }

    /// The byte as it counts, or nothing.
    #[inline]
    fn seen(self, byte: u8) -> Option<u8> {
        if self.dictionary && !(byte.is_ascii_alphanumeric() || byte == b' ' || byte == b'\t')
            || self.printable && !(32..127).contains(&byte)
        {
            return None;
        }
        Some(if self.fold { byte.to_ascii_uppercase() } else { byte })
    }
}

/// A part of a line: field and byte of its start, counted from 0; field and
/// byte of its end, where byte 0 is the end of the field before.
pub(super) struct Key {
    start: (usize, usize),
    end: Option<(usize, usize)>,
    pub(super) flags: Flags,
    pub(super) tab: Option<u8>,
}

/// Reads `F[.C][FLAGS][,F[.C][FLAGS]]`.
pub(super) fn parse(text: &[u8]) -> Option<Key> {
    let mut flags = Flags::default();
    let (start, end) = match text.iter().position(|&b| b == b',') {
        Some(at) => (text.get(..at)?, text.get(at + 1..)),
        None => (text, None),
    };
    let (field, byte, letters) = place(start)?;
    // Blanks are a matter of each end.
    let mut blanks = (false, false);
    for &letter in letters {
        match letter {
            b'b' => blanks.0 = true,
            _ if flags.set(letter) => {}
            _ => return None,
        }
    }
    let start = (field.checked_sub(1)?, byte.unwrap_or(1).checked_sub(1)?);
    let end = match end {
        None => None,
        Some(text) => {
            let (field, byte, letters) = place(text)?;
            for &letter in letters {
                match letter {
                    b'b' => blanks.1 = true,
                    _ if flags.set(letter) => {}
                    _ => return None,
                }
            }
            let field = field.checked_sub(1)?;
            match byte.unwrap_or(0) {
                0 => Some((field + 1, 0)),
                byte => Some((field, byte)),
            }
        }
    };
    flags.blanks = blanks;
    Some(Key { start, end, flags, tab: None })
}

/// Field, byte, and what is behind.
fn place(text: &[u8]) -> Option<(usize, Option<usize>, &[u8])> {
    let (field, rest) = number(text)?;
    match rest.split_first() {
        Some((b'.', rest)) => {
            let (byte, rest) = number(rest)?;
            Some((field, Some(byte), rest))
        }
        _ => Some((field, None, rest)),
    }
}

fn number(text: &[u8]) -> Option<(usize, &[u8])> {
    let count = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(count);
    let value = digits.iter().fold(0usize, |n, b| {
        n.saturating_mul(10).saturating_add(usize::from(b - b'0')).min(usize::MAX / 4)
    });
    (count > 0).then_some((value, rest))
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n')
}

impl Key {
    /// The whole line.
    pub(super) fn whole(flags: Flags) -> Key {
        Key { start: (0, 0), end: None, flags, tab: None }
    }

    /// A key without flags of its own has those of the command.
    pub(super) fn inherit(&mut self, global: Flags) {
        if self.flags == Flags::default() {
            self.flags = global;
        }
    }

    /// Whether it is the whole line, compared byte by byte.
    pub(super) fn is_plain(&self) -> bool {
        let forward = Flags { reverse: false, ..self.flags };
        self.start == (0, 0) && self.end.is_none() && forward == Flags::default()
    }

    /// Where field number `field` starts, or the line ends.
    fn field(&self, line: &[u8], field: usize) -> usize {
        let mut at = 0;
        for _ in 0..field {
            let rest = line.get(at..).unwrap_or_default();
            if rest.is_empty() {
                break;
            }
            at += match self.tab {
                Some(tab) => memchr::memchr(tab, rest).map_or(rest.len(), |n| n + 1),
                None => {
                    let blanks = rest.iter().take_while(|b| is_blank(**b)).count();
                    let word = rest.iter().skip(blanks).take_while(|b| !is_blank(**b)).count();
                    blanks + word
                }
            };
        }
        at
    }

    fn skip_blanks(line: &[u8], at: usize) -> usize {
        let rest = line.get(at..).unwrap_or_default();
        at + rest.iter().take_while(|b| is_blank(**b)).count()
    }

    /// The part of the line.
    fn of<'l>(&self, line: &'l [u8]) -> &'l [u8] {
        if self.start == (0, 0) && self.end.is_none() {
            let at = if self.flags.blanks.0 { Key::skip_blanks(line, 0) } else { 0 };
            return line.get(at..).unwrap_or_default();
        }
        let mut from = self.field(line, self.start.0);
        if self.flags.blanks.0 {
            from = Key::skip_blanks(line, from);
        }
        from = from.saturating_add(self.start.1).min(line.len());
        let to = match self.end {
            None => line.len(),
            Some((field, 0)) => {
                let at = self.field(line, field);
                // Not the byte between this field and the next.
                match self.tab {
                    Some(tab) if at > 0 && self.ends_behind(line, at, field, tab) => at - 1,
                    _ => at,
                }
            }
            Some((field, byte)) => {
                let mut at = self.field(line, field);
                if self.flags.blanks.1 {
                    at = Key::skip_blanks(line, at);
                }
                at.saturating_add(byte).min(line.len())
            }
        };
        line.get(from..to).unwrap_or_default()
    }

    /// Whether the byte before `at` is the one that ends field `field`, and not
    /// part of a line that has fewer fields.
    fn ends_behind(&self, line: &[u8], at: usize, field: usize, tab: u8) -> bool {
        if at < line.len() {
            return true;
        }
        line.last() == Some(&tab) && memchr::memchr_iter(tab, line).count() >= field
    }

    /// A number that is in the order of the keys as far as it goes: where it
    /// differs the order is known.
    pub(super) fn rank(&self, line: &[u8], seed: u64) -> u64 {
        let text = self.of(line);
        let rank = match self.flags.order {
            Order::Text => {
                if let (Some(first), true) = (text.first_chunk::<8>(), self.is_bytes()) {
                    u64::from_be_bytes(*first)
                } else {
                    let mut bytes = [0; 8];
                    let seen = text.iter().filter_map(|b| self.flags.seen(*b));
                    for (place, byte) in bytes.iter_mut().zip(seen) {
                        *place = byte;
                    }
                    u64::from_be_bytes(bytes)
                }
            }
            Order::Number => {
                let number = Number::of(text);
                let size = number
                    .whole
                    .iter()
                    .try_fold(0u64, |n, b| n.checked_mul(10)?.checked_add(u64::from(b - b'0')));
                let size = size.unwrap_or(u64::MAX).min(1 << 62);
                if number.negative { (1 << 63) - size } else { (1 << 63) + size }
            }
            Order::General => general(text),
            Order::Month => month(text),
            Order::Random => hash(text, seed),
            Order::Human | Order::Version => 0,
        };
        if self.flags.reverse { !rank } else { rank }
    }

    fn is_bytes(&self) -> bool {
        !(self.flags.fold || self.flags.dictionary || self.flags.printable)
    }

    /// The order of two lines by this key.
    pub(super) fn compare(&self, a: &[u8], b: &[u8], seed: u64) -> Ordering {
        let (a, b) = (self.of(a), self.of(b));
        let result = match self.flags.order {
            Order::Text if self.is_bytes() => a.cmp(b),
            Order::Text => {
                let seen = |b: &u8| self.flags.seen(*b);
                a.iter().filter_map(seen).cmp(b.iter().filter_map(seen))
            }
            Order::Number => Number::of(a).compare(&Number::of(b)),
            Order::Human => {
                let (x, y) = (Number::of(a), Number::of(b));
                x.unit().cmp(&y.unit()).then_with(|| x.compare(&y))
            }
            Order::General => general(a).cmp(&general(b)),
            Order::Month => month(a).cmp(&month(b)),
            Order::Version if self.is_bytes() => by_version(a, b),
            Order::Version => {
                let seen = |text: &[u8]| -> Vec<u8> {
                    text.iter().filter_map(|b| self.flags.seen(*b)).collect()
                };
                by_version(&seen(a), &seen(b))
            }
            Order::Random => hash(a, seed).cmp(&hash(b, seed)).then_with(|| a.cmp(b)),
        };
        if self.flags.reverse { result.reverse() } else { result }
    }
}

/// A decimal number as it is written: without zeros at its ends.
struct Number<'t> {
    negative: bool,
    whole: &'t [u8],
    part: &'t [u8],
    unit: u8,
}

impl<'t> Number<'t> {
    fn of(text: &'t [u8]) -> Number<'t> {
        let text = text.get(Key::skip_blanks(text, 0)..).unwrap_or_default();
        let (negative, text) = match text.strip_prefix(b"-") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
        let (mut whole, mut rest) = text.split_at(digits(text));
        while let Some((b'0', tail)) = whole.split_first() {
            whole = tail;
        }
        let mut part: &[u8] = b"";
        if let Some(tail) = rest.strip_prefix(b".") {
            (part, rest) = tail.split_at(digits(tail));
            while let Some((b'0', head)) = part.split_last() {
                part = head;
            }
        }
        let zero = whole.is_empty() && part.is_empty();
        let unit = rest.first().copied().unwrap_or(0);
        Number { negative: negative && !zero, whole, part, unit: if zero { 0 } else { unit } }
    }

    fn compare(&self, other: &Number) -> Ordering {
        if self.negative != other.negative {
            return other.negative.cmp(&self.negative);
        }
        let result = (self.whole.len().cmp(&other.whole.len()))
            .then_with(|| self.whole.cmp(other.whole))
            .then_with(|| self.part.cmp(other.part));
        if self.negative { result.reverse() } else { result }
    }

    /// The power of the unit, negative for a negative number.
    fn unit(&self) -> i64 {
        let known = b"KMGTPEZY";
        let unit = if self.unit == b'k' { b'K' } else { self.unit };
        let power = known.iter().position(|k| *k == unit).map_or(0, |n| n + 1);
        let power = i64::try_from(power).unwrap_or(0);
        if self.negative { -power } else { power }
    }
}

/// The order of numbers with an exponent: what is none first, then what is
/// "not a number", then the numbers.
fn general(text: &[u8]) -> u64 {
    let (value, used) = float::parse(text);
    if used == 0 {
        return 0;
    }
    if value.is_nan() {
        return 1;
    }
    // -0 is 0
    let bits = (value + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

fn month(text: &[u8]) -> u64 {
    let text = text.get(Key::skip_blanks(text, 0)..).unwrap_or_default();
    let Some(name) = text.get(..3) else { return 0 };
    let names = b"JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
    let found = names.chunks(3).position(|n| n.eq_ignore_ascii_case(name));
    found.map_or(0, |n| n as u64 + 1)
}

/// FNV-1a with the seed, mixed.
fn hash(text: &[u8], seed: u64) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ seed;
    for byte in text {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash ^= hash >> 29;
    hash.wrapping_mul(0xbf58_476d_1ce4_e5b9) ^ hash >> 32
}
