//! The `.modinfo` section of a module: NUL-terminated `key=value` strings
//! (include/linux/moduleparam.h), and `modules.builtin.modinfo`, which has
//! those of what is built in, each key behind `module.`.

/// The entries of a `.modinfo` section in order.
pub fn fields(section: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    section.split(|&b| b == 0).filter_map(|entry| split_at(entry, b'='))
}

/// The entries of `modules.builtin.modinfo`: module, key, value.
pub fn builtin_fields(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8], &[u8])> {
    text.split(|&b| b == 0).filter_map(|entry| {
        let (key, value) = split_at(entry, b'=')?;
        let (module, key) = split_at(key, b'.')?;
        Some((module, key, value))
    })
}

fn split_at(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|&b| b == separator)?;
    Some((bytes.get(..at)?, bytes.get(at + 1..)?))
}

/// The first value of a key.
pub fn field<'a>(section: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    fields(section).find(|(k, _)| *k == key).map(|(_, value)| value)
}

/// The names in a `depends=` value: separated by commas.
pub fn depends(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&b| b == b',').map(<[u8]>::trim_ascii).filter(|name| !name.is_empty())
}

/// The words of a text.
pub fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

/// What to load before and behind a module when it is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Softdep {
    /// Names or aliases to load before it.
    pub pre: Vec<Vec<u8>>,
    /// Names or aliases to load behind it.
    pub post: Vec<Vec<u8>>,
}

impl Softdep {
    /// Adds `pre: a b post: c`: the value of a `softdep=` entry, or what
    /// follows the module's name in modprobe.d and `modules.softdep`.
    pub fn add(&mut self, text: &[u8]) {
        let mut list = None;
        for word in words(text) {
            match word {
                b"pre:" => list = Some(&mut self.pre),
                b"post:" => list = Some(&mut self.post),
                name => {
                    if let Some(list) = &mut list {
                        list.push(name.to_vec());
                    }
                }
            }
        }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.pre.is_empty() && self.post.is_empty()
    }
}

/// Where the signature that is appended to a module begins, in a file of
/// `bytes`: the file's length when it has none. include/linux/module_signature.h:
/// data, a descriptor of 12 bytes whose last four are the length of the data
/// (big endian), a marker.
pub fn unsigned_length(bytes: &[u8]) -> usize {
    let whole = bytes.len();
    let Some(rest) = bytes.strip_suffix(SIGNATURE_MARKER) else { return whole };
    let Some((rest, descriptor)) = rest.split_last_chunk::<12>() else { return whole };
    let [.., a, b, c, d] = *descriptor;
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    rest.len().checked_sub(length).unwrap_or(whole)
}

/// Ends a signed module.
pub const SIGNATURE_MARKER: &[u8] = b"~Module signature appended~\n";

/// Everything that is read from a section, for fuzzing.
pub fn exercise(bytes: &[u8]) {
    let mut softdep = Softdep::default();
    for (_, value) in fields(bytes) {
        softdep.add(value);
        let _ = depends(value).count();
    }
    let _ = builtin_fields(bytes).count();
    assert!(unsigned_length(bytes) <= bytes.len());
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECTION: &[u8] =
        b"license=GPL\0alias=virtio:d0000001Av*\0\0softdep=pre: a b post: c\0depends=x-y,z\0cut";

    #[test]
    fn entries() {
        let keys: Vec<&[u8]> = fields(SECTION).map(|(k, _)| k).collect();
        assert_eq!(keys, [&b"license"[..], b"alias", b"softdep", b"depends"]);
        assert_eq!(field(SECTION, b"alias"), Some(&b"virtio:d0000001Av*"[..]));
        assert_eq!(field(SECTION, b"version"), None);
        let list: Vec<&[u8]> = depends(b"x-y,z,").collect();
        assert_eq!(list, [&b"x-y"[..], b"z"]);
        assert_eq!(depends(b"").count(), 0);
    }

    #[test]
    fn built_in_entries() {
        let list: Vec<_> =
            builtin_fields(b"ext4.alias=fs-ext4\0ext4.license=GPL\0junk\0").collect();
        assert_eq!(list[0], (&b"ext4"[..], &b"alias"[..], &b"fs-ext4"[..]));
        assert_eq!(list.len(), 2);
    }

    #[test]
    fn soft_dependencies() {
        let mut softdep = Softdep::default();
        softdep.add(b"lost pre: a b post: c");
        softdep.add(b"pre: d");
        assert_eq!(softdep.pre, [b"a", b"b", b"d"]);
        assert_eq!(softdep.post, [b"c"]);
    }

    #[test]
    fn signatures() {
        let mut file = b"data".to_vec();
        assert_eq!(unsigned_length(&file), 4);
        file.extend_from_slice(b"SIG\0\0\x02\0\0\0\0\0\0\0\0\x03");
        file.extend_from_slice(SIGNATURE_MARKER);
        assert_eq!(unsigned_length(&file), 4);
        assert_eq!(unsigned_length(SIGNATURE_MARKER), SIGNATURE_MARKER.len());
    }
}
