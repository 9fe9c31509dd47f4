//! brctl: bridges between interfaces, by netlink. Commands and output of
//! busybox's, which are bridge-utils'.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::net::links::{self, ACK, CREATE, Link, ifla, kind};
use crate::net::netlink::Netlink;
use crate::net::{address, rtnl};
use crate::options;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "brctl",
    summary: "make, change and show bridges",
    usage: "COMMAND [BRIDGE [ARG]...]\n\
            \x20 addbr BRIDGE, delbr BRIDGE    make it, remove it\n\
            \x20 addif BRIDGE IFACE..., delif BRIDGE IFACE...\n\
            \x20 show [BRIDGE]..., showmacs BRIDGE\n\
            \x20 stp BRIDGE yes|no             spanning trees\n\
            \x20 setfd, sethello, setmaxage, setageing BRIDGE SECONDS\n\
            \x20 setbridgeprio BRIDGE N\n\
            \x20 setpathcost, setportprio BRIDGE IFACE N\n\
            \x20 hairpin BRIDGE IFACE yes|no",
    kind: Kind::Fork, // it changes what others use
    run,
};

/// What follows the name of the bridge.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    Interfaces,
    Seconds,
    Number,
    Truth,
    PortNumber,
    PortTruth,
}

/// Commands, what follows, and for those that set something the attribute
/// (IFLA_BR_..., IFLA_BRPORT_...) and its bytes.
const COMMANDS: [(&[u8], Takes, u16, usize); 13] = [
    (b"addbr", Takes::Nothing, 0, 0),
    (b"delbr", Takes::Nothing, 1, 0),
    (b"addif", Takes::Interfaces, 0, 0),
    (b"delif", Takes::Interfaces, 1, 0),
    (b"setfd", Takes::Seconds, 1, 4),
    (b"sethello", Takes::Seconds, 2, 4),
    (b"setmaxage", Takes::Seconds, 3, 4),
    (b"setageing", Takes::Seconds, 4, 4),
    (b"stp", Takes::Truth, 5, 4),
    (b"setbridgeprio", Takes::Number, 6, 2),
    (b"setportprio", Takes::PortNumber, 2, 2),
    (b"setpathcost", Takes::PortNumber, 3, 4),
    (b"hairpin", Takes::PortTruth, 4, 1),
];

/// Within IFLA_LINKINFO, kind and data of a port; of a bridge's data, its identity
/// and whether it has spanning trees.
const PORT_KIND: u16 = 4;
const PORT_DATA: u16 = 5;
const STP: u16 = 5;
const IDENTITY: u16 = 11;

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("")?;
    let [command, words @ ..] = options.operands.as_slice() else {
        return Err(Error::usage("which command?"));
    };
    let mut kernel = Netlink::open().map_err(|e| Error::os("netlink", e))?;
    match command.as_bytes() {
        b"show" => return list(cx, &mut kernel, words),
        b"showmacs" => return addresses(cx, &mut kernel, words),
        _ => {}
    }
    let wanted = command.as_bytes();
    let known = COMMANDS.iter().find(|(name, ..)| *name == wanted);
    let Some(&(_, takes, attribute, size)) = known else {
        return Err(Error::msg(format_args!("invalid argument '{}' to 'brctl'", show(command))));
    };
    let Some((bridge, words)) = words.split_first() else {
        return Err(Error::usage("which bridge?"));
    };
    let failed = |errno: Errno| Error::os(format_args!("bridge {}", show(bridge)), errno);
    let count = match takes {
        Takes::Nothing => words.is_empty(),
        Takes::Interfaces => !words.is_empty(),
        Takes::Seconds | Takes::Number | Takes::Truth => words.len() == 1,
        Takes::PortNumber | Takes::PortTruth => words.len() == 2,
    };
    if !count {
        return Err(Error::usage("not so many words"));
    }
    if takes == Takes::Nothing && attribute == 0 {
        let mut request = links::link_request(kind::NEW_LINK, CREATE, 0, 0, 0);
        request.put_name(ifla::NAME, bridge.as_bytes());
        let info = request.open(ifla::INFO);
        request.put(ifla::INFO_KIND, b"bridge");
        request.close(info);
        kernel.change(request).map_err(failed)?;
        return Ok(Status::OK);
    }
    let found = links::find(&mut kernel, bridge.as_bytes());
    let found = found.ok().filter(|link| link.software() == b"bridge");
    let own = found.ok_or_else(|| failed(Errno::ENXIO))?;
    if takes == Takes::Nothing {
        if own.is(libc::IFF_UP) {
            return Err(failed(Errno::EBUSY));
        }
        let request = links::link_request(kind::DELETE_LINK, ACK, own.index, 0, 0);
        kernel.change(request).map_err(failed)?;
        return Ok(Status::OK);
    }
    if takes == Takes::Interfaces {
        for word in words {
            let link = port(&mut kernel, word)?;
            let master = link.number(ifla::MASTER).unwrap_or(0);
            let (wrong, to) = match attribute {
                0 if master != 0 => (Some(Errno::EBUSY), 0),
                0 => (None, own.index),
                _ if master != u64::from(own.index) => (Some(Errno::EINVAL), 0),
                _ => (None, 0),
            };
            if let Some(errno) = wrong {
                return Err(failed(errno));
            }
            let mut request = links::link_request(kind::NEW_LINK, ACK, link.index, 0, 0);
            request.put_u32(ifla::MASTER, to);
            kernel.change(request).map_err(failed)?;
        }
        return Ok(Status::OK);
    }
    let last = words.last().cloned().unwrap_or_default();
    let value = match takes {
        Takes::Truth | Takes::PortTruth => u64::from(truth(&last)?),
        Takes::Seconds => hundredths(&last)?,
        _ => options::number(&last)
            .ok_or_else(|| Error::msg(format_args!("invalid number '{}'", show(&last))))?,
    };
    let bytes = u32::try_from(value).unwrap_or(u32::MAX).to_ne_bytes();
    let half = u16::try_from(value).unwrap_or(u16::MAX).to_ne_bytes();
    let bytes = match size {
        4 => bytes.as_slice(),
        2 => half.as_slice(),
        _ => bytes.get(..1).unwrap_or_default(),
    };
    let is_port = matches!(takes, Takes::PortNumber | Takes::PortTruth);
    let (kinds, data, index) = match (is_port, words.first()) {
        (true, Some(word)) => (PORT_KIND, PORT_DATA, port(&mut kernel, word)?.index),
        _ => (ifla::INFO_KIND, ifla::INFO_DATA, own.index),
    };
    let mut request = links::link_request(kind::NEW_LINK, ACK, index, 0, 0);
    let info = request.open(ifla::INFO);
    request.put(kinds, b"bridge");
    let inner = request.open(data);
    request.put(attribute, bytes);
    request.close(inner);
    request.close(info);
    kernel.change(request).map_err(failed)?;
    Ok(Status::OK)
}

fn port(kernel: &mut Netlink, name: &OsString) -> Result<Link, Error> {
    links::find(kernel, name.as_bytes())
        .map_err(|e| Error::os(format_args!("iface {}", show(name)), e))
}

fn truth(text: &OsString) -> Result<bool, Error> {
    match text.as_bytes() {
        b"1" | b"yes" | b"on" | b"y" | b"Y" => Ok(true),
        b"0" | b"no" | b"off" | b"n" | b"N" => Ok(false),
        _ => Err(Error::msg(format_args!("invalid argument '{}' to 'brctl'", show(text)))),
    }
}

/// Seconds, perhaps with a fraction, in hundredths.
fn hundredths(text: &OsString) -> Result<u64, Error> {
    match crate::interval::parse(text.as_bytes()) {
        Ok(Some(time)) => Ok(u64::try_from(time.as_millis() / 10).unwrap_or(u64::MAX)),
        _ => Err(Error::msg(format_args!("bad time '{}'", show(text)))),
    }
}

fn list(cx: &mut Ctx, kernel: &mut Netlink, names: &[OsString]) -> Result<Status, Error> {
    let all = links::list(kernel).map_err(|e| Error::os("links", e))?;
    let mut bridges: Vec<&Link> = Vec::new();
    for name in names {
        let found = all.iter().find(|l| l.name == name.as_bytes() && l.software() == b"bridge");
        let what = format_args!("bridge {} does not exist", show(name));
        bridges.push(found.ok_or_else(|| Error::msg(what))?);
    }
    if names.is_empty() {
        bridges.extend(all.iter().filter(|link| link.software() == b"bridge"));
    }
    cx.put(b"bridge name\tbridge id\t\tSTP enabled\tinterfaces\n")?;
    for bridge in bridges {
        let data = bridge.software_data();
        let identity = rtnl::find(data, IDENTITY).unwrap_or_default();
        cx.print(format_args!("{}\t\t", show_bytes(&bridge.name)))?;
        for (n, byte) in identity.iter().take(8).enumerate() {
            cx.print(format_args!("{}{byte:02x}", if n == 2 { "." } else { "" }))?;
        }
        let stp = rtnl::find_number(data, STP).unwrap_or(0) != 0;
        cx.print(format_args!("\t{}\t\t", if stp { "yes" } else { "no" }))?;
        let mut any = false;
        for port in &all {
            if port.number(ifla::MASTER) != Some(u64::from(bridge.index)) {
                continue;
            }
            cx.put(if any { b"\t\t\t\t\t\t\t" } else { b"" })?;
            cx.print(format_args!("{}\n", show_bytes(&port.name)))?;
            any = true;
        }
        if !any {
            cx.put(b"\n")?;
        }
    }
    Ok(Status::OK)
}

/// The hardware addresses that a bridge has seen, from sysfs's `brforward`:
/// records of 16 bytes (struct __fdb_entry of linux/if_bridge.h).
fn addresses(cx: &mut Ctx, kernel: &mut Netlink, words: &[OsString]) -> Result<Status, Error> {
    let [bridge] = words else { return Err(Error::usage("which bridge?")) };
    let found = links::find(kernel, bridge.as_bytes()).ok();
    if found.is_none_or(|link| link.software() != b"bridge") {
        return Err(Error::os(format_args!("bridge {}", show(bridge)), Errno::ENXIO));
    }
    let path = std::path::Path::new("/sys/class/net").join(bridge).join("brforward");
    let bytes = crate::sys::file::read(&path).map_err(|e| Error::os(path.display(), e))?;
    let mut seen: Vec<&[u8]> = bytes.chunks_exact(16).collect();
    seen.sort_unstable_by(|a, b| a.get(..6).cmp(&b.get(..6)));
    cx.put(b"port no\tmac addr\t\tis local?\tageing timer\n")?;
    for entry in seen {
        let [mac @ .., _, _, _, _, _, _, _, _, _, _] = entry else { continue };
        let [low, local, high] = [6, 7, 12].map(|at| entry.get(at).copied().unwrap_or(0));
        let number = u16::from(high) << 8 | u16::from(low);
        let age = u32::from_ne_bytes(rtnl::part(entry, 8));
        let local = if local > 0 { "yes" } else { "no" };
        cx.print(format_args!(
            "{number:3}\t{}\t{local}\t\t{:4}.{:02}\n",
            address::hardware(mac),
            age / 100,
            age % 100
        ))?;
    }
    Ok(Status::OK)
}
