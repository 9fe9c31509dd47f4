//! top: which processes keep the machine busy. procps's lines and keys.
//!
//! Deviations: no windows, colours and settings files; commands are not cut in
//! batch mode.

use std::cmp::Ordering;
use std::time::Duration;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::fsutil::users::Users;
use crate::order::sort_by;
use crate::proc::{self, Process, System};
use crate::screen::cells::Row;
use crate::screen::keys::{self, Key};
use crate::screen::{self, Screen};
use crate::sys::{schedule, sessions, signal, terminal};
use crate::{interval, size};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "top",
    summary: "show the busiest processes",
    usage: "[-bciH] [-n COUNT] [-d SECONDS] [-p PIDS] [-u USER] [-o FIELD] [-m LINES]\n\
            \x20 -b  plain output, for files     -n  so many times    -d  how often (3)\n\
            \x20 -p  only these processes        -H  threads          -c  whole commands\n\
            \x20 -i  without idle ones           -o  %CPU %MEM TIME+ PID\n\
            \x20 keys: q end  P M T N by processor, memory, time, number  R the other way\n\
            \x20       k kill  r renice  H threads  c commands  i idle  u user  d delay  h help",
    kind: Kind::Fork, // reads the terminal
    run,
};

const HELP: &[u8] = b"P M T N   sort by processor, memory, time, number; R the other way\n\
    H         threads            c  whole commands      i  without idle ones\n\
    k         send a signal      r  renice              u  one user's\n\
    d s       how often          space enter  now       up down  scroll\n\
    q         end";

/// What is shown, and how.
struct Top {
    order: u8,
    reverse: bool,
    threads: bool,
    commands: bool,
    busy: bool,
    pids: Vec<u32>,
    user: Option<u32>,
    pause: Duration,
    lines: usize,
    skip: usize,
    users: Users,
    system: System,
    /// Time that each had used: number, start, ticks.
    before: Vec<(u32, u64, u64)>,
    /// Uptime then, in ticks, and the line `cpu` of /proc/stat.
    then: u64,
    times: [u64; 8],
    width: usize,
}

/// A row of the table.
struct Entry {
    process: Process,
    /// Tenths of a percent of one processor.
    share: u64,
    ticks: u64,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "b,batch-mode n:iterations d:delay p:pid H,threads-show i,idle-toggle c,cmdline-toggle \
         u:filter-any-user U: o:sort-override w?width m: s,secure-mode S,accum-time-toggle",
    )?;
    options.at_most(0)?;
    let pid_max = crate::sys::file::read("/proc/sys/kernel/pid_max").unwrap_or_default();
    let mut top = Top {
        order: b'P',
        reverse: false,
        threads: false,
        commands: false,
        busy: false,
        pids: Vec::new(),
        user: None,
        pause: Duration::from_secs(3),
        lines: usize::MAX,
        skip: 0,
        users: Users::new(),
        system: System::read()?,
        before: Vec::new(),
        then: 0,
        times: [0; 8],
        width: (pid_max.trim_ascii().len()).clamp(5, 10),
    };
    let mut count = u64::MAX;
    while let Some(letter) = options.next() {
        match letter {
            b'n' => count = options.number("not a number")?,
            b'd' => {
                let value = options.bytes();
                let wrong = || Error::bad(show_bytes(&value), "not a length of time");
                top.pause = interval::parse(&value).ok().flatten().ok_or_else(wrong)?;
            }
            b'p' => {
                let value = options.bytes();
                for word in value.split(|b| b", ".contains(b)) {
                    let pid = size::count(word).and_then(|pid| u32::try_from(pid).ok());
                    let pid = pid.ok_or_else(|| Error::bad(show_bytes(word), "not a process"))?;
                    top.pids.push(if pid == 0 { std::process::id() } else { pid });
                }
            }
            b'H' => top.threads = true,
            b'i' => top.busy = true,
            b'c' => top.commands = true,
            b'm' => top.lines = options.number("not a number").map_or(usize::MAX, |n| n as usize),
            b'u' | b'U' => {
                let value = options.bytes();
                let found = top.users.uid(&value).map(|(uid, _)| uid);
                top.user =
                    Some(found.ok_or_else(|| Error::bad(show_bytes(&value), "no such user"))?);
            }
            b'o' => {
                let value = options.value();
                let (name, reverse) = match value.as_encoded_bytes() {
                    [b'-', name @ ..] => (name, true),
                    [b'+', name @ ..] => (name, false),
                    name => (name, false),
                };
                top.reverse = reverse;
                top.order = match name.to_ascii_uppercase().as_slice() {
                    b"%CPU" | b"CPU" => b'P',
                    b"%MEM" | b"MEM" | b"RES" => b'M',
                    b"TIME+" | b"TIME" => b'T',
                    b"PID" => b'N',
                    _ => return Err(Error::bad(show(&value), "cannot sort by that")),
                };
            }
            _ => {}
        }
    }
    // What happens in a moment is the first picture.
    top.look()?;
    std::thread::sleep(Duration::from_millis(150));
    let batch = options.has(b'b') || !terminal::is_terminal(cx.stdout) || screen::is_dumb(cx);
    let keyboard = if batch { None } else { screen::keyboard(cx) };
    if let Some(keyboard) = keyboard {
        let mut screen = Screen::open(cx, keyboard, true)?;
        return top.show(&mut screen, count);
    }
    loop {
        let (mut rows, table) = top.picture(sessions::users().len())?;
        rows.extend(table.into_iter().take(top.lines));
        for row in rows {
            cx.put(row.as_bytes())?;
            cx.put(b"\n")?;
        }
        count = count.saturating_sub(1);
        if count == 0 {
            return Ok(Status::OK);
        }
        cx.put(b"\n")?;
        cx.flush()?;
        std::thread::sleep(top.pause);
    }
}

/// Tenths as text.
fn tenths(n: u64) -> String {
    format!("{}.{}", n / 10, n % 10)
}

/// Kilobytes in at most `width` characters.
fn scaled(kilobytes: u64, width: u32) -> String {
    if kilobytes < 10u64.pow(width) {
        return kilobytes.to_string();
    }
    let mut tenths_of = kilobytes.saturating_mul(10) / 1024;
    let mut units = "mgtpe".chars();
    let mut unit = units.next().unwrap_or('m');
    while tenths_of >= 10u64.pow(width - 2) {
        tenths_of = (tenths_of + 512) / 1024;
        unit = units.next().unwrap_or('e');
    }
    format!("{}{unit}", tenths(tenths_of))
}

/// `12:34.56`, or shorter with hours.
fn time(ticks: u64, hz: u64) -> String {
    let hundredths = ticks.saturating_mul(100) / hz.max(1);
    let (seconds, part) = (hundredths / 100, hundredths % 100);
    if seconds / 60 < 10_000 {
        return format!("{}:{:02}.{part:02}", seconds / 60, seconds % 60);
    }
    format!("{},{:02}", seconds / 3600, seconds / 60 % 60)
}

/// The numbers of the line `cpu` in /proc/stat: user, nice, system, idle,
/// waiting, interrupts, soft ones, stolen.
fn processor_times() -> [u64; 8] {
    let text = crate::sys::file::read("/proc/stat").unwrap_or_default();
    let line = text.split(|b| *b == b'\n').next().unwrap_or_default();
    let mut words = line.split(|b| *b == b' ').filter(|word| !word.is_empty()).skip(1);
    [(); 8].map(|()| words.next().and_then(size::count).unwrap_or(0))
}

impl Top {
    /// Reads the processes, and notes how much time each has used by now.
    fn look(&mut self) -> Result<Vec<Entry>, Error> {
        let now = System::read()?.uptime;
        let passed = now.saturating_sub(self.then).max(1);
        let mut list = Vec::new();
        let mut seen = Vec::new();
        for process in proc::all(self.threads)? {
            let ticks = process.stat.utime.saturating_add(process.stat.stime);
            let (lwp, start) = (process.lwp, process.stat.start);
            let at = self.before.binary_search_by(|old| old.0.cmp(&lwp)).ok();
            let old = at.and_then(|at| self.before.get(at)).filter(|old| old.1 == start);
            // Who was not there before has used all of it since.
            let used = ticks.saturating_sub(old.map_or(0, |old| old.2));
            seen.push((lwp, start, ticks));
            let wanted = self.pids.is_empty() || self.pids.contains(&process.stat.pid);
            if wanted && self.user.is_none_or(|user| process.euid == user) {
                list.push(Entry { process, share: used.saturating_mul(1000) / passed, ticks });
            }
        }
        sort_by(&mut seen, |a, b| a.0.cmp(&b.0));
        (self.before, self.then) = (seen, now);
        Ok(list)
    }

    /// The lines above the table with its head, and the table.
    fn picture(&mut self, logged_in: usize) -> Result<(Vec<String>, Vec<String>), Error> {
        let mut list = self.look()?;
        let mut states = [0usize; 4];
        for entry in &list {
            let place = match entry.process.stat.state {
                b'R' => 0,
                b'T' | b't' => 2,
                b'Z' => 3,
                _ => 1,
            };
            if let Some(count) = states.get_mut(place) {
                *count += 1;
            }
        }
        let [running, sleeping, stopped, zombies] = states;
        let what = if self.threads { "Threads" } else { "Tasks" };
        let mut head = vec![format!("top -{}", proc::uptime_line(logged_in))];
        head.push(format!(
            "{what}: {:3} total, {running:3} running, {sleeping:3} sleeping, {stopped:3} stopped, {zombies:3} zombie",
            list.len()
        ));
        head.push(self.processors());
        head.extend(memory()?);
        head.push(String::new());
        let pid = "PID";
        head.push(format!(
            "{pid:>0$} USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND",
            self.width
        ));
        if self.busy {
            list.retain(|entry| entry.share > 0);
        }
        let (order, reverse) = (self.order, self.reverse);
        sort_by(&mut list, |a, b| {
            let (x, y) = if reverse { (b, a) } else { (a, b) };
            let by = match order {
                b'P' => y.share.cmp(&x.share),
                b'M' => y.process.stat.rss.cmp(&x.process.stat.rss),
                b'T' => y.ticks.cmp(&x.ticks),
                _ => y.process.lwp.cmp(&x.process.lwp),
            };
            if by == Ordering::Equal { a.process.lwp.cmp(&b.process.lwp) } else { by }
        });
        let mut table = Vec::new();
        for entry in &list {
            table.push(self.row(entry));
        }
        Ok((head, table))
    }

    fn processors(&mut self) -> String {
        let now = processor_times();
        let mut parts = [0; 8];
        for (part, (new, old)) in parts.iter_mut().zip(now.iter().zip(self.times)) {
            *part = new.saturating_sub(old);
        }
        self.times = now;
        let sum: u64 = parts.iter().sum::<u64>().max(1);
        let mut line = String::from("%Cpu(s):");
        let names = [
            (0, "us,"),
            (2, "sy,"),
            (1, "ni,"),
            (3, "id,"),
            (4, "wa,"),
            (5, "hi,"),
            (6, "si,"),
            (7, "st "),
        ];
        for (at, name) in names {
            let part = parts.get(at).copied().unwrap_or(0);
            let share = tenths((part.saturating_mul(1000) + sum / 2) / sum);
            line.push_str(&format!("{share:>5} {name}"));
        }
        line
    }

    fn row(&mut self, entry: &Entry) -> String {
        let stat = &entry.process.stat;
        let page = self.system.page / 1024;
        let resident = stat.rss.saturating_mul(page);
        let statm = crate::sys::file::read(entry.process.folder.join("statm")).unwrap_or_default();
        let shared = statm.split(|b| *b == b' ').nth(2).and_then(size::count).unwrap_or(0);
        let mut user = show_bytes(self.users.name_of(entry.process.euid)).to_string();
        if user.chars().count() > 8 {
            user = user.chars().take(7).chain(['+']).collect();
        }
        let priority =
            if stat.priority < -99 { "rt".to_string() } else { stat.priority.to_string() };
        let share = entry.share.min(99_999);
        let share = if share < 10_000 { tenths(share) } else { (share / 10).to_string() };
        let memory = resident.saturating_mul(1000) / self.system.memory.max(1);
        let mut line = format!("{:1$} ", entry.process.lwp, self.width);
        line.push_str(&format!("{user:<8} {priority:>3} {:>3} ", stat.nice));
        line.push_str(&format!("{:>7} ", scaled(stat.vsize / 1024, 7)));
        line.push_str(&format!("{:>6} ", scaled(resident, 6)));
        line.push_str(&format!("{:>6} ", scaled(shared.saturating_mul(page), 6)));
        line.push_str(&format!("{} {share:>5} ", char::from(stat.state)));
        line.push_str(&format!(
            "{:>5} {:>9} ",
            tenths(memory),
            time(entry.ticks, self.system.ticks)
        ));
        let arguments = &entry.process.arguments;
        if self.commands && !arguments.is_empty() {
            let end = arguments.len().min(512);
            let text = arguments.get(..end).unwrap_or_default().to_vec();
            let text: Vec<u8> = text.iter().map(|b| if *b == 0 { b' ' } else { *b }).collect();
            line.push_str(&show_bytes(text.trim_ascii_end()).to_string());
        } else if self.commands {
            line.push_str(&format!("[{}]", show_bytes(&stat.comm)));
        } else {
            line.push_str(&show_bytes(&stat.comm).to_string());
        }
        line
    }

    /// On the screen, until it is enough.
    fn show(&mut self, screen: &mut Screen, mut count: u64) -> Result<Status, Error> {
        let mut message = String::new();
        let logged_in = sessions::users().len();
        loop {
            let (head, table) = self.picture(logged_in)?;
            self.skip = self.skip.min(table.len().saturating_sub(1));
            let mut rows = Vec::new();
            let heads = head.len();
            for (at, line) in head.iter().enumerate() {
                let mut row = Row::default();
                if at + 1 == heads {
                    row.put_reverse(
                        format!("{line:<0$}", screen.columns).as_bytes(),
                        screen.columns,
                    );
                } else if at + 2 == heads {
                    row.put(message.as_bytes(), screen.columns);
                } else {
                    row.put(line.as_bytes(), screen.columns);
                }
                rows.push(row);
            }
            for line in table.iter().skip(self.skip) {
                rows.push(Row::of(line.as_bytes(), screen.columns));
            }
            rows.truncate(screen.rows);
            screen.draw(&rows, (heads.saturating_sub(2).min(screen.rows - 1), 0));
            count = count.saturating_sub(1);
            if count == 0 {
                return Ok(Status::OK);
            }
            message.clear();
            let key = screen.key(Some(self.pause));
            if matches!(key, keys::HANGUP | 3 | 0x71 | 0x51) {
                return Ok(Status::OK);
            }
            self.press(screen, key, &mut message);
        }
    }

    fn press(&mut self, screen: &mut Screen, key: Key, message: &mut String) {
        let page = screen.rows.saturating_sub(8).max(1);
        match key {
            keys::DOWN => self.skip += 1,
            keys::UP => self.skip = self.skip.saturating_sub(1),
            keys::PAGE_DOWN => self.skip += page,
            keys::PAGE_UP => self.skip = self.skip.saturating_sub(page),
            keys::HOME => self.skip = 0,
            26 => screen.suspend(),
            12 => screen.redraw(),
            _ => {}
        }
        match u8::try_from(key).unwrap_or(0) {
            order @ (b'P' | b'M' | b'T' | b'N') => self.order = order,
            b'R' => self.reverse = !self.reverse,
            b'H' => {
                self.threads = !self.threads;
                self.before.clear();
            }
            b'c' => self.commands = !self.commands,
            b'i' => self.busy = !self.busy,
            b'd' | b's' => {
                let typed = screen.ask(b"Seconds between pictures: ", &[]).unwrap_or_default();
                match interval::parse(&typed).ok().flatten() {
                    Some(pause) => self.pause = pause.max(Duration::from_millis(100)),
                    None if typed.is_empty() => {}
                    None => *message = "not a length of time".into(),
                }
            }
            b'u' => {
                let typed = screen.ask(b"User (none for all): ", &[]).unwrap_or_default();
                let found = self.users.uid(&typed).map(|(uid, _)| uid);
                if found.is_none() && !typed.is_empty() {
                    *message = "no such user".into();
                } else {
                    self.user = found;
                }
            }
            letter @ (b'k' | b'r') => *message = self.act(screen, letter == b'k'),
            b'h' | b'?' => {
                let mut rows = Vec::new();
                for line in HELP.split(|b| *b == b'\n').take(screen.rows) {
                    rows.push(Row::of(line, screen.columns));
                }
                screen.draw(&rows, (rows.len().min(screen.rows - 1), 0));
                screen.key(None);
            }
            _ => {}
        }
    }

    /// Asks for a process and what to do to it; what went wrong.
    fn act(&mut self, screen: &mut Screen, kill: bool) -> String {
        let question: &[u8] = if kill { b"PID to signal/kill: " } else { b"PID to renice: " };
        let Some(typed) = screen.ask(question, &[]).filter(|typed| !typed.is_empty()) else {
            return String::new();
        };
        let pid = size::count(&typed).and_then(|pid| i32::try_from(pid).ok());
        let Some(pid) = pid.filter(|pid| *pid > 0) else { return "not a process".into() };
        let question: &[u8] = if kill { b"Signal (TERM): " } else { b"Nice value: " };
        let Some(typed) = screen.ask(question, &[]) else { return String::new() };
        let done = if kill {
            let typed = if typed.is_empty() { b"TERM".to_vec() } else { typed };
            let Some(number) = signal::number(&typed) else { return "no such signal".into() };
            signal::send(pid, number)
        } else {
            let (digits, sign) = match typed.strip_prefix(b"-") {
                Some(digits) => (digits, -1),
                None => (typed.as_slice(), 1),
            };
            let value = size::count(digits).and_then(|n| i32::try_from(n).ok());
            let Some(value) = value else { return "not a number".into() };
            schedule::set_niceness(schedule::Who::Process(pid.unsigned_abs()), value * sign)
        };
        match done {
            Ok(()) => String::new(),
            Err(errno) => Error::os(pid, errno).to_string(),
        }
    }
}

fn memory() -> Result<[String; 2], Error> {
    let memory = proc::memory()?;
    let part = |kilobytes: u64| tenths(kilobytes.saturating_mul(10) / 1024);
    let of = |name: &str| memory.get(name);
    let cache = of("Buffers") + of("Cached") + of("SReclaimable");
    let (total, free, available) = (of("MemTotal"), of("MemFree"), of("MemAvailable"));
    let used = total.saturating_sub(if available == 0 { free } else { available });
    let (swap, unused) = (of("SwapTotal"), of("SwapFree"));
    Ok([
        format!(
            "MiB Mem : {:>8} total, {:>8} free, {:>8} used, {:>8} buff/cache     ",
            part(total),
            part(free),
            part(used),
            part(cache)
        ),
        format!(
            "MiB Swap: {:>8} total, {:>8} free, {:>8} used. {:>8} avail Mem ",
            part(swap),
            part(unused),
            part(swap.saturating_sub(unused)),
            part(available)
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_fit() {
        assert_eq!(scaled(999_999, 6), "999999");
        assert_eq!(scaled(1_234_567, 6), "1.2g");
        assert_eq!(scaled(123_456_789, 6), "117.7g");
        assert_eq!(tenths(123), "12.3");
        assert_eq!(time(123_456, 100), "20:34.56");
        assert_eq!(time(100 * 60 * 20_000, 100), "333,20");
    }
}
