//! blockdev: sizes and flags of block devices. util-linux, busybox.

use std::os::fd::AsFd;
use std::path::Path;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::options::number;
use crate::sys::block::{self, AskInt, AskLong, TellInt, TellNumber};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "blockdev",
    summary: "sizes and flags of block devices",
    usage: "[-q] [-v] COMMAND... DEVICE...\n\
            \x20      blockdev --report [DEVICE...]\n\
            \x20 --getsz, --getsize64, --getsize  size in sectors of 512 bytes, bytes, sectors\n\
            \x20 --getss, --getpbsz, --getbsz     size of logical and physical sectors, of blocks\n\
            \x20 --getiomin, --getioopt, --getalignoff, --getmaxsect, --getdiscardzeroes\n\
            \x20 --getra, --getfra    read-ahead of the device, of its filesystem, in sectors\n\
            \x20 --setra N, --setfra N, --setbsz N\n\
            \x20 --getro, --setro, --setrw    read-only\n\
            \x20 --flushbufs    write what is dirty    --rereadpt  read the partition table anew",
    kind: Kind::Fork, // opens devices
    run,
};

/// What a command does.
#[derive(Clone, Copy)]
enum Act {
    Int(AskInt),
    Long(AskLong),
    Bytes,
    Order(TellNumber),
    Flag(TellInt, u32),
    /// With a number behind it.
    Number(TellNumber),
    NumberInt(TellInt),
}

const COMMANDS: [(&str, Act); 21] = [
    ("--setro", Act::Flag(block::SET_READ_ONLY, 1)),
    ("--setrw", Act::Flag(block::SET_READ_ONLY, 0)),
    ("--getro", Act::Int(block::READ_ONLY)),
    ("--getdiscardzeroes", Act::Int(block::DISCARD_ZEROES)),
    ("--getss", Act::Int(block::SECTOR_SIZE)),
    ("--getpbsz", Act::Int(block::PHYSICAL_SIZE)),
    ("--getiomin", Act::Int(block::IO_MIN)),
    ("--getioopt", Act::Int(block::IO_BEST)),
    ("--getalignoff", Act::Int(block::ALIGNMENT)),
    ("--getmaxsect", Act::Int(block::SECTORS_MAX)),
    ("--getbsz", Act::Int(block::BLOCK_SIZE)),
    ("--setbsz", Act::NumberInt(block::SET_BLOCK_SIZE)),
    ("--getsize", Act::Long(block::SECTORS)),
    ("--getsz", Act::Long(block::SECTORS)),
    ("--getsize64", Act::Bytes),
    ("--setra", Act::Number(block::SET_READ_AHEAD)),
    ("--getra", Act::Long(block::READ_AHEAD)),
    ("--setfra", Act::Number(block::SET_FS_READ_AHEAD)),
    ("--getfra", Act::Long(block::FS_READ_AHEAD)),
    ("--flushbufs", Act::Order(block::FLUSH)),
    ("--rereadpt", Act::Order(block::REREAD)),
];

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut acts: Vec<(&str, Act, u64)> = Vec::new();
    let mut devices = Vec::new();
    let mut verbose = false;
    let mut report = false;
    let mut args = cx.args.iter();
    while let Some(arg) = args.next() {
        if let Some(&(name, act)) = COMMANDS.iter().find(|(name, _)| arg == name) {
            let mut value = 0;
            if matches!(act, Act::Number(_) | Act::NumberInt(_)) {
                let text = args
                    .next()
                    .ok_or_else(|| Error::usage(format_args!("{name} needs a number")))?;
                value = number(text).ok_or_else(|| Error::bad(show(text), "not a number"))?;
            }
            acts.push((name, act, value));
            continue;
        }
        match arg.as_encoded_bytes() {
            b"-v" => verbose = true,
            b"-q" => verbose = false,
            b"--report" => report = true,
            b"--" => {}
            [b'-', ..] => return Err(Error::bad(show(arg), "no such command")),
            _ => devices.push(arg),
        }
    }
    if report {
        return table(cx, &devices);
    }
    if acts.is_empty() || devices.is_empty() {
        return Err(Error::usage("wants a command and a device").with(Status::FAILURE));
    }
    for device in devices {
        let file = open(Path::new(device)).map_err(|e| Error::os(show(device), e))?;
        for &(name, act, value) in &acts {
            let fd = file.as_fd();
            let answer = match act {
                Act::Int(what) => block::ask(fd, what).map(|n| Some(u64::from(int(name, n)))),
                Act::Long(what) => block::ask_long(fd, what).map(Some),
                Act::Bytes => block::ask_wide(fd, block::SIZE).map(Some),
                Act::Order(what) => block::tell_number(fd, what, 0).map(|_| None),
                Act::Number(what) => block::tell_number(fd, what, value).map(|_| None),
                Act::Flag(what, on) => block::tell(fd, what, on).map(|()| None),
                Act::NumberInt(what) => {
                    block::tell(fd, what, u32::try_from(value).unwrap_or(u32::MAX)).map(|()| None)
                }
            };
            match answer {
                Ok(Some(n)) if verbose => {
                    cx.print(format_args!("{}: {n}\n", name.trim_start_matches("--")))?
                }
                Ok(Some(n)) => cx.print(format_args!("{n}\n"))?,
                Ok(None) => {}
                Err(errno) => {
                    return Err(Error::os(format_args!("{name} on {}", show(device)), errno));
                }
            }
        }
    }
    Ok(Status::OK)
}

/// The largest request is told in 16 bits.
fn int(name: &str, answer: u32) -> u32 {
    if name == "--getmaxsect" { answer & 0xffff } else { answer }
}

fn open(path: &Path) -> std::io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path)
}

fn table(cx: &mut Ctx, devices: &[&std::ffi::OsString]) -> Result<Status, Error> {
    cx.put(b"RO    RA   SSZ   BSZ        StartSec            Size   Device\n")?;
    let mut list: Vec<std::path::PathBuf> =
        devices.iter().map(|d| Path::new(d).to_path_buf()).collect();
    if list.is_empty() {
        list =
            crate::blk::scan::devices().iter().filter(|d| d.size > 0).map(|d| d.path()).collect();
    }
    for path in list {
        let Ok(file) = open(&path) else { continue };
        let fd = file.as_fd();
        let ask = |what| block::ask(fd, what).unwrap_or(0);
        let name =
            path.strip_prefix("/dev").unwrap_or(&path).as_os_str().as_encoded_bytes().to_vec();
        let start = crate::blk::scan::attribute_number(&name, "start").unwrap_or(0);
        let flag = if ask(block::READ_ONLY) == 1 { "ro" } else { "rw" };
        let ahead = block::ask_long(fd, block::READ_AHEAD).unwrap_or(0);
        let size = block::ask_wide(fd, block::SIZE).unwrap_or(0);
        cx.print(format_args!(
            "{flag} {ahead:5} {:5} {:5} {start:15} {size:15}   {}\n",
            ask(block::SECTOR_SIZE),
            ask(block::BLOCK_SIZE),
            show(&path)
        ))?;
    }
    Ok(Status::OK)
}
