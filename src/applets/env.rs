//! env: run a program in another environment, or print this one. POSIX, with
//! GNU's `-u`, `-0`, `-C`.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::options::Options;
use crate::sys;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "env",
    summary: "run a program in another environment",
    usage: "[-i0] [-u NAME]... [-C DIR] [NAME=VALUE...] [PROG [ARG...]]\n\
            \x20 -i, -    start with no environment\n\
            \x20 -u NAME  without this variable\n\
            \x20 -C DIR   in this folder\n\
            \x20 -0       a zero byte instead of a newline in the list",
    kind: Kind::Fork, // becomes another program
    run,
};

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    // 1 is what the program may return: env's own failures are 125 (GNU)
    act(cx).map_err(|e| if e.is_usage() { e.with(Status(125)) } else { e })
}

fn act(cx: &mut Ctx) -> Result<Status, Error> {
    let mut list: Vec<OsString> = cx.env.iter().map(OsStr::to_os_string).collect();
    let mut separator = b'\n';
    let mut folder = None;
    let mut command = cx.args.to_vec();
    loop {
        let spec = "+i,ignore-environment 0,null u:unset C:chdir";
        let mut options = Options::parse(spec, &command)?;
        while let Some(letter) = options.next() {
            match letter {
                b'i' => list.clear(),
                b'0' => separator = 0,
                b'u' => {
                    let name = options.value();
                    if name.is_empty() || name.as_bytes().contains(&b'=') {
                        return Err(Error::bad(show(&name), "not the name of a variable"));
                    }
                    remove(&mut list, name.as_bytes());
                }
                _ => folder = Some(options.value()),
            }
        }
        command = options.operands;
        // `-` is -i; options may be behind it
        if command.first().is_none_or(|word| word != "-") {
            break;
        }
        list.clear();
        command.remove(0);
    }
    let split = command.iter().position(|word| !word.as_bytes().contains(&b'='));
    let program = command.split_off(split.unwrap_or(command.len()));
    for entry in command {
        let bytes = entry.as_bytes();
        let name = bytes.split(|&b| b == b'=').next().unwrap_or_default().to_vec();
        remove(&mut list, &name);
        list.push(entry);
    }
    let Some(name) = program.first() else {
        if folder.is_some() {
            return Err(Error::usage("-C wants a program to run"));
        }
        for entry in &list {
            let done =
                cx.out.write_all(entry.as_bytes()).and_then(|()| cx.out.write_all(&[separator]));
            done.map_err(|e| Error::os("standard output", e))?;
        }
        return Ok(Status::OK);
    };
    if separator == 0 {
        return Err(Error::usage("-0 is for the list, not for a program"));
    }
    if let Some(folder) = folder {
        nix::unistd::chdir(folder.as_os_str())
            .map_err(|e| Error::os(show(&folder), e).with(Status(125)))?;
    }
    let path = list.iter().rev().find_map(|entry| entry.as_bytes().strip_prefix(b"PATH="));
    let errno = sys::exec::exec(
        &program,
        path.map(OsStr::from_bytes),
        &mut list.iter().map(OsString::as_os_str),
    );
    Err(Error::not_run(show(name), errno))
}

fn remove(list: &mut Vec<OsString>, name: &[u8]) {
    list.retain(|entry| {
        entry.as_bytes().strip_prefix(name).is_none_or(|rest| !rest.starts_with(b"="))
    });
}
