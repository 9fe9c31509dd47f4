//! ipcalc: the numbers of a network. Options and output of busybox.

use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::net::{address, resolve};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "ipcalc",
    summary: "the numbers of a network",
    usage: "[-bnmphs] ADDRESS[/BITS] [NETMASK]\n\
            \x20 -b  BROADCAST   -n  NETWORK   -m  NETMASK   -p  PREFIX   -h  HOSTNAME   -s  no messages",
    kind: Kind::Fork, // -h asks name servers
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("b,broadcast n,network m,netmask p,prefix h,hostname s,silent")?;
    options.at_most(2)?;
    let Some(text) = options.operands.first() else { return Err(Error::usage("which address?")) };
    let bad = |text: &std::ffi::OsString| {
        if options.has(b's') {
            return Err(Error::msg("").with(Status::FAILURE));
        }
        Err(Error::msg(format_args!("bad IP address: {}", show(text))))
    };
    let (Some(net), slash) =
        (address::parse_network(text.as_bytes()), text.as_bytes().contains(&b'/'))
    else {
        return bad(text);
    };
    let IpAddr::V4(ip) = net.ip() else { return bad(text) };
    let named = match options.operands.get(1) {
        None => None,
        Some(mask) => match address::parse(mask.as_bytes()).and_then(address::prefix_of) {
            Some(bits) if !slash => Some(bits),
            _ => return Err(Error::usage("use a prefix or a netmask, not both or a bad one")),
        },
    };
    let prefix = named.unwrap_or(if slash { net.prefix() } else { address::class_prefix(ip) });
    let Some(net) = address::network(net.ip(), prefix) else { return bad(text) };
    if ["m", "b", "n", "p", "h"].iter().all(|o| !o.bytes().any(|b| options.has(b))) {
        return Err(Error::usage("nothing is asked for"));
    }
    for (letter, name, value) in [
        (b'm', "NETMASK", net.mask().to_string()),
        (b'b', "BROADCAST", net.broadcast().to_string()),
        (b'n', "NETWORK", net.network().to_string()),
        (b'p', "PREFIX", prefix.to_string()),
    ] {
        if options.has(letter) {
            cx.print(format_args!("{name}={value}\n"))?;
        }
    }
    if options.has(b'h') {
        let Some(name) = resolve::name_of(net.ip()) else {
            return Err(Error::msg(format_args!("cannot find hostname for {ip}")));
        };
        cx.print(format_args!("HOSTNAME={}\n", show_bytes(&name)))?;
    }
    Ok(Status::OK)
}
