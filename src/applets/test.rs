//! test, [, [[: evaluate an expression. POSIX, with the operators of other shells.

use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status};
use crate::shell::builtins::test;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "test",
    summary: "evaluate an expression",
    usage: "EXPRESSION, or [ EXPRESSION ], or [[ EXPRESSION ]]\n\
            files: -e -f -d -b -c -p -S -L -h -s -r -w -x -u -g -k -O -G -N, -t FD, -v VARIABLE, A -nt -ot -ef B\n\
            texts: -n -z = == != < >; numbers: -eq -ne -lt -le -gt -ge\n\
            ! EXPR, EXPR -a EXPR, EXPR -o EXPR, ( EXPR ); status 0 true, 1 false, 2 error",
    kind: Kind::NoFork, // only looks
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut args: Vec<&[u8]> = cx.args.iter().map(|a| a.as_bytes()).collect();
    // `[[` is a word of the shell's language; this is it for whoever runs it as
    // a program, as busybox has it
    let end: &[u8] = match cx.name {
        "[" => b"]",
        "[[" => b"]]",
        _ => b"",
    };
    if !end.is_empty() && args.pop() != Some(end) {
        let end = crate::applet::show_bytes(end);
        return Err(Error::msg(format_args!("'{end}' is missing")).with(Status::USAGE));
    }
    let fds = [cx.stdin.as_raw_fd(), cx.stdout.as_raw_fd(), cx.stderr.as_raw_fd()];
    let is_set = |name: &[u8]| cx.env.get(name).is_some();
    match test::evaluate(&args, fds, &is_set) {
        Ok(result) => Ok(Status::from_bool(result)),
        Err(why) => Err(Error::msg(why).with(Status::USAGE)),
    }
}
