//! The telnet protocol, both sides.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rescuebox::net::telnet::exercise(data));
