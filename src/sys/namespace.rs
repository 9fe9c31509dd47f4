//! Mount attributes that nix has no function for. mount_setattr(2).

use std::ffi::CStr;

use nix::errno::Errno;

/// struct mount_attr of linux/mount.h.
#[repr(C)]
struct Attributes {
    set: u64,
    clear: u64,
    propagation: u64,
    user_namespace: u64,
}

const AT_RECURSIVE: libc::c_uint = 0x8000;
const MOUNT_ATTR_RDONLY: u64 = 1;

/// Makes the mount at `path` and all below it read-only. ENOSYS before Linux
/// 5.12.
pub fn make_read_only(path: &CStr) -> Result<(), Errno> {
    let attributes =
        Attributes { set: MOUNT_ATTR_RDONLY, clear: 0, propagation: 0, user_namespace: 0 };
    // SAFETY: the string ends in NUL, the structure has the size given, and
    // both outlive the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            AT_RECURSIVE,
            &raw const attributes,
            size_of::<Attributes>(),
        )
    };
    Errno::result(result).map(|_| ())
}
