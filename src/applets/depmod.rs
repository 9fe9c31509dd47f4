//! depmod: write what modprobe needs to know about a modules directory.
//! Linux, as in kmod.
//!
//! Writes `modules.dep`, `.alias`, `.softdep`, `.symbols` and `.devname`, and the
//! `.bin` files that kmod reads, each under another name first. Deviation: the
//! operand may also be the directory itself.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::kmod::Tree;
use crate::kmod::dep::lines;
use crate::kmod::index::{Index, builtin_tries};
use crate::kmod::modinfo::words;
use crate::order::sort;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "depmod",
    summary: "write the lists of what kernel modules need and are for",
    usage: "[-aAenvw] [-b DIR] [-F SYSTEM.MAP|-E SYMVERS] [VERSION|DIR]\n\
            \x20      -a, --all      all modules (the default)\n\
            \x20      -A, --quick    only when a module is newer than the lists\n\
            \x20      -b, --basedir DIR   modules are in DIR/lib/modules\n\
            \x20      -e, --errsyms  name symbols that nobody has; needs -F or -E\n\
            \x20      -n, --show     print the lists instead of writing them\n\
            \x20      -w             warn of names that several files have",
    kind: Kind::Fork, // reads every module
    run,
};

#[derive(Default)]
struct Settings {
    quick: bool,
    show: bool,
    symbols: bool,
    map: Option<OsString>,
    symvers: Option<OsString>,
    warn: bool,
}

fn run(cx: &mut Ctx<'_>) -> Result<Status, Error> {
    let mut settings = Settings::default();
    let mut base = None::<OsString>;
    let mut options = cx.parse(
        "a,all|verbose v A,quick b:basedir e,errsyms n,show|dry-run F:filesyms \
        E:symvers w,warn W",
    )?;
    while let Some(letter) = options.next() {
        match letter {
            b'a' | b'v' => {}
            b'A' => settings.quick = true,
            b'b' => base = Some(options.value()),
            b'e' => settings.symbols = true,
            b'n' => settings.show = true,
            b'F' => settings.map = Some(options.value()),
            b'E' => settings.symvers = Some(options.value()),
            b'w' | b'W' => settings.warn = true,
            _ => {}
        }
    }
    options.at_most(1)?;
    let version = options.operands.pop();
    if settings.symbols && settings.map.is_none() && settings.symvers.is_none() {
        return Err(Error::usage("-e needs -F or -E"));
    }
    let dir = match &version {
        Some(word) if word.as_bytes().contains(&b'/') => PathBuf::from(word),
        _ => super::modprobe::modules_dir(
            base.as_deref().map(Path::new),
            version.as_deref().map(OsStrExt::as_bytes),
        ),
    };
    let tree = Tree::open(&dir)?;
    if settings.quick && is_current(&tree) {
        return Ok(Status::OK);
    }
    if settings.warn {
        for [first, second] in tree.shadowed() {
            let what = format!("{}: hides {}", show_bytes(&first), show_bytes(&second));
            cx.note(what);
        }
    }
    let index = Index::of_tree(&tree, settings.symbols);
    for problem in &index.problems {
        cx.warn(problem);
    }
    if settings.symbols {
        warn_of_symbols(cx, &settings, &index)?;
    }
    let files: [(&str, Vec<u8>); 5] = [
        ("modules.dep", index.dep()),
        ("modules.alias", index.alias()),
        ("modules.softdep", index.softdep()),
        ("modules.symbols", index.symbols()),
        ("modules.devname", index.devname()),
    ];
    for (name, text) in files {
        if settings.show {
            cx.put(&text)?;
        } else {
            write(&dir, name, &text)?;
        }
    }
    if !settings.show {
        write_for_kmod(&dir, &index)?;
    }
    Ok(cx.status())
}

/// Writes what kmod's modprobe and udev read.
fn write_for_kmod(dir: &Path, index: &Index) -> Result<(), Error> {
    let read = |name: &str| crate::sys::file::read(dir.join(name)).unwrap_or_default();
    let names = ["dep", "alias", "symbols", "builtin", "builtin.alias"];
    let builtin = builtin_tries(&read("modules.builtin"), &read("modules.builtin.modinfo"));
    for (name, bytes) in names.iter().zip(index.tries().into_iter().chain(builtin)) {
        let name = format!("modules.{name}.bin");
        match bytes {
            Some(bytes) => write(dir, &name, &bytes)?,
            // what kmod has written of before would be believed
            None => {
                let _ = std::fs::remove_file(dir.join(&name));
                return Err(Error::msg(format!("{name}: more names than the format takes")));
            }
        }
    }
    Ok(())
}

/// Whether no module is newer than `modules.dep`.
fn is_current(tree: &Tree) -> bool {
    let time = |path: &Path| std::fs::metadata(path).and_then(|m| m.modified()).ok();
    let Some(written) = time(&tree.dir().join("modules.dep")) else { return false };
    tree.files().all(|file| {
        let path = tree.dir().join(std::ffi::OsStr::from_bytes(file));
        time(&path).is_none_or(|changed| changed <= written)
    })
}

/// Writes a list under another name and renames it.
fn write(dir: &Path, name: &str, text: &[u8]) -> Result<(), Error> {
    let target = dir.join(name);
    let new = dir.join(format!(".{name}.{}", std::process::id()));
    let result = std::fs::write(&new, text).and_then(|()| std::fs::rename(&new, &target));
    if let Err(error) = result {
        let _ = std::fs::remove_file(&new);
        return Err(Error::os(show(&target), error));
    }
    Ok(())
}

fn warn_of_symbols(cx: &mut Ctx<'_>, settings: &Settings, index: &Index) -> Result<(), Error> {
    let read = |path: &OsString| crate::sys::file::read(path).map_err(|e| Error::os(show(path), e));
    let mut known: Vec<&[u8]> = Vec::new();
    let map = settings.map.as_ref().map(read).transpose()?.unwrap_or_default();
    for line in lines(&map) {
        let name = words(line).nth(2).unwrap_or_default();
        known.extend(name.strip_prefix(b"__ksymtab_"));
    }
    let symvers = settings.symvers.as_ref().map(read).transpose()?.unwrap_or_default();
    for line in lines(&symvers) {
        known.extend(words(line).nth(1));
    }
    sort(&mut known);
    for (path, symbol) in index.unknown_symbols(&known) {
        let what = format!("{}: needs unknown symbol {}", show_bytes(path), show_bytes(symbol));
        cx.note(what);
    }
    Ok(())
}
