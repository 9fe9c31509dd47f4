//! The `ip=` parameter of the kernel command line.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rescuebox::net::ipparam::exercise(data));
