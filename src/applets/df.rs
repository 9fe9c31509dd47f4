//! df: how much space file systems have. POSIX, with GNU's options.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use nix::sys::stat::stat;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::fsutil::resolve::{Missing, resolve};
use crate::mountinfo::{self, Mount};
use crate::size;
use crate::sys::statfs::{StatFs, statfs};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "df",
    summary: "show how much space file systems have",
    usage: "[-aiPTl] [-h|-H|-k|-m|-B SIZE] [-t TYPE] [-x TYPE] [FILE...]\n\
            \x20 -h, -H, -k, -m, -B  for people by 1024, by 1000, in KiB, in MiB, in units\n\
            \x20 -i     inodes          -P  POSIX's heads      -T  with types\n\
            \x20 -a     also those without blocks and those mounted twice\n\
            \x20 -t, -x only, not those of a type              --total",
    kind: Kind::Fork, // a network file system may block
    run,
};

struct Choice {
    unit: u64,
    /// The unit without a number, as in -BM: it is printed behind each number.
    letter: Vec<u8>,
    human: bool,
    decimal: bool,
    inodes: bool,
    posix: bool,
    types: bool,
    all: bool,
    total: bool,
    only: Vec<OsString>,
    except: Vec<OsString>,
}

/// A line of the table.
struct Row {
    source: Vec<u8>,
    kind: Vec<u8>,
    all: u64,
    used: u64,
    available: u64,
    block: u64,
    target: Vec<u8>,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut c = Choice {
        unit: 1024,
        letter: Vec::new(),
        human: false,
        decimal: false,
        inodes: false,
        posix: false,
        types: false,
        all: false,
        total: false,
        only: Vec::new(),
        except: Vec::new(),
    };
    let mut options = cx.parse(
        "a,all i,inodes P,portability T,print-type h,human-readable H,si k m B:block-size \
        t:type x:exclude-type l,local -1,total -2,sync -3,no-sync v",
    )?;
    while let Some(letter) = options.next() {
        match letter {
            b'a' => c.all = true,
            b'i' => c.inodes = true,
            b'P' => c.posix = true,
            b'T' => c.types = true,
            b'h' => (c.human, c.decimal) = (true, false),
            b'H' => (c.human, c.decimal) = (true, true),
            b'k' => (c.unit, c.human) = (1 << 10, false),
            b'm' => (c.unit, c.human) = (1 << 20, false),
            b'B' => {
                let text = options.bytes();
                let mut whole = text.clone();
                c.letter.clear();
                if !text.first().is_some_and(u8::is_ascii_digit) {
                    c.letter.clone_from(&text);
                    whole.insert(0, b'1');
                }
                let unit = size::parse(&whole).filter(|unit| *unit > 0);
                let wrong = || Error::bad(show_bytes(&text), "not a size").with(Status::FAILURE);
                (c.unit, c.human) = (unit.ok_or_else(wrong)?, false);
            }
            b't' => c.only.push(options.value()),
            b'x' => c.except.push(options.value()),
            b'1' => c.total = true,
            b'2' => nix::unistd::sync(),
            _ => {}
        }
    }
    let text = crate::sys::file::read("/proc/self/mountinfo")
        .map_err(|e| Error::os("/proc/self/mountinfo", e))?;
    let mounts = mountinfo::parse(&text);
    let mut rows = Vec::new();
    if options.operands.is_empty() {
        for mount in listed(&c, &mounts) {
            if let Ok(stat) = statfs(OsStr::from_bytes(&mount.target))
                && (stat.blocks > 0 || c.all)
            {
                rows.push(row(&c, mount, &stat));
            }
        }
    } else {
        for operand in &options.operands {
            match of_operand(&mounts, operand) {
                Ok((mount, stat)) if wanted(&c, mount) => rows.push(row(&c, mount, &stat)),
                Ok(_) => {}
                Err(error) => cx.warn(error),
            }
        }
    }
    if rows.is_empty() {
        if cx.status() == Status::OK {
            return Err(Error::msg("no file systems processed"));
        }
        return Ok(cx.status());
    }
    if c.total {
        let mut total = Row {
            source: b"total".to_vec(),
            kind: b"-".to_vec(),
            all: 0,
            used: 0,
            available: 0,
            block: 1,
            target: b"-".to_vec(),
        };
        for row in &rows {
            total.all += row.all.saturating_mul(row.block);
            total.used += row.used.saturating_mul(row.block);
            total.available += row.available.saturating_mul(row.block);
        }
        rows.push(total);
    }
    table(cx, &c, &rows)?;
    Ok(cx.status())
}

fn wanted(c: &Choice, mount: &Mount) -> bool {
    let is = |list: &[OsString]| list.iter().any(|kind| kind.as_bytes() == mount.fstype);
    (c.only.is_empty() || is(&c.only)) && !is(&c.except)
}

/// Of a file system that is mounted in several places the shortest one.
fn listed<'a>(c: &Choice, mounts: &'a [Mount]) -> Vec<&'a Mount> {
    let mut list: Vec<&Mount> = Vec::new();
    for mount in mounts {
        if !wanted(c, mount) {
            continue;
        }
        // what another one is mounted over cannot be seen
        let hidden = mounts.iter().rev().find(|other| other.target == mount.target);
        if !c.all && hidden.is_some_and(|other| other.id != mount.id) {
            continue;
        }
        match list.iter_mut().find(|other| other.device == mount.device) {
            Some(other) if !c.all => {
                if mount.target.len() < other.target.len() {
                    *other = mount;
                }
            }
            _ => list.push(mount),
        }
    }
    list
}

/// The file system that is on a device, or that a file is on.
fn of_operand<'a>(mounts: &'a [Mount], name: &OsStr) -> Result<(&'a Mount, StatFs), Error> {
    let wrong = |errno| Error::os(show(name), errno);
    let found = stat(name).map_err(wrong)?;
    let path = resolve(name.as_bytes(), Missing::Nothing, true).map_err(wrong)?;
    let device = found.st_mode & libc::S_IFMT == libc::S_IFBLK;
    let mounted = mounts.iter().rev().find(|mount| device && mount.source == path);
    let mount = mounted.or_else(|| mountinfo::containing(mounts, &path));
    let mount = mount.ok_or_else(|| Error::about(show(name), "not on anything mounted"))?;
    let place = if mounted.is_some() { OsStr::from_bytes(&mount.target) } else { name };
    Ok((mount, statfs(place).map_err(wrong)?))
}

fn row(c: &Choice, mount: &Mount, stat: &StatFs) -> Row {
    let (all, free, available, block) = if c.inodes {
        (stat.files, stat.files_free, stat.files_free, 1)
    } else {
        (stat.blocks, stat.free, stat.available, stat.fragment)
    };
    Row {
        source: mount.source.clone(),
        kind: mount.fstype.clone(),
        all,
        used: all.saturating_sub(free),
        available,
        block,
        target: mount.target.clone(),
    }
}

fn table(cx: &mut Ctx, c: &Choice, rows: &[Row]) -> Result<(), Error> {
    let head: [&[u8]; 4] = match (c.inodes, c.posix, c.human) {
        (true, ..) => [b"Inodes", b"IUsed", b"IFree", b"IUse%"],
        (_, true, _) => [b"", b"Used", b"Available", b"Capacity"],
        (_, _, true) => [b"Size", b"Used", b"Avail", b"Use%"],
        _ => [b"", b"Used", b"Available", b"Use%"],
    };
    let size_head = match head[0] {
        b"" if c.human => b"Size".to_vec(),
        b"" if c.posix => format!("{}-blocks", c.unit).into_bytes(),
        b"" => [unit_name(c.unit).as_bytes(), b"-blocks"].concat(),
        name => name.to_vec(),
    };
    let mut lines = vec![[
        b"Filesystem".to_vec(),
        b"Type".to_vec(),
        size_head,
        head[1].to_vec(),
        head[2].to_vec(),
        head[3].to_vec(),
        b"Mounted on".to_vec(),
    ]];
    for row in rows {
        lines.push([
            show_bytes(&row.source).to_string().into_bytes(),
            row.kind.clone(),
            amount(c, row.all, row.block),
            amount(c, row.used, row.block),
            amount(c, row.available, row.block),
            percent(row),
            show_bytes(&row.target).to_string().into_bytes(),
        ]);
    }
    let mut widths = [14, 4, 5, 5, 5, 4, 0];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.len().max(*width);
        }
    }
    let mut out = Vec::new();
    for line in &lines {
        for (at, (cell, width)) in line.iter().zip(widths).enumerate() {
            if at == 1 && !c.types {
                continue;
            }
            if at > 0 {
                out.push(b' ');
            }
            let start = out.len();
            match at {
                0 | 1 => {
                    out.extend_from_slice(cell);
                    out.resize(start + width, b' ');
                }
                6 => out.extend_from_slice(cell),
                _ => {
                    out.resize(start + width - cell.len(), b' ');
                    out.extend_from_slice(cell);
                }
            }
        }
        out.push(b'\n');
    }
    cx.put(&out)
}

/// `1K`, `512B`, `1M`.
fn unit_name(unit: u64) -> String {
    let mut number = unit;
    let mut letters = "KMGTPE".chars();
    let mut letter = 'B';
    while number >= 1024 && number.is_multiple_of(1024) {
        number /= 1024;
        letter = letters.next().unwrap_or('E');
    }
    if letter == 'B' && unit >= 1000 && unit.is_multiple_of(1000) {
        let mut letters = "kMGTPE".chars();
        let mut name = 'B';
        while number >= 1000 && number.is_multiple_of(1000) {
            number /= 1000;
            name = letters.next().unwrap_or('E');
        }
        return format!("{number}{name}B");
    }
    format!("{number}{letter}")
}

fn amount(c: &Choice, blocks: u64, block: u64) -> Vec<u8> {
    let bytes = u128::from(blocks) * u128::from(block);
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    let text = match (c.human, c.decimal) {
        (true, true) => size::human_decimal(bytes),
        (true, false) => size::human(bytes),
        _ if c.inodes => blocks.to_string(),
        _ => bytes.div_ceil(c.unit).to_string(),
    };
    [text.as_bytes(), &c.letter].concat()
}

/// Used of what users can have, rounded up.
fn percent(row: &Row) -> Vec<u8> {
    let whole = u128::from(row.used) + u128::from(row.available);
    if whole == 0 || row.all == 0 {
        return b"-".to_vec();
    }
    format!("{}%", (u128::from(row.used) * 100).div_ceil(whole)).into_bytes()
}
