//! Signals: how each is taken, and which have come.
//!
//! The handler notes the number and nothing else; whoever catches signals looks
//! at the notes when it can act on them.

use std::sync::atomic::{AtomicBool, Ordering};

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;

/// One more than the highest signal number.
pub const COUNT: usize = 65;

static COME: [AtomicBool; COUNT] = [const { AtomicBool::new(false) }; COUNT];
static ANY: AtomicBool = AtomicBool::new(false);

extern "C" fn note(signal: libc::c_int) {
    if let Some(flag) = usize::try_from(signal).ok().and_then(|n| COME.get(n)) {
        flag.store(true, Ordering::Relaxed);
        ANY.store(true, Ordering::Release);
    }
}

/// How a signal is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// As the system does.
    Default,
    /// Not at all.
    Ignore,
    /// Noted, for [`take`]. System calls that wait are interrupted.
    Catch,
}

/// Sets how `signal` is taken.
pub fn set(signal: i32, how: Disposition) -> Result<(), Errno> {
    // SAFETY: an all-zero sigaction is a valid one.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = match how {
        Disposition::Default => libc::SIG_DFL,
        Disposition::Ignore => libc::SIG_IGN,
        Disposition::Catch => note as extern "C" fn(libc::c_int) as libc::sighandler_t,
    };
    // SAFETY: the handler only stores to atomics, which is allowed at any time.
    Errno::result(unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) })
        .map(drop)
}

/// Whether `signal` is ignored.
pub fn is_ignored(signal: i32) -> bool {
    // SAFETY: an all-zero sigaction is a valid one.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: the structure outlives the call.
    let done = unsafe { libc::sigaction(signal, std::ptr::null(), &raw mut action) };
    done == 0 && action.sa_sigaction == libc::SIG_IGN
}

/// Whether a signal has been caught that nobody has taken.
pub fn any() -> bool {
    ANY.load(Ordering::Acquire)
}

/// Whether this signal has been caught; it is not taken.
pub fn has_come(signal: i32) -> bool {
    usize::try_from(signal)
        .ok()
        .and_then(|n| COME.get(n))
        .is_some_and(|flag| flag.load(Ordering::Relaxed))
}

/// Takes a caught signal, the lowest number first.
pub fn take() -> Option<i32> {
    ANY.store(false, Ordering::Release);
    let found = COME.iter().position(|flag| flag.swap(false, Ordering::Relaxed));
    if found.is_some() {
        // There may be more.
        ANY.store(true, Ordering::Release);
    }
    found.and_then(|n| i32::try_from(n).ok())
}

/// kill(2), with any number: 0, real-time signals, process groups.
pub fn send(pid: i32, signal: i32) -> Result<(), Errno> {
    // SAFETY: integers only.
    Errno::result(unsafe { libc::kill(pid, signal) }).map(drop)
}

/// Names without SIG, by number.
const NAMES: [(&str, i32); 33] = [
    ("HUP", libc::SIGHUP),
    ("INT", libc::SIGINT),
    ("QUIT", libc::SIGQUIT),
    ("ILL", libc::SIGILL),
    ("TRAP", libc::SIGTRAP),
    ("ABRT", libc::SIGABRT),
    ("BUS", libc::SIGBUS),
    ("FPE", libc::SIGFPE),
    ("KILL", libc::SIGKILL),
    ("USR1", libc::SIGUSR1),
    ("SEGV", libc::SIGSEGV),
    ("USR2", libc::SIGUSR2),
    ("PIPE", libc::SIGPIPE),
    ("ALRM", libc::SIGALRM),
    ("TERM", libc::SIGTERM),
    ("STKFLT", libc::SIGSTKFLT),
    ("CHLD", libc::SIGCHLD),
    ("CONT", libc::SIGCONT),
    ("STOP", libc::SIGSTOP),
    ("TSTP", libc::SIGTSTP),
    ("TTIN", libc::SIGTTIN),
    ("TTOU", libc::SIGTTOU),
    ("URG", libc::SIGURG),
    ("XCPU", libc::SIGXCPU),
    ("XFSZ", libc::SIGXFSZ),
    ("VTALRM", libc::SIGVTALRM),
    ("PROF", libc::SIGPROF),
    ("WINCH", libc::SIGWINCH),
    ("IO", libc::SIGIO),
    ("PWR", libc::SIGPWR),
    ("SYS", libc::SIGSYS),
    ("RTMIN", 34),
    ("RTMAX", 64),
];

/// The number of a signal by name, with or without SIG, in any case, or by
/// number. 0 is EXIT's to name, not a signal's.
pub fn number(text: &[u8]) -> Option<i32> {
    if text.first().is_some_and(u8::is_ascii_digit) {
        let n: i32 = std::str::from_utf8(text).ok()?.parse().ok()?;
        return (n < COUNT as i32).then_some(n);
    }
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix(b"SIG").unwrap_or(&upper);
    let known = match name {
        b"IOT" => b"ABRT".as_slice(),
        b"CLD" => b"CHLD",
        b"POLL" => b"IO",
        _ => name,
    };
    let real_time = || {
        let (first, by) = match (name.strip_prefix(b"RTMIN+"), name.strip_prefix(b"RTMAX-")) {
            (Some(by), _) => (34, by),
            (_, Some(by)) => (64, by),
            _ => return None,
        };
        let by: i32 =
            std::str::from_utf8(by).ok()?.parse().ok().filter(|by| (0..31).contains(by))?;
        Some(if first == 34 { first + by } else { first - by })
    };
    let found = NAMES.iter().find(|(n, _)| n.as_bytes() == known).map(|(_, number)| *number);
    found.or_else(real_time)
}

/// Takes the first word like `-9`, `-TERM` or `-SIGTERM` out of a command line,
/// as pkill and killall have it; words behind `--` are left alone.
pub fn take_option(args: &mut Vec<OsString>) -> Option<i32> {
    let end = args.iter().position(|arg| arg == "--").unwrap_or(args.len());
    let found = args.iter().take(end).enumerate().find_map(|(at, arg)| {
        let name = arg.as_bytes().strip_prefix(b"-")?;
        let first = name.first()?;
        // A letter alone, or a small one, is an option of the program's.
        let is_name = first.is_ascii_digit() || (first.is_ascii_uppercase() && name.len() > 2);
        Some((at, number(name).filter(|_| is_name)?))
    });
    let (at, number) = found?;
    args.remove(at);
    Some(number)
}

/// The name of a signal, without SIG.
pub fn name(number: i32) -> Option<&'static str> {
    NAMES.iter().find(|(_, n)| *n == number).map(|(name, _)| *name)
}

/// What the system calls the end by a signal ("Terminated").
pub fn description(number: i32) -> &'static str {
    // SAFETY: returns a string that lives until the next call; the program has
    // one thread that asks, and copies it at once.
    let text = unsafe { libc::strsignal(number) };
    if text.is_null() {
        return "killed";
    }
    // SAFETY: it is a string that ends in NUL.
    unsafe { std::ffi::CStr::from_ptr(text) }.to_str().unwrap_or("killed")
}
