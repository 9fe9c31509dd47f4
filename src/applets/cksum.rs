//! cksum, sum, crc32: check sums of files. POSIX's CRC; BSD's and System V's
//! sums of GNU; the CRC of gzip as busybox's crc32 has it.

use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status};
use crate::digest::Crc;
use crate::inputs;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "cksum",
    summary: "POSIX's CRC of files",
    usage: "[FILE...]",
    kind: Kind::Fork, // reading may block
    run: |cx| run(cx, Sum::Posix),
};

/// See the module.
pub(super) static CRC32: Applet = Applet {
    name: "crc32",
    summary: "gzip's CRC of files",
    usage: "[FILE...]",
    kind: Kind::Fork, // reading may block
    run: |cx| run(cx, Sum::Gzip),
};

/// See the module.
pub(super) static SUM: Applet = Applet {
    name: "sum",
    summary: "old check sums of files",
    usage: "[-rs] [FILE...]\n\x20 -r  BSD's sum and kilobytes (default); -s System V's and blocks of 512",
    kind: Kind::Fork, // reading may block
    run: |cx| run(cx, Sum::Bsd),
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sum {
    Posix,
    Gzip,
    Bsd,
    SystemV,
}

fn run(cx: &mut Ctx, mut sum: Sum) -> Result<Status, Error> {
    let mut options = cx.parse(if sum == Sum::Bsd { "r s,sysv" } else { "" })?;
    while let Some(letter) = options.next() {
        sum = if letter == b's' { Sum::SystemV } else { Sum::Bsd };
    }
    let operands = options.operands;
    inputs::each(cx, &operands, &mut |cx, input| {
        let mut crc = if sum == Sum::Gzip { Crc::gzip() } else { Crc::posix() };
        let mut length = 0u64;
        let mut bsd = 0u32;
        let mut total = 0u32;
        while let Some(block) = input.block()? {
            length += block.len() as u64;
            match sum {
                Sum::Posix | Sum::Gzip => crc.update(block),
                Sum::Bsd => {
                    for &byte in block {
                        bsd = ((bsd >> 1) + ((bsd & 1) << 15) + u32::from(byte)) & 0xffff;
                    }
                }
                Sum::SystemV => {
                    for &byte in block {
                        total = total.wrapping_add(u32::from(byte));
                    }
                }
            }
        }
        match sum {
            Sum::Posix => cx.print(format_args!("{} {length}", crc.finish_posix(length)))?,
            Sum::Gzip => cx.print(format_args!("{:08x}", crc.finish()))?,
            Sum::Bsd => cx.print(format_args!("{bsd:05} {:5}", length.div_ceil(1024)))?,
            Sum::SystemV => {
                let folded = (total & 0xffff) + (total >> 16);
                let folded = (folded & 0xffff) + (folded >> 16);
                cx.print(format_args!("{folded} {}", length.div_ceil(512)))?;
            }
        }
        if !operands.is_empty() {
            cx.put(b" ")?;
            cx.put(input.name.as_bytes())?;
        }
        cx.put(b"\n")
    })?;
    Ok(cx.status())
}
