//! rpm2cpio: the archive in an RPM package. Linux Standard Base, "Package
//! Format"; whatever it is compressed with.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::compress::{Cause, Input, Unpacker};
use crate::sys;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "rpm2cpio",
    summary: "give the archive in an RPM package",
    usage: "[PACKAGE.rpm]",
    kind: Kind::Fork, // reads for as long as that takes
    run,
};

const LEAD: u64 = 96;

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("").map_err(|e| e.with(Status::FAILURE))?;
    options.at_most(1).map_err(|e| e.with(Status::FAILURE))?;
    let opened;
    let (from, name): (BorrowedFd, _) = match options.operands.first() {
        Some(name) if name != "-" => {
            opened = File::open(name).map_err(|e| Error::os(show(name), e))?;
            (opened.as_fd(), show(name).to_string())
        }
        _ => (cx.stdin, "standard input".to_string()),
    };
    let mut input = Input::new(Box::new(sys::fd::Reader(from)));
    payload(&mut input).map_err(|cause| match cause {
        Cause::Read(errno) => Error::os(&name, nix::errno::Errno::from_raw(errno)),
        Cause::Truncated => Error::msg(format_args!("{name}: it is cut off")),
        _ => Error::msg(format_args!("{name}: not an RPM package")),
    })?;
    let fail = |e: crate::compress::Error| Error::msg(format_args!("{name}: {e}"));
    let mut stream = Unpacker::detect(input).map_err(fail)?;
    loop {
        let piece = stream.piece().map_err(fail)?;
        if piece.is_empty() {
            return Ok(Status::OK);
        }
        cx.put(piece)?;
    }
}

/// Passes over what is in front of the archive: the lead, the signatures
/// (filled up to a multiple of eight), the header.
pub fn payload(input: &mut Input) -> Result<(), Cause> {
    if input.peek(4)?.get(..4) != Some(b"\xed\xab\xee\xdb") {
        return Err(Cause::Corrupt);
    }
    input.skip(LEAD)?;
    let size = structure(input)?;
    input.skip(size.wrapping_neg() % 8)?;
    structure(input).map(drop)
}

/// Passes over one header; gives its size.
fn structure(input: &mut Input) -> Result<u64, Cause> {
    let [0x8e, 0xad, 0xe8, 1, _, _, _, _, a, b, c, d, e, f, g, h] = input.take::<16>()? else {
        return Err(Cause::Corrupt);
    };
    let entries = u64::from(u32::from_be_bytes([a, b, c, d]));
    let bytes = u64::from(u32::from_be_bytes([e, f, g, h]));
    let size = entries * 16 + bytes;
    input.skip(size)?;
    Ok(size)
}
