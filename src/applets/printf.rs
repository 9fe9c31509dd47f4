//! printf: write formatted arguments. POSIX, with %q as in bash.

use std::io::Write;
use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status};
use crate::shell::builtins::printf;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "printf",
    summary: "write formatted arguments",
    usage: "FORMAT [ARG...]\n%d %i %u %o %x %X %c %s %b %q %e %f %g %%, flags, width, precision, *",
    kind: Kind::NoFork, // only writes
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut args: Vec<&[u8]> = cx.args.iter().map(|a| a.as_bytes()).collect();
    if args.first() == Some(&b"--".as_slice()) {
        args.remove(0);
    }
    let Some((format, args)) = args.split_first() else {
        return Err(Error::usage("a format is missing"));
    };
    let mut text = Vec::new();
    let errors = printf::format(format, args, &mut text);
    cx.out.write_all(&text).map_err(|e| Error::os("standard output", e))?;
    for error in errors {
        cx.warn(error);
    }
    Ok(cx.status())
}
