//! tunctl: make and remove interfaces whose packets programs read and write.
//! Options and output of busybox's, which are uml-utilities'.

use std::os::fd::OwnedFd;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::fsutil::users::Users;
use crate::options;
use crate::sys::netdev::{self, Tun};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "tunctl",
    summary: "make and remove tap interfaces",
    usage: "[-bn] [-f DEVICE] [-t NAME] [-u OWNER] [-g GROUP]\n\
            \x20      tunctl [-n] [-f DEVICE] -d NAME\n\
            \x20 -t  its name (the first free tapN)   -d  remove it\n\
            \x20 -b  print the name only              -n  without Ethernet: a tun\n\
            \x20 -f  instead of /dev/net/tun",
    kind: Kind::Fork, // it may load a module
    run,
};

/// IFF_TUN, IFF_TAP, IFF_NO_PI.
const TUN: u16 = 1;
const TAP: u16 = 2;
const NO_INFORMATION: u16 = 0x1000;

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("f: t: d: u: g: b n")?;
    options.at_most(0)?;
    let (mut device, mut name) = ("/dev/net/tun".into(), b"tap%d".to_vec());
    let (mut remove, mut brief, mut kind) = (false, false, TAP);
    let (mut owner, mut group) = (None, None);
    let mut users = Users::new();
    while let Some(letter) = options.next() {
        match letter {
            b'f' => device = options.value(),
            b'b' => brief = true,
            b'n' => kind = TUN,
            b't' => name = options.bytes(),
            b'd' => (remove, name) = (true, options.bytes()),
            letter => {
                let text = options.value();
                let number = || options::number(&text).and_then(|n| u32::try_from(n).ok());
                let bytes = std::os::unix::ffi::OsStrExt::as_bytes(text.as_os_str());
                let (place, id, what) = match letter {
                    b'u' => (&mut owner, users.uid(bytes).map(|(uid, _)| uid), "no such user"),
                    _ => (&mut group, users.gid(bytes), "no such group"),
                };
                let id = id.or_else(number);
                *place = Some(id.ok_or_else(|| Error::bad(show(&text), what))?);
            }
        }
    }
    if kind == TUN && !remove && name == b"tap%d" {
        name = b"tun%d".to_vec();
    }
    let file = std::fs::OpenOptions::new().read(true).write(true).open(&device);
    let file: OwnedFd = file.map_err(|e| Error::os(show(&device), e))?.into();
    let failed = |errno| Error::os(show_bytes(&name), errno);
    let name = netdev::attach(&file, &name, kind | NO_INFORMATION).map_err(failed)?;
    let shown = show_bytes(&name);
    if remove {
        netdev::set(&file, Tun::Stays, 0).map_err(failed)?;
        cx.print(format_args!("Set '{shown}' nonpersistent\n"))?;
        return Ok(Status::OK);
    }
    if let Some(owner) = owner {
        netdev::set(&file, Tun::Owner, owner).map_err(failed)?;
    }
    if let Some(group) = group {
        netdev::set(&file, Tun::Group, group).map_err(failed)?;
    }
    netdev::set(&file, Tun::Stays, 1).map_err(failed)?;
    if brief {
        cx.print(format_args!("{shown}\n"))?;
        return Ok(Status::OK);
    }
    let owner = owner.unwrap_or_else(|| nix::unistd::geteuid().as_raw());
    cx.print(format_args!("Set '{shown}' persistent and owned by uid {owner}"))?;
    if let Some(group) = group {
        cx.print(format_args!(" gid {group}"))?;
    }
    cx.put(b"\n")?;
    Ok(Status::OK)
}
