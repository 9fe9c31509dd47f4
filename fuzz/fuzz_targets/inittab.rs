//! /etc/inittab.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rescuebox::inittab;

fuzz_target!(|data: &[u8]| {
    let _ = inittab::parse(Some(data));
});
