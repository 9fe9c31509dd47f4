//! rm: remove files and trees. POSIX, with GNU's `-d -v -I --one-file-system
//! --no-preserve-root`.

use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes};
use crate::fsutil::ask;
use crate::fsutil::remove::Removal;
use crate::sys::terminal;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "rm",
    summary: "remove files and folders",
    usage: "[-fiIrRdv] FILE...\n\
            \x20 -r, -R  folders with all that is in them    -d  empty folders\n\
            \x20 -f      no question, and no error for what is not there\n\
            \x20 -i, -I  ask before each; once before many or before folders\n\
            \x20 -v      say what is removed\n\
            \x20 --one-file-system     leave what other file systems are mounted on\n\
            \x20 --no-preserve-root    let -r take /",
    kind: Kind::Fork, // -i asks, and big trees take long
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut how = Removal::default();
    let mut once = false;
    let mut keep_root = true;
    let mut never_asked = false;
    let mut options = cx.parse(
        "f,force i I r,recursive R d,dir v,verbose -1,one-file-system -2,no-preserve-root \
        -3?preserve-root -4?interactive",
    )?;
    while let Some(letter) = options.next() {
        let when = options.optional();
        match (letter, when.as_ref().map_or(&b"always"[..], |when| when.as_bytes())) {
            (b'f', _) | (b'4', b"never" | b"no" | b"none") => {
                how.force |= letter == b'f';
                (how.ask, once, never_asked) = (false, false, true);
            }
            (b'i', _) | (b'4', b"always" | b"yes") => {
                (how.force, how.ask, once, never_asked) = (false, true, false, false);
            }
            (b'I', _) | (b'4', b"once") => {
                (how.force, how.ask, once, never_asked) = (false, false, true, false);
            }
            (b'r' | b'R', _) => how.recursive = true,
            (b'd', _) => how.folders = true,
            (b'v', _) => how.verbose = true,
            (b'1', _) => how.one_device = true,
            (b'2', _) => keep_root = false,
            (b'3', _) => keep_root = true,
            (_, other) => return Err(Error::bad(show_bytes(other), "not a time to ask")),
        }
    }
    how.ask_protected = !never_asked && !how.ask && terminal::is_terminal(cx.stdin);
    if options.operands.is_empty() && !how.force {
        return Err(Error::usage("remove what?").with(Status::FAILURE));
    }
    let count = options.operands.len();
    if once && (count > 3 || how.recursive) {
        let word = if how.recursive { " recursively" } else { "" };
        let many = if count == 1 { "" } else { "s" };
        if !ask::yes(cx, format_args!("remove {count} argument{many}{word}? ")) {
            return Ok(Status::OK);
        }
    }
    for operand in options.operands {
        let path = operand.into_vec();
        let bare = trimmed(&path);
        let last = bare.rsplit(|&b| b == b'/').next().unwrap_or_default();
        if matches!(last, b"." | b"..") {
            let text = "refusing to remove '.' or '..'";
            cx.warn(Error::about(show_bytes(&path), text));
        } else if how.recursive && keep_root && is_root(&path) {
            let text = "refusing to remove the root folder (--no-preserve-root)";
            cx.warn(Error::about(show_bytes(&path), text));
        } else {
            how.remove(cx, &path)?;
        }
    }
    Ok(cx.status())
}

/// The path without slashes at its end.
fn trimmed(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|&b| b != b'/').map_or(0, |at| at + 1);
    path.get(..end).unwrap_or_default()
}

/// Whether it is the root folder itself by any name; a link to it is not.
fn is_root(path: &[u8]) -> bool {
    use nix::sys::stat::lstat;
    let (Ok(root), Ok(it)) = (lstat("/"), lstat(std::ffi::OsStr::from_bytes(path))) else {
        return false;
    };
    (root.st_dev, root.st_ino) == (it.st_dev, it.st_ino)
}
