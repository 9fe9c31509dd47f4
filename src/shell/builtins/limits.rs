//! Limits of processes: times, ulimit, umask. POSIX.1-2024 XCU 2.15 and 3.

use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};
use nix::sys::stat::{Mode, umask as set_umask};
use nix::sys::time::TimeVal;

use crate::applet::show_bytes;

use super::super::Shell;
use super::super::fields::Fields;
use super::{Ran, bad_option, options};

fn time(text: &mut String, value: TimeVal) {
    let seconds = value.tv_sec();
    let hundredths = value.tv_usec() / 10_000;
    text.push_str(&format!("{}m{}.{hundredths:02}s", seconds / 60, seconds % 60));
}

/// times: user and system time of the shell and of its children.
pub(super) fn times(sh: &mut Shell, _fields: &Fields) -> Ran {
    let mut text = String::new();
    for who in [UsageWho::RUSAGE_SELF, UsageWho::RUSAGE_CHILDREN] {
        if let Ok(usage) = getrusage(who) {
            time(&mut text, usage.user_time());
            text.push(' ');
            time(&mut text, usage.system_time());
            text.push('\n');
        }
    }
    sh.put(text.as_bytes());
    Ok(0)
}

/// Letter, resource, unit in bytes (or 1), what it is.
const LIMITS: [(u8, Resource, u64, &str); 15] = [
    (b'c', Resource::RLIMIT_CORE, 512, "core file size (512-byte blocks)"),
    (b'd', Resource::RLIMIT_DATA, 1024, "data segment size (KiB)"),
    (b'e', Resource::RLIMIT_NICE, 1, "scheduling priority"),
    (b'f', Resource::RLIMIT_FSIZE, 512, "file size (512-byte blocks)"),
    (b'i', Resource::RLIMIT_SIGPENDING, 1, "pending signals"),
    (b'l', Resource::RLIMIT_MEMLOCK, 1024, "locked memory (KiB)"),
    (b'm', Resource::RLIMIT_RSS, 1024, "resident set size (KiB)"),
    (b'n', Resource::RLIMIT_NOFILE, 1, "open files"),
    (b'q', Resource::RLIMIT_MSGQUEUE, 1, "bytes in message queues"),
    (b'r', Resource::RLIMIT_RTPRIO, 1, "real-time priority"),
    (b's', Resource::RLIMIT_STACK, 1024, "stack size (KiB)"),
    (b't', Resource::RLIMIT_CPU, 1, "CPU time (seconds)"),
    (b'u', Resource::RLIMIT_NPROC, 1, "processes"),
    (b'v', Resource::RLIMIT_AS, 1024, "address space (KiB)"),
    (b'x', Resource::RLIMIT_LOCKS, 1, "file locks"),
];

/// ulimit: -H hard, -S soft, -a all, or a letter and a limit.
pub(super) fn ulimit(sh: &mut Shell, fields: &Fields) -> Ran {
    let (letters, at) = match options(fields, b"HSacdefilmnpqrstuvwx") {
        Ok(found) => found,
        Err(letter) => return sh.failed("ulimit", bad_option(letter), 2),
    };
    let hard = letters.contains(&b'H');
    let soft = letters.contains(&b'S');
    if letters.contains(&b'a') {
        for (letter, resource, unit, what) in LIMITS {
            let value = shown(resource, unit, hard && !soft);
            let letter = char::from(letter);
            sh.put(format!("-{letter}: {what:<34} {value}\n").as_bytes());
        }
        return Ok(0);
    }
    let wanted = letters.iter().rev().find(|l| !matches!(l, b'H' | b'S')).copied();
    let wanted = match wanted.unwrap_or(b'f') {
        // What dash calls them.
        b'p' => b'u',
        b'w' => b'x',
        letter => letter,
    };
    let Some((_, resource, unit, _)) = LIMITS.into_iter().find(|row| row.0 == wanted) else {
        return sh.failed("ulimit", bad_option(wanted), 2);
    };
    let Some(operand) = fields.get(at) else {
        let value = shown(resource, unit, hard && !soft);
        sh.put(format!("{value}\n").as_bytes());
        return Ok(0);
    };
    let (old_soft, old_hard) = getrlimit(resource).unwrap_or((u64::MAX, u64::MAX));
    let value = match operand {
        b"unlimited" => u64::MAX,
        b"hard" => old_hard,
        b"soft" => old_soft,
        text => {
            let number = std::str::from_utf8(text).ok().and_then(|t| t.parse::<u64>().ok());
            match number.and_then(|n| n.checked_mul(unit)) {
                Some(value) => value,
                None => {
                    let what = format!("{}: not a limit", show_bytes(text));
                    return sh.failed("ulimit", what, 2);
                }
            }
        }
    };
    let new_soft = if soft || !hard { value } else { old_soft.min(value) };
    let new_hard = if hard || !soft { value } else { old_hard };
    match setrlimit(resource, new_soft, new_hard) {
        Ok(()) => Ok(0),
        Err(errno) => sh.failed("ulimit", errno.desc(), 1),
    }
}

fn shown(resource: Resource, unit: u64, hard: bool) -> String {
    let Ok((soft, ceiling)) = getrlimit(resource) else { return "?".into() };
    match if hard { ceiling } else { soft } {
        u64::MAX => "unlimited".into(),
        value => (value / unit).to_string(),
    }
}

/// umask: the mask of new files; -S in letters.
pub(super) fn umask(sh: &mut Shell, fields: &Fields) -> Ran {
    let (letters_given, at) = match options(fields, b"S") {
        Ok(found) => found,
        Err(letter) => return sh.failed("umask", bad_option(letter), 2),
    };
    let symbolic = !letters_given.is_empty();
    let old = set_umask(Mode::empty());
    set_umask(old);
    let Some(operand) = fields.get(at) else {
        let text = if symbolic { letters(old.bits()) } else { format!("{:04o}", old.bits()) };
        sh.put(text.as_bytes());
        sh.put(b"\n");
        return Ok(0);
    };
    let new = if operand.first().is_some_and(u8::is_ascii_digit) {
        std::str::from_utf8(operand)
            .ok()
            .and_then(|t| u32::from_str_radix(t, 8).ok())
            .filter(|m| *m <= 0o7777)
    } else {
        apply(operand, old.bits())
    };
    match new {
        Some(mask) => {
            set_umask(Mode::from_bits_truncate(mask));
            Ok(0)
        }
        None => sh.failed("umask", format_args!("illegal mode: {}", show_bytes(operand)), 1),
    }
}

/// What a mask allows, `u=rwx,g=rx,o=rx`.
fn letters(mask: u32) -> String {
    let mut text = String::new();
    for (i, (who, shift)) in [('u', 6), ('g', 3), ('o', 0)].into_iter().enumerate() {
        if i > 0 {
            text.push(',');
        }
        text.push(who);
        text.push('=');
        for (letter, bit) in [('r', 4), ('w', 2), ('x', 1)] {
            if (mask >> shift) & bit == 0 {
                text.push(letter);
            }
        }
    }
    text
}

/// A mask after clauses like those of chmod, which say what is allowed.
fn apply(clauses: &[u8], mask: u32) -> Option<u32> {
    let mut allowed = !mask & 0o777;
    for clause in clauses.split(|b| *b == b',') {
        let who_count = clause.iter().take_while(|b| b"ugoa".contains(b)).count();
        let (who, mut rest) = clause.split_at(who_count);
        let mut places = 0;
        for letter in who {
            places |= match letter {
                b'u' => 0o700,
                b'g' => 0o070,
                b'o' => 0o007,
                _ => 0o777,
            };
        }
        if who.is_empty() {
            places = 0o777;
        }
        if rest.is_empty() {
            return None;
        }
        while let Some((op, behind)) = rest.split_first() {
            if !b"+-=".contains(op) {
                return None;
            }
            let count = behind.iter().take_while(|b| !b"+-=".contains(b)).count();
            let (perms, behind) = behind.split_at(count);
            let mut bits = 0;
            for letter in perms {
                bits |= match letter {
                    b'r' => 0o444,
                    b'w' => 0o222,
                    b'x' => 0o111,
                    b'X' if allowed & 0o111 != 0 => 0o111,
                    b'X' => 0,
                    b's' | b't' => 0,
                    b'u' => ((allowed >> 6) & 7) * 0o111,
                    b'g' => ((allowed >> 3) & 7) * 0o111,
                    b'o' => (allowed & 7) * 0o111,
                    _ => return None,
                };
            }
            bits &= places;
            match op {
                b'+' => allowed |= bits,
                b'-' => allowed &= !bits,
                _ => allowed = (allowed & !places) | bits,
            }
            rest = behind;
        }
    }
    Some(!allowed & 0o777)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks() {
        assert_eq!(letters(0o022), "u=rwx,g=rx,o=rx");
        assert_eq!(apply(b"u=rwx,go=", 0o022), Some(0o077));
        assert_eq!(apply(b"g+w", 0o022), Some(0o002));
        assert_eq!(apply(b"a-x", 0o022), Some(0o133));
        assert_eq!(apply(b"g=u", 0o077), Some(0o007));
        assert_eq!(apply(b"o+X", 0o077), Some(0o076));
        assert_eq!(apply(b"o+X", 0o177), Some(0o177));
        assert_eq!(apply(b"u", 0o022), None);
        assert_eq!(apply(b"u+q", 0o022), None);
    }
}
