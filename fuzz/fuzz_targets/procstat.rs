//! What /proc says of processes, and the files of users and groups.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rescuebox::{passwd, procstat};

fuzz_target!(|data: &[u8]| {
    if let Some(stat) = procstat::Stat::parse(data) {
        let _ = procstat::terminal_name(stat.tty);
    }
    let _ = procstat::Ids::parse(data);
    let _ = passwd::users(data).count();
    let _ = passwd::groups(data).map(|group| group.members().count()).sum::<usize>();
});
