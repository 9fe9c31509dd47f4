//! Regular expressions of the C library: regcomp(3), regexec(3).

use std::ffi::CString;
use std::mem::MaybeUninit;

/// A compiled expression.
pub struct Compiled(Box<libc::regex_t>);

/// A place in a text: where it starts and where it ends.
pub type Span = (usize, usize);

impl Compiled {
    /// Compiles `pattern`; the flags are the C library's (`REG_EXTENDED`...).
    /// An error is the C library's number.
    pub fn new(pattern: &[u8], flags: i32) -> Result<Compiled, i32> {
        let pattern = CString::new(pattern).map_err(|_| libc::REG_BADPAT)?;
        let mut compiled = Box::new(MaybeUninit::<libc::regex_t>::uninit());
        // SAFETY: the pattern is a C string, and regcomp fills the structure.
        match unsafe { libc::regcomp(compiled.as_mut_ptr(), pattern.as_ptr(), flags) } {
            // SAFETY: regcomp succeeded, so the structure is initialised.
            0 => Ok(Compiled(unsafe { compiled.assume_init() })),
            code => Err(code),
        }
    }

    /// The leftmost longest match in `text`, which holds no NUL: fills `spans`
    /// with the places of the whole and of the groups.
    pub fn exec(&self, text: &std::ffi::CStr, flags: i32, spans: &mut [Option<Span>]) -> bool {
        let mut places = [libc::regmatch_t { rm_so: -1, rm_eo: -1 }; 10];
        let count = spans.len().min(places.len());
        // SAFETY: the structure is compiled, the text is a C string, and there
        // are `count` places.
        let code = unsafe {
            libc::regexec(&raw const *self.0, text.as_ptr(), count, places.as_mut_ptr(), flags)
        };
        if code != 0 {
            return false;
        }
        for (span, place) in spans.iter_mut().zip(places) {
            let (from, to) = (usize::try_from(place.rm_so), usize::try_from(place.rm_eo));
            *span = from.ok().zip(to.ok());
        }
        true
    }
}

impl Drop for Compiled {
    fn drop(&mut self) {
        // SAFETY: it is compiled and not used again.
        unsafe { libc::regfree(&raw mut *self.0) };
    }
}
