//! modprobe: load or remove modules with what they need. Linux, as in kmod.
//!
//! Reads depmod's text files, or the modules themselves where those are
//! missing or stale, and by a plain call also where they do not name what is
//! asked for; modprobe.d(5); `module.param=` of /proc/cmdline. Without
//! a version, `/lib/modules/$(uname -r)`, else the same in /usr/lib.
//!
//! Deviations from kmod: `-s` writes to /dev/log or else to the kernel's log;
//! `--dump-modversions` is not there.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes};
use crate::fsutil::journal;
use crate::kmod::alias::{fold, is_name, same};
use crate::kmod::conf::{Conf, assignment};
use crate::kmod::load::{self, Loaded, Loader, Manner, Removal, State};
use crate::kmod::resolve::Choice;
use crate::kmod::tree::Target;
use crate::kmod::{self, Cause, Closure, Tree};
use crate::options::Options;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "modprobe",
    summary: "load or remove kernel modules with what they need",
    usage: "[-qbfinsv] MODULE|ALIAS [PARAM=VALUE...]\n\
            \x20      modprobe -a MODULE...   load several\n\
            \x20      modprobe -r [-w MS] MODULE...   remove, with what only they needed\n\
            \x20      modprobe -D MODULE...   show what would be loaded\n\
            \x20      modprobe -R ALIAS   show the modules behind an alias\n\
            \x20      modprobe -c   show the configuration\n\
            \x20      -b, --use-blacklist   the blacklist also holds for names\n\
            \x20      -C, --config FILE|DIR   instead of /etc/modprobe.d and others\n\
            \x20      -d, --dirname DIR   modules are in DIR/lib/modules\n\
            \x20      -f, --force   ignore the kernel version they were built for\n\
            \x20      -i, --ignore-install, --ignore-remove   no command for the module itself\n\
            \x20      -n, --dry-run   change nothing\n\
            \x20      -q, --quiet   say nothing of modules that are not there, and\n\
            \x20                do not look for what depmod has not listed\n\
            \x20      -s, --syslog   messages to the system log\n\
            \x20      -S, --set-version VERSION   instead of the running kernel's\n\
            \x20      -v, --verbose   say what is done\n\
            \x20      --first-time   it is a failure when nothing was to do",
    kind: Kind::Fork, // the modules' start may take long
    run,
};

/// What is to be done.
#[derive(Clone, Copy, PartialEq)]
enum Task {
    Load,
    Remove,
    ShowDepends,
    ResolveAlias,
    ShowConfig,
}

#[derive(Default)]
struct Settings {
    all: bool,
    dry_run: bool,
    quiet: bool,
    syslog: bool,
    verbose: bool,
    first_time: bool,
    wait: u64,
    manner: Manner,
}

fn run(cx: &mut Ctx<'_>) -> Result<Status, Error> {
    let mut settings = Settings::default();
    let mut task = Task::Load;
    let (mut config, mut root, mut version) = (Vec::new(), None::<OsString>, None::<OsString>);

    let more = cx.env.get(b"MODPROBE_OPTIONS").unwrap_or_default().as_bytes();
    let mut words: Vec<OsString> = Vec::new();
    for word in kmod::modinfo::words(more) {
        words.push(OsString::from_vec(word.to_vec()));
    }
    words.extend_from_slice(cx.args);
    let mut options = Options::parse(
        "a,all r,remove D,show-depends R,resolve-alias c,showconfig|show-config \
        n,dry-run|show q,quiet s,syslog v,verbose b,use-blacklist \
        f,force|force-vermagic|force-modversion i,ignore-install|ignore-remove \
        -1,first-time w:wait C:config d:dirname S:set-version",
        &words,
    )?;
    while let Some(letter) = options.next() {
        match letter {
            b'a' => settings.all = true,
            b'r' => task = Task::Remove,
            b'D' => task = Task::ShowDepends,
            b'R' => task = Task::ResolveAlias,
            b'c' => task = Task::ShowConfig,
            b'n' => settings.dry_run = true,
            b'q' => settings.quiet = true,
            b's' => settings.syslog = true,
            b'v' => settings.verbose = true,
            b'b' => settings.manner.blacklist_names = true,
            b'f' => settings.manner.force = true,
            b'i' => settings.manner.ignore_commands = true,
            b'1' => settings.first_time = true,
            b'w' => settings.wait = options.number("not a time in milliseconds")?,
            b'C' => config.push(PathBuf::from(options.value())),
            b'd' => root = Some(options.value()),
            b'S' => version = Some(options.value()),
            _ => {}
        }
    }
    let operands: Vec<Vec<u8>> = options.operands.into_iter().map(OsString::into_vec).collect();

    let conf = read_conf(&config, cx)?;
    if task == Task::ShowConfig {
        cx.put(&conf.to_text())?;
        return Ok(Status::OK);
    }
    if operands.is_empty() {
        return Err(Error::usage("no module named"));
    }
    let dir =
        modules_dir(root.as_deref().map(Path::new), version.as_deref().map(OsStrExt::as_bytes));
    let tree = match Tree::open(&dir) {
        Ok(tree) => {
            if settings.quiet {
                tree.believe_lists();
            }
            Some(tree)
        }
        Err(_) if settings.quiet => None,
        Err(error) => {
            report(cx, settings.syslog, &error);
            None
        }
    };

    let several = settings.all || task != Task::Load;
    let (names, params) = if several {
        (operands.as_slice(), &[][..])
    } else {
        operands.split_at_checked(1).unwrap_or_default()
    };
    let params: Vec<Vec<u8>> = params.iter().map(|param| parameter(param)).collect();
    let mut job = Job { settings, conf, status: Status::OK };
    match task {
        Task::Remove => {
            for name in names {
                job.remove(cx, tree.as_ref(), name);
            }
        }
        Task::ShowDepends => {
            for name in names {
                job.show_depends(cx, tree.as_ref(), name, &params.join(&b' '))?;
            }
        }
        Task::ResolveAlias => {
            for name in names {
                job.resolve_alias(cx, tree.as_ref(), name)?;
            }
        }
        _ => job.load(cx, tree, names, &params.join(&b' '))?,
    }
    Ok(job.status)
}

/// A parameter as it was typed, quoted for the kernel if need be.
pub(super) fn parameter(word: &[u8]) -> Vec<u8> {
    match word.iter().position(|&b| b == b'=') {
        Some(at) => assignment(
            word.get(..at).unwrap_or_default(),
            Some(word.get(at + 1..).unwrap_or_default()),
        ),
        None => word.to_vec(),
    }
}

/// The modules directory of a version (the running kernel's when none is
/// given) below a root.
pub(super) fn modules_dir(root: Option<&Path>, version: Option<&[u8]>) -> PathBuf {
    let release = load::release();
    let version = std::ffi::OsStr::from_bytes(version.unwrap_or(&release));
    let root = root.unwrap_or(Path::new("/"));
    let first = root.join("lib/modules").join(version);
    let second = root.join("usr/lib/modules").join(version);
    if !first.is_dir() && second.is_dir() { second } else { first }
}

fn read_conf(config: &[PathBuf], cx: &Ctx<'_>) -> Result<Conf, Error> {
    let mut conf = Conf::default();
    if config.is_empty() {
        conf = Conf::read_dirs(Path::new("/"));
    }
    for path in config {
        if path.is_dir() {
            conf.add_dirs(std::slice::from_ref(path));
            continue;
        }
        let text =
            crate::sys::file::read(path).map_err(|e| Error::os(crate::applet::show(path), e))?;
        for line in conf.add_file_text(&text) {
            let what = format!("{}: ignoring '{}'", crate::applet::show(path), show_bytes(&line));
            cx.note(what);
        }
    }
    if let Ok(text) = crate::sys::file::read("/proc/cmdline") {
        conf.add_cmdline_text(&text);
    }
    Ok(conf)
}

/// Prints a message on standard error, or in the system's log.
pub(super) fn report(cx: &mut Ctx<'_>, syslog: bool, what: &dyn Display) {
    if !syslog {
        cx.warn(what);
        return;
    }
    // Facility daemon, level notice. There is nobody left to tell of a failure.
    let _ = journal::tell(29, cx.name.as_bytes(), what.to_string().as_bytes());
}

struct Job {
    settings: Settings,
    conf: Conf,
    status: Status,
}

impl Job {
    /// Notes a failure; `-q` keeps silent about what is not there.
    fn fail(&mut self, cx: &mut Ctx<'_>, error: &kmod::Error) {
        self.status = Status::FAILURE;
        if !(self.settings.quiet && error.cause == Cause::NotFound) {
            report(cx, self.settings.syslog, error);
        }
    }

    fn say(&self, cx: &mut Ctx<'_>, line: &str) -> Result<(), Error> {
        writeln!(cx.out, "{line}").map_err(|e| Error::os("standard output", e))
    }

    fn closure(&self, tree: &Tree, name: &[u8]) -> Closure {
        let choice = Choice {
            blacklist_names: self.settings.manner.blacklist_names,
            no_softdeps: self.settings.manner.no_softdeps,
        };
        tree.closure_with(&[name], &self.conf, choice)
    }

    fn load(
        &mut self,
        cx: &mut Ctx<'_>,
        tree: Option<Tree>,
        names: &[Vec<u8>],
        params: &[u8],
    ) -> Result<(), Error> {
        if self.settings.dry_run || self.settings.verbose {
            for name in names {
                let lines = self.plan(tree.as_ref(), name, params, true);
                for line in lines.unwrap_or_default() {
                    if self.settings.verbose {
                        self.say(cx, &line)?;
                    }
                }
            }
            // What is said comes before what is done.
            cx.flush()?;
        }
        if self.settings.dry_run {
            for name in names {
                if let Err(error) = self.plan(tree.as_ref(), name, params, true) {
                    self.fail(cx, &error);
                }
            }
            return Ok(());
        }
        let mut loader =
            Loader::new(tree, self.conf.clone()).with_manner(self.settings.manner.clone());
        for name in names {
            match loader.load_with(name, params) {
                Ok(Loaded::Already | Loaded::Builtin) if self.settings.first_time => {
                    self.status = Status::FAILURE;
                    let what = format!("{}: module is already in the kernel", show_bytes(name));
                    report(cx, self.settings.syslog, &what);
                }
                Ok(_) => {}
                Err(error) => self.fail(cx, &error),
            }
        }
        Ok(())
    }

    fn show_depends(
        &mut self,
        cx: &mut Ctx<'_>,
        tree: Option<&Tree>,
        name: &[u8],
        params: &[u8],
    ) -> Result<(), Error> {
        match self.plan(tree, name, params, false) {
            Ok(lines) => {
                for line in lines {
                    self.say(cx, &line)?;
                }
            }
            Err(error) => self.fail(cx, &error),
        }
        Ok(())
    }

    /// What loading a name would do, a line each. With `skip_loaded` without
    /// what is there already.
    fn plan(
        &self,
        tree: Option<&Tree>,
        name: &[u8],
        params: &[u8],
        skip_loaded: bool,
    ) -> Result<Vec<String>, kmod::Error> {
        if !is_name(name) {
            return Err(kmod::Error::new(name, Cause::BadName));
        }
        let name = fold(name);
        let commands = !self.settings.manner.ignore_commands;
        if let Some(command) = self.conf.install_command(&name).filter(|_| commands) {
            return Ok(vec![format!("install {}", show_bytes(command))]);
        }
        let Some(tree) = tree else {
            return Err(kmod::Error::new(&name, Cause::NotFound));
        };
        let closure = self.closure(tree, &name);
        if let Some(problem) = closure.problems.first() {
            return Err(problem.clone());
        }
        if let Some(missing) = closure.missing.iter().find(|m| m.wanted_by.is_empty()) {
            return Err(kmod::Error::new(&missing.name, Cause::NotFound));
        }
        let mut lines = Vec::new();
        if !skip_loaded {
            let builtin = closure.builtin.iter();
            lines.extend(builtin.map(|module| format!("builtin {}", show_bytes(module))));
        }
        for module in &closure.modules {
            let own = same(&module.name, &name);
            if let Some(command) =
                self.conf.install_command(&module.name).filter(|_| commands || !own)
            {
                lines.push(format!("install {}", show_bytes(command)));
                continue;
            }
            if skip_loaded && load::state(&module.name) == State::Live {
                continue;
            }
            let alias = if module.wanted { name.as_slice() } else { b"" };
            let mut options = self.conf.options(&module.name, alias);
            if module.wanted && !params.is_empty() {
                if !options.is_empty() {
                    options.push(b' ');
                }
                options.extend_from_slice(params);
            }
            // A space behind each, as kmod has it: scripts cut there.
            if !options.is_empty() {
                options.push(b' ');
            }
            let path = crate::applet::show(&module.path);
            lines.push(format!("insmod {path} {}", show_bytes(&options)));
        }
        Ok(lines)
    }

    fn resolve_alias(
        &mut self,
        cx: &mut Ctx<'_>,
        tree: Option<&Tree>,
        name: &[u8],
    ) -> Result<(), Error> {
        for module in self.modules_of(tree, name) {
            self.say(cx, &show_bytes(&module).to_string())?;
        }
        Ok(())
    }

    /// The modules that a name or alias stands for.
    fn modules_of(&self, tree: Option<&Tree>, name: &[u8]) -> Vec<Vec<u8>> {
        let name = fold(name);
        let configured = self.conf.aliased(&name);
        if !configured.is_empty() {
            return configured;
        }
        match tree.map(|tree| tree.target(&name)) {
            Some(Target::Module(module)) => vec![module],
            Some(Target::Builtin(module)) => vec![module],
            Some(Target::Aliased(modules)) => {
                modules.into_iter().filter(|module| !self.conf.is_blacklisted(module)).collect()
            }
            // What is loaded has a name, whatever the files say.
            Some(Target::Unknown) | None if load::state(&name) != State::Absent => vec![name],
            Some(Target::Unknown) | None => Vec::new(),
        }
    }

    fn remove(&mut self, cx: &mut Ctx<'_>, tree: Option<&Tree>, name: &[u8]) {
        if !is_name(name) {
            return self.fail(cx, &kmod::Error::new(name, Cause::BadName));
        }
        let modules = self.modules_of(tree, name);
        if modules.is_empty() {
            return self.fail(cx, &kmod::Error::new(name, Cause::NotFound));
        }
        for module in modules {
            let commands = !self.settings.manner.ignore_commands;
            if let Some(command) = self.conf.remove_command(&module).filter(|_| commands) {
                if self.settings.verbose {
                    let _ = self.say(cx, &format!("remove {}", show_bytes(command)));
                }
                if !self.settings.dry_run
                    && let Err(error) = load::run_command(&module, command, b"")
                {
                    self.fail(cx, &error);
                }
                continue;
            }
            if load::state(&module) == State::Absent {
                if tree.is_some_and(|tree| tree.is_builtin(&module)) {
                    self.fail(cx, &kmod::Error::new(&module, Cause::Builtin));
                } else if self.settings.first_time {
                    self.fail(cx, &kmod::Error::new(&module, Cause::NotLoaded));
                }
                continue;
            }
            if let Err(error) = self.remove_with_needs(cx, tree, &module) {
                self.fail(cx, &error);
            }
        }
    }

    /// Removes a module, and of those that it needed what nobody uses now.
    fn remove_with_needs(
        &self,
        cx: &mut Ctx<'_>,
        tree: Option<&Tree>,
        module: &[u8],
    ) -> Result<(), kmod::Error> {
        let needs = tree.map(|tree| self.closure(tree, module).modules).unwrap_or_default();
        let (behind, before): (Vec<_>, Vec<_>) = {
            let at = needs.iter().position(|m| m.name == module).unwrap_or(needs.len());
            let mut before = needs;
            let behind = before.split_off(at.min(before.len()));
            (behind, before)
        };
        // Soft dependencies that came behind it go before it.
        for other in behind.iter().skip(1).rev() {
            self.remove_unused(cx, &other.name);
        }
        self.remove_one(cx, module)?;
        for other in before.iter().rev() {
            self.remove_unused(cx, &other.name);
        }
        Ok(())
    }

    fn remove_unused(&self, cx: &mut Ctx<'_>, module: &[u8]) {
        if load::references(module) == Some(0) {
            // Nobody asked for it: that it stays is no failure.
            let _ = self.remove_one(cx, module);
        }
    }

    fn remove_one(&self, cx: &mut Ctx<'_>, module: &[u8]) -> Result<(), kmod::Error> {
        if self.settings.verbose {
            let _ = self.say(cx, &format!("rmmod {}", show_bytes(module)));
        }
        if self.settings.dry_run {
            return Ok(());
        }
        let how = Removal { force: self.settings.manner.force, wait: false };
        let mut waited = 0;
        loop {
            match load::remove(module, how) {
                Err(kmod::Error { cause: Cause::InUse(_), .. }) if waited < self.settings.wait => {
                    let step = (waited / 2).clamp(1, 500).min(self.settings.wait - waited);
                    std::thread::sleep(std::time::Duration::from_millis(step));
                    waited += step;
                }
                result => return result,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters() {
        assert_eq!(parameter(b"a=1"), b"a=1");
        assert_eq!(parameter(b"a=x y"), b"a=\"x y\"");
        assert_eq!(parameter(b"flag"), b"flag");
        assert_eq!(parameter(b"a=\"x y\""), b"a=\"x y\"");
    }
}
