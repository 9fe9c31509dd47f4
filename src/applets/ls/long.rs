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

/// One line's columns, from the left; the numbers of a device in two parts.
struct Row {
    inode: String,
    blocks: String,
    mode: String,
    links: String,
    owner: Text,
    group: Text,
    context: String,
    major: String,
    size: String,
    time: String,
}

/// Names stand at the left, numbers at the right.
struct Text {
    text: Vec<u8>,
    right: bool,
}

/// The lines of all files.
pub fn table(
    c: &Choice,
    files: &[File],
    users: &mut Users,
    now: u64,
    name: &dyn Fn(&File) -> (Vec<u8>, usize),
) -> Vec<u8> {
    let rows: Vec<Row> = files.iter().map(|file| row(c, file, users, now)).collect();
    let width = |part: &dyn Fn(&Row) -> usize| rows.iter().map(part).max().unwrap_or(0);
    let inode = width(&|r| r.inode.len());
    let blocks = width(&|r| r.blocks.len());
    let mode = width(&|r| r.mode.len());
    let links = width(&|r| r.links.len());
    let owner = width(&|r| r.owner.text.len());
    let group = width(&|r| r.group.text.len());
    let context = width(&|r| r.context.len());
    let major = width(&|r| r.major.len());
    let minor = width(&|r| if r.major.is_empty() { 0 } else { r.size.len() });
    let plain = width(&|r| if r.major.is_empty() { r.size.len() } else { 0 });
    let numbers = if major == 0 { plain } else { plain.max(major + 2 + minor) };
    let time = width(&|r| r.time.len());
    let mut out = Vec::new();
    for (file, r) in files.iter().zip(&rows) {
        if c.inode {
            out.extend_from_slice(format!("{:>inode$} ", r.inode).as_bytes());
        }
        if c.blocks {
            out.extend_from_slice(format!("{:>blocks$} ", r.blocks).as_bytes());
        }
        out.extend_from_slice(format!("{:<mode$} {:>links$} ", r.mode, r.links).as_bytes());
        if !c.no_owner {
            padded(&mut out, &r.owner, owner);
        }
        if !c.no_group {
            padded(&mut out, &r.group, group);
        }
        if c.context {
            out.extend_from_slice(format!("{:<context$} ", r.context).as_bytes());
        }
        let number = if r.major.is_empty() {
            format!("{:>numbers$} ", r.size)
        } else {
            let left = numbers.saturating_sub(minor + 2);
            format!("{:>left$}, {:>minor$} ", r.major, r.size)
        };
        out.extend_from_slice(number.as_bytes());
        out.extend_from_slice(format!("{:>time$} ", r.time).as_bytes());
        out.extend_from_slice(&name(file).0);
        out.push(b'\n');
    }
    out
}

fn padded(out: &mut Vec<u8>, text: &Text, width: usize) {
    let pad = std::iter::repeat_n(b' ', width.saturating_sub(text.text.len()));
    if text.right {
        out.extend(pad);
        out.extend_from_slice(&text.text);
    } else {
        out.extend_from_slice(&text.text);
        out.extend(pad);
    }
    out.push(b' ');
}

fn row(c: &Choice, file: &File, users: &mut Users, now: u64) -> Row {
    let Some(meta) = &file.meta else {
        // it is there, but nothing more can be told
        let unknown = || "?".to_string();
        let text = || Text { text: b"?".to_vec(), right: false };
        let kind = if file.is_link { 'l' } else { '?' };
        return Row {
            inode: unknown(),
            blocks: unknown(),
            mode: format!("{kind}?????????"),
            links: unknown(),
            owner: text(),
            group: text(),
            context: unknown(),
            major: String::new(),
            size: unknown(),
            time: unknown(),
        };
    };
    let mut mode: String = mode::text(meta.mode()).iter().map(|&b| char::from(b)).collect();
    if xattr::has(&file.path, c"system.posix_acl_access")
        || meta.is_dir() && xattr::has(&file.path, c"system.posix_acl_default")
    {
        mode.push('+');
    } else if xattr::has(&file.path, c"security.selinux") {
        mode.push('.');
    }
    let context = if c.context {
        let value = xattr::get(&file.path, c"security.selinux").unwrap_or_default();
        let value = value.strip_suffix(b"\0").unwrap_or(&value);
        if value.is_empty() { "?".into() } else { crate::applet::show_bytes(value).to_string() }
    } else {
        String::new()
    };
    let (major, size) = match meta.mode() & libc::S_IFMT {
        libc::S_IFCHR | libc::S_IFBLK => {
            (major(meta.rdev()).to_string(), minor(meta.rdev()).to_string())
        }
        _ => (String::new(), bytes(c, meta.size())),
    };
    Row {
        inode: meta.ino().to_string(),
        blocks: blocks(c, meta.blocks()),
        mode,
        links: meta.nlink().to_string(),
        owner: id_text(c, meta.uid(), || users.name_of(meta.uid()).to_vec()),
        group: id_text(c, meta.gid(), || users.group_of(meta.gid()).to_vec()),
        context,
        major,
        size,
        time: time(c, meta, now),
    }
}

fn id_text(c: &Choice, id: u32, name: impl FnOnce() -> Vec<u8>) -> Text {
    let number = id.to_string().into_bytes();
    let text = if c.numeric { number.clone() } else { name() };
    let right = text == number;
    Text { text, right }
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
