//! The libraries of dynamic executables, found from their ELF headers the way
//! the loader finds them, without running anything.
//!
//! ld.so(8), ldconfig(8), ld-musl's documentation of its path file. Deviations:
//! `LD_LIBRARY_PATH` and the variants for newer processors (glibc-hwcaps) are
//! left out on purpose, so that the same files give the same image on every
//! machine; what a program opens later by dlopen(3) cannot be known.

use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use crate::elf::Elf;
use crate::order;
use crate::sys::path::names;

/// Files that name each other in `include` lines stop here.
const DEEPEST_INCLUDE: u32 = 8;
/// More objects than any program loads.
const MOST_OBJECTS: usize = 4096;

/// Where the loader looks, apart from what the files themselves say.
#[derive(Clone, Debug, Default)]
pub struct Loader {
    /// The folders of `/etc/ld.so.conf`, in order.
    pub folders: Vec<PathBuf>,
}

impl Loader {
    /// The loader of this system.
    pub fn of_host() -> Loader {
        let mut folders = Vec::new();
        read_conf(Path::new("/etc/ld.so.conf"), &mut folders, 0);
        Loader { folders }
    }
}

/// What a dynamic executable or library needs to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The program that starts it, as its header says.
    pub interpreter: Option<PathBuf>,
    /// The libraries, each once, in the order the loader meets them.
    pub libraries: Vec<Library>,
    /// What is nowhere: the library and the file that asks for it.
    pub missing: Vec<(Vec<u8>, PathBuf)>,
}

/// A library found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    /// Where it is on this system.
    pub path: PathBuf,
    /// Where the loader will look for it in the image: another place when the
    /// executable goes to another and asks for libraries relative to itself.
    pub place: PathBuf,
    /// Whether only `/etc/ld.so.conf` led to it, which has no effect in an
    /// image without the loader's cache.
    pub by_conf: bool,
}

/// A file that is or would be loaded.
struct Object {
    path: PathBuf,
    place: PathBuf,
    needed: Vec<Vec<u8>>,
    runpath: Option<Vec<u8>>,
    /// Its DT_RPATH and those of the objects that led to it, nearest first,
    /// with the object each `$ORIGIN` is of.
    rpaths: Vec<(Vec<u8>, PathBuf, PathBuf)>,
}

/// What the files of one program have to agree in.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Machine {
    is64: bool,
    machine: u16,
}

impl Machine {
    fn of(elf: &Elf) -> Machine {
        Machine { is64: elf.is64(), machine: elf.machine() }
    }

    /// Debian's name of the folder for it.
    fn tuple(self) -> Option<&'static str> {
        Some(match (self.machine, self.is64) {
            (62, true) => "x86_64-linux-gnu",
            (62, false) => "x86_64-linux-gnux32",
            (3, false) => "i386-linux-gnu",
            (40, false) => "arm-linux-gnueabihf",
            (183, true) => "aarch64-linux-gnu",
            (243, true) => "riscv64-linux-gnu",
            (21, true) => "powerpc64le-linux-gnu",
            (258, true) => "loongarch64-linux-gnu",
            _ => return None,
        })
    }
}

/// What the executable or library `elf`, which is at `path` and goes to
/// `place` in the image, needs. Nothing for a static one.
pub fn needs(loader: &Loader, path: &Path, place: &Path, elf: &Elf) -> Needs {
    let machine = Machine::of(elf);
    let interpreter = elf.interpreter().map(|i| PathBuf::from(OsStr::from_bytes(i)));
    let mut found = Needs { interpreter, ..Needs::default() };
    let musl = match &found.interpreter {
        Some(interpreter) => base(interpreter).starts_with(b"ld-musl-"),
        // A library says only by the name of its C library whose it is.
        None => elf.dynamic().needed.iter().any(|n| n.starts_with(b"libc.musl-")),
    };
    let system = system_folders(loader, machine, musl, found.interpreter.as_deref());

    // Libraries ask for the interpreter too, by its plain name.
    let mut names: Vec<Vec<u8>> =
        found.interpreter.iter().map(|interpreter| base(interpreter).to_vec()).collect();
    let mut queue = vec![Object::of(elf, path.into(), place.into(), &[])];
    let mut next = 0;
    while let Some(object) = queue.get(next) {
        next += 1;
        let mut new = Vec::new();
        for name in &object.needed {
            let builtin = musl && is_musls_own(name);
            if builtin || names.contains(name) || names.len() > MOST_OBJECTS {
                continue;
            }
            names.push(name.clone());
            match search(object, name, machine, &system) {
                Some((library, object, soname)) => {
                    names.extend(soname);
                    found.libraries.push(library);
                    new.push(object);
                }
                None => found.missing.push((name.clone(), object.path.clone())),
            }
        }
        queue.append(&mut new);
    }
    found
}

impl Object {
    fn of(
        elf: &Elf,
        path: PathBuf,
        place: PathBuf,
        above: &[(Vec<u8>, PathBuf, PathBuf)],
    ) -> Object {
        let dynamic = elf.dynamic();
        let needed = dynamic.needed.iter().map(|n| n.to_vec()).collect();
        let runpath = dynamic.runpath.map(Vec::from);
        let mut rpaths = Vec::new();
        if let (Some(rpath), None) = (dynamic.rpath, &runpath) {
            rpaths.push((rpath.to_vec(), folder(&path), folder(&place)));
        }
        rpaths.extend_from_slice(above);
        Object { path, place, needed, runpath, rpaths }
    }
}

/// A folder to look in.
struct Folder {
    path: PathBuf,
    place: PathBuf,
    by_conf: bool,
}

/// Finds the library `name` that `object` asks for, and gives it with what it
/// is as an object and its own name.
fn search(
    object: &Object,
    name: &[u8],
    machine: Machine,
    system: &[Folder],
) -> Option<(Library, Object, Option<Vec<u8>>)> {
    let take = |path: PathBuf, place: PathBuf, by_conf: bool| {
        let bytes = crate::sys::file::read(&path).ok()?;
        let elf = Elf::parse(&bytes).ok().filter(|elf| Machine::of(elf) == machine)?;
        let soname = elf.dynamic().soname.map(Vec::from);
        let object = Object::of(&elf, path.clone(), place.clone(), &object.rpaths);
        Some((Library { path, place, by_conf }, object, soname))
    };
    if name.contains(&b'/') {
        let (path, place) =
            (origin(name, &folder(&object.path)), origin(name, &folder(&object.place)));
        return take(path, place, false);
    }
    let file = OsStr::from_bytes(name);
    let mut own: Vec<(&[u8], PathBuf, PathBuf)> = Vec::new();
    if let Some(runpath) = &object.runpath {
        own.push((runpath, folder(&object.path), folder(&object.place)));
    } else {
        own.extend(object.rpaths.iter().map(|(r, a, b)| (r.as_slice(), a.clone(), b.clone())));
    }
    for (list, from, to) in &own {
        for word in list.split(|&b| b == b':').filter(|word| !word.is_empty()) {
            for word in with_lib(word, machine) {
                let (path, place) = (origin(&word, from).join(file), origin(&word, to).join(file));
                if let Some(found) = take(path, place, false) {
                    return Some(found);
                }
            }
        }
    }
    system.iter().find_map(|f| take(f.path.join(file), f.place.join(file), f.by_conf))
}

/// A word of a search path with `$LIB` replaced by each of its values and
/// `$PLATFORM` by none.
fn with_lib(word: &[u8], machine: Machine) -> Vec<Vec<u8>> {
    if !word.contains(&b'$') {
        return vec![word.to_vec()];
    }
    let mut values = Vec::new();
    values.extend(machine.tuple().map(|t| format!("lib/{t}")));
    values.push(if machine.is64 { "lib64".into() } else { "lib".into() });
    let mut words: Vec<Vec<u8>> = Vec::new();
    for value in values {
        let word = replace(word, b"LIB", value.as_bytes());
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// A word of a search path with `$ORIGIN` replaced.
fn origin(word: &[u8], folder: &Path) -> PathBuf {
    let word = replace(word, b"ORIGIN", folder.as_os_str().as_bytes());
    PathBuf::from(std::ffi::OsString::from_vec(word))
}

/// `$NAME` and `${NAME}` replaced by `value`.
fn replace(text: &[u8], name: &[u8], value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((&first, behind)) = rest.split_first() {
        let plain = behind.strip_prefix(name).filter(|_| first == b'$');
        let braced = behind.strip_prefix(b"{").and_then(|b| b.strip_prefix(name));
        let braced = braced.and_then(|b| b.strip_prefix(b"}")).filter(|_| first == b'$');
        if let Some(behind) = plain.or(braced) {
            out.extend_from_slice(value);
            rest = behind;
        } else {
            out.push(first);
            rest = behind;
        }
    }
    out
}

/// The folders the loader looks in for every program.
fn system_folders(
    loader: &Loader,
    machine: Machine,
    musl: bool,
    interpreter: Option<&Path>,
) -> Vec<Folder> {
    let mut folders: Vec<Folder> = Vec::new();
    let mut push = |path: PathBuf, by_conf| {
        if !folders.iter().any(|f| f.path == path) {
            folders.push(Folder { place: path.clone(), path, by_conf });
        }
    };
    if musl {
        let listed =
            interpreter.and_then(musl_path_file).and_then(|file| crate::sys::file::read(file).ok());
        let list = listed.as_deref().unwrap_or(b"/lib:/usr/local/lib:/usr/lib");
        for word in list.split(|&b| b == b':' || b == b'\n').filter(|word| !word.is_empty()) {
            push(PathBuf::from(OsStr::from_bytes(word)), false);
        }
    }
    // Folders that are the loader's own although /etc/ld.so.conf names them
    // too (Debian's does) count as its own.
    let mut own = Vec::new();
    if let Some(tuple) = machine.tuple() {
        own.push(PathBuf::from(format!("/lib/{tuple}")));
        own.push(PathBuf::from(format!("/usr/lib/{tuple}")));
    }
    if machine.is64 {
        own.extend(["/lib64", "/usr/lib64"].map(PathBuf::from));
    }
    own.extend(["/lib", "/usr/lib"].map(PathBuf::from));
    if !musl {
        for path in &loader.folders {
            push(path.clone(), !own.contains(path));
        }
    }
    for path in own {
        push(path, false);
    }
    folders
}

/// The file in which a musl loader's folders are listed: /lib/ld-musl-X.so.1
/// reads /etc/ld-musl-X.path.
fn musl_path_file(interpreter: &Path) -> Option<PathBuf> {
    let name = base(interpreter).strip_suffix(b".so.1")?;
    let mut path = b"/etc/".to_vec();
    path.extend_from_slice(name);
    path.extend_from_slice(b".path");
    Some(PathBuf::from(std::ffi::OsString::from_vec(path)))
}

/// Libraries that musl's loader is itself.
fn is_musls_own(name: &[u8]) -> bool {
    let Some(name) = name.strip_prefix(b"lib") else { return false };
    let own: [&[u8]; 7] = [b"c.", b"pthread.", b"rt.", b"m.", b"dl.", b"util.", b"xnet."];
    own.iter().any(|own| name.starts_with(own))
}

fn base(path: &Path) -> &[u8] {
    path.file_name().unwrap_or_default().as_bytes()
}

fn folder(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("/")).into()
}

/// Reads a file as ldconfig does and appends its folders.
fn read_conf(path: &Path, folders: &mut Vec<PathBuf>, depth: u32) {
    let Ok(text) = crate::sys::file::read(path) else { return };
    for line in conf_lines(&text) {
        match line {
            ConfLine::Folder(name) => folders.push(PathBuf::from(OsStr::from_bytes(name))),
            ConfLine::Include(pattern) if depth < DEEPEST_INCLUDE => {
                let pattern = folder(path).join(OsStr::from_bytes(pattern));
                for file in glob(&pattern) {
                    read_conf(&file, folders, depth + 1);
                }
            }
            ConfLine::Include(_) => {}
        }
    }
}

/// A line of ld.so.conf.
#[derive(Debug, PartialEq, Eq)]
enum ConfLine<'a> {
    Folder(&'a [u8]),
    Include(&'a [u8]),
}

/// The lines of ld.so.conf that say something.
fn conf_lines(text: &[u8]) -> Vec<ConfLine<'_>> {
    let mut lines = Vec::new();
    for line in text.split(|&b| b == b'\n') {
        let line = line.split(|&b| b == b'#').next().unwrap_or_default();
        let mut words = line
            .split(|b| b.is_ascii_whitespace() || matches!(b, b':' | b','))
            .filter(|word| !word.is_empty());
        match words.clone().next() {
            Some(b"include") => lines.extend(words.skip(1).map(ConfLine::Include)),
            Some(b"hwcap") | None => {}
            Some(_) => {
                for word in words.by_ref() {
                    // "/usr/lib=libc6" is an old form.
                    let word = word.split(|&b| b == b'=').next().unwrap_or_default();
                    lines.push(ConfLine::Folder(word));
                }
            }
        }
    }
    lines
}

/// The files that a path with `*` in its last part means, sorted.
fn glob(pattern: &Path) -> Vec<PathBuf> {
    let name = base(pattern);
    if !name.contains(&b'*') {
        return vec![pattern.into()];
    }
    let dir = folder(pattern);
    let mut files = names(&dir).unwrap_or_default();
    files.retain(|f| !f.as_bytes().starts_with(b".") && matches_star(name, f.as_bytes()));
    order::sort(&mut files);
    files.iter().map(|file| dir.join(file)).collect()
}

/// Whether `name` is what `pattern` says, in which `*` is any text.
fn matches_star(pattern: &[u8], name: &[u8]) -> bool {
    let mut parts = pattern.split(|&b| b == b'*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let found = (0..=rest.len()).find_map(|i| rest.get(i..)?.strip_prefix(part));
        let Some(behind) = found else { return false };
        rest = behind;
    }
    rest.ends_with(last)
}

/// The symbolic links that `path`, an absolute one, goes through on this
/// system, each with its target, and the file it ends at.
pub fn chain(path: &Path) -> std::io::Result<(Vec<(PathBuf, PathBuf)>, PathBuf)> {
    let mut links = Vec::new();
    let mut at = PathBuf::from("/");
    let mut todo: Vec<PathBuf> = parts(path);
    while let Some(part) = todo.pop() {
        if part.as_os_str() == ".." {
            at.pop();
            continue;
        }
        let name = at.join(&part);
        if !std::fs::symlink_metadata(&name)?.file_type().is_symlink() {
            at = name;
            continue;
        }
        let target = std::fs::read_link(&name)?;
        if target.is_absolute() {
            at = PathBuf::from("/");
        }
        todo.append(&mut parts(&target));
        links.push((name, target));
        if links.len() > 40 {
            return Err(nix::errno::Errno::ELOOP.into());
        }
    }
    Ok((links, at))
}

/// The parts of a path, last first.
fn parts(path: &Path) -> Vec<PathBuf> {
    path.components()
        .rev()
        .filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir))
        .map(|part| PathBuf::from(part.as_os_str()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_ld_so_conf() {
        use ConfLine::{Folder, Include};
        let text =
            b"# x\ninclude /etc/ld.so.conf.d/*.conf\n /a:/b,/c\t/d # e\nhwcap 0 x\n/f=libc6\n";
        let expected = [
            Include(b"/etc/ld.so.conf.d/*.conf"),
            Folder(b"/a"),
            Folder(b"/b"),
            Folder(b"/c"),
            Folder(b"/d"),
            Folder(b"/f"),
        ];
        assert_eq!(conf_lines(text), expected);
    }

    #[test]
    fn stars() {
        for (pattern, name, matches) in [
            ("*.conf", "a.conf", true),
            ("*.conf", ".conf", true),
            ("*.conf", "a.conf.bak", false),
            ("a*b*c", "aXbYbc", true),
            ("a*b*c", "aXc", false),
            ("a*a", "a", false),
            ("*", "", true),
            ("plain", "plain", true),
            ("plain", "plainer", false),
        ] {
            assert_eq!(
                matches_star(pattern.as_bytes(), name.as_bytes()),
                matches,
                "{pattern} {name}"
            );
        }
    }

    #[test]
    fn words_of_a_search_path() {
        let at = Path::new("/opt/x/bin");
        assert_eq!(origin(b"$ORIGIN/../lib", at), Path::new("/opt/x/bin/../lib"));
        assert_eq!(origin(b"${ORIGIN}", at), Path::new("/opt/x/bin"));
        assert_eq!(origin(b"/usr/$OTHER", at), Path::new("/usr/$OTHER"));
        let machine = Machine { is64: true, machine: 62 };
        let expected = [b"/usr/lib/x86_64-linux-gnu".to_vec(), b"/usr/lib64".to_vec()];
        assert_eq!(with_lib(b"/usr/$LIB", machine), expected);
        assert_eq!(with_lib(b"$ORIGIN", machine), [b"$ORIGIN".to_vec()]);
    }

    #[test]
    fn a_musl_program_has_no_c_library_beside_its_loader() {
        assert!(is_musls_own(b"libc.musl-x86_64.so.1"));
        assert!(is_musls_own(b"libpthread.so.0"));
        assert!(!is_musls_own(b"libcrypto.so.3"));
        let file = musl_path_file(Path::new("/lib/ld-musl-x86_64.so.1"));
        assert_eq!(file.as_deref(), Some(Path::new("/etc/ld-musl-x86_64.path")));
    }
}
