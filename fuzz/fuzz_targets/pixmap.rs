//! PPM pictures.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rescuebox::pixmap::Picture;

fuzz_target!(|data: &[u8]| {
    let _ = Picture::parse(data);
});
