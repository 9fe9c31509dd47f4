//! start-stop-daemon: start and stop services of init scripts. As Debian's dpkg
//! and busybox have it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::unistd::{Gid, Uid};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::fsutil::users::Users;
use crate::options::Options;
use crate::proc::{self, Process};
use crate::sys::process::{self as processes, Forked};
use crate::sys::schedule::{self, Who};
use crate::sys::signal;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "start-stop-daemon",
    summary: "start and stop services",
    usage: "{-S | -K | -T} [OPTIONS] [-- ARG...]\n\
            \x20 -S start (0 also when it runs and -o)   -K stop   -T is it running? (0, 1 or 3)\n\
            \x20 -x PROGRAM  -a START THIS INSTEAD  -n NAME  -u USER  -p PIDFILE  -P PARENT: which it is\n\
            \x20 -b background  -m write PIDFILE  -c USER[:GROUP]  -g GROUP  -d DIR  -r ROOT\n\
            \x20 -N NICE  -k UMASK  -C keep its output   -O FILE output to FILE (with -b)\n\
            \x20 -s SIGNAL  -R SECONDS or SIGNAL/SECONDS/...  retries\n\
            \x20 -o nothing to do is no error   -q quiet   -t only say   -v more",
    kind: Kind::Fork, // becomes another program
    run,
};

const OPTIONS: &str = "S,start K,stop T,status x:exec a:startas n:name u:user p:pidfile P:ppid \
    -i:pid b,background m,make-pidfile c:chuid g:group d:chdir r:chroot N:nicelevel k:umask \
    C,no-close O:output s:signal R:retry o,oknodo q,quiet t,test v,verbose -e,remove-pidfile \
    -E:exec-lsb";

/// Which processes are meant; all that is given must fit.
#[derive(Default)]
struct Wanted {
    program: Option<(PathBuf, u64, u64)>,
    name: Option<Vec<u8>>,
    user: Option<u32>,
    parent: Option<u32>,
    pids: Option<Vec<u32>>,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(OPTIONS)?;
    let mode = [b'S', b'K', b'T'].into_iter().filter(|&l| options.has(l)).collect::<Vec<_>>();
    let [mode] = mode.as_slice() else {
        return Err(Error::usage("one of -S, -K and -T"));
    };
    let mut users = Users::new();
    let mut wanted = Wanted::default();
    let pidfile = options.take(b'p');
    let program = options.take(b'x');
    if let Some(file) = &pidfile {
        wanted.pids = Some(pids_in(file)?);
    }
    if let Some(text) = options.take(b'i') {
        wanted.pids = Some(vec![number(&text)?]);
    }
    if let Some(text) = options.take(b'P') {
        wanted.parent = Some(number(&text)?);
    }
    if let Some(program) = &program {
        use std::os::unix::fs::MetadataExt;
        let found = std::fs::metadata(program).ok().map(|meta| (meta.dev(), meta.ino()));
        let (device, inode) = found.unwrap_or_default();
        wanted.program = Some((PathBuf::from(program), device, inode));
    }
    wanted.name = options.take(b'n').map(|name| name.as_bytes().to_vec());
    if let Some(user) = options.take(b'u') {
        let found = users.uid(user.as_bytes()).ok_or_else(|| unknown(&user))?;
        wanted.user = Some(found.0);
        options.put(b'u', user);
    }
    if wanted.program.is_none()
        && wanted.name.is_none()
        && wanted.user.is_none()
        && wanted.pids.is_none()
        && wanted.parent.is_none()
    {
        return Err(Error::usage("which one? -x, -n, -u, -p or -P"));
    }
    match mode {
        b'T' => status(&wanted, pidfile.is_some()),
        b'K' => stop(cx, &mut options, &wanted, pidfile.as_deref()),
        _ => {
            let startas = options.take(b'a').or(program);
            let Some(startas) = startas else {
                return Err(Error::usage("-S wants the program: -x or -a"));
            };
            start(cx, &mut options, &wanted, &mut users, startas, pidfile.as_deref())
        }
    }
}

fn unknown(name: &OsStr) -> Error {
    Error::about(show(name), "no such user or group")
}

fn number(text: &OsStr) -> Result<u32, Error> {
    let parsed = text.to_str().and_then(|t| t.parse().ok());
    parsed.ok_or_else(|| Error::bad(show(text), "not a number"))
}

/// The first word of the file; none where there is no such file.
fn pids_in(file: &OsStr) -> Result<Vec<u32>, Error> {
    match crate::sys::file::read(file) {
        Ok(text) => {
            let word = text.trim_ascii().split(|b| b.is_ascii_whitespace()).next();
            let pid = word.and_then(|w| std::str::from_utf8(w).ok()).and_then(|w| w.parse().ok());
            Ok(pid.into_iter().collect())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Error::os(show(file), error)),
    }
}

fn running(wanted: &Wanted) -> Result<Vec<u32>, Error> {
    let mut found = proc::all(false)?;
    found.retain(|process| is(wanted, process));
    Ok(found.iter().map(|process| process.stat.pid).collect())
}

fn is(wanted: &Wanted, process: &Process) -> bool {
    let stat = &process.stat;
    if stat.pid == std::process::id() || stat.state == b'Z' {
        return false;
    }
    let program = wanted.program.as_ref().is_none_or(|(path, device, inode)| {
        use std::os::unix::fs::MetadataExt;
        let exe = process.folder.join("exe");
        let same = std::fs::metadata(&exe)
            .is_ok_and(|meta| meta.ino() == *inode && meta.dev() == *device && *inode != 0);
        // A script's program is its interpreter: the first arguments tell.
        same || std::fs::read_link(&exe).is_ok_and(|link| link == *path)
    });
    let name = wanted.name.as_ref().is_none_or(|name| {
        stat.comm == *name || (name.len() > 15 && name.get(..15) == Some(stat.comm.as_slice()))
    });
    program
        && name
        && wanted.user.is_none_or(|uid| process.euid == uid)
        && wanted.parent.is_none_or(|ppid| stat.ppid == ppid)
        && wanted.pids.as_ref().is_none_or(|pids| pids.contains(&stat.pid))
}

/// LSB: 0 runs, 1 dead and its pid file is there, 3 does not run.
fn status(wanted: &Wanted, pidfile: bool) -> Result<Status, Error> {
    Ok(match running(wanted)?.is_empty() {
        false => Status::OK,
        true if pidfile && wanted.pids.as_ref().is_some_and(|pids| !pids.is_empty()) => Status(1),
        true => Status(3),
    })
}

/// What was looked for, in messages.
fn what(wanted: &Wanted, options: &mut Options, pidfile: Option<&OsStr>) -> String {
    if let Some(name) = &wanted.name {
        return show_bytes(name).to_string();
    }
    match (&wanted.program, pidfile, options.take(b'u')) {
        (Some((path, ..)), ..) => show(path.as_os_str()).to_string(),
        (_, Some(file), _) => format!("process in pidfile '{}'", show(file)),
        (.., Some(user)) => format!("process(es) owned by '{}'", show(&user)),
        _ => "process".into(),
    }
}

fn stop(
    cx: &mut Ctx,
    options: &mut Options,
    wanted: &Wanted,
    pidfile: Option<&OsStr>,
) -> Result<Status, Error> {
    let signal_of = |text: &OsStr| {
        signal::number(text.as_bytes()).ok_or_else(|| Error::bad(show(text), "no such signal"))
    };
    let mut first = libc::SIGTERM;
    if let Some(name) = options.take(b's') {
        first = signal_of(&name)?;
    }
    let found = running(wanted)?;
    if found.is_empty() {
        if !options.has(b'q') {
            cx.print(format_args!("no {} found; none killed\n", what(wanted, options, pidfile)))?;
        }
        return Ok(Status::from_bool(options.has(b'o')));
    }
    if options.has(b't') {
        for pid in &found {
            cx.print(format_args!("would send signal {first} to {pid}\n"))?;
        }
        return Ok(Status::OK);
    }
    let schedule = match options.take(b'R') {
        Some(text) => schedule_of(&text, first)?,
        None => vec![(first, None)],
    };
    let mut left = found.clone();
    for (number, wait) in schedule {
        for pid in &left {
            match signal::send(pid.cast_signed(), number) {
                Ok(()) | Err(nix::errno::Errno::ESRCH) => {}
                Err(errno) => cx.warn(Error::os(format_args!("process {pid}"), errno)),
            }
        }
        let Some(wait) = wait else {
            left.clear();
            break;
        };
        let until = Instant::now() + wait;
        loop {
            left.retain(|pid| Path::new(&format!("/proc/{pid}")).exists() && !is_zombie(*pid));
            if left.is_empty() || Instant::now() >= until {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        if left.is_empty() {
            break;
        }
    }
    let stopped: Vec<String> =
        found.iter().filter(|pid| !left.contains(pid)).map(u32::to_string).collect();
    if !options.has(b'q') && !stopped.is_empty() {
        let what = what(wanted, options, pidfile);
        cx.print(format_args!("stopped {what} (pid {})\n", stopped.join(" ")))?;
    }
    if !left.is_empty() {
        return Ok(Status(2));
    }
    if options.has(b'e')
        && let Some(file) = pidfile
    {
        let _ = std::fs::remove_file(file);
    }
    Ok(cx.status())
}

fn is_zombie(pid: u32) -> bool {
    let text = crate::sys::file::read(format!("/proc/{pid}/stat")).unwrap_or_default();
    crate::procstat::Stat::parse(&text).is_none_or(|stat| stat.state == b'Z')
}

/// `5`: the signal, 5 s, KILL, 5 s. `TERM/30/KILL/5`: as it says.
fn schedule_of(text: &OsStr, first: i32) -> Result<Vec<(i32, Option<Duration>)>, Error> {
    let wrong = || Error::bad(show(text), "not SECONDS or SIGNAL/SECONDS/...");
    let seconds = |part: &[u8]| -> Option<Duration> {
        Some(Duration::from_secs(std::str::from_utf8(part).ok()?.parse().ok()?))
    };
    if let Some(wait) = seconds(text.as_bytes()) {
        return Ok(vec![(first, Some(wait)), (libc::SIGKILL, Some(wait))]);
    }
    let mut list: Vec<(i32, Option<Duration>)> = Vec::new();
    for part in text.as_bytes().split(|&b| b == b'/') {
        match seconds(part) {
            Some(wait) if list.last().is_some_and(|(_, wait)| wait.is_none()) => {
                if let Some(last) = list.last_mut() {
                    last.1 = Some(wait);
                }
            }
            _ => {
                let name = part.strip_prefix(b"-").unwrap_or(part);
                list.push((signal::number(name).ok_or_else(wrong)?, None));
            }
        }
    }
    if list.is_empty() { Err(wrong()) } else { Ok(list) }
}

fn start(
    cx: &mut Ctx,
    options: &mut Options,
    wanted: &Wanted,
    users: &mut Users,
    program: OsString,
    pidfile: Option<&OsStr>,
) -> Result<Status, Error> {
    let found = running(wanted)?;
    if !found.is_empty() {
        if !options.has(b'q') {
            cx.print(format_args!("{} is already running\n", show(&program)))?;
        }
        return Ok(Status::from_bool(options.has(b'o')));
    }
    let (mut uid, mut gid) = (None, None);
    if let Some(spec) = options.take(b'c') {
        let mut parts = spec.as_bytes().splitn(2, |b| matches!(b, b':' | b'.'));
        let found = users.uid(parts.next().unwrap_or_default()).ok_or_else(|| unknown(&spec))?;
        uid = Some(found.0);
        gid = found.1;
        if let Some(group) = parts.next() {
            gid = Some(users.gid(group).ok_or_else(|| unknown(&spec))?);
        }
    }
    if let Some(group) = options.take(b'g') {
        gid = Some(users.gid(group.as_bytes()).ok_or_else(|| unknown(&group))?);
    }
    let mut argv = vec![program];
    argv.append(&mut options.operands);
    if options.has(b't') {
        cx.print(format_args!("would start {}\n", show(&argv.join(OsStr::new(" ")))))?;
        return Ok(Status::OK);
    }
    cx.flush()?;
    if options.has(b'b') {
        match processes::fork().map_err(|e| Error::os("fork", e))? {
            Forked::Parent(_) => return Ok(Status::OK),
            Forked::Child => {
                nix::unistd::setsid().map_err(|e| Error::os("new session", e))?;
                if !options.has(b'C') {
                    silence(options.take(b'O'))?;
                }
            }
        }
    }
    if options.has(b'm')
        && let Some(file) = pidfile
    {
        std::fs::write(file, format!("{}\n", std::process::id()))
            .map_err(|e| Error::os(show(file), e))?;
    }
    if let Some(text) = options.take(b'N') {
        let by: i32 = text
            .to_str()
            .and_then(|t| t.parse().ok())
            .ok_or_else(|| Error::bad(show(&text), "not a number"))?;
        let now = schedule::niceness(Who::Process(0)).unwrap_or(0);
        schedule::set_niceness(Who::Process(0), now + by)
            .map_err(|e| Error::os("cannot set the priority", e))?;
    }
    if let Some(text) = options.take(b'k') {
        let mask = text.to_str().and_then(|t| u32::from_str_radix(t, 8).ok());
        let mask = mask.ok_or_else(|| Error::bad(show(&text), "not a mask"))?;
        nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(mask));
    }
    if let Some(root) = options.take(b'r') {
        nix::unistd::chroot(root.as_os_str()).map_err(|e| Error::os(show(&root), e))?;
        nix::unistd::chdir("/").map_err(|e| Error::os("/", e))?;
    }
    if let Some(folder) = options.take(b'd') {
        nix::unistd::chdir(folder.as_os_str()).map_err(|e| Error::os(show(&folder), e))?;
    }
    if let Some(gid) = gid {
        let name = uid.map(|uid| users.name_of(uid).to_vec()).unwrap_or_default();
        let mut groups = vec![Gid::from_raw(gid)];
        groups.extend(users.groups_of_member(&name).into_iter().map(Gid::from_raw));
        nix::unistd::setgroups(&groups).map_err(|e| Error::os("groups", e))?;
        nix::unistd::setgid(Gid::from_raw(gid)).map_err(|e| Error::os("group", e))?;
    }
    if let Some(uid) = uid {
        nix::unistd::setuid(Uid::from_raw(uid)).map_err(|e| Error::os("user", e))?;
    }
    Err(cx.become_program(&argv))
}

/// Standard streams from and to /dev/null, or output to a file.
fn silence(output: Option<OsString>) -> Result<(), Error> {
    use std::os::fd::AsRawFd;
    let null = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")
        .map_err(|e| Error::os("/dev/null", e))?;
    let out = match &output {
        Some(file) => std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(file)
            .map_err(|e| Error::os(show(file), e))?,
        None => null.try_clone().map_err(|e| Error::os("/dev/null", e))?,
    };
    for (from, to) in [(&null, 0), (&out, 1), (&out, 2)] {
        crate::sys::descriptor::copy_onto(from.as_raw_fd(), to)
            .map_err(|e| Error::os("standard streams", e))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules() {
        let s = |text: &str| schedule_of(OsStr::new(text), 15).ok();
        let five = Some(Duration::from_secs(5));
        assert_eq!(s("5"), Some(vec![(15, five), (9, five)]));
        assert_eq!(s("HUP/5/KILL"), Some(vec![(1, five), (9, None)]));
        assert_eq!(s("x"), None);
    }
}
