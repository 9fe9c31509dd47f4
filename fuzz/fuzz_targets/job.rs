//! The job of a virtual machine and its control lines.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rescuebox::job::fuzz(data));
