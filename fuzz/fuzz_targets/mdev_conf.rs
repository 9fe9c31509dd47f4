//! /etc/mdev.conf.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (rules, _) = rescuebox::mdevconf::parse(data);
    for rule in rules {
        let (rescuebox::mdevconf::Place::Moved(path) | rescuebox::mdevconf::Place::Linked(path)) = rule.place
        else {
            continue;
        };
        let _ = rescuebox::mdevconf::place(path, b"sda1", &[Some((0, 4)), Some((2, 9))], b"sda1");
    }
});
