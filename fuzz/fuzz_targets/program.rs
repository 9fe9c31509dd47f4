//! The first bytes of an init: ELF file or script.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = rescuebox::program::kind(data);
});
