//! Messages of the domain name system.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rescuebox::net::dns::exercise(data));
