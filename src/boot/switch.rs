//! The end of PID 1's own work: the new root becomes `/`, the old one is
//! emptied, the real init takes over.

use std::ffi::{CString, OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::mount::{MsFlags, mount};
use nix::sys::signal::SigSet;
use nix::unistd::{chdir, chroot};

use super::check::HANDED;
use super::{Fault, api};
use crate::applet::{self, show_bytes};
use crate::dev::read_small;
use crate::fsutil::empty;
use crate::job;
use crate::sys::path::open;
use crate::sys::process::{after_exec, apart, hold_program};

const NONE: Option<&str> = None;

/// A job is a command line and an environment; the kernel's own limit for
/// those is not larger.
const JOB_MAX: usize = 4 << 20;

/// The job of this image.
pub fn read_job() -> Result<job::Spec, Fault> {
    let bytes = read_small(job::SPEC_PATH, JOB_MAX).map_err(|e| Fault::os(job::SPEC_PATH, e))?;
    job::Spec::parse(&bytes).map_err(|e| Fault::new(format!("{}: {e}", job::SPEC_PATH)))
}

fn move_mount(from: &str, to: &str) -> Result<(), Errno> {
    let go = || mount(Some(from), to, NONE, MsFlags::MS_MOVE, NONE);
    match go() {
        // A shared mount cannot be moved.
        Err(Errno::EINVAL) => {
            api::make_private();
            go()
        }
        other => other,
    }
}

/// Hands the API mounts over to the root mounted on `root` and makes it `/`.
/// When a part of that fails, everything is as it was before. What is
/// returned is the old root, for [`empty_apart`] or [`exec`], if it is one that
/// should be emptied.
pub fn change_root(root: &OsStr) -> Result<Option<OwnedFd>, Fault> {
    chdir(root).map_err(|e| Fault::os(applet::show(root), e))?;
    let old = open("/", OFlag::O_RDONLY | OFlag::O_DIRECTORY).map_err(|e| Fault::os("/", e))?;
    let mut moved = 0;
    let result = hand_over(&mut moved)
        .and_then(|()| move_mount(".", "/").map_err(|e| Fault::os("moving the new root to /", e)));
    if let Err(fault) = result {
        for (path, _) in HANDED.iter().take(moved).rev() {
            let _ = move_mount(path.trim_start_matches('/'), path);
        }
        let _ = chdir("/");
        return Err(fault);
    }
    // Should the init not run after all, this program has to go on.
    hold_program();
    // The point of no return: from here on `/` is the new root for good.
    chroot(".").map_err(|e| Fault::os("chroot to the new root", e))?;
    let _ = chdir("/");
    // Whatever else it is, it is left alone.
    Ok((empty::is_memory(&old) == Ok(true)).then_some(old))
}

/// Empties the old root in a child. Nothing holds its files any more, and its
/// memory is wanted back.
pub fn empty_apart(old: Option<OwnedFd>) {
    if let Some(old) = old {
        apart(old, empty_root);
    }
}

fn empty_root(old: OwnedFd) {
    let _ = empty::empty_memory_root(old);
}

/// Moves the API mounts to the folders of the same names below the working
/// directory. One that has no place there is dropped.
fn hand_over(moved: &mut usize) -> Result<(), Fault> {
    for (path, _) in HANDED {
        let target = path.trim_start_matches('/');
        match move_mount(path, target) {
            Ok(()) => {}
            Err(Errno::ENOENT | Errno::ENOTDIR) => api::detach(path),
            // Not a mount point: nothing is there to be handed over.
            Err(Errno::EINVAL) => {}
            Err(errno) => {
                return Err(Fault::os(format_args!("moving {path} to the new root"), errno));
            }
        }
        *moved += 1;
    }
    Ok(())
}

/// Becomes the init at `path`, with these arguments behind its name and this
/// environment. The old root is emptied beside it: that is not to wait, and the
/// processor is wanted for its first pages. Returns only the reason why not.
pub fn exec<'a>(
    mut old: Option<OwnedFd>,
    path: &[u8],
    args: &[OsString],
    environment: impl Iterator<Item = &'a OsStr>,
) -> Fault {
    let Ok(program) = CString::new(path) else { return Fault::new("a path with a NUL in it") };
    let mut argv = vec![program.clone()];
    argv.extend(args.iter().filter_map(|arg| CString::new(arg.clone().into_vec()).ok()));
    let environment: Vec<CString> =
        environment.filter_map(|entry| CString::new(entry.as_bytes()).ok()).collect();
    let mask = SigSet::thread_get_mask();
    let _ = SigSet::empty().thread_set_mask();
    let child = old.as_ref().and_then(|old| after_exec(old.as_fd(), empty_root).ok());
    if child.is_none() {
        empty_apart(old.take());
    }
    let Err(errno) = nix::unistd::execve(&program, &argv, &environment);
    drop(child);
    empty_apart(old);
    if let Ok(mask) = mask {
        let _ = mask.thread_set_mask();
    }
    Fault::os(format_args!("exec of {}", show_bytes(path)), errno)
}
