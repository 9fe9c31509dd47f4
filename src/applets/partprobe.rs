//! partprobe: tell the kernel of partitions. parted's: of a disk in use only
//! what has changed, so that mounted partitions stay.

use std::ffi::OsString;
use std::os::fd::AsFd;
use std::path::Path;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::blk::probe::Disk;
use crate::blk::probe::tables::table;
use crate::blk::scan::{self, Device};
use crate::sys::block::{self, PartitionOrder};

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
    if block::tell_number(opened.as_fd(), block::REREAD, 0).is_ok() {
        return Ok(());
    }
    // In use: the differences one by one.
    let real = path.canonicalize().map_err(fail)?;
    let name: Vec<u8> =
        real.strip_prefix("/dev").unwrap_or(&real).as_os_str().as_encoded_bytes().to_vec();
    let known: Vec<Device> = scan::devices().into_iter().filter(|d| d.parent == name).collect();
    let wanted = found.map(|table| table.partitions).unwrap_or_default();
    let place =
        |device: &Device| (scan::attribute_number(&device.name, "start").unwrap_or(0), device.size);
    let mut problem = None;
    for device in &known {
        let number = device.partition.unwrap_or(0);
        let same = wanted.iter().any(|p| p.number == number && (p.start, p.size) == place(device));
        if !same
            && let Err(errno) =
                block::partition(opened.as_fd(), PartitionOrder::Remove, number, 0, 0)
        {
            problem = Some(errno);
        }
    }
    for part in &wanted {
        let same =
            |d: &Device| d.partition == Some(part.number) && place(d) == (part.start, part.size);
        if !known.iter().any(same) {
            let (start, length) = (part.start * 512, part.size * 512);
            if let Err(errno) =
                block::partition(opened.as_fd(), PartitionOrder::Add, part.number, start, length)
            {
                problem = Some(errno);
            }
        }
    }
    match problem {
        Some(errno) => Err(Error::os(show(path), errno)),
        None => Ok(()),
    }
}
