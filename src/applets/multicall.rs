//! The program under its own name: `rescuebox APPLET ARG...`, lists, links.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::applet::{self, Ctx, Error, Status, show};

use super::{base_name, purposes, start};

/// Runs what the first argument names.
pub(super) fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let Some((first, rest)) = cx.args.split_first() else {
        list_with_summaries(cx)?;
        return Ok(Status::OK);
    };
    match first.as_bytes() {
        b"--list" => {
            for row in cx.table.0 {
                writeln!(cx.out, "{}", row.name).map_err(|e| Error::os("standard output", e))?;
            }
        }
        b"--list-full" => {
            for (at, row) in cx.table.0.iter().enumerate() {
                let line = [purposes::place(at), "/", row.name, "\n"].concat();
                write(cx, &line)?;
            }
        }
        b"--help" | b"-h" => match rest.first() {
            None => list_with_summaries(cx)?,
            Some(name) => {
                let row = find(cx, name)?;
                write(cx, &applet::help(row.name, row.applet))?;
            }
        },
        b"--version" | b"-V" => {
            write(cx, concat!("rescuebox ", env!("CARGO_PKG_VERSION"), "\n"))?;
        }
        b"--install" => return install(cx, rest),
        _ => {
            let row = find(cx, first)?;
            return Ok(start(row, first, rest));
        }
    }
    Ok(Status::OK)
}

fn find(cx: &Ctx, name: &OsStr) -> Result<&'static applet::Row, Error> {
    cx.table.find(base_name(name.as_bytes())).ok_or_else(|| {
        Error::about(show(name), "no such applet; rescuebox --list names them")
            .with(Status::NOT_FOUND)
    })
}

fn write(cx: &mut Ctx, text: &str) -> Result<(), Error> {
    cx.put(text.as_bytes())
}

fn list_with_summaries(cx: &mut Ctx) -> Result<(), Error> {
    let mut text = String::from("rescuebox: one program, many commands\n");
    text.push_str("usage: rescuebox ");
    text.push_str(super::RESCUEBOX.usage);
    text.push_str("\n\n");
    for row in cx.table.0 {
        text.push_str(&format!("{:<14} {}\n", row.name, row.applet.summary));
    }
    write(cx, &text)
}

/// `--install [-s] [DIR]`: a link to this program for each name, in one folder
/// or where each belongs. A name that is there already stays as it is.
fn install(cx: &mut Ctx, args: &[OsString]) -> Result<Status, Error> {
    let (symbolic, args) = match args.split_first() {
        Some((flag, rest)) if flag == "-s" => (true, rest),
        _ => (false, args),
    };
    let dir = match args {
        [] => None,
        [dir] if !dir.as_bytes().starts_with(b"-") => Some(Path::new(dir)),
        _ => return Err(Error::usage("--install wants a folder for the links, or none")),
    };
    let program = match std::fs::read_link("/proc/self/exe") {
        Ok(program) => program,
        Err(_) if cx.argv0.as_bytes().starts_with(b"/") => cx.argv0.into(),
        Err(error) => return Err(Error::os("/proc/self/exe (is /proc mounted?)", error)),
    };
    for (at, row) in cx.table.0.iter().enumerate() {
        let folder =
            dir.map_or_else(|| Path::new("/").join(purposes::place(at)), Path::to_path_buf);
        let link = folder.join(row.name);
        if link == program {
            continue;
        }
        if dir.is_none()
            && let Err(error) = std::fs::create_dir_all(&folder)
        {
            return Err(Error::os(show(&folder), error));
        }
        let made = if symbolic {
            std::os::unix::fs::symlink(&program, &link)
        } else {
            std::fs::hard_link(&program, &link)
        };
        match made {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                cx.warn(Error::os(show(&link), error));
            }
            _ => {}
        }
    }
    Ok(cx.status())
}
