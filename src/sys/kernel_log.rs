//! The kernel's message buffer by syslog(2).

use nix::errno::Errno;

/// What can be asked of it. Numbers of syslog(2).
#[derive(Clone, Copy)]
#[repr(i32)]
pub enum Action {
    /// Forget all messages.
    Clear = 5,
    /// Write only emergencies to the console.
    ConsoleOff = 6,
    /// Undo that.
    ConsoleOn = 7,
    /// Set the level below which messages are written to the console.
    ConsoleLevel = 8,
}

/// Asks for `action`; `value` is the level, 1 to 8, of
/// [`Action::ConsoleLevel`], and nothing to the others.
pub fn control(action: Action, value: i32) -> Result<(), Errno> {
    // SAFETY: none of these actions uses the buffer pointer.
    let result = unsafe {
        libc::syscall(libc::SYS_syslog, action as i32, std::ptr::null_mut::<u8>(), value)
    };
    Errno::result(result).map(drop)
}

/// The size of the buffer in bytes.
pub fn size() -> Result<usize, Errno> {
    // SAFETY: SYSLOG_ACTION_SIZE_BUFFER uses no buffer.
    let result = unsafe { libc::syscall(libc::SYS_syslog, 10, std::ptr::null_mut::<u8>(), 0) };
    Ok(usize::try_from(Errno::result(result)?).unwrap_or(0))
}

/// Waits for messages that nobody has taken in this way yet, and appends them
/// to `out`: `<6>[    1.000000] text` lines, the last of which may be cut.
pub fn wait_for_more(out: &mut Vec<u8>) -> Result<(), Errno> {
    let mut buffer = [0u8; 4096];
    // SAFETY: the buffer has the length given.
    let result = unsafe { libc::syscall(libc::SYS_syslog, 2, buffer.as_mut_ptr(), 4096) };
    let count = usize::try_from(Errno::result(result)?).unwrap_or(0);
    out.extend_from_slice(buffer.get(..count).unwrap_or_default());
    Ok(())
}

/// The last messages, at most `limit` bytes, `<6>[    1.000000] text` each;
/// with `clear` they are forgotten afterwards.
pub fn read_all(limit: usize, clear: bool) -> Result<Vec<u8>, Errno> {
    let limit = i32::try_from(limit).unwrap_or(i32::MAX);
    let mut buffer = vec![0u8; usize::try_from(limit).unwrap_or(0)];
    let action = if clear { 4 } else { 3 };
    // SAFETY: the buffer has the length given.
    let result = unsafe { libc::syscall(libc::SYS_syslog, action, buffer.as_mut_ptr(), limit) };
    buffer.truncate(usize::try_from(Errno::result(result)?).unwrap_or(0));
    Ok(buffer)
}
