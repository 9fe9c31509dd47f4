//! getopts. POSIX.1-2024 XCU 3.

use crate::applet::{show_bytes, write_all};

use super::super::ast::is_name;
use super::super::fields::Fields;
use super::super::{Getopts, Shell};
use super::{Ran, number};
use crate::digits::push_signed;

impl Default for Getopts {
    fn default() -> Getopts {
        Getopts { index: 1, offset: 0 }
    }
}

/// getopts: the next option of the positional parameters.
pub(super) fn getopts(sh: &mut Shell, fields: &Fields) -> Ran {
    let from = if fields.get(1) == Some(b"--") { 2 } else { 1 };
    let (Some(spec), Some(name)) = (fields.get(from), fields.get(from + 1)) else {
        return sh.failed("getopts", "usage: getopts OPTIONS NAME [ARG...]", 2);
    };
    if !is_name(name) {
        return sh.failed("getopts", format_args!("{}: bad variable name", show_bytes(name)), 2);
    }
    let args: Vec<Vec<u8>> = if fields.len() > from + 2 {
        fields.from(from + 2).map(<[u8]>::to_vec).collect()
    } else {
        sh.positional.to_vec()
    };
    if std::mem::take(&mut sh.vars.optind_changed) {
        let index = sh.vars.get(b"OPTIND").and_then(number).unwrap_or(1).max(1);
        sh.getopts = Getopts { index: index as usize, offset: 0 };
    }
    let Getopts { mut index, mut offset } = sh.getopts;
    let (silent, letters) = match spec.split_first() {
        Some((b':', rest)) => (true, rest),
        _ => (false, spec),
    };
    let mut option = b"?".to_vec();
    let mut argument: Option<Vec<u8>> = None;
    let mut status = 0;
    if offset == 0 {
        match args.get(index - 1).map(Vec::as_slice) {
            Some(b"--") => {
                index += 1;
                status = 1;
            }
            Some([b'-', _, ..]) => offset = 1,
            _ => status = 1,
        }
    }
    if status == 0 {
        let arg = args.get(index - 1).cloned().unwrap_or_default();
        let letter = arg.get(offset).copied().unwrap_or(b'?');
        offset += 1;
        let known = letters.iter().position(|l| *l == letter && letter != b':');
        let wants = known.is_some_and(|at| letters.get(at + 1) == Some(&b':'));
        let is_last = offset >= arg.len();
        if known.is_none() {
            if silent {
                argument = Some(vec![letter]);
            } else {
                say(b"Illegal option -", letter, b"");
            }
        } else if !wants {
            option = vec![letter];
        } else if !is_last {
            option = vec![letter];
            argument = arg.get(offset..).map(<[u8]>::to_vec);
            offset = arg.len();
        } else if let Some(next) = args.get(index) {
            option = vec![letter];
            argument = Some(next.clone());
            index += 1;
        } else if silent {
            option = b":".to_vec();
            argument = Some(vec![letter]);
        } else {
            say(b"No arg for -", letter, b" option");
        }
        if is_last || offset >= arg.len() {
            index += 1;
            offset = 0;
        }
    }
    let mut text = Vec::new();
    push_signed(&mut text, index as i64);
    let failed = sh.vars.set(b"OPTIND", &text).is_err();
    sh.vars.optind_changed = false;
    sh.getopts = Getopts { index, offset };
    let failed = match argument {
        Some(value) => sh.vars.set(b"OPTARG", &value).is_err(),
        None => sh.vars.unset(b"OPTARG").is_err(),
    } || failed;
    if sh.vars.set(name, &option).is_err() || failed {
        return sh.failed("getopts", "a variable is read only", 2);
    }
    Ok(status)
}

/// Says what is wrong with an option, in the words of dash and busybox.
fn say(before: &[u8], letter: u8, behind: &[u8]) {
    let shown = show_bytes(&[letter]).to_string();
    let line = [before, shown.as_bytes(), behind, b"\n"].concat();
    let _ = write_all(crate::sys::fd::stderr(), &line);
}
