//! lsblk: block devices as a tree. lsblk(8) of util-linux 2.38.
//!
//! Deviations: what is on the devices is read from themselves, not from udev's
//! notes; columns are never cut to the width of a terminal; `-M` draws the
//! plain tree.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::characters::Characters;
use crate::order;
use crate::table::{self, Form, Table};

mod column;
mod machine;

use column::{COLUMNS, Column};
use machine::Machine;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "lsblk",
    summary: "show block devices as a tree",
    usage: "[-abdfilmnprstADJOPST] [-o COLUMNS] [-x COLUMN] [-e|-I MAJORS] [DEVICE...]\n\
            \x20 -f, -m, -t, -S, -D, -z  columns: filesystems, owners, topology, SCSI, discard, zones\n\
            \x20 -o, -O   these columns (+A,B: more), all        -x  sort by a column\n\
            \x20 -J, -P, -r, -l, -T  as JSON, NAME=\"VALUE\", raw words, list, tree\n\
            \x20 -a, -A   also empty devices and RAM disks; none of size 0\n\
            \x20 -b       bytes    -p  whole paths    -n  no head    -i  ASCII only\n\
            \x20 -d, -s   only the devices themselves; what is below them\n\
            \x20 -e, -I   not, only devices of these major numbers   -E  each value once\n\
            exit status 32: none of the devices found, 64: some",
    kind: Kind::Fork, // reads disks
    run,
};

/// None of the devices is there.
const NONE: Status = Status(32);
/// Some of the devices are there.
const SOME: Status = Status(64);

/// A device in its place.
struct Row {
    /// Which.
    device: usize,
    /// The device that it is shown below.
    above: Option<usize>,
    /// How many are above it.
    depth: usize,
}

/// What is wanted.
#[derive(Default)]
pub(super) struct Choice {
    all: bool,
    no_empty: bool,
    /// Sizes in bytes.
    pub(super) bytes: bool,
    /// Names as paths.
    pub(super) paths: bool,
    alone: bool,
    inverse: bool,
    scsi: bool,
    once: Option<usize>,
    except: Vec<u32>,
    only: Vec<u32>,
    columns: Vec<usize>,
}

fn column(word: &[u8]) -> Result<usize, Error> {
    let found = COLUMNS.iter().position(|c| c.name.as_bytes().eq_ignore_ascii_case(word));
    found.ok_or_else(|| Error::msg(format_args!("unknown column: {}", show_bytes(word))))
}

fn add(columns: &mut Vec<usize>, list: &[u8]) -> Result<(), Error> {
    for word in list.split(|&b| b == b',').filter(|word| !word.is_empty()) {
        let found = column(word)?;
        if !columns.contains(&found) {
            columns.push(found);
        }
    }
    Ok(())
}

fn majors(list: &[u8]) -> Result<Vec<u32>, Error> {
    let mut out = Vec::new();
    for word in list.split(|&b| b == b',').filter(|word| !word.is_empty()) {
        let number = std::str::from_utf8(word).ok().and_then(|word| word.parse().ok());
        out.push(number.ok_or_else(|| Error::about(show_bytes(list), "not a list of numbers"))?);
    }
    Ok(out)
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut c = Choice { except: vec![1], ..Choice::default() };
    let mut form = Form {
        ascii: cx.env.characters() == Characters::Bytes,
        name: b"blockdevices",
        ..Form::new(table::Kind::Aligned)
    };
    let (mut flat, mut shell) = (false, false);
    let mut list: Vec<u8> = Vec::new();
    let mut tree = None;
    let mut sort = None;
    let mut root = PathBuf::from("/");
    let mut options = cx.parse(
        "a,all A,noempty b,bytes d,nodeps D,discard e:exclude E:dedup f,fs i,ascii I:include \
        J,json l,list T?tree m,perms M,merge n,noheadings o:output O,output-all p,paths P,pairs \
        r,raw s,inverse S,scsi t,topology w:width x:sort y,shell z,zoned -R:sysroot h,help \
        V,version",
    )?;
    while let Some(letter) = options.next() {
        let set: &[u8] = match letter {
            b'f' => b"NAME,FSTYPE,FSVER,LABEL,UUID,FSAVAIL,FSUSE%,MOUNTPOINTS",
            b'm' => b"NAME,SIZE,OWNER,GROUP,MODE",
            b't' => b"NAME,ALIGNMENT,MIN-IO,OPT-IO,PHY-SEC,LOG-SEC,ROTA,SCHED,RQ-SIZE,RA,WSAME",
            b'S' => b"NAME,HCTL,TYPE,VENDOR,MODEL,REV,SERIAL,TRAN",
            b'D' => b"NAME,DISC-ALN,DISC-GRAN,DISC-MAX,DISC-ZERO",
            b'z' => b"NAME,ZONED,ZONE-SZ,ZONE-NR,ZONE-AMAX,ZONE-OMAX,ZONE-APP,ZONE-WGRAN",
            _ => b"",
        };
        add(&mut c.columns, set)?;
        match letter {
            b'a' => {
                c.all = true;
                c.except.clear();
            }
            b'A' => c.no_empty = true,
            b'b' => c.bytes = true,
            b'd' => c.alone = true,
            b'e' => c.except = majors(&options.bytes())?,
            b'I' => c.only = majors(&options.bytes())?,
            b'E' => c.once = Some(column(&options.bytes())?),
            b'i' => form.ascii = true,
            b'J' => form.kind = table::Kind::Json,
            b'l' => flat = true,
            b'T' => {
                let word = options.bytes();
                tree = Some(if word.is_empty() { 0 } else { column(&word)? });
            }
            b'n' => form.headings = false,
            b'o' => list = options.bytes(),
            b'O' => c.columns = (0..COLUMNS.len()).collect(),
            b'p' => c.paths = true,
            b'P' => form.kind = table::Kind::Pairs,
            b'r' => form.kind = table::Kind::Raw,
            b's' => c.inverse = true,
            b'S' => {
                c.scsi = true;
                c.alone = true;
            }
            b'x' => sort = Some(column(&options.bytes())?),
            b'y' => shell = true,
            b'R' => root = options.value().into(),
            b'h' => {
                cx.put(crate::applet::help("lsblk", &APPLET).as_bytes())?;
                return Ok(Status::OK);
            }
            b'V' => {
                cx.put(b"lsblk from rescuebox\n")?;
                return Ok(Status::OK);
            }
            _ => {}
        }
    }
    if c.columns.is_empty() && (list.is_empty() || list.starts_with(b"+")) {
        add(&mut c.columns, b"NAME,MAJ:MIN,RM,SIZE,RO,TYPE,MOUNTPOINTS")?;
    }
    match list.strip_prefix(b"+") {
        Some(more) => add(&mut c.columns, more)?,
        None if !list.is_empty() => {
            c.columns.clear();
            add(&mut c.columns, &list)?;
        }
        None => {}
    }
    let name = column(b"NAME")?;
    let stem = tree.map_or(name, |at| if at == 0 { name } else { at });
    let words = matches!(form.kind, table::Kind::Pairs | table::Kind::Raw);
    let once_each = flat;
    flat |= c.alone || sort.is_some() && tree.is_none();
    form.tree = c.columns.iter().position(|&at| at == stem).filter(|_| !flat);

    let mut machine = Machine::new(root);
    let mut status = Status::OK;
    let mut roots = Vec::new();
    let mut nested = false;
    if options.operands.is_empty() {
        roots = if c.inverse { machine.leaves() } else { machine.disks() };
    } else {
        for operand in &options.operands {
            match machine.named(Path::new(operand)) {
                Some(at) => {
                    nested |= machine.is_part(at);
                    roots.push(at);
                }
                None => {
                    cx.note(format_args!("{}: not a block device", show(operand)));
                    status = NONE;
                }
            }
        }
        if status == NONE && !roots.is_empty() {
            status = SOME;
        }
    }
    machine.sort(&mut roots);
    let tree_order = words || form.tree.is_some();
    let mut walk = Walk { c: &c, machine: &mut machine, rows: Vec::new(), nested };
    for &at in &roots {
        walk.visit(at, 0, None);
    }
    let mut rows = walk.rows;
    if once_each || flat && (form.kind == table::Kind::Json || sort.is_some()) {
        // Each device once.
        let mut seen: Vec<usize> = Vec::new();
        rows.retain(|row| {
            let new = !seen.contains(&row.device);
            seen.push(row.device);
            new
        });
    }
    if let Some(once) = c.once {
        let mut seen: Vec<Vec<u8>> = Vec::new();
        rows.retain(|row| {
            let value = machine.value(row.device, None, once, &c);
            let new = value.is_empty() || !seen.contains(&value);
            seen.push(value);
            new
        });
    }
    if flat || !tree_order {
        // Without a tree by number, or by what is asked for.
        order::sort_by(&mut rows, |a, b| machine.order(a.device, b.device));
        for row in &mut rows {
            row.depth = 0;
        }
    }
    if let Some(at) = sort.filter(|_| flat) {
        sort_rows(&mut rows, &mut machine, &c, at);
    }
    let mut out = Vec::new();
    if !rows.is_empty() || form.kind == table::Kind::Json {
        fill(&rows, &mut machine, &c, &form, shell).write(&form, &mut out);
    }
    cx.put(&out)?;
    Ok(status)
}

/// The table of the devices.
fn fill(rows: &[Row], machine: &mut Machine, c: &Choice, form: &Form<'_>, shell: bool) -> Table {
    let mut table = Table::default();
    for column in c.columns.iter().filter_map(|&at| COLUMNS.get(at)) {
        let mut look = column.look(c.bytes);
        if shell && form.kind == table::Kind::Pairs {
            look.name = table::shell_name(&look.name);
        }
        table.columns.push(look);
    }
    // the row of each depth that is above the next
    let mut above: Vec<usize> = Vec::new();
    for row in rows {
        let mut cells = Vec::new();
        for &at in &c.columns {
            let value = machine.value(row.device, row.above, at, c);
            let is_number = COLUMNS.get(at).is_some_and(|column| column.name == "MAJ:MIN");
            let aligned = is_number && form.kind == table::Kind::Aligned;
            cells.push(Some(if aligned { numbers(&value) } else { value }));
        }
        above.truncate(row.depth);
        let at = table.add(cells, above.last().copied());
        above.push(at);
    }
    table
}

/// `  8:0  `: both numbers have room for three digits.
fn numbers(text: &[u8]) -> Vec<u8> {
    let at = text.iter().position(|&b| b == b':').unwrap_or(0);
    let mut out = vec![b' '; 3usize.saturating_sub(at)];
    out.extend_from_slice(text);
    let minor = text.len().saturating_sub(at + 1);
    out.resize(out.len() + 3usize.saturating_sub(minor), b' ');
    out
}

fn sort_rows(rows: &mut Vec<Row>, machine: &mut Machine, c: &Choice, at: usize) {
    let plain = Choice { bytes: true, ..Choice::default() };
    let numeric = COLUMNS.get(at).is_some_and(Column::is_number);
    let mut keyed: Vec<(Vec<u8>, Row)> = Vec::new();
    for row in std::mem::take(rows) {
        let key = machine.value(row.device, row.above, at, if numeric { &plain } else { c });
        keyed.push((key, row));
    }
    let number = |text: &[u8]| std::str::from_utf8(text).ok().and_then(|t| t.parse::<u64>().ok());
    order::sort_by(&mut keyed, |(a, x), (b, y)| {
        if COLUMNS.get(at).is_some_and(|column| column.name == "MAJ:MIN") {
            return machine.order(x.device, y.device);
        }
        if numeric { number(a).cmp(&number(b)) } else { a.cmp(b) }
    });
    rows.extend(keyed.into_iter().map(|(_, row)| row));
}

/// The way through the devices.
struct Walk<'a> {
    c: &'a Choice,
    machine: &'a mut Machine,
    rows: Vec<Row>,
    /// Partitions were named: they are not left out for their disk's sake.
    nested: bool,
}

/// Devices on devices, no deeper.
const DEPTH: usize = 32;

impl Walk<'_> {
    fn visit(&mut self, at: usize, depth: usize, above: Option<usize>) {
        let c = self.c;
        let Some(device) = self.machine.device(at) else { return };
        let major = device.number.0;
        let empty = device.size == 0;
        if !self.nested
            && (c.except.contains(&major) || !c.only.is_empty() && !c.only.contains(&major))
        {
            return;
        }
        if !c.all && empty && (device.name.starts_with(b"loop") || c.no_empty) {
            return;
        }
        if c.scsi && self.machine.address(at).is_empty() {
            return;
        }
        self.rows.push(Row { device: at, above, depth });
        if c.alone || depth >= DEPTH {
            return;
        }
        let mut below = if c.inverse { self.machine.below(at) } else { self.machine.above(at) };
        self.machine.sort(&mut below);
        for child in below {
            self.visit(child, depth + 1, Some(at));
        }
    }
}

/// The last part of a path, as a name.
fn base(path: &Path) -> Vec<u8> {
    path.file_name().map(OsStr::as_bytes).unwrap_or_default().to_vec()
}

/// Numbers as numbers.
fn by_number(a: (u32, u32), b: (u32, u32)) -> Ordering {
    a.cmp(&b)
}
