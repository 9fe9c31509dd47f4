//! Kernel modules in an image: those asked for with all they need, and the
//! lists of depmod(8) about just these, so that finding a module's alias at
//! boot reads a few kilobytes and not the whole kernel's.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::applet::{Error, show_bytes};
use crate::compress::{self, Format};
use crate::kmod::strip::Level;
use crate::kmod::{Closure, Found, Tree, alias, conf::Conf, modinfo, strip, tree};

use super::Builder;
use super::layout::Node;

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
            // of the kernel.
            names.retain(|name| {
                let folded = alias::fold(name);
                let there = tree.has_module(&folded) || tree.is_builtin(&folded);
                if !there {
                    self.notes.push(format!(
                        "{}: kernel {} has no such module, built in or not",
                        show_bytes(name),
                        show_bytes(&version)
                    ));
                }
                there
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
        for (n, found) in closure.modules.iter().enumerate() {
            (self.progress)("reading modules", n as u64, closure.modules.len() as u64);
            if kernel.module(&found.name).is_none() {
                kernel.modules.push(self.put_module(tree.dir(), &version, found, options)?);
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
        options: ModuleOptions,
    ) -> Result<Module, Error> {
        let host = found.path.as_os_str().as_bytes();
        let mut path = match found.path.strip_prefix(dir) {
            Ok(relative) => relative.as_os_str().as_bytes().to_vec(),
            // modules.dep may name files anywhere.
            Err(_) => {
                let name = found.path.file_name().unwrap_or_default();
                [b"extra/", name.as_bytes()].concat()
            }
        };
        let failed = |e| Error::os(show_bytes(host), e);
        let mut bytes = crate::sys::file::read(&found.path).map_err(failed)?;
        let format = Format::detect(&bytes);
        let unpacked = match format {
            Format::None => None,
            _ => Some(
                compress::decompress(format, &bytes, tree::MOST_MODULE)
                    .map_err(|e| Error::msg(format_args!("{}: {e}", show_bytes(host))))?,
            ),
        };
        let plain = unpacked.as_deref().unwrap_or(&bytes);
        let elf = tree::check_module(host, plain)?;
        let section = elf.section(b".modinfo").unwrap_or_default();
        let values = |key: &[u8]| {
            modinfo::fields(section).filter(|(k, _)| *k == key).map(|(_, v)| v.to_vec()).collect()
        };
        let (aliases, softdeps) = (values(b"alias"), values(b"softdep"));
        if options.strip || options.decompress {
            if let Some(stem) = unpacked_name(&path) {
                path.truncate(stem);
            }
            let stripped = if options.strip { Some(strip::strip(plain, Level::All)) } else { None };
            match (stripped, unpacked) {
                (Some(Ok(stripped)), _) => bytes = stripped,
                (Some(Err(e @ strip::Error::Elf(_))), _) => {
                    return Err(Error::msg(format_args!("{}: {e}", show_bytes(host))));
                }
                (_, Some(unpacked)) => bytes = unpacked,
                (_, None) => {}
            }
        }
        let size = bytes.len() as u64;
        let place = [b"/lib/modules/", version, b"/", &path].concat();
        self.tree.put(&place, Node::file(bytes, 0o644))?;
        let (name, depends) = (found.name.clone(), found.depends.clone());
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

/// How long the part of a module's path up to and with `.ko` is.
fn unpacked_name(path: &[u8]) -> Option<usize> {
    let name = path.rsplit(|&b| b == b'/').next()?;
    let stem = alias::stem_of_path(name)?;
    Some(path.len() - name.len() + stem.len() + b".ko".len())
}

impl Kernel {
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
