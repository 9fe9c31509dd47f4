//! hostid: a number of 32 bits for the machine. As gethostid(3) of glibc has it:
//! that of /etc/hostid, otherwise its IPv4 address with the halves swapped.

use std::net::IpAddr;

use crate::applet::{Applet, Ctx, Error, Kind, Status};
use crate::net::resolve;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "hostid",
    summary: "print a number that stands for the machine",
    usage: "",
    kind: Kind::Fork, // it may ask name servers
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    cx.parse("").and_then(|options| options.at_most(0)).map_err(|e| e.with(Status::FAILURE))?;
    let kept = crate::sys::file::read("/etc/hostid").unwrap_or_default();
    let number = match kept.first_chunk() {
        Some(bytes) => u32::from_ne_bytes(*bytes),
        None => of_address(),
    };
    cx.print(format_args!("{number:08x}\n"))?;
    Ok(Status::OK)
}

fn of_address() -> u32 {
    let Ok(names) = nix::sys::utsname::uname() else { return 0 };
    let name = names.nodename().as_encoded_bytes();
    let list = resolve::addresses(name, libc::AF_INET).unwrap_or_default();
    match list.first() {
        Some((IpAddr::V4(ip), _)) => u32::from_ne_bytes(ip.octets()).rotate_left(16),
        _ => 0,
    }
}
