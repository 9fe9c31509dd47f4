//! Scripts of sed.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rescuebox::sed::exercise(data));
