//! What find prints: -printf, -ls, and files of -fprint.

use std::os::unix::ffi::OsStrExt;

use nix::fcntl::readlinkat;
use nix::sys::stat::{FileStat, major, minor};

use super::Find;
use super::evaluate::{base, head, letter, target_letter, time_of};
use super::parse::Which;
use crate::applet::{Ctx, Error, show_bytes};
use crate::civil::Civil;
use crate::date;
use crate::directive::{Directive, escape};
use crate::fsutil::walk::Walk;
use crate::mode;
use crate::sys::clock;

/// Writes to standard output (0) or one of the files.
pub fn put(cx: &mut Ctx, find: &mut Find, to: usize, bytes: &[u8]) -> Result<(), Error> {
    let Some(at) = to.checked_sub(1) else { return cx.put(bytes) };
    let Some(file) = find.files.get_mut(at) else { return Ok(()) };
    file.buffer.extend_from_slice(bytes);
    if file.buffer.len() > 64 * 1024 {
        file.flush()?;
    }
    Ok(())
}

/// -printf.
pub fn format(
    cx: &mut Ctx,
    find: &mut Find,
    walk: &mut Walk,
    to: usize,
    form: &[u8],
) -> Result<(), Error> {
    let mut out = std::mem::take(&mut find.line);
    out.clear();
    let mut form = form;
    let mut stop = false;
    while let Some((&byte, rest)) = form.split_first() {
        form = rest;
        match byte {
            b'\\' if form.first() == Some(&b'c') => {
                stop = true;
                break;
            }
            b'\\' => form = escape(&mut out, form, false),
            b'%' => {
                let (d, behind) = Directive::take(form);
                let Some((&letter, behind)) = behind.split_first() else {
                    out.push(b'%');
                    continue;
                };
                form = behind;
                match letter {
                    b'%' => out.push(b'%'),
                    b'A' | b'B' | b'C' | b'T' => {
                        let Some((&how, behind)) = form.split_first() else { continue };
                        form = behind;
                        let text = time_text(walk, letter, how);
                        d.text(&mut out, &text);
                    }
                    _ => directive(find, walk, &d, letter, &mut out),
                }
            }
            _ => out.push(byte),
        }
    }
    put(cx, find, to, &out)?;
    find.line = out;
    if stop {
        cx.flush()?;
    }
    Ok(())
}

fn directive(find: &mut Find, walk: &mut Walk, d: &Directive, what: u8, out: &mut Vec<u8>) {
    // What needs nothing but the path.
    let start = find.start_length.min(walk.path().len());
    match what {
        b'p' => return d.text(out, walk.path()),
        b'f' => {
            let path = walk.path();
            let name = base(path);
            // the slash at the end of an operand stays
            let behind = path.len() - path.iter().rposition(|&b| b != b'/').map_or(0, |at| at + 1);
            if behind > 0 && name != b"/" {
                let from = path.len() - behind - name.len();
                return d.text(out, path.get(from..).unwrap_or_default());
            }
            return d.text(out, name);
        }
        b'h' => {
            let path = walk.path();
            let end = path.iter().rposition(|&b| b != b'/').map_or(0, |at| at + 1);
            let one = !path.get(..end).unwrap_or_default().contains(&b'/');
            // of `d/` it is `d`, of `./d/` it is `.` (GNU)
            return match path.split_last() {
                Some((b'/', text)) if one && end > 0 => d.text(out, text),
                _ => d.text(out, head(path)),
            };
        }
        b'P' => {
            let rest = walk.path().get(start..).unwrap_or_default();
            return d.text(out, rest.strip_prefix(b"/").unwrap_or(rest));
        }
        b'H' => return d.text(out, walk.path().get(..start).unwrap_or_default()),
        b'd' => return d.signed(out, i64::try_from(walk.depth()).unwrap_or(0)),
        b'y' => return d.text(out, &[letter(walk.kind())]),
        b'Y' => return d.text(out, &[target_letter(walk)]),
        b'l' => {
            let text = match walk.kind() {
                libc::S_IFLNK => readlinkat(walk.dir(), walk.name()).unwrap_or_default(),
                _ => Default::default(),
            };
            return d.text(out, text.as_bytes());
        }
        _ => {}
    }
    let Ok(stat) = walk.stat().copied() else { return };
    let decimal = |n: u64| n.to_string().into_bytes();
    let size = u64::try_from(stat.st_size).unwrap_or(0);
    let blocks = u64::try_from(stat.st_blocks).unwrap_or(0);
    let text = match what {
        b'm' => return d.unsigned(out, (stat.st_mode & 0o7777).into(), 8),
        b'M' => mode::text(stat.st_mode).to_vec(),
        b's' => decimal(size),
        b'k' => decimal(blocks.div_ceil(2)),
        b'b' => decimal(blocks),
        b'u' => find.users.name_of(stat.st_uid).to_vec(),
        b'U' => decimal(stat.st_uid.into()),
        b'g' => find.users.group_of(stat.st_gid).to_vec(),
        b'G' => decimal(stat.st_gid.into()),
        #[allow(clippy::unnecessary_cast)]
        b'n' => decimal(stat.st_nlink as u64),
        b'i' => decimal(stat.st_ino),
        b'D' => decimal(stat.st_dev),
        b'a' => time_text(walk, b'A', b' '),
        b'c' => time_text(walk, b'C', b' '),
        b't' => time_text(walk, b'T', b' '),
        b'F' => find.file_system(stat.st_dev).to_vec(),
        b'S' => sparseness(size, blocks),
        _ => {
            out.extend_from_slice(&[b'%', what]);
            return;
        }
    };
    d.text(out, &text);
}

/// How full of blocks a file is: 1 is dense.
fn sparseness(size: u64, blocks: u64) -> Vec<u8> {
    if size == 0 {
        return if blocks == 0 { b"1".to_vec() } else { b"inf".to_vec() };
    }
    #[allow(clippy::cast_precision_loss)] // a ratio to six digits
    let ratio = blocks as f64 * 512.0 / size as f64;
    let mut out = Vec::new();
    crate::sys::float::format(&mut out, b'g', Default::default(), ratio);
    out
}

/// One of the times: `@` as seconds, `+` as a date, or a letter of date(1);
/// seconds have ten digits behind the point, as GNU's do.
fn time_text(walk: &mut Walk, which: u8, how: u8) -> Vec<u8> {
    let which = match which {
        b'A' => Which::Accessed,
        b'B' => Which::Born,
        b'C' => Which::Changed,
        _ => Which::Modified,
    };
    let Ok(stat) = walk.stat().copied() else { return Vec::new() };
    let Some((seconds, nanos)) = time_of(walk, &stat, which) else { return Vec::new() };
    let mut out = Vec::new();
    let nanos = u32::try_from(nanos).unwrap_or(0);
    let mut write = |form: &[u8]| date::write(&mut out, form, seconds, nanos);
    match how {
        b'@' => {
            let text = format!("{seconds}.{nanos:09}0");
            out.extend_from_slice(text.as_bytes());
        }
        b'+' => write(b"%Y-%m-%d+%H:%M:%S.%N0"),
        // of %a, %c and %t
        b' ' => write(b"%a %b %e %H:%M:%S.%N0 %Y"),
        b'S' => write(b"%S.%N0"),
        b'T' | b'X' => write(b"%H:%M:%S.%N0"),
        b'r' => write(b"%I:%M:%S.%N0 %p"),
        letter => write(&[b'%', letter]),
    }
    out
}

/// -ls.
pub fn list(cx: &mut Ctx, find: &mut Find, walk: &mut Walk, to: usize) -> Result<(), Error> {
    let stat: FileStat = match walk.stat() {
        Ok(stat) => *stat,
        Err(errno) => {
            cx.warn(Error::os(show_bytes(walk.path()), errno));
            return Ok(());
        }
    };
    let kind = stat.st_mode & libc::S_IFMT;
    let blocks = u64::try_from(stat.st_blocks).unwrap_or(0).div_ceil(2);
    let mut line = format!("{:9} {blocks:6} ", stat.st_ino).into_bytes();
    line.extend_from_slice(&mode::text(stat.st_mode));
    line.extend_from_slice(format!(" {:3} ", stat.st_nlink).as_bytes());
    for name in
        [find.users.name_of(stat.st_uid).to_vec(), find.users.group_of(stat.st_gid).to_vec()]
    {
        line.extend_from_slice(&name);
        line.resize(line.len() + 8usize.saturating_sub(name.len()) + 1, b' ');
    }
    let size = match kind {
        libc::S_IFCHR | libc::S_IFBLK => {
            format!("{:3}, {:3}", major(stat.st_rdev), minor(stat.st_rdev))
        }
        _ => format!("{:8}", stat.st_size),
    };
    line.extend_from_slice(size.as_bytes());
    let now = i64::try_from(clock::now().as_secs()).unwrap_or(0);
    let t = Civil::of(stat.st_mtime, clock::zone_offset(stat.st_mtime));
    let age = now.saturating_sub(stat.st_mtime);
    let half_a_year = 31_556_952 / 2;
    let date = if (-3600..half_a_year).contains(&age) {
        format!(" {} {:2} {:02}:{:02} ", t.month_name(), t.day, t.hour, t.minute)
    } else {
        format!(" {} {:2}  {:4} ", t.month_name(), t.day, t.year)
    };
    line.extend_from_slice(date.as_bytes());
    escaped(&mut line, walk.path());
    if kind == libc::S_IFLNK
        && let Ok(text) = readlinkat(walk.dir(), walk.name())
    {
        line.extend_from_slice(b" -> ");
        escaped(&mut line, text.as_bytes());
    }
    line.push(b'\n');
    put(cx, find, to, &line)
}

/// A name with its odd bytes escaped as in C.
fn escaped(out: &mut Vec<u8>, name: &[u8]) {
    for &byte in name {
        match byte {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\\' | b' ' | b'"' => out.extend_from_slice(&[b'\\', byte]),
            0..0x20 | 0x7f.. => out.extend_from_slice(format!("\\{byte:03o}").as_bytes()),
            _ => out.push(byte),
        }
    }
}
