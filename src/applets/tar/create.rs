//! Putting in.

use std::fs::{File, OpenOptions};
use std::io::{IsTerminal, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;

use nix::sys::stat::{FileStat, fstat};

use crate::applet::{Ctx, Error, Status, show, show_bytes, write_all};
use crate::archive::disk::{self, Reading};
use crate::archive::list::Lister;
use crate::archive::tar::{self, Tar, UNIT, padding};
use crate::archive::{Entry, name};
use crate::compress::{Format, Input, Packing, Unpacker, pack};
use crate::cpio::{DIRECTORY, SOCKET};
use crate::fsutil::inodes::Inodes;
use crate::fsutil::users::Users;
use crate::fsutil::walk::{Follow, Step, Walk};
use crate::{mode, sys};

use super::{Choice, open};

/// Archives are written in units of this size.
const RECORD: u64 = 20 * UNIT as u64;

pub(super) fn create(cx: &mut Ctx, c: &Choice, operands: &[Vec<u8>]) -> Result<Status, Error> {
    if operands.is_empty() && !c.named {
        return Err(Error::msg("empty archive"));
    }
    let mut format = c.format;
    let name = c.file.as_deref().filter(|name| *name != "-");
    if c.auto
        && let Some(name) = name
    {
        format = by_suffix(name.as_bytes());
    }
    let file;
    let to = match name {
        Some(name) => {
            file = File::create(name).map_err(|e| Error::os(show(name), e))?;
            file.as_fd()
        }
        None if cx.stdout.is_terminal() => {
            return Err(Error::msg("an archive is not written to a terminal: -f FILE"));
        }
        None => cx.stdout,
    };
    let target = name.map_or_else(|| "standard output".to_string(), |name| show(name).to_string());
    let own = fstat(to).ok();
    let names = all_names(c, operands);
    write(cx, c, names, to, own, format, &target)
}

/// The operands with their places, and the names from files.
fn all_names(c: &Choice, operands: &[Vec<u8>]) -> Vec<(usize, Vec<u8>)> {
    let mut names: Vec<(usize, Vec<u8>)> = operands.iter().cloned().enumerate().collect();
    names.extend(c.names.iter().map(|name| (usize::MAX, name.clone())));
    names
}

/// Appends: overwrites the two empty blocks at the end.
pub(super) fn append(cx: &mut Ctx, c: &mut Choice, operands: &[Vec<u8>]) -> Result<Status, Error> {
    let Some(name) = c.file.clone().filter(|name| name != "-") else {
        return Err(Error::msg("appending needs -f FILE"));
    };
    let failed = |e: std::io::Error| Error::os(show(&name), e);
    let mut end = 0;
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&name);
    let mut file = file.map_err(failed)?;
    if file.metadata().map_err(failed)?.len() > 0 {
        let source = open(cx, c)?;
        let input = Input::new(Box::new(sys::fd::Reader(source.fd())));
        let mut stream = Unpacker::detect(input).map_err(Error::msg)?;
        if stream.format() != Format::None {
            return Err(Error::msg("a compressed archive cannot be appended to"));
        }
        let mut tar = Tar::default();
        while let Some(entry) = tar.next(&mut stream).map_err(Error::msg)? {
            let size = entry.stored + padding(entry.stored);
            stream.skip(size).map_err(Error::msg)?;
            end = stream.position();
        }
    }
    use std::io::{Seek, SeekFrom};
    file.seek(SeekFrom::Start(end)).map_err(failed)?;
    let own = fstat(&file).ok();
    let names = all_names(c, operands);
    let target = show(&name).to_string();
    let status = write(cx, c, names, file.as_fd(), own, Format::None, &target)?;
    let length = file.stream_position().map_err(failed)?;
    file.set_len(length).map_err(failed)?;
    Ok(status)
}

fn by_suffix(name: &[u8]) -> Format {
    let suffix = name.rsplit(|&b| b == b'.').next().unwrap_or_default();
    match suffix {
        b"tgz" | b"taz" => Format::Gzip,
        b"tbz" | b"tbz2" | b"tz2" => Format::Bzip2,
        b"txz" => Format::Xz,
        b"tlz" => Format::Lzma,
        b"tzst" => Format::Zstd,
        suffix => Format::of_name(suffix).unwrap_or(Format::None),
    }
}

fn write(
    cx: &mut Ctx,
    c: &Choice,
    names: Vec<(usize, Vec<u8>)>,
    to: BorrowedFd,
    own: Option<FileStat>,
    format: Format,
    target: &str,
) -> Result<Status, Error> {
    let mut walk = Walk::new(if c.follow { Follow::Always } else { Follow::Never });
    walk.one_device = c.one_device;
    walk.sorted = c.sorted;
    let on_stdout = c.file.as_deref().is_none_or(|name| name == "-");
    let mut creator = Creator {
        cx,
        c,
        names: names.into_iter(),
        walk,
        walking: false,
        prefix: 0,
        own,
        seen: Inodes::default(),
        linked: Vec::new(),
        reading: None,
        fill: 0,
        users: Users::new(),
        lister: c.lister(),
        on_stdout,
        told: false,
        total: 0,
        ended: false,
        out: Vec::new(),
        at: 0,
    };
    if format == Format::None {
        loop {
            let more = creator.more()?;
            if creator.out.len() >= 64 << 10 || !more {
                write_all(to, &creator.out).map_err(|e| Error::os(target, e))?;
                creator.out.clear();
            }
            if !more {
                break;
            }
        }
        return Ok(creator.cx.status());
    }
    let mut failed = None;
    let mut sink = Sink(to);
    let result = {
        let source = Packed { creator: &mut creator, failed: &mut failed };
        let mut input = Input::new(Box::new(source));
        pack(&Packing::usual(format), &mut input, &mut sink)
    };
    if let Some(error) = failed {
        return Err(error);
    }
    result.map_err(|e| Error::os(target, e))?;
    Ok(creator.cx.status())
}

/// Where a compressed archive goes.
struct Sink<'a>(BorrowedFd<'a>);

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        write_all(self.0, bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The archive as something to read, for compression.
struct Packed<'p, 'c, 'x> {
    creator: &'p mut Creator<'c, 'x>,
    failed: &'p mut Option<Error>,
}

impl crate::compress::Source for Packed<'_, '_, '_> {}

impl Read for Packed<'_, '_, '_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let creator = &mut *self.creator;
        while creator.at >= creator.out.len() {
            creator.out.clear();
            creator.at = 0;
            match creator.more() {
                Ok(true) => {}
                Ok(false) if creator.out.is_empty() => return Ok(0),
                Ok(false) => break,
                Err(error) => {
                    *self.failed = Some(error);
                    return Err(std::io::ErrorKind::Other.into());
                }
            }
        }
        let mut rest = creator.out.get(creator.at..).unwrap_or_default();
        let count = rest.read(to)?;
        creator.at += count;
        Ok(count)
    }
}

/// Makes an archive piece by piece.
struct Creator<'c, 'x> {
    cx: &'c mut Ctx<'x>,
    c: &'c Choice,
    names: std::vec::IntoIter<(usize, Vec<u8>)>,
    walk: Walk,
    walking: bool,
    /// What is in front of the names that the walk gives: the folder of -C.
    prefix: usize,
    /// The archive itself, which is left out.
    own: Option<FileStat>,
    /// Files with several names, by the place of the first in `linked`.
    seen: Inodes,
    linked: Vec<Vec<u8>>,
    reading: Option<Reading>,
    /// What fills the last block of the file that is read.
    fill: u64,
    users: Users,
    lister: Lister,
    on_stdout: bool,
    told: bool,
    total: u64,
    ended: bool,
    out: Vec<u8>,
    at: usize,
}

impl Creator<'_, '_> {
    /// Puts more behind `out`; false at the end.
    fn more(&mut self) -> Result<bool, Error> {
        let before = self.out.len();
        let more = self.step()?;
        self.total += (self.out.len() - before) as u64;
        Ok(more)
    }

    fn step(&mut self) -> Result<bool, Error> {
        if let Some(reading) = &mut self.reading {
            let was = reading.shrank;
            let result = reading.more(&mut self.out);
            if let Err(errno) = result {
                reading.shrank = true;
                let text = Error::os(show_bytes(self.walk.path()), errno);
                self.cx.warn(text);
            } else if reading.shrank && !was && reading.left > 0 {
                let text = format!(
                    "{}: it shrank: zeros stand for the rest",
                    show_bytes(self.walk.path())
                );
                self.cx.warn(text);
            }
            if reading.left == 0 {
                self.reading = None;
                self.out.resize(self.out.len() + self.fill as usize, 0);
            }
            return Ok(true);
        }
        if !self.walking {
            let Some((place, name)) = self.names.next() else { return Ok(self.end()) };
            let folder = self.c.folder(place);
            let mut path = folder.as_os_str().as_bytes().to_vec();
            if !path.is_empty() && !path.ends_with(b"/") {
                path.push(b'/');
            }
            if name.starts_with(b"/") {
                path.clear();
            }
            self.prefix = path.len();
            path.extend_from_slice(&name);
            // `dir/` and `dir` are one, but for the root.
            while path.len() > 1 && path.ends_with(b"/") {
                path.pop();
            }
            self.walk.start(&path);
            self.walking = true;
        }
        match self.walk.next() {
            None => self.walking = false,
            Some(Step::Leave) => {}
            Some(Step::Failed(errno)) => {
                let text = Error::os(show_bytes(self.walk.path()), errno);
                self.cx.warn(text);
            }
            Some(Step::Entry) => self.entry()?,
            Some(_) => {
                let text = format!("{}: it was moved meanwhile", show_bytes(self.walk.path()));
                self.cx.warn(text);
                self.walking = false;
            }
        }
        Ok(true)
    }

    /// The two empty blocks and what fills the last record; false.
    fn end(&mut self) -> bool {
        if !self.ended {
            self.ended = true;
            self.out.resize(self.out.len() + 2 * UNIT, 0);
            let total = self.total + 2 * UNIT as u64;
            let fill = total.next_multiple_of(RECORD) - total;
            self.out.resize(self.out.len() + fill as usize, 0);
        }
        false
    }

    fn entry(&mut self) -> Result<(), Error> {
        let path = self.walk.path().to_vec();
        let name = path.get(self.prefix.min(path.len())..).unwrap_or_default();
        let name = if name.is_empty() { b"." } else { name };
        if self.c.excludes(name) {
            self.walk.prune();
            return Ok(());
        }
        let stat = match self.walk.stat() {
            Ok(stat) => *stat,
            Err(errno) => {
                self.cx.warn(Error::os(show_bytes(&path), errno));
                return Ok(());
            }
        };
        if !self.c.recursive && self.walk.depth() == 0 {
            self.walk.prune();
        }
        let mut entry = disk::entry(name, &stat);
        if entry.kind() == SOCKET {
            self.cx.note(format_args!("{}: socket ignored", show_bytes(&path)));
            return Ok(());
        }
        if let Some(own) = &self.own
            && entry.is_file()
            && (own.st_dev, own.st_ino) == (stat.st_dev, stat.st_ino)
        {
            self.cx.note(format_args!("{}: file is the archive; not dumped", show_bytes(&path)));
            return Ok(());
        }
        if entry.is_folder() && !entry.name.ends_with(b"/") {
            entry.name.push(b'/');
        }
        if !self.c.absolute {
            self.cut(&mut entry);
        }
        self.change(&mut entry);
        if stat.st_nlink > 1 && !entry.is_folder() {
            let first = self.seen.insert(stat.st_dev, stat.st_ino, self.linked.len());
            match first.and_then(|at| self.linked.get(at)) {
                Some(name) => {
                    entry.hard = true;
                    entry.link = name.clone();
                    entry.stored = 0;
                }
                None => self.linked.push(entry.name.clone()),
            }
        }
        if entry.is_symlink() && !entry.hard {
            match disk::target(self.walk.dir(), self.walk.name()) {
                Ok(target) => entry.link = target,
                Err(errno) => {
                    self.cx.warn(Error::os(show_bytes(&path), errno));
                    return Ok(());
                }
            }
            (entry.stored, entry.size) = (0, 0);
        }
        let mut reading = None;
        if entry.is_file() {
            match Reading::open(self.walk.dir(), self.walk.name(), &mut entry) {
                Ok(file) => reading = Some(file).filter(|file| file.left > 0),
                Err(errno) => {
                    self.cx.warn(Error::os(show_bytes(&path), errno));
                    return Ok(());
                }
            }
        }
        if !tar::put(&entry, self.c.style, &mut self.out) {
            let text = "does not fit into this format";
            self.cx.warn(Error::about(show_bytes(&path), text));
            return Ok(());
        }
        self.fill = padding(entry.stored);
        self.reading = reading;
        self.tell(&entry)
    }

    /// Takes off what would lead out of the folder to unpack to.
    fn cut(&mut self, entry: &mut Entry) {
        let (off, rest) = name::inside(&entry.name);
        if off.is_empty() {
            return;
        }
        if !self.told {
            self.told = true;
            let off = show_bytes(off);
            self.cx.note(format_args!("removing leading '{off}' from member names"));
        }
        entry.name = if rest.is_empty() { b"./".to_vec() } else { rest.to_vec() };
    }

    /// Changes what the options want changed.
    fn change(&mut self, entry: &mut Entry) {
        if !self.c.numeric {
            entry.user = letters(self.users.name_of(entry.uid));
            entry.group = letters(self.users.group_of(entry.gid));
        }
        // A number alone has the name that it has here.
        let numeric = self.c.numeric;
        if let Some((uid, user)) = &self.c.owner {
            entry.uid = *uid;
            entry.user = match user.as_slice() {
                _ if numeric => Vec::new(),
                b"" => letters(self.users.name_of(*uid)),
                user => user.to_vec(),
            };
        }
        if let Some((gid, group)) = &self.c.group {
            entry.gid = *gid;
            entry.group = match group.as_slice() {
                _ if numeric => Vec::new(),
                b"" => letters(self.users.group_of(*gid)),
                group => group.to_vec(),
            };
        }
        if let Some(text) = &self.c.mode_change {
            let folder = entry.kind() == DIRECTORY;
            if let Ok(bits) = mode::parse(text, entry.mode & 0o7777, 0, folder) {
                entry.mode = entry.kind() | bits;
            }
        }
        if let Some(mtime) = self.c.mtime {
            (entry.mtime, entry.nanos) = (mtime, 0);
        }
    }

    fn tell(&mut self, entry: &Entry) -> Result<(), Error> {
        if self.c.verbose == 0 {
            return Ok(());
        }
        if !self.on_stdout {
            let name = entry.name.clone();
            return self.lister.put(self.cx, entry, &name);
        }
        let line = crate::archive::list::shown(&entry.name);
        // Nobody is hurt when a remark cannot be printed.
        let _ = write_all(self.cx.stderr, &[&line[..], b"\n"].concat());
        Ok(())
    }
}

/// A name that is not merely the number again.
fn letters(name: &[u8]) -> Vec<u8> {
    if name.iter().all(u8::is_ascii_digit) { Vec::new() } else { name.to_vec() }
}
