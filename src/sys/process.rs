//! Processes: fork, exit without clean-up.

use nix::errno::Errno;
use nix::unistd::{ForkResult, Pid};

/// What `fork` returned, in whose process.
pub enum Forked {
    /// In the parent: the child's process id.
    Parent(Pid),
    /// In the child.
    Child,
}

/// fork(2). The program has one thread, so the child may use all of it.
pub fn fork() -> Result<Forked, Errno> {
    // SAFETY: no part of this program starts threads before forking, so no lock
    // can be held by a thread that the child lacks.
    match unsafe { nix::unistd::fork() }? {
        ForkResult::Parent { child } => Ok(Forked::Parent(child)),
        ForkResult::Child => Ok(Forked::Child),
    }
}

/// _exit(2): ends the process without running exit handlers, as a forked
/// child must.
pub fn exit_now(status: u8) -> ! {
    // SAFETY: _exit does not return and touches nothing of this process.
    unsafe { libc::_exit(i32::from(status)) }
}

/// The umask. The kernel tells it only when it is set, so it is set twice.
pub fn umask() -> u32 {
    use nix::sys::stat::{Mode, umask};
    let mask = umask(Mode::from_bits_truncate(0o077));
    umask(mask);
    mask.bits()
}

/// Sends a signal, of real time as well, to process 1. kill(2).
pub fn signal_init(signal: i32) -> Result<(), Errno> {
    // SAFETY: kill takes two numbers.
    Errno::result(unsafe { libc::kill(1, signal) }).map(drop)
}
