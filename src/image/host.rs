//! Files of the host, put into an image with what they need to run there.

use std::fs::Metadata;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::applet::{Error, show, show_bytes};
use crate::elf::{self, Elf};
use crate::{order, sys};

use super::Builder;
use super::layout::{Content, Kind, Node};
use super::resolve::{self, Library, Loader};

/// As much of a `#!` line as the kernel looks at (fs/binfmt_script.c).
const SCRIPT_LINE: usize = 256;

impl<'p> Builder<'p> {
    /// A file or directory of the host, with all below it, owned by root;
    /// executables with the libraries they ask for.
    ///
    /// Without `place`, something with an absolute path goes to the same path
    /// (a symbolic link stays one, and what it leads to comes along), and
    /// something with a relative path to that path below the root. A `place`
    /// that ends in a slash is a folder to put it in; a symbolic link is then
    /// followed.
    pub fn add(&mut self, source: &Path, place: Option<&[u8]>) -> Result<&mut Builder<'p>, Error> {
        let failed = |e| Error::os(show(source), e);
        let host = std::path::absolute(source).map_err(failed)?;
        let meta = std::fs::metadata(&host).map_err(failed)?;
        let place = match place {
            Some(place) => {
                let mut place = place.to_vec();
                if place.ends_with(b"/") && !meta.is_dir() {
                    place.extend_from_slice(source.file_name().unwrap_or_default().as_bytes());
                }
                place
            }
            None if source.is_absolute() => {
                self.put_with_links(&host)?;
                return Ok(self);
            }
            None => source.as_os_str().as_bytes().to_vec(),
        };
        let real = std::fs::canonicalize(&host).map_err(failed)?;
        self.put(&real, &place)?;
        Ok(self)
    }

    /// Puts a file or tree of the host at its own path, with the symbolic
    /// links that lead to it.
    fn put_with_links(&mut self, path: &Path) -> Result<(), Error> {
        let (links, real) = resolve::chain(path).map_err(|e| Error::os(show(path), e))?;
        for (link, target) in links {
            let node = Node::symlink(target.into_os_string().into_vec());
            self.tree.put_new(link.as_os_str().as_bytes(), node)?;
        }
        self.put(&real, real.as_os_str().as_bytes())?;
        let path = path.as_os_str().as_bytes();
        if !path.contains(&0) && self.tree.find(path).is_none() {
            // The image has something else where a link is on the host.
            let place: Vec<u8> = lexical(path);
            self.put(&real, &place)?;
        }
        Ok(())
    }

    /// Puts a file or tree at `place`.
    fn put(&mut self, host: &Path, place: &[u8]) -> Result<(), Error> {
        let meta = std::fs::symlink_metadata(host).map_err(|e| Error::os(show(host), e))?;
        if !meta.is_dir() {
            return self.put_one(host, &meta, place, true);
        }
        let mut todo = vec![(host.to_path_buf(), meta, place.to_vec())];
        while let Some((host, meta, place)) = todo.pop() {
            (self.progress)("reading", self.added as u64, 0);
            self.put_one(&host, &meta, &place, false)?;
            if !meta.is_dir() {
                continue;
            }
            let failed = |e| Error::os(show(&host), e);
            let mut names = sys::path::names(&host).map_err(failed)?;
            order::sort(&mut names);
            for name in names.into_iter().rev() {
                let below = host.join(&name);
                let meta = std::fs::symlink_metadata(&below);
                let meta = meta.map_err(|e| Error::os(show(&below), e))?;
                let mut place = place.clone();
                place.push(b'/');
                place.extend_from_slice(name.as_bytes());
                todo.push((below, meta, place));
            }
        }
        Ok(())
    }

    /// Puts one name; a directory without what is in it. `asked` says that the
    /// user named this file himself.
    fn put_one(
        &mut self,
        host: &Path,
        meta: &Metadata,
        place: &[u8],
        asked: bool,
    ) -> Result<(), Error> {
        let kind = meta.file_type();
        let (major, minor) =
            (nix::sys::stat::major(meta.rdev()), nix::sys::stat::minor(meta.rdev()));
        let (major, minor) = (major as u32, minor as u32);
        let mut mode = permissions(meta);
        let kind = if kind.is_dir() {
            Kind::Directory
        } else if kind.is_symlink() {
            mode = 0o777;
            let target = std::fs::read_link(host).map_err(|e| Error::os(show(host), e))?;
            Kind::Symlink(target.into_os_string().into_vec())
        } else if kind.is_char_device() {
            Kind::Character(major, minor)
        } else if kind.is_block_device() {
            Kind::Block(major, minor)
        } else if kind.is_fifo() {
            Kind::Fifo
        } else if kind.is_socket() {
            // It belongs to a process that will not be there.
            self.notes.push(format!("{}: a socket, left out", show(host)));
            return Ok(());
        } else {
            self.inspect(host, place, asked)?;
            let link = (meta.nlink() > 1).then_some((meta.dev(), meta.ino()));
            Kind::File { content: Content::Host(host.into()), link }
        };
        self.added += 1;
        self.tree.put(place, Node::new(kind, mode))
    }

    /// Looks what a file needs to run.
    fn inspect(&mut self, host: &Path, place: &[u8], asked: bool) -> Result<(), Error> {
        use std::io::Read;
        let failed = |e| Error::os(show(host), e);
        let mut file = std::fs::File::open(host).map_err(failed)?;
        let mut bytes = Vec::new();
        file.by_ref().take(SCRIPT_LINE as u64).read_to_end(&mut bytes).map_err(failed)?;
        if let Some(line) = bytes.strip_prefix(b"#!") {
            let path: Vec<u8> = [b"/", place.strip_prefix(b"/").unwrap_or(place)].concat();
            self.scripts.extend(interpreters(line).into_iter().map(|i| (path.clone(), i)));
        } else if bytes.starts_with(b"\x7fELF") {
            file.read_to_end(&mut bytes).map_err(failed)?;
            let place =
                Path::new("/").join(PathBuf::from(std::ffi::OsString::from_vec(place.into())));
            self.put_libraries(host, &place, &bytes, asked)?;
        }
        Ok(())
    }

    /// Puts what the executable or library `bytes`, which is at `host` and
    /// goes to `place`, needs.
    pub(super) fn put_libraries(
        &mut self,
        host: &Path,
        place: &Path,
        bytes: &[u8],
        asked: bool,
    ) -> Result<(), Error> {
        let Ok(elf) = Elf::parse(bytes) else { return Ok(()) };
        if !matches!(elf.kind(), elf::ET_EXEC | elf::ET_DYN) || !self.is_new(host, place) {
            return Ok(());
        }
        if elf.interpreter().is_none() && elf.dynamic().needed.is_empty() {
            return Ok(());
        }
        let loader = self.loader.get_or_insert_with(Loader::of_host);
        let needs = resolve::needs(loader, host, place, &elf);
        for (library, by) in needs.missing {
            let text = format!(
                "{} needs the library {}, which is not where the loader looks",
                show(&by),
                show_bytes(&library)
            );
            if asked {
                return Err(Error::msg(text));
            }
            self.notes.push(text);
        }
        let mut beside = PathBuf::from("/usr/lib");
        if let Some(interpreter) = &needs.interpreter {
            let (_, real) = resolve::chain(interpreter).map_err(|e| {
                Error::os(format_args!("{}: loader of {}", show(interpreter), show(host)), e)
            })?;
            beside = real.parent().map_or(beside, Path::to_path_buf);
            self.put_library(interpreter, interpreter)?;
        }
        for Library { path, place, by_conf } in needs.libraries {
            self.put_library(&path, &place)?;
            if by_conf {
                // The loader's own folders are all it looks in without a cache.
                let link = beside.join(path.file_name().unwrap_or_default());
                let node = Node::symlink(path.into_os_string().into_vec());
                self.tree.put_new(link.as_os_str().as_bytes(), node)?;
            }
        }
        Ok(())
    }

    /// Whether an executable is met for the first time; from now on it is known.
    fn is_new(&mut self, host: &Path, place: &Path) -> bool {
        let key = |(a, b): &(PathBuf, PathBuf)| {
            (a.as_os_str(), b.as_os_str()).cmp(&(host.as_os_str(), place.as_os_str()))
        };
        match self.inspected.binary_search_by(key) {
            Ok(_) => false,
            Err(at) => {
                self.inspected.insert(at, (host.into(), place.into()));
                true
            }
        }
    }

    /// Puts a library that is at `path` where the loader finds it by `place`.
    /// What it needs itself is known by the executable that led to it.
    fn put_library(&mut self, path: &Path, place: &Path) -> Result<(), Error> {
        self.is_new(path, place);
        if path == place {
            let (_, real) = resolve::chain(path).map_err(|e| Error::os(show(path), e))?;
            self.is_new(&real, &real);
            return self.put_with_links(path);
        }
        let real = std::fs::canonicalize(path).map_err(|e| Error::os(show(path), e))?;
        let place = lexical(place.as_os_str().as_bytes());
        let to = PathBuf::from(std::ffi::OsString::from_vec([b"/", place.as_slice()].concat()));
        self.is_new(&real, &to);
        self.put(&real, &place)
    }
}

/// The permissions that a file of the host has in the image, where it belongs
/// to root: set-id bits only if they meant root on the host, too.
fn permissions(meta: &Metadata) -> u32 {
    let mut mode = meta.mode() & 0o7777;
    if meta.uid() != 0 {
        mode &= !0o4000;
    }
    if meta.gid() != 0 && !meta.is_dir() {
        mode &= !0o2000;
    }
    mode
}

/// A path without `.` and `..`, taken as text, without slashes at its ends.
fn lexical(path: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|&b| b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join(&b'/')
}

/// The programs that a `#!` line (without these two bytes) asks for.
fn interpreters(line: &[u8]) -> Vec<Vec<u8>> {
    let line = line.split(|&b| b == b'\n').next().unwrap_or_default();
    let mut words =
        line.split(|&b| b == b' ' || b == b'\t').filter(|word| !word.is_empty()).map(Vec::from);
    let mut list: Vec<Vec<u8>> = words.next().into_iter().collect();
    if list.first().is_some_and(|path| path.ends_with(b"/env"))
        && let Some(name) = words.find(|word| !word.starts_with(b"-") && !word.contains(&b'='))
        && !name.contains(&b'/')
    {
        // env looks in PATH; in an image that is one folder.
        list.push([b"/usr/bin/", name.as_slice()].concat());
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpreters_of_scripts() {
        let words = |line: &str| -> Vec<String> {
            interpreters(line.as_bytes())
                .into_iter()
                .map(|w| String::from_utf8(w).unwrap())
                .collect()
        };
        assert_eq!(words("/bin/sh -e\necho"), ["/bin/sh"]);
        assert_eq!(words(" /usr/bin/env python3"), ["/usr/bin/env", "/usr/bin/python3"]);
        assert_eq!(words("/usr/bin/env -S A=b perl -w"), ["/usr/bin/env", "/usr/bin/perl"]);
        assert_eq!(words("/usr/bin/env"), ["/usr/bin/env"]);
        assert!(words("").is_empty());
    }

    #[test]
    fn paths_as_text() {
        assert_eq!(lexical(b"/a/./b/../c//"), b"a/c");
        assert_eq!(lexical(b"/../x"), b"x");
        assert_eq!(lexical(b"/"), b"");
    }
}
