//! gen_init_cpio: an initramfs from a list of files, as the kernel's
//! usr/gen_init_cpio makes it, to the byte. Where its versions differ as the
//! later ones do: since Linux 6.4 files have the time of -t, too.
//!
//! Deliberate deviation: nothing is left of an archive when a line is wrong.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::archive::Entry;
use crate::archive::cpio::{CpioKind, put_cpio, put_cpio_trailer};
use crate::cpio::{BLOCK, CHARACTER, DIRECTORY, FIFO, REGULAR, SOCKET, SYMLINK};
use crate::image::output::{Output, Target};
use crate::image::spec::{self, What};
use crate::sys;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "gen_init_cpio",
    summary: "write an initramfs from a list of files",
    usage: "[-c] [-t TIME] [-a ALIGN] [-o FILE] LIST\n\
            \x20 -c  with checksums of the files\n\
            \x20 -t  the time of everything, seconds since 1970; otherwise files have their\n\
            \x20     own, the rest that of now\n\
            \x20 -a  the content of files begins at multiples of so many bytes\n\
            \x20 -o  to a file, not to standard output\n\
            LIST has a line each; - is standard input:\n\
            \x20 file NAME SOURCE MODE UID GID [OTHER-NAME...]\n\
            \x20 dir NAME MODE UID GID        (pipe and sock likewise)\n\
            \x20 nod NAME MODE UID GID b|c MAJOR MINOR\n\
            \x20 slink NAME TARGET MODE UID GID",
    kind: Kind::Fork, // reads for as long as that takes
    run,
};

/// The kernel's first inode number, and the device that all files are on.
const FIRST_INODE: u32 = 721;
const DEVICE: (u32, u32) = (3, 1);
/// A name with its filling is not longer (PATH_MAX).
const MOST_NAME: u64 = 4096;
/// Six bytes of magic and thirteen numbers.
const HEADER: u64 = 110;

struct Writer<'o> {
    kind: CpioKind,
    align: u64,
    time: u32,
    /// Whether the time is that of files, too.
    timed: bool,
    inode: u32,
    to: Output<'o>,
    /// Headers and names.
    out: Vec<u8>,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("c t:timestamp a: o: h").map_err(|e| e.with(Status::FAILURE))?;
    let mut writer = Writer {
        kind: CpioKind::Newc,
        align: 0,
        time: u32::try_from(sys::clock::now().as_secs()).unwrap_or(u32::MAX),
        timed: false,
        inode: FIRST_INODE,
        to: Output::of(cx.stdout),
        out: Vec::new(),
    };
    let mut target = None;
    while let Some(letter) = options.next() {
        match letter {
            b'c' => writer.kind = CpioKind::Crc,
            b't' => {
                let time = options.number("not a time").map_err(|e| e.with(Status::FAILURE))?;
                let late = |_| Error::msg("the time is too late for the format");
                writer.time = u32::try_from(time).map_err(late)?;
                writer.timed = true;
            }
            b'a' => {
                let align = options.number("not an alignment");
                writer.align = align.map_err(|e| e.with(Status::FAILURE))?;
                if !writer.align.is_multiple_of(4) || writer.align > u64::from(u32::MAX) {
                    return Err(Error::msg("the alignment is a multiple of 4"));
                }
            }
            b'o' => target = Some(options.value()),
            _ => {
                let text = crate::applet::help(cx.name, &APPLET);
                cx.put(text.as_bytes())?;
                return Ok(Status::OK);
            }
        }
    }
    let [list] = options.operands.as_slice() else {
        return Err(Error::usage("one LIST is wanted").with(Status::FAILURE));
    };
    let mut text = Vec::new();
    let read = match list.as_bytes() {
        b"-" => sys::fd::Reader(cx.stdin).read_to_end(&mut text),
        _ => File::open(list).and_then(|mut file| file.read_to_end(&mut text)),
    };
    read.map_err(|e| Error::os(show(list), e))?;
    let env = cx.env;
    let variable = |name: &[u8]| Some(env.get(name).map_or(&b""[..], |v| v.as_bytes()));
    if let Some(name) = &target {
        writer.to = Output::create(Path::new(name)).map_err(|e| Error::os(show(name), e))?;
    }
    for (nth, line) in text.split(|&b| b == b'\n').enumerate() {
        let number = nth + 1;
        match spec::kernels_line(number, line, &variable) {
            Ok(None) => {}
            Ok(Some(line)) => {
                writer.line(line).map_err(|e| Error::msg(format_args!("line {number}: {e}")))?;
                writer.flush()?;
            }
            Err(e) if e.text.is_empty() => {
                cx.note(format_args!("unknown file type line {number}: '{}'", show_bytes(line)));
            }
            Err(e) => return Err(Error::msg(format_args!("line {number}: {}", e.text))),
        }
    }
    writer.trailer();
    writer.flush()?;
    let name = writer.to.name();
    writer.to.finish().map_err(|e| Error::os(name, e))?;
    Ok(Status::OK)
}

/// A name without the one slash that it may begin with.
fn bare(name: &[u8]) -> Vec<u8> {
    name.strip_prefix(b"/").unwrap_or(name).to_vec()
}

impl Writer<'_> {
    fn flush(&mut self) -> Result<(), Error> {
        let result = self.to.write_all(&self.out);
        self.out.clear();
        result.map_err(|e| Error::os(self.to.name(), e))
    }

    fn at(&self) -> u64 {
        self.to.position() + self.out.len() as u64
    }

    fn fill(&mut self) {
        let fill = self.at().wrapping_neg() % 4;
        self.out.resize(self.out.len() + fill as usize, 0);
    }

    fn line(&mut self, line: spec::Line) -> Result<(), Error> {
        let mut entry = Entry {
            name: bare(&line.name),
            mode: line.mode,
            uid: line.uid,
            gid: line.gid,
            mtime: i64::from(self.time),
            inode: (DEVICE.0, DEVICE.1, self.inode),
            nlink: 1,
            ..Entry::default()
        };
        self.inode += 1;
        let mut content = Vec::new();
        match line.what {
            What::File(source, others) => return self.file(entry, &source, &others),
            What::Directory => (entry.mode, entry.nlink) = (line.mode | DIRECTORY, 2),
            What::Pipe => (entry.mode, entry.nlink) = (line.mode | FIFO, 2),
            What::Socket => (entry.mode, entry.nlink) = (line.mode | SOCKET, 2),
            What::Character(major, minor) => {
                (entry.mode, entry.rdev) = (line.mode | CHARACTER, (major, minor));
            }
            What::Block(major, minor) => {
                (entry.mode, entry.rdev) = (line.mode | BLOCK, (major, minor));
            }
            What::Symlink(target) => {
                entry.mode |= SYMLINK;
                content = target;
                content.push(0);
                entry.stored = content.len() as u64;
            }
        }
        self.head(&entry, 0)?;
        self.out.extend_from_slice(&content);
        self.fill();
        Ok(())
    }

    fn head(&mut self, entry: &Entry, sum: u32) -> Result<(), Error> {
        let at = self.at();
        if put_cpio(entry, self.kind, sum, at, &mut self.out) {
            return Ok(());
        }
        Err(Error::about(show_bytes(&entry.name), "does not fit into the format"))
    }

    /// A file under all its names; the content comes with the last.
    fn file(&mut self, mut entry: Entry, source: &[u8], others: &[Vec<u8>]) -> Result<(), Error> {
        let path = Path::new(OsStr::from_bytes(source));
        let failed = |e| Error::os(show(path), e);
        let mut file = File::open(path).map_err(failed)?;
        let meta = file.metadata().map_err(failed)?;
        entry.mtime = meta.mtime().clamp(0, i64::from(u32::MAX));
        if self.timed {
            entry.mtime = i64::from(self.time);
        }
        entry.mode |= REGULAR;
        entry.nlink = u32::try_from(others.len() + 1).unwrap_or(u32::MAX);
        let mut sum = 0;
        if self.kind == CpioKind::Crc {
            sum = sum_of(&file).map_err(failed)?;
            file.rewind().map_err(failed)?;
        }
        for other in others {
            self.head(&entry, 0)?;
            entry.name = bare(other);
        }
        entry.stored = meta.len();
        // Zeros behind the name move the content to where it should be.
        if self.align > 0 && entry.stored > self.align {
            let name = entry.name.len() as u64 + 1;
            // As the kernel's program has it, also where it is no power of two.
            let past = (self.at() + HEADER + name) & (self.align - 1);
            let fill = (self.align - past) % self.align;
            if name + fill <= MOST_NAME {
                entry.name.resize(entry.name.len() + fill as usize, 0);
            }
        }
        let stored = entry.stored;
        self.head(&entry, sum)?;
        self.flush()?;
        if self.to.copy(&file, stored).map_err(failed)? < stored {
            return Err(Error::about(show(path), "became shorter while it was read"));
        }
        self.fill();
        Ok(())
    }

    fn trailer(&mut self) {
        let at = self.at();
        // The kernel's trailer has the plain magic either way.
        put_cpio_trailer(CpioKind::Newc, at, &mut self.out);
        if self.kind == CpioKind::Crc
            && let Some(digit) = self.out.get_mut(5)
        {
            *digit = b'2';
        }
        let fill = self.at().next_multiple_of(512) - self.at();
        self.out.resize(self.out.len() + fill as usize, 0);
    }
}

/// The sum of all bytes of a file.
fn sum_of(mut file: &File) -> std::io::Result<u32> {
    let mut piece = vec![0; 64 << 10];
    let mut sum = 0u32;
    loop {
        let count = file.read(&mut piece)?;
        if count == 0 {
            return Ok(sum);
        }
        for &byte in piece.get(..count).unwrap_or_default() {
            sum = sum.wrapping_add(u32::from(byte));
        }
    }
}
