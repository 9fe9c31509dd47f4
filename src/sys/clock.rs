//! The local time zone, and the clocks.

use std::ffi::{CStr, CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use nix::errno::Errno;

unsafe extern "C" {
    fn tzset();
}

/// A zeroed `struct tm`.
fn blank() -> libc::tm {
    // SAFETY: all fields of struct tm may be zero: numbers and a null pointer.
    unsafe { std::mem::zeroed() }
}

/// How many seconds local time is ahead of UTC at so many seconds after 1970,
/// by `TZ` or `/etc/localtime`; 0 where neither is. localtime(3).
pub fn zone_offset(seconds: i64) -> i32 {
    zone(seconds, &mut Vec::new())
}

/// [`zone_offset`], with the name of the zone ("CET") appended to `name`.
pub fn zone(seconds: i64, name: &mut Vec<u8>) -> i32 {
    let mut tm = blank();
    // SAFETY: both pointers are valid for the call; time_t has 64 bits on every
    // target of this program.
    let done = unsafe { libc::localtime_r((&raw const seconds).cast(), &raw mut tm) };
    if done.is_null() {
        return 0;
    }
    if !tm.tm_zone.is_null() {
        // SAFETY: the C library's name of the zone, which lives until the zone
        // is set anew; it is copied here.
        name.extend_from_slice(unsafe { CStr::from_ptr(tm.tm_zone) }.to_bytes());
    }
    i32::try_from(tm.tm_gmtoff).unwrap_or(0)
}

/// The local zone from now on, for this process: what `TZ` says (`UTC0`,
/// `Europe/Berlin`); none is `/etc/localtime`'s.
pub fn set_zone(name: Option<&OsStr>) {
    let name = name.and_then(|name| CString::new(name.as_bytes()).ok());
    // SAFETY: C strings that outlive the calls; the program has one thread, so
    // that nobody reads the environment meanwhile.
    unsafe {
        match &name {
            Some(name) => libc::setenv(c"TZ".as_ptr(), name.as_ptr(), 1),
            None => libc::unsetenv(c"TZ".as_ptr()),
        };
        tzset();
    }
}

/// Local time as numbers: year, month (1 to 12), day, hour, minute, second.
pub type Local = [i64; 6];

/// Seconds after 1970 of a local time whose numbers may be out of range (the
/// 40th of March). Nothing for one that its zone skips, or that is too far
/// away. mktime(3).
pub fn seconds_of(local: &Local) -> Option<i64> {
    let [year, month, day, hour, minute, second] = *local;
    let small = |n: i64| libc::c_int::try_from(n).ok();
    let mut tm = blank();
    tm.tm_year = small(year.checked_sub(1900)?)?;
    tm.tm_mon = small(month.checked_sub(1)?)?;
    tm.tm_mday = small(day)?;
    tm.tm_hour = small(hour)?;
    tm.tm_min = small(minute)?;
    tm.tm_sec = small(second)?;
    tm.tm_isdst = -1;
    tm.tm_wday = -1;
    // SAFETY: the structure is valid and ours.
    let seconds = unsafe { libc::mktime(&raw mut tm) };
    // -1 is a time as well; what tells is the field that is filled in.
    (tm.tm_wday >= 0).then_some(seconds)
}

/// Reads `text` by a format of strptime(3) into the numbers of `local`, which
/// keeps those that the format does not name; `%s` sets all of them, as local
/// time. Nothing when it does not fit, or more text is there.
pub fn parse(text: &[u8], format: &[u8], local: &mut Local) -> Option<()> {
    unsafe extern "C" {
        fn strptime(
            text: *const libc::c_char,
            format: *const libc::c_char,
            tm: *mut libc::tm,
        ) -> *const libc::c_char;
    }
    let (text, format) = (CString::new(text).ok()?, CString::new(format).ok()?);
    let mut tm = blank();
    let [year, month, day, hour, minute, second] = *local;
    let small = |n: i64| libc::c_int::try_from(n).unwrap_or(0);
    tm.tm_year = small(year - 1900);
    tm.tm_mon = small(month - 1);
    tm.tm_mday = small(day);
    tm.tm_hour = small(hour);
    tm.tm_min = small(minute);
    tm.tm_sec = small(second);
    // SAFETY: two C strings and a structure that outlive the call.
    let end = unsafe { strptime(text.as_ptr(), format.as_ptr(), &raw mut tm) };
    if end.is_null() {
        return None;
    }
    // SAFETY: strptime returns a place in the text.
    if unsafe { *end } != 0 {
        return None;
    }
    *local = [
        i64::from(tm.tm_year) + 1900,
        i64::from(tm.tm_mon) + 1,
        i64::from(tm.tm_mday),
        i64::from(tm.tm_hour),
        i64::from(tm.tm_min),
        i64::from(tm.tm_sec),
    ];
    Some(())
}

/// Sets the system's clock to so many seconds after 1970. clock_settime(2).
pub fn set(seconds: i64, nanos: i64) -> Result<(), Errno> {
    let time = nix::sys::time::TimeSpec::new(seconds, nanos);
    nix::time::clock_settime(nix::time::ClockId::CLOCK_REALTIME, time)
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
