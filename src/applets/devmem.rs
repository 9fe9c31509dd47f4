//! devmem: read or write physical memory. busybox's.

use nix::fcntl::OFlag;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::sys::{path, physical};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "devmem",
    summary: "read or write physical memory",
    usage: "ADDRESS [WIDTH [VALUE]]\n\
            \x20 WIDTH  8, 16, 32, 64, or b, h, w, l (default: that of this machine)\n\
            \x20 Numbers as in C: 0x10, 010, 16.",
    kind: Kind::NoFork, // an access
    run,
};

/// A number as C writes it.
fn number(word: &std::ffi::OsStr) -> Result<u64, Error> {
    let text = word.to_str().unwrap_or_default();
    let (digits, base) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if text.starts_with('0') && text.len() > 1 => (text, 8),
        None => (text, 10),
    };
    u64::from_str_radix(digits, base)
        .map_err(|_| Error::bad(show(word), "not a number").with(Status::FAILURE))
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("").map_err(|e| e.with(Status::FAILURE))?;
    options.at_most(3).map_err(|e| e.with(Status::FAILURE))?;
    let words = &options.operands;
    let Some(first) = words.first() else {
        return Err(Error::usage("which address?").with(Status::FAILURE));
    };
    let address = number(first)?;
    let mut bits = usize::BITS;
    if let Some(word) = words.get(1) {
        let width = match word.to_str().map(str::to_ascii_lowercase).as_deref() {
            Some("b") => Some(8),
            Some("h") => Some(16),
            Some("w") => Some(32),
            Some("l") => Some(64),
            Some(digits) => digits.parse().ok().filter(|bits| matches!(bits, 8 | 16 | 32 | 64)),
            None => None,
        };
        bits = width.ok_or_else(|| Error::bad(show(word), "not a width").with(Status::FAILURE))?;
    }
    let value = words.get(2).map(|word| number(word)).transpose()?;
    if !address.is_multiple_of(u64::from(bits / 8)) {
        return Err(Error::about(show(first), "not a multiple of the width"));
    }
    let mode = if value.is_some() { OFlag::O_RDWR } else { OFlag::O_RDONLY };
    let memory =
        path::open("/dev/mem", mode | OFlag::O_SYNC).map_err(|e| Error::os("/dev/mem", e))?;
    let read = physical::access(&memory, address, bits, value)
        .map_err(|e| Error::os(format_args!("/dev/mem at {address:#x}"), e))?;
    if value.is_none() {
        let digits = usize::try_from(bits / 4).unwrap_or(16);
        cx.print(format_args!("0x{read:0digits$X}\n"))?;
    }
    Ok(Status::OK)
}
