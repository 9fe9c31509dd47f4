//! losetup: files as block devices. losetup(8) of util-linux, and busybox's
//! short forms.

use std::ffi::OsString;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::fsutil::{loops, mounts};
use crate::size;
use crate::sys::loopdev;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "losetup",
    summary: "files as block devices",
    usage: "[-rP] [-o OFFSET] [--sizelimit N] [-b SIZE] [--show] -f|DEVICE FILE\n\
            \x20      losetup -f               name a device that is free\n\
            \x20      losetup -a, -l           list those in use\n\
            \x20      losetup -j FILE          those of a file\n\
            \x20      losetup -d DEVICE...     let go of the file (-D: all)\n\
            \x20      losetup -c DEVICE        the file's size has changed\n\
            \x20      losetup DEVICE           what it is attached to\n\
            \x20 -r  not to be written    -P  look for partitions    -s, --show  name the device\n\
            \x20 -o, --sizelimit  the part of the file, in bytes or with K, M, G\n\
            \x20 --direct-io  past the page cache    -n, -O  list: no head; these columns",
    kind: Kind::Fork, // opens files that may block
    run,
};

#[derive(Default)]
struct Choice {
    all: bool,
    list: bool,
    find: bool,
    show: bool,
    detach: Option<Vec<OsString>>,
    detach_all: bool,
    reread: Option<OsString>,
    of_file: Option<OsString>,
    direct_io: bool,
    no_head: bool,
    raw: bool,
    columns: Option<String>,
    setup: loops::Setup,
    operands: Vec<OsString>,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut c = Choice::default();
    let mut options = cx.parse(
        "a,all l,list f,find s,show d:detach D,detach-all c:set-capacity \
        j:associated r,read-only P,partscan o:offset -S:sizelimit b:sector-size \
        -A?direct-io n,noheadings -R,raw O:output v,verbose",
    )?;
    while let Some(letter) = options.next() {
        match letter {
            b'a' => c.all = true,
            b'l' => c.list = true,
            b'f' => c.find = true,
            b's' => c.show = true,
            b'd' => {
                c.detach.get_or_insert_default().push(options.value());
            }
            b'D' => c.detach_all = true,
            b'c' => c.reread = Some(options.value()),
            b'j' => c.of_file = Some(options.value()),
            b'r' => c.setup.flags |= loopdev::READ_ONLY,
            b'P' => c.setup.flags |= loopdev::PARTSCAN,
            b'o' => c.setup.offset = bytes(&options.value())?,
            b'S' => c.setup.size_limit = bytes(&options.value())?,
            b'b' => {
                let text = options.value();
                let size = u32::try_from(bytes(&text)?).ok();
                let size = size.filter(|s| s.is_power_of_two() && (512..=65536).contains(s));
                c.setup.block_size =
                    size.ok_or_else(|| Error::bad(show(&text), "not a size of blocks"))?;
            }
            b'A' => {
                c.direct_io = options.optional().is_none_or(|value| value == "on");
            }
            b'n' => c.no_head = true,
            b'R' => c.raw = true,
            b'O' => {
                c.columns = Some(options.value().to_string_lossy().to_uppercase());
                c.list = true;
            }
            b'v' => {}
            _ => {}
        }
    }
    c.operands = options.operands;
    act(cx, c)
}

fn bytes(text: &OsString) -> Result<u64, Error> {
    size::parse(text.as_encoded_bytes())
        .ok_or_else(|| Error::bad(show(text), "not a number of bytes"))
}

fn act(cx: &mut Ctx, mut c: Choice) -> Result<Status, Error> {
    if c.detach_all {
        for device in loops::attached() {
            free(cx, &device.path);
        }
        return Ok(cx.status());
    }
    if let Some(mut devices) = c.detach.take() {
        devices.append(&mut c.operands);
        for device in &devices {
            free(cx, Path::new(device));
        }
        return Ok(cx.status());
    }
    if let Some(device) = &c.reread {
        let fail = |e| Error::os(show(device), e);
        let open = std::fs::File::open(device).map_err(fail)?;
        loopdev::reread_size(open.as_fd()).map_err(|e| fail(e.into()))?;
        return Ok(Status::OK);
    }
    if c.find && c.operands.is_empty() && c.of_file.is_none() {
        let device = loops::free()?;
        return line(cx, show(&device));
    }
    if let Some(file) = &c.of_file {
        let mut devices = loops::of_file(Path::new(file));
        if c.setup.offset != 0 {
            devices.retain(|device| device.info.offset == c.setup.offset);
        }
        return list(cx, &c, &devices);
    }
    match (c.find, c.operands.as_slice()) {
        (false, []) => {
            let table = c.list || !c.all;
            c.list = table;
            list(cx, &c, &loops::attached())
        }
        (false, [device]) => {
            let device = Path::new(device);
            match loops::describe(device) {
                Ok(found) => list(cx, &c, &[found]),
                Err(e) => Err(Error::os(show(device), e)),
            }
        }
        (true, [file]) => attach(cx, &c, file.clone()),
        (false, [device, file]) => {
            c.setup.device = Some(PathBuf::from(device));
            let file = file.clone();
            attach(cx, &c, file)
        }
        _ => Err(Error::usage("too many operands")),
    }
}

fn attach(cx: &mut Ctx, c: &Choice, file: OsString) -> Result<Status, Error> {
    let done = loops::attach(Path::new(&file), &c.setup)?;
    if c.direct_io {
        // The filesystem may not be able to; the device works all the same.
        let _ = loopdev::set_direct_io(done.device.as_fd(), true);
    }
    if done.read_only && c.setup.flags & loopdev::READ_ONLY == 0 {
        let text = format!("{}: cannot be written, the device is read-only", show(&file));
        cx.note(text);
    }
    if c.show {
        return line(cx, show(&done.path));
    }
    Ok(Status::OK)
}

fn free(cx: &mut Ctx, device: &Path) {
    if let Err(error) = loops::detach(device) {
        cx.warn(Error::os(show(device), error));
    }
}

fn line(cx: &mut Ctx, text: impl std::fmt::Display) -> Result<Status, Error> {
    cx.print(format_args!("{text}\n"))?;
    Ok(Status::OK)
}

fn list(cx: &mut Ctx, c: &Choice, devices: &[loops::Attached]) -> Result<Status, Error> {
    if !c.list {
        for device in devices {
            line(cx, short(device))?;
        }
        return Ok(Status::OK);
    }
    if devices.is_empty() {
        return Ok(Status::OK);
    }
    let default = "NAME,SIZELIMIT,OFFSET,AUTOCLEAR,RO,BACK-FILE,DIO,LOG-SEC";
    let columns: Vec<&str> = c.columns.as_deref().unwrap_or(default).split(',').collect();
    let mut rows: Vec<Vec<String>> = Vec::new();
    rows.push(columns.iter().map(|name| (*name).to_string()).collect());
    for device in devices {
        let mut row = Vec::new();
        for name in &columns {
            row.push(cell(device, name).ok_or_else(|| {
                Error::usage(
                    "columns are NAME SIZELIMIT OFFSET AUTOCLEAR RO BACK-FILE PARTSCAN DIO LOG-SEC",
                )
            })?);
        }
        rows.push(row);
    }
    let width = |n: usize| rows.iter().filter_map(|row| row.get(n)).map(String::len).max();
    for row in rows.iter().skip(usize::from(c.no_head)) {
        let mut text = String::new();
        for (n, (cell, name)) in row.iter().zip(&columns).enumerate() {
            if n > 0 {
                text.push(' ');
            }
            let last = n + 1 == columns.len();
            let pad = width(n).unwrap_or(0).saturating_sub(cell.len());
            let pad = if c.raw { 0 } else { pad };
            let left = matches!(*name, "NAME" | "BACK-FILE");
            if !left {
                text.extend(std::iter::repeat_n(' ', pad));
            }
            text.push_str(cell);
            if left && !last {
                text.extend(std::iter::repeat_n(' ', pad));
            }
        }
        line(cx, text)?;
    }
    Ok(Status::OK)
}

fn cell(device: &loops::Attached, column: &str) -> Option<String> {
    let info = &device.info;
    let flag = |bit: u32| u8::from(info.flags & bit != 0).to_string();
    Some(match column {
        "NAME" => show(&device.path).to_string(),
        "SIZELIMIT" => info.size_limit.to_string(),
        "OFFSET" => info.offset.to_string(),
        "AUTOCLEAR" => flag(loopdev::AUTOCLEAR),
        "RO" => flag(loopdev::READ_ONLY),
        "PARTSCAN" => flag(loopdev::PARTSCAN),
        "DIO" => flag(loopdev::DIRECT_IO),
        "BACK-FILE" => show_bytes(&device.file).to_string(),
        "LOG-SEC" => {
            let name = device.path.file_name().unwrap_or_default();
            let file = Path::new("/sys/block").join(name).join("queue/logical_block_size");
            let text = std::fs::read_to_string(file).unwrap_or_default();
            show(text.trim()).to_string()
        }
        _ => return None,
    })
}

/// `/dev/loop0: [2049]:1234 (/file), offset 512`
fn short(device: &loops::Attached) -> String {
    let mut text = format!("{}: []: ({})", show(&device.path), show_bytes(&device.file));
    if let Ok(meta) = std::fs::metadata(mounts::path_of(&device.file)) {
        use std::os::unix::fs::MetadataExt;
        text = format!(
            "{}: [{:04}]:{} ({})",
            show(&device.path),
            meta.dev(),
            device.info.inode,
            show_bytes(&device.file)
        );
    }
    if device.info.offset != 0 {
        text.push_str(&format!(", offset {}", device.info.offset));
    }
    if device.info.size_limit != 0 {
        text.push_str(&format!(", sizelimit {}", device.info.size_limit));
    }
    text
}
