//! tee: copy standard input to files and to standard output. POSIX.

use std::fs::File;
use std::io::Write;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, write_all};
use crate::sys::lines::Lines;
use crate::sys::signal;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "tee",
    summary: "copy standard input to files and standard output",
    usage: "[-aip] [FILE...]\n\
            \x20 -a  append to the files\n\
            \x20 -i  not ended by an interrupt\n\
            \x20 -p  go on when a reader has gone away",
    kind: Kind::Fork, // reading may block; changes signals
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("a,append i,ignore-interrupts p -2?output-error")?;
    let (mut append, mut stubborn) = (false, false);
    while let Some(letter) = options.next() {
        match letter {
            b'a' => append = true,
            b'i' => {
                let _ = signal::set(libc::SIGINT, signal::Disposition::Ignore);
            }
            _ => stubborn = true,
        }
    }
    let mut files: Vec<Option<File>> = Vec::new();
    for name in &options.operands {
        let mut how = File::options();
        how.create(true);
        if append {
            how.append(true)
        } else {
            how.write(true).truncate(true)
        };
        let file = how.open(name);
        if let Err(error) = &file {
            let errno = error.raw_os_error().unwrap_or(libc::EIO);
            cx.warn(Error::os(show(name), nix::errno::Errno::from_raw(errno)));
        }
        files.push(file.ok());
    }
    let mut input = Lines::new(cx.open("-".as_ref())?);
    let mut standard = true;
    while let Some(block) = input.block().map_err(|e| Error::os("standard input", e))? {
        if standard && let Err(error) = write_all(cx.stdout, block) {
            let closed = error.raw_os_error() == Some(libc::EPIPE);
            if !(closed && stubborn) {
                let error = Error::os("standard output", error);
                if closed {
                    return Err(error);
                }
                cx.warn(error);
            }
            standard = false;
        }
        for (slot, name) in files.iter_mut().zip(&options.operands) {
            if let Some(file) = slot
                && let Err(error) = file.write_all(block)
            {
                if !(stubborn && error.raw_os_error() == Some(libc::EPIPE)) {
                    cx.warn(Error::os(show(name), error));
                }
                *slot = None;
            }
        }
        if !standard && files.iter().all(Option::is_none) {
            break;
        }
    }
    Ok(cx.status())
}
