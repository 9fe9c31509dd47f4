//! pmap, pwdx: what the memory of a process is for, and its working folder.
//! procps's, also its forms of `-x`, `-X` and `-d`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "pmap",
    summary: "print what the memory of processes is for",
    usage: "[-x | -X | -d] [-pq] [-A LOW[,HIGH]] PID...\n\
            \x20 -x  what is in memory, and what of it was written; -X  all the kernel tells\n\
            \x20 -d  places in files and their devices\n\
            \x20 -p  whole paths    -q  without head and foot    -A  only these addresses",
    kind: Kind::NoFork, // reads files of /proc
    run,
};

/// pwdx.
pub(super) static PWDX: Applet = Applet {
    name: "pwdx",
    summary: "print the working folders of processes",
    usage: "PID...",
    kind: Kind::NoFork, // reads links of /proc
    run: pwdx,
};

/// A process's number, also as a path in /proc.
fn process(word: &OsStr) -> Option<u32> {
    let bytes = word.as_bytes();
    let digits = bytes.strip_prefix(b"/proc/").unwrap_or(bytes);
    std::str::from_utf8(digits).ok()?.parse().ok().filter(|&pid| pid > 0)
}

fn pwdx(cx: &mut Ctx) -> Result<Status, Error> {
    let options = cx.parse("").map_err(|e| e.with(Status::FAILURE))?;
    if options.operands.is_empty() {
        return Err(Error::usage("which process?").with(Status::FAILURE));
    }
    for word in &options.operands {
        let Some(pid) = process(word) else {
            return Err(Error::msg(format_args!("invalid process id: {}", show(word))));
        };
        match std::fs::read_link(format!("/proc/{pid}/cwd")) {
            Ok(path) => cx.print(format_args!("{}: {}\n", show(word), show(&path)))?,
            Err(error) => {
                let gone = error.kind() == std::io::ErrorKind::NotFound;
                let error = if gone { Errno::ESRCH.into() } else { error };
                // procps says it without a name before it
                cx.fail();
                cx.flush()?;
                let text = format!("{}: {}\n", show(word), crate::applet::reason(&error));
                let _ = crate::applet::write_all(cx.stderr, text.as_bytes());
            }
        }
    }
    Ok(cx.status())
}

/// The form of the lines.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Extended,
    Everything,
    Device,
}

/// A line of /proc/PID/maps, and of smaps what is below it.
struct Area<'a> {
    start: u64,
    end: u64,
    modes: &'a [u8],
    offset: u64,
    device: &'a [u8],
    inode: &'a [u8],
    name: &'a [u8],
    /// Names and kilobytes.
    values: Vec<(&'a [u8], &'a [u8])>,
}

impl<'a> Area<'a> {
    /// `START-END MODES OFFSET MAJOR:MINOR INODE NAME`. proc(5).
    fn parse(line: &'a [u8]) -> Option<Area<'a>> {
        let mut words = line.splitn(6, |&b| b == b' ');
        let mut range = words.next()?.split(|&b| b == b'-');
        let (start, end) = (hex(range.next()?)?, hex(range.next()?)?);
        let modes = words.next()?;
        let offset = hex(words.next()?)?;
        let (device, inode) = (words.next()?, words.next()?);
        let name = words.next().unwrap_or_default().trim_ascii_start();
        Some(Area { start, end, modes, offset, device, inode, name, values: Vec::new() })
    }

    fn value(&self, name: &[u8]) -> u64 {
        let found = self.values.iter().find(|(known, _)| *known == name);
        found.and_then(|(_, value)| std::str::from_utf8(value).ok()?.parse().ok()).unwrap_or(0)
    }

    fn kilobytes(&self) -> u64 {
        self.end.saturating_sub(self.start) / 1024
    }

    /// The five letters of pmap.
    fn letters(&self) -> [u8; 5] {
        let at = |i: usize| self.modes.get(i).copied().unwrap_or(b'-');
        let shared = if at(3) == b's' { b's' } else { b'-' };
        [at(0), at(1), at(2), shared, b'-']
    }

    fn label(&self, whole: bool) -> Vec<u8> {
        let name = self.name;
        if name.starts_with(b"/") {
            let base = name.rsplit(|&b| b == b'/').next().unwrap_or_default();
            return show_bytes(if whole { name } else { base }).to_string().into_bytes();
        }
        if name == b"[stack]" { b"  [ stack ]".to_vec() } else { b"  [ anon ]".to_vec() }
    }
}

fn hex(text: &[u8]) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(text).ok()?, 16).ok()
}

/// Reads smaps, or maps, which has the same lines without the values.
fn areas(text: &[u8]) -> Vec<Area<'_>> {
    let mut list: Vec<Area<'_>> = Vec::new();
    for line in text.split(|&b| b == b'\n') {
        if let Some(area) = Area::parse(line) {
            list.push(area);
        } else if let Some(colon) = line.iter().position(|&b| b == b':')
            && let Some(area) = list.last_mut()
            && let (name, Some(value)) = (line.get(..colon), line.get(colon + 1..))
        {
            let value = value.trim_ascii();
            let number = value.strip_suffix(b" kB").unwrap_or(value);
            area.values.push((name.unwrap_or_default(), number));
        }
    }
    list
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx
        .parse("x,extended X d,device q,quiet p,show-path A:range")
        .map_err(|e| e.with(Status::FAILURE))?;
    let (mut form, mut quiet, mut whole) = (Form::Plain, false, false);
    let (mut low, mut high) = (0, u64::MAX);
    while let Some(letter) = options.next() {
        let wanted = match letter {
            b'x' => Form::Extended,
            b'X' => Form::Everything,
            b'd' => Form::Device,
            b'q' => {
                quiet = true;
                continue;
            }
            b'p' => {
                whole = true;
                continue;
            }
            _ => {
                let value = options.bytes();
                let mut parts = value.split(|&b| b == b',');
                let first = parts.next().and_then(address);
                let last = parts.next().map_or(first, address);
                let (Some(first), Some(last)) = (first, last) else {
                    return Err(Error::bad(show_bytes(&value), "not a range of addresses"));
                };
                (low, high) = (first, last);
                continue;
            }
        };
        if form != Form::Plain && form != wanted {
            return Err(Error::msg("options -d, -x, -X are mutually exclusive"));
        }
        form = wanted;
    }
    if options.operands.is_empty() {
        return Err(Error::usage("which process?").with(Status::FAILURE));
    }
    let mut missing = false;
    for word in &options.operands {
        let Some(pid) = process(word) else {
            return Err(
                Error::usage(format_args!("{}: not a process", show(word))).with(Status::FAILURE)
            );
        };
        let detailed = matches!(form, Form::Extended | Form::Everything);
        let file = if detailed { "smaps" } else { "maps" };
        let text = match crate::sys::file::read(format!("/proc/{pid}/{file}")) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                missing = true;
                continue;
            }
            Err(error) => {
                head(cx, pid)?;
                cx.warn(Error::os(format_args!("/proc/{pid}/{file}"), error));
                continue;
            }
        };
        head(cx, pid)?;
        let mut list = areas(&text);
        list.retain(|area| area.end > low && area.start <= high);
        match form {
            Form::Everything => everything(cx, &list, quiet, whole)?,
            _ => lines(cx, form, &list, quiet, whole)?,
        }
    }
    // procps's status for processes that are not there
    Ok(if missing { Status(42) } else { cx.status() })
}

/// An address in hexadecimal, with or without `0x`.
fn address(text: &[u8]) -> Option<u64> {
    hex(text.strip_prefix(b"0x").unwrap_or(text))
}

/// `PID:   COMMAND LINE`.
fn head(cx: &mut Ctx, pid: u32) -> Result<(), Error> {
    let mut line = crate::sys::file::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    while line.last() == Some(&0) {
        line.pop();
    }
    for byte in &mut line {
        if *byte == 0 {
            *byte = b' ';
        }
    }
    if line.is_empty() {
        let name = crate::sys::file::read(format!("/proc/{pid}/comm")).unwrap_or_default();
        line = [b"[", name.trim_ascii_end(), b"]"].concat();
    }
    cx.print(format_args!("{pid}:   {}\n", show_bytes(&line)))
}

fn lines(
    cx: &mut Ctx,
    form: Form,
    list: &[Area<'_>],
    quiet: bool,
    whole: bool,
) -> Result<(), Error> {
    if !quiet {
        match form {
            Form::Extended => {
                cx.put(b"Address           Kbytes     RSS   Dirty Mode  Mapping\n")?
            }
            Form::Device => {
                cx.put(b"Address           Kbytes Mode  Offset           Device    Mapping\n")?;
            }
            _ => {}
        }
    }
    let (mut total, mut resident, mut dirty, mut private, mut shared) = (0u64, 0, 0, 0, 0);
    for area in list {
        let size = area.kilobytes();
        total += size;
        match area.modes {
            [_, b'w', _, b'p', ..] => private += size,
            [_, _, _, b's', ..] => shared += size,
            _ => {}
        }
        let letters = area.letters();
        let letters = show_bytes(&letters);
        let start = area.start;
        match form {
            Form::Extended => {
                let rss = area.value(b"Rss");
                let written = area.value(b"Shared_Dirty") + area.value(b"Private_Dirty");
                resident += rss;
                dirty += written;
                cx.print(format_args!("{start:016x} {size:7} {rss:7} {written:7} {letters} "))?;
            }
            Form::Device => {
                let mut device =
                    area.device.split(|&b| b == b':').map(|part| hex(part).unwrap_or(0));
                let (major, minor) = (device.next().unwrap_or(0), device.next().unwrap_or(0));
                let offset = area.offset;
                cx.print(format_args!(
                    "{start:016x} {size:7} {letters} {offset:016x} {major:03x}:{minor:05x} "
                ))?;
            }
            _ => cx.print(format_args!("{start:016x} {size:6}K {letters} "))?,
        }
        cx.put(&area.label(whole))?;
        cx.put(b"\n")?;
    }
    if quiet {
        return Ok(());
    }
    match form {
        Form::Extended => {
            cx.put(b"---------------- ------- ------- ------- \n")?;
            cx.print(format_args!("total kB         {total:7} {resident:7} {dirty:7}\n"))
        }
        Form::Device => cx.print(format_args!(
            "mapped: {total}K    writeable/private: {private}K    shared: {shared}K\n"
        )),
        _ => cx.print(format_args!(" total {total:16}K\n")),
    }
}

/// All values of smaps, in columns as wide as they need.
fn everything(cx: &mut Ctx, list: &[Area<'_>], quiet: bool, whole: bool) -> Result<(), Error> {
    /// What -X leaves out.
    const LEFT_OUT: [&[u8]; 9] = [
        b"Shared_Clean",
        b"Shared_Dirty",
        b"Private_Clean",
        b"Private_Dirty",
        b"SwapPss_",
        b"AnonHugePages",
        b"KernelPageSize",
        b"MMUPageSize",
        b"VmFlags",
    ];
    let mut rows: Vec<Vec<Vec<u8>>> = Vec::new();
    let mut sums: Vec<u64> = Vec::new();
    for area in list {
        if rows.is_empty() {
            let mut names: Vec<Vec<u8>> =
                [&b"Address"[..], b"Perm", b"Offset", b"Device", b"Inode"]
                    .iter()
                    .map(|name| name.to_vec())
                    .collect();
            for (name, _) in &area.values {
                if !LEFT_OUT.contains(name) {
                    names.push(name.to_vec());
                }
            }
            names.push(b"Mapping".to_vec());
            rows.push(names);
        }
        let mut row = vec![
            format!("{:x}", area.start).into_bytes(),
            area.modes.to_vec(),
            format!("{:08x}", area.offset).into_bytes(),
            area.device.to_vec(),
            area.inode.to_vec(),
        ];
        let mut column = 0;
        for (name, value) in &area.values {
            if LEFT_OUT.contains(name) {
                continue;
            }
            sums.resize(sums.len().max(column + 1), 0);
            let number: u64 =
                std::str::from_utf8(value).ok().and_then(|v| v.parse().ok()).unwrap_or(0);
            if let Some(sum) = sums.get_mut(column) {
                *sum += number;
            }
            column += 1;
            row.push(value.to_vec());
        }
        row.push(if area.name.starts_with(b"/") {
            area.label(whole)
        } else {
            show_bytes(area.name).to_string().into_bytes()
        });
        rows.push(row);
    }
    let mut widths: Vec<usize> = Vec::new();
    for row in &rows {
        widths.resize(widths.len().max(row.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.len());
        }
    }
    if let Some(width) = widths.first_mut() {
        *width = (*width).max(16);
    }
    for (width, sum) in widths.iter_mut().skip(5).zip(&sums) {
        *width = (*width).max(sum.to_string().len());
    }
    for row in rows.iter().skip(usize::from(quiet)) {
        let mut line = Vec::new();
        for (i, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let last = i + 1 == row.len();
            if i > 0 {
                line.push(b' ');
            }
            if !last {
                line.resize(line.len() + width.saturating_sub(cell.len()), b' ');
            }
            line.extend_from_slice(cell);
        }
        line.push(b'\n');
        cx.put(&line)?;
    }
    if quiet || rows.is_empty() {
        return Ok(());
    }
    let blank: usize = widths.iter().take(5).map(|width| width + 1).sum();
    for form in [true, false] {
        let mut line = vec![b' '; blank.saturating_sub(1)];
        for (width, sum) in widths.iter().skip(5).zip(&sums) {
            line.push(b' ');
            let text = if form { "=".repeat(*width) } else { format!("{sum:width$}") };
            line.extend_from_slice(text.as_bytes());
        }
        line.extend_from_slice(if form { b" \n" } else { b" KB \n" });
        cx.put(&line)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_maps() {
        let text = b"00400000-00401000 r-xp 00001000 fe:00 325843       /usr/lib/a b.so\nSize: 4 kB\nRss:     2 kB\n7f00-8f00 rw-p 00000000 00:00 0 \n";
        let list = areas(text);
        assert_eq!(list.len(), 2);
        assert_eq!((list[0].kilobytes(), list[0].value(b"Rss")), (4, 2));
        assert_eq!((list[0].label(false), list[0].letters()), (b"a b.so".to_vec(), *b"r-x--"));
        assert_eq!((list[1].label(false), list[1].kilobytes()), (b"  [ anon ]".to_vec(), 4));
        assert!(areas(b"x\n1-\n:\n").is_empty());
    }
}
