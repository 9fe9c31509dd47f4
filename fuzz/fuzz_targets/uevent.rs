//! Messages of the kernel about devices.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some(event) = rescuebox::uevent::Uevent::parse(data) {
        let _ = event.get(b"MAJOR");
    }
    for _ in rescuebox::uevent::variables(data) {}
});
