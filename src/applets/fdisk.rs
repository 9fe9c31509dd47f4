//! fdisk: partition tables. fdisk(8) of util-linux 2.38; what is typed and
//! asked is the same, so that its scripts work, and those for busybox's.
//!
//! Deviations: MBR and GPT only; units are sectors; nothing is wiped but the
//! table; partitions are not moved into order.

use std::ffi::OsString;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::blk::announce::announce;
use crate::blk::probe::tables::{Table, table};
use crate::blk::probe::text::guid as guid_text;
use crate::blk::probe::{Disk, Source};
use crate::blk::scan;
use crate::disklabel::{Label, dos_id_text};
use crate::sys::block;
use crate::table::{self as sheet, Column, Form};
use crate::{order, parttypes, size};

mod edit;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "fdisk",
    summary: "show and change partition tables",
    usage: "[-b SECTORSIZE] DISK       change a table by commands; m lists them\n\
            \x20      fdisk -l [-b SECTORSIZE] [DISK...]   show tables\n\
            \x20      fdisk -s PARTITION...      sizes in KiB\n\
            \x20 -u, -C, -H, -S, -c, -w, -W, -t, -L are taken for what they once meant",
    kind: Kind::Fork, // asks, writes to disks
    run,
};

/// A disk with its table.
struct Target {
    path: PathBuf,
    sector: u64,
    physical: u32,
    io: (u32, u32),
    bytes: u64,
    model: Vec<u8>,
    is_device: bool,
    label: Option<Label>,
    /// A GPT that was read from its end.
    from_backup: bool,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "l,list s,getsz u?units b:sector-size C:cylinders H:heads S:sectors c?compatibility \
        L?color w:wipe W:wipe-partitions t:type B,protect-boot x,list-details n,noauto-pt \
        o:output V,version h,help -y:bytes",
    )?;
    let mut sector = None;
    while let Some(letter) = options.next() {
        match letter {
            b'b' => {
                let n = options.number("not a sector size")?;
                if !matches!(n, 512 | 1024 | 2048 | 4096) {
                    return Err(Error::msg("a sector has 512, 1024, 2048 or 4096 bytes"));
                }
                sector = Some(n);
            }
            b'h' => {
                cx.put(crate::applet::help("fdisk", &APPLET).as_bytes())?;
                return Ok(Status::OK);
            }
            b'V' => {
                cx.put(b"fdisk from rescuebox\n")?;
                return Ok(Status::OK);
            }
            _ => {}
        }
    }
    let mut operands: Vec<OsString> = std::mem::take(&mut options.operands);
    if options.has(b's') {
        let several = operands.len() > 1;
        for operand in &operands {
            let opened = scan::open(Path::new(operand)).map_err(|e| fail(operand, e))?;
            let blocks = opened.size() / 1024;
            if several {
                cx.print(format_args!("{}: {blocks}\n", show(operand)))?;
            } else {
                cx.print(format_args!("{blocks}\n"))?;
            }
        }
        return Ok(Status::OK);
    }
    if !(options.has(b'l') || options.has(b'x')) {
        let [disk] = operands.as_slice() else {
            return Err(Error::usage("which disk?").with(Status::FAILURE));
        };
        let target = Target::open(Path::new(disk), sector)?;
        return edit::run(cx, target);
    }
    let all = operands.is_empty();
    if all {
        for device in scan::devices() {
            if device.partition.is_none() && device.size > 0 && !device.name.starts_with(b"ram") {
                operands.push(device.path().into_os_string());
            }
        }
    }
    let mut first = true;
    for operand in &operands {
        match Target::open(Path::new(operand), sector) {
            Ok(target) => {
                if !first {
                    cx.put(b"\n\n")?;
                }
                first = false;
                if target.from_backup {
                    cx.note("the first GPT is damaged, the one at the disk's end is shown");
                }
                cx.put(&target.shown())?;
            }
            Err(_) if all => {}
            Err(error) => cx.warn(error),
        }
    }
    Ok(cx.status())
}

fn fail(path: &std::ffi::OsStr, error: impl Into<std::io::Error>) -> Error {
    Error::os(format_args!("cannot open {}", show(path)), error)
}

impl Target {
    fn open(path: &Path, sector: Option<u64>) -> Result<Target, Error> {
        let opened = scan::open(path).map_err(|e| fail(path.as_os_str(), e))?;
        let sector = sector.unwrap_or(opened.sector.into());
        let ask = |question| block::ask(opened.as_fd(), question).unwrap_or(0);
        let mut target = Target {
            path: path.to_path_buf(),
            sector,
            physical: ask(block::PHYSICAL_SIZE),
            io: (ask(block::IO_MIN), ask(block::IO_BEST)),
            bytes: opened.size(),
            model: Vec::new(),
            is_device: opened.is_device,
            label: None,
            from_backup: false,
        };
        let least = u32::try_from(sector).unwrap_or(512);
        target.physical = target.physical.max(least);
        target.io.0 = target.io.0.max(least);
        if target.io.1 == 0 {
            target.io.1 = target.io.0;
        }
        if target.is_device
            && let Ok(real) = path.canonicalize()
            && let Some(name) = real.file_name()
        {
            let text = crate::sys::file::read(scan::sysfs(name.as_bytes()).join("device/model"));
            target.model = text.unwrap_or_default();
            target.model.retain(|&b| b != b'\n');
        }
        if let Some(found) = target.read(&opened) {
            target.from_backup = found.from_backup;
            if matches!(found.kind, "gpt" | "dos") {
                target.label = Some(Label::of(&found, target.total(), sector));
            }
        }
        Ok(target)
    }

    fn read(&self, source: &dyn Source) -> Option<Table> {
        let mut disk = Disk::new(source);
        disk.sector = u32::try_from(self.sector).ok()?;
        table(&mut disk)
    }

    fn total(&self) -> u64 {
        self.bytes / self.sector
    }

    /// The name of a partition.
    fn part_name(&self, number: u32) -> Vec<u8> {
        let disk = self.path.as_os_str().as_bytes();
        let between: &[u8] = match disk.last() {
            _ if disk.starts_with(b"/dev/disk/by-") => b"-part",
            Some(last) if last.is_ascii_digit() => b"p",
            _ => b"",
        };
        [disk, between, number.to_string().as_bytes()].concat()
    }

    fn units(&self) -> String {
        let n = self.sector;
        format!(
            "Units: sectors of 1 * {n} = {n} bytes\n\
             Sector size (logical/physical): {n} bytes / {} bytes\n",
            self.physical
        )
    }

    /// What `-l` and `p` show.
    fn shown(&self) -> Vec<u8> {
        let mut text = format!(
            "Disk {}: {}, {} bytes, {} sectors\n",
            show(&self.path),
            size::rounded_long(self.bytes),
            self.bytes,
            self.total()
        );
        if !self.model.is_empty() {
            text.push_str(&format!("Disk model: {}\n", show_bytes(&self.model)));
        }
        text.push_str(&self.units());
        let (least, best) = self.io;
        text.push_str(&format!("I/O size (minimum/optimal): {least} bytes / {best} bytes\n"));
        let Some(label) = &self.label else { return text.into_bytes() };
        let (kind, id) = if label.gpt {
            ("gpt", guid_text(&label.id).to_ascii_uppercase())
        } else {
            ("dos", dos_id_text(label.dos_id()))
        };
        text.push_str(&format!(
            "Disklabel type: {kind}\nDisk identifier: {}\n",
            String::from_utf8_lossy(&id)
        ));
        let mut out = text.into_bytes();
        if !label.slots.is_empty() {
            out.push(b'\n');
            self.rows(label, &mut out);
        }
        out
    }

    fn rows(&self, label: &Label, out: &mut Vec<u8>) {
        let mut table = sheet::Table::default();
        table.columns.push(Column { hint: 10, ..Column::new(b"Device") });
        if !label.gpt {
            table.columns.push(Column { hint: 1, ..Column::new(b"Boot") });
        }
        for name in [&b"Start"[..], b"End", b"Sectors", b"Size"] {
            table.columns.push(Column::right(name, 5));
        }
        if !label.gpt {
            table.columns.push(Column::right(b"Id", 2));
        }
        table.columns.push(Column::new(b"Type"));
        for slot in &label.slots {
            let mut line = vec![self.part_name(slot.number)];
            if !label.gpt {
                line.push(if slot.flags & 0x80 == 0 { Vec::new() } else { b"*".to_vec() });
            }
            for number in [slot.start, slot.end(), slot.size] {
                line.push(number.to_string().into_bytes());
            }
            line.push(size::rounded(slot.size.saturating_mul(self.sector)).into_bytes());
            if !label.gpt {
                line.push(format!("{:x}", slot.kind).into_bytes());
            }
            line.push(type_name(label, slot));
            table.add(line.into_iter().map(Some).collect(), None);
        }
        table.write(&Form::new(sheet::Kind::Aligned), out);
        let mut starts: Vec<u64> = Vec::new();
        let mut in_order = true;
        for slot in &label.slots {
            let group = label.slots.iter().filter(|s| (s.number > 4) == (slot.number > 4));
            let after =
                |s: &&crate::disklabel::Slot| s.number < slot.number && s.start > slot.start;
            in_order &= group.filter(after).count() == 0 || label.gpt && starts.is_empty();
            starts.push(slot.start);
        }
        if label.gpt {
            let mut sorted = starts.clone();
            order::sort(&mut sorted);
            in_order = sorted == starts;
        }
        if !in_order {
            out.extend_from_slice(b"\nPartition table entries are not in disk order.\n");
        }
    }

    /// Writes the table and has the kernel read it.
    fn write(&self, cx: &mut Ctx) -> Result<(), Error> {
        let fail = |e: std::io::Error| Error::os(show(&self.path), e);
        let Some(label) = &self.label else { return Ok(()) };
        let file = std::fs::File::options().read(true).write(true).open(&self.path);
        let file = file.map_err(fail)?;
        let mut old = vec![0; 512];
        file.read_exact_at(&mut old, 0).map_err(fail)?;
        let sectors = label.sectors(&old).ok_or_else(|| {
            Error::about(show(&self.path), "an MBR cannot have partitions behind 2^32 sectors")
        })?;
        // Where a GPT was its headers must not be found again.
        if !label.gpt {
            for at in [1, self.total().saturating_sub(1)] {
                let at = at.saturating_mul(self.sector);
                let mut magic = [0; 8];
                if file.read_exact_at(&mut magic, at).is_ok() && magic == *b"EFI PART" {
                    file.write_all_at(&[0; 512], at).map_err(fail)?;
                }
            }
        }
        // The first sector last: until then the old table counts.
        for (at, bytes) in sectors.iter().rev() {
            file.write_all_at(bytes, at.saturating_mul(self.sector)).map_err(fail)?;
        }
        file.sync_all().map_err(fail)?;
        drop(file);
        cx.put(b"The partition table has been altered.\n")?;
        if self.is_device {
            cx.put(b"Calling ioctl() to re-read partition table.\n")?;
            let opened = scan::open(&self.path).map_err(fail)?;
            let wanted = self.read(&opened).map(|table| table.partitions).unwrap_or_default();
            if let Err(errno) = announce(&opened, &self.path, &wanted) {
                cx.note(format_args!(
                    "the kernel keeps the old table of partitions in use until a reboot or \
                     partprobe: {}",
                    crate::applet::reason(&errno.into())
                ));
            }
        }
        cx.put(b"Syncing disks.\n")
    }
}

/// The name of a partition's type.
fn type_name(label: &Label, slot: &crate::disklabel::Slot) -> Vec<u8> {
    let found = if label.gpt {
        parttypes::gpt_name(&guid_text(&slot.guid))
    } else {
        parttypes::dos_name(slot.kind)
    };
    match found {
        Some(name) => name.to_vec(),
        None if label.gpt => guid_text(&slot.guid).to_ascii_uppercase(),
        None => b"unknown".to_vec(),
    }
}
