//! mkfs.vfat, mkfs.fat, mkdosfs, mkfs.msdos: make a FAT filesystem. mkfs.fat(8)
//! of dosfstools 4.2; with `-v` it says what it made, as busybox.
//!
//! Deviations: no list of bad blocks (`-c`, `-l`), no Atari's variant, no
//! partition table in front (`--mbr`); labels are in capital ASCII letters.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::blk::medium::Medium;
use crate::civil::Civil;
use crate::mkfs::fat::{Layout, Plan};
use crate::sys;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "mkfs.vfat",
    summary: "make a FAT filesystem",
    usage: "[-v] [-F 12|16|32] [-n LABEL] [-i SERIAL] [-s SECTORS] [-S SECTORSIZE] DEVICE [KIB]\n\
            \x20 -F  bits of the table    -n  label    -i  serial number, hexadecimal\n\
            \x20 -s  sectors of a cluster    -S  bytes of a sector    -R  sectors in front\n\
            \x20 -f  copies of the table    -r  entries of the root folder    -b  place of the copy\n\
            \x20 -C  create the file        -a  without alignment    -I  even on a whole disk\n\
            \x20 -M, -D, -h, -g HEADS/SECTORS   media, drive, hidden sectors, geometry",
    kind: Kind::Fork, // writes to disks
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "a A b: c C D: f: F: g: h: i: I l: m: M: n: r: R: s: S: v -1?mbr -2:codepage -3:variant \
        -4,invariant -5:offset -6,help",
    )?;
    let mut plan = Plan {
        size: 0,
        sector: 0,
        bits: 0,
        cluster: 0,
        reserved: 0,
        tables: 0,
        entries: 0,
        backup: 0,
        media: 0,
        drive: 0,
        geometry: (0, 0),
        hidden: 0,
        id: u32::from_le_bytes(sys::random::bytes()),
        label: Vec::new(),
        date: date(),
        packed: false,
    };
    while let Some(letter) = options.next() {
        let mut number = |what: &str, least: u64, most: u64| -> Result<u32, Error> {
            let n = options.number(what)?;
            if !(least..=most).contains(&n) {
                return Err(Error::msg(format_args!("{n}: {what}")));
            }
            Ok(u32::try_from(n).unwrap_or(0))
        };
        match letter {
            b'a' => plan.packed = true,
            b'b' => plan.backup = number("not a sector for the copy", 1, 65535)?,
            b'D' => plan.drive = number("not a drive", 0, 255)? as u8,
            b'f' => plan.tables = number("not a number of tables", 1, 4)?,
            b'F' => {
                plan.bits = number("a FAT has 12, 16 or 32 bits", 12, 32)?;
                if !matches!(plan.bits, 12 | 16 | 32) {
                    return Err(Error::msg("a FAT has 12, 16 or 32 bits"));
                }
            }
            b'g' => {
                let word = options.value();
                let bad = || Error::about(show(&word), "not HEADS/SECTORS");
                let (heads, sectors) =
                    word.to_str().and_then(|text| text.split_once('/')).ok_or_else(bad)?;
                plan.geometry =
                    (sectors.parse().map_err(|_| bad())?, heads.parse().map_err(|_| bad())?);
            }
            b'h' => plan.hidden = number("not a number of sectors", 0, u32::MAX.into())?,
            b'i' => {
                let word = options.value();
                let id = word.to_str().and_then(|text| u32::from_str_radix(text, 16).ok());
                plan.id = id
                    .ok_or_else(|| Error::about(show(&word), "the serial number is hexadecimal"))?;
            }
            b'M' => {
                let word = options.value();
                let text = word.to_str().unwrap_or_default();
                let byte = match text.strip_prefix("0x") {
                    Some(digits) => u8::from_str_radix(digits, 16).ok(),
                    None => text.parse().ok(),
                };
                plan.media = byte
                    .filter(|&b| b == 0xf0 || b >= 0xf8)
                    .ok_or_else(|| Error::about(show(&word), "not a media byte"))?;
            }
            b'n' => {
                let word = options.value();
                plan.label =
                    label(word.as_bytes()).map_err(|why| Error::about(show(&word), why))?;
            }
            b'r' => plan.entries = number("not a number of entries", 1, 32767)?,
            b'R' => plan.reserved = number("not a number of sectors", 1, 65535)?,
            b's' => {
                plan.cluster = number("not a number of sectors", 1, 128)?;
                if !plan.cluster.is_power_of_two() {
                    return Err(Error::msg("the sectors of a cluster are a power of 2"));
                }
            }
            b'S' => {
                plan.sector = number("a sector has 512 to 32768 bytes", 512, 32768)?;
                if !plan.sector.is_power_of_two() {
                    return Err(Error::msg("the size of a sector is a power of 2"));
                }
            }
            b'A' | b'l' | b'm' | b'1' | b'3' | b'5' => {
                return Err(Error::msg(
                    "-A, -l, -m, --mbr, --variant, --offset are not known here",
                ));
            }
            b'4' => {
                plan.id = 0x1234_abcd;
                plan.date = (33, 0);
            }
            b'6' => {
                cx.put(crate::applet::help(cx.name, &APPLET).as_bytes())?;
                return Ok(Status::OK);
            }
            _ => {}
        }
    }
    let (path, kib) = match options.operands.as_slice() {
        [path] => (path, None),
        [path, kib] => (path, Some(kib)),
        _ => return Err(Error::usage("which device?").with(Status::FAILURE)),
    };
    let size = match kib {
        Some(word) => {
            let kib = crate::options::number(word)
                .ok_or_else(|| Error::about(show(word), "not a number of KiB"))?;
            Some(kib.saturating_mul(1024))
        }
        None => None,
    };
    let create = size.filter(|_| options.has(b'C'));
    if options.has(b'C') && (size.is_none() || Path::new(path).exists()) {
        return Err(Error::about(show(path), "-C needs a size and a file that is not there yet"));
    }
    let mut medium = Medium::open(Path::new(path), create, options.has(b'I'))?;
    plan.size = size.unwrap_or(medium.size);
    if plan.size > medium.size {
        return Err(Error::about(show(path), "it is smaller than the filesystem wanted"));
    }
    plan.sector = plan.sector.max(medium.sector);
    if plan.cluster * plan.sector > 65536 * 2 {
        return Err(Error::msg("a cluster is larger than 128 KiB"));
    }
    let layout = Layout::of(plan).map_err(|why| Error::about(show(path), why))?;
    let fail = |e: std::io::Error| Error::os(show(path), e);
    layout.write(&mut medium).map_err(fail)?;
    medium.sync().map_err(fail)?;
    if options.has(b'v') {
        describe(cx, path, &layout)?;
    }
    Ok(Status::OK)
}

fn describe(cx: &mut Ctx, path: &std::ffi::OsStr, layout: &Layout) -> Result<(), Error> {
    let plan = &layout.plan;
    let mut text = format!(
        "{} has {} heads and {} sectors per track,\nhidden sectors 0x{:04x};\n\
         logical sector size is {},\nusing 0x{:02x} media descriptor, with {} sectors;\n\
         drive number 0x{:02x};\nfilesystem has {} {}-bit FATs and {} sector{} per cluster.\n\
         FAT size is {} sector{}, and provides {} clusters.\n\
         There are {} reserved sector{}.\n",
        show(path),
        plan.geometry.1,
        plan.geometry.0,
        plan.hidden,
        plan.sector,
        plan.media,
        layout.sectors,
        plan.drive,
        plan.tables,
        plan.bits,
        plan.cluster,
        plural(plan.cluster),
        layout.length,
        plural(layout.length),
        layout.clusters,
        plan.reserved,
        plural(plan.reserved)
    );
    if plan.bits != 32 {
        text.push_str(&format!(
            "Root directory contains {} slots and uses {} sectors.\n",
            plan.entries,
            plan.entries * 32 / plan.sector
        ));
    }
    text.push_str(&format!("Volume ID is {:08x}, ", plan.id));
    if plan.label.is_empty() {
        text.push_str("no volume label.\n");
    } else {
        text.push_str(&format!(
            "volume label {:<11}.\n",
            show(std::ffi::OsStr::from_bytes(&plan.label)).to_string()
        ));
    }
    cx.put(text.as_bytes())
}

fn plural(count: u32) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// A label as it is on the disk.
fn label(word: &[u8]) -> Result<Vec<u8>, &'static str> {
    if word.len() > 11 {
        return Err("a label has at most 11 characters");
    }
    if word.iter().any(|b| *b < 32 || *b >= 127 || b"*?.,;:/\\|+=<>[]\"".contains(b)) {
        return Err("a label has no such characters");
    }
    if word.first() == Some(&b' ') {
        return Err("a label does not start with a blank");
    }
    let label = word.to_ascii_uppercase();
    Ok(if label.trim_ascii_end() == b"NO NAME" { Vec::new() } else { label })
}

/// Now, in UTC, as FAT has it: date and time.
fn date() -> (u16, u16) {
    let seconds = i64::try_from(sys::clock::now().as_secs()).unwrap_or(0);
    let now = Civil::of_utc(seconds);
    let year = u16::try_from((now.year - 1980).clamp(0, 127)).unwrap_or(0);
    let (month, day) = (now.month as u16, now.day as u16);
    let (hour, minute, second) = (now.hour as u16, now.minute as u16, now.second as u16);
    (year << 9 | month << 5 | day, hour << 11 | minute << 5 | (second / 2))
}
