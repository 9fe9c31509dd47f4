//! Text of the C library.

use std::ffi::CStr;

/// The system's words for an error number ("No such file or directory"),
/// without its number. strerror(3).
pub fn error_text(errno: i32) -> &'static str {
    // SAFETY: musl and glibc return a string that lives for ever for numbers
    // they know, and a static buffer otherwise; this program has one thread
    // that asks.
    let text = unsafe { libc::strerror(errno) };
    if text.is_null() {
        return "unknown error";
    }
    // SAFETY: it is a string that ends in NUL.
    unsafe { CStr::from_ptr(text) }.to_str().unwrap_or("unknown error")
}
