//! findfs: the device that has a tag. findfs(8) of util-linux.
//!
//! Deviation: of several devices with the tag the one is printed that mount
//! would take, and the others are named on standard error.

use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::blk::scan;
use crate::fsutil::tags;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "findfs",
    summary: "the device that has a label or a UUID",
    usage: "LABEL=... | UUID=... | PARTUUID=... | PARTLABEL=... | ID=... | DEVICE",
    kind: Kind::Fork, // reads disks
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("")?;
    let [spec] = options.operands.as_slice() else {
        return Err(Error::usage("one TAG=VALUE is wanted"));
    };
    let unable = || Error::msg(format_args!("unable to resolve '{}'", show(spec)));
    let Some((tag, _, value)) = tags::split(spec.as_bytes()) else {
        // busybox prints a path below /dev as it is.
        if spec.as_bytes().contains(&b'=') && !spec.as_bytes().starts_with(b"/") {
            return Err(unable());
        }
        if std::fs::metadata(spec).is_err() {
            return Err(unable());
        }
        return line(cx, spec.as_bytes());
    };
    let found = scan::find(tag, value);
    let Some(best) = scan::best(&found) else {
        // What keeps the links may know devices that cannot be looked at here.
        let path = tags::resolve(spec.as_bytes()).map_err(|_| unable())?;
        return line(cx, path.as_os_str().as_bytes());
    };
    for other in found.iter().filter(|other| *other != best) {
        cx.note(format_args!("{}: {} has it too", show(spec), show(&other.path())));
    }
    let path = best.path();
    line(cx, path.as_os_str().as_bytes())
}

fn line(cx: &mut Ctx, path: &[u8]) -> Result<Status, Error> {
    cx.put(path)?;
    cx.put(b"\n")?;
    Ok(Status::OK)
}
