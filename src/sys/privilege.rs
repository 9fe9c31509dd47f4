//! Capabilities, secure bits, and what a process gives up for good.
//! capabilities(7), prctl(2).

use nix::errno::Errno;

/// Sets of capabilities, a bit each.
#[derive(Clone, Copy, Default)]
pub struct Sets {
    /// What is in force.
    pub effective: u64,
    /// What may be put in force.
    pub permitted: u64,
    /// What programs that are run may have.
    pub inheritable: u64,
}

/// `_LINUX_CAPABILITY_VERSION_3`.
const VERSION: u32 = 0x2008_0522;

#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Half {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// Those of this process.
pub fn sets() -> Result<Sets, Errno> {
    let mut header = Header { version: VERSION, pid: 0 };
    let mut halves = [Half::default(); 2];
    // SAFETY: header and two halves are what this version wants; they outlive
    // the call.
    let done = unsafe { libc::syscall(libc::SYS_capget, &raw mut header, halves.as_mut_ptr()) };
    Errno::result(done)?;
    let [low, high] = halves;
    let both = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
    Ok(Sets {
        effective: both(low.effective, high.effective),
        permitted: both(low.permitted, high.permitted),
        inheritable: both(low.inheritable, high.inheritable),
    })
}

/// Sets those of this process.
pub fn set_sets(sets: Sets) -> Result<(), Errno> {
    let mut header = Header { version: VERSION, pid: 0 };
    let half = |shift: u32| Half {
        effective: (sets.effective >> shift) as u32,
        permitted: (sets.permitted >> shift) as u32,
        inheritable: (sets.inheritable >> shift) as u32,
    };
    let halves = [half(0), half(32)];
    // SAFETY: header and two halves are what this version wants; they outlive
    // the call.
    let done = unsafe { libc::syscall(libc::SYS_capset, &raw mut header, halves.as_ptr()) };
    Errno::result(done).map(drop)
}

/// A request of prctl(2) with numbers only.
fn ask(request: i32, a: u64, b: u64) -> Result<i32, Errno> {
    // SAFETY: the requests used here take numbers and touch no memory.
    Errno::result(unsafe { libc::prctl(request, a, b, 0u64, 0u64) })
}

/// Whether a capability is in the bounding set; EINVAL for one that the kernel
/// does not know.
pub fn is_bounded(capability: u32) -> Result<bool, Errno> {
    ask(libc::PR_CAPBSET_READ, capability.into(), 0).map(|answer| answer > 0)
}

/// Takes a capability out of the bounding set, for good.
pub fn drop_bounded(capability: u32) -> Result<(), Errno> {
    ask(libc::PR_CAPBSET_DROP, capability.into(), 0).map(drop)
}

/// Whether a capability is ambient.
pub fn is_ambient(capability: u32) -> Result<bool, Errno> {
    ask(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_IS_SET as u64, capability.into())
        .map(|answer| answer > 0)
}

/// Makes a capability ambient, or not.
pub fn set_ambient(capability: u32, yes: bool) -> Result<(), Errno> {
    let how = if yes { libc::PR_CAP_AMBIENT_RAISE } else { libc::PR_CAP_AMBIENT_LOWER };
    ask(libc::PR_CAP_AMBIENT, how as u64, capability.into()).map(drop)
}

/// Whether programs that are run gain nothing by their file's modes.
pub fn gains_nothing() -> bool {
    ask(libc::PR_GET_NO_NEW_PRIVS, 0, 0).is_ok_and(|answer| answer > 0)
}

/// Makes that so, for good.
pub fn gain_nothing() -> Result<(), Errno> {
    ask(libc::PR_SET_NO_NEW_PRIVS, 1, 0).map(drop)
}

/// The secure bits.
pub fn secure_bits() -> Result<u32, Errno> {
    ask(libc::PR_GET_SECUREBITS, 0, 0).map(i32::cast_unsigned)
}

/// Sets the secure bits.
pub fn set_secure_bits(bits: u32) -> Result<(), Errno> {
    ask(libc::PR_SET_SECUREBITS, bits.into(), 0).map(drop)
}

/// The signal that comes when the parent ends; 0 for none.
pub fn parent_death_signal() -> Result<i32, Errno> {
    let mut signal: libc::c_int = 0;
    // SAFETY: the number outlives the call, which fills it.
    Errno::result(unsafe { libc::prctl(libc::PR_GET_PDEATHSIG, &raw mut signal) })?;
    Ok(signal)
}

/// Sets it.
pub fn set_parent_death_signal(signal: i32) -> Result<(), Errno> {
    ask(libc::PR_SET_PDEATHSIG, u64::try_from(signal).unwrap_or(0), 0).map(drop)
}
