//! rmdir: remove empty folders. POSIX, with GNU's `-v` and
//! `--ignore-fail-on-non-empty`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::fcntl::AT_FDCWD;
use nix::unistd::{UnlinkatFlags, unlinkat};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "rmdir",
    summary: "remove empty folders",
    usage: "[-pv] DIR...\n\
            \x20 -p  the folders above as well, as far as the path names them\n\
            \x20 -v  say what is removed\n\
            \x20 --ignore-fail-on-non-empty  what is not empty is no error",
    kind: Kind::NoFork, // a few system calls that do not wait
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("p,parents v,verbose -i,ignore-fail-on-non-empty")?;
    let (mut parents, mut verbose, mut ignore) = (false, false, false);
    while let Some(letter) = options.next() {
        match letter {
            b'p' => parents = true,
            b'v' => verbose = true,
            _ => ignore = true,
        }
    }
    if options.operands.is_empty() {
        return Err(Error::usage("which folder?").with(Status::FAILURE));
    }
    for operand in &options.operands {
        let mut path = operand.as_bytes();
        loop {
            if verbose {
                cx.print(format_args!("rmdir: removing directory, '{}'\n", show_bytes(path)))?;
            }
            if let Err(errno) =
                unlinkat(AT_FDCWD, OsStr::from_bytes(path), UnlinkatFlags::RemoveDir)
            {
                let filled = is_filled(path, errno);
                if !(ignore && filled) {
                    cx.warn(Error::os(show(OsStr::from_bytes(path)), errno));
                }
                break;
            }
            let Some(above) = above(path).filter(|_| parents) else { break };
            path = above;
        }
    }
    Ok(cx.status())
}

/// Whether a folder could not be removed because something is in it; other
/// reasons may come first.
fn is_filled(path: &[u8], errno: Errno) -> bool {
    match errno {
        Errno::ENOTEMPTY | Errno::EEXIST => true,
        Errno::EACCES | Errno::EPERM | Errno::EROFS | Errno::EBUSY => {
            !crate::sys::folder::names(OsStr::from_bytes(path).as_ref()).is_empty()
        }
        _ => false,
    }
}

/// `a/b` of `a/b/c/`.
fn above(path: &[u8]) -> Option<&[u8]> {
    let trim = |path: &[u8]| path.iter().rposition(|&b| b != b'/').map(|at| at + 1);
    let end = trim(path)?;
    let slash = path.get(..end)?.iter().rposition(|&b| b == b'/')?;
    path.get(..trim(path.get(..slash)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_above() {
        assert_eq!(above(b"a/b//c/"), Some(&b"a/b"[..]));
        assert_eq!(above(b"/a"), None);
        assert_eq!(above(b"a"), None);
        assert_eq!(above(b"//"), None);
    }
}
