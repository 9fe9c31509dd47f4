//! resume: wake from a suspend image. klibc's and busybox's: writes the device
//! to /sys/power/resume; when there is an image, it does not come back.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::fsutil::tags;
use crate::options::number;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "resume",
    summary: "wake from a suspend image",
    usage: "DEVICE [OFFSET]\n\
            OFFSET is that of a swap file, in pages. DEVICE may be UUID=... or LABEL=...",
    kind: Kind::Fork, // reads the image
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("")?;
    let (spec, offset) = match options.operands.as_slice() {
        [spec] => (spec, None),
        [spec, offset] => (spec, Some(offset)),
        _ => return Err(Error::usage("which device?").with(Status::FAILURE)),
    };
    let path = tags::resolve(spec.as_bytes()).map_err(|e| Error::os(show(spec), e))?;
    let meta = std::fs::metadata(&path).map_err(|e| Error::os(show(&path), e))?;
    if !meta.file_type().is_block_device() {
        return Err(Error::about(show(&path), "not a block device"));
    }
    let device = meta.rdev();
    let mut text = format!("{}:{}", nix::sys::stat::major(device), nix::sys::stat::minor(device));
    if let Some(offset) = offset {
        let offset = number(offset).ok_or_else(|| Error::bad(show(offset), "not an offset"))?;
        text.push_str(&format!(":{offset}"));
    }
    const FILE: &str = "/sys/power/resume";
    std::fs::write(FILE, &text).map_err(|e| Error::os(FILE, e))?;
    Ok(Status::OK)
}
