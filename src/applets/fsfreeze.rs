//! fsfreeze: stop writing to a filesystem, or let it go on. util-linux.

use std::os::fd::AsFd;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::sys::swap;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "fsfreeze",
    summary: "stop writing to a filesystem, or let it go on",
    usage: "-f|-u MOUNTPOINT\n\
            \x20 -f  write what is dirty and stop    -u  go on",
    kind: Kind::Fork, // waits for writers
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("f,freeze u,unfreeze")?;
    let stop = options.has(b'f');
    let [folder] = options.operands.as_slice() else {
        return Err(Error::usage("which mount point?").with(Status::FAILURE));
    };
    if stop == options.has(b'u') {
        return Err(Error::usage("-f or -u is wanted").with(Status::FAILURE));
    }
    let open = std::fs::File::open(folder).map_err(|e| Error::os(show(folder), e))?;
    if !open.metadata().is_ok_and(|meta| meta.is_dir()) {
        return Err(Error::about(show(folder), "is not a directory"));
    }
    swap::freeze(open.as_fd(), stop).map_err(|e| Error::os(show(folder), e))?;
    Ok(Status::OK)
}
