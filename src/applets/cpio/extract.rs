//! cpio -i and -t: files out of archives, and their names.

use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};

use super::{Choice, Inode, damaged, tell};
use crate::applet::{Ctx, Error, Status, show, show_bytes, write_all};
use crate::archive::cpio::{Cpio, CpioKind};
use crate::archive::extract::{Extractor, Failure, Wanted};
use crate::archive::list::{ls_line, shown};
use crate::archive::{Bytes, Damage, Entry, Part};
use crate::compress::{Format, Input, Unpacker};
use crate::fsutil::users::Users;
use crate::shell::pattern;
use crate::sys;

/// A file with several names, of which none with its content has come yet.
struct Waiting {
    inode: Inode,
    entries: Vec<Entry>,
}

pub fn extract(cx: &mut Ctx, c: &Choice, file: Option<&OsStr>) -> Result<Status, Error> {
    let opened;
    let from: BorrowedFd = match file {
        Some(name) if name != "-" => {
            opened = File::open(name).map_err(|e| Error::os(show(name), e))?;
            opened.as_fd()
        }
        _ => cx.stdin,
    };
    let input = Input::new(Box::new(sys::fd::Reader(from)));
    let mut stream = Unpacker::detect(input).map_err(Error::msg)?;
    let mut extractor = None;
    if c.mode == b'i' && !c.stdout {
        let wanted = Wanted {
            newer: !c.replace,
            permissions: true,
            owners: c.owners,
            untimed: !c.times,
            absolute: c.absolute,
            parents: c.folders,
            ..Wanted::default()
        };
        extractor = Some(Extractor::new(&c.folder, wanted)?);
    }
    let mut state = Reader {
        c,
        extractor,
        users: Users::new(),
        waiting: Vec::new(),
        done: Vec::new(),
        taken: 0,
    };
    let mut result = Ok(());
    loop {
        match state.archives(cx, &mut stream) {
            Ok(()) => {}
            Err(damage) => {
                result = Err(damaged(damage));
                break;
            }
        }
        // Behind a plain archive may be a compressed one.
        let Some(next) = follows(&mut stream).map_err(Error::msg)? else { break };
        state.taken += stream.position();
        stream = Unpacker::new(next, stream.input);
    }
    state.finish(cx);
    result?;
    let taken = state.taken + stream.position();
    tell(cx, c, taken);
    Ok(cx.status())
}

/// How what is behind an archive is compressed, if anything is there.
fn follows(stream: &mut Unpacker) -> Result<Option<Format>, crate::compress::Error> {
    if stream.format() != Format::None {
        return Ok(None);
    }
    stream.available()?;
    let format = stream.format();
    let head = stream.input.peek(Format::MAGIC);
    let head = head.map_err(|cause| crate::compress::Error { format, cause })?;
    Ok(Some(Format::detect(head)).filter(|format| *format != Format::None))
}

struct Reader<'c> {
    c: &'c Choice,
    extractor: Option<Extractor>,
    users: Users,
    /// Files of which no name with content has come yet.
    waiting: Vec<Waiting>,
    /// Files that are there, by the first of their names.
    done: Vec<(Inode, Vec<u8>)>,
    taken: u64,
}

impl Reader<'_> {
    fn takes(&self, name: &[u8]) -> bool {
        if self.c.patterns.is_empty() {
            return true;
        }
        let hit = self.c.patterns.iter().any(|p| pattern::matches(p, name));
        hit != self.c.others
    }

    /// Reads archives up to where something else follows.
    fn archives(&mut self, cx: &mut Ctx, stream: &mut Unpacker) -> Result<(), Damage> {
        let mut cpio = Cpio::default();
        loop {
            self.archive(cx, &mut cpio, stream)?;
            loop {
                let some = stream.available()?;
                if some.is_empty() {
                    return Ok(());
                }
                let all = some.len();
                let zeros = some.iter().position(|&b| b != 0).unwrap_or(all);
                let next = some.get(zeros..).is_some_and(|rest| rest.starts_with(b"0707"));
                stream.consume(zeros);
                if zeros < all {
                    if next {
                        break;
                    }
                    return Ok(());
                }
            }
        }
    }

    fn archive(
        &mut self,
        cx: &mut Ctx,
        cpio: &mut Cpio,
        stream: &mut Unpacker,
    ) -> Result<(), Damage> {
        // Inode numbers mean nothing beyond one archive.
        self.done.clear();
        while let Some((mut entry, sum)) = cpio.next(stream)? {
            let wanted = self.takes(&entry.name);
            let checked = cpio.kind == CpioKind::Crc && entry.is_file();
            let stored = entry.stored;
            let mut part = match checked {
                true => Part::summed(stream, stored),
                false => Part::new(stream, stored),
            };
            if wanted {
                if let Some((uid, gid)) = self.c.owner {
                    entry.uid = uid.unwrap_or(entry.uid);
                    entry.gid = gid.unwrap_or(entry.gid);
                }
                self.one(cx, &entry, &mut part)?;
            }
            let found = part.finish()?;
            if checked && found != sum {
                let name = show_bytes(&entry.name).to_string();
                cx.warn(format_args!("{name}: checksum error (0x{found:x}, should be 0x{sum:x})"));
            }
            let fill = cpio.padding(stream.position());
            stream.skip(fill)?;
        }
        self.flush(cx);
        Ok(())
    }

    /// Makes what never got any content: empty files with several names.
    fn flush(&mut self, cx: &mut Ctx) {
        for waiting in std::mem::take(&mut self.waiting) {
            let mut first: Option<Vec<u8>> = None;
            for mut entry in waiting.entries {
                if let Some(name) = &first {
                    entry.hard = true;
                    entry.link = name.clone();
                } else {
                    first = Some(entry.name.clone());
                }
                let _ = self.put(cx, &entry, &mut Bytes(b""));
            }
        }
    }

    fn one(&mut self, cx: &mut Ctx, entry: &Entry, part: &mut Part) -> Result<(), Damage> {
        if self.c.mode == b't' {
            self.list(cx, entry);
            return Ok(());
        }
        if self.extractor.is_none() {
            if entry.is_file() {
                loop {
                    use crate::archive::Content;
                    let piece = part.piece()?;
                    if piece.is_empty() {
                        break;
                    }
                    if cx.put(piece).is_err() {
                        return Err(Damage::Short);
                    }
                }
            }
            return Ok(());
        }
        if self.c.verbose {
            let line = shown(&entry.name);
            let _ = cx.flush();
            let _ = write_all(cx.stderr, &[&line[..], b"\n"].concat());
        }
        if entry.is_file() && entry.nlink > 1 {
            return self.linked(cx, entry, part);
        }
        self.put(cx, entry, part)
    }

    /// One of several names of a file. Its content comes with any of them:
    /// the last in GNU's archives, the first in the kernel's.
    fn linked(&mut self, cx: &mut Ctx, entry: &Entry, part: &mut Part) -> Result<(), Damage> {
        let inode = entry.inode;
        if let Some((_, first)) = self.done.iter().find(|(other, _)| *other == inode) {
            let link = Entry { hard: true, link: first.clone(), ..entry.clone() };
            return self.put(cx, &link, &mut Bytes(b""));
        }
        let place = self.waiting.iter().position(|w| w.inode == inode);
        if entry.stored == 0 {
            match place.and_then(|at| self.waiting.get_mut(at)) {
                Some(waiting) => waiting.entries.push(entry.clone()),
                None => self.waiting.push(Waiting { inode, entries: vec![entry.clone()] }),
            }
            return Ok(());
        }
        self.put(cx, entry, part)?;
        self.done.push((inode, entry.name.clone()));
        if let Some(at) = place {
            for mut other in self.waiting.remove(at).entries {
                other.hard = true;
                other.link = entry.name.clone();
                self.put(cx, &other, &mut Bytes(b""))?;
            }
        }
        Ok(())
    }

    fn put(
        &mut self,
        cx: &mut Ctx,
        entry: &Entry,
        content: &mut dyn crate::archive::Content,
    ) -> Result<(), Damage> {
        let Some(extractor) = &mut self.extractor else { return Ok(()) };
        if !entry.is_known() {
            cx.note(format_args!("{}: unknown file type", show_bytes(&entry.name)));
            return Ok(());
        }
        match extractor.put(entry, &entry.name, content) {
            Ok(true) => {}
            Ok(false) => {
                if !entry.is_folder() {
                    let name = show_bytes(&entry.name).to_string();
                    cx.note(format_args!("{name} not created: newer or same age version exists"));
                }
            }
            Err(Failure::Entry(error)) => cx.warn(error),
            Err(Failure::Archive(damage)) => return Err(damage),
        }
        Ok(())
    }

    fn list(&mut self, cx: &mut Ctx, entry: &Entry) {
        let mut line = match self.c.verbose {
            true => ls_line(entry, &mut self.users, self.c.numeric),
            false => shown(&entry.name),
        };
        line.push(b'\n');
        let _ = cx.put(&line);
    }

    fn finish(&mut self, cx: &mut Ctx) {
        self.flush(cx);
        if let Some(extractor) = &mut self.extractor {
            extractor.finish(&mut |error| cx.warn(error));
        }
    }
}
