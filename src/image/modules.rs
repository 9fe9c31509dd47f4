//! Kernel modules in an image: those asked for with all they need, and the
//! lists of depmod(8) about just these, so that finding a module's alias at
//! boot reads a few kilobytes and not the whole kernel's.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::rc::Rc;
use std::sync::Mutex;

use crate::applet::{Error, show_bytes};
use crate::compress::{self, Format};
use crate::kmod::strip::Level;
use crate::kmod::{Closure, Found, Tree, alias, conf::Conf, modinfo, strip, tree};
use crate::sys::parallel::in_parallel;

use super::layout::{Content, Kind, Node};
use super::{Builder, output};

/// How many modules are read before the first of them is put into the image.
const BATCH: usize = 32;

/// Stripped and unpacked modules of so many bytes are kept in memory.
const MOST_KEPT: usize = 16 << 20;

/// The names of modules for virtual machines, one a line.
const FOR_MACHINES: &[u8] = include_bytes!("../../initramfs/modules-vm");

/// The modules that virtual machines need: to see their devices, to mount a
/// root, to talk to the host.
pub fn for_machines() -> impl Iterator<Item = &'static [u8]> {
    FOR_MACHINES
        .split(|&b| b == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty() && !line.starts_with(b"#"))
}

/// How modules go into an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModuleOptions {
    /// Unpacked, without signature, debugging data and symbols that loading
    /// does not need; a kind of module that cannot be stripped only unpacked. The kernel then taints itself, and refuses them when it
    /// enforces signatures.
    pub strip: bool,
    /// Unpacked.
    pub decompress: bool,
    /// A name that this kernel does not have is no error but a remark.
    pub optional: bool,
}

/// One modules directory of the image, and what is in it so far.
pub(super) struct Kernel {
    version: Vec<u8>,
    modules: Vec<Module>,
    builtin: Vec<Vec<u8>>,
}

/// One module.
struct Module {
    name: Vec<u8>,
    /// Its file, relative to the modules directory.
    path: Vec<u8>,
    /// What it needs, the nearest first.
    depends: Vec<Vec<u8>>,
    aliases: Vec<Vec<u8>>,
    softdeps: Vec<Vec<u8>>,
    size: u64,
}

impl<'p> Builder<'p> {
    /// The modules of these names or aliases, with all that they need, from a
    /// modules directory, and depmod's lists about them.
    pub fn modules(
        &mut self,
        tree: &Tree,
        names: &[&[u8]],
        options: ModuleOptions,
    ) -> Result<&mut Builder<'p>, Error> {
        let version = tree.dir().file_name().map_or(&b"unknown"[..], OsStr::as_bytes).to_vec();
        let mut names = names.to_vec();
        if options.optional {
            // Only names, no aliases: looking for these may read every module
            // of the kernel. Nobody has asked for what is not there.
            names.retain(|name| {
                let folded = alias::fold(name);
                tree.has_module(&folded) || tree.is_builtin(&folded)
            });
        }
        (self.progress)("finding modules", 0, 0);
        let closure = tree.closure(&names, &Conf::default());
        self.complain(&version, &closure, options.optional)?;
        let at = self.kernels.iter().position(|kernel| kernel.version == version);
        let mut kernel = match at {
            Some(at) => self.kernels.swap_remove(at),
            None => Kernel { version: version.clone(), modules: Vec::new(), builtin: Vec::new() },
        };
        let new = |found: &&Found| kernel.module(&found.name).is_none();
        let wanted: Vec<&Found> = closure.modules.iter().filter(new).collect();
        for (nth, batch) in wanted.chunks(BATCH).enumerate() {
            (self.progress)("reading modules", (nth * BATCH) as u64, wanted.len() as u64);
            let slots: Vec<_> = batch.iter().map(|_| Mutex::new(None)).collect();
            in_parallel(batch.len(), &|at| {
                if let (Some(found), Some(slot)) = (batch.get(at), slots.get(at))
                    && let Ok(mut slot) = slot.lock()
                {
                    *slot = Some(prepare(&found.path, options));
                }
            });
            for (found, slot) in batch.iter().zip(slots) {
                let Ok(Some(prepared)) = slot.into_inner() else { continue };
                let mut module = self.put_module(tree.dir(), &version, found, prepared?)?;
                module.depends = closure.needs(found).map(<[u8]>::to_vec).collect();
                kernel.modules.push(module);
            }
        }
        kernel.builtin.extend(closure.builtin);
        self.kernels.push(kernel);
        Ok(self)
    }

    /// Fails, or makes remarks, about what is not there.
    fn complain(&mut self, version: &[u8], closure: &Closure, optional: bool) -> Result<(), Error> {
        if let Some(problem) = closure.problems.first() {
            return Err(Error::msg(problem));
        }
        for missing in &closure.missing {
            let (name, by) = (show_bytes(&missing.name), show_bytes(&missing.wanted_by));
            let version = show_bytes(version);
            let text = if missing.wanted_by.is_empty() {
                format!("{name}: kernel {version} has no such module, built in or not")
            } else {
                format!("{name}: kernel {version} lacks this module, which {by} needs")
            };
            if !optional {
                return Err(Error::msg(text));
            }
            self.notes.push(text);
        }
        Ok(())
    }

    fn put_module(
        &mut self,
        dir: &Path,
        version: &[u8],
        found: &Found,
        prepared: Prepared,
    ) -> Result<Module, Error> {
        let mut path = match found.path.strip_prefix(dir) {
            Ok(relative) => relative.as_os_str().as_bytes().to_vec(),
            // modules.dep may name files anywhere.
            Err(_) => {
                let name = found.path.file_name().unwrap_or_default();
                [b"extra/", name.as_bytes()].concat()
            }
        };
        if prepared.changed
            && let Some(stem) = unpacked_name(&path)
        {
            path.truncate(stem);
        }
        let Prepared { aliases, softdeps, size, bytes, .. } = prepared;
        let content = match bytes {
            Some(bytes) => self.kept.content(bytes),
            None => Content::Host(found.path.clone()),
        };
        let place = [b"/lib/modules/", version, b"/", &path].concat();
        let kind = Kind::File { content, link: None };
        self.tree.put(&place, Node::new(kind, 0o644))?;
        let (name, depends) = (found.name.clone(), Vec::new());
        Ok(Module { name, path, depends, aliases, softdeps, size })
    }

    /// Writes depmod's lists, and says how many modules there are and how many
    /// bytes they have.
    pub(super) fn put_module_lists(&mut self) -> Result<(usize, u64), Error> {
        let (mut count, mut size) = (0, 0);
        for kernel in &self.kernels {
            for (name, text) in kernel.lists() {
                let place =
                    [b"/lib/modules/", kernel.version.as_slice(), b"/", name.as_bytes()].concat();
                self.tree.put_new(&place, Node::file(text, 0o644))?;
            }
            count += kernel.modules.len();
            size += kernel.modules.iter().map(|module| module.size).sum::<u64>();
        }
        Ok((count, size))
    }
}

/// What is to be known of a module, and its bytes where they are not those of
/// the file.
struct Prepared {
    aliases: Vec<Vec<u8>>,
    softdeps: Vec<Vec<u8>>,
    size: u64,
    changed: bool,
    bytes: Option<Vec<u8>>,
}

/// Reads a module.
fn prepare(path: &Path, options: ModuleOptions) -> Result<Prepared, Error> {
    let host = path.as_os_str().as_bytes();
    let bytes = crate::sys::file::read(path).map_err(|e| Error::os(show_bytes(host), e))?;
    let format = Format::detect(&bytes);
    let mut size = bytes.len() as u64;
    let plain = match format {
        Format::None => bytes,
        _ => compress::decompress(format, &bytes, tree::MOST_MODULE)
            .map_err(|e| Error::msg(format_args!("{}: {e}", show_bytes(host))))?,
    };
    let elf = tree::check_module(host, &plain)?;
    let section = elf.section(b".modinfo").unwrap_or_default();
    let values = |key: &[u8]| {
        modinfo::fields(section).filter(|(k, _)| *k == key).map(|(_, v)| v.to_vec()).collect()
    };
    let (aliases, softdeps) = (values(b"alias"), values(b"softdep"));
    let mut made = None;
    if options.strip {
        match strip::strip(&plain, Level::All) {
            Ok(stripped) => made = Some(stripped),
            Err(e @ strip::Error::Elf(_)) => {
                return Err(Error::msg(format_args!("{}: {e}", show_bytes(host))));
            }
            Err(_) => {}
        }
    }
    let changed = options.strip || options.decompress;
    if changed && made.is_none() && format != Format::None {
        made = Some(plain);
    }
    if let Some(made) = &made {
        size = made.len() as u64;
    }
    Ok(Prepared { aliases, softdeps, size, changed, bytes: made })
}

/// Modules that are not as they are on the host: the first ones in memory,
/// what would be too much for it in a file.
#[derive(Default)]
pub(super) struct Kept {
    memory: usize,
    file: Option<Rc<File>>,
    end: u64,
}

impl Kept {
    fn content(&mut self, bytes: Vec<u8>) -> Content {
        if self.memory + bytes.len() <= MOST_KEPT {
            self.memory += bytes.len();
            return Content::Bytes(bytes);
        }
        match self.write(&bytes) {
            Ok(content) => content,
            // No room there: memory it is.
            Err(_) => Content::Bytes(bytes),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> std::io::Result<Content> {
        let file = match &self.file {
            Some(file) => file.clone(),
            None => self.file.insert(Rc::new(output::unnamed()?)).clone(),
        };
        file.write_all_at(bytes, self.end)?;
        let from = self.end;
        self.end += bytes.len() as u64;
        Ok(Content::Kept(file, from, bytes.len() as u64))
    }
}

/// How long the part of a module's path up to and with `.ko` is.
fn unpacked_name(path: &[u8]) -> Option<usize> {
    let name = path.rsplit(|&b| b == b'/').next()?;
    let stem = alias::stem_of_path(name)?;
    Some(path.len() - name.len() + stem.len() + b".ko".len())
}

impl Kernel {
    /// Whether it has a module of this name.
    pub(super) fn has(&self, name: &[u8]) -> bool {
        self.module(name).is_some()
    }

    fn module(&self, name: &[u8]) -> Option<&Module> {
        self.modules.iter().find(|module| module.name == name)
    }

    /// depmod's files: name and text. Lines are sorted, so that they do not
    /// depend on how the modules were found.
    fn lists(&self) -> [(&'static str, Vec<u8>); 4] {
        let mut dep = Vec::new();
        let mut alias = Vec::new();
        let mut softdep = Vec::new();
        for module in &self.modules {
            dep.push([&module.path, &b":"[..], &self.needs(module)].concat());
            for pattern in &module.aliases {
                alias.push([b"alias ", pattern.as_slice(), b" ", &module.name].concat());
            }
            for wish in &module.softdeps {
                softdep.push([b"softdep ", module.name.as_slice(), b" ", wish].concat());
            }
        }
        let path = |name: &Vec<u8>| [b"kernel/", name.as_slice(), b".ko"].concat();
        [
            ("modules.dep", lines(dep)),
            ("modules.alias", lines(alias)),
            ("modules.softdep", lines(softdep)),
            ("modules.builtin", lines(self.builtin.iter().map(path).collect())),
        ]
    }

    /// The files of the modules that one needs, each with a blank before it.
    /// They are loaded from the last to the first; one that another of them
    /// needs is behind that, as it needs fewer itself.
    fn needs(&self, module: &Module) -> Vec<u8> {
        let mut needs: Vec<(usize, &[u8])> = module
            .depends
            .iter()
            .filter_map(|need| self.module(need))
            .map(|need| (usize::MAX - need.depends.len(), need.path.as_slice()))
            .collect();
        needs.sort_unstable();
        needs.iter().flat_map(|(_, path)| [b" ", *path]).collect::<Vec<&[u8]>>().concat()
    }
}

/// The text of these lines, sorted, each once.
fn lines(mut list: Vec<Vec<u8>>) -> Vec<u8> {
    list.sort_unstable();
    list.dedup();
    list.push(Vec::new());
    list.join(&b'\n')
}
