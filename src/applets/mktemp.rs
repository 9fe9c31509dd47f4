//! mktemp: make a temporary file or folder. GNU, busybox.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::Mode;
use nix::unistd::mkdir;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes};
use crate::fsutil::place::{exists, join};
use crate::sys::random;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "mktemp",
    summary: "make a temporary file or folder",
    usage: "[-duqt] [-p DIR] [--suffix=TEXT] [TEMPLATE]\n\
            \x20 TEMPLATE  a name with at least three X in a row, which are replaced;\n\
            \x20           otherwise tmp.XXXXXXXXXX in $TMPDIR or /tmp\n\
            \x20 -d  a folder       -u  only a name      -q  no message of failure\n\
            \x20 -p DIR, --tmpdir[=DIR]  in that folder  -t  in $TMPDIR, -p or /tmp",
    kind: Kind::NoFork, // a few system calls
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let (mut folder, mut name_only, mut quiet, mut in_tmp) = (false, false, false, false);
    let mut parent: Option<Vec<u8>> = None;
    let mut suffix = None;
    let mut options = cx.parse("d,directory u,dry-run q,quiet t p:  -1?tmpdir -2:suffix")?;
    while let Some(letter) = options.next() {
        match letter {
            b'd' => folder = true,
            b'u' => name_only = true,
            b'q' => quiet = true,
            b't' => in_tmp = true,
            b'2' => suffix = Some(options.bytes()),
            _ => parent = Some(options.bytes()),
        }
    }
    options.at_most(1).map_err(|e| e.with(Status::FAILURE))?;
    let template = options.operands.first().map(|word| word.as_bytes());
    let result = make(cx, template, parent, suffix, in_tmp, folder, name_only);
    match result {
        Ok(path) => {
            cx.put(&path)?;
            cx.put(b"\n")?;
            Ok(Status::OK)
        }
        Err(_) if quiet => Ok(Status::FAILURE),
        Err(error) => Err(error.with(Status::FAILURE)),
    }
}

fn make(
    cx: &Ctx,
    template: Option<&[u8]>,
    parent: Option<Vec<u8>>,
    suffix: Option<Vec<u8>>,
    in_tmp: bool,
    folder: bool,
    name_only: bool,
) -> Result<Vec<u8>, Error> {
    let mut name = template.unwrap_or(b"tmp.XXXXXXXXXX").to_vec();
    let bad = |name: &[u8], text: &str| Err(Error::about(show_bytes(name), text));
    if let Some(suffix) = &suffix {
        if name.last() != Some(&b'X') {
            return bad(&name, "with --suffix, the template has to end in X");
        }
        if suffix.contains(&b'/') {
            return bad(suffix, "the suffix holds a slash");
        }
        name.extend_from_slice(suffix);
    }
    let end = match &suffix {
        Some(suffix) => name.len() - suffix.len(),
        None => name.iter().rposition(|&b| b == b'X').map_or(0, |at| at + 1),
    };
    let head = name.get(..end).unwrap_or_default();
    let count = head.iter().rev().take_while(|&&b| b == b'X').count();
    if count < 3 {
        return bad(&name, "too few X in the template");
    }
    if name.get(end..).is_some_and(|rest| rest.contains(&b'/')) {
        return bad(&name, "a slash behind the X");
    }
    if template.is_none() || in_tmp || parent.is_some() {
        if in_tmp && name.contains(&b'/') {
            return bad(&name, "with -t the template is a name, not a path");
        }
        if name.starts_with(b"/") {
            return bad(&name, "an absolute path cannot be in a folder");
        }
        let variable = cx.env.get(b"TMPDIR").filter(|dir| !dir.is_empty());
        let given = parent.filter(|dir| !dir.is_empty());
        let dir = match (variable, given) {
            (Some(dir), given) if in_tmp || given.is_none() => dir.as_bytes().to_vec(),
            (_, Some(dir)) => dir,
            (_, None) => b"/tmp".to_vec(),
        };
        let behind = name.len() - end;
        name = join(&dir, &name);
        return unique(name, behind, count, folder, name_only);
    }
    let behind = name.len() - end;
    unique(name, behind, count, folder, name_only)
}

/// Puts letters for `count` X with `behind` bytes after them until the name is
/// new.
fn unique(
    mut name: Vec<u8>,
    behind: usize,
    count: usize,
    folder: bool,
    name_only: bool,
) -> Result<Vec<u8>, Error> {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let template = name.clone();
    let end = name.len() - behind;
    let mut random = vec![0; count];
    for _ in 0..1000 {
        random::fill(&mut random);
        let places = name.get_mut(end - count..end).unwrap_or_default();
        for (place, byte) in places.iter_mut().zip(&random) {
            *place = LETTERS.get(usize::from(*byte) % LETTERS.len()).copied().unwrap_or(b'X');
        }
        let path = OsStr::from_bytes(&name);
        let done = if name_only {
            if exists(&name) { Err(Errno::EEXIST) } else { Ok(()) }
        } else if folder {
            mkdir(path, Mode::from_bits_truncate(0o700))
        } else {
            let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_RDWR | OFlag::O_CLOEXEC;
            openat(AT_FDCWD, path, flags, Mode::from_bits_truncate(0o600)).map(drop)
        };
        match done {
            Ok(()) => return Ok(name),
            Err(Errno::EEXIST) => {}
            Err(errno) => return Err(Error::os(show_bytes(&template), errno)),
        }
    }
    Err(Error::os(show_bytes(&template), Errno::EEXIST))
}
