//! The clock that runs while the machine is off, and what the kernel knows of
//! the time zone. rtc(4), settimeofday(2).

use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;

/// `struct rtc_time` of linux/rtc.h.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct RtcTime {
    /// 0 to 60.
    pub second: i32,
    /// 0 to 59.
    pub minute: i32,
    /// 0 to 23.
    pub hour: i32,
    /// 1 to 31.
    pub day: i32,
    /// 0 to 11.
    pub month: i32,
    /// Years after 1900.
    pub year: i32,
    /// Not used.
    pub weekday: i32,
    /// Not used.
    pub year_day: i32,
    /// Not used.
    pub dst: i32,
}

/// The requests as nix declares them: raw.
mod request {
    #![allow(missing_docs)]
    nix::ioctl_read!(read_time, b'p', 0x09, super::RtcTime);
    nix::ioctl_write_ptr!(set_time, b'p', 0x0a, super::RtcTime);
}

/// What the clock shows.
pub fn read(fd: impl AsFd) -> Result<RtcTime, Errno> {
    let mut time = RtcTime::default();
    // SAFETY: the structure outlives the call, which fills it.
    unsafe { request::read_time(fd.as_fd().as_raw_fd(), &raw mut time) }?;
    Ok(time)
}

/// Sets the clock.
pub fn set(fd: impl AsFd, time: &RtcTime) -> Result<(), Errno> {
    // SAFETY: the structure outlives the call, which reads it.
    unsafe { request::set_time(fd.as_fd().as_raw_fd(), time) }?;
    Ok(())
}

/// Tells the kernel how many minutes west of UTC local time is. The first call
/// after the start of the kernel with a number that is not 0 moves the
/// system's clock by as much, which is right where the hardware clock keeps
/// local time.
pub fn set_minutes_west(minutes: i32) -> Result<(), Errno> {
    // struct timezone: minutes west, kind of daylight saving
    let zone: [libc::c_int; 2] = [minutes, 0];
    // SAFETY: no time is given; the zone's two numbers outlive the call. The
    // system call itself, because musl's function leaves the zone out.
    let done = unsafe {
        libc::syscall(libc::SYS_settimeofday, std::ptr::null::<libc::timeval>(), zone.as_ptr())
    };
    Errno::result(done).map(drop)
}
