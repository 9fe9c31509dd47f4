//! insmod: insert one module file. Linux, as in kmod and busybox.
//!
//! A file that is packed by gzip, xz, zstd or lz4 is handed to the kernel as
//! it is when that can unpack it, otherwise unpacked. That the module is
//! loaded already is success; with -v that is said.

use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::kmod::load::{Loaded, insert_file};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "insmod",
    summary: "insert a kernel module file",
    usage: "[-f] [-v] FILE [PARAM=VALUE...]\n\
            \x20      -f, --force   ignore the kernel version that it was built for\n\
            \x20      -v, --verbose  say what is done",
    kind: Kind::Fork, // the module's start may take long
    run,
};

fn run(cx: &mut Ctx<'_>) -> Result<Status, Error> {
    let mut force = false;
    let mut verbose = false;
    let mut options = cx.parse("+f,force v,verbose s,syslog p")?;
    while let Some(letter) = options.next() {
        match letter {
            b'f' => force = true,
            b'v' => verbose = true,
            _ => {}
        }
    }
    let Some((file, params)) = options.operands.split_first() else {
        return Err(Error::usage("no module file given"));
    };
    let params: Vec<Vec<u8>> =
        params.iter().map(|param| super::modprobe::parameter(param.as_bytes())).collect();
    let loaded = insert_file(file.as_ref(), &params.join(&b' '), force)?;
    if verbose {
        let what = if loaded == Loaded::Already { "already loaded" } else { "inserted" };
        let line = format!("{}: {what}\n", show(file));
        crate::applet::write_all(cx.stderr, line.as_bytes())
            .map_err(|e| Error::os("standard error", e))?;
    }
    Ok(Status::OK)
}
