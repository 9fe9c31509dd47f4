//! The tree as a newc archive: sorted, inodes numbered from 1, one time for
//! all, so that the same input gives the same bytes anywhere.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use crate::applet::{Error, show, show_bytes};
use crate::compress::Source;
use crate::cpio::{self, Header};

use super::Progress;
use super::layout::{Content, Kind, Node, Tree};
use super::output::Target;

/// Archives are filled up to a multiple of this.
const BLOCK: u64 = 512;

/// Files below this are read before their header is made.
const SMALL: u64 = 64 << 10;

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

/// The bytes of an entry, behind its header.
enum Body<'t> {
    Here(&'t [u8]),
    /// So many bytes of a file.
    File(File, u64),
}

/// An archive that is made as it is read, so that nothing but one header is in
/// memory.
pub(super) struct Stream<'t, 'p> {
    entries: Vec<(&'t [u8], &'t Node)>,
    next: usize,
    links: Vec<Link>,
    last_ino: u32,
    mtime: u32,
    /// See [`cpio::put_entry`].
    align: u64,
    /// Where the archive is in its file.
    start: u64,
    /// What was made so far.
    position: u64,
    head: Vec<u8>,
    given: usize,
    body: Body<'t>,
    ended: bool,
    /// What it holds.
    pub counts: Counts,
    /// What went wrong, of which a reader is only told that something did.
    pub failed: Option<Error>,
    progress: &'t mut Progress<'p>,
}

impl<'t, 'p> Stream<'t, 'p> {
    /// The archive of `tree`, with `mtime` as the time of everything, that
    /// begins at byte `start` of a file, data of files at multiples of `align`.
    pub(super) fn new(
        tree: &'t Tree,
        (mtime, align, start): (u32, u64, u64),
        progress: &'t mut Progress<'p>,
    ) -> Stream<'t, 'p> {
        Stream {
            entries: tree.iter().collect(),
            next: 0,
            links: links(tree),
            last_ino: 0,
            mtime,
            align,
            start,
            position: 0,
            head: Vec::new(),
            given: 0,
            body: Body::Here(b""),
            ended: false,
            counts: Counts::default(),
            failed: None,
            progress,
        }
    }

    /// How long it is; right when all was made.
    pub(super) fn size(&self) -> u64 {
        self.position
    }

    /// Makes the next header; false at the end.
    fn step(&mut self) -> Result<bool, Error> {
        if self.ended {
            return Ok(false);
        }
        self.head.clear();
        self.given = 0;
        self.head.resize((self.position.wrapping_neg() % 4) as usize, 0);
        let at = self.position + self.head.len() as u64;
        match self.entries.get(self.next) {
            Some(&(path, node)) => {
                (self.progress)("packing", self.next as u64, self.entries.len() as u64);
                self.next += 1;
                self.entry(path, node, self.start + at)?;
            }
            None => {
                cpio::put_trailer(&mut self.head);
                self.ended = true;
                let size = self.position + self.head.len() as u64;
                let fill = (size.wrapping_neg() % BLOCK) as usize;
                self.head.resize(self.head.len() + fill, 0);
            }
        }
        self.position += self.head.len() as u64;
        Ok(true)
    }

    fn entry(&mut self, path: &'t [u8], node: &'t Node, at: u64) -> Result<(), Error> {
        let mut ino = self.last_ino + 1;
        let mut nlink = 1;
        // The first name of a file in the archive carries its bytes.
        let mut first = true;
        if let Kind::File { link: Some(key), .. } = node.kind
            && let Ok(at) = self.links.binary_search_by_key(&key, |link| link.key)
            && let Some(link) = self.links.get_mut(at)
        {
            nlink = link.names;
            if link.ino == 0 {
                link.ino = ino;
            } else {
                ino = link.ino;
                first = false;
            }
        }
        self.last_ino = self.last_ino.max(ino);
        let (kind, rdev) = match node.kind {
            Kind::Directory => (cpio::DIRECTORY, (0, 0)),
            Kind::File { .. } => (cpio::REGULAR, (0, 0)),
            Kind::Symlink(_) => (cpio::SYMLINK, (0, 0)),
            Kind::Character(major, minor) => (cpio::CHARACTER, (major, minor)),
            Kind::Block(major, minor) => (cpio::BLOCK, (major, minor)),
            Kind::Fifo => (cpio::FIFO, (0, 0)),
            Kind::Socket => (cpio::SOCKET, (0, 0)),
        };
        let counts = &mut self.counts;
        match kind {
            cpio::DIRECTORY => {
                counts.directories += 1;
                nlink = 2;
            }
            cpio::REGULAR => counts.files += usize::from(first),
            cpio::SYMLINK => counts.symlinks += 1,
            _ => counts.nodes += 1,
        }
        self.body = Body::Here(match &node.kind {
            Kind::File { content: Content::Bytes(bytes), .. } if first => bytes,
            Kind::Symlink(target) => target,
            _ => b"",
        });
        let mut small = Vec::new();
        if let Kind::File { content: Content::Host(path), .. } = &node.kind
            && first
        {
            let failed = |e| Error::os(show(path), e);
            let mut file = File::open(path).map_err(failed)?;
            let size = file.metadata().map_err(failed)?.len();
            if size < SMALL {
                // What is read is its size: of files of /proc and /sys nothing
                // else says it.
                file.read_to_end(&mut small).map_err(failed)?;
            } else {
                self.body = Body::File(file, size);
            }
        }
        if let Kind::File { content: Content::Kept(kept, from, size), .. } = &node.kind
            && first
        {
            let failed = |e| Error::os("/tmp", e);
            let mut file = kept.try_clone().map_err(failed)?;
            file.seek(SeekFrom::Start(*from)).map_err(failed)?;
            self.body = Body::File(file, *size);
        }
        let size = match &self.body {
            Body::Here(bytes) => (bytes.len() + small.len()) as u64,
            Body::File(_, size) => *size,
        };
        if kind == cpio::REGULAR {
            counts.bytes += size;
        }
        let Node { mode, uid, gid, .. } = *node;
        let header = Header {
            ino,
            mode: kind | mode & 0o7777,
            uid,
            gid,
            nlink,
            mtime: self.mtime,
            dev: (0, 0),
            rdev,
        };
        // Only the alignment counts from the beginning of the file.
        cpio::put_entry(&header, path, size, self.align, at, &mut self.head)
            .map_err(|e| Error::msg(format_args!("/{}: {e}", show_bytes(path))))?;
        self.head.append(&mut small);
        Ok(())
    }

    /// The file that is being read.
    fn here(&self) -> String {
        let at = self.next.checked_sub(1).and_then(|at| self.entries.get(at));
        match at.map(|(_, node)| &node.kind) {
            Some(Kind::File { content: Content::Host(path), .. }) => show(path).to_string(),
            _ => "/tmp".to_string(),
        }
    }

    fn short(&self) -> Error {
        Error::msg(format_args!("{}: became shorter while it was read", self.here()))
    }

    /// Writes all of it.
    pub(super) fn write_to(&mut self, to: &mut dyn Target) -> Result<(), Error> {
        while self.step()? {
            to.write_all(&self.head).map_err(|e| Error::os(to.name(), e))?;
            self.given = self.head.len();
            match std::mem::replace(&mut self.body, Body::Here(b"")) {
                Body::Here(bytes) => {
                    to.write_all(bytes).map_err(|e| Error::os(to.name(), e))?;
                    self.position += bytes.len() as u64;
                }
                Body::File(file, size) => {
                    let count = to.copy(&file, size).map_err(|e| {
                        let full = matches!(
                            e.raw_os_error(),
                            Some(libc::ENOSPC | libc::EDQUOT | libc::EFBIG | libc::EPIPE)
                        );
                        Error::os(if full { to.name() } else { self.here() }, e)
                    })?;
                    self.position += count;
                    if count < size {
                        return Err(self.short());
                    }
                }
            }
        }
        Ok(())
    }

    fn some(&mut self, to: &mut [u8]) -> Result<usize, Error> {
        loop {
            let head = self.head.get(self.given..).unwrap_or_default();
            if !head.is_empty() {
                let count = head.len().min(to.len());
                put(to, head);
                self.given += count;
                return Ok(count);
            }
            match &mut self.body {
                Body::Here(b"") | Body::File(_, 0) => {}
                Body::Here(bytes) => {
                    let count = bytes.len().min(to.len());
                    put(to, bytes);
                    *bytes = bytes.get(count..).unwrap_or_default();
                    self.position += count as u64;
                    return Ok(count);
                }
                Body::File(file, left) => {
                    let most = to.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                    let room = to.get_mut(..most).unwrap_or_default();
                    return match file.read(room) {
                        Ok(0) => Err(self.short()),
                        Ok(count) => {
                            *left -= count as u64;
                            self.position += count as u64;
                            Ok(count)
                        }
                        Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
                        Err(e) => Err(Error::os(self.here(), e)),
                    };
                }
            }
            if !self.step()? {
                return Ok(0);
            }
        }
    }
}

/// As many bytes of `from` as there is room for.
fn put(to: &mut [u8], from: &[u8]) {
    let count = from.len().min(to.len());
    if let (Some(to), Some(from)) = (to.get_mut(..count), from.get(..count)) {
        to.copy_from_slice(from);
    }
}

impl Read for Stream<'_, '_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        self.some(to).map_err(|error| {
            self.failed = Some(error);
            nix::errno::Errno::EIO.into()
        })
    }
}

impl Source for &mut Stream<'_, '_> {}

/// All of an archive, for the small ones.
pub(super) fn archive(
    tree: &Tree,
    mtime: u32,
    progress: &mut Progress,
) -> Result<(Vec<u8>, Counts), Error> {
    let mut bytes = Vec::new();
    let mut stream = Stream::new(tree, (mtime, 0, 0), progress);
    stream.write_to(&mut bytes)?;
    Ok((bytes, stream.counts))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(tree: &Tree) -> (Vec<u8>, Counts) {
        let made = archive(tree, 9, &mut |_, _, _| {}).unwrap();
        // Read in pieces it is the same.
        let progress: &mut Progress = &mut |_, _, _| {};
        let mut stream = Stream::new(tree, (9, 0, 0), progress);
        let (mut bytes, mut piece) = (Vec::new(), [0; 7]);
        loop {
            let count = stream.read(&mut piece).unwrap();
            if count == 0 {
                break;
            }
            bytes.extend_from_slice(&piece[..count]);
        }
        assert_eq!((&bytes, bytes.len() as u64), (&made.0, stream.size()));
        made
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
