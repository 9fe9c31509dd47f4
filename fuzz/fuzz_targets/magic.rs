#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| rescuebox::magic::exercise(data));
