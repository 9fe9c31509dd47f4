//! The module steps: the flat folder in the order of its names, and drivers
//! from a modules tree for the devices there are.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::kmod::{ModuleInitFlags, finit_module};

use super::Fault;
use super::devices::{Look, Wanted};
use super::plan::{Devices, FLAT_MODULES};
use super::steps::Worker;
use crate::cmdline::words;
use crate::dev::names;
use crate::kmod::conf::Conf;
use crate::kmod::load::{insert_file, insert_many, release};
use crate::kmod::{Cause, Error, Loaded, Loader, Tree};
use crate::sys;

/// What the worker loads modules with, and what went wrong with them.
pub struct Modules<'a> {
    /// The kernel command line: parameters and blacklists are in it.
    line: &'a [u8],
    /// Faults so far, `NAME: why`.
    faults: Vec<String>,
    /// Whether there is a modules tree was looked up, and here it is.
    loader: Option<Option<Loader>>,
    /// Aliases of devices that have been dealt with.
    seen: Vec<Vec<u8>>,
}

/// More faults than this are not kept.
const FAULTS_MAX: usize = 16;

/// A driver's devices may need drivers, whose devices need drivers: a disk
/// behind a bus behind a bridge.
const ROUNDS: u32 = 8;

impl<'a> Modules<'a> {
    /// Nothing loaded, nothing opened.
    pub fn new(line: &'a [u8], faults: Vec<String>) -> Modules<'a> {
        Modules { line, faults, loader: None, seen: Vec::new() }
    }

    /// Adds the command line's parameters and blacklists.
    fn add_cmdline(&self, conf: &mut Conf) {
        if !self.line.contains(&b'.') && !self.line.windows(9).any(|w| w == b"blacklist") {
            return;
        }
        let ours = |text: &&[u8]| {
            let name = text.split(|&b| b == b'=').next().unwrap_or_default();
            name.contains(&b'.') || name.ends_with(b"blacklist")
        };
        let before = words(self.line).map(|w| w.text).take_while(|text| *text != b"--");
        conf.add_cmdline(before.filter(ours));
    }

    /// Loads a module, if there is such a thing; what is wrong with it is seen
    /// by what is missing then.
    pub(super) fn load(&mut self, name: &[u8]) {
        if let Some(loader) = self.loader() {
            let _ = loader.load(name);
        }
    }

    /// Loads the drivers of all devices: a boot from a share has loaded but
    /// its own.
    pub fn load_all(&mut self) {
        self.load_found(Vec::new(), Devices::All, &mut |_| {});
    }

    /// Loads what `wanted` asks for and the drivers of devices.
    fn load_found(&mut self, wanted: Vec<Wanted>, devices: Devices, fault: &mut dyn FnMut(Error)) {
        let mut look = Look::new(wanted);
        for _ in 0..ROUNDS {
            look.at(devices);
            look.wanted.retain(|wanted| self.seen.binary_search(&wanted.alias).is_err());
            if look.wanted.is_empty() {
                return;
            }
            let Some(loader) = self.loader() else { return };
            if load_wanted(loader, &look.wanted, fault) == 0 {
                return;
            }
            for Wanted { alias, .. } in look.wanted.drain(..) {
                if let Err(place) = self.seen.binary_search(&alias) {
                    self.seen.insert(place, alias);
                }
            }
        }
    }

    /// The loader of `/lib/modules/RELEASE`, if that is there.
    fn loader(&mut self) -> Option<&mut Loader> {
        if self.loader.is_none() {
            let release = release();
            let dirs: [&[u8]; 2] = [b"/lib/modules/", b"/usr/lib/modules/"];
            let tree = dirs.iter().find_map(|dir| {
                let dir = [dir, release.as_slice()].concat();
                Tree::open(Path::new(OsStr::from_bytes(&dir))).ok()
            });
            self.loader = Some(tree.map(|tree| {
                let mut conf = Conf::read_dirs(Path::new("/"));
                self.add_cmdline(&mut conf);
                Loader::new(Some(tree), conf)
            }));
        }
        self.loader.as_mut()?.as_mut()
    }
}

impl Worker<'_> {
    /// Loads `/usr/lib/modules/*.ko*` in the order of their names. A module
    /// that is refused is noted, and the boot goes on, as with osbuild's init;
    /// should the root then not mount, the reason is told with it. One that
    /// came before what it needs gets another chance at the end.
    pub(super) fn load_flat(&mut self) {
        let mut waiting: Vec<Vec<u8>> =
            names(FLAT_MODULES).into_iter().filter(|name| is_module(name)).collect();
        if waiting.is_empty() {
            return;
        }
        let mut conf = Conf::default();
        self.modules.add_cmdline(&mut conf);
        loop {
            let mut failed = Vec::new();
            let before = waiting.len();
            for name in waiting {
                if let Err(error) = insert_flat(&name, &conf) {
                    failed.push((name, error));
                }
            }
            let symbols = |error: &Error| matches!(error.errno(), Some(libc::ENOENT));
            let again = failed.len() < before && failed.iter().any(|(_, e)| symbols(e));
            if !again {
                for (_, error) in failed {
                    self.module_fault(error.to_string());
                }
                return;
            }
            let (later, never): (Vec<_>, Vec<_>) =
                failed.into_iter().partition(|(_, error)| symbols(error));
            for (_, error) in never {
                self.module_fault(error.to_string());
            }
            waiting = later.into_iter().map(|(name, _)| name).collect();
        }
    }

    /// Loads modules by name, and drivers for devices, from the modules tree.
    pub(super) fn load_tree(&mut self, first: &[&[u8]], devices: Devices) {
        for name in first {
            self.load(name);
        }
        if self.modules.loader().is_none() {
            return;
        }
        // The file system of a share needs no device to be loaded, so it can
        // go along with the driver of the bus.
        let mut wanted = Vec::new();
        if let Devices::Virtio(types) = devices {
            for (is_wanted, alias) in [
                (types.fs, &b"fs-virtiofs"[..]),
                (types.nine_p, b"fs-9p"),
                (types.nine_p, b"9p-virtio"),
            ] {
                if is_wanted {
                    wanted.push(Wanted::by_name(alias));
                }
            }
        }
        self.noting(|modules, fault| modules.load_found(wanted, devices, fault));
    }

    /// Has modules loaded, and notes what is wrong with any of them.
    fn noting<T>(&mut self, load: impl FnOnce(&mut Modules, &mut dyn FnMut(Error)) -> T) -> T {
        let mut faults = Vec::new();
        let result = load(&mut self.modules, &mut |error| faults.push(error.to_string()));
        for text in faults {
            self.module_fault(text);
        }
        result
    }

    /// Loads the drivers of devices that have come since.
    pub(super) fn load_drivers_of_new_devices(&mut self) {
        let devices = match self.devices {
            Devices::Disks => Devices::All,
            devices => devices,
        };
        self.load_tree(&[], devices);
    }

    /// Loads a module by name; says whether one was inserted.
    pub(super) fn load(&mut self, name: &[u8]) -> bool {
        let result = match self.modules.loader() {
            Some(loader) => loader.load(name),
            None => return false,
        };
        match result {
            Ok(Loaded::Now(_)) => true,
            Ok(_) => false,
            Err(error) => {
                self.module_fault(error.to_string());
                false
            }
        }
    }

    /// Loads the module of a type of file system.
    pub(super) fn load_filesystem(&mut self, name: &[u8]) -> bool {
        let wanted = Wanted::by_name(&[b"fs-", name].concat());
        self.noting(|modules, fault| {
            modules.loader().is_some_and(|loader| load_wanted(loader, &[wanted], fault) > 0)
        })
    }

    fn module_fault(&mut self, text: String) {
        self.note_module(&text);
        if self.modules.faults.len() < FAULTS_MAX && !self.modules.faults.contains(&text) {
            self.modules.faults.push(text);
        }
    }

    /// Adds what went wrong with modules, which may well be the cause: it is,
    /// when the kernel lacks a file system.
    pub(super) fn with_modules(&self, mut fault: Fault) -> Fault {
        let mut faults = self.modules.faults.iter();
        if fault.errno == Some(libc::ENODEV)
            && !fault.text.contains('\n')
            && let Some(first) = faults.next_back()
        {
            fault.text.push_str(": ");
            fault.text.push_str(first);
        }
        for text in faults {
            fault = fault.line(format_args!("module {text}"));
        }
        fault
    }
}

fn is_module(name: &[u8]) -> bool {
    [b".ko".as_slice(), b".ko.gz", b".ko.xz", b".ko.zst"].iter().any(|end| name.ends_with(end))
}

/// Inserts a file of the flat folder. Its name may begin with a number and a
/// dash, which sorts it and is no part of the module's name.
fn insert_flat(name: &[u8], conf: &Conf) -> Result<(), Error> {
    let path = [FLAT_MODULES.as_bytes(), b"/", name].concat();
    let stem = name.split(|&b| b == b'.').next().unwrap_or_default();
    let digits = stem.iter().take_while(|b| b.is_ascii_digit()).count();
    let module = match stem.split_at_checked(digits) {
        Some((number, rest)) if !number.is_empty() => rest.strip_prefix(b"-").unwrap_or(stem),
        _ => stem,
    };
    if conf.is_blacklisted(module) {
        return Ok(());
    }
    let params = if conf.is_empty() { Vec::new() } else { conf.options(module, module) };
    // The plain case with as little around it as can be; whatever is wrong is
    // found out, and explained, by the long way.
    if params.is_empty()
        && name.ends_with(b".ko")
        && let Ok(file) = sys::path::open(path.as_slice(), OFlag::O_RDONLY)
        && let Ok(()) | Err(Errno::EEXIST) = finit_module(&file, c"", ModuleInitFlags::empty())
    {
        return Ok(());
    }
    insert_file(Path::new(OsStr::from_bytes(&path)), &params, false).map(|_| ())
}

/// Loads what the aliases stand for, and returns how many modules that were.
fn load_wanted(loader: &mut Loader, wanted: &[Wanted], fault: &mut dyn FnMut(Error)) -> usize {
    let Some(tree) = loader.tree() else { return 0 };
    let conf = loader.conf();
    let mut names: Vec<Vec<u8>> = Vec::new();
    for wanted in wanted {
        let mut found = conf.aliased(&wanted.alias);
        if found.is_empty() {
            found = tree.aliased(&wanted.alias);
        }
        found.retain(|module| !conf.is_blacklisted(module) && !names.contains(module));
        if !found.is_empty() && !wanted.is_driven() {
            names.append(&mut found);
        }
    }
    if names.is_empty() {
        return 0;
    }
    let processors = crate::sys::parallel::processors();
    let listed = if processors == 1 { load_listed(loader, &names) } else { Listed::default() };
    if listed.whole {
        listed.faults.into_iter().for_each(fault);
        return listed.count;
    }
    listed.count + load_closure(loader, &names, processors > 1, fault)
}

/// What came of [`load_listed`].
#[derive(Default)]
struct Listed {
    /// How many modules were inserted.
    count: usize,
    /// Whether that was all there was to do; otherwise the loader knows what was
    /// loaded, and what failed will fail again.
    whole: bool,
    faults: Vec<Error>,
}

/// Loads modules and what their lines of `modules.dep` list, one after the
/// other: on one processor that is all there is to it. Not where there is more
/// to be known, and not on where a file is not there.
fn load_listed(loader: &mut Loader, names: &[Vec<u8>]) -> Listed {
    let mut result = Listed::default();
    let (Some(tree), true) = (loader.tree(), loader.conf().is_only_options()) else {
        return result;
    };
    let mut list = Vec::with_capacity(8);
    for name in names {
        let Some(chain) = tree.chain(name) else { return result };
        for (module, path) in chain {
            if !loader.has_loaded(&module) && !list.iter().any(|(other, _)| *other == module) {
                list.push((module, path));
            }
        }
    }
    for (module, path) in &list {
        match insert_file(path, &loader.conf().options(module, b""), false) {
            Ok(loaded) => {
                loader.set_loaded(module);
                result.count += if let Loaded::Now(n) = loaded { n } else { 0 };
            }
            Err(Error { cause: Cause::Os(libc::ENOENT), .. }) => {
                loader.tree().iter().for_each(|tree| tree.distrust());
                return result;
            }
            Err(error) => result.faults.push(error),
        }
    }
    result.whole = true;
    result
}

/// Loads modules, what they need and what the configuration wants with them.
fn load_closure(
    loader: &mut Loader,
    names: &[Vec<u8>],
    parallel: bool,
    fault: &mut dyn FnMut(Error),
) -> usize {
    let (Some(tree), conf) = (loader.tree(), loader.conf()) else { return 0 };
    let list: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
    let mut closure = tree.closure(&list, conf);
    // The kernel checks a signature before it finds that a module is there.
    // `needs`, which counts places, is not looked at behind this.
    closure.modules.retain(|module| !loader.has_loaded(&module.name));
    if closure.modules.iter().any(|module| conf.install_command(&module.name).is_some()) {
        // With commands in between, one after the other.
        return load_in_turn(loader, names, fault);
    }
    for problem in closure.problems {
        fault(problem);
    }
    for missing in &closure.missing {
        let what = if missing.wanted_by.is_empty() { &missing.name } else { &missing.wanted_by };
        fault(Error::new(what, crate::kmod::Cause::UnknownSymbol(vec![missing.name.clone()])));
    }
    let mut count = 0;
    let results = insert_many(&closure.modules, conf, parallel);
    for (module, result) in closure.modules.iter().zip(results) {
        match result {
            Ok(loaded) => {
                loader.set_loaded(&module.name);
                count += if let Loaded::Now(n) = loaded { n } else { 0 };
            }
            Err(error) => fault(error),
        }
    }
    count
}

fn load_in_turn(loader: &mut Loader, names: &[Vec<u8>], fault: &mut dyn FnMut(Error)) -> usize {
    let mut count = 0;
    for name in names {
        match loader.load(name) {
            Ok(Loaded::Now(n)) => count += n,
            Ok(_) => {}
            Err(error) => fault(error),
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_flat_folder() {
        assert!(is_module(b"01-fuse.ko") && is_module(b"fuse.ko.xz"));
        assert!(!is_module(b"modules.dep") && !is_module(b"6.1.0"));
    }
}
