//! sort: sort, merge or check lines. POSIX, with GNU's orders and `-s -z -S -T`;
//! bytes, in the order of the C locale.
//!
//! Lines are sorted by slices into one buffer and a number of eight bytes that
//! most comparisons end with. What is more than the bound of `-S` goes to
//! files in `-T`, `TMPDIR` or `/tmp`, which are merged.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};

use nix::unistd::{Whence, lseek};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes, write_all};
use crate::size;
use crate::sys::lines::Lines;

mod key;
mod merge;

use key::{Flags, Key, Order};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "sort",
    summary: "sort, merge or check lines",
    usage: "[-nghMVRrfdibusmcCz] [-k KEY]... [-t BYTE] [-o FILE] [-S SIZE] [-T DIR] [FILE...]\n\
            \x20 -n numbers, -g with exponents, -h 2K 1G, -M months, -V versions, -R at random\n\
            \x20 -r backwards, -f small letters as big, -d letters and digits, -i printable ones\n\
            \x20 -b without the blanks in front, -u one of several that are equal, -s stable\n\
            \x20 -k F[.C][FLAGS][,F[.C][FLAGS]]  from byte C of field F to another; -t between fields\n\
            \x20 -m merge sorted files, -c, -C check, -o FILE may be one that is read\n\
            \x20 -z lines end with a zero byte, -S use that much memory, -T DIR for more",
    kind: Kind::Fork, // reading may block
    run,
};

/// What is sorted in memory unless -S says so.
const MEMORY: u64 = 128 << 20;

/// Takes the lines that come out.
type Put<'p> = &'p mut dyn FnMut(&[u8]) -> Result<(), Error>;

/// How lines are compared.
struct Rules {
    keys: Vec<Key>,
    reverse: bool,
    unique: bool,
    stable: bool,
    seed: u64,
    end: u8,
    folder: OsString,
    memory: usize,
}

/// A line in the buffer.
#[derive(Clone, Copy)]
struct Line {
    rank: u64,
    start: usize,
    length: usize,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    // 1 is -c's answer
    let done = act(cx);
    if done.is_ok() && cx.status() != Status::OK {
        return Ok(Status::USAGE);
    }
    cx.answered(done)
}

fn act(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse(
        "b,ignore-leading-blanks d,dictionary-order f,ignore-case g,general-numeric-sort \
         h,human-numeric-sort i,ignore-nonprinting M,month-sort n,numeric-sort R,random-sort \
         V,version-sort r,reverse c -3?check C,check-silent k:key m,merge o:output s,stable \
         S:buffer-size t:field-separator T:temporary-directory u,unique z,zero-terminated \
         -1:sort -2:parallel -2:batch-size -2:compress-program -2:random-source",
    )?;
    let mut global = Flags::default();
    let mut rules = Rules {
        keys: Vec::new(),
        reverse: false,
        unique: false,
        stable: false,
        seed: 0,
        end: b'\n',
        folder: cx
            .env
            .get(b"TMPDIR")
            .filter(|d| !d.is_empty())
            .unwrap_or(OsStr::new("/tmp"))
            .into(),
        memory: usize::try_from(MEMORY).unwrap_or(usize::MAX),
    };
    let mut tab = None;
    let mut output = None;
    let (mut merge, mut check, mut quiet) = (false, false, false);
    while let Some(letter) = options.next() {
        match letter {
            b'c' => check = true,
            b'3' => {
                check = true;
                quiet |= matches!(options.bytes().as_slice(), b"quiet" | b"silent");
            }
            b'C' => (check, quiet) = (true, true),
            b'k' => {
                let text = options.bytes();
                let key =
                    key::parse(&text).ok_or_else(|| Error::bad(show_bytes(&text), "not a key"))?;
                rules.keys.push(key);
            }
            b'm' => merge = true,
            b'o' => output = Some(options.value()),
            b's' => rules.stable = true,
            b'u' => rules.unique = true,
            b'z' => rules.end = 0,
            b'T' => rules.folder = options.value(),
            b'S' => {
                let text = options.bytes();
                // Without a unit they are kilobytes.
                let plain = text.iter().all(u8::is_ascii_digit);
                let bytes =
                    size::count(&text).map(|n| if plain { n.saturating_mul(1024) } else { n });
                let bytes = bytes.ok_or_else(|| Error::bad(show_bytes(&text), "not a size"))?;
                rules.memory = usize::try_from(bytes).unwrap_or(usize::MAX).max(64 * 1024);
            }
            b't' => {
                let text = options.bytes();
                tab = Some(match text.as_slice() {
                    [byte] => *byte,
                    b"\\0" => 0,
                    _ => return Err(Error::bad(show_bytes(&text), "-t takes one byte")),
                });
            }
            b'1' => {
                let word = options.bytes();
                let letter = match word.as_slice() {
                    b"general-numeric" => b'g',
                    b"human-numeric" => b'h',
                    b"month" => b'M',
                    b"numeric" => b'n',
                    b"random" => b'R',
                    b"version" => b'V',
                    _ => return Err(Error::bad(show_bytes(&word), "no order")),
                };
                global.set(letter);
            }
            b'2' => {}
            other => {
                global.set(other);
            }
        }
    }
    rules.reverse = global.reverse;
    if rules.keys.is_empty() {
        rules.keys.push(Key::whole(global));
    } else {
        for key in &mut rules.keys {
            key.inherit(global);
        }
    }
    for key in &mut rules.keys {
        key.tab = tab;
    }
    if rules.keys.iter().any(|key| key.flags.order == Order::Random) {
        let now = crate::sys::clock::now();
        rules.seed =
            now.as_nanos() as u64 ^ u64::from(nix::unistd::getpid().as_raw().unsigned_abs());
    }
    let mut names = options.operands;
    if names.is_empty() {
        names.push("-".into());
    }
    if check {
        if let [_, extra, ..] = names.as_slice() {
            return Err(Error::bad(show(extra), "only one file can be checked"));
        }
        return disorder(cx, &rules, names.first().map_or(OsStr::new("-"), |n| n), quiet);
    }
    if merge {
        return merge_files(cx, &rules, &names, output.as_deref());
    }
    sort(cx, &rules, &names, output.as_deref())
}

/// Where the result goes.
fn with_output(
    cx: &mut Ctx,
    output: Option<&OsStr>,
    act: &mut dyn FnMut(Put) -> Result<(), Error>,
) -> Result<(), Error> {
    let Some(name) = output else { return act(&mut |bytes| cx.put(bytes)) };
    let mut file = File::create(name).map_err(|e| Error::os(show(name), e))?;
    let mut held = Vec::new();
    let mut put = |bytes: &[u8]| -> Result<(), Error> {
        held.extend_from_slice(bytes);
        if held.len() >= 64 * 1024 {
            file.write_all(&held).map_err(|e| Error::os(show(name), e))?;
            held.clear();
        }
        Ok(())
    };
    act(&mut put)?;
    file.write_all(&held).map_err(|e| Error::os(show(name), e))
}

/// Opens what is to be sorted; a file that is not there ends it all before
/// anything is written.
fn open_all(cx: &Ctx, names: &[OsString]) -> Result<Vec<Lines>, Error> {
    let mut list = Vec::new();
    for name in names {
        list.push(Lines::new(cx.open(name)?));
    }
    Ok(list)
}

fn sort(
    cx: &mut Ctx,
    rules: &Rules,
    names: &[OsString],
    output: Option<&OsStr>,
) -> Result<Status, Error> {
    let mut spilled: Vec<OwnedFd> = Vec::new();
    let mut arena: Vec<u8> = Vec::new();
    let mut lines: Vec<Line> = Vec::new();
    for name in names {
        let mut input = Lines::new(cx.open(name)?);
        let reading = |e: nix::errno::Errno| Error::os(show(name), e);
        while let Some(block) = input.whole(rules.end).map_err(reading)? {
            let before = arena.len();
            arena.extend_from_slice(block);
            if arena.last() != Some(&rules.end) {
                arena.push(rules.end);
            }
            add_lines(rules, &arena, before, &mut lines);
            if arena.len() + lines.len() * size_of::<Line>() > rules.memory {
                order(rules, &arena, &mut lines);
                spilled.push(spill(rules, &arena, &lines)?);
                arena.clear();
                lines.clear();
            }
        }
    }
    order(rules, &arena, &mut lines);
    if !spilled.is_empty() {
        if !lines.is_empty() {
            spilled.push(spill(rules, &arena, &lines)?);
        }
        drop((arena, lines));
        let sources = merge::narrowed(rules, spilled)?;
        with_output(cx, output, &mut |put| {
            let mut sources: Vec<Lines> =
                sources.iter().filter_map(|fd| fd.try_clone().ok()).map(Lines::new).collect();
            merge::merge(rules, &mut sources, put)
        })?;
        return Ok(cx.status());
    }
    with_output(cx, output, &mut |put| write_lines(rules, &arena, &lines, put))?;
    Ok(cx.status())
}

/// The lines of the buffer from `from` on.
fn add_lines(rules: &Rules, arena: &[u8], from: usize, lines: &mut Vec<Line>) {
    let Some(key) = rules.keys.first() else { return };
    let mut start = from;
    for at in memchr::memchr_iter(rules.end, arena.get(from..).unwrap_or_default()) {
        let end = from + at;
        let text = arena.get(start..end).unwrap_or_default();
        let rank = key.rank(text, rules.seed);
        lines.push(Line { rank, start, length: text.len() });
        start = end + 1;
    }
}

/// Sorts the lines. Where a line is in the buffer says which came first.
fn order(rules: &Rules, arena: &[u8], lines: &mut [Line]) {
    let stable = rules.stable || rules.unique;
    // A whole line in the plain order needs no key.
    let plain = match rules.keys.as_slice() {
        [key] => key.is_plain(),
        _ => false,
    };
    lines.sort_unstable_by(|a, b| {
        a.rank.cmp(&b.rank).then_with(|| {
            let x = arena.get(a.start..a.start + a.length).unwrap_or_default();
            let y = arena.get(b.start..b.start + b.length).unwrap_or_default();
            let result = if plain {
                let result = x.cmp(y);
                if rules.reverse { result.reverse() } else { result }
            } else {
                rules.compare(x, y, stable)
            };
            result.then(a.start.cmp(&b.start))
        })
    });
}

impl Rules {
    /// The order of two lines; equal ones stay as they came when `stable`.
    #[inline(never)]
    fn compare(&self, a: &[u8], b: &[u8], stable: bool) -> std::cmp::Ordering {
        for key in &self.keys {
            let result = key.compare(a, b, self.seed);
            if result.is_ne() {
                return result;
            }
        }
        if stable {
            return std::cmp::Ordering::Equal;
        }
        let result = a.cmp(b);
        if self.reverse { result.reverse() } else { result }
    }
}

fn write_lines(
    rules: &Rules,
    arena: &[u8],
    lines: &[Line],
    put: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut before: Option<(u64, &[u8])> = None;
    let mut block = Vec::with_capacity(64 * 1024);
    for line in lines {
        let text = arena.get(line.start..line.start + line.length).unwrap_or_default();
        if rules.unique {
            if before
                .is_some_and(|(rank, b)| rank == line.rank && rules.compare(b, text, true).is_eq())
            {
                continue;
            }
            before = Some((line.rank, text));
        }
        // The end of the line is behind it in the buffer.
        let whole = arena.get(line.start..line.start + line.length + 1).unwrap_or_default();
        block.extend_from_slice(whole);
        if block.len() >= 60 * 1024 {
            put(&block)?;
            block.clear();
        }
    }
    put(&block)
}

/// Writes sorted lines to a file that has no name.
fn spill(rules: &Rules, arena: &[u8], lines: &[Line]) -> Result<OwnedFd, Error> {
    let fd = nameless(rules)?;
    write_lines(rules, arena, lines, &mut |bytes| {
        write_all(fd.as_fd(), bytes).map_err(|e| Error::os(show(&rules.folder), e))
    })?;
    rewind(rules, &fd)?;
    Ok(fd)
}

fn rewind(rules: &Rules, fd: &OwnedFd) -> Result<(), Error> {
    lseek(fd, 0, Whence::SeekSet).map_err(|e| Error::os(show(&rules.folder), e))?;
    Ok(())
}

fn nameless(rules: &Rules) -> Result<OwnedFd, Error> {
    let mut template = rules.folder.clone();
    template.push("/sortXXXXXX");
    let failed = |e: nix::errno::Errno| Error::os(show(&rules.folder), e);
    let (fd, path) = nix::unistd::mkstemp(template.as_os_str()).map_err(failed)?;
    nix::unistd::unlink(&path).map_err(failed)?;
    Ok(fd)
}

fn merge_files(
    cx: &mut Ctx,
    rules: &Rules,
    names: &[OsString],
    output: Option<&OsStr>,
) -> Result<Status, Error> {
    let mut sources = open_all(cx, names)?;
    if output.is_none() {
        merge::merge(rules, &mut sources, &mut |bytes| cx.put(bytes))?;
        return Ok(cx.status());
    }
    // The output may be one of the files that are read.
    let fd = nameless(rules)?;
    let failed = |e: std::io::Error| Error::os(show(&rules.folder), e);
    merge::merge(rules, &mut sources, &mut |bytes| write_all(fd.as_fd(), bytes).map_err(failed))?;
    rewind(rules, &fd)?;
    let mut result = Lines::new(fd);
    with_output(cx, output, &mut |put| {
        while let Some(block) = result.block().map_err(|e| Error::os(show(&rules.folder), e))? {
            put(block)?;
        }
        Ok(())
    })?;
    Ok(cx.status())
}

/// Whether a file is sorted; if not, where.
fn disorder(cx: &mut Ctx, rules: &Rules, name: &OsStr, quiet: bool) -> Result<Status, Error> {
    let mut input = Lines::new(cx.open(name)?);
    let mut before: Option<Vec<u8>> = None;
    let mut number = 0u64;
    while let Some(line) = input.next(rules.end).map_err(|e| Error::os(show(name), e))? {
        number += 1;
        if let Some(before) = &mut before {
            let result = rules.compare(before, line, rules.stable || rules.unique);
            if result.is_gt() || rules.unique && result.is_eq() {
                if !quiet {
                    let line = show_bytes(line).to_string();
                    cx.note(format_args!("{}:{number}: disorder: {line}", show(name)));
                }
                return Ok(Status::FAILURE);
            }
            before.clear();
            before.extend_from_slice(line);
        } else {
            before = Some(line.to_vec());
        }
    }
    Ok(Status::OK)
}
