//! What the name of a command means. POSIX.1-2024 XCU 2.9.1.4 (command search
//! and execution), and how a file becomes a process (2.9.1.6).

use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::rc::Rc;

use nix::errno::Errno;
use nix::sys::stat::{Mode, SFlag, stat};
use nix::unistd::{AccessFlags, access};

use crate::applet::{Ctx, Env, Row, show_bytes};
use crate::sys;
use crate::sys::text::error_text;

use super::ast::Function;
use super::builtins::{self, Builtin};
use super::fields::Fields;
use super::options::PATH_FIRST;
use super::{Flow, Run, Shell};

/// What a command name means.
pub enum Meaning {
    /// A special or regular built-in utility.
    Builtin(&'static Builtin),
    /// A function.
    Function(Rc<Function>),
    /// An applet of this program.
    Applet(&'static Row),
    /// A file in PATH, or a name with a slash.
    File(Vec<u8>),
    /// Nothing.
    Unknown,
}

impl Shell {
    /// Finds out what a name means (2.9.1.4).
    pub fn meaning(&mut self, name: &[u8]) -> Meaning {
        if name.contains(&b'/') {
            return Meaning::File(name.to_vec());
        }
        self.meaning_of(name, builtins::find(name))
    }

    pub(super) fn meaning_of(&mut self, name: &[u8], builtin: Option<&'static Builtin>) -> Meaning {
        if builtin.is_none() && name.contains(&b'/') {
            return Meaning::File(name.to_vec());
        }
        if let Some(builtin) = builtin.filter(|b| b.special) {
            return Meaning::Builtin(builtin);
        }
        if let Some(function) = self.functions.get(name) {
            return Meaning::Function(Rc::clone(function));
        }
        match builtin {
            Some(builtin) => Meaning::Builtin(builtin),
            None => self.meaning_outside(name),
        }
    }

    /// The same among applets and files only.
    pub fn meaning_outside(&mut self, name: &[u8]) -> Meaning {
        let applet = self.table.find(name);
        if let Some(row) = applet.filter(|_| !self.options.has(PATH_FIRST)) {
            return Meaning::Applet(row);
        }
        match (self.search(name), applet) {
            (Some(path), _) => Meaning::File(path),
            (None, Some(row)) => Meaning::Applet(row),
            (None, None) => Meaning::Unknown,
        }
    }

    /// Searches PATH, or remembers.
    fn search(&mut self, name: &[u8]) -> Option<Vec<u8>> {
        if std::mem::take(&mut self.vars.path_changed) {
            self.hashed.clear();
        }
        // A program that is gone is looked for again.
        if let Some(path) = self.hashed.get(name)
            && access(path.as_slice(), AccessFlags::F_OK).is_ok()
        {
            return Some(path.clone());
        }
        let path = self.vars.get(b"PATH").unwrap_or(DEFAULT_PATH).to_vec();
        let found = search_path(&path, name)?;
        if found.first() == Some(&b'/') {
            self.hashed.insert(name, found.clone());
        }
        Some(found)
    }

    /// Replaces this process by a program. Returns only when that fails, with
    /// the message printed and the status set.
    pub fn exec_file(&mut self, path: &[u8], fields: &Fields) -> Run {
        self.replace(path, fields).map(drop)
    }

    /// The same. True when a script of this shell has been executed, false when
    /// nothing has.
    pub fn replace(&mut self, path: &[u8], fields: &Fields) -> Result<bool, Flow> {
        let (Ok(program), argv) = (CString::new(path), fields.c_strings().collect::<Vec<_>>())
        else {
            self.status = 127;
            return Ok(false);
        };
        let errno = match nix::unistd::execve(&program, &argv, self.vars.environment()) {
            Err(errno) => errno,
            Ok(never) => match never {},
        };
        if errno == Errno::ENOEXEC {
            return self.exec_script(path, fields).map(|()| true);
        }
        self.exec_failed(path, errno);
        Ok(false)
    }

    /// Runs a program in a child that becomes it at once, without a copy of
    /// this process.
    pub(super) fn spawn_file(&mut self, path: &[u8], fields: &Fields) -> Run {
        let Ok(program) = CString::new(path) else {
            self.status = 127;
            return Ok(());
        };
        if self.jobs.control {
            return self.in_child(false, &mut |sh| sh.exec_file(path, fields));
        }
        let environment = self.vars.environment();
        match sys::process::spawn(&program, &mut fields.c_strings(), environment) {
            Ok(pid) => {
                let mut job = self.new_job();
                self.join_job(&mut job, pid, true);
                let statuses = self.wait_foreground(job)?;
                self.status = statuses.last().copied().unwrap_or(0);
            }
            Err(Errno::ENOEXEC) => {
                return self.in_child(false, &mut |sh| sh.exec_script(path, fields));
            }
            Err(errno) => self.exec_failed(path, errno),
        }
        Ok(())
    }

    /// Says why a program cannot be run.
    fn exec_failed(&mut self, path: &[u8], errno: Errno) {
        let missing = errno == Errno::ENOENT || errno == Errno::ENOTDIR;
        let shown = show_bytes(path);
        if missing && access(path, AccessFlags::F_OK).is_ok() {
            self.complain(format_args!("{shown}: its interpreter is missing"));
        } else if missing {
            self.complain(format_args!("{shown}: not found"));
        } else if errno == Errno::EACCES
            && stat(path).is_ok_and(|s| s.st_mode & SFlag::S_IFMT.bits() == SFlag::S_IFDIR.bits())
        {
            self.complain(format_args!("{shown}: is a directory"));
        } else {
            self.complain(format_args!("{shown}: {}", error_text(errno as i32)));
        }
        self.status = if missing { 127 } else { 126 };
    }

    /// A file without an interpreter line is a script of this shell
    /// (2.9.1.6).
    fn exec_script(&mut self, path: &[u8], fields: &Fields) -> Run {
        let head = crate::sys::file::read(OsStr::from_bytes(path)).unwrap_or_default();
        let first_line = head.split(|b| *b == b'\n').next().unwrap_or_default();
        if first_line.contains(&0) {
            self.complain(format_args!("{}: cannot execute binary file", show_bytes(path)));
            self.status = 126;
            return Ok(());
        }
        let environment = self.vars.os_environment();
        let mut args = vec![OsStr::from_bytes(path).to_os_string()];
        args.extend(fields.os_strings(1));
        let name = OsStr::new("sh");
        let mut cx = Ctx::of_process(self.table, "sh", name, &args);
        cx.env = Env::List(&environment);
        self.status = super::start::run(&mut cx).map_or(2, |s| s.0);
        Ok(())
    }
}

/// Where commands are looked for without PATH.
pub const DEFAULT_PATH: &[u8] = b"/sbin:/usr/sbin:/bin:/usr/bin";

/// The first executable file called `name` in the folders of `path`.
pub fn search_path(path: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let mut denied = None;
    for dir in path.split(|b| *b == b':') {
        let mut file = dir.to_vec();
        if !dir.is_empty() {
            file.push(b'/');
        }
        file.extend_from_slice(name);
        match executable(&file) {
            Some(true) => return Some(file),
            Some(false) => {
                denied.get_or_insert(file);
            }
            None => {}
        }
    }
    // Found but not executable is status 126, not 127.
    denied
}

/// Whether a file can be executed; None for what is no regular file.
fn executable(path: &[u8]) -> Option<bool> {
    let mode = stat(path).ok()?.st_mode;
    if mode & SFlag::S_IFMT.bits() != SFlag::S_IFREG.bits() {
        return None;
    }
    let any = Mode::S_IXUSR | Mode::S_IXGRP | Mode::S_IXOTH;
    Some(mode & any.bits() != 0 && access(path, AccessFlags::X_OK).is_ok())
}
