//! pwd: the name of the current folder. POSIX.

use std::os::unix::ffi::OsStrExt;

use nix::sys::stat::stat;

use crate::applet::{Applet, Ctx, Error, Kind, Status};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "pwd",
    summary: "the name of the current folder",
    usage: "[-LP]\n\
            \x20 -L  as PWD has it, when that is this folder; -P without symbolic links (default)",
    kind: Kind::NoFork, // only looks
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("L,logical P,physical")?;
    let mut logical = cx.env.get(b"POSIXLY_CORRECT").is_some();
    while let Some(letter) = options.next() {
        logical = letter == b'L';
    }
    let here = match cx.env.get(b"PWD") {
        Some(name) if logical && is_here(name.as_bytes()) => name.as_bytes().to_vec(),
        _ => {
            let folder = nix::unistd::getcwd().map_err(|e| Error::os("the current folder", e))?;
            folder.as_os_str().as_bytes().to_vec()
        }
    };
    let text = [&here[..], b"\n"].concat();
    cx.put(&text)?;
    Ok(Status::OK)
}

/// Whether it is an absolute name of this folder without `.` and `..`.
fn is_here(name: &[u8]) -> bool {
    let plain = name.starts_with(b"/")
        && !name.split(|&b| b == b'/').any(|part| matches!(part, b"." | b".."));
    match (stat(name), stat(".")) {
        (Ok(a), Ok(b)) => plain && (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino),
        _ => false,
    }
}
