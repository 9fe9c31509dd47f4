//! dmesg: messages of the kernel. dmesg(1) of util-linux, and busybox's `-c`,
//! `-n`, `-r`, `-s`.
//!
//! Deviations: bytes that would move a terminal's cursor are always `\xNN`.
//! Every line of a message has its time, as in busybox, where no option asks
//! for what only `/dev/kmsg` can tell: util-linux's blanks there would cost a
//! system call for each message.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{Whence, lseek};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::civil::Civil;
use crate::digits;
use crate::kmsg::{self, Record};
use crate::sys::{clock, kernel_log, memory, terminal};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "dmesg",
    summary: "print messages of the kernel",
    usage: "[-TtHedxrkuwWS] [-l LEVELS] [-f FACILITIES] [-s SIZE] [-F FILE] [-c]\n\
            \x20      dmesg -C | -D | -E | -n LEVEL\n\
            \x20 -T, -t, -e, -d  times of day; none; relative; with the time since the last\n\
            \x20 -H        for people: -e, and colours on a terminal (-L=always, -L=never)\n\
            \x20 -x, -r    name facility and level; the raw <PRIORITY>\n\
            \x20 -l, -f    only these levels (err,warn or err+), facilities (kern,daemon)\n\
            \x20 -k, -u    only the kernel's; only those of programs\n\
            \x20 -w, -W    wait for new ones; print only new ones\n\
            \x20 -c, -C    clear the buffer after printing; only clear\n\
            \x20 -n LEVEL  print only what is worse than this on the console (-D, -E: off, on)\n\
            \x20 -s SIZE   read this much by syslog(2) (-S)     -F FILE  a file instead",
    kind: Kind::Fork, // -w blocks
    run,
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Times {
    Boot,
    None,
    Clock,
    Relative,
    Delta,
}

struct Choice {
    times: Times,
    decode: bool,
    raw: bool,
    levels: u8,
    facilities: u32,
    follow: bool,
    only_new: bool,
    clear_after: bool,
    by_syslog: bool,
    size: Option<usize>,
    file: Option<PathBuf>,
    human: bool,
    color: Option<bool>,
}

impl Choice {
    /// Whether lines are enough, of which nobody can tell which ones are one
    /// message: syslog(2) gives all of them by one call.
    fn needs_no_records(&self) -> bool {
        let times = matches!(self.times, Times::Boot | Times::None | Times::Clock);
        let plain = self.raw || times && !self.decode && !self.human;
        plain && !self.follow && !self.clear_after && !self.by_syslog
    }
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut c = Choice {
        times: Times::Boot,
        decode: false,
        raw: false,
        levels: u8::MAX,
        facilities: u32::MAX,
        follow: false,
        only_new: false,
        clear_after: false,
        by_syslog: false,
        size: None,
        file: None,
        human: false,
        color: None,
    };
    let mut control = None;
    let mut options = cx.parse(
        "T,ctime t,notime e,reltime d,show-delta H,human P,nopager x,decode r,raw \
        k,kernel u,userspace w,follow W,follow-new c,read-clear S,syslog C,clear \
        D,console-off E,console-on n:console-level l:level f:facility \
        s:buffer-size F:file L?color",
    )?;
    while let Some(letter) = options.next() {
        match letter {
            b'T' => c.times = Times::Clock,
            b't' => c.times = Times::None,
            b'e' => c.times = Times::Relative,
            b'd' => c.times = Times::Delta,
            b'H' => (c.human, c.times) = (true, Times::Relative),
            b'P' => {}
            b'x' => c.decode = true,
            b'r' => c.raw = true,
            b'k' => c.facilities = 1,
            b'u' => c.facilities = !1,
            b'w' => c.follow = true,
            b'W' => (c.follow, c.only_new) = (true, true),
            b'c' => c.clear_after = true,
            b'S' => c.by_syslog = true,
            b'C' => control = Some((kernel_log::Action::Clear, 0)),
            b'D' => {
                control = Some((kernel_log::Action::ConsoleOff, 0));
            }
            b'E' => control = Some((kernel_log::Action::ConsoleOn, 0)),
            b'n' => {
                let text = options.value();
                control = Some((kernel_log::Action::ConsoleLevel, console_level(&text)?));
            }
            b'l' => {
                let text = options.value();
                c.levels = kmsg::levels(text.as_bytes())
                    .ok_or_else(|| Error::bad(show(&text), "not a list of levels"))?;
            }
            b'f' => {
                let text = options.value();
                c.facilities = kmsg::facilities(text.as_bytes())
                    .ok_or_else(|| Error::bad(show(&text), "not a list of facilities"))?;
            }
            b's' => {
                let text = options.value();
                let size = crate::size::parse(text.as_bytes());
                let size = size
                    .and_then(|s| usize::try_from(s).ok())
                    .ok_or_else(|| Error::bad(show(&text), "not a size"))?;
                // busybox takes nothing under a kilobyte as well
                c.size = Some(size.clamp(1024, 64 << 20));
                c.by_syslog = true;
            }
            b'F' => c.file = Some(options.value().into()),
            b'L' => {
                c.color = match options.optional().map(OsStringExt::into_vec).as_deref() {
                    None | Some(b"always") => Some(true),
                    Some(b"never") => Some(false),
                    Some(b"auto") => None,
                    Some(other) => {
                        return Err(Error::bad(show_bytes(other), "not always, never or auto"));
                    }
                };
            }
            _ => {}
        }
    }
    options.at_most(0)?;
    if let Some((action, value)) = control {
        kernel_log::control(action, value).map_err(refused)?;
        return Ok(Status::OK);
    }
    print(cx, &c)?;
    Ok(cx.status())
}

/// `-n LEVEL`: a number is the kernel's (messages below it are printed), a
/// name is the last level that is printed.
pub(super) fn console_level(text: &std::ffi::OsStr) -> Result<i32, Error> {
    let number = text.to_str().and_then(|t| t.parse().ok()).filter(|n| (1..=8).contains(n));
    let named = || {
        let level = kmsg::level(text.as_bytes()).filter(|_| number.is_none())?;
        i32::try_from(level + 1).ok()
    };
    number.or_else(named).ok_or_else(|| Error::bad(show(text), "not a level, 1 to 8"))
}

fn refused(errno: Errno) -> Error {
    match errno {
        Errno::EPERM => {
            Error::msg("the kernel's messages are for root only (kernel.dmesg_restrict, lockdown)")
        }
        _ => Error::os("the kernel's messages", errno),
    }
}

fn print(cx: &mut Ctx, c: &Choice) -> Result<(), Error> {
    let colored = c.color.unwrap_or_else(|| {
        c.human && terminal::is_terminal(cx.stdout) && cx.env.get(b"NO_COLOR").is_none()
    });
    let boot = clock::now().saturating_sub(clock::since_boot()).as_micros();
    let boot = i64::try_from(boot).unwrap_or(0);
    let mut writer = Writer { c, colored, boot, last: None, last_minute: None, text: Vec::new() };
    if let Some(file) = &c.file {
        let text = crate::sys::file::read(file).map_err(|e| Error::os(show(file), e))?;
        // Messages in a file may be in either form.
        return kmsg::parse_log(&text).try_for_each(|record| writer.write(cx, &record));
    }
    if c.needs_no_records()
        && let Ok(size) = kernel_log::size()
        // the times of short messages take more room than the buffer has for text
        && let Ok(log) = kernel_log::read_all(size.saturating_mul(2), false)
        && kmsg::has_times_only(&log)
    {
        if colored || !copy(&log, c, &mut writer.text) {
            return kmsg::parse_log(&log).try_for_each(|record| writer.write(cx, &record));
        }
        return cx.put(&writer.text);
    }
    if !c.by_syslog && (!c.clear_after || c.follow) {
        match open_kmsg() {
            Ok(file) => return read_kmsg(cx, c, file, &mut writer),
            // No /dev yet: the system call does as well, but cannot wait.
            Err(error) if c.follow => return Err(Error::os("/dev/kmsg", error)),
            Err(_) => {}
        }
    }
    let size = match c.size {
        Some(size) => size,
        None => kernel_log::size().map_err(refused)?,
    };
    let log = kernel_log::read_all(size, c.clear_after).map_err(refused)?;
    kmsg::parse_log(&log).try_for_each(|record| writer.write(cx, &record))
}

/// Appends the lines of `log` as they are, without what is not asked for. False
/// where more is to be done than that.
fn copy(log: &[u8], c: &Choice, out: &mut Vec<u8>) -> bool {
    let all = c.levels == u8::MAX && c.facilities == u32::MAX;
    let times = c.raw || c.times == Times::None || c.times == Times::Boot;
    // without an early end the loop is done 16 bytes at a time
    let printable = |log: &[u8]| {
        log.iter().fold(true, |so_far, b| so_far & matches!(b, b' '..=b'~' | b'\t' | b'\n'))
    };
    if !all || !times || !printable(log) {
        return false;
    }
    out.reserve(log.len());
    let mut rest = log;
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        let (line, others) = rest.split_at(end);
        rest = others;
        let after = |end: u8| memchr::memchr(end, line).map_or(0, |at| at + 1);
        let from = match c.times {
            _ if c.raw => 0,
            Times::None => after(b']') + 1,
            _ => after(b'>'),
        };
        out.extend_from_slice(line.get(from..).unwrap_or_default());
    }
    true
}

fn open_kmsg() -> io::Result<File> {
    std::fs::OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open("/dev/kmsg")
}

fn read_kmsg(cx: &mut Ctx, c: &Choice, mut file: File, writer: &mut Writer) -> Result<(), Error> {
    // without -W from where they were cleared last, which old kernels refuse
    let from = if c.only_new { Whence::SeekEnd } else { Whence::SeekData };
    match lseek(&file, 0, from) {
        Err(error) if c.only_new => return Err(Error::os("/dev/kmsg", error)),
        _ => {}
    }
    let mut buffer = vec![0; 16 * 1024];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => {
                if let Some(record) = kmsg::parse_record(buffer.get(..count).unwrap_or_default()) {
                    writer.write(cx, &record)?;
                }
            }
            // Overwritten before it was read: the next read is the oldest.
            Err(error) if error.raw_os_error() == Some(libc::EPIPE) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if !c.follow {
                    return Ok(());
                }
                cx.flush()?;
                let _ =
                    poll(&mut [PollFd::new(file.as_fd(), PollFlags::POLLIN)], PollTimeout::NONE);
            }
            Err(error) => return Err(Error::os("/dev/kmsg", error)),
        }
    }
}

struct Writer<'a> {
    c: &'a Choice,
    colored: bool,
    /// When the machine started, microseconds after 1970.
    boot: i64,
    last: Option<u64>,
    last_minute: Option<i64>,
    /// A message as it is printed.
    text: Vec<u8>,
}

impl Writer<'_> {
    fn write(&mut self, cx: &mut Ctx, record: &Record) -> Result<(), Error> {
        let wanted = self.c.levels >> record.level() & 1 != 0
            && self.c.facilities.checked_shr(record.priority >> 3).unwrap_or(0) & 1 != 0;
        if !wanted {
            return Ok(());
        }
        self.text.clear();
        if self.c.raw {
            self.raw(record);
        } else {
            self.line(record);
        }
        cx.put(&self.text)
    }

    fn raw(&mut self, record: &Record) {
        for line in record.text.split(|&b| b == b'\n') {
            self.text.push(b'<');
            digits::push(&mut self.text, u64::from(record.priority), 10, 1, false);
            self.text.extend_from_slice(b">[");
            stamp(&mut self.text, record.time);
            self.text.extend_from_slice(b"] ");
            show_text(&mut self.text, line);
            self.text.push(b'\n');
        }
    }

    fn line(&mut self, record: &Record) {
        if self.c.decode {
            let facility = match kmsg::FACILITIES.get(record.facility()) {
                Some(name) => (*name).to_string(),
                None => format!("local{}", record.facility().saturating_sub(16)),
            };
            let level = kmsg::LEVELS.get(record.level()).copied().unwrap_or("?");
            self.text.extend_from_slice(format!("{facility:<6}:{level:<6}: ").as_bytes());
        }
        let (on, off, color): (&[u8], &[u8], &[u8]) = if self.colored {
            // the level is in the colour of the text
            let color: &[u8] = match record.level() {
                0..=2 => b"\x1b[7;31m",
                3 => b"\x1b[31m",
                4 => b"\x1b[1m",
                _ => b"",
            };
            (b"\x1b[32m", b"\x1b[0m", color)
        } else {
            (b"", b"", b"")
        };
        let mut head = self.text.len();
        if self.c.times != Times::None {
            self.text.extend_from_slice(on);
            let start = self.text.len();
            self.time(record);
            head += self.text.len() - start;
            self.text.extend_from_slice(off);
        }
        for (n, line) in record.text.split(|&b| b == b'\n').enumerate() {
            if n > 0 {
                // further lines stand under the first
                let end = self.text.len() + head;
                memory::resize(&mut self.text, end, b' ');
            }
            self.text.extend_from_slice(color);
            show_text(&mut self.text, line);
            if !color.is_empty() {
                self.text.extend_from_slice(off);
            }
            self.text.push(b'\n');
        }
    }

    fn time(&mut self, record: &Record) {
        let delta =
            record.time.saturating_sub(self.last.replace(record.time).unwrap_or(record.time));
        if matches!(self.c.times, Times::Boot | Times::Delta) {
            self.text.push(b'[');
            stamp(&mut self.text, record.time);
            if self.c.times == Times::Delta {
                self.text.extend_from_slice(b" <");
                stamp(&mut self.text, delta);
                self.text.push(b'>');
            }
            self.text.extend_from_slice(b"] ");
            return;
        }
        let micros = i64::try_from(record.time).unwrap_or(i64::MAX);
        let seconds = self.boot.saturating_add(micros).div_euclid(1_000_000);
        let t = Civil::of(seconds, clock::zone_offset(seconds));
        let minute = seconds.div_euclid(60);
        let text = if self.c.times == Times::Clock {
            format!("[{}] ", t.ctime())
        } else if self.last_minute.replace(minute) == Some(minute) {
            let text = format!("+{}.{:06}", delta / 1_000_000, delta % 1_000_000);
            format!("[{text:>11}] ")
        } else {
            format!("[{}{:02} {:02}:{:02}] ", t.month_name(), t.day, t.hour, t.minute)
        };
        self.text.extend_from_slice(text.as_bytes());
    }
}

/// Text of a message, of which only control bytes are changed.
fn show_text(out: &mut Vec<u8>, line: &[u8]) {
    if line.iter().all(|b| matches!(b, b' '..=b'~' | b'\t')) {
        out.extend_from_slice(line);
        return;
    }
    for (n, part) in line.split(|&b| b == b'\t').enumerate() {
        if n > 0 {
            out.push(b'\t');
        }
        out.extend_from_slice(show_bytes(part).to_string().as_bytes());
    }
}

/// Seconds since the start, as printk has them.
fn stamp(out: &mut Vec<u8>, micros: u64) {
    let start = out.len();
    digits::push(out, micros / 1_000_000, 10, 1, false);
    let count = out.len() - start;
    if count < 5 {
        out.truncate(start);
        memory::resize(out, start + 5 - count, b' ');
        digits::push(out, micros / 1_000_000, 10, 1, false);
    }
    out.push(b'.');
    digits::push(out, micros % 1_000_000, 10, 6, false);
}
