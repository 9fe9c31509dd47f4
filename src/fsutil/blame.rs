//! Why a mount failed, in words: the kernel's number says what, this says
//! which of source, target, type and options.

use nix::errno::Errno;

use super::mounting::Request;
use super::mounts;
use crate::applet::{Error, show, show_bytes};
use crate::mountopts;

/// What is at fault, as far as it can be known afterwards.
pub(super) fn explain(errno: Errno, request: &Request, fstype: &[u8], flags: u64) -> Error {
    let target = show(&request.target);
    let source = show_bytes(&request.source);
    let source_path = mounts::path_of(&request.source);
    let fstype = show_bytes(fstype);
    let new = flags & (mountopts::REMOUNT | mountopts::MOVE | mountopts::BIND) == 0;
    let changes = flags
        & (mountopts::SHARED | mountopts::PRIVATE | mountopts::SLAVE | mountopts::UNBINDABLE)
        != 0;
    let target_meta = std::fs::metadata(&request.target);
    let is_mounted = || mounts::is_mount_point(&request.target).unwrap_or(true);
    let text = match (errno, &target_meta) {
        (Errno::ENOENT, Err(_)) => format!("{target}: the mount point is not there"),
        (Errno::ENOENT, Ok(_)) if !source_path.exists() => {
            format!("{source}: what to mount is not there")
        }
        (Errno::ENOTDIR, Ok(meta)) if !meta.is_dir() => {
            format!("{target}: the mount point is not a folder")
        }
        (Errno::ENOTDIR, _) if flags & mountopts::BIND != 0 => {
            format!("cannot mount {source} on {target}: one is a folder and the other a file")
        }
        (Errno::ENODEV, _) => {
            format!("{target}: the kernel has no filesystem '{fstype}' (module not loaded?)")
        }
        (Errno::ENOTBLK, _) => format!("{source}: not a block device"),
        (Errno::ENXIO, _) => format!("{source}: there is no device behind this node"),
        (Errno::EBUSY, _) if new => {
            format!("{target}: {source} is mounted already, or in use, or the mount point is")
        }
        (Errno::EBUSY, _) if flags & mountopts::REMOUNT != 0 => format!(
            "{target}: busy: files are open for writing, so that it cannot be made read-only"
        ),
        (Errno::EINVAL, Ok(_)) if flags & mountopts::MOVE != 0 => format!(
            "{source}: not a mount point, or on a shared mount, which cannot be moved from \
             (mount --make-private)"
        ),
        (Errno::EINVAL, Ok(_)) if (changes || !new) && !is_mounted() && target_is_needed(flags) => {
            format!("{target}: not a mount point")
        }
        (Errno::EINVAL, Ok(_)) if flags & mountopts::BIND != 0 => {
            format!("{source}: cannot be bound to {target} (unbindable, or not of this namespace)")
        }
        (Errno::EINVAL, Ok(_)) if new && !request.options.data.is_empty() => format!(
            "{source}: no filesystem '{fstype}' is on it, or one of the options '{}' is wrong \
             (dmesg may say more)",
            show_bytes(&request.options.data)
        ),
        (Errno::EINVAL, Ok(_)) if new => format!(
            "{source}: no filesystem '{fstype}' is on it, or it is damaged (dmesg may say more)"
        ),
        (Errno::EINVAL, Ok(_)) if flags & mountopts::REMOUNT != 0 => format!(
            "{target}: the filesystem refuses the options '{}'",
            show_bytes(&request.options.data)
        ),
        (Errno::EUCLEAN, _) => format!("{source}: the filesystem '{fstype}' is damaged"),
        (Errno::EPERM, _) => format!("{target}: permission denied (only root can mount)"),
        (Errno::EACCES | Errno::EROFS, _) if new => {
            format!("{source}: cannot be written; mount it read-only (-r)")
        }
        (Errno::EROFS, _) => format!("{source}: the medium cannot be written"),
        (Errno::EACCES, _) => format!("{target}: permission denied"),
        _ => {
            let what = if request.source.is_empty() {
                target.to_string()
            } else {
                format!("cannot mount {source} on {target}")
            };
            return Error::os(what, errno);
        }
    };
    Error::msg(text)
}

/// Whether the call needs a mount point as target: a new bind does not.
fn target_is_needed(flags: u64) -> bool {
    flags & mountopts::BIND == 0 || flags & mountopts::REMOUNT != 0
}
