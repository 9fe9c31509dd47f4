//! blkdiscard: discard the content of a block device. util-linux, busybox.

use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::size;
use crate::sys::block;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "blkdiscard",
    summary: "discard the content of a block device",
    usage: "[-fsvz] [-o OFFSET] [-l LENGTH] [-p STEP] DEVICE\n\
            \x20 -f  even if it is in use    -s  so that it cannot be read back\n\
            \x20 -z  write zeros instead    -p  so much at once    -v  say what is done",
    kind: Kind::Fork, // takes its time
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("f,force o:offset l:length p:step s,secure v,verbose z,zeroout")?;
    let (mut start, mut length, mut step) = (0, u64::MAX, 0);
    while let Some(letter) = options.next() {
        let place = match letter {
            b'o' => &mut start,
            b'l' => &mut length,
            b'p' => &mut step,
            _ => continue,
        };
        let text = options.value();
        *place = size::parse(text.as_bytes())
            .ok_or_else(|| Error::bad(show(&text), "not a number of bytes"))?;
    }
    let [path] = options.operands.as_slice() else {
        return Err(Error::usage("which device?").with(Status::FAILURE));
    };
    let fail = |e: std::io::Error| Error::os(show(path), e);
    let exclusive = if options.has(b'f') { 0 } else { libc::O_EXCL };
    let file = std::fs::File::options()
        .read(true)
        .write(true)
        .custom_flags(exclusive)
        .open(path)
        .map_err(fail)?;
    let all = block::ask_wide(file.as_fd(), block::SIZE)
        .map_err(|_| Error::about(show(path), "not a block device"))?;
    if start > all {
        return Err(Error::about(show(path), "the offset is behind the end"));
    }
    let end = start.saturating_add(length).min(all);
    let order = if options.has(b'z') {
        block::ZERO
    } else if options.has(b's') {
        block::DISCARD_SECURELY
    } else {
        block::DISCARD
    };
    let step = if step == 0 { u64::MAX } else { step };
    let mut at = start;
    while at < end {
        let length = step.min(end - at);
        block::tell_range(file.as_fd(), order, at, length).map_err(|e| fail(e.into()))?;
        at += length;
    }
    if options.has(b'v') {
        let what = if options.has(b'z') { "Zero-filled" } else { "Discarded" };
        cx.print(format_args!(
            "{}: {what} {} bytes from the offset {start}\n",
            show(path),
            end - start
        ))?;
    }
    Ok(Status::OK)
}
