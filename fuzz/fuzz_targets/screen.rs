#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| rescuebox::screen::exercise(data));
