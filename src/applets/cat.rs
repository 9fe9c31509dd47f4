//! cat: copy files to standard output. POSIX, with GNU's options.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::stat::fstat;

use crate::applet::{Applet, Ctx, Error, Kind, Status, show};
use crate::sys::copying;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "cat",
    summary: "copy files to standard output",
    usage: "[-AbeEnstTuv] [FILE...]\n\
            \x20 -n, -b  number lines; only those that are not empty\n\
            \x20 -s      one empty line for several\n\
            \x20 -v      control bytes as ^X, others as M-X\n\
            \x20 -E, -T  $ at each end of line; ^I for tabs\n\
            \x20 -e, -t, -A   -vE, -vT, -vET\n\
            \x20 -u      nothing: output is never held back",
    kind: Kind::Fork, // reading may block
    run,
};

/// So much the kernel copies at once.
const PIECE: usize = 16 << 20;

#[derive(Clone, Copy, Default)]
struct Style {
    number: bool,
    number_filled: bool,
    squeeze: bool,
    visible: bool,
    ends: bool,
    tabs: bool,
}

impl Style {
    fn is_plain(self) -> bool {
        !(self.number
            || self.number_filled
            || self.squeeze
            || self.visible
            || self.ends
            || self.tabs)
    }
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut style = Style::default();
    let mut options = cx.parse(
        "n,number b,number-nonblank s,squeeze-blank v,show-nonprinting E,show-ends \
        T,show-tabs e t A,show-all u",
    )?;
    while let Some(letter) = options.next() {
        match letter {
            b'n' => style.number = true,
            b'b' => style.number_filled = true,
            b's' => style.squeeze = true,
            b'v' => style.visible = true,
            b'E' => style.ends = true,
            b'T' => style.tabs = true,
            b'e' => (style.visible, style.ends) = (true, true),
            b't' => (style.visible, style.tabs) = (true, true),
            b'A' => {
                (style.visible, style.ends, style.tabs) = (true, true, true);
            }
            b'u' => {}
            _ => {}
        }
    }
    let mut operands = options.operands;
    if operands.is_empty() {
        operands.push("-".into());
    }
    let mut lines = Lines { style, at_start: true, empty_before: false, count: 0 };
    for operand in &operands {
        copy(cx, operand, &mut lines)?;
    }
    Ok(cx.status())
}

/// Copies one operand. What cannot be read is warned of; what cannot be
/// written ends it all.
fn copy(cx: &mut Ctx, operand: &OsStr, lines: &mut Lines) -> Result<(), Error> {
    let opened;
    let input = if operand == "-" {
        cx.stdin
    } else {
        match File::open(operand) {
            Ok(file) => {
                opened = file;
                opened.as_fd()
            }
            Err(error) => {
                cx.warn(Error::os(show(operand), error));
                return Ok(());
            }
        }
    };
    let plain = lines.style.is_plain();
    let captured = cx.out.is_memory();
    if plain && !captured && is_output(cx, input) {
        let text = format!("{}: input file is output file", show(operand));
        cx.warn(text);
        return Ok(());
    }
    if plain && !captured && fstat(input).is_ok_and(|it| it.st_mode & libc::S_IFMT == libc::S_IFREG)
    {
        cx.flush()?;
        // What it cannot do, the loop below does, or says why not.
        while let Ok(1..) | Err(nix::errno::Errno::EINTR) = copying::send(input, cx.stdout, PIECE) {
        }
    }
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = match nix::unistd::read(input, &mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(nix::errno::Errno::EINTR) => continue,
            Err(errno) => {
                cx.warn(Error::os(show(operand), errno));
                return Ok(());
            }
        };
        let bytes = buffer.get(..count).unwrap_or_default();
        let written = if plain { cx.out.write_all(bytes) } else { lines.write(bytes, &mut cx.out) };
        // A reader at the other end may wait for just this much.
        written.and_then(|()| cx.out.flush()).map_err(|e| Error::os("standard output", e))?;
    }
}

/// Whether reading `input` would never end because this writes to it.
fn is_output(cx: &Ctx, input: BorrowedFd) -> bool {
    let (Ok(from), Ok(to)) = (fstat(input), fstat(cx.stdout)) else { return false };
    let regular = from.st_mode & libc::S_IFMT == libc::S_IFREG;
    // Of an empty file nothing is read.
    regular && from.st_size > 0 && (from.st_dev, from.st_ino) == (to.st_dev, to.st_ino)
}

/// Where in the lines of all files together the output is.
struct Lines {
    style: Style,
    at_start: bool,
    empty_before: bool,
    count: u64,
}

impl Lines {
    fn write(&mut self, bytes: &[u8], out: &mut impl Write) -> io::Result<()> {
        for &byte in bytes {
            if self.at_start {
                let empty = byte == b'\n';
                if empty && self.empty_before && self.style.squeeze {
                    continue;
                }
                self.empty_before = empty;
                if self.style.number_filled && !empty
                    || self.style.number && !self.style.number_filled
                {
                    self.count += 1;
                    write!(out, "{:6}\t", self.count)?;
                }
            }
            self.at_start = byte == b'\n';
            self.write_byte(byte, out)?;
        }
        Ok(())
    }

    fn write_byte(&self, byte: u8, out: &mut impl Write) -> io::Result<()> {
        match byte {
            b'\n' if self.style.ends => out.write_all(b"$\n"),
            b'\n' => out.write_all(b"\n"),
            b'\t' if self.style.tabs => out.write_all(b"^I"),
            b'\t' => out.write_all(b"\t"),
            _ if !self.style.visible => out.write_all(&[byte]),
            _ => {
                let mut low = byte;
                if byte >= 0x80 {
                    out.write_all(b"M-")?;
                    low = byte & 0x7f;
                }
                match low {
                    0..0x20 => out.write_all(&[b'^', low + 64]),
                    0x7f => out.write_all(b"^?"),
                    _ => out.write_all(&[low]),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_across_reads() {
        let style = Style { number: true, squeeze: true, ends: true, ..Style::default() };
        let mut lines = Lines { style, at_start: true, empty_before: false, count: 0 };
        let mut out = Vec::new();
        for part in [&b"a"[..], b"b\n\n", b"\n\n", b"c"] {
            lines.write(part, &mut out).unwrap();
        }
        assert_eq!(out, b"     1\tab$\n     2\t$\n     3\tc");
    }
}
