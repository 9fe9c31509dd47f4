//! vm: boot a folder or a disk as a virtual machine, and run a command in it.
//!
//! Options of our own, in the manner of virtme-ng. Exit status as design
//! documents have it: the command's own, 128+N after signal N, 124 when the
//! time was up, 125 when the runner failed, 126 and 127 when the command could
//! not be run or found, 254 when the boot failed, 255 when the kernel stopped.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use argh::FromArgs;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::interval;
use crate::vm::qemu::Accel;
use crate::vm::{self, Mount, Options};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "vm",
    summary: "boot a folder or disk as a virtual machine, run a command in it",
    usage: "[OPTION...] [-- COMMAND ARG...]\n\
            \x20 --root DIR            its root, read-only unless --rw or --overlay\n\
            \x20 --rw                  it may write to DIR and to disks\n\
            \x20 --overlay             it may write to its root, which is lost with it\n\
            \x20 --disk IMG            a disk (raw, qcow2), not changed but with --rw (repeat)\n\
            \x20 --mount TAG=DIR       one more folder, at /run/mnt/TAG; or --mount-ro\n\
            \x20 --kernel FILE         its kernel; otherwise DIR's newest, then this host's\n\
            \x20 --modules-dir DIR     the kernel's modules (.../lib/modules/VERSION)\n\
            \x20 --initrd FILE         its initramfs, instead of one made here\n\
            \x20 --keep-signatures     modules stay whole, not stripped\n\
            \x20 --name NAME           what attach calls it; it stays when its boot fails\n\
            \x20 --no-attach           nobody comes to its rescue shell with attach\n\
            \x20 --init PATH           the root's init, with its console here\n\
            \x20 --memory SIZE         1G; K, M, G, T                 --cpus N   1\n\
            \x20 --append WORDS        more for the kernel command line (repeat)\n\
            \x20 --accel LIST          auto (what works), kvm, tcg\n\
            \x20 --net none|user       none; user: outward only, and this host's own\n\
            \x20                       services, at 10.0.2.2\n\
            \x20 --timeout SECONDS     then it ends, with status 124\n\
            \x20 --json, -v            a report as the last line of standard error; what QEMU says\n\
            Without COMMAND: a rescue shell, or with --root its /bin/sh. Status: COMMAND's;\n\
            124 timeout, 125 failure here, 126 cannot run, 127 not found, 254 boot failed.",
    kind: Kind::Exec, // runs as long as the machine does
    run,
};

/// The command line.
#[derive(FromArgs)]
#[argh(help_triggers("-h", "--help"))]
struct Line {
    /// the root
    #[argh(option)]
    root: Option<String>,
    /// it may write
    #[argh(switch)]
    rw: bool,
    /// a layer in memory
    #[argh(switch)]
    overlay: bool,
    /// a disk
    #[argh(option)]
    disk: Vec<String>,
    /// one more folder
    #[argh(option)]
    mount: Vec<String>,
    /// one more folder, read-only
    #[argh(option)]
    mount_ro: Vec<String>,
    /// the kernel
    #[argh(option)]
    kernel: Option<String>,
    /// its modules
    #[argh(option)]
    modules_dir: Option<String>,
    /// the initramfs
    #[argh(option)]
    initrd: Option<String>,
    /// signatures of modules stay
    #[argh(switch)]
    keep_signatures: bool,
    /// the root's init
    #[argh(option)]
    init: Option<String>,
    /// what attach calls it
    #[argh(option)]
    name: Option<String>,
    /// nobody comes in
    #[argh(switch)]
    no_attach: bool,
    /// memory
    #[argh(option, default = "String::from(\"1G\")")]
    memory: String,
    /// processors
    #[argh(option, default = "String::from(\"1\")")]
    cpus: String,
    /// for the kernel command line
    #[argh(option)]
    append: Vec<String>,
    /// what runs it
    #[argh(option, default = "String::from(\"auto\")")]
    accel: String,
    /// network
    #[argh(option, default = "String::from(\"none\")")]
    net: String,
    /// seconds
    #[argh(option)]
    timeout: Option<String>,
    /// a report
    #[argh(switch)]
    json: bool,
    /// more to read
    #[argh(switch, short = 'v')]
    verbose: bool,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let wrong = |error: Error| error.with(Status(125));
    let split = cx.args.iter().position(|arg| arg == "--");
    let (own, command) = match split {
        Some(at) => (cx.args.get(..at), cx.args.get(at + 1..)),
        None => (Some(cx.args), None),
    };
    let (own, command) = (own.unwrap_or_default(), command.unwrap_or_default());
    let Some(line) = parse(cx, own).map_err(wrong)? else { return Ok(Status::OK) };
    if split.is_some() && command.is_empty() {
        return Err(wrong(Error::usage("no COMMAND behind --")));
    }
    let options = options(line, command).map_err(wrong)?;
    vm::run(cx, &options)
}

/// The options; `None` when only help was wanted.
fn parse(cx: &mut Ctx, args: &[OsString]) -> Result<Option<Line>, Error> {
    let words = super::words(args)?;
    match Line::from_args(&[cx.name], &words) {
        Ok(line) => Ok(Some(line)),
        Err(exit) => super::help_or_usage(cx, &APPLET, exit).map(|()| None),
    }
}

/// What the words mean.
fn options(line: Line, command: &[OsString]) -> Result<Options, Error> {
    if line.init.is_some() && !command.is_empty() {
        return Err(Error::usage("--init and a COMMAND exclude one another"));
    }
    if line.overlay && line.root.is_none() {
        return Err(Error::usage("--overlay is about the root: --root DIR is missing"));
    }
    if line.overlay && line.rw {
        return Err(Error::usage("--overlay and --rw exclude one another"));
    }
    let mut mounts = Vec::new();
    for (list, writable) in [(&line.mount, true), (&line.mount_ro, false)] {
        for text in list {
            mounts.push(mount(text, writable)?);
        }
    }
    if let Some(name) = line.name.as_deref().filter(|name| !vm::door::is_name(name.as_bytes())) {
        let name = show(name);
        return Err(Error::usage(format_args!("'{name}': a name is letters, digits and -_")));
    }
    let cpus = line.cpus.parse().ok().filter(|cpus| (1..=255).contains(cpus)).ok_or_else(|| {
        let text = show(&line.cpus);
        Error::usage(format_args!("'{text}': no number of processors, which is 1 to 255"))
    })?;
    Ok(Options {
        root: line.root.map(PathBuf::from),
        writable: line.rw,
        overlay: line.overlay,
        mounts,
        disks: line.disk.iter().map(PathBuf::from).collect(),
        kernel: line.kernel.map(PathBuf::from),
        modules: line.modules_dir.map(PathBuf::from),
        initrd: line.initrd.map(PathBuf::from),
        memory: memory(&line.memory)?,
        cpus,
        append: line.append,
        accel: accel(&line.accel)?,
        network: match line.net.as_str() {
            "none" => false,
            "user" => true,
            other => {
                let other = show(other);
                return Err(Error::usage(format_args!("'{other}': a network is none or user")));
            }
        },
        timeout: line.timeout.as_deref().map(seconds).transpose()?,
        json: line.json,
        verbose: line.verbose,
        keep_signatures: line.keep_signatures,
        init: line.init,
        door: !line.no_attach,
        name: line.name,
        command: command.to_vec(),
    })
}

fn mount(text: &str, writable: bool) -> Result<Mount, Error> {
    match text.split_once('=') {
        Some((tag, dir)) if !dir.is_empty() => {
            Ok(Mount { tag: tag.to_string(), dir: PathBuf::from(dir), writable })
        }
        _ => Err(Error::usage(format_args!("'{}': a mount is TAG=DIR", show(text)))),
    }
}

/// Bytes of memory: `512M`, `1G`; without a letter, as with QEMU, mebibytes.
fn memory(text: &str) -> Result<u64, Error> {
    let wrong = || {
        let text = show(text);
        Error::usage(format_args!("'{text}': no size of memory, which is 16M to 16T (512M, 1G)"))
    };
    let (digits, shift) = match text.as_bytes().split_last() {
        Some((b'k' | b'K', _)) => (text.get(..text.len() - 1), 10),
        Some((b'm' | b'M', _)) => (text.get(..text.len() - 1), 20),
        Some((b'g' | b'G', _)) => (text.get(..text.len() - 1), 30),
        Some((b't' | b'T', _)) => (text.get(..text.len() - 1), 40),
        _ => (Some(text), 20),
    };
    let number: u64 = digits.and_then(|text| text.parse().ok()).ok_or_else(wrong)?;
    let bytes = number.checked_mul(1 << shift).ok_or_else(wrong)?;
    if (16 << 20..=16 << 40).contains(&bytes) { Ok(bytes) } else { Err(wrong()) }
}

/// What to try, in order; empty for all.
fn accel(text: &str) -> Result<Vec<Accel>, Error> {
    let mut list = Vec::new();
    for word in text.split(',') {
        match word {
            "auto" => return Ok(Vec::new()),
            "kvm" => list.push(Accel::Kvm),
            "tcg" => list.push(Accel::Tcg),
            _ => {
                let word = show(word);
                return Err(Error::usage(format_args!("'{word}': --accel knows auto, kvm, tcg")));
            }
        }
    }
    Ok(list)
}

fn seconds(text: &str) -> Result<Duration, Error> {
    let known = |time: &Duration| !time.is_zero() && time.as_secs() < 1_000_000_000;
    interval::parse(text.as_bytes())
        .ok()
        .flatten()
        .filter(known)
        .ok_or_else(|| Error::usage(format_args!("'{}': no time, which is 5, 0.5, 2m", show(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_memory() {
        assert_eq!(memory("1G").unwrap(), 1 << 30);
        assert_eq!(memory("512").unwrap(), 512 << 20);
        assert_eq!(memory("65536k").unwrap(), 64 << 20);
        for wrong in ["", "M", "1", "-1G", "1X", "999999999999T"] {
            assert!(memory(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn accelerators() {
        assert!(accel("auto").unwrap().is_empty());
        assert_eq!(accel("kvm,tcg").unwrap(), [Accel::Kvm, Accel::Tcg]);
        assert!(accel("xen").is_err());
    }

    #[test]
    fn times() {
        assert_eq!(seconds("5").unwrap(), Duration::from_secs(5));
        assert_eq!(seconds("0.5s").unwrap(), Duration::from_millis(500));
        for wrong in ["", "0", "-1", "nan", "inf", "5 m"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
