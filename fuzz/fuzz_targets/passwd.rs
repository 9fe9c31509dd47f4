//! /etc/passwd, /etc/group and their shadows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rescuebox::passwd;

fuzz_target!(|data: &[u8]| {
    let _ = passwd::users(data).count();
    for group in passwd::groups(data).take(8) {
        let added = passwd::with_member(data, group.name, b"me");
        let _ = passwd::without_member(&added, Some(group.name), b"me");
        let _ = passwd::without(data, group.name);
    }
    let _ = passwd::without_member(data, None, b"me");
    let _ = passwd::is_name(data);
});
