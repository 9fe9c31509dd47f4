//! Kernel files.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rescuebox::bzimage::exercise(data));
