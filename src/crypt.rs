//! Passwords and crypt strings: `$5$` and `$6$` (SHA-crypt, by its
//! specification of 2007) and `$y$` (yescrypt). crypt(5). The C library of the
//! static build has no crypt(3).

mod legacy;

pub use legacy::{des_crypt, md5_crypt};

use sha2::{Digest as _, Sha256, Sha512};

/// Longer passwords are nobody's: hashing takes time by the byte.
const LONGEST: usize = 512;

/// The most memory that a `$y$` hash may ask for: 128 * N * r bytes.
const MOST_MEMORY: u64 = 256 << 20;

const LETTERS: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Whether `password` is the one that `hash`, a crypt string of a kind that is
/// fit for passwords (`$6$`, `$y$`), was made of. A malformed hash is false.
pub fn matches(password: &[u8], hash: &[u8]) -> bool {
    (hash.starts_with(b"$6$") || hash.starts_with(b"$y$")) && opens(password, hash)
}

/// [`matches`] for the accounts of a system, whose hashes may be `$5$` too. A
/// failure token (`*0`), a locked or an empty field never matches anything.
pub fn opens(password: &[u8], hash: &[u8]) -> bool {
    self::hash(password, hash).is_some_and(|answer| is_same(&answer, hash))
}

/// The crypt string of a password by a setting (`$6$salt$`, or a whole crypt
/// string); nothing for a kind that is not known, a setting that makes no
/// sense, or a password that is too long.
pub fn hash(password: &[u8], setting: &[u8]) -> Option<Vec<u8>> {
    if password.len() > LONGEST {
        return None;
    }
    match setting.get(..3)? {
        b"$5$" => sha_crypt(false, password, setting),
        b"$6$" => sha_crypt(true, password, setting),
        b"$y$" => yescrypt(password, setting),
        _ => None,
    }
}

/// Random bytes as the letters of a salt.
pub fn salt(random: &[u8]) -> Vec<u8> {
    random.iter().filter_map(|byte| LETTERS.get(usize::from(byte & 63))).copied().collect()
}

/// Compares in a time that does not tell where the difference is.
fn is_same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |all, (x, y)| all | (x ^ y)) == 0
}

fn digest(long: bool, parts: &[&[u8]]) -> Vec<u8> {
    if long {
        let mut state = Sha512::new();
        parts.iter().for_each(|part| state.update(part));
        state.finalize().to_vec()
    } else {
        let mut state = Sha256::new();
        parts.iter().for_each(|part| state.update(part));
        state.finalize().to_vec()
    }
}

/// `count` bytes of `block` over and over.
fn repeated(block: &[u8], count: usize) -> Vec<u8> {
    block.iter().copied().cycle().take(count).collect()
}

fn sha_crypt(long: bool, password: &[u8], setting: &[u8]) -> Option<Vec<u8>> {
    let mut rest = setting.get(3..)?;
    let mut rounds = 5000;
    let mut named = false;
    if let Some(text) = rest.strip_prefix(b"rounds=") {
        let end = text.iter().position(|&b| b == b'$')?;
        let number = std::str::from_utf8(text.get(..end)?).ok()?;
        rounds = number.parse::<u32>().ok()?.clamp(1000, 999_999_999);
        named = true;
        rest = text.get(end + 1..)?;
    }
    let salt = rest.split(|&b| b == b'$').next().unwrap_or_default();
    let salt = salt.get(..16).unwrap_or(salt);
    if salt.iter().any(|b| matches!(b, b':' | b'\n' | 0)) {
        return None;
    }
    let other = digest(long, &[password, salt, password]);
    let mut first = [password, salt, &repeated(&other, password.len())].concat();
    let mut bits = password.len();
    while bits > 0 {
        first.extend_from_slice(if bits & 1 == 1 { &other } else { password });
        bits >>= 1;
    }
    let mut state = digest(long, &[&first]);
    let p = repeated(&digest(long, &[&password.repeat(password.len())]), password.len());
    let times = 16 + usize::from(*state.first()?);
    let s = repeated(&digest(long, &[&salt.repeat(times)]), salt.len());
    for round in 0..rounds {
        let odd = round & 1 == 1;
        let mut parts: [&[u8]; 4] = [&state, &[], &[], &p];
        if odd {
            parts[0] = &p;
            parts[3] = &state;
        }
        if round % 3 != 0 {
            parts[1] = &s;
        }
        if round % 7 != 0 {
            parts[2] = &p;
        }
        state = digest(long, &parts);
    }
    let mut out = setting.get(..3)?.to_vec();
    if named {
        out.extend_from_slice(format!("rounds={rounds}$").as_bytes());
    }
    out.extend_from_slice(salt);
    out.push(b'$');
    let byte = |at: usize| u32::from(state.get(at).copied().unwrap_or(0));
    let mut put = |a: u32, b: u32, c: u32, letters: u32| {
        let bits = a << 16 | b << 8 | c;
        for n in 0..letters {
            out.extend(LETTERS.get((bits >> (6 * n) & 63) as usize));
        }
    };
    // Three bytes a third apart, whose order turns.
    let (groups, turn) = if long { (21, 1) } else { (10, 2) };
    for group in 0..groups {
        let three = [group, group + groups, group + 2 * groups];
        let [a, b, c] = [0, 1, 2].map(|n| byte(three[(n + group * turn) % 3]));
        put(a, b, c, 4);
    }
    if long {
        put(0, 0, byte(63), 2);
    } else {
        put(0, byte(31), byte(30), 3);
    }
    Some(out)
}

fn yescrypt(password: &[u8], setting: &[u8]) -> Option<Vec<u8>> {
    let mut fields = setting.get(3..)?.split(|&b| b == b'$');
    let (parameters, salt) = (fields.next()?, fields.next()?);
    let params: yescrypt::Params = std::str::from_utf8(parameters).ok()?.parse().ok()?;
    let memory = params.n().checked_mul(u64::from(params.r()))?.checked_mul(128)?;
    if memory > MOST_MEMORY || params.n() < 2 || params.p() != 1 || salt.len() > 86 {
        return None;
    }
    let salt_bytes = decoded(salt)?;
    let mut key = [0; 32];
    yescrypt::yescrypt(password, &salt_bytes, &params, &mut key).ok()?;
    let mut out = [b"$y$".as_slice(), parameters, b"$", salt, b"$"].concat();
    for three in key.chunks(3) {
        let mut bits = 0;
        for (n, &byte) in three.iter().enumerate() {
            bits |= u32::from(byte) << (8 * n);
        }
        for n in 0..=three.len() {
            out.extend(LETTERS.get((bits >> (6 * n) & 63) as usize));
        }
    }
    Some(out)
}

/// Bytes of base 64 with the lowest bits first.
fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for four in text.chunks(4) {
        let mut bits = 0;
        for (n, letter) in four.iter().enumerate() {
            let value = LETTERS.iter().position(|known| known == letter)?;
            bits |= u32::try_from(value).ok()? << (6 * n);
        }
        for n in 0..four.len() * 6 / 8 {
            out.push((bits >> (8 * n) & 255) as u8);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the specification (Drepper, Unix crypt using SHA-256
    /// and SHA-512), and one of the libxcrypt of Debian 12.
    const HELLO: &[u8] = b"$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1";

    #[test]
    fn passwords() {
        assert!(matches(b"Hello world!", HELLO));
        assert!(!matches(b"Hello world", HELLO));
        let hash = |password: &str, setting: &str| {
            let answer = hash(password.as_bytes(), setting.as_bytes());
            answer.map(|bytes| String::from_utf8(bytes).unwrap())
        };
        assert_eq!(
            hash("Hello world!", "$5$saltstring").as_deref(),
            Some("$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5")
        );
        let text = "a very much longer text to encrypt.";
        for expected in [
            "$5$rounds=10000$saltstringsaltst$lIgBgcqU.42M7FnMu8uzGr/IiMb3L4qMbb7iFj2BtqD",
            "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$fxjjCl63FdZqMLhq819/OIbegl.UjY7alQ4kk0bnjF2",
            "$6$rounds=1400$anotherlongsalts$gcqWy8YP4ck.Vdlo7M1LGDHs2rcLB5yO7t.qtjugLkoxi0ZJFQeEbBVv/meM7XB3ZjNW0qN7aJ6Otq.PcqSRe/",
        ] {
            assert_eq!(hash(text, expected).as_deref(), Some(expected));
        }
        assert_eq!(
            hash(&"x".repeat(100), "$5$ab$").as_deref(),
            Some("$5$ab$svYVzYiHQ00pqjxflzlcIykQiiQG2N6nGb5MGoCzhM1")
        );
        assert_eq!(
            hash("", "$6$ab$").as_deref(),
            Some(
                "$6$ab$xnh5Qsr2NdbFw1PgdZie7nLON3gv.S.23iQDBqAzkdoXPtDnVSpludXkM5UWybQO3OI7hBj9wHg9Ow6sUWD60/"
            )
        );
        assert_eq!(hash("x", "$1$salt$"), None);
        assert_eq!(hash(&"x".repeat(513), "$6$salt$"), None);
    }

    #[test]
    fn malformed_hashes_match_nothing() {
        for bad in [
            &b""[..],
            b"*0",
            b"!",
            b"$6$",
            b"$6$salt$",
            b"$6$rounds=x$salt$abc",
            b"$6$rounds=99999999999$s$",
            b"$y$",
            b"$y$j9T$",
            b"$y$j9T$abc$",
            b"$y$jzT$abc$x",
            b"$y$!!!$abc$x",
            b"abJnggxhB/yWI",
        ] {
            for password in [&b""[..], b"x", bad] {
                assert!(!opens(password, bad), "{}", String::from_utf8_lossy(bad));
            }
        }
    }
}
