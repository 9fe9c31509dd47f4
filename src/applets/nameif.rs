//! nameif: give interfaces names by their hardware addresses, as they stand on
//! the command line or in /etc/mactab. As busybox's; an interface that is up
//! keeps its name.

use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::net::address;
use crate::net::links::{self, ACK, ifla, kind};
use crate::net::netlink::Netlink;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "nameif",
    summary: "name interfaces by their hardware addresses",
    usage: "[-s] [-c FILE] [NAME ADDRESS]...\n\
            \x20 -c  read `NAME ADDRESS` from FILE (/etc/mactab)\n\
            \x20 -s  taken for scripts of others; messages go to standard error",
    kind: Kind::Fork, // it changes what others use
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("s c:")?;
    let mut path = "/etc/mactab".into();
    while let Some(letter) = options.next() {
        if letter == b'c' {
            path = options.value();
        }
    }
    let mut wanted: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    let mut want = |name: &[u8], text: &[u8]| {
        let text = text.strip_prefix(b"mac=").unwrap_or(text);
        let hardware = address::parse_hardware(text);
        let hardware =
            hardware.ok_or_else(|| Error::msg(format_args!("can't parse {}", show_bytes(text))))?;
        if name.is_empty() || name.len() > 15 || name.contains(&b'/') {
            return Err(Error::bad(show_bytes(name), "not a name of an interface"));
        }
        wanted.push((name.to_vec(), hardware));
        Ok(())
    };
    if options.operands.is_empty() {
        let text = crate::sys::file::read(&path).map_err(|e| Error::os(show(&path), e))?;
        for line in text.split(|&b| b == b'\n') {
            let line = line.split(|&b| b == b'#').next().unwrap_or_default();
            let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            if let (Some(name), Some(hardware)) = (words.next(), words.next()) {
                want(name, hardware)?;
            }
        }
    }
    for pair in options.operands.chunks(2) {
        let [name, hardware] = pair else { return Err(Error::usage("which hardware address?")) };
        want(name.as_bytes(), hardware.as_bytes())?;
    }
    let mut kernel = Netlink::open().map_err(|e| Error::os("netlink", e))?;
    let list = links::list(&mut kernel).map_err(|e| Error::os("links", e))?;
    let mut status = Status::OK;
    for link in &list {
        let Some((name, _)) = wanted.iter().find(|(_, mac)| mac == link.hardware()) else {
            continue;
        };
        if *name == link.name {
            continue;
        }
        let mut request = links::link_request(kind::NEW_LINK, ACK, link.index, 0, 0);
        request.put_name(ifla::NAME, name);
        if let Err(errno) = kernel.change(request) {
            let (old, new) = (show_bytes(&link.name), show_bytes(name));
            cx.warn(Error::os(format_args!("cannot change name of {old} to {new}"), errno));
            status = Status::FAILURE;
        }
    }
    Ok(status)
}
