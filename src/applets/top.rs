//! top: which processes keep the machine busy. procps's lines and keys, and
//! toybox's -O, -k and -q.
//!
//! Deviations: no windows, colours and settings files; commands are not cut in
//! batch mode without -w. -o with a list is toybox's: the columns to show.

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

mod field;

use field::{Field, in_unit, line_of, sorting, tenths};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "top",
    summary: "show the busiest processes",
    usage: "[-bciqH1] [-n COUNT] [-d SECONDS] [-p PIDS] [-u USER] [-o FIELD] [-m LINES] [-w WIDTH]\n\
            \x20 -b  plain output, for files     -n  so many times    -d  how often (3)\n\
            \x20 -p  only these processes        -H  threads          -c  whole commands\n\
            \x20 -i  without idle ones           -q  no head          -1  each processor\n\
            \x20 -o, -k FIELD,...  sort by these, -FIELD the other way: %CPU, RES, those of ps -o\n\
            \x20 -O FIELD,...  show these instead of PR to S    -o PID,COMMAND  show only these\n\
            \x20 -e, -E k|m|g|t|p  the unit of the table, of the head\n\
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
    columns: Vec<Field>,
    /// What to sort by, and whether the smallest is first.
    order: Vec<(Field, bool)>,
    reverse: bool,
    /// Units of the table and of the head: k, m, g, ...; 0 for what fits.
    unit: u8,
    head_unit: u8,
    each: bool,
    no_head: bool,
    cut: usize,
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
    /// Uptime then, in ticks, and the lines `cpu` of /proc/stat.
    then: u64,
    times: Vec<[u64; 8]>,
    width: usize,
}

/// A row of the table.
struct Entry {
    process: Process,
    /// Tenths of a percent of one processor.
    share: u64,
    ticks: u64,
}

const USUAL: &[u8] = b"PID,USER,PR,NI,VIRT,RES,SHR,S,%CPU,%MEM,TIME+,COMMAND";

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "b,batch-mode n:iterations d:delay p:pid H,threads-show i,idle-toggle c,cmdline-toggle \
         u:filter-only-euser U:filter-any-user o:sort-override w?width m: s,secure-mode \
         S,accum-time-toggle e:scale-task-mem E:scale-summary-mem 1,single-cpu-toggle O: k: q",
    )?;
    // the width may be a word of its own, as procps takes it
    let mut width = options.operands.pop();
    options.at_most(0)?;
    if !options.has(b'w')
        && let Some(word) = width
    {
        return Err(Error::bad(show(&word), "unexpected argument"));
    }
    let pid_max = crate::sys::file::read("/proc/sys/kernel/pid_max").unwrap_or_default();
    let mut top = Top {
        columns: Field::list(USUAL)?,
        order: vec![(Field::Share, false)],
        reverse: false,
        unit: 0,
        head_unit: b'm',
        each: false,
        no_head: false,
        cut: usize::MAX,
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
        times: Vec::new(),
        width: (pid_max.trim_ascii().len()).clamp(5, 10),
    };
    let mut count = u64::MAX;
    while let Some(letter) = options.next() {
        match letter {
            b'n' => {
                count = options.number("not a number")?;
                if count == 0 {
                    return Err(Error::usage("-n 0: how often?"));
                }
            }
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
            b'q' => top.no_head = true,
            b'1' => top.each = true,
            b'm' => top.lines = options.number("not a number").map_or(usize::MAX, |n| n as usize),
            b'w' => {
                if let Some(value) = options.optional().or_else(|| width.take()) {
                    let width = crate::options::number(&value).filter(|n| (1..=512).contains(n));
                    let width = width.and_then(|width: u64| usize::try_from(width).ok());
                    top.cut = width.ok_or_else(|| Error::bad(show(&value), "not a width"))?;
                }
            }
            b'e' | b'E' => {
                let value = options.bytes();
                let unit = match value.as_slice() {
                    [unit @ (b'k' | b'm' | b'g' | b't' | b'p')] => *unit,
                    [b'e'] if letter == b'E' => b'e',
                    _ => return Err(Error::bad(show_bytes(&value), "not a unit")),
                };
                *if letter == b'e' { &mut top.unit } else { &mut top.head_unit } = unit;
            }
            b'u' | b'U' => {
                let value = options.bytes();
                let found = top.users.uid(&value).map(|(uid, _)| uid);
                top.user =
                    Some(found.ok_or_else(|| Error::bad(show_bytes(&value), "no such user"))?);
            }
            b'O' => {
                top.columns = Field::list(b"PID,USER")?;
                top.columns.append(&mut Field::list(&options.bytes())?);
                top.columns.append(&mut Field::list(b"%CPU,%MEM,TIME+,COMMAND")?);
            }
            b'o' => {
                let value = options.bytes();
                if value.contains(&b',') {
                    top.columns = Field::list(&value)?;
                } else {
                    // procps: - is from the smallest on
                    top.order = vec![sorting(&value, b'-')?];
                }
            }
            b'k' => {
                // toybox: - is from the largest on
                let value = options.bytes();
                let words = value.split(|&b| b == b',').filter(|word| !word.is_empty());
                top.order = words.map(|word| sorting(word, b'-')).collect::<Result<_, _>>()?;
                top.order.iter_mut().for_each(|(_, smallest)| *smallest = !*smallest);
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
        if top.no_head {
            rows.clear();
        }
        rows.extend(table.into_iter().take(top.lines));
        for row in rows {
            let end = row.char_indices().nth(top.cut).map_or(row.len(), |(at, _)| at);
            cx.put(row.get(..end).unwrap_or_default().as_bytes())?;
            cx.put(b"\n")?;
        }
        count = count.saturating_sub(1);
        if count == 0 {
            return Ok(Status::OK);
        }
        if !top.no_head {
            cx.put(b"\n")?;
        }
        cx.flush()?;
        std::thread::sleep(top.pause);
    }
}

/// The numbers of the lines `cpu` in /proc/stat, all processors' first: user,
/// nice, system, idle, waiting, interrupts, soft ones, stolen.
fn processor_times() -> Vec<[u64; 8]> {
    let text = crate::sys::file::read("/proc/stat").unwrap_or_default();
    let lines = text.split(|b| *b == b'\n').take_while(|line| line.starts_with(b"cpu"));
    let numbers = lines.map(|line| {
        let mut words = line.split(|b| *b == b' ').filter(|word| !word.is_empty()).skip(1);
        [(); 8].map(|()| words.next().and_then(size::count).unwrap_or(0))
    });
    numbers.collect()
}

/// A line about one processor or all of them.
fn processor(mut line: String, parts: [u64; 8]) -> String {
    let sum: u64 = parts.iter().sum::<u64>().max(1);
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
        head.append(&mut self.processors());
        head.extend(memory(self.head_unit)?);
        head.push(String::new());
        let heads: Vec<_> = self.columns.iter().map(|field| field.head(self.width)).collect();
        let heads = heads.into_iter().map(|(text, width, shape)| (text.to_string(), width, shape));
        head.push(line_of(&heads.collect::<Vec<_>>()));
        if self.busy {
            list.retain(|entry| entry.share > 0);
        }
        let order = std::mem::take(&mut self.order);
        // Keys are made once: to compare they may need files.
        let mut keyed = Vec::new();
        for entry in list {
            let mut keys = Vec::new();
            for (field, _) in &order {
                keys.push(self.key(field, &entry));
            }
            keyed.push((keys, entry));
        }
        let reverse = self.reverse;
        sort_by(&mut keyed, |(a, first), (b, second)| {
            for ((x, y), (_, smallest)) in a.iter().zip(b).zip(&order) {
                let by = if *smallest != reverse { x.cmp(y) } else { y.cmp(x) };
                if by != Ordering::Equal {
                    return by;
                }
            }
            first.process.lwp.cmp(&second.process.lwp)
        });
        self.order = order;
        let columns = std::mem::take(&mut self.columns);
        let mut table = Vec::new();
        for (_, entry) in &keyed {
            let mut cells = Vec::new();
            for field in &columns {
                let (_, width, shape) = field.head(self.width);
                cells.push((self.cell(field, entry), width, shape));
            }
            table.push(line_of(&cells));
        }
        self.columns = columns;
        Ok((head, table))
    }

    fn processors(&mut self) -> Vec<String> {
        let now = processor_times();
        let mut lines = Vec::new();
        for (at, new) in now.iter().enumerate() {
            // with -1 each, otherwise only the first, which is all of them
            if self.each != (at > 0) && now.len() > 1 {
                continue;
            }
            let mut parts = [0; 8];
            let old = self.times.get(at).copied().unwrap_or_default();
            for (part, (new, old)) in parts.iter_mut().zip(new.iter().zip(old)) {
                *part = new.saturating_sub(old);
            }
            let name = match at.checked_sub(1) {
                Some(at) => format!("%Cpu{at:<3}:"),
                None => "%Cpu(s):".into(),
            };
            lines.push(processor(name, parts));
        }
        self.times = now;
        lines
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
            b'P' => self.order = vec![(Field::Share, false)],
            b'M' => self.order = vec![(Field::Resident, false)],
            b'T' => self.order = vec![(Field::Ticks, false)],
            b'N' => self.order = vec![(Field::Pid, false)],
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

fn memory(unit: u8) -> Result<[String; 2], Error> {
    let memory = proc::memory()?;
    let part = |kilobytes: u64| in_unit(kilobytes, unit);
    let name = char::from(unit.to_ascii_uppercase());
    let of = |name: &str| memory.get(name);
    let cache = of("Buffers") + of("Cached") + of("SReclaimable");
    let (total, free, available) = (of("MemTotal"), of("MemFree"), of("MemAvailable"));
    let used = total.saturating_sub(if available == 0 { free } else { available });
    let (swap, unused) = (of("SwapTotal"), of("SwapFree"));
    Ok([
        format!(
            "{name}iB Mem : {:>8} total, {:>8} free, {:>8} used, {:>8} buff/cache     ",
            part(total),
            part(free),
            part(used),
            part(cache)
        ),
        format!(
            "{name}iB Swap: {:>8} total, {:>8} free, {:>8} used. {:>8} avail Mem ",
            part(swap),
            part(unused),
            part(swap.saturating_sub(unused)),
            part(available)
        ),
    ])
}
