//! nice, renice, ionice, chrt, taskset, nproc: how processes share the
//! processors. POSIX nice and renice; the others as util-linux's and GNU's.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::fsutil::users::Users;
use crate::sys::schedule::{self, Who};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "nice",
    summary: "run a program at another priority",
    usage: "[-n N] [PROG ARG...]\n\
            \x20 -n N  this much nicer to others than now (default 10; below 0: root only)\n\
            \x20 Without PROG it prints how nice it is.",
    kind: Kind::Fork, // changes itself, and becomes another program
    run: nice,
};

/// renice.
pub(super) static RENICE: Applet = Applet {
    name: "renice",
    summary: "change the priority of processes that run",
    usage: "[-n] N [-p | -g | -u] ID...\n\
            \x20 -n N  add N to how nice they are; N alone sets it\n\
            \x20 -p, -g, -u  the ids behind it are processes, process groups, users",
    kind: Kind::NoFork, // a system call each
    run: renice,
};

/// ionice.
pub(super) static IONICE: Applet = Applet {
    name: "ionice",
    summary: "get or set the priority for disks",
    usage: "[-c CLASS] [-n LEVEL] [-t] [-p PID... | PROG ARG...]\n\
            \x20 -c  0 none, 1 realtime, 2 best-effort, 3 idle, or the name\n\
            \x20 -n  0 (first) to 7\n\
            \x20 -t  run PROG even where the class is refused",
    kind: Kind::Fork, // changes itself, and becomes another program
    run: ionice,
};

/// chrt.
pub(super) static CHRT: Applet = Applet {
    name: "chrt",
    summary: "get or set the scheduling policy",
    usage: "[-R] [-o | -f | -r | -b | -i] PRIORITY {-p PID | PROG ARG...}\n\
            \x20      chrt -p PID    what it is\n\
            \x20      chrt -m        priorities that there are\n\
            \x20 -o other  -f fifo  -r round robin (default)  -b batch  -i idle\n\
            \x20 -R  children start with the usual policy",
    kind: Kind::Fork, // changes itself, and becomes another program
    run: chrt,
};

/// taskset.
pub(super) static TASKSET: Applet = Applet {
    name: "taskset",
    summary: "get or set the processors a process may use",
    usage: "[-ac] {-p [MASK] PID | MASK PROG ARG...}\n\
            \x20 MASK is hexadecimal; with -c a list: 0,2-3\n\
            \x20 -a  all threads of the process",
    kind: Kind::Fork, // changes itself, and becomes another program
    run: taskset,
};

/// nproc.
pub(super) static NPROC: Applet = Applet {
    name: "nproc",
    summary: "print how many processors there are",
    usage: "[--all] [--ignore=N]\n\
            \x20 --all       those that this process may not use as well\n\
            \x20 --ignore=N  N fewer, but at least 1",
    kind: Kind::NoFork, // a system call
    run: nproc,
};

fn integer(text: &OsStr) -> Option<i32> {
    text.to_str()?.parse().ok()
}

fn wrong(text: &OsStr) -> Error {
    Error::bad(show(text), "not a number")
}

/// GNU: what nice itself fails with.
const FAILED: Status = Status(125);

fn nice(cx: &mut Ctx) -> Result<Status, Error> {
    let mut args = cx.args.to_vec();
    // `nice -10 PROG`, `nice --10 PROG`: the old form
    if let Some(number) = args.first().and_then(|word| word.as_bytes().strip_prefix(b"-"))
        && let Some(n) = integer(OsStr::from_bytes(number))
    {
        args.splice(..1, [OsString::from("-n"), OsString::from(n.to_string())]);
    }
    let mut options =
        crate::options::Options::parse("+n:adjustment", &args).map_err(|e| e.with(FAILED))?;
    let mut by = 10;
    let mut given = false;
    while options.next().is_some() {
        let value = options.value();
        by = integer(&value).ok_or_else(|| wrong(&value).with(FAILED))?;
        given = true;
    }
    let now = schedule::niceness(Who::Process(0)).unwrap_or(0);
    if options.operands.is_empty() {
        if given {
            return Err(Error::usage("which program?").with(FAILED));
        }
        cx.print(format_args!("{now}\n"))?;
        return Ok(Status::OK);
    }
    if let Err(errno) = schedule::set_niceness(Who::Process(0), now.saturating_add(by)) {
        // GNU goes on with the program
        cx.note(Error::os("cannot set the priority", errno));
    }
    Err(cx.become_program(&options.operands))
}

fn renice(cx: &mut Ctx) -> Result<Status, Error> {
    let mut words = cx.args.iter();
    let mut relative = false;
    let mut amount = None;
    let mut kind = b'p';
    let mut users = Users::new();
    let mut ids = 0;
    while let Some(word) = words.next() {
        match word.as_bytes() {
            b"-n" | b"--priority" | b"--relative" if amount.is_none() => {
                // POSIX: an increment. (util-linux's -n sets it.)
                relative = true;
                let value = words.next().ok_or_else(|| Error::usage("-n wants a number"))?;
                amount = Some(integer(value).ok_or_else(|| wrong(value))?);
            }
            b"-p" | b"--pid" => kind = b'p',
            b"-g" | b"--pgrp" => kind = b'g',
            b"-u" | b"--user" => kind = b'u',
            _ if amount.is_none() => amount = Some(integer(word).ok_or_else(|| wrong(word))?),
            bytes => {
                ids += 1;
                let id = match kind {
                    b'u' => users.uid(bytes).map(|(uid, _)| uid),
                    _ => std::str::from_utf8(bytes).ok().and_then(|text| text.parse().ok()),
                };
                let Some(id) = id else {
                    cx.warn(Error::about(show(word), "no such process or user"));
                    continue;
                };
                let who = match kind {
                    b'p' => Who::Process(id),
                    b'g' => Who::Group(id),
                    _ => Who::User(id),
                };
                let done = schedule::niceness(who).and_then(|now| {
                    let base = if relative { now } else { 0 };
                    schedule::set_niceness(who, base.saturating_add(amount.unwrap_or(0)))
                });
                if let Err(errno) = done {
                    cx.warn(Error::os(show(word), errno));
                }
            }
        }
    }
    if ids == 0 {
        return Err(Error::usage("which processes, and how nice?"));
    }
    Ok(cx.status())
}

const CLASSES: [&str; 4] = ["none", "realtime", "best-effort", "idle"];

fn ionice(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("+c:class n:classdata t,ignore p:pid P:pgid u:uid")?;
    let (mut class, mut level, mut who, mut ignore) = (None, None, None, false);
    while let Some(letter) = options.next() {
        let value = options.value();
        let number = || integer(&value).ok_or_else(|| wrong(&value));
        match letter {
            b'c' => {
                let named = CLASSES.iter().position(|name| value == *name);
                let class_of = integer(&value).and_then(|n| usize::try_from(n).ok());
                let found = named.or(class_of).filter(|&n| n < CLASSES.len());
                class = Some(found.ok_or_else(|| Error::bad(show(&value), "not a class"))?);
            }
            b'n' => level = Some(number()?),
            b't' => ignore = true,
            b'p' => who = Some(Who::Process(number()?.unsigned_abs())),
            b'P' => who = Some(Who::Group(number()?.unsigned_abs())),
            _ => who = Some(Who::User(number()?.unsigned_abs())),
        }
    }
    if level.is_some_and(|level| !(0..8).contains(&level)) {
        return Err(Error::usage("a level is 0 to 7").with(Status::FAILURE));
    }
    let set = class.is_some() || level.is_some();
    // best effort and the middle, where only one of them is said
    let class = class.unwrap_or(2);
    let value = (class as i32) << 13 | if matches!(class, 1 | 2) { level.unwrap_or(4) } else { 0 };
    let program = who.is_none() && !options.operands.is_empty();
    let mut targets = vec![who.unwrap_or(Who::Process(0))];
    if !program {
        for word in &options.operands {
            targets.push(Who::Process(integer(word).ok_or_else(|| wrong(word))?.unsigned_abs()));
        }
    }
    for target in targets {
        if set || program {
            let value = if set { value } else { 2 << 13 | 4 };
            match schedule::set_io(target, value) {
                Err(errno) if !ignore => {
                    return Err(Error::os("cannot set the class", errno));
                }
                _ => {}
            }
            continue;
        }
        let now = schedule::io(target).map_err(|e| Error::os("cannot tell the class", e))?;
        let (class, level) = (now >> 13 & 7, now & 7);
        let name = usize::try_from(class).ok().and_then(|n| CLASSES.get(n)).unwrap_or(&"unknown");
        match class {
            3 => cx.print(format_args!("{name}\n"))?,
            _ => cx.print(format_args!("{name}: prio {level}\n"))?,
        }
    }
    if program {
        return Err(cx.become_program(&options.operands));
    }
    Ok(cx.status())
}

/// By the kernel's number. sched(7).
const POLICIES: [(i32, &str, u8); 6] = [
    (0, "SCHED_OTHER", b'o'),
    (1, "SCHED_FIFO", b'f'),
    (2, "SCHED_RR", b'r'),
    (3, "SCHED_BATCH", b'b'),
    (5, "SCHED_IDLE", b'i'),
    (6, "SCHED_DEADLINE", b'd'),
];

fn chrt(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "+o,other f,fifo r,rr b,batch i,idle m,max p,pid R,reset-on-fork a,all-tasks v,verbose",
    )?;
    let mut policy = 2;
    let mut of_process = false;
    while let Some(letter) = options.next() {
        match letter {
            b'm' => {
                for (number, name, _) in POLICIES {
                    let (low, high) = schedule::priorities(number);
                    cx.print(format_args!("{name} min/max priority\t: {low}/{high}\n"))?;
                }
                return Ok(Status::OK);
            }
            b'p' => of_process = true,
            _ => {
                let found = POLICIES.iter().find(|(_, _, of)| *of == letter);
                policy = found.map_or(policy, |(number, ..)| *number);
            }
        }
    }
    if options.has(b'R') {
        policy |= schedule::RESET_ON_FORK;
    }
    let words = &options.operands;
    let number_at = |at: usize| {
        let word = words.get(at).map(OsString::as_os_str).unwrap_or_default();
        integer(word).ok_or_else(|| {
            if word.is_empty() { Error::usage("a number is missing") } else { wrong(word) }
        })
    };
    if of_process && words.len() < 2 {
        let pid = number_at(0)?;
        let (policy, priority) =
            schedule::policy(pid).map_err(|e| Error::os(format_args!("process {pid}"), e))?;
        let known = POLICIES.iter().find(|(n, ..)| *n == policy & !schedule::RESET_ON_FORK);
        let name = known.map_or("unknown", |(_, name, _)| name);
        let reset = match policy & schedule::RESET_ON_FORK {
            0 => "",
            _ => "|SCHED_RESET_ON_FORK",
        };
        cx.print(format_args!(
            "pid {pid}'s current scheduling policy: {name}{reset}\npid {pid}'s current scheduling priority: {priority}\n"
        ))?;
        return Ok(Status::OK);
    }
    let priority = number_at(0)?;
    let pid = if of_process { number_at(1)? } else { 0 };
    schedule::set_policy(pid, policy, priority)
        .map_err(|e| Error::os("cannot set the policy", e))?;
    match words.get(1..) {
        Some(program) if !of_process && !program.is_empty() => Err(cx.become_program(program)),
        _ if of_process => Ok(Status::OK),
        _ => Err(Error::usage("which program?")),
    }
}

fn taskset(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("+a,all-tasks p,pid c,cpu-list")?;
    let (of_process, list) = (options.has(b'p'), options.has(b'c'));
    let words = &options.operands;
    let (Some(first), true) = (words.first(), of_process || words.len() > 1) else {
        return Err(Error::usage("which processors, and which program?"));
    };
    let pid_word = if words.len() > 1 { words.get(1) } else { Some(first) };
    let pid = match pid_word.filter(|_| of_process) {
        Some(word) => integer(word).ok_or_else(|| wrong(word))?,
        None => 0,
    };
    let failed = |errno| Error::os(format_args!("process {pid}"), errno);
    let mask = if words.len() > 1 {
        let mask =
            if list { mask_of_list(first.as_bytes()) } else { mask_of_hex(first.as_bytes()) };
        Some(mask.ok_or_else(|| Error::bad(show(first), "not a set of processors"))?)
    } else {
        None
    };
    let mut tasks = vec![pid];
    if options.has(b'a') && of_process {
        let folder = format!("/proc/{pid}/task");
        tasks = crate::sys::folder::names(std::path::Path::new(&folder))
            .iter()
            .filter_map(|name| integer(name))
            .collect();
    }
    for pid in tasks {
        let now = schedule::affinity(pid).map_err(failed)?;
        if of_process {
            say(cx, pid, "current", &now, list)?;
        }
        if let Some(mask) = &mask {
            schedule::set_affinity(pid, mask).map_err(failed)?;
            if of_process {
                say(cx, pid, "new", &schedule::affinity(pid).map_err(failed)?, list)?;
            }
        }
    }
    if of_process {
        return Ok(Status::OK);
    }
    Err(cx.become_program(words.get(1..).unwrap_or_default()))
}

fn say(cx: &mut Ctx, pid: i32, when: &str, mask: &[u8], list: bool) -> Result<(), Error> {
    let (what, text) = if list {
        ("list", list_of_mask(mask))
    } else {
        let digits: Vec<u8> =
            mask.iter().rev().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect();
        let zeros = digits.iter().take_while(|&&b| b == b'0').count();
        let kept = digits.get(zeros.min(digits.len().saturating_sub(1))..).unwrap_or_default();
        ("mask", String::from_utf8_lossy(kept).into_owned())
    };
    cx.print(format_args!("pid {pid}'s {when} affinity {what}: {text}\n"))
}

/// `0,2-3` or `0-7:2` as bits, the lowest first.
fn mask_of_list(text: &[u8]) -> Option<Vec<u8>> {
    let mut mask = vec![0u8; 128];
    for part in text.split(|&b| b == b',') {
        let part = std::str::from_utf8(part).ok()?;
        let (range, step) = match part.split_once(':') {
            Some((range, step)) => (range, step.parse().ok().filter(|&n| n > 0)?),
            None => (part, 1),
        };
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        if first > last {
            return None;
        }
        for cpu in (first..=last).step_by(step) {
            *mask.get_mut(cpu / 8)? |= 1 << (cpu % 8);
        }
    }
    Some(mask)
}

fn mask_of_hex(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.strip_prefix(b"0x").unwrap_or(text);
    let mut mask = vec![0u8; 128];
    let digits = text.iter().rev().filter(|&&b| b != b',');
    for (at, &digit) in digits.enumerate() {
        let value = u8::try_from(char::from(digit).to_digit(16)?).ok()?;
        *mask.get_mut(at / 2)? |= value << (at % 2 * 4);
    }
    mask.iter().any(|&b| b != 0).then_some(mask)
}

fn list_of_mask(mask: &[u8]) -> String {
    let set = |cpu: usize| mask.get(cpu / 8).is_some_and(|byte| byte >> (cpu % 8) & 1 == 1);
    let mut text = String::new();
    let mut cpu = 0;
    while cpu < mask.len() * 8 {
        if !set(cpu) {
            cpu += 1;
            continue;
        }
        let first = cpu;
        while set(cpu + 1) {
            cpu += 1;
        }
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(&first.to_string());
        if cpu > first {
            text.push(if cpu == first + 1 { ',' } else { '-' });
            text.push_str(&cpu.to_string());
        }
        cpu += 1;
    }
    text
}

fn nproc(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("-a,all -i:ignore").map_err(|e| e.with(Status::FAILURE))?;
    options.at_most(0).map_err(|e| e.with(Status::FAILURE))?;
    let mut all = false;
    let mut ignore = 0;
    while let Some(letter) = options.next() {
        match letter {
            b'a' => all = true,
            _ => ignore = options.number("not a number")?,
        }
    }
    let count = if all {
        let mut count = 0;
        for name in crate::sys::folder::names(std::path::Path::new("/sys/devices/system/cpu")) {
            let digits = name.as_bytes().strip_prefix(b"cpu");
            count += u64::from(
                digits.is_some_and(|d| !d.is_empty() && d.iter().all(u8::is_ascii_digit)),
            );
        }
        count
    } else {
        u64::try_from(crate::sys::parallel::processors()).unwrap_or(1)
    };
    let count = count.max(1).saturating_sub(ignore).max(1);
    cx.print(format_args!("{count}\n"))?;
    Ok(Status::OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks() {
        let low = |mask: Option<Vec<u8>>| mask.map(|m| (m[0], m[1]));
        assert_eq!(low(mask_of_list(b"0,2-3")), Some((0b1101, 0)));
        assert_eq!(low(mask_of_list(b"0-8:4")), Some((0b1_0001, 1)));
        assert_eq!(low(mask_of_hex(b"0x1ff")), Some((0xff, 1)));
        for bad in [&b""[..], b"3-1", b"x", b"1-", b"99999", b"0-3:0"] {
            assert_eq!(mask_of_list(bad), None);
        }
        assert_eq!(mask_of_hex(b"0"), None);
        assert_eq!(list_of_mask(&[0b1101, 0]), "0,2,3");
        assert_eq!(list_of_mask(&[0xff, 1]), "0-8");
    }
}
