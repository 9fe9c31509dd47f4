//! The long listing: one line a file, in aligned columns.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

use nix::sys::stat::{major, minor};

use super::choice::{Choice, TimeStyle};
use super::{File, time_of};
use crate::civil::Civil;
use crate::fsutil::users::Users;
use crate::sys::{clock, xattr};
use crate::{mode, size};

/// Half a year of 365.2425 days, in seconds: older files show the year.
const HALF_YEAR: i64 = 31_556_952 / 2;

/// One line's columns, from the left.
struct Row {
    cells: Vec<Cell>,
    /// Of a device its two numbers, which stand in the column of the size.
    device: Option<(u64, u64)>,
}

/// Names stand at the left, numbers at the right.
struct Cell {
    text: Vec<u8>,
    right: bool,
}

fn left(text: impl Into<Vec<u8>>) -> Cell {
    Cell { text: text.into(), right: false }
}

fn right(text: String) -> Cell {
    Cell { text: text.into_bytes(), right: true }
}

/// The lines of all files.
pub fn table(
    c: &Choice,
    files: &[File],
    users: &mut Users,
    now: u64,
    name: &dyn Fn(&File) -> (Vec<u8>, usize),
) -> Vec<u8> {
    let mut rows = Vec::new();
    let mut wide = 0;
    for file in files {
        let row = row(c, file, users, now);
        if let Some((_, minor)) = row.device {
            wide = wide.max(minor.to_string().len());
        }
        rows.push(row);
    }
    let mut widths: Vec<usize> = Vec::new();
    for row in &mut rows {
        // behind the size is only the time
        if let Some((major, minor)) = row.device
            && let [.., size, _] = row.cells.as_mut_slice()
        {
            *size = right(format!("{major}, {minor:>wide$}"));
        }
        widths.resize(row.cells.len(), 0);
        for (width, cell) in widths.iter_mut().zip(&row.cells) {
            *width = cell.text.len().max(*width);
        }
    }
    let mut out = Vec::new();
    for (file, row) in files.iter().zip(&rows) {
        for (width, cell) in widths.iter().zip(&row.cells) {
            padded(&mut out, cell, *width);
        }
        out.extend_from_slice(&name(file).0);
        out.push(b'\n');
    }
    out
}

fn padded(out: &mut Vec<u8>, cell: &Cell, width: usize) {
    let start = out.len();
    if !cell.right {
        out.extend_from_slice(&cell.text);
    }
    crate::sys::memory::resize(
        out,
        start + width - if cell.right { cell.text.len() } else { 0 },
        b' ',
    );
    if cell.right {
        out.extend_from_slice(&cell.text);
    }
    out.push(b' ');
}

fn row(c: &Choice, file: &File, users: &mut Users, now: u64) -> Row {
    let mut cells = Vec::new();
    let Some(meta) = &file.meta else {
        // it is there, but nothing more can be told
        let unknown = |cells: &mut Vec<Cell>, wanted: bool, is_right: bool| {
            if wanted {
                cells.push(Cell { text: b"?".to_vec(), right: is_right });
            }
        };
        unknown(&mut cells, c.inode, true);
        unknown(&mut cells, c.blocks, true);
        cells.push(left(if file.is_link { "l?????????" } else { "??????????" }));
        unknown(&mut cells, true, true);
        unknown(&mut cells, !c.no_owner, false);
        unknown(&mut cells, !c.no_group, false);
        unknown(&mut cells, c.context, false);
        unknown(&mut cells, true, true);
        unknown(&mut cells, true, true);
        return Row { cells, device: None };
    };
    if c.inode {
        cells.push(right(meta.ino().to_string()));
    }
    if c.blocks {
        cells.push(right(blocks(c, meta.blocks())));
    }
    let mut mode = mode::text(meta.mode()).to_vec();
    // one question for all that the mark stands for; links have no access lists
    let mut buffer = [0; 1024];
    let mut sign = None;
    for name in xattr::names(&file.path, &mut buffer).split(|&b| b == 0) {
        match name {
            b"system.posix_acl_access" | b"system.posix_acl_default" => sign = Some(b'+'),
            b"security.selinux" => sign = sign.or(Some(b'.')),
            _ => {}
        }
    }
    mode.extend(sign);
    cells.push(left(mode));
    cells.push(right(meta.nlink().to_string()));
    if !c.no_owner {
        cells.push(id_text(c, meta.uid(), users.name_of(meta.uid())));
    }
    if !c.no_group {
        cells.push(id_text(c, meta.gid(), users.group_of(meta.gid())));
    }
    if c.context {
        let value = xattr::get(&file.path, c"security.selinux").unwrap_or_default();
        let value = value.strip_suffix(b"\0").unwrap_or(&value);
        let value = if value.is_empty() { b"?" } else { value };
        cells.push(left(crate::applet::show_bytes(value).to_string()));
    }
    let is_device = matches!(meta.mode() & libc::S_IFMT, libc::S_IFCHR | libc::S_IFBLK);
    cells.push(right(bytes(c, meta.size())));
    cells.push(right(time(c, meta, now)));
    Row { cells, device: is_device.then(|| (major(meta.rdev()), minor(meta.rdev()))) }
}

fn id_text(c: &Choice, id: u32, name: &[u8]) -> Cell {
    let number = id.to_string().into_bytes();
    let is_number = c.numeric || name == number;
    Cell { text: if is_number { number } else { name.to_vec() }, right: is_number }
}

fn bytes(c: &Choice, number: u64) -> String {
    match (c.human, c.decimal) {
        (true, false) => size::human(number),
        (true, true) => size::human_decimal(number),
        _ => number.to_string(),
    }
}

/// Blocks of 512 bytes as they are printed: of 1024, or for people.
pub fn blocks(c: &Choice, number: u64) -> String {
    if c.human { bytes(c, number.saturating_mul(512)) } else { number.div_ceil(2).to_string() }
}

/// What stands before a name in the short listing: inode and blocks.
pub fn prefixes(c: &Choice, files: &[File]) -> Vec<String> {
    let cell = |file: &File, what: &dyn Fn(&Metadata) -> String| {
        file.meta.as_ref().map_or_else(|| "?".to_string(), what)
    };
    let inodes: Vec<String> =
        files.iter().map(|f| cell(f, &|meta| meta.ino().to_string())).collect();
    let sizes: Vec<String> =
        files.iter().map(|f| cell(f, &|meta| blocks(c, meta.blocks()))).collect();
    let wide = |list: &[String]| list.iter().map(String::len).max().unwrap_or(0);
    let (inode_width, size_width) = (wide(&inodes), wide(&sizes));
    inodes
        .iter()
        .zip(&sizes)
        .map(|(inode, size)| {
            let mut text = String::new();
            if c.inode {
                text.push_str(&format!("{inode:>inode_width$} "));
            }
            if c.blocks {
                text.push_str(&format!("{size:>size_width$} "));
            }
            text
        })
        .collect()
}

fn time(c: &Choice, meta: &Metadata, now: u64) -> String {
    let (seconds, nanos) = time_of(c.which, meta);
    let t = Civil::of(seconds, clock::zone_offset(seconds));
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let age = now.saturating_sub(seconds);
    let recent = (0..HALF_YEAR).contains(&age);
    if let Some(form) = &c.time_form {
        // two lines: for old times, for those of the last half year
        let mut lines = form.split(|&b| b == b'\n');
        let old = lines.next().unwrap_or_default();
        let form = lines.next().filter(|_| recent).unwrap_or(old);
        let mut text = Vec::new();
        crate::date::write(&mut text, form, seconds, u32::try_from(nanos).unwrap_or(0));
        return String::from_utf8_lossy(&text).into_owned();
    }
    let clock = format!("{:02}:{:02}", t.hour, t.minute);
    match c.time_style {
        TimeStyle::FullIso => format!("{}.{nanos:09} {}", t.date_time(), t.zone()),
        TimeStyle::LongIso => format!("{:04}-{:02}-{:02} {clock}", t.year, t.month, t.day),
        TimeStyle::Iso if recent => format!("{:02}-{:02} {clock}", t.month, t.day),
        TimeStyle::Iso => format!("{:04}-{:02}-{:02} ", t.year, t.month, t.day),
        TimeStyle::Locale if recent => format!("{} {:2} {clock}", t.month_name(), t.day),
        TimeStyle::Locale => format!("{} {:2}  {:>4}", t.month_name(), t.day, t.year),
    }
}
