//! which: where programs are found. Debian's and busybox's.

use std::os::unix::ffi::OsStrExt;

use nix::sys::stat::stat;
use nix::unistd::{AccessFlags, access};

use crate::applet::{Applet, Ctx, Error, Kind, Status};
use crate::sys::exec::DEFAULT_PATH;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "which",
    summary: "where programs are found",
    usage: "[-as] NAME...\n\
            \x20 -a  all places and not the first only; -s say nothing\n\
            \x20 status 1 when one is not found",
    kind: Kind::NoFork, // only looks
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("a,all s")?;
    let (mut all, mut silent) = (false, false);
    while let Some(letter) = options.next() {
        if letter == b'a' {
            all = true;
        } else {
            silent = true;
        }
    }
    let path = cx.env.get(b"PATH").map_or(DEFAULT_PATH, |path| path.as_bytes()).to_vec();
    let mut missing = options.operands.is_empty();
    for name in &options.operands {
        let name = name.as_bytes();
        let mut found = false;
        let folders: Vec<&[u8]> =
            if name.contains(&b'/') { vec![b""] } else { path.split(|&b| b == b':').collect() };
        for folder in folders {
            let mut file = if name.contains(&b'/') {
                Vec::new()
            } else if folder.is_empty() {
                b"./".to_vec()
            } else {
                [folder, b"/"].concat()
            };
            file.extend_from_slice(name);
            if found && !all || name.is_empty() || !runs(&file) {
                continue;
            }
            found = true;
            if !silent {
                file.push(b'\n');
                cx.put(&file)?;
            }
        }
        missing |= !found;
    }
    Ok(Status::from_bool(!missing))
}

/// Whether it is a file that may be run.
fn runs(file: &[u8]) -> bool {
    let regular = stat(file).is_ok_and(|s| s.st_mode & libc::S_IFMT == libc::S_IFREG);
    regular && access(file, AccessFlags::X_OK).is_ok()
}
