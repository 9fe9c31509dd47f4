//! eject: throw out a disc, or pull the tray in. busybox, util-linux.

use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::sys::block;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "eject",
    summary: "throw out a disc",
    usage: "[-tTs] [DEVICE]\n\
            \x20 -t  pull the tray in    -T  in or out, whichever it is not    -s  a SCSI device\n\
            DEVICE is /dev/cdrom otherwise",
    kind: Kind::Fork, // waits for a motor
    run,
};

/// The tray is out.
const TRAY_OPEN: i32 = 2;

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("t,trayclose T,traytoggle s,scsi v,verbose r,cdrom")?;
    options.at_most(1)?;
    let device = options.operands.first().map_or("/dev/cdrom".into(), Clone::clone);
    let file = std::fs::File::options()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(&device)
        .map_err(|e| Error::os(show(&device), e))?;
    let tell = |order, value| block::tell_number(file.as_fd(), order, value);
    let mut order = block::EJECT;
    if options.has(b't')
        || options.has(b'T') && tell(block::DRIVE_STATUS, i32::MAX as u64) == Ok(TRAY_OPEN)
    {
        order = block::CLOSE_TRAY;
    } else {
        let _ = tell(block::LOCK_DOOR, 0);
    }
    tell(order, 0).map_err(|e| Error::os(show(&device), e))?;
    Ok(Status::OK)
}
