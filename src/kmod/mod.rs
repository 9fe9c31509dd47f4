//! Kernel modules: what is in a file, what needs what, loading.
//!
//! Pure: [`alias`] names and patterns, [`dep`] depmod's files, [`modinfo`]
//! the `.modinfo` section, [`conf`] modprobe.d and the command line, [`strip`]
//! what the image builder leaves out of a module. Doers: [`tree`] a modules
//! directory, [`index`]
//! what depmod writes, [`resolve`] what to load in which order, [`load`] loading.

use std::fmt::{self, Display};

use crate::applet::show_bytes;
use crate::compress;
use crate::sys::text::error_text;

pub mod alias;
pub mod conf;
pub mod dep;
pub mod index;
pub mod load;
pub mod modinfo;
pub mod resolve;
pub mod strip;
pub mod tree;
pub mod trie;

pub use load::{Loaded, Loader};
pub use resolve::{Closure, Found, Missing};
pub use tree::Tree;

/// Why a module could not be found, read, loaded or removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The module's name or file.
    pub what: Vec<u8>,
    /// The reason.
    pub cause: Cause,
}

/// See [`Error`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The system's answer.
    Os(i32),
    /// No name that a module can have.
    BadName,
    /// Neither a module nor an alias nor built in.
    NotFound,
    /// The file ends too early.
    Truncated,
    /// The file is no module at all.
    NotModule,
    /// A module for another processor.
    OtherMachine,
    /// A module for another kernel: its version and the running one's.
    OtherKernel(Vec<u8>, Vec<u8>),
    /// It was built with another kernel's symbol versions.
    SymbolVersions,
    /// It uses symbols that nobody has; these modules that it needs are not
    /// loaded.
    UnknownSymbol(Vec<Vec<u8>>),
    /// The kernel wants a signature that it knows.
    Signature(i32),
    /// The kernel does not take a parameter.
    Parameter(Vec<u8>),
    /// It cannot be unpacked.
    Packed(compress::Error),
    /// Modules that need each other.
    Cycle(Vec<Vec<u8>>),
    /// The `install` or `remove` command ended with this status.
    Command(u8),
    /// It is in use, by these modules if any.
    InUse(Vec<Vec<u8>>),
    /// It is not loaded.
    NotLoaded,
    /// It is part of the kernel.
    Builtin,
}

impl Error {
    /// An error about a module or file.
    pub fn new(what: &[u8], cause: Cause) -> Error {
        Error { what: what.to_vec(), cause }
    }

    /// The system's answer, when that is the cause.
    pub fn errno(&self) -> Option<i32> {
        match self.cause {
            Cause::Os(errno) | Cause::Signature(errno) => Some(errno),
            Cause::UnknownSymbol(_) => Some(libc::ENOENT),
            Cause::Truncated | Cause::NotModule | Cause::OtherMachine => Some(libc::ENOEXEC),
            Cause::OtherKernel(..) => Some(libc::ENOEXEC),
            Cause::SymbolVersions | Cause::Parameter(_) => Some(libc::EINVAL),
            _ => None,
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, names: &[Vec<u8>], between: &str) -> fmt::Result {
    for (n, name) in names.iter().enumerate() {
        let before = if n == 0 { "" } else { between };
        write!(f, "{before}{}", show_bytes(name))?;
    }
    Ok(())
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", show_bytes(&self.what))?;
        match &self.cause {
            Cause::Os(errno) => f.write_str(error_text(*errno)),
            Cause::BadName => f.write_str("not a module name"),
            Cause::NotFound => f.write_str("module not found"),
            Cause::Truncated => f.write_str("truncated module"),
            Cause::NotModule => f.write_str("not a kernel module"),
            Cause::OtherMachine => f.write_str("a module for another kind of processor"),
            Cause::OtherKernel(module, running) => write!(
                f,
                "wrong kernel version: a module for '{}', this is '{}'",
                show_bytes(module),
                show_bytes(running)
            ),
            Cause::SymbolVersions => {
                f.write_str("built for another kernel: symbol versions differ (see dmesg)")
            }
            Cause::UnknownSymbol(needs) if needs.is_empty() => {
                f.write_str("unknown symbol in module (see dmesg)")
            }
            Cause::UnknownSymbol(needs) => {
                f.write_str("unknown symbol in module, which needs modules that are not loaded: ")?;
                list(f, needs, " ")
            }
            Cause::Signature(errno) => {
                write!(f, "signature refused by the kernel: {}", error_text(*errno))
            }
            Cause::Parameter(params) => {
                write!(f, "parameter refused by the module: '{}'", show_bytes(params))
            }
            Cause::Packed(error) => error.fmt(f),
            Cause::Cycle(names) => {
                f.write_str("modules that need each other: ")?;
                list(f, names, " -> ")
            }
            Cause::Command(status) => write!(f, "its command ended with status {status}"),
            Cause::InUse(users) if users.is_empty() => f.write_str("module is in use"),
            Cause::InUse(users) => {
                f.write_str("module is in use by: ")?;
                list(f, users, " ")
            }
            Cause::NotLoaded => f.write_str("module is not loaded"),
            Cause::Builtin => f.write_str("module is built into the kernel"),
        }
    }
}

impl From<Error> for crate::applet::Error {
    fn from(error: Error) -> crate::applet::Error {
        crate::applet::Error::msg(error)
    }
}
