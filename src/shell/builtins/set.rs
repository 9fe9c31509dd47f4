//! set and shift. POSIX.1-2024 XCU 2.15.

use std::rc::Rc;

use crate::applet::show_bytes;

use super::super::Shell;
use super::super::fields::Fields;
use super::super::options::{ALLEXPORT, INTERACTIVE, MONITOR, Options, PATH_FIRST};
use super::super::trace::quote_into;
use super::{Ran, number};

impl Shell {
    /// Turns an option on or off, with what follows from it.
    pub fn set_option(&mut self, option: u32, on: bool) {
        self.options.set(option, on);
        match option {
            ALLEXPORT => self.vars.export_all = on,
            PATH_FIRST => self.meanings_changed(),
            MONITOR => self.set_job_control(on),
            _ => {}
        }
    }
}

/// set: options and positional parameters.
pub(super) fn set(sh: &mut Shell, fields: &Fields) -> Ran {
    if fields.len() == 1 {
        list_variables(sh);
        return Ok(0);
    }
    let mut at = 1;
    let mut operands = false;
    while let Some(field) = fields.get(at) {
        let (on, letters) = match field {
            [b'-', letters @ ..] => (true, letters),
            [b'+', letters @ ..] => (false, letters),
            _ => break,
        };
        at += 1;
        if letters == b"-" {
            operands = true;
            break;
        }
        if letters.is_empty() {
            if on {
                // `set -`: no -x and -v; the rest are parameters.
                sh.set_option(super::super::options::XTRACE, false);
                sh.set_option(super::super::options::VERBOSE, false);
            }
            break;
        }
        for letter in letters {
            if *letter == b'o' {
                match fields.get(at) {
                    None => list_options(sh, on),
                    Some(name) => {
                        at += 1;
                        match Options::of_name(name).filter(|o| *o != INTERACTIVE) {
                            Some(option) => sh.set_option(option, on),
                            None => {
                                let what = format!("{}: no such option", show_bytes(name));
                                return sh.special_failed("set", what);
                            }
                        }
                    }
                }
                continue;
            }
            match Options::of_letter(*letter).filter(|o| *o != INTERACTIVE) {
                Some(option) => sh.set_option(option, on),
                None => return sh.special_failed("set", super::bad_option(*letter)),
            }
        }
    }
    if operands || fields.len() > at {
        sh.positional = Rc::new(fields.from(at).map(<[u8]>::to_vec).collect());
    }
    Ok(0)
}

fn list_variables(sh: &mut Shell) {
    let mut text = Vec::new();
    for var in sh.vars.sorted() {
        let Some(value) = &var.value else { continue };
        text.extend_from_slice(&var.name);
        text.push(b'=');
        super::super::trace::always_quote_into(&mut text, value);
        text.push(b'\n');
    }
    sh.put(&text);
}

/// `set -o` for people, `set +o` as commands.
fn list_options(sh: &mut Shell, readable: bool) {
    let mut text = Vec::new();
    for (name, on) in sh.options.list() {
        if readable {
            let state = if on { "on" } else { "off" };
            text.extend_from_slice(format!("{name:<15} {state}\n").as_bytes());
        } else if name != "interactive" {
            let sign = if on { '-' } else { '+' };
            text.extend_from_slice(format!("set {sign}o ").as_bytes());
            quote_into(&mut text, name.as_bytes());
            text.push(b'\n');
        }
    }
    sh.put(&text);
}

/// shift: drops the first n positional parameters.
pub(super) fn shift(sh: &mut Shell, fields: &Fields) -> Ran {
    let operand = match fields.get(1) {
        Some(b"--") => fields.get(2),
        other => other,
    };
    let n = match operand {
        None => 1,
        Some(text) => match number(text) {
            Some(n) => n as usize,
            None => {
                let what = format!("Illegal number: {}", show_bytes(text));
                return sh.special_failed("shift", what);
            }
        },
    };
    if n > sh.positional.len() {
        // The shell goes on, as busybox and bash do; POSIX leaves it open.
        return sh.failed("shift", "not so many parameters", 1);
    }
    Rc::make_mut(&mut sh.positional).drain(..n);
    Ok(0)
}
