//! Packets of ICMP, UDP and ARP.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rescuebox::net::packet::exercise(data));
