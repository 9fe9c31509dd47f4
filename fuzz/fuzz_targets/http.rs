//! Requests of HTTP, and the names in them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rescuebox::net::http::exercise(data));
