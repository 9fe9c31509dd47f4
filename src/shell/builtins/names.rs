//! Names and places: cd, command, hash, help, pwd, type. POSIX.1-2024 XCU 3.

use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::rc::Rc;

use crate::applet::{reason, show_bytes};

use super::super::Shell;
use super::super::fields::Fields;
use super::super::meaning::{DEFAULT_PATH, Meaning, search_path};
use super::super::parser::RESERVED;
use super::super::vars::EXPORTED;
use super::{Ran, bad_option, options};

/// The working directory as the system knows it.
fn physical() -> Option<Vec<u8>> {
    nix::unistd::getcwd().ok().map(|p| p.into_os_string().into_vec())
}

/// A path without `.` and `..` and double slashes, by its letters.
fn canonical(path: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|b| *b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    let mut clean = Vec::with_capacity(path.len());
    // Two slashes, not three, may mean something to the system.
    if path.starts_with(b"//") && !path.starts_with(b"///") {
        clean.push(b'/');
    }
    for part in parts {
        clean.push(b'/');
        clean.extend_from_slice(part);
    }
    if clean.len() < 2 {
        clean.push(b'/');
    }
    clean
}

/// cd: changes the working directory. -L by the letters of the path (the
/// default), -P by where it is.
pub(super) fn cd(sh: &mut Shell, fields: &Fields) -> Ran {
    let (letters, at) = match cd_options(fields) {
        Ok(found) => found,
        Err(letter) => return sh.failed("cd", bad_option(letter), 2),
    };
    let by_place = letters.last() == Some(&b'P');
    let mut shown = false;
    let target = match fields.get(at) {
        None => match sh.vars.get(b"HOME") {
            Some(home) if !home.is_empty() => home.to_vec(),
            _ => return sh.failed("cd", "HOME is not set", 1),
        },
        Some(b"-") => match sh.vars.get(b"OLDPWD") {
            Some(old) => {
                shown = true;
                old.to_vec()
            }
            None => return sh.failed("cd", "OLDPWD is not set", 1),
        },
        Some(b"") => return sh.failed("cd", "an empty name", 1),
        Some(dir) => dir.to_vec(),
    };
    let mut path = target.clone();
    let own = target.first() == Some(&b'/')
        || matches!(target.as_slice(), b"." | b"..")
        || target.starts_with(b"./")
        || target.starts_with(b"../");
    if !own && let Some(cdpath) = sh.vars.get(b"CDPATH").map(<[u8]>::to_vec) {
        for dir in cdpath.split(|b| *b == b':') {
            let mut candidate = dir.to_vec();
            if !dir.is_empty() && dir.last() != Some(&b'/') {
                candidate.push(b'/');
            }
            candidate.extend_from_slice(&target);
            if std::path::Path::new(OsStr::from_bytes(&candidate)).is_dir() {
                shown |= !dir.is_empty();
                path = candidate;
                break;
            }
        }
    }
    let old = Some(sh.cwd.clone()).filter(|dir| !dir.is_empty()).or_else(physical);
    if !by_place {
        if path.first() != Some(&b'/') {
            let mut whole = old.clone().unwrap_or_default();
            if whole.last() != Some(&b'/') {
                whole.push(b'/');
            }
            whole.extend_from_slice(&path);
            path = whole;
        }
        // `..` behind what is no directory is an error, by letters or not.
        let clean = canonical(&path);
        if std::path::Path::new(OsStr::from_bytes(&path)).exists()
            || !path.windows(3).any(|w| w == b"/..")
        {
            path = clean;
        }
    }
    if let Err(errno) = nix::unistd::chdir(path.as_slice()) {
        let error = std::io::Error::from(errno);
        let what = format!("can't cd to {}: {}", show_bytes(&target), reason(&error));
        return sh.failed("cd", what, 1);
    }
    let new = if by_place { physical().unwrap_or(path) } else { path };
    let mut failed = false;
    if let Some(old) = old {
        failed |= sh.vars.set(b"OLDPWD", &old).is_err();
        sh.vars.mark(b"OLDPWD", EXPORTED);
    }
    failed |= sh.vars.set(b"PWD", &new).is_err();
    sh.vars.mark(b"PWD", EXPORTED);
    sh.cwd.clone_from(&new);
    if shown {
        sh.put(&new);
        sh.put(b"\n");
    }
    if failed {
        return sh.failed("cd", "PWD or OLDPWD is read only", 1);
    }
    Ok(0)
}

/// Like `options`, but `-` alone is an operand.
fn cd_options(fields: &Fields) -> Result<(Vec<u8>, usize), u8> {
    options(fields, b"LPe")
}

/// pwd: the working directory; -P without symbolic links.
pub(super) fn pwd(sh: &mut Shell, fields: &Fields) -> Ran {
    let (letters, _) = match options(fields, b"LP") {
        Ok(found) => found,
        Err(letter) => return sh.failed("pwd", bad_option(letter), 2),
    };
    let known = Some(sh.cwd.clone()).filter(|dir| is_here(dir));
    let dir = if letters.last() == Some(&b'P') { physical() } else { known.or_else(physical) };
    match dir {
        Some(dir) => {
            sh.put(&dir);
            sh.put(b"\n");
            Ok(0)
        }
        None => {
            let error = std::io::Error::last_os_error();
            sh.failed("pwd", reason(&error), 1)
        }
    }
}

/// Whether an absolute path without dots is the working directory.
fn is_here(path: &[u8]) -> bool {
    path.first() == Some(&b'/')
        && !path.split(|b| *b == b'/').any(|p| p == b"." || p == b"..")
        && match (nix::sys::stat::stat(path), nix::sys::stat::stat(".")) {
            (Ok(a), Ok(b)) => (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino),
            _ => false,
        }
}

impl Shell {
    /// PWD as the environment has it if that is true, or as it is (2.5.3).
    pub fn set_initial_pwd(&mut self) {
        let known = self.vars.get(b"PWD").filter(|dir| is_here(dir)).map(<[u8]>::to_vec);
        if let Some(dir) = known.or_else(physical) {
            let _ = self.vars.set(b"PWD", &dir);
            self.cwd = dir;
        }
    }
}

/// command: a utility that is no function; -v and -V say what a name means.
pub(super) fn command(sh: &mut Shell, fields: &Fields) -> Ran {
    let (letters, at) = match options(fields, b"pvV") {
        Ok(found) => found,
        Err(letter) => return sh.failed("command", bad_option(letter), 2),
    };
    if letters.iter().any(|l| matches!(l, b'v' | b'V')) {
        let verbose = letters.last() == Some(&b'V');
        let mut status = 0;
        for name in fields.from(at) {
            if !describe(sh, name, verbose) {
                status = 127;
                if verbose {
                    not_found(sh, name);
                }
            }
        }
        return Ok(status);
    }
    let Some(name) = fields.get(at) else { return Ok(0) };
    let rest = fields.without_first(at);
    let builtin = super::find(name);
    if let Some(builtin) = builtin.filter(|_| !name.contains(&b'/')) {
        sh.by_command = true;
        let result = (builtin.run)(sh, &rest);
        sh.by_command = false;
        return match result {
            // Errors of special utilities do not end the shell here.
            Err(super::super::Flow::Abort) if builtin.special && !is_runner(builtin.name) => {
                Ok(sh.status)
            }
            other => other,
        };
    }
    let meaning = if name.contains(&b'/') {
        Meaning::File(name.to_vec())
    } else if letters.contains(&b'p') {
        match search_path(DEFAULT_PATH, name) {
            Some(path) => Meaning::File(path),
            None => sh.meaning_outside(name),
        }
    } else {
        sh.meaning_outside(name)
    };
    sh.run_meaning(meaning, &rest)?;
    Ok(sh.status)
}

/// Special utilities that run commands, whose errors are those commands'.
fn is_runner(name: &str) -> bool {
    matches!(name, "eval" | ".")
}

/// Says what a name means, in a word or a sentence.
fn describe(sh: &mut Shell, name: &[u8], verbose: bool) -> bool {
    let mut line = name.to_vec();
    if RESERVED.contains(&name) {
        if verbose {
            line.extend_from_slice(b" is a shell keyword");
        }
    } else if let Some(value) = sh.aliases.get(name) {
        if verbose {
            line.extend_from_slice(b" is an alias for ");
            line.extend_from_slice(value);
        } else {
            line = b"alias ".to_vec();
            line.extend_from_slice(name);
            line.push(b'=');
            super::super::trace::always_quote_into(&mut line, value);
        }
    } else {
        match sh.meaning(name) {
            Meaning::Builtin(builtin) if verbose => {
                let kind: &[u8] = if builtin.special {
                    b" is a special shell builtin"
                } else {
                    b" is a shell builtin"
                };
                line.extend_from_slice(kind);
            }
            Meaning::Function(_) if verbose => line.extend_from_slice(b" is a function"),
            Meaning::Applet(_) if verbose => line.extend_from_slice(b" is an applet"),
            Meaning::File(path) => {
                if name.contains(&b'/') && !is_executable(&path) {
                    return false;
                }
                if verbose {
                    line.extend_from_slice(b" is ");
                    line.extend_from_slice(&path);
                } else {
                    line = path;
                }
            }
            Meaning::Unknown => return false,
            _ => {}
        }
    }
    line.push(b'\n');
    sh.put(&line);
    true
}

fn is_executable(path: &[u8]) -> bool {
    nix::unistd::access(path, nix::unistd::AccessFlags::X_OK).is_ok()
}

/// type: what names mean, in sentences.
pub(super) fn type_(sh: &mut Shell, fields: &Fields) -> Ran {
    let from = if fields.get(1) == Some(b"--") { 2 } else { 1 };
    let mut status = 0;
    for name in fields.from(from) {
        if !describe(sh, name, true) {
            not_found(sh, name);
            status = 127;
        }
    }
    Ok(status)
}

fn not_found(sh: &mut Shell, name: &[u8]) {
    sh.put(name);
    sh.put(b": not found\n");
}

/// hash: where commands were found; -r forgets.
pub(super) fn hash(sh: &mut Shell, fields: &Fields) -> Ran {
    let (letters, at) = match options(fields, b"r") {
        Ok(found) => found,
        Err(letter) => return sh.failed("hash", bad_option(letter), 2),
    };
    if letters.contains(&b'r') {
        sh.hashed.clear();
        return Ok(0);
    }
    if fields.len() == at {
        for (_, path) in sh.hashed.iter() {
            sh.out.extend_from_slice(path);
            sh.out.push(b'\n');
        }
        return Ok(0);
    }
    let mut status = 0;
    for name in fields.from(at) {
        sh.hashed.remove(name);
        if matches!(sh.meaning(name), Meaning::Unknown) {
            status = sh.failed("hash", format_args!("{}: not found", show_bytes(name)), 1)?;
        }
    }
    Ok(status)
}

/// help: what there is, or what some of it does.
pub(super) fn help(sh: &mut Shell, fields: &Fields) -> Ran {
    let mut text = Vec::new();
    let mut status = 0;
    for at in 1..fields.len() {
        let name = fields.get(at).unwrap_or_default();
        match sh.table.find(name) {
            Some(row) => {
                text.extend_from_slice(crate::applet::help(row.name, row.applet).as_bytes());
            }
            None => {
                sh.complain(format_args!("help: {}: no such applet", show_bytes(name)));
                status = 1;
            }
        }
    }
    if fields.len() < 2 {
        text.extend_from_slice(b"Built into the shell:\n");
        let names: Vec<&str> = super::names().collect();
        columns(&mut text, &names);
        let purposes = &sh.table.1;
        for (purpose, title) in purposes.titles.iter().enumerate() {
            let of =
                |at: usize| purposes.of.get(at).is_some_and(|p| usize::from(p & 15) == purpose);
            let mut names: Vec<&str> = Vec::new();
            for (at, row) in sh.table.0.iter().enumerate() {
                if of(at) {
                    names.push(row.name);
                }
            }
            text.extend_from_slice(title.as_bytes());
            text.extend_from_slice(b":\n");
            columns(&mut text, &names);
        }
        text.extend_from_slice(b"NAME --help, or help NAME, says what each does.\n");
    }
    sh.put(&text);
    Ok(status)
}

fn columns(text: &mut Vec<u8>, names: &[&str]) {
    let mut width = 0;
    for name in names {
        if width + name.len() + 1 > 76 {
            text.push(b'\n');
            width = 0;
        }
        text.push(b' ');
        text.extend_from_slice(name.as_bytes());
        width += name.len() + 1;
    }
    text.push(b'\n');
}

impl Shell {
    /// Runs what `command NAME` found.
    fn run_meaning(&mut self, meaning: Meaning, fields: &Fields) -> super::super::Run {
        match meaning {
            Meaning::Applet(row) if row.applet.kind == crate::applet::Kind::NoFork => {
                self.status = self.applet(row, fields);
                Ok(())
            }
            Meaning::Applet(row) => self.in_child(false, &mut |sh| {
                sh.status = sh.applet(row, fields);
                Ok(())
            }),
            Meaning::File(path) => self.in_child(false, &mut |sh| sh.exec_file(&path, fields)),
            Meaning::Function(function) => self.call(&Rc::clone(&function), fields),
            _ => {
                let name = fields.get(0).unwrap_or_default();
                self.complain(format_args!("{}: not found", show_bytes(name)));
                self.status = 127;
                Ok(())
            }
        }
    }
}
