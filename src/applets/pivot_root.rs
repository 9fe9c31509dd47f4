//! pivot_root: make another mount the root and put the old one below it.
//! pivot_root(8).

use nix::errno::Errno;
use std::path::Path;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "pivot_root",
    summary: "make another mount the root",
    usage: "NEW_ROOT PUT_OLD\n\
            \x20 NEW_ROOT is a mount point, PUT_OLD a folder in it that gets the old root",
    kind: Kind::Fork, // changes the root of processes
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let operands = cx.parse("")?.operands;
    let [new, old] = operands.as_slice() else {
        return Err(Error::usage("wants the new root and the folder for the old one"));
    };
    let Err(errno) = nix::unistd::pivot_root(Path::new(new), Path::new(old)) else {
        return Ok(Status::OK);
    };
    let (new, old) = (show(new), show(old));
    Err(match errno {
        Errno::EINVAL => Error::msg(format_args!(
            "{new}: not a mount point, or {old} is not below it, or the root is the initramfs \
             (use switch_root) or shared (mount --make-rprivate /)"
        )),
        Errno::EBUSY => Error::msg(format_args!("{new}: is the root already")),
        _ => Error::os(format_args!("{new}, {old}"), errno),
    })
}
