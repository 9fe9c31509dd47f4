//! Physical memory through /dev/mem. mem(4).

use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;

/// Reads, and before that writes when there is a value, so many bits (8, 16,
/// 32, 64) at an address, in one access each. The address is a multiple of
/// their bytes.
pub fn access(
    memory: impl AsFd,
    address: u64,
    bits: u32,
    value: Option<u64>,
) -> Result<u64, Errno> {
    const PAGE: u64 = 4096;
    let bytes = u64::from(bits / 8);
    if !matches!(bits, 8 | 16 | 32 | 64) || !address.is_multiple_of(bytes) {
        return Err(Errno::EINVAL);
    }
    let start = libc::off_t::try_from(address & !(PAGE - 1)).map_err(|_| Errno::EOVERFLOW)?;
    let mode = match value {
        Some(_) => libc::PROT_READ | libc::PROT_WRITE,
        None => libc::PROT_READ,
    };
    let fd = memory.as_fd().as_raw_fd();
    // SAFETY: a new mapping at a place of the kernel's choice.
    let page = unsafe {
        libc::mmap(std::ptr::null_mut(), PAGE as usize, mode, libc::MAP_SHARED, fd, start)
    };
    if page == libc::MAP_FAILED {
        return Err(Errno::last());
    }
    let inside = usize::try_from(address % PAGE).unwrap_or(0);
    // SAFETY: the place is inside the mapped page and aligned for the access,
    // as an aligned access never crosses a page; volatile, because devices
    // look at each access.
    let read = unsafe {
        let at = page.cast::<u8>().add(inside);
        match bits {
            8 => {
                if let Some(value) = value {
                    at.write_volatile(value as u8);
                }
                u64::from(at.read_volatile())
            }
            16 => {
                let at = at.cast::<u16>();
                if let Some(value) = value {
                    at.write_volatile(value as u16);
                }
                u64::from(at.read_volatile())
            }
            32 => {
                let at = at.cast::<u32>();
                if let Some(value) = value {
                    at.write_volatile(value as u32);
                }
                u64::from(at.read_volatile())
            }
            _ => {
                let at = at.cast::<u64>();
                if let Some(value) = value {
                    at.write_volatile(value);
                }
                at.read_volatile()
            }
        }
    };
    // SAFETY: the page is this call's own and not used any more.
    Errno::result(unsafe { libc::munmap(page, PAGE as usize) })?;
    Ok(read)
}
