//! mknod: make device nodes and named pipes. GNU, busybox.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::sys::stat::{Mode, SFlag, makedev};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::{mode, sys};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "mknod",
    summary: "make device nodes and named pipes",
    usage: "[-m MODE] NAME b|c|u MAJOR MINOR\n\
            \x20      mknod [-m MODE] NAME p\n\
            \x20 b block device, c or u character device, p named pipe;\n\
            \x20 numbers are decimal, or octal with 0, or hexadecimal with 0x\n\
            \x20 -m  permissions; otherwise a=rw less the umask",
    kind: Kind::NoFork, // one system call that does not wait
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut exactly = None;
    let mut options = cx.parse("m:mode")?;
    if let Some(text) = options.take(b'm') {
        let mode = mode::parse(text.as_bytes(), 0o666, sys::process::umask(), false);
        exactly = Some(mode.map_err(|_| Error::bad(show(&text), "not a mode"))?);
    }
    let (name, kind, device) = match options.operands.as_slice() {
        [name, kind] if kind == "p" => (name, SFlag::S_IFIFO, 0),
        [name, kind, major, minor] => {
            let kind = match kind.as_bytes() {
                b"b" => SFlag::S_IFBLK,
                b"c" | b"u" => SFlag::S_IFCHR,
                b"p" => return Err(Error::usage("a pipe has no device number")),
                _ => return Err(Error::bad(show(kind), "no type b, c, u, p")),
            };
            (name, kind, makedev(number(major, 0xfff)?, number(minor, 0xf_ffff)?))
        }
        [_, kind] if matches!(kind.as_bytes(), b"b" | b"c" | b"u") => {
            return Err(Error::usage("a device has a major and a minor number"));
        }
        _ => return Err(Error::usage("wants a name, a type and the numbers of a device")),
    };
    let path = Path::new(name);
    let mode = Mode::from_bits_truncate(exactly.unwrap_or(0o666));
    nix::sys::stat::mknod(path, kind, mode, device).map_err(|e| Error::os(show(path), e))?;
    if exactly.is_some() {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::Permissions::from_mode(mode.bits());
        std::fs::set_permissions(path, mode).map_err(|e| Error::os(show(path), e))?;
    }
    Ok(Status::OK)
}

fn number(text: &OsStr, limit: u64) -> Result<u64, Error> {
    let wrong = || Error::bad(show(text), "not a device number");
    let text = text.to_str().ok_or_else(wrong)?;
    let (digits, radix) = match text.strip_prefix("0x") {
        Some(rest) => (rest, 16),
        None if text.len() > 1 && text.starts_with('0') => (text, 8),
        None => (text, 10),
    };
    if digits.starts_with('+') {
        return Err(wrong());
    }
    u64::from_str_radix(digits, radix).ok().filter(|n| *n <= limit).ok_or_else(wrong)
}
