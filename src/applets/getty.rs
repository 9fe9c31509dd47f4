//! getty (agetty): open a terminal, set it up, ask who is there, become login.
//! As busybox and util-linux have it; the speed may stand before or behind the
//! terminal, or be left out.
//!
//! Deviations: a name is plain text (letters that a terminal would act on are
//! not taken); parity is left alone.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use nix::errno::Errno;
use nix::unistd::{self, Gid, Uid};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, write_all};
use crate::fsutil::users::Users;
use crate::options::{Options, number};
use crate::sys::termios::{self, Modes, When};
use crate::sys::{self, clock, sessions, tty};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "getty",
    summary: "open a terminal, ask for a name and become login",
    usage: "[OPTIONS] [BAUD[,BAUD]...] TTY [TERM]\n\
            \x20 -L  a local line: no carrier     -h  flow control by RTS and CTS\n\
            \x20 -n  ask for no name              -i  do not print /etc/issue\n\
            \x20 -a USER  log in so, unasked      -f FILE  print this one\n\
            \x20 -l PROG  instead of /bin/login   -o ARGS  for it (\\u is the name)\n\
            \x20 -t SECONDS  that long            -w  wait for a return first\n\
            \x20 -I TEXT  send this first (\\015)  -m  speed from the modem's CONNECT\n\
            \x20 -H HOST  for utmp    -s, or BAUD 0: keep the speed    -r DIR  chroot\n\
            \x20 -N no empty line before the issue   -c keep the modes of the line\n\
            TTY is below /dev, or - for standard input. Several speeds: Break tries the next.",
    kind: Kind::Exec, // becomes another program
    run,
};

const OPTIONS: &str = "8,8bits a:autologin c,noreset f:issue-file h,flow-control H:host i,noissue \
    I:init-string J,noclear l:login-program L -1?local-line m,extract-baud n,skip-login N,nonewline \
    o:login-options p,login-pause r:chroot R,hangup s,keep-baud t:timeout U,detect-case w,wait-cr \
    -2,nohostname -3,nohints -4,long-hostname -5:delay -6:nice";

/// Speeds that a line may be tried with.
const SPEEDS: usize = 10;

/// The longest name.
const NAME: usize = 256;

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(OPTIONS)?;
    let operands = std::mem::take(&mut options.operands);
    let line = Line::of(&operands)?;
    let mut pause = |letter| match options.take(letter) {
        None => Ok(0),
        Some(text) => number(&text)
            .and_then(|n| u32::try_from(n).ok())
            .ok_or_else(|| Error::bad(show(&text), "not a number of seconds")),
    };
    let limit = pause(b't')?;
    if line.name != "-" {
        super::login::take_terminal(line.name)?;
        let _ = tty::take_controlling(cx.stdin);
        let path = Path::new("/dev").join(line.name);
        let group = Users::new().gid(b"tty").unwrap_or(0);
        let _ = unistd::chown(&path, Some(Uid::from_raw(0)), Some(Gid::from_raw(group)));
        let mode = nix::sys::stat::Mode::from_bits_truncate(0o620);
        let _ = nix::sys::stat::fchmod(cx.stdin, mode);
    }
    let _ = unistd::tcsetpgrp(cx.stdin, unistd::getpgrp());
    let shown = show(line.name).to_string();
    let mut modes = termios::get(cx.stdin).map_err(|e| Error::os(&shown, e))?;
    if let Some(root) = options.take(b'r') {
        unistd::chroot(root.as_os_str()).map_err(|e| Error::os(show(&root), e))?;
        unistd::chdir("/").map_err(|e| Error::os("/", e))?;
    }
    if options.has(b'c') {
        // as it is, but for reading a name
        modes.local = 0;
    } else {
        prepare(&mut modes, &options);
    }
    let mut speeds = line.speeds.clone();
    if options.has(b's') {
        speeds.clear();
    }
    set_speed(&mut modes, speeds.first());
    let stdin = cx.stdin;
    let apply =
        |modes: &Modes| termios::set(stdin, modes, When::Now).map_err(|e| Error::os(&shown, e));
    apply(&modes)?;
    if let Some(text) = options.take(b'I') {
        let _ = write_all(cx.stdout, &unescaped(text.as_bytes()));
    }
    if options.has(b'm')
        && let Some(speed) = speed_of_modem(cx)
    {
        speeds = vec![speed];
        set_speed(&mut modes, speeds.first());
        apply(&modes)?;
    }
    if options.has(b'w') {
        while !matches!(key(cx)?, b'\r' | b'\n') {}
    }
    if limit > 0 {
        // The default action of the alarm ends this program.
        unistd::alarm::set(limit);
    }
    note_waiting(&line, &options.take(b'H').unwrap_or_default());
    let mut end = b'\r';
    let user = options.take(b'a');
    let mut name = user.clone().map(OsString::into_vec);
    if options.has(b'n') || user.is_some() {
        issue(cx, &mut options, line.name)?;
    } else {
        let mut at = 0;
        while name.is_none() {
            name = ask(cx, &mut options, line.name, speeds.len() > 1, &mut end)?;
            if name.is_none() {
                at = (at + 1) % speeds.len().max(1);
                set_speed(&mut modes, speeds.get(at));
                apply(&modes)?;
            }
        }
    }
    if options.has(b'p') {
        let _ = write_all(cx.stdout, b"[press ENTER to login]\n");
        while !matches!(key(cx)?, b'\r' | b'\n') {}
    }
    unistd::alarm::cancel();
    finish(&mut modes, end);
    apply(&modes)?;
    become_login(cx, &mut options, &line, name, user.is_some())
}

/// What the operands say.
struct Line<'a> {
    name: &'a OsStr,
    speeds: Vec<u32>,
    term: Option<&'a OsStr>,
}

impl Line<'_> {
    fn of(operands: &[OsString]) -> Result<Line<'_>, Error> {
        let mut words = operands.iter();
        let missing = || Error::usage("which terminal?").with(Status::FAILURE);
        let first = words.next().ok_or_else(missing)?;
        let mut line = Line { name: first, speeds: Vec::new(), term: None };
        match speeds(first) {
            Some(list) => {
                line.speeds = list?;
                line.name = words.next().ok_or_else(missing)?;
            }
            None => {
                if let Some(list) = operands.get(1).and_then(|word| speeds(word)) {
                    line.speeds = list?;
                    words.next();
                }
            }
        }
        line.term = words.next().map(OsString::as_os_str);
        if words.next().is_some() {
            return Err(Error::usage("too many operands").with(Status::FAILURE));
        }
        Ok(line)
    }

    /// The name that programs on this line find the terminal by.
    fn term(&self) -> &OsStr {
        let console = self.name.as_bytes().strip_prefix(b"tty").and_then(<[u8]>::first);
        let console = self.name == "console" || console.is_some_and(u8::is_ascii_digit);
        self.term.unwrap_or(OsStr::new(if console { "linux" } else { "vt102" }))
    }
}

/// A list of speeds; nothing when the word is none. 0 keeps the speed.
fn speeds(word: &OsStr) -> Option<Result<Vec<u32>, Error>> {
    if !word.as_bytes().first()?.is_ascii_digit() {
        return None;
    }
    let wrong = || Error::bad(show(word), "not a list of speeds").with(Status::FAILURE);
    let mut list = Vec::new();
    for part in word.as_bytes().split(|&b| b == b',') {
        match number(OsStr::from_bytes(part)).and_then(|n| u32::try_from(n).ok()) {
            Some(speed) if list.len() < SPEEDS => list.push(speed),
            _ => return Some(Err(wrong())),
        }
    }
    Some(Ok(list))
}

fn set_speed(modes: &mut Modes, speed: Option<&u32>) {
    if let Some(&speed) = speed
        && speed > 0
    {
        (modes.input_speed, modes.output_speed) = (speed, speed);
    }
}

/// Raw input, and lines that end in a carriage return as well.
fn prepare(modes: &mut Modes, options: &Options) {
    let kept = libc::CSTOPB | libc::PARENB | libc::PARODD | libc::CLOCAL | libc::CRTSCTS;
    modes.control = modes.control & kept | libc::HUPCL | libc::CS8 | libc::CREAD;
    if options.has(b'L') || options.has(b'1') {
        modes.control |= libc::CLOCAL;
    }
    if options.has(b'h') {
        modes.control |= libc::CRTSCTS;
    }
    (modes.input, modes.local) = (modes.input & libc::IUTF8, 0);
    modes.output = libc::OPOST | libc::ONLCR;
    modes.line = 0;
    modes.characters[libc::VMIN] = 1;
    modes.characters[libc::VTIME] = 0;
}

/// What a shell expects. `end` is what the return key sends here.
fn finish(modes: &mut Modes, end: u8) {
    let (control, utf8) = (modes.control, modes.input & libc::IUTF8);
    super::stty::make_sane(modes);
    modes.control = control;
    modes.input |= utf8 | libc::IXON | libc::IXOFF;
    modes.input &= !libc::ICRNL;
    if end == b'\r' {
        modes.input |= libc::ICRNL;
    }
}

/// `\NNN` in octal, and `\\`.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let digits = rest.iter().take(3).take_while(|b| matches!(b, b'0'..=b'7')).count();
        let (octal, behind) = rest.split_at_checked(digits).unwrap_or_default();
        match octal {
            [] => {
                let known = rest.first().copied().unwrap_or(b'\\');
                let known = match known {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    other => other,
                };
                out.push(known);
                rest = rest.get(1..).unwrap_or_default();
            }
            _ => {
                let value = octal.iter().fold(0u32, |n, b| n * 8 + u32::from(b - b'0'));
                out.push(u8::try_from(value & 0xff).unwrap_or(0));
                rest = behind;
            }
        }
    }
    out
}

/// A byte of the line. At its end there is nobody to ask.
fn key(cx: &Ctx) -> Result<u8, Error> {
    let mut byte = [0];
    loop {
        match unistd::read(cx.stdin, &mut byte) {
            Ok(0) => return Err(Error::msg("the line was closed")),
            Ok(_) => return Ok(byte[0]),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(Error::os("terminal", errno)),
        }
    }
}

/// `CONNECT 9600` within a second: what has come by then.
fn speed_of_modem(cx: &Ctx) -> Option<u32> {
    std::thread::sleep(std::time::Duration::from_secs(1));
    let waiting = tty::waiting(cx.stdin).ok()?;
    let mut text = vec![0; waiting.min(256)];
    let count = unistd::read(cx.stdin, &mut text).ok()?;
    let text = text.get(..count)?;
    let at = text.iter().position(u8::is_ascii_digit)?;
    let digits: Vec<u8> = text.iter().skip(at).copied().take_while(u8::is_ascii_digit).collect();
    number(OsStr::from_bytes(&digits)).and_then(|n| u32::try_from(n).ok()).filter(|&n| n > 0)
}

/// Prints the issue.
fn issue(cx: &mut Ctx, options: &mut Options, terminal: &OsStr) -> Result<(), Error> {
    if options.has(b'i') {
        return Ok(());
    }
    let file = options.take(b'f').unwrap_or_else(|| "/etc/issue".into());
    let text = crate::sys::file::read(&file).unwrap_or_default();
    // for the next time
    options.put(b'f', file);
    if !options.has(b'N') {
        cx.put(b"\n")?;
    }
    let text = filled(&text, terminal.as_bytes());
    cx.put(&text)?;
    cx.flush()
}

/// The issue with what its `\` and `%` sequences stand for.
fn filled(text: &[u8], terminal: &[u8]) -> Vec<u8> {
    let names = nix::sys::utsname::uname().ok();
    let part = |letter: u8| {
        let names = names.as_ref()?;
        Some(match letter {
            b's' => names.sysname(),
            b'n' => names.nodename(),
            b'r' => names.release(),
            b'v' => names.version(),
            b'm' => names.machine(),
            b'o' | b'D' => names.domainname(),
            _ => return None,
        })
    };
    let mut out = Vec::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        let Some(&letter) = rest.first().filter(|_| byte == b'\\' || byte == b'%') else {
            out.push(byte);
            continue;
        };
        rest = rest.get(1..).unwrap_or_default();
        let seconds = i64::try_from(clock::now().as_secs()).unwrap_or(0);
        match letter {
            b'd' => crate::date::write(&mut out, b"%A, %d %B %Y", seconds, 0),
            b't' => crate::date::write(&mut out, b"%H:%M:%S", seconds, 0),
            b'l' => out.extend_from_slice(terminal),
            b'u' | b'U' if byte == b'\\' => {
                let count = sessions::users().len();
                out.extend_from_slice(count.to_string().as_bytes());
                if letter == b'U' {
                    out.extend_from_slice(if count == 1 { b" user" } else { b" users" });
                }
            }
            b'e' if byte == b'\\' => out.push(27),
            b'S' if byte == b'\\' => rest = system_name(&mut out, rest),
            _ => match part(letter) {
                Some(text) => out.extend_from_slice(text.as_bytes()),
                None if byte == b'%' && letter != b'%' => out.extend_from_slice(&[byte, letter]),
                None => out.push(letter),
            },
        }
    }
    out
}

/// `\S` and `\S{NAME}`: a variable of os-release, PRETTY_NAME without one.
fn system_name<'a>(out: &mut Vec<u8>, rest: &'a [u8]) -> &'a [u8] {
    let mut name: &[u8] = b"PRETTY_NAME";
    let mut behind = rest;
    if let Some(inner) = rest.strip_prefix(b"{")
        && let Some(end) = inner.iter().position(|&b| b == b'}')
    {
        name = inner.get(..end).unwrap_or_default();
        behind = inner.get(end + 1..).unwrap_or_default();
    }
    let text = crate::sys::file::read("/etc/os-release").unwrap_or_default();
    for line in text.split(|&b| b == b'\n') {
        if let Some(value) = line.strip_prefix(name).and_then(|rest| rest.strip_prefix(b"=")) {
            let quote = |b: &u8| *b == b'"' || *b == b'\'';
            out.extend(value.iter().filter(|b| !quote(b)));
        }
    }
    behind
}

/// Asks for the name. Nothing after a Break, when there are several speeds.
fn ask(
    cx: &mut Ctx,
    options: &mut Options,
    terminal: &OsStr,
    several: bool,
    end: &mut u8,
) -> Result<Option<Vec<u8>>, Error> {
    // What came before the question is noise.
    let _ = nix::sys::termios::tcflush(cx.stdin, nix::sys::termios::FlushArg::TCIFLUSH);
    let mut name = Vec::new();
    while name.is_empty() {
        issue(cx, options, terminal)?;
        let host = nix::sys::utsname::uname().map(|names| names.nodename().to_os_string());
        cx.print(format_args!("{} login: ", show(&host.unwrap_or_default())))?;
        cx.flush()?;
        loop {
            let byte = key(cx)?;
            match byte {
                b'\r' | b'\n' => {
                    *end = byte;
                    cx.put(b"\n")?;
                    cx.flush()?;
                    break;
                }
                0 if several => return Ok(None),
                8 | 127 if !name.is_empty() => {
                    // a letter of several bytes goes as one
                    while name.pop().is_some_and(|b| b & 0xc0 == 0x80) {}
                    let _ = write_all(cx.stdout, b"\x08 \x08");
                }
                0x15 => {
                    for _ in 0..String::from_utf8_lossy(&name).chars().count() {
                        let _ = write_all(cx.stdout, b"\x08 \x08");
                    }
                    name.clear();
                }
                // Ctrl-C, Ctrl-D: init starts another
                3 | 4 => return Err(Error::msg("nobody logged in").with(Status::OK)),
                b' '..=126 | 128.. if name.len() < NAME => {
                    name.push(byte);
                    let _ = write_all(cx.stdout, &[byte]);
                }
                _ => {}
            }
        }
    }
    Ok(Some(name))
}

/// Notes that somebody may log in here.
fn note_waiting(line: &Line, host: &OsStr) {
    let own;
    let name = if line.name == "-" {
        own = unistd::ttyname(sys::fd::stdin()).unwrap_or_default();
        own.as_os_str()
    } else {
        line.name
    };
    let name = name.as_bytes();
    let name = name.strip_prefix(b"/dev/").unwrap_or(name);
    sessions::note(sessions::Event::Waiting, name, b"LOGIN", host.as_bytes());
}

fn become_login(
    cx: &mut Ctx,
    options: &mut Options,
    line: &Line,
    name: Option<Vec<u8>>,
    known: bool,
) -> Result<Status, Error> {
    let name = name.map(OsString::from_vec);
    let mut argv = vec![options.take(b'l').unwrap_or_else(|| "/bin/login".into())];
    if argv == ["/bin/login"] && !Path::new("/bin/login").exists() {
        // in an image without the links it is a name of this program
        argv = vec!["/proc/self/exe".into(), "login".into()];
    }
    match (options.take(b'o'), name) {
        (Some(words), name) => {
            for word in words.as_bytes().split(|b| b.is_ascii_whitespace()) {
                match word {
                    b"" => {}
                    b"\\u" => argv.extend(name.clone()),
                    _ => argv.push(OsStr::from_bytes(word).to_os_string()),
                }
            }
        }
        (None, Some(name)) => {
            argv.push(if known { "-f".into() } else { "--".into() });
            argv.push(name);
        }
        (None, None) => {}
    }
    cx.flush()?;
    let mut environment: Vec<OsString> = Vec::new();
    let mut has_term = false;
    for entry in cx.env.iter() {
        let is_term = entry.as_bytes().starts_with(b"TERM=");
        has_term |= is_term;
        if !is_term || line.term.is_none() {
            environment.push(entry.to_os_string());
        }
    }
    if line.term.is_some() || !has_term {
        let mut entry = OsString::from("TERM=");
        entry.push(line.term());
        environment.push(entry);
    }
    let path = argv.first().cloned().unwrap_or_default();
    let mut list = environment.iter().map(OsString::as_os_str);
    let errno = sys::exec::exec(&argv, cx.env.get(b"PATH"), &mut list);
    let status = if errno == Errno::ENOENT { Status::NOT_FOUND } else { Status::CANNOT_RUN };
    Err(Error::os(show(&path), errno).with(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &[&str]) -> String {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        match Line::of(&words) {
            Ok(line) => {
                let speeds: Vec<String> = line.speeds.iter().map(u32::to_string).collect();
                format!("{} {} {}", show(line.name), speeds.join("+"), show(line.term()))
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn operands() {
        assert_eq!(line(&["38400", "tty1"]), "tty1 38400 linux");
        assert_eq!(line(&["tty1", "38400,9600", "xterm"]), "tty1 38400+9600 xterm");
        assert_eq!(line(&["ttyS0"]), "ttyS0  vt102");
        assert_eq!(line(&["ttyS0", "vt220"]), "ttyS0  vt220");
        assert_eq!(line(&["0", "-", "vt100"]), "- 0 vt100");
        assert_eq!(line(&[]), "which terminal?");
        assert_eq!(line(&["9600"]), "which terminal?");
        assert_eq!(line(&["9600,x", "tty1"]), "9600,x: not a list of speeds");
        assert_eq!(line(&["1", "2", "3", "4"]), "too many operands");
    }

    #[test]
    fn escapes() {
        assert_eq!(unescaped(b"AT\\015\\\\x\\012"), b"AT\r\\x\n");
        assert_eq!(unescaped(b"\\"), b"\\");
        assert_eq!(unescaped(b"\\7\\8"), b"\x078");
        assert_eq!(filled(b"on \\l, 100%!, %%, \\q\\", b"tty7"), b"on tty7, 100%!, %, q\\");
        let text = filled(b"%s \\s", b"tty7");
        assert_eq!(text, b"Linux Linux");
    }
}
