//! printenv: variables of the environment. GNU's.

use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "printenv",
    summary: "variables of the environment",
    usage: "[-0] [NAME...]\n\x20 -0  a zero byte behind each; status 1 when one is not there",
    kind: Kind::NoFork, // only looks
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("+0,null")?;
    let mut end = b'\n';
    while options.next().is_some() {
        end = 0;
    }
    let mut found = true;
    if options.operands.is_empty() {
        let entries: Vec<&[u8]> = cx.env.iter().map(|e| e.as_bytes()).collect();
        for entry in entries {
            cx.put(&[entry, &[end]].concat())?;
        }
    }
    for name in &options.operands {
        match cx.env.get(name.as_bytes()) {
            Some(value) if !name.as_bytes().contains(&b'=') => {
                cx.put(&[value.as_bytes(), &[end]].concat())?;
            }
            _ => found = false,
        }
    }
    Ok(Status::from_bool(found))
}
