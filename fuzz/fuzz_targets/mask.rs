//! The secrets of a report: masking it twice changes nothing more.
#![no_main]

use rescuebox::mask::masked;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = masked(&masked(data));
});
