//! The kernel command line, and the plan made of it.
#![no_main]

use rescuebox::boot::plan::{Facts, text};
use rescuebox::cmdline::Cmdline;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    for job in [false, true] {
        let _ = text(&Cmdline::parse(data), Facts { job });
    }
});
