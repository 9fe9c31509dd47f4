//! readlink and realpath: where symbolic links lead. GNU, busybox.

use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::fcntl::readlink;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::fsutil::resolve::{Missing, is_below, relative, resolve};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "readlink",
    summary: "print where a symbolic link leads",
    usage: "[-fem] [-nqsvz] LINK...\n\
            \x20 -f, -e, -m  the whole path without links; all but the last part has to be there,\n\
            \x20             all has to, nothing has to\n\
            \x20 -n  no newline behind it     -z  NUL instead\n\
            \x20 -v  say what is wrong (-q, -s: do not, as by default)",
    kind: Kind::NoFork, // a few system calls
    run,
};

/// realpath.
pub(super) static REALPATH: Applet = Applet {
    name: "realpath",
    summary: "print a path with all its links followed",
    usage: "[-emLPsqz] [--relative-to=DIR] [--relative-base=DIR] PATH...\n\
            \x20 -e, -m  all has to be there, nothing has to; otherwise all but the last part\n\
            \x20 -L  .. before links    -s  links stay    -P  links first, as by default\n\
            \x20 -q  do not say what is wrong    -z  NUL instead of newline",
    kind: Kind::NoFork, // a few system calls
    run: run_realpath,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut missing = None;
    let (mut newline, mut verbose, mut end) = (true, false, b"\n");
    let mut options = cx.parse(
        "f,canonicalize e,canonicalize-existing m,canonicalize-missing n,no-newline \
        q,quiet s,silent v,verbose z,zero",
    )?;
    while let Some(letter) = options.next() {
        match letter {
            b'f' => missing = Some(Missing::Last),
            b'e' => missing = Some(Missing::Nothing),
            b'm' => missing = Some(Missing::Any),
            b'n' => newline = false,
            b'v' => verbose = true,
            b'z' => end = b"\0",
            _ => verbose = false,
        }
    }
    let operands = options.operands;
    if operands.is_empty() {
        return Err(Error::usage("which link?").with(Status::FAILURE));
    }
    if operands.len() > 1 {
        newline = true;
    }
    let mut status = Status::OK;
    for operand in &operands {
        let found = match missing {
            Some(missing) => resolve(operand.as_bytes(), missing, true),
            None => readlink(operand.as_os_str()).map(|text| text.as_bytes().to_vec()),
        };
        match found {
            Ok(path) => {
                cx.put(&path)?;
                if newline {
                    cx.put(end)?;
                }
            }
            Err(errno) => {
                status = Status::FAILURE;
                if verbose {
                    cx.warn(Error::os(show(operand), errno));
                }
            }
        }
    }
    Ok(status)
}

fn run_realpath(cx: &mut Ctx) -> Result<Status, Error> {
    let mut missing = Missing::Last;
    let (mut links, mut logical, mut quiet, mut end) = (true, false, false, b"\n");
    let (mut to, mut base) = (None, None);
    let mut options = cx.parse(
        "e,canonicalize-existing m,canonicalize-missing E L,logical P,physical \
        s,strip|no-symlinks q,quiet z,zero -1:relative-to -2:relative-base",
    )?;
    while let Some(letter) = options.next() {
        match letter {
            b'e' => missing = Missing::Nothing,
            b'm' => missing = Missing::Any,
            b'E' => missing = Missing::Last,
            b'L' => logical = true,
            b'P' => (links, logical) = (true, false),
            b's' => (links, logical) = (false, true),
            b'q' => quiet = true,
            b'z' => end = b"\0",
            b'1' => to = Some(options.bytes()),
            _ => base = Some(options.bytes()),
        }
    }
    let operands = options.operands;
    if operands.is_empty() {
        return Err(Error::usage("which path?").with(Status::FAILURE));
    }
    let full = |path: &[u8], missing| -> Result<Vec<u8>, Errno> {
        if logical {
            let plain = resolve(path, missing, false)?;
            return if links { resolve(&plain, missing, true) } else { Ok(plain) };
        }
        resolve(path, missing, true)
    };
    let folder = |path: &Option<Vec<u8>>| match path {
        Some(path) => full(path, missing).map(Some).map_err(|e| Error::os(show_bytes(path), e)),
        None => Ok(None),
    };
    let (mut to, base) = (folder(&to)?, folder(&base)?);
    if to.is_none() {
        to.clone_from(&base);
    }
    // What is not below the base is printed whole, as is all when DIR is not.
    let whole = matches!((&to, &base), (Some(to), Some(base)) if !is_below(to, base));
    let mut status = Status::OK;
    for operand in &operands {
        match full(operand.as_bytes(), missing) {
            Ok(path) => {
                let below = base.as_ref().is_none_or(|base| is_below(&path, base));
                match &to {
                    Some(to) if below && !whole => cx.put(&relative(to, &path))?,
                    _ => cx.put(&path)?,
                }
                cx.put(end)?;
            }
            Err(errno) => {
                status = Status::FAILURE;
                if !quiet {
                    cx.warn(Error::os(show(operand), errno));
                }
            }
        }
    }
    Ok(status)
}
