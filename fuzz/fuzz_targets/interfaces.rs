//! /etc/network/interfaces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rescuebox::interfaces::Interfaces;

fuzz_target!(|data: &[u8]| {
    let _ = Interfaces::default().add(data);
});
