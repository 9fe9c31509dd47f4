//! The `modules.*.bin` files: the same lists as the text files, as tries that
//! libkmod reads in place. It reads no others, so a system that uses kmod finds
//! no module without them. Written here, not read (libkmod-index.h has the
//! format; numbers are big-endian):
//!
//! ```text
//! file: magic b007f457, version 00020001, place of the root
//! node: [prefix NUL] [first last place...] [count (priority value NUL)...]
//! ```
//!
//! The place of a node is its offset, with the highest bits telling which of
//! its three parts are there. A key is the bytes on the way from the root: the
//! prefixes of the nodes and the byte that each child stands for.

const MAGIC: u32 = 0xb007_f457;
const VERSION: u32 = 0x0002_0001;
const PREFIX: u32 = 0x8000_0000;
const VALUES: u32 = 0x4000_0000;
const CHILDREN: u32 = 0x2000_0000;

/// What is beyond this has no offset.
const MOST: usize = 0x0fff_ffff;

/// Longer keys are left out: nobody asks for them, and each byte may be a level.
const LONGEST: usize = 1024;

/// What a key stands for.
pub struct Entry {
    /// A name or pattern, in ASCII.
    pub key: Vec<u8>,
    /// Of several values of a key those with the least come first.
    pub priority: u32,
    /// A line of `modules.dep`, or the name of a module.
    pub value: Vec<u8>,
}

/// The file with these entries; None when there is more than the format takes.
/// Keys that it does not take (8 bits, NUL) are left out.
pub fn write(mut entries: Vec<Entry>) -> Option<Vec<u8>> {
    entries.retain(|entry| {
        entry.key.len() <= LONGEST
            && entry.key.iter().all(|b| (1..128).contains(b))
            && !entry.value.contains(&0)
    });
    // of two values with one priority the later is in front, as libkmod has it
    entries.reverse();
    crate::order::sort_by(&mut entries, |a, b| (&a.key, a.priority).cmp(&(&b.key, b.priority)));
    let mut out = Vec::new();
    for word in [MAGIC, VERSION, 0] {
        out.extend_from_slice(&word.to_be_bytes());
    }
    // the root has no prefix
    let root = node(&mut out, &entries, 0, 0);
    out.get_mut(8..12)?.copy_from_slice(&root.to_be_bytes());
    (out.len() <= MOST).then_some(out)
}

/// Writes the node of these entries, whose keys have the first `depth` bytes in
/// common and `prefix` more in the node itself; its children come before it.
fn node(out: &mut Vec<u8>, entries: &[Entry], depth: usize, prefix: usize) -> u32 {
    let end = depth + prefix;
    let own = entries.iter().take_while(|entry| entry.key.len() == end).count();
    let (own, mut rest) = entries.split_at_checked(own).unwrap_or_default();
    let next = |entry: &Entry| entry.key.get(end).copied();
    let (first, last) = (rest.first().and_then(next), rest.last().and_then(next));
    let mut children = Vec::new();
    if let (Some(first), Some(last)) = (first, last) {
        for byte in first..=last {
            let count = rest.iter().take_while(|entry| next(entry) == Some(byte)).count();
            let (group, behind) = rest.split_at_checked(count).unwrap_or_default();
            rest = behind;
            let place = match group {
                [] => 0,
                group => node(out, group, end + 1, common(group, end + 1)),
            };
            children.push(place);
        }
    }
    let mut place = u32::try_from(out.len().min(MOST)).unwrap_or(0);
    let name = entries.first().and_then(|entry| entry.key.get(depth..end)).unwrap_or_default();
    if !name.is_empty() {
        place |= PREFIX;
        out.extend_from_slice(name);
        out.push(0);
    }
    if let (Some(first), Some(last)) = (first, last) {
        place |= CHILDREN;
        out.extend_from_slice(&[first, last]);
        for child in children {
            out.extend_from_slice(&child.to_be_bytes());
        }
    }
    if !own.is_empty() {
        place |= VALUES;
        out.extend_from_slice(&u32::try_from(own.len()).unwrap_or(0).to_be_bytes());
        for entry in own {
            out.extend_from_slice(&entry.priority.to_be_bytes());
            out.extend_from_slice(&entry.value);
            out.push(0);
        }
    }
    place
}

/// How many bytes from `depth` on all keys have in common. They are sorted.
fn common(entries: &[Entry], depth: usize) -> usize {
    let rest = |entry: Option<&Entry>| -> Vec<u8> {
        entry.and_then(|entry| entry.key.get(depth..)).unwrap_or_default().to_vec()
    };
    let (first, last) = (rest(entries.first()), rest(entries.last()));
    first.iter().zip(&last).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(key: &str, priority: u32, value: &str) -> Entry {
        Entry { key: key.into(), priority, value: value.into() }
    }

    #[test]
    fn a_file() {
        let list = vec![entry("ab", 7, "x"), entry("acd", 1, "y"), entry("acd", 0, "z")];
        let expected: &[u8] = b"\xb0\x07\xf4\x57\x00\x02\x00\x01\xa0\x00\x00\x00\
            \x00\x00\x00\x01\x00\x00\x00\x07x\0";
        let bytes = write(list).unwrap();
        // b: a value only; c: prefix d, two values; a: children; the root: a child
        assert_eq!(bytes[..8], expected[..8]);
        assert_eq!(bytes[12..22], expected[12..]);
        assert_eq!(bytes[22..40], *b"d\0\x00\x00\x00\x02\x00\x00\x00\x00z\0\x00\x00\x00\x01y\0");
        assert_eq!(bytes[40..50], *b"bc\x40\x00\x00\x0c\xc0\x00\x00\x16");
        assert_eq!(bytes[50..], *b"aa\x20\x00\x00\x28");
        assert_eq!(bytes[8..12], *b"\x20\x00\x00\x32");
    }

    #[test]
    fn an_empty_file() {
        assert_eq!(write(Vec::new()).unwrap(), b"\xb0\x07\xf4\x57\x00\x02\x00\x01\x00\x00\x00\x0c");
    }

    #[test]
    fn what_the_format_does_not_take() {
        let odd = vec![entry("\u{e9}", 0, "x"), entry("a\0", 0, "x"), entry("a", 0, "x\0")];
        assert_eq!(write(odd).unwrap().len(), 12);
        let deep = (1..5000).map(|n| entry(&"a".repeat(n), 0, "")).collect();
        assert!(write(deep).is_some());
    }
}
