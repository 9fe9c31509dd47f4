//! mkswap: make swap space. util-linux, busybox.

use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, FileTypeExt, OpenOptionsExt};
use std::path::Path;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::blk::probe::{Source, text};
use crate::blk::{identity, scan};
use crate::options::number;
use crate::size;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "mkswap",
    summary: "make swap space",
    usage: "[-fq] [-L LABEL] [-U UUID] [-p PAGESIZE] DEVICE [KIB]\n\
            \x20 -f  larger than the device, or over a partition table    -q  say nothing",
    kind: Kind::Fork, // writes to disks
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "L:label U:uuid p:pagesize f,force q,quiet c,check v:swapversion e:endianness -l:lock",
    )?;
    let mut label = Vec::new();
    let mut id: Option<[u8; 16]> = None;
    let mut page: usize = 4096;
    while let Some(letter) = options.next() {
        match letter {
            b'L' => label = options.bytes(),
            b'U' => {
                let word = options.value();
                id = Some(match word.as_bytes() {
                    b"random" | b"time" => identity::random(),
                    b"clear" => [0; 16],
                    bytes => {
                        text::uuid_of(bytes).ok_or_else(|| Error::bad(show(&word), "not a UUID"))?
                    }
                });
            }
            b'p' => {
                let n = usize::try_from(options.number("not a page size")?).unwrap_or(0);
                if !n.is_power_of_two() || !(1024..=65536).contains(&n) {
                    return Err(Error::usage("a page has 1024 to 65536 bytes"));
                }
                page = n;
            }
            _ => {}
        }
    }
    let (path, blocks) = match options.operands.as_slice() {
        [path] => (path, None),
        [path, blocks] => (path, Some(blocks)),
        _ => return Err(Error::usage("which device?").with(Status::FAILURE)),
    };
    let force = options.has(b'f');
    let fail = |e: std::io::Error| Error::os(show(path), e);
    let opened = scan::open(Path::new(path)).map_err(fail)?;
    let mut bytes = opened.size();
    if let Some(blocks) = blocks {
        let wrong = || Error::bad(show(blocks), "not a number of KiB");
        let wanted = number(blocks).ok_or_else(wrong)?.saturating_mul(1024);
        if wanted > bytes && !force {
            return Err(Error::about(show(path), "the size is larger than the device; -f does it"));
        }
        bytes = wanted;
    }
    let pages = bytes / page as u64;
    if pages < 10 {
        return Err(Error::about(show(path), "swap space needs to be at least 40 KiB"));
    }
    let device = std::fs::metadata(path).is_ok_and(|m| m.file_type().is_block_device());
    let file = std::fs::File::options()
        .write(true)
        .custom_flags(if device && !force { libc::O_EXCL } else { 0 })
        .open(path)
        .map_err(fail)?;
    let look = scan::look(&opened, opened.sector);
    if let Some(table) = &look.table
        && !force
    {
        return Err(Error::msg(format_args!(
            "{}: a partition table is on it ({}); -f overwrites it",
            show(path),
            table.kind
        )));
    }
    let id = match id {
        Some(id) => id,
        None => identity::random(),
    };
    // <linux/swap.h>: union swap_header
    let last = u32::try_from(pages - 1).unwrap_or(u32::MAX);
    let mut header = vec![0; page];
    let label = label.get(..15).unwrap_or(&label);
    let mut put = |at: usize, bytes: &[u8]| {
        if let Some(place) = header.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    };
    put(1024, &1u32.to_ne_bytes());
    put(1028, &last.to_ne_bytes());
    put(1036, &id);
    put(1052, label);
    put(page - 10, b"SWAPSPACE2");
    // What was on it before must not be found again.
    let start = if force || look.table.is_none() { 0 } else { 1024 };
    file.write_all_at(header.get(start..).unwrap_or_default(), start as u64).map_err(fail)?;
    (&file).flush().map_err(fail)?;
    file.sync_all().map_err(fail)?;
    if !options.has(b'q') {
        let space = u64::from(last) * page as u64;
        let human = size::rounded_long(space);
        cx.print(format_args!("Setting up swapspace version 1, size = {human} ({space} bytes)\n"))?;
        if label.is_empty() {
            cx.put(b"no label, ")?;
        } else {
            cx.print(format_args!("LABEL={}, ", crate::applet::show_bytes(label)))?;
        }
        let uuid = text::uuid(&id);
        cx.print(format_args!("UUID={}\n", crate::applet::show_bytes(&uuid)))?;
    }
    Ok(Status::OK)
}
