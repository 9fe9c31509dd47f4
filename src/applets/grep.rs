//! grep, egrep, fgrep: print lines that match. POSIX, with GNU's options.
//!
//! Of files with NUL bytes only is said that they match, unless just the
//! matching part is asked for. With -L the status is 0 when a file is named,
//! as busybox has it.

use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes};
use crate::blocks::Blocks;
use crate::fsutil::walk::{Follow, Step, Walk};
use crate::regex::{Flags, Regex};
use crate::shell::pattern;
use crate::sys::search;

mod output;

use output::{NO_COLOR, SIGN_COLOR, line, put_name, put_sign};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "grep",
    summary: "print lines that match a pattern",
    usage: "[OPTIONS] PATTERN [FILE...]\n\
            \x20      grep [OPTIONS] -e PATTERN... | -f FILE... [FILE...]\n\
            \x20 -E, -F      extended expressions; plain text\n\
            \x20 -i, -w, -x  ignore case; whole words; whole lines\n\
            \x20 -v          lines that do not match\n\
            \x20 -c, -l, -L  count; names of files that match, that do not\n\
            \x20 -q, -s      only the status; no messages about files\n\
            \x20 -o, -n, -b  only what matches; line numbers; offsets\n\
            \x20 -H, -h      names of files before lines; none\n\
            \x20 -m N        stop after N lines\n\
            \x20 -A, -B, -C N   lines behind, before, around\n\
            \x20 -r, -R      folders; follow links in them\n\
            \x20 --include, --exclude, --exclude-dir=GLOB\n\
            \x20 -a, -z      binary is text; lines end in NUL\n\
            \x20 --color[=always|never|auto]",
    kind: Kind::Fork, // reading may block
    run,
};

/// What is found with, and how it is shown.
struct Choice {
    regex: Regex,
    invert: bool,
    count: bool,
    list: Option<bool>,
    quiet: bool,
    silent: bool,
    only: bool,
    number: bool,
    offset: bool,
    names: bool,
    nul_names: bool,
    tab: bool,
    most: u64,
    before: usize,
    after: usize,
    separator: Option<Vec<u8>>,
    text: bool,
    /// A file that is not text matches never.
    skip_binary: bool,
    end: u8,
    color: bool,
    flush: bool,
    label: Vec<u8>,
    include: Vec<Vec<u8>>,
    exclude: Vec<Vec<u8>>,
    exclude_folders: Vec<Vec<u8>>,
    devices: bool,
    folders: Folders,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Folders {
    Read,
    Skip,
    Recurse,
    Follow,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let done = act(cx);
    cx.answered(done)
}

fn act(cx: &mut Ctx) -> Result<Status, Error> {
    let mut flags =
        Flags { extended: cx.name == "egrep", literal: cx.name == "fgrep", ..Flags::BASIC };
    let mut patterns: Option<Vec<Vec<u8>>> = None;
    let mut c = Choice {
        regex: Regex::new(b"", flags).map_err(Error::usage)?,
        invert: false,
        count: false,
        list: None,
        quiet: false,
        silent: false,
        only: false,
        number: false,
        offset: false,
        names: false,
        nul_names: false,
        tab: false,
        most: u64::MAX,
        before: 0,
        after: 0,
        separator: Some(b"--".to_vec()),
        text: false,
        skip_binary: false,
        end: b'\n',
        color: false,
        flush: false,
        label: b"(standard input)".to_vec(),
        include: Vec::new(),
        exclude: Vec::new(),
        exclude_folders: Vec::new(),
        devices: true,
        folders: Folders::Read,
    };
    let mut names = None;
    let (mut before, mut after, mut around) = (None, None, None);
    let mut options = cx.parse(
        "E,extended-regexp F,fixed-strings G,basic-regexp P,perl-regexp e:regexp f:file \
        i,ignore-case y -!,no-ignore-case v,invert-match w,word-regexp x,line-regexp c,count \
        -K?color|colour L,files-without-match l,files-with-matches m:max-count \
        o,only-matching q,quiet|silent s,no-messages b,byte-offset H,with-filename \
        h,no-filename -J:label n,line-number T,initial-tab Z,null A:after-context \
        B:before-context C:context a,text -X:binary-files I D:devices d:directories \
        -M:exclude -N:exclude-from -O:exclude-dir -Q:include r,recursive \
        R,dereference-recursive -S,line-buffered u U,binary z,null-data \
        -Y:group-separator -V,no-group-separator #",
    )?;
    while let Some(letter) = options.next() {
        match letter {
            b'E' => (flags.extended, flags.literal) = (true, false),
            b'F' => flags.literal = true,
            b'G' => (flags.extended, flags.literal) = (false, false),
            b'P' => return Err(Error::usage("-P: expressions of Perl are not supported; use -E")),
            b'e' => {
                let more = options.bytes();
                add(patterns.get_or_insert_default(), &more);
            }
            b'f' => {
                let name = options.value();
                let text = read_all(cx, &name)?;
                let list = patterns.get_or_insert_default();
                if !text.is_empty() {
                    add(list, text.strip_suffix(b"\n").unwrap_or(&text));
                }
            }
            b'i' | b'y' => flags.icase = true,
            b'!' => flags.icase = false,
            b'I' => c.skip_binary = true,
            b'v' => c.invert = true,
            b'w' => flags.word = true,
            b'x' => flags.line = true,
            b'c' => c.count = true,
            b'K' => {
                c.color = match options.bytes().as_slice() {
                    b"always" | b"yes" | b"force" => true,
                    b"never" | b"no" | b"none" => false,
                    b"auto" | b"tty" | b"if-tty" | b"" => {
                        crate::sys::terminal::is_terminal(cx.stdout)
                            && cx.env.get(b"NO_COLOR").is_none()
                    }
                    _ => return Err(Error::usage("--color is always, never or auto")),
                }
            }
            b'L' => c.list = Some(false),
            b'l' => c.list = Some(true),
            b'm' => {
                let text = options.bytes();
                // A negative number is no limit.
                c.most = if text.starts_with(b"-") {
                    u64::MAX
                } else {
                    number(&text).ok_or_else(|| Error::bad(show_bytes(&text), "not a number"))?
                };
            }
            b'o' => c.only = true,
            b'q' => c.quiet = true,
            b's' => c.silent = true,
            b'b' => c.offset = true,
            b'H' => names = Some(true),
            b'h' => names = Some(false),
            b'J' => c.label = options.bytes(),
            b'n' => c.number = true,
            b'T' => c.tab = true,
            b'Z' => c.nul_names = true,
            b'A' => after = Some(context(&options.bytes())?),
            b'B' => before = Some(context(&options.bytes())?),
            b'C' | b'#' => around = Some(context(&options.bytes())?),
            b'a' => c.text = true,
            b'X' => match options.bytes().as_slice() {
                b"text" => c.text = true,
                b"without-match" => c.skip_binary = true,
                b"binary" => (c.text, c.skip_binary) = (false, false),
                _ => return Err(Error::usage("--binary-files is text, binary or without-match")),
            },
            b'D' => c.devices = options.bytes() != b"skip",
            b'd' => {
                c.folders = match options.bytes().as_slice() {
                    b"read" => Folders::Read,
                    b"skip" => Folders::Skip,
                    b"recurse" => Folders::Recurse,
                    _ => return Err(Error::usage("-d is read, skip or recurse")),
                }
            }
            b'M' => c.exclude.push(options.bytes()),
            b'N' => {
                let text = read_all(cx, &options.value())?;
                let globs = text.split(|&b| b == b'\n').filter(|glob| !glob.is_empty());
                c.exclude.extend(globs.map(<[u8]>::to_vec));
            }
            b'O' => c.exclude_folders.push(options.bytes()),
            b'Q' => c.include.push(options.bytes()),
            b'r' => c.folders = Folders::Recurse,
            b'R' => c.folders = Folders::Follow,
            b'S' => c.flush = true,
            b'z' => (c.end, flags.nul) = (0, true),
            b'Y' => c.separator = Some(options.bytes()),
            b'V' => c.separator = None,
            _ => {}
        }
    }
    c.before = before.or(around).unwrap_or(0);
    c.after = after.or(around).unwrap_or(0);
    let mut operands = options.operands;
    let patterns = match patterns {
        Some(patterns) => patterns,
        None if operands.is_empty() => return Err(Error::usage("no pattern")),
        None => {
            let mut list = Vec::new();
            add(&mut list, operands.remove(0).as_bytes());
            list
        }
    };
    let list: Vec<&[u8]> = patterns.iter().map(Vec::as_slice).collect();
    c.regex = Regex::any_of(&list, flags).map_err(Error::usage)?;
    let recursive = matches!(c.folders, Folders::Recurse | Folders::Follow);
    let folder = || operands.first().is_none_or(|operand| Path::new(operand).is_dir());
    c.names = names.unwrap_or(operands.len() > 1 || recursive && folder());
    if operands.is_empty() {
        operands.push(if recursive { "".into() } else { "-".into() });
    }
    let mut scan = Scan::default();
    for operand in &operands {
        if recursive && operand != "-" {
            tree(cx, &c, &mut scan, operand)?;
        } else {
            named(cx, &c, &mut scan, operand)?;
        }
        if c.quiet && scan.found {
            return Ok(Status::OK);
        }
    }
    Ok(if scan.failed { Status::USAGE } else { Status::from_bool(scan.found) })
}

/// Adds the patterns of a text, one a line.
fn add(patterns: &mut Vec<Vec<u8>>, text: &[u8]) {
    patterns.extend(text.split(|&b| b == b'\n').map(<[u8]>::to_vec));
}

fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn context(text: &[u8]) -> Result<usize, Error> {
    // More digits than fit are more lines than there are.
    if !text.is_empty() && text.iter().all(u8::is_ascii_digit) {
        return Ok(number(text).and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX));
    }
    Err(Error::bad(show_bytes(text), "not a number of lines"))
}

/// Everything in a file of patterns; `-` is standard input.
fn read_all(cx: &Ctx, name: &OsStr) -> Result<Vec<u8>, Error> {
    let opened;
    let fd = if name == "-" {
        cx.stdin
    } else {
        opened = File::open(name).map_err(|e| usage_os(name.as_bytes(), e))?;
        opened.as_fd()
    };
    let mut blocks = Blocks::new();
    while blocks.fill(fd).map_err(|e| usage_os(name.as_bytes(), e.into()))? {}
    Ok(blocks.bytes().to_vec())
}

fn usage_os(name: &[u8], error: std::io::Error) -> Error {
    // Status 2 without the usage text.
    Error::os(show_bytes(name), error).with(Status::USAGE)
}

/// Where in a file, and in its output, we are.
#[derive(Default)]
struct Scan {
    /// A line was selected.
    found: bool,
    /// A file could not be read.
    failed: bool,
    /// Something was printed, of any file.
    printed: bool,
    blocks: Blocks,
    // of the file
    count: u64,
    /// Bytes of the file before the block.
    base: u64,
    /// Lines before `numbered`, a place in the block.
    lines: u64,
    numbered: usize,
    /// What is before it in the block was printed or is not to be.
    shown: usize,
    /// Whether lines behind those were left out that are no longer there.
    gap: bool,
    /// Lines still to be shown behind a selected one.
    owed: usize,
    binary: bool,
    /// The file's part in this is over.
    done: bool,
}

/// One operand that is no tree.
fn named(cx: &mut Ctx, c: &Choice, scan: &mut Scan, operand: &OsStr) -> Result<(), Error> {
    if operand == "-" {
        return file(cx, c, scan, &c.label, cx.stdin);
    }
    let name = operand.as_bytes();
    let base = name.rsplit(|&b| b == b'/').next().unwrap_or_default();
    let choosy = !(c.include.is_empty() && c.exclude.is_empty() && c.exclude_folders.is_empty());
    // A folder is excluded by names of folders only.
    let out = choosy
        && match Path::new(operand).is_dir() {
            true => excluded_folder(c, name, base),
            false => excluded(c, name, base),
        };
    match File::open(operand) {
        Ok(_) if out => Ok(()),
        Ok(opened) => file(cx, c, scan, name, opened.as_fd()),
        Err(error) => {
            failed(cx, c, scan, name, error);
            Ok(())
        }
    }
}

fn failed(cx: &mut Ctx, c: &Choice, scan: &mut Scan, name: &[u8], error: std::io::Error) {
    scan.failed = true;
    if !c.silent {
        cx.warn(Error::os(show_bytes(name), error));
    }
}

/// Whether the name of a file says that it is not looked at.
fn excluded(c: &Choice, path: &[u8], base: &[u8]) -> bool {
    let any = |list: &[Vec<u8>]| {
        list.iter().any(|glob| pattern::matches(glob, base) || pattern::matches(glob, path))
    };
    any(&c.exclude) || !c.include.is_empty() && !any(&c.include)
}

/// The same of a folder.
fn excluded_folder(c: &Choice, path: &[u8], base: &[u8]) -> bool {
    c.exclude_folders.iter().any(|glob| {
        let glob = glob.strip_suffix(b"/").unwrap_or(glob);
        pattern::matches(glob, base) || pattern::matches(glob, path)
    })
}

fn tree(cx: &mut Ctx, c: &Choice, scan: &mut Scan, operand: &OsStr) -> Result<(), Error> {
    let implied = operand.is_empty();
    let follow = if c.folders == Folders::Follow { Follow::Always } else { Follow::Start };
    let mut walk = Walk::new(follow);
    walk.start(if implied { b"." } else { operand.as_bytes() });
    while let Some(step) = walk.next() {
        let mut path = walk.path().to_vec();
        if implied && path.starts_with(b"./") {
            path.drain(..2);
        }
        match step {
            Step::Leave => continue,
            Step::Failed(errno) | Step::Lost(errno) => {
                failed(cx, c, scan, &path, errno.into());
                continue;
            }
            Step::Entry => {}
        }
        let start = walk.depth() == 0;
        let base = path.rsplit(|&b| b == b'/').find(|part| !part.is_empty()).unwrap_or_default();
        if walk.is_folder() {
            if !(start && implied) && excluded_folder(c, &path, base) {
                walk.prune();
            }
            continue;
        }
        // What is named and not there is an error whatever its name.
        let out = excluded(c, &path, base);
        if out && !start {
            continue;
        }
        let kind = walk.kind();
        // Of links that are not followed, pipes and devices nothing is read. A
        // link that leads nowhere is an error where it is to be followed.
        let lost = kind == libc::S_IFLNK && c.folders == Folders::Follow;
        if !start && kind != libc::S_IFREG && kind != 0 && !lost {
            continue;
        }
        let name = walk.name().to_os_string();
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
        match openat(walk.dir(), name.as_os_str(), flags, Mode::empty()) {
            Ok(_) if out => {}
            Ok(fd) => file(cx, c, scan, &path, fd.as_fd())?,
            Err(errno) => failed(cx, c, scan, &path, errno.into()),
        }
        if c.quiet && scan.found {
            break;
        }
    }
    Ok(())
}

/// Searches one open file.
fn file(
    cx: &mut Ctx,
    c: &Choice,
    scan: &mut Scan,
    name: &[u8],
    fd: BorrowedFd<'_>,
) -> Result<(), Error> {
    if let Ok(stat) = nix::sys::stat::fstat(fd) {
        let kind = stat.st_mode & libc::S_IFMT;
        let device = matches!(kind, libc::S_IFCHR | libc::S_IFBLK | libc::S_IFIFO | libc::S_IFSOCK);
        if kind == libc::S_IFDIR && c.folders == Folders::Skip || device && !c.devices {
            return Ok(());
        }
    }
    let mut blocks = std::mem::take(&mut scan.blocks);
    blocks.reset();
    (scan.count, scan.base, scan.lines, scan.numbered) = (0, 0, 0, 0);
    (scan.shown, scan.owed, scan.binary, scan.done) = (0, 0, false, c.most == 0);
    scan.gap = false;
    let mut from = 0;
    let mut first = true;
    let mut unread = false;
    // Lines behind the last one that counts may still be wanted.
    while !scan.done || scan.owed > 0 {
        let more = match blocks.fill(fd) {
            Ok(more) => more,
            Err(errno) => {
                failed(cx, c, scan, name, errno.into());
                unread = true;
                break;
            }
        };
        let text = blocks.bytes();
        if first {
            first = false;
            let head = text.get(..32 * 1024).unwrap_or(text);
            scan.binary = !c.text && c.end != 0 && search::byte(head, 0).is_some();
            if scan.binary && c.skip_binary {
                break;
            }
        }
        // Whole lines; at the end of the file all that there is.
        let end = if more {
            let fresh = text.get(from..).unwrap_or_default();
            match fresh.iter().rposition(|&b| b == c.end) {
                Some(last) => from + last + 1,
                None => continue,
            }
        } else {
            text.len()
        };
        let whole = text.get(..end).unwrap_or_default();
        lines(cx, c, scan, name, whole, from)?;
        if !more || scan.done && scan.owed == 0 {
            break;
        }
        if c.flush {
            cx.flush()?;
        }
        // Lines that may be wanted before the next match stay.
        let kept = back(whole, end, scan.shown, c.before, c.end);
        if c.number {
            number_to(c, scan, whole, kept);
        }
        blocks.take(kept);
        scan.base += kept as u64;
        scan.numbered = 0;
        scan.gap |= kept > scan.shown;
        scan.shown = scan.shown.saturating_sub(kept);
        from = end - kept;
    }
    scan.blocks = blocks;
    if c.most <= scan.count && scan.done {
        // What was not used is left to who reads on.
        let unread = scan.blocks.bytes().len() as u64 + scan.base;
        let used = scan.base + scan.shown as u64;
        if let Ok(back) = i64::try_from(unread - used.min(unread)) {
            let _ = nix::unistd::lseek(fd, -back, nix::unistd::Whence::SeekCur);
        }
    }
    if let Some(wanted) = c.list {
        let hit = scan.count > 0;
        if hit == wanted {
            scan.found |= hit || !unread;
            if !c.quiet {
                put_name(cx, c, name)?;
                cx.put(if c.nul_names { b"\0" } else { b"\n" })?;
            }
        }
        return Ok(());
    }
    scan.found |= scan.count > 0;
    if c.count && !c.quiet {
        if c.names {
            put_name(cx, c, name)?;
            if c.nul_names { cx.put(b"\0")? } else { put_sign(cx, c, b':')? }
        }
        let count = scan.count;
        cx.print(format_args!("{count}\n"))?;
    }
    Ok(())
}

/// Where the `count` lines before `at` start, but not before `least`.
fn back(text: &[u8], at: usize, least: usize, count: usize, end: u8) -> usize {
    let mut start = at;
    for _ in 0..count {
        if start <= least {
            break;
        }
        let before = text.get(least..start - 1).unwrap_or_default();
        start = before.iter().rposition(|&b| b == end).map_or(least, |p| least + p + 1);
    }
    start
}

fn number_to(c: &Choice, scan: &mut Scan, text: &[u8], at: usize) {
    scan.lines += search::count(text.get(scan.numbered..at).unwrap_or_default(), c.end) as u64;
    scan.numbered = at;
}

/// Searches the lines of `text` from `from` on.
fn lines(
    cx: &mut Ctx,
    c: &Choice,
    scan: &mut Scan,
    name: &[u8],
    text: &[u8],
    from: usize,
) -> Result<(), Error> {
    let mut at = from;
    while at < text.len() && !scan.done {
        let hit = c.regex.find_line(text, at);
        let (start, end) = match hit {
            Some(place) => {
                let before = text.get(at..place).unwrap_or_default();
                let start = before.iter().rposition(|&b| b == c.end).map_or(at, |p| at + p + 1);
                let rest = text.get(place..).unwrap_or_default();
                (start, search::byte(rest, c.end).map_or(text.len(), |e| place + e + 1))
            }
            None => (text.len(), text.len()),
        };
        if c.invert {
            let bare = c.count && c.most == u64::MAX;
            if bare {
                let skipped = text.get(at..start).unwrap_or_default();
                let open = u64::from(skipped.last().is_some_and(|&b| b != c.end));
                scan.count += search::count(skipped, c.end) as u64 + open;
            }
            while at < start && !scan.done && !bare {
                let rest = text.get(at..start).unwrap_or_default();
                let next = search::byte(rest, c.end).map_or(start, |e| at + e + 1);
                selected(cx, c, scan, name, text, (at, next))?;
                at = next;
            }
            if !scan.done {
                owed(cx, c, scan, name, text, end)?;
            }
        } else {
            owed(cx, c, scan, name, text, start)?;
            if start < text.len() {
                selected(cx, c, scan, name, text, (start, end))?;
            }
        }
        at = end;
    }
    // Behind the last line that counts come those that belong to it.
    if scan.done && scan.count >= c.most {
        owed(cx, c, scan, name, text, text.len())?;
    }
    Ok(())
}

/// Prints lines behind a selected one, up to a place.
fn owed(
    cx: &mut Ctx,
    c: &Choice,
    scan: &mut Scan,
    name: &[u8],
    text: &[u8],
    to: usize,
) -> Result<(), Error> {
    while scan.owed > 0 && scan.shown < to {
        let start = scan.shown;
        let rest = text.get(start..to).unwrap_or_default();
        let end = search::byte(rest, c.end).map_or(to, |e| start + e + 1);
        scan.owed -= 1;
        line(cx, c, scan, name, text, (start, end), b'-')?;
    }
    Ok(())
}

/// A line that is selected: counts it and prints what is wanted.
fn selected(
    cx: &mut Ctx,
    c: &Choice,
    scan: &mut Scan,
    name: &[u8],
    text: &[u8],
    span: (usize, usize),
) -> Result<(), Error> {
    scan.count += 1;
    if c.quiet || c.list.is_some() {
        scan.found |= c.quiet && c.list.is_none();
        scan.done = true;
        return Ok(());
    }
    scan.done = scan.count >= c.most;
    if c.count {
        scan.shown = span.1;
        return Ok(());
    }
    let mut from = back(text, span.0, scan.shown, c.before, c.end);
    // of a binary file there is only a message
    let is_shown = !scan.binary || c.only;
    if (c.before > 0 || c.after > 0)
        && is_shown
        && scan.printed
        && (from > scan.shown || scan.gap || scan.count == 1)
        && let Some(separator) = &c.separator
    {
        if c.color {
            cx.put(SIGN_COLOR)?;
        }
        cx.put(separator)?;
        if c.color {
            cx.put(NO_COLOR)?;
        }
        cx.put(b"\n")?;
    }
    (scan.printed, scan.gap) = (true, false);
    // With -o the lines around only decide where a group ends; with -v, too,
    // they are those that have parts.
    while from < span.0 && (!c.only || c.invert) {
        let rest = text.get(from..span.0).unwrap_or_default();
        let end = search::byte(rest, c.end).map_or(span.0, |e| from + e + 1);
        line(cx, c, scan, name, text, (from, end), b'-')?;
        from = end;
    }
    scan.owed = c.after;
    line(cx, c, scan, name, text, span, b':')
}
