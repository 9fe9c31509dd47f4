//! true: do nothing, successfully. POSIX.

use crate::applet::{Applet, Kind, Status};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "true",
    summary: "do nothing, successfully",
    usage: "",
    kind: Kind::NoFork, // does nothing
    run: |_| Ok(Status::OK),
};
