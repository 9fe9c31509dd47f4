//! Messages and rules of the system log.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rescuebox::syslog;

fuzz_target!(|data: &[u8]| {
    let (priority, text) = syslog::split(data);
    let _ = syslog::name(priority);
    let (_, text) = syslog::split_time(text);
    syslog::clean(&mut Vec::new(), text);
    let _ = syslog::priority(data);
    for rule in syslog::rules(data).unwrap_or_default() {
        let _ = rule.takes(priority);
    }
});
