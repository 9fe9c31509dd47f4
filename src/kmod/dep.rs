//! The text files that depmod writes: `modules.dep`, `modules.alias`,
//! `modules.softdep`, `modules.symbols`, `modules.builtin`. modules.dep(5).
//!
//! They are searched as they are, line by line: an image's files are small,
//! and for a single look-up in a large one this is quicker than building an
//! index of it.

use super::alias::{fold, is_file_of, matches, module_of_path, same};
use super::modinfo::{Softdep, words};

/// Where the first `byte` is. Eight bytes at a time, as most of the time of a
/// look-up is spent here.
pub fn find_byte(text: &[u8], byte: u8) -> Option<usize> {
    const LOW: u64 = 0x0101_0101_0101_0101;
    let wanted = u64::from(byte) * LOW;
    let (chunks, rest) = text.as_chunks::<8>();
    let mut at = 0;
    for chunk in chunks {
        let differs = u64::from_le_bytes(*chunk) ^ wanted;
        let zero = differs.wrapping_sub(LOW) & !differs & LOW << 7;
        if zero != 0 {
            return Some(at + zero.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    Some(at + rest.iter().position(|&b| b == byte)?)
}

/// The lines of a text, without their ends.
pub fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = find_byte(rest, b'\n').unwrap_or(rest.len());
        let line = rest.get(..end)?;
        rest = rest.get(end + 1..).unwrap_or_default();
        Some(line)
    })
}

/// A line of `modules.dep`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The module's file, relative to the modules directory, or absolute.
    pub path: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Entry<'a> {
    /// The files of all modules it needs, the nearest first: they are loaded
    /// from the last to the first.
    pub fn depends(&self) -> impl DoubleEndedIterator<Item = &'a [u8]> + use<'a> {
        self.rest.split(|b| b.is_ascii_whitespace()).filter(|path| !path.is_empty())
    }
}

/// The line of `modules.dep` about the module `name`.
pub fn find<'a>(text: &'a [u8], name: &[u8]) -> Option<Entry<'a>> {
    entries(text).find(|entry| is_file_of(entry.path, name))
}

/// All lines of `modules.dep`.
pub fn entries(text: &[u8]) -> impl Iterator<Item = Entry<'_>> {
    lines(text).filter_map(|line| {
        let colon = find_byte(line, b':')?;
        let path = line.get(..colon)?;
        if path.starts_with(b"#") {
            return None;
        }
        Some(Entry { path, rest: line.get(colon + 1..)? })
    })
}

/// The modules whose aliases in `text` (`modules.alias` or `modules.symbols`)
/// match `name`, each once, in the order of the file.
pub fn aliased<'a>(text: &'a [u8], name: &[u8]) -> Vec<&'a [u8]> {
    let mut found: Vec<&[u8]> = Vec::new();
    let first = name.first().copied().unwrap_or(0);
    for line in lines(text) {
        // Most are about another bus.
        match line.get(b"alias ".len()) {
            Some(b'*' | b'?' | b'[' | b'\\' | b'-' | b'_') => {}
            Some(&b) if b == first => {}
            _ => continue,
        }
        if let Some((pattern, module)) = alias_line(line)
            && matches(pattern, name)
            && !found.iter().any(|other| same(other, module))
        {
            found.push(module);
        }
    }
    found
}

/// `alias PATTERN MODULE`. Patterns hold no spaces.
fn alias_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = line.strip_prefix(b"alias ")?;
    let space = rest.iter().rposition(|&b| b == b' ')?;
    Some((rest.get(..space)?.trim_ascii(), rest.get(space + 1..)?))
}

/// All lines of `modules.alias`: pattern and module.
pub fn aliases(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    lines(text).filter_map(alias_line)
}

/// What `modules.softdep` says about a module.
pub fn softdep(text: &[u8], name: &[u8]) -> Softdep {
    let mut found = Softdep::default();
    for line in lines(text) {
        if let Some(rest) = line.strip_prefix(b"softdep ")
            && let Some(space) = find_byte(rest, b' ')
            && let Some((module, list)) = rest.split_at_checked(space)
            && same(module, name)
        {
            found.add(list);
        }
    }
    found
}

/// Whether `modules.builtin`, a list of files, names the module.
pub fn is_builtin(text: &[u8], name: &[u8]) -> bool {
    lines(text).any(|path| is_file_of(path, name))
}

/// The folded names of the modules in a list of paths, such as
/// `modules.builtin` or `modules.order`.
pub fn names(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    lines(text).filter_map(module_of_path)
}

/// A line of /proc/modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Live<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// Bytes that it takes.
    pub size: &'a [u8],
    /// How many use it; `-` when the kernel cannot say.
    pub references: &'a [u8],
    /// The modules that use it, separated by commas; without the kernel's
    /// `-` for none.
    pub users: &'a [u8],
}

/// The modules in the text of /proc/modules.
pub fn live(text: &[u8]) -> impl Iterator<Item = Live<'_>> {
    lines(text).filter_map(|line| {
        let mut columns = words(line);
        let (name, size) = (columns.next()?, columns.next()?);
        let references = columns.next().unwrap_or(b"-");
        let users = columns.next().unwrap_or_default();
        let users = if users == b"-" { &[][..] } else { users };
        Some(Live { name, size, references, users: users.strip_suffix(b",").unwrap_or(users) })
    })
}

/// Everything that is read from such files, for fuzzing.
pub fn exercise(bytes: &[u8]) {
    let _ = entries(bytes).map(|e| e.depends().count()).max();
    let _ = aliased(bytes, b"pci:v00001AF4d00001041").len();
    let _ = softdep(bytes, &fold(b"a-b"));
    let _ = (is_builtin(bytes, b"ext4"), find(bytes, b"ext4"), live(bytes).count());
    let _ = names(bytes).count();
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEP: &[u8] = b"kernel/fs/fuse/fuse.ko:\n\
        kernel/fs/fuse/virtiofs.ko: kernel/fs/fuse/fuse.ko kernel/drivers/virtio/virtio_ring.ko \
        kernel/drivers/virtio/virtio.ko\n\
        kernel/drivers/virtio/virtio-pci.ko.xz: x.ko";

    #[test]
    fn bytes_are_found() {
        for length in 0..40 {
            let mut text = vec![b'x'; length];
            assert_eq!(find_byte(&text, b'\n'), None);
            text.push(b'\n');
            text.extend_from_slice(b"\nyy\x0b\x8a");
            assert_eq!(find_byte(&text, b'\n'), Some(length));
        }
        assert_eq!(find_byte(b"\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\n", b'\n'), Some(8));
    }

    #[test]
    fn lines_are_without_ends() {
        let list: Vec<&[u8]> = lines(b"a\n\nbc").collect();
        assert_eq!(list, [&b"a"[..], b"", b"bc"]);
    }

    #[test]
    fn dependencies_in_order() {
        let entry = find(DEP, b"virtiofs").unwrap();
        assert_eq!(entry.path, b"kernel/fs/fuse/virtiofs.ko");
        let list: Vec<&[u8]> = entry.depends().rev().collect();
        assert_eq!(list[0], b"kernel/drivers/virtio/virtio.ko");
        assert_eq!(list.len(), 3);
        assert_eq!(find(DEP, b"fuse").unwrap().depends().count(), 0);
        assert_eq!(
            find(DEP, b"virtio_pci").unwrap().path,
            b"kernel/drivers/virtio/virtio-pci.ko.xz"
        );
        assert!(find(DEP, b"virtio").is_none());
    }

    #[test]
    fn aliases_by_pattern() {
        let text = b"# comment\nalias fs-virtiofs virtiofs\nalias virtio:d0000001Av* virtiofs\n\
            alias virtio:d* other-one\nalias virtio:d*v* other_one\n";
        assert_eq!(aliased(text, b"virtio:d0000001Av00001AF4"), [&b"virtiofs"[..], b"other-one"]);
        assert_eq!(aliased(text, b"fs_virtiofs"), [b"virtiofs"]);
        assert!(aliased(text, b"fs-ext4").is_empty());
    }

    #[test]
    fn soft_dependencies_by_name() {
        let text = b"softdep libcrc32c pre: crc32c\nsoftdep lib-x pre: a post: b\n";
        assert_eq!(softdep(text, b"libcrc32c").pre, [b"crc32c"]);
        assert_eq!(softdep(text, b"lib_x").post, [b"b"]);
        assert!(softdep(text, b"lib").is_empty());
    }

    #[test]
    fn what_is_built_in() {
        let text = b"kernel/fs/ext4/ext4.ko\nkernel/crypto/crc32c-generic.ko\n";
        assert!(is_builtin(text, b"crc32c_generic"));
        assert!(!is_builtin(text, b"ext"));
    }

    #[test]
    fn loaded_modules() {
        let text = b"virtiofs 32768 1 - Live 0x0000000000000000\n\
            fuse 176128 2 virtiofs,cuse, Live 0x0000000000000000\nodd 1\n";
        let list: Vec<Live> = live(text).collect();
        assert_eq!(list[0].users, b"");
        assert_eq!((list[1].references, list[1].users), (&b"2"[..], &b"virtiofs,cuse"[..]));
        assert_eq!(list[2].references, b"-");
    }
}
