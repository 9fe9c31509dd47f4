//! stat: what the system knows of a file or a file system. GNU, busybox.

use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use nix::fcntl::{AT_FDCWD, AtFlags, readlink};
use nix::sys::stat::{FileStat, fstat, fstatat, lstat, major, minor};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::date;
use crate::directive::{Directive, escape};
use crate::fsutil::ask;
use crate::fsutil::place::folder_of;
use crate::fsutil::resolve::{Missing, resolve};
use crate::fsutil::users::Users;
use crate::mode;
use crate::sys::statfs::{StatFs, birth, statfs};
use crate::sys::xattr;

mod kinds;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "stat",
    summary: "show what is known of a file or a file system",
    usage: "[-Lft] [-c FORMAT | --printf=FORMAT] FILE...\n\
            \x20 -L  what a link leads to     -f  the file system     -t  on one line\n\
            \x20 -c  %n name %N quoted, with target %s size %b blocks of %B bytes %o I/O size\n\
            \x20     %a %A permissions %f raw mode %F type %u %U owner %g %G group %h links\n\
            \x20     %i inode %d %D device %t %T device type %m mount point %C context\n\
            \x20     %x %X access %y %Y modification %z %Z change %w %W birth\n\
            \x20 -fc %n name %i id %l longest name %t %T type %s %S block sizes\n\
            \x20     %b blocks %f free %a for users %c inodes %d free",
    kind: Kind::Fork, // a network file system may block
    run,
};

const PLAIN: &[u8] = b"  File: %q\n  Size: %-10s\tBlocks: %-10b IO Block: %-6o %F\n\
    Device: %Hd,%Ld\tInode: %-10i  Links: %h\n\
    Access: (%04a/%10.10A)  Uid: (%5u/%8U)   Gid: (%5g/%8G)\n\
    Access: %x\nModify: %y\nChange: %z\n Birth: %w\n";
const DEVICE: &[u8] = b"  File: %q\n  Size: %-10s\tBlocks: %-10b IO Block: %-6o %F\n\
    Device: %Hd,%Ld\tInode: %-10i  Links: %-5h Device type: %Hr,%Lr\n\
    Access: (%04a/%10.10A)  Uid: (%5u/%8U)   Gid: (%5g/%8G)\n\
    Access: %x\nModify: %y\nChange: %z\n Birth: %w\n";
const TERSE: &[u8] = b"%n %s %b %f %u %g %D %i %h %t %T %X %Y %Z %W %o\n";
const FS_PLAIN: &[u8] = b"  File: \"%n\"\n    ID: %-8i Namelen: %-7l Type: %T\n\
    Block size: %-10s Fundamental block size: %S\n\
    Blocks: Total: %-10b Free: %-10f Available: %a\n\
    Inodes: Total: %-10c Free: %d\n";
const FS_TERSE: &[u8] = b"%n %i %l %t %s %S %b %f %a %c %d\n";

/// What is looked at.
struct Subject<'a> {
    name: &'a OsStr,
    follow: bool,
    stat: FileStat,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let (mut follow, mut system, mut terse) = (false, false, false);
    let mut format: Option<Vec<u8>> = None;
    let mut escapes = false;
    let mut options =
        cx.parse("L,dereference f,file-system t,terse c:format -1:printf -2:cached")?;
    while let Some(letter) = options.next() {
        match letter {
            b'L' => follow = true,
            b'f' => system = true,
            b't' => terse = true,
            b'c' => {
                let mut text = options.bytes();
                text.push(b'\n');
                (format, escapes) = (Some(text), false);
            }
            b'1' => (format, escapes) = (Some(options.bytes()), true),
            _ => {}
        }
    }
    if options.operands.is_empty() {
        return Err(Error::usage("which file?").with(Status::FAILURE));
    }
    let mut users = Users::new();
    for name in &options.operands {
        let mut out = Vec::new();
        if system {
            let standard = if terse { FS_TERSE } else { FS_PLAIN };
            match statfs(name) {
                Ok(stat) => {
                    let form = format.as_deref().unwrap_or(standard);
                    fill(&mut out, form, escapes, &mut |out, d, letter, _| {
                        of_system(out, d, letter, name, &stat)
                    });
                }
                Err(errno) => cx.warn(Error::os(show(name), errno)),
            }
        } else {
            let flags = if follow { AtFlags::empty() } else { AtFlags::AT_SYMLINK_NOFOLLOW };
            let stat = if name == "-" {
                fstat(cx.stdin)
            } else {
                fstatat(AT_FDCWD, name.as_os_str(), flags)
            };
            match stat {
                Ok(stat) => {
                    let kind = stat.st_mode & libc::S_IFMT;
                    let standard = match kind {
                        _ if terse => TERSE,
                        libc::S_IFCHR | libc::S_IFBLK => DEVICE,
                        _ => PLAIN,
                    };
                    let subject = Subject { name, follow, stat };
                    let form = format.as_deref().unwrap_or(standard);
                    fill(&mut out, form, escapes, &mut |out, d, letter, half| {
                        of_file(out, d, letter, half, &subject, &mut users)
                    });
                }
                Err(errno) => cx.warn(Error::os(show(name), errno)),
            }
        }
        cx.put(&out)?;
    }
    Ok(cx.status())
}

/// Appends what a directive with a letter, and H or L before it, stands for.
type Put<'a> = dyn FnMut(&mut Vec<u8>, &Directive, u8, u8) + 'a;

/// Copies a format with its directives filled in. A letter H or L in front of
/// another asks for one half of a device number.
fn fill(out: &mut Vec<u8>, mut form: &[u8], escapes: bool, put: &mut Put<'_>) {
    while let Some((&byte, rest)) = form.split_first() {
        form = rest;
        match byte {
            b'\\' if escapes => form = escape(out, form, true),
            b'%' => {
                let (directive, rest) = Directive::take(form);
                let Some((&letter, rest)) = rest.split_first() else {
                    out.push(b'%');
                    continue;
                };
                form = rest;
                match (letter, rest.split_first()) {
                    (b'%', _) => out.push(b'%'),
                    (b'H' | b'L', Some((&device @ (b'd' | b'r'), behind))) => {
                        form = behind;
                        put(out, &directive, device, letter);
                    }
                    _ => put(out, &directive, letter, 0),
                }
            }
            _ => out.push(byte),
        }
    }
}

fn of_file(
    out: &mut Vec<u8>,
    d: &Directive,
    letter: u8,
    half: u8,
    subject: &Subject,
    users: &mut Users,
) {
    let stat = &subject.stat;
    let name = subject.name;
    let unsigned = |n: i64| u64::try_from(n).unwrap_or(0);
    let number = match (letter, half) {
        (b'd', b'H') => major(stat.st_dev),
        (b'd', b'L') => minor(stat.st_dev),
        (b'r', b'H') => major(stat.st_rdev),
        (b'r', b'L') => minor(stat.st_rdev),
        (b's', _) => unsigned(stat.st_size),
        (b'b', _) => unsigned(stat.st_blocks),
        (b'B', _) => 512,
        #[allow(clippy::unnecessary_cast)]
        (b'o', _) => stat.st_blksize as u64,
        (b'u', _) => stat.st_uid.into(),
        (b'g', _) => stat.st_gid.into(),
        (b'i', _) => stat.st_ino,
        (b'd', _) => stat.st_dev,
        (b'r', _) => stat.st_rdev,
        #[allow(clippy::unnecessary_cast)]
        (b'h', _) => stat.st_nlink as u64,
        (b'a', _) => return d.unsigned(out, (stat.st_mode & 0o7777).into(), 8),
        (b'R', _) => return d.unsigned(out, stat.st_rdev, 16),
        (b'f', _) => return d.unsigned(out, stat.st_mode.into(), 16),
        (b'D', _) => return d.unsigned(out, stat.st_dev, 16),
        (b't', _) => return d.unsigned(out, major(stat.st_rdev), 16),
        (b'T', _) => return d.unsigned(out, minor(stat.st_rdev), 16),
        (b'X', _) => return d.seconds(out, stat.st_atime, stat.st_atime_nsec),
        (b'Y', _) => return d.seconds(out, stat.st_mtime, stat.st_mtime_nsec),
        (b'Z', _) => return d.seconds(out, stat.st_ctime, stat.st_ctime_nsec),
        (b'W', _) => {
            let (seconds, nanos) = born(subject).unwrap_or((0, 0));
            return d.seconds(out, seconds, nanos);
        }
        _ => {
            let text = match letter {
                b'n' => name.as_bytes().to_vec(),
                b'N' => with_target(subject, true),
                b'q' => with_target(subject, false),
                b'A' => mode::text(stat.st_mode).to_vec(),
                b'F' => ask::kind(stat.st_mode, stat.st_size).as_bytes().to_vec(),
                b'U' => named(users.name_of(stat.st_uid)),
                b'G' => named(users.group_of(stat.st_gid)),
                b'x' => time(stat.st_atime, stat.st_atime_nsec),
                b'y' => time(stat.st_mtime, stat.st_mtime_nsec),
                b'z' => time(stat.st_ctime, stat.st_ctime_nsec),
                b'w' => born(subject).map_or_else(|| b"-".to_vec(), |(s, n)| time(s, n)),
                b'm' => mount_point(name, subject.follow),
                b'C' => xattr::get(name.as_ref(), c"security.selinux").map_or_else(
                    |_| b"?".to_vec(),
                    |value| value.strip_suffix(b"\0").unwrap_or(&value).to_vec(),
                ),
                _ => b"?".to_vec(),
            };
            return d.text(out, &text);
        }
    };
    d.unsigned(out, number, 10);
}

/// An account without a name.
fn named(name: &[u8]) -> Vec<u8> {
    if name.iter().all(u8::is_ascii_digit) { b"UNKNOWN".to_vec() } else { name.to_vec() }
}

fn born(subject: &Subject) -> Option<(i64, i64)> {
    birth(AT_FDCWD, subject.name, subject.follow)
}

fn time(seconds: i64, nanos: i64) -> Vec<u8> {
    let mut out = Vec::new();
    let nanos = u32::try_from(nanos).unwrap_or(0);
    date::write(&mut out, b"%Y-%m-%d %H:%M:%S.%N %z", seconds, nanos);
    out
}

/// The name, and the target of a link behind it; in quotes, or as they are.
fn with_target(subject: &Subject, quotes: bool) -> Vec<u8> {
    let mut text = Vec::new();
    // busybox and toybox quote the names of links only
    let link = subject.stat.st_mode & libc::S_IFMT == libc::S_IFLNK;
    quote(&mut text, subject.name.as_bytes(), quotes && link);
    if link && let Ok(target) = readlink(subject.name) {
        text.extend_from_slice(b" -> ");
        quote(&mut text, &target.into_vec(), quotes);
    }
    text
}

fn quote(out: &mut Vec<u8>, name: &[u8], quotes: bool) {
    let mark: &[u8] = match quotes {
        false => b"",
        // GNU: in the other quotes when the name has such
        true if name.contains(&b'\'') => b"\"",
        true => b"'",
    };
    out.extend_from_slice(mark);
    out.extend_from_slice(name);
    out.extend_from_slice(mark);
}

/// The folder that the file system of a file is mounted on.
fn mount_point(name: &OsStr, follow: bool) -> Vec<u8> {
    let link = lstat(name).is_ok_and(|stat| stat.st_mode & libc::S_IFMT == libc::S_IFLNK);
    let start = if link && !follow { folder_of(name.as_bytes()) } else { name.as_bytes() };
    let Ok(mut path) = resolve(start, Missing::Nothing, true) else { return b"?".to_vec() };
    let device = |path: &[u8]| lstat(OsStr::from_bytes(path)).map(|stat| stat.st_dev);
    let own = device(&path);
    while path != b"/" {
        let above = folder_of(&path).to_vec();
        if device(&above) != own {
            break;
        }
        path = above;
    }
    path
}

fn of_system(out: &mut Vec<u8>, d: &Directive, letter: u8, name: &OsStr, stat: &StatFs) {
    let number = match letter {
        b'n' => return d.text(out, name.as_bytes()),
        b'i' => return d.unsigned(out, stat.id, 16),
        b't' => return d.unsigned(out, stat.kind, 16),
        b'T' => return d.text(out, &kinds::name(stat.kind)),
        b'l' => stat.name_max,
        b's' => stat.block,
        b'S' => stat.fragment,
        b'b' => stat.blocks,
        b'f' => stat.free,
        b'a' => stat.available,
        b'c' => stat.files,
        b'd' => stat.files_free,
        _ => return d.text(out, b"?"),
    };
    d.unsigned(out, number, 10);
}
