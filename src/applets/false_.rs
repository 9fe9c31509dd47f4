//! false: do nothing, unsuccessfully. POSIX.

use crate::applet::{Applet, Kind, Status};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "false",
    summary: "do nothing, unsuccessfully",
    usage: "",
    kind: Kind::NoFork, // does nothing
    run: |_| Ok(Status::FAILURE),
};
