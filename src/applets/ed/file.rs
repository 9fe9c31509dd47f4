//! Files and shell commands of ed.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::rc::Rc;

use super::{Editor, Fault};
use crate::applet::{Ctx, Error, reason, show_bytes, write_all};
use crate::sys::command;

const NO_FILE: Fault = "No current filename";

impl Editor {
    /// Reads a file, or what a command prints, behind line `after`.
    pub fn read(
        &mut self,
        cx: &mut Ctx,
        name: &[u8],
        after: usize,
    ) -> Result<Result<(), Fault>, Error> {
        let bytes = match name.strip_prefix(b"!") {
            Some(line) => {
                cx.flush()?;
                command::output(line, &mut cx.env.iter(), [cx.stdin, cx.stderr])
            }
            None => crate::sys::file::read(OsStr::from_bytes(name)),
        };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) => {
                if !self.quiet {
                    let text = format!("{}: {}", show_bytes(name), reason(&error));
                    self.complain(cx, &text)?;
                }
                return Ok(Err("Cannot open input file"));
            }
        };
        let mut lines: Vec<Rc<[u8]>> = bytes.split(|&b| b == b'\n').map(Rc::from).collect();
        let mut count = bytes.len();
        if bytes.is_empty() || bytes.ends_with(b"\n") {
            lines.pop();
        } else if !self.silent {
            self.complain(cx, "Newline appended")?;
        }
        count += usize::from(!bytes.is_empty() && !bytes.ends_with(b"\n"));
        if lines.is_empty() {
            self.buffer.go(after);
        }
        self.buffer.insert(after, &lines);
        self.tell(cx, count)?;
        Ok(Ok(()))
    }

    /// Writes lines to a file or to a command.
    pub fn write(
        &mut self,
        cx: &mut Ctx,
        name: &[u8],
        first: usize,
        last: usize,
        append: bool,
    ) -> Result<Result<(), Fault>, Error> {
        let mut text = Vec::new();
        for line in self.buffer.texts(first, last) {
            text.extend_from_slice(&line);
            text.push(b'\n');
        }
        if let Some(line) = name.strip_prefix(b"!") {
            cx.flush()?;
            let Ok((reader, writer)) = command::pipe() else { return Ok(Err("Cannot open pipe")) };
            let fds = [reader.as_fd(), cx.stdout, cx.stderr];
            let Ok(pid) = command::start(line, &mut cx.env.iter(), fds) else {
                return Ok(Err("Can't create shell process"));
            };
            drop(reader);
            // a command that does not read all of it is no failure
            let _ = write_all(writer.as_fd(), &text);
            drop(writer);
            let _ = command::wait(pid);
            self.tell(cx, text.len())?;
            return Ok(Ok(()));
        }
        let path = OsStr::from_bytes(name);
        let opened = if append {
            OpenOptions::new().append(true).create(true).open(path)
        } else {
            // in place: links and the owner stay
            File::create(path)
        };
        let mut opened = match opened {
            Ok(file) => file,
            Err(error) => {
                if !self.quiet {
                    let text = format!("{}: {}", show_bytes(name), reason(&error));
                    self.complain(cx, &text)?;
                }
                return Ok(Err("Cannot open output file"));
            }
        };
        if let Err(error) = opened.write_all(&text) {
            let text = format!("{}: {}", show_bytes(name), reason(&error));
            self.complain(cx, &text)?;
            return Ok(Err("Cannot write file"));
        }
        self.tell(cx, text.len())?;
        Ok(Ok(()))
    }

    fn tell(&self, cx: &mut Ctx, count: usize) -> Result<(), Error> {
        if self.silent {
            return Ok(());
        }
        cx.print(format_args!("{count}\n"))
    }

    /// The file that a command names behind its letter, or the current one.
    pub fn file_name(&mut self, text: &[u8], remember: bool) -> Result<Vec<u8>, Fault> {
        let name = text.trim_ascii_start();
        if !text.is_empty() && name.len() == text.len() {
            return Err("Unexpected command suffix");
        }
        if name.is_empty() {
            return if self.file.is_empty() { Err(NO_FILE) } else { Ok(self.file.clone()) };
        }
        if self.restricted && (name.starts_with(b"!") || name.contains(&b'/') || name == b"..") {
            return Err(if name.starts_with(b"!") {
                "Shell access restricted"
            } else {
                "Directory access restricted"
            });
        }
        if let Some(line) = name.strip_prefix(b"!") {
            let (line, _) = self.expanded(line)?;
            return Ok([b"!", line.as_slice()].concat());
        }
        let name = without_escapes(name);
        if remember || self.file.is_empty() {
            self.file = name.clone();
        }
        Ok(name)
    }

    /// A shell command with `%` as the file's name and `!` in front as the
    /// last command, and whether that changed it.
    fn expanded(&mut self, line: &[u8]) -> Result<(Vec<u8>, bool), Fault> {
        let mut out = Vec::new();
        let mut changed = false;
        let mut rest = line;
        if let Some(behind) = line.strip_prefix(b"!") {
            if self.shell.is_empty() {
                return Err("No previous command");
            }
            out.extend_from_slice(&self.shell);
            changed = true;
            rest = behind;
        }
        while let Some((&byte, behind)) = rest.split_first() {
            rest = behind;
            match (byte, rest.first()) {
                (b'\\', Some(b'%')) => {
                    out.push(b'%');
                    rest = rest.get(1..).unwrap_or_default();
                }
                (b'%', _) => {
                    if self.file.is_empty() {
                        return Err(NO_FILE);
                    }
                    out.extend_from_slice(&self.file);
                    changed = true;
                }
                _ => out.push(byte),
            }
        }
        self.shell = out.clone();
        Ok((out, changed))
    }

    /// The command `!`.
    pub fn shell(&mut self, cx: &mut Ctx, line: &[u8]) -> Result<Result<(), Fault>, Error> {
        if self.restricted {
            return Ok(Err("Shell access restricted"));
        }
        let (line, changed) = match self.expanded(line) {
            Ok(expanded) => expanded,
            Err(fault) => return Ok(Err(fault)),
        };
        if changed {
            let mut shown = show_bytes(&line).to_string();
            shown.push('\n');
            cx.put(shown.as_bytes())?;
        }
        cx.flush()?;
        self.input.settle(cx);
        match command::start(&line, &mut cx.env.iter(), [cx.stdin, cx.stdout, cx.stderr]) {
            Ok(pid) => {
                let _ = command::wait(pid);
            }
            Err(_) => return Ok(Err("Can't create shell process")),
        }
        if !self.silent {
            cx.put(b"!\n")?;
        }
        Ok(Ok(()))
    }
}

/// A name without the backslashes in front of its letters.
fn without_escapes(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = name;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match (byte, rest.split_first()) {
            (b'\\', Some((&next, behind))) => {
                out.push(next);
                rest = behind;
            }
            _ => out.push(byte),
        }
    }
    out
}
