//! A modules directory: /lib/modules/VERSION.
//!
//! depmod's files are used when they are there and true. When `modules.dep` is
//! missing, as in a kernel package that was only unpacked, or names a file
//! that does not exist, every answer comes from the modules' own `.modinfo`.

use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::alias::{fold, is_name, matches, module_of_path, same, stem_of_path};
use super::conf::Conf;
use super::modinfo::{self, Softdep};
use super::{Cause, Error, dep};
use crate::compress::{self, Format, decompress};
use crate::elf::{self, Elf};
use crate::order::{sort, sort_by};
use crate::sys::folder;

/// No module is larger when unpacked.
pub const MOST_MODULE: usize = 256 << 20;

/// How deep folders may be nested.
const MOST_DEPTH: usize = 24;

/// A modules directory.
pub struct Tree {
    dir: PathBuf,
    dep: Text,
    dep_index: OnceCell<dep::Index>,
    alias: Text,
    softdep: Text,
    symbols: Text,
    builtin: Text,
    builtin_info: Text,
    stale: Cell<bool>,
    listed: Cell<bool>,
    scan: OnceCell<Scan>,
}

/// A file read when it is first asked for.
#[derive(Default)]
struct Text(OnceCell<Option<Vec<u8>>>);

impl Text {
    fn get(&self, dir: &Path, name: &str) -> Option<&[u8]> {
        self.0.get_or_init(|| crate::sys::file::read(dir.join(name)).ok()).as_deref()
    }
}

/// What is known of one module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Info {
    /// Its file.
    pub path: PathBuf,
    /// The modules it needs: direct ones, or all.
    pub depends: Vec<Vec<u8>>,
    /// What to load before and behind it.
    pub softdep: Softdep,
}

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A module of exactly this name.
    Module(Vec<u8>),
    /// Modules with a matching alias.
    Aliased(Vec<Vec<u8>>),
    /// Part of the kernel, under this name.
    Builtin(Vec<u8>),
    /// Nothing known.
    Unknown,
}

impl Tree {
    /// The modules in `dir`. Fails when that is no directory.
    pub fn open(dir: &Path) -> Result<Tree, Error> {
        let fail = |errno| Error::new(dir.as_os_str().as_bytes(), Cause::Os(errno));
        match fs::metadata(dir) {
            Ok(meta) if meta.is_dir() => {}
            Ok(_) => return Err(fail(libc::ENOTDIR)),
            Err(e) => return Err(fail(e.raw_os_error().unwrap_or(libc::EIO))),
        }
        Ok(Tree {
            dir: dir.to_path_buf(),
            dep: Text::default(),
            dep_index: OnceCell::new(),
            alias: Text::default(),
            softdep: Text::default(),
            symbols: Text::default(),
            builtin: Text::default(),
            builtin_info: Text::default(),
            stale: Cell::new(false),
            listed: Cell::new(false),
            scan: OnceCell::new(),
        })
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whether the modules themselves are asked, depmod's files being missing
    /// or stale.
    pub fn is_scanned(&self) -> bool {
        self.dep_text().is_none()
    }

    fn dep_text(&self) -> Option<&[u8]> {
        if self.stale.get() { None } else { self.dep.get(&self.dir, "modules.dep") }
    }

    /// The line of `modules.dep` about a module; None where that file is not
    /// asked.
    fn dep_entry(&self, name: &[u8]) -> Option<dep::Entry<'_>> {
        let text = self.dep_text()?;
        self.dep_index.get_or_init(|| dep::Index::of(text)).find(text, name)
    }

    /// What a name stands for. `name` is folded. Names come before what is
    /// built in, that before aliases.
    pub fn target(&self, name: &[u8]) -> Target {
        if !is_name(name) {
            return Target::Unknown;
        }
        if self.has_module(name) {
            return Target::Module(name.to_vec());
        }
        if self.is_builtin(name) {
            return Target::Builtin(name.to_vec());
        }
        let found = self.aliased(name);
        if !found.is_empty() {
            return Target::Aliased(found);
        }
        if let Some(module) = self.builtin_aliased(name) {
            return Target::Builtin(module);
        }
        // A module that came after depmod ran.
        if !self.listed.get() && self.dep_text().is_some() && self.scan().find(name).is_some() {
            self.stale.set(true);
            return Target::Module(name.to_vec());
        }
        Target::Unknown
    }

    /// Whether there is a module of this name.
    pub fn has_module(&self, name: &[u8]) -> bool {
        match self.dep_text() {
            Some(_) => self.dep_entry(name).is_some(),
            None => self.scan().find(name).is_some(),
        }
    }

    /// The modules with an alias that matches.
    pub fn aliased(&self, name: &[u8]) -> Vec<Vec<u8>> {
        let own = |list: Vec<&[u8]>| list.into_iter().map(fold).collect();
        if name.starts_with(b"symbol:") {
            return self
                .symbols
                .get(&self.dir, "modules.symbols")
                .map_or_else(Vec::new, |text| own(dep::aliased(text, name)));
        }
        let file = if self.stale.get() { None } else { self.alias.get(&self.dir, "modules.alias") };
        match file {
            Some(text) => own(dep::aliased(text, name)),
            None => self.scan().aliased(&self.dir, name),
        }
    }

    /// Whether a module of this name is part of the kernel.
    pub fn is_builtin(&self, name: &[u8]) -> bool {
        self.builtin
            .get(&self.dir, "modules.builtin")
            .is_some_and(|text| dep::is_builtin(text, name))
    }

    /// The part of the kernel with a matching alias.
    pub fn builtin_aliased(&self, name: &[u8]) -> Option<Vec<u8>> {
        let text = self.builtin_info.get(&self.dir, "modules.builtin.modinfo")?;
        modinfo::builtin_fields(text)
            .find(|(_, key, value)| *key == b"alias" && matches(value, name))
            .map(|(module, _, _)| fold(module))
    }

    /// What the kernel says about the part of it called `name`, which is
    /// folded: keys and values as in a module's `.modinfo`.
    pub fn builtin_info(&self, name: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let text = self.builtin_info.get(&self.dir, "modules.builtin.modinfo").unwrap_or_default();
        modinfo::builtin_fields(text)
            .filter(|(module, _, _)| same(module, name))
            .map(|(_, key, value)| (key.to_vec(), value.to_vec()))
            .collect()
    }

    /// Pairs of files with one module name: the one that counts, the other.
    pub fn shadowed(&self) -> Vec<[Vec<u8>; 2]> {
        self.scan().shadowed.clone()
    }

    /// What is known of the module `name`, which is folded. None when there
    /// is none; an error when its file cannot be read.
    pub fn info(&self, name: &[u8]) -> Option<Result<Info, Error>> {
        if self.dep_text().is_some() {
            let entry = self.dep_entry(name)?;
            if self.is_true(entry) {
                let softdep = self.softdep.get(&self.dir, "modules.softdep");
                return Some(Ok(Info {
                    path: self.path(entry.path),
                    depends: entry.depends().filter_map(module_of_path).collect(),
                    softdep: softdep.map_or_else(Softdep::default, |t| dep::softdep(t, name)),
                }));
            }
            self.stale.set(true);
        }
        let scan = self.scan();
        let file = scan.find(name)?;
        Some(scan.info(&self.dir, file))
    }

    /// The module `name` and all that it needs, in load order, by its line of
    /// `modules.dep` alone: quicker than a closure. None when there is no such
    /// line, or one of them has soft dependencies; whether the files exist is
    /// not looked at.
    pub fn chain(&self, name: &[u8]) -> Option<Vec<(Vec<u8>, PathBuf)>> {
        let entry = self.dep_entry(name)?;
        let softdeps = self.softdep.get(&self.dir, "modules.softdep").unwrap_or_default();
        let mut list = Vec::with_capacity(8);
        for path in entry.depends().rev().chain([entry.path]) {
            let name = module_of_path(path)?;
            if !softdeps.is_empty() && !dep::softdep(softdeps, &name).is_empty() {
                return None;
            }
            list.push((name, self.path(path)));
        }
        Some(list)
    }

    /// What depmod's files do not name is not looked for in the folders: the
    /// kernel asks for many things that are not there.
    pub fn believe_lists(&self) {
        self.listed.set(true);
    }

    /// Notes that depmod's files are not true.
    pub fn distrust(&self) {
        self.stale.set(true);
    }

    /// Whether the file of a line of `modules.dep` exists. Those that it needs
    /// have lines of their own.
    fn is_true(&self, entry: dep::Entry<'_>) -> bool {
        nix::unistd::access(&self.path(entry.path), nix::unistd::AccessFlags::F_OK).is_ok()
    }

    fn path(&self, relative: &[u8]) -> PathBuf {
        // what `Path::join` does, at a quarter of its instructions
        let dir = self.dir.as_os_str().as_bytes();
        let joined = match relative.first() {
            Some(b'/') => relative.to_vec(),
            _ => [dir, b"/", relative].concat(),
        };
        PathBuf::from(OsString::from_vec(joined))
    }

    /// The file of the module `name`.
    pub fn file(&self, name: &[u8]) -> Option<PathBuf> {
        let name = fold(name);
        if self.dep_text().is_some() {
            return self.dep_entry(&name).map(|entry| self.path(entry.path));
        }
        self.scan().find(&name).map(|file| self.dir.join(OsStr::from_bytes(&file.path)))
    }

    /// The files of all modules, relative to the directory, in depmod's order:
    /// that of `modules.order`, then by name. Of several with one name the one
    /// that depmod would choose.
    pub fn files(&self) -> impl Iterator<Item = &[u8]> {
        self.scan().files.iter().map(|file| file.path.as_slice())
    }

    fn scan(&self) -> &Scan {
        self.scan.get_or_init(|| Scan::new(&self.dir))
    }
}

/// The modules of a directory, found by walking it.
struct Scan {
    /// In depmod's order.
    files: Vec<File>,
    /// Places in `files`, sorted by name.
    by_name: Vec<usize>,
    /// Files of one name: the one kept, one left out.
    shadowed: Vec<[Vec<u8>; 2]>,
    infos: RefCell<Vec<(Vec<u8>, Rc<Own>)>>,
}

struct File {
    name: Vec<u8>,
    path: Vec<u8>,
}

/// What a module's own `.modinfo` says.
#[derive(Clone, Default)]
struct Own {
    depends: Vec<Vec<u8>>,
    softdep: Softdep,
    aliases: Vec<Vec<u8>>,
    problem: Option<Error>,
}

impl Scan {
    fn new(dir: &Path) -> Scan {
        let mut paths = Vec::new();
        walk(dir, &mut Vec::new(), 0, &mut paths);
        let order = crate::sys::file::read(dir.join("modules.order")).unwrap_or_default();
        let mut ranks: Vec<(&[u8], usize)> =
            dep::lines(&order).filter_map(uncompressed).zip(0..).collect();
        sort(&mut ranks);
        let rank = |path: &[u8]| {
            let found = ranks.binary_search_by_key(&uncompressed(path), |(p, _)| Some(p)).ok();
            found.and_then(|at| ranks.get(at)).map_or(usize::MAX, |(_, rank)| *rank)
        };
        let mut files: Vec<(usize, File)> = paths
            .into_iter()
            .filter_map(|path| Some((rank(&path), File { name: module_of_path(&path)?, path })))
            .collect();
        sort_by(&mut files, |(r, a), (s, b)| (r, &a.path).cmp(&(s, &b.path)));
        let mut files: Vec<File> = files.into_iter().map(|(_, file)| file).collect();

        // Of one name: those in updates/ before others, then the first.
        let mut by_name: Vec<usize> = (0..files.len()).collect();
        let key = |i: usize| files.get(i).map(|f| (&f.name, !f.path.starts_with(b"updates/")));
        sort_by(&mut by_name, |&a, &b| key(a).cmp(&key(b)));
        let mut shadowed = Vec::new();
        by_name.dedup_by(|b, a| match (files.get(*a), files.get(*b)) {
            (Some(a), Some(b)) if a.name == b.name => {
                shadowed.push([a.path.clone(), b.path.clone()]);
                true
            }
            _ => false,
        });
        let mut keep = vec![false; files.len()];
        for &i in &by_name {
            if let Some(slot) = keep.get_mut(i) {
                *slot = true;
            }
        }
        let mut kept = keep.iter();
        files.retain(|_| kept.next().copied().unwrap_or(false));
        let mut by_name: Vec<usize> = (0..files.len()).collect();
        let name = |i: usize| files.get(i).map(|f| &f.name);
        sort_by(&mut by_name, |&a, &b| name(a).cmp(&name(b)));
        Scan { files, by_name, shadowed, infos: RefCell::default() }
    }

    fn find(&self, name: &[u8]) -> Option<&File> {
        let name_at = |i: usize| self.files.get(i).map_or(&[][..], |file| &file.name);
        let at = self.by_name.binary_search_by(|&i| name_at(i).cmp(name)).ok()?;
        self.files.get(*self.by_name.get(at)?)
    }

    /// Reads a module once.
    #[inline(never)]
    fn own(&self, dir: &Path, file: &File) -> Rc<Own> {
        let place = self.infos.borrow().binary_search_by(|(name, _)| name.cmp(&file.name));
        let place = match place {
            Ok(at) => match self.infos.borrow().get(at) {
                Some((_, own)) => return own.clone(),
                None => at,
            },
            Err(at) => at,
        };
        let own = match read_modinfo(&dir.join(OsStr::from_bytes(&file.path))) {
            Ok(section) => Own::of_section(&section),
            Err(problem) => Own { problem: Some(problem), ..Own::default() },
        };
        let own = Rc::new(own);
        self.infos.borrow_mut().insert(place, (file.name.clone(), own.clone()));
        own
    }

    fn info(&self, dir: &Path, file: &File) -> Result<Info, Error> {
        let own = self.own(dir, file);
        match &own.problem {
            Some(problem) => Err(problem.clone()),
            None => Ok(Info {
                path: dir.join(OsStr::from_bytes(&file.path)),
                depends: own.depends.clone(),
                softdep: own.softdep.clone(),
            }),
        }
    }

    /// The modules whose own aliases match. To read (and unpack) every module
    /// takes seconds, so a name that is no device's, which is what soft
    /// dependencies have (`crypto-crc32c`, `crct10dif`, `sha256`), is looked for
    /// in the modules called like it first, then in the folders for
    /// cryptography, then everywhere.
    fn aliased(&self, dir: &Path, name: &[u8]) -> Vec<Vec<u8>> {
        let hits = |near: &dyn Fn(&File) -> bool| -> Vec<Vec<u8>> {
            self.files
                .iter()
                .filter(|f| near(f))
                .filter(|f| self.own(dir, f).aliases.iter().any(|a| matches(a, name)))
                .map(|f| f.name.clone())
                .collect()
        };
        let mut found = Vec::new();
        if !name.contains(&b':') {
            let word = name.strip_prefix(b"crypto_").unwrap_or(name);
            found = hits(&|f| f.name.windows(word.len().max(1)).any(|part| part == word));
            if found.is_empty() {
                found = hits(&|f| f.path.split(|&b| b == b'/').any(|part| part == b"crypto"));
            }
        }
        if found.is_empty() { hits(&|_| true) } else { found }
    }
}

impl Own {
    fn of_section(section: &[u8]) -> Own {
        let mut own = Own::default();
        for (key, value) in modinfo::fields(section) {
            match key {
                b"depends" => own.depends.extend(modinfo::depends(value).map(fold)),
                b"softdep" => own.softdep.add(value),
                b"alias" => own.aliases.push(value.to_vec()),
                _ => {}
            }
        }
        own
    }
}

/// A module's path without what compression appends to it.
fn uncompressed(path: &[u8]) -> Option<&[u8]> {
    let base = path.rsplit(|&b| b == b'/').next()?;
    let stem = stem_of_path(path)?;
    path.get(..path.len() - base.len() + stem.len())
}

/// Collects the module files below a folder. Links to folders (`build`,
/// `source`) are not followed.
fn walk(dir: &Path, below: &mut Vec<u8>, depth: usize, list: &mut Vec<Vec<u8>>) {
    if depth > MOST_DEPTH {
        return;
    }
    let (entries, _) = folder::list(&dir.join(OsStr::from_bytes(below))).unwrap_or_default();
    for entry in entries {
        let name = entry.name;
        let length = below.len();
        if length > 0 {
            below.push(b'/');
        }
        below.extend_from_slice(name.as_bytes());
        if entry.is_folder {
            walk(dir, below, depth + 1, list);
        } else if stem_of_path(name.as_bytes()).is_some() {
            list.push(below.clone());
        }
        below.truncate(length);
    }
}

/// Reads a module file, unpacked.
pub fn read_module(path: &Path) -> Result<Vec<u8>, Error> {
    let fail = |cause| Error::new(path.as_os_str().as_bytes(), cause);
    let os = |e: io::Error| fail(Cause::Os(e.raw_os_error().unwrap_or(libc::EIO)));
    let meta = fs::metadata(path).map_err(os)?;
    if !meta.is_file() {
        return Err(fail(if meta.is_dir() { Cause::Os(libc::EISDIR) } else { Cause::NotModule }));
    }
    if meta.len() > MOST_MODULE as u64 {
        return Err(fail(Cause::Os(libc::EFBIG)));
    }
    let bytes = crate::sys::file::read(path).map_err(os)?;
    match Format::detect(&bytes) {
        Format::None => Ok(bytes),
        format => decompress(format, &bytes, MOST_MODULE).map_err(|e| fail(Cause::Packed(e))),
    }
}

/// Checks that bytes are a whole module. `what` is for the message.
pub fn check_module<'a>(what: &[u8], bytes: &'a [u8]) -> Result<Elf<'a>, Error> {
    let fail = |cause| Error::new(what, cause);
    let elf = Elf::parse(bytes).and_then(|e| e.check_sections().map(|()| e)).map_err(|e| {
        fail(match e {
            elf::Error::Truncated => Cause::Truncated,
            elf::Error::BigEndian => Cause::OtherMachine,
            elf::Error::NotElf | elf::Error::Malformed => Cause::NotModule,
        })
    })?;
    if elf.kind() != elf::ET_REL || elf.section(b".modinfo").is_none() {
        return Err(fail(Cause::NotModule));
    }
    Ok(elf)
}

/// The `.modinfo` section of a module file.
pub fn read_modinfo(path: &Path) -> Result<Vec<u8>, Error> {
    let bytes = read_module(path)?;
    let elf = check_module(path.as_os_str().as_bytes(), &bytes)?;
    Ok(elf.section(b".modinfo").unwrap_or_default().to_vec())
}

/// Where modprobe.d(5) files are; earlier folders hide files of the same name
/// in later ones.
const CONFIG_DIRS: [&str; 5] = [
    "etc/modprobe.d",
    "run/modprobe.d",
    "usr/local/lib/modprobe.d",
    "usr/lib/modprobe.d",
    "lib/modprobe.d",
];

impl Conf {
    /// The configuration in the modprobe.d folders of a root (`/`). Folders
    /// and files that cannot be read count as absent.
    pub fn read_dirs(root: &Path) -> Conf {
        let mut conf = Conf::default();
        let dirs = CONFIG_DIRS.map(|dir| root.join(dir));
        conf.add_dirs(&dirs);
        conf
    }

    /// Adds the `*.conf` files of folders, by name over all of them; a file
    /// hides those of the same name in later folders.
    pub fn add_dirs(&mut self, dirs: &[PathBuf]) {
        let mut found: Vec<(OsString, PathBuf)> = Vec::new();
        for dir in dirs {
            for name in folder::names(dir) {
                let bytes = name.as_bytes();
                if bytes.ends_with(b".conf")
                    && !bytes.starts_with(b".")
                    && !found.iter().any(|(other, _)| *other == name)
                {
                    let path = dir.join(&name);
                    found.push((name, path));
                }
            }
        }
        sort(&mut found);
        for (_, path) in found {
            if let Ok(text) = crate::sys::file::read(path) {
                self.add_file_text(&text);
            }
        }
    }
}

/// How a module file's name says it is packed.
pub fn format_of_path(path: &Path) -> Format {
    if path.as_os_str().as_bytes().ends_with(b".ko") {
        return Format::None;
    }
    let extension = path.extension().map_or(&[][..], OsStr::as_bytes);
    compress::Format::of_name(extension).unwrap_or(Format::None)
}

/// Whether a list of names holds this one.
pub(super) fn holds(list: &[Vec<u8>], name: &[u8]) -> bool {
    list.iter().any(|other| same(other, name))
}
