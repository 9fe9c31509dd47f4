//! Messages of the kernel.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rescuebox::kmsg;

fuzz_target!(|data: &[u8]| {
    let _ = kmsg::parse_record(data);
    let _ = kmsg::parse_log(data).count();
    let _ = kmsg::levels(data);
    let _ = kmsg::facilities(data);
});
