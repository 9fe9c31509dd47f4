//! Messages of rtnetlink.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rescuebox::net::rtnl::exercise(data));
