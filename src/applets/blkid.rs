//! blkid: what is on block devices. blkid(8) of util-linux 2.38.
//!
//! Deviations: there is no cache, so that every answer is of now (`-c`, `-g`
//! and `-w` are taken and ignored); ambivalent and unreadable devices and
//! duplicates of what `-L`, `-U` and `-l` look for are named on standard error;
//! `-o json`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::applet::{Applet, Ctx, Error, Kind, Status, reason, show};
use crate::blk::probe::formats::FORMATS;
use crate::blk::probe::tables::{Partition, Table};
use crate::blk::probe::{Content, Source, Usage, Value};
use crate::blk::scan::{self, Device, Part};
use crate::size;

mod output;

use output::Format;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "blkid",
    summary: "what is on block devices: types, labels, UUIDs",
    usage: "[-l] [-o FORMAT] [-s TAG]... [-t NAME=VALUE] [DEVICE...]\n\
            \x20      blkid -L LABEL | -U UUID\n\
            \x20      blkid -p [-O OFFSET] [-S SIZE] [-o FORMAT] [-s TAG]... DEVICE...\n\
            \x20      blkid -i DEVICE...    sizes for input and output\n\
            \x20 -l  only the first    -o  full, value, export, udev, list, device, json\n\
            \x20 -s  only this tag     -t  only devices where NAME is VALUE\n\
            \x20 -p  all that is known, with USAGE, VERSION and PART_ENTRY_*\n\
            \x20 -n, -u  with -p: only these types or usages, or with no in front all but these\n\
            \x20 -k  types that are known    -c FILE, -g, -w  are ignored\n\
            exit status 2: nothing found; 8: several types exclude each other",
    kind: Kind::Fork, // reads disks
    run,
};

/// Nothing that was asked for is there.
const NOT_FOUND: Status = Status(2);
/// The command line makes no sense.
const USAGE: Status = Status(4);
/// Several things exclude each other.
const AMBIVALENT: Status = Status(8);

#[derive(Default)]
struct Choice {
    first: bool,
    low: bool,
    no_parts: bool,
    format: Format,
    shown: Vec<OsString>,
    token: Option<(Vec<u8>, Vec<u8>)>,
    types: Option<(bool, Vec<u8>)>,
    usages: Option<(bool, Vec<u8>)>,
    offset: u64,
    size: Option<u64>,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    main(cx).map_err(|error| if error.is_usage() { error.with(USAGE) } else { error })
}

fn main(cx: &mut Ctx) -> Result<Status, Error> {
    let mut c = Choice::default();
    let mut options = cx.parse(
        "c:cache-file d,no-encoding h,help g,garbage-collect H:hint D,no-part-details i,info \
        k,list-filesystems l,list-one L:label n:match-types o:output O:offset p,probe \
        s:match-tag S:size t:match-token u:usages U:uuid V,version w:",
    )?;
    let mut info = false;
    while let Some(letter) = options.next() {
        match letter {
            b'k' => return known(cx),
            b'V' => {
                cx.put(b"blkid from rescuebox\n")?;
                return Ok(Status::OK);
            }
            b'h' => {
                cx.put(crate::applet::help("blkid", &APPLET).as_bytes())?;
                return Ok(Status::OK);
            }
            b'i' => info = true,
            b'l' => c.first = true,
            b'p' => c.low = true,
            b'D' => c.no_parts = true,
            b'L' => return lookup(cx, scan::Tag::Label, &options.bytes()),
            b'U' => return lookup(cx, scan::Tag::Uuid, &options.bytes()),
            b'n' => c.types = Some(listed(options.bytes())),
            b'u' => c.usages = Some(listed(options.bytes())),
            b'o' => {
                let text = options.value();
                c.format = Format::of(text.as_bytes())
                    .ok_or_else(|| Error::bad(show(&text), "unsupported output format"))?;
            }
            b's' => c.shown.push(options.value()),
            b't' => {
                let text = options.bytes();
                let mut parts = text.splitn(2, |&b| b == b'=');
                let (name, value) = (parts.next().unwrap_or_default(), parts.next());
                let Some(value) = value else {
                    return Err(Error::usage("-t needs NAME=VALUE"));
                };
                let plain = value.strip_prefix(b"\"").and_then(|v| v.strip_suffix(b"\""));
                c.token = Some((name.to_vec(), plain.unwrap_or(value).to_vec()));
            }
            b'O' => c.offset = bytes(&options.value())?,
            b'S' => c.size = Some(bytes(&options.value())?),
            _ => {}
        }
    }
    let operands = options.operands;
    if c.low || info {
        if operands.is_empty() {
            return Err(Error::usage("-p and -i need a device"));
        }
        if c.format == Format::List {
            return Err(Error::usage("-p has no output format 'list'"));
        }
        let mut printer = output::Printer::new(cx, c.format, &c.shown);
        printer.low = true;
        let mut status = Status::OK;
        for operand in &operands {
            let done = if info {
                topology(cx, &mut printer, operand)?
            } else {
                probe(cx, &c, &mut printer, operand)?
            };
            if done != Status::OK {
                status = done;
            }
        }
        printer.finish(cx)?;
        return Ok(status);
    }
    cached(cx, &c, &operands)
}

fn listed(mut text: Vec<u8>) -> (bool, Vec<u8>) {
    let all_but = text.starts_with(b"no");
    if all_but {
        text.drain(..2);
    }
    (all_but, text)
}

fn accepts(list: &Option<(bool, Vec<u8>)>, name: &str) -> bool {
    list.as_ref().is_none_or(|(all_but, text)| {
        text.split(|&b| b == b',').any(|word| word == name.as_bytes()) != *all_but
    })
}

fn bytes(text: &OsString) -> Result<u64, Error> {
    size::parse(text.as_bytes()).ok_or_else(|| Error::bad(show(text), "not a number of bytes"))
}

/// `-k`: types that can be mounted, and those that cannot.
fn known(cx: &mut Ctx) -> Result<Status, Error> {
    for format in FORMATS {
        for kind in [format.kind, "ext3", "ext2", "jbd"] {
            if kind == format.kind || format.kind == "ext4" {
                cx.put(kind.as_bytes())?;
                cx.put(b"\n")?;
            }
        }
    }
    Ok(Status::OK)
}

/// `-L`, `-U`: the device.
fn lookup(cx: &mut Ctx, tag: scan::Tag, wanted: &[u8]) -> Result<Status, Error> {
    let found = scan::find(tag, wanted);
    let Some(best) = scan::best(&found) else { return Ok(NOT_FOUND) };
    for other in found.iter().filter(|other| *other != best) {
        cx.note(format_args!("{} has it too", show(&other.path())));
    }
    cx.put(best.path().as_os_str().as_bytes())?;
    cx.put(b"\n")?;
    Ok(Status::OK)
}

/// The values of high-level answers: those that scripts have always seen.
fn plain_values(content: &Content, part: Option<&Partition>, table: Option<&Table>) -> Vec<Value> {
    let mut list = Vec::new();
    if let Content::One(found) = content {
        let quiet = |name: &str| name == "VERSION" || name.contains("_ID");
        list.extend(found.values.iter().filter(|(name, _)| !quiet(name)).cloned());
        list.push(("TYPE", found.kind.into()));
    }
    push_table(&mut list, table);
    if let Some(part) = part {
        for (name, text) in [("PARTLABEL", &part.name), ("PARTUUID", &part.uuid)] {
            if !text.is_empty() {
                list.push((name, text.clone()));
            }
        }
    }
    list
}

fn push_table(list: &mut Vec<Value>, table: Option<&Table>) {
    if let Some(table) = table {
        if !table.id.is_empty() {
            list.push(("PTUUID", table.id.clone()));
        }
        list.push(("PTTYPE", table.kind.into()));
    }
}

/// The kernel's device that a path is the node of.
fn device_of(path: &Path) -> Option<Device> {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    let meta = std::fs::metadata(path).ok()?;
    if !meta.file_type().is_block_device() {
        return None;
    }
    let number = (
        u32::try_from(nix::sys::stat::major(meta.rdev())).ok()?,
        u32::try_from(nix::sys::stat::minor(meta.rdev())).ok()?,
    );
    let link = format!("/sys/dev/block/{}:{}", number.0, number.1);
    let link = std::fs::read_link(link).ok()?;
    scan::device(link.file_name()?.as_bytes())
}

fn cached(cx: &mut Ctx, c: &Choice, operands: &[OsString]) -> Result<Status, Error> {
    let mut tables = scan::Tables::default();
    let mut printer = output::Printer::new(cx, c.format, &c.shown);
    let mut any = false;
    let mut list: Vec<(OsString, Option<Device>)> = Vec::new();
    let all = operands.is_empty();
    if all {
        let devices = scan::devices();
        for device in &devices {
            // A disk with partitions is told by them.
            let divided = devices.iter().any(|other| other.parent == device.name);
            if device.size > 2 && !divided {
                list.push((device.path().into_os_string(), Some(device.clone())));
            }
        }
    }
    for operand in operands {
        list.push((operand.clone(), device_of(Path::new(operand))));
    }
    let mut given = 0;
    for (name, device) in &list {
        let opened = match scan::open(Path::new(name)) {
            Ok(opened) => opened,
            Err(error) => {
                if !all && error.kind() != std::io::ErrorKind::NotFound {
                    cx.note(format_args!("{}: {}", show(name), reason(&error)));
                }
                continue;
            }
        };
        let look = scan::look(&opened, opened.sector);
        let several = look.content.ambivalent();
        if !several.is_empty() {
            cx.note(format_args!("{}: ambivalent: {several}", show(name)));
        }
        if look.unreadable {
            cx.note(format_args!("{}: parts of it cannot be read", show(name)));
        }
        let part = device.as_ref().and_then(|device| tables.row(device)).map(|(_, row)| row);
        let values = plain_values(&look.content, part, look.table.as_ref());
        if values.is_empty() {
            continue;
        }
        if let Some((wanted, text)) = &c.token {
            let hit = values.iter().any(|(n, v)| n.as_bytes() == wanted && v == text);
            if !hit {
                continue;
            }
        }
        given += 1;
        if c.first && given > 1 {
            cx.note(format_args!("{} has it too", show(name)));
            continue;
        }
        any = true;
        printer.device(cx, name, &values)?;
    }
    printer.finish(cx)?;
    Ok(if any { Status::OK } else { NOT_FOUND })
}

fn probe(
    cx: &mut Ctx,
    c: &Choice,
    printer: &mut output::Printer,
    operand: &OsStr,
) -> Result<Status, Error> {
    let opened = match scan::open(Path::new(operand)) {
        Ok(opened) => opened,
        Err(error) => {
            cx.note(format_args!("error: {}: {}", show(operand), reason(&error)));
            return Ok(NOT_FOUND);
        }
    };
    let length = opened.size().saturating_sub(c.offset);
    let part =
        Part { whole: &opened, offset: c.offset, length: c.size.unwrap_or(length).min(length) };
    let mut disk = crate::blk::probe::Disk::new(&part);
    disk.sector = opened.sector;
    let wanted = |kind: &'static str, usage: Usage| {
        accepts(&c.types, kind) && accepts(&c.usages, usage.name())
    };
    let content = crate::blk::probe::content(&mut disk, &wanted);
    let mut values = Vec::new();
    let mut raid = false;
    match &content {
        Content::Nothing => {}
        Content::One(found) => {
            values.extend(found.values.iter().cloned());
            values.push(("TYPE", found.kind.into()));
            values.push(("USAGE", found.usage.name().into()));
            raid = found.usage == Usage::Raid;
        }
        Content::Ambivalent(list) => {
            if c.format == Format::Udev {
                printer.ambivalent(cx, list)?;
            }
            cx.note(format_args!(
                "{}: ambivalent result (probably more filesystems on the device, use wipefs(8) \
                 to see more details): {}",
                show(operand),
                content.ambivalent()
            ));
            return Ok(AMBIVALENT);
        }
    }
    let restricted = c.types.is_some() || c.usages.is_some();
    if !raid && !restricted {
        push_table(&mut values, crate::blk::probe::tables::table(&mut disk).as_ref());
    }
    if disk.unreadable {
        cx.note(format_args!("{}: parts of it cannot be read", show(operand)));
    }
    if opened.is_device
        && !c.no_parts
        && !restricted
        && let Some(device) = device_of(Path::new(operand))
        && let Some((scheme, row)) = scan::Tables::default().row(&device)
    {
        row.values(scheme, &mut values);
        if let Some(disk) = scan::attribute(&device.parent, "dev") {
            values.push(("PART_ENTRY_DISK", disk));
        }
    }
    if let Some((name, text)) = &c.token
        && !values.iter().any(|(n, v)| n.as_bytes() == name && v == text)
    {
        return Ok(NOT_FOUND);
    }
    if values.is_empty() {
        return Ok(NOT_FOUND);
    }
    printer.device(cx, operand, &values)?;
    Ok(Status::OK)
}

/// `-i`: sizes that the device tells.
fn topology(cx: &mut Ctx, printer: &mut output::Printer, operand: &OsStr) -> Result<Status, Error> {
    use crate::sys::block;
    use std::os::fd::AsFd;
    let opened = scan::open(Path::new(operand)).map_err(|e| Error::os(show(operand), e))?;
    if !opened.is_device {
        return Ok(NOT_FOUND);
    }
    let mut values: Vec<Value> = Vec::new();
    for (name, question, always) in [
        ("ALIGNMENT_OFFSET", block::ALIGNMENT, false),
        ("MINIMUM_IO_SIZE", block::IO_MIN, true),
        ("OPTIMAL_IO_SIZE", block::IO_BEST, false),
        ("PHYSICAL_SECTOR_SIZE", block::PHYSICAL_SIZE, true),
        ("LOGICAL_SECTOR_SIZE", block::SECTOR_SIZE, true),
    ] {
        if let Ok(number) = block::ask(opened.as_fd(), question)
            && (number != 0 || always)
        {
            values.push((name, number.to_string().into_bytes()));
        }
    }
    printer.device(cx, operand, &values)?;
    Ok(Status::OK)
}
