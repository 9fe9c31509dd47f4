//! Console fonts and their maps.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rescuebox::psf;

fuzz_target!(|data: &[u8]| {
    if let Ok(font) = psf::Font::parse(data) {
        let _ = font.padded();
    }
    let _ = psf::screen_map(data);
    let _ = psf::unicode_map(data);
});
