//! boot: talk to PID 1 about a boot that has failed.

use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::applet::{Applet, Ctx, Error, Kind, Status};
use crate::boot::control;

/// See the module.
pub(super) const APPLET: Applet = Applet {
    name: "boot",
    summary: "see how the boot stands, and go on with it",
    usage: "status|retry|continue\n\
            status    each step of the boot, and why one failed\n\
            retry     try the failed step again\n\
            continue  go on behind the failed step, which was mended by hand",
    kind: Kind::Fork, // waits for an answer
    run,
};

/// PID 1 answers at once or not at all.
const PATIENCE: Duration = Duration::from_secs(10);

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let [verb] = cx.args else {
        return Err(Error::usage("one word is wanted: status, retry or continue"));
    };
    if control::parse(verb.as_bytes()) == control::Line::Unknown {
        return Err(Error::usage(format_args!(
            "{}: not status, retry or continue",
            crate::applet::show(verb)
        )));
    }
    let answer = ask(verb.as_bytes())?;
    let (first, rest) = match answer.iter().position(|&b| b == b'\n') {
        Some(end) => answer.split_at(end + 1),
        None => (answer.as_slice(), [].as_slice()),
    };
    cx.out.write_all(rest).map_err(|e| Error::os("standard output", e))?;
    match first.trim_ascii() {
        b"ok" => Ok(Status::OK),
        error => {
            let text = error.strip_prefix(b"error: ").unwrap_or(error);
            Err(Error::msg(crate::applet::show_bytes(text)))
        }
    }
}

fn ask(verb: &[u8]) -> Result<Vec<u8>, Error> {
    let failed = |e| Error::os(format_args!("{} (no boot waits for help)", control::PATH), e);
    let mut socket = UnixStream::connect(control::PATH).map_err(failed)?;
    let problem = |e| Error::os(control::PATH, e);
    socket.set_read_timeout(Some(PATIENCE)).map_err(problem)?;
    socket.write_all(&[verb, b"\n"].concat()).map_err(problem)?;
    let mut answer = Vec::new();
    socket.take(1 << 20).read_to_end(&mut answer).map_err(problem)?;
    Ok(answer)
}
