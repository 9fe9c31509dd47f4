//! partprobe: tell the kernel of partitions. parted's: of a disk in use only
//! what has changed, so that mounted partitions stay.

use std::ffi::OsString;
use std::path::Path;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::blk::announce::announce;
use crate::blk::probe::Disk;
use crate::blk::probe::tables::table;
use crate::blk::scan;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "partprobe",
    summary: "tell the kernel of the partitions of disks",
    usage: "[-ds] [DEVICE...]\n\
            \x20 -d  do not tell    -s  show what is on the disks\n\
            without a device all disks",
    kind: Kind::Fork, // reads disks
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("d,dry-run s,summary")?;
    let mut disks: Vec<OsString> = options.operands.clone();
    if disks.is_empty() {
        for device in scan::devices() {
            if device.partition.is_none() && device.size > 0 && !device.name.starts_with(b"loop") {
                disks.push(device.path().into_os_string());
            }
        }
    }
    for disk in &disks {
        if let Err(error) = one(cx, Path::new(disk), options.has(b'd'), options.has(b's')) {
            cx.warn(error);
        }
    }
    Ok(cx.status())
}

fn one(cx: &mut Ctx, path: &Path, dry: bool, summary: bool) -> Result<(), Error> {
    let fail = |e: std::io::Error| Error::os(show(path), e);
    let opened = scan::open(path).map_err(fail)?;
    let mut bytes = Disk::new(&opened);
    bytes.sector = opened.sector;
    let found = table(&mut bytes);
    if summary {
        let kind = found
            .as_ref()
            .map_or("none", |table| if table.kind == "dos" { "msdos" } else { table.kind });
        cx.print(format_args!("{}: {kind} partitions", show(path)))?;
        for part in found.iter().flat_map(|table| &table.partitions) {
            cx.print(format_args!(" {}", part.number))?;
        }
        cx.put(b"\n")?;
    }
    if dry {
        return Ok(());
    }
    if !opened.is_device {
        return Err(Error::about(show(path), "not a block device"));
    }
    let wanted = found.map(|table| table.partitions).unwrap_or_default();
    announce(&opened, path, &wanted).map_err(|errno| Error::os(show(path), errno))
}
