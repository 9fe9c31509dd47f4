//! arp: show and change the kernel's table of neighbours. Output is busybox's.

use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::net::links::{self, ACK, kind};
use crate::net::netlink::Netlink;
use crate::net::rtnl::Request;
use crate::net::{address, resolve};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "arp",
    summary: "show and change hardware addresses of neighbours",
    usage: "[-vn] [-i IFACE] [-a] [HOST]\n\
            \x20      arp -d HOST [-i IFACE]\n\
            \x20      arp -s HOST MAC [-i IFACE] [temp]",
    kind: Kind::Fork, // it may ask name servers
    run,
};

/// NUD_PERMANENT, NUD_REACHABLE.
const PERMANENT: u16 = 0x80;
const REACHABLE: u16 = 2;

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("v n a d s i: D H:hw-type t: A:protocol p:")?;
    let (mut numeric, mut what, mut interface) = (false, b'a', None);
    while let Some(letter) = options.next() {
        match letter {
            b'n' => numeric = true,
            b'd' | b's' => what = letter,
            b'i' => interface = Some(options.value()),
            b'H' | b't' if options.value() != "ether" => {
                return Err(Error::usage("only ether is known").with(Status::FAILURE));
            }
            b'A' | b'p' if options.value() != "inet" => {
                return Err(Error::usage("only inet is known").with(Status::FAILURE));
            }
            _ => {}
        }
    }
    let mut words = options.operands.iter();
    let host = match words.next() {
        Some(name) => {
            resolve::addresses(name.as_bytes(), libc::AF_INET)?.first().map(|(ip, _)| *ip)
        }
        None => None,
    };
    if what == b'a' {
        return list(cx, host, numeric, interface.as_deref().map(|name| name.as_bytes()));
    }
    let Some(ip) = host else { return Err(Error::usage("which host?")) };
    let mut kernel = Netlink::open().map_err(|e| Error::os("netlink", e))?;
    let index = match &interface {
        Some(name) => {
            let link = links::find(&mut kernel, name.as_bytes());
            link.map_err(|e| Error::os(show(name), e))?.index
        }
        // the network that the host is in
        None => {
            let list = links::addresses(&mut kernel, libc::AF_INET as u8);
            let list = list.map_err(|e| Error::os("addresses", e))?;
            let own = list.iter().find(|a| a.net.contains(ip));
            own.ok_or_else(|| Error::msg(format_args!("{ip}: in no network of an interface")))?
                .index
        }
    };
    let mut lladdr = None;
    let mut state = PERMANENT;
    if what == b's' {
        let Some(text) = words.next() else { return Err(Error::usage("which hardware address?")) };
        let bytes = address::parse_hardware(text.as_bytes());
        lladdr = Some(bytes.ok_or_else(|| Error::bad(show(text), "not a hardware address"))?);
        for word in words {
            if word == "temp" {
                state = REACHABLE;
            }
        }
    }
    let mut fixed = [0; 12];
    fixed[0] = libc::AF_INET as u8;
    fixed[4..8].copy_from_slice(&index.to_ne_bytes());
    fixed[8..10].copy_from_slice(&state.to_ne_bytes());
    let (kind, how) = match what {
        b's' => (kind::NEW_NEIGHBOUR, links::REPLACE),
        _ => (kind::DELETE_NEIGHBOUR, ACK),
    };
    let mut request = Request::new(kind, how, &fixed);
    request.put(1, &address::to_bytes(ip));
    if let Some(lladdr) = lladdr {
        request.put(2, &lladdr);
    }
    kernel.change(request).map_err(|e| Error::os(ip, e))?;
    Ok(Status::OK)
}

fn list(
    cx: &mut Ctx,
    host: Option<IpAddr>,
    numeric: bool,
    interface: Option<&[u8]>,
) -> Result<Status, Error> {
    let path = "/proc/net/arp";
    let text = std::fs::read_to_string(path).map_err(|e| Error::os(path, e))?;
    let (mut any, mut entries) = (false, 0);
    for line in text.lines().skip(1) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [ip, _, flags, mac, _, device] = words.as_slice() else { continue };
        let Some(address) = address::parse(ip.as_bytes()) else { continue };
        entries += 1;
        if host.is_some_and(|host| host != address)
            || interface.is_some_and(|name| name != device.as_bytes())
        {
            continue;
        }
        any = true;
        let name = if numeric { None } else { resolve::name_of(address) };
        let name = name.map_or_else(|| "?".to_string(), |name| show_bytes(&name).to_string());
        let flags = u32::from_str_radix(flags.trim_start_matches("0x"), 16).unwrap_or(0);
        // ATF_COM, ATF_PERM, ATF_PUBL
        if flags & 2 == 0 && flags & 8 != 0 {
            cx.print(format_args!("{name} ({ip}) at * "))?;
        } else if flags & 2 == 0 {
            cx.print(format_args!("{name} ({ip}) at <incomplete> "))?;
        } else {
            cx.print(format_args!("{name} ({ip}) at {mac} [ether] "))?;
        }
        if flags & 4 != 0 {
            cx.put(b"PERM")?;
        }
        if flags & 8 != 0 {
            cx.put(b" PUP")?;
        }
        cx.print(format_args!(" on {device}\n"))?;
    }
    if (host.is_some() || interface.is_some()) && !any {
        cx.print(format_args!("No match found in {entries} entries\n"))?;
    }
    Ok(Status::OK)
}
