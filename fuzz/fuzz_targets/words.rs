//! Small words of command lines: modes, sizes, lengths of time; dates.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rescuebox::{civil, interval, mode, size};

fuzz_target!(|data: &[u8]| {
    for folder in [false, true] {
        if let Ok(mode) = mode::parse(data, 0o644, 0o022, folder) {
            assert!(mode <= 0o7777);
        }
    }
    let _ = interval::parse(data);
    if let Some(bytes) = size::parse(data) {
        assert!(size::human(bytes).len() <= 5);
    }
    if let Some(seconds) = data.first_chunk() {
        let time = civil::Civil::of_utc(i64::from_le_bytes(*seconds));
        assert!((1..=12).contains(&time.month) && (1..=31).contains(&time.day));
    }
});
