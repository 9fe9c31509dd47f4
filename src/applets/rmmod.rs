//! rmmod: remove loaded modules. Linux, as in kmod and busybox.

use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes, write_all};
use crate::kmod::alias::stem_of_path;
use crate::kmod::load::{Removal, remove};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "rmmod",
    summary: "remove kernel modules",
    usage: "[-fwsv] MODULE...\n\
            \x20      -f, --force    although it is in use, if the kernel allows that\n\
            \x20      -w, --wait     wait until it is not used\n\
            \x20      -s, --syslog   messages to the system log\n\
            \x20      -v, --verbose  say what is done",
    kind: Kind::Fork, // may wait
    run,
};

fn run(cx: &mut Ctx<'_>) -> Result<Status, Error> {
    let mut how = Removal::default();
    let (mut syslog, mut verbose) = (false, false);
    let mut options = cx.parse("f,force w,wait s,syslog v,verbose")?;
    while let Some(letter) = options.next() {
        match letter {
            b'f' => how.force = true,
            b'w' => how.wait = true,
            b's' => syslog = true,
            b'v' => verbose = true,
            _ => {}
        }
    }
    let modules = options.operands;
    if modules.is_empty() {
        return Err(Error::usage("no module named"));
    }
    let mut status = Status::OK;
    for module in modules {
        // A file name is taken for the module in it.
        let name = match stem_of_path(module.as_bytes()) {
            Some(stem) => stem.to_vec(),
            None => module.into_vec(),
        };
        match remove(&name, how) {
            Ok(()) if verbose => {
                let line = format!("rmmod {}\n", show_bytes(&name));
                let _ = write_all(cx.stderr, line.as_bytes());
            }
            Ok(()) => {}
            Err(error) => {
                status = Status::FAILURE;
                super::modprobe::report(cx, syslog, &error);
            }
        }
    }
    Ok(status)
}
