#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = rescuebox::compress::decompress(rescuebox::compress::Format::Lzw, data, 1 << 20);
});
