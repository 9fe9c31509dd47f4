//! lsmod: the loaded modules. Linux, as kmod prints it.

use std::fmt::Write as _;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes};
use crate::kmod::dep::live;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "lsmod",
    summary: "list loaded kernel modules",
    usage: "",
    kind: Kind::NoFork, // reads one file of /proc
    run,
};

fn run(cx: &mut Ctx<'_>) -> Result<Status, Error> {
    cx.parse("")?.at_most(0)?;
    let path = "/proc/modules";
    let text = match crate::sys::file::read(path) {
        Ok(text) => text,
        // A kernel without modules has none loaded.
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && has_proc() => Vec::new(),
        Err(e) => return Err(Error::os(path, e)),
    };
    cx.put(table(&text).as_bytes())?;
    Ok(Status::OK)
}

fn has_proc() -> bool {
    std::fs::metadata("/proc/self").is_ok()
}

/// The table of lsmod for the text of /proc/modules.
fn table(text: &[u8]) -> String {
    let mut out = String::from("Module                  Size  Used by\n");
    for module in live(text) {
        let [name, size] = [module.name, module.size].map(|b| show_bytes(b).to_string());
        let [references, users] =
            [module.references, module.users].map(|b| show_bytes(b).to_string());
        let space = if users.is_empty() { "" } else { " " };
        let _ = writeln!(out, "{name:<19} {size:>8}  {references}{space}{users}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns() {
        let text = b"virtiofs 32768 1 - Live 0xffffffffc0123000\n\
            fuse 176128 2 virtiofs,cuse, Live 0x0000000000000000\n\
            a_name_that_is_quite_long 12345678 0 - Live 0x0 (OE)\n";
        assert_eq!(
            table(text),
            "Module                  Size  Used by\n\
             virtiofs               32768  1\n\
             fuse                  176128  2 virtiofs,cuse\n\
             a_name_that_is_quite_long 12345678  0\n"
        );
    }
}
