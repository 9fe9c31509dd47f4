//! The API file systems, the console, static device nodes.
//!
//! Mount options are those of osbuild/initrd (observed in its guests'
//! /proc/mounts): /dev 4 MB, /run 64 MB, /tmp 128 MB, all mode 0755. `seclabel`
//! is asked for only where SELinux is active (EINVAL elsewhere). Deviation:
//! without `rootfs=`, when more than one user may run, /tmp has mode 1777.

use std::ffi::{CStr, CString};
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::mount::{MsFlags, mount};
use nix::sys::stat::{Mode, SFlag, fstat, makedev, mknod};
use nix::unistd::{dup2_stderr, dup2_stdin, dup2_stdout, mkdir, symlinkat};

use super::Fault;
use crate::sys;
use crate::sys::path::is_mount_point;

const NO_FLAGS: Option<&str> = None;

/// Mounts `kind` on `target`, making the folder when it is missing. What is
/// mounted there already, by whoever started this, stays: a second tmpfs would
/// hide what is in the first.
fn mount_api(kind: &CStr, target: &CStr, flags: MsFlags, data: &CStr) -> Result<(), Errno> {
    if is_mount_point(target) == Ok(true) {
        return Ok(());
    }
    let go = || mount(Some(kind), target, Some(kind), flags, Some(data));
    let mut result = go();
    if result == Err(Errno::ENOENT) {
        mkdir(target, Mode::from_bits_truncate(0o755))?;
        result = go();
    }
    match result {
        Err(Errno::EBUSY) => Ok(()),
        other => other,
    }
}

/// Mounts /proc, which the command line is read from.
pub fn mount_proc() -> Result<(), Fault> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount_api(c"proc", c"/proc", flags, c"").map_err(|e| Fault::os("/proc", e))
}

/// Mounts the others.
pub fn mount_rest(tmp: bool, cgroup: bool) -> Result<(), Fault> {
    let plain = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount_api(c"sysfs", c"/sys", plain, c"").map_err(|e| Fault::os("/sys", e))?;
    let labels = nix::unistd::access(c"/sys/fs/selinux", nix::unistd::AccessFlags::F_OK).is_ok();
    let memory = |kind: &CStr, target: &CStr, flags, data: &CStr| {
        if labels && let Ok(with) = CString::new([b"seclabel,", data.to_bytes()].concat()) {
            match mount_api(kind, target, flags, &with) {
                Err(Errno::EINVAL) => {}
                other => return other,
            }
        }
        mount_api(kind, target, flags, data)
    };
    let safe = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    match memory(c"devtmpfs", c"/dev", MsFlags::MS_NOSUID, c"mode=0755,size=4m") {
        // A kernel without devtmpfs: the nodes that we make are all there are.
        Err(Errno::ENODEV) => {
            memory(c"tmpfs", c"/dev", MsFlags::MS_NOSUID, c"mode=0755,size=4m")
                .map_err(|e| Fault::os("/dev", e))?;
            for (name, major, minor) in [(c"/dev/console", 5, 1), (c"/dev/null", 1, 3)] {
                let mode = Mode::from_bits_truncate(if major == 1 { 0o666 } else { 0o600 });
                node(name, mode, major, minor)?;
            }
        }
        other => other.map_err(|e| Fault::os("/dev", e))?,
    }
    memory(c"tmpfs", c"/run", safe, c"mode=0755,size=64m").map_err(|e| Fault::os("/run", e))?;
    if tmp {
        let data = if cgroup { c"mode=0755,size=128m" } else { c"mode=1777,size=128m" };
        memory(c"tmpfs", c"/tmp", safe, data).map_err(|e| Fault::os("/tmp", e))?;
    }
    if cgroup {
        // Not every kernel has control groups, and nothing here needs them.
        let _ = mount_api(c"cgroup2", c"/sys/fs/cgroup", plain, c"");
    }
    Ok(())
}

/// A character device; one that is there already is fine.
fn node(path: &CStr, mode: Mode, major: u64, minor: u64) -> Result<(), Fault> {
    match mknod(path, SFlag::S_IFCHR, mode, makedev(major, minor)) {
        Ok(()) | Err(Errno::EEXIST) => Ok(()),
        Err(errno) => Err(Fault::os(path.to_string_lossy(), errno)),
    }
}

/// Nodes of devices whose module is loaded when they are opened (major 10,
/// `include/linux/miscdevice.h`), and the links that scripts expect.
pub fn make_nodes() -> Result<(), Fault> {
    // The worker's own mask; the real init gets that of the kernel.
    let mask = nix::sys::stat::umask(Mode::empty());
    for (path, minor, mode) in
        [(c"/dev/kvm", 232, 0o660), (c"/dev/loop-control", 237, 0o660), (c"/dev/fuse", 229, 0o666)]
    {
        node(path, Mode::from_bits_truncate(mode), 10, minor)?;
    }
    nix::sys::stat::umask(mask);
    for (path, target) in [
        (c"/dev/fd", c"/proc/self/fd"),
        (c"/dev/stdin", c"/proc/self/fd/0"),
        (c"/dev/stdout", c"/proc/self/fd/1"),
        (c"/dev/stderr", c"/proc/self/fd/2"),
    ] {
        match symlinkat(target, nix::fcntl::AT_FDCWD, path) {
            Ok(()) | Err(Errno::EEXIST) => {}
            Err(errno) => return Err(Fault::os(path.to_string_lossy(), errno)),
        }
    }
    Ok(())
}

/// Gives the kernel its modprobe. The image of a throwaway machine has none, so
/// that the kernel does not call it in vain before init runs.
pub fn make_modprobe() {
    let program = c"/usr/bin/rescuebox";
    if nix::unistd::access(program, nix::unistd::AccessFlags::F_OK).is_ok() {
        // It is there in other images.
        let _ = symlinkat(c"rescuebox", nix::fcntl::AT_FDCWD, c"/usr/bin/modprobe");
    }
}

/// Whether descriptors 0-2 are the console, as the kernel gives them to
/// `/init`. With `console=hvc0` and its driver a module they are closed, or
/// what the start-up code put there.
pub fn console_is_open() -> bool {
    let number = makedev(5, 1);
    let is_console = |fd| match fstat(fd) {
        Ok(stat) => stat.st_rdev == number || nix::unistd::isatty(fd) == Ok(true),
        Err(_) => false,
    };
    is_console(sys::fd::stdin()) && is_console(sys::fd::stderr())
}

/// Puts the console on descriptors 0-2, or /dev/null when there is none (yet).
/// Says whether it was the console.
pub fn open_console() -> bool {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY;
    let mut is_console = true;
    let opened = open("/dev/console", flags, Mode::empty()).or_else(|_| {
        is_console = false;
        open("/dev/null", flags, Mode::empty())
    });
    let Ok(fd) = opened else { return false };
    let done = [dup2_stdin(fd.as_fd()), dup2_stdout(fd.as_fd()), dup2_stderr(fd.as_fd())];
    if std::os::fd::AsRawFd::as_raw_fd(&fd) <= 2 {
        // It is one of the three: it stays open.
        std::mem::forget(fd);
    }
    is_console && done.iter().all(Result::is_ok)
}

/// Gives the terminal on descriptor 0 the size that `LINES` and `COLUMNS` on the
/// command line say: what runs the virtual machine knows it. Says whether
/// there was one.
pub fn set_console_size() -> bool {
    let (mut rows, mut columns) = (0, 0);
    for entry in sys::start::environment() {
        let entry = entry.as_encoded_bytes();
        let number = |value: &[u8]| std::str::from_utf8(value).ok()?.parse::<u16>().ok();
        if let Some(value) = entry.strip_prefix(b"LINES=") {
            rows = number(value).unwrap_or(0);
        } else if let Some(value) = entry.strip_prefix(b"COLUMNS=") {
            columns = number(value).unwrap_or(0);
        }
    }
    rows > 0 && columns > 0 && sys::tty::set_size(sys::fd::stdin(), rows, columns).is_ok()
}

/// Unmounts what a new root has no place for.
pub fn detach(target: &str) {
    let _ = nix::mount::umount2(target, nix::mount::MntFlags::MNT_DETACH);
}

/// Makes all mounts private: a shared one cannot be moved.
pub fn make_private() {
    let flags = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    let _ = mount(NO_FLAGS, "/", NO_FLAGS, flags, NO_FLAGS);
}
