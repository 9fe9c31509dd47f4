//! shred: overwrite files, so that what was in them is harder to find. GNU.

use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::stat::{FchmodatFlags, Mode, fchmodat, fstat};
use nix::unistd::{UnlinkatFlags, Whence, fdatasync, ftruncate, lseek, unlinkat};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes, write_all};
use crate::size;
use crate::sys;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "shred",
    summary: "overwrite files to hide what was in them",
    usage: "[-fuvxz] [-n N] [-s SIZE] FILE...\n\
            \x20 -n N  passes (3)      -z  one more with zeros    -u  remove it then\n\
            \x20 -f    make it writable first                     -v  say how far it is\n\
            \x20 -s    so many bytes   -x  not up to a whole block",
    kind: Kind::Fork, // takes long
    run,
};

struct Choice {
    passes: u64,
    zero: bool,
    remove: bool,
    force: bool,
    verbose: bool,
    exact: bool,
    size: Option<u64>,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut c = Choice {
        passes: 3,
        zero: false,
        remove: false,
        force: false,
        verbose: false,
        exact: false,
        size: None,
    };
    let mut options =
        cx.parse("n:iterations z,zero u f,force v,verbose x,exact s:size -1?remove")?;
    while let Some(letter) = options.next() {
        match letter {
            b'n' => {
                c.passes = options.number("not a number").map_err(|e| e.with(Status::FAILURE))?
            }
            b'z' => c.zero = true,
            b'u' | b'1' => c.remove = true,
            b'f' => c.force = true,
            b'v' => c.verbose = true,
            b'x' => c.exact = true,
            _ => {
                let text = options.bytes();
                let wrong = || Error::bad(show_bytes(&text), "not a size").with(Status::FAILURE);
                c.size = Some(size::parse(&text).ok_or_else(wrong)?);
            }
        }
    }
    if options.operands.is_empty() {
        return Err(Error::usage("which file?").with(Status::FAILURE));
    }
    for name in &options.operands {
        if let Err(errno) = one(cx, &c, name) {
            cx.warn(Error::os(show(name), errno));
        }
    }
    Ok(cx.status())
}

fn one(cx: &Ctx, c: &Choice, name: &OsStr) -> Result<(), Errno> {
    let flags = OFlag::O_WRONLY | OFlag::O_NOCTTY;
    let mut file = sys::path::open(name, flags);
    if c.force && matches!(file, Err(Errno::EACCES)) {
        let mode = Mode::from_bits_truncate(0o200);
        fchmodat(nix::fcntl::AT_FDCWD, name, mode, FchmodatFlags::FollowSymlink)?;
        file = sys::path::open(name, flags);
    }
    let file: OwnedFd = file?;
    let stat = fstat(&file)?;
    let regular = stat.st_mode & libc::S_IFMT == libc::S_IFREG;
    let mut size = match c.size {
        Some(size) => size,
        None if regular => u64::try_from(stat.st_size).unwrap_or(0),
        None => u64::try_from(lseek(&file, 0, Whence::SeekEnd)?).unwrap_or(0),
    };
    if regular && !c.exact && c.size.is_none() {
        #[allow(clippy::unnecessary_cast)]
        let block = (stat.st_blksize as u64).max(1);
        size = size.div_ceil(block) * block;
    }
    let total = c.passes + u64::from(c.zero);
    for pass in 1..=total {
        let zeros = c.zero && pass == total;
        if c.verbose {
            let what = if zeros { "000000" } else { "random" };
            cx.note(format_args!("{}: pass {pass}/{total} ({what})...", show(name)));
        }
        overwrite(&file, size, zeros)?;
        fdatasync(&file)?;
    }
    if c.remove {
        if regular {
            ftruncate(&file, 0)?;
        }
        drop(file);
        unlinkat(nix::fcntl::AT_FDCWD, name, UnlinkatFlags::NoRemoveDir)?;
    }
    Ok(())
}

fn overwrite(file: &OwnedFd, size: u64, zeros: bool) -> Result<(), Errno> {
    lseek(file, 0, Whence::SeekSet)?;
    let mut buffer = vec![0; 64 * 1024];
    let mut left = size;
    while left > 0 {
        let part = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let part = buffer.get_mut(..part).unwrap_or_default();
        if !zeros {
            sys::random::fill(part);
        }
        write_all(file.as_fd(), part)
            .map_err(|e| e.raw_os_error().map_or(Errno::EIO, Errno::from_raw))?;
        left -= part.len() as u64;
    }
    Ok(())
}
