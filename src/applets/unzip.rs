//! unzip: list, test and unpack zip archives. Info-ZIP's options and lists,
//! busybox's words while unpacking, and its exit status 1 for all failures.
//! Stored, deflated, bzip2, xz and Zstandard members; none that are encrypted.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes, write_all};
use crate::archive::extract::{Extractor, Failure, Wanted};
use crate::archive::list::shown;
use crate::archive::zip::{self, Directory, Member};
use crate::archive::{Bytes, Content, Damage, name};
use crate::civil::Civil;
use crate::compress::checksum::Crc32;
use crate::compress::{Format, Input, Unpacker};
use crate::shell::pattern;
use crate::sys;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "unzip",
    summary: "list, test and unpack zip archives",
    usage: "[-lvtpqnojK] FILE[.zip] [NAME...] [-x NAME...] [-d DIR]\n\
            \x20 -l, -v  list; with how each is packed\n\
            \x20 -t      test\n\
            \x20 -p, -c  to standard output; -c with names\n\
            \x20 -n, -o  never and always replace what is there; otherwise it is asked\n\
            \x20 -j      without folders\n\
            \x20 -d DIR  unpack there;  -x NAME...  leave out\n\
            \x20 -q      say less;  -K  keep set-id bits",
    kind: Kind::Fork, // reads and writes for as long as that takes
    run,
};

/// The longest target of a symbolic link.
const MOST_TARGET: u64 = 4096;

struct Choice {
    how: u8,
    verbose: bool,
    quiet: usize,
    /// `n`, `o`, or 0 to ask.
    existing: u8,
    junk: bool,
    keep_ids: bool,
    lower: bool,
    folder: PathBuf,
    names: Vec<Vec<u8>>,
    without: Vec<Vec<u8>>,
}

impl Choice {
    fn takes(&self, name: &[u8]) -> bool {
        let hit = |list: &[Vec<u8>]| list.iter().any(|p| pattern::matches(p, name));
        (self.names.is_empty() || hit(&self.names)) && !hit(&self.without)
    }
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let failed = |e: Error| e.with(Status::FAILURE);
    // What is behind -x is left out, up to -d.
    let mut args: Vec<OsString> = Vec::new();
    let mut without: Vec<Vec<u8>> = Vec::new();
    let mut excluding = false;
    for arg in cx.args {
        match arg.as_bytes() {
            b"-x" if !args.is_empty() => excluding = true,
            word if word.starts_with(b"-") && word.len() > 1 => {
                excluding = false;
                args.push(arg.clone());
            }
            word if excluding => without.push(word.to_vec()),
            _ => args.push(arg.clone()),
        }
    }
    let spec = "l v t p c q n o j K L a C d: x: X u Z";
    let mut options = crate::options::Options::parse(spec, &args).map_err(failed)?;
    let mut c = Choice {
        how: b'x',
        verbose: false,
        quiet: 0,
        existing: 0,
        junk: false,
        keep_ids: false,
        lower: false,
        folder: PathBuf::from("."),
        names: Vec::new(),
        without,
    };
    while let Some(letter) = options.next() {
        match letter {
            b'l' | b't' | b'p' | b'c' => c.how = letter,
            b'v' => (c.how, c.verbose) = (b'l', true),
            b'q' => c.quiet += 1,
            b'n' | b'o' => c.existing = letter,
            b'j' => c.junk = true,
            b'K' => c.keep_ids = true,
            b'L' => c.lower = true,
            b'd' => c.folder = PathBuf::from(options.value()),
            b'x' => c.without.push(options.bytes()),
            _ => {}
        }
    }
    let mut operands = options.operands.into_iter();
    let Some(archive) = operands.next() else {
        return Err(failed(Error::usage("which archive?")));
    };
    c.names = operands.map(OsString::into_vec).collect();
    let (mut file, path) = open(cx, &archive)?;
    if c.quiet == 0 && c.how != b'p' || c.how == b'l' {
        cx.put(&[b"Archive:  ", &shown(path.as_bytes())[..], b"\n"].concat())?;
    }
    let members = directory(&mut file)?;
    let members: Vec<&Member> = members.iter().filter(|m| c.takes(&m.entry.name)).collect();
    if c.how == b'l' {
        list(cx, &c, &members)?;
    } else {
        each(cx, &mut c, &file, &members)?;
        if c.how == b't' && cx.status() == Status::OK && c.quiet < 2 {
            let text = b"No errors detected in compressed data of ";
            cx.put(&[&text[..], &shown(path.as_bytes())[..], b".\n"].concat())?;
        }
    }
    if !c.names.is_empty() && members.is_empty() && c.how != b'l' {
        cx.warn("no such name in the archive");
        return Ok(Status(11));
    }
    Ok(cx.status())
}

/// Opens the archive, or with the suffix that was not typed.
fn open(cx: &Ctx, archive: &OsStr) -> Result<(File, OsString), Error> {
    if archive == "-" {
        // Its directory is at the end: it has to be kept.
        let mut file = crate::image::output::unnamed().map_err(|e| Error::os("/tmp", e))?;
        std::io::copy(&mut sys::fd::Reader(cx.stdin), &mut file)
            .map_err(|e| Error::os("standard input", e))?;
        return Ok((file, archive.to_os_string()));
    }
    let mut first = None;
    for suffix in ["", ".zip", ".ZIP"] {
        let mut path = archive.to_os_string();
        path.push(suffix);
        match File::open(&path) {
            Ok(file) if !Path::new(&path).is_dir() => return Ok((file, path)),
            Ok(_) => {}
            Err(error) => drop(first.get_or_insert(error)),
        }
    }
    let error = first.unwrap_or_else(|| nix::errno::Errno::EISDIR.into());
    Err(Error::os(format_args!("{}[.zip]", show(archive)), error))
}

fn bytes_at(file: &mut File, at: u64, length: u64) -> Result<Vec<u8>, Error> {
    let failed = |e| Error::os("archive", e);
    file.seek(SeekFrom::Start(at)).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes).map_err(failed)?;
    if (bytes.len() as u64) < length { Err(Error::msg("short read")) } else { Ok(bytes) }
}

fn directory(file: &mut File) -> Result<Vec<Member>, Error> {
    let length = file.seek(SeekFrom::End(0)).map_err(|e| Error::os("archive", e))?;
    let start = length.saturating_sub(zip::TAIL);
    let tail = bytes_at(file, start, length - start)?;
    let none = || match length {
        0..22 => Error::msg("short read"),
        _ => Error::msg("not a zip archive, or one cut off"),
    };
    let mut found = zip::directory(&tail, start).ok_or_else(none)?;
    if let Directory::Record64(at) = found {
        found = zip::record64(&bytes_at(file, at, 56)?).ok_or_else(none)?;
    }
    let Directory::At(at, size, _) = found else { return Err(none()) };
    if size > zip::MOST_DIRECTORY || size > length {
        return Err(none());
    }
    let (members, whole) = zip::members(&bytes_at(file, at, size)?);
    if !whole {
        return Err(Error::msg("damaged directory"));
    }
    Ok(members)
}

/// `2026-11-22 05:15`.
fn date(member: &Member) -> String {
    if member.timed {
        let time = member.entry.mtime;
        let text = Civil::of(time, sys::clock::zone_offset(time)).date_time();
        return text.get(..16).unwrap_or_default().to_string();
    }
    let [year, month, day, hour, minute, _] = zip::dos_time(member.dos);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}")
}

/// What part of a length was saved, as `53%`.
fn saved(plain: u64, packed: u64) -> String {
    let saved = i128::from(plain) - i128::from(packed);
    let percent =
        if plain == 0 { 0 } else { (saved * 1000 / i128::from(plain) + 5).div_euclid(10) };
    format!("{percent}%")
}

fn method(member: &Member) -> &'static str {
    match member.method {
        0 => "Stored",
        8 => "Defl:N",
        9 => "Def64",
        12 => "BZip2",
        14 => "LZMA",
        93 => "Zstd",
        95 => "XZ",
        _ => "Unk",
    }
}

fn list(cx: &mut Ctx, c: &Choice, members: &[&Member]) -> Result<(), Error> {
    let head: &[u8] = match (c.verbose, c.quiet) {
        (_, 1..) => b"",
        (true, _) => {
            b" Length   Method    Size  Cmpr    Date    Time   CRC-32   Name\n\
             --------  ------  ------- ---- ---------- ----- --------  ----\n"
        }
        _ => {
            b"  Length      Date    Time    Name\n\
             ---------  ---------- -----   ----\n"
        }
    };
    cx.put(head)?;
    let (mut plain, mut packed) = (0u64, 0u64);
    for member in members {
        let entry = &member.entry;
        plain = plain.saturating_add(entry.size);
        packed = packed.saturating_add(entry.stored);
        let date = date(member);
        if c.verbose {
            cx.print(format_args!(
                "{:8}  {:6} {:8} {:>4} {date} {:08x}  ",
                entry.size,
                method(member),
                entry.stored,
                saved(entry.size, entry.stored),
                member.sum
            ))?;
        } else {
            cx.print(format_args!("{:9}  {date}   ", entry.size))?;
        }
        cx.put(&[&shown(&entry.name)[..], b"\n"].concat())?;
    }
    if c.quiet > 0 {
        return Ok(());
    }
    let count = members.len();
    let files = if count == 1 { "file" } else { "files" };
    if c.verbose {
        cx.put(b"--------          -------  ---                            -------\n")?;
        let saved = saved(plain, packed);
        cx.print(format_args!(
            "{plain:8}         {packed:8} {saved:>4}                            {count} {files}\n"
        ))
    } else {
        cx.put(b"---------                     -------\n")?;
        cx.print(format_args!("{plain:9}                     {count} {files}\n"))
    }
}

/// The content of a member, counted and summed up.
struct Reading<'a> {
    stream: Unpacker<'a>,
    given: usize,
    left: u64,
    sum: Crc32,
}

impl Content for Reading<'_> {
    fn piece(&mut self) -> Result<&[u8], Damage> {
        self.stream.consume(std::mem::take(&mut self.given));
        if self.left == 0 {
            return Ok(&[]);
        }
        let some = self.stream.available()?;
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(some.len());
        let some = some.get(..most).unwrap_or_default();
        if some.is_empty() {
            return Err(Damage::Short);
        }
        self.given = some.len();
        self.left -= some.len() as u64;
        self.sum.update(some);
        Ok(some)
    }
}

impl Reading<'_> {
    /// Whether all came, and the right bytes.
    fn is_good(&self, member: &Member) -> bool {
        self.left == 0 && self.sum.sum() == member.sum
    }
}

fn reading<'f>(file: &'f File, member: &Member) -> Result<Reading<'f>, Error> {
    let named = |text: &str| Error::about(show_bytes(&member.entry.name), text);
    if member.flags & 1 != 0 {
        return Err(named("encrypted members cannot be unpacked"));
    }
    let mut whole = file;
    let failed = |e| Error::os("archive", e);
    whole.seek(SeekFrom::Start(member.entry.offset)).map_err(failed)?;
    let mut head = [0; 30];
    whole.read_exact(&mut head).map_err(|_| named("its header is missing"))?;
    let skipped = zip::local(&head).ok_or_else(|| named("its header is missing"))?;
    let start = member.entry.offset.saturating_add(skipped);
    whole.seek(SeekFrom::Start(start)).map_err(failed)?;
    let input = Input::new(Box::new(sys::fd::Reader(file.as_fd())));
    let stream = match member.method {
        0 => Unpacker::new(Format::None, input),
        8 => Unpacker::deflate(input),
        12 => Unpacker::one(Format::Bzip2, input),
        93 => Unpacker::one(Format::Zstd, input),
        95 => Unpacker::one(Format::Xz, input),
        other => return Err(named(&format!("packed by method {other}, which is not built in"))),
    };
    Ok(Reading { stream, given: 0, left: member.entry.size, sum: Crc32::new() })
}

fn each(cx: &mut Ctx, c: &mut Choice, file: &File, members: &[&Member]) -> Result<(), Error> {
    let mut extractor = None;
    if c.how == b'x' {
        if !c.folder.is_dir() {
            std::fs::create_dir_all(&c.folder).map_err(|e| Error::os(show(&c.folder), e))?;
        }
        let wanted = Wanted { parents: true, permissions: true, ..Wanted::default() };
        extractor = Some(Extractor::new(&c.folder, wanted)?);
    }
    for member in members {
        let result = match (&mut extractor, c.how) {
            (Some(extractor), _) => unpack(cx, c, file, member, extractor),
            (None, b't') => test(cx, c, file, member),
            _ => pipe(cx, c, file, member),
        };
        if let Err(error) = result {
            if error.is_closed_pipe() {
                return Err(error);
            }
            cx.warn(error);
        }
    }
    if let Some(extractor) = &mut extractor {
        extractor.finish(&mut |error| cx.warn(error));
    }
    Ok(())
}

fn bad(member: &Member, damage: &Damage) -> Error {
    Error::about(show_bytes(&member.entry.name), &format!("corrupted data: {damage}"))
}

fn test(cx: &mut Ctx, c: &Choice, file: &File, member: &Member) -> Result<(), Error> {
    let mut content = reading(file, member)?;
    let result = loop {
        match content.piece() {
            Ok([]) => break content.is_good(member),
            Ok(_) => {}
            Err(_) => break false,
        }
    };
    let name = String::from_utf8_lossy(&shown(&member.entry.name)).into_owned();
    if result {
        if c.quiet == 0 {
            cx.print(format_args!("    testing: {name:<22}   OK\n"))?;
        }
        return Ok(());
    }
    Err(Error::msg(format_args!("{name}: bad CRC or data")))
}

fn pipe(cx: &mut Ctx, c: &Choice, file: &File, member: &Member) -> Result<(), Error> {
    if member.entry.is_folder() {
        return Ok(());
    }
    let mut content = reading(file, member)?;
    if c.how == b'c' {
        cx.put(&[b"  inflating: ", &shown(&member.entry.name)[..], b"\n"].concat())?;
    }
    loop {
        let piece = content.piece().map_err(|d| bad(member, &d))?;
        if piece.is_empty() {
            break;
        }
        cx.put(piece)?;
    }
    if c.how == b'c' {
        cx.put(b"\n")?;
    }
    checked(&content, member)
}

fn checked(content: &Reading, member: &Member) -> Result<(), Error> {
    if content.is_good(member) {
        return Ok(());
    }
    Err(Error::about(show_bytes(&member.entry.name), "crc error"))
}

fn unpack(
    cx: &mut Ctx,
    c: &mut Choice,
    file: &File,
    member: &Member,
    extractor: &mut Extractor,
) -> Result<(), Error> {
    let mut entry = member.entry.clone();
    let mut name = entry.name.clone();
    if c.lower {
        name.make_ascii_lowercase();
    }
    if c.junk {
        if entry.is_folder() {
            return Ok(());
        }
        name = name.rsplit(|&b| b == b'/').next().unwrap_or_default().to_vec();
    }
    if !member.timed {
        entry.mtime = seconds(member);
    }
    if entry.mode & 0o7777 == 0 {
        let mode = if entry.is_folder() { 0o777 } else { 0o666 };
        entry.mode |= mode & !sys::process::umask();
    }
    if !c.keep_ids {
        entry.mode &= !0o7000;
    }
    let inside = name::inside(&name).1.to_vec();
    let path = c.folder.join(OsStr::from_bytes(&inside));
    if entry.is_folder() {
        if c.quiet == 0 && !path.is_dir() {
            cx.put(&[b"   creating: ", &shown(&name)[..], b"\n"].concat())?;
        }
        return put(extractor, &entry, &name, &mut Bytes(b"")).map_err(|e| e.error(member));
    }
    if c.existing != b'o' && path.symlink_metadata().is_ok() {
        match ask(cx, c, &mut name)? {
            true => {}
            false => return Ok(()),
        }
    }
    if c.quiet == 0 {
        cx.put(&[b"  inflating: ", &shown(&name)[..], b"\n"].concat())?;
    }
    let mut content = reading(file, member)?;
    if entry.is_symlink() {
        if entry.size > MOST_TARGET {
            return Err(Error::about(show_bytes(&name), "the target of the link is too long"));
        }
        loop {
            let piece = content.piece().map_err(|d| bad(member, &d))?;
            if piece.is_empty() {
                break;
            }
            entry.link.extend_from_slice(piece);
        }
        checked(&content, member)?;
        return put(extractor, &entry, &name, &mut Bytes(b"")).map_err(|e| e.error(member));
    }
    let result = put(extractor, &entry, &name, &mut content);
    if let Err(e) = result {
        return Err(e.error(member));
    }
    checked(&content, member)
}

/// The time of a member that only has DOS's.
fn seconds(member: &Member) -> i64 {
    let [year, month, day, hour, minute, second] = zip::dos_time(member.dos);
    let civil = |y: i64, m: i64, d: i64| {
        // Days since 1970, counted from March.
        let y = if m <= 2 { y - 1 } else { y };
        let era = y.div_euclid(400);
        let of_year = (153 * (if m > 2 { m - 3 } else { m + 9 }) + 2) / 5 + d - 1;
        let of_era = y.rem_euclid(400);
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
    };
    let days = civil(i64::from(year), i64::from(month.max(1)), i64::from(day.max(1)));
    let local = days * 86400 + i64::from(hour * 3600 + minute * 60 + second);
    local - i64::from(sys::clock::zone_offset(local))
}

struct Problem(Failure);

impl Problem {
    fn error(self, member: &Member) -> Error {
        match self.0 {
            Failure::Entry(error) => error,
            Failure::Archive(damage) => bad(member, &damage),
        }
    }
}

fn put(
    extractor: &mut Extractor,
    entry: &crate::archive::Entry,
    name: &[u8],
    content: &mut dyn Content,
) -> Result<(), Problem> {
    extractor.put(entry, name, content).map(drop).map_err(Problem)
}

/// Asks what is to become of a name that is there; false: leave it.
fn ask(cx: &mut Ctx, c: &mut Choice, name: &mut Vec<u8>) -> Result<bool, Error> {
    if c.existing == b'n' {
        return Ok(false);
    }
    loop {
        cx.flush()?;
        let line = shown(name);
        let question = b"? [y]es, [n]o, [A]ll, [N]one, [r]ename: ";
        let _ = write_all(cx.stderr, &[b"replace ", &line[..], question].concat());
        let answer = answer(cx);
        match answer.first() {
            Some(b'y') => return Ok(true),
            Some(b'A') => {
                c.existing = b'o';
                return Ok(true);
            }
            Some(b'N') => {
                c.existing = b'n';
                return Ok(false);
            }
            None => {
                c.existing = b'n';
                cx.warn("no answer: what is there stays");
                return Ok(false);
            }
            Some(b'n') => return Ok(false),
            Some(b'r') => {
                let _ = write_all(cx.stderr, b"new name: ");
                let new = self::answer(cx);
                if !new.is_empty() {
                    *name = new;
                    return Ok(true);
                }
            }
            Some(_) => {}
        }
    }
}

/// A line from standard input.
fn answer(cx: &Ctx) -> Vec<u8> {
    let mut line = Vec::new();
    let mut byte = [0];
    while let Ok(1) = nix::unistd::read(cx.stdin, &mut byte) {
        let [b] = byte;
        if b == b'\n' {
            if line.is_empty() {
                line.push(b'?');
            }
            break;
        }
        line.push(b);
    }
    line
}
