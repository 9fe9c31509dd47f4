//! The orders in which ls lists.

use std::cmp::Ordering;

/// What files are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// Bytes of the name.
    Name,
    /// Largest first.
    Size,
    /// Newest first.
    Time,
    /// What is behind the last dot of the name.
    Extension,
    /// Names with numbers in them by number.
    Version,
    /// As the folder has them.
    None,
}

/// Compares names so that numbers in them count as numbers (`x9` before
/// `x10`), by the rules that GNU coreutils' manual gives in "Version sort":
/// those of Debian versions, with suffixes like `.tar.gz` left out at first.
/// `a07` and `a7` are equal.
pub fn by_version(a: &[u8], b: &[u8]) -> Ordering {
    let rank = |name: &[u8]| match name {
        b"" => 0,
        b"." => 1,
        b".." => 2,
        [b'.', ..] => 3,
        _ => 4,
    };
    rank(a)
        .cmp(&rank(b))
        .then_with(|| candidates(a, b))
        .then_with(|| debian(without_suffix(a), without_suffix(b)))
        .then_with(|| debian(a, b))
}

/// `x-1.2-rc1.tgz` is before `x-1.2.tgz`, as in busybox and toybox.
fn candidates(a: &[u8], b: &[u8]) -> Ordering {
    let (x, y) = (without_suffix(a), without_suffix(b));
    if x.len() == a.len() || y.len() == b.len() {
        return Ordering::Equal;
    }
    let early = |rest: Option<&[u8]>| {
        rest.is_some_and(|rest| rest.starts_with(b"-rc") || rest.starts_with(b"-pre"))
    };
    early(y.strip_prefix(x)).cmp(&early(x.strip_prefix(y)))
}

/// Texts and numbers in turn, as Debian compares versions.
fn debian(mut left: &[u8], mut right: &[u8]) -> Ordering {
    loop {
        let (text_a, rest_a) = split_while(left, |b| !b.is_ascii_digit());
        let (text_b, rest_b) = split_while(right, |b| !b.is_ascii_digit());
        // the end of a text sorts before all but `~`
        let longer = text_a.len().max(text_b.len());
        for i in 0..longer {
            let order = weight(text_a.get(i)).cmp(&weight(text_b.get(i)));
            if order != Ordering::Equal {
                return order;
            }
        }
        let (number_a, rest_a) = split_while(rest_a, |b| b.is_ascii_digit());
        let (number_b, rest_b) = split_while(rest_b, |b| b.is_ascii_digit());
        let (short_a, short_b) = (without_zeros(number_a), without_zeros(number_b));
        let order = short_a.len().cmp(&short_b.len()).then(short_a.cmp(short_b));
        if order != Ordering::Equal || rest_a.is_empty() && rest_b.is_empty() {
            return order;
        }
        (left, right) = (rest_a, rest_b);
    }
}

fn weight(byte: Option<&u8>) -> i32 {
    match byte {
        None => 0,
        Some(b'~') => -1,
        Some(b) if b.is_ascii_alphabetic() => i32::from(*b),
        Some(b) => i32::from(*b) + 256,
    }
}

/// The name without what matches `(\.[A-Za-z~][A-Za-z0-9~]*)*$`.
fn without_suffix(name: &[u8]) -> &[u8] {
    let mut kept = name;
    while let Some(dot) = kept.iter().rposition(|&b| b == b'.') {
        let Some((head, [_, suffix @ ..])) = kept.split_at_checked(dot) else { break };
        let starts = suffix.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'~');
        if head.is_empty()
            || !starts
            || !suffix.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'~')
        {
            break;
        }
        kept = head;
    }
    kept
}

fn split_while(bytes: &[u8], test: impl Fn(&u8) -> bool) -> (&[u8], &[u8]) {
    let at = bytes.iter().position(|b| !test(b)).unwrap_or(bytes.len());
    bytes.split_at_checked(at).unwrap_or((bytes, b""))
}

fn without_zeros(digits: &[u8]) -> &[u8] {
    split_while(digits, |&b| b == b'0').1
}

/// What is behind the last dot; nothing for a name without one.
pub fn extension(name: &[u8]) -> &[u8] {
    match name.iter().rposition(|&b| b == b'.') {
        Some(at) => name.get(at..).unwrap_or_default(),
        None => b"",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        let mut names = ["x10", "x9", "x1.10", "x1.9", "y", "x", "x09", "x1.9a"].map(str::as_bytes);
        names.sort_by(|a, b| by_version(a, b).then(a.cmp(b)));
        let names = names.map(|n| std::str::from_utf8(n).unwrap());
        assert_eq!(names, ["x", "x1.9", "x1.9a", "x1.10", "x09", "x9", "x10", "y"]);
    }

    #[test]
    fn extensions() {
        assert_eq!(extension(b"a.tar.gz"), b".gz");
        assert_eq!(extension(b"none"), b"");
    }
}
