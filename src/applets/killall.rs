//! killall, killall5 and pidof: processes by the exact name of their program.
//! As psmisc, sysvinit and busybox have them.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes, write_all};
use crate::fsutil::ask;
use crate::fsutil::users::Users;
use crate::options::Options;
use crate::proc::{self, Process, System};
use crate::regex::{Flags, Regex};
use crate::shell::builtins::kill;
use crate::sys::signal;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "killall",
    summary: "signal all processes of a name",
    usage: "[-SIGNAL | -s SIGNAL] [-egiIqrvw] [-u USER] [-n PID] [-o PID|AGE] [-y AGE] NAME...\n\
            \x20      killall -l   the signals\n\
            \x20 -w  wait until they have ended     -i  ask for each\n\
            \x20 -q  no message where none runs     -v  say what is done\n\
            \x20 -I  in any case   -r  NAME is a regular expression\n\
            \x20 -e  the whole name where it is longer than 15 bytes\n\
            \x20 -g  the whole process group        -u  only this user's; all without NAME\n\
            \x20 -o, -y  not PID; older, younger than 30s, 5m, 2h, 1d, ...\n\
            \x20 -n  only those in the namespace of PID (0: in the own one)",
    kind: Kind::Fork, // may wait, and ask
    run: killall,
};

/// killall5.
pub(super) static KILLALL5: Applet = Applet {
    name: "killall5",
    summary: "signal all processes outside this session",
    usage: "[-SIGNAL] [-o PID[,PID]...]...\n\
            Kernel threads and process 1 are left out. 2 says that there were none.",
    kind: Kind::Fork, // stops the others meanwhile
    run: killall5,
};

/// pidof.
pub(super) static PIDOF: Applet = Applet {
    name: "pidof",
    summary: "print the process ids of a program",
    usage: "[-sxcq] [-d SEP] [-o PID]... NAME...\n\
            \x20 -s  one is enough   -x  scripts of that name too\n\
            \x20 -c  only those with this root   -q  print nothing\n\
            \x20 -o  not this one; %PPID is the shell that asks",
    kind: Kind::Fork, // leaves itself out, which must not be the shell
    run: pidof,
};

fn base(path: &[u8]) -> &[u8] {
    path.rsplit(|&b| b == b'/').next().unwrap_or_default()
}

/// Whether the process runs the program `name`: by its first argument, whole
/// or its last part, or by what the kernel calls it.
fn is(process: &Process, name: &[u8], scripts: bool) -> bool {
    let mut words = process.arguments.split(|&b| b == 0);
    let first = words.next().unwrap_or_default();
    let first = first.strip_prefix(b"-").unwrap_or(first);
    if !first.is_empty() && (first == name || base(first) == name) {
        return true;
    }
    let comm = process.stat.comm.as_slice();
    // The kernel keeps 15 bytes of a name.
    let cut = name.get(..15).unwrap_or(name);
    // Where that is all there was room for, the first argument counts.
    let is_short = comm.len() < 15 || first.is_empty() || name.len() > 15;
    if comm == name && is_short || (comm.len() == 15 && comm == cut && first.is_empty()) {
        return true;
    }
    if !scripts {
        return false;
    }
    let script = words.find(|word| !word.starts_with(b"-")).unwrap_or_default();
    script == name || base(script) == name || comm == cut
}

fn pidof(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "s,single-shot x,scripts c,check-root q,quiet n,no-exe o:omit-pid d:separator S:separator",
    )?;
    let mut omit = Vec::new();
    let mut separator = b" ".to_vec();
    while let Some(letter) = options.next() {
        match letter {
            b'o' => omitted(&mut omit, &options.bytes())?,
            b'd' | b'S' => separator = options.bytes(),
            _ => {}
        }
    }
    let own_root = root_of(std::process::id());
    let mut all = proc::all(false)?;
    all.reverse();
    let mut found = Vec::new();
    for name in &options.operands {
        for process in &all {
            let pid = process.stat.pid;
            if omit.contains(&pid) || found.contains(&pid) || pid == std::process::id() {
                continue;
            }
            if options.has(b'c') && root_of(pid) != own_root {
                continue;
            }
            if is(process, name.as_bytes(), options.has(b'x')) {
                found.push(pid);
                if options.has(b's') {
                    break;
                }
            }
        }
    }
    if !found.is_empty() && !options.has(b'q') {
        for (at, pid) in found.iter().enumerate() {
            if at > 0 {
                cx.put(&separator)?;
            }
            cx.print(format_args!("{pid}"))?;
        }
        cx.put(b"\n")?;
    }
    Ok(Status::from_bool(!found.is_empty()))
}

fn root_of(pid: u32) -> Option<std::path::PathBuf> {
    std::fs::read_link(format!("/proc/{pid}/root")).ok()
}

/// `1,2,%PPID`.
fn omitted(list: &mut Vec<u32>, text: &[u8]) -> Result<(), Error> {
    for word in text.split(|b| matches!(b, b',' | b':' | b';')) {
        if word == b"%PPID" {
            list.push(nix::unistd::getppid().as_raw().unsigned_abs());
            continue;
        }
        let number = std::str::from_utf8(word).ok().and_then(|w| w.parse().ok());
        list.push(number.ok_or_else(|| Error::bad(show(OsStr::from_bytes(word)), "not a number"))?);
    }
    Ok(())
}

fn killall(cx: &mut Ctx) -> Result<Status, Error> {
    let mut args = cx.args.to_vec();
    let mut number = signal::take_option(&mut args).unwrap_or(libc::SIGTERM);
    let mut options = Options::parse(
        "l,list s:signal q,quiet v,verbose w,wait i,interactive e,exact I,ignore-case r,regexp \
         o:older-than y:younger-than u:user n:ns g,process-group V,version",
        &args,
    )?;
    let mut omit = vec![std::process::id()];
    let mut which = Which::default();
    while let Some(letter) = options.next() {
        match letter {
            b'l' => {
                cx.put(&kill::names())?;
                return Ok(Status::OK);
            }
            b's' => {
                let name = options.value();
                number = signal::number(name.as_bytes())
                    .ok_or_else(|| Error::bad(show(&name), "no such signal"))?;
            }
            b'V' => {
                cx.put(b"killall, rescuebox\n")?;
                return Ok(Status::OK);
            }
            b'o' => {
                let value = options.bytes();
                match age(&value) {
                    Some(age) if !value.ends_with(b"%PPID") => which.older = Some(age),
                    _ => omitted(&mut omit, &value)?,
                }
            }
            b'y' => {
                let value = options.bytes();
                let wrong = || Error::bad(show_bytes(&value), "not an age: 30s, 5m, 2h, 1d, ...");
                which.younger = Some(age(&value).ok_or_else(wrong)?);
            }
            b'u' => {
                let value = options.bytes();
                let user = Users::new().uid(&value).map(|(uid, _)| uid);
                which.user =
                    Some(user.ok_or_else(|| Error::bad(show_bytes(&value), "no such user"))?);
            }
            b'n' => {
                let pid = options.number("not a process id")?;
                which.space = Some(match pid {
                    0 => space_of("self".into())?,
                    pid => space_of(pid.to_string())?,
                });
            }
            _ => {}
        }
    }
    // psmisc: a user without names is all that is the user's
    if options.operands.is_empty() && which.user.is_some() {
        options.operands.push(OsString::new());
    }
    if options.operands.is_empty() {
        return Err(Error::usage("which processes?").with(Status::FAILURE));
    }
    let mut missed = false;
    let mut groups = Vec::new();
    let mut waited = Vec::new();
    for name in &options.operands {
        let mut any = false;
        for process in wanted(name, &options, &omit, &which)? {
            let pid = process.stat.pid;
            if options.has(b'i') && !ask(cx, &process) {
                continue;
            }
            any = true;
            let mut target = i32::try_from(pid).unwrap_or(0);
            if options.has(b'g') {
                let group = i32::try_from(process.stat.pgrp).unwrap_or(0);
                // each group once, and never all processes
                if group < 2 || groups.contains(&group) {
                    continue;
                }
                groups.push(group);
                target = -group;
            }
            match signal::send(target, number) {
                Ok(()) => waited.push(pid),
                Err(nix::errno::Errno::ESRCH) => {}
                Err(errno) => cx.warn(Error::os(format_args!("process {pid}"), errno)),
            }
            if options.has(b'v') {
                let words = format!("({pid}) with signal {number}\n");
                let shown = crate::applet::show_bytes(&process.stat.comm);
                cx.note(format_args!("killed {shown}{}", words.trim_end()));
            }
        }
        if !any {
            missed = true;
            if !options.has(b'q') {
                let whose = if name.is_empty() { OsStr::new("user") } else { name };
                cx.note(Error::about(show(whose), "no process found"));
            }
        }
    }
    if options.has(b'w') {
        let mut pause = Duration::from_millis(1);
        while waited.iter().any(|pid| lives(*pid)) {
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(500));
        }
    }
    Ok(if missed { Status::FAILURE } else { cx.status() })
}

fn lives(pid: u32) -> bool {
    let text = crate::sys::file::read(format!("/proc/{pid}/stat")).unwrap_or_default();
    crate::procstat::Stat::parse(&text).is_some_and(|stat| !matches!(stat.state, b'Z' | b'X'))
}

/// What else a process must be.
#[derive(Default)]
struct Which {
    user: Option<u32>,
    /// Milliseconds since the start: more, less than these.
    older: Option<u64>,
    younger: Option<u64>,
    space: Option<PathBuf>,
}

/// `90s`, `5m`, `2.5h`, `1d`, `2w`, `6M`, `1y` in milliseconds; the unit is needed.
fn age(text: &[u8]) -> Option<u64> {
    let (unit, number) = text.split_last()?;
    let seconds = match unit {
        b's' => 1,
        b'm' => 60,
        b'h' => 3600,
        b'd' => 86400,
        b'w' => 604_800,
        b'M' => 2_629_746,
        b'y' => 31_556_952,
        _ => return None,
    };
    let number = crate::interval::parse(&[number, b"s"].concat()).ok()??;
    u64::try_from(number.as_millis()).ok()?.checked_mul(seconds)
}

/// The namespace of process ids that a process is in.
fn space_of(pid: String) -> Result<PathBuf, Error> {
    let path = format!("/proc/{pid}/ns/pid");
    std::fs::read_link(&path).map_err(|e| Error::os(path, e))
}

impl Which {
    fn has(&self, process: &Process, system: &System) -> bool {
        let ticks = system.uptime.saturating_sub(process.stat.start);
        let age = ticks.saturating_mul(1000) / system.ticks.max(1);
        self.user.is_none_or(|user| process.euid == user)
            && self.older.is_none_or(|least| age > least)
            && self.younger.is_none_or(|most| age < most)
            && self.space.as_ref().is_none_or(|space| {
                space_of(process.stat.pid.to_string()).is_ok_and(|own| own == *space)
            })
    }
}

fn wanted(
    name: &OsString,
    options: &Options,
    omit: &[u32],
    which: &Which,
) -> Result<Vec<Process>, Error> {
    let mut all = proc::all(false)?;
    let bytes = name.as_bytes();
    let system = System::read()?;
    all.retain(|process| which.has(process, &system));
    if bytes.is_empty() && which.user.is_some() {
        all.retain(|process| process.stat.pid != 1);
    } else if options.has(b'r') {
        let flags = Flags { icase: options.has(b'I'), ..Flags::EXTENDED };
        let regex = Regex::new(bytes, flags).map_err(|why| Error::bad(show(name), why))?;
        all.retain(|process| regex.is_match(&process.stat.comm));
    } else if options.has(b'I') {
        all.retain(|process| process.stat.comm.eq_ignore_ascii_case(bytes));
    } else {
        all.retain(|process| is(process, bytes, true));
    }
    all.retain(|process| !omit.contains(&process.stat.pid));
    Ok(all)
}

fn ask(cx: &mut Ctx, process: &Process) -> bool {
    let shown = crate::applet::show_bytes(&process.stat.comm);
    let text = format!("Kill {shown}({})? (y/N) ", process.stat.pid);
    let _ = write_all(cx.stdout, text.as_bytes());
    ask::answer(cx)
}

fn killall5(cx: &mut Ctx) -> Result<Status, Error> {
    let mut args = cx.args.to_vec();
    let number = signal::take_option(&mut args).unwrap_or(libc::SIGTERM);
    let mut options = Options::parse("o:", &args)?;
    options.at_most(0)?;
    let mut omit = Vec::new();
    while options.next().is_some() {
        omitted(&mut omit, &options.bytes())?;
    }
    let session = nix::unistd::getsid(None).map_or(0, |pid| pid.as_raw().unsigned_abs());
    // Stopped, none can start another while the list is read.
    let stopping = number != libc::SIGSTOP && number != libc::SIGCONT;
    if stopping {
        let _ = signal::send(-1, libc::SIGSTOP);
    }
    let result = signal_others(cx, number, session, &omit);
    if stopping {
        let _ = signal::send(-1, libc::SIGCONT);
    }
    match result? {
        0 => Ok(Status(2)),
        _ => Ok(cx.status()),
    }
}

fn signal_others(cx: &mut Ctx, number: i32, session: u32, omit: &[u32]) -> Result<usize, Error> {
    let started = Instant::now();
    let mut count = 0;
    for process in proc::all(false)? {
        let stat = &process.stat;
        let kernels = stat.vsize == 0 && process.arguments.is_empty();
        if stat.pid == 1 || stat.session == session || kernels || omit.contains(&stat.pid) {
            continue;
        }
        match signal::send(i32::try_from(stat.pid).unwrap_or(0), number) {
            Ok(()) => count += 1,
            Err(nix::errno::Errno::ESRCH) => {}
            Err(errno) => cx.warn(Error::os(format_args!("process {}", stat.pid), errno)),
        }
        // Nothing else runs meanwhile: that must not last.
        if started.elapsed() > Duration::from_secs(30) {
            break;
        }
    }
    Ok(count)
}
