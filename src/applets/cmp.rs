//! cmp: compare two files byte by byte. POSIX, with GNU's `-b`, `-i`, `-n`.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::size;
use crate::sys::lines::Lines;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "cmp",
    summary: "compare two files byte by byte",
    usage: "[-bls] [-n N] [-i N[:N]] FILE [FILE [SKIP [SKIP]]]\n\
            \x20 -l    all bytes that differ: place, both in octal\n\
            \x20 -s    say nothing\n\
            \x20 -b    show the bytes\n\
            \x20 -n N  N bytes at most; -i N, SKIP without the first N bytes of each file\n\
            \x20 status 0 equal, 1 different, 2 trouble",
    kind: Kind::Fork, // reading may block
    run,
};

#[derive(Default)]
struct Show {
    list: bool,
    silent: bool,
    bytes: bool,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let done = act(cx);
    cx.answered(done)
}

fn number(text: &[u8]) -> Result<u64, Error> {
    size::count(text).ok_or_else(|| Error::bad(show_bytes(text), "not a number"))
}

fn act(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options =
        cx.parse("b,print-bytes l,verbose s,quiet|silent n:bytes i:ignore-initial")?;
    let mut how = Show::default();
    let mut most = u64::MAX;
    let mut skip = [0, 0];
    while let Some(letter) = options.next() {
        match letter {
            b'b' => how.bytes = true,
            b'l' => how.list = true,
            b's' => how.silent = true,
            b'n' => most = number(&options.bytes())?,
            _ => {
                let text = options.bytes();
                let mut parts = text.splitn(2, |&b| b == b':');
                let first = number(parts.next().unwrap_or_default())?;
                skip = [first, parts.next().map_or(Ok(first), number)?];
            }
        }
    }
    options.at_most(4)?;
    let mut operands = options.operands.iter();
    let Some(first) = operands.next() else { return Err(Error::usage("which files?")) };
    let standard = OsString::from("-");
    let second = operands.next().unwrap_or(&standard);
    for (place, word) in skip.iter_mut().zip(operands) {
        *place = number(word.as_bytes())?;
    }
    let [skip_a, skip_b] = skip;
    if first == second && first == "-" && skip_a == skip_b {
        return Ok(Status::OK);
    }
    let open = |name| match cx.open(name) {
        // With -s not even that is said.
        Err(_) if how.silent => Ok(None),
        other => other.map(Some),
    };
    let (Some(a), Some(b)) = (open(first)?, open(second)?) else { return Ok(Status::USAGE) };
    let (mut a, mut b) = (Side::new(a, skip_a), Side::new(b, skip_b));
    let (mut at, mut line) = (0u64, 1u64);
    let mut different = false;
    loop {
        let x = a.fill().map_err(|e| Error::os(show(first), e))?;
        let y = b.fill().map_err(|e| Error::os(show(second), e))?;
        let left = usize::try_from(most - at).unwrap_or(usize::MAX);
        let length = x.min(y).min(left);
        if left == 0 || x == 0 && y == 0 {
            return Ok(Status::from_bool(!different));
        }
        if length == 0 {
            let name = if x == 0 { first } else { second };
            if !how.silent {
                let last = if x == 0 { a.last } else { b.last };
                let text = ending(name, at, line, how.list, last);
                cx.flush()?;
                cx.note(text);
            }
            return Ok(Status::FAILURE);
        }
        let (p, q) = (a.held(length), b.held(length));
        if p == q {
            line += memchr::memchr_iter(b'\n', p).count() as u64;
            at += length as u64;
        } else {
            for (&m, &n) in p.iter().zip(q) {
                at += 1;
                if m != n {
                    different = true;
                    if how.silent {
                        return Ok(Status::FAILURE);
                    }
                    if how.list {
                        cx.print(format_args!("{at} {m:3o}"))?;
                        if how.bytes {
                            cx.print(format_args!(" {:4}", visible(m)))?;
                        }
                        cx.print(format_args!(" {n:3o}"))?;
                        if how.bytes {
                            cx.print(format_args!(" {}", visible(n)))?;
                        }
                        cx.put(b"\n")?;
                    } else {
                        let unit = if how.bytes { "byte" } else { "char" };
                        cx.put(first.as_bytes())?;
                        cx.put(b" ")?;
                        cx.put(second.as_bytes())?;
                        cx.print(format_args!(" differ: {unit} {at}, line {line}"))?;
                        if how.bytes {
                            let (c, d) = (visible(m), visible(n));
                            cx.print(format_args!(" is {m:3o} {c} {n:3o} {d}"))?;
                        }
                        cx.put(b"\n")?;
                        return Ok(Status::FAILURE);
                    }
                }
                line += u64::from(m == b'\n');
            }
        }
        a.take(length);
        b.take(length);
    }
}

/// What is said of a file that ends before the other.
fn ending(name: &OsString, at: u64, line: u64, list: bool, last: u8) -> String {
    let name = show(name);
    if at == 0 {
        return format!("EOF on {name} which is empty");
    }
    if list {
        return format!("EOF on {name} after byte {at}");
    }
    if last == b'\n' {
        return format!("EOF on {name} after byte {at}, line {}", line - 1);
    }
    format!("EOF on {name} after byte {at}, in line {line}")
}

/// A byte as `cat -v` shows it.
fn visible(byte: u8) -> String {
    let low = byte & 0x7f;
    let meta = if byte > 0x7f { "M-" } else { "" };
    match low {
        0..32 => format!("{meta}^{}", char::from(low + 64)),
        127 => format!("{meta}^?"),
        _ => format!("{meta}{}", char::from(low)),
    }
}

/// One of the two files.
struct Side {
    lines: Lines,
    bytes: Vec<u8>,
    at: usize,
    skip: u64,
    last: u8,
}

impl Side {
    fn new(fd: OwnedFd, skip: u64) -> Side {
        Side { lines: Lines::new(fd), bytes: Vec::new(), at: 0, skip, last: 0 }
    }

    /// Reads when nothing is held; how much is.
    fn fill(&mut self) -> Result<usize, nix::errno::Errno> {
        while self.at == self.bytes.len() {
            let Some(block) = self.lines.block()? else { return Ok(0) };
            self.at = usize::try_from(self.skip).unwrap_or(usize::MAX).min(block.len());
            self.skip -= self.at as u64;
            self.bytes.clear();
            self.bytes.extend_from_slice(block);
        }
        Ok(self.bytes.len() - self.at)
    }

    fn held(&self, length: usize) -> &[u8] {
        self.bytes.get(self.at..self.at + length).unwrap_or_default()
    }

    fn take(&mut self, length: usize) {
        self.at += length;
        self.last = self.bytes.get(self.at.wrapping_sub(1)).copied().unwrap_or(0);
    }
}
