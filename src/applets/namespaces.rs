//! unshare and nsenter: programs in namespaces of their own or of another
//! process. As util-linux has them. namespaces(7).

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::stat::Mode;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{self, Gid, Uid};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::sys::process::{self, Forked};
use crate::sys::signal;

/// unshare.
pub(super) static UNSHARE: Applet = Applet {
    name: "unshare",
    summary: "run a program in namespaces of its own",
    usage: "[-amuinpUCTfr] [--mount-proc[=DIR]] [--propagation HOW] [-R DIR] [-w DIR] [PROG ARG...]\n\
            \x20 -m mounts  -u host name  -i IPC  -n network  -p process ids\n\
            \x20 -U users   -C cgroups    -T time   -a all but time\n\
            \x20 --mount=FILE (uts, ipc, net, pid, user, cgroup, time): keep the namespace at FILE\n\
            \x20 -f  in a child           --kill-child[=SIGNAL]  it ends with unshare\n\
            \x20 -r  root in a user namespace   -R, -w  root folder, working folder\n\
            \x20 --propagation private, shared, slave or unchanged",
    kind: Kind::Fork, // leaves the shell's namespaces
    run: run_unshare,
};

/// nsenter.
pub(super) static NSENTER: Applet = Applet {
    name: "nsenter",
    summary: "run a program in the namespaces of a process",
    usage: "-t PID [-a] [-muinpUCT[FILE]] [-r[DIR]] [-w[DIR]] [-S UID] [-G GID] [-F] [PROG ARG...]\n\
            \x20 -m mounts  -u host name  -i IPC  -n network  -p process ids\n\
            \x20 -U users   -C cgroups    -T time   -a all of them\n\
            \x20 -r, -w  its root and working folder, or DIR    -F  not in a child",
    kind: Kind::Fork, // leaves the shell's namespaces
    run: run_nsenter,
};

/// Letter, name in /proc/PID/ns, flag of clone(2). Users first: that gives the
/// right to enter the others.
const SPACES: [(u8, &str, i32); 8] = [
    (b'U', "user", libc::CLONE_NEWUSER),
    (b'C', "cgroup", libc::CLONE_NEWCGROUP),
    (b'i', "ipc", libc::CLONE_NEWIPC),
    (b'u', "uts", libc::CLONE_NEWUTS),
    (b'n', "net", libc::CLONE_NEWNET),
    (b'p', "pid", libc::CLONE_NEWPID),
    (b'm', "mnt", libc::CLONE_NEWNS),
    (b'T', "time", 0x80),
];

fn space(letter: u8) -> Option<(&'static str, i32)> {
    SPACES.iter().find(|(l, ..)| *l == letter).map(|(_, name, flag)| (*name, *flag))
}

fn failed(what: &'static str) -> impl Fn(Errno) -> Error {
    move |errno| Error::os(what, errno)
}

fn run_unshare(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "+a m, u, i, n, p, U, C, T, -1?mount -2?uts -3?ipc -4?net -5?pid -6?user -7?cgroup -8?time f,fork r,map-root-user \
         c,map-current-user -P?mount-proc -g:propagation -k?kill-child -s:setgroups \
         R:root w:wd S:setuid G:setgid",
    )?;
    let mut flags = 0;
    let mut kept: Vec<(&str, OsString)> = Vec::new();
    let (mut root, mut folder, mut proc, mut kill) = (None, None, None, None);
    let (mut uid, mut gid) = (None, None);
    let mut propagation = MsFlags::MS_PRIVATE;
    let mut deny_groups = None;
    while let Some(letter) = options.next() {
        match letter {
            b'P' => {
                proc = Some(options.optional().unwrap_or_else(|| "/proc".into()));
                flags |= libc::CLONE_NEWNS;
            }
            b'k' => {
                let name = options.optional();
                let number =
                    name.as_ref().map_or(Some(libc::SIGKILL), |n| signal::number(n.as_bytes()));
                kill = Some(number.ok_or_else(|| Error::usage("no such signal"))?);
            }
            b'g' => {
                let how = options.bytes();
                propagation = match how.as_slice() {
                    b"private" => MsFlags::MS_PRIVATE,
                    b"shared" => MsFlags::MS_SHARED,
                    b"slave" => MsFlags::MS_SLAVE,
                    b"unchanged" => MsFlags::empty(),
                    _ => {
                        return Err(Error::usage(
                            "--propagation is private, shared, slave or unchanged",
                        ));
                    }
                };
            }
            b's' => {
                deny_groups = match options.bytes().as_slice() {
                    b"deny" => Some(true),
                    b"allow" => Some(false),
                    _ => return Err(Error::usage("--setgroups is allow or deny")),
                };
            }
            b'R' => root = Some(options.value()),
            b'w' => folder = Some(options.value()),
            b'S' => uid = Some(options.number("not a user id")?),
            b'G' => gid = Some(options.number("not a group id")?),
            b'r' | b'c' => flags |= libc::CLONE_NEWUSER,
            // a clock that only children have is no use without an offset
            b'a' => {
                let all = SPACES.iter().filter(|(letter, ..)| *letter != b'T');
                flags |= all.fold(0, |flags, (.., flag)| flags | flag);
            }
            _ => {
                // Only the long names of unshare take a file.
                let long = usize::from(letter.wrapping_sub(b'1'));
                let letter = b"muinpUCT".get(long).copied().unwrap_or(letter);
                if let Some((name, flag)) = space(letter) {
                    flags |= flag;
                    kept.extend(options.optional().map(|file| (name, file)));
                }
            }
        }
    }
    let (real_uid, real_gid) = (unistd::geteuid(), unistd::getegid());
    unshare(CloneFlags::from_bits_retain(flags)).map_err(failed("unshare"))?;
    if options.has(b'r') || options.has(b'c') {
        let root = options.has(b'r');
        let (inner_uid, inner_gid) =
            if root { (0, 0) } else { (real_uid.as_raw(), real_gid.as_raw()) };
        // The kernel wants this before a group map may be written (user_namespaces(7)).
        put("/proc/self/setgroups", "deny".into())?;
        put("/proc/self/uid_map", format!("{inner_uid} {real_uid} 1"))?;
        put("/proc/self/gid_map", format!("{inner_gid} {real_gid} 1"))?;
    } else if deny_groups == Some(true) {
        put("/proc/self/setgroups", "deny".into())?;
    }
    for (name, file) in &kept {
        let from = format!("/proc/self/ns/{name}");
        mount(Some(from.as_str()), file.as_os_str(), None::<&str>, MsFlags::MS_BIND, None::<&str>)
            .map_err(|e| Error::os(show(file), e))?;
    }
    if flags & libc::CLONE_NEWNS != 0 && !propagation.is_empty() {
        let flags = MsFlags::MS_REC | propagation;
        mount(None::<&str>, "/", None::<&str>, flags, None::<&str>)
            .map_err(failed("propagation of /"))?;
    }
    if (options.has(b'f') || kill.is_some())
        && let Some(status) = in_child(cx, kill)?
    {
        return Ok(status);
    }
    if let Some(root) = &root {
        unistd::chroot(root.as_os_str()).map_err(|e| Error::os(show(root), e))?;
        unistd::chdir("/").map_err(failed("/"))?;
    }
    if let Some(folder) = &folder {
        unistd::chdir(folder.as_os_str()).map_err(|e| Error::os(show(folder), e))?;
    }
    if let Some(proc) = &proc {
        if !propagation.is_empty() || root.is_none() {
            let _ = mount(
                None::<&str>,
                proc.as_os_str(),
                None::<&str>,
                MsFlags::MS_REC | MsFlags::MS_PRIVATE,
                None::<&str>,
            );
        }
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC | MsFlags::MS_NODEV;
        mount(Some("proc"), proc.as_os_str(), Some("proc"), flags, None::<&str>)
            .map_err(|e| Error::os(show(proc), e))?;
    }
    set_ids(uid, gid)?;
    launch(cx, options.operands)
}

fn put(file: &str, text: String) -> Result<(), Error> {
    // As one write: the kernel takes a map only once.
    std::fs::write(file, text).map_err(|e| Error::os(file, e))
}

fn set_ids(uid: Option<u64>, gid: Option<u64>) -> Result<(), Error> {
    let small = |id: u64| u32::try_from(id).unwrap_or(u32::MAX);
    if let Some(gid) = gid {
        // May be denied in a user namespace.
        let _ = unistd::setgroups(&[]);
        unistd::setgid(Gid::from_raw(small(gid))).map_err(failed("group id"))?;
    }
    if let Some(uid) = uid {
        unistd::setuid(Uid::from_raw(small(uid))).map_err(failed("user id"))?;
    }
    Ok(())
}

fn launch(cx: &mut Ctx, mut argv: Vec<OsString>) -> Result<Status, Error> {
    if argv.is_empty() {
        let shell = cx.env.get(b"SHELL").filter(|shell| !shell.is_empty());
        argv.push(shell.unwrap_or(OsStr::new("/bin/sh")).to_os_string());
    }
    Err(cx.become_program(&argv))
}

/// Forks; the parent gets the child's status, the child nothing.
fn in_child(cx: &mut Ctx, kill: Option<i32>) -> Result<Option<Status>, Error> {
    cx.flush()?;
    match process::fork().map_err(failed("fork"))? {
        Forked::Child => {
            if let Some(number) = kill {
                process::die_with_parent(number).map_err(failed("--kill-child"))?;
            }
            Ok(None)
        }
        Forked::Parent(child) => loop {
            match waitpid(child, Some(WaitPidFlag::WUNTRACED)) {
                Ok(WaitStatus::Stopped(..)) => {
                    // Stopped as our job: so are we; then both go on.
                    let _ = signal::send(std::process::id().cast_signed(), libc::SIGSTOP);
                    let _ = signal::send(child.as_raw(), libc::SIGCONT);
                }
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(Error::os("wait", errno)),
                Ok(ended) => {
                    if let Some(status) = Status::of_wait(&ended) {
                        return Ok(Some(status));
                    }
                }
            }
        },
    }
}

fn opened(path: &Path) -> Result<OwnedFd, Error> {
    open(path, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())
        .map_err(|e| Error::os(show(path), e))
}

fn run_nsenter(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "+t:target a,all m?mount u?uts i?ipc n?net p?pid U?user C?cgroup T?time r?root w?wd \
         F,no-fork S:setuid G:setgid -k,preserve-credentials",
    )?;
    let target = match options.take(b't') {
        Some(text) => Some(
            crate::options::number(&text)
                .ok_or_else(|| Error::bad(show(&text), "not a process id"))?,
        ),
        None => None,
    };
    let path = |file: Option<OsString>, of: &str| match (file, target) {
        (Some(file), _) => Ok(PathBuf::from(file)),
        (None, Some(pid)) => Ok(PathBuf::from(format!("/proc/{pid}/{of}"))),
        (None, None) => Err(Error::usage("whose namespaces? -t PID")),
    };
    let mut spaces: Vec<(usize, OwnedFd, i32)> = Vec::new();
    let (mut root, mut folder, mut uid, mut gid) = (None, None, None, None);
    let mut add = |place: usize, file: Option<OsString>, own_too: bool| -> Result<(), Error> {
        let Some((_, name, flag)) = SPACES.get(place) else { return Ok(()) };
        let path = path(file, &format!("ns/{name}"))?;
        // Entering one's own user namespace is refused, and would do nothing.
        let same = std::fs::read_link(&path).ok()
            == std::fs::read_link(format!("/proc/self/ns/{name}")).ok();
        if own_too || !same {
            spaces.push((place, opened(&path)?, *flag));
        }
        Ok(())
    };
    if options.has(b'a') {
        for place in 0..SPACES.len() {
            add(place, None, false)?;
        }
    }
    while let Some(letter) = options.next() {
        match letter {
            b'r' => root = Some(opened(&path(options.optional(), "root")?)?),
            b'w' => folder = Some(opened(&path(options.optional(), "cwd")?)?),
            b'S' => uid = Some(options.number("not a user id")?),
            b'G' => gid = Some(options.number("not a group id")?),
            _ => {
                if let Some(place) = SPACES.iter().position(|(l, ..)| *l == letter) {
                    add(place, options.optional(), true)?;
                }
            }
        }
    }
    spaces.sort_by_key(|(place, ..)| *place);
    let users = spaces.iter().any(|(.., flag)| *flag == libc::CLONE_NEWUSER);
    let pids = spaces.iter().any(|(.., flag)| *flag == libc::CLONE_NEWPID);
    for (_, fd, flag) in spaces {
        setns(fd, CloneFlags::from_bits_retain(flag)).map_err(failed("entering a namespace"))?;
    }
    if let Some(root) = &root {
        unistd::fchdir(root).map_err(failed("its root"))?;
        unistd::chroot(".").map_err(failed("its root"))?;
        unistd::chdir("/").map_err(failed("its root"))?;
    }
    if let Some(folder) = &folder {
        unistd::fchdir(folder).map_err(failed("its working folder"))?;
    }
    // Only children are in the namespace of process ids.
    if pids
        && !options.has(b'F')
        && let Some(status) = in_child(cx, None)?
    {
        return Ok(status);
    }
    if users && !options.has(b'k') {
        set_ids(uid.or(Some(0)), gid.or(Some(0)))?;
    } else {
        set_ids(uid, gid)?;
    }
    launch(cx, options.operands)
}
