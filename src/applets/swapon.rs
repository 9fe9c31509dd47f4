//! swapon, swapoff: begin and end swapping. util-linux, busybox.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::fsutil::{mounts, tags};
use crate::mountinfo::unescape;
use crate::size;
use crate::sys::swap;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "swapon",
    summary: "begin swapping to devices and files",
    usage: "[-aefv] [-d[=once|pages]] [-p PRIORITY] [-o OPTIONS] [-L LABEL] [-U UUID] [DEVICE...]\n\
            \x20      swapon -s | --show[=COLUMNS] [--bytes] [--noheadings] [--raw]\n\
            \x20 -a  all of /etc/fstab    -e  those that are not there are no error\n\
            \x20 -d  discard what is freed    -p  priority, 0 to 32767    -v  say what is done\n\
            \x20 -s  what is used, as /proc/swaps",
    kind: Kind::Fork, // reads disks
    run,
};

/// See the module.
pub(super) static SWAPOFF: Applet = Applet {
    name: "swapoff",
    summary: "end swapping to devices and files",
    usage: "[-av] [-L LABEL] [-U UUID] [DEVICE...]\n\
            \x20 -a  all that are in use",
    kind: Kind::Fork, // takes as long as it takes to read all back
    run: run_off,
};

struct Choice {
    flags: i32,
    if_there: bool,
    verbose: bool,
}

fn discard(text: &[u8]) -> i32 {
    swap::DISCARD
        | match text {
            b"once" => swap::DISCARD_ONCE,
            b"pages" => swap::DISCARD_PAGES,
            _ => 0,
        }
}

fn priority(text: &[u8]) -> Option<i32> {
    let number: i32 = str::from_utf8(text).ok()?.parse().ok()?;
    (0..=32767).contains(&number).then_some(swap::PREFER | number)
}

/// The flags of fstab's words, over those given.
fn words(flags: i32, text: &[u8]) -> Result<i32, Error> {
    let mut flags = flags;
    for word in text.split(|&b| b == b',') {
        if let Some(number) = word.strip_prefix(b"pri=") {
            let wrong = || Error::bad(show_bytes(word), "not a priority");
            flags = flags & !0x7fff | priority(number).ok_or_else(wrong)?;
        } else if word == b"discard" {
            flags |= discard(b"");
        } else if let Some(how) = word.strip_prefix(b"discard=") {
            flags |= discard(how);
        }
    }
    Ok(flags)
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut c = Choice { flags: 0, if_there: false, verbose: false };
    let mut options = cx.parse(
        "a,all d?discard e,ifexists f,fixpgsz o:options p:priority s,summary v,verbose \
        L: U: -W?show -B,bytes -N,noheadings -R,raw",
    )?;
    let mut specs: Vec<OsString> = Vec::new();
    let mut columns = None;
    while let Some(letter) = options.next() {
        match letter {
            b'd' => c.flags |= discard(options.optional().unwrap_or_default().as_bytes()),
            b'e' => c.if_there = true,
            b'v' => c.verbose = true,
            b'o' => c.flags = words(c.flags, options.value().as_bytes())?,
            b'p' => {
                let text = options.value();
                let wrong = || Error::bad(show(&text), "not a priority");
                c.flags = c.flags & !0x7fff | priority(text.as_bytes()).ok_or_else(wrong)?;
            }
            b'L' | b'U' => {
                let tag = if letter == b'L' { b"LABEL=".as_slice() } else { b"UUID=" };
                specs.push(OsString::from_vec([tag, options.value().as_bytes()].concat()));
            }
            b'W' => columns = Some(options.optional().unwrap_or_default()),
            _ => {}
        }
    }
    let nothing = options.operands.is_empty() && specs.is_empty() && !options.has(b'a');
    if options.has(b's') {
        let text =
            crate::sys::file::read("/proc/swaps").map_err(|e| Error::os("/proc/swaps", e))?;
        cx.put(&text)?;
        return Ok(Status::OK);
    }
    if columns.is_some() || nothing {
        let columns = columns.filter(|text| !text.is_empty());
        let plain = [options.has(b'B'), options.has(b'N'), options.has(b'R')];
        return list(cx, columns, plain);
    }
    if options.has(b'a') {
        let active = active();
        let (entries, _) = mounts::table(Path::new("/etc/fstab"))?;
        for entry in entries.iter().filter(|e| e.fstype == b"swap" && !e.has_option(b"noauto")) {
            let there = tags::resolve(&entry.source);
            if let Ok(path) = &there
                && active.iter().any(|name| name == path.as_os_str().as_bytes())
            {
                continue;
            }
            let may_miss = c.if_there || entry.has_option(b"nofail");
            let flags = words(c.flags, &entry.options)?;
            begin(cx, &entry.source, &Choice { flags, if_there: may_miss, ..c });
        }
    }
    specs.append(&mut options.operands);
    for spec in &specs {
        begin(cx, spec.as_bytes(), &c);
    }
    Ok(cx.status())
}

fn begin(cx: &mut Ctx, spec: &[u8], c: &Choice) {
    let path = match tags::resolve(spec) {
        Ok(path) => path,
        Err(error) => {
            if !c.if_there {
                cx.warn(Error::os(show_bytes(spec), error));
            }
            return;
        }
    };
    if c.if_there && !path.exists() {
        return;
    }
    if c.verbose {
        let _ = cx.print(format_args!("swapon {}\n", show(&path)));
    }
    if let Err(errno) = swap::swap_on(path.as_os_str().as_bytes(), c.flags) {
        cx.warn(Error::os(show(&path), errno));
    }
}

/// The rows of /proc/swaps: name, type, size, used, priority.
fn rows() -> Vec<Vec<Vec<u8>>> {
    let text = crate::sys::file::read("/proc/swaps").unwrap_or_default();
    let mut list = Vec::new();
    for line in text.split(|&b| b == b'\n').skip(1) {
        let cells: Vec<Vec<u8>> = line
            .split(u8::is_ascii_whitespace)
            .filter(|cell| !cell.is_empty())
            .map(unescape)
            .collect();
        if cells.len() >= 5 {
            list.push(cells);
        }
    }
    list
}

fn active() -> Vec<Vec<u8>> {
    rows().into_iter().filter_map(|row| row.into_iter().next()).collect()
}

fn list(cx: &mut Ctx, columns: Option<OsString>, plain: [bool; 3]) -> Result<Status, Error> {
    let [bytes, no_head, raw] = plain;
    let names = columns
        .map_or("NAME,TYPE,SIZE,USED,PRIO".into(), |text| text.to_string_lossy().to_uppercase());
    let names: Vec<&str> = names.split(',').collect();
    let mut table: Vec<Vec<String>> = Vec::new();
    let rows = rows();
    if rows.is_empty() {
        return Ok(Status::OK);
    }
    table.push(names.iter().map(|name| (*name).to_string()).collect());
    for row in rows {
        let cell = |at: usize| row.get(at).map_or(&[][..], Vec::as_slice);
        let size = |at: usize| {
            let kib: u64 = str::from_utf8(cell(at)).ok().and_then(|t| t.parse().ok()).unwrap_or(0);
            let n = kib.saturating_mul(1024);
            if bytes { n.to_string() } else { size::rounded(n) }
        };
        let mut line = Vec::new();
        for name in &names {
            line.push(match *name {
                "NAME" => show_bytes(cell(0)).to_string(),
                "TYPE" => show_bytes(cell(1)).to_string(),
                "SIZE" => size(2),
                "USED" => size(3),
                "PRIO" => show_bytes(cell(4)).to_string(),
                "UUID" | "LABEL" => String::new(),
                _ => return Err(Error::usage(format_args!("no column {name}"))),
            });
        }
        table.push(line);
    }
    let width =
        |n: usize| table.iter().filter_map(|r| r.get(n)).map(String::len).max().unwrap_or(0);
    for row in table.iter().skip(usize::from(no_head)) {
        let mut line = String::new();
        for (n, cell) in row.iter().enumerate() {
            if n > 0 {
                line.push(' ');
            }
            let pad = if raw { 0 } else { width(n) - cell.len() };
            let right = matches!(names.get(n), Some(&("SIZE" | "USED" | "PRIO")));
            if right {
                line.extend(std::iter::repeat_n(' ', pad));
            }
            line.push_str(cell);
            if !right && n + 1 < row.len() {
                line.extend(std::iter::repeat_n(' ', pad));
            }
        }
        line.push('\n');
        cx.put(line.as_bytes())?;
    }
    Ok(Status::OK)
}

fn run_off(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("a,all v,verbose L: U: e,ifexists")?;
    let mut specs: Vec<Vec<u8>> = Vec::new();
    while let Some(letter) = options.next() {
        if matches!(letter, b'L' | b'U') {
            let tag = if letter == b'L' { b"LABEL=".as_slice() } else { b"UUID=" };
            specs.push([tag, options.value().as_bytes()].concat());
        }
    }
    let verbose = options.has(b'v');
    if options.has(b'a') {
        specs.append(&mut active());
    } else if options.operands.is_empty() && specs.is_empty() {
        return Err(Error::usage("which device?").with(Status::FAILURE));
    }
    specs.extend(options.operands.iter().map(|word| word.as_bytes().to_vec()));
    for spec in specs {
        let result = tags::resolve(&spec).map_err(|e| Error::os(show_bytes(&spec), e));
        let result = result.and_then(|path| {
            if verbose {
                cx.print(format_args!("swapoff {}\n", show(&path)))?;
            }
            swap::swap_off(path.as_os_str().as_bytes()).map_err(|e| Error::os(show(&path), e))
        });
        if let Err(error) = result {
            cx.warn(error);
        }
    }
    Ok(cx.status())
}
