//! watch and time: run a program again and again, or once and say how long it
//! took. procps's watch, POSIX's time.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

use crate::fsutil::spawn;
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, write_all};
use crate::sys::process::{self, Forked};
use crate::{interval, sys};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "watch",
    summary: "run a command again and again, and show what it prints",
    usage: "[-n SECONDS] [-degtx] COMMAND [ARG...]\n\
            \x20 -n  how often (2)   -t  no head line   -x  exec, no shell\n\
            \x20 -d  show what changed   -g  end when it changes   -e  end when it fails",
    kind: Kind::Fork, // runs until it is interrupted
    run: watch,
};

/// time.
pub(super) static TIME: Applet = Applet {
    name: "time",
    summary: "say how long a program took",
    usage: "[-pv] [-f FORMAT] [-o FILE] [-a] PROG [ARG...]\n\
            \x20 -p  as POSIX prints it   -v  all that is known\n\
            \x20 -f  %e seconds  %U user  %S system  %P share  %M KiB  %F %R faults  %w %c switches\n\
            \x20     %x status  %C command   -o  to FILE   -a  at its end",
    kind: Kind::Fork, // waits
    run: time,
};

fn watch(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "+n:interval d,differences e,errexit g,chgexit t,no-title x,exec b,beep p,precise c,color",
    )?;
    let mut pause = Duration::from_secs(2);
    while let Some(letter) = options.next() {
        if letter == b'n' {
            let value = options.value();
            let parsed = interval::parse(value.as_bytes()).ok().flatten();
            pause = parsed.ok_or_else(|| Error::bad(show(&value), "not a length of time"))?;
        }
    }
    let pause = pause.max(Duration::from_millis(100));
    let words = &options.operands;
    if words.is_empty() {
        return Err(Error::usage("which command?").with(Status::FAILURE));
    }
    let command = words.join(OsStr::new(" "));
    let mut last: Option<Vec<u8>> = None;
    loop {
        let started = Instant::now();
        let (output, good) = run_once(cx, words, &command, options.has(b'x'))?;
        let mut screen = b"\x1b[H\x1b[J".to_vec();
        let (rows, columns) = sys::tty::size(cx.stdout).unwrap_or((24, 80));
        let (rows, columns) = (usize::from(rows.max(2)), usize::from(columns.max(2)));
        let mut left = rows;
        if !options.has(b't') {
            screen.extend_from_slice(&head(pause, &command, columns));
            left = left.saturating_sub(2);
        }
        let marks = if options.has(b'd') { last.as_deref() } else { None };
        fit(&mut screen, &output, marks, left, columns);
        write_all(cx.stdout, &screen).map_err(|e| Error::os("standard output", e))?;
        if options.has(b'g') && last.as_ref().is_some_and(|last| *last != output) {
            write_all(cx.stdout, b"\n").map_err(|e| Error::os("standard output", e))?;
            return Ok(Status::OK);
        }
        if !good && options.has(b'e') {
            write_all(cx.stdout, b"\n").map_err(|e| Error::os("standard output", e))?;
            return Ok(Status(8));
        }
        last = Some(output);
        std::thread::sleep(match options.has(b'p') {
            true => pause.saturating_sub(started.elapsed()),
            false => pause,
        });
    }
}

fn head(pause: Duration, command: &OsStr, columns: usize) -> Vec<u8> {
    let now = i64::try_from(sys::clock::now().as_secs()).unwrap_or(0);
    let date = crate::civil::Civil::of(now, sys::clock::zone_offset(now)).ctime();
    let tenths = pause.as_millis() / 100;
    let mut left = format!("Every {}.{}s: {}", tenths / 10, tenths % 10, show(command));
    let width = columns.saturating_sub(date.trim_end().len() + 1);
    left.truncate(left.char_indices().nth(width).map_or(left.len(), |(at, _)| at));
    format!("{left:<width$} {}\n\n", date.trim_end()).into_bytes()
}

/// What fits on the screen; what differs from `last` in reverse.
fn fit(screen: &mut Vec<u8>, output: &[u8], last: Option<&[u8]>, rows: usize, columns: usize) {
    let mut before = last.map(|last| last.split(|&b| b == b'\n'));
    for (at, line) in output.split(|&b| b == b'\n').take(rows).enumerate() {
        if at > 0 {
            screen.extend_from_slice(b"\r\n");
        }
        let old = before.as_mut().map(|lines| lines.next().unwrap_or_default());
        let mut column = 0;
        for (place, &byte) in line.iter().enumerate() {
            // The bytes of a character behind its first take no column.
            let continues = byte & 0xc0 == 0x80;
            if column >= columns && !continues {
                break;
            }
            let changed = old.is_some_and(|old| old.get(place) != Some(&byte));
            if changed {
                screen.extend_from_slice(b"\x1b[7m");
            }
            match byte {
                b'\t' => {
                    let stop = (column / 8 + 1) * 8;
                    screen.extend(std::iter::repeat_n(b' ', stop.min(columns) - column));
                    column = stop;
                }
                0..=31 | 127 => {}
                _ => {
                    screen.push(byte);
                    column += usize::from(!continues);
                }
            }
            if changed {
                screen.extend_from_slice(b"\x1b[27m");
            }
        }
    }
}

fn run_once(
    cx: &mut Ctx,
    words: &[OsString],
    command: &OsStr,
    exec: bool,
) -> Result<(Vec<u8>, bool), Error> {
    let failed = |e: Errno| Error::os(show(command), e);
    // One pipe for both, so that their order stays.
    let (reader, writer) = sys::command::pipe().map_err(failed)?;
    let child = match process::fork().map_err(failed)? {
        Forked::Parent(child) => child,
        Forked::Child => {
            let null = open("/dev/null", OFlag::O_RDONLY, Mode::empty());
            let _ = null.and_then(nix::unistd::dup2_stdin);
            let _ = nix::unistd::dup2_stdout(&writer);
            let _ = nix::unistd::dup2_stderr(&writer);
            let shell = ["sh".into(), "-c".into(), command.to_os_string()];
            let error = cx.become_program(if exec { words } else { &shell });
            cx.note(&error);
            process::exit_now(error.status().0);
        }
    };
    drop(writer);
    let mut output = Vec::new();
    let mut limited = std::io::Read::take(std::fs::File::from(reader), 4 << 20);
    std::io::Read::read_to_end(&mut limited, &mut output).map_err(|e| Error::os("pipe", e))?;
    drop(limited);
    Ok((output, sys::command::wait(child) == Ok(0)))
}

fn time(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx
        .parse("+p,portability v,verbose f:format o:output a,append q,quiet")
        .map_err(|e| e.with(Status(125)))?;
    let mut format: Vec<u8> = b"real\t%E\nuser\t%u\nsys\t%T\n".to_vec();
    let mut file = None;
    let mut ending = true;
    while let Some(letter) = options.next() {
        match letter {
            b'p' => {
                format = b"real %e\nuser %U\nsys %S\n".to_vec();
                ending = false;
            }
            b'q' => ending = false,
            b'v' => format = VERBOSE.to_vec(),
            b'f' => {
                format = options.bytes();
                format.push(b'\n');
            }
            b'o' => file = Some(options.value()),
            _ => {}
        }
    }
    if options.operands.is_empty() {
        return Err(Error::usage("which program?").with(Status(125)));
    }
    cx.flush()?;
    let started = Instant::now();
    let child = match process::fork().map_err(|e| Error::os("fork", e))? {
        Forked::Child => return Err(cx.become_program(&options.operands)),
        Forked::Parent(child) => child,
    };
    // Ctrl-C is the program's; what it took is still of interest.
    for signal in [libc::SIGINT, libc::SIGQUIT] {
        let _ = sys::signal::set(signal, sys::signal::Disposition::Ignore);
    }
    let status = spawn::wait(child)?;
    let taken = Taken { elapsed: started.elapsed(), status, used: sys::usage::of_children() };
    let mut text = Vec::new();
    if ending {
        text = match status.0 {
            0 => Vec::new(),
            n @ 129.. => format!("Command terminated by signal {}\n", n - 128).into_bytes(),
            n => format!("Command exited with non-zero status {n}\n").into_bytes(),
        };
    }
    text.extend_from_slice(&taken.text(&format, &options.operands));
    match &file {
        Some(path) => {
            let mut open = std::fs::OpenOptions::new();
            let append = options.has(b'a');
            let opened = open.create(true).write(true).append(append).truncate(!append).open(path);
            opened
                .and_then(|mut file| std::io::Write::write_all(&mut file, &text))
                .map_err(|e| Error::os(show(path), e))?;
        }
        None => {
            let _ = write_all(cx.stderr, &text);
        }
    }
    Ok(status)
}

const VERBOSE: &[u8] = b"\tCommand being timed: \"%C\"\n\tUser time (seconds): %U\n\
    \tSystem time (seconds): %S\n\tPercent of CPU this job got: %P\n\
    \tElapsed (wall clock) time (h:mm:ss or m:ss): %E\n\
    \tMaximum resident set size (kbytes): %M\n\
    \tMajor (requiring I/O) page faults: %F\n\tMinor (reclaiming a frame) page faults: %R\n\
    \tVoluntary context switches: %w\n\tInvoluntary context switches: %c\n\
    \tFile system inputs: %I\n\tFile system outputs: %O\n\tExit status: %x\n";

/// What a program took.
struct Taken {
    elapsed: Duration,
    status: Status,
    used: sys::usage::Usage,
}

impl Taken {
    fn text(&self, format: &[u8], command: &[OsString]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut bytes = format.iter();
        let hundredths = |t: Duration| format!("{}.{:02}", t.as_secs(), t.subsec_millis() / 10);
        let used = &self.used;
        while let Some(&byte) = bytes.next() {
            if byte == b'\\' {
                match bytes.next() {
                    Some(b'n') => out.push(b'\n'),
                    Some(b't') => out.push(b'\t'),
                    Some(&other) => out.push(other),
                    None => {}
                }
                continue;
            }
            if byte != b'%' {
                out.push(byte);
                continue;
            }
            let text = match bytes.next().copied().unwrap_or(b'%') {
                b'e' => hundredths(self.elapsed),
                b'U' => hundredths(used.user),
                b'S' => hundredths(used.system),
                b'E' => clock(self.elapsed),
                b'u' => clock(used.user),
                b'T' => clock(used.system),
                b'P' => {
                    let wall = self.elapsed.as_millis().max(1);
                    format!("{}%", (used.user + used.system).as_millis() * 100 / wall)
                }
                b'M' => used.resident.to_string(),
                b'F' => used.major_faults.to_string(),
                b'R' => used.minor_faults.to_string(),
                b'w' => used.voluntary.to_string(),
                b'c' => used.involuntary.to_string(),
                b'I' => used.reads.to_string(),
                b'O' => used.writes.to_string(),
                b'x' => self.status.0.to_string(),
                // What Linux does not count, and the size of a page.
                b'D' | b'K' | b'W' | b'X' | b'k' | b'p' | b'r' | b's' | b't' => "0".into(),
                b'Z' => page_size(),
                b'C' => {
                    out.extend_from_slice(command.join(OsStr::new(" ")).as_bytes());
                    continue;
                }
                b'%' => "%".into(),
                other => format!("?{}", char::from(other)),
            };
            out.extend_from_slice(text.as_bytes());
        }
        out
    }
}

fn page_size() -> String {
    let name = nix::unistd::SysconfVar::PAGE_SIZE;
    nix::unistd::sysconf(name).ok().flatten().unwrap_or(4096).to_string()
}

/// `0m 1.23s`.
fn clock(t: Duration) -> String {
    let (minutes, seconds) = (t.as_secs() / 60, t.as_secs() % 60);
    format!("{minutes}m {seconds}.{:02}s", t.subsec_millis() / 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn screens() {
        let shown = |output: &[u8], last: Option<&[u8]>, rows, columns| {
            let mut screen = Vec::new();
            fit(&mut screen, output, last, rows, columns);
            String::from_utf8(screen).unwrap()
        };
        assert_eq!(shown(b"abc\ndef\nghi", None, 2, 2), "ab\r\nde");
        assert_eq!(shown(b"a\tb\x1bc", None, 1, 20), "a       bc");
        assert_eq!(shown(b"ax", Some(b"ay"), 1, 9), "a\x1b[7mx\x1b[27m");
        assert_eq!(shown("ééé".as_bytes(), None, 1, 2), "éé");
    }
}
