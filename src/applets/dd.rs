//! dd: copy and convert blocks. POSIX, with GNU's flags and status.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, FcntlArg, OFlag, fcntl, openat};
use nix::sys::stat::{Mode, fstat};
use nix::unistd::{Whence, ftruncate, lseek, read, write};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes, write_all};
use crate::fsutil::content::is_zero;
use crate::sys::signal::{self, Disposition};

mod convert;
mod number;
mod tables;

use convert::table;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "dd",
    summary: "copy and convert blocks",
    usage: "[if=FILE] [of=FILE] [bs=N] [ibs=N] [obs=N] [cbs=N] [count=N] [skip=N] [seek=N]\n\
            \x20 N  with c w b k M G T (kB: 1000), 2x512, or B for a count of bytes\n\
            \x20 conv=  notrunc noerror sync fsync fdatasync excl nocreat sparse swab lcase ucase\n\
            \x20        block unblock ascii ebcdic ibm\n\
            \x20 iflag=, oflag=  append direct directory dsync sync fullblock nonblock noatime\n\
            \x20        nocache noctty nofollow count_bytes skip_bytes seek_bytes\n\
            \x20 status=none|noxfer|progress\n\
            \x20 SIGUSR1 makes it say how far it is",
    kind: Kind::Fork, // takes long
    run,
};

/// Words of conv= and their bits.
const CONV: &[(&str, u32)] = &[
    ("notrunc", NOTRUNC),
    ("noerror", NOERROR),
    ("sync", SYNC),
    ("fsync", FSYNC),
    ("fdatasync", FDATASYNC),
    ("excl", EXCL),
    ("nocreat", NOCREAT),
    ("sparse", SPARSE),
    ("swab", SWAB),
    ("lcase", LCASE),
    ("ucase", UCASE),
    ("block", BLOCK),
    ("unblock", UNBLOCK),
    ("ascii", ASCII | UNBLOCK_IF),
    ("ebcdic", EBCDIC | BLOCK_IF),
    ("ibm", IBM | BLOCK_IF),
];
const NOTRUNC: u32 = 1;
const NOERROR: u32 = 1 << 1;
const SYNC: u32 = 1 << 2;
const FSYNC: u32 = 1 << 3;
const FDATASYNC: u32 = 1 << 4;
const EXCL: u32 = 1 << 5;
const NOCREAT: u32 = 1 << 6;
const SPARSE: u32 = 1 << 7;
const SWAB: u32 = 1 << 8;
const LCASE: u32 = 1 << 9;
const UCASE: u32 = 1 << 10;
const BLOCK: u32 = 1 << 11;
const UNBLOCK: u32 = 1 << 12;
const ASCII: u32 = 1 << 13;
const EBCDIC: u32 = 1 << 14;
const IBM: u32 = 1 << 15;
/// With a character set records are blocked only when cbs= is given.
const BLOCK_IF: u32 = 1 << 16;
const UNBLOCK_IF: u32 = 1 << 17;
/// What makes records of lines, or lines of records.
const RECORDS: u32 = BLOCK | UNBLOCK;
/// What needs the output to be gathered in a buffer of its own.
const TWO_BUFFERS: u32 = RECORDS | SWAB | LCASE | UCASE | ASCII | EBCDIC | IBM;

/// Flags that are no flags of open(2).
const FULLBLOCK: u32 = 1;
const COUNT_BYTES: u32 = 2;
const SKIP_BYTES: u32 = 4;
const SEEK_BYTES: u32 = 8;

struct Job {
    input: OsString,
    output: OsString,
    ibs: usize,
    obs: usize,
    cbs: usize,
    one_size: bool,
    count: u64,
    skip: u64,
    seek: u64,
    conv: u32,
    in_flags: OFlag,
    out_flags: OFlag,
    own: u32,
    quiet: bool,
    no_rate: bool,
    progress: bool,
    table: Option<Box<[u8; 256]>>,
}

/// What has been done.
struct Done {
    full_in: u64,
    part_in: u64,
    full_out: u64,
    part_out: u64,
    bytes: u64,
    cut: u64,
    start: Instant,
    shown: Duration,
    line: usize,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let job = parse(cx.args).map_err(|e| e.with(Status::FAILURE))?;
    let opened_in;
    let mut input = cx.stdin;
    if !job.input.is_empty() {
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | job.in_flags;
        let found = openat(AT_FDCWD, job.input.as_os_str(), flags, Mode::empty());
        opened_in = found.map_err(|e| Error::os(show(&job.input), e))?;
        input = opened_in.as_fd();
    } else if !job.in_flags.is_empty() {
        add_flags(input, job.in_flags).map_err(|e| Error::os("standard input", e))?;
    }
    let opened_out: OwnedFd;
    let mut output = cx.stdout;
    if !job.output.is_empty() {
        opened_out = open_output(&job).map_err(|e| Error::os(show(&job.output), e))?;
        output = opened_out.as_fd();
    } else if !job.out_flags.is_empty() {
        add_flags(output, job.out_flags).map_err(|e| Error::os("standard output", e))?;
    }
    for number in [libc::SIGUSR1, libc::SIGINT] {
        if !signal::is_ignored(number) {
            let _ = signal::set(number, Disposition::Catch);
        }
    }
    let mut copy = Copy {
        cx,
        job: &job,
        input,
        output,
        done: Done {
            full_in: 0,
            part_in: 0,
            full_out: 0,
            part_out: 0,
            bytes: 0,
            cut: 0,
            start: Instant::now(),
            shown: Duration::ZERO,
            line: 0,
        },
        gathered: Vec::new(),
        column: 0,
        pending: None,
        hole: false,
        spaces: 0,
    };
    let mut result = copy.all();
    if result.is_ok() {
        result = copy.finish();
    }
    copy.report(false);
    let status = copy.cx.status();
    match result {
        Err(error) if error.is_closed_pipe() => Err(Error::os("standard output", Errno::EPIPE)),
        Err(error) => Err(error),
        Ok(()) => Ok(status),
    }
}

fn parse(args: &[OsString]) -> Result<Job, Error> {
    let mut job = Job {
        input: OsString::new(),
        output: OsString::new(),
        ibs: 512,
        obs: 512,
        cbs: 0,
        one_size: false,
        count: u64::MAX,
        skip: 0,
        seek: 0,
        conv: 0,
        in_flags: OFlag::empty(),
        out_flags: OFlag::empty(),
        own: 0,
        quiet: false,
        no_rate: false,
        progress: false,
        table: None,
    };
    let mut args = args.iter().peekable();
    args.next_if(|arg| *arg == "--");
    for arg in args {
        let bytes = arg.as_bytes();
        let unknown = || Error::usage(format_args!("unrecognized operand '{}'", show(arg)));
        let at = bytes.iter().position(|&b| b == b'=').ok_or_else(unknown)?;
        let (key, value) = (bytes.get(..at).unwrap_or_default(), bytes.get(at + 1..));
        let value = value.unwrap_or_default();
        let wrong = || Error::usage(format_args!("invalid number: '{}'", show_bytes(value)));
        let amount = || number::parse(value).ok_or_else(wrong);
        // a read of more than that would never be one
        let block = || {
            let (number, _) = number::parse(value).ok_or_else(wrong)?;
            usize::try_from(number).ok().filter(|n| (1..=1 << 31).contains(n)).ok_or_else(wrong)
        };
        match key {
            b"if" => job.input = OsStr::from_bytes(value).to_os_string(),
            b"of" => job.output = OsStr::from_bytes(value).to_os_string(),
            b"bs" => {
                let size = block()?;
                (job.ibs, job.obs, job.one_size) = (size, size, true);
            }
            b"ibs" if job.one_size => {}
            b"obs" if job.one_size => {}
            b"ibs" => job.ibs = block()?,
            b"obs" => job.obs = block()?,
            b"cbs" => job.cbs = block()?,
            b"count" | b"skip" | b"iseek" | b"seek" | b"oseek" => {
                let (number, in_bytes) = amount()?;
                let (slot, flag) = match key {
                    b"count" => (&mut job.count, COUNT_BYTES),
                    b"seek" | b"oseek" => (&mut job.seek, SEEK_BYTES),
                    _ => (&mut job.skip, SKIP_BYTES),
                };
                *slot = number;
                if in_bytes {
                    job.own |= flag;
                }
            }
            b"conv" => {
                for word in value.split(|&b| b == b',') {
                    let hit = CONV.iter().find(|(name, _)| name.as_bytes() == word);
                    let wrong = || {
                        let name = show_bytes(word);
                        Error::usage(format_args!("invalid conversion: '{name}'"))
                    };
                    job.conv |= hit.ok_or_else(wrong)?.1;
                }
            }
            b"iflag" => flags(value, &mut job.in_flags, &mut job.own)?,
            b"oflag" => flags(value, &mut job.out_flags, &mut job.own)?,
            b"status" => match value {
                b"none" => job.quiet = true,
                b"noxfer" => job.no_rate = true,
                b"progress" => job.progress = true,
                _ => {
                    let name = show_bytes(value);
                    return Err(Error::usage(format_args!("invalid status level: '{name}'")));
                }
            },
            _ => return Err(unknown()),
        }
    }
    if job.cbs > 0 && job.conv & BLOCK_IF != 0 {
        job.conv |= BLOCK;
    }
    if job.cbs > 0 && job.conv & UNBLOCK_IF != 0 {
        job.conv |= UNBLOCK;
    }
    if job.cbs == 0 {
        job.conv &= !RECORDS;
    }
    for (both, text) in [
        (BLOCK | UNBLOCK, "block and unblock"),
        (LCASE | UCASE, "lcase and ucase"),
        (EXCL | NOCREAT, "excl and nocreat"),
        (ASCII | EBCDIC, "ascii and ebcdic"),
        (ASCII | IBM, "ascii and ibm"),
        (EBCDIC | IBM, "ebcdic and ibm"),
    ] {
        if job.conv & both == both {
            return Err(Error::usage(format_args!("cannot combine {text}")));
        }
    }
    job.table = table(job.conv);
    Ok(job)
}

fn flags(value: &[u8], set: &mut OFlag, own: &mut u32) -> Result<(), Error> {
    for word in value.split(|&b| b == b',') {
        match word {
            b"append" => *set |= OFlag::O_APPEND,
            b"direct" => *set |= OFlag::O_DIRECT,
            b"directory" => *set |= OFlag::O_DIRECTORY,
            b"dsync" => *set |= OFlag::O_DSYNC,
            b"sync" => *set |= OFlag::O_SYNC,
            b"nonblock" => *set |= OFlag::O_NONBLOCK,
            b"noatime" => *set |= OFlag::O_NOATIME,
            b"noctty" => *set |= OFlag::O_NOCTTY,
            b"nofollow" => *set |= OFlag::O_NOFOLLOW,
            b"nocache" | b"nolinks" | b"binary" | b"text" => {}
            b"fullblock" => *own |= FULLBLOCK,
            b"count_bytes" => *own |= COUNT_BYTES,
            b"skip_bytes" => *own |= SKIP_BYTES,
            b"seek_bytes" => *own |= SEEK_BYTES,
            other => {
                let name = show_bytes(other);
                return Err(Error::usage(format_args!("invalid flag: '{name}'")));
            }
        }
    }
    Ok(())
}

fn add_flags(fd: BorrowedFd<'_>, flags: OFlag) -> Result<(), Errno> {
    let old = OFlag::from_bits_truncate(fcntl(fd, FcntlArg::F_GETFL)?);
    fcntl(fd, FcntlArg::F_SETFL(old | flags)).map(drop)
}

fn open_output(job: &Job) -> Result<OwnedFd, Errno> {
    let mut flags = OFlag::O_CLOEXEC | job.out_flags;
    flags.set(OFlag::O_CREAT, job.conv & NOCREAT == 0);
    flags.set(OFlag::O_EXCL, job.conv & EXCL != 0);
    let cut = job.conv & NOTRUNC == 0;
    flags.set(OFlag::O_TRUNC, cut && job.seek == 0);
    let mode = Mode::from_bits_truncate(0o666);
    let name = job.output.as_os_str();
    let fd = openat(AT_FDCWD, name, flags | OFlag::O_WRONLY, mode)?;
    if cut && job.seek > 0 {
        let length = i64::try_from(job.seek_bytes()).map_err(|_| Errno::EFBIG)?;
        let regular = fstat(&fd).is_ok_and(|stat| stat.st_mode & libc::S_IFMT == libc::S_IFREG);
        if let Err(errno) = ftruncate(&fd, length)
            && regular
        {
            return Err(errno);
        }
    }
    Ok(fd)
}

impl Job {
    fn seek_bytes(&self) -> u64 {
        let unit = if self.own & SEEK_BYTES != 0 { 1 } else { self.obs };
        self.seek.saturating_mul(unit as u64)
    }

    fn skip_bytes(&self) -> u64 {
        let unit = if self.own & SKIP_BYTES != 0 { 1 } else { self.ibs };
        self.skip.saturating_mul(unit as u64)
    }
}

struct Copy<'a, 'b> {
    cx: &'a mut Ctx<'b>,
    job: &'a Job,
    input: BorrowedFd<'a>,
    output: BorrowedFd<'a>,
    done: Done,
    /// Output that is not yet a whole block.
    gathered: Vec<u8>,
    /// block, unblock: the column in the record.
    column: usize,
    /// unblock: blanks that may be the end of the record.
    spaces: usize,
    /// swab: an odd byte.
    pending: Option<u8>,
    /// Whether the last thing written is a hole.
    hole: bool,
}

impl Copy<'_, '_> {
    fn in_error(&self, errno: Errno) -> Error {
        let name =
            if self.job.input.is_empty() { OsStr::new("standard input") } else { &self.job.input };
        Error::os(format_args!("error reading '{}'", show(name)), errno)
    }

    fn out_error(&self, errno: Errno) -> Error {
        let name = if self.job.output.is_empty() {
            OsStr::new("standard output")
        } else {
            &self.job.output
        };
        Error::os(format_args!("error writing '{}'", show(name)), errno)
    }

    fn all(&mut self) -> Result<(), Error> {
        let job = self.job;
        self.skip()?;
        self.seek()?;
        let two = !job.one_size || job.conv & TWO_BUFFERS != 0;
        // for O_DIRECT at the start of a page
        let mut memory = vec![0u8; job.ibs + 8192];
        let offset = memory.as_ptr().align_offset(4096).min(8192);
        let mut left = job.count;
        while left > 0 {
            let mut want = job.ibs;
            if job.own & COUNT_BYTES != 0 {
                want = usize::try_from(left).map_or(want, |left| left.min(want));
            }
            let buffer = memory.get_mut(offset..offset + want).unwrap_or_default();
            let mut count = match self.fill(buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(errno) if job.conv & NOERROR != 0 => {
                    let error = self.in_error(errno);
                    self.cx.warn(error);
                    self.report(true);
                    // the bad block is left out
                    let step = i64::try_from(want).unwrap_or(0);
                    if lseek(self.input, step, Whence::SeekCur).is_err() {
                        break;
                    }
                    if job.conv & SYNC == 0 {
                        left -= if job.own & COUNT_BYTES != 0 { want as u64 } else { 1 };
                        continue;
                    }
                    memory.get_mut(offset..offset + want).unwrap_or_default().fill(0);
                    0
                }
                Err(errno) => return Err(self.in_error(errno)),
            };
            if count == job.ibs {
                self.done.full_in += 1;
            } else {
                self.done.part_in += 1;
            }
            left -= if job.own & COUNT_BYTES != 0 { count as u64 } else { 1 };
            if count < job.ibs && job.conv & SYNC != 0 {
                let blank = if job.conv & RECORDS != 0 { b' ' } else { 0 };
                memory.get_mut(offset + count..offset + job.ibs).unwrap_or_default().fill(blank);
                count = job.ibs;
            }
            let bytes = memory.get_mut(offset..offset + count).unwrap_or_default();
            if let Some(table) = &job.table {
                for byte in bytes.iter_mut() {
                    *byte = table.get(usize::from(*byte)).copied().unwrap_or(*byte);
                }
            }
            if job.conv & SWAB != 0 {
                let swapped = self.swab(bytes);
                self.take(&swapped, two)?;
            } else {
                let bytes = memory.get(offset..offset + count).unwrap_or_default();
                self.take(bytes, two)?;
            }
            if job.progress {
                self.progress();
            }
        }
        Ok(())
    }

    /// Passes over the first blocks of the input.
    fn skip(&mut self) -> Result<(), Error> {
        let mut bytes = self.job.skip_bytes();
        if bytes == 0 {
            return Ok(());
        }
        let size = fstat(self.input)
            .ok()
            .filter(|stat| stat.st_mode & libc::S_IFMT == libc::S_IFREG)
            .map(|stat| stat.st_size);
        let here = lseek(self.input, 0, Whence::SeekCur);
        let step = i64::try_from(bytes).map_err(|_| self.in_error(Errno::EOVERFLOW))?;
        let mut short = false;
        if let Ok(here) = here
            && lseek(self.input, step, Whence::SeekCur).is_ok()
        {
            short = size.is_some_and(|size| here.saturating_add(step) > size);
        } else {
            let mut buffer = vec![0; self.job.ibs.min(1 << 20)];
            while bytes > 0 {
                let want = usize::try_from(bytes).map_or(buffer.len(), |n| n.min(buffer.len()));
                let part = buffer.get_mut(..want).unwrap_or_default();
                let count = self.fill(part).map_err(|e| self.in_error(e))?;
                if count == 0 {
                    short = true;
                    break;
                }
                bytes -= count as u64;
            }
        }
        if short && !self.job.quiet {
            let name = if self.job.input.is_empty() {
                OsStr::new("standard input")
            } else {
                &self.job.input
            };
            self.cx.note(format_args!("'{}': cannot skip to specified offset", show(name)));
        }
        Ok(())
    }

    /// Passes over the first blocks of the output.
    fn seek(&mut self) -> Result<(), Error> {
        let bytes = self.job.seek_bytes();
        if bytes == 0 {
            return Ok(());
        }
        let step = i64::try_from(bytes).map_err(|_| self.out_error(Errno::EOVERFLOW))?;
        lseek(self.output, step, Whence::SeekCur).map(drop).map_err(|errno| {
            let name = if self.job.output.is_empty() {
                OsStr::new("standard output")
            } else {
                &self.job.output
            };
            Error::os(format_args!("'{}': cannot seek", show(name)), errno)
        })
    }

    /// One read, or with fullblock as many as fill the buffer.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Errno> {
        let mut filled = 0;
        while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
            self.signals();
            match read(self.input, room) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(Errno::EINTR) => continue,
                Err(errno) if filled == 0 => return Err(errno),
                Err(_) => break,
            }
            if self.job.own & FULLBLOCK == 0 {
                break;
            }
        }
        Ok(filled)
    }

    /// Input as it is to be written.
    fn take(&mut self, bytes: &[u8], two: bool) -> Result<(), Error> {
        if !two {
            return self.put(bytes);
        }
        match self.job.conv & RECORDS {
            BLOCK => self.block(bytes),
            UNBLOCK => self.unblock(bytes),
            _ => self.gathered.extend_from_slice(bytes),
        }
        self.drain(false)
    }

    /// Writes whole blocks of what is gathered; at the end all.
    fn drain(&mut self, end: bool) -> Result<(), Error> {
        let gathered = std::mem::take(&mut self.gathered);
        let mut rest = gathered.as_slice();
        while let Some((block, behind)) = rest.split_at_checked(self.job.obs) {
            self.put(block)?;
            rest = behind;
        }
        if end && !rest.is_empty() {
            self.put(rest)?;
            rest = b"";
        }
        self.gathered.extend_from_slice(rest);
        Ok(())
    }

    /// Writes one block.
    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.hole = self.job.conv & SPARSE != 0
            && is_zero(bytes)
            && lseek(self.output, i64::try_from(bytes.len()).unwrap_or(0), Whence::SeekCur).is_ok();
        let mut rest = if self.hole { b"" } else { bytes };
        while !rest.is_empty() {
            self.signals();
            match write(self.output, rest) {
                Ok(0) => return Err(self.out_error(Errno::ENOSPC)),
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(Errno::EINTR) => {}
                Err(Errno::EINVAL)
                    if self.job.out_flags.contains(OFlag::O_DIRECT)
                        && rest.len() < self.job.obs =>
                {
                    // The last block may be no whole sector.
                    let old = fcntl(self.output, FcntlArg::F_GETFL).unwrap_or(0);
                    let flags = OFlag::from_bits_truncate(old) - OFlag::O_DIRECT;
                    let _ = fcntl(self.output, FcntlArg::F_SETFL(flags));
                    let done = write_all(self.output, rest);
                    done.map_err(|e| self.out_error(errno_of(&e)))?;
                    rest = b"";
                }
                Err(errno) => {
                    let written = bytes.len() - rest.len();
                    self.done.bytes += written as u64;
                    self.done.part_out += u64::from(written > 0);
                    return Err(self.out_error(errno));
                }
            }
        }
        self.done.bytes += bytes.len() as u64;
        if bytes.len() == self.job.obs {
            self.done.full_out += 1;
        } else {
            self.done.part_out += 1;
        }
        Ok(())
    }

    /// What is left at the end.
    fn finish(&mut self) -> Result<(), Error> {
        let two = !self.job.one_size || self.job.conv & TWO_BUFFERS != 0;
        if let Some(byte) = self.pending.take() {
            self.take(&[byte], two)?;
        }
        if self.job.conv & BLOCK != 0 && self.column > 0 {
            self.end_record();
        }
        if self.job.conv & UNBLOCK != 0 && self.column > 0 {
            self.gathered.push(b'\n');
        }
        self.drain(true)?;
        if self.hole
            && let Ok(end) = lseek(self.output, 0, Whence::SeekCur)
        {
            ftruncate(self.output, end).map_err(|e| self.out_error(e))?;
        }
        let synced = match self.job.conv & (FSYNC | FDATASYNC) {
            0 => Ok(()),
            FDATASYNC => nix::unistd::fdatasync(self.output),
            _ => nix::unistd::fsync(self.output),
        };
        synced.map_err(|e| self.out_error(e))
    }

    /// SIGUSR1 asks how far it is; SIGINT ends it with the same.
    fn signals(&mut self) {
        if !signal::any() {
            return;
        }
        while let Some(number) = signal::take() {
            self.report(true);
            if number == libc::SIGINT {
                let _ = signal::set(number, Disposition::Default);
                let _ = signal::send(nix::unistd::getpid().as_raw(), number);
            }
        }
    }

    fn progress(&mut self) {
        let passed = self.done.start.elapsed();
        if passed < self.done.shown + Duration::from_secs(1) {
            return;
        }
        self.done.shown = passed;
        let nanos = u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX);
        let mut line = b"\r".to_vec();
        line.extend_from_slice(&number::report(self.done.bytes, nanos, true));
        let length = line.len();
        line.resize(length.max(self.done.line), b' ');
        self.done.line = length;
        let _ = write_all(self.cx.stderr, &line);
    }

    fn report(&mut self, midway: bool) {
        let job = self.job;
        if job.quiet && !midway {
            return;
        }
        let done = &self.done;
        let mut text = String::new();
        if done.line > 0 {
            text.push('\n');
        }
        text.push_str(&format!(
            "{}+{} records in\n{}+{} records out\n",
            done.full_in, done.part_in, done.full_out, done.part_out
        ));
        match done.cut {
            0 => {}
            1 => text.push_str("1 truncated record\n"),
            cut => text.push_str(&format!("{cut} truncated records\n")),
        }
        let mut text = text.into_bytes();
        if !job.no_rate {
            let nanos = u64::try_from(done.start.elapsed().as_nanos()).unwrap_or(u64::MAX);
            text.extend_from_slice(&number::report(done.bytes, nanos, false));
            text.push(b'\n');
        }
        self.done.line = 0;
        let _ = write_all(self.cx.stderr, &text);
    }
}

fn errno_of(error: &std::io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)
}
