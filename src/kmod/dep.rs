//! The text files that depmod writes: `modules.dep`, `modules.alias`,
//! `modules.softdep`, `modules.symbols`, `modules.builtin`. modules.dep(5).
//!
//! They are searched as they are, line by line; of `modules.dep` there is an
//! index of its lines, as most look-ups are in it.

use super::alias::{base_of_path, fold, is_file_of, matches, module_of_path, same};
use super::modinfo::{Softdep, words};
use crate::sys::search;

/// The lines of a text, without their ends.
pub fn lines(text: &[u8]) -> Lines<'_> {
    Lines { rest: text }
}

/// See [`lines`].
pub struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = search::byte(self.rest, b'\n').unwrap_or(self.rest.len());
        let (line, behind) = self.rest.split_at_checked(end)?;
        self.rest = behind.get(1..).unwrap_or_default();
        Some(line)
    }
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

/// Where the lines of a `modules.dep` are: one way through the text serves all
/// look-ups, and a closure has dozens.
pub struct Index {
    lines: Vec<Place>,
}

/// Where a line begins, the name of its file, its colon and its end.
struct Place {
    start: u32,
    name: u32,
    colon: u32,
    end: u32,
}

impl Index {
    /// That of a text. What is beyond 4 GiB is not seen.
    pub fn of(text: &[u8]) -> Index {
        let mut index = Index { lines: Vec::with_capacity(text.len() / 64) };
        let begin = text.as_ptr() as usize;
        let place = |part: &[u8]| u32::try_from(part.as_ptr() as usize - begin).unwrap_or(u32::MAX);
        for entry in entries(text) {
            let name = base_of_path(entry.path);
            let (start, name, rest) = (place(entry.path), place(name), place(entry.rest));
            let end = rest.saturating_add(u32::try_from(entry.rest.len()).unwrap_or(u32::MAX));
            index.lines.push(Place { start, name, colon: rest - 1, end });
        }
        index
    }

    /// The line about the module `name` in the text whose index it is.
    pub fn find<'a>(&self, text: &'a [u8], name: &[u8]) -> Option<Entry<'a>> {
        for line in &self.lines {
            let at = line.name as usize;
            let dot = at + name.len();
            if text.get(dot) == Some(&b'.')
                && text.get(at..line.colon as usize).is_some_and(|file| is_file_of(file, name))
            {
                return Some(Entry {
                    path: text.get(line.start as usize..line.colon as usize)?,
                    rest: text.get(line.colon as usize + 1..line.end as usize)?,
                });
            }
        }
        None
    }
}

/// All lines of `modules.dep`.
pub fn entries(text: &[u8]) -> impl Iterator<Item = Entry<'_>> {
    lines(text).filter_map(|line| {
        let colon = search::byte(line, b':')?;
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
            && let Some(space) = search::byte(rest, b' ')
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
    let _ = (is_builtin(bytes, b"ext4"), live(bytes).count());
    let _ = (names(bytes).count(), Index::of(bytes).find(bytes, b"ext4"));
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEP: &[u8] = b"kernel/fs/fuse/fuse.ko:\n\
        kernel/fs/fuse/virtiofs.ko: kernel/fs/fuse/fuse.ko kernel/drivers/virtio/virtio_ring.ko \
        kernel/drivers/virtio/virtio.ko\n\
        kernel/drivers/virtio/virtio-pci.ko.xz: x.ko";

    #[test]
    fn lines_are_without_ends() {
        let list: Vec<&[u8]> = lines(b"a\n\nbc").collect();
        assert_eq!(list, [&b"a"[..], b"", b"bc"]);
    }

    #[test]
    fn dependencies_in_order() {
        let find = |name| Index::of(DEP).find(DEP, name);
        let entry = find(b"virtiofs").unwrap();
        assert_eq!(entry.path, b"kernel/fs/fuse/virtiofs.ko");
        let list: Vec<&[u8]> = entry.depends().rev().collect();
        assert_eq!(list[0], b"kernel/drivers/virtio/virtio.ko");
        assert_eq!(list.len(), 3);
        assert_eq!(find(b"fuse").unwrap().depends().count(), 0);
        assert_eq!(find(b"virtio_pci").unwrap().path, b"kernel/drivers/virtio/virtio-pci.ko.xz");
        assert!(find(b"virtio").is_none());
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
