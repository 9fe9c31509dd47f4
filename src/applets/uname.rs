//! uname: what system this is. POSIX, with GNU's `-p`, `-i`, `-o`.
//!
//! The processor and platform are not known to the kernel: `unknown`, which
//! `-a` leaves out, as GNU does.

use crate::applet::{Applet, Ctx, Error, Kind, Status};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "uname",
    summary: "print what system this is",
    usage: "[-asnrvmpio]\n\
            \x20 -s  name of the kernel (the default)    -n  name of the machine\n\
            \x20 -r  release of the kernel               -v  its version\n\
            \x20 -m  kind of machine                     -o  operating system\n\
            \x20 -p  processor    -i  hardware platform  -a  all that is known",
    kind: Kind::NoFork, // one system call that does not wait
    run,
};

/// arch.
pub(super) static ARCH: Applet = Applet {
    name: "arch",
    summary: "print what kind of machine this is, as uname -m",
    usage: "",
    kind: Kind::NoFork, // one system call that does not wait
    run: |cx| {
        cx.parse("")?.at_most(0)?;
        let name = nix::sys::utsname::uname().map_err(|e| Error::os("uname", e))?;
        cx.put(name.machine().as_encoded_bytes())?;
        cx.put(b"\n")?;
        Ok(Status::OK)
    },
};

/// In the order of output.
const LETTERS: &[u8] = b"snrvmpio";

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut chosen = [false; 8];
    let mut all = false;
    let mut options = cx.parse(
        "a,all s,kernel-name|sysname n,nodename r,kernel-release|release v,kernel-version \
        m,machine p,processor i,hardware-platform o,operating-system",
    )?;
    options.at_most(0)?;
    while let Some(letter) = options.next() {
        all |= letter == b'a';
        if let Some((flag, _)) = chosen.iter_mut().zip(LETTERS).find(|(_, l)| **l == letter) {
            *flag = true;
        }
    }
    if !all && !chosen.contains(&true) {
        chosen[0] = true;
    }
    let name = nix::sys::utsname::uname().map_err(|e| Error::os("uname", e))?;
    let fields = [
        name.sysname().as_encoded_bytes(),
        name.nodename().as_encoded_bytes(),
        name.release().as_encoded_bytes(),
        name.version().as_encoded_bytes(),
        name.machine().as_encoded_bytes(),
        b"unknown",
        b"unknown",
        b"GNU/Linux",
    ];
    let mut line = Vec::new();
    for (i, (field, wanted)) in fields.iter().zip(chosen).enumerate() {
        let known = !matches!(i, 5 | 6);
        if if all { known } else { wanted } {
            if !line.is_empty() {
                line.push(b' ');
            }
            line.extend_from_slice(field);
        }
    }
    line.push(b'\n');
    cx.put(&line)?;
    Ok(Status::OK)
}
