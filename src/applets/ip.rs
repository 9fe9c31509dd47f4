//! ip: show and change interfaces, addresses, routes, neighbours and rules.
//! Words and output as in iproute2; the objects link, address, route,
//! neighbour and rule.

use nix::errno::Errno;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes};
use crate::net::netlink::Netlink;

mod addresses;
mod link;
mod neighbour;
mod route;
mod rule;
mod sheet;
mod words;

use sheet::Sheet;
use words::{Words, answer, choose};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "ip",
    summary: "show and change interfaces, addresses and routes",
    usage: "[-46dsojpb] [-br] [-f FAMILY] OBJECT [COMMAND ...]\n\
            \x20 ip link [show [DEV] [up] [type T]]\n\
            \x20 ip link set DEV [up|down] [mtu N] [address MAC] [name NEW] [master DEV|nomaster]\n\
            \x20 ip link add [link DEV] NAME type vlan id N | bridge | bond | veth peer name P | dummy\n\
            \x20 ip link del DEV\n\
            \x20 ip addr [show [DEV]], add|del|replace ADDR/BITS [brd +] dev DEV, flush dev DEV\n\
            \x20 ip route [show], add|del|replace|append|change DEST [via GW] [dev DEV] [metric N]\n\
            \x20          [src ADDR] [onlink] [table T], get ADDR, flush\n\
            \x20 ip neigh [show], add|del|replace ADDR lladdr MAC dev DEV, flush\n\
            \x20 ip rule [show], add|del [from NET] [to NET] [fwmark N] [table T] [pref N]",
    kind: Kind::Fork, // namespaces and waiting for the kernel
    run,
};

/// The options before the object.
struct Ip<'c, 'a> {
    cx: &'c mut Ctx<'a>,
    kernel: Netlink,
    family: u8,
    details: bool,
    statistics: u8,
    oneline: bool,
    brief: bool,
    json: bool,
    pretty: bool,
}

const FAMILIES: &str = "inet inet6 link bridge mpls";

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let args = cx.args;
    let mut words = Words::new(args);
    let kernel = Netlink::open().map_err(answer)?;
    let mut ip = Ip {
        cx,
        kernel,
        family: 0,
        details: false,
        statistics: 0,
        oneline: false,
        brief: false,
        json: false,
        pretty: false,
    };
    loop {
        let Some(word) = words.next() else { return Err(usage("which object?")) };
        let Some(option) = word.strip_prefix(b"-") else {
            return ip.object(word, &mut words);
        };
        let option = option.strip_prefix(b"-").unwrap_or(option);
        match option {
            b"4" => ip.family = libc::AF_INET as u8,
            b"6" => ip.family = libc::AF_INET6 as u8,
            b"0" => ip.family = libc::AF_PACKET as u8,
            b"br" => ip.brief = true,
            b"V" | b"Version" => {
                ip.cx.put(b"ip utility, rescuebox, options of iproute2-6.1.0\n")?;
                return Ok(Status::OK);
            }
            _ => {
                let names = "details statistics oneline json family brief pretty color numeric timestamp resolve human iec";
                match choose(option, names) {
                    Some(0) => ip.details = true,
                    Some(1) => ip.statistics = ip.statistics.saturating_add(1),
                    Some(2) => ip.oneline = true,
                    Some(3) => ip.json = true,
                    Some(4) => {
                        let family = words.value()?;
                        ip.family = match choose(family, FAMILIES) {
                            Some(0) => libc::AF_INET as u8,
                            Some(1) => libc::AF_INET6 as u8,
                            Some(2) => libc::AF_PACKET as u8,
                            _ => return Err(words::wrong("protocol family", family)),
                        };
                    }
                    Some(5) => ip.brief = true,
                    Some(6) => ip.pretty = true,
                    Some(_) => {}
                    None if option == b"c" || option == b"N" => {}
                    None => {
                        let text = format!("Option \"-{}\" is unknown", show_bytes(option));
                        return Err(usage(text));
                    }
                }
            }
        }
    }
}

/// iproute2 ends with 255 when it is not understood.
#[cold]
fn usage(text: impl std::fmt::Display) -> Error {
    Error::usage(text).with(Status(255))
}

impl Ip<'_, '_> {
    fn object(&mut self, word: &[u8], words: &mut Words<'_>) -> Result<Status, Error> {
        match choose(word, "address addrlabel route rule neighbor neighbour link help") {
            Some(0) => self.address(words),
            Some(2) => self.route(words),
            Some(3) => self.rule(words),
            Some(4 | 5) => self.neighbour(words),
            Some(6) => self.link(words),
            Some(7) => {
                let text = crate::applet::help("ip", &APPLET);
                self.cx.put(text.as_bytes())?;
                Ok(Status::OK)
            }
            _ => {
                let text = format!("Object \"{}\" is unknown, try \"ip help\".", show_bytes(word));
                Err(Error::msg(text))
            }
        }
    }

    fn sheet(&self) -> Sheet {
        Sheet::new(self.json, self.pretty, self.oneline)
    }

    fn put(&mut self, sheet: Sheet) -> Result<Status, Error> {
        self.cx.put(&sheet.finish())?;
        Ok(Status::OK)
    }

    fn is_family(&self, family: i32) -> bool {
        i32::from(self.family) == family
    }

    /// The command's place in `names`; without one, "show", which is the
    /// first.
    fn command(&self, words: &mut Words<'_>, object: &str, names: &str) -> Result<usize, Error> {
        let Some(word) = words.next() else { return Ok(0) };
        choose(word, names).ok_or_else(|| {
            let word = show_bytes(word);
            usage(format_args!("Command \"{word}\" is unknown, try \"ip {object} help\"."))
        })
    }

    /// Says what the kernel made of a change.
    fn changed(&mut self, result: Result<(), Errno>) -> Result<Status, Error> {
        result.map_err(answer)?;
        Ok(Status::OK)
    }

    fn help(&mut self) -> Result<Status, Error> {
        let text = crate::applet::help("ip", &APPLET);
        self.cx.put(text.as_bytes())?;
        Ok(Status::OK)
    }
}
