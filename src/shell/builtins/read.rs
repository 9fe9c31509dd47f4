//! read. POSIX.1-2024 XCU 3, with -p PROMPT, -s, -t SECONDS, -n COUNT,
//! -d DELIMITER and -u DESCRIPTOR as in busybox ash.

use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};

use crate::applet::{Status, show_bytes, write_all};
use crate::sys::{self, descriptor, signal};

use super::super::ast::is_name;
use super::super::fields::Fields;
use super::super::vars::Split;
use super::super::{Flow, Shell};
use super::{Ran, number};

struct Options {
    raw: bool,
    silent: bool,
    prompt: Option<Vec<u8>>,
    limit: Option<Duration>,
    count: Option<usize>,
    delimiter: u8,
    fd: i32,
}

/// A line as it was read: bytes, and which of them a backslash has quoted.
#[derive(Default)]
struct Line {
    text: Vec<u8>,
    quoted: Vec<usize>,
}

/// read: a line into variables.
pub(super) fn read(sh: &mut Shell, fields: &Fields) -> Ran {
    let (options, at) = match parse(fields) {
        Ok(parsed) => parsed,
        Err(why) => return sh.failed("read", why, 2),
    };
    let mut names: Vec<&[u8]> = fields.from(at).collect();
    if names.is_empty() {
        names.push(b"REPLY");
    }
    if let Some(bad) = names.iter().find(|n| !is_name(n)) {
        return sh.failed("read", format_args!("{}: bad variable name", show_bytes(bad)), 2);
    }
    let asks = options.prompt.is_some() || options.silent || options.count.is_some();
    let terminal = asks && descriptor::is_terminal(options.fd);
    if let Some(prompt) = options.prompt.as_ref().filter(|_| terminal) {
        let _ = write_all(sys::fd::stderr(), prompt);
    }
    let modes = if terminal { change_modes(&options) } else { None };
    let result = line(sh, &options);
    if let Some(modes) = modes {
        let _ = tcsetattr(descriptor::borrow(options.fd), SetArg::TCSADRAIN, &modes);
        if options.silent {
            let _ = write_all(sys::fd::stderr(), b"\n");
        }
    }
    let (line, mut status) = result?;
    let plain = fields.len() == at;
    if !assign(sh, &names, line, plain) {
        status = sh.failed("read", "a variable is read only", 2)?;
    }
    Ok(status)
}

fn parse(fields: &Fields) -> Result<(Options, usize), String> {
    let mut options = Options {
        raw: false,
        silent: false,
        prompt: None,
        limit: None,
        count: None,
        delimiter: b'\n',
        fd: 0,
    };
    let mut at = 1;
    while let Some([b'-', cluster @ ..]) = fields.get(at) {
        at += 1;
        if cluster == b"-" {
            break;
        }
        if cluster.is_empty() {
            at -= 1;
            break;
        }
        let mut rest = cluster;
        while let Some((letter, behind)) = rest.split_first() {
            rest = behind;
            match letter {
                b'r' => options.raw = true,
                b's' => options.silent = true,
                b'p' | b't' | b'n' | b'd' | b'u' => {
                    let value = if rest.is_empty() {
                        at += 1;
                        fields.get(at - 1)
                    } else {
                        Some(std::mem::take(&mut rest))
                    };
                    let value = value.ok_or_else(|| {
                        format!("-{}: an argument is missing", char::from(*letter))
                    })?;
                    let bad = || {
                        let letter = char::from(*letter);
                        format!("-{letter}: {}: not a number", show_bytes(value))
                    };
                    match letter {
                        b'p' => options.prompt = Some(value.to_vec()),
                        b't' => options.limit = Some(seconds(value).ok_or_else(bad)?),
                        b'n' => options.count = Some(number(value).ok_or_else(bad)? as usize),
                        b'd' => options.delimiter = value.first().copied().unwrap_or(0),
                        _ => {
                            let fd = number(value).ok_or_else(bad)?;
                            options.fd = i32::try_from(fd).map_err(|_| bad())?;
                        }
                    }
                }
                other => return Err(super::bad_option(*other)),
            }
        }
    }
    Ok((options, at))
}

fn seconds(text: &[u8]) -> Option<Duration> {
    Duration::try_from_secs_f64(sys::float::whole(text)?).ok()
}

/// -s: no echo; -n: bytes as they come. Returns the modes there were.
fn change_modes(options: &Options) -> Option<Termios> {
    if !options.silent && options.count.is_none() {
        return None;
    }
    let fd = descriptor::borrow(options.fd);
    let old = tcgetattr(fd).ok()?;
    let mut new = old.clone();
    if options.silent {
        new.local_flags.remove(LocalFlags::ECHO);
    }
    if options.count.is_some() {
        new.local_flags.remove(LocalFlags::ICANON);
    }
    tcsetattr(fd, SetArg::TCSADRAIN, &new).ok()?;
    Some(old)
}

/// Reads the line; the status is 1 at the end of the input, and that of
/// SIGALRM when the time is over.
fn line(sh: &mut Shell, options: &Options) -> Result<(Line, u8), Flow> {
    let mut line = Line::default();
    let here = if options.fd == 0 { sh.here_text.take() } else { None };
    let mut here = here.as_deref();
    let end = options.limit.map(|limit| Instant::now() + limit);
    let mut escaped = false;
    let mut block = [0u8; 1024];
    // What can be repositioned is read in blocks, and the rest given back.
    let mut seekable = None;
    let (mut have, mut used) = (0, 0);
    let mut count = 0;
    // Bytes that the character read last lacks.
    let mut more = 0;
    let status = loop {
        if more == 0 && options.count.is_some_and(|n| count >= n) {
            break 0;
        }
        if used == have
            && let Some(text) = &mut here
        {
            let Some((piece, rest)) = text.split_at_checked(text.len().min(block.len())) else {
                break 1;
            };
            let Some(place) = block.get_mut(..piece.len()).filter(|_| !piece.is_empty()) else {
                break 1;
            };
            place.copy_from_slice(piece);
            *text = rest;
            (have, used) = (piece.len(), 0);
        } else if used == have {
            // Input that never ends does not outlast the limit either.
            if let Some(end) = end
                && (count > 0 && Instant::now() >= end || !wait_for_input(options.fd, end))
            {
                break Status::of_signal(libc::SIGALRM).0;
            }
            if options.limit.is_none() {
                sh.await_input(options.fd);
            }
            if signal::any() && sh.trap_waits() {
                let signal = sh.waiting_signal().unwrap_or(libc::SIGINT);
                sh.status = Status::of_signal(signal).0;
                if sh.interrupted() {
                    let _ = write_all(sys::fd::stderr(), b"\n");
                    break sh.status;
                }
                sh.run_traps()?;
            }
            let seekable = *seekable.get_or_insert_with(|| descriptor::can_seek(options.fd));
            let most = if seekable { block.len() } else { 1 };
            match descriptor::read(options.fd, block.get_mut(..most).unwrap_or_default()) {
                Ok(0) => break 1,
                Ok(n) => (have, used) = (n, 0),
                Err(Errno::EINTR) => continue,
                Err(errno) => {
                    sh.complain_of("read", &errno.desc());
                    return Ok((line, 2));
                }
            }
        }
        let byte = block.get(used).copied().unwrap_or(0);
        used += 1;
        if more > 0 && byte & 0xc0 == 0x80 {
            more -= 1;
        } else {
            more = sh.vars.characters.more(byte);
            count += 1;
        }
        if escaped {
            escaped = false;
            // A continued line.
            if byte != b'\n' {
                line.quoted.push(line.text.len());
                line.text.push(byte);
            }
        } else if byte == options.delimiter {
            break 0;
        } else if byte == b'\\' && !options.raw {
            escaped = true;
        } else if byte != 0 {
            line.text.push(byte);
        }
    };
    if used < have && here.is_none() {
        let _ = descriptor::seek_back(options.fd, have - used);
    }
    Ok((line, status))
}

fn wait_for_input(fd: i32, end: Instant) -> bool {
    loop {
        let left = end.saturating_duration_since(Instant::now());
        // Rounded up, so that no time is spent on waiting for nothing.
        let left = left + Duration::from_micros(999);
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(descriptor::borrow(fd), PollFlags::POLLIN)], timeout) {
            Ok(0) if Instant::now() >= end => return false,
            Ok(0) | Err(Errno::EINTR) => {}
            _ => return true,
        }
    }
}

/// Splits the line by IFS into the variables; the last gets the rest (2.6.5).
/// `plain`: no variable was named, and REPLY gets the line as it is.
fn assign(sh: &mut Shell, names: &[&[u8]], line: Line, plain: bool) -> bool {
    let ifs = *sh.vars.ifs();
    let kind = |at: usize| match line.text.get(at) {
        Some(byte) if line.quoted.binary_search(&at).is_err() => {
            ifs.get(usize::from(*byte)).copied().unwrap_or(Split::No)
        }
        _ => Split::No,
    };
    let length = line.text.len();
    let mut at = 0;
    if plain {
        return sh.vars.set(b"REPLY", &line.text).is_ok();
    }
    while at < length && kind(at) == Split::Blank {
        at += 1;
    }
    let Some((last, before)) = names.split_last() else { return true };
    for name in before {
        let start = at;
        while at < length && kind(at) == Split::No {
            at += 1;
        }
        if sh.vars.set(name, line.text.get(start..at).unwrap_or_default()).is_err() {
            return false;
        }
        at = skip_delimiter(at, length, &kind);
    }
    // The rest, without blanks at its end, and without one delimiter if there
    // is just one field left.
    let start = at;
    let mut end = length;
    while end > start && kind(end - 1) == Split::Blank {
        end -= 1;
    }
    let mut field_end = start;
    while field_end < end && kind(field_end) == Split::No {
        field_end += 1;
    }
    if field_end < end && skip_delimiter(field_end, length, &kind) >= end {
        end = field_end;
    }
    sh.vars.set(last, line.text.get(start..end).unwrap_or_default()).is_ok()
}

/// Past one delimiter: blanks, at most one mark, blanks.
fn skip_delimiter(mut at: usize, length: usize, kind: &impl Fn(usize) -> Split) -> usize {
    while at < length && kind(at) == Split::Blank {
        at += 1;
    }
    if at < length && kind(at) == Split::Mark {
        at += 1;
        while at < length && kind(at) == Split::Blank {
            at += 1;
        }
    }
    at
}
