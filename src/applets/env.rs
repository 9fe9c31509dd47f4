//! env: run a program in another environment, or print this one. POSIX, with
//! GNU's `-u`, `-0`, `-C`, `-S`.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::options::Options;
use crate::sys;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "env",
    summary: "run a program in another environment",
    usage: "[-i0] [-u NAME]... [-C DIR] [-S TEXT] [NAME=VALUE...] [PROG [ARG...]]\n\
            \x20 -i, -    start with no environment\n\
            \x20 -u NAME  without this variable\n\
            \x20 -C DIR   in this folder\n\
            \x20 -S TEXT  the words of TEXT, in quotes and with \\ and ${NAME}, are arguments\n\
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
        let spec = "+i,ignore-environment 0,null u:unset C:chdir S:split-string v,debug";
        let mut options = Options::parse(spec, &command)?;
        let mut split: Option<Vec<OsString>> = None;
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
                b'S' => {
                    let text = options.bytes();
                    split.get_or_insert_default().extend(words(cx, &text)?);
                }
                b'v' => {}
                _ => folder = Some(options.value()),
            }
        }
        command = options.operands;
        if let Some(words) = split {
            // There may be options among them.
            command.splice(0..0, words);
            continue;
        }
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

/// The words of -S: apart by blanks, with quotes, escapes and `${NAME}`.
fn words(cx: &Ctx, text: &[u8]) -> Result<Vec<OsString>, Error> {
    let bad = |why: &str| Err(Error::usage(format_args!("-S: {why}")));
    let mut words = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut quote = None;
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match (byte, quote) {
            (b'\'' | b'"', None) => {
                quote = Some(byte);
                word.get_or_insert_default();
            }
            (_, Some(mark)) if byte == mark => quote = None,
            (b' ' | b'\t' | b'\n' | b'\r' | 11 | 12, None) => words.extend(word.take()),
            (b'#', None) if word.is_none() => break,
            (b'\\', _) => {
                let Some((&letter, tail)) = rest.split_first() else {
                    return bad("a backslash at the end");
                };
                rest = tail;
                let one = word.get_or_insert_default();
                match (letter, quote) {
                    (b'\\' | b'\'', Some(b'\'')) => one.push(letter),
                    (_, Some(b'\'')) => one.extend([b'\\', letter]),
                    (b'_', None) => words.extend(word.take()),
                    (b'c', None) => break,
                    (b'_', _) => one.push(b' '),
                    (b'n', _) => one.push(b'\n'),
                    (b't', _) => one.push(b'\t'),
                    (b'r', _) => one.push(b'\r'),
                    (b'f', _) => one.push(12),
                    (b'v', _) => one.push(11),
                    (b'#' | b'$' | b'"' | b'\'' | b'\\', _) => one.push(letter),
                    _ => return bad("no such escape"),
                }
            }
            (b'$', None | Some(b'"')) => {
                let name = rest.strip_prefix(b"{").and_then(|rest| {
                    let end = rest.iter().position(|&b| b == b'}')?;
                    rest.split_at_checked(end)
                });
                let Some((name, tail)) = name else { return bad("only ${NAME} can be had") };
                rest = tail.get(1..).unwrap_or_default();
                let value = cx.env.get(name).map(OsStr::as_bytes).unwrap_or_default();
                word.get_or_insert_default().extend_from_slice(value);
            }
            _ => word.get_or_insert_default().push(byte),
        }
    }
    if quote.is_some() {
        return bad("a quote has no end");
    }
    words.extend(word);
    Ok(words.into_iter().map(OsString::from_vec).collect())
}

fn remove(list: &mut Vec<OsString>, name: &[u8]) {
    list.retain(|entry| {
        entry.as_bytes().strip_prefix(name).is_none_or(|rest| !rest.starts_with(b"="))
    });
}
