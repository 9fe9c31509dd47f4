//! Loading another kernel to start it without the firmware. kexec_file_load(2).

use std::ffi::CStr;
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;

/// Take out what is loaded.
pub const UNLOAD: u64 = 1;
/// The kernel that starts when this one crashes.
pub const ON_CRASH: u64 = 2;
/// There is no initramfs.
pub const NO_INITRD: u64 = 4;

/// Loads a kernel, its initramfs and its command line.
pub fn load(
    kernel: Option<BorrowedFd<'_>>,
    initrd: Option<BorrowedFd<'_>>,
    command_line: &CStr,
    flags: u64,
) -> Result<(), Errno> {
    let kernel = kernel.map_or(-1, |fd| fd.as_raw_fd());
    let initrd = initrd.map_or(-1, |fd| fd.as_raw_fd());
    // its length counts the NUL
    let length = command_line.to_bytes_with_nul().len();
    // SAFETY: a C string of this length that outlives the call.
    let done = unsafe {
        libc::syscall(
            libc::SYS_kexec_file_load,
            kernel,
            initrd,
            length,
            command_line.as_ptr(),
            flags,
        )
    };
    Errno::result(done).map(drop)
}

/// Starts the kernel that is loaded. Returns only when that fails.
pub fn start() -> Errno {
    const REBOOT_MAGIC: i64 = 0xfee1_dead;
    const REBOOT_MAGIC2: i64 = 672_274_793;
    const REBOOT_KEXEC: i64 = 0x4558_4543;
    // SAFETY: numbers only.
    unsafe {
        libc::syscall(
            libc::SYS_reboot,
            REBOOT_MAGIC,
            REBOOT_MAGIC2,
            REBOOT_KEXEC,
            std::ptr::null::<libc::c_void>(),
        )
    };
    Errno::last()
}
