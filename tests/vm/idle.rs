//! A failed boot that nobody mends for a day: nothing grows. The machine's
//! clock runs ahead while it has nothing to do, so that the day takes minutes.

use crate::harness::lab::Kernel;
use crate::harness::machine::{Machine, machine};

/// What there is of something, asked in the rescue shell.
struct Figures {
    uptime: u64,
    resident: u64,
    descriptors: u64,
    available: u64,
}

/// Runs `before`, then asks. The words that are waited for are not to be found
/// in what is typed.
fn ask(vm: &mut Machine, before: &str) -> Figures {
    vm.send(&format!(
        "{before}; set -- $(cut -d. -f1 /proc/uptime) \
         $(grep ^Rss: /proc/1/smaps_rollup | tr -dc 0-9) $(ls /proc/1/fd | wc -l) \
         $(grep ^MemAvailable: /proc/meminfo | tr -dc 0-9); echo \"figures\" \"$*\" \"end\"\n"
    ));
    vm.wait_for("figures ");
    let line = vm.wait_for(" end");
    let numbers: Vec<u64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let &[uptime, resident, descriptors, available] = numbers.as_slice() else {
        panic!("{line}\n{}", vm.log())
    };
    Figures { uptime, resident, descriptors, available }
}

#[test]
fn a_day_in_the_rescue_shell() {
    let kernel = Kernel::BookwormCloud;
    let mut vm = machine(kernel, kernel.initramfs())
        .command_line(
            "console=ttyS0 quiet no_timer_check clearcpuid=141 root=UUID=nosuch rd.timeout=1",
        )
        .qemu(["-icount", "shift=0,sleep=off"])
        .limit(600)
        .boot();
    vm.wait_for("rescuebox: boot failed: step ");
    vm.wait_for("# ");
    let before = ask(&mut vm, ":");
    let after = ask(&mut vm, "sleep 86400");
    vm.no_panic();
    assert!(after.uptime - before.uptime >= 86400, "{} {}", before.uptime, after.uptime);
    assert_eq!(after.descriptors, before.descriptors);
    assert!(after.resident <= before.resident + 64, "{} {}", before.resident, after.resident);
    assert!(after.resident <= 2048, "PID 1 has {} KiB", after.resident);
    assert!(after.available + 1024 >= before.available, "{} {}", before.available, after.available);
}
