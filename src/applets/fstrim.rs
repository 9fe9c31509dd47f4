//! fstrim: discard what is free in filesystems. util-linux, busybox.

use std::ffi::{OsStr, OsString};
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::fsutil::mounts;
use crate::size;
use crate::sys::swap;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "fstrim",
    summary: "tell the disk what is free in a filesystem",
    usage: "[-v] [-o OFFSET] [-l LENGTH] [-m LEAST] MOUNTPOINT\n\
            \x20      fstrim -a | -A  all that are mounted | all of fstab\n\
            \x20 -n  only say what would be done    -v  say how much it was",
    kind: Kind::Fork, // takes its time
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "a,all A,fstab o:offset l:length m:minimum n,dry-run v,verbose -Q,quiet-unsupported",
    )?;
    let (mut start, mut length, mut least) = (0, u64::MAX, 0);
    while let Some(letter) = options.next() {
        let place = match letter {
            b'o' => &mut start,
            b'l' => &mut length,
            b'm' => &mut least,
            _ => continue,
        };
        let text = options.value();
        *place = size::parse(text.as_bytes())
            .ok_or_else(|| Error::bad(show(&text), "not a number of bytes"))?;
    }
    let all = options.has(b'a') || options.has(b'A');
    let mut folders: Vec<OsString> = options.operands.clone();
    if all {
        let mut seen: Vec<(u32, u32)> = Vec::new();
        for mount in mounts::all()? {
            let first = !seen.contains(&mount.device);
            if mount.source.starts_with(b"/dev/") && first {
                seen.push(mount.device);
                folders.push(OsString::from_vec(mount.target));
            }
        }
    }
    if folders.is_empty() {
        return Err(Error::usage("which mount point?").with(Status::FAILURE));
    }
    for folder in &folders {
        let result = one(folder, [start, length, least], options.has(b'n'));
        match result {
            Ok(bytes) if options.has(b'v') || options.has(b'n') => {
                let text =
                    format!("{}: {} ({bytes} bytes) trimmed\n", show(folder), size::human(bytes));
                cx.put(text.as_bytes())?;
            }
            Ok(_) => {}
            // Not every filesystem and disk can.
            Err(error) if all && matches!(error.errno(), Some(libc::EOPNOTSUPP | libc::ENOTTY)) => {
            }
            Err(error) => cx.warn(error),
        }
    }
    Ok(cx.status())
}

fn one(folder: &OsStr, [start, length, least]: [u64; 3], dry: bool) -> Result<u64, Error> {
    let fail = |e: std::io::Error| Error::os(show(folder), e);
    let open = std::fs::File::open(folder).map_err(fail)?;
    if !open.metadata().map_err(fail)?.is_dir() {
        return Err(Error::about(show(folder), "not a directory"));
    }
    if dry {
        return Ok(0);
    }
    swap::trim(open.as_fd(), start, length, least)
        .map_err(|e| Error::os(format_args!("{}: FITRIM", show(folder)), e))
}
