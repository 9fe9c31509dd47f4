//! Extended regular expressions of the C library: regcomp(3), regexec(3).

use std::ffi::CString;
use std::mem::MaybeUninit;

/// Whether `pattern`, an extended regular expression, is found in `text`. An
/// error says what is wrong with the expression.
pub fn is_match(pattern: &[u8], text: &[u8]) -> Result<bool, &'static str> {
    let pattern = CString::new(pattern).map_err(|_| "NUL in regular expression")?;
    let text = CString::new(text).map_err(|_| "NUL in text")?;
    let mut compiled = MaybeUninit::<libc::regex_t>::uninit();
    let flags = libc::REG_EXTENDED | libc::REG_NOSUB;
    // SAFETY: the pattern is a C string, and regcomp fills the structure.
    if unsafe { libc::regcomp(compiled.as_mut_ptr(), pattern.as_ptr(), flags) } != 0 {
        return Err("bad regular expression");
    }
    // SAFETY: regcomp succeeded, so the structure is initialised; the text is a
    // C string, and no places are asked for.
    let found =
        unsafe { libc::regexec(compiled.as_ptr(), text.as_ptr(), 0, std::ptr::null_mut(), 0) };
    // SAFETY: as above; it is not used again.
    unsafe { libc::regfree(compiled.as_mut_ptr()) };
    Ok(found == 0)
}
