//! What processes have used. getrusage(2).

use std::time::Duration;

/// What it says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// Time in the programs.
    pub user: Duration,
    /// Time in the kernel for them.
    pub system: Duration,
    /// The most memory that one of them had, in kilobytes.
    pub resident: i64,
    /// Page faults that read a disk.
    pub major_faults: i64,
    /// Page faults that did not.
    pub minor_faults: i64,
    /// Times that they waited for something.
    pub voluntary: i64,
    /// Times that they were made to.
    pub involuntary: i64,
    /// Blocks of 512 bytes read.
    pub reads: i64,
    /// Blocks of 512 bytes written.
    pub writes: i64,
}

/// Of all children that have been waited for, and theirs.
pub fn of_children() -> Usage {
    // SAFETY: an all-zero rusage is a valid one.
    let mut raw: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the structure outlives the call, which fills it.
    unsafe { libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut raw) };
    let time = |t: libc::timeval| {
        let micros = u64::try_from(t.tv_usec).unwrap_or(0);
        Duration::from_secs(u64::try_from(t.tv_sec).unwrap_or(0)) + Duration::from_micros(micros)
    };
    Usage {
        user: time(raw.ru_utime),
        system: time(raw.ru_stime),
        resident: raw.ru_maxrss,
        major_faults: raw.ru_majflt,
        minor_faults: raw.ru_minflt,
        voluntary: raw.ru_nvcsw,
        involuntary: raw.ru_nivcsw,
        reads: raw.ru_inblock,
        writes: raw.ru_oublock,
    }
}
