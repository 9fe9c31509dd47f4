//! Priorities, policies and processors of processes. sched(7),
//! setpriority(2), ioprio_set(2), sched_setaffinity(2).

use nix::errno::Errno;

/// Whose priority it is; 0 is the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A process.
    Process(u32),
    /// A process group.
    Group(u32),
    /// All processes of a user.
    User(u32),
}

/// 19 (nicest to others) to -20.
pub fn niceness(who: Who) -> Result<i32, Errno> {
    let (which, id) = split(who);
    // SAFETY: numbers only.
    let raw = Errno::result(unsafe { libc::syscall(libc::SYS_getpriority, which, id) })?;
    // The system call itself says 20 - niceness, so that no answer is negative.
    Ok(20 - i32::try_from(raw).unwrap_or(20))
}

/// Sets it. EACCES or EPERM where that is root's to do.
pub fn set_niceness(who: Who, niceness: i32) -> Result<(), Errno> {
    let (which, id) = split(who);
    let niceness = niceness.clamp(-20, 19);
    // SAFETY: numbers only.
    Errno::result(unsafe { libc::syscall(libc::SYS_setpriority, which, id, niceness) }).map(drop)
}

fn split(who: Who) -> (libc::c_int, u32) {
    match who {
        Who::Process(id) => (0, id),
        Who::Group(id) => (1, id),
        Who::User(id) => (2, id),
    }
}

/// The priority for disks: class << 13 | level. ioprio_get(2).
pub fn io(who: Who) -> Result<i32, Errno> {
    let (which, id) = split(who);
    // SAFETY: numbers only.
    let raw = Errno::result(unsafe { libc::syscall(libc::SYS_ioprio_get, which + 1, id) })?;
    Ok(i32::try_from(raw).unwrap_or(0))
}

/// Sets [`io`].
pub fn set_io(who: Who, value: i32) -> Result<(), Errno> {
    let (which, id) = split(who);
    // SAFETY: numbers only.
    Errno::result(unsafe { libc::syscall(libc::SYS_ioprio_set, which + 1, id, value) }).map(drop)
}

/// Added to a policy: children start with the usual one.
pub const RESET_ON_FORK: i32 = 0x4000_0000;

/// The lowest and highest priority of a policy.
pub fn priorities(policy: i32) -> (i32, i32) {
    // SAFETY: numbers only.
    unsafe { (libc::sched_get_priority_min(policy), libc::sched_get_priority_max(policy)) }
}

/// Policy and priority of a process. The system calls are used because musl
/// refuses its own functions of that name.
pub fn policy(pid: i32) -> Result<(i32, i32), Errno> {
    let mut priority: libc::c_int = 0;
    // SAFETY: numbers only.
    let policy = Errno::result(unsafe { libc::syscall(libc::SYS_sched_getscheduler, pid) })?;
    // SAFETY: struct sched_param is one int, which outlives the call.
    let done = unsafe { libc::syscall(libc::SYS_sched_getparam, pid, &raw mut priority) };
    Errno::result(done)?;
    Ok((i32::try_from(policy).unwrap_or(0), priority))
}

/// Sets [`policy`].
pub fn set_policy(pid: i32, policy: i32, priority: i32) -> Result<(), Errno> {
    // SAFETY: struct sched_param is one int, which outlives the call.
    let done =
        unsafe { libc::syscall(libc::SYS_sched_setscheduler, pid, policy, &raw const priority) };
    Errno::result(done).map(drop)
}

/// The processors that a process may use, a bit each, the lowest first.
pub fn affinity(pid: i32) -> Result<Vec<u8>, Errno> {
    let mut mask = vec![0u8; 1024];
    // SAFETY: the kernel writes at most the length given into the vector.
    let length = Errno::result(unsafe {
        libc::syscall(libc::SYS_sched_getaffinity, pid, mask.len(), mask.as_mut_ptr())
    })?;
    mask.truncate(usize::try_from(length).unwrap_or(0));
    Ok(mask)
}

/// Sets [`affinity`]. EINVAL when no processor of the set exists.
pub fn set_affinity(pid: i32, mask: &[u8]) -> Result<(), Errno> {
    // SAFETY: the kernel reads at most the length given of the slice.
    let done =
        unsafe { libc::syscall(libc::SYS_sched_setaffinity, pid, mask.len(), mask.as_ptr()) };
    Errno::result(done).map(drop)
}
