//! Key rings of the kernel. keyctl(2).

/// Special rings: the thread's, the process's, the session's, the user's, and
/// the user's default session's (`include/uapi/linux/keyctl.h`).
const RINGS: [libc::c_long; 5] = [-1, -2, -3, -4, -5];
const KEYCTL_CLEAR: libc::c_long = 7;

/// Empties every ring that this process has. One that does not exist, or a
/// kernel without keys, is fine.
pub fn clear() {
    for ring in RINGS {
        // SAFETY: the call takes numbers only.
        unsafe { libc::syscall(libc::SYS_keyctl, KEYCTL_CLEAR, ring) };
    }
}
