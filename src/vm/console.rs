//! What the machine's serial line says: kept, cut into lines, and searched for
//! the failures that are told there. Pure.

use std::collections::VecDeque;

/// Lines that are kept.
const KEPT: usize = 64;
/// Longer lines are cut.
const LONGEST: usize = 512;

/// How a boot failed, as far as the serial line tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The init gave up, and said why.
    Boot,
    /// The kernel stopped.
    Panic,
}

/// What a boot that failed says, on a line of its own.
const BOOT_FAILED: &[u8] = b"rescuebox: boot failed: ";
/// What a kernel that stops says.
const PANIC: &[u8] = b"Kernel panic - not syncing";

/// What it says when it goes: nothing that anybody wants to know.
const FAREWELL: [&[u8]; 3] =
    [b"reboot: Restarting system", b"reboot: Power down", b"reboot: System halted"];

/// What it says when there is no memory left, before a panic or without one.
const NO_MEMORY: [&[u8]; 4] = [
    b"deadlocked on memory",
    b"Out of memory",
    b"invoked oom-killer",
    b"Initramfs unpacking failed: write error",
];

/// See the module.
#[derive(Default)]
pub struct Console {
    lines: VecDeque<Vec<u8>>,
    current: Vec<u8>,
    failure: Option<Failure>,
    /// How many of the last lines belong to the failure.
    told: usize,
    /// The kernel has found no memory.
    out_of_memory: bool,
}

impl Console {
    /// Takes bytes as they come.
    pub fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\n' => self.end_line(),
                b'\r' => {}
                _ if self.current.len() < LONGEST => self.current.push(*byte),
                _ => {}
            }
        }
    }

    fn end_line(&mut self) {
        let line = plain(&std::mem::take(&mut self.current));
        let has = |text: &[u8]| line.windows(text.len()).any(|piece| piece == text);
        if has(PANIC) && self.failure != Some(Failure::Panic) {
            self.failure = Some(Failure::Panic);
            self.told = 0;
        } else if self.failure.is_none() && has(BOOT_FAILED) {
            self.failure = Some(Failure::Boot);
            self.told = 0;
        }
        self.out_of_memory |= NO_MEMORY.into_iter().any(has);
        if self.failure.is_some() {
            self.told += 1;
        }
        self.lines.push_back(line);
        if self.lines.len() > KEPT {
            self.lines.pop_front();
        }
    }

    /// The failure seen so far.
    pub fn failure(&self) -> Option<Failure> {
        self.failure
    }

    /// Whether the kernel has said that no memory is left.
    pub fn is_out_of_memory(&self) -> bool {
        self.out_of_memory
    }

    /// The lines of the failure; without one, the last `count`.
    pub fn tail(&self, count: usize) -> Vec<String> {
        let wanted = if self.failure.is_some() { self.told } else { count };
        let rest = (!self.current.is_empty()).then(|| plain(&self.current));
        let skip = self.lines.len().saturating_sub(wanted);
        self.lines
            .iter()
            .skip(skip)
            .chain(rest.iter())
            .filter(|line| {
                let line = line.trim_ascii();
                !line.is_empty() && !FAREWELL.into_iter().any(|end| line.ends_with(end))
            })
            .map(|line| crate::applet::show_bytes(line.trim_ascii_end()).to_string())
            .collect()
    }
}

/// A line without what moves cursors and sets colours.
fn plain(line: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len());
    let mut bytes = line.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != 0x1b {
            out.push(byte);
        } else if bytes.next() == Some(b'[') {
            // A control sequence ends with its first byte from @ on.
            for byte in bytes.by_ref() {
                if byte >= b'@' {
                    break;
                }
            }
        }
    }
    out
}

/// Looks for the keys that end the machine: Ctrl-] three times within a
/// second.
#[derive(Default)]
pub struct Escape {
    count: u32,
    since: u64,
}

impl Escape {
    /// What was typed at this time, in milliseconds. True: end the machine.
    pub fn typed(&mut self, bytes: &[u8], now: u64) -> bool {
        for byte in bytes {
            if *byte != 0x1d {
                self.count = 0;
                continue;
            }
            if self.count == 0 || now.saturating_sub(self.since) > 1000 {
                self.count = 0;
                self.since = now;
            }
            self.count += 1;
            if self.count == 3 {
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_boot_is_seen_with_its_reasons() {
        let mut console = Console::default();
        console.add(b"[    1.0] hello\r\n\x1b[0;1mrescuebox: boot fai");
        assert_eq!(console.failure(), None);
        console.add(b"led: mounting rootfs\r\n  no such tag: x\r\n  next: y\r\n");
        console.add(b"[    1.036031] reboot: Restarting system\r\nmore");
        assert_eq!(console.failure(), Some(Failure::Boot));
        assert_eq!(
            console.tail(1),
            ["rescuebox: boot failed: mounting rootfs", "  no such tag: x", "  next: y", "more"]
        );
    }

    #[test]
    fn the_want_of_memory_is_seen() {
        let mut console = Console::default();
        console.add(b"Memory: 60000K available\n");
        assert!(!console.is_out_of_memory());
        console.add(b"[    0.8] Kernel panic - not syncing: System is deadlocked on memory\n");
        assert!(console.is_out_of_memory());
    }

    #[test]
    fn a_panic_outweighs_a_failed_boot() {
        let mut console = Console::default();
        console.add(b"rescuebox: boot failed: x\nKernel panic - not syncing: y\nCPU: 0\n");
        assert_eq!(console.failure(), Some(Failure::Panic));
        assert_eq!(console.tail(0), ["Kernel panic - not syncing: y", "CPU: 0"]);
    }

    #[test]
    fn little_is_kept() {
        let mut console = Console::default();
        for _ in 0..10_000 {
            console.add(b"x");
        }
        console.add(b"\n");
        for n in 0..1000 {
            console.add(format!("line {n}\n").as_bytes());
        }
        assert_eq!(console.tail(2), ["line 998", "line 999"]);
        assert_eq!(console.tail(1000).len(), KEPT);
    }

    #[test]
    fn colours_are_taken_off() {
        assert_eq!(plain(b"\x1b[1;31mred\x1b[0m \x1bcplain\x1b[3"), b"red plain");
    }

    #[test]
    fn three_times_in_a_second() {
        let mut escape = Escape::default();
        assert!(!escape.typed(b"\x1d\x1d", 5000));
        assert!(escape.typed(b"\x1d", 5900));
        let mut escape = Escape::default();
        assert!(!escape.typed(b"\x1d\x1dx\x1d", 0));
        assert!(!escape.typed(b"\x1d", 100));
        assert!(!escape.typed(b"\x1d", 1101));
        assert!(!escape.typed(b"\x1d", 1102));
        assert!(escape.typed(b"\x1d", 1103));
    }
}
