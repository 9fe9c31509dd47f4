//! yes: write a line for ever. GNU's and busybox's.

use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, write_all};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "yes",
    summary: "write a line for ever",
    usage: "[TEXT...]",
    kind: Kind::Fork, // never ends
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let words = match cx.args.split_first() {
        Some((first, rest)) if first == "--" => rest,
        _ => cx.args,
    };
    let mut line = Vec::new();
    for word in words {
        if !line.is_empty() {
            line.push(b' ');
        }
        line.extend_from_slice(word.as_bytes());
    }
    if words.is_empty() {
        line.push(b'y');
    }
    line.push(b'\n');
    let block = line.repeat((16 * 1024 / line.len()).max(1));
    loop {
        write_all(cx.stdout, &block).map_err(|e| Error::os("standard output", e))?;
    }
}
