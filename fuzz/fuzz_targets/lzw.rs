#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| rescuebox::compress::lzw::exercise(data));
