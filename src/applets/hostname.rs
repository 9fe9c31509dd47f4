//! hostname: show or set the name of the machine; dnsdomainname: the domain of
//! it. Options of busybox and net-tools.

use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::net::resolve;
use crate::sys;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "hostname",
    summary: "show or set the name of the machine",
    usage: "[-sidf] [NAME | -F FILE]\n\
            \x20 -s  up to the first dot      -f  with the domain\n\
            \x20 -d  the domain               -i  its addresses\n\
            \x20 -F  set it to what FILE says",
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
    let mut options = cx.parse("s,short i,ip-address d,domain f,fqdn|long F:file")?;
    options.at_most(1)?;
    let mut what = 0;
    let mut file = None;
    while let Some(letter) = options.next() {
        match letter {
            b'F' => file = Some(options.value()),
            letter => what = letter,
        }
    }
    if let Some(path) = file {
        let text = crate::sys::file::read(&path).map_err(|e| Error::os(show(&path), e))?;
        let lines = text.split(|&b| b == b'\n').map(<[u8]>::trim_ascii);
        if let Some(name) = lines.into_iter().find(|l| !l.is_empty() && !l.starts_with(b"#")) {
            return set(name);
        }
        return Ok(Status::OK);
    }
    if let Some(name) = options.operands.first() {
        return set(name.as_bytes());
    }
    tell(cx, what)
}

fn domain(cx: &mut Ctx) -> Result<Status, Error> {
    cx.parse("")?.at_most(0)?;
    tell(cx, b'd')
}

fn set(name: &[u8]) -> Result<Status, Error> {
    sys::process::set_host_name(name).map_err(|e| Error::os("sethostname", e))?;
    Ok(Status::OK)
}

fn tell(cx: &mut Ctx, what: u8) -> Result<Status, Error> {
    let names = nix::sys::utsname::uname().map_err(|e| Error::os("uname", e))?;
    let name = names.nodename().as_bytes().to_vec();
    let full = || resolve::canonical(&name).unwrap_or_else(|| name.clone());
    let dot = |name: &[u8]| name.iter().position(|&b| b == b'.');
    let mut line = match what {
        b's' => name.get(..dot(&name).unwrap_or(name.len())).unwrap_or_default().to_vec(),
        b'f' => full(),
        b'd' => {
            let full = full();
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
        _ => name,
    };
    line.push(b'\n');
    cx.put(&line)?;
    Ok(Status::OK)
}
