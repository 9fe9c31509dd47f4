//! hostname: show or set the name of the machine; dnsdomainname: the domain of
//! it. Options of busybox and net-tools.

use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::net::netlink::Netlink;
use crate::net::{links, resolve};
use crate::sys;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "hostname",
    summary: "show or set the name of the machine",
    usage: "[-sidfaAIyb] [NAME | -F FILE]\n\
            \x20 -s  up to the first dot      -f  with the domain\n\
            \x20 -d  the domain               -i  its addresses\n\
            \x20 -a  its other names          -y  the domain of NIS\n\
            \x20 -I, -A  addresses of all interfaces, their names\n\
            \x20 -F  set it to what FILE says\n\
            \x20 -b  set it, to localhost without a name, only where it is not set",
    kind: Kind::Fork, // it may ask name servers
    run,
};

/// See the module.
pub(super) static DOMAIN: Applet = Applet {
    name: "dnsdomainname",
    summary: "show the domain of the machine",
    usage: "",
    kind: Kind::Fork, // it may ask name servers
    run: domain,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "s,short i,ip-address|ip-addresses d,domain f,fqdn|long F:file a,alias A,all-fqdns \
         I,all-ip-addresses y,yp|nis b,boot",
    )?;
    options.at_most(1)?;
    let boot = options.has(b'b');
    let mut what = 0;
    let mut file = None;
    while let Some(letter) = options.next() {
        match letter {
            b'F' => file = Some(options.value()),
            b'b' => {}
            letter => what = letter,
        }
    }
    if let Some(path) = file {
        let text = match crate::sys::file::read(&path) {
            Err(_) if boot => Vec::new(),
            text => text.map_err(|e| Error::os(show(&path), e))?,
        };
        let lines = text.split(|&b| b == b'\n').map(<[u8]>::trim_ascii);
        if let Some(name) = lines.into_iter().find(|l| !l.is_empty() && !l.starts_with(b"#")) {
            return set(name);
        }
        return if boot { set_default() } else { Ok(Status::OK) };
    }
    match options.operands.first() {
        Some(name) => set(name.as_bytes()),
        None => {
            if boot {
                set_default()?;
            }
            tell(cx, what)
        }
    }
}

fn domain(cx: &mut Ctx) -> Result<Status, Error> {
    cx.parse("")?.at_most(0)?;
    tell(cx, b'd')
}

fn set(name: &[u8]) -> Result<Status, Error> {
    if name.is_empty() {
        return Err(Error::msg("a machine has a name: '' is none"));
    }
    sys::process::set_host_name(name).map_err(|e| Error::os("sethostname", e))?;
    Ok(Status::OK)
}

/// A name for a machine that has none.
fn set_default() -> Result<Status, Error> {
    let names = nix::sys::utsname::uname().map_err(|e| Error::os("uname", e))?;
    match names.nodename().as_bytes() {
        b"" | b"(none)" => set(b"localhost"),
        _ => Ok(Status::OK),
    }
}

/// The addresses of all interfaces that others may know.
fn all_addresses() -> Result<Vec<IpAddr>, Error> {
    let failed = |errno| Error::os("addresses", errno);
    let mut kernel = Netlink::open().map_err(failed)?;
    let mut list = Vec::new();
    for assigned in links::addresses(&mut kernel, 0).map_err(failed)? {
        let ip = assigned.net.ip();
        let near = matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
        if !ip.is_loopback() && !near {
            list.push(ip);
        }
    }
    Ok(list)
}

fn tell(cx: &mut Ctx, what: u8) -> Result<Status, Error> {
    let names = nix::sys::utsname::uname().map_err(|e| Error::os("uname", e))?;
    let name = names.nodename().as_bytes().to_vec();
    let full = || {
        let unknown = || Error::about(show_bytes(&name), "unknown host");
        resolve::canonical(&name).ok_or_else(unknown)
    };
    let dot = |name: &[u8]| name.iter().position(|&b| b == b'.');
    let mut line = match what {
        b's' => name.get(..dot(&name).unwrap_or(name.len())).unwrap_or_default().to_vec(),
        b'f' => full()?,
        b'd' => {
            let full = full()?;
            match dot(&full) {
                Some(at) => full.get(at + 1..).unwrap_or_default().to_vec(),
                None => return Ok(Status::OK),
            }
        }
        b'i' => {
            let mut line = String::new();
            for (ip, _) in resolve::addresses(&name, libc::AF_INET)? {
                let space = if line.is_empty() { "" } else { " " };
                line.push_str(&format!("{space}{ip}"));
            }
            line.into_bytes()
        }
        b'a' => {
            full()?;
            resolve::aliases(&name).join(&b' ')
        }
        b'I' => {
            let list = all_addresses()?;
            list.iter().map(|ip| format!("{ip} ")).collect::<String>().into_bytes()
        }
        b'A' => {
            let mut line = Vec::new();
            for ip in all_addresses()? {
                if let Some(name) = resolve::name_of(ip) {
                    line.extend_from_slice(&name);
                    line.push(b' ');
                }
            }
            line
        }
        b'y' => match names.domainname().as_bytes() {
            b"" | b"(none)" => return Err(Error::msg("the domain of NIS is not set")),
            domain => domain.to_vec(),
        },
        _ => name,
    };
    line.push(b'\n');
    cx.put(&line)?;
    Ok(Status::OK)
}
