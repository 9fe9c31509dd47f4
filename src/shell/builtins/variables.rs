//! Variables. POSIX.1-2024 XCU 2.15 export, readonly, unset; and `local` and
//! `let`, which POSIX lacks.

use crate::applet::show_bytes;

use super::super::ast::is_name;
use super::super::fields::Fields;
use super::super::trace::always_quote_into;
use super::super::vars::{EXPORTED, READONLY};
use super::super::{Flow, Shell};
use super::{Ran, bad_option, options};

/// `NAME=VALUE` or `NAME`.
fn split(operand: &[u8]) -> (&[u8], Option<&[u8]>) {
    match operand.iter().position(|b| *b == b'=') {
        Some(at) => (operand.get(..at).unwrap_or_default(), operand.get(at + 1..)),
        None => (operand, None),
    }
}

fn declare(sh: &mut Shell, fields: &Fields, utility: &str, flag: u8) -> Ran {
    let (letters, at) = match options(fields, b"pn") {
        Ok(found) => found,
        Err(letter) => return sh.special_failed(utility, bad_option(letter)),
    };
    if fields.len() == at {
        list(sh, utility, flag);
        return Ok(0);
    }
    for operand in fields.from(at) {
        let (name, value) = split(operand);
        if !is_name(name) {
            let what = format!("{}: bad variable name", show_bytes(operand));
            return sh.special_failed(utility, what);
        }
        if let Some(value) = value
            && sh.vars.set(name, value).is_err()
        {
            return sh.special_failed(utility, format_args!("{}: is read only", show_bytes(name)));
        }
        if letters.contains(&b'n') && flag == EXPORTED {
            sh.vars.unexport(name);
        } else {
            sh.vars.mark(name, flag);
        }
    }
    Ok(0)
}

/// Prints the marked variables as commands.
fn list(sh: &mut Shell, utility: &str, flag: u8) {
    let mut text = Vec::new();
    for var in sh.vars.sorted() {
        if var.flags & flag == 0 {
            continue;
        }
        text.extend_from_slice(utility.as_bytes());
        text.push(b' ');
        text.extend_from_slice(&var.name);
        if let Some(value) = &var.value {
            text.push(b'=');
            always_quote_into(&mut text, value);
        }
        text.push(b'\n');
    }
    sh.put(&text);
}

/// export: given to commands.
pub(super) fn export(sh: &mut Shell, fields: &Fields) -> Ran {
    declare(sh, fields, "export", EXPORTED)
}

/// readonly: not to be changed.
pub(super) fn readonly(sh: &mut Shell, fields: &Fields) -> Ran {
    declare(sh, fields, "readonly", READONLY)
}

/// unset: -v variables, -f functions.
pub(super) fn unset(sh: &mut Shell, fields: &Fields) -> Ran {
    let (letters, at) = match options(fields, b"fv") {
        Ok(found) => found,
        Err(letter) => return sh.special_failed("unset", bad_option(letter)),
    };
    for name in fields.from(at) {
        if letters.contains(&b'f') {
            sh.functions.remove(name);
            sh.meanings_changed();
            continue;
        }
        if !is_name(name) {
            let what = format!("{}: bad variable name", show_bytes(name));
            return sh.special_failed("unset", what);
        }
        if sh.vars.unset(name).is_err() {
            return sh.special_failed("unset", format_args!("{}: is read only", show_bytes(name)));
        }
    }
    Ok(0)
}

/// local: variables that the function's caller does not see changed. A name
/// without a value is unset, as in busybox and bash; dash leaves it as it is.
/// `local -` does the same with the options of `set`.
pub(super) fn local(sh: &mut Shell, fields: &Fields) -> Ran {
    let Some(mark) = sh.local_marks.last().copied() else {
        if fields.get(0) == Some(b"typeset") {
            // To the shells that have it, it is an assignment there.
            return declare(sh, fields, "typeset", 0);
        }
        return sh.special_failed("local", "not in a function");
    };
    for operand in fields.from(1) {
        if operand == b"-" {
            sh.local_options.get_or_insert(sh.options);
            continue;
        }
        let (name, value) = split(operand);
        if !is_name(name) {
            let what = format!("{}: bad variable name", show_bytes(operand));
            return sh.special_failed("local", what);
        }
        let slot = sh.vars.slot_of(name);
        let is_new = !sh.vars.is_saved(slot, mark);
        if is_new {
            sh.vars.save(slot);
        }
        let result = match value {
            Some(value) => sh.vars.set_with(slot, |v| v.extend_from_slice(value)),
            None if is_new => sh.vars.take_value(slot, u8::MAX),
            None => Ok(()),
        };
        if result.is_err() {
            return sh.special_failed("local", format_args!("{}: is read only", show_bytes(name)));
        }
    }
    Ok(0)
}

/// let: arithmetic; true when the last value is not 0.
pub(super) fn let_(sh: &mut Shell, fields: &Fields) -> Ran {
    let mut value = 0;
    if fields.len() < 2 {
        return sh.failed("let", "an expression is missing", 2);
    }
    for text in fields.from(1) {
        value = match sh.arithmetic_text(text) {
            Ok(value) => value,
            Err(Flow::Abort) => return Ok(1),
            Err(flow) => return Err(flow),
        };
    }
    Ok(u8::from(value == 0))
}
