//! pgrep and pkill: find processes by name and more, and signal them. As
//! procps has them.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::fsutil::users::Users;
use crate::options::Options;
use crate::proc::{self, Process};
use crate::procstat::terminal_name;
use crate::regex::{Flags, Regex};
use crate::sys::signal;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "pgrep",
    summary: "find processes by name",
    usage: "[-lafcvxnoi] [-d SEP] [-s SID] [-P PPID] [-g PGRP] [-t TTY] [-u USER] [-U USER] [-G GROUP] [PATTERN]\n\
            \x20 -l  names too    -a  whole command lines too    -c  only how many\n\
            \x20 -f  match the whole command line    -x  all of it    -i  in any case\n\
            \x20 -v  all others   -n  the newest     -o  the oldest\n\
            \x20 -d  between the numbers instead of a newline",
    kind: Kind::Fork, // leaves itself out, which must not be the shell
    run: |cx| run(cx, false),
};

/// pkill.
pub(super) static PKILL: Applet = Applet {
    name: "pkill",
    summary: "signal processes by name",
    usage: "[-SIGNAL] [-fvxnoie] [-s SID] [-P PPID] [-g PGRP] [-t TTY] [-u USER] [-U USER] [-G GROUP] [PATTERN]\n\
            \x20      pkill -l   the signals\n\
            \x20 -f  match the whole command line    -x  all of it    -i  in any case\n\
            \x20 -v  all others   -n  the newest     -o  the oldest   -e  say what is killed",
    kind: Kind::Fork, // leaves itself out, which must not be the shell
    run: |cx| run(cx, true),
};

/// Bad usage.
const USAGE: Status = Status(2);
/// Out of the system's hands.
const FATAL: Status = Status(3);

const OPTIONS: &str = "l,list-name a,list-full f,full c,count v,inverse x,exact n,newest o,oldest \
    i,ignore-case d:delimiter s:session P:parent g:pgroup t:terminal u:euid U:uid G:group e,echo \
    -L:signal r:runstates L,logpidfile F:pidfile A,ignore-ancestors";

/// What a process has to have.
#[derive(Default)]
struct Wanted {
    pattern: Option<Regex>,
    exact: bool,
    full: bool,
    inverse: bool,
    sessions: Vec<u32>,
    parents: Vec<u32>,
    groups: Vec<u32>,
    users: Vec<u32>,
    real_users: Vec<u32>,
    real_groups: Vec<u32>,
    terminals: Vec<Vec<u8>>,
    states: Vec<u8>,
    only: Vec<u32>,
    /// Those that are left out.
    ancestors: Vec<u32>,
}

fn run(cx: &mut Ctx, kill: bool) -> Result<Status, Error> {
    let mut args = cx.args.to_vec();
    let mut number = libc::SIGTERM;
    if kill && let Some(given) = signal::take_option(&mut args) {
        number = given;
    }
    if kill && args.iter().any(|arg| arg == "-l") {
        cx.put(&crate::shell::builtins::kill::names())?;
        return Ok(Status::OK);
    }
    let mut options = Options::parse(OPTIONS, &args)?;
    let mut wanted = Wanted::default();
    let mut users = Users::new();
    let mut separator = vec![b'\n'];
    let mut icase = false;
    while let Some(letter) = options.next() {
        match letter {
            b'd' => separator = options.bytes(),
            b'f' => wanted.full = true,
            b'x' => wanted.exact = true,
            b'v' => wanted.inverse = true,
            b'i' => icase = true,
            b'L' => {
                let name = options.bytes();
                number = signal::number(&name)
                    .ok_or_else(|| Error::bad(show(OsStr::from_bytes(&name)), "no such signal"))?;
            }
            b's' => ids(&mut wanted.sessions, &options.bytes(), || {
                nix::unistd::getsid(None).map_or(0, |pid| pid.as_raw().unsigned_abs())
            })?,
            b'g' => ids(&mut wanted.groups, &options.bytes(), || {
                nix::unistd::getpgrp().as_raw().unsigned_abs()
            })?,
            b'P' => ids(&mut wanted.parents, &options.bytes(), || 0)?,
            b'u' => names(&mut wanted.users, &options.bytes(), &mut |n| users.uid(n).map(|u| u.0))?,
            b'U' => {
                names(&mut wanted.real_users, &options.bytes(), &mut |n| {
                    users.uid(n).map(|u| u.0)
                })?;
            }
            b'G' => names(&mut wanted.real_groups, &options.bytes(), &mut |n| users.gid(n))?,
            b't' => {
                let list = options.bytes();
                wanted.terminals.extend(words(&list).map(<[u8]>::to_vec));
            }
            b'r' => wanted.states = options.bytes(),
            b'F' => {
                let file = options.value();
                let text = crate::sys::file::read(&file).map_err(|e| Error::os(show(&file), e))?;
                let first = text.split(|b| b.is_ascii_whitespace()).next().unwrap_or_default();
                ids(&mut wanted.only, first, || 0)?;
            }
            _ => {}
        }
    }
    let criteria = OPTIONS_THAT_CHOOSE.iter().any(|&letter| options.has(letter));
    match options.operands.as_slice() {
        [] if criteria => {}
        [] => return Err(Error::usage("which processes? A pattern is missing").with(USAGE)),
        [pattern] => wanted.pattern = Some(compile(pattern, icase)?),
        [_, more, ..] => {
            return Err(Error::bad(show(more), "only one pattern can be given").with(USAGE));
        }
    }
    if options.has(b'A') {
        wanted.ancestors = ancestors();
    }
    let found = find(&wanted, options.has(b'n'), options.has(b'o'))?;
    if kill {
        return finish_kill(cx, &found, number, options.has(b'e'), options.has(b'c'));
    }
    if options.has(b'c') {
        cx.print(format_args!("{}\n", found.len()))?;
        return Ok(Status::from_bool(!found.is_empty()));
    }
    for (at, process) in found.iter().enumerate() {
        if at > 0 {
            cx.put(&separator)?;
        }
        cx.print(format_args!("{}", process.stat.pid))?;
        if options.has(b'a') || options.has(b'l') {
            cx.put(b" ")?;
            let line = command_line(process);
            cx.put(if options.has(b'a') { &line } else { &process.stat.comm })?;
        }
    }
    if !found.is_empty() {
        cx.put(b"\n")?;
    }
    Ok(Status::from_bool(!found.is_empty()))
}

const OPTIONS_THAT_CHOOSE: [u8; 11] =
    [b'n', b'o', b's', b'P', b'g', b't', b'u', b'U', b'G', b'r', b'F'];

fn finish_kill(
    cx: &mut Ctx,
    found: &[Process],
    number: i32,
    echo: bool,
    count: bool,
) -> Result<Status, Error> {
    let mut done = 0;
    for process in found {
        let pid = process.stat.pid;
        match signal::send(i32::try_from(pid).unwrap_or(0), number) {
            Ok(()) => {
                done += 1;
                if echo {
                    cx.put(&process.stat.comm)?;
                    cx.print(format_args!(" killed (pid {pid})\n"))?;
                }
            }
            // It has ended by itself.
            Err(nix::errno::Errno::ESRCH) => {}
            Err(errno) => cx.warn(Error::os(format_args!("process {pid}"), errno)),
        }
    }
    if count {
        cx.print(format_args!("{done}\n"))?;
    }
    Ok(Status::from_bool(done > 0))
}

fn compile(pattern: &OsString, icase: bool) -> Result<Regex, Error> {
    let flags = Flags { icase, ..Flags::EXTENDED };
    Regex::new(pattern.as_bytes(), flags).map_err(|why| Error::bad(show(pattern), why).with(USAGE))
}

fn words(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|&b| b == b',').filter(|word| !word.is_empty())
}

/// Numbers; 0 means the caller's own.
fn ids(into: &mut Vec<u32>, list: &[u8], own: impl Fn() -> u32) -> Result<(), Error> {
    for word in words(list) {
        let number = std::str::from_utf8(word).ok().and_then(|w| w.parse().ok());
        let Some(number) = number else {
            return Err(Error::bad(show(OsStr::from_bytes(word)), "not a number"));
        };
        into.push(if number == 0 { own() } else { number });
    }
    Ok(())
}

fn names(
    into: &mut Vec<u32>,
    list: &[u8],
    resolve: &mut dyn FnMut(&[u8]) -> Option<u32>,
) -> Result<(), Error> {
    for word in words(list) {
        let unknown = || Error::bad(show(OsStr::from_bytes(word)), "no such name");
        into.push(resolve(word).ok_or_else(unknown)?);
    }
    Ok(())
}

/// The command line with blanks between the arguments; the name where it has
/// none.
fn command_line(process: &Process) -> Vec<u8> {
    let text = process.arguments.strip_suffix(b"\0").unwrap_or(&process.arguments);
    if text.is_empty() {
        return process.stat.comm.clone();
    }
    text.iter().map(|&b| if b == 0 { b' ' } else { b }).collect()
}

/// Who started this program, and who started those.
fn ancestors() -> Vec<u32> {
    let mut list = Vec::new();
    let mut pid = nix::unistd::getppid().as_raw().unsigned_abs();
    while pid != 0 && !list.contains(&pid) {
        list.push(pid);
        let text = crate::sys::file::read(format!("/proc/{pid}/stat")).unwrap_or_default();
        pid = crate::procstat::Stat::parse(&text).map_or(0, |stat| stat.ppid);
    }
    list
}

fn find(wanted: &Wanted, newest: bool, oldest: bool) -> Result<Vec<Process>, Error> {
    let own = std::process::id();
    let mut found = proc::all(false).map_err(|e| e.with(FATAL))?;
    found.retain(|process| {
        let pid = process.stat.pid;
        pid != own && !wanted.ancestors.contains(&pid) && fits(wanted, process) != wanted.inverse
    });
    let better = |a: &Process, b: &Process| match newest {
        true => (a.stat.start, a.stat.pid) >= (b.stat.start, b.stat.pid),
        false => (a.stat.start, a.stat.pid) < (b.stat.start, b.stat.pid),
    };
    if newest || oldest {
        let best = found.into_iter().reduce(|a, b| if better(&b, &a) { b } else { a });
        return Ok(best.into_iter().collect());
    }
    Ok(found)
}

fn fits(wanted: &Wanted, process: &Process) -> bool {
    let among = |list: &[u32], id: u32| list.is_empty() || list.contains(&id);
    let stat = &process.stat;
    let terminal = || {
        let name = terminal_name(stat.tty);
        let name = name.as_deref().unwrap_or("-").as_bytes();
        wanted.terminals.iter().any(|t| t.strip_prefix(b"/dev/").unwrap_or(t) == name)
    };
    among(&wanted.sessions, stat.session)
        && among(&wanted.parents, stat.ppid)
        && among(&wanted.groups, stat.pgrp)
        && among(&wanted.users, process.euid)
        && (wanted.real_users.is_empty() || among(&wanted.real_users, process.ids().ruid))
        && (wanted.real_groups.is_empty() || among(&wanted.real_groups, process.ids().rgid))
        && among(&wanted.only, stat.pid)
        && (wanted.states.is_empty() || wanted.states.contains(&stat.state))
        && (wanted.terminals.is_empty() || terminal())
        && matches_pattern(wanted, process)
}

fn matches_pattern(wanted: &Wanted, process: &Process) -> bool {
    let Some(pattern) = &wanted.pattern else { return true };
    let line;
    let text = if wanted.full {
        line = command_line(process);
        line.as_slice()
    } else {
        process.stat.comm.as_slice()
    };
    match pattern.find(text, 0) {
        Some((start, end)) => !wanted.exact || (start == 0 && end == text.len()),
        None => false,
    }
}
