//! What `/proc/PID/stat` and `/proc/PID/status` say. proc(5).

/// Fields of `/proc/PID/stat` that ps and its like show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stat {
    /// Process (or thread) id.
    pub pid: u32,
    /// Its name, at most 15 bytes of a program's, longer for kernel threads.
    pub comm: Vec<u8>,
    /// R, S, D, Z, T, t, I, X.
    pub state: u8,
    /// Parent.
    pub ppid: u32,
    /// Process group.
    pub pgrp: u32,
    /// Session.
    pub session: u32,
    /// Device number of the controlling terminal; 0 for none.
    pub tty: u32,
    /// Foreground process group of that terminal; -1 for none.
    pub tpgid: i64,
    /// PF_ flags of the kernel.
    pub flags: u64,
    /// Page faults without input.
    pub minor_faults: u64,
    /// Page faults with input.
    pub major_faults: u64,
    /// User time in ticks.
    pub utime: u64,
    /// System time in ticks.
    pub stime: u64,
    /// Scheduling priority as the kernel sees it.
    pub priority: i64,
    /// 19 (nice) to -20.
    pub nice: i64,
    /// How many threads.
    pub threads: u64,
    /// Start in ticks after the machine's.
    pub start: u64,
    /// Virtual memory in bytes.
    pub vsize: u64,
    /// Resident pages.
    pub rss: u64,
    /// The processor that it ran on last.
    pub processor: u64,
    /// Scheduling policy: 0 is the usual one, 1, 2 and 6 are of real time.
    pub policy: u64,
}

impl Stat {
    /// The text of the file. The name may hold blanks and parentheses: the
    /// last `)` ends it.
    pub fn parse(text: &[u8]) -> Option<Stat> {
        let open = text.iter().position(|&b| b == b'(')?;
        let close = text.iter().rposition(|&b| b == b')')?;
        let pid = u32::try_from(number(text.get(..open)?.trim_ascii())?).ok()?;
        let comm = text.get(open + 1..close)?.to_vec();
        let rest = text.get(close + 1..)?.trim_ascii();
        let mut words = rest.split(|b| *b == b' ').filter(|word| !word.is_empty());
        let state = *words.next()?.first()?;
        // proc(5) counts from 1 and state is field 3; no one asks for more than
        // the scheduling policy
        let mut fields = [0i64; 41 - 3];
        let mut count = 0;
        for (place, word) in fields.iter_mut().zip(words) {
            *place = number(word).unwrap_or(0);
            count += 1;
        }
        let signed = |n: usize| fields.get(n - 4).copied().unwrap_or(0);
        let unsigned = |n: usize| u64::try_from(signed(n)).unwrap_or(0);
        let id = |n: usize| u32::try_from(signed(n)).unwrap_or(0);
        if count < 21 {
            return None;
        }
        Some(Stat {
            pid,
            comm,
            state,
            ppid: id(4),
            pgrp: id(5),
            session: id(6),
            tty: id(7),
            tpgid: signed(8),
            flags: unsigned(9),
            minor_faults: unsigned(10),
            major_faults: unsigned(12),
            utime: unsigned(14),
            stime: unsigned(15),
            priority: signed(18),
            nice: signed(19),
            threads: unsigned(20),
            start: unsigned(22),
            vsize: unsigned(23),
            rss: unsigned(24),
            processor: unsigned(39),
            policy: unsigned(41),
        })
    }
}

/// Ids and memory in `/proc/PID/status`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    /// Real user.
    pub ruid: u32,
    /// Effective user.
    pub euid: u32,
    /// Real group.
    pub rgid: u32,
    /// Effective group.
    pub egid: u32,
    /// Kilobytes locked in memory.
    pub locked: u64,
    /// Kilobytes in memory; kernel threads and zombies have no such line.
    pub resident: Option<u64>,
}

impl Ids {
    /// The text of the file.
    pub fn parse(text: &[u8]) -> Ids {
        let mut ids = Ids::default();
        for line in text.split(|&b| b == b'\n') {
            let mut words = line.split(|b| b.is_ascii_whitespace()).filter(|w| !w.is_empty());
            let Some(key) = words.next() else { continue };
            let mut next = || words.next().and_then(number).unwrap_or(0);
            let small = |n: i64| u32::try_from(n).unwrap_or(0);
            match key {
                b"Uid:" => (ids.ruid, ids.euid) = (small(next()), small(next())),
                b"Gid:" => (ids.rgid, ids.egid) = (small(next()), small(next())),
                b"VmRSS:" => ids.resident = u64::try_from(next()).ok(),
                b"VmLck:" => ids.locked = u64::try_from(next()).unwrap_or(0),
                _ => {}
            }
        }
        ids
    }
}

/// The name of a terminal by its device number as the kernel's consoles and
/// pseudo terminals have them (Documentation/admin-guide/devices.txt).
pub fn terminal_name(device: u32) -> Option<String> {
    let major = device >> 8 & 0xfff;
    let minor = device & 0xff | device >> 12 & 0xfff00;
    Some(match (major, minor) {
        (4, 0..=63) => format!("tty{minor}"),
        (4, _) => format!("ttyS{}", minor - 64),
        (5, 1) => "console".into(),
        (136..=143, _) => format!("pts/{}", u64::from(major - 136) * 256 + u64::from(minor)),
        (188, _) => format!("ttyUSB{minor}"),
        (204, 64..=79) => format!("ttyAMA{}", minor - 64),
        (229, _) => format!("hvc{minor}"),
        _ => return None,
    })
}

/// A decimal number; one that does not fit is none.
fn number(text: &[u8]) -> Option<i64> {
    let (digits, negative) = match text.strip_prefix(b"-") {
        Some(digits) => (digits, true),
        None => (text, false),
    };
    if digits.is_empty() {
        return None;
    }
    let mut value: i64 = 0;
    for byte in digits {
        let digit = i64::from(byte.wrapping_sub(b'0'));
        if digit > 9 {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(digit)?;
    }
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat() {
        let text = b"42 (a) R (b) S 1 42 41 34816 -1 4194304 7 0 8 0 11 12 0 0 20 -5 3 0 900 \
                     1024 25 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0\n";
        let stat = Stat::parse(text).unwrap();
        assert_eq!(stat.comm, b"a) R (b");
        assert_eq!((stat.pid, stat.ppid, stat.pgrp, stat.session), (42, 1, 42, 41));
        assert_eq!((stat.state, stat.tty, stat.tpgid), (b'S', 34816, -1));
        assert_eq!((stat.utime, stat.stime, stat.nice, stat.threads), (11, 12, -5, 3));
        assert_eq!((stat.start, stat.vsize, stat.rss, stat.processor), (900, 1024, 25, 1));
        assert_eq!((stat.minor_faults, stat.major_faults), (7, 8));
        for bad in [&b""[..], b"1 (x", b"1 x) S 1", b"1 )x( S", b"x (y) S 1 2 3", b"1 (x) S 1 2"] {
            assert_eq!(Stat::parse(bad), None);
        }
    }

    #[test]
    fn ids() {
        let ids = Ids::parse(
            b"Name:\tx\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nVmLck:\t  9 kB\nVmRSS: 7 kB",
        );
        assert_eq!(ids, Ids { ruid: 1, euid: 2, rgid: 5, egid: 6, locked: 9, resident: Some(7) });
    }

    #[test]
    fn terminals() {
        assert_eq!(terminal_name(0x8803).as_deref(), Some("pts/3"));
        assert_eq!(terminal_name(0x440).as_deref(), Some("ttyS0"));
        assert_eq!(terminal_name(0x401).as_deref(), Some("tty1"));
        assert_eq!(terminal_name(0x501).as_deref(), Some("console"));
        assert_eq!(terminal_name(0x100_8801).as_deref(), Some("pts/4097"));
        assert_eq!(terminal_name(0), None);
    }
}
