//! Columns: their names, heads, widths, and what stands in them.

use crate::applet::show_bytes;
use crate::civil::Civil;
use crate::fsutil::users::Users;
use crate::proc::{Process, System};
use crate::procstat::terminal_name;
use crate::sys::clock;

/// How a column is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Text at the left, cut when too wide and not last.
    Left,
    /// Numbers at the right.
    Right,
    /// As [`Shape::Left`], and children are indented in it.
    Command,
}

/// One column of the output.
#[derive(Clone, Debug)]
pub struct Column {
    what: What,
    /// What stands above it.
    pub head: String,
    /// Its width.
    pub width: usize,
    /// How it is set.
    pub shape: Shape,
}

/// What to sort by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Addr,
    Args,
    BsdStart,
    BsdTime,
    C,
    Cgroup,
    Comm,
    Egid,
    ElapsedSeconds,
    Elapsed,
    Euid,
    Euser,
    Flags,
    Group,
    Label,
    Lstart,
    Lwp,
    MajorFaults,
    Mem,
    MinorFaults,
    Nice,
    Opri,
    Cpu,
    Pgid,
    Pid,
    Ppid,
    Pri,
    Priority,
    Psr,
    Rgid,
    Rgroup,
    Rss,
    Ruid,
    Ruser,
    Session,
    Start,
    Stat,
    State,
    Stime,
    Sz,
    Threads,
    Time,
    TimeSeconds,
    Tpgid,
    Tty,
    Vsz,
    Wchan,
}

use Shape::{Command, Left, Right};

/// Names (all that mean the same), head, width, shape. After procps's
/// documentation of its standard format specifiers.
const COLUMNS: [(&str, What, &str, usize, Shape); 47] = [
    ("addr", What::Addr, "ADDR", 1, Right),
    ("args cmd command", What::Args, "COMMAND", 27, Command),
    ("bsdstart", What::BsdStart, "START", 5, Right),
    ("bsdtime", What::BsdTime, "TIME", 6, Right),
    ("c", What::C, "C", 2, Right),
    ("cgroup", What::Cgroup, "CGROUP", 27, Left),
    ("comm fname ucmd ucomm", What::Comm, "COMMAND", 15, Command),
    ("egid gid", What::Egid, "GID", 5, Right),
    ("etimes", What::ElapsedSeconds, "ELAPSED", 7, Right),
    ("etime", What::Elapsed, "ELAPSED", 11, Right),
    ("euid uid", What::Euid, "UID", 5, Right),
    ("euser user uname", What::Euser, "USER", 8, Left),
    ("f flag flags", What::Flags, "F", 1, Right),
    ("group egroup", What::Group, "GROUP", 8, Left),
    ("label context", What::Label, "LABEL", 31, Left),
    ("lstart", What::Lstart, "STARTED", 24, Right),
    ("lwp spid tid", What::Lwp, "LWP", 5, Right),
    ("maj_flt majflt pagein", What::MajorFaults, "MAJFL", 6, Right),
    ("%mem pmem", What::Mem, "%MEM", 4, Right),
    ("min_flt minflt", What::MinorFaults, "MINFL", 6, Right),
    ("ni nice", What::Nice, "NI", 3, Right),
    ("opri intpri", What::Opri, "PRI", 3, Right),
    ("%cpu pcpu", What::Cpu, "%CPU", 4, Right),
    ("pgid pgrp", What::Pgid, "PGID", 5, Right),
    ("pid tgid", What::Pid, "PID", 5, Right),
    ("ppid", What::Ppid, "PPID", 5, Right),
    ("pri", What::Pri, "PRI", 3, Right),
    ("priority", What::Priority, "PRI", 3, Right),
    ("psr", What::Psr, "PSR", 3, Right),
    ("rgid", What::Rgid, "RGID", 5, Right),
    ("rgroup", What::Rgroup, "RGROUP", 8, Left),
    ("rss rssize rsz", What::Rss, "RSS", 5, Right),
    ("ruid", What::Ruid, "RUID", 5, Right),
    ("ruser", What::Ruser, "RUSER", 8, Left),
    ("sid sess session", What::Session, "SID", 5, Right),
    ("start", What::Start, "STARTED", 8, Right),
    ("stat", What::Stat, "STAT", 4, Left),
    ("s state", What::State, "S", 1, Left),
    ("stime start_time", What::Stime, "STIME", 5, Left),
    ("sz", What::Sz, "SZ", 5, Right),
    ("nlwp thcount", What::Threads, "NLWP", 4, Right),
    ("time cputime", What::Time, "TIME", 8, Right),
    ("times cputimes", What::TimeSeconds, "TIME", 8, Right),
    ("tpgid", What::Tpgid, "TPGID", 5, Right),
    ("tname tt tty", What::Tty, "TTY", 8, Left),
    ("vsz vsize", What::Vsz, "VSZ", 6, Right),
    ("wchan", What::Wchan, "WCHAN", 6, Left),
];

/// Heads that are not those of the row in the table.
const OTHER_HEADS: [(&str, &str); 12] = [
    ("cmd", "CMD"),
    ("ucmd", "CMD"),
    ("egid", "EGID"),
    ("egroup", "EGROUP"),
    ("euid", "EUID"),
    ("euser", "EUSER"),
    ("pgrp", "PGRP"),
    ("spid", "SPID"),
    ("start_time", "START"),
    ("tid", "TID"),
    ("tt", "TT"),
    ("tty", "TT"),
];

/// Whether a list of columns begins there.
fn is_list(text: &[u8]) -> bool {
    let end = text.iter().position(|b| matches!(b, b',' | b' ' | b'='));
    let (name, _) = split_width(text.get(..end.unwrap_or(text.len())).unwrap_or_default());
    COLUMNS.iter().any(|row| row.0.split(' ').any(|n| n == name))
}

impl Column {
    /// The columns of a list: `pid,user` or `pid=ID`, whose head goes on to
    /// the end of the list (POSIX) unless columns follow it: `pid=ID,user=WHO`
    /// are two, as everybody reads it.
    pub fn parse_list(list: &[u8]) -> Result<Vec<Column>, String> {
        let mut columns = Vec::new();
        let mut rest = list;
        while !rest.is_empty() {
            let end =
                rest.iter().position(|b| matches!(b, b',' | b' ' | b'=')).unwrap_or(rest.len());
            let (name, tail) = rest.split_at_checked(end).unwrap_or((rest, b""));
            let mut head = None;
            match tail.split_first() {
                Some((b'=', text)) => {
                    let follows = |&at: &usize| {
                        text.get(at) == Some(&b',') && text.get(at + 1..).is_some_and(is_list)
                    };
                    let end = (0..text.len()).find(follows).unwrap_or(text.len());
                    head = text.get(..end);
                    rest = text.get(end + 1..).unwrap_or_default();
                }
                Some((_, tail)) => rest = tail,
                None => rest = b"",
            }
            if name.is_empty() && head.is_none() {
                continue;
            }
            let (name, given) = split_width(name);
            let row = COLUMNS.iter().find(|row| row.0.split(' ').any(|n| n == name));
            let Some(&(_, what, usual, width, shape)) = row else {
                return Err(format!("{}: no such column", show_bytes(name.as_bytes())));
            };
            let other = OTHER_HEADS.iter().find(|(n, _)| *n == name).map(|(_, head)| *head);
            let width = given.unwrap_or(width);
            let mut column =
                Column { what, head: other.unwrap_or(usual).to_string(), width, shape };
            if let Some(head) = head {
                column.head = show_bytes(head).to_string();
                column.width = column.width.max(column.head.chars().count());
            }
            columns.push(column);
        }
        Ok(columns)
    }

    /// Whether it is the one of this name.
    pub fn is(&self, name: &[u8]) -> bool {
        COLUMNS
            .iter()
            .any(|row| row.1 == self.what && row.0.split(' ').any(|n| n.as_bytes() == name))
    }

    /// What to sort by.
    pub fn key(&self, process: &Process, system: &System, users: &mut Users) -> Key {
        let stat = &process.stat;
        let number = |n: u64| Key::Number(i64::try_from(n).unwrap_or(i64::MAX));
        match self.what {
            What::Rss => number(resident(process, system)),
            What::Vsz | What::Sz => number(stat.vsize),
            What::Time | What::BsdTime | What::TimeSeconds => number(stat.utime + stat.stime),
            What::Start | What::Stime | What::BsdStart | What::Lstart => number(stat.start),
            What::Elapsed | What::ElapsedSeconds => {
                Key::Number(-i64::try_from(stat.start).unwrap_or(i64::MAX))
            }
            What::Cpu | What::C => number(permille(process, system)),
            What::Mem => number(resident(process, system)),
            _ => {
                let text = self.text(process, system, users);
                text.trim().parse().map_or(Key::Text(text), Key::Number)
            }
        }
    }

    /// What stands in it.
    pub fn text(&self, process: &Process, system: &System, users: &mut Users) -> String {
        let stat = &process.stat;
        let ticks = |n: u64| n / system.ticks;
        let elapsed = elapsed(process, system);
        match self.what {
            What::Addr => "-".into(),
            What::Args => arguments(process),
            What::BsdStart | What::Stime => self.started(process, system),
            What::BsdTime => {
                let seconds = ticks(stat.utime + stat.stime);
                format!("{}:{:02}", seconds / 60, seconds % 60)
            }
            What::C => (permille(process, system) / 10).min(99).to_string(),
            What::Cgroup => {
                let text =
                    crate::sys::file::read(process.folder.join("cgroup")).unwrap_or_default();
                let lines: Vec<String> = text
                    .split(|&b| b == b'\n')
                    .filter(|line| !line.is_empty())
                    .map(visible)
                    .collect();
                if lines.is_empty() { "-".into() } else { lines.join(",") }
            }
            What::Comm => command_name(process),
            What::Egid => process.egid.to_string(),
            What::ElapsedSeconds => elapsed.to_string(),
            What::Elapsed => {
                let (d, h, m, s) =
                    (elapsed / 86400, elapsed / 3600 % 24, elapsed / 60 % 60, elapsed % 60);
                match (d, h) {
                    (0, 0) => format!("{m:02}:{s:02}"),
                    (0, _) => format!("{h:02}:{m:02}:{s:02}"),
                    _ => format!("{d}-{h:02}:{m:02}:{s:02}"),
                }
            }
            What::Euid => process.euid.to_string(),
            What::Euser => self.user(process.euid, users.name_of(process.euid)),
            What::Flags => format!("{:o}", stat.flags >> 6 & 7),
            What::Group => self.user(process.egid, users.group_of(process.egid)),
            What::Label => {
                let text = crate::sys::file::read(process.folder.join("attr/current"));
                match text.unwrap_or_default().trim_ascii_end() {
                    b"" => "-".into(),
                    text => visible(text.strip_suffix(b"\0").unwrap_or(text)),
                }
            }
            What::Lstart => self.start_time(process, system).ctime(),
            What::Lwp => process.lwp.to_string(),
            What::MajorFaults => stat.major_faults.to_string(),
            What::Mem => {
                let kilobytes = resident(process, system);
                let share = kilobytes.saturating_mul(1000).checked_div(system.memory);
                let share = share.unwrap_or(0).min(999);
                format!("{}.{}", share / 10, share % 10)
            }
            What::MinorFaults => stat.minor_faults.to_string(),
            // real time knows no niceness
            What::Nice if matches!(stat.policy, 1 | 2 | 6) => "-".into(),
            What::Nice => stat.nice.to_string(),
            What::Opri => (60 + stat.priority).to_string(),
            What::Pri => (39 - stat.priority).to_string(),
            What::Priority => stat.priority.to_string(),
            What::Cpu => {
                let share = permille(process, system);
                if share > 999 {
                    (share / 10).to_string()
                } else {
                    format!("{}.{}", share / 10, share % 10)
                }
            }
            What::Pgid => stat.pgrp.to_string(),
            What::Pid => stat.pid.to_string(),
            What::Ppid => stat.ppid.to_string(),
            What::Psr => stat.processor.to_string(),
            What::Rgid => process.ids().rgid.to_string(),
            What::Rgroup => self.user(process.ids().rgid, users.group_of(process.ids().rgid)),
            What::Rss => resident(process, system).to_string(),
            What::Ruid => process.ids().ruid.to_string(),
            What::Ruser => self.user(process.ids().ruid, users.name_of(process.ids().ruid)),
            What::Session => stat.session.to_string(),
            What::Start => {
                let t = self.start_time(process, system);
                if elapsed < 86400 {
                    format!("{:02}:{:02}:{:02}", t.hour, t.minute, t.second)
                } else {
                    format!("  {} {:02}", t.month_name(), t.day)
                }
            }
            What::Stat => state(process),
            What::State => char::from(stat.state).to_string(),
            What::Sz => stat.vsize.checked_div(system.page).unwrap_or(0).to_string(),
            What::Threads => stat.threads.to_string(),
            What::Time => {
                let seconds = ticks(stat.utime + stat.stime);
                let (d, rest) = (seconds / 86400, seconds % 86400);
                let time = format!("{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
                if d == 0 { time } else { format!("{d}-{time}") }
            }
            What::TimeSeconds => ticks(stat.utime + stat.stime).to_string(),
            What::Tpgid => stat.tpgid.to_string(),
            What::Tty => terminal(stat.tty),
            What::Vsz => (stat.vsize / 1024).to_string(),
            What::Wchan => {
                let text = crate::sys::file::read(process.folder.join("wchan")).unwrap_or_default();
                match text.as_slice() {
                    b"" | b"0" => "-".into(),
                    text => visible(text),
                }
            }
        }
    }

    /// A name that does not fit is its number (POSIX), so that none is taken
    /// for another that starts like it. procps cuts with a `+`.
    fn user(&self, id: u32, name: &[u8]) -> String {
        let name = visible(name);
        if name.chars().count() <= self.width {
            return name;
        }
        let number = id.to_string();
        if number.len() <= self.width { number } else { name }
    }

    fn start_time(&self, process: &Process, system: &System) -> Civil {
        let seconds = i64::try_from(process.stat.start / system.ticks).unwrap_or(0);
        let at = system.boot.saturating_add(seconds);
        Civil::of(at, clock::zone_offset(at))
    }

    /// The time today, the day this year, otherwise the year.
    fn started(&self, process: &Process, system: &System) -> String {
        let t = self.start_time(process, system);
        let now = i64::try_from(clock::now().as_secs()).unwrap_or(0);
        let now = Civil::of(now, clock::zone_offset(now));
        if (t.year, t.month, t.day) == (now.year, now.month, now.day) {
            format!("{:02}:{:02}", t.hour, t.minute)
        } else if t.year == now.year {
            format!("{}{:02}", t.month_name(), t.day)
        } else {
            t.year.to_string()
        }
    }
}

/// `wchan:20` is a column with a width of its own.
fn split_width(word: &[u8]) -> (String, Option<usize>) {
    let word = String::from_utf8_lossy(word).to_lowercase();
    match word.split_once(':').and_then(|(name, width)| Some((name, width.parse().ok()?))) {
        Some((name, width)) if (1..=4096).contains(&width) => (name.to_string(), Some(width)),
        _ => (word, None),
    }
}

/// Numbers instead of the names of users and groups, at the right as procps
/// has them.
pub fn number_users(columns: &mut [Column]) {
    for column in columns {
        column.what = match column.what {
            What::Euser => What::Euid,
            What::Ruser => What::Ruid,
            What::Group => What::Egid,
            What::Rgroup => What::Rgid,
            _ => continue,
        };
        column.shape = Right;
    }
}

/// Busybox's default columns: `PID   USER     TIME  COMMAND`.
pub fn shape_like_busybox(columns: &mut [Column]) {
    for column in columns {
        match column.what {
            What::BsdTime => {
                column.head = "TIME ".into();
                column.width = 5;
            }
            What::Pid => column.head = "PID  ".into(),
            _ => {}
        }
    }
}

/// Resident memory in kilobytes. The count in `stat` lags behind that in
/// `status`, which zombies and kernel threads have not.
fn resident(process: &Process, system: &System) -> u64 {
    let coarse = process.stat.rss.saturating_mul(system.page) / 1024;
    process.ids().resident.unwrap_or(coarse)
}

/// Seconds since it started.
fn elapsed(process: &Process, system: &System) -> u64 {
    system.uptime.saturating_sub(process.stat.start) / system.ticks
}

/// Processor time by elapsed time, in thousandths.
fn permille(process: &Process, system: &System) -> u64 {
    let used = (process.stat.utime + process.stat.stime) * 1000 / system.ticks;
    used.checked_div(elapsed(process, system)).unwrap_or(0)
}

/// The state with what procps adds to its letter.
fn state(process: &Process) -> String {
    let stat = &process.stat;
    let mut text = char::from(stat.state).to_string();
    if stat.nice < 0 {
        text.push('<');
    } else if stat.nice > 0 {
        text.push('N');
    }
    if process.ids().locked > 0 {
        text.push('L');
    }
    if stat.session == stat.pid {
        text.push('s');
    }
    if stat.threads > 1 {
        text.push('l');
    }
    if stat.tpgid > 0 && i64::from(stat.pgrp) == stat.tpgid {
        text.push('+');
    }
    text
}

/// The terminal's name; those that the kernel numbers freely by sysfs.
fn terminal(device: u32) -> String {
    if device == 0 {
        return "?".into();
    }
    if let Some(name) = terminal_name(device) {
        return name;
    }
    let (major, minor) = (device >> 8 & 0xfff, device & 0xff | device >> 12 & 0xfff00);
    let event =
        crate::sys::file::read(format!("/sys/dev/char/{major}:{minor}/uevent")).unwrap_or_default();
    let name = event.split(|&b| b == b'\n').find_map(|line| line.strip_prefix(b"DEVNAME="));
    name.map_or_else(|| format!("{major}:{minor}"), visible)
}

/// Names and arguments are the process's own words: nothing in them may move
/// the cursor.
fn visible(bytes: &[u8]) -> String {
    if bytes.iter().all(|b| matches!(b, b' '..=b'~'))
        && let Ok(text) = String::from_utf8(bytes.to_vec())
    {
        return text;
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.extend(chunk.valid().chars().map(|c| if c.is_control() { '?' } else { c }));
        text.extend(chunk.invalid().iter().map(|_| '?'));
    }
    text
}

fn command_name(process: &Process) -> String {
    let mut name = visible(&process.stat.comm);
    if process.stat.state == b'Z' {
        name.push_str(" <defunct>");
    }
    name
}

/// The arguments, or the name in brackets of what has none.
fn arguments(process: &Process) -> String {
    let words = process.arguments.strip_suffix(b"\0").unwrap_or(&process.arguments);
    if words.is_empty() {
        let name = visible(&process.stat.comm);
        return if process.stat.state == b'Z' {
            format!("[{name}] <defunct>")
        } else {
            format!("[{name}]")
        };
    }
    let words: Vec<u8> = words.iter().map(|&b| if b == 0 { b' ' } else { b }).collect();
    visible(&words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        let heads = |list: &str| -> Vec<String> {
            Column::parse_list(list.as_bytes()).unwrap().into_iter().map(|c| c.head).collect()
        };
        assert_eq!(heads("pid,ppid user"), ["PID", "PPID", "USER"]);
        assert_eq!(heads("pid,args=A, B"), ["PID", "A, B"]);
        assert_eq!(heads("pid="), [""]);
        assert_eq!(heads("tt,cmd"), ["TT", "CMD"]);
        assert_eq!(Column::parse_list(b"wchan:20").unwrap()[0].width, 20);
        assert!(Column::parse_list(b"pid,nosuch").unwrap_err().contains("nosuch"));
    }

    #[test]
    fn words_of_a_process_are_tame() {
        assert_eq!(visible(b"a\x1b[2J\xff\n"), "a?[2J??");
    }
}
