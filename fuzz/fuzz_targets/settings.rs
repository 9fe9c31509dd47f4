//! The image's configuration and its /etc/shadow.
#![no_main]

use rescuebox::settings::Settings;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut settings = Settings::parse(data);
    settings.add_shadow(data);
});
