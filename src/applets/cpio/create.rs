//! cpio -o: files into an archive.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::sys::stat::fstatat;

use super::{Choice, Inode, UNIT, damaged, on_disk, tell};
use crate::applet::{Ctx, Error, Status, show, show_bytes, write_all};
use crate::archive::Entry;
use crate::archive::cpio::{Cpio, CpioKind, put_cpio, put_cpio_trailer};
use crate::archive::disk::{self, Reading};
use crate::archive::list::shown;
use crate::compress::{Format, Input, Unpacker};
use crate::sys;

/// The names on standard input.
pub struct Names<'a> {
    from: sys::fd::Reader<'a>,
    buffer: Vec<u8>,
    end: u8,
    done: bool,
}

impl Names<'_> {
    pub fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        loop {
            if let Some(at) = self.buffer.iter().position(|&b| b == self.end) {
                let rest = self.buffer.split_off(at + 1);
                let mut name = std::mem::replace(&mut self.buffer, rest);
                name.pop();
                if name.is_empty() {
                    continue;
                }
                return Ok(Some(name));
            }
            if self.done {
                let name = std::mem::take(&mut self.buffer);
                return Ok(Some(name).filter(|name| !name.is_empty()));
            }
            let mut piece = [0; 4096];
            match self.from.read(&mut piece) {
                Ok(0) => self.done = true,
                Ok(count) => self.buffer.extend_from_slice(piece.get(..count).unwrap_or_default()),
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(Error::os("standard input", e)),
            }
        }
    }
}

pub fn names<'a>(cx: &Ctx<'a>, c: &Choice) -> Names<'a> {
    let end = if c.null { 0 } else { b'\n' };
    Names { from: sys::fd::Reader(cx.stdin), buffer: Vec::new(), end, done: false }
}

/// Writes an archive.
struct Writer<'a> {
    to: BorrowedFd<'a>,
    kind: CpioKind,
    out: Vec<u8>,
    total: u64,
}

impl Writer<'_> {
    /// The archive's length so far.
    fn at(&self) -> u64 {
        self.total + self.out.len() as u64
    }

    fn flush(&mut self, at_least: usize) -> Result<(), Error> {
        if self.out.len() >= at_least {
            write_all(self.to, &self.out).map_err(|e| Error::os("standard output", e))?;
            self.total += self.out.len() as u64;
            self.out.clear();
        }
        Ok(())
    }

    fn fill(&mut self) {
        if self.kind != CpioKind::Odc {
            let fill = self.at().wrapping_neg() % 4;
            self.out.resize(self.out.len() + fill as usize, 0);
        }
    }
}

/// Everything that goes into an archive from one folder.
struct Packer<'a> {
    writer: Writer<'a>,
    inodes: u32,
    /// Names of files with several, until the last of them comes.
    linked: Vec<(Entry, Vec<Vec<u8>>)>,
    numbers: Vec<(Inode, u32)>,
}

pub fn create(cx: &mut Ctx, c: &mut Choice, file: Option<&OsStr>) -> Result<Status, Error> {
    let opened;
    let mut start = 0;
    let to = match file {
        Some(name) if name != "-" => {
            let mut options = std::fs::OpenOptions::new();
            options.read(true).write(true).create(!c.append).truncate(!c.append);
            opened = options.open(name).map_err(|e| Error::os(show(name), e))?;
            if c.append {
                start = end_of(&opened)?;
            }
            opened.as_fd()
        }
        _ if c.append => return Err(Error::usage("appending needs -F FILE").with(Status::FAILURE)),
        _ => {
            use std::io::IsTerminal;
            if cx.stdout.is_terminal() {
                return Err(Error::msg("an archive is not written to a terminal: -F FILE"));
            }
            cx.stdout
        }
    };
    let writer = Writer { to, kind: c.kind, out: Vec::new(), total: start };
    let mut packer = Packer { writer, inodes: 0, linked: Vec::new(), numbers: Vec::new() };
    let mut names = names(cx, c);
    while let Some(name) = names.next()? {
        if let Err(error) = packer.add(cx, c, &name) {
            if error.is_closed_pipe() {
                return Err(error);
            }
            cx.warn(error);
        }
    }
    packer.rest(cx, c)?;
    let mut writer = packer.writer;
    let at = writer.at();
    put_cpio_trailer(c.kind, at, &mut writer.out);
    let end = writer.at().next_multiple_of(UNIT);
    let fill = end - writer.at();
    writer.out.resize(writer.out.len() + fill as usize, 0);
    writer.flush(0)?;
    tell(cx, c, writer.total - start);
    Ok(cx.status())
}

/// Where the trailer of an archive begins; leaves the file there.
fn end_of(file: &File) -> Result<u64, Error> {
    use std::io::{Seek, SeekFrom};
    let fail = |e| Error::os("archive", e);
    if file.metadata().map_err(fail)?.len() == 0 {
        return Ok(0);
    }
    let input = Input::new(Box::new(sys::fd::Reader(file.as_fd())));
    let mut stream = Unpacker::new(Format::None, input);
    let mut cpio = Cpio::default();
    let mut end = 0;
    while let Some((entry, _)) = cpio.next(&mut stream).map_err(damaged)? {
        stream.skip(entry.stored).map_err(Error::msg)?;
        let fill = cpio.padding(stream.position());
        stream.skip(fill).map_err(Error::msg)?;
        end = stream.position();
    }
    let mut file = file;
    file.seek(SeekFrom::Start(end)).map_err(fail)?;
    Ok(end)
}

impl Packer<'_> {
    fn add(&mut self, cx: &mut Ctx, c: &Choice, name: &[u8]) -> Result<(), Error> {
        let path = on_disk(c, name);
        let flags = if c.follow { AtFlags::empty() } else { AtFlags::AT_SYMLINK_NOFOLLOW };
        let stat = fstatat(AT_FDCWD, &path, flags).map_err(|e| Error::os(show_bytes(name), e))?;
        // Names that begin with `./` are without it.
        let mut bare = name;
        while let Some(rest) = bare.strip_prefix(b"./") {
            bare = rest;
            while let [b'/', rest @ ..] = bare {
                bare = rest;
            }
        }
        let bare = if bare.is_empty() { b"." } else { bare };
        let mut entry = disk::entry(bare, &stat);
        if let Some((uid, gid)) = c.owner {
            entry.uid = uid.unwrap_or(entry.uid);
            entry.gid = gid.unwrap_or(entry.gid);
        }
        if c.renumber {
            self.renumber(&mut entry);
        }
        if entry.is_symlink() {
            let target = disk::target(AT_FDCWD, path.as_os_str());
            entry.link = target.map_err(|e| Error::os(show_bytes(name), e))?;
            entry.stored = entry.link.len() as u64;
        }
        if entry.is_file() && entry.nlink > 1 && c.kind != CpioKind::Odc {
            // All names of a file come together, the last with the content.
            let at = self.linked.iter().position(|(e, _)| e.inode == entry.inode);
            let at = at.unwrap_or_else(|| {
                self.linked.push((entry.clone(), Vec::new()));
                self.linked.len() - 1
            });
            if let Some((_, names)) = self.linked.get_mut(at) {
                names.push(name.to_vec());
                if names.len() as u32 >= entry.nlink {
                    let (entry, names) = self.linked.remove(at);
                    self.put_names(cx, c, entry, names)?;
                }
            }
            return Ok(());
        }
        self.put(cx, c, entry, &path)
    }

    /// Small inode numbers and no device, so that the same files give the same
    /// bytes anywhere.
    fn renumber(&mut self, entry: &mut Entry) {
        let old = entry.inode;
        let known = self.numbers.iter().find(|(inode, _)| entry.nlink > 1 && *inode == old);
        let number = match known {
            Some((_, number)) => *number,
            None => {
                self.inodes += 1;
                if entry.nlink > 1 {
                    self.numbers.push((old, self.inodes));
                }
                self.inodes
            }
        };
        entry.inode = (0, 0, number);
    }

    fn put_names(
        &mut self,
        cx: &mut Ctx,
        c: &Choice,
        mut entry: Entry,
        names: Vec<Vec<u8>>,
    ) -> Result<(), Error> {
        let last = names.len().saturating_sub(1);
        for (nth, name) in names.iter().enumerate() {
            let stored = entry.stored;
            entry.name = name.strip_prefix(b"./").unwrap_or(name).to_vec();
            if nth < last {
                entry.stored = 0;
                self.head(cx, c, &entry, 0)?;
                entry.stored = stored;
            } else {
                self.put(cx, c, entry.clone(), &on_disk(c, name))?;
            }
        }
        Ok(())
    }

    /// The names of files of which not all names came.
    fn rest(&mut self, cx: &mut Ctx, c: &Choice) -> Result<(), Error> {
        for (entry, names) in std::mem::take(&mut self.linked) {
            if let Err(error) = self.put_names(cx, c, entry, names) {
                cx.warn(error);
            }
        }
        Ok(())
    }

    fn head(&mut self, cx: &mut Ctx, c: &Choice, entry: &Entry, sum: u32) -> Result<(), Error> {
        if c.verbose {
            let line = shown(&entry.name);
            let _ = write_all(cx.stderr, &[&line[..], b"\n"].concat());
        }
        let at = self.writer.at();
        if put_cpio(entry, c.kind, sum, at, &mut self.writer.out) {
            return Ok(());
        }
        self.writer.out.truncate(usize::try_from(at - self.writer.total).unwrap_or(0));
        Err(Error::about(show_bytes(&entry.name), "does not fit into this format"))
    }

    fn put(
        &mut self,
        cx: &mut Ctx,
        c: &Choice,
        mut entry: Entry,
        path: &Path,
    ) -> Result<(), Error> {
        let fail = |e: Errno| Error::os(show(path), e);
        if !entry.is_file() {
            self.head(cx, c, &entry, 0)?;
            self.writer.out.extend_from_slice(&entry.link);
            self.writer.fill();
            return self.writer.flush(64 << 10);
        }
        let mut reading = Reading::open(AT_FDCWD, path.as_os_str(), &mut entry).map_err(fail)?;
        let mut sum = 0u32;
        if c.kind == CpioKind::Crc {
            let mut piece = Vec::new();
            while reading.left > 0 && !reading.shrank {
                piece.clear();
                reading.more(&mut piece).map_err(fail)?;
                for &byte in &piece {
                    sum = sum.wrapping_add(u32::from(byte));
                }
            }
            reading = Reading::open(AT_FDCWD, path.as_os_str(), &mut entry).map_err(fail)?;
        }
        self.head(cx, c, &entry, sum)?;
        while reading.left > 0 {
            let was = reading.shrank;
            if let Err(errno) = reading.more(&mut self.writer.out) {
                reading.shrank = true;
                cx.warn(fail(errno));
            } else if reading.shrank && !was {
                cx.warn(Error::about(show(path), "it shrank: zeros stand for the rest"));
            }
            self.writer.flush(64 << 10)?;
        }
        self.writer.fill();
        self.writer.flush(64 << 10)
    }
}
