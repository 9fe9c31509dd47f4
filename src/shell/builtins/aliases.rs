//! alias and unalias. POSIX.1-2024 XCU 2.3.1 and 3.

use std::rc::Rc;

use crate::applet::show_bytes;

use super::super::Shell;
use super::super::fields::Fields;
use super::super::trace::always_quote_into;
use super::{Ran, bad_option, options};

fn is_alias_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || b"_-!%,@.+".contains(b))
}

fn show(name: &[u8], value: &[u8]) -> Vec<u8> {
    let mut line = name.to_vec();
    line.push(b'=');
    always_quote_into(&mut line, value);
    line.push(b'\n');
    line
}

/// alias: defines or shows aliases.
pub(super) fn alias(sh: &mut Shell, fields: &Fields) -> Ran {
    let from = if fields.get(1) == Some(b"--") { 2 } else { 1 };
    if fields.len() == from {
        let text: Vec<u8> = sh.aliases.iter().flat_map(|(n, v)| show(n, v)).collect();
        sh.put(&text);
        return Ok(0);
    }
    let mut status = 0;
    for operand in fields.from(from) {
        match operand.iter().position(|b| *b == b'=') {
            Some(at) => {
                let (name, value) = operand.split_at(at);
                if !is_alias_name(name) {
                    let what = format!("{}: not a name for an alias", show_bytes(name));
                    status = sh.failed("alias", what, 1)?;
                    continue;
                }
                let value = value.get(1..).unwrap_or_default();
                sh.aliases.insert(name, Rc::from(value));
            }
            None => match sh.aliases.get(operand) {
                Some(value) => {
                    let line = show(operand, value);
                    sh.put(&line);
                }
                None => {
                    let what = format!("{}: not found", show_bytes(operand));
                    status = sh.failed("alias", what, 1)?;
                }
            },
        }
    }
    Ok(status)
}

/// unalias: removes aliases, -a all.
pub(super) fn unalias(sh: &mut Shell, fields: &Fields) -> Ran {
    let (letters, at) = match options(fields, b"a") {
        Ok(found) => found,
        Err(letter) => return sh.failed("unalias", bad_option(letter), 2),
    };
    if letters.contains(&b'a') {
        sh.aliases.clear();
        return Ok(0);
    }
    let mut status = 0;
    for name in fields.from(at) {
        if !sh.aliases.remove(name) {
            let what = format!("{}: not found", show_bytes(name));
            status = sh.failed("unalias", what, 1)?;
        }
    }
    Ok(status)
}
