//! The long listing: one line a file, in aligned columns.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

use nix::sys::stat::{major, minor};

use super::choice::{Choice, TimeStyle};
use super::{File, time_of};
use crate::civil::Civil;
use crate::fsutil::users::Users;
use crate::sys::{clock, memory, xattr};
use crate::{digits, mode, size};

/// Half a year of 365.2425 days, in seconds: older files show the year.
pub const HALF_YEAR: i64 = 31_556_952 / 2;

/// One line's columns, from the left.
#[derive(Default)]
struct Row {
    /// All columns, one behind the other.
    text: Vec<u8>,
    /// Where each ends, and whether it stands at the right of its column, as
    /// numbers do.
    ends: Vec<(usize, bool)>,
    /// Of a device its two numbers, which stand in the column of the size.
    device: Option<(u64, u64)>,
}

impl Row {
    fn end(&mut self, is_right: bool) {
        self.ends.push((self.text.len(), is_right));
    }

    fn put(&mut self, text: &[u8], is_right: bool) {
        self.text.extend_from_slice(text);
        self.end(is_right);
    }

    fn number(&mut self, number: u64) {
        digits::push(&mut self.text, number, 10, 1, false);
        self.end(true);
    }

    fn unknown(&mut self, wanted: bool, is_right: bool) {
        if wanted {
            self.put(b"?", is_right);
        }
    }

    fn cells(&self) -> impl Iterator<Item = (&[u8], bool)> {
        let mut start = 0;
        self.ends.iter().map(move |&(end, is_right)| {
            (self.text.get(std::mem::replace(&mut start, end)..end).unwrap_or_default(), is_right)
        })
    }
}

/// The offset of local time, which changes at quarters of hours only.
#[derive(Default)]
struct Zone {
    quarter: Option<(i64, i32)>,
}

impl Zone {
    fn offset(&mut self, seconds: i64) -> i32 {
        let quarter = seconds.div_euclid(900);
        match self.quarter {
            Some((known, offset)) if known == quarter => offset,
            _ => {
                let offset = clock::zone_offset(seconds);
                self.quarter = Some((quarter, offset));
                offset
            }
        }
    }
}

/// The lines of all files.
pub fn table(
    c: &Choice,
    files: &[File],
    users: &mut Users,
    now: u64,
    name: &dyn Fn(&File, &mut Vec<u8>),
) -> Vec<u8> {
    let mut rows = Vec::new();
    let mut wide = 0;
    let mut zone = Zone::default();
    for file in files {
        let row = row(c, file, users, now, &mut zone);
        if let Some((_, minor)) = row.device {
            wide = wide.max(minor.to_string().len());
        }
        rows.push(row);
    }
    let mut widths: Vec<usize> = Vec::new();
    for row in &mut rows {
        if let Some((major, minor)) = row.device {
            with_numbers(row, format!("{major}, {minor:>wide$}").as_bytes());
        }
        widths.resize(row.ends.len(), 0);
        for (width, (cell, _)) in widths.iter_mut().zip(row.cells()) {
            *width = cell.len().max(*width);
        }
    }
    let mut out = Vec::new();
    for (file, row) in files.iter().zip(&rows) {
        for (width, (cell, is_right)) in widths.iter().zip(row.cells()) {
            let end = out.len() + width;
            if is_right {
                memory::resize(&mut out, end - cell.len(), b' ');
            }
            out.extend_from_slice(cell);
            memory::resize(&mut out, end + 1, b' ');
        }
        name(file, &mut out);
        out.push(b'\n');
    }
    out
}

/// A device's numbers in the place of its size, behind which is only the time.
fn with_numbers(row: &mut Row, numbers: &[u8]) {
    let mut new = Row::default();
    let last = row.ends.len().saturating_sub(2);
    for (at, (cell, is_right)) in row.cells().enumerate() {
        new.put(if at == last { numbers } else { cell }, is_right);
    }
    *row = new;
}

fn row(c: &Choice, file: &File, users: &mut Users, now: u64, zone: &mut Zone) -> Row {
    let mut row = Row { text: Vec::with_capacity(64), ends: Vec::with_capacity(8), device: None };
    let Some(meta) = &file.meta else {
        // it is there, but nothing more can be told
        row.unknown(c.inode, true);
        row.unknown(c.blocks, true);
        row.put(if file.is_link { b"l?????????" } else { b"??????????" }, false);
        row.unknown(true, true);
        row.unknown(!c.no_owner, false);
        row.unknown(!c.no_group, false);
        row.unknown(c.context, false);
        row.unknown(true, true);
        row.unknown(true, true);
        return row;
    };
    if c.inode {
        row.number(meta.ino());
    }
    if c.blocks {
        row.put(blocks(c, meta.blocks()).as_bytes(), true);
    }
    row.text.extend_from_slice(&mode::text(meta.mode()));
    match protection(file) {
        Protection::None => {}
        Protection::List => row.text.push(b'+'),
        Protection::Context => row.text.push(b'.'),
    }
    row.end(false);
    row.number(meta.nlink());
    if !c.no_owner {
        id_text(&mut row, c, meta.uid(), users.name_of(meta.uid()));
    }
    if !c.no_group {
        id_text(&mut row, c, meta.gid(), users.group_of(meta.gid()));
    }
    if c.context {
        let value = xattr::get(&file.path(), c"security.selinux").unwrap_or_default();
        let value = value.strip_suffix(b"\0").unwrap_or(&value);
        let value = if value.is_empty() { b"?" } else { value };
        row.put(crate::applet::show_bytes(value).to_string().as_bytes(), false);
    }
    let is_device = matches!(meta.mode() & libc::S_IFMT, libc::S_IFCHR | libc::S_IFBLK);
    if c.human {
        row.put(bytes(c, meta.size()).as_bytes(), true);
    } else {
        row.number(meta.size());
    }
    time(c, meta, now, zone, &mut row.text);
    row.end(true);
    row.device = is_device.then(|| (major(meta.rdev()), minor(meta.rdev())));
    row
}

/// What protects a file besides its mode.
enum Protection {
    None,
    /// An access control list.
    List,
    /// A security context.
    Context,
}

fn protection(file: &File) -> Protection {
    let mut protection = Protection::None;
    // Where they cannot be told there are none.
    for name in xattr::names(&file.path()).unwrap_or_default().split(|&b| b == 0) {
        match name {
            b"system.posix_acl_access" | b"system.posix_acl_default" => return Protection::List,
            b"security.selinux" => protection = Protection::Context,
            _ => {}
        }
    }
    protection
}

fn id_text(row: &mut Row, c: &Choice, id: u32, name: &[u8]) {
    let start = row.text.len();
    digits::push(&mut row.text, u64::from(id), 10, 1, false);
    let is_number = c.numeric || row.text.get(start..) == Some(name);
    if !is_number {
        row.text.truncate(start);
        row.text.extend_from_slice(name);
    }
    row.end(is_number);
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

/// Two digits behind a byte.
fn two(out: &mut Vec<u8>, before: u8, number: u32) {
    out.push(before);
    digits::push(out, u64::from(number), 10, 2, false);
}

fn time(c: &Choice, meta: &Metadata, now: u64, zone: &mut Zone, out: &mut Vec<u8>) {
    let (seconds, nanos) = time_of(c.which, meta);
    let t = Civil::of(seconds, zone.offset(seconds));
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let age = now.saturating_sub(seconds);
    let recent = (0..HALF_YEAR).contains(&age);
    if let Some(form) = &c.time_form {
        // two lines: for old times, for those of the last half year
        let mut lines = form.split(|&b| b == b'\n');
        let old = lines.next().unwrap_or_default();
        let form = lines.next().filter(|_| recent).unwrap_or(old);
        crate::date::write(out, form, seconds, u32::try_from(nanos).unwrap_or(0));
        return;
    }
    match c.time_style {
        TimeStyle::FullIso => {
            let text = format!("{}.{nanos:09} {}", t.date_time(), t.zone());
            out.extend_from_slice(text.as_bytes());
            return;
        }
        TimeStyle::Iso if recent => digits::push(out, u64::from(t.month), 10, 2, false),
        TimeStyle::LongIso | TimeStyle::Iso => {
            out.extend_from_slice(format!("{:04}", t.year).as_bytes());
            two(out, b'-', t.month);
        }
        TimeStyle::Locale => {
            out.extend_from_slice(t.month_name().as_bytes());
            out.extend_from_slice(if t.day < 10 { b"  " } else { b" " });
            digits::push(out, u64::from(t.day), 10, 1, false);
        }
    }
    if !matches!(c.time_style, TimeStyle::Locale) {
        two(out, b'-', t.day);
    }
    match c.time_style {
        TimeStyle::Iso if !recent => out.push(b' '),
        TimeStyle::Locale if !recent => {
            out.extend_from_slice(format!("  {:>4}", t.year).as_bytes());
        }
        _ => {
            two(out, b' ', t.hour);
            two(out, b':', t.minute);
        }
    }
}
