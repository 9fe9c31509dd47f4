//! Processes and the system as /proc tells of them: ps, top, pgrep, pidof,
//! killall, lsof, fuser and free read it here. proc(5).

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
    /// Users and groups.
    pub ids: Ids,
    /// Arguments, each with a zero behind it; empty for kernel threads.
    pub arguments: Vec<u8>,
    /// Its folder in /proc.
    pub folder: PathBuf,
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
        let memory = std::fs::read("/proc/meminfo").map_err(no_proc)?;
        let memory = memory.split(|&b| b == b'\n').find_map(|line| {
            let text = std::str::from_utf8(line.strip_prefix(b"MemTotal:")?).ok()?;
            text.trim().strip_suffix("kB")?.trim().parse().ok()
        });
        let ticks = size(nix::unistd::SysconfVar::CLK_TCK, 100);
        let part = u64::from(uptime.subsec_nanos()).saturating_mul(ticks) / 1_000_000_000;
        Ok(System {
            ticks,
            page: size(nix::unistd::SysconfVar::PAGE_SIZE, 4096),
            uptime: uptime.as_secs().saturating_mul(ticks).saturating_add(part),
            boot: i64::try_from(boot).unwrap_or(0),
            memory: memory.unwrap_or(0),
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
    let mut stat = Stat::parse(&std::fs::read(folder.join("stat")).ok()?)?;
    stat.pid = pid;
    let ids = Ids::parse(&std::fs::read(folder.join("status")).unwrap_or_default());
    let arguments = std::fs::read(folder.join("cmdline")).unwrap_or_default();
    Some(Process { stat, lwp, ids, arguments, folder: folder.to_path_buf() })
}
