//! lsof and fuser: which processes use which files. In the manner of the
//! programs of those names, for what a rescuer asks: who keeps this file,
//! filesystem or port?

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes, write_all};
use crate::fsutil::ask;
use crate::fsutil::users::Users;
use crate::options::Options;
use crate::proc::{self, Process};
use crate::sys::{folder, signal};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "lsof",
    summary: "list the files that processes have open",
    usage: "[-t] [-p PID[,PID]...] [-u USER] [-c NAME] [-i] [-U] [-d FD] [-F LETTERS] [+D DIR] [FILE]...\n\
            \x20 -t  process ids only     -i  sockets of the network only\n\
            \x20 +D  files below DIR      -c  of programs whose name starts so\n\
            \x20 -U  local sockets        -d  these descriptors (cwd, 3, 3-5)\n\
            \x20 -F  for programs: p process, c name, u user, f descriptor, t type, n name of the file",
    kind: Kind::Fork, // reads much of /proc
    run: lsof,
};

/// fuser.
pub(super) static FUSER: Applet = Applet {
    name: "fuser",
    summary: "find the processes that use a file, filesystem or port",
    usage: "[-msuvaik] [-SIGNAL] [-4 | -6] FILE | PORT/tcp | PORT/udp...\n\
            \x20 -m  anything on the same filesystem    -k  kill them (SIGNAL; -i asks)\n\
            \x20 -u  their users    -v  a table    -s  nothing, only the status\n\
            \x20 -n tcp, -n udp     the operands are ports",
    kind: Kind::Fork, // reads much of /proc
    run: fuser,
};

/// How a process uses a file.
struct Use {
    /// cwd, rtd, txt, mem, or the number of a descriptor with r, w or u.
    how: String,
    /// What the link says: a path, `socket:[N]`, `pipe:[N]`.
    to: PathBuf,
    /// Device and inode, where they can be told.
    id: Option<(u64, u64)>,
    /// Type and size.
    meta: Option<std::fs::Metadata>,
}

fn uses(process: &Process) -> Vec<Use> {
    let mut list = Vec::new();
    let mut add = |how: String, path: &Path| {
        let Ok(to) = std::fs::read_link(path) else { return };
        let meta = std::fs::metadata(path).ok();
        let id = meta.as_ref().map(|meta| (meta.dev(), meta.ino()));
        list.push(Use { how, to, id, meta });
    };
    for (how, name) in [("cwd", "cwd"), ("rtd", "root"), ("txt", "exe")] {
        add(how.into(), &process.folder.join(name));
    }
    let maps = process.folder.join("map_files");
    for name in folder::names(&maps) {
        add("mem".into(), &maps.join(name));
    }
    let open = process.folder.join("fd");
    let mut numbers: Vec<u32> =
        folder::names(&open).iter().filter_map(|n| n.to_str()?.parse().ok()).collect();
    crate::order::sort(&mut numbers);
    for number in numbers {
        let info = crate::sys::file::read(process.folder.join(format!("fdinfo/{number}")));
        let mode = match access(&info.unwrap_or_default()) {
            0 => 'r',
            1 => 'w',
            _ => 'u',
        };
        add(format!("{number}{mode}"), &open.join(number.to_string()));
    }
    let mut seen: Vec<Option<(u64, u64)>> = Vec::new();
    // A library is mapped in several pieces.
    list.retain(|used| {
        let again = used.how == "mem" && seen.contains(&used.id);
        seen.push(used.id);
        !again
    });
    list
}

/// The access mode in `flags:` of /proc/PID/fdinfo/N, in octal.
fn access(text: &[u8]) -> u32 {
    let line = text.split(|&b| b == b'\n').find_map(|line| line.strip_prefix(b"flags:"));
    let digits = line.map(<[u8]>::trim_ascii).and_then(|d| std::str::from_utf8(d).ok());
    digits.and_then(|d| u32::from_str_radix(d, 8).ok()).unwrap_or(0) & 3
}

fn lsof(cx: &mut Ctx) -> Result<Status, Error> {
    // `+D DIR` is no option in POSIX's style.
    let mut args = cx.args.to_vec();
    let mut below = Vec::new();
    while let Some(at) = args.iter().position(|arg| arg == "+D" || arg == "+d") {
        args.remove(at);
        if at >= args.len() {
            return Err(Error::usage("+D wants a folder"));
        }
        below.push(absolute(&args.remove(at))?);
    }
    // The letters of -F may be the next word.
    if let Some(at) = args.iter().position(|arg| arg == "-F")
        && let Some(next) = args.get(at + 1)
        && !next.as_bytes().starts_with(b"-")
        && std::fs::symlink_metadata(next).is_err()
    {
        let letters = args.remove(at + 1);
        if let Some(option) = args.get_mut(at) {
            option.push(letters);
        }
    }
    let mut options = Options::parse("t, n, P, l, w, b, a, p: u: c: d: i? U, N, F?", &args)?;
    let mut descriptors: Vec<Vec<u8>> = Vec::new();
    let mut fields: Option<Vec<u8>> = None;
    let mut users = Users::new();
    let (mut pids, mut uids, mut names, mut internet) = (Vec::new(), Vec::new(), Vec::new(), None);
    while let Some(letter) = options.next() {
        match letter {
            b'p' => {
                for word in options.bytes().split(|&b| b == b',') {
                    let pid = std::str::from_utf8(word).ok().and_then(|w| w.parse::<u32>().ok());
                    pids.push(pid.ok_or_else(|| Error::bad(show_bytes(word), "not a process id"))?);
                }
            }
            b'u' => {
                for word in options.bytes().split(|&b| b == b',') {
                    let uid = users.uid(word).map(|(uid, _)| uid);
                    uids.push(uid.ok_or_else(|| Error::about(show_bytes(word), "no such user"))?);
                }
            }
            b'c' => names.push(options.bytes()),
            b'd' => {
                descriptors.extend(options.bytes().split(|&b| b == b',').map(<[u8]>::to_vec));
            }
            b'F' => {
                let letters = options.bytes();
                fields = Some(if letters.is_empty() { b"pcuftDsin".to_vec() } else { letters });
            }
            b'i' => internet = Some(options.optional().unwrap_or_default()),
            _ => {}
        }
    }
    let mut files = Vec::new();
    for operand in &options.operands {
        match std::fs::metadata(operand) {
            Ok(meta) => files.push((meta.dev(), meta.ino(), mount_point(operand), false)),
            Err(error) => cx.warn(Error::os(show(operand), error)),
        }
    }
    let local = options.has(b'U');
    let asked = !files.is_empty() || !below.is_empty() || internet.is_some() || local;
    if !options.operands.is_empty() && !asked {
        return Ok(Status::FAILURE);
    }
    let sockets = proc::sockets::all();
    let local_sockets = if local { local_sockets() } else { Vec::new() };
    let terse = options.has(b't');
    let mut any = false;
    let mut head = !terse && fields.is_none();
    for process in proc::all(false)? {
        let stat = &process.stat;
        if stat.pid == std::process::id()
            || (!pids.is_empty() && !pids.contains(&stat.pid))
            || (!uids.is_empty() && !uids.contains(&process.euid))
            || (!names.is_empty() && !names.iter().any(|name| stat.comm.starts_with(name)))
        {
            continue;
        }
        let mut said = false;
        for used in uses(&process) {
            if !descriptors.is_empty() && !descriptors.iter().any(|one| used.is(one)) {
                continue;
            }
            let inode = proc::sockets::inode_of(used.to.as_os_str().as_bytes());
            let socket = inode.and_then(|inode| sockets.iter().find(|s| s.inode == inode));
            let internet_fits = internet
                .as_ref()
                .is_some_and(|filter| socket.is_some_and(|socket| socket.fits(filter.as_bytes())));
            let local_fits = inode.is_some_and(|inode| local_sockets.contains(&inode));
            if asked
                && !internet_fits
                && !local_fits
                && !below.iter().any(|dir| used.to.starts_with(dir))
                && !files.iter().any(|(device, inode, whole, _)| {
                    used.id.is_some_and(|(d, i)| d == *device && (i == *inode || *whole))
                })
            {
                continue;
            }
            any = true;
            if terse {
                cx.print(format_args!("{}\n", stat.pid))?;
                break;
            }
            if let Some(fields) = &fields {
                if !std::mem::replace(&mut said, true) {
                    process_fields(cx, &process, fields)?;
                }
                use_fields(cx, &used, socket, fields)?;
                continue;
            }
            if std::mem::take(&mut head) {
                cx.put(b"COMMAND     PID USER   FD   TYPE     DEVICE SIZE/OFF    NODE NAME\n")?;
            }
            line(cx, &process, &used, socket, &mut users)?;
        }
    }
    Ok(if any { cx.status() } else { Status::FAILURE })
}

/// The inodes in /proc/net/unix.
fn local_sockets() -> Vec<u64> {
    let text = std::fs::read_to_string("/proc/net/unix").unwrap_or_default();
    text.lines().filter_map(|line| line.split_whitespace().nth(6)?.parse().ok()).collect()
}

/// `-F`: a letter and what it stands for on each line.
fn process_fields(cx: &mut Ctx, process: &Process, fields: &[u8]) -> Result<(), Error> {
    cx.print(format_args!("p{}\n", process.stat.pid))?;
    if fields.contains(&b'c') {
        cx.print(format_args!("c{}\n", show_bytes(&process.stat.comm)))?;
    }
    if fields.contains(&b'u') {
        cx.print(format_args!("u{}\n", process.euid))?;
    }
    Ok(())
}

fn use_fields(
    cx: &mut Ctx,
    used: &Use,
    socket: Option<&proc::sockets::Socket>,
    fields: &[u8],
) -> Result<(), Error> {
    let (device, size, inode) = used.place();
    for (letter, text) in [
        (b'f', used.descriptor().to_string()),
        (b't', used.kind(socket).to_string()),
        (b'D', format!("0x{device:x}")),
        (b's', size.to_string()),
        (b'i', inode.to_string()),
        (b'n', socket.map_or_else(|| show(&used.to).to_string(), std::string::ToString::to_string)),
    ] {
        if fields.contains(&letter) {
            cx.print(format_args!("{}{text}\n", char::from(letter)))?;
        }
    }
    Ok(())
}

impl Use {
    /// `cwd`, `3`: without how it is open.
    fn descriptor(&self) -> &str {
        match self.how.as_bytes().first() {
            Some(b'0'..=b'9') => self.how.trim_end_matches(['r', 'w', 'u']),
            _ => &self.how,
        }
    }

    /// Whether a word of `-d` means it: `cwd`, `3`, `3-5`.
    fn is(&self, word: &[u8]) -> bool {
        let name = self.descriptor();
        let word = String::from_utf8_lossy(word);
        if word == name {
            return true;
        }
        let range =
            word.split_once('-').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        let number: Option<u32> = name.parse().ok();
        matches!((range, number), (Some((first, last)), Some(n)) if (first..=last).contains(&n))
    }

    fn mode(&self) -> u32 {
        self.meta.as_ref().map_or(0, |meta| meta.mode() & libc::S_IFMT)
    }

    fn kind(&self, socket: Option<&proc::sockets::Socket>) -> &'static str {
        match self.mode() {
            libc::S_IFDIR => "DIR",
            libc::S_IFREG => "REG",
            libc::S_IFCHR => "CHR",
            libc::S_IFBLK => "BLK",
            libc::S_IFIFO => "FIFO",
            libc::S_IFSOCK => socket.map_or("sock", |socket| socket.kind()),
            _ => "unknown",
        }
    }

    /// Device (a special file's own), size and inode.
    fn place(&self) -> (u64, u64, u64) {
        let special = matches!(self.mode(), libc::S_IFCHR | libc::S_IFBLK);
        self.meta.as_ref().map_or((0, 0, 0), |meta| {
            (if special { meta.rdev() } else { meta.dev() }, meta.size(), meta.ino())
        })
    }
}

fn line(
    cx: &mut Ctx,
    process: &Process,
    used: &Use,
    socket: Option<&proc::sockets::Socket>,
    users: &mut Users,
) -> Result<(), Error> {
    let comm = show_bytes(process.stat.comm.get(..9).unwrap_or(&process.stat.comm)).to_string();
    let user = show_bytes(users.name_of(process.euid)).to_string();
    let kind = used.kind(socket);
    let (device, size, inode) = used.place();
    let (major, minor) = (nix::sys::stat::major(device), nix::sys::stat::minor(device));
    cx.print(format_args!(
        "{comm:<9} {:>5} {user:>4} {:>4} {kind:>6} {:>10} {size:>8} {inode:>7} ",
        process.stat.pid,
        used.how,
        format!("{major},{minor}"),
    ))?;
    match socket {
        Some(socket) => cx.print(format_args!("{socket}\n")),
        None => cx.print(format_args!("{}\n", show(&used.to))),
    }
}

fn absolute(path: &OsStr) -> Result<PathBuf, Error> {
    std::fs::canonicalize(path).map_err(|e| Error::os(show(path), e))
}

/// Whether the path is where a filesystem is mounted: then all on it counts.
fn mount_point(path: &OsStr) -> bool {
    let Ok(path) = std::fs::canonicalize(path) else { return false };
    let Some(parent) = path.parent() else { return true };
    match (std::fs::metadata(&path), std::fs::metadata(parent)) {
        (Ok(here), Ok(above)) => here.dev() != above.dev(),
        _ => false,
    }
}

/// What an operand of fuser means.
enum Target {
    File(u64, u64),
    Device(u64),
    Sockets(Vec<u64>),
}

fn fuser(cx: &mut Ctx) -> Result<Status, Error> {
    let mut args = cx.args.to_vec();
    let number = signal::take_option(&mut args).unwrap_or(libc::SIGKILL);
    let mut options = Options::parse(
        "m,mount M,ismountpoint s,silent u,user v,verbose k,kill i,interactive a,all n:namespace 4, 6, c, w, I, l,list-signals",
        &args,
    )?;
    if options.has(b'l') {
        cx.put(&crate::shell::builtins::kill::names())?;
        return Ok(Status::OK);
    }
    let space = options.take(b'n').map(|name| name.as_bytes().to_vec()).unwrap_or_default();
    if options.operands.is_empty() {
        return Err(Error::usage("which file, filesystem or port?").with(Status::FAILURE));
    }
    let quiet = options.has(b's');
    let sockets = proc::sockets::all();
    let processes = proc::all(false)?;
    let mut users = Users::new();
    let mut any = false;
    if options.has(b'v') && !quiet {
        note(cx, b"                     USER        PID ACCESS COMMAND\n");
    }
    for operand in &options.operands {
        let target = match target(operand, &space, options.has(b'm') || options.has(b'c'), &sockets)
        {
            Ok(target) => target,
            Err(error) => {
                cx.warn(error);
                continue;
            }
        };
        let mut found = 0;
        for process in &processes {
            let letters = letters(process, &target);
            if letters.is_empty() || process.stat.pid == std::process::id() {
                continue;
            }
            if found == 0 && !quiet {
                note(cx, operand.as_bytes());
                note(cx, b":");
            }
            found += 1;
            report(cx, &options, process, &letters, &mut users)?;
            if options.has(b'k') && (!options.has(b'i') || ask(cx, process.stat.pid)) {
                match signal::send(process.stat.pid.cast_signed(), number) {
                    Ok(()) | Err(nix::errno::Errno::ESRCH) => {}
                    Err(errno) => {
                        cx.warn(Error::os(format_args!("process {}", process.stat.pid), errno));
                    }
                }
            }
        }
        if found > 0 && !quiet && !options.has(b'v') {
            cx.flush()?;
            note(cx, b"\n");
        }
        any |= found > 0;
    }
    // One that is used is success, whatever the others are.
    Ok(Status::from_bool(any))
}

/// Everything but the numbers goes to standard error, so that scripts can use
/// them (POSIX fuser).
fn note(cx: &mut Ctx, bytes: &[u8]) {
    let _ = cx.flush();
    let _ = write_all(cx.stderr, bytes);
}

fn report(
    cx: &mut Ctx,
    options: &Options,
    process: &Process,
    letters: &str,
    users: &mut Users,
) -> Result<(), Error> {
    if options.has(b's') {
        return Ok(());
    }
    let pid = process.stat.pid;
    if options.has(b'v') {
        let user = show_bytes(users.name_of(process.euid)).to_string();
        let text =
            format!(" {user:<10} {pid:>6} {letters:<6} {}\n", show_bytes(&process.stat.comm));
        note(cx, text.as_bytes());
        return Ok(());
    }
    cx.print(format_args!(" {pid:>5}"))?;
    let marks: String = letters.chars().filter(|c| !matches!(c, '.' | 'f' | 'F')).collect();
    note(cx, marks.as_bytes());
    if options.has(b'u') {
        let user = show_bytes(users.name_of(process.euid)).to_string();
        note(cx, format!("({user})").as_bytes());
    }
    Ok(())
}

fn ask(cx: &mut Ctx, pid: u32) -> bool {
    note(cx, format!("Kill process {pid} ? (y/N) ").as_bytes());
    ask::answer(cx)
}

fn target(
    operand: &OsStr,
    space: &[u8],
    whole: bool,
    sockets: &[proc::sockets::Socket],
) -> Result<Target, Error> {
    let bytes = operand.as_bytes();
    let mut parts = bytes.splitn(2, |&b| b == b'/');
    let port = parts.next().unwrap_or_default();
    let protocol = if space.is_empty() { parts.next().unwrap_or_default() } else { space };
    if matches!(protocol, b"tcp" | b"udp")
        && let Some(port) = std::str::from_utf8(port).ok().and_then(|p| p.parse::<u16>().ok())
    {
        let fits = |socket: &&proc::sockets::Socket| {
            socket.local_port() == port && socket.is_protocol(protocol)
        };
        return Ok(Target::Sockets(sockets.iter().filter(fits).map(|s| s.inode).collect()));
    }
    let meta = std::fs::metadata(operand).map_err(|e| Error::os(show(operand), e))?;
    let is_device = meta.mode() & libc::S_IFMT == libc::S_IFBLK;
    Ok(match whole {
        true if is_device => Target::Device(meta.rdev()),
        true => Target::Device(meta.dev()),
        false => Target::File(meta.dev(), meta.ino()),
    })
}

/// c working folder, r root, e program, m mapped, f open, F open for writing.
fn letters(process: &Process, target: &Target) -> String {
    let mut letters = String::new();
    for used in uses(process) {
        let fits = match target {
            Target::File(device, inode) => used.id == Some((*device, *inode)),
            Target::Device(device) => used.id.is_some_and(|(d, _)| d == *device),
            Target::Sockets(list) => proc::sockets::inode_of(used.to.as_os_str().as_bytes())
                .is_some_and(|inode| list.contains(&inode)),
        };
        let letter = match used.how.as_str() {
            "cwd" => 'c',
            "rtd" => 'r',
            "txt" => 'e',
            "mem" => 'm',
            how if how.ends_with('r') => 'f',
            _ => 'F',
        };
        if fits && !letters.contains(letter) {
            letters.push(letter);
        }
    }
    letters
}
