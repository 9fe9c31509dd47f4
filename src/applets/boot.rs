//! boot: talk to PID 1 about a boot that has failed or was stopped.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::boot::{control, dossier, explain};
use crate::cmdline::quoted;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "boot",
    summary: "see how the boot stands, and go on with it",
    usage: "status|log|report [FILE]|retry|continue|set WORD...|break STAGE|abort HOW\n\
            status         why the boot failed, or where it stands\n\
            log            each step with its times, and why one failed\n\
            report [FILE]  write all that a helper may ask for\n\
            retry          try the failed step again\n\
            continue       go on behind the failed step, which was mended by hand\n\
            set WORD...    other words of the kernel command line: root=/dev/vda1 rw\n\
            break STAGE    stop before cmdline, modules, pre-mount, mount, pre-switch\n\
            abort HOW      reboot, poweroff or halt",
    kind: Kind::Fork, // waits for an answer
    run,
};

/// PID 1 answers at once or not at all.
const PATIENCE: Duration = Duration::from_secs(10);

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let Some((verb, rest)) = cx.args.split_first() else {
        return Err(Error::usage(
            "a word is wanted: status, log, report, retry, continue, set, break or abort",
        ));
    };
    match (verb.as_bytes(), rest) {
        (b"report", []) => report(cx, dossier::PATH.as_bytes()),
        (b"report", [file]) => report(cx, file.as_bytes()),
        (b"report", [_, more, ..]) => Err(Error::bad(show(more), "one file is enough")),
        (b"status", []) => status(cx),
        _ => {
            let line = line(verb, rest)?;
            if let control::Line::Wrong(why) = control::parse(&line) {
                return Err(Error::usage(format_args!("{}: {why}", show(verb))));
            }
            let answer = ask(&line)?;
            cx.out.write_all(&answer).map_err(|e| Error::os("standard output", e))?;
            Ok(Status::OK)
        }
    }
}

/// The line for PID 1.
fn line(verb: &OsString, rest: &[OsString]) -> Result<Vec<u8>, Error> {
    let mut line = verb.as_bytes().to_vec();
    for word in rest {
        line.push(b' ');
        match quoted(word.as_bytes()) {
            Some(word) => line.extend_from_slice(&word),
            None => return Err(Error::bad(show(word), "a quote or a newline cannot be in it")),
        }
    }
    Ok(line)
}

/// What the consoles showed; while nothing has failed, where the boot stands.
fn status(cx: &mut Ctx) -> Result<Status, Error> {
    let standing = ask(b"status")?;
    let why = crate::sys::file::read(explain::PATH).unwrap_or_default();
    let text = if why.is_empty() { standing } else { why };
    cx.out.write_all(&text).map_err(|e| Error::os("standard output", e))?;
    Ok(Status::OK)
}

fn report(cx: &mut Ctx, file: &[u8]) -> Result<Status, Error> {
    // After the boot there is nobody to ask, and the rest is still of use.
    let log = ask(b"log").unwrap_or_default();
    dossier::write(file, &String::from_utf8_lossy(&log))
        .map_err(|e| Error::os(show_bytes(file), e))?;
    cx.print(format_args!("{}\n", show_bytes(file)))?;
    Ok(Status::OK)
}

fn ask(line: &[u8]) -> Result<Vec<u8>, Error> {
    let failed = |e| Error::os(format_args!("{} (no boot waits for help)", control::PATH), e);
    let mut socket = UnixStream::connect(control::PATH).map_err(failed)?;
    let problem = |e| Error::os(control::PATH, e);
    socket.set_read_timeout(Some(PATIENCE)).map_err(problem)?;
    socket.write_all(&[line, b"\n"].concat()).map_err(problem)?;
    let mut answer = Vec::new();
    socket.take(1 << 20).read_to_end(&mut answer).map_err(problem)?;
    let end = answer.iter().position(|&b| b == b'\n').unwrap_or(answer.len());
    let (first, rest) = answer.split_at_checked(end).unwrap_or_default();
    match first {
        b"ok" => Ok(rest.strip_prefix(b"\n").unwrap_or(rest).to_vec()),
        error => {
            let text = error.strip_prefix(b"error: ").unwrap_or(error);
            Err(Error::msg(show_bytes(text)))
        }
    }
}
