//! nohup: run a program that outlives the terminal. POSIX.

use std::ffi::{OsStr, OsString};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;

use nix::errno::Errno;
use nix::unistd::{dup2_stderr, dup2_stdin, dup2_stdout, isatty};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::sys;
use crate::sys::signal;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "nohup",
    summary: "run a program that outlives the terminal",
    usage: "PROG [ARG...]\n\
            \x20 what it would write to the terminal goes to nohup.out, here or in HOME",
    kind: Kind::Fork, // becomes another program
    run,
};

/// nohup's own failures.
const FAILED: Status = Status(125);

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let program = match cx.args.split_first() {
        Some((first, rest)) if first == "--" => rest,
        _ => cx.args,
    };
    let Some(name) = program.first() else {
        return Err(Error::usage("which program?").with(FAILED));
    };
    if name != "-" && name.as_encoded_bytes().starts_with(b"-") {
        return Err(Error::bad(show(name), "no option").with(FAILED));
    }
    let failed = |e: Errno| Error::os("standard streams", e).with(FAILED);
    if isatty(cx.stdin).unwrap_or(false) {
        let null = sys::path::open("/dev/null", nix::fcntl::OFlag::O_WRONLY).map_err(failed)?;
        dup2_stdin(null).map_err(failed)?;
    }
    let to_terminal = isatty(cx.stdout).unwrap_or(false);
    if to_terminal {
        let file = output(cx)?;
        dup2_stdout(file).map_err(failed)?;
    }
    if isatty(cx.stderr).unwrap_or(false) {
        if to_terminal {
            dup2_stderr(sys::fd::stdout()).map_err(failed)?;
        } else {
            dup2_stderr(cx.stdout.as_fd()).map_err(failed)?;
        }
    }
    let _ = signal::set(libc::SIGHUP, signal::Disposition::Ignore);
    Err(cx.become_program(program))
}

/// Opens nohup.out.
fn output(cx: &Ctx) -> Result<std::fs::File, Error> {
    let mut how = std::fs::File::options();
    how.append(true).create(true).mode(0o600);
    let mut name = OsString::from("nohup.out");
    let mut file = how.open(&name);
    if file.is_err()
        && let Some(home) = cx.env.get(b"HOME").filter(|home: &&OsStr| !home.is_empty())
    {
        name = home.to_os_string();
        name.push("/nohup.out");
        file = how.open(&name);
    }
    let file = file.map_err(|e| Error::os(show(&name), e).with(Status(127)))?;
    cx.note(format_args!("appending output to '{}'", show(&name)));
    Ok(file)
}
