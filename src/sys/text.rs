//! Text of the C library.

use std::ffi::CStr;

/// Errors that musl has other words for than glibc: people search the net for
/// these, and scripts compare them.
static WORDS: [(i32, &str); 31] = [
    (libc::EIO, "Input/output error"),
    (libc::ECHILD, "No child processes"),
    (libc::ENOMEM, "Cannot allocate memory"),
    (libc::EBUSY, "Device or resource busy"),
    (libc::EXDEV, "Invalid cross-device link"),
    (libc::EMFILE, "Too many open files"),
    (libc::ENOTTY, "Inappropriate ioctl for device"),
    (libc::ESPIPE, "Illegal seek"),
    (libc::EDOM, "Numerical argument out of domain"),
    (libc::ERANGE, "Numerical result out of range"),
    (libc::EDEADLOCK, "Resource deadlock avoided"),
    (libc::ENAMETOOLONG, "File name too long"),
    (libc::ELOOP, "Too many levels of symbolic links"),
    (libc::ETIME, "Timer expired"),
    (libc::EOVERFLOW, "Value too large for defined data type"),
    (libc::ENOTSOCK, "Socket operation on non-socket"),
    (libc::EMSGSIZE, "Message too long"),
    (libc::EOPNOTSUPP, "Operation not supported"),
    (libc::EADDRINUSE, "Address already in use"),
    (libc::EADDRNOTAVAIL, "Cannot assign requested address"),
    (libc::ENETUNREACH, "Network is unreachable"),
    (libc::ENETRESET, "Network dropped connection on reset"),
    (libc::ECONNABORTED, "Software caused connection abort"),
    (libc::EISCONN, "Transport endpoint is already connected"),
    (libc::ENOTCONN, "Transport endpoint is not connected"),
    (libc::ESHUTDOWN, "Cannot send after transport endpoint shutdown"),
    (libc::ETIMEDOUT, "Connection timed out"),
    (libc::EHOSTUNREACH, "No route to host"),
    (libc::EINPROGRESS, "Operation now in progress"),
    (libc::EUCLEAN, "Structure needs cleaning"),
    (libc::EDQUOT, "Disk quota exceeded"),
];

/// The system's words for an error number ("No such file or directory"),
/// without its number. strerror(3).
pub fn error_text(errno: i32) -> &'static str {
    if let Some((_, words)) = WORDS.iter().find(|(known, _)| *known == errno) {
        return words;
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_with_every_c_library() {
        // SAFETY: as in error_text; glibc's are static, as are ours.
        let of_glibc = |n| unsafe { CStr::from_ptr(libc::strerror(n)) }.to_str().unwrap();
        if cfg!(target_env = "gnu") {
            WORDS.iter().for_each(|(n, words)| assert_eq!(*words, of_glibc(*n)));
        }
        assert_eq!(error_text(libc::ENOTTY), "Inappropriate ioctl for device");
        assert_eq!(error_text(libc::ENOENT), "No such file or directory");
    }
}
