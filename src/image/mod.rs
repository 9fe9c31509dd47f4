//! Builds initramfs images out of this program: what goes in, and where.
//!
//! [`Builder`] collects names into a [`layout::Tree`]; nothing is written, no
//! node is made and no right is needed until [`Builder::write`] makes the
//! archive, in bounded memory.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::applet::{Error, Table, show, show_bytes};
use crate::compress::{self, Format, Input, Packing};

pub mod choice;
mod host;
pub mod layout;
mod microcode;
mod modules;
pub mod output;
pub mod read;
pub mod resolve;
pub mod spec;
pub mod uki;
mod write;

pub use layout::Content;
pub use modules::{ModuleOptions, for_machines};
pub use write::Counts;

use layout::{Kind, Node, Tree};
use modules::Kernel;
use output::Target;
use resolve::Loader;

/// Where the program is in an image.
pub const PROGRAM: &str = "/usr/bin/rescuebox";

/// The directories, links and nodes that every image has, in the language of
/// [`spec`].
const SKELETON: &[u8] = include_bytes!("../../initramfs/skeleton");
/// Files that every image has.
const FILES: [(&str, &[u8]); 2] = [
    ("/etc/passwd", include_bytes!("../../initramfs/passwd")),
    ("/etc/group", include_bytes!("../../initramfs/group")),
];

/// Told of what is being done: the work, how much of it is done, of how much
/// (0 when that is not known; bytes when nothing will be told until it is done).
pub type Progress<'p> = dyn FnMut(&str, u64, u64) + 'p;

/// Which names of applets lead to the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farm {
    /// All.
    Full,
    /// For a throwaway machine that shows its shell to somebody: all but
    /// modprobe, see [`Farm::Minimal`].
    Machine,
    /// For a throwaway machine: those that the kernel and scripts call by a path.
    /// Each link costs the kernel time when it unpacks the image, and the shell
    /// needs none. The kernel also calls modprobe (kernel/module/kmod.c), which
    /// is not among them: before init runs it asks for algorithms that the image
    /// does not have, a dozen times, and waits for the answer. init makes the
    /// link when it begins.
    Minimal,
}

impl Farm {
    /// Whether there is a link of this name.
    fn has(self, name: &str) -> bool {
        match self {
            Farm::Full => name != "rescuebox",
            Farm::Machine => !["rescuebox", "modprobe"].contains(&name),
            Farm::Minimal => MINIMAL.contains(&name),
        }
    }
}

/// See [`Farm::Minimal`]. The kernel itself calls poweroff and reboot
/// (kernel/reboot.c).
const MINIMAL: [&str; 5] = ["mount", "poweroff", "reboot", "sh", "umount"];

/// Collects what goes into an image.
pub struct Builder<'p> {
    tree: Tree,
    program: Content,
    names: Vec<&'static str>,
    mtime: u32,
    align: u64,
    kept: modules::Kept,
    loader: Option<Loader>,
    /// Executables whose libraries are in, with where each is in the image.
    inspected: Vec<(PathBuf, PathBuf)>,
    /// Scripts, and what has to be there to run them.
    scripts: Vec<(Vec<u8>, Vec<u8>)>,
    /// Their kernel modules.
    kernels: Vec<Kernel>,
    microcode: microcode::Microcode,
    /// Files with several names so far.
    links: u64,
    added: usize,
    notes: Vec<String>,
    progress: Box<Progress<'p>>,
}

/// A finished image.
#[derive(Clone, Debug, Default)]
pub struct Image {
    /// The file: the archive, compressed; empty when it went elsewhere.
    pub bytes: Vec<u8>,
    /// Its size.
    pub size: u64,
    /// The size of the archive before compression.
    pub unpacked: u64,
    /// What is in it.
    pub counts: Counts,
    /// Bytes of the program.
    pub program: usize,
    /// How many names lead to the program.
    pub names: usize,
    /// How many kernel modules are in it.
    pub modules: usize,
    /// Bytes of the kernel modules.
    pub module_bytes: u64,
    /// Remarks on things that were left out or may not work.
    pub notes: Vec<String>,
}

impl<'p> Builder<'p> {
    /// An image for the program given as bytes or as a file; `/proc/self/exe`
    /// is this program itself. A dynamic one takes its libraries along.
    pub fn new(program: impl Into<Content>) -> Builder<'p> {
        Builder {
            tree: Tree::default(),
            program: program.into(),
            names: Vec::new(),
            mtime: 0,
            align: 0,
            kept: modules::Kept::default(),
            loader: None,
            inspected: Vec::new(),
            scripts: Vec::new(),
            kernels: Vec::new(),
            microcode: microcode::Microcode::default(),
            links: 0,
            added: 0,
            notes: Vec::new(),
            progress: Box::new(|_, _, _| {}),
        }
    }

    /// Tells `progress` of long work.
    pub fn progress(&mut self, progress: Box<Progress<'p>>) -> &mut Builder<'p> {
        self.progress = progress;
        self
    }

    /// The time of everything in the image, seconds since 1970: 0 otherwise.
    pub fn mtime(&mut self, seconds: u32) -> &mut Builder<'p> {
        self.mtime = seconds;
        self
    }

    /// The content of files begins at multiples of this power of two, so that a
    /// filesystem can share their blocks; 0 otherwise.
    pub fn align(&mut self, bytes: u64) -> &mut Builder<'p> {
        self.align = bytes;
        self
    }

    /// The directories for API file systems and the new root, `/dev/console`
    /// and `/dev/null`, the links that make `/bin`, `/sbin` and `/lib` parts of
    /// `/usr`. Call it first: what is added later lands behind these links.
    pub fn skeleton(&mut self) -> Result<&mut Builder<'p>, Error> {
        let lines = spec::parse(SKELETON, &|_| None)
            .map_err(|e| Error::msg(format_args!("skeleton, line {}: {}", e.number, e.text)))?;
        for line in lines {
            self.put_line(line)?;
        }
        for (path, bytes) in FILES {
            self.tree.put(path.as_bytes(), Node::file(bytes, 0o644))?;
        }
        Ok(self)
    }

    /// Links to the program by the names of its applets. Names that something
    /// else was added under stay that.
    pub fn farm(&mut self, table: &'static Table, farm: Farm) -> &mut Builder<'p> {
        self.names = table.0.iter().map(|row| row.name).filter(|name| farm.has(name)).collect();
        self
    }

    /// A file with these bytes, owned by root.
    pub fn file(
        &mut self,
        path: &str,
        mode: u32,
        bytes: impl Into<Vec<u8>>,
    ) -> Result<&mut Builder<'p>, Error> {
        self.tree.put(path.as_bytes(), Node::file(bytes, mode))?;
        Ok(self)
    }

    /// Anything else: a directory, a link, a node.
    pub fn node(&mut self, path: &[u8], node: Node) -> Result<&mut Builder<'p>, Error> {
        self.tree.put(path, node)?;
        Ok(self)
    }

    /// What a list in the language of [`spec`] asks for. `variable` is the
    /// environment for `${NAME}` in it.
    pub fn spec<'e>(
        &mut self,
        file: &Path,
        variable: &dyn Fn(&[u8]) -> Option<&'e [u8]>,
    ) -> Result<&mut Builder<'p>, Error> {
        let text = crate::sys::file::read(file).map_err(|e| Error::os(show(file), e))?;
        self.spec_text(file, &text, variable)
    }

    /// [`spec`](Self::spec) of a text that came from `file`.
    pub fn spec_text<'e>(
        &mut self,
        file: &Path,
        text: &[u8],
        variable: &dyn Fn(&[u8]) -> Option<&'e [u8]>,
    ) -> Result<&mut Builder<'p>, Error> {
        let at = |number, text: &dyn std::fmt::Display| {
            Error::msg(format_args!("{}, line {number}: {text}", show(file)))
        };
        let lines = spec::parse(text, variable).map_err(|e| at(e.number, &e.text))?;
        for line in lines {
            let number = line.number;
            self.put_line(line).map_err(|e| at(number, &e))?;
            self.added += 1;
        }
        Ok(self)
    }

    fn put_line(&mut self, line: spec::Line) -> Result<(), Error> {
        use spec::What;
        let mut names = Vec::new();
        let kind = match line.what {
            What::Directory => Kind::Directory,
            What::Character(major, minor) => Kind::Character(major, minor),
            What::Block(major, minor) => Kind::Block(major, minor),
            What::Symlink(target) => Kind::Symlink(target),
            What::Pipe => Kind::Fifo,
            What::Socket => Kind::Socket,
            What::File(source, others) => {
                let source = PathBuf::from(OsStr::from_bytes(&source));
                let meta = std::fs::metadata(&source).map_err(|e| Error::os(show(&source), e))?;
                if !meta.is_file() {
                    return Err(Error::msg(format_args!("{}: not a regular file", show(&source))));
                }
                let link = (!others.is_empty()).then_some((u64::MAX, self.links));
                self.links += 1;
                names = others;
                Kind::File { content: Content::Host(source), link }
            }
        };
        let node = Node { kind, mode: line.mode, uid: line.uid, gid: line.gid };
        for name in names {
            self.tree.put(&name, node.clone())?;
        }
        self.tree.put(&line.name, node)
    }

    /// The archive, compressed. It has the program, `/init` as a link to it
    /// and the names of [`farm`](Self::farm), except where something was added
    /// in their place.
    pub fn build(&mut self, format: Format) -> Result<Image, Error> {
        let mut bytes = Vec::new();
        let mut image = self.write(&Packing::for_kernel(format), &mut bytes)?;
        image.bytes = bytes;
        Ok(image)
    }

    /// What is put into the archive at last, whatever becomes of it.
    fn complete(&mut self) -> Result<Image, Error> {
        let (modules, module_bytes) = self.put_module_lists()?;
        let (program, names) = self.put_program()?;
        self.check_scripts();
        let notes = std::mem::take(&mut self.notes);
        Ok(Image { program, names, modules, module_bytes, notes, ..Image::default() })
    }

    /// Completes the image, to look at what is in it; [`has_module`] and
    /// [`tree`](Self::tree) say it.
    ///
    /// [`has_module`]: Self::has_module
    pub fn preview(&mut self) -> Result<Image, Error> {
        self.complete()
    }

    /// What is in it.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Whether a module of this name is in it.
    pub fn has_module(&self, name: &[u8]) -> bool {
        self.kernels.iter().any(|kernel| kernel.has(name))
    }

    /// [`build`](Self::build), in a way of one's own, to where it is to be: it
    /// is never in memory as a whole. [`Image::bytes`] stays empty.
    pub fn write(&mut self, how: &Packing, to: &mut dyn Target) -> Result<Image, Error> {
        let mut image = self.complete()?;
        let start = to.position();
        let first = self.microcode.archive(self.mtime, &mut *self.progress)?;
        to.write_all(&first).map_err(|e| Error::os(to.name(), e))?;
        let place = (self.mtime, self.align, to.position());
        let mut stream = write::Stream::new(&self.tree, place, &mut *self.progress);
        if how.format == Format::None {
            stream.write_to(to)?;
        } else {
            let packed = compress::pack(how, &mut Input::new(Box::new(&mut stream)), to);
            if let Some(error) = stream.failed.take() {
                return Err(error);
            }
            packed.map_err(|e| Error::os(to.name(), e))?;
        }
        (image.unpacked, image.counts) = (stream.size(), stream.counts);
        image.size = to.position() - start;
        Ok(image)
    }

    /// Gives the program's size and how many names lead to it.
    fn put_program(&mut self) -> Result<(usize, usize), Error> {
        let (bytes, path) = match std::mem::replace(&mut self.program, Content::Bytes(Vec::new())) {
            Content::Bytes(bytes) => (bytes, PathBuf::from(PROGRAM)),
            Content::Kept(..) => (Vec::new(), PathBuf::from(PROGRAM)),
            Content::Host(path) => {
                let bytes = crate::sys::file::read(&path).map_err(|e| Error::os(show(&path), e))?;
                // Libraries may be asked for relative to where it really is.
                (bytes, std::fs::canonicalize(&path).unwrap_or(path))
            }
        };
        let size = bytes.len();
        self.put_libraries(&path, Path::new(PROGRAM), &bytes, true)?;
        self.tree.put_new(PROGRAM.as_bytes(), Node::file(bytes, 0o755))?;
        // A link, not a second name of the file: an archive appended to the
        // image may replace /init without writing into the program.
        self.tree.put_new(b"/init", Node::symlink(PROGRAM.trim_start_matches('/')))?;
        let mut names = 0;
        for name in &self.names {
            let path = [b"/usr/bin/", name.as_bytes()].concat();
            names += usize::from(self.tree.put_new(&path, Node::symlink("rescuebox"))?);
        }
        Ok((size, names))
    }

    /// Remarks on interpreters that are not there, one for each.
    fn check_scripts(&mut self) {
        let mut missing: Vec<(&[u8], &[u8], usize)> = Vec::new();
        for (script, interpreter) in &self.scripts {
            let there = self.tree.find(interpreter);
            if there.is_some_and(|node| matches!(node.kind, Kind::File { .. })) {
                continue;
            }
            match missing.iter_mut().find(|(name, _, _)| name == interpreter) {
                Some((_, _, more)) => *more += 1,
                None => missing.push((interpreter, script, 0)),
            }
        }
        for (interpreter, script, more) in missing {
            let (script, interpreter) = (show_bytes(script), show_bytes(interpreter));
            let others = if more == 0 { String::new() } else { format!(" (and of {more} more)") };
            self.notes.push(format!(
                "{script}: its interpreter{others}, {interpreter}, is not in the image"
            ));
        }
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Content {
        Content::Bytes(bytes)
    }
}

impl From<PathBuf> for Content {
    fn from(path: PathBuf) -> Content {
        Content::Host(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throwaway_machines_have_no_modprobe() {
        let has =
            |name: &str| [Farm::Full, Farm::Machine, Farm::Minimal].map(|farm| farm.has(name));
        assert_eq!(has("modprobe"), [true, false, false]);
        assert_eq!(has("ls"), [true, true, false]);
        assert_eq!(has("sh"), [true, true, true]);
        assert_eq!(has("rescuebox"), [false, false, false]);
    }
}
