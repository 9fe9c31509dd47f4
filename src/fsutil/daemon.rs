//! Going on in the background.

use std::path::Path;

use nix::unistd;

use crate::applet::Error;
use crate::sys;
use crate::sys::process::{Forked, fork};

/// Goes on in a child without a terminal, whose folder is `/` and whose
/// standard streams are `/dev/null`. False is for the caller's own process,
/// which has nothing more to do.
pub fn detach() -> Result<bool, Error> {
    match fork().map_err(|e| Error::os("fork", e))? {
        Forked::Parent(_) => Ok(false),
        Forked::Child => {
            let _ = unistd::setsid();
            let _ = unistd::chdir("/");
            if let Ok(null) = sys::descriptor::open(c"/dev/null", libc::O_RDWR, 0) {
                for fd in 0..3 {
                    let _ = sys::descriptor::copy_onto(null, fd);
                }
                if null > 2 {
                    sys::descriptor::close(null);
                }
            }
            Ok(true)
        }
    }
}

/// `/var/run/NAME.pid` of this process, where that can be written.
pub fn note_pid(name: &str) {
    let text = format!("{}\n", std::process::id());
    let _ = std::fs::write(pid_file(name), text);
}

/// Takes [`note_pid`] back.
pub fn forget_pid(name: &str) {
    let _ = std::fs::remove_file(pid_file(name));
}

fn pid_file(name: &str) -> std::path::PathBuf {
    Path::new("/var/run").join(format!("{name}.pid"))
}
