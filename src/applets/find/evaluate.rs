//! The tests of find, on the file where the walk stands.

use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, readlinkat};
use nix::sys::stat::{FileStat, fstatat};
use nix::unistd::{UnlinkatFlags, faccessat, unlinkat};

use super::parse::{Count, Expr, Part, Test, Than, Which};
use super::{Find, output};
use crate::applet::{Ctx, Error, show_bytes};
use crate::fsutil::walk::Walk;
use crate::shell::pattern;
use crate::sys::folder;
use crate::sys::statfs::birth;

/// Whether the expression is true of the current file.
pub fn evaluate(
    cx: &mut Ctx,
    find: &mut Find,
    walk: &mut Walk,
    expr: &Expr,
) -> Result<bool, Error> {
    match expr {
        Expr::Not(inner) => Ok(!evaluate(cx, find, walk, inner)?),
        Expr::And(list) => {
            for part in list {
                if find.quit || !evaluate(cx, find, walk, part)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Expr::Or(list) => {
            for part in list {
                if find.quit || evaluate(cx, find, walk, part)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Expr::List(list) => {
            let mut last = true;
            for part in list {
                if find.quit {
                    return Ok(false);
                }
                last = evaluate(cx, find, walk, part)?;
            }
            Ok(last)
        }
        Expr::Test(test) => one(cx, find, walk, test),
    }
}

/// The name without folders, and without slashes at its end.
pub fn base(path: &[u8]) -> &[u8] {
    crate::fsutil::place::last_part(path)
}

fn one(cx: &mut Ctx, find: &mut Find, walk: &mut Walk, test: &Test) -> Result<bool, Error> {
    Ok(match test {
        Test::True => true,
        Test::False => false,
        Test::Pattern { part, pattern, icase } => match part {
            Part::Name => fits(pattern, base(walk.path()), *icase),
            Part::Path => fits(pattern, walk.path(), *icase),
            Part::LinkText => {
                walk.kind() == libc::S_IFLNK
                    && readlinkat(walk.dir(), walk.name())
                        .is_ok_and(|text| fits(pattern, text.as_bytes(), *icase))
            }
        },
        Test::Matches(regex) => {
            let path = walk.path();
            // the longest match at the start, which is all if anything is
            regex.find(path, 0).is_some_and(|span| span == (0, path.len()))
        }
        Test::Kind { letters, other } => {
            let kind = if *other { other_kind(walk) } else { walk.kind() };
            letters.contains(&letter(kind))
        }
        Test::Prune => {
            walk.skip();
            true
        }
        Test::Quit => {
            find.quit = true;
            true
        }
        Test::Print { to, end } => {
            output::put(cx, find, *to, walk.path())?;
            output::put(cx, find, *to, &[*end])?;
            true
        }
        Test::Format { to, form } => {
            output::format(cx, find, walk, *to, form)?;
            true
        }
        Test::List { to } => {
            output::list(cx, find, walk, *to)?;
            true
        }
        Test::Delete => delete(cx, walk),
        Test::Run(run) => super::run::run(cx, find, walk, run)?,
        Test::Access(how) => faccessat(walk.dir(), walk.name(), *how, AtFlags::empty()).is_ok(),
        _ => {
            let found = walk.stat().copied();
            match found {
                Ok(stat) => by_stat(find, walk, test, &stat),
                Err(errno) => {
                    cx.warn(Error::os(show_bytes(walk.path()), errno));
                    false
                }
            }
        }
    })
}

fn by_stat(find: &mut Find, walk: &mut Walk, test: &Test, stat: &FileStat) -> bool {
    match test {
        Test::Number { what, than, number } => {
            let value = match what {
                #[allow(clippy::unnecessary_cast)]
                Count::Links => stat.st_nlink as u64,
                Count::Inode => stat.st_ino,
                Count::User => stat.st_uid.into(),
                Count::Group => stat.st_gid.into(),
                Count::Size(unit) => u64::try_from(stat.st_size).unwrap_or(0).div_ceil(*unit),
                Count::Used => {
                    let days = (stat.st_atime - stat.st_ctime).div_euclid(86400);
                    match u64::try_from(days) {
                        Ok(days) => days,
                        Err(_) => return *than == Than::Less,
                    }
                }
            };
            compare(value, *than, *number)
        }
        Test::Age { which, than, number, unit, from } => {
            let Some((seconds, nanos)) = time_of(walk, stat, *which) else { return false };
            let borrow = i64::from(from.1 < nanos);
            let age = from.0.saturating_sub(seconds).saturating_sub(borrow).div_euclid(*unit);
            match u64::try_from(age) {
                Ok(age) => compare(age, *than, *number),
                // of the future
                Err(_) => *than == Than::Less,
            }
        }
        Test::Newer { which, than } => time_of(walk, stat, *which).is_some_and(|time| time > *than),
        Test::Perm { prefix, bits, folder_bits } => {
            let folder = stat.st_mode & libc::S_IFMT == libc::S_IFDIR;
            let bits = if folder { *folder_bits } else { *bits };
            let mode = stat.st_mode & 0o7777;
            match prefix {
                b'-' => mode & bits == bits,
                b'/' => bits == 0 || mode & bits != 0,
                _ => mode == bits,
            }
        }
        Test::Same(device, inode) => (stat.st_dev, stat.st_ino) == (*device, *inode),
        Test::Empty => match stat.st_mode & libc::S_IFMT {
            libc::S_IFREG => stat.st_size == 0,
            libc::S_IFDIR => is_empty(walk),
            _ => false,
        },
        Test::NoUser => find.users.name_of(stat.st_uid).iter().all(u8::is_ascii_digit),
        Test::NoGroup => find.users.group_of(stat.st_gid).iter().all(u8::is_ascii_digit),
        Test::FileSystem(name) => find.file_system(stat.st_dev) == name.as_slice(),
        _ => true,
    }
}

fn compare(value: u64, than: Than, number: u64) -> bool {
    match than {
        Than::Less => value < number,
        Than::Equal => value == number,
        Than::More => value > number,
    }
}

pub fn time_of(walk: &Walk, stat: &FileStat, which: Which) -> Option<(i64, i64)> {
    Some(match which {
        Which::Accessed => (stat.st_atime, stat.st_atime_nsec),
        Which::Changed => (stat.st_ctime, stat.st_ctime_nsec),
        Which::Modified => (stat.st_mtime, stat.st_mtime_nsec),
        Which::Born => birth(walk.dir(), walk.name(), walk.follows())?,
    })
}

fn fits(glob: &[u8], text: &[u8], icase: bool) -> bool {
    if icase {
        return pattern::matches(glob, &text.to_ascii_lowercase());
    }
    pattern::matches(glob, text)
}

/// The letter of a type.
pub fn letter(kind: u32) -> u8 {
    match kind {
        libc::S_IFREG => b'f',
        libc::S_IFDIR => b'd',
        libc::S_IFLNK => b'l',
        libc::S_IFCHR => b'c',
        libc::S_IFBLK => b'b',
        libc::S_IFIFO => b'p',
        libc::S_IFSOCK => b's',
        _ => b'U',
    }
}

/// The type of what a link leads to where links are not followed, and of the
/// link where they are.
pub fn other_kind(walk: &mut Walk) -> u32 {
    let link = AtFlags::AT_SYMLINK_NOFOLLOW;
    let flags = if walk.follows() { link } else { AtFlags::empty() };
    match fstatat(walk.dir(), walk.name(), flags) {
        Ok(stat) => stat.st_mode & libc::S_IFMT,
        Err(Errno::ENOENT | Errno::ENOTDIR) => walk.kind(),
        Err(_) => 0,
    }
}

fn is_empty(walk: &Walk) -> bool {
    let name = walk.name().as_bytes();
    let Ok(fd) = crate::fsutil::ladder::open_folder(walk.dir(), name, walk.follows()) else {
        return false;
    };
    let mut packed = Vec::new();
    let read = folder::read(std::os::fd::AsFd::as_fd(&fd), &mut packed, &mut Vec::new());
    read.is_ok() && packed.is_empty()
}

fn delete(cx: &mut Ctx, walk: &mut Walk) -> bool {
    // the folder that one stands in cannot be removed by this name
    if walk.path() == b"." {
        return true;
    }
    let folder = walk.kind() == libc::S_IFDIR && !is_link(walk);
    let how = if folder { UnlinkatFlags::RemoveDir } else { UnlinkatFlags::NoRemoveDir };
    match unlinkat(walk.dir(), walk.name(), how) {
        Ok(()) => true,
        Err(errno) => {
            let path = show_bytes(walk.path());
            cx.warn(Error::os(format_args!("cannot delete '{path}'"), errno));
            false
        }
    }
}

fn is_link(walk: &Walk) -> bool {
    walk.follows()
        && fstatat(walk.dir(), walk.name(), AtFlags::AT_SYMLINK_NOFOLLOW)
            .is_ok_and(|stat| stat.st_mode & libc::S_IFMT == libc::S_IFLNK)
}

/// The kind of the target as a letter, as `%Y` has it.
pub fn target_letter(walk: &mut Walk) -> u8 {
    if walk.kind() != libc::S_IFLNK {
        return letter(walk.kind());
    }
    match fstatat(walk.dir(), walk.name(), AtFlags::empty()) {
        Ok(stat) => letter(stat.st_mode & libc::S_IFMT),
        Err(Errno::ENOENT | Errno::ENOTDIR) => b'N',
        Err(Errno::ELOOP) => b'L',
        Err(_) => b'?',
    }
}

/// The folder's part of a path, as `%h` has it.
pub fn head(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|&b| b != b'/').map_or(1, |at| at + 1);
    match path.get(..end).unwrap_or_default().iter().rposition(|&b| b == b'/') {
        Some(at) => path.get(..at).unwrap_or_default(),
        None => b".",
    }
}
