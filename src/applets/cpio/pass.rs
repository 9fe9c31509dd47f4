//! cpio -p: files to another folder.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::sys::stat::fstatat;

use super::create::names;
use super::{Choice, Inode, on_disk, tell};
use crate::applet::{Ctx, Error, Status, show_bytes, write_all};
use crate::archive::disk::{self, Reading};
use crate::archive::extract::{Extractor, Failure, Wanted};
use crate::archive::list::shown;
use crate::archive::{Bytes, Damage, Entry, name};

/// Copies the files named on standard input below a folder.
pub fn pass(cx: &mut Ctx, c: &Choice, folder: &OsStr) -> Result<Status, Error> {
    let wanted = Wanted {
        newer: !c.replace,
        permissions: true,
        owners: c.owners,
        untimed: !c.times,
        parents: c.folders,
        ..Wanted::default()
    };
    let mut extractor = Extractor::new(Path::new(folder), wanted)?;
    let mut names = names(cx, c);
    let mut linked: Vec<(Inode, Vec<u8>)> = Vec::new();
    let mut bytes = 0;
    while let Some(name) = names.next()? {
        match copy(c, &mut extractor, &name, &mut linked) {
            Ok((count, made)) => {
                bytes += count;
                if c.verbose && made {
                    let mut line = Path::new(folder).join(OsStr::from_bytes(name::inside(&name).1));
                    line.as_mut_os_string().push("\n");
                    let _ = write_all(cx.stderr, &shown_line(line.as_os_str().as_bytes()));
                }
                if !made {
                    let name = show_bytes(&name).to_string();
                    cx.note(format_args!("{name} not created: newer or same age version exists"));
                }
            }
            Err(error) => cx.warn(error),
        }
    }
    extractor.finish(&mut |error| cx.warn(error));
    tell(cx, c, bytes);
    Ok(cx.status())
}

fn shown_line(line: &[u8]) -> Vec<u8> {
    let mut out = shown(line.strip_suffix(b"\n").unwrap_or(line));
    out.push(b'\n');
    out
}

/// The content of a file that is copied.
struct Copying {
    reading: Reading,
    out: Vec<u8>,
}

impl crate::archive::Content for Copying {
    fn piece(&mut self) -> Result<&[u8], Damage> {
        self.out.clear();
        if self.reading.left > 0 && self.reading.more(&mut self.out).is_err() {
            return Err(Damage::Short);
        }
        Ok(&self.out)
    }
}

/// Copies one; gives how many bytes, and whether it was made.
fn copy(
    c: &Choice,
    extractor: &mut Extractor,
    name: &[u8],
    linked: &mut Vec<(Inode, Vec<u8>)>,
) -> Result<(u64, bool), Error> {
    let path = on_disk(c, name);
    let fail = |e: Errno| Error::os(show_bytes(name), e);
    let flags = if c.follow { AtFlags::empty() } else { AtFlags::AT_SYMLINK_NOFOLLOW };
    let stat = fstatat(AT_FDCWD, &path, flags).map_err(fail)?;
    let mut entry = disk::entry(name, &stat);
    if let Some((uid, gid)) = c.owner {
        entry.uid = uid.unwrap_or(entry.uid);
        entry.gid = gid.unwrap_or(entry.gid);
    }
    let done = |result: Result<bool, Failure>| match result {
        Ok(made) => Ok(made || entry_is_dot(name)),
        Err(Failure::Entry(error)) => Err(error),
        Err(Failure::Archive(_)) => Err(Error::about(show_bytes(name), "cannot be read")),
    };
    if c.link && !entry.is_folder() && extractor.link(&path, name).is_ok() {
        return Ok((0, true));
    }
    if entry.nlink > 1 && !entry.is_folder() {
        if let Some((_, first)) = linked.iter().find(|(inode, _)| *inode == entry.inode) {
            let link = Entry { hard: true, link: first.clone(), ..entry };
            return Ok((0, done(extractor.put(&link, name, &mut Bytes(b"")))?));
        }
        linked.push((entry.inode, name.to_vec()));
    }
    if entry.is_symlink() {
        entry.link = disk::target(AT_FDCWD, path.as_os_str()).map_err(fail)?;
    }
    if entry.is_file() {
        let reading = Reading::open(AT_FDCWD, path.as_os_str(), &mut entry).map_err(fail)?;
        let size = reading.left;
        let mut content = Copying { reading, out: Vec::new() };
        return Ok((size, done(extractor.put(&entry, name, &mut content))?));
    }
    Ok((0, done(extractor.put(&entry, name, &mut Bytes(b"")))?))
}

/// The folder that is copied to itself is always there.
fn entry_is_dot(name: &[u8]) -> bool {
    name::inside(name).1.iter().all(|&b| b == b'.' || b == b'/')
}
