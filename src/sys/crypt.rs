//! Passwords against crypt strings. crypt(3), crypt(5).
//!
//! `$6$` (SHA-512) is the C library's; whatever it does not know is a password
//! that nobody has.

use std::ffi::CString;

// With glibc the function is in a library of its own.
#[cfg_attr(target_env = "gnu", link(name = "crypt"))]
unsafe extern "C" {
    fn crypt(key: *const libc::c_char, setting: *const libc::c_char) -> *mut libc::c_char;
}

/// Longer passwords are nobody's: hashing takes time by the byte.
const LONGEST: usize = 512;

/// Whether `password` is the one that `hash`, a crypt string of a kind that is
/// fit for passwords (`$6$`, `$y$`), was made of. A malformed hash is false.
pub fn matches(password: &[u8], hash: &[u8]) -> bool {
    is_hash(hash) && opens(password, hash)
}

/// [`matches`] for the accounts of a system, whose hashes may be of any kind
/// that the C library knows (`$1$`, `$5$`, `$2b$`, of 13 characters).
pub fn opens(password: &[u8], hash: &[u8]) -> bool {
    // A failure token (`*0`) is shorter than any hash.
    hash.len() >= 13 && self::hash(password, hash).is_some_and(|answer| is_same(&answer, hash))
}

/// The crypt string of a password by a setting (`$6$salt$`); nothing when the
/// C library does not know that kind, or for a password that is too long.
pub fn hash(password: &[u8], setting: &[u8]) -> Option<Vec<u8>> {
    if password.len() > LONGEST {
        return None;
    }
    let (key, setting) = (CString::new(password).ok()?, CString::new(setting).ok()?);
    // SAFETY: both are C strings, and the program has one thread, so nobody
    // else uses the buffer that the answer is in.
    let answer = unsafe { crypt(key.as_ptr(), setting.as_ptr()) };
    if answer.is_null() {
        return None;
    }
    // SAFETY: an answer is a C string in that buffer.
    let answer = unsafe { std::ffi::CStr::from_ptr(answer) }.to_bytes().to_vec();
    (!answer.starts_with(b"*")).then_some(answer)
}

/// Whether this can be a crypt string at all, so that a failure token
/// (`*0`) or an empty field never matches anything.
fn is_hash(hash: &[u8]) -> bool {
    let kind = [b"$6$".as_slice(), b"$y$"].into_iter().find(|kind| hash.starts_with(kind));
    let Some(rest) = kind.and_then(|kind| hash.strip_prefix(kind)) else { return false };
    let digest = rest.rsplit(|&b| b == b'$').next().unwrap_or_default();
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'/');
    let length = if kind == Some(b"$6$") { 86 } else { 43 };
    digest.len() == length && digest.iter().all(plain) && rest.len() > length
}

/// Compares in a time that does not tell where the difference is.
fn is_same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |all, (x, y)| all | (x ^ y)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the algorithm's paper (Drepper, Unix crypt using SHA-256
    /// and SHA-512).
    const HELLO: &[u8] = b"$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1";

    #[test]
    fn passwords() {
        assert!(matches(b"Hello world!", HELLO));
        assert!(!matches(b"Hello world", HELLO));
        assert!(!matches(b"", HELLO));
    }

    #[test]
    fn malformed_hashes_match_nothing() {
        for hash in [
            b"".as_slice(),
            b"*",
            b"*0",
            b"x",
            b"Hello world!",
            b"$6$",
            b"$6$saltstring$",
            &HELLO[..HELLO.len() - 1],
            b"$1$salt$qJH7.N4xYta3aEG/dfqo/0",
            b"$6$salt$\0",
        ] {
            for password in [b"".as_slice(), b"*0", b"x", b"Hello world!"] {
                assert!(!matches(password, hash), "{hash:?}");
            }
        }
        let mut other = HELLO.to_vec();
        let last = other.len() - 1;
        other[last] = if other[last] == b'1' { b'2' } else { b'1' };
        assert!(!matches(b"Hello world!", &other));
    }
}
