//! netstat: connections, listening sockets, routes and interfaces; ss: the
//! same connections in the columns of iproute2. From /proc/net.

use std::net::{IpAddr, SocketAddr};
use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes};
use crate::net::links::{self, ifla};
use crate::net::netlink::Netlink;
use crate::net::{resolve, rtnl};
use crate::proc::sockets::{self, Socket};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "netstat",
    summary: "show connections, routes and interfaces",
    usage: "[-alntuwxpeW] | -r [-ne] | -i\n\
            \x20 -a  all sockets        -l  those that listen    -t -u -w -x  TCP, UDP, raw, local\n\
            \x20 -n  numbers only       -p  whose they are       -W  wide     -e  users and inodes\n\
            \x20 -r  routes             -i  interfaces",
    kind: Kind::Fork, // it may ask name servers
    run,
};

/// See the module.
pub(super) static SS: Applet = Applet {
    name: "ss",
    summary: "show sockets",
    usage: "[-altuwxnpH46]\n\
            \x20 -a  all   -l  those that listen   -t -u -w -x  TCP, UDP, raw, local\n\
            \x20 -n  numbers only   -p  whose they are   -H  no title   -4 -6  one family",
    kind: Kind::Fork, // it may ask name servers
    run: run_ss,
};

/// States of TCP (net/tcp_states.h) as ss writes them.
const SHORT: [&str; 12] = [
    "UNCONN",
    "ESTAB",
    "SYN-SENT",
    "SYN-RECV",
    "FIN-WAIT-1",
    "FIN-WAIT-2",
    "TIME-WAIT",
    "UNCONN",
    "CLOSE-WAIT",
    "LAST-ACK",
    "LISTEN",
    "CLOSING",
];
const LISTEN: u8 = 10;
const CLOSE: u8 = 7;

#[derive(Default)]
struct Choice {
    all: bool,
    listening: bool,
    numeric: bool,
    wide: bool,
    programs: bool,
    extended: bool,
    tcp: bool,
    udp: bool,
    raw: bool,
    local: bool,
    /// AF_INET, AF_INET6 or 0.
    family: i32,
}

impl Choice {
    fn take(&mut self, letter: u8) {
        match letter {
            b'a' => self.all = true,
            b'l' => self.listening = true,
            b'n' => self.numeric = true,
            b'W' => self.wide = true,
            b'p' => self.programs = true,
            b'e' => self.extended = true,
            b't' => self.tcp = true,
            b'u' => self.udp = true,
            b'w' => self.raw = true,
            b'x' => self.local = true,
            b'4' => self.family = libc::AF_INET,
            b'6' => self.family = libc::AF_INET6,
            _ => {}
        }
    }

    fn settle(&mut self) {
        if !(self.tcp || self.udp || self.raw || self.local) {
            (self.tcp, self.udp, self.raw, self.local) = (true, true, true, true);
        }
    }

    /// The sockets of the internet that are wanted.
    fn sockets(&self) -> Vec<Socket> {
        let mut list = sockets::all();
        list.retain(|socket| {
            let wanted = match socket.table.trim_end_matches('6') {
                "tcp" => self.tcp,
                "udp" => self.udp,
                _ => self.raw,
            };
            let six = socket.table.ends_with('6');
            let family = if six { libc::AF_INET6 } else { libc::AF_INET };
            let end = if socket.is_protocol(b"tcp") { LISTEN } else { CLOSE };
            wanted
                && (self.family == 0 || self.family == family)
                && (self.all || self.listening == (socket.state == end))
        });
        list
    }

    fn ip(&self, ip: IpAddr, any: &str) -> String {
        if ip.is_unspecified() {
            return if self.numeric { ip.to_string() } else { any.to_string() };
        }
        if !self.numeric
            && let Some(name) = resolve::name_of(ip)
        {
            return show_bytes(&name).to_string();
        }
        ip.to_string()
    }

    fn port(&self, port: u16, protocol: &str) -> String {
        match port {
            0 => "*".into(),
            _ if self.numeric => port.to_string(),
            _ => service_name(port, protocol).unwrap_or_else(|| port.to_string()),
        }
    }
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "a,all l,listening n,numeric W,wide p,programs e,extend t,tcp u,udp w,raw x,unix r,route i,interfaces 4 6 c v",
    )?;
    let mut c = Choice::default();
    let (mut routes, mut interfaces) = (false, false);
    while let Some(letter) = options.next() {
        match letter {
            b'r' => routes = true,
            b'i' => interfaces = true,
            letter => c.take(letter),
        }
    }
    options.at_most(0)?;
    if routes {
        return super::route::show(cx, c.numeric, !c.extended);
    }
    if interfaces {
        return show_interfaces(cx);
    }
    c.settle();
    let owners = if c.programs { owners() } else { Vec::new() };
    if c.tcp || c.udp || c.raw {
        let which = match (c.listening, c.all) {
            (true, false) => "only servers",
            (_, true) => "servers and established",
            _ => "w/o servers",
        };
        cx.print(format_args!("Active Internet connections ({which})\n"))?;
        let width = if c.wide { 51 } else { 23 };
        cx.print(format_args!(
            "Proto Recv-Q Send-Q {:<width$} {:<width$} State       ",
            "Local Address", "Foreign Address"
        ))?;
        if c.extended {
            cx.put(b"User       Inode       ")?;
        }
        cx.put(if c.programs { b"PID/Program name\n" } else { b"\n" })?;
        for socket in c.sockets() {
            let base = socket.table.trim_end_matches('6');
            let text = |end: SocketAddr| {
                let port = c.port(end.port(), base);
                let ip = c.ip(end.ip(), if socket.local.is_ipv6() { "::" } else { "0.0.0.0" });
                let room = width.saturating_sub(port.len() + 1);
                let ip = if c.wide { &ip } else { ip.get(..room).unwrap_or(&ip) };
                format!("{ip}:{port}")
            };
            let state = match base {
                "raw" => socket.state.to_string(),
                "udp" if socket.state == CLOSE => String::new(),
                _ => socket.state_name().to_string(),
            };
            cx.print(format_args!(
                "{base:<5} {:>6} {:>6} {:<width$} {:<width$} {state:<12}",
                socket.received,
                socket.sent,
                text(socket.local),
                text(socket.remote)
            ))?;
            if c.extended {
                cx.print(format_args!("{:<10} {:<12}", socket.user, socket.inode))?;
            }
            if c.programs {
                cx.put(&owner(&owners, socket.inode))?;
            }
            cx.put(b"\n")?;
        }
    }
    if c.local {
        show_local(cx, &c, &owners)?;
    }
    Ok(Status::OK)
}

fn show_local(cx: &mut Ctx, c: &Choice, owners: &[(u64, Vec<u8>)]) -> Result<(), Error> {
    let which = match (c.listening, c.all) {
        (true, false) => "only servers",
        (_, true) => "servers and established",
        _ => "w/o servers",
    };
    cx.print(format_args!(
        "Active UNIX domain sockets ({which})\n\
         Proto RefCnt Flags       Type       State         I-Node{} Path\n",
        if c.programs { " PID/Program name   " } else { "" }
    ))?;
    let text = crate::sys::file::read("/proc/net/unix").unwrap_or_default();
    for line in text.split(|&b| b == b'\n').skip(1) {
        let words: Vec<&[u8]> = line.split(|&b| b == b' ').filter(|w| !w.is_empty()).collect();
        let [_, references, _, flags, kind, state, inode, rest @ ..] = words.as_slice() else {
            continue;
        };
        let number = |text: &[u8], radix| {
            std::str::from_utf8(text).ok().and_then(|t| u64::from_str_radix(t, radix).ok())
        };
        let hex = |text: &[u8]| number(text, 16).unwrap_or(0);
        let (references, flags, kind, state) = (hex(references), hex(flags), hex(kind), hex(state));
        let inode = number(inode, 10).unwrap_or(0);
        let path = rest.first().copied().unwrap_or_default();
        // __SO_ACCEPTCON
        let listens = flags & 0x10000 != 0;
        if !c.all && listens != c.listening {
            continue;
        }
        let kind = match kind {
            1 => "STREAM",
            2 => "DGRAM",
            5 => "SEQPACKET",
            _ => "RAW",
        };
        let state = match (listens, state) {
            (true, _) => "LISTENING",
            (_, 3) => "CONNECTED",
            (_, 2) => "CONNECTING",
            _ => "",
        };
        let flags = if listens { "[ ACC ]" } else { "[ ]" };
        cx.print(format_args!(
            "unix  {references:<6} {flags:<11} {kind:<10} {state:<13} {inode:>6} "
        ))?;
        if c.programs {
            let owner = owner(owners, inode);
            cx.put(&owner)?;
            cx.put(" ".repeat(20usize.saturating_sub(owner.len())).as_bytes())?;
        }
        cx.print(format_args!("{}\n", show_bytes(path)))?;
    }
    Ok(())
}

fn show_interfaces(cx: &mut Ctx) -> Result<Status, Error> {
    let mut kernel = Netlink::open().map_err(|e| Error::os("netlink", e))?;
    let list = links::list(&mut kernel).map_err(|e| Error::os("links", e))?;
    cx.put(b"Kernel Interface table\nIface       MTU Met    RX-OK RX-ERR RX-DRP RX-OVR    TX-OK TX-ERR TX-DRP TX-OVR Flg\n")?;
    for link in list.iter().filter(|link| link.is(libc::IFF_UP)) {
        let bytes = link.get(ifla::STATISTICS).unwrap_or_default();
        let n = |place: usize| u64::from_ne_bytes(rtnl::part(bytes, place * 8));
        let mut flags = String::new();
        for (flag, letter) in [
            (libc::IFF_ALLMULTI, 'A'),
            (libc::IFF_BROADCAST, 'B'),
            (libc::IFF_LOOPBACK, 'L'),
            (libc::IFF_MULTICAST, 'M'),
            (libc::IFF_NOARP, 'O'),
            (libc::IFF_POINTOPOINT, 'P'),
            (libc::IFF_RUNNING, 'R'),
            (libc::IFF_UP, 'U'),
        ] {
            if link.is(flag) {
                flags.push(letter);
            }
        }
        cx.print(format_args!(
            "{:<9}{:>6}   0{:>9}{:>7}{:>7}{:>7}{:>9}{:>7}{:>7}{:>7} {flags}\n",
            show_bytes(&link.name).to_string(),
            link.number(ifla::MTU).unwrap_or(0),
            n(0),
            n(4),
            n(6),
            n(11),
            n(1),
            n(5),
            n(7),
            n(18)
        ))?;
    }
    Ok(Status::OK)
}

fn run_ss(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "a,all l,listening n,numeric p,processes t,tcp u,udp w,raw x,unix H,no-header 4,ipv4 6,ipv6 e,extended m o i r s O",
    )?;
    let mut c = Choice { numeric: true, ..Choice::default() };
    let mut title = true;
    while let Some(letter) = options.next() {
        match letter {
            b'H' => title = false,
            letter => c.take(letter),
        }
    }
    options.at_most(0)?;
    let one =
        usize::from(c.tcp) + usize::from(c.udp) + usize::from(c.raw) + usize::from(c.local) == 1;
    c.settle();
    let owners = if c.programs { owners() } else { Vec::new() };
    let kind = if one { "" } else { "Netid " };
    if title {
        cx.print(format_args!(
            "{kind}{:<10} {:<6} {:<6} {:>25} {:>25}{}\n",
            "State",
            "Recv-Q",
            "Send-Q",
            "Local Address:Port",
            "Peer Address:Port",
            if c.programs { " Process" } else { "" }
        ))?;
    }
    let row = |cx: &mut Ctx,
               kind: &str,
               state: &str,
               queues: (u32, u32),
               local: String,
               peer: String,
               inode| {
        if !one {
            cx.print(format_args!("{kind:<6}"))?;
        }
        cx.print(format_args!(
            "{state:<10} {:<6} {:<6} {local:>25} {peer:>25}",
            queues.0, queues.1
        ))?;
        if c.programs {
            cx.put(b" ")?;
            cx.put(&owner(&owners, inode))?;
        }
        cx.put(b"\n")
    };
    for socket in c.sockets() {
        let text = |end: SocketAddr| match end.port() {
            0 if end.is_ipv6() => format!("[{}]:*", end.ip()),
            0 => format!("{}:*", end.ip()),
            _ => end.to_string(),
        };
        let state = SHORT.get(usize::from(socket.state)).copied().unwrap_or_default();
        let kind = socket.table.trim_end_matches('6');
        let queues = (socket.received, socket.sent);
        row(cx, kind, state, queues, text(socket.local), text(socket.remote), socket.inode)?;
    }
    if c.local {
        let text = crate::sys::file::read("/proc/net/unix").unwrap_or_default();
        for line in text.split(|&b| b == b'\n').skip(1) {
            let words: Vec<&[u8]> = line.split(|&b| b == b' ').filter(|w| !w.is_empty()).collect();
            let [_, _, _, flags, kind, state, inode, rest @ ..] = words.as_slice() else {
                continue;
            };
            let listens = *flags == b"00010000";
            if !c.all && listens != c.listening {
                continue;
            }
            let kind = match *kind {
                b"0001" => "u_str",
                b"0002" => "u_dgr",
                _ => "u_seq",
            };
            let state = match (listens, *state) {
                (true, _) => "LISTEN",
                (_, b"03") => "ESTAB",
                _ => "UNCONN",
            };
            let path = rest.first().map_or_else(|| "*".to_string(), |p| show_bytes(p).to_string());
            let number = std::str::from_utf8(inode).ok().and_then(|t| t.parse().ok()).unwrap_or(0);
            row(cx, kind, state, (0, 0), format!("{path} {number}"), "* 0".into(), number)?;
        }
    }
    Ok(Status::OK)
}

/// The inodes of open sockets, with `PID/NAME`.
fn owners() -> Vec<(u64, Vec<u8>)> {
    let mut list = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let name = entry.file_name();
        if !name.as_bytes().iter().all(u8::is_ascii_digit) {
            continue;
        }
        let path = entry.path();
        let Ok(open) = std::fs::read_dir(path.join("fd")) else { continue };
        let mut shown: Option<Vec<u8>> = None;
        for fd in open.flatten() {
            let Ok(target) = std::fs::read_link(fd.path()) else { continue };
            let target = target.as_os_str().as_bytes();
            let Some(inode) = sockets::inode_of(target) else { continue };
            let text = shown.get_or_insert_with(|| {
                let comm = crate::sys::file::read(path.join("comm")).unwrap_or_default();
                let comm = show_bytes(comm.trim_ascii_end()).to_string();
                [name.as_bytes(), b"/", comm.as_bytes()].concat()
            });
            list.push((inode, text.clone()));
        }
    }
    list
}

fn owner(owners: &[(u64, Vec<u8>)], inode: u64) -> Vec<u8> {
    let found = owners.iter().find(|(other, _)| *other == inode && inode != 0);
    found.map_or_else(|| b"-".to_vec(), |(_, name)| name.clone())
}

/// Lines of /etc/services: name, port, protocol.
fn services(take: &mut dyn FnMut(&str, u16, &str)) {
    let text = std::fs::read_to_string("/etc/services").unwrap_or_default();
    for line in text.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let (Some(name), Some(port)) = (words.next(), words.next()) else { continue };
        if let Some((port, protocol)) = port.split_once('/')
            && let Ok(port) = port.parse()
        {
            take(name, port, protocol);
        }
    }
}

/// The port of a service of this name.
pub(super) fn service_port(wanted: &[u8]) -> Option<u16> {
    let mut found = None;
    services(&mut |name, port, _| {
        if name.as_bytes() == wanted {
            found.get_or_insert(port);
        }
    });
    found
}

fn service_name(wanted: u16, of: &str) -> Option<String> {
    let mut found = None;
    services(&mut |name, port, protocol| {
        if port == wanted && protocol == of && found.is_none() {
            found = Some(name.to_string());
        }
    });
    found
}
