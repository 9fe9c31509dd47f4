//! The password of this machine's rescue shells.

/// The crypt string that is configured: `password =` of /etc/rescuebox.conf,
/// otherwise root's in /etc/shadow. One that is locked or empty is none.
pub fn configured() -> Option<Vec<u8>> {
    let conf = crate::sys::file::read("/etc/rescuebox.conf").unwrap_or_default();
    if let Some(hash) = in_settings(&conf) {
        return Some(hash);
    }
    in_shadow(&crate::sys::file::read("/etc/shadow").unwrap_or_default())
}

fn in_settings(text: &[u8]) -> Option<Vec<u8>> {
    let value = |line: &[u8]| {
        let rest = line.trim_ascii().strip_prefix(b"password")?.trim_ascii_start();
        Some(rest.strip_prefix(b"=")?.trim_ascii().to_vec())
    };
    text.split(|&b| b == b'\n').filter_map(value).next_back()
}

fn in_shadow(text: &[u8]) -> Option<Vec<u8>> {
    let root = text.split(|&b| b == b'\n').find_map(|line| line.strip_prefix(b"root:"))?;
    let hash = root.split(|&b| b == b':').next()?;
    (!matches!(hash, [] | b"x" | [b'!' | b'*', ..])).then(|| hash.to_vec())
}

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
    fn where_it_stands() {
        let conf = b"# x\nlock = no\n password=$6$a$b \n";
        assert_eq!(in_settings(conf).unwrap(), b"$6$a$b");
        assert_eq!(in_settings(b"passwords = x\n#password = y\n"), None);
        assert_eq!(in_shadow(b"a:b:\nroot:$6$x$y:1:2\n").unwrap(), b"$6$x$y");
        for locked in ["root::1", "root:!:1", "root:*:1", "root:x:1", "root:!$6$x$y:", "toor:$6$"] {
            assert_eq!(in_shadow(locked.as_bytes()), None);
        }
        assert!(is_same(b"abc", b"abc") && !is_same(b"abc", b"abd") && !is_same(b"ab", b"abc"));
    }
}
