//! last: who was logged in, and when the machine was up, by wtmp. util-linux's
//! form of the lines.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::civil::Civil;
use crate::sys::clock;
use crate::sys::sessions::{self, Login};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "last",
    summary: "print who was logged in, newest first",
    usage: "[-N | -n N] [-FRawxW] [-f FILE] [USER | TERMINAL]...\n\
            \x20 -n N  so many lines         -f  another file than /var/log/wtmp\n\
            \x20 -F    whole times           -R  without hosts    -a  hosts at the end\n\
            \x20 -w    whole names           -x  shutdowns and run levels as well",
    kind: Kind::NoFork, // reads a file
    run,
};

/// How a session ended.
#[derive(Clone, Copy)]
enum End {
    /// Not yet.
    Open,
    /// By logging out.
    Out(i64),
    /// The machine went down.
    Down(i64),
    /// The machine came up again without having gone down.
    Crash(i64),
    Gone,
}

struct Style {
    whole: bool,
    no_host: bool,
    host_last: bool,
    wide: bool,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx
        .parse("# n:limit f:file F,fulltimes R,nohostname a,hostlast w,fullnames W x,system d,dns i,ip")
        .map_err(|e| e.with(Status::FAILURE))?;
    let mut style = Style { whole: false, no_host: false, host_last: false, wide: false };
    let (mut limit, mut system) = (u64::MAX, false);
    let mut file = OsString::from("/var/log/wtmp");
    while let Some(letter) = options.next() {
        match letter {
            b'#' | b'n' => limit = options.number("not a number of lines")?,
            b'f' => file = options.value(),
            b'F' => style.whole = true,
            b'R' => style.no_host = true,
            b'a' => style.host_last = true,
            b'w' | b'W' => style.wide = true,
            b'x' => system = true,
            _ => {}
        }
    }
    let text = crate::sys::file::read(&file).map_err(|e| Error::os(show(&file), e))?;
    let records = sessions::records(&text);
    let wanted: Vec<&[u8]> = options.operands.iter().map(|word| word.as_bytes()).collect();
    // from the newest back: who logged out after, when the machine went down
    let mut outs: Vec<(Vec<u8>, i64)> = Vec::new();
    let mut down: Option<End> = None;
    let mut down_at: Option<i64> = None;
    let mut printed = 0;
    for login in records.iter().rev() {
        let since = i64::from(login.since);
        let mut line: Option<(Vec<u8>, Vec<u8>, End)> = None;
        match login.kind {
            sessions::RUN_LEVEL if login.user == b"shutdown" => {
                if system {
                    let end = down_at.map_or(End::Gone, End::Down);
                    line = Some((b"shutdown".to_vec(), b"system down".to_vec(), end));
                }
                down = Some(End::Down(since));
                down_at = Some(since);
                outs.clear();
            }
            sessions::RUN_LEVEL if system => {
                let level = login.pid as u8;
                line = Some((
                    b"runlevel".to_vec(),
                    [b"(to lvl ", &[level][..], b")"].concat(),
                    End::Gone,
                ));
            }
            sessions::BOOT => {
                let end = match down {
                    Some(End::Down(at)) => End::Down(at),
                    Some(End::Crash(at)) => End::Crash(at),
                    _ => End::Open,
                };
                line = Some((b"reboot".to_vec(), b"system boot".to_vec(), end));
                down = Some(End::Crash(since));
                outs.clear();
            }
            sessions::DEAD => {
                outs.retain(|(line, _)| *line != login.line);
                outs.push((login.line.clone(), since));
            }
            sessions::USER if !login.user.is_empty() => {
                let out = outs.iter().position(|(line, _)| *line == login.line);
                let end = match out {
                    Some(at) => End::Out(outs.remove(at).1),
                    None => match down {
                        Some(end) => end,
                        None if alive(login) => End::Open,
                        None => End::Gone,
                    },
                };
                // whoever came before on this terminal was out by then
                outs.push((login.line.clone(), since));
                line = Some((login.user.clone(), login.line.clone(), end));
            }
            _ => {}
        }
        let Some((user, terminal, end)) = line else { continue };
        let fits = |word: &&&[u8]| {
            **word == user.as_slice()
                || **word == terminal.as_slice()
                || terminal.strip_prefix(b"tty").is_some_and(|rest| rest == **word)
        };
        if !wanted.is_empty() && !wanted.iter().any(|word| fits(&word)) {
            continue;
        }
        if printed == limit {
            break;
        }
        printed += 1;
        print(cx, &style, &user, &terminal, login, end)?;
    }
    let first = records.first().map(|login| i64::from(login.since));
    let begin = first.unwrap_or_else(|| i64::try_from(clock::now().as_secs()).unwrap_or(0));
    let name = file.as_bytes().rsplit(|&b| b == b'/').next().unwrap_or_default();
    let time = Civil::of(begin, clock::zone_offset(begin)).ctime();
    cx.print(format_args!("\n{} begins {time}\n", show_bytes(name)))?;
    Ok(Status::OK)
}

fn alive(login: &Login) -> bool {
    login.pid > 0 && crate::sys::signal::send(login.pid, 0) != Err(nix::errno::Errno::ESRCH)
}

/// `Sun Nov 22 02:08`.
fn short(seconds: i64) -> String {
    let text = Civil::of(seconds, clock::zone_offset(seconds)).ctime();
    text.get(..16).unwrap_or(&text).to_string()
}

fn print(
    cx: &mut Ctx,
    style: &Style,
    user: &[u8],
    terminal: &[u8],
    login: &Login,
    end: End,
) -> Result<(), Error> {
    let cut = |text: &[u8], most: usize| {
        let text = show_bytes(text).to_string();
        if style.wide { text } else { text.chars().take(most).collect() }
    };
    let since = i64::from(login.since);
    let clock_of = |seconds: i64| {
        let text = short(seconds);
        text.get(11..16).unwrap_or_default().to_string()
    };
    let whole = |seconds: i64| Civil::of(seconds, clock::zone_offset(seconds)).ctime();
    let lasted = |until: i64| {
        let minutes = until.saturating_sub(since).max(0) / 60;
        let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
        if days > 0 {
            format!("({days}+{hours:02}:{minutes:02})")
        } else {
            format!(" ({hours:02}:{minutes:02})")
        }
    };
    let (until, length) = match end {
        End::Open if user == b"reboot" => ("still running".to_string(), String::new()),
        End::Open => ("still logged in".to_string(), String::new()),
        End::Gone => ("gone - no logout".to_string(), String::new()),
        End::Out(at) | End::Down(at) | End::Crash(at) => {
            let word = match end {
                End::Down(_) if !matches!(user, b"reboot" | b"shutdown") => "down".to_string(),
                End::Crash(_) => "crash".to_string(),
                _ => clock_of(at),
            };
            let word = if style.whole { whole(at) } else { format!("{word:<5}") };
            (format!("- {word}"), lasted(at))
        }
    };
    let time = if style.whole { whole(since) } else { short(since) };
    let (name, place) = (cut(user, 8), cut(terminal, 12));
    cx.print(format_args!("{name:<8} {place:<12} "))?;
    if !style.no_host && !style.host_last {
        let host = cut(&login.host, 16);
        cx.print(format_args!("{host:<16} "))?;
    }
    let mut line = format!("{time} {until:>3} {length}");
    if style.host_last {
        line = format!("{line:<40} {}", show_bytes(&login.host));
    }
    cx.print(format_args!("{}\n", line.trim_end()))
}
