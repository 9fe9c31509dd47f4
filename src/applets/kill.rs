//! kill: send signals to processes. POSIX. The shell's own knows %jobs too.

use std::io::Write;
use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes};
use crate::shell::builtins::kill::{self, Failure};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "kill",
    summary: "send signals to processes",
    usage: "[-s SIGNAL | -SIGNAL] PID...\n\
            \x20      kill -l [SIGNAL]\n\
            a negative PID is a process group, -1 all, signal 0 only asks",
    kind: Kind::NoFork, // one system call a process
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let args: Vec<&[u8]> = cx.args.iter().map(|a| a.as_bytes()).collect();
    let mut text = Vec::new();
    let result = kill::run(&args, &mut text, &mut |job| {
        Err(format!("{}: jobs are the shell's", show_bytes(job)))
    });
    cx.out.write_all(&text).map_err(|e| Error::os("standard output", e))?;
    match result {
        Ok(()) => {}
        Err(Failure::Usage(why)) => return Err(Error::usage(why)),
        Err(Failure::Sending(list)) => list.into_iter().for_each(|why| cx.warn(why)),
    }
    Ok(cx.status())
}
