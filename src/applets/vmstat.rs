//! vmstat, iostat: what processors, memory and disks do. The forms of procps 4
//! (without -m and -p) and of sysstat 12.

use std::ffi::OsString;
use std::time::Duration;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::civil::Civil;
use crate::proc::{self, System};
use crate::sys::{clock, float};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "vmstat",
    summary: "print what processors, memory and disks do",
    usage: "[-anwty] [-S UNIT] [SECONDS [COUNT]], or -s, -d, -D or -f\n\
            \x20 -a  active and inactive memory   -w  wide   -t  with the time   -n  one head line\n\
            \x20 -y  without the first line, which is of all time\n\
            \x20 -S k|K|m|M  units of 1000, 1024, 1000000, 1048576 bytes\n\
            \x20 -s  counters, a line each        -d, -D  disks; their sum        -f  forks",
    kind: Kind::Fork, // waits
    run: vmstat,
};

/// iostat.
pub(super) static IOSTAT: Applet = Applet {
    name: "iostat",
    summary: "print what processors and disks do",
    usage: "[-cdxtzykm] [DEVICE...] [SECONDS [COUNT]]\n\
            \x20 -c, -d  only processors, only disks      -x  more of disks\n\
            \x20 -k, -m  kilobytes, megabytes             -t  with the time\n\
            \x20 -z  without disks that did nothing       -y  without the report of all time",
    kind: Kind::Fork, // waits
    run: iostat,
};

/// Numbers of a text, all words that are some.
fn numbers(text: &[u8]) -> Vec<u64> {
    let words = text.split(u8::is_ascii_whitespace);
    words.filter_map(|word| std::str::from_utf8(word).ok()?.parse().ok()).collect()
}

/// The line of a name in a file of `NAME VALUE...`.
fn line<'a>(text: &'a [u8], name: &[u8]) -> &'a [u8] {
    text.split(|&b| b == b'\n')
        .find_map(|line| {
            line.strip_prefix(name).filter(|rest| rest.first().is_none_or(|b| *b == b' '))
        })
        .unwrap_or_default()
}

fn first(text: &[u8], name: &[u8]) -> u64 {
    numbers(line(text, name)).first().copied().unwrap_or(0)
}

/// /proc/stat and /proc/vmstat at one time.
struct Counters {
    /// user nice system idle iowait irq softirq steal guest guest_nice
    cpu: Vec<u64>,
    interrupts: u64,
    switches: u64,
    forks: u64,
    boot: u64,
    running: u64,
    blocked: u64,
    paged: [u64; 2],
    swapped: [u64; 2],
    /// Seconds since the start.
    uptime: f64,
}

impl Counters {
    fn read() -> Result<Counters, Error> {
        let stat = crate::sys::file::read("/proc/stat").map_err(|e| Error::os("/proc/stat", e))?;
        let vm = crate::sys::file::read("/proc/vmstat").unwrap_or_default();
        let mut cpu = numbers(line(&stat, b"cpu"));
        cpu.resize(10, 0);
        Ok(Counters {
            cpu,
            interrupts: first(&stat, b"intr"),
            switches: first(&stat, b"ctxt"),
            forks: first(&stat, b"processes"),
            boot: first(&stat, b"btime"),
            running: first(&stat, b"procs_running"),
            blocked: first(&stat, b"procs_blocked"),
            paged: [first(&vm, b"pgpgin"), first(&vm, b"pgpgout")],
            swapped: [first(&vm, b"pswpin"), first(&vm, b"pswpout")],
            uptime: clock::since_boot().as_secs_f64(),
        })
    }

    fn cpu(&self, at: usize) -> u64 {
        self.cpu.get(at).copied().unwrap_or(0)
    }
}

struct Style {
    active: bool,
    wide: bool,
    time: bool,
    unit: u64,
}

/// Waits between reports. The operands behind the devices: seconds and how
/// often.
fn rhythm(words: &[OsString]) -> Result<(Option<u64>, Option<u64>), Error> {
    let number = |word: &OsString| {
        crate::options::number(word)
            .filter(|&number| number > 0)
            .ok_or_else(|| Error::bad(show(word), "not a number").with(Status::FAILURE))
    };
    let every = words.first().map(number).transpose()?;
    let count = words.get(1).map(number).transpose()?;
    Ok((every, count))
}

fn vmstat(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx
        .parse(
            "a,active f,forks m,slabs n,one-header s,stats d,disk D,disk-sum p:partition S:unit w,wide \
             t,timestamp y,no-first",
        )
        .map_err(|e| e.with(Status::FAILURE))?;
    options.at_most(2).map_err(|e| e.with(Status::FAILURE))?;
    let mut style = Style { active: false, wide: false, time: false, unit: 1024 };
    let (mut what, mut once, mut later) = (0, false, false);
    while let Some(letter) = options.next() {
        match letter {
            b'a' => style.active = true,
            b'w' => style.wide = true,
            b't' => style.time = true,
            b'n' => once = true,
            b'y' => later = true,
            b'S' => {
                let word = options.value();
                style.unit = match word.as_encoded_bytes() {
                    b"k" => 1000,
                    b"K" => 1024,
                    b"m" => 1_000_000,
                    b"M" => 1 << 20,
                    _ => return Err(Error::bad(show(&word), "not a unit").with(Status::FAILURE)),
                };
            }
            b'm' | b'p' => {
                return Err(Error::usage("-m and -p are not there").with(Status::FAILURE));
            }
            letter => what = letter,
        }
    }
    let (every, count) = rhythm(&options.operands)?;
    match what {
        b's' => return sums(cx, &style),
        b'f' => {
            let now = Counters::read()?;
            cx.print(format_args!("{:13} forks\n", now.forks))?;
            return Ok(Status::OK);
        }
        b'D' => return disk_sums(cx),
        b'd' => return disks(cx, every, count),
        _ => {}
    }
    let mut before: Option<Counters> = None;
    let mut lines = 0u64;
    let mut left = count.unwrap_or(if every.is_some() { u64::MAX } else { 1 });
    heads(cx, &style)?;
    if later && let Some(every) = every {
        before = Some(Counters::read()?);
        cx.flush()?;
        std::thread::sleep(Duration::from_secs(every));
    }
    loop {
        let now = Counters::read()?;
        // the head comes again when it has gone off a screen
        if lines > 0 && lines.is_multiple_of(22) && !once {
            heads(cx, &style)?;
        }
        report(cx, &style, before.as_ref(), &now)?;
        lines += 1;
        left -= 1;
        if left == 0 {
            return Ok(Status::OK);
        }
        cx.flush()?;
        before = Some(now);
        std::thread::sleep(Duration::from_secs(every.unwrap_or(1)));
    }
}

fn heads(cx: &mut Ctx, style: &Style) -> Result<(), Error> {
    let (third, fourth) = if style.active { ("inact", "active") } else { ("buff", "cache") };
    let zone = if style.time {
        let mut name = Vec::new();
        let now = i64::try_from(clock::now().as_secs()).unwrap_or(0);
        clock::zone(now, &mut name);
        show_bytes(&name).to_string()
    } else {
        String::new()
    };
    if style.wide {
        cx.put(b"--procs-- -----------------------memory---------------------- ---swap-- -----io---- -system-- ----------cpu----------")?;
        cx.put(if style.time { b" -----timestamp-----\n" } else { b"\n" })?;
        cx.print(format_args!(
            "   r    b         swpd         free {third:>12} {fourth:>12}   si   so    bi    bo   in   cs  us  sy  id  wa  st  gu"
        ))?;
    } else {
        cx.put(
            b"procs -----------memory---------- ---swap-- -----io---- -system-- ------cpu-----",
        )?;
        cx.put(if style.time { b" -----timestamp-----\n" } else { b"\n" })?;
        cx.print(format_args!(
            " r  b   swpd   free {third:>6} {fourth:>6}   si   so    bi    bo   in   cs us sy id wa st"
        ))?;
    }
    if style.time {
        cx.print(format_args!(" {zone:>19}"))?;
    }
    cx.put(b"\n")
}

fn report(
    cx: &mut Ctx,
    style: &Style,
    before: Option<&Counters>,
    now: &Counters,
) -> Result<(), Error> {
    let memory = proc::memory()?;
    let kilo = |name: &str| memory.get(name).saturating_mul(1024) / style.unit;
    let used = memory.get("SwapTotal").saturating_sub(memory.get("SwapFree")) * 1024 / style.unit;
    let cached = memory.get("Cached") + memory.get("SReclaimable");
    let (third, fourth) = if style.active {
        (kilo("Inactive"), kilo("Active"))
    } else {
        (kilo("Buffers"), cached * 1024 / style.unit)
    };
    let since = |at: usize| now.cpu(at).saturating_sub(before.map_or(0, |before| before.cpu(at)));
    let user = since(0) + since(1);
    let system = since(2) + since(5) + since(6);
    let (idle, wait, steal, guest) = (since(3), since(4), since(7), since(8) + since(9));
    let all = (user + system + idle + wait + steal).max(1);
    let percent = |part: u64| (100 * part + all / 2) / all;
    let seconds = now.uptime - before.map_or(0.0, |before| before.uptime);
    let rate = |now: u64, before: u64, unit: f64| -> u64 {
        let value = now.saturating_sub(before) as f64 * unit / seconds.max(0.01);
        (value + 0.5) as u64
    };
    let of = |pick: fn(&Counters) -> u64| rate(pick(now), before.map_or(0, pick), 1.0);
    let page = System::read()?.page as f64 / style.unit as f64;
    let swapped = |at: usize| {
        let pick = |c: &Counters| c.swapped.get(at).copied().unwrap_or(0);
        rate(pick(now), before.map_or(0, pick), page)
    };
    let running = now.running.saturating_sub(1);
    let (si, so) = (swapped(0), swapped(1));
    let (bi, bo) = (of(|c| c.paged[0]), of(|c| c.paged[1]));
    let (interrupts, switches) = (of(|c| c.interrupts), of(|c| c.switches));
    let (us, sy, id, wa, st) = (
        percent(user.saturating_sub(guest)),
        percent(system),
        percent(idle),
        percent(wait),
        percent(steal),
    );
    let (free, blocked) = (kilo("MemFree"), now.blocked);
    if style.wide {
        cx.print(format_args!(
            "{running:4} {blocked:4} {used:12} {free:12} {third:12} {fourth:12} {si:4} {so:4} {bi:5} {bo:5} "
        ))?;
        let gu = percent(guest);
        cx.print(format_args!(
            "{interrupts:4} {switches:4} {us:3} {sy:3} {id:3} {wa:3} {st:3} {gu:3}"
        ))?;
    } else {
        cx.print(format_args!(
            "{running:2} {blocked:2} {used:6} {free:6} {third:6} {fourth:6} {si:4} {so:4} {bi:5} {bo:5} "
        ))?;
        cx.print(format_args!("{interrupts:4} {switches:4} {us:2} {sy:2} {id:2} {wa:2} {st:2}"))?;
    }
    if style.time {
        let seconds = i64::try_from(clock::now().as_secs()).unwrap_or(0);
        cx.print(format_args!(" {}", Civil::of(seconds, clock::zone_offset(seconds)).date_time()))?;
    }
    cx.put(b"\n")
}

/// -s.
fn sums(cx: &mut Ctx, style: &Style) -> Result<Status, Error> {
    let now = Counters::read()?;
    let memory = proc::memory()?;
    let of = |name: &str| memory.get(name).saturating_mul(1024) / style.unit;
    let total = of("MemTotal");
    let letter = match style.unit {
        1000 => "k",
        1024 => "K",
        1_000_000 => "m",
        _ => "M",
    };
    let rows = [
        (total, "total memory"),
        (total.saturating_sub(of("MemAvailable")), "used memory"),
        (of("Active"), "active memory"),
        (of("Inactive"), "inactive memory"),
        (of("MemFree"), "free memory"),
        (of("Buffers"), "buffer memory"),
        (of("Cached") + of("SReclaimable"), "swap cache"),
        (of("SwapTotal"), "total swap"),
        (of("SwapTotal").saturating_sub(of("SwapFree")), "used swap"),
        (of("SwapFree"), "free swap"),
    ];
    for (value, name) in rows {
        cx.print(format_args!("{value:13} {letter} {name}\n"))?;
    }
    let rows = [
        (now.cpu(0).saturating_sub(now.cpu(8)), "non-nice user cpu ticks"),
        (now.cpu(1).saturating_sub(now.cpu(9)), "nice user cpu ticks"),
        (now.cpu(2), "system cpu ticks"),
        (now.cpu(3), "idle cpu ticks"),
        (now.cpu(4), "IO-wait cpu ticks"),
        (now.cpu(5), "IRQ cpu ticks"),
        (now.cpu(6), "softirq cpu ticks"),
        (now.cpu(7), "stolen cpu ticks"),
        (now.cpu(8), "non-nice guest cpu ticks"),
        (now.cpu(9), "nice guest cpu ticks"),
        (now.paged[0], "K paged in"),
        (now.paged[1], "K paged out"),
        (now.swapped[0], "pages swapped in"),
        (now.swapped[1], "pages swapped out"),
        (now.interrupts, "interrupts"),
        (now.switches, "CPU context switches"),
        (now.boot, "boot time"),
        (now.forks, "forks"),
    ];
    for (value, name) in rows {
        cx.print(format_args!("{value:13} {name}\n"))?;
    }
    Ok(Status::OK)
}

/// A line of /proc/diskstats: name, and eleven to seventeen counters.
struct Disk {
    name: Vec<u8>,
    counters: Vec<u64>,
}

impl Disk {
    fn at(&self, place: usize) -> u64 {
        self.counters.get(place).copied().unwrap_or(0)
    }

    /// Whole disks have a folder of their own in sysfs.
    fn is_whole(&self) -> bool {
        let path = crate::fsutil::place::join(b"/sys/block", &self.name);
        crate::fsutil::place::exists(&path)
    }
}

fn read_disks() -> Result<Vec<Disk>, Error> {
    let text =
        crate::sys::file::read("/proc/diskstats").map_err(|e| Error::os("/proc/diskstats", e))?;
    let mut list = Vec::new();
    for line in text.split(|&b| b == b'\n') {
        let mut words = line.split(|&b| b == b' ').filter(|word| !word.is_empty()).skip(2);
        let Some(name) = words.next() else { continue };
        let counters = words.filter_map(|word| std::str::from_utf8(word).ok()?.parse().ok());
        list.push(Disk { name: name.to_vec(), counters: counters.collect() });
    }
    Ok(list)
}

/// -d.
fn disks(cx: &mut Ctx, every: Option<u64>, count: Option<u64>) -> Result<Status, Error> {
    let mut left = count.unwrap_or(if every.is_some() { u64::MAX } else { 1 });
    cx.put(b"disk- ------------reads------------ ------------writes----------- -----IO------\n       total merged sectors      ms  total merged sectors      ms    cur    sec\n")?;
    loop {
        for disk in read_disks()?.iter().filter(|disk| disk.is_whole()) {
            let of = |at| disk.at(at);
            let name = show_bytes(&disk.name).to_string();
            cx.print(format_args!(
                "{name:<5} {:6} {:6} {:7} {:7} {:6} {:6} ",
                of(0),
                of(1),
                of(2),
                of(3),
                of(4),
                of(5)
            ))?;
            cx.print(format_args!(
                "{:7} {:7} {:6} {:6}\n",
                of(6),
                of(7),
                of(8) / 1000,
                of(9) / 1000
            ))?;
        }
        left -= 1;
        if left == 0 {
            return Ok(Status::OK);
        }
        cx.flush()?;
        std::thread::sleep(Duration::from_secs(every.unwrap_or(1)));
    }
}

/// -D.
fn disk_sums(cx: &mut Ctx) -> Result<Status, Error> {
    let list = read_disks()?;
    let (whole, parts): (Vec<&Disk>, Vec<&Disk>) = list.iter().partition(|disk| disk.is_whole());
    let sum = |at| whole.iter().map(|disk| disk.at(at)).sum::<u64>();
    let rows = [
        (whole.len() as u64, "disks"),
        (parts.len() as u64, "partitions"),
        (sum(0), "total reads"),
        (sum(1), "merged reads"),
        (sum(2), "read sectors"),
        (sum(3), "milli reading"),
        (sum(4), "writes"),
        (sum(5), "merged writes"),
        (sum(6), "written sectors"),
        (sum(7), "milli writing"),
        (sum(8), "inprogress IO"),
        (sum(9) / 1000, "milli spent IO"),
        (sum(10) / 1000, "milli weighted IO"),
    ];
    for (value, name) in rows {
        cx.print(format_args!("{value:13} {name}\n"))?;
    }
    Ok(Status::OK)
}

struct Report {
    cpu: bool,
    disks: bool,
    more: bool,
    time: bool,
    busy: bool,
    unit: f64,
    letters: &'static str,
    devices: Vec<Vec<u8>>,
}

fn iostat(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("c d x t z y k m h N s p H").map_err(|e| e.with(Status::FAILURE))?;
    let mut r = Report {
        cpu: true,
        disks: true,
        more: false,
        time: false,
        busy: false,
        unit: 2.0,
        letters: "kB",
        devices: Vec::new(),
    };
    let (mut only_cpu, mut only_disks, mut later) = (false, false, false);
    while let Some(letter) = options.next() {
        match letter {
            b'c' => only_cpu = true,
            b'd' => only_disks = true,
            b'x' => r.more = true,
            b't' => r.time = true,
            b'z' => r.busy = true,
            b'y' => later = true,
            b'm' => (r.unit, r.letters) = (2048.0, "MB"),
            _ => {}
        }
    }
    if only_cpu != only_disks {
        (r.cpu, r.disks) = (only_cpu, only_disks);
    }
    let words = options.operands;
    let devices = words.iter().take_while(|word| crate::options::number(word).is_none());
    r.devices = devices
        .map(|word| {
            let bytes = word.as_encoded_bytes();
            bytes.strip_prefix(b"/dev/").unwrap_or(bytes).to_vec()
        })
        .collect();
    r.devices.retain(|name| name != b"ALL");
    let all = words.iter().any(|word| word == "ALL");
    let (every, count) =
        rhythm(words.get(r.devices.len() + usize::from(all)..).unwrap_or_default())?;
    let names = nix::sys::utsname::uname().map_err(|e| Error::os("uname", e))?;
    let seconds = i64::try_from(clock::now().as_secs()).unwrap_or(0);
    let today = Civil::of(seconds, clock::zone_offset(seconds));
    let text = |name: &std::ffi::OsStr| show(name).to_string();
    let cpus = crate::sys::file::read("/proc/stat").unwrap_or_default();
    let cpus = cpus
        .split(|&b| b == b'\n')
        .filter(|line| {
            line.strip_prefix(b"cpu")
                .is_some_and(|rest| rest.first().is_some_and(u8::is_ascii_digit))
        })
        .count();
    cx.print(format_args!(
        "{} {} ({}) \t{:02}/{:02}/{:02} \t_{}_\t({cpus} CPU)\n\n",
        text(names.sysname()),
        text(names.release()),
        text(names.nodename()),
        today.month,
        today.day,
        today.year % 100,
        text(names.machine())
    ))?;
    let mut before: Option<(Counters, Vec<Disk>)> = None;
    let mut left = count.unwrap_or(if every.is_some() { u64::MAX } else { 1 });
    if later && let Some(every) = every {
        before = Some((Counters::read()?, read_disks()?));
        cx.flush()?;
        std::thread::sleep(Duration::from_secs(every));
    }
    loop {
        let now = (Counters::read()?, read_disks()?);
        one_report(cx, &r, before.as_ref(), &now)?;
        left -= 1;
        if left == 0 {
            return Ok(Status::OK);
        }
        cx.flush()?;
        before = Some(now);
        std::thread::sleep(Duration::from_secs(every.unwrap_or(1)));
    }
}

fn fixed(out: &mut Vec<u8>, value: f64, width: usize) {
    let mut text = Vec::new();
    float::fixed(&mut text, value, 2);
    out.push(b' ');
    out.resize(out.len() + width.saturating_sub(text.len()), b' ');
    out.extend_from_slice(&text);
}

fn one_report(
    cx: &mut Ctx,
    r: &Report,
    before: Option<&(Counters, Vec<Disk>)>,
    now: &(Counters, Vec<Disk>),
) -> Result<(), Error> {
    let mut out = Vec::new();
    if r.time {
        let seconds = i64::try_from(clock::now().as_secs()).unwrap_or(0);
        let t = Civil::of(seconds, clock::zone_offset(seconds));
        out.extend_from_slice(
            format!(
                "{:02}/{:02}/{:02} {:02}:{:02}:{:02}\n",
                t.month,
                t.day,
                t.year % 100,
                t.hour,
                t.minute,
                t.second
            )
            .as_bytes(),
        );
    }
    if r.cpu {
        let since = |at: usize| now.0.cpu(at).saturating_sub(before.map_or(0, |b| b.0.cpu(at)));
        let all: u64 = (0..8).map(since).sum();
        out.extend_from_slice(b"avg-cpu:  %user   %nice %system %iowait  %steal   %idle\n        ");
        let parts =
            [since(0), since(1), since(2) + since(5) + since(6), since(4), since(7), since(3)];
        for part in parts {
            fixed(&mut out, part as f64 * 100.0 / all.max(1) as f64, 7);
        }
        out.extend_from_slice(b"\n\n");
    }
    if r.disks {
        let seconds = (now.0.uptime - before.map_or(0.0, |b| b.0.uptime)).max(0.01);
        let k = r.letters;
        if r.more {
            out.extend_from_slice(format!("Device            r/s     r{k}/s   rrqm/s  %rrqm r_await rareq-sz     w/s     w{k}/s   wrqm/s  %wrqm w_await wareq-sz     d/s     d{k}/s   drqm/s  %drqm d_await dareq-sz     f/s f_await  aqu-sz  %util\n").as_bytes());
        } else {
            out.extend_from_slice(format!("Device             tps    {k}_read/s    {k}_wrtn/s    {k}_dscd/s    {k}_read    {k}_wrtn    {k}_dscd\n").as_bytes());
        }
        for disk in &now.1 {
            let wanted = if r.devices.is_empty() {
                disk.is_whole() && (disk.at(0) + disk.at(4) > 0)
            } else {
                r.devices.contains(&disk.name)
            };
            if !wanted {
                continue;
            }
            let old =
                before.and_then(|(_, list)| list.iter().find(|other| other.name == disk.name));
            let since = |at: usize| disk.at(at).saturating_sub(old.map_or(0, |old| old.at(at)));
            // what flushes count is no transfer of tps
            let transfers = since(0) + since(4) + since(11);
            if r.busy && transfers == 0 {
                continue;
            }
            let name = show_bytes(&disk.name).to_string();
            out.extend_from_slice(format!("{name:<13}").as_bytes());
            if r.more {
                extended(&mut out, r, &since, seconds);
            } else {
                let rate = |count: u64| count as f64 / seconds;
                fixed(&mut out, rate(transfers), 8);
                for at in [2, 6, 13] {
                    fixed(&mut out, rate(since(at)) / r.unit, 12);
                }
                for at in [2, 6, 13] {
                    let value = since(at) as f64 / r.unit;
                    out.extend_from_slice(format!(" {:10}", value as u64).as_bytes());
                }
            }
            out.push(b'\n');
        }
        out.push(b'\n');
    }
    out.push(b'\n');
    cx.put(&out)
}

/// The columns of -x. Documentation/admin-guide/iostats.rst.
fn extended(out: &mut Vec<u8>, r: &Report, since: &dyn Fn(usize) -> u64, seconds: f64) {
    let rate = |count: u64| count as f64 / seconds;
    let ratio = |a: u64, b: u64| if b > 0 { a as f64 / b as f64 } else { 0.0 };
    // reads, writes, discards: done, merged, sectors, milliseconds
    for at in [0, 4, 11] {
        let (done, merged, sectors, time) =
            (since(at), since(at + 1), since(at + 2), since(at + 3));
        fixed(out, rate(done), 7);
        fixed(out, rate(sectors) / r.unit, 9);
        fixed(out, rate(merged), 8);
        fixed(out, ratio(merged * 100, done + merged), 6);
        fixed(out, ratio(time, done), 7);
        fixed(out, ratio(sectors, done) / 2.0, 8);
    }
    fixed(out, rate(since(15)), 7);
    fixed(out, ratio(since(16), since(15)), 7);
    fixed(out, rate(since(10)) / 1000.0, 7);
    fixed(out, (rate(since(9)) / 10.0).min(100.0), 6);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_counters() {
        let text = b"cpu  1 2 3\ncpu0 4\nctxt 99\nprocesses 5\n";
        assert_eq!(numbers(line(text, b"cpu")), [1, 2, 3]);
        assert_eq!(first(text, b"ctxt"), 99);
        assert_eq!(first(text, b"btime"), 0);
    }
}
