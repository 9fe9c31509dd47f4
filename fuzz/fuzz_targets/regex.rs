//! Expressions and texts.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rescuebox::regex::exercise(data));
