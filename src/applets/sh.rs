//! sh, ash: the shell. POSIX.1-2024 XCU chapter 2 and sh; see `shell`.

use crate::applet::{Applet, Kind};
use crate::shell;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "sh",
    summary: "run commands: the POSIX shell",
    usage: "[-abCefhilmnuvx] [-o OPTION] [FILE [ARG...]]\n\
            \x20      sh [OPTIONS] -c COMMANDS [NAME [ARG...]]\n\
            \x20      sh [OPTIONS] -s [ARG...]\n\
            options as in set; -i interactive, -l login, -c commands, -s from standard input\n\
            -o path-first: commands in PATH go before applets of the same name",
    kind: Kind::Fork, // waits for commands
    run: shell::start::run,
};
