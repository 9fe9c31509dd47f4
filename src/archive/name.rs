//! Names in archives: which part of them may be used, and which entries are
//! meant by patterns.

use crate::shell::pattern;

/// A name without what would lead out of the folder that it is put in: slashes
/// in front, and everything up to the last `..`. Gives also what was taken
/// off. What is left may be empty.
pub fn inside(name: &[u8]) -> (&[u8], &[u8]) {
    let mut start = 0;
    let mut at = 0;
    for part in name.split(|&b| b == b'/') {
        let next = at + part.len() + 1;
        if part == b".." {
            start = next;
        }
        at = next;
    }
    let mut start = start.min(name.len());
    while name.get(start) == Some(&b'/') {
        start += 1;
    }
    name.split_at_checked(start).unwrap_or((b"", name))
}

/// A name without its first `count` parts; nothing when it has no more.
pub fn without_parts(name: &[u8], count: usize) -> Option<&[u8]> {
    let mut rest = name;
    for _ in 0..count {
        let slash = rest.iter().position(|&b| b == b'/')?;
        rest = rest.get(slash..)?;
        while let [b'/', behind @ ..] = rest {
            rest = behind;
        }
    }
    if rest.is_empty() { None } else { Some(rest) }
}

/// Whether the pattern means this name, or a folder that it is in.
pub fn covers(pattern: &[u8], name: &[u8]) -> bool {
    let pattern = trimmed(pattern);
    let name = trimmed(name);
    if !pattern::is_magic(pattern) {
        let behind = name.strip_prefix(pattern);
        return behind.is_some_and(|rest| matches!(rest, [] | [b'/', ..]));
    }
    let ends = name.iter().enumerate().filter(|(_, b)| **b == b'/').map(|(at, _)| at);
    ends.chain([name.len()])
        .any(|end| pattern::matches(pattern, name.get(..end).unwrap_or_default()))
}

/// [`covers`], from any part of the name on, as GNU's `--exclude` has it.
pub fn excludes(pattern: &[u8], name: &[u8]) -> bool {
    if covers(pattern, name) {
        return true;
    }
    let mut rest = name;
    while let Some(slash) = rest.iter().position(|&b| b == b'/') {
        rest = rest.get(slash + 1..).unwrap_or_default();
        if covers(pattern, rest) {
            return true;
        }
    }
    false
}

fn trimmed(mut name: &[u8]) -> &[u8] {
    while let [rest @ .., b'/'] = name {
        if rest.is_empty() {
            break;
        }
        name = rest;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside() {
        for (name, kept) in [
            ("a/b", "a/b"),
            ("/a", "a"),
            ("//a//b/", "a//b/"),
            ("../a", "a"),
            ("a/../../b/c", "b/c"),
            ("a/..", ""),
            ("..", ""),
            ("/", ""),
            ("...", "..."),
            ("a/..b", "a/..b"),
            ("../../", ""),
        ] {
            assert_eq!(inside(name.as_bytes()).1, kept.as_bytes(), "{name}");
        }
    }

    #[test]
    fn parts() {
        assert_eq!(without_parts(b"a/b/c", 1), Some(&b"b/c"[..]));
        assert_eq!(without_parts(b"a//b", 1), Some(&b"b"[..]));
        assert_eq!(without_parts(b"a/", 1), None);
        assert_eq!(without_parts(b"a", 1), None);
        assert_eq!(without_parts(b"a", 0), Some(&b"a"[..]));
    }

    #[test]
    fn patterns() {
        assert!(covers(b"d", b"d/f"));
        assert!(covers(b"d/", b"d/"));
        assert!(!covers(b"d", b"de"));
        assert!(covers(b"*.c", b"a/b.c"));
        assert!(covers(b"a*", b"a/b/c"));
        assert!(excludes(b"f", b"d/f"));
        assert!(excludes(b"f", b"d/f/g"));
        assert!(excludes(b"*.o", b"d/x.o"));
        assert!(!excludes(b"f", b"d/fg"));
    }
}
