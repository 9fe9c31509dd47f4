//! What a server of TFTP says.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rescuebox::net::tftp::exercise(data));
