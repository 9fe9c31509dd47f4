//! Lists of mounts, fstab and option strings.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rescuebox::{fstab, mountinfo, mountopts};

fuzz_target!(|data: &[u8]| {
    for mount in mountinfo::parse(data) {
        let _ = mountopts::flags_of(&mount.all_options());
    }
    let _ = mountinfo::unescape(data);
    let (entries, _) = fstab::parse(data);
    for entry in entries.iter().take(8) {
        let _ = mountopts::options_match(data, &entry.options);
        let _ = mountopts::type_matches(data, &entry.fstype);
    }
    if let Ok(options) = mountopts::Options::parse(data) {
        let _ = options.for_helper();
    }
});
