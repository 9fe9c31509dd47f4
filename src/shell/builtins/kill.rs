//! kill. POSIX.1-2024 XCU 3: -s SIGNAL, -SIGNAL, -l, process groups.

use crate::applet::show_bytes;
use crate::sys::signal;
use crate::sys::text::error_text;

/// What went wrong.
pub enum Failure {
    /// The command line makes no sense.
    Usage(String),
    /// Signals that could not be sent, one message each.
    Sending(Vec<String>),
}

/// Sends signals as `args` say; with -l, writes names to `out`. `resolve`
/// finds out what `%job` is.
pub fn run(
    args: &[&[u8]],
    out: &mut Vec<u8>,
    resolve: &mut dyn FnMut(&[u8]) -> Result<i32, String>,
) -> Result<(), Failure> {
    let usage = |text: &str| Failure::Usage(text.into());
    let mut number = libc::SIGTERM;
    let mut targets = args;
    let no_such = |name: &[u8]| Failure::Usage(format!("{}: no such signal", show_bytes(name)));
    match args.split_first() {
        None => return Err(usage("whom?")),
        Some((option, rest)) if matches!(*option, b"-l" | b"-L") => {
            list(rest, out)?;
            return Ok(());
        }
        Some((option, rest)) if matches!(*option, b"-s" | b"-n") => {
            let Some((name, rest)) = rest.split_first() else {
                return Err(usage("a signal is missing"));
            };
            number = signal::number(name).ok_or_else(|| no_such(name))?;
            targets = rest;
        }
        Some((option, rest)) if *option == b"--" => targets = rest,
        Some((option, rest)) => {
            if let Some((b'-', name)) = option.split_first()
                && !name.is_empty()
            {
                let name = name
                    .strip_prefix(b"s")
                    .filter(|n| signal::number(n).is_some() && signal::number(name).is_none())
                    .unwrap_or(name);
                number = signal::number(name).ok_or_else(|| no_such(name))?;
                targets = rest;
            }
        }
    }
    if let Some((first, rest)) = targets.split_first()
        && *first == b"--"
    {
        targets = rest;
    }
    if targets.is_empty() {
        return Err(usage("whom?"));
    }
    let mut failures = Vec::new();
    for target in targets {
        if let Err(why) = send(target, number, resolve) {
            failures.push(why);
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(Failure::Sending(failures)) }
}

fn send(
    target: &[u8],
    number: i32,
    resolve: &mut dyn FnMut(&[u8]) -> Result<i32, String>,
) -> Result<(), String> {
    let shown = show_bytes(target);
    let pid = if target.first() == Some(&b'%') {
        resolve(target)?
    } else {
        std::str::from_utf8(target)
            .ok()
            .and_then(|t| t.parse().ok())
            .ok_or_else(|| format!("{shown}: not a process"))?
    };
    signal::send(pid, number).map_err(|errno| format!("{shown}: {}", error_text(errno as i32)))
}

/// The numbers and names of all signals, a line for each.
pub fn names() -> Vec<u8> {
    let mut text = String::new();
    for n in 1..signal::COUNT as i32 {
        if let Some(name) = signal::name(n) {
            text.push_str(&format!("{n:2}) {name}\n"));
        }
    }
    text.into_bytes()
}

/// `-l`: all names, or the name of a number or exit status, or the number of a
/// name.
fn list(operands: &[&[u8]], out: &mut Vec<u8>) -> Result<(), Failure> {
    let operands = match operands.split_first() {
        Some((first, rest)) if *first == b"--" => rest,
        _ => operands,
    };
    if operands.is_empty() {
        out.extend_from_slice(&names());
        return Ok(());
    }
    let mut line = |text: &str| {
        out.extend_from_slice(text.as_bytes());
        out.push(b'\n');
    };
    for operand in operands {
        let unknown = || Failure::Usage(format!("{}: no such signal", show_bytes(operand)));
        if operand.first().is_some_and(u8::is_ascii_digit) {
            let n: i32 = std::str::from_utf8(operand)
                .ok()
                .and_then(|t| t.parse().ok())
                .ok_or_else(unknown)?;
            let n = if n > 128 { n - 128 } else { n };
            match signal::name(n) {
                None if n == 0 => line("EXIT"),
                Some(name) => line(name),
                None if (1..signal::COUNT as i32).contains(&n) => line(&n.to_string()),
                None => return Err(unknown()),
            }
        } else if *operand == b"EXIT" {
            line("0");
        } else {
            line(&signal::number(operand).ok_or_else(unknown)?.to_string());
        }
    }
    Ok(())
}
