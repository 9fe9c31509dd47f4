//! ifup and ifdown: set network interfaces up, and take them down, as
//! `/etc/network/interfaces` says. As ifupdown and busybox have them, with
//! `ip`, and udhcpc for DHCP.

use std::ffi::{OsStr, OsString};
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use crate::applet::{Applet, Ctx, Env, Error, Kind, Out, Status, show, show_bytes, write_all};
use crate::fsutil::accounts;
use crate::fsutil::spawn::{self, Place};
use crate::interfaces::{Interface, Interfaces, Mapping, filled};
use crate::net::address;
use crate::shell::pattern;
use crate::shell::trace::quote_into;
use crate::sys::{command, stream};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "ifup",
    summary: "set network interfaces up by /etc/network/interfaces",
    usage: "[-nmvf] [-i FILE] {-a | INTERFACE[=NAME]...}\n\
            \x20 -a  all that are auto       -i  instead of /etc/network/interfaces\n\
            \x20 -n  do nothing but print    -v  print what is done\n\
            \x20 -m  no mappings             -f  though it is up, or not known",
    kind: Kind::Fork, // runs programs
    run,
};

/// ifdown.
pub(super) static IFDOWN: Applet = Applet {
    name: "ifdown",
    summary: "take network interfaces down",
    usage: "[-nmvf] [-i FILE] {-a | INTERFACE...}\n\
            \x20 -a  all that are up         -i  instead of /etc/network/interfaces\n\
            \x20 -n  do nothing but print    -v  print what is done\n\
            \x20 -m  no mappings             -f  though it is not up, or not known",
    kind: Kind::Fork, // runs programs
    run,
};

/// Which interfaces are up: lines `INTERFACE=NAME`.
const STATE: &str = "/var/run/ifstate";

/// How far files name files.
const DEPTH: u32 = 5;

/// Family and method, the commands that set it up and those that take it down.
type Method = (&'static [u8], &'static [u8], &'static [&'static str], &'static [&'static str]);

const FLUSH: [&str; 2] = ["ip addr flush dev %iface%", "ip link set %iface% down"];
const UP: &str = "ip link set[[ mtu %mtu%]][[ addr %hwaddress%]] %iface% up";

const METHODS: [Method; 10] = [
    (
        b"inet",
        b"loopback",
        &["ip addr add 127.0.0.1/8 dev %iface%", "ip link set %iface% up"],
        &FLUSH,
    ),
    (
        b"inet",
        b"static",
        &[
            "ip addr add %address%/%prefix%[[ broadcast %broadcast%]] dev %iface%[[ peer \
             %pointopoint%]][[ label %label%]][[ scope %scope%]]",
            UP,
            "[[ip route add default via %gateway% dev %iface%[[ metric %metric%]]]]",
        ],
        &FLUSH,
    ),
    (
        b"inet",
        b"dhcp",
        &[
            UP,
            "udhcpc -R -n -p /var/run/udhcpc.%iface%.pid -i %iface%[[ -x hostname:%hostname%]]\
             [[ -c %client%]][[ -s %script%]][[ %udhcpc_opts%]]",
        ],
        &[
            "test -f /var/run/udhcpc.%iface%.pid && kill `cat /var/run/udhcpc.%iface%.pid` || :",
            FLUSH[0],
            FLUSH[1],
        ],
    ),
    (b"inet", b"manual", &[], &[]),
    (b"inet", b"ppp", &["pon[[ %provider%]]"], &["poff[[ %provider%]]"]),
    (b"inet6", b"loopback", &["ip link set %iface% up"], &["ip link set %iface% down"]),
    (
        b"inet6",
        b"static",
        &[
            "ip -6 addr add %address%/%prefix% dev %iface%[[ label %label%]]",
            UP,
            "[[ip -6 route add default via %gateway% dev %iface%[[ metric %metric%]]]]",
        ],
        &["ip -6 addr flush dev %iface% scope global", "ip link set %iface% down"],
    ),
    (b"inet6", b"auto", &[UP], &["ip link set %iface% down"]),
    (b"inet6", b"manual", &[], &[]),
    (
        b"inet6",
        b"v4tunnel",
        &[
            "ip tunnel add %iface% mode sit remote %endpoint%[[ local %local%]][[ ttl %ttl%]]",
            "ip link set %iface% up",
            "[[ip -6 addr add %address%/%prefix% dev %iface%]]",
            "[[ip -6 route add default via %gateway% dev %iface%]]",
        ],
        &["ip tunnel del %iface%"],
    ),
];

struct Job {
    up: bool,
    print: bool,
    act: bool,
    path: OsString,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("a,all n,no-act m,no-mappings v,verbose f,force i:interfaces")?;
    let up = cx.name != "ifdown";
    let file = options.take(b'i').unwrap_or_else(|| "/etc/network/interfaces".into());
    let mut all = Interfaces::default();
    read(&mut all, Path::new(&file), 0)?;
    let job = Job {
        up,
        print: options.has(b'v') || options.has(b'n'),
        act: !options.has(b'n'),
        path: cx.env.get(b"PATH").unwrap_or(OsStr::new("/sbin:/usr/sbin:/bin:/usr/bin")).into(),
    };
    let force = options.has(b'f');
    let mut wanted: Vec<Vec<u8>> = options.operands.drain(..).map(OsStringExt::into_vec).collect();
    match (options.has(b'a'), wanted.is_empty()) {
        (false, true) => {
            return Err(Error::usage("which interface? (-a: all)").with(Status::FAILURE));
        }
        (true, false) => return Err(Error::usage("-a, or names").with(Status::FAILURE)),
        (true, true) if up => wanted.clone_from(&all.auto),
        (true, true) => {
            for line in state() {
                wanted.push(split(&line).0.to_vec());
            }
            if wanted.is_empty() {
                wanted.clone_from(&all.auto);
            }
        }
        (false, false) => {}
    }
    for word in wanted {
        if let Err(error) = job.one(cx, &mut all, &word, force, !options.has(b'm')) {
            cx.warn(error);
        }
    }
    Ok(cx.status())
}

/// Reads a file and those that it names.
fn read(all: &mut Interfaces, path: &Path, depth: u32) -> Result<(), Error> {
    let text = crate::sys::file::read(path).map_err(|e| Error::os(show(path), e))?;
    let before = all.sources.len();
    all.add(&text)
        .map_err(|(line, why)| Error::msg(format_args!("{}: line {line}: {why}", show(path))))?;
    if depth >= DEPTH {
        return Ok(());
    }
    let sources: Vec<(Vec<u8>, bool)> = all.sources.drain(before..).collect();
    for (name, is_folder) in sources {
        let base = path.parent().unwrap_or(Path::new("/"));
        let name = base.join(OsStr::from_bytes(&name));
        for file in files(&name, is_folder) {
            if file.is_file() {
                read(all, &file, depth + 1)?;
            }
        }
    }
    Ok(())
}

/// The files of a folder whose names have nothing odd, or that a pattern fits.
fn files(path: &Path, is_folder: bool) -> Vec<PathBuf> {
    let (folder, last) = match is_folder {
        true => (path, None),
        false => (path.parent().unwrap_or(Path::new("/")), path.file_name()),
    };
    let mut names = crate::sys::path::names(folder).unwrap_or_default();
    crate::order::sort(&mut names);
    names.retain(|name| match last {
        Some(last) => pattern::matches(last.as_bytes(), name.as_bytes()),
        None => name.as_bytes().iter().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(b)),
    });
    names.into_iter().map(|name| folder.join(name)).collect()
}

fn state() -> Vec<Vec<u8>> {
    let text = crate::sys::file::read(STATE).unwrap_or_default();
    let lines = text.split(|&b| b == b'\n').filter(|line| !line.is_empty());
    lines.map(<[u8]>::to_vec).collect()
}

/// `INTERFACE=NAME`; without a name they are the same.
fn split(word: &[u8]) -> (&[u8], &[u8]) {
    match word.iter().position(|&b| b == b'=') {
        Some(at) => (word.get(..at).unwrap_or_default(), word.get(at + 1..).unwrap_or_default()),
        None => (word, word),
    }
}

impl Job {
    fn one(
        &self,
        cx: &mut Ctx,
        all: &mut Interfaces,
        word: &[u8],
        force: bool,
        mapped: bool,
    ) -> Result<(), Error> {
        let (interface, name) = split(word);
        let mut name = name.to_vec();
        let known = state().into_iter().find(|line| split(line).0 == interface);
        let shown = show_bytes(interface);
        match &known {
            Some(_) if self.up && !force => {
                cx.note(format_args!("interface {shown} already configured"));
                return Ok(());
            }
            None if !self.up && !force => {
                cx.note(format_args!("interface {shown} not configured"));
                return Ok(());
            }
            Some(line) if !self.up => name = split(line).1.to_vec(),
            _ => {}
        }
        if self.up && mapped {
            for mapping in &all.mappings {
                let fits = |glob: &Vec<u8>| pattern::matches(glob, &name);
                if mapping.patterns.iter().any(fits) {
                    name = ask(cx, mapping, &name)?;
                }
            }
        }
        let mut found = false;
        let mut failed = false;
        for setup in all.list.iter().filter(|setup| setup.name == name) {
            found = true;
            failed |= !self.set(cx, interface, setup)?;
        }
        if !found && !force {
            let name = show_bytes(&name);
            return Err(Error::msg(format_args!("ignoring unknown interface {name}")));
        }
        if failed {
            cx.fail();
        }
        if self.act && !(self.up && failed) {
            self.note(interface, &name)?;
        }
        Ok(())
    }

    /// Notes that the interface is up, or no more.
    fn note(&self, interface: &[u8], name: &[u8]) -> Result<(), Error> {
        let mut text = Vec::new();
        for line in state() {
            if split(&line).0 != interface {
                text.extend_from_slice(&line);
                text.push(b'\n');
            }
        }
        if self.up {
            text.extend_from_slice(&[interface, b"=", name, b"\n"].concat());
        }
        accounts::write(Path::new(STATE), &text, 0o644)
    }

    /// Whether everything was done.
    fn set(&self, cx: &mut Ctx, interface: &[u8], setup: &Interface) -> Result<bool, Error> {
        let method = METHODS
            .iter()
            .find(|(family, method, ..)| *family == setup.family && *method == setup.method);
        let Some((_, _, ups, downs)) = method else {
            let (family, method) = (show_bytes(&setup.family), show_bytes(&setup.method));
            let interface = show_bytes(interface);
            return Err(Error::msg(format_args!("{interface}: unknown method {family} {method}")));
        };
        let value = |name: &[u8]| value(setup, interface, name);
        let mut commands = Vec::new();
        for template in if self.up { *ups } else { *downs } {
            commands.push(filled(template, &value).map_err(|missing| {
                let (interface, family) = (show_bytes(interface), show_bytes(&setup.family));
                Error::msg(format_args!("{interface}: {family}: no {missing} is given"))
            })?);
        }
        let phases: [&[u8]; 2] = if self.up { [b"pre-up", b"up"] } else { [b"down", b"post-down"] };
        let [before, after] = phases;
        let mut done = self.phase(cx, interface, setup, before)?;
        // What was begun is taken down as far as it goes.
        for command in commands {
            if !done && self.up {
                break;
            }
            done &= self.execute(cx, interface, setup, before, &command)?;
        }
        if done || !self.up {
            done &= self.phase(cx, interface, setup, after)?;
        }
        Ok(done)
    }

    /// The file's own commands of a phase, and the scripts of the folder.
    fn phase(
        &self,
        cx: &mut Ctx,
        interface: &[u8],
        setup: &Interface,
        phase: &[u8],
    ) -> Result<bool, Error> {
        let commands = setup.options.iter().filter(|(name, _)| name == phase);
        for (_, command) in commands {
            if !self.execute(cx, interface, setup, phase, command)? && self.up {
                return Ok(false);
            }
        }
        let folder = [b"/etc/network/if-", phase, b".d"].concat();
        if Path::new(OsStr::from_bytes(&folder)).is_dir() {
            let command = [b"run-parts ", folder.as_slice()].concat();
            return self.execute(cx, interface, setup, phase, &command);
        }
        Ok(true)
    }

    /// Runs a command; whether it succeeded.
    fn execute(
        &self,
        cx: &mut Ctx,
        interface: &[u8],
        setup: &Interface,
        phase: &[u8],
        command: &[u8],
    ) -> Result<bool, Error> {
        if command.trim_ascii().is_empty() {
            return Ok(true);
        }
        if self.print {
            cx.put(command)?;
            cx.put(b"\n")?;
            cx.flush()?;
        }
        if !self.act {
            return Ok(true);
        }
        let mode: &[u8] = if self.up { b"start" } else { b"stop" };
        let mut environment = Vec::new();
        let mut set = |parts: &[&[u8]]| environment.push(OsString::from_vec(parts.concat()));
        set(&[b"IFACE=", interface]);
        set(&[b"LOGICAL=", &setup.name]);
        set(&[b"ADDRFAM=", &setup.family]);
        set(&[b"METHOD=", &setup.method]);
        set(&[b"MODE=", mode]);
        set(&[b"PHASE=", phase]);
        set(&[b"VERBOSITY=", if self.print { b"1" } else { b"0" }]);
        set(&[b"PATH=", self.path.as_bytes()]);
        for (name, value) in &setup.options {
            let mut name = name.to_ascii_uppercase();
            for byte in &mut name {
                if *byte == b'-' {
                    *byte = b'_';
                }
            }
            let plain = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
            if name.iter().all(plain) {
                set(&[b"IF_", &name, b"=", value]);
            }
        }
        let words = ["sh".into(), "-c".into(), OsStr::from_bytes(command).to_os_string()];
        let fds = [cx.stdin, cx.stdout, cx.stderr];
        let out = Out::to_fd(cx.stdout);
        let mut inner = cx.for_applet(cx.name, cx.argv0, &[], Env::List(&environment), fds, out);
        Ok(spawn::wait_for(&mut inner, &words, &Place::default())? == Status::OK)
    }
}

/// The value of a name in the commands.
fn value(setup: &Interface, interface: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let bare = |address: &[u8]| address.split(|&b| b == b'/').next().unwrap_or_default().to_vec();
    match name {
        b"iface" => Some(interface.to_vec()),
        b"address" => setup.get(b"address").map(bare),
        b"prefix" => prefix(setup),
        b"gateway" => {
            setup.get(b"gateway").filter(|gateway| *gateway != b"none").map(<[u8]>::to_vec)
        }
        // Debian's form has the kind of the address before it
        b"hwaddress" => {
            let value = setup.get(b"hwaddress")?;
            Some(value.strip_prefix(b"ether").unwrap_or(value).trim_ascii().to_vec())
        }
        _ => setup.get(name).map(<[u8]>::to_vec),
    }
}

/// The length of the network's part of the address: behind the address, or of
/// the mask, which may be a number already; without either that of its class.
fn prefix(setup: &Interface) -> Option<Vec<u8>> {
    let whole = setup.get(b"address")?;
    let mut parts = whole.splitn(2, |&b| b == b'/');
    let ip = address::parse(parts.next()?)?;
    let mask = match parts.next().or(setup.get(b"netmask")) {
        Some(mask) => mask,
        None => {
            let std::net::IpAddr::V4(ip) = ip else { return Some(b"64".to_vec()) };
            return Some(address::class_prefix(ip).to_string().into_bytes());
        }
    };
    if mask.iter().all(u8::is_ascii_digit) {
        return Some(mask.to_vec());
    }
    let length = address::prefix_of(address::parse(mask)?)?;
    Some(length.to_string().into_bytes())
}

/// Asks a mapping's program for the logical name.
fn ask(cx: &mut Ctx, mapping: &Mapping, name: &[u8]) -> Result<Vec<u8>, Error> {
    let failed = |e: Errno| Error::os(show_bytes(&mapping.script), e);
    let mut line = b"exec ".to_vec();
    quote_into(&mut line, &mapping.script);
    line.push(b' ');
    quote_into(&mut line, name);
    cx.flush()?;
    let (asked, lines) = command::pipe().map_err(failed)?;
    let (told, answer) = command::pipe().map_err(failed)?;
    let fds = [asked.as_fd(), answer.as_fd(), cx.stderr];
    let pid = command::start(&line, &mut cx.env.iter(), fds).map_err(failed)?;
    drop((asked, answer));
    // A program that does not read them is no failure.
    let text: Vec<u8> = mapping.lines.iter().flat_map(|l| [l.as_slice(), b"\n"].concat()).collect();
    let _ = write_all(lines.as_fd(), &text);
    drop(lines);
    let answer = stream::to_end(told.as_fd());
    let status = command::wait(pid);
    let answer = answer.map_err(|e| Error::os(show_bytes(&mapping.script), e))?;
    let line = answer.split(|&b| b == b'\n').next().unwrap_or_default();
    Ok(if status == Ok(0) && !line.is_empty() { line.to_vec() } else { name.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix_of(address: &str, mask: &str) -> Option<String> {
        let mut setup = Interface::default();
        setup.options.push((b"address".to_vec(), address.as_bytes().to_vec()));
        if !mask.is_empty() {
            setup.options.push((b"netmask".to_vec(), mask.as_bytes().to_vec()));
        }
        prefix(&setup).map(|text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn prefixes() {
        let is = |address: &str, mask: &str, expected: &str| {
            assert_eq!(prefix_of(address, mask).as_deref(), Some(expected));
        };
        is("192.0.2.1/26", "", "26");
        is("192.0.2.1", "255.255.255.128", "25");
        is("192.0.2.1", "20", "20");
        is("10.0.0.1", "", "8");
        is("2001:db8::1", "", "64");
        is("2001:db8::1", "48", "48");
        assert_eq!(prefix_of("192.0.2.1", "255.0.255.0"), None);
        assert_eq!(prefix_of("nowhere", "24"), None);
    }
}
