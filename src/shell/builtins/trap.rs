//! trap. POSIX.1-2024 XCU 2.15.

use crate::applet::show_bytes;
use crate::sys::signal;

use super::super::Shell;
use super::super::fields::Fields;
use super::super::trace::always_quote_into;
use super::super::trap::{Action, ERR};
use super::{Ran, bad_option, number, options};

/// trap: what is done when a signal comes, or at the exit.
pub(super) fn trap(sh: &mut Shell, fields: &Fields) -> Ran {
    let (letters, at) = match options(fields, b"pl") {
        Ok(found) => found,
        Err(letter) => return sh.special_failed("trap", bad_option(letter)),
    };
    if letters.contains(&b'l') {
        for n in 1..signal::COUNT as i32 {
            if let Some(name) = signal::name(n) {
                sh.put(format!("{n:2}) {name}\n").as_bytes());
            }
        }
        return Ok(0);
    }
    let Some(first) = fields.get(at) else {
        list(sh, None);
        return Ok(0);
    };
    if letters.contains(&b'p') {
        for condition in fields.from(at) {
            match condition_number(condition) {
                Some(n) => list(sh, Some(n)),
                None => return no_such(sh, condition),
            }
        }
        return Ok(0);
    }
    // `trap 2 3`, or one operand that is a signal: all are reset.
    let alone = fields.len() == at + 1 && condition_number(first).is_some();
    let (action, from) = if number(first).is_some() || alone {
        (Action::Default, at)
    } else {
        let action = match first {
            b"-" => Action::Default,
            b"" => Action::Ignore,
            text => Action::Run(text.into()),
        };
        (action, at + 1)
    };
    let mut status = 0;
    for condition in fields.from(from) {
        match condition_number(condition) {
            Some(n) => sh.set_trap(n, action.clone()),
            None => status = no_such(sh, condition)?,
        }
    }
    Ok(status)
}

fn no_such(sh: &mut Shell, condition: &[u8]) -> Ran {
    sh.failed("trap", format_args!("{}: invalid signal specification", show_bytes(condition)), 1)
}

fn condition_number(text: &[u8]) -> Option<i32> {
    if text.eq_ignore_ascii_case(b"EXIT") {
        return Some(0);
    }
    if text.eq_ignore_ascii_case(b"ERR") {
        return Some(ERR);
    }
    signal::number(text)
}

fn list(sh: &mut Shell, only: Option<i32>) {
    let mut text = Vec::new();
    let mut found = false;
    for (n, action) in sh.traps.list() {
        if only.is_some_and(|o| o != n) {
            continue;
        }
        found = true;
        line(&mut text, n, Some(action));
    }
    if let (Some(n), false) = (only, found) {
        line(&mut text, n, None);
    }
    sh.put(&text);
}

fn line(text: &mut Vec<u8>, n: i32, action: Option<&Action>) {
    text.extend_from_slice(b"trap -- ");
    match action {
        Some(Action::Run(commands)) => always_quote_into(text, commands),
        Some(Action::Ignore) => text.extend_from_slice(b"''"),
        _ => text.push(b'-'),
    }
    text.push(b' ');
    let name = match n {
        0 => Some("EXIT"),
        ERR => Some("ERR"),
        _ => signal::name(n),
    };
    match name {
        Some(name) => text.extend_from_slice(name.as_bytes()),
        None => text.extend_from_slice(n.to_string().as_bytes()),
    }
    text.push(b'\n');
}
