//! Passwords and secrets compared with what somebody typed.

/// Whether `password` is the one that the crypt string was made of; false for
/// a malformed one.
pub fn matches(password: &[u8], hash: &[u8]) -> bool {
    crate::crypt::matches(password, hash)
}

/// Compares in a time that does not tell where the difference is.
pub fn is_same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |all, (x, y)| all | (x ^ y)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparing() {
        assert!(is_same(b"abc", b"abc") && !is_same(b"abc", b"abd") && !is_same(b"ab", b"abc"));
    }
}
