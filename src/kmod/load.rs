//! Loading modules.
//!
//! The kernel reads the file itself (finit_module(2)) whenever it can, also a
//! compressed one when it was built so (/sys/module/compression names its one
//! algorithm); otherwise the file is unpacked here and handed over
//! (init_module(2)). The bytes are never changed, so a signature stays good.
//! That a module is there already is success.

use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::kmod::{DeleteModuleFlags, ModuleInitFlags, delete_module, finit_module, init_module};
use nix::sys::wait::{WaitStatus, waitpid};

use super::alias::{fold, is_module_name, is_name, same};
use super::conf::Conf;
use super::resolve::{Choice, Closure, Found};
use super::tree::{Tree, check_module, format_of_path, holds, read_module};
use super::{Cause, Error, dep, modinfo};
use crate::compress::Format;
use crate::sys::process::{Forked, exit_now, fork};

/// MODULE_INIT_COMPRESSED_FILE (include/uapi/linux/module.h, since 5.17).
const COMPRESSED_FILE: u32 = 4;

/// How loading went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// So many modules were inserted now.
    Now(usize),
    /// All were there.
    Already,
    /// It is part of the kernel.
    Builtin,
    /// The blacklist forbids it.
    Blacklisted,
    /// No module is for this device ([`Loader::load_modalias`] only).
    Nothing,
}

/// Inserts one module file with parameters separated by spaces. `force` makes
/// the kernel ignore the version magic and symbol versions.
pub fn insert_file(path: &Path, params: &[u8], force: bool) -> Result<Loaded, Error> {
    let what = path.as_os_str().as_bytes();
    // The kernel wants a string, if an empty one: NULL is EFAULT.
    let Ok(text) = CString::new(params) else {
        return Err(Error::new(what, Cause::Parameter(params.to_vec())));
    };
    let flags = if force {
        ModuleInitFlags::MODULE_INIT_IGNORE_MODVERSIONS
            | ModuleInitFlags::MODULE_INIT_IGNORE_VERMAGIC
    } else {
        ModuleInitFlags::empty()
    };
    let file = crate::sys::path::open(path, OFlag::O_RDONLY)
        .map_err(|errno| Error::new(what, Cause::Os(errno as i32)))?;
    let format = format_of_path(path);
    let result = if format == Format::None {
        finit_module(&file, &text, flags)
    } else if kernel_format() == Some(format) {
        finit_module(&file, &text, flags | ModuleInitFlags::from_bits_retain(COMPRESSED_FILE))
    } else {
        Err(Errno::EOPNOTSUPP)
    };
    let result = match result {
        // Not what its name says, or nothing that this kernel unpacks, or a
        // kernel without this call: read it here.
        Err(Errno::ENOEXEC | Errno::EOPNOTSUPP | Errno::ENOSYS | Errno::EINVAL)
            if format != Format::None || is_packed(&file) || result == Err(Errno::ENOSYS) =>
        {
            let bytes = read_module(path)?;
            if force { Err(Errno::EOPNOTSUPP) } else { init_module(&bytes, &text) }
        }
        other => other,
    };
    match result {
        Ok(()) => Ok(Loaded::Now(1)),
        Err(Errno::EEXIST) => Ok(Loaded::Already),
        Err(errno) => Err(explain(path, params, errno as i32)),
    }
}

fn is_packed(file: &OwnedFd) -> bool {
    let mut head = [0; 6];
    let n = nix::sys::uio::pread(file, &mut head, 0).unwrap_or(0);
    Format::detect(head.get(..n).unwrap_or_default()) != Format::None
}

/// The compression that the kernel unpacks itself, if any.
pub fn kernel_format() -> Option<Format> {
    let text = crate::sys::file::read("/sys/module/compression").ok()?;
    Format::of_name(text.trim_ascii()).filter(|format| *format != Format::None)
}

/// What the kernel's answer about a module means.
pub fn explain(path: &Path, params: &[u8], errno: i32) -> Error {
    let what = path.as_os_str().as_bytes();
    let cause = match errno {
        libc::ENOEXEC => match read_module(path) {
            Ok(bytes) => match check_module(what, &bytes) {
                Ok(elf) => {
                    let section = elf.section(b".modinfo").unwrap_or_default();
                    if elf.machine() != own_machine() {
                        Cause::OtherMachine
                    } else {
                        other_kernel(section).unwrap_or(Cause::Os(errno))
                    }
                }
                Err(error) => error.cause,
            },
            Err(error) => error.cause,
        },
        libc::ENOENT => Cause::UnknownSymbol(not_loaded(path)),
        libc::EKEYREJECTED | libc::ENOKEY | libc::EBADMSG | libc::ENOPKG => Cause::Signature(errno),
        // Also the answer to symbols of other versions; then the kernel's
        // log says so.
        libc::EINVAL if !params.is_empty() => Cause::Parameter(params.to_vec()),
        libc::EINVAL => {
            let section = super::tree::read_modinfo(path).unwrap_or_default();
            other_kernel(&section).unwrap_or(Cause::SymbolVersions)
        }
        _ => Cause::Os(errno),
    };
    Error::new(what, cause)
}

fn other_kernel(section: &[u8]) -> Option<Cause> {
    let magic = modinfo::field(section, b"vermagic")?;
    let version = modinfo::words(magic).next()?;
    let running = release();
    (version != running).then(|| Cause::OtherKernel(version.to_vec(), running))
}

/// The running kernel's version, as `uname -r` says it.
pub fn release() -> Vec<u8> {
    nix::sys::utsname::uname().map_or_else(|_| Vec::new(), |u| u.release().as_bytes().to_vec())
}

/// `e_machine` of this program's processor.
const fn own_machine() -> u16 {
    if cfg!(target_arch = "x86_64") {
        62
    } else if cfg!(target_arch = "aarch64") {
        183
    } else {
        243
    }
}

/// The modules that a module needs and that are not loaded.
fn not_loaded(path: &Path) -> Vec<Vec<u8>> {
    let section = super::tree::read_modinfo(path).unwrap_or_default();
    let needs = modinfo::field(&section, b"depends").unwrap_or_default();
    // A built-in module has no folder in /sys/module unless it has
    // parameters: it cannot be told from one that is not there, but a
    // module that is built in leaves no symbol unknown.
    modinfo::depends(needs).map(fold).filter(|name| state(name) == State::Absent).collect()
}

/// What /sys says about a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is loaded and has been initialized.
    Live,
    /// It is on its way in or out.
    Changing,
    /// It is not there, or part of the kernel.
    Absent,
}

/// Whether a module is loaded. The name is folded.
pub fn state(name: &[u8]) -> State {
    if !is_module_name(name) {
        return State::Absent;
    }
    let mut text = [0; 8];
    let Ok(mut file) = File::open(sys_module(name, b"initstate")) else { return State::Absent };
    match file.read(&mut text) {
        Ok(n) if text.get(..n).unwrap_or_default().starts_with(b"live") => State::Live,
        _ => State::Changing,
    }
}

/// A file of /sys/module/NAME.
pub fn sys_module(name: &[u8], file: &[u8]) -> std::path::PathBuf {
    OsStr::from_bytes(&[b"/sys/module/", name, b"/", file].concat()).into()
}

/// How modprobe-like loading is done.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// The kernel shall ignore version magic and symbol versions.
    pub force: bool,
    /// The `install` command of the module asked for is not run; those of
    /// modules that it needs are.
    pub ignore_commands: bool,
    /// The blacklist also holds for names.
    pub blacklist_names: bool,
    /// Soft dependencies are left out.
    pub no_softdeps: bool,
}

/// Loads modules by name or alias, with what they need.
pub struct Loader {
    tree: Option<Tree>,
    conf: Conf,
    manner: Manner,
    done: Vec<Vec<u8>>,
}

impl Loader {
    /// A loader of the modules in `tree`; with none it finds nothing, and says
    /// so.
    pub fn new(tree: Option<Tree>, conf: Conf) -> Loader {
        Loader { tree, conf, manner: Manner::default(), done: Vec::new() }
    }

    /// The same in another manner.
    #[must_use]
    pub fn with_manner(mut self, manner: Manner) -> Loader {
        self.manner = manner;
        self
    }

    /// The modules.
    pub fn tree(&self) -> Option<&Tree> {
        self.tree.as_ref()
    }

    /// The configuration.
    pub fn conf(&self) -> &Conf {
        &self.conf
    }

    /// Whether this loader has loaded the module.
    pub fn has_loaded(&self, module: &[u8]) -> bool {
        holds(&self.done, module)
    }

    /// Notes a module that was loaded besides it.
    pub fn set_loaded(&mut self, module: &[u8]) {
        if !self.has_loaded(module) {
            self.done.push(module.to_vec());
        }
    }

    /// Loads what a name or alias stands for.
    pub fn load(&mut self, name: &[u8]) -> Result<Loaded, Error> {
        self.load_with(name, b"")
    }

    /// [`Loader::load`], with parameters for the module itself behind those of
    /// the configuration.
    pub fn load_with(&mut self, name: &[u8], params: &[u8]) -> Result<Loaded, Error> {
        if !is_name(name) {
            return Err(Error::new(name, Cause::BadName));
        }
        let folded = fold(name);
        if let Some(command) = self.command_for(&folded, &folded) {
            run_command(&folded, &command, params)?;
            return Ok(Loaded::Now(1));
        }
        let Some(tree) = &self.tree else {
            return Err(Error::new(name, Cause::NotFound));
        };
        let choice = Choice {
            blacklist_names: self.manner.blacklist_names,
            no_softdeps: self.manner.no_softdeps,
        };
        let closure = tree.closure_with(&[&folded], &self.conf, choice);
        self.insert_closure(name, &folded, closure, params)
    }

    /// Loads the drivers for a device's modalias. Nothing is an answer, as
    /// most devices of a machine need no module.
    pub fn load_modalias(&mut self, modalias: &[u8]) -> Result<Loaded, Error> {
        let Some(tree) = &self.tree else { return Ok(Loaded::Nothing) };
        if !is_name(modalias) {
            return Ok(Loaded::Nothing);
        }
        let mut modules = self.conf.aliased(modalias);
        if modules.is_empty() {
            modules = tree.aliased(modalias);
        }
        let found = modules.len();
        modules.retain(|module| !self.conf.is_blacklisted(module));
        if modules.is_empty() {
            return Ok(if found > 0 { Loaded::Blacklisted } else { Loaded::Nothing });
        }
        modules.retain(|module| !holds(&self.done, module));
        if modules.is_empty() {
            return Ok(Loaded::Already);
        }
        let mut count = 0;
        for module in modules {
            match self.load_driver(modalias, &module)? {
                Loaded::Now(n) => count += n,
                _ => continue,
            }
        }
        Ok(if count > 0 { Loaded::Now(count) } else { Loaded::Already })
    }

    /// Loads one of the drivers for a device.
    fn load_driver(&mut self, modalias: &[u8], module: &[u8]) -> Result<Loaded, Error> {
        let Some(tree) = &self.tree else { return Ok(Loaded::Nothing) };
        let chain = if self.conf.has_softdeps() { None } else { tree.chain(module) };
        let mut count = 0;
        for (name, path) in chain.as_deref().unwrap_or_default() {
            let alias = (name == module).then_some(modalias);
            match self.insert_named(name, path, alias, b"") {
                Ok(Loaded::Now(n)) => count += n,
                Ok(_) => {}
                Err(Error { cause: Cause::Os(libc::ENOENT), .. }) => {
                    // The list names what is not there; ask the modules.
                    if let Some(tree) = &self.tree {
                        tree.distrust();
                    }
                    return self.load_by_closure(modalias, module);
                }
                Err(error) => return Err(error),
            }
        }
        match chain {
            None => self.load_by_closure(modalias, module),
            Some(_) if count > 0 => Ok(Loaded::Now(count)),
            Some(_) => Ok(Loaded::Already),
        }
    }

    fn load_by_closure(&mut self, asked: &[u8], module: &[u8]) -> Result<Loaded, Error> {
        let Some(tree) = &self.tree else { return Ok(Loaded::Nothing) };
        let closure = tree.closure(&[module], &self.conf);
        self.insert_closure(module, asked, closure, b"")
    }

    fn command_for(&self, module: &[u8], asked: &[u8]) -> Option<Vec<u8>> {
        if self.manner.ignore_commands && same(module, asked) {
            return None;
        }
        self.conf.install_command(module).map(<[u8]>::to_vec)
    }

    /// Inserts the modules of a closure. `name` as it was asked for.
    fn insert_closure(
        &mut self,
        name: &[u8],
        folded: &[u8],
        closure: Closure,
        params: &[u8],
    ) -> Result<Loaded, Error> {
        if let Some(problem) = closure.problems.first() {
            return Err(problem.clone());
        }
        if let Some(missing) = closure.missing.iter().find(|m| m.wanted_by.is_empty()) {
            return Err(Error::new(&missing.name, Cause::NotFound));
        }
        if closure.modules.is_empty() {
            if !closure.blacklisted.is_empty() {
                return Ok(Loaded::Blacklisted);
            }
            if !closure.builtin.is_empty() {
                return Ok(Loaded::Builtin);
            }
            return Err(Error::new(name, Cause::NotFound));
        }
        let mut wishes = Wishes::of(&closure, folded);
        let mut count = 0;
        for module in &closure.modules {
            let alias = module.wanted.then_some(folded);
            match self.insert_named(&module.name, &module.path, alias, params) {
                Ok(Loaded::Now(n)) => count += n,
                Ok(_) => {}
                Err(_) if wishes.is_wish(module) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(if count > 0 { Loaded::Now(count) } else { Loaded::Already })
    }

    /// Inserts one module unless it is there. `alias`: what it was asked for by;
    /// None when it is only needed, and then the parameters are not for it.
    fn insert_named(
        &mut self,
        name: &[u8],
        path: &Path,
        alias: Option<&[u8]>,
        params: &[u8],
    ) -> Result<Loaded, Error> {
        let asked = alias.unwrap_or_default();
        if holds(&self.done, name) {
            return Ok(Loaded::Already);
        }
        if let Some(command) = self.command_for(name, asked) {
            run_command(name, &command, b"")?;
            self.done.push(name.to_vec());
            return Ok(Loaded::Now(1));
        }
        if state(name) == State::Live {
            self.done.push(name.to_vec());
            return Ok(Loaded::Already);
        }
        let mut options = self.conf.options(name, asked);
        if !params.is_empty() && alias.is_some() {
            if !options.is_empty() {
                options.push(b' ');
            }
            options.extend_from_slice(params);
        }
        let loaded = insert_file(path, &options, self.manner.force)?;
        self.done.push(name.to_vec());
        Ok(loaded)
    }
}

/// Which modules of a closure are only wished for: nothing that was asked for
/// needs them, so that they fail is no failure.
struct Wishes(Vec<Vec<u8>>);

impl Wishes {
    fn of(closure: &Closure, asked: &[u8]) -> Wishes {
        let modules = &closure.modules;
        let mut needed: Vec<Vec<u8>> = Vec::new();
        // With an alias every module that it stands for counts as asked for:
        // those that no other wants.
        let named = modules.iter().any(|m| m.name == asked);
        for module in modules {
            let wished = modules.iter().any(|other| {
                let softdeps = other.softdep_pre.iter().chain(&other.softdep_post);
                let mut softdeps = softdeps;
                softdeps.any(|wish| same(wish, &module.name))
            });
            if (named && module.name == asked) || (!named && !wished) {
                needed.push(module.name.clone());
                needed.extend(closure.needs(module).map(<[u8]>::to_vec));
            }
        }
        Wishes(needed)
    }

    fn is_wish(&mut self, module: &Found) -> bool {
        !self.0.contains(&module.name)
    }
}

/// Runs an `install` or `remove` command of the configuration with the shell.
/// The two that say yes and no are understood without one.
pub fn run_command(module: &[u8], command: &[u8], params: &[u8]) -> Result<(), Error> {
    let fail = |cause| Err(Error::new(module, cause));
    match command {
        b"/bin/true" | b"/usr/bin/true" | b"true" | b":" => return Ok(()),
        b"/bin/false" | b"/usr/bin/false" | b"false" => return fail(Cause::Command(1)),
        _ => {}
    }
    let mut line = Vec::new();
    let mut rest = command;
    while let Some((head, behind)) = split_around(rest, b"$CMDLINE_OPTS") {
        line.extend_from_slice(head);
        line.extend_from_slice(params);
        rest = behind;
    }
    line.extend_from_slice(rest);
    let Ok(line) = CString::new(line) else { return fail(Cause::Command(126)) };
    let module_variable = [b"MODPROBE_MODULE=", module].concat();
    let environment: Vec<CString> = [&b"PATH=/usr/sbin:/usr/bin:/sbin:/bin"[..], &module_variable]
        .iter()
        .filter_map(|entry| CString::new(*entry).ok())
        .collect();
    match fork() {
        Err(errno) => fail(Cause::Os(errno as i32)),
        Ok(Forked::Child) => {
            let _ = nix::unistd::execve(c"/bin/sh", &[c"sh", c"-c", &line], &environment);
            exit_now(127)
        }
        Ok(Forked::Parent(child)) => loop {
            match waitpid(child, None) {
                Ok(WaitStatus::Exited(_, 0)) => return Ok(()),
                Ok(WaitStatus::Exited(_, status)) => {
                    return fail(Cause::Command(u8::try_from(status).unwrap_or(255)));
                }
                Ok(WaitStatus::Signaled(_, signal, _)) => {
                    let status = 128u8.saturating_add(u8::try_from(signal as i32).unwrap_or(127));
                    return fail(Cause::Command(status));
                }
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return fail(Cause::Os(errno as i32)),
            }
        },
    }
}

fn split_around<'a>(text: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = text.windows(mark.len()).position(|w| w == mark)?;
    Some((text.get(..at)?, text.get(at + mark.len()..)?))
}

/// Inserts modules in the order of their waves, with the parameters that
/// `conf` has for them. Returns the result of each, in the order of the list.
///
/// With `parallel`, the modules of a wave that has more than one are inserted
/// by a child process each; which of them the kernel finishes first has no
/// influence on anything but time. A module whose dependency failed is tried
/// all the same: the kernel knows better what it really needs.
pub fn insert_many(modules: &[Found], conf: &Conf, parallel: bool) -> Vec<Result<Loaded, Error>> {
    let mut results: Vec<Option<Result<Loaded, Error>>> = modules.iter().map(|_| None).collect();
    let waves = modules.iter().map(|m| m.wave + 1).max().unwrap_or(0);
    for wave in 0..waves {
        let mut members: Vec<(&Found, &mut Option<Result<Loaded, Error>>)> =
            modules.iter().zip(&mut results).filter(|(module, _)| module.wave == wave).collect();
        if parallel && members.len() > 1 {
            insert_wave(&mut members, conf);
        }
        for (module, result) in members {
            if result.is_none() {
                *result = Some(insert_file(&module.path, &conf.options(&module.name, b""), false));
            }
        }
    }
    results.into_iter().map(|result| result.unwrap_or(Ok(Loaded::Nothing))).collect()
}

/// Exit status of a child that found its module loaded; others are 0 or the
/// error number.
const ALREADY: u8 = 200;

/// Inserts each module in a child process. Where no child can be made the
/// result stays open.
fn insert_wave(members: &mut [(&Found, &mut Option<Result<Loaded, Error>>)], conf: &Conf) {
    let mut children = Vec::new();
    for (at, (module, _)) in members.iter().enumerate() {
        match fork() {
            Ok(Forked::Child) => {
                let options = conf.options(&module.name, b"");
                exit_now(match insert_file(&module.path, &options, false) {
                    Ok(Loaded::Now(_)) => 0,
                    Ok(_) => ALREADY,
                    Err(error) => error
                        .errno()
                        .and_then(|errno| u8::try_from(errno).ok())
                        .filter(|errno| *errno != 0)
                        .unwrap_or(libc::EIO as u8),
                })
            }
            Ok(Forked::Parent(child)) => children.push((at, child)),
            Err(_) => break,
        }
    }
    for (at, child) in children {
        let status = loop {
            match waitpid(child, None) {
                Ok(WaitStatus::Exited(_, status)) => break status,
                Err(Errno::EINTR) => {}
                Ok(WaitStatus::Signaled(..)) | Err(_) => break libc::EIO,
                Ok(_) => {}
            }
        };
        let Some((module, result)) = members.get_mut(at) else { continue };
        **result = Some(match status {
            0 => Ok(Loaded::Now(1)),
            status if status == i32::from(ALREADY) => Ok(Loaded::Already),
            errno => Err(explain(&module.path, &conf.options(&module.name, b""), errno)),
        });
    }
}

/// How a module is removed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Removal {
    /// Although it is in use (a kernel built so only).
    pub force: bool,
    /// Wait until nobody uses it.
    pub wait: bool,
}

/// Removes a loaded module. delete_module(2).
pub fn remove(name: &[u8], how: Removal) -> Result<(), Error> {
    let folded = fold(name);
    let fail = |cause| Err(Error::new(name, cause));
    let text = match CString::new(folded.clone()) {
        Ok(text) if is_module_name(name) => text,
        _ => return fail(Cause::BadName),
    };
    let mut flags = DeleteModuleFlags::empty();
    if !how.wait {
        flags |= DeleteModuleFlags::O_NONBLOCK;
    }
    if how.force {
        flags |= DeleteModuleFlags::O_TRUNC;
    }
    match delete_module(&text, flags) {
        Ok(()) => Ok(()),
        Err(Errno::ENOENT) => fail(Cause::NotLoaded),
        Err(Errno::EWOULDBLOCK | Errno::EBUSY) => fail(Cause::InUse(users(&folded))),
        Err(errno) => fail(Cause::Os(errno as i32)),
    }
}

/// The modules that use a loaded one.
pub fn users(name: &[u8]) -> Vec<Vec<u8>> {
    let text = crate::sys::file::read("/proc/modules").unwrap_or_default();
    dep::live(&text)
        .find(|module| same(module.name, name))
        .map(|module| modinfo::depends(module.users).map(<[u8]>::to_vec).collect())
        .unwrap_or_default()
}

/// How many users a loaded module has; None when it is not loaded or the
/// kernel does not say.
pub fn references(name: &[u8]) -> Option<u64> {
    if !is_module_name(name) {
        return None;
    }
    let text = crate::sys::file::read(sys_module(&fold(name), b"refcnt")).ok()?;
    str::from_utf8(text.trim_ascii()).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands() {
        assert_eq!(run_command(b"m", b"/bin/true", b""), Ok(()));
        assert_eq!(
            run_command(b"m", b"/bin/false", b"").unwrap_err().to_string(),
            "m: its command ended with status 1"
        );
        assert_eq!(
            run_command(b"m", b"test \"$MODPROBE_MODULE $CMDLINE_OPTS\" = 'm a=1'", b"a=1"),
            Ok(())
        );
        assert_eq!(run_command(b"m", b"exit 7", b""), Err(Error::new(b"m", Cause::Command(7))));
    }
}
