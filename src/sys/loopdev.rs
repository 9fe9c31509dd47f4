//! Loop devices: files as block devices. <linux/loop.h>, loop(4).

use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;

const LOOP_SET_FD: u32 = 0x4c00;
const LOOP_CLR_FD: u32 = 0x4c01;
const LOOP_SET_STATUS64: u32 = 0x4c04;
const LOOP_GET_STATUS64: u32 = 0x4c05;
const LOOP_SET_CAPACITY: u32 = 0x4c07;
const LOOP_SET_DIRECT_IO: u32 = 0x4c08;
const LOOP_CONFIGURE: u32 = 0x4c0a;
const LOOP_CTL_GET_FREE: u32 = 0x4c82;

/// The device cannot be written.
pub const READ_ONLY: u32 = 1;
/// The device lets go of its file when nobody has it open any more.
pub const AUTOCLEAR: u32 = 4;
/// The kernel looks for partitions on it.
pub const PARTSCAN: u32 = 8;
/// The file is read and written past the page cache.
pub const DIRECT_IO: u32 = 16;

#[repr(C)]
#[derive(Clone, Copy)]
struct LoopInfo64 {
    device: u64,
    inode: u64,
    rdevice: u64,
    offset: u64,
    size_limit: u64,
    number: u32,
    encrypt_type: u32,
    encrypt_key_size: u32,
    flags: u32,
    file_name: [u8; 64],
    crypt_name: [u8; 64],
    encrypt_key: [u8; 32],
    init: [u64; 2],
}

#[repr(C)]
struct LoopConfig {
    fd: u32,
    block_size: u32,
    info: LoopInfo64,
    reserved: [u64; 8],
}

const EMPTY: LoopInfo64 = LoopInfo64 {
    device: 0,
    inode: 0,
    rdevice: 0,
    offset: 0,
    size_limit: 0,
    number: 0,
    encrypt_type: 0,
    encrypt_key_size: 0,
    flags: 0,
    file_name: [0; 64],
    crypt_name: [0; 64],
    encrypt_key: [0; 32],
    init: [0; 2],
};

/// What a loop device is set up with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// Device number of the filesystem that the file is on.
    pub device: u64,
    /// The file's inode number.
    pub inode: u64,
    /// Where in the file the device starts, in bytes.
    pub offset: u64,
    /// How long it is at most, in bytes; 0 is to the end of the file.
    pub size_limit: u64,
    /// [`READ_ONLY`] and so on.
    pub flags: u32,
    /// The file's name, cut at 63 bytes.
    pub file_name: Vec<u8>,
}

fn ioctl(fd: BorrowedFd, request: u32, argument: libc::c_ulong) -> Result<i32, Errno> {
    // SAFETY: only called with requests whose argument is a number.
    Errno::result(unsafe { libc::ioctl(fd.as_raw_fd(), request as _, argument) })
}

/// The number of a device that is not in use; made when there is none. `fd`
/// is `/dev/loop-control`.
pub fn free_number(control: BorrowedFd) -> Result<u32, Errno> {
    ioctl(control, LOOP_CTL_GET_FREE, 0).map(|n| u32::try_from(n).unwrap_or(0))
}

/// Attaches `file` to the device `device`. Of `info` offset, size limit,
/// flags and name count. EBUSY: somebody else was quicker.
pub fn attach(
    device: BorrowedFd,
    file: BorrowedFd,
    info: &Info,
    block_size: u32,
) -> Result<(), Errno> {
    let mut raw =
        LoopInfo64 { offset: info.offset, size_limit: info.size_limit, flags: info.flags, ..EMPTY };
    for (to, from) in raw.file_name.iter_mut().take(63).zip(&info.file_name) {
        *to = *from;
    }
    let fd = u32::try_from(file.as_raw_fd()).map_err(|_| Errno::EBADF)?;
    let config = LoopConfig { fd, block_size, info: raw, reserved: [0; 8] };
    // SAFETY: the argument is a struct loop_config that outlives the call.
    let result = unsafe { libc::ioctl(device.as_raw_fd(), LOOP_CONFIGURE as _, &raw const config) };
    match Errno::result(result) {
        // Kernels before 5.8 do not know the request.
        Err(Errno::EINVAL | Errno::ENOTTY) => {}
        other => return other.map(drop),
    }
    ioctl(device, LOOP_SET_FD, libc::c_ulong::from(fd))?;
    let mut result = set_status(device, &raw);
    for _ in 0..64 {
        // The kernel asks to come again while it writes back pages.
        if result != Err(Errno::EAGAIN) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(25));
        result = set_status(device, &raw);
    }
    if result.is_err() {
        let _ = detach(device);
    }
    result
}

fn set_status(device: BorrowedFd, info: &LoopInfo64) -> Result<(), Errno> {
    // SAFETY: the argument is a struct loop_info64 that outlives the call.
    let result = unsafe {
        libc::ioctl(device.as_raw_fd(), LOOP_SET_STATUS64 as _, std::ptr::from_ref(info))
    };
    Errno::result(result).map(drop)
}

/// What the device is set up with. ENXIO: with nothing.
pub fn status(device: BorrowedFd) -> Result<Info, Errno> {
    let mut raw = EMPTY;
    // SAFETY: the kernel fills the struct loop_info64 that it is given.
    let result = unsafe { libc::ioctl(device.as_raw_fd(), LOOP_GET_STATUS64 as _, &raw mut raw) };
    Errno::result(result)?;
    Ok(Info {
        device: raw.device,
        inode: raw.inode,
        offset: raw.offset,
        size_limit: raw.size_limit,
        flags: raw.flags,
        file_name: raw.file_name.iter().copied().take_while(|&b| b != 0).collect(),
    })
}

/// Lets go of the file: at once, or when the last user closes the device.
/// ENXIO: there was none.
pub fn detach(device: BorrowedFd) -> Result<(), Errno> {
    ioctl(device, LOOP_CLR_FD, 0).map(drop)
}

/// Takes over the file's size after it has changed.
pub fn reread_size(device: BorrowedFd) -> Result<(), Errno> {
    ioctl(device, LOOP_SET_CAPACITY, 0).map(drop)
}

/// Reads and writes the file past the page cache, or not.
pub fn set_direct_io(device: BorrowedFd, yes: bool) -> Result<(), Errno> {
    ioctl(device, LOOP_SET_DIRECT_IO, libc::c_ulong::from(yes)).map(drop)
}
