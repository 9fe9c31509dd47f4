//! The tree as a newc archive: sorted, inodes numbered from 1, one time for
//! all, so that the same input gives the same bytes anywhere.

use std::io::Read;
use std::path::Path;

use crate::applet::{Error, show, show_bytes};
use crate::cpio::{self, Header, Writer};

use super::Progress;
use super::layout::{Content, Kind, Node, Tree};

/// What an archive holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Regular files; several names of one count once.
    pub files: usize,
    /// Directories.
    pub directories: usize,
    /// Symbolic links.
    pub symlinks: usize,
    /// Device nodes, pipes and sockets.
    pub nodes: usize,
    /// Bytes in regular files.
    pub bytes: u64,
}

/// A file with several names.
struct Link {
    key: (u64, u64),
    names: u32,
    /// 0 until its first name is written.
    ino: u32,
}

/// The files with several names, sorted by what tells them apart.
fn links(tree: &Tree) -> Vec<Link> {
    let mut keys: Vec<(u64, u64)> = tree
        .iter()
        .filter_map(|(_, node)| match node.kind {
            Kind::File { link, .. } => link,
            _ => None,
        })
        .collect();
    keys.sort_unstable();
    let file = |names: &[(u64, u64)]| {
        let key = *names.first()?;
        Some(Link { key, names: u32::try_from(names.len()).unwrap_or(u32::MAX), ino: 0 })
    };
    keys.chunk_by(|a, b| a == b).filter_map(file).collect()
}

/// The archive of `tree`, with `mtime` as the time of everything.
pub(super) fn archive(
    tree: &Tree,
    mtime: u32,
    progress: &mut Progress,
) -> Result<(Vec<u8>, Counts), Error> {
    let mut links = links(tree);
    let mut counts = Counts::default();
    let mut writer = Writer::new();
    let mut last_ino = 0;
    for (n, (path, node)) in tree.iter().enumerate() {
        progress("packing", n as u64, tree.len() as u64);
        let mut ino = last_ino + 1;
        let mut nlink = 1;
        // The first name of a file in the archive carries its bytes.
        let mut first = true;
        if let Kind::File { link: Some(key), .. } = node.kind
            && let Ok(at) = links.binary_search_by_key(&key, |link| link.key)
            && let Some(link) = links.get_mut(at)
        {
            nlink = link.names;
            if link.ino == 0 {
                link.ino = ino;
            } else {
                ino = link.ino;
                first = false;
            }
        }
        last_ino = last_ino.max(ino);
        let (kind, rdev) = match node.kind {
            Kind::Directory => (cpio::DIRECTORY, (0, 0)),
            Kind::File { .. } => (cpio::REGULAR, (0, 0)),
            Kind::Symlink(_) => (cpio::SYMLINK, (0, 0)),
            Kind::Character(major, minor) => (cpio::CHARACTER, (major, minor)),
            Kind::Block(major, minor) => (cpio::BLOCK, (major, minor)),
            Kind::Fifo => (cpio::FIFO, (0, 0)),
            Kind::Socket => (cpio::SOCKET, (0, 0)),
        };
        match kind {
            cpio::DIRECTORY => {
                counts.directories += 1;
                nlink = 2;
            }
            cpio::REGULAR => counts.files += usize::from(first),
            cpio::SYMLINK => counts.symlinks += 1,
            _ => counts.nodes += 1,
        }
        let Node { mode, uid, gid, .. } = *node;
        let header =
            Header { ino, mode: kind | mode & 0o7777, uid, gid, nlink, mtime, dev: (0, 0), rdev };
        let name_it = |e: cpio::WriteError| Error::msg(format_args!("/{}: {e}", show_bytes(path)));
        let start = writer.begin(&header, path).map_err(name_it)?;
        let before = writer.size();
        match &node.kind {
            Kind::File { content, .. } if first => {
                append(content, writer.body())?;
                counts.bytes += (writer.size() - before) as u64;
            }
            Kind::Symlink(target) => writer.body().extend_from_slice(target),
            _ => {}
        }
        writer.end(start).map_err(name_it)?;
    }
    Ok((writer.finish(), counts))
}

fn append(content: &Content, to: &mut Vec<u8>) -> Result<(), Error> {
    match content {
        Content::Bytes(bytes) => to.extend_from_slice(bytes),
        Content::Host(path) => read_into(path, to).map_err(|e| Error::os(show(path), e))?,
    }
    Ok(())
}

fn read_into(path: &Path, to: &mut Vec<u8>) -> std::io::Result<()> {
    std::fs::File::open(path)?.read_to_end(to).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(tree: &Tree) -> (Vec<u8>, Counts) {
        archive(tree, 9, &mut |_, _, _| {}).unwrap()
    }

    #[test]
    fn entries_in_order() {
        let mut tree = Tree::default();
        tree.put(b"/z", Node::file("text", 0o640)).unwrap();
        tree.put(b"/dev/null", Node::new(Kind::Character(1, 3), 0o666)).unwrap();
        tree.put(b"/a", Node { uid: 7, gid: 8, ..Node::symlink("z") }).unwrap();
        let (bytes, counts) = write(&tree);
        let entries: Vec<cpio::Entry> = cpio::Reader::new(&bytes).map(Result::unwrap).collect();
        let brief: Vec<_> = entries
            .iter()
            .map(|e| (e.name, e.header.mode, e.header.ino, e.header.nlink, e.data))
            .collect();
        assert_eq!(
            brief,
            [
                (&b"a"[..], 0o120_777, 1, 1, &b"z"[..]),
                (b"dev", 0o040_755, 2, 2, b""),
                (b"dev/null", 0o020_666, 3, 1, b""),
                (b"z", 0o100_640, 4, 1, b"text"),
            ]
        );
        assert_eq!((entries[0].header.uid, entries[0].header.gid), (7, 8));
        assert_eq!(entries[2].header.rdev, (1, 3));
        assert!(entries.iter().all(|e| e.header.mtime == 9));
        assert_eq!(counts, Counts { files: 1, directories: 1, symlinks: 1, nodes: 1, bytes: 4 });
    }

    #[test]
    fn several_names_of_one_file() {
        let mut tree = Tree::default();
        let node = |key| {
            let content = Content::Bytes(b"text".to_vec());
            Node::new(Kind::File { content, link: Some((1, key)) }, 0o644)
        };
        tree.put(b"/b", node(5)).unwrap();
        tree.put(b"/a", node(5)).unwrap();
        tree.put(b"/c", node(6)).unwrap();
        let (bytes, counts) = write(&tree);
        let brief: Vec<_> = cpio::Reader::new(&bytes)
            .map(Result::unwrap)
            .map(|e| (e.name, e.header.ino, e.header.nlink, e.data))
            .collect();
        assert_eq!(
            brief,
            [(&b"a"[..], 1, 2, &b"text"[..]), (b"b", 1, 2, b""), (b"c", 2, 1, b"text"),]
        );
        assert_eq!((counts.files, counts.bytes), (2, 8));
    }

    #[test]
    fn a_file_that_is_gone_is_named() {
        let mut tree = Tree::default();
        let content = Content::Host("/nowhere/x\n".into());
        tree.put(b"/a", Node::new(Kind::File { content, link: None }, 0o644)).unwrap();
        let error = archive(&tree, 0, &mut |_, _, _| {}).unwrap_err();
        assert_eq!(error.to_string(), "/nowhere/x\\x0a: No such file or directory");
    }
}
