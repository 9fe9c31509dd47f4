//! ln: make links. POSIX, with GNU's `-i -n -T -t -v -r -b -S`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Component, Path, PathBuf};

use nix::fcntl::AtFlags;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};

/// See the module.
pub(super) const APPLET: Applet = Applet {
    name: "ln",
    summary: "make links",
    usage: "[-sfinrvbLP] [-S SUFFIX] [-T] TARGET [LINK]\n\
            \x20      ln [OPTIONS] TARGET... DIR\n\
            \x20      ln [OPTIONS] -t DIR TARGET...\n\
            \x20 -s      symbolic links             -r  relative to where they are\n\
            \x20 -f, -i  replace what is there; ask first\n\
            \x20 -n      a link to a folder is not the folder\n\
            \x20 -T      LINK is never a folder to make links in\n\
            \x20 -b, -S  keep what was there as NAME~ or NAME with SUFFIX\n\
            \x20 -L, -P  a hard link to what a symbolic link leads to; to the link itself\n\
            \x20 -v      say what is made",
    kind: Kind::Fork, // -i asks
    run,
};

#[derive(Default)]
struct Choice {
    symbolic: bool,
    force: bool,
    ask: bool,
    no_follow: bool,
    relative: bool,
    verbose: bool,
    logical: bool,
    no_folder: bool,
    backup: Option<Vec<u8>>,
    folder: Option<PathBuf>,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut c = Choice::default();
    let mut suffix: Option<Vec<u8>> = None;
    let mut options = cx.parse(
        "s,symbolic f,force i,interactive n,no-dereference h r,relative v,verbose \
        L,logical P,physical T,no-target-directory t:target-directory b,backup \
        S:suffix",
    )?;
    while let Some(letter) = options.next() {
        match letter {
            b's' => c.symbolic = true,
            b'f' => (c.force, c.ask) = (true, false),
            b'i' => (c.ask, c.force) = (true, false),
            b'n' | b'h' => c.no_follow = true,
            b'r' => c.relative = true,
            b'v' => c.verbose = true,
            b'L' => c.logical = true,
            b'P' => c.logical = false,
            b'T' => c.no_folder = true,
            b't' => c.folder = Some(options.value().into()),
            b'b' => c.backup = Some(b"~".to_vec()),
            b'S' => suffix = Some(options.bytes()),
            _ => {}
        }
    }
    let operands = options.operands;
    if suffix.is_some() {
        c.backup = suffix;
    }
    if c.relative && !c.symbolic {
        return Err(Error::usage("-r is for symbolic links"));
    }
    if c.no_folder && c.folder.is_some() {
        return Err(Error::usage("-t and -T exclude each other"));
    }
    let Some(last) = operands.last().cloned() else { return Err(Error::usage("a link to what?")) };
    if let Some(folder) = c.folder.clone() {
        return each(cx, &c, &operands, &folder);
    }
    if c.no_folder {
        let [target, link] = operands.as_slice() else {
            return Err(Error::usage("-T wants a target and the link's name"));
        };
        return single(cx, &c, target, Path::new(link));
    }
    match operands.as_slice() {
        [target] => each(cx, &c, std::slice::from_ref(target), Path::new(".")),
        [target, _] if !is_folder(&c, Path::new(&last)) => single(cx, &c, target, Path::new(&last)),
        [targets @ .., _] => {
            if !is_folder(&c, Path::new(&last)) {
                return Err(Error::about(show(&last), "not a folder"));
            }
            each(cx, &c, targets, Path::new(&last))
        }
        [] => Ok(Status::OK),
    }
}

/// Whether links are to be made inside `path`.
fn is_folder(c: &Choice, path: &Path) -> bool {
    let meta = if c.no_follow { path.symlink_metadata() } else { path.metadata() };
    meta.is_ok_and(|meta| meta.is_dir())
}

fn single(cx: &mut Ctx, c: &Choice, target: &OsStr, link: &Path) -> Result<Status, Error> {
    make(cx, c, target, link)?;
    Ok(cx.status())
}

fn each(cx: &mut Ctx, c: &Choice, targets: &[OsString], folder: &Path) -> Result<Status, Error> {
    for target in targets {
        // the last part, also of "dir/" and of ".."
        let name = target.as_bytes().split(|&b| b == b'/').rfind(|part| !part.is_empty());
        let link = folder.join(OsStr::from_bytes(name.unwrap_or(b"/")));
        if let Err(error) = make(cx, c, target, &link) {
            cx.warn(error);
        }
    }
    Ok(cx.status())
}

fn make(cx: &mut Ctx, c: &Choice, target: &OsStr, link: &Path) -> Result<(), Error> {
    let text = if c.relative { relative(Path::new(target), link) } else { PathBuf::from(target) };
    let mut kept = None;
    if let Ok(there) = link.symlink_metadata() {
        if !(c.force || c.ask || c.backup.is_some()) {
            let what = format!("cannot make {}", show(link));
            return Err(Error::os(what, nix::errno::Errno::EEXIST));
        }
        if there.is_dir() {
            return Err(Error::about(show(link), "is a folder, which a link does not replace"));
        }
        // A hard link onto the same file: removing it first could lose it.
        if !c.symbolic {
            let source = if c.logical {
                Path::new(target).metadata()
            } else {
                Path::new(target).symlink_metadata()
            };
            let source = source.map_err(|e| Error::os(show(target), e))?;
            if (source.dev(), source.ino()) == (there.dev(), there.ino()) {
                if c.backup.is_none() && same_name(Path::new(target), link) {
                    let what = format!("{} and {} are the same file", show(target), show(link));
                    return Err(Error::msg(what));
                }
                if c.backup.is_none() {
                    return Ok(());
                }
            }
        }
        if c.ask {
            cx.flush()?;
            let question = format!("ln: replace '{}'? ", show(link));
            let _ = crate::applet::write_all(cx.stderr, question.as_bytes());
            if !answer_is_yes(cx) {
                return Ok(());
            }
        }
        if let Some(suffix) = &c.backup {
            let mut name = link.as_os_str().as_bytes().to_vec();
            name.extend_from_slice(suffix);
            let name = PathBuf::from(OsString::from_vec(name));
            std::fs::rename(link, &name).map_err(|e| Error::os(show(&name), e))?;
            kept = Some(name);
        } else {
            replace(c, &text, link)?;
            return say(cx, c, &text, link, kept.as_deref());
        }
    }
    if let Err(error) = place(c, &text, link) {
        if let Some(kept) = &kept {
            let _ = std::fs::rename(kept, link);
        }
        return Err(error);
    }
    say(cx, c, &text, link, kept.as_deref())
}

/// Makes the link under another name beside it and renames it, so that at no
/// time nothing is there.
fn replace(c: &Choice, text: &Path, link: &Path) -> Result<(), Error> {
    for number in 0..1000 {
        let mut name = link.as_os_str().as_bytes().to_vec();
        name.extend_from_slice(format!(".{}.{number}", nix::unistd::getpid()).as_bytes());
        let name = PathBuf::from(OsString::from_vec(name));
        if name.symlink_metadata().is_ok() {
            continue;
        }
        return match place(c, text, &name) {
            Ok(()) => std::fs::rename(&name, link).map_err(|e| {
                let _ = std::fs::remove_file(&name);
                Error::os(show(link), e)
            }),
            // The longer name may be too long: then there is a moment without.
            Err(error) if error.errno() == Some(libc::ENAMETOOLONG) => {
                std::fs::remove_file(link).map_err(|e| Error::os(show(link), e))?;
                place(c, text, link)
            }
            Err(error) => Err(error.on(failure(c, text, link))),
        };
    }
    Err(Error::os(show(link), nix::errno::Errno::EEXIST))
}

fn place(c: &Choice, text: &Path, link: &Path) -> Result<(), Error> {
    let done = if c.symbolic {
        symlink(text, link)
    } else {
        let here = nix::fcntl::AT_FDCWD;
        let flags = if c.logical { AtFlags::AT_SYMLINK_FOLLOW } else { AtFlags::empty() };
        nix::unistd::linkat(here, text, here, link, flags).map_err(std::io::Error::from)
    };
    done.map_err(|e| Error::os(failure(c, text, link), e))
}

fn failure(c: &Choice, text: &Path, link: &Path) -> String {
    // Of a hard link either name may be at fault.
    if !c.symbolic && text.symlink_metadata().is_err() {
        return show(text).to_string();
    }
    if c.symbolic { show(link).to_string() } else { format!("{} => {}", show(link), show(text)) }
}

fn say(
    cx: &mut Ctx,
    c: &Choice,
    text: &Path,
    link: &Path,
    kept: Option<&Path>,
) -> Result<(), Error> {
    if !c.verbose {
        return Ok(());
    }
    let kept = kept.map_or_else(String::new, |kept| format!("'{}' ~ ", show(kept)));
    let arrow = if c.symbolic { "->" } else { "=>" };
    cx.print(format_args!("{kept}'{}' {arrow} '{}'\n", show(link), show(text)))
}

/// The path from the link's folder to the target, both without symbolic links
/// as far as they are there.
fn relative(target: &Path, link: &Path) -> PathBuf {
    let folder = match link.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    between(&resolved(folder), &resolved(target))
}

fn between(from: &Path, to: &Path) -> PathBuf {
    let from: Vec<Component> = from.components().collect();
    let to: Vec<Component> = to.components().collect();
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let mut path = PathBuf::new();
    for _ in from.iter().skip(shared) {
        path.push("..");
    }
    for part in to.iter().skip(shared) {
        path.push(part);
    }
    if path.as_os_str().is_empty() {
        path.push(".");
    }
    path
}

/// Absolute and without symbolic links; parts that are not there stay as they
/// are named.
fn resolved(path: &Path) -> PathBuf {
    let mut missing = Vec::new();
    let mut head = path;
    loop {
        let there = if head.as_os_str().is_empty() { Path::new(".") } else { head };
        if let Ok(mut full) = there.canonicalize() {
            for part in missing.iter().rev() {
                match part {
                    Component::ParentDir => {
                        full.pop();
                    }
                    part => full.push(part),
                }
            }
            return full;
        }
        match (head.components().next_back(), head.parent()) {
            (Some(part), Some(parent)) => {
                missing.push(part);
                head = parent;
            }
            _ => return path.to_path_buf(),
        }
    }
}

fn same_name(a: &Path, b: &Path) -> bool {
    let place = |path: &Path| {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.canonicalize().ok(),
            _ => Path::new(".").canonicalize().ok(),
        };
        (folder, path.file_name().map(OsStr::to_os_string))
    };
    place(a) == place(b)
}

/// Reads a line; yes is one that starts with y or Y.
fn answer_is_yes(cx: &Ctx) -> bool {
    let mut first = None;
    let mut byte = [0];
    while let Ok(1) = nix::unistd::read(cx.stdin, &mut byte) {
        let [b] = byte;
        if b == b'\n' {
            break;
        }
        first.get_or_insert(b);
    }
    matches!(first, Some(b'y' | b'Y'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways() {
        let way = |a: &str, b: &str| between(Path::new(a), Path::new(b));
        assert_eq!(way("/a/b", "/a/c/d"), Path::new("../c/d"));
        assert_eq!(way("/a", "/a/x"), Path::new("x"));
        assert_eq!(way("/a/b", "/a"), Path::new(".."));
        assert_eq!(way("/a", "/a"), Path::new("."));
        assert_eq!(way("/", "/x"), Path::new("x"));
    }
}
