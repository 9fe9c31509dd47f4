//! Process start: the C entry point, arguments and environment.

use std::ffi::{CStr, OsStr, OsString, c_char, c_int};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// Defines the C `main` of the program around a safe
/// `fn(Vec<OsString>) -> u8`, which gets the argument vector (with `argv[0]`)
/// and returns the exit status.
#[macro_export]
macro_rules! entry_point {
    ($run:path) => {
        /// What the C library calls.
        ///
        /// # Safety
        /// `argv` is the vector of `argc` strings of the process.
        #[cfg(not(test))]
        #[allow(unsafe_code)]
        // SAFETY: no other symbol of the program is called `main`.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn main(
            argc: ::std::ffi::c_int,
            argv: *const *const ::std::ffi::c_char,
        ) -> ::std::ffi::c_int {
            // SAFETY: the C library passes its own vector.
            let args = unsafe { $crate::sys::start::arguments(argc, argv) };
            $crate::sys::start::leave($run(args))
        }
    };
}

/// Ends the process. The C library has nothing to do at its end: nothing in
/// this program uses its streams or asks for a call at exit.
pub fn leave(status: u8) -> ! {
    // SAFETY: it does not return, and takes any number.
    unsafe { libc::_exit(c_int::from(status)) }
}

/// The argument vector as the C library got it from the kernel.
///
/// # Safety
/// `argv` must be the vector of `argc` strings that `main` was given.
pub unsafe fn arguments(argc: c_int, argv: *const *const c_char) -> Vec<OsString> {
    super::fd::reserve_standard();
    let count = usize::try_from(argc).unwrap_or(0);
    let mut list = Vec::with_capacity(count);
    for i in 0..count {
        // SAFETY: i < argc, so the slot is inside the vector.
        let slot = unsafe { argv.add(i) };
        // SAFETY: the C library filled the slot.
        let arg = unsafe { *slot };
        if arg.is_null() {
            break;
        }
        // SAFETY: a non-null slot points to a string that ends in NUL and
        // lives as long as the process.
        let text = unsafe { CStr::from_ptr(arg) };
        list.push(OsString::from_vec(text.to_bytes().to_vec()));
    }
    list
}

unsafe extern "C" {
    static environ: *const *const c_char;
}

/// The entries (`NAME=VALUE`) of the environment this process was started
/// with. Nothing in this program changes it, so the strings live for ever.
pub fn environment() -> impl Iterator<Item = &'static OsStr> {
    // SAFETY: environ is set up by the C library before main.
    let mut at = unsafe { environ };
    std::iter::from_fn(move || {
        if at.is_null() {
            return None;
        }
        // SAFETY: at points into the vector, which ends in a null pointer, and
        // is not moved past it.
        let entry = unsafe { *at };
        if entry.is_null() {
            return None;
        }
        // SAFETY: the null entry has not been reached yet.
        at = unsafe { at.add(1) };
        // SAFETY: entries are strings that end in NUL.
        Some(OsStr::from_bytes(unsafe { CStr::from_ptr(entry) }.to_bytes()))
    })
}
