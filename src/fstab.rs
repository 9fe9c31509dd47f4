//! `/etc/fstab`: what to mount where. fstab(5).

use crate::mountinfo::unescape;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What to mount: a device, `UUID=...`, a file, a name.
    pub source: Vec<u8>,
    /// Where; `none` for swap.
    pub target: Vec<u8>,
    /// Type or types of filesystem, `auto`, `swap`, `none`.
    pub fstype: Vec<u8>,
    /// Options, comma separated; `defaults` where the line has none.
    pub options: Vec<u8>,
    /// How often dump saves it, in days; 0 is never.
    pub freq: u32,
    /// The order in which fsck checks it; 0 is never.
    pub pass: u32,
}

impl Entry {
    /// Whether the options hold this word, or the word with a value behind
    /// `=`.
    pub fn has_option(&self, name: &[u8]) -> bool {
        self.options.split(|&b| b == b',').any(|option| {
            option.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"="))
        })
    }
}

/// The entries of the text. A line with fewer than two fields is no entry;
/// the numbers of such lines, counted from 1, are the second result.
pub fn parse(text: &[u8]) -> (Vec<Entry>, Vec<usize>) {
    let mut entries = Vec::new();
    let mut bad = Vec::new();
    for (i, line) in text.split(|&b| b == b'\n').enumerate() {
        let mut words =
            line.split(|b| matches!(b, b' ' | b'\t' | b'\r')).filter(|word| !word.is_empty());
        let Some(source) = words.next() else { continue };
        if source.starts_with(b"#") {
            continue;
        }
        let Some(target) = words.next() else {
            bad.push(i + 1);
            continue;
        };
        let fstype = words.next().unwrap_or(b"auto");
        let options = words.next().unwrap_or(b"defaults");
        let mut number =
            || words.next().and_then(|w| std::str::from_utf8(w).ok()?.parse().ok()).unwrap_or(0);
        let (freq, pass) = (number(), number());
        entries.push(Entry {
            source: unescape(source),
            target: unescape(target),
            fstype: unescape(fstype),
            options: unescape(options),
            freq,
            pass,
        });
    }
    (entries, bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let (entries, bad) = parse(
            b"# comment\n\n  UUID=ab /  ext4 noatime,ro 0 1\nlonely\n\
              /dev/sdb1\t/mnt/a\\040b\ntmpfs /tmp tmpfs size=5M\n   # not this\n",
        );
        assert_eq!(bad, [4]);
        assert_eq!(entries.len(), 3);
        assert_eq!(entries[0].source, b"UUID=ab");
        assert_eq!(entries[0].pass, 1);
        assert_eq!(entries[1].target, b"/mnt/a b");
        assert_eq!(entries[1].fstype, b"auto");
        assert_eq!(entries[1].options, b"defaults");
        assert!(entries[2].has_option(b"size"));
        assert!(!entries[2].has_option(b"siz"));
        assert!(entries[0].has_option(b"noatime"));
    }
}
