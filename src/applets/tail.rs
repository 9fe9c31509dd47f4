//! tail: the end of files, also while they grow. POSIX, with GNU's options and
//! the old `-N` and `+N`.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use nix::sys::stat::{fstat, stat};
use nix::unistd::{Whence, lseek};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::sys::lines::Lines;
use crate::{interval, options, size, sys};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "tail",
    summary: "the end of files",
    usage: "[-n N | -c N | -N | +N] [-fFqvz] [-s SECONDS] [--pid PID] [FILE...]\n\
            \x20 -n N, -N   the last N lines (10); -n +N, +N from line N on\n\
            \x20 -c N       bytes instead; N may have k, m, b (512) behind it\n\
            \x20 -f         and what is added, for ever\n\
            \x20 -F         the same by name: the file may be another, or not be there yet\n\
            \x20 -s N       how often to look (every second); --pid: until this process ends\n\
            \x20 -q, -v     never, always a line with the name before each\n\
            \x20 -z         lines end with a zero byte",
    kind: Kind::Fork, // reading may block
    run,
};

struct Tail {
    count: u64,
    bytes: bool,
    from_start: bool,
    end: u8,
    titles: bool,
    /// The operand that was shown last.
    shown: Option<usize>,
}

/// A file that is looked at again.
struct Followed {
    at: usize,
    name: OsString,
    fd: Option<OwnedFd>,
    position: i64,
    file: (u64, u64),
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    // +N can only be the first word
    let mut words = cx.args.to_vec();
    if let Some(first) = words.first_mut()
        && let [b'+', b'0'..=b'9', ..] = first.as_bytes()
    {
        let text = [b"-n".as_slice(), first.as_bytes()].concat();
        *first = OsStr::from_bytes(&text).to_os_string();
    }
    // -f takes no value, so that -fn5 is -f -n5
    let spec = "n:lines c:bytes f -o?follow F s:sleep-interval -p:pid q,quiet|silent v,verbose \
                z,zero-terminated -r,retry #";
    let mut options = options::Options::parse(spec, &words)?;
    let mut tail = Tail {
        count: 10,
        bytes: false,
        from_start: false,
        end: b'\n',
        titles: options.operands.len() > 1,
        shown: None,
    };
    let (mut follow, mut by_name) = (false, false);
    let mut pause = Duration::from_secs(1);
    let mut pids = Vec::new();
    while let Some(letter) = options.next() {
        match letter {
            b'n' | b'c' | b'#' => {
                let text = options.bytes();
                let mut rest = text.as_slice();
                tail.bytes = letter == b'c';
                if letter == b'#' {
                    while let Some((&last @ (b'c' | b'l' | b'f'), head)) = rest.split_last() {
                        rest = head;
                        tail.bytes |= last == b'c';
                        follow |= last == b'f';
                    }
                }
                let mut digits = rest;
                if let Some(behind) = rest.strip_prefix(b"+") {
                    digits = behind;
                    // +5f, +5c, +5l
                    while let Some((&last @ (b'c' | b'l' | b'f'), head)) = digits.split_last() {
                        digits = head;
                        tail.bytes |= last == b'c';
                        follow |= last == b'f';
                    }
                }
                tail.from_start = rest.starts_with(b"+");
                let digits = digits.strip_prefix(b"-").unwrap_or(digits);
                tail.count = size::count(digits).ok_or_else(|| {
                    Error::bad(show_bytes(&text), "not a number").with(Status::FAILURE)
                })?;
            }
            b'f' => follow = true,
            b'o' => {
                follow = true;
                by_name = options.value() == "name";
            }
            b'F' => (follow, by_name) = (true, true),
            b's' => {
                let text = options.bytes();
                pause = interval::parse(&text)
                    .map_err(|_| Error::bad(show_bytes(&text), "not a length of time"))?
                    .unwrap_or(Duration::MAX);
            }
            b'p' => pids.push(options.number("not a process id")?),
            b'q' => tail.titles = false,
            b'v' => tail.titles = true,
            b'z' => tail.end = 0,
            _ => {}
        }
    }
    let mut operands = options.operands;
    if operands.is_empty() {
        operands.push("-".into());
    }
    let mut list = Vec::new();
    for (at, name) in operands.into_iter().enumerate() {
        let fd = cx.open_or_warn(&name);
        let mut followed = Followed { at, name, fd: None, position: 0, file: (0, 0) };
        if let Some(fd) = fd {
            tail.title(cx, &followed)?;
            if let Err(error) = tail.end_of(cx, &fd) {
                if error.is_closed_pipe() {
                    return Err(error);
                }
                cx.warn(error.on(show(&followed.name).to_string()));
                continue;
            }
            followed.take(fd);
        } else if !by_name {
            continue;
        }
        list.push(followed);
    }
    if !follow || list.is_empty() {
        return Ok(cx.status());
    }
    loop {
        let mut open = false;
        for file in &mut list {
            open |= tail.grown(cx, file, by_name)?;
        }
        cx.flush()?;
        let gone = !pids.is_empty()
            && pids.iter().all(|pid| {
                i32::try_from(*pid)
                    .is_ok_and(|p| sys::signal::send(p, 0) == Err(nix::errno::Errno::ESRCH))
            });
        if !open && !by_name || gone {
            return Ok(cx.status());
        }
        std::thread::sleep(pause);
    }
}

impl Followed {
    fn take(&mut self, fd: OwnedFd) {
        if let Ok(status) = fstat(&fd) {
            self.file = (status.st_dev, status.st_ino);
        }
        self.position = lseek(&fd, 0, Whence::SeekCur).unwrap_or(-1);
        self.fd = Some(fd);
    }
}

impl Tail {
    fn title(&mut self, cx: &mut Ctx, file: &Followed) -> Result<(), Error> {
        if !self.titles || self.shown == Some(file.at) {
            return Ok(());
        }
        let before: &[u8] = if self.shown.is_some() { b"\n==> " } else { b"==> " };
        self.shown = Some(file.at);
        let name = if file.name == "-" { b"standard input" } else { file.name.as_bytes() };
        let text = [before, name, b" <==\n"].concat();
        cx.put(&text)
    }

    /// Shows the end of a file and leaves it there.
    fn end_of(&self, cx: &mut Ctx, fd: &OwnedFd) -> Result<(), Error> {
        let read = |e: nix::errno::Errno| Error::os("", e);
        let regular = fstat(fd).is_ok_and(|s| s.st_mode & libc::S_IFMT == libc::S_IFREG);
        let here = if regular { lseek(fd, 0, Whence::SeekCur).ok() } else { None };
        let own = fd.try_clone().map_err(|e| Error::os("", e))?;
        if self.from_start {
            let mut skip = self.count.saturating_sub(1);
            if self.bytes
                && let Some(here) = here
                && let Some(to) = i64::try_from(skip).ok().and_then(|n| here.checked_add(n))
            {
                lseek(fd, to, Whence::SeekSet).map_err(read)?;
                skip = 0;
            }
            let mut lines = Lines::new(own);
            while let Some(block) = lines.block().map_err(read)? {
                let mut from = 0;
                if skip > 0 && self.bytes {
                    from = usize::try_from(skip).unwrap_or(usize::MAX).min(block.len());
                    skip -= from as u64;
                } else if skip > 0 {
                    from = block.len();
                    for at in memchr::memchr_iter(self.end, block) {
                        skip -= 1;
                        if skip == 0 {
                            from = at + 1;
                            break;
                        }
                    }
                }
                cx.put(block.get(from..).unwrap_or_default())?;
            }
            return Ok(());
        }
        if let Some(here) = here {
            let size = lseek(fd, 0, Whence::SeekEnd).map_err(read)?;
            // Files of /proc say that they are empty.
            if size > here {
                let start = self.start_in(fd.as_fd(), here, size).map_err(read)?;
                lseek(fd, start, Whence::SeekSet).map_err(read)?;
                let mut lines = Lines::new(own);
                while let Some(block) = lines.block().map_err(read)? {
                    cx.put(block)?;
                }
                return Ok(());
            }
            lseek(fd, here, Whence::SeekSet).map_err(read)?;
        }
        self.end_of_stream(cx, own)
    }

    /// Where in a file between `low` and `size` the shown part starts.
    fn start_in(&self, fd: BorrowedFd<'_>, low: i64, size: i64) -> Result<i64, nix::errno::Errno> {
        let count = i64::try_from(self.count).unwrap_or(i64::MAX);
        if self.bytes {
            return Ok(size.saturating_sub(count).max(low));
        }
        if count == 0 {
            return Ok(size);
        }
        let mut buffer = vec![0; 64 * 1024];
        let mut seen = 0;
        let mut stop = size;
        while stop > low {
            let length = (stop - low).min(64 * 1024);
            let from = stop - length;
            let room = buffer.get_mut(..usize::try_from(length).unwrap_or(0)).unwrap_or_default();
            let mut filled = 0;
            while filled < room.len() {
                let at = from + i64::try_from(filled).unwrap_or(0);
                match nix::sys::uio::pread(fd, room.get_mut(filled..).unwrap_or_default(), at)? {
                    0 => break,
                    n => filled += n,
                }
            }
            let bytes = room.get(..filled).unwrap_or_default();
            for at in memchr::memrchr_iter(self.end, bytes) {
                let place = from + i64::try_from(at).unwrap_or(0);
                // The end of the last line is not the end of one before it.
                if place + 1 == size {
                    continue;
                }
                seen += 1;
                if seen == count {
                    return Ok(place + 1);
                }
            }
            stop = from;
        }
        Ok(low)
    }

    /// The end of what cannot be read twice.
    fn end_of_stream(&self, cx: &mut Ctx, fd: OwnedFd) -> Result<(), Error> {
        let mut lines = Lines::new(fd);
        let mut held: Vec<u8> = Vec::new();
        let mut start = 0;
        let mut ends = 0u64;
        let keep = usize::try_from(self.count).unwrap_or(usize::MAX);
        while let Some(block) = lines.block().map_err(|e| Error::os("", e))? {
            held.extend_from_slice(block);
            if self.bytes {
                start = held.len().saturating_sub(keep);
            } else {
                ends += memchr::memchr_iter(self.end, block).count() as u64;
                // One end more may belong to what follows.
                start += self.skip(held.get(start..).unwrap_or_default(), &mut ends, 1);
            }
            // Moved only when it is worth it.
            if start > held.len() / 2 && start > 256 * 1024 {
                held.drain(..start);
                start = 0;
            }
        }
        if !self.bytes {
            let open = held.last().is_some_and(|b| *b != self.end);
            ends += u64::from(open);
            start += self.skip(held.get(start..).unwrap_or_default(), &mut ends, 0);
        }
        cx.put(held.get(start..).unwrap_or_default())
    }

    /// The length of the lines at the start of `held` that are too many.
    fn skip(&self, held: &[u8], ends: &mut u64, spare: u64) -> usize {
        let mut at = 0;
        while *ends > self.count.saturating_add(spare) {
            let rest = held.get(at..).unwrap_or_default();
            at += memchr::memchr(self.end, rest).map_or(rest.len(), |n| n + 1);
            *ends -= 1;
        }
        at
    }

    /// Shows what was added to a file; false when nothing more will be.
    fn grown(&mut self, cx: &mut Ctx, file: &mut Followed, by_name: bool) -> Result<bool, Error> {
        if by_name && file.name != "-" {
            self.look_again(cx, file);
        }
        let Some(fd) = &file.fd else { return Ok(by_name) };
        let Ok(status) = fstat(fd) else { return Ok(false) };
        let regular = status.st_mode & libc::S_IFMT == libc::S_IFREG;
        if regular {
            if status.st_size < file.position {
                cx.note(format_args!("{}: file truncated", show(&file.name)));
                let _ = lseek(fd, 0, Whence::SeekSet);
                file.position = 0;
            }
            if status.st_size == file.position {
                return Ok(true);
            }
        }
        let own = fd.try_clone().map_err(|e| Error::os(show(&file.name), e))?;
        let mut lines = Lines::new(own);
        loop {
            match lines.block() {
                Ok(Some(block)) => {
                    self.title(cx, file)?;
                    cx.put(block)?;
                    if !regular {
                        cx.flush()?;
                    }
                    file.position =
                        file.position.saturating_add(i64::try_from(block.len()).unwrap_or(0));
                }
                Ok(None) => break,
                Err(errno) => {
                    cx.warn(Error::os(show(&file.name), errno));
                    return Ok(false);
                }
            }
        }
        // A pipe that nobody writes to any more has ended.
        Ok(regular)
    }

    /// Whether the name is another file's by now.
    fn look_again(&self, cx: &mut Ctx, file: &mut Followed) {
        let Ok(status) = stat(file.name.as_os_str()) else {
            if file.fd.take().is_some() {
                let text = format!("{}: has become inaccessible", show(&file.name));
                cx.note(text);
            }
            return;
        };
        if file.fd.is_some() && file.file == (status.st_dev, status.st_ino) {
            return;
        }
        let Ok(fd) = cx.open(&file.name) else { return };
        let text = if file.fd.is_some() { "has been replaced" } else { "has appeared" };
        cx.note(format_args!("{}: {text}; following new file", show(&file.name)));
        file.take(fd);
    }
}
