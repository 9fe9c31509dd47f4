//! What goes where in an image: a tree of names, kept sorted, in which a name
//! put below a symbolic link lands where the link leads, as it would on a
//! mounted file system. No file is read here.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::rc::Rc;

use crate::applet::{Error, show_bytes};

/// Symbolic links followed before they are taken for a loop (path_resolution(7)).
const MOST_LINKS: usize = 40;

/// Where the bytes of a file come from when the image is written.
#[derive(Clone, Debug)]
pub enum Content {
    /// They are here.
    Bytes(Vec<u8>),
    /// A file of the host.
    Host(PathBuf),
    /// In a file without a name: from there on, so many bytes.
    Kept(Rc<File>, u64, u64),
}

impl PartialEq for Content {
    fn eq(&self, other: &Content) -> bool {
        match (self, other) {
            (Content::Bytes(a), Content::Bytes(b)) => a == b,
            (Content::Host(a), Content::Host(b)) => a == b,
            (Content::Kept(a, b, c), Content::Kept(d, e, f)) => {
                Rc::ptr_eq(a, d) && (b, c) == (e, f)
            }
            _ => false,
        }
    }
}

impl Eq for Content {}

/// What a name in the image is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A directory.
    Directory,
    /// A regular file.
    File {
        /// Its bytes.
        content: Content,
        /// The same for all names of one file, with what to tell files apart.
        link: Option<(u64, u64)>,
    },
    /// A symbolic link and its target.
    Symlink(Vec<u8>),
    /// A character device: major and minor number.
    Character(u32, u32),
    /// A block device: major and minor number.
    Block(u32, u32),
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
}

/// One name of the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Permission bits, with set-id and sticky bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

impl Node {
    /// Something that belongs to root.
    pub fn new(kind: Kind, mode: u32) -> Node {
        Node { kind, mode, uid: 0, gid: 0 }
    }

    /// A symbolic link.
    pub fn symlink(target: impl Into<Vec<u8>>) -> Node {
        Node::new(Kind::Symlink(target.into()), 0o777)
    }

    /// A file with these bytes.
    pub fn file(bytes: impl Into<Vec<u8>>, mode: u32) -> Node {
        Node::new(Kind::File { content: Content::Bytes(bytes.into()), link: None }, mode)
    }
}

/// The names of an image. Paths are bytes without a slash at either end; the
/// root itself has no entry.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    nodes: BTreeMap<Vec<u8>, Node>,
}

impl Tree {
    /// Every name, sorted, so that a directory comes before what is in it.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &Node)> {
        self.nodes.iter().map(|(path, node)| (path.as_slice(), node))
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no name.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Puts `node` at `path`, and directories above it that are missing. It
    /// replaces what is there, but a directory is never replaced by something
    /// else, and a directory put where a link to one is means that one.
    pub fn put(&mut self, path: &[u8], node: Node) -> Result<(), Error> {
        let directory = node.kind == Kind::Directory;
        let path = self.place(path, directory)?;
        if path.is_empty() {
            // The root is the kernel's, and is there already.
            return if directory { Ok(()) } else { Err(error(b"/", "is the root of the image")) };
        }
        match self.nodes.get_mut(&path) {
            Some(old) if old.kind == Kind::Directory && !directory => {
                Err(error(&path, "is a directory in the image already"))
            }
            Some(old) => {
                *old = node;
                Ok(())
            }
            None => {
                self.nodes.insert(path, node);
                Ok(())
            }
        }
    }

    /// [`put`](Self::put), unless something is there already. Says whether it
    /// was put.
    pub fn put_new(&mut self, path: &[u8], node: Node) -> Result<bool, Error> {
        let place = self.place(path, false)?;
        if self.nodes.contains_key(&place) {
            return Ok(false);
        }
        self.nodes.insert(place, node);
        Ok(true)
    }

    /// The path at which something put at `path` lands: links in the
    /// directories above it are followed, and in the last part too when
    /// `follow` says so. Makes the directories above it.
    pub fn place(&mut self, path: &[u8], follow: bool) -> Result<Vec<u8>, Error> {
        let mut todo: Vec<Vec<u8>> = parts(path)?;
        todo.reverse();
        let mut at: Vec<u8> = Vec::new();
        let mut links = 0;
        while let Some(part) = todo.pop() {
            if part == b".." {
                at.truncate(at.iter().rposition(|&b| b == b'/').unwrap_or(0));
                continue;
            }
            let parent = at.len();
            if !at.is_empty() {
                at.push(b'/');
            }
            at.extend_from_slice(&part);
            let last = todo.is_empty();
            match self.nodes.get(&at).map(|node| &node.kind) {
                Some(Kind::Symlink(target)) if !last || follow => {
                    links += 1;
                    if links > MOST_LINKS {
                        return Err(error(path, "too many symbolic links in the image"));
                    }
                    if target.starts_with(b"/") {
                        at.clear();
                    } else {
                        at.truncate(parent);
                    }
                    todo.extend(target.split(|&b| b == b'/').rev().filter(is_part).map(Vec::from));
                }
                Some(Kind::Directory) => {}
                Some(_) if last => {}
                Some(_) => return Err(error(&at, "is not a directory in the image")),
                None if last => {}
                None => {
                    self.nodes.insert(at.clone(), Node::new(Kind::Directory, 0o755));
                }
            }
        }
        Ok(at)
    }

    /// What `path` leads to in the image, through symbolic links.
    pub fn find(&self, path: &[u8]) -> Option<&Node> {
        let mut todo: Vec<&[u8]> = path.split(|&b| b == b'/').rev().filter(is_part).collect();
        let mut at: Vec<u8> = Vec::new();
        let mut links = 0;
        let mut found = None;
        while let Some(part) = todo.pop() {
            let parent = at.len();
            if part == b".." {
                at.truncate(at.iter().rposition(|&b| b == b'/').unwrap_or(0));
            } else {
                if !at.is_empty() {
                    at.push(b'/');
                }
                at.extend_from_slice(part);
            }
            let node = if at.is_empty() { None } else { Some(self.nodes.get(&at)?) };
            if let Some(Node { kind: Kind::Symlink(target), .. }) = node {
                links += 1;
                if links > MOST_LINKS {
                    return None;
                }
                at.truncate(if target.starts_with(b"/") { 0 } else { parent });
                todo.extend(target.split(|&b| b == b'/').rev().filter(is_part));
            }
            found = node;
        }
        found
    }

    /// The name itself, without following a link in its last part, at a path
    /// as [`iter`](Self::iter) gives them.
    pub fn at(&self, path: &[u8]) -> Option<&Node> {
        self.nodes.get(path)
    }
}

fn is_part(part: &&[u8]) -> bool {
    !part.is_empty() && *part != b"."
}

/// The parts of a path given from outside; one that steps back has no sure
/// meaning in a tree that is not there yet.
fn parts(path: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    let parts: Vec<Vec<u8>> = path.split(|&b| b == b'/').filter(is_part).map(Vec::from).collect();
    if parts.iter().any(|part| part == b"..") {
        return Err(error(path, "'..' cannot be in a path of the image"));
    }
    if path.contains(&0) {
        return Err(error(path, "a NUL cannot be in a path of the image"));
    }
    Ok(parts)
}

/// A complaint about a path of the image.
fn error(path: &[u8], what: &str) -> Error {
    let path = path.strip_prefix(b"/").unwrap_or(path);
    Error::msg(format_args!("/{}: {what}", show_bytes(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> Node {
        Node::new(Kind::Directory, 0o755)
    }

    fn names(tree: &Tree) -> Vec<String> {
        tree.iter().map(|(path, _)| String::from_utf8_lossy(path).into_owned()).collect()
    }

    fn merged() -> Tree {
        let mut tree = Tree::default();
        tree.put(b"/bin", Node::symlink("usr/bin")).unwrap();
        tree.put(b"/sbin", Node::symlink("/usr/sbin")).unwrap();
        tree.put(b"/usr/sbin", Node::symlink("bin")).unwrap();
        tree
    }

    #[test]
    fn names_land_behind_links() {
        let mut tree = merged();
        tree.put(b"/sbin/fsck", Node::file("x", 0o755)).unwrap();
        tree.put(b"bin//./sh", Node::symlink("fsck")).unwrap();
        assert_eq!(
            names(&tree),
            ["bin", "sbin", "usr", "usr/bin", "usr/bin/fsck", "usr/bin/sh", "usr/sbin"]
        );
        assert_eq!(tree.find(b"/sbin/sh").map(|n| n.mode), Some(0o755));
        assert_eq!(tree.find(b"/sbin/../bin/./sh").map(|n| n.mode), Some(0o755));
        assert_eq!(tree.find(b"/sbin/sh/x"), None);
        assert_eq!(tree.find(b"/lib"), None);
    }

    #[test]
    fn a_directory_over_a_link_to_one_is_that_one() {
        let mut tree = merged();
        tree.put(b"/bin", Node { mode: 0o700, ..directory() }).unwrap();
        assert_eq!(names(&tree), ["bin", "sbin", "usr", "usr/bin", "usr/sbin"]);
        assert_eq!(tree.at(b"usr/bin").map(|n| n.mode), Some(0o700));
        assert_eq!(tree.at(b"bin").map(|n| n.mode), Some(0o777));
    }

    #[test]
    fn what_replaces_what() {
        let mut tree = merged();
        tree.put(b"/a", Node::file("1", 0o644)).unwrap();
        tree.put(b"/a", Node::file("2", 0o600)).unwrap();
        assert_eq!(tree.at(b"a"), Some(&Node::file("2", 0o600)));
        tree.put(b"/bin", Node::file("now a file", 0o644)).unwrap();
        assert!(!tree.put_new(b"/a", Node::symlink("b")).unwrap());
        assert!(tree.put_new(b"/b", Node::symlink("a")).unwrap());
        let text = |r: Result<(), Error>| r.unwrap_err().to_string();
        assert_eq!(
            text(tree.put(b"/usr", Node::symlink("x"))),
            "/usr: is a directory in the image already"
        );
        assert_eq!(text(tree.put(b"/a/b", directory())), "/a: is not a directory in the image");
        assert_eq!(text(tree.put(b"/", Node::symlink("x"))), "/: is the root of the image");
        assert_eq!(
            text(tree.put(b"/x/../y", directory())),
            "/x/../y: '..' cannot be in a path of the image"
        );
        tree.put(b"/loop", Node::symlink("loop")).unwrap();
        assert_eq!(
            text(tree.put(b"/loop/a", directory())),
            "/loop/a: too many symbolic links in the image"
        );
        assert_eq!(tree.find(b"/loop"), None);
    }

    #[test]
    fn links_that_step_back_stay_inside() {
        let mut tree = Tree::default();
        tree.put(b"/a/up", Node::symlink("../../../b")).unwrap();
        tree.put(b"/a/up/c", Node::file("x", 0o644)).unwrap();
        assert_eq!(names(&tree), ["a", "a/up", "b", "b/c"]);
    }
}
