//! Programs of awk.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rescuebox::awk::exercise(data));
