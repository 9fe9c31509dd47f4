//! mountpoint: whether a folder is one. mountpoint(1) of util-linux and
//! busybox (whose `-n` it has too).
//!
//! Exit status 1 for "no", as busybox and POSIX habits have it, where
//! util-linux says 32.

use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use nix::sys::stat::{major, minor};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::fsutil::mounts;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "mountpoint",
    summary: "tell whether something is mounted on a folder",
    usage: "[-q] [-d|-n] DIR\n\
            \x20      mountpoint -x DEVICE\n\
            \x20 -q  say nothing, the exit status is the answer\n\
            \x20 -d  the device number of what is mounted, MAJOR:MINOR\n\
            \x20 -n  the device's name and the folder\n\
            \x20 -x  the device number of a block device",
    kind: Kind::Fork, // a network filesystem may block
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let (mut quiet, mut number, mut name, mut device, mut nofollow) =
        (false, false, false, false, false);
    let mut options = cx.parse("q,quiet d,fs-devno n x,devno -N,nofollow")?;
    while let Some(letter) = options.next() {
        match letter {
            b'q' => quiet = true,
            b'd' => number = true,
            b'n' => name = true,
            b'x' => device = true,
            b'N' => nofollow = true,
            _ => {}
        }
    }
    options.at_most(1)?;
    let Some(operand) = options.operands.pop() else { return Err(Error::usage("which folder?")) };
    let path = Path::new(&operand);
    let fail =
        |e: std::io::Error| if quiet { Ok(Status::FAILURE) } else { Err(Error::os(show(path), e)) };
    let meta = match if nofollow { path.symlink_metadata() } else { path.metadata() } {
        Ok(meta) => meta,
        Err(error) => return fail(error),
    };
    let line = if device {
        if !meta.file_type().is_block_device() {
            if quiet {
                return Ok(Status::FAILURE);
            }
            return Err(Error::about(show(path), "not a block device"));
        }
        format!("{}:{}", major(meta.rdev()), minor(meta.rdev()))
    } else {
        let is = match if meta.is_symlink() { Ok(false) } else { mounts::is_mount_point(path) } {
            Ok(is) => is,
            Err(error) => return fail(error),
        };
        if !is {
            if !quiet {
                cx.print(format_args!("{} is not a mountpoint\n", show(path)))?;
            }
            return Ok(Status::FAILURE);
        }
        if number {
            format!("{}:{}", major(meta.dev()), minor(meta.dev()))
        } else if name {
            let list = mounts::all()?;
            let source = mounts::at(&list, &mounts::canonical(path)).map(|m| m.source.clone());
            format!("{} {}", show_bytes(&source.unwrap_or_default()), show(path))
        } else {
            format!("{} is a mountpoint", show(path))
        }
    };
    if !quiet {
        cx.print(format_args!("{line}\n"))?;
    }
    Ok(Status::OK)
}
