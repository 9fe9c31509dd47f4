//! The local time zone, and the clocks.

use std::time::Duration;

/// How many seconds local time is ahead of UTC at so many seconds after 1970,
/// by `TZ` or `/etc/localtime`; 0 where neither is. localtime(3).
pub fn zone_offset(seconds: i64) -> i32 {
    // SAFETY: all fields of struct tm may be zero: numbers and a null pointer.
    let mut tm: libc::tm = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are valid for the call; time_t has 64 bits on every
    // target of this program.
    let done = unsafe { libc::localtime_r((&raw const seconds).cast(), &raw mut tm) };
    if done.is_null() { 0 } else { i32::try_from(tm.tm_gmtoff).unwrap_or(0) }
}

/// Time since the machine started, sleep included.
pub fn since_boot() -> Duration {
    nix::time::clock_gettime(nix::time::ClockId::CLOCK_BOOTTIME).map_or(Duration::ZERO, duration)
}

/// Time since 1970.
pub fn now() -> Duration {
    nix::time::clock_gettime(nix::time::ClockId::CLOCK_REALTIME).map_or(Duration::ZERO, duration)
}

fn duration(time: nix::sys::time::TimeSpec) -> Duration {
    Duration::new(
        u64::try_from(time.tv_sec()).unwrap_or(0),
        u32::try_from(time.tv_nsec()).unwrap_or(0),
    )
}
