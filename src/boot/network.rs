//! The network of a boot: `ip=` and `nameserver=`. Every wait has a limit.

use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::mount::MsFlags;
use nix::sys::stat::Mode;
use nix::sys::statfs::{TMPFS_MAGIC, statfs};
use nix::unistd::mkdir;

use crate::applet::show_bytes;
use crate::cmdline::Kept;
use crate::net::address;
use crate::net::ipparam::{self, Method, Setup};
use crate::net::lease::{self, Client};
use crate::net::links::{self, Link, Route, ifla};
use crate::net::netlink::Netlink;
use crate::sys;

/// What /etc/resolv.conf says, in a folder that the new root has, too.
pub const SERVERS: &str = "/run/rescuebox/resolv.conf";

/// How long an interface may take to be there, and to find its cable.
pub const APPEAR: Duration = Duration::from_secs(10);
const CARRIER: Duration = Duration::from_secs(5);
/// Tries of DHCP, the wait after each twice that before.
const TRIES: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// DHCP's option for the folder of the root.
const ROOT_PATH: u8 = 17;
/// How long a router may take to advertise itself.
const ADVERTISED: Duration = Duration::from_secs(15);

/// What came of setting up the network.
#[derive(Default)]
pub struct Found {
    /// What went wrong, a line for each interface.
    pub faults: Vec<String>,
    /// Our address.
    pub client: Option<IpAddr>,
    /// The server to boot from.
    pub server: Option<IpAddr>,
    /// The folder of the root, as DHCP tells it (RFC 2132, option 17).
    pub root_path: Vec<u8>,
}

/// Sets up what the words of the command line ask for; an interface may take
/// `wait` to be there.
pub fn configure(words: &[Kept<'_>], wait: Duration) -> Found {
    let mut found = Found::default();
    let mut kernel = match Netlink::open() {
        Ok(kernel) => kernel,
        Err(errno) => {
            found.faults.push(format!("no network: {}", text(errno)));
            return found;
        }
    };
    if let Ok(lo) = links::find(&mut kernel, b"lo") {
        let _ = links::set_flags(&mut kernel, lo.index, libc::IFF_UP, true);
    }
    let mut names = Names::default();
    let values = |wanted: &'static [u8]| {
        words.iter().filter(move |kept| kept.name == wanted).map(|kept| kept.value)
    };
    for value in values(b"ip") {
        let done = match ipparam::parse(value) {
            Err(why) => Err(why.to_string()),
            Ok(setup) => one(&mut kernel, &setup, wait, &mut names, &mut found),
        };
        if let Err(why) = done {
            found.faults.push(format!("ip={}: {why}", show_bytes(value)));
        }
    }
    for value in values(b"nameserver") {
        match address::parse(value) {
            Some(ip) => names.servers.insert(0, ip),
            None => found.faults.push(format!("nameserver={}: no address", show_bytes(value))),
        }
    }
    if !names.servers.is_empty() {
        let _ = std::fs::create_dir_all("/etc");
        let text = lease::resolv_conf(&names.search, &names.servers);
        if let Err(error) = lease::write_resolv_conf(&text) {
            found.faults.push(format!("/etc/resolv.conf: {error}"));
        }
        // For the new root, where this /etc is not.
        let _ = mkdir(super::DIR, Mode::from_bits_truncate(0o700));
        let _ = std::fs::write(SERVERS, &text);
    }
    found
}

/// Gives the new root, which is `/` by now, the servers for names that were
/// found: its own list is for another machine.
pub fn hand_over() {
    let Ok(text) = sys::file::read(SERVERS) else { return };
    let (list, none) = ("/etc/resolv.conf", None::<&str>);
    // A root without such a file has programs without such a wish.
    let done = nix::mount::mount(Some(SERVERS), list, none, MsFlags::MS_BIND, none);
    // A link to what a service would write: there is none, so we do.
    if done == Err(Errno::ENOENT)
        && let Some(path) = dangling(Path::new(list), &["/run", "/tmp"])
    {
        let _ = path.parent().map(std::fs::create_dir_all);
        let file = std::fs::File::create_new(path);
        let _ = file.and_then(|mut file| std::io::Write::write_all(&mut file, &text));
    }
}

/// Links to links are followed so far.
const LINKS_MAX: usize = 8;

/// Where a link leads that leads to nothing, if that is in memory below one of
/// these folders: anything else may be a folder of the host's.
fn dangling(link: &Path, folders: &[&str]) -> Option<PathBuf> {
    let mut path = link.to_path_buf();
    for _ in 0..LINKS_MAX {
        let Ok(target) = std::fs::read_link(&path) else { break };
        path = path.parent()?.join(target);
    }
    if path == link || std::fs::symlink_metadata(&path).is_ok() {
        return None;
    }
    let (there, base) = path.ancestors().find_map(|a| Some((a, a.canonicalize().ok()?)))?;
    let rest = path.strip_prefix(there).ok()?;
    let ours = folders.iter().any(|folder| base.starts_with(folder))
        && statfs(&base).is_ok_and(|fs| fs.filesystem_type() == TMPFS_MAGIC)
        && rest.components().all(|part| matches!(part, Component::Normal(_)));
    ours.then(|| base.join(rest))
}

/// What /etc/resolv.conf is to say.
#[derive(Default)]
struct Names {
    search: Vec<u8>,
    servers: Vec<IpAddr>,
}

fn text(errno: Errno) -> &'static str {
    sys::text::error_text(errno as i32)
}

fn one(
    kernel: &mut Netlink,
    setup: &Setup<'_>,
    wait: Duration,
    names: &mut Names,
    found: &mut Found,
) -> Result<(), String> {
    if setup.server.is_some() {
        found.server = setup.server;
    }
    if setup.method == Method::Off {
        return Ok(());
    }
    if !setup.hostname.is_empty() {
        let _ = sys::process::set_host_name(setup.hostname);
    }
    let candidates = interfaces(kernel, setup.device, wait)?;
    let mut reason = "no interface of Ethernet is there".to_string();
    for link in candidates {
        match set_up(kernel, setup, &link, names, found) {
            Ok(()) => return Ok(()),
            Err(why) => reason = format!("{}: {why}", show_bytes(&link.name)),
        }
    }
    Err(reason)
}

/// The interface of this name, or all of Ethernet's, waiting for them.
fn interfaces(kernel: &mut Netlink, name: &[u8], wait: Duration) -> Result<Vec<Link>, String> {
    let end = Instant::now() + wait;
    loop {
        let mut list = links::list(kernel).map_err(|e| text(e).to_string())?;
        let there: Vec<String> = list.iter().map(|l| show_bytes(&l.name).to_string()).collect();
        list.retain(|link| match name {
            b"" => link.is_ethernet(),
            _ => link.name == name,
        });
        if !list.is_empty() {
            return Ok(list);
        }
        if Instant::now() >= end {
            let name = if name.is_empty() { b"an Ethernet".as_slice() } else { name };
            let there = there.join(" ");
            return Err(format!("{} is not there; there is: {there}", show_bytes(name)));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn set_up(
    kernel: &mut Netlink,
    setup: &Setup<'_>,
    link: &Link,
    names: &mut Names,
    found: &mut Found,
) -> Result<(), String> {
    let failed = |errno: Errno| text(errno).to_string();
    let index = link.index;
    let mut request = links::link_request(links::kind::NEW_LINK, links::ACK, index, 0, 0);
    if setup.mtu > 0 {
        request.put_u32(ifla::MTU, setup.mtu);
    }
    if !setup.hardware.is_empty() {
        request.put(ifla::ADDRESS, &setup.hardware);
    }
    kernel.change(request).map_err(failed)?;
    links::set_flags(kernel, index, libc::IFF_UP, true).map_err(failed)?;
    wait_for_carrier(kernel, &link.name);
    let link = links::find(kernel, &link.name).map_err(failed)?;
    match setup.method {
        Method::Off => Ok(()),
        Method::Static => {
            let Some(ip) = setup.ip else { return Err("no address is given".into()) };
            let net = address::network(ip, setup.prefix).ok_or("no such network")?;
            there_already(links::add_address(kernel, index, &net)).map_err(failed)?;
            found.client = Some(ip);
            names.servers.extend(&setup.dns);
            let Some(via) = setup.gateway else { return Ok(()) };
            let route = Route { via: Some(via), index: Some(index), ..Route::default() };
            there_already(links::add_route(kernel, &route))
                .map_err(|errno| format!("route by {via}: {}", text(errno)))
        }
        Method::Dhcp => {
            let mut client = Client::open(&link).map_err(failed)?;
            for code in [1u8, 3, 6, 12, 15, ROOT_PATH, 26, 28, 119, 121] {
                match client.options.first_mut() {
                    Some((_, list)) => list.push(code),
                    None => client.options.push((crate::net::dhcp::code::PARAMETERS, vec![code])),
                }
            }
            let mut wait = FIRST_WAIT;
            for _ in 0..TRIES {
                if let Some(lease) = client.try_once(None, wait).map_err(failed)? {
                    let (search, servers) = lease::names_of(&lease.reply);
                    if names.search.is_empty() {
                        names.search = search;
                    }
                    names.servers.extend(servers);
                    let reply = &lease.reply;
                    found.client = Some(reply.ip.into());
                    if found.server.is_none() && !reply.next_server.is_unspecified() {
                        found.server = Some(reply.next_server.into());
                    }
                    if let Some(path) = reply.get(ROOT_PATH) {
                        found.root_path = path.to_vec();
                    }
                    return lease::apply(kernel, index, &lease.reply, None).map_err(failed);
                }
                wait = (wait * 2).min(Duration::from_secs(10));
            }
            Err(format!("no server of DHCP answered {TRIES} times"))
        }
        Method::LinkLocal => {
            let hardware = link.hardware().try_into().map_err(|_| "no hardware address")?;
            for _ in 0..5 {
                // 169.254.1.0 to 169.254.254.255
                let [third, fourth] = sys::random::bytes();
                let ip = Ipv4Addr::new(169, 254, third.clamp(1, 254), fourth);
                let taken = lease::is_taken(index, hardware, ip, Duration::from_secs(1));
                if taken.map_err(failed)?.is_none() {
                    let net = address::network(IpAddr::V4(ip), 16).ok_or("no such network")?;
                    return links::add_address(kernel, index, &net).map_err(failed);
                }
            }
            Err("every address tried is somebody's".into())
        }
        Method::Advertised => {
            let folder =
                Path::new("/proc/sys/net/ipv6/conf").join(std::ffi::OsStr::from_bytes(&link.name));
            for (name, value) in [("disable_ipv6", "0"), ("accept_ra", "2"), ("autoconf", "1")] {
                let _ = std::fs::write(folder.join(name), value);
            }
            let end = Instant::now() + ADVERTISED;
            while Instant::now() < end {
                let list = links::addresses(kernel, libc::AF_INET6 as u8).map_err(failed)?;
                // global, and no more in doubt (IFA_F_TENTATIVE)
                if list.iter().any(|a| a.index == index && a.scope == 0 && a.flags & 0x40 == 0) {
                    return Ok(());
                }
                std::thread::sleep(Duration::from_millis(100));
            }
            Err("no router has advertised an address".into())
        }
    }
}

/// That it is so already, of an earlier try, is no fault.
fn there_already(done: Result<(), Errno>) -> Result<(), Errno> {
    if done == Err(Errno::EEXIST) { Ok(()) } else { done }
}

fn wait_for_carrier(kernel: &mut Netlink, name: &[u8]) {
    let end = Instant::now() + CARRIER;
    while Instant::now() < end {
        match links::find(kernel, name) {
            Ok(link) if link.is(libc::IFF_RUNNING) => return,
            _ => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only what is in memory is written to.
    #[test]
    fn links_that_lead_to_nothing() {
        let dir = PathBuf::from(format!("/dev/shm/rescuebox-links-{}", std::process::id()));
        let (etc, run) = (dir.join("etc"), dir.join("run"));
        std::fs::create_dir_all(&etc).unwrap();
        std::fs::create_dir_all(&run).unwrap();
        std::fs::write(run.join("there"), "").unwrap();
        let link = etc.join("resolv.conf");
        let to = |target: &str, folders: &[&str]| {
            let _ = std::fs::remove_file(&link);
            std::os::unix::fs::symlink(target, &link).unwrap();
            dangling(&link, folders)
        };
        let folders = [run.to_str().unwrap()];
        assert_eq!(to("../run/a/b/c", &folders), Some(run.join("a/b/c")));
        assert_eq!(to("../run/new", &folders), Some(run.join("new")));
        assert_eq!(to("../run/there", &folders), None);
        assert_eq!(to("../etc/new", &folders), None);
        assert_eq!(to("../run/../new", &folders), None);
        assert_eq!(to("../run/a/../../new", &folders), None);
        std::os::unix::fs::symlink("../run/x/y", etc.join("second")).unwrap();
        assert_eq!(to("second", &folders), Some(run.join("x/y")));
        assert_eq!(to("resolv.conf", &folders), None);
        // not in memory
        assert_eq!(to("/proc/self/nothing", &["/proc"]), None);
        std::fs::remove_file(&link).unwrap();
        assert_eq!(dangling(&link, &folders), None);
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
