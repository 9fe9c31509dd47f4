//! Kernel modules in an image: those asked for with all they need, and the
//! lists of depmod(8) about just these, so that finding a module's alias at
//! boot reads a few kilobytes and not the whole kernel's.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::applet::{Error, show_bytes};
use crate::compress::{self, Format};
use crate::kmod::{Closure, Found, Tree, alias, conf::Conf, modinfo, tree};

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
    /// does not need. The kernel then taints itself, and refuses them when it
    /// enforces signatures.
    pub strip: bool,
    /// Unpacked.
    pub decompress: bool,
    /// A name that this kernel does not have is no error but a remark.
    pub optional: bool,
}

/// The modules in an image so far.
#[derive(Default)]
pub(super) struct Modules {
    /// By version, then by name.
    kernels: BTreeMap<Vec<u8>, Kernel>,
}

/// One modules directory of the image.
#[derive(Default)]
struct Kernel {
    modules: BTreeMap<Vec<u8>, Module>,
    builtin: BTreeSet<Vec<u8>>,
}

/// One module.
struct Module {
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
        mut self,
        tree: &Tree,
        names: &[&[u8]],
        options: ModuleOptions,
    ) -> Result<Builder<'p>, Error> {
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
        let mut kernel = self.modules.kernels.remove(&version).unwrap_or_default();
        for (n, found) in closure.modules.iter().enumerate() {
            (self.progress)("reading modules", n as u64, closure.modules.len() as u64);
            if !kernel.modules.contains_key(&found.name) {
                let module = self.put_module(tree.dir(), &version, found, options)?;
                kernel.modules.insert(found.name.clone(), module);
            }
        }
        kernel.builtin.extend(closure.builtin);
        self.modules.kernels.insert(version, kernel);
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
        let mut bytes = std::fs::read(&found.path).map_err(failed)?;
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
            if let Some(unpacked) = unpacked {
                bytes = unpacked;
            }
        }
        let size = bytes.len() as u64;
        let place = [b"/lib/modules/", version, b"/", &path].concat();
        self.tree.put(&place, Node::file(bytes, 0o644))?;
        Ok(Module { path, depends: found.depends.clone(), aliases, softdeps, size })
    }

    /// Writes depmod's lists, and says how many modules there are and how many
    /// bytes they have.
    pub(super) fn put_module_lists(&mut self) -> Result<(usize, u64), Error> {
        let (mut count, mut size) = (0, 0);
        for (version, kernel) in &self.modules.kernels {
            for (name, text) in kernel.lists() {
                let place = [b"/lib/modules/", version.as_slice(), b"/", name.as_bytes()].concat();
                self.tree.put_new(&place, Node::file(text, 0o644))?;
            }
            count += kernel.modules.len();
            size += kernel.modules.values().map(|module| module.size).sum::<u64>();
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
    /// depmod's files: name and text.
    fn lists(&self) -> [(&'static str, Vec<u8>); 4] {
        let mut dep = Vec::new();
        let mut alias = Vec::new();
        let mut softdep = Vec::new();
        let mut builtin = Vec::new();
        for (name, module) in &self.modules {
            dep.extend_from_slice(&module.path);
            dep.push(b':');
            let mut needs: Vec<&Module> =
                module.depends.iter().filter_map(|need| self.modules.get(need)).collect();
            // They are loaded from the last to the first. What is needed by
            // another of them needs less itself; by name where that leaves a
            // choice, so that the lists do not depend on how these were found.
            needs.sort_by_key(|need| (Reverse(need.depends.len()), need.path.clone()));
            for need in needs {
                dep.push(b' ');
                dep.extend_from_slice(&need.path);
            }
            dep.push(b'\n');
            for pattern in &module.aliases {
                let line: [&[u8]; 5] = [b"alias ", pattern, b" ", name, b"\n"];
                alias.extend_from_slice(&line.concat());
            }
            for wish in &module.softdeps {
                let line: [&[u8]; 5] = [b"softdep ", name, b" ", wish, b"\n"];
                softdep.extend_from_slice(&line.concat());
            }
        }
        for name in &self.builtin {
            let line: [&[u8]; 3] = [b"kernel/", name, b".ko\n"];
            builtin.extend_from_slice(&line.concat());
        }
        [
            ("modules.dep", dep),
            ("modules.alias", alias),
            ("modules.softdep", softdep),
            ("modules.builtin", builtin),
        ]
    }
}
