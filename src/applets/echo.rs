//! echo: write arguments. POSIX, with -n, -e and -E as in busybox.

use std::io::Write;
use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status};
use crate::shell::builtins::echo;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "echo",
    summary: "write arguments",
    usage: "[-n] [-e|-E] [TEXT...]\n-n: no newline; -e: backslash escapes",
    kind: Kind::NoFork, // only writes
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut text = Vec::new();
    echo::text(cx.args.iter().map(|a| a.as_bytes()), &mut text);
    cx.out.write_all(&text).map_err(|e| Error::os("standard output", e))?;
    Ok(Status::OK)
}
