//! fc: the command history list is shown, edited, run again. POSIX.1-2024 XCU 3.
//!
//! The editor is that of `-e`, FCEDIT, EDITOR, or vi: POSIX's ed is no help to
//! somebody whose machine does not boot.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;

use crate::applet::{reason, show_bytes, write_all};
use crate::sys;

use super::super::Shell;
use super::super::fields::Fields;
use super::super::trace::quote_into;
use super::{Ran, bad_option};

/// How many commands `fc -l` shows.
const SHOWN: u32 = 16;

#[derive(Default)]
struct Options {
    list: bool,
    again: bool,
    bare: bool,
    reverse: bool,
    editor: Option<Vec<u8>>,
}

/// fc: [-l] [-n] [-r] [-s] [-e EDITOR] [OLD=NEW] [FIRST [LAST]].
pub(super) fn fc(sh: &mut Shell, fields: &Fields) -> Ran {
    let (options, at) = match parse(fields) {
        Ok(found) => found,
        Err(why) => return sh.failed("fc", why, 2),
    };
    let mut operands: Vec<&[u8]> = fields.from(at).collect();
    if options.again {
        let change = match operands.first() {
            Some(text) if text.contains(&b'=') => Some(operands.remove(0)),
            _ => None,
        };
        return again(sh, change, operands.first().copied());
    }
    // The newest is this `fc` itself.
    let newest = sh.history.end().saturating_sub(2);
    if newest < sh.history.first() {
        return if options.list { Ok(0) } else { sh.failed("fc", "no history", 1) };
    }
    let (first, last) = match (operands.first(), operands.get(1)) {
        (None, _) if options.list => {
            (Some(newest.saturating_sub(SHOWN - 1).max(sh.history.first())), Some(newest))
        }
        (None, _) => (Some(newest), Some(newest)),
        (Some(first), None) => {
            let first = find(sh, first);
            (first, if options.list { Some(newest) } else { first })
        }
        (Some(first), Some(last)) => (find(sh, first), find(sh, last)),
    };
    let (Some(first), Some(last)) = (first, last) else {
        return sh.failed("fc", "no such command in the history", 1);
    };
    let mut numbers: Vec<u32> = (first.min(last)..=first.max(last)).collect();
    if (first > last) != options.reverse {
        numbers.reverse();
    }
    if options.list {
        list(sh, &numbers, options.bare);
        return Ok(0);
    }
    edit(sh, &numbers, options.editor)
}

fn parse(fields: &Fields) -> Result<(Options, usize), String> {
    let mut options = Options::default();
    let mut at = 1;
    while let Some([b'-', cluster @ ..]) = fields.get(at) {
        // -5 is an operand.
        if cluster.first().is_none_or(u8::is_ascii_digit) {
            break;
        }
        at += 1;
        if cluster == b"-" {
            break;
        }
        for (n, letter) in cluster.iter().enumerate() {
            match letter {
                b'l' => options.list = true,
                b'n' => options.bare = true,
                b'r' => options.reverse = true,
                b's' => options.again = true,
                b'e' => {
                    let rest = cluster.get(n + 1..).unwrap_or_default();
                    let editor = if rest.is_empty() {
                        at += 1;
                        fields.get(at - 1).ok_or("-e: an editor is missing")?
                    } else {
                        rest
                    };
                    // As in ksh and dash.
                    options.again |= editor == b"-";
                    options.editor = Some(editor.to_vec());
                    break;
                }
                _ => return Err(bad_option(*letter)),
            }
        }
    }
    Ok((options, at))
}

/// The number of the command that an operand means: a number, one counted
/// back from here, or what it begins with.
fn find(sh: &Shell, operand: &[u8]) -> Option<u32> {
    let history = &sh.history;
    let own = history.end().saturating_sub(1);
    let (back, digits) = match operand {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let oldest = history.first();
    match super::number(digits) {
        Some(n) if back => Some(own.saturating_sub(n.max(1)).max(oldest)),
        Some(n) => (oldest..own).contains(&n).then_some(n),
        None => history.starting_with(operand, own),
    }
}

fn list(sh: &mut Shell, numbers: &[u32], bare: bool) {
    let mut text = Vec::new();
    for number in numbers {
        let Some(entry) = sh.history.get(*number) else { continue };
        if !bare {
            crate::digits::push_signed(&mut text, i64::from(*number));
        }
        for line in entry.split(|b| *b == b'\n') {
            text.push(b'\t');
            text.extend_from_slice(line);
            text.push(b'\n');
        }
    }
    sh.put(&text);
}

/// `fc -s [OLD=NEW] [COMMAND]`
fn again(sh: &mut Shell, change: Option<&[u8]>, operand: Option<&[u8]>) -> Ran {
    let Some(number) = find(sh, operand.unwrap_or(b"-1")) else {
        return sh.failed("fc", "no such command in the history", 1);
    };
    let mut text = sh.history.get(number).unwrap_or_default().to_vec();
    if let Some(change) = change {
        let equals = change.iter().position(|b| *b == b'=').unwrap_or(0);
        let (old, new) = (change.get(..equals), change.get(equals + 1..));
        let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
        let at = text.windows(old.len().max(1)).position(|w| w == old);
        if let Some(at) = at {
            text.splice(at..at + old.len(), new.iter().copied());
        }
    }
    run(sh, text)
}

/// Shows the text, enters it in the place of the `fc` and runs it.
fn run(sh: &mut Shell, mut text: Vec<u8>) -> Ran {
    while text.last() == Some(&b'\n') {
        text.pop();
    }
    let shown = [text.as_slice(), b"\n"].concat();
    let _ = write_all(sys::fd::stderr(), &shown);
    sh.history.drop_last();
    sh.history.enter(&shown, false);
    let line = sh.vars.line.max(1);
    if !sh.run_text(text, line)? {
        sh.status = 0;
    }
    Ok(sh.status)
}

fn edit(sh: &mut Shell, numbers: &[u32], editor: Option<Vec<u8>>) -> Ran {
    let mut text = Vec::new();
    for number in numbers {
        text.extend_from_slice(sh.history.get(*number).unwrap_or_default());
        text.push(b'\n');
    }
    let folder = sh.vars.get(b"TMPDIR").filter(|d| !d.is_empty()).unwrap_or(b"/tmp").to_vec();
    let mut path = folder;
    path.extend_from_slice(format!("/fc.{}.{}", sh.pid, sh.history.end()).as_bytes());
    let file = OsStr::from_bytes(&path);
    let mut how = OpenOptions::new();
    how.write(true).create_new(true).mode(0o600).custom_flags(libc::O_NOFOLLOW);
    if let Err(error) = how.open(file).and_then(|mut opened| opened.write_all(&text)) {
        return sh.failed("fc", format_args!("{}: {}", show_bytes(&path), reason(&error)), 1);
    }
    let mut command = editor.unwrap_or_else(|| {
        let named = |sh: &mut Shell, name: &[u8]| {
            sh.vars.get(name).filter(|value| !value.is_empty()).map(<[u8]>::to_vec)
        };
        named(sh, b"FCEDIT").or_else(|| named(sh, b"EDITOR")).unwrap_or_else(|| b"vi".to_vec())
    });
    command.push(b' ');
    quote_into(&mut command, &path);
    let line = sh.vars.line.max(1);
    let edited = sh.run_text(command, line);
    let text = crate::sys::file::read(file).unwrap_or_default();
    let _ = std::fs::remove_file(file);
    edited?;
    // An editor that fails has changed its mind.
    if sh.status != 0 {
        return Ok(sh.status);
    }
    run(sh, text)
}
