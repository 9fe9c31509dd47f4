//! Hashes of old: `$1$` (MD5) and DES with a salt of two letters. crypt(5).
//! They are made for other machines; no password is ever checked by them here.

use super::LETTERS;
use crate::digest::{Hasher, Kind};

fn md5(parts: &[&[u8]]) -> Vec<u8> {
    let mut state = Hasher::new(Kind::Md5);
    parts.iter().for_each(|part| state.update(part));
    state.finish()
}

/// `$1$salt$...`, of at most 8 letters of salt.
pub fn md5_crypt(password: &[u8], salt: &[u8]) -> Vec<u8> {
    let salt = salt.get(..8).unwrap_or(salt);
    let other = md5(&[password, salt, password]);
    let mut first = [password, b"$1$", salt].concat();
    first.extend(other.iter().cycle().take(password.len()));
    let mut bits = password.len();
    while bits > 0 {
        first.push(if bits & 1 == 1 { 0 } else { password.first().copied().unwrap_or(0) });
        bits >>= 1;
    }
    let mut state = md5(&[&first]);
    for round in 0..1000 {
        let (a, b) = if round % 2 == 1 { (password, &state[..]) } else { (&state[..], password) };
        let salt = if round % 3 == 0 { &[] } else { salt };
        let middle = if round % 7 == 0 { &[] } else { password };
        state = md5(&[a, salt, middle, b]);
    }
    let mut out = [b"$1$", salt, b"$"].concat();
    let byte = |at: usize| u32::from(state.get(at).copied().unwrap_or(0));
    let groups = [(0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5)];
    for (a, b, c) in groups {
        put(byte(a) << 16 | byte(b) << 8 | byte(c), 4, &mut out);
    }
    put(byte(11), 2, &mut out);
    out
}

/// The lowest six bits first.
fn put(bits: u32, letters: u32, out: &mut Vec<u8>) {
    for n in 0..letters {
        out.extend(LETTERS.get((bits >> (6 * n) & 63) as usize));
    }
}

// FIPS 46-3. Bits are counted from 1, the highest.

const PERMUTED_CHOICE_1: [u8; 56] = [
    57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60,
    52, 44, 36, 63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29,
    21, 13, 5, 28, 20, 12, 4,
];

const PERMUTED_CHOICE_2: [u8; 48] = [
    14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2, 41, 52,
    31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];

const SHIFTS: [u32; 16] = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1];

const EXPANSION: [u8; 48] = [
    32, 1, 2, 3, 4, 5, 4, 5, 6, 7, 8, 9, 8, 9, 10, 11, 12, 13, 12, 13, 14, 15, 16, 17, 16, 17, 18,
    19, 20, 21, 20, 21, 22, 23, 24, 25, 24, 25, 26, 27, 28, 29, 28, 29, 30, 31, 32, 1,
];

const PERMUTATION: [u8; 32] = [
    16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19,
    13, 30, 6, 22, 11, 4, 25,
];

/// Each box has four rows of sixteen.
const BOXES: [[u8; 64]; 8] = [
    [
        14, 4, 13, 1, 2, 15, 11, 8, 3, 10, 6, 12, 5, 9, 0, 7, 0, 15, 7, 4, 14, 2, 13, 1, 10, 6, 12,
        11, 9, 5, 3, 8, 4, 1, 14, 8, 13, 6, 2, 11, 15, 12, 9, 7, 3, 10, 5, 0, 15, 12, 8, 2, 4, 9,
        1, 7, 5, 11, 3, 14, 10, 0, 6, 13,
    ],
    [
        15, 1, 8, 14, 6, 11, 3, 4, 9, 7, 2, 13, 12, 0, 5, 10, 3, 13, 4, 7, 15, 2, 8, 14, 12, 0, 1,
        10, 6, 9, 11, 5, 0, 14, 7, 11, 10, 4, 13, 1, 5, 8, 12, 6, 9, 3, 2, 15, 13, 8, 10, 1, 3, 15,
        4, 2, 11, 6, 7, 12, 0, 5, 14, 9,
    ],
    [
        10, 0, 9, 14, 6, 3, 15, 5, 1, 13, 12, 7, 11, 4, 2, 8, 13, 7, 0, 9, 3, 4, 6, 10, 2, 8, 5,
        14, 12, 11, 15, 1, 13, 6, 4, 9, 8, 15, 3, 0, 11, 1, 2, 12, 5, 10, 14, 7, 1, 10, 13, 0, 6,
        9, 8, 7, 4, 15, 14, 3, 11, 5, 2, 12,
    ],
    [
        7, 13, 14, 3, 0, 6, 9, 10, 1, 2, 8, 5, 11, 12, 4, 15, 13, 8, 11, 5, 6, 15, 0, 3, 4, 7, 2,
        12, 1, 10, 14, 9, 10, 6, 9, 0, 12, 11, 7, 13, 15, 1, 3, 14, 5, 2, 8, 4, 3, 15, 0, 6, 10, 1,
        13, 8, 9, 4, 5, 11, 12, 7, 2, 14,
    ],
    [
        2, 12, 4, 1, 7, 10, 11, 6, 8, 5, 3, 15, 13, 0, 14, 9, 14, 11, 2, 12, 4, 7, 13, 1, 5, 0, 15,
        10, 3, 9, 8, 6, 4, 2, 1, 11, 10, 13, 7, 8, 15, 9, 12, 5, 6, 3, 0, 14, 11, 8, 12, 7, 1, 14,
        2, 13, 6, 15, 0, 9, 10, 4, 5, 3,
    ],
    [
        12, 1, 10, 15, 9, 2, 6, 8, 0, 13, 3, 4, 14, 7, 5, 11, 10, 15, 4, 2, 7, 12, 9, 5, 6, 1, 13,
        14, 0, 11, 3, 8, 9, 14, 15, 5, 2, 8, 12, 3, 7, 0, 4, 10, 1, 13, 11, 6, 4, 3, 2, 12, 9, 5,
        15, 10, 11, 14, 1, 7, 6, 0, 8, 13,
    ],
    [
        4, 11, 2, 14, 15, 0, 8, 13, 3, 12, 9, 7, 5, 10, 6, 1, 13, 0, 11, 7, 4, 9, 1, 10, 14, 3, 5,
        12, 2, 15, 8, 6, 1, 4, 11, 13, 12, 3, 7, 14, 10, 15, 6, 8, 0, 5, 9, 2, 6, 11, 13, 8, 1, 4,
        10, 7, 9, 5, 0, 15, 14, 2, 3, 12,
    ],
    [
        13, 2, 8, 4, 6, 15, 11, 1, 10, 9, 3, 14, 5, 0, 12, 7, 1, 15, 13, 8, 10, 3, 7, 4, 12, 5, 6,
        11, 0, 14, 9, 2, 7, 11, 4, 1, 9, 12, 14, 2, 0, 6, 10, 13, 15, 3, 5, 8, 2, 1, 14, 7, 4, 10,
        8, 13, 15, 12, 9, 0, 3, 5, 6, 11,
    ],
];

/// The bits of `from`, `width` of them, that `table` names.
fn chosen(from: u64, width: u32, table: &[u8]) -> u64 {
    table.iter().fold(0, |bits, &at| bits << 1 | from >> (width - u32::from(at)) & 1)
}

/// The initial permutation is regular: the even columns before the odd ones,
/// each from below.
const COLUMNS: [u32; 8] = [6, 4, 2, 0, 7, 5, 3, 1];

fn initial(block: u64) -> u64 {
    let mut bits = 0;
    for column in COLUMNS {
        for row in 0..8 {
            bits = bits << 1 | block >> (8 * row + column) & 1;
        }
    }
    bits
}

/// Takes [`initial`] back.
fn last(bits: u64) -> u64 {
    let mut block = 0;
    let mut at = 64;
    for column in COLUMNS {
        for row in 0..8 {
            at -= 1;
            block |= (bits >> at & 1) << (8 * row + column);
        }
    }
    block
}

/// The keys of the sixteen rounds.
fn schedule(key: u64) -> [u64; 16] {
    let both = chosen(key, 64, &PERMUTED_CHOICE_1);
    let (mut c, mut d) = (both >> 28, both & 0xfff_ffff);
    SHIFTS.map(|shift| {
        let turned = |half: u64| (half << shift | half >> (28 - shift)) & 0xfff_ffff;
        (c, d) = (turned(c), turned(d));
        chosen(c << 28 | d, 56, &PERMUTED_CHOICE_2)
    })
}

/// One round's function; `swap` are the bits of the expansion that the salt
/// exchanges with those 24 behind them.
fn mixed(half: u64, key: u64, swap: u64) -> u64 {
    let wide = chosen(half, 32, &EXPANSION);
    let differing = (wide >> 24 ^ wide) & swap;
    let wide = wide ^ differing ^ differing << 24 ^ key;
    let mut out = 0;
    for (n, values) in BOXES.iter().enumerate() {
        let six = (wide >> (42 - 6 * n)) as usize & 63;
        let place = (six & 32) | (six & 1) << 4 | (six >> 1 & 15);
        out = out << 4 | u64::from(values.get(place).copied().unwrap_or(0));
    }
    chosen(out, 32, &PERMUTATION)
}

/// The traditional hash: eight letters of the password, two of the salt;
/// nothing when there are no two.
pub fn des_crypt(password: &[u8], salt: &[u8]) -> Option<Vec<u8>> {
    let salt = salt.get(..2)?;
    let mut swap = 0;
    for (n, letter) in salt.iter().enumerate() {
        let value = LETTERS.iter().position(|known| known == letter)?;
        for bit in 0..6 {
            // The first bit of the expansion is the highest.
            swap |= (value as u64 >> bit & 1) << (23 - 6 * n - bit);
        }
    }
    let key = (0..8).fold(0u64, |key, n| {
        let byte = password.get(n).copied().unwrap_or(0);
        key << 8 | u64::from(byte << 1)
    });
    let keys = schedule(key);
    let mut block = 0;
    for _ in 0..25 {
        let bits = initial(block);
        let (mut left, mut right) = (bits >> 32, bits & 0xffff_ffff);
        for key in keys {
            (left, right) = (right, left ^ mixed(right, key, swap));
        }
        block = last(right << 32 | left);
    }
    let mut out = salt.to_vec();
    for n in 0..11 {
        // 64 bits and two zeros
        let six = if n == 10 { block << 2 } else { block >> (58 - 6 * n) };
        out.extend(LETTERS.get((six & 63) as usize));
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_of_old() {
        let des = |password: &[u8], salt: &[u8]| {
            des_crypt(password, salt).map(|hash| String::from_utf8(hash).unwrap())
        };
        for (password, salt, expected) in [
            (&b"QWErty"[..], &b"55"[..], "55tgFLtkT1Y72"),
            (b"QWErty", b"123456789", "12MnB3PqfVbMA"),
            (b"", b"..", "..X8NBuQ4l6uQ"),
            (b"123456789012345678901234567890", b"55", "55s6HaZxwY/vg"),
            ("pässw".as_bytes(), b"..", "..mWq.lxwAapM"),
            (b"foo", b"ab", "abQ9KY.KfrYrc"),
        ] {
            assert_eq!(des(password, salt).as_deref(), Some(expected));
        }
        assert_eq!(des(b"x", b"a"), None);
        assert_eq!(des(b"x", b"a$"), None);
        let md5 =
            |password: &[u8], salt: &[u8]| String::from_utf8(md5_crypt(password, salt)).unwrap();
        assert_eq!(md5(b"QWErty", b"55"), "$1$55$nO2ABN6V3oIbriAoLCb4i.");
        assert_eq!(md5(b"QWErty", b"123456789"), "$1$12345678$9cONIpJCRpBvOi3LFYkhP.");
        assert_eq!(md5(b"", b"5"), "$1$5$DriH9mqqiqvY9j.Mhg3JD1");
        assert_eq!(md5(b"123456789012345678901234567890", b".."), "$1$..$iqjY64kq5kEZZRe2PGLOg1");
    }
}
