//! Which of the names there are was meant by one that is not there.

/// More mistakes than this, and it is another name.
const MISTAKES: usize = 2;

/// Longer names are not compared.
const LONGEST: usize = 255;

/// The least number of letters to insert, leave out or change (or neighbours
/// to swap) that makes `b` of `a`, when that is at most `most`: Damerau's and
/// Levenshtein's distance, of the kind that touches no letter twice.
pub fn distance(a: &[u8], b: &[u8], most: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > most || a.len() > LONGEST || b.len() > LONGEST {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], n: usize| row.get(n).copied().unwrap_or(LONGEST);
            let changed = at(&above, j) + usize::from(x != y);
            let mut best = changed.min(at(&above, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().filter(|&n| n <= most)
}

/// The one of `names` that is closest to `wanted` and at most [`MISTAKES`]
/// away, in whatever case; in short names fewer mistakes are forgiven.
pub fn nearest<'a>(wanted: &[u8], names: &mut dyn Iterator<Item = &'a [u8]>) -> Option<&'a [u8]> {
    let most = MISTAKES.min(wanted.len() / 2);
    let folded = wanted.to_ascii_lowercase();
    let mut best: Option<(usize, &[u8])> = None;
    for name in names {
        if let Some(n) = distance(&folded, &name.to_ascii_lowercase(), most)
            && name != wanted
            && best.is_none_or(|(least, _)| n < least)
        {
            best = Some((n, name));
        }
    }
    best.map(|(_, name)| name)
}

/// A word for a shell, `NAME=VALUE`: in quotes where it needs them; `None` when
/// it holds what no person should paste.
pub fn word(name: &str, value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?;
    if text.is_empty() || text.chars().any(char::is_control) || text.contains(['\'', '"']) {
        return None;
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "/_-.:=@,+%".contains(c);
    if text.chars().all(plain) {
        Some(format!("{name}={text}"))
    } else {
        Some(format!("'{name}={text}'"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        let d = |a: &str, b: &str| distance(a.as_bytes(), b.as_bytes(), 9);
        assert_eq!(d("", ""), Some(0));
        assert_eq!(d("", "abc"), Some(3));
        assert_eq!(d("root", "root"), Some(0));
        assert_eq!(d("rot", "root"), Some(1));
        assert_eq!(d("roto", "root"), Some(1));
        assert_eq!(d("kitten", "sitting"), Some(3));
        assert_eq!(d("ca", "abc"), Some(3));
        assert_eq!(distance(b"kitten", b"sitting", 2), None);
        assert_eq!(distance(&[b'a'; 300], &[b'a'; 300], 2), None);
    }

    #[test]
    fn the_nearest() {
        let near = |wanted: &str, names: &[&str]| {
            nearest(wanted.as_bytes(), &mut names.iter().map(|n| n.as_bytes()))
                .map(|n| String::from_utf8(n.to_vec()).unwrap())
        };
        assert_eq!(near("rootfs", &["other", "rotfs"]).as_deref(), Some("rotfs"));
        assert_eq!(near("ROOT", &["root"]).as_deref(), Some("root"));
        assert_eq!(near("root", &["boot", "roof"]).as_deref(), Some("boot"));
        assert_eq!(near("vda1", &["vdb2", "vda2"]).as_deref(), Some("vda2"));
        assert_eq!(near("ab", &["cd"]), None);
        assert_eq!(near("a", &["b"]), None);
        assert_eq!(near("root", &["root"]), None);
        assert_eq!(near("wrong", &["top"]), None);
    }

    #[test]
    fn words_to_paste() {
        assert_eq!(word("root", b"/dev/vda1").as_deref(), Some("root=/dev/vda1"));
        assert_eq!(word("root", b"LABEL=my root").as_deref(), Some("'root=LABEL=my root'"));
        assert_eq!(word("root", b"LABEL=$(reboot)").as_deref(), Some("'root=LABEL=$(reboot)'"));
        assert_eq!(word("root", b"LABEL=a'b"), None);
        assert_eq!(word("root", b"LABEL=a\x1bb"), None);
        assert_eq!(word("root", b""), None);
    }
}
