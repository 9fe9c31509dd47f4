//! uncompress: unpack what compress(1) packed. busybox's options.

use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, write_all};
use crate::compress::{Input, lzw};
use crate::sys::fd::Reader;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "uncompress",
    summary: "unpack .Z files",
    usage: "[-cf] [FILE...]\n\
            \x20 -c  to standard output, the file stays     -f  also onto a file that is there",
    kind: Kind::Fork, // reads for as long as that takes
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options =
        cx.parse("c,stdout f,force v,verbose q").map_err(|e| e.with(Status::FAILURE))?;
    let (mut stdout, mut force) = (false, false);
    while let Some(letter) = options.next() {
        match letter {
            b'c' => stdout = true,
            b'f' => force = true,
            _ => {}
        }
    }
    if options.operands.is_empty() {
        options.operands.push("-".into());
    }
    for name in &options.operands {
        let done =
            if stdout || name == "-" { to_output(cx, name) } else { to_file(cx, name, force) };
        if let Err(error) = done {
            if error.is_closed_pipe() {
                return Err(error);
            }
            cx.warn(error);
        }
    }
    Ok(cx.status())
}

fn to_output(cx: &mut Ctx, name: &OsStr) -> Result<(), Error> {
    let fd = cx.open(name)?;
    let mut failed = None;
    let done = lzw::unpack(&mut Input::new(Box::new(Reader(fd.as_fd()))), &mut |piece| {
        failed = cx.put(piece).err();
        failed.is_none()
    });
    match (failed, done) {
        (Some(error), _) => Err(error),
        (None, Err(cause)) => Err(Error::msg(format_args!("{}: {cause}", show(name)))),
        _ => Ok(()),
    }
}

/// Unpacks beside the file, under the name without `.Z`, and takes the file
/// away when all is there.
fn to_file(cx: &mut Ctx, name: &OsStr, force: bool) -> Result<(), Error> {
    let bytes = name.as_bytes();
    let mut source = name.to_os_string();
    let target = match bytes.strip_suffix(b".Z") {
        Some(stem) => OsString::from_vec(stem.to_vec()),
        None if std::fs::metadata(name).is_ok() => {
            return Err(Error::about(show(name), "unknown suffix"));
        }
        None => {
            source.push(".Z");
            name.to_os_string()
        }
    };
    let fd = cx.open(&source)?;
    let meta = std::fs::metadata(&source).map_err(|e| Error::os(show(&source), e))?;
    let mut made = OpenOptions::new();
    made.write(true).mode(meta.mode() & 0o777);
    if force {
        made.create(true).truncate(true);
    } else {
        made.create_new(true);
    }
    let mut file = made.open(&target).map_err(|e| Error::os(show(&target), e))?;
    let mut failed = None;
    let done = lzw::unpack(&mut Input::new(Box::new(Reader(fd.as_fd()))), &mut |piece| {
        failed = write_all(file.as_fd(), piece).err();
        failed.is_none()
    });
    let error = match (failed, done) {
        (Some(error), _) => Error::os(show(&target), error),
        (None, Err(cause)) => Error::msg(format_args!("{}: {cause}", show(&source))),
        _ => {
            file.flush().map_err(|e| Error::os(show(&target), e))?;
            return std::fs::remove_file(&source).map_err(|e| Error::os(show(&source), e));
        }
    };
    let _ = std::fs::remove_file(&target);
    Err(error)
}
