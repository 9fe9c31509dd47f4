//! Processes and the system as /proc tells of them: ps, top, pgrep, pidof,
//! killall, lsof, fuser and free read it here. proc(5).

pub mod sockets;

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::applet::Error;
use crate::procstat::{Ids, Stat};
use crate::sys::{clock, folder};

/// A process, or a thread of one.
pub struct Process {
    /// `/proc/PID/stat`; `stat.pid` is the process's id, also for a thread.
    pub stat: Stat,
    /// The thread's id.
    pub lwp: u32,
    /// Effective user.
    pub euid: u32,
    /// Effective group.
    pub egid: u32,
    ids: std::cell::OnceCell<Ids>,
    /// Arguments, each with a zero behind it; empty for kernel threads.
    pub arguments: Vec<u8>,
    /// Its folder in /proc.
    pub folder: PathBuf,
}

impl Process {
    /// What `/proc/PID/status` says: few want to know, and the kernel takes its
    /// time to write it.
    pub fn ids(&self) -> &Ids {
        self.ids.get_or_init(|| {
            Ids::parse(&crate::sys::file::read(self.folder.join("status")).unwrap_or_default())
        })
    }
}

/// What all processes have in common.
pub struct System {
    /// Ticks a second of the kernel's times.
    pub ticks: u64,
    /// Bytes of a page.
    pub page: u64,
    /// Ticks since the machine started.
    pub uptime: u64,
    /// When that was, in seconds after 1970.
    pub boot: i64,
    /// Memory in kilobytes.
    pub memory: u64,
}

impl System {
    /// Reads it.
    pub fn read() -> Result<System, Error> {
        let size = |name: nix::unistd::SysconfVar, otherwise: u64| {
            let value = nix::unistd::sysconf(name).ok().flatten();
            value.and_then(|v| u64::try_from(v).ok()).filter(|v| *v > 0).unwrap_or(otherwise)
        };
        let uptime = clock::since_boot();
        let boot = clock::now().saturating_sub(uptime).as_secs();
        let ticks = size(nix::unistd::SysconfVar::CLK_TCK, 100);
        let part = u64::from(uptime.subsec_nanos()).saturating_mul(ticks) / 1_000_000_000;
        Ok(System {
            ticks,
            page: size(nix::unistd::SysconfVar::PAGE_SIZE, 4096),
            uptime: uptime.as_secs().saturating_mul(ticks).saturating_add(part),
            boot: i64::try_from(boot).unwrap_or(0),
            memory: memory()?.get("MemTotal"),
        })
    }
}

fn no_proc(error: std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            Error::msg("/proc is not mounted (mount -t proc proc /proc)")
        }
        _ => Error::os("/proc", error),
    }
}

/// All processes, by number; with `threads` a row for each thread.
pub fn all(threads: bool) -> Result<Vec<Process>, Error> {
    let mut list = Vec::new();
    for pid in numbers(Path::new("/proc")).map_err(no_proc)? {
        let folder = PathBuf::from(format!("/proc/{pid}"));
        if !threads {
            list.extend(read(&folder, pid, pid));
            continue;
        }
        // A process may end at any time: then it has no threads.
        for lwp in numbers(&folder.join("task")).unwrap_or_default() {
            list.extend(read(&folder.join(format!("task/{lwp}")), pid, lwp));
        }
    }
    Ok(list)
}

fn numbers(path: &Path) -> std::io::Result<Vec<u32>> {
    let mut list = Vec::new();
    for entry in folder::list(path)?.0 {
        list.extend(entry.name.to_str().and_then(|name| name.parse::<u32>().ok()));
    }
    crate::order::sort(&mut list);
    Ok(list)
}

/// `None` when it has ended in the meantime.
fn read(folder: &Path, pid: u32, lwp: u32) -> Option<Process> {
    let mut path = folder.as_os_str().as_bytes().to_vec();
    let length = path.len();
    // The folder belongs to the effective user and group; a process that no
    // one may look into makes only what is in it root's (fs/proc/base.c,
    // task_dump_owner).
    let owner = nix::sys::stat::stat(path.as_slice()).ok()?;
    let mut text = Vec::new();
    let mut get = |name: &[u8]| {
        text.clear();
        path.truncate(length);
        path.extend_from_slice(name);
        crate::sys::file::read_at_once(&path, &mut text).map(|()| text.clone())
    };
    let mut stat = Stat::parse(&get(b"/stat").ok()?)?;
    stat.pid = pid;
    let arguments = get(b"/cmdline").unwrap_or_default();
    let folder = folder.to_path_buf();
    let ids = std::cell::OnceCell::new();
    Some(Process { stat, lwp, euid: owner.st_uid, egid: owner.st_gid, ids, arguments, folder })
}

/// The numbers of `/proc/meminfo`.
pub struct Memory(Vec<u8>);

/// Reads `/proc/meminfo`.
pub fn memory() -> Result<Memory, Error> {
    crate::sys::file::read("/proc/meminfo").map(Memory).map_err(no_proc)
}

impl Memory {
    /// The line of this name, in kilobytes; 0 when the kernel has none.
    pub fn get(&self, name: &str) -> u64 {
        for line in self.0.split(|&b| b == b'\n') {
            let value = line.strip_prefix(name.as_bytes()).and_then(|l| l.strip_prefix(b":"));
            let Some(value) = value else { continue };
            let digits = value.trim_ascii().split(|&b| b == b' ').next().unwrap_or_default();
            return std::str::from_utf8(digits).ok().and_then(|d| d.parse().ok()).unwrap_or(0);
        }
        0
    }
}

/// The load of the last one, five and fifteen minutes, as the kernel writes it.
pub fn loads() -> [String; 3] {
    let text = crate::sys::file::read("/proc/loadavg").unwrap_or_default();
    let mut words = text.split(|&b| b == b' ');
    [(); 3].map(|()| String::from_utf8_lossy(words.next().unwrap_or(b"0.00")).into_owned())
}

/// The line that uptime and top begin with: ` 12:00:00 up 1 day,  2:03,  1 user,
/// load average: 0.00, 0.01, 0.05`.
pub fn uptime_line(users: usize) -> String {
    let now = i64::try_from(clock::now().as_secs()).unwrap_or(0);
    let local = crate::civil::Civil::of(now, clock::zone_offset(now));
    let up = clock::since_boot().as_secs();
    let (days, hours, minutes) = (up / 86400, up / 3600 % 24, up / 60 % 60);
    let mut line = format!(" {:02}:{:02}:{:02} up ", local.hour, local.minute, local.second);
    if days > 0 {
        line.push_str(&format!("{days} day{}, ", if days == 1 { "" } else { "s" }));
    }
    if hours > 0 {
        line.push_str(&format!("{hours:2}:{minutes:02},  "));
    } else {
        line.push_str(&format!("{minutes} min,  "));
    }
    let [one, five, fifteen] = loads();
    let plural = if users > 1 { "s" } else { "" };
    line.push_str(&format!("{users} user{plural},  load average: {one}, {five}, {fifteen}"));
    line
}
