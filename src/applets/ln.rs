//! ln: make links. POSIX, with GNU's `-i -n -T -t -v -r -b -S`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use nix::fcntl::AtFlags;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::fsutil::backup::Backup;
use crate::fsutil::{ask, place, resolve};

/// See the module.
pub(super) static APPLET: Applet = Applet {
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
    backup: Option<Backup>,
    folder: Option<PathBuf>,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut c = Choice::default();
    let (mut backup, mut control, mut suffix) = (false, None, None);
    let mut options = cx.parse(
        "s,symbolic f,force i,interactive n,no-dereference h r,relative v,verbose \
        L,logical P,physical T,no-target-directory t:target-directory b \
        S:suffix -6?backup",
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
            b'b' => backup = true,
            b'6' => (backup, control) = (true, options.optional()),
            b'S' => suffix = options.optional(),
            _ => {}
        }
    }
    let operands = options.operands;
    c.backup = Backup::of(cx, backup, control.as_deref(), suffix.as_deref())?;
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
        // A link to itself would lose what is there.
        let from = link.parent().unwrap_or(Path::new("")).join(&text);
        if c.symbolic
            && c.backup.is_none()
            && place::is_same_name(from.as_os_str().as_bytes(), link.as_os_str().as_bytes())
        {
            let what = format!("{} and {} are the same file", show(&text), show(link));
            return Err(Error::msg(what));
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
                if c.backup.is_none()
                    && place::is_same_name(target.as_bytes(), link.as_os_str().as_bytes())
                {
                    let what = format!("{} and {} are the same file", show(target), show(link));
                    return Err(Error::msg(what));
                }
                if c.backup.is_none() {
                    return Ok(());
                }
            }
        }
        if c.ask && !ask::yes(cx, format_args!("replace '{}'? ", show(link))) {
            return Ok(());
        }
        if let Some(backup) = &c.backup {
            let name = backup.keep(nix::fcntl::AT_FDCWD, link.as_os_str())?;
            kept = Some(PathBuf::from(OsString::from_vec(name)));
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
    let bytes = |path: &Path| path.as_os_str().as_bytes().to_vec();
    let real = |path: &[u8]| resolve::resolve(path, resolve::Missing::Any, true);
    match (real(place::folder_of(&bytes(link))), real(&bytes(target))) {
        (Ok(folder), Ok(target)) => {
            PathBuf::from(OsString::from_vec(resolve::relative(&folder, &target)))
        }
        _ => target.to_path_buf(),
    }
}
