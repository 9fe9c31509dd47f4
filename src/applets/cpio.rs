//! cpio: archives of the files whose names are read. GNU cpio 2.13, with its
//! `-i -o -p -t` and the formats newc, crc, odc and, to read, binary.
//!
//! Deliberate deviations: concatenated archives, as initramfs images are, are
//! read to their end, also where one is compressed; names never lead out of the
//! folder that is unpacked to (GNU's `--no-absolute-filenames`).

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::sys::stat::fstatat;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes, write_all};
use crate::archive::cpio::{Cpio, CpioKind, put_cpio, put_cpio_trailer};
use crate::archive::disk::{self, Reading};
use crate::archive::extract::{Extractor, Failure, Wanted};
use crate::archive::list::{ls_line, shown};
use crate::archive::{Bytes, Damage, Entry, Part, name};
use crate::compress::{Format, Input, Unpacker};
use crate::fsutil::users::Users;
use crate::shell::pattern;
use crate::sys;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "cpio",
    summary: "put files into cpio archives and take them out",
    usage: "-i|-o|-p DIR|-t [OPTION...] [PATTERN...]\n\
            \x20 -i  take out; -t list; -o put in the files named on standard input;\n\
            \x20 -p  copy those to a folder\n\
            \x20 -d  make folders that are missing;  -u  replace what is newer\n\
            \x20 -m  keep times;  -v  say the names; with -t in full\n\
            \x20 -H newc|crc|odc  the format (-c: odc);  -F FILE  the archive;  -D DIR  go there\n\
            \x20 -0  names end in NUL;  -L  what links lead to;  -l  link instead of copying\n\
            \x20 -R USER[:GROUP]  owner;  -f  all but the patterns;  -E FILE  patterns\n\
            \x20 --quiet  no count of blocks;  --to-stdout;  --no-preserve-owner",
    kind: Kind::Fork, // reads for as long as that takes
    run,
};

const SPEC: &str = "i,extract o,create p,pass-through t,list d,make-directories m,preserve-modification-time \
    u,unconditional v,verbose H:format F:file I: O: 0,null R:owner L,dereference l,link D:directory \
    f,nonmatching E:pattern-file n,numeric-uid-gid a,reset-access-time A,append B c b s S C:io-size|block-size \
    M:message V,dot k r,rename -1,quiet -2,no-absolute-filenames -3,to-stdout -4,no-preserve-owner \
    -5,absolute-filenames -6,renumber-inodes -7,ignore-devno -7,sparse -7,only-verify-crc \
    -7,force-local -8,device-independent|reproducible";

/// What counts as a block in the messages.
const UNIT: u64 = 512;

/// Device and inode number.
type Inode = (u32, u32, u32);

struct Choice {
    mode: u8,
    folders: bool,
    replace: bool,
    times: bool,
    verbose: bool,
    kind: CpioKind,
    null: bool,
    owner: Option<(Option<u32>, Option<u32>)>,
    follow: bool,
    link: bool,
    folder: PathBuf,
    others: bool,
    patterns: Vec<Vec<u8>>,
    numeric: bool,
    quiet: bool,
    stdout: bool,
    owners: bool,
    absolute: bool,
    renumber: bool,
    append: bool,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let failed = |e: Error| e.with(Status::FAILURE);
    let mut options = cx.parse(SPEC).map_err(failed)?;
    let mut file = None;
    let mut c = choice(&mut options, &mut file).map_err(failed)?;
    let operands: Vec<Vec<u8>> =
        std::mem::take(&mut options.operands).into_iter().map(OsString::into_vec).collect();
    match c.mode {
        b'o' => {
            if !operands.is_empty() {
                return Err(failed(Error::usage("names come from standard input")));
            }
            create(cx, &mut c, file.as_deref())
        }
        b'p' => {
            let [folder] = operands.as_slice() else {
                return Err(failed(Error::usage("one folder to copy to is wanted")));
            };
            pass(cx, &c, OsStr::from_bytes(folder))
        }
        b'i' | b't' => {
            c.patterns.extend(operands);
            extract(cx, &c, file.as_deref())
        }
        _ => Err(failed(Error::usage("one of -i, -o, -p and -t is wanted"))),
    }
}

fn choice(
    options: &mut crate::options::Options,
    file: &mut Option<OsString>,
) -> Result<Choice, Error> {
    let root = nix::unistd::geteuid().is_root();
    let mut c = Choice {
        mode: 0,
        folders: false,
        replace: false,
        times: false,
        verbose: false,
        kind: CpioKind::Newc,
        null: false,
        owner: None,
        follow: false,
        link: false,
        folder: PathBuf::from("."),
        others: false,
        patterns: Vec::new(),
        numeric: false,
        quiet: false,
        stdout: false,
        owners: root,
        absolute: false,
        renumber: false,
        append: false,
    };
    let list = options.has(b't');
    while let Some(letter) = options.next() {
        match letter {
            b'i' | b'o' | b'p' => {
                if c.mode != 0 && c.mode != letter {
                    return Err(Error::usage("only one of -i, -o and -p"));
                }
                c.mode = letter;
            }
            b'd' => c.folders = true,
            b'm' => c.times = true,
            b'u' => c.replace = true,
            b'v' => c.verbose = true,
            b'H' => {
                let name = options.value();
                c.kind = match name.to_ascii_lowercase().as_bytes() {
                    b"newc" => CpioKind::Newc,
                    b"crc" => CpioKind::Crc,
                    b"odc" => CpioKind::Odc,
                    _ if list || c.mode == b'i' => CpioKind::Newc,
                    _ => return Err(Error::bad(show(&name), "no such format: newc, crc, odc")),
                };
            }
            b'c' => c.kind = CpioKind::Odc,
            b'F' | b'I' | b'O' => *file = Some(options.value()),
            b'0' => c.null = true,
            b'R' => c.owner = Some(owner(&options.value())?),
            b'L' => c.follow = true,
            b'l' => c.link = true,
            b'D' => c.folder = PathBuf::from(options.value()),
            b'f' => c.others = true,
            b'n' => c.numeric = true,
            b'A' => c.append = true,
            b'E' => {
                let name = options.value();
                let bytes = crate::sys::file::read(&name).map_err(|e| Error::os(show(&name), e))?;
                let lines = bytes.split(|&b| b == b'\n').filter(|line| !line.is_empty());
                c.patterns.extend(lines.map(Vec::from));
            }
            b'1' => c.quiet = true,
            b'3' => c.stdout = true,
            b'4' => c.owners = false,
            b'5' => c.absolute = true,
            b'6' | b'8' => c.renumber = true,
            _ => {}
        }
    }
    if list {
        c.mode = b't';
    }
    Ok(c)
}

/// `USER`, `USER:GROUP`, `USER.GROUP`, `USER:` (its own group) or `:GROUP`.
fn owner(text: &OsStr) -> Result<(Option<u32>, Option<u32>), Error> {
    let bytes = text.as_bytes();
    let unknown = || Error::bad(show(text), "no such user or group");
    let mut users = Users::new();
    let cut = bytes.iter().position(|&b| b == b':' || b == b'.');
    let (user, group) = match cut {
        Some(at) => {
            let (user, group) = bytes.split_at(at);
            (user, group.get(1..))
        }
        None => (bytes, None),
    };
    let (mut uid, mut gid) = (None, None);
    if !user.is_empty() {
        let (id, own) = users.uid(user).ok_or_else(unknown)?;
        uid = Some(id);
        gid = own.filter(|_| group == Some(b""));
    }
    if let Some(group) = group.filter(|group| !group.is_empty()) {
        gid = Some(users.gid(group).ok_or_else(unknown)?);
    }
    Ok((uid, gid))
}

/// `N blocks`.
fn tell(cx: &mut Ctx, c: &Choice, bytes: u64) {
    if !c.quiet {
        let _ = cx.flush();
        let count = bytes.div_ceil(UNIT);
        let plural = if count == 1 { "" } else { "s" };
        // Nobody is hurt when a remark cannot be printed.
        let _ = write_all(cx.stderr, format!("{count} block{plural}\n").as_bytes());
    }
}

fn damaged(damage: Damage) -> Error {
    match damage {
        Damage::Header(0) => Error::msg("unsupported cpio format, use newc or crc"),
        Damage::Empty => Error::msg("premature end of archive"),
        Damage::Header(at) => Error::msg(format_args!("malformed header at byte {at}")),
        Damage::Short => Error::msg("premature end of archive"),
        damage => Error::msg(damage),
    }
}

/// A file with several names, of which none with its content has come yet.
struct Waiting {
    inode: Inode,
    entries: Vec<Entry>,
}

fn extract(cx: &mut Ctx, c: &Choice, file: Option<&OsStr>) -> Result<Status, Error> {
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

/// The names on standard input.
struct Names<'a> {
    from: sys::fd::Reader<'a>,
    buffer: Vec<u8>,
    end: u8,
    done: bool,
}

impl Names<'_> {
    fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
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

fn names<'a>(cx: &Ctx<'a>, c: &Choice) -> Names<'a> {
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

fn create(cx: &mut Ctx, c: &mut Choice, file: Option<&OsStr>) -> Result<Status, Error> {
    let opened;
    let mut start = 0;
    let to = match file {
        Some(name) if name != "-" => {
            let mut options = std::fs::OpenOptions::new();
            options.read(true).write(true).create(true).truncate(!c.append);
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

fn on_disk(c: &Choice, name: &[u8]) -> PathBuf {
    let name = Path::new(OsStr::from_bytes(name));
    if c.folder == Path::new(".") { name.to_path_buf() } else { c.folder.join(name) }
}

/// Copies the files named on standard input below a folder.
fn pass(cx: &mut Ctx, c: &Choice, folder: &OsStr) -> Result<Status, Error> {
    let wanted = Wanted {
        newer: !c.replace,
        permissions: true,
        owners: c.owners,
        untimed: !c.times,
        parents: c.folders,
        ..Wanted::default()
    };
    let mut extractor = Extractor::new(Path::new(folder), wanted)?;
    let mut names = names(cx, c);
    let mut linked: Vec<(Inode, Vec<u8>)> = Vec::new();
    let mut bytes = 0;
    while let Some(name) = names.next()? {
        match copy(c, &mut extractor, &name, &mut linked) {
            Ok((count, made)) => {
                bytes += count;
                if c.verbose && made {
                    let mut line = Path::new(folder).join(OsStr::from_bytes(name::inside(&name).1));
                    line.as_mut_os_string().push("\n");
                    let _ = write_all(cx.stderr, &shown_line(line.as_os_str().as_bytes()));
                }
                if !made {
                    let name = show_bytes(&name).to_string();
                    cx.note(format_args!("{name} not created: newer or same age version exists"));
                }
            }
            Err(error) => cx.warn(error),
        }
    }
    extractor.finish(&mut |error| cx.warn(error));
    tell(cx, c, bytes);
    Ok(cx.status())
}

fn shown_line(line: &[u8]) -> Vec<u8> {
    let mut out = shown(line.strip_suffix(b"\n").unwrap_or(line));
    out.push(b'\n');
    out
}

/// The content of a file that is copied.
struct Copying {
    reading: Reading,
    out: Vec<u8>,
}

impl crate::archive::Content for Copying {
    fn piece(&mut self) -> Result<&[u8], Damage> {
        self.out.clear();
        if self.reading.left > 0 && self.reading.more(&mut self.out).is_err() {
            return Err(Damage::Short);
        }
        Ok(&self.out)
    }
}

/// Copies one; gives how many bytes, and whether it was made.
fn copy(
    c: &Choice,
    extractor: &mut Extractor,
    name: &[u8],
    linked: &mut Vec<(Inode, Vec<u8>)>,
) -> Result<(u64, bool), Error> {
    let path = on_disk(c, name);
    let fail = |e: Errno| Error::os(show_bytes(name), e);
    let flags = if c.follow { AtFlags::empty() } else { AtFlags::AT_SYMLINK_NOFOLLOW };
    let stat = fstatat(AT_FDCWD, &path, flags).map_err(fail)?;
    let mut entry = disk::entry(name, &stat);
    if let Some((uid, gid)) = c.owner {
        entry.uid = uid.unwrap_or(entry.uid);
        entry.gid = gid.unwrap_or(entry.gid);
    }
    let done = |result: Result<bool, Failure>| match result {
        Ok(made) => Ok(made || entry_is_dot(name)),
        Err(Failure::Entry(error)) => Err(error),
        Err(Failure::Archive(_)) => Err(Error::about(show_bytes(name), "cannot be read")),
    };
    if c.link && !entry.is_folder() && extractor.link(&path, name).is_ok() {
        return Ok((0, true));
    }
    if entry.nlink > 1 && !entry.is_folder() {
        if let Some((_, first)) = linked.iter().find(|(inode, _)| *inode == entry.inode) {
            let link = Entry { hard: true, link: first.clone(), ..entry };
            return Ok((0, done(extractor.put(&link, name, &mut Bytes(b"")))?));
        }
        linked.push((entry.inode, name.to_vec()));
    }
    if entry.is_symlink() {
        entry.link = disk::target(AT_FDCWD, path.as_os_str()).map_err(fail)?;
    }
    if entry.is_file() {
        let reading = Reading::open(AT_FDCWD, path.as_os_str(), &mut entry).map_err(fail)?;
        let size = reading.left;
        let mut content = Copying { reading, out: Vec::new() };
        return Ok((size, done(extractor.put(&entry, name, &mut content))?));
    }
    Ok((0, done(extractor.put(&entry, name, &mut Bytes(b"")))?))
}

/// The folder that is copied to itself is always there.
fn entry_is_dot(name: &[u8]) -> bool {
    name::inside(name).1.iter().all(|&b| b == b'.' || b == b'/')
}
