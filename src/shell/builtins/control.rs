//! What changes the flow of a script. POSIX.1-2024 XCU 2.15: break, continue,
//! dot, eval, exec, exit, return.

use std::rc::Rc;

use crate::applet::{reason, show_bytes};

use super::super::fields::Fields;
use super::super::meaning::{Meaning, search_path};
use super::super::{Flow, Shell};
use super::{Ran, number};

/// The n of `break n`.
fn levels(sh: &mut Shell, fields: &Fields) -> Result<u32, Flow> {
    let name = fields.get(0).unwrap_or_default().to_vec();
    let operand = match fields.get(1) {
        Some(b"--") => fields.get(2),
        other => other,
    };
    match operand {
        None => Ok(1),
        Some(text) => match number(text).filter(|n| *n > 0) {
            Some(n) => Ok(n),
            None => {
                let what = format!("Illegal number: {}", show_bytes(text));
                let name = String::from_utf8_lossy(&name).into_owned();
                sh.special_failed(&name, what).map(u32::from)
            }
        },
    }
}

/// break: out of n loops.
pub(super) fn break_(sh: &mut Shell, fields: &Fields) -> Ran {
    let n = levels(sh, fields)?;
    sh.status = 0;
    if sh.loops == 0 {
        return Ok(0);
    }
    Err(Flow::Break(n.min(sh.loops)))
}

/// continue: the n-th loop's next round.
pub(super) fn continue_(sh: &mut Shell, fields: &Fields) -> Ran {
    let n = levels(sh, fields)?;
    sh.status = 0;
    if sh.loops == 0 {
        return Ok(0);
    }
    Err(Flow::Continue(n.min(sh.loops)))
}

/// The status that `exit` and `return` are given.
fn status_operand(sh: &mut Shell, fields: &Fields, name: &str) -> Result<u8, Flow> {
    let operand = match fields.get(1) {
        Some(b"--") => fields.get(2),
        other => other,
    };
    match operand {
        None => Ok(sh.status),
        Some(text) => match number(text) {
            Some(n) => Ok((n & 0xff) as u8),
            None => {
                let what = format!("Illegal number: {}", show_bytes(text));
                sh.special_failed(name, what)
            }
        },
    }
}

/// exit: ends the shell.
pub(super) fn exit(sh: &mut Shell, fields: &Fields) -> Ran {
    let mut status = status_operand(sh, fields, "exit")?;
    if fields.len() == 1
        && let Some(before) = sh.trap_status
    {
        status = before;
    }
    if sh.warn_of_stopped_jobs() {
        return Ok(1);
    }
    sh.status = status;
    Err(Flow::Exit)
}

/// return: from a function or a dot script; elsewhere it ends the script.
pub(super) fn return_(sh: &mut Shell, fields: &Fields) -> Ran {
    sh.status = status_operand(sh, fields, "return")?;
    if sh.calls == 0 && !sh.interactive {
        return Err(Flow::Exit);
    }
    Err(Flow::Return)
}

/// eval: its arguments as commands.
pub(super) fn eval(sh: &mut Shell, fields: &Fields) -> Ran {
    let from = if fields.get(1) == Some(b"--") { 2 } else { 1 };
    let mut text = Vec::new();
    for field in fields.from(from) {
        if !text.is_empty() {
            text.push(b' ');
        }
        text.extend_from_slice(field);
    }
    let line = sh.vars.line.max(1);
    if !sh.run_text(text, line)? {
        sh.status = 0;
    }
    Ok(sh.status)
}

/// exec: replaces the shell, or keeps redirections.
pub(super) fn exec(sh: &mut Shell, fields: &Fields) -> Ran {
    let from = if fields.get(1) == Some(b"--") { 2 } else { 1 };
    let Some(name) = fields.get(from) else {
        sh.keeps_redirections = true;
        return Ok(0);
    };
    let rest = fields.without_first(from);
    let meaning =
        if name.contains(&b'/') { Meaning::File(name.to_vec()) } else { sh.meaning_outside(name) };
    match meaning {
        Meaning::Applet(row) => {
            sh.prepare_exec();
            sh.status = sh.applet(row, &rest);
        }
        Meaning::File(path) => {
            let (interactive, trapped) = (sh.interactive, sh.traps.any);
            sh.prepare_exec();
            // What cannot be executed leaves the shell its traps, not those
            // that a subshell has only heard of.
            if !sh.replace(&path, &rest)? {
                sh.interactive = interactive;
                if trapped {
                    sh.regain_traps();
                }
            }
        }
        _ => {
            sh.complain_of("exec", &format_args!("{}: not found", show_bytes(name)));
            sh.status = 127;
        }
    }
    if sh.interactive && matches!(sh.status, 126 | 127) {
        sh.set_own_dispositions();
        return Ok(sh.status);
    }
    Err(Flow::Exit)
}

/// dot: the commands of a file in this environment.
pub(super) fn dot(sh: &mut Shell, fields: &Fields) -> Ran {
    let name = fields.get(0).unwrap_or_default();
    let name = String::from_utf8_lossy(name).into_owned();
    let at = if fields.get(1) == Some(b"--") { 2 } else { 1 };
    let by_command = std::mem::take(&mut sh.by_command);
    let Some(file) = fields.get(at) else {
        return sh.special_failed(&name, "a file is missing");
    };
    let path = if file.contains(&b'/') {
        file.to_vec()
    } else {
        let path = sh.vars.get(b"PATH").unwrap_or_default().to_vec();
        match search_readable(&path, file) {
            Some(path) => path,
            None if name == "source" => file.to_vec(),
            None => {
                let what = format!("{}: not found", show_bytes(file));
                return unread(sh, &name, &what, by_command);
            }
        }
    };
    let text = match super::super::script::text_of(&path) {
        Ok(text) => text,
        Err(error) => {
            let what = format!("{}: {}", show_bytes(&path), reason(&error));
            return unread(sh, &name, &what, by_command);
        }
    };
    if !sh.has_stack() {
        return sh.special_failed(&name, "files nest too deep");
    }
    // As in bash and mksh, arguments are the parameters of the file.
    let outer = if fields.len() > at + 1 {
        let list = fields.from(at + 1).map(<[u8]>::to_vec).collect();
        Some(std::mem::replace(&mut sh.positional, Rc::new(list)))
    } else {
        None
    };
    sh.calls += 1;
    sh.by_command = by_command;
    let loops = sh.loops;
    let line = sh.vars.line;
    let result = sh.run_file(text, &path);
    if let Ok(false) = result {
        sh.status = 0;
    }
    sh.vars.line = line;
    sh.loops = loops;
    sh.calls -= 1;
    if let Some(outer) = outer {
        sh.positional = outer;
    }
    match result {
        Ok(_) | Err(Flow::Return) => Ok(sh.status),
        Err(flow) => Err(flow),
    }
}

/// A file that cannot be read ends the script (2.8.1), but not when `command`
/// was asked for it.
fn unread(sh: &mut Shell, name: &str, what: &str, by_command: bool) -> Ran {
    if by_command { sh.failed(name, what, 1) } else { sh.special_failed(name, what) }
}

/// The first readable file of this name in PATH.
fn search_readable(path: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    search_path(path, name)
}
