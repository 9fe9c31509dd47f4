//! find: look for files in trees. POSIX, with GNU's tests and actions.
//!
//! Deviations: -perm +MODE is busybox's (any of the bits); regular
//! expressions of Emacs are translated into extended ones.

use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::Mode;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes, write_all};
use crate::fsutil::users::Users;
use crate::fsutil::walk::{Step, Walk};

mod evaluate;
mod output;
mod parse;
mod run;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "find",
    summary: "look for files in trees",
    usage: "[-H|-L|-P] [PATH...] [EXPRESSION]\n\
            \x20 ( E )  ! E  E E  E -o E  E , E     -true -false\n\
            \x20 -name -iname -path -ipath -lname GLOB   -regex -iregex RE  -regextype TYPE\n\
            \x20 -type bcdpfls  -xtype   -size [+-]N[cwbkMG]  -empty  -links  -inum  -samefile F\n\
            \x20 -mtime -atime -ctime [+-]DAYS  -mmin -amin -cmin  -newer F  -newer[aBcm][aBcmt] F\n\
            \x20 -perm MODE, -MODE (all), /MODE (any)  -readable -writable -executable\n\
            \x20 -user -group -uid -gid  -nouser -nogroup  -fstype  -used  -daystart\n\
            \x20 -maxdepth -mindepth N  -depth  -xdev  -follow  -prune  -quit\n\
            \x20 -print -print0 -printf FORM -ls -delete  -fprint -fprint0 -fprintf -fls FILE\n\
            \x20 -exec -execdir -ok -okdir COMMAND ;     -exec -execdir COMMAND {} +",
    kind: Kind::Fork, // runs programs
    run: start,
};

/// A file that is written to.
struct Written {
    fd: std::os::fd::OwnedFd,
    name: std::ffi::OsString,
    buffer: Vec<u8>,
}

impl Written {
    fn flush(&mut self) -> Result<(), Error> {
        let written = write_all(std::os::fd::AsFd::as_fd(&self.fd), &self.buffer);
        self.buffer.clear();
        written.map_err(|e| Error::os(show(&self.name), e))
    }
}

/// What a search keeps while it goes.
struct Find {
    users: Users,
    files: Vec<Written>,
    batches: Vec<run::Batch>,
    quit: bool,
    /// How long the operand at hand is.
    start_length: usize,
    /// Types of file systems by device.
    mounts: Vec<(u64, Vec<u8>)>,
    /// Memory for -printf.
    line: Vec<u8>,
}

impl Find {
    /// The type of the file system with this device.
    fn file_system(&self, device: u64) -> &[u8] {
        let found = self.mounts.iter().rev().find(|(other, _)| *other == device);
        found.map_or(b"unknown", |(_, name)| name)
    }
}

fn start(cx: &mut Ctx) -> Result<Status, Error> {
    let parsed = parse::parse(cx)?;
    let mut find = Find {
        users: Users::new(),
        files: Vec::new(),
        batches: Vec::new(),
        quit: false,
        start_length: 0,
        mounts: if parsed.needs_mounts { mounts() } else { Vec::new() },
        line: Vec::new(),
    };
    find.batches.resize_with(parsed.batches, Default::default);
    for name in parsed.files {
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_TRUNC | OFlag::O_CLOEXEC;
        let fd = openat(AT_FDCWD, name.as_os_str(), flags, Mode::from_bits_truncate(0o666))
            .map_err(|e| Error::os(show(&name), e))?;
        find.files.push(Written { fd, name, buffer: Vec::new() });
    }
    let mut walk = Walk::new(parsed.follow);
    walk.one_device = parsed.one_device;
    walk.max_depth = parsed.max_depth;
    for path in &parsed.paths {
        find.start_length = path.len();
        walk.start(path.as_bytes());
        while !find.quit
            && let Some(step) = walk.next()
        {
            match step {
                Step::Entry => {
                    if walk.kind() == 0
                        && let Err(errno) = walk.stat()
                    {
                        cx.warn(Error::os(show_bytes(walk.path()), errno));
                        continue;
                    }
                    if parsed.depth_first && walk.is_folder() {
                        continue;
                    }
                }
                Step::Leave if !parsed.depth_first => continue,
                Step::Leave => {}
                Step::Failed(Errno::ELOOP) => {
                    let text = "a link that leads back to a folder above it";
                    cx.warn(Error::about(show_bytes(walk.path()), text));
                    continue;
                }
                Step::Failed(errno) | Step::Lost(errno) => {
                    cx.warn(Error::os(show_bytes(walk.path()), errno));
                    continue;
                }
            }
            if walk.depth() >= parsed.min_depth {
                evaluate::evaluate(cx, &mut find, &mut walk, &parsed.expr)?;
            }
        }
    }
    for mut batch in std::mem::take(&mut find.batches) {
        run::finish(cx, &mut batch)?;
    }
    for file in &mut find.files {
        file.flush()?;
    }
    Ok(cx.status())
}

/// Devices and types of what is mounted.
fn mounts() -> Vec<(u64, Vec<u8>)> {
    let text = crate::sys::file::read("/proc/self/mountinfo").unwrap_or_default();
    let mut list = Vec::new();
    for mount in crate::mountinfo::parse(&text) {
        let Ok(stat) = nix::sys::stat::stat(std::ffi::OsStr::from_bytes(&mount.target)) else {
            continue;
        };
        list.push((stat.st_dev, mount.fstype));
    }
    list
}
