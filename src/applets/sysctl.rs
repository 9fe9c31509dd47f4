//! sysctl: read and set parameters of the kernel, the files of `/proc/sys`. As
//! procps has it.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::sys::folder;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "sysctl",
    summary: "read and set parameters of the kernel",
    usage: "[-neNqw] [NAME | NAME=VALUE]...\n\
            \x20      sysctl -a [-neN]         all of them\n\
            \x20      sysctl -p [FILE]...      set what FILE says (/etc/sysctl.conf)\n\
            \x20      sysctl --system          ... and those of sysctl.d folders\n\
            \x20 -n  values only    -N  names only     -e  unknown names are no error\n\
            \x20 -w  only set       -q  do not print what was set",
    kind: Kind::Fork, // reading some of the files waits
    run,
};

const ROOT: &str = "/proc/sys";

#[derive(Default)]
struct Choice {
    values: bool,
    /// Without a newline behind them.
    binary: bool,
    names: bool,
    ignore: bool,
    quiet: bool,
    write: bool,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut c = Choice::default();
    let mut options = cx.parse(
        "a,all A, X, p,load n,values N,names e,ignore q,quiet w,write b,binary -s,system r:pattern",
    )?;
    let mut pattern = None;
    while let Some(letter) = options.next() {
        match letter {
            b'n' => c.values = true,
            b'b' => (c.values, c.binary) = (true, true),
            b'N' => c.names = true,
            b'e' => c.ignore = true,
            b'q' => c.quiet = true,
            b'w' => c.write = true,
            b'r' => pattern = Some(options.bytes()),
            _ => {}
        }
    }
    if options.has(b's') {
        for file in system_files() {
            load(cx, &c, &file);
        }
        return Ok(cx.status());
    }
    if options.has(b'p') {
        if options.operands.is_empty() {
            load(cx, &c, Path::new("/etc/sysctl.conf"));
        }
        for file in &options.operands {
            load(cx, &c, Path::new(file));
        }
        return Ok(cx.status());
    }
    if options.has(b'a') || options.has(b'A') || options.has(b'X') {
        let flags = crate::regex::Flags::EXTENDED;
        let regex = match pattern.as_deref() {
            Some(text) => Some(
                crate::regex::Regex::new(text, flags)
                    .map_err(|why| Error::bad(show_bytes(text), why))?,
            ),
            None => None,
        };
        all(cx, &c, &mut PathBuf::from(ROOT), 0, regex.as_ref());
        return Ok(cx.status());
    }
    if options.operands.is_empty() {
        return Err(Error::usage("which parameters? -a is all").with(Status::FAILURE));
    }
    for word in &options.operands {
        one(cx, &c, word.as_bytes());
    }
    Ok(cx.status())
}

/// `NAME` or `NAME=VALUE`.
fn one(cx: &mut Ctx, c: &Choice, word: &[u8]) {
    let mut parts = word.splitn(2, |&b| b == b'=');
    let name = parts.next().unwrap_or_default().trim_ascii();
    match parts.next() {
        Some(value) => set(cx, c, name, value.trim_ascii(), c.ignore),
        None if c.write => {
            cx.warn(Error::about(show_bytes(word), "NAME=VALUE is what -w wants"));
        }
        None => {
            let path = path_of(name);
            if path.is_dir() {
                all(cx, c, &mut path.clone(), 0, None);
            } else {
                get(cx, c, &path, name, false);
            }
        }
    }
}

/// The file of `net.ipv4.ip_forward`, or of `net/ipv4/conf/eth0.1/forwarding`:
/// the first of `.` and `/` in the name separates, the other is part of it.
fn path_of(name: &[u8]) -> PathBuf {
    let first = name.iter().find(|b| matches!(b, b'.' | b'/'));
    let mut path = PathBuf::from(ROOT).into_os_string().into_vec();
    path.push(b'/');
    for &b in name {
        path.push(match b {
            b'.' if first == Some(&b'.') => b'/',
            b'/' if first == Some(&b'.') => b'.',
            _ => b,
        });
    }
    PathBuf::from(OsString::from_vec(path))
}

/// The name of a file, with dots.
fn name_of(path: &Path) -> Vec<u8> {
    let bytes = path.as_os_str().as_bytes();
    let tail = bytes.strip_prefix(ROOT.as_bytes()).unwrap_or(bytes);
    let tail = tail.strip_prefix(b"/").unwrap_or(tail);
    let swap = |&b: &u8| match b {
        b'/' => b'.',
        b'.' => b'/',
        _ => b,
    };
    tail.iter().map(swap).collect()
}

fn get(cx: &mut Ctx, c: &Choice, path: &Path, name: &[u8], listing: bool) {
    let text = match crate::sys::file::read(path) {
        Ok(text) => text,
        Err(error) => {
            // Some files of a listing can only be written.
            let missing = error.kind() == std::io::ErrorKind::NotFound;
            if !(listing || c.ignore && missing) {
                cx.warn(Error::os(show_bytes(name), error));
            }
            return;
        }
    };
    let name = name_of(path);
    if c.names {
        let _ = cx.put(&[&name, b"\n".as_slice()].concat());
        return;
    }
    for line in text.strip_suffix(b"\n").unwrap_or(&text).split(|&b| b == b'\n') {
        let _ = match c.values {
            true if c.binary => cx.put(line),
            true => cx.put(&[line, b"\n"].concat()),
            false => cx.put(&[&name, b" = ".as_slice(), line, b"\n"].concat()),
        };
    }
}

fn set(cx: &mut Ctx, c: &Choice, name: &[u8], value: &[u8], ignore: bool) {
    let path = path_of(name);
    // Opened without O_CREAT: a wrong name must not be "permission denied".
    let opened = std::fs::OpenOptions::new().write(true).open(&path);
    let written = opened.and_then(|mut file| file.write_all(&[value, b"\n"].concat()));
    match written {
        Err(error) if ignore && error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => cx.warn(Error::os(show_bytes(name), error)),
        Ok(()) if c.quiet => {}
        Ok(()) => {
            let name = name_of(&path);
            let _ = match c.values {
                true => cx.put(&[value, b"\n"].concat()),
                false => cx.put(&[&name, b" = ".as_slice(), value, b"\n"].concat()),
            };
        }
    }
}

/// The files below a folder, sorted.
fn all(
    cx: &mut Ctx,
    c: &Choice,
    path: &mut PathBuf,
    depth: usize,
    regex: Option<&crate::regex::Regex>,
) {
    let mut entries = folder::names(path);
    crate::order::sort(&mut entries);
    for entry in entries {
        path.push(&entry);
        if path.is_dir() {
            if depth < 16 {
                all(cx, c, path, depth + 1, regex);
            }
        } else {
            let name = name_of(path);
            if regex.is_none_or(|regex| regex.is_match(&name)) {
                get(cx, c, path, &name, true);
            }
        }
        path.pop();
    }
}

/// Lines `name = value`; `#` and `;` start comments, a `-` before the name says
/// that failing is no error.
fn load(cx: &mut Ctx, c: &Choice, file: &Path) {
    let text = if file == Path::new("-") {
        crate::sys::stream::to_end(cx.stdin)
    } else {
        crate::sys::file::read(file)
    };
    let text = match text {
        Ok(text) => text,
        Err(error) => return cx.warn(Error::os(show(file), error)),
    };
    for (number, line) in text.split(|&b| b == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() || matches!(line.first(), Some(b'#' | b';')) {
            continue;
        }
        let mut parts = line.splitn(2, |&b| b == b'=');
        let name = parts.next().unwrap_or_default().trim_ascii();
        let Some(value) = parts.next() else {
            cx.warn(format_args!("{}: line {}: not NAME = VALUE", show(file), number + 1));
            continue;
        };
        let ignored = name.strip_prefix(b"-");
        set(cx, c, ignored.unwrap_or(name), value.trim_ascii(), c.ignore || ignored.is_some());
    }
}

/// sysctl.d(5): of files of one name the first folder's counts; by name.
fn system_files() -> Vec<PathBuf> {
    let mut found: Vec<(OsString, PathBuf)> = Vec::new();
    for folder in [
        "/etc/sysctl.d",
        "/run/sysctl.d",
        "/usr/local/lib/sysctl.d",
        "/usr/lib/sysctl.d",
        "/lib/sysctl.d",
    ] {
        for name in folder::names(Path::new(folder)) {
            let known = found.iter().any(|(other, _)| *other == name);
            if !known && name.as_bytes().ends_with(b".conf") {
                let path = Path::new(folder).join(OsStr::new(&name));
                found.push((name, path));
            }
        }
    }
    crate::order::sort(&mut found);
    let mut files: Vec<PathBuf> = found.into_iter().map(|(_, path)| path).collect();
    if Path::new("/etc/sysctl.conf").exists() {
        files.push("/etc/sysctl.conf".into());
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_files() {
        for (name, file) in [
            ("kernel.ostype", "/proc/sys/kernel/ostype"),
            ("kernel/ostype", "/proc/sys/kernel/ostype"),
            ("net.ipv4.conf.eth0/1.forwarding", "/proc/sys/net/ipv4/conf/eth0.1/forwarding"),
            ("net/ipv4/conf/eth0.1/forwarding", "/proc/sys/net/ipv4/conf/eth0.1/forwarding"),
        ] {
            assert_eq!(path_of(name.as_bytes()), Path::new(file));
        }
        let file = Path::new("/proc/sys/net/ipv4/conf/eth0.1/forwarding");
        assert_eq!(name_of(file), b"net.ipv4.conf.eth0/1.forwarding");
    }
}
