//! mkdir: make folders. POSIX, with GNU's `-v`.

use std::ffi::OsStr;
use std::fs::Permissions;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::sys::stat::Mode;
use nix::unistd::mkdir;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::{mode, sys};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "mkdir",
    summary: "make folders",
    usage: "[-pv] [-m MODE] DIR...\n\
            \x20 -m  permissions, 750 or u=rwx,g=rx\n\
            \x20 -p  the folders above as well; one that is there is no error\n\
            \x20 -v  say what is made",
    kind: Kind::NoFork, // a few system calls that do not wait
    run,
};

struct Choice {
    parents: bool,
    verbose: bool,
    mode: Option<u32>,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut c = Choice { parents: false, verbose: false, mode: None };
    let mut options = cx.parse("p,parents v,verbose m:mode")?;
    while let Some(letter) = options.next() {
        match letter {
            b'p' => c.parents = true,
            b'v' => c.verbose = true,
            b'm' => {
                let text = options.value();
                let mode = mode::parse(text.as_bytes(), 0o777, sys::process::umask(), true);
                c.mode = Some(mode.map_err(|_| Error::bad(show(&text), "not a mode"))?);
            }
            _ => {}
        }
    }
    let operands = options.operands;
    if operands.is_empty() {
        return Err(Error::usage("which folder?"));
    }
    for operand in &operands {
        if let Err(error) = make(cx, &c, operand) {
            cx.warn(error);
        }
    }
    Ok(cx.status())
}

fn make(cx: &mut Ctx, c: &Choice, operand: &OsStr) -> Result<(), Error> {
    let path = Path::new(operand);
    if c.parents {
        let mut above = PathBuf::new();
        let mut components = path.components().peekable();
        while let Some(component) = components.next() {
            above.push(component);
            if components.peek().is_some() {
                // The owner must be able to go on inside (POSIX: umask, u+wx).
                let kept = sys::process::umask();
                let mode = 0o777 & !kept | 0o300;
                one(cx, c, &above, Mode::from_bits_truncate(mode), kept & 0o300 != 0)?;
            }
        }
    }
    match c.mode {
        None => one(cx, c, path, Mode::from_bits_truncate(0o777), false),
        Some(mode) => one(cx, c, path, Mode::from_bits_truncate(mode), true),
    }
}

/// Makes one folder. `exactly` is for a mode that the umask must not cut, or
/// with bits that mkdir(2) does not take.
fn one(cx: &mut Ctx, c: &Choice, path: &Path, mode: Mode, exactly: bool) -> Result<(), Error> {
    match mkdir(path, mode) {
        Ok(()) => {}
        // The system may say EROFS or EACCES of what is there, too.
        Err(_) if c.parents && path.is_dir() => return Ok(()),
        Err(errno) => return Err(Error::os(show(path), errno)),
    }
    if c.verbose {
        cx.print(format_args!("mkdir: created directory '{}'\n", show(path)))?;
    }
    if exactly {
        std::fs::set_permissions(path, Permissions::from_mode(mode.bits()))
            .map_err(|e| Error::os(show(path), e))?;
    }
    Ok(())
}
